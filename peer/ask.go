package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// An Asking is a request as a person makes it.
type Asking struct {
	// Request comes without ID and trigger. A zero Due takes the deadline of
	// the law; a zero Subject is Person of the case.
	Request exchange.Request
	// Person is the number of the person in the case, from 1.
	Person int
	// Broad is why so many parties are asked at once, where that is so.
	Broad exchange.Personal
}

// Ask sends a request. When it returns nil, request and ledger entry are on
// disk and the message waits in the outbox; [Node.Status] tells how it fares.
func (n *Node) Ask(ctx context.Context, who Who, asking Asking) (exchange.Exchange, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Exchange{}, err
	}
	a, lacks, err := n.asking(f, who, asking)
	if err != nil {
		return exchange.Exchange{}, err
	}
	if len(lacks) > 0 {
		return exchange.Exchange{}, lacks[0].err
	}
	x, event, err := exchange.Ask(f.law, a)
	if err != nil {
		return exchange.Exchange{}, err
	}
	e := envelope(x, a.At, x.Request.Due)
	signed, err := wire.SignRequest(e, x.Request, n.signing())
	if err != nil {
		return exchange.Exchange{}, err
	}
	_, err = n.write(ctx, act{
		after: record{Exchange: x, Request: signed.Digest}, event: event, sent: &message{wire.Request, signed}, send: outgoing(rowOf(x), e, signed),
	})
	return x, err
}

// A lack is something without which a request can't be put together: why, and
// what can't be said of the request then.
type lack struct {
	err   error
	rules []exchange.RuleCode
	codes []exchange.Code
}

// hides reports whether a finding says no more than the lack itself.
func (l lack) hides(f exchange.Finding) bool {
	return slices.Contains(l.rules, f.Rule) || f.Refusal != nil && (slices.Contains(l.codes, f.Refusal.Code) || f.Refusal.Code == l.code())
}

func (l lack) code() exchange.Code {
	var r *exchange.Refusal
	var f *Fault
	switch {
	case errors.As(l.err, &r):
		return r.Code
	case errors.As(l.err, &f):
		return exchange.Code(f.Code)
	}
	return exchange.NotJudged
}

// asking completes a request with what the node knows. It goes on where
// something is lacking, so that somebody reads all that is wrong at once;
// whoever sends the request stops at the first.
func (n *Node) asking(f *inForce, who Who, asking Asking) (a exchange.Asking, lacks []lack, err error) {
	lacking := func(err error, codes []exchange.Code, rules ...exchange.RuleCode) {
		lacks = append(lacks, lack{err: err, rules: rules, codes: codes})
	}
	by, err := n.colleague(who.ID)
	if err != nil {
		return a, nil, err
	}
	worn, err := by.Wear(who.Hat)
	noHat := err != nil
	if noHat {
		lacking(err, nil, append(slices.Clone(ofCase), exchange.RuleActor)...)
	} else {
		by = worn
	}
	now := n.now()
	r := asking.Request
	r.ID, r.From.OIN = newID(now), n.id.OIN
	a = exchange.Asking{Broad: asking.Broad, By: by, At: now}
	if !noHat { // else nothing of a case is seen (memorandum §4.3.3)
		a.Case, _, err = n.caseRow(r.Case)
		if err == nil && a.Case.Own.Capacity != by.Hat { // nor of a case of another capacity
			a.Case, err = exchange.Case{}, fault(UnknownCase)
		}
	}
	noCase := noHat || isFault(err, UnknownCase) || isFault(err, Destroyed)
	switch {
	case noHat:
	case noCase:
		lacking(err, nil, ofCase...)
	case err != nil:
		return a, nil, err
	}
	r.Trigger = exchange.TriggerNote{Code: a.Case.Trigger.Code, On: a.Case.Trigger.On}
	if r.Due.IsZero() {
		// Of a purpose that does not exist no other rule can say anything.
		if r.Due, err = f.law.Deadline(r.Purpose, r.Trigger.On, now); err != nil {
			lacking(err, nil, exchange.RuleDeadline)
		}
	}
	r.Due = r.Due.UTC().Truncate(time.Second)
	if a.From, err = f.party(r.From.OIN); err != nil {
		return a, nil, err
	}
	a.To, err = f.party(r.To.OIN)
	noParty := isFault(err, UnknownParty)
	switch {
	case noParty:
		lacking(err, []exchange.Code{exchange.UnknownCapacity})
	case err != nil:
		return a, nil, err
	}
	if asking.Person != 0 && !noCase && !noParty {
		if r.Subject, err = a.Case.Subject(asking.Person, a.From, a.To, r); err != nil {
			lacking(err, nil, exchange.RuleSubject)
		}
	}
	a.Request = r
	if noCase {
		return a, lacks, nil
	}
	if r.Conference != "" {
		a.Taking, err = n.taking(r.Conference, r.From)
		switch {
		case isFault(err, UnknownConference) || isFault(err, Destroyed):
			lacking(err, nil, exchange.RuleTaking)
		case err != nil:
			return a, nil, err
		}
	}
	a.Earlier, err = n.earlier(r.Case)
	return a, lacks, err
}

// ofCase are the rules that look at the case.
var ofCase = []exchange.RuleCode{exchange.RuleCase, exchange.RuleTrigger, exchange.RuleDeadline, exchange.RuleSubject, exchange.RuleBroad}

func isFault(err error, code string) bool { return errors.Is(err, &Fault{Code: code}) }

// Withdraw takes a request back.
func (n *Node) Withdraw(ctx context.Context, who Who, id exchange.ID) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Withdraw(j.law, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, j.now, j.now.Add(answerLife))
		e.Follows = j.before.Request
		signed, err := wire.SignWithdrawal(e, n.signing())
		if err != nil {
			return act{}, err
		}
		return act{after: j.before.with(x), event: event, sent: &message{wire.Withdrawal, signed}, send: outgoing(rowOf(x), e, signed)}, nil
	})
}

// answerLife is how long a message that answers to another is offered to a
// party that is down. It outlives a long holiday and ends.
const answerLife = 60 * 24 * time.Hour

// envelope addresses a new message of x to the other side.
func envelope(x exchange.Exchange, now, expires time.Time) wire.Envelope {
	return wire.Envelope{ID: string(newID(now)), From: x.Own(), To: x.Other(), Exchange: x.ID, At: now, Expires: expires}
}

// outgoing puts a message of a record in the outbox: by its digest and where it
// is kept, since the message itself is kept as evidence. It is sealed when it is
// sent, to the recipients that the register has then.
func outgoing(row string, e wire.Envelope, signed wire.Signed) *store.Outgoing {
	return &store.Outgoing{
		ID: e.ID, To: e.To.String(), Exchange: string(e.Exchange), Message: append(signed.Digest[:], row...), Expires: e.Expires,
	}
}

// kept is the digest of an outgoing message, and the row of the record that
// keeps it.
func kept(out store.Outgoing) (wire.Digest, string, error) {
	var d wire.Digest
	if len(out.Message) <= len(d) {
		return d, "", fmt.Errorf("the outbox names message %s in a form that this version cannot read", out.ID)
	}
	return wire.Digest(out.Message[:len(d)]), string(out.Message[len(d):]), nil
}

// rowOf is where a side of an exchange is kept.
func rowOf(x exchange.Exchange) string { return rowKey(x.ID, x.Side) }

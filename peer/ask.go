package peer

import (
	"context"
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
	a, err := n.asking(f, who, asking)
	if err != nil {
		return exchange.Exchange{}, err
	}
	x, event, err := exchange.Ask(f.law, a)
	if err != nil {
		return exchange.Exchange{}, err
	}
	e := envelope(x, a.At, x.Request.Due)
	signed, err := wire.SignRequest(e, x.Request, n.keys.Signing)
	if err != nil {
		return exchange.Exchange{}, err
	}
	_, err = n.write(ctx, act{
		after: record{Exchange: x, Request: signed.Digest}, event: event, sent: &message{wire.Request, signed}, send: outgoing(e, signed),
	})
	return x, err
}

// asking completes a request with what the node knows.
func (n *Node) asking(f *inForce, who Who, asking Asking) (exchange.Asking, error) {
	by, err := n.actor(who)
	if err != nil {
		return exchange.Asking{}, err
	}
	now := n.now()
	r := asking.Request
	r.ID, r.From.OIN = newID(now), n.id.OIN
	a := exchange.Asking{Broad: asking.Broad, By: by, At: now}
	if a.Case, _, err = n.caseRow(r.Case); err != nil {
		return exchange.Asking{}, err
	}
	r.Trigger = exchange.TriggerNote{Code: a.Case.Trigger.Code, On: a.Case.Trigger.On}
	if r.Due.IsZero() {
		if r.Due, err = f.law.Deadline(r.Purpose, r.Trigger.On, now); err != nil {
			return exchange.Asking{}, err
		}
	}
	r.Due = r.Due.UTC().Truncate(time.Second)
	if a.From, err = f.party(r.From.OIN); err != nil {
		return exchange.Asking{}, err
	}
	if a.To, err = f.party(r.To.OIN); err != nil {
		return exchange.Asking{}, err
	}
	if asking.Person != 0 {
		if r.Subject, err = a.Case.Subject(asking.Person, a.From, a.To, r); err != nil {
			return exchange.Asking{}, err
		}
	}
	a.Request = r
	a.Earlier, err = n.earlier(r.Case)
	return a, err
}

// Withdraw takes a request back.
func (n *Node) Withdraw(ctx context.Context, who Who, id exchange.ID) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Withdraw(j.law, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, j.now, j.now.Add(answerLife))
		e.Follows = j.before.Request
		signed, err := wire.SignWithdrawal(e, n.keys.Signing)
		if err != nil {
			return act{}, err
		}
		return act{after: j.before.with(x), event: event, sent: &message{wire.Withdrawal, signed}, send: outgoing(e, signed)}, nil
	})
}

// answerLife is how long a message that answers to another is offered to a
// party that is down. It outlives a long holiday and ends.
const answerLife = 60 * 24 * time.Hour

// envelope addresses a new message of x to the other side.
func envelope(x exchange.Exchange, now, expires time.Time) wire.Envelope {
	return wire.Envelope{ID: string(newID(now)), From: x.Own(), To: x.Other(), Exchange: x.ID, At: now, Expires: expires}
}

// outgoing puts a message in the outbox: by its digest, since the message itself
// is kept as evidence. It is sealed when it is sent, to the recipients that the
// register has then.
func outgoing(e wire.Envelope, signed wire.Signed) *store.Outgoing {
	return &store.Outgoing{ID: e.ID, To: e.To.String(), Exchange: string(e.Exchange), Message: signed.Digest[:], Expires: e.Expires}
}

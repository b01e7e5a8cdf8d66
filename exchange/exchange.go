// Package exchange is the law of a data exchange as a program: who may ask
// what of whom and why, how a professional decides, what may be supplied and
// under which conditions.
//
// # The life of an exchange
//
// An [Exchange] is one [Request] (verzoek) to one party and all that follows
// from it. Both parties hold their own copy, each seen from its own [Side]:
//
//	asker:     queued -> delivered -> answered | refused
//	supplier:  weighing -> decided -> answered | refused
//
// Withdrawn can follow from every phase before the answer is delivered,
// expired only from a phase in which this side is waiting to deliver a message,
// and rejected when the other party's node did not accept the message.
//
// # How to read the code
//
// Every step is one method. It receives all it may depend on: the [Law] in
// force, the person who acts, and the time. It returns the exchange as it is
// afterwards and the [Event] that must be recorded together with it, or a
// [Refusal] and nothing has changed. Whoever stores the exchange stores the
// event in the same transaction, or neither.
//
// # What this package does not know
//
// Keys, clocks, files, networks, databases, and which article says what: the
// articles are data, see [Law]. It imports the standard library only and
// starts no goroutine, so a test needs nothing but values.
package exchange

import (
	"slices"
	"time"
)

// An Exchange is one request to one party and all that follows from it, as one
// of the two parties sees it.
//
// It is a value: a method returns a changed copy. The zero Exchange is not
// valid; [Ask] starts one at the asker, [Accept] at the supplier.
type Exchange struct {
	ID       ID
	Side     Side
	Phase    Phase
	Request  Request
	Decision Decision  // at the supplier, from Decided on; zero before
	Answer   Answer    // at the asker, from Answered or Refused on; zero before
	Rejected string    // error code of the other party's node, in Rejected
	Changed  time.Time // when the last step was taken
}

// A Side is the place of a party in an exchange.
type Side string

// The two sides of an exchange.
const (
	Asker    Side = "asker"    // vragende partij
	Supplier Side = "supplier" // verstrekkende partij
)

// A Phase is where an exchange stands, seen from one side.
type Phase string

// The phases of an exchange, with the side that can be in it.
const (
	Queued    Phase = "queued"    // asker: not yet received by the other party
	Delivered Phase = "delivered" // asker: the other party's receipt has been verified
	Weighing  Phase = "weighing"  // supplier: a professional has to decide (weging)
	Decided   Phase = "decided"   // supplier: decided, the answer is on its way
	Answered  Phase = "answered"  // both: at least one item was supplied
	Refused   Phase = "refused"   // both: every item was withheld
	Withdrawn Phase = "withdrawn" // both: the asker took the request back
	Expired   Phase = "expired"   // asker or supplier: could not be delivered in time
	Rejected  Phase = "rejected"  // asker or supplier: the other node did not accept the message
)

// Ended reports whether no step can follow.
func (p Phase) Ended() bool {
	switch p {
	case Answered, Refused, Withdrawn, Expired, Rejected:
		return true
	}
	return false
}

// Ask starts an exchange at the asker. It checks the request against the law
// in force: purpose, who asks whom, items, categories, and whether the other
// party may process the BSN (I6).
func Ask(law *Law, r Request, from, to Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := law.CheckRequest(r, from, to, at); err != nil {
		return Exchange{}, Event{}, err
	}
	if !by.Holds(Requester, r.From.Capacity) {
		return Exchange{}, Event{}, refuse(ActorMayNot, "role", string(Requester), "capacity", string(r.From.Capacity))
	}
	x := Exchange{ID: r.ID, Side: Asker, Phase: Queued, Request: r, Changed: at}
	return x, x.event(RequestIssued, by.ID, at, Detail{Items: r.outline()}), nil
}

// Accept starts the supplier's side of an exchange on an incoming request,
// after the same checks that the asker made: neither node relies on the other.
func Accept(law *Law, r Request, from, to Party, at time.Time) (Exchange, Event, error) {
	if err := law.CheckRequest(r, from, to, at); err != nil {
		return Exchange{}, Event{}, err
	}
	x := Exchange{ID: r.ID, Side: Supplier, Phase: Weighing, Request: r, Changed: at}
	return x, x.event(RequestReceived, "", at, Detail{Items: r.outline()}), nil
}

// Deliver records that the other party's receipt for our message has been
// verified: of the request at the asker, of the answer at the supplier.
func (x Exchange) Deliver(at time.Time) (Exchange, Event, error) {
	switch {
	case x.Side == Asker && x.Phase == Queued:
		x.Phase = Delivered
	case x.Side == Supplier && x.Phase == Decided:
		x.Phase = x.Decision.outcome()
	case x.Side == Asker && (x.Phase == Answered || x.Phase == Refused), x.Phase == Withdrawn:
		// The answer or the withdrawal overtook the receipt: it is recorded
		// all the same, the phase stays.
	default:
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	x.Changed = at
	return x, x.event(ReceiptReceived, "", at, Detail{}), nil
}

// Reject records that the other party's node did not accept our message, with
// the code that it gave.
func (x Exchange) Reject(code string, at time.Time) (Exchange, Event, error) {
	if x.Phase == Withdrawn {
		x.Changed = at
		return x, x.event(MessageRejected, "", at, Detail{Code: code}), nil
	}
	if x.Phase != Queued && x.Phase != Decided {
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	x.Phase, x.Rejected, x.Changed = Rejected, code, at
	return x, x.event(MessageRejected, "", at, Detail{Code: code}), nil
}

// Expire records that our message could not be delivered before it expired.
func (x Exchange) Expire(at time.Time) (Exchange, Event, error) {
	if x.Phase == Withdrawn {
		x.Changed = at
		return x, x.event(MessageExpired, "", at, Detail{}), nil
	}
	if x.Phase != Queued && x.Phase != Decided {
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	x.Phase, x.Changed = Expired, at
	return x, x.event(MessageExpired, "", at, Detail{}), nil
}

// Withdraw takes a request back at the asker (intrekken). An answer that
// arrives afterwards is not accepted.
func (x Exchange) Withdraw(by Actor, at time.Time) (Exchange, Event, error) {
	if x.Side != Asker || (x.Phase != Queued && x.Phase != Delivered) {
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	if !by.Holds(Requester, x.Request.From.Capacity) {
		return Exchange{}, Event{}, refuse(ActorMayNot, "role", string(Requester), "capacity", string(x.Request.From.Capacity))
	}
	x.Phase, x.Changed = Withdrawn, at
	return x, x.event(WithdrawalIssued, by.ID, at, Detail{}), nil
}

// WithdrawnByAsker records at the supplier that the asker took the request
// back. What was decided but not yet delivered stays here.
func (x Exchange) WithdrawnByAsker(at time.Time) (Exchange, Event, error) {
	if x.Side != Supplier {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	if x.Phase == Weighing || x.Phase == Decided {
		x.Phase = Withdrawn
	}
	x.Changed = at
	return x, x.event(WithdrawalReceived, "", at, Detail{}), nil
}

// Decide records what by has decided on every item that was asked and closes
// the weighing (weging). The caller queues the answer in the same write; no
// item leaves without it (I1).
//
// It refuses when by may not decide in this capacity, when an item has no
// outcome or goes deeper than asked, when a ground does not exist for the
// regime of the party, and when a condition is incomplete.
func (x Exchange) Decide(law *Law, d Decision, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if x.Side != Supplier || x.Phase != Weighing {
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	if !by.Holds(Professional, x.Request.To.Capacity) {
		return Exchange{}, Event{}, refuse(ActorMayNot, "role", string(Professional), "capacity", string(x.Request.To.Capacity))
	}
	if err := law.CheckDecision(x.Request, d, own); err != nil {
		return Exchange{}, Event{}, err
	}
	d.Items = slices.Clone(d.Items)
	d.By, d.At = by.ID, at
	x.Phase, x.Decision, x.Changed = Decided, d, at
	return x, x.event(DecisionTaken, by.ID, at, Detail{Items: d.outline(), Conditions: conditionCodes(d.Conditions)}), nil
}

// IssueAnswer is the event that goes with the answer of a decision; it is
// recorded in the same write as [Exchange.Decide].
func (x Exchange) IssueAnswer(at time.Time) Event {
	return x.event(AnswerIssued, "", at, Detail{})
}

// Receive records at the asker what the supplier decided.
func (x Exchange) Receive(law *Law, a Answer, at time.Time) (Exchange, Event, error) {
	if x.Side != Asker {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	switch x.Phase {
	case Queued, Delivered, Expired:
		// Expired: the request did arrive, only its receipt did not.
	case Withdrawn:
		return Exchange{}, Event{}, refuse(RequestWithdrawn)
	default:
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	if err := law.CheckAnswer(x.Request, a); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Answer, x.Phase, x.Changed = a, a.outcome(), at
	return x, x.event(AnswerReceived, "", at, Detail{Items: a.outline(), Conditions: conditionCodes(a.Conditions)}), nil
}

// View is the event of a person who opens an exchange and reads what is
// personal in it; views are recorded as every other act (I3).
func (x Exchange) View(by Actor, at time.Time) (Event, error) {
	own := x.Own()
	for _, role := range []Role{Professional, Requester, Coordinator, ReportingDesk, PrivacyOfficer} {
		if by.Holds(role, own.Capacity) {
			return x.event(Viewed, by.ID, at, Detail{}), nil
		}
	}
	return Event{}, refuse(ActorMayNot, "role", "view", "capacity", string(own.Capacity))
}

// Own is the party, in its capacity, whose copy this is.
func (x Exchange) Own() PartyID {
	if x.Side == Asker {
		return x.Request.From
	}
	return x.Request.To
}

// Other is the party on the other side.
func (x Exchange) Other() PartyID {
	if x.Side == Asker {
		return x.Request.To
	}
	return x.Request.From
}

func (x Exchange) event(kind EventKind, by ActorID, at time.Time, d Detail) Event {
	return Event{Kind: kind, Exchange: x.ID, Own: x.Own(), Other: x.Other(), Purpose: x.Request.Purpose, At: at, By: by, Detail: d}
}

package exchange

import (
	"slices"
	"time"
)

// A Clarification (verduidelijking) is a question back from the professional
// to the asker, and the reply. While it is open the clock of the deadline
// stands still.
type Clarification struct {
	Question Personal
	Asked    time.Time // whole seconds, as the message says
	Came     time.Time // when it left or came in, by our own clock
	By       ActorID   // at the supplier
	Reply    Personal
	Replied  time.Time // zero while open
	ReplyBy  ActorID   // at the asker
	Failed   bool      // the question did not reach the asker
}

// Open reports whether a reply is still to come.
func (c Clarification) Open() bool { return c.Replied.IsZero() && !c.Failed }

// maxClarifications bounds the rounds: after so many, a call is better.
const maxClarifications = 5

// Deadline is the moment by which the answer is wanted: what the request says,
// and as much later as questions were open. While one is open the clock stands
// still, and paused is true.
func (x Exchange) Deadline() (due time.Time, paused bool) {
	due = x.Request.Due
	for _, c := range x.Clarifications {
		switch {
		case c.Open():
			paused = true
		case !c.Failed && c.Replied.After(c.Asked):
			due = due.Add(c.pause())
		}
	}
	return due, paused
}

// TermRuns reports whether the term of a request runs against somebody: the
// supplier has it and has not decided, and no question is open. What is decided
// and on its way is not late any more, and what was not delivered is not yet.
func (x Exchange) TermRuns() bool {
	due, paused := x.Deadline()
	switch x.Phase {
	case Delivered, Weighing, Proposed:
		return !paused && !due.IsZero()
	}
	return false
}

// pause is how long the clock stood still: from question to reply as both say,
// and no longer than the question was open here. Else who asks it chooses, by
// an earlier date, how much later he may answer.
func (c Clarification) pause() time.Duration {
	said := c.Replied.Sub(c.Asked)
	if c.Came.IsZero() {
		return said
	}
	return min(said, max(c.Replied.Sub(c.Came), 0)+Skew)
}

// Late reports whether a decision at this moment comes after the deadline. It
// may still be taken; the absence of an answer never is one.
func (x Exchange) Late(at time.Time) bool {
	due, paused := x.Deadline()
	return !paused && at.After(due)
}

// Question asks the asker what the professional needs to know to weigh (first
// step of art. 5.4.2(2); any party may). It stops the clock.
func (x Exchange) Question(law *Law, text Personal, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.now(Supplier, Weighing); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.mayWeigh(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := checkText(text, "question"); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.checkNumber(text, "field", "question"); err != nil {
		return Exchange{}, Event{}, err
	}
	if len(x.Clarifications) == maxClarifications {
		return Exchange{}, Event{}, refuse(QuestionsBounded)
	}
	x.Clarifications = append(slices.Clone(x.Clarifications), Clarification{Question: text, Asked: second(at), Came: at, By: by.ID})
	x.Phase, x.Changed = Clarifying, at
	return x, x.event(QuestionIssued, by.ID, at, Detail{}), nil
}

// ReceiveQuestion records a question of the supplier at the asker. asked is the
// moment that the message gives.
func (x Exchange) ReceiveQuestion(text Personal, asked, at time.Time) (Exchange, Event, error) {
	if x.Side != Asker {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	switch x.Phase {
	case Queued, Delivered, Expired:
		// The request did arrive, whatever became of its receipt.
	case Withdrawn:
		return Exchange{}, Event{}, refuse(RequestWithdrawn)
	default:
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	if err := checkText(text, "question"); err != nil {
		return Exchange{}, Event{}, err
	}
	if len(x.Clarifications) == maxClarifications {
		return Exchange{}, Event{}, refuse(QuestionsBounded)
	}
	if err := checkMoment(asked, x.Begun, at); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Clarifications = append(slices.Clone(x.Clarifications), Clarification{Question: text, Asked: second(asked), Came: at})
	x.Phase, x.Changed = Clarifying, at
	return x, x.event(QuestionReceived, "", at, Detail{}), nil
}

// Reply answers the open question at the asker. The clock runs again.
func (x Exchange) Reply(law *Law, text Personal, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.now(Asker, Clarifying); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.mayAskFor(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.checkNumber(text, "field", "reply"); err != nil {
		return Exchange{}, Event{}, err
	}
	return x.reply(text, by.ID, at, at, ReplyIssued)
}

// ReceiveReply records the reply at the supplier. What was decided meanwhile
// stays as it is.
func (x Exchange) ReceiveReply(text Personal, replied, at time.Time) (Exchange, Event, error) {
	if x.Side != Supplier {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	return x.reply(text, "", replied, at, ReplyReceived)
}

func (x Exchange) reply(text Personal, by ActorID, replied, at time.Time, kind EventKind) (Exchange, Event, error) {
	if err := checkText(text, "reply"); err != nil {
		return Exchange{}, Event{}, err
	}
	open := slices.IndexFunc(x.Clarifications, Clarification.Open)
	if open < 0 {
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	x.Clarifications = slices.Clone(x.Clarifications)
	c := &x.Clarifications[open]
	if err := checkMoment(replied, c.Asked, at); err != nil {
		return Exchange{}, Event{}, err
	}
	c.Reply, c.Replied, c.ReplyBy = text, second(replied), by
	if x.Phase == Clarifying {
		x.Phase = Weighing
		if x.Side == Asker {
			x.Phase = Delivered
		}
	}
	x.Changed = at
	return x, x.event(kind, by, at, Detail{}), nil
}

// questionFailed gives the professional his weighing back when his question
// did not reach the asker.
func (x Exchange) questionFailed() Exchange {
	open := slices.IndexFunc(x.Clarifications, Clarification.Open)
	if open < 0 {
		return x
	}
	x.Clarifications = slices.Clone(x.Clarifications)
	x.Clarifications[open].Failed = true
	if x.Phase == Clarifying {
		x.Phase = Weighing
	}
	return x
}

func checkText(text Personal, field string) error {
	if text.Blank() {
		return refuse(ReasonMissing, "field", field)
	}
	if len(text.Reveal()) > maxReason {
		return refuse(BadRequest, "field", field)
	}
	return nil
}

// second is a moment as messages write it, so that both sides count alike.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

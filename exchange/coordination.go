package exchange

import (
	"slices"
	"time"
)

// HandBackPurpose is that of the end of the coordination: all goes back to the
// college, and the coordinator keeps nothing (art. 5.4.4(7)(8)).
const HandBackPurpose PurposeCode = "coordination-end"

// A HandBack (teruggave) says of a case that its coordination ended.
type HandBack struct {
	To PartyID   // the college that appointed the coordinator; zero while it goes on
	At time.Time // when it was decided
	By ActorID
	// Left are the items that do not go back, since who supplied them allows
	// nobody to pass them on. They end here.
	Left []LeftItem
}

// A LeftItem is an item of an exchange.
type LeftItem struct {
	Exchange ID
	Item     ItemCode
}

// An Ending is all that the end of a coordination depends on.
type Ending struct {
	Held    []Exchange // all that the coordinator holds, see [Case.Covers]
	College Party
	Own     Party
	// Leave says that items which may not be passed on end here. Without it they
	// stop the hand-back.
	Leave bool
	Told  time.Time // when the client was told; zero for not
	Why   Personal
	By    Actor
	At    time.Time
}

// EndCoordination decides that all that the coordinator holds in a case goes back
// to the college. It returns what is to be passed on, by exchange; what is on its
// way already, or has arrived, is not among it, so it can be done again when a
// part did not arrive.
func (c Case) EndCoordination(law *Law, e Ending) (Case, map[ID][]ItemCode, Event, error) {
	to := c.Trigger.From
	own, ok := e.Own.Capacity(c.Own.Capacity)
	college, listed := e.College.Capacity(to.Capacity)
	if !ok || !listed || e.College.OIN != to.OIN {
		return Case{}, nil, Event{}, refuse(NotCoordinated, "article", "5.4.4(7)")
	}
	if err := law.mayAsk(e.By, own); err != nil {
		return Case{}, nil, Event{}, err
	}
	if _, err := law.May(HandBackPurpose, Pair{Asker: college, Asked: own, Own: e.College.OIN == e.Own.OIN}, Ordinary); err != nil {
		return Case{}, nil, Event{}, refuse(NotCoordinated, "article", "5.4.4(7)")
	}
	c.HandBack = HandBack{To: to, At: e.At, By: e.By.ID}
	back := map[ID][]ItemCode{}
	for _, x := range e.Held {
		if !x.Phase.Ended() {
			return Case{}, nil, Event{}, refuse(NotNow, "phase", string(x.Phase))
		}
		items := x.toHandBack(to)
		if len(items) == 0 {
			continue
		}
		judged, err := x.JudgePassing(law, PassingOn{To: e.College, In: to.Capacity, Purpose: HandBackPurpose, Items: items, Told: e.Told, Why: e.Why}, e.At)
		if err != nil {
			return Case{}, nil, Event{}, err
		}
		for _, j := range judged {
			switch err := j.refusal(); {
			case err == nil:
				back[x.ID] = append(back[x.ID], j.Item)
			case e.Leave:
				c.HandBack.Left = append(c.HandBack.Left, LeftItem{x.ID, j.Item})
			default:
				return Case{}, nil, Event{}, err
			}
		}
	}
	if c.Closed.IsZero() {
		c.Closed = e.At
	}
	if _, stated := c.Moments.on(ApproachEnded); !stated {
		c.Moments = c.Moments.with(Moment{Code: ApproachEnded, On: midnight(e.At), By: e.By.ID, At: e.At})
	}
	event := c.event(CoordinationEnded, e.By, e.At, "")
	event.Other, event.Purpose, event.Detail.Count = to, HandBackPurpose, len(c.HandBack.Left)
	return c, back, event, nil
}

// Covers reports whether an exchange is one of the case: asked in it, or, where
// it was asked in none of ours, about somebody whom it concerns, in the same
// capacity.
func (c Case) Covers(x Exchange) bool {
	if x.Own() != c.Own {
		return false
	}
	if x.Side == Asker && x.Request.Case != "" {
		return x.Request.Case == c.ID
	}
	_, concerns := c.Find(x.Request.Subject)
	return concerns
}

// toHandBack are the items that the college is still to get: those that it did
// not pass on to us itself, and that are not on their way.
func (x Exchange) toHandBack(college PartyID) (items []ItemCode) {
	if x.Side != Asker || x.cameFrom(college) {
		return nil
	}
	for _, i := range x.Answer.Items {
		if _, held := x.Holds(i.Item); held && !x.handedBack(i.Item, college, PassingQueued, PassingDelivered) {
			items = append(items, i.Item)
		}
	}
	return items
}

func (x Exchange) cameFrom(college PartyID) bool {
	n := len(x.Provenance.Links)
	return n > 0 && x.Provenance.Links[n-1].From == college
}

func (x Exchange) handedBack(item ItemCode, college PartyID, states ...PassingState) bool {
	return slices.ContainsFunc(x.Passings, func(p Passing) bool {
		return p.To == college && p.Purpose == HandBackPurpose && known(p.Items, item) && known(states, p.State)
	})
}

// Returned reports whether nothing of an exchange is kept from the college any
// more: it has proved that it received each item. What is restricted stays where
// it is (art. 18 GDPR), and so does all that goes with it.
func (h HandBack) Returned(x Exchange) bool {
	if !x.Phase.Ended() {
		return false
	}
	if x.Side != Asker || x.cameFrom(h.To) {
		return true
	}
	for _, i := range x.Answer.Items {
		switch {
		case i.Outcome != Supply || i.Mark == MarkErased || slices.Contains(h.Left, LeftItem{x.ID, i.Item}):
		case i.Mark != "" || !x.handedBack(i.Item, h.To, PassingDelivered):
			return false
		}
	}
	return true
}

// KeepReturned says of what was handed back that it must be gone: the
// coordinator keeps nothing.
func (h HandBack) KeepReturned() Keep { return Keep{Article: "5.4.4(8)", Due: h.At} }

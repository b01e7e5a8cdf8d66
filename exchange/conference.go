package exchange

import (
	"slices"
	"time"
)

// A Conference (casusoverleg, art. 5.4.3) is parties that confer on one person,
// as one of them holds it. There is no minute of it: what is contributed is a
// [Contribution], which every party destroys when the conference ends, and what
// stays is who agreed to do what.
//
// It is a value; methods return a changed copy.
type Conference struct {
	ID        ID
	Own       PartyID // whose copy this is
	Organiser PartyID // the college in the investigation, the coordinator in the approach
	Case      ID      // at the organiser
	Purpose   PurposeCode
	Trigger   TriggerNote
	Subject   Subject  // whom it is about, as this party may know him
	Question  Personal // what is to be conferred on
	Client    ClientSeat
	Seats     []Seat
	// Ends is when it is over, whether anybody closes it or not.
	Ends       time.Time
	Agreements []Agreement
	Begun      time.Time
	Changed    time.Time
	Closed     time.Time // when the organiser closed it; zero while he did not
}

// A ClientSeat says whether the client, with who represents him, was invited.
type ClientSeat struct {
	// Invited says that he was. The other parties learn no more than this.
	Invited bool
	// Absent and Why say at the organiser why he was not: which weighty interest,
	// a choice of the purpose's statement, and in his own words.
	Absent Personal
	Why    Personal
}

// A Seat (plaats) is one invited party.
type Seat struct {
	Party PartyID
	// Why is why this party is necessary (art. 5.4.3(1)): at the organiser of
	// each, at a party its own.
	Why   Personal
	State SeatState
	Code  string // why its node did not accept the invitation
	// Missed is how many messages of ours did not reach it since.
	Missed int
}

// A SeatState is whether an invited party takes part.
type SeatState string

// The states of a seat.
const (
	SeatInvited  SeatState = "invited"  // uitgenodigd
	SeatComing   SeatState = "coming"   // doet mee
	SeatDeclined SeatState = "declined" // doet niet mee
	SeatFailed   SeatState = "failed"   // the invitation did not reach it
)

// An Agreement (afspraak) is who does what, and a short note (art. 5.4.3(3)).
// Each party has its own; none is sent.
type Agreement struct {
	Who  Personal
	What Personal
	Due  time.Time // the day by which, midnight UTC; zero for none
	By   ActorID
	At   time.Time
}

// Bounds of a conference: a few who are necessary, for a short while.
const (
	maxSeats         = 20
	maxConference    = 31 * 24 * time.Hour
	maxAgreements    = 50
	maxAgreement     = 500 // bytes: a short note, no minutes
	maxContributions = 100 // of one party
)

// Invite is the event of one invitation that leaves.
func (c Conference) Invite(to PartyID, at time.Time) Event {
	return c.event(InvitationIssued, "", at, to, Detail{})
}

// Invited takes an invitation at an invited party, after the checks that the
// organiser's node made: neither relies on the other.
func Invited(law *Law, c Conference, from, own Party, at time.Time) (Conference, Event, error) {
	if err := c.check(at); err != nil {
		return Conference{}, Event{}, err
	}
	n := c.seat(c.Own)
	if n < 0 {
		return Conference{}, Event{}, refuse(NotInvited, "article", "5.4.3(1)")
	}
	if err := checkText(c.Seats[n].Why, "why"); err != nil {
		return Conference{}, Event{}, err
	}
	between, err := Request{From: c.Organiser, To: c.Own}.between(from, own)
	if err != nil {
		return Conference{}, Event{}, err
	}
	if err := law.mayInvite(c, between); err != nil {
		return Conference{}, Event{}, err
	}
	if err := c.Subject.check(between.Asker, between.Asked); err != nil {
		return Conference{}, Event{}, err
	}
	c.Case, c.Begun, c.Changed, c.Closed, c.Agreements = "", at, at, time.Time{}, nil
	c.Seats = slices.Clone(c.Seats)
	for n := range c.Seats {
		c.Seats[n].State = SeatInvited
	}
	return c, c.event(InvitationReceived, "", at, c.Organiser, Detail{}), nil
}

// Answer says whether an invited party takes part.
func (c Conference) Answer(law *Law, coming bool, own Party, by Actor, at time.Time) (Conference, Event, error) {
	if err := c.open(at); err != nil {
		return Conference{}, Event{}, err
	}
	if err := c.maySpeak(law, own, by); err != nil {
		return Conference{}, Event{}, err
	}
	c, state, err := c.answered(c.Own, coming, at)
	if err != nil {
		return Conference{}, Event{}, err
	}
	return c, c.event(ConferenceAnswered, by.ID, at, c.Organiser, Detail{Code: string(state)}), nil
}

// Tell is the event of the answer as it goes to one of the others.
func (c Conference) Tell(to PartyID, at time.Time) Event {
	return c.event(ConferenceAnswerIssued, "", at, to, Detail{})
}

// ReceiveAnswer records whether another party takes part.
func (c Conference) ReceiveAnswer(from PartyID, coming bool, at time.Time) (Conference, Event, error) {
	if err := c.open(at); err != nil {
		return Conference{}, Event{}, err
	}
	c, state, err := c.answered(from, coming, at)
	if err != nil {
		return Conference{}, Event{}, err
	}
	return c, c.event(ConferenceAnswerReceived, "", at, from, Detail{Code: string(state)}), nil
}

func (c Conference) answered(party PartyID, coming bool, at time.Time) (Conference, SeatState, error) {
	n := c.seat(party)
	switch {
	case n < 0:
		return Conference{}, "", refuse(NotInvited, "article", "5.4.3(1)")
	case c.Seats[n].State != SeatInvited && c.Seats[n].State != SeatFailed:
		return Conference{}, "", refuse(ConferenceNotNow, "state", string(c.Seats[n].State))
	}
	c.Seats, c.Changed = slices.Clone(c.Seats), at
	c.Seats[n].State, c.Seats[n].Code = SeatDeclined, ""
	if coming {
		c.Seats[n].State = SeatComing
	}
	return c, c.Seats[n].State, nil
}

// Record writes an agreement down: who does what, and a short note. It goes to
// nobody by itself (art. 5.4.3(3)).
func (c Conference) Record(law *Law, a Agreement, own Party, by Actor, at time.Time) (Conference, Event, error) {
	if err := c.maySpeak(law, own, by); err != nil {
		return Conference{}, Event{}, err
	}
	if !c.Attends(c.Own) {
		return Conference{}, Event{}, refuse(NotPresent, "article", "5.4.3(2)")
	}
	for _, t := range []struct {
		field string
		text  Personal
	}{{"who", a.Who}, {"what", a.What}} {
		if t.text.Blank() {
			return Conference{}, Event{}, refuse(ReasonMissing, "field", t.field)
		}
		if len(t.text.Reveal()) > maxAgreement {
			return Conference{}, Event{}, refuse(NoMinutes, "field", t.field, "article", "5.4.3(3)")
		}
	}
	if !a.Due.Equal(midnight(a.Due)) {
		return Conference{}, Event{}, refuse(BadConference, "field", "due")
	}
	if len(c.Agreements) >= maxAgreements {
		return Conference{}, Event{}, refuse(NoMinutes, "article", "5.4.3(3)")
	}
	a.By, a.At = by.ID, at
	c.Agreements, c.Changed = append(slices.Clone(c.Agreements), a), at
	return c, c.event(AgreementRecorded, by.ID, at, PartyID{}, Detail{}), nil
}

// Close ends the conference at its organiser. From now on nobody reads what was
// contributed, and every node destroys it.
func (c Conference) Close(law *Law, own Party, by Actor, at time.Time) (Conference, Event, error) {
	capacity, ok := own.Capacity(c.Own.Capacity)
	if !ok {
		return Conference{}, Event{}, refuse(UnknownCapacity, "party", "own", "capacity", string(c.Own.Capacity))
	}
	switch err := law.mayAsk(by, capacity); {
	case c.Own != c.Organiser:
		return Conference{}, Event{}, refuse(NotOrganiser, "article", "5.4.3(1)")
	case err != nil:
		return Conference{}, Event{}, err
	}
	if err := c.open(at); err != nil {
		return Conference{}, Event{}, err
	}
	c.Closed, c.Changed = at, at
	return c, c.event(ConferenceClosed, by.ID, at, PartyID{}, Detail{}), nil
}

// TellClosed is the event of the closing as it goes to one of the parties.
func (c Conference) TellClosed(to PartyID, at time.Time) Event {
	return c.event(ClosingIssued, "", at, to, Detail{})
}

// ReceiveClosing records at a party that the organiser closed the conference.
func (c Conference) ReceiveClosing(from PartyID, at time.Time) (Conference, Event, error) {
	if from != c.Organiser {
		return Conference{}, Event{}, refuse(NotOrganiser, "article", "5.4.3(1)")
	}
	if !c.Closed.IsZero() {
		return Conference{}, Event{}, refuse(ConferenceOver)
	}
	c.Closed, c.Changed = at, at
	return c, c.event(ClosingReceived, "", at, from, Detail{}), nil
}

// Open reports whether the conference is going on: what was contributed can be
// read while it is, and not after.
func (c Conference) Open(at time.Time) bool { return c.Closed.IsZero() && at.Before(c.Ends) }

func (c Conference) open(at time.Time) error {
	if !c.Open(at) {
		return refuse(ConferenceOver, "article", "5.4.3(3)")
	}
	return nil
}

// Over is when it ended, or will.
func (c Conference) Over() time.Time {
	if !c.Closed.IsZero() && c.Closed.Before(c.Ends) {
		return c.Closed
	}
	return c.Ends
}

// Attends reports whether a party takes part.
func (c Conference) Attends(p PartyID) bool {
	n := c.seat(p)
	return p == c.Organiser || n >= 0 && c.Seats[n].State == SeatComing
}

// Others are the parties beside us that were invited and did not decline, and
// the organiser.
func (c Conference) Others() (all []PartyID) {
	return c.except(func(s Seat) bool { return s.State != SeatDeclined })
}

// Present are the parties beside us that take part.
func (c Conference) Present() (all []PartyID) {
	return c.except(func(s Seat) bool { return s.State == SeatComing })
}

func (c Conference) except(counts func(Seat) bool) (all []PartyID) {
	if c.Own != c.Organiser {
		all = append(all, c.Organiser)
	}
	for _, s := range c.Seats {
		if s.Party != c.Own && counts(s) {
			all = append(all, s.Party)
		}
	}
	return all
}

func (c Conference) seat(p PartyID) int {
	return slices.IndexFunc(c.Seats, func(s Seat) bool { return s.Party == p })
}

// maySpeak holds that somebody may speak for his party: who decides there on
// what is supplied.
func (c Conference) maySpeak(law *Law, own Party, by Actor) error {
	_, _, err := law.WeighingOf(Request{To: c.Own, Purpose: c.Purpose}, own, by)
	return err
}

// View is the event of somebody who opens a conference and reads it.
func (c Conference) View(by Actor, at time.Time) (Event, error) {
	if err := mayView(by, c.Own.Capacity); err != nil {
		return Event{}, err
	}
	return c.event(Viewed, by.ID, at, PartyID{}, Detail{}), nil
}

// Arrived is the event of a message of the conference that its addressee has
// received, and proved so.
func (c Conference) Arrived(to PartyID, at time.Time) Event {
	return c.event(ReceiptReceived, "", at, to, Detail{})
}

// Lost records that a message of the conference did not arrive: the other node
// did not accept it, with its code, or it could not be delivered in time.
func (c Conference) Lost(m MessageKind, to PartyID, code string, at time.Time) (Conference, Event) {
	if n := c.seat(to); n >= 0 {
		c.Seats = slices.Clone(c.Seats)
		if m == InvitationMessage && c.Seats[n].State == SeatInvited {
			c.Seats[n].State, c.Seats[n].Code = SeatFailed, code
		} else {
			c.Seats[n].Missed++
		}
	}
	c.Changed = at
	kind := MessageRejected
	if code == "" {
		kind = MessageExpired
	}
	return c, c.event(kind, "", at, to, Detail{Code: code})
}

// Forget is the event of what was contributed to a conference that is over,
// destroyed. Nobody decides that any more: the node does it.
func (c Conference) Forget(at time.Time) Event {
	return c.event(ContributionsDestroyed, "", at, PartyID{}, Detail{Code: forgetArticle})
}

// forgetArticle is why nothing of what was contributed stays.
const forgetArticle = "5.4.3(3)"

// KeepContributions says how long what was contributed is kept: until the
// conference is over.
func (c Conference) KeepContributions() Keep { return Keep{Article: forgetArticle, Due: c.Over()} }

// KeepConference says how long the conference itself is kept: who was there and
// what was agreed. At the organiser that belongs to the case; elsewhere it is as
// long as what a party knows of an exchange.
func (l *Law) KeepConference(x Conference, c Case, chosen Terms) Keep {
	if p, ok := l.purposes.get(x.Purpose); ok && x.Case != "" && x.Case == c.ID {
		return p.Retention.keep(c.moments(l), chosen)
	}
	return Supplied.keep(Moments{{Code: ExchangeEnded, On: midnight(x.Over())}}, chosen)
}

func (c Conference) event(kind EventKind, by ActorID, at time.Time, other PartyID, d Detail) Event {
	return Event{Kind: kind, Exchange: c.ID, Own: c.Own, Other: other, Purpose: c.Purpose, At: at, By: by, Detail: d}
}

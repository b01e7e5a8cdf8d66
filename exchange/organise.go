package exchange

import (
	"slices"
	"time"
)

// An Organising is all that a conference depends on at its organiser. The
// conference comes with its seats; Parties are those, in the same order, as the
// register has them.
type Organising struct {
	Conference Conference
	Case       Case
	Person     int // in the case, from 1
	Own        Party
	Parties    []Party
	// Requester is the party whose request the case began with, as the register
	// has it; zero where there is none.
	Requester Party
	By        Actor
	At        time.Time
}

// Organise begins a conference: the parties that are necessary, each with why,
// and the client, or the weighty interest for which he is not there. Who asked
// for the investigation (art. 2.3a.4) is one of them.
func Organise(law *Law, o Organising) (Conference, Event, error) {
	c := o.Conference
	capacity, ok := o.Own.Capacity(c.Organiser.Capacity)
	if !ok || o.Own.OIN != c.Organiser.OIN {
		return Conference{}, Event{}, refuse(UnknownCapacity, "party", "own", "capacity", string(c.Organiser.Capacity))
	}
	if err := law.mayAsk(o.By, capacity); err != nil {
		return Conference{}, Event{}, err
	}
	c.Own, c.Case, c.Ends = c.Organiser, o.Case.ID, second(c.Ends)
	c.Trigger = TriggerNote{Code: o.Case.Trigger.Code, On: o.Case.Trigger.On}
	purpose, err := law.conference(c.Purpose)
	if err != nil {
		return Conference{}, Event{}, err
	}
	if err := c.check(o.At); err != nil {
		return Conference{}, Event{}, err
	}
	if err := law.checkClient(c.Client, purpose); err != nil {
		return Conference{}, Event{}, err
	}
	c.Seats = slices.Clone(c.Seats)
	for n := range c.Seats {
		if err := law.checkSeat(c, o, n); err != nil {
			return Conference{}, Event{}, err
		}
		c.Seats[n].State = SeatInvited
	}
	if err := c.checkRequester(o, purpose, capacity); err != nil {
		return Conference{}, Event{}, err
	}
	if c.Subject, err = o.Case.Subject(o.Person, o.Own, o.Own, Request{From: c.Organiser, To: c.Organiser}); err != nil {
		return Conference{}, Event{}, err
	}
	c.Begun, c.Changed, c.Closed, c.Agreements = o.At, o.At, time.Time{}, nil
	code := ClientInvited
	if !c.Client.Invited {
		code = c.Client.Absent.Reveal() // a choice of the catalogue
	}
	return c, c.event(ConferenceOpened, o.By.ID, o.At, PartyID{}, Detail{Code: code, Count: len(c.Seats)}), nil
}

// ClientInvited stands in the ledger where a conference is held with the client;
// else the weighty interest does.
const ClientInvited = "client-invited"

// conference is the purpose of a conference.
func (l *Law) conference(code PurposeCode) (Purpose, error) {
	p, ok := l.purposes.get(code)
	if !ok || p.Absence == "" {
		return Purpose{}, refuse(UnknownPurpose, "field", "purpose")
	}
	return p, nil
}

// check holds the form of a conference.
func (c Conference) check(at time.Time) error {
	if _, err := ParseID(string(c.ID)); err != nil {
		return err
	}
	if err := checkText(c.Question, "question"); err != nil {
		return err
	}
	switch {
	case len(c.Seats) == 0 || len(c.Seats) > maxSeats:
		return refuse(BadConference, "field", "seats")
	case !c.Ends.After(at) || c.Ends.Sub(at) > maxConference+Skew:
		return refuse(BadConference, "field", "ends")
	}
	for n, s := range c.Seats {
		if s.Party == c.Organiser || slices.ContainsFunc(c.Seats[:n], func(other Seat) bool { return other.Party == s.Party }) {
			return refuse(BadConference, "field", "seats")
		}
	}
	return nil
}

// checkClient holds that the client is invited, unless a weighty interest of the
// catalogue objects.
func (l *Law) checkClient(s ClientSeat, p Purpose) error {
	if s.Invited {
		if !s.Absent.Zero() || !s.Why.Zero() {
			return refuse(BadConference, "field", "client")
		}
		return nil
	}
	if err := l.checkStated([]Statement{{Code: p.Absence, Text: s.Absent}}, p.Absence); err != nil {
		return err
	}
	return checkText(s.Why, "client")
}

// checkSeat holds that one party may be invited, and that it is said why it is
// necessary. What a request in the case is held to, an invitation is too.
func (l *Law) checkSeat(c Conference, o Organising, n int) error {
	seat, to := c.Seats[n], o.Parties[n]
	if err := checkText(seat.Why, "why"); err != nil {
		return err
	}
	r := Request{From: c.Organiser, To: seat.Party, Case: c.Case, Purpose: c.Purpose, Trigger: c.Trigger}
	between, err := r.between(o.Own, to)
	if err != nil {
		return err
	}
	if err := l.mayInvite(c, between); err != nil {
		return err
	}
	if r.Subject, err = o.Case.Subject(o.Person, o.Own, to, r); err != nil {
		return err
	}
	if err := l.checkCase(Asking{Case: o.Case, Request: r, From: o.Own, To: to}); err != nil {
		return err
	}
	if !between.mayHaveBSN() && (c.Question.holdsBSN() || seat.Why.holdsBSN()) {
		return refuse(BSNNotAllowed, "field", "why", "article", "5.4.2(5)")
	}
	return nil
}

// mayInvite holds who may organise, and who may be invited: the list of the
// order in council, in the ways of the purpose.
func (l *Law) mayInvite(c Conference, between Pair) error {
	p, err := l.conference(c.Purpose)
	if err != nil {
		return err
	}
	ways, err := p.askedBy(p.Ways, between.Asker)
	if err != nil {
		return err
	}
	if ways, err = p.askedOf(ways, between); err != nil {
		return err
	}
	if _, err := p.onTrigger(ways, c.Trigger.Code); err != nil {
		return err
	}
	_, err = p.rule(between.Asked.Regime)
	return err
}

// checkRequester holds that who asked for the investigation is in, where it is a
// party that may be.
func (c Conference) checkRequester(o Organising, p Purpose, own Capacity) error {
	from := o.Case.Trigger.From
	requester, ok := o.Requester.Capacity(from.Capacity)
	if !ok || slices.ContainsFunc(c.Seats, func(s Seat) bool { return s.Party == from }) {
		return nil
	}
	if _, err := p.askedOf(p.Ways, Pair{Asker: own, Asked: requester}); err != nil {
		return nil
	}
	return refuse(RequesterMissing, "party", from.String(), "article", "5.4.3(1), 2.3a.4")
}

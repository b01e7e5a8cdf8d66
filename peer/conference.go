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

// An Organising is a case conference as a person organises it.
type Organising struct {
	Case     exchange.ID
	Person   int // in the case, from 1
	Purpose  exchange.PurposeCode
	Question exchange.Personal
	Client   exchange.ClientSeat
	Ends     time.Time
	Invited  []Invited
}

// An Invited is a party with why it is necessary.
type Invited struct {
	Party exchange.PartyID
	Why   exchange.Personal
}

// OrganiseConference begins a case conference and invites each party. When it
// returns nil the invitations wait in the outbox.
func (n *Node) OrganiseConference(ctx context.Context, who Who, o Organising) (exchange.Conference, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Conference{}, err
	}
	by, err := n.actor(who)
	if err != nil {
		return exchange.Conference{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Conference{}, err
	}
	c, _, err := n.caseRow(o.Case)
	if err != nil {
		return exchange.Conference{}, err
	}
	now := n.now()
	organising := exchange.Organising{Case: c, Person: o.Person, Own: own, By: by, At: now, Conference: exchange.Conference{
		ID: newID(now), Organiser: exchange.PartyID{OIN: n.id.OIN, Capacity: by.Hat}, Purpose: o.Purpose, Question: o.Question, Client: o.Client, Ends: o.Ends,
	}}
	for _, i := range o.Invited {
		party, err := f.party(i.Party.OIN)
		if err != nil {
			return exchange.Conference{}, err
		}
		organising.Parties = append(organising.Parties, party)
		organising.Conference.Seats = append(organising.Conference.Seats, exchange.Seat{Party: i.Party, Why: i.Why})
	}
	if from := c.Trigger.From; from != (exchange.PartyID{}) {
		organising.Requester, err = f.party(from.OIN)
		if err != nil && !isFault(err, UnknownParty) {
			return exchange.Conference{}, err
		}
	}
	conference, event, err := exchange.Organise(f.law, organising)
	if err != nil {
		return exchange.Conference{}, err
	}
	a := act{meeting: &gathering{Conference: conference}, event: event}
	for i, s := range conference.Seats {
		e := a.meeting.envelope(s.Party, now)
		subject, err := c.Subject(o.Person, own, organising.Parties[i], exchange.Request{From: conference.Organiser, To: s.Party})
		if err != nil {
			return exchange.Conference{}, err
		}
		signed, err := wire.SignInvitation(e, conference, subject, s.Why, n.signing())
		if err != nil {
			return exchange.Conference{}, err
		}
		a.post(wire.Invitation, e, signed, conference.Invite(s.Party, now))
	}
	_, err = n.write(ctx, a)
	return conference, err
}

// envelope is that of a message of a conference. It is offered until the
// conference ends: what comes later is of no use.
func (g gathering) envelope(to exchange.PartyID, now time.Time) wire.Envelope {
	return wire.Envelope{ID: string(newID(now)), From: g.Own, To: to, Exchange: g.ID, At: now, Expires: g.Ends}
}

// post adds a message of the conference to an act.
func (a *act) post(kind wire.Kind, e wire.Envelope, signed wire.Signed, event exchange.Event) {
	row := ""
	if a.said != nil {
		row = a.said.in.saidRow()
	} else {
		row = a.meeting.row()
	}
	a.parcels = append(a.parcels, parcel{message: message{kind, signed}, out: outgoing(row, e, signed), event: event})
}

// A convening is what a person's step in a conference is judged by.
type convening struct {
	before gathering
	law    *exchange.Law
	force  *inForce
	own    exchange.Party
	by     exchange.Actor
	now    time.Time
}

// convene makes one step of a person in a conference.
func (n *Node) convene(ctx context.Context, who Who, id exchange.ID, judge func(convening) (act, error)) (exchange.Conference, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Conference{}, err
	}
	by, err := n.actor(who)
	if err != nil {
		return exchange.Conference{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Conference{}, err
	}
	return n.changeMeeting(ctx, meetingKey(id, by.Hat), func(before gathering, now time.Time) (act, error) {
		return judge(convening{before: before, law: f.law, force: f, own: own, by: by, now: now})
	})
}

// changeMeeting loads a conference, lets judge make the act, and writes it; when
// somebody else was faster it looks again.
func (n *Node) changeMeeting(ctx context.Context, key string, judge func(gathering, time.Time) (act, error)) (exchange.Conference, error) {
	for range maxMet {
		before, err := n.meeting(key)
		if err != nil {
			return exchange.Conference{}, err
		}
		a, err := judge(before, n.now())
		if err != nil {
			return exchange.Conference{}, err
		}
		_, err = n.write(ctx, a)
		switch {
		case errors.Is(err, store.ErrOvertaken):
			continue
		case err == nil && a.meeting != nil:
			before = *a.meeting
		}
		return before.Conference, err
	}
	return exchange.Conference{}, fault(Busy)
}

// maxMet bounds how often an act in a conference is judged again: as many
// receipts as there are seats may come at once.
const maxMet = 24

// AnswerConference says whether we take part, to the organiser and to everybody
// who was invited.
func (n *Node) AnswerConference(ctx context.Context, who Who, id exchange.ID, coming bool) (exchange.Conference, error) {
	return n.convene(ctx, who, id, func(j convening) (act, error) {
		c, event, err := j.before.Answer(j.law, coming, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		a := act{meeting: j.before.with(c), event: event}
		for _, to := range c.Others() {
			e := a.meeting.envelope(to, j.now)
			signed, err := wire.SignConferenceAnswer(e, coming, n.signing())
			if err != nil {
				return act{}, err
			}
			a.post(wire.ConferenceAnswer, e, signed, c.Tell(to, j.now))
		}
		return a, nil
	})
}

func (g gathering) with(c exchange.Conference) *gathering {
	g.Conference = c
	return &g
}

// A Speaking is what a person says in a conference.
type Speaking struct {
	Items []exchange.Said
	To    []exchange.PartyID // none is everybody who takes part
	Steps []exchange.Step
	Told  time.Time
}

// Contribute says something in a conference: to the node of each who takes part,
// or of some of them.
func (n *Node) Contribute(ctx context.Context, who Who, id exchange.ID, s Speaking) (said exchange.Contribution, err error) {
	_, err = n.convene(ctx, who, id, func(j convening) (act, error) {
		k := exchange.Contributing{
			ID: newID(j.now), Items: s.Items, To: s.To, Steps: s.Steps, Told: s.Told, Own: j.own, By: j.by, At: j.now,
		}
		for _, p := range j.before.Present() {
			party, err := j.force.party(p.OIN)
			if err != nil {
				return act{}, err
			}
			k.Present = append(k.Present, party)
		}
		for _, i := range s.Items {
			if i.From == "" || slices.ContainsFunc(k.Held, func(x exchange.Exchange) bool { return x.ID == i.From }) {
				continue
			}
			r, err := n.record(i.From, exchange.Asker)
			if err != nil {
				return act{}, err
			}
			k.Held = append(k.Held, r.Exchange)
		}
		var event exchange.Event
		var err error
		if said, event, err = j.before.Contribute(j.law, k); err != nil {
			return act{}, err
		}
		a := act{said: &saying{in: j.before, Contribution: said}, event: event}
		for _, to := range said.To {
			e := j.before.envelope(to, j.now)
			signed, err := wire.SignContribution(e, said, n.signing())
			if err != nil {
				return act{}, err
			}
			a.post(wire.Contribution, e, signed, j.before.Say(said, to, j.now))
		}
		return a, nil
	})
	return said, err
}

// RecordAgreement writes down who does what. It goes to nobody.
func (n *Node) RecordAgreement(ctx context.Context, who Who, id exchange.ID, agreement exchange.Agreement) (exchange.Conference, error) {
	return n.convene(ctx, who, id, func(j convening) (act, error) {
		c, event, err := j.before.Record(j.law, agreement, j.own, j.by, j.now)
		return act{meeting: j.before.with(c), event: event}, err
	})
}

// CloseConference ends a conference. From then on nobody reads what was said;
// every node destroys it.
func (n *Node) CloseConference(ctx context.Context, who Who, id exchange.ID) (exchange.Conference, error) {
	return n.convene(ctx, who, id, func(j convening) (act, error) {
		c, event, err := j.before.Close(j.law, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		a := act{meeting: j.before.with(c), event: event}
		for _, to := range c.Others() {
			e := a.meeting.envelope(to, j.now)
			e.Expires = j.now.Add(answerLife) // that it was closed, everybody should know
			signed, err := wire.SignClosing(e, n.signing())
			if err != nil {
				return act{}, err
			}
			a.post(wire.Closing, e, signed, c.TellClosed(to, j.now))
		}
		return a, nil
	})
}

// OpenConference returns a conference to a person who may see it, with what was
// said in it while it goes on. That he looked is in the ledger before he sees it
// (I3).
func (n *Node) OpenConference(ctx context.Context, who Who, id exchange.ID) (exchange.Conference, []exchange.Contribution, error) {
	var said []exchange.Contribution
	c, err := n.convene(ctx, who, id, func(j convening) (act, error) {
		event, err := j.before.View(j.by, j.now)
		if err != nil {
			return act{}, err
		}
		said = nil
		if j.before.Open(j.now) {
			if said, err = n.contributions(j.before.key()); err != nil {
				return act{}, err
			}
		}
		return act{meeting: &j.before, event: event}, nil
	})
	return c, said, err
}

// A ConferenceSummary is what may be shown of a conference without opening it.
type ConferenceSummary struct {
	ID             exchange.ID
	Case           exchange.ID // at the organiser; "" elsewhere
	Own, Organiser exchange.PartyID
	Purpose        exchange.PurposeCode
	State          exchange.SeatState // our own; "" at the organiser
	Seats, Coming  int
	Open           bool
	Begun, Over    time.Time
}

// ConferenceSummary is what may be shown of a conference now.
func (n *Node) ConferenceSummary(c exchange.Conference) ConferenceSummary {
	s := ConferenceSummary{
		ID: c.ID, Case: c.Case, Own: c.Own, Organiser: c.Organiser, Purpose: c.Purpose, Seats: len(c.Seats), Open: c.Open(n.now()), Begun: c.Begun, Over: c.Over(),
	}
	for _, seat := range c.Seats {
		if seat.Party == c.Own {
			s.State = seat.State
		}
		if seat.State == exchange.SeatComing {
			s.Coming++
		}
	}
	return s
}

// Conferences lists the conferences of a capacity, or of all when it is empty, by
// ID, which is by age.
func (n *Node) Conferences(ctx context.Context, hat exchange.CapacityCode) (all []ConferenceSummary, err error) {
	err = n.meetings(ctx, func(g gathering) error {
		if hat == "" || g.Own.Capacity == hat {
			all = append(all, n.ConferenceSummary(g.Conference))
		}
		return nil
	})
	return all, err
}

// ConferenceStatus tells of one conference what may be shown without opening it,
// and a mark that is another one when something in it changed: who waits for that
// looks again only then, and only then it stands in the ledger that he did.
func (n *Node) ConferenceStatus(_ context.Context, id exchange.ID, hat exchange.CapacityCode) (s ConferenceSummary, mark string, err error) {
	g, err := n.meeting(meetingKey(id, hat))
	if err != nil {
		return ConferenceSummary{}, "", err
	}
	said, err := n.contributions(g.key())
	if err != nil {
		return ConferenceSummary{}, "", err
	}
	s = n.ConferenceSummary(g.Conference)
	return s, fmt.Sprintf("%d-%d-%t", g.Changed.UnixMilli(), len(said), s.Open), nil
}

// meetings calls do with every conference.
func (n *Node) meetings(ctx context.Context, do func(gathering) error) error {
	return n.each(ctx, tableConference, func(row store.Row) error {
		g, err := decodeConference(row)
		if err != nil {
			return err
		}
		return do(g)
	})
}

// taking is a conference as a capacity of ours holds it, with what was said in
// it, for a request to take something along.
func (n *Node) taking(id exchange.ID, own exchange.PartyID) (exchange.Taking, error) {
	g, err := n.meeting(meetingKey(id, own.Capacity))
	if err != nil {
		return exchange.Taking{}, err
	}
	said, err := n.contributions(g.key())
	return exchange.Taking{Conference: g.Conference, Said: said}, err
}

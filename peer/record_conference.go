package peer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/store"
)

// A gathering is a case conference as one capacity of ours holds it. It has two
// dossiers: one for the conference, and one for what is said in it, which ends
// with it.
type gathering struct {
	exchange.Conference
	version uint64
}

// key is where a conference is kept. One organisation can take part in two
// capacities: each has its own copy, in dossiers of its own.
func (g gathering) key() string { return meetingKey(g.ID, g.Own.Capacity) }

func meetingKey(id exchange.ID, in exchange.CapacityCode) string {
	return string(id) + ":" + string(in)
}

// row is where messages of the conference are kept, saidRow where those are that
// say something.
func (g gathering) row() string     { return meetingRow + g.key() }
func (g gathering) saidRow() string { return saidRow + g.key() }

const (
	meetingRow = "conference/"
	saidRow    = "said/"
)

// meetingOf is the key of the conference whose messages a row keeps, if it does.
func meetingOf(row string) (key string, ok bool) {
	if key, ok = strings.CutPrefix(row, meetingRow); ok {
		return key, true
	}
	return strings.CutPrefix(row, saidRow)
}

func (g gathering) dossier() string     { return meetingDossier(g.key()) }
func (g gathering) saidDossier() string { return saidDossier(g.key()) }

func meetingDossier(key string) string { return uuidOf("sluis-conference-dossier\n" + key) }
func saidDossier(key string) string    { return uuidOf("sluis-conference-contributions\n" + key) }

// A saying is a contribution as it is written.
type saying struct {
	in gathering
	exchange.Contribution
}

type storedConference struct {
	Own        exchange.PartyID     `json:"own"`
	Organiser  exchange.PartyID     `json:"organiser"`
	Case       exchange.ID          `json:"case,omitempty"`
	Purpose    exchange.PurposeCode `json:"purpose"`
	Trigger    exchange.TriggerCode `json:"trigger"`
	On         time.Time            `json:"on"`
	Subject    storedPerson         `json:"subject"`
	Question   string               `json:"question"`
	Client     bool                 `json:"client"`
	Absent     string               `json:"absent,omitempty"`
	AbsentWhy  string               `json:"absentWhy,omitempty"`
	Seats      []storedSeat         `json:"seats"`
	Ends       time.Time            `json:"ends"`
	Agreements []storedAgreement    `json:"agreements,omitempty"`
	Begun      time.Time            `json:"begun"`
	Changed    time.Time            `json:"changed"`
	Closed     time.Time            `json:"closed,omitzero"`
}

type storedSeat struct {
	Party  exchange.PartyID   `json:"party"`
	Why    string             `json:"why,omitempty"`
	State  exchange.SeatState `json:"state"`
	Code   string             `json:"code,omitempty"`
	Missed int                `json:"missed,omitempty"`
}

type storedAgreement struct {
	Who  string           `json:"who"`
	What string           `json:"what"`
	Due  time.Time        `json:"due,omitzero"`
	By   exchange.ActorID `json:"by"`
	At   time.Time        `json:"at"`
}

type storedContribution struct {
	By     exchange.PartyID   `json:"by"`
	Items  []storedSaid       `json:"items"`
	At     time.Time          `json:"at"`
	To     []exchange.PartyID `json:"to,omitempty"`
	Steps  []storedStep       `json:"steps,omitempty"`
	Author exchange.ActorID   `json:"author,omitempty"`
}

type storedSaid struct {
	Item  exchange.ItemCode `json:"item"`
	Depth exchange.Depth    `json:"depth"`
	Value string            `json:"value"`
	Of    *exchange.PartyID `json:"of,omitempty"`
	From  exchange.ID       `json:"from,omitempty"`
}

func (g gathering) put() (store.Record, error) {
	s := g.Subject
	stored := storedConference{
		Own: g.Own, Organiser: g.Organiser, Case: g.Case, Purpose: g.Purpose, Trigger: g.Trigger.Code, On: g.Trigger.On, Question: g.Question.Reveal(),
		Subject: storedPerson{Standing: s.Standing, BSN: s.BSN.Reveal(), Name: s.Name.Reveal(), Born: s.Born.Reveal(), Address: s.Address.Reveal()},
		Client:  g.Client.Invited, Absent: g.Client.Absent.Reveal(), AbsentWhy: g.Client.Why.Reveal(), Ends: g.Ends, Begun: g.Begun, Changed: g.Changed, Closed: g.Closed,
	}
	for _, s := range g.Seats {
		stored.Seats = append(stored.Seats, storedSeat{Party: s.Party, Why: s.Why.Reveal(), State: s.State, Code: s.Code, Missed: s.Missed})
	}
	for _, a := range g.Agreements {
		stored.Agreements = append(stored.Agreements, storedAgreement{Who: a.Who.Reveal(), What: a.What.Reveal(), Due: a.Due, By: a.By, At: a.At})
	}
	value, err := json.Marshal(stored)
	return store.Record{Table: tableConference, Key: g.key(), Value: value, Was: g.version}, err
}

func decodeConference(row store.Row) (gathering, error) {
	id, _, _ := strings.Cut(row.Key, ":")
	var s storedConference
	if err := json.Unmarshal(row.Value, &s); err != nil {
		// The decoder's own text may quote what it read.
		return gathering{}, fmt.Errorf("conference %s is stored in a form that this version cannot read", id)
	}
	g := gathering{version: row.Version, Conference: exchange.Conference{
		ID: exchange.ID(id), Own: s.Own, Organiser: s.Organiser, Case: s.Case, Purpose: s.Purpose,
		Trigger: exchange.TriggerNote{Code: s.Trigger, On: s.On}, Question: exchange.Hide(s.Question),
		Subject: exchange.Subject{
			Standing: s.Subject.Standing, Name: exchange.Hide(s.Subject.Name), Born: exchange.Hide(s.Subject.Born), Address: exchange.Hide(s.Subject.Address),
		},
		Client: exchange.ClientSeat{Invited: s.Client, Absent: exchange.Hide(s.Absent), Why: exchange.Hide(s.AbsentWhy)},
		Ends:   s.Ends, Begun: s.Begun, Changed: s.Changed, Closed: s.Closed,
	}}
	if s.Subject.BSN != "" {
		bsn, err := exchange.ParseBSN(s.Subject.BSN)
		if err != nil {
			return gathering{}, err
		}
		g.Subject.BSN = bsn
	}
	for _, s := range s.Seats {
		g.Seats = append(g.Seats, exchange.Seat{Party: s.Party, Why: exchange.Hide(s.Why), State: s.State, Code: s.Code, Missed: s.Missed})
	}
	for _, a := range s.Agreements {
		g.Agreements = append(g.Agreements, exchange.Agreement{Who: exchange.Hide(a.Who), What: exchange.Hide(a.What), Due: a.Due, By: a.By, At: a.At})
	}
	return g, nil
}

func (s saying) put() (store.Record, error) {
	stored := storedContribution{By: s.By, At: s.At, To: s.To, Author: s.Author}
	for _, i := range s.Items {
		said := storedSaid{Item: i.Item, Depth: i.Depth, Value: i.Value.Reveal(), From: i.From}
		if i.Of != (exchange.PartyID{}) {
			said.Of = &i.Of
		}
		stored.Items = append(stored.Items, said)
	}
	for _, t := range s.Weighing {
		stored.Steps = append(stored.Steps, storedStep{Step: t.Code, Outcome: t.Outcome, Text: t.Text.Reveal(), Day: t.Day, With: t.With, By: t.By, At: t.At})
	}
	value, err := json.Marshal(stored)
	return store.Record{Table: tableContribution, Key: s.in.key() + "/" + string(s.ID), Value: value}, err
}

func decodeContribution(row store.Row) (exchange.Contribution, error) {
	var s storedContribution
	if err := json.Unmarshal(row.Value, &s); err != nil {
		return exchange.Contribution{}, errors.New("a contribution is stored in a form that this version cannot read")
	}
	c := exchange.Contribution{ID: exchange.ID(row.Key[strings.LastIndex(row.Key, "/")+1:]), By: s.By, At: s.At, To: s.To, Author: s.Author}
	for _, i := range s.Items {
		said := exchange.Said{Item: i.Item, Depth: i.Depth, Value: exchange.Hide(i.Value), From: i.From}
		if i.Of != nil {
			said.Of = *i.Of
		}
		c.Items = append(c.Items, said)
	}
	for _, t := range s.Steps {
		c.Weighing = append(c.Weighing, exchange.Step{
			Code: t.Step, Outcome: t.Outcome, Text: exchange.Hide(t.Text), Day: t.Day, With: t.With, By: t.By, At: t.At,
		})
	}
	return c, nil
}

// meeting loads a conference by its key.
func (n *Node) meeting(key string) (gathering, error) {
	value, version, err := n.store.Get(tableConference, key)
	if errors.Is(err, store.ErrNotFound) {
		return gathering{}, n.missing(meetingDossier(key), UnknownConference)
	}
	if err != nil {
		return gathering{}, err
	}
	return decodeConference(store.Row{Table: tableConference, Key: key, Value: value, Version: version})
}

// contributions loads what was said in a conference, the oldest first.
func (n *Node) contributions(key string) (all []exchange.Contribution, err error) {
	after := key + "/"
	for {
		rows, err := n.store.List(tableContribution, after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if !strings.HasPrefix(row.Key, key+"/") {
				return all, nil
			}
			after = row.Key
			c, err := decodeContribution(row)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
		if len(rows) < maxPage {
			return all, nil
		}
	}
}

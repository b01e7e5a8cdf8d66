package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// storedCase is a case as the store keeps it, sealed under a record key of its
// own.
type storedCase struct {
	Own     exchange.PartyID `json:"own"`
	Trigger storedTrigger    `json:"trigger"`
	People  []storedPerson   `json:"people"`
	Opened  time.Time        `json:"opened"`
	By      exchange.ActorID `json:"by"`
	Closed  time.Time        `json:"closed,omitzero"`
	Moments []storedMoment   `json:"moments,omitempty"`
	// HandBack is that of a coordination that ended.
	HandBack *storedHandBack `json:"handBack,omitempty"`
	// Outcome is that of a report that is finished.
	Outcome exchange.ReportOutcome `json:"outcome,omitempty"`
}

type storedHandBack struct {
	To   exchange.PartyID    `json:"to"`
	At   time.Time           `json:"at"`
	By   exchange.ActorID    `json:"by"`
	Left []exchange.LeftItem `json:"left,omitempty"`
}

type storedMoment struct {
	Code exchange.MomentCode `json:"code"`
	On   time.Time           `json:"on"`
	By   exchange.ActorID    `json:"by"`
	At   time.Time           `json:"at"`
}

type storedTrigger struct {
	Code       exchange.TriggerCode  `json:"code"`
	On         time.Time             `json:"on"`
	From       string                `json:"from,omitempty"`
	Statements []storedStatement     `json:"statements,omitempty"`
	Scope      []exchange.DomainCode `json:"scope,omitempty"`
}

type storedStatement struct {
	Code exchange.StatementCode `json:"code"`
	Text string                 `json:"text"`
}

type storedPerson struct {
	Standing exchange.Standing `json:"standing"`
	BSN      string            `json:"bsn,omitempty"`
	Name     string            `json:"name,omitempty"`
	Born     string            `json:"born,omitempty"`
	Address  string            `json:"address,omitempty"`
	Agreed   time.Time         `json:"agreed,omitzero"`
	Why      string            `json:"why,omitempty"`
}

func encodeCase(c exchange.Case) ([]byte, error) {
	s := storedCase{Own: c.Own, Opened: c.Opened, By: c.By, Closed: c.Closed, Outcome: c.Outcome, Trigger: storedTrigger{
		Code: c.Trigger.Code, On: c.Trigger.On, Scope: c.Trigger.Scope,
	}}
	if c.Trigger.From != (exchange.PartyID{}) {
		s.Trigger.From = c.Trigger.From.String()
	}
	for _, t := range c.Trigger.Statements {
		s.Trigger.Statements = append(s.Trigger.Statements, storedStatement{Code: t.Code, Text: t.Text.Reveal()})
	}
	for _, m := range c.Moments {
		s.Moments = append(s.Moments, storedMoment(m))
	}
	if h := c.HandBack; h.To != (exchange.PartyID{}) {
		s.HandBack = &storedHandBack{To: h.To, At: h.At, By: h.By, Left: h.Left}
	}
	for _, p := range c.People {
		s.People = append(s.People, storedPerson{
			Standing: p.Standing, BSN: p.BSN.Reveal(), Name: p.Name.Reveal(), Born: p.Born.Reveal(), Address: p.Address.Reveal(), Agreed: p.Agreed,
			Why: p.Why.Reveal(),
		})
	}
	return json.Marshal(s)
}

func decodeCase(id exchange.ID, value []byte) (exchange.Case, error) {
	var s storedCase
	if err := json.Unmarshal(value, &s); err != nil {
		// The decoder's own text may quote what it read.
		return exchange.Case{}, fmt.Errorf("case %s is stored in a form that this version cannot read", id)
	}
	c := exchange.Case{ID: id, Own: s.Own, Opened: s.Opened, By: s.By, Closed: s.Closed, Outcome: s.Outcome, Trigger: exchange.Trigger{
		Code: s.Trigger.Code, On: s.Trigger.On, Scope: s.Trigger.Scope,
	}}
	var err error
	if s.Trigger.From != "" {
		if c.Trigger.From, err = exchange.ParsePartyID(s.Trigger.From); err != nil {
			return exchange.Case{}, err
		}
	}
	for _, t := range s.Trigger.Statements {
		c.Trigger.Statements = append(c.Trigger.Statements, exchange.Statement{Code: t.Code, Text: exchange.Hide(t.Text)})
	}
	for _, m := range s.Moments {
		c.Moments = append(c.Moments, exchange.Moment(m))
	}
	if h := s.HandBack; h != nil {
		c.HandBack = exchange.HandBack{To: h.To, At: h.At, By: h.By, Left: h.Left}
	}
	for _, p := range s.People {
		person := exchange.Person{
			Standing: p.Standing, Name: exchange.Hide(p.Name), Born: exchange.Hide(p.Born), Address: exchange.Hide(p.Address), Agreed: p.Agreed,
			Why: exchange.Hide(p.Why),
		}
		if p.BSN != "" {
			if person.BSN, err = exchange.ParseBSN(p.BSN); err != nil {
				return exchange.Case{}, err
			}
		}
		c.People = append(c.People, person)
	}
	return c, nil
}

// OpenCase begins a case on a trigger. c comes without ID; its capacity is
// that of the hat.
func (n *Node) OpenCase(ctx context.Context, who Who, c exchange.Case) (exchange.Case, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Case{}, err
	}
	by, err := n.actor(who)
	if err != nil {
		return exchange.Case{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Case{}, err
	}
	c.ID, c.Own = newID(n.now()), exchange.PartyID{OIN: n.id.OIN, Capacity: by.Hat}
	c, event, err := exchange.OpenCase(f.law, c, own, by, n.now())
	if err != nil {
		return exchange.Case{}, err
	}
	return c, n.writeCase(ctx, c, event, 0)
}

// Admit adds somebody to an open case, or records that a family member agreed
// to take part.
func (n *Node) Admit(ctx context.Context, who Who, id exchange.ID, p exchange.Person) (exchange.Case, error) {
	return n.changeCase(ctx, who, id, func(c exchange.Case, law *exchange.Law, own exchange.Party, by exchange.Actor) (exchange.Case, exchange.Event, error) {
		return c.Admit(law, p, own, by, n.now())
	})
}

// CloseCase ends a case.
func (n *Node) CloseCase(ctx context.Context, who Who, id exchange.ID) (exchange.Case, error) {
	return n.changeCase(ctx, who, id, func(c exchange.Case, law *exchange.Law, own exchange.Party, by exchange.Actor) (exchange.Case, exchange.Event, error) {
		return c.Close(law, own, by, n.now())
	})
}

// CloseReport ends a report with what became of it.
func (n *Node) CloseReport(ctx context.Context, who Who, id exchange.ID, outcome exchange.ReportOutcome) (exchange.Case, error) {
	return n.changeCase(ctx, who, id, func(c exchange.Case, law *exchange.Law, own exchange.Party, by exchange.Actor) (exchange.Case, exchange.Event, error) {
		return c.CloseReport(law, outcome, own, by, n.now())
	})
}

// ViewCase returns a case to a person who may see it; the view is in the
// ledger before he sees it (I3).
func (n *Node) ViewCase(ctx context.Context, who Who, id exchange.ID) (exchange.Case, error) {
	by, err := n.actor(who)
	if err != nil {
		return exchange.Case{}, err
	}
	c, _, err := n.caseRow(id)
	if err != nil {
		return exchange.Case{}, err
	}
	event, err := c.View(by, n.now())
	if err != nil {
		return exchange.Case{}, err
	}
	entry, err := n.entryOf(ctx, event, wire.Digest{})
	if err != nil {
		return exchange.Case{}, err
	}
	_, err = n.store.Write(ctx, store.Change{Dossier: caseDossier(id), Record: []store.Event{entry}})
	return c, err
}

// A CaseSummary is what may be shown of a case without opening it.
type CaseSummary struct {
	ID             exchange.ID
	Own            exchange.PartyID
	Trigger        exchange.TriggerCode
	People         int
	Opened, Closed time.Time
	Outcome        exchange.ReportOutcome // of a report that is finished
}

// CaseSummaryOf is what may be shown of a case.
func CaseSummaryOf(c exchange.Case) CaseSummary {
	return CaseSummary{ID: c.ID, Own: c.Own, Trigger: c.Trigger.Code, People: len(c.People), Opened: c.Opened, Closed: c.Closed, Outcome: c.Outcome}
}

// Cases lists the cases of a capacity, or of all when it is empty, by ID.
func (n *Node) Cases(_ context.Context, capacity exchange.CapacityCode, after string, limit int) (page []CaseSummary, next string, err error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	for {
		rows, err := n.store.List(tableCase, after, maxPage)
		if err != nil {
			return nil, "", err
		}
		for _, row := range rows {
			c, err := decodeCase(exchange.ID(row.Key), row.Value)
			if err != nil {
				return nil, "", err
			}
			after = row.Key
			if capacity != "" && c.Own.Capacity != capacity {
				continue
			}
			if len(page) == limit {
				return page, string(page[limit-1].ID), nil
			}
			page = append(page, CaseSummaryOf(c))
		}
		if len(rows) < maxPage {
			return page, "", nil
		}
	}
}

func (n *Node) changeCase(ctx context.Context, who Who, id exchange.ID,
	judge func(exchange.Case, *exchange.Law, exchange.Party, exchange.Actor) (exchange.Case, exchange.Event, error),
) (exchange.Case, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Case{}, err
	}
	by, err := n.actor(who)
	if err != nil {
		return exchange.Case{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Case{}, err
	}
	for range maxOvertaken {
		before, version, err := n.caseRow(id)
		if err != nil {
			return exchange.Case{}, err
		}
		after, event, err := judge(before, f.law, own, by)
		if err != nil {
			return exchange.Case{}, err
		}
		if err := n.writeCase(ctx, after, event, version); !errors.Is(err, store.ErrOvertaken) {
			return after, err
		}
	}
	return exchange.Case{}, fault(Busy)
}

func (n *Node) writeCase(ctx context.Context, c exchange.Case, event exchange.Event, was uint64) error {
	value, err := encodeCase(c)
	if err != nil {
		return err
	}
	entry, err := n.entryOf(ctx, event, wire.Digest{})
	if err != nil {
		return err
	}
	row := store.Record{Table: tableCase, Key: string(c.ID), Value: value, Was: was}
	for _, p := range c.People {
		row.Index = append(row.Index, n.person(c.Own.Capacity, p.BSN, p.Name, p.Born)...)
	}
	change := store.Change{Dossier: caseDossier(c.ID), Puts: []store.Record{row}, Record: []store.Event{entry}}
	left := CaseSummaryOf(c)
	if err := n.remembering(ctx, &change, Outcome{Case: &left}); err != nil {
		return err
	}
	return n.board.during([]boardRow{{tableCase, string(c.ID)}}, func() error {
		_, err := n.store.Write(ctx, change)
		return err
	})
}

func (n *Node) caseRow(id exchange.ID) (exchange.Case, uint64, error) {
	value, version, err := n.store.Get(tableCase, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return exchange.Case{}, 0, n.missing(caseDossier(id), UnknownCase)
	}
	if err != nil {
		return exchange.Case{}, 0, err
	}
	c, err := decodeCase(id, value)
	return c, version, err
}

// earlier lists the requests that were made before in a case.
func (n *Node) earlier(id exchange.ID) ([]exchange.Earlier, error) {
	rows, err := n.store.ByIndex(caseIndex(id))
	if err != nil {
		return nil, err
	}
	var all []exchange.Earlier
	for _, row := range rows {
		r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
		if err != nil {
			return nil, err
		}
		// The ID of an exchange is a UUIDv7: it holds when it was made.
		made, err := uuid.Parse(row.Key)
		if err != nil {
			return nil, err
		}
		seconds, nanos := made.Time().UnixTime()
		all = append(all, exchange.Earlier{Request: r.Exchange.Request, At: time.Unix(seconds, nanos)})
	}
	return all, nil
}

// caseIndex is the index key of the requests that we made in a case.
func caseIndex(id exchange.ID) string { return "case/" + string(id) }

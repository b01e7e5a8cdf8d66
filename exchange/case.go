package exchange

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A TriggerCode names a trigger.
type TriggerCode string

// A TriggerRule (aanleiding) is a way in which a case may begin: the client's
// request (art. 2.3a.1), a party's motivated request (art. 2.3a.4), a report
// (art. 2.2.5), … There is no other: no case begins with data (memorandum,
// §1.5).
type TriggerRule struct {
	Code    TriggerCode `json:"code"`
	Article string      `json:"article"`
	Name    Sentence    `json:"name"`
	Explain Sentence    `json:"explain"`
	// Tasks lists the tasks whose holders may open a case on this trigger.
	Tasks []TaskCode `json:"tasks"`
	// All and Any list what must be stated: each of All, and one of Any.
	All []StatementCode `json:"all,omitempty"`
	Any []StatementCode `json:"any,omitempty"`
	// From says that the case names the party whose request it is.
	From bool `json:"from,omitempty"`
	// Scope says that the case names the domains that the client agreed to
	// look into; no other is asked (samenspraak, art. 2.3a.1(4)).
	Scope bool `json:"scope,omitempty"`
	// Moment is the moment that the trigger itself is: a report was received.
	Moment MomentCode `json:"moment,omitempty"`
	// Retention says how long the case may be kept.
	Retention Retention `json:"retention"`
}

func (t TriggerRule) check() error {
	if t.Article == "" || !t.Name.complete() || !t.Explain.complete() || len(t.Tasks) == 0 {
		return fmt.Errorf("lacks an article, name, explanation or tasks")
	}
	if t.Moment != "" && !known(MomentCodes[:], t.Moment) {
		return fmt.Errorf("names an unknown moment")
	}
	return t.Retention.check()
}

// A Trigger is what a case began with.
type Trigger struct {
	Code TriggerCode
	On   time.Time // the day: midnight UTC
	// From is the party whose motivated request it was; zero where the rule
	// does not want it.
	From       PartyID
	Statements []Statement
	Scope      []DomainCode
}

// A Case (casus) is what requests belong to: a trigger, and the people it
// concerns. No case without a trigger, no request without a case. It is a
// value; methods return a changed copy.
type Case struct {
	ID      ID
	Own     PartyID
	Trigger Trigger
	People  []Person
	Opened  time.Time
	By      ActorID
	Closed  time.Time // zero while open
	Moments Moments   // from which terms of retention run
	// HandBack is that of a coordination that ended; zero before.
	HandBack HandBack
	// Outcome is that of a report that is finished; "" else.
	Outcome ReportOutcome
}

// A ReportOutcome (uitkomst van een melding) says how a report came to its end. It
// is no more than what a reporter may hear of it (memorandum §5.4).
type ReportOutcome string

// The outcomes of a report.
const (
	ReportTakenUp    ReportOutcome = "taken-up"     // opgepakt: who can help does
	ReportNotTakenUp ReportOutcome = "not-taken-up" // niet opgepakt
)

// A Person is somebody whom a case concerns: the client, a member of his
// family, or an unborn child.
type Person struct {
	Standing Standing
	BSN      BSN
	Name     Personal
	Born     Personal // YYYY-MM-DD; of an unborn child the day it is expected
	Address  Personal
	// Agreed is the day on which a family member agreed to take part, after
	// which he is a client too (art. 1.1.1); zero before.
	Agreed time.Time
	// Why says why he belongs to the case, where somebody was added to it later:
	// a case is about those for whom it is necessary. It stays with the case.
	Why Personal
}

// A Standing is what somebody is in a case.
type Standing string

// The standings.
const (
	Client Standing = "client" // cliënt
	Family Standing = "family" // gezinslid
	Unborn Standing = "unborn" // ongeboren kind: has no BSN
)

// Standings lists every standing.
var Standings = [...]Standing{Client, Family, Unborn}

// maxPeople bounds a case: a family, not a street.
const maxPeople = 20

// OpenCase begins a case. It refuses what has no trigger that the capacity may
// act on, a trigger whose statements are not complete, and a case without
// people.
func OpenCase(law *Law, c Case, own Party, by Actor, at time.Time) (Case, Event, error) {
	capacity, ok := own.Capacity(c.Own.Capacity)
	if !ok || own.OIN != c.Own.OIN {
		return Case{}, Event{}, refuse(UnknownCapacity, "party", "own", "capacity", string(c.Own.Capacity))
	}
	if _, err := ParseID(string(c.ID)); err != nil {
		return Case{}, Event{}, err
	}
	if err := law.mayAsk(by, capacity); err != nil {
		return Case{}, Event{}, err
	}
	if err := law.checkTrigger(c.Trigger, capacity, at); err != nil {
		return Case{}, Event{}, err
	}
	if len(c.People) == 0 {
		return Case{}, Event{}, refuse(BadSubject, "field", "people")
	}
	people := c.People
	c.People = nil
	for _, p := range people {
		if err := c.admit(p, capacity, at); err != nil {
			return Case{}, Event{}, err
		}
	}
	c.Opened, c.By, c.Closed = at, by.ID, time.Time{}
	return c, c.event(CaseOpened, by, at, string(c.Trigger.Code)), nil
}

// Admit adds somebody to an open case, or records that a family member who was
// named before has agreed to take part.
func (c Case) Admit(law *Law, p Person, own Party, by Actor, at time.Time) (Case, Event, error) {
	capacity, err := c.mayChange(law, own, by)
	if err != nil {
		return Case{}, Event{}, err
	}
	c.People = slices.Clone(c.People)
	if err := c.admit(p, capacity, at); err != nil {
		return Case{}, Event{}, err
	}
	return c, c.event(CaseChanged, by, at, ""), nil
}

// Close ends a case: nothing is asked in it any more.
func (c Case) Close(law *Law, own Party, by Actor, at time.Time) (Case, Event, error) {
	if _, err := c.mayChange(law, own, by); err != nil {
		return Case{}, Event{}, err
	}
	c.Closed = at
	return c, c.event(CaseClosed, by, at, ""), nil
}

// CloseReport ends a report with what became of it.
func (c Case) CloseReport(law *Law, outcome ReportOutcome, own Party, by Actor, at time.Time) (Case, Event, error) {
	rule, _ := law.triggers.get(c.Trigger.Code)
	switch {
	case rule.Moment != ReportReceived:
		return Case{}, Event{}, refuse(BadTrigger, "trigger", string(c.Trigger.Code), "article", "2.2.5")
	case outcome != ReportTakenUp && outcome != ReportNotTakenUp:
		return Case{}, Event{}, refuse(BadTrigger, "field", "outcome", "article", "2.2.5")
	}
	c, event, err := c.Close(law, own, by, at)
	c.Outcome, event.Detail.Code = outcome, string(outcome)
	return c, event, err
}

func (c Case) mayChange(law *Law, own Party, by Actor) (Capacity, error) {
	capacity, ok := own.Capacity(c.Own.Capacity)
	if !ok {
		return Capacity{}, refuse(UnknownCapacity, "party", "own", "capacity", string(c.Own.Capacity))
	}
	if err := law.mayAsk(by, capacity); err != nil {
		return Capacity{}, err
	}
	if !c.Closed.IsZero() {
		return Capacity{}, refuse(CaseEnded)
	}
	return capacity, nil
}

// View is the event of a person who opens a case and reads who it concerns.
func (c Case) View(by Actor, at time.Time) (Event, error) {
	if err := mayView(by, c.Own.Capacity); err != nil {
		return Event{}, err
	}
	return c.event(Viewed, by, at, ""), nil
}

func (c Case) event(kind EventKind, by Actor, at time.Time, code string) Event {
	return Event{Kind: kind, Exchange: c.ID, Own: c.Own, At: at, By: by.ID, Detail: Detail{Code: code}}
}

// admit puts somebody in the case, or in the place of the same person. A
// capacity that may not process the citizen service number does not get it
// here either (I6).
func (c *Case) admit(p Person, own Capacity, at time.Time) error {
	if !p.BSN.Zero() && !own.MayProcessBSN {
		return refuse(BSNNotAllowed, "article", "5.4.2(5)")
	}
	if err := p.check(at); err != nil {
		return err
	}
	for i, q := range c.People {
		if q.same(p) {
			if p.Why.Zero() {
				p.Why = q.Why
			}
			c.People[i] = p
			return nil
		}
	}
	if len(c.People) == maxPeople {
		return refuse(BadSubject, "field", "people")
	}
	c.People = append(c.People, p)
	return nil
}

func (p Person) check(at time.Time) error {
	switch {
	case len(p.Why.Reveal()) > maxReason:
		return refuse(BadSubject, "field", "why")
	case !known(Standings[:], p.Standing):
		return refuse(BadSubject, "field", "standing")
	case p.Standing == Unborn && !p.BSN.Zero():
		return refuse(BadSubject, "field", "bsn")
	case p.Standing != Family && !p.Agreed.IsZero(), p.Agreed.After(at):
		return refuse(BadSubject, "field", "agreed")
	case p.BSN.Zero() || !p.Name.Zero() || !p.Born.Zero() || !p.Address.Zero():
		// Who has no BSN here is known by all three of the others.
		return checkNamed(p.Name, p.Born, p.Address)
	}
	return nil
}

func checkNamed(name, born, address Personal) error {
	if name.Blank() || born.Blank() || address.Blank() || len(name.Reveal()) > 200 || len(address.Reveal()) > 300 {
		return refuse(BadSubject)
	}
	if _, err := time.Parse(time.DateOnly, born.Reveal()); err != nil {
		return refuse(BadSubject, "field", "born")
	}
	return nil
}

// same reports whether both are the same person: by BSN where both have one,
// else by name and date of birth.
func (p Person) same(q Person) bool {
	if !p.BSN.Zero() && !q.BSN.Zero() {
		return p.BSN.Equal(q.BSN)
	}
	return !p.Name.Zero() && strings.EqualFold(p.Name.Reveal(), q.Name.Reveal()) && p.Born.Equal(q.Born)
}

// Subject is person number n of the case, counted from 1, as the asked party
// gets him: by BSN where both may process it, else by name, date of birth and
// address (art. 5.4.2(5)). The node chooses, so that nobody can mistake it.
func (c Case) Subject(n int, from, to Party, r Request) (Subject, error) {
	asker, ok := from.Capacity(r.From.Capacity)
	if !ok {
		return Subject{}, refuse(UnknownCapacity, "party", "asker", "capacity", string(r.From.Capacity))
	}
	asked, ok := to.Capacity(r.To.Capacity)
	if !ok {
		return Subject{}, refuse(UnknownCapacity, "party", "asked", "capacity", string(r.To.Capacity))
	}
	if n < 1 || n > len(c.People) {
		return Subject{}, refuse(NotInCase, "field", "person")
	}
	p := c.People[n-1]
	s := Subject{Standing: p.Standing}
	if !p.BSN.Zero() && asker.MayProcessBSN && asked.MayProcessBSN {
		s.BSN = p.BSN
		return s, nil
	}
	s.Name, s.Born, s.Address = p.Name, p.Born, p.Address
	return s, nil
}

// Find returns the person whom a request is about.
func (c Case) Find(s Subject) (Person, bool) {
	for _, p := range c.People {
		if p.same(Person{BSN: s.BSN, Name: s.Name, Born: s.Born}) {
			return p, true
		}
	}
	return Person{}, false
}

// checkTrigger holds that a case may begin: the trigger exists, the capacity
// may act on it, and all that the law wants stated is stated.
func (l *Law) checkTrigger(t Trigger, capacity Capacity, at time.Time) error {
	rule, ok := l.triggers.get(t.Code)
	if !ok {
		return refuse(UnknownTrigger)
	}
	where := []string{"trigger", string(t.Code), "article", rule.Article}
	switch {
	case !known(rule.Tasks, capacity.Task):
		return refuse(TriggerNotOfTask, "trigger", string(t.Code), "task", string(capacity.Task), "article", rule.Article)
	case t.On.IsZero() || t.On.After(at):
		return refuse(BadTrigger, append(where, "field", "on")...)
	case rule.From == (t.From == PartyID{}):
		return refuse(BadTrigger, append(where, "field", "from")...)
	case rule.Scope == (len(t.Scope) == 0):
		return refuse(BadTrigger, append(where, "field", "scope")...)
	}
	for _, d := range t.Scope {
		if !l.domains.has(d) {
			return refuse(BadTrigger, append(where, "field", "scope")...)
		}
	}
	for _, code := range rule.All {
		if err := l.checkStated(t.Statements, code, "trigger", string(t.Code)); err != nil {
			return err
		}
	}
	if len(rule.Any) > 0 && !slices.ContainsFunc(rule.Any, func(code StatementCode) bool { _, ok := stated(t.Statements, code); return ok }) {
		var either []string
		for _, code := range rule.Any {
			either = append(either, string(code))
		}
		return refuse(StatementMissing, "trigger", string(t.Code), "statement", strings.Join(either, ","), "article", rule.Article)
	}
	for _, code := range rule.Any {
		if _, ok := stated(t.Statements, code); !ok {
			continue
		}
		if err := l.checkStated(t.Statements, code, "trigger", string(t.Code)); err != nil {
			return err
		}
	}
	return l.checkSurplus(t.Statements, func(code StatementCode) bool { return known(rule.All, code) || known(rule.Any, code) }, where...)
}

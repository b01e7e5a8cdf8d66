package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"
)

// A Law is the catalogues in force: what may be asked for which purpose, what
// must be stated, which items exist, how a professional weighs, on which
// grounds an item may be withheld, and which conditions can be set. It is data that travels with the register,
// because the order in council under art. 2.3a.5 Wmo 2015 changes it without a
// new release. A Law does not change once parsed and may be used by many at
// once.
type Law struct {
	purposes   catalogue[PurposeCode, Purpose]
	items      catalogue[ItemCode, Item]
	grounds    catalogue[GroundCode, Ground]
	domains    catalogue[DomainCode, Domain]
	tasks      catalogue[TaskCode, Task]
	statements catalogue[StatementCode, StatementRule]
	triggers   catalogue[TriggerCode, TriggerRule]
	weighings  catalogue[WeighingCode, WeighingRule]
	uses       catalogue[UseCode, Use]
	conditions catalogue[ConditionCode, ConditionRule]
	defaults   []DefaultRule
	words      conditionWords
}

// CatalogueNames lists the documents that make a Law, in the order in which a
// reader best reads them.
var CatalogueNames = [...]string{"purposes", "triggers", "statements", "domains", "items", "weighings", "grounds", "conditions"}

// A catalogue is entries in the order of their document, found by code.
type catalogue[K ~string, V any] struct {
	all    []V
	byCode map[K]int
}

func (c *catalogue[K, V]) add(code K, v V) error {
	if !isCode(string(code)) {
		return fmt.Errorf("%q is not a code", string(code))
	}
	if _, twice := c.byCode[code]; twice {
		return fmt.Errorf("%s stands twice", code)
	}
	if c.byCode == nil {
		c.byCode = map[K]int{}
	}
	c.byCode[code] = len(c.all)
	c.all = append(c.all, v)
	return nil
}

func (c *catalogue[K, V]) get(code K) (V, bool) {
	i, ok := c.byCode[code]
	if !ok {
		var none V
		return none, false
	}
	return c.all[i], true
}

func (c *catalogue[K, V]) has(code K) bool { _, ok := c.byCode[code]; return ok }

func (c *catalogue[K, V]) lacks(code K) bool { return !c.has(code) }

// ParseLaw reads the catalogues by name, see [CatalogueNames]; others are
// ignored. It refuses a missing one, an unknown member, a code that stands
// twice, a word that does not exist, and a reference that leads nowhere.
func ParseLaw(documents map[string][]byte) (*Law, error) {
	l := &Law{}
	for _, name := range CatalogueNames {
		if documents[name] == nil {
			return nil, fmt.Errorf("the %s catalogue is missing", name)
		}
		if err := l.read(name, documents[name]); err != nil {
			return nil, fmt.Errorf("%s catalogue: %w", name, err)
		}
	}
	if err := l.checkReferences(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Law) read(name string, document []byte) error {
	switch name {
	case "purposes":
		var d struct {
			Version  int       `json:"version"`
			Uses     []Use     `json:"uses"`
			Purposes []Purpose `json:"purposes"`
		}
		if err := decode(document, &d); err != nil {
			return err
		}
		if err := fill(&l.uses, d.Uses, func(u Use) UseCode { return u.Code }, Use.check); err != nil {
			return err
		}
		return fill(&l.purposes, d.Purposes, func(p Purpose) PurposeCode { return p.Code }, Purpose.check)
	case "triggers":
		var d struct {
			Version  int           `json:"version"`
			Triggers []TriggerRule `json:"triggers"`
		}
		if err := decode(document, &d); err != nil {
			return err
		}
		return fill(&l.triggers, d.Triggers, func(t TriggerRule) TriggerCode { return t.Code }, TriggerRule.check)
	case "statements":
		var d struct {
			Version    int             `json:"version"`
			Statements []StatementRule `json:"statements"`
		}
		if err := decode(document, &d); err != nil {
			return err
		}
		return fill(&l.statements, d.Statements, func(s StatementRule) StatementCode { return s.Code }, StatementRule.check)
	case "domains":
		var d struct {
			Version int      `json:"version"`
			Domains []Domain `json:"domains"`
			Tasks   []Task   `json:"tasks"`
		}
		if err := decode(document, &d); err != nil {
			return err
		}
		if err := fill(&l.domains, d.Domains, func(d Domain) DomainCode { return d.Code }, Domain.check); err != nil {
			return err
		}
		return fill(&l.tasks, d.Tasks, func(t Task) TaskCode { return t.Code }, Task.check)
	case "items":
		var d struct {
			Version int    `json:"version"`
			Items   []Item `json:"items"`
		}
		if err := decode(document, &d); err != nil {
			return err
		}
		return fill(&l.items, d.Items, func(i Item) ItemCode { return i.Code }, Item.check)
	case "weighings":
		var d struct {
			Version   int            `json:"version"`
			Weighings []WeighingRule `json:"weighings"`
		}
		if err := decode(document, &d); err != nil {
			return err
		}
		return fill(&l.weighings, d.Weighings, func(w WeighingRule) WeighingCode { return w.Code }, WeighingRule.check)
	case "grounds":
		var d struct {
			Version int      `json:"version"`
			Grounds []Ground `json:"grounds"`
		}
		if err := decode(document, &d); err != nil {
			return err
		}
		return fill(&l.grounds, d.Grounds, func(g Ground) GroundCode { return g.Code }, Ground.check)
	case "conditions":
		return l.readConditions(document)
	}
	return nil
}

func (l *Law) readConditions(document []byte) error {
	var d struct {
		Version    int             `json:"version"`
		Conditions []ConditionRule `json:"conditions"`
		Defaults   []DefaultRule   `json:"defaults"`
		Words      conditionWords  `json:"words"`
	}
	if err := decode(document, &d); err != nil {
		return err
	}
	if err := fill(&l.conditions, d.Conditions, func(r ConditionRule) ConditionCode { return r.Code }, ConditionRule.check); err != nil {
		return err
	}
	for _, code := range ConditionCodes {
		if !l.conditions.has(code) {
			return fmt.Errorf("%s is missing", code)
		}
	}
	for i, rule := range d.Defaults {
		if err := rule.check(); err != nil {
			return fmt.Errorf("default %d %w", i+1, err)
		}
	}
	l.defaults, l.words = d.Defaults, d.Words
	return d.Words.check()
}

func fill[K ~string, V any](into *catalogue[K, V], all []V, code func(V) K, check func(V) error) error {
	for _, v := range all {
		if err := into.add(code(v), v); err != nil {
			return err
		}
		if err := check(v); err != nil {
			return fmt.Errorf("%s: %w", code(v), err)
		}
	}
	return nil
}

func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows the document")
	}
	return nil
}

// checkReferences holds every code that one catalogue takes from another.
func (l *Law) checkReferences() error {
	for _, p := range l.purposes.all {
		where := "purposes catalogue: " + string(p.Code)
		if err := l.checkPurpose(p); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	for _, t := range l.triggers.all {
		for _, s := range append(slices.Clone(t.All), t.Any...) {
			if !l.statements.has(s) {
				return fmt.Errorf("triggers catalogue: %s: there is no statement %s", t.Code, s)
			}
		}
	}
	for _, i := range l.items.all {
		if !l.domains.has(i.Domain) {
			return fmt.Errorf("items catalogue: %s: there is no domain %s", i.Code, i.Domain)
		}
	}
	for _, w := range l.weighings.all {
		for _, g := range w.Grounds {
			ground, ok := l.grounds.get(g)
			if !ok {
				return fmt.Errorf("weighings catalogue: %s: there is no ground %s", w.Code, g)
			}
			if len(ground.Weighings) > 0 && !known(ground.Weighings, w.Code) {
				return fmt.Errorf("weighings catalogue: %s: the ground %s is for other weighings", w.Code, g)
			}
		}
	}
	for _, g := range l.grounds.all {
		for _, w := range g.Weighings {
			if !l.weighings.has(w) {
				return fmt.Errorf("grounds catalogue: %s: there is no weighing %s", g.Code, w)
			}
		}
	}
	return nil
}

func (l *Law) checkPurpose(p Purpose) error {
	for _, w := range p.Ways {
		if err := l.checkWay(w); err != nil {
			return err
		}
	}
	if rule, ok := l.statements.get(p.Absence); p.Absence != "" && (!ok || len(rule.Choices) == 0) {
		return fmt.Errorf("there is no statement %s, or it has no choices", p.Absence)
	}
	for _, n := range p.Needs {
		if !l.statements.has(n.Statement) || n.Or != "" && !l.statements.has(n.Or) {
			return fmt.Errorf("there is no statement %s", n.Statement)
		}
	}
	for _, r := range p.Weighing {
		if !l.weighings.has(r.Weighing) {
			return fmt.Errorf("there is no weighing %s", r.Weighing)
		}
	}
	for _, u := range p.NotFor {
		if !l.uses.has(u) {
			return fmt.Errorf("there is no use %s", u)
		}
	}
	return nil
}

func (l *Law) checkWay(w Way) error {
	for _, t := range append(slices.Clone(w.Askers), w.HeldBy...) {
		if !l.tasks.has(t) {
			return fmt.Errorf("there is no task %s", t)
		}
	}
	for _, d := range w.Asked {
		if !l.domains.has(d) {
			return fmt.Errorf("there is no domain %s", d)
		}
	}
	for _, t := range w.Triggers {
		if !l.triggers.has(t) {
			return fmt.Errorf("there is no trigger %s", t)
		}
	}
	for _, asker := range w.Askers {
		if !slices.ContainsFunc(w.Triggers, func(t TriggerCode) bool { return known(l.openedBy(t), asker) }) {
			return fmt.Errorf("%s may ask and can open no case for it", asker)
		}
	}
	for _, t := range w.Triggers {
		if !shares(l.openedBy(t), w.Askers) {
			return fmt.Errorf("no asker can open a case on %s", t)
		}
	}
	return nil
}

// openedBy lists the tasks that may open a case on the trigger.
func (l *Law) openedBy(code TriggerCode) []TaskCode {
	t, _ := l.triggers.get(code)
	return t.Tasks
}

func known[T comparable](all []T, one T) bool { return slices.Contains(all, one) }

// Purpose returns the purpose with this code.
func (l *Law) Purpose(code PurposeCode) (Purpose, bool) { return l.purposes.get(code) }

// Item returns the item with this code.
func (l *Law) Item(code ItemCode) (Item, bool) { return l.items.get(code) }

// Ground returns the ground with this code.
func (l *Law) Ground(code GroundCode) (Ground, bool) { return l.grounds.get(code) }

// Domain returns the domain with this code.
func (l *Law) Domain(code DomainCode) (Domain, bool) { return l.domains.get(code) }

// Task returns the task with this code.
func (l *Law) Task(code TaskCode) (Task, bool) { return l.tasks.get(code) }

// Statement returns the statement with this code.
func (l *Law) Statement(code StatementCode) (StatementRule, bool) { return l.statements.get(code) }

// Trigger returns the trigger with this code.
func (l *Law) Trigger(code TriggerCode) (TriggerRule, bool) { return l.triggers.get(code) }

// Weighing returns the weighing with this code.
func (l *Law) Weighing(code WeighingCode) (WeighingRule, bool) { return l.weighings.get(code) }

// Condition returns the kind of condition with this code.
func (l *Law) Condition(code ConditionCode) (ConditionRule, bool) { return l.conditions.get(code) }

// Use returns the forbidden use with this code.
func (l *Law) Use(code UseCode) (Use, bool) { return l.uses.get(code) }

// Purposes lists the purposes in the order of the catalogue.
func (l *Law) Purposes() iter.Seq[Purpose] { return slices.Values(l.purposes.all) }

// Items lists the items in the order of the catalogue.
func (l *Law) Items() iter.Seq[Item] { return slices.Values(l.items.all) }

// Grounds lists the grounds in the order of the catalogue.
func (l *Law) Grounds() iter.Seq[Ground] { return slices.Values(l.grounds.all) }

// Domains lists the domains in the order of the catalogue.
func (l *Law) Domains() iter.Seq[Domain] { return slices.Values(l.domains.all) }

// Tasks lists the tasks in the order of the catalogue.
func (l *Law) Tasks() iter.Seq[Task] { return slices.Values(l.tasks.all) }

// Triggers lists the triggers in the order of the catalogue.
func (l *Law) Triggers() iter.Seq[TriggerRule] { return slices.Values(l.triggers.all) }

// Statements lists the statements in the order of the catalogue.
func (l *Law) Statements() iter.Seq[StatementRule] { return slices.Values(l.statements.all) }

// Weighings lists the weighings in the order of the catalogue.
func (l *Law) Weighings() iter.Seq[WeighingRule] { return slices.Values(l.weighings.all) }

// Conditions lists the kinds of condition in the order of the catalogue.
func (l *Law) Conditions() iter.Seq[ConditionRule] { return slices.Values(l.conditions.all) }

// Deadline is the day by which the law wants an answer for the purpose when
// the request does not name an earlier one. A term that runs from the trigger
// (six weeks after the client's request, art. 2.3a.1) may be over: then the
// investigation is late, and the days run from now.
func (l *Law) Deadline(code PurposeCode, trigger, now time.Time) (time.Time, error) {
	p, ok := l.purposes.get(code)
	if !ok {
		return time.Time{}, refuse(UnknownPurpose, "field", "purpose")
	}
	if p.Deadline.From == FromTrigger {
		if end := trigger.AddDate(0, 0, p.Deadline.Days); end.After(now) {
			return end, nil
		}
	}
	return now.AddDate(0, 0, p.Deadline.Days), nil
}

package exchange

import (
	"fmt"
	"slices"
)

// A PurposeCode names a purpose in the purpose catalogue.
type PurposeCode string

// A Purpose (doel) says who may ask what of whom, on which article, what the
// asker must state, and how the asked party weighs.
type Purpose struct {
	Code    PurposeCode `json:"code"`
	Article string      `json:"article"` // of the Wmo 2015 as amended
	// Phase is the phase of the law that the data belongs to; data does not
	// slide from one to the next.
	Phase   PhaseCode `json:"phase"`
	Name    Sentence  `json:"name"`
	Explain Sentence  `json:"explain"`
	// Ways lists who may ask whom, in a case that began how. Whatever no way
	// names is refused.
	Ways []Way `json:"ways"`
	// Needs lists what the asker must state beside the reason per item.
	Needs []Need `json:"needs,omitempty"`
	// Weighing says per regime of the asked party how its professional weighs,
	// and which data may be asked of him. A regime that no row names may not be
	// asked for this purpose.
	Weighing []RegimeRule `json:"weighing"`
	// NotFor lists what the data may not be used for.
	NotFor []UseCode `json:"notFor,omitempty"`
	// Deadline is the default time for an answer.
	Deadline Term `json:"deadline"`
	// Retention says how long what is collected may be kept.
	Retention Retention `json:"retention"`
	// ManyParties is the number of parties asked in one case within a week
	// from which the asker must say why so many; 0 for no bound.
	ManyParties int `json:"manyParties,omitempty"`
	// Absence is, of a case conference, the statement that says why the client is
	// not invited; "" for what is no conference.
	Absence StatementCode `json:"absence,omitempty"`
	// Taking says that only items that were said in a case conference are asked,
	// to take them along (art. 5.4.3(4)).
	Taking bool `json:"taking,omitempty"`
}

// A Way (weg) is one way to ask for a purpose: every asker may ask each of the
// asked, in a case on each of the triggers.
type Way struct {
	// Askers lists the tasks whose holders may ask.
	Askers []TaskCode `json:"askers"`
	// Asked lists the domains whose parties may be asked: the list of the
	// order in council (art. 2.3a.5).
	Asked []DomainCode `json:"asked"`
	// HeldBy lists the tasks for which the asked hold the data; none means
	// any.
	HeldBy []TaskCode `json:"heldBy,omitempty"`
	// Own says that the asker asks its own organisation only: what the college
	// has itself (art. 5.4.1(4)) is nothing to ask of another.
	Own bool `json:"own,omitempty"`
	// Triggers lists the triggers (aanleiding) that a case must have, one of
	// them.
	Triggers []TriggerCode `json:"triggers"`
	// Involvement lists what the client's involvement may be.
	Involvement []InvolvementState `json:"involvement"`
	// FamilyAgrees says that a family member is asked about only after he
	// agreed to take part (art. 2.3a.1(3)).
	FamilyAgrees bool `json:"familyAgrees,omitempty"`
	// BeyondScope says that what the client agreed to look into does not limit
	// this: it is about no other party and no other problem of his.
	BeyondScope bool `json:"beyondScope,omitempty"`
}

// A RegimeRule is how parties under some regimes weigh for a purpose, and which
// data may be asked of them, ordinary data included.
type RegimeRule struct {
	Regimes    []Regime     `json:"regimes"`
	Weighing   WeighingCode `json:"weighing"`
	Categories []Category   `json:"categories"`
}

// Under is the rule for parties that a regime binds, or false where they may
// not be asked.
func (p Purpose) Under(r Regime) (RegimeRule, bool) {
	for _, rule := range p.Weighing {
		if known(rule.Regimes, r) {
			return rule, true
		}
	}
	return RegimeRule{}, false
}

// Categories lists what may be asked of some party, in the order of the law.
func (p Purpose) Categories() []Category {
	var all []Category
	for _, c := range Categories {
		if slices.ContainsFunc(p.Weighing, func(r RegimeRule) bool { return known(r.Categories, c) }) {
			all = append(all, c)
		}
	}
	return all
}

// A PhaseCode names a phase of the law in which data is collected (domain of a
// dossier): its own controller, its own retention.
type PhaseCode string

// The phases.
const (
	InvestigationPhase PhaseCode = "investigation" // onderzoek
	CoordinationPhase  PhaseCode = "coordination"  // gecoördineerde aanpak
	ReportPhase        PhaseCode = "report"        // melding
	ServicePhase       PhaseCode = "service"       // dienst of taak na het onderzoek
)

// Phases lists every phase.
var Phases = [...]PhaseCode{InvestigationPhase, CoordinationPhase, ReportPhase, ServicePhase}

// A Need is a statement that a purpose demands: of the request as a whole, or,
// where Category or Background is given, of each item to which that applies.
type Need struct {
	Statement StatementCode `json:"statement"`
	// Or is a statement that may stand in its place.
	Or StatementCode `json:"or,omitempty"`
	// Category limits the need to items of this category.
	Category Category `json:"category,omitempty"`
	// Background limits the need to items that tell the cause behind another
	// (why somebody is under supervision, which illness).
	Background bool `json:"background,omitempty"`
	// Kind limits the need to requests to parties in domains of this kind.
	Kind DomainKind `json:"kind,omitempty"`
}

// ofItem reports whether the need is stated per item.
func (n Need) ofItem() bool { return n.Category != "" || n.Background }

// applies reports whether the need holds for an item.
func (n Need) applies(i Item) bool {
	return n.ofItem() && (n.Category == "" || n.Category == i.Category) && (!n.Background || i.Background)
}

// names reports whether the need is met by this statement.
func (n Need) names(code StatementCode) bool {
	return n.Statement == code || n.Or == code && code != ""
}

// A UseCode names a use that a purpose forbids.
type UseCode string

// A Use is what data may not be used for (such as fraud, art. 5.4.4(1)).
type Use struct {
	Code UseCode  `json:"code"`
	Name Sentence `json:"name"`
}

func (u Use) check() error {
	if !u.Name.complete() {
		return fmt.Errorf("lacks a name")
	}
	return nil
}

// A Term is a number of days from a moment.
type Term struct {
	Days int      `json:"days"`
	From TermFrom `json:"from"`
}

// A TermFrom says from when a term runs.
type TermFrom string

// The moments.
const (
	FromRequest TermFrom = "request" // the request to the party
	FromTrigger TermFrom = "trigger" // the client's request (art. 2.3a.1: six weeks)
)

func (p Purpose) check() error {
	switch {
	case p.Article == "" || !p.Name.complete() || !p.Explain.complete():
		return fmt.Errorf("lacks an article, name or explanation")
	case len(p.Ways) == 0 || len(p.Weighing) == 0:
		return fmt.Errorf("lacks ways or weighing")
	case !known(Phases[:], p.Phase):
		return fmt.Errorf("names an unknown phase")
	case p.Deadline.Days < 1 || p.Deadline.From != FromRequest && p.Deadline.From != FromTrigger:
		return fmt.Errorf("lacks a deadline of at least a day, from the request or from the trigger")
	case p.ManyParties < 0:
		return fmt.Errorf("manyParties is below 0")
	}
	for i, w := range p.Ways {
		if err := w.check(); err != nil {
			return err
		}
		for _, v := range p.Ways[:i] {
			if v.overlaps(w) {
				return fmt.Errorf("two ways have the same asker, asked and trigger")
			}
		}
	}
	for i, r := range p.Weighing {
		if err := r.check(); err != nil {
			return err
		}
		for _, q := range p.Weighing[:i] {
			if shares(q.Regimes, r.Regimes) {
				return fmt.Errorf("weighing %s: a regime that stands under %s as well", r.Weighing, q.Weighing)
			}
		}
	}
	for _, n := range p.Needs {
		if n.Category != "" && !known(p.Categories(), n.Category) || n.Kind != "" && !known(DomainKinds[:], n.Kind) || n.Kind != "" && n.ofItem() {
			return fmt.Errorf("need %s: unknown category or kind, or both", n.Statement)
		}
	}
	return p.Retention.check()
}

func (w Way) check() error {
	if len(w.Askers) == 0 || len(w.Asked) == 0 || len(w.Triggers) == 0 || len(w.Involvement) == 0 {
		return fmt.Errorf("a way lacks askers, asked, triggers or involvement")
	}
	for _, s := range w.Involvement {
		if !known(InvolvementStates[:], s) {
			return fmt.Errorf("a way names an unknown involvement")
		}
	}
	return nil
}

// overlaps reports whether a request could go both ways: then it would not be
// clear whose involvement and agreement it needs.
func (w Way) overlaps(v Way) bool {
	held := len(w.HeldBy) == 0 || len(v.HeldBy) == 0 || shares(w.HeldBy, v.HeldBy)
	return held && shares(w.Askers, v.Askers) && shares(w.Asked, v.Asked) && shares(w.Triggers, v.Triggers)
}

func shares[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(one T) bool { return known(b, one) })
}

func (r RegimeRule) check() error {
	if len(r.Regimes) == 0 || len(r.Categories) == 0 {
		return fmt.Errorf("weighing %s lacks regimes or categories", r.Weighing)
	}
	for _, regime := range r.Regimes {
		if !known(Regimes[:], regime) {
			return fmt.Errorf("weighing %s names an unknown regime", r.Weighing)
		}
	}
	for _, c := range r.Categories {
		if !known(Categories[:], c) {
			return fmt.Errorf("weighing %s names an unknown category", r.Weighing)
		}
	}
	return nil
}

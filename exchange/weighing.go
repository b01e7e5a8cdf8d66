package exchange

import (
	"fmt"
	"slices"
	"time"
)

// A WeighingCode names a way of weighing.
type WeighingCode string

// A WeighingRule (afweging) is how a professional decides: a duty unless
// weighty reasons (art. 5.4.2(1)), his own weighing under professional secrecy
// in seven steps (5.4.2(2)), the closed regime of the Wpg and Wjsg (5.4.2(3)),
// … Its steps are what must be recorded before anything is supplied. To
// withhold, a ground is enough.
type WeighingRule struct {
	Code    WeighingCode `json:"code"`
	Article string       `json:"article"`
	Name    Sentence     `json:"name"`
	Explain Sentence     `json:"explain"`
	// Duty says that supplying is a duty unless weighty reasons.
	Duty bool `json:"duty,omitempty"`
	// Grounds limits on what an item may be withheld; none means every ground
	// that fits the regime. Of all data that must go back (art. 5.4.4(8))
	// nobody asks whether it is necessary.
	Grounds []GroundCode `json:"grounds,omitempty"`
	Steps   []StepRule   `json:"steps,omitempty"`
}

// A StepCode names a step of a weighing.
type StepCode string

// A StepRule is one step of a weighing: a question with its possible outcomes.
type StepRule struct {
	Code    StepCode `json:"code"`
	Article string   `json:"article"`
	Ask     Sentence `json:"ask"`
	Explain Sentence `json:"explain"`
	// Route limits the step to a route that another step chose: with the
	// client's consent or without it.
	Route    RouteCode     `json:"route,omitempty"`
	Outcomes []StepOutcome `json:"outcomes"`
}

// A RouteCode names a route through a weighing.
type RouteCode string

// A StepOutcome is one possible outcome of a step.
type StepOutcome struct {
	Code OutcomeCode `json:"code"`
	Name Sentence    `json:"name"`
	// Route is the route that the outcome chooses.
	Route RouteCode `json:"route,omitempty"`
	// Stops says that nothing is supplied after this outcome.
	Stops bool `json:"stops,omitempty"`
	// Text, Day and With say what must be recorded with the outcome: why, on
	// which day, and with which colleague.
	Text bool `json:"text,omitempty"`
	Day  bool `json:"day,omitempty"`
	With bool `json:"with,omitempty"`
}

// An OutcomeCode names an outcome of a step.
type OutcomeCode string

func (w WeighingRule) check() error {
	if w.Article == "" || !w.Name.complete() || !w.Explain.complete() {
		return fmt.Errorf("lacks an article, name or explanation")
	}
	routes := []RouteCode{""}
	for i, s := range w.Steps {
		if !isCode(string(s.Code)) || s.Article == "" || !s.Ask.complete() || !s.Explain.complete() || len(s.Outcomes) == 0 {
			return fmt.Errorf("a step lacks a code, article, question, explanation or outcomes")
		}
		if slices.ContainsFunc(w.Steps[:i], func(t StepRule) bool { return t.Code == s.Code }) {
			return fmt.Errorf("step %s stands twice", s.Code)
		}
		if !known(routes, s.Route) {
			return fmt.Errorf("step %s is on a route that no step before it chooses", s.Code)
		}
		supplies := false
		for j, o := range s.Outcomes {
			if !isCode(string(o.Code)) || !o.Name.complete() {
				return fmt.Errorf("an outcome of step %s lacks a code or name", s.Code)
			}
			if slices.ContainsFunc(s.Outcomes[:j], func(p StepOutcome) bool { return p.Code == o.Code }) {
				return fmt.Errorf("outcome %s of step %s stands twice", o.Code, s.Code)
			}
			supplies = supplies || !o.Stops
			if o.Route != "" {
				routes = append(routes, o.Route)
			}
		}
		if !supplies {
			return fmt.Errorf("every outcome of step %s stops", s.Code)
		}
	}
	return nil
}

// Fits reports whether a professional under the regime may withhold on the
// ground in this weighing.
func (w WeighingRule) Fits(g Ground, r Regime) bool {
	return g.Fits(r, w.Code) && (len(w.Grounds) == 0 || known(w.Grounds, g.Code))
}

// Step returns the step with this code.
func (w WeighingRule) Step(code StepCode) (StepRule, bool) {
	for _, s := range w.Steps {
		if s.Code == code {
			return s, true
		}
	}
	return StepRule{}, false
}

// Outcome returns the outcome with this code.
func (s StepRule) Outcome(code OutcomeCode) (StepOutcome, bool) {
	for _, o := range s.Outcomes {
		if o.Code == code {
			return o, true
		}
	}
	return StepOutcome{}, false
}

// A Step is one step as somebody took it. A step may be taken again; what
// counts is the last, and the ledger has both.
type Step struct {
	Code    StepCode
	Outcome OutcomeCode
	Text    Personal // why; stays with the party
	Day     time.Time
	With    ActorID // the colleague who was asked; never the one who decides
	By      ActorID
	At      time.Time
}

// Steps are the steps of a weighing that were taken so far, each once.
type Steps []Step

// taken returns a step as it was taken.
func (w Steps) taken(code StepCode) (Step, bool) {
	for _, s := range w {
		if s.Code == code {
			return s, true
		}
	}
	return Step{}, false
}

// with returns the weighing with a step, in the place of the same step before.
func (w Steps) with(s Step) Steps {
	w = slices.Clone(w)
	for i := range w {
		if w[i].Code == s.Code {
			w[i] = s
			return w
		}
	}
	return append(w, s)
}

// route is the route that the steps taken so far have chosen.
func (w WeighingRule) route(taken Steps) RouteCode {
	for _, rule := range w.Steps {
		if s, ok := taken.taken(rule.Code); ok {
			if o, _ := rule.Outcome(s.Outcome); o.Route != "" {
				return o.Route
			}
		}
	}
	return ""
}

// Open lists the steps that are still to be taken before anything can be
// supplied, in the order of the law. Steps of a route that was not chosen are
// not among them.
func (w WeighingRule) Open(taken Steps) []StepRule {
	route := w.route(taken)
	var open []StepRule
	for _, rule := range w.Steps {
		if rule.Route != "" && rule.Route != route {
			continue
		}
		if _, ok := taken.taken(rule.Code); !ok {
			open = append(open, rule)
		}
	}
	return open
}

// Stopped returns the step whose outcome forbids to supply.
func (w WeighingRule) Stopped(taken Steps) (StepRule, bool) {
	route := w.route(taken)
	for _, rule := range w.Steps {
		if rule.Route != "" && rule.Route != route {
			continue
		}
		if s, ok := taken.taken(rule.Code); ok {
			if o, ok := rule.Outcome(s.Outcome); !ok || o.Stops {
				return rule, true
			}
		}
	}
	return StepRule{}, false
}

// checkStep holds one step as it is taken.
func (w WeighingRule) checkStep(taken Steps, s Step) error {
	rule, ok := w.Step(s.Code)
	if !ok {
		return refuse(UnknownStep, "weighing", string(w.Code), "article", w.Article)
	}
	here := []string{"step", string(s.Code), "article", rule.Article}
	if rule.Route != "" && rule.Route != w.route(taken) {
		return refuse(StepNotOnRoute, here...)
	}
	o, ok := rule.Outcome(s.Outcome)
	switch {
	case !ok:
		return refuse(BadStep, append(here, "field", "outcome")...)
	case o.Text && s.Text.Zero() || len(s.Text.Reveal()) > maxReason:
		return refuse(BadStep, append(here, "field", "text")...)
	case o.Day == s.Day.IsZero():
		return refuse(BadStep, append(here, "field", "day")...)
	case o.With == (s.With == ""):
		return refuse(BadStep, append(here, "field", "with")...)
	case o.With && s.With == s.By:
		return refuse(ColleagueIsSelf, here...)
	}
	if o.With {
		if _, err := ParseActorID(string(s.With)); err != nil {
			return err
		}
	}
	return nil
}

// checkComplete holds that a weighing allows to supply.
func (w WeighingRule) checkComplete(taken Steps) error {
	if step, stops := w.Stopped(taken); stops {
		return refuse(WeighingStops, "step", string(step.Code), "weighing", string(w.Code), "article", step.Article)
	}
	if open := w.Open(taken); len(open) > 0 {
		return refuse(WeighingOpen, "step", string(open[0].Code), "weighing", string(w.Code), "article", open[0].Article)
	}
	return nil
}

// WeighingOf says how somebody weighs a request in a capacity: by the regime
// of the capacity, or by his own where that is one of professional secrecy and
// the capacity's is none (a school doctor among teachers). Nobody is bound by
// less than his organisation.
//
// Who decides on a file of the procedure itself, the college's, the desk's or
// the coordinator's, acts in that role alone: the secrecy that binds him as a
// helper is about another file (memorandum §4.3.3, and to art. 5.4.4(4)).
func (l *Law) WeighingOf(r Request, own Party, by Actor) (WeighingRule, Regime, error) {
	capacity, ok := own.Capacity(r.To.Capacity)
	if !ok {
		return WeighingRule{}, "", refuse(UnknownCapacity, "party", "asked", "capacity", string(r.To.Capacity))
	}
	purpose, ok := l.purposes.get(r.Purpose)
	if !ok {
		return WeighingRule{}, "", refuse(UnknownPurpose)
	}
	grant, err := l.mayDecide(by, capacity)
	if err != nil {
		return WeighingRule{}, "", err
	}
	regime := capacity.Regime
	if domain, _ := l.domains.get(capacity.Domain); regime == NoSecrecy && grant.Regime != "" && domain.Kind != CollegeFile {
		regime = grant.Regime
	}
	under, err := purpose.rule(regime)
	if err != nil {
		return WeighingRule{}, "", err
	}
	rule, _ := l.weighings.get(under.Weighing)
	return rule, regime, nil
}

package console

import (
	"slices"
	"time"

	"sluis/exchange"
)

// A weighStep is one step of a weighing as its page asks it.
type weighStep struct {
	asked
	Step      exchange.StepRule
	Trail     []stepMark
	Number    int
	Plain     bool // an outcome is enough: nothing has to be written
	Text, Day bool // something can have to be written, a day to be given
	With      bool
	Today     string
	Others    []option // colleagues
}

// A stepMark is one step in the list above the page.
type stepMark struct {
	Step          exchange.StepRule
	Number        int
	Done, Current bool
}

// An option is one choice in a list.
type option struct{ Value, Label string }

// plain reports whether a step wants no more than an outcome.
func plain(s exchange.StepRule) bool {
	return !slices.ContainsFunc(s.Outcomes, func(o exchange.StepOutcome) bool { return o.Text || o.Day || o.With })
}

// First is the first open step where an outcome is enough: it is asked on the
// page of the request itself.
func (a asked) First() *exchange.StepRule {
	if !a.Mine || a.Stops.Code != "" || len(a.Open) == 0 || !plain(a.Open[0]) || a.Open[0].Code != a.Rule.Steps[0].Code {
		return nil
	}
	return &a.Open[0]
}

// Next is where the weighing goes on.
func (a asked) Next() string { return next(a.Exchange, a.Rule) }

func next(x exchange.Exchange, rule exchange.WeighingRule) string {
	base := "/werkbak/" + string(x.ID)
	if _, stops := rule.Stopped(x.Weighing); !stops {
		if open := rule.Open(x.Weighing); len(open) > 0 {
			return base + "/stap/" + string(open[0].Code)
		}
	}
	return base + "/besluit"
}

// taken is the step as it was taken last.
func taken(steps exchange.Steps, code exchange.StepCode) (exchange.Step, bool) {
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Code == code {
			return steps[i], true
		}
	}
	return exchange.Step{}, false
}

// step reads the request and the step of the path.
func (v *visit) step() (w weighStep, err error) {
	if w.asked, err = v.read(); err != nil {
		return w, err
	}
	var ok bool
	if w.Step, ok = w.Rule.Step(exchange.StepCode(v.r.PathValue("step"))); !ok || !w.Mine {
		return w, errNoPage
	}
	w.Plain, w.Today = plain(w.Step), v.c.now().In(office).Format(time.DateOnly)
	for _, o := range w.Step.Outcomes {
		w.Text, w.Day, w.With = w.Text || o.Text, w.Day || o.Day, w.With || o.With
	}
	open := map[exchange.StepCode]bool{}
	for _, s := range w.Open {
		open[s.Code] = true
	}
	for _, s := range w.Rule.Steps {
		_, done := taken(w.Weighing, s.Code)
		here := s.Code == w.Step.Code
		if !done && !open[s.Code] && !here {
			continue // of a route that was not chosen
		}
		w.Trail = append(w.Trail, stepMark{Step: s, Number: len(w.Trail) + 1, Done: done && !here, Current: here})
		if here {
			w.Number = len(w.Trail)
		}
	}
	if w.With {
		w.Others, err = v.colleagues()
	}
	return w, err
}

// colleagues are those who weigh themselves in this capacity; where there is
// nobody, whoever works here.
func (v *visit) colleagues() (deciding []option, err error) {
	all, err := v.c.node.Staff(v.r.Context())
	if err != nil {
		return nil, err
	}
	var others []option
	for _, a := range all {
		if a.ID == v.session.actor || !a.Ended.IsZero() {
			continue
		}
		one := option{string(a.ID), a.Name.Reveal()}
		others = append(others, one)
		if slices.ContainsFunc(a.Roles, func(g exchange.Grant) bool { return g.Capacity == v.session.hat && slices.Contains(deciders, g.Role) }) {
			deciding = append(deciding, one)
		}
	}
	if len(deciding) == 0 {
		return others, nil
	}
	return deciding, nil
}

// weighPage asks one step.
func weighPage(v *visit) error {
	w, err := v.step()
	if err != nil {
		return err
	}
	if s, ok := taken(w.Weighing, w.Step.Code); ok && !v.refilled {
		w.Values.Set("uitkomst", string(s.Outcome))
		w.Values.Set("waarom", s.Text.Reveal())
		w.Values.Set("met", string(s.With))
		if !s.Day.IsZero() {
			w.Values.Set("dag", s.Day.UTC().Format(time.DateOnly))
		}
	}
	if len(w.Others) == 1 && w.Values.Get("met") == "" {
		w.Values.Set("met", w.Others[0].Value)
	}
	if w.Values.Get("dag") == "" {
		w.Values.Set("dag", w.Today)
	}
	return v.showStep(w)
}

func (v *visit) showStep(w weighStep) error {
	return v.show("weigh", v.word("weigh.title", "n", w.Number, "of", len(w.Trail)), w)
}

// weigh records one step and goes on to the next.
func weigh(v *visit) error {
	w, err := v.step()
	if err != nil {
		return err
	}
	outcome, ok := w.Step.Outcome(exchange.OutcomeCode(v.field("uitkomst")))
	if !ok {
		w.wrong("uitkomst", v.word("weigh.choose"))
		return v.showStep(w)
	}
	s := exchange.Step{Code: w.Step.Code, Outcome: outcome.Code}
	// What an outcome does not want is not recorded, though a field for it stood
	// on the page.
	if outcome.Text {
		if s.Text = v.text("waarom"); s.Text.Blank() {
			w.wrong("waarom", v.word("weigh.why.missing"))
		}
	}
	if outcome.Day {
		var ok bool
		if s.Day, ok = v.day("dag"); !ok || s.Day.IsZero() {
			w.wrong("dag", v.word("weigh.day.missing"))
		}
	}
	if outcome.With {
		if s.With = exchange.ActorID(v.field("met")); s.With == "" {
			w.wrong("met", v.word("weigh.with.missing"))
		}
	}
	if len(w.Mistakes) > 0 {
		return v.showStep(w)
	}
	x, err := v.c.node.Weigh(v.r.Context(), v.who(), w.ID, s)
	if err != nil {
		w.Mistakes = append(w.Mistakes, v.advice(err))
		return v.showStep(w)
	}
	if v.field("later") != "" {
		v.say("weigh.saved")
		return v.redirect("/werkbak")
	}
	return v.redirect(next(x, w.Rule))
}

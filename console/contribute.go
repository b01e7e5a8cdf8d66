package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A speaking is the page on which somebody says something in a conference, by his
// own weighing (art. 5.4.3(2)).
type speaking struct {
	meeting
	Items []sayable
	// Answers are those in the case from which something can be said that another
	// supplied; From is the one that was chosen.
	Answers    []peer.Summary
	From       exchange.ID
	Rule       exchange.WeighingRule
	Steps      []stepField
	Listeners  []option
	Colleagues []option
	Preview    *peer.Speaking
}

// A sayable is one item that can be said: of our own, or as another supplied it.
type sayable struct {
	exchange.Item
	Options []option          // depths, of our own
	Value   exchange.Personal // as another supplied it
}

// A stepField is one step of the weighing as fields.
type stepField struct {
	exchange.StepRule
	Name            string
	When            string // on which answers before it is asked; "" for always
	Text, Day, With bool
	routes          []exchange.RouteCode
}

// Leads reports whether more is asked on a route.
func (f stepField) Leads(r exchange.RouteCode) bool { return r != "" && slices.Contains(f.routes, r) }

// speaking puts the page together. What another supplied is opened only when
// somebody asks for it.
func (v *visit) speaking() (s speaking, err error) {
	if s.meeting, err = v.meet(); err != nil {
		return s, err
	}
	if !s.Going || !s.Speaks {
		return s, errNoPage
	}
	law := v.c.node.Law()
	r := exchange.Request{To: s.Own, Purpose: s.Purpose}
	if s.Rule, err = v.c.node.WeighingOf(v.r.Context(), v.who(), exchange.Exchange{Request: r}); err != nil {
		return s, err
	}
	_, regime, err := law.WeighingOf(r, v.c.node.Identity().Party, v.actor)
	if err != nil {
		return s, err
	}
	if s.From = exchange.ID(v.field("uit")); s.From != "" {
		err = v.heldItems(&s)
	} else {
		v.ownItems(&s, regime)
		err = v.answers(&s)
	}
	if err != nil {
		return s, err
	}
	var routes []exchange.RouteCode // that have steps of their own
	for _, step := range s.Rule.Steps {
		routes = append(routes, step.Route)
	}
	for _, step := range s.Rule.Steps {
		f := stepField{routes: routes, StepRule: step, Name: "stap." + string(step.Code)}
		for _, o := range step.Outcomes {
			f.Text, f.Day, f.With = f.Text || o.Text, f.Day || o.Day, f.With || o.With
		}
		if step.Route != "" {
			f.When = v.onRoute(s.Rule, step.Route)
		}
		s.Steps = append(s.Steps, f)
	}
	for _, p := range s.Present() {
		s.Listeners = append(s.Listeners, option{p.String(), v.c.nameOf(p)})
	}
	s.Colleagues, err = v.colleagues()
	return s, err
}

// onRoute names the answers that lead to a route.
func (v *visit) onRoute(rule exchange.WeighingRule, route exchange.RouteCode) string {
	var names []string
	for _, s := range rule.Steps {
		for _, o := range s.Outcomes {
			if o.Route == route {
				names = append(names, in(v.lang, o.Name))
			}
		}
	}
	return strings.Join(names, "; ")
}

// ownItems are those that our capacity has, of the kinds that may be said.
func (v *visit) ownItems(s *speaking, regime exchange.Regime) {
	under, _ := v.c.purpose(s.Purpose).Under(regime)
	for item := range v.c.node.Law().Items() {
		own := v.capacity()
		if item.Domain != own.Domain || !slices.Contains(under.Categories, item.Category) || !own.May(item.Category) {
			continue
		}
		one := sayable{Item: item}
		for _, d := range exchange.Depths {
			if words, ok := item.Depths[d]; ok {
				one.Options = append(one.Options, option{string(d), in(v.lang, words)})
			}
		}
		s.Items = append(s.Items, one)
	}
}

// answers lists what was answered in the case of the conference.
func (v *visit) answers(s *speaking) error {
	if s.Case == "" {
		return nil
	}
	all, err := v.everything(peer.Filter{Side: exchange.Asker, Phase: exchange.Answered, Case: s.Case, Hat: v.session.hat})
	s.Answers = all
	return err
}

// heldItems are those of one answer, to be said as they were supplied.
func (v *visit) heldItems(s *speaking) error {
	x, err := v.c.node.Open(v.r.Context(), v.who(), s.From)
	if err != nil {
		return err
	}
	for _, i := range x.Answer.Items {
		if held, ok := x.Holds(i.Item); ok {
			s.Items = append(s.Items, sayable{Item: v.c.item(i.Item), Value: held.Value})
		}
	}
	return nil
}

func contributePage(v *visit) error {
	s, err := v.speaking()
	if err != nil {
		return err
	}
	kept := v.refilled
	if !kept {
		if kept, err = v.recallUnsaid(&s); err != nil {
			return err
		}
	}
	if !kept {
		for _, p := range s.Listeners {
			s.Values.Add("aan", p.Value)
		}
		today := v.c.now().In(office).Format(time.DateOnly)
		for _, f := range s.Steps {
			if f.Day {
				s.Values.Set(f.Name+".dag", today)
			}
			if f.With && len(s.Colleagues) == 1 {
				s.Values.Set(f.Name+".met", s.Colleagues[0].Value)
			}
		}
	}
	return v.show("conference-contribute", v.word("contribute.title"), s)
}

// contribute shows what the others will hear, and says it from there.
func contribute(v *visit) error {
	if done, err := v.keepSpeaking(); done || err != nil {
		return err
	}
	s, err := v.speaking()
	if err != nil {
		return err
	}
	one := unsaid{s.ID, s.From}
	if err := v.keepNamed(s.ID, one.name(), hidden(v.r.PostForm)); err != nil {
		return err
	}
	said := v.spoken(&s)
	if len(s.Mistakes) > 0 || v.field("actie") == "terug" {
		return v.show("conference-contribute", v.word("contribute.title"), s)
	}
	if v.field("actie") != "zeggen" {
		s.Preview = &said
		return v.show("conference-contribute-check", v.word("contribute.check"), s)
	}
	if _, err := v.c.node.Contribute(v.r.Context(), v.who(), s.ID, said); err != nil {
		s.Mistakes = append(s.Mistakes, v.advice(err))
		return v.show("conference-contribute", v.word("contribute.title"), s)
	}
	// It was said: with an error on his screen he would say it again.
	if err := v.keepNamed(s.ID, one.name(), nil); err != nil {
		v.c.log.Error("the draft of what was said is still there", "error", err.Error())
	}
	v.say("contribute.done")
	return v.redirect("/overleg/" + string(s.ID))
}

// spoken is what is said, as the form says it.
func (v *visit) spoken(s *speaking) (said peer.Speaking) {
	for _, i := range s.Items {
		code := string(i.Code)
		one := exchange.Said{Item: i.Code}
		switch {
		case s.From != "":
			if !s.Has("gegeven", code) {
				continue
			}
			one.From = s.From
		case v.field("diepte."+code) == "":
			if v.begun("waarde."+code, nil) {
				s.wrong("diepte."+code, v.word("contribute.depth.missing", "item", in(v.lang, i.Name)))
			}
			continue
		default:
			one.Depth, one.Value = exchange.Depth(v.field("diepte."+code)), v.text("waarde."+code)
			if one.Value.Blank() {
				s.wrong("waarde."+code, v.word("contribute.value.missing", "item", in(v.lang, i.Name)))
			}
		}
		said.Items = append(said.Items, one)
	}
	if len(said.Items) == 0 && len(s.Mistakes) == 0 {
		s.wrong("gegevens", v.word("contribute.nothing"))
	}
	for _, p := range s.Present() {
		if s.Has("aan", p.String()) {
			said.To = append(said.To, p)
		}
	}
	if len(said.To) == 0 && len(s.Listeners) > 0 {
		s.wrong("aan", v.word("contribute.nobody"))
	}
	var ok bool
	if said.Told, ok = v.day("verteld"); !ok {
		s.wrong("verteld", v.word("decide.day"))
	}
	said.Steps = v.steps(s)
	return said
}

// steps are those of the weighing on the route that was chosen.
func (v *visit) steps(s *speaking) (taken []exchange.Step) {
	route := exchange.RouteCode("")
	for _, f := range s.Steps {
		if f.Route != "" && f.Route != route {
			continue
		}
		o, ok := f.Outcome(exchange.OutcomeCode(v.field(f.Name)))
		if !ok {
			s.wrong(f.Name, v.word("contribute.step.missing", "ask", in(v.lang, f.Ask)))
			continue
		}
		if o.Route != "" {
			route = o.Route
		}
		step := exchange.Step{Code: f.Code, Outcome: o.Code}
		if o.Text {
			if step.Text = v.text(f.Name + ".waarom"); step.Text.Blank() {
				s.wrong(f.Name+".waarom", v.word("weigh.why.missing"))
			}
		}
		if o.Day {
			if step.Day, ok = v.day(f.Name + ".dag"); !ok || step.Day.IsZero() {
				s.wrong(f.Name+".dag", v.word("weigh.day.missing"))
			}
		}
		if o.With {
			if step.With = exchange.ActorID(v.field(f.Name + ".met")); step.With == "" {
				s.wrong(f.Name+".met", v.word("weigh.with.missing"))
			}
		}
		taken = append(taken, step)
	}
	return taken
}

// Hidden is the form as it goes along with the preview.
func (s speaking) Hidden() url.Values { return hidden(s.Values) }

// Shown are the items of the preview with what is said of each.
func (s speaking) Shown() (all []exchange.Said) {
	for _, i := range s.Preview.Items {
		for _, own := range s.Items {
			if own.Code == i.Item && i.From != "" {
				i.Value = own.Value
			}
		}
		all = append(all, i)
	}
	return all
}

// Weighed puts the question of a step to its answer, for the preview.
func (s speaking) Weighed() (all []weighed) {
	for _, t := range s.Preview.Steps {
		rule, _ := s.Rule.Step(t.Code)
		o, _ := rule.Outcome(t.Outcome)
		all = append(all, weighed{rule.Ask, o.Name, t.Text})
	}
	return all
}

// A weighed is one step as the preview shows it.
type weighed struct {
	Ask, Name exchange.Sentence
	Text      exchange.Personal
}

func number(n int) string { return strconv.Itoa(n) }

// parseNumber reads the number of a person; 0 for what is none.
func parseNumber(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

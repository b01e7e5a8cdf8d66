package exchange_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/schemas"
)

var (
	noon  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	today = noon.Truncate(24 * time.Hour)
)

// parsed is the law in force, read once: it does not change.
var parsed = sync.OnceValues(func() (*exchange.Law, error) { return exchange.ParseLaw(schemas.Catalogues()) })

func lawInForce(t testing.TB) *exchange.Law {
	t.Helper()
	law, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return law
}

// refused fails unless err is a refusal with one of the codes.
func refused(t *testing.T, what string, err error, codes ...exchange.Code) {
	t.Helper()
	var r *exchange.Refusal
	if !errors.As(err, &r) || !slices.Contains(codes, r.Code) {
		t.Errorf("%s: got %v, want refusal %v", what, err, codes)
	}
}

func x(text string) exchange.Personal { return exchange.Hide(text) }

// capacity is a capacity that may process everything; its code is its domain.
func capacity(task exchange.TaskCode, domain exchange.DomainCode, regime exchange.Regime) exchange.Capacity {
	return exchange.Capacity{
		Code: exchange.CapacityCode(domain), Domain: domain, Task: task, Regime: regime, MayProcessBSN: true, Special: exchange.Categories[1:],
	}
}

// Capacities that the tests meet more than once.
var (
	investigation = capacity("investigation", "investigation", exchange.NoSecrecy)
	coordination  = capacity("coordination", "coordination", exchange.NoSecrecy)
	desk          = capacity("reporting-desk", "reporting-desk", exchange.NoSecrecy)
	housing       = capacity("service", "housing", exchange.NoSecrecy)
	debts         = capacity("municipal-service", "debts", exchange.NoSecrecy)
	mentalHealth  = capacity("service", "mental-health", exchange.WGBO)
	youthCare     = capacity("service", "youth-care", exchange.YouthAct)
	probation     = capacity("service", "probation", exchange.Wjsg)
	police        = capacity("service", "police", exchange.Wpg)
	mayor         = capacity("mayor", "mayor", exchange.Mayor)
	safetyHouse   = capacity("care-and-safety", "care-and-safety", exchange.NoSecrecy)
)

func party(oin exchange.OIN, c exchange.Capacity) exchange.Party {
	return exchange.Party{OIN: oin, Name: "Voorbeeld", Capacities: []exchange.Capacity{c}}
}

const (
	askerOIN = exchange.OIN("00000099000001001000")
	askedOIN = exchange.OIN("00000099000002002000")
)

// actor is somebody who holds a role in a capacity and wears its hat.
func actor(id exchange.ActorID, role exchange.Role, in exchange.CapacityCode) exchange.Actor {
	return exchange.Actor{ID: id, Hat: in, Roles: []exchange.Grant{{Role: role, Capacity: in}}}
}

// A scene is a request in its case, in order unless a test changes it.
type scene struct {
	law *exchange.Law
	exchange.Asking
	Decider exchange.Actor
}

// between is a request for items, each at the least depth it has, on the first
// trigger of the purpose that the asker may open a case on.
func between(t testing.TB, purpose exchange.PurposeCode, asker, asked exchange.Capacity, items ...exchange.ItemCode) *scene {
	t.Helper()
	law := lawInForce(t)
	p, ok := law.Purpose(purpose)
	if !ok {
		t.Fatalf("there is no purpose %s", purpose)
	}
	asks, _ := law.Task(asker.Task)
	decides, _ := law.Task(asked.Task)
	s := &scene{law: law, Decider: actor("d.bakker", decides.Decides[0], asked.Code)}
	s.From, s.To, s.By, s.At = party(askerOIN, asker), party(askedOIN, asked), actor("a.jansen", asks.Asks[0], asker.Code), noon
	person := exchange.Person{Standing: exchange.Client, Name: x("J. Fictief"), Born: x("1980-02-29"), Address: x("Voorbeeldstraat 1")}
	s.Case = exchange.Case{
		ID: "0193a0b0-0000-7000-8000-00000000000c", Own: exchange.PartyID{OIN: askerOIN, Capacity: asker.Code}, People: []exchange.Person{person},
	}
	for _, code := range triggers(p) {
		if rule, _ := law.Trigger(code); slices.Contains(rule.Tasks, asker.Task) {
			s.Case.Trigger = s.trigger(rule, asked)
			break
		}
	}
	s.Request = exchange.Request{
		ID: "0193a0b0-0000-7000-8000-000000000001", Case: s.Case.ID, From: s.Case.Own, To: exchange.PartyID{OIN: askedOIN, Capacity: asked.Code},
		Purpose: purpose, Trigger: exchange.TriggerNote{Code: s.Case.Trigger.Code, On: today}, Specific: x("to plan help"),
		Subject:     exchange.Subject{Standing: person.Standing, Name: person.Name, Born: person.Born, Address: person.Address},
		Involvement: exchange.Involvement{State: exchange.InConsultation}, Contact: x("06-00000000"), Due: noon.AddDate(0, 0, 5),
	}
	domain, _ := law.Domain(asked.Domain)
	for _, n := range p.Needs {
		if n.Category == "" && !n.Background && (n.Kind == "" || n.Kind == domain.Kind) {
			s.Request.Statements = append(s.Request.Statements, s.state(n.Statement))
		}
	}
	for _, code := range items {
		item, ok := law.Item(code)
		if !ok {
			t.Fatalf("there is no item %s", code)
		}
		a := exchange.AskedItem{Item: code, Why: x("needed for the plan")}
		for _, d := range exchange.Depths {
			if _, ok := item.Depths[d]; ok && a.Depth == "" {
				a.Depth = d
			}
		}
		for _, n := range p.Needs {
			if n.Category != "" && n.Category == item.Category || n.Background && item.Background {
				a.Statements = append(a.Statements, s.state(n.Statement))
			}
		}
		s.Request.Items = append(s.Request.Items, a)
	}
	if p.Taking {
		s.Request.Conference = "0193a0b0-0000-7000-8000-0000000000cc"
		s.Taking = said(s.Request)
	}
	return s
}

// triggers lists what a case for the purpose can begin with, in every way.
func triggers(p exchange.Purpose) (all []exchange.TriggerCode) {
	for _, w := range p.Ways {
		all = append(all, w.Triggers...)
	}
	return all
}

// state is a statement that is in order: the first choice, or some text.
func (s *scene) state(code exchange.StatementCode) exchange.Statement {
	rule, _ := s.law.Statement(code)
	if len(rule.Choices) > 0 {
		return exchange.Statement{Code: code, Text: x(string(rule.Choices[0].Code))}
	}
	return exchange.Statement{Code: code, Text: x("because")}
}

func (s *scene) trigger(rule exchange.TriggerRule, asked exchange.Capacity) exchange.Trigger {
	tr := exchange.Trigger{Code: rule.Code, On: today}
	for _, code := range append(slices.Clone(rule.All), rule.Any...) {
		tr.Statements = append(tr.Statements, s.state(code))
	}
	if rule.From {
		tr.From = exchange.PartyID{OIN: askedOIN, Capacity: asked.Code}
	}
	if rule.Scope {
		tr.Scope = []exchange.DomainCode{asked.Domain}
	}
	return tr
}

// on puts the case and the request on another trigger.
func (s *scene) on(code exchange.TriggerCode) *scene {
	rule, _ := s.law.Trigger(code)
	s.Case.Trigger = s.trigger(rule, s.To.Capacities[0])
	s.Request.Trigger.Code = code
	return s
}

// within puts both capacities in one organisation.
func (s *scene) within() *scene {
	s.To.OIN, s.Request.To.OIN = askerOIN, askerOIN
	return s
}

// ask opens the case and asks.
func (s *scene) ask() error {
	c, _, err := exchange.OpenCase(s.law, s.Case, s.From, s.By, noon)
	if err != nil {
		return err
	}
	a := s.Asking
	a.Case = c
	_, _, err = exchange.Ask(s.law, a)
	return err
}

func (s *scene) mustAsk(t *testing.T) *scene {
	t.Helper()
	if err := s.ask(); err != nil {
		t.Errorf("%s: %v", s.Request.Purpose, err)
	}
	return s
}

// accept is the supplier's side.
func (s *scene) accept(t *testing.T) exchange.Exchange {
	t.Helper()
	held, _, err := exchange.Accept(s.law, s.Request, s.From, s.To, noon)
	if err != nil {
		t.Fatalf("%s: %v", s.Request.Purpose, err)
	}
	return held
}

// step is a step with whatever its outcome wants recorded.
func (s *scene) step(t *testing.T, held exchange.Exchange, code exchange.StepCode, outcome exchange.OutcomeCode) exchange.Step {
	t.Helper()
	rule, _, err := s.law.WeighingOf(held.Request, s.To, s.Decider)
	if err != nil {
		t.Fatal(err)
	}
	step := exchange.Step{Code: code, Outcome: outcome}
	if r, ok := rule.Step(code); ok {
		if o, ok := r.Outcome(outcome); ok {
			if o.Text {
				step.Text = x("because")
			}
			if o.Day {
				step.Day = today
			}
			if o.With {
				step.With = "e.collega"
			}
		}
	}
	return step
}

// weigh takes steps, "step=outcome".
func (s *scene) weigh(t *testing.T, held exchange.Exchange, steps ...[2]string) exchange.Exchange {
	t.Helper()
	for _, each := range steps {
		next, event, err := held.Weigh(s.law, s.step(t, held, exchange.StepCode(each[0]), exchange.OutcomeCode(each[1])), s.To, s.Decider, noon)
		if err != nil {
			t.Fatalf("%s, step %s: %v", s.Request.Purpose, each[0], err)
		}
		if event.Kind != exchange.StepTaken || event.By != s.Decider.ID {
			t.Errorf("event of a step: %+v", event)
		}
		held = next
	}
	return held
}

func (s *scene) supplyAll() exchange.Decision {
	var d exchange.Decision
	for _, a := range s.Request.Items {
		d.Items = append(d.Items, exchange.ItemDecision{Item: a.Item, Outcome: exchange.Supply, Depth: a.Depth, Value: x("yes")})
	}
	return d
}

func (s *scene) withholdAll(ground exchange.GroundCode) exchange.Decision {
	var d exchange.Decision
	for _, a := range s.Request.Items {
		d.Items = append(d.Items, exchange.ItemDecision{Item: a.Item, Outcome: exchange.Withhold, Ground: ground})
	}
	return d
}

func (s *scene) decide(held exchange.Exchange, d exchange.Decision) (exchange.Exchange, error) {
	after, _, err := held.Decide(s.law, d, s.To, s.Decider, exchange.Policy{}, noon)
	return after, err
}

// supplies holds that everything can be supplied after these steps, and not
// before the last of them.
func (s *scene) supplies(t *testing.T, weighing exchange.WeighingCode, steps ...[2]string) {
	t.Helper()
	held := s.accept(t)
	rule, _, err := s.law.WeighingOf(held.Request, s.To, s.Decider)
	if err != nil || rule.Code != weighing {
		t.Errorf("%s: weighed as %s, %v; want %s", s.Request.Purpose, rule.Code, err, weighing)
	}
	for _, each := range steps {
		_, err := s.decide(held, s.supplyAll())
		refused(t, string(s.Request.Purpose)+" before step "+each[0], err, exchange.WeighingOpen)
		held = s.weigh(t, held, each)
	}
	after, err := s.decide(held, s.supplyAll())
	if err != nil || after.Phase != exchange.Decided || after.Decision.By != s.Decider.ID {
		t.Errorf("%s: after all steps: %s, %v", s.Request.Purpose, after.Phase, err)
	}
}

// withholds holds which grounds fit.
func (s *scene) withholds(t *testing.T, fit, unfit []exchange.GroundCode) {
	t.Helper()
	for _, g := range fit {
		if _, err := s.decide(s.accept(t), s.withholdAll(g)); err != nil {
			t.Errorf("%s withheld on %s: %v", s.Request.Purpose, g, err)
		}
	}
	for _, g := range unfit {
		_, err := s.decide(s.accept(t), s.withholdAll(g))
		refused(t, fmt.Sprintf("%s withheld on %s", s.Request.Purpose, g), err, exchange.GroundNotHere, exchange.UnknownGround)
	}
}

// notFor holds that the request is refused when another capacity asks.
func notFor(t *testing.T, purpose exchange.PurposeCode, asked exchange.Capacity, item exchange.ItemCode, askers ...exchange.Capacity) {
	t.Helper()
	for _, c := range askers {
		s := between(t, purpose, c, asked, item)
		p, _ := s.law.Purpose(purpose)
		s.Request.Trigger.Code, s.Case.Trigger.Code = triggers(p)[0], triggers(p)[0]
		_, _, err := exchange.Accept(s.law, s.Request, s.From, s.To, noon)
		refused(t, fmt.Sprintf("%s by %s", purpose, c.Task), err, exchange.PurposeNotAsker)
	}
}

var (
	consented   = [][2]string{{"enough-information", "yes"}, {"consent", "given"}, {"least", "yes"}, {"client-told", "before"}}
	withoutHim  = [][2]string{{"enough-information", "yes"}, {"consent", "refused"}, {"good-care", "yes"}, {"prevents-and-outweighs", "yes"}, {"colleague", "agrees"}, {"least", "yes"}, {"client-told", "after"}}
	actAllows   = [][2]string{{"act-allows", "yes"}, {"least", "yes"}}
	isNecessary = [][2]string{{"necessary", "yes"}}
)

// Art. 2.3a.1: an investigation begins with the client's request, in
// consultation with him, within what he agreed to, in six weeks.
func TestArticle2_3a_1(t *testing.T) {
	begin := func() *scene {
		return between(t, "investigation/client-request", investigation, housing, "rent-arrears")
	}
	begin().mustAsk(t)
	for _, c := range []struct {
		rule   string
		change func(*scene)
		code   exchange.Code
	}{
		{"2.3a.1(1): no request under one of the acts", func(s *scene) { s.Case.Trigger.Statements[0].Text = x("tax") }, exchange.BadStatement},
		{"2.3a.1(1): a match of files", func(s *scene) { s.Case.Trigger.Statements[1].Text = x("data-match") }, exchange.BadStatement},
		{"2.3a.1(1), 1.1.1: no coherence between the problems", func(s *scene) { s.Case.Trigger.Statements = s.Case.Trigger.Statements[:2] }, exchange.StatementMissing},
		{"2.3a.1(3): a family member who did not agree", func(s *scene) {
			s.Case.People[0].Standing, s.Request.Subject.Standing = exchange.Family, exchange.Family
		}, exchange.FamilyNotAgreed},
		{"2.3a.1(4): beyond what the client wants looked into", func(s *scene) { s.Case.Trigger.Scope = []exchange.DomainCode{"debts"} }, exchange.OutsideScope},
		{"2.3a.1(4): without the client", func(s *scene) { s.Request.Involvement.State = exchange.Informed }, exchange.InvolvementNotEnough},
		{"2.3a.1(4): which question it answers", func(s *scene) { s.Request.Statements = s.Request.Statements[1:] }, exchange.StatementMissing},
		{"2.3a.1(4): after the six weeks", func(s *scene) { s.Request.Due = noon.AddDate(0, 0, 44) }, exchange.DeadlineTooLate},
		{"2.3a.1(4): on the request of a party", func(s *scene) { s.on("party-request") }, exchange.TriggerNotOfPurpose},
	} {
		s := begin()
		c.change(s)
		refused(t, c.rule, s.ask(), c.code)
	}
	agreed := begin()
	agreed.Case.People[0].Standing, agreed.Request.Subject.Standing = exchange.Family, exchange.Family
	agreed.Case.People[0].Agreed = today
	agreed.mustAsk(t)
	notFor(t, "investigation/client-request", housing, "rent-arrears", coordination, desk, debts, housing, mayor, safetyHouse)
}

// Art. 2.3a.4: a party's motivated request, which the college decides on; the
// investigation that follows does not wait for the client.
func TestArticle2_3a_4(t *testing.T) {
	for _, asker := range []exchange.Capacity{housing, debts, mayor, safetyHouse} {
		s := between(t, "serious-problems/motivated-request", asker, investigation, "investigation-taken-up").mustAsk(t)
		s.supplies(t, "take-up", [2]string{"criteria", "yes"})
		s.withholds(t, []exchange.GroundCode{"criteria-not-met", "other-route"}, []exchange.GroundCode{"other-weighty-reason", ""})
	}
	notFor(t, "serious-problems/motivated-request", investigation, "investigation-taken-up", coordination, desk, investigation)
	for i, limb := range between(t, "serious-problems/motivated-request", housing, investigation, "investigation-taken-up").Request.Statements {
		s := between(t, "serious-problems/motivated-request", housing, investigation, "investigation-taken-up")
		s.Request.Statements = slices.Delete(s.Request.Statements, i, i+1)
		refused(t, "2.3a.4(1) without "+string(limb.Code), s.ask(), exchange.StatementMissing)
	}
	health := between(t, "serious-problems/motivated-request", housing, investigation, "investigation-limits")
	health.Request.Items[0].Statements = nil
	refused(t, "2.3a.4(1): what comes back is whether it begins", health.ask(), exchange.CategoryForbidden)

	// (2)(3): the criteria again in the college's own case, the requester asked
	// with the others, and every degree of involvement, with its reason.
	for _, state := range exchange.InvolvementStates {
		s := between(t, "investigation/serious-problems", investigation, housing, "nuisance-reports")
		s.Request.Involvement = exchange.Involvement{State: state, Why: x("he avoids all help")}
		s.mustAsk(t)
	}
	for i, limb := range between(t, "investigation/serious-problems", investigation, housing, "nuisance-reports").Case.Trigger.Statements {
		if limb.Code == "nuisance" || limb.Code == "safety" {
			continue // one of the two is enough
		}
		s := between(t, "investigation/serious-problems", investigation, housing, "nuisance-reports")
		s.Case.Trigger.Statements = slices.Delete(s.Case.Trigger.Statements, i, i+1)
		refused(t, "2.3a.4(2) without "+string(limb.Code), s.ask(), exchange.StatementMissing)
	}
	nobody := between(t, "investigation/serious-problems", investigation, housing, "nuisance-reports")
	nobody.Case.Trigger.From = exchange.PartyID{}
	refused(t, "2.3a.4(1): at nobody's request", nobody.ask(), exchange.BadTrigger)
}

// Art. 5.4.2(1): a duty unless weighty reasons that the party alone judges;
// the college says what for and why each item; the party may set conditions.
func TestArticle5_4_2_1(t *testing.T) {
	for _, purpose := range []exchange.PurposeCode{"investigation/client-request", "investigation/serious-problems"} {
		s := between(t, purpose, investigation, housing, "rent-arrears", "nuisance-reports").mustAsk(t)
		s.supplies(t, "duty")
		rule, _, _ := s.law.WeighingOf(s.Request, s.To, s.Decider)
		if !rule.Duty {
			t.Errorf("%s: no duty", purpose)
		}
		s.withholds(t, []exchange.GroundCode{"trust-broken", "investigation-harmed", "other-weighty-reason", "not-necessary"},
			[]exchange.GroundCode{"", "secrecy-outweighs", "treatment-relation", "act-forbids", "mayor-secrecy"})
		d := s.supplyAll()
		d.Conditions = []exchange.Condition{
			{Code: exchange.AskFirst}, {Code: exchange.NotTo, Parties: []exchange.PartyID{s.Request.From}}, {Code: exchange.NoOnward, Items: []exchange.ItemCode{"rent-arrears"}},
		}
		after, err := s.decide(s.accept(t), d)
		if err != nil || len(after.Decision.Answer().Conditions) != 3 {
			t.Errorf("%s with conditions: %v", purpose, err)
		}
		for rule, change := range map[string]func(*exchange.Request){
			"what for":         func(r *exchange.Request) { r.Specific = exchange.Personal{} },
			"why this item":    func(r *exchange.Request) { r.Items[1].Why = exchange.Personal{} },
			"whom to call":     func(r *exchange.Request) { r.Contact = exchange.Personal{} },
			"why this party":   func(r *exchange.Request) { r.Statements = slices.Delete(r.Statements, 1, 2) },
			"why not a social": func(r *exchange.Request) { r.Statements = r.Statements[:2] },
		} {
			bad := between(t, purpose, investigation, housing, "rent-arrears", "nuisance-reports")
			change(&bad.Request)
			_, _, err := exchange.Accept(bad.law, bad.Request, bad.From, bad.To, noon)
			refused(t, string(purpose)+" does not say "+rule, err, exchange.ReasonMissing, exchange.StatementMissing)
		}
	}
	// Religion and ethnicity only to fit youth help or tailored support.
	faith := between(t, "investigation/client-request", investigation, youthCare, "youth-faith-and-customs").mustAsk(t)
	faith.Request.Items[0].Statements = []exchange.Statement{{Code: "tuning", Text: x("benefit")}}
	refused(t, "5.4.1(2): special data to fit a benefit", faith.ask(), exchange.BadStatement)
	// Why somebody is under supervision is asked only with a reason of its own.
	cause := between(t, "investigation/client-request", investigation, probation, "offence").mustAsk(t)
	cause.Request.Items[0].Statements = cause.Request.Items[0].Statements[:1]
	refused(t, "5.4.1(2): the cause, without why", cause.ask(), exchange.StatementMissing)
}

// Art. 5.4.2(2): under art. 7:457 BW, 88 Wet BIG and 7.3.11 Jeugdwet there is
// no duty: consent, or without it the professional's own weighing in all steps.
func TestArticle5_4_2_2(t *testing.T) {
	for _, c := range []struct {
		regime exchange.Regime
		asked  exchange.Capacity
		item   exchange.ItemCode
	}{
		{exchange.WGBO, mentalHealth, "mental-health-known"}, {exchange.BIG, mentalHealth, "mental-health-known"},
		{exchange.YouthAct, youthCare, "involved-helper"}, // ordinary data is secret too
	} {
		asked := c.asked
		asked.Regime = c.regime
		begin := func() *scene {
			return between(t, "investigation/serious-problems", investigation, asked, c.item)
		}
		begin().mustAsk(t).supplies(t, "secrecy", consented...)
		begin().supplies(t, "secrecy", withoutHim...)
		begin().withholds(t, []exchange.GroundCode{"treatment-relation", "only-contact-breaks", "secrecy-outweighs", "colleague-advised-against"},
			[]exchange.GroundCode{"other-weighty-reason", "trust-broken", "investigation-harmed", "act-forbids"})

		for i := range withoutHim {
			steps := slices.Delete(slices.Clone(withoutHim), i, i+1)
			if withoutHim[i][0] == "consent" {
				continue // the steps after it are on no route then; next test
			}
			s := begin()
			_, err := s.decide(s.weigh(t, s.accept(t), steps...), s.supplyAll())
			refused(t, fmt.Sprintf("%s without step %s", c.regime, withoutHim[i][0]), err, exchange.WeighingOpen)
		}
		s := begin()
		_, _, err := s.accept(t).Weigh(s.law, s.step(t, s.accept(t), "good-care", "yes"), s.To, s.Decider, noon)
		refused(t, "the own weighing before consent was tried", err, exchange.StepNotOnRoute)
		for _, stop := range [][2]string{{"enough-information", "no"}, {"good-care", "no"}, {"prevents-and-outweighs", "no"}} {
			s := begin()
			held := s.weigh(t, s.weigh(t, s.accept(t), withoutHim...), stop)
			_, err := s.decide(held, s.supplyAll())
			refused(t, fmt.Sprintf("%s: %s is no", c.regime, stop[0]), err, exchange.WeighingStops)
			if _, err := s.decide(held, s.withholdAll("secrecy-outweighs")); err != nil {
				t.Errorf("%s: %s is no, and withheld: %v", c.regime, stop[0], err)
			}
		}
		// Consent withdrawn after it was given leads back to the other route.
		s = begin()
		held := s.weigh(t, s.weigh(t, s.accept(t), consented...), [2]string{"consent", "refused"})
		_, err = s.decide(held, s.supplyAll())
		refused(t, "consent refused after all", err, exchange.WeighingOpen)
		// The colleague is another person.
		s = begin()
		held = s.weigh(t, s.accept(t), withoutHim[:4]...)
		alone := s.step(t, held, "colleague", "agrees")
		alone.With = s.Decider.ID
		_, _, err = held.Weigh(s.law, alone, s.To, s.Decider, noon)
		refused(t, "one's own colleague", err, exchange.ColleagueIsSelf)
	}
	// A doctor among people without secrecy weighs under his own.
	school := capacity("service", "education", exchange.NoSecrecy)
	s := between(t, "investigation/serious-problems", investigation, school, "attendance")
	s.Decider.Roles[0].Regime = exchange.BIG
	s.supplies(t, "secrecy", withoutHim...)
}

// Memorandum §4.3.3 and to art. 5.4.4(4): who is bound by a secrecy as a helper
// decides on the file of the coordinator, the college or the desk in that role
// alone. At the table of a Care and Safety House he is what he is.
func TestOtherRoleOtherSecrecy(t *testing.T) {
	for _, c := range []struct {
		scene    *scene
		weighing exchange.WeighingCode
		steps    [][2]string
	}{
		{between(t, "coordination/contribution", housing, coordination, "approach-limits"), "necessity", isNecessary},
		{between(t, "handover/coordinator", coordination, investigation, "investigation-limits"), "necessity", isNecessary},
		{between(t, "coordination-end", investigation, coordination, "coordination-file"), "hand-back", nil},
		{between(t, "report-forward", housing, desk, "report-question"), "person-agrees", [][2]string{{"person-agrees", "agreed"}}},
	} {
		for _, regime := range []exchange.Regime{exchange.WGBO, exchange.BIG, exchange.YouthAct} {
			c.scene.Decider.Roles[0].Regime = regime
			c.scene.supplies(t, c.weighing, c.steps...)
		}
	}
	table := between(t, "zvh-alignment", coordination, safetyHouse, "safety-house-case")
	table.Decider.Roles[0].Regime = exchange.WGBO
	_, err := table.decide(table.accept(t), table.supplyAll())
	refused(t, "VIII: a therapist at the table", err, exchange.RegimeNotAsked)
}

// Somebody whose own regime knows fewer categories supplies no more than that,
// though his organisation may be asked for it.
func TestOwnRegimeLimitsTheCategories(t *testing.T) {
	documents := schemas.Catalogues()
	const row = `{"regimes": ["wgbo", "big", "jeugdwet"], "weighing": "secrecy", "categories": ["ordinary", %s"special", "criminal"]}`
	documents["purposes"] = bytes.Replace(documents["purposes"], fmt.Appendf(nil, row, `"health", `), fmt.Appendf(nil, row, ""), 1)
	law, err := exchange.ParseLaw(documents)
	if err != nil {
		t.Fatal(err)
	}
	s := between(t, "investigation/client-request", investigation, capacity("service", "education", exchange.NoSecrecy), "school-limits")
	s.law = law
	s.supplies(t, "duty")
	s.Decider.Roles[0].Regime = exchange.BIG
	held := s.weigh(t, s.accept(t), consented...)
	_, err = s.decide(held, s.supplyAll())
	refused(t, "health data of a doctor whose row leaves it out", err, exchange.CategoryForbidden)
}

// Art. 5.4.2(3): police and justice data leaves only as the Wpg or Wjsg allows.
func TestArticle5_4_2_3(t *testing.T) {
	for _, c := range []struct {
		asked exchange.Capacity
		item  exchange.ItemCode
	}{
		{police, "nuisance-incidents"}, {probation, "supervision-running"}, {capacity("service", "public-prosecution", exchange.Wjsg), "prosecution-running"},
		{capacity("service", "custody", exchange.Wjsg), "detention"},
	} {
		for _, purpose := range []exchange.PurposeCode{"investigation/client-request", "investigation/serious-problems", "conference/investigation"} {
			s := between(t, purpose, investigation, c.asked, c.item).mustAsk(t)
			s.supplies(t, "closed", actAllows...)
			_, err := s.decide(s.weigh(t, s.accept(t), [2]string{"act-allows", "no"}, [2]string{"least", "yes"}), s.supplyAll())
			refused(t, "the act does not allow it", err, exchange.WeighingStops)
			noArticle := s.step(t, s.accept(t), "act-allows", "yes")
			noArticle.Text = exchange.Personal{}
			_, _, err = s.accept(t).Weigh(s.law, noArticle, s.To, s.Decider, noon)
			refused(t, "allowed by no article", err, exchange.BadStep)
			s.withholds(t, []exchange.GroundCode{"act-forbids", "investigation-harmed", "prosecution-harmed"}, []exchange.GroundCode{"trust-broken", "treatment-relation"})
		}
	}
}

// Art. 5.4.2(4): the mayor weighs himself whether it is necessary, also what
// the Wvggz and Wzd keep secret.
func TestArticle5_4_2_4(t *testing.T) {
	for _, item := range []exchange.ItemCode{"behaviour-order", "restraining-order", "crisis-measure"} {
		s := between(t, "investigation/serious-problems", investigation, mayor, item).mustAsk(t)
		s.supplies(t, "mayor", [2]string{"necessary", "yes"}, [2]string{"least", "yes"})
		_, err := s.decide(s.weigh(t, s.accept(t), [2]string{"necessary", "no"}, [2]string{"least", "yes"}), s.supplyAll())
		refused(t, "the mayor finds it not necessary", err, exchange.WeighingStops)
		s.withholds(t, []exchange.GroundCode{"mayor-not-necessary", "mayor-secrecy"}, []exchange.GroundCode{"other-weighty-reason", "secrecy-outweighs"})
	}
	reuse := between(t, "investigation/reuse", investigation, mayor, "behaviour-order")
	refused(t, "5.4.1(4): the mayor's data is not the college's own", reuse.ask(), exchange.PurposeNotAsked)
}

// Art. 5.4.1(4): what the college itself has is used again where this
// investigation needs it; what another has is asked of him as a party.
func TestArticle5_4_1_4(t *testing.T) {
	for domain, item := range map[exchange.DomainCode]exchange.ItemCode{
		"debts": "debt-plan", "youth-care": "involved-helper", "education": "attendance", "civic-integration": "integration-track",
		"other-income": "employment", "mental-health": "mental-health-known", // the Wsw; art. 5:1 and 5:2 Wvggz
	} {
		own := between(t, "investigation/reuse", investigation, capacity("municipal-service", domain, exchange.NoSecrecy), item).within()
		own.mustAsk(t).supplies(t, "necessity", isNecessary...)
		refused(t, "of a party, as if it were the college",
			between(t, "investigation/reuse", investigation, capacity("service", domain, exchange.NoSecrecy), item).within().ask(), exchange.PurposeNotHolder)
		other := between(t, "investigation/reuse", investigation, capacity("municipal-service", domain, exchange.NoSecrecy), item)
		refused(t, "of the college of another municipality", other.ask(), exchange.PurposeOwnData)
		_, _, err := exchange.Accept(other.law, other.Request, other.From, other.To, noon)
		refused(t, "of the college of another municipality, at the other node", err, exchange.PurposeOwnData)
	}
	notFor(t, "investigation/reuse", debts, "debt-plan", coordination, desk, housing, mayor, safetyHouse)
}

// Art. 5.4.2(5): the number between those who may process it, and then always;
// a name, date of birth and address to others.
func TestArticle5_4_2_5(t *testing.T) {
	bsn, err := exchange.ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	for _, may := range []struct{ asker, asked bool }{{true, true}, {true, false}, {false, true}, {false, false}} {
		from, to := investigation, housing
		from.MayProcessBSN, to.MayProcessBSN = may.asker, may.asked
		s := between(t, "investigation/client-request", from, to, "rent-arrears")
		byName := s.Request.Subject
		s.Request.Subject = exchange.Subject{Standing: exchange.Client, BSN: bsn}
		_, _, err := exchange.Accept(s.law, s.Request, s.From, s.To, noon)
		if both := may.asker && may.asked; both != (err == nil) {
			t.Errorf("by number, asker may %t, asked may %t: %v", may.asker, may.asked, err)
		}
		if err != nil {
			refused(t, "by number", err, exchange.BSNNotAllowed)
			s.Request.Subject = byName
			s.mustAsk(t)
			continue
		}
		s.Case.People[0].BSN = bsn
		s.mustAsk(t)
		s.Request.Subject = byName
		refused(t, "by name between two that may use the number", s.ask(), exchange.BSNMissing)
	}
}

// Art. 5.4.2(6): the college tells a party what it needs to discuss a solution.
func TestArticle5_4_2_6(t *testing.T) {
	between(t, "investigation/inform", mayor, investigation, "needed-service").mustAsk(t) // a party as any [5807-5815]
	for _, item := range []exchange.ItemCode{"needed-service", "investigation-limits"} {
		s := between(t, "investigation/inform", housing, investigation, item).mustAsk(t)
		s.supplies(t, "necessity", isNecessary...)
		_, err := s.decide(s.weigh(t, s.accept(t), [2]string{"necessary", "no"}), s.supplyAll())
		refused(t, "not necessary", err, exchange.WeighingStops)
	}
	criminal := between(t, "investigation/inform", housing, investigation, "investigation-safety")
	refused(t, "criminal data", criminal.ask(), exchange.CategoryForbidden)
	other := between(t, "investigation/inform", housing, debts, "debt-total")
	refused(t, "of a party in the place of the college", other.ask(), exchange.PurposeNotAsked)
	notFor(t, "investigation/inform", investigation, "needed-service", coordination, desk, safetyHouse)
}

// Art. 5.4.3(1): the organiser invites, who is necessary and listed.
func TestArticle5_4_3_1(t *testing.T) {
	for purpose, organiser := range map[exchange.PurposeCode]exchange.Capacity{"conference/investigation": investigation, "conference/coordination": coordination} {
		for asked, item := range map[exchange.DomainCode]exchange.ItemCode{
			"housing": "nuisance-reports", "debts": "debt-plan", "youth-care": "youth-faith-and-customs", "police": "incidents-at-home", "mental-health": "crisis-plan",
		} {
			between(t, purpose, organiser, capacity("service", asked, exchange.NoSecrecy), item).mustAsk(t)
		}
		s := between(t, purpose, organiser, housing, "nuisance-reports")
		s.Request.Statements = nil
		refused(t, "5.4.3(1): why this participant is necessary", s.ask(), exchange.StatementMissing)
		unlisted := between(t, purpose, organiser, safetyHouse, "safety-house-case")
		refused(t, "5.4.3(1), 2.3a.5: who is not listed", unlisted.ask(), exchange.PurposeNotAsked)
		for _, c := range []exchange.Capacity{housing, debts, desk, mayor, safetyHouse} {
			notFor(t, purpose, debts, "debt-plan", c)
		}
	}
	notFor(t, "conference/investigation", housing, "nuisance-reports", coordination)
	notFor(t, "conference/coordination", housing, "nuisance-reports", investigation)
	// 2.3a.1(4): a conference at the client's request stays within what he agreed to.
	s := between(t, "conference/investigation", investigation, housing, "nuisance-reports").on("client-request")
	s.Case.Trigger.Scope = []exchange.DomainCode{"debts"}
	refused(t, "a participant beyond what the client agreed to", s.ask(), exchange.OutsideScope)
	// And it is held with the client, and about a family member after he agreed.
	for _, purpose := range []exchange.PurposeCode{"conference/investigation", "investigation/reuse"} {
		begin := func(trigger exchange.TriggerCode) *scene {
			return between(t, purpose, investigation, debts, "debt-plan").within().on(trigger)
		}
		alone := begin("client-request")
		alone.Request.Involvement.State = exchange.Informed
		refused(t, "2.3a.1(4): "+string(purpose)+" without the client", alone.ask(), exchange.InvolvementNotEnough)
		_, _, err := exchange.Accept(alone.law, alone.Request, alone.From, alone.To, noon)
		refused(t, "2.3a.1(4): "+string(purpose)+" without the client, at the other node", err, exchange.InvolvementNotEnough)
		serious := begin("party-request")
		serious.Request.Involvement.State = exchange.Informed
		serious.mustAsk(t)
		family := begin("client-request")
		family.Case.People[0].Standing, family.Request.Subject.Standing = exchange.Family, exchange.Family
		refused(t, "2.3a.1(3): "+string(purpose)+" about who did not agree", family.ask(), exchange.FamilyNotAgreed)
		family.on("party-request").mustAsk(t)
	}
}

// Art. 5.4.3(2): each participant weighs himself; 5.4.2(2), (3) and (5) hold.
func TestArticle5_4_3_2(t *testing.T) {
	for purpose, organiser := range map[exchange.PurposeCode]exchange.Capacity{"conference/investigation": investigation, "conference/coordination": coordination} {
		own := between(t, purpose, organiser, housing, "nuisance-reports")
		own.supplies(t, "necessity", isNecessary...)
		if rule, _, _ := own.law.WeighingOf(own.Request, own.To, own.Decider); rule.Duty {
			t.Errorf("%s: a duty to speak", purpose)
		}
		between(t, purpose, organiser, mentalHealth, "crisis-plan").supplies(t, "secrecy", withoutHim...)
		between(t, purpose, organiser, youthCare, "involved-helper").supplies(t, "secrecy", consented...)
		between(t, purpose, organiser, police, "incidents-at-home").supplies(t, "closed", actAllows...)
		between(t, purpose, organiser, mayor, "behaviour-order").supplies(t, "necessity", isNecessary...)
		numberless := housing
		numberless.MayProcessBSN = false
		s := between(t, purpose, organiser, numberless, "nuisance-reports")
		bsn, _ := exchange.ParseBSN("999993847")
		s.Request.Subject = exchange.Subject{Standing: exchange.Client, BSN: bsn}
		_, _, err := exchange.Accept(s.law, s.Request, s.From, s.To, noon)
		refused(t, "5.4.3(2), 5.4.2(5): the number to a participant that may not", err, exchange.BSNNotAllowed)
	}
}

// Art. 5.4.4(1): from the investigation to the services of the four acts and
// the Wi 2021 and to the mayor, as far as necessary, and never for fraud.
func TestArticle5_4_4_1(t *testing.T) {
	for _, c := range []struct {
		purpose exchange.PurposeCode
		asker   exchange.Capacity
		items   []exchange.ItemCode
		not     exchange.ItemCode
	}{
		{"handover/services", debts, []exchange.ItemCode{"needed-service", "investigation-limits"}, "investigation-safety"},
		{"handover/mayor", mayor, []exchange.ItemCode{"needed-service", "investigation-limits", "investigation-safety"}, ""},
	} {
		s := between(t, c.purpose, c.asker, investigation, c.items...).mustAsk(t)
		s.supplies(t, "necessity", isNecessary...)
		if c.not != "" {
			refused(t, string(c.purpose)+", "+string(c.not), between(t, c.purpose, c.asker, investigation, c.not).ask(), exchange.CategoryForbidden)
		}
		p, _ := s.law.Purpose(c.purpose)
		if !slices.Contains(p.NotFor, "fraud") || !slices.Contains(p.NotFor, "detection") {
			t.Errorf("%s: not for %v", c.purpose, p.NotFor)
		}
		for _, use := range []string{"fraud", "detection", "tax"} {
			s := between(t, c.purpose, c.asker, investigation, c.items[0])
			s.Case.Trigger.Statements[0].Text = x(use)
			refused(t, string(c.purpose)+" for "+use, s.ask(), exchange.BadStatement)
		}
		theirs := between(t, c.purpose, c.asker, housing, "tenancy")
		refused(t, string(c.purpose)+" of another party", theirs.ask(), exchange.PurposeNotAsked)
	}
	notFor(t, "handover/services", investigation, "needed-service", housing, mayor, desk, coordination, safetyHouse)
	notFor(t, "handover/mayor", investigation, "needed-service", housing, debts, desk, coordination, safetyHouse)
	law := lawInForce(t)
	for p := range law.Purposes() {
		for _, use := range []exchange.UseCode{"fraud", "detection", "prosecution", "profiling"} {
			if !slices.Contains(p.NotFor, use) || p.Code == exchange.PurposeCode(use) {
				t.Errorf("%s does not rule out %s", p.Code, use)
			}
		}
	}
}

// Art. 5.4.4(3): the coordinator gets from the investigation what coordination
// needs, item by item; nothing slides along.
func TestArticle5_4_4_3(t *testing.T) {
	s := between(t, "handover/coordinator", coordination, investigation, "needed-service", "investigation-limits", "investigation-safety").mustAsk(t)
	s.supplies(t, "necessity", isNecessary...)
	d := s.supplyAll()
	d.Items = d.Items[:1]
	_, err := s.decide(s.weigh(t, s.accept(t), isNecessary...), d)
	refused(t, "an item without a decision of its own", err, exchange.ItemUndecided)
	notFor(t, "handover/coordinator", investigation, "needed-service", housing, debts, mayor, desk, safetyHouse)
	s.Request.Trigger.Code, s.Case.Trigger.Code = "takes-part", "takes-part"
	refused(t, "before a coordinator was appointed", s.ask(), exchange.TriggerNotOfTask, exchange.TriggerNotOfPurpose)
	unnamed := between(t, "handover/coordinator", coordination, investigation, "needed-service")
	unnamed.Case.Trigger.Statements = unnamed.Case.Trigger.Statements[1:]
	refused(t, "2.3a.3(1): nobody was appointed", unnamed.ask(), exchange.StatementMissing)
}

// Art. 5.4.4(4): a party supplies to the coordinator; a power, under its own
// rules of secrecy and of police and justice data.
func TestArticle5_4_4_4(t *testing.T) {
	own := between(t, "coordination", coordination, housing, "rent-arrears").mustAsk(t)
	own.supplies(t, "necessity", isNecessary...)
	own.withholds(t, []exchange.GroundCode{"not-necessary", "trust-broken"}, []exchange.GroundCode{"other-weighty-reason", "act-forbids"})
	between(t, "coordination", coordination, mentalHealth, "crisis-plan").mustAsk(t).supplies(t, "secrecy", withoutHim...)
	between(t, "coordination", coordination, youthCare, "support-plan").mustAsk(t).supplies(t, "secrecy", consented...)
	between(t, "coordination", coordination, probation, "community-service").mustAsk(t).supplies(t, "closed", actAllows...)
	between(t, "coordination", coordination, mayor, "behaviour-order").mustAsk(t).supplies(t, "necessity", isNecessary...)
	notFor(t, "coordination", housing, "rent-arrears", investigation, debts, mayor, desk, safetyHouse)

	// One person, two hats: as a carer he does not ask for the coordination.
	s := between(t, "coordination", coordination, housing, "rent-arrears")
	s.By.Roles = append(s.By.Roles, exchange.Grant{Role: exchange.Professional, Capacity: "youth-care"})
	s.By.Hat = "youth-care"
	refused(t, "2.3a.3(3): under the hat of a carer", s.ask(), exchange.WrongHat)
}

// Art. 5.4.4(5): the coordinator supplies to a party what its own contribution
// needs, and of special data what that party may process itself.
func TestArticle5_4_4_5(t *testing.T) {
	s := between(t, "coordination/contribution", housing, coordination, "approach-agreements", "approach-limits").mustAsk(t)
	s.supplies(t, "necessity", isNecessary...)
	between(t, "coordination/contribution", mayor, coordination, "approach-agreements").mustAsk(t) // he can be one [7777-7782]
	narrow := housing
	narrow.Special = nil
	limits := between(t, "coordination/contribution", narrow, coordination, "approach-limits")
	refused(t, "health data to who may not process it", limits.ask(), exchange.CategoryAsker)
	notFor(t, "coordination/contribution", coordination, "approach-agreements", investigation, desk, safetyHouse)
	idle := between(t, "coordination/contribution", housing, coordination, "approach-agreements")
	idle.Case.Trigger.Statements = nil
	refused(t, "2.3a.3(3): no part of its own in the approach", idle.ask(), exchange.StatementMissing)
}

// Art. 5.4.4(7): when the coordination ends all data goes to the college, and
// to nobody else.
func TestArticle5_4_4_7(t *testing.T) {
	for _, regime := range []exchange.Regime{exchange.NoSecrecy, exchange.WGBO, exchange.BIG, exchange.YouthAct, exchange.Wpg, exchange.Wjsg} {
		file := coordination
		file.Regime = regime
		s := between(t, "coordination-end", investigation, file, "coordination-file", "coordination-file-justice").on("party-request").mustAsk(t)
		s.supplies(t, "hand-back")
	}
	notFor(t, "coordination-end", coordination, "coordination-file", housing, debts, mayor, desk, safetyHouse, coordination)
}

// Art. 5.4.4(8): the hand-back is a duty, whatever the client agreed to look
// into before.
func TestArticle5_4_4_8(t *testing.T) {
	s := between(t, "coordination-end", investigation, coordination, "coordination-file").on("party-request")
	rule, _, err := s.law.WeighingOf(s.Request, s.To, s.Decider)
	if err != nil || !rule.Duty || len(rule.Steps) != 0 {
		t.Errorf("hand-back: duty %t, %d steps, %v", rule.Duty, len(rule.Steps), err)
	}
	s.withholds(t, []exchange.GroundCode{"not-held", "already-known", "person-unclear"},
		[]exchange.GroundCode{"not-necessary", "less-serves", "too-little-information", "outside-scope", "trust-broken", "safety-at-stake", "background-not-needed"})
	agreed := between(t, "coordination-end", investigation, coordination, "coordination-file").on("client-request")
	agreed.Case.Trigger.Scope = []exchange.DomainCode{"debts"}
	agreed.mustAsk(t)
	p, _ := s.law.Purpose("coordination-end")
	if p.Retention.Article != "5.4.5(2)" || p.Retention.AtMost != 24 || !slices.Contains(p.Retention.From, exchange.Start{Moment: exchange.ApproachEnded}) {
		t.Errorf("kept: %+v", p.Retention)
	}
}

// Art. 5.5.2: a report goes on to who takes it up with the person's agreement,
// except under the Wvggz, and to the desk of the municipality he moved to.
func TestArticle5_5_2(t *testing.T) {
	for _, asker := range []exchange.Capacity{youthCare, housing, debts, mayor} {
		begin := func() *scene { return between(t, "report-forward", asker, desk, "report-question") }
		begin().mustAsk(t).supplies(t, "person-agrees", [2]string{"person-agrees", "agreed"})
		begin().supplies(t, "person-agrees", [2]string{"person-agrees", "wvggz"})
		s := begin()
		_, err := s.decide(s.weigh(t, s.accept(t), [2]string{"person-agrees", "no"}), s.supplyAll())
		refused(t, "5.5.4(1): the person does not agree", err, exchange.WeighingStops)
		s.withholds(t, []exchange.GroundCode{"person-refuses"}, []exchange.GroundCode{"known-is-enough", "criteria-not-met"})
	}
	notFor(t, "report-forward", desk, "report-question", investigation, coordination, safetyHouse, desk)

	// (2): what the college itself has, an earlier investigation included.
	for _, c := range []struct {
		asked exchange.Capacity
		item  exchange.ItemCode
	}{{debts, "debt-help-running"}, {capacity("municipal-service", "mental-health", exchange.NoSecrecy), "mental-health-known"}, {investigation, "investigation-outcome"}} {
		own := func() *scene { return between(t, "triage/reuse", desk, c.asked, c.item).within() }
		own().mustAsk(t).supplies(t, "necessity", isNecessary...)
		other := between(t, "triage/reuse", desk, c.asked, c.item)
		refused(t, "5.5.2(2): of another municipality", other.ask(), exchange.PurposeOwnData)
	}
	party := between(t, "triage/reuse", desk, mentalHealth, "mental-health-known").within()
	refused(t, "5.5.2(2): of a party", party.ask(), exchange.PurposeNotHolder)
	faithful := between(t, "triage/reuse", desk, capacity("municipal-service", "youth-care", exchange.NoSecrecy), "youth-faith-and-customs").within()
	refused(t, "5.5.2(2): religion is not for triage", faithful.ask(), exchange.CategoryForbidden)
	file := between(t, "triage/reuse", desk, coordination, "approach-running").within()
	refused(t, "5.5.2(2): the coordinator's file", file.ask(), exchange.PurposeNotAsked)
	notFor(t, "triage/reuse", debts, "debt-help-running", investigation, coordination, housing, mayor, safetyHouse)

	moved := between(t, "report-moved", desk, desk, "report-file").mustAsk(t)
	moved.supplies(t, "discretion", isNecessary...)
	p, _ := moved.law.Purpose("report-moved")
	if p.Retention.AtLeast != 6 || p.Retention.AtMost != 12 {
		t.Errorf("5.5.4(1): kept %+v", p.Retention)
	}
	stranger := between(t, "report-moved", desk, desk, "report-file")
	stranger.Case.Trigger.Statements[0].Text = x("no")
	refused(t, "5.5.2: a report on somebody who does not live here", stranger.ask(), exchange.BadStatement)
	notFor(t, "report-moved", desk, "report-file", investigation, coordination, debts, housing, mayor)
}

// Art. 5.5.3: the desk asks for triage, and nobody has to answer; "known here"
// may be enough.
func TestArticle5_5_3(t *testing.T) {
	between(t, "triage", desk, housing, "tenancy").mustAsk(t).supplies(t, "discretion", isNecessary...)
	between(t, "triage", desk, desk, "earlier-report").mustAsk(t).supplies(t, "discretion", isNecessary...)
	between(t, "triage", desk, mayor, "behaviour-order").mustAsk(t).supplies(t, "discretion", isNecessary...)
	between(t, "triage", desk, police, "confused-behaviour").mustAsk(t).supplies(t, "closed", actAllows...)
	known := between(t, "triage", desk, mentalHealth, "mental-health-known").mustAsk(t)
	known.supplies(t, "discretion-secrecy", [2]string{"enough-information", "yes"}, [2]string{"necessary", "yes"}, [2]string{"least", "yes"}, [2]string{"client-told", "after"})
	known.withholds(t, []exchange.GroundCode{"known-is-enough", "only-contact-breaks"}, []exchange.GroundCode{"other-weighty-reason", "criteria-not-met"})
	// Of the mayor only what he has under art. 151d Gemeentewet and the Wet
	// tijdelijk huisverbod [8071-8073], not what the Wvggz keeps secret.
	between(t, "triage", desk, mayor, "restraining-order").mustAsk(t)
	crisis := between(t, "triage", desk, mayor, "crisis-measure")
	refused(t, "5.5.3: the mayor's health data", crisis.ask(), exchange.CategoryForbidden)
	_, _, err := exchange.Accept(crisis.law, crisis.Request, crisis.From, crisis.To, noon)
	refused(t, "5.5.3: the mayor's health data, at the other node", err, exchange.CategoryForbidden)
	for _, s := range []*scene{known, between(t, "triage", desk, housing, "tenancy")} {
		if rule, _, err := s.law.WeighingOf(s.Request, s.To, s.Decider); err != nil || rule.Duty {
			t.Errorf("5.5.3: a duty to answer, %v", err)
		}
	}
	faith := between(t, "triage", desk, youthCare, "youth-faith-and-customs")
	refused(t, "religion is not for triage", faith.ask(), exchange.CategoryForbidden)
	file := between(t, "triage", desk, investigation, "investigation-running")
	refused(t, "the investigation is no party", file.ask(), exchange.PurposeNotAsked)
	notFor(t, "triage", housing, "tenancy", investigation, coordination, debts, mayor, safetyHouse)
}

// Art. VIII: the approach and a Care and Safety House align in outline.
func TestArticleVIII(t *testing.T) {
	between(t, "zvh-alignment", coordination, safetyHouse, "safety-house-case").mustAsk(t).supplies(t, "necessity", isNecessary...)
	between(t, "zvh-alignment", investigation, safetyHouse, "safety-house-case").on("party-request").mustAsk(t)
	between(t, "zvh-alignment", safetyHouse, coordination, "approach-running", "approach-outline").mustAsk(t).supplies(t, "necessity", isNecessary...)
	between(t, "zvh-alignment", safetyHouse, investigation, "investigation-running").mustAsk(t)
	closed := safetyHouse
	closed.Regime = exchange.Wjsg
	between(t, "zvh-alignment", coordination, closed, "safety-house-case").supplies(t, "closed", actAllows...)
	outline := between(t, "zvh-alignment", safetyHouse, coordination, "approach-running")
	outline.Request.Statements = nil
	refused(t, "without what was agreed", outline.ask(), exchange.StatementMissing)
	limits := between(t, "zvh-alignment", safetyHouse, coordination, "approach-limits")
	refused(t, "more than the outline", limits.ask(), exchange.CategoryForbidden)
	party := between(t, "zvh-alignment", safetyHouse, housing, "tenancy")
	refused(t, "a broad question among the parties", party.ask(), exchange.PurposeNotAsked)
	for _, pair := range [][2]exchange.Capacity{{coordination, investigation}, {investigation, coordination}, {safetyHouse, safetyHouse}} {
		item := exchange.ItemCode("approach-running")
		switch pair[1].Task {
		case "investigation":
			item = "investigation-running"
		case "care-and-safety":
			item = "safety-house-case"
		}
		refused(t, "VIII: without the House on one side", between(t, "zvh-alignment", pair[0], pair[1], item).ask(), exchange.PurposeNotAsked)
	}
	agreed := between(t, "zvh-alignment", investigation, safetyHouse, "safety-house-case").on("client-request")
	agreed.Case.Trigger.Scope = []exchange.DomainCode{"debts"}
	agreed.mustAsk(t)
	agreed.Case.People[0].Standing, agreed.Request.Subject.Standing = exchange.Family, exchange.Family
	refused(t, "2.3a.1(3): about who did not agree", agreed.ask(), exchange.FamilyNotAgreed)
	notFor(t, "zvh-alignment", safetyHouse, "safety-house-case", housing, debts, mayor, desk)
}

// The explanation of a request is the same rules as its check: as many
// refusals as there are, of which the first stops it.
func TestExaminationIsTheCheck(t *testing.T) {
	s := between(t, "investigation/client-request", investigation, housing, "rent-arrears")
	s.Request.Involvement.State, s.Request.Trigger.Code = exchange.Informed, "party-request"
	s.Request.Items[0].Why = exchange.Personal{}
	var found []exchange.Code
	for f := range s.law.ExamineRequest(s.Request, s.From, s.To, noon) {
		if f.Refusal != nil {
			found = append(found, f.Refusal.Code)
		}
	}
	want := []exchange.Code{exchange.TriggerNotOfPurpose, exchange.InvolvementNotEnough, exchange.ReasonMissing}
	if !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	refused(t, "the check", s.law.CheckRequest(s.Request, s.From, s.To, noon), found[0])
}

// The scenes of the random tests: a purpose, who asks, who is asked, for what.
var weighed = []struct {
	purpose      exchange.PurposeCode
	asker, asked exchange.Capacity
	item         exchange.ItemCode
}{
	{"investigation/client-request", investigation, housing, "rent-arrears"},
	{"investigation/serious-problems", investigation, mentalHealth, "crisis-plan"},
	{"investigation/serious-problems", investigation, youthCare, "involved-helper"},
	{"investigation/client-request", investigation, probation, "supervision-running"},
	{"conference/coordination", coordination, police, "incidents-at-home"},
	{"investigation/serious-problems", investigation, mayor, "crisis-measure"},
	{"coordination", coordination, youthCare, "support-plan"},
	{"triage", desk, mentalHealth, "mental-health-known"},
	{"report-forward", housing, desk, "report-question"},
	{"serious-problems/motivated-request", housing, investigation, "investigation-taken-up"},
	{"handover/coordinator", coordination, investigation, "investigation-safety"},
}

// complete says, from the act and not from the program, whether the steps that
// were taken allow to supply: which of them are needed, and which answers end it.
func complete(weighing exchange.WeighingCode, taken map[string]string) bool {
	all := func(pairs ...string) bool {
		for i := 0; i < len(pairs); i += 2 {
			if taken[pairs[i]] != pairs[i+1] {
				return false
			}
		}
		return true
	}
	has := func(step string) bool { return taken[step] != "" }
	switch weighing {
	case "duty", "hand-back":
		return true
	case "secrecy":
		base := all("enough-information", "yes", "least", "yes") && has("client-told")
		own := all("good-care", "yes", "prevents-and-outweighs", "yes") && has("colleague")
		return base && (taken["consent"] == "given" || has("consent") && own)
	case "closed":
		return all("act-allows", "yes", "least", "yes")
	case "mayor":
		return all("necessary", "yes", "least", "yes")
	case "necessity", "discretion":
		return all("necessary", "yes")
	case "discretion-secrecy":
		return all("enough-information", "yes", "necessary", "yes", "least", "yes") && has("client-told")
	case "take-up":
		return all("criteria", "yes")
	case "person-agrees":
		return taken["person-agrees"] == "agreed" || taken["person-agrees"] == "wvggz"
	}
	return false
}

// I1 and art. 5.4.2(2)(3): no sequence of steps supplies an item without the
// decision of somebody who may decide in that capacity under that hat, nor
// before the weighing is complete; and what police or justice holds leaves only
// after the act was found to allow it.
func TestNoSequenceSuppliesWithoutADecision(t *testing.T) {
	supplied, stopped := map[exchange.WeighingCode]int{}, 0
	for seed := range uint64(2500) {
		random := rand.New(rand.NewPCG(seed, 5_4_2))
		c := weighed[random.IntN(len(weighed))]
		s := between(t, c.purpose, c.asker, c.asked, c.item)
		held := s.accept(t)
		rule, _, err := s.law.WeighingOf(held.Request, s.To, s.Decider)
		if err != nil {
			t.Fatal(err)
		}
		right := s.Decider
		wrongHat, wrongRole, elsewhere, second := right, actor("w.rol", exchange.Administrator, c.asked.Code), actor("w.elders", right.Roles[0].Role, "elsewhere"), right
		wrongHat.ID, wrongHat.Hat = "w.hat", "elsewhere"
		second.ID = "s.tweede"
		people := []exchange.Actor{right, right, right, right, second, wrongHat, wrongRole, elsewhere, s.By}
		may := func(a exchange.ActorID) bool { return a == right.ID || a == second.ID }
		policy := exchange.Policy{}
		if random.IntN(3) == 0 {
			policy.FourEyes = []exchange.PurposeCode{c.purpose}
		}
		taken, proposer := map[string]string{}, exchange.ActorID("")
		for range 40 {
			by := people[random.IntN(len(people))]
			var next exchange.Exchange
			var err error
			op := random.IntN(20)
			acts := op != 18 // a reply comes from the other party
			switch {
			case op < 11 && len(rule.Steps) > 0:
				r := rule.Steps[random.IntN(len(rule.Steps))]
				o := r.Outcomes[0]
				if random.IntN(4) == 0 {
					o = r.Outcomes[random.IntN(len(r.Outcomes))]
				}
				step := s.step(t, held, r.Code, o.Code)
				if next, _, err = held.Weigh(s.law, step, s.To, by, noon); err == nil {
					taken[string(r.Code)] = string(o.Code)
				}
			case op < 15:
				d := s.supplyAll()
				if random.IntN(3) == 0 {
					d = s.withholdAll("not-necessary")
				}
				if next, _, err = held.Decide(s.law, d, s.To, by, policy, noon); err == nil {
					proposer = by.ID
				}
			case op == 15:
				next, _, err = held.Confirm(s.law, s.To, by, noon)
			case op == 16:
				next, _, err = held.Return(s.law, x("think again"), s.To, by, noon)
			case op == 17:
				next, _, err = held.Question(s.law, x("what for?"), s.To, by, noon)
			case op == 18:
				next, _, err = held.ReceiveReply(x("for the plan"), noon, noon)
			default:
				next, _, err = held.Assign(s.law, people[random.IntN(len(people))], x("ill"), s.To, by, noon)
			}
			if err != nil {
				stopped++
				continue
			}
			held = next
			if acts && !may(by.ID) {
				t.Fatalf("seed %d: %s: step %d by %s, who may not", seed, c.purpose, op, by.ID)
			}
			if held.Phase != exchange.Decided {
				continue
			}
			if held.Decision.By != proposer || !may(held.Decision.By) {
				t.Fatalf("seed %d: %s decided by %s", seed, c.purpose, held.Decision.By)
			}
			if len(policy.FourEyes) > 0 && (held.Decision.Second == held.Decision.By || !may(held.Decision.Second)) {
				t.Fatalf("seed %d: %s confirmed by %q", seed, c.purpose, held.Decision.Second)
			}
			for _, item := range held.Decision.Answer().Items {
				if item.Outcome != exchange.Supply {
					if !item.Value.Zero() {
						t.Fatalf("seed %d: %s: withheld, and yet it went", seed, c.purpose)
					}
					continue
				}
				if !complete(rule.Code, taken) {
					t.Fatalf("seed %d: %s (%s) supplied after %v", seed, c.purpose, rule.Code, taken)
				}
				if (c.asked.Regime == exchange.Wpg || c.asked.Regime == exchange.Wjsg) && taken["act-allows"] != "yes" {
					t.Fatalf("seed %d: %s of %s supplied without a provision", seed, c.item, c.asked.Regime)
				}
				supplied[rule.Code]++
			}
			break
		}
	}
	for _, w := range []exchange.WeighingCode{"duty", "secrecy", "closed", "mayor", "necessity", "discretion-secrecy", "take-up", "person-agrees"} {
		if supplied[w] == 0 {
			t.Errorf("no sequence ever supplied under %s: nothing was tested", w)
		}
	}
	t.Logf("supplied %v; %d steps were refused", supplied, stopped)
	if stopped < 1000 {
		t.Errorf("only %d steps were refused", stopped)
	}
}

// I6 and art. 9 and 10 GDPR: whatever the parties may and whatever is asked, no
// number goes to or comes from who may not process it, and no criminal, health
// or other special data is asked by or of who may not, at either node.
func TestNoRequestGoesBeyondTheCapacities(t *testing.T) {
	bsn, err := exchange.ParseBSN("999990482")
	if err != nil {
		t.Fatal(err)
	}
	law := lawInForce(t)
	var items []exchange.Item
	for i := range law.Items() {
		items = append(items, i)
	}
	random := rand.New(rand.NewPCG(5, 4_2_5))
	some := func(c exchange.Capacity) exchange.Capacity {
		c.MayProcessBSN, c.Special = random.IntN(2) == 0, nil
		for _, each := range exchange.Categories[1:] {
			if random.IntN(3) > 0 {
				c.Special = append(c.Special, each)
			}
		}
		return c
	}
	numbers, criminal, stopped := 0, 0, map[exchange.Code]int{}
	for range 6000 {
		purpose := []exchange.PurposeCode{"investigation/client-request", "investigation/serious-problems", "conference/investigation", "investigation/reuse"}[random.IntN(4)]
		item := items[random.IntN(len(items))]
		asked := some(capacity("municipal-service", item.Domain, exchange.Regimes[random.IntN(len(exchange.Regimes))]))
		s := between(t, purpose, some(investigation), asked, item.Code)
		if random.IntN(2) == 0 {
			s.within()
		}
		if random.IntN(2) == 0 {
			s.Case.People[0].BSN = bsn
			if random.IntN(4) == 0 {
				s.Request.Subject.BSN = bsn // beside the name
			} else if random.IntN(3) == 0 {
				s.Request.Subject = exchange.Subject{Standing: exchange.Client, BSN: bsn}
			} else if subject, err := s.Case.Subject(1, s.From, s.To, s.Request); err == nil {
				s.Request.Subject = subject // as the node chooses
			}
		}
		from, to := s.From.Capacities[0], s.To.Capacities[0]
		_, _, accepted := exchange.Accept(law, s.Request, s.From, s.To, noon)
		for _, err := range []error{s.ask(), accepted} {
			var r *exchange.Refusal
			if errors.As(err, &r) {
				stopped[r.Code]++
				continue
			}
			if !s.Request.Subject.BSN.Zero() {
				numbers++
				if !from.MayProcessBSN || !to.MayProcessBSN {
					t.Fatalf("%s: a number between asker %t and asked %t", purpose, from.MayProcessBSN, to.MayProcessBSN)
				}
			}
			if !from.May(item.Category) || !to.May(item.Category) {
				t.Fatalf("%s: %s data, asker %v, asked %v", purpose, item.Category, from.Special, to.Special)
			}
			if item.Category == exchange.Criminal {
				criminal++
			}
		}
	}
	t.Logf("%d with a number, %d with criminal data, refused %v", numbers, criminal, stopped)
	for _, code := range []exchange.Code{exchange.BSNNotAllowed, exchange.CategoryAsker, exchange.CategoryAsked, exchange.RegimeNotAsked} {
		if stopped[code] == 0 {
			t.Errorf("never refused with %s: nothing was tested", code)
		}
	}
	if numbers < 100 || criminal < 100 {
		t.Errorf("%d numbers and %d criminal items went: nothing was tested", numbers, criminal)
	}
}

package server_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
)

// withYouthCare adds a party that is bound by professional secrecy and wants
// two to see a decision.
func withYouthCare(w *world) {
	w.others = append(w.others, &party{
		id: peer.Identity{Party: exchange.Party{OIN: "00000099000004004000", Name: "jeugdhulp De Linde", Capacities: []exchange.Capacity{{
			Code: "youth-care", Domain: "youth-care", Task: "service", Regime: exchange.YouthAct, MayProcessBSN: true,
			Special: []exchange.Category{exchange.Health},
		}}}},
		config: "[decisions]\nfour_eyes = [\"investigation/client-request\"]\n",
	})
}

func toYouthCare(w *world) api.NewRequest {
	w.t.Helper()
	c := casus()
	c.Trigger.Scope = []string{"youth-care"}
	opened, err := w.college.client.OpenCase(w.t.Context(), by(requester), c)
	if err != nil {
		w.t.Fatal(err)
	}
	return api.NewRequest{
		Capacity: "investigation", To: "00000099000004004000:youth-care", Purpose: "investigation/client-request", Case: opened.ID, Person: 1,
		Specific:    "een plan maken voor hulp thuis",
		Statements:  []api.Statement{{Code: "question", Text: "running"}, {Code: "why-this-party", Text: "zij helpt het gezin"}},
		Consent:     &api.Consent{State: api.ConsentRefused, On: c.Trigger.On},
		Items:       []api.AskedItem{{Code: "youth-help-running", Depth: api.Contents, Why: "om niet dezelfde hulp nog eens te beginnen"}},
		Involvement: api.Involvement{State: api.InConsultation}, Contact: "06-00000000",
	}
}

// One request under professional secrecy, over the API from the case to the
// explanation of the answer: a question back, a colleague who steps in, the
// steps of art. 5.4.2(2) without consent, four eyes.
func TestWeighing(t *testing.T) {
	w := newWorld(t, withYouthCare)
	w.ready()
	ctx, college, youth := t.Context(), w.college.client, w.others[0].client
	for id, role := range map[string]api.Role{colleague: api.Professional, "e.privacy": api.PrivacyOfficer} {
		e := api.Employee{ID: id, Name: "Fictief Persoon", Roles: []api.Grant{{Role: role, Capacity: "youth-care"}}}
		if _, err := youth.AddStaff(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	asked, err := college.Ask(ctx, by(requester), toYouthCare(w))
	if err != nil {
		t.Fatal(err)
	}
	w.wait(w.others[0], asked.ID, api.InWeighing)

	seen, err := youth.Open(ctx, by(professional), asked.ID)
	if err != nil {
		t.Fatal(err)
	}
	if seen.Trigger.Code != "client-request" || len(seen.Statements) != 2 || seen.Consent == nil || seen.Consent.State != api.ConsentRefused ||
		seen.About.Standing != api.StandingClient || seen.Request.Case != asked.Case {
		t.Errorf("opened %+v", seen)
	}
	if s := seen.Weighing; s == nil || s.Weighing != "secrecy" || len(s.Taken) != 0 ||
		!slices.Equal(s.Open, []string{"enough-information", "consent", "least", "client-told"}) {
		t.Errorf("the weighing begins as %+v", s)
	}
	w.questioned(asked.ID)
	w.substituted(asked.ID)
	w.stepped(asked.ID)
	w.seenByTwo(asked.ID)
	w.wait(w.college, asked.ID, api.Answered)
	w.wait(w.others[0], asked.ID, api.Answered)
	w.explainedAfter(asked.ID)
}

// questioned is the question back, which stops the clock at both.
func (w *world) questioned(id string) {
	w.t.Helper()
	ctx, college, youth := w.t.Context(), w.college.client, w.others[0].client
	if _, err := youth.Question(ctx, by(professional), id, "om welk kind gaat het?"); err != nil {
		w.t.Fatal(err)
	}
	for _, p := range []*party{w.college, w.others[0]} {
		if s := w.wait(p, id, api.Clarifying); !s.Paused {
			w.t.Errorf("%s: the clock runs while a question is open", p.id.Name)
		}
	}
	if _, err := youth.Question(ctx, by(professional), id, "en nog iets"); !errors.Is(err, &api.Problem{Code: "not-now"}) {
		w.t.Errorf("two questions at once: %v", err)
	}
	if s, err := college.Reply(ctx, by(requester), id, "om de oudste"); err != nil || s.Paused {
		w.t.Fatalf("replied: %+v, %v", s, err)
	}
	w.wait(w.college, id, api.Delivered)
	w.wait(w.others[0], id, api.InWeighing)
	for who, c := range map[string]*api.Client{requester: college, professional: youth} {
		content, err := c.Open(ctx, by(who), id)
		if err != nil || len(content.Clarifications) != 1 {
			w.t.Fatalf("%s reads %+v, %v", who, content.Clarifications, err)
		}
		q := content.Clarifications[0]
		if q.Question != "om welk kind gaat het?" || q.Reply != "om de oudste" || q.Replied.Before(q.Asked) || (q.By == professional) != (who == professional) ||
			(q.ReplyBy == requester) != (who == requester) {
			w.t.Errorf("%s reads %+v", who, q)
		}
	}
}

// substituted gives the request away, and takes it back with a reason.
func (w *world) substituted(id string) {
	w.t.Helper()
	ctx, youth := w.t.Context(), w.others[0].client
	if s, err := youth.Assign(ctx, by(professional), id, api.NewAssignment{To: colleague}); err != nil || s.Assigned != colleague {
		w.t.Fatalf("assigned: %+v, %v", s, err)
	}
	if _, err := youth.Weigh(ctx, by(professional), id, api.NewStep{Step: "least", Outcome: "yes"}); !errors.Is(err, &api.Problem{Code: "assigned-to-other"}) {
		w.t.Errorf("a step in what is a colleague's: %v", err)
	}
	if _, err := youth.Assign(ctx, by(professional), id, api.NewAssignment{To: professional}); !errors.Is(err, &api.Problem{Code: "reason-missing"}) {
		w.t.Errorf("taken over without a reason: %v", err)
	}
	if s, err := youth.Assign(ctx, by(professional), id, api.NewAssignment{To: professional, Why: "zij is ziek"}); err != nil || s.Assigned != professional {
		w.t.Fatalf("taken over: %+v, %v", s, err)
	}
}

// stepped takes the steps of the route without consent; nothing can be supplied
// before the last.
func (w *world) stepped(id string) {
	w.t.Helper()
	ctx, youth := w.t.Context(), w.others[0].client
	today, nextWeek := time.Now().UTC().Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly)
	steps := []api.NewStep{
		{Step: "enough-information", Outcome: "yes"},
		{Step: "consent", Outcome: "refused", Text: "zij wil het niet", Day: today},
		{Step: "good-care", Outcome: "yes", Text: "de hulp aan het kind stokt"},
		{Step: "prevents-and-outweighs", Outcome: "yes", Text: "het gaat achteruit en hulp komt niet"},
		{Step: "least", Outcome: "yes"},
		{Step: "client-told", Outcome: "after", Text: "bij het volgende bezoek", Day: nextWeek},
	}
	for _, s := range steps {
		if _, err := youth.Weigh(ctx, by(professional), id, s); err != nil {
			w.t.Fatalf("step %s: %v", s.Step, err)
		}
	}
	var p *api.Problem
	if _, err := youth.Decide(ctx, by(professional), id, supplyLess()); !errors.As(err, &p) || p.Code != "weighing-incomplete" ||
		!slices.Contains(p.Errors, api.FieldError{Field: "step", Message: "colleague"}) {
		w.t.Errorf("decided without the colleague: %v", err)
	}
	if _, err := youth.Weigh(ctx, by(professional), id, api.NewStep{Step: "colleague", Outcome: "agrees", Day: today}); !errors.As(err, &p) ||
		p.Code != "bad-step" || !slices.Contains(p.Errors, api.FieldError{Field: "field", Message: "/metWie"}) {
		w.t.Errorf("consulted nobody: %v", err)
	}
	if _, err := youth.Weigh(ctx, by(professional), id, api.NewStep{Step: "colleague", Outcome: "agrees", Day: today, With: colleague}); err != nil {
		w.t.Fatal(err)
	}
	content, err := youth.Open(ctx, by(professional), id)
	if err != nil || len(content.Weighing.Taken) != 7 || len(content.Weighing.Open) != 0 || content.Weighing.Assigned != professional ||
		content.Weighing.AssignedWhy != "zij is ziek" {
		w.t.Fatalf("the weighing reads %+v, %v", content.Weighing, err)
	}
	if s := content.Weighing.Taken[1]; s.Step != "consent" || s.Outcome != "refused" || s.Text != "zij wil het niet" || s.Day != today || s.By != professional ||
		time.Since(s.At) > time.Minute {
		w.t.Errorf("the step reads %+v", s)
	}
	if s := content.Weighing.Taken[6]; s.With != colleague {
		w.t.Errorf("the step reads %+v", s)
	}
	// Who looks without deciding sees what was done, and no weighing of his own.
	other, err := youth.Open(ctx, by("e.privacy"), id)
	if err != nil || other.Weighing == nil || other.Weighing.Weighing != "" || len(other.Weighing.Open) != 0 || len(other.Weighing.Taken) != 7 {
		w.t.Errorf("the privacy officer reads %+v, %v", other.Weighing, err)
	}
}

// seenByTwo proposes a decision, which comes back once.
func (w *world) seenByTwo(id string) {
	w.t.Helper()
	ctx, youth := w.t.Context(), w.others[0].client
	for round := range 2 {
		if s, err := youth.Decide(ctx, by(professional), id, supplyLess()); err != nil || s.Request.Phase != api.Proposed {
			w.t.Fatalf("decided: %+v, %v", s, err)
		}
		if _, err := youth.Confirm(ctx, by(professional), id); !errors.Is(err, &api.Problem{Code: "same-eyes"}) {
			w.t.Errorf("confirmed by oneself: %v", err)
		}
		if round == 1 {
			break
		}
		if s, err := youth.Return(ctx, by(colleague), id, "zeg ook tot wanneer"); err != nil || s.Phase != api.InWeighing {
			w.t.Fatalf("returned: %+v, %v", s, err)
		}
		content, err := youth.Open(ctx, by(professional), id)
		if err != nil || content.Weighing.Returned != "zeg ook tot wanneer" || content.Decision != nil {
			w.t.Errorf("a decision that came back reads %+v, %v", content, err)
		}
	}
	if _, err := youth.Confirm(ctx, by(colleague), id); err != nil {
		w.t.Fatal(err)
	}
}

func supplyLess() api.NewDecision {
	return api.NewDecision{Items: []api.DecidedItem{
		{Code: "youth-help-running", Outcome: api.Supply, Depth: api.Process, Value: "gezinsbegeleiding tot januari"},
	}}
}

// explainedAfter reads what allowed it, and who did what.
func (w *world) explainedAfter(id string) {
	w.t.Helper()
	ctx, youth := w.t.Context(), w.others[0].client
	e, err := youth.Explain(ctx, by(professional), id)
	if err != nil || !e.Allowed || e.Weighing != "secrecy" || e.Purpose != "investigation/client-request" {
		w.t.Fatalf("explained as %+v, %v", e, err)
	}
	w.readable(e)
	steps := 0
	for _, r := range e.Rules {
		switch r.Code {
		case "rule-step":
			steps++
		case "rule-supplied":
			if !strings.Contains(r.Says.NL, "hoe het loopt") || !strings.Contains(r.Says.EN, "how it goes") || r.Article == "" {
				w.t.Errorf("supplied less than asked is explained as %+v", r)
			}
		}
	}
	if steps != 7 {
		w.t.Errorf("%d steps are explained", steps)
	}
	asker, err := w.college.client.Explain(ctx, by(requester), id)
	if err != nil || !asker.Allowed || slices.ContainsFunc(asker.Rules, func(r api.Explained) bool { return r.Code == "rule-step" }) {
		w.t.Errorf("the asker reads %+v, %v", asker, err)
	}
	// What came of each item, and of the whole, stands at the asker too.
	w.readable(asker)
	if !slices.ContainsFunc(asker.Rules, func(r api.Explained) bool { return r.Code == "rule-supplied" }) ||
		asker.Verdict.NL != "Het verzoek mocht. De andere partij heeft iets verstrekt." ||
		e.Verdict.NL != "Het verzoek mocht. Jullie hebben iets verstrekt, en dat mocht ook." {
		w.t.Errorf("the asker reads %+v, the supplier %+v", asker, e.Verdict)
	}
	decision, err := youth.Open(ctx, by(professional), id)
	if err != nil || decision.Decision == nil || decision.Decision.By != professional || decision.Decision.Second != colleague {
		w.t.Errorf("the decision reads %+v, %v", decision.Decision, err)
	}
	traces, err := youth.Traces(ctx, by("e.privacy"), id)
	if err != nil {
		w.t.Fatal(err)
	}
	consulted := slices.IndexFunc(traces, func(t api.Trace) bool { return t.Step == "colleague" })
	if consulted < 0 || traces[consulted].By != professional || traces[consulted].With != colleague || traces[consulted].Outcome != "agrees" ||
		traces[consulted].Kind != "step-taken" || traces[consulted].As != "00000099000004004000:youth-care" {
		w.t.Errorf("the traces are %+v", traces)
	}
	if last := traces[len(traces)-1]; last.Kind != "viewed" || last.By != "e.privacy" {
		w.t.Errorf("who looked at the traces left %+v", last)
	}
}

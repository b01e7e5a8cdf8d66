package server_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sluis/api"
	"sluis/exchange"
	"sluis/schemas"
)

// readable holds every sentence of an explanation to what a person can read: in
// both languages, whole, and with the names of the catalogues.
func (w *world) readable(e api.Explanation) {
	w.t.Helper()
	if len(e.Rules) == 0 {
		w.t.Error("nothing is explained")
	}
	for _, r := range e.Rules {
		for _, text := range []string{r.Says.NL, r.Says.EN} {
			if len(text) < 20 || strings.ContainsAny(text, "{}") || !strings.HasSuffix(strings.TrimRight(text, "'"), ".") && !strings.HasSuffix(text, "?") {
				w.t.Errorf("%s says %q", r.Code, text)
			}
		}
		if r.Says.NL == r.Says.EN {
			w.t.Errorf("%s says the same in both languages: %q", r.Code, r.Says.NL)
		}
		internal, _ := schemas.Text("internal")
		if strings.Contains(r.Says.EN, internal.EN.Title) {
			w.t.Errorf("%s has no words", r.Code)
		}
	}
}

// What may not be asked is explained, and Ask refuses for the first reason that
// the explanation gives.
func TestExplainRefused(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx, client := t.Context(), w.college.client
	good := w.asked()
	e, err := client.Examine(ctx, by(requester), good)
	if err != nil || !e.Allowed || e.Weighing != "closed" {
		t.Fatalf("a good request is explained as %+v, %v", e, err)
	}
	w.readable(e)
	before, err := client.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		change func(*api.NewRequest)
		by     api.By
		code   string
		nl, en string // what the sentence names
	}{
		{"another purpose", func(r *api.NewRequest) { r.Purpose = "investigation/serious-problems" }, by(requester), "trigger-not-for-purpose",
			"Hulpvraag van de inwoner", "Request of the client"},
		{"a purpose of another", func(r *api.NewRequest) { r.Purpose = "serious-problems/motivated-request" }, by(requester), "purpose-not-for-asker",
			"onderzoek door het college", "investigation by the college"},
		{"an unknown purpose", func(r *api.NewRequest) { r.Purpose = "curiosity" }, by(requester), "unknown-purpose", "", ""},
		{"a statement too few", func(r *api.NewRequest) { r.Statements = r.Statements[:2] }, by(requester), "statement-missing", "", ""},
		{"an item of another domain", func(r *api.NewRequest) { r.Items[1].Code, r.Items[1].Statements = "debt-plan", nil }, by(requester), "item-not-of-domain",
			"reclassering", "probation"},
		{"without the client", func(r *api.NewRequest) {
			r.Involvement = api.Involvement{State: api.NotYetInformed, Why: "hij is niet bereikt"}
		}, by(requester),
			"involvement-not-enough", "de cliënt weet het nog niet", "the client does not know yet"},
		{"somebody else", func(r *api.NewRequest) { r.Person = 2 }, by(requester), "person-not-in-case", "voeg de persoon eerst toe", "add the person"},
		{"another role", func(*api.NewRequest) {}, by(professional), "actor-may-not", "de rol van aanvrager", "the role of requester"},
		{"no reason for an item", func(r *api.NewRequest) { r.Items[1].Why = " " }, by(requester), "reason-missing",
			"Waarvoor iemand toezicht heeft", "Why someone is supervised"},
		{"no specific purpose", func(r *api.NewRequest) { r.Specific = " " }, by(requester), "reason-missing", "het specifieke doel", "the specific purpose"},
		{"a statement of an item too few", func(r *api.NewRequest) { r.Items[0].Statements = nil }, by(requester), "statement-missing",
			"Bij 'Voorwaarden van het toezicht'", "With 'Conditions of the supervision'"},
		{"an item that does not exist", func(r *api.NewRequest) { r.Items[1].Code = "supervision-conditons" }, by(requester), "unknown-item",
			"Gegeven nummer 2", "Item number 2"},
		{"an answer that does not fit", func(r *api.NewRequest) {
			r.Statements = slices.Clone(r.Statements)
			r.Statements[0].Text = "everything"
		}, by(requester), "bad-statement", "Het antwoord past niet op deze vraag", "does not fit this question"},
		{"a statement too many", func(r *api.NewRequest) {
			r.Statements = append(slices.Clone(r.Statements), api.Statement{Code: "tuning", Text: "x"})
		}, by(requester), "bad-statement", "Laat dat antwoord weg", "Leave that answer out"},
		{"no case", func(r *api.NewRequest) { r.Case = "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857" }, by(requester), "unknown-case", "", ""},
		{"a party that is not there", func(r *api.NewRequest) { r.To = "00000099000009009000:probation" }, by(requester), "unknown-party", "", ""},
		{"a hat of another", func(*api.NewRequest) {}, api.By{Staff: requester, Hat: "probation"}, "hat-not-own", "", ""},
	} {
		r := good
		r.Items, r.Statements = slices.Clone(good.Items), slices.Clone(good.Statements)
		c.change(&r)
		e, err := client.Examine(ctx, c.by, r)
		if err != nil || e.Allowed {
			t.Errorf("%s: explained as allowed, %v", c.what, err)
			continue
		}
		w.readable(e)
		i := slices.IndexFunc(e.Rules, func(r api.Explained) bool { return !r.Allowed })
		if i < 0 || e.Rules[i].Code != c.code || !strings.Contains(e.Rules[i].Says.NL, c.nl) || !strings.Contains(e.Rules[i].Says.EN, c.en) {
			t.Errorf("%s: explained as %+v", c.what, e.Rules)
			continue
		}
		if _, err := client.Ask(ctx, c.by, r); !errors.Is(err, &api.Problem{Code: c.code}) {
			t.Errorf("%s: explained as %s, and refused as %v", c.what, c.code, err)
		}
	}
	after, err := client.Status(ctx)
	if err != nil || after.LedgerSize != before.LedgerSize {
		t.Errorf("explaining wrote to the ledger: %d entries, then %d, %v", before.LedgerSize, after.LedgerSize, err)
	}
}

// Who made several mistakes reads them all: what is lacking hides nothing but
// what can't be judged without it.
func TestExplainAllAtOnce(t *testing.T) {
	w := newWorld(t)
	w.ready()
	r := w.asked()
	r.Items, r.Statements = slices.Clone(r.Items), r.Statements[:2]
	r.Person, r.Specific, r.Items[1].Why = 9, " ", " "
	for what, c := range map[string]struct {
		id   string
		want []string
	}{
		"a person who is not in the case": {r.Case, []string{"person-not-in-case", "reason-missing", "statement-missing", "reason-missing"}},
		"a case that there is not":        {"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857", []string{"unknown-case", "reason-missing", "statement-missing", "reason-missing"}},
	} {
		r.Case = c.id
		e, err := w.college.client.Examine(t.Context(), by(requester), r)
		var got []string
		for _, rule := range e.Rules {
			if !rule.Allowed {
				got = append(got, rule.Code)
			}
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: explained by %v, %v; want %v", what, got, err, c.want)
		}
		w.readable(e)
	}
	// Under a hat of another nobody sees anything of a case.
	r = w.asked()
	e, err := w.college.client.Examine(t.Context(), api.By{Staff: requester, Hat: "probation"}, r)
	if err != nil || slices.ContainsFunc(e.Rules, func(r api.Explained) bool {
		return slices.Contains([]string{"rule-case", "rule-trigger", "rule-deadline"}, r.Code)
	}) {
		t.Errorf("under another hat: %+v, %v", e.Rules, err)
	}
}

// An explanation says how it went on: the steps that are still open, and that
// nothing was supplied or the request was taken back.
func TestExplainCourse(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx, asker, supplier := t.Context(), w.college.client, w.probation.client
	first, err := asker.Ask(ctx, by(requester), w.asked())
	if err != nil {
		t.Fatal(err)
	}
	second, err := asker.Ask(ctx, by(requester), w.asked())
	if err != nil {
		t.Fatal(err)
	}
	w.wait(w.probation, first.ID, api.InWeighing)
	w.wait(w.probation, second.ID, api.InWeighing)
	has := func(e api.Explanation, code string) int {
		n := 0
		for _, r := range e.Rules {
			if r.Code == code {
				n++
			}
		}
		return n
	}
	e, err := supplier.Explain(ctx, by(professional), first.ID)
	if err != nil || has(e, "rule-open") != 2 || e.Verdict.NL != "Het verzoek mag. Een professional moet er nog over besluiten." {
		t.Errorf("while it is weighed: %+v, %v", e, err)
	}
	w.readable(e)
	if _, err := supplier.Weigh(ctx, by(professional), first.ID, api.NewStep{Step: "least", Outcome: "yes"}); err != nil {
		t.Fatal(err)
	}
	if e, err = supplier.Explain(ctx, by(professional), first.ID); err != nil || has(e, "rule-open") != 1 || has(e, "rule-step") != 1 {
		t.Errorf("after a step: %+v, %v", e, err)
	}
	nothing := api.NewDecision{Items: []api.DecidedItem{
		{Code: "supervision-conditions", Outcome: api.Withhold, Ground: "not-necessary"}, {Code: "offence", Outcome: api.Withhold, Ground: "not-necessary"},
	}}
	if _, err := supplier.Decide(ctx, by(professional), first.ID, nothing); err != nil {
		t.Fatal(err)
	}
	w.wait(w.college, first.ID, api.Refused)
	e, err = asker.Explain(ctx, by(requester), first.ID)
	if err != nil || has(e, "rule-not-supplied") != 2 || e.Verdict.NL != "Het verzoek mocht. De andere partij heeft niets verstrekt; dat mag zij." {
		t.Errorf("after nothing was supplied: %+v, %v", e, err)
	}
	w.readable(e)
	if _, err := asker.Withdraw(ctx, by(requester), second.ID); err != nil {
		t.Fatal(err)
	}
	if e, err = asker.Explain(ctx, by(requester), second.ID); err != nil || e.Verdict.EN != "The request was allowed. You took it back." {
		t.Errorf("after it was withdrawn: %+v, %v", e, err)
	}
}

// Issue 3, bad input: each kind has a code of its own, and whoever tried it reads
// the article.
func TestBadInputNamesItsArticle(t *testing.T) {
	w := newWorld(t, func(w *world) { w.college.id.Capacities[0].Domain = "investigation" }) // so that it can be asked
	w.ready()
	ctx := t.Context()
	q := w.asked()
	asks := func(change func(*api.NewRequest)) error {
		r := q
		r.Items = slices.Clone(q.Items)
		change(&r)
		_, err := w.college.client.Ask(ctx, by(requester), r)
		return err
	}
	motivated := casus()
	motivated.Trigger = api.Trigger{
		Code: "own-involvement", On: motivated.Trigger.On, Statements: []api.Statement{{Code: "own-part", Text: "hij heeft toezicht"}},
	}
	own, err := w.probation.client.OpenCase(ctx, by(requester), motivated)
	if err != nil {
		t.Fatal(err)
	}
	category := q
	category.Case, category.Capacity, category.To, category.Purpose = own.ID, "probation", string(w.college.id.OIN)+":investigation", "serious-problems/motivated-request"
	category.Statements = nil
	for _, code := range []string{"lasting", "no-help", "decline", "nuisance", "can-help", "attempts"} {
		category.Statements = append(category.Statements, api.Statement{Code: code, Text: "al een jaar"})
	}
	category.Items = []api.AskedItem{{Code: "investigation-safety", Depth: api.That, Why: "om af te stemmen"}}
	_, forbidden := w.probation.client.Ask(ctx, by(requester), category)

	asked, err := w.college.client.Ask(ctx, by(requester), q)
	if err != nil {
		t.Fatal(err)
	}
	w.wait(w.probation, asked.ID, api.InWeighing)
	supply := api.NewDecision{Items: []api.DecidedItem{
		{Code: "supervision-conditions", Outcome: api.Supply, Depth: api.Process, Value: "elke week"}, {Code: "offence", Outcome: api.Withhold, Ground: "not-necessary"},
	}}
	decides := func(who string, d api.NewDecision) error {
		_, err := w.probation.client.Decide(ctx, by(who), asked.ID, d)
		return err
	}
	open := decides(professional, supply)
	unauthorised := decides(requester, supply)
	w.weighed(asked.ID)
	deeper := supply
	deeper.Items = []api.DecidedItem{{Code: "offence", Outcome: api.Supply, Depth: api.Contents, Value: "alles"}, {Code: "supervision-conditions", Outcome: api.Withhold, Ground: "not-necessary"}}
	for _, c := range []struct {
		what, code, article string
		err                 error
	}{
		{"an unknown purpose", "unknown-purpose", "5.4.2(1)", asks(func(r *api.NewRequest) { r.Purpose = "curiosity" })},
		{"a purpose for another capacity", "purpose-not-for-asker", "5.5.3", asks(func(r *api.NewRequest) { r.Purpose = "triage" })},
		{"a category that the purpose does not know", "category-not-for-purpose", "2.3a.4(1)", forbidden},
		{"no statement why it is necessary", "statement-missing", "5.4.1(2)", asks(func(r *api.NewRequest) { r.Items[0].Statements = nil })},
		{"deeper than asked", "deeper-than-asked", "5.4.2(1)", decides(professional, deeper)},
		{"decided by who may not", "actor-may-not", "2.3a.5", unauthorised},
		{"an incomplete weighing", "weighing-incomplete", "5.4.2(3)", open},
	} {
		var p *api.Problem
		if !errors.As(c.err, &p) || p.Code != c.code || !slices.Contains(p.Errors, api.FieldError{Field: "article", Message: c.article}) {
			t.Errorf("%s: %v %+v; want %s, art. %s", c.what, c.err, p, c.code, c.article)
		}
	}
}

// The same item asked of a third party within a week needs a reason, which stays
// at the asker; the privacy officer finds the request (memorandum §4.3.1).
func TestBroadRequest(t *testing.T) {
	w := newWorld(t, func(w *world) {
		for _, oin := range []exchange.OIN{"00000099000005005000", "00000099000006006000"} {
			id := w.probation.id
			id.OIN = oin
			w.others = append(w.others, &party{id: id})
		}
	})
	w.ready()
	ctx, client := t.Context(), w.college.client
	q := w.asked()
	for _, to := range []string{q.To, "00000099000005005000:probation"} {
		q.To = to
		if s, err := client.Ask(ctx, by(requester), q); err != nil || s.Broad {
			t.Fatalf("asked of few: %+v, %v", s, err)
		}
	}
	q.To = "00000099000006006000:probation"
	if _, err := client.Ask(ctx, by(requester), q); !errors.Is(err, &api.Problem{Code: "broad-request"}) {
		t.Errorf("asked of a third without a reason: %v", err)
	}
	e, err := client.Examine(ctx, by(requester), q)
	if err != nil || e.Allowed || e.Rules[len(e.Rules)-1].Code != "broad-request" || !strings.Contains(e.Rules[len(e.Rules)-1].Says.EN, "3 parties") {
		t.Errorf("explained as %+v, %v", e, err)
	}
	w.readable(e)
	q.Broad = "hij verhuisde twee keer"
	asked, err := client.Ask(ctx, by(requester), q)
	if err != nil || !asked.Broad {
		t.Fatalf("asked of a third with a reason: %+v, %v", asked, err)
	}
	page, err := client.Requests(ctx, api.Query{Broad: true, Hat: "investigation"})
	if err != nil || len(page.Requests) != 1 || page.Requests[0].ID != asked.ID {
		t.Errorf("the privacy officer finds %+v, %v", page, err)
	}
	w.wait(w.others[1], asked.ID, api.InWeighing)
	for want, open := range map[string]func() (api.Content, error){
		q.Broad: func() (api.Content, error) { return client.Open(ctx, by(requester), asked.ID) },
		"":      func() (api.Content, error) { return w.others[1].client.Open(ctx, by(professional), asked.ID) },
	} {
		if c, err := open(); err != nil || c.Broad != want || c.Request.Broad != (want != "") {
			t.Errorf("reads %q, %v; want %q", c.Broad, err, want)
		}
	}
}

const welcome = `{
  "code": "welcome/new-resident", "article": "9.9.9", "phase": "investigation",
  "name": {"nl": "Welkom", "en": "Welcome"}, "explain": {"nl": "Een proef.", "en": "A trial."},
  "ways": [{"askers": ["investigation"], "asked": ["probation"], "triggers": ["client-request"], "involvement": ["in-consultation"]}],
  "weighing": [{"regimes": ["wjsg"], "weighing": "discretion", "categories": ["ordinary"]}],
  "notFor": ["fraud"], "deadline": {"days": 3, "from": "request"},
  "retention": {"article": "9.9.9", "atMost": 1, "from": [{"moment": "client-informed"}]}}`

// The catalogues are those of the law that the register brought.
func TestCataloguesInForce(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.law = schemas.Catalogues()
		w.law["purposes"] = []byte(strings.Replace(string(w.law["purposes"]), `"purposes": [`, `"purposes": [`+welcome+`,`, 1))
	})
	ctx, client := t.Context(), w.college.client
	before, err := client.Purposes(ctx)
	if err != nil || slices.ContainsFunc(before, func(p api.Purpose) bool { return p.Code == "welcome/new-resident" }) {
		t.Fatalf("before the register came: %v", err)
	}
	w.ready()
	after, err := client.Purposes(ctx)
	if err != nil || len(after) != len(before)+1 {
		t.Fatalf("%d purposes, then %d, %v", len(before), len(after), err)
	}
	p := after[0]
	if p.Code != "welcome/new-resident" || p.Name.NL != "Welkom" || p.DeadlineDays != 3 || p.DeadlineFrom != "verzoek" || p.Retention.AtMost != 1 ||
		len(p.Weighings) != 1 || p.Weighings[0].Regime != api.Wjsg || p.Weighings[0].Weighing != "discretion" ||
		!slices.Equal(p.Weighings[0].Categories, []api.Category{api.Ordinary}) || p.NotFor[0].EN != "finding fraud" {
		t.Errorf("the new purpose reads %+v", p)
	}
	i := slices.IndexFunc(after, func(p api.Purpose) bool { return p.Code == "investigation/client-request" })
	if i < 0 || after[i].DeadlineFrom != "aanleiding" || !after[i].Ways[0].FamilyAgrees || after[i].Ways[0].Askers[0] != "investigation" || after[i].ManyParties != 6 || len(after[i].Weighings) != 7 ||
		len(after[i].Needs) != 7 || after[i].Needs[2].DomainKind != "adjacent" || after[i].Needs[3].Category != api.Health || !after[i].Needs[6].Background {
		t.Errorf("a purpose reads %+v", after[i])
	}
	w.catalogues()
}

// catalogues reads the others: what one names, another has.
func (w *world) catalogues() {
	w.t.Helper()
	ctx, client := w.t.Context(), w.college.client
	statements, err := client.Statements(ctx)
	if err != nil || len(statements) < 10 || len(statements[0].Choices) == 0 || statements[0].Choices[0].Name.NL == "" {
		w.t.Fatalf("statements %+v, %v", statements, err)
	}
	triggers, err := client.Triggers(ctx)
	if err != nil || len(triggers) < 5 || triggers[0].Code != "client-request" || !triggers[0].Scope || triggers[0].From || !triggers[1].From {
		w.t.Fatalf("triggers %+v, %v", triggers, err)
	}
	for _, t := range triggers {
		for _, code := range append(slices.Clone(t.All), t.Any...) {
			if !slices.ContainsFunc(statements, func(s api.StatementRule) bool { return s.Code == code }) {
				w.t.Errorf("trigger %s wants a statement %s that there is not", t.Code, code)
			}
		}
	}
	weighings, err := client.Weighings(ctx)
	i := slices.IndexFunc(weighings, func(r api.WeighingRule) bool { return r.Code == "secrecy" })
	if err != nil || i < 0 || len(weighings[i].Steps) != 7 || weighings[i].Duty {
		w.t.Fatalf("weighings %+v, %v", weighings, err)
	}
	step := weighings[i].Steps[4]
	if step.Code != "colleague" || step.Route != "without-consent" || !step.Outcomes[0].With || !step.Outcomes[0].Day || step.Outcomes[0].Stops {
		w.t.Errorf("a step reads %+v", step)
	}
	items, err := client.Items(ctx)
	if err != nil || !slices.ContainsFunc(items, func(i api.Item) bool { return i.Background }) {
		w.t.Errorf("items: %v", err)
	}
	grounds, err := client.Grounds(ctx)
	if err != nil || !slices.ContainsFunc(grounds, func(g api.Ground) bool { return slices.Contains(g.Weighings, "duty") }) {
		w.t.Errorf("grounds: %v", err)
	}
}

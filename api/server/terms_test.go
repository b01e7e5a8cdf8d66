package server

import (
	"regexp"
	"slices"
	"testing"

	"sluis/exchange"
	"sluis/schemas"
)

// Every code that the law itself made has a name, so that an explanation can
// use it.
func TestTerms(t *testing.T) {
	codes := map[string][]string{}
	for _, c := range exchange.Depths {
		codes["depth"] = append(codes["depth"], string(c))
	}
	codes["asked"] = codes["depth"]
	for _, c := range exchange.Categories {
		codes["category"] = append(codes["category"], string(c))
	}
	for _, c := range exchange.Regimes {
		codes["regime"] = append(codes["regime"], string(c))
	}
	for _, c := range exchange.InvolvementStates {
		codes["involvement"] = append(codes["involvement"], string(c))
	}
	for what, all := range codes {
		for _, code := range all {
			if s := term(what, code); s.NL == code || s.EN == code || s.NL == s.EN || s.NL == "" || s.EN == "" {
				t.Errorf("%s %s is called %+v", what, code, s)
			}
		}
	}
	if s := term("capacity", "probation"); s != (exchange.Sentence{NL: "probation", EN: "probation"}) {
		t.Errorf("what has no name is called %+v", s)
	}
}

// A sentence asks for no param that an explanation can't name.
func TestRulesAskForKnownParams(t *testing.T) {
	known := []string{
		"purpose", "task", "domain", "item", "weighing", "trigger", "statement", "ground", "step", "outcome", // of catalogues
		"depth", "asked", "category", "regime", "involvement", // terms
		"capacity", "hat", "date", "parties", // as they are
	}
	placeholder := regexp.MustCompile(`\{([^}]*)\}`)
	sentences := 0
	codes := slices.Clone(exchange.Codes[:])
	for _, r := range exchange.RuleCodes {
		codes = append(codes, exchange.Code(r))
	}
	for _, code := range codes {
		s, ok := schemas.Rule(string(code))
		if !ok {
			continue
		}
		sentences++
		for _, text := range []string{s.NL, s.EN} {
			for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(known, m[1]) {
					t.Errorf("%s asks for %s", code, m[1])
				}
			}
		}
	}
	if sentences < len(exchange.RuleCodes) {
		t.Errorf("%d sentences; every rule has one", sentences)
	}
}

// A refusal is told by its own params before those of the rule, a code without
// a sentence by its text, and names come from the law.
func TestVocabulary(t *testing.T) {
	law, err := exchange.ParseLaw(schemas.Catalogues())
	if err != nil {
		t.Fatal(err)
	}
	v := vocabulary{law, "secrecy"}
	got := v.explain(exchange.Finding{
		Rule: exchange.RuleSupplied, Article: "1", Params: []string{"item", "debt-plan", "asked", "content"},
		Refusal: &exchange.Refusal{Code: exchange.DeeperThanAsked, Params: []string{"item", "debt-total", "asked", "that", "article", "2"}},
	})
	total, _ := law.Item("debt-total")
	want, _ := schemas.Rule("deeper-than-asked")
	if got.Allowed || got.Code != "deeper-than-asked" || got.Article != "2" || got.Says.NL == want.NL ||
		!regexp.MustCompile(regexp.QuoteMeta(total.Name.NL)+`.*dat het er is`).MatchString(got.Says.NL) {
		t.Errorf("explained as %+v", got)
	}
	bare := v.explain(exchange.Finding{Refusal: &exchange.Refusal{Code: exchange.NothingAsked}})
	text, _ := schemas.Text("nothing-asked")
	if bare.Says.EN != text.EN.Title+" "+text.EN.Advice || bare.Article != text.Article {
		t.Errorf("explained as %+v", bare)
	}
	params := []string{"step", "consent", "outcome", "refused"}
	rule, _ := law.Weighing("secrecy")
	step, _ := rule.Step("consent")
	outcome, _ := step.Outcome("refused")
	if v.name("step", "consent", params) != step.Ask || v.name("outcome", "refused", params) != outcome.Name {
		t.Error("a step or its outcome is not called by its name")
	}
	elsewhere := vocabulary{law, "duty"}
	if elsewhere.name("step", "consent", params) != step.Ask {
		t.Error("a step of another weighing is not found")
	}
	for _, what := range []string{"purpose", "task", "domain", "item", "weighing", "trigger", "statement", "ground", "step", "outcome"} {
		if s := v.name(what, "no-such-code", nil); s != (exchange.Sentence{NL: "no-such-code", EN: "no-such-code"}) {
			t.Errorf("a %s that does not exist is called %+v", what, s)
		}
	}
}

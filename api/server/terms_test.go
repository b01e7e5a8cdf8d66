package server

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	for _, c := range exchange.Roles {
		codes["role"] = append(codes["role"], string(c))
	}
	for side := range courses {
		for phase := range courses[side] {
			codes["phase"] = append(codes["phase"], string(phase))
		}
	}
	codes["field"] = refusedFields(t)
	for what, all := range codes {
		for _, code := range all {
			if s := term(what, code); s.NL == code || s.EN == code && what != "role" && what != "phase" || s.NL == s.EN || s.NL == "" || s.EN == "" {
				t.Errorf("%s %s is called %+v", what, code, s)
			}
		}
	}
	if s := term("capacity", "probation"); s != (exchange.Sentence{NL: "probation", EN: "probation"}) {
		t.Errorf("what has no name is called %+v", s)
	}
}

// refusedFields are the fields that refusals of exchange name, out of its text.
func refusedFields(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("../../exchange/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`"field", "([a-zA-Z]+)"|checkText\([a-z]+, "([a-z]+)"\)|\{"([a-z]+)", r\.`).FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1]+m[2]+m[3])
		}
	}
	if len(all) < 25 {
		t.Fatalf("%d fields; the test sees too little", len(all))
	}
	return all
}

// A sentence asks for no param that an explanation can't name.
func TestRulesAskForKnownParams(t *testing.T) {
	known := []string{
		"purpose", "task", "domain", "item", "weighing", "trigger", "statement", "ground", "step", "outcome", "condition", "other", // of catalogues
		"depth", "asked", "category", "regime", "involvement", // terms
		"capacity", "hat", "date", "parties", "number", // as they are
		"role", "field", "surplus", // terms and statements
	}
	placeholder := regexp.MustCompile(`\{([^}]*)\}`)
	sentences := 0
	codes := slices.Clone(exchange.Codes[:])
	for _, r := range exchange.RuleCodes {
		codes = append(codes, exchange.Code(r))
	}
	for _, code := range slices.Clone(codes) {
		for _, form := range []string{"item+surplus", "surplus", "item+statement", "item", "statement", "field", "number"} {
			codes = append(codes, code+"/"+exchange.Code(form))
		}
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
	if s := v.name("statement", "nuisance,safety", nil); !strings.Contains(s.NL, "?' of '") || !strings.Contains(s.EN, "?' or '") {
		t.Errorf("two statements of which one will do are called %+v", s)
	}
	if s := v.name("date", "2026-12-02", nil); s != (exchange.Sentence{NL: "2 december 2026", EN: "2 December 2026"}) {
		t.Errorf("a day is called %+v", s)
	}
	may := v.explain(exchange.Finding{Refusal: &exchange.Refusal{Code: exchange.ActorMayNot, Params: []string{"role", "professional,coordinator", "capacity", "probation"}}})
	if !strings.Contains(may.Says.NL, "professional die besluit of coördinator") || !strings.Contains(may.Says.EN, "'probation'") {
		t.Errorf("who may is explained as %+v", may)
	}
	for _, what := range []string{"purpose", "task", "domain", "item", "weighing", "trigger", "statement", "ground", "step", "outcome"} {
		if s := v.name(what, "no-such-code", nil); s != (exchange.Sentence{NL: "no-such-code", EN: "no-such-code"}) {
			t.Errorf("a %s that does not exist is called %+v", what, s)
		}
	}
}

package schemas_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"sluis/exchange"
	"sluis/schemas"
)

type catalogues struct {
	Purposes []exchange.Purpose
	Items    []exchange.Item
	Grounds  []exchange.Ground
	Domains  []named
	Tasks    []named

	Conditions []exchange.ConditionRule
	Defaults   []exchange.DefaultRule
}

type named struct {
	Code    string
	Kind    string
	Article string
	Name    exchange.Sentence
}

func read(t *testing.T) catalogues {
	t.Helper()
	var c catalogues
	for _, document := range schemas.Catalogues() {
		if err := json.Unmarshal(document, &c); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c catalogues) domain(code string) bool {
	return slices.ContainsFunc(c.Domains, func(d named) bool { return d.Code == code })
}

func (c catalogues) task(code string) bool {
	return slices.ContainsFunc(c.Tasks, func(d named) bool { return d.Code == code })
}

func TestLawReadsTheCatalogues(t *testing.T) {
	law, err := exchange.ParseLaw(schemas.Catalogues())
	if err != nil {
		t.Fatal(err)
	}
	c := read(t)
	if len(c.Items) < 60 || len(c.Purposes) < 14 || len(c.Domains) < 20 {
		t.Errorf("%d items, %d purposes, %d domains", len(c.Items), len(c.Purposes), len(c.Domains))
	}
	for _, i := range c.Items {
		if _, ok := law.Item(i.Code); !ok {
			t.Errorf("the law lacks item %s", i.Code)
		}
	}
}

// Article 5.4.2 and the paragraphs around it, as far as the catalogues alone
// can break them.
func TestPurposesFollowTheAct(t *testing.T) {
	c := read(t)
	for _, p := range c.Purposes {
		if !slices.Contains(p.Categories(), exchange.Ordinary) {
			t.Errorf("%s leaves out ordinary data", p.Code)
		}
		var askers []exchange.TaskCode
		for _, w := range p.Ways {
			askers = append(askers, w.Askers...)
			c.checkWay(t, p, w)
		}
		for _, r := range p.Weighing {
			once(t, p.Code, texts(r.Categories))
			once(t, p.Code, texts(r.Regimes))
		}
		investigates := strings.HasPrefix(string(p.Code), "investigation/") && slices.Contains(askers, "investigation")
		if six := strings.Contains(p.Article, "5.4.2(1)"); investigates && six && p.Deadline.Days != 42 {
			t.Errorf("%s: the investigation takes six weeks, not %d days", p.Code, p.Deadline.Days)
		}
		// Religion and ethnicity only to fit youth help or support at home.
		if slices.Contains(p.Categories(), exchange.OtherSpecial) && (strings.HasPrefix(string(p.Code), "report") || strings.HasPrefix(string(p.Code), "triage") || p.Code == "zvh-alignment") {
			t.Errorf("%s asks for other special categories", p.Code)
		}
	}
}

func (c catalogues) checkWay(t *testing.T, p exchange.Purpose, w exchange.Way) {
	t.Helper()
	purpose := p.Code
	for _, d := range w.Asked {
		if !c.domain(string(d)) {
			t.Errorf("%s asks the unknown domain %s", purpose, d)
		}
		// A party asks for its own task what the college or the coordinator
		// has; it has no power to ask another party, but for what that party said
		// in a conference (art. 5.4.3(4)).
		party := slices.Contains(w.Askers, "service") || slices.Contains(w.Askers, "municipal-service") || slices.Contains(w.Askers, "mayor")
		if party && !p.Taking && d != "investigation" && d != "coordination" && d != "reporting-desk" {
			t.Errorf("%s lets a party ask %s", purpose, d)
		}
	}
	for _, a := range w.Askers {
		if !c.task(string(a)) {
			t.Errorf("%s is for the unknown task %s", purpose, a)
		}
	}
	for _, list := range [][]string{texts(w.Askers), texts(w.Asked), texts(w.Triggers), texts(w.Involvement)} {
		once(t, purpose, list)
	}
}

// once fails when a list names one twice.
func once(t *testing.T, purpose exchange.PurposeCode, list []string) {
	t.Helper()
	slices.Sort(list)
	if len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("%s names one twice: %v", purpose, list)
	}
}

func texts[T ~string](all []T) []string {
	var out []string
	for _, each := range all {
		out = append(out, string(each))
	}
	return out
}

// What a domain holds by its nature can't be ordinary data.
func TestCategoriesFitTheDomain(t *testing.T) {
	always := map[exchange.DomainCode]exchange.Category{
		"police": exchange.Criminal, "probation": exchange.Criminal, "public-prosecution": exchange.Criminal, "custody": exchange.Criminal,
		"youth-probation": exchange.Criminal, "mental-health": exchange.Health, "medical-care": exchange.Health, "long-term-care": exchange.Health,
	}
	perDomain := map[string]int{}
	c := read(t)
	for _, i := range c.Items {
		perDomain[string(i.Domain)]++
		if !c.domain(string(i.Domain)) {
			t.Errorf("%s is of the unknown domain %s", i.Code, i.Domain)
		}
		if want, ok := always[i.Domain]; ok && i.Category != want {
			t.Errorf("%s of %s is %s, want %s", i.Code, i.Domain, i.Category, want)
		}
		if strings.HasSuffix(string(i.Code), "-limits") && i.Category != exchange.Health {
			t.Errorf("%s tells what somebody can't do and is %s", i.Code, i.Category)
		}
		if slices.Contains(slices.Collect(maps.Keys(i.Depths)), exchange.That) && strings.Contains(i.Depths[exchange.That].EN, "Since when") {
			t.Errorf("%s tells more than 'that' at depth that", i.Code)
		}
		if i.Category == exchange.OtherSpecial && i.Domain != "youth-care" && i.Domain != "social-support" {
			t.Errorf("%s: religion and ethnicity only to fit youth help or support, not in %s", i.Code, i.Domain)
		}
	}
	for _, d := range c.Domains {
		if perDomain[d.Code] == 0 {
			t.Errorf("domain %s has no item", d.Code)
		}
	}
}

// A professional of every regime can say no on more than one ground, and no
// ground is offered where it does not belong.
func TestGroundsFitTheRegimes(t *testing.T) {
	c := read(t)
	for _, regime := range exchange.Regimes {
		n := 0
		for _, g := range c.Grounds {
			if slices.Contains(g.Regimes, regime) {
				n++
			}
		}
		if n < 5 {
			t.Errorf("regime %s has %d grounds", regime, n)
		}
	}
	for _, g := range c.Grounds {
		for _, r := range g.Regimes {
			second, third, fourth := strings.Contains(g.Article, "(2)"), strings.Contains(g.Article, "5.4.2(3)"), strings.Contains(g.Article, "5.4.2(4)")
			if strings.HasPrefix(g.Article, "5.4.2(2)") && second && !r.Secrecy() || third && r != exchange.Wpg && r != exchange.Wjsg || fourth && r != exchange.Mayor {
				t.Errorf("ground %s of art. %s is offered under %s", g.Code, g.Article, r)
			}
		}
	}
	for _, code := range []exchange.GroundCode{"not-necessary", "not-held", "already-known"} {
		i := slices.IndexFunc(c.Grounds, func(g exchange.Ground) bool { return g.Code == code })
		if i < 0 || len(c.Grounds[i].Regimes) != len(exchange.Regimes) {
			t.Errorf("ground %s does not fit every regime", code)
		}
	}
}

// Plain language: short sentences, no words that only lawyers use.
func TestCataloguesArePlain(t *testing.T) {
	c := read(t)
	var dutch []string
	for _, p := range c.Purposes {
		dutch = append(dutch, p.Name.NL, p.Explain.NL)
		if p.Explain.EN == "" {
			t.Errorf("%s is not explained in English", p.Code)
		}
	}
	for _, i := range c.Items {
		dutch = append(dutch, i.Name.NL, i.Explain.NL)
		if i.Explain.EN == "" {
			t.Errorf("%s is not explained in English", i.Code)
		}
		for d, s := range i.Depths {
			dutch = append(dutch, s.NL)
			if s.EN == "" {
				t.Errorf("%s at depth %s has no English", i.Code, d)
			}
		}
	}
	for _, g := range c.Grounds {
		dutch = append(dutch, g.Name.NL)
	}
	for _, r := range c.Conditions {
		dutch = append(dutch, r.Name.NL, r.Explain.NL, r.Says.NL)
	}
	for _, d := range c.Defaults {
		dutch = append(dutch, d.Why.NL)
	}
	for _, text := range dutch {
		plainDutch(t, text)
	}
}

// plainDutch fails when a text is empty, has a sentence of more than 20 words,
// or a word from the list of the writing rules.
func plainDutch(t *testing.T, text string) {
	t.Helper()
	if text == "" {
		t.Error("a Dutch text is missing")
	}
	for _, sentence := range strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == '?' || r == ':' }) {
		if n := len(strings.Fields(sentence)); n > 20 {
			t.Errorf("a sentence of %d words: %s", n, sentence)
		}
	}
	for _, word := range []string{"conform", "inzake", "betrokkene", "verwerkingsverantwoordelijke", "doelbinding", "proportionaliteit", "middels", "derhalve"} {
		if strings.Contains(strings.ToLower(text), word) {
			t.Errorf("the word %q is not plain: %s", word, text)
		}
	}
}

// README.md lists every code of the catalogues.
func TestReadmeListsTheCodes(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	c := read(t)
	all := append(names(c.Domains), names(c.Tasks)...)
	for _, p := range c.Purposes {
		all = append(all, string(p.Code))
	}
	for _, i := range c.Items {
		all = append(all, string(i.Code))
	}
	for _, r := range c.Conditions {
		all = append(all, string(r.Code))
	}
	for _, code := range all {
		if !strings.Contains(string(text), "`"+code+"`") {
			t.Errorf("README.md lacks %s", code)
		}
	}
}

func names(all []named) (codes []string) {
	for _, n := range all {
		codes = append(codes, n.Code)
	}
	return codes
}

// Issue 3 and the memorandum to art. 5.4.2(2): the seven steps, in their order,
// of which three belong to the route without consent.
func TestSecrecyHasSevenSteps(t *testing.T) {
	law, err := exchange.ParseLaw(schemas.Catalogues())
	if err != nil {
		t.Fatal(err)
	}
	secrecy, _ := law.Weighing("secrecy")
	var steps, alone []string
	for _, s := range secrecy.Steps {
		steps = append(steps, string(s.Code))
		if s.Route == "without-consent" {
			alone = append(alone, string(s.Code))
		}
	}
	if want := []string{"enough-information", "consent", "good-care", "prevents-and-outweighs", "colleague", "least", "client-told"}; !slices.Equal(steps, want) {
		t.Errorf("the steps are %v, want %v", steps, want)
	}
	if want := []string{"good-care", "prevents-and-outweighs", "colleague"}; !slices.Equal(alone, want) {
		t.Errorf("without consent: %v, want %v", alone, want)
	}
	colleague, _ := secrecy.Step("colleague")
	for _, o := range colleague.Outcomes {
		if !o.With || !o.Day || o.Stops {
			t.Errorf("outcome %s of the consultation lacks who or when, or decides for the professional", o.Code)
		}
	}
}

// Every rule that explains has a sentence in both languages, and a placeholder
// is a param that the code knows.
func TestRuleSentences(t *testing.T) {
	params := "purpose task domain item depth asked weighing trigger involvement statement step outcome ground category regime capacity date role field number surplus parties hat condition other"
	for _, code := range exchange.RuleCodes {
		s, ok := schemas.Rule(string(code))
		if !ok || s.NL == "" || s.EN == "" {
			t.Errorf("rule %s has no sentence", code)
		}
	}
	codes := append(texts(exchange.Codes[:]), texts(exchange.RuleCodes[:])...)
	for _, code := range slices.Clone(codes) {
		for _, form := range []string{"item+surplus", "surplus", "item+statement", "item", "statement", "field", "number"} {
			codes = append(codes, code+"/"+form)
		}
	}
	for _, code := range codes {
		s, _ := schemas.Rule(code)
		var held [2][]string
		for i, text := range []string{s.NL, s.EN} {
			for _, part := range strings.Split(text, "{")[1:] {
				name, _, ok := strings.Cut(part, "}")
				if !ok || !slices.Contains(strings.Fields(params), name) {
					t.Errorf("the sentence of %s has the placeholder %q", code, name)
				}
				held[i] = append(held[i], name)
			}
			slices.Sort(held[i])
		}
		if !slices.Equal(held[0], held[1]) {
			t.Errorf("the sentences of %s name %v and %v", code, held[0], held[1])
		}
	}
	if _, ok := schemas.Rule("no-such-rule"); ok {
		t.Error("a code that does not exist has a sentence")
	}
}

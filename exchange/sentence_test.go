package exchange

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"sluis/schemas"
)

var update = flag.Bool("update", false, "write testdata/sentences.txt")

// saidConditions has every kind of condition, alone and with all that it can name.
func saidConditions() []Condition {
	day := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	house, prob := PartyID{housing.OIN, "housing"}, PartyID{probation.OIN, "probation"}
	return []Condition{
		{Code: AskFirst},
		{Code: AskFirst, Items: []ItemCode{"offence", "supervision-conditions", "rent-arrears"}},
		{Code: AskEachTime, Items: []ItemCode{"offence"}},
		{Code: OnlyTo, Parties: []PartyID{house}},
		{Code: OnlyTo, Items: []ItemCode{"offence"}, Parties: []PartyID{house, prob}, Tasks: []TaskCode{"coordination"}, Domains: []DomainCode{"youth-care", "debts"}},
		{Code: NotTo, Domains: []DomainCode{"housing"}},
		{Code: OnlyFor, Phases: []PhaseCode{InvestigationPhase}},
		{Code: OnlyFor, Purposes: []PurposeCode{"coordination", "investigation/client-request"}, Phases: []PhaseCode{ReportPhase}},
		{Code: NotFor, Items: []ItemCode{"rent-arrears", "offence"}, Purposes: []PurposeCode{"triage"}},
		{Code: NoDeeper, Depth: That},
		{Code: NoDeeper, Items: []ItemCode{"supervision-conditions"}, Depth: Process},
		{Code: AfterTold},
		{Code: OralOnly, Items: []ItemCode{"offence"}},
		{Code: NoOnward},
		{Code: DeleteBy, Until: day},
		{Code: DeleteBy, Items: []ItemCode{"offence"}, Until: day.AddDate(0, 9, 30)},
		{Code: OnlyTo, Items: []ItemCode{"no-such-item"}, Tasks: []TaskCode{"no-such-task"}},
		{Code: "no-such-condition"},
	}
}

// Issue 5: each condition is one Dutch and one English sentence that says what
// the node will do.
func TestSentences(t *testing.T) {
	law := testLaw(t)
	names := map[PartyID]string{{housing.OIN, "housing"}: housing.Name, {probation.OIN, "probation"}: probation.Name}
	seen := map[ConditionCode]bool{}
	var b strings.Builder
	for _, c := range saidConditions() {
		seen[c.Code] = true
		s := law.SentenceOf(c, PartyID{probation.OIN, "probation"}, func(p PartyID) string { return names[p] })
		b.WriteString(s.NL + "\n" + s.EN + "\n\n")
		for _, text := range []string{s.NL, s.EN} {
			if strings.ContainsAny(text, "{}\n") || strings.Count(text, ".") != 1 && c.Code != "no-such-condition" {
				t.Errorf("not one sentence: %s", text)
			}
		}
	}
	for _, code := range ConditionCodes {
		if !seen[code] {
			t.Errorf("%s is not said", code)
		}
	}
	const golden = "testdata/sentences.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the sentences are\n%s\n%s has\n%s", b.String(), golden, want)
	}
}

// What the catalogue of conditions must not say.
func TestConditionsCatalogueIsHeld(t *testing.T) {
	for what, change := range map[string][2]string{
		"a kind that does not exist":        {`"code": "ask-first"`, `"code": "ask-nicely"`},
		"a kind that stands twice":          {`"code": "ask-each-time"`, `"code": "ask-first"`},
		"a sentence without the supplier":   {`na toestemming van {by}, voor`, `na toestemming, voor`},
		"a sentence with what is not there": {`"Geef {items} aan niemand door."`, `"{by}: geef {items} aan niemand door."`},
		"no source":                         {`"article": "5.4.3(2)"`, `"article": ""`},
		"a default that can't stand alone":  {`"condition": "ask-first"`, `"condition": "only-to"`},
		"a default for an unknown regime":   {`"wpg", "wjsg"`, `"wpg", "gossip"`},
		"a default for unknown data":        {`["criminal"]`, `["boring"]`},
		"a default for everything":          {`"categories": ["criminal"],`, ``},
		"a phase without a name":            {`"report": {"nl": "melding", "en": "report"},`, ``},
		"a depth that does not exist":       {`"content": {"nl": "de inhoud"`, `"gossip": {"nl": "x", "en": "x"}, "content": {"nl": "de inhoud"`},
		"words that lose the name":          {`het doel '{name}'`, `het doel`},
		"a missing word":                    {`"or": {"nl": "of", "en": "or"},`, ``},
	} {
		documents := schemas.Catalogues()
		text := strings.Replace(string(documents["conditions"]), change[0], change[1], 1)
		if text == string(documents["conditions"]) {
			t.Errorf("%s: nothing was changed", what)
		}
		documents["conditions"] = []byte(text)
		if _, err := ParseLaw(documents); err == nil || !strings.HasPrefix(err.Error(), "conditions catalogue: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

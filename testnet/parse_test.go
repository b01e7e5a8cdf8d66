package testnet

import (
	"reflect"
	"strings"
	"testing"

	"sluis/exchange"
)

const story = `# A title
#
# One paragraph
# of two lines.
#
# Another.

party a regime none bsn no
party b

person p
    name     "Petra Proefpersoon"
    bsn      999993847
    born     1980-02-29
    address  "Voorbeeldstraat 1"

# Not part of the story.
a opens a case about p on some/trigger
    from     b
    state    why "A trigger of its own"
    state    which first
    scope    housing
    family   p agrees
a asks b/desk about p for some/purpose
    because  "A reason of its own"
    client   not-yet-informed "She was not at home"
    consent  given
    state    why "Why this party here"
    many since "They all know her"
    item     b/thing  process  "To know the thing"
    stating  choice youth-help
    share with housing
then b sees weighing
then b is asked by bsn
b asks back "Who will read it?"
a replies "Nobody but me"
b weighs
    step     one yes
    step     two no with c.colleague "She said so"
b decides
    supply    b/thing process "This is the thing"
    withhold  b/other on some-ground
    because   "It is not needed"
    saying    "Please do call me"
    withhold  b/third on some-ground
    condition ask-first
    condition only-to a
    condition delete-by until 2027-01-31
    condition not-to task coordination
    condition not-to domain d
    condition only-for purpose f
    condition not-for phase report
    condition no-deeper depth process
    for i
    for j
    note      "Nobody else reads this"
then a has 1 from b
then a reads b/thing process "This is the thing"
then a does not get b/other
then a is bound by ask-first
then the ledger of b holds decision-taken
then the ledger of b holds no withdrawal-received
stop b
start b
a withdraws
then it is refused with not-now
then b has heard nothing
then both ledgers agree
`

func TestParse(t *testing.T) {
	s, err := Parse("story", []byte(story))
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "A title" || !reflect.DeepEqual(s.Story, []string{"One paragraph of two lines.", "Another."}) {
		t.Errorf("title %q, story %q", s.Title, s.Story)
	}
	if want := []Cast{{8, "a", "none", "no"}, {9, "b", "", ""}}; !reflect.DeepEqual(s.Parties, want) {
		t.Errorf("parties %+v, want %+v", s.Parties, want)
	}
	if want := []Person{{11, "p", "Petra Proefpersoon", "999993847", "1980-02-29", "Voorbeeldstraat 1"}}; !reflect.DeepEqual(s.People, want) {
		t.Errorf("people %+v, want %+v", s.People, want)
	}
	ask := Ask{
		From: "a", To: "b/desk", Person: "p", Purpose: "some/purpose", Because: "A reason of its own",
		Client: "not-yet-informed", ClientWhy: "She was not at home", Consent: "given", Broad: "They all know her",
		States:    []State{{"why", "Why this party here", false}},
		Items:     []AskItem{{"b/thing", "process", "To know the thing", []State{{"choice", "youth-help", true}}}},
		ShareWith: []string{"housing"},
	}
	opened := OpenCase{
		Party: "a", Person: "p", Trigger: "some/trigger", From: "b",
		States: []State{{"why", "A trigger of its own", false}, {"which", "first", true}}, Scope: []string{"housing"},
		Family: []CaseFamily{{"p", true}},
	}
	decides := 7
	acts := []Act{
		opened, ask, Sees{"b", "weighing"}, Named{"b", true}, AskBack{"b", "Who will read it?"}, Reply{"a", "Nobody but me"},
		Weigh{"b", []WeighStep{{"one", "yes", "", ""}, {"two", "no", "She said so", "c.colleague"}}}, s.Steps[decides].Act,
		Has{"a", "b", 1}, Reads{"a", "b/thing", "process", "This is the thing"}, Lacks{"a", "b/other"}, Bound{"a", "ask-first"},
		Holds{"b", "decision-taken", false}, Holds{"b", "withdrawal-received", true},
		StopNode{"b"}, StartNode{"b"}, Withdraw{"a"}, RefusedWith{"not-now"}, HeardNothing{"b"}, Agree{},
	}
	for i, step := range s.Steps {
		if i >= len(acts) || !reflect.DeepEqual(step.Act, acts[i]) {
			t.Errorf("step %d, line %d: %#v", i, step.Line, step.Act)
		}
	}
	if len(s.Steps) != len(acts) {
		t.Errorf("%d steps, want %d", len(s.Steps), len(acts))
	}
	d, ok := s.Steps[decides].Act.(Decide)
	if !ok || len(d.Items) != 3 || len(d.Conditions) != 8 || d.Note != "Nobody else reads this" {
		t.Fatalf("decision %#v", s.Steps[decides].Act)
	}
	if want := (DecideItem{Item: "b/other", Ground: "some-ground", Reason: "It is not needed", Tell: "Please do call me"}); d.Items[1] != want {
		t.Errorf("withheld %+v, want %+v", d.Items[1], want)
	}
	if got := d.Conditions[2].Until.Format("2006-01-02"); got != "2027-01-31" {
		t.Errorf("until %s", got)
	}
	if want := []Condition{
		{Code: "not-to", Tasks: []string{"coordination"}}, {Code: "not-to", Domains: []string{"d"}}, {Code: "only-for", Purposes: []string{"f"}},
		{Code: "not-for", Phases: []string{"report"}}, {Code: "no-deeper", Depth: "process", Items: []string{"i", "j"}},
	}; !reflect.DeepEqual(d.Conditions[3:], want) {
		t.Errorf("conditions %+v, want %+v", d.Conditions[3:], want)
	}
}

// Every change below makes the story wrong, and the error names the line and
// says what is the matter.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no title", "# A title\n#\n# One paragraph\n# of two lines.\n#\n# Another.\n", "", "title"},
		{"an unknown line", "stop b", "halt b", "line 63: this line has none of these forms:"},
		{"an unknown line below", "note      \"", "remark    \"", "line 56: this line has none of these forms:"},
		{"an unknown party", "stop b", "stop c", "c is not among the parties"},
		{"items of no condition", "    condition ask-first\n", "    for i\n    condition ask-first\n", "this belongs under condition"},
		{"an unknown party in a condition", "only-to a", "only-to c", "c is not among the parties"},
		{"a party twice", "party b\n", "party b\nparty b\n", "line 10: b takes part already"},
		{"an unknown person", "about p for", "about q for", "q is not described"},
		{"a person twice", "person p\n", "person p\nperson p\n", "described already"},
		{"a name twice", "    bsn  ", "    name \"Petra Proefpersoon\"\n    bsn  ", "stands twice"},
		{"a family member who is not described", "family   p", "family   q", "q is not described"},
		{"a statement under no item", "    item     b/thing  process  \"To know the thing\"\n", "", "this belongs under item"},
		{"weighing of nothing", story[strings.Index(story, "    step     one"):strings.Index(story, "b decides")], "", "weighing needs a step"},
		{"a short BSN", "999993847", "99999384", "99999384 does not fit <bsn>"},
		{"a bad date", "1980-02-29", "1981-02-29", "does not fit <date>"},
		{"a bad depth", "b/thing  process", "b/thing  everything", "everything does not fit <depth>"},
		{"no reason", "    because  \"A reason of its own\"\n", "", "needs because"},
		{"no item", "    item     b/thing  process  \"To know the thing\"\n    stating  choice youth-help\n", "", "at least one item"},
		{"a text that is too short to be searched for", "To know the thing", "Know it", "does not fit <text>"},
		{"an open quote", "\"To know the thing\"", "\"To know the thing", "does not end with one"},
		{"a quote in a word", "b/thing  process", "b/thi\"ng  process", "quote stands inside a word"},
		{"no space after a quote", "process  \"To know the thing\"", "process  \"To know the thing\"x", "space must follow"},
		{"upper case", "stop b", "Stop b", "none of these forms"},
		{"indented under nothing", "stop b", "  stop b", "nothing can be indented here"},
		{"a count in another form", "has 1 from", "has 01 from", "01 does not fit <number>"},
		{"an empty decision", story[strings.Index(story, "    supply"):strings.Index(story, "then a has")], "", "needs supply or withhold"},
		{"a reason for what was supplied", "    withhold  b/other on some-ground\n", "", "this belongs under withhold"},
		{"a refusal of nothing", "a withdraws\n", "", "nothing that can be refused"},
		{"not UTF-8", "One paragraph", "One \xff paragraph", "not UTF-8"},
		{"a long line", "One paragraph", strings.Repeat("x", 401), "at most 400 bytes"},
	} {
		if !strings.Contains(story, c.old) {
			t.Fatalf("%s: the story does not hold %q", c.name, c.old)
		}
		_, err := Parse("story", []byte(strings.Replace(story, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := Parse("story", []byte("# Nothing is expected\nparty a\nstop a\n")); err == nil {
		t.Error("accepted a story that expects nothing")
	}
	if _, err := Parse("story", make([]byte, maxScenario+1)); err == nil {
		t.Error("accepted a file that is too large")
	}
}

// The stories that come with the program parse, use people whose numbers are
// published for tests, and hold nothing that could not be searched for.
func TestScenariosComplete(t *testing.T) {
	published := " 999993847 999992077 999993483 999990482 000009921 999993653 999995017 999990408 999994669 999992806 999993926 999991905 999993550 999990421 "
	all, err := Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Errorf("%d scenarios, want at least 10", len(all))
	}
	members := map[string]bool{}
	for _, m := range Members() {
		members[m.Key] = true
		if !m.Party.OIN.Test() {
			t.Errorf("%s has an OIN outside the range for tests", m.Key)
		}
	}
	for _, s := range all {
		for _, c := range s.Parties {
			if !members[c.Party] {
				t.Errorf("%s: %s is not on the network", s.Name, c.Party)
			}
		}
		for _, p := range s.People {
			if _, err := exchange.ParseBSN(p.BSN); err != nil || !strings.Contains(published, " "+p.BSN+" ") {
				t.Errorf("%s: the number of %s is not one that was published for tests", s.Name, p.Key)
			}
		}
		if _, err := NewSearcher(s.Secrets()); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if _, err := Scenarios("no-such-story"); err == nil || !strings.Contains(err.Error(), all[0].Name) {
		t.Errorf("an unknown name: error %v, want the list of names", err)
	}
	if one, err := Scenarios("testnet/scenarios/" + all[1].Name + ".txt"); err != nil || len(one) != 1 || one[0].Name != all[1].Name {
		t.Errorf("a story by its path: %v", err)
	}
}

// Whatever parses expects something, parses the same again, and holds no text
// that could not be searched for. The seeds are short: the fuzzer spends its
// time on making long ones shorter.
func FuzzParse(f *testing.F) {
	const cast = "# A title\nparty a\nparty b regime none bsn no\n"
	const person = "person p\n name \"Petra Proef\"\n bsn 999993847\n born 1980-02-29\n address \"Voorbeeldstraat 1\"\n"
	f.Add([]byte(cast + "stop a\nstart a\nthen both ledgers agree\n"))
	f.Add([]byte(cast + person + "a opens a case about p on x\n state y z\na asks b about p for x/y\n because \"some reason\"\n item i that \"some reason\"\nthen it is refused with z\n"))
	f.Add([]byte(cast + "b decides\n supply i process \"some value\"\n condition delete-by until 2027-01-31\nthen a has 1 from b\n"))
	f.Add([]byte(cast + "b decides\n withhold i on g\n because \"some reason\"\n saying \"some words\"\nthen a reads i that \"some value\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("fuzz", text)
		if err != nil {
			return
		}
		if s.Title == "" || len(s.Steps) == 0 {
			t.Errorf("accepted a story without title or steps: %q", text)
		}
		again, err := Parse("fuzz", text)
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("parsed twice, differently: %v", err)
		}
		if _, err := NewSearcher(s.Secrets()); err != nil {
			t.Errorf("accepted a text that cannot be searched for: %v", err)
		}
	})
}

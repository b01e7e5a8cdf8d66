package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluis/schemas"
)

const doctorDocument = "../docs/doctor.md"

// Everything that a check can find has words, and all words are said by a check.
func TestEveryCheckHasWords(t *testing.T) {
	want := constants(t, "../peer/check.go")
	var have []string
	for _, c := range schemas.Checks() {
		have = append(have, c.Code)
		if !slices.Contains(want, c.Code) {
			t.Errorf("%s has words and nobody says it", c.Code)
		}
	}
	for _, code := range want {
		if !slices.Contains(have, code) {
			t.Errorf("%s has no words", code)
		}
	}
	if sorted := slices.Clone(have); len(slices.Compact(slices.Sorted(slices.Values(sorted)))) != len(have) {
		t.Error("a code stands twice")
	}
	if _, ok := schemas.Check("no-such-code"); ok {
		t.Error("a code that does not exist has words")
	}
}

// What is wrong comes with advice, what is not without, and both languages have
// the same values.
func TestChecksArePlain(t *testing.T) {
	file, err := os.ReadFile("checks.json")
	if err != nil {
		t.Fatal(err)
	}
	var strict struct {
		Version int                 `json:"version"`
		Checks  []schemas.CheckText `json:"checks"`
	}
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&strict); err != nil || strict.Version != 1 || len(strict.Checks) != len(schemas.Checks()) || len(strict.Checks) < 50 {
		t.Fatalf("checks.json: version %d, %d checks: %v", strict.Version, len(strict.Checks), err)
	}
	values := regexp.MustCompile(`\{[a-z]+\}`)
	of := func(a schemas.Advice) []string {
		all := values.FindAllString(a.Title+a.Advice, -1)
		slices.Sort(all)
		return slices.Compact(all)
	}
	for _, c := range strict.Checks {
		if !slices.Contains([]schemas.CheckLevel{schemas.CheckOK, schemas.CheckWarn, schemas.CheckFail}, c.Level) {
			t.Errorf("%s: level %q", c.Code, c.Level)
		}
		for _, a := range []schemas.Advice{c.NL, c.EN} {
			if a.Title == "" || (a.Advice == "") != (c.Level == schemas.CheckOK) || strings.HasSuffix(a.Title, ".") || strings.HasSuffix(a.Advice, ".") {
				t.Errorf("%s: %+v", c.Code, a)
			}
		}
		if !slices.Equal(of(c.NL), of(c.EN)) {
			t.Errorf("%s: Dutch has %v, English %v", c.Code, of(c.NL), of(c.EN))
		}
	}
	filled := schemas.Advice{Title: "{a} of {b}", Advice: "{c}"}.Fill(map[string]string{"a": "{b}", "b": "2"})
	if filled.Title != "{b} of 2" || filled.Advice != "{c}" {
		t.Errorf("%+v", filled)
	}
}

func TestDoctorDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# What sluis doctor can find

Made from ` + "`schemas/checks.json`" + ` by ` + "`go test ./schemas -run TestDoctorDocument -update`" + `; change the words there.

` + "`sluis doctor`" + ` looks at the node and its machine, and changes nothing. It works while the node runs and, as far as that goes, when it does not
start. ` + "`ok`" + ` is fine, ` + "`warn`" + ` wants a look this week, ` + "`fail`" + ` means that the node does not do its work or soon will not; with a ` + "`fail`" + ` it
ends with exit code 5, so that a monitor can call it. ` + "`--json`" + ` gives codes and values. Nothing of it is personal.

| code | | Nederlands | English |
|---|---|---|---|
`)
	cell := func(a schemas.Advice) string {
		if a.Advice == "" {
			return a.Title
		}
		return a.Title + ". *" + a.Advice + "*"
	}
	for _, c := range schemas.Checks() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Code, c.Level, cell(c.NL), cell(c.EN))
	}
	if *update {
		if err := os.WriteFile(doctorDocument, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(doctorDocument)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Error("docs/doctor.md is not what schemas/checks.json says; run: go test ./schemas -run TestDoctorDocument -update")
	}
}

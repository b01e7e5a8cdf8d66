package testnet

import (
	"os"
	"regexp"
	"testing"
)

// docs/scenarios.md lists exactly the forms that the parser reads, and its
// example parses.
func TestDocumentListsTheForms(t *testing.T) {
	text, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(text, -1) {
		listed[string(row[1])]++
	}
	for _, forms := range [][]form{lineForms(), caseForms(), askForms(), weighForms(), decideForms(), permissionForms(), passForms(), correctForms()} {
		for _, f := range forms {
			if listed[f.pattern]--; listed[f.pattern] < 0 {
				t.Errorf("docs/scenarios.md lacks the row | `%s` |", f.pattern)
			}
		}
	}
	for pattern, more := range listed {
		if more <= 0 {
			continue
		}
		t.Errorf("docs/scenarios.md has `%s`, which the parser does not read", pattern)
	}
	example := regexp.MustCompile("(?s)```\n(# .*?)```").FindSubmatch(text)
	if example == nil {
		t.Fatal("docs/scenarios.md has no example")
	}
	if _, err := Parse("the example", example[1]); err != nil {
		t.Error(err)
	}
}

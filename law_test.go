package sluis_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// verdicts are those of docs/law.md.
var verdicts = []string{"held", "by design", "no rule for a node", "open"}

// folders are the packages whose name is not their folder.
var folders = map[string]string{"main": "cmd/node", "server": "api/server", "wire": "exchange/wire", "audit": "ledger/audit"}

var (
	verdictOf = regexp.MustCompile(`^\*\*([^*]+)\*\*`)
	namedTest = regexp.MustCompile(`\b([a-z]+)\.((?:Test|Fuzz)\w+)`)
	namedFile = regexp.MustCompile(`[\w-]+\.txt\b`)
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
)

// A lawPage is a page of rules with the numbers that must stand on it.
type lawPage struct {
	path    string
	numbers []string
}

func numbered(format string, last int) (all []string) {
	for n := range last {
		all = append(all, fmt.Sprintf(format, n+1))
	}
	return all
}

var lawPages = []lawPage{
	{"docs/law.md", numbered("M1-%03d", 260)},
	{"docs/law-cases.md", slices.Concat(numbered("F%d", 15), numbered("G%d", 15), numbered("A%02d", 66))},
}

// check says what is wrong with a page: a number that is missing, stands twice
// or in the wrong place, a row without a verdict, a rule that is held by
// nothing, and a test or scenario that does not exist.
func (p lawPage) check(text string) (wrong []string) {
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	var found []string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		number := strings.TrimSpace(cells[0])
		if !strings.HasPrefix(line, "|") || !slices.Contains(p.numbers, number) {
			continue
		}
		found = append(found, number)
		if len(cells) != 4 {
			bad("%s has %d cells, want 4", number, len(cells))
			continue
		}
		if strings.TrimSpace(cells[1]) == "" {
			bad("%s does not say what it asks", number)
		}
		m := verdictOf.FindStringSubmatch(strings.TrimSpace(cells[2]))
		switch {
		case m == nil || !slices.Contains(verdicts, m[1]):
			bad("%s has no verdict", number)
		case m[1] == "held" && !namedTest.MatchString(cells[3]) && !namedFile.MatchString(cells[3]):
			bad("%s is held and names no test", number)
		case m[1] == "open" && len(strings.Fields(cells[2])) < 3:
			bad("%s is open and does not say what is missing", number)
		}
	}
	for i, number := range p.numbers {
		if i >= len(found) || found[i] != number {
			at := "nothing"
			if i < len(found) {
				at = found[i]
			}
			bad("where %s must stand there is %s", number, at)
			break
		}
	}
	if len(found) > len(p.numbers) {
		bad("%d rows, want %d", len(found), len(p.numbers))
	}
	for _, m := range namedTest.FindAllStringSubmatch(text, -1) {
		if !testExists(m[1], m[2]) {
			bad("there is no %s", m[0])
		}
	}
	for _, name := range namedFile.FindAllString(text, -1) {
		if _, err := os.Stat(filepath.Join("testnet/scenarios", name)); err != nil {
			bad("there is no scenario %s", name)
		}
	}
	return wrong
}

// testExists reports whether a package has a test of that name.
func testExists(pkg, name string) bool {
	dir, ok := folders[pkg]
	if !ok {
		dir = pkg
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(source), -1) {
			if m[1] == name {
				return true
			}
		}
	}
	return false
}

// docs/law.md and docs/law-cases.md name each rule of the memorandum once and in
// order, with a verdict, and what they say is held names a test that exists.
func TestLawDocument(t *testing.T) {
	for _, p := range lawPages {
		text, err := os.ReadFile(p.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range p.check(string(text)) {
			t.Errorf("%s: %s", p.path, wrong)
		}
	}
}

// The check finds a row that is wrong; what it finds is what was broken.
func TestLawDocumentIsRead(t *testing.T) {
	p := lawPage{"", numbered("M1-%03d", 3)}
	good := `# A page

| rule | what it asks | how | test |
|---|---|---|---|
| M1-001 | One. | **held** so | exchange.TestArticle5_4_2_1, main.TestScripts, 6-client-says-no.txt |
| M1-002 | Two. | **by design** later | |
| M1-003 | Three. | **open** such a thing is missing | |
`
	if wrong := p.check(good); len(wrong) > 0 {
		t.Fatalf("a page that is right: %v", wrong)
	}
	for what, c := range map[string][3]string{
		"a rule that is gone":            {"| M1-002 | Two. | **by design** later | |\n", "", "where M1-002 must stand there is M1-003"},
		"a rule that stands twice":       {"| M1-003", "| M1-002", "where M1-003 must stand there is M1-002"},
		"a rule too many":                {"missing | |\n", "missing | |\n| M1-003 | Three. | **held** | main.TestScripts |\n", "4 rows, want 3"},
		"the last rule gone":             {"| M1-003", "| M1-03", "where M1-003 must stand there is nothing"},
		"no verdict":                     {"**by design** later", "later", "M1-002 has no verdict"},
		"another verdict":                {"**by design**", "**perhaps**", "M1-002 has no verdict"},
		"held by nothing":                {"**by design**", "**held**", "M1-002 is held and names no test"},
		"open, and nothing is said":      {"**open** such a thing is missing", "**open**", "M1-003 is open and does not say what is missing"},
		"a cell too many":                {"**by design** later", "**by design** | later", "M1-002 has 5 cells"},
		"nothing asked":                  {"Two.", "", "M1-002 does not say what it asks"},
		"a test that does not exist":     {"TestArticle5_4_2_1", "TestArticle9_9_9", "there is no exchange.TestArticle9_9_9"},
		"a test of another package":      {"exchange.TestArticle5_4_2_1", "wire.TestArticle5_4_2_1", "there is no wire.TestArticle5_4_2_1"},
		"a package that does not exist":  {"main.TestScripts", "scripts.TestScripts", "there is no scripts.TestScripts"},
		"a scenario that does not exist": {"6-client-says-no.txt", "6-client-says-yes.txt", "there is no scenario 6-client-says-yes.txt"},
	} {
		changed := strings.Replace(good, c[0], c[1], 1)
		if changed == good {
			t.Fatalf("%s: the page does not hold %q", what, c[0])
		}
		if wrong := p.check(changed); !strings.Contains(strings.Join(wrong, "\n"), c[2]) {
			t.Errorf("%s: found %v, want %q", what, wrong, c[2])
		}
	}
}

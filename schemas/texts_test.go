package schemas_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/register"
	"sluis/schemas"
)

// Regenerate docs/errors.md with: go test ./schemas -run TestErrorsDocument -update
var update = flag.Bool("update", false, "write docs/errors.md instead of comparing it")

const errorsDocument = "../docs/errors.md"

// own lists the codes that no package below the doors has.
var own = []string{
	"not-found", "unreachable", "locked", "unauthorised", "bad-input", "internal", "disk-full", "disk-read-only", "stopped", "store-newer", "ledger-inconsistent", "not-yet", "no-console",
	"client-unknown", "token-refused", "token-unchecked", "scope-missing", "for-people", "system-may-not", "too-many-calls", "key-in-use", "message-unknown-kind",
}

func codes(t *testing.T) []string {
	t.Helper()
	all := slices.Clone(own)
	for _, c := range exchange.Codes {
		all = append(all, string(c))
	}
	all = append(all, wire.Codes[:]...)
	all = append(all, crypto.GateCodes[:]...)
	all = append(all, register.Codes[:]...)
	all = append(all, constants(t, "../peer/fault.go")...)
	all = append(all, constants(t, "../console/signin/fault.go")...)
	slices.Sort(all)
	return slices.Compact(all)
}

// constants reads the string constants of a file. The package itself would
// bring the database and the network into this test.
func constants(t *testing.T, path string) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			for _, v := range s.(*ast.ValueSpec).Values {
				if l, ok := v.(*ast.BasicLit); ok && l.Kind == token.STRING {
					text, err := strconv.Unquote(l.Value)
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, text)
				}
			}
		}
	}
	if len(all) < 5 {
		t.Fatalf("%s has %d codes; the test sees too little", path, len(all))
	}
	return all
}

func TestEveryCodeHasAText(t *testing.T) {
	want := codes(t)
	for _, code := range want {
		e, ok := schemas.Text(code)
		if !ok || e.Code != code {
			t.Errorf("%s has no text", code)
		}
	}
	for _, e := range schemas.Texts() {
		if !slices.Contains(want, e.Code) {
			t.Errorf("%s has a text and nobody says it", e.Code)
		}
	}
	if _, ok := schemas.Text("no-such-code"); ok {
		t.Error("a code that does not exist has a text")
	}
}

func TestTextsArePlain(t *testing.T) {
	file, err := os.ReadFile("texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var strict struct {
		Version int                   `json:"version"`
		Texts   []schemas.Explanation `json:"texts"`
	}
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&strict); err != nil || strict.Version != 1 || len(strict.Texts) != len(schemas.Texts()) {
		t.Fatalf("texts.json: version %d, %d texts: %v", strict.Version, len(strict.Texts), err)
	}
	seen := map[string]bool{}
	for _, e := range schemas.Texts() {
		if seen[e.Code] {
			t.Errorf("%s stands twice", e.Code)
		}
		seen[e.Code] = true
		if e.Status < 400 || e.Status > 599 || e.Status == 422 || e.Exit < 1 || e.Exit > 7 {
			t.Errorf("%s: status %d, exit %d", e.Code, e.Status, e.Exit)
		}
		for _, a := range []schemas.Advice{e.NL, e.EN} {
			if !strings.HasSuffix(a.Title, ".") || !strings.HasSuffix(a.Advice, ".") && !strings.HasSuffix(a.Advice, "?") {
				t.Errorf("%s: not whole sentences: %+v", e.Code, a)
			}
		}
		plainDutch(t, e.NL.Title)
		plainDutch(t, e.NL.Advice)
	}
}

func TestErrorsDocument(t *testing.T) {
	want := render()
	if *update {
		if err := os.WriteFile(errorsDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(errorsDocument)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("docs/errors.md is not what schemas/texts.json says. Run: go test ./schemas -run TestErrorsDocument -update\nIt should be:\n%s", want)
	}
}

func render() string {
	var b strings.Builder
	b.WriteString(`# Errors

Made from ` + "`schemas/texts.json`" + ` by ` + "`go test ./schemas -run TestErrorsDocument -update`" + `; change the texts there.

Every refusal has a code. Codes are part of the protocol: they are never renamed or reused. An error holds a code and names from
catalogues, never a BSN, a name or content. The API answers with ` + "`application/problem+json`" + ` (RFC 9457) and the status below; the command
line ends with the exit code below. Articles are of the Wmo 2015 as amended.

| exit | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | not used as intended: an argument or a field is wrong |
| 3 | not found |
| 4 | refused by the law, a condition or the protocol |
| 5 | a check failed: ledger, register, receipt |
| 6 | the other party can't be reached |
| 7 | needs a person: a decision, a passphrase, a signature |
| 130 | interrupted |

| code | HTTP | exit | article | Nederlands | English |
|---|---|---|---|---|---|
`)
	for _, e := range schemas.Texts() {
		fmt.Fprintf(&b, "| `%s` | %d | %d | %s | %s *%s* | %s *%s* |\n", e.Code, e.Status, e.Exit, e.Article, e.NL.Title, e.NL.Advice, e.EN.Title, e.EN.Advice)
	}
	return b.String()
}

package logboek

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"sluis/exchange"
)

// Every kind of event is either processing or has a reason why not.
func TestEveryKindIsDecided(t *testing.T) {
	for _, k := range kinds(t) {
		_, shown := processings[k]
		why, hidden := silent[k]
		if shown == hidden {
			t.Errorf("%s: in the log %v, left out %v; want one of the two", k, shown, hidden)
		}
		if hidden && why == "" {
			t.Errorf("%s is left out without a reason", k)
		}
	}
	if n := len(processings) + len(silent); n != len(kinds(t)) {
		t.Errorf("the tables have %d kinds, exchange has %d", n, len(kinds(t)))
	}
	names := map[string]exchange.EventKind{}
	for k, p := range processings {
		if before, twice := names[p.name]; twice || p.name == "" {
			t.Errorf("%s and %s are both named %q", k, before, p.name)
		}
		names[p.name] = k
	}
}

func TestUnknownKindIsShown(t *testing.T) {
	if p, ok := processingOf("of-a-later-version"); !ok || p.name == "" || p.activity != other {
		t.Errorf("got %+v, %v", p, ok)
	}
}

// kinds reads the list of kinds out of the source, so that a new one can't be
// forgotten here.
func kinds(t *testing.T) (all []exchange.EventKind) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../exchange/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "EventKind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, exchange.EventKind(text))
		}
		return true
	})
	if len(all) < 30 {
		t.Fatalf("found %d kinds; the test sees nothing", len(all))
	}
	return all
}

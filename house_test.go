// Package sluis_test holds the house to its plan: which room may know which.
package sluis_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms lists what each package may import of ours. A package that is missing
// here fails the test: a new room is a decision, not an accident.
var rooms = map[string][]string{
	"durable":  {},
	"schemas":  {},
	"crypto":   {},
	"exchange": {},
	"ledger":   {},

	// logboek reads headers of ledger entries and knows the kinds of event; what
	// it follows is an interface of its own, so that it need not know peer.
	"logboek": {"durable", "exchange", "ledger"},

	"register":      {"exchange", "crypto", "schemas", "ledger"},
	"exchange/wire": {"exchange", "register", "crypto", "schemas"},
	"ledger/audit":  {"ledger", "exchange", "exchange/wire", "register", "crypto", "schemas"},
	"store":         {"durable", "exchange", "ledger", "crypto"},
	// paper knows what is told, and nothing of the node that tells it.
	"paper": {"exchange"},

	"transport": {"exchange", "register"},
	"peer": {
		"durable", "schemas", "crypto", "exchange", "ledger", "ledger/audit", "register", "exchange/wire", "store", "transport", "paper",
	},

	"api":         {"schemas"},
	"api/webhook": {"durable", "api", "exchange", "ledger"},
	// api/example is what another system does: it has what such a system has.
	"api/example":            {"api", "api/webhook"},
	"api/example/casesystem": {"api", "api/example", "api/webhook"},
	"api/server":             {"api", "api/webhook", "peer", "exchange", "ledger", "schemas", "register", "exchange/wire", "crypto", "store"},

	// An auditor verifies a bundle in the console with what sluis audit verify uses,
	// and an administrator sees how the organisation's own systems take events.
	"console": {"console/signin", "peer", "exchange", "ledger", "ledger/audit", "schemas", "api/webhook"},

	// scripts/style makes the style sheets that the console borrows.
	"scripts/style": {},

	// console/signin proves who somebody is, and knows nothing of pages.
	"console/signin": {"peer", "exchange"},

	// observe reads a node through the doors that it has anyway.
	"observe": {"peer", "exchange", "api/webhook"},

	"testnet": {"api", "api/server", "console", "peer", "register", "crypto", "exchange", "exchange/wire", "ledger", "schemas", "transport"},
	// testnet/sim plays whole networks from a seed; only tests import it.
	"testnet/sim": {"testnet", "peer", "store", "transport", "register", "crypto", "exchange", "exchange/wire", "ledger", "ledger/audit"},
	"cmd/node": {
		"durable", "api", "api/server", "api/webhook", "console", "testnet", "peer", "register", "crypto", "exchange", "schemas", "transport", "store", "logboek", "ledger/audit", "observe",
	},

	// cmd/hsm is a program of its own because it needs C, and the node has none.
	"cmd/hsm": {},
}

// quiet packages start no goroutine and read no clock: they can be read, tested
// and simulated as plain functions.
var quiet = []string{"schemas", "crypto", "exchange", "paper", "exchange/wire", "ledger", "ledger/audit", "register"}

// only names the rooms that may import a foreign module.
var only = map[string][]string{
	"github.com/libp2p/":         {"transport"},
	"github.com/dgraph-io/":      {"store"},
	"github.com/lestrrat-go/jwx": {"crypto"},
	"filippo.io/age":             {"crypto"},
	"github.com/spf13/cobra":     {"cmd/node"},
	"go.opentelemetry.io/":       {"logboek", "observe"},
	"github.com/prometheus/":     {"observe"},
	"codeberg.org/go-pdf/":       {"paper"},
	"golang.org/x/image/":        {"paper"},
	"github.com/coreos/go-oidc":  {"console/signin"},
	"golang.org/x/oauth2":        {"console/signin", "api/example"},
	"github.com/go-jose/":        {"console/signin", "api/server"},
	"github.com/go-webauthn/":    {"console/signin"},
	"github.com/boombuler/":      {"console"},
	"github.com/miekg/pkcs11":    {"cmd/hsm"},
	"golang.org/x/crypto/ssh":    {"cmd/hsm", "peer"},
}

// pure packages may import nothing of the world outside.
var pure = map[string][]string{
	"exchange": {"os", "net", "io/fs", "math/rand", "math/rand/v2", "crypto", "context", "sync", "database/sql", "net/http"},
}

// free lists promises on what a package links, all the way down.
var free = map[string][]string{
	"./ledger": {"github.com/libp2p/go-libp2p", "github.com/dgraph-io/badger/v4"},
	"./api":    {"github.com/libp2p/go-libp2p", "github.com/dgraph-io/badger/v4"},
	// What a regulator runs.
	"./ledger/audit": {"github.com/libp2p/go-libp2p", "github.com/dgraph-io/badger/v4"},
	"./peer":         {"go.opentelemetry.io/otel/exporters", "google.golang.org/grpc"},
	"./transport": {
		"github.com/libp2p/go-libp2p-kad-dht", "github.com/libp2p/go-libp2p-pubsub", "github.com/libp2p/go-libp2p/p2p/discovery/mdns",
	},
}

func TestHouse(t *testing.T) {
	seen := map[string]bool{}
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != "." && err == nil {
				return filepath.SkipDir // a module of its own is another house
			}
			return checkRoom(t, files, path, seen)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range rooms {
		if !seen[room] {
			t.Errorf("room %s is in the plan and not in the house", room)
		}
	}
}

func checkRoom(t *testing.T, files *token.FileSet, dir string, seen map[string]bool) error {
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	packages := map[string][]*ast.File{}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		packages[f.Name.Name] = append(packages[f.Name.Name], f)
	}
	if len(packages) == 0 {
		return nil
	}
	room := filepath.ToSlash(dir)
	allowed, planned := rooms[room]
	if !planned {
		t.Errorf("%s is a package that the plan does not have; is it a room, or does it belong in one?", room)
		return nil
	}
	seen[room] = true
	for name, sources := range packages {
		var comments []string
		for _, f := range sources {
			if f.Doc != nil {
				comments = append(comments, f.Doc.Text())
			}
			checkImports(t, room, files.Position(f.Pos()).Filename, f, allowed)
			checkCode(t, room, files, f)
		}
		want := "Package " + name + " "
		if name == "main" {
			want = "Sluis "
		}
		if len(comments) != 1 || !strings.HasPrefix(comments[0], want) {
			t.Errorf("%s: want one package comment that starts with %q, have %d", room, want, len(comments))
		}
	}
	return nil
}

func checkImports(t *testing.T, room, file string, f *ast.File, allowed []string) {
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(path, "sluis/"); ok && !slices.Contains(allowed, ours) {
			t.Errorf("%s imports %s: %s may not know %s", file, path, room, ours)
		}
		if slices.Contains(pure[room], path) {
			t.Errorf("%s imports %s: %s is values only", file, path, room)
		}
		for module, where := range only {
			if strings.HasPrefix(path, module) && !slices.Contains(where, room) {
				t.Errorf("%s imports %s: that is for %v alone", file, path, where)
			}
		}
	}
}

func checkCode(t *testing.T, room string, files *token.FileSet, f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				t.Errorf("%s: func init; do it where it is used", files.Position(n.Pos()))
			}
			length := files.Position(n.End()).Line - files.Position(n.Pos()).Line
			if length > 120 && !strings.HasSuffix(files.Position(n.Pos()).Filename, ".gen.go") {
				t.Errorf("%s: %s is %d lines long", files.Position(n.Pos()), n.Name.Name, length)
			}
		case *ast.GoStmt:
			if slices.Contains(quiet, room) {
				t.Errorf("%s: a goroutine in a quiet room", files.Position(n.Pos()))
			}
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if ok && pkg.Name == "time" && (n.Sel.Name == "Now" || n.Sel.Name == "Sleep") && slices.Contains(quiet, room) {
				t.Errorf("%s: time.%s in a quiet room", files.Position(n.Pos()), n.Sel.Name)
			}
		}
		return true
	})
}

func TestLinksNothingForbidden(t *testing.T) {
	if err := os.Setenv("GOFLAGS", "-mod=readonly"); err != nil {
		t.Fatal(err)
	}
	for pkg, forbidden := range free {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 10 {
			t.Fatalf("go list -deps %s lists %d packages; the check sees nothing", pkg, len(deps))
		}
		for _, f := range forbidden {
			for _, d := range deps {
				if d == f || strings.HasPrefix(d, f+"/") {
					t.Errorf("%s links %s", pkg, d)
				}
			}
		}
	}
}

// A folder named node at the root would make a plain `go build ./cmd/node`
// fail, since the binary has the same name.
func TestPlainBuildHasRoom(t *testing.T) {
	if info, err := os.Stat("node"); err == nil && info.IsDir() {
		t.Error("a folder named node stands in the way of go build ./cmd/node")
	}
}

package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"sluis/exchange"
	"sluis/ledger/audit"
)

const document = "../../docs/protocol/60-audit.md"

var printVectors = flag.Bool("print-vectors", false, "print new vectors for the protocol document; for a new version of the format only")

// vector reads a block that is marked so in the document.
func vector(t *testing.T, name string) string {
	t.Helper()
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "\n```vector "+name+"\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("%s has no vector %q", document, name)
	}
	return strings.ReplaceAll(block, "\n", "")
}

// The bundle of the document reads as the document says.
func TestBundleVector(t *testing.T) {
	if *printVectors {
		printBundle(t)
		return
	}
	bundle, err := base64.StdEncoding.DecodeString(vector(t, "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	root := []byte(vector(t, "root"))
	r, err := audit.Verify(bytes.NewReader(bundle), audit.Options{Root: root})
	if err != nil || r.Findings.Count() != 0 || r.Entries != 3 || !r.Vouched || r.Opened != 3 {
		t.Fatalf("%v, %+v", err, r)
	}
	frames := framesOf(bundle)
	if got := string(frames[0].payload); got != vector(t, "head") {
		t.Errorf("the head is %s", got)
	}
	types := ""
	for _, f := range frames {
		types += string(rune(f.typ))
	}
	if types != vector(t, "types") {
		t.Errorf("the frames are %s", types)
	}
	sum := sha256.Sum256(join(frames[:len(frames)-1]))
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != vector(t, "digest") {
		t.Errorf("the digest is %s", got)
	}
	if r.Root != vector(t, "tree") {
		t.Errorf("the root is %s", r.Root)
	}
}

func printBundle(t *testing.T) {
	w := newWorld(t, officer)
	bundle := w.parties[officer].bundle(w.inspection(exchange.ScopeAll))
	frames := framesOf(bundle)
	types := ""
	for _, f := range frames {
		types += string(rune(f.typ))
	}
	sum := sha256.Sum256(join(frames[:len(frames)-1]))
	block := func(name, text string) {
		fmt.Printf("```vector %s\n", name)
		for len(text) > 120 {
			fmt.Println(text[:120])
			text = text[120:]
		}
		fmt.Printf("%s\n```\n\n", text)
	}
	block("root", string(w.root))
	block("head", string(frames[0].payload))
	block("types", types)
	block("tree", w.verified(bundle).Root)
	block("digest", base64.StdEncoding.EncodeToString(sum[:]))
	block("bundle", base64.StdEncoding.EncodeToString(bundle))
}

// The document lists exactly the codes of findings that there are.
func TestDocumentListsTheFindings(t *testing.T) {
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, doc, _ = bytes.Cut(doc, []byte("## Findings"))
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllSubmatch(doc, -1) {
		listed[string(row[1])] = true
	}
	for _, code := range audit.Codes {
		if !listed[string(code)] {
			t.Errorf("%s lacks a row: | `%s` | %s |", document, code, audit.TextOf(code).EN.Title)
		}
		delete(listed, string(code))
	}
	for code := range listed {
		t.Errorf("%s has %s, which nobody says", document, code)
	}
}

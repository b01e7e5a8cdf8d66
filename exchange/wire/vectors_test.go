package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"sluis/exchange"
	"sluis/exchange/wire"
)

const vectorsFile = "../../docs/protocol/50-messages.md"

var printVectors = flag.Bool("print-vectors", false, "print new vectors for the protocol document; for a new version of the format only")

// vectorKey is the signing key of a party in the vectors.
func vectorKey(party exchange.PartyID) ed25519.PrivateKey {
	seed := bytes.Repeat([]byte{1}, ed25519.SeedSize)
	if party == officer {
		seed = bytes.Repeat([]byte{2}, ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed)
}

// vector reads a block that is marked so in the document.
func vector(t *testing.T, name string) string {
	t.Helper()
	doc, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "\n```vector "+name+"\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("%s has no vector %q", vectorsFile, name)
	}
	return strings.ReplaceAll(block, "\n", "")
}

// The vectors of the document are what this code signs and reads.
func TestMessageVectors(t *testing.T) {
	p := newPair(t)
	for id, keys := range p.keys {
		keys.Signing = vectorKey(id)
	}
	p.reg = p.listed(t)
	asked := p.signRequest(t, envelope(college, officer))
	if *printVectors {
		print50(p.signAnswer(t), asked)
	}
	if got := vector(t, "request"); got != string(asked.Token) {
		t.Errorf("the request is signed as\n%s\nthe document has\n%s", asked.Token, got)
	}
	if got := vector(t, "identity"); got != hex.EncodeToString(asked.Digest[:]) {
		t.Errorf("the identity is %x, the document has %s", asked.Digest, got)
	}
	m, err := wire.Read([]byte(vector(t, "answer")), []exchange.PartyID{college}, p.reg, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := answer()
	if len(m.Answer.Items) != len(want.Items) || !reflect.DeepEqual(m.Answer.Conditions, want.Conditions) {
		t.Errorf("the answer of the document has %d items and the conditions %+v", len(m.Answer.Items), m.Answer.Conditions)
	}
	for _, i := range m.Answer.Items {
		if i.Item == "supervision-conditions" && i.Value.Reveal() != want.Items[0].Value.Reveal() {
			t.Error("the answer of the document supplies something else")
		}
	}
}

// print70 prints a policy as the protocol document has it.
func print70(policy []byte) {
	var b bytes.Buffer
	if json.Indent(&b, policy, "", "  ") == nil {
		fmt.Printf("```vector policy\n%s\n```\n", b.String())
	}
}

func print50(a, r wire.Signed) {
	wrap := func(s string) string {
		var b strings.Builder
		for len(s) > 120 {
			b.WriteString(s[:120] + "\n")
			s = s[120:]
		}
		return b.String() + s + "\n"
	}
	fmt.Printf("```vector request\n%s```\n\n```vector identity\n%s```\n\n```vector answer\n%s```\n", wrap(string(r.Token)), wrap(hex.EncodeToString(r.Digest[:])), wrap(string(a.Token)))
}

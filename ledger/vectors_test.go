package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"sluis/ledger"
)

// vectors reads the vector blocks of the protocol document.
func vectors(t testing.TB) map[string]string {
	t.Helper()
	doc, err := os.ReadFile("../docs/protocol/30-ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for i, block := range strings.Split(string(doc), "\n```vector ") {
		if i == 0 {
			continue
		}
		name, body, _ := strings.Cut(block, "\n")
		body, _, ok := strings.Cut(body, "```")
		if !ok || found[name] != "" {
			t.Fatalf("vector %q has no end or stands there twice", name)
		}
		found[name] = body
	}
	return found
}

func vector(t testing.TB, name string) string {
	t.Helper()
	v, ok := vectors(t)[name]
	if !ok {
		t.Fatalf("the document has no vector %q", name)
	}
	return v
}

// vectorEntries are the three entries of the document.
func vectorEntries(t testing.TB) [][]byte {
	t.Helper()
	all := vectors(t)
	var entries [][]byte
	for i := range 3 {
		private, err := hex.DecodeString(strings.TrimSpace(all[fmt.Sprintf("private-%d", i)]))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, append([]byte(all[fmt.Sprintf("header-%d", i)]), private...))
	}
	return entries
}

func vectorHashes(t testing.TB, name string) []ledger.Hash {
	t.Helper()
	var hashes []ledger.Hash
	for line := range strings.Lines(vector(t, name)) {
		data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, ledger.Hash(data))
	}
	return hashes
}

func TestEntryVectors(t *testing.T) {
	for i, data := range vectorEntries(t) {
		e, err := ledger.ParseEntry(data)
		if err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		if e.Index != uint64(i) {
			t.Errorf("entry %d has index %d", i, e.Index)
		}
		again, err := e.Marshal()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("entry %d is written again as %q, %v", i, again, err)
		}
		if want, ok := vectors(t)[fmt.Sprintf("bound-%d", i)]; ok && string(e.Bound()) != want {
			t.Errorf("entry %d: the private part is bound to %q, want %q", i, e.Bound(), want)
		}
		if got, want := ledger.LeafHash(data), vectorHashes(t, fmt.Sprintf("leaf-%d", i))[0]; got != want {
			t.Errorf("entry %d has leaf hash %v, want %v", i, got, want)
		}
	}
}

func TestTreeVectors(t *testing.T) {
	g := newGrown()
	var got strings.Builder
	fmt.Fprintf(&got, "0 %v\n", g.tree.Root())
	for i, data := range vectorEntries(t) {
		g.add(ledger.LeafHash(data))
		fmt.Fprintf(&got, "%d %v\n", i+1, g.tree.Root())
	}
	if want := vector(t, "roots"); got.String() != want {
		t.Errorf("roots are\n%swant\n%s", got.String(), want)
	}
	inclusion, err := ledger.ProveInclusion(3, 1, g.read)
	if err != nil || fmt.Sprint(inclusion) != fmt.Sprint(vectorHashes(t, "inclusion-1-of-3")) {
		t.Errorf("inclusion proof is %v, %v", inclusion, err)
	}
	consistency, err := ledger.ProveConsistency(1, 3, g.read)
	if err != nil || fmt.Sprint(consistency) != fmt.Sprint(vectorHashes(t, "consistency-1-to-3")) {
		t.Errorf("consistency proof is %v, %v", consistency, err)
	}
}

// vectorKey is the signing key of the document.
func vectorKey(t testing.TB) (origin string, key ed25519.PrivateKey, verifier string) {
	t.Helper()
	seed, err := hex.DecodeString(strings.TrimSpace(vector(t, "signing-seed")))
	if err != nil {
		t.Fatal(err)
	}
	verifier = strings.TrimSpace(vector(t, "verifier-key"))
	origin, _, _ = strings.Cut(verifier, "+")
	return origin, ed25519.NewKeyFromSeed(seed), verifier
}

func TestCheckpointVectors(t *testing.T) {
	origin, key, verifier := vectorKey(t)
	if got := ledger.VerifierKey(origin, key.Public().(ed25519.PublicKey)); got != verifier {
		t.Errorf("verifier key is %s, want %s", got, verifier)
	}
	signed := []byte(vector(t, "checkpoint"))
	c, err := ledger.OpenCheckpoint(signed, verifier)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ledger.SignCheckpoint(c, s)
	if err != nil || !bytes.Equal(again, signed) {
		t.Errorf("signed again it is\n%s%v", again, err)
	}
}

func TestTileVectors(t *testing.T) {
	for line := range strings.Lines(vector(t, "tile-paths")) {
		f := strings.Fields(line)
		tile := ledger.Tile{Entries: f[0] == "entries"}
		if !tile.Entries {
			tile.Level, _ = strconv.Atoi(f[0])
		}
		tile.Index, _ = strconv.ParseUint(f[1], 10, 64)
		tile.Width, _ = strconv.Atoi(f[2])
		if got := tile.Path(); got != f[3] {
			t.Errorf("path of %+v is %s, want %s", tile, got, f[3])
		}
		if got, err := ledger.ParseTilePath(f[3]); err != nil || got != tile {
			t.Errorf("%s is read as %+v, %v", f[3], got, err)
		}
	}
	bundle, err := ledger.MarshalBundle(vectorEntries(t))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(bundle)
	if got, want := fmt.Sprintf("%d %x\n", len(bundle), sum), vector(t, "bundle-sha256"); got != want {
		t.Errorf("bundle is %s, want %s", got, want)
	}
}

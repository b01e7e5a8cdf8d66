package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"sluis/ledger"
)

// The key ID against the example of the package note of x/mod.
func TestVerifierKeyForm(t *testing.T) {
	const want = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
	data, err := base64.StdEncoding.DecodeString(want[strings.LastIndex(want, "+")+1:])
	if err != nil {
		t.Fatal(err)
	}
	if got := ledger.VerifierKey("PeterNeumann", ed25519.PublicKey(data[1:])); got != want {
		t.Errorf("verifier key is %s, want %s", got, want)
	}
}

// The example of C2SP tlog-checkpoint.
func TestCheckpointC2SP(t *testing.T) {
	const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	c, err := ledger.ParseCheckpoint(text)
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != "example.com/behind-the-sofa" || c.Size != 20852163 || c.Text() != text {
		t.Errorf("read as %+v", c)
	}
}

// No bit of a signed checkpoint can be changed, no byte left out or doubled.
func TestCheckpointMangled(t *testing.T) {
	_, _, verifier := vectorKey(t)
	good := []byte(vector(t, "checkpoint"))
	want, err := ledger.OpenCheckpoint(good, verifier)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := ledger.OpenCheckpoint(bad, verifier); err == nil {
				t.Errorf("accepted with bit %d of byte %d flipped", bit, i)
			}
		}
		if _, err := ledger.OpenCheckpoint(good[:i], verifier); err == nil {
			t.Errorf("accepted when cut after %d bytes", i)
		}
		if _, err := ledger.OpenCheckpoint(append(bytes.Clone(good[:i+1]), good[i:]...), verifier); err == nil {
			t.Errorf("accepted with byte %d twice", i)
		}
	}
	for i := range len(verifier) {
		bad := verifier[:i] + "x" + verifier[i+1:]
		if _, err := ledger.OpenCheckpoint(good, bad); err == nil && bad != verifier {
			t.Errorf("accepted under the verifier key %s", bad)
		}
	}
	if want.Size != 3 || want.Root != vectorRoot(t, 3) {
		t.Errorf("the checkpoint says %+v", want)
	}
}

func vectorRoot(t testing.TB, size int) ledger.Hash {
	t.Helper()
	g := newGrown()
	for _, e := range vectorEntries(t)[:size] {
		g.add(ledger.LeafHash(e))
	}
	return g.tree.Root()
}

// Another's signature may stand beside that of the ledger, never in its place.
func TestCheckpointWitness(t *testing.T) {
	origin, key, verifier := vectorKey(t)
	own, err := ledger.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	witness, err := ledger.NewSigner("witness.example", ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Checkpoint{Origin: origin, Size: 3, Root: vectorRoot(t, 3)}
	both, err := note.Sign(&note.Note{Text: c.Text()}, witness, own)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.OpenCheckpoint(both, verifier); err != nil || got != c {
		t.Errorf("with a witness before it: %+v, %v", got, err)
	}
	alone, err := note.Sign(&note.Note{Text: c.Text()}, witness)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.OpenCheckpoint(alone, verifier); err == nil {
		t.Error("accepted with a witness only")
	}
}

// The ledger's key signs for its own origin only.
func TestCheckpointOfAnotherOrigin(t *testing.T) {
	origin, key, verifier := vectorKey(t)
	s, err := ledger.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Checkpoint{Origin: "another.example", Size: 3, Root: vectorRoot(t, 3)}
	if _, err := ledger.SignCheckpoint(c, s); err == nil {
		t.Error("signed for another origin")
	}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.OpenCheckpoint(signed, verifier); err == nil {
		t.Error("accepted for another origin")
	}
}

func TestCheckpointTextRefused(t *testing.T) {
	root := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, bad := range []string{
		"", "\n", "o\n1\n", "o\n1\n" + root, "\n1\n" + root + "\n", "o\n\n" + root + "\n", "o\n1\n\n",
		"o\n01\n" + root + "\n", "o\n+1\n" + root + "\n", "o\n-1\n" + root + "\n", "o\n1 \n" + root + "\n",
		"o\n281474976710657\n" + root + "\n", "o\n1\n" + root[1:] + "\n", "o\n1\n" + root[:43] + "\n",
		"o\n0\n" + root + "\n", // an empty tree has the root of an empty tree
		"o o\n1\n" + root + "\n", "o+\n1\n" + root + "\n", "ö\n1\n" + root + "\n",
		"o\n1\n" + root + "\nextension\n", "o\r\n1\r\n" + root + "\r\n",
		strings.Repeat("o", ledger.MaxOrigin+1) + "\n1\n" + root + "\n",
	} {
		if c, err := ledger.ParseCheckpoint(bad); err == nil {
			t.Errorf("accepted %q as %+v", bad, c)
		}
	}
}

func TestSignerRefused(t *testing.T) {
	_, key, _ := vectorKey(t)
	for _, origin := range []string{"", "a b", "a+b", "é", strings.Repeat("o", ledger.MaxOrigin+1)} {
		if _, err := ledger.NewSigner(origin, key); err == nil {
			t.Errorf("a signer with origin %q", origin)
		}
	}
	if _, err := ledger.NewSigner("o", key[:32]); err == nil {
		t.Error("a signer with half a key")
	}
}

// Printing a signer prints no part of its key.
func TestSignerHidesKey(t *testing.T) {
	origin, key, _ := vectorKey(t)
	s, err := ledger.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	inside := struct{ s note.Signer }{s}
	for _, format := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d", "%q"} {
		for _, printed := range []string{fmt.Sprintf(format, s), fmt.Sprintf(format, inside), fmt.Sprintf(format, &inside)} {
			if strings.Contains(printed, fmt.Sprintf("%x", key.Seed()[:4])) || strings.Contains(printed, "157 97 177") || strings.Contains(printed, "\x9da\xb1") || strings.Contains(printed, string(key.Seed()[:4])) {
				t.Errorf("%s prints the key", format)
			}
		}
	}
}

func FuzzCheckpointHasOneForm(f *testing.F) {
	text, _, _ := strings.Cut(vector(f, "checkpoint"), "\n\n")
	f.Add(text + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ledger.ParseCheckpoint(text)
		if err == nil && c.Text() != text {
			t.Errorf("accepted %q, which is written %q", text, c.Text())
		}
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	_, _, verifier := vectorKey(f)
	good := []byte(vector(f, "checkpoint"))
	want, err := ledger.OpenCheckpoint(good, verifier)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		// Other signatures may be added, but nothing else can be signed.
		if c, err := ledger.OpenCheckpoint(data, verifier); err == nil && c != want {
			t.Errorf("opened %q as %+v", data, c)
		}
	})
}

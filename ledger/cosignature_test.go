package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sluis/ledger"
)

// vectorWitness is the witness of the document, with the time of its vector.
func vectorWitness(t testing.TB) (w ledger.Cosigner, key string, at time.Time) {
	t.Helper()
	seed, err := hex.DecodeString(strings.TrimSpace(vector(t, "witness-seed")))
	if err != nil {
		t.Fatal(err)
	}
	key = strings.TrimSpace(vector(t, "witness-key"))
	name, err := ledger.CosignerName(key)
	if err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(seed)
	if got := ledger.CosignerKey(name, private.Public().(ed25519.PublicKey)); got != key {
		t.Errorf("key of the witness is %s, want %s", got, key)
	}
	if w, err = ledger.NewCosigner(name, private); err != nil {
		t.Fatal(err)
	}
	if at, err = time.Parse(time.RFC3339, strings.TrimSpace(vector(t, "cosigned-at"))); err != nil {
		t.Fatal(err)
	}
	return w, key, at
}

func vectorCheckpoint(t testing.TB) (signed []byte, c ledger.Checkpoint) {
	t.Helper()
	_, _, verifier := vectorKey(t)
	signed = []byte(vector(t, "checkpoint"))
	c, err := ledger.OpenCheckpoint(signed, verifier)
	if err != nil {
		t.Fatal(err)
	}
	return signed, c
}

func TestCosignatureVectors(t *testing.T) {
	w, key, at := vectorWitness(t)
	signed, c := vectorCheckpoint(t)
	line, err := w.Cosign(c, at)
	if err != nil {
		t.Fatal(err)
	}
	both, err := ledger.AddCosignature(signed, line)
	if err != nil || string(both) != vector(t, "cosigned") {
		t.Errorf("cosigned it is\n%s%v", both, err)
	}
	if got, err := ledger.OpenCosignature(line, c, key); err != nil || !got.Equal(at) {
		t.Errorf("opened: %v, %v", got, err)
	}
	found, err := ledger.Cosignatures(both, key)
	if err != nil || len(found) != 1 || found[0].Witness != w.Name() || !found[0].Time.Equal(at) {
		t.Errorf("found %v, %v", found, err)
	}
	_, _, verifier := vectorKey(t)
	if got, err := ledger.OpenCheckpoint(both, verifier); err != nil || got != c {
		t.Errorf("the ledger's own signature: %+v, %v", got, err)
	}
	if none, err := ledger.Cosignatures(signed, key); err != nil || len(none) != 0 {
		t.Errorf("without cosignature: %v, %v", none, err)
	}
	message, err := hex.DecodeString(strings.TrimSpace(vector(t, "cosigned-message")))
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(string(line[strings.LastIndex(string(line), " ")+1 : len(line)-1]))
	if err != nil {
		t.Fatal(err)
	}
	private, err := hex.DecodeString(strings.TrimSpace(vector(t, "witness-seed")))
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(ed25519.NewKeyFromSeed(private).Public().(ed25519.PublicKey), message, data[12:]) {
		t.Error("the signature is not over the message of the document")
	}
}

// The two kinds of signature can't stand in for each other, even under one key
// and one name.
func TestCosignatureIsNoSignature(t *testing.T) {
	origin, key, verifier := vectorKey(t)
	w, err := ledger.NewCosigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	signed, c := vectorCheckpoint(t)
	line, err := w.Cosign(c, time.Unix(1795435200, 0))
	if err != nil {
		t.Fatal(err)
	}
	text, own, _ := strings.Cut(string(signed), "\n\n")
	if _, err := ledger.OpenCheckpoint([]byte(text+"\n\n"+string(line)), verifier); err == nil {
		t.Error("a cosignature was taken for the signature of the ledger")
	}
	cosigner := ledger.CosignerKey(origin, key.Public().(ed25519.PublicKey))
	if _, err := ledger.OpenCosignature([]byte(own), c, cosigner); err == nil {
		t.Error("the signature of the ledger was taken for a cosignature")
	}
	if _, err := ledger.CosignerName(verifier); err == nil {
		t.Error("the key of a ledger was taken for that of a witness")
	}
	if _, err := note.NewVerifier(cosigner); err == nil {
		t.Error("the key of a witness was taken for that of a ledger")
	}
}

// No bit of a cosignature can be changed, no byte left out or doubled, and it
// holds for no other checkpoint.
func TestCosignatureMangled(t *testing.T) {
	w, key, at := vectorWitness(t)
	signed, c := vectorCheckpoint(t)
	line, err := w.Cosign(c, at)
	if err != nil {
		t.Fatal(err)
	}
	for i := range line {
		for bit := range 8 {
			bad := bytes.Clone(line)
			bad[i] ^= 1 << bit
			if _, err := ledger.OpenCosignature(bad, c, key); err == nil {
				t.Errorf("accepted with bit %d of byte %d flipped", bit, i)
			}
		}
		if _, err := ledger.OpenCosignature(line[:i], c, key); err == nil {
			t.Errorf("accepted when cut after %d bytes", i)
		}
		if _, err := ledger.OpenCosignature(append(bytes.Clone(line[:i+1]), line[i:]...), c, key); err == nil {
			t.Errorf("accepted with byte %d twice", i)
		}
	}
	for name, other := range map[string]ledger.Checkpoint{
		"origin": {Origin: "x", Size: c.Size, Root: c.Root}, "size": {Origin: c.Origin, Size: 2, Root: c.Root},
		"root": {Origin: c.Origin, Size: c.Size, Root: ledger.EmptyRoot()},
	} {
		if _, err := ledger.OpenCosignature(line, other, key); err == nil {
			t.Errorf("accepted for a checkpoint with another %s", name)
		}
	}
	if _, err := ledger.AddCosignature(signed, append(bytes.Clone(line), line...)); err == nil {
		t.Error("two lines were added as one")
	}
	both, err := ledger.AddCosignature(signed, line)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.AddCosignature(both, line); err == nil {
		t.Error("one witness signed twice")
	}
	if _, err := ledger.Cosignatures(append(both, line...), key); err == nil {
		t.Error("a checkpoint with the same line twice was read")
	}
	// Under its name and ID stands another's signature.
	broken := bytes.Clone(both)
	at64 := bytes.LastIndexByte(broken, ' ') + 40
	broken[at64] = 'A' + (broken[at64]-'A'+1)%26
	if got, err := ledger.Cosignatures(broken, key); err == nil {
		t.Errorf("a wrong cosignature was passed over: %v", got)
	}
}

func TestCosignatureTimes(t *testing.T) {
	w, key, _ := vectorWitness(t)
	_, c := vectorCheckpoint(t)
	for _, bad := range []int64{-1, 0, 253402300800} {
		if _, err := w.Cosign(c, time.Unix(bad, 0)); err == nil {
			t.Errorf("cosigned at %d", bad)
		}
	}
	line, err := w.Cosign(c, time.Unix(253402300799, 999))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.OpenCosignature(line, c, key); err != nil || got.Unix() != 253402300799 {
		t.Errorf("opened: %v, %v", got, err)
	}
}

func TestCosignerRefused(t *testing.T) {
	_, key, _ := vectorKey(t)
	for _, name := range []string{"", "a b", "a+b", "é", strings.Repeat("o", ledger.MaxOrigin+1)} {
		if _, err := ledger.NewCosigner(name, key); err == nil {
			t.Errorf("a cosigner with name %q", name)
		}
	}
	if _, err := ledger.NewCosigner("o", key[:32]); err == nil {
		t.Error("a cosigner with half a key")
	}
	_, c := vectorCheckpoint(t)
	if _, err := (ledger.Cosigner{}).Cosign(c, time.Unix(1, 0)); err == nil {
		t.Error("nobody cosigned")
	}
	w, witness, at := vectorWitness(t)
	if _, err := w.Cosign(ledger.Checkpoint{Origin: "a b", Size: 1}, at); err == nil {
		t.Error("cosigned what is no checkpoint")
	}
	for i := range len(witness) {
		bad := witness[:i] + "x" + witness[i+1:]
		if _, err := ledger.CosignerName(bad); err == nil && bad != witness {
			t.Errorf("accepted the key %s", bad)
		}
	}
	for _, bad := range []string{"", "+", "++", strings.ToUpper(witness), witness + "=", witness + "+", witness[:len(witness)-1]} {
		if _, err := ledger.CosignerName(bad); err == nil {
			t.Errorf("accepted the key %s", bad)
		}
	}
}

// Printing a cosigner prints no part of its key.
func TestCosignerHidesKey(t *testing.T) {
	_, key, _ := vectorKey(t)
	w, err := ledger.NewCosigner("o", key)
	if err != nil {
		t.Fatal(err)
	}
	inside := struct{ w ledger.Cosigner }{w}
	for _, format := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d", "%q"} {
		for _, printed := range []string{fmt.Sprintf(format, w), fmt.Sprintf(format, inside), fmt.Sprintf(format, &inside)} {
			if strings.Contains(printed, fmt.Sprintf("%x", key.Seed()[:4])) || strings.Contains(printed, "157 97 177") || strings.Contains(printed, string(key.Seed()[:4])) {
				t.Errorf("%s prints the key", format)
			}
		}
	}
}

func TestContradict(t *testing.T) {
	a := ledger.Checkpoint{Origin: "a", Size: 1, Root: ledger.LeafHash([]byte("1"))}
	for _, c := range []struct {
		b    ledger.Checkpoint
		want bool
	}{
		{a, false}, {ledger.Checkpoint{Origin: "a", Size: 1}, true}, {ledger.Checkpoint{Origin: "b", Size: 1}, false},
		{ledger.Checkpoint{Origin: "a", Size: 2}, false},
	} {
		if got := ledger.Contradict(a, c.b); got != c.want {
			t.Errorf("%+v and %+v contradict: %v", a, c.b, got)
		}
	}
}

func FuzzOpenCosignature(f *testing.F) {
	w, key, at := vectorWitness(f)
	_, c := vectorCheckpoint(f)
	good, err := w.Cosign(c, at)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, line []byte) {
		// Nobody else has the key, and one signature has one form.
		if _, err := ledger.OpenCosignature(line, c, key); err == nil && !bytes.Equal(line, good) {
			t.Errorf("accepted %q", line)
		}
	})
}

func FuzzCosignatures(f *testing.F) {
	_, key, at := vectorWitness(f)
	f.Add([]byte(vector(f, "cosigned")))
	f.Add([]byte(vector(f, "checkpoint")))
	f.Fuzz(func(t *testing.T, signed []byte) {
		found, err := ledger.Cosignatures(signed, key)
		if err != nil {
			return
		}
		if len(found) > 1 || len(found) == 1 && !found[0].Time.Equal(at) {
			t.Errorf("found %v in %q", found, signed)
		}
		// What is read here, the reader of notes of x/mod reads too.
		if _, err := note.Open(signed, nil); err != nil {
			if _, unverified := err.(*note.UnverifiedNoteError); !unverified {
				t.Errorf("x/mod can't read %q: %v", signed, err)
			}
		}
	})
}

package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange/wire"
)

const nonce = "0193a0b0-0000-7000-8000-0000000000aa"

func statement() wire.Consistency {
	return wire.Consistency{
		From: officer.OIN, To: college.OIN, At: noon, Nonce: nonce, Sizes: []uint64{2, 3},
		Checkpoints: []string{"two", "three", "newest"}, Proofs: [][][]byte{{make([]byte, 32)}, {}},
	}
}

func (p *pair) statement(t testing.TB, change func(*wire.Consistency)) []byte {
	t.Helper()
	c := statement()
	change(&c)
	c, err := c.Sign(p.keys[officer].Signing)
	if err != nil {
		t.Fatal(err)
	}
	return c.Token
}

func TestConsistency(t *testing.T) {
	p := newPair(t)
	token := p.statement(t, func(*wire.Consistency) {})
	c, err := wire.ReadConsistency(token, officer.OIN, college.OIN, nonce, p.reg, noon.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	want := statement()
	if c.From != want.From || c.To != want.To || !c.At.Equal(want.At) || len(c.Checkpoints) != 3 || c.Checkpoints[2] != "newest" || len(c.Proofs) != 2 ||
		c.KeyID != crypto.KeyID(p.keys[officer].Public().Signing) || !bytes.Equal(c.Token, token) {
		t.Errorf("read %+v", c)
	}
	nothing := p.statement(t, func(c *wire.Consistency) { c.Sizes, c.Proofs, c.Checkpoints = nil, nil, []string{"newest"} })
	if _, err := wire.ReadConsistency(nothing, officer.OIN, college.OIN, nonce, p.reg, noon); err != nil {
		t.Errorf("with nothing asked: %v", err)
	}
}

// Who said it to whom, when, and in answer to what: all of it is signed and
// checked.
func TestConsistencyRefused(t *testing.T) {
	p := newPair(t)
	same := func(*wire.Consistency) {}
	for _, c := range []struct {
		name, want string
		token      []byte
		nonce      string
		now        time.Time
	}{
		{"an older answer", wire.MessageExpired, p.statement(t, same), "0193a0b0-0000-7000-8000-0000000000ab", noon},
		{"an old answer", wire.MessageClock, p.statement(t, same), nonce, noon.Add(wire.Skew + time.Second)},
		{"one of tomorrow", wire.MessageClock, p.statement(t, same), nonce, noon.Add(-wire.Skew - time.Second)},
		{"in another's name", wire.SenderMismatch, p.statement(t, func(c *wire.Consistency) { c.From = college.OIN }), nonce, noon},
		{"for somebody else", wire.NotForUs, p.statement(t, func(c *wire.Consistency) { c.To = officer.OIN }), nonce, noon},
	} {
		if _, err := wire.ReadConsistency(c.token, officer.OIN, college.OIN, c.nonce, p.reg, c.now); !errors.Is(err, &wire.Fault{Code: c.want}) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	other, err := statement().Sign(p.keys[college].Signing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ReadConsistency(other.Token, officer.OIN, college.OIN, nonce, p.reg, noon); !errors.Is(err, &wire.Fault{Code: wire.SenderMismatch}) {
		t.Errorf("signed by another party: %v", err)
	}
}

// Neither side signs or reads what is out of bounds.
func TestConsistencyBounds(t *testing.T) {
	p := newPair(t)
	sizes := make([]uint64, wire.MaxSizes+1)
	for i := range sizes {
		sizes[i] = uint64(i + 1)
	}
	for name, change := range map[string]func(*wire.Consistency){
		"too many sizes": func(c *wire.Consistency) { c.Sizes = sizes }, "size 0": func(c *wire.Consistency) { c.Sizes = []uint64{0, 1} },
		"falling sizes": func(c *wire.Consistency) { c.Sizes = []uint64{3, 2} }, "a size twice": func(c *wire.Consistency) { c.Sizes = []uint64{3, 3} },
		"no checkpoint":   func(c *wire.Consistency) { c.Checkpoints, c.Proofs = nil, nil },
		"more than asked": func(c *wire.Consistency) { c.Sizes = c.Sizes[:1] },
		"proof missing":   func(c *wire.Consistency) { c.Proofs = c.Proofs[:1] }, "proof too many": func(c *wire.Consistency) { c.Proofs = append(c.Proofs, nil) },
		"short hash": func(c *wire.Consistency) { c.Proofs[0] = [][]byte{{1}} }, "long proof": func(c *wire.Consistency) {
			for range 64 {
				c.Proofs[0] = append(c.Proofs[0], make([]byte, 32))
			}
		},
		"long note": func(c *wire.Consistency) { c.Checkpoints[0] = strings.Repeat("x", 4096) },
		"no nonce":  func(c *wire.Consistency) { c.Nonce = "" }, "no time": func(c *wire.Consistency) { c.At = time.Time{} }, "no party": func(c *wire.Consistency) { c.To = "1" },
	} {
		c := statement()
		change(&c)
		if _, err := c.Sign(p.keys[officer].Signing); !errors.Is(err, &wire.Fault{Code: wire.MessageSchema}) {
			t.Errorf("%s: signed, %v", name, err)
		}
	}
	// The longest answer fits.
	big := statement()
	big.Sizes, big.Checkpoints, big.Proofs = sizes[:wire.MaxSizes], nil, nil
	for range wire.MaxSizes {
		var proof [][]byte
		for range 49 {
			proof = append(proof, make([]byte, 32))
		}
		big.Checkpoints, big.Proofs = append(big.Checkpoints, strings.Repeat("x", 300)), append(big.Proofs, proof)
	}
	big.Checkpoints = append(big.Checkpoints, "newest")
	signed, err := big.Sign(p.keys[officer].Signing)
	if err != nil {
		t.Fatalf("the longest answer: %v", err)
	}
	if _, err := wire.ReadConsistency(signed.Token, officer.OIN, college.OIN, nonce, p.reg, noon); err != nil {
		t.Errorf("the longest answer: %v", err)
	}
	// What was signed in another form is refused.
	for _, payload := range []string{
		`{}`, `{"iss":"00000099000002002000","aud":"00000099000001001000","iat":1795435200,"nonce":"` + nonce + `","sizes":null,"checkpoints":["x"],"proofs":[]}`,
		`{"iss":"00000099000002002000","aud":"00000099000001001000","iat":1795435200,"nonce":"` + nonce + `","sizes":[],"checkpoints":["x"],"proofs":[],"x":1}`,
		`{"iss":"00000099000002002000","aud":"00000099000001001000","iat":1795435200,"Nonce":"` + nonce + `","sizes":[],"checkpoints":["x"],"proofs":[]}`,
		`{"iss":"00000099000002002000","aud":"00000099000001001000","iat":1795435200, "nonce":"` + nonce + `","sizes":[],"checkpoints":["x"],"proofs":[]}`,
	} {
		token, err := crypto.Sign(p.keys[officer].Signing, "sluis-consistency+jwt", []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wire.ReadConsistency(token, officer.OIN, college.OIN, nonce, p.reg, noon); !errors.Is(err, &wire.Fault{Code: wire.MessageSchema}) {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestWitnessingBounds(t *testing.T) {
	good := []wire.Witnessing{
		{Nonce: nonce}, {Nonce: nonce, Sizes: []uint64{1, 2}, Told: []string{"a"}}, {Size: 1, Cosignature: "line"},
	}
	for _, w := range good {
		data, err := w.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wire.ParseWitnessing(data); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
	for name, w := range map[string]wire.Witnessing{
		"nothing": {}, "both": {Nonce: nonce, Size: 1, Cosignature: "x"}, "no size": {Cosignature: "x"}, "no line": {Size: 1},
		"falling": {Nonce: nonce, Sizes: []uint64{2, 1}}, "much told": {Nonce: nonce, Told: make([]string, wire.MaxTold+1)},
		"empty told": {Nonce: nonce, Told: []string{""}}, "long told": {Nonce: nonce, Told: []string{strings.Repeat("x", 4096)}},
		"long line": {Size: 1, Cosignature: strings.Repeat("x", 4096)}, "odd nonce": {Nonce: "x"}, "sizes with a line": {Size: 1, Cosignature: "x", Sizes: []uint64{1}},
	} {
		if _, err := w.Encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
	for _, bad := range []string{"", "{}", "null", `{"nonce":"` + nonce + `"} `, `{"Nonce":"` + nonce + `"}`, `{"nonce":"` + nonce + `","sizes":[]}`, `{"nonce":"` + nonce + `","x":1}`} {
		if _, err := wire.ParseWitnessing([]byte(bad)); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func FuzzParseWitnessing(f *testing.F) {
	f.Add([]byte(`{"nonce":"` + nonce + `","sizes":[1,2],"told":["x"]}`))
	f.Add([]byte(`{"size":3,"cosignature":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := wire.ParseWitnessing(data)
		if err != nil {
			return
		}
		if again, err := w.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("accepted %q, which is written %q, %v", data, again, err)
		}
	})
}

// What gets past the signature has one form.
func FuzzOpenConsistency(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	f.Add([]byte(`{"iss":"00000099000002002000","aud":"00000099000001001000","iat":1795435200,"nonce":"` + nonce + `","sizes":[1],"checkpoints":["x","y"],"proofs":[[]]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		token, err := crypto.Sign(key, "sluis-consistency+jwt", payload)
		if err != nil {
			return
		}
		c, err := wire.OpenConsistency(token, func(string) (ed25519.PublicKey, error) { return key.Public().(ed25519.PublicKey), nil })
		if err != nil {
			return
		}
		if again, err := c.Sign(key); err != nil || !bytes.Equal(again.Token, token) {
			t.Errorf("accepted %q, which is signed as another token, %v", payload, err)
		}
	})
}

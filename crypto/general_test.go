package crypto_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"sluis/crypto"
)

func keysOf(keys ...ed25519.PrivateKey) map[string]ed25519.PublicKey {
	all := map[string]ed25519.PublicKey{}
	for _, k := range keys {
		all[crypto.KeyID(public(k))] = public(k)
	}
	return all
}

func signGeneral(t testing.TB, payload string, keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	doc, err := crypto.SignGeneral([]byte(payload), testType, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Every set of signers, against every set of known keys and every threshold.
func TestGeneralCounts(t *testing.T) {
	all := []ed25519.PrivateKey{seeded(1), seeded(2), seeded(3), seeded(4)}
	pick := func(set int) (keys []ed25519.PrivateKey) {
		for i, k := range all {
			if set>>i&1 == 1 {
				keys = append(keys, k)
			}
		}
		return keys
	}
	for signers := range 16 {
		doc := signGeneral(t, `{"a":1}`, pick(signers)...)
		for known := range 16 {
			both := len(pick(signers & known))
			for threshold := 1; threshold <= 4; threshold++ {
				payload, err := crypto.VerifyGeneral(doc, limit, testType, keysOf(pick(known)...), threshold)
				if both >= threshold {
					if err != nil || string(payload) != `{"a":1}` {
						t.Errorf("signed %04b, known %04b, threshold %d: %v", signers, known, threshold, err)
					}
					continue
				}
				var few *crypto.TooFewSignaturesError
				if !errors.As(err, &few) || few.Got != both || few.Want != threshold || !errors.Is(err, crypto.ErrTooFewSignatures) || payload != nil {
					t.Errorf("signed %04b, known %04b, threshold %d: %v, want %d of %d", signers, known, threshold, err, both, threshold)
				}
			}
		}
	}
}

func TestGeneralForm(t *testing.T) {
	key := seeded(1)
	part := strings.Split(forge(headerFor(key), `{"a":1}`, key), ".")
	want := `{"payload":"` + part[1] + `","signatures":[{"protected":"` + part[0] + `","signature":"` + part[2] + `"}]}`
	if got := string(signGeneral(t, `{"a":1}`, key)); got != want {
		t.Errorf("wrote %s, want %s", got, want)
	}
	if got, want := string(signGeneral(t, `{}`)), `{"payload":"e30","signatures":[]}`; got != want {
		t.Errorf("wrote the draft %s, want %s", got, want)
	}
}

func TestGeneralRefuses(t *testing.T) {
	one, two, stranger := seeded(1), seeded(2), seeded(9)
	payload := `{"a":1}`
	good := string(signGeneral(t, payload, one, two))
	var doc struct {
		Payload    string `json:"payload"`
		Signatures []struct {
			Protected string `json:"protected"`
			Signature string `json:"signature"`
		} `json:"signatures"`
	}
	if err := json.Unmarshal([]byte(good), &doc); err != nil {
		t.Fatal(err)
	}
	first, second := doc.Signatures[0], doc.Signatures[1]
	entry := func(protected, signature string) string {
		return `{"protected":"` + protected + `","signature":"` + signature + `"}`
	}
	general := func(entries ...string) string {
		return `{"payload":"` + doc.Payload + `","signatures":[` + strings.Join(entries, ",") + `]}`
	}
	signed := func(header string, key ed25519.PrivateKey) string {
		part := strings.Split(forge(header, payload, key), ".")
		return entry(part[0], part[2])
	}
	f, s := entry(first.Protected, first.Signature), entry(second.Protected, second.Signature)
	if general(f, s) != good {
		t.Fatal("the test writes documents in another way")
	}
	unprotected := strings.Replace(good, `{"protected"`, `{"header":{"kid":"x"},"protected"`, 1)
	var many []string
	for i := range crypto.MaxSignatures + 1 {
		many = append(many, signed(headerFor(seeded(byte(i))), seeded(byte(i))))
	}
	for _, h := range []struct{ name, doc, want string }{
		{"one valid, one garbage", general(f, entry(second.Protected, b64(make([]byte, 64)))), crypto.TokenSignature},
		{"signatures swapped", general(entry(first.Protected, second.Signature), entry(second.Protected, first.Signature)), crypto.TokenSignature},
		{"known kid, other signer", general(f, s, signed(headerFor(seeded(3)), stranger)), crypto.TokenSignature},
		{"same signature twice", general(f, s, f), crypto.TokenSignedTwice},
		{"same kid twice", general(f, s, signed(strings.Replace(headerFor(one), ":", ": ", 1), one)), crypto.TokenSignedTwice},
		{"unknown kid twice", general(f, s, signed(headerFor(stranger), stranger), signed(headerFor(stranger), stranger)), crypto.TokenSignedTwice},
		{"other type", general(f, signed(strings.Replace(headerFor(two), testType, "sluis-other+jws", 1), two)), crypto.TokenType},
		{"other type of unknown key", general(f, s, signed(strings.Replace(headerFor(stranger), testType, "x", 1), stranger)), crypto.TokenType},
		{"alg none", general(f, signed(strings.Replace(headerFor(two), "EdDSA", "none", 1), two)), crypto.TokenAlgorithm},
		{"crit", general(f, signed(strings.TrimSuffix(headerFor(two), "}")+`,"crit":["x"]}`, two)), crypto.TokenHeader},
		{"alg twice", general(f, signed(strings.TrimSuffix(headerFor(two), "}")+`,"alg":"none"}`, two)), crypto.TokenDuplicateMember},
		{"signature padded", general(f, entry(second.Protected, second.Signature+"==")), crypto.TokenNotCanonical},
		{"unused bits", general(f, entry(second.Protected, second.Signature[:85]+next(second.Signature[85]))), crypto.TokenNotCanonical},
		{"short signature", general(f, entry(second.Protected, second.Signature[:84])), crypto.TokenSignature},
		{"newline in a segment", general(f, entry(second.Protected, second.Signature[:40]+`\n`+second.Signature[40:])), crypto.TokenNotCanonical},
		{"unprotected header", unprotected, crypto.TokenNotCanonical},
		{"white space", good + "\n", crypto.TokenNotCanonical},
		{"inner white space", strings.Replace(good, ",", ", ", 1), crypto.TokenNotCanonical},
		{"unknown member", strings.Replace(good, "{", `{"x":1,`, 1), crypto.TokenNotCanonical},
		{"payload twice", strings.Replace(good, "{", `{"payload":"e30",`, 1), crypto.TokenNotCanonical},
		{"other order", strings.Replace(good, `"payload":"`+doc.Payload+`",`, "", 1), crypto.TokenNotCanonical},
		{"case", strings.Replace(good, `"payload"`, `"Payload"`, 1), crypto.TokenNotCanonical},
		{"escapes", strings.Replace(good, `"payload"`, `"p\u0061yload"`, 1), crypto.TokenNotCanonical},
		{"trailing data", good + "{}", crypto.TokenNotCanonical},
		{"no list", `{"payload":"e30","signatures":null}`, crypto.TokenNotCanonical},
		{"compact", forge(headerFor(one), payload, one), crypto.TokenNotCanonical},
		{"flattened", `{"payload":"` + doc.Payload + `","protected":"` + first.Protected + `","signature":"` + first.Signature + `"}`, crypto.TokenNotCanonical},
		{"list", "[]", crypto.TokenNotCanonical}, {"null", "null", crypto.TokenNotCanonical}, {"empty", "", crypto.TokenNotCanonical},
		{"claims twice", `{"payload":"` + b64([]byte(`{"a":1,"a":2}`)) + `","signatures":[]}`, crypto.TokenDuplicateMember},
		{"deep", `{"payload":"` + b64([]byte(deep(17))) + `","signatures":[]}`, crypto.TokenTooDeep},
		{"payload a list", `{"payload":"` + b64([]byte(`[]`)) + `","signatures":[]}`, crypto.TokenPayload},
		{"too large", strings.Repeat(" ", limit+1), crypto.TokenTooLarge},
		{"too many signatures", general(many...), crypto.TokenTooLarge},
	} {
		if h.doc == good {
			t.Fatalf("%s: is not hostile", h.name)
		}
		if _, err := crypto.VerifyGeneral([]byte(h.doc), limit, testType, keysOf(one, two, seeded(3)), 1); code(err) != h.want {
			t.Errorf("%s: %v, want %s", h.name, err, h.want)
		}
	}
	// The signature of a stranger is not checked, and does not count.
	foreign := general(f, s, entry(strings.Split(forge(headerFor(stranger), payload, stranger), ".")[0], b64(make([]byte, 64))))
	if _, err := crypto.VerifyGeneral([]byte(foreign), limit, testType, keysOf(one, two), 2); err != nil {
		t.Errorf("with a stranger's signature: %v", err)
	}
	if _, err := crypto.VerifyGeneral([]byte(good), limit, testType, keysOf(one, two), 0); err == nil {
		t.Error("accepted with a threshold of zero")
	}
	if _, err := crypto.VerifyGeneral([]byte(good), limit, testType, map[string]ed25519.PublicKey{crypto.KeyID(public(one)): nil}, 1); code(err) != crypto.TokenKeyUnknown {
		t.Errorf("a known key that is empty: %v", err)
	}
}

func TestGeneralMangled(t *testing.T) {
	one, two := seeded(1), seeded(2)
	good := signGeneral(t, `{"a":1}`, one, two)
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := crypto.VerifyGeneral(bad, limit, testType, keysOf(one, two), 2); err == nil {
				t.Errorf("accepted with bit %d of byte %d changed", bit, i)
			}
		}
		if _, err := crypto.VerifyGeneral(good[:i], limit, testType, keysOf(one, two), 2); err == nil {
			t.Errorf("accepted when cut after %d bytes", i)
		}
	}
}

func TestAddSignature(t *testing.T) {
	doc := signGeneral(t, `{"a":1}`)
	for i := range 3 {
		var err error
		if doc, err = crypto.AddSignature(doc, testType, seeded(byte(i))); err != nil {
			t.Fatal(err)
		}
	}
	if want := signGeneral(t, `{"a":1}`, seeded(0), seeded(1), seeded(2)); !bytes.Equal(doc, want) {
		t.Errorf("signing one by one gives %s, want %s", doc, want)
	}
	if _, err := crypto.AddSignature(doc, testType, seeded(1)); code(err) != crypto.TokenSignedTwice {
		t.Errorf("signing twice: %v", err)
	}
	if _, err := crypto.AddSignature(doc, "sluis-other+jws", seeded(5)); code(err) != crypto.TokenType {
		t.Errorf("signing as another type: %v", err)
	}
	payload, kids, err := crypto.PeekGeneral(doc, limit, testType)
	if err != nil || string(payload) != `{"a":1}` || len(kids) != 3 || kids[2] != crypto.KeyID(public(seeded(2))) {
		t.Errorf("peek: %s %v %v", payload, kids, err)
	}
	for i := 3; i < crypto.MaxSignatures; i++ {
		if doc, err = crypto.AddSignature(doc, testType, seeded(byte(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := crypto.AddSignature(doc, testType, seeded(200)); code(err) != crypto.TokenTooLarge {
		t.Errorf("one signature too many: %v", err)
	}
}

func FuzzVerifyGeneral(f *testing.F) {
	one, two := seeded(1), seeded(2)
	f.Add(signGeneral(f, `{"a":1}`, one, two), []byte(`{}`))
	f.Add(signGeneral(f, `{"a":[{"b":null}]}`, one), []byte(`{"a":1,"a":2}`))
	f.Add([]byte(`{"payload":"e30","signatures":[{"protected":"","signature":""}]}`), []byte(`[`))
	f.Fuzz(func(t *testing.T, doc, payload []byte) {
		if got, err := crypto.VerifyGeneral(doc, limit, testType, keysOf(one, two), 1); err == nil {
			var again struct {
				Payload    string `json:"payload"`
				Signatures []struct {
					Protected string `json:"protected"`
					Signature string `json:"signature"`
				} `json:"signatures"`
			}
			if err := json.Unmarshal(doc, &again); err != nil {
				t.Fatal(err)
			}
			want, err := base64.RawURLEncoding.DecodeString(again.Payload)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("accepted %q as %q", doc, got)
			}
			if form, err := json.Marshal(again); err != nil || !bytes.Equal(form, doc) {
				t.Errorf("accepted %q, which is written %q", doc, form)
			}
		}
		signed, err := crypto.SignGeneral(payload, testType, one, two)
		if err != nil {
			return
		}
		if got, err := crypto.VerifyGeneral(signed, len(signed), testType, keysOf(one, two), 2); err != nil || !bytes.Equal(got, payload) {
			t.Errorf("signed %q and got %q, %v", payload, got, err)
		}
	})
}

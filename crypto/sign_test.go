package crypto_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sluis/crypto"
)

const (
	testType = "sluis-test+jws"
	limit    = 64 << 10
)

var types = []string{"sluis-other+jws", testType}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// forge writes a token with any header and a valid signature.
func forge(header, payload string, key ed25519.PrivateKey) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(ed25519.Sign(key, []byte(input)))
}

func headerFor(key ed25519.PrivateKey) string {
	return `{"alg":"EdDSA","kid":"` + crypto.KeyID(public(key)) + `","typ":"` + testType + `"}`
}

// lookup finds the keys that it was made of.
func lookup(keys ...ed25519.PrivateKey) func(string) (ed25519.PublicKey, error) {
	known := map[string]ed25519.PublicKey{}
	for _, k := range keys {
		known[crypto.KeyID(public(k))] = public(k)
	}
	return func(kid string) (ed25519.PublicKey, error) {
		if pub, ok := known[kid]; ok {
			return pub, nil
		}
		return nil, errNoSuchKey
	}
}

var errNoSuchKey = errors.New("no such key")

func code(err error) string {
	var gate *crypto.GateError
	if errors.As(err, &gate) {
		return gate.Code
	}
	return fmt.Sprint(err)
}

func TestSignAndVerify(t *testing.T) {
	key := seeded(1)
	payload := []byte(`{"iss":"00000099000000001000:municipality","n":1.50,"note":"één <b> & 😀"}`)
	token, err := crypto.Sign(key, testType, payload)
	if err != nil {
		t.Fatal(err)
	}
	if want := forge(headerFor(key), string(payload), key); string(token) != want {
		t.Errorf("signed %s, want %s", token, want)
	}
	got, err := crypto.Verify(token, len(token), types, lookup(seeded(2), key))
	if err != nil {
		t.Fatal(err)
	}
	if got.Type != testType || got.KeyID != crypto.KeyID(public(key)) || !bytes.Equal(got.Payload, payload) {
		t.Errorf("verified %+v", got)
	}
}

func TestSignRefusesWhatVerifyRefuses(t *testing.T) {
	key := seeded(1)
	for payload, want := range map[string]string{
		``: crypto.TokenPayload, `[]`: crypto.TokenPayload, `null`: crypto.TokenPayload, `"x"`: crypto.TokenPayload, `{} {}`: crypto.TokenPayload,
		"{\"a\":\"\xff\"}": crypto.TokenPayload, `{"a":1,"a":1}`: crypto.TokenDuplicateMember, deep(17): crypto.TokenTooDeep,
	} {
		if _, err := crypto.Sign(key, testType, []byte(payload)); code(err) != want {
			t.Errorf("sign %q: %v, want %s", payload, err, want)
		}
	}
	if _, err := crypto.Sign(key, "", []byte(`{}`)); code(err) != crypto.TokenType {
		t.Errorf("sign without type: %v", err)
	}
	if _, err := crypto.Sign(key[:32], testType, []byte(`{}`)); err == nil {
		t.Error("signed with a seed")
	}
}

// deep is an object with n arrays and objects inside each other.
func deep(n int) string {
	return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
}

// RFC 8037 appendix A.4, as a test of the primitive. The gate refuses it, since
// its header lacks kid and typ and its payload is no JSON.
func TestRFC8037(t *testing.T) {
	token := "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	payload := []byte("Example of Ed25519 signing")
	if err := crypto.VerifySignature([]byte(token), payload, public(rfcKey(t))); err != nil {
		t.Errorf("the vector does not verify: %v", err)
	}
	if err := crypto.VerifySignature([]byte(token), payload, public(seeded(1))); code(err) != crypto.TokenSignature {
		t.Errorf("verified with another key: %v", err)
	}
	if _, err := crypto.Verify([]byte(token), limit, types, lookup(rfcKey(t))); code(err) != crypto.TokenHeader {
		t.Errorf("the gate: %v, want %s", err, crypto.TokenHeader)
	}
}

// Every hostile token here has a valid signature of a known key where its form
// allows one, so nothing but the gate stops it.
func TestHostileTokens(t *testing.T) {
	key, payload := seeded(1), `{"iss":"a","aud":"b"}`
	kid := crypto.KeyID(public(key))
	head := headerFor(key)
	with := func(more string) string { return strings.TrimSuffix(head, "}") + "," + more + "}" }
	good := forge(head, payload, key)
	part := strings.Split(good, ".")
	// The alphabets differ in a payload that has both - and _.
	both := forge(head, `{"a":"~~~???>>>"}`, key)
	flattened := `{"payload":"` + part[1] + `","protected":"` + part[0] + `","signature":"` + part[2] + `"}`
	generalForm := `{"payload":"` + part[1] + `","signatures":[{"protected":"` + part[0] + `","signature":"` + part[2] + `"}]}`
	hostile := []struct{ name, token, want string }{
		{"unknown crit", forge(with(`"crit":["b65"],"b65":true`), payload, key), crypto.TokenHeader},
		{"empty crit", forge(with(`"crit":[]`), payload, key), crypto.TokenHeader},
		{"crit of absent header", forge(with(`"crit":["exp"]`), payload, key), crypto.TokenHeader},
		{"alg none", forge(strings.Replace(head, "EdDSA", "none", 1), payload, key), crypto.TokenAlgorithm},
		{"alg none, no signature", b64([]byte(strings.Replace(head, "EdDSA", "none", 1))) + "." + part[1] + ".", crypto.TokenAlgorithm},
		{"alg RS256", forge(strings.Replace(head, "EdDSA", "RS256", 1), payload, key), crypto.TokenAlgorithm},
		{"alg in another case", forge(strings.Replace(head, "EdDSA", "eddsa", 1), payload, key), crypto.TokenAlgorithm},
		{"alg Ed25519", forge(strings.Replace(head, "EdDSA", "Ed25519", 1), payload, key), crypto.TokenAlgorithm},
		{"alg null", forge(strings.Replace(head, `"EdDSA"`, "null", 1), payload, key), crypto.TokenHeader},
		{"alg a list", forge(strings.Replace(head, `"EdDSA"`, `["EdDSA"]`, 1), payload, key), crypto.TokenHeader},
		{"no alg", forge(`{"kid":"`+kid+`","typ":"`+testType+`"}`, payload, key), crypto.TokenHeader},
		{"no kid", forge(`{"alg":"EdDSA","typ":"`+testType+`"}`, payload, key), crypto.TokenHeader},
		{"no typ", forge(`{"alg":"EdDSA","kid":"`+kid+`"}`, payload, key), crypto.TokenHeader},
		{"empty kid", forge(strings.Replace(head, kid, "", 1), payload, key), crypto.TokenHeader},
		{"alg twice", forge(with(`"alg":"none"`), payload, key), crypto.TokenDuplicateMember},
		{"alg twice, one escaped", forge(with(`"\u0061lg":"none"`), payload, key), crypto.TokenDuplicateMember},
		{"typ twice", forge(with(`"typ":"x"`), payload, key), crypto.TokenDuplicateMember},
		{"Alg for alg", forge(strings.Replace(head, `"alg"`, `"Alg"`, 1), payload, key), crypto.TokenHeader},
		{"Alg beside alg", forge(with(`"Alg":"none"`), payload, key), crypto.TokenHeader},
		{"embedded jwk", forge(with(`"jwk":{"kty":"OKP","crv":"Ed25519","x":"`+b64(public(key))+`"}`), payload, key), crypto.TokenHeader},
		{"malformed jwk", forge(with(`"jwk":7`), payload, key), crypto.TokenHeader},
		{"jku", forge(with(`"jku":"https://example.org"`), payload, key), crypto.TokenHeader},
		{"b64 false", forge(with(`"b64":false`), payload, key), crypto.TokenHeader},
		{"header is a list", forge(`["EdDSA"]`, payload, key), crypto.TokenHeader},
		{"header is null", forge(`null`, payload, key), crypto.TokenHeader},
		{"header and a tail", forge(head+" {}", payload, key), crypto.TokenHeader},
		{"header not UTF-8", forge(strings.Replace(head, "typ", "t\xffp", 1), payload, key), crypto.TokenHeader},
		{"deep header", forge(with(`"x":`+deep(20)), payload, key), crypto.TokenTooDeep},
		{"other typ", forge(strings.Replace(head, testType, "sluis-unknown+jws", 1), payload, key), crypto.TokenType},
		{"typ in another case", forge(strings.Replace(head, testType, strings.ToUpper(testType), 1), payload, key), crypto.TokenType},
		{"claims twice", forge(head, `{"iss":"a","iss":"b"}`, key), crypto.TokenDuplicateMember},
		{"deep claims twice", forge(head, `{"x":[{"iss":"a","iss":"b"}]}`, key), crypto.TokenDuplicateMember},
		{"claims twice, one escaped", forge(head, `{"iss":"a","\u0069ss":"b"}`, key), crypto.TokenDuplicateMember},
		{"deep claims", forge(head, deep(17), key), crypto.TokenTooDeep},
		{"very deep claims", forge(head, deep(20000), key), crypto.TokenTooDeep},
		{"payload a list", forge(head, `[1]`, key), crypto.TokenPayload},
		{"payload empty", forge(head, ``, key), crypto.TokenPayload},
		{"payload text", forge(head, `hello`, key), crypto.TokenPayload},
		{"payload and a tail", forge(head, payload+"x", key), crypto.TokenPayload},
		{"payload not UTF-8", forge(head, "{\"a\":\"\xc3\"}", key), crypto.TokenPayload},
		{"half a surrogate pair", forge(head, `{"a":"\ud800"}`, key), crypto.TokenPayload},
		{"byte order mark", forge(head, "\ufeff"+payload, key), crypto.TokenPayload},
		{"signature padded", good + "==", crypto.TokenNotCanonical},
		{"payload padded", part[0] + "." + base64.URLEncoding.EncodeToString([]byte(payload+" ")) + "=." + part[2], crypto.TokenNotCanonical},
		{"standard alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(both), crypto.TokenNotCanonical},
		{"unused bits of signature", good[:len(good)-1] + next(good[len(good)-1]), crypto.TokenNotCanonical},
		{"unused bits of payload", part[0] + "." + flipLast(t, b64([]byte(payload+" "))) + "." + part[2], crypto.TokenNotCanonical},
		{"newline inside", good[:20] + "\n" + good[20:], crypto.TokenNotCanonical},
		{"newline in signature", good[:len(good)-20] + "\r\n" + good[len(good)-20:], crypto.TokenNotCanonical},
		{"newline before", "\n" + good, crypto.TokenNotCanonical},
		{"newline behind", good + "\n", crypto.TokenNotCanonical},
		{"space around", " " + good + " ", crypto.TokenNotCanonical},
		{"trailing data", good + "x", crypto.TokenNotCanonical},
		{"fourth segment", good + ".", crypto.TokenNotCanonical},
		{"five segments", good + ".." + part[2], crypto.TokenNotCanonical},
		{"two segments", part[0] + "." + part[1], crypto.TokenNotCanonical},
		{"empty", "", crypto.TokenNotCanonical},
		{"detached", part[0] + ".." + part[2], crypto.TokenPayload},
		{"flattened JSON", flattened, crypto.TokenNotCanonical},
		{"general JSON", generalForm, crypto.TokenNotCanonical},
		{"too large", strings.Repeat("A", limit+1), crypto.TokenTooLarge},
		{"signature too short", part[0] + "." + part[1] + "." + part[2][:84], crypto.TokenSignature},
		{"no signature", part[0] + "." + part[1] + ".", crypto.TokenSignature},
		{"signature of another token", part[0] + "." + part[1] + "." + strings.Split(both, ".")[2], crypto.TokenSignature},
		{"signature of another key", forge(head, payload, seeded(2)), crypto.TokenSignature},
		{"unknown key", forge(headerFor(seeded(2)), payload, seeded(2)), crypto.TokenKeyUnknown},
	}
	names := map[string]bool{}
	for _, h := range hostile {
		if names[h.name] || h.token == good {
			t.Fatalf("%s: twice, or not hostile", h.name)
		}
		names[h.name] = true
		if _, err := crypto.Verify([]byte(h.token), limit, types, lookup(key)); code(err) != h.want {
			t.Errorf("%s: %v, want %s", h.name, err, h.want)
		}
	}
	if _, err := crypto.Verify([]byte(good), limit, types, lookup(key)); err != nil {
		t.Errorf("the good token: %v", err)
	}
	if _, err := crypto.Verify([]byte(forge(head, deep(16), key)), limit, types, lookup(key)); err != nil {
		t.Errorf("a payload of the deepest allowed form: %v", err)
	}
}

// next is the base64url character after c, which differs in an unused bit.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

func flipLast(t *testing.T, segment string) string {
	if len(segment)%4 == 0 {
		t.Fatal("the segment has no unused bits")
	}
	return segment[:len(segment)-1] + next(segment[len(segment)-1])
}

func TestTokenMangled(t *testing.T) {
	key := seeded(1)
	good, err := crypto.Sign(key, testType, []byte(`{"iss":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, i int, bad []byte) {
		t.Helper()
		if _, err := crypto.Verify(bad, limit, types, lookup(key)); err == nil && !bytes.Equal(bad, good) {
			t.Errorf("accepted with %s at %d", what, i)
		}
	}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			refused("a bit changed", i, bad)
		}
		refused("a cut", i, good[:i])
		refused("a byte twice", i, append(bytes.Clone(good[:i+1]), good[i:]...))
		refused("a byte left out", i, append(bytes.Clone(good[:i]), good[i+1:]...))
		refused("a newline", i, append(append(bytes.Clone(good[:i]), '\n'), good[i:]...))
	}
}

func TestVerifyTellsWhyAKeyIsUnknown(t *testing.T) {
	token, err := crypto.Sign(seeded(1), testType, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crypto.Verify(token, limit, types, lookup()); !errors.Is(err, errNoSuchKey) || code(err) != crypto.TokenKeyUnknown {
		t.Errorf("got %v, want %s that wraps the error of the lookup", err, crypto.TokenKeyUnknown)
	}
	noKey := func(string) (ed25519.PublicKey, error) { return nil, nil }
	if _, err := crypto.Verify(token, limit, types, noKey); code(err) != crypto.TokenKeyUnknown {
		t.Errorf("a lookup that returns nothing: %v", err)
	}
	// Nobody is asked for the key of what is malformed.
	never := func(string) (ed25519.PublicKey, error) { t.Error("asked for a key"); return nil, nil }
	if _, err := crypto.Verify(append(token, '\n'), limit, types, never); err == nil {
		t.Error("accepted")
	}
}

func TestGateErrorIs(t *testing.T) {
	for _, c := range crypto.GateCodes {
		e := &crypto.GateError{Code: c}
		if !errors.Is(fmt.Errorf("message: %w", e), &crypto.GateError{Code: c}) || errors.Is(e, &crypto.GateError{Code: "x"}) || e.Error() != c {
			t.Errorf("%s is not told from others", c)
		}
	}
}

// A second implementation may order the header as it likes and use white space
// in its payload: the signature covers the bytes, so nobody else can.
func TestVerifyAcceptsOtherSigners(t *testing.T) {
	key := seeded(1)
	header := `{ "typ":"` + testType + `", "kid":"` + crypto.KeyID(public(key)) + `", "alg":"EdDSA" }`
	if _, err := crypto.Verify([]byte(forge(header, "{\n  \"a\": 1\n}", key)), limit, types, lookup(key)); err != nil {
		t.Error(err)
	}
}

func FuzzVerify(f *testing.F) {
	key := seeded(1)
	for _, payload := range []string{`{}`, `{"a":[1,2,{"b":"\u00e9"}]}`} {
		token, err := crypto.Sign(key, testType, []byte(payload))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token, []byte(headerFor(key)), []byte(payload))
	}
	f.Add([]byte("a.b.c"), []byte(`{"alg":"none"}`), []byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, token, header, payload []byte) {
		for _, token := range [][]byte{token, []byte(forge(string(header), string(payload), key))} {
			got, err := crypto.Verify(token, limit, types, lookup(key))
			if err != nil {
				continue
			}
			part := bytes.Split(token, []byte{'.'})
			if !json.Valid(got.Payload) || b64(got.Payload) != string(part[1]) || got.Type != testType {
				t.Errorf("accepted %q as %+v", token, got)
			}
			if raw, err := base64.RawURLEncoding.DecodeString(string(part[0])); err != nil || b64(raw) != string(part[0]) {
				t.Errorf("accepted the header of %q", token)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	key := seeded(1)
	token, err := crypto.Sign(key, testType, []byte(`{"a":"`+strings.Repeat("x", 2000)+`","b":[1,2,3],"c":{"d":null}}`))
	if err != nil {
		b.Fatal(err)
	}
	find := lookup(key)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := crypto.Verify(token, limit, types, find); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	key := seeded(1)
	payload := []byte(`{"a":"` + strings.Repeat("x", 2000) + `"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := crypto.Sign(key, testType, payload); err != nil {
			b.Fatal(err)
		}
	}
}

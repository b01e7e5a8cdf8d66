package crypto_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"sluis/crypto"
)

// vector reads a vector block of the protocol document.
func vector(t testing.TB, name string) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/protocol/10-crypto.md")
	if err != nil {
		t.Fatal(err)
	}
	_, body, found := strings.Cut(string(doc), "\n```vector "+name+"\n")
	body, _, ended := strings.Cut(body, "\n```\n")
	if !found || !ended {
		t.Fatalf("the document has no vector %q", name)
	}
	return body
}

// joined is a vector without the line breaks that are for the page only.
func joined(t testing.TB, name string) string { return strings.ReplaceAll(vector(t, name), "\n", "") }

func decoded(t testing.TB, name string, decode func(string) ([]byte, error)) []byte {
	t.Helper()
	raw, err := decode(joined(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// vectorKeys are the keys of the keystore in the document.
func vectorKeys(t testing.TB) *crypto.Keys {
	t.Helper()
	k, err := crypto.DecodeKeys([]byte(vector(t, "keystore")))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVectorNames(t *testing.T) {
	pub := public(rfcKey(t))
	if crypto.KeyID(pub) != vector(t, "kid") || crypto.PeerID(pub) != vector(t, "peer-id") {
		t.Errorf("kid %s and peer ID %s are not those of the document", crypto.KeyID(pub), crypto.PeerID(pub))
	}
}

func TestVectorSigned(t *testing.T) {
	const payload = `{"hello":"wereld"}`
	token, err := crypto.Sign(rfcKey(t), testType, []byte(payload))
	if err != nil || string(token) != joined(t, "jws") {
		t.Errorf("signed %s, %v", token, err)
	}
	if got, err := crypto.Verify([]byte(joined(t, "jws")), limit, types, lookup(rfcKey(t))); err != nil || string(got.Payload) != payload {
		t.Errorf("verified %s, %v", got.Payload, err)
	}
	general := []byte(vector(t, "general"))
	if doc := signGeneral(t, payload, seeded(1), seeded(2)); !bytes.Equal(doc, general) {
		t.Errorf("signed %s", doc)
	}
	if got, err := crypto.VerifyGeneral(general, limit, testType, keysOf(seeded(1), seeded(2)), 2); err != nil || string(got) != payload {
		t.Errorf("verified %s, %v", got, err)
	}
}

func TestVectorSealed(t *testing.T) {
	k := vectorKeys(t)
	if k.Public().Sealing.String() != joined(t, "recipient") {
		t.Error("the recipient is not that of the document")
	}
	if got, err := crypto.Open(decoded(t, "sealed", base64.StdEncoding.DecodeString), 100, k.Sealing); err != nil || string(got) != "Sluis" {
		t.Errorf("opened %q, %v", got, err)
	}
}

func TestVectorDisclosure(t *testing.T) {
	got, err := crypto.MatchDisclosures([]string{vector(t, "disclosure-digest")}, []string{vector(t, "disclosure")})
	if err != nil || got[0].Name != "family_name" || string(got[0].Value) != `"Möbius"` {
		t.Errorf("disclosed %v, %v", got, err)
	}
}

func TestVectorAtRest(t *testing.T) {
	lock := crypto.PassphraseLock([]byte("correct horse battery staple"))
	k, err := crypto.OpenKeys(decoded(t, "keystore-sealed", base64.StdEncoding.DecodeString), lock)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := k.Encode(); err != nil || string(plain) != vector(t, "keystore") {
		t.Errorf("the sealed keystore holds other keys, or %v", err)
	}
	if !k.Host.Equal(seeded(1)) || !k.Signing.Equal(seeded(2)) || !k.Checkpoint.Equal(seeded(3)) || !k.Witness.Equal(seeded(7)) || !k.Master.Equal(secretOf(t, 4)) || !k.Pseudonym.Equal(secretOf(t, 5)) {
		t.Error("the keys are not in their places")
	}
	key, err := crypto.OpenAuthorityKey(decoded(t, "authority-sealed", base64.StdEncoding.DecodeString), lock)
	if err != nil || !key.Equal(seeded(6)) {
		t.Errorf("the sealed authority key is another, or %v", err)
	}
}

func TestVectorDerived(t *testing.T) {
	k := vectorKeys(t)
	if got := crypto.DeriveKey(k.Master, "badger").Bytes(); !bytes.Equal(got, decoded(t, "derived", hex.DecodeString)) {
		t.Errorf("derived %x", got)
	}
	record, err := crypto.UnwrapRecordKey(decoded(t, "wrapped", hex.DecodeString), k.Master, "dossier-1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := record.Open(decoded(t, "record", hex.DecodeString), []byte("bound to this")); err != nil || string(got) != "private part" {
		t.Errorf("opened %q, %v", got, err)
	}
	if got := crypto.Pseudonym(k.Pseudonym, "person", "999993847"); got != vector(t, "pseudonym") {
		t.Errorf("pseudonym %s", got)
	}
}

// Every code stands in the document.
func TestCodesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol/10-crypto.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range crypto.GateCodes {
		if !bytes.Contains(doc, []byte("`"+c+"`")) {
			t.Errorf("the document does not name %s", c)
		}
	}
}

package crypto_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"sluis/crypto"
)

func secretOf(t testing.TB, b byte) crypto.Secret {
	t.Helper()
	s, err := crypto.ParseSecret(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRecordKey(t *testing.T) {
	k, other := crypto.NewRecordKey(), crypto.NewRecordKey()
	plain, aad := []byte("private part"), []byte("bound")
	sealed, err := k.Seal(plain, aad)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != 24+len(plain)+16 {
		t.Errorf("sealed in %d bytes", len(sealed))
	}
	if again, err := k.Seal(plain, aad); err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealing twice gives the same bytes, or %v", err)
	}
	if got, err := k.Open(sealed, aad); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"other key":   func() ([]byte, error) { return other.Open(sealed, aad) },
		"other bound": func() ([]byte, error) { return k.Open(sealed, []byte("bounds")) },
		"no bound":    func() ([]byte, error) { return k.Open(sealed, nil) },
	} {
		if got, err := open(); !errors.Is(err, crypto.ErrNotOpened) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			bad := bytes.Clone(sealed)
			bad[i] ^= 1 << bit
			if _, err := k.Open(bad, aad); !errors.Is(err, crypto.ErrNotOpened) {
				t.Errorf("bit %d of byte %d changed: %v", bit, i, err)
			}
		}
		if _, err := k.Open(sealed[:i], aad); !errors.Is(err, crypto.ErrNotOpened) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	var zero crypto.RecordKey
	if _, err := zero.Seal(plain, aad); err == nil {
		t.Error("sealed without a key")
	}
	if _, err := zero.Open(sealed, aad); err == nil {
		t.Error("opened without a key")
	}
}

func TestWrap(t *testing.T) {
	k, master, other := crypto.NewRecordKey(), secretOf(t, 1), secretOf(t, 2)
	wrapped, err := k.Wrap(master, "dossier-1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := crypto.UnwrapRecordKey(wrapped, master, "dossier-1")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, nil); err != nil || string(got) != "x" {
		t.Errorf("the unwrapped key opens %q, %v", got, err)
	}
	if _, err := crypto.UnwrapRecordKey(wrapped, other, "dossier-1"); !errors.Is(err, crypto.ErrNotOpened) {
		t.Errorf("other master: %v", err)
	}
	if _, err := crypto.UnwrapRecordKey(wrapped, master, "dossier-2"); !errors.Is(err, crypto.ErrNotOpened) {
		t.Errorf("other name: %v", err)
	}
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 1
		if _, err := crypto.UnwrapRecordKey(bad, master, "dossier-1"); !errors.Is(err, crypto.ErrNotOpened) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := crypto.UnwrapRecordKey(wrapped[:i], master, "dossier-1"); !errors.Is(err, crypto.ErrNotOpened) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	if _, err := k.Wrap(crypto.Secret{}, "x"); err == nil {
		t.Error("wrapped without a master key")
	}
	if _, err := (crypto.RecordKey{}).Wrap(master, "x"); err == nil {
		t.Error("wrapped no key")
	}
	if _, err := crypto.UnwrapRecordKey(wrapped, crypto.Secret{}, "dossier-1"); err == nil {
		t.Error("unwrapped without a master key")
	}
}

// What is wrapped with a sealed key must be 32 bytes, also when whoever wrapped
// it had the master key.
func TestUnwrapRefusesOtherSizes(t *testing.T) {
	master := secretOf(t, 1)
	aead, err := chacha20poly1305.NewX(crypto.DeriveKey(master, "sluis/record-key-wrap/1").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, 24)
	for n := range 40 {
		_, err := crypto.UnwrapRecordKey(aead.Seal(bytes.Clone(nonce), nonce, make([]byte, n), []byte("x")), master, "x")
		if (err == nil) != (n == 32) {
			t.Errorf("unwrapped %d bytes: %v", n, err)
		}
	}
}

func TestDeriveKey(t *testing.T) {
	a := crypto.DeriveKey(secretOf(t, 1), "a")
	if !a.Equal(crypto.DeriveKey(secretOf(t, 1), "a")) {
		t.Error("the same label gives two keys")
	}
	if a.Equal(crypto.DeriveKey(secretOf(t, 1), "b")) || a.Equal(crypto.DeriveKey(secretOf(t, 2), "a")) || a.Equal(secretOf(t, 1)) {
		t.Error("another label or master gives the same key")
	}
	if !crypto.DeriveKey(crypto.Secret{}, "a").IsZero() {
		t.Error("a key was derived from nothing")
	}
}

func TestPseudonym(t *testing.T) {
	key := secretOf(t, 1)
	seen := map[string]string{}
	for _, v := range [][2]string{{"person", "999990019"}, {"person", "999990020"}, {"other", "999990019"}, {"", "person999990019"}, {"person9", "99990019"}, {"", ""}} {
		p := crypto.Pseudonym(key, v[0], v[1])
		if raw, err := hex.DecodeString(p); err != nil || len(raw) != 32 {
			t.Errorf("pseudonym %q is not 32 bytes in hexadecimal", p)
		}
		if other, twice := seen[p]; twice {
			t.Errorf("%q and %q have one pseudonym", v, other)
		}
		seen[p] = v[0] + "|" + v[1]
		if p != crypto.Pseudonym(key, v[0], v[1]) {
			t.Error("one value has two pseudonyms")
		}
		if p == crypto.Pseudonym(secretOf(t, 2), v[0], v[1]) {
			t.Error("two keys give one pseudonym")
		}
	}
	if crypto.Pseudonym(crypto.Secret{}, "person", "x") != "" {
		t.Error("a pseudonym without a key")
	}
}

package crypto_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"sluis/crypto"
)

func TestPrivatePart(t *testing.T) {
	k, other := crypto.NewRecordKey(), crypto.NewRecordKey()
	plain, aad := []byte(`{"by":"b.devries"}`), []byte("bound")
	sealed, err := k.SealPart(plain, aad)
	if err != nil {
		t.Fatal(err)
	}
	again, err := k.SealPart(plain, aad)
	if err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealing twice gives the same bytes, or %v", err)
	}
	if got, err := k.OpenPart(sealed, aad); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened %q, %v", got, err)
	}
	key, err := k.PartKey(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := crypto.OpenPart(key, sealed, aad); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened with its own key: %q, %v", got, err)
	}
	// The key of one part opens no other, not even of the same dossier.
	for name, open := range map[string]func() ([]byte, error){
		"key of a part on another": func() ([]byte, error) { return crypto.OpenPart(key, again, aad) },
		"other record key":         func() ([]byte, error) { return other.OpenPart(sealed, aad) },
		"other bound":              func() ([]byte, error) { return k.OpenPart(sealed, []byte("bounds")) },
		"as a row":                 func() ([]byte, error) { return k.Open(sealed, aad) },
		"no bytes":                 func() ([]byte, error) { return k.OpenPart(nil, aad) },
	} {
		if got, err := open(); !errors.Is(err, crypto.ErrNotOpened) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := crypto.OpenPart(key, bad, aad); i >= 32 && !errors.Is(err, crypto.ErrNotOpened) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := k.OpenPart(bad, aad); !errors.Is(err, crypto.ErrNotOpened) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := crypto.OpenPart(key, sealed[:i], aad); !errors.Is(err, crypto.ErrNotOpened) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	var zero crypto.RecordKey
	if _, err := zero.SealPart(plain, aad); err == nil {
		t.Error("a missing key seals")
	}
	if _, err := zero.PartKey(sealed); err == nil {
		t.Error("a missing key gives the key of a part")
	}
	if _, err := crypto.OpenPart(crypto.Secret{}, sealed, aad); err == nil {
		t.Error("a missing key opens")
	}
}

func TestVectorPrivatePart(t *testing.T) {
	record, err := crypto.UnwrapRecordKey(decoded(t, "wrapped", hex.DecodeString), vectorKeys(t).Master, "dossier-1")
	if err != nil {
		t.Fatal(err)
	}
	sealed := decoded(t, "part", hex.DecodeString)
	key, err := record.PartKey(sealed)
	if err != nil || !bytes.Equal(key.Bytes(), decoded(t, "part-key", hex.DecodeString)) {
		t.Errorf("the key of the part is %x, %v", key.Bytes(), err)
	}
	if got, err := crypto.OpenPart(key, sealed, []byte("bound to this")); err != nil || string(got) != "private part" {
		t.Errorf("opened %q, %v", got, err)
	}
}

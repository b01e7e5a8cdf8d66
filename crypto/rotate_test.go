package crypto_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"sluis/crypto"
)

// Former keys survive the keystore, in their order; one that was retired is gone
// from it. A keystore that never changed keeps the form of the first version.
func TestRotatedKeystore(t *testing.T) {
	first := newKeys(t)
	plain, err := first.Encode()
	if err != nil || !bytes.Contains(plain, []byte(`"sluis-keystore/1"`)) || bytes.Contains(plain, []byte("former")) {
		t.Fatalf("keys that never changed are not stored in the first form: %v", err)
	}
	for _, u := range crypto.Uses { // the master key below
		keys := first
		for range crypto.MaxFormer {
			if keys, err = keys.Rotate(u); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := keys.Rotate(u); !errors.Is(err, crypto.ErrTooManyKeys) {
			t.Errorf("%s: one too many: %v", u, err)
		}
		if again, err := first.Encode(); err != nil || !bytes.Equal(again, plain) {
			t.Errorf("%s: the keys that were rotated changed themselves", u)
		}
		sealed, err := keys.Seal(cheap("sesam"))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := crypto.OpenKeys(sealed, cheap("sesam"))
		if err != nil {
			t.Fatal(err)
		}
		want, got := keys.Held(), opened.Held()
		if len(got) != len(crypto.Uses)+1+crypto.MaxFormer || len(want) != len(got) {
			t.Fatalf("%s: %d keys", u, len(got))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: key %d is %+v, was %+v", u, i, got[i], want[i])
			}
		}
		var ids []string
		for _, h := range got {
			if h.Use == u {
				ids = append(ids, h.ID)
			}
		}
		if _, err := opened.Retire(u, ids[0]); !errors.Is(err, crypto.ErrNoSuchKey) {
			t.Errorf("%s: the newest key was retired: %v", u, err)
		}
		fewer, err := opened.Retire(u, ids[2])
		if err != nil {
			t.Fatal(err)
		}
		before, _ := opened.Encode()
		after, err := fewer.Encode()
		if err != nil || len(after) >= len(before) {
			t.Errorf("%s: nothing left the keystore: %v", u, err)
		}
		for _, h := range fewer.Held() {
			if h.ID == ids[2] {
				t.Errorf("%s: the key that was retired is still there", u)
			}
		}
	}
}

// Format 2 is taken in its one form only: not for keys that format 1 has room
// for, and not with parts that are none.
func TestRotatedKeystoreMangled(t *testing.T) {
	keys, err := newKeys(t).Rotate(crypto.UseSigning)
	if err != nil {
		t.Fatal(err)
	}
	good, err := keys.Relock().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crypto.DecodeKeys(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"format 1 with former keys": {"sluis-keystore/2", "sluis-keystore/1"},
		"format 3":                  {"sluis-keystore/2", "sluis-keystore/3"},
		"a count below zero":        {`"relocked":1`, `"relocked":-1`},
		"a short key":               {`"former":{"signing":["`, `"former":{"signing":["AAAA","`},
		"no former key":             {`"former":{"signing":`, `"former":{"none":`},
		"a classical identity":      {`"former":{`, `"former":{"sealing":["AGE-SECRET-KEY-1QQQ"],`},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if bad == string(good) {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := crypto.DecodeKeys([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The master key has one former key at most. While it does, the keystore is of the
// third form, which versions before this one refuse by name; and then of the form before.
func TestRotatedMaster(t *testing.T) {
	first := newKeys(t)
	keys, err := first.Rotate(crypto.UseMaster)
	if err != nil {
		t.Fatal(err)
	}
	if keys.Master.Equal(first.Master) || !keys.Former.Master.Equal(first.Master) || !first.Former.Master.IsZero() {
		t.Fatal("the key before is not the former one, or the keys that were rotated changed themselves")
	}
	if _, err := keys.Rotate(crypto.UseMaster); !errors.Is(err, crypto.ErrTooManyKeys) {
		t.Errorf("once more before the former one is gone: %v", err)
	}
	if _, err := keys.Rotate(crypto.UsePseudonym); err == nil {
		t.Error("the key of pseudonyms was rotated")
	}
	plain, err := keys.Encode()
	if err != nil || !bytes.Contains(plain, []byte(`"sluis-keystore/3"`)) {
		t.Fatalf("the form is not the third: %v", err)
	}
	sealed, err := keys.Seal(cheap("sesam"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := crypto.OpenKeys(sealed, cheap("sesam"))
	if err != nil || !opened.Master.Equal(keys.Master) || !opened.Former.Master.Equal(first.Master) {
		t.Fatalf("the master keys did not survive the keystore: %v", err)
	}
	if _, err := opened.Retire(crypto.UseMaster, crypto.MasterID(keys.Master)); !errors.Is(err, crypto.ErrNoSuchKey) {
		t.Errorf("the newest was retired: %v", err)
	}
	alone, err := opened.Retire(crypto.UseMaster, crypto.MasterID(first.Master))
	if err != nil || !alone.Master.Equal(keys.Master) {
		t.Fatal(err)
	}
	if plain, err = alone.Encode(); err != nil || !bytes.Contains(plain, []byte(`"sluis-keystore/1"`)) || bytes.Contains(plain, []byte(base64.StdEncoding.EncodeToString(first.Master.Bytes()))) {
		t.Errorf("the former one is still there, or the form is not the first: %v", err)
	}
	if id := crypto.MasterID(first.Master); len(id) != 43 || id == crypto.MasterID(keys.Master) || crypto.MasterID(crypto.Secret{}) != "" {
		t.Errorf("a master key is named %q", id)
	}
}

package crypto_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"sluis/crypto"
)

// A stream opens to what was sealed, and whatever is done to it, its reader
// never ends with io.EOF.
func TestStreamMangled(t *testing.T) {
	file, recipient, err := crypto.NewIdentityFile()
	if err != nil {
		t.Fatal(err)
	}
	id, err := crypto.ParseIdentityFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if id.Recipient().String() != recipient.String() {
		t.Error("the file holds another identity")
	}
	plain := bytes.Repeat([]byte("sluis"), 30_000) // three chunks of age
	var sealed bytes.Buffer
	w, err := crypto.SealStream(&sealed, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open := func(data []byte) ([]byte, error) {
		r, err := crypto.OpenStream(bytes.NewReader(data), id)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	if got, err := open(sealed.Bytes()); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("opened %d bytes: %v", len(got), err)
	}
	for i := 0; i < sealed.Len(); i += 97 {
		bad := bytes.Clone(sealed.Bytes())
		bad[i] ^= 1
		if _, err := open(bad); err == nil {
			t.Fatalf("opened with a bit of byte %d changed", i)
		}
		if _, err := open(sealed.Bytes()[:i]); err == nil {
			t.Fatalf("opened when cut after %d bytes", i)
		}
	}
	for _, cut := range []int{sealed.Len() - 1, sealed.Len() - 16, sealed.Len() - 17} {
		if _, err := open(sealed.Bytes()[:cut]); !errors.Is(err, crypto.ErrSealBroken) {
			t.Errorf("cut after %d of %d bytes: %v", cut, sealed.Len(), err)
		}
	}
	if _, err := open(append(bytes.Clone(sealed.Bytes()), 0)); !errors.Is(err, crypto.ErrSealBroken) {
		t.Errorf("with a byte behind it: %v", err)
	}
	other, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crypto.OpenStream(bytes.NewReader(sealed.Bytes()), other); !errors.Is(err, crypto.ErrNotForUs) {
		t.Errorf("another identity: %v", err)
	}
}

func TestIdentityFileRefused(t *testing.T) {
	good, _, err := crypto.NewIdentityFile()
	if err != nil {
		t.Fatal(err)
	}
	for name, contents := range map[string]string{
		"empty": "", "two": string(good) + string(good), "classical": "AGE-SECRET-KEY-1QQPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQ9KTZ3G",
		"too large": string(good) + strings.Repeat("#\n", 1<<16),
	} {
		if _, err := crypto.ParseIdentityFile([]byte(contents)); err == nil || strings.Contains(err.Error(), "SECRET-KEY-1Q") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

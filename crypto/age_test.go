package crypto_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	agetest "c2sp.org/CCTV/age"
	"filippo.io/age"
	"filippo.io/age/armor"
)

// The published vectors of age (C2SP CCTV), against the version that we build
// with: an upgrade that breaks the format fails here. Vectors for kinds of keys
// that the public API does not have are counted, not run.
func TestAgeVectors(t *testing.T) {
	names, err := fs.Glob(agetest.Vectors, "*")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, name := range names {
		raw, err := fs.ReadFile(agetest.Vectors, name)
		if err != nil {
			t.Fatal(err)
		}
		v := parseAgeVector(t, raw)
		if !v.known {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) { v.check(t) })
	}
	if ran < 100 {
		t.Errorf("ran %d of %d vectors", ran, len(names))
	}
}

type ageVector struct {
	expect  string
	payload string // SHA-256 in hexadecimal, or empty
	ids     []age.Identity
	armored bool
	file    []byte
	known   bool // we have all kinds of keys that it needs
}

func parseAgeVector(t *testing.T, raw []byte) ageVector {
	t.Helper()
	v := ageVector{known: true}
	compressed := false
	for {
		line, rest, ok := bytes.Cut(raw, []byte{'\n'})
		if !ok {
			t.Fatal("a vector without body")
		}
		raw = rest
		if len(line) == 0 {
			break
		}
		key, value, _ := strings.Cut(string(line), ": ")
		switch key {
		case "expect":
			v.expect = value
		case "payload":
			v.payload = value
		case "armored":
			v.armored = true
		case "compressed":
			compressed = value == "zlib"
			v.known = v.known && compressed
		case "passphrase":
			id, err := age.NewScryptIdentity(value)
			if err != nil {
				t.Fatal(err)
			}
			v.ids = append(v.ids, id)
		case "identity":
			ids, err := age.ParseIdentities(strings.NewReader(value))
			if err != nil {
				v.known = false
				continue
			}
			v.ids = append(v.ids, ids...)
		}
	}
	v.file = raw
	if compressed {
		r, err := zlib.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if v.file, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	v.known = v.known && len(v.ids) > 0
	return v
}

func (v ageVector) check(t *testing.T) {
	var in io.Reader = bytes.NewReader(v.file)
	if v.armored {
		in = armor.NewReader(in)
	}
	var out bytes.Buffer
	r, openErr := age.Decrypt(in, v.ids...)
	var readErr error
	if openErr == nil {
		_, readErr = io.Copy(&out, r)
	}
	sum := sha256.Sum256(out.Bytes())
	switch v.expect {
	case "success":
		if openErr != nil || readErr != nil {
			t.Fatalf("refused: %v, %v", openErr, readErr)
		}
	case "payload failure":
		if openErr != nil || readErr == nil {
			t.Fatalf("got %v and %v, want that the payload is refused", openErr, readErr)
		}
	case "no match":
		if unmatched := new(age.NoIdentityMatchError); !errors.As(openErr, &unmatched) {
			t.Fatalf("got %v, want that no identity matches", openErr)
		}
	case "HMAC failure", "header failure", "armor failure":
		if openErr == nil && readErr == nil {
			t.Fatal("accepted")
		}
	default:
		t.Fatalf("unknown outcome %q", v.expect)
	}
	if v.payload != "" && openErr == nil && hex.EncodeToString(sum[:]) != v.payload {
		t.Error("another payload")
	}
}

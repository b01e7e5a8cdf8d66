package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// A Digest is a SHA-256 digest. Its text form is standard base64 with padding.
// The zero Digest stands for "there is none" and is written "-".
type Digest [sha256.Size]byte

// DigestOf returns the SHA-256 digest of data.
func DigestOf(data []byte) Digest { return sha256.Sum256(data) }

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// String is the text form.
func (d Digest) String() string {
	if d.IsZero() {
		return "-"
	}
	return base64.StdEncoding.EncodeToString(d[:])
}

// MarshalText writes the text form.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text form.
func (d *Digest) UnmarshalText(text []byte) error {
	parsed, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// ParseDigest reads the text form. It accepts exactly what String writes.
func ParseDigest(s string) (Digest, error) {
	if s == "-" {
		return Digest{}, nil
	}
	var d Digest
	data, err := decodeBase64(s, len(d))
	if err != nil {
		return Digest{}, err
	}
	copy(d[:], data)
	if d.IsZero() {
		return Digest{}, errors.New("a digest of zeroes must be written as -")
	}
	return d, nil
}

// decodeBase64 reads n bytes in the one base64 form that they have: padded,
// without newlines, unused bits zero.
func decodeBase64(s string, n int) ([]byte, error) {
	if len(s) != base64.StdEncoding.EncodedLen(n) {
		return nil, errors.New("wrong length in base64")
	}
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	// The decoder skips line ends; then there are fewer bytes than the length says.
	if err != nil || len(data) != n {
		return nil, errors.New("not the standard base64 form")
	}
	return data, nil
}

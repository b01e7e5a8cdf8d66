package audit

import (
	"io"

	"sluis/crypto"
)

// The ways in which a bundle can't be opened at all.
var (
	ErrNotForUs   = crypto.ErrNotForUs   // it is sealed to another key
	ErrSealBroken = crypto.ErrSealBroken // it is no bundle, was changed, or was cut off
)

// A Key is that of an auditor: it opens what parties seal to him. It prints as
// nothing.
type Key struct{ identity *crypto.Identity }

// ParseKey reads the key file that sluis audit key makes. No error quotes it.
func ParseKey(file []byte) (Key, error) {
	identity, err := crypto.ParseIdentityFile(file)
	return Key{identity}, err
}

// Open opens a bundle that was sealed to the key, to be read to its end: see
// [crypto.OpenStream].
func (k Key) Open(sealed io.Reader) (io.Reader, error) { return crypto.OpenStream(sealed, k.identity) }

// Verify is [Verify] of a bundle that is sealed to the key, and holds that it was
// granted to this key.
func (k Key) Verify(sealed io.Reader, o Options) (*Report, error) {
	opened, err := k.Open(sealed)
	if err != nil {
		return nil, err
	}
	o.Recipient = Fingerprint(k.identity.Recipient())
	return Verify(opened, o)
}

package crypto

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// hidden is what every secret prints as.
const hidden = "(hidden)"

// secretSize is the size of a [Secret] and of a [RecordKey] in bytes.
const secretSize = 32

// ErrHidden is the error of marshalling a secret. Secrets leave the process
// only by name: [Keys.Seal], [RecordKey.Wrap], [Secret.Bytes].
var ErrHidden = errors.New("a secret can't be marshalled; seal it instead")

// A Secret is a key of 32 bytes. It prints as "(hidden)". The zero Secret holds
// no key, and every function that is given one fails.
type Secret struct{ key veil[*[secretSize]byte] }

// A veil holds what must not print. fmt does not call methods on unexported
// fields of other structs, and prints what it finds there: an array in full,
// and the array, slice or struct behind a pointer too when the verb does not fit
// (%s, for one). Of a function it knows nothing but the address.
type veil[T any] struct{ lift func() T }

func veiled[T any](v T) veil[T] { return veil[T]{func() T { return v }} }

// get returns what is behind the veil, or the zero T.
func (v veil[T]) get() (value T) {
	if v.lift != nil {
		value = v.lift()
	}
	return value
}

// NewSecret makes a random secret.
func NewSecret() Secret {
	key := new([secretSize]byte)
	fill(key[:])
	return Secret{veiled(key)}
}

// ParseSecret takes a copy of b, which must be 32 bytes.
func ParseSecret(b []byte) (Secret, error) {
	if len(b) != secretSize {
		return Secret{}, errors.New("a secret has 32 bytes")
	}
	key := [secretSize]byte(b)
	return Secret{veiled(&key)}, nil
}

// Bytes returns a copy of the 32 bytes, or nil for the zero Secret.
func (s Secret) Bytes() []byte {
	if s.IsZero() {
		return nil
	}
	return bytes.Clone(s.key.get()[:])
}

// IsZero reports whether s holds no key.
func (s Secret) IsZero() bool { return s.key.get() == nil }

// Equal reports whether both hold the same key, in constant time.
func (s Secret) Equal(other Secret) bool {
	if s.IsZero() || other.IsZero() {
		return s.IsZero() && other.IsZero()
	}
	return subtle.ConstantTimeCompare(s.key.get()[:], other.key.get()[:]) == 1
}

// Format prints "(hidden)" for every verb.
func (Secret) Format(f fmt.State, _ rune) { hide(f) }

// LogValue is "(hidden)".
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText fails with [ErrHidden].
func (Secret) MarshalText() ([]byte, error) { return nil, ErrHidden }

// GobEncode fails with [ErrHidden].
func (Secret) GobEncode() ([]byte, error) { return nil, ErrHidden }

// hide writes what a secret prints as. Nothing can be done about an error.
func hide(f fmt.State) { _, _ = io.WriteString(f, hidden) }

// fill fills b with random bytes. The standard library ends the process when
// the system has none, so there is no error to handle.
func fill(b []byte) { _, _ = rand.Read(b) }

package crypto

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/crypto/chacha20poly1305"
)

// wrapLabel separates the key that wraps record keys from the other keys that
// are derived from the same master key.
const wrapLabel = "sluis/record-key-wrap/1"

// ErrNotOpened is returned when ciphertext was damaged, or sealed with another
// key, name or additional data.
var ErrNotOpened = errors.New("does not open with this key: damaged, or sealed under another key or name")

var errNoKey = errors.New("the key is missing")

// A RecordKey encrypts what belongs to one dossier. Destroying it makes that
// unreadable for ever. It prints as "(hidden)"; the zero RecordKey seals and
// opens nothing.
type RecordKey struct{ secret Secret }

// NewRecordKey makes a random record key.
func NewRecordKey() RecordKey { return RecordKey{NewSecret()} }

// Equal reports whether both are the same key, in constant time.
func (k RecordKey) Equal(other RecordKey) bool { return k.secret.Equal(other.secret) }

// Seal encrypts plaintext with XChaCha20-Poly1305 under a random nonce, bound
// to aad. The result is the nonce of 24 bytes, the ciphertext, and a tag of 16.
func (k RecordKey) Seal(plaintext, aad []byte) ([]byte, error) { return seal(k.secret, plaintext, aad) }

// Open decrypts what Seal encrypted with the same key and aad.
func (k RecordKey) Open(sealed, aad []byte) ([]byte, error) { return open(k.secret, sealed, aad) }

// Wrap encrypts the record key under a key derived from master, bound to name.
func (k RecordKey) Wrap(master Secret, name string) ([]byte, error) {
	if k.secret.IsZero() || master.IsZero() {
		return nil, errNoKey
	}
	return seal(DeriveKey(master, wrapLabel), k.secret.key.get()[:], []byte(name))
}

// UnwrapRecordKey decrypts what [RecordKey.Wrap] encrypted with the same master
// and name.
func UnwrapRecordKey(wrapped []byte, master Secret, name string) (RecordKey, error) {
	if master.IsZero() {
		return RecordKey{}, errNoKey
	}
	raw, err := open(DeriveKey(master, wrapLabel), wrapped, []byte(name))
	if err != nil {
		return RecordKey{}, err
	}
	defer clear(raw)
	secret, err := ParseSecret(raw)
	if err != nil {
		return RecordKey{}, ErrNotOpened
	}
	return RecordKey{secret}, nil
}

// DeriveKey derives a key from master with HKDF-SHA-256 (RFC 5869), without
// salt and with label as info. Different labels give independent keys. The
// zero master gives the zero Secret.
func DeriveKey(master Secret, label string) Secret {
	if master.IsZero() {
		return Secret{}
	}
	derived, err := hkdf.Key(sha256.New, master.key.get()[:], nil, label, secretSize)
	if err != nil {
		panic("crypto: hkdf: " + err.Error()) // only for impossible lengths
	}
	return Secret{veiled((*[secretSize]byte)(derived))}
}

func seal(key Secret, plaintext, aad []byte) ([]byte, error) {
	if key.IsZero() {
		return nil, errNoKey
	}
	aead, err := chacha20poly1305.NewX(key.key.get()[:])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plaintext)+aead.Overhead())
	fill(nonce)
	return aead.Seal(nonce, nonce, plaintext, aad), nil
}

func open(key Secret, sealed, aad []byte) ([]byte, error) {
	if key.IsZero() {
		return nil, errNoKey
	}
	aead, err := chacha20poly1305.NewX(key.key.get()[:])
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize()+aead.Overhead() {
		return nil, ErrNotOpened
	}
	plaintext, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], aad)
	if err != nil {
		return nil, ErrNotOpened
	}
	return plaintext, nil
}

// Format prints "(hidden)" for every verb.
func (RecordKey) Format(f fmt.State, _ rune) { hide(f) }

// LogValue is "(hidden)".
func (RecordKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText fails with [ErrHidden].
func (RecordKey) MarshalText() ([]byte, error) { return nil, ErrHidden }

// GobEncode fails with [ErrHidden].
func (RecordKey) GobEncode() ([]byte, error) { return nil, ErrHidden }

package crypto

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"

	"golang.org/x/crypto/chacha20poly1305"
)

// The labels of what is derived for the private part of one ledger entry.
const (
	partLabel   = "sluis/private-part/1"
	commitLabel = "sluis/private-part-commitment/1\n"
)

// partOverhead is what a sealed private part has more than its plaintext: salt,
// commitment and tag.
const (
	partSalt     = 32
	partPrefix   = partSalt + sha256.Size
	partOverhead = partPrefix + chacha20poly1305.Overhead
)

// SealPart encrypts the private part of one ledger entry, bound to aad, under a
// key of its own, so that this part can be shown to a regulator without the
// rest of the dossier: see [RecordKey.PartKey].
//
// The result is a random salt of 32 bytes, a commitment of 32 to the key, the
// ciphertext (ChaCha20-Poly1305, nonce zero: the key is used once), and a tag
// of 16. The commitment is there because that cipher alone opens one
// ciphertext as two texts under two keys made for it; a node could then show
// one regulator another text than the next.
func (k RecordKey) SealPart(plaintext, aad []byte) ([]byte, error) {
	if k.secret.IsZero() {
		return nil, errNoKey
	}
	sealed := make([]byte, partPrefix, len(plaintext)+partOverhead)
	fill(sealed[:partSalt])
	key, err := k.partKey(sealed[:partSalt])
	if err != nil {
		return nil, err
	}
	commitment := commitPart(key)
	copy(sealed[partSalt:], commitment[:])
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(sealed, make([]byte, aead.NonceSize()), plaintext, aad), nil
}

// OpenPart decrypts what [RecordKey.SealPart] encrypted.
func (k RecordKey) OpenPart(sealed, aad []byte) ([]byte, error) {
	key, err := k.PartKey(sealed)
	if err != nil {
		return nil, err
	}
	return OpenPart(key, sealed, aad)
}

// PartKey returns the key of one private part. It opens that part and nothing
// else: from it neither the record key nor another part's key can be found.
func (k RecordKey) PartKey(sealed []byte) (Secret, error) {
	if k.secret.IsZero() {
		return Secret{}, errNoKey
	}
	if len(sealed) < partOverhead {
		return Secret{}, ErrNotOpened
	}
	key, err := k.partKey(sealed[:partSalt])
	if err != nil {
		return Secret{}, err
	}
	return ParseSecret(key)
}

// OpenPart decrypts a private part with its own key. There is one key and one
// text to a sealed part: another key is refused by the commitment.
func OpenPart(key Secret, sealed, aad []byte) ([]byte, error) {
	if key.IsZero() {
		return nil, errNoKey
	}
	raw := key.key.get()[:]
	if commitment := commitPart(raw); len(sealed) < partOverhead || !bytes.Equal(sealed[partSalt:partPrefix], commitment[:]) {
		return nil, ErrNotOpened
	}
	aead, err := chacha20poly1305.New(raw)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed[partPrefix:], aad)
	if err != nil {
		return nil, ErrNotOpened
	}
	return plaintext, nil
}

func (k RecordKey) partKey(salt []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret.key.get()[:], salt, partLabel, secretSize)
}

func commitPart(key []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(commitLabel), key...))
}

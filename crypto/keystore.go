package crypto

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"filippo.io/age"
)

// The format versions of what is inside a sealed file.
const (
	keystoreFormat  = "sluis-keystore/1"
	keyringFormat   = "sluis-keystore/2" // with former keys, or after a change of lock
	masterFormat    = "sluis-keystore/3" // while the master key is being replaced
	authorityFormat = "sluis-authority-key/1"
)

// Keys are the private keys of a node. They print as "(hidden)".
//
// The fields are those of the embedded struct: Host, Signing, Checkpoint and
// Witness (ed25519.PrivateKey: the libp2p host key, the key that signs messages,
// the key that signs checkpoints of the ledger, the key that cosigns those of
// others), Sealing (*[Identity]: opens what is sealed to the party), Master and
// Pseudonym ([Secret]: storage master key and the key of pseudonyms), Former (the
// keys before these, see [Keys.Rotate]), and Relocked (how often the lock was
// changed). They sit behind two pointers because an
// ed25519.PrivateKey is a plain slice, which fmt prints byte by byte wherever it
// can't see that Keys hides itself, and behind one pointer too when the verb
// does not fit it.
type Keys struct{ *keys }

type keys struct{ *keyFields }

type keyFields struct {
	Host       ed25519.PrivateKey
	Signing    ed25519.PrivateKey
	Checkpoint ed25519.PrivateKey
	Witness    ed25519.PrivateKey
	Sealing    *Identity
	Master     Secret
	Pseudonym  Secret
	Former     Former
	Relocked   int
}

// Public are the public halves of [Keys].
type Public struct {
	Host       ed25519.PublicKey
	Signing    ed25519.PublicKey
	Checkpoint ed25519.PublicKey
	Witness    ed25519.PublicKey
	Sealing    Recipient
}

// GenerateKeys makes the keys of a new node.
func GenerateKeys() (*Keys, error) {
	sealing, err := NewIdentity()
	if err != nil {
		return nil, err
	}
	return &Keys{&keys{&keyFields{
		Host: newPrivateKey(), Signing: newPrivateKey(), Checkpoint: newPrivateKey(), Witness: newPrivateKey(),
		Sealing: sealing, Master: NewSecret(), Pseudonym: NewSecret(),
	}}}, nil
}

func newPrivateKey() ed25519.PrivateKey {
	var seed [ed25519.SeedSize]byte
	fill(seed[:])
	return ed25519.NewKeyFromSeed(seed[:])
}

// Public returns the public halves.
func (k *Keys) Public() Public {
	return Public{
		Host: publicOf(k.Host), Signing: publicOf(k.Signing), Checkpoint: publicOf(k.Checkpoint), Witness: publicOf(k.Witness),
		Sealing: k.Sealing.Recipient(),
	}
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	return bytes.Clone(ed25519.PublicKey(key[ed25519.SeedSize:]))
}

// storedKeys is the plaintext of a keystore. The Ed25519 keys are seeds.
type storedKeys struct {
	Format     string `json:"format"`
	Host       []byte `json:"host"`
	Signing    []byte `json:"signing"`
	Checkpoint []byte `json:"checkpoint"`
	Witness    []byte `json:"witness"`
	Sealing    string `json:"sealing"`
	Master     []byte `json:"master"`
	Pseudonym  []byte `json:"pseudonym"`
	// Only from format 2 on.
	Former   *storedFormer `json:"former,omitempty"`
	Relocked int           `json:"relocked,omitempty"`
}

// format is the lowest that has room for what is stored, so that a keystore that
// never changed can be read by the versions before this one.
func (s storedKeys) format() string {
	switch {
	case s.Former != nil && s.Former.Master != nil:
		return masterFormat
	case s.Former != nil || s.Relocked > 0:
		return keyringFormat
	}
	return keystoreFormat
}

// Seal writes the keys as an age file that the lock opens.
func (k *Keys) Seal(lock Lock) ([]byte, error) {
	plaintext, err := k.encode()
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	return lock.seal(plaintext)
}

func (k *Keys) encode() ([]byte, error) {
	if k == nil || k.keys == nil || k.Sealing == nil || k.Sealing.key.get() == nil || k.Master.IsZero() || k.Pseudonym.IsZero() {
		return nil, errors.New("keystore: a key is missing")
	}
	for _, key := range []ed25519.PrivateKey{k.Host, k.Signing, k.Checkpoint, k.Witness} {
		if len(key) != ed25519.PrivateKeySize {
			return nil, errors.New("keystore: a key is missing")
		}
	}
	former, err := k.Former.stored()
	if err != nil {
		return nil, err
	}
	s := storedKeys{
		Host: k.Host.Seed(), Signing: k.Signing.Seed(), Checkpoint: k.Checkpoint.Seed(), Witness: k.Witness.Seed(), Sealing: k.Sealing.key.get().String(),
		Master: k.Master.Bytes(), Pseudonym: k.Pseudonym.Bytes(), Former: former, Relocked: k.Relocked,
	}
	s.Format = s.format()
	return json.Marshal(s)
}

// OpenKeys opens what [Keys.Seal] sealed. It returns [ErrWrongLock] when the
// lock is another one.
func OpenKeys(sealed []byte, lock Lock) (*Keys, error) {
	plaintext, err := lock.open(sealed)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	return decodeKeys(plaintext)
}

// decodeKeys accepts exactly what encode writes.
func decodeKeys(plaintext []byte) (*Keys, error) {
	var s storedKeys
	if err := json.Unmarshal(plaintext, &s); err != nil {
		return nil, errors.New("keystore: not a keystore")
	}
	if s.Format != keystoreFormat && s.Format != keyringFormat && s.Format != masterFormat {
		return nil, fmt.Errorf("keystore: the format is not %s, nor 2 or 3 of it; it was written by another version of sluis", keystoreFormat)
	}
	for _, seed := range [][]byte{s.Host, s.Signing, s.Checkpoint, s.Witness} {
		if len(seed) != ed25519.SeedSize {
			return nil, errors.New("keystore: a key has the wrong size")
		}
	}
	sealing, err := age.ParseHybridIdentity(s.Sealing)
	if err != nil {
		return nil, errors.New("keystore: the sealing key is not a hybrid age identity")
	}
	master, err := ParseSecret(s.Master)
	if err != nil {
		return nil, errors.New("keystore: the master key has the wrong size")
	}
	pseudonym, err := ParseSecret(s.Pseudonym)
	if err != nil {
		return nil, errors.New("keystore: the pseudonym key has the wrong size")
	}
	if s.Relocked < 0 {
		return nil, errors.New("keystore: not written in its one form")
	}
	former, err := s.Former.former()
	if err != nil {
		return nil, err
	}
	k := &Keys{&keys{&keyFields{
		Host: ed25519.NewKeyFromSeed(s.Host), Signing: ed25519.NewKeyFromSeed(s.Signing), Checkpoint: ed25519.NewKeyFromSeed(s.Checkpoint),
		Witness: ed25519.NewKeyFromSeed(s.Witness), Sealing: &Identity{veiled(sealing)}, Master: master, Pseudonym: pseudonym,
		Former: former, Relocked: s.Relocked,
	}}}
	again, err := k.encode()
	if err != nil || !bytes.Equal(again, plaintext) {
		return nil, errors.New("keystore: not written in its one form")
	}
	return k, nil
}

type storedAuthorityKey struct {
	Format string `json:"format"`
	Seed   []byte `json:"seed"`
}

// SealAuthorityKey writes the key of a register authority as an age file that
// the lock opens.
func SealAuthorityKey(key ed25519.PrivateKey, lock Lock) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("authority key: wrong size")
	}
	plaintext, err := json.Marshal(storedAuthorityKey{authorityFormat, key.Seed()})
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	return lock.seal(plaintext)
}

// OpenAuthorityKey opens what [SealAuthorityKey] sealed. It returns
// [ErrWrongLock] when the lock is another one.
func OpenAuthorityKey(sealed []byte, lock Lock) (ed25519.PrivateKey, error) {
	plaintext, err := lock.open(sealed)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	return decodeAuthorityKey(plaintext)
}

func decodeAuthorityKey(plaintext []byte) (ed25519.PrivateKey, error) {
	var s storedAuthorityKey
	if err := json.Unmarshal(plaintext, &s); err != nil {
		return nil, errors.New("authority key: not an authority key")
	}
	if s.Format != authorityFormat || len(s.Seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("authority key: not a key of format %s", authorityFormat)
	}
	again, err := json.Marshal(s)
	if err != nil || !bytes.Equal(again, plaintext) {
		return nil, errors.New("authority key: not written in its one form")
	}
	return ed25519.NewKeyFromSeed(s.Seed), nil
}

// Format prints "(hidden)" for every verb.
func (Keys) Format(f fmt.State, _ rune) { hide(f) }

// LogValue is "(hidden)".
func (Keys) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText fails with [ErrHidden].
func (Keys) MarshalText() ([]byte, error) { return nil, ErrHidden }

// GobEncode fails with [ErrHidden].
func (Keys) GobEncode() ([]byte, error) { return nil, ErrHidden }

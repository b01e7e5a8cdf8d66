package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"filippo.io/age"
)

// Scrypt work factors, as the base-2 logarithm of N. 18 takes some 0.7 s and
// 256 MiB on one core of 2026, and each step doubles both. The highest one that is
// opened keeps a file from claiming all memory.
const (
	defaultWorkFactor = 18
	highestWorkFactor = 20
)

// maxSealedKeys bounds a sealed keystore or authority key.
const maxSealedKeys = 64 << 10

// ErrWrongLock is returned when a passphrase or key file does not open what was
// sealed.
var ErrWrongLock = errors.New("this passphrase or key file does not open the keys; use the one they were sealed with")

var errNoLock = errors.New("no lock: give a passphrase that is not empty, or a key file")

// A Lock is what keys at rest are sealed with: a passphrase
// ([PassphraseLock]) or a key file ([KeyFileLock]). The zero Lock seals and
// opens nothing.
type Lock struct {
	// WorkFactor is the base-2 logarithm of the scrypt cost at which a
	// passphrase seals; 0 means 18. A test network takes 10 and has no security
	// from it. It does not matter for opening, nor for a key file.
	WorkFactor int

	secret veil[lockSecret]
}

// A lockSecret is one of the two.
type lockSecret struct {
	passphrase []byte
	file       *age.HybridIdentity
}

// PassphraseLock makes a lock of a passphrase, of which it takes a copy. An
// empty one is refused by [Keys.Seal] and [OpenKeys].
func PassphraseLock(passphrase []byte) Lock {
	return Lock{secret: veiled(lockSecret{passphrase: bytes.Clone(passphrase)})}
}

// KeyFileLock makes a lock of the contents of a key file: an age identity file
// with exactly one hybrid identity, as [NewKeyFile] and age-keygen -pq write
// it. Lines that start with # are comments.
func KeyFileLock(contents []byte) (Lock, error) {
	if len(contents) > maxSealedKeys {
		return Lock{}, errors.New("key file: too large")
	}
	// The errors of age quote the line, which may hold a key.
	ids, err := age.ParseIdentities(bytes.NewReader(contents))
	if err != nil || len(ids) != 1 {
		return Lock{}, errors.New("key file: must hold exactly one age identity; make one with age-keygen -pq")
	}
	id, ok := ids[0].(*age.HybridIdentity)
	if !ok {
		return Lock{}, errors.New("key file: the identity is not a hybrid post-quantum one (AGE-SECRET-KEY-PQ-1...); make one with age-keygen -pq")
	}
	return Lock{secret: veiled(lockSecret{file: id})}, nil
}

// NewKeyFile makes the contents of a key file with a new identity.
func NewKeyFile() ([]byte, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	return []byte("# key file of a sluis node; whoever has it can open the keystore\n" + id.String() + "\n"), nil
}

// seal seals plaintext with the lock.
func (l Lock) seal(plaintext []byte) ([]byte, error) {
	to, err := l.recipient()
	if err != nil {
		return nil, err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plaintext); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

func (l Lock) recipient() (age.Recipient, error) {
	secret := l.secret.get()
	switch {
	case secret.file != nil:
		return secret.file.Recipient(), nil
	case len(secret.passphrase) == 0:
		return nil, errNoLock
	case l.WorkFactor < 0 || l.WorkFactor > highestWorkFactor:
		return nil, fmt.Errorf("the scrypt work factor must be between 1 and %d", highestWorkFactor)
	}
	r, err := age.NewScryptRecipient(string(secret.passphrase))
	if err != nil {
		return nil, errors.New("the passphrase can't be used")
	}
	r.SetWorkFactor(defaultWorkFactor)
	if l.WorkFactor > 0 {
		r.SetWorkFactor(l.WorkFactor)
	}
	return r, nil
}

// open opens what seal sealed.
func (l Lock) open(sealed []byte) ([]byte, error) {
	if len(sealed) > maxSealedKeys {
		return nil, errors.New("sealed keys: too large")
	}
	id, err := l.identity()
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if unmatched := new(age.NoIdentityMatchError); errors.As(err, &unmatched) {
		return nil, ErrWrongLock
	}
	if err != nil {
		return nil, fmt.Errorf("sealed keys: not an age file that can be opened: %v", err)
	}
	plaintext, err := io.ReadAll(r)
	if err != nil {
		return nil, errors.New("sealed keys: damaged or cut off")
	}
	return plaintext, nil
}

func (l Lock) identity() (age.Identity, error) {
	secret := l.secret.get()
	switch {
	case secret.file != nil:
		return secret.file, nil
	case len(secret.passphrase) == 0:
		return nil, errNoLock
	}
	id, err := age.NewScryptIdentity(string(secret.passphrase))
	if err != nil {
		return nil, errors.New("the passphrase can't be used")
	}
	id.SetMaxWorkFactor(highestWorkFactor)
	return id, nil
}

// Format prints "(hidden)" for every verb.
func (Lock) Format(f fmt.State, _ rune) { hide(f) }

// LogValue is "(hidden)".
func (Lock) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText fails with [ErrHidden].
func (Lock) MarshalText() ([]byte, error) { return nil, ErrHidden }

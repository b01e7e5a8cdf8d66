package crypto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"

	"filippo.io/age"
)

// Bounds of a sealed message.
const (
	// MaxRecipients bounds the recipients of one sealed message: opening tries
	// each of them, at some 0.1 ms apiece.
	MaxRecipients = 16

	// padBlock is what the length of a padded plaintext is a multiple of.
	padBlock = 1024

	// A stanza of a hybrid recipient has 1,556 bytes in age v1.3.
	maxHeader = 512 + MaxRecipients*1600

	// stanzaStart is how the stanza of a hybrid recipient starts
	// (C2SP age, section "Hybrid recipient stanza").
	stanzaStart = "-> mlkem768x25519 "
)

// ErrNotForUs is returned when a message was sealed to others.
var ErrNotForUs = errors.New("sealed to another recipient")

// ErrSealBroken is returned for what is not a sealed message, is damaged, is
// cut off, is too large, or is not padded as it should be.
var ErrSealBroken = errors.New("not a sealed message, or damaged")

// An Identity opens what is sealed to its [Recipient]: the private half of an
// age hybrid key (X25519 and ML-KEM-768). It prints as "(hidden)".
type Identity struct{ key veil[*age.HybridIdentity] }

// NewIdentity makes a random identity.
func NewIdentity() (*Identity, error) {
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	return &Identity{veiled(key)}, nil
}

// Recipient returns the public half, or the zero Recipient for the zero Identity.
func (i Identity) Recipient() Recipient {
	key := i.key.get()
	if key == nil {
		return Recipient{}
	}
	r := key.Recipient()
	return Recipient{key: r, text: r.String()}
}

// Format prints "(hidden)" for every verb.
func (Identity) Format(f fmt.State, _ rune) { hide(f) }

// LogValue is "(hidden)".
func (Identity) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText fails with [ErrHidden].
func (Identity) MarshalText() ([]byte, error) { return nil, ErrHidden }

// GobEncode fails with [ErrHidden].
func (Identity) GobEncode() ([]byte, error) { return nil, ErrHidden }

// A Recipient is whom a message is sealed to: the public half of an age hybrid
// key, parsed. It may be used by many goroutines. The zero Recipient is refused by [Seal].
type Recipient struct {
	key  *age.HybridRecipient
	text string
}

// ParseRecipient reads the text form of a hybrid recipient, "age1pq1..." of
// 1,959 characters. Every other kind is refused: classical ones can't be mixed
// with these, and a plugin name would start a program.
func ParseRecipient(s string) (Recipient, error) {
	// Bech32 has two forms, in lower case and in capitals.
	key, err := age.ParseHybridRecipient(s)
	if err != nil || strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return Recipient{}, errors.New("recipient: not a hybrid post-quantum age recipient (age1pq1...)")
	}
	return Recipient{key: key, text: s}, nil
}

// String is the text form.
func (r Recipient) String() string { return r.text }

// Seal seals plaintext so that each of the recipients can open it. The length
// is hidden in steps of 1 KiB; the number of recipients is not hidden.
func Seal(plaintext []byte, to ...Recipient) ([]byte, error) {
	if len(to) == 0 || len(to) > MaxRecipients {
		return nil, fmt.Errorf("seal: %d recipients, want 1 to %d", len(to), MaxRecipients)
	}
	if uint64(len(plaintext)) > math.MaxUint32-padBlock {
		return nil, errors.New("seal: too large")
	}
	recipients := make([]age.Recipient, len(to))
	for i, r := range to {
		if r.key == nil {
			return nil, errors.New("seal: a recipient is empty")
		}
		recipients[i] = r.key
	}
	padded := pad(plaintext)
	var sealed bytes.Buffer
	sealed.Grow(len(padded) + sealOverhead(len(padded), len(to)))
	w, err := age.Encrypt(&sealed, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(padded); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

// sealOverhead bounds by how much a sealed message is longer than its padded
// plaintext: the header, a nonce and a tag for each 64 KiB.
func sealOverhead(padded, recipients int) int {
	return 512 + recipients*1600 + 16 + 16*(padded/(64<<10)+1)
}

// Open opens a sealed message with the first of the identities that it was
// sealed to, and returns its plaintext, of at most limit bytes, after all of
// it was authenticated. It returns [ErrNotForUs] when it was sealed to others
// and [ErrSealBroken] for everything else. Who sealed it is not known: that is
// for a signature inside.
func Open(sealed []byte, limit int, ids ...*Identity) ([]byte, error) {
	longest := paddedSize(limit)
	if len(sealed) > longest+sealOverhead(longest, MaxRecipients) || !hybridOnly(sealed) {
		return nil, ErrSealBroken
	}
	identities := make([]age.Identity, 0, len(ids))
	for _, id := range ids {
		if id == nil || id.key.get() == nil {
			return nil, errors.New("open: an identity is empty")
		}
		identities = append(identities, id.key.get())
	}
	if len(identities) == 0 {
		return nil, ErrNotForUs
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	if unmatched := new(age.NoIdentityMatchError); errors.As(err, &unmatched) {
		return nil, ErrNotForUs
	}
	if err != nil {
		return nil, ErrSealBroken
	}
	// age hands out plaintext before the end is authenticated.
	var padded bytes.Buffer
	padded.Grow(len(sealed))
	if _, err := padded.ReadFrom(io.LimitReader(r, int64(longest)+1)); err != nil {
		return nil, ErrSealBroken
	}
	plaintext, ok := unpad(padded.Bytes())
	if !ok || len(plaintext) > limit {
		return nil, ErrSealBroken
	}
	return plaintext, nil
}

// hybridOnly reports whether the header of an age file is within bounds and
// names hybrid recipients only. The stanza bodies are base64, so no line of
// them starts with "->" or "---".
func hybridOnly(sealed []byte) bool {
	head, _, found := bytes.Cut(sealed[:min(len(sealed), maxHeader)], []byte("\n--- "))
	if !found {
		return false
	}
	stanzas := 0
	for line := range bytes.Lines(head) {
		if !bytes.HasPrefix(line, []byte("-> ")) {
			continue
		}
		if !bytes.HasPrefix(line, []byte(stanzaStart)) {
			return false
		}
		stanzas++
	}
	return 0 < stanzas && stanzas <= MaxRecipients
}

// paddedSize is the size of a padded plaintext of n bytes.
func paddedSize(n int) int { return (4 + n + padBlock - 1) / padBlock * padBlock }

// pad writes the length in 4 bytes, big-endian, the plaintext, and zeroes up to
// a multiple of 1,024.
func pad(plaintext []byte) []byte {
	padded := make([]byte, 4, paddedSize(len(plaintext)))
	binary.BigEndian.PutUint32(padded, uint32(len(plaintext)))
	return append(padded, plaintext...)[:cap(padded)]
}

// unpad accepts exactly what pad writes.
func unpad(padded []byte) ([]byte, bool) {
	if len(padded) < padBlock {
		return nil, false
	}
	n := uint64(binary.BigEndian.Uint32(padded))
	if n > uint64(len(padded)-4) || len(padded) != paddedSize(int(n)) {
		return nil, false
	}
	for _, b := range padded[4+n:] {
		if b != 0 {
			return nil, false
		}
	}
	return padded[4 : 4+n], true
}

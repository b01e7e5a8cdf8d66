package crypto

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// What is too large to be held at once (an audit bundle) is sealed and opened
// as a stream. The length is not hidden and the end is authenticated last, so
// this is for files that are used after their end was reached, never for
// messages: those go through [Seal] and [Open].

// SealStream returns a writer that seals what is written to w, so that each of
// the recipients can open it. Close ends the stream; without it nobody can read
// it to the end.
func SealStream(w io.Writer, to ...Recipient) (io.WriteCloser, error) {
	if len(to) == 0 || len(to) > MaxRecipients {
		return nil, fmt.Errorf("seal: %d recipients, want 1 to %d", len(to), MaxRecipients)
	}
	recipients := make([]age.Recipient, len(to))
	for i, r := range to {
		if r.key == nil {
			return nil, errors.New("seal: a recipient is empty")
		}
		recipients[i] = r.key
	}
	return age.Encrypt(w, recipients...)
}

// OpenStream returns a reader of what was sealed with [SealStream]. It fails
// with [ErrNotForUs] when it was sealed to others and with [ErrSealBroken] when
// it is no such stream.
//
// What the reader returns was sealed by somebody in these pieces and in this
// order, but only io.EOF says that nothing is missing behind it: until then
// nothing may be concluded from it. A stream that was changed or cut off ends
// with [ErrSealBroken], never with io.EOF.
func OpenStream(r io.Reader, ids ...*Identity) (io.Reader, error) {
	var keys []age.Identity
	for _, id := range ids {
		if id == nil || id.key.get() == nil {
			return nil, errors.New("open: the identity is empty")
		}
		keys = append(keys, id.key.get())
	}
	if len(keys) == 0 {
		return nil, errors.New("open: there is no identity")
	}
	buffered := bufio.NewReaderSize(r, maxHeader)
	head, err := buffered.Peek(maxHeader)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !hybridOnly(head) {
		return nil, ErrSealBroken
	}
	opened, err := age.Decrypt(buffered, keys...)
	if unmatched := new(age.NoIdentityMatchError); errors.As(err, &unmatched) {
		return nil, ErrNotForUs
	}
	if err != nil {
		return nil, ErrSealBroken
	}
	return stream{opened}, nil
}

// A stream gives every failure of age one name: its errors may quote.
type stream struct{ opened io.Reader }

func (s stream) Read(p []byte) (int, error) {
	n, err := s.opened.Read(p)
	if err != nil && err != io.EOF {
		err = ErrSealBroken
	}
	return n, err
}

// NewIdentityFile makes the contents of a file with a new identity, which
// [ParseIdentityFile] and the age tool read, and its recipient.
func NewIdentityFile() ([]byte, Recipient, error) {
	id, err := NewIdentity()
	if err != nil {
		return nil, Recipient{}, err
	}
	contents := "# key file of an auditor; whoever has it can open what is sealed to its recipient\n" + id.key.get().String() + "\n"
	return []byte(contents), id.Recipient(), nil
}

// ParseIdentityFile reads an age identity file with exactly one hybrid
// identity. Lines that start with # are comments. No error quotes it.
func ParseIdentityFile(contents []byte) (*Identity, error) {
	wrong := errors.New("key file: must hold exactly one hybrid post-quantum age identity (AGE-SECRET-KEY-PQ-1...)")
	if len(contents) > maxSealedKeys {
		return nil, wrong
	}
	ids, err := age.ParseIdentities(bytes.NewReader(contents))
	if err != nil || len(ids) != 1 {
		return nil, wrong
	}
	id, ok := ids[0].(*age.HybridIdentity)
	if !ok {
		return nil, wrong
	}
	return &Identity{veiled(id)}, nil
}

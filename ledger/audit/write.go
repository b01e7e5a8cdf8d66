package audit

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash"
	"io"

	"sluis/crypto"
)

// A Writer writes a bundle, frame by frame, in the order of the format. It
// holds no more than one frame. Seal what it writes to the auditor
// ([crypto.SealStream]).
type Writer struct {
	w       *bufio.Writer
	sum     hash.Hash // of all frames so far
	place   int
	frames  uint64
	entries uint64
	head    Head
	digest  string // of the head
	err     error
}

// NewWriter begins a bundle with its head.
func NewWriter(w io.Writer, head Head) (*Writer, error) {
	head.Format = Format
	document, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	b := &Writer{w: bufio.NewWriterSize(w, 64<<10), sum: sha256.New(), head: head, digest: digestText(document)}
	return b, b.frame(frameHead, document)
}

// Register adds a register bundle, byte for byte. Versions rise.
func (b *Writer) Register(bundle []byte) error { return b.frame(frameRegister, bundle) }

// Entry adds the next entry of the ledger as its bytes.
func (b *Writer) Entry(entry []byte) error {
	b.entries++
	return b.frame(frameEntry, entry)
}

// PartKey opens the private part of the entry that was added last.
func (b *Writer) PartKey(key crypto.Secret) error { return b.frame(framePartKey, key.Bytes()) }

// Message adds the signed message that the entry that was added last names.
func (b *Writer) Message(token []byte) error { return b.frame(frameMessage, token) }

// Checkpoint adds the signed checkpoint of the size.
func (b *Writer) Checkpoint(note []byte) error { return b.frame(frameCheckpoint, note) }

// Held adds a checkpoint of a partner that the party holds, see [Held].
func (b *Writer) Held(document []byte) error { return b.frame(frameHeld, document) }

// Alarm adds the evidence of an alarm.
func (b *Writer) Alarm(document []byte) error { return b.frame(frameAlarm, document) }

// Close signs all that was written with the signing key of the party and writes
// what is still in memory. It does not close the writer below.
func (b *Writer) Close(key crypto.Signer) error {
	payload, err := json.Marshal(end{
		Format: Format, Head: b.digest, Digest: base64.StdEncoding.EncodeToString(b.sum.Sum(nil)), Frames: b.frames, Entries: b.entries,
		Made: b.head.Made,
	})
	if err != nil {
		return err
	}
	token, err := crypto.Sign(key, endType, payload)
	if err != nil {
		return err
	}
	if err := b.frame(frameEnd, token); err != nil {
		return err
	}
	return b.w.Flush()
}

func (b *Writer) frame(typ frameType, payload []byte) error {
	switch {
	case b.err != nil:
		return b.err
	case len(payload) > typ.limit():
		b.err = errors.New("audit: a frame is too long")
	case typ.place() < b.place:
		b.err = errors.New("audit: a frame is out of order")
	}
	if b.err != nil {
		return b.err
	}
	b.place = typ.place()
	var header [frameHeader]byte
	header[0] = byte(typ)
	binary.BigEndian.PutUint32(header[1:], uint32(len(payload)))
	b.sum.Write(header[:])
	b.sum.Write(payload)
	b.frames++
	if _, err := b.w.Write(header[:]); err != nil {
		b.err = err
	} else if _, err := b.w.Write(payload); err != nil {
		b.err = err
	}
	return b.err
}

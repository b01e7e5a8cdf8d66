package store

import (
	"encoding/binary"
	"errors"
	"time"

	"sluis/ledger"
)

// A row as it is stored: one byte of format, the version in eight bytes, the
// name of the dossier with its length in a byte, the number of index keys in a
// byte, each index key with its length in two bytes, and the sealed value.
// Version, dossier and index keys are in clear because the sequencer works with
// them and must not have to open anything.
type row struct {
	version uint64
	dossier string
	index   []string
	sealed  []byte
}

const (
	rowFormat     = 1
	versionOffset = 1
)

var errRow = errors.New("store: a row is not in the form that it was written in")

// marshal returns the row as bytes. The version is set later, by the sequencer,
// with setVersion.
func (r row) marshal() []byte {
	b := make([]byte, 0, 1+8+1+len(r.dossier)+1+len(r.sealed)+64)
	b = append(b, rowFormat)
	b = binary.BigEndian.AppendUint64(b, r.version)
	b = append(b, byte(len(r.dossier)))
	b = append(b, r.dossier...)
	b = append(b, byte(len(r.index)))
	for _, x := range r.index {
		b = binary.BigEndian.AppendUint16(b, uint16(len(x)))
		b = append(b, x...)
	}
	return append(b, r.sealed...)
}

func setVersion(row []byte, version uint64) {
	binary.BigEndian.PutUint64(row[versionOffset:], version)
}

// parseRow reads a row. The sealed value is a part of b, not a copy.
func parseRow(b []byte) (row, error) {
	in := reader{rest: b}
	if in.bytes(1)[0] != rowFormat {
		return row{}, errRow
	}
	r := row{version: in.number()}
	r.dossier = string(in.bytes(int(in.bytes(1)[0])))
	for range in.bytes(1)[0] {
		if in.short {
			break
		}
		r.index = append(r.index, string(in.bytes(in.length())))
	}
	r.sealed = in.rest
	if in.short {
		return row{}, errRow
	}
	return r, nil
}

// A reader takes fields off the front of bytes. When they are too short it
// gives zeroes and says so at the end.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		r.short, r.rest = true, nil
		return make([]byte, n)
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) number() uint64     { return binary.BigEndian.Uint64(r.bytes(8)) }
func (r *reader) length() int        { return int(binary.BigEndian.Uint16(r.bytes(2))) }
func (r *reader) text() string       { return string(r.bytes(r.length())) }
func (r *reader) instant() time.Time { return time.UnixMilli(int64(r.number())).UTC() }

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func appendInstant(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t.UnixMilli()))
}

// marshalOutgoing returns what is sealed for an outgoing message: expiry in
// milliseconds, addressee, exchange, message.
func marshalOutgoing(o Outgoing) []byte {
	b := make([]byte, 0, 16+len(o.To)+len(o.Exchange)+len(o.Message))
	b = appendInstant(b, o.Expires)
	b = appendText(b, o.To)
	b = appendText(b, o.Exchange)
	return append(b, o.Message...)
}

func parseOutgoing(id string, b []byte) (Outgoing, error) {
	in := reader{rest: b}
	o := Outgoing{ID: id}
	o.Expires = in.instant()
	o.To = in.text()
	o.Exchange = in.text()
	o.Message = in.rest
	if in.short {
		return Outgoing{}, errRow
	}
	return o, nil
}

// Receipted is what the store remembers of an inbound message that it handled:
// enough to make the same receipt again.
type Receipted struct {
	First   uint64        // index of the entry that the handling wrote
	Size    uint64        // size of the tree in the receipt
	Digest  ledger.Digest // of the message
	Time    time.Time     // of the entry
	Expires time.Time
}

func (r Receipted) marshal() []byte {
	b := make([]byte, 0, 8+8+len(r.Digest)+8+8)
	b = binary.BigEndian.AppendUint64(b, r.First)
	b = binary.BigEndian.AppendUint64(b, r.Size)
	b = append(b, r.Digest[:]...)
	b = appendInstant(b, r.Time)
	return appendInstant(b, r.Expires)
}

func parseReceipted(b []byte) (Receipted, error) {
	in := reader{rest: b}
	var r Receipted
	r.First, r.Size = in.number(), in.number()
	copy(r.Digest[:], in.bytes(len(r.Digest)))
	r.Time, r.Expires = in.instant(), in.instant()
	if in.short || len(in.rest) > 0 {
		return Receipted{}, errRow
	}
	return r, nil
}

package audit

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
)

// A frame is a type of one byte, a length of four (big end first) and so many
// bytes. Frames stand in the order of this list.
type frameType byte

const (
	frameHead       frameType = 'H' // JSON, see Head
	frameRegister   frameType = 'R' // a register bundle, byte for byte; rising versions
	frameEntry      frameType = 'E' // an entry: the leaf of the tree; rising indexes from 0
	framePartKey    frameType = 'K' // behind its entry: the key of the private part
	frameMessage    frameType = 'M' // behind its entry: the signed message that the header names
	frameCheckpoint frameType = 'C' // the signed note of the size, with cosignature lines if there are any
	frameHeld       frameType = 'W' // JSON, see Held: a checkpoint of a partner that the party holds
	frameAlarm      frameType = 'A' // JSON, opaque here: evidence that a partner's ledger contradicts itself
	frameEnd        frameType = 'Z' // a JWS over the digest of all before it
)

// limit is the longest frame of a type, or 0 when there is no such type.
func (f frameType) limit() int {
	switch f {
	case frameHead:
		return maxHead
	case frameRegister:
		return register.MaxBundle
	case frameEntry:
		return ledger.MaxEntry
	case framePartKey:
		return partKeySize
	case frameMessage:
		return wire.MaxToken
	case frameCheckpoint:
		return ledger.MaxCheckpoint
	case frameHeld:
		return maxHeld
	case frameAlarm:
		return maxAlarm
	case frameEnd:
		return maxEnd
	}
	return 0
}

// place is where in a bundle a type stands: types of one place may follow each
// other in any number.
func (f frameType) place() int {
	switch f {
	case frameHead:
		return 0
	case frameRegister:
		return 1
	case frameEntry, framePartKey, frameMessage:
		return 2
	case frameCheckpoint:
		return 3
	case frameHeld:
		return 4
	case frameAlarm:
		return 5
	}
	return 6
}

const (
	partKeySize = 32
	frameHeader = 5
)

// A Broken error says that a bundle can't be read any further: nothing of it
// counts.
type Broken struct {
	Frame   uint64 // number of the frame, from 0
	Entries uint64 // entries that were read before
	what    string
	cause   error
}

// Error says what is wrong and where.
func (b *Broken) Error() string {
	return fmt.Sprintf("the bundle %s, in frame %d, after %d entries; nothing of it counts", b.what, b.Frame, b.Entries)
}

// Unwrap returns the error of the reader, if that is what broke it.
func (b *Broken) Unwrap() error { return b.cause }

// Truncated reports whether the bundle ended before its end.
func (b *Broken) Truncated() bool { return b.what == endsEarly }

const (
	endsEarly    = "ends early: it was cut off, or never finished"
	isDamaged    = "is damaged, cut off, or was changed after it was sealed"
	notABundle   = "is no " + Format + " bundle"
	unknownFrame = "has a frame of an unknown type"
	longFrame    = "has a frame that is too long"
	afterTheEnd  = "goes on after its end"
)

// A frameReader reads frames one by one. What next returns is valid until it is
// called again.
type frameReader struct {
	r       *bufio.Reader
	header  [frameHeader]byte
	payload []byte
	frames  uint64
	entries uint64
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 256<<10)}
}

// next returns the next frame, io.EOF behind the last, or a [*Broken].
func (f *frameReader) next() (frameType, []byte, error) {
	if _, err := io.ReadFull(f.r, f.header[:]); err != nil {
		if err == io.EOF {
			return 0, nil, io.EOF
		}
		return 0, nil, f.broken(err)
	}
	typ, n := frameType(f.header[0]), int64(binary.BigEndian.Uint32(f.header[1:]))
	switch limit := typ.limit(); {
	case limit == 0:
		return 0, nil, &Broken{f.frames, f.entries, unknownFrame, nil}
	case n > int64(limit):
		return 0, nil, &Broken{f.frames, f.entries, longFrame, nil}
	}
	if err := f.fill(int(n)); err != nil {
		return 0, nil, err
	}
	f.frames++
	if typ == frameEntry {
		f.entries++
	}
	return typ, f.payload, nil
}

// fill reads n bytes. The room grows with what really comes, so that a length
// alone takes no memory.
func (f *frameReader) fill(n int) error {
	const step = 1 << 20
	f.payload = f.payload[:0]
	for len(f.payload) < n {
		from := len(f.payload)
		want := min(n-from, step)
		if cap(f.payload) < from+want {
			grown := make([]byte, from, max(from+want, min(2*cap(f.payload), n)))
			copy(grown, f.payload)
			f.payload = grown
		}
		f.payload = f.payload[:from+want]
		if _, err := io.ReadFull(f.r, f.payload[from:]); err != nil {
			return f.broken(err)
		}
	}
	return nil
}

func (f *frameReader) broken(err error) *Broken {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Broken{f.frames, f.entries, endsEarly, nil}
	}
	return &Broken{f.frames, f.entries, isDamaged, err}
}

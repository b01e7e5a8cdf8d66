package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-msgio"
	"github.com/multiformats/go-varint"
)

// A frame is the length of a body as an unsigned varint (LEB128 in shortest
// form, at most nine bytes), then the body.

// errMalformed: what came is not a frame.
var errMalformed = errors.New("not a frame")

// errMemory: the resource manager has no room for the body.
var errMemory = errors.New("no memory for the body of the frame")

// reserver promises memory before it is used; network.StreamScope is one.
type reserver interface {
	ReserveMemory(size int, priority uint8) error
}

// readFrame reads one frame of at most limit bytes, and no byte more.
//
// Nothing is allocated for a longer one (ErrTooLarge). A frame that breaks off
// or has a length that is not in shortest form gives errMalformed, any other
// trouble of r its own error. Memory that was reserved belongs to the stream and
// comes free with it.
func readFrame(r io.Reader, limit int, memory reserver) ([]byte, error) {
	frames := msgio.NewVarintReaderSize(r, limit)
	n, err := frames.NextMsgLen()
	if err != nil {
		return nil, frameFault(err)
	}
	if n < 0 || n > limit {
		return nil, ErrTooLarge
	}
	if err := reserve(memory, n); err != nil {
		return nil, err
	}
	body := make([]byte, n)
	if _, err := frames.Read(body); err != nil {
		return nil, frameFault(err)
	}
	return body, nil
}

// reserve promises memory for a body, where it is large enough to count.
func reserve(memory reserver, size int) error {
	if size < reserveFrom {
		return nil
	}
	if err := memory.ReserveMemory(size, network.ReservationPriorityAlways); err != nil {
		return errMemory
	}
	return nil
}

// writeFrame writes one frame, in pieces so that a slow reader shows progress.
// A small frame is one write, and so one packet where it fits.
func writeFrame(w io.Writer, body []byte) error {
	first := make([]byte, 0, min(len(body)+binary.MaxVarintLen64, writePiece))
	first = binary.AppendUvarint(first, uint64(len(body)))
	n := min(len(body), cap(first)-len(first))
	if _, err := w.Write(append(first, body[:n]...)); err != nil {
		return err
	}
	for rest := body[n:]; len(rest) > 0; {
		n, err := w.Write(rest[:min(len(rest), writePiece)])
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// frameFault tells a frame that is wrong from a line that is.
func frameFault(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, varint.ErrNotMinimal), errors.Is(err, varint.ErrOverflow):
		return fmt.Errorf("%w: %v", errMalformed, err)
	}
	return err
}

package transport

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// purse promises what it is asked for and counts it.
type purse struct{ reserved int }

func (p *purse) ReserveMemory(n int, _ uint8) error {
	p.reserved += n
	return nil
}

// empty promises nothing.
type empty struct{}

func (empty) ReserveMemory(int, uint8) error { return errors.New("nothing left") }

func frame(body []byte) []byte {
	var b bytes.Buffer
	if err := writeFrame(&b, body); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestFrameRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 2, 127, 128, 129, 16383, 16384, writePiece - 11, writePiece - 10, writePiece - 9, writePiece - 3, writePiece, 3 * writePiece} {
		body := bytes.Repeat([]byte{'s'}, n)
		framed := frame(body)
		if want := append(binary.AppendUvarint(nil, uint64(n)), body...); !bytes.Equal(framed, want) {
			t.Fatalf("%d bytes: frame is another", n)
		}
		for name, r := range map[string]io.Reader{
			"at once":     bytes.NewReader(framed),
			"byte a time": iotest.OneByteReader(bytes.NewReader(framed)),
			"end in data": iotest.DataErrReader(bytes.NewReader(framed)),
		} {
			got, err := readFrame(r, n, &purse{})
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes, %s: %d bytes, %v", n, name, len(got), err)
			}
		}
	}
}

// Every cut of a frame is malformed, and the byte after it is left alone.
func TestFrameCut(t *testing.T) {
	framed := frame(bytes.Repeat([]byte{'s'}, 200))
	for i := range framed {
		if _, err := readFrame(bytes.NewReader(framed[:i]), 200, &purse{}); !errors.Is(err, errMalformed) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	r := bytes.NewReader(append(framed, 'x'))
	if _, err := readFrame(r, 200, &purse{}); err != nil || r.Len() != 1 {
		t.Errorf("%d bytes left, %v", r.Len(), err)
	}
}

func TestFrameOfAllShortLengths(t *testing.T) {
	const limit = 300
	for a := range 256 {
		for b := range 256 {
			start := []byte{byte(a), byte(b)}
			n, size := binary.Uvarint(start)
			body, err := readFrame(bytes.NewReader(append(start, make([]byte, limit)...)), limit, &purse{})
			switch {
			case size <= 0: // more than two bytes: the third is 0 and so not the shortest form
				if !errors.Is(err, errMalformed) {
					t.Fatalf("% x: %v", start, err)
				}
			case size == 2 && b == 0:
				if !errors.Is(err, errMalformed) {
					t.Fatalf("% x is not the shortest form: %v", start, err)
				}
			case n > limit:
				if !errors.Is(err, ErrTooLarge) {
					t.Fatalf("% x: %v", start, err)
				}
			case err != nil || len(body) != int(n):
				t.Fatalf("% x: %d bytes, %v", start, len(body), err)
			}
		}
	}
}

// A length costs nothing before it is checked, and a large body is reserved
// before it is read.
func TestFrameTakesNoMemoryForTooMuch(t *testing.T) {
	for _, n := range []uint64{101, 1 << 20, 1 << 31, 1<<32 + 1, 1 << 40, 1<<63 - 1} {
		start := binary.AppendUvarint(nil, n)
		allocated := testing.AllocsPerRun(10, func() {
			if _, err := readFrame(bytes.NewReader(start), 100, empty{}); err != ErrTooLarge {
				t.Errorf("length %d: %v", n, err)
			}
		})
		if allocated > 5 {
			t.Errorf("length %d: %v allocations", n, allocated)
		}
	}
	large := binary.AppendUvarint(nil, reserveFrom)
	if _, err := readFrame(bytes.NewReader(large), reserveFrom, empty{}); !errors.Is(err, errMemory) {
		t.Errorf("without room: %v", err)
	}
	p := &purse{}
	_, _ = readFrame(bytes.NewReader(large), reserveFrom, p)
	if p.reserved != reserveFrom {
		t.Errorf("reserved %d, want %d", p.reserved, reserveFrom)
	}
	p = &purse{}
	_, _ = readFrame(bytes.NewReader(frame(make([]byte, reserveFrom-1))), reserveFrom, p)
	if p.reserved != 0 {
		t.Errorf("reserved %d for a small one", p.reserved)
	}
}

// failing writes some bytes and then no more.
type failing struct{ room int }

func (f *failing) Write(b []byte) (int, error) {
	n := min(len(b), f.room)
	f.room -= n
	if n < len(b) {
		return n, io.ErrClosedPipe
	}
	return n, nil
}

func TestFrameWriteFails(t *testing.T) {
	body := make([]byte, 2*writePiece+100)
	for _, room := range []int{0, 1, writePiece - 1, writePiece, writePiece + 1, 2 * writePiece, len(body) + 2} {
		if err := writeFrame(&failing{room}, body); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("with room for %d: %v", room, err)
		}
	}
	if err := writeFrame(&failing{len(body) + 3}, body); err != nil {
		t.Error(err)
	}
}

func TestReadEnd(t *testing.T) {
	if err := readEnd(strings.NewReader("")); err != nil {
		t.Error(err)
	}
	if err := readEnd(strings.NewReader("x")); !errors.Is(err, errMalformed) {
		t.Errorf("something follows: %v", err)
	}
	if err := readEnd(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the line broke: %v", err)
	}
}

// Whatever is accepted has one form: written again it gives the same bytes.
// Nothing is read past it, and no more than the limit comes back.
func FuzzFrame(f *testing.F) {
	for _, seed := range [][]byte{nil, {0}, {1}, {1, 's'}, {0x80}, {0x80, 0}, {0x81, 0, 's'}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		bytes.Repeat([]byte{0xff}, 12), frame([]byte("hello")), frame(make([]byte, 300)), append(frame([]byte("one")), frame([]byte("two"))...)} {
		f.Add(seed, 256)
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		limit = max(0, min(limit, 1<<20))
		r := bytes.NewReader(data)
		body, err := readFrame(r, limit, &purse{})
		if err != nil {
			if !errors.Is(err, errMalformed) && err != ErrTooLarge {
				t.Errorf("bytes alone can't give %v", err)
			}
			if body != nil {
				t.Error("a body comes with an error")
			}
			return
		}
		if len(body) > limit {
			t.Errorf("%d bytes over a limit of %d", len(body), limit)
		}
		if got, want := frame(body), data[:len(data)-r.Len()]; !bytes.Equal(got, want) {
			t.Errorf("accepted % x, which is written % x", want, got)
		}
	})
}

const document = "../docs/protocol/40-transport.md"

// vectors reads the rows of the table of frames out of the document: the frame
// in hexadecimal, the limit, and what a reader makes of it.
func TestFramesOfTheDocument(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```vector frames\n")
	table, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the document has no frames")
	}
	rows := 0
	for row := range strings.Lines(table) {
		fields := strings.Fields(row)
		if len(fields) < 3 {
			t.Fatalf("row %q", row)
		}
		rows++
		data, err := hex.DecodeString(strings.ReplaceAll(fields[0], "-", ""))
		if err != nil {
			t.Fatalf("row %q: %v", row, err)
		}
		limit, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatalf("row %q: %v", row, err)
		}
		r := bytes.NewReader(data)
		body, err := readFrame(r, limit, &purse{})
		if err == nil {
			err = readEnd(r)
		}
		got := "body=" + hex.EncodeToString(body)
		switch {
		case errors.Is(err, ErrTooLarge):
			got = "too-large"
		case errors.Is(err, errMalformed):
			got = "malformed"
		case err != nil:
			got = err.Error()
		}
		if got != fields[2] {
			t.Errorf("%s with limit %d: %s, the document says %s", fields[0], limit, got, fields[2])
		}
	}
	if rows < 10 {
		t.Errorf("only %d rows were read", rows)
	}
}

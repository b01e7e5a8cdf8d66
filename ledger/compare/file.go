package main

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// The floors: an entry is its length in four bytes and its bytes, in one file.

const (
	durableGroup = "the file synced: one write and one fdatasync for all that came during the one before; no hashes, no signature, no encryption"
	durableEach  = "the file synced: one write and one fdatasync per entry"
)

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
}

func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func framed(b, entry []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(entry))), entry...)
}

// unframe calls do with each entry in data.
func unframe(data []byte, do func(entry []byte) error) error {
	for len(data) > 0 {
		if len(data) < 4 || len(data)-4 < int(binary.BigEndian.Uint32(data)) {
			return io.ErrUnexpectedEOF
		}
		end := 4 + binary.BigEndian.Uint32(data)
		if err := do(data[4:end]); err != nil {
			return err
		}
		data = data[end:]
	}
	return nil
}

func countFile(path string) (n uint64, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	err = unframe(data, func([]byte) error {
		n++
		return nil
	})
	return n, err
}

// each writes and syncs every entry by itself.
type each struct {
	file *os.File
	buf  []byte
}

func openEach(path string, _ int) (appender, error) {
	f, err := create(path)
	if err != nil {
		return nil, err
	}
	return &each{file: f}, nil
}

func (e *each) Append(entry []byte) error {
	e.buf = framed(e.buf[:0], entry)
	if _, err := e.file.Write(e.buf); err != nil {
		return err
	}
	return syncData(e.file)
}

func (e *each) Close() error { return e.file.Close() }

// group has a sequencer that writes what came during the write before.
type group struct {
	write   func(framed []byte) error // makes it durable
	close   func() error
	stopped chan struct{}

	mu     sync.Mutex
	some   sync.Cond // signalled when next gets its first entry, or on Close
	next   *batch
	closed bool
}

// A batch is entries that are written together. One channel wakes all their
// writers, which is cheaper than one for each.
type batch struct {
	data []byte
	err  error
	done chan struct{}
}

func newBatch(data []byte) *batch { return &batch{data: data[:0], done: make(chan struct{})} }

func newGroup(write func(framed []byte) error, closing func() error) *group {
	g := &group{write: write, close: closing, stopped: make(chan struct{}), next: newBatch(nil)}
	g.some.L = &g.mu
	go g.sequence()
	return g
}

func openGroup(path string, _ int) (appender, error) {
	f, err := create(path)
	if err != nil {
		return nil, err
	}
	write := func(framed []byte) error {
		if _, err := f.Write(framed); err != nil {
			return err
		}
		return syncData(f)
	}
	return newGroup(write, f.Close), nil
}

func (g *group) Append(entry []byte) error {
	g.mu.Lock()
	b := g.next
	if len(b.data) == 0 {
		g.some.Signal()
	}
	b.data = framed(b.data, entry)
	g.mu.Unlock()
	<-b.done
	return b.err
}

func (g *group) sequence() {
	defer close(g.stopped)
	var spare []byte
	for {
		g.mu.Lock()
		for len(g.next.data) == 0 && !g.closed {
			g.some.Wait()
		}
		b := g.next
		if len(b.data) == 0 {
			g.mu.Unlock()
			return
		}
		g.next = newBatch(spare)
		g.mu.Unlock()
		b.err = g.write(b.data)
		spare = b.data
		close(b.done)
	}
}

func (g *group) Close() error {
	g.mu.Lock()
	g.closed = true
	g.some.Signal()
	g.mu.Unlock()
	<-g.stopped
	return g.close()
}

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrReadOnly: the file system takes no writes, as after an error of the disk,
// when the kernel makes it read-only. Nothing was changed; what is there can be
// read. It works again when the file system can be written.
var ErrReadOnly = errors.New("store: the disk takes no writes, it is read-only or fails")

// room reports whether a change can be written: there is more free than the
// reserve, and the file system takes a write. It is for the sequencer, which
// thereby tells the log when that changes.
//
// A write through a memory map, as the database does it, has no error: it kills
// the process. So the write is tried here first, with one that has.
func (s *Store) room() error {
	lack := s.lacking()
	if (lack == nil) != (s.lack == nil) || lack != nil && !errors.Is(lack, s.lack) {
		switch {
		case lack == nil:
			s.options.Log.Info("there is room on the disk again; the node goes on")
		case errors.Is(lack, ErrReadOnly):
			s.options.Log.Error("the disk takes no writes; nothing is accepted until it does", "code", "disk-read-only")
		default:
			s.options.Log.Error("the disk is below its reserve; nothing is accepted until there is room", "code", "disk-full")
		}
		s.lack = lack
	}
	return lack
}

func (s *Store) lacking() error {
	if free, err := s.free(); err != nil || free < s.options.MinFree {
		return ErrDiskFull
	}
	if err := s.touch(); err != nil {
		return ErrReadOnly
	}
	return nil
}

// Room measures whether a change could be written now: nil, or [ErrDiskFull],
// [ErrReadOnly] or why the store does no more work. It waits for the commit that
// is under way.
func (s *Store) Room() error {
	answer := make(chan error, 1)
	select {
	case s.purges <- func() { answer <- s.room() }:
		return <-answer
	case <-s.stopped:
		return s.alive()
	}
}

// roomToRewrite reports whether the tables can stand on the disk twice, as they
// do while they are rewritten. It is for the sequencer.
func (s *Store) roomToRewrite() error {
	if err := s.room(); err != nil {
		return err
	}
	tables, err := filepath.Glob(filepath.Join(s.db.Opts().Dir, "*.sst"))
	if err != nil {
		return err
	}
	needed := s.options.MinFree
	for _, path := range tables {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) { // merged meanwhile
			continue
		}
		if err != nil {
			return fmt.Errorf("store: purge: %v", err)
		}
		needed += info.Size()
	}
	if free, err := s.free(); err != nil || free < needed {
		return ErrDiskFull
	}
	return nil
}

// mayClose reports whether the database can be closed: it writes what it has in
// memory to a table then, by memory map on a full disk, and again and again on one
// that takes no writes. The sequencer has returned.
func (s *Store) mayClose() bool {
	free, err := s.free()
	if err == nil && free >= min(s.options.MinFree, openReserve) && s.touch() == nil {
		return true
	}
	s.options.Log.Warn("the disk takes nothing, so the database is left as it is; the next start makes it good")
	return false
}

// Stopped is closed when the store does no more work: it was closed, or a write
// failed of which nobody knows whether it is on disk. [Store.Room] says which.
func (s *Store) Stopped() <-chan struct{} { return s.stopped }

// touch writes the first byte of the older slot once more, as it is. That slot
// is the one that the next commit replaces, so no way in which this goes wrong
// costs more than that commit would.
func (a *anchor) touch() error {
	var first [1]byte
	if _, err := a.file.ReadAt(first[:], a.next*slotSize); err != nil {
		return err
	}
	_, err := a.file.WriteAt(first[:], a.next*slotSize)
	return err
}

// readOnly makes ErrReadOnly of what a read-only file system says.
func readOnly(err error) error {
	if errors.Is(err, syscall.EROFS) {
		return ErrReadOnly
	}
	return err
}

package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"sluis/durable"
)

// logSuffix ends the names of Badger's write-ahead logs.
const logSuffix = ".mem"

// keepLogs copies the write-ahead logs of a database that was not closed, before
// it is opened. Badger cuts a damaged log off at the damage and what comes after
// it is gone: one bad byte costs every later change. From the copy someone can
// still save them.
//
// Copies that are there already are of an earlier start that was refused. They
// are closer to what happened, and stay.
func keepLogs(dir string) error {
	found := filepath.Join(dir, foundDir)
	if _, err := os.Stat(found); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(dir, databaseDir, "*"+logSuffix))
	if err != nil || len(logs) == 0 {
		return err
	}
	// Under its own name only when it is whole.
	partial := found + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.Mkdir(partial, 0o700)); err != nil {
		return err
	}
	for _, log := range logs {
		if err := copyLog(log, filepath.Join(partial, filepath.Base(log))); err != nil {
			return err
		}
	}
	return errors.Join(durable.SyncDir(partial), os.Rename(partial, found), durable.SyncDir(dir))
}

// dropLogs removes the copies, when the proof has shown that nothing is missing.
func dropLogs(dir string) error { return os.RemoveAll(filepath.Join(dir, foundDir)) }

// copyLog copies a file and leaves holes where it has zeroes: Badger makes its
// logs much longer than it fills them.
func copyLog(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	size, err := copyUsed(out, in)
	return errors.Join(err, out.Truncate(size), out.Sync(), out.Close())
}

func copyUsed(out io.WriterAt, in io.Reader) (size int64, err error) {
	chunk, zeroes := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(in, chunk)
		if !bytes.Equal(chunk[:n], zeroes[:n]) {
			if _, err := out.WriteAt(chunk[:n], size); err != nil {
				return size, err
			}
		}
		size += int64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

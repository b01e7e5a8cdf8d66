package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// What is destroyed, is destroyed in two steps. The change that destroys a
// dossier removes its record key and its rows, and from its commit on nobody
// reads them. But Badger keeps old versions of a row in its tables and logs until
// it happens to rewrite them, and whoever has the master key could still dig them
// up. So after that [Store.Purge] rewrites the files, looks into each of them,
// and only then says that nothing is left (I8).
//
// The name of a destroyed dossier stays, so that no key is ever made for it
// again: a row or entry under that name can't come back.

// A Destroyed is a dossier that was destroyed.
type Destroyed struct {
	Dossier string
	Entry   uint64 // first entry of the change that destroyed it
	Purged  bool   // nothing of it is left in the files
}

func (d Destroyed) marshal() []byte {
	b := binary.BigEndian.AppendUint64(nil, d.Entry)
	if d.Purged {
		return append(b, 1)
	}
	return append(b, 0)
}

func parseDestroyed(key, value []byte) (Destroyed, error) {
	if len(value) != 9 || value[8] > 1 {
		return Destroyed{}, errRow
	}
	return Destroyed{Dossier: string(key[len(gonePrefix):]), Entry: binary.BigEndian.Uint64(value), Purged: value[8] == 1}, nil
}

// Destroyed lists the dossiers that were destroyed, in the order of their names:
// those after the name after, at most limit and never more than 1000.
func (s *Store) Destroyed(after string, limit int) ([]Destroyed, error) {
	if limit <= 0 {
		return nil, nil
	}
	var gone []Destroyed
	err := s.view(func(txn *badger.Txn) error {
		return scan(txn, []byte(gonePrefix), goneKey(after), func(k, v []byte) (bool, error) {
			d, err := parseDestroyed(k, v)
			gone = append(gone, d)
			return len(gone) < min(limit, maxList), err
		})
	})
	return gone, err
}

// IsDestroyed reports whether a dossier was destroyed.
func (s *Store) IsDestroyed(dossier string) (gone bool, err error) {
	err = s.view(func(txn *badger.Txn) error {
		gone, err = has(txn, goneKey(dossier))
		return err
	})
	return gone, err
}

// mayDestroy refuses to destroy what has no record key, unless rows were left
// over when it was destroyed.
func (b *building) mayDestroy(dossier string) error {
	if dossier == "" {
		return nil
	}
	there, err := has(b.txn, recordKeyKey(dossier))
	if err != nil || there {
		return err
	}
	rows, err := b.rowsOf(dossier, 1)
	if err == nil && len(rows) == 0 {
		err = ErrNoRecordKey
	}
	return err
}

// rowsOf lists rows of a dossier, by table and key.
func (b *building) rowsOf(dossier string, limit int) (rows [][2]string, err error) {
	prefix := dossierKeys(dossier)
	err = scan(b.txn, prefix, prefix, func(k, _ []byte) (bool, error) {
		table, key, ok := splitKey(k)
		if !ok {
			return false, errRow
		}
		rows = append(rows, [2]string{table, key})
		return len(rows) < limit, nil
	})
	return rows, err
}

// destroy removes the record key of a dossier and its rows. first is the entry
// that says so.
func (b *building) destroy(dossier string, first uint64) error {
	if dossier == "" {
		return nil
	}
	rows, err := b.rowsOf(dossier, maxDestroyed)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := b.remove(row[0], row[1]); err != nil {
			return err
		}
	}
	d := Destroyed{Dossier: dossier, Entry: first}
	if value, err := get(b.txn, goneKey(dossier)); err == nil {
		if d, err = parseDestroyed(goneKey(dossier), value); err != nil {
			return err
		}
		d.Purged = false
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	if err := errors.Join(b.txn.Delete(recordKeyKey(dossier)), b.txn.Set(goneKey(dossier), d.marshal())); err != nil {
		return fault(err)
	}
	return nil
}

// purged notes that nothing of a destroyed dossier is left in the files.
func (b *building) purged(dossier string) error {
	value, err := get(b.txn, goneKey(dossier))
	if err != nil {
		return err
	}
	d, err := parseDestroyed(goneKey(dossier), value)
	if err != nil {
		return err
	}
	d.Purged = true
	if err := b.txn.Set(goneKey(dossier), d.marshal()); err != nil {
		return fault(err)
	}
	return nil
}

// ErrStillThere: after the files were rewritten, something of what was destroyed
// was found in them. It is not lost work to try again.
var ErrStillThere = errors.New("store: what was destroyed is still in the files, it will be tried again")

// Purge rewrites the files so that nothing of the destroyed dossiers is left in
// them, and verifies that by reading every file. Only then it writes event, with
// count. Writers and readers wait meanwhile. It returns how many dossiers it was
// about; none is no work and no entry. It fails with ErrDiskFull when there is no
// room for all files once more beside the reserve.
func (s *Store) Purge(ctx context.Context, event func(count int) Event) (int, error) {
	s.slow.Lock()
	defer s.slow.Unlock()
	names, err := s.pending()
	if err != nil || len(names) == 0 {
		return 0, err
	}
	rewrite := func() error {
		if err := s.roomToRewrite(); err != nil {
			return err
		}
		return s.rewrite(ofDossiers(names))
	}
	if err := s.betweenBatches(ctx, rewrite); err != nil {
		return 0, err
	}
	for start := 0; start < len(names); start += maxRows / 2 {
		part := names[start:min(len(names), start+maxRows/2)]
		c := Change{Dossier: NodeDossier, purged: part, Record: []Event{event(len(part))}}
		if _, err := s.Write(ctx, c); err != nil {
			return start, err
		}
	}
	return len(names), nil
}

// pending lists the destroyed dossiers that may still be in the files.
func (s *Store) pending() (names []string, err error) {
	after := ""
	for {
		page, err := s.Destroyed(after, maxList)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			after = d.Dossier
			if !d.Purged {
				names = append(names, d.Dossier)
			}
		}
		if len(page) < maxList {
			return names, nil
		}
	}
}

// betweenBatches lets the sequencer call do while nothing is written and nobody
// reads.
func (s *Store) betweenBatches(ctx context.Context, do func() error) error {
	outcome := make(chan error, 1)
	job := func() {
		s.reading.Lock()
		defer s.reading.Unlock()
		s.keys.unread()
		outcome <- guarded(do)
	}
	select {
	case s.purges <- job:
		return <-outcome
	case <-s.stopped:
		return s.alive()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rewrite makes Badger write everything again without what was deleted or replaced,
// and looks whether it did: gone recognises what must not be found.
//
// Badger has no way to ask for its logs to be emptied into tables, except that
// dropping a prefix begins with it; and it drops only what it can still see. So
// a row is set for that. Flattening then merges all levels into one, where a
// deleted key has nothing under it to hide.
func (s *Store) rewrite(gone func(key, value []byte) bool) error {
	if err := s.at(BeforePurge); err != nil {
		return err
	}
	marker := []byte(purgeKey)
	err := s.db.Update(func(txn *badger.Txn) error { return txn.Set(marker, nil) })
	if err == nil {
		err = s.db.DropPrefix(marker)
	}
	if err != nil {
		return fmt.Errorf("store: purge: %v", err)
	}
	if err := s.at(AfterDrop); err != nil {
		return err
	}
	if err := s.db.Flatten(1); err != nil {
		return fmt.Errorf("store: purge: %v", err)
	}
	if err := s.at(AfterFlatten); err != nil {
		return err
	}
	return s.searchFiles(gone)
}

// ofDossiers recognises what is left of dossiers: their record keys, and rows under
// them.
func ofDossiers(names []string) func(key, value []byte) bool {
	gone := make(map[string]bool, len(names))
	for _, name := range names {
		gone[name] = true
	}
	return func(key, value []byte) bool { return ofDossier(key, value, gone) }
}

// searchFiles looks for what must be gone in every table and log of the database. It
// decrypts the tables, as somebody with the master key could.
func (s *Store) searchFiles(gone func(key, value []byte) bool) error {
	dir := s.db.Opts().Dir
	logs, err := filepath.Glob(filepath.Join(dir, "*"+logSuffix))
	if err != nil {
		return err
	}
	for _, log := range logs {
		if used, err := logHasEntries(log); err != nil || used {
			return orErr(err, ErrStillThere)
		}
	}
	tables, err := tablesOf(s.db.Opts())
	if err != nil {
		return err
	}
	// A table that is in use no more must be gone as a file too.
	files, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(files) != len(tables) {
		return orErr(err, ErrStillThere)
	}
	for _, t := range tables {
		found := false
		err := t.walk(func(b block) bool {
			if b.err != nil {
				found = true // what can't be read can't be cleared
				return false
			}
			rowsOf(b.body, func(key, value []byte) { found = found || gone(key, value) })
			return !found
		})
		if err != nil || found {
			return orErr(err, ErrStillThere)
		}
	}
	return nil
}

// ofDossier reports whether a row of a table, whose key ends with Badger's
// version of eight bytes, is of one of these dossiers.
func ofDossier(key, value []byte, gone map[string]bool) bool {
	if len(key) < 1+8 {
		return false
	}
	key = key[:len(key)-8]
	switch string(key[:1]) {
	case recordPrefix:
		return gone[string(key[1:len(key)-len(nameEnd)])]
	case rowPrefix:
		r, err := parseRow(value)
		return err == nil && gone[r.dossier]
	case dossierPrefix:
		for i := range key {
			if key[i] == nameEnd[0] {
				return gone[string(key[1:i])]
			}
		}
	}
	return false
}

// logHasEntries reports whether there is anything in a write-ahead log: behind
// its header of 20 bytes it has zeroes as far as it was not written.
func logHasEntries(path string) (bool, error) {
	const header = 20
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if _, err := f.Seek(header, io.SeekStart); err != nil {
		return false, err
	}
	chunk := make([]byte, 64<<10)
	for {
		n, err := f.Read(chunk)
		if len(bytes.Trim(chunk[:n], "\x00")) > 0 {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

package store

import (
	"errors"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"sluis/ledger"
)

// The seams of a store, for tests: set before the first write.

// Points at which SetSeam's function is called, in order.
var Points = []string{beforeCommit, afterCommit, afterAnchor}

// SetSeam makes the sequencer call seam at each point of no return. An error
// from it is taken for the error of the step before it.
func (s *Store) SetSeam(seam func(point string) error) { s.seam = seam }

// SetFree replaces the question how much disk is free.
func (s *Store) SetFree(free func() (int64, error)) { s.free = free }

// Tampering is a database that is open without a store, to be changed by hand.
type Tampering struct {
	db     *badger.DB
	anchor ledger.Checkpoint
}

// Tamper opens the database of a store that is not open.
func Tamper(dir string, o Options) (*Tampering, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	a, signed, err := openAnchor(filepath.Join(dir, anchorFile), o.Verifier)
	if err != nil {
		return nil, err
	}
	db, err := openBadger(badgerOptions(filepath.Join(dir, databaseDir), o.Master, o.Log))
	return &Tampering{db, signed.checkpoint}, errors.Join(err, a.Close())
}

func (t *Tampering) Close() error { return t.db.Close() }

// Prove is the proof of Open.
func (t *Tampering) Prove() error {
	_, _, err := prove(t.db, t.anchor)
	return err
}

// EntryKey and HashesKey are the keys of an entry and of its stored hashes.
func EntryKey(index uint64) []byte  { return entryKey(index) }
func HashesKey(index uint64) []byte { return hashesKey(index) }

func (t *Tampering) Get(key []byte) (value []byte, err error) {
	err = t.db.View(func(txn *badger.Txn) error {
		value, err = get(txn, key)
		return err
	})
	return value, err
}

// Set sets the value of a key, or removes the key when the value is nil.
func (t *Tampering) Set(key, value []byte) error {
	return t.db.Update(func(txn *badger.Txn) error {
		if value == nil {
			return txn.Delete(key)
		}
		return txn.Set(key, value)
	})
}

// Queued is the number of changes that wait for the sequencer.
func (s *Store) Queued() int { return len(s.units) }

package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"sluis/crypto"
	"sluis/ledger"
)

// The seams of a store, for tests: set before the first write.

// Points at which SetSeam's function is called, in order.
var Points = []string{BeforeCommit, AfterCommit, AfterAnchor}

// PurgePoints are those of a purge.
var PurgePoints = []string{BeforePurge, AfterDrop, AfterFlatten}

// SetSeam makes the sequencer call seam at each point of no return. An error
// from it is taken for the error of the step before it.
func (s *Store) SetSeam(seam func(point string) error) { s.seam = seam }

// SetFree replaces the question how much disk is free.
func (s *Store) SetFree(free func() (int64, error)) { s.free = free }

// SetTouch replaces the question whether the disk takes a write.
func (s *Store) SetTouch(touch func() error) { s.touch = touch }

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

// Keys of the other kinds of rows.
func RowKey(table, key string) []byte    { return rowKey(table, key) }
func OutboxKey(id string) []byte         { return outboxKey(id) }
func RecordKeyKey(dossier string) []byte { return recordKeyKey(dossier) }
func SeenKey(issuer, id string) []byte   { return seenKey(issuer, id) }

// Remade reads b as a value of a kind and writes it again. It fails when b is
// not accepted.
func Remade(kind string, b []byte) ([]byte, error) {
	switch kind {
	case "row":
		r, err := parseRow(b)
		return r.marshal(), err
	case "outgoing":
		o, err := parseOutgoing("id", b)
		return marshalOutgoing(o), err
	case "receipted":
		r, err := parseReceipted(b)
		return r.marshal(), err
	}
	signed, ok := parseSlot(b)
	if !ok {
		return nil, errRow
	}
	return marshalSlot(signed)
}

// Rows as they are stored, for the fuzz targets to start from.
func Samples() map[string][]byte {
	slot, err := marshalSlot([]byte("signed checkpoint"))
	if err != nil {
		panic(err)
	}
	return map[string][]byte{
		"row":       row{version: 7, dossier: "d", index: []string{"x", "y"}, sealed: []byte("sealed")}.marshal(),
		"outgoing":  marshalOutgoing(Outgoing{To: "to", Exchange: "x", Message: []byte("sealed")}),
		"receipted": Receipted{First: 1, Size: 2}.marshal(),
		"slot":      slot,
	}
}

// MaxDestroyed is the number of rows that one change removes with a dossier.
const MaxDestroyed = maxDestroyed

// FilesHold reports whether needle is in the rows of a table as they are when
// decrypted, old versions included, of a store that is open or not.
func FilesHold(dir string, o Options, needle []byte) (found bool, err error) {
	tables, err := tablesOf(badgerOptions(filepath.Join(dir, databaseDir), o.Master, o.Log))
	if err != nil {
		return false, err
	}
	for _, t := range tables {
		err := t.walk(func(b block) bool {
			rowsOf(b.body, func(key, value []byte) {
				found = found || bytes.Contains(key, needle) || bytes.Contains(value, needle)
			})
			return !found
		})
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// WrappedKey is the record key of a dossier as the database holds it.
func (s *Store) WrappedKey(dossier string) (b []byte, err error) {
	err = s.view(func(txn *badger.Txn) error {
		b, err = get(txn, recordKeyKey(dossier))
		return err
	})
	return b, err
}

// SealedRow is a row as the database holds it.
func (s *Store) SealedRow(table, key string) (b []byte, err error) {
	err = s.view(func(txn *badger.Txn) error {
		b, err = get(txn, rowKey(table, key))
		return err
	})
	return b, err
}

// PartReader reads the first part of a backup, again and again, into one
// database: nothing is written before all of it was checked.
func PartReader(dir string, o Options) (read func(part []byte) error, closed func() error, err error) {
	if o, err = o.withDefaults(); err != nil {
		return nil, nil, err
	}
	db, err := openBadger(badgerOptions(dir, o.Master, o.Log).WithSyncWrites(false))
	if err != nil {
		return nil, nil, err
	}
	return func(part []byte) error {
		b := restoring{db: db, part: 1, in: &frameReader{in: bufio.NewReader(bytes.NewReader(part)), sum: sha256.New()}}
		_, err := b.read(o, backupHead{})
		return err
	}, db.Close, nil
}

// FilesUnder reports whether a record key in the files of a database opens with a
// master key, old versions included.
func FilesUnder(dir string, o Options, master crypto.Secret) (found bool, err error) {
	tables, err := tablesOf(badgerOptions(filepath.Join(dir, databaseDir), o.Master, o.Log))
	if err != nil {
		return false, err
	}
	opens := underMaster(master)
	for _, t := range tables {
		err := t.walk(func(b block) bool {
			rowsOf(b.body, func(key, value []byte) { found = found || opens(key, value) })
			return !found
		})
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// MaxRewrapped is how many record keys one commit wraps anew.
const MaxRewrapped = maxRewrapped

// OpenAfter takes the record key of an entry as somebody does whose snapshot was taken
// before meanwhile happened.
func (s *Store) OpenAfter(e ledger.Entry, meanwhile func()) error {
	return s.view(func(txn *badger.Txn) error {
		meanwhile()
		_, err := s.keys.reading(e.Key, txn)
		return err
	})
}

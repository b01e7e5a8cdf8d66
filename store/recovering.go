package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"sluis/durable"
)

// recoveringFile stands beside a database that was restored from a backup, until
// it is known whether the ledger had grown since.
const recoveringFile = "recovering"

// A Recovery is the mark of a restored store. A ledger that goes on from a
// backup, where others have seen more of it, would have two histories. So
// nothing may be written to a restored store until it is known that nobody has,
// or until the ledger has a new name.
type Recovery struct {
	Size uint64 `json:"size"` // entries in the backup
}

// recovery returns the mark of the store in dir, or nil when it has none.
func recovery(dir string) (*Recovery, error) {
	data, err := os.ReadFile(filepath.Join(dir, recoveringFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: recovery: %v", err)
	}
	r := new(Recovery)
	if json.Unmarshal(data, r) != nil {
		return nil, errors.New("store: recovery: the mark is not in the form that it was written in")
	}
	return r, nil
}

// IsRecovering reports whether the store in dir, which is not open, waits for
// [Store.Resume].
func IsRecovering(dir string) (bool, error) {
	mark, err := recovery(dir)
	return mark != nil, err
}

// ErrRecovering: the store was restored from a backup and nobody has said yet
// that its ledger may go on. It can be read.
var ErrRecovering = errors.New("store: restored from a backup, and not released yet for writing")

// Recovering reports whether the store waits for [Store.Resume].
func (s *Store) Recovering() bool { return s.recovering.Load() }

// Resume lets a restored store be written again. It is for who knows that nobody
// has seen more of this ledger than it holds, or who renamed it.
func (s *Store) Resume() error {
	if !s.recovering.Load() {
		return nil
	}
	if err := os.Remove(filepath.Join(s.dir, recoveringFile)); err != nil {
		return fmt.Errorf("store: recovery: %v", err)
	}
	if err := durable.SyncDir(s.dir); err != nil {
		return fmt.Errorf("store: recovery: %v", err)
	}
	s.recovering.Store(false)
	return s.settle()
}

// Rename gives the ledger of a store that is not open another name: that of the
// signer in to. Its entries stay; from here on its checkpoints carry the new
// name, so that they contradict none that was given out under the old one. It
// may be repeated when it did not come to its end.
func Rename(dir string, from, to Options) error {
	from, err1 := from.withDefaults()
	to, err2 := to.withDefaults()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if err := checkFormat(dir, from); err != nil {
		return err
	}
	path := filepath.Join(dir, anchorFile)
	verifier := from.Verifier
	a, signed, err := openAnchor(path, from.Verifier)
	if err != nil {
		// Renamed already as far as the anchor goes?
		verifier = to.Verifier
		if a, signed, err = openAnchor(path, to.Verifier); err != nil {
			return err
		}
	}
	_, renamed, err := to.sign(signed.checkpoint.Size, signed.checkpoint.Root)
	if err == nil && verifier == from.Verifier {
		err = errors.Join(a.Close(), createAnchorAnew(path, renamed))
	} else {
		err = errors.Join(err, a.Close())
	}
	if err != nil {
		return fmt.Errorf("store: rename: %v", err)
	}
	o := badgerOptions(filepath.Join(dir, databaseDir), to.Master, to.Log)
	if err := rekeyed(o, to.Former); err != nil {
		return fmt.Errorf("store: rename: new master key: %v", err)
	}
	db, err := openBadger(o)
	if err != nil {
		return fmt.Errorf("store: rename: %v", err)
	}
	err = db.Update(func(txn *badger.Txn) error { return txn.Set([]byte(originKey), []byte(to.Signer.Name())) })
	return errors.Join(err, db.Close())
}

// createAnchorAnew puts a new anchor in the place of the one that is there.
func createAnchorAnew(path string, signed []byte) error {
	next := path + ".next"
	if err := os.RemoveAll(next); err != nil {
		return err
	}
	if err := createAnchor(next, signed); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

func markRecovering(dir string, size uint64) error {
	data, err := json.Marshal(Recovery{Size: size})
	if err != nil {
		return err
	}
	if err := durable.Create(filepath.Join(dir, recoveringFile), data, 0o600); err != nil {
		return fmt.Errorf("store: recovery: %v", err)
	}
	return nil
}

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

// recoveringFile stands beside a database that may be older than what was signed of
// its ledger, until it is known that it is not.
const recoveringFile = "recovering"

// A Recovery is the mark of a store that was restored from a backup, or of which
// somebody showed a newer state. A ledger that goes on from an old copy, where others
// have seen more of it, would have two histories. So nothing may be written to such a
// store until it is known that nobody has, or until the ledger has a new name.
type Recovery struct {
	Size uint64 `json:"size"` // entries when the mark was made
	// Shown is a checkpoint, signed by this ledger, that proves that it is behind; ""
	// while nobody showed one.
	Shown string `json:"shown,omitempty"`
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

// ErrBehind is the [ErrRecovering] of a store of which somebody has shown a newer
// state: it is an old copy. It can be read.
var ErrBehind error = behind{}

type behind struct{}

// Error says so.
func (behind) Error() string { return "store: this is an old copy of a ledger that has gone on" }

// Is makes it an ErrRecovering.
func (behind) Is(target error) bool { return target == ErrRecovering }

// Recovering reports whether the store waits for [Store.Resume].
func (s *Store) Recovering() bool { return s.held() != nil }

// held is why nothing may be written, or nil.
func (s *Store) held() error {
	switch mark := s.recovering.Load(); {
	case mark == nil:
		return nil
	case mark.Shown != "":
		return ErrBehind
	default:
		return ErrRecovering
	}
}

// Shown is the checkpoint that proves that this ledger is behind, or "".
func (s *Store) Shown() string {
	if mark := s.recovering.Load(); mark != nil {
		return mark.Shown
	}
	return ""
}

// Hold ends all writing, at once and also after the next start, since shown, a signed
// checkpoint of this ledger, proves that the store is an old copy. Whoever calls it has
// checked that. The proof that was there first stays. After an error writing has ended,
// but the next start may not know it.
func (s *Store) Hold(shown []byte) error {
	s.marking.Lock()
	defer s.marking.Unlock()
	if s.Shown() != "" {
		return nil
	}
	mark := &Recovery{Size: s.Size(), Shown: string(shown)}
	s.recovering.Store(mark)
	return writeMark(s.dir, *mark)
}

// Resume lets a restored store be written again. It is for who knows that nobody
// has seen more of this ledger than it holds, or who renamed it. It fails with
// ErrBehind when somebody has.
func (s *Store) Resume() error {
	if released, err := s.release(); err != nil || !released {
		return err
	}
	return s.settle()
}

// release takes the mark away, and reports whether there was one.
func (s *Store) release() (bool, error) {
	s.marking.Lock() // what is shown meanwhile must not be lost with it
	defer s.marking.Unlock()
	if !s.Recovering() {
		return false, nil
	}
	if s.Shown() != "" {
		return false, ErrBehind
	}
	if err := os.Remove(filepath.Join(s.dir, recoveringFile)); err != nil {
		return false, fmt.Errorf("store: recovery: %v", err)
	}
	if err := durable.SyncDir(s.dir); err != nil {
		return false, fmt.Errorf("store: recovery: %v", err)
	}
	s.recovering.Store(nil)
	return true, nil
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
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	// What was shown is of the old name.
	return writeMark(dir, Recovery{Size: signed.checkpoint.Size})
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

// writeMark puts the mark of a store on disk, in the place of one that is there.
func writeMark(dir string, r Recovery) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(dir, recoveringFile), data, 0o600); err != nil {
		return fmt.Errorf("store: recovery: %v", err)
	}
	return nil
}

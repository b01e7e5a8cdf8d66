package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"sluis/crypto"
)

// The master key is replaced while the store goes on, in steps that may each be
// repeated. The caller keeps both keys until the last one.
//
//   - [Store.ChangeMaster]: the database is encrypted under the new key, with keys of
//     its own that are new as well for what is written from then on, and the record
//     keys of new dossiers are wrapped under it;
//   - [Store.Rewrap]: the record keys of the others are wrapped under it, some in each
//     commit, with an entry that says how many;
//   - [Store.Settle]: the files are rewritten, since Badger keeps old versions, and
//     read, until nothing in them opens with the key before;
//   - [Store.ForgetMaster]: the key before is gone from memory too.
//
// Nothing in the files is under the key before then, not even in what Badger keeps of
// before; so a dossier that is destroyed is not to be dug up from an old wrapping (I8).
//
// Record keys stay what they are: who had the key before, and a copy of the database
// of that time, has them. He opens nothing that is made from then on.

// ErrMasterNeeded: something is, or may be, under the master key before this one.
var ErrMasterNeeded = errors.New("store: the former master key is still needed")

// AfterRekey is the moment in which the database has its new key and is not open.
const AfterRekey = "after rekey"

// rekeyed makes the database in dir, which is not open, one that opens with master.
// Where former opens it, only the list of keys in it is written again, whole or not at
// all. The newest of those is made to look old, so that Badger makes another before it
// writes anything.
func rekeyed(o badger.Options, former crypto.Secret) error {
	if former.IsZero() {
		return nil
	}
	of := func(key []byte) badger.KeyRegistryOptions {
		return badger.KeyRegistryOptions{Dir: o.Dir, ReadOnly: true, EncryptionKey: key, EncryptionKeyRotationDuration: o.EncryptionKeyRotationDuration}
	}
	if _, err := openRegistry(of(o.EncryptionKey)); err == nil {
		return nil
	}
	registry, err := openRegistry(of(databaseKey(former)))
	if err != nil {
		return nil // neither opens it: who opens the database says so
	}
	for id := uint64(1); ; id++ {
		key, err := registry.DataKey(id)
		if err != nil {
			break // behind the last one
		}
		key.CreatedAt = 0
	}
	return guarded(func() error { return badger.WriteKeyRegistry(registry, of(o.EncryptionKey)) })
}

func openRegistry(o badger.KeyRegistryOptions) (registry *badger.KeyRegistry, err error) {
	err = guarded(func() (err error) {
		registry, err = badger.OpenKeyRegistry(o)
		return err
	})
	return registry, err
}

// ChangeMaster makes next the master key. Readers and writers wait for as long as it
// takes to open the database once more. It does nothing when it has been done. When it
// fails half-way the store stops, and the next Open, with both keys, goes on.
func (s *Store) ChangeMaster(ctx context.Context, next crypto.Secret) error {
	if next.IsZero() {
		return errors.New("store: the master key is required")
	}
	s.slow.Lock()
	defer s.slow.Unlock()
	master, former := s.keys.masters()
	if master.Equal(next) {
		return nil
	}
	if !former.IsZero() {
		return ErrMasterNeeded
	}
	return s.betweenBatches(ctx, func() error {
		if err := s.room(); err != nil {
			return err
		}
		err := s.reopen(next, master)
		if err != nil {
			s.options.Log.Error("store stopped: the database did not open again under its new key")
			s.stop(ErrStopped)
		}
		return err
	})
}

func (s *Store) reopen(next, former crypto.Secret) error {
	o := s.db.Opts()
	o.EncryptionKey = databaseKey(next)
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("store: new master key: %v", err)
	}
	if err := rekeyed(o, former); err != nil {
		return fmt.Errorf("store: new master key: %v", err)
	}
	if err := s.at(AfterRekey); err != nil {
		return err
	}
	db, err := openBadger(o)
	if err != nil {
		return fmt.Errorf("store: new master key: %v", err)
	}
	s.db = db
	s.keys.rotate(next, former)
	return nil
}

// A Wrapping is what a step of [Store.Rewrap] did.
type Wrapping struct {
	Count int  // record keys that it wrapped anew
	More  bool // there are some that it did not look at
}

// Rewrap looks at some record keys, wraps those anew that are under the former master
// key, and writes the entry that event gives for their number in the same commit. None
// is no commit and no entry. Writers wait for some milliseconds.
func (s *Store) Rewrap(event func(count int) (Event, error)) (w Wrapping, err error) {
	outcome := make(chan error, 1)
	job := func() {
		outcome <- guarded(func() (err error) {
			w, err = s.rewrapSome(event)
			return err
		})
	}
	select {
	case s.purges <- job:
		err = <-outcome
		return w, err
	case <-s.stopped:
		return w, s.alive()
	}
}

// rewrapSome is for the sequencer. What it went past can't come under the former key
// again: what is made while there is one is wrapped by the sequencer too.
func (s *Store) rewrapSome(event func(int) (Event, error)) (done Wrapping, err error) {
	if _, former := s.keys.masters(); former.IsZero() {
		return done, nil
	}
	if err := s.held(); err != nil {
		return done, err
	}
	if err := s.room(); err != nil {
		return done, err
	}
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	at, looked := s.rewrapped, 0
	err = s.eachKey(txn, at, func(key []byte, w wrapped, former bool) (bool, error) {
		if done.More = done.Count >= maxRewrapped || looked >= maxWrapsLooked; done.More {
			return false, nil
		}
		at, looked = key, looked+1
		if !former {
			return true, nil
		}
		w, err := s.keys.renewed(w)
		if err != nil {
			return false, err
		}
		done.Count++
		return true, txn.Set(key, w.bytes)
	})
	if err != nil {
		return Wrapping{}, err
	}
	if done.Count == 0 {
		s.rewrapped = at
		return done, nil
	}
	b := &building{store: s, txn: txn, tree: s.tree.Clone(), time: s.now()}
	e, err := event(done.Count)
	if err == nil {
		err = b.ofNode(e)
	}
	if err != nil {
		return Wrapping{}, err
	}
	if _, err := s.commit(b); err != nil {
		s.options.Log.Error("store stopped: the outcome of a write is not known")
		s.stop(ErrStopped)
		return Wrapping{}, ErrStopped
	}
	s.rewrapped = at
	return done, nil
}

// ofNode adds an entry about the node to a commit that is no change of a caller.
func (b *building) ofNode(e Event) error {
	node, err := b.store.keys.reading(NodeDossier, b.txn)
	if err != nil {
		return err
	}
	u := &unit{record: node}
	if err := u.sealEvent(e); err != nil {
		return err
	}
	return b.append(u.entries[0])
}

// What one step of Rewrap wraps and looks at, at most: some milliseconds of the
// sequencer.
const (
	maxRewrapped   = 500
	maxWrapsLooked = 5000
)

// eachKey calls do with the record keys behind a row of the database, until do returns
// false. It says of each whether it is under the former master key.
func (s *Store) eachKey(txn *badger.Txn, behind []byte, do func(key []byte, w wrapped, former bool) (more bool, err error)) error {
	if behind == nil {
		behind = []byte(recordPrefix)
	}
	master, before := s.keys.masters()
	return scan(txn, []byte(recordPrefix), behind, func(key, value []byte) (bool, error) {
		name, former := dossierOf(key), false
		record, err := crypto.UnwrapRecordKey(value, master, name)
		if err != nil {
			former = true
			record, err = crypto.UnwrapRecordKey(value, before, name)
		}
		if err != nil {
			return false, errRecordKey
		}
		return do(bytes.Clone(key), wrapped{name: name, key: record, bytes: bytes.Clone(value)}, former)
	})
}

// noneFormer returns ErrMasterNeeded when a record key is under the former master key.
func (s *Store) noneFormer(txn *badger.Txn) error {
	return s.eachKey(txn, nil, func(_ []byte, _ wrapped, former bool) (bool, error) {
		if former {
			return false, ErrMasterNeeded
		}
		return true, nil
	})
}

func dossierOf(recordKey []byte) string {
	return string(recordKey[len(recordPrefix) : len(recordKey)-len(nameEnd)])
}

// HasMaster reports whether this is the master key that the store has.
func (s *Store) HasMaster(master crypto.Secret) bool {
	have, _ := s.keys.masters()
	return have.Equal(master)
}

// UnderFormer reports whether anything may be under the former master key: a record
// key, also in what Badger keeps of before. Without a former one there is nothing.
func (s *Store) UnderFormer() (left bool, err error) {
	master, former := s.keys.masters()
	if former.IsZero() {
		return false, nil
	}
	err = s.view(func(txn *badger.Txn) error {
		mark, err := get(txn, []byte(masterKey))
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		if left = string(mark) != crypto.MasterID(master); left || err != nil {
			return err
		}
		return s.noneFormer(txn)
	})
	if errors.Is(err, ErrMasterNeeded) {
		return true, nil
	}
	return left, err
}

// Settle rewrites the files so that nothing in them opens with the former master key,
// verifies that by reading every file, and writes event. Readers and writers wait, as
// for [Store.Purge]. It fails with ErrMasterNeeded while there is something to
// [Store.Rewrap], and does nothing when it has been done.
func (s *Store) Settle(ctx context.Context, event Event) error {
	s.slow.Lock()
	defer s.slow.Unlock()
	if left, err := s.UnderFormer(); err != nil || !left {
		return err
	}
	master, former := s.keys.masters()
	err := s.betweenBatches(ctx, func() error {
		if err := s.db.View(s.noneFormer); err != nil {
			s.rewrapped = nil // and from the beginning
			return err
		}
		if err := s.roomToRewrite(); err != nil {
			return err
		}
		return s.rewrite(underMaster(former))
	})
	if err != nil {
		return err
	}
	_, err = s.Write(ctx, Change{Dossier: NodeDossier, settled: crypto.MasterID(master), Record: []Event{event}})
	return err
}

// underMaster finds the record keys in a table that a master key opens. A row there
// has Badger's version of eight bytes behind its key.
func underMaster(master crypto.Secret) func(key, value []byte) bool {
	return func(key, value []byte) bool {
		if len(key) < len(recordPrefix)+len(nameEnd)+8 || !bytes.HasPrefix(key, []byte(recordPrefix)) || len(value) == 0 {
			return false
		}
		_, err := crypto.UnwrapRecordKey(value, master, dossierOf(key[:len(key)-8]))
		return err == nil
	}
}

// ForgetMaster drops the former master key. It fails with ErrMasterNeeded while
// anything may be under it.
func (s *Store) ForgetMaster() error {
	if left, err := s.UnderFormer(); err != nil || left {
		return orErr(err, ErrMasterNeeded)
	}
	s.keys.forgetFormer()
	return nil
}

package store

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/dgraph-io/badger/v4"

	"sluis/ledger"
)

// A unit is a change that is ready to be applied: encrypted and encoded, except
// for what only the sequencer knows (index, time, version).
type unit struct {
	change  Change
	record  wrapped        // the record key of the dossier, to be stored if it is not yet
	rows    [][]byte       // of change.Puts, as stored, without version
	sends   [][]byte       // of change.Send, sealed
	entries []ledger.Entry // of change.Record, without index and time
	bytes   int            // at most what it adds to a transaction
	count   int            // at most so many keys

	written Written
	err     error
	done    chan struct{} // closed when written and err are final
}

// The points of no return of a commit, where tests and simulations stop the
// sequencer.
const (
	BeforeCommit = "before commit" // nothing happened
	AfterCommit  = "after commit"  // it happened, nothing says so
	AfterAnchor  = "after anchor"  // it happened and is signed, nobody was told
)

// The moments of a purge. Each may be repeated.
const (
	BeforePurge  = "before purge"
	AfterDrop    = "after drop"
	AfterFlatten = "after flatten"
)

// sequence applies changes until the store is closed or stops.
func (s *Store) sequence() {
	defer close(s.stopped)
	var batch []*unit
	var over *unit // did not fit into the batch before
	for {
		first := over
		if first == nil {
			select {
			case first = <-s.units:
			case purge := <-s.purges:
				purge()
				if s.alive() != nil {
					return
				}
				continue
			case <-s.quit:
				return
			}
		}
		batch, over = s.collect(first, len(batch) > 1)
		s.apply(batch)
		for _, u := range batch {
			close(u.done)
		}
		if s.alive() != nil {
			if over != nil {
				over.err = s.alive()
				close(over.done)
			}
			return
		}
	}
}

// collect returns first and the units that are waiting, as many as fit into one
// transaction, and the one that did not fit any more.
//
// Company means that there were several in the batch before. Their writers have
// just been told and may be about to come again: without a chance to, they would
// miss this commit and wait for all of it, and from then on half of the writers
// would share a sync instead of all. So as long as it brings more, others go
// first. A writer that is alone is not kept waiting.
func (s *Store) collect(first *unit, company bool) (batch []*unit, over *unit) {
	batch = append(batch, first)
	size, count := first.bytes, first.count
	before := 0 // in the batch when others went first
	for len(batch) < maxBatchUnits {
		select {
		case u := <-s.units:
			size, count = size+u.bytes, count+u.count
			if size > maxBatchBytes || count > maxBatchRows {
				return batch, u
			}
			batch = append(batch, u)
		default:
			if !company || len(batch) == before {
				return batch, nil
			}
			before = len(batch)
			runtime.Gosched()
		}
	}
	return batch, nil
}

// apply writes a batch and sets the outcome of each unit.
func (s *Store) apply(batch []*unit) {
	fail := func(err error) {
		for _, u := range batch {
			if u.err == nil {
				u.written, u.err = Written{}, err
			}
		}
	}
	if err := s.held(); err != nil { // since they queued up
		fail(err)
		return
	}
	if err := s.room(); err != nil {
		fail(err)
		return
	}
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	b := &building{store: s, txn: txn, tree: s.tree.Clone(), time: s.now()}
	for _, u := range batch {
		// Up to here nothing of this unit is in the transaction, so a unit that
		// is refused leaves the others alone.
		if u.err = b.allowed(u); u.err != nil {
			continue
		}
		if err := b.add(u); err != nil {
			fail(err) // nothing of the batch is written
			return
		}
	}
	if b.tree.Size() == s.tree.Size() {
		return // every unit was refused
	}
	if err := b.finish(batch); err != nil {
		fail(err)
		return
	}
	next, err := s.commit(b)
	if err != nil {
		// It may be on disk or not. The next Open finds out.
		s.options.Log.Error("store stopped: the outcome of a write is not known")
		s.stop(ErrStopped)
		fail(ErrStopped)
		return
	}
	for _, u := range batch {
		if u.err == nil {
			u.written.Size, u.written.Checkpoint = next.checkpoint.Size, next.signed
			s.keys.stored(u.record)
			s.keys.drop(u.change.Destroy)
		}
	}
}

// now is the time for the next entries: never earlier than that of the last one.
func (s *Store) now() time.Time {
	t := s.options.Now().UTC().Truncate(time.Millisecond)
	if t.Before(s.last) {
		return s.last
	}
	return t
}

// commit makes a batch durable and signs it. After an error it is not known how
// far it came.
func (s *Store) commit(b *building) (head, error) {
	if err := s.at(BeforeCommit); err != nil {
		return head{}, err
	}
	if err := b.txn.Commit(); err != nil {
		return head{}, err
	}
	if err := s.at(AfterCommit); err != nil {
		return head{}, err
	}
	next, err := s.sign(b.tree)
	if err != nil {
		return head{}, err
	}
	if err := s.anchor.write(next.signed); err != nil {
		return head{}, err
	}
	if err := s.at(AfterAnchor); err != nil {
		return head{}, err
	}
	s.tree, s.last = b.tree, b.time
	s.publish(next)
	return next, nil
}

func (s *Store) at(point string) error {
	if s.seam == nil {
		return nil
	}
	return s.seam(point)
}

// sign returns the signed state of a tree.
func (s *Store) sign(t *ledger.Tree) (head, error) {
	c, signed, err := s.options.sign(t.Size(), t.Root())
	return head{c, signed}, err
}

// publish lets readers see a new head and wakes who waits for a change.
func (s *Store) publish(h head) {
	s.head.Store(&h)
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
}

// A building is a batch under construction: a transaction, and the tree as it
// will be.
type building struct {
	store *Store
	txn   *badger.Txn
	tree  *ledger.Tree
	time  time.Time
}

// allowed checks everything that can keep a unit from being applied, against
// the database and the units before it in the batch. It writes nothing.
func (b *building) allowed(u *unit) error {
	c := u.change
	if c.Seen != nil {
		seen, err := has(b.txn, seenKey(c.Seen.Issuer, c.Seen.ID))
		if err != nil || seen {
			return orErr(err, ErrSeen)
		}
	}
	for _, p := range c.Puts {
		if err := b.at(p.Table, p.Key, p.Was); err != nil {
			return err
		}
	}
	for _, d := range c.Deletes {
		if err := b.at(d.Table, d.Key, d.Was); err != nil {
			return err
		}
	}
	if err := b.mayDestroy(c.Destroy); err != nil {
		return err
	}
	for _, o := range c.Send {
		there, err := has(b.txn, outboxKey(o.ID))
		if err != nil || there {
			return orErr(err, ErrOvertaken)
		}
	}
	for _, id := range c.Done {
		there, err := has(b.txn, outboxKey(id))
		if err != nil || !there {
			return orErr(err, ErrOvertaken)
		}
	}
	return b.keyAllowed(u)
}

// keyAllowed checks that what the unit was sealed with is the record key of the
// dossier.
func (b *building) keyAllowed(u *unit) error {
	if u.record.name == "" {
		return nil
	}
	value, err := get(b.txn, recordKeyKey(u.record.name))
	switch {
	case errors.Is(err, ErrNotFound) && u.record.fresh:
		gone, err := has(b.txn, goneKey(u.record.name))
		if err != nil || gone {
			b.store.keys.forget(u.record)
			return orErr(err, ErrNoRecordKey)
		}
		u.record, err = b.store.keys.renewed(u.record)
		return err
	case errors.Is(err, ErrNotFound):
		return ErrNoRecordKey
	case err != nil:
		return err
	case string(value) != string(u.record.bytes) && b.store.keys.same(u.record, value):
		u.record.bytes = value
	case string(value) != string(u.record.bytes):
		b.store.keys.forget(u.record)
		return ErrOvertaken
	}
	u.record.fresh = false
	return nil
}

func orErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// at returns nil when the row has this version.
func (b *building) at(table, key string, was uint64) error {
	r, err := b.row(table, key)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	if err != nil {
		return err
	}
	if r.version != was {
		return ErrOvertaken
	}
	return nil
}

func (b *building) row(table, key string) (row, error) {
	value, err := get(b.txn, rowKey(table, key))
	if err != nil {
		return row{}, err
	}
	return parseRow(value)
}

// add puts a unit that is allowed into the transaction. An error means that the
// transaction can't be used any more.
func (b *building) add(u *unit) error {
	c, first := u.change, b.tree.Size()
	if u.record.name != "" && u.record.fresh {
		if err := b.txn.Set(recordKeyKey(u.record.name), u.record.bytes); err != nil {
			return fault(err)
		}
	}
	for i, p := range c.Puts {
		if err := b.put(p, u.record.name, u.rows[i], versionOf(first)); err != nil {
			return err
		}
	}
	for _, d := range c.Deletes {
		if err := b.remove(d.Table, d.Key); err != nil {
			return err
		}
	}
	if err := b.destroy(c.Destroy, first); err != nil {
		return err
	}
	for _, name := range c.purged {
		if err := b.purged(name); err != nil {
			return err
		}
	}
	if c.settled != "" {
		if err := b.txn.Set([]byte(masterKey), []byte(c.settled)); err != nil {
			return fault(err)
		}
	}
	for i, o := range c.Send {
		if err := b.txn.Set(outboxKey(o.ID), u.sends[i]); err != nil {
			return fault(err)
		}
	}
	for _, id := range c.Done {
		if err := b.txn.Delete(outboxKey(id)); err != nil {
			return fault(err)
		}
	}
	for _, e := range u.entries {
		if err := b.append(e); err != nil {
			return err
		}
	}
	u.written = Written{First: first, Time: b.time}
	return b.see(u)
}

// see remembers the message that a unit handles, so that the next unit of the
// batch finds it.
func (b *building) see(u *unit) error {
	seen := u.change.Seen
	if seen == nil {
		return nil
	}
	r := Receipted{First: u.written.First, Size: b.tree.Size(), Digest: seen.Digest, Time: b.time, Expires: seen.Expires}
	if err := b.txn.Set(seenKey(seen.Issuer, seen.ID), r.marshal()); err != nil {
		return fault(err)
	}
	return nil
}

// finish writes what depends on the size of the tree after the whole batch.
func (b *building) finish(batch []*unit) error {
	for _, u := range batch {
		if u.err != nil {
			continue
		}
		if err := b.see(u); err != nil {
			return err
		}
	}
	return nil
}

func (b *building) put(p Record, dossier string, value []byte, version uint64) error {
	if p.Node {
		dossier = NodeDossier // it outlives the dossier of the change
	}
	if err := b.reindex(p.Table, p.Key, dossier, p.Index); err != nil {
		return err
	}
	setVersion(value, version)
	if err := b.txn.Set(rowKey(p.Table, p.Key), value); err != nil {
		return fault(err)
	}
	return nil
}

func (b *building) remove(table, key string) error {
	if err := b.reindex(table, key, "", nil); err != nil {
		return err
	}
	if err := b.txn.Delete(rowKey(table, key)); err != nil {
		return fault(err)
	}
	return nil
}

// reindex makes index the index keys of a row, and dossier the one that it
// belongs to.
func (b *building) reindex(table, key, dossier string, index []string) error {
	before, err := b.row(table, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	for _, x := range before.index {
		if err := b.txn.Delete(indexKey(x, table, key)); err != nil {
			return fault(err)
		}
	}
	for _, x := range index {
		if err := b.txn.Set(indexKey(x, table, key), nil); err != nil {
			return fault(err)
		}
	}
	if before.dossier == dossier {
		return nil
	}
	if before.dossier != "" {
		if err := b.txn.Delete(dossierKey(before.dossier, table, key)); err != nil {
			return fault(err)
		}
	}
	if dossier != "" {
		if err := b.txn.Set(dossierKey(dossier, table, key), nil); err != nil {
			return fault(err)
		}
	}
	return nil
}

// append adds an entry and the hashes that it completes.
func (b *building) append(e ledger.Entry) error {
	e.Index, e.Time = b.tree.Size(), b.time
	data, err := e.Marshal()
	if err != nil {
		return err
	}
	var hashes []byte
	for _, h := range b.tree.Append(ledger.LeafHash(data)) {
		hashes = append(hashes, h.Hash[:]...)
	}
	if err := b.txn.Set(entryKey(e.Index), data); err != nil {
		return fault(err)
	}
	if err := b.txn.Set(hashesKey(e.Index), hashes); err != nil {
		return fault(err)
	}
	return nil
}

// fault wraps an error of the database before a commit: nothing was written.
func fault(err error) error { return fmt.Errorf("store: write: %v", err) }

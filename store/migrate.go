package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// A Migration leads a store of an earlier version to that of this program, which
// is one more than the number of steps. Open does it: in commits that each hold
// some rows, how far it came, and a ledger entry that says so (I3). From the first
// commit on the database has the new version, so that an older program refuses
// it; what was not done when the program ended is done by the next Open.
//
// A store that was restored and waits for [Store.Resume] must not grow. Its rows
// are made new all the same, since otherwise nobody could read them, and the
// entry is written when it is released.
type Migration struct {
	// Steps[i] makes what a store of version i+1 holds that of version i+2. A
	// step that was published is never changed.
	Steps []Step

	// Event is what the ledger says of it. Required when there are steps.
	Event func(Moved) (Event, error)
}

// A Step is the way from one version to the next.
type Step struct {
	// Row returns the value of a row in the new form. It sees each row once. Nil
	// for a version in which no row has another form than before.
	Row func(table, key string, value []byte) ([]byte, error)
}

// A Moved is how far a migration came with a commit.
type Moved struct {
	From, To int // versions
	Rows     int // that were changed so far
}

// A move is a migration that is under way, as the database has it.
type move struct {
	From int    `json:"from"`           // version from which it goes, as the ledger will say
	Have int    `json:"have"`           // version of the rows behind At
	To   int    `json:"to"`             // version of the rows up to At
	Rows int    `json:"rows"`           // that were changed
	At   []byte `json:"at,omitempty"`   // key of the last row that was looked at
	Done bool   `json:"done,omitempty"` // only the entry is still to be written
}

// migrate brings the store to the version of this program. It belongs to Open.
func (s *Store) migrate() error {
	for {
		more, err := s.migrateSome()
		if err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
		if !more {
			return writeFormat(s.dir, s.options.version())
		}
	}
}

// settle writes the entry that a migration still owes, once the store may grow.
func (s *Store) settle() error {
	errs := make(chan error, 1)
	select {
	case s.purges <- func() { errs <- s.migrate() }:
		return <-errs
	case <-s.stopped:
		return s.alive()
	}
}

// migrateSome makes one commit of a migration, and reports whether there is more
// to do.
func (s *Store) migrateSome() (more bool, err error) {
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	m, err := s.moving(txn)
	if err != nil || m == nil {
		return false, err
	}
	if free, err := s.free(); err != nil || free < s.options.MinFree {
		return false, ErrDiskFull
	}
	if !m.Done {
		if err := s.convert(txn, m); err != nil {
			return false, err
		}
	}
	if err := txn.Set([]byte(formatKey), []byte(FormatText(m.To))); err != nil {
		return false, err
	}
	if s.Recovering() {
		if err := m.put(txn); err != nil {
			return false, err
		}
		return true, txn.Commit()
	}
	if m.Done {
		err = txn.Delete([]byte(movingKey))
	} else {
		err = m.put(txn)
	}
	if err != nil {
		return false, err
	}
	b := &building{store: s, txn: txn, tree: s.tree.Clone(), time: s.now()}
	if err := b.tell(m); err != nil {
		return false, err
	}
	if _, err = s.commit(b); err != nil {
		s.options.Log.Error("store stopped: the outcome of a write is not known")
		s.stop(ErrStopped)
	}
	return true, err
}

// moving is what is to be done, or nil for nothing.
func (s *Store) moving(txn *badger.Txn) (*move, error) {
	version, err := versionIn(txn)
	if err != nil {
		return nil, err
	}
	target := s.options.version()
	text, err := get(txn, []byte(movingKey))
	switch {
	case errors.Is(err, ErrNotFound) && version == target:
		return nil, nil
	case errors.Is(err, ErrNotFound):
		return &move{From: version, Have: version, To: target}, nil
	case err != nil:
		return nil, err
	}
	m := new(move)
	if json.Unmarshal(text, m) != nil || m.Have < 1 || m.Have > m.To || m.To != version {
		return nil, &Inconsistent{File: databaseDir, What: "without a readable mark of how far an upgrade came"}
	}
	switch {
	case m.Done && m.To < target:
		return &move{From: m.From, Have: m.To, To: target, Rows: m.Rows}, nil
	case m.Done && s.Recovering():
		return nil, nil
	}
	return m, nil
}

func (m *move) put(txn *badger.Txn) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return txn.Set([]byte(movingKey), text)
}

// tell adds the entry of a commit of a migration.
func (b *building) tell(m *move) error {
	e, err := b.store.options.Migration.Event(Moved{From: m.From, To: m.To, Rows: m.Rows})
	if err != nil {
		return err
	}
	return b.ofNode(e)
}

// convert makes rows new, as many as fit into a commit. Dossier, version and
// index keys of a row stay.
func (s *Store) convert(txn *badger.Txn, m *move) error {
	steps := s.options.Migration.Steps[m.Have-1 : m.To-1]
	m.Done = true
	if !changesRows(steps) {
		return nil
	}
	from := m.At
	if from == nil {
		from = []byte(rowPrefix)
	}
	size, count, looked := 0, 0, 0
	return scan(txn, []byte(rowPrefix), from, func(key, value []byte) (bool, error) {
		if looked++; looked > maxLooked || count >= maxBatchRows/2 || size > maxBatchBytes/2 {
			m.Done = false
			return false, nil
		}
		m.At = append([]byte{}, key...)
		after, err := s.converted(txn, steps, key, value)
		if err != nil || after == nil {
			return true, err
		}
		size, count = size+len(after)+len(key), count+1
		m.Rows++
		return true, txn.Set(m.At, after)
	})
}

// maxLooked bounds the rows that one commit looks at, so that a migration that
// changes few comes further with each.
const maxLooked = 100_000

func changesRows(steps []Step) bool {
	for _, step := range steps {
		if step.Row != nil {
			return true
		}
	}
	return false
}

// converted is a row in its new form, or nil where that is the form it has, or
// where its dossier was destroyed.
func (s *Store) converted(txn *badger.Txn, steps []Step, key, value []byte) ([]byte, error) {
	r, err := parseRow(value)
	if err != nil {
		return nil, err
	}
	parts := bytes.Split(key[len(rowPrefix):], []byte(nameEnd))
	if len(parts) != 3 {
		return nil, errRow
	}
	table, name := string(parts[0]), string(parts[1])
	record, err := s.keys.reading(r.dossier, txn)
	if errors.Is(err, ErrNoRecordKey) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	before, err := record.open(r.sealed, rowBound(table, name))
	if err != nil {
		return nil, err
	}
	after := bytes.Clone(before) // a step may write where it reads
	for _, step := range steps {
		if step.Row == nil {
			continue
		}
		if after, err = step.Row(table, name, after); err != nil {
			return nil, fmt.Errorf("a row of table %s has no form in version %d: %w", table, s.options.version(), err)
		}
	}
	if bytes.Equal(before, after) {
		return nil, nil
	}
	if r.sealed, err = record.key.Seal(after, rowBound(table, name)); err != nil {
		return nil, err
	}
	return r.marshal(), nil
}

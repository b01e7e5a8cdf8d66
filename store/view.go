package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"sluis/crypto"
	"sluis/ledger"
)

// Readers see the state of one moment and never wait for the writer. What they
// return belongs to the caller.

// A Row is a record as it was read.
type Row struct {
	Table   string
	Key     string
	Value   []byte
	Version uint64 // for Was in the next change
}

// view calls do with a snapshot.
func (s *Store) view(do func(txn *badger.Txn) error) error {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if err := s.alive(); err != nil {
		return err
	}
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	return do(txn)
}

// Get returns the value of a row and its version. It fails with ErrNotFound,
// or with ErrNoRecordKey when the key of its dossier has been destroyed.
func (s *Store) Get(table, key string) (value []byte, version uint64, err error) {
	err = s.view(func(txn *badger.Txn) error {
		b, err := get(txn, rowKey(table, key))
		if err != nil {
			return err
		}
		r, err := s.open(txn, table, key, b)
		value, version = r.Value, r.Version
		return err
	})
	return value, version, err
}

// List returns rows of a table in the order of their keys: those after the key
// after, at most limit and never more than 1000.
func (s *Store) List(table, after string, limit int) ([]Row, error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []Row
	prefix := tablePrefix(table)
	err := s.view(func(txn *badger.Txn) error {
		return scan(txn, prefix, afterKey(table, after), func(k, v []byte) (bool, error) {
			r, err := s.open(txn, table, string(k[len(prefix):len(k)-len(nameEnd)]), v)
			if errors.Is(err, errGone) {
				return true, nil
			}
			if err != nil {
				return false, err
			}
			rows = append(rows, r)
			return len(rows) < min(limit, maxList), nil
		})
	})
	return rows, err
}

// ByIndex returns the rows that have this index key, by table and key, at most
// 1000.
func (s *Store) ByIndex(index string) ([]Row, error) {
	var rows []Row
	err := s.view(func(txn *badger.Txn) error {
		prefix := indexKeyPrefix(index)
		return scan(txn, prefix, prefix, func(k, _ []byte) (bool, error) {
			table, key, ok := splitKey(k)
			if !ok {
				return false, errRow
			}
			b, err := get(txn, rowKey(table, key))
			if err != nil {
				return false, err
			}
			r, err := s.open(txn, table, key, b)
			if errors.Is(err, errGone) {
				return true, nil
			}
			if err != nil {
				return false, err
			}
			rows = append(rows, r)
			return len(rows) < maxList, nil
		})
	})
	return rows, err
}

// errGone is ErrNoRecordKey where that is as it should be: the dossier was
// destroyed, and a row of it is still to be removed.
var errGone = fmt.Errorf("%w", ErrNoRecordKey)

// open decrypts a row.
func (s *Store) open(txn *badger.Txn, table, key string, b []byte) (Row, error) {
	r, err := parseRow(b)
	if err != nil {
		return Row{}, err
	}
	record, err := s.keys.reading(r.dossier, txn)
	if errors.Is(err, ErrNoRecordKey) {
		if gone, err := has(txn, goneKey(r.dossier)); err != nil || gone {
			return Row{}, orErr(err, errGone)
		}
	}
	if err != nil {
		return Row{}, err
	}
	value, err := record.open(r.sealed, rowBound(table, key))
	if err != nil {
		return Row{}, err
	}
	return Row{Table: table, Key: key, Value: value, Version: r.version}, nil
}

// Outbox returns outgoing messages in the order of their IDs: those after the
// ID after, at most limit and never more than 1000.
func (s *Store) Outbox(after string, limit int) ([]Outgoing, error) {
	if limit <= 0 {
		return nil, nil
	}
	var out []Outgoing
	err := s.view(func(txn *badger.Txn) error {
		record, err := s.keys.reading(NodeDossier, txn)
		if err != nil {
			return err
		}
		return scan(txn, []byte(outboxPrefix), outboxKey(after), func(k, v []byte) (bool, error) {
			o, err := openOutgoing(record, string(k[len(outboxPrefix):]), v)
			if err != nil {
				return false, err
			}
			out = append(out, o)
			return len(out) < min(limit, maxList), nil
		})
	})
	return out, err
}

// Outgoing returns an outgoing message, or ErrNotFound when it is finished.
func (s *Store) Outgoing(id string) (o Outgoing, err error) {
	err = s.view(func(txn *badger.Txn) error {
		record, err := s.keys.reading(NodeDossier, txn)
		if err != nil {
			return err
		}
		b, err := get(txn, outboxKey(id))
		if err != nil {
			return err
		}
		o, err = openOutgoing(record, id, b)
		return err
	})
	return o, err
}

func openOutgoing(record wrapped, id string, b []byte) (Outgoing, error) {
	data, err := record.open(b, outboxBound(id))
	if err != nil {
		return Outgoing{}, err
	}
	return parseOutgoing(id, data)
}

// Seen returns what is remembered of an inbound message, and whether it has been
// handled at all.
func (s *Store) Seen(issuer, id string) (r Receipted, handled bool, err error) {
	err = s.view(func(txn *badger.Txn) error {
		b, err := get(txn, seenKey(issuer, id))
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		handled = true
		r, err = parseReceipted(b)
		return err
	})
	return r, handled && err == nil, err
}

// Entry returns the entry with this index, or ErrNotFound.
func (s *Store) Entry(index uint64) (e ledger.Entry, err error) {
	entries, err := s.Entries(index, 1)
	if err != nil {
		return ledger.Entry{}, err
	}
	if len(entries) == 0 {
		return ledger.Entry{}, ErrNotFound
	}
	return entries[0], nil
}

// Entries returns at most n entries (and never more than 1000) from index from
// on: fewer at the end of the ledger.
func (s *Store) Entries(from uint64, n int) ([]ledger.Entry, error) {
	var entries []ledger.Entry
	size := s.Size() // before the snapshot is taken, so that it holds them all
	err := s.view(func(txn *badger.Txn) error {
		for i := from; i < size && len(entries) < min(n, maxList); i++ {
			data, err := get(txn, entryKey(i))
			if err != nil {
				return fmt.Errorf("store: entry %d: %v", i, err)
			}
			e, err := ledger.ParseEntry(data)
			if err != nil {
				return fmt.Errorf("store: entry %d: %v", i, err)
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// Private returns the private part of an entry in clear: nil when there is none,
// ErrNoRecordKey when the key of its dossier has been destroyed.
func (s *Store) Private(e ledger.Entry) ([]byte, error) {
	key, err := s.PartKey(e)
	if err != nil || key.IsZero() {
		return nil, err
	}
	plain, err := crypto.OpenPart(key, e.Private, e.Bound())
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// PartKey returns the key that opens the private part of this entry and nothing
// else: the zero Secret when it has none, ErrNoRecordKey when the key of its
// dossier has been destroyed.
func (s *Store) PartKey(e ledger.Entry) (key crypto.Secret, err error) {
	if len(e.Private) == 0 {
		return crypto.Secret{}, nil
	}
	err = s.view(func(txn *badger.Txn) error {
		record, err := s.keys.reading(e.Key, txn)
		if err != nil {
			return err
		}
		if key, err = record.key.PartKey(e.Private); err != nil {
			return errSealed
		}
		return nil
	})
	return key, err
}

// Signed waits until a checkpoint covers so many entries, and is on disk: a reader can
// see what was committed a moment before that.
func (s *Store) Signed(ctx context.Context, size uint64) error {
	for {
		changed := s.Changed()
		if s.Size() >= size {
			return nil
		}
		select {
		case <-changed:
		case <-s.stopped:
			return s.alive()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Size returns the number of entries.
func (s *Store) Size() uint64 { return s.head.Load().checkpoint.Size }

// Checkpoint returns the newest signed checkpoint and its size.
func (s *Store) Checkpoint() (signed []byte, size uint64) {
	h := s.head.Load()
	return append([]byte(nil), h.signed...), h.checkpoint.Size
}

// CheckpointAt returns the checkpoint of an earlier size. Signed again, it is
// the same bytes that were given out then.
func (s *Store) CheckpointAt(size uint64) (signed []byte, err error) {
	err = s.proving(size, func(read ledger.Reader) error {
		root, err := ledger.RootAt(size, read)
		if err != nil {
			return err
		}
		_, signed, err = s.options.sign(size, root)
		return err
	})
	return signed, err
}

// ProveInclusion returns the proof that the tree of this size holds the entry.
func (s *Store) ProveInclusion(index, size uint64) (proof []ledger.Hash, err error) {
	err = s.proving(size, func(read ledger.Reader) (err error) {
		proof, err = ledger.ProveInclusion(size, index, read)
		return err
	})
	return proof, err
}

// ProveConsistency returns the proof that the tree of size old is the beginning
// of the tree of size new.
func (s *Store) ProveConsistency(old, new uint64) (proof []ledger.Hash, err error) {
	err = s.proving(new, func(read ledger.Reader) (err error) {
		proof, err = ledger.ProveConsistency(old, new, read)
		return err
	})
	return proof, err
}

// Tile returns the bytes of a tile of hashes or of an entry bundle (C2SP
// tlog-tiles).
func (s *Store) Tile(t ledger.Tile) (data []byte, err error) {
	_, end := t.Covers()
	if end > s.Size() {
		return nil, ErrNotFound
	}
	if t.Entries {
		return s.bundle(t)
	}
	err = s.proving(end, func(read ledger.Reader) (err error) {
		data, err = ledger.ReadTile(t, read)
		return err
	})
	return data, err
}

func (s *Store) bundle(t ledger.Tile) ([]byte, error) {
	first, end := t.Covers()
	entries, err := s.Entries(first, int(end-first))
	if err != nil {
		return nil, err
	}
	raw := make([][]byte, len(entries))
	for i, e := range entries {
		if raw[i], err = e.Marshal(); err != nil {
			return nil, err
		}
	}
	return ledger.MarshalBundle(raw)
}

// proving calls do with the stored hashes, when the ledger is at least of the
// given size.
func (s *Store) proving(size uint64, do func(ledger.Reader) error) error {
	if size > s.Size() { // before the snapshot is taken, so that it holds them all
		return orErr(s.alive(), ErrNotFound)
	}
	return s.view(func(txn *badger.Txn) error {
		return do(hashReader(txn))
	})
}

// hashReader reads stored hashes from the rows that ledger.CompletedBy names.
func hashReader(txn *badger.Txn) ledger.Reader {
	return func(indexes []int64) ([]ledger.Hash, error) {
		hashes := make([]ledger.Hash, len(indexes))
		for i, x := range indexes {
			entry, level := ledger.CompletedBy(x)
			value, err := get(txn, hashesKey(entry))
			if err != nil {
				return nil, err
			}
			if len(value) < (level+1)*len(hashes[i]) {
				return nil, errRow
			}
			copy(hashes[i][:], value[level*len(hashes[i]):])
		}
		return hashes, nil
	}
}

// Changed returns a channel that is closed when the next change has been
// applied. Take it before looking, wait after.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

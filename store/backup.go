package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/dgraph-io/badger/v4"
	"github.com/google/uuid"

	"sluis/ledger"
)

// A backup is the rows of the database at one moment, in the order of their
// keys, and the checkpoint of that moment. It may add to an earlier one: then it
// holds the entries since, the rows that were set since, and which rows are
// still there, so that what was removed is removed on restore too. Badger's own
// backup is not used: an incremental one forgets what was deleted and compacted
// in between.
//
// As bytes: the line "sluis-backup/1", or "sluis-backup/2" when the store is of a
// version above 1, which the head says then; then frames: a letter, the length of
// what follows in four bytes, and
//
//	h  head, as JSON (backupHead)
//	p  a row: length of the key in two bytes, key, value
//	l  keys that are still there: 16 bytes of the SHA-256 of each
//	z  SHA-256 of all bytes before this frame; nothing follows
//
// Values are sealed under record keys, but headers of entries and keys are in
// clear here: whoever keeps a backup seals it.

// A BackupPoint is what the next backup adds to.
type BackupPoint struct {
	ID   string `json:"id"`   // random
	Size uint64 `json:"size"` // entries

	// Format is the version of the store; absent for 1. A backup adds to one of the
	// same version only: an upgrade changes rows that look as if they were as before.
	Format int `json:"format,omitempty"`

	// Root is that of the ledger of this size; absent where a program made it that did
	// not write it down, and then nothing adds to it. A store that was put back to an
	// earlier state, and then went on, has as many entries and not these.
	Root ledger.Hash `json:"root,omitzero"`
}

// backupHead is the first frame.
type backupHead struct {
	BackupPoint
	Base       BackupPoint `json:"base,omitzero"` // what it adds to; zero for a whole one
	Origin     string      `json:"origin"`
	Checkpoint string      `json:"checkpoint"` // signed, of Size
}

const (
	backupMagic  = "sluis-backup/1\n"
	backupMagic2 = "sluis-backup/2\n"
	frameHead    = 'h'
	frameRow     = 'p'
	frameLive    = 'l'
	frameEnd     = 'z'

	// liveKey is the size of the hash of a key, and maxLive how many are in a
	// frame.
	liveKey = 16
	maxLive = 4096

	// maxFrame is the largest frame: a row of the largest value, with room for
	// its key.
	maxFrame = MaxValue + 16<<10
)

// derived are the prefixes that restore makes again from the rows.
const derived = indexPrefix + dossierPrefix

// Backup writes the state of this moment, while the store goes on. since is the
// point of the backup that it adds to, or zero for a whole one. It returns the
// point that the next one can add to. It fails with [ErrOtherHistory] when the store
// does not have what the earlier backup has.
func (s *Store) Backup(ctx context.Context, w io.Writer, since BackupPoint) (BackupPoint, error) {
	s.slow.Lock() // no purge meanwhile: it would wait with the readers behind it
	defer s.slow.Unlock()
	var point BackupPoint
	signed := s.Size() // before the snapshot is taken, so that it holds them all
	err := s.view(func(txn *badger.Txn) error {
		head, err := s.backupHead(txn, signed, since)
		if err != nil {
			return err
		}
		out := &frames{out: bufio.NewWriterSize(w, 256<<10), sum: sha256.New()}
		b := backing{store: s, ctx: ctx, txn: txn, out: out, since: since.Size, adds: since.ID != "", used: map[string]bool{}}
		if err := b.write(head); err != nil {
			return err
		}
		point = head.BackupPoint
		return nil
	})
	return point, err
}

// AddsTo reports whether a backup of this store can add to an earlier one of its
// history: not when an upgrade lies in between.
func (s *Store) AddsTo(p BackupPoint) bool {
	return p.ID != "" && p.Format == s.options.backupFormat() && p.Root != ledger.Hash{}
}

// Continues fails with [ErrOtherHistory] when the ledger does not have what it had in
// an earlier backup.
func (s *Store) Continues(p BackupPoint) error {
	size := s.Size() // before the snapshot is taken, so that it holds them all
	return s.view(func(txn *badger.Txn) error { return continues(txn, size, p) })
}

func continues(txn *badger.Txn, size uint64, p BackupPoint) error {
	if p.Size > size {
		return ErrOtherHistory
	}
	if p.Root == (ledger.Hash{}) {
		return nil
	}
	root, err := ledger.RootAt(p.Size, hashReader(txn))
	if err == nil && root != p.Root {
		err = ErrOtherHistory
	}
	return err
}

func (o Options) backupFormat() int {
	if v := o.version(); v > 1 {
		return v
	}
	return 0
}

// backupHead signs the state of a snapshot, which holds at least size entries. It
// may hold some more than the head of the store: those are committed and are about
// to be signed alike.
func (s *Store) backupHead(txn *badger.Txn, size uint64, since BackupPoint) (backupHead, error) {
	for {
		more, err := has(txn, entryKey(size))
		if err != nil {
			return backupHead{}, err
		}
		if !more {
			break
		}
		size++
	}
	if since.ID != "" && !s.AddsTo(since) {
		return backupHead{}, errors.New("store: backup: the backup to add to is of another version; make a whole one")
	}
	if err := continues(txn, size, since); err != nil {
		return backupHead{}, err
	}
	root, err := ledger.RootAt(size, hashReader(txn))
	if err != nil {
		return backupHead{}, err
	}
	c, signed, err := s.options.sign(size, root)
	if err != nil {
		return backupHead{}, err
	}
	return backupHead{
		BackupPoint: BackupPoint{ID: uuid.NewString(), Size: size, Format: s.options.backupFormat(), Root: root}, Base: since, Origin: c.Origin, Checkpoint: string(signed),
	}, nil
}

// A backing is a backup that is being written.
type backing struct {
	store *Store
	ctx   context.Context
	txn   *badger.Txn
	out   *frames
	since uint64
	adds  bool            // to an earlier one
	used  map[string]bool // dossiers of the entries that it holds
	live  []byte
}

func (b *backing) write(head backupHead) error {
	first, err := json.Marshal(head)
	if err != nil {
		return err
	}
	magic := backupMagic
	if head.Format > 0 {
		magic = backupMagic2
	}
	b.out.raw([]byte(magic))
	b.out.frame(frameHead, first)
	// Entries come first: they say which record keys are new.
	for _, prefix := range []string{entryPrefix, hashesPrefix} {
		if err := b.walk(numbered(prefix, b.since), []byte(prefix)); err != nil {
			return err
		}
	}
	for _, prefix := range []string{configPrefix, recordPrefix, rowPrefix, outboxPrefix, seenPrefix, gonePrefix} {
		if err := b.walk([]byte(prefix), []byte(prefix)); err != nil {
			return err
		}
	}
	b.flushLive()
	return b.out.end()
}

// walk writes the rows with a prefix, from one on.
func (b *backing) walk(from, prefix []byte) error {
	o := badger.DefaultIteratorOptions
	o.PrefetchValues = false
	o.Prefix = prefix
	it := b.txn.NewIterator(o)
	defer it.Close()
	for it.Seek(from); it.ValidForPrefix(prefix); it.Next() {
		if err := b.interrupted(); err != nil {
			return err
		}
		if err := it.Item().Value(func(value []byte) error { return b.row(it.Item().Key(), value) }); err != nil {
			return orErr(b.out.err, fmt.Errorf("store: backup: %v", err)) // what can't be written is of the caller
		}
	}
	return b.out.err
}

func (b *backing) interrupted() error {
	select {
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	case <-b.store.quit:
		return ErrClosed
	default:
		return nil
	}
}

// row writes a row when it is new, and notes that it is there.
func (b *backing) row(key, value []byte) error {
	isNew := true
	switch string(key[:1]) {
	case entryPrefix:
		e, err := ledger.ParseEntry(value)
		if err != nil {
			return err
		}
		b.used[e.Key] = true
	case recordPrefix:
		// A record key is made with the first change of its dossier, whose
		// entries name it.
		isNew = b.used[string(key[1:len(key)-len(nameEnd)])] || !b.adds
	case rowPrefix:
		r, err := parseRow(value)
		if err != nil {
			return err
		}
		isNew = r.version > b.since
	case seenPrefix:
		r, err := parseReceipted(value)
		if err != nil {
			return err
		}
		isNew = r.First >= b.since
	}
	if isNew {
		b.out.frame(frameRow, binary.BigEndian.AppendUint16(nil, uint16(len(key))), key, value)
	}
	if b.adds && !bytes.HasPrefix(key, []byte(entryPrefix)) && !bytes.HasPrefix(key, []byte(hashesPrefix)) {
		b.live = append(b.live, liveOf(key)...)
		if len(b.live) >= maxLive*liveKey {
			b.flushLive()
		}
	}
	return b.out.err
}

func (b *backing) flushLive() {
	if len(b.live) > 0 {
		b.out.frame(frameLive, b.live)
		b.live = b.live[:0]
	}
}

func liveOf(key []byte) []byte {
	sum := sha256.Sum256(key)
	return sum[:liveKey]
}

// frames writes frames and keeps the first error.
type frames struct {
	out *bufio.Writer
	sum hash.Hash
	err error
}

func (f *frames) raw(b []byte) {
	if f.err == nil {
		_, f.err = f.out.Write(b)
		f.sum.Write(b)
	}
}

func (f *frames) frame(kind byte, parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	f.raw(binary.BigEndian.AppendUint32([]byte{kind}, uint32(size)))
	for _, p := range parts {
		f.raw(p)
	}
}

func (f *frames) end() error {
	f.frame(frameEnd, f.sum.Sum(nil))
	if f.err != nil {
		return f.err
	}
	return f.out.Flush()
}

package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"sluis/durable"
	"sluis/ledger"
)

// BadBackup says what is wrong with a backup. Nothing was restored.
type BadBackup struct {
	Part int    // which one, counted from 1
	What string // without any content
}

func (e *BadBackup) Error() string { return fmt.Sprintf("backup: part %d %s", e.Part, e.What) }

// A Restored is what came of a restore.
type Restored struct {
	Size      uint64 // entries
	Destroyed int    // dossiers that are destroyed, in the backup or after it
}

// Restore makes a store in dir, which must hold none, from a whole backup and
// those that add to it, in their order. destroyed are dossiers that were
// destroyed after the last of them: their keys and rows are destroyed again, and
// are searched for in the new files, before it returns (I8).
//
// A backup of an earlier version stays one: Open leads the store to this version.
// It fails with a [Newer] for one of a later version, with a [BadBackup], and leaves nothing, when a part is damaged, cut
// off, out of order or of another ledger. The result is proved by [Open] as
// every store is. It says nothing on whether the ledger had grown since: who has
// seen more of it must be asked before anything is written, see [Recovery].
func Restore(dir string, o Options, parts []io.Reader, destroyed []string) (r Restored, err error) {
	if o, err = o.withDefaults(); err != nil {
		return Restored{}, err
	}
	if len(parts) == 0 {
		return Restored{}, errors.New("store: restore: there is no backup")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Restored{}, fmt.Errorf("store: restore: %v", err)
	}
	for _, name := range []string{databaseDir, anchorFile, formatFile, recoveringFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			return Restored{}, orErr(err, ErrExists)
		}
	}
	defer func() {
		if err != nil {
			for _, name := range []string{databaseDir, anchorFile, formatFile, recoveringFile} {
				err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
			}
		}
	}()
	if err := os.Mkdir(filepath.Join(dir, databaseDir), 0o700); err != nil {
		return Restored{}, fmt.Errorf("store: restore: %v", err)
	}
	db, err := openBadger(badgerOptions(filepath.Join(dir, databaseDir), o.Master, o.Log).WithSyncWrites(false))
	if err != nil {
		return Restored{}, fmt.Errorf("store: restore: %v", err)
	}
	head, gone, err := restoreParts(db, o, parts, destroyed)
	if err = errors.Join(err, db.Close()); err != nil {
		return Restored{}, err
	}
	// The mark comes before the anchor, without which Open refuses.
	if err := writeMark(dir, Recovery{Size: head.Size}); err != nil {
		return Restored{}, err
	}
	if err := createAnchor(filepath.Join(dir, anchorFile), []byte(head.Checkpoint)); err != nil {
		return Restored{}, fmt.Errorf("store: restore: %v", err)
	}
	return Restored{Size: head.Size, Destroyed: len(gone)}, durable.SyncDir(dir)
}

func restoreParts(db *badger.DB, o Options, parts []io.Reader, destroyed []string) (last backupHead, gone []string, err error) {
	for i, part := range parts {
		b := restoring{db: db, part: i + 1, in: &frameReader{in: bufio.NewReaderSize(part, 256<<10), sum: sha256.New()}}
		if last, err = b.read(o, last); err != nil {
			return last, nil, err
		}
	}
	if gone, err = destroyAgain(db, last.Size, destroyed); err != nil {
		return last, nil, err
	}
	if err := deriveKeys(db); err != nil {
		return last, nil, err
	}
	if len(gone) > 0 {
		s := &Store{db: db}
		err = s.rewrite(ofDossiers(gone))
	}
	return last, gone, orErr(err, db.Sync())
}

// A restoring reads one part into the database.
type restoring struct {
	db   *badger.DB
	part int
	in   *frameReader
}

func (b *restoring) bad(what string) error { return &BadBackup{Part: b.part, What: what} }

// read applies a part that adds to what before is the head of.
func (b *restoring) read(o Options, before backupHead) (backupHead, error) {
	head, err := b.head(o, before)
	if err != nil {
		return head, err
	}
	batch := b.db.NewWriteBatch()
	defer batch.Cancel()
	live := map[[liveKey]byte]bool{}
	for {
		kind, data, err := b.in.next()
		if err != nil {
			return head, b.bad(err.Error())
		}
		switch kind {
		case frameRow:
			key, value, ok := splitRow(data)
			if !ok || !b.belongs(key, head) {
				return head, b.bad("has a row that does not belong there")
			}
			if string(key) == masterKey {
				continue // of the database that the backup was made of, not of what is in it
			}
			if err := batch.Set(key, value); err != nil {
				return head, fmt.Errorf("store: restore: %v", err)
			}
		case frameLive:
			for ; len(data) >= liveKey; data = data[liveKey:] {
				live[[liveKey]byte(data)] = true
			}
		case frameEnd:
			if err := batch.Flush(); err != nil {
				return head, fmt.Errorf("store: restore: %v", err)
			}
			if head.Base.ID == "" {
				return head, nil
			}
			return head, removeExcept(b.db, live)
		default:
			return head, b.bad("has a frame of an unknown kind")
		}
	}
}

func (b *restoring) head(o Options, before backupHead) (head backupHead, err error) {
	versioned, err := b.in.magic()
	if err != nil {
		return head, b.bad(err.Error())
	}
	kind, data, err := b.in.next()
	if err != nil {
		return head, b.bad(err.Error())
	}
	if kind != frameHead || json.Unmarshal(data, &head) != nil {
		return head, b.bad("does not begin with a head")
	}
	if head.Format > o.version() {
		return head, &Newer{Found: head.Format, Known: o.version()}
	}
	c, err := ledger.OpenCheckpoint([]byte(head.Checkpoint), o.Verifier)
	switch {
	case versioned != (head.Format > 1):
		return head, b.bad("does not say of which version it is")
	case head.Origin != o.Signer.Name():
		return head, b.bad("is of another ledger")
	case err != nil || c.Size != head.Size:
		return head, b.bad("has a checkpoint that is not signed by the key of this ledger")
	case head.Base != before.BackupPoint && b.part == 1:
		return head, b.bad("is not a whole backup: it adds to an earlier one, give that first")
	case head.Base != before.BackupPoint:
		return head, b.bad("does not add to the part before it: one is missing, or they are out of order")
	}
	return head, nil
}

// belongs reports whether a part may hold a row with this key.
func (b *restoring) belongs(key []byte, head backupHead) bool {
	if len(key) == 0 || bytes.ContainsAny(key[:1], derived) {
		return false
	}
	switch string(key[:1]) {
	case entryPrefix, hashesPrefix:
		n, ok := numberOf(key)
		return ok && n >= head.Base.Size && n < head.Size
	case configPrefix, recordPrefix, rowPrefix, outboxPrefix, seenPrefix, gonePrefix:
		return true
	}
	return false
}

func splitRow(data []byte) (key, value []byte, ok bool) {
	if len(data) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(data))
	if len(data) < 2+n {
		return nil, nil, false
	}
	return bytes.Clone(data[2 : 2+n]), bytes.Clone(data[2+n:]), true
}

// removeExcept removes the rows that a later part does not know any more.
func removeExcept(db *badger.DB, live map[[liveKey]byte]bool) error {
	return eachKey(db, []string{configPrefix, recordPrefix, rowPrefix, outboxPrefix, seenPrefix, gonePrefix},
		func(batch *badger.WriteBatch, key, _ []byte) error {
			if live[[liveKey]byte(liveOf(key))] {
				return nil
			}
			return batch.Delete(bytes.Clone(key))
		})
}

// destroyAgain removes the keys and rows of every dossier that is destroyed, and
// returns their names.
func destroyAgain(db *badger.DB, size uint64, destroyed []string) ([]string, error) {
	gone := map[string]bool{}
	for _, name := range destroyed {
		if isName(name, maxKey) && name != NodeDossier {
			gone[name] = true
		}
	}
	err := eachKey(db, []string{gonePrefix}, func(batch *badger.WriteBatch, key, value []byte) error {
		d, err := parseDestroyed(key, value)
		gone[d.Dossier] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	err = eachKey(db, []string{recordPrefix, rowPrefix}, func(batch *badger.WriteBatch, key, value []byte) error {
		if !ofDossier(append(bytes.Clone(key), make([]byte, 8)...), value, gone) {
			return nil
		}
		return batch.Delete(bytes.Clone(key))
	})
	if err != nil {
		return nil, err
	}
	var names []string
	batch := db.NewWriteBatch()
	defer batch.Cancel()
	for name := range gone {
		names = append(names, name)
		d := Destroyed{Dossier: name, Entry: size}
		err := db.View(func(txn *badger.Txn) error {
			value, err := get(txn, goneKey(name))
			if err == nil {
				d, err = parseDestroyed(goneKey(name), value)
			}
			if errors.Is(err, ErrNotFound) {
				err = nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		d.Purged = true // see the end of restoreParts
		if err := batch.Set(goneKey(name), d.marshal()); err != nil {
			return nil, err
		}
	}
	return names, batch.Flush()
}

// deriveKeys makes the keys by which rows are found.
func deriveKeys(db *badger.DB) error {
	return eachKey(db, []string{rowPrefix}, func(batch *badger.WriteBatch, key, value []byte) error {
		r, err := parseRow(value)
		if err != nil {
			return err
		}
		parts := bytes.Split(key[1:], []byte(nameEnd))
		if len(parts) != 3 {
			return errRow
		}
		table, name := string(parts[0]), string(parts[1])
		if err := batch.Set(dossierKey(r.dossier, table, name), nil); err != nil {
			return err
		}
		for _, x := range r.index {
			if err := batch.Set(indexKey(x, table, name), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachKey calls do with the rows with these prefixes; what do changes is written
// afterwards.
func eachKey(db *badger.DB, prefixes []string, do func(batch *badger.WriteBatch, key, value []byte) error) error {
	batch := db.NewWriteBatch()
	defer batch.Cancel()
	err := db.View(func(txn *badger.Txn) error {
		for _, prefix := range prefixes {
			err := scan(txn, []byte(prefix), []byte(prefix), func(key, value []byte) (bool, error) {
				return true, do(batch, key, value)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: restore: %v", err)
	}
	return batch.Flush()
}

// A frameReader reads the frames of a backup.
type frameReader struct {
	in  *bufio.Reader
	sum hash.Hash
	buf []byte
}

var errCut = errors.New("is cut off")

// magic reads the first line, and reports whether the head says a version.
func (f *frameReader) magic() (versioned bool, err error) {
	b, err := f.bytes(len(backupMagic))
	if err != nil {
		return false, errors.New("is damaged or cut off")
	}
	if string(b) != backupMagic && string(b) != backupMagic2 {
		return false, errors.New("is not a backup of a version that this program knows")
	}
	f.sum.Write(b)
	return string(b) == backupMagic2, nil
}

// bytes returns the next n bytes, valid until the next call.
func (f *frameReader) bytes(n int) ([]byte, error) {
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	b := f.buf[:n]
	if _, err := io.ReadFull(f.in, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errCut
		}
		return nil, err // of what the backup is sealed with
	}
	return b, nil
}

// next returns the next frame. It has checked the sum when the kind is frameEnd,
// and that nothing follows.
func (f *frameReader) next() (kind byte, data []byte, err error) {
	before := f.sum.Sum(nil)
	header, err := f.bytes(5)
	if err != nil {
		return 0, nil, err
	}
	kind = header[0]
	size := binary.BigEndian.Uint32(header[1:])
	if size > maxFrame {
		return 0, nil, errors.New("has a frame that is too long")
	}
	f.sum.Write(header)
	if data, err = f.bytes(int(size)); err != nil {
		return 0, nil, err
	}
	f.sum.Write(data)
	if kind != frameEnd {
		return kind, data, nil
	}
	if !bytes.Equal(data, before) {
		return 0, nil, errors.New("is damaged: it is not what was written")
	}
	if _, err := f.in.ReadByte(); !errors.Is(err, io.EOF) {
		return 0, nil, errors.New("goes on behind its end")
	}
	return kind, data, nil
}

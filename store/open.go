package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/dgraph-io/badger/v4"

	"sluis/durable"
	"sluis/ledger"
)

// What stands in the directory of a store.
const (
	databaseDir = "badger"
	anchorFile  = "anchor"
	formatFile  = "format" // see format.go
	foundDir    = "found"  // see keepLogs
)

// Create makes an empty store in dir, which is made when it is not there. It
// fails with ErrExists when there is anything of a store already, also when an
// earlier Create did not come to its end.
func Create(dir string, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("store: create: %v", err)
	}
	for _, name := range []string{databaseDir, anchorFile, formatFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			return orErr(err, ErrExists)
		}
	}
	if free, err := freeBytes(dir); err != nil || free < o.MinFree {
		return ErrDiskFull
	}
	if err := createDatabase(filepath.Join(dir, databaseDir), o); err != nil {
		return fmt.Errorf("store: create: %v", err)
	}
	if err := writeFormat(dir, o.version()); err != nil {
		return fmt.Errorf("store: create: %v", err)
	}
	// The anchor comes last: without it Open refuses.
	_, signed, err := o.sign(0, ledger.EmptyRoot())
	if err != nil {
		return err
	}
	if err := createAnchor(filepath.Join(dir, anchorFile), signed); err != nil {
		return fmt.Errorf("store: create: %v", err)
	}
	return durable.SyncDir(dir)
}

func createDatabase(dir string, o Options) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	record, err := newRecordKey(o.Master, NodeDossier)
	if err != nil {
		return err
	}
	db, err := openBadger(badgerOptions(dir, o.Master, o.Log))
	if err != nil {
		return err
	}
	err = db.Update(func(txn *badger.Txn) error {
		return errors.Join(
			txn.Set([]byte(formatKey), []byte(FormatText(o.version()))),
			txn.Set([]byte(originKey), []byte(o.Signer.Name())),
			txn.Set(recordKeyKey(NodeDossier), record.bytes))
	})
	return errors.Join(err, db.Close())
}

// Open opens the store in dir and proves that its ledger is the one that was
// signed (I10). It fails with ErrMissing when there is none, with ErrDiskFull
// when there is not even the space to open it, with ErrReadOnly when the disk
// takes no writes, with a [Newer] when a newer program wrote it, and with an
// [Inconsistent] when the proof fails. A store of an earlier version is led to this
// one, see [Migration].
func Open(dir string, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, options: o, units: make(chan *unit, maxBatchUnits), purges: make(chan func()), quit: make(chan struct{}), stopped: make(chan struct{}),
		changed: make(chan struct{}), free: func() (int64, error) { return freeBytes(dir) },
	}
	if o.Disk != nil {
		s.seam = o.Disk.At
		if o.Disk.Free != nil {
			s.free = o.Disk.Free
		}
	}
	if err := s.openFiles(dir); err != nil {
		return nil, err
	}
	mark, err := recovery(dir)
	if err == nil {
		s.recovering.Store(mark)
		s.keys = newKeyring(o.Master, o.Former)
		err = s.migrate()
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close(), s.anchor.Close())
	}
	if s.tree.Size() > smallLedger {
		releaseMemory(dir)
	}
	go s.sequence()
	return s, nil
}

// releaseMemory gives back what the proof at start took: it has read the whole
// database once, and a node at rest should not look as if it needed that.
func releaseMemory(dir string) {
	debug.FreeOSMemory()
	if path, err := filepath.Abs(filepath.Join(dir, databaseDir)); err == nil {
		releasePages(path)
	}
}

// FreeOn is how much an ordinary account can still write to the disk of a
// directory, in bytes.
func FreeOn(dir string) (int64, error) { return freeBytes(dir) }

// Free is how much can still be written to the disk, in bytes.
func (s *Store) Free() (int64, error) { return s.free() }

// openFiles opens anchor and database, proves one against the other, and leaves
// nothing open when that fails.
func (s *Store) openFiles(dir string) error {
	for _, name := range []string{databaseDir, anchorFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			if errors.Is(err, os.ErrNotExist) {
				return ErrMissing
			}
			return fmt.Errorf("store: open: %w", err)
		}
	}
	// Before anything is opened: opening alone writes to the files.
	if err := checkFormat(dir, s.options); err != nil {
		return err
	}
	if free, err := s.free(); err != nil || free < min(s.options.MinFree, openReserve) {
		return ErrDiskFull
	}
	a, signed, err := openAnchor(filepath.Join(dir, anchorFile), s.options.Verifier)
	if err == nil {
		if err = a.touch(); err != nil { // before anything is mapped, which a read-only disk would end with the process
			err = errors.Join(ErrReadOnly, a.Close())
		}
	}
	if err != nil {
		return readOnly(err)
	}
	s.anchor, s.touch = a, a.touch
	if err := s.openDatabase(filepath.Join(dir, databaseDir), signed); err != nil {
		return errors.Join(err, a.Close())
	}
	err = s.start(signed)
	if err == nil {
		err = dropLogs(dir)
	}
	if err != nil {
		return errors.Join(err, s.db.Close(), a.Close())
	}
	return nil
}

// checkRights finds a file of the database that this account may not use, as after
// a command that root gave: to the database that would be damage, or the end of the
// process.
func checkRights(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("store: open: %w", err)
	}
	for _, file := range files {
		f, err := os.OpenFile(filepath.Join(dir, file.Name()), os.O_RDWR, 0)
		if errors.Is(err, os.ErrPermission) {
			return fmt.Errorf("store: open: %w", err)
		}
		if err == nil {
			_ = f.Close() // nothing was written
		}
	}
	return nil
}

func (s *Store) openDatabase(dir string, signed head) error {
	if err := checkRights(dir); err != nil {
		return err
	}
	o := badgerOptions(dir, s.options.Master, s.options.Log)
	if err := rekeyed(o, s.options.Former); err != nil {
		return fmt.Errorf("store: open: new master key: %v", err)
	}
	if err := checkTables(o, signed.checkpoint); err != nil {
		return err
	}
	if err := keepLogs(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("store: open: keep the logs: %v", err)
	}
	var err error
	if s.db, err = openBadger(o); err != nil {
		return &Inconsistent{File: databaseDir, What: fmt.Sprintf("not a database that opens: %v", err)}
	}
	return nil
}

// start proves the ledger and signs what was committed but not signed when the
// node last stopped.
func (s *Store) start(signed head) error {
	tree, last, err := prove(s.db, signed.checkpoint)
	if err != nil {
		return err
	}
	if err := s.checkConfig(); err != nil {
		return err
	}
	s.tree, s.last = tree, last
	if tree.Size() > signed.checkpoint.Size {
		if signed, err = s.sign(tree); err != nil {
			return err
		}
		if err := s.anchor.write(signed.signed); err != nil {
			return fmt.Errorf("store: open: anchor: %v", err)
		}
	}
	s.head.Store(&signed)
	return nil
}

func (s *Store) checkConfig() error {
	return s.db.View(func(txn *badger.Txn) error {
		version, err := versionIn(txn)
		if err != nil {
			return err
		}
		if version > s.options.version() {
			return &Newer{Found: version, Known: s.options.version()}
		}
		origin, err := get(txn, []byte(originKey))
		if err != nil || string(origin) != s.options.Signer.Name() {
			return errors.New("store: open: the store is of another ledger than the signer")
		}
		return nil
	})
}

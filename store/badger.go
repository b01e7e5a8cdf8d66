package store

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	badgeroptions "github.com/dgraph-io/badger/v4/options"

	"sluis/crypto"
)

// badgerOptions are the options of the database. Each was measured; the
// defaults lose acknowledged writes on power loss and return damaged tables as
// data.
func badgerOptions(dir string, master crypto.Secret, log *slog.Logger) badger.Options {
	return badger.DefaultOptions(dir).
		WithSyncWrites(true).
		WithChecksumVerificationMode(badgeroptions.OnTableRead). // the only mode that fails cleanly, at Open
		WithVerifyValueChecksum(true).
		WithValueThreshold(1 << 20). // nothing of ours is larger: everything is in the tables
		WithMemTableSize(16 << 20).WithNumMemtables(2).
		WithNumLevelZeroTables(5).WithNumLevelZeroTablesStall(15). // fewer do not save memory and cost a third more CPU
		WithNumCompactors(2).                                      // 1 is refused
		WithBlockCacheSize(8 << 20).WithIndexCacheSize(8 << 20).
		WithValueLogFileSize(64 << 20).WithCompression(badgeroptions.None).
		WithEncryptionKey(databaseKey(master)).WithEncryptionKeyRotationDuration(30 * 24 * time.Hour).
		WithDetectConflicts(false). // one writer
		WithMetricsEnabled(false).
		WithLogger(badgerLog{log})
}

// openBadger opens the database.
func openBadger(o badger.Options) (db *badger.DB, err error) {
	err = guarded(func() (err error) {
		db, err = badger.Open(o)
		return err
	})
	return db, err
}

// guarded calls do and makes an error of a panic: that is what Badger does with
// some damaged files.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the database panicked")
		}
	}()
	return do()
}

// get returns a copy of the value of a key, or ErrNotFound.
func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("store: read: %v", err)
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("store: read: %v", err)
	}
	return value, nil
}

// has reports whether there is such a key.
func has(txn *badger.Txn, key []byte) (bool, error) {
	_, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: read: %v", err)
	}
	return true, nil
}

// scan calls do with the keys and values that start with prefix and come after
// the key after, in order, until do returns false. Key and value are valid
// during the call only.
func scan(txn *badger.Txn, prefix, after []byte, do func(key, value []byte) (bool, error)) error {
	o := badger.DefaultIteratorOptions
	o.PrefetchValues = false // the values are in the tables
	o.Prefix = prefix
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Seek(after); it.ValidForPrefix(prefix); it.Next() {
		item := it.Item()
		if string(item.Key()) == string(after) {
			continue
		}
		var more bool
		err := item.Value(func(value []byte) (err error) {
			more, err = do(item.Key(), value)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// badgerLog passes warnings and errors of the database on. The message is
// constant and the detail is Badger's format without its arguments, which may
// be keys.
type badgerLog struct{ log *slog.Logger }

func (l badgerLog) Errorf(format string, _ ...any) {
	l.log.Error("database error", "detail", strings.TrimSpace(format))
}

func (l badgerLog) Warningf(format string, _ ...any) {
	l.log.Warn("database warning", "detail", strings.TrimSpace(format))
}

func (badgerLog) Infof(string, ...any)  {}
func (badgerLog) Debugf(string, ...any) {}

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/codenotary/immudb/embedded/logger"
	immudb "github.com/codenotary/immudb/embedded/store"
	"github.com/dgraph-io/badger/v4"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"k8s.io/klog/v2"
)

// Tessera

const durableTessera = "the index future: entry bundle, tiles and tree state synced (O_SYNC, and the directories); no published checkpoint, " +
	"which Tessera gives at most ten times a second"

type tesseraLog struct {
	appender *tessera.Appender
	ctx      context.Context
	stop     context.CancelFunc
}

// openTessera lets a batch be as large as there are writers, so that it leaves
// as soon as all of them are in it. The age only matters when one is late.
func openTessera(dir string, writers int) (appender, error) {
	ctx, stop := context.WithCancel(context.Background())
	l, _, err := startTessera(ctx, dir, writers)
	if err != nil {
		stop()
		return nil, err
	}
	return &tesseraLog{l, ctx, stop}, nil
}

func startTessera(ctx context.Context, dir string, batch int) (*tessera.Appender, tessera.LogReader, error) {
	// It logs what is new to it: here every directory. What fails is returned.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return nil, nil, err
	}
	s, _, err := signer()
	if err != nil {
		return nil, nil, err
	}
	o := tessera.NewAppendOptions().WithCheckpointSigner(s).WithBatching(uint(batch), 5*time.Millisecond)
	a, _, reader, err := tessera.NewAppender(ctx, driver, o)
	return a, reader, err
}

func (l *tesseraLog) Append(entry []byte) error {
	_, err := l.appender.Add(l.ctx, tessera.NewEntry(entry))()
	return err
}

// Close does not wait for the next checkpoint: nothing here depends on it.
func (l *tesseraLog) Close() error {
	l.stop()
	return nil
}

func countTessera(dir string) (uint64, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	_, reader, err := startTessera(ctx, dir, 1)
	if err != nil {
		return 0, err
	}
	return reader.IntegratedSize(ctx)
}

// immudb

const durableImmudb = "transaction log and commit log synced (synced mode); not for indexing"

type immudbLog struct {
	store *immudb.ImmuStore
	next  atomic.Uint64
}

// immudbOptions are the defaults but for three things, each in its favour. Values
// stand in the transaction log, which saves a sync. There is room for all writers.
// The pause before a sync, in which more transactions may come, is what was best
// of 0, 1, 4 and 20 ms (the default): none for one writer, else 1 ms.
func immudbOptions(writers int) *immudb.Options {
	pause := time.Duration(0)
	if writers > 1 {
		pause = time.Millisecond
	}
	return immudb.DefaultOptions().
		WithSynced(true).WithSyncFrequency(pause).WithEmbeddedValues(true).
		WithMaxConcurrency(writers + 1).WithLogger(logger.NewSimpleLogger("immudb", io.Discard))
}

func openImmudb(dir string, writers int) (appender, error) {
	s, err := immudb.Open(dir, immudbOptions(writers))
	if err != nil {
		return nil, err
	}
	return &immudbLog{store: s}, nil
}

func (l *immudbLog) Append(entry []byte) error {
	tx, err := l.store.NewWriteOnlyTx(context.Background())
	if err != nil {
		return err
	}
	if err := tx.Set(number(l.next.Add(1)), nil, entry); err != nil {
		return errors.Join(err, tx.Cancel())
	}
	_, err = tx.AsyncCommit(context.Background())
	return err
}

func (l *immudbLog) Close() error { return l.store.Close() }

func countImmudb(dir string) (uint64, error) {
	s, err := immudb.Open(dir, immudbOptions(1))
	if err != nil {
		return 0, err
	}
	return s.TxCount(), s.Close()
}

// Badger

const durableBadger = "write-ahead log and value log synced (SyncWrites); no hashes, no signature, no encryption"

type badgerLog struct {
	db   *badger.DB
	next atomic.Uint64
}

func openBadger(dir string, _ int) (appender, error) {
	db, err := badger.Open(badgerOptions(dir))
	if err != nil {
		return nil, err
	}
	return &badgerLog{db: db}, nil
}

func badgerOptions(dir string) badger.Options {
	return badger.DefaultOptions(dir).WithSyncWrites(true).WithDetectConflicts(false).WithLogger(nil)
}

func (l *badgerLog) Append(entry []byte) error {
	return l.db.Update(func(txn *badger.Txn) error {
		return txn.Set(number(l.next.Add(1)), entry)
	})
}

func (l *badgerLog) Close() error { return l.db.Close() }

const durableEngine = "as before, but one transaction for all that came during the one before, as our store does it"

// openEngine is Badger fed as our store feeds it, with nothing of ours around it:
// no store on this engine is faster.
func openEngine(dir string, _ int) (appender, error) {
	db, err := badger.Open(badgerOptions(dir))
	if err != nil {
		return nil, err
	}
	var next uint64
	write := func(framed []byte) error {
		return db.Update(func(txn *badger.Txn) error {
			return unframe(framed, func(entry []byte) error {
				next++
				return txn.Set(number(next), entry)
			})
		})
	}
	return newGroup(write, db.Close), nil
}

func countBadger(dir string) (n uint64, err error) {
	db, err := badger.Open(badgerOptions(dir))
	if err != nil {
		return 0, err
	}
	err = db.View(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.PrefetchValues = false
		it := txn.NewIterator(o)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			n++
		}
		return nil
	})
	return n, errors.Join(err, db.Close())
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

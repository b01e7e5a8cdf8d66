// Package store keeps everything a node knows in one Badger database, and has
// one way to write: a [Change].
//
// # One way to write
//
// A Change is everything that one act does to the node, as a value: rows that
// are set or removed, messages that leave, the message that was handled, and
// what the ledger says happened. It is applied in one commit or not at all, and
// it always appends at least one ledger entry (I3). What is slow (encryption,
// encoding) happens in the goroutine of the caller; one goroutine, the
// sequencer, applies changes in order. Those that queued up during a sync are
// applied together as one Badger transaction (group commit). After the commit
// the checkpoint of the new size is signed and written to the anchor file, and
// only then are the callers told.
//
// When the outcome of a commit is not known the store stops: it never tries
// again, and the next Open proves what is there.
//
// # What Open proves
//
// The anchor file stands beside the database and holds the last signed
// checkpoint. Open hashes every entry again and refuses, with an [Inconsistent]
// that names the entry or tile, when the database holds less than, or something
// else than, what was signed (I10).
//
// # How to read the code
//
// change.go is the interface for writers, view.go for readers. sequencer.go is
// the one writer. keys.go is the layout of the database. row.go and seal.go are
// what a value looks like. anchor.go and prove.go are the proof at
// start, format.go and migrate.go what an upgrade means, master.go how the master key is replaced, tables.go and found.go what Badger can't be left to do. badger.go
// holds every option of the database.
//
// # What this package does not know
//
// The law, messages, the register, the network. Values are opaque bytes here.
// No Badger type is in its interface.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/note"

	"sluis/crypto"
	"sluis/ledger"
)

// Options is what a store needs besides its directory.
type Options struct {
	// Master is the key under which the database and the record keys of the
	// dossiers are encrypted. Without it nothing can be read. Required.
	Master crypto.Secret

	// Former is the master key before, while it is being replaced: what is still
	// under it opens, and nothing more comes under it. See master.go.
	Former crypto.Secret

	// Signer is the key that has signed what is on the disk; its name is the origin
	// of the checkpoints.
	// Verifier is the key that checks them, as ledger.VerifierKey writes it.
	// Required.
	Signer   note.Signer
	Verifier string

	// Signers gives the keys that sign the checkpoints of the ledger: more than one
	// while the key is being replaced. It is asked for each checkpoint. Default:
	// Signer alone.
	Signers func() []note.Signer

	// Now is the clock. An entry never gets an earlier time than the entry
	// before it, even when the clock goes back. Default: time.Now.
	Now func() time.Time

	// Log receives what the database warns of. Default: nothing is logged.
	Log *slog.Logger

	// Committing is told that a change is to be written, and what it returns when
	// that has been done or has failed. Default: nobody is told.
	Committing func(context.Context) func(error)

	// Migration says what the rows of earlier versions are made into. Default:
	// this program knows version 1 only.
	Migration Migration

	// MinFree is how many bytes must be free on the file system before a change
	// is accepted. A database that fills the disk kills the process, so do not
	// set it below 256 MiB on a real node. Default: 1 GiB.
	MinFree int64

	// Disk stands in for the disk in a simulation. Default: the real one.
	Disk *Disk
}

// A Disk lets a simulation decide what becomes of a write. The files themselves
// are real.
type Disk struct {
	// At is called at each point of no return, in the goroutine that writes. An
	// error from it is taken for the failure of the step before: the store stops.
	// nil: nothing happens.
	At func(point string) error
	// Free is how many bytes can still be written; nil: what the system says.
	Free func() (int64, error)
}

// sign signs a state of the ledger with every key that there is now.
func (o Options) sign(size uint64, root ledger.Hash) (ledger.Checkpoint, []byte, error) {
	c := ledger.Checkpoint{Origin: o.Signer.Name(), Size: size, Root: root}
	signers := []note.Signer{o.Signer}
	if o.Signers != nil {
		signers = o.Signers()
	}
	signed, err := ledger.SignCheckpoint(c, signers...)
	return c, signed, err
}

const defaultMinFree = 1 << 30

func (o Options) withDefaults() (Options, error) {
	if o.Master.IsZero() {
		return o, errors.New("store: the master key is required")
	}
	if o.Signer == nil || o.Verifier == "" {
		return o, errors.New("store: signer and verifier key are required")
	}
	if v, err := note.NewVerifier(o.Verifier); err != nil || v.Name() != o.Signer.Name() || v.KeyHash() != o.Signer.KeyHash() {
		return o, errors.New("store: the verifier key is not that of the signer")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Committing == nil {
		o.Committing = func(context.Context) func(error) { return func(error) {} }
	}
	if o.MinFree == 0 {
		o.MinFree = defaultMinFree
	}
	return o, nil
}

// The errors that a caller may test for.
var (
	// ErrNotFound: there is no such row, entry or outgoing message.
	ErrNotFound = errors.New("store: not found")
	// ErrOvertaken: another change came first. Nothing was changed; look again
	// and decide again.
	ErrOvertaken = errors.New("store: overtaken by another change")
	// ErrSeen: the message that the change handles has been handled before.
	// Nothing was changed; [Store.Seen] says what was answered.
	ErrSeen = errors.New("store: this message has been handled before")
	// ErrTooLarge: the change does not fit in one transaction, see MaxChange.
	ErrTooLarge = errors.New("store: the change is too large")
	// ErrDiskFull: too little is free on the file system. Nothing was changed;
	// it works again when there is space.
	ErrDiskFull = errors.New("store: too little free disk space, free some to continue")
	// ErrStopped: the store does not know whether its last commit is on disk and
	// does nothing any more. Close it and open it again.
	ErrStopped = errors.New("store: stopped because a write failed, start again")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store: closed")
	// ErrNoRecordKey: the content can't be opened because the record key of its
	// dossier is not there any more.
	ErrNoRecordKey = errors.New("store: the record key of the dossier has been destroyed")
	// ErrOtherHistory: the ledger does not have the entries of the backup: the store was
	// put back to an earlier state.
	ErrOtherHistory = errors.New("store: the backup has entries that this store does not have")
	// ErrExists: Create found something where the store should be made.
	ErrExists = errors.New("store: there is a store already")
	// ErrInUse: another process, or this one, has the store open.
	ErrInUse = errors.New("store: already open, stop the node that has it open first")
	// ErrMissing: Open found no store.
	ErrMissing = errors.New("store: there is no store here, or it is without its anchor")
)

// Inconsistent says that the store can't prove that its ledger is the one that
// was signed. Such a store must not be used; nothing repairs it by itself.
type Inconsistent struct {
	Entry uint64 // first entry that is affected
	End   uint64 // entry behind the last one that may be affected; 0 when no entry is known
	Tile  string // path of the damaged tile, when it is the tree and not an entry
	File  string // base name of the damaged file, when it is known
	What  string // how it is, in words without any content: "damaged", "not what was signed"
}

func (e *Inconsistent) Error() string {
	where, is := "", "is"
	switch {
	case e.End > e.Entry+1:
		where = fmt.Sprintf("entries %d to %d", e.Entry, e.End-1)
	case e.End > e.Entry:
		where = fmt.Sprintf("entry %d", e.Entry)
	}
	switch {
	case e.Tile != "" && e.File != "":
		where = fmt.Sprintf("tile %s over %s in file %s", e.Tile, where, e.File)
	case e.Tile != "":
		where = fmt.Sprintf("tile %s over %s", e.Tile, where)
	case e.File != "" && where != "":
		where = fmt.Sprintf("file %s with %s", e.File, where)
	case e.File != "":
		where = "file " + e.File
	case e.End > e.Entry+1:
		is = "are"
	}
	return fmt.Sprintf("ledger: %s %s %s", where, is, e.What)
}

// A Store is the one writer of a node's data directory. Its methods may be
// called from several goroutines at once.
type Store struct {
	options Options
	db      *badger.DB
	keys    *keyring
	units   chan *unit    // to the sequencer
	purges  chan func()   // to the sequencer, which does them between two batches
	quit    chan struct{} // closed by Close
	stopped chan struct{} // closed when the sequencer has returned

	// tree, last and anchor belong to the sequencer, and to Open before it
	// starts.
	tree   *ledger.Tree
	last   time.Time
	anchor *anchor

	// head is the newest checkpoint that is on disk and signed. Readers load
	// it; only the sequencer stores it.
	head atomic.Pointer[head]

	// fate is why the store does no more work: ErrStopped, ErrClosed, or nothing
	// yet.
	fate atomic.Pointer[error]

	mu      sync.Mutex    // held for a few instructions only
	changed chan struct{} // closed and replaced after each commit

	reading sync.RWMutex // held for reading by views, for writing by Close and Purge
	slow    sync.Mutex   // held by Backup, Verify and Purge: one at a time
	once    sync.Once    // Close

	dir        string
	recovering atomic.Pointer[Recovery] // the mark of a store that may not be written; nil for others
	marking    sync.Mutex               // held while that is changed, here and on disk

	free  func() (int64, error) // bytes free on the file system
	touch func() error          // whether the file system takes a write
	lack  error                 // what room found last; of the sequencer

	rewrapped []byte // record key up to which the master key was replaced; of the sequencer

	seam func(point string) error // nil except in tests: stops at a point of no return
}

// A head is a state of the ledger with its signature.
type head struct {
	checkpoint ledger.Checkpoint
	signed     []byte
}

// stop makes every later call fail with why. The first reason stays.
func (s *Store) stop(why error) { s.fate.CompareAndSwap(nil, &why) }

// alive returns why the store does no more work, or nil.
func (s *Store) alive() error {
	if why := s.fate.Load(); why != nil {
		return *why
	}
	return nil
}

// Close stops the store. Changes that were not applied yet fail with ErrClosed.
// Where the disk takes nothing the database is left as it is until the process
// ends; the next Open makes it good, as after a crash.
func (s *Store) Close() error {
	var err error
	s.once.Do(func() {
		s.stop(ErrClosed)
		close(s.quit)
		<-s.stopped
		s.reading.Lock() // views that are open come to their end
		defer s.reading.Unlock()
		if s.mayClose() {
			err = s.db.Close()
		}
		err = errors.Join(err, s.anchor.Close())
	})
	return err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluis/ledger"
)

// A Change is everything that one act does to the node, as a value. The store
// applies all of it in one commit or none of it.
type Change struct {
	// Dossier names the dossier whose record key seals the values of Puts and
	// the private parts of Record: a UUID or a code, never anything of a person.
	// Its record key is made at first use. Required when there are any;
	// NodeDossier is for what belongs to the node itself.
	Dossier string

	Puts    []Record
	Deletes []Deletion
	Destroy string // a dossier that ends with this change, see destroy.go; "" for none
	Send    []Outgoing
	Done    []string // IDs of outgoing messages that are finished: received, expired, withdrawn or rejected
	Seen    *Seen    // the inbound message that this change handles; nil for none
	Record  []Event  // what the ledger says happened; at least one (I3)

	purged  []string // destroyed dossiers of which nothing is left in the files
	settled string   // name of the master key under which everything is from here on; only Settle sets it
}

// NodeDossier is the dossier of what belongs to the node and to no person:
// settings, register, staff, outgoing messages.
const NodeDossier = "node"

// A Record is a row to be set.
type Record struct {
	Table string // printable ASCII, see limits.go
	Key   string // printable ASCII; never anything of a person
	Value []byte // opaque; sealed under the record key of the dossier

	// Was is the version that the caller worked from: 0 when there must be no
	// such row yet. The change fails with ErrOvertaken if it is another.
	Was uint64

	// Node seals the value under the record key of NodeDossier, whatever the
	// dossier of the change: for what an act of one dossier tells that belongs to
	// the node and must outlive it. Nothing of a person.
	Node bool

	// Index holds keys under which the row can be found with ByIndex. They stand
	// in clear in the database: pseudonyms, never what they stand for.
	Index []string
}

// A Deletion is a row to be removed. Was is as in Record and not 0.
type Deletion struct {
	Table string
	Key   string
	Was   uint64
}

// An Outgoing is a message that waits in the outbox until it is finished.
type Outgoing struct {
	ID       string // jti of the message; unique
	To       string // addressee as "OIN:capacity"
	Exchange string // to which the message belongs, or ""
	Message  []byte // what is to be sent, or names it; opaque here
	Expires  time.Time
}

// Seen names an inbound message, so that it is handled once. A second change
// with the same Issuer and ID fails with ErrSeen.
type Seen struct {
	Issuer  string // "OIN:capacity"
	ID      string // jti
	Digest  ledger.Digest
	Expires time.Time // when it may be forgotten because the message has expired
}

// An Event becomes a ledger entry. Empty text fields are written as
// ledger.None; for the rest the rules are those of ledger.Header.
type Event struct {
	Kind     string
	Exchange string
	Party    string
	As       string
	Purpose  string
	Message  ledger.Digest
	Private  []byte // plaintext; sealed under the record key of the dossier
}

// Written says where a change came to stand.
type Written struct {
	First      uint64    // index of the first entry of the change; the others follow it
	Size       uint64    // size of the tree after the commit
	Time       time.Time // of the entries
	Checkpoint []byte    // of Size, signed
}

// Version returns the version that the rows of the change have.
func (w Written) Version() uint64 { return versionOf(w.First) }

// versionOf is the version of a row that was set together with this entry. It
// is never 0 and never comes back, not even when a row is removed and made again.
func versionOf(first uint64) uint64 { return first + 1 }

// Write applies a change. When it returns nil, everything in it is on disk, and
// in the ledger, and signed. On ErrOvertaken, ErrSeen, ErrDiskFull,
// ErrReadOnly and ErrRecovering nothing has changed. ctx is watched only while the change waits for its turn.
func (s *Store) Write(ctx context.Context, c Change) (w Written, err error) {
	done := s.options.Committing(ctx)
	defer func() { done(err) }()
	if err := s.alive(); err != nil {
		return Written{}, err
	}
	if err := s.held(); err != nil {
		return Written{}, err
	}
	u, err := s.prepare(c)
	if err != nil {
		return Written{}, err
	}
	select {
	case s.units <- u:
	case <-s.stopped:
		return Written{}, s.alive()
	case <-ctx.Done():
		return Written{}, context.Cause(ctx)
	}
	select {
	case <-u.done:
	case <-s.stopped:
		// The sequencer answers before it returns. What it did not answer it
		// did not touch.
		select {
		case <-u.done:
		default:
			return Written{}, s.alive()
		}
	}
	return u.written, u.err
}

// check refuses a change that can't be applied whatever the store holds. The
// error names the field, never a value.
func (c Change) check() error {
	if len(c.Record) == 0 {
		return errors.New("store: a change must record what happened")
	}
	if len(c.Record) > maxEvents || len(c.Puts)+len(c.Deletes)+len(c.Send)+len(c.Done) > maxRows {
		return errors.New("store: a change has too many parts")
	}
	content := len(c.Puts) > 0
	rows := make(map[[2]string]bool)
	for _, p := range c.Puts {
		switch {
		case !isName(p.Table, maxTable) || !isName(p.Key, maxKey):
			return errors.New("store: a table or key is not printable ASCII or is too long")
		case len(p.Value) > MaxValue:
			return fmt.Errorf("store: a value is larger than %d bytes", MaxValue)
		case len(p.Index) > maxIndex:
			return errors.New("store: a row has too many index keys")
		case rows[[2]string{p.Table, p.Key}]:
			return errors.New("store: a row stands twice in a change")
		}
		for _, x := range p.Index {
			if !isName(x, maxKey) {
				return errors.New("store: an index key is not printable ASCII or is too long")
			}
		}
		rows[[2]string{p.Table, p.Key}] = true
	}
	for _, d := range c.Deletes {
		if d.Was == 0 || rows[[2]string{d.Table, d.Key}] {
			return errors.New("store: a row to be removed has no version or stands twice in a change")
		}
		rows[[2]string{d.Table, d.Key}] = true
	}
	for _, e := range c.Record {
		content = content || len(e.Private) > 0
	}
	if content && c.Dossier == "" {
		return errors.New("store: a change with content must name its dossier")
	}
	if c.Destroy != "" && (!isName(c.Destroy, maxKey) || c.Destroy == NodeDossier || c.Destroy == c.Dossier) {
		return errors.New("store: this dossier can't be destroyed, or not by this change")
	}
	return c.checkMessages()
}

// checkMessages checks what leaves, what is finished and what was seen.
func (c Change) checkMessages() error {
	ids := make(map[string]bool)
	for _, o := range c.Send {
		if !isName(o.ID, maxKey) || !isName(o.To, maxKey) || ids[o.ID] || len(o.Exchange) > maxKey {
			return errors.New("store: an outgoing message has no proper ID or addressee, or stands twice in a change")
		}
		if len(o.Message) > MaxValue {
			return fmt.Errorf("store: an outgoing message is larger than %d bytes", MaxValue)
		}
		ids[o.ID] = true
	}
	for _, id := range c.Done {
		if !isName(id, maxKey) || ids[id] {
			return errors.New("store: a finished message has no proper ID or stands twice in a change")
		}
		ids[id] = true
	}
	if c.Seen != nil && (!isName(c.Seen.Issuer, maxKey) || !isName(c.Seen.ID, maxKey)) {
		return errors.New("store: a handled message has no proper issuer or ID")
	}
	return nil
}

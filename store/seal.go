package store

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"sluis/crypto"
	"sluis/ledger"
)

// What a sealed value is bound to (associated data), so that it opens in its own
// place only. For the private part of an entry that is ledger.Header.Bound.
func rowBound(table, key string) []byte { return rowKey(table, key) }
func outboxBound(id string) []byte      { return outboxKey(id) }

// databaseKey is the key with which Badger encrypts its files. That keeps
// strangers from reading keys and headers; it does not authenticate anything.
func databaseKey(master crypto.Secret) []byte { return crypto.DeriveKey(master, "badger").Bytes() }

// A wrapped is a record key as it is used and as it is stored.
type wrapped struct {
	name  string // dossier
	key   crypto.RecordKey
	bytes []byte // wrapped under the master key
	fresh bool   // not known to be stored yet
}

func newRecordKey(master crypto.Secret, dossier string) (wrapped, error) {
	key := crypto.NewRecordKey()
	data, err := key.Wrap(master, dossier)
	if err != nil {
		return wrapped{}, err
	}
	return wrapped{name: dossier, key: key, bytes: data, fresh: true}, nil
}

func (w wrapped) open(sealed, bound []byte) ([]byte, error) {
	plain, err := w.key.Open(sealed, bound)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

var errRecordKey = errors.New("store: a record key does not open: it was changed or moved")

var errSealed = errors.New("store: a sealed value does not open: it was changed or moved")

// A keyring keeps the record keys that were used last, and makes new ones.
//
// Two changes may use a new dossier at the same time. Both get the same key from
// here and both carry it to the sequencer, which stores it with the first. If
// the key was dropped in between and another was made, the sequencer refuses the
// change that was sealed with the one that is not stored.
type keyring struct {
	mu     sync.Mutex
	master crypto.Secret
	former crypto.Secret // zero unless the master key is being replaced
	keys   map[string]wrapped
	// gone are the dossiers that were destroyed while somebody may be reading: a
	// snapshot of before still has their keys, and those must not come back here.
	gone map[string]bool
}

func newKeyring(master, former crypto.Secret) *keyring {
	return &keyring{master: master, former: former, keys: make(map[string]wrapped), gone: make(map[string]bool)}
}

func (k *keyring) masters() (master, former crypto.Secret) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.master, k.former
}

// rotate takes another master key. It is for the sequencer.
func (k *keyring) rotate(master, former crypto.Secret) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.master, k.former = master, former
}

func (k *keyring) forgetFormer() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.former = crypto.Secret{}
}

// unwrap opens a record key as it is stored. The caller holds mu.
func (k *keyring) unwrap(data []byte, dossier string) (crypto.RecordKey, error) {
	key, err := crypto.UnwrapRecordKey(data, k.master, dossier)
	if err != nil && !k.former.IsZero() {
		key, err = crypto.UnwrapRecordKey(data, k.former, dossier)
	}
	if err != nil {
		return crypto.RecordKey{}, errRecordKey
	}
	return key, nil
}

// renewed wraps a key under the master key of now where that is being replaced: who
// prepared a change may have had the one before.
func (k *keyring) renewed(w wrapped) (wrapped, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.former.IsZero() {
		return w, nil
	}
	data, err := w.key.Wrap(k.master, w.name)
	if err != nil {
		return w, err
	}
	w.bytes = data
	if have, ok := k.keys[w.name]; ok && have.key.Equal(w.key) {
		have.bytes = data
		k.keys[w.name] = have
	}
	return w, nil
}

// same reports whether what is stored is this key, wrapped anew since it was read.
func (k *keyring) same(w wrapped, stored []byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, err := k.unwrap(stored, w.name)
	if err != nil || !key.Equal(w.key) {
		return false
	}
	if have, ok := k.keys[w.name]; ok && have.key.Equal(key) {
		have.bytes = stored
		k.keys[w.name] = have
	}
	return true
}

// reading returns the record key of a dossier, or ErrNoRecordKey.
func (k *keyring) reading(dossier string, txn *badger.Txn) (wrapped, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known(dossier, txn)
}

// writing returns the record key of a dossier and makes it when there is none.
func (k *keyring) writing(dossier string, txn *badger.Txn) (wrapped, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w, err := k.known(dossier, txn)
	if !errors.Is(err, ErrNoRecordKey) {
		return w, err
	}
	if gone, err := has(txn, goneKey(dossier)); err != nil || gone {
		return wrapped{}, orErr(err, ErrNoRecordKey)
	}
	w, err = newRecordKey(k.master, dossier)
	if err != nil {
		return wrapped{}, err
	}
	k.keep(w)
	return w, nil
}

func (k *keyring) known(dossier string, txn *badger.Txn) (wrapped, error) {
	if w, ok := k.keys[dossier]; ok {
		return w, nil
	}
	data, err := get(txn, recordKeyKey(dossier))
	if errors.Is(err, ErrNotFound) {
		return wrapped{}, ErrNoRecordKey
	}
	if err != nil {
		return wrapped{}, err
	}
	key, err := k.unwrap(data, dossier)
	if err != nil {
		return wrapped{}, err
	}
	w := wrapped{name: dossier, key: key, bytes: data}
	k.keep(w)
	return w, nil
}

// keep adds a key. A full keyring drops one; which one does not matter.
func (k *keyring) keep(w wrapped) {
	if k.gone[w.name] {
		return
	}
	if len(k.keys) >= keyringSize {
		for name := range k.keys {
			delete(k.keys, name)
			break
		}
	}
	k.keys[w.name] = w
}

// stored notes that a key is in the database.
func (k *keyring) stored(w wrapped) {
	if w.name == "" || !w.fresh {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if have, ok := k.keys[w.name]; ok && string(have.bytes) == string(w.bytes) {
		have.fresh = false
		k.keys[w.name] = have
	}
}

// forget drops a key that turned out not to be the one that is stored.
func (k *keyring) forget(w wrapped) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if have, ok := k.keys[w.name]; ok && string(have.bytes) == string(w.bytes) {
		delete(k.keys, w.name)
	}
}

// drop forgets the key of a dossier that was destroyed.
func (k *keyring) drop(dossier string) {
	if dossier == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, dossier)
	k.gone[dossier] = true
}

// unread is called while nobody reads: no snapshot has a key any more that was dropped.
func (k *keyring) unread() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.gone)
}

// prepare makes a unit of a change: everything that is slow and everything that
// can be wrong with the change itself.
func (s *Store) prepare(c Change) (*unit, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	u := &unit{change: c, done: make(chan struct{})}
	var node wrapped
	err := s.view(func(txn *badger.Txn) (err error) {
		if c.Dossier != "" {
			if u.record, err = s.keys.writing(c.Dossier, txn); err != nil {
				return err
			}
		}
		if len(c.Send) > 0 || slices.ContainsFunc(c.Puts, func(p Record) bool { return p.Node }) {
			node, err = s.keys.reading(NodeDossier, txn)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := u.sealRows(node); err != nil {
		return nil, err
	}
	for _, o := range c.Send {
		sealed, err := node.key.Seal(marshalOutgoing(o), outboxBound(o.ID))
		if err != nil {
			return nil, err
		}
		u.sends = append(u.sends, sealed)
		u.weigh(1, len(o.ID)+len(sealed))
	}
	for _, e := range c.Record {
		if err := u.sealEvent(e); err != nil {
			return nil, err
		}
	}
	u.weigh(2+len(c.Deletes)*(1+maxIndex)+len(c.Done), 1024) // record key, seen
	u.weigh(len(c.purged), 0)
	if c.Destroy != "" {
		u.weigh(2+maxDestroyed*(2+maxIndex/8), 0)
	}
	if u.bytes > MaxChange {
		return nil, ErrTooLarge
	}
	return u, nil
}

// weigh counts what the unit adds to a transaction.
func (u *unit) weigh(keys, bytes int) {
	u.count += keys
	u.bytes += bytes + keys*128
}

func (u *unit) sealRows(node wrapped) error {
	for _, p := range u.change.Puts {
		record := u.record
		if p.Node {
			record = node
		}
		sealed, err := record.key.Seal(p.Value, rowBound(p.Table, p.Key))
		if err != nil {
			return err
		}
		b := row{dossier: record.name, index: p.Index, sealed: sealed}.marshal()
		u.rows = append(u.rows, b)
		u.weigh(1+len(p.Index)+maxIndex, len(b)+len(p.Table)+len(p.Key))
	}
	return nil
}

// sealEvent makes the entry of an event, without index and time, and tries
// whether it can be written.
func (u *unit) sealEvent(e Event) error {
	h := ledger.Header{
		Kind: e.Kind, Exchange: orNone(e.Exchange), Party: orNone(e.Party), As: orNone(e.As), Purpose: orNone(e.Purpose),
		Message: e.Message, Key: orNone(u.record.name),
	}
	var private []byte
	if len(e.Private) > 0 {
		var err error
		if private, err = u.record.key.SealPart(e.Private, h.Bound()); err != nil {
			return err
		}
	}
	entry := ledger.Seal(h, private)
	trial := entry
	trial.Index, trial.Time = ledger.MaxSize-1, time.Unix(0, 0).UTC().AddDate(40, 0, 0) // any that a header can have
	data, err := trial.Marshal()
	if err != nil {
		return err
	}
	u.entries = append(u.entries, entry)
	u.weigh(2, len(data)+2048) // hashes: at most 49 of 32 bytes
	return nil
}

func orNone(s string) string {
	if s == "" {
		return ledger.None
	}
	return s
}

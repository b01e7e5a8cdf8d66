package store

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/dgraph-io/badger/v4"

	"sluis/ledger"
)

// A proof is the walk over the whole ledger at start (I10): every entry is read
// and hashed again and compared with the stored hashes, and both with the
// anchor.
//
// When an entry and its stored leaf hash differ, either may be the damaged one.
// From there on two trees are grown, one from the entries and one from the
// stored leaf hashes. When that of the entries has the root of the anchor, the
// stored hash is the damaged one.
type proof struct {
	anchor ledger.Checkpoint

	entries *ledger.Tree // grown from the entries
	stored  *ledger.Tree // grown from the stored leaf hashes; nil while they are the same
	last    time.Time    // of the last entry

	entriesRoot ledger.Hash // at the size of the anchor

	// The first of each that was found, or nil.
	leaf *Inconsistent // an entry is not the leaf that is stored
	tile *Inconsistent // a stored hash is not that of what is below it
	form *Inconsistent // an entry can't be read, or is out of order
}

// prove walks over the ledger and returns the tree and the time of the last
// entry, or an Inconsistent.
func prove(db *badger.DB, anchor ledger.Checkpoint) (*ledger.Tree, time.Time, error) {
	p := &proof{anchor: anchor, entries: new(ledger.Tree)}
	p.atAnchor()
	if err := p.walk(db); err != nil {
		return nil, time.Time{}, err
	}
	if err := p.verdict(); err != nil {
		return nil, time.Time{}, err
	}
	return p.entries, p.last, nil
}

// A reading is what the proof needs of an entry: its place and its leaf hash,
// and what its header says.
type reading struct {
	place uint64 // from the key
	leaf  ledger.Hash
	index uint64
	time  time.Time
	err   error // of reading it as an entry
}

// readEntries reads and hashes every entry, in order, until there are no more or
// stop is closed. It takes most of the time of the proof, so it runs beside it.
func readEntries(txn *badger.Txn, out chan<- []reading, stop <-chan struct{}) {
	defer close(out)
	it := walkPrefix(txn, entryPrefix)
	defer it.Close()
	const each = 256
	batch := make([]reading, 0, each)
	for more := it.Valid(); more; {
		batch = append(batch, readEntry(it.Item()))
		it.Next()
		if more = it.Valid(); more && len(batch) < each {
			continue
		}
		select {
		case out <- batch:
			batch = make([]reading, 0, each)
		case <-stop:
			return
		}
	}
}

func readEntry(item *badger.Item) (r reading) {
	place, ok := numberOf(item.Key())
	if !ok {
		place = math.MaxUint64
	}
	err := item.Value(func(entry []byte) error {
		e, err := ledger.ParseEntry(entry)
		r = reading{leaf: ledger.LeafHash(entry), index: e.Index, time: e.Time, err: err}
		return nil
	})
	r.place, r.err = place, orErr(err, r.err)
	return r
}

// walk takes entries and stored hashes side by side. It counts for itself: an
// iterator of Badger may end early without an error.
func (p *proof) walk(db *badger.DB) error {
	txn := db.NewTransaction(false) // one snapshot for both: the store may be at work
	defer txn.Discard()
	entries, stop := make(chan []reading, 4), make(chan struct{})
	go readEntries(txn, entries, stop)
	defer func() {
		close(stop)
		for range entries { // until it has let go of the snapshot
		}
	}()
	hashes := walkPrefix(txn, hashesPrefix)
	defer hashes.Close()
	for batch := range entries {
		for _, e := range batch {
			n := p.entries.Size()
			if e.place != n {
				return p.missing(n, "missing")
			}
			if !hashes.Valid() || !isNumber(hashes.Item().Key(), n) {
				return p.missing(n, "without stored hashes")
			}
			err := hashes.Item().Value(func(stored []byte) error {
				p.step(e, stored)
				return nil
			})
			if err != nil {
				return &Inconsistent{Entry: n, End: n + 1, What: "without readable stored hashes"}
			}
			hashes.Next()
		}
	}
	if hashes.Valid() {
		return p.missing(p.entries.Size(), "missing")
	}
	return nil
}

func walkPrefix(txn *badger.Txn, prefix string) *badger.Iterator {
	o := badger.DefaultIteratorOptions
	o.PrefetchValues = false // the values are in the tables
	o.Prefix = []byte(prefix)
	it := txn.NewIterator(o)
	it.Rewind()
	return it
}

func isNumber(key []byte, n uint64) bool {
	got, ok := numberOf(key)
	return ok && got == n
}

// missing reports a gap, unless something was found before it.
func (p *proof) missing(n uint64, what string) error {
	return first(p.form, p.leaf, p.tile, &Inconsistent{Entry: n, End: max(n+1, p.anchor.Size), What: what})
}

// first returns what concerns the lowest entry. Of equals the first comes first.
func first(found ...*Inconsistent) *Inconsistent {
	var lowest *Inconsistent
	for _, f := range found {
		if f != nil && (lowest == nil || f.Entry < lowest.Entry) {
			lowest = f
		}
	}
	return lowest
}

// step takes the next entry and the hashes that are stored for it.
func (p *proof) step(e reading, stored []byte) {
	n, leaf := p.entries.Size(), e.leaf
	p.readable(n, e)
	if p.stored == nil && !bytes.HasPrefix(stored, leaf[:]) {
		p.leaf = &Inconsistent{Entry: n, End: n + 1, What: "not what was signed"}
		p.stored = p.entries.Clone()
	}
	want := p.entries.Append(leaf)
	if p.stored != nil {
		copy(leaf[:], stored)
		want = p.stored.Append(leaf)
	}
	p.compare(n, want, stored)
	p.atAnchor()
}

// readable checks that what was read is the n'th entry.
func (p *proof) readable(n uint64, e reading) {
	if p.form != nil {
		return
	}
	switch {
	case e.err != nil:
		p.form = &Inconsistent{Entry: n, End: n + 1, What: "not what was signed: it can't be read as an entry"}
	case e.index != n:
		p.form = &Inconsistent{Entry: n, End: n + 1, What: fmt.Sprintf("not what was signed: it says that it is entry %d", e.index)}
	case e.time.Before(p.last):
		p.form = &Inconsistent{Entry: n, End: n + 1, What: "not what was signed: it is older than the entry before it"}
	}
	p.last = e.time
}

// compare checks stored hashes against those that were computed.
func (p *proof) compare(n uint64, want []ledger.StoredHash, stored []byte) {
	if p.tile != nil {
		return
	}
	for _, w := range want {
		if bytes.HasPrefix(stored, w.Hash[:]) {
			stored = stored[len(w.Hash):]
			continue
		}
		p.tile = p.damaged(w.Index)
		return
	}
	if len(stored) > 0 {
		p.tile = p.damaged(want[len(want)-1].Index)
	}
}

// damaged names the tile that a stored hash is in, as wide as it is by now.
func (p *proof) damaged(index int64) *Inconsistent {
	t := ledger.TileOf(index, max(p.entries.Size(), p.anchor.Size))
	first, end := t.Covers()
	return &Inconsistent{Entry: first, End: end, Tile: t.Path(), What: "damaged"}
}

// atAnchor notes the root when the tree has the size of the anchor.
func (p *proof) atAnchor() {
	if p.entries.Size() == p.anchor.Size {
		p.entriesRoot = p.entries.Root()
	}
}

// verdict weighs what was found.
func (p *proof) verdict() error {
	size := p.entries.Size()
	worst := first(p.form, p.leaf)
	switch {
	case worst != nil && worst == p.leaf && p.leaf.Entry < p.anchor.Size && p.entriesRoot == p.anchor.Root:
		// The entries are those that were signed: the stored leaf is damaged.
		return p.damaged(ledger.StoredHashes(p.leaf.Entry)) // the index of its leaf
	case worst != nil:
		return worst
	case size < p.anchor.Size:
		return &Inconsistent{Entry: size, End: p.anchor.Size, What: fmt.Sprintf("missing: %d were signed", p.anchor.Size)}
	case p.tile != nil:
		return p.tile
	case p.entriesRoot != p.anchor.Root:
		return &Inconsistent{Entry: 0, End: p.anchor.Size, What: "not all what was signed: they agree with each other but not with the anchor"}
	}
	return nil
}

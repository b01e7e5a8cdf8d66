package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"sluis/ledger"
	"sluis/store"
)

// tampered makes a store with so many entries, closed, and opens its database.
func tampered(t *testing.T, entries int) *store.Tampering {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < entries; {
		c := store.Change{Dossier: exchange}
		for ; n < entries && len(c.Record) < 64; n++ {
			c.Record = append(c.Record, event(n))
		}
		if _, err := s.Write(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	x, err := store.Tamper(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Prove(); err != nil {
			t.Errorf("after all was put back: %v", err)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// with sets a key for the time of a call.
func with(t *testing.T, x *store.Tampering, key, value []byte, do func(before []byte)) {
	t.Helper()
	before, err := x.Get(key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if err := x.Set(key, value); err != nil {
		t.Fatal(err)
	}
	do(before)
	if err := x.Set(key, before); err != nil {
		t.Fatal(err)
	}
}

// found returns what a proof found. It fails the test when it found nothing.
func found(t *testing.T, err error, how string) store.Inconsistent {
	t.Helper()
	var i *store.Inconsistent
	if !errors.As(err, &i) {
		t.Errorf("%s: the proof says %v", how, err)
		return store.Inconsistent{}
	}
	return *i
}

const many = 300 // more than a tile

// some are entries at the edges of subtrees and tiles, and some between.
func some() []uint64 {
	var ns []uint64
	for n := range uint64(many) {
		if n < 9 || n%32 == 31 || n == 254 || n == 256 || n >= many-2 {
			ns = append(ns, n)
		}
	}
	return ns
}

// Every entry with a byte changed is named, whichever byte.
func TestChangedEntryIsNamed(t *testing.T) {
	x := tampered(t, many)
	for n := range uint64(many) {
		good, err := x.Get(store.EntryKey(n))
		if err != nil {
			t.Fatal(err)
		}
		at := int(n*7) % len(good)
		if n%3 == 0 { // digits and letters of the header that leave it readable
			at = bytes.Index(good, []byte("exchange ")) + len("exchange ") + int(n%8)
		}
		bad := bytes.Clone(good)
		bad[at] ^= 1
		with(t, x, store.EntryKey(n), bad, func([]byte) {
			i := found(t, x.Prove(), fmt.Sprintf("byte %d of entry %d changed", at, n))
			if i.Entry != n || i.End != n+1 || i.Tile != "" {
				t.Errorf("byte %d of entry %d changed: %v", at, n, &i)
			}
		})
	}
}

// Every stored hash with a bit changed is named as a tile that holds it, or
// from whose hashes it is made.
func TestChangedHashIsNamed(t *testing.T) {
	x := tampered(t, many)
	for _, n := range some() {
		good, err := x.Get(store.HashesKey(n))
		if err != nil {
			t.Fatal(err)
		}
		for level := range len(good) / 32 {
			bad := bytes.Clone(good)
			bad[level*32+int(n%32)] ^= 0x80
			want := ledger.Tile{Level: level / 8, Index: n >> (8 * (level/8 + 1)), Width: min(256, many>>(8*(level/8))-int(n>>(8*(level/8+1)))*256)}
			with(t, x, store.HashesKey(n), bad, func([]byte) {
				how := fmt.Sprintf("hash of entry %d at level %d changed", n, level)
				i := found(t, x.Prove(), how)
				if i.Tile != want.Path() || n < i.Entry || n >= i.End {
					t.Errorf("%s: %v, want tile %v", how, &i, want)
				}
			})
		}
		for _, bad := range [][]byte{good[:len(good)-1], append(bytes.Clone(good), good...), {}} {
			with(t, x, store.HashesKey(n), bad, func([]byte) {
				found(t, x.Prove(), fmt.Sprintf("hashes of entry %d of another length", n))
			})
		}
	}
}

// An entry or its hashes that are gone are named, in the middle as at the end.
func TestMissingIsNamed(t *testing.T) {
	x := tampered(t, many)
	for _, n := range some() {
		with(t, x, store.EntryKey(n), nil, func([]byte) {
			if i := found(t, x.Prove(), fmt.Sprintf("entry %d removed", n)); i.Entry != n {
				t.Errorf("entry %d removed: %v", n, &i)
			}
		})
		with(t, x, store.HashesKey(n), nil, func([]byte) {
			if i := found(t, x.Prove(), fmt.Sprintf("hashes of entry %d removed", n)); i.Entry != n {
				t.Errorf("hashes of entry %d removed: %v", n, &i)
			}
		})
	}
	// The end cut off cleanly, entries with their hashes: what Badger makes of a
	// damaged write-ahead log.
	type pair struct{ entry, hashes []byte }
	var cut []pair
	for n := many - 1; n >= 0; n-- {
		e, err1 := x.Get(store.EntryKey(uint64(n)))
		h, err2 := x.Get(store.HashesKey(uint64(n)))
		if err := errors.Join(err1, err2, x.Set(store.EntryKey(uint64(n)), nil), x.Set(store.HashesKey(uint64(n)), nil)); err != nil {
			t.Fatal(err)
		}
		cut = append(cut, pair{e, h})
		if i := found(t, x.Prove(), fmt.Sprintf("cut off from %d", n)); i.Entry != uint64(n) || i.End != many {
			t.Errorf("cut off from %d: %v", n, &i)
		}
	}
	for i, p := range cut {
		n := uint64(many - 1 - i)
		if err := errors.Join(x.Set(store.EntryKey(n), p.entry), x.Set(store.HashesKey(n), p.hashes)); err != nil {
			t.Fatal(err)
		}
	}
}

// A history that was written again, hashes and all, agrees with itself and is
// still found out.
func TestRewrittenHistory(t *testing.T) {
	x := tampered(t, 20)
	type pair struct{ entry, hashes []byte }
	before := make([]pair, 20)
	tree := new(ledger.Tree)
	for n := range uint64(20) {
		var err error
		if before[n].entry, err = x.Get(store.EntryKey(n)); err != nil {
			t.Fatal(err)
		}
		if before[n].hashes, err = x.Get(store.HashesKey(n)); err != nil {
			t.Fatal(err)
		}
		data := before[n].entry
		if n == 7 {
			e, err := ledger.ParseEntry(data)
			if err != nil {
				t.Fatal(err)
			}
			e.Kind = "something-else"
			if data, err = e.Marshal(); err != nil {
				t.Fatal(err)
			}
		}
		var hashes []byte
		for _, h := range tree.Append(ledger.LeafHash(data)) {
			hashes = append(hashes, h.Hash[:]...)
		}
		if err := errors.Join(x.Set(store.EntryKey(n), data), x.Set(store.HashesKey(n), hashes)); err != nil {
			t.Fatal(err)
		}
	}
	if i := found(t, x.Prove(), "rewritten from entry 7"); i.Entry != 0 || i.End != 20 {
		t.Errorf("rewritten from entry 7: %v", &i)
	}
	for n, p := range before {
		if err := errors.Join(x.Set(store.EntryKey(uint64(n)), p.entry), x.Set(store.HashesKey(uint64(n)), p.hashes)); err != nil {
			t.Fatal(err)
		}
	}
}

// Two entries in each other's place, with hashes that fit, are out of order.
func TestSwappedEntries(t *testing.T) {
	x := tampered(t, 9)
	a, err1 := x.Get(store.EntryKey(3))
	b, err2 := x.Get(store.EntryKey(4))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	with(t, x, store.EntryKey(3), b, func([]byte) {
		with(t, x, store.EntryKey(4), a, func([]byte) {
			if i := found(t, x.Prove(), "swapped"); i.Entry != 3 {
				t.Errorf("swapped: %v", &i)
			}
		})
	})
}

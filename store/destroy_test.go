package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"sluis/store"
)

// A file is something of a dossier to be destroyed.
func file(dossier, key, value string) store.Change {
	return store.Change{
		Dossier: dossier,
		Puts:    []store.Record{{Table: "exchange", Key: key, Value: []byte(value), Index: []string{"person/" + dossier}}},
		Record:  []store.Event{{Kind: "request-received", Exchange: exchange, Private: []byte("who asked about " + key)}},
	}
}

func destruction(dossier string) store.Change {
	return store.Change{Dossier: store.NodeDossier, Destroy: dossier, Record: []store.Event{{Kind: "dossier-destroyed", Private: []byte("{}")}}}
}

func purged(count int) store.Event {
	return store.Event{Kind: "dossiers-purged", Private: []byte(fmt.Sprint(count))}
}

func TestDestroy(t *testing.T) {
	s := create(t)
	first := s.write(file("d1", "a", "content"))
	s.write(file("d1", "b", "more"))
	s.write(file("d10", "a10", "of a dossier whose name begins alike"))
	gone := s.write(destruction("d1"))

	for _, key := range []string{"a", "b"} {
		if _, _, err := s.Get("exchange", key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("row %s: %v", key, err)
		}
	}
	if rows, err := s.ByIndex("person/d1"); err != nil || len(rows) > 0 {
		t.Errorf("found by its index: %d rows, %v", len(rows), err)
	}
	e, err := s.Entry(first.First)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := s.Private(e); !errors.Is(err, store.ErrNoRecordKey) {
		t.Errorf("the private part is %q, %v", plain, err)
	}
	if value, _, err := s.Get("exchange", "a10"); err != nil || string(value) != "of a dossier whose name begins alike" {
		t.Errorf("the other dossier: %q, %v", value, err)
	}
	// The name does not come back, not even with a fresh key.
	for name, c := range map[string]store.Change{
		"a row":       file("d1", "c", "again"),
		"an entry":    {Dossier: "d1", Record: []store.Event{{Kind: "viewed", Private: []byte("{}")}}},
		"twice":       destruction("d1"),
		"never there": destruction("d2"),
	} {
		if _, err := s.Write(t.Context(), c); !errors.Is(err, store.ErrNoRecordKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []store.Change{destruction(store.NodeDossier), {Dossier: "d10", Destroy: "d10", Record: destruction("d10").Record}} {
		if _, err := s.Write(t.Context(), c); err == nil {
			t.Errorf("destroyed %s by a change in %s", c.Destroy, c.Dossier)
		}
	}
	all, err := s.Destroyed("", 10)
	if err != nil || len(all) != 1 || all[0] != (store.Destroyed{Dossier: "d1", Entry: gone.First}) {
		t.Errorf("destroyed are %+v, %v", all, err)
	}
}

// Who still reads the state of before a dossier was destroyed does not bring its key
// back for those who come after, nor for a change.
func TestDestroyBesideAReader(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	s := openAs(t, dir, options(t))
	w, err := s.Write(t.Context(), file("d1", "a", "content"))
	if err != nil {
		t.Fatal(err)
	}
	closeIt(t, s)
	s = openAs(t, dir, options(t)) // and has no key in memory
	e, err := s.Entry(w.First)
	if err != nil {
		t.Fatal(err)
	}
	err = s.OpenAfter(e, func() {
		if _, err := s.Write(t.Context(), destruction("d1")); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Errorf("who read before: %v", err)
	}
	for range 2 { // also when the files were rewritten
		if plain, err := s.Private(e); !errors.Is(err, store.ErrNoRecordKey) {
			t.Errorf("the private part is %q, %v", plain, err)
		}
		if _, err := s.Purge(t.Context(), purged); err != nil {
			t.Fatal(err)
		}
	}
}

// A row that moves to another dossier is destroyed with that one.
func TestDestroyFollowsTheRow(t *testing.T) {
	s := create(t)
	w := s.write(file("d1", "a", "content"))
	moved := file("d2", "a", "content")
	moved.Puts[0].Was = w.Version()
	s.write(moved)
	s.write(destruction("d1"))
	if value, _, err := s.Get("exchange", "a"); err != nil || string(value) != "content" {
		t.Errorf("the row in its new dossier: %q, %v", value, err)
	}
	s.write(destruction("d2"))
	if _, _, err := s.Get("exchange", "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the row is left: %v", err)
	}
}

// A row of the node that a change in a dossier sets outlives that dossier.
func TestDestroyLeavesRowsOfTheNode(t *testing.T) {
	s := create(t)
	c := file("d1", "a", "content")
	c.Puts = append(c.Puts, store.Record{Table: "witness", Key: "ledger", Value: []byte("of the node"), Node: true})
	s.write(c)
	s.write(destruction("d1"))
	if _, err := s.Write(t.Context(), destruction("d1")); !errors.Is(err, store.ErrNoRecordKey) {
		t.Errorf("destroyed twice: %v", err)
	}
	if value, _, err := s.Get("witness", "ledger"); err != nil || string(value) != "of the node" {
		t.Errorf("the row of the node: %q, %v", value, err)
	}
	if n, err := s.Purge(t.Context(), purged); err != nil || n != 1 {
		t.Errorf("purged %d, %v", n, err)
	}
}

// A dossier with more rows than one change can remove is unreadable at once, and
// gone after some more.
func TestDestroyManyRows(t *testing.T) {
	s := create(t)
	const rows = store.MaxDestroyed + 20
	for i := 0; i < rows; i += 200 {
		c := file("d1", fmt.Sprint("k", i), "content")
		for j := i + 1; j < min(i+200, rows); j++ {
			c.Puts = append(c.Puts, store.Record{Table: "exchange", Key: fmt.Sprint("k", j), Value: []byte("content")})
		}
		s.write(c)
	}
	s.write(file("d2", "other", "stays"))
	s.write(destruction("d1"))
	if left, err := s.List("exchange", "", 1000); err != nil || len(left) != 1 || left[0].Key != "other" {
		t.Errorf("listed are %d rows, %v", len(left), err)
	}
	if _, err := s.Purge(t.Context(), purged); !errors.Is(err, store.ErrStillThere) {
		t.Errorf("purged with rows left: %v", err)
	}
	s.write(destruction("d1"))
	if _, err := s.Write(t.Context(), destruction("d1")); !errors.Is(err, store.ErrNoRecordKey) {
		t.Errorf("a third time: %v", err)
	}
	if n, err := s.Purge(t.Context(), purged); err != nil || n != 1 {
		t.Errorf("purged %d, %v", n, err)
	}
}

// After a purge neither content nor key of a destroyed dossier is in any file,
// not even for who has the master key (I8).
func TestPurge(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	// Enough for several tables and levels, and rows that were written twice.
	const dossiers = 15
	big := string(bytes.Repeat([]byte("content of a dossier "), 25_000))
	needles := map[string][][]byte{}
	for round := range 2 {
		for i := range dossiers {
			name := fmt.Sprintf("d%02d", i)
			c := file(name, name, fmt.Sprint(name, " ", round, big))
			if _, version, err := s.Get("exchange", name); err == nil {
				c.Puts[0].Was = version
			}
			if _, err := s.Write(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			key, err1 := s.WrappedKey(name)
			row, err2 := s.SealedRow("exchange", name)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			// Sealed values are random: a piece of them is enough to know them by.
			needles[name] = append(needles[name], key, row[len(row)-64:])
		}
	}
	if s, err = reopen(t, s, dir); err != nil {
		t.Fatal(err)
	}
	var gone, kept []string
	for i := range dossiers {
		name := fmt.Sprintf("d%02d", i)
		if i%3 > 0 {
			kept = append(kept, name)
			continue
		}
		gone = append(gone, name)
		if _, err := s.Write(t.Context(), destruction(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil { // else the files change while they are searched
		t.Fatal(err)
	}
	if held := holding(t, dir, needles, gone); len(held) == 0 {
		t.Error("before the purge nothing is found: the search is blind")
	}
	if s, err = store.Open(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	size := s.Size()
	n, err := s.Purge(t.Context(), purged)
	if err != nil || n != len(gone) {
		t.Fatalf("purged %d of %d, %v", n, len(gone), err)
	}
	if held := holding(t, dir, needles, gone); len(held) > 0 {
		t.Errorf("still in the files: %v", held)
	}
	if held := holding(t, dir, needles, kept); len(held) != len(kept) {
		t.Errorf("of %d dossiers that were kept %d are in the files", len(kept), len(held))
	}
	for _, name := range kept {
		if value, _, err := s.Get("exchange", name); err != nil || string(value) != fmt.Sprint(name, " ", 1, big) {
			t.Errorf("%s: %d bytes, %v", name, len(value), err)
		}
	}
	if got := s.Size(); got != size+1 {
		t.Errorf("the purge wrote %d entries", got-size)
	}
	if n, err := s.Purge(t.Context(), purged); err != nil || n != 0 || s.Size() != size+1 {
		t.Errorf("purged again: %d, %v, %d entries", n, err, s.Size()-size)
	}
	if s, err = reopen(t, s, dir); err != nil {
		t.Fatal(err)
	}
	if held := holding(t, dir, needles, gone); len(held) > 0 {
		t.Errorf("after a restart in the files: %v", held)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func reopen(t *testing.T, s *store.Store, dir string) (*store.Store, error) {
	t.Helper()
	if err := s.Close(); err != nil {
		return nil, err
	}
	return store.Open(dir, options(t))
}

// holding lists the dossiers of which something is in the files: in the rows of
// the tables when they are decrypted, or in any file as it is.
func holding(t *testing.T, dir string, needles map[string][][]byte, names []string) (held []string) {
	t.Helper()
	var raw []byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		raw = append(raw, bytes.TrimRight(b, "\x00")...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		found := false
		for _, needle := range needles[name] {
			in, err := store.FilesHold(dir, options(t), needle)
			if err != nil {
				t.Fatal(err)
			}
			found = found || in || bytes.Contains(raw, needle)
		}
		if found {
			held = append(held, name)
		}
	}
	return held
}

// A node that dies while it destroys or purges has, when it starts again, either
// destroyed the dossier or not, and can purge.
func TestDiesWhileDestroying(t *testing.T) {
	for _, point := range append(append([]string{}, store.Points...), store.PurgePoints...) {
		t.Run(point, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			if err := store.Create(dir, options(t)); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(dir, options(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"d1", "d2"} {
				if _, err := s.Write(t.Context(), file(name, name, "content")); err != nil {
					t.Fatal(err)
				}
			}
			dead, copied := filepath.Join(t.TempDir(), "dead"), false
			s.SetSeam(func(at string) error {
				if at == point && !copied {
					copied = true
					copyDir(t, dir, dead)
				}
				return nil
			})
			if _, err := s.Write(t.Context(), destruction("d1")); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Purge(t.Context(), purged); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil || !copied {
				t.Fatalf("copied: %v, %v", copied, err)
			}
			again := open(t, dead)
			_, _, rowErr := again.Get("exchange", "d1")
			gone, err := again.Destroyed("", 10)
			if err != nil || (rowErr == nil) != (len(gone) == 0) {
				t.Fatalf("the row: %v, destroyed: %+v, %v", rowErr, gone, err)
			}
			if len(gone) == 0 {
				again.write(destruction("d1"))
			}
			if n, err := again.Purge(t.Context(), purged); err != nil || n != 1 {
				t.Errorf("purged %d, %v", n, err)
			}
			if value, _, err := again.Get("exchange", "d2"); err != nil || string(value) != "content" {
				t.Errorf("the other dossier: %q, %v", value, err)
			}
		})
	}
}

// Writers and readers beside a purge lose nothing and are told nothing wrong.
func TestPurgeBesideOthers(t *testing.T) {
	s := create(t)
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	for w := range 4 {
		work.Go(func() {
			for i := 0; ctx.Err() == nil && i < 100; i++ {
				name := fmt.Sprintf("w%d-%d", w, i)
				if _, err := s.Write(context.Background(), file(name, name, name)); err != nil {
					t.Errorf("write: %v", err)
					return
				}
				if value, _, err := s.Get("exchange", name); err != nil || string(value) != name {
					t.Errorf("read back %q, %v", value, err)
					return
				}
			}
		})
	}
	for i := range 5 {
		name := fmt.Sprint("d", i)
		s.write(file(name, name, name))
		s.write(destruction(name))
		if n, err := s.Purge(t.Context(), purged); err != nil || n != 1 {
			t.Errorf("purged %d, %v", n, err)
		}
	}
	stop()
	work.Wait()
}

package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sluis/store"
)

// ofVersion are the options of a program that knows a version. From each to the
// next, a row that ends in "of N" ends in "of N+1", and no other row may come by:
// one that is led twice, or passed over, is found out.
func ofVersion(t testing.TB, version int, seen func(key string) error) store.Options {
	o := options(t)
	for v := 1; v < version; v++ {
		o.Migration.Steps = append(o.Migration.Steps, store.Step{Row: func(table, key string, value []byte) ([]byte, error) {
			if seen != nil {
				if err := seen(key); err != nil {
					return nil, err
				}
			}
			if key == "as-it-is" {
				return value, nil
			}
			rest, ok := bytes.CutSuffix(value, fmt.Appendf(nil, "of %d", v))
			if !ok {
				return nil, errors.New("it is not of that version")
			}
			return fmt.Appendf(rest, "of %d", v+1), nil
		}})
	}
	o.Migration.Event = func(m store.Moved) (store.Event, error) {
		part, err := json.Marshal(m)
		return store.Event{Kind: "storage-migrated", Private: part}, err
	}
	return o
}

// rowsOf are the values of a store, without the letters that make them long.
func rowsOf(t *testing.T, s *store.Store) (all []string) {
	t.Helper()
	rows, err := s.List("exchange", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%s %d %s", r.Key, r.Version, strings.TrimLeft(string(r.Value), "x")))
	}
	return all
}

// sums are those of all that stands in a directory.
func sums(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all[path] = sha256.Sum256(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func openAs(t *testing.T, dir string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // twice is as good as once
	return s
}

func closeIt(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// old is a store of version 1 with more than one commit of a migration can hold,
// in which one dossier is destroyed.
func old(t *testing.T) (dir string, before []string, whole []byte) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, ofVersion(t, 1, nil)); err != nil {
		t.Fatal(err)
	}
	s := openAs(t, dir, ofVersion(t, 1, nil))
	for i := range 6 {
		value := strings.Repeat("x", 700_000) + " of 1"
		change := file(fmt.Sprintf("d-%d", i), fmt.Sprintf("row-%d", i), value)
		change.Puts[0].Index = []string{"person/one"}
		if i == 5 {
			change = file("d-gone", "gone", value)
		}
		if _, err := s.Write(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Write(t.Context(), file("d-0", "as-it-is", "no number")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), destruction("d-gone")); err != nil {
		t.Fatal(err)
	}
	before = rowsOf(t, s)
	var out bytes.Buffer
	if _, err := s.Backup(t.Context(), &out, store.BackupPoint{}); err != nil {
		t.Fatal(err)
	}
	closeIt(t, s)
	return dir, before, out.Bytes()
}

func led(rows []string, to int) (after []string) {
	for _, r := range rows {
		after = append(after, strings.Replace(r, "of 1", fmt.Sprintf("of %d", to), 1))
	}
	return after
}

// A store of an earlier version is led to this one whatever comes in between:
// each row once, each commit with its entry, and what a row is found by, and
// its version, stay.
func TestMigrates(t *testing.T) {
	dir, before, _ := old(t)
	seen := map[string]int{}
	broken := errors.New("the machine stops")
	for stop, rows := range []int{1, 3, 2} { // ends in the midst of the first, second and third commit
		_, err := store.Open(dir, ofVersion(t, 2, func(key string) error {
			if len(seen) == rows {
				return broken
			}
			seen[key]++
			return nil
		}))
		if !errors.Is(err, broken) {
			t.Fatalf("opened although a row could not be led over: %v", err)
		}
		clear(seen) // a commit that was not made is made again, with all its rows
		if stop == 0 {
			continue
		}
		// It is of the new version from the first commit on.
		var newer *store.Newer
		if _, err := store.Open(dir, ofVersion(t, 1, nil)); !errors.As(err, &newer) || newer.Found != 2 || newer.Known != 1 {
			t.Fatalf("an older program opened what is half led over: %v", err)
		}
	}
	s := openAs(t, dir, ofVersion(t, 2, nil))
	if got, want := rowsOf(t, s), led(before, 2); !slices.Equal(got, want) {
		t.Errorf("the rows are\n%q, want\n%q", got, want)
	}
	found, err := s.ByIndex("person/one")
	if err != nil || len(found) != 5 {
		t.Errorf("found %d rows by their index key, want 5 (%v)", len(found), err)
	}
	if told := migrations(t, s); len(told) < 3 || told[len(told)-1] != (store.Moved{From: 1, To: 2, Rows: 5}) {
		t.Errorf("the ledger says %v", told)
	}
	size := s.Size()
	closeIt(t, s)
	if s = openAs(t, dir, ofVersion(t, 2, nil)); s.Size() != size {
		t.Errorf("opened again it has %d entries, want %d", s.Size(), size)
	}
	closeIt(t, s)
	// Two versions at once, and the rows keep on taking changes.
	s = openAs(t, dir, ofVersion(t, 4, nil))
	if got, want := rowsOf(t, s), led(before, 4); !slices.Equal(got, want) {
		t.Errorf("the rows are\n%q, want\n%q", got, want)
	}
	if _, err := s.Write(t.Context(), file("d-new", "new", "of 4")); err != nil {
		t.Error(err)
	}
}

// migrations are the entries that say that the store was led to a newer version.
func migrations(t *testing.T, s *store.Store) (told []store.Moved) {
	t.Helper()
	for i := range s.Size() {
		e, err := s.Entry(i)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind != "storage-migrated" {
			continue
		}
		part, err := s.Private(e)
		var m store.Moved
		if err != nil || json.Unmarshal(part, &m) != nil {
			t.Fatalf("entry %d can't be read: %v", i, err)
		}
		told = append(told, m)
	}
	return told
}

// An older program refuses a store of a newer one, says which is which, and
// leaves every byte as it was.
func TestNewerIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, ofVersion(t, 3, nil)); err != nil {
		t.Fatal(err)
	}
	s := openAs(t, dir, ofVersion(t, 3, nil))
	if _, err := s.Write(t.Context(), file("d", "row", "of 3")); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if _, err := s.Backup(t.Context(), &backup, store.BackupPoint{}); err != nil {
		t.Fatal(err)
	}
	closeIt(t, s)
	before := sums(t, dir)
	refuses := func(err error) {
		t.Helper()
		if newer := (*store.Newer)(nil); !errors.As(err, &newer) || *newer != (store.Newer{Found: 3, Known: 2}) {
			t.Fatalf("it says %v", err)
		}
	}
	_, err := store.Open(dir, ofVersion(t, 2, nil))
	refuses(err)
	refuses(store.Rename(dir, ofVersion(t, 2, nil), ofVersion(t, 2, nil)))
	if after := sums(t, dir); !reflect.DeepEqual(before, after) {
		t.Error("a file was touched")
	}
	into := filepath.Join(t.TempDir(), "restored")
	_, err = store.Restore(into, ofVersion(t, 2, nil), readers(backup.Bytes()), nil)
	refuses(err)
	if left := sums(t, into); len(left) > 0 {
		t.Errorf("a refused restore left %d files", len(left))
	}
	// Who takes the file away does not get past the database.
	if err := os.Remove(filepath.Join(dir, "format")); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(dir, ofVersion(t, 2, nil))
	refuses(err)
	s = openAs(t, dir, ofVersion(t, 3, nil))
	if rows := rowsOf(t, s); !slices.Equal(rows, []string{"row 1 of 3"}) {
		t.Errorf("the newer program finds %q", rows)
	}
}

// A backup of an earlier version restores: its rows are led over at once, its
// ledger does not grow before it is released, and then it says so.
func TestOldBackup(t *testing.T) {
	_, before, whole := old(t)
	dir := filepath.Join(t.TempDir(), "restored")
	o := ofVersion(t, 2, nil)
	r, err := store.Restore(dir, o, readers(whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := openAs(t, dir, o)
		if got, want := rowsOf(t, s), led(before, 2); !slices.Equal(got, want) {
			t.Errorf("the rows are\n%q, want\n%q", got, want)
		}
		if s.Size() != r.Size {
			t.Fatalf("the ledger grew to %d entries before it was released, from %d", s.Size(), r.Size)
		}
		closeIt(t, s)
	}
	s := openAs(t, dir, ofVersion(t, 3, nil)) // another upgrade before it is released
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if told := migrations(t, s); !slices.Equal(told, []store.Moved{{From: 1, To: 3, Rows: 10}}) || s.Size() != r.Size+1 {
		t.Errorf("the ledger says %v and has %d entries", told, s.Size())
	}
	if got, want := rowsOf(t, s), led(before, 3); !slices.Equal(got, want) {
		t.Errorf("the rows are\n%q, want\n%q", got, want)
	}
}

// An upgrade changes rows that keep their version, so a part made after it does
// not add to one that was made before.
func TestBackupOverAnUpgrade(t *testing.T) {
	dir, _, _ := old(t)
	s := openAs(t, dir, ofVersion(t, 1, nil))
	_, point := backedUp(t, &checked{Store: s}, store.BackupPoint{})
	if !s.AddsTo(point) {
		t.Error("a backup does not add to the one before it")
	}
	closeIt(t, s)
	s = openAs(t, dir, ofVersion(t, 2, nil))
	if s.AddsTo(point) {
		t.Error("a backup adds to one of another version")
	}
	if _, err := s.Backup(t.Context(), new(bytes.Buffer), point); err == nil {
		t.Error("a backup was added to one of another version")
	}
	if _, next := backedUp(t, &checked{Store: s}, store.BackupPoint{}); !s.AddsTo(next) {
		t.Error("a backup does not add to the one before it")
	}
}

// A store that can't tell whether the entry of its upgrade is on disk does nothing
// more, as with any other: a second entry in its place would be a second history.
func TestReleaseOfUnknownOutcome(t *testing.T) {
	_, _, whole := old(t)
	for _, at := range store.Points {
		dir := filepath.Join(t.TempDir(), "restored")
		o := ofVersion(t, 2, nil)
		if _, err := store.Restore(dir, o, readers(whole), nil); err != nil {
			t.Fatal(err)
		}
		s, broken := openAs(t, dir, o), errors.New("the disk fails")
		s.SetSeam(func(point string) error {
			if point == at {
				return broken
			}
			return nil
		})
		if err := s.Resume(); err == nil {
			t.Fatalf("%s: released", at)
		}
		s.SetSeam(nil)
		if _, err := s.Write(t.Context(), file("d-new", "new", "of 2")); !errors.Is(err, store.ErrStopped) {
			t.Errorf("%s: written: %v", at, err)
		}
		closeIt(t, s)
		s = openAs(t, dir, o)
		if told := migrations(t, s); len(told) != 1 {
			t.Errorf("%s: the ledger says %v", at, told)
		}
		closeIt(t, s)
	}
}

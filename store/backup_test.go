package store_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"sluis/ledger"
	"sluis/store"
)

// backedUp makes a backup of a store that adds to since.
func backedUp(t testing.TB, s *checked, since store.BackupPoint) ([]byte, store.BackupPoint) {
	t.Helper()
	var out bytes.Buffer
	point, err := s.Backup(t.Context(), &out, since)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), point
}

func readers(parts ...[]byte) (all []io.Reader) {
	for _, p := range parts {
		all = append(all, bytes.NewReader(p))
	}
	return all
}

func restored(t testing.TB, destroyed []string, parts ...[]byte) *checked {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	if _, err := store.Restore(dir, options(t), readers(parts...), destroyed); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

// story is a store with everything that changes between two backups: rows that
// are new, set again, removed, moved; messages that are queued, sent, handled; a
// dossier that is destroyed.
func story(t testing.TB, s *checked) (whole, second []byte) {
	t.Helper()
	kept := s.write(file("d-kept", "kept", "as it was"))
	again := s.write(file("d-again", "again", "before"))
	s.write(file("d-gone", "gone", "to be destroyed"))
	removed := s.write(file("d-kept", "removed", "to be removed"))
	c := file("d-kept", "sends", "sends")
	c.Send = []store.Outgoing{{ID: "m1", To: other, Message: []byte("first")}}
	s.write(c)
	whole, point := backedUp(t, s, store.BackupPoint{})

	c = file("d-again", "again", "after")
	c.Puts[0].Was, c.Puts[0].Index = again.Version(), []string{"person/after"}
	c.Done = []string{"m1"}
	c.Send = []store.Outgoing{{ID: "m2", To: other, Message: []byte("second")}}
	c.Seen = &store.Seen{Issuer: other, ID: "j", Digest: ledger.DigestOf([]byte("message"))}
	s.write(c)
	c = file("d-new", "new", "new")
	c.Deletes = []store.Deletion{{Table: "exchange", Key: "removed", Was: removed.Version()}}
	s.write(c)
	s.write(destruction("d-gone"))
	// What compaction forgets, a backup must not.
	if _, err := s.Purge(t.Context(), purged); err != nil {
		t.Fatal(err)
	}
	second, _ = backedUp(t, s, point)
	_ = kept
	return whole, second
}

func TestRestore(t *testing.T) {
	s := create(t)
	whole, second := story(t, s)
	again := restored(t, nil, whole, second)
	same(t, s, again)
	if !again.Recovering() {
		t.Error("a restored store does not wait")
	}
	if _, err := again.Write(t.Context(), file("d-x", "x", "x")); !errors.Is(err, store.ErrRecovering) {
		t.Errorf("written before it was released: %v", err)
	}
	if err := again.Resume(); err != nil {
		t.Fatal(err)
	}
	again.write(file("d-x", "x", "x"))
	if _, err := again.Write(t.Context(), file("d-gone", "y", "y")); !errors.Is(err, store.ErrNoRecordKey) {
		t.Errorf("a destroyed dossier begins again: %v", err)
	}
	// A backup of the restored store is as good as one of the first.
	third, _ := backedUp(t, again, store.BackupPoint{})
	same(t, again, restored(t, nil, third))
}

// same compares all that two stores hold.
func same(t *testing.T, a, b *checked) {
	t.Helper()
	cpA, _ := a.Checkpoint()
	cpB, _ := b.Checkpoint()
	if !bytes.Equal(cpA, cpB) {
		t.Errorf("checkpoints are\n%s\n%s", cpA, cpB)
	}
	describe := func(s *checked) (d []string) {
		rows, err := s.List("exchange", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			d = append(d, fmt.Sprintf("%s %s %d", r.Key, r.Value, r.Version))
		}
		for _, x := range []string{"person/d-kept", "person/d-again", "person/after", "person/d-gone", "person/d-new"} {
			rows, err := s.ByIndex(x)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				d = append(d, x+" "+r.Key)
			}
		}
		outbox, err := s.Outbox("", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outbox {
			d = append(d, o.ID+" "+string(o.Message))
		}
		_, handled, err := s.Seen(other, "j")
		gone, err2 := s.Destroyed("", 100)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		d = append(d, fmt.Sprint(handled, gone))
		for i := range s.Size() {
			e, err := s.Entry(i)
			if err != nil {
				t.Fatal(err)
			}
			private, err := s.Private(e)
			d = append(d, fmt.Sprint(e.Kind, string(private), err))
		}
		return d
	}
	was, is := describe(a), describe(b)
	if fmt.Sprint(was) != fmt.Sprint(is) {
		t.Errorf("was\n%q\nis\n%q", was, is)
	}
}

// A dossier that was destroyed after the backup does not come back, and is not in
// the restored files.
func TestRestoreReplaysDestruction(t *testing.T) {
	s := create(t)
	s.write(file("d1", "a", "destroyed later"))
	s.write(file("d2", "b", "kept"))
	key, err1 := s.WrappedKey("d1")
	row, err2 := s.SealedRow("exchange", "a")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	whole, _ := backedUp(t, s, store.BackupPoint{})
	for _, needle := range [][]byte{key, row[len(row)-32:]} {
		if !bytes.Contains(whole, needle) {
			t.Error("the backup does not hold it: the search is blind")
		}
	}
	again := restored(t, []string{"d1", "d-never-there"}, whole)
	if _, _, err := again.Get("exchange", "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the row: %v", err)
	}
	if _, err := again.WrappedKey("d1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the key: %v", err)
	}
	if rows, err := again.ByIndex("person/d1"); err != nil || len(rows) > 0 {
		t.Errorf("%d rows are found by their index, %v", len(rows), err)
	}
	if value, _, err := again.Get("exchange", "b"); err != nil || string(value) != "kept" {
		t.Errorf("the other dossier: %q, %v", value, err)
	}
	held := holding(t, again.dir, map[string][][]byte{"d1": {key, row[len(row)-32:]}}, []string{"d1"})
	if len(held) > 0 {
		t.Error("it is in the restored files")
	}
}

// Parts that don't fit together, or are of another ledger, are refused, and
// nothing is left.
func TestRestoreRefuses(t *testing.T) {
	s := create(t)
	whole, second := story(t, s)
	elsewhere := create(t)
	elsewhere.write(file("d1", "a", "content"))
	_, point := backedUp(t, elsewhere, store.BackupPoint{})
	elsewhere.write(file("d1", "b", "content"))
	stray, _ := backedUp(t, elsewhere, point)
	for name, parts := range map[string][][]byte{
		"nothing":              {},
		"only the second":      {second},
		"out of order":         {second, whole},
		"twice the first":      {whole, whole},
		"second of another":    {whole, stray},
		"something else":       {[]byte("not a backup")},
		"empty":                {nil},
		"with something after": {append(bytes.Clone(whole), 0)},
	} {
		refusedRestore(t, name, options(t), parts...)
	}
	o := options(t)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	signer, err := ledger.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	o.Signer, o.Verifier = signer, ledger.VerifierKey(origin, key.Public().(ed25519.PublicKey))
	refusedRestore(t, "another key", o, whole)
	dir := filepath.Join(t.TempDir(), "there")
	if err := store.Create(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(dir, options(t), readers(whole), nil); !errors.Is(err, store.ErrExists) {
		t.Errorf("restored over a store: %v", err)
	}
	open(t, dir)
}

func refusedRestore(t *testing.T, name string, o store.Options, parts ...[]byte) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "refused")
	if _, err := store.Restore(dir, o, readers(parts...), nil); err == nil {
		t.Errorf("%s: accepted", name)
	}
	left, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(left) > 0 {
		t.Errorf("%s: left %v, %v", name, left, err)
	}
}

// Every bit of a backup counts, and so does every byte that is missing.
func TestDamagedBackup(t *testing.T) {
	s := create(t)
	s.write(file("d1", "a", "content"))
	whole, _ := backedUp(t, s, store.BackupPoint{})
	// Each try makes a database, and must leave nothing of it; that every byte counts
	// is for the next test.
	step := max(1, len(whole)/8)
	for i := 0; i < len(whole); i += step {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		refusedRestore(t, fmt.Sprintf("byte %d changed", i), options(t), bad)
		refusedRestore(t, fmt.Sprintf("cut after %d bytes", i), options(t), whole[:i])
	}
}

// A store that goes on while it is backed up gives a backup of one moment. A
// commit that falls between the two things that a backup looks at first is rare:
// hence so many.
func TestBackupBesideWriters(t *testing.T) {
	s := create(t)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < 900; i++ {
			select {
			case <-stop:
				return
			default:
			}
			name := fmt.Sprint("d", i)
			if _, err := s.Write(t.Context(), file(name, name, name)); err != nil {
				t.Errorf("write: %v", err)
				return
			}
		}
	}()
	var parts [][]byte
	var point store.BackupPoint
	for i := range 400 {
		part, next := backedUp(t, s, point)
		if i%100 == 0 {
			parts, point = append(parts, part), next
		}
	}
	close(stop)
	<-done
	again := restored(t, nil, parts...)
	if again.Size() != point.Size {
		t.Errorf("%d entries of %d", again.Size(), point.Size)
	}
	rows, err := again.List("exchange", "", 1000)
	if err != nil || uint64(len(rows)) != again.Size() {
		t.Errorf("%d rows for %d entries, %v", len(rows), again.Size(), err)
	}
}

// What was put back to an earlier state and went on has other entries than the backup,
// also where it has as many: nothing is added to that backup. A whole one can be made.
func TestBackupOfAnotherHistory(t *testing.T) {
	s := create(t)
	s.write(file("d1", "a", "content"))
	early, first := backedUp(t, s, store.BackupPoint{})
	s.write(file("d1", "b", "content"))
	_, point := backedUp(t, s, first)
	again := restored(t, nil, early)
	if err := again.Resume(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := again.Continues(point); !errors.Is(err, store.ErrOtherHistory) {
			t.Errorf("a store of %d entries has those of the backup: %v", again.Size(), err)
		}
		if _, err := again.Backup(t.Context(), io.Discard, point); !errors.Is(err, store.ErrOtherHistory) {
			t.Errorf("a store of %d entries adds to the backup: %v", again.Size(), err)
		}
		if err := again.Continues(first); err != nil {
			t.Errorf("a store of %d entries does not have what it came from: %v", again.Size(), err)
		}
		again.write(file("d1", fmt.Sprint("c", again.Size()), "other content"))
	}
	backedUp(t, again, store.BackupPoint{})
	if first.Root = (ledger.Hash{}); s.AddsTo(first) {
		t.Error("a backup adds to one of which it does not know the history")
	}
}

// A ledger that goes on under another name has the same entries, and no
// checkpoint of it is one of the old name.
func TestRename(t *testing.T) {
	s := create(t)
	whole, _ := story(t, s)
	dir := filepath.Join(t.TempDir(), "restored")
	if _, err := store.Restore(dir, options(t), readers(whole), nil); err != nil {
		t.Fatal(err)
	}
	to := options(t)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	signer, err := ledger.NewSigner(origin+"/2", key)
	if err != nil {
		t.Fatal(err)
	}
	to.Signer, to.Verifier = signer, ledger.VerifierKey(origin+"/2", key.Public().(ed25519.PublicKey))
	for range 2 { // as after a crash
		if err := store.Rename(dir, options(t), to); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Open(dir, options(t)); err == nil {
		t.Error("opened under the old name")
	}
	again, err := store.Open(dir, to)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Resume(); err != nil {
		t.Fatal(err)
	}
	w, err := again.Write(t.Context(), file("d-x", "x", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := ledger.OpenCheckpoint(w.Checkpoint, to.Verifier); err != nil || c.Origin != origin+"/2" {
		t.Errorf("checkpoint %s, %v", w.Checkpoint, err)
	}
	if _, err := ledger.OpenCheckpoint(w.Checkpoint, options(t).Verifier); err == nil {
		t.Error("a checkpoint of the new name holds under the old one")
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err = store.Open(dir, to); err != nil || again.Recovering() {
		t.Fatalf("opened again: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// Every byte of a backup counts: each that is changed, and each at which it is cut
// off, is found and named by its part.
func TestEveryByteOfABackup(t *testing.T) {
	s := create(t)
	whole, _ := story(t, s)
	read, closed, err := store.PartReader(t.TempDir(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closed(); err != nil {
			t.Error(err)
		}
	}()
	var bad *store.BadBackup
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		if err := read(damaged); !errors.As(err, &bad) || bad.Part != 1 {
			t.Errorf("byte %d of %d changed: %v", i, len(whole), err)
		}
		if err := read(whole[:i]); !errors.As(err, &bad) {
			t.Errorf("cut after %d of %d bytes: %v", i, len(whole), err)
		}
	}
	if err := read(whole); err != nil {
		t.Errorf("undamaged: %v", err)
	}
}

// Whoever dies while he restores leaves something that does not open as a node,
// whenever that is, and that a second attempt in another place has no need of.
func TestDiesWhileRestoring(t *testing.T) {
	s := create(t)
	whole, second := story(t, s)
	dir := filepath.Join(t.TempDir(), "restored")
	tries := 0
	watched := func(part []byte) io.Reader {
		step := max(1, len(part)/2)
		at := 0
		return readerFunc(func(p []byte) (int, error) {
			if at == len(part) {
				return 0, io.EOF
			}
			// What is on disk now is what is there after a kill.
			if at%step == 0 {
				dead := filepath.Join(t.TempDir(), "dead")
				if err := os.CopyFS(dead, os.DirFS(dir)); err != nil {
					t.Fatal(err)
				}
				if _, err := store.Open(dead, options(t)); err == nil {
					t.Errorf("after %d bytes of a part it opens", at)
				}
				tries++
			}
			n := copy(p[:1], part[at:])
			at += n
			return n, nil
		})
	}
	if _, err := store.Restore(dir, options(t), []io.Reader{watched(whole), watched(second)}, nil); err != nil {
		t.Fatal(err)
	}
	if tries < 4 {
		t.Errorf("looked %d times", tries)
	}
	again := open(t, dir)
	if !again.Recovering() {
		t.Error("it does not wait for what partners say")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"sluis/crypto"
	"sluis/store"
)

func wrappedAnew(count int) (store.Event, error) {
	return store.Event{Kind: "record-keys-wrapped", Private: fmt.Append(nil, count)}, nil
}

var settled = store.Event{Kind: "master-key-settled", Private: []byte("{}")}

// replaced brings a store wholly under another master key.
func replaced(ctx context.Context, s *store.Store, next crypto.Secret) error {
	if err := s.ChangeMaster(ctx, next); err != nil {
		return err
	}
	for {
		w, err := s.Rewrap(wrappedAnew)
		if err != nil {
			return err
		}
		if w.Count > store.MaxRewrapped {
			return errors.New("a commit without a bound")
		}
		if !w.More {
			return s.Settle(ctx, settled)
		}
	}
}

// many makes dossiers, several at a time.
func (c *checked) many(from, to int) {
	c.t.Helper()
	var work sync.WaitGroup
	for w := range 32 {
		work.Go(func() {
			for i := from + w; i < to; i += 32 {
				if _, err := c.Write(c.t.Context(), file(fmt.Sprintf("d%d", i), fmt.Sprintf("k%d", i), fmt.Sprintf("content %d", i))); err != nil {
					c.t.Error(err)
				}
			}
		})
	}
	work.Wait()
}

func readable(t *testing.T, s *store.Store, count int) {
	t.Helper()
	for i := range count {
		want := fmt.Sprintf("content %d", i)
		if value, _, err := s.Get("exchange", fmt.Sprintf("k%d", i)); err != nil || string(value) != want {
			t.Fatalf("dossier %d is %q, %v", i, value, err)
		}
	}
}

// The master key is replaced while the store is read and written. No writer is
// refused, every commit is bounded and entered, and in the end nothing in the files
// opens with the key before, which opens the store no more.
func TestChangeMaster(t *testing.T) {
	c := create(t)
	const dossiers = 2*store.MaxRewrapped + 50
	gone := fmt.Sprintf("d%d", dossiers)
	c.many(0, dossiers+1)
	old, next := c.options.Master, crypto.NewSecret()
	if left, err := c.UnderFormer(); left || err != nil {
		t.Errorf("a store that has one master key: %v, %v", left, err)
	}
	c.options.Master = next // with which it is opened when the test ends

	// Writers of old dossiers and of new ones, without a pause.
	stop, made := make(chan struct{}), make([]int, 4)
	var work sync.WaitGroup
	for w := range made {
		work.Go(func() {
			last := map[int]uint64{}
			for n := 0; ; n++ {
				select {
				case <-stop:
					made[w] = n
					return
				default:
				}
				fresh := file(fmt.Sprintf("new-%d-%d", w, n), fmt.Sprintf("n%d-%d", w, n), "made meanwhile")
				at := w + 4*(n%200)
				again := file(fmt.Sprintf("d%d", at), fmt.Sprintf("again%d", at), fmt.Sprint("turn ", n))
				again.Puts[0].Was = last[at]
				if _, err := c.Write(t.Context(), fresh); err != nil {
					t.Errorf("a new dossier: %v", err)
				}
				written, err := c.Write(t.Context(), again)
				if err != nil {
					t.Errorf("an old dossier: %v", err)
				}
				last[at] = written.Version()
			}
		})
	}
	if err := c.Settle(t.Context(), settled); err != nil {
		t.Errorf("nothing to settle: %v", err)
	}
	if err := c.ChangeMaster(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangeMaster(t.Context(), crypto.NewSecret()); !errors.Is(err, store.ErrMasterNeeded) {
		t.Errorf("a third master key: %v", err)
	}
	if err := c.Settle(t.Context(), settled); !errors.Is(err, store.ErrMasterNeeded) {
		t.Errorf("settled while record keys are under the old key: %v", err)
	}
	if err := c.ForgetMaster(); !errors.Is(err, store.ErrMasterNeeded) {
		t.Errorf("forgotten while record keys are under it: %v", err)
	}
	c.write(destruction(gone)) // in between
	for range 2 {
		if err := replaced(t.Context(), c.Store, next); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Purge(t.Context(), purged); err != nil {
		t.Fatal(err)
	}
	close(stop)
	work.Wait()
	t.Logf("%v dossiers were made meanwhile", made)
	if left, err := c.UnderFormer(); left || err != nil {
		t.Errorf("something is left under the old key: %v, %v", left, err)
	}
	if err := c.ForgetMaster(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get("exchange", fmt.Sprintf("k%d", dossiers)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was destroyed is there: %v", err)
	}
	readable(t, c.Store, dossiers)
	// The entries: of dossiers+1 keys in all, counted, and once that it is done.
	wrapped, done := 0, 0
	for i := range c.Size() {
		e, err := c.Entry(i)
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case "record-keys-wrapped":
			plain, err := c.Private(e)
			count := 0
			if _, scanErr := fmt.Sscan(string(plain), &count); err != nil || scanErr != nil {
				t.Fatalf("%q, %v", plain, err)
			}
			wrapped += count
		case "master-key-settled":
			done++
		}
	}
	if wrapped < dossiers || done != 1 {
		t.Errorf("the ledger tells of %d keys, and %d times that it is done", wrapped, done)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for name, master := range map[string]crypto.Secret{"old": old, "new": next} {
		found, err := store.FilesUnder(c.dir, c.options, master)
		if err != nil || found != (name == "new") {
			t.Errorf("record keys that open with the %s key: %v, %v", name, found, err)
		}
	}
	if found, err := store.FilesHold(c.dir, c.options, store.RecordKeyKey(gone)); err != nil || found {
		t.Errorf("the key of what was destroyed is in the files: %v, %v", found, err)
	}
	o := options(t)
	if s, err := store.Open(c.dir, o); err == nil {
		t.Error("the old key opens the store")
		s.Close()
	}
}

// Wherever the process dies, the store opens with both keys, has lost nothing, and
// comes wholly under the new one.
func TestChangeMasterDies(t *testing.T) {
	c := create(t)
	const dossiers = store.MaxRewrapped + 20 // two commits
	c.many(0, dossiers)
	next, old := crypto.NewSecret(), c.options.Master
	c.options.Master = next
	dead := t.TempDir()
	count := map[string]int{}
	c.SetSeam(func(point string) error {
		count[point]++
		copyDir(t, c.dir, filepath.Join(dead, fmt.Sprintf("%s %d", point, count[point])))
		return nil
	})
	copyDir(t, c.dir, filepath.Join(dead, "before"))
	if err := replaced(t.Context(), c.Store, next); err != nil {
		t.Fatal(err)
	}
	c.SetSeam(nil)
	all, err := os.ReadDir(dead)
	if err != nil {
		t.Fatal(err)
	}
	// Rekeyed, three commits of three points each, and three of the rewriting.
	if len(all) != 1+1+3*3+3 {
		t.Errorf("it died in %d places: %v", len(all), count)
	}
	for _, d := range all {
		t.Run(d.Name(), func(t *testing.T) {
			dir := filepath.Join(dead, d.Name())
			o := options(t)
			o.Master, o.Former = next, old
			s, err := store.Open(dir, o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			readable(t, s, dossiers)
			if err := replaced(t.Context(), s, next); err != nil {
				t.Fatal(err)
			}
			if err := s.ForgetMaster(); err != nil {
				t.Fatal(err)
			}
			readable(t, s, dossiers)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if found, err := store.FilesUnder(dir, o, old); err != nil || found {
				t.Errorf("record keys open with the old key: %v, %v", found, err)
			}
			o.Former = crypto.Secret{}
			if s, err = store.Open(dir, o); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(t.Context(), step(1, "later", 0)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A failure between the two keys stops the store; it goes on with the next Open. A
// disk without room changes nothing.
func TestChangeMasterFails(t *testing.T) {
	c := create(t)
	c.many(0, 3)
	old, next := c.options.Master, crypto.NewSecret()
	c.SetFree(func() (int64, error) { return 0, nil })
	if err := c.ChangeMaster(t.Context(), next); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("without room: %v", err)
	}
	c.SetFree(func() (int64, error) { return 1 << 40, nil })
	readable(t, c.Store, 3)
	c.SetSeam(func(string) error { return errors.New("input/output error") })
	if err := c.ChangeMaster(t.Context(), next); err == nil {
		t.Error("nothing went wrong")
	}
	if _, err := c.Write(t.Context(), step(1, "a", 0)); !errors.Is(err, store.ErrStopped) {
		t.Errorf("a writer is told %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	c.options.Master, c.options.Former = next, old
	s, err := store.Open(c.dir, c.options)
	if err != nil {
		t.Fatal(err)
	}
	readable(t, s, 3)
	if err := errors.Join(replaced(t.Context(), s, next), s.ForgetMaster(), s.Close()); err != nil {
		t.Error(err)
	}
	c.options.Former = crypto.Secret{}
}

// A backup of before, under both keys: what is restored is not taken for done, though
// a part of later says so of its own database.
func TestRestoreUnderTwoMasters(t *testing.T) {
	c := create(t)
	c.many(0, 5)
	whole, point := backedUp(t, c, store.BackupPoint{})
	old, next := c.options.Master, crypto.NewSecret()
	c.options.Master = next
	if err := replaced(t.Context(), c.Store, next); err != nil {
		t.Fatal(err)
	}
	c.many(5, 8)
	adds, _ := backedUp(t, c, point)
	o := options(t)
	o.Master, o.Former = next, old
	dir := filepath.Join(t.TempDir(), "restored")
	if _, err := store.Restore(dir, o, readers(whole, adds), nil); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	readable(t, s, 8)
	if left, err := s.UnderFormer(); err != nil || !left {
		t.Errorf("taken for done: %v", err)
	}
	if _, err := s.Rewrap(wrappedAnew); !errors.Is(err, store.ErrRecovering) {
		t.Errorf("written before it was released: %v", err)
	}
	if err := errors.Join(s.Resume(), replaced(t.Context(), s, next), s.ForgetMaster()); err != nil {
		t.Fatal(err)
	}
	readable(t, s, 8)
}

// A change that waits for its turn while the master key is replaced, and begins a
// dossier, brings nothing under the key before.
func TestChangeMasterOvertakesWriter(t *testing.T) {
	for range 50 {
		c := create(t)
		old, next := c.options.Master, crypto.NewSecret()
		c.options.Master, c.options.Former = next, old
		hold, held := make(chan struct{}), make(chan struct{})
		rekeyed := uint64(0) // entries at that moment
		c.SetSeam(func(point string) error {
			switch {
			case point == store.BeforeCommit && c.Size() == 0:
				close(held)
				<-hold
			case point == store.AfterRekey:
				rekeyed = c.Size()
			}
			return nil
		})
		var work sync.WaitGroup
		work.Go(func() { c.write(step(1, "first", 0)) })
		<-held
		var written store.Written
		work.Go(func() {
			var err error
			if written, err = c.Write(t.Context(), file("fresh", "a", "content")); err != nil {
				t.Error(err)
			}
		})
		for c.Queued() == 0 {
			runtime.Gosched()
		}
		work.Go(func() {
			if err := c.ChangeMaster(t.Context(), next); err != nil {
				t.Error(err)
			}
		})
		close(hold)
		work.Wait()
		c.SetSeam(nil)
		if written.First < rekeyed {
			continue // the writer came first; which one does is left to chance
		}
		w, err := c.WrappedKey("fresh")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := crypto.UnwrapRecordKey(w, next, "fresh"); err != nil {
			t.Error("a dossier that was begun afterwards is under the key before")
		}
		return
	}
	t.Error("the writer came first every time: the test shows nothing")
}

// Who had the master key and the list of keys of the database before, opens no table
// that was written since: those have a key that the list does not have.
func TestFreshDatabaseKey(t *testing.T) {
	c := create(t)
	c.many(0, 3)
	before := filepath.Join(t.TempDir(), "before")
	copyDir(t, c.dir, before)
	old, next := c.options, crypto.NewSecret()
	c.options.Master, c.options.Former = next, old.Master
	if err := c.ChangeMaster(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	c.write(file("later", "x", "content"))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	needle := []byte("person/later")
	if found, err := store.FilesHold(c.dir, c.options, needle); err != nil || !found {
		t.Fatalf("it is not in the files: %v, %v", found, err)
	}
	stolen := filepath.Join(t.TempDir(), "stolen")
	copyDir(t, c.dir, stolen)
	const list = "badger/KEYREGISTRY"
	if err := errors.Join(os.Remove(filepath.Join(stolen, list)), copyFile(filepath.Join(before, list), filepath.Join(stolen, list))); err != nil {
		t.Fatal(err)
	}
	var without *store.Inconsistent
	if found, err := store.FilesHold(stolen, old, needle); !errors.As(err, &without) || without.File != "KEYREGISTRY" {
		t.Errorf("the old list of keys opens what is new: %v, %v", found, err)
	}
}

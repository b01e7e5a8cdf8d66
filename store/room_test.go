package store_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"sluis/store"
)

// A disk that takes no writes is found out before the database meets it, is said
// once, and once more when it is over; nothing has to be started again.
func TestReadOnly(t *testing.T) {
	var log bytes.Buffer
	o := options(t)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, o); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), step(1, "a", 0)); err != nil {
		t.Fatal(err)
	}
	var broken atomic.Bool
	broken.Store(true)
	s.SetTouch(func() error {
		if broken.Load() {
			return syscall.EROFS
		}
		return nil
	})
	for range 3 {
		if _, err := s.Write(t.Context(), step(2, "b", 0)); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("write: %v", err)
		}
	}
	if err := s.Room(); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("room: %v", err)
	}
	if value, _, err := s.Get("exchange", "a"); err != nil || string(value) != "state 1" || s.Size() != 1 {
		t.Errorf("read: %q, %v, %d entries", value, err, s.Size())
	}
	broken.Store(false)
	if err := s.Room(); err != nil {
		t.Errorf("room: %v", err)
	}
	if _, err := s.Write(t.Context(), step(2, "b", 0)); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Room(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("room of a closed store: %v", err)
	}
	if refused, again := strings.Count(log.String(), "takes no writes"), strings.Count(log.String(), "goes on"); refused != 1 || again != 1 {
		t.Errorf("the log says %d times that it stops, %d times that it goes on:\n%s", refused, again, log.String())
	}
}

// What rewrites every file begins only where both sets of files have room.
func TestPurgeNeedsRoom(t *testing.T) {
	c := create(t)
	c.write(step(1, "a", 0))
	destroyed := step(2, "b", 0)
	destroyed.Dossier = "other"
	c.write(destroyed)
	c.write(store.Change{Dossier: store.NodeDossier, Destroy: "other", Record: []store.Event{event(3)}})
	purged := func(int) store.Event { return event(4) }
	tables, err := filepath.Glob(filepath.Join(c.dir, "badger", "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) == 0 { // all of it is in the log yet; the first purge makes tables of it
		if n, err := c.Purge(context.Background(), purged); n != 1 || err != nil {
			t.Fatalf("purged %d, %v", n, err)
		}
		more := step(5, "c", 0)
		more.Dossier = "third"
		c.write(more)
		c.write(store.Change{Dossier: store.NodeDossier, Destroy: "third", Record: []store.Event{event(6)}})
	}
	c.SetFree(func() (int64, error) { return 2, nil }) // above the reserve of 1
	if n, err := c.Purge(context.Background(), purged); n != 0 || !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("purged %d, %v", n, err)
	}
	c.SetFree(func() (int64, error) { return 1 << 40, nil })
	if n, err := c.Purge(context.Background(), purged); n != 1 || err != nil {
		t.Errorf("purged %d, %v", n, err)
	}
}

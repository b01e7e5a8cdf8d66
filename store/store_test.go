package store_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sluis/ledger"
	"sluis/store"
)

const (
	origin   = "sluis.invalid/ledger/00000099000000001000"
	exchange = "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"
	own      = "00000099000000001000:municipality"
	other    = "00000099000000002000:youth-care"
)

// started is the time of the test clock, which stands still.
var started = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func options(t testing.TB) store.Options {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	s, err := ledger.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	return store.Options{
		Master: master(t), Signer: s, Verifier: ledger.VerifierKey(origin, key.Public().(ed25519.PublicKey)),
		Now: func() time.Time { return started }, MinFree: 1,
	}
}

// A checked is a store that is verified after every write and once more, whole,
// when the test ends.
type checked struct {
	*store.Store
	t       testing.TB
	dir     string
	options store.Options

	mu   sync.Mutex
	last ledger.Checkpoint
}

// create makes a store in a fresh directory.
func create(t testing.TB) *checked {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

// open opens a store. When the test ends it is closed, and must open again with
// the same ledger.
func open(t testing.TB, dir string) *checked {
	t.Helper()
	c := &checked{t: t, dir: dir, options: options(t)}
	s, err := store.Open(dir, c.options)
	if err != nil {
		t.Fatal(err)
	}
	c.Store = s
	c.last = c.checkpoint(s.Checkpoint())
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		again, err := store.Open(dir, c.options)
		if err != nil {
			t.Errorf("open again: %v", err)
			return
		}
		if again.Size() < c.last.Size {
			t.Errorf("opened again with %d entries, %d were acknowledged", again.Size(), c.last.Size)
		}
		if err := again.Close(); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
	return c
}

func (c *checked) checkpoint(signed []byte, size uint64) ledger.Checkpoint {
	c.t.Helper()
	cp, err := ledger.OpenCheckpoint(signed, c.options.Verifier)
	if err != nil {
		c.t.Error(err)
	}
	if cp.Size != size {
		c.t.Errorf("the checkpoint is of size %d and said to be of %d", cp.Size, size)
	}
	return cp
}

// write applies a change that must be accepted and verifies what came of it.
func (c *checked) write(change store.Change) store.Written {
	c.t.Helper()
	w, err := c.Write(c.t.Context(), change)
	if err != nil {
		c.t.Fatal(err)
	}
	c.verify(change, w)
	return w
}

// verify checks that a change stands where it is said to stand: entries under
// the signed root, and a history that only grew.
func (c *checked) verify(change store.Change, w store.Written) {
	c.t.Helper()
	cp := c.checkpoint(w.Checkpoint, w.Size)
	for i, event := range change.Record {
		index := w.First + uint64(i)
		e, err := c.Entry(index)
		if err != nil {
			c.t.Error(err)
			return
		}
		if e.Kind != event.Kind || !e.Time.Equal(w.Time) || e.Message != event.Message {
			c.t.Errorf("entry %d is %+v, recorded was %+v", index, e.Header, event)
		}
		private, err := c.Private(e)
		if err != nil || !bytes.Equal(private, event.Private) {
			c.t.Errorf("entry %d: the private part is %q, %v", index, private, err)
		}
		data, err := e.Marshal()
		if err != nil {
			c.t.Error(err)
			return
		}
		proof, err := c.ProveInclusion(index, w.Size)
		if err != nil {
			c.t.Error(err)
			return
		}
		if err := ledger.CheckInclusion(proof, cp.Size, cp.Root, index, ledger.LeafHash(data)); err != nil {
			c.t.Errorf("entry %d in %d: %v", index, cp.Size, err)
		}
	}
	again, err := c.CheckpointAt(w.Size)
	if err != nil || !bytes.Equal(again, w.Checkpoint) {
		c.t.Errorf("the checkpoint of %d, signed again, is %q, %v", w.Size, again, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, grown := c.last, cp
	if old.Size > grown.Size {
		old, grown = grown, old
	}
	proof, err := c.ProveConsistency(old.Size, grown.Size)
	if err != nil {
		c.t.Error(err)
		return
	}
	if err := ledger.CheckConsistency(proof, old.Size, old.Root, grown.Size, grown.Root); err != nil {
		c.t.Errorf("from %d to %d: %v", old.Size, grown.Size, err)
	}
	c.last = grown
}

// event is something to record, numbered so that it can be told apart.
func event(n int) store.Event {
	return store.Event{
		Kind: "decision-taken", Exchange: exchange, Party: other, As: own, Purpose: "investigation",
		Message: ledger.DigestOf(fmt.Append(nil, n)), Private: fmt.Appendf(nil, "who and why, number %d", n),
	}
}

// step is a change that sets one row.
func step(n int, key string, was uint64) store.Change {
	return store.Change{
		Dossier: exchange,
		Puts:    []store.Record{{Table: "exchange", Key: key, Value: fmt.Appendf(nil, "state %d", n), Was: was}},
		Record:  []store.Event{event(n)},
	}
}

func TestWriteAndRead(t *testing.T) {
	c := create(t)
	if signed, size := c.Checkpoint(); size != 0 || len(signed) == 0 {
		t.Errorf("a new store has a checkpoint of size %d", size)
	}
	w := c.write(store.Change{
		Dossier: exchange,
		Puts: []store.Record{
			{Table: "exchange", Key: "a", Value: []byte("first"), Index: []string{"subject/x", "phase/queued"}},
			{Table: "exchange", Key: "b", Value: nil, Index: []string{"subject/x"}},
			{Table: "exchange2", Key: "a", Value: []byte("other table")},
		},
		Send:   []store.Outgoing{{ID: "m1", To: other, Exchange: exchange, Message: []byte("sealed"), Expires: started.Add(time.Hour)}},
		Seen:   &store.Seen{Issuer: other, ID: "j1", Digest: ledger.DigestOf([]byte("message")), Expires: started.Add(time.Hour)},
		Record: []store.Event{event(1), event(2)},
	})
	if w.First != 0 || w.Size != 2 || !w.Time.Equal(started) {
		t.Errorf("written is %+v", w)
	}
	value, version, err := c.Get("exchange", "a")
	if string(value) != "first" || version != w.Version() || err != nil {
		t.Errorf("got %q, version %d, %v", value, version, err)
	}
	expectRows(t, "list", list(c.List("exchange", "", 10)), "exchange/a=first", "exchange/b=")
	expectRows(t, "list after", list(c.List("exchange", "a", 10)), "exchange/b=")
	expectRows(t, "list one", list(c.List("exchange", "", 1)), "exchange/a=first")
	expectRows(t, "list none", list(c.List("exchange", "", 0)))
	expectRows(t, "by index", list(c.ByIndex("subject/x")), "exchange/a=first", "exchange/b=")
	expectRows(t, "by beginning of index", list(c.ByIndex("subject")))

	out, err := c.Outbox("", 10)
	if err != nil || len(out) != 1 || fmt.Sprint(out[0]) != fmt.Sprint(store.Outgoing{ID: "m1", To: other, Exchange: exchange, Message: []byte("sealed"), Expires: started.Add(time.Hour)}) {
		t.Errorf("outbox is %v, %v", out, err)
	}
	r, handled, err := c.Seen(other, "j1")
	if err != nil || !handled || r != (store.Receipted{First: 0, Size: 2, Digest: ledger.DigestOf([]byte("message")), Time: started, Expires: started.Add(time.Hour)}) {
		t.Errorf("seen is %+v, %v, %v", r, handled, err)
	}
	if _, handled, err := c.Seen(other, "j2"); handled || err != nil {
		t.Errorf("a message that did not come has been seen, %v", err)
	}

	c.write(store.Change{
		Dossier: exchange,
		Puts:    []store.Record{{Table: "exchange", Key: "a", Value: []byte("second"), Was: version, Index: []string{"phase/delivered"}}},
		Deletes: []store.Deletion{{Table: "exchange", Key: "b", Was: version}},
		Done:    []string{"m1"},
		Record:  []store.Event{event(3)},
	})
	expectRows(t, "list", list(c.List("exchange", "", 10)), "exchange/a=second")
	expectRows(t, "by old index", list(c.ByIndex("subject/x")))
	expectRows(t, "by old index", list(c.ByIndex("phase/queued")))
	expectRows(t, "by new index", list(c.ByIndex("phase/delivered")), "exchange/a=second")
	if out, err := c.Outbox("", 10); err != nil || len(out) != 0 {
		t.Errorf("outbox is %v, %v", out, err)
	}
	if _, err := c.Outgoing("m1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a finished message: %v", err)
	}
	if _, _, err := c.Get("exchange", "b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a removed row: %v", err)
	}
	if _, err := c.Entry(3); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an entry behind the last: %v", err)
	}
}

func list(rows []store.Row, err error) []string {
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for _, r := range rows {
		found = append(found, r.Table+"/"+r.Key+"="+string(r.Value))
	}
	return found
}

func expectRows(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// A change is refused whole when anything in it is: nothing of it is there
// afterwards, and the ledger has not grown.
func TestRefusedWhole(t *testing.T) {
	c := create(t)
	c.write(store.Change{
		Dossier: exchange,
		Puts:    []store.Record{{Table: "exchange", Key: "a", Value: []byte("state")}},
		Send:    []store.Outgoing{{ID: "m1", To: other, Message: []byte("sealed")}},
		Seen:    &store.Seen{Issuer: other, ID: "j1"},
		Record:  []store.Event{event(1)},
	})
	for name, refused := range map[string]struct {
		want   error
		change func(*store.Change)
	}{
		"row is there":            {store.ErrOvertaken, func(c *store.Change) { c.Puts[0].Key = "a" }},
		"row is newer":            {store.ErrOvertaken, func(c *store.Change) { c.Puts[0].Key, c.Puts[0].Was = "a", 7 }},
		"row is not there":        {store.ErrOvertaken, func(c *store.Change) { c.Puts[0].Was = 1 }},
		"removed row is newer":    {store.ErrOvertaken, func(c *store.Change) { c.Deletes = []store.Deletion{{Table: "exchange", Key: "a", Was: 9}} }},
		"removed row not there":   {store.ErrOvertaken, func(c *store.Change) { c.Deletes = []store.Deletion{{Table: "exchange", Key: "z", Was: 1}} }},
		"message is in outbox":    {store.ErrOvertaken, func(c *store.Change) { c.Send[0].ID = "m1" }},
		"message is finished":     {store.ErrOvertaken, func(c *store.Change) { c.Done = []string{"m0"} }},
		"message was handled":     {store.ErrSeen, func(c *store.Change) { c.Seen.ID = "j1" }},
		"nothing recorded":        {nil, func(c *store.Change) { c.Record = nil }},
		"no dossier":              {nil, func(c *store.Change) { c.Dossier = "" }},
		"dossier a test BSN":      {nil, func(c *store.Change) { c.Dossier = "999993847" }},
		"kind not a code":         {nil, func(c *store.Change) { c.Record[0].Kind = "Decision taken" }},
		"party not a party":       {nil, func(c *store.Change) { c.Record[0].Party = ":" }},
		"row twice":               {nil, func(c *store.Change) { c.Puts = append(c.Puts, c.Puts[0]) }},
		"set and removed":         {nil, func(c *store.Change) { c.Deletes = []store.Deletion{{Table: "exchange", Key: "new", Was: 1}} }},
		"message twice":           {nil, func(c *store.Change) { c.Send = append(c.Send, c.Send[0]) }},
		"sent and finished":       {nil, func(c *store.Change) { c.Done = []string{"m2"} }},
		"table with a zero byte":  {nil, func(c *store.Change) { c.Puts[0].Table = "a\x00b" }},
		"key with a space":        {nil, func(c *store.Change) { c.Puts[0].Key = "a b" }},
		"key empty":               {nil, func(c *store.Change) { c.Puts[0].Key = "" }},
		"index key empty":         {nil, func(c *store.Change) { c.Puts[0].Index = []string{""} }},
		"value too large":         {nil, func(c *store.Change) { c.Puts[0].Value = make([]byte, store.MaxValue+1) }},
		"message too large":       {nil, func(c *store.Change) { c.Send[0].Message = make([]byte, store.MaxValue+1) }},
		"private part too large":  {nil, func(c *store.Change) { c.Record[0].Private = make([]byte, ledger.MaxEntry) }},
		"too many events":         {nil, func(c *store.Change) { c.Record = make([]store.Event, 65) }},
		"message without address": {nil, func(c *store.Change) { c.Send[0].To = "" }},
		"handled without issuer":  {nil, func(c *store.Change) { c.Seen.Issuer = "" }},
		"all in all too large": {store.ErrTooLarge, func(c *store.Change) {
			c.Puts[0].Value, c.Send[0].Message = make([]byte, store.MaxValue), make([]byte, store.MaxValue)
		}},
	} {
		change := store.Change{
			Dossier: exchange,
			Puts:    []store.Record{{Table: "exchange", Key: "new", Value: []byte("state"), Index: []string{"x"}}},
			Send:    []store.Outgoing{{ID: "m2", To: other, Message: []byte("sealed")}},
			Seen:    &store.Seen{Issuer: other, ID: "j2"},
			Record:  []store.Event{event(2)},
		}
		refused.change(&change)
		_, err := c.Write(t.Context(), change)
		if err == nil || (refused.want != nil && !errors.Is(err, refused.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Size() != 1 {
		t.Errorf("the ledger has %d entries", c.Size())
	}
	if _, _, err := c.Get("exchange", "new"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the row of a refused change: %v", err)
	}
	if _, handled, _ := c.Seen(other, "j2"); handled {
		t.Error("the message of a refused change counts as handled")
	}
	if out, err := c.Outbox("", 10); err != nil || len(out) != 1 {
		t.Errorf("outbox is %v, %v", out, err)
	}
}

// The largest change that is accepted does fit.
func TestLargestChange(t *testing.T) {
	c := create(t)
	change := step(1, "a", 0)
	change.Puts[0].Value = make([]byte, store.MaxValue)
	c.write(change)
	change = step(2, "b", 0)
	change.Record[0].Private = make([]byte, ledger.MaxPrivate-64)
	c.write(change)
}

// Whoever looked first and writes last is told, also within one group commit.
func TestOvertaken(t *testing.T) {
	c := create(t)
	c.write(step(0, "a", 0))
	_, version, err := c.Get("exchange", "a")
	if err != nil {
		t.Fatal(err)
	}
	const writers = 32
	var wins, lost int
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			_, err := c.Write(context.Background(), step(n+1, "a", version))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
			case errors.Is(err, store.ErrOvertaken):
				lost++
			default:
				t.Errorf("writer %d: %v", n, err)
			}
		})
	}
	all.Wait()
	if wins != 1 || lost != writers-1 || c.Size() != 2 {
		t.Errorf("%d won, %d lost, %d entries", wins, lost, c.Size())
	}
}

// One of many deliveries of the same message is handled.
func TestHandledOnce(t *testing.T) {
	c := create(t)
	const deliveries = 32
	var wins, seen int
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range deliveries {
		all.Go(func() {
			change := store.Change{Dossier: exchange, Seen: &store.Seen{Issuer: other, ID: "j"}, Record: []store.Event{event(n)}}
			w, err := c.Write(context.Background(), change)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
				r, handled, err := c.Seen(other, "j")
				if err != nil || !handled || r.First != w.First || r.Size != w.Size {
					t.Errorf("written %+v, remembered %+v, %v", w, r, err)
				}
			case errors.Is(err, store.ErrSeen):
				seen++
			default:
				t.Errorf("delivery %d: %v", n, err)
			}
		})
	}
	all.Wait()
	if wins != 1 || seen != deliveries-1 || c.Size() != 1 {
		t.Errorf("handled %d times, refused %d times, %d entries", wins, seen, c.Size())
	}
}

// A version never comes back, also not when a row is removed and made again.
func TestVersionOfRemadeRow(t *testing.T) {
	c := create(t)
	first := c.write(step(1, "a", 0)).Version()
	c.write(store.Change{Deletes: []store.Deletion{{Table: "exchange", Key: "a", Was: first}}, Record: []store.Event{{Kind: "removed"}}})
	c.write(step(2, "a", 0))
	if _, err := c.Write(t.Context(), step(3, "a", first)); !errors.Is(err, store.ErrOvertaken) {
		t.Errorf("written over a row that was made anew: %v", err)
	}
}

func TestCreateAndOpenRefuse(t *testing.T) {
	o := options(t)
	dir := filepath.Join(t.TempDir(), "store")
	if _, err := store.Open(dir, o); !errors.Is(err, store.ErrMissing) {
		t.Errorf("open where nothing is: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) > 0 {
		t.Errorf("open made something: %v, %v", entries, err)
	}
	if err := store.Create(dir, o); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(dir, o); !errors.Is(err, store.ErrExists) {
		t.Errorf("create twice: %v", err)
	}
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := store.Open(dir, o); !errors.Is(err, store.ErrInUse) {
		t.Errorf("opened twice: %v", err)
		if err == nil {
			second.Close()
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close twice: %v", err)
	}
	if _, err := s.Write(t.Context(), step(1, "a", 0)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	if _, _, err := s.Get("exchange", "a"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	o.Master = otherMaster(t)
	if s, err := store.Open(dir, o); err == nil {
		t.Error("opened with another master key")
		s.Close()
	}
	o = options(t)
	o.Signer, err = ledger.NewSigner("sluis.invalid/ledger/00000099000000002000", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := store.Open(dir, o); err == nil {
		t.Error("opened with the signer of another ledger")
		s.Close()
	}
	if err := os.Remove(filepath.Join(dir, "anchor")); err != nil {
		t.Fatal(err)
	}
	if s, err := store.Open(dir, options(t)); !errors.Is(err, store.ErrMissing) {
		t.Errorf("open without anchor: %v", err)
		s.Close()
	}
	if err := store.Create(dir, options(t)); !errors.Is(err, store.ErrExists) {
		t.Errorf("create over a store without anchor: %v", err)
	}
}

// An entry never gets an earlier time than the one before it.
func TestClockGoesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	o := options(t)
	now := started
	o.Now = func() time.Time { return now }
	if err := store.Create(dir, o); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := store.Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, back := range []time.Duration{0, time.Hour, -time.Microsecond} {
			now = started.Add(-back)
			w, err := s.Write(t.Context(), store.Change{Record: []store.Event{{Kind: "tick"}}})
			if err != nil || !w.Time.Equal(started) {
				t.Errorf("written at %v, %v", w.Time, err)
			}
		}
		now = started.Add(-time.Hour)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDiskFull(t *testing.T) {
	c := create(t)
	c.write(step(1, "a", 0))
	var mu sync.Mutex
	free, failing := int64(0), error(nil)
	c.SetFree(func() (int64, error) {
		mu.Lock()
		defer mu.Unlock()
		return free, failing
	})
	refused := func() {
		t.Helper()
		if _, err := c.Write(t.Context(), step(2, "b", 0)); !errors.Is(err, store.ErrDiskFull) {
			t.Errorf("write on a full disk: %v", err)
		}
		if _, _, err := c.Get("exchange", "b"); !errors.Is(err, store.ErrNotFound) || c.Size() != 1 {
			t.Errorf("something was written on a full disk: %v, %d entries", err, c.Size())
		}
	}
	refused()
	mu.Lock()
	free, failing = 1<<40, errors.New("no answer")
	mu.Unlock()
	refused()
	if value, _, err := c.Get("exchange", "a"); err != nil || string(value) != "state 1" {
		t.Errorf("read on a full disk: %q, %v", value, err)
	}
	mu.Lock()
	failing = nil
	mu.Unlock()
	c.write(step(2, "b", 0))

	o := options(t)
	o.MinFree = 1 << 62
	if err := store.Create(filepath.Join(t.TempDir(), "full"), o); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("create on a full disk: %v", err)
	}
}

// A waiter that takes the channel before it looks misses nothing.
func TestChanged(t *testing.T) {
	c := create(t)
	found := make(chan uint64, 1)
	go func() {
		for {
			changed := c.Changed()
			if size := c.Size(); size == 20 {
				found <- size
				return
			}
			<-changed
		}
	}()
	for n := range 20 {
		c.write(step(n, fmt.Sprint("k", n), 0))
	}
	select {
	case <-found:
	case <-time.After(10 * time.Second):
		t.Fatal("the waiter was not woken")
	}
}

func TestCancelled(t *testing.T) {
	c := create(t)
	block, blocked := make(chan struct{}), make(chan struct{}, 1) // kept until somebody looks
	c.SetSeam(func(point string) error {
		if point == store.Points[0] {
			select {
			case blocked <- struct{}{}:
			default:
			}
			<-block
		}
		return nil
	})
	first := make(chan error)
	go func() {
		_, err := c.Write(context.Background(), step(0, "first", 0))
		first <- err
	}()
	<-blocked
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error)
	const writers = 300 // more than can queue up
	for n := range writers {
		go func() {
			_, err := c.Write(ctx, step(n, fmt.Sprint("k", n), 0))
			results <- err
		}()
	}
	// Those that do not fit into the queue wait, and are cancelled.
	cancel()
	var done, cancelled int
	for range writers - 256 {
		err := <-results
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a writer that waited for its turn: %v", err)
		}
		cancelled++
	}
	close(block)
	if err := <-first; err != nil {
		t.Error(err)
	}
	for cancelled+done < writers {
		if err := <-results; err == nil {
			done++
		} else {
			cancelled++
		}
	}
	if c.Size() != uint64(done)+1 {
		t.Errorf("%d were told that their change is written, the ledger has %d entries", done+1, c.Size())
	}
}

package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluis/ledger"
	"sluis/store"
)

// A node that dies at a point of no return looks, when it is opened again, as if
// it died before or after the change, never in between; and the partner, who
// sends his message again, is answered alike.
func TestDiesAtSeam(t *testing.T) {
	for i, point := range store.Points {
		t.Run(point, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			if err := store.Create(dir, options(t)); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(dir, options(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(t.Context(), step(0, "before", 0)); err != nil {
				t.Fatal(err)
			}
			dead := filepath.Join(t.TempDir(), "dead")
			s.SetSeam(func(at string) error {
				if at == point {
					copyDir(t, dir, dead)
				}
				return nil
			})
			received := step(1, "a", 0)
			received.Seen = &store.Seen{Issuer: other, ID: "j", Digest: ledger.DigestOf([]byte("message"))}
			received.Send = []store.Outgoing{{ID: "m", To: other, Message: []byte("answer")}}
			w, err := s.Write(t.Context(), received)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			again := open(t, dead)
			r, handled, err := again.Seen(other, "j")
			if err != nil || handled != (i > 0) {
				t.Fatalf("handled is %v, %v", handled, err)
			}
			_, _, rowErr := again.Get("exchange", "a")
			_, sendErr := again.Outgoing("m")
			if handled != (rowErr == nil) || handled != (sendErr == nil) || again.Size() != 1+uint64(i+1)/2 {
				t.Errorf("handled is %v, row: %v, outgoing: %v, %d entries", handled, rowErr, sendErr, again.Size())
			}
			if handled {
				cp, err := again.CheckpointAt(r.Size)
				if err != nil || r.First != w.First || r.Size != w.Size || string(cp) != string(w.Checkpoint) {
					t.Errorf("remembered is %+v with checkpoint %s, %v", r, cp, err)
				}
				if _, err := again.Write(t.Context(), received); !errors.Is(err, store.ErrSeen) {
					t.Errorf("handled again: %v", err)
				}
				return
			}
			again.write(received)
		})
	}
}

// When the outcome of a write is not known the store stops for everybody, and
// tries nothing again. What is on disk shows at the next start.
func TestStopsWhenOutcomeIsUnknown(t *testing.T) {
	for i, point := range store.Points {
		t.Run(point, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			if err := store.Create(dir, options(t)); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(dir, options(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(t.Context(), step(0, "before", 0)); err != nil {
				t.Fatal(err)
			}
			commits := 0
			s.SetSeam(func(at string) error {
				if at == store.Points[0] {
					commits++
				}
				if at == point {
					return errors.New("input/output error")
				}
				return nil
			})
			const writers = 16
			results := make(chan error)
			for n := range writers {
				go func() {
					_, err := s.Write(context.Background(), step(n, fmt.Sprint("k", n), 0))
					results <- err
				}()
			}
			for range writers {
				if err := <-results; !errors.Is(err, store.ErrStopped) {
					t.Errorf("a writer was told %v", err)
				}
			}
			if _, err := s.Write(t.Context(), step(9, "later", 0)); !errors.Is(err, store.ErrStopped) {
				t.Errorf("a later writer was told %v", err)
			}
			if _, _, err := s.Get("exchange", "before"); !errors.Is(err, store.ErrStopped) {
				t.Errorf("a reader was told %v", err)
			}
			if commits != 1 {
				t.Errorf("%d commits were tried", commits)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, dir)
			if onDisk := again.Size() > 1; onDisk != (i > 0) {
				t.Errorf("opened again with %d entries", again.Size())
			}
			again.write(step(9, "later", 0))
		})
	}
}

// Changes that queue up during a commit are committed together.
func TestGroupCommit(t *testing.T) {
	c := create(t)
	const writers = 64
	reached, release := make(chan struct{}, 1), make(chan struct{})
	commits := 0
	c.SetSeam(func(point string) error {
		if point == store.Points[0] {
			commits++
			if commits == 1 {
				reached <- struct{}{}
				<-release
			}
		}
		return nil
	})
	var all sync.WaitGroup
	write := func(n int) {
		all.Go(func() {
			change := step(n, fmt.Sprint("k", n), 0)
			w, err := c.Write(context.Background(), change)
			if err != nil {
				t.Errorf("writer %d: %v", n, err)
				return
			}
			c.verify(change, w)
		})
	}
	write(0)
	<-reached
	for n := 1; n < writers; n++ {
		write(n)
	}
	deadline := time.Now().Add(10 * time.Second)
	for c.Queued() < writers-1 && time.Now().Before(deadline) {
		<-time.After(time.Millisecond)
	}
	close(release)
	all.Wait()
	if c.Size() != writers || commits != 2 {
		t.Errorf("%d changes took %d commits, %d entries", writers, commits, c.Size())
	}
}

// A batch that is too large for one transaction is split, and nothing is lost.
func TestLargeBatch(t *testing.T) {
	c := create(t)
	const writers = 24
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			change := step(n, fmt.Sprint("k", n), 0)
			change.Puts[0].Value = make([]byte, 600<<10)
			w, err := c.Write(context.Background(), change)
			if err != nil {
				t.Errorf("writer %d: %v", n, err)
				return
			}
			c.verify(change, w)
		})
	}
	all.Wait()
	if c.Size() != writers {
		t.Errorf("%d entries", c.Size())
	}
}

// Readers see a state between two changes, never one within: the counter row
// and the ledger move together, and proofs hold, while others write.
func TestConcurrentReaders(t *testing.T) {
	c := create(t)
	c.write(step(0, "counter", 0))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				signed, size := c.Checkpoint()
				cp := c.checkpoint(signed, size)
				e, err := c.Entry(size - 1)
				if err != nil {
					t.Error(err)
					return
				}
				data, err := e.Marshal()
				if err != nil {
					t.Error(err)
					return
				}
				proof, err := c.ProveInclusion(size-1, size)
				if err != nil || ledger.CheckInclusion(proof, size, cp.Root, size-1, ledger.LeafHash(data)) != nil {
					t.Errorf("entry %d in %d: %v", size-1, size, err)
					return
				}
				rows, err := c.List("exchange", "", 10)
				if err != nil || len(rows) != 1 || rows[0].Version < size {
					t.Errorf("%d rows, version %d at size %d, %v", len(rows), rows[0].Version, size, err)
					return
				}
			}
		})
	}
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := c.Verify(); err != nil {
				t.Errorf("verify while others write: %v", err)
				return
			}
		}
	})
	version := uint64(1)
	for n := range 100 {
		version = c.write(step(n, "counter", version)).Version()
	}
	close(stop)
	readers.Wait()
}

// childDir names the environment variable that makes the test binary a writer
// that is going to be killed.
const childDir = "SLUIS_TEST_STORE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// An acknowledgement is what the child reports of a change that it was told is
// written.
type acknowledgement struct {
	Key        string
	First      uint64
	Size       uint64
	Checkpoint string
}

// writeUntilKilled writes with eight writers and reports each acknowledged
// change in a line on standard output.
func writeUntilKilled(dir string) error {
	var t quiet
	s, err := store.Open(dir, options(&t))
	if err != nil {
		return err
	}
	failed := make(chan error)
	var out sync.Mutex
	for writer := range 8 {
		go func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d/%d/%d", os.Getpid(), writer, n)
				c := step(n, key, 0)
				c.Dossier = fmt.Sprintf("dossier-%d", n%5)
				c.Send = []store.Outgoing{{ID: key, To: other, Message: make([]byte, 500)}}
				c.Seen = &store.Seen{Issuer: other, ID: key}
				w, err := s.Write(context.Background(), c)
				if err != nil {
					failed <- err
					return
				}
				line, err := json.Marshal(acknowledgement{key, w.First, w.Size, string(w.Checkpoint)})
				if err != nil {
					failed <- err
					return
				}
				out.Lock()
				_, err = os.Stdout.Write(append(line, '\n'))
				out.Unlock()
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// quiet stands for a test where there is none.
type quiet struct{ testing.TB }

func (*quiet) Helper()           {}
func (*quiet) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// A writer that is killed at any moment loses nothing that it acknowledged, and
// the store never refuses to open because of it.
func TestKill(t *testing.T) {
	const seed, rounds = 4417, 15
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	var all []acknowledgement
	for round := range rounds {
		now := killed(t, dir, time.Duration(20+random.IntN(150))*time.Millisecond)
		checkAcknowledged(t, dir, round, now)
		all = append(all, now...)
	}
	checkAcknowledged(t, dir, rounds, all)
	if len(all) < 100 {
		t.Errorf("only %d changes were acknowledged in all", len(all))
	}
	t.Logf("%d changes were acknowledged", len(all))
}

// killed runs a child until it has run for so long after its first
// acknowledgement, kills it and returns what it acknowledged.
func killed(t *testing.T, dir string, after time.Duration) []acknowledgement {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(exe)
	child.Env = append(os.Environ(), childDir+"="+dir)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acks []acknowledgement
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil { // the last line may be cut off: it does not count
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
		var a acknowledgement
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		if acks = append(acks, a); len(acks) == 1 {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
	}
	if err := child.Wait(); len(acks) == 0 {
		t.Fatalf("the child acknowledged nothing: %v %s", err, complaint.String())
	}
	return acks
}

func checkAcknowledged(t *testing.T, dir string, round int, all []acknowledgement) {
	t.Helper()
	s, err := store.Open(dir, options(t))
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	for _, a := range all {
		if a.Size > s.Size() {
			t.Fatalf("round %d: size %d was acknowledged, there are %d entries", round, a.Size, s.Size())
		}
		_, version, err := s.Get("exchange", a.Key)
		if err != nil || version != a.First+1 {
			t.Fatalf("round %d: row %s has version %d, want %d: %v", round, a.Key, version, a.First+1, err)
		}
		if _, err := s.Outgoing(a.Key); err != nil {
			t.Fatalf("round %d: outgoing %s: %v", round, a.Key, err)
		}
		if r, handled, err := s.Seen(other, a.Key); err != nil || !handled || r.First != a.First || r.Size != a.Size {
			t.Fatalf("round %d: seen %s: %+v, %v, %v", round, a.Key, r, handled, err)
		}
	}
	// The checkpoints that were given out are still the ones of this ledger.
	for i := 0; i < len(all); i += 1 + len(all)/20 {
		if cp, err := s.CheckpointAt(all[i].Size); err != nil || string(cp) != all[i].Checkpoint {
			t.Fatalf("round %d: the checkpoint of %d is another one than was acknowledged: %v", round, all[i].Size, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

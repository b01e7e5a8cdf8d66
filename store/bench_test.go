package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"sluis/store"
)

// BenchmarkAppend is one durable change with a row, an outgoing message and an
// entry, at 1, 16 and 128 writers. The floor is the same number of bytes
// appended to a file with one fsync each.
func BenchmarkAppend(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		data := make([]byte, 4096)
		for b.Loop() {
			if _, err := f.Write(data); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, writers := range []int{1, 16, 64, 128} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			s := benchStore(b)
			var commits atomic.Int64
			s.SetSeam(func(point string) error {
				if point == store.Points[0] {
					commits.Add(1)
				}
				return nil
			})
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range writers {
				all.Go(func() {
					for {
						n := int(next.Add(1))
						if n > b.N {
							return
						}
						if _, err := s.Write(context.Background(), exchangeStep(n)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
			b.ReportMetric(float64(b.N)/float64(commits.Load()), "changes/commit")
		})
	}
}

// exchangeStep is about what one act of a real exchange writes.
func exchangeStep(n int) store.Change {
	id := fmt.Sprintf("01938f2e-7c1a-7b3e-9d5a-%012x", n)
	e := event(n)
	e.Private = make([]byte, 200)
	return store.Change{
		Dossier: id,
		Puts:    []store.Record{{Table: "exchange", Key: id, Value: make([]byte, 1000), Index: []string{"phase/queued"}}},
		Send:    []store.Outgoing{{ID: id, To: other, Exchange: id, Message: make([]byte, 2700), Expires: started}},
		Record:  []store.Event{e},
	}
}

func benchStore(b testing.TB) *store.Store {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "store")
	if err := store.Create(dir, options(b)); err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(dir, options(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkOpen is the proof at start over 100,000 entries.
func BenchmarkOpen(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "store")
	fillLedger(b, dir, 100_000)
	for b.Loop() {
		s, err := store.Open(dir, options(b))
		if err != nil {
			b.Fatal(err)
		}
		if s.Size() != 100_000 {
			b.Fatalf("%d entries", s.Size())
		}
		b.StopTimer()
		b.ReportMetric(float64(residentBytes(b))/(1<<20), "MB-resident")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// fillLedger makes a store with so many entries.
func fillLedger(b testing.TB, dir string, entries int) {
	b.Helper()
	if err := store.Create(dir, options(b)); err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(dir, options(b))
	if err != nil {
		b.Fatal(err)
	}
	e := event(0)
	e.Private = make([]byte, 400)
	const each = 50
	for range entries / each {
		c := store.Change{Dossier: exchange}
		for range each {
			c.Record = append(c.Record, e)
		}
		if _, err := s.Write(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

func residentBytes(b testing.TB) int64 {
	b.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		b.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}

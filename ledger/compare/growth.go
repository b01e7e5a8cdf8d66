package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"sluis/store"
)

// growth compares the cost of an append to a small ledger with that of an append
// to a large one. Both are filled through Write, closed and opened again, which
// proves them; then they are measured in turns.
func growth(dir string, entries uint64, rounds int, s span, out, progress io.Writer) error {
	const small = 10_000
	large, err := filled(dir+"/large", entries, progress)
	if err != nil {
		return err
	}
	defer large.Close()
	var at [2]map[int][]reading // by number of writers
	for round := range rounds {
		fresh, err := filled(fmt.Sprint(dir, "/small", round), small, io.Discard)
		if err != nil {
			return err
		}
		for i, a := range []*ours{fresh, large} {
			if at[i] == nil {
				at[i] = make(map[int][]reading)
			}
			for _, writers := range []int{1, 256} {
				settle()
				r, _, err := drive(a, writers, 0, s)
				if err != nil {
					return err
				}
				at[i][writers] = append(at[i][writers], r)
				fmt.Fprintf(progress, "round %d, %d entries, %d writers: %.0f/s, p50 %v, cpu %v\n", round+1, a.store.Size(), writers, r.rate, r.p50, r.cpu)
			}
		}
		if err := fresh.Close(); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "| per append, medians of %d rounds of %v | at %s entries | at %s | ratio: median | of the rounds | goal: at most 1.2 |\n|---|--:|--:|--:|--:|---|\n",
		rounds, s.measured, thousands(small), thousands(float64(entries)))
	for _, what := range []struct {
		name    string
		writers int
		of      func(reading) time.Duration
	}{
		{"256 writers: CPU", 256, func(r reading) time.Duration { return r.cpu }},
		{"256 writers: wall", 256, func(r reading) time.Duration { return time.Duration(float64(time.Second) / r.rate) }},
		{"1 writer: CPU", 1, func(r reading) time.Duration { return r.cpu }},
		{"1 writer: wall", 1, func(r reading) time.Duration { return time.Duration(float64(time.Second) / r.rate) }},
		{"1 writer: wall, the median append", 1, func(r reading) time.Duration { return r.p50 }},
	} {
		few, many := at[0][what.writers], at[1][what.writers]
		ratios := ratios(many, few, func(r reading) float64 { return float64(what.of(r)) })
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", what.name, short(median(column(few, what.of))), short(median(column(many, what.of))),
			judged(ratios, func(x float64) bool { return x <= 1.2 }))
	}
	return nil
}

// filled returns a store with so many entries.
func filled(dir string, entries uint64, progress io.Writer) (*ours, error) {
	s, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := fill(s, entries, progress); err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "%d entries in %v\n", entries, time.Since(start).Round(time.Second))
	start = time.Now()
	if s, err = openStore(dir); err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "opened and proved in %v\n", time.Since(start).Round(time.Millisecond))
	o := &ours{store: s}
	o.next.Store(entries)
	return o, nil
}

// fill writes changes of many events each, with many writers: the same path as
// any other write, in larger steps.
func fill(s *store.Store, entries uint64, progress io.Writer) error {
	const writers, step = 16, 50
	var next atomic.Uint64
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for errs[w] == nil {
				first := next.Add(step) - step
				if first >= entries {
					return
				}
				c := store.Change{Dossier: dossier(first / step)}
				for n := first; n < min(first+step, entries); n++ {
					c.Record = append(c.Record, viewed(n))
				}
				_, errs[w] = s.Write(context.Background(), c)
				if first%1_000_000 == 0 {
					fmt.Fprintf(progress, "%d entries\n", first)
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A reading is one contestant with so many writers for a while.
type reading struct {
	rate float64       // durable appends per second
	p50  time.Duration // of one Append
	p99  time.Duration
	cpu  time.Duration // of the whole process per append, background work included
}

// A span is how long is measured, and how long it runs before that.
type span struct{ warm, measured time.Duration }

// measure runs a contestant in a fresh directory under dir and checks that
// everything that was acknowledged is there afterwards.
func measure(c contestant, dir string, writers, size int, s span) (reading, error) {
	settle()
	path := filepath.Join(dir, "log")
	a, err := c.open(path, writers)
	if err != nil {
		return reading{}, err
	}
	r, acknowledged, err := drive(a, writers, size, s)
	if err != nil {
		return reading{}, err
	}
	if err := a.Close(); err != nil {
		return reading{}, err
	}
	n, err := c.count(path)
	if err != nil {
		return reading{}, err
	}
	if n < acknowledged {
		return reading{}, fmt.Errorf("%d entries were acknowledged, %d are there", acknowledged, n)
	}
	return r, os.RemoveAll(path)
}

// settle leaves no dirty pages and no garbage of the contestant before.
func settle() {
	runtime.GC()
	unix.Sync()
}

// drive has writers append, each the next as soon as the one before is durable,
// and returns what was measured and how many were acknowledged in all.
func drive(a appender, writers, size int, s span) (reading, uint64, error) {
	var phase atomic.Int32 // 0 warm, 1 measured, 2 over
	took := make([][]time.Duration, writers)
	acks, errs := make([]uint64, writers), make([]error, writers)
	something := make(chan struct{}) // closed when an append was measured or has failed
	signal := sync.OnceFunc(func() { close(something) })
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			entry := payload(uint64(w), size)
			for phase.Load() < 2 {
				acks[w]++
				copy(entry, number(acks[w])) // so that a writer's are not all alike
				start := time.Now()
				if errs[w] = a.Append(append([]byte(nil), entry...)); errs[w] != nil {
					signal()
					return
				}
				if phase.Load() == 1 {
					took[w] = append(took[w], time.Since(start))
					signal()
				}
			}
		})
	}
	time.Sleep(s.warm)
	cpu, start := cpuTime(), time.Now()
	phase.Store(1)
	time.Sleep(s.measured)
	<-something
	phase.Store(2)
	wall, used := time.Since(start), cpuTime()-cpu
	all.Wait()
	var total uint64
	for w := range writers {
		if errs[w] != nil {
			return reading{}, 0, errs[w]
		}
		total += acks[w]
	}
	each := slices.Concat(took...)
	slices.Sort(each)
	return reading{
		rate: float64(len(each)) / wall.Seconds(),
		p50:  each[len(each)/2],
		p99:  each[len(each)*99/100],
		cpu:  used / time.Duration(len(each)),
	}, total, nil
}

// cpuTime is what this process has used, in all its threads.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// median returns the middle value; of an even number the lower one.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

package sim_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluis/testnet/sim"
)

var (
	seed     = flag.Uint64("seed", 0, "play this seed only, and then no others; 0 plays those that failed once and then new ones")
	days     = flag.Int("days", 4, "days that a network is played")
	perDay   = flag.Int("per-day", 60, "requests that are made in a day, about")
	during   = flag.Duration("for", time.Minute, "how long TestSim goes on with new seeds")
	networks = flag.Int("networks", 0, "networks with new seeds that TestSim plays, two at a time, however long it takes; 0 goes by -for")
	logs     = flag.Bool("sim.log", false, "show what happens, and the logs of the nodes")
)

// memory is a directory in memory if there is one: nothing in a simulation depends
// on syncs, and on a real disk they would take all the time.
func memory(t *testing.T) string {
	t.Helper()
	const shared = "/dev/shm"
	if _, err := os.Stat(shared); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(shared, "sluis-sim-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// play plays one network and leaves nothing of it.
func play(t *testing.T, c sim.Config) sim.Result {
	t.Helper()
	dir, err := os.MkdirTemp(memory(t), "")
	if err != nil {
		t.Fatal(err)
	}
	c.Dir = dir
	if *logs {
		c.Log = os.Stderr
	}
	r, err := sim.Run(c)
	if err != nil {
		t.Errorf("seed %d: it could not be played: %v", c.Seed, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
	return r
}

// holds fails for everything that does not hold.
func holds(t *testing.T, c sim.Config, r sim.Result) {
	t.Helper()
	t.Log(r)
	for _, broken := range r.Broken {
		t.Errorf("seed %d: %s", r.Seed, broken)
	}
	if t.Failed() {
		t.Errorf("play it again: go test ./testnet/sim -run 'TestSim$' -seed %d -days %d -per-day %d -v", c.Seed, c.Days, c.PerDay)
	}
}

// A regression is a network that did not hold once.
type regression struct {
	seed         uint64
	days, perDay int
}

// regressions reads testdata/seeds: a seed, days and requests a day on each line,
// and behind # what was wrong.
func regressions(t *testing.T) (all []regression) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "seeds"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		var numbers []int
		for _, s := range f {
			n, err := strconv.Atoi(s)
			if err != nil || len(f) != 3 {
				t.Fatalf("testdata/seeds: %q is not a seed, days and requests a day", line)
			}
			numbers = append(numbers, n)
		}
		all = append(all, regression{uint64(numbers[0]), numbers[1], numbers[2]})
	}
	return all
}

// Whole networks, with everything that can go wrong. Each prints its seed.
func TestSim(t *testing.T) {
	one := func(s uint64, days, perDay int) sim.Result {
		var r sim.Result
		t.Run(fmt.Sprint("seed ", s), func(t *testing.T) {
			c := sim.Config{Seed: s, Days: days, PerDay: perDay, Faults: sim.AllFaults()}
			r = play(t, c)
			holds(t, c, r)
		})
		return r
	}
	if *seed != 0 {
		one(*seed, *days, *perDay)
		return
	}
	if *networks > 0 {
		long(t)
		return
	}
	deadline := time.Now().Add(*during)
	for _, r := range regressions(t) {
		one(r.seed, r.days, r.perDay)
	}
	// Other seeds each day.
	for s := uint64(time.Now().Unix()); time.Now().Before(deadline); s++ {
		one(s, *days, *perDay)
	}
}

// long plays networks with new seeds, two at a time, and adds up.
func long(t *testing.T) {
	var mu sync.Mutex
	var played, exchanges, ended, messages int
	var entries uint64
	next := uint64(time.Now().Unix())
	begun := time.Now()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for {
				mu.Lock()
				s, more := next, played < *networks
				next, played = next+1, played+1
				mu.Unlock()
				if !more {
					return
				}
				r := play(t, sim.Config{Seed: s, Days: *days, PerDay: *perDay, Faults: sim.AllFaults()})
				mu.Lock()
				exchanges, ended, entries, messages = exchanges+r.Exchanges, ended+r.Answered, entries+r.Entries, messages+r.Counts["messages in both ledgers"]
				fmt.Printf("%s\n  so far: %d exchanges, %d ended, %d messages in both ledgers, %d entries, after %s\n", r, exchanges, ended, messages, entries, time.Since(begun).Round(time.Second))
				for _, broken := range r.Broken {
					t.Errorf("seed %d: %s", r.Seed, broken)
				}
				mu.Unlock()
			}
		})
	}
	both.Wait()
	t.Logf("%d network-days, %d exchanges, %d ended, %d messages in both ledgers, %d entries, in %s", *networks**days, exchanges, ended, messages, entries, time.Since(begun).Round(time.Second))
}

// A seed tells the same story each time.
func TestSameSeedSameStory(t *testing.T) {
	c := sim.Config{Seed: 7, Days: 1, PerDay: 20, Faults: sim.AllFaults()}
	first, second := play(t, c), play(t, c)
	if first.Digest != second.Digest || first.Entries != second.Entries {
		t.Errorf("digest %s with %d entries, and then %s with %d", first.Digest, first.Entries, second.Digest, second.Entries)
	}
	if c.Seed++; play(t, c).Digest == first.Digest {
		t.Error("another seed tells the same story")
	}
}

// Nodes that lose their disk go back to the backup of the day before: their ledger
// goes on without a second history, under another name where others saw more. So it is
// with machines that are put back from a snapshot, whose nodes do not know of it. Keys
// are replaced meanwhile, and what is old brings back those of before.
func TestOlderBackups(t *testing.T) {
	c := sim.Config{Seed: 6, Days: 6, PerDay: 16, Faults: sim.AllFaults()}
	c.Faults.Crashes, c.Faults.Restore, c.Faults.Snapshots, c.Faults.Rekeys = 2, 0.6, 6, 2
	r := play(t, c)
	holds(t, c, r)
	if r.Counts["older backups"] == 0 || r.Counts["snapshots put back"] == 0 || r.Counts["ledgers that continue under another name"] == 0 {
		t.Error("nobody went back to a backup of which others had seen more")
	}
	if r.Counts["keys destroyed"] == 0 {
		t.Error("no key was replaced")
	}
}

// Each invariant can be seen to be broken: what is broken on purpose is found, by
// the check of that invariant.
func TestSabotageIsFound(t *testing.T) {
	c := sim.Config{Seed: 5, Days: 1, PerDay: 24, Faults: sim.Faults{Malice: 40}}
	for sabotage, invariant := range sim.Sabotages {
		t.Run(sabotage, func(t *testing.T) {
			c := c
			c.Sabotage = sabotage
			r := play(t, c)
			if !slices.ContainsFunc(r.Broken, func(b string) bool { return strings.HasPrefix(b, invariant+" ") }) {
				t.Errorf("%s was not found to be broken, but %q", invariant, r.Broken)
			}
		})
	}
	if r := play(t, c); len(r.Broken) > 0 || r.Counts["old copies that stopped by themselves"] == 0 {
		t.Errorf("and without sabotage: %q, and no old copy that stopped", r.Broken)
	}
}

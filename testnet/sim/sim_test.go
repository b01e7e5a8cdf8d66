package sim_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluis/testnet/sim"
)

var (
	seed   = flag.Uint64("seed", 0, "play this seed only")
	days   = flag.Int("days", 6, "days that a network is played")
	perDay = flag.Int("per-day", 60, "requests that are made in a day, about")
	logs   = flag.Bool("sim.log", false, "show what happens, and the logs of the nodes")
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

func play(t *testing.T, c sim.Config) sim.Result {
	t.Helper()
	c.Dir = filepath.Join(memory(t), "net")
	if err := os.Mkdir(c.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if *logs {
		c.Log = os.Stderr
	}
	r, err := sim.Run(c)
	if err != nil {
		t.Fatalf("seed %d: %v", c.Seed, err)
	}
	t.Log(r)
	return r
}

func TestSim(t *testing.T) {
	r := play(t, sim.Config{Seed: *seed, Days: *days, PerDay: *perDay, Faults: sim.AllFaults()})
	if len(r.Broken) > 0 {
		t.Errorf("seed %d: %d things do not hold", r.Seed, len(r.Broken))
	}
}

// A seed tells the same story each time.
func TestSameSeedSameStory(t *testing.T) {
	c := sim.Config{Seed: 7, Days: 2, PerDay: 30, Faults: sim.AllFaults()}
	first, second := play(t, c), play(t, c)
	if first.Digest != second.Digest || first.Entries != second.Entries {
		t.Errorf("digest %s with %d entries, and then %s with %d", first.Digest, first.Entries, second.Digest, second.Entries)
	}
	if c.Seed++; play(t, c).Digest == first.Digest {
		t.Error("another seed tells the same story")
	}
}

// Nodes that lose their disk go back to the backup of the day before: their ledger
// goes on without a second history, under another name where others saw more.
func TestOlderBackups(t *testing.T) {
	f := sim.AllFaults()
	f.Crashes, f.Restore = 2, 0.6
	r := play(t, sim.Config{Seed: 3 + *seed, Days: 6, PerDay: 20, Faults: f})
	holds(t, r)
	if r.Counts["older backups"] == 0 || r.Counts["ledgers that continue under another name"] == 0 {
		t.Error("nobody went back to a backup of which others had seen more")
	}
}

// holds fails for everything that does not hold.
func holds(t *testing.T, r sim.Result) {
	t.Helper()
	for _, broken := range r.Broken {
		t.Errorf("seed %d: %s", r.Seed, broken)
	}
}

// Each invariant can be seen to be broken: what is broken on purpose is found, by
// the check of that invariant.
func TestSabotageIsFound(t *testing.T) {
	for sabotage, invariant := range sim.Sabotages {
		t.Run(sabotage, func(t *testing.T) {
			f := sim.Faults{Malice: 30}
			r := play(t, sim.Config{Seed: 5, Days: 2, PerDay: 24, Faults: f, Sabotage: sabotage})
			if !slices.ContainsFunc(r.Broken, func(b string) bool { return strings.HasPrefix(b, invariant+" ") }) {
				t.Errorf("%s was not found to be broken, but %q", invariant, r.Broken)
			}
		})
	}
	if r := play(t, sim.Config{Seed: 5, Days: 2, PerDay: 24, Faults: sim.Faults{Malice: 30}}); len(r.Broken) > 0 {
		t.Errorf("and without sabotage: %q", r.Broken)
	}
}

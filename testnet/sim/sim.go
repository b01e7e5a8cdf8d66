// Package sim plays whole networks of nodes on a simulated clock, network and
// disk, from a seed, and then holds what became of them against the invariants
// of the design (I1–I10).
//
// The nodes are real: package peer with its real store, formats and keys. What is
// simulated is what the world does to them: time, messages that are lost, doubled,
// late and out of order, networks that fall apart, power cuts in the middle of a
// write, disks that are slow or full, clocks that differ, older backups, a party
// that means ill, and people who ask and decide. One thread runs everything
// ([schedule]), so a seed tells the same story each time: [Result.Digest] is over
// the order of what happened.
//
// # How to read the code
//
// sim.go makes a network and plays it; clock.go is the one thread; network.go,
// disk.go and node.go are what stands around a node; people.go is what people do,
// law.go what they ask and decide, keys.go how their keys are replaced, faults.go what
// goes wrong, malice.go the party that means ill; check.go holds the end against the
// invariants. docs/simulation.md says how to run it.
//
// It is imported by tests only.
package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/testnet"
)

// A Config says what network to play.
type Config struct {
	Seed uint64
	Days int // default 10
	// PerDay is about how many requests are made in a day. Default: 100.
	PerDay int
	// Faults go wrong; see [AllFaults].
	Faults Faults
	// Dir is an empty directory, best in memory: nothing depends on its syncs.
	Dir string
	// Log receives the logs of the nodes; nil: nobody does.
	Log io.Writer
	// Sabotage breaks an invariant on purpose, to see that it is noticed: one of
	// [Sabotages]. "" for none.
	Sabotage string
}

// A Result is what became of a network.
type Result struct {
	Seed      uint64
	Days      int
	Exchanges int // that were asked
	Answered  int // that came to an answer or a refusal
	Entries   uint64
	// Digest is over all that happened, in its order: the same for each run of a
	// seed.
	Digest string
	// Broken lists what does not hold.
	Broken []string
	// Counts says how often what happened.
	Counts map[string]int
	Took   time.Duration
}

// String is the result in one line, and what does not hold below it.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d days, %d exchanges (%d ended), %d entries, %s, digest %s", r.Seed, r.Days, r.Exchanges, r.Answered, r.Entries, r.Took.Round(time.Second), r.Digest[:16])
	for _, what := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(&b, "\n    %-36s %d", what, r.Counts[what])
	}
	for _, broken := range r.Broken {
		b.WriteString("\n  BROKEN " + broken)
	}
	return b.String()
}

// A world is one network and all that happens to it.
type world struct {
	*schedule
	config Config
	faults Faults
	calm   bool // no more goes wrong

	authority *authority
	nodes     []*node
	byPeer    map[string]*node
	apart     map[[2]int]bool
	stolen    *villain
	affairs   []*affair

	digest hash.Hash
	counts map[string]int
	breaks []string
	failed error
	lines  int
}

// begins is when each network begins: a Monday morning.
var begins = time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)

// Run plays a network. An error means that it could not be played; what does not
// hold is in the result.
func Run(c Config) (Result, error) {
	if c.Days == 0 {
		c.Days = 10
	}
	if c.PerDay == 0 {
		c.PerDay = 100
	}
	w := &world{
		schedule: newSchedule(c.Seed, begins), config: c, faults: c.Faults, byPeer: map[string]*node{}, apart: map[[2]int]bool{},
		digest: sha256.New(), counts: map[string]int{},
	}
	w.after = w.reap
	started := time.Now()
	if err := w.make(); err != nil {
		return Result{}, err
	}
	w.people()
	w.trouble()
	w.sabotaged()
	w.run(begins.AddDate(0, 0, c.Days))
	if w.failed == nil {
		w.settle()
	}
	if w.failed == nil {
		w.check()
	}
	r := Result{
		Seed: c.Seed, Days: c.Days, Exchanges: len(w.affairs), Digest: hex.EncodeToString(w.digest.Sum(nil)), Broken: w.breaks, Counts: w.counts,
		Took: time.Since(started), Answered: w.counts["exchanges ended"],
	}
	for _, n := range w.nodes {
		if n.up {
			r.Entries += n.size()
			n.up = false
			_ = n.peer.Close()
		}
	}
	return r, w.failed
}

// make makes the nodes, and a register that lists them.
func (w *world) make() error {
	contents, err := crypto.NewKeyFile()
	if err != nil {
		return err
	}
	lock, err := crypto.KeyFileLock(contents)
	if err != nil {
		return err
	}
	if w.authority, err = newAuthority(w.now); err != nil {
		return err
	}
	for i, m := range cast() {
		n := &node{world: w, number: i, member: m, dir: filepath.Join(w.config.Dir, m.Key), lock: lock, handled: map[handled]bool{}}
		if w.faults.Skew > 0 {
			n.skew = w.between(-w.faults.Skew, w.faults.Skew)
		}
		if err := n.create(); err != nil {
			return fmt.Errorf("%s: %w", m.Key, err)
		}
		w.nodes = append(w.nodes, n)
	}
	if w.stolen, err = newVillain(w); err != nil {
		return err
	}
	bundle, err := w.authority.publish(w)
	if err != nil {
		return err
	}
	for _, n := range w.nodes {
		if err := n.start(); err != nil {
			return fmt.Errorf("%s: %w", n.member.Key, err)
		}
		if err := n.peer.InstallRegister(context.Background(), bundle); err != nil {
			return err
		}
		for _, a := range n.member.Staff {
			if err := n.peer.AddStaff(context.Background(), a); err != nil {
				return err
			}
		}
		n.acknowledge()
		w.in(20*time.Minute, n.tend)
	}
	return nil
}

// cast lists the parties: two that ask, three that are asked, of which one may
// not process the BSN and one is bound by secrecy, and the police.
func cast() []testnet.Member {
	all := testnet.Members("municipality", "debt-help", "youth-care", "housing", "police")
	second := testnet.Members("municipality")[0]
	second.Key, second.Party.OIN, second.Party.Name = "other-municipality", "00000099000010010000", "gemeente Anderland"
	all = append(all, second)
	for i := range all {
		all[i].Party.Capacities = slices.Clone(all[i].Party.Capacities[:1])
		hat := all[i].Party.Capacities[0].Code
		all[i].Staff = slices.DeleteFunc(slices.Clone(all[i].Staff), func(a exchange.Actor) bool { return a.Roles[0].Capacity != hat })
	}
	return all
}

func (w *world) node(key string) *node {
	for _, n := range w.nodes {
		if n.member.Key == key {
			return n
		}
	}
	return nil
}

// reap ends the runs of nodes that died in an event, and lets the others look
// what is due now.
func (w *world) reap() {
	for _, n := range w.nodes {
		if n.dying {
			n.ruin()
		}
		if n.up && n.touched {
			n.touched = false
			n.wake(0)
		}
	}
}

// settle ends all trouble and waits until nothing is under way any more.
func (w *world) settle() {
	w.calm, w.faults = true, Faults{}
	clear(w.apart)
	for _, n := range w.nodes {
		n.full, n.doom, n.busyUntil = false, nil, time.Time{}
	}
	w.note(nil, "calm", "")
	for _, n := range w.nodes {
		if !n.up {
			n.lateEarly = true // it is copied when it starts
			continue
		}
		if err := snapshot(n.dir, n.early()); err != nil {
			w.fail(err)
			return
		}
	}
	for range 40 {
		w.run(w.now.Add(6 * time.Hour))
		if w.failed != nil || w.quiet() {
			return
		}
	}
	for _, n := range w.nodes {
		if !n.up {
			w.broken("I7", n, "it is not up, four days after all trouble ended")
		} else if n.peer.Recovering() {
			w.broken("I7", n, "it waits to be released, ten days after all trouble ended: %+v", *n.peer.Recovery())
		} else if n.peer.Waiting() > 0 {
			w.broken("I7", n, "%d messages are still under way, ten days after all trouble ended", n.peer.Waiting())
		}
	}
}

func (w *world) quiet() bool {
	return !slices.ContainsFunc(w.nodes, func(n *node) bool {
		return !n.up || n.peer.Waiting() > 0 || n.peer.Recovering() || n.rekeying
	})
}

// count counts.
func (w *world) count(what string) { w.counts[what]++ }

// note writes down what happened, in a way that is the same in each run of a
// seed.
func (w *world) note(n *node, what, more string) {
	who := "-"
	if n != nil {
		who = n.member.Key
	}
	fmt.Fprintf(w.digest, "%d %s %s %s\n", w.now.Sub(begins), who, what, more)
	if w.config.Log != nil {
		fmt.Fprintf(w.config.Log, "%s %s: %s %s\n", w.now.Format(time.RFC3339Nano), who, what, more)
	}
}

// broken writes down that an invariant does not hold.
func (w *world) broken(invariant string, n *node, format string, args ...any) {
	who := ""
	if n != nil {
		who = " " + n.member.Key
	}
	text := fmt.Sprintf("%s at %s%s: %s", invariant, w.now.Sub(begins), who, fmt.Sprintf(format, args...))
	if w.config.Log != nil {
		fmt.Fprintln(w.config.Log, "BROKEN", text)
	}
	if len(w.breaks) < 50 && !slices.Contains(w.breaks, text) {
		w.breaks = append(w.breaks, text)
	}
}

// fail ends the simulation: it could not be played.
func (w *world) fail(err error) {
	if w.failed == nil {
		w.failed = err
	}
	w.queue = nil
}

// mark stands in every text and name that people write.
const mark = "Zq7planted"

// planted says what of a person is in bytes that may hold nothing of the kind.
func (w *world) planted(b []byte) string {
	if bytes.Contains(b, []byte(mark)) {
		return "a text of a person"
	}
	for _, number := range numbers {
		if bytes.Contains(b, []byte(number)) {
			return "a BSN"
		}
	}
	return ""
}

// leaves looks at what leaves a node: it must be sealed (I5).
func (w *world) leaves(n *node, protocol string, b []byte) {
	w.count("sent over " + strings.Split(protocol, "/")[2])
	if what := w.planted(b); what != "" {
		w.broken("I5", n, "%s on the wire, over %s", what, protocol)
	}
	w.stolen.overhear(protocol, b)
}

// emptyDir makes a directory of the simulation, or empties it.
func emptyDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o700)
}

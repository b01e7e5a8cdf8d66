package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/ledger/audit"
	"sluis/peer"
	"sluis/register"
	"sluis/store"
	"sluis/testnet"
	"sluis/transport"
)

// A node is one party: a real peer.Node on the simulated clock, network and disk.
type node struct {
	world  *world
	number int
	member testnet.Member
	dir    string
	lock   crypto.Lock
	entry  register.Entry
	// verifiers check its checkpoints: each key that the register had for its ledger.
	verifiers []string
	skew      time.Duration

	// What a run of the node has; epoch counts the runs.
	peer      *peer.Node
	turns     *peer.Turns
	epoch     int
	up        bool
	dying     bool // its power was cut in this event
	touched   bool // something was done at it in this event
	waking    bool // an event to look what is due is planned
	wakeAt    time.Time
	wakes     int     // that were planned: only the last of them counts
	wiring    *wiring // where it can be called; nil while it moves from one peer ID to another
	calls     map[*call]bool
	busyUntil time.Time
	doom      *doom
	full      bool

	// shown is the newest checkpoint of the ledger at a moment when the node told
	// anybody anything: what it covers was acknowledged (I7).
	shown   []byte
	handled map[handled]bool
	// restored counts the older backups and snapshots that the node went back to, and
	// lost says that something acknowledged went with one of them.
	report    *audit.Report // of a time before the end, for sabotage
	lateEarly bool
	restored  int
	lost      bool
	// forks says that it wrote something after it came back older, under the same name,
	// since whoever had seen more could not be reached (docs/keeping.md): then others
	// may find two histories.
	forks bool
	// deaf says that it does not want to hear what was seen of its ledger.
	deaf bool
	// rekeying says that its administrator is busy with its keys.
	rekeying bool
	// backupInDoubt says that it was put back, and nobody has looked at its backup since.
	backupInDoubt bool
	// alone says that its administrator does not come by.
	alone bool
	// Of the restore that was last: the entries that had been acknowledged, those
	// that the backup had, and whether the ledger then got another name.
	acknowledged, kept uint64
	renamed            bool
}

func (n *node) oin() exchange.OIN { return n.member.Party.OIN }

// now is the clock of the node.
func (n *node) now() time.Time { return n.world.now.Add(n.skew) }

func (n *node) options() peer.Options {
	return peer.Options{
		Lock: n.lock, Now: n.now, Log: slog.New(slog.NewJSONHandler(&sieve{n}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Chance: n.world.below, Disk: &store.Disk{At: n.at, Free: n.free},
		Network: n.network,
	}
}

// A sieve is where the log of a node goes: nothing personal may be in it (I5).
type sieve struct{ node *node }

func (s *sieve) Write(line []byte) (int, error) {
	if what := s.node.world.planted(line); what != "" {
		s.node.world.broken("I5", s.node, "%s in the log", what)
	}
	s.node.world.lines++
	if s.node.world.config.Log != nil {
		_, _ = fmt.Fprintf(s.node.world.config.Log, "%s %s %s", s.node.world.now.Format(time.RFC3339), s.node.member.Key, line)
	}
	return len(line), nil
}

// settings is the configuration of a node. What it bounds by default stays;
// rounds come less often, so that days go by faster.
func (n *node) settings() []byte {
	w := n.world
	gossip := "true"
	if w.config.Sabotage == "no-gossip" {
		gossip = "false"
	}
	return fmt.Appendf(nil, `
listen = ["/ip4/127.0.0.1/tcp/%d"]
quic = false
[limits]
min_free_bytes = 1
[delivery]
first_pause = "5s"
longest_pause = "30m"
at_once = 512
[register]
exchange_every = "6h"
[backup]
dir = %q
[witness]
every = "24h"
pause = "2h"
gossip = %s
[retention]
months = { "5.4.5(1)" = 1, "5.4.5(2)" = 1 }
`, 4001+n.number, n.backup(), gossip)
}

func (n *node) backup() string { return n.dir + ".backup" }

// create makes the directory of the node.
func (n *node) create() error {
	if err := peer.Create(context.Background(), n.dir, peer.Plan{Identity: peer.Identity{Party: n.member.Party}, Root: n.world.authority.root, Lock: n.lock, Config: n.settings()}, peer.Options{Now: n.now}); err != nil {
		return err
	}
	return n.relist()
}

// relist reads what the register is to say of the node.
func (n *node) relist() (err error) {
	n.entry, err = peer.Entry(n.dir, peer.Options{Lock: n.lock, Now: n.now})
	if !slices.Contains(n.verifiers, n.entry.Checkpoint) {
		n.verifiers = append(n.verifiers, n.entry.Checkpoint)
	}
	return err
}

// opened reads a checkpoint of the node, signed with any key that it has had.
func (n *node) opened(signed []byte) (c ledger.Checkpoint, err error) {
	for _, key := range slices.Backward(n.verifiers) {
		if c, err = ledger.OpenCheckpoint(signed, key); err == nil {
			return c, nil
		}
	}
	return c, err
}

// start opens the node on what is on its disk.
func (n *node) start() error {
	n.epoch++
	n.calls, n.busyUntil, n.doom, n.waking = map[*call]bool{}, time.Time{}, nil, false
	n.up = true
	p, err := peer.Open(n.dir, n.options())
	if err != nil {
		n.up = false
		return err
	}
	n.peer, n.turns = p, p.Turns()
	n.remembers()
	n.wake(0)
	return nil
}

// remembers holds the ledger of a node that has started against what it
// acknowledged before: all of it must be there (I7).
func (n *node) remembers() {
	if n.shown == nil {
		return
	}
	was, err := n.opened(n.shown)
	if err != nil {
		n.world.fail(err)
		return
	}
	signed, size := n.peer.Checkpoint()
	is, err := n.opened(signed)
	if err != nil {
		n.world.broken("I10", n, "it starts with a checkpoint that is not its own: %v", err)
		return
	}
	if size < was.Size {
		n.world.broken("I7", n, "it had acknowledged %d entries and starts with %d", was.Size, size)
		return
	}
	proof, err := n.peer.ProveConsistency(was.Size, size)
	if err != nil || ledger.CheckConsistency(proof, was.Size, was.Root, is.Size, is.Root) != nil {
		n.world.broken("I7", n, "what it starts with is not what it had acknowledged")
	}
}

// acknowledge is called when the node tells anybody anything.
func (n *node) acknowledge() { n.shown, _ = n.peer.Checkpoint() }

func (n *node) size() uint64 {
	_, size := n.peer.Checkpoint()
	return size
}

// lives reports whether a run of the node has not ended.
func (n *node) lives(epoch int) bool { return n.up && n.epoch == epoch }

// stop ends a run. Whoever waits within it is told that the network is gone.
func (n *node) stop() {
	n.up = false
	for _, c := range n.waiting() {
		n.world.in(0, func() { n.world.end(c, nil, transport.ErrRefusedByPeer) })
	}
	n.world.in(0, func() {}) // they come to their end before anything else does
}

func (n *node) waiting() (all []*call) {
	for c := range n.calls {
		all = append(all, c)
	}
	return all
}

// ruin ends a run whose power was cut, and puts the disk as it then was in the
// place of the directory.
func (n *node) ruin() {
	n.dying = false
	n.stop()
	old := n.peer
	// The tasks of this run end first; then the files can be closed and left.
	n.world.in(time.Millisecond, func() {
		_ = old.Close() // what it still writes goes to a directory that is thrown away
		err := os.RemoveAll(n.dir)
		if err == nil {
			err = os.Rename(n.after(), n.dir)
		}
		if mid := n.dir + ".mid"; err == nil && n.world.config.Sabotage == "amnesia" && sizeOf(mid) > 0 {
			err = errors.Join(os.RemoveAll(n.dir), os.Rename(mid, n.dir))
		}
		if err != nil {
			n.world.fail(err)
			return
		}
		down := n.world.between(time.Second, 10*time.Minute)
		if n.world.chance(0.1) {
			down = n.world.between(time.Hour, 12*time.Hour)
		}
		n.world.in(down, n.comeBack)
	})
}

// comeBack starts the node again, sometimes from a backup, since its disk is lost.
func (n *node) comeBack() {
	w := n.world
	if w.calm || !w.chance(w.faults.Restore) || !n.hasBackup() {
		n.startAgain()
		return
	}
	if _, err := os.Stat(n.snapshot()); err == nil && w.chance(0.5) {
		n.putBack()
		return
	}
	n.restore()
}

func (n *node) startAgain() {
	if err := n.start(); err != nil {
		if errors.Is(err, store.ErrDiskFull) {
			n.world.in(10*time.Minute, n.startAgain)
			return
		}
		n.world.broken("I7", n, "it does not start after a power cut: %v", err)
		return
	}
	if n.lateEarly {
		n.lateEarly = false
		if err := snapshot(n.dir, n.early()); err != nil {
			n.world.fail(err)
		}
	}
	n.world.count("starts")
	n.world.note(n, "starts", "")
}

func (n *node) hasBackup() bool {
	_, err := os.Stat(filepath.Join(n.backup(), "chain.json"))
	return err == nil
}

// wake plans to look what is due, at the latest after a time.
func (n *node) wake(wait time.Duration) {
	at := n.world.now.Add(wait)
	if n.waking && !at.Before(n.wakeAt) {
		return
	}
	n.waking, n.wakeAt = true, at
	n.wakes++
	epoch, wakes := n.epoch, n.wakes
	n.world.in(wait, func() {
		if !n.lives(epoch) || n.wakes != wakes {
			return
		}
		n.waking = false
		n.look()
	})
}

// look takes the turns that are due.
func (n *node) look() {
	if wait := n.busyUntil.Sub(n.world.now); wait > 0 {
		n.wake(wait)
		return
	}
	due, wait := n.turns.Due()
	slices.SortFunc(due, func(a, b peer.Turn) int { return strings.Compare(n.world.orderOf(a), n.world.orderOf(b)) })
	epoch := n.epoch
	for i, t := range due {
		// One after the other: each has a moment of its own.
		n.world.in(time.Duration(i+1)*time.Millisecond, func() {
			if !n.lives(epoch) {
				return
			}
			n.world.note(n, "turn "+string(t.Kind), nameOfTurn(t))
			n.world.begin(func() {
				t.Do(context.Background())
				n.touched = true
			})
		})
	}
	n.wake(max(wait, time.Millisecond))
}

// nameOfTurn names a turn in a way that is the same in each run of a seed.
func nameOfTurn(t peer.Turn) string {
	if t.Kind == peer.DeliverTurn {
		return ""
	}
	return t.Of
}

// orderOf is in which order turns that are due together are taken: messages by
// when they were made, which is the first part of their ID. What follows it is by
// chance.
func (w *world) orderOf(t peer.Turn) string {
	if t.Kind == peer.DeliverTurn && len(t.Of) > 13 {
		return string(t.Kind) + t.Of[:13]
	}
	return string(t.Kind) + t.Of
}

func isReceipt(reply []byte) bool {
	var r struct {
		Receipt []byte `json:"receipt"`
	}
	return json.Unmarshal(reply, &r) == nil && len(r.Receipt) > 0
}

func codeOfReply(reply []byte) string {
	var r struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(reply, &r)
	return r.Code
}

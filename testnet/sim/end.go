package sim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluis/peer"
	"sluis/store"
)

// checkEnd lets the terms of retention run out (I8), and then tampers with what is
// on disk (I10) and with the history of a node (I4).
func (w *world) checkEnd() {
	aged := pick(w.schedule, w.nodes)
	old := aged.dir + ".oldbackup"
	if err := copyDir(aged.backup(), old); err != nil {
		old = "" // it never came to a backup
	}
	if w.config.Sabotage != "keeps" {
		w.jump(36 * 24 * time.Hour)
	}
	w.run(w.now.Add(26 * time.Hour))
	w.checkDestroyed()
	if w.failed == nil {
		w.reconcile(" after the terms")
	}
	if w.failed == nil && old != "" {
		w.checkBackup(aged, old)
	}
	if w.failed == nil {
		w.checkTampered(pick(w.schedule, w.nodes))
	}
	if w.failed == nil {
		w.checkFork()
	}
}

// jump lets time pass in which nobody does anything, as if all machines slept.
func (w *world) jump(d time.Duration) {
	w.now = w.now.Add(d)
	for i := range w.queue {
		w.queue[i].at = w.queue[i].at.Add(d)
	}
	for _, n := range w.nodes {
		n.wakeAt = n.wakeAt.Add(d)
		n.touched = true
	}
}

// checkDestroyed holds that what is due is gone, and that nothing else is.
func (w *world) checkDestroyed() {
	for _, a := range w.affairs {
		if a.lossy() {
			continue
		}
		_, err := w.seen(a.from, a.from.asker(), a)
		switch {
		case !a.informed.IsZero() && !isFault(err, peer.Destroyed):
			w.broken("I8", a.from, "affair %d is past its term and not destroyed: %v", a.number, err)
		case a.informed.IsZero() && err != nil && !a.unsureOfMoment:
			w.broken("I7", a.from, "affair %d has no term yet and can't be read: %s", a.number, codeOf(err))
		case !a.informed.IsZero():
			a.gone = true
			w.count("affairs destroyed in time")
		}
		if _, err := w.seen(a.to, a.to.decider(), a); a.decided && !isFault(err, peer.Destroyed) {
			w.broken("I8", a.to, "affair %d, supplied more than a month ago, is not destroyed: %v", a.number, err)
		}
	}
}

// checkBackup holds that a backup of before the terms ran out does not bring back
// what has been destroyed since.
func (w *world) checkBackup(n *node, old string) {
	if !n.up {
		return
	}
	destroyed, err := os.ReadFile(filepath.Join(n.dir, "destroyed.txt"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.fail(err)
		return
	}
	again := n.dir + ".again"
	o := n.options()
	o.Disk = nil
	if _, err := peer.Restore(again, old, destroyed, o); err != nil {
		if n.restored == 0 {
			w.broken("I8", n, "its backup can't be restored: %v", err)
		}
		return
	}
	p, err := peer.Open(again, o)
	if err != nil {
		w.broken("I8", n, "its backup does not open: %v", err)
		return
	}
	for _, a := range w.affairs {
		if !a.gone || a.from != n {
			continue
		}
		if _, err := p.Open(context.Background(), n.asker(), a.id); err == nil {
			w.broken("I8", n, "affair %d is back from a backup", a.number)
		}
		w.count("affairs that no backup brings back")
	}
	if err := p.Close(); err != nil {
		w.fail(err)
	}
}

// halt stops a node for good, as an administrator does.
func (w *world) halt(n *node) {
	n.stop()
	w.run(w.now.Add(time.Millisecond))
	if err := n.peer.Close(); err != nil {
		w.fail(err)
	}
}

// checkTampered changes the directory of a node in ways that leave less, or
// something else, than was signed: it must not start (I10).
func (w *world) checkTampered(n *node) {
	if !n.up {
		return
	}
	w.halt(n)
	tamper := map[string]func(dir string) error{
		"an older database beside the newest checkpoint": func(dir string) error {
			if err := os.RemoveAll(filepath.Join(dir, "store", "badger")); err != nil {
				return err
			}
			return copyDir(filepath.Join(n.early(), "store", "badger"), filepath.Join(dir, "store", "badger"))
		},
		"another last checkpoint": func(dir string) error { return flip(filepath.Join(dir, "store", "anchor"), 40, 4096+40) },
		"a table with other bytes": func(dir string) error {
			tables, err := filepath.Glob(filepath.Join(dir, "store", "badger", "*.sst"))
			if err != nil || len(tables) == 0 {
				return errors.Join(err, errors.New("sim: no table to change"))
			}
			largest := slices.MaxFunc(tables, func(a, b string) int { return int(sizeOf(a) - sizeOf(b)) })
			return flip(largest, sizeOf(largest)/3, sizeOf(largest)/2)
		},
	}
	for what, change := range tamper {
		dir := n.dir + ".tampered"
		err := emptyDir(dir)
		if err == nil {
			err = copyDir(n.dir, dir)
		}
		if err == nil && w.config.Sabotage != "unharmed" {
			err = change(dir)
		}
		if err != nil {
			w.fail(err)
			return
		}
		o := n.options()
		o.Disk = nil
		p, err := peer.Open(dir, o)
		if err == nil {
			w.broken("I10", n, "it starts with %s", what)
			_ = p.Close()
			continue
		}
		var found *store.Inconsistent
		if !errors.As(err, &found) {
			w.broken("I10", n, "with %s it does not say what is wrong: %v", what, err)
		}
		w.count("tampered stores that do not start")
	}
	n.startAgain()
	w.run(w.now.Add(time.Minute))
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func flip(path string, at ...int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, at := range at {
		b := make([]byte, 1)
		if _, err := f.ReadAt(b, at); err != nil {
			return err
		}
		b[0] ^= 0x55
		if _, err := f.WriteAt(b, at); err != nil {
			return err
		}
	}
	return nil
}

// early is a copy of the directory of a node of when the trouble ended.
func (n *node) early() string { return n.dir + ".early" }

// fallBack puts a copy of a node, with its newest checkpoint as it then was, in its
// place.
func (w *world) fallBack(n *node) {
	err := os.RemoveAll(n.dir)
	if err == nil {
		err = copyDir(n.early(), n.dir)
	}
	if err != nil {
		w.fail(err)
	}
}

// seenOf is the size of the largest ledger of a node that another has checked.
func (w *world) seenOf(n *node) (size uint64) {
	for _, other := range w.nodes {
		if !other.up || other == n {
			continue
		}
		all, err := other.peer.Witnesses()
		if err != nil {
			w.fail(err)
		}
		for _, of := range all {
			if name, _, _ := strings.Cut(n.entry.Checkpoint, "+"); of.Origin == name {
				size = max(size, of.Held)
			}
		}
	}
	return size
}

// alarmsOf counts the nodes that have evidence against another.
func (w *world) alarmsOf(n *node) (count int) {
	for _, other := range w.nodes {
		if !other.up || other == n {
			continue
		}
		alarms, err := other.peer.Alarms()
		if err != nil {
			w.fail(err)
		}
		if slices.ContainsFunc(alarms, func(a peer.Alarm) bool { return a.Party == n.oin() }) {
			count++
		}
	}
	return count
}

// checkOldCopy lets a node go back to a copy of its own directory, which is in order.
// Where a partner has seen more it must stop by itself, before it writes anything, and
// nobody may come to have evidence against it (I4). Then it is put forward again.
func (w *world) checkOldCopy(n *node) {
	seen := w.seenOf(n)
	w.halt(n)
	newest := n.dir + ".newest"
	if err := copyDir(n.dir, newest); err != nil {
		w.fail(err)
		return
	}
	n.shown, n.alone = nil, true
	n.deaf = w.config.Sabotage == "heedless"
	w.fallBack(n)
	if n.startAgain(); !n.up || w.failed != nil {
		return
	}
	size := n.size()
	// Partners that know it under a newer peer ID let it in when it has the register that
	// says so, and that it then has it is an entry.
	party, _ := w.authority.last.Party(n.oin())
	stranger := n.wiring.id != party.Peer
	w.run(w.now.Add(10 * time.Minute))
	switch stopped := n.peer.Recovering(); {
	case seen > size && !stopped:
		w.broken("I4", n, "it went on from an old copy of itself, with %d entries, and partners had seen %d", size, seen)
	case stopped && n.size() != size && !stranger:
		w.broken("I4", n, "it wrote %d entries before it stopped, and its partners were there", n.size()-size)
	case w.alarmsOf(n) > 0:
		w.broken("I4", n, "it was put back and stopped by itself, and a partner raised an alarm")
	case stopped:
		w.count("old copies that stopped by themselves")
	}
	w.halt(n)
	n.shown, n.deaf, n.alone = nil, false, false
	err := os.RemoveAll(n.dir)
	if err == nil {
		err = os.Rename(newest, n.dir)
	}
	if err != nil {
		w.fail(err)
		return
	}
	n.startAgain()
	w.run(w.now.Add(time.Minute))
}

// checkFork lets a node go back to a copy of its own directory, with its newest
// checkpoint as it then was, and go on from there: a second history, of which it does
// not want to hear. Its partners must notice (I4).
func (w *world) checkFork() {
	n := pick(w.schedule, []*node{w.node("municipality"), w.node("debt-help"), w.node("youth-care")})
	if !n.up || n.forks {
		return
	}
	w.checkOldCopy(n)
	if w.failed != nil || !n.up {
		return
	}
	w.halt(n)
	n.deaf, n.shown = true, nil
	if w.config.Sabotage != "blind" {
		w.fallBack(n)
	}
	before := len(w.breaks)
	n.startAgain()
	w.calm = false
	for range 30 {
		w.in(w.below(20*time.Hour), func() { w.begin(w.affair) })
	}
	w.run(w.now.Add(60 * time.Hour))
	w.calm = true
	w.run(w.now.Add(3 * time.Hour))
	w.breaks = w.breaks[:min(before, len(w.breaks))] // what comes of dealing with a forger is his
	noticed := w.alarmsOf(n)
	w.counts["partners that noticed a second history"] += noticed
	if noticed == 0 {
		w.broken("I4", n, "it went on from an old copy of itself and nobody noticed")
	}
}

// sabotaged prepares what some sabotages need from the middle of the days.
func (w *world) sabotaged() {
	half := time.Duration(w.config.Days) * 12 * time.Hour
	switch w.config.Sabotage {
	case "forgets":
		w.in(half, func() {
			n := w.nodes[1]
			if n.up {
				w.begin(func() { n.report, _ = n.bundle() })
			}
		})
	case "amnesia":
		n := w.nodes[0]
		w.in(half/2, func() {
			if n.up {
				if err := snapshot(n.dir, n.dir+".mid"); err != nil {
					w.fail(err)
				}
			}
		})
		w.in(half, func() {
			if n.up {
				n.die(nil)
			}
		})
	case "talks":
		w.in(half, func() { n := w.nodes[0]; n.options().Log.Info("somebody", "bsn", numbers[0]) })
	}
}

// Sabotages are what [Config.Sabotage] can be, with the invariant that does not
// hold then.
var Sabotages = map[string]string{
	"undecided": "I1",  // the model does not hear of decisions
	"unbound":   "I2",  // the model takes everything for bound
	"forgets":   "I3",  // an older bundle is given to the auditor
	"blind":     "I4",  // there was no fork to notice
	"heedless":  "I4",  // a node that was put back does not ask what was seen of its ledger
	"talks":     "I5",  // a BSN goes to the log
	"bsn":       "I6",  // the model takes another party for one that may not have it
	"amnesia":   "I7",  // a node starts with the disk of an earlier day
	"keeps":     "I8",  // the terms do not run out
	"obeys":     "I9",  // a node changes something when the villain writes
	"unharmed":  "I10", // nothing was tampered with
}

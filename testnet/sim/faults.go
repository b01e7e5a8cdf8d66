package sim

import (
	"time"

	"sluis/crypto"
	"sluis/store"
)

// Faults are what goes wrong. Fractions are of what could: of requests, replies,
// writes. The rest is how often in a day, in the whole network.
type Faults struct {
	Loss     float64 // of requests and of replies
	Twice    float64 // of requests that arrive once more, sometimes hours later
	Slow     float64 // of what is on its way for longer than who sends has patience
	SlowDisk float64 // of replies that wait for a disk, up to longer than that
	Skew     time.Duration

	Partitions float64 // a day
	Crashes    float64 // a day
	Full       float64 // disks that are full for a while, a day
	Registers  float64 // new versions of the register, a day
	Rekeys     float64 // times that somebody replaces keys of a node, a day
	Malice     float64 // attempts of the villain, a day
	Restore    float64 // of crashes after which the node goes back to its backup, or to a snapshot
	Snapshots  float64 // of machines, a day
}

// AllFaults is everything together, each often enough to meet the others.
func AllFaults() Faults {
	return Faults{
		Loss: 0.05, Twice: 0.05, Slow: 0.03, SlowDisk: 0.02, Skew: 2 * time.Minute,
		Partitions: 0.7, Crashes: 3, Full: 0.3, Registers: 0.2, Rekeys: 0.5, Malice: 30, Restore: 0.05, Snapshots: 2,
	}
}

// trouble plans what goes wrong.
func (w *world) trouble() {
	f := w.faults
	w.often(f.Partitions, w.part)
	w.often(f.Crashes, func() {
		n := pick(w.schedule, w.nodes)
		if !n.up || n.doom != nil {
			return
		}
		d := &doom{commits: w.rng.IntN(4), point: pick(w.schedule, []string{store.BeforeCommit, store.AfterCommit, store.AfterCommit, store.AfterAnchor})}
		if d.point == store.AfterCommit {
			d.torn = w.chance(0.5)
		}
		if w.chance(0.2) {
			d.point, d.torn = pick(w.schedule, []string{store.BeforePurge, store.AfterDrop, store.AfterFlatten}), false
			d.commits = -1
		}
		n.doom = d
		epoch := n.epoch
		w.in(time.Hour, func() {
			if n.lives(epoch) && n.doom == d && d.commits >= 0 {
				n.die(nil) // nothing was written meanwhile
			}
		})
	})
	w.often(f.Full, func() {
		n := pick(w.schedule, w.nodes)
		if n.full {
			return
		}
		n.full = true
		w.count("full disks")
		w.note(n, "disk full", "")
		w.in(w.between(10*time.Minute, 5*time.Hour), func() { n.full = false })
	})
	w.often(f.Registers, w.renew)
	w.often(f.Rekeys, func() {
		n := pick(w.schedule, w.nodes)
		uses := []crypto.Use{crypto.UseMaster, crypto.UsePeer, crypto.UseSigning, crypto.UseSealing, crypto.UseCheckpoint, crypto.UseWitness}
		w.rng.Shuffle(len(uses), func(i, j int) { uses[i], uses[j] = uses[j], uses[i] })
		n.rekey(uses[:1+w.rng.IntN(3)])
	})
	w.often(f.Snapshots, func() {
		if n := pick(w.schedule, w.nodes); n.up && !n.dying {
			if err := snapshot(n.dir, n.snapshot()); err != nil {
				w.fail(err)
			}
		}
	})
	w.often(f.Malice, func() { w.stolen.act() })
}

// renew publishes a new version of the register, and gives it to one node.
func (w *world) renew() {
	bundle, err := w.authority.publish(w)
	if err != nil {
		w.fail(err)
		return
	}
	w.count("registers")
	w.give(bundle, pick(w.schedule, w.nodes))
}

// give has an administrator install a register.
func (w *world) give(bundle []byte, at *node) {
	w.in(0, func() { w.begin(func() { _ = at.insist("register", installs(bundle), nil) }) })
}

// often lets something happen so many times a day, on the whole, at any moment of
// the days.
func (w *world) often(perDay float64, do func()) {
	if perDay <= 0 {
		return
	}
	mean := float64(24*time.Hour) / perDay
	var again func()
	again = func() {
		w.in(time.Duration(w.rng.ExpFloat64()*mean), func() {
			if w.calm {
				return
			}
			do()
			again()
		})
	}
	again()
}

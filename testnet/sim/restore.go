package sim

import (
	"os"
	"time"

	"sluis/ledger"
	"sluis/peer"
)

// restore makes the node anew from its backup, after its disk was lost. What it
// acknowledged since is gone, and its partners may have seen it: then its ledger
// has to continue under another name.
func (n *node) restore() {
	w := n.world
	if err := os.RemoveAll(n.dir); err != nil {
		w.fail(err)
		return
	}
	if _, err := peer.Restore(n.dir, n.backup(), nil, n.options()); err != nil {
		w.broken("I7", n, "its backup can't be restored: %v", err)
		return
	}
	n.restored++
	n.renamed = false
	n.lost = true
	if was, err := ledger.OpenCheckpoint(n.shown, n.entry.Checkpoint); err == nil {
		n.acknowledged = was.Size
	}
	n.shown = nil
	clear(n.handled)
	w.count("older backups")
	w.note(n, "restored", "")
	n.startAgain()
	n.kept = 0
	if n.up {
		n.kept = n.size()
	}
	w.in(20*time.Minute, n.release)
}

// release is the administrator of a restored node, who looks how far it is.
func (n *node) release() {
	w := n.world
	if !n.up {
		w.in(20*time.Minute, n.release)
		return
	}
	if !n.peer.Recovering() {
		n.forks = n.forks || !n.renamed && n.acknowledged > n.kept
		return
	}
	r := n.peer.Recovery()
	if r == nil || len(r.Waiting) > 0 || r.MayResume() {
		w.in(20*time.Minute, n.release)
		return
	}
	// Somebody has seen more than the backup holds.
	n.stop()
	old := n.peer
	w.in(time.Millisecond, func() {
		err := old.Close()
		if err == nil {
			_, err = peer.ContinueLedger(n.dir, n.options())
		}
		if err == nil {
			err = n.relist()
		}
		if err != nil {
			w.fail(err)
			return
		}
		n.shown, n.renamed = nil, true
		w.count("ledgers that continue under another name")
		w.note(n, "continues", "")
		n.startAgain()
		w.in(time.Hour, w.renew)
		w.in(20*time.Minute, n.release)
	})
}

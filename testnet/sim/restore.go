package sim

import (
	"context"
	"os"
	"time"

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
	w.count("older backups")
	w.note(n, "restored", "")
	n.comesBackOlder()
}

// putBack puts a snapshot of the machine in its place, with all that was on it: the
// node does not know that it is old.
func (n *node) putBack() {
	w := n.world
	err := os.RemoveAll(n.dir)
	if err == nil {
		err = copyDir(n.snapshot(), n.dir)
	}
	if err == nil {
		err = n.relist() // what was on it may be from before it had another name
	}
	if err != nil {
		w.fail(err)
		return
	}
	n.backupInDoubt = true
	w.count("snapshots put back")
	w.note(n, "put back", "")
	n.comesBackOlder()
}

// snapshot is where the snapshot of the machine is.
func (n *node) snapshot() string { return n.dir + ".snapshot" }

// comesBackOlder starts a node that is not what it was.
func (n *node) comesBackOlder() {
	n.restored++
	n.renamed = false
	n.lost = true
	if was, err := n.opened(n.shown); err == nil {
		n.acknowledged = was.Size
	}
	n.shown = nil
	clear(n.handled)
	n.kept = 0
	n.startAgain()
	if n.up {
		n.kept = n.size()
	}
}

// tendBackup moves away a backup that has what the node, which was put back, has not:
// in this simulation nobody misses it.
func (n *node) tendBackup() {
	if !n.backupInDoubt || n.peer.Recovering() || n.full {
		return
	}
	_, err := n.peer.Backup(context.Background())
	switch {
	case isFault(err, peer.BackupAhead):
		if err := emptyDir(n.backup()); err != nil {
			n.world.fail(err)
		}
		n.world.count("backups that had more than the node")
		fallthrough
	case err == nil:
		n.backupInDoubt = false
	}
}

// tend is the administrator of a node, who looks from time to time how it is.
func (n *node) tend() {
	w := n.world
	w.in(20*time.Minute, n.tend)
	if !n.up || n.alone {
		return
	}
	n.tendBackup()
	n.tendKeys()
	if n.restored > 0 && !n.renamed && n.kept > 0 && n.acknowledged > n.kept && n.size() > n.kept {
		n.forks = true
	}
	if !n.peer.Recovering() {
		return
	}
	r := n.peer.Recovery()
	if r == nil || len(r.Waiting) > 0 || r.MayResume() || n.full {
		return
	}
	// Somebody has seen more than there is.
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
	})
}

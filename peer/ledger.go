package peer

import (
	"context"

	"sluis/ledger"
)

// Entries returns up to count entries from index on, private parts sealed.
func (n *Node) Entries(from uint64, count int) ([]ledger.Entry, error) {
	return n.store.Entries(from, min(count, maxPage))
}

// Checkpoint is the newest signed checkpoint and the number of entries that it
// covers.
func (n *Node) Checkpoint() ([]byte, uint64) { return n.store.Checkpoint() }

// ProveInclusion proves that the ledger of size entries holds entry index.
func (n *Node) ProveInclusion(index, size uint64) ([]ledger.Hash, error) {
	return n.store.ProveInclusion(index, size)
}

// ProveConsistency proves that the ledger of size now begins with the ledger of
// size old.
func (n *Node) ProveConsistency(old, now uint64) ([]ledger.Hash, error) {
	return n.store.ProveConsistency(old, now)
}

// VerifyLedger reads every entry again and proves that they are what the newest
// checkpoint signs. It returns the number of entries.
func (n *Node) VerifyLedger(context.Context) (uint64, error) { return n.store.Verify() }

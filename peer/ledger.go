package peer

import (
	"context"
	"encoding/json"
	"fmt"

	"sluis/exchange"
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

// Tile returns the bytes of a tile of hashes or of an entry bundle (C2SP
// tlog-tiles), or store.ErrNotFound.
func (n *Node) Tile(t ledger.Tile) ([]byte, error) { return n.store.Tile(t) }

// VerifyLedger reads every entry again and proves that they are what the newest
// checkpoint signs. It returns the number of entries.
func (n *Node) VerifyLedger(context.Context) (uint64, error) { return n.store.Verify() }

// A Trace is one ledger entry about an exchange with its private part: who did
// what, when, and under which register.
type Trace struct {
	ledger.Header
	By       exchange.ActorID
	Via      string // system through which he acted; "" for none
	Register uint64 // version in force
	Detail   exchange.Detail
	// Access is what became of by what a member of staff signs in, where an entry is
	// about that, with whose invitation it was by.
	Access *AccountAct
}

// Trail lists what the ledger holds about an exchange, in order, to a person
// who may see the exchange. That he looked is in the ledger first (I3).
func (n *Node) Trail(ctx context.Context, who Who, id exchange.ID) ([]Trace, error) {
	x, err := n.Open(ctx, who, id)
	if err != nil {
		return nil, err
	}
	own := x.Own().String()
	var trail []Trace
	for from := uint64(0); ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, err := n.store.Entries(from, maxPage)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			return trail, nil
		}
		from += uint64(len(entries))
		for _, e := range entries {
			// Where both sides are ours, each hat has its own (memorandum §4.3.3).
			if e.Exchange != string(id) || e.As != own {
				continue
			}
			t, err := n.trace(e)
			if err != nil {
				return nil, err
			}
			trail = append(trail, t)
		}
	}
}

func (n *Node) trace(e ledger.Entry) (Trace, error) {
	part, err := n.store.Private(e)
	if err != nil {
		return Trace{}, err
	}
	var p exchange.PrivatePart
	if err := json.Unmarshal(part, &p); err != nil {
		return Trace{}, fmt.Errorf("the private part of entry %d is in a form that this version cannot read", e.Index)
	}
	return Trace{Header: e.Header, By: p.By, Via: p.Via, Register: p.Register, Detail: p.Detail}, nil
}

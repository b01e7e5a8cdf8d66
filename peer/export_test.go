package peer

import (
	"sluis/exchange"
	"sluis/ledger"
)

// PrivatePart opens the private part of an entry.
func (n *Node) PrivatePart(e ledger.Entry) ([]byte, error) { return n.store.Private(e) }

// DossiersOf are the dossiers that an inspection of a person opens.
func (n *Node) DossiersOf(s exchange.Sought) ([]string, error) {
	return n.dossiersOf(Inspecting{BSN: s.BSN, Name: s.Name, Born: s.Born})
}

// Size is the number of entries in the ledger.
func (n *Node) Size() uint64 { return n.store.Size() }

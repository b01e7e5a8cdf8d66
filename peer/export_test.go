package peer

import "sluis/ledger"

// PrivatePart opens the private part of an entry.
func (n *Node) PrivatePart(e ledger.Entry) ([]byte, error) { return n.store.Private(e) }

// Size is the number of entries in the ledger.
func (n *Node) Size() uint64 { return n.store.Size() }

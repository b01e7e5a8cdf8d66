package peer

import (
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
)

// KeptMessages are the messages that a node keeps of one side of an exchange: what a
// party can do with them when its node does not stand in the way.
func (n *Node) KeptMessages(id exchange.ID, side exchange.Side) (all []wire.Message, err error) {
	kept, err := n.messagesOf(rowKey(id, side))
	for _, m := range kept {
		read, err := wire.ReadKept(m.token)
		if err != nil {
			return nil, err
		}
		all = append(all, read)
	}
	return all, err
}

// PrivatePart opens the private part of an entry.
func (n *Node) PrivatePart(e ledger.Entry) ([]byte, error) { return n.store.Private(e) }

// DossiersOf are the dossiers that an inspection of a person opens.
func (n *Node) DossiersOf(s exchange.Sought) ([]string, error) {
	return n.dossiersOf(Inspecting{BSN: s.BSN, Name: s.Name, Born: s.Born})
}

// Size is the number of entries in the ledger.
func (n *Node) Size() uint64 { return n.store.Size() }

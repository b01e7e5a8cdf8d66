package peer

import (
	"sluis/exchange"
	"sluis/exchange/wire"
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

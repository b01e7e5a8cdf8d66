package peer

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// A material is the signed messages that a holding rests on: what a passing must
// bring along, so that whoever gets it can check it without asking anybody.
type material struct {
	answer      []byte // of the source, without disclosures
	corrections [][]byte
	links       [][]byte // passings, oldest first; the last one brought it here
	permissions map[exchange.ID][]byte
	shown       map[exchange.ItemCode]string // encoded disclosure that counts now
	items       map[string]exchange.ItemCode // by digest of the disclosure, also of values that were replaced
}

// messagesOf loads the messages of a record in the order in which they were
// written.
func (n *Node) messagesOf(row string) (all []keptMessage, err error) {
	after := row + "/"
	for {
		rows, err := n.store.List(tableMessage, after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if !strings.HasPrefix(r.Key, row+"/") {
				rows = nil
				break
			}
			after = r.Key
			m, err := decodeMessage(r.Value, r.Version)
			if err != nil {
				return nil, err
			}
			all = append(all, keptMessage{storedMessage: m, key: r.Key, version: r.Version})
		}
		if len(rows) < maxPage {
			slices.SortStableFunc(all, func(a, b keptMessage) int { return cmp.Compare(a.entry, b.entry) })
			return all, nil
		}
	}
}

type keptMessage struct {
	storedMessage
	key     string
	version uint64
}

// material gathers what a record rests on.
func (n *Node) material(r record) (material, error) {
	m := material{
		permissions: map[exchange.ID][]byte{}, shown: map[exchange.ItemCode]string{}, items: map[string]exchange.ItemCode{},
	}
	maps.Copy(m.items, r.Replaced)
	all, err := n.messagesOf(rowOf(r.Exchange))
	if err != nil {
		return m, err
	}
	for _, kept := range all {
		ours := r.Side == exchange.Supplier // what shows items is our own there
		switch {
		case kept.kind == wire.Answer && kept.sent == ours, kept.kind == wire.Correction && kept.sent == ours,
			kept.kind == wire.Passing && !kept.sent, kept.kind == wire.Permission && !kept.sent:
		default:
			continue
		}
		read, err := wire.ReadKept(kept.token)
		if err != nil {
			return m, err
		}
		if err := m.add(read, kept.token); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m *material) add(read wire.Message, token []byte) error {
	part := wire.WithoutDisclosures(token)
	switch read.Kind {
	case wire.Answer:
		m.answer = part
	case wire.Correction:
		if len(read.Digests()) > 0 {
			m.corrections = append(m.corrections, part)
		}
	case wire.Permission:
		m.permissions[read.Permission.Request] = part
	case wire.Passing:
		for _, a := range read.Attached {
			switch a.Kind {
			case wire.Answer:
				m.answer = a.Token
			case wire.Correction:
				m.corrections = append(m.corrections, a.Token)
			case wire.Passing:
				m.links = append(m.links, a.Token)
			case wire.Permission:
				m.permissions[a.Permission.Request] = a.Token
			}
		}
		m.links = append(m.links, part)
	}
	shown, err := read.Shown()
	if err != nil {
		return err
	}
	for item, encoded := range shown {
		m.shown[item] = encoded
		m.items[wire.DisclosureDigest(encoded)] = item
	}
	return nil
}

// redacted are the messages of a record without the values of some items, as
// rows to be written.
func (n *Node) redacted(row string, items []exchange.ItemCode) (rows []store.Record, err error) {
	all, err := n.messagesOf(row)
	if err != nil {
		return nil, err
	}
	for _, kept := range all {
		switch kept.kind {
		case wire.Answer, wire.Passing, wire.Correction:
		default:
			continue
		}
		token, err := wire.Without(kept.token, items)
		if err != nil {
			return nil, err
		}
		if len(token) == len(kept.token) {
			continue
		}
		// What is still to be delivered goes as it was signed: it may have arrived
		// already, and only the same again gets the receipt that tells so. It is
		// taken out when that is known, see spent.
		if waits, err := n.waits(kept); err != nil {
			return nil, err
		} else if waits {
			continue
		}
		kept.token = token
		rows = append(rows, store.Record{Table: tableMessage, Key: kept.key, Value: kept.encode(), Was: kept.version})
	}
	return rows, nil
}

// waits reports whether a message of ours is still to be delivered.
func (n *Node) waits(kept keptMessage) (bool, error) {
	if !kept.sent {
		return false, nil
	}
	read, err := wire.ReadKept(kept.token)
	if err != nil {
		return false, err
	}
	_, err = n.store.Outgoing(read.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// spent takes the values that were replaced meanwhile out of a message of ours
// that is finished.
func (n *Node) spent(r record, digest wire.Digest) ([]store.Record, error) {
	if len(r.Corrections) == 0 {
		return nil, nil
	}
	m, err := n.material(r)
	if err != nil {
		return nil, err
	}
	key := messageKey(rowOf(r.Exchange), digest)
	value, version, err := n.store.Get(tableMessage, key)
	if err != nil {
		return nil, err
	}
	kept, err := decodeMessage(value, version)
	if err != nil {
		return nil, err
	}
	read, err := wire.ReadKept(kept.token)
	if err != nil {
		return nil, err
	}
	shown, err := read.Shown()
	if err != nil {
		return nil, err
	}
	var stale []exchange.ItemCode
	for item, encoded := range shown {
		_, replaced := r.Replaced[wire.DisclosureDigest(encoded)]
		if replaced || r.Side == exchange.Asker && m.shown[item] != encoded {
			stale = append(stale, item)
		}
	}
	if len(stale) == 0 {
		return nil, nil
	}
	if kept.token, err = wire.Without(kept.token, stale); err != nil {
		return nil, err
	}
	return []store.Record{{Table: tableMessage, Key: key, Value: kept.encode(), Was: version}}, nil
}

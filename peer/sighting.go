package peer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
)

// A sighting is a checkpoint of a partner's ledger as it was seen: in a receipt
// of his, or told by another partner. The row of one waits for the next round.
type sighting struct {
	Party exchange.OIN `json:"party"`          // whose ledger it is
	Key   string       `json:"key"`            // the verifier key that opened it
	Note  string       `json:"note,omitempty"` // signed checkpoint; "" for a party of whom nothing was seen yet
	From  exchange.OIN `json:"from"`           // who showed it

	checkpoint ledger.Checkpoint
	version    uint64 // of its row; 0 when it has none
}

// A holding is the newest checkpoint of a partner's ledger that this node has
// checked and cosigned. Its row stands under the origin of the ledger, so that a
// ledger that is continued under another name begins anew; that there is one at
// all says that the party is a partner.
type holding struct {
	sighting
	At time.Time `json:"at,omitzero"` // when it was checked
}

// origin is the name of the ledger of a party, as the register has it.
func origin(verifierKey string) string {
	name, _, _ := strings.Cut(verifierKey, "+")
	return name
}

// sightingKey is where a sighting waits. A plus sign is in no origin, and sizes
// sort as numbers.
func sightingKey(origin string, size uint64) string { return fmt.Sprintf("%s+%016d", origin, size) }

// open reads the checkpoint of a stored sighting again.
func (s *sighting) open() error {
	if s.Note == "" {
		return nil
	}
	var err error
	s.checkpoint, err = ledger.OpenCheckpoint([]byte(s.Note), s.Key)
	return err
}

// holding returns what is held of a ledger and the version of its row, or
// store.ErrNotFound for one that is not a partner's.
func (n *Node) holding(origin string) (h holding, version uint64, err error) {
	value, version, err := n.store.Get(tableWitness, origin)
	if err != nil {
		return holding{}, 0, err
	}
	h, err = decodeHolding(value)
	return h, version, err
}

func decodeHolding(value []byte) (holding, error) {
	var h holding
	if err := json.Unmarshal(value, &h); err != nil {
		return holding{}, errors.New("what is held of a partner's ledger is stored in a form that this version cannot read")
	}
	return h, h.open()
}

// backlog returns the sightings of a ledger that wait, at most limit, and whether
// there are more.
func (n *Node) backlog(origin string, limit int) (all []sighting, more bool, err error) {
	rows, err := n.store.List(tableSighting, origin+"+", limit+1)
	if err != nil {
		return nil, false, err
	}
	for _, row := range rows {
		if !strings.HasPrefix(row.Key, origin+"+") {
			break
		}
		if len(all) == limit {
			return all, true, nil
		}
		s, err := decodeSighting(row.Value, row.Version)
		if err != nil {
			return nil, false, err
		}
		all = append(all, s)
	}
	return all, false, nil
}

func decodeSighting(value []byte, version uint64) (sighting, error) {
	s := sighting{version: version}
	if err := json.Unmarshal(value, &s); err != nil {
		return sighting{}, errors.New("what was seen of a partner's ledger is stored in a form that this version cannot read")
	}
	return s, s.open()
}

// remember adds to a change what it shows of a partner's ledger: that there is a
// partner, and the checkpoint, to be checked in the next round. When another one
// of the same size is known with another root, that is an alarm at once.
func (n *Node) remember(c *store.Change, s sighting) error {
	name := origin(s.Key)
	h, _, err := n.holding(name)
	if errors.Is(err, store.ErrNotFound) {
		value, err := json.Marshal(holding{sighting: sighting{Party: s.Party, Key: s.Key, From: s.From}})
		if err != nil {
			return err
		}
		c.Puts = append(c.Puts, store.Record{Table: tableWitness, Key: name, Value: value, Node: true})
	} else if err != nil {
		return err
	}
	if s.Note == "" {
		return nil
	}
	known, err := n.sameSize(h, s)
	if err != nil {
		return err
	}
	if known.Note != "" {
		if ledger.Contradict(known.checkpoint, s.checkpoint) {
			return n.alarm(c, contradiction{found: TwoRoots, first: known, second: s})
		}
		return nil
	}
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	c.Puts = append(c.Puts, store.Record{Table: tableSighting, Key: sightingKey(name, s.checkpoint.Size), Value: value, Node: true})
	return nil
}

// sameSize returns what is known of a ledger at the size of a sighting.
func (n *Node) sameSize(h holding, s sighting) (sighting, error) {
	if h.Note != "" && h.checkpoint.Size == s.checkpoint.Size {
		return h.sighting, nil
	}
	value, version, err := n.store.Get(tableSighting, sightingKey(origin(s.Key), s.checkpoint.Size))
	if errors.Is(err, store.ErrNotFound) {
		return sighting{}, nil
	}
	if err != nil {
		return sighting{}, err
	}
	return decodeSighting(value, version)
}

// loadWatch begins to watch every partner.
func (n *Node) loadWatch() error {
	return n.holdings(func(name string, h holding) error {
		waiting, _, err := n.backlog(name, 1)
		n.watch.add(h.Party, h.At, n.now(), len(waiting) > 0)
		return err
	})
}

// holdings calls do with everything that is held, by origin.
func (n *Node) holdings(do func(origin string, h holding) error) error {
	for after := ""; ; {
		rows, err := n.store.List(tableWitness, after, maxPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			after = row.Key
			h, err := decodeHolding(row.Value)
			if err != nil {
				return err
			}
			if err := do(row.Key, h); err != nil {
				return err
			}
		}
		if len(rows) < maxPage {
			return nil
		}
	}
}

// partnerID is how entries about a whole ledger name its party: a ledger is of
// all capacities together, and the first that the register lists stands for it.
func partnerID(p register.Party) string {
	return exchange.PartyID{OIN: p.OIN, Capacity: p.Capacities[0].Code}.String()
}

// met is the sighting of a partner who showed nothing of his ledger: whoever
// sends a message may be asked to account for it.
func (f *inForce) met(m wire.Message) *sighting {
	party, ok := f.register.Party(m.From.OIN)
	if !ok || m.From.OIN == m.To.OIN {
		return nil
	}
	return &sighting{Party: party.OIN, Key: party.Checkpoint, From: party.OIN}
}

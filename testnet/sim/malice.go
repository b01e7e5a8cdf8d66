package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
)

// A villain is a party in the register whose keys are in the wrong hands: it has
// no node, overhears what passes on the network, and sends what it likes. Nothing
// that it sends may change anything (I9).
type villain struct {
	world *world
	keys  *crypto.Keys
	entry register.Entry
	heard [][]byte // sealed messages of others
}

func newVillain(w *world) (*villain, error) {
	keys, err := crypto.GenerateKeys()
	if err != nil {
		return nil, err
	}
	party := exchange.Party{OIN: "00000099000066006000", Name: "stichting Kwaad", Capacities: []exchange.Capacity{{
		Code: "housing", Domain: "housing", Task: "service", Regime: exchange.NoSecrecy,
	}}}
	entry, err := register.EntryOf(keys.Public(), peer.Origin(party.OIN), party, []string{"/ip4/127.0.0.1/tcp/4999"}, register.Contact{})
	return &villain{world: w, keys: keys, entry: entry}, err
}

// greets is its answer to who compares registers: it has the newest.
func (v *villain) greets() ([]byte, error) {
	return fmt.Appendf(nil, `{"version":%d}`, v.world.authority.last.Version()), nil
}

// overhear keeps some of what passes.
func (v *villain) overhear(protocol string, b []byte) {
	if protocol != peer.MessageProtocol || len(b) < 1000 || !v.world.chance(0.1) {
		return
	}
	if v.heard = append(v.heard, bytes.Clone(b)); len(v.heard) > 64 {
		v.heard = v.heard[1:]
	}
}

// capacity is the villain's own.
func (v *villain) capacity() exchange.PartyID {
	return exchange.PartyID{OIN: v.entry.OIN, Capacity: v.entry.Capacities[0].Code}
}

// attempts are what it tries, by name. Each makes what is sent to a node, over
// which protocol, and in whose name on the network.
var attempts = []struct {
	name     string
	protocol string
	stranger bool
	make     func(v *villain, n *node) []byte
}{
	{"a message of others", peer.MessageProtocol, false, func(v *villain, _ *node) []byte { return v.any() }},
	{"a message of others, changed", peer.MessageProtocol, false, func(v *villain, _ *node) []byte { return v.flipped(v.any()) }},
	{"a message of a stranger", peer.MessageProtocol, true, func(v *villain, _ *node) []byte { return v.any() }},
	{"noise", peer.MessageProtocol, false, func(v *villain, _ *node) []byte { return v.noise(2000) }},
	{"as much noise as may be sent", peer.MessageProtocol, false, func(v *villain, n *node) []byte {
		return v.noise(n.wiring.protocols[peer.MessageProtocol].MaxRequest)
	}},
	{"a request that it may not make", peer.MessageProtocol, false, func(v *villain, n *node) []byte { return v.request(n, v.capacity()) }},
	{"a request in the name of another", peer.MessageProtocol, false, func(v *villain, n *node) []byte {
		return v.request(n, v.world.nodes[0].capacity())
	}},
	{"an answer to a request of others", peer.MessageProtocol, false, (*villain).answer},
	{"noise about ledgers", peer.WitnessProtocol, false, func(v *villain, _ *node) []byte { return v.noise(500) }},
	{"a register that is forged", peer.RegisterProtocol, false, func(v *villain, _ *node) []byte { return v.register(v.flipped(v.world.authority.bundle)) }},
	{"a register that is old", peer.RegisterProtocol, false, func(v *villain, _ *node) []byte { return v.register(v.world.authority.first) }},
	{"what was seen of another's ledger", peer.RecallProtocol, true, func(*villain, *node) []byte { return []byte("{}") }},
}

// act tries something at a node.
func (v *villain) act() {
	w := v.world
	n, try := pick(w.schedule, w.nodes), pick(w.schedule, attempts)
	if !n.up || n.full || n.wiring == nil || n.peer.Recovering() {
		return
	}
	sent := try.make(v, n)
	if sent == nil {
		return
	}
	from := v.entry.Peer
	if try.stranger {
		from = "12D3KooWQDqQnWuqy1hcnnNmqpmSYp2XMYs3TNQz1WzNdEDiJkZr" // in no register
	}
	epoch := n.epoch
	w.begin(func() {
		before := n.size()
		reply, err := n.wiring.protocols[try.protocol].Handler(context.Background(), from, sent)
		if w.config.Sabotage == "obeys" {
			_ = n.peer.AddStaff(context.Background(), exchange.Actor{ID: exchange.ActorID(fmt.Sprintf("k.waad%d", before)), Name: exchange.Hide(mark), Roles: n.member.Staff[0].Roles})
		}
		if !n.lives(epoch) {
			return
		}
		if err == nil && isReceipt(reply) {
			w.broken("I9", n, "it gave a receipt for %s", try.name)
		}
		if after := n.size(); after != before {
			w.broken("I9", n, "%s changed its ledger from %d to %d", try.name, before, after)
		}
		if what := w.planted(reply); what != "" {
			w.broken("I5", n, "%s in what it replies to %s", what, try.name)
		}
		w.count("attempts of the villain")
		w.note(n, "villain", try.name)
	})
}

func (v *villain) any() []byte {
	if len(v.heard) == 0 {
		return nil
	}
	return bytes.Clone(pick(v.world.schedule, v.heard))
}

func (v *villain) flipped(b []byte) []byte {
	if b == nil {
		return nil
	}
	b = bytes.Clone(b)
	for range 1 + v.world.rng.IntN(4) {
		b[v.world.rng.IntN(len(b))] ^= 1 << v.world.rng.IntN(8)
	}
	return b
}

func (v *villain) noise(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(v.world.rng.Uint32())
	}
	return b
}

// seal seals what it signed to a node.
func (v *villain) seal(n *node, s wire.Signed, err error) []byte {
	if err != nil {
		v.world.fail(err)
		return nil
	}
	sealed, err := wire.Seal(s, v.world.authority.last.Recipients(n.oin()))
	if err != nil {
		v.world.fail(err)
	}
	return sealed
}

// id is a name of now.
func (v *villain) id(n *node) string {
	id := uuid.Must(uuid.NewV7())
	for i, ms := 0, uint64(n.now().UnixMilli()); i < 6; i++ {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id.String()
}

func (v *villain) envelope(n *node, from exchange.PartyID, x exchange.ID) wire.Envelope {
	at := n.now().Truncate(time.Second)
	return wire.Envelope{ID: v.id(n), From: from, To: n.capacity(), Exchange: x, At: at, Expires: at.Add(time.Hour)}
}

// request is one in the name of a capacity, signed with the villain's key.
func (v *villain) request(n *node, from exchange.PartyID) []byte {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.to == n.member.Key })
	if i < 0 {
		return nil
	}
	e := v.envelope(n, from, exchange.ID(v.id(n)))
	r := requestOf(kinds[i], from, n.capacity(), n.today())
	r.ID, r.Case, r.Due = e.Exchange, exchange.ID(v.id(n)), e.At.Add(72*time.Hour)
	r.Subject = exchange.Subject{
		Standing: exchange.Client, Name: exchange.Hide(mark + " Persoon"), Born: exchange.Hide("1987-03-14"), Address: exchange.Hide(mark + "weg 12"),
	}
	s, err := wire.SignRequest(e, r, v.keys.Signing)
	return v.seal(n, s, err)
}

// answer is one to the last request that a node made of somebody else.
func (v *villain) answer(n *node) []byte {
	for _, a := range slices.Backward(v.world.affairs) {
		if a.from != n {
			continue
		}
		e := v.envelope(n, v.capacity(), a.id)
		e.Follows = wire.DigestOf([]byte("what it does not know"))
		s, err := wire.SignAnswer(e, exchange.Answer{At: e.At, Items: []exchange.AnsweredItem{
			{Item: a.kind.items[0].Item, Outcome: exchange.Supply, Depth: exchange.That, Value: text("a lie")},
		}}, v.keys.Signing)
		return v.seal(n, s, err)
	}
	return nil
}

// register greets with a bundle, as if it were of a version to come.
func (v *villain) register(bundle []byte) []byte {
	b, err := json.Marshal(map[string]any{"version": v.world.authority.last.Version() + 5, "bundle": bundle})
	if err != nil {
		v.world.fail(err)
	}
	return b
}

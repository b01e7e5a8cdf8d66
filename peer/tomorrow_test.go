package peer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/transport"
)

const message2 = "/sluis/message/2"

// A tomorrow is the network of a node whose program speaks a second version of the
// message protocol, which stands in no program yet: what is sealed, and the reply,
// are in an envelope.
type tomorrow struct {
	peer.Network
	first, second atomic.Int64 // requests that were answered, by version
}

type envelope struct {
	Version int    `json:"version"`
	Inside  []byte `json:"inside"`
}

func wrap(inside []byte) ([]byte, error) { return json.Marshal(envelope{2, inside}) }

func unwrap(outside []byte) ([]byte, error) {
	var e envelope
	if json.Unmarshal(outside, &e) != nil || e.Version != 2 {
		return nil, errors.New("not an envelope of version 2")
	}
	return e.Inside, nil
}

func (n *tomorrow) Send(ctx context.Context, id, protocol string, request []byte) ([]byte, error) {
	if protocol != peer.MessageProtocol {
		return n.Network.Send(ctx, id, protocol, request)
	}
	outside, err := wrap(request)
	if err != nil {
		return nil, err
	}
	reply, err := n.Network.Send(ctx, id, message2, outside)
	if err != nil {
		return nil, err
	}
	return unwrap(reply)
}

// open opens the network with version 2, and with version 1 beside it or without.
func (n *tomorrow) open(beside bool) func(transport.Config) (peer.Network, error) {
	return func(c transport.Config) (peer.Network, error) {
		p := c.Protocols[peer.MessageProtocol]
		today := p.Handler
		p.MaxRequest, p.MaxReply = 2*p.MaxRequest, 2*p.MaxReply
		p.Handler = func(ctx context.Context, from string, outside []byte) ([]byte, error) {
			n.second.Add(1)
			request, err := unwrap(outside)
			if err != nil {
				return nil, err
			}
			reply, err := today(ctx, from, request)
			if err != nil {
				return nil, err
			}
			return wrap(reply)
		}
		if beside {
			p.Older = []transport.Version{{
				ID: peer.MessageProtocol, Request: unwrap, Reply: wrap,
				Handler: func(ctx context.Context, from string, request []byte) ([]byte, error) {
					n.first.Add(1)
					return today(ctx, from, request)
				},
			}}
		}
		delete(c.Protocols, peer.MessageProtocol)
		c.Protocols[message2] = p
		host, err := transport.Open(c)
		n.Network = host
		return n, err
	}
}

// become starts a node again with the program of another day.
func (m *member) become(age string) *tomorrow {
	m.world.t.Helper()
	m.stop()
	n := new(tomorrow)
	m.options.Network = nil
	if age != "today" {
		m.options.Network = n.open(age == "tomorrow")
	}
	m.start()
	return n
}

// check is what a diagnosis says of versions of partners, and the values in it.
func (m *member) versionChecks() map[string]map[string]string {
	m.world.t.Helper()
	checks, err := m.node.Diagnose(m.world.t.Context())
	if err != nil {
		m.world.t.Fatal(err)
	}
	found := map[string]map[string]string{}
	for _, c := range checks {
		switch c.Code {
		case "partner-old", "partner-newer", "partner-versions":
			found[c.Code] = c.Values
		}
	}
	return found
}

// waitsBecause waits until the one message of a node waits for a reason.
func (m *member) waitsBecause(code string) {
	m.world.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		queues, err := m.node.Outbox(m.world.t.Context())
		if err != nil || len(queues) != 1 || queues[0].Count != 1 {
			m.world.t.Fatalf("%s: waiting are %+v, %v", m.party.Name, queues, err)
		}
		if queues[0].Code == code && queues[0].Tries > 1 {
			return
		}
		if time.Now().After(deadline) {
			m.world.t.Fatalf("%s: it waits because of %q, want %q", m.party.Name, queues[0].Code, code)
		}
	}
}

// A second version of the message protocol comes, one node at a time. A node of
// tomorrow and one of today exchange in the first version, two of tomorrow in the
// second, whoever was restarted and whatever they knew of each other. One of which
// the first version was taken out and one of today do not understand each other:
// each says who of them is too old, what they have for each other waits, and after
// the upgrade it arrives. Signed messages are the same bytes all along.
func TestVersionOfTomorrow(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	newA := a.become("tomorrow")
	var all []exchange.ID

	all = append(all, answeredExchange(t, a, b).ID)
	if newA.first.Load() == 0 || newA.second.Load() != 0 {
		t.Errorf("between tomorrow and today: %d in version 1 and %d in 2", newA.first.Load(), newA.second.Load())
	}
	if got := b.versionChecks(); len(got) != 1 || got["partner-versions"]["theirs"] != "message/2, message/1" || got["partner-versions"]["ours"] != "message/1" {
		t.Errorf("today's node says of the other: %v", got)
	}
	if got := a.versionChecks(); len(got) != 1 || got["partner-versions"]["theirs"] != "message/1" {
		t.Errorf("tomorrow's node says of the other: %v", got)
	}

	newB := b.become("tomorrow")
	before := newA.first.Load()
	all = append(all, answeredExchange(t, a, b).ID)
	if newB.second.Load() == 0 || newB.first.Load() != 0 || newA.second.Load() == 0 || newA.first.Load() != before {
		t.Errorf("between two of tomorrow: %d and %d in version 1, %d and %d in 2",
			newA.first.Load()-before, newB.first.Load(), newA.second.Load(), newB.second.Load())
	}
	if got := a.versionChecks(); len(got) != 0 {
		t.Errorf("of a node of the same version is said: %v", got)
	}
	if got, want := a.node.Spoken(), map[string]int{message2: 1, peer.MessageProtocol: 1, peer.RegisterProtocol: 1, peer.WitnessProtocol: 1, peer.RecallProtocol: 1}; !maps.Equal(got, want) {
		t.Errorf("spoken are %v", got)
	}

	x, err := ask(t.Context(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	a.settle()
	a.become("today")
	b.become("the day after")
	size := a.node.Size()
	y, err := ask(t.Context(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.node.Decide(t.Context(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.waitsBecause(peer.NodeOutdated)
	b.waitsBecause(peer.PartnerVersion)
	if got := a.versionChecks(); len(got) != 1 || got["partner-newer"]["theirs"] != "message/2" || got["partner-newer"]["ours"] != "message/1" {
		t.Errorf("the node that is too old says: %v", got)
	}
	if got := b.versionChecks(); len(got) != 1 || got["partner-old"]["theirs"] != "message/1" {
		t.Errorf("the node that is too new says: %v", got)
	}
	if after := a.node.Size(); after > size+8 {
		t.Errorf("what can't be said made %d entries", after-size)
	}

	a.become("tomorrow")
	a.wait(x.ID, exchange.Answered)
	b.wait(y.ID, exchange.Weighing)
	a.settle()
	b.settle()
	for _, id := range append(all, x.ID) {
		sent := slices.Concat(tokensOf(t, a, id, exchange.Asker), tokensOf(t, b, id, exchange.Supplier))
		slices.SortFunc(sent, bytes.Compare)
		if len(sent) != 4 { // request and answer, at both
			t.Errorf("%d messages are kept of an exchange", len(sent))
		}
		for i := 0; i+1 < len(sent); i += 2 {
			if !bytes.Equal(sent[i], sent[i+1]) {
				t.Error("the two nodes keep a message in different bytes")
			}
		}
	}
}

func tokensOf(t *testing.T, m *member, id exchange.ID, side exchange.Side) (tokens [][]byte) {
	t.Helper()
	kept, err := m.node.KeptMessages(id, side)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if k.Kind != wire.Receipt { // which its addressee keeps only
			tokens = append(tokens, k.Token)
		}
	}
	return tokens
}

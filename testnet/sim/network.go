package sim

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"

	"sluis/crypto"
	"sluis/peer"
	"sluis/transport"
)

// A wiring is the network of a node under one of its peer IDs, in one run: what it
// sends goes over the simulated one. It keeps the promises of package transport and
// no more: a reply means that the other handled the request, an error means nothing.
type wiring struct {
	node      *node
	epoch     int
	id        string
	protocols map[string]transport.Protocol
	peers     map[string]bool
}

// network opens the network of a node under a key. One that does not listen calls and
// is not called.
func (n *node) network(c transport.Config) (peer.Network, error) {
	x := &wiring{node: n, epoch: n.epoch, id: crypto.PeerID(c.Key.Public().(ed25519.PublicKey)), protocols: c.Protocols}
	if len(c.Listen) > 0 {
		n.wiring, n.world.byPeer[x.id] = x, n
	}
	return x, x.SetPeers(c.Peers)
}

// A call is a request under way, and the task that waits for its reply.
type call struct {
	task  *task
	reply []byte
	err   error
	ended bool
}

func (w *world) end(c *call, reply []byte, err error) {
	if c == nil || c.ended {
		return
	}
	c.ended, c.reply, c.err = true, reply, err
	w.turn(c.task)
}

func (x *wiring) SetPeers(peers []transport.Peer) error {
	x.peers = map[string]bool{}
	for _, p := range peers {
		x.peers[p.ID] = true
	}
	return nil
}
func (x *wiring) Addresses() []string        { return []string{"/ip4/127.0.0.1/tcp/4001"} }
func (x *wiring) Connections() (int, int)    { return 0, 0 }
func (x *wiring) Spoken(string) []string     { return nil }
func (x *wiring) Places() []transport.Place  { return nil }
func (x *wiring) Callers() transport.Callers { return transport.Callers{} }
func (x *wiring) Close() error {
	if x.node.wiring == x {
		x.node.wiring = nil
	}
	return nil
}

// patience is how long who sends waits for a reply.
const patience = 30 * time.Second

func (x *wiring) Send(_ context.Context, id, protocol string, request []byte) ([]byte, error) {
	w, from := x.node.world, x.node
	if !from.lives(x.epoch) {
		return nil, transport.ErrUnreachable
	}
	if from.deaf && protocol == peer.RecallProtocol {
		return nil, transport.ErrProtocol
	}
	w.leaves(from, protocol, request)
	if id == w.stolen.entry.Peer && protocol == peer.RegisterProtocol {
		w.sleep(w.latency())
		return w.stolen.greets()
	}
	to := w.byPeer[id]
	if !x.peers[id] || to == nil {
		return nil, transport.ErrUnreachable
	}
	c := &call{task: w.running}
	from.calls[c] = true
	request = append([]byte(nil), request...)
	f := w.faults
	switch {
	case w.cut(from, to):
		w.count("cut off")
	case w.chance(f.Loss):
		w.count("requests lost")
	default:
		w.in(w.latency(), func() { w.arrive(x.id, id, protocol, request, c) })
	}
	for range 3 {
		if !w.chance(f.Twice) {
			break
		}
		w.count("requests doubled")
		// Some come hours later, long after the answer.
		late := w.between(0, time.Minute)
		if w.chance(0.2) {
			late = w.below(6 * time.Hour)
		}
		w.in(w.latency()+late, func() { w.arrive(x.id, id, protocol, request, nil) })
	}
	w.in(patience, func() { w.end(c, nil, transport.ErrRefusedByPeer) })
	w.wait(c.task)
	delete(from.calls, c)
	from.touched = true
	if !from.lives(x.epoch) {
		return nil, transport.ErrRefusedByPeer
	}
	return c.reply, c.err
}

// latency is how long something takes on its way: some overtake others.
func (w *world) latency() time.Duration {
	if w.chance(w.faults.Slow) {
		return w.between(time.Second, 90*time.Second)
	}
	return w.between(5*time.Millisecond, 300*time.Millisecond)
}

// arrive brings a request from one peer ID to another, whose reply goes to c if anybody
// waits.
func (w *world) arrive(from, id, protocol string, request []byte, c *call) {
	to := w.byPeer[id]
	if !to.up || to.wiring == nil || to.wiring.id != id || !to.wiring.peers[from] {
		// A gate that is shut looks like a connection that breaks.
		w.in(w.latency(), func() { w.end(c, nil, transport.ErrUnreachable) })
		return
	}
	p := to.wiring.protocols[protocol]
	if len(request) > p.MaxRequest {
		w.in(w.latency(), func() { w.end(c, nil, transport.ErrRefusedByPeer) })
		return
	}
	if wait := to.busyUntil.Sub(w.now); wait > 0 {
		w.in(wait, func() { w.arrive(from, id, protocol, request, c) })
		return
	}
	epoch := to.epoch
	w.begin(func() {
		before, mark := to.size(), handled{protocol, from, sha256.Sum256(request)}
		again := protocol == peer.MessageProtocol && to.handled[mark]
		reply, err := p.Handler(context.Background(), from, append([]byte(nil), request...))
		to.touched = true
		if !to.lives(epoch) {
			w.count("replies of the dead")
			return
		}
		if err != nil {
			w.in(w.latency(), func() { w.end(c, nil, transport.ErrRefusedByPeer) })
			return
		}
		if len(reply) > p.MaxReply {
			w.broken("I9", to, "a reply of %d bytes over %s", len(reply), protocol)
		}
		if protocol == peer.MessageProtocol {
			if again && to.size() != before {
				w.broken("I9", to, "the same message again changed the ledger from %d to %d", before, to.size())
			}
			if isReceipt(reply) {
				to.handled[mark] = true
				w.count("messages received")
			} else {
				w.note(to, "refused", codeOfReply(reply))
			}
		}
		to.acknowledge()
		w.leaves(to, protocol, reply)
		if w.cut(w.byPeer[from], to) || w.chance(w.faults.Loss) {
			w.count("replies lost")
			return
		}
		w.in(to.stall()+w.latency(), func() { w.end(c, reply, nil) })
	})
}

// A handled message was answered with a receipt.
type handled struct {
	protocol, from string
	sum            [32]byte
}

// A cut keeps two sides apart.
func (w *world) cut(a, b *node) bool {
	return a != nil && b != nil && (w.apart[[2]int{a.number, b.number}] || w.apart[[2]int{b.number, a.number}])
}

// part cuts the network for a while: some nodes on one side, the others on the
// other.
func (w *world) part() {
	side := map[int]bool{}
	for _, n := range w.nodes {
		side[n.number] = w.chance(0.5)
	}
	took := w.between(10*time.Minute, 20*time.Hour)
	pairs := [][2]int{}
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if a.number < b.number && side[a.number] != side[b.number] {
				pairs = append(pairs, [2]int{a.number, b.number})
			}
		}
	}
	for _, p := range pairs {
		w.apart[p] = true
	}
	w.count("partitions")
	w.note(nil, "parted", fmt.Sprint(len(pairs)))
	w.in(took, func() {
		for _, p := range pairs {
			delete(w.apart, p)
		}
	})
}

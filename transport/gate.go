package transport

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/time/rate"
)

// A gate holds the door: libp2p asks it before it dials and before it accepts.
// The rest of the package asks it before it serves.
type gate struct {
	self    peer.ID // set by Open before the first listener
	log     *slog.Logger
	refused *atomic.Uint64

	// peers are those who may take part. SetPeers stores a new map; nobody
	// changes one that is stored.
	peers atomic.Pointer[map[peer.ID]known]

	// lines keeps a stranger who knocks without end from filling the log.
	lines *rate.Limiter
}

func newGate(log *slog.Logger, refused *atomic.Uint64) *gate {
	g := &gate{log: log, refused: refused, lines: rate.NewLimiter(rate.Every(time.Second/refusalsLoggedPerSecond), refusalsLoggedAtOnce)}
	g.peers.Store(&map[peer.ID]known{})
	return g
}

// knows returns the peer with this ID if it may take part.
func (g *gate) knows(id peer.ID) (known, bool) {
	p, ok := (*g.peers.Load())[id]
	return p, ok
}

// refuse counts a refusal and, unless there are too many, logs it.
func (g *gate) refuse(what string, id peer.ID) {
	g.refused.Add(1)
	if g.lines.Allow() {
		g.log.Warn(what, "peer", id.String())
	}
}

// InterceptPeerDial implements libp2p's connmgr.ConnectionGater.
func (g *gate) InterceptPeerDial(id peer.ID) bool {
	_, ok := g.knows(id)
	return ok
}

// InterceptAddrDial implements connmgr.ConnectionGater: only addresses of the
// register are dialled, not those that a peer told about itself. A name may
// stand for any address, so for a peer that has one the kind is all we check.
func (g *gate) InterceptAddrDial(id peer.ID, a ma.Multiaddr) bool {
	p, ok := g.knows(id)
	if !ok || !isPlain(a) {
		return false
	}
	return slices.ContainsFunc(p.addresses, func(b ma.Multiaddr) bool { return a.Equal(b) || isName(b) })
}

// InterceptAccept implements connmgr.ConnectionGater. Who it is turns out later.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured implements connmgr.ConnectionGater: the peer has proved its
// ID and no stream has been opened.
func (g *gate) InterceptSecured(direction network.Direction, id peer.ID, _ network.ConnMultiaddrs) bool {
	if _, ok := g.knows(id); ok {
		return true
	}
	if direction == network.DirInbound {
		g.refuse("refused a connection: not among the peers", id)
	}
	return false
}

// InterceptUpgraded implements connmgr.ConnectionGater. For QUIC this is where
// the key agreement shows; for TCP hybridTLS has seen it before.
func (g *gate) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	if !quicIsHybrid(c) {
		g.refuse("refused a connection: no hybrid key agreement", c.RemotePeer())
		return false, 0
	}
	return true, 0
}

// connected closes a connection that was under way while its peer was removed:
// it passed the gate before, and came into being after the connections of the
// peer were closed.
func (g *gate) connected(_ network.Network, c network.Conn) {
	if _, ok := g.knows(c.RemotePeer()); !ok {
		g.refuse("closed a connection: not among the peers any more", c.RemotePeer())
		_ = c.CloseWithError(network.ConnGated)
	}
}

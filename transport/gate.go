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
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/time/rate"
)

// A gate holds the door: libp2p asks it before it dials and before it accepts.
// The rest of the package asks it before it serves.
type gate struct {
	self    peer.ID // set by Open before the first listener, as are network and own
	network network.Network
	own     relaying // the relays at which this host has a place
	log     *slog.Logger
	refused *atomic.Uint64

	// peers are those who may take part. SetPeers stores a new map; nobody
	// changes one that is stored.
	peers atomic.Pointer[map[peer.ID]known]

	// relays are those of this host and those of its peers. They may be called
	// and carry connections; otherwise they are strangers.
	relays atomic.Pointer[relaying]

	// lines keeps a stranger who knocks without end from filling the log.
	lines *rate.Limiter
}

func newGate(log *slog.Logger, refused *atomic.Uint64) *gate {
	g := &gate{log: log, refused: refused, lines: rate.NewLimiter(rate.Every(time.Second/refusalsLoggedPerSecond), refusalsLoggedAtOnce)}
	g.peers.Store(&map[peer.ID]known{})
	g.relays.Store(&relaying{})
	return g
}

// knows returns the peer with this ID if it may take part.
func (g *gate) knows(id peer.ID) (known, bool) {
	p, ok := (*g.peers.Load())[id]
	return p, ok
}

// isRelay tells whether the peer with this ID is a relay that is called.
func (g *gate) isRelay(id peer.ID) bool {
	_, ok := (*g.relays.Load())[id]
	return ok
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
	return ok || g.isRelay(id)
}

// InterceptAddrDial implements connmgr.ConnectionGater: only addresses of the
// register and of relays are dialled, not those that a peer told about itself,
// but for punching a hole. A name may stand for any address, so for a peer that
// has one the kind is all we check.
func (g *gate) InterceptAddrDial(id peer.ID, a ma.Multiaddr) bool {
	p, _ := g.knows(id)
	if slices.ContainsFunc(p.addresses, a.Equal) {
		return true
	}
	relay := (*g.relays.Load())[id]
	if !isPlain(a) {
		return false
	}
	return slices.ContainsFunc(relay, a.Equal) || slices.ContainsFunc(relay, isName) || slices.ContainsFunc(p.addresses, isName) ||
		p.name != "" && g.mayPunch(id, a)
}

// mayPunch tells whether a hole may be punched towards an address that a peer
// told: this host is behind a relay itself, a relay connects the two right now,
// and the address is a public one, so that no peer makes us knock at doors
// within our own network.
func (g *gate) mayPunch(id peer.ID, a ma.Multiaddr) bool {
	return len(g.own) > 0 && isQUIC(a) && !isName(a) && manet.IsPublicAddr(a) &&
		g.isConnectedByRelay(id)
}

func (g *gate) isConnectedByRelay(id peer.ID) bool {
	return slices.ContainsFunc(g.network.ConnsToPeer(id), func(c network.Conn) bool { return isRelayed(c.RemoteMultiaddr()) })
}

// InterceptAccept implements connmgr.ConnectionGater. Who it is turns out later;
// but only our own relays may bring somebody along.
func (g *gate) InterceptAccept(c network.ConnMultiaddrs) bool {
	if c == nil || !isRelayed(c.RemoteMultiaddr()) {
		return true
	}
	_, id, _ := splitRelayed(c.RemoteMultiaddr())
	_, ours := g.own[id]
	return ours
}

// InterceptSecured implements connmgr.ConnectionGater: the peer has proved its
// ID and no stream has been opened.
func (g *gate) InterceptSecured(direction network.Direction, id peer.ID, _ network.ConnMultiaddrs) bool {
	if _, ok := g.knows(id); ok {
		return true
	}
	if direction == network.DirOutbound && g.isRelay(id) {
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
	if c.Stat().Direction == network.DirOutbound && g.isRelay(c.RemotePeer()) {
		return
	}
	if _, ok := g.knows(c.RemotePeer()); !ok {
		g.refuse("closed a connection: not among the peers any more", c.RemotePeer())
		_ = c.CloseWithError(network.ConnGated)
		return
	}
	if !isRelayed(c.RemoteMultiaddr()) && g.isConnectedByRelay(c.RemotePeer()) {
		g.log.Info("found a direct way to a peer behind a relay", "peer", c.RemotePeer().String())
	}
}

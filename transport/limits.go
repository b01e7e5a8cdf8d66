package transport

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	circuit "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/x/rate"
)

const (
	// defaultTimeout is long for a machine and short for an attacker: a peer on
	// a slow line moves some bytes within it.
	defaultTimeout = 10 * time.Second

	// totalOverTimeout bounds a peer that sends one byte at a time.
	totalOverTimeout = 6

	// dialTimeout is for one address: TCP and TLS, or QUIC.
	dialTimeout = 10 * time.Second

	// writePiece is how much is written before the deadline is renewed. It is
	// also the most that a small frame is copied for, to go out in one write.
	writePiece = 64 << 10

	// reserveFrom is the size of a body from which its memory is reserved with
	// the resource manager before it is read. Smaller ones are covered by what
	// a stream costs anyhow (256 KiB of window are reserved for each over TCP).
	reserveFrom = 64 << 10

	// What one connection through a relay may carry in each direction, and how
	// long it may last, before the two ends have to make another: more than the
	// largest register and all that a partner may bring in a day, and short enough
	// for two nodes to try a direct way, or a hole, again.
	// libp2p's own are 128 KiB and two minutes.
	relayedBytes = 256 << 20
	relayedTime  = 30 * time.Minute

	// placeTime is how long a place at a relay is kept for a node that is silent.
	placeTime = time.Hour

	// relayBuffer is the memory for each direction of a connection that a relay
	// carries.
	relayBuffer = 16 << 10

	// A stranger who knocks without end fills this much of the log.
	refusalsLoggedPerSecond = 5
	refusalsLoggedAtOnce    = 50
)

// Limits bounds what peers can make a host hold. The defaults are for a few
// thousand peers, of which hundreds may sit behind one address: libp2p's own
// allow 8 connections per address and 64 streams per peer, which a data centre
// with twenty organisations, or one busy peer, exceeds.
type Limits struct {
	// PerIP is how many connections may come from one IPv4 address or IPv6 /56
	// at a time. Loopback has no limit. Default: 256.
	PerIP int

	// NewPerSecond is how many connections per second one IPv4 address or IPv6
	// /56 may open, with a burst of PerIP. Loopback has no limit. Default: 20.
	NewPerSecond float64

	// StreamsPerPeer is how many requests of one peer, and to one peer, may be
	// under way at a time. More are refused, which the other end sees as
	// [ErrRefusedByPeer]. Default: 512.
	StreamsPerPeer int

	// Connections is how many connections may stand in all. Default: 4096.
	Connections int

	// Memory is how many bytes of buffers may be promised in all; one peer gets
	// a quarter. It counts what could be filled, not what is. Default: 1 GiB.
	Memory int64

	// largest is the largest frame of any protocol.
	largest int64
}

// checked is l with its defaults, and room for the largest frame.
func (l Limits) checked(protocols map[string]Protocol) (Limits, error) {
	if l.PerIP < 0 || l.NewPerSecond < 0 || l.StreamsPerPeer < 0 || l.Connections < 0 || l.Memory < 0 {
		return Limits{}, fmt.Errorf("limits can't be negative")
	}
	if l.PerIP == 0 {
		l.PerIP = 256
	}
	if l.NewPerSecond == 0 {
		l.NewPerSecond = 20
	}
	if l.StreamsPerPeer == 0 {
		l.StreamsPerPeer = 512
	}
	if l.Connections == 0 {
		l.Connections = 4096
	}
	if l.Memory == 0 {
		l.Memory = 1 << 30
	}
	for _, p := range protocols {
		l.largest = max(l.largest, int64(p.MaxRequest), int64(p.MaxReply))
	}
	if l.largest > l.perPeer()/2 {
		return Limits{}, fmt.Errorf("limit of memory %d is too low for messages of %d bytes: set at least eight times as much", l.Memory, l.largest)
	}
	return l, nil
}

// perPeer is the memory that one peer may hold: so much that a registered peer
// that turns hostile leaves three quarters to the others.
func (l Limits) perPeer() int64 { return l.Memory / 4 }

// resources is the resource manager of libp2p with these limits. They are fixed,
// not scaled to the machine, so that what holds in a test holds in production.
func (l Limits) resources(protocols map[string]Protocol) (network.ResourceManager, error) {
	streams := rcmgr.LimitVal(l.StreamsPerPeer)
	perPeer := rcmgr.ResourceLimits{
		StreamsInbound: streams, StreamsOutbound: streams, Streams: 2 * streams,
		ConnsInbound: 16, ConnsOutbound: 16, Conns: 16, FD: 16,
		Memory: rcmgr.LimitVal64(l.perPeer()),
	}
	all := rcmgr.ResourceLimits{
		// Sixteen peers at their limit at the same time.
		StreamsInbound: 16 * streams, StreamsOutbound: 16 * streams, Streams: 32 * streams,
		ConnsInbound: rcmgr.LimitVal(l.Connections), ConnsOutbound: rcmgr.LimitVal(l.Connections),
		Conns: rcmgr.LimitVal(l.Connections), FD: rcmgr.LimitVal(l.Connections),
		Memory: rcmgr.LimitVal64(l.Memory),
	}
	// A stream is transient until its protocol is known, a connection until
	// its peer is. One peer must not be able to fill that room for the others,
	// so it is as wide as the whole for streams; for connections it bounds the
	// handshakes of strangers.
	transient := all
	transient.ConnsInbound, transient.ConnsOutbound, transient.Conns = 512, 512, 1024
	transient.FD = 1024

	fewer := map[protocol.ID]rcmgr.ResourceLimits{}
	for id, p := range protocols {
		if p.PerPeer > 0 {
			for _, v := range p.versions(id) {
				fewer[v] = rcmgr.ResourceLimits{StreamsInbound: rcmgr.LimitVal(p.PerPeer)}
			}
		}
	}

	scaling := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&scaling) // identify
	// A relay has a stream for each connection that it carries, so one peer may
	// have as many of these as of others.
	circuits := map[protocol.ID]rcmgr.ResourceLimits{circuit.ProtoIDv2Hop: all, circuit.ProtoIDv2Stop: all}
	for id := range circuits {
		fewer[id] = perPeer
	}
	limits := rcmgr.PartialLimitConfig{
		System:              all,
		Transient:           transient,
		ServiceDefault:      all,
		ServicePeerDefault:  perPeer,
		ProtocolDefault:     all,
		ProtocolPeerDefault: perPeer,
		ProtocolPeer:        fewer,
		Protocol:            circuits,
		Service:             map[string]rcmgr.ResourceLimits{relay.ServiceName: all},
		ServicePeer:         map[string]rcmgr.ResourceLimits{relay.ServiceName: perPeer},
		PeerDefault:         perPeer,
		Conn:                rcmgr.ResourceLimits{Memory: rcmgr.LimitVal64(l.perPeer())},
		Stream:              rcmgr.ResourceLimits{Memory: rcmgr.LimitVal64(2*l.largest + 32<<20)}, // a request and its reply
	}.Build(scaling.AutoScale())

	rate4 := []rate.SubnetLimit{{PrefixLength: 32, Limit: rate.Limit{RPS: l.NewPerSecond, Burst: l.PerIP}}}
	rate6 := []rate.SubnetLimit{{PrefixLength: 56, Limit: rate.Limit{RPS: l.NewPerSecond, Burst: l.PerIP}}}
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: l.PerIP}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: l.PerIP}}),
		rcmgr.WithConnRateLimiters(&rate.Limiter{
			NetworkPrefixLimits: []rate.PrefixLimit{
				{Prefix: netip.MustParsePrefix("127.0.0.0/8")}, {Prefix: netip.MustParsePrefix("::1/128")}},
			SubnetRateLimiter: rate.SubnetLimiter{IPv4SubnetLimits: rate4, IPv6SubnetLimits: rate6, GracePeriod: time.Minute},
		}))
}

// Package transport hands sealed bytes to a peer and comes back with its reply,
// over libp2p, closed to strangers.
//
// # What it promises
//
// A [Host] serves and calls only the peers that [Host.SetPeers] named last, by
// the key that their peer ID is made of. Every connection is TLS 1.3 with the
// hybrid key agreement X25519MLKEM768, over TCP or QUIC; what cannot do that is
// turned away. Every stream carries one request and one reply, has a bound on
// its size, and is cut when it makes no progress.
//
// [Host.Send] is one attempt. Its only evidence is a complete reply: a
// connection that stands, a stream that opens and a write that succeeds prove
// nothing, because a peer that refuses us looks exactly like that until it
// hangs up. Whether and when to try again is for the caller.
//
// Two hosts of different age speak the newest version of a protocol that both
// know, and Send says which of the two is too old where there is none.
//
// # How to read the code
//
// transport.go opens and closes; peers.go says who may take part and gate.go
// holds the door; place.go keeps a place at a relay, relay.go is one and proxy.go
// goes through that of the organisation; callers.go and probe.go tell whether a
// host can be called; send.go and serve.go are the two ends of a stream, frame.go
// is what travels on it and pace.go when it is cut; version.go has which
// version is spoken; faults.go has the errors and
// the codes with which a stream is reset; limits.go has every bound. The file
// docs/protocol/40-transport.md says the same for a second implementer.
//
// # What this package may not know
//
// What the bytes mean, who is behind a peer ID, the register, keys other than
// the one of the host. It imports nothing of ours, and it is the only package
// that imports libp2p, so another transport can take its place.
package transport

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	circuit "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

// A Handler answers one request of the peer with ID from. It owns request.
//
// The context ends when the time of the protocol is over or the host closes.
// When the handler returns an error the stream is reset with a code that says
// only that there is no reply; the error itself goes to the log of this host
// as a yes or no, never as text, and never to the peer.
type Handler func(ctx context.Context, from string, request []byte) (reply []byte, err error)

// A Protocol is one kind of conversation: a request, a reply, their bounds.
// Both ends should agree on the bounds; the receiving end enforces its own.
type Protocol struct {
	// Handler answers requests. Nil for a protocol that this host only sends.
	Handler Handler

	// MaxRequest and MaxReply are the largest bodies in bytes, not counting the
	// length in front of them. Both are required. A larger one is refused before
	// any memory is taken for it.
	MaxRequest, MaxReply int

	// PerPeer is how many requests of one peer may be under way at a time, where
	// that is fewer than the limits allow. Zero: the limits.
	PerPeer int

	// Timeout is how long a peer may make no progress while it sends or reads.
	// Default: 10 seconds.
	Timeout time.Duration

	// Total is how long one exchange may take, whatever its progress, including
	// the time of the handler. Default: six times Timeout.
	Total time.Duration

	// Older are the versions before this one that the host speaks as well, the
	// newest first. Default: none.
	Older []Version
}

// Config is what a host is opened with. Fields without a default are required.
type Config struct {
	// Key is the identity of this host on the network and of nothing else. The
	// peer ID follows from it, see [PeerID].
	Key ed25519.PrivateKey

	// Listen holds the multiaddresses on which peers can reach this host, for
	// example /ip4/0.0.0.0/tcp/4001 and /ip4/0.0.0.0/udp/4001/quic-v1. Open
	// fails unless it can listen on every one. Port 0 takes a free port. Empty:
	// this host only calls.
	Listen []string

	// Announce replaces the listen addresses in what this host tells peers about
	// itself, for a host behind a port forward. Peers dial what the register
	// says; this is for their diagnosis. Default: the listen addresses.
	Announce []string

	// Relays are where this host, which nobody can call directly, keeps a place:
	// addresses of relays that end in /p2p/ and their ID. Several addresses of one
	// relay are one place. It also makes the host punch holes where it can.
	// Default: none, this host can be called itself.
	Relays []string

	// Relay makes this host a relay for its peers: it carries what they send each
	// other, sealed twice, between those that have a place here and those that
	// call them.
	Relay bool

	// Proxy is an HTTP proxy, such as http://proxy.example.nl:3128, through which
	// every TCP connection is made (CONNECT). QUIC does not go through it. Default:
	// none.
	Proxy string

	// QUIC turns on QUIC next to TCP. Off is for networks that drop UDP, where
	// every new connection would wait for QUIC to fail first. When it is off,
	// QUIC addresses of peers are passed over and one in Listen is an error.
	QUIC bool

	// Protocols by the ID of their newest version, for example /sluis/message/1.
	Protocols map[string]Protocol

	// Peers may take part from the start; see [Host.SetPeers].
	Peers []Peer

	// Limits bounds what peers can make this host hold. Zero fields have the
	// defaults that are documented there.
	Limits Limits

	// Log receives what the host and libp2p have to say, peers by ID only.
	// Default: nothing is logged.
	Log *slog.Logger

	// Options are added to those of libp2p, for a simulated network in tests.
	Options []libp2p.Option
}

// A Host is one node on the network. Its methods may be called at any time by
// any goroutine.
type Host struct {
	host      host.Host
	gate      *gate
	protocols map[protocol.ID]Protocol
	quic      bool
	limits    Limits
	relays    relaying // at which this host keeps a place
	places    places
	callers   callers
	carrier   io.Closer // the relay that this host is, or nil
	carried   carried   // by it
	log       *slog.Logger

	// running ends when Close begins; the contexts of handlers follow from it.
	running context.Context
	stop    context.CancelFunc

	// changing is held by SetPeers from the moment that it compares the old
	// peers with the new until both gate and peerstore have the new ones.
	changing sync.Mutex

	// refused counts streams and connections that were turned away. It is there
	// for tests and for whoever wants a figure, see Refused.
	refused atomic.Uint64
}

// Open starts a host and returns it when it listens on every address in cfg.
//
// An address that could not be listened on is named in the error, and nothing
// is left running.
func Open(cfg Config) (*Host, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	peers, err := parsePeers(cfg.Peers, cfg.QUIC, cfg.Log)
	if err != nil {
		return nil, err
	}
	listen, err := parseListen(cfg.Listen, cfg.QUIC)
	if err != nil {
		return nil, err
	}
	announce, err := parseListen(cfg.Announce, true)
	if err != nil {
		return nil, err
	}
	relays, err := parseRelays(cfg.Relays, cfg.QUIC)
	if err != nil {
		return nil, err
	}

	running, stop := context.WithCancel(context.Background())
	h := &Host{
		protocols: make(map[protocol.ID]Protocol, len(cfg.Protocols)),
		quic:      cfg.QUIC,
		limits:    cfg.Limits,
		relays:    relays,
		log:       cfg.Log,
		callers:   callers{since: time.Now().UTC()},
		running:   running,
		stop:      stop,
	}
	h.gate = newGate(cfg.Log, &h.refused)
	redirectLogs(cfg.Log)
	options, err := cfg.options(h.gate, announce)
	if err != nil {
		stop()
		return nil, err
	}
	h.host, err = libp2p.New(append(options, cfg.Options...)...)
	if err != nil {
		stop()
		return nil, fmt.Errorf("start libp2p: %v", err)
	}
	h.gate.self, h.gate.network, h.gate.own = h.host.ID(), h.host.Network(), relays
	h.host.Network().Notify(&network.NotifyBundle{ConnectedF: h.gate.connected})
	for id, p := range cfg.Protocols {
		h.protocols[protocol.ID(id)] = p
		if p.Handler != nil {
			h.host.SetStreamHandler(protocol.ID(id), h.serve(p, p.Handler))
			for _, v := range p.Older {
				h.host.SetStreamHandler(protocol.ID(v.ID), h.serve(p, v.Handler))
			}
		}
	}
	if len(relays) == 0 {
		h.host.RemoveStreamHandler(circuit.ProtoIDv2Stop) // nobody is brought here by a relay
	}
	h.admit(peers)

	// libp2p.New would report no error when only some of several addresses
	// work. So it is started without any, and each is asked for by itself.
	for _, a := range listen {
		if err := h.host.Network().Listen(a); err != nil {
			_ = h.Close()
			return nil, fmt.Errorf("listen on %s: %v", a, err)
		}
	}
	if cfg.Relay {
		if err := h.carry(); err != nil {
			_ = h.Close()
			return nil, fmt.Errorf("start the relay: %v", err)
		}
	}
	h.keepPlaces()
	return h, nil
}

// Close stops serving, cuts every stream and returns when all handlers have
// returned.
func (h *Host) Close() error {
	h.stop()
	if h.carrier != nil {
		_ = h.carrier.Close() // it has nothing to say
	}
	err := h.host.Close()
	h.places.keepers.Wait() // one that waits for its relay is cut by now
	if err != nil {
		return fmt.Errorf("close libp2p: %v", err)
	}
	return nil
}

// ID is the peer ID of this host.
func (h *Host) ID() string { return h.host.ID().String() }

// Addresses are the multiaddresses at which this host can be called, without its
// peer ID: those on which it listens, with the ports that it really has, and
// those of the relays where it has a place right now.
func (h *Host) Addresses() []string {
	var texts []string
	for _, a := range h.host.Network().ListenAddresses() {
		if !isRelayed(a) {
			texts = append(texts, a.String())
		}
	}
	return append(texts, h.places.addresses(h.relays)...)
}

// Connections counts the connections that stand now: direct ones, and those
// through a relay.
func (h *Host) Connections() (direct, relayed int) {
	for _, c := range h.host.Network().Conns() {
		if c.Stat().Limited {
			relayed++
		} else {
			direct++
		}
	}
	return direct, relayed
}

// Refused is how many connections and streams this host has turned away since
// it was opened because the peer may not take part.
func (h *Host) Refused() uint64 { return h.refused.Load() }

// checked is the configuration with its defaults, or what is wrong with it.
func (cfg Config) checked() (Config, error) {
	if len(cfg.Key) != ed25519.PrivateKeySize {
		return Config{}, fmt.Errorf("the host key must be an Ed25519 private key of %d bytes", ed25519.PrivateKeySize)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	protocols := make(map[string]Protocol, len(cfg.Protocols))
	for id, p := range cfg.Protocols {
		if len(id) < 2 || id[0] != '/' {
			return Config{}, fmt.Errorf("protocol %q: an ID starts with / and is not empty", id)
		}
		if p.MaxRequest <= 0 || p.MaxReply <= 0 {
			return Config{}, fmt.Errorf("protocol %s: set MaxRequest and MaxReply", id)
		}
		if p.Timeout < 0 || p.Total < 0 || p.PerPeer < 0 {
			return Config{}, fmt.Errorf("protocol %s: times and bounds can't be negative", id)
		}
		if err := p.checkVersions(id); err != nil {
			return Config{}, err
		}
		if p.Timeout == 0 {
			p.Timeout = defaultTimeout
		}
		if p.Total == 0 {
			p.Total = totalOverTimeout * p.Timeout
		}
		protocols[id] = p
	}
	cfg.Protocols = protocols
	var err error
	cfg.Limits, err = cfg.Limits.checked(protocols)
	return cfg, err
}

// options is the option set of a closed host. What is not named here is off.
func (cfg Config) options(g *gate, announce []ma.Multiaddr) ([]libp2p.Option, error) {
	key, err := libp2pcrypto.UnmarshalEd25519PrivateKey(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("the host key is not usable: %v", err)
	}
	resources, err := cfg.Limits.resources(cfg.Protocols)
	if err != nil {
		return nil, fmt.Errorf("set the resource limits: %v", err)
	}
	overTCP := []any{tcp.DisableReuseport()}
	if cfg.Proxy != "" {
		address, err := ParseProxy(cfg.Proxy)
		if err != nil {
			return nil, fmt.Errorf("proxy: %v", err)
		}
		overTCP = append(overTCP, tcp.WithDialerForAddr(proxy{address}.dialer))
	}
	behind := len(cfg.Relays) > 0
	options := []libp2p.Option{
		libp2p.Identity(key),
		libp2p.UserAgent("sluis"),
		libp2p.ProtocolVersion("sluis/1"),
		libp2p.NoListenAddrs,
		libp2p.Security(libp2ptls.ID, newHybridTLS),
		// Two processes on one port would share its connections at random
		// instead of the second one failing to listen.
		libp2p.Transport(tcp.NewTCPTransport, overTCP...),
		libp2p.SwarmOpts(swarm.WithDialRanker(rankDials)),
		libp2p.ConnectionGater(g),
		libp2p.ResourceManager(resources),
		// Connections to peers are few, known and worth keeping; the resource
		// manager bounds them. Trimming would cut exchanges that are under way.
		libp2p.ConnectionManager(connmgr.NullConnMgr{}),
		libp2p.ForceReachabilityPublic(), // no probing
		libp2p.Ping(false),
		// Peers that are down for a day would teach the detectors that UDP or
		// IPv6 is broken, and they would then refuse to dial the others.
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
		// The metrics of libp2p live in global registries and count by process,
		// not by host.
		libp2p.DisableMetrics(),
		libp2p.WithDialTimeout(dialTimeout),
	}
	if behind {
		// What others see of our address is where a hole can be punched.
		options = append(options, libp2p.EnableHolePunching())
	} else {
		options = append(options, libp2p.DisableIdentifyAddressDiscovery())
	}
	if cfg.Relay {
		options = append(options, libp2p.DisableRelay()) // it calls nobody
	} else {
		options = append(options, libp2p.EnableRelay()) // to call peers that are behind one
	}
	if cfg.QUIC {
		options = append(options, libp2p.Transport(libp2pquic.NewTransport))
	}
	if len(announce) > 0 {
		options = append(options, libp2p.AddrsFactory(func([]ma.Multiaddr) []ma.Multiaddr { return announce }))
	}
	return options, nil
}

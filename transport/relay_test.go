package transport

import (
	"bytes"
	"context"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	circuit "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	ma "github.com/multiformats/go-multiaddr"
)

// largeMessage is more than a relay of libp2p carries by default.
const largeMessage = 1 << 20

// startRelay is a relay with this name that serves peers.
func startRelay(t testing.TB, name, listen string, peers ...string) *Host {
	t.Helper()
	return open(t, relayConfig(t, name, listen, peers...))
}

func relayConfig(t testing.TB, name, listen string, peers ...string) Config {
	cfg := Config{Key: key(name), Listen: []string{listen}, QUIC: true, Relay: true}
	for _, p := range peers {
		cfg.Peers = append(cfg.Peers, Peer{ID: peerID(t, p)})
	}
	return cfg
}

// at is how nodes write the relay down.
func at(relay *Host) string { return relay.Addresses()[0] + "/p2p/" + relay.ID() }

// behind is a host with this name that cannot be called but through relays.
func behind(t testing.TB, name string, relays ...string) *Host {
	t.Helper()
	cfg := config(name, "")
	cfg.Relays = relays
	return open(t, cfg)
}

func hasPlace(t testing.TB, h *Host) {
	t.Helper()
	eventually(t, "a place at a relay", func() bool { return len(h.Addresses()) > 0 })
}

func large() []byte {
	b := make([]byte, largeMessage)
	rand.New(rand.NewSource(1)).Read(b)
	return b
}

// Two hosts of which neither listens exchange what a relay of libp2p would cut
// by default, both ways round.
func TestThroughARelay(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		relay := startRelay(t, "relay", listen, "left", "right")
		left, right := behind(t, "left", at(relay)), behind(t, "right", at(relay))
		hasPlace(t, left)
		hasPlace(t, right)
		if want := []string{at(relay) + "/p2p-circuit"}; !slices.Equal(left.Addresses(), want) {
			t.Errorf("can be called at %q, want %q", left.Addresses(), want)
		}
		acquaint(t, left, right)
		for range 3 {
			for _, way := range [][2]*Host{{left, right}, {right, left}} {
				reply, err := way[0].Send(soon(t), way[1].ID(), echo, large())
				if err != nil || !bytes.Equal(reply, large()) {
					t.Fatalf("%d bytes of reply, %v", len(reply), err)
				}
			}
		}
		// It counts what it carries, and what is let go.
		if c := relay.Carried(); c.Places != 2 || c.Connections < 1 || c.Opened < 1 || c.Bytes < 12*uint64(len(large())) {
			t.Errorf("the relay counts %+v", c)
		}
		for _, c := range left.host.Network().ConnsToPeer(info(t, right).ID) {
			if !isRelayed(c.RemoteMultiaddr()) {
				t.Errorf("a connection to %s is not relayed", c.RemoteMultiaddr())
			}
		}
	})
}

// A direct way is taken where there is one, also when a relay is known.
func TestDirectBeforeRelay(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		relay := startRelay(t, "relay", listen, "asker", "answerer")
		cfg := config("answerer", listen)
		cfg.Relays = []string{at(relay)}
		asker, answerer := open(t, config("asker", "")), open(t, cfg)
		eventually(t, "a place", func() bool { return len(answerer.Addresses()) == 2 })
		acquaint(t, asker, answerer)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range asker.host.Network().ConnsToPeer(info(t, answerer).ID) {
			if isRelayed(c.RemoteMultiaddr()) {
				t.Errorf("a connection is relayed: %s", c.RemoteMultiaddr())
			}
		}
	})
}

// The direct address leads nowhere: the relay carries it. The asker has a place
// nowhere and needs none.
func TestRelayWhenDirectFails(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		relay := startRelay(t, "relay", listen, "asker", "answerer")
		asker, answerer := open(t, config("asker", "")), behind(t, "answerer", at(relay))
		hasPlace(t, answerer)
		gone := open(t, config("gone", listen))
		nobody := gone.Addresses()[0]
		_ = gone.Close()
		p := asPeer(answerer)
		p.Addresses = append([]string{nobody}, p.Addresses...)
		if err := asker.SetPeers([]Peer{p}); err != nil {
			t.Fatal(err)
		}
		if err := answerer.SetPeers([]Peer{asPeer(asker)}); err != nil {
			t.Fatal(err)
		}
		if _, err := asker.Send(soon(t), answerer.ID(), echo, large()); err != nil {
			t.Fatal(err)
		}
	})
}

// The relay stops and starts again: both come back by themselves.
func TestRelayRestarts(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		first := startRelay(t, "relay", listen, "left", "right")
		left, right := behind(t, "left", at(first)), behind(t, "right", at(first))
		hasPlace(t, left)
		hasPlace(t, right)
		acquaint(t, left, right)
		if _, err := left.Send(soon(t), right.ID(), echo, nil); err != nil {
			t.Fatal(err)
		}
		listen = first.Addresses()[0]
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the places are lost", func() bool { return len(left.Addresses()) == 0 && len(right.Addresses()) == 0 })
		if _, err := left.Send(soon(t), right.ID(), echo, nil); err == nil {
			t.Error("sent without the relay")
		}
		startRelay(t, "relay", listen, "left", "right")
		hasPlace(t, left)
		hasPlace(t, right)
		eventually(t, "sent again", func() bool {
			_, err := left.Send(soon(t), right.ID(), echo, large())
			return err == nil
		})
	})
}

// A relay serves its peers: whoever is not among them gets no place, carries
// nothing, and is not called; and who is removed loses what he had.
func TestRelayServesPeersOnly(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		relay := startRelay(t, "relay", listen, "left", "right")
		left, right := behind(t, "left", at(relay)), behind(t, "right", at(relay))
		hasPlace(t, left)
		hasPlace(t, right)

		// One of ours that the relay does not know.
		outside := behind(t, "outside", at(relay))
		acquaint(t, left, right, outside)
		if _, err := outside.Send(soon(t), right.ID(), echo, nil); err == nil {
			t.Error("a stranger called a peer through the relay")
		}
		// One that speaks what it likes.
		s := stranger(t, "stranger", libp2p.NoListenAddrs, libp2p.EnableRelay(), libp2p.Security(libp2ptls.ID, libp2ptls.New))
		if _, err := client.Reserve(soon(t), s, info(t, relay)); err == nil {
			t.Error("a stranger has a place")
		}
		if got := outside.Addresses(); len(got) != 0 {
			t.Errorf("a stranger can be called at %q", got)
		}
		if relay.Refused() == 0 {
			t.Error("nothing was refused")
		}

		if _, err := left.Send(soon(t), right.ID(), echo, nil); err != nil {
			t.Fatal(err)
		}
		if err := relay.SetPeers([]Peer{{ID: left.ID()}}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "who was removed has no place", func() bool { return len(right.Addresses()) == 0 })
		if _, err := left.Send(soon(t), right.ID(), echo, nil); err == nil {
			t.Error("who was removed is called through the relay")
		}
		eventually(t, "the relay counts one place and what it refused", func() bool {
			c := relay.Carried()
			return c.Places == 1 && c.Connections == 0 && c.Refused > 0
		})
		if err := relay.SetPeers([]Peer{{ID: left.ID()}, {ID: right.ID()}}); err != nil {
			t.Fatal(err)
		}
		hasPlace(t, right)
	})
}

// A relay is a stranger but for carrying: it is not served, and it may not bring
// anybody to a host that has no place there.
func TestRelayIsNoPeer(t *testing.T) {
	relay := startRelay(t, "relay", wires["tcp"], "left", "right")
	left := behind(t, "left", at(relay))
	hasPlace(t, left)
	s, err := relay.host.NewStream(soon(t), info(t, left).ID, echo)
	if err == nil {
		_, _ = s.Write([]byte{0})
		_ = s.CloseWrite()
		_, err = s.Read(make([]byte, 1))
		wantsCode(t, err, codeUnknown)
	}
	for _, p := range left.host.Mux().Protocols() {
		if p == circuit.ProtoIDv2Hop {
			t.Error("a node is a relay")
		}
	}
	g := newGate(discard(), nil)
	other := info(t, relay).ID
	through := conn{ma.StringCast("/ip4/192.0.2.1/tcp/1/p2p/" + other.String() + "/p2p-circuit")}
	if g.InterceptAccept(through) {
		t.Error("a relay that is none of ours brings somebody along")
	}
	g.own = relaying{other: nil}
	if !g.InterceptAccept(through) {
		t.Error("our relay brings nobody along")
	}
}

type conn struct{ from ma.Multiaddr }

func (c conn) LocalMultiaddr() ma.Multiaddr  { return ma.StringCast("/ip4/192.0.2.2/tcp/1") }
func (c conn) RemoteMultiaddr() ma.Multiaddr { return c.from }

// Holes are punched towards public addresses of peers that a relay connects with
// us, and nowhere else.
func TestGatePunchesNarrowly(t *testing.T) {
	relay := startRelay(t, "relay", wires["tcp"], "left", "right")
	left, right := behind(t, "left", at(relay)), behind(t, "right", at(relay))
	hasPlace(t, left)
	hasPlace(t, right)
	acquaint(t, left, right)
	to := info(t, right).ID
	const public = "/ip4/8.8.8.8/udp/4001/quic-v1"
	may := func(id peer.ID, a string) bool { return left.gate.InterceptAddrDial(id, ma.StringCast(a)) }
	if may(to, public) {
		t.Error("without a relay between them")
	}
	if _, err := left.Send(soon(t), right.ID(), echo, nil); err != nil {
		t.Fatal(err)
	}
	if !may(to, public) {
		t.Error("not at all")
	}
	for _, a := range []string{
		"/ip4/10.0.0.1/udp/4001/quic-v1", "/ip4/127.0.0.1/udp/4001/quic-v1", "/ip4/8.8.8.8/tcp/22", "/dns4/example.org/udp/1/quic-v1",
		"/ip6/fe80::1/udp/1/quic-v1", public + "/webtransport",
	} {
		if may(to, a) {
			t.Errorf("towards %s", a)
		}
	}
	if may(info(t, relay).ID, public) {
		t.Error("towards the relay")
	}
}

// A relay that says nothing keeps no host from stopping.
func TestRelayThatSaysNothing(t *testing.T) {
	mute := stranger(t, "mute", listenOn(wires["tcp"]), libp2p.Security(libp2ptls.ID, libp2ptls.New))
	asked := make(chan struct{}, 1)
	mute.SetStreamHandler(circuit.ProtoIDv2Hop, func(network.Stream) { asked <- struct{}{} })
	cfg := config("left", "")
	cfg.Relays = []string{mute.Network().ListenAddresses()[0].String() + "/p2p/" + mute.ID().String()}
	left, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	closed := make(chan error, 1)
	go func() { closed <- left.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(placeTimeout / 2):
		t.Error("it waits for the relay")
	}
}

// Relays that nobody can call are refused at once.
func TestRelayAddresses(t *testing.T) {
	id := peerID(t, "relay")
	for _, bad := range []string{
		"", "x", "/ip4/192.0.2.1/tcp/443", "/p2p/" + id, "/ip4/192.0.2.1/tcp/443/ws/p2p/" + id, "/dnsaddr/example.org/p2p/" + id,
		"/ip4/192.0.2.1/tcp/443/p2p/" + id + "/p2p-circuit",
	} {
		cfg := config("host", "")
		cfg.Relays = []string{bad}
		if h, err := Open(cfg); err == nil {
			_ = h.Close()
			t.Errorf("%q was accepted", bad)
		}
		if _, err := RelayID(bad); err == nil {
			t.Errorf("%q is the address of a relay", bad)
		}
	}
	cfg := config("host", "")
	cfg.QUIC, cfg.Relays = false, []string{"/ip4/127.0.0.1/udp/1/quic-v1/p2p/" + id}
	if h, err := Open(cfg); err == nil || !strings.Contains(err.Error(), "/tcp") {
		if err == nil {
			_ = h.Close()
		}
		t.Errorf("a relay for QUIC only, without QUIC: %v", err)
	}
}

// A recorder is a host that keeps what passes through its streams: what a relay
// could keep if it wanted to.
type recorder struct {
	host.Host
	mu   sync.Mutex
	kept bytes.Buffer
}

func (r *recorder) keep(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept.Write(p)
}

func (r *recorder) SetStreamHandler(id protocol.ID, h network.StreamHandler) {
	r.Host.SetStreamHandler(id, func(s network.Stream) { h(&recorded{s, r}) })
}

func (r *recorder) NewStream(ctx context.Context, p peer.ID, ids ...protocol.ID) (network.Stream, error) {
	s, err := r.Host.NewStream(ctx, p, ids...)
	if err != nil {
		return nil, err
	}
	return &recorded{s, r}, nil
}

type recorded struct {
	network.Stream
	by *recorder
}

func (s *recorded) Read(p []byte) (int, error) {
	n, err := s.Stream.Read(p)
	s.by.keep(p[:n])
	return n, err
}

// A relay that keeps all that it carries has nothing of what is said; it does
// have who talks to whom.
func TestRelaySeesNoContent(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		r := &recorder{Host: stranger(t, "recorder", listenOn(listen), libp2p.Security(libp2ptls.ID, libp2ptls.New))}
		service, err := relay.New(r, relay.WithResources(relay.Resources{
			ReservationTTL: placeTime, MaxReservations: 8, MaxReservationsPerIP: 8, MaxReservationsPerASN: 8, MaxCircuits: 8, BufferSize: 4096,
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer service.Close()
		address := r.Network().ListenAddresses()[0].String() + "/p2p/" + r.ID().String()
		left, right := behind(t, "left", address), behind(t, "right", address)
		hasPlace(t, left)
		hasPlace(t, right)
		acquaint(t, left, right)
		planted := []byte("the neighbour of 999993847 has debts")
		request := bytes.Repeat(planted, 2000)
		reply, err := left.Send(soon(t), right.ID(), echo, request)
		if err != nil || !bytes.Equal(reply, request) {
			t.Fatalf("%d bytes of reply, %v", len(reply), err)
		}
		r.mu.Lock()
		kept := r.kept.Bytes()
		r.mu.Unlock()
		if len(kept) < 2*len(request) {
			t.Fatalf("the relay kept %d bytes of %d that passed", len(kept), 2*len(request))
		}
		if bytes.Contains(kept, planted) || bytes.Contains(kept, planted[:12]) || bytes.Contains(kept, []byte(echo)) {
			t.Error("the relay can read what it carries")
		}
		if to := info(t, right).ID; !bytes.Contains(kept, []byte(to)) {
			t.Error("the relay does not know whom it carries to: does this test look where it should?")
		}
	})
}

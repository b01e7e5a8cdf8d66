package transport

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

func TestStrangerIsNeverServed(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		var served atomic.Int64
		log := &lines{}
		cfg := config("answerer", listen)
		cfg.Log = log.logger()
		cfg.Protocols[echo] = Protocol{MaxRequest: 9, MaxReply: 9, Handler: func(context.Context, string, []byte) ([]byte, error) {
			served.Add(1)
			return nil, nil
		}}
		answerer := open(t, cfg)
		s := stranger(t, "stranger")

		// Connecting may look like a success: that is the trap. So may opening
		// a stream and writing. A reply must never come.
		for range 3 {
			if err := s.Connect(soon(t), info(t, answerer)); err != nil {
				continue
			}
			for _, protocol := range []string{echo, "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"} {
				stream, err := s.Network().NewStream(network.WithNoDial(soon(t), "test"), info(t, answerer).ID)
				if err != nil {
					continue
				}
				_, _ = stream.Write([]byte("\x13/multistream/1.0.0\n" + string(rune(len(protocol)+1)) + protocol + "\n\x01s"))
				if n, err := stream.Read(make([]byte, 1)); n > 0 || err == nil {
					t.Fatalf("a stranger read a byte of %s", protocol)
				}
			}
		}
		eventually(t, "the refusal is counted", func() bool { return answerer.Refused() > 0 })
		eventually(t, "no connection stands", func() bool { return len(answerer.host.Network().Conns()) == 0 })
		if n := served.Load(); n != 0 {
			t.Errorf("the handler ran %d times for a stranger", n)
		}
		eventually(t, "the refusal is logged with the peer ID", func() bool { return strings.Contains(log.String(), s.ID().String()) })
		if strings.Contains(log.String(), "127.0.0.1") {
			t.Errorf("the log names an address:\n%s", log)
		}
	})
}

func TestSendToWhomDoesNotKnowUs(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := open(t, config("asker", "")), open(t, config("answerer", listen))
		if err := asker.SetPeers([]Peer{asPeer(answerer)}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s"))
			wants(t, err, ErrRefusedByPeer)
		}
	})
}

func TestSendToUnknown(t *testing.T) {
	asker, answerer := open(t, config("asker", "")), open(t, config("answerer", wires["tcp"]))
	for _, to := range []string{answerer.ID(), asker.ID(), "", "12D3KooW", "not a peer"} {
		_, err := asker.Send(soon(t), to, echo, []byte("s"))
		wants(t, err, ErrUnknownPeer)
	}
	if err := asker.SetPeers([]Peer{asPeer(asker)}); err != nil {
		t.Fatal(err)
	}
	_, err := asker.Send(soon(t), asker.ID(), echo, []byte("s"))
	wants(t, err, ErrUnknownPeer)
	if n := len(answerer.host.Network().Conns()); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func TestRemovedPeerIsCutOff(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s")); err != nil {
			t.Fatal(err)
		}
		if err := answerer.SetPeers(nil); err != nil {
			t.Fatal(err)
		}
		if n := len(answerer.host.Network().Conns()); n != 0 {
			t.Errorf("%d connections stand after the peer was removed", n)
		}
		for range 3 {
			_, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s"))
			wants(t, err, ErrRefusedByPeer)
		}
		// The other way round: who removes a peer does not call it either.
		if err := asker.SetPeers(nil); err != nil {
			t.Fatal(err)
		}
		_, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s"))
		wants(t, err, ErrUnknownPeer)

		acquaint(t, asker, answerer)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s")); err != nil {
			t.Errorf("after it was let in again: %v", err)
		}
	})
}

// The stream handler asks the gate by itself: here the connection outlives the
// place among the peers, as it could for a moment.
func TestHandlerAsksTheGate(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s")); err != nil {
			t.Fatal(err)
		}
		answerer.gate.peers.Store(&map[peer.ID]known{})
		_, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s"))
		wants(t, err, ErrRefusedByPeer)
		wantsCode(t, err, codeUnknown)
	})
}

// A peer that is removed half-way through its request is not served either.
func TestRemovedWhileAsking(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		answerer := open(t, config("answerer", listen))
		s := stranger(t, "asker")
		stream := intrude(t, s, answerer)
		if _, err := stream.Write([]byte{3, 's'}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the stream arrives", func() bool { return answering(answerer) > 0 })
		answerer.gate.peers.Store(&map[peer.ID]known{})
		if _, err := stream.Write([]byte("ss")); err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		_, err := stream.Read(make([]byte, 1))
		wantsCode(t, err, codeUnknown)
	})
}

// Peers come and go while they connect; whoever is out in the end has no
// connection, whichever came first.
func TestRemovalRacesConnection(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		for range 30 {
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = asker.Send(t.Context(), answerer.ID(), echo, []byte("s"))
			}()
			if err := answerer.SetPeers(nil); err != nil {
				t.Fatal(err)
			}
			<-done
			eventually(t, "no connection stands", func() bool { return len(answerer.host.Network().Conns()) == 0 })
			acquaint(t, asker, answerer)
		}
	})
}

func TestSetPeersChangesAllOrNothing(t *testing.T) {
	asker, answerer := pair(t, wires["tcp"])
	good := asPeer(answerer)
	for name, peers := range map[string][]Peer{
		"bad ID": {good, {ID: "12D3KooW"}},
		"twice":  {good, good},
	} {
		if err := asker.SetPeers(peers); err == nil {
			t.Errorf("%s was accepted", name)
		}
		if _, ok := asker.gate.knows(info(t, answerer).ID); !ok || len(*asker.gate.peers.Load()) != 1 {
			t.Fatalf("%s: the peers changed", name)
		}
	}
}

// One party that is listed with an address nobody can dial takes neither the
// others nor its own other addresses from us.
func TestAddressThatCannotBeDialled(t *testing.T) {
	log := &lines{}
	cfg := config("asker", "")
	cfg.Log = log.logger()
	asker, answerer := open(t, cfg), open(t, config("answerer", wires["tcp"]))
	if err := answerer.SetPeers([]Peer{{ID: asker.ID()}}); err != nil {
		t.Fatal(err)
	}
	good, other := asPeer(answerer), peerID(t, "other")
	id, err := peer.Decode(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{
		"no multiaddress":     "127.0.0.1:4001",
		"its own relay":       "/ip4/127.0.0.1/tcp/1/p2p/" + other + "/p2p-circuit",
		"a relay over ws":     "/ip4/127.0.0.1/tcp/1/ws/p2p/" + good.ID + "/p2p-circuit",
		"any relay":           "/p2p-circuit",
		"a relay at no place": "/p2p/" + good.ID + "/p2p-circuit",
		"a relay without ID":  "/ip4/127.0.0.1/tcp/1/p2p-circuit",
		"websocket":           "/ip4/127.0.0.1/tcp/1/ws",
		"webtransport":        "/ip4/127.0.0.1/udp/1/quic-v1/webtransport",
		"webrtc":              "/ip4/127.0.0.1/udp/1/webrtc-direct",
		"nothing":             "",
		"only a peer":         "/p2p/" + other,
		"another peer's":      "/ip4/127.0.0.1/tcp/1/p2p/" + good.ID,
		"UDP without QUIC":    "/ip4/127.0.0.1/udp/1",
		"unix socket":         "/unix/tmp",
		"dnsaddr, which hops": "/dnsaddr/example.org",
	} {
		fine := []string{
			"/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/udp/1/quic-v1", "/ip6zone/lo/ip6/fe80::1/tcp/1", "/dns/example.org/tcp/1/p2p/" + other,
			"/dns4/example.org/udp/1/quic-v1", "/dns4/example.org/tcp/443/p2p/" + good.ID + "/p2p-circuit",
		}
		if err := asker.SetPeers([]Peer{{ID: other, Addresses: append(fine, address)}, good}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p, ok := asker.gate.knows(id); !ok || len(p.addresses) != len(fine) {
			t.Errorf("%s: %d addresses are left of %d good ones", name, len(p.addresses), len(fine))
		}
		if _, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s")); err != nil {
			t.Errorf("%s: the other peer is not reached: %v", name, err)
		}
	}
	if n := strings.Count(log.String(), other); n != 15 {
		t.Errorf("%d lines name the peer, want one for each address", n)
	}
	cfg = config("third", "")
	cfg.Peers = []Peer{{ID: other, Addresses: []string{"/ip4/127.0.0.1/tcp/1/ws"}}}
	open(t, cfg)
}

func TestGateAllowsOnlyRegisteredAddresses(t *testing.T) {
	g := newGate(discard(), new(atomic.Uint64))
	ids := map[string]peer.ID{}
	for _, name := range []string{"fixed", "named", "stranger"} {
		id, err := peer.Decode(peerID(t, name))
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = id
	}
	peers, err := parsePeers([]Peer{
		{ID: ids["fixed"].String(), Addresses: []string{"/ip4/192.0.2.1/tcp/1"}},
		{ID: ids["named"].String(), Addresses: []string{"/dns/example.org/tcp/1"}}}, true, discard())
	if err != nil {
		t.Fatal(err)
	}
	g.peers.Store(&peers)
	for _, c := range []struct {
		name, address string
		allowed       bool
	}{
		{"fixed", "/ip4/192.0.2.1/tcp/1", true},
		{"fixed", "/ip4/192.0.2.1/tcp/2", false},
		{"fixed", "/ip4/192.0.2.2/tcp/1", false},
		{"fixed", "/ip4/192.0.2.1/udp/1/quic-v1", false},
		{"named", "/ip4/198.51.100.7/tcp/1", true},
		{"named", "/ip4/198.51.100.7/tcp/1/ws", false},
		{"stranger", "/ip4/192.0.2.1/tcp/1", false},
	} {
		if got := g.InterceptAddrDial(ids[c.name], ma.StringCast(c.address)); got != c.allowed {
			t.Errorf("dial %s at %s: %v", c.name, c.address, got)
		}
		if got := g.InterceptPeerDial(ids[c.name]); got != (c.name != "stranger") {
			t.Errorf("dial %s: %v", c.name, got)
		}
	}
}

func TestGateAfterTheHandshake(t *testing.T) {
	h := open(t, config("host", ""))
	friend, stranger := info(t, open(t, config("friend", ""))).ID, info(t, open(t, config("stranger", ""))).ID
	if err := h.SetPeers([]Peer{{ID: friend.String()}}); err != nil {
		t.Fatal(err)
	}
	for _, d := range []network.Direction{network.DirInbound, network.DirOutbound} {
		if !h.gate.InterceptSecured(d, friend, nil) {
			t.Errorf("a friend is refused, %s", d)
		}
		if h.gate.InterceptSecured(d, stranger, nil) {
			t.Errorf("a stranger passes, %s", d)
		}
	}
}

// A connection that passed the gate before its peer was removed, and was made
// after the connections of the peer were closed, is closed as it comes.
func TestRemovedWhileConnecting(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s")); err != nil {
			t.Fatal(err)
		}
		c := answerer.host.Network().ConnsToPeer(info(t, asker).ID)[0]
		answerer.gate.connected(nil, c)
		if c.IsClosed() {
			t.Fatal("the connection of a peer was closed")
		}
		answerer.gate.peers.Store(&map[peer.ID]known{})
		answerer.gate.connected(nil, c)
		eventually(t, "no connection stands", func() bool { return len(answerer.host.Network().Conns()) == 0 })
	})
}

// A stranger who knocks a thousand times is counted a thousand times and
// logged about fifty.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	log, refused := &lines{}, new(atomic.Uint64)
	g := newGate(log.logger(), refused)
	for range 1000 {
		g.InterceptSecured(network.DirInbound, "stranger", nil)
	}
	if n := refused.Load(); n != 1000 {
		t.Errorf("counted %d of 1000", n)
	}
	if n := bytes.Count([]byte(log.String()), []byte("\n")); n < 1 || n > 2*refusalsLoggedAtOnce {
		t.Errorf("%d lines for 1000 refusals", n)
	}
}

package transport

import (
	"crypto/ed25519"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/quic-go/quic-go"
)

func both() []string { return []string{wires["tcp"], wires["quic"]} }

// A host speaks identify and what it was told to, and nothing else: no ping,
// no relay, no NAT service, no hole punching, no DHT.
func TestSpeaksNothingElse(t *testing.T) {
	cfg := config("host", "")
	cfg.Listen = both()
	cfg.Protocols["/test/only-sent/1"] = Protocol{MaxRequest: 1, MaxReply: 1}
	h := open(t, cfg)
	var got []string
	for _, p := range h.host.Mux().Protocols() {
		got = append(got, string(p))
	}
	slices.Sort(got)
	want := []string{"/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", echo}
	if !slices.Equal(got, want) {
		t.Errorf("speaks %q, want %q", got, want)
	}
	if n := len(h.host.Addrs()); n != 2 {
		t.Errorf("tells peers about %d addresses: %v", n, h.host.Addrs())
	}
	for _, a := range h.host.Addrs() {
		if !isPlain(a) {
			t.Errorf("tells peers about %s", a)
		}
	}
}

func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dependency := range strings.Lines(string(out)) {
		dependency = strings.TrimSpace(dependency)
		for _, banned := range []string{"kad-dht", "pubsub", "p2p/discovery", "mdns/", "zeroconf"} {
			if strings.Contains(dependency, banned) && !strings.HasPrefix(dependency, "github.com/pion/") {
				t.Errorf("depends on %s", dependency)
			}
		}
		if strings.HasPrefix(dependency, "sluis/") && dependency != "sluis/transport" {
			t.Errorf("depends on %s: this room imports nothing of ours", dependency)
		}
	}
}

// A peer that speaks only Noise, or only behind a pre-shared key, is a peer
// that can't be talked to, also when it is known.
func TestNoiseIsNotSpoken(t *testing.T) {
	answerer := open(t, config("answerer", wires["tcp"]))
	for name, c := range map[string]struct {
		option  libp2p.Option
		connect bool
	}{
		"noise": {libp2p.Security(noise.ID, noise.New), false},
		"tls":   {libp2p.Security(libp2ptls.ID, libp2ptls.New), true},
	} {
		s := stranger(t, name, c.option, libp2p.NoListenAddrs)
		if err := answerer.SetPeers([]Peer{{ID: s.ID().String()}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Connect(soon(t), info(t, answerer)); (err == nil) != c.connect {
			t.Errorf("%s: connect: %v", name, err)
		}
	}
	psk := stranger(t, "psk", libp2p.PrivateNetwork(make([]byte, 32)), libp2p.NoListenAddrs)
	if err := answerer.SetPeers([]Peer{{ID: psk.ID().String()}}); err != nil {
		t.Fatal(err)
	}
	if err := psk.Connect(soon(t), info(t, answerer)); err == nil {
		t.Error("a peer with a pre-shared key connected")
	}
}

// Both ends in this process lose ML-KEM: libp2p would fall back to X25519, and
// we refuse.
func TestOnlyHybridKeyAgreement(t *testing.T) {
	for name, listen := range wires {
		t.Run(name, func(t *testing.T) {
			asker, answerer := pair(t, listen)
			if _, err := asker.Send(soon(t), answerer.ID(), echo, nil); err != nil {
				t.Fatalf("with ML-KEM: %v", err)
			}
			c := asker.host.Network().ConnsToPeer(info(t, answerer).ID)[0]
			var q *quic.Conn
			if c.As(&q) != (name == "quic") {
				t.Errorf("the connection is of another kind: %v", c.ConnState())
			}
			if q != nil && q.ConnectionState().TLS.CurveID != keyAgreement {
				t.Errorf("agreed with %s", q.ConnectionState().TLS.CurveID)
			}

			t.Setenv("GODEBUG", "tlsmlkem=0")
			// One end of ours is enough to refuse, whichever calls.
			old := stranger(t, "old", listenOn(listen))
			h := open(t, config("new", listen))
			if err := h.SetPeers([]Peer{{ID: old.ID().String(), Addresses: []string{old.Network().ListenAddresses()[0].String()}}}); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Send(soon(t), old.ID().String(), echo, nil); err == nil {
				t.Error("sent without ML-KEM")
			} else {
				wants(t, err, ErrUnreachable)
			}
			if err := old.Connect(soon(t), info(t, h)); err == nil {
				if s, err := old.NewStream(soon(t), info(t, h).ID, echo); err == nil {
					_, _ = s.Write([]byte{0})
					_ = s.CloseWrite()
					if n, _ := s.Read(make([]byte, 1)); n > 0 {
						t.Error("answered without ML-KEM")
					}
				}
			}
			eventually(t, "no connection stands", func() bool { return len(h.host.Network().Conns()) == 0 })
		})
	}
}

// libp2p.New is content when one of its addresses works. We are not.
func TestListensOnAllOrFails(t *testing.T) {
	busyTCP, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busyTCP.Close()
	busyUDP, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busyUDP.Close()
	_, tcpPort, _ := net.SplitHostPort(busyTCP.Addr().String())
	_, udpPort, _ := net.SplitHostPort(busyUDP.LocalAddr().String())

	for name, bad := range map[string]string{
		"busy TCP port":   "/ip4/127.0.0.1/tcp/" + tcpPort,
		"busy UDP port":   "/ip4/127.0.0.1/udp/" + udpPort + "/quic-v1",
		"foreign address": "/ip4/192.0.2.1/tcp/0",
	} {
		// A port that is free now, to see that it is free afterwards.
		probe, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, free, _ := net.SplitHostPort(probe.Addr().String())
		probe.Close()
		for _, listen := range [][]string{{"/ip4/127.0.0.1/tcp/" + free, bad}, {bad, "/ip4/127.0.0.1/tcp/" + free}} {
			cfg := config("host", "")
			cfg.Listen = listen
			h, err := Open(cfg)
			if err == nil {
				_ = h.Close()
				t.Fatalf("%s: opened", name)
			}
			if !strings.Contains(err.Error(), bad) {
				t.Errorf("%s: the error does not name the address: %v", name, err)
			}
			again, err := net.Listen("tcp4", "127.0.0.1:"+free)
			if err != nil {
				t.Errorf("%s: something is left running: %v", name, err)
			} else {
				again.Close()
			}
		}
	}
}

// Two hosts on one port would share its connections at random.
func TestPortIsNotShared(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		first := open(t, config("first", listen))
		if h, err := Open(config("second", first.Addresses()[0])); err == nil {
			_ = h.Close()
			t.Errorf("a second host listens on %s", first.Addresses()[0])
		}
	})
}

func TestAddressesAreReal(t *testing.T) {
	cfg := config("host", "")
	cfg.Listen = both()
	cfg.Announce = []string{"/dns/sluis.example.org/tcp/4001"}
	h := open(t, cfg)
	if len(h.Addresses()) != 2 {
		t.Fatalf("listens on %q", h.Addresses())
	}
	for _, a := range h.Addresses() {
		if strings.Contains(a, "/0") && !strings.Contains(a, "127.0.0.1") || strings.HasSuffix(a, "/tcp/0") {
			t.Errorf("address %s has no real port", a)
		}
	}
	if got := h.host.Addrs(); len(got) != 1 || got[0].String() != cfg.Announce[0] {
		t.Errorf("announces %v", got)
	}
	if h.ID() != peerID(t, "host") {
		t.Errorf("ID %s does not follow from the key", h.ID())
	}
}

func TestQUICSwitchedOff(t *testing.T) {
	cfg := config("host", wires["quic"])
	cfg.QUIC = false
	if h, err := Open(cfg); err == nil {
		_ = h.Close()
		t.Error("listens on QUIC, which is off")
	}
	cfg = config("answerer", "")
	cfg.Listen = both()
	answerer := open(t, cfg)
	cfg = config("asker", "")
	cfg.QUIC = false
	asker := open(t, cfg)
	acquaint(t, asker, answerer)
	if _, err := asker.Send(soon(t), answerer.ID(), echo, nil); err != nil {
		t.Error(err)
	}
	for _, a := range asker.host.Peerstore().Addrs(info(t, answerer).ID) {
		if p, _ := (*asker.gate.peers.Load())[info(t, answerer).ID]; isQUIC(a) && slices.ContainsFunc(p.addresses, isQUIC) {
			t.Errorf("would dial %s", a)
		}
	}
}

func TestConfigRefusals(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no key":            func(c *Config) { c.Key = nil },
		"a seed for a key":  func(c *Config) { c.Key = ed25519.PrivateKey(c.Key.Seed()) },
		"no size":           func(c *Config) { c.Protocols[echo] = Protocol{Handler: repeats} },
		"no reply size":     func(c *Config) { c.Protocols[echo] = Protocol{Handler: repeats, MaxRequest: 1} },
		"negative time":     func(c *Config) { c.Protocols[echo] = Protocol{MaxRequest: 1, MaxReply: 1, Timeout: -1} },
		"protocol ID":       func(c *Config) { c.Protocols["echo"] = Protocol{MaxRequest: 1, MaxReply: 1} },
		"negative limit":    func(c *Config) { c.Limits.PerIP = -1 },
		"too little memory": func(c *Config) { c.Limits.Memory = 1 << 20 },
		"websocket":         func(c *Config) { c.Listen = []string{"/ip4/127.0.0.1/tcp/0/ws"} },
		"webrtc":            func(c *Config) { c.Listen = []string{"/ip4/127.0.0.1/udp/0/webrtc-direct"} },
		"webtransport":      func(c *Config) { c.Listen = []string{"/ip4/127.0.0.1/udp/0/quic-v1/webtransport"} },
		"relay":             func(c *Config) { c.Listen = []string{"/p2p-circuit"} },
		"not an address":    func(c *Config) { c.Listen = []string{"localhost:4001"} },
		"announce relay":    func(c *Config) { c.Announce = []string{"/p2p-circuit"} },
		"bad peer":          func(c *Config) { c.Peers = []Peer{{ID: "nobody"}} },
	} {
		cfg := config("host", wires["tcp"])
		spoil(&cfg)
		if h, err := Open(cfg); err == nil {
			_ = h.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestRankDials(t *testing.T) {
	addresses := func(texts ...string) (as []ma.Multiaddr) {
		for _, text := range texts {
			as = append(as, ma.StringCast(text))
		}
		return as
	}
	near := rankDials(addresses("/ip4/127.0.0.1/udp/1/quic-v1", "/ip4/127.0.0.1/tcp/1"))
	if isQUIC(near[0].Addr) || near[0].Delay != 0 || near[1].Delay == 0 || len(near) != 2 {
		t.Errorf("within one machine: %v", near)
	}
	far := rankDials(addresses("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/udp/1/quic-v1"))
	if !isQUIC(far[0].Addr) || far[0].Delay != 0 || far[1].Delay == 0 || len(far) != 2 {
		t.Errorf("between machines: %v", far)
	}
	only := rankDials(addresses("/ip4/127.0.0.1/udp/1/quic-v1"))
	if len(only) != 1 || only[0].Delay != 0 {
		t.Errorf("only QUIC: %v", only)
	}
	if got := rankDials(nil); len(got) != 0 {
		t.Errorf("nothing: %v", got)
	}
}

func TestPrefersTCPOnLoopback(t *testing.T) {
	cfg := config("answerer", "")
	cfg.Listen = both()
	asker, answerer := open(t, config("asker", "")), open(t, cfg)
	acquaint(t, asker, answerer)
	if _, err := asker.Send(soon(t), answerer.ID(), echo, nil); err != nil {
		t.Fatal(err)
	}
	c := asker.host.Network().ConnsToPeer(info(t, answerer).ID)
	if len(c) != 1 || c[0].ConnState().Transport != "tcp" {
		t.Errorf("connections %v", c)
	}
}

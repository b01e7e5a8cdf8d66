package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"
)

// libp2p's own limit is 64 streams per peer and protocol.
func TestManyAtOnce(t *testing.T) {
	const atOnce = 128
	overEach(t, func(t *testing.T, listen string) {
		var entered sync.WaitGroup
		entered.Add(atOnce)
		asker := open(t, config("asker", ""))
		cfg := config("answerer", listen)
		cfg.Protocols[echo] = Protocol{MaxRequest: 1 << 20, MaxReply: 1 << 20, Timeout: 20 * time.Second,
			Handler: func(_ context.Context, _ string, request []byte) ([]byte, error) {
				entered.Done()
				entered.Wait() // so that all of them really are under way at once
				return request, nil
			}}
		answerer := open(t, cfg)
		acquaint(t, asker, answerer)
		var all errgroup.Group
		for range atOnce {
			all.Go(func() error {
				_, err := asker.Send(t.Context(), answerer.ID(), echo, make([]byte, 3000))
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Errorf("at %d at once: %v (%v)", atOnce, err, cause(err))
		}
		if n := len(asker.host.Network().Conns()); n != 1 {
			t.Errorf("took %d connections", n)
		}
	})
}

// A peer opens a thousand streams and does as little as possible with them.
// What that costs is bounded, and others are served.
func TestThousandStreams(t *testing.T) {
	const tried = 1000
	for name, start := range map[string][]byte{
		"silent":         {},
		"half a request": []byte("\x13/multistream/1.0.0\n\x0d/test/echo/1\n\xff\xff\x03s"), // a body of 65,535 bytes
	} {
		t.Run(name, func(t *testing.T) {
			overEach(t, func(t *testing.T, listen string) {
				cfg := config("answerer", listen)
				answerer := open(t, cfg)
				asker := open(t, config("asker", ""))
				hostile := stranger(t, "hostile")
				if err := answerer.SetPeers([]Peer{{ID: hostile.ID().String()}, {ID: asker.ID()}}); err != nil {
					t.Fatal(err)
				}
				if err := asker.SetPeers([]Peer{asPeer(answerer)}); err != nil {
					t.Fatal(err)
				}
				if err := hostile.Connect(soon(t), info(t, answerer)); err != nil {
					t.Fatal(err)
				}
				var opened atomic.Int64
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				for range tried {
					s, err := hostile.Network().NewStream(network.WithNoDial(ctx, "test"), info(t, answerer).ID)
					if err != nil {
						break // QUIC lets only so many through
					}
					opened.Add(1)
					_, _ = s.Write(append([]byte("\x13"), start[min(1, len(start)):]...))
				}
				if opened.Load() < 200 {
					t.Errorf("only %d streams were opened: this is no test", opened.Load())
				}
				held := usage(t, answerer, hostile.ID())
				if most := 512; held.NumStreamsInbound > most || held.NumStreamsInbound < 100 {
					t.Errorf("the peer holds %d streams, may hold %d", held.NumStreamsInbound, most)
				}
				// This runs twice at the same time, and a stream costs one goroutine.
				if n, most := runtime.NumGoroutine(), 2*512+300; n > most {
					t.Errorf("%d goroutines, want at most %d", n, most)
				}
				if held.Memory > 256<<20 {
					t.Errorf("the peer holds %d bytes", held.Memory)
				}
				for range 20 {
					if _, err := asker.Send(t.Context(), answerer.ID(), echo, make([]byte, 3000)); err != nil {
						t.Fatalf("another peer: %v (%v)", err, cause(err))
					}
				}
				if err := hostile.Close(); err != nil {
					t.Error(err)
				}
				eventually(t, "everything is given back", func() bool {
					held := usage(t, answerer, hostile.ID())
					return held.NumStreamsInbound == 0 && held.Memory == 0
				})
			})
		})
	}
}

func usage(t *testing.T, h *Host, id peer.ID) (stat network.ScopeStat) {
	t.Helper()
	if err := h.host.Network().ResourceManager().ViewPeer(id, func(s network.PeerScope) error {
		stat = s.Stat()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return stat
}

// Bodies that are announced count before they arrive, and when the room of a
// peer is full it is told so.
func TestMemoryIsReservedBeforeReading(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		const body = 8 << 20
		cfg := config("answerer", listen)
		cfg.Protocols[echo] = Protocol{Handler: repeats, MaxRequest: body, MaxReply: body, Timeout: 20 * time.Second}
		cfg.Limits.Memory = 8 * body // so a peer has room for less than two
		answerer := open(t, cfg)
		s := stranger(t, "hostile")
		stream := intrude(t, s, answerer)
		before := usage(t, answerer, s.ID()).Memory
		if before >= body {
			t.Fatalf("%d bytes are reserved before any was announced", before)
		}
		if _, err := stream.Write([]byte{0x80, 0x80, 0x80, 0x04}); err != nil { // 8 MiB follow, says it
			t.Fatal(err)
		}
		// What both say of themselves first may still count in before, and not afterwards.
		eventually(t, "the memory is reserved", func() bool { return usage(t, answerer, s.ID()).Memory >= body })

		// Over QUIC two bodies fit exactly, over TCP the windows of the streams
		// count as well: the third never fits.
		told := make(chan error, 2)
		for range 2 {
			more, err := s.NewStream(soon(t), info(t, answerer).ID, echo)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := more.Write([]byte{0x80, 0x80, 0x80, 0x04}); err != nil {
				t.Fatal(err)
			}
			go func() {
				_, err := io.ReadAll(more)
				told <- err
			}()
		}
		wantsCode(t, <-told, codeBusy)

		if err := stream.Reset(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the memory is given back", func() bool { return usage(t, answerer, s.ID()).Memory < before+2*body })
	})
}

// Replies count before they are written: who asks and does not read makes us
// hold no more than the room of one peer, and is told that it is full.
func TestMemoryIsReservedBeforeReplying(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		const body, asked = 1 << 20, 40
		cfg := config("answerer", listen)
		large := make([]byte, body)
		cfg.Protocols[echo] = Protocol{Handler: func(context.Context, string, []byte) ([]byte, error) { return large, nil },
			MaxRequest: body, MaxReply: body, Timeout: 20 * time.Second}
		cfg.Limits.Memory = 64 * body // so a peer has room for less than sixteen
		answerer := open(t, cfg)
		s := stranger(t, "hostile")
		streams := []network.Stream{intrude(t, s, answerer)}
		for range asked - 1 {
			more, err := s.NewStream(soon(t), info(t, answerer).ID, echo)
			if err != nil {
				break // the window of a stream over TCP counts too: there is no room for it
			}
			streams = append(streams, more)
		}
		for _, stream := range streams {
			if _, err := stream.Write([]byte{1, 'x'}); err == nil {
				_ = stream.CloseWrite()
			}
		}
		eventually(t, "who has no room is told so", func() bool { return answering(answerer) <= 16 })
		if held := usage(t, answerer, s.ID()).Memory; held > 16*body {
			t.Errorf("%d MiB are promised to one peer, of 16", held>>20)
		}
	})
}

// A protocol can bound what one peer asks at a time more narrowly.
func TestRequestsOfOnePeerAtATime(t *testing.T) {
	cfg := config("answerer", wires["tcp"])
	slow := make(chan struct{})
	cfg.Protocols[echo] = Protocol{Handler: func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		<-slow
		return []byte("x"), nil
	}, MaxRequest: 10, MaxReply: 10, PerPeer: 2, Timeout: 5 * time.Second}
	answerer, asker := open(t, cfg), open(t, config("asker", ""))
	acquaint(t, asker, answerer)
	replies := make(chan error, 5)
	for range 5 {
		go func() {
			_, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s"))
			replies <- err
		}()
	}
	for range 3 {
		wants(t, <-replies, ErrRefusedByPeer)
	}
	close(slow)
	for range 2 {
		wants(t, <-replies, nil)
	}
}

func TestConnectionsPerAddress(t *testing.T) {
	limits, err := Limits{PerIP: 20}.checked(nil)
	if err != nil {
		t.Fatal(err)
	}
	accepted := func(address func(i int) string) int {
		m, err := limits.resources(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		for i := range 100 {
			if _, err := m.OpenConnection(network.DirInbound, false, ma.StringCast(address(i))); err != nil {
				return i
			}
		}
		return 100
	}
	if n := accepted(func(int) string { return "/ip4/192.0.2.1/tcp/1" }); n != 20 {
		t.Errorf("%d connections of one address, want 20", n)
	}
	if n := accepted(func(i int) string { return "/ip6/2001:db8::" + string(rune('a'+i%6)) + "/tcp/1" }); n != 20 {
		t.Errorf("%d connections of one /56, want 20", n)
	}
	if n := accepted(func(int) string { return "/ip4/127.0.0.1/tcp/1" }); n != 100 {
		t.Errorf("%d connections of loopback, want all", n)
	}
}

// The defaults say in numbers what the documentation of Limits says.
func TestLimitDefaults(t *testing.T) {
	got, err := Limits{}.checked(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Limits{PerIP: 256, NewPerSecond: 20, StreamsPerPeer: 512, Connections: 4096, Memory: 1 << 30}
	if got != want {
		t.Errorf("defaults are %+v, documented are %+v", got, want)
	}
}

// Hosts come and go and leave nothing behind.
func TestNothingLeaks(t *testing.T) {
	const cycles = 200
	for name, listen := range wires {
		answerer := open(t, config("answerer", listen))
		cycle := func() {
			asker, err := Open(config("asker", ""))
			if err != nil {
				t.Fatal(err)
			}
			if err := asker.SetPeers([]Peer{asPeer(answerer)}); err != nil {
				t.Fatal(err)
			}
			if _, err := asker.Send(t.Context(), answerer.ID(), echo, []byte("s")); err != nil {
				t.Fatal(err)
			}
			if err := asker.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := answerer.SetPeers([]Peer{{ID: peerID(t, "asker")}}); err != nil {
			t.Fatal(err)
		}
		cycle() // what libp2p starts once
		eventually(t, "the first is gone", func() bool { return len(answerer.host.Network().Conns()) == 0 })
		before := runtime.NumGoroutine()
		for range cycles {
			cycle()
		}
		// A few may be on their way out; a leak would be at least one a cycle.
		var now int
		eventually(t, name+": goroutines end", func() bool {
			now = runtime.NumGoroutine()
			return now < before+cycles/10
		})
		t.Logf("%s: %d goroutines before, %d after %d cycles", name, before, now, cycles)
	}
}

// Many hosts live in one process: nothing of theirs is registered twice.
func TestManyHostsInOneProcess(t *testing.T) {
	var hosts []*Host
	for i := range 8 {
		cfg := config(string(rune('a'+i)), "")
		cfg.Listen = both()
		hosts = append(hosts, open(t, cfg))
	}
	acquaint(t, hosts...)
	var all errgroup.Group
	for _, from := range hosts {
		for _, to := range hosts {
			if from == to {
				continue
			}
			all.Go(func() error {
				reply, err := from.Send(t.Context(), to.ID(), echo, []byte(from.ID()))
				if err == nil && !bytes.Equal(reply, []byte(from.ID())) {
					err = errors.New("the reply of another")
				}
				return err
			})
		}
	}
	if err := all.Wait(); err != nil {
		t.Errorf("%v (%v)", err, cause(err))
	}
}

// cause is what is behind a fault, for the text of a failing test.
func cause(err error) error {
	if f := (*fault)(nil); errors.As(err, &f) {
		return f.cause
	}
	return nil
}

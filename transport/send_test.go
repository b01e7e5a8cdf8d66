package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

func TestHandlerFails(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		log := &lines{}
		const secret = "999993847"
		cfg := config("answerer", listen)
		cfg.Log = log.logger()
		cfg.Protocols[echo] = Protocol{MaxRequest: 9, MaxReply: 9, Handler: func(_ context.Context, from string, request []byte) ([]byte, error) {
			if from != peerID(t, "asker") {
				t.Errorf("from %s", from)
			}
			if len(request) == 0 {
				return make([]byte, 10), nil // more than the protocol allows
			}
			return []byte("unsent"), errors.New(secret)
		}}
		asker, answerer := open(t, config("asker", "")), open(t, cfg)
		acquaint(t, asker, answerer)
		for _, request := range []string{"", "s"} {
			reply, err := asker.Send(soon(t), answerer.ID(), echo, []byte(request))
			wants(t, err, ErrRefusedByPeer)
			wantsCode(t, err, codeNoReply)
			if reply != nil {
				t.Errorf("got %q", reply)
			}
		}
		eventually(t, "it is logged", func() bool { return strings.Count(log.String(), "\n") >= 2 })
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log repeats the error of the handler:\n%s", log)
		}
	})
}

func TestTooLarge(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		small, large := config("answerer", listen), config("asker", "")
		small.Protocols[echo] = Protocol{Handler: repeats, MaxRequest: 5000, MaxReply: 5000}
		asker, answerer := open(t, large), open(t, small)
		acquaint(t, asker, answerer)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, make([]byte, 5000)); err != nil {
			t.Error(err)
		}
		// The peer's limit: it says so before it has read the body.
		for _, n := range []int{5001, 1 << 20} {
			_, err := asker.Send(soon(t), answerer.ID(), echo, make([]byte, n))
			wants(t, err, ErrTooLarge)
			wantsCode(t, err, codeTooLarge)
		}
		// Our own: nothing leaves.
		_, err := asker.Send(soon(t), answerer.ID(), echo, make([]byte, 1<<20+1))
		wants(t, err, ErrTooLarge)
		// And the connection has survived all that.
		if _, err := asker.Send(soon(t), answerer.ID(), echo, make([]byte, 5000)); err != nil {
			t.Error(err)
		}
	})
}

func TestReplyTooLarge(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		cfg := config("asker", "")
		cfg.Protocols[echo] = Protocol{MaxRequest: 100, MaxReply: 99}
		asker, answerer := open(t, cfg), open(t, config("answerer", listen))
		acquaint(t, asker, answerer)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, make([]byte, 99)); err != nil {
			t.Error(err)
		}
		_, err := asker.Send(soon(t), answerer.ID(), echo, make([]byte, 100))
		wants(t, err, ErrTooLarge)
	})
}

func TestProtocolNotSpoken(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		_, err := asker.Send(soon(t), answerer.ID(), "/test/none/1", nil)
		wants(t, err, ErrProtocol)

		// Never spoken at all.
		other := stranger(t, "other", listenOn(listen))
		if err := asker.SetPeers([]Peer{{ID: other.ID().String(), Addresses: []string{other.Network().ListenAddresses()[0].String()}}}); err != nil {
			t.Fatal(err)
		}
		_, err = asker.Send(soon(t), other.ID().String(), echo, []byte("s"))
		wants(t, err, ErrProtocol)
	})
}

// When a peer has spoken a protocol and no longer does, opening a stream and
// writing still succeed: the refusal shows at the first read.
func TestProtocolNoLongerSpoken(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, []byte("s")); err != nil {
			t.Fatal(err)
		}
		answerer.host.Mux().RemoveHandler(protocol.ID(echo))
		s, err := asker.host.NewStream(soon(t), info(t, answerer).ID, echo)
		if err != nil {
			t.Fatalf("the stream is not lazy, so this is no test: %v", err)
		}
		_ = s.Reset()
		for _, request := range [][]byte{nil, []byte("s"), make([]byte, 1<<20)} {
			_, err := asker.Send(soon(t), answerer.ID(), echo, request)
			wants(t, err, ErrProtocol)
		}
	})
}

func TestGarbage(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		code  network.StreamErrorCode
	}{
		"nothing":          {nil, codeMalformed},
		"cut length":       {[]byte{0x80}, codeMalformed},
		"long form":        {[]byte{0x81, 0, 's'}, codeMalformed},
		"endless length":   {bytes.Repeat([]byte{0xff}, 100), codeMalformed},
		"cut body":         {[]byte{9, 's'}, codeMalformed},
		"something after":  {[]byte{1, 's', 'x'}, codeMalformed},
		"two frames":       {[]byte{1, 's', 1, 's'}, codeMalformed},
		"too large":        {binary.AppendUvarint(nil, 1<<20+1), codeTooLarge},
		"far too large":    {binary.AppendUvarint(nil, 1<<63-1), codeTooLarge},
		"HTTP":             {[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), codeMalformed},
		"a frame, as such": {[]byte{1, 's'}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			overEach(t, func(t *testing.T, listen string) {
				answerer := open(t, config("answerer", listen))
				stream := intrude(t, stranger(t, "asker"), answerer)
				_, _ = stream.Write(c.bytes)
				_ = stream.CloseWrite()
				got, err := io.ReadAll(stream)
				if c.code == 0 {
					if err != nil || !bytes.Equal(got, c.bytes) {
						t.Errorf("got % x, %v", got, err)
					}
					return
				}
				if len(got) > 0 {
					t.Errorf("got % x", got)
				}
				wantsCode(t, err, c.code)
				if _, err := stream.Write([]byte("s")); err == nil {
					t.Error("the stream still takes bytes")
				}
			})
		})
	}
}

// The peer ends the stream before we do, a hundred times: over QUIC our Close
// then has an error to tell, which must not become one of Send.
func TestPeerClosesFirst(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		for i := range 100 {
			if _, err := asker.Send(soon(t), answerer.ID(), echo, make([]byte, i*100)); err != nil {
				t.Fatalf("exchange %d: %v (%v)", i, err, cause(err))
			}
		}
		eventually(t, "no stream is left", func() bool { return answering(answerer) == 0 && answering(asker) == 0 })
		if n := len(asker.host.Network().Conns()); n != 1 {
			t.Errorf("%d connections for a hundred exchanges", n)
		}
	})
}

// The peer answers without having read the request, and closes: what we then
// write or close fails, and the reply is there all the same.
func TestPeerAnswersWithoutReading(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker := open(t, config("asker", ""))
		s := stranger(t, "answerer", listenOn(listen))
		answers(t, asker, s, func(stream network.Stream) {
			_, _ = stream.Write([]byte{1, 's'})
			_ = stream.Close()
		})
		for i := range 100 {
			reply, err := asker.Send(soon(t), s.ID().String(), echo, make([]byte, i*i))
			if err != nil || string(reply) != "s" {
				t.Fatalf("request of %d bytes: %q, %v (%v)", i*i, reply, err, cause(err))
			}
		}
	})
}

func TestUnreachable(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		gone := open(t, config("answerer", listen))
		where := asPeer(gone)
		if err := gone.Close(); err != nil {
			t.Fatal(err)
		}
		cfg := config("asker", "")
		cfg.Options = []libp2p.Option{libp2p.WithDialTimeout(300 * time.Millisecond)} // QUIC to nobody says nothing
		asker := open(t, cfg)
		for name, p := range map[string]Peer{"nobody listens": where, "no address": {ID: where.ID}} {
			if err := asker.SetPeers([]Peer{p}); err != nil {
				t.Fatal(err)
			}
			if _, err := asker.Send(soon(t), where.ID, echo, nil); !errors.Is(err, ErrUnreachable) {
				t.Errorf("%s: %v", name, err)
			} else {
				wants(t, err, ErrUnreachable)
			}
		}
	})
}

// Another host answers at the address: its key is not the one that the peer ID
// was made of.
func TestImpostor(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		impostor := open(t, config("impostor", listen))
		asker := open(t, config("asker", ""))
		victim := peerID(t, "victim")
		if err := asker.SetPeers([]Peer{{ID: victim, Addresses: impostor.Addresses()}}); err != nil {
			t.Fatal(err)
		}
		_, err := asker.Send(soon(t), victim, echo, nil)
		wants(t, err, ErrUnreachable)
	})
}

// After a failure libp2p refuses to dial for a while. A new address is tried
// at once.
func TestNewAddressEndsBackoff(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		cfg := config("asker", "")
		cfg.Options = []libp2p.Option{libp2p.WithDialTimeout(300 * time.Millisecond)}
		asker, answerer := open(t, cfg), open(t, config("answerer", listen))
		if err := answerer.SetPeers([]Peer{{ID: asker.ID()}}); err != nil {
			t.Fatal(err)
		}
		dead, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(dead.Addr().String())
		dead.Close()
		wrong := strings.NewReplacer("/tcp/0", "/tcp/"+port, "/udp/0", "/udp/"+port).Replace(listen)
		if err := asker.SetPeers([]Peer{{ID: answerer.ID(), Addresses: []string{wrong}}}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, err = asker.Send(soon(t), answerer.ID(), echo, nil)
			wants(t, err, ErrUnreachable)
		}
		backoff, id, at := asker.host.Network().(*swarm.Swarm).Backoff(), info(t, answerer).ID, ma.StringCast(wrong)
		if !backoff.Backoff(id, at) {
			t.Errorf("libp2p does not hold back, so this is no test: %v", cause(err))
		}
		if err := asker.SetPeers([]Peer{{ID: answerer.ID(), Addresses: append(answerer.Addresses(), wrong)}}); err != nil {
			t.Fatal(err)
		}
		if backoff.Backoff(id, at) {
			t.Error("libp2p still holds back after the addresses changed")
		}
		if _, err = asker.Send(soon(t), answerer.ID(), echo, nil); err != nil {
			t.Errorf("with the new address: %v (%v)", err, cause(err))
		}
	})
}

// Who asks whether a peer can be reached now is not told that it could not a
// moment ago.
func TestEagerly(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		cfg := config("asker", "")
		cfg.Options = []libp2p.Option{libp2p.WithDialTimeout(300 * time.Millisecond)}
		asker := open(t, cfg)
		first := open(t, config("answerer", listen))
		id, at := first.ID(), first.Addresses()
		if err := errors.Join(first.Close(), asker.SetPeers([]Peer{{ID: id, Addresses: at}})); err != nil {
			t.Fatal(err)
		}
		_, err := asker.Send(soon(t), id, echo, nil)
		wants(t, err, ErrUnreachable)
		again := open(t, config("answerer", at[0]))
		if err := again.SetPeers([]Peer{{ID: asker.ID()}}); err != nil {
			t.Fatal(err)
		}
		_, err = asker.Send(soon(t), id, echo, nil)
		wants(t, err, ErrUnreachable) // or there is nothing to be eager about
		if _, err = asker.Send(Eagerly(soon(t)), id, echo, nil); err != nil {
			t.Errorf("%v (%v)", err, cause(err))
		}
	})
}

// The connection breaks under an exchange: Send tries once more, over another,
// and no oftener.
func TestConnectionBreaks(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		for breaks, want := range map[int64]error{0: nil, 1: nil, 2: ErrRefusedByPeer} {
			asker := open(t, config("asker", ""))
			s := stranger(t, "answerer", listenOn(listen))
			var asked atomic.Int64
			answers(t, asker, s, func(stream network.Stream) {
				if _, err := io.ReadAll(stream); err != nil {
					t.Errorf("read the request: %v", err)
				}
				if asked.Add(1) <= breaks {
					_ = stream.Conn().Close()
					return
				}
				_, _ = stream.Write([]byte{1, 's'})
				_ = stream.Close()
			})
			reply, err := asker.Send(soon(t), s.ID().String(), echo, []byte("s"))
			if want == nil && (err != nil || string(reply) != "s") {
				t.Errorf("broke %d times: %q, %v (%v)", breaks, reply, err, cause(err))
			}
			if want != nil {
				wants(t, err, want)
			}
			if n := asked.Load(); n != min(breaks+1, 2) {
				t.Errorf("broke %d times: asked %d times", breaks, n)
			}
			_ = s.Close() // the next one has the same name
		}
	})
}

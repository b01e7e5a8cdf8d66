package transport

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

const echo = "/test/echo/1"

// wires are the two ways to reach a host; most tests run over both.
var wires = map[string]string{
	"tcp":  "/ip4/127.0.0.1/tcp/0",
	"quic": "/ip4/127.0.0.1/udp/0/quic-v1",
}

func overEach(t *testing.T, f func(t *testing.T, listen string)) {
	for name, listen := range wires {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, listen)
		})
	}
}

// key is the host key with this name; the same name gives the same key.
func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func peerID(t testing.TB, name string) string {
	t.Helper()
	public, err := libp2pcrypto.UnmarshalEd25519PublicKey(key(name).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// repeats answers with the request.
func repeats(_ context.Context, _ string, request []byte) ([]byte, error) { return request, nil }

// config is a host with this name that speaks echo.
func config(name, listen string) Config {
	cfg := Config{
		Key:  key(name),
		QUIC: true,
		Protocols: map[string]Protocol{
			echo: {Handler: repeats, MaxRequest: 1 << 20, MaxReply: 1 << 20, Timeout: 5 * time.Second},
		},
	}
	if listen != "" {
		cfg.Listen = []string{listen}
	}
	return cfg
}

func open(t testing.TB, cfg Config) *Host {
	t.Helper()
	h, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h
}

// asPeer is how others write h down.
func asPeer(h *Host) Peer { return Peer{ID: h.ID(), Addresses: h.Addresses()} }

func acquaint(t testing.TB, hosts ...*Host) {
	t.Helper()
	var all []Peer
	for _, h := range hosts {
		all = append(all, asPeer(h))
	}
	for _, h := range hosts {
		if err := h.SetPeers(all); err != nil {
			t.Fatal(err)
		}
	}
}

// pair is an asker and an answerer who know each other.
func pair(t testing.TB, listen string) (asker, answerer *Host) {
	t.Helper()
	asker, answerer = open(t, config("asker", "")), open(t, config("answerer", listen))
	acquaint(t, asker, answerer)
	return asker, answerer
}

func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ok, which must not take longer than a test may.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	ctx := soon(t)
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func wants(t testing.TB, got, want error, others ...error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
	for _, other := range []error{ErrUnknownPeer, ErrUnreachable, ErrRefusedByPeer, ErrTooLarge, ErrProtocol, ErrOutdated} {
		if other != want && errors.Is(got, other) {
			t.Fatalf("error is %v and %v: it should be one of them", want, other)
		}
	}
}

// stranger is a bare libp2p host, not ours: it behaves as badly as it likes.
func stranger(t testing.TB, name string, options ...libp2p.Option) host.Host {
	t.Helper()
	k, err := libp2pcrypto.UnmarshalEd25519PrivateKey(key(name))
	if err != nil {
		t.Fatal(err)
	}
	if len(options) == 0 {
		options = append(options, libp2p.NoListenAddrs)
	}
	h, err := libp2p.New(append([]libp2p.Option{libp2p.Identity(k), libp2p.DisableMetrics(), libp2p.DisableRelay(),
		libp2p.ResourceManager(unlimited())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func info(t testing.TB, h *Host) peer.AddrInfo {
	t.Helper()
	id, err := peer.Decode(h.ID())
	if err != nil {
		t.Fatal(err)
	}
	i := peer.AddrInfo{ID: id}
	for _, a := range h.Addresses() {
		i.Addrs = append(i.Addrs, ma.StringCast(a))
	}
	return i
}

// lines is a log that a test can read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func TestRoundTrip(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker, answerer := pair(t, listen)
		for _, n := range []int{0, 1, 127, 128, 3000, writePiece - 2, writePiece - 1, writePiece, writePiece + 1, 1<<20 - 1, 1 << 20} {
			request := []byte(strings.Repeat("s", n))
			reply, err := asker.Send(soon(t), answerer.ID(), echo, request)
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			if string(reply) != string(request) {
				t.Fatalf("%d bytes came back as %d others", n, len(reply))
			}
		}
	})
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// intrude makes s a peer of answerer and opens a stream of echo: what s does
// with it is not what our own Send would.
func intrude(t testing.TB, s host.Host, answerer *Host) network.Stream {
	t.Helper()
	if err := answerer.SetPeers([]Peer{{ID: s.ID().String()}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Connect(soon(t), info(t, answerer)); err != nil {
		t.Fatal(err)
	}
	stream, err := s.NewStream(soon(t), info(t, answerer).ID, echo)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// answering is how many streams of echo h is busy with.
func answering(h *Host) int {
	n := 0
	for _, c := range h.host.Network().Conns() {
		for _, s := range c.GetStreams() {
			if s.Protocol() == echo {
				n++
			}
		}
	}
	return n
}

// wantsCode wants the other end to have reset the stream with code.
func wantsCode(t testing.TB, err error, code network.StreamErrorCode) {
	t.Helper()
	var reset *network.StreamError
	if !errors.As(err, &reset) || !reset.Remote || reset.ErrorCode != code {
		t.Fatalf("got error %v (%v), want a reset by the peer with code %#x", err, errors.Unwrap(err), code)
	}
}

func listenOn(address string) libp2p.Option { return libp2p.ListenAddrStrings(address) }

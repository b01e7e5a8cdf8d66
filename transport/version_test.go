package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	talk1 = "/test/talk/1"
	talk2 = "/test/talk/2"
)

// A talker counts what it was asked, by the version in which.
type talker struct {
	mu    sync.Mutex
	heard []string
}

// hears answers requests of a version, whose form is its number, a colon and the
// text.
func (t *talker) hears(version string) Handler {
	return func(_ context.Context, _ string, request []byte) ([]byte, error) {
		text, ok := bytes.CutPrefix(request, []byte(version+":"))
		if !ok {
			return nil, errors.New("of another version")
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.heard = append(t.heard, version)
		return append([]byte(version+":heard "), text...), nil
	}
}

// last is how often it was asked, and the version of the last time.
func (t *talker) last() (count int, version string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.heard) == 0 {
		return 0, ""
	}
	return len(t.heard), t.heard[len(t.heard)-1]
}

func (t *talker) times() int { n, _ := t.last(); return n }

// talks is a host that speaks some versions: of today 1, of tomorrow 2 and 1, of
// the day after only 2. What says "novel" can't be said in version 1.
func talks(name, listen, age string, t *talker) Config {
	cfg := config(name, listen)
	p := Protocol{MaxRequest: 100, MaxReply: 100, PerPeer: 8}
	if age == "today" {
		p.Handler = t.hears("1")
		cfg.Protocols = map[string]Protocol{talk1: p}
		return cfg
	}
	p.Handler = t.hears("2")
	if age == "tomorrow" {
		p.Older = []Version{{
			ID: talk1, Handler: t.hears("1"),
			Request: func(request []byte) ([]byte, error) {
				if bytes.Contains(request, []byte("novel")) {
					return nil, errors.New("not in version 1")
				}
				return bytes.Replace(request, []byte("2:"), []byte("1:"), 1), nil
			},
			Reply: func(reply []byte) ([]byte, error) {
				return bytes.Replace(reply, []byte("1:"), []byte("2:"), 1), nil
			},
		}}
	}
	cfg.Protocols = map[string]Protocol{talk2: p}
	return cfg
}

// newest is the version in which a host of some age says what it has to say.
func newest(age string) (id, prefix string) {
	if age == "today" {
		return talk1, "1:"
	}
	return talk2, "2:"
}

// Hosts of three ages, and the one behind the same key and address is now of this
// age and then of that: the newest version that both speak is spoken at once, and
// where there is none who is too old is said and nobody is asked. The connection
// that stood before the restart, and what was learnt over it, stand in nobody's way.
func TestVersionsAcrossRestarts(t *testing.T) {
	want := map[string]map[string]string{ // asker, answerer: version, or ""
		"today":         {"today": "1", "tomorrow": "1", "the day after": ""},
		"tomorrow":      {"today": "1", "tomorrow": "2", "the day after": "2"},
		"the day after": {"today": "", "tomorrow": "2", "the day after": "2"},
	}
	for age, versions := range want {
		t.Run(age, func(t *testing.T) {
			overEach(t, func(t *testing.T, listen string) {
				asker := open(t, talks("asker", "", age, new(talker)))
				id, prefix := newest(age)
				// Every change of age but to the same.
				for _, now := range []string{"today", "tomorrow", "today", "the day after", "tomorrow", "the day after", "today"} {
					heard := new(talker)
					answerer, err := Open(talks("answerer", listen, now, heard))
					if err != nil {
						t.Fatal(err)
					}
					listen = answerer.Addresses()[0]
					if err := errors.Join(asker.SetPeers([]Peer{asPeer(answerer)}), answerer.SetPeers([]Peer{asPeer(asker)})); err != nil {
						t.Fatal(err)
					}
					reply, err := asker.Send(Eagerly(soon(t)), answerer.ID(), id, []byte(prefix+"s"))
					count, version := heard.last()
					switch wanted := versions[now]; {
					case wanted == "" && age == "today":
						wants(t, err, ErrOutdated)
					case wanted == "":
						wants(t, err, ErrProtocol)
					case err != nil || string(reply) != prefix+"heard s" || version != wanted || count != 1:
						t.Errorf("%s asked %s: %q in version %s (asked %d times), %v (%v)", age, now, reply, version, count, err, cause(err))
					}
					if versions[now] == "" && count != 0 {
						t.Errorf("%s asked %s, who can't understand it: it was handled", age, now)
					}
					spoken := map[string][]string{"today": {talk1}, "tomorrow": {talk2, talk1}, "the day after": {talk2}}[now]
					if got := asker.Spoken(answerer.ID()); !slices.Equal(got, spoken) {
						t.Errorf("of %s it is said that it speaks %v", now, got)
					}
					if err := answerer.Close(); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

// What a host believes of a peer on a connection that stands is wrong: it finds the
// version that they share within the same call, whichever of the two is left.
func TestStaleVersion(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		heard := new(talker)
		asker, answerer := open(t, talks("asker", "", "tomorrow", new(talker))), open(t, talks("answerer", listen, "tomorrow", heard))
		acquaint(t, asker, answerer)
		send := func(want string) {
			t.Helper()
			before := heard.times()
			reply, err := asker.Send(soon(t), answerer.ID(), talk2, []byte("2:s"))
			if count, version := heard.last(); err != nil || string(reply) != "2:heard s" || version != want || count != before+1 {
				t.Fatalf("%q in version %s, %v (%v)", reply, version, err, cause(err))
			}
		}
		send("2")
		id, mux := info(t, answerer).ID, answerer.host.Mux()
		mux.RemoveHandler(talk2) // and nobody is told
		if believed, _ := asker.host.Peerstore().SupportsProtocols(id, talk2); len(believed) != 1 {
			t.Fatal("the asker does not believe that version 2 is spoken, so this is no test")
		}
		send("1")
		mux.RemoveHandler(talk1)
		serve := answerer.serve(answerer.protocols[talk2], heard.hears("2"))
		mux.AddHandler(talk2, func(_ protocol.ID, s io.ReadWriteCloser) error { go serve(s.(network.Stream)); return nil })
		send("2")
	})
}

// What the version of the peer can't say is not sent, and keeps: to a peer that
// speaks the newest it goes.
func TestVersionThatCannotSayIt(t *testing.T) {
	heard := new(talker)
	asker, old := open(t, talks("asker", "", "tomorrow", new(talker))), open(t, talks("old", wires["tcp"], "today", heard))
	newer := open(t, talks("new", wires["tcp"], "tomorrow", new(talker)))
	acquaint(t, asker, old, newer)
	_, err := asker.Send(soon(t), old.ID(), talk2, []byte("2:novel"))
	wants(t, err, ErrProtocol)
	if heard.times() != 0 {
		t.Error("it was handled")
	}
	if _, err := asker.Send(soon(t), newer.ID(), talk2, []byte("2:novel")); err != nil {
		t.Error(err)
	}
	if _, err := asker.Send(soon(t), old.ID(), talk2, []byte("2:known")); err != nil || heard.times() != 1 {
		t.Errorf("what it can say afterwards: %v", err)
	}
}

// What a peer says of itself is told on only as far as it is about a protocol of
// ours, and short.
func TestSpoken(t *testing.T) {
	asker := open(t, talks("asker", "", "tomorrow", new(talker)))
	s := stranger(t, "other", listenOn(wires["tcp"]))
	for _, id := range []string{
		"/test/talk/3", "/test/talk/12", "/test/talk/1", "/test/talk/1000", "/test/talk/03", "/test/talk/x", "/test/talk/", "/test/talk/-1", "/other/1",
		"/test/talk/" + strings.Repeat("9", 200),
	} {
		s.SetStreamHandler(protocol.ID(id), func(s network.Stream) { _ = s.Reset() })
	}
	if err := asker.SetPeers([]Peer{{ID: s.ID().String(), Addresses: []string{s.Network().ListenAddresses()[0].String()}}}); err != nil {
		t.Fatal(err)
	}
	if got := asker.Spoken(s.ID().String()); got != nil {
		t.Errorf("before they met: %v", got)
	}
	_, err := asker.Send(soon(t), s.ID().String(), talk2, []byte("2:s"))
	wants(t, err, ErrRefusedByPeer)
	if got, want := asker.Spoken(s.ID().String()), []string{"/test/talk/12", "/test/talk/3", "/test/talk/1"}; !slices.Equal(got, want) {
		t.Errorf("spoken are %v, want %v", got, want)
	}
}

func TestVersionsThatAreNone(t *testing.T) {
	good := func() Config { return talks("host", wires["tcp"], "tomorrow", new(talker)) }
	for name, spoil := range map[string]func(*Protocol){
		"itself":        func(p *Protocol) { p.Older[0].ID = talk2 },
		"a later one":   func(p *Protocol) { p.Older[0].ID = "/test/talk/3" },
		"another":       func(p *Protocol) { p.Older[0].ID = "/test/listen/1" },
		"one twice":     func(p *Protocol) { p.Older = append(p.Older, p.Older[0]) },
		"no way there":  func(p *Protocol) { p.Older[0].Request = nil },
		"no way back":   func(p *Protocol) { p.Older[0].Reply = nil },
		"no handler":    func(p *Protocol) { p.Older[0].Handler = nil },
		"handler alone": func(p *Protocol) { p.Handler = nil },
	} {
		cfg := good()
		p := cfg.Protocols[talk2]
		spoil(&p)
		cfg.Protocols[talk2] = p
		if h, err := Open(cfg); err == nil {
			_ = h.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}

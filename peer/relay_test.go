package peer_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A place is a relay and the file with its register.
type place struct {
	plan  peer.RelayPlan
	id    string
	relay *peer.Relay
	log   *relayLog
}

// newPlace makes the key of a relay and chooses its address; open starts it.
func newPlace(t *testing.T, w *world) *place {
	t.Helper()
	file, err := peer.NewRelayKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := peer.ParseRelayKey(file)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.RelayID(file)
	if err != nil {
		t.Fatal(err)
	}
	log := &relayLog{}
	return &place{id: id, log: log, plan: peer.RelayPlan{
		Key: key, Listen: []string{freeAddress(t)}, Root: w.auth.root, Register: filepath.Join(w.dir, "relay.json"),
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}}
}

func (p *place) open(t *testing.T) {
	t.Helper()
	r, err := peer.OpenRelay(p.plan)
	if err != nil {
		t.Fatal(err)
	}
	p.relay = r
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// behind is a member that nobody can call but through the relay.
func (w *world) behind(p exchange.Party, relay *place) *member {
	w.t.Helper()
	m := w.add(p)
	path := filepath.Join(m.dir, "sluis.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	address := relay.plan.Listen[0] + "/p2p/" + relay.id
	text = regexp.MustCompile(`(?m)^listen = .*$`).ReplaceAll(text, []byte("listen = []\nrelays = [\""+address+"\"]"))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
	if m.entry, err = peer.Entry(m.dir, peer.Options{Lock: m.lock}); err != nil {
		w.t.Fatal(err)
	}
	if len(m.entry.Addresses) != 1 || m.entry.Addresses[0] != address+"/p2p-circuit" {
		w.t.Fatalf("the register gives %q", m.entry.Addresses)
	}
	return m
}

type relayLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *relayLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *relayLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func soonEnough(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// Two parties that nobody can call exchange through a relay. A third, which the
// register of the relay does not have, gets no place until a member has brought
// the relay a register that does; and the relay takes none that is older, or not
// signed.
func TestExchangeThroughARelay(t *testing.T) {
	ctx := context.Background()
	w := &world{t: t, dir: t.TempDir(), auth: newAuthority(t)}
	relay := newPlace(t, w)
	a, b := w.behind(municipality, relay), w.behind(debtHelp, relay)
	first := w.publish()
	if err := os.WriteFile(relay.plan.Register, first, 0o600); err != nil {
		t.Fatal(err)
	}
	relay.open(t)
	for _, m := range w.members {
		m.start()
		m.install(first)
		m.hire()
	}
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Delivered)
	if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)
	b.wait(x.ID, exchange.Answered)

	c := w.behind(housing, relay)
	second := w.publish()
	c.start()
	c.install(second)
	soonEnough(t, "the relay refuses who is not in its register", func() bool { return strings.Contains(relay.log.String(), c.entry.Peer) })
	if got := c.node.Addresses(); len(got) != 0 {
		t.Errorf("who is not in the register of the relay can be called at %q", got)
	}
	a.install(second)
	soonEnough(t, "a member brought the relay the newer register", func() bool {
		kept, err := os.ReadFile(relay.plan.Register)
		return err == nil && bytes.Equal(kept, second)
	})
	soonEnough(t, "the new party has a place", func() bool { return len(c.node.Addresses()) == 1 })

	// From the file the relay takes what is newer, and nothing else.
	refusals := func() int { return strings.Count(relay.log.String(), "register of the file refused") }
	for i, bad := range [][]byte{first, []byte("{}"), second[:len(second)-10]} {
		if err := os.WriteFile(relay.plan.Register, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		relay.relay.Reread()
		relay.relay.Reread()
		if refusals() != i+1 {
			t.Errorf("file %d: %d refusals", i, refusals())
		}
	}
	third := w.publish()
	if err := os.WriteFile(relay.plan.Register, third, 0o600); err != nil {
		t.Fatal(err)
	}
	relay.relay.Reread()
	if log := relay.log.String(); !strings.Contains(log, "version=3") || refusals() != 3 {
		t.Errorf("version 3 was not taken:\n%s", log)
	}
	for _, m := range w.members {
		if strings.Contains(relay.log.String(), string(m.party.OIN)) || strings.Contains(relay.log.String(), m.party.Name) {
			t.Errorf("the log of the relay names %s", m.party.Name)
		}
	}
}

func TestRelayKey(t *testing.T) {
	file, err := peer.NewRelayKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := peer.ParseRelayKey(file); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]byte{nil, []byte("x"), file[:len(file)-20], append(bytes.Clone(file), "x"...)} {
		if _, err := peer.ParseRelayKey(bad); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
}

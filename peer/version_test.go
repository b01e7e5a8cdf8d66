package peer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/store"
	"sluis/transport"
)

// A message of a kind that came after this program is refused so that its sender
// keeps it, and changes nothing here.
func TestKindOfALaterVersion(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	f := forge(t, w, a)
	token, err := crypto.Sign(f.keys.Signing, "sluis-request-2+jwt", []byte(`{"iss":"later"}`))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := crypto.Seal(token, w.auth.last.Recipients(debtHelp.OIN)...)
	if err != nil {
		t.Fatal(err)
	}
	before := b.node.Size()
	raw, err := f.host.Send(context.Background(), b.entry.Peer, peer.MessageProtocol, sealed)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Code  string
		Retry bool
	}
	if err := json.Unmarshal(raw, &said); err != nil || said.Code != "message-unknown-kind" || !said.Retry {
		t.Errorf("it answers %s", raw)
	}
	if after := b.node.Size(); after != before {
		t.Errorf("the ledger grew from %d to %d entries", before, after)
	}
}

// A partner whose program does not know our message loses nothing: the message
// waits, its sender sees why, and it arrives after the upgrade. Of partners that speak
// another version of the protocol see [TestVersionOfTomorrow].
func TestPartnerOfAnotherVersion(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	keys := keysOf(t, b)
	b.stop()
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	answers := []string{`{"code":"token-type"}`, `{"code":"message-schema"}`, `{"code":"message-unknown-kind","retry":true}`}
	var asked atomic.Int64
	host, err := transport.Open(transport.Config{
		Key: keys.Host, Listen: b.entry.Addresses, Peers: w.peersBut(b),
		Protocols: map[string]transport.Protocol{peer.MessageProtocol: {
			Handler: func(context.Context, string, []byte) ([]byte, error) {
				return []byte(answers[int(asked.Add(1)-1)%len(answers)]), nil
			},
			MaxRequest: 1 << 20, MaxReply: 1 << 20,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := func() bool {
		queues, err := a.node.Outbox(context.Background())
		if err != nil || len(queues) != 1 || queues[0].Count != 1 {
			t.Fatalf("waiting are %v, %v", queues, err)
		}
		return queues[0].Code == peer.PartnerVersion && asked.Load() > int64(len(answers))*2-1
	}
	for deadline := time.Now().Add(20 * time.Second); !seen(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody sees that the partner is of another version")
		}
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); seen(); time.Sleep(5 * time.Millisecond) { // until it is seen that he is gone
		if time.Now().After(deadline) {
			t.Fatal("a partner that is down is still said to be of another version")
		}
	}
	if phase := a.wait(x.ID, exchange.Queued); phase != exchange.Queued {
		t.Fatalf("the request is %s", phase)
	}
	b.start()
	a.wait(x.ID, exchange.Delivered)
}

// A node that a later program has run is refused before anything of it is read: its
// configuration, its identity and its keystore may be of a later version as well, and
// the reason is the same for all. Nothing is changed, and the later program goes on.
func TestNodeOfALaterVersion(t *testing.T) {
	w := newWorld(t, municipality)
	a := w.members[0]
	a.stop()
	format := filepath.Join(a.dir, "store", "format")
	before, err := os.ReadFile(format)
	if err != nil {
		t.Fatal(err)
	}
	later := func(name, text string) (back func()) {
		t.Helper()
		path := filepath.Join(a.dir, name)
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return func() {
			if now, err := os.ReadFile(path); err != nil || string(now) != text {
				t.Errorf("%s was touched: %v", name, err)
			}
			if err := os.WriteFile(path, was, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	back := []func(){
		later("store/format", store.FormatText(peer.StorageVersion()+1)+"\n"),
		later("sluis.toml", "later = true\n"), later("identity.json", `{"version":2}`), later("keystore.age", "later"),
	}
	want := store.Newer{Found: peer.StorageVersion() + 1, Known: peer.StorageVersion()}
	var newer *store.Newer
	if _, err := peer.Open(a.dir, a.options); !errors.As(err, &newer) || *newer != want {
		t.Errorf("opening it says %v", err)
	}
	if checks := (peer.Premises{Dir: a.dir, Lock: &a.lock}).Look(); len(checks) != 1 || checks[0].Code != "storage-newer" || checks[0].Values["found"] != strconv.Itoa(want.Found) {
		t.Errorf("it is said: %v", checks)
	}
	for _, undo := range back {
		undo()
	}
	if now, err := os.ReadFile(format); err != nil || !bytes.Equal(now, before) {
		t.Fatalf("the version is %q: %v", now, err)
	}
	a.start()
}

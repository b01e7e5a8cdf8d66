package peer_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// publishLarge signs the next register, with so many parties that nobody can call
// besides those of the world, less the one to be left out.
func (w *world) publishLarge(extra []register.Entry, leave exchange.OIN) []byte {
	w.t.Helper()
	pin, err := register.ParsePin(w.auth.root)
	if err != nil {
		w.t.Fatal(err)
	}
	issued := time.Now().Add(-time.Minute)
	draft, err := register.NextDraft(w.auth.last, w.auth.root, issued, issued.Add(12*time.Hour))
	if err == nil && len(extra) > 0 {
		draft, err = draft.Add(extra...)
	}
	if err == nil && leave != "" {
		draft, err = draft.Remove(leave)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := draft.Sign(w.auth.keys...)
	if err != nil {
		w.t.Fatal(err)
	}
	bundle, err := register.Publish([][]byte{w.auth.root}, signed, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.auth.last, err = register.Reopen(pin, bundle); err != nil {
		w.t.Fatal(err)
	}
	return bundle
}

// A register of 5,000 parties, which is every municipality with all that it works
// with, is taken, handed to a partner, looked up in while two of them exchange,
// read again at a start, and followed by the next one.
func TestRegisterOf5000Parties(t *testing.T) {
	const parties = largeRegister
	w := newWorldWith(t, "[register]\nexchange_every = \"1s\"\n", municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	var extra []register.Entry
	for i := range parties - len(w.members) {
		keys, err := crypto.GenerateKeys()
		if err != nil {
			t.Fatal(err)
		}
		p := debtHelp
		p.OIN, p.Name = exchange.OIN(fmt.Sprintf("00000099%09d000", 500_000+i)), fmt.Sprintf("schuldhulp %d", i)
		e, err := register.EntryOf(keys.Public(), peer.Origin(p.OIN), p, []string{"/ip4/127.0.0.1/tcp/1"}, register.Contact{})
		if err != nil {
			t.Fatal(err)
		}
		extra = append(extra, e)
	}
	step := func(what string, do func()) {
		began := time.Now()
		do()
		t.Logf("%s: %v", what, time.Since(began).Round(time.Millisecond))
	}
	has := func(m *member, version uint64, count int) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); m.node.Register().Version() != version; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s never had version %d of the register", m.party.Name, version)
			}
		}
		if got := len(m.node.Register().Parties()); got != count {
			t.Errorf("%s: the register lists %d parties, want %d", m.party.Name, got, count)
		}
	}
	var bundle []byte
	step("sign", func() { bundle = w.publishLarge(extra, "") })
	step("install", func() { a.install(bundle) })
	step("reaches the partner", func() { has(b, w.auth.last.Version(), parties) })
	step("exchange", func() {
		x, err := ask(context.Background(), a.node, requester, question(t))
		if err != nil {
			t.Fatal(err)
		}
		a.wait(x.ID, exchange.Delivered)
	})
	step("start again", func() { b.stop(); b.start() })
	has(b, w.auth.last.Version(), parties)
	gone := extra[len(extra)/2]
	if p, ok := b.node.Register().Party(gone.OIN); !ok || p.Peer != gone.Peer {
		t.Error("a party in the middle is not found")
	}
	if p, ok := b.node.Register().ByPeer(gone.Peer); !ok || p.OIN != gone.OIN {
		t.Error("a party in the middle is not found by its peer ID")
	}
	step("sign the next", func() { bundle = w.publishLarge(nil, gone.OIN) })
	step("update", func() { a.install(bundle) })
	step("the next reaches the partner", func() { has(b, w.auth.last.Version(), parties-1) })
	if _, ok := b.node.Register().Party(gone.OIN); ok {
		t.Error("a party that left is still found")
	}
}

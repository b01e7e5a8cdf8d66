package peer_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// change publishes the next register, in which these entries replace those of
// their parties, from this moment on.
func (a *authority) change(t testing.TB, entries ...register.Entry) []byte {
	t.Helper()
	return a.edit(t, func(d register.Draft) (register.Draft, error) {
		for _, e := range entries {
			var err error
			if d, err = d.Change(e); err != nil {
				return d, err
			}
		}
		return d, nil
	})
}

func (a *authority) edit(t testing.TB, change func(register.Draft) (register.Draft, error)) []byte {
	t.Helper()
	draft, err := register.NextDraft(a.last, a.root, time.Now(), a.last.Expires())
	if err == nil {
		draft, err = change(draft)
	}
	if err != nil {
		t.Fatal(err)
	}
	signed, err := draft.Sign(a.keys...)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := register.Publish([][]byte{a.root}, signed, a.law)
	if err != nil {
		t.Fatal(err)
	}
	pin, err := register.ParsePin(a.root)
	if err != nil {
		t.Fatal(err)
	}
	if a.last, err = register.Reopen(pin, bundle); err != nil {
		t.Fatal(err)
	}
	return bundle
}

// shown is what `sluis keys show` prints of a member.
func (m *member) shown() register.Entry {
	m.world.t.Helper()
	e, err := peer.Entry(m.dir, peer.Options{Lock: m.lock})
	if err != nil {
		m.world.t.Fatal(err)
	}
	return e
}

func (m *member) has(version uint64) {
	m.world.t.Helper()
	m.until("it has the register", func() bool { return m.node.Register().Version() >= version })
}

// tells looks whether the doctor names a step with keys that are replaced.
func (m *member) tells(code string) {
	m.world.t.Helper()
	checks, err := m.node.Diagnose(m.world.t.Context())
	if err != nil {
		m.world.t.Fatal(err)
	}
	if !slices.ContainsFunc(checks, func(c peer.Check) bool { return c.Code == code }) {
		m.world.t.Errorf("%s: the doctor does not say %s", m.party.Name, code)
	}
}

// key is the newest key of a use, or a former one, in the list of a member.
func (m *member) key(u crypto.Use, former bool) peer.KeyHeld {
	m.world.t.Helper()
	all := m.node.Keys()
	i := slices.IndexFunc(all, func(k peer.KeyHeld) bool { return k.Use == u && k.Former == former })
	if i < 0 {
		m.world.t.Fatalf("%s: has no such key of %s", m.party.Name, u)
	}
	return all[i]
}

// A traffic is a stream of exchanges between two nodes, without a pause.
type traffic struct {
	a, b *member
	end  func() // stops it, and waits until every exchange is answered on both sides
	mu   sync.Mutex
	ids  []exchange.ID
}

func (tr *traffic) count() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return len(tr.ids)
}

// more waits until some exchanges have begun and been answered from here on.
func (tr *traffic) more() {
	tr.a.world.t.Helper()
	from := tr.count()
	tr.a.until("there is more traffic", func() bool { return tr.count() > from+2 })
	tr.mu.Lock()
	last := tr.ids[len(tr.ids)-1]
	tr.mu.Unlock()
	tr.a.wait(last, exchange.Answered)
}

func newTraffic(t *testing.T, a, b *member) *traffic {
	tr := &traffic{a: a, b: b}
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan exchange.ID, 1000)
	var work sync.WaitGroup
	work.Go(func() {
		defer close(asked)
		for ctx.Err() == nil {
			x, err := ask(context.WithoutCancel(ctx), a.node, requester, question(t))
			if err != nil {
				t.Error(err)
				return
			}
			tr.mu.Lock()
			tr.ids = append(tr.ids, x.ID)
			tr.mu.Unlock()
			asked <- x.ID
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond): // the pace of the traffic
			}
		}
	})
	work.Go(func() {
		for id := range asked {
			c, done := context.WithTimeout(context.Background(), 20*time.Second)
			_, err := b.node.Wait(c, id, exchange.Weighing)
			if err == nil {
				_, err = b.node.Decide(c, professional, id, verdict())
			}
			done()
			if err != nil {
				t.Errorf("a request did not come to a decision: %v", err)
			}
		}
	})
	tr.end = sync.OnceFunc(func() {
		cancel()
		work.Wait()
		for _, id := range tr.ids {
			for _, m := range []*member{a, b} {
				if phase := m.wait(id, exchange.Answered, exchange.Rejected, exchange.Expired); phase != exchange.Answered {
					t.Errorf("%s: an exchange ended as %s", m.party.Name, phase)
				}
			}
		}
		a.settle()
		b.settle()
	})
	t.Cleanup(tr.end)
	return tr
}

// countKinds counts the entries of a kind in the ledger of a member.
func (m *member) countKinds(kind exchange.EventKind) (count int) {
	m.world.t.Helper()
	for from := uint64(0); ; {
		entries, err := m.node.Entries(from, 100)
		if err != nil {
			m.world.t.Fatal(err)
		}
		for _, e := range entries {
			if e.Kind == string(kind) {
				count++
			}
		}
		if len(entries) == 0 {
			return count
		}
		from += uint64(len(entries))
	}
}

// Two nodes keep exchanging while signing key, sealing key and peer ID of the one
// are replaced, step by step. The register of each step reaches one of them, and
// the other through it. Nothing is lost, and in the end nothing rests on the old
// keys.
func TestRotation(t *testing.T) {
	for name, first := range map[string]int{"the register comes to it first": 1, "the register comes to its partner first": 0} {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, often+"[register]\nexchange_every = \"200ms\"\n", municipality, debtHelp)
			a, b := w.members[0], w.members[1]
			tr := newTraffic(t, a, b)
			tr.more()
			old := map[crypto.Use]peer.KeyHeld{}
			uses := crypto.Uses[:]
			for _, u := range uses {
				old[u] = b.key(u, false)
				made, err := b.node.RotateKey(t.Context(), u)
				if err != nil {
					t.Fatal(err)
				}
				if got := b.key(u, false); got.ID != made.ID || got.State != peer.KeyWaits {
					t.Errorf("the new key of %s is %+v", u, got)
				}
				if got := b.key(u, true); got.ID != old[u].ID || got.State != peer.KeyInUse && u != crypto.UseSealing {
					t.Errorf("before the register has a new one, the key of %s is %+v", u, got)
				}
				if err := b.node.RetireKey(t.Context(), old[u].ID); !isFault(err, peer.KeyNeeded) {
					t.Errorf("retiring the key of %s that is in use: %v", u, err)
				}
			}
			tr.more()
			b.tells("key-waits")
			both := b.shown()
			if len(both.Keys) != 2 || len(both.Recipients) != 2 || both.Peer == old[crypto.UsePeer].ID || both.Checkpoint == b.entry.Checkpoint || both.Witness == b.entry.Witness {
				t.Fatalf("keys show prints %d keys and %d recipients", len(both.Keys), len(both.Recipients))
			}
			w.members[first].install(w.auth.change(t, both))
			a.has(2)
			b.has(2)
			w.ahead.Store(int64(10 * time.Second)) // a new key is not used at once
			b.until("it signs with the new key", func() bool { return b.key(crypto.UseSigning, false).State == peer.KeyInUse })
			tr.more()
			if got := b.key(crypto.UseSigning, true).State; got != peer.KeyOverlap {
				t.Errorf("the old signing key is %s", got)
			}
			b.tells("key-overlap")
			if err := b.node.RetireKey(t.Context(), old[crypto.UseSealing].ID); !isFault(err, peer.KeyNeeded) {
				t.Errorf("retiring a key that partners still seal to: %v", err)
			}
			alone := b.shown()
			if len(alone.Keys) != 1 || len(alone.Recipients) != 1 || alone.Keys[0].JWK.Kid != b.key(crypto.UseSigning, false).ID {
				t.Fatalf("keys show prints %d keys and %d recipients after the overlap", len(alone.Keys), len(alone.Recipients))
			}
			w.members[first].install(w.auth.change(t, alone))
			b.has(3)
			b.tells("key-left")
			for _, u := range uses {
				if err := b.node.RetireKey(t.Context(), old[u].ID); err != nil {
					t.Errorf("retiring the old key of %s: %v", u, err)
				}
			}
			tr.more()
			tr.end()
			t.Logf("%d exchanges", tr.count())
			if got := len(b.node.Keys()); got != len(crypto.Uses)+1 { // and the master key
				t.Errorf("%d keys are left", got)
			}
			if made, gone := b.countKinds(exchange.KeyMade), b.countKinds(exchange.KeyDestroyed); made != len(uses) || gone != len(uses) {
				t.Errorf("the ledger tells of %d keys that were made and %d that were destroyed", made, gone)
			}
			b.stop() // it comes back with the new keys alone
			b.start()
			answeredExchange(t, a, b)
			// Its ledger is one history to its partner, whichever key it was signed with.
			a.until("the ledger under the new key is checked", func() bool { w := a.of(debtHelp); return w.Waiting == 0 && w.Held > 0 })
			b.until("it has the cosignature of its partner", func() bool { return b.of(municipality).Cosigned > 0 })
			for _, m := range []*member{a, b} {
				if alarms, err := m.node.Alarms(); err != nil || len(alarms) != 0 {
					t.Errorf("%s: %d alarms, %v", m.party.Name, len(alarms), err)
				}
			}
		})
	}
}

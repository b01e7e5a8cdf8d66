package peer_test

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
)

func newLock(t *testing.T) crypto.Lock {
	t.Helper()
	file, err := crypto.NewKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := crypto.KeyFileLock(file)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

// Another lock opens the keys while the node runs; the old one does not any more,
// and the node does not undo that. It is entered once.
func TestChangeLock(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	path := filepath.Join(b.dir, "keystore.age")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	next := newLock(t)
	if err := peer.ChangeLock(b.dir, newLock(t), next); !errors.Is(err, crypto.ErrWrongLock) {
		t.Errorf("with a lock that is not the node's: %v", err)
	}
	if err := peer.ChangeLock(b.dir, b.lock, crypto.Lock{}); err == nil {
		t.Error("the keys were sealed with nothing")
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(before) {
		t.Fatalf("a change that failed changed the keystore: %v", err)
	}
	// What a change that was cut off left behind is in nobody's way.
	if err := os.WriteFile(path+".next", before[:len(before)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Entry(b.dir, peer.Options{Lock: b.lock}); err != nil {
		t.Errorf("after a change that was cut off: %v", err)
	}
	if err := peer.ChangeLock(b.dir, b.lock, next); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Entry(b.dir, peer.Options{Lock: b.lock}); !errors.Is(err, crypto.ErrWrongLock) {
		t.Errorf("the old lock gives %v", err)
	}
	if _, err := b.node.RotateKey(t.Context(), crypto.UseSigning); !isFault(err, peer.LockChanged) {
		t.Errorf("a node that was started with the old lock replaces the keystore: %v", err)
	}
	answeredExchange(t, a, b)
	b.stop()
	b.lock, b.options.Lock = next, next
	for range 2 {
		b.start()
		b.until("the change is entered", func() bool { return b.countKinds(exchange.LockChanged) > 0 })
		answeredExchange(t, a, b)
		b.stop()
	}
	b.start()
	if n := b.countKinds(exchange.LockChanged); n != 1 {
		t.Errorf("the ledger tells of %d changes", n)
	}
}

// I3: a process that dies between the keystore and the ledger leaves a key that
// the ledger does not know. The node says so when it is started again, once.
func TestKeyMadeBeforeCrash(t *testing.T) {
	w := newWorld(t, debtHelp)
	b := w.members[0]
	for range 2 {
		want := b.countKinds(exchange.KeyMade) + 1
		b.stop()
		keys, err := keysOf(t, b).Rotate(crypto.UseSealing)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := keys.Seal(b.lock)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(b.dir, "keystore.age"), sealed, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			b.start()
			b.until("the key is entered", func() bool { return b.countKinds(exchange.KeyMade) >= want })
			b.stop()
		}
		b.start()
		if got := b.countKinds(exchange.KeyMade); got != want {
			t.Errorf("%d entries, want %d", got, want)
		}
	}
	if _, err := b.node.RotateKey(t.Context(), crypto.UseSealing); err != nil {
		t.Fatal(err)
	}
	if _, err := b.node.RotateKey(t.Context(), crypto.UseSealing); !isFault(err, peer.TooManyKeys) {
		t.Errorf("a fifth key of one use: %v", err)
	}
	if _, err := b.node.RotateKey(t.Context(), "seal"); !isFault(err, peer.UnknownKey) {
		t.Errorf("a use that there is not: %v", err)
	}
	if err := b.node.RetireKey(t.Context(), b.key(crypto.UseSealing, false).ID); !isFault(err, peer.KeyNeeded) {
		t.Errorf("the newest key was destroyed: %v", err)
	}
}

// The keys of a party were stolen, and the thief dates back what he signs. The
// register revokes the signing key: nothing of it is taken any more, while what
// was exchanged before still verifies, and the party goes on with other keys.
func TestStolenKeys(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	answeredExchange(t, a, b)
	stolen := keysOf(t, a)
	at := time.Now().Add(-time.Second)
	thief := &forger{t, w, stolen, exchange.PartyID{OIN: municipality.OIN, Capacity: "investigation"}, openHost(t, stolen, w.peersBut(a))}

	// At first only the theft is known. The party is cut off, live connections too.
	kid := crypto.KeyID(stolen.Public().Signing)
	a.stop()
	q := question(t)
	q.Case = freshID()
	sign := func() []byte {
		t.Helper()
		e := thief.envelope(capacityOf(debtHelp), freshID())
		e.At = at.Add(-time.Minute)
		s, err := wire.SignRequest(e, q, stolen.Signing)
		return thief.seal(s, err)
	}
	if code, _ := thief.send(b, sign()); code == "no reply" {
		t.Fatal("the thief has no connection, so the test shows nothing")
	}
	if direct, _ := b.node.Connections(); direct == 0 {
		t.Fatal("there is no connection to be cut")
	}
	size := b.node.Size()
	b.install(w.auth.edit(t, func(d register.Draft) (register.Draft, error) { return d.Revoke(municipality.OIN, kid, at) }))
	b.until("the connection is cut", func() bool { direct, _ := b.node.Connections(); return direct == 0 })
	if code, _ := thief.send(b, sign()); code != "no reply" {
		t.Errorf("the thief is answered: %s", code)
	}
	// Whoever carries it: what he signed is refused, and changes nothing.
	if _, err := b.node.Receive(t.Context(), a.entry.Peer, sign()); !errors.Is(err, &wire.Fault{Code: wire.KeyStale}) {
		t.Errorf("a message of the thief: %v", err)
	}
	if got := b.node.Size(); got != size+1 {
		t.Errorf("%d entries were written, want that of the register only", got-size)
	}
	// The party makes new keys, and comes back. Its old ones are of no use.
	a.start()
	for _, u := range []crypto.Use{crypto.UseSigning, crypto.UsePeer, crypto.UseSealing} {
		if _, err := a.node.RotateKey(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	e := a.shown()
	e.Recipients = e.Recipients[:1]
	bundle := w.auth.change(t, e)
	b.install(bundle) // that was cut off does not reach it
	a.install(bundle)
	a.until("it signs with the new key", func() bool { return a.key(crypto.UseSigning, false).State == peer.KeyInUse })
	answeredExchange(t, a, b)
	if s := a.key(crypto.UseSigning, true).State; s != peer.KeyRevoked {
		t.Errorf("the stolen key is %s", s)
	}
	if code, _ := thief.send(b, sign()); code != "no reply" {
		t.Errorf("the thief is answered: %s", code)
	}
	// What was exchanged before, under the key that was stolen later, still verifies.
	for _, m := range []*member{a, b} {
		if _, err := m.node.VerifyLedger(t.Context()); err != nil {
			t.Errorf("%s: %v", m.party.Name, err)
		}
	}
	key, ok := b.node.Register().Key(kid)
	if !ok || !key.ValidAt(at.Add(-time.Second)) || key.ValidAt(at) {
		t.Error("what was signed before the theft can't be verified, or what was signed after it can")
	}
}

// The rehearsal of docs/keys.md, of a backup across a rotation: it opens with the
// keys that are in it, and a sealing key on which it rests is not destroyed.
func TestRecoverAcrossRotation(t *testing.T) {
	w, college, debts, backup := withBackup(t)
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := college.key(crypto.UseSealing, false).ID
	for _, u := range crypto.Uses {
		if _, err := college.node.RotateKey(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	college.install(w.auth.change(t, college.shown()))
	college.install(w.auth.change(t, college.shown()))
	debts.has(3)
	if err := college.node.RetireKey(t.Context(), old); !isFault(err, peer.BackupNeedsKey) {
		t.Errorf("the key that the backup opens with was destroyed: %v", err)
	}
	made, err := college.node.Backup(t.Context())
	if err != nil || !made.Whole {
		t.Fatalf("the backup under the new key is %+v, %v", made, err)
	}
	for _, k := range college.node.Keys() {
		if k.Former {
			if err := college.node.RetireKey(t.Context(), k.ID); err != nil {
				t.Errorf("%s: %v", k.Use, err)
			}
		}
	}
	if made, err = college.node.Backup(t.Context()); err != nil || made.Whole {
		t.Fatalf("%+v, %v", made, err)
	}
	debts.settle()
	college.settle()
	college.restore(backup, nil) // the disk died
	college.start()
	college.until("it may go on, or is told why not", func() bool { r := college.node.Recovery(); return r == nil || r.Asked > 0 })
	if r := college.node.Recovery(); r != nil && (r.Forked || r.Seen > r.Size+4) {
		t.Fatalf("%+v", *r)
	}
	if got := len(college.node.Keys()); got != len(crypto.Uses)+1 {
		t.Errorf("the restored node has %d keys", got)
	}
}

// Everything was lost: disk, backup, and what opens the keys. The organisation
// makes a node anew, with the number of its ledger after that of the lost one.
func TestBeginAnew(t *testing.T) {
	w := newWorldWith(t, often, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	answeredExchange(t, a, b)
	a.until("the lost ledger is known", func() bool { return a.of(debtHelp).Held > 0 })
	b.stop()
	config, err := os.ReadFile(filepath.Join(b.dir, "sluis.toml"))
	if err != nil {
		t.Fatal(err)
	}
	lost := b.entry
	b.dir, b.lock = filepath.Join(w.dir, "anew"), newLock(t)
	b.options.Lock = b.lock
	plan := peer.Plan{Identity: peer.Identity{Party: b.party, Ledger: 2}, Root: w.auth.root, Lock: b.lock, Config: config}
	if err := peer.Create(t.Context(), b.dir, plan, peer.Options{}); err != nil {
		t.Fatal(err)
	}
	e, err := peer.Entry(b.dir, peer.Options{Lock: b.lock})
	if err != nil {
		t.Fatal(err)
	}
	b.entry = e
	bundle := w.auth.edit(t, func(d register.Draft) (register.Draft, error) {
		d, err := d.Change(e)
		if err != nil {
			return d, err
		}
		return d.Revoke(b.party.OIN, lost.Keys[0].JWK.Kid, time.Now())
	})
	b.start()
	b.install(bundle)
	a.install(bundle)
	b.hire()
	answeredExchange(t, a, b)
	alarms, err := a.node.Alarms()
	if err != nil || len(alarms) != 0 {
		t.Errorf("the new ledger raises %d alarms, %v", len(alarms), err)
	}
}

// One of three register authorities has lost its key. The two others put a new
// one in its place, and nodes that run follow.
func TestAuthorityLosesKey(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	public := []ed25519.PublicKey{}
	for _, k := range w.auth.keys {
		public = append(public, k.Public().(ed25519.PublicKey))
	}
	pub, third, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(old []byte, members []ed25519.PublicKey, signers ...ed25519.PrivateKey) []byte {
		t.Helper()
		root, err := register.RotateRoot(old, 2, members, time.Now().Add(-time.Minute), time.Now().Add(24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range signers {
			if root, err = register.SignRoot(root, k); err != nil {
				t.Fatal(err)
			}
		}
		return root
	}
	publish := func(roots [][]byte, signers ...ed25519.PrivateKey) ([]byte, error) {
		draft, err := register.NextDraft(w.auth.last, roots[len(roots)-1], time.Now(), w.auth.last.Expires())
		if err != nil {
			t.Fatal(err)
		}
		signed, err := draft.Sign(signers...)
		if err != nil {
			t.Fatal(err)
		}
		return register.Publish(roots, signed, nil)
	}
	first, second := w.auth.keys[0], w.auth.keys[1]
	r2 := rotate(w.auth.root, append(public, pub), first, second) // three, of which two must sign
	lost, heir := second, third
	fourth, next, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	// The lost key signs nothing of what follows.
	r3 := rotate(r2, []ed25519.PublicKey{public[0], pub, fourth}, first, heir)
	roots := [][]byte{w.auth.root, r2, r3}
	if _, err := publish(roots, first, lost); err == nil {
		t.Error("a register was published with the signature of a key that was replaced")
	}
	bundle, err := publish(roots, heir, next)
	if err != nil {
		t.Fatal(err)
	}
	a.install(bundle)
	b.until("the register under the new root comes", func() bool { return b.node.Register().Version() == 2 })
	if v := b.node.Register().Root().Version; v != 3 {
		t.Errorf("the root is of version %d", v)
	}
	answeredExchange(t, a, b)

	// One alone can't replace the others.
	r4 := rotate(r3, []ed25519.PublicKey{fourth, pub, public[0]}, next)
	if _, err := publish(append(roots, r4), heir, next); err == nil {
		t.Error("one authority of three made a root")
	}

	// Two of three are lost: nodes pin a new first root, and forget what they had.
	forged := newAuthority(t)
	if err := a.node.InstallRegister(t.Context(), forged.publish(t, []register.Entry{a.entry, b.entry}, time.Now().Add(time.Hour))); err == nil {
		t.Error("a node that runs took a root that it does not trust")
	}
	if _, err := peer.PinRoot(t.Context(), a.dir, forged.root, a.options); err == nil {
		t.Error("the root of a node that runs was replaced")
	}
	for _, m := range w.members {
		m.stop()
		for range 2 { // again is no other thing
			if _, err := peer.PinRoot(t.Context(), m.dir, forged.root, m.options); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.auth, forged.last = forged, nil
	bundle = w.publish()
	for _, m := range w.members {
		m.start()
		if m.node.Register() != nil {
			t.Errorf("%s: still has a register", m.party.Name)
		}
		m.install(bundle)
		if n := m.countKinds(exchange.RootPinned); n != 1 {
			t.Errorf("%s: %d entries about the root", m.party.Name, n)
		}
	}
	answeredExchange(t, a, b)
}

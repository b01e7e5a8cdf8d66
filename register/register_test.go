package register_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
)

// The times of the tests.
var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	expires = noon.AddDate(0, 3, 0)
)

// seeded returns the key whose seed is 32 times b.
func seeded(b byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, 32)) }

func publicOf(keys ...ed25519.PrivateKey) (all []ed25519.PublicKey) {
	for _, k := range keys {
		all = append(all, k.Public().(ed25519.PublicKey))
	}
	return all
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func oin(n int) exchange.OIN { return exchange.OIN(fmt.Sprintf("00000099%09d000", n)) }

// keysOf makes public keys for a party that no other has.
func keysOf(t testing.TB, n int) crypto.Public {
	t.Helper()
	seed := func(role byte) ed25519.PublicKey {
		s := make([]byte, 32)
		s[0], s[1], s[2] = role, byte(n), byte(n>>8)
		return publicOf(ed25519.NewKeyFromSeed(s))[0]
	}
	id, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return crypto.Public{Host: seed(1), Signing: seed(2), Checkpoint: seed(3), Witness: seed(4), Sealing: id.Recipient()}
}

// entry makes the entry of party n.
func entry(t testing.TB, n int) register.Entry {
	t.Helper()
	return must[register.Entry](t)(register.EntryOf(keysOf(t, n), "sluis.invalid/ledger/"+string(oin(n)), exchange.Party{
		OIN: oin(n), Name: fmt.Sprintf("Gemeente Voorbeeld %d", n),
		Capacities: []exchange.Capacity{{Code: "municipality", Domain: "wmo", Task: "investigation", Regime: exchange.NoSecrecy, MayProcessBSN: true}},
	}, []string{fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", 4000+n%1000)}, register.Contact{Email: "loket@voorbeeld.invalid"}))
}

// rootBy makes a root of version 1 that all its keys have signed.
func rootBy(t testing.TB, threshold int, keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	doc := must[[]byte](t)(register.NewRoot(threshold, publicOf(keys...), noon, noon.AddDate(1, 0, 0)))
	return signRoot(t, doc, keys...)
}

func signRoot(t testing.TB, doc []byte, keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	for _, k := range keys {
		doc = must[[]byte](t)(register.SignRoot(doc, k))
	}
	return doc
}

func TestRegister(t *testing.T) {
	a, b := seeded(1), seeded(2)
	root := rootBy(t, 2, a, b)
	draft := must[register.Draft](t)(register.NewDraft(root, noon, expires))
	one, two := entry(t, 1), entry(t, 2)
	draft = must[register.Draft](t)(draft.Add(two, one))
	bundle := must[[]byte](t)(register.Publish([][]byte{root}, must[[]byte](t)(draft.Sign(a, b)), nil))
	pin := must[register.Pin](t)(register.ParsePin(root))
	reg := must[*register.Register](t)(register.Open(pin, bundle, nil, noon))

	if reg.Version() != 1 || !reg.Expires().Equal(expires) || !bytes.Equal(reg.Raw(), bundle) {
		t.Errorf("version %d, expires %v", reg.Version(), reg.Expires())
	}
	if p := reg.Parties(); len(p) != 2 || p[0].OIN != oin(1) || p[1].OIN != oin(2) {
		t.Errorf("parties %v", p)
	}
	p, ok := reg.Party(oin(2))
	if !ok || p.Peer != two.Peer || p.Name != two.Name || p.Checkpoint != two.Checkpoint || p.Witness != two.Witness || p.Addresses[0] != two.Addresses[0] || p.Contact != two.Contact {
		t.Errorf("party 2 is %+v", p)
	}
	if p, ok := reg.ByPeer(one.Peer); !ok || p.OIN != oin(1) {
		t.Errorf("the peer of party 1 is %+v", p)
	}
	if r := reg.Recipients(oin(1)); len(r) != 1 || r[0].String() != one.Recipients[0] {
		t.Errorf("recipients of party 1: %v", r)
	}
	k, ok := reg.Key(one.Keys[0].JWK.Kid)
	if !ok || k.OIN != oin(1) || crypto.KeyID(k.Public) != one.Keys[0].JWK.Kid || !k.ValidAt(noon) || k.ValidAt(noon.Add(-1)) || k.RevokedAt(noon) {
		t.Errorf("key of party 1: %+v", k)
	}
	if _, ok := reg.Party(oin(3)); ok || reg.Recipients(oin(3)) != nil {
		t.Error("there is a third party")
	}
	if _, ok := reg.ByPeer(""); ok {
		t.Error("a party without peer ID")
	}
	if _, ok := reg.Key(""); ok {
		t.Error("a key without kid")
	}
}

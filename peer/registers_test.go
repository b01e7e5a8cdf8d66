package peer_test

import (
	"bytes"
	"context"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
)

// resign signs the register of a bundle once more, with one text in it
// replaced: what the authority's own tools would not sign.
func (a *authority) resign(t *testing.T, bundle []byte, old, new string) []byte {
	t.Helper()
	b, err := register.Parse(bundle)
	if err != nil {
		t.Fatal(err)
	}
	payload, _, err := crypto.PeekGeneral(b.Register, register.MaxBundle, "sluis-register+jws")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(payload, []byte(old)) != 1 {
		t.Fatalf("%q is not there once", old)
	}
	doc, err := crypto.SignGeneral(bytes.Replace(payload, []byte(old), []byte(new), 1), "sluis-register+jws", a.keys...)
	if err != nil {
		t.Fatal(err)
	}
	if bundle, err = register.Publish([][]byte{a.root}, doc, nil); err != nil {
		t.Fatal(err)
	}
	return bundle
}

// One party that is listed with an address nobody can dial stops no node: not
// the one that runs, and not the one that starts again.
func TestAddressOfAnotherStopsNobody(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	m := w.add(housing)
	odd := "/ip4/192.0.2.1/tcp/4001"
	m.entry.Addresses = append(m.entry.Addresses, odd)
	bundle := w.auth.resign(t, w.publish(), odd, odd+"/ws")
	for _, m := range []*member{a, b} {
		if err := m.node.InstallRegister(ctx, bundle); err != nil {
			t.Fatalf("%s: install: %v", m.party.Name, err)
		}
		m.stop()
		m.start()
	}
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Delivered)
}

// The register in force, sent again and again, is not verified again and again.
func TestRegisterInForceIsNotVerifiedAgain(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	b := w.members[1]
	raw := b.node.Register().Raw()
	each := testing.AllocsPerRun(20, func() {
		if err := b.node.InstallRegister(context.Background(), raw); err != nil {
			t.Fatal(err)
		}
	})
	if each > 50 { // verifying one of two parties takes some thousands
		t.Errorf("%v allocations for a register that is there already", each)
	}
}

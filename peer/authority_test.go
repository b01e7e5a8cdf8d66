package peer_test

import (
	"crypto/ed25519"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"sluis/register"
)

// An authority signs registers with two keys of two.
type authority struct {
	keys []ed25519.PrivateKey
	root []byte
	last *register.Register
	law  map[string][]byte // that the next register brings; nil for none
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	var public []ed25519.PublicKey
	for range 2 {
		pub, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		a.keys, public = append(a.keys, key), append(public, pub)
	}
	now := time.Now()
	root, err := register.NewRoot(2, public, now.Add(-time.Hour), now.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range a.keys {
		if root, err = register.SignRoot(root, k); err != nil {
			t.Fatal(err)
		}
	}
	a.root = root
	return a
}

// publish signs the next version, which lists these entries and expires at the
// given time.
func (a *authority) publish(t testing.TB, entries []register.Entry, expires time.Time) []byte {
	t.Helper()
	pin, err := register.ParsePin(a.root)
	if err != nil {
		t.Fatal(err)
	}
	issued := time.Now().Add(-time.Minute)
	var draft register.Draft
	if a.last == nil {
		draft, err = register.NewDraft(a.root, issued, expires)
	} else {
		draft, err = register.NextDraft(a.last, a.root, issued, expires)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if a.last != nil {
			if p, known := a.last.Party(e.OIN); known {
				if p.Checkpoint != e.Checkpoint { // its ledger has another name now
					if draft, err = draft.Change(e); err != nil {
						t.Fatal(err)
					}
				}
				continue
			}
		}
		if draft, err = draft.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if draft, err = draft.SetCatalogues(a.law); err != nil {
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
	if a.last, err = register.Reopen(pin, bundle); err != nil {
		t.Fatal(err)
	}
	return bundle
}

// nextPort is the port that was tried last, so that no two tests are given the same.
var nextPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(10000 + rand.Int64N(18000))
	return &n
}()

// freeAddress is a loopback address on which nobody listens just now. Its port
// lies below those that the system gives to outgoing connections: one of them
// could take it before the node listens, or while the node is down.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 50 {
		port := strconv.Itoa(int(nextPort.Add(1)))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return "/ip4/127.0.0.1/tcp/" + port
	}
	t.Fatal("found no port that is free")
	return ""
}

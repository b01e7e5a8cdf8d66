package sim

import (
	"crypto/ed25519"
	"time"

	"sluis/register"
)

// An authority signs the registers of a simulation with two keys of two.
type authority struct {
	keys   []ed25519.PrivateKey
	root   []byte
	last   *register.Register
	bundle []byte // the last one
	first  []byte
}

func newAuthority(now time.Time) (*authority, error) {
	a := &authority{}
	var public []ed25519.PublicKey
	for range 2 {
		pub, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		a.keys, public = append(a.keys, key), append(public, pub)
	}
	root, err := register.NewRoot(2, public, now.Add(-time.Hour), now.AddDate(5, 0, 0))
	if err != nil {
		return nil, err
	}
	for _, k := range a.keys {
		if root, err = register.SignRoot(root, k); err != nil {
			return nil, err
		}
	}
	a.root = root
	return a, nil
}

// publish signs the next version, with what the nodes and the villain now say of
// themselves.
func (a *authority) publish(w *world) ([]byte, error) {
	pin, err := register.ParsePin(a.root)
	if err != nil {
		return nil, err
	}
	// Clocks differ by a few minutes: for none of them it is of the future.
	issued := w.now.Add(-10 * time.Minute)
	var draft register.Draft
	if a.last == nil {
		draft, err = register.NewDraft(a.root, issued, issued.AddDate(0, 4, 0))
	} else {
		draft, err = register.NextDraft(a.last, a.root, issued, issued.AddDate(0, 4, 0))
	}
	if err != nil {
		return nil, err
	}
	entries := []register.Entry{w.stolen.entry}
	for _, n := range w.nodes {
		entries = append(entries, n.entry)
	}
	for _, e := range entries {
		if a.last == nil {
			draft, err = draft.Add(e)
		} else {
			draft, err = draft.Change(e)
		}
		if err != nil {
			return nil, err
		}
	}
	signed, err := draft.Sign(a.keys...)
	if err != nil {
		return nil, err
	}
	bundle, err := register.Publish([][]byte{a.root}, signed, nil)
	if err != nil {
		return nil, err
	}
	a.last, err = register.Reopen(pin, bundle)
	a.bundle = bundle
	if a.first == nil {
		a.first = bundle
	}
	return bundle, err
}

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"

	"sluis/crypto"
	"sluis/ledger"
	"sluis/store"
)

const durableOurs = "entry, tree hashes and record key in one synced Badger transaction, then the signed checkpoint in the synced anchor file"

// ours is the store of a node, with the options of a node.
type ours struct {
	store *store.Store
	next  atomic.Uint64
}

const origin = "sluis.invalid/ledger/00000099000000001000"

func signer() (note.Signer, string, error) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	s, err := ledger.NewSigner(origin, key)
	return s, ledger.VerifierKey(origin, key.Public().(ed25519.PublicKey)), err
}

// nodeOptions are those of a node: nothing is left out to be faster.
func nodeOptions() (store.Options, error) {
	master, err := crypto.ParseSecret(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		return store.Options{}, err
	}
	s, verifier, err := signer()
	return store.Options{Master: master, Signer: s, Verifier: verifier}, err
}

func openOurs(dir string, _ int) (appender, error) {
	s, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	o := &ours{store: s}
	for range dossiers {
		if err := o.Append(nil); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// openStore opens the store in dir and makes it when it is not there.
func openStore(dir string) (*store.Store, error) {
	options, err := nodeOptions()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		if err := store.Create(dir, options); err != nil {
			return nil, err
		}
	}
	return store.Open(dir, options)
}

// dossiers is the number of dossiers that the entries are spread over. Their
// record keys are made before the measuring begins.
const dossiers = 64

func dossier(n uint64) string { return fmt.Sprintf("01938f2e-7c1a-7b3e-9d5a-%012x", n%dossiers) }

// viewed is the event that a node writes when somebody looks at an exchange:
// the one that it writes most, and nothing else with it.
func viewed(n uint64) store.Event {
	return store.Event{
		Kind: "viewed", Exchange: dossier(n), As: "00000099000000001000:municipality", Purpose: "investigation",
		Private: []byte(`{"by":"a.jansen","register":3,"detail":{}}`),
	}
}

// Append writes an event. What it seals has the size that the others are given.
func (o *ours) Append([]byte) error {
	n := o.next.Add(1)
	_, err := o.store.Write(context.Background(), store.Change{Dossier: dossier(n), Record: []store.Event{viewed(n)}})
	return err
}

func (o *ours) Close() error { return o.store.Close() }

// countOurs leaves out the entries that openOurs wrote.
func countOurs(dir string) (uint64, error) {
	s, err := openStore(dir)
	if err != nil {
		return 0, err
	}
	return s.Size() - dossiers, s.Close()
}

// entrySize is the size of the entry that Append makes, as it stands in the
// ledger. The others write so many bytes per entry.
func entrySize(dir string) (int, error) {
	a, err := openOurs(dir, 1)
	if err != nil {
		return 0, err
	}
	e, err := a.(*ours).store.Entry(0)
	if err != nil {
		return 0, err
	}
	data, err := e.Marshal()
	if err != nil {
		return 0, err
	}
	return len(data), a.Close()
}

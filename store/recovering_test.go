package store_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"testing"

	"sluis/ledger"
	"sluis/store"
)

// A store of which somebody showed a newer state takes nothing more: not at once, not
// after a start, and not when it is told to resume. Another name sets it free.
func TestStoreThatIsBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, options(t)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), file("d-1", "a", "1")); err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{"what was shown", "what was shown later"} {
		if err := s.Hold([]byte(shown)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		_, err := s.Write(t.Context(), file("d-2", "b", "1"))
		if !errors.Is(err, store.ErrBehind) || !errors.Is(err, store.ErrRecovering) || s.Size() != 1 {
			t.Errorf("written: %v, %d entries", err, s.Size())
		}
		if err := s.Resume(); !errors.Is(err, store.ErrBehind) {
			t.Errorf("resumed: %v", err)
		}
		if s.Shown() != "what was shown" {
			t.Errorf("shown %q", s.Shown())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = store.Open(dir, options(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	to := options(t)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	if to.Signer, err = ledger.NewSigner(origin+"/2", key); err != nil {
		t.Fatal(err)
	}
	to.Verifier = ledger.VerifierKey(origin+"/2", key.Public().(ed25519.PublicKey))
	if err := store.Rename(dir, options(t), to); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(dir, to); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Write(t.Context(), file("d-2", "b", "1")); !errors.Is(err, store.ErrRecovering) || errors.Is(err, store.ErrBehind) {
		t.Errorf("before it is released: %v", err)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), file("d-2", "b", "1")); err != nil {
		t.Error(err)
	}
}

// What is shown at the moment in which a store is released is not lost: once Hold has
// returned nothing is written any more, and the next start knows it.
func TestShownWhileReleased(t *testing.T) {
	o, whole := options(t), new(bytes.Buffer)
	if _, err := create(t).Backup(t.Context(), whole, store.BackupPoint{}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dir := filepath.Join(t.TempDir(), "restored")
		if _, err := store.Restore(dir, o, readers(whole.Bytes()), nil); err != nil {
			t.Fatal(err)
		}
		s := openAs(t, dir, o)
		released := make(chan error, 1)
		go func() { released <- s.Resume() }()
		for waiting := true; waiting; { // its mark is being taken away
			var err error
			if waiting, err = store.IsRecovering(dir); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Hold([]byte("what was shown")); err != nil {
			t.Fatal(err)
		}
		if err := <-released; err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if s.Shown() != "what was shown" {
				t.Fatal("what was shown is lost")
			}
			if _, err := s.Write(t.Context(), file("d-new", "new", "1")); !errors.Is(err, store.ErrBehind) {
				t.Fatalf("written: %v", err)
			}
			closeIt(t, s)
			s = openAs(t, dir, o)
		}
	}
}

package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluis/crypto"
	"sluis/ledger"
	"sluis/store"
)

// change closes a store, changes its database by hand and opens it again.
func change(t *testing.T, dir string, do func(x *store.Tampering) error) *store.Store {
	t.Helper()
	x, err := store.Tamper(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(x), x.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A sealed value opens in its own place only, and only as it was written.
func TestMovedValues(t *testing.T) {
	dir := written(t, false)
	s := change(t, dir, func(x *store.Tampering) error {
		row, err1 := x.Get(store.RowKey("exchange", "k00"))
		message, err2 := x.Get(store.OutboxKey("m00"))
		bad, err3 := x.Get(store.RowKey("exchange", "k02"))
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		bad[len(bad)-1] ^= 1
		return errors.Join(
			x.Set(store.RowKey("exchange", "k01"), row),
			x.Set(store.RowKey("exchang", "ek00"), row),
			x.Set(store.RowKey("exchange", "k02"), bad),
			x.Set(store.RowKey("exchange", "k03"), []byte{9}),
			x.Set(store.OutboxKey("m01"), message))
	})
	if value, _, err := s.Get("exchange", "k00"); err != nil || string(value) != "state 0" {
		t.Errorf("the value in its own place: %q, %v", value, err)
	}
	for _, place := range [][2]string{{"exchange", "k01"}, {"exchang", "ek00"}, {"exchange", "k02"}, {"exchange", "k03"}} {
		if value, _, err := s.Get(place[0], place[1]); err == nil {
			t.Errorf("opened in %v: %q", place, value)
		}
	}
	if _, err := s.Outgoing("m01"); err == nil {
		t.Error("a moved message was opened")
	}
	if _, err := s.Outgoing("m02"); err != nil {
		t.Errorf("the message beside it: %v", err)
	}
	e, err := s.Entry(5)
	if err != nil {
		t.Fatal(err)
	}
	e.Kind = "something-else"
	if _, err := s.Private(e); err == nil {
		t.Error("the private part was opened under another header")
	}
}

// Without the record key of its dossier content is gone for ever, and the
// ledger still proves itself.
func TestDestroyedRecordKey(t *testing.T) {
	dir := written(t, false)
	s := change(t, dir, func(x *store.Tampering) error { return x.Set(store.RecordKeyKey(exchange), nil) })
	if _, _, err := s.Get("exchange", "k00"); !errors.Is(err, store.ErrNoRecordKey) {
		t.Errorf("row: %v", err)
	}
	e, err := s.Entry(0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Private(e); !errors.Is(err, store.ErrNoRecordKey) {
		t.Errorf("private part: %v", err)
	}
	if _, err := s.ProveInclusion(0, s.Size()); err != nil {
		t.Errorf("proof: %v", err)
	}
}

// A record key that was exchanged for that of another dossier opens nothing.
func TestSwappedRecordKey(t *testing.T) {
	dir := written(t, false)
	s := change(t, dir, func(x *store.Tampering) error {
		key, err := x.Get(store.RecordKeyKey(store.NodeDossier))
		return errors.Join(err, x.Set(store.RecordKeyKey(exchange), key))
	})
	if _, _, err := s.Get("exchange", "k00"); err == nil {
		t.Error("opened with the key of another dossier")
	}
}

// More dossiers than the keyring holds, at once: every value opens.
func TestManyDossiers(t *testing.T) {
	c := create(t)
	const dossiers = 1500
	for n := 0; n < dossiers; n += 50 {
		errs := make(chan error)
		for i := range 50 {
			go func() {
				s := step(n+i, fmt.Sprint("k", n+i), 0)
				s.Dossier = fmt.Sprint("dossier-", n+i)
				_, err := c.Write(t.Context(), s)
				errs <- err
			}()
		}
		for range 50 {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range dossiers {
		if value, _, err := c.Get("exchange", fmt.Sprint("k", n)); err != nil || string(value) != fmt.Sprint("state ", n) {
			t.Fatalf("dossier %d: %q, %v", n, value, err)
		}
	}
}

// Many first changes of the same dossier at once agree on its record key.
func TestNewDossierAtOnce(t *testing.T) {
	c := create(t)
	for round := range 20 {
		errs := make(chan error)
		for i := range 16 {
			go func() {
				s := step(i, fmt.Sprintf("%d/%d", round, i), 0)
				s.Dossier = fmt.Sprint("dossier-", round)
				_, err := c.Write(t.Context(), s)
				errs <- err
			}()
		}
		for range 16 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, c.dir)
	for round := range 20 {
		for i := range 16 {
			if _, _, err := again.Get("exchange", fmt.Sprintf("%d/%d", round, i)); err != nil {
				t.Errorf("round %d, row %d: %v", round, i, err)
			}
		}
	}
}

// Nothing of what is sealed stands in clear in any file, also not in one of a
// node that was killed, and not under Badger's own encryption alone (I5).
func TestNothingInClear(t *testing.T) {
	secrets := [][]byte{[]byte("999993847"), []byte("Fictieve-Jansen"), []byte("zorginhoudelijk")}
	c := create(t)
	w := c.write(store.Change{
		Dossier: exchange,
		Puts:    []store.Record{{Table: "exchange", Key: "a", Value: secrets[0]}},
		Send:    []store.Outgoing{{ID: "m1", To: other, Message: secrets[1]}},
		Record:  []store.Event{{Kind: "decision-taken", Private: secrets[2]}},
	})
	clear := func(when string, data []byte, name string) {
		for _, s := range secrets {
			if bytes.Contains(data, s) {
				t.Errorf("%s: %q stands in clear in %s", when, s, name)
			}
		}
	}
	look := func(when string) {
		for _, dir := range []string{c.dir, filepath.Join(c.dir, "badger")} {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.IsDir() {
					continue
				}
				data, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				clear(when, data, e.Name())
			}
		}
	}
	look("while it runs")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	look("after it was closed")

	x, err := store.Tamper(c.dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for name, key := range map[string][]byte{
		"row": store.RowKey("exchange", "a"), "message": store.OutboxKey("m1"), "entry": store.EntryKey(w.First), "record key": store.RecordKeyKey(exchange),
	} {
		data, err := x.Get(key)
		if err != nil {
			t.Fatal(err)
		}
		clear("under the encryption of the database", data, name)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

// What the options hold is not printed.
func TestOptionsHideMaster(t *testing.T) {
	o := options(t)
	for _, format := range []string{"%v", "%+v", "%#v"} {
		if printed := fmt.Sprintf(format, o); strings.Contains(printed, "0x1, 0x1, 0x1") || strings.Contains(printed, "1 1 1 1") {
			t.Errorf("%s prints the master key", format)
		}
	}
	o.Master = crypto.Secret{}
	if err := store.Create(filepath.Join(t.TempDir(), "store"), o); err == nil {
		t.Error("created without a master key")
	}
}

func FuzzValuesHaveOneForm(f *testing.F) {
	for kind, b := range store.Samples() {
		f.Add(kind, b)
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		if store.Samples()[kind] == nil || (kind == "slot" && len(b) != 4096) {
			return // there is no such kind; the anchor is read in slots of one size
		}
		again, err := store.Remade(kind, b)
		if err == nil && !bytes.Equal(again, b) {
			t.Errorf("a %s: accepted %x, which is written %x", kind, b, again)
		}
	})
}

// A tile and a bundle hold what the entries say.
func TestTile(t *testing.T) {
	c := create(t)
	for n := range 5 {
		c.write(step(n, fmt.Sprint("k", n), 0))
	}
	bundle, err := c.Tile(ledger.Tile{Entries: true, Width: 5})
	if err != nil {
		t.Fatal(err)
	}
	tile, err := c.Tile(ledger.Tile{Width: 5})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := ledger.ParseBundle(bundle)
	if err != nil || len(entries) != 5 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for i, e := range entries {
		if hash := ledger.LeafHash(e); !bytes.Equal(hash[:], tile[i*32:(i+1)*32]) {
			t.Errorf("entry %d does not hash to its place in the tile", i)
		}
	}
	for _, beyond := range []ledger.Tile{{Width: 6}, {Entries: true, Width: 6}, {Level: 1, Width: 1}, {Index: 1, Width: 1}} {
		if _, err := c.Tile(beyond); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v: %v", beyond, err)
		}
	}
}

// What belongs to the node outlives the dossier in whose change it was written.
func TestNodeRowOutlivesDossier(t *testing.T) {
	dir := written(t, false)
	const dossier = "0193a0b0-0000-7000-8000-00000000000e"
	s, err := store.Open(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Write(context.Background(), store.Change{
		Dossier: dossier, Record: []store.Event{{Kind: "receipt-received", Private: []byte("{}")}},
		Puts: []store.Record{{Table: "sighting", Key: "one", Value: []byte("checkpoint"), Node: true}, {Table: "exchange", Key: "its-own", Value: []byte("state")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = change(t, dir, func(x *store.Tampering) error { return x.Set(store.RecordKeyKey(dossier), nil) })
	if value, _, err := s.Get("sighting", "one"); err != nil || string(value) != "checkpoint" {
		t.Errorf("the row of the node: %q, %v", value, err)
	}
	if _, _, err := s.Get("exchange", "its-own"); !errors.Is(err, store.ErrNoRecordKey) {
		t.Errorf("the row of the dossier: %v, want ErrNoRecordKey", err)
	}
}

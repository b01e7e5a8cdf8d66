package peer_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"sluis/exchange"
	"sluis/peer"
)

// M1-218: the privacy officer is asked, finds it, and answers; nothing of it leaves,
// and nothing of it is on disk in clear.
func TestAdviceStaysInTheHouse(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	asker, supplier := w.members[0], w.members[1]
	ctx := t.Context()
	officer := exchange.Actor{ID: "d.berg", Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: exchange.PrivacyOfficer, Capacity: debtHelp.Capacities[0].Code}}}
	if err := supplier.node.AddStaff(ctx, officer); err != nil {
		t.Fatal(err)
	}
	x, err := ask(ctx, asker.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	supplier.wait(x.ID, exchange.Weighing)
	awaited := func() bool {
		t.Helper()
		list, _, err := supplier.node.List(ctx, peer.Filter{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d exchanges, %v", len(list), err)
		}
		return list[0].Advice
	}
	const secret = "zwartwerk-aan-de-kade"
	if awaited() {
		t.Error("advice is awaited that nobody asked")
	}
	if _, err := supplier.node.AskAdvice(ctx, professional, x.ID, exchange.Hide("mag het "+secret+" mee?")); err != nil {
		t.Fatal(err)
	}
	if !awaited() {
		t.Error("the privacy officer does not find what she is asked")
	}
	_, err = supplier.node.Advise(ctx, professional, x.ID, exchange.Hide("ja hoor"))
	wantCode(t, "who asks answers himself", err, string(exchange.ActorMayNot))
	if _, err := supplier.node.Advise(ctx, peer.Who{ID: officer.ID}, x.ID, exchange.Hide("laat "+secret+" weg")); err != nil {
		t.Fatal(err)
	}
	if awaited() {
		t.Error("it is awaited, and was given")
	}
	read, err := supplier.node.Open(ctx, professional, x.ID)
	if err != nil || len(read.Advice) != 1 || read.Advice[0].Text.Reveal() != "laat "+secret+" weg" || read.Advice[0].By != officer.ID {
		t.Fatalf("he reads %+v, %v", read.Advice, err)
	}
	kinds := map[string]int{}
	entries, err := supplier.node.Entries(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		kinds[e.Kind]++
		if raw, err := e.Marshal(); err != nil || bytes.Contains(raw, []byte(secret)) {
			t.Errorf("entry %d says what was advised, %v", e.Index, err)
		}
	}
	if kinds[string(exchange.AdviceAsked)] != 1 || kinds[string(exchange.AdviceGiven)] != 1 {
		t.Errorf("the ledger has %v", kinds)
	}
	for _, m := range w.members {
		err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("in clear in %s", filepath.Base(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if other, err := asker.node.Open(ctx, requester, x.ID); err != nil || len(other.Advice) != 0 {
		t.Errorf("the asker has %+v, %v", other.Advice, err)
	}
}

package peer_test

import (
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// What is done under a key is remembered for a day, in the dossier that it is
// about, and then no longer: not in a row either.
func TestOnce(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college := w.members[0]
	college.install(w.auth.publish(t, []register.Entry{w.members[0].entry, w.members[1].entry}, time.Now().Add(100*time.Hour)))
	open := func(key string, print byte) (*peer.Outcome, error) {
		ctx, left, err := college.node.Done(t.Context(), peer.Once{System: "zaaksysteem", Key: key, Print: [32]byte{print}})
		if err != nil || left != nil {
			return left, err
		}
		_, err = college.node.OpenCase(ctx, requester, caseOf(question(t)))
		return nil, err
	}
	if left, err := open("een", 1); err != nil || left != nil {
		t.Fatalf("the first time: %+v, %v", left, err)
	}
	cases, _, err := college.node.Cases(t.Context(), "", "", 0)
	if err != nil || len(cases) != 1 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	size := college.node.Size()
	left, err := open("een", 1)
	if err != nil || left == nil || left.Case == nil || *left.Case != cases[0] || college.node.Size() != size {
		t.Errorf("again: %+v, %v; want %+v, and nothing in the ledger", left, err, cases[0])
	}
	if _, err := open("een", 2); !isFault(err, peer.KeyReused) {
		t.Errorf("other words: %v", err)
	}
	if left, err := open("twee", 1); err != nil || left != nil {
		t.Errorf("another key: %+v, %v", left, err)
	}
	// What a system is called makes keys its own.
	if _, left, err := college.node.Done(t.Context(), peer.Once{Key: "een", Print: [32]byte{1}}); err != nil || left != nil {
		t.Errorf("the key of another: %+v, %v", left, err)
	}
	// A request tells all that its answer told, also where a field is empty.
	x, err := ask(t.Context(), college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	once := peer.Once{Key: "intrekken"}
	ctx, _, err := college.node.Done(t.Context(), once)
	if err != nil {
		t.Fatal(err)
	}
	after, err := college.node.Withdraw(ctx, requester, x.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, left, err := college.node.Done(t.Context(), once); err != nil || left == nil || left.Request == nil || left.Request.ID != after.ID ||
		left.Request.Phase != exchange.Withdrawn || !left.Request.Changed.Equal(peer.SummaryOf(after).Changed) {
		t.Errorf("a request: %+v, %v; want %+v", left, err, peer.SummaryOf(after))
	}
	// After a day the key is free, and after two the rows go with the next act.
	if rows := college.node.Remembered(); rows != 3 {
		t.Errorf("%d rows, want 3", rows)
	}
	w.ahead.Store(int64(25 * time.Hour))
	if left, err := open("een", 2); err != nil || left != nil {
		t.Errorf("a day later: %+v, %v", left, err)
	}
	w.ahead.Store(int64(73 * time.Hour))
	if left, err := open("drie", 1); err != nil || left != nil {
		t.Errorf("three days later: %+v, %v", left, err)
	}
	if rows := college.node.Remembered(); rows != 1 {
		t.Errorf("%d rows after three days, want that of today", rows)
	}
}

// A print is of what was typed, so it goes when the dossier does (I8).
func TestOnceGoesWithTheDossier(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college := w.members[0]
	once := peer.Once{Key: "moment"}
	c, err := college.node.OpenCase(t.Context(), requester, caseOf(question(t)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := college.node.CloseCase(t.Context(), requester, c.ID); err != nil {
		t.Fatal(err)
	}
	ctx, _, err := college.node.Done(t.Context(), once)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := college.node.RecordMoment(ctx, requester, c.ID, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	if rows := college.node.Remembered(); rows != 1 {
		t.Errorf("%d rows, want 1", rows)
	}
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	if n, err := college.node.Sweep(t.Context()); err != nil || n != 1 {
		t.Fatalf("swept %d, %v", n, err)
	}
	if rows := college.node.Remembered(); rows != 0 {
		t.Errorf("%d rows are left of a dossier that is gone", rows)
	}
}

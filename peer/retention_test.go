package peer_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

var officer = peer.Who{ID: "d.smit"}

// hireOfficer makes a privacy officer known.
func (m *member) hireOfficer() {
	m.world.t.Helper()
	a := exchange.Actor{ID: officer.ID, Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: exchange.PrivacyOfficer, Capacity: m.party.Capacities[0].Code}}}
	if err := m.node.AddStaff(context.Background(), a); err != nil {
		m.world.t.Fatal(err)
	}
}

// answeredExchange asks, decides and waits until both sides are done.
func answeredExchange(t *testing.T, college, debts *member) exchange.Exchange {
	t.Helper()
	x, err := ask(t.Context(), college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	debts.wait(x.ID, exchange.Weighing)
	if _, err := debts.node.Decide(t.Context(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	college.wait(x.ID, exchange.Answered)
	debts.wait(x.ID, exchange.Answered)
	college.settle()
	debts.settle()
	return x
}

func isFault(err error, code string) bool { return errors.Is(err, &peer.Fault{Code: code}) }

// Two years after the client was told the outcome the data is gone (art.
// 5.4.5(1)), on both sides, and both ledgers still prove.
func TestSweep(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	x := answeredExchange(t, college, debts)
	ctx := t.Context()

	kept, err := college.node.Kept(ctx, "", 0)
	if err != nil || len(kept) != 2 || slices.ContainsFunc(kept, func(k peer.Kept) bool { return !k.Keep.Due.IsZero() || len(k.Keep.Waits) != 2 }) {
		t.Fatalf("before any moment: %+v, %v", kept, err)
	}
	if _, err := college.node.RecordMoment(ctx, requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	// It shows 30 days ahead, not before.
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, -31))))
	if kept, err = college.node.Kept(ctx, "", 30*24*time.Hour); err != nil || len(kept) != 0 {
		t.Errorf("31 days before: %+v, %v", kept, err)
	}
	if n, err := college.node.Sweep(ctx); err != nil || n != 0 {
		t.Errorf("swept %d too early, %v", n, err)
	}
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, -29))))
	if kept, err = college.node.Kept(ctx, "", 30*24*time.Hour); err != nil || len(kept) != 2 || !kept[0].Keep.Due.Equal(today().AddDate(2, 0, 0)) {
		t.Errorf("29 days before: %+v, %v", kept, err)
	}

	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	for _, m := range []*member{college, debts} {
		want := 1
		if m == college {
			want = 2 // its case goes with it
		}
		if n, err := m.node.Sweep(ctx); err != nil || n != want {
			t.Errorf("%s: swept %d, %v", m.party.Name, n, err)
		}
		if n, err := m.node.Sweep(ctx); err != nil || n != 0 {
			t.Errorf("%s: swept %d again, %v", m.party.Name, n, err)
		}
		if _, err := m.node.Open(ctx, requester, x.ID); !isFault(err, peer.Destroyed) {
			t.Errorf("%s: opened: %v", m.party.Name, err)
		}
		if page, _, err := m.node.List(ctx, peer.Filter{}); err != nil || len(page) != 0 {
			t.Errorf("%s: listed %d, %v", m.party.Name, len(page), err)
		}
		if _, err := m.node.VerifyLedger(ctx); err != nil {
			t.Errorf("%s: %v", m.party.Name, err)
		}
		if kinds := m.kinds(x.ID); !slices.Contains(kinds, string(exchange.DossierDestroyed)) {
			t.Errorf("%s: the ledger says %v", m.party.Name, kinds)
		}
	}
	if _, err := college.node.ViewCase(ctx, requester, x.Request.Case); !isFault(err, peer.Destroyed) {
		t.Errorf("viewed the case: %v", err)
	}
	if _, err := college.node.Trail(ctx, requester, x.ID); !isFault(err, peer.Destroyed) {
		t.Errorf("the trail: %v", err)
	}
}

// What is on hold stays until its day, with all that is in the case.
func TestHoldPutsOff(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college := w.members[0]
	college.hireOfficer()
	x := answeredExchange(t, college, w.members[1])
	ctx := t.Context()
	if _, err := college.node.RecordMoment(ctx, requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	until := today().AddDate(2, 6, 0)
	if _, err := college.node.PlaceHold(ctx, requester, x.Request.Case, exchange.Hide("a complaint"), until); !errors.Is(err, &exchange.Refusal{Code: exchange.ActorMayNot}) {
		t.Errorf("held by a requester: %v", err)
	}
	if _, err := college.node.LiftHold(ctx, officer, x.Request.Case); !isFault(err, peer.NoHold) {
		t.Errorf("lifted what is not there: %v", err)
	}
	if _, err := college.node.PlaceHold(ctx, officer, x.Request.Case, exchange.Hide("a complaint"), until); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(time.Until(today().AddDate(2, 1, 0))))
	if n, err := college.node.Sweep(ctx); err != nil || n != 0 {
		t.Errorf("swept %d on hold, %v", n, err)
	}
	if kept, err := college.node.Kept(ctx, "", 0); err != nil || len(kept) != 2 || !kept[0].Hold.Until.Equal(until) || !kept[1].Hold.Until.Equal(until) {
		t.Errorf("on hold are %+v, %v", kept, err)
	}
	w.ahead.Store(int64(time.Until(until.Add(time.Hour))))
	if n, err := college.node.Sweep(ctx); err != nil || n != 2 {
		t.Errorf("swept %d after the hold, %v", n, err)
	}
}

// The node does it by itself, also what became due while it was down, a day after
// the start when no partner has told the time.
func TestSweepsByItself(t *testing.T) {
	w := newWorldWith(t, "[retention]\nmonths = { \"5.4.5(1)\" = 1 }\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	x := answeredExchange(t, college, debts)
	if _, err := college.node.RecordMoment(t.Context(), requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	college.stop()
	w.ahead.Store(int64(time.Until(today().AddDate(0, 1, 0).Add(time.Hour))))
	college.start()
	w.ahead.Add(int64(25 * time.Hour))
	college.node.SweepNow()
	for deadline := time.Now().Add(20 * time.Second); ; {
		changed := college.node.Changed()
		if _, err := college.node.Status(t.Context(), x.ID, ""); isFault(err, peer.Destroyed) {
			break
		}
		select {
		case <-changed:
		case <-time.After(time.Until(deadline)):
			t.Fatal("nothing was destroyed")
		}
	}
}

// A message that is still under way goes with the dossier; a later one in the
// same exchange is refused.
func TestSweepBesideTheOutbox(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	debts.stop()
	x, err := ask(t.Context(), college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := college.node.RecordMoment(t.Context(), requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	if n, err := college.node.Sweep(t.Context()); err != nil || n != 2 {
		t.Errorf("swept %d, %v", n, err)
	}
	if got := college.node.Waiting(); got != 0 {
		t.Errorf("%d messages are waiting", got)
	}
}

// A partner that opens an exchange under the ID of our case gets no part of its
// dossier: there is no way to a record key by naming something of ours.
func TestCaseIsNoExchange(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	x := answeredExchange(t, college, debts)
	entries, err := college.node.Entries(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Key == string(x.Request.Case) || e.Key == string(x.ID) && e.Exchange != string(x.ID) {
			t.Errorf("entry %d (%s) is sealed under %s", e.Index, e.Kind, e.Key)
		}
	}
}

// Of one case it can be asked how long it is kept, or what that waits for; and why
// somebody was added to it stays with it.
func TestKeepCase(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, ctx := w.members[0], t.Context()
	c := investigated(t, college)
	keep, err := college.node.KeepCase(ctx, c.ID, c.Own.Capacity)
	if err != nil || !keep.Due.IsZero() || !slices.Contains(keep.Waits, exchange.ClientInformed) {
		t.Errorf("before: %+v, %v", keep, err)
	}
	if _, err := college.node.RecordMoment(ctx, requester, c.ID, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	keep, err = college.node.KeepCase(ctx, c.ID, c.Own.Capacity)
	if err != nil || !keep.Due.Equal(today().AddDate(2, 0, 0)) {
		t.Errorf("after: %+v, %v", keep, err)
	}
	if _, err := college.node.KeepCase(ctx, c.ID, "coordination"); !isFault(err, peer.UnknownCase) {
		t.Errorf("under another hat: %v", err)
	}
	sister := exchange.Person{
		Standing: exchange.Family, Name: exchange.Hide("G. Fictief"), Born: exchange.Hide("1990-01-02"), Address: exchange.Hide("Sluisweg 12"), Why: exchange.Hide("she lives there"),
	}
	if _, err := college.node.Admit(ctx, requester, c.ID, sister); err != nil {
		t.Fatal(err)
	}
	sister.Why, sister.Agreed = exchange.Personal{}, today()
	if _, err := college.node.Admit(ctx, requester, c.ID, sister); err != nil {
		t.Fatal(err)
	}
	seen, err := college.node.ViewCase(ctx, requester, c.ID)
	if err != nil || len(seen.People) != 2 || seen.People[1].Why.Reveal() != "she lives there" || !seen.People[1].Agreed.Equal(today()) {
		t.Errorf("the people are %d, %v", len(seen.People), err)
	}
}

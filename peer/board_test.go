package peer_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// boardIsStore holds what the board shows of a member to what his store holds.
// Receipts still come in between the two looks: it looks again until it is quiet.
func boardIsStore(t *testing.T, m *member) {
	t.Helper()
	difference := ""
	for range 100 {
		if difference = boardDiffers(t, m); difference == "" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(difference)
}

func boardDiffers(t *testing.T, m *member) string {
	t.Helper()
	ctx := t.Context()
	for _, c := range m.party.Capacities {
		shown, err := m.node.Overview(ctx, peer.Filter{Hat: c.Code})
		if err != nil {
			t.Fatal(err)
		}
		var stored []string
		for f := (peer.Filter{Hat: c.Code}); ; {
			page, next, err := m.node.List(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page {
				stored = append(stored, fmt.Sprintf("%+v", s))
			}
			if f.After = next; next == "" {
				break
			}
		}
		slices.Reverse(stored)
		var on []string
		for _, s := range shown {
			on = append(on, fmt.Sprintf("%+v", s))
		}
		if !slices.Equal(on, stored) {
			return fmt.Sprintf("%s: the board shows\n%v\nand the store holds\n%v", m.party.Name, on, stored)
		}
		if difference := shortcutDiffers(t, m, c.Code, shown); difference != "" {
			return difference
		}
		var cases, kept []peer.CaseSummary
		for before := exchange.ID(""); ; {
			page, next, err := m.node.LatestCases(ctx, c.Code, false, before, 2)
			if err != nil {
				t.Fatal(err)
			}
			cases = append(cases, page...)
			if before = next; next == "" {
				break
			}
		}
		for after := ""; ; {
			page, next, err := m.node.Cases(ctx, c.Code, after, 0)
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, page...)
			if after = next; next == "" {
				break
			}
		}
		slices.Reverse(kept)
		if !slices.Equal(cases, kept) {
			return fmt.Sprintf("%s: the board shows cases\n%v\nand the store holds\n%v", m.party.Name, cases, kept)
		}
	}
	return ""
}

// shortcutDiffers holds each shorter way to the exchanges of a capacity to all of
// them: those that are open, those of one case, and all by when they changed.
func shortcutDiffers(t *testing.T, m *member, hat exchange.CapacityCode, all []peer.Summary) string {
	t.Helper()
	ids := func(picked []peer.Summary) (ids []exchange.ID) {
		for _, s := range picked {
			ids = append(ids, s.ID)
		}
		return ids
	}
	compare := func(f peer.Filter, picks func(peer.Summary) bool) string {
		t.Helper()
		shown, err := m.node.Overview(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(slices.Clone(all), func(s peer.Summary) bool { return !picks(s) })
		if !slices.Equal(ids(shown), ids(want)) {
			return fmt.Sprintf("%s: %+v shows\n%v\nand not\n%v", m.party.Name, f, ids(shown), ids(want))
		}
		return ""
	}
	if d := compare(peer.Filter{Hat: hat, Open: true}, func(s peer.Summary) bool { return !s.Phase.Ended() || s.Asked > 0 }); d != "" {
		return d
	}
	for _, one := range all {
		if d := compare(peer.Filter{Hat: hat, Case: one.Case}, func(s peer.Summary) bool { return s.Case == one.Case }); d != "" {
			return d
		}
	}
	var changed []peer.Summary
	if err := m.node.EachChange(t.Context(), peer.Filter{Hat: hat}, time.Time{}, func(s *peer.Summary) bool {
		changed = append(changed, *s)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(changed, func(a, b peer.Summary) int { return b.Changed.Compare(a.Changed) }) || len(changed) != len(all) {
		return fmt.Sprintf("%s: of %d exchanges %d are shown by when they changed: %+v", m.party.Name, len(all), len(changed), changed)
	}
	if len(changed) > 0 {
		since, n := changed[0].Changed, 0
		if err := m.node.EachChange(t.Context(), peer.Filter{Hat: hat}, since, func(s *peer.Summary) bool {
			n++
			return !s.Changed.Before(since)
		}); err != nil {
			t.Fatal(err)
		}
		if n == 0 || changed[n-1].Changed.Before(since) {
			return fmt.Sprintf("%s: %d changed since the last change", m.party.Name, n)
		}
	}
	return ""
}

// The board shows what the store holds, whatever happened between two looks: a
// request that comes and goes on, cases that open and close, a dossier that is
// destroyed, a restart.
func TestBoardIsTheStore(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	both := func() {
		t.Helper()
		boardIsStore(t, college)
		boardIsStore(t, debts)
	}
	both()
	first := answeredExchange(t, college, debts)
	both()
	second, err := ask(t.Context(), college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	both()
	debts.wait(second.ID, exchange.Weighing)
	both()
	// Who it was given to leaves: it is free again.
	gone := exchange.Actor{ID: "e.weg", Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: exchange.Professional, Capacity: debts.party.Capacities[0].Code}}}
	if err := debts.node.AddStaff(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if _, err := debts.node.Assign(t.Context(), professional, second.ID, gone.ID, exchange.Hide("is er vandaag")); err != nil {
		t.Fatal(err)
	}
	both()
	if _, err := debts.node.RemoveStaff(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	both()
	work, err := debts.node.Overview(t.Context(), peer.Filter{Open: true, Side: exchange.Supplier})
	if err != nil || len(work) != 1 || work[0].ID != second.ID || work[0].Assigned != "" {
		t.Errorf("open is %+v, %v", work, err)
	}
	if _, err := college.node.Withdraw(t.Context(), requester, second.ID); err != nil {
		t.Fatal(err)
	}
	debts.wait(second.ID, exchange.Withdrawn)
	both()
	if _, err := college.node.CloseCase(t.Context(), requester, second.Request.Case); err != nil {
		t.Fatal(err)
	}
	both()
	open, _, err := college.node.LatestCases(t.Context(), "investigation", true, "", 0)
	if err != nil || slices.ContainsFunc(open, func(c peer.CaseSummary) bool { return c.ID == second.Request.Case }) || len(open) == 0 {
		t.Errorf("open are %v, %v", open, err)
	}
	if _, err := college.node.RecordMoment(t.Context(), requester, first.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	if n, err := college.node.Sweep(t.Context()); err != nil || n == 0 {
		t.Fatalf("swept %d, %v", n, err)
	}
	boardIsStore(t, college)
	if all, err := college.node.Overview(t.Context(), peer.Filter{Hat: "investigation"}); err != nil || slices.ContainsFunc(all, func(s peer.Summary) bool { return s.ID == first.ID }) {
		t.Errorf("what was destroyed is still shown: %v, %v", all, err)
	}
	college.stop()
	college.start()
	boardIsStore(t, college)
}

// Who looks while others write sees whole rows, and all of them in the end.
func TestBoardWhileWriting(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				if _, err := ask(t.Context(), college.node, requester, question(t)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	stop := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := debts.node.Overview(t.Context(), peer.Filter{Hat: debts.party.Capacities[0].Code}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	group.Wait()
	college.settle()
	close(stop)
	looking.Wait()
	college.until("all are shown", func() bool {
		all, err := debts.node.Overview(t.Context(), peer.Filter{Hat: debts.party.Capacities[0].Code})
		return err == nil && len(all) == 20
	})
	boardIsStore(t, college)
	boardIsStore(t, debts)
}

package peer_test

import (
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// What is open is counted on both sides, what is past its term as well, and what
// was answered or waits for a reply is not.
func TestWorkload(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	ctx := t.Context()
	asks, answers := w.members[0], w.members[1]
	load := func(m *member) peer.Workload {
		t.Helper()
		got, err := m.node.Workload(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	open := func(m *member, side exchange.Side, phase exchange.Phase, want int) {
		t.Helper()
		m.until("it is counted", func() bool {
			all := 0
			got := load(m)
			for _, n := range got.Open {
				all += n
			}
			return got.Open[peer.Standing{Side: side, Phase: phase}] == want && all == want
		})
	}
	if got := load(answers); len(got.Open) != 7 || got.Overdue[exchange.Supplier] != 0 {
		t.Errorf("at first: %+v", got)
	}
	x, err := ask(ctx, asks.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	y, err := ask(ctx, asks.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	open(asks, exchange.Asker, exchange.Delivered, 2)
	open(answers, exchange.Supplier, exchange.Weighing, 2)
	if got := load(answers).Overdue[exchange.Supplier]; got != 0 {
		t.Errorf("%d are overdue at once", got)
	}
	w.ahead.Store(int64(300 * 24 * time.Hour))
	for m, side := range map[*member]exchange.Side{asks: exchange.Asker, answers: exchange.Supplier} {
		if got := load(m).Overdue; got[side] != 2 || got[exchange.Asker]+got[exchange.Supplier] != 2 {
			t.Errorf("past the term: %v", got)
		}
	}
	w.ahead.Store(0)
	for _, id := range []exchange.ID{x.ID, y.ID} {
		if _, err := answers.node.Decide(ctx, professional, id, verdict()); err != nil {
			t.Fatal(err)
		}
	}
	asks.wait(y.ID, exchange.Answered)
	open(asks, exchange.Asker, exchange.Delivered, 0)
	open(answers, exchange.Supplier, exchange.Weighing, 0)
	w.ahead.Store(int64(300 * 24 * time.Hour))
	if got := load(answers).Overdue[exchange.Supplier]; got != 0 {
		t.Errorf("%d are overdue that were answered", got)
	}
}

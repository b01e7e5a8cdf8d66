package peer_test

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A clock can be set wrong while its node runs.
func (m *member) clock() (off *atomic.Int64, log *syncBuffer) {
	m.stop()
	off, log = &atomic.Int64{}, &syncBuffer{}
	m.options.Now = func() time.Time { return time.Now().Add(time.Duration(off.Load() + m.world.ahead.Load())) }
	m.options.Log = slog.New(slog.NewTextHandler(log, nil))
	m.start()
	return off, log
}

// said are the codes of what a node finds about itself.
func (m *member) said() string {
	checks, err := m.node.Diagnose(m.world.t.Context())
	if err != nil {
		m.world.t.Fatal(err)
	}
	return strings.Join(codesOf(checks), " ")
}

const hours = int64(3 * time.Hour)

// The clock of either node may be hours wrong: no message is given up for it,
// both say so, and all arrives when the clock was set.
func TestClocksDiffer(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	ours, log := college.clock()
	theirs, _ := debts.clock()
	w.ahead.Store(hours + hours/3) // the keys are older than what the clocks differ

	t.Run("the addressee is behind", func(t *testing.T) {
		theirs.Store(-hours)
		ids := college.asksMore(1)
		college.until("it waits for the clock", func() bool { return college.waitsFor("message-clock") })
		if ahead, compared := college.node.Clock(); compared != 1 || (ahead-3*time.Hour).Abs() > time.Minute {
			t.Errorf("ahead by %v of %d", ahead, compared)
		}
		if said := college.said(); !strings.Contains(said, "clock-ahead") {
			t.Errorf("found %s", said)
		}
		if strings.Count(log.String(), "our clock differs") != 1 || !strings.Contains(log.String(), "ahead=3h0m0s") && !strings.Contains(log.String(), "ahead=3h0m1s") {
			t.Errorf("the log says\n%s", log.String())
		}
		theirs.Store(0)
		debts.arrived(ids)
		college.settle()
		if strings.Count(log.String(), "agrees with those of partners again") != 1 {
			t.Errorf("the log says\n%s", log.String())
		}
		if said := college.said(); !strings.Contains(said, "clock-ok") {
			t.Errorf("found %s", said)
		}
		reconciled(t, college, debts)
	})
	t.Run("the sender is behind", func(t *testing.T) {
		ours.Store(-hours)
		ids := college.asksMore(1)
		debts.arrived(ids) // by its clock the message is old, and holds
		college.until("the receipt is of the future", func() bool { return college.waitsFor("message-clock") })
		if said := college.said(); !strings.Contains(said, "clock-late") {
			t.Errorf("found %s", said)
		}
		ours.Store(0)
		college.settle()
		college.wait(ids[0], exchange.Delivered)
	})
	t.Run("the sender is ahead", func(t *testing.T) {
		ours.Store(hours)
		ids := college.asksMore(1)
		college.until("it waits for the clock", func() bool { return college.waitsFor("message-clock") })
		ours.Store(0)
		if said := college.said(); strings.Contains(said, "outbox-ends") {
			t.Errorf("found %s", said)
		}
		w.ahead.Add(hours) // what was signed in the future holds when that has come
		debts.arrived(ids)
		college.settle()
	})
}

// While the clock is known to be wrong nothing is destroyed: that can't be made
// good.
func TestNothingIsDestroyedByAWrongClock(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	x := answeredExchange(t, college, debts)
	if _, err := college.node.RecordMoment(t.Context(), requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	ours, log := college.clock()
	ours.Store(int64(2*time.Hour) + int64(5*time.Minute))
	college.asksMore(1)
	college.until("the clock is found out", func() bool { ahead, n := college.node.Clock(); return n > 0 && ahead > time.Hour })
	college.node.SweepNow()
	college.until("the sweep is put off", func() bool { return strings.Contains(log.String(), "nothing is destroyed") })
	ours.Store(0)
	debts.settle()
}

// One partner whose clock is wrong does not make ours wrong.
func TestMiddleOfClocks(t *testing.T) {
	for _, c := range []struct {
		sorted []time.Duration
		want   time.Duration
	}{
		{nil, 0}, {[]time.Duration{3}, 3}, {[]time.Duration{0, 3}, 0}, {[]time.Duration{-3, 0}, 0}, {[]time.Duration{-9, 1, 2}, 1}, {[]time.Duration{1, 2, 3, 900}, 2},
	} {
		if got := peer.Middle(c.sorted); got != c.want {
			t.Errorf("%v: %v, want %v", c.sorted, got, c.want)
		}
	}
}

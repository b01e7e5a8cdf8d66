package peer_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
)

// meanwhile makes something happen when a node looks at its clock for the n'th time from
// now on: in the midst of what it is doing then.
type meanwhile struct {
	left atomic.Int64
	do   func()
}

func (m *meanwhile) at(n int64, do func()) {
	m.do = do
	m.left.Store(n)
}

// clock is that of a member, with what happens meanwhile. A member that runs looks at
// it for its duties too: then it happens a little earlier or later. And it looks at it
// while it holds what the other needs: then it goes on after a moment.
func (m *meanwhile) clock(of *member) {
	now := of.options.Now
	of.options.Now = func() time.Time {
		if m.left.Load() > 0 && m.left.Add(-1) == 0 {
			done := make(chan struct{})
			go func() { defer close(done); m.do() }()
			select {
			case <-done:
			case <-time.After(300 * time.Millisecond):
			}
		}
		return now()
	}
}

// A message that comes in twice at once, since its sender gave up waiting for the first
// reply, is taken twice and handled once: the second is not refused for what the first
// has just done.
func TestSameMessageTwiceAtOnce(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, target := w.members[0], w.members[1]
	f := forge(t, w, college)
	target.stop()
	var m meanwhile
	m.clock(target)
	target.start()
	if _, code := f.asks(target); code != "" { // from then on it takes his messages
		t.Fatalf("refused with %s", code)
	}
	receive := func(at int64, sealed []byte) {
		t.Helper()
		again := make(chan error, 1)
		m.at(at, func() {
			_, err := target.node.Receive(t.Context(), college.entry.Peer, sealed)
			again <- err
		})
		if _, err := target.node.Receive(t.Context(), college.entry.Peer, sealed); err != nil {
			t.Errorf("while it was handled elsewhere, at %d: %v", at, err)
		}
		if m.left.Swap(0) > 0 {
			return // the clock is not looked at so often
		}
		if err := <-again; err != nil {
			t.Errorf("elsewhere, at %d: %v", at, err)
		}
	}
	for at := range int64(8) {
		e := f.envelope(exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"}, freshID())
		r := question(t)
		r.ID, r.Case, r.Due = e.Exchange, freshID(), time.Now().Add(24*time.Hour)
		asked, err := wire.SignRequest(e, r, f.keys.Signing)
		receive(at+1, f.seal(asked, err))
		back := f.envelope(e.To, e.Exchange)
		back.Follows = asked.Digest
		receive(at+1, f.seal(wire.SignWithdrawal(back, f.keys.Signing)))
		target.wantKinds(e.Exchange, exchange.RequestReceived, exchange.WithdrawalReceived)
	}
}

// A hold that is placed while a sweep is under way, which looked at the holds before, is
// kept or refused: never said to be there, and the dossier gone.
func TestHoldWhileSweeping(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college := w.members[0]
	college.hireOfficer()
	x := answeredExchange(t, college, w.members[1])
	if _, err := college.node.RecordMoment(t.Context(), requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	college.stop()
	var m meanwhile
	m.clock(college)
	college.open()
	defer college.node.Close()
	w.ahead.Store(int64(time.Until(today().AddDate(2, 1, 0))))
	placed := make(chan error, 1)
	m.at(2, func() { // when it has looked at all that is kept
		_, err := college.node.PlaceHold(t.Context(), officer, x.Request.Case, exchange.Hide("a complaint"), today().AddDate(2, 6, 0))
		placed <- err
	})
	if _, err := college.node.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := <-placed
	_, view := college.node.ViewCase(t.Context(), requester, x.Request.Case)
	if err == nil && view != nil || err != nil && !isFault(err, peer.Destroyed) {
		t.Errorf("the hold: %v; the case: %v", err, view)
	}
}

// A backup and a sweep may write the list of what was destroyed at the same time: one
// after the other.
func TestListsOfDestroyedAtOnce(t *testing.T) {
	w := newWorld(t, municipality)
	errs := make(chan error)
	for range 4 {
		go func() {
			var all error
			for range 25 {
				all = errors.Join(all, w.members[0].node.ListDestroyed())
			}
			errs <- all
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

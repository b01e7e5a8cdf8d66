package console

import (
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// Each request stands in the lane of who was asked, from when it was asked until it
// was answered; what goes on ends at today and shows by when it is due.
func TestSwim(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, office)
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	housing := exchange.PartyID{OIN: "00000099000005005000", Capacity: "housing"}
	school := exchange.PartyID{OIN: "00000099000006006000", Capacity: "school"}
	v := &visit{c: &Console{now: func() time.Time { return now }}}
	if got := v.swim(nil); got.High != 0 {
		t.Errorf("of nothing %+v is drawn", got)
	}
	p := v.swim([]peer.Summary{
		{To: housing, Begun: day(-20), Answered: day(-10), Changed: day(-1), Due: day(-6), Phase: exchange.Answered},
		{To: school, Begun: day(-10), Due: day(10), Phase: exchange.Delivered},
		{To: housing, Begun: day(-5), Due: day(-2), Phase: exchange.Delivered},
		{To: school, Begun: day(-9), Changed: day(-8), Phase: exchange.Rejected},
	})
	if len(p.Lanes) != 2 || len(p.Lanes[0].Bars) != 2 || len(p.Lanes[1].Bars) != 2 {
		t.Fatalf("lanes %+v", p.Lanes)
	}
	answered, late := p.Lanes[0].Bars[0], p.Lanes[0].Bars[1]
	open, rejected := p.Lanes[1].Bars[0], p.Lanes[1].Bars[1]
	within := func(got, want int) bool { return got >= want-3 && got <= want+3 }
	if !within(answered.X+answered.Wide, open.X) { // both ten days ago
		t.Errorf("answered ten days ago ends at %d, asked ten days ago begins at %d", answered.X+answered.Wide, open.X)
	}
	if !within(open.X+open.Wide, p.Now) || !within(late.X+late.Wide, p.Now) {
		t.Errorf("what goes on ends at %d and %d, and now is at %d", open.X+open.Wide, late.X+late.Wide, p.Now)
	}
	if open.Due <= p.Now || late.Due != 0 || answered.Due != 0 || open.SayX <= open.Due {
		t.Errorf("due at %d, %d and %d", open.Due, late.Due, answered.Due)
	}
	if answered.Mark != "yes" || rejected.Mark != "no" || open.Mark == answered.Mark {
		t.Errorf("marks %q, %q, %q", answered.Mark, rejected.Mark, open.Mark)
	}
	for _, l := range p.Lanes {
		for _, b := range l.Bars {
			if b.X < swimFrom || b.X+b.Wide > swimTo || b.Y+barHigh > p.High || b.Wide < barLeast {
				t.Errorf("%+v stands outside the picture", b)
			}
		}
	}
	if len(p.Days) < 2 || p.Days[0].X != swimFrom {
		t.Errorf("days %+v", p.Days)
	}
}

package console

import (
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A swim is the progress of all requests of a case in one picture: a lane for each
// party that was asked, time from left to right. The table below it says the same.
type swim struct {
	High  int
	Foot  int // where the lanes end; below it stands which day is today
	Lanes []swimLane
	Days  []swimDay
	Now   int // where today is
}

// A swimLane is what was asked of one party.
type swimLane struct {
	To     exchange.PartyID
	Y, Mid int
	Bars   []swimBar
}

// A swimBar is one request, from when it was asked until it was answered, or until
// now.
type swimBar struct {
	peer.Summary
	X, Y, Wide int
	Mark       string // by which it is coloured: "yes", "no", "part", or "" while it goes on
	SayX       int    // where its word stands
	Due        int    // where it must be answered; 0 where that does not matter any more
}

// A swimDay is a day on the axis.
type swimDay struct {
	X    int
	Day  time.Time
	Last bool
}

const (
	swimFrom, swimTo = 232, 820 // of time; behind it is room for a word
	swimTop          = 44
	barHigh, barRoom = 16, 34
	swimDays         = 5 // days that are named on the axis
	barLeast         = 8
)

// swim draws the requests of a case.
func (v *visit) swim(all []peer.Summary) swim {
	if len(all) == 0 {
		return swim{}
	}
	now := v.c.now()
	first, last := now, now
	for _, s := range all {
		if s.Begun.Before(first) {
			first = s.Begun
		}
		if !s.Phase.Ended() && s.Due.After(last) {
			last = s.Due
		}
	}
	first, last = dayOf(first), dayOf(last).AddDate(0, 0, 1)
	at := func(t time.Time) int {
		return swimFrom + int(float64(swimTo-swimFrom)*t.Sub(first).Seconds()/last.Sub(first).Seconds())
	}
	p := swim{Now: at(now)}
	for i := range swimDays {
		day := dayOf(first.Add(last.Sub(first) / swimDays * time.Duration(i)))
		if len(p.Days) == 0 || !p.Days[len(p.Days)-1].Day.Equal(day) {
			p.Days = append(p.Days, swimDay{X: at(day), Day: day})
		}
	}
	y := swimTop
	for _, s := range all {
		i := slices.IndexFunc(p.Lanes, func(l swimLane) bool { return l.To == s.To })
		if i < 0 {
			i = len(p.Lanes)
			p.Lanes = append(p.Lanes, swimLane{To: s.To})
		}
		end := now
		if s.Phase.Ended() {
			if end = s.Answered; end.IsZero() {
				end = s.Changed
			}
		}
		b := swimBar{Summary: s, X: at(s.Begun), Mark: swimMark(s)}
		b.Wide = max(barLeast, at(end)-b.X)
		b.SayX = b.X + b.Wide + 10
		if !s.Phase.Ended() && s.Due.After(now) {
			b.Due = at(s.Due)
			b.SayX = b.Due + 14
		}
		p.Lanes[i].Bars = append(p.Lanes[i].Bars, b)
	}
	for i := range p.Lanes {
		l := &p.Lanes[i]
		l.Y, l.Mid = y, y+barRoom*len(l.Bars)/2+5
		for n := range l.Bars {
			l.Bars[n].Y = y + barRoom*n + (barRoom-barHigh)/2
		}
		y += barRoom * len(l.Bars)
	}
	p.Foot, p.High = y+4, y+24
	return p
}

// dayOf is when a day begins, on the clock of the office.
func dayOf(t time.Time) time.Time {
	t = t.In(office)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, office)
}

func swimMark(s peer.Summary) string {
	switch s.Phase {
	case exchange.Answered:
		return "yes"
	case exchange.Refused, exchange.Rejected, exchange.Expired:
		return "no"
	case exchange.Clarifying:
		return "part"
	case exchange.Withdrawn:
		return ""
	}
	return "source"
}

package console

import (
	"sluis/exchange"
	"sluis/ledger/audit"
)

// A picture of who asked whom: the party whose ledger it is in the middle, who
// asked it at the left, whom it asked at the right. Beside each stands a bar of
// what came of it. The same stands in a table.
type picture struct {
	Name        string // in the middle
	High, Mid   int
	Left, Right []lane
	// MoreLeft and MoreRight are parties that have no room; the table has them.
	MoreLeft, MoreRight int
}

// A lane is one party in the picture.
type lane struct {
	audit.Flow
	Name string
	Y    int
	BarX int
	Bars []bar
}

// A bar is a part of what was asked, as wide as its share.
type bar struct {
	X, Wide int
	Mark    string // by which it is coloured: "yes", "no" or ""
	N       int
}

const (
	lanesShown = 8
	laneHigh   = 92
	barWide    = 232
)

func drawFlows(r *audit.Report, flows []audit.Flow) picture {
	p := picture{Name: r.Name(r.Head.OIN)}
	place := func(side []lane, more *int, f audit.Flow, other exchange.PartyID, x int) []lane {
		if len(side) == lanesShown {
			*more++
			return side
		}
		return append(side, lane{Flow: f, Name: r.Name(other.OIN), Y: 20 + laneHigh*len(side), BarX: x, Bars: bars(f, x)})
	}
	for _, f := range flows {
		if f.To.OIN == r.Head.OIN {
			p.Left = place(p.Left, &p.MoreLeft, f, f.From, 14)
		} else {
			p.Right = place(p.Right, &p.MoreRight, f, f.To, 754)
		}
	}
	p.High = 40 + laneHigh*max(len(p.Left), len(p.Right), 1)
	if p.MoreLeft+p.MoreRight > 0 {
		p.High += 20
	}
	p.Mid = (20 + laneHigh*max(len(p.Left), len(p.Right), 1)) / 2
	return p
}

// bars divide what was asked by what came of it.
func bars(f audit.Flow, x int) (all []bar) {
	end := x + barWide
	for _, b := range []bar{{Mark: "yes", N: f.Supplied}, {Mark: "no", N: f.Withheld}, {N: f.Asked - f.Supplied - f.Withheld}} {
		if b.N == 0 {
			continue
		}
		b.X, b.Wide = x, min(max(barWide*b.N/f.Asked, 22), end-x)
		x += b.Wide
		all = append(all, b)
	}
	if len(all) > 0 {
		all[len(all)-1].Wide = end - all[len(all)-1].X
	}
	return all
}

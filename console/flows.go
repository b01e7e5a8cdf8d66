package console

import "sluis/ledger/audit"

// A flowChart shows who asked whom: the party whose ledger it is in the middle, who
// asked it at the left, whom it asked at the right. Beside each stands a bar of
// what came of it. The same stands in a table.
type flowChart struct {
	Name                 string // in the middle
	High, MidX, MidY     int
	LeftEnd, RightBegins int // where the lanes end and begin
	Left, Right          []flowLane
	// MoreLeft and MoreRight are parties that have no room; the table has them.
	MoreLeft, MoreRight int
}

// A flowLane is one party in the picture.
type flowLane struct {
	audit.Flow
	Name       string
	X, Y, Wide int
	Bars       []flowBar
}

// A flowBar is a part of what was asked, as wide as its share.
type flowBar struct {
	X, Wide int
	Mark    string // by which it is coloured: "yes", "no" or ""
	N       int
	Said    bool // there is room for a word beside the number
}

const (
	flowWide   = 1000
	midWide    = 220
	lanesShown = 8
	laneHigh   = 92
	lanePad    = 14
	sayFrom    = 104 // the width in which a number and a word fit
)

func drawFlows(r *audit.Report, flows []audit.Flow) flowChart {
	p := flowChart{Name: r.Name(r.Head.OIN)}
	for _, f := range flows {
		side, more, other := &p.Right, &p.MoreRight, f.To
		if f.To.OIN == r.Head.OIN {
			side, more, other = &p.Left, &p.MoreLeft, f.From
		}
		if len(*side) == lanesShown {
			*more++
			continue
		}
		*side = append(*side, flowLane{Flow: f, Name: r.Name(other.OIN), Y: 20 + laneHigh*len(*side)})
	}
	// Three columns, or two where one side is empty.
	wide, begins := 262, flowWide-262
	p.MidX = (flowWide - midWide) / 2
	switch {
	case len(p.Left) == 0:
		wide, begins, p.MidX = 480, flowWide-480, 60
	case len(p.Right) == 0:
		wide, p.MidX = 480, flowWide-60-midWide
	}
	p.LeftEnd, p.RightBegins = wide, begins
	for i := range p.Left {
		p.Left[i].place(0, wide)
	}
	for i := range p.Right {
		p.Right[i].place(begins, wide)
	}
	p.High = 20 + laneHigh*max(len(p.Left), len(p.Right), 1)
	p.MidY = p.High / 2
	if p.MoreLeft+p.MoreRight > 0 {
		p.High += 30
	}
	return p
}

// place puts a lane in its column and divides its bar by what came of what was
// asked.
func (l *flowLane) place(x, wide int) {
	l.X, l.Wide = x+1, wide-2
	at, end := l.X+lanePad, l.X+l.Wide-lanePad
	whole := end - at
	for _, b := range []flowBar{{Mark: "yes", N: l.Supplied}, {Mark: "no", N: l.Withheld}, {N: l.Asked - l.Supplied - l.Withheld}} {
		if b.N == 0 {
			continue
		}
		b.X, b.Wide = at, min(max(whole*b.N/l.Asked, 26), end-at)
		at += b.Wide
		l.Bars = append(l.Bars, b)
	}
	for i := range l.Bars {
		if i == len(l.Bars)-1 {
			l.Bars[i].Wide = end - l.Bars[i].X
		}
		l.Bars[i].Said = l.Bars[i].Wide >= sayFrom
	}
}

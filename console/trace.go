package console

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sluis/exchange"
)

// A traceRow is one time that data went from a party to another, or was asked to.
type traceRow struct {
	N          int
	From, To   exchange.PartyID
	Way        string // from whom to whom, in words
	Items      []exchange.ItemCode
	Purpose    exchange.PurposeCode // "" where we were not told
	At         time.Time
	Conditions []string // as sentences
	Word       string   // the key of how it stands
	Look       string   // yes, part or no
	Went       bool     // something arrived, or is on its way
}

// A tracePage is where the data of an exchange came from and went to, as far as
// this capacity knows: a picture, and the same as a table.
type tracePage struct {
	ID      exchange.ID
	Back    string
	Source  exchange.PartyID
	Rows    []traceRow
	Picture picture
}

// holderTrace shows the path of what we hold.
func holderTrace(v *visit) error {
	x, err := v.held()
	if err != nil {
		return err
	}
	return v.trace(x, answerOf(x))
}

// supplierTrace shows the path of what we supplied.
func supplierTrace(v *visit) error {
	a, err := v.read()
	if err != nil {
		return err
	}
	return v.trace(a.Exchange, "/werkbak/"+string(a.ID))
}

func (v *visit) trace(x exchange.Exchange, back string) error {
	if len(x.Given()) == 0 {
		return errNoPage
	}
	p := tracePage{ID: x.ID, Back: back, Source: x.Source()}
	var err error
	if p.Rows, err = v.traceRows(x); err != nil {
		return err
	}
	p.Picture = v.draw(p.Rows, x.Source(), x.Own())
	return v.show("passing-trace", v.word("trace.title"), p)
}

// traceRows gathers the steps of all items: what went together is one row.
func (v *visit) traceRows(x exchange.Exchange) (rows []traceRow, err error) {
	for _, item := range x.Given() {
		steps, err := x.Trace(item)
		if err != nil {
			return nil, err
		}
		bound := map[exchange.PartyID][]string{} // by what, who has it
		for n, s := range steps {
			r := traceRow{From: s.From, To: s.To, Purpose: s.Purpose, At: s.At, Word: "answered", Look: "yes", Went: true}
			switch {
			case s.Breach:
				r.Word, r.Look = "breach", "no"
			case s.State == exchange.PassingRejected || s.State == exchange.PassingExpired:
				r.Word, r.Look, r.Went = string(s.State), "no", false
			case s.State == exchange.PassingQueued || n == 0 && x.Phase == exchange.Decided:
				r.Word, r.Look = string(exchange.PassingQueued), "part"
			case s.State != "":
				r.Word = string(exchange.PassingDelivered)
			}
			r.Conditions = slices.Clone(bound[s.From])
			for _, c := range s.Conditions {
				r.Conditions = with(r.Conditions, v.sentence(exchange.Objection{By: s.From, Condition: c}))
			}
			if r.Went {
				bound[s.To] = r.Conditions
			}
			merge(&rows, r, item)
		}
	}
	far := distances(rows, x.Source())
	slices.SortStableFunc(rows, func(a, b traceRow) int { // some moments are known to the second only
		return cmp.Or(a.At.Truncate(time.Second).Compare(b.At.Truncate(time.Second)), cmp.Compare(far[a.From], far[b.From]))
	})
	rows = append(rows, v.wished(x)...)
	name := v.tellApart(rows)
	for i := range rows {
		r := &rows[i]
		r.N, r.Way = i+1, v.word("trace.step", "from", name(r.From), "to", name(r.To))
	}
	return rows, nil
}

// merge adds a step of an item to the row that it went with, or makes one.
func merge(rows *[]traceRow, r traceRow, item exchange.ItemCode) {
	at := slices.IndexFunc(*rows, func(o traceRow) bool {
		return o.From == r.From && o.To == r.To && o.Purpose == r.Purpose && o.At.Equal(r.At) && o.Word == r.Word
	})
	if at < 0 {
		at = len(*rows)
		*rows = append(*rows, r)
	}
	row := &(*rows)[at]
	row.Items = append(row.Items, item)
	row.Conditions = with(row.Conditions, r.Conditions...)
}

// with adds what is not there yet.
func with(all []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// wished are the requests for permission by which nothing went yet: of each party
// that asked, for one recipient and purpose, the last.
func (v *visit) wished(x exchange.Exchange) (rows []traceRow) {
	for n, p := range x.Permissions {
		again := slices.ContainsFunc(x.Permissions[n+1:], func(q exchange.PermissionRequest) bool {
			return q.Holder == p.Holder && q.Recipient == p.Recipient && q.Purpose == p.Purpose
		})
		went := slices.ContainsFunc(x.Passings, func(q exchange.Passing) bool {
			return q.From == p.Holder && q.To == p.Recipient && !q.At.Before(p.Asked.Truncate(time.Second)) &&
				!slices.ContainsFunc(p.Items, func(i exchange.ItemCode) bool { return !slices.Contains(q.Items, i) })
		})
		if again || went || p.State == exchange.PermissionFailed {
			continue
		}
		r := traceRow{From: p.Holder, To: p.Recipient, Purpose: p.Purpose, Items: p.Items, At: p.Asked, Word: string(p.State), Look: "part"}
		if p.State == exchange.PermissionDenied || p.State == exchange.PermissionWithdrawn {
			r.Look = "no"
		}
		rows = append(rows, r)
	}
	return rows
}

// tellApart names parties: where one organisation has two parts in it, with which
// of them it is.
func (v *visit) tellApart(rows []traceRow) func(exchange.PartyID) string {
	in := map[exchange.OIN]exchange.PartyID{}
	twice := map[exchange.OIN]bool{}
	for _, r := range rows {
		for _, id := range []exchange.PartyID{r.From, r.To} {
			if one, known := in[id.OIN]; known && one != id {
				twice[id.OIN] = true
			}
			in[id.OIN] = id
		}
	}
	return func(id exchange.PartyID) string {
		if twice[id.OIN] {
			return v.c.nameOf(id) + " (" + v.domainOf(id) + ")"
		}
		return v.c.nameOf(id)
	}
}

// distances is how many steps each party is from the source: first by what went,
// then by what was asked. Who is reached by neither stands beside the first.
func distances(rows []traceRow, source exchange.PartyID) map[exchange.PartyID]int {
	far := map[exchange.PartyID]int{source: 0}
	for _, went := range []bool{true, false} {
		for again := true; again; {
			again = false
			for _, r := range rows {
				from, known := far[r.From]
				if _, reached := far[r.To]; known && !reached && r.Went == went {
					far[r.To], again = from+1, true
				}
			}
		}
	}
	for _, r := range rows {
		if _, known := far[r.From]; !known {
			far[r.From] = 1
		}
		if _, known := far[r.To]; !known {
			far[r.To] = far[r.From] + 1
		}
	}
	return far
}

// A picture is a trace as it is drawn: a column per step from the source.
type picture struct {
	Width, Height int
	Lanes         []lane
	Boxes         []box
	Arrows        []arrow
}

type lane struct {
	X, Middle, Width int
	Key              string // of its heading
}

// A box is a party with what it has.
type box struct {
	party            exchange.PartyID
	column           int
	X, Y, Middle     int
	Width, Height    int
	Look             string
	Own              bool
	Lines            []line
	items            []exchange.ItemCode
	reached, offered bool
	when             time.Time
}

type line struct {
	Y    int
	Text string
	Look string // bold, quiet or text
}

// An arrow is what went from one box to another, once or more often.
type arrow struct {
	from, to int // boxes
	went     bool
	beside   bool // there is another between the same boxes
	out, in  int  // from the middle of the boxes where it begins and ends
	numbers  []string
	Look     string
	Path     string
	X, Y     int // of the middle of its pill
	Half     int // of the width of the pill
	Number   string
	Locked   bool // conditions hold
}

// What the picture measures, in its own units, in which letters are 14 high.
const (
	pictureWide = 1150
	laneHead    = 48
	boxGap      = 34
	boxPad      = 16
	lineHigh    = 19
	letterWide  = 7.2
	boldWide    = 8.0
	itemsShown  = 4
	arrowGap    = 30
	lockWide    = 18
)

// draw lays the rows out: parties in columns by how far they are from the source.
func (v *visit) draw(rows []traceRow, source, own exchange.PartyID) (p picture) {
	far, columns := distances(rows, source), 1
	at := func(id exchange.PartyID) int {
		for i := range p.Boxes {
			if p.Boxes[i].party == id {
				return i
			}
		}
		p.Boxes = append(p.Boxes, box{party: id, column: far[id], Own: id == own})
		columns = max(columns, far[id]+1)
		return len(p.Boxes) - 1
	}
	p.Boxes[at(source)].Look = "source"
	for _, r := range rows {
		from, to := at(r.From), at(r.To)
		for _, b := range []*box{&p.Boxes[from], &p.Boxes[to]} {
			for _, i := range r.Items {
				if r.Went && !slices.Contains(b.items, i) && (b.column == 0 || b.party == r.To) {
					b.items = append(b.items, i)
				}
			}
		}
		if b := &p.Boxes[to]; b.Look != "source" {
			if b.Look == "" || !b.reached && r.Went || r.Look == "no" && r.Went {
				b.Look = r.Look
			}
			if b.when.IsZero() {
				b.when = r.At
			}
			b.reached, b.offered = b.reached || r.Went, true
		}
		p.arrow(from, to, r)
	}
	v.place(&p, columns)
	return p
}

// arrow adds a row to the arrow between two boxes: what went and what was only
// asked for are two.
func (p *picture) arrow(from, to int, r traceRow) {
	at := slices.IndexFunc(p.Arrows, func(a arrow) bool { return a.from == from && a.to == to && a.went == r.Went })
	if at < 0 {
		at = len(p.Arrows)
		p.Arrows = append(p.Arrows, arrow{from: from, to: to, went: r.Went, Look: r.Look})
		for i := range p.Arrows[:at] {
			if a := &p.Arrows[i]; a.from == from && a.to == to {
				a.beside, p.Arrows[at].beside = true, true
			}
		}
	}
	a := &p.Arrows[at]
	a.numbers = append(a.numbers, fmt.Sprint(r.N))
	a.Locked = a.Locked || len(r.Conditions) > 0
	if r.Look == "no" || a.Look == "yes" && r.Look == "part" {
		a.Look = r.Look
	}
}

// shortDay is a day without its year.
func shortDay(lang string, t time.Time) string {
	day := dayIn(lang, t)
	if cut := strings.LastIndexByte(day, ' '); cut > 0 {
		return day[:cut]
	}
	return day
}

// place gives every box, line and arrow its place.
func (v *visit) place(p *picture, columns int) {
	wide, gap := 260, 0
	switch {
	case columns <= 2:
		wide = 330
	case columns > 3:
		wide = 200
	}
	p.Width = pictureWide
	if columns > 1 {
		gap = (pictureWide - columns*wide) / (columns - 1)
	}
	if columns > 3 {
		gap = 120
		p.Width = columns*wide + (columns-1)*gap
	}
	heights := make([]int, columns)
	for i := range p.Boxes {
		b := &p.Boxes[i]
		b.X, b.Width = b.column*(wide+gap), wide
		b.Middle = b.X + wide/2
		v.fill(b)
		heights[b.column] += b.Height + boxGap
	}
	most := slices.Max(heights)
	next := make([]int, columns)
	for c := range next {
		next[c] = laneHead + (most-heights[c])/2 + boxGap/2
		key := "further"
		if c < 2 {
			key = []string{"source", "asker"}[c]
		}
		p.Lanes = append(p.Lanes, lane{X: c * (wide + gap), Middle: c*(wide+gap) + wide/2, Width: wide, Key: key})
	}
	for i := range p.Boxes {
		b := &p.Boxes[i]
		b.Y = next[b.column]
		next[b.column] += b.Height + boxGap
		for n := range b.Lines {
			b.Lines[n].Y += b.Y
		}
	}
	p.Height = laneHead + most + 8
	for i := range p.Boxes {
		p.spread(i, func(a *arrow) (int, int, *int) { return a.from, a.to, &a.out })
		p.spread(i, func(a *arrow) (int, int, *int) { return a.to, a.from, &a.in })
	}
	for i := range p.Arrows {
		p.bend(&p.Arrows[i])
	}
}

// spread sets the arrows apart that begin at a box, or end there, in the order of
// where they come from or go to, so that they do not cross. ends says of an arrow
// its near end, its far end, and what to set.
func (p *picture) spread(at int, ends func(*arrow) (int, int, *int)) {
	var all []*arrow
	for i := range p.Arrows {
		if near, _, _ := ends(&p.Arrows[i]); near == at {
			all = append(all, &p.Arrows[i])
		}
	}
	if len(all) < 2 {
		return
	}
	slices.SortStableFunc(all, func(a, b *arrow) int {
		_, farA, _ := ends(a)
		_, farB, _ := ends(b)
		if farA == farB { // what went is the upper one
			if a.went {
				return -1
			}
			return 1
		}
		return cmp.Compare(p.Boxes[farA].Y, p.Boxes[farB].Y)
	})
	gap := min(arrowGap, (p.Boxes[at].Height-2*boxPad)/(len(all)-1))
	for i, a := range all {
		_, _, off := ends(a)
		*off = gap*i - gap*(len(all)-1)/2
	}
}

// fill writes into a box who it is and what it has.
func (v *visit) fill(b *box) {
	y := boxPad + 13
	add := func(text, look string) {
		b.Lines = append(b.Lines, line{Y: y, Text: text, Look: look})
		y += lineHigh
	}
	room := float64(b.Width - 2*boxPad)
	for _, text := range wrap(v.c.nameOf(b.party), int(room/boldWide)) {
		add(text, "bold")
	}
	for _, text := range wrap(v.domainOf(b.party), int(room/letterWide)) {
		add(text, "quiet")
	}
	if b.Own {
		add(v.word("trace.own"), "quiet")
	}
	switch {
	case b.reached:
		add(v.word("trace.since", "day", shortDay(v.lang, b.when)), "quiet")
	case b.offered:
		add(v.word("trace.wished", "day", shortDay(v.lang, b.when)), "quiet")
	}
	y += 6
	switch {
	case b.offered && !b.reached:
		add(v.word("trace.nothing"), "text")
	default:
		for n, i := range b.items {
			if n == itemsShown && len(b.items) > itemsShown+1 {
				add(v.word("trace.more", "n", len(b.items)-n), "text")
				break
			}
			for k, text := range wrap(in(v.lang, v.c.item(i).Name), int(room/letterWide)-2) {
				if k == 0 {
					text = "• " + text
				} else {
					text = "\u2002" + text
				}
				add(text, "text")
			}
		}
	}
	b.Height = y - lineHigh + boxPad
}

// domainOf is the domain of the law in which a party works here.
func (v *visit) domainOf(id exchange.PartyID) string {
	find := func(all []exchange.Capacity) string {
		for _, c := range all {
			if c.Code == id.Capacity {
				d, _ := v.c.node.Law().Domain(c.Domain)
				return in(v.lang, d.Name)
			}
		}
		return ""
	}
	if reg := v.c.node.Register(); reg != nil {
		if p, ok := reg.Party(id.OIN); ok {
			return find(p.Capacities)
		}
	}
	return ""
}

// wrap cuts a text into lines of so many letters, at its spaces.
func wrap(text string, letters int) (lines []string) {
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last < 0 || utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) > letters {
			lines = append(lines, word)
			continue
		}
		lines[last] += " " + word
	}
	return lines
}

// Left and Wide are of the pill of its number.
func (a arrow) Left() int { return a.X - a.Half }

// Wide is how wide the pill is.
func (a arrow) Wide() int { return 2 * a.Half }

// Text is where the number stands, beside the lock if there is one.
func (a arrow) Text() int {
	if a.Locked {
		return a.X - lockWide/2 + 1
	}
	return a.X
}

// Lock is where the lock stands.
func (a arrow) Lock() int { return a.X + a.Half - lockWide - 5 }

// bend draws an arrow between its boxes, and finds the place of its number.
func (p *picture) bend(a *arrow) {
	from, to := p.Boxes[a.from], p.Boxes[a.to]
	a.Number = strings.Join(a.numbers, ", ")
	a.Half = 13 + 4*(utf8.RuneCountInString(a.Number)-1)
	if a.Locked {
		a.Half += lockWide / 2
	}
	x1, y1, x2, y2 := from.X+from.Width, from.Y+from.Height/2+a.out, to.X-3, to.Y+to.Height/2+a.in
	switch {
	case to.column > from.column:
		if n := y1 - y2; -4 < n && n < 4 {
			y1 = y2 // what is almost level, is level
		}
		bow := (x2 - x1) / 2
		a.Path = fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bow, y1, x2-bow, y2, x2, y2)
		t := 0.5
		if a.beside && a.went {
			t = 0.4
		} else if a.beside {
			t = 0.64
		}
		u := 1 - t
		a.X = int(u*u*u*float64(x1) + 3*u*u*t*float64(x1+bow) + 3*u*t*t*float64(x2-bow) + t*t*t*float64(x2))
		a.Y = int(u*u*(u+3*t)*float64(y1) + t*t*(t+3*u)*float64(y2))
	case to.column == from.column:
		x2 = to.X + to.Width + 3
		a.Path = fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+60, y1, x2+60, y2, x2, y2)
		a.X, a.Y = x1+46, (y1+y2)/2
		p.Width = int(math.Max(float64(p.Width), float64(a.X+60)))
	default: // back to somebody who had it before
		low := max(from.Y+from.Height, to.Y+to.Height)
		a.Path = fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from.Middle, from.Y+from.Height, from.Middle, low+70, to.Middle, low+70, to.Middle, to.Y+to.Height+3)
		a.X, a.Y = (from.Middle+to.Middle)/2, low+50
		p.Height = max(p.Height, low+110)
	}
}

package audit

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"

	"sluis/exchange"
)

// A picture of a comparison: a box per organisation on a circle, an arrow for
// what one passed to the other. It holds numbers, names of organisations and
// kinds of message, nothing of a person.

// A flow is all that one organisation sent to another.
type flow struct {
	from, to exchange.OIN
	label    string // how many of which kind
	amiss    string // what stands on one side only, "" for nothing
}

// flows joins the lines of a comparison per pair of organisations.
func (c *Comparison) flows() (all []flow) {
	for _, p := range c.Passed {
		i := slices.IndexFunc(all, func(f flow) bool { return f.from == p.From.OIN && f.to == p.To.OIN })
		if i < 0 {
			all, i = append(all, flow{from: p.From.OIN, to: p.To.OIN}), len(all)
		}
		f := &all[i]
		f.label = joined(f.label, fmt.Sprintf("%d %s", p.Both+p.One+p.Waiting+p.Unknown, p.Kind))
		if p.One > 0 {
			f.amiss = joined(f.amiss, fmt.Sprintf("%d %s on one side only", p.One, p.Kind))
		}
	}
	return all
}

func joined(before, more string) string {
	if before == "" {
		return more
	}
	return before + ", " + more
}

// A spot is an organisation in the picture.
type spot struct {
	oin     exchange.OIN
	name    string
	checked bool
	named   uint64 // findings that name it
	x, y    float64
}

func (c *Comparison) spots() (all []spot) {
	named := map[exchange.OIN]uint64{}
	for _, f := range c.Findings.Listed {
		named[f.Party]++
	}
	for _, p := range c.Parties {
		all = append(all, spot{oin: p.OIN, name: p.Name, checked: true, named: named[p.OIN]})
	}
	for _, u := range c.Unchecked {
		all = append(all, spot{oin: u.OIN, name: u.Name})
	}
	for i := range all {
		if all[i].name == "" {
			all[i].name = string(all[i].oin)
		}
		angle := 2*math.Pi*float64(i)/float64(len(all)) - math.Pi
		all[i].x, all[i].y = pictureWidth/2+340*math.Cos(angle), pictureHeight/2+230*math.Sin(angle)
	}
	return all
}

const (
	pictureWidth  = 1000
	pictureHeight = 640
	boxWidth      = 230
	boxHeight     = 56
)

// WriteSVG draws who passed what to whom.
func (c *Comparison) WriteSVG(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="13">`+"\n", pictureWidth, pictureHeight)
	b.WriteString(`<title>Who passed what to whom</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9" orient="auto"><path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
`)
	spots := c.spots()
	at := map[exchange.OIN]spot{}
	for _, s := range spots {
		at[s.oin] = s
	}
	for _, f := range c.flows() {
		f.draw(&b, at[f.from], at[f.to])
	}
	for _, s := range spots {
		s.draw(&b)
	}
	fmt.Fprintf(&b, `<text x="16" y="%d" fill="#555">Dashed box: no bundle was given, not checked. Red: stands on one side only, or a finding names the party.</text>`+"\n</svg>\n", pictureHeight-14)
	_, err := io.WriteString(w, b.String())
	return err
}

// draw bends an arrow to the right of the straight line, so that there and back
// lie apart, and writes what passed beside it.
func (f flow) draw(b *strings.Builder, from, to spot) {
	colour, label := "#1b5e8c", f.label
	if f.amiss != "" {
		colour = "#b00020"
	}
	dx, dy := to.x-from.x, to.y-from.y
	length := math.Hypot(dx, dy)
	if length == 0 { // two capacities of one organisation
		fmt.Fprintf(b, `<path d="M%.0f %.0f c-60 -80 60 -80 0 0" fill="none" stroke="%s" stroke-width="2" marker-end="url(#tip)"/>`, from.x, from.y-boxHeight/2, colour)
		fmt.Fprintf(b, `<text x="%.0f" y="%.0f" text-anchor="middle" fill="%s">%s</text>`+"\n", from.x, from.y-boxHeight-36, colour, html.EscapeString(label))
		return
	}
	bend := 46.0
	cx, cy := (from.x+to.x)/2-dy/length*bend, (from.y+to.y)/2+dx/length*bend
	x1, y1 := edge(from, cx, cy)
	x2, y2 := edge(to, cx, cy)
	fmt.Fprintf(b, `<path d="M%.0f %.0f Q%.0f %.0f %.0f %.0f" fill="none" stroke="%s" stroke-width="2" marker-end="url(#tip)"/>`, x1, y1, cx, cy, x2, y2, colour)
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" text-anchor="middle" fill="%s">%s</text>`, cx, cy, colour, html.EscapeString(label))
	if f.amiss != "" {
		fmt.Fprintf(b, `<text x="%.0f" y="%.0f" text-anchor="middle" font-weight="bold" fill="%s">%s</text>`, cx, cy+16, colour, html.EscapeString(f.amiss))
	}
	b.WriteByte('\n')
}

// edge is where the line from the middle of a box to a point leaves the box.
func edge(s spot, x, y float64) (float64, float64) {
	dx, dy := x-s.x, y-s.y
	scale := math.Inf(1)
	if dx != 0 {
		scale = min(scale, (boxWidth/2+4)/math.Abs(dx))
	}
	if dy != 0 {
		scale = min(scale, (boxHeight/2+4)/math.Abs(dy))
	}
	return s.x + dx*scale, s.y + dy*scale
}

func (s spot) draw(b *strings.Builder) {
	stroke, dash, fill, under := "#1b5e8c", "", "#eef5fa", string(s.oin)
	switch {
	case !s.checked:
		stroke, dash, fill, under = "#777", ` stroke-dasharray="6 4"`, "#f6f6f6", "not checked"
	case s.named > 0:
		stroke, fill, under = "#b00020", "#fdecee", fmt.Sprintf("%d findings name this party", s.named)
	}
	fmt.Fprintf(b, `<rect x="%.0f" y="%.0f" width="%d" height="%d" rx="6" fill="%s" stroke="%s" stroke-width="2"%s/>`,
		s.x-boxWidth/2, s.y-boxHeight/2, boxWidth, boxHeight, fill, stroke, dash)
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" text-anchor="middle" font-weight="bold">%s</text>`, s.x, s.y-4, html.EscapeString(shortened(s.name)))
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" text-anchor="middle" fill="#555">%s</text>`+"\n", s.x, s.y+16, html.EscapeString(under))
}

func shortened(name string) string {
	if r := []rune(name); len(r) > 30 {
		return string(r[:29]) + "…"
	}
	return name
}

// WriteDot writes the same for Graphviz.
func (c *Comparison) WriteDot(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph passed {\n  rankdir=LR; node [shape=box, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\"];\n")
	for _, s := range c.spots() {
		style := ""
		switch {
		case !s.checked:
			style = ", style=dashed"
		case s.named > 0:
			style = ", color=red"
		}
		fmt.Fprintf(&b, "  %s [label=%s%s];\n", quoted(string(s.oin)), quoted(s.name), style)
	}
	for _, f := range c.flows() {
		style, label := "", f.label
		if f.amiss != "" {
			style, label = ", color=red, fontcolor=red", label+"\n"+f.amiss
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", quoted(string(f.from)), quoted(string(f.to)), quoted(label), style)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// quoted is a string as Graphviz wants it.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

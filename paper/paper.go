// Package paper writes what a person gets in his hand: plain Dutch (B1), as a PDF.
//
// # How to read it
//
// access.go says in sentences what [exchange.Access] holds: a list of pieces, each
// a heading, a paragraph or a line. This file puts pieces on A4. The same values
// make the same bytes: the file tells nothing of the machine, and its date is that
// of the report.
//
// # What it must not do
//
// Choose what is told: that is decided in exchange, before a report comes here.
// Open a file, read a clock, or start a goroutine.
package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
)

// The fonts are DejaVu Sans 2.37: Latin with all its signs, Greek, Cyrillic and
// more; their licence is in fonts/LICENSE.
var (
	//go:embed fonts/DejaVuSans.ttf
	regular []byte
	//go:embed fonts/DejaVuSans-Bold.ttf
	bold []byte
)

// A look is how a piece stands on the page.
type look int

const (
	title look = iota
	heading
	body
	line // under the paragraph before it, indented
)

// A piece is a part of a document: a text, and a name before it.
type piece struct {
	look look
	name string
	text string
}

// A document is what is printed.
type document struct {
	title  string
	foot   string // before the number of the page
	made   time.Time
	pieces []piece
}

func (d *document) add(l look, text string) { d.pieces = append(d.pieces, piece{look: l, text: text}) }

func (d *document) head(text string) { d.add(heading, text) }

func (d *document) say(format string, args ...any) { d.add(body, fmt.Sprintf(format, args...)) }

// named adds a line with a name before it, where there is something to say.
func (d *document) named(name, text string) {
	if strings.TrimSpace(text) != "" {
		d.pieces = append(d.pieces, piece{look: line, name: name, text: text})
	}
}

// The measures of a page, in millimetres and points.
const (
	margin = 20.0
	indent = 6.0
	lead   = 5.2
	size   = 10.5
	family = "dejavu"
	// missing stands in the place of a sign that the fonts do not have.
	missing = '\u25a1'
)

// pdf puts a document on pages.
func (d document) pdf() ([]byte, error) {
	known, err := newCoverage(regular, bold)
	if err != nil {
		return nil, err
	}
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetProducer("Sluis", true)
	f.SetCreationDate(d.made.UTC())
	f.SetModificationDate(d.made.UTC())
	f.SetTitle(d.title, true)
	f.SetLang("nl-NL")
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(true, margin)
	f.AddUTF8FontFromBytes(family, "", regular)
	f.AddUTF8FontFromBytes(family, "B", bold)
	f.SetFooterFunc(func() {
		f.SetY(-15)
		f.SetFont(family, "", 8)
		f.CellFormat(0, 10, fmt.Sprintf("%sBladzijde %d", d.foot, f.PageNo()), "", 0, "C", false, 0, "")
	})
	f.AddPage()
	for _, p := range d.pieces {
		known.print(f, p)
	}
	if known.lost {
		f.Ln(lead)
		known.print(f, piece{look: body, text: "Sommige tekens kunnen wij niet afdrukken. Daar staat een vierkantje. In het JSON-bestand staan ze wel."})
	}
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, fmt.Errorf("paper: the document could not be made: %w", err)
	}
	return out.Bytes(), nil
}

// A coverage knows which signs can be printed.
type coverage struct {
	fonts  []*sfnt.Font
	buffer sfnt.Buffer
	lost   bool // a sign was replaced
}

func newCoverage(fonts ...[]byte) (*coverage, error) {
	c := &coverage{}
	for _, b := range fonts {
		font, err := sfnt.Parse(b)
		if err != nil {
			return nil, fmt.Errorf("paper: a font in the program is damaged: %w", err)
		}
		c.fonts = append(c.fonts, font)
	}
	return c, nil
}

// printable replaces what the fonts do not have. A sign beyond the basic plane
// is one that the PDF library can't write.
func (c *coverage) printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		if r == '\t' || r == '\u00a0' {
			return ' '
		}
		for _, font := range c.fonts {
			if i, err := font.GlyphIndex(&c.buffer, r); err != nil || i == 0 || r > 0xffff {
				c.lost = true
				return missing
			}
		}
		return r
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}

// print puts one piece on the page.
func (c *coverage) print(f *fpdf.Fpdf, p piece) {
	text := c.printable(p.text)
	switch p.look {
	case title:
		f.SetFont(family, "B", 18)
		f.MultiCell(0, 9, text, "", "L", false)
		f.Ln(3)
	case heading:
		f.Ln(4)
		_, height := f.GetPageSize()
		if f.GetY() > height-2.5*margin { // no heading at the foot of a page
			f.AddPage()
		}
		f.SetFont(family, "B", 12.5)
		f.MultiCell(0, 6.5, text, "", "L", false)
		f.Ln(1)
	case body:
		f.SetFont(family, "", size)
		f.MultiCell(0, lead, text, "", "L", false)
		f.Ln(1.5)
	case line:
		f.SetX(margin + indent)
		if p.name != "" {
			f.SetFont(family, "B", size)
			f.MultiCell(0, lead, c.printable(p.name), "", "L", false)
			f.SetX(margin + indent)
		}
		f.SetFont(family, "", size)
		f.MultiCell(0, lead, text, "", "L", false)
		f.Ln(1)
	}
}

var months = [...]string{
	"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december",
}

// day writes a day as people do.
func day(t time.Time) string {
	return fmt.Sprintf("%d %s %d", t.Day(), months[t.Month()-1], t.Year())
}

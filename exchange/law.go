package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// A Law is the catalogues in force: what may be asked for which purpose, which
// items exist, and on which grounds an item may be withheld. It is data that
// travels with the register, because the order in council under art. 2.3a.5
// Wmo 2015 changes it without a new release. A Law does not change once parsed
// and may be used by many at once.
type Law struct {
	purposes map[PurposeCode]Purpose
	items    map[ItemCode]Item
	grounds  map[GroundCode]Ground
}

// A Sentence is a short text in the languages of the screens.
type Sentence struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// A PurposeCode names a purpose in the purpose catalogue.
type PurposeCode string

// A Purpose (doel) says who may ask what of whom, on which article.
type Purpose struct {
	Code    PurposeCode `json:"code"`
	Article string      `json:"article"` // of the Wmo 2015 as amended
	Name    Sentence    `json:"name"`
	Explain Sentence    `json:"explain"`
	// Askers lists the tasks whose holders may ask for this purpose.
	Askers []TaskCode `json:"askers"`
	// Asked lists the domains whose parties may be asked.
	Asked []DomainCode `json:"asked"`
	// Categories lists what may be asked, ordinary data included.
	Categories []Category `json:"categories"`
	// DeadlineDays is the default time for an answer, in days.
	DeadlineDays int `json:"deadlineDays"`
}

// An ItemCode names a data item in the data catalogue.
type ItemCode string

// An Item (gegeven) is something that can be asked of the parties of a domain.
type Item struct {
	Code     ItemCode   `json:"code"`
	Domain   DomainCode `json:"domain"`
	Category Category   `json:"category"`
	Name     Sentence   `json:"name"`
	Explain  Sentence   `json:"explain"`
	// Depths says per depth what the item then tells; a depth that is absent
	// cannot be asked.
	Depths map[Depth]Sentence `json:"depths"`
}

// A GroundCode names a ground for withholding in the ground catalogue.
type GroundCode string

// A Ground (weigeringsgrond) is a reason to withhold an item that fits the
// regimes it lists.
type Ground struct {
	Code    GroundCode `json:"code"`
	Article string     `json:"article"`
	Regimes []Regime   `json:"regimes"`
	Name    Sentence   `json:"name"`
}

// A Category is a kind of personal data with its own rules.
type Category string

// The categories of art. 9 and 10 GDPR as art. 5.4.2 Wmo 2015 uses them.
const (
	Ordinary     Category = "ordinary" // gewone persoonsgegevens
	Health       Category = "health"   // gegevens over gezondheid
	OtherSpecial Category = "special"  // andere bijzondere categorieën
	Criminal     Category = "criminal" // strafrechtelijke gegevens
)

// Categories lists every category.
var Categories = [...]Category{Ordinary, Health, OtherSpecial, Criminal}

// A Depth says how much an item tells. The least that serves is asked and
// supplied.
type Depth string

// The depths, from least to most.
const (
	That    Depth = "that"    // dat-informatie: that someone is known
	Process Depth = "process" // procesinformatie: that a track runs, since when, until when
	Content Depth = "content" // inhoudelijke informatie
)

// Depths lists the depths from least to most.
var Depths = [...]Depth{That, Process, Content}

func (d Depth) rank() int {
	for i, each := range Depths {
		if d == each {
			return i + 1
		}
	}
	return 0
}

// Within reports whether d tells no more than limit. A depth that does not
// exist is within nothing.
func (d Depth) Within(limit Depth) bool {
	return d.rank() > 0 && d.rank() <= limit.rank()
}

// ParseLaw reads the three catalogues. It refuses an unknown member, an unknown
// category, regime or depth, and a code that stands twice.
func ParseLaw(purposes, items, grounds []byte) (*Law, error) {
	l := &Law{purposes: map[PurposeCode]Purpose{}, items: map[ItemCode]Item{}, grounds: map[GroundCode]Ground{}}
	var ps struct {
		Version  int       `json:"version"`
		Purposes []Purpose `json:"purposes"`
	}
	if err := decode("purposes", purposes, &ps); err != nil {
		return nil, err
	}
	var is struct {
		Version int    `json:"version"`
		Items   []Item `json:"items"`
	}
	if err := decode("items", items, &is); err != nil {
		return nil, err
	}
	var gs struct {
		Version int      `json:"version"`
		Grounds []Ground `json:"grounds"`
	}
	if err := decode("grounds", grounds, &gs); err != nil {
		return nil, err
	}
	for _, p := range ps.Purposes {
		if err := p.check(); err != nil {
			return nil, err
		}
		if _, twice := l.purposes[p.Code]; twice {
			return nil, fmt.Errorf("purpose catalogue: %s stands twice", p.Code)
		}
		l.purposes[p.Code] = p
	}
	for _, i := range is.Items {
		if err := i.check(); err != nil {
			return nil, err
		}
		if _, twice := l.items[i.Code]; twice {
			return nil, fmt.Errorf("data catalogue: %s stands twice", i.Code)
		}
		l.items[i.Code] = i
	}
	for _, g := range gs.Grounds {
		if err := g.check(); err != nil {
			return nil, err
		}
		if _, twice := l.grounds[g.Code]; twice {
			return nil, fmt.Errorf("ground catalogue: %s stands twice", g.Code)
		}
		l.grounds[g.Code] = g
	}
	return l, nil
}

func decode(name string, data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s catalogue: %v", name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%s catalogue: something follows the document", name)
	}
	return nil
}

func (p Purpose) check() error {
	if !isCode(string(p.Code)) || p.Article == "" || p.Name.NL == "" || p.Name.EN == "" {
		return fmt.Errorf("purpose catalogue: %q lacks a code, article or name", p.Code)
	}
	if len(p.Askers) == 0 || len(p.Asked) == 0 || len(p.Categories) == 0 || p.DeadlineDays < 1 {
		return fmt.Errorf("purpose catalogue: %s lacks askers, asked, categories or a deadline", p.Code)
	}
	for _, c := range p.Categories {
		if !known(Categories[:], c) {
			return fmt.Errorf("purpose catalogue: %s names an unknown category", p.Code)
		}
	}
	return nil
}

func (i Item) check() error {
	if !isCode(string(i.Code)) || !isCode(string(i.Domain)) || i.Name.NL == "" || i.Name.EN == "" || len(i.Depths) == 0 {
		return fmt.Errorf("data catalogue: %q lacks a code, domain, name or depths", i.Code)
	}
	if !known(Categories[:], i.Category) {
		return fmt.Errorf("data catalogue: %s has an unknown category", i.Code)
	}
	for d := range i.Depths {
		if d.rank() == 0 {
			return fmt.Errorf("data catalogue: %s has an unknown depth", i.Code)
		}
	}
	return nil
}

func (g Ground) check() error {
	if !isCode(string(g.Code)) || g.Article == "" || g.Name.NL == "" || g.Name.EN == "" || len(g.Regimes) == 0 {
		return fmt.Errorf("ground catalogue: %q lacks a code, article, name or regimes", g.Code)
	}
	for _, r := range g.Regimes {
		if !known(Regimes[:], r) {
			return fmt.Errorf("ground catalogue: %s names an unknown regime", g.Code)
		}
	}
	return nil
}

func known[T comparable](all []T, one T) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}

// Purpose returns the purpose with this code.
func (l *Law) Purpose(code PurposeCode) (Purpose, bool) { p, ok := l.purposes[code]; return p, ok }

// Item returns the item with this code.
func (l *Law) Item(code ItemCode) (Item, bool) { i, ok := l.items[code]; return i, ok }

// Ground returns the ground with this code.
func (l *Law) Ground(code GroundCode) (Ground, bool) { g, ok := l.grounds[code]; return g, ok }

// Deadline is the day by which the law wants an answer for the purpose when
// the request does not name an earlier one.
func (l *Law) Deadline(code PurposeCode, from time.Time) (time.Time, error) {
	p, ok := l.purposes[code]
	if !ok {
		return time.Time{}, refuse(UnknownPurpose)
	}
	return from.AddDate(0, 0, p.DeadlineDays), nil
}

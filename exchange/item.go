package exchange

import "fmt"

// An ItemCode names a data item in the data catalogue.
type ItemCode string

// An Item (gegeven) is something that can be asked of the parties of a domain.
type Item struct {
	Code     ItemCode   `json:"code"`
	Domain   DomainCode `json:"domain"`
	Category Category   `json:"category"`
	// Background marks an item that tells the cause behind another, which is
	// seldom needed (memorandum to art. 5.4.1: that there is probation
	// supervision and what it involves may matter, why usually not).
	Background bool     `json:"background,omitempty"`
	Name       Sentence `json:"name"`
	Explain    Sentence `json:"explain"`
	// Depths says per depth what the item then tells; a depth that is absent
	// cannot be asked.
	Depths map[Depth]Sentence `json:"depths"`
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

func (i Item) check() error {
	if !i.Name.complete() || !i.Explain.complete() || len(i.Depths) == 0 {
		return fmt.Errorf("lacks a name, explanation or depths")
	}
	if !known(Categories[:], i.Category) {
		return fmt.Errorf("has an unknown category")
	}
	for d, tells := range i.Depths {
		if d.rank() == 0 || !tells.complete() {
			return fmt.Errorf("has an unknown depth, or one without a sentence")
		}
	}
	return nil
}

// A GroundCode names a ground for withholding in the ground catalogue.
type GroundCode string

// A Ground (weigeringsgrond) is a reason to withhold an item that fits the
// regimes and, where it names them, the weighings it lists.
type Ground struct {
	Code    GroundCode `json:"code"`
	Article string     `json:"article"`
	Regimes []Regime   `json:"regimes"`
	// Weighings limits the ground to these weighings; none means all.
	Weighings []WeighingCode `json:"weighings,omitempty"`
	Name      Sentence       `json:"name"`
}

// Fits reports whether a professional under the regime may use the ground in
// the weighing.
func (g Ground) Fits(r Regime, w WeighingCode) bool {
	return known(g.Regimes, r) && (len(g.Weighings) == 0 || known(g.Weighings, w))
}

func (g Ground) check() error {
	if g.Article == "" || !g.Name.complete() || len(g.Regimes) == 0 {
		return fmt.Errorf("lacks an article, name or regimes")
	}
	for _, r := range g.Regimes {
		if !known(Regimes[:], r) {
			return fmt.Errorf("names an unknown regime")
		}
	}
	return nil
}

// A DomainKind says where a domain stands in the law (art. 1.1.1).
type DomainKind string

// The kinds of domain.
const (
	SocialDomain   DomainKind = "social"   // sociaal domein: de vier wetten
	AdjacentDomain DomainKind = "adjacent" // aanpalend domein
	CollegeFile    DomainKind = "college"  // a file under the procedure itself
)

// DomainKinds lists every kind.
var DomainKinds = [...]DomainKind{SocialDomain, AdjacentDomain, CollegeFile}

// A Domain (domein) is a field of work whose parties can be asked.
type Domain struct {
	Code DomainCode `json:"code"`
	Kind DomainKind `json:"kind"`
	Name Sentence   `json:"name"`
}

func (d Domain) check() error {
	if !d.Name.complete() || !known(DomainKinds[:], d.Kind) {
		return fmt.Errorf("lacks a name or kind")
	}
	return nil
}

// A Task (taak) is what an organisation does in a capacity; purposes name the
// tasks that may ask.
type Task struct {
	Code    TaskCode `json:"code"`
	Article string   `json:"article"`
	Name    Sentence `json:"name"`
	// Asks and Decides list the roles that may ask and decide in a capacity
	// with this task.
	Asks    []Role `json:"asks"`
	Decides []Role `json:"decides"`
}

func (t Task) check() error {
	if t.Article == "" || !t.Name.complete() || len(t.Asks) == 0 || len(t.Decides) == 0 {
		return fmt.Errorf("lacks an article, name, asks or decides")
	}
	for _, r := range append(append([]Role{}, t.Asks...), t.Decides...) {
		if !known(Roles[:], r) {
			return fmt.Errorf("names an unknown role")
		}
	}
	return nil
}

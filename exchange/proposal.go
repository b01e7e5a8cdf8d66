package exchange

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A ConditionRule (soort voorwaarde) is what the catalogue says of a kind of
// condition: where it comes from and how a person reads it.
type ConditionRule struct {
	Code    ConditionCode `json:"code"`
	Article string        `json:"article"`
	Name    Sentence      `json:"name"`
	Explain Sentence      `json:"explain"`
	// Says is the sentence that says what a node does, see [Law.SentenceOf].
	Says Sentence `json:"says"`
}

// A DefaultRule proposes a condition for what is supplied under some regimes,
// of some categories; an absent list means any.
type DefaultRule struct {
	Condition  ConditionCode `json:"condition"`
	Regimes    []Regime      `json:"regimes,omitempty"`
	Categories []Category    `json:"categories,omitempty"`
	Article    string        `json:"article"`
	Why        Sentence      `json:"why"`
}

// A SuppliedItem is an item and the depth at which it is supplied.
type SuppliedItem struct {
	Item  ItemCode
	Depth Depth
}

// ProposeConditions lists the conditions that the catalogue proposes for what
// somebody bound by the regime supplies: to ask first where secrecy, the acts on
// police and justice, or the nature of the data limit further use (art.
// 5.4.2(2), 5.4.2(3), 5.4.3(4)). Ordinary data of a party without secrecy gets
// none: the purposes of the law bind whoever has it, and a condition that
// everybody sets says nothing. Whoever decides may leave a proposal out.
func (l *Law) ProposeConditions(regime Regime, supplied []SuppliedItem) []Condition {
	var all []Condition
	for _, code := range ConditionCodes {
		var items []ItemCode
		for _, s := range supplied {
			item, _ := l.items.get(s.Item)
			if slices.ContainsFunc(l.defaults, func(d DefaultRule) bool { return d.Condition == code && d.fits(regime, item.Category) }) {
				items = append(items, s.Item)
			}
		}
		switch {
		case len(items) == 0:
		case len(items) == len(supplied):
			all = append(all, Condition{Code: code})
		default:
			all = append(all, Condition{Code: code, Items: items})
		}
	}
	return all
}

// Propose lists the conditions that the catalogue proposes where by supplies
// this. It refuses when he may not decide here and now.
func (x Exchange) Propose(law *Law, supplied []SuppliedItem, own Party, by Actor) ([]Condition, error) {
	if err := x.now(Supplier, Weighing, Clarifying); err != nil {
		return nil, err
	}
	if err := x.mayWeigh(law, own, by); err != nil {
		return nil, err
	}
	_, regime, err := law.WeighingOf(x.Request, own, by)
	if err != nil {
		return nil, err
	}
	return law.ProposeConditions(regime, supplied), nil
}

// Asked lists what was asked as if all of it were supplied.
func (r Request) Asked() []SuppliedItem {
	var all []SuppliedItem
	for _, i := range r.Items {
		all = append(all, SuppliedItem{Item: i.Item, Depth: i.Depth})
	}
	return all
}

// Defaults lists what the catalogue proposes of a kind of condition, and why.
func (l *Law) Defaults(code ConditionCode) iter.Seq[DefaultRule] {
	return func(yield func(DefaultRule) bool) {
		for _, d := range l.defaults {
			if d.Condition == code && !yield(d) {
				return
			}
		}
	}
}

func (d DefaultRule) fits(r Regime, c Category) bool {
	return (len(d.Regimes) == 0 || known(d.Regimes, r)) && (len(d.Categories) == 0 || known(d.Categories, c))
}

func (d DefaultRule) check() error {
	switch {
	case !d.Condition.plain():
		return fmt.Errorf("proposes %s, which can't stand alone", d.Condition)
	case d.Article == "" || !d.Why.complete():
		return fmt.Errorf("does not say why %s is proposed", d.Condition)
	case len(d.Regimes)+len(d.Categories) == 0:
		return fmt.Errorf("proposes %s for everything", d.Condition)
	}
	for _, r := range d.Regimes {
		if !known(Regimes[:], r) {
			return fmt.Errorf("%s is proposed for an unknown regime", d.Condition)
		}
	}
	for _, c := range d.Categories {
		if !known(Categories[:], c) {
			return fmt.Errorf("%s is proposed for an unknown category", d.Condition)
		}
	}
	return nil
}

// plain reports whether a condition of this kind names nothing but items.
func (c ConditionCode) plain() bool {
	return known([]ConditionCode{AskFirst, AskEachTime, AfterTold, OralOnly, NoOnward}, c)
}

// placeholders lists what the sentence of a kind of condition holds.
func (c ConditionCode) placeholders() []string {
	switch c {
	case AskFirst, AskEachTime:
		return []string{"{by}", "{items}"}
	case OnlyTo, NotTo:
		return []string{"{items}", "{recipients}"}
	case OnlyFor, NotFor:
		return []string{"{items}", "{purposes}"}
	case NoDeeper:
		return []string{"{depth}", "{items}"}
	case DeleteBy:
		return []string{"{items}", "{until}"}
	}
	return []string{"{items}"}
}

func (r ConditionRule) check() error {
	if !known(ConditionCodes[:], r.Code) {
		return fmt.Errorf("is no kind of condition")
	}
	if r.Article == "" || !r.Name.complete() || !r.Explain.complete() || !r.Says.complete() {
		return fmt.Errorf("lacks an article, name, explanation or sentence")
	}
	for _, text := range []string{r.Says.NL, r.Says.EN} {
		for _, p := range r.Code.placeholders() {
			if strings.Count(text, p) != 1 {
				return fmt.Errorf("a sentence does not hold %s once", p)
			}
		}
		if strings.Count(text, "{") != len(r.Code.placeholders()) {
			return fmt.Errorf("a sentence holds what does not belong there")
		}
	}
	return nil
}

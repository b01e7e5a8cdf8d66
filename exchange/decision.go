package exchange

import (
	"iter"
	"slices"
	"strconv"
	"time"
)

// A Decision (besluit) is what a professional decides on every item of a
// request. Grounds and local reasons stay with his party; the asker learns the
// outcome and, where he chooses so, a reason.
type Decision struct {
	By         ActorID
	At         time.Time
	Second     ActorID // who confirmed it, where two must see it (vier ogen)
	Items      []ItemDecision
	Conditions []Condition
	Note       Personal // stays with the party
}

// An ItemDecision is the outcome for one item.
type ItemDecision struct {
	Item    ItemCode
	Outcome Outcome
	Depth   Depth      // at which it is supplied: what was asked, or less
	Value   Personal   // what is supplied
	Ground  GroundCode // on which it is withheld
	Reason  Personal   // why, in own words; stays with the party
	Tell    Personal   // what the asker is told; may be empty
	Mark    Mark       // why it can't be used any more, see [Exchange.Correct]
}

// An Outcome is what is decided on an item.
type Outcome string

// The outcomes.
const (
	Supply   Outcome = "supply"   // verstrekken
	Withhold Outcome = "withhold" // niet verstrekken
)

// CheckDecision checks a decision against the request and the law in force: who
// decides, each item decided once, none deeper than asked, a ground that fits
// for what is withheld, conditions that can be kept together, and, where anything
// is supplied, the weighing complete. It returns the first refusal that [Law.ExamineDecision] finds.
func (l *Law) CheckDecision(r Request, w Steps, d Decision, own Party, by Actor) error {
	return first(l.ExamineDecision(r, w, d, own, by))
}

// ExamineDecision looks at a decision with every rule.
func (l *Law) ExamineDecision(r Request, taken Steps, d Decision, own Party, by Actor) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		rule, regime, err := l.WeighingOf(r, own, by)
		if !yield(found(RuleDecider, rule.Article, err, "capacity", string(r.To.Capacity), "weighing", string(rule.Code))) || err != nil {
			return
		}
		purpose, _ := l.purposes.get(r.Purpose)
		under, _ := purpose.Under(regime)
		if !yield(found(RuleDecided, "", d.checkForm(r))) {
			return
		}
		if err := l.checkGrounds(regime, rule, d); err != nil && !yield(found(RuleWithheld, rule.Article, err)) {
			return
		}
		if d.supplies() {
			for _, s := range rule.Steps {
				if t, ok := taken.taken(s.Code); ok && !yield(found(RuleStep, s.Article, nil, "step", string(s.Code), "outcome", string(t.Outcome))) {
					return
				}
			}
			if err := rule.checkComplete(taken, by.ID); err != nil && !yield(found(RuleStep, rule.Article, err)) {
				return
			}
		}
		for _, i := range d.Items {
			asked, ok := r.item(i.Item)
			if !ok {
				continue // checkForm said so
			}
			here := []string{"item", string(i.Item)}
			var f Finding
			if i.Outcome == Supply {
				f = found(RuleSupplied, rule.Article, l.checkSupply(asked, i, purpose, under), append(here, "depth", string(i.Depth), "asked", string(asked.Depth))...)
			} else {
				f = found(RuleWithheld, rule.Article, l.checkWithhold(regime, rule, i), append(here, "ground", string(i.Ground))...)
			}
			if !yield(f) {
				return
			}
		}
		l.ExamineConditions(d.Supplied(), d.Conditions)(yield)
	}
}

// checkForm holds what does not depend on the law: each item that was asked is
// decided, once, and nothing else is.
func (d Decision) checkForm(r Request) error {
	decided := map[ItemCode]bool{}
	content := 0
	for n, i := range d.Items {
		content += len(i.Value.Reveal())
		if _, ok := r.item(i.Item); !ok {
			return refuse(ItemNotAsked, "number", strconv.Itoa(n+1))
		}
		switch {
		case decided[i.Item]:
			return refuse(ItemTwice, "item", string(i.Item))
		case i.Outcome != Supply && i.Outcome != Withhold:
			return refuse(BadOutcome, "item", string(i.Item))
		case len(i.Reason.Reveal()) > maxReason || len(i.Tell.Reveal()) > maxReason:
			return refuse(BadRequest, "item", string(i.Item))
		}
		decided[i.Item] = true
	}
	for _, a := range r.Items {
		if !decided[a.Item] {
			return refuse(ItemUndecided, "item", string(a.Item))
		}
	}
	if content > maxAnswer {
		return refuse(TooMuchContent)
	}
	if len(d.Note.Reveal()) > maxReason {
		return refuse(BadRequest, "field", "note")
	}
	return checkConditions(d.Conditions)
}

func (d Decision) supplies() bool {
	return slices.ContainsFunc(d.Items, func(i ItemDecision) bool { return i.Outcome == Supply })
}

// Supplied lists what the decision supplies, in its order.
func (d Decision) Supplied() []SuppliedItem {
	var all []SuppliedItem
	for _, i := range d.Items {
		if i.Outcome == Supply {
			all = append(all, SuppliedItem{Item: i.Item, Depth: i.Depth})
		}
	}
	return all
}

// checkSupply holds an item that is supplied by somebody under a rule of the
// purpose: his own may know fewer categories than that of his organisation,
// which the request was held to.
func (l *Law) checkSupply(asked AskedItem, i ItemDecision, p Purpose, under RegimeRule) error {
	item, ok := l.items.get(i.Item)
	if i.Ground != "" || !ok {
		return refuse(BadOutcome, "item", string(i.Item))
	}
	if !known(under.Categories, item.Category) {
		return refuse(CategoryForbidden, "item", string(i.Item), "purpose", string(p.Code), "category", string(item.Category), "article", p.Article)
	}
	if _, ok := item.Depths[i.Depth]; !ok {
		return refuse(BadDepth, "item", string(i.Item))
	}
	if !i.Depth.Within(asked.Depth) {
		return refuse(DeeperThanAsked, "item", string(i.Item), "asked", string(asked.Depth))
	}
	if i.Value.Blank() {
		return refuse(ContentMissing, "item", string(i.Item))
	}
	if len(i.Value.Reveal()) > maxContent {
		return refuse(TooMuchContent, "item", string(i.Item))
	}
	return nil
}

// checkGrounds holds that the grounds exist: a slip of the pen is told before
// what is still to be weighed, which may take days.
func (l *Law) checkGrounds(regime Regime, w WeighingRule, d Decision) error {
	for _, i := range d.Items {
		if i.Outcome != Withhold {
			continue
		}
		if err := l.checkWithhold(regime, w, i); err != nil {
			return err
		}
	}
	return nil
}

func (l *Law) checkWithhold(regime Regime, w WeighingRule, i ItemDecision) error {
	if !i.Value.Zero() || i.Depth != "" {
		return refuse(ContentSurplus, "item", string(i.Item))
	}
	ground, ok := l.grounds.get(i.Ground)
	if !ok {
		return refuse(UnknownGround, "item", string(i.Item), "regime", string(regime))
	}
	if !w.Fits(ground, regime) {
		return refuse(GroundNotHere, "item", string(i.Item), "ground", string(i.Ground), "regime", string(regime), "weighing", string(w.Code),
			"article", w.Article)
	}
	return nil
}

func (d Decision) outcome() Phase { return d.Answer().outcome() }

func (d Decision) outline() []ItemNote {
	var notes []ItemNote
	for _, i := range d.Items {
		notes = append(notes, ItemNote{Item: i.Item, Depth: i.Depth, Outcome: i.Outcome, Ground: i.Ground})
	}
	return notes
}

// Answer is what the asker learns of the decision.
func (d Decision) Answer() Answer {
	a := Answer{At: d.At, Conditions: d.Conditions}
	for _, i := range d.Items {
		a.Items = append(a.Items, AnsweredItem{Item: i.Item, Outcome: i.Outcome, Depth: i.Depth, Value: i.Value, Tell: i.Tell})
	}
	return a
}

// An Answer (antwoord) is what the asker receives: the outcome of every item
// that was asked, with what was supplied and the conditions on its further
// use.
type Answer struct {
	At         time.Time
	Items      []AnsweredItem
	Conditions []Condition
}

// An AnsweredItem is the outcome of one item as the asker learns it.
type AnsweredItem struct {
	Item    ItemCode
	Outcome Outcome
	Depth   Depth
	Value   Personal
	Tell    Personal
	Mark    Mark // why it can't be read, "" when it can
}

// CheckAnswer checks at the asker that an answer fits what was asked: every
// item once, nothing that was not asked, nothing deeper.
func (l *Law) CheckAnswer(r Request, a Answer) error {
	answered := map[ItemCode]bool{}
	for _, i := range a.Items {
		asked, ok := r.item(i.Item)
		if !ok {
			return refuse(ItemNotAsked)
		}
		if answered[i.Item] {
			return refuse(ItemTwice, "item", string(i.Item))
		}
		answered[i.Item] = true
		switch i.Outcome {
		case Supply:
			if !i.Depth.Within(asked.Depth) {
				return refuse(DeeperThanAsked, "item", string(i.Item), "asked", string(asked.Depth))
			}
			if i.Value.Blank() {
				return refuse(ContentMissing, "item", string(i.Item))
			}
		case Withhold:
			if !i.Value.Zero() || i.Depth != "" {
				return refuse(ContentSurplus, "item", string(i.Item))
			}
		default:
			return refuse(BadOutcome, "item", string(i.Item))
		}
		if len(i.Value.Reveal()) > maxContent || len(i.Tell.Reveal()) > maxReason {
			return refuse(BadRequest, "item", string(i.Item))
		}
	}
	for _, asked := range r.Items {
		if !answered[asked.Item] {
			return refuse(ItemUndecided, "item", string(asked.Item))
		}
	}
	return checkConditions(a.Conditions)
}

func (a Answer) outcome() Phase {
	for _, i := range a.Items {
		if i.Outcome == Supply {
			return Answered
		}
	}
	return Refused
}

func (a Answer) outline() []ItemNote {
	var notes []ItemNote
	for _, i := range a.Items {
		notes = append(notes, ItemNote{Item: i.Item, Depth: i.Depth, Outcome: i.Outcome})
	}
	return notes
}

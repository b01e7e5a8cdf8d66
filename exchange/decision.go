package exchange

import "time"

// A Decision (besluit) is what a professional decides on every item of a
// request. Grounds and local reasons stay with his party; the asker learns the
// outcome and, where he chooses so, a reason.
type Decision struct {
	By         ActorID
	At         time.Time
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
}

// An Outcome is what is decided on an item.
type Outcome string

// The outcomes.
const (
	Supply   Outcome = "supply"   // verstrekken
	Withhold Outcome = "withhold" // niet verstrekken
)

// CheckDecision checks a decision against the request and the law in force:
// each item decided once, none deeper than asked, a ground that fits the
// regime of the party for what is withheld.
func (l *Law) CheckDecision(r Request, d Decision, own Party) error {
	capacity, ok := own.Capacity(r.To.Capacity)
	if !ok {
		return refuse(UnknownCapacity, "party", "asked", "capacity", string(r.To.Capacity))
	}
	decided := map[ItemCode]bool{}
	content := 0
	for _, i := range d.Items {
		content += len(i.Value.Reveal())
		asked, ok := r.item(i.Item)
		if !ok {
			return refuse(ItemNotAsked)
		}
		if decided[i.Item] {
			return refuse(ItemTwice, "item", string(i.Item))
		}
		decided[i.Item] = true
		if len(i.Reason.Reveal()) > maxReason || len(i.Tell.Reveal()) > maxReason {
			return refuse(BadRequest, "item", string(i.Item))
		}
		switch i.Outcome {
		case Supply:
			if err := l.checkSupply(asked, i); err != nil {
				return err
			}
		case Withhold:
			if err := l.checkWithhold(capacity, i); err != nil {
				return err
			}
		default:
			return refuse(BadOutcome, "item", string(i.Item))
		}
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

func (l *Law) checkSupply(asked AskedItem, i ItemDecision) error {
	if i.Ground != "" {
		return refuse(BadOutcome, "item", string(i.Item))
	}
	if _, ok := l.items[i.Item].Depths[i.Depth]; !ok {
		return refuse(BadDepth, "item", string(i.Item))
	}
	if !i.Depth.Within(asked.Depth) {
		return refuse(DeeperThanAsked, "item", string(i.Item), "asked", string(asked.Depth))
	}
	if i.Value.Zero() {
		return refuse(ContentMissing, "item", string(i.Item))
	}
	if len(i.Value.Reveal()) > maxContent {
		return refuse(TooMuchContent, "item", string(i.Item))
	}
	return nil
}

func (l *Law) checkWithhold(own Capacity, i ItemDecision) error {
	if !i.Value.Zero() || i.Depth != "" {
		return refuse(ContentSurplus, "item", string(i.Item))
	}
	ground, ok := l.grounds[i.Ground]
	if !ok || !known(ground.Regimes, own.Regime) {
		return refuse(UnknownGround, "item", string(i.Item), "regime", string(own.Regime))
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
			if i.Value.Zero() {
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

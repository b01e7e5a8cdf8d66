package exchange

import "time"

// A TraceStep (stap in de weg van een gegeven) is one time that an item went from
// one party to another, as far as one of them knows.
type TraceStep struct {
	From, To   PartyID
	Purpose    PurposeCode // "" where we were not told
	At         time.Time
	Conditions []Condition
	State      PassingState // of a passing; "" for the answer that it began with
	Breach     bool
}

// Trace is the path of an item over parties, from its source on. A holder knows
// the links before him and what he passed on; the source knows of every passing
// that it was given notice of.
func (x Exchange) Trace(item ItemCode) ([]TraceStep, error) {
	if x.depthOf(item) == "" {
		return nil, refuse(NotHeld, "item", string(item))
	}
	first := TraceStep{From: x.Source(), To: x.Request.From, Purpose: x.Request.Purpose, At: x.Answer.At, Conditions: x.conditionsOn(item)}
	if x.Side == Supplier {
		first.At = x.Decision.At
	}
	if x.PassedOn() {
		// Who asked for it first is the one who passed it on first.
		first.To, first.Purpose, first.At = x.Provenance.Links[0].From, "", x.Provenance.Decided
	}
	steps := []TraceStep{first}
	for _, l := range x.Provenance.Links {
		steps = append(steps, TraceStep{From: l.From, To: l.To, Purpose: l.Purpose, At: l.At, Conditions: about(l.Conditions, item), State: PassingDelivered})
	}
	for _, p := range x.Passings {
		if known(p.Items, item) {
			steps = append(steps, TraceStep{
				From: p.From, To: p.To, Purpose: p.Purpose, At: p.At, Conditions: about(p.Conditions, item), State: p.State, Breach: p.Breach,
			})
		}
	}
	return steps, nil
}

func (x Exchange) conditionsOn(item ItemCode) []Condition {
	if x.Side == Supplier {
		return about(x.Decision.Conditions, item)
	}
	return about(x.Answer.Conditions, item)
}

// about are the conditions that apply to an item.
func about(all []Condition, item ItemCode) (some []Condition) {
	for _, c := range all {
		if len(c.Items) == 0 || known(c.Items, item) {
			some = append(some, c)
		}
	}
	return some
}

package audit

import (
	"cmp"
	"maps"
	"slices"

	"sluis/exchange"
)

// A Flow is what one party asked of another, and what came of it, as one ledger
// tells it. It holds numbers, nothing of a person.
type Flow struct {
	From, To exchange.PartyID
	Asked    int
	Supplied int // something was
	Withheld int // nothing was
	Late     int // of those two
	Closed   int // answered, and the inspection does not open what came of it
	Back     int // taken back before an answer
	Open     int // nothing of all this
}

// Traffic counts who asked whom. Its Row goes with [Options.Row]; what it counts
// is worth what the report says that the bundle is worth.
type Traffic struct {
	asked map[[16]byte]*question
	names map[string]exchange.PartyID
}

// A question is one request and how far it came.
type question struct {
	from, to exchange.PartyID
	outcome  outcome
	late     bool
}

type outcome int

const (
	isOpen outcome = iota
	isBack
	isClosed
	isWithheld
	isSupplied
)

// NewTraffic begins to count.
func NewTraffic() *Traffic {
	return &Traffic{asked: map[[16]byte]*question{}, names: map[string]exchange.PartyID{}}
}

// Row takes an entry into account. Where an organisation asks itself, both sides
// stand in one ledger and are one request.
func (t *Traffic) Row(r Row) error {
	id, ok := uuidOf(r.Exchange)
	if !ok {
		return nil
	}
	q := t.asked[id]
	switch kind := exchange.EventKind(r.Kind); kind {
	case exchange.RequestIssued, exchange.RequestReceived:
		own, other := t.party(r.As), t.party(r.Party)
		if q != nil || own == (exchange.PartyID{}) || other == (exchange.PartyID{}) {
			return nil
		}
		if kind == exchange.RequestReceived {
			own, other = other, own
		}
		t.asked[id] = &question{from: own, to: other}
	case exchange.DecisionTaken, exchange.AnswerReceived:
		if q != nil {
			q.answer(r.Part)
		}
	case exchange.WithdrawalIssued, exchange.WithdrawalReceived:
		if q != nil && q.outcome == isOpen {
			q.outcome = isBack
		}
	}
	return nil
}

func (q *question) answer(part *exchange.PrivatePart) {
	if part == nil {
		q.outcome = max(q.outcome, isClosed)
		return
	}
	q.outcome, q.late = isWithheld, part.Detail.Late
	if slices.ContainsFunc(part.Detail.Items, func(i exchange.ItemNote) bool { return i.Outcome == exchange.Supply }) {
		q.outcome = isSupplied
	}
}

// party reads a party once; a header that names it keeps its own bytes alive.
func (t *Traffic) party(s string) exchange.PartyID {
	if id, ok := t.names[s]; ok {
		return id
	}
	id, err := exchange.ParsePartyID(string(append([]byte(nil), s...)))
	if err != nil {
		return exchange.PartyID{}
	}
	t.names[id.String()] = id
	return id
}

// Flows are what was counted, by who asked most.
func (t *Traffic) Flows() []Flow {
	all := map[[2]exchange.PartyID]Flow{}
	for _, q := range t.asked {
		f := all[[2]exchange.PartyID{q.from, q.to}]
		f.From, f.To = q.from, q.to
		f.Asked++
		switch q.outcome {
		case isOpen:
			f.Open++
		case isBack:
			f.Back++
		case isClosed:
			f.Closed++
		case isWithheld:
			f.Withheld++
		case isSupplied:
			f.Supplied++
		}
		if q.late {
			f.Late++
		}
		all[[2]exchange.PartyID{q.from, q.to}] = f
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Flow) int {
		return cmp.Or(cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.From.String(), b.From.String()), cmp.Compare(a.To.String(), b.To.String()))
	})
}

package peer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/store"
)

// An EndingCoordination is the end of a coordination as a person decides it.
type EndingCoordination struct {
	Why   exchange.Personal // that goes with what goes back
	Told  time.Time
	Leave bool // what may not be passed on ends here
}

// EndCoordination hands all that the coordinator holds in a case back to the
// college. When the college's receipts have come, the node destroys its own
// copies, and its ledger says so. It can be done again when a part of it did not
// arrive.
func (n *Node) EndCoordination(ctx context.Context, who Who, id exchange.ID, e EndingCoordination) (exchange.Case, []exchange.ID, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Case{}, nil, err
	}
	by, err := n.actor(who)
	if err != nil {
		return exchange.Case{}, nil, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Case{}, nil, err
	}
	c, back, err := n.endCoordination(ctx, f, id, exchange.Ending{Own: own, Leave: e.Leave, Told: e.Told, Why: e.Why, By: by})
	if err != nil {
		return exchange.Case{}, nil, err
	}
	var passed []exchange.ID
	for _, x := range slices.Sorted(maps.Keys(back)) {
		passing, err := n.PassOn(ctx, who, x, PassingAsking{
			To: c.HandBack.To, Purpose: exchange.HandBackPurpose, Items: back[x], Why: e.Why, Told: e.Told,
		})
		if err != nil {
			return c, passed, err
		}
		passed = append(passed, passing)
	}
	n.hurrySweep() // there may be nothing to hand back
	return c, passed, nil
}

// ExamineEnding says what [Node.EndCoordination] would hand back now, by exchange,
// and what would end with the coordinator since nobody may pass it on; it does
// nothing. What stops the end is its error.
func (n *Node) ExamineEnding(ctx context.Context, who Who, id exchange.ID) (back map[exchange.ID][]exchange.ItemCode, left []exchange.LeftItem, err error) {
	f, err := n.current()
	if err != nil {
		return nil, nil, err
	}
	by, err := n.actor(who)
	if err != nil {
		return nil, nil, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return nil, nil, err
	}
	before, _, err := n.caseRow(id)
	if err != nil {
		return nil, nil, err
	}
	e := exchange.Ending{Own: own, Leave: true, By: by, At: n.now(), Why: exchange.Hide("x")}
	if e.College, err = f.party(before.Trigger.From.OIN); err != nil && !isFault(err, UnknownParty) {
		return nil, nil, err
	}
	if e.Held, err = n.coveredBy(ctx, before); err != nil {
		return nil, nil, err
	}
	after, back, _, err := before.EndCoordination(f.law, e)
	return back, after.HandBack.Left, err
}

// endCoordination writes the decision, before anything leaves.
func (n *Node) endCoordination(ctx context.Context, f *inForce, id exchange.ID, e exchange.Ending) (exchange.Case, map[exchange.ID][]exchange.ItemCode, error) {
	for range maxOvertaken {
		before, version, err := n.caseRow(id)
		if err != nil {
			return exchange.Case{}, nil, err
		}
		if e.College, err = f.party(before.Trigger.From.OIN); err != nil && !isFault(err, UnknownParty) {
			return exchange.Case{}, nil, err
		}
		if e.Held, err = n.coveredBy(ctx, before); err != nil {
			return exchange.Case{}, nil, err
		}
		e.At = n.now()
		c, back, event, err := before.EndCoordination(f.law, e)
		if err != nil {
			return exchange.Case{}, nil, err
		}
		if err := n.writeCase(ctx, c, event, version); !errors.Is(err, store.ErrOvertaken) {
			return c, back, err
		}
	}
	return exchange.Case{}, nil, fault(Busy)
}

// coveredBy lists what we hold that belongs to a case.
func (n *Node) coveredBy(ctx context.Context, c exchange.Case) (held []exchange.Exchange, err error) {
	err = n.each(ctx, tableExchange, func(row store.Row) error {
		r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
		if err == nil && c.Covers(r.Exchange) {
			held = append(held, r.Exchange)
		}
		return err
	})
	return held, err
}

// handedOver lets the node look for what may end, when a message of something
// that is handed back has arrived.
func (n *Node) handedOver(x exchange.Exchange) {
	if slices.ContainsFunc(x.Passings, func(p exchange.Passing) bool { return p.Purpose == exchange.HandBackPurpose }) {
		n.hurrySweep()
	}
}

// underWay tells of which records a message is still in the outbox: what is
// there may not be destroyed because it was handed back, a notice to who supplied
// it among them.
func (n *Node) underWay() (map[string]bool, error) {
	rows := map[string]bool{}
	err := n.outbox(func(_ store.Outgoing, row string) { rows[row] = true })
	return rows, err
}

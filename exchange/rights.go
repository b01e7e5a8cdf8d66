package exchange

import "time"

// MaySend holds, at the moment that a message of ours leaves, that both parties
// may still be in this exchange: a request that waited, a decision that took
// days and a message in the outbox may all have been overtaken by a register
// that took a capacity, a category or the BSN away. What was asked in time may
// be answered late, so the deadline is not looked at.
//
// A withdrawal tells nothing and may always leave.
func (x Exchange) MaySend(law *Law, m MessageKind, from, to Party) error {
	r := x.Request
	switch m {
	case WithdrawalMessage:
		return nil
	case RequestMessage:
		if err := law.checkRights(r, from, to, r.codes()); err != nil {
			return err
		}
		asker, _ := from.Capacity(r.From.Capacity)
		asked, _ := to.Capacity(r.To.Capacity)
		return r.Subject.check(asker, asked)
	case AnswerMessage:
		return law.checkRights(r, from, to, x.Decision.supplied())
	}
	return law.checkRights(r, from, to, nil)
}

// checkRights holds that both parties have the capacity in which they are in an
// exchange, and that each of the items may go from one to the other.
func (l *Law) checkRights(r Request, from, to Party, items []ItemCode) error {
	asker, ok := from.Capacity(r.From.Capacity)
	if !ok || from.OIN != r.From.OIN {
		return refuse(UnknownCapacity, "party", "asker", "capacity", string(r.From.Capacity))
	}
	asked, ok := to.Capacity(r.To.Capacity)
	if !ok || to.OIN != r.To.OIN {
		return refuse(UnknownCapacity, "party", "asked", "capacity", string(r.To.Capacity))
	}
	if len(items) > 0 && !r.Subject.BSN.Zero() && !asker.MayProcessBSN {
		// What he lost is the right to process what the answer is about.
		return refuse(BSNNotAllowed, "article", "5.4.2(5)")
	}
	for _, code := range items {
		item, ok := l.items.get(code)
		if !ok {
			return refuse(UnknownItem)
		}
		if _, err := l.May(r.Purpose, Pair{Asker: asker, Asked: asked, Own: from.OIN == to.OIN}, item.Category); err != nil {
			return err
		}
	}
	return nil
}

func (r Request) codes() (all []ItemCode) {
	for _, i := range r.Items {
		all = append(all, i.Item)
	}
	return all
}

// supplied are the items of which something leaves.
func (d Decision) supplied() (all []ItemCode) {
	for _, i := range d.Items {
		if i.Outcome == Supply {
			all = append(all, i.Item)
		}
	}
	return all
}

// Skew is how far the clocks of two parties may differ.
const Skew = 5 * time.Minute

// checkMoment holds a moment that the other party gives: not before what it
// follows, and not after now. Whoever chooses a moment chooses who is late.
func checkMoment(said, follows, now time.Time) error {
	if said.Before(follows.Add(-Skew)) || said.After(now.Add(Skew)) {
		return refuse(BadTime)
	}
	return nil
}

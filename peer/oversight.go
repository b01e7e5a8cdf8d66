package peer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/ledger"
	"sluis/store"
)

// A Repeat is the same that was asked again: by the same party, of the same party,
// for the same purpose and about the same person. It does not say about whom; that
// it is one person the node knows by its own pseudonym.
type Repeat struct {
	Side     exchange.Side
	From, To exchange.PartyID
	Purpose  exchange.PurposeCode
	IDs      []exchange.ID // the first that was asked first
	Last     time.Time
}

// Repeated lists what was asked more than once within a time from now, in a
// capacity or, when it is empty, in all; the most often first. A request that was
// taken back, or never arrived, is not one.
//
// Who is known by number in one request and by name alone in another is not
// recognised.
func (n *Node) Repeated(ctx context.Context, hat exchange.CapacityCode, within time.Duration) ([]Repeat, error) {
	type same struct {
		side     exchange.Side
		from, to exchange.PartyID
		purpose  exchange.PurposeCode
		person   string
	}
	since := n.now().Add(-within)
	all := map[same]Repeat{}
	err := n.each(ctx, tableExchange, func(row store.Row) error {
		r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
		if err != nil {
			return err
		}
		x := r.Exchange.Request
		switch r.Phase {
		case exchange.Withdrawn, exchange.Expired, exchange.Rejected:
			return nil
		}
		if hat != "" && r.Own().Capacity != hat || r.PassedOn() || r.Begun.Before(since) {
			return nil
		}
		person := n.person(r.Own().Capacity, x.Subject.BSN, x.Subject.Name, x.Subject.Born)
		if len(person) == 0 {
			return nil
		}
		key := same{r.Side, x.From, x.To, x.Purpose, person[0]}
		found := all[key]
		found.Side, found.From, found.To, found.Purpose = key.side, key.from, key.to, key.purpose
		found.IDs = append(found.IDs, r.ID)
		if r.Begun.After(found.Last) {
			found.Last = r.Begun
		}
		all[key] = found
		return nil
	})
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(_ same, r Repeat) bool { return len(r.IDs) < 2 })
	return slices.SortedFunc(maps.Values(all), func(a, b Repeat) int {
		return cmp.Or(cmp.Compare(len(b.IDs), len(a.IDs)), cmp.Compare(a.IDs[0], b.IDs[0]))
	}), nil
}

// maxStaffScan bounds how many entries one page of a member of staff reads.
const maxStaffScan = 5000

// StaffTrail lists what a member of staff did in the capacity of the hat, and what
// became of by what he signs in, also by others: who could come in as him is of every
// capacity's concern. The newest first, about a hundred entries. before is the number that the page
// before returned, 0 for the newest; next is 0 behind the last. That somebody
// looked, and at whom, is in the ledger first (I3).
//
// Of a dossier that was destroyed nobody knows any more who did what: those
// entries are not there.
func (n *Node) StaffTrail(ctx context.Context, who Who, of exchange.ActorID, before uint64) (page []Trace, next uint64, err error) {
	f := n.force.Load()
	by, err := n.actor(who)
	if err != nil {
		return nil, 0, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return nil, 0, err
	}
	event, err := exchange.ViewStaff(of, own, by, n.now())
	if err != nil {
		return nil, 0, err
	}
	if _, err := n.colleague(of); err != nil {
		return nil, 0, err
	}
	if err := n.recordIn(ctx, store.NodeDossier, event); err != nil {
		return nil, 0, err
	}
	if _, size := n.store.Checkpoint(); before == 0 || before > size {
		before = size
	}
	for end := before - min(before, maxStaffScan); before > end; {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		from := max(end, before-min(before, maxPage))
		entries, err := n.store.Entries(from, int(before-from))
		if err != nil {
			return nil, 0, err
		}
		for _, e := range slices.Backward(entries) {
			before = e.Index
			if e.Kind == string(exchange.AccountChanged) {
				t, about, err := n.accessTrace(e)
				if err != nil {
					return nil, 0, err
				}
				if about == of {
					page = append(page, t)
				}
				continue
			}
			if e.As != event.Own.String() {
				continue
			}
			t, err := n.trace(e)
			switch {
			case errors.Is(err, store.ErrNoRecordKey):
				continue
			case err != nil:
				return nil, 0, err
			case t.By != of:
				continue
			}
			if page = append(page, t); len(page) >= maxPage {
				return page, before, nil
			}
		}
		before = from
	}
	return page, before, nil
}

// accessTrace reads an entry about by what somebody signs in, and whom it is about.
func (n *Node) accessTrace(e ledger.Entry) (Trace, exchange.ActorID, error) {
	part, err := n.store.Private(e)
	if err != nil {
		return Trace{}, "", err
	}
	var p accountPart
	if err := json.Unmarshal(part, &p); err != nil {
		return Trace{}, "", fmt.Errorf("the private part of entry %d is in a form that this version cannot read", e.Index)
	}
	act := AccountAct{Change: p.Change, By: p.By, Invited: p.Invited, InvitedBy: p.InvitedBy}
	return Trace{Header: e.Header, By: p.By, Access: &act}, p.Staff, nil
}

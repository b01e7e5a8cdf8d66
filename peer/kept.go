package peer

import (
	"context"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/store"
)

// kept works out the term of everything that has one.
func (n *Node) kept(ctx context.Context) ([]Kept, error) {
	k, err := n.keeping(ctx)
	if err != nil {
		return nil, err
	}
	err = n.each(ctx, tableExchange, func(row store.Row) error {
		r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
		if err == nil {
			k.exchange(r, row.Key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = n.each(ctx, tablePetition, func(row store.Row) error {
		p, err := decodePetition(exchange.ID(row.Key), row.Value)
		if err == nil {
			k.add(Kept{
				ID: p.ID, Petition: p.Kind, Own: p.Own, Keep: exchange.KeepPetition(p, k.chosen), Hold: k.holds[petitionDossier(p.ID)],
			}, "", "", false)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = n.meetings(ctx, func(g gathering) error {
		k.conference(g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, c := range k.cases {
		k.add(Kept{ID: c.ID, Own: c.Own, Keep: k.law.KeepCase(c, k.within[c.ID], k.chosen), Hold: k.holds[caseDossier(c.ID)]}, c.ID, "", true)
	}
	// Last: what a receipt that came meanwhile put in the outbox was not there before.
	leaving, err := n.underWay()
	if err != nil {
		return nil, err
	}
	for _, b := range k.ended {
		b.open = b.open || slices.ContainsFunc(b.rows, func(row string) bool { return leaving[row] })
		b.end(k.all, k.holds[caseDossier(b.of.ID)])
	}
	slices.SortFunc(k.all, func(a, b Kept) int { return strings.Compare(a.dossier(), b.dossier()) })
	return k.all, nil
}

// A keeping is what terms are worked out with.
type keeping struct {
	law    *exchange.Law
	chosen exchange.Terms
	at     time.Time
	cases  map[exchange.ID]exchange.Case
	holds  map[string]exchange.Hold
	// ended are, by case, the coordinations that ended.
	ended  map[exchange.ID]*returning
	within map[exchange.ID][]exchange.Keep // terms of what is in a case
	all    []Kept
}

func (n *Node) keeping(ctx context.Context) (*keeping, error) {
	k := &keeping{
		law: n.Law(), chosen: n.config.Retention.terms(), at: n.now(), cases: map[exchange.ID]exchange.Case{}, holds: map[string]exchange.Hold{},
		ended: map[exchange.ID]*returning{}, within: map[exchange.ID][]exchange.Keep{},
	}
	err := n.each(ctx, tableCase, func(row store.Row) error {
		c, err := decodeCase(exchange.ID(row.Key), row.Value)
		k.cases[c.ID] = c
		if c.HandBack.To != (exchange.PartyID{}) {
			k.ended[c.ID] = &returning{of: c}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = n.each(ctx, tableHold, func(row store.Row) error {
		h, err := decodeHold(row.Value)
		k.holds[row.Key] = h
		return err
	})
	return k, err
}

// exchange adds one side of an exchange.
func (k *keeping) exchange(r record, row string) {
	x := r.Exchange
	kept := Kept{ID: r.ID, Side: r.Side, Own: r.Own(), Other: r.Other(), Purpose: x.Request.Purpose, sent: r.Sent, Keep: exchange.KeepSupplied(x, k.chosen)}
	kept.Hold = k.holds[kept.dossier()]
	if c, inCase := k.cases[x.Request.Case]; r.Side == exchange.Asker && inCase {
		kept.Keep = k.law.KeepAsked(x, c, k.chosen)
		k.inCase(&kept, c.ID)
	}
	var of exchange.ID
	returned := false
	for id, b := range k.ended {
		if b.of.Covers(x) {
			of, returned = id, b.of.HandBack.Returned(x)
		}
	}
	k.add(kept, of, row, returned)
}

// conference adds a conference.
func (k *keeping) conference(g gathering) {
	c, inCase := k.cases[g.Case]
	kept := Kept{ID: g.ID, Own: g.Own, Other: g.Organiser, Purpose: g.Purpose, Meeting: true, Keep: k.law.KeepConference(g.Conference, c, k.chosen)}
	kept.Hold = k.holds[kept.dossier()]
	if inCase {
		k.inCase(&kept, c.ID)
	}
	k.add(kept, g.Case, g.row(), !g.Open(k.at))
}

// inCase lets a case be kept as long as what is in it, and hold what is.
func (k *keeping) inCase(kept *Kept, id exchange.ID) {
	k.within[id] = append(k.within[id], kept.Keep)
	if h := k.holds[caseDossier(id)]; h.Until.After(kept.Hold.Until) {
		kept.Hold = h // what holds a case holds all in it
	}
}

// add adds one thing that is kept, and says whether it went back, where it is of
// a case whose coordination ended. row is where its messages are kept.
func (k *keeping) add(kept Kept, of exchange.ID, row string, returned bool) {
	if b := k.ended[of]; b != nil {
		b.all, b.rows = append(b.all, len(k.all)), append(b.rows, row)
		b.open = b.open || !returned
	}
	k.all = append(k.all, kept)
}

// A returning is a case whose coordination ended: where in the list of all that is
// kept stands what belongs to it, and whether something did not go back yet.
type returning struct {
	of   exchange.Case
	all  []int
	rows []string // where the messages of each are kept
	open bool
}

// end lets all of it go when the college has all. A hold on the case holds all; one
// on a part of it holds the case too, which it can't be understood without.
func (b *returning) end(all []Kept, hold exchange.Hold) {
	if b.open {
		return
	}
	longest := hold
	for _, n := range b.all {
		if all[n].Hold.Until.After(longest.Until) {
			longest = all[n].Hold
		}
	}
	for _, n := range b.all {
		k := &all[n]
		k.Keep = b.of.HandBack.KeepReturned()
		if isCase := k.ID == b.of.ID; isCase {
			k.Hold = longest
		} else if hold.Until.After(k.Hold.Until) {
			k.Hold = hold
		}
	}
}

// KeepCase says how long one case is kept with all that is in it, or which moments
// its term waits for. It opens nothing.
func (n *Node) KeepCase(ctx context.Context, id exchange.ID, hat exchange.CapacityCode) (exchange.Keep, error) {
	c, _, err := n.caseRow(id)
	if err == nil && c.Own.Capacity != hat {
		err = fault(UnknownCase)
	}
	if err != nil {
		return exchange.Keep{}, err
	}
	law, chosen := n.Law(), n.config.Retention.terms()
	var within []exchange.Keep
	rows, err := n.store.ByIndex(caseIndex(id))
	if err != nil {
		return exchange.Keep{}, err
	}
	for _, row := range rows {
		r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
		if err != nil {
			return exchange.Keep{}, err
		}
		within = append(within, law.KeepAsked(r.Exchange, c, chosen))
	}
	err = n.meetings(ctx, func(g gathering) error {
		if g.Case == id {
			within = append(within, law.KeepConference(g.Conference, c, chosen))
		}
		return nil
	})
	return law.KeepCase(c, within, chosen), err
}

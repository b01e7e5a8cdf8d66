package console

import (
	"cmp"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// soonDue is how far ahead the privacy officer sees what will be destroyed.
const soonDue = 90 * 24 * time.Hour

// drawOversight is the map for the privacy officer.
func (c *Console) drawOversight() {
	officer := []exchange.Role{exchange.PrivacyOfficer}
	c.page("GET /privacy", officer, oversight)
	c.page("GET /privacy/aantallen.csv", officer, countsFile)
	c.drawAdvice()
	c.drawPetitions()
	c.drawPersons()
	c.drawHolds()
	c.drawTrails()
}

// A count is how often something was asked, of one purpose and with one outcome:
// nothing in it says of whom.
type count struct {
	Purpose exchange.PurposeCode
	Side    exchange.Side
	Phase   exchange.Phase
	N, Late int
}

// An overview is what the privacy officer sees of her capacity.
type overview struct {
	Late, Broad, Breach []peer.Summary
	Advice              []peer.Summary // on which she is asked
	Recent              []peer.Summary
	Repeats             []peer.Repeat
	Petitions           []peer.PetitionSummary // that are open
	Rulings             []peer.PetitionSummary // that are decided
	Due, Held           []peer.Kept
	At                  time.Time // of when Repeats, Due and Held are
	Counts              []count
}

// recent bounds the list of what happened last.
const recent = 25

// repeatedIn is how far apart the same can be asked to be seen as asked again.
const repeatedIn = 30 * 24 * time.Hour

// overview looks at what asks for the privacy officer's attention. It opens
// nothing.
func (v *visit) overview() (o overview, err error) {
	ctx, hat := v.r.Context(), v.session.hat
	sums := counting{}
	err = v.c.node.EachSummary(ctx, peer.Filter{Hat: hat}, func(s *peer.Summary) {
		sums.add(s)
		waits := s.Phase == exchange.Weighing || s.Phase == exchange.Proposed || s.Phase == exchange.Delivered
		if waits && !s.Paused && daysUntil(v.c.now(), s.Due) < 0 {
			o.Late = append(o.Late, *s)
		}
		if s.Advice {
			o.Advice = append(o.Advice, *s)
		}
		if s.Broad {
			o.Broad = append(o.Broad, *s)
		}
		if s.Breach {
			o.Breach = append(o.Breach, *s)
		}
	})
	if err != nil {
		return o, err
	}
	o.Counts = sums.list()
	if err := v.c.node.EachChange(ctx, peer.Filter{Hat: hat}, time.Time{}, func(s *peer.Summary) bool {
		o.Recent = append(o.Recent, *s)
		return len(o.Recent) < recent
	}); err != nil {
		return o, err
	}
	r, err := v.reckoning()
	if err != nil {
		return o, err
	}
	o.Repeats, o.At = r.Repeats, r.At
	asked, err := v.c.node.Petitions(ctx, peer.PetitionFilter{Hat: hat, Within: -1, Closed: true})
	if err != nil {
		return o, err
	}
	for _, p := range asked {
		if p.Outcome == "" {
			o.Petitions = append(o.Petitions, p)
		} else {
			o.Rulings = append(o.Rulings, p)
		}
	}
	at := v.c.now()
	for _, k := range r.Kept {
		switch {
		case k.Hold.Active(at):
			o.Held = append(o.Held, k)
		case !k.Keep.Due.IsZero() && !k.Keep.Due.After(at.Add(soonDue)):
			o.Due = append(o.Due, k)
		}
	}
	return o, nil
}

func oversight(v *visit) error {
	o, err := v.overview()
	if err != nil {
		return err
	}
	return v.show("oversight", v.word("oversight.title"), o)
}

// A counting is what was counted so far, by what it counts.
type counting map[counted]*count

// counted is what one count is of.
type counted struct {
	purpose exchange.PurposeCode
	side    exchange.Side
	phase   exchange.Phase
}

func (c counting) add(s *peer.Summary) {
	key := counted{s.Purpose, s.Side, s.Phase}
	sum, ok := c[key]
	if !ok {
		sum = &count{Purpose: s.Purpose, Side: s.Side, Phase: s.Phase}
		c[key] = sum
	}
	sum.N++
	if s.Late {
		sum.Late++
	}
}

func (c counting) list() (all []count) {
	for _, sum := range c {
		all = append(all, *sum)
	}
	slices.SortFunc(all, func(a, b count) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Phase, b.Phase))
	})
	return all
}

// countsFile is the counts as CSV (RFC 4180), for the evaluation: codes and
// numbers, nothing of anybody.
func countsFile(v *visit) error {
	o, err := v.overview()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="aantallen.csv"`)
	return csv.NewWriter(v.w).WriteAll(o.rows())
}

// rows are what the overview counts, one subject after the other.
func (o overview) rows() [][]string {
	rows := [][]string{{"onderwerp", "doel of soort", "kant", "stand", "aantal", "te laat"}}
	add := func(subject, kind, side, state string, n, late int) {
		rows = append(rows, []string{subject, kind, side, state, strconv.Itoa(n), strconv.Itoa(late)})
	}
	for _, c := range o.Counts {
		add("verzoek", string(c.Purpose), string(c.Side), string(c.Phase), c.N, c.Late)
	}
	for _, kind := range exchange.PetitionKinds {
		states := map[exchange.RulingOutcome][2]int{}
		for _, p := range slices.Concat(o.Petitions, o.Rulings) {
			if p.Kind == kind {
				sum := states[p.Outcome]
				sum[0]++
				if p.Overdue || p.Late {
					sum[1]++
				}
				states[p.Outcome] = sum
			}
		}
		for _, outcome := range slices.Sorted(maps.Keys(states)) {
			add("verzoek van inwoner", string(kind), "", cmp.Or(string(outcome), "open"), states[outcome][0], states[outcome][1])
		}
	}
	for _, r := range o.Repeats {
		add("herhaald", string(r.Purpose), string(r.Side), "", len(r.IDs), 0)
	}
	add("breed gevraagd", "", "", "", len(o.Broad), 0)
	add("tegen een voorwaarde", "", "", "", len(o.Breach), 0)
	add("vernietiging uitgesteld", "", "", "", len(o.Held), 0)
	add("vernietiging binnen 90 dagen", "", "", "", len(o.Due), 0)
	return rows
}

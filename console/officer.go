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

// drawOversight is the map for the privacy officer and the administrator.
func (c *Console) drawOversight() {
	officer := []exchange.Role{exchange.PrivacyOfficer}
	c.page("GET /privacy", officer, oversight)
	c.page("GET /privacy/aantallen.csv", officer, countsFile)
	c.page("GET /privacy/{id}", officer, whoLooked)
	c.page("GET /beheer", []exchange.Role{exchange.Administrator}, health)
}

// A count is how often something was asked, of one purpose and with one outcome:
// nothing in it says of whom.
type count struct {
	Purpose exchange.PurposeCode
	Side    exchange.Side
	Phase   exchange.Phase
	N, Late int
}

// An overview is what the privacy officer sees of his capacity.
type overview struct {
	Late, Broad, Breach []peer.Summary
	Recent              []peer.Summary
	Petitions           []peer.PetitionSummary
	Due                 []peer.Kept
	Counts              []count
}

// recent bounds the list of what happened last.
const recent = 25

// oversight shows what asks for the privacy officer's attention. It opens nothing.
func oversight(v *visit) error {
	var o overview
	all, err := v.everything(peer.Filter{Hat: v.session.hat})
	if err != nil {
		return err
	}
	for _, s := range all {
		waits := s.Phase == exchange.Weighing || s.Phase == exchange.Proposed || s.Phase == exchange.Delivered
		if waits && !s.Paused && daysUntil(v.c.now(), s.Due) < 0 {
			o.Late = append(o.Late, s)
		}
		if s.Broad {
			o.Broad = append(o.Broad, s)
		}
		if s.Breach {
			o.Breach = append(o.Breach, s)
		}
	}
	o.Counts = counts(all)
	slices.SortFunc(all, func(a, b peer.Summary) int { return b.Changed.Compare(a.Changed) })
	o.Recent = all[:min(recent, len(all))]
	if o.Petitions, err = v.c.node.Petitions(v.r.Context(), peer.PetitionFilter{Hat: v.session.hat, Within: -1}); err != nil {
		return err
	}
	if o.Due, err = v.c.node.Kept(v.r.Context(), v.session.hat, soonDue); err != nil {
		return err
	}
	return v.show("oversight", v.word("oversight.title"), o)
}

func counts(all []peer.Summary) []count {
	sums := map[count]count{}
	for _, s := range all {
		key := count{Purpose: s.Purpose, Side: s.Side, Phase: s.Phase}
		sum := sums[key]
		sum.Purpose, sum.Side, sum.Phase = key.Purpose, key.Side, key.Phase
		sum.N++
		if s.Late {
			sum.Late++
		}
		sums[key] = sum
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b count) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Phase, b.Phase))
	})
}

// countsFile is the counts as CSV (RFC 4180), for the evaluation: codes and
// numbers, nothing of anybody.
func countsFile(v *visit) error {
	all, err := v.everything(peer.Filter{Hat: v.session.hat})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="aantallen.csv"`)
	out := csv.NewWriter(v.w)
	rows := [][]string{{"doel", "kant", "stand", "aantal", "te laat"}}
	for _, c := range counts(all) {
		rows = append(rows, []string{string(c.Purpose), string(c.Side), string(c.Phase), strconv.Itoa(c.N), strconv.Itoa(c.Late)})
	}
	return out.WriteAll(rows)
}

// A trail is all that the ledger holds of one request.
type trail struct {
	ID      exchange.ID
	Entries []peer.Trace
}

// whoLooked shows who did what in one request, and who looked. That he looked is
// among it.
func whoLooked(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	entries, err := v.c.node.Trail(v.r.Context(), v.who(), id)
	if err != nil {
		return err
	}
	return v.show("trail", v.word("trail.title"), trail{id, entries})
}

// A condition of the node, as the administrator sees it.
type state struct {
	Version, Name       string
	OIN                 exchange.OIN
	Addresses           []string
	Entries             uint64
	Outbox, Alarms      int
	Register            uint64
	Issued, Expires     time.Time
	Expired, Recovering bool
	Partners            []peer.Witnessed
	Staff               []exchange.Actor
}

// health shows how the node is: nothing personal but the names of staff.
func health(v *visit) error {
	n := v.c.node
	id := n.Identity()
	s := state{
		Version: v.c.o.Version, Name: id.Name, OIN: id.OIN, Addresses: n.Addresses(), Outbox: n.Waiting(), Recovering: n.Recovery() != nil,
	}
	_, s.Entries = n.Checkpoint()
	alarms, err := n.Alarms()
	if err != nil {
		return err
	}
	s.Alarms = len(alarms)
	if reg := n.Register(); reg != nil {
		s.Register, s.Issued, s.Expires = reg.Version(), reg.Issued(), reg.Expires()
		s.Expired = s.Expires.Before(v.c.now())
	}
	if s.Partners, err = n.Witnesses(); err != nil {
		return err
	}
	if s.Staff, err = n.Staff(v.r.Context()); err != nil {
		return err
	}
	return v.show("health", v.word("health.title"), s)
}

package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"sluis/exchange"
	"sluis/ledger"
	"sluis/peer"
)

// drawTrails is the map of who looked and did what.
func (c *Console) drawTrails() {
	officer := []exchange.Role{exchange.PrivacyOfficer}
	c.page("GET /privacy/wie", officer, whoPage)
	c.page("POST /privacy/wie", officer, findTrail)
	c.page("POST /privacy/wie/medewerker", officer, staffTrail)
	c.page("GET /privacy/{id}", officer, whoLooked)
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

// A whoForm is where the privacy officer says of which request, or of which
// colleague, she wants to see who did what.
type whoForm struct {
	form
	Staff []option
}

func (v *visit) whoForm() (f whoForm, err error) {
	f.form = form{Values: v.r.Form}
	all, err := v.c.node.Staff(v.r.Context())
	if err != nil {
		return f, err
	}
	for _, a := range all {
		if slices.ContainsFunc(a.Roles, func(g exchange.Grant) bool { return g.Capacity == v.session.hat }) {
			f.Staff = append(f.Staff, option{string(a.ID), a.Name.Reveal()})
		}
	}
	slices.SortFunc(f.Staff, func(a, b option) int { return cmp.Compare(a.Label, b.Label) })
	return f, nil
}

func whoPage(v *visit) error {
	f, err := v.whoForm()
	if err != nil {
		return err
	}
	return v.show("trail-who", v.word("who.title"), f)
}

// findTrail goes to the request that has a reference, as people read it to each
// other, or an ID.
func findTrail(v *visit) error {
	f, err := v.whoForm()
	if err != nil {
		return err
	}
	all, err := v.everything(peer.Filter{Hat: v.session.hat})
	if err != nil {
		return err
	}
	want := strings.ToUpper(v.field("kenmerk"))
	for _, s := range slices.Backward(all) { // the newest, where two have one reference
		if want == ref(s.ID) || want == strings.ToUpper(string(s.ID)) {
			return v.redirect("/privacy/" + string(s.ID))
		}
	}
	f.wrong("kenmerk", v.word("who.ref.unknown"))
	return v.show("trail-who", v.word("who.title"), f)
}

// A staffView is what one member of staff did.
type staffView struct {
	Staff   exchange.ActorID
	Entries []staffLine
	Next    uint64
}

// A staffLine is one act, with the request and the purpose that it was for where
// it was for one.
type staffLine struct {
	peer.Trace
	Of  exchange.ID
	For exchange.PurposeCode
}

// staffTrail shows what a member of staff did in the capacity. His code stands in
// no address; that somebody looked stands in the ledger.
func staffTrail(v *visit) error {
	staff := exchange.ActorID(v.field("medewerker"))
	if staff == "" {
		f, err := v.whoForm()
		if err != nil {
			return err
		}
		f.wrong("medewerker", v.word("who.staff.missing"))
		return v.show("trail-who", v.word("who.title"), f)
	}
	before, err := strconv.ParseUint(cmp.Or(v.field("voor"), "0"), 10, 64)
	if err != nil {
		return errNoPage
	}
	view := staffView{Staff: staff}
	entries, next, err := v.c.node.StaffTrail(v.r.Context(), v.who(), staff, before)
	if err != nil {
		return err
	}
	view.Next = next
	for _, e := range entries {
		line := staffLine{Trace: e}
		if e.Exchange != ledger.None {
			line.Of = exchange.ID(e.Exchange)
		}
		if e.Purpose != ledger.None {
			line.For = exchange.PurposeCode(e.Purpose)
		}
		view.Entries = append(view.Entries, line)
	}
	return v.show("trail-staff", v.word("who.staff.title"), view)
}

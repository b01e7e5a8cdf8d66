package console

import (
	"cmp"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// drawHolds is the map of what is destroyed when, and of putting that off.
func (c *Console) drawHolds() {
	officer := []exchange.Role{exchange.PrivacyOfficer}
	c.page("GET /privacy/bewaren", officer, listKept)
	c.page("GET /privacy/bewaren/{id}", officer, holdPage)
	c.page("POST /privacy/bewaren/{id}", officer, placeHold)
	c.page("POST /privacy/bewaren/{id}/vrijgeven", officer, liftHold)
}

// A keeping is all that is kept in a capacity, by what becomes of it.
type keeping struct {
	Held, Soon, Later, Waits []peer.Kept
	At                       time.Time // of when it is
}

// everKept is longer than any term.
const everKept = 100 * 366 * 24 * time.Hour

func listKept(v *visit) error {
	r, err := v.reckoning()
	if err != nil {
		return err
	}
	k := keeping{At: r.At}
	at := v.c.now()
	for _, one := range r.Kept {
		switch {
		case one.Hold.Active(at):
			k.Held = append(k.Held, one)
		case one.Keep.Due.IsZero():
			k.Waits = append(k.Waits, one)
		case !one.Keep.Due.After(at.Add(soonDue)):
			k.Soon = append(k.Soon, one)
		default:
			k.Later = append(k.Later, one)
		}
	}
	slices.SortStableFunc(k.Held, func(a, b peer.Kept) int {
		return cmp.Or(a.Hold.Until.Compare(b.Hold.Until), cmp.Compare(a.ID, b.ID))
	})
	return v.show("hold-list", v.word("hold.title"), k)
}

// A holdForm is the form that puts the destruction of one dossier off.
type holdForm struct {
	form
	peer.Kept
	Active bool
	Early  time.Time // the day until which it is put off, where it would be destroyed later all the same
}

func (v *visit) holdForm() (f holdForm, err error) {
	id, err := v.id()
	if err != nil {
		return f, err
	}
	all, err := v.c.node.Kept(v.r.Context(), v.session.hat, everKept)
	if err != nil {
		return f, err
	}
	at := slices.IndexFunc(all, func(k peer.Kept) bool { return k.ID == id })
	if at < 0 {
		return f, errNoPage
	}
	f = holdForm{form: form{Values: v.r.Form}, Kept: all[at], Active: all[at].Hold.Active(v.c.now())}
	if f.Active && f.Hold.Until.Before(f.Keep.Due) {
		f.Early = f.Hold.Until
	}
	return f, nil
}

func holdPage(v *visit) error {
	f, err := v.holdForm()
	if err != nil {
		return err
	}
	return v.show("hold", v.word("hold.place"), f)
}

// placeHold puts the destruction off.
func placeHold(v *visit) error {
	f, err := v.holdForm()
	if err != nil {
		return err
	}
	until, ok := v.day("tot")
	if !ok || until.IsZero() {
		f.wrong("tot", v.word("hold.until.missing"))
	}
	if v.text("waarom").Blank() {
		f.wrong("waarom", v.word("hold.why.missing"))
	}
	f.inOrder("waarom", "tot")
	if len(f.Mistakes) == 0 && until.After(v.c.now()) && until.Before(f.Keep.Due) && v.field("toch") != v.field("tot") {
		f.Early = until
		f.Values.Set("toch", v.field("tot"))
		return v.show("hold", v.word("hold.place"), f)
	}
	if len(f.Mistakes) == 0 {
		_, err := v.c.node.PlaceHold(v.r.Context(), v.who(), f.ID, v.text("waarom"), until)
		if err == nil {
			v.reckonAgain()
			v.say("hold.placed")
			return v.redirect("/privacy/bewaren")
		}
		if err := v.refused(&f.form, err, petitionFields); err != nil {
			return err
		}
	}
	return v.show("hold", v.word("hold.place"), f)
}

// liftHold ends a hold before its day.
func liftHold(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := v.c.node.LiftHold(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	v.reckonAgain()
	v.say("hold.lifted")
	return v.redirect("/privacy/bewaren")
}

package console

import (
	"time"

	"sluis/exchange"
)

// A peopleForm is the form on which somebody is added to a case, or a member of
// the family is said to take part.
type peopleForm struct {
	form
	Case   exchange.Case
	Number int // of who stands in the form; 0 for somebody new
}

func (v *visit) peopleForm() (f peopleForm, err error) {
	id, err := v.id()
	if err != nil {
		return f, err
	}
	if f.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return f, err
	}
	if !f.Case.Closed.IsZero() {
		return f, errNoPage
	}
	f.Values = v.r.Form
	if f.Number = parseNumber(v.field("wie")); f.Number < 0 || f.Number > len(f.Case.People) {
		return f, errNoPage
	}
	return f, nil
}

// peoplePage shows the form, with who is named by number in it.
func peoplePage(v *visit) error {
	f, err := v.peopleForm()
	if err != nil {
		return err
	}
	if f.Number > 0 && !v.refilled {
		p := f.Case.People[f.Number-1]
		for name, value := range map[string]string{
			"wat": string(p.Standing), "bsn": p.BSN.Reveal(), "naam": p.Name.Reveal(), "geboren": p.Born.Reveal(), "adres": p.Address.Reveal(),
			"waarom": p.Why.Reveal(), "doet-mee": v.today().Format(time.DateOnly),
		} {
			f.Values.Set(name, value)
		}
	}
	return v.show("coordination-people", v.word("people.title"), f)
}

// admit adds somebody to the case, with why he belongs to it.
func admit(v *visit) error {
	f, err := v.peopleForm()
	if err != nil {
		return err
	}
	p := v.person(&f.form, exchange.Standing(v.field("wat")))
	p.Why = v.text("waarom")
	if p.Standing == "" {
		f.wrong("wat", v.word("people.standing.missing"))
	}
	if p.Why.Blank() && f.Number == 0 {
		f.wrong("waarom", v.word("people.why.missing"))
	}
	if p.Standing == exchange.Family {
		var ok bool
		if p.Agreed, ok = v.day("doet-mee"); !ok {
			f.wrong("doet-mee", v.word("decide.day"))
		}
	}
	f.inOrder("wat", "doet-mee", "waarom", "bsn", "naam", "geboren", "adres")
	if len(f.Mistakes) == 0 {
		if _, err := v.c.node.Admit(v.r.Context(), v.who(), f.Case.ID, p); err != nil {
			f.Mistakes = append(f.Mistakes, v.advice(err))
		}
	}
	if len(f.Mistakes) > 0 {
		return v.show("coordination-people", v.word("people.title"), f)
	}
	v.say("people.kept")
	return v.redirect("/casussen/" + string(f.Case.ID))
}

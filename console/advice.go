package console

import "sluis/exchange"

// drawAdvice is the map for the privacy officer who is asked for advice.
func (c *Console) drawAdvice() {
	officer := []exchange.Role{exchange.PrivacyOfficer}
	c.page("GET /privacy/advies/{id}", officer, advicePage)
	c.page("POST /privacy/advies/{id}", officer, advise)
}

// askAdvice asks the privacy officer about a request; the deadline runs on.
func askAdvice(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if v.text("adviesvraag").Blank() {
		a, err := v.read()
		if err != nil {
			return err
		}
		a.wrong("adviesvraag", v.word("advice.question.missing"))
		return v.show("request", v.word("request.title"), a)
	}
	if _, err := v.c.node.AskAdvice(v.r.Context(), v.who(), id, v.text("adviesvraag")); err != nil {
		return err
	}
	v.say("advice.asked")
	return v.redirect("/werkbak/" + string(id))
}

// Advising reports whether advice on the request would still be of use.
func (a asked) Advising() bool {
	return a.Phase == exchange.Weighing || a.Phase == exchange.Clarifying || a.Phase == exchange.Proposed
}

// advicePage is the request as the privacy officer reads it. That she did is in the
// ledger.
func advicePage(v *visit) error {
	a, err := v.read()
	if err != nil {
		return err
	}
	return v.show("advice", v.word("advice.title"), a)
}

// advise records what she says.
func advise(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if v.text("advies").Blank() {
		a, err := v.read()
		if err != nil {
			return err
		}
		a.wrong("advies", v.word("advice.missing"))
		return v.show("advice", v.word("advice.title"), a)
	}
	if _, err := v.c.node.Advise(v.r.Context(), v.who(), id, v.text("advies")); err != nil {
		return err
	}
	v.say("advice.given")
	return v.redirect("/privacy")
}

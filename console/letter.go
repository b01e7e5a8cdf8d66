package console

import (
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A letter tells somebody of a case what was asked about him, of whom, and what he
// can do (arts. 13 and 14 GDPR; memorandum §1.5, §4.3.1). It is to be printed and
// handed over; what is in it about others of the case is not his.
type letter struct {
	Case   exchange.Case
	Number int // of the person in the case, from 1
	To     exchange.Person
	People []option
	Asked  []letterRow
	From   peer.Identity
	Today  time.Time
	// Silent are requests of which he does not know yet, with the reason: who sends
	// the letter must look at that first. It is not printed.
	Silent []letterRow
}

// A letterRow is one request in a letter.
type letterRow struct {
	exchange.Request
	Begun time.Time
	Phase exchange.Phase
	Given []exchange.ItemCode // what was supplied, without what it says
}

// letterPage shows the letter to the person of a number. Each request in it is
// opened, which stands in the ledger.
func letterPage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	l := letter{Number: 1, From: v.c.node.Identity(), Today: v.today()}
	if l.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	if v.field("wie") != "" {
		l.Number = parseNumber(v.field("wie"))
	}
	if l.Number < 1 || l.Number > len(l.Case.People) {
		return errNoPage
	}
	l.To, l.People = l.Case.People[l.Number-1], people(l.Case)
	all, err := v.everything(peer.Filter{Side: exchange.Asker, Case: id, Hat: v.session.hat})
	if err != nil {
		return err
	}
	for _, s := range all {
		x, err := v.c.node.Open(v.r.Context(), v.who(), s.ID)
		if err != nil {
			return err
		}
		if x.Phase == exchange.Withdrawn || !concerns(x.Request.Subject, l.To) {
			continue
		}
		row := letterRow{Request: x.Request, Begun: x.Begun, Phase: x.Phase}
		for _, i := range x.Answer.Items {
			if i.Outcome == exchange.Supply {
				row.Given = append(row.Given, i.Item)
			}
		}
		l.Asked = append(l.Asked, row)
		switch x.Request.Involvement.State {
		case exchange.NotYetInformed, exchange.Objected:
			l.Silent = append(l.Silent, row)
		}
	}
	return v.show("letter", v.word("letter.title"), l)
}

// concerns reports whether a request is about a person of the case.
func concerns(s exchange.Subject, p exchange.Person) bool {
	if !s.BSN.Zero() && !p.BSN.Zero() {
		return s.BSN.Reveal() == p.BSN.Reveal()
	}
	return s.Name.Reveal() == p.Name.Reveal() && s.Born.Reveal() == p.Born.Reveal()
}

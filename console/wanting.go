package console

import (
	"errors"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
)

// mustState asks for the statements that the law wants, each at its own field.
func (v *visit) mustState(f *form, all []stated) {
	for _, s := range all {
		if s.Needed && v.text(s.Name).Blank() {
			f.wrong(s.Name, v.word("statement.missing", "ask", in(v.lang, s.Ask)))
		}
	}
}

// stateOneOf asks for one of several statements that do as well as each other.
func (v *visit) stateOneOf(f *form, all []stated) {
	if len(all) < 2 || slices.ContainsFunc(all, func(s stated) bool { return !v.text(s.Name).Blank() }) {
		return
	}
	var asks []string
	for _, s := range all {
		asks = append(asks, in(v.lang, s.Ask))
	}
	f.wrong(all[0].Name, v.word("statement.one-of", "asks", strings.Join(asks, " ")))
}

// person is who a form names, with what is wrong in it at its own field: who has
// no number here is known by all three of name, day of birth and address.
func (v *visit) person(f *form, standing exchange.Standing) exchange.Person {
	p := exchange.Person{Standing: standing, Name: v.text("naam"), Born: v.text("geboren"), Address: v.text("adres")}
	if v.field("bsn") != "" {
		number, err := exchange.ParseBSN(v.field("bsn"))
		if err != nil {
			f.wrong("bsn", v.word("case.bsn.wrong"))
			number = exchange.BSN{}
		}
		p.BSN = number
	}
	if v.field("bsn") != "" && p.Name.Blank() && p.Born.Blank() && p.Address.Blank() {
		return p
	}
	for _, must := range []struct {
		text  exchange.Personal
		field string
		key   string
	}{{p.Name, "naam", "case.name.missing"}, {p.Born, "geboren", "case.born.missing"}, {p.Address, "adres", "case.address.missing"}} {
		if must.text.Blank() {
			f.wrong(must.field, v.word(must.key))
		}
	}
	if p.Born.Blank() {
		return p
	}
	day, err := time.Parse(time.DateOnly, p.Born.Reveal())
	switch {
	case err != nil:
		f.wrong("geboren", v.word("case.born.missing"))
	case standing != exchange.Unborn && day.After(v.today()):
		f.wrong("geboren", v.word("case.born.future"))
	}
	return p
}

// refusedAt says of a refused request what is wrong, at the field that it is about.
func (v *visit) refusedAt(err error) mistake {
	m := v.advice(err)
	var r *exchange.Refusal
	if !errors.As(err, &r) {
		return m
	}
	switch r.Code {
	case exchange.InvolvementNotEnough:
		m.Field = "weet"
	case exchange.StatementMissing, exchange.BadStatement:
		codes := strings.Split(param(r, "statement"), ",")
		m.Field = "st."
		if item := param(r, "item"); item != "" {
			m.Field += item + "."
		}
		m.Field += codes[0]
		if r.Code == exchange.BadStatement { // the form offers no other way to get one wrong
			m.Text, m.Todo = v.word("problem.too-long"), v.word("problem.too-long.todo")
			break
		}
		var asks []string
		for _, code := range codes {
			rule, _ := v.c.node.Law().Statement(exchange.StatementCode(code))
			asks = append(asks, in(v.lang, rule.Ask))
		}
		m.Todo, m.Text = "", v.word("statement.missing", "ask", asks[0])
		if len(asks) > 1 {
			m.Text = v.word("statement.one-of", "asks", strings.Join(asks, " "))
		}
	case exchange.BadRequest:
		if item := param(r, "item"); item != "" {
			m.Field = "reden." + item
		} else if m.Field = requestFields[param(r, "field")]; m.Field == "" {
			return m
		}
		m.Text, m.Todo = v.word("problem.too-long"), v.word("problem.too-long.todo")
	}
	return m
}

// requestFields are the texts of a request by what the law calls them: of those it
// holds no more than their length.
var requestFields = map[string]string{"specific": "waarvoor", "contact": "contact", "involvement": "weet-omdat"}

// param is what a refusal says under a name.
func param(r *exchange.Refusal, name string) string {
	for i := 0; i+1 < len(r.Params); i += 2 {
		if r.Params[i] == name {
			return r.Params[i+1]
		}
	}
	return ""
}

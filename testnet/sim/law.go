package sim

import (
	"fmt"
	"time"

	"sluis/exchange"
)

// numbers are published test BSNs.
var numbers = []string{"999993847", "999991905", "999993653", "999995017", "999993483", "999992077", "999990482"}

// A kind of request is what is asked of a party, and how its professional
// decides.
type kind struct {
	to    string
	items []exchange.AskedItem
	// more is stated beside what every request states.
	more []exchange.Statement
	// steps are weighed before deciding.
	steps func(day time.Time) []exchange.Step
	// ground is for what is withheld.
	ground exchange.GroundCode
	never  bool // nothing is ever supplied
	noBSN  bool
}

// beyond is what has to be said of a party outside of the social domain.
var beyond = []exchange.Statement{{Code: "beyond-social-domain", Text: text("only they know what happened")}}

var kinds = []kind{
	{to: "debt-help", ground: "not-necessary", items: []exchange.AskedItem{
		{Item: "debt-plan", Depth: exchange.Content, Why: text("to plan the first month around it")},
		{Item: "debt-creditors", Depth: exchange.That, Why: text("to know whether a house is wise")},
	}},
	{to: "youth-care", ground: "only-contact-breaks", steps: weighed, items: []exchange.AskedItem{
		{Item: "youth-help-running", Depth: exchange.Content, Why: text("not to start the same help again")},
		{Item: "safety-concerns", Depth: exchange.Content, Why: text("to take worries along")},
	}},
	{to: "housing", ground: "not-necessary", noBSN: true, more: beyond, items: []exchange.AskedItem{
		{Item: "rent-arrears", Depth: exchange.Process, Why: text("to see whether the home is at risk")},
		{Item: "tenancy", Depth: exchange.That, Why: text("to know who the landlord is")},
	}},
	{to: "police", ground: "investigation-harmed", never: true,
		more: beyond,
		items: []exchange.AskedItem{{
			Item: "incidents-at-home", Depth: exchange.Process, Why: text("to know how often there were calls"),
			Statements: []exchange.Statement{{Code: "service-choice", Text: text("whether a safety plan comes first")}},
		}}},
}

// text is a text of a person: none of it may be seen outside of a seal.
func text(format string, args ...any) exchange.Personal {
	return exchange.Hide(mark + " " + fmt.Sprintf(format, args...))
}

// weighed are the steps of art. 5.4.2(2), without the client's consent.
func weighed(day time.Time) []exchange.Step {
	return []exchange.Step{
		{Code: "enough-information", Outcome: "yes"},
		{Code: "consent", Outcome: "impossible", Text: text("three visits, no answer")},
		{Code: "good-care", Outcome: "yes", Text: text("the help stalls")},
		{Code: "prevents-and-outweighs", Outcome: "yes", Text: text("she is alone at night")},
		{Code: "least", Outcome: "yes"},
		{Code: "client-told", Outcome: "after", Day: day.AddDate(0, 0, 7), Text: text("at the next visit")},
		{Code: "colleague", Outcome: "agrees", With: "k.duin", Day: day},
	}
}

// caseOf is a case about a person who asked for help today.
func caseOf(s exchange.Subject, day time.Time) exchange.Case {
	return exchange.Case{
		Trigger: exchange.Trigger{
			Code: "client-request", On: day, Scope: []exchange.DomainCode{"debts", "housing", "youth-care", "police"},
			Statements: []exchange.Statement{
				{Code: "act", Text: exchange.Hide("wmo")}, {Code: "suspicion", Text: exchange.Hide("client-said")},
				{Code: "coherence", Text: text("debts keep him from work and from a home")},
			},
		},
		People: []exchange.Person{{Standing: exchange.Client, BSN: s.BSN, Name: s.Name, Born: s.Born, Address: s.Address}},
	}
}

// requestOf is a request of a kind. Person is filled in from the case.
func requestOf(k kind, from, to exchange.PartyID, day time.Time) exchange.Request {
	return exchange.Request{
		From: from, To: to, Purpose: "investigation/client-request", Specific: text("to plan help at home"),
		Statements: append([]exchange.Statement{
			{Code: "question", Text: exchange.Hide("running")}, {Code: "why-this-party", Text: text("he goes there")},
		}, k.more...),
		Trigger: exchange.TriggerNote{Code: "client-request", On: day}, Items: k.items,
		Involvement: exchange.Involvement{State: exchange.InConsultation}, Contact: text("06-00000000"),
	}
}

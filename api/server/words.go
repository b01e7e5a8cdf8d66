package server

import (
	"sluis/api"
	"sluis/exchange"
	"sluis/ledger"
)

// What passes between the API and the product, with its words: see api/words.go.
// A word from outside has been held to the contract before it comes here; a
// code from inside that has no word is a mistake of ours, which a test finds.

func sideOf(s exchange.Side) api.Side       { w, _ := api.SideOf(string(s)); return w }
func phaseOf(p exchange.Phase) api.Phase    { w, _ := api.PhaseOf(string(p)); return w }
func depthOf(d exchange.Depth) api.Depth    { w, _ := api.DepthOf(string(d)); return w }
func roleOf(r exchange.Role) api.Role       { w, _ := api.RoleOf(string(r)); return w }
func regimeOf(r exchange.Regime) api.Regime { w, _ := api.RegimeOf(string(r)); return w }

func standingOf(s exchange.Standing) api.Standing        { w, _ := api.StandingOf(string(s)); return w }
func consentOf(s exchange.ConsentState) api.ConsentState { w, _ := api.ConsentOf(string(s)); return w }

func outcomeOf(o exchange.Outcome) api.Outcome { w, _ := api.OutcomeOf(string(o)); return w }

func conditionOf(c exchange.ConditionCode) api.ConditionKind {
	w, _ := api.ConditionOf(string(c))
	return w
}

func involvementOf(s exchange.InvolvementState) api.InvolvementState {
	w, _ := api.InvolvementOf(string(s))
	return w
}

func categoryOf(c exchange.Category) api.Category { w, _ := api.CategoryOf(string(c)); return w }

// each makes a list, never null.
func each[A, B any](all []A, one func(A) B) []B {
	list := make([]B, 0, len(all))
	for _, a := range all {
		list = append(list, one(a))
	}
	return list
}

// plain turns one kind of code into another: both are text.
func plain[B, A ~string](a A) B { return B(a) }

// some is the text of a ledger field, or "" for one that has nothing to say.
func some(text string) string {
	if text == ledger.None {
		return ""
	}
	return text
}

func hashText(h ledger.Hash) api.Digest { return ledger.Digest(h).String() }

package audit

import (
	"strings"

	"sluis/exchange"
	"sluis/ledger"
)

// A Scope tells of which entries the private part and the message are opened.
type Scope struct {
	inspection exchange.Inspection
	dossiers   map[string]bool
	party      string // "OIN:", which its capacities follow
}

// ScopeOf makes an inspection ready to be applied. dossiers are those of one
// person, for an inspection about him.
func ScopeOf(i exchange.Inspection, dossiers []string) Scope {
	s := Scope{inspection: i, dossiers: make(map[string]bool, len(dossiers)), party: string(i.Party) + ":"}
	for _, d := range dossiers {
		s.dossiers[d] = true
	}
	return s
}

// Covers reports whether an entry is in scope.
func (s Scope) Covers(h ledger.Header) bool {
	switch s.inspection.Scope {
	case exchange.ScopeAll:
		return true
	case exchange.ScopePeriod:
		return !h.Time.Before(s.inspection.From) && h.Time.Before(s.inspection.Until)
	case exchange.ScopeParty:
		return strings.HasPrefix(h.Party, s.party)
	case exchange.ScopePurpose:
		return h.Purpose == string(s.inspection.Purpose)
	case exchange.ScopeExchange:
		return h.Exchange == string(s.inspection.Exchange)
	case exchange.ScopePerson:
		return s.dossiers[h.Key]
	}
	return false
}

// Carries reports whether an entry of this kind comes with its message where
// it is in scope.
func Carries(kind exchange.EventKind) bool {
	_, _, ok := exchange.PassageOf(kind)
	return ok || kind == exchange.ReceiptReceived
}

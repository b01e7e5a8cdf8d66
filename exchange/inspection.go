package exchange

import (
	"slices"
	"time"
)

// An Inspection (inzage door een toezichthouder) is what an organisation lets a
// regulator see of its ledger. The headers of all entries always go along, so
// that nothing can be left out unseen; the scope says of which entries the
// private part and the message are opened too.
//
// It stands in the private part of the entry that grants it and in the head of
// the bundle. It holds nothing of a person: whom an inspection about one person
// concerns is found at the node, and what is found is named by a digest.
type Inspection struct {
	Scope ScopeCode `json:"scope"`
	// From and Until bound a period: from From on, before Until.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Party is the other organisation.
	Party    OIN         `json:"party,omitempty"`
	Purpose  PurposeCode `json:"purpose,omitempty"`
	Exchange ID          `json:"exchange,omitempty"`
	// Dossiers names, by a digest, the list of dossiers about one person.
	Dossiers string `json:"dossiers,omitempty"`
	// Disclosures says that answers come with what was supplied in words.
	Disclosures bool `json:"disclosures,omitempty"`
	// Recipient is the fingerprint of the key that the bundle is sealed to.
	Recipient string `json:"recipient"`
}

// A ScopeCode says by what the entries of an inspection are picked.
type ScopeCode string

// The scopes.
const (
	ScopeAll      ScopeCode = "all"
	ScopePeriod   ScopeCode = "period"
	ScopeParty    ScopeCode = "counterparty"
	ScopePurpose  ScopeCode = "purpose"
	ScopeExchange ScopeCode = "exchange"
	ScopePerson   ScopeCode = "person"
)

// ScopeCodes lists every scope.
var ScopeCodes = [...]ScopeCode{ScopeAll, ScopePeriod, ScopeParty, ScopePurpose, ScopeExchange, ScopePerson}

// Check refuses an inspection whose scope is not complete or holds what belongs
// to another.
func (i Inspection) Check() error {
	wrong := func(field string) error { return refuse(BadScope, "field", field) }
	set := map[ScopeCode]bool{
		ScopePeriod: !i.From.IsZero() || !i.Until.IsZero(), ScopeParty: i.Party != "", ScopePurpose: i.Purpose != "",
		ScopeExchange: i.Exchange != "", ScopePerson: i.Dossiers != "",
	}
	if !slices.Contains(ScopeCodes[:], i.Scope) {
		return wrong("scope")
	}
	for _, code := range ScopeCodes {
		if code != ScopeAll && set[code] != (i.Scope == code) {
			return wrong(string(code))
		}
	}
	switch {
	case i.Scope == ScopePeriod && (i.From.IsZero() || !i.From.Before(i.Until)):
		return wrong("period")
	case i.Scope == ScopePurpose && !isCode(string(i.Purpose)):
		return wrong("purpose")
	case i.Recipient == "":
		return wrong("recipient")
	}
	if i.Scope == ScopeParty {
		if _, err := ParseOIN(string(i.Party)); err != nil {
			return err
		}
	}
	if i.Scope == ScopeExchange {
		if _, err := ParseID(string(i.Exchange)); err != nil {
			return err
		}
	}
	return nil
}

// GrantInspection lets a regulator inspect the ledger (toezicht: Wmo
// inspectors, AP, IGJ). The privacy officer, the administrator and whoever
// receives regulators may grant it: they see nothing of what is sealed, so that
// their hat opens no more than it did; that they granted it, to whom and how
// much is an entry of the ledger and goes along.
func GrantInspection(i Inspection, own Party, by Actor, at time.Time) (Event, error) {
	if err := i.Check(); err != nil {
		return Event{}, err
	}
	if _, ok := own.Capacity(by.Hat); !ok {
		return Event{}, refuse(UnknownCapacity, "party", "own", "capacity", string(by.Hat))
	}
	if _, err := by.oneOf([]Role{PrivacyOfficer, Auditor, Administrator}, by.Hat, ""); err != nil {
		return Event{}, err
	}
	return Event{
		Kind: InspectionGranted, Own: PartyID{OIN: own.OIN, Capacity: by.Hat}, At: at, By: by.ID, Detail: Detail{Inspection: &i},
	}, nil
}

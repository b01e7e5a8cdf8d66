package exchange_test

import (
	"errors"
	"testing"
	"time"

	"sluis/exchange"
)

// A scope is complete, holds nothing of another scope, and is granted by who
// may grant it only (toezicht; domain §10).
func TestGrantInspection(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	own := exchange.Party{OIN: "00000099000002002000", Capacities: []exchange.Capacity{{Code: "probation"}, {Code: "coordination"}}}
	actor := func(role exchange.Role, hat exchange.CapacityCode) exchange.Actor {
		return exchange.Actor{ID: "m.kuipers", Hat: hat, Roles: []exchange.Grant{{Role: role, Capacity: "probation"}}}
	}
	all := exchange.Inspection{Scope: exchange.ScopeAll, Recipient: "fingerprint"}
	for _, role := range exchange.Roles {
		may := role == exchange.PrivacyOfficer || role == exchange.Auditor || role == exchange.Administrator
		event, err := exchange.GrantInspection(all, own, actor(role, "probation"), at)
		if may != (err == nil) {
			t.Errorf("%s: %v", role, err)
		}
		if may && (event.Kind != exchange.InspectionGranted || event.Own.Capacity != "probation" || event.Detail.Inspection.Scope != exchange.ScopeAll) {
			t.Errorf("%s: the event is %+v", role, event)
		}
		if _, err := exchange.GrantInspection(all, own, actor(role, "coordination"), at); err == nil {
			t.Errorf("%s grants under a hat that is not his", role)
		}
	}
	good := []exchange.Inspection{
		all,
		{Scope: exchange.ScopePeriod, From: at, Until: at.AddDate(0, 1, 0), Recipient: "f"},
		{Scope: exchange.ScopeParty, Party: "00000099000001001000", Recipient: "f"},
		{Scope: exchange.ScopePurpose, Purpose: "investigation/client-request", Recipient: "f"},
		{Scope: exchange.ScopeExchange, Exchange: "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857", Recipient: "f"},
		{Scope: exchange.ScopePerson, Dossiers: "digest", Recipient: "f"},
	}
	for _, i := range good {
		if err := i.Check(); err != nil {
			t.Errorf("%s: %v", i.Scope, err)
		}
		for _, other := range exchange.ScopeCodes {
			if other == i.Scope {
				continue
			}
			wrong := i
			if wrong.Scope = other; !errors.Is(wrong.Check(), &exchange.Refusal{Code: exchange.BadScope}) {
				t.Errorf("what belongs to %s passes for %s", i.Scope, other)
			}
		}
		i.Recipient = ""
		if i.Check() == nil {
			t.Errorf("%s: nobody it is for", i.Scope)
		}
	}
	backwards := exchange.Inspection{Scope: exchange.ScopePeriod, From: at, Until: at, Recipient: "f"}
	if backwards.Check() == nil {
		t.Error("an empty period")
	}
}

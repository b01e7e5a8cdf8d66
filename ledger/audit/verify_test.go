package audit_test

import (
	"bytes"
	"testing"

	"sluis/exchange"
	"sluis/ledger/audit"
)

// Bundles of honest parties hold, whatever their scope.
func TestHonestBundlesHold(t *testing.T) {
	for _, scope := range exchange.ScopeCodes {
		for _, disclosures := range []bool{false, true} {
			w := newWorld(t)
			first := w.ask(college, officer)
			w.ask(college, officer)
			for id, p := range w.parties {
				i := w.inspection(scope)
				i.Disclosures = disclosures
				var dossiers []string
				switch scope {
				case exchange.ScopePeriod:
					i.From, i.Until = noon, w.now
				case exchange.ScopeParty:
					i.Party = map[exchange.PartyID]exchange.PartyID{college: officer, officer: college}[id].OIN
				case exchange.ScopePurpose:
					i.Purpose = purpose
				case exchange.ScopeExchange:
					i.Exchange = first
				case exchange.ScopePerson:
					dossiers = []string{string(first)}
					i.Dossiers = audit.DigestOfDossiers(dossiers)
				}
				head := p.grant(i)
				head.Dossiers = dossiers
				var out bytes.Buffer
				p.export(&out, head)
				r := w.verified(out.Bytes())
				if r.Findings.Count() != 0 {
					t.Errorf("%s of %s: %+v", scope, id.Capacity, r.Findings.Listed)
				}
				if !r.Vouched || r.Entries != head.Size || r.Covered == 0 || r.Opened == 0 || scope != exchange.ScopePeriod && r.Receipts == 0 {
					t.Errorf("%s of %s: %+v", scope, id.Capacity, r)
				}
			}
		}
	}
}

// Without a root from outside, the report says that nothing vouches for it.
func TestNothingOutsideVouches(t *testing.T) {
	w := newWorld(t)
	w.ask(college, officer)
	bundle := w.parties[college].bundle(w.inspection(exchange.ScopeAll))
	r, err := audit.Verify(bytes.NewReader(bundle), audit.Options{})
	if err != nil || r.Vouched || r.Findings.Count() != 0 || r.Trust == "" {
		t.Errorf("%v, %+v", err, r)
	}
	other := newWorld(t)
	r, err = audit.Verify(bytes.NewReader(bundle), audit.Options{Root: other.root})
	if err != nil || !r.Findings.Has(audit.RegisterInvalid) {
		t.Errorf("another root is taken for this one: %v, %+v", err, r)
	}
}

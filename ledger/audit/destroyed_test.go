package audit_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
)

// destroy writes that the dossier of an exchange was destroyed. forget says
// whether its keys are gone, too.
func (p *party) destroy(x exchange.ID, other exchange.PartyID, forget bool) {
	part, err := json.Marshal(exchange.PrivatePart{Register: 1, Detail: exchange.Detail{Code: "5.4.5"}})
	p.w.must(err)
	p.write("node", exchange.DossierDestroyed, exchange.Event{Exchange: x, Own: p.id, Other: other, Purpose: purpose}, part, nil)
	for i := range p.entries {
		if e := &p.entries[i]; forget && e.Key == string(x) {
			e.key, e.token = crypto.Secret{}, nil
		}
	}
}

// What was destroyed (vernietiging) stays closed, and that is no finding. What is
// closed without that is one, what is open in spite of that is one, and so is
// work on it.
func TestDestroyedDossiers(t *testing.T) {
	for name, test := range map[string]struct {
		play func(p *party, x exchange.ID)
		want audit.Code
	}{
		"destroyed": {func(p *party, x exchange.ID) { p.destroy(x, college, true) }, ""},
		"destroyed in two goes": {func(p *party, x exchange.ID) {
			p.destroy(x, college, true)
			p.destroy(x, college, true)
		}, ""},
		"said to be, and open": {func(p *party, x exchange.ID) { p.destroy(x, college, false) }, audit.NotDestroyed},
		"closed without that": {func(p *party, x exchange.ID) {
			p.destroy(x, college, true)
			p.rewriteWithout(exchange.DossierDestroyed)
		}, audit.PartKeyMissing},
		"worked on": {func(p *party, x exchange.ID) {
			p.destroy(x, college, true)
			p.step(exchange.Viewed, x, college, nil)
			p.entries[len(p.entries)-1].key = crypto.Secret{}
		}, audit.OrderBroken},
	} {
		w := newWorld(t)
		x := w.ask(college, officer)
		w.ask(college, officer)
		p := w.parties[officer]
		test.play(p, x)
		head := p.grant(w.inspection(exchange.ScopeAll))
		var out bytes.Buffer
		p.export(&out, head)
		r := w.verified(out.Bytes())
		if test.want == "" && (r.Findings.Count() != 0 || r.Destroyed == 0) || test.want != "" && !r.Findings.Has(test.want) {
			t.Errorf("%s: %d destroyed, %+v", name, r.Destroyed, r.Findings.Listed)
		}
	}
}

// rewriteWithout leaves out all entries of a kind.
func (p *party) rewriteWithout(kind exchange.EventKind) {
	kept := p.entries[:0:0]
	for _, e := range p.entries {
		if e.Kind != string(kind) {
			kept = append(kept, e)
		}
	}
	p.entries = kept
	p.rewrite(nil, nil)
}

package audit_test

import (
	"encoding/json"
	"testing"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger/audit"
)

// pass plays a passing of what was supplied in an exchange, with the notice to its
// source or without.
func (w *world) pass(x exchange.ID, from, to, source exchange.PartyID, notice bool) {
	w.t.Helper()
	p, r, s := w.parties[from], w.parties[to], w.parties[source]
	var answer wire.Message
	for _, e := range p.entries {
		if e.Kind == string(exchange.AnswerReceived) && e.Exchange == string(x) {
			var err error
			answer, err = wire.ReadKept(e.token)
			w.must(err)
		}
	}
	shown, err := answer.Shown()
	w.must(err)
	passing, err := wire.SignPassing(p.envelope(x, to, wire.Digest{}), wire.PassingBody{
		Purpose: purpose, Subject: requestOf(x, from, source).Subject, Why: exchange.Hide("om af te stemmen"), Chain: wire.Chain{Answer: answer.Digest},
		Disclosures: []string{shown["supervision-conditions"]},
	}, [][]byte{wire.WithoutDisclosures(answer.Token)}, p.keys.Signing)
	w.must(err)
	p.step(exchange.PassingIssued, x, to, passing.Token)
	p.step(exchange.ReceiptReceived, x, to, r.receipt(r.step(exchange.PassingReceived, x, from, passing.Token), from))
	if !notice {
		return
	}
	told, err := wire.SignNotice(p.envelope(x, source, wire.Digest{}), passing.Token, nil, p.keys.Signing)
	w.must(err)
	p.step(exchange.NoticeIssued, x, source, told.Token)
	p.step(exchange.ReceiptReceived, x, source, s.receipt(s.step(exchange.NoticeReceived, x, from, told.Token), from))
}

// Whoever passes on tells who supplied it (design §7): with the notice nothing is
// found, without it the passer is named, by the three ledgers and by the two of
// passer and source with a receipt.
func TestNoticesAreCompared(t *testing.T) {
	w := newWorld(t, college, officer, school)
	x := w.ask(college, officer)
	w.pass(x, college, school, officer, true)
	if c := w.reconciled(college, officer, school); c.Findings.Count() != 0 {
		t.Fatalf("with notice: %+v", c.Findings.Listed)
	}
	w.pass(x, college, school, officer, false)
	c := w.reconciled(college, officer, school)
	if c.Findings.Count() != 1 || c.Findings.Listed[0].Code != audit.Unnoticed || c.Findings.Listed[0].Party != college.OIN ||
		c.Findings.Listed[0].Other != officer.OIN || c.Findings.Listed[0].Exchange != string(x) {
		t.Errorf("without notice: %+v", c.Findings.Listed)
	}
	// Without the passer's own bundle a day may pass first.
	if c := w.reconciled(officer, school); c.Findings.Has(audit.Unnoticed) {
		t.Errorf("he may still tell: %+v", c.Findings.Listed)
	}
	w.now = w.now.AddDate(0, 0, 2)
	w.ask(college, officer)
	if c := w.reconciled(officer, school); !c.Findings.Has(audit.Unnoticed) {
		t.Errorf("two days later: %+v", c.Findings.Listed)
	}
}

// A passing that the recipient's node did not accept for a condition is a finding
// about who tried, by his ledger alone.
func TestOnwardRefused(t *testing.T) {
	const passing = exchange.ID("01a22272-bc77-7ac0-8c47-e801759515bd")
	for _, c := range []struct {
		code exchange.Code
		of   exchange.ID
		want bool
	}{
		{exchange.OnwardNeedsPermission, passing, true},
		{exchange.OnwardForbidden, passing, true},
		{exchange.BadChain, passing, true},
		{exchange.CategoryAsker, passing, false},
		{exchange.BadChain, "", false}, // the notice of it, at a supplier that lost what he supplied
	} {
		w := newWorld(t, college, officer, school)
		x := w.ask(college, officer)
		p := w.parties[college]
		p.step(exchange.PassingIssued, x, school, nil)
		part, err := json.Marshal(exchange.PrivatePart{Register: 1, Detail: exchange.Detail{Code: string(c.code), Passing: c.of}})
		w.must(err)
		p.write(string(x), exchange.MessageRejected, exchange.Event{Exchange: x, Own: p.id, Other: school, Purpose: purpose}, part, nil)
		r := w.verified(p.bundle(w.inspection(exchange.ScopeAll)))
		if r.Findings.Has(audit.OnwardRefused) != c.want {
			t.Errorf("%+v: %+v", c, r.Findings.Listed)
		}
	}
}

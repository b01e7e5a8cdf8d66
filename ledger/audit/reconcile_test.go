package audit_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/ledger/audit"
)

// reconciled exports all of these parties, in turn, and lays them side by side.
func (w *world) reconciled(ids ...exchange.PartyID) *audit.Comparison {
	w.t.Helper()
	var reports []*audit.Report
	for _, id := range ids {
		reports = append(reports, w.verified(w.parties[id].bundle(w.inspection(exchange.ScopeAll))))
	}
	c, err := audit.Reconcile(reports)
	w.must(err)
	return c
}

func TestHonestPartiesReconcile(t *testing.T) {
	w := newWorld(t, college, officer, school)
	for range 3 {
		w.ask(college, officer)
		w.ask(college, school)
	}
	c := w.reconciled(college, officer, school)
	if c.Findings.Count() != 0 || len(c.Unchecked) != 0 || len(c.UnderWay) != 0 {
		t.Errorf("%+v, %+v, %+v", c.Findings.Listed, c.Unchecked, c.UnderWay)
	}
	both := 0
	for _, p := range c.Passed {
		both += p.Both
	}
	if both != 12 {
		t.Errorf("%d messages stand on both sides, want 12: %+v", both, c.Passed)
	}
	// Without the school, what passed with it is not checked.
	c = w.reconciled(college, officer)
	if c.Findings.Count() != 0 || len(c.Unchecked) != 1 || c.Unchecked[0].OIN != school.OIN || c.Unchecked[0].Messages != 6 || c.Unchecked[0].Name == "" {
		t.Errorf("%+v, %+v", c.Findings.Listed, c.Unchecked)
	}
}

// A message that was sent and has no receipt is under way, not left out.
func TestUnderWayIsNoFinding(t *testing.T) {
	w := newWorld(t)
	a := w.parties[college]
	x := w.id()
	signed, err := wire.SignRequest(a.envelope(x, officer, wire.Digest{}), requestOf(x, college, officer), a.keys.Signing)
	w.must(err)
	a.step(exchange.RequestIssued, x, officer, signed.Token)
	c := w.reconciled(college, officer)
	if c.Findings.Count() != 0 || len(c.UnderWay) != 1 || c.UnderWay[0].To != officer.OIN {
		t.Errorf("%+v, %+v", c.Findings.Listed, c.UnderWay)
	}
	w.now = w.now.AddDate(0, 2, 0)
	if c = w.reconciled(college, officer); c.Findings.Count() != 0 || len(c.UnderWay) != 0 {
		t.Errorf("after it expired: %+v, %+v", c.Findings.Listed, c.UnderWay)
	}
}

// rewrite makes the ledger of a party anew, without the entries that drop names
// and with what change makes of the others, and signs it as that party would.
func (p *party) rewrite(drop func(ledger.Header) bool, change func(*ledger.Header)) {
	old := p.entries
	p.entries, p.stored, p.tree = nil, nil, ledger.Tree{}
	for _, e := range old {
		if drop != nil && drop(e.Header) {
			continue
		}
		e.Index = uint64(len(p.entries))
		if change != nil {
			before := e.Header
			change(&e.Header)
			if before.Exchange != e.Exchange || before.Purpose != e.Purpose || before.Message != e.Message || before.Party != e.Party {
				// The private part is bound to the header: it has to be made again.
				plain, err := crypto.OpenPart(e.key, e.Entry.Private, before.Bound())
				p.w.must(err)
				sealed, err := p.record[e.Key].SealPart(plain, e.Bound())
				p.w.must(err)
				e.Entry = ledger.Seal(e.Header, sealed)
				e.key, err = p.record[e.Key].PartKey(sealed)
				p.w.must(err)
			}
		}
		p.append(e)
	}
}

// Each kind of entry that stands for a message, left out by either party, is
// found, and the party that left it out is named. So is the rewriting itself.
func TestOmissionsAreNamed(t *testing.T) {
	for _, pair := range exchange.Passages[:2] {
		for _, kind := range []exchange.EventKind{pair.Issued, pair.Received} {
			for _, guilty := range []exchange.PartyID{college, officer} {
				w := newWorld(t)
				x := w.ask(college, officer)
				w.ask(college, officer)
				p := w.parties[guilty]
				p.rewrite(func(h ledger.Header) bool { return h.Kind == string(kind) && h.Exchange == string(x) }, nil)
				if len(p.entries) == 0 || !slices.ContainsFunc(p.entries, func(e written) bool { return e.Kind == string(kind) }) {
					continue // not a kind that this party writes
				}
				c := w.reconciled(college, officer)
				omitted := false
				for _, f := range c.Findings.Listed {
					if f.Party != guilty.OIN {
						t.Errorf("%s left out by %s is laid at %s: %+v", kind, guilty.Capacity, f.Party, f)
					}
					omitted = omitted || f.Code == audit.Omitted && f.Kind == kind && f.Exchange == string(x)
				}
				if !omitted || !c.Findings.Has(audit.LedgerForked) {
					t.Errorf("%s left out by %s: %+v", kind, guilty.Capacity, c.Findings.Listed)
				}
			}
		}
	}
}

// A party that never wrote the entry down, instead of rewriting, is named too:
// the forgetful node of docs/audit.md.
func TestForgottenAnswerIsNamed(t *testing.T) {
	w := newWorld(t)
	w.ask(college, officer)
	a, s := w.parties[college], w.parties[officer]
	x := w.id()
	signed, err := wire.SignRequest(a.envelope(x, officer, wire.Digest{}), requestOf(x, college, officer), a.keys.Signing)
	w.must(err)
	a.step(exchange.RequestIssued, x, officer, signed.Token)
	a.step(exchange.ReceiptReceived, x, officer, s.receipt(s.step(exchange.RequestReceived, x, college, signed.Token), college))
	told, err := wire.SignAnswer(s.envelope(x, college, signed.Digest), exchange.Answer{At: w.now, Items: []exchange.AnsweredItem{
		{Item: "supervision-conditions", Outcome: exchange.Withhold},
	}}, s.keys.Signing)
	w.must(err)
	s.step(exchange.DecisionTaken, x, college, told.Token)
	s.step(exchange.ReceiptReceived, x, college, a.receipt(a.step(exchange.AnswerReceived, x, officer, told.Token), officer))
	alone := w.verified(s.bundle(w.inspection(exchange.ScopeAll)))
	if !alone.Findings.Has(audit.AnswerMissing) || !alone.Findings.Has(audit.ReceiptOfNone) || !alone.Findings.Has(audit.OrderBroken) {
		t.Errorf("its own bundle shows %+v", alone.Findings.Listed)
	}
	c := w.reconciled(college, officer)
	if c.Findings.Count() != 1 || c.Findings.Listed[0].Code != audit.Omitted || c.Findings.Listed[0].Party != officer.OIN ||
		c.Findings.Listed[0].Kind != exchange.AnswerIssued || c.Findings.Listed[0].Exchange != string(x) {
		t.Errorf("%+v", c.Findings.Listed)
	}
}

// A party that rewrites its ledger and signs it again holds on its own; what
// its partners hold of it gives it away, whatever it changed.
func TestRewrittenLedgerIsFound(t *testing.T) {
	for name, change := range map[string]func(*ledger.Header){
		"a time":     func(h *ledger.Header) { h.Time = h.Time.Add(time.Millisecond) },
		"a purpose":  func(h *ledger.Header) { h.Purpose = "triage" },
		"an actor":   nil, // another private part, below
		"a viewing":  nil,
		"the ending": nil,
	} {
		w := newWorld(t)
		x := w.ask(college, officer)
		w.ask(college, officer)
		s := w.parties[officer]
		touched := false
		switch name {
		case "an actor":
			for i, e := range s.entries {
				if e.Kind == string(exchange.StepTaken) && !touched {
					touched = true
					part, err := json.Marshal(exchange.PrivatePart{By: "somebody.else", Register: 1})
					w.must(err)
					sealed, err := s.record[e.Key].SealPart(part, e.Bound())
					w.must(err)
					s.entries[i].Entry = ledger.Seal(e.Header, sealed)
					s.entries[i].key, err = s.record[e.Key].PartKey(sealed)
					w.must(err)
				}
			}
			s.rewrite(nil, nil)
		case "a viewing":
			touched = true
			s.rewrite(func(h ledger.Header) bool { return h.Kind == string(exchange.StepTaken) && h.Exchange == string(x) }, nil)
		case "the ending":
			touched = true
			last := s.entries[len(s.entries)-1].Exchange
			s.rewrite(func(h ledger.Header) bool { return h.Exchange == last }, nil)
		default:
			s.rewrite(nil, func(h *ledger.Header) {
				if h.Kind == string(exchange.DecisionTaken) && !touched {
					touched = true
					change(h)
				}
			})
		}
		if !touched {
			t.Fatalf("%s: nothing was rewritten", name)
		}
		alone := w.verified(s.bundle(w.inspection(exchange.ScopeAll)))
		if alone.Findings.Count() != 0 {
			t.Errorf("%s: found in its own bundle, so this test shows nothing: %+v", name, alone.Findings.Listed)
		}
		c := w.reconciled(college, officer)
		if !c.Findings.Has(audit.LedgerForked) && !c.Findings.Has(audit.LedgerShorter) {
			t.Errorf("%s: rewritten, and not found: %+v", name, c.Findings.Listed)
		}
		for _, f := range c.Findings.Listed {
			if f.Party != officer.OIN {
				t.Errorf("%s is laid at %s: %+v", name, f.Party, f)
			}
		}
	}
}

// What one says it sent is not what the other received.
func TestOtherContentIsFound(t *testing.T) {
	w := newWorld(t)
	x := w.ask(college, officer)
	s := w.parties[officer]
	told, err := wire.SignAnswer(s.envelope(x, college, wire.Digest{1}), exchange.Answer{At: w.now, Items: []exchange.AnsweredItem{
		{Item: "supervision-conditions", Outcome: exchange.Withhold},
	}}, s.keys.Signing)
	w.must(err)
	for i, e := range s.entries {
		if e.Kind == string(exchange.AnswerIssued) {
			s.entries[i].token = told.Token
		}
	}
	s.rewrite(nil, func(h *ledger.Header) {
		if h.Kind == string(exchange.AnswerIssued) {
			h.Message = sha256.Sum256(wire.WithoutDisclosures(told.Token))
		}
	})
	c := w.reconciled(college, officer)
	if !c.Findings.Has(audit.OtherContent) {
		t.Errorf("%+v", c.Findings.Listed)
	}
}

// Two bundles of one party: the later goes on where the earlier ended.
func TestTwoBundlesOfOneParty(t *testing.T) {
	w := newWorld(t)
	w.ask(college, officer)
	first := w.verified(w.parties[officer].bundle(w.inspection(exchange.ScopeAll)))
	w.ask(college, officer)
	second := w.verified(w.parties[officer].bundle(w.inspection(exchange.ScopeAll)))
	c, err := audit.Reconcile([]*audit.Report{second, first})
	if err != nil || c.Findings.Count() != 0 {
		t.Errorf("%v, %+v", err, c.Findings.Listed)
	}
	w.parties[officer].rewrite(nil, func(h *ledger.Header) { h.Time = h.Time.Add(time.Millisecond) })
	third := w.verified(w.parties[officer].bundle(w.inspection(exchange.ScopeAll)))
	if c, err = audit.Reconcile([]*audit.Report{first, third}); err != nil || !c.Findings.Has(audit.LedgerForked) {
		t.Errorf("%v, %+v", err, c.Findings.Listed)
	}
}

// A checkpoint that a partner kept gives a rewritten ledger away where no
// receipt does, and a cosignature tells who saw it.
func TestHeldCheckpointsAndCosignatures(t *testing.T) {
	w := newWorld(t, college, officer, school)
	w.ask(college, officer)
	s := w.parties[officer]
	w.parties[school].hold(s)
	s.cosigners = []exchange.PartyID{school, college}
	r := w.verified(s.bundle(w.inspection(exchange.ScopeAll)))
	if r.Findings.Count() != 0 || len(r.Cosigned) != 2 || r.Others != 0 {
		t.Fatalf("cosigned by %v, %+v", r.Cosigned, r.Findings.Listed)
	}
	if c := w.reconciled(officer, school); c.Findings.Count() != 0 {
		t.Errorf("%+v", c.Findings.Listed)
	}
	s.rewrite(func(h ledger.Header) bool { return h.Kind == string(exchange.StepTaken) }, nil)
	c := w.reconciled(officer, school)
	if c.Findings.Count() != 1 || c.Findings.Listed[0].Code != audit.LedgerForked || c.Findings.Listed[0].Party != officer.OIN || c.Findings.Listed[0].Other != school.OIN {
		t.Errorf("rewritten, and school holds another checkpoint: %+v", c.Findings.Listed)
	}
}

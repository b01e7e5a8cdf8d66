package audit_test

import (
	"bytes"
	"reflect"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/ledger/audit"
)

// What was asked of whom and what came of it is the same from both sides; what
// the inspection does not open is not guessed.
func TestTraffic(t *testing.T) {
	w := newWorld(t, college, officer, school)
	w.ask(college, officer)
	w.ask(college, officer)
	w.ask(college, school)
	flows := func(of exchange.PartyID, i exchange.Inspection) []audit.Flow {
		t.Helper()
		traffic := audit.NewTraffic()
		r, err := audit.Verify(bytes.NewReader(w.parties[of].bundle(i)), audit.Options{Root: w.root, Row: traffic.Row})
		if err != nil || r.Findings.Count() > 0 {
			t.Fatalf("%v, %+v", err, r.Findings)
		}
		if r.Name(officer.OIN) != "party probation" || r.Name("00000099000009009000") != "00000099000009009000" {
			t.Errorf("the parties are called %q and %q", r.Name(officer.OIN), r.Name("00000099000009009000"))
		}
		return traffic.Flows()
	}
	both := audit.Flow{From: college, To: officer, Asked: 2, Supplied: 2}
	if got, want := flows(college, w.inspection(exchange.ScopeAll)), []audit.Flow{both, {From: college, To: school, Asked: 1, Supplied: 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("the asker says %+v, want %+v", got, want)
	}
	if got := flows(officer, w.inspection(exchange.ScopeAll)); !reflect.DeepEqual(got, []audit.Flow{both}) {
		t.Errorf("the supplier says %+v", got)
	}
	closed := w.inspection(exchange.ScopePeriod)
	closed.From, closed.Until = noon.AddDate(0, 0, -9), noon.AddDate(0, 0, -8)
	if got := flows(officer, closed); !reflect.DeepEqual(got, []audit.Flow{{From: college, To: officer, Asked: 2, Closed: 2}}) {
		t.Errorf("closed, it says %+v", got)
	}
}

// A refusal, what was late, what was taken back and what is open are told apart,
// also where both sides stand in one ledger.
func TestTrafficOutcomes(t *testing.T) {
	traffic := audit.NewTraffic()
	own := exchange.PartyID{OIN: college.OIN, Capacity: "reporting-desk"}
	row := func(n byte, kind exchange.EventKind, as, other exchange.PartyID, d *exchange.Detail) {
		r := audit.Row{Header: ledger.Header{
			Kind: string(kind), Exchange: "0193a0b0-0000-7000-8000-00000000000" + string('0'+n), As: as.String(), Party: other.String(),
		}}
		if d != nil {
			r.Part = &exchange.PrivatePart{Detail: *d}
		}
		if err := traffic.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	row(1, exchange.RequestIssued, own, college, nil)
	row(1, exchange.RequestReceived, college, own, nil)
	row(1, exchange.DecisionTaken, college, own, &exchange.Detail{Late: true, Items: []exchange.ItemNote{{Item: "a", Outcome: exchange.Withhold}}})
	row(1, exchange.AnswerReceived, own, college, &exchange.Detail{Late: true, Items: []exchange.ItemNote{{Item: "a", Outcome: exchange.Withhold}}})
	row(2, exchange.RequestIssued, own, college, nil)
	row(2, exchange.WithdrawalIssued, own, college, nil)
	row(3, exchange.RequestIssued, own, college, nil)
	row(4, exchange.DecisionTaken, college, own, nil) // of nothing that was asked
	want := []audit.Flow{{From: own, To: college, Asked: 3, Withheld: 1, Late: 1, Back: 1, Open: 1}}
	if got := traffic.Flows(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A key opens what was sealed to it and nothing else, and what was granted to
// another key is found.
func TestKey(t *testing.T) {
	w := newWorld(t, college)
	file, recipient, err := crypto.NewIdentityFile()
	w.must(err)
	key, err := audit.ParseKey(file)
	w.must(err)
	seal := func(to crypto.Recipient, bundle []byte) *bytes.Buffer {
		var sealed bytes.Buffer
		out, err := crypto.SealStream(&sealed, to)
		w.must(err)
		_, err = out.Write(bundle)
		w.must(err)
		w.must(out.Close())
		return &sealed
	}
	mine := w.inspection(exchange.ScopeAll)
	mine.Recipient = audit.Fingerprint(recipient)
	bundle := w.parties[college].bundle(mine)
	r, err := key.Verify(seal(recipient, bundle), audit.Options{Root: w.root})
	w.must(err)
	if r.Findings.Count() > 0 {
		t.Errorf("found %+v", r.Findings)
	}
	if _, err := key.Verify(seal(w.auditor.Recipient(), bundle), audit.Options{}); err != audit.ErrNotForUs {
		t.Errorf("sealed to another: %v", err)
	}
	if _, err := key.Verify(bytes.NewReader(bundle), audit.Options{}); err != audit.ErrSealBroken {
		t.Errorf("not sealed: %v", err)
	}
	r, err = key.Verify(seal(recipient, w.parties[college].bundle(w.inspection(exchange.ScopeAll))), audit.Options{Root: w.root})
	w.must(err)
	if !r.Findings.Has(audit.GrantDiffers) {
		t.Error("a bundle that was granted to another is not noticed")
	}
}

package peer_test

import (
	"slices"
	"testing"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// A passer that went back to a backup from before his notice tells the source
// again, under another ID: it is recorded, counts once, and is not refused as a
// chain that does not hold. Another passing under the ID of the first is.
func TestNoticeAgainAfterABackup(t *testing.T) {
	f, w := breach(t)
	debts, youth := w.members[1], w.members[2]
	e := f.envelope(capacityOf(youthCare), f.id)
	signed := func(item exchange.ItemCode) wire.Signed {
		t.Helper()
		s, err := wire.SignPassing(e, wire.PassingBody{
			Purpose: "investigation/inform", Subject: f.subject, Why: exchange.Hide("because"),
			Chain:       wire.Chain{Answer: f.answer.Digest, Permissions: []wire.Digest{f.permission.Digest}},
			Disclosures: []string{f.shown[item]},
		}, [][]byte{wire.WithoutDisclosures(f.answer.Token), wire.WithoutDisclosures(f.permission.Token)}, f.keys.Signing)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := signed("debt-plan")
	if code, _ := f.send(youth, f.sealTo(youthCare.OIN, s, nil)); code != "" {
		t.Fatal(code)
	}
	tell := func(passing wire.Signed) string {
		t.Helper()
		n, err := wire.SignNotice(f.envelope(capacityOf(debtHelp), f.id), passing.Token, nil, f.keys.Signing)
		code, _ := f.send(debts, f.sealTo(debtHelp.OIN, n, err))
		return code
	}
	if code := tell(s); code != "" {
		t.Fatal(code)
	}
	if _, err := debts.node.Correct(t.Context(), professional, f.id, exchange.Correction{
		Kind: exchange.Restriction, Why: exchange.Hide("it is looked at again"), Items: []exchange.CorrectedItem{{Item: "debt-plan"}},
	}); err != nil {
		t.Fatal(err)
	}
	until(t, debts, "the holder knows of the restriction", func() bool {
		return slices.ContainsFunc(opened(t, debts, professional, f.id).Corrections[0].To, func(to exchange.CorrectedAt) bool {
			return to.Party == capacityOf(youthCare) && to.State == exchange.PassingDelivered
		})
	})
	before := debts.size()
	if code := tell(s); code != "" {
		t.Errorf("the same passing again: %q", code)
	}
	entries, err := debts.node.Entries(before, 10)
	if err != nil {
		t.Fatal(err)
	}
	noticed := 0
	for _, e := range entries {
		switch exchange.EventKind(e.Kind) {
		case exchange.NoticeReceived:
			noticed++
		case exchange.CorrectionIssued:
			t.Error("the holder is told of the restriction a second time")
		}
	}
	x := opened(t, debts, professional, f.id)
	if noticed != 1 || len(x.Passings) != 1 || x.Passings[0].Breach {
		t.Errorf("recorded %d times, listed %+v", noticed, x.Passings)
	}
	// He signs something else under that ID.
	before = debts.size()
	if code := tell(signed("debt-creditors")); code != string(exchange.BadChain) {
		t.Errorf("another passing under the same ID: %q", code)
	}
	if debts.size() != before {
		t.Error("and it was recorded")
	}
}

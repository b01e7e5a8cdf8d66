package peer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
)

// A college that goes around its own node: it has what it was supplied with, one
// permission for one item, and its keys. What it sends, the recipient's node
// judges by itself (I2).
type faithless struct {
	*forger
	id         exchange.ID
	answer     wire.Message
	permission wire.Message
	shown      map[exchange.ItemCode]string
	subject    exchange.Subject
}

func breach(t *testing.T) (*faithless, *world) {
	t.Helper()
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare, coordination)
	college, debts := w.members[0], w.members[1]
	id := supplied(t, w, exchange.Condition{Code: exchange.AskFirst})
	asked, err := college.node.AskPermission(ctx, requester, id, capacityOf(debtHelp), passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	until(t, debts, "somebody asks for permission", func() bool { return len(opened(t, debts, professional, id).Permissions) == 1 })
	if _, err := debts.node.DecidePermission(ctx, professional, id, asked, true,
		exchange.PermissionTerms{Until: time.Now().Add(48 * time.Hour), Uses: 1}, exchange.Personal{}); err != nil {
		t.Fatal(err)
	}
	until(t, college, "permission came", func() bool {
		return opened(t, college, requester, id).Permissions[0].State == exchange.PermissionGranted
	})
	college.settle()
	debts.settle()
	kept, err := college.node.KeptMessages(id, exchange.Asker)
	if err != nil {
		t.Fatal(err)
	}
	f := &faithless{id: id, subject: opened(t, college, requester, id).Request.Subject}
	for _, m := range kept {
		switch m.Kind {
		case wire.Answer:
			f.answer = m
		case wire.Permission:
			f.permission = m
		}
	}
	if f.shown, err = f.answer.Shown(); err != nil || len(f.shown) != 2 {
		t.Fatal(err, len(f.shown))
	}
	f.forger = forge(t, w, college)
	return f, w
}

// pass sends what the college likes; change may change it.
func (f *faithless) pass(to *member, items []exchange.ItemCode, change func(*wire.Envelope, *wire.PassingBody, *[][]byte)) string {
	f.t.Helper()
	e := f.envelope(capacityOf(to.party), f.id)
	body := wire.PassingBody{Purpose: "investigation/inform", Subject: f.subject, Why: exchange.Hide("because")}
	if to.party.OIN == coordination.OIN {
		body.Purpose = "handover/coordinator"
	}
	body.Chain = wire.Chain{Answer: f.answer.Digest, Permissions: []wire.Digest{f.permission.Digest}}
	parts := [][]byte{wire.WithoutDisclosures(f.answer.Token), wire.WithoutDisclosures(f.permission.Token)}
	for _, i := range items {
		body.Disclosures = append(body.Disclosures, f.shown[i])
	}
	if change != nil {
		change(&e, &body, &parts)
	}
	s, err := wire.SignPassing(e, body, parts, f.keys.Signing)
	code, receipt := f.send(to, f.sealTo(to.party.OIN, s, err))
	if code == "" && receipt == nil {
		f.t.Fatal("neither a receipt nor a code")
	}
	return code
}

// TestCollegeBreaks tries everything that a college could gain by: each is
// refused by the node of the honest recipient, with the reason, and leaves nothing
// there (memorandum to art. 5.4.2, lines 7362-7370; I2).
func TestCollegeBreaks(t *testing.T) {
	f, w := breach(t)
	youth, coordinator := w.members[2], w.members[3]
	one := []exchange.ItemCode{"debt-plan"}
	needs := string(exchange.OnwardNeedsPermission)
	before := youth.size()
	for name, try := range map[string]struct {
		to     *member
		items  []exchange.ItemCode
		change func(*wire.Envelope, *wire.PassingBody, *[][]byte)
		want   string
	}{
		"without permission": {youth, one, func(_ *wire.Envelope, b *wire.PassingBody, parts *[][]byte) {
			b.Chain.Permissions, *parts = nil, (*parts)[:1]
		}, needs},
		"one item more":               {youth, []exchange.ItemCode{"debt-plan", "debt-creditors"}, nil, needs},
		"another item":                {youth, []exchange.ItemCode{"debt-creditors"}, nil, needs},
		"another recipient":           {coordinator, one, nil, needs},
		"another purpose":             {youth, one, func(_ *wire.Envelope, b *wire.PassingBody, _ *[][]byte) { b.Purpose = "handover/services" }, string(exchange.PurposeNotAsker)},
		"a permission that is no one": {youth, one, func(_ *wire.Envelope, b *wire.PassingBody, parts *[][]byte) { b.Chain.Permissions[0] = f.answer.Digest }, wire.MessageSchema},
		"an attachment too many": {youth, one, func(_ *wire.Envelope, _ *wire.PassingBody, parts *[][]byte) {
			*parts = append(*parts, (*parts)[1])
		}, wire.MessageSchema},
		"a value of its own": {youth, one, func(_ *wire.Envelope, b *wire.PassingBody, _ *[][]byte) {
			d, err := crypto.Disclose("debt-plan", []byte(`{"outcome":"supply","depth":"content","value":"pays nothing"}`))
			if err != nil {
				t.Fatal(err)
			}
			b.Disclosures = []string{d.Encoded()}
		}, "disclosure-unmatched"},
		"a policy of its own": {youth, one, func(_ *wire.Envelope, b *wire.PassingBody, parts *[][]byte) {
			// The conditions are inside the supplier's signature: without them it is
			// another answer, and then it is the college's.
			e := f.envelope(capacityOf(municipality), f.id)
			e.Follows = f.answer.Digest
			s, err := wire.SignAnswer(e, exchange.Answer{At: f.answer.Answer.At, Items: []exchange.AnsweredItem{
				{Item: "debt-plan", Outcome: exchange.Supply, Depth: exchange.Content, Value: exchange.Hide("pays 40 euro each month")},
			}}, f.keys.Signing)
			if err != nil {
				t.Fatal(err)
			}
			own, err := wire.ReadKept(s.Token)
			if err != nil {
				t.Fatal(err)
			}
			shown, err := own.Shown()
			if err != nil {
				t.Fatal(err)
			}
			b.Chain.Answer, b.Disclosures, b.Chain.Permissions = own.Digest, []string{shown["debt-plan"]}, nil
			*parts = [][]byte{wire.WithoutDisclosures(s.Token)}
		}, string(exchange.BadChain)},
		"a policy that was cut": {youth, one, func(_ *wire.Envelope, b *wire.PassingBody, parts *[][]byte) {
			cut := []byte(strings.Replace(string((*parts)[0]), ".", ".e30", 1))
			b.Chain.Answer, (*parts)[0] = wire.DigestOf(cut), cut
		}, "token-"},
	} {
		if code := f.pass(try.to, try.items, try.change); code == "" || !strings.HasPrefix(code, try.want) {
			t.Errorf("%s: the recipient says %q, want %s", name, code, try.want)
		}
	}
	if youth.size() != before {
		t.Errorf("what was refused left %d entries", youth.size()-before)
	}
	// The same, once, as it was permitted; and that was it.
	if code := f.pass(youth, one, nil); code != "" {
		t.Fatalf("what was permitted is refused: %s", code)
	}
	if code := f.pass(youth, one, nil); code != needs {
		t.Errorf("a permission for one time, twice: %q", code)
	}
}

// TestNoticeOfBreach is a recipient that does not look: the source learns it from
// the notice, if there is one, and sees that it goes against his conditions.
func TestNoticeOfBreach(t *testing.T) {
	f, w := breach(t)
	debts := w.members[1]
	e := f.envelope(capacityOf(coordination), f.id)
	s, err := wire.SignPassing(e, wire.PassingBody{
		Purpose: "handover/coordinator", Subject: f.subject, Why: exchange.Hide("because"), Chain: wire.Chain{Answer: f.answer.Digest},
		Disclosures: []string{f.shown["debt-plan"]},
	}, [][]byte{wire.WithoutDisclosures(f.answer.Token)}, f.keys.Signing)
	if err != nil {
		t.Fatal(err)
	}
	n, err := wire.SignNotice(f.envelope(capacityOf(debtHelp), f.id), s.Token, nil, f.keys.Signing)
	if code, _ := f.send(debts, f.sealTo(debtHelp.OIN, n, err)); code != "" {
		t.Fatalf("the notice is refused: %s", code)
	}
	x := opened(t, debts, professional, f.id)
	if len(x.Passings) != 1 || !x.Passings[0].Breach {
		t.Errorf("the source has %+v", x.Passings)
	}
	if s, err := debts.node.Status(context.Background(), f.id, ""); err != nil || !s.Breach {
		t.Errorf("its list does not show it: %+v, %v", s, err)
	}
	// A notice of something that is not ours changes nothing.
	other := f.answer.Token
	n, err = wire.SignNotice(f.envelope(capacityOf(debtHelp), f.id), other, nil, f.keys.Signing)
	if code, _ := f.send(debts, f.sealTo(debtHelp.OIN, n, err)); code != string(exchange.BadChain) && code != wire.MessageSchema {
		t.Errorf("a notice about an answer: %q", code)
	}
	if len(opened(t, debts, professional, f.id).Passings) != 1 {
		t.Error("it was recorded")
	}
}

// TestPermissionByAnother is a permission that the college signs for itself, and a
// correction by somebody who did not supply.
func TestPermissionByAnother(t *testing.T) {
	f, w := breach(t)
	youth := w.members[2]
	e := f.envelope(capacityOf(municipality), f.id)
	e.Follows = f.answer.Digest
	own, err := wire.SignPermission(e, wire.PermissionBody{
		Request: freshID(), Granted: true, Recipient: capacityOf(youthCare), Purpose: "investigation/inform",
		Items: []exchange.ItemCode{"debt-plan", "debt-creditors"}, Until: time.Now().Add(time.Hour), Uses: 9,
	}, f.keys.Signing)
	if err != nil {
		t.Fatal(err)
	}
	code := f.pass(youth, []exchange.ItemCode{"debt-creditors"}, func(_ *wire.Envelope, b *wire.PassingBody, parts *[][]byte) {
		b.Chain.Permissions, (*parts)[1] = []wire.Digest{own.Digest}, own.Token
	})
	if code != string(exchange.OnwardNeedsPermission) {
		t.Errorf("a permission of the college for itself: %q", code)
	}
	if code := f.pass(youth, []exchange.ItemCode{"debt-plan"}, nil); code != "" {
		t.Fatal(code)
	}
	var passing exchange.ID
	page, _, err := youth.node.List(context.Background(), peer.Filter{})
	if err != nil || len(page) != 1 {
		t.Fatalf("%d, %v", len(page), err)
	}
	passing = page[0].ID
	s, err := wire.SignCorrection(f.envelope(capacityOf(youthCare), f.id), exchange.Correction{
		Kind: exchange.Erasure, Items: []exchange.CorrectedItem{{Item: "debt-plan"}},
	}, passing, f.keys.Signing)
	if code, _ := f.send(youth, f.sealTo(youthCare.OIN, s, err)); code != string(exchange.NotTheSource) {
		t.Errorf("a correction by the college: %q", code)
	}
	if _, ok := opened(t, youth, requester, passing).Holds("debt-plan"); !ok {
		t.Error("it was erased")
	}
}

package peer_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
)

// What a malicious holder, recipient or source can try with what goes on after the
// answer. Each of these worked once; none may again.

// resigned is a message with another body, signed anew.
func resigned(t *testing.T, f *forger, token []byte, change func(body map[string]any)) []byte {
	t.Helper()
	segments := bytes.Split(wire.WithoutDisclosures(token), []byte{'.'})
	head, err := base64.RawURLEncoding.DecodeString(string(segments[0]))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(string(segments[1]))
	if err != nil {
		t.Fatal(err)
	}
	var h struct {
		Type string `json:"typ"`
	}
	var c map[string]json.RawMessage
	var body map[string]any
	for _, err := range []error{json.Unmarshal(head, &h), json.Unmarshal(payload, &c), json.Unmarshal(c["body"], &body)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	change(body)
	if c["body"], err = json.Marshal(body); err != nil {
		t.Fatal(err)
	}
	if payload, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	out, err := crypto.Sign(f.keys.Signing, h.Type, payload)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unbound is a college that may pass on what it likes, and goes around its node.
func unbound(t *testing.T, w *world, conditions ...exchange.Condition) *faithless {
	t.Helper()
	college := w.members[0]
	id := supplied(t, w, conditions...)
	for _, m := range w.members {
		m.settle()
	}
	kept, err := college.node.KeptMessages(id, exchange.Asker)
	if err != nil {
		t.Fatal(err)
	}
	f := &faithless{id: id, subject: opened(t, college, requester, id).Request.Subject}
	for _, m := range kept {
		if m.Kind == wire.Answer {
			f.answer = m
		}
	}
	if f.shown, err = f.answer.Shown(); err != nil || len(f.shown) != 2 {
		t.Fatal(err, len(f.shown))
	}
	f.forger = forge(t, w, college)
	return f
}

// passes is f.pass without a permission.
func (f *faithless) passes(to *member, items []exchange.ItemCode, change func(*wire.Envelope, *wire.PassingBody, *[][]byte)) (string, wire.Signed) {
	f.t.Helper()
	e := f.envelope(capacityOf(to.party), f.id)
	body := wire.PassingBody{Purpose: "investigation/inform", Subject: f.subject, Why: exchange.Hide("because"), Chain: wire.Chain{Answer: f.answer.Digest}}
	parts := [][]byte{wire.WithoutDisclosures(f.answer.Token)}
	for _, i := range items {
		body.Disclosures = append(body.Disclosures, f.shown[i])
	}
	if change != nil {
		change(&e, &body, &parts)
	}
	s, err := wire.SignPassing(e, body, parts, f.keys.Signing)
	code, _ := f.send(to, f.sealTo(to.party.OIN, s, err))
	return code, s
}

// The kind of an attachment is not checked against its place in the chain. A
// college attaches, as a "correction", an answer that it signed itself; its
// disclosures count as those of the source.
func TestAttackValueForgedInNameOfSource(t *testing.T) {
	f, w := breach(t)
	youth := w.members[2]
	e := f.envelope(capacityOf(municipality), f.id)
	e.Follows = f.answer.Digest
	s, err := wire.SignAnswer(e, exchange.Answer{At: time.Now(), Items: []exchange.AnsweredItem{
		{Item: "debt-plan", Outcome: exchange.Supply, Depth: exchange.Content, Value: exchange.Hide("pays nothing, hides money")},
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
	code := f.pass(youth, nil, func(_ *wire.Envelope, b *wire.PassingBody, parts *[][]byte) {
		b.Disclosures, b.Chain.Corrections = []string{shown["debt-plan"]}, []wire.Digest{own.Digest}
		*parts = [][]byte{(*parts)[0], wire.WithoutDisclosures(s.Token), (*parts)[1]}
	})
	if code != "" {
		return
	}
	kept := youthHas(t, youth)
	i, _ := kept.Holds("debt-plan")
	t.Errorf("youth care has %q and holds it for the words of %s", i.Value.Reveal(), kept.Source())
}

func youthHas(t *testing.T, m *member) exchange.Exchange {
	t.Helper()
	page, _, err := m.node.List(context.Background(), filterAll)
	if err != nil || len(page) == 0 {
		t.Fatalf("%d, %v", len(page), err)
	}
	return opened(t, m, requester, page[0].ID)
}

// Who was passed one item tells the source, in a notice, that he passed on
// another, by a digest that he reads in the attached answer. The source then sends
// him the value of that item as a correction.
func TestAttackSourceSendsContentToWhoNeverHadIt(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	until(t, debts, "notice came", func() bool { return len(opened(t, debts, professional, id).Passings) == 1 })
	if _, err := debts.node.Correct(ctx, professional, id, exchange.Correction{
		Kind: exchange.Rectification, Why: exchange.Hide("wrong row"),
		Items: []exchange.CorrectedItem{{Item: "debt-creditors", Depth: exchange.That, Value: exchange.Hide("a creditor is his brother")}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.members {
		m.settle()
	}
	kept, err := youth.node.KeptMessages(passing, exchange.Asker)
	if err != nil {
		t.Fatal(err)
	}
	link := kept[slices.IndexFunc(kept, func(m wire.Message) bool { return m.Kind == wire.Passing })]
	shown, err := link.Shown()
	if err != nil {
		t.Fatal(err)
	}
	var hidden string // the one of which youth care has the digest only
	for _, d := range link.Attached[0].Digests() {
		if d != wire.DisclosureDigest(shown["debt-plan"]) {
			hidden = d
		}
	}
	f := forge(t, w, youth)
	s, err := wire.SignPassing(f.envelope(f.own, id), wire.PassingBody{
		Purpose: "investigation/inform", Subject: subjectOf(t), Why: exchange.Hide("because"),
		Chain: wire.Chain{Answer: link.Attached[0].Digest, Links: []wire.Digest{link.Digest}}, Disclosures: []string{shown["debt-plan"]},
	}, [][]byte{link.Attached[0].Token, wire.WithoutDisclosures(link.Token)}, f.keys.Signing)
	if err != nil {
		t.Fatal(err)
	}
	claim := resigned(t, f, s.Token, func(body map[string]any) {
		body["items"] = []string{hidden}
		body["chain"].(map[string]any)["corrections"] = []string{link.Digest.String()} // anything: nobody looks
	})
	n, err := wire.SignNotice(f.envelope(capacityOf(debtHelp), id), claim, [][]byte{link.Token}, f.keys.Signing)
	code, _ := f.send(debts, f.sealTo(debtHelp.OIN, n, err))
	t.Logf("the source says %q", code)
	sent, err := debts.node.KeptMessages(id, exchange.Supplier)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sent {
		if got, _ := m.Shown(); m.Kind == wire.Correction && m.To == capacityOf(youthCare) && got["debt-creditors"] != "" {
			t.Errorf("the source wrote youth care the content of debt-creditors, which nobody passed to it: %d bytes", len(got["debt-creditors"]))
		}
	}
}

func subjectOf(t *testing.T) exchange.Subject { return question(t).Subject }

// The ID of a passing is chosen by its sender and not held against what is
// there. With the ID of an exchange that the recipient supplied in, it lies before
// that exchange, in the same dossier (one record key).
func TestAttackPassingTakesIDOfAnotherExchange(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, youthCare)
	debts := w.members[1]
	f := unbound(t, w)
	code, _ := f.passes(debts, []exchange.ItemCode{"debt-plan"}, func(e *wire.Envelope, _ *wire.PassingBody, _ *[][]byte) { e.ID = string(f.id) })
	t.Logf("code %q", code)
	x := opened(t, debts, professional, f.id)
	if x.Side != exchange.Supplier {
		t.Errorf("debt help does not reach any more what it supplied: it opens the passing")
	}
	if _, err := debts.node.Correct(context.Background(), professional, f.id, exchange.Correction{
		Kind: exchange.Restriction, Why: exchange.Hide("he says it is wrong"), Items: []exchange.CorrectedItem{{Item: "debt-plan"}},
	}); err != nil {
		t.Errorf("and can't correct it any more: %v", err)
	}
}

// "brings no item that the one before did not bring" is lifted by anything
// in the place of a correction. Youth care got debt-creditors under a condition
// that forbids passing on, and passes it on along the link that brought debt-plan.
func TestAttackItemRidesAlongAnotherLink(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare, coordination)
	college, youth, coordinator := w.members[0], w.members[2], w.members[3]
	id := supplied(t, w)
	open, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	closedWish := passToYouthCare("debt-creditors")
	closedWish.Conditions = []exchange.Condition{{Code: exchange.NoOnward}}
	closed, err := college.node.PassOn(ctx, requester, id, closedWish)
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(open, exchange.Answered)
	youth.wait(closed, exchange.Answered)
	for _, m := range w.members {
		m.settle()
	}
	brought := func(under exchange.ID) wire.Message {
		kept, err := youth.node.KeptMessages(under, exchange.Asker)
		if err != nil {
			t.Fatal(err)
		}
		return kept[slices.IndexFunc(kept, func(m wire.Message) bool { return m.Kind == wire.Passing })]
	}
	link, other := brought(open), brought(closed)
	secret, err := other.Shown()
	if err != nil {
		t.Fatal(err)
	}
	f := forge(t, w, youth)
	padding, err := wire.SignPermission(withFollows(f.envelope(capacityOf(coordination), id), link.Digest), wire.PermissionBody{
		Request: freshID(), Granted: true, Recipient: capacityOf(coordination), Purpose: "coordination", Items: []exchange.ItemCode{"debt-plan"},
		Until: time.Now().Add(time.Hour), Uses: 1,
	}, f.keys.Signing)
	if err != nil {
		t.Fatal(err)
	}
	s, err := wire.SignPassing(f.envelope(capacityOf(coordination), id), wire.PassingBody{
		Purpose: "coordination", Subject: subjectOf(t), Why: exchange.Hide("because"), Disclosures: []string{secret["debt-creditors"]},
		Chain: wire.Chain{Answer: link.Attached[0].Digest, Corrections: []wire.Digest{padding.Digest}, Links: []wire.Digest{link.Digest}},
	}, [][]byte{link.Attached[0].Token, padding.Token, wire.WithoutDisclosures(link.Token)}, f.keys.Signing)
	code, _ := f.send(coordinator, f.sealTo(coordination.OIN, s, err))
	if code == "" {
		t.Error("the coordinator accepted debt-creditors, which the municipality passed on with no-onward")
	} else {
		t.Logf("code %q", code)
	}
}

func withFollows(e wire.Envelope, d wire.Digest) wire.Envelope {
	e.Follows = d
	return e
}

// The recipient does not look for a BSN in the reason or in the values; the
// source sends the value of a rectification to holders that may not process a BSN;
// and the holder takes it (I6).
func TestAttackBSNToWhoMayNotProcessIt(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, housing)
	debts, house := w.members[1], w.members[2]
	f := unbound(t, w)
	f.subject = exchange.Subject{Standing: exchange.Client, Name: exchange.Hide("F. Voorbeeld"), Born: exchange.Hide("1980-01-01"), Address: exchange.Hide("Straat 1, Voorbeeldstad")}
	code, s := f.passes(house, []exchange.ItemCode{"debt-plan"}, func(_ *wire.Envelope, b *wire.PassingBody, _ *[][]byte) {
		b.Why = exchange.Hide("it is about 999993847")
	})
	if code == "" {
		t.Error("a housing corporation that may not process a BSN accepted one in the reason")
	} else {
		t.Logf("passing with BSN in why: %q", code)
		if code, s = f.passes(house, []exchange.ItemCode{"debt-plan"}, nil); code != "" {
			t.Fatal(code)
		}
	}
	n, err := wire.SignNotice(f.envelope(capacityOf(debtHelp), f.id), s.Token, nil, f.keys.Signing)
	if code, _ := f.send(debts, f.sealTo(debtHelp.OIN, n, err)); code != "" {
		t.Fatal(code)
	}
	if _, err := debts.node.Correct(ctx, professional, f.id, exchange.Correction{
		Kind: exchange.Rectification, Why: exchange.Hide("wrong row"),
		Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("of 999993847: pays 14 euro")}},
	}); err == nil {
		t.Error("the source took it")
	}
	sent, err := debts.node.KeptMessages(f.id, exchange.Supplier)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sent {
		if shown, _ := m.Shown(); m.Kind == wire.Correction && m.To == capacityOf(housing) && shown["debt-plan"] != "" {
			t.Error("the source wrote a BSN to a party that may not process it")
		}
	}
	debts.settle()
	if i, _ := youthHas(t, house).Holds("debt-plan"); strings.Contains(i.Value.Reveal(), "999993847") {
		t.Error("and its node took it")
	}
}

// A source sends as a "rectification" what was not asked: content, where the
// asker asked that there is something.
func TestAttackCorrectionDeeperThanAsked(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	id := supplied(t, w)
	college.settle()
	debts.settle()
	f := forge(t, w, debts)
	s, err := wire.SignCorrection(f.envelope(capacityOf(municipality), id), exchange.Correction{
		Kind:  exchange.Rectification,
		Items: []exchange.CorrectedItem{{Item: "debt-creditors", Depth: exchange.Content, Value: exchange.Hide("all creditors with amounts")}},
	}, "", f.keys.Signing)
	code, _ := f.send(college, f.sealTo(municipality.OIN, s, err))
	if i, _ := opened(t, college, requester, id).Holds("debt-creditors"); i.Depth == exchange.Content {
		t.Errorf("asked was that there are creditors; the node holds content: %q (code %q)", i.Value.Reveal(), code)
	}
}

// A recipient fills the bound of passings at the passer and the source with
// notices of passings that nobody received; the passer can't pass on any more and
// the source is not told of what others pass on.
func TestAttackNoticesOfRecipientLockOutPasser(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	for _, m := range w.members {
		m.settle()
	}
	kept, err := youth.node.KeptMessages(passing, exchange.Asker)
	if err != nil {
		t.Fatal(err)
	}
	link := kept[slices.IndexFunc(kept, func(m wire.Message) bool { return m.Kind == wire.Passing })]
	shown, err := link.Shown()
	if err != nil {
		t.Fatal(err)
	}
	f := forge(t, w, youth)
	for range 210 {
		s, err := wire.SignPassing(f.envelope(f.own, id), wire.PassingBody{
			Purpose: "investigation/inform", Subject: subjectOf(t), Why: exchange.Hide("because"),
			Chain: wire.Chain{Answer: link.Attached[0].Digest, Links: []wire.Digest{link.Digest}}, Disclosures: []string{shown["debt-plan"]},
		}, [][]byte{link.Attached[0].Token, wire.WithoutDisclosures(link.Token)}, f.keys.Signing)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []*member{college, debts} {
			n, err := wire.SignNotice(f.envelope(capacityOf(m.party), id), s.Token, [][]byte{link.Token}, f.keys.Signing)
			f.send(m, f.sealTo(m.party.OIN, n, err))
		}
	}
	t.Logf("passings at the college %d, at the source %d", len(opened(t, college, requester, id).Passings), len(opened(t, debts, professional, id).Passings))
	if _, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-creditors")); err != nil {
		t.Errorf("the municipality can't pass on any more, by what youth care sent: %v", err)
	}
}

// A passing is no request, so it is not counted in the quota of a partner: he
// opens exchanges at a recipient without end.
func TestAttackPassingsAreNotInTheQuota(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, youthCare)
	f := unbound(t, w)
	w.members[2].limit(t, "requests_per_day = 5\n")
	n := 0
	for range 30 {
		if code, _ := f.passes(w.members[2], []exchange.ItemCode{"debt-plan"}, nil); code == "" {
			n++
		}
	}
	if n > 5 {
		t.Errorf("one partner opened %d exchanges at a node that keeps 5 a day of him, all of the same item", n)
	}
}

// The recipient has a passing, its receipt was lost, and a rectification comes
// in between: the passing is sent again without its value, refused by form, and
// stands as rejected. The source never gets a notice of what the recipient holds.
func TestAttackReceiptLostThenRectified(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	for _, m := range w.members {
		m.settle()
	}
	youth.stop()
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := college.node.KeptMessages(id, exchange.Asker)
	if err != nil {
		t.Fatal(err)
	}
	sent := kept[slices.IndexFunc(kept, func(m wire.Message) bool { return m.Kind == wire.Passing })]
	f := forge(t, w, college) // it went out, and the node fell before the receipt came
	youth.start()
	if code, _ := f.send(youth, f.sealTo(youthCare.OIN, wire.Signed{Token: sent.Token}, nil)); code != "" {
		t.Fatal(code)
	}
	_ = f.host.Close()
	youth.stop()
	college.start()
	if _, err := debts.node.Correct(ctx, professional, id, exchange.Correction{
		Kind: exchange.Rectification, Why: exchange.Hide("wrong row"),
		Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("pays 14 euro each month")}},
	}); err != nil {
		t.Fatal(err)
	}
	until(t, college, "the rectification came", func() bool {
		i, ok := opened(t, college, requester, id).Holds("debt-plan")
		return ok && i.Value.Reveal() == "pays 14 euro each month"
	})
	youth.start()
	until(t, college, "the passing ended", func() bool {
		return opened(t, college, requester, id).Passings[0].State != exchange.PassingQueued
	})
	for _, m := range w.members {
		m.settle()
	}
	p := opened(t, college, requester, id).Passings[0]
	i, _ := opened(t, youth, requester, passing).Holds("debt-plan")
	if p.State != exchange.PassingDelivered || len(opened(t, debts, professional, id).Passings) == 0 {
		t.Errorf("the passer says %s (%s), the source knows of %d passings, and youth care holds %q", p.State, p.Code,
			len(opened(t, debts, professional, id).Passings), i.Value.Reveal())
	}
}

// An erasure takes the value out of the decision at the source, and not out
// of the answer that the source keeps.
func TestAttackErasedValueStaysInAnswerOfSource(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	debts := w.members[1]
	id := supplied(t, w)
	if _, err := debts.node.Correct(context.Background(), professional, id, exchange.Correction{
		Kind: exchange.Erasure, Why: exchange.Hide("art. 17"), Items: []exchange.CorrectedItem{{Item: "debt-plan"}},
	}); err != nil {
		t.Fatal(err)
	}
	kept, err := debts.node.KeptMessages(id, exchange.Supplier)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range kept {
		if shown, _ := m.Shown(); shown["debt-plan"] != "" {
			t.Errorf("the source keeps the erased value in its %s", m.Kind)
		}
	}
}

// A permission that ended can be used by a passer that dates its passing back.
func TestAttackEndedPermissionUsedByBackdating(t *testing.T) {
	f, w := breach(t)
	youth := w.members[2]
	bundle := w.auth.publish(t, entriesOf(w), time.Now().Add(200*time.Hour))
	youth.install(bundle)
	w.ahead.Store(int64(100 * time.Hour)) // the permission ended 52 hours ago
	code := f.pass(youth, []exchange.ItemCode{"debt-plan"}, func(e *wire.Envelope, _ *wire.PassingBody, _ *[][]byte) { e.Expires = time.Now().Add(300 * time.Hour) })
	if code == "" {
		t.Error("accepted 52 hours after the permission ended")
	} else {
		t.Logf("code %q", code)
	}
}

func entriesOf(w *world) (all []register.Entry) {
	for _, m := range w.members {
		all = append(all, m.entry)
	}
	return all
}

var filterAll = peer.Filter{}

// A passing waits; meanwhile the register takes from the recipient the right
// to process a BSN. It leaves with the BSN in it (I6).
func TestAttackQueuedBSNLeavesAfterRightWasLost(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, youth := w.members[0], w.members[2]
	id := supplied(t, w)
	for _, m := range w.members {
		m.settle()
	}
	youth.stop()
	if _, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan")); err != nil {
		t.Fatal(err)
	}
	without := youthCare.Capacities[0]
	without.MayProcessBSN = false
	college.install(w.change(youthCare.OIN, without))
	k := keep(t, w, youth)
	until(t, college, "the passing ended", func() bool {
		return k.count() > 0 || opened(t, college, requester, id).Passings[0].State != exchange.PassingQueued
	})
	for _, token := range k.kept {
		rest, _, _ := bytes.Cut(token, []byte{'\n'})
		for _, d := range bytes.Split(rest, []byte{'~'}) {
			if raw, err := base64.RawURLEncoding.DecodeString(string(d)); err == nil && bytes.Contains(raw, []byte("999993847")) {
				t.Fatal("the BSN went to a party that may not process one any more")
			}
		}
	}
	t.Logf("%d messages came; state %s", k.count(), opened(t, college, requester, id).Passings[0].State)
}

// A request for permission brings a BSN in its reason to a source that may
// not process one.
func TestAttackBSNInPermissionRequest(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, youthCare)
	debts := w.members[1]
	f := unbound(t, w, exchange.Condition{Code: exchange.AskFirst})
	without := debtHelp.Capacities[0]
	without.MayProcessBSN = false
	debts.install(w.change(debtHelp.OIN, without))
	s, err := wire.SignPermissionRequest(f.envelope(capacityOf(debtHelp), f.id), wire.PermissionBody{
		Recipient: capacityOf(youthCare), Purpose: "investigation/inform", Items: []exchange.ItemCode{"debt-plan"}, Why: exchange.Hide("of 999993847"),
	}, nil, f.keys.Signing)
	code, _ := f.send(debts, f.sealTo(debtHelp.OIN, s, err))
	if code == "" {
		t.Error("accepted")
	} else {
		t.Log(code)
	}
}

// A rectification goes to a holder whom the notice itself shows as a breach:
// he gets the new content from the source, too.
func TestAttackCorrectionSendsContentToBreach(t *testing.T) {
	f, w := breach(t)
	debts := w.members[1]
	s, err := wire.SignPassing(f.envelope(capacityOf(coordination), f.id), wire.PassingBody{
		Purpose: "handover/coordinator", Subject: f.subject, Why: exchange.Hide("because"), Chain: wire.Chain{Answer: f.answer.Digest},
		Disclosures: []string{f.shown["debt-plan"]},
	}, [][]byte{wire.WithoutDisclosures(f.answer.Token)}, f.keys.Signing)
	if err != nil {
		t.Fatal(err)
	}
	n, err := wire.SignNotice(f.envelope(capacityOf(debtHelp), f.id), s.Token, nil, f.keys.Signing)
	if code, _ := f.send(debts, f.sealTo(debtHelp.OIN, n, err)); code != "" {
		t.Fatal(code)
	}
	if _, err := debts.node.Correct(context.Background(), professional, f.id, exchange.Correction{
		Kind: exchange.Rectification, Why: exchange.Hide("wrong row"),
		Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("pays 14 euro")}},
	}); err != nil {
		t.Fatal(err)
	}
	sent, err := debts.node.KeptMessages(f.id, exchange.Supplier)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sent {
		if shown, _ := m.Shown(); m.Kind == wire.Correction && m.To == capacityOf(coordination) && shown["debt-plan"] != "" {
			t.Error("the source sent new content to a party that its condition forbids, of which it knows only by a notice that the passing was a breach (I2)")
		}
	}
}

// A recipient takes the ID of the passing that he got for a passing of his
// own, and tells of it first. The honest notice of the passer is refused.
func TestAttackNoticeBlockedByItsID(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	for _, m := range w.members {
		m.settle()
	}
	f := forge(t, w, youth)
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := college.node.KeptMessages(id, exchange.Asker) // what youth care gets, and has not receipted yet
	if err != nil {
		t.Fatal(err)
	}
	link := kept[slices.IndexFunc(kept, func(m wire.Message) bool { return m.Kind == wire.Passing })]
	shown, err := link.Shown()
	if err != nil {
		t.Fatal(err)
	}
	e := f.envelope(f.own, id)
	e.ID = string(passing)
	s, err := wire.SignPassing(e, wire.PassingBody{
		Purpose: "investigation/inform", Subject: subjectOf(t), Why: exchange.Hide("because"),
		Chain: wire.Chain{Answer: link.Attached[0].Digest, Links: []wire.Digest{link.Digest}}, Disclosures: []string{shown["debt-plan"]},
	}, [][]byte{link.Attached[0].Token, wire.WithoutDisclosures(link.Token)}, f.keys.Signing)
	if err != nil {
		t.Fatal(err)
	}
	n, err := wire.SignNotice(f.envelope(capacityOf(debtHelp), id), s.Token, [][]byte{wire.WithoutDisclosures(link.Token)}, f.keys.Signing)
	code, _ := f.send(debts, f.sealTo(debtHelp.OIN, n, err))
	t.Logf("the forged notice: %q", code)
	_ = f.host.Close()
	youth.start()
	youth.wait(passing, exchange.Answered)
	until(t, college, "delivered", func() bool { return opened(t, college, requester, id).Passings[0].State == exchange.PassingDelivered })
	college.settle()
	for _, p := range opened(t, debts, professional, id).Passings {
		if p.From == capacityOf(municipality) {
			return
		}
	}
	t.Error("the source refused the notice of the municipality, and does not know that it passed on")
}

// A decision that a second person must still see can be read by the asker: a
// request for permission is accepted for what will be supplied, and refused for
// what will not.
func TestAttackProposedDecisionIsProbed(t *testing.T) {
	ctx := context.Background()
	w := newWorldWith(t, "[decisions]\nfour_eyes = [\"investigation/client-request\"]\n", municipality, debtHelp, youthCare)
	college, debts := w.members[0], w.members[1]
	x, err := ask(ctx, college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	debts.wait(x.ID, exchange.Weighing)
	college.wait(x.ID, exchange.Delivered)
	if _, err := debts.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	debts.wait(x.ID, exchange.Proposed)
	f := forge(t, w, college)
	probe := func(item exchange.ItemCode) string {
		s, err := wire.SignPermissionRequest(f.envelope(capacityOf(debtHelp), x.ID), wire.PermissionBody{
			Recipient: capacityOf(youthCare), Purpose: "investigation/inform", Items: []exchange.ItemCode{item}, Why: exchange.Hide("because"),
		}, nil, f.keys.Signing)
		code, _ := f.send(debts, f.sealTo(debtHelp.OIN, s, err))
		return code
	}
	if plan, creditors := probe("debt-plan"), probe("debt-creditors"); plan != creditors {
		t.Errorf("before anybody confirmed the decision, the asker reads it: debt-plan %q, debt-creditors %q", plan, creditors)
	}
}

// Of what a new holder missed he is told the last correction of an item
// only. Rectified, then restricted: he gets the restriction, and when it is lifted
// reads the value that was wrong.
func TestAttackMissedRectificationBehindRestriction(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	for _, m := range w.members {
		m.settle()
	}
	correct := func(c exchange.Correction) {
		t.Helper()
		c.Why = exchange.Hide("he says it is wrong")
		if _, err := debts.node.Correct(ctx, professional, id, c); err != nil {
			t.Fatal(err)
		}
	}
	college.stop()
	correct(exchange.Correction{Kind: exchange.Rectification, Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("pays 14 euro each month")}}})
	correct(exchange.Correction{Kind: exchange.Restriction, Items: []exchange.CorrectedItem{{Item: "debt-plan"}}})
	debts.stop()
	college.start()
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	debts.start()
	until(t, youth, "the restriction came", func() bool { _, ok := opened(t, youth, requester, passing).Holds("debt-plan"); return !ok })
	for _, m := range w.members {
		m.settle()
	}
	correct(exchange.Correction{Kind: exchange.Lifting, Items: []exchange.CorrectedItem{{Item: "debt-plan"}}})
	until(t, youth, "it was lifted", func() bool { _, ok := opened(t, youth, requester, passing).Holds("debt-plan"); return ok })
	if i, _ := opened(t, youth, requester, passing).Holds("debt-plan"); i.Value.Reveal() != "pays 14 euro each month" {
		t.Errorf("youth care reads the value that was rectified before the restriction: %q", i.Value.Reveal())
	}
}

// A rectification with content waits; meanwhile the register takes from the
// holder the capacity. An answer would be kept back; the correction leaves.
func TestAttackCorrectionLeavesAfterCapacityWasLost(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	until(t, debts, "notice came", func() bool { return len(opened(t, debts, professional, id).Passings) == 1 })
	for _, m := range w.members {
		m.settle()
	}
	youth.stop()
	debts.install(w.change(youthCare.OIN, onlyHousing))
	if _, err := debts.node.Correct(ctx, professional, id, exchange.Correction{
		Kind: exchange.Rectification, Why: exchange.Hide("wrong row"),
		Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("pays 14 euro")}},
	}); err != nil {
		t.Fatal(err)
	}
	k := keep(t, w, youth)
	until(t, debts, "what can't be told is given up", func() bool {
		x := opened(t, debts, professional, id)
		return slices.ContainsFunc(x.Corrections[0].To, func(to exchange.CorrectedAt) bool { return to.State == exchange.PassingRejected })
	})
	for _, token := range k.kept {
		m, err := wire.ReadKept(token)
		if err != nil {
			t.Fatal(err)
		}
		if shown, _ := m.Shown(); m.Kind == wire.Correction && shown["debt-plan"] != "" {
			t.Fatal("new content left for a capacity that the register in force does not have")
		}
	}
}

// Every message about what goes on moves the end of an exchange, and so the day
// on which the source must destroy it (I8): any holder puts it off for ever.
func TestAttackHolderPutsOffRetentionOfSource(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, youthCare)
	debts := w.members[1]
	f := unbound(t, w)
	due := func() time.Time {
		kept, err := debts.node.Kept(context.Background(), "", 20*366*24*time.Hour)
		if err != nil || len(kept) != 1 {
			t.Fatalf("%d, %v", len(kept), err)
		}
		return kept[0].Keep.Due
	}
	before := due()
	debts.install(w.auth.publish(t, entriesOf(w), time.Now().Add(200*time.Hour)))
	w.ahead.Store(int64(100 * time.Hour))
	e := f.envelope(capacityOf(debtHelp), f.id)
	e.Expires = time.Now().Add(300 * time.Hour)
	s, err := wire.SignPermissionRequest(e, wire.PermissionBody{
		Recipient: capacityOf(youthCare), Purpose: "investigation/inform", Items: []exchange.ItemCode{"debt-plan"}, Why: exchange.Hide("because"),
	}, nil, f.keys.Signing)
	if code, _ := f.send(debts, f.sealTo(debtHelp.OIN, s, err)); code != "" {
		t.Fatal(code)
	}
	if after := due(); after.After(before) {
		t.Errorf("destroyed on %s instead of %s, by a message of the holder", after.Format(time.DateOnly), before.Format(time.DateOnly))
	}
}

// What a request for permission lacks is told, and leaves nothing.
func TestAttackPermissionRequestRefused(t *testing.T) {
	f, w := breach(t)
	debts := w.members[1]
	before := debts.size()
	good := wire.PermissionBody{
		Recipient: capacityOf(youthCare), Purpose: "investigation/inform", Items: []exchange.ItemCode{"debt-plan"}, Why: exchange.Hide("because"),
	}
	for want, change := range map[exchange.Code]func(*wire.PermissionBody, *wire.Envelope){
		exchange.UnknownPurpose: func(b *wire.PermissionBody, _ *wire.Envelope) { b.Purpose = "no/such" },
		exchange.BadChain:       func(b *wire.PermissionBody, _ *wire.Envelope) { b.Items = []exchange.ItemCode{"debt-court"} },
		exchange.BadTime:        func(_ *wire.PermissionBody, e *wire.Envelope) { e.At = time.Now().Add(-30 * time.Minute) },
		exchange.ReasonMissing:  func(b *wire.PermissionBody, _ *wire.Envelope) { b.Why = exchange.Hide("\u00a0") },
	} {
		b, e := good, f.envelope(capacityOf(debtHelp), f.id)
		change(&b, &e)
		s, err := wire.SignPermissionRequest(e, b, nil, f.keys.Signing)
		code, receipt := f.send(debts, f.sealTo(debtHelp.OIN, s, err))
		if code == "message-key-stale" {
			continue // the key of this world is younger
		}
		if code != string(want) || receipt != nil {
			t.Errorf("%s: the source says %q", want, code)
		}
	}
	if debts.size() != before {
		t.Errorf("what was refused left %d entries", debts.size()-before)
	}
}

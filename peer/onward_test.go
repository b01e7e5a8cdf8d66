package peer_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
)

var coordination = exchange.Party{OIN: "00000099000005005000", Name: "stichting De Schakel", Capacities: []exchange.Capacity{{
	Code: "coordination", Domain: "coordination", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
	Special: []exchange.Category{exchange.Health},
}}}

func capacityOf(p exchange.Party) exchange.PartyID {
	return exchange.PartyID{OIN: p.OIN, Capacity: p.Capacities[0].Code}
}

// supplied lets debt help supply both items that the municipality asked for,
// under conditions.
func supplied(t *testing.T, w *world, conditions ...exchange.Condition) exchange.ID {
	t.Helper()
	college, debts := w.members[0], w.members[1]
	x, err := ask(context.Background(), college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	debts.wait(x.ID, exchange.Weighing)
	if _, err := debts.node.Decide(context.Background(), professional, x.ID, exchange.Decision{
		Items: []exchange.ItemDecision{
			{Item: "debt-plan", Outcome: exchange.Supply, Depth: exchange.Content, Value: exchange.Hide("pays 40 euro each month")},
			{Item: "debt-creditors", Outcome: exchange.Supply, Depth: exchange.That, Value: exchange.Hide("there are creditors")},
		},
		Conditions: conditions,
	}); err != nil {
		t.Fatal(err)
	}
	college.wait(x.ID, exchange.Answered)
	debts.wait(x.ID, exchange.Answered)
	return x.ID
}

func passToYouthCare(items ...exchange.ItemCode) peer.PassingAsking {
	return peer.PassingAsking{To: capacityOf(youthCare), Purpose: "investigation/inform", Items: items, Why: exchange.Hide("to fit the help for the children to it")}
}

// until looks until ok or the time is over.
func until(t *testing.T, m *member, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		changed := m.node.Changed()
		if ok() {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: it did not come to this: %s", m.party.Name, what)
		case <-changed:
		}
	}
}

// opened is what a person of a member reads of an exchange.
func opened(t *testing.T, m *member, who peer.Who, id exchange.ID) exchange.Exchange {
	t.Helper()
	x, err := m.node.Open(context.Background(), who, id)
	if err != nil {
		t.Fatalf("%s: %v", m.party.Name, err)
	}
	return x
}

func refused(t *testing.T, err error, want exchange.Code) {
	t.Helper()
	if !errors.Is(err, &exchange.Refusal{Code: want}) {
		t.Fatalf("got %v, want %s", err, want)
	}
}

// TestAskFirst is the condition of probation in the memorandum to art. 5.4.2
// (lines 7362-7370), from the condition to the notice.
func TestAskFirst(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w, exchange.Condition{Code: exchange.AskFirst})
	wish := passToYouthCare("debt-plan")

	judged, err := college.node.JudgePassing(ctx, requester, id, wish)
	if err != nil || len(judged) != 1 || judged[0].Verdict != exchange.NeedsPermission || !slices.Equal(judged[0].Asks(), []exchange.PartyID{capacityOf(debtHelp)}) {
		t.Fatalf("judged %+v, %v", judged, err)
	}
	_, err = college.node.PassOn(ctx, requester, id, wish)
	refused(t, err, exchange.OnwardNeedsPermission)

	permission, err := college.node.AskPermission(ctx, requester, id, capacityOf(debtHelp), wish)
	if err != nil {
		t.Fatal(err)
	}
	until(t, debts, "somebody asks for permission", func() bool { return len(opened(t, debts, professional, id).Permissions) == 1 })
	asked := opened(t, debts, professional, id).Permissions[0]
	if asked.ID != permission || asked.Why.Reveal() != wish.Why.Reveal() || asked.Recipient != wish.To {
		t.Errorf("asked %+v", asked)
	}
	if _, err := debts.node.DecidePermission(ctx, professional, id, permission, true,
		exchange.PermissionTerms{Until: time.Now().Add(48 * time.Hour), Uses: 1}, exchange.Personal{}); err != nil {
		t.Fatal(err)
	}
	until(t, college, "permission came", func() bool {
		return opened(t, college, requester, id).Permissions[0].State == exchange.PermissionGranted
	})

	// It is for one item: two do not go.
	_, err = college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan", "debt-creditors"))
	refused(t, err, exchange.OnwardNeedsPermission)
	passing, err := college.node.PassOn(ctx, requester, id, wish)
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	got := opened(t, youth, requester, passing)
	if i, ok := got.Holds("debt-plan"); !ok || i.Value.Reveal() != "pays 40 euro each month" || i.Depth != exchange.Content {
		t.Errorf("youth care got %+v", got.Answer.Items)
	}
	if len(got.Answer.Items) != 1 || got.Topic() != id || got.Source() != capacityOf(debtHelp) || got.Request.Subject.BSN.Zero() {
		t.Errorf("youth care has %d items of %s from %s", len(got.Answer.Items), got.Topic(), got.Source())
	}
	until(t, debts, "notice came", func() bool { return len(opened(t, debts, professional, id).Passings) == 1 })
	if p := opened(t, debts, professional, id).Passings[0]; p.ID != passing || p.To != wish.To || p.Breach || !slices.Equal(p.Items, wish.Items) {
		t.Errorf("the notice says %+v", p)
	}
	// It was for one time.
	_, err = college.node.PassOn(ctx, requester, id, wish)
	refused(t, err, exchange.OnwardNeedsPermission)
	college.settle()
	debts.settle()
}

// TestRoutes is what somebody can choose before he passes on: whom the law lets
// have it, for what; and why it would be refused.
func TestRoutes(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare, coordination)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	routes, err := college.node.Routes(ctx, requester, id)
	if err != nil {
		t.Fatal(err)
	}
	find := func(to exchange.Party, purpose exchange.PurposeCode) []exchange.ItemCode {
		i := slices.IndexFunc(routes, func(r peer.Route) bool { return r.To == capacityOf(to) && r.Purpose == purpose })
		if i < 0 {
			return nil
		}
		return routes[i].Items
	}
	if got := slices.Sorted(slices.Values(find(youthCare, "investigation/inform"))); !slices.Equal(got, []exchange.ItemCode{"debt-creditors", "debt-plan"}) {
		t.Errorf("youth care may be informed of %v", got)
	}
	if find(coordination, "handover/coordinator") == nil {
		t.Error("the coordinator may not have it")
	}
	// Each route is one that a passing can take, and no other party or purpose is.
	law := college.node.Law()
	n := 0
	for p := range law.Purposes() {
		for _, m := range w.members {
			wish := peer.PassingAsking{To: capacityOf(m.party), Purpose: p.Code, Items: []exchange.ItemCode{"debt-plan"}, Why: exchange.Hide("to help")}
			err := college.node.CheckPassing(ctx, requester, id, wish)
			if may := find(m.party, p.Code) != nil; may != (err == nil) {
				t.Errorf("%s for %s: a route %t, and the check says %v", m.party.Name, p.Code, may, err)
			}
			n++
		}
	}
	if n < 40 {
		t.Errorf("only %d were tried", n)
	}
	if got := opened(t, college, requester, id).Passings; len(got) != 0 {
		t.Errorf("the check passed something on: %+v", got)
	}
	_, err = debts.node.Routes(ctx, professional, id)
	refused(t, err, exchange.WrongSide)

	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	for _, list := range []struct {
		*member
		want []exchange.ID
	}{{youth, []exchange.ID{passing}}, {college, nil}} {
		all, _, err := list.node.List(ctx, peer.Filter{Here: true, Hat: list.party.Capacities[0].Code})
		var got []exchange.ID
		for _, s := range all {
			got = append(got, s.ID)
		}
		if err != nil || !slices.Equal(got, list.want) {
			t.Errorf("%s was passed on %v (%v)", list.party.Name, got, err)
		}
	}
}

// TestPermissionTakenBack is a permission that is withdrawn before it is used.
func TestPermissionTakenBack(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts := w.members[0], w.members[1]
	id := supplied(t, w, exchange.Condition{Code: exchange.AskFirst})
	wish := passToYouthCare("debt-plan")
	permission, err := college.node.AskPermission(ctx, requester, id, capacityOf(debtHelp), wish)
	if err != nil {
		t.Fatal(err)
	}
	until(t, debts, "somebody asks for permission", func() bool { return len(opened(t, debts, professional, id).Permissions) == 1 })
	if _, err := debts.node.DecidePermission(ctx, professional, id, permission, true,
		exchange.PermissionTerms{Until: time.Now().Add(48 * time.Hour), Uses: 3}, exchange.Personal{}); err != nil {
		t.Fatal(err)
	}
	until(t, college, "permission came", func() bool {
		return opened(t, college, requester, id).Permissions[0].State == exchange.PermissionGranted
	})
	if _, err := debts.node.WithdrawPermission(ctx, professional, id, permission); err != nil {
		t.Fatal(err)
	}
	until(t, college, "it was taken back", func() bool {
		return opened(t, college, requester, id).Permissions[0].State == exchange.PermissionWithdrawn
	})
	_, err = college.node.PassOn(ctx, requester, id, wish)
	refused(t, err, exchange.OnwardNeedsPermission)
}

// TestPermissionDenied tells who asked what he is told, and nothing goes.
func TestPermissionDenied(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts := w.members[0], w.members[1]
	id := supplied(t, w, exchange.Condition{Code: exchange.AskEachTime})
	permission, err := college.node.AskPermission(ctx, requester, id, capacityOf(debtHelp), passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	until(t, debts, "somebody asks for permission", func() bool { return len(opened(t, debts, professional, id).Permissions) == 1 })
	if _, err := debts.node.DecidePermission(ctx, professional, id, permission, false, exchange.PermissionTerms{}, exchange.Hide("ask him yourself")); err != nil {
		t.Fatal(err)
	}
	until(t, college, "it was denied", func() bool {
		return opened(t, college, requester, id).Permissions[0].State == exchange.PermissionDenied
	})
	if told := opened(t, college, requester, id).Permissions[0].Tell.Reveal(); told != "ask him yourself" {
		t.Errorf("told %q", told)
	}
	_, err = college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	refused(t, err, exchange.OnwardNeedsPermission)
}

// TestTwoLinks is a chain of three holders: the coordinator gets from youth care
// what the municipality had passed on to it, with a condition of each before.
func TestTwoLinks(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare, coordination)
	college, debts, youth, coordinator := w.members[0], w.members[1], w.members[2], w.members[3]
	if err := coordinator.node.ChangeStaff(ctx, exchange.Actor{ID: requester.ID, Name: exchange.Hide("Fictief Persoon"),
		Roles: []exchange.Grant{{Role: exchange.Coordinator, Capacity: "coordination"}}}); err != nil {
		t.Fatal(err)
	}
	id := supplied(t, w)
	first := passToYouthCare("debt-plan", "debt-creditors")
	first.Conditions = []exchange.Condition{{Code: exchange.AskFirst, Items: []exchange.ItemCode{"debt-plan"}}}
	passing, err := college.node.PassOn(ctx, requester, id, first)
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)

	on := peer.PassingAsking{To: capacityOf(coordination), Purpose: "coordination", Items: []exchange.ItemCode{"debt-plan"}, Why: exchange.Hide("to align the help")}
	_, err = youth.node.PassOn(ctx, requester, passing, on)
	refused(t, err, exchange.OnwardNeedsPermission)
	permission, err := youth.node.AskPermission(ctx, requester, passing, capacityOf(municipality), on)
	if err != nil {
		t.Fatal(err)
	}
	until(t, college, "youth care asks", func() bool { return len(opened(t, college, requester, id).Permissions) == 1 })
	if _, err := college.node.DecidePermission(ctx, requester, id, permission, true,
		exchange.PermissionTerms{Until: time.Now().Add(48 * time.Hour), Uses: 1}, exchange.Personal{}); err != nil {
		t.Fatal(err)
	}
	until(t, youth, "permission came", func() bool {
		return opened(t, youth, requester, passing).Permissions[0].State == exchange.PermissionGranted
	})
	second, err := youth.node.PassOn(ctx, requester, passing, on)
	if err != nil {
		t.Fatal(err)
	}
	coordinator.wait(second, exchange.Answered)
	got := opened(t, coordinator, requester, second)
	if len(got.Provenance.Links) != 2 || got.Source() != capacityOf(debtHelp) || len(got.Layers()) != 3 {
		t.Errorf("the coordinator knows of %d links from %s", len(got.Provenance.Links), got.Source())
	}
	// Both who supplied are told, the source of both passings.
	until(t, debts, "both notices came", func() bool { return len(opened(t, debts, professional, id).Passings) == 2 })
	until(t, college, "the notice came", func() bool { return len(opened(t, college, requester, id).Passings) == 2 })
	for _, p := range opened(t, debts, professional, id).Passings {
		if p.Breach {
			t.Errorf("the passing to %s is held for a breach", p.To)
		}
	}

	// A rectification reaches all three, and the value that was wrong is not
	// readable anywhere (art. 16 and 19 GDPR).
	if _, err := debts.node.Correct(ctx, professional, id, exchange.Correction{
		Kind: exchange.Rectification, Why: exchange.Hide("typed in the wrong row"),
		Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("pays 14 euro each month")}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, holder := range []struct {
		*member
		id exchange.ID
	}{{college, id}, {youth, passing}, {coordinator, second}} {
		until(t, holder.member, "the rectification came", func() bool {
			i, ok := opened(t, holder.member, requester, holder.id).Holds("debt-plan")
			return ok && i.Value.Reveal() == "pays 14 euro each month"
		})
	}
	until(t, debts, "all acknowledged", func() bool {
		c := opened(t, debts, professional, id).Corrections[0]
		return len(c.To) == 3 && !slices.ContainsFunc(c.To, func(to exchange.CorrectedAt) bool { return to.State != exchange.PassingDelivered })
	})

	// While it is restricted nobody reads it or passes it on (art. 18).
	if _, err := debts.node.Correct(ctx, professional, id, exchange.Correction{
		Kind: exchange.Restriction, Why: exchange.Hide("he says it is wrong again"), Items: []exchange.CorrectedItem{{Item: "debt-creditors"}},
	}); err != nil {
		t.Fatal(err)
	}
	until(t, youth, "it is restricted", func() bool { _, ok := opened(t, youth, requester, passing).Holds("debt-creditors"); return !ok })
	for _, i := range opened(t, youth, requester, passing).Answer.Items {
		if i.Item == "debt-creditors" && !i.Value.Zero() {
			t.Error("a restricted item can be read")
		}
	}
	on.Items = []exchange.ItemCode{"debt-creditors"}
	_, err = youth.node.PassOn(ctx, requester, passing, on)
	refused(t, err, exchange.NotHeld)

	// What is passed on after a rectification is what counts.
	again, err := college.node.PassOn(ctx, requester, id, peer.PassingAsking{
		To: capacityOf(coordination), Purpose: "handover/coordinator", Items: []exchange.ItemCode{"debt-plan"}, Why: exchange.Hide("to align the help"),
	})
	if err != nil {
		t.Fatal(err)
	}
	coordinator.wait(again, exchange.Answered)
	if i, _ := opened(t, coordinator, requester, again).Holds("debt-plan"); i.Value.Reveal() != "pays 14 euro each month" {
		t.Errorf("the coordinator got %d characters of something else", len(i.Value.Reveal()))
	}
	for _, m := range w.members {
		m.settle()
	}
}

// TestDeleteBy is the condition that something is gone by a day: on that day it is,
// at everybody who has it, and what was said about it stays.
func TestDeleteBy(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, youth := w.members[0], w.members[2]
	id := supplied(t, w, exchange.Condition{Code: exchange.DeleteBy, Until: today().AddDate(0, 0, 10), Items: []exchange.ItemCode{"debt-plan"}})
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan", "debt-creditors"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	for _, m := range w.members {
		m.settle()
	}
	sweep := func(m *member) {
		t.Helper()
		if _, err := m.node.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	sweep(college)
	if _, ok := opened(t, college, requester, id).Holds("debt-plan"); !ok {
		t.Fatal("it is gone before the day")
	}
	w.ahead.Store(int64(10 * 24 * time.Hour))
	for _, holder := range []struct {
		*member
		id exchange.ID
	}{{college, id}, {youth, passing}} {
		sweep(holder.member)
		x := opened(t, holder.member, requester, holder.id)
		if _, ok := x.Holds("debt-plan"); ok {
			t.Errorf("%s still has it", holder.party.Name)
		}
		if _, ok := x.Holds("debt-creditors"); !ok {
			t.Errorf("%s lost what may stay", holder.party.Name)
		}
		kept, err := holder.node.KeptMessages(holder.id, exchange.Asker)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range kept {
			if shown, err := m.Shown(); err != nil || shown["debt-plan"] != "" {
				t.Errorf("%s: a message of kind %s still shows it: %v", holder.party.Name, m.Kind, err)
			}
		}
	}
	before := college.size()
	sweep(college)
	if college.size() != before {
		t.Error("a second sweep erased something")
	}
}

// TestCorrectionOvertaken is a value that is passed on while its correction is on
// its way: who got it is told as soon as the notice comes (art. 19 GDPR).
func TestCorrectionOvertaken(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	for _, m := range w.members {
		m.settle()
	}
	// The college does not hear of the correction before it passes on: its node is
	// down while the source corrects, and the source's while it passes on.
	college.stop()
	for _, c := range []exchange.Correction{
		{Kind: exchange.Rectification, Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("pays 14 euro each month")}}},
		{Kind: exchange.Restriction, Items: []exchange.CorrectedItem{{Item: "debt-creditors"}}},
	} {
		c.Why = exchange.Hide("he says it is wrong")
		if _, err := debts.node.Correct(ctx, professional, id, c); err != nil {
			t.Fatal(err)
		}
	}
	debts.stop()
	college.start()
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan", "debt-creditors"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	if i, _ := opened(t, youth, requester, passing).Holds("debt-plan"); i.Value.Reveal() != "pays 40 euro each month" {
		t.Fatal("the test shows nothing: the correction was faster")
	}
	debts.start()
	until(t, youth, "the rectification came", func() bool {
		i, ok := opened(t, youth, requester, passing).Holds("debt-plan")
		return ok && i.Value.Reveal() == "pays 14 euro each month"
	})
	until(t, youth, "the restriction came", func() bool { _, ok := opened(t, youth, requester, passing).Holds("debt-creditors"); return !ok })
	until(t, debts, "both acknowledged both", func() bool {
		x := opened(t, debts, professional, id)
		return !slices.ContainsFunc(x.Corrections, func(c exchange.Correction) bool {
			return len(c.To) != 2 || slices.ContainsFunc(c.To, func(to exchange.CorrectedAt) bool { return to.State != exchange.PassingDelivered })
		})
	})
}

// TestSpentPassing is a passing that waits while its item is rectified: it goes as
// it was signed, since it may have arrived, and once it has, the passer keeps
// nothing of the value that was wrong.
func TestSpentPassing(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	for _, m := range w.members {
		m.settle()
	}
	youth.stop()
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan", "debt-creditors"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := debts.node.Correct(ctx, professional, id, exchange.Correction{
		Kind: exchange.Rectification, Why: exchange.Hide("typed in the wrong row"),
		Items: []exchange.CorrectedItem{{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide("pays 14 euro each month")}},
	}); err != nil {
		t.Fatal(err)
	}
	until(t, college, "the rectification came", func() bool {
		i, ok := opened(t, college, requester, id).Holds("debt-plan")
		return ok && i.Value.Reveal() == "pays 14 euro each month"
	})
	youth.start()
	youth.wait(passing, exchange.Answered)
	until(t, college, "it was received", func() bool { return opened(t, college, requester, id).Passings[0].State == exchange.PassingDelivered })
	kept, err := college.node.KeptMessages(id, exchange.Asker)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range kept {
		shown, err := m.Shown()
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind == wire.Passing && (shown["debt-plan"] != "" || shown["debt-creditors"] == "") {
			t.Errorf("the finished passing shows %d items, the one that was wrong: %t", len(shown), shown["debt-plan"] != "")
		}
	}
	until(t, youth, "and so has who got it", func() bool {
		i, ok := opened(t, youth, requester, passing).Holds("debt-plan")
		return ok && i.Value.Reveal() == "pays 14 euro each month"
	})
}

// TestMissedTwice is a correction of two items, of which one was corrected again:
// who missed both is told what counts of each.
func TestMissedTwice(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w)
	for _, m := range w.members {
		m.settle()
	}
	college.stop()
	plan := func(value string) exchange.CorrectedItem {
		return exchange.CorrectedItem{Item: "debt-plan", Depth: exchange.Content, Value: exchange.Hide(value)}
	}
	for _, items := range [][]exchange.CorrectedItem{
		{plan("pays 14 euro each month"), {Item: "debt-creditors", Depth: exchange.That, Value: exchange.Hide("there are none")}},
		{plan("pays 15 euro each month")},
	} {
		if _, err := debts.node.Correct(ctx, professional, id, exchange.Correction{Kind: exchange.Rectification, Why: exchange.Hide("wrong"), Items: items}); err != nil {
			t.Fatal(err)
		}
	}
	debts.stop()
	college.start()
	passing, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan", "debt-creditors"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
	debts.start()
	for item, want := range map[exchange.ItemCode]string{"debt-plan": "pays 15 euro each month", "debt-creditors": "there are none"} {
		until(t, youth, "what counts came", func() bool {
			i, ok := opened(t, youth, requester, passing).Holds(item)
			return ok && i.Value.Reveal() == want
		})
	}
}

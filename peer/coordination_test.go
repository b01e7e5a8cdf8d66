package peer_test

import (
	"slices"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
	"sluis/peer"
)

// A coordinated is a coordinator who asked debt help and got items of the
// investigation from the college.
type coordinated struct {
	*world
	college, debts, coordinator *member
	of                          exchange.ID // his case
	asked, passed               exchange.ID
}

const plan = "pays 40 euro each month"

func coordinating(t *testing.T, conditions ...exchange.Condition) *coordinated {
	t.Helper()
	ctx := t.Context()
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp, coordination)
	c := &coordinated{world: w, college: w.members[0], debts: w.members[1], coordinator: w.members[2]}
	if err := c.coordinator.node.ChangeStaff(ctx, exchange.Actor{ID: requester.ID, Name: exchange.Hide("Fictief Persoon"),
		Roles: []exchange.Grant{{Role: exchange.Coordinator, Capacity: "coordination"}}}); err != nil {
		t.Fatal(err)
	}
	opened, err := c.coordinator.node.OpenCase(ctx, requester, exchange.Case{
		Trigger: exchange.Trigger{Code: "coordination", On: today(), From: capacityOf(municipality), Statements: []exchange.Statement{
			{Code: "appointed", Text: exchange.Hide("since today")}, {Code: "approach-agreed", Text: exchange.Hide("agreed")}}},
		People: []exchange.Person{{Standing: exchange.Client, BSN: question(t).Subject.BSN}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.of = opened.ID
	x, err := c.coordinator.node.Ask(ctx, requester, peer.Asking{Person: 1, Request: exchange.Request{
		Case: c.of, From: capacityOf(coordination), To: capacityOf(debtHelp), Purpose: "coordination", Specific: exchange.Hide("to align the help"),
		Statements: []exchange.Statement{{Code: "why-this-party", Text: exchange.Hide("it runs the plan")}},
		Contact:    exchange.Hide("06-00000000"), Involvement: exchange.Involvement{State: exchange.Informed},
		Items: []exchange.AskedItem{{Item: "debt-plan", Depth: exchange.Content, Why: exchange.Hide("to plan around it")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.asked = x.ID
	c.debts.wait(x.ID, exchange.Weighing)
	if _, err := c.debts.node.Weigh(ctx, professional, x.ID, exchange.Step{Code: "necessary", Outcome: "yes", Text: exchange.Hide("he plans around it")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.debts.node.Decide(ctx, professional, x.ID, exchange.Decision{Conditions: conditions, Items: []exchange.ItemDecision{
		{Item: "debt-plan", Outcome: exchange.Supply, Depth: exchange.Content, Value: exchange.Hide(plan)}}}); err != nil {
		t.Fatal(err)
	}
	c.coordinator.wait(x.ID, exchange.Answered)

	first := supplied(t, &world{t: t, members: []*member{c.college, c.debts}})
	if c.passed, err = c.college.node.PassOn(ctx, requester, first, peer.PassingAsking{
		To: capacityOf(coordination), Purpose: "handover/coordinator", Items: []exchange.ItemCode{"debt-creditors"}, Why: exchange.Hide("to align the help"),
	}); err != nil {
		t.Fatal(err)
	}
	c.coordinator.wait(c.passed, exchange.Answered)
	for _, m := range w.members {
		m.settle()
	}
	return c
}

func (c *coordinated) end(leave bool) (exchange.Case, []exchange.ID, error) {
	return c.coordinator.node.EndCoordination(c.t.Context(), requester, c.of, peer.EndingCoordination{Why: exchange.Hide("the approach is over"), Leave: leave})
}

// wantNothing waits until the coordinator holds nothing of the case, and looks
// whether it really is gone.
func (c *coordinated) wantNothing(t *testing.T) {
	t.Helper()
	until(t, c.coordinator, "he keeps nothing", func() bool {
		return slices.Contains(c.coordinator.kinds(c.of), string(exchange.DossierDestroyed))
	})
	for _, words := range []string{plan, "there are creditors"} {
		if tables := c.coordinator.finds(t, words); len(tables) > 0 {
			t.Errorf("the coordinator still has it in %v", tables)
		}
	}
	for _, id := range []exchange.ID{c.asked, c.passed} {
		if _, err := c.coordinator.node.Open(t.Context(), requester, id); !isFault(err, peer.Destroyed) {
			t.Errorf("opened: %v", err)
		}
	}
	if _, err := c.coordinator.node.ViewCase(t.Context(), requester, c.of); !isFault(err, peer.Destroyed) {
		t.Errorf("viewed the case: %v", err)
	}
}

// Art. 5.4.4(7) and (8): at the end all goes to the college; then, and not before
// the college's receipt, the coordinator's copy ends, and his ledger says so.
func TestHandBack(t *testing.T) {
	c := coordinating(t)
	ctx := t.Context()
	c.college.stop()
	ended, passed, err := c.end(false)
	if err != nil || ended.Closed.IsZero() || len(passed) != 1 {
		// What the college itself passed on does not go back to it: it has it.
		t.Fatalf("handed back %d, %v", len(passed), err)
	}
	if n, err := c.coordinator.node.Sweep(ctx); err != nil || n != 0 {
		t.Fatalf("destroyed %d before the receipt, %v", n, err)
	}
	if len(c.coordinator.finds(t, plan)) == 0 {
		t.Fatal("the search sees nothing; this test could not fail")
	}
	c.college.start()
	c.college.wait(passed[0], exchange.Answered)
	got := opened(t, c.college, requester, passed[0])
	if i, ok := got.Holds("debt-plan"); !ok || i.Value.Reveal() != plan || got.Source() != capacityOf(debtHelp) || got.Request.Purpose != exchange.HandBackPurpose {
		t.Errorf("the college has it from %s for %s: %t", got.Source(), got.Request.Purpose, ok)
	}
	c.wantNothing(t)
	until(t, c.debts, "who supplied it is told", func() bool { return len(opened(t, c.debts, professional, c.asked).Passings) == 1 })
	kinds := c.coordinator.kinds(c.of)
	if !slices.Contains(kinds, string(exchange.CoordinationEnded)) {
		t.Errorf("the ledger says %v", kinds)
	}
	id, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	var all []*audit.Report
	for _, m := range c.members {
		m.settle()
		m.hireOfficer()
		r := m.inspected(id)
		if r.Findings.Count() != 0 || (r.Destroyed > 0) != (m == c.coordinator) {
			t.Errorf("%s: %d destroyed, %+v", m.party.Name, r.Destroyed, r.Findings.Listed)
		}
		all = append(all, r)
	}
	if r, err := audit.Reconcile(all); err != nil || r.Findings.Count() != 0 {
		t.Errorf("they do not match: %v, %+v", err, r.Findings.Listed)
	}
}

// A legal hold keeps all of it until its day.
func TestHandBackOnHold(t *testing.T) {
	c := coordinating(t)
	ctx := t.Context()
	c.coordinator.hireOfficer()
	day := today().AddDate(0, 1, 0)
	if _, err := c.coordinator.node.PlaceHold(ctx, officer, c.of, exchange.Hide("a complaint"), day); err != nil {
		t.Fatal(err)
	}
	_, passed, err := c.end(false)
	if err != nil {
		t.Fatal(err)
	}
	c.college.wait(passed[0], exchange.Answered)
	c.coordinator.settle()
	if n, err := c.coordinator.node.Sweep(ctx); err != nil || n != 0 || len(c.coordinator.finds(t, plan)) == 0 {
		t.Fatalf("destroyed %d that is on hold, %v", n, err)
	}
	// The register of this world ends in twelve hours; destroying needs none.
	c.ahead.Store(int64(time.Until(day.Add(time.Hour))))
	if _, err := c.coordinator.node.Sweep(ctx); err != nil {
		t.Error(err)
	}
	c.wantNothing(t)
}

// While an item is restricted (art. 18 GDPR) it stays, and the case with it; when
// the restriction ends it goes back too, and then all is gone.
func TestHandBackOfWhatIsRestricted(t *testing.T) {
	c := coordinating(t)
	ctx := t.Context()
	correct := func(kind exchange.CorrectionKind) {
		t.Helper()
		if _, err := c.debts.node.Correct(ctx, professional, c.asked, exchange.Correction{
			Kind: kind, Why: exchange.Hide("he says it is wrong"), Items: []exchange.CorrectedItem{{Item: "debt-plan"}},
		}); err != nil {
			t.Fatal(err)
		}
		until(t, c.coordinator, "he is told", func() bool {
			_, readable := opened(t, c.coordinator, requester, c.asked).Holds("debt-plan")
			return readable == (kind == exchange.Lifting)
		})
		c.debts.settle()
	}
	correct(exchange.Restriction)
	if _, passed, err := c.end(false); err != nil || len(passed) != 0 {
		t.Fatalf("handed back %d, %v", len(passed), err)
	}
	if n, err := c.coordinator.node.Sweep(ctx); err != nil || n != 0 {
		t.Fatalf("destroyed %d, %v", n, err)
	}
	correct(exchange.Lifting)
	if _, passed, err := c.end(false); err != nil || len(passed) != 1 {
		t.Fatalf("handed back %d after it was lifted, %v", len(passed), err)
	}
	c.wantNothing(t)
}

// While something in the case is still to be decided it does not end.
func TestHandBackWaitsForAnswers(t *testing.T) {
	c := coordinating(t)
	x, err := c.coordinator.node.Ask(t.Context(), requester, peer.Asking{Person: 1, Request: exchange.Request{
		Case: c.of, From: capacityOf(coordination), To: capacityOf(debtHelp), Purpose: "coordination", Specific: exchange.Hide("to align the help"),
		Statements: []exchange.Statement{{Code: "why-this-party", Text: exchange.Hide("it runs the plan")}},
		Contact:    exchange.Hide("06-00000000"), Involvement: exchange.Involvement{State: exchange.Informed},
		Items: []exchange.AskedItem{{Item: "debt-total", Depth: exchange.That, Why: exchange.Hide("to plan around it")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = c.end(false)
	refused(t, err, exchange.NotNow)
	if _, err := c.coordinator.node.Withdraw(t.Context(), requester, x.ID); err != nil {
		t.Fatal(err)
	}
	if _, passed, err := c.end(false); err != nil || len(passed) != 1 {
		t.Errorf("handed back %d, %v", len(passed), err)
	}
	c.wantNothing(t)
}

// What its supplier lets nobody have stops the hand-back, until the coordinator
// says that it ends with him.
func TestHandBackAgainstACondition(t *testing.T) {
	c := coordinating(t, exchange.Condition{Code: exchange.NoOnward})
	_, _, err := c.end(false)
	refused(t, err, exchange.OnwardForbidden)
	if kinds := c.coordinator.kinds(c.of); slices.Contains(kinds, string(exchange.CoordinationEnded)) {
		t.Errorf("the ledger says %v", kinds)
	}
	ended, passed, err := c.end(true)
	if err != nil || len(passed) != 0 || !slices.Equal(ended.HandBack.Left, []exchange.LeftItem{{Exchange: c.asked, Item: "debt-plan"}}) {
		t.Fatalf("handed back %d, left %v, %v", len(passed), ended.HandBack.Left, err)
	}
	c.wantNothing(t)
	if tables := c.college.finds(t, "anything of it"); len(tables) > 0 {
		t.Errorf("the college has it in %v", tables)
	}
}

// A case that is no coordination can't be handed back.
func TestHandBackOfNothing(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	c := investigated(t, w.members[0])
	_, _, err := w.members[0].node.EndCoordination(t.Context(), requester, c.ID, peer.EndingCoordination{Why: exchange.Hide("x")})
	refused(t, err, exchange.NotCoordinated)
}

// What would go back is told before anybody decides it, and nothing is done.
func TestExamineEnding(t *testing.T) {
	c := coordinating(t, exchange.Condition{Code: exchange.NoOnward, Items: []exchange.ItemCode{"debt-plan"}})
	_, before := c.coordinator.node.Checkpoint()
	back, left, err := c.coordinator.node.ExamineEnding(t.Context(), requester, c.of)
	if err != nil || len(back) != 0 || !slices.Equal(left, []exchange.LeftItem{{Exchange: c.asked, Item: "debt-plan"}}) {
		t.Errorf("back %v, left %v, %v", back, left, err)
	}
	if _, after := c.coordinator.node.Checkpoint(); after != before {
		t.Error("looking wrote something")
	}
	free := coordinating(t)
	back, left, err = free.coordinator.node.ExamineEnding(t.Context(), requester, free.of)
	if err != nil || !slices.Equal(back[free.asked], []exchange.ItemCode{"debt-plan"}) || len(back) != 1 || len(left) != 0 {
		t.Errorf("back %v, left %v, %v", back, left, err)
	}
	college := investigated(t, free.college)
	_, _, err = free.college.node.ExamineEnding(t.Context(), requester, college.ID)
	refused(t, err, exchange.NotCoordinated)
}

package peer_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// toYouthCare is a request of the municipality to youth care, about content.
func toYouthCare(t testing.TB) exchange.Request {
	t.Helper()
	r := question(t)
	r.To = exchange.PartyID{OIN: youthCare.OIN, Capacity: "youth-care"}
	r.Items = []exchange.AskedItem{{Item: "youth-help-running", Depth: exchange.Content, Why: exchange.Hide("not to start the same help again")}}
	return r
}

func supplyProcess() exchange.Decision {
	return exchange.Decision{Items: []exchange.ItemDecision{
		{Item: "youth-help-running", Outcome: exchange.Supply, Depth: exchange.Process, Value: exchange.Hide("family counselling until January")},
	}}
}

// without are the steps of art. 5.4.2(2) without the client's consent, but for
// the colleague.
func without() []exchange.Step {
	return []exchange.Step{
		{Code: "enough-information", Outcome: "yes"},
		{Code: "consent", Outcome: "impossible", Text: exchange.Hide("he does not open the door; three visits")},
		{Code: "good-care", Outcome: "yes", Text: exchange.Hide("the help for the child stalls")},
		{Code: "prevents-and-outweighs", Outcome: "yes", Text: exchange.Hide("the family declines, and help does not come")},
		{Code: "least", Outcome: "yes"},
		{Code: "client-told", Outcome: "after", Day: today().AddDate(0, 0, 7), Text: exchange.Hide("at the next visit")},
	}
}

// Art. 5.4.2(2): without consent nothing leaves before an expert colleague was
// consulted; with it, it does, and the ledger holds who and when. The steps are
// taken on two days: the node is stopped in between.
func TestSecrecyNeedsTheColleague(t *testing.T) {
	w := newWorld(t, municipality, youthCare)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, toYouthCare(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	for _, s := range without() {
		if _, err := b.node.Weigh(ctx, professional, x.ID, s); err != nil {
			t.Fatalf("step %s: %v", s.Code, err)
		}
	}
	_, err = b.node.Decide(ctx, professional, x.ID, supplyProcess())
	wantCode(t, "5.4.2(2): decided without the colleague", err, string(exchange.WeighingOpen))

	b.stop()
	b.start()
	_, err = b.node.Weigh(ctx, professional, x.ID, exchange.Step{Code: "colleague", Outcome: "agrees", With: professional.ID, Day: today()})
	wantCode(t, "5.4.2(2): oneself as the colleague", err, string(exchange.ColleagueIsSelf))
	if _, err := b.node.Weigh(ctx, professional, x.ID, exchange.Step{Code: "colleague", Outcome: "agrees", With: colleague.ID, Day: today()}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.node.Decide(ctx, professional, x.ID, supplyProcess()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)
	b.wait(x.ID, exchange.Answered)

	trail, err := b.node.Trail(ctx, colleague, x.ID)
	if err != nil {
		t.Fatal(err)
	}
	consulted := false
	for _, e := range trail {
		if e.Detail.Step == nil || e.Detail.Step.Step != "colleague" {
			continue
		}
		consulted = true
		if e.By != professional.ID || e.Detail.Step.With != colleague.ID || e.Register != 1 || time.Since(e.Time) > time.Minute {
			t.Errorf("the ledger says %s asked %s under register %d at %s", e.By, e.Detail.Step.With, e.Register, e.Time)
		}
	}
	if !consulted {
		t.Error("the ledger has no entry of the consultation")
	}
}

// The first step of art. 5.4.2(2): a question back, which stops the clock on
// both sides alike.
func TestQuestionBack(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	if _, err := b.node.Question(ctx, professional, x.ID, exchange.Hide("which of the two plans do you mean?")); err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Clarifying)
	a.wait(x.ID, exchange.Clarifying)
	if s, err := a.node.Status(ctx, x.ID, ""); err != nil || !s.Paused {
		t.Errorf("the clock runs while a question is open: %v", err)
	}
	seen, err := a.node.Open(ctx, requester, x.ID)
	if err != nil || len(seen.Clarifications) != 1 || seen.Clarifications[0].Question.Reveal() != "which of the two plans do you mean?" {
		t.Errorf("the asker reads %d questions, %v", len(seen.Clarifications), err)
	}
	_, err = b.node.Question(ctx, professional, x.ID, exchange.Hide("and another"))
	wantCode(t, "a second question while one is open", err, string(exchange.NotNow))
	w.ahead.Store(int64(3 * time.Hour))
	if _, err := a.node.Reply(ctx, requester, x.ID, exchange.Hide("the one of this year")); err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	a.wait(x.ID, exchange.Delivered)
	here, err := a.node.Status(ctx, x.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	there, err := b.node.Status(ctx, x.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if !here.Due.Equal(there.Due) || here.Due.Sub(x.Request.Due).Round(time.Hour) != 3*time.Hour || here.Paused || there.Paused {
		t.Errorf("due was %s, is %s at the asker and %s at the supplier", x.Request.Due, here.Due, there.Due)
	}
	if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)
	b.wait(x.ID, exchange.Answered)
	a.settle()
	b.settle()
	for _, m := range []*member{a, b} {
		for _, kind := range []exchange.EventKind{exchange.QuestionIssued, exchange.ReplyReceived} {
			if m == a {
				kind = map[exchange.EventKind]exchange.EventKind{exchange.QuestionIssued: exchange.QuestionReceived, exchange.ReplyReceived: exchange.ReplyIssued}[kind]
			}
			if !slices.Contains(m.kinds(x.ID), string(kind)) {
				t.Errorf("%s: the ledger has no %s", m.party.Name, kind)
			}
		}
	}
}

// Vier ogen: where the organisation wants two, one alone does not let an answer
// leave; and a second person is another person.
func TestFourEyes(t *testing.T) {
	w := newWorldWith(t, "[decisions]\nfour_eyes = [\"investigation/client-request\"]\n", municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	for range 2 {
		y, err := b.node.Decide(ctx, professional, x.ID, verdict())
		if err != nil || y.Phase != exchange.Proposed {
			t.Fatalf("decided by one: %s, %v", y.Phase, err)
		}
		_, err = b.node.Confirm(ctx, professional, x.ID)
		wantCode(t, "confirmed by the same person", err, string(exchange.SameEyes))
		if slices.Contains(b.kinds(x.ID), string(exchange.AnswerIssued)) {
			t.Fatal("I1: an answer left before the second person saw it")
		}
		if slices.Contains(b.kinds(x.ID), string(exchange.DecisionReturned)) {
			break
		}
		if _, err := b.node.Return(ctx, colleague, x.ID, exchange.Hide("the value names a creditor")); err != nil {
			t.Fatal(err)
		}
		seen, err := b.node.Open(ctx, professional, x.ID)
		if err != nil || seen.Phase != exchange.Weighing || seen.Returned.Reveal() != "the value names a creditor" {
			t.Errorf("returned: %s, %v", seen.Phase, err)
		}
	}
	if _, err := b.node.Confirm(ctx, colleague, x.ID); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)
}

// Vervanging: what was given to one professional is not decided by another who
// did not take it over, and taking over is an entry.
func TestSubstitution(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	if _, err := b.node.Assign(ctx, colleague, x.ID, colleague.ID, exchange.Personal{}); err != nil {
		t.Fatal(err)
	}
	_, err = b.node.Decide(ctx, professional, x.ID, verdict())
	wantCode(t, "decided by another than it was given to", err, string(exchange.AssignedToOther))
	_, err = b.node.Assign(ctx, professional, x.ID, professional.ID, exchange.Personal{})
	wantCode(t, "taken over without a reason", err, string(exchange.ReasonMissing))
	if _, err := b.node.Assign(ctx, professional, x.ID, professional.ID, exchange.Hide("on leave until Monday")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)
}

// Pettenvraagstuk (memorandum §4.3.3): who is both investigator and coordinator
// sees and does in each hat what belongs to it, and nothing else.
func TestHats(t *testing.T) {
	college := municipality
	college.Capacities = append(slices.Clone(college.Capacities), exchange.Capacity{
		Code: "coordination", Domain: "coordination", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
	})
	w := newWorld(t, college, debtHelp)
	a := w.members[0]
	ctx := context.Background()
	both := exchange.Actor{ID: "d.both", Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{
		{Role: exchange.Requester, Capacity: "investigation"}, {Role: exchange.Coordinator, Capacity: "coordination"},
	}}
	if err := a.node.AddStaff(ctx, both); err != nil {
		t.Fatal(err)
	}
	_, err := ask(ctx, a.node, peer.Who{ID: "d.both"}, question(t))
	wantCode(t, "no hat", err, string(exchange.HatMissing))
	x, err := ask(ctx, a.node, peer.Who{ID: "d.both", Hat: "investigation"}, question(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.node.Open(ctx, peer.Who{ID: "d.both", Hat: "coordination"}, x.ID)
	wantCode(t, "read under the other hat", err, string(exchange.WrongHat))
	_, err = a.node.ViewCase(ctx, peer.Who{ID: "d.both", Hat: "coordination"}, x.Request.Case)
	wantCode(t, "the case read under the other hat", err, string(exchange.WrongHat))
	page, _, err := a.node.List(ctx, peer.Filter{Hat: "coordination"})
	if err != nil || len(page) != 0 {
		t.Errorf("the coordinator's list has %d exchanges of the investigation, %v", len(page), err)
	}
	cases, _, err := a.node.Cases(ctx, "coordination", "", 0)
	if err != nil || len(cases) != 0 {
		t.Errorf("the coordinator's list has %d cases of the investigation, %v", len(cases), err)
	}
	_, err = a.node.Open(ctx, peer.Who{ID: "d.both", Hat: "debts"}, x.ID)
	wantCode(t, "a hat that is not his", err, string(exchange.HatNotOwn))
}

// M1-084: the same item asked of a third party within a week needs a reason,
// and the privacy officer finds the request.
func TestBroadRequestsNeedAReason(t *testing.T) {
	second, third := debtHelp, debtHelp
	second.OIN, third.OIN = "00000099000006006000", "00000099000007007000"
	w := newWorld(t, municipality, debtHelp, second, third)
	a := w.members[0]
	ctx := context.Background()
	c, err := a.node.OpenCase(ctx, requester, caseOf(question(t)))
	if err != nil {
		t.Fatal(err)
	}
	for i, to := range []exchange.OIN{debtHelp.OIN, second.OIN, third.OIN} {
		r := question(t)
		r.Case, r.To.OIN, r.Subject = c.ID, to, exchange.Subject{}
		_, err = a.node.Ask(ctx, requester, peer.Asking{Request: r, Person: 1})
		if i < 2 && err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			wantCode(t, "2.3a.1: the same of a third party", err, string(exchange.BroadRequest))
			if _, err := a.node.Ask(ctx, requester, peer.Asking{Request: r, Person: 1, Broad: exchange.Hide("he moved twice this year")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	page, _, err := a.node.List(ctx, peer.Filter{Broad: true})
	if err != nil || len(page) != 1 || page[0].To.OIN != third.OIN {
		t.Errorf("the privacy officer finds %d requests, %v", len(page), err)
	}
}

// Explain says the same as Ask, and goes on after the first refusal.
func TestExplain(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := a.node.Explain(ctx, requester, x.ID)
	if err != nil || !e.Allowed || e.Weighing != "duty" {
		t.Errorf("explained: allowed %t, weighing %s, %v", e.Allowed, e.Weighing, err)
	}
	r := x.Request
	r.Statements = nil
	r.Items = append(slices.Clone(r.Items), exchange.AskedItem{Item: "offence", Depth: exchange.That, Why: exchange.Hide("to know")})
	e, err = a.node.Examine(ctx, requester, peer.Asking{Request: r})
	if err != nil || e.Allowed {
		t.Fatalf("a wrong request is explained as allowed, %v", err)
	}
	var codes []exchange.Code
	for _, f := range e.Findings {
		if f.Refusal != nil {
			codes = append(codes, f.Refusal.Code)
		}
	}
	if !slices.Equal(codes, []exchange.Code{exchange.StatementMissing, exchange.StatementMissing, exchange.ItemNotHeld}) {
		t.Errorf("it is refused for %v", codes)
	}
	b.wait(x.ID, exchange.Weighing)
	if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	e, err = b.node.Explain(ctx, professional, x.ID)
	if err != nil {
		t.Fatal(err)
	}
	rules := map[exchange.RuleCode]int{}
	for _, f := range e.Findings {
		rules[f.Rule]++
	}
	if !e.Allowed || rules[exchange.RuleSupplied] != 1 || rules[exchange.RuleWithheld] != 1 || rules[exchange.RuleDecider] != 1 {
		t.Errorf("the decision is explained by %v, allowed %t", rules, e.Allowed)
	}
}

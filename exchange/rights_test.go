package exchange

import (
	"testing"
	"time"
)

// A register that came later may take from either party what an exchange rests
// on; what is to leave is held to the one in force (I1, I6).
func TestMaySend(t *testing.T) {
	law := testLaw(t)
	without := func(p Party, change func(*Capacity)) Party {
		c := p.Capacities[0]
		change(&c)
		p.Capacities = []Capacity{c}
		return p
	}
	moved := func(c *Capacity) { c.Code = "elsewhere" }
	noBSN := func(c *Capacity) { c.MayProcessBSN = false }
	noCriminal := func(c *Capacity) { c.Special = nil }
	otherTask := func(c *Capacity) { c.Task = "service" }
	r := toProbation(t)
	x := Exchange{ID: r.ID, Request: r}
	x.Decision = Decision{Items: []ItemDecision{{Item: "supervision-running", Outcome: Supply, Depth: That, Value: Hide("x")}}}
	withheld := x
	withheld.Decision = Decision{Items: []ItemDecision{{Item: "supervision-running", Outcome: Withhold}}}
	for _, c := range []struct {
		what     string
		x        Exchange
		m        MessageKind
		from, to Party
		code     Code
	}{
		{"a request", x, RequestMessage, college, probation, ""},
		{"an answer", x, AnswerMessage, college, probation, ""},
		{"an answer to a capacity that is gone", x, AnswerMessage, without(college, moved), probation, UnknownCapacity},
		{"an answer from a capacity that is gone", x, AnswerMessage, college, without(probation, moved), UnknownCapacity},
		{"an answer to another task", x, AnswerMessage, without(college, otherTask), probation, PurposeNotAsker},
		{"an answer to who may not have the category", x, AnswerMessage, without(college, noCriminal), probation, CategoryAsker},
		{"an answer from who may not have the category", x, AnswerMessage, college, without(probation, noCriminal), CategoryAsked},
		{"an answer to who lost the BSN", x, AnswerMessage, without(college, noBSN), probation, BSNNotAllowed},
		{"a request with a BSN to who lost it", x, RequestMessage, college, without(probation, noBSN), BSNNotAllowed},
		{"a request with a BSN from who lost it", x, RequestMessage, without(college, noBSN), probation, BSNNotAllowed},
		{"a request for a category that the asker lost", x, RequestMessage, without(college, noCriminal), probation, CategoryAsker},
		{"that nothing is supplied, to who lost the category", withheld, AnswerMessage, without(college, noCriminal), probation, ""},
		{"that nothing is supplied, to a capacity that is gone", withheld, AnswerMessage, without(college, moved), probation, UnknownCapacity},
		{"a question to a capacity that is gone", x, QuestionMessage, without(college, moved), probation, UnknownCapacity},
		{"a reply to a capacity that is gone", x, ReplyMessage, college, without(probation, moved), UnknownCapacity},
		{"a question", x, QuestionMessage, college, probation, ""},
		{"a withdrawal, whatever became of him", x, WithdrawalMessage, college, without(probation, moved), ""},
	} {
		err := c.x.MaySend(law, c.m, c.from, c.to)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		wantRefusal(t, c.what, err, c.code)
	}
}

// The other party gives the moments in its messages; none lies before what it
// follows or after now, apart from what clocks differ.
func TestMomentsOfTheOther(t *testing.T) {
	law := testLaw(t)
	begun, now := noon, noon.AddDate(0, 0, 10)
	asked := Exchange{Side: Asker, Phase: Delivered, Request: toHousing(), Begun: begun}
	held := Exchange{Side: Supplier, Phase: Clarifying, Request: toHousing(), Begun: begun,
		Clarifications: []Clarification{{Question: Hide("x"), Asked: begun, Came: begun}}}
	for what, try := range map[string]func(time.Time) error{
		"answer": func(at time.Time) error {
			a := partial().Answer()
			a.At = at
			_, _, err := asked.Receive(law, a, now)
			return err
		},
		"question": func(at time.Time) error { _, _, err := asked.ReceiveQuestion(Hide("x"), at, now); return err },
		"reply":    func(at time.Time) error { _, _, err := held.ReceiveReply(Hide("x"), at, now); return err },
	} {
		for _, at := range []time.Time{begun.Add(-Skew), begun, now, now.Add(Skew)} {
			if err := try(at); err != nil {
				t.Errorf("%s of %s: %v", what, at, err)
			}
		}
		for _, at := range []time.Time{{}, begun.AddDate(-1, 0, 0), begun.Add(-Skew - time.Second), now.Add(Skew + time.Second), now.AddDate(100, 0, 0)} {
			wantRefusal(t, what+" of "+at.String(), try(at), BadTime)
		}
	}
}

// Who asks a question on the last day, with the date of the first, wins nothing
// by it: the clock stood still as long as the question was here.
func TestPauseIsNoLongerThanHere(t *testing.T) {
	x := Exchange{Side: Asker, Phase: Delivered, Request: toHousing(), Begun: noon}
	came := noon.AddDate(0, 0, 7)
	x, _, err := x.ReceiveQuestion(Hide("x"), noon, came)
	if err != nil {
		t.Fatal(err)
	}
	replied := came.Add(time.Hour)
	x, _, err = x.Reply(testLaw(t), Hide("y"), college, requester, replied)
	if err != nil {
		t.Fatal(err)
	}
	due, _ := x.Deadline()
	if got := due.Sub(x.Request.Due); got > time.Hour+Skew {
		t.Errorf("the deadline moved by %s for a question that was here for an hour", got)
	}
}

// Art. 5.4.2(2): the colleague who was asked is another than the one who
// decides, whoever wrote it down, and was asked already.
func TestColleagueIsAnother(t *testing.T) {
	rule := WeighingRule{Code: "secrecy", Article: "5.4.2(2)", Steps: []StepRule{
		{Code: "consent", Article: "5.4.2(2)", Outcomes: []StepOutcome{{Code: "given", Route: "with"}, {Code: "none", Route: "without"}}},
		{Code: "colleague", Article: "5.4.2(2)", Route: "without", Outcomes: []StepOutcome{{Code: "agrees", With: true, Day: true}}},
	}}
	step := Step{Code: "colleague", Outcome: "agrees", With: "b.devries", By: "c.bakker", Day: today, At: noon}
	taken := Steps{{Code: "consent", Outcome: "none"}}
	if err := rule.checkStep(taken, step); err != nil {
		t.Fatal(err)
	}
	taken = taken.with(step)
	wantRefusal(t, "the colleague decides", rule.checkComplete(taken, "b.devries"), ColleagueIsSelf)
	if err := rule.checkComplete(taken, "d.visser"); err != nil {
		t.Errorf("another decides: %v", err)
	}
	if err := rule.checkComplete(taken.with(Step{Code: "consent", Outcome: "given"}), "b.devries"); err != nil {
		t.Errorf("on the route where nobody is asked: %v", err)
	}
	step.Day = today.AddDate(0, 0, 1)
	wantRefusal(t, "asked tomorrow", rule.checkStep(taken, step), BadStep)
}

// Of two grants in one capacity the stricter binds, in whatever order, and
// whatever role it is of: nobody sheds his secrecy with another hat.
func TestStrictestGrantBinds(t *testing.T) {
	law := testLaw(t)
	r := toHousing()
	plain, bound := Grant{Role: Professional, Capacity: "housing"}, Grant{Role: Professional, Capacity: "housing", Regime: WGBO}
	for _, roles := range [][]Grant{{plain, bound}, {bound, plain}} {
		by := officer
		by.Roles = roles
		_, regime, err := law.WeighingOf(r, housing, by)
		if err == nil && regime != WGBO || err != nil && !isCodeOf(err, RegimeNotAsked) {
			t.Errorf("weighs under %q, %v", regime, err)
		}
	}
}

func isCodeOf(err error, code Code) bool { r, ok := err.(*Refusal); return ok && r.Code == code }

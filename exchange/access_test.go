package exchange

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Art. 15(4) GDPR: of a case with a family, he and nobody else, and none of the
// words that are about all of them.
func TestAccountOfCaseIsAboutOne(t *testing.T) {
	law := testLaw(t)
	c, err := opened(t, func(c *Case) {
		c.People = append(c.People, Person{Standing: Family, Name: Hide("K. Anders"), Born: Hide("2012-01-01"), Address: Hide("Voorbeeldstraat 1")})
	})
	if err != nil {
		t.Fatal(err)
	}
	child := Sought{Name: Hide("K. Anders"), Born: Hide("2012-01-01")}
	a, ok := law.AccountOfCase(c, child.Is, Keep{}, time.Time{})
	if !ok || a.Person.Name.Reveal() != "K. Anders" || a.Others != 1 || len(a.Statements) != 0 {
		t.Errorf("the child: %+v, %v", a, ok)
	}
	if _, ok := law.AccountOfCase(c, Sought{Name: Hide("K. Anders"), Born: Hide("2012-01-02")}.Is, Keep{}, time.Time{}); ok {
		t.Error("somebody who was born on another day is in the case")
	}
	c.People = c.People[:1]
	if a, ok = law.AccountOfCase(c, Sought{Name: Hide("j. fictief"), Born: Hide("1980-02-29")}.Is, Keep{}, time.Time{}); !ok || len(a.Statements) != 3 || a.Others != 0 {
		t.Errorf("alone: %+v, %v", a, ok)
	}
}

// Both sides tell what was asked, what came of it, and who received it when.
func TestAccountOfExchange(t *testing.T) {
	law := testLaw(t)
	held := accepted(t, law)
	if a := law.AccountOfExchange(held, "", Keep{}, time.Time{}); len(a.Passages) != 1 || !a.Decided.IsZero() || a.Facts[0].Outcome != "" {
		t.Errorf("before the decision: %+v", a)
	}
	d := partial()
	d.Note, d.Conditions = Hide("gebeld"), []Condition{{Code: AskFirst}}
	held, _, err := held.Decide(law, d, housing, officer, Policy{FourEyes: []PurposeCode{"investigation/client-request"}}, noon)
	if err != nil || held.Phase != Proposed {
		t.Fatal(held.Phase, err)
	}
	if a := law.AccountOfExchange(held, Professional, Keep{}, time.Time{}); !a.Decided.IsZero() || !a.Facts[0].Value.Zero() {
		t.Errorf("what is proposed is not decided: %+v", a)
	}
	second := officer
	second.ID = "c.bakker"
	if held, _, err = held.Confirm(law, housing, second, noon); err != nil {
		t.Fatal(err)
	}
	if a := law.AccountOfExchange(held, Professional, Keep{}, time.Time{}); len(a.Passages) != 1 {
		t.Errorf("what is still under way was received: %+v", a.Passages)
	}
	if held, _, err = held.Deliver(AnswerMessage, noon); err != nil {
		t.Fatal(err)
	}
	a := law.AccountOfExchange(held, Professional, Keep{}, time.Time{})
	if a.Kind != SuppliedAccount || a.By != Professional || len(a.Facts) != 2 || a.Facts[0].Value.Reveal() != "yes" || a.Facts[0].Depth != That ||
		a.Facts[0].Asked != Content || a.Facts[1].Ground.NL == "" || a.Facts[1].Reason.Reveal() != "stays here" || len(a.Notes) != 1 {
		t.Errorf("supplier: %+v", a)
	}
	want := Passed{From: held.Request.To, To: held.Request.From, At: noon, Items: []ItemCode{"rent-arrears"}}
	if len(a.Passages) != 2 || fmt.Sprint(a.Passages[1]) != fmt.Sprint(want) {
		t.Errorf("received: %+v", a.Passages)
	}

	asked, _, err := ask(law, toHousing(), college, housing, requester, noon)
	if err != nil {
		t.Fatal(err)
	}
	if asked, _, err = asked.Receive(law, held.Decision.Answer(), noon); err != nil {
		t.Fatal(err)
	}
	b := law.AccountOfExchange(asked, "", Keep{}, time.Time{})
	if b.Kind != AskedAccount || b.Facts[0].Value.Reveal() != "yes" || b.Facts[1].Ground.NL != "" || !b.Facts[1].Reason.Zero() || len(b.Conditions) != 1 ||
		len(b.Passages) != 2 || b.Passages[1].From != asked.Request.To {
		t.Errorf("asker: %+v", b)
	}
}

// What a decision leaves out is gone from every account, and the report says so.
func TestNothingIsLeftOutInSilence(t *testing.T) {
	law := testLaw(t)
	held := accepted(t, law)
	d := partial()
	d.Note = Hide("gebeld")
	held, _, err := held.Decide(law, d, housing, officer, Policy{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	p := petition(t, AccessPetition, "2026-11-20")
	all := p.Access([]Account{law.AccountOfExchange(held, Professional, Keep{}, time.Time{})}, noon)
	if len(all.Without) != 2 || all.Accounts[0].Facts[1].Reason.Zero() || len(all.Accounts[0].Notes) != 1 {
		t.Fatalf("all of it: %+v", all)
	}
	for _, c := range []struct {
		part Part
		gone func(Account) bool
	}{
		{PartReasons, func(a Account) bool {
			return a.Facts[1].Reason.Zero() && a.Facts[1].Ground.NL == "" && a.Facts[1].Outcome == Withhold
		}},
		{PartNotes, func(a Account) bool { return len(a.Notes) == 0 }},
		{PartContent, func(a Account) bool { return a.Facts[0].Value.Zero() && a.Facts[0].Depth == That }},
		{PartMotives, func(a Account) bool { return a.Specific.Zero() && a.Facts[0].Why.Zero() && len(a.Statements) == 0 }},
		{PartWeighing, func(a Account) bool { return len(a.Weighing) == 0 }},
	} {
		before := law.AccountOfExchange(held, Professional, Keep{}, time.Time{})
		before.Weighing = []Explained{{Text: Hide("zo weinig mogelijk")}}
		if c.gone(before) {
			t.Fatalf("%s: there is nothing to leave out", c.part)
		}
		p.Ruling = Ruling{Outcome: PartlyGranted, Ground: RightsOfOthers, Weighing: Hide("omdat"), Without: []Part{c.part}}
		r := p.Access([]Account{before}, noon)
		if !c.gone(r.Accounts[0]) {
			t.Errorf("%s is in the report", c.part)
		}
		if !slices.ContainsFunc(r.Without, func(l LeftOut) bool { return l.Part == c.part && l.Ground == RightsOfOthers && !l.Weighing.Zero() }) {
			t.Errorf("%s is left out in silence", c.part)
		}
		if c.gone(before) {
			t.Errorf("%s: the account itself was changed", c.part)
		}
	}
	if len(Withholdable)+2 != len(Parts) {
		t.Error("a part is neither always left out nor to be decided on")
	}
}

package exchange

import (
	"testing"
	"time"
)

// opened is a case of the college on a trigger, with the people given.
func opened(t testing.TB, change func(*Case)) (Case, error) {
	t.Helper()
	c := caseOf(toHousing())
	change(&c)
	c, event, err := OpenCase(testLaw(t), c, college, requester, noon)
	if err == nil && (event.Kind != CaseOpened || event.By != requester.ID || event.Exchange != c.ID) {
		t.Errorf("event of opening: %+v", event)
	}
	return c, err
}

func motivated() Trigger {
	return Trigger{Code: "party-request", On: today, From: PartyID{housing.OIN, "housing"}, Statements: []Statement{
		{"lasting", Hide("x")}, {"no-help", Hide("x")}, {"decline", Hide("x")}, {"nuisance", Hide("x")}, {"can-help", Hide("x")},
		{"attempts", Hide("x")}, {"why-accepted", Hide("x")},
	}}
}

func without(all []Statement, code StatementCode) []Statement {
	var rest []Statement
	for _, s := range all {
		if s.Code != code {
			rest = append(rest, s)
		}
	}
	return rest
}

// No case without a trigger (art. 2.3a.1(1), 2.3a.4(1); M1-020, M1-073), and
// none whose criteria are not stated.
func TestCaseNeedsATrigger(t *testing.T) {
	for _, c := range []struct {
		rule   string
		change func(*Case)
		code   Code
	}{
		{"no trigger", func(c *Case) { c.Trigger = Trigger{} }, UnknownTrigger},
		{"§1.5: a match of files", func(c *Case) { c.Trigger.Code = "data-match" }, UnknownTrigger},
		{"5.5: a report is for the desk", func(c *Case) { c.Trigger.Code = "report" }, TriggerNotOfTask},
		{"tomorrow", func(c *Case) { c.Trigger.On = noon.AddDate(0, 0, 1) }, BadTrigger},
		{"no day", func(c *Case) { c.Trigger.On = time.Time{} }, BadTrigger},
		{"2.3a.1(4): nothing agreed with the client", func(c *Case) { c.Trigger.Scope = nil }, BadTrigger},
		{"2.3a.1(4): a domain that does not exist", func(c *Case) { c.Trigger.Scope = []DomainCode{"everything"} }, BadTrigger},
		{"2.3a.1: at the request of a party", func(c *Case) { c.Trigger.From = PartyID{housing.OIN, "housing"} }, BadTrigger},
		{"1.1.1: no coherence of the problems", func(c *Case) { c.Trigger.Statements = without(c.Trigger.Statements, "coherence") }, StatementMissing},
		{"2.3a.1(2): a suspicion out of the files", func(c *Case) { c.Trigger.Statements[1].Text = Hide("system-match") }, BadStatement},
		{"2.3a.4(1): nobody asked for it", func(c *Case) { c.Trigger = motivated(); c.Trigger.From = PartyID{} }, BadTrigger},
		{"2.3a.4(1): not lasting", func(c *Case) {
			c.Trigger = motivated()
			c.Trigger.Statements = without(c.Trigger.Statements, "lasting")
		}, StatementMissing},
		{"2.3a.4(1): neither nuisance nor danger", func(c *Case) {
			c.Trigger = motivated()
			c.Trigger.Statements = without(c.Trigger.Statements, "nuisance")
		}, StatementMissing},
		{"2.3a.4: nobody tried to talk", func(c *Case) {
			c.Trigger = motivated()
			c.Trigger.Statements = without(c.Trigger.Statements, "attempts")
		}, StatementMissing},
		{"2.3a.4(2): the college did not decide", func(c *Case) {
			c.Trigger = motivated()
			c.Trigger.Statements = without(c.Trigger.Statements, "why-accepted")
		}, StatementMissing},
		{"nobody", func(c *Case) { c.People = nil }, BadSubject},
		{"a street", func(c *Case) {
			for i := range maxPeople {
				c.People = append(c.People, Person{Standing: Family, Name: Hide(string(rune('A' + i))), Born: Hide("1980-01-01"), Address: Hide("x")})
			}
		}, BadSubject},
		{"an unborn child with a number", func(c *Case) { c.People[0] = Person{Standing: Unborn, BSN: number(t)} }, BadSubject},
		{"a client who agreed to be family", func(c *Case) { c.People[0].Agreed = today }, BadSubject},
	} {
		_, err := opened(t, c.change)
		wantRefusal(t, c.rule, err, c.code)
	}
	for name, change := range map[string]func(*Case){
		"2.3a.1": func(*Case) {},
		"2.3a.4": func(c *Case) { c.Trigger = motivated() },
		"2.3a.4, with danger in place of nuisance": func(c *Case) {
			c.Trigger = motivated()
			c.Trigger.Statements = append(without(c.Trigger.Statements, "nuisance"), Statement{"safety", Hide("x")})
		},
		"an unborn child": func(c *Case) {
			c.People = append(c.People, Person{Standing: Unborn, Name: Hide("child of J. Fictief"), Born: Hide("2027-03-01"), Address: Hide("x")})
		},
	} {
		if _, err := opened(t, change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := caseOf(toHousing())
	_, _, err := OpenCase(testLaw(t), c, college, officer, noon)
	wantRefusal(t, "opened by somebody of another house", err, ActorMayNot)

	c.Own = PartyID{housing.OIN, "housing"}
	c.Trigger = Trigger{Code: "own-involvement", On: today, Statements: []Statement{{"own-part", Hide("x")}}}
	if _, _, err = OpenCase(testLaw(t), c, housing, officer, noon); err != nil {
		t.Errorf("2.3a.4(1): a party's own case: %v", err)
	}
	c.People = []Person{{Standing: Client, BSN: number(t)}}
	_, _, err = OpenCase(testLaw(t), c, housing, officer, noon)
	wantRefusal(t, "I6: the number with who may not process it", err, BSNNotAllowed)
}

func number(t testing.TB) BSN {
	t.Helper()
	bsn, err := ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	return bsn
}

// No request without a case, and only about who belongs to it: a case is no
// licence to ask about others (M1-020, M1-024).
func TestRequestBelongsToItsCase(t *testing.T) {
	law := testLaw(t)
	for _, c := range []struct {
		rule   string
		change func(*Asking)
		code   Code
	}{
		{"another case", func(a *Asking) { a.Case.ID = "0193a0b0-0000-7000-8000-00000000000d" }, BadRequest},
		{"a case of another capacity", func(a *Asking) { a.Case.Own.Capacity = "desk" }, BadRequest},
		{"a case that is closed", func(a *Asking) { a.Case.Closed = noon }, CaseEnded},
		{"somebody who is not in it", func(a *Asking) { a.Request.Subject.Name = Hide("Iemand Anders") }, NotInCase},
		{"in another standing", func(a *Asking) { a.Request.Subject.Standing = Family }, NotInCase},
		{"another trigger", func(a *Asking) { a.Request.Trigger.Code = "party-request" }, BadTrigger},
		{"another day", func(a *Asking) { a.Request.Trigger.On = today.AddDate(0, 0, -1) }, BadTrigger},
		{"2.3a.1(4): a domain that the client did not agree to", func(a *Asking) { a.Case.Trigger.Scope = []DomainCode{"debts"} }, OutsideScope},
	} {
		r := toHousing()
		a := Asking{Case: caseOf(r), Request: r, From: college, To: housing, By: requester, At: noon}
		c.change(&a)
		_, _, err := Ask(law, a)
		wantRefusal(t, c.rule, err, c.code)
	}
}

// Art. 1.1.1 and 2.3a.1(3): a family member is asked about after he agreed to
// take part, or in an investigation of serious problems (M1-070, A63).
func TestFamilyMemberAgreesFirst(t *testing.T) {
	law := testLaw(t)
	r := toHousing()
	c := caseOf(r)
	c.People = append(c.People, Person{Standing: Family, Name: Hide("B. Fictief"), Born: Hide("1979-01-01"), Address: Hide("Voorbeeldstraat 1")})
	var err error
	if r.Subject, err = c.Subject(2, college, housing, r); err != nil {
		t.Fatal(err)
	}
	_, _, err = Ask(law, Asking{Case: c, Request: r, From: college, To: housing, By: requester, At: noon})
	wantRefusal(t, "2.3a.1(3): a family member who did not agree", err, FamilyNotAgreed)

	agreed := c.People[1]
	agreed.Agreed = today
	c2, event, err := c.Admit(law, agreed, college, requester, noon)
	if err != nil || event.Kind != CaseChanged || len(c2.People) != 2 || !c.People[1].Agreed.IsZero() {
		t.Fatalf("agreed: %d people, %s, %v", len(c2.People), event.Kind, err)
	}
	if _, _, err = Ask(law, Asking{Case: c2, Request: r, From: college, To: housing, By: requester, At: noon}); err != nil {
		t.Error(err)
	}
	c.Trigger = motivated()
	r.Purpose, r.Trigger = "investigation/serious-problems", TriggerNote{Code: "party-request", On: today}
	if _, _, err = Ask(law, Asking{Case: c, Request: r, From: college, To: housing, By: requester, At: noon}); err != nil {
		t.Errorf("2.3a.4: %v", err)
	}
}

// Art. 5.4.2(5), I6: the node names the person as the asked party may have him,
// and between two that may process the number it is used.
func TestNodeNamesThePerson(t *testing.T) {
	law := testLaw(t)
	r := toProbation(t)
	c := caseOf(r)
	c.People[0].Name, c.People[0].Born, c.People[0].Address = Hide("J. Fictief"), Hide("1980-02-29"), Hide("Voorbeeldstraat 1")
	s, err := c.Subject(1, college, probation, r)
	if err != nil || s.BSN.Reveal() != "999993847" || !s.Name.Zero() || !s.Address.Zero() {
		t.Errorf("to who may process the number: with name %t, %v", !s.Name.Zero(), err)
	}
	h := toHousing()
	s, err = c.Subject(1, college, housing, h)
	if err != nil || !s.BSN.Zero() || s.Name.Reveal() != "J. Fictief" {
		t.Errorf("I6: to who may not: with number %t, %v", !s.BSN.Zero(), err)
	}
	for _, n := range []int{0, -1, 2} {
		_, err = c.Subject(n, college, housing, h)
		wantRefusal(t, "a person who is not there", err, NotInCase)
	}
	r.Subject = Subject{Standing: Client, Name: Hide("J. Fictief"), Born: Hide("1980-02-29"), Address: Hide("Voorbeeldstraat 1")}
	_, _, err = Ask(law, Asking{Case: c, Request: r, From: college, To: probation, By: requester, At: noon})
	wantRefusal(t, "5.4.2(5): by name where both may use the number", err, BSNMissing)
}

// A case that ended stays as it was.
func TestClosedCase(t *testing.T) {
	law := testLaw(t)
	c := caseOf(toHousing())
	c, event, err := c.Close(law, college, requester, noon)
	if err != nil || event.Kind != CaseClosed || !c.Closed.Equal(noon) {
		t.Fatalf("%s, %v", event.Kind, err)
	}
	_, _, err = c.Close(law, college, requester, noon)
	wantRefusal(t, "closed twice", err, CaseEnded)
	_, _, err = c.Admit(law, c.People[0], college, requester, noon)
	wantRefusal(t, "somebody admitted after the end", err, CaseEnded)
}

// Six weeks run from the client's request (art. 2.3a.1), not from ours; after
// them the investigation is late and a day of its own is to be named.
func TestTermRunsFromTheTrigger(t *testing.T) {
	law := testLaw(t)
	for _, c := range []struct {
		ago  int
		want time.Time
	}{{0, today.AddDate(0, 0, 42)}, {41, today.AddDate(0, 0, 1)}, {43, noon.AddDate(0, 0, 42)}} {
		got, err := law.Deadline("investigation/client-request", today.AddDate(0, 0, -c.ago), noon)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%d days after the request: %s, want %s, %v", c.ago, got, c.want, err)
		}
	}
	r := toHousing()
	r.Trigger.On, r.Due = today.AddDate(0, 0, -60), noon.AddDate(0, 0, 10)
	if err := law.CheckRequest(r, college, housing, noon); err != nil {
		t.Errorf("late, with a day of its own: %v", err)
	}
}

// A question stops the clock; it can't be stopped for ever.
func TestClock(t *testing.T) {
	law := testLaw(t)
	x := accepted(t, law)
	if x.Late(x.Request.Due) || !x.Late(x.Request.Due.Add(time.Second)) {
		t.Error("late is after the deadline")
	}
	at := noon
	for i := range maxClarifications {
		var err error
		if x, _, err = x.Question(law, Hide("x"), housing, officer, at); err != nil {
			t.Fatal(err)
		}
		if _, paused := x.Deadline(); !paused || x.Late(noon.AddDate(1, 0, 0)) || x.TermRuns() {
			t.Error("the clock runs while a question is open")
		}
		at = at.Add(48 * time.Hour)
		if x, _, err = x.ReceiveReply(Hide("x"), at, at); err != nil {
			t.Fatal(err)
		}
		due, paused := x.Deadline()
		if want := x.Request.Due.Add(time.Duration(i+1) * 48 * time.Hour); paused || !due.Equal(want) || !x.TermRuns() {
			t.Errorf("after %d rounds due %s, want %s", i+1, due, want)
		}
	}
	_, _, err := x.Question(law, Hide("x"), housing, officer, at)
	wantRefusal(t, "a sixth question", err, QuestionsBounded)
	decided, event, err := x.Decide(law, partial(), housing, officer, Policy{}, noon.AddDate(1, 0, 0))
	if err != nil || !event.Detail.Late || decided.TermRuns() {
		t.Errorf("an answer after the deadline is marked: %t, %v", event.Detail.Late, err)
	}
}

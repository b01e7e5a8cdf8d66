package exchange_test

import (
	"strings"
	"testing"
	"time"

	"sluis/exchange"
)

// said is a conference in which who is asked said all that a request takes along.
func said(r exchange.Request) exchange.Taking {
	t := exchange.Taking{Conference: exchange.Conference{
		ID: r.Conference, Own: r.From, Organiser: r.From, Subject: r.Subject, Ends: noon.AddDate(0, 0, 1),
		Seats: []exchange.Seat{{Party: r.To, State: exchange.SeatComing}},
	}}
	c := exchange.Contribution{By: r.To}
	for _, i := range r.Items {
		c.Items = append(c.Items, exchange.Said{Item: i.Item, Depth: i.Depth})
	}
	t.Said = []exchange.Contribution{c}
	return t
}

var (
	mentalOIN  = exchange.OIN("00000099000000000011")
	workOIN    = exchange.OIN("00000099000000000012")
	housingOIN = exchange.OIN("00000099000000000013")
	workCoach  = exchange.Capacity{Code: "income", Domain: "income", Task: "municipal-service", Regime: exchange.NoSecrecy, MayProcessBSN: true}
	// The corporation may not have the number in this role (art. 5.4.2(5)).
	corporation = exchange.Capacity{Code: "housing", Domain: "housing", Task: "service", Regime: exchange.NoSecrecy}
)

func seat(oin exchange.OIN, c exchange.Capacity) exchange.Seat {
	return exchange.Seat{Party: exchange.PartyID{OIN: oin, Capacity: c.Code}, Why: x("it runs a part of the help")}
}

// organising is a conference of the college in an investigation that somebody
// asked for, with mental health, the work coach and the housing corporation.
func organising(t testing.TB) exchange.Organising {
	t.Helper()
	s := between(t, "conference/investigation", investigation, housing, "nuisance-reports").on("party-request")
	s.Case.Trigger.From = exchange.PartyID{OIN: housingOIN, Capacity: housing.Code}
	return exchange.Organising{
		Case: s.Case, Person: 1, Own: s.From, By: s.By, At: noon,
		Conference: exchange.Conference{
			ID: "0193a0b0-0000-7000-8000-0000000000cc", Organiser: s.Case.Own, Purpose: "conference/investigation", Question: x("who does what first"),
			Client: exchange.ClientSeat{Invited: true}, Ends: noon.AddDate(0, 0, 1),
			Seats: []exchange.Seat{seat(mentalOIN, mentalHealth), seat(workOIN, workCoach), seat(housingOIN, corporation)},
		},
		Parties:   []exchange.Party{party(mentalOIN, mentalHealth), party(workOIN, workCoach), party(housingOIN, corporation)},
		Requester: party(housingOIN, corporation),
	}
}

func organised(t testing.TB) (*exchange.Law, exchange.Organising, exchange.Conference) {
	t.Helper()
	law, o := lawInForce(t), organising(t)
	c, event, err := exchange.Organise(law, o)
	if err != nil {
		t.Fatal(err)
	}
	if event.Kind != exchange.ConferenceOpened || event.Detail.Code != exchange.ClientInvited || event.Detail.Count != 3 {
		t.Errorf("recorded %+v", event)
	}
	return law, o, c
}

// attended is a conference in which the parties of those capacities take part,
// as one of them, or the organiser, holds it.
func attended(t testing.TB, c exchange.Conference, own exchange.PartyID, coming ...exchange.OIN) exchange.Conference {
	t.Helper()
	c.Own = own
	for _, s := range c.Seats {
		for _, oin := range coming {
			var err error
			if s.Party.OIN != oin {
				continue
			}
			if c, _, err = c.ReceiveAnswer(s.Party, true, noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

// Art. 5.4.3(1), with 2.3a.4 and 2.3a.5: who organises, who is invited, why, and
// the client, or the weighty interest for which he is not.
func TestArticle5_4_3_1Conference(t *testing.T) {
	organised(t)
	for what, c := range map[string]struct {
		change func(*exchange.Organising)
		want   exchange.Code
	}{
		"no reason why a party is necessary": {func(o *exchange.Organising) { o.Conference.Seats[1].Why = exchange.Personal{} }, exchange.ReasonMissing},
		"a party that is not listed": {func(o *exchange.Organising) {
			o.Conference.Seats[1] = seat(workOIN, safetyHouse)
			o.Parties[1] = party(workOIN, safetyHouse)
		}, exchange.PurposeNotAsked},
		"the coordinator in an investigation": {func(o *exchange.Organising) { o.Conference.Purpose = "conference/coordination" }, exchange.PurposeNotAsker},
		"without who asked for it": {func(o *exchange.Organising) {
			o.Conference.Seats, o.Parties = o.Conference.Seats[:2], o.Parties[:2]
		}, exchange.RequesterMissing},
		"a party twice": {func(o *exchange.Organising) {
			o.Conference.Seats[0], o.Parties[0] = o.Conference.Seats[2], o.Parties[2]
		}, exchange.BadConference},
		"nobody":                              {func(o *exchange.Organising) { o.Conference.Seats, o.Parties = nil, nil }, exchange.BadConference},
		"for ever":                            {func(o *exchange.Organising) { o.Conference.Ends = noon.AddDate(1, 0, 0) }, exchange.BadConference},
		"over already":                        {func(o *exchange.Organising) { o.Conference.Ends = noon }, exchange.BadConference},
		"without the client, and no interest": {func(o *exchange.Organising) { o.Conference.Client = exchange.ClientSeat{Why: x("he shouts")} }, exchange.StatementMissing},
		"an interest that the law does not know": {func(o *exchange.Organising) {
			o.Conference.Client = exchange.ClientSeat{Absent: x("difficult"), Why: x("he shouts")}
		}, exchange.BadStatement},
		"an interest without why":                      {func(o *exchange.Organising) { o.Conference.Client = exchange.ClientSeat{Absent: x("stress")} }, exchange.ReasonMissing},
		"a closed case":                                {func(o *exchange.Organising) { o.Case.Closed = noon }, exchange.CaseEnded},
		"a purpose that is none":                       {func(o *exchange.Organising) { o.Conference.Purpose = "investigation/inform" }, exchange.UnknownPurpose},
		"a number in the words to who may not have it": {func(o *exchange.Organising) { o.Conference.Question = x("about 999993847") }, exchange.BSNNotAllowed},
		"somebody without the role":                    {func(o *exchange.Organising) { o.By = actor("e.x", exchange.PrivacyOfficer, investigation.Code) }, exchange.ActorMayNot},
	} {
		o := organising(t)
		c.change(&o)
		_, _, err := exchange.Organise(lawInForce(t), o)
		refused(t, what, err, c.want)
	}
	o := organising(t)
	o.Conference.Client = exchange.ClientSeat{Absent: x("confusion"), Why: x("he is in crisis care")}
	if _, event, err := exchange.Organise(lawInForce(t), o); err != nil || event.Detail.Code != "confusion" {
		t.Errorf("without the client: recorded %q, %v", event.Detail.Code, err)
	}
	// At the request of the client the conference stays within what he agreed to
	// (2.3a.1(4)).
	o = organising(t)
	o.Case.Trigger.Code, o.Case.Trigger.From, o.Case.Trigger.Scope = "client-request", exchange.PartyID{}, []exchange.DomainCode{"income", "housing"}
	_, _, err := exchange.Organise(lawInForce(t), o)
	refused(t, "2.3a.1(4): mental health, of which he did not speak", err, exchange.OutsideScope)
}

// Art. 5.4.3(2): who takes part speaks by his own weighing, under his own secrecy,
// and only who takes part hears it.
func TestArticle5_4_3_2Conference(t *testing.T) {
	law, o, c := organised(t)
	mental := exchange.PartyID{OIN: mentalOIN, Capacity: mentalHealth.Code}
	work := exchange.PartyID{OIN: workOIN, Capacity: workCoach.Code}
	at := attended(t, c, mental, mentalOIN, workOIN)
	speaking := func() exchange.Contributing {
		return exchange.Contributing{
			ID: "0193a0b0-0000-7000-8000-0000000000aa", Own: party(mentalOIN, mentalHealth), By: actor("d.bakker", exchange.Professional, mentalHealth.Code), At: noon,
			Present: append(o.Parties, o.Own), Steps: steps(law, "secrecy", withoutHim),
			Items: []exchange.Said{{Item: "mental-health-treatment", Depth: exchange.Process, Value: x("recovering for two months")}},
		}
	}
	said, event, err := at.Contribute(law, speaking())
	if err != nil || len(said.To) != 2 || event.Kind != exchange.ContributionDecided || event.Detail.Count != 2 {
		t.Fatalf("said to %v, %v", said.To, err)
	}
	for what, k := range map[string]struct {
		change func(*exchange.Conference, *exchange.Contributing)
		want   exchange.Code
	}{
		"5.4.2(2): secrecy not weighed": {func(_ *exchange.Conference, k *exchange.Contributing) { k.Steps = nil }, exchange.WeighingOpen},
		"before he answered": {func(c *exchange.Conference, _ *exchange.Contributing) {
			*c = attended(t, organisedCopy(t), mental, workOIN)
		}, exchange.NotPresent},
		"to who does not take part": {func(_ *exchange.Conference, k *exchange.Contributing) {
			k.To = []exchange.PartyID{{OIN: housingOIN, Capacity: housing.Code}}
		}, exchange.NotPresent},
		"what another party has":                {func(_ *exchange.Conference, k *exchange.Contributing) { k.Items[0].Item = "debt-plan" }, exchange.ItemNotHeld},
		"as another's word, without holding it": {func(_ *exchange.Conference, k *exchange.Contributing) { k.Items[0].Of = work }, exchange.NotHeld},
		"nothing":                               {func(_ *exchange.Conference, k *exchange.Contributing) { k.Items = nil }, exchange.NothingAsked},
		"after the end":                         {func(_ *exchange.Conference, k *exchange.Contributing) { k.At = noon.AddDate(0, 0, 1) }, exchange.ConferenceOver},
		"closed":                                {func(c *exchange.Conference, _ *exchange.Contributing) { c.Closed = noon }, exchange.ConferenceOver},
		"a depth that it has not":               {func(_ *exchange.Conference, k *exchange.Contributing) { k.Items[0].Depth = "all" }, exchange.BadDepth},
	} {
		copied, speak := at, speaking()
		k.change(&copied, &speak)
		_, _, err := copied.Contribute(law, speak)
		refused(t, what, err, k.want)
	}
	// 5.4.2(5): the housing corporation takes part and may not have the number.
	with := attended(t, c, mental, mentalOIN, workOIN, housingOIN)
	number := speaking()
	number.Items[0].Value = x("known as 999993847")
	_, _, err = with.Contribute(law, number)
	refused(t, "5.4.3(2), 5.4.2(5): a number among words", err, exchange.BSNNotAllowed)

	heard := attended(t, c, work, mentalOIN, workOIN)
	if event, err := heard.ReceiveContribution(law, said, party(mentalOIN, mentalHealth), 0, noon); err != nil || event.Kind != exchange.ContributionReceived {
		t.Errorf("heard %v, %v", event.Kind, err)
	}
	for what, c := range map[string]struct {
		conference exchange.Conference
		want       exchange.Code
	}{
		"who did not answer hears nothing":  {attended(t, c, exchange.PartyID{OIN: housingOIN, Capacity: housing.Code}, mentalOIN), exchange.NotPresent},
		"from who did not answer":           {attended(t, c, work, workOIN), exchange.NotPresent},
		"when it is over, nobody hears any": {func() exchange.Conference { h := heard; h.Closed = noon; return h }(), exchange.ConferenceOver},
	} {
		_, err := c.conference.ReceiveContribution(law, said, party(mentalOIN, mentalHealth), 0, noon)
		refused(t, what, err, c.want)
	}
	_, err = heard.ReceiveContribution(law, said, party(mentalOIN, mentalHealth), 100, noon)
	refused(t, "5.4.3(3): so much is no conference", err, exchange.NoMinutes)
}

// steps are steps of a weighing with all that their outcomes want recorded.
func steps(law *exchange.Law, weighing exchange.WeighingCode, all [][2]string) (taken []exchange.Step) {
	rule, _ := law.Weighing(weighing)
	for _, each := range all {
		s := exchange.Step{Code: exchange.StepCode(each[0]), Outcome: exchange.OutcomeCode(each[1])}
		step, _ := rule.Step(s.Code)
		o, _ := step.Outcome(s.Outcome)
		if o.Text {
			s.Text = x("since he can't be reached")
		}
		if o.Day {
			s.Day = today
		}
		if o.With {
			s.With = "c.colleague"
		}
		taken = append(taken, s)
	}
	return taken
}

func organisedCopy(t testing.TB) exchange.Conference {
	_, _, c := organised(t)
	return c
}

// What may only be said (oral-only, art. 5.4.2) may be said in a conference, and
// goes no other way; what may not go to somebody is not said to him either.
func TestOralOnlyIsSaid(t *testing.T) {
	law, o, c := organised(t)
	s := between(t, "investigation/serious-problems", investigation, debts, "debt-plan").on("party-request")
	x1 := exchange.Exchange{
		ID: "0193a0b0-0000-7000-8000-0000000000bb", Side: exchange.Asker, Phase: exchange.Answered, Request: s.Request,
		Answer: exchange.Answer{
			Items:      []exchange.AnsweredItem{{Item: "debt-plan", Outcome: exchange.Supply, Depth: exchange.That, Value: x("there is a plan")}},
			Conditions: []exchange.Condition{{Code: exchange.OralOnly}},
		},
	}
	work := exchange.PartyID{OIN: workOIN, Capacity: workCoach.Code}
	c = attended(t, c, c.Organiser, mentalOIN, workOIN)
	k := exchange.Contributing{
		ID: "0193a0b0-0000-7000-8000-0000000000aa", Own: o.Own, By: o.By, At: noon, Present: o.Parties, Held: []exchange.Exchange{x1}, Steps: steps(law, "necessity", isNecessary),
		Items: []exchange.Said{{Item: "debt-plan", From: x1.ID}},
	}
	said, _, err := c.Contribute(law, k)
	if err != nil || said.Items[0].Value.Reveal() != "there is a plan" || said.Items[0].Of != s.Request.To {
		t.Fatalf("said %d items, %v", len(said.Items), err)
	}
	_, _, err = x1.PassOn(law, exchange.PassingOn{
		ID: "0193a0b0-0000-7000-8000-0000000000dd", To: o.Parties[1], In: work.Capacity, Purpose: "investigation/inform", Items: []exchange.ItemCode{"debt-plan"}, Why: x("x"),
	}, o.Own, o.By, noon)
	refused(t, "handed over", err, exchange.OnwardForbidden)
	k.Held[0].Answer.Conditions = []exchange.Condition{{Code: exchange.NotTo, Parties: []exchange.PartyID{work}}}
	_, _, err = c.Contribute(law, k)
	refused(t, "said to who may not have it", err, exchange.OnwardForbidden)
	k.To = []exchange.PartyID{{OIN: mentalOIN, Capacity: mentalHealth.Code}}
	if _, _, err = c.Contribute(law, k); err != nil {
		t.Errorf("said to another: %v", err)
	}
}

// Art. 5.4.3(3): who does what and a short note; no minutes.
func TestArticle5_4_3_3Conference(t *testing.T) {
	law, o, c := organised(t)
	note := exchange.Agreement{Who: x("the work coach"), What: x("calls in January")}
	c, event, err := c.Record(law, note, o.Own, o.By, noon)
	if err != nil || len(c.Agreements) != 1 || c.Agreements[0].By != o.By.ID || event.Kind != exchange.AgreementRecorded {
		t.Fatalf("recorded %d, %v", len(c.Agreements), err)
	}
	note.What = x(strings.Repeat("and then he said ", 40))
	_, _, err = c.Record(law, note, o.Own, o.By, noon)
	refused(t, "minutes", err, exchange.NoMinutes)
	closed, _, err := c.Close(law, o.Own, o.By, noon)
	if err != nil || closed.Open(noon) || !closed.Over().Equal(noon) || !closed.KeepContributions().Due.Equal(noon) {
		t.Fatalf("closed: %v", err)
	}
	_, _, err = closed.Close(law, o.Own, o.By, noon)
	refused(t, "closed twice", err, exchange.ConferenceOver)
	housed := attended(t, c, exchange.PartyID{OIN: housingOIN, Capacity: housing.Code}, housingOIN)
	_, _, err = housed.Close(law, party(housingOIN, corporation), actor("d.bakker", exchange.Professional, housing.Code), noon)
	refused(t, "closed by a guest", err, exchange.NotOrganiser)
	_, _, err = housed.ReceiveClosing(exchange.PartyID{OIN: workOIN, Capacity: workCoach.Code}, noon)
	refused(t, "closed by another guest", err, exchange.NotOrganiser)
	if c.Open(noon.Add(24 * time.Hour)) {
		t.Error("it does not end by itself")
	}
}

// Art. 5.4.3(4): taking along needs (a) necessity for the own task, (b) what the
// contributor decides, and (c) own authority for health, special and criminal.
func TestArticle5_4_3_4Conference(t *testing.T) {
	takes := func() *scene {
		asker := workCoach
		asker.Special = []exchange.Category{exchange.Health}
		return between(t, "conference/taking", asker, mentalHealth, "mental-health-treatment")
	}
	takes().mustAsk(t)
	for what, c := range map[string]struct {
		change func(*scene)
		want   exchange.Code
	}{
		"a: no reason why":                        {func(s *scene) { s.Request.Items[0].Why = exchange.Personal{} }, exchange.ReasonMissing},
		"a: no choice of help that depends on it": {func(s *scene) { s.Request.Items[0].Statements = nil }, exchange.StatementMissing},
		"a: no own part in the approach":          {func(s *scene) { s.on("own-task") }, exchange.TriggerNotOfPurpose},
		"c: no authority for health":              {func(s *scene) { s.From.Capacities[0].Special = nil }, exchange.CategoryAsker},
		"what was not said":                       {func(s *scene) { s.Taking.Said = nil }, exchange.NotSaid},
		"deeper than it was said":                 {func(s *scene) { s.Request.Items[0].Depth = exchange.Content }, exchange.NotSaid},
		"said by another":                         {func(s *scene) { s.Taking.Said[0].By.OIN = housingOIN }, exchange.NotSaid},
		"after it was closed":                     {func(s *scene) { s.Taking.Conference.Closed = noon }, exchange.ConferenceOver},
		"by who did not take part": {func(s *scene) {
			s.Taking.Conference.Organiser = exchange.PartyID{OIN: housingOIN, Capacity: housing.Code}
		}, exchange.NotPresent},
		"of another conference": {func(s *scene) { s.Taking.Conference.ID = s.Request.ID }, exchange.NotInvited},
		"about somebody else":   {func(s *scene) { s.Taking.Conference.Subject.Name = x("A. Ander") }, exchange.NotInCase},
		"outside a conference":  {func(s *scene) { s.Request.Conference = "" }, exchange.TakingOnly},
		"for another purpose":   {func(s *scene) { s.Request.Purpose = "coordination/contribution" }, exchange.PurposeNotAsked},
	} {
		s := takes()
		c.change(s)
		if c.want == exchange.PurposeNotAsked {
			_, _, err := exchange.Ask(s.law, s.Asking)
			refused(t, what, err, c.want)
			continue
		}
		refused(t, what, s.ask(), c.want)
		if c.want == exchange.NotSaid || c.want == exchange.ConferenceOver || c.want == exchange.CategoryAsker {
			_, _, err := exchange.AcceptTaking(s.law, s.Request, s.Taking, s.From, s.To, noon)
			refused(t, what+", at the other node", err, c.want)
		}
	}
	s := takes()
	_, _, err := exchange.Accept(s.law, s.Request, s.From, s.To, noon)
	refused(t, "where nobody looked whether it was said", err, exchange.NotSaid)
	// b: it is a decision like any other, under the contributor's own secrecy.
	x1, _, err := exchange.AcceptTaking(s.law, s.Request, s.Taking, s.From, s.To, noon)
	if err != nil || x1.Phase != exchange.Weighing {
		t.Fatalf("accepted: %v", err)
	}
	if rule, _, err := s.law.WeighingOf(x1.Request, s.To, s.Decider); err != nil || rule.Code != "secrecy" || rule.Duty {
		t.Errorf("weighed by %s, %v", rule.Code, err)
	}
}

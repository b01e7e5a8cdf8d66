package peer_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger/audit"
	"sluis/peer"
)

// A table is a case conference of the municipality, with debt help and youth care
// that take part, and a housing corporation that declined.
type table struct {
	*world
	college, debts, youth, housing *member
	id                             exchange.ID
}

const treatment = "recovering for two months"

var diagnosis = exchange.Hide("a depression after her mother died")

// investigated is a case with a name beside the number, so that a party that may
// not have the number can be told whom it is about.
func investigated(t *testing.T, m *member) exchange.Case {
	t.Helper()
	c := caseOf(question(t))
	p := &c.People[0]
	p.Name, p.Born, p.Address = exchange.Hide("Daan Proefstra"), exchange.Hide("1987-03-14"), exchange.Hide("Sluisweg 12")
	opened, err := m.node.OpenCase(t.Context(), requester, c)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func invitations() []peer.Invited {
	var all []peer.Invited
	for _, p := range []exchange.Party{debtHelp, youthCare, housing} {
		all = append(all, peer.Invited{Party: capacityOf(p), Why: exchange.Hide("necessary: " + p.Name)})
	}
	return all
}

func conferring(t *testing.T) *table {
	t.Helper()
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp, youthCare, housing, coordination)
	b := &table{world: w, college: w.members[0], debts: w.members[1], youth: w.members[2], housing: w.members[3]}
	c := investigated(t, b.college)
	conference, err := b.college.node.OrganiseConference(t.Context(), requester, peer.Organising{
		Case: c.ID, Person: 1, Purpose: "conference/investigation", Question: exchange.Hide("who begins, and when"),
		Client: exchange.ClientSeat{Invited: true}, Ends: w.now().Add(2 * time.Hour), Invited: invitations(),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.id = conference.ID
	for _, m := range []*member{b.debts, b.youth, b.housing} {
		until(t, m, "it is invited", func() bool { return m.invited(b.id) })
	}
	for m, coming := range map[*member]bool{b.debts: true, b.youth: true, b.housing: false} {
		if _, err := m.node.AnswerConference(t.Context(), professional, b.id, coming); err != nil {
			t.Fatal(err)
		}
	}
	for m, who := range map[*member]peer.Who{b.college: requester, b.debts: professional, b.youth: professional} {
		until(t, m, "everybody answered", func() bool {
			c, _, err := m.node.OpenConference(t.Context(), who, b.id)
			return err == nil && !slices.ContainsFunc(c.Seats, func(s exchange.Seat) bool { return s.State == exchange.SeatInvited })
		})
	}
	return b
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (m *member) invited(id exchange.ID) bool {
	all, err := m.node.Conferences(context.Background(), "")
	return err == nil && slices.ContainsFunc(all, func(s peer.ConferenceSummary) bool { return s.ID == id })
}

// spoken is what youth care says: an item of health at process, and that help
// runs, by its own weighing under its own secrecy (art. 5.4.3(2), 5.4.2(2)).
func spoken() peer.Speaking {
	steps := without()
	last := steps[len(steps)-1]
	steps = append(steps[:len(steps)-2:len(steps)-2],
		exchange.Step{Code: "colleague", Outcome: "agrees", With: colleague.ID, Day: today()}, exchange.Step{Code: "least", Outcome: "yes"}, last)
	return peer.Speaking{Steps: steps, Items: []exchange.Said{
		{Item: "youth-treatment", Depth: exchange.Process, Value: exchange.Hide(treatment)},
		{Item: "youth-help-running", Depth: exchange.Process, Value: exchange.Hide("on Mondays until June")},
	}}
}

// said lets youth care speak and waits until the others heard it.
func (b *table) said(t *testing.T) exchange.Contribution {
	t.Helper()
	c, err := b.youth.node.Contribute(t.Context(), professional, b.id, spoken())
	if err != nil {
		t.Fatal(err)
	}
	for m, who := range map[*member]peer.Who{b.college: requester, b.debts: professional} {
		until(t, m, "it heard youth care", func() bool {
			_, all, err := m.node.OpenConference(t.Context(), who, b.id)
			return err == nil && len(all) == 1 && all[0].Items[0].Value.Reveal() == treatment && all[0].By == capacityOf(youthCare)
		})
	}
	return c
}

func (m *member) finds(t *testing.T, words string) []string {
	t.Helper()
	tables, err := m.node.Finds(words)
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// Art. 5.4.3(1) to (3): who was invited and takes part reads what is said while
// the conference goes on. Who declined, and who was not invited, gets nothing. When
// it is closed nobody reads it, by no door and with no key; what was agreed is left.
func TestConference(t *testing.T) {
	b := conferring(t)
	ctx := t.Context()
	outsider := b.members[4]

	c, _, err := b.housing.node.OpenConference(ctx, professional, b.id)
	if err != nil || !c.Subject.BSN.Zero() || c.Subject.Name.Reveal() != "Daan Proefstra" {
		t.Errorf("5.4.2(5): the corporation knows %q, number %t, %v", c.Subject.Name.Reveal(), !c.Subject.BSN.Zero(), err)
	}
	if i := slices.IndexFunc(c.Seats, func(s exchange.Seat) bool { return s.Party == capacityOf(debtHelp) }); !c.Seats[i].Why.Zero() {
		t.Error("the corporation reads why another is necessary")
	}
	silent := spoken()
	silent.Steps = nil
	_, err = b.youth.node.Contribute(ctx, professional, b.id, silent)
	refused(t, err, exchange.WeighingOpen)
	_, err = b.housing.node.Contribute(ctx, professional, b.id, peer.Speaking{Items: []exchange.Said{{Item: "tenancy", Depth: exchange.That, Value: exchange.Hide("yes")}}})
	refused(t, err, exchange.NotPresent)

	b.said(t)
	for _, m := range []*member{b.college, b.debts, b.youth} {
		if len(m.finds(t, treatment)) == 0 {
			t.Fatalf("%s: the search sees nothing; this test could not fail", m.party.Name)
		}
	}
	for _, m := range []*member{b.housing, outsider} {
		m.settle()
		if tables := m.finds(t, treatment); len(tables) > 0 {
			t.Errorf("%s has it in %v", m.party.Name, tables)
		}
	}
	if _, said, err := b.housing.node.OpenConference(ctx, professional, b.id); err != nil || len(said) != 0 {
		t.Errorf("who declined reads %d contributions, %v", len(said), err)
	}
	if _, _, err := outsider.node.OpenConference(ctx, professional, b.id); !isFault(err, peer.UnknownConference) {
		t.Errorf("who was not invited: %v", err)
	}

	if _, err := b.college.node.RecordAgreement(ctx, requester, b.id, exchange.Agreement{
		Who: exchange.Hide("debt help"), What: exchange.Hide("calls before the first of January"),
	}); err != nil {
		t.Fatal(err)
	}
	_, err = b.debts.node.CloseConference(ctx, professional, b.id)
	if err == nil {
		t.Fatal("a guest closed it")
	}
	if _, err := b.college.node.CloseConference(ctx, requester, b.id); err != nil {
		t.Fatal(err)
	}
	for m, who := range map[*member]peer.Who{b.college: requester, b.debts: professional, b.youth: professional} {
		b.wantForgotten(t, m, who)
		if tables := m.finds(t, "calls before the first of January"); (len(tables) > 0) != (m == b.college) {
			t.Errorf("5.4.3(3): %s has the agreement of the organiser in %v", m.party.Name, tables)
		}
	}
	_, err = b.youth.node.Contribute(ctx, professional, b.id, spoken())
	refused(t, err, exchange.ConferenceOver)
	c, _, err = b.college.node.OpenConference(ctx, requester, b.id)
	if err != nil || len(c.Agreements) != 1 || c.Agreements[0].By != requester.ID {
		t.Errorf("%d agreements are left, %v", len(c.Agreements), err)
	}
}

// wantForgotten waits until a node has destroyed what was said, and looks whether
// it really has.
func (b *table) wantForgotten(t *testing.T, m *member, who peer.Who) {
	t.Helper()
	until(t, m, "what was said is destroyed", func() bool { return slices.Contains(m.kinds(b.id), string(exchange.ContributionsDestroyed)) })
	if tables := m.finds(t, treatment); len(tables) > 0 {
		t.Errorf("%s still has it in %v", m.party.Name, tables)
	}
	opened, closed, err := m.node.Opens(exchange.ContributionDecided, exchange.ContributionIssued, exchange.ContributionReceived)
	if err != nil || opened > 0 || closed == 0 {
		t.Errorf("%s: of what was said %d entries can be opened, %d not, %v", m.party.Name, opened, closed, err)
	}
	c, said, err := m.node.OpenConference(t.Context(), who, b.id)
	if err != nil || len(said) != 0 || c.Open(b.now()) {
		t.Errorf("%s reads %d contributions, %v", m.party.Name, len(said), err)
	}
}

// It ends by itself, where nobody closes it, and at a node that was down then.
func TestConferenceEndsByItself(t *testing.T) {
	b := conferring(t)
	b.said(t)
	b.debts.settle()
	b.debts.stop()
	b.ahead.Store(int64(2*time.Hour + time.Minute))
	if _, said, err := b.college.node.OpenConference(t.Context(), requester, b.id); err != nil || len(said) != 0 {
		t.Errorf("at the end one reads %d contributions, %v", len(said), err)
	}
	b.debts.start()
	b.wantForgotten(t, b.debts, professional)
	for m, who := range map[*member]peer.Who{b.college: requester, b.youth: professional} {
		m.stop()
		m.start()
		b.wantForgotten(t, m, who)
	}
}

// taken is a request of debt help to take along what youth care said, in a case of
// its own part in the approach.
func (b *table) taken(t *testing.T, item exchange.ItemCode, statements ...exchange.Statement) (exchange.Exchange, error) {
	t.Helper()
	bsn, _ := exchange.ParseBSN("999993847")
	c, err := b.debts.node.OpenCase(t.Context(), professional, exchange.Case{
		Trigger: exchange.Trigger{
			Code: "takes-part", On: today(), From: capacityOf(municipality),
			Statements: []exchange.Statement{{Code: "own-part", Text: exchange.Hide("it plans the payments")}},
		},
		People: []exchange.Person{{Standing: exchange.Client, BSN: bsn}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.debts.node.Ask(t.Context(), professional, peer.Asking{Person: 1, Request: exchange.Request{
		Case: c.ID, From: capacityOf(debtHelp), To: capacityOf(youthCare), Purpose: "conference/taking", Conference: b.id,
		Specific: exchange.Hide("to plan the payments around it"), Contact: exchange.Hide("06-00000000"),
		Items:       []exchange.AskedItem{{Item: item, Depth: exchange.Process, Why: exchange.Hide("payments wait until then"), Statements: statements}},
		Involvement: exchange.Involvement{State: exchange.InConsultation},
	}})
}

// Art. 5.4.3(4): what was said is taken along where it is necessary for the own
// task (a), who said it agrees (b), and, for health, by own authority (c). What
// is taken is signed by who said it, outlives the conference, and goes on under
// his conditions.
func TestTakingAlong(t *testing.T) {
	b := conferring(t)
	ctx := t.Context()
	_, err := b.taken(t, "youth-help-running")
	refused(t, err, exchange.NotSaid) // nobody said anything yet
	b.said(t)

	_, err = b.taken(t, "youth-treatment", exchange.Statement{Code: "service-choice", Text: exchange.Hide("how much he can pay")})
	refused(t, err, exchange.CategoryAsker) // (c)
	_, err = b.taken(t, "parenting-support")
	refused(t, err, exchange.NotSaid)

	x, err := b.taken(t, "youth-help-running")
	if err != nil {
		t.Fatal(err)
	}
	b.youth.wait(x.ID, exchange.Weighing)
	// (b) Until he decides it is not taken, and he weighs it himself.
	agree := exchange.Decision{Items: []exchange.ItemDecision{
		{Item: "youth-help-running", Outcome: exchange.Supply, Depth: exchange.That, Value: exchange.Hide("help runs until June")},
	}, Conditions: []exchange.Condition{{Code: exchange.NoOnward}}}
	_, err = b.youth.node.Decide(ctx, professional, x.ID, agree)
	refused(t, err, exchange.WeighingOpen)
	for _, s := range spoken().Steps {
		if _, err := b.youth.node.Weigh(ctx, professional, x.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.youth.node.Decide(ctx, professional, x.ID, agree); err != nil {
		t.Fatal(err)
	}
	b.debts.wait(x.ID, exchange.Answered)

	// Another that he does not agree to.
	no, err := b.taken(t, "youth-help-running")
	if err != nil {
		t.Fatal(err)
	}
	b.youth.wait(no.ID, exchange.Weighing)
	if _, err := b.youth.node.Decide(ctx, professional, no.ID, exchange.Decision{Items: []exchange.ItemDecision{
		{Item: "youth-help-running", Outcome: exchange.Withhold, Ground: "not-necessary", Reason: exchange.Hide("once is enough")},
	}}); err != nil {
		t.Fatal(err)
	}
	b.debts.wait(no.ID, exchange.Refused)

	if _, err := b.college.node.CloseConference(ctx, requester, b.id); err != nil {
		t.Fatal(err)
	}
	b.wantForgotten(t, b.debts, professional)
	held := opened(t, b.debts, professional, x.ID)
	if i, ok := held.Holds("youth-help-running"); !ok || i.Value.Reveal() != "help runs until June" {
		t.Error("what was taken along did not stay")
	}
	if held.Source() != capacityOf(youthCare) {
		t.Errorf("it is said to come from %s", held.Source())
	}
	_, err = b.debts.node.PassOn(ctx, professional, x.ID, peer.PassingAsking{
		To: capacityOf(coordination), Purpose: "coordination", Items: []exchange.ItemCode{"youth-help-running"}, Why: exchange.Hide("to align"),
	})
	refused(t, err, exchange.OnwardForbidden)
	_, err = b.taken(t, "youth-help-running")
	refused(t, err, exchange.ConferenceOver)
}

// The work coach of the memorandum (7718-7726), here debt help: he hears for how
// long, and notes that. From what, nobody said, and his node never had it.
func TestDiagnosisStaysBehind(t *testing.T) {
	b := conferring(t)
	b.said(t)
	for _, m := range b.members {
		if tables := m.finds(t, diagnosis.Reveal()); len(tables) > 0 {
			t.Errorf("%s has the diagnosis in %v", m.party.Name, tables)
		}
	}
	if _, err := b.debts.node.RecordAgreement(t.Context(), professional, b.id, exchange.Agreement{
		Who: exchange.Hide("debt help"), What: exchange.Hide("waits two months: he recovers"),
	}); err != nil {
		t.Fatal(err)
	}
	if tables := b.youth.finds(t, "waits two months"); len(tables) > 0 {
		t.Errorf("5.4.3(3): the note of debt help went to youth care: %v", tables)
	}
}

// Without the client only for a weighty interest, which stays at the organiser.
func TestClientNotInvited(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	c := investigated(t, college)
	o := peer.Organising{
		Case: c.ID, Person: 1, Purpose: "conference/investigation", Question: exchange.Hide("who begins"), Ends: time.Now().Add(time.Hour),
		Invited: invitations()[:1],
	}
	_, err := college.node.OrganiseConference(t.Context(), requester, o)
	refused(t, err, exchange.StatementMissing)
	o.Client = exchange.ClientSeat{Absent: exchange.Hide("justice-data"), Why: exchange.Hide("a report to the police is weighed")}
	made, err := college.node.OrganiseConference(t.Context(), requester, o)
	if err != nil {
		t.Fatal(err)
	}
	until(t, debts, "it is invited", func() bool { return debts.invited(made.ID) })
	got, _, err := debts.node.OpenConference(t.Context(), professional, made.ID)
	if err != nil || got.Client.Invited || !got.Client.Absent.Zero() || !got.Client.Why.Zero() {
		t.Errorf("debt help reads more than that he is not there: %v", err)
	}
}

// The conference itself, who was there and what was agreed, is kept as any other
// record: at the organiser as long as the case (art. 5.4.5(1)), at a guest two
// years. A hold puts that off; what was said it can't hold.
func TestConferenceIsKept(t *testing.T) {
	b := conferring(t)
	ctx := t.Context()
	b.said(t)
	b.debts.hireOfficer()
	if _, err := b.debts.node.PlaceHold(ctx, officer, b.id, exchange.Hide("a complaint"), today().AddDate(3, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.college.node.CloseConference(ctx, requester, b.id); err != nil {
		t.Fatal(err)
	}
	for m, who := range map[*member]peer.Who{b.college: requester, b.debts: professional, b.youth: professional} {
		b.wantForgotten(t, m, who)
		m.settle()
	}
	kept, err := b.college.node.Kept(ctx, "", 0)
	if err != nil || slices.ContainsFunc(kept, func(k peer.Kept) bool { return !k.Keep.Due.IsZero() }) || len(kept) != 2 {
		t.Errorf("the organiser keeps %+v, %v", kept, err)
	}
	b.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	for m, want := range map[*member]int{b.youth: 1, b.debts: 0, b.college: 0} {
		if _, err := m.node.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		gone := slices.Contains(m.kinds(b.id), string(exchange.DossierDestroyed))
		if gone != (want == 1) {
			t.Errorf("%s: destroyed after two years: %t", m.party.Name, gone)
		}
	}
	if _, err := b.youth.node.Conferences(ctx, ""); err != nil || b.youth.invited(b.id) {
		t.Errorf("youth care still lists it, %v", err)
	}
}

// A regulator who looks while a conference goes on reads what was said; one who
// looks after finds it destroyed, and that is no finding. The bundles of all match:
// no contribution stands on one side only.
func TestConferenceInspected(t *testing.T) {
	b := conferring(t)
	id, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	parties := []*member{b.college, b.debts, b.youth, b.housing}
	for _, m := range parties {
		m.hireOfficer()
	}
	b.said(t)
	// What somebody wrote and never said is in the ledger, and ends with the rest.
	if err := b.debts.node.SaveDraft(t.Context(), professional, b.id, exchange.Hide("he owes more than he says")); err != nil {
		t.Fatal(err)
	}
	inspect := func(when string) (all []*audit.Report) {
		for _, m := range parties {
			m.settle()
			r := m.inspected(id)
			if r.Findings.Count() != 0 {
				t.Errorf("%s, %s: %+v", m.party.Name, when, r.Findings.Listed)
			}
			all = append(all, r)
		}
		c, err := audit.Reconcile(all)
		if err != nil || c.Findings.Count() != 0 {
			t.Errorf("%s: they do not match: %v, %+v", when, err, c.Findings.Listed)
		}
		return all
	}
	for i, r := range inspect("while it goes on") {
		if r.Destroyed != 0 {
			t.Errorf("%s: %d destroyed", parties[i].party.Name, r.Destroyed)
		}
	}
	if _, err := b.college.node.CloseConference(t.Context(), requester, b.id); err != nil {
		t.Fatal(err)
	}
	for m, who := range map[*member]peer.Who{b.college: requester, b.debts: professional, b.youth: professional} {
		b.wantForgotten(t, m, who)
	}
	for i, r := range inspect("after") {
		if (r.Destroyed == 0) != (parties[i] == b.housing) {
			t.Errorf("%s: %d destroyed", parties[i].party.Name, r.Destroyed)
		}
	}
}

var (
	policeForce = exchange.Party{OIN: "00000099000006006000", Name: "politie Oost", Capacities: []exchange.Capacity{{
		Code: "police", Domain: "police", Task: "service", Regime: exchange.Wpg, MayProcessBSN: true, Special: []exchange.Category{exchange.Criminal},
	}}}
	prosecution = exchange.Party{OIN: "00000099000007007000", Name: "openbaar ministerie", Capacities: []exchange.Capacity{{
		Code: "public-prosecution", Domain: "public-prosecution", Task: "service", Regime: exchange.Wjsg, MayProcessBSN: true,
		Special: []exchange.Category{exchange.Criminal},
	}}}
)

// Police and prosecution take part, and their acts stay theirs (art. 5.4.3(2),
// 5.4.2(3)): what the Wpg allows is said to some of those present, and the client
// is not invited since it is about such data. The family has conferences of its
// own: who takes part in that about the father reads nothing of that about the
// son (family privacy, memorandum to art. 5.4.3).
func TestPoliceAndFamily(t *testing.T) {
	w := newWorld(t, municipality, policeForce, prosecution, youthCare)
	college, police, om, youth := w.members[0], w.members[1], w.members[2], w.members[3]
	ctx := t.Context()
	bsn, _ := exchange.ParseBSN("999993847")
	son := exchange.Person{
		Standing: exchange.Family, Name: exchange.Hide("Sem Proefstra"), Born: exchange.Hide("2012-05-01"), Address: exchange.Hide("Sluisweg 12"), Agreed: today(),
	}
	c, err := college.node.OpenCase(ctx, requester, exchange.Case{
		Trigger: exchange.Trigger{
			Code: "party-request", On: today(), From: capacityOf(policeForce), Statements: []exchange.Statement{
				{Code: "lasting", Text: exchange.Hide("for two years")}, {Code: "no-help", Text: exchange.Hide("three tries")},
				{Code: "decline", Text: exchange.Hide("the home is lost")}, {Code: "safety", Text: exchange.Hide("fights")},
				{Code: "can-help", Text: exchange.Hide("one plan")}, {Code: "attempts", Text: exchange.Hide("visits")},
				{Code: "why-accepted", Text: exchange.Hide("it fits")},
			},
		},
		People: []exchange.Person{{Standing: exchange.Client, BSN: bsn}, son},
	})
	if err != nil {
		t.Fatal(err)
	}
	organise := func(person int, client exchange.ClientSeat, invited ...exchange.Party) exchange.ID {
		t.Helper()
		o := peer.Organising{
			Case: c.ID, Person: person, Purpose: "conference/investigation", Question: exchange.Hide("what first"), Client: client, Ends: w.now().Add(time.Hour),
		}
		for _, p := range invited {
			o.Invited = append(o.Invited, peer.Invited{Party: capacityOf(p), Why: exchange.Hide("it knows what happened")})
		}
		made, err := college.node.OrganiseConference(ctx, requester, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range invited {
			for _, m := range w.members {
				if m.party.OIN != p.OIN {
					continue
				}
				until(t, m, "it is invited", func() bool { return m.invited(made.ID) })
				if _, err := m.node.AnswerConference(ctx, professional, made.ID, true); err != nil {
					t.Fatal(err)
				}
			}
		}
		return made.ID
	}
	absent := exchange.ClientSeat{Absent: exchange.Hide("justice-data"), Why: exchange.Hide("a case is prepared")}
	father := organise(1, absent, policeForce, prosecution, youthCare)
	boy := organise(2, exchange.ClientSeat{Invited: true}, policeForce, youthCare)
	for _, m := range w.members {
		m.settle()
	}

	const incident = "two fights at home in March"
	speaking := peer.Speaking{
		To:    []exchange.PartyID{capacityOf(prosecution), capacityOf(municipality)},
		Items: []exchange.Said{{Item: "incidents-at-home", Depth: exchange.Process, Value: exchange.Hide(incident)}},
	}
	_, err = police.node.Contribute(ctx, professional, father, speaking)
	refused(t, err, exchange.WeighingOpen) // whether the Wpg allows it is his to say
	rule, ok := police.node.Law().Weighing("closed")
	if !ok {
		t.Fatal("there is no closed weighing")
	}
	for _, s := range rule.Steps {
		speaking.Steps = append(speaking.Steps, exchange.Step{Code: s.Code, Outcome: "yes", Text: exchange.Hide("art. 20 Wpg")})
	}
	if _, err := police.node.Contribute(ctx, professional, father, speaking); err != nil {
		t.Fatal(err)
	}
	for m, who := range map[*member]peer.Who{om: professional, college: requester} {
		until(t, m, "it heard the police", func() bool {
			_, said, err := m.node.OpenConference(ctx, who, father)
			return err == nil && len(said) == 1
		})
	}
	police.settle()
	youth.settle()
	if tables := youth.finds(t, incident); len(tables) > 0 {
		t.Errorf("who was not meant to hear it has it in %v", tables)
	}

	// The prosecutor was invited about the father, and not about the son.
	if _, _, err := om.node.OpenConference(ctx, professional, boy); !isFault(err, peer.UnknownConference) {
		t.Errorf("the prosecutor and the conference about the son: %v", err)
	}
	if tables := om.finds(t, "Sem Proefstra"); len(tables) > 0 {
		t.Errorf("the prosecutor has the son in %v", tables)
	}
	if _, said, err := youth.node.OpenConference(ctx, professional, boy); err != nil || len(said) != 0 {
		t.Errorf("the conference about the son holds %d contributions about the father, %v", len(said), err)
	}
}

// What debt help supplied on the condition that it is said only (oral-only, art.
// 5.4.2) the municipality says in the conference, where debt help takes no part;
// handed over it does not go, and it can't be taken along from who only said it.
func TestOralOnlyInAConference(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	id := supplied(t, w, exchange.Condition{Code: exchange.OralOnly})
	_, err := college.node.PassOn(ctx, requester, id, passToYouthCare("debt-plan"))
	refused(t, err, exchange.OnwardForbidden)
	c := opened(t, college, requester, id).Request.Case
	made, err := college.node.OrganiseConference(ctx, requester, peer.Organising{
		Case: c, Person: 1, Purpose: "conference/investigation", Question: exchange.Hide("who begins"), Client: exchange.ClientSeat{Invited: true},
		Ends: time.Now().Add(time.Hour), Invited: invitations()[1:2],
	})
	if err != nil {
		t.Fatal(err)
	}
	speaking := peer.Speaking{
		Items: []exchange.Said{{Item: "debt-plan", From: id}},
		Steps: []exchange.Step{{Code: "necessary", Outcome: "yes", Text: exchange.Hide("to fit the help for the children to it")}},
	}
	_, err = college.node.Contribute(ctx, requester, made.ID, speaking)
	refused(t, err, exchange.NobodyPresent)
	until(t, youth, "it is invited", func() bool { return youth.invited(made.ID) })
	if _, err := youth.node.AnswerConference(ctx, professional, made.ID, true); err != nil {
		t.Fatal(err)
	}
	youth.settle()
	if _, err := college.node.Contribute(ctx, requester, made.ID, speaking); err != nil {
		t.Fatal(err)
	}
	until(t, youth, "it heard the municipality", func() bool {
		_, said, err := youth.node.OpenConference(ctx, professional, made.ID)
		return err == nil && len(said) == 1 && said[0].Items[0].Of == capacityOf(debtHelp) && said[0].Items[0].Value.Reveal() == "pays 40 euro each month"
	})
	if debts.invited(made.ID) {
		t.Error("debt help was not invited, and has the conference")
	}
	if _, err := college.node.CloseConference(ctx, requester, made.ID); err != nil {
		t.Fatal(err)
	}
	until(t, youth, "it is destroyed", func() bool {
		return slices.Contains(youth.kinds(made.ID), string(exchange.ContributionsDestroyed)) && len(youth.finds(t, "pays 40 euro")) == 0
	})
	// At the municipality what debt help supplied stays where it was.
	if i, ok := opened(t, college, requester, id).Holds("debt-plan"); !ok || i.Value.Zero() {
		t.Error("what was supplied is gone with the conference")
	}
}

// The coordinator organises in the approach (art. 2.3a.3), under that hat: who
// works there as a carer, or for the college, neither opens it nor lists it as his.
func TestConferenceUnderAHat(t *testing.T) {
	ctx := t.Context()
	city := municipality
	city.Capacities = append(slices.Clone(municipality.Capacities), coordination.Capacities[0])
	w := newWorld(t, city, debtHelp)
	college, debts := w.members[0], w.members[1]
	both := peer.Who{ID: "d.visser", Hat: "coordination"}
	if err := college.node.AddStaff(ctx, exchange.Actor{ID: both.ID, Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{
		{Role: exchange.Coordinator, Capacity: "coordination"}, {Role: exchange.Requester, Capacity: "investigation"}}}); err != nil {
		t.Fatal(err)
	}
	c, err := college.node.OpenCase(ctx, both, exchange.Case{
		Trigger: exchange.Trigger{Code: "coordination", On: today(), From: capacityOf(municipality), Statements: []exchange.Statement{
			{Code: "appointed", Text: exchange.Hide("since today")}, {Code: "approach-agreed", Text: exchange.Hide("agreed")}}},
		People: []exchange.Person{{Standing: exchange.Client, BSN: question(t).Subject.BSN}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := peer.Organising{
		Case: c.ID, Person: 1, Purpose: "conference/coordination", Question: exchange.Hide("who begins"), Client: exchange.ClientSeat{Invited: true},
		Ends: time.Now().Add(time.Hour), Invited: invitations()[:1],
	}
	other := both
	other.Hat = "investigation"
	_, err = college.node.OrganiseConference(ctx, other, o)
	refused(t, err, exchange.PurposeNotAsker)
	made, err := college.node.OrganiseConference(ctx, both, o)
	if err != nil {
		t.Fatal(err)
	}
	until(t, debts, "it is invited", func() bool { return debts.invited(made.ID) })
	if _, _, err := college.node.OpenConference(ctx, other, made.ID); !isFault(err, peer.UnknownConference) {
		t.Errorf("opened under the other hat: %v", err)
	}
	if all, err := college.node.Conferences(ctx, "investigation"); err != nil || len(all) != 0 {
		t.Errorf("the investigation lists %d, %v", len(all), err)
	}
	if all, err := college.node.Conferences(ctx, "coordination"); err != nil || len(all) != 1 || all[0].State != "" {
		t.Errorf("the coordination lists %d, %v", len(all), err)
	}
}

// Neither node relies on the other: who declined, who was not invited, and a guest
// with the keys of one can't speak, close, invite or take along by making messages
// up (art. 5.4.3(1), (2) and (4)).
func TestForgedConference(t *testing.T) {
	b := conferring(t)
	b.said(t)
	for _, m := range b.members {
		m.settle()
	}
	_, before := b.debts.node.Checkpoint()
	to := capacityOf(debtHelp)
	forged := exchange.Contribution{ID: freshID(), Items: []exchange.Said{{Item: "tenancy", Depth: exchange.That, Value: exchange.Hide("a flat")}}}
	for m, want := range map[*member]struct{ speak, answer, close string }{
		b.housing:    {string(exchange.NotPresent), string(exchange.ConferenceNotNow), string(exchange.NotOrganiser)},
		b.members[4]: {string(exchange.NotPresent), string(exchange.NotInvited), string(exchange.NotOrganiser)},
		b.youth:      {string(exchange.ItemNotHeld), string(exchange.ConferenceNotNow), string(exchange.NotOrganiser)},
	} {
		f := forge(t, b.world, m)
		e := func() wire.Envelope { return f.envelope(to, b.id) }
		signed := func(s wire.Signed, err error) []byte { return f.seal(s, err) }
		for what, c := range map[string]struct {
			sealed []byte
			code   string
		}{
			"says what is not its own": {signed(wire.SignContribution(e(), forged, f.keys.Signing)), want.speak},
			"answers once more":        {signed(wire.SignConferenceAnswer(e(), true, f.keys.Signing)), want.answer},
			"closes":                   {signed(wire.SignClosing(e(), f.keys.Signing)), want.close},
			"speaks where nobody is": {func() []byte {
				other := e()
				other.Exchange = freshID()
				return signed(wire.SignContribution(other, forged, f.keys.Signing))
			}(), peer.UnknownConference},
			"invites, and may not": {func() []byte {
				mine := e()
				mine.Exchange = freshID()
				c := exchange.Conference{
					ID: mine.Exchange, Organiser: f.own, Purpose: "conference/investigation", Trigger: exchange.TriggerNote{Code: "client-request", On: today()},
					Question: exchange.Hide("x"), Ends: time.Now().Add(time.Hour), Seats: []exchange.Seat{{Party: to}},
				}
				s := exchange.Subject{Standing: exchange.Client, Name: exchange.Hide("A"), Born: exchange.Hide("1980-01-01"), Address: exchange.Hide("B")}
				return signed(wire.SignInvitation(mine, c, s, exchange.Hide("x"), f.keys.Signing))
			}(), string(exchange.PurposeNotAsker)},
			"takes along what debt help did not say": {func() []byte {
				mine := f.envelope(to, freshID())
				r := question(t)
				r.ID, r.Case, r.From, r.To, r.Due, r.Conference = mine.Exchange, freshID(), f.own, to, time.Now().Add(24*time.Hour), b.id
				r.Purpose, r.Statements, r.Trigger.Code = "conference/taking", nil, "takes-part"
				r.Items = r.Items[:1]
				return signed(wire.SignRequest(mine, r, f.keys.Signing))
			}(), map[bool]string{true: string(exchange.NotSaid), false: string(exchange.NotPresent)}[m == b.youth]},
		} {
			if code, _ := f.send(b.debts, c.sealed); code != c.code {
				t.Errorf("%s %s: got %q, want %q", m.party.Name, what, code, c.code)
			}
		}
	}
	if _, after := b.debts.node.Checkpoint(); after != before {
		t.Errorf("refused, and yet the ledger grew from %d to %d", before, after)
	}
	if tables := b.debts.finds(t, "a flat"); len(tables) > 0 {
		t.Errorf("refused, and yet it is in %v", tables)
	}
}

// Who waits for something in a conference learns that there is something, without
// opening it: the mark is another one when somebody spoke, and the same when
// somebody only looked.
func TestConferenceStatus(t *testing.T) {
	b := conferring(t)
	ctx := t.Context()
	mark := func() string {
		t.Helper()
		s, m, err := b.debts.node.ConferenceStatus(ctx, b.id, debtHelp.Capacities[0].Code)
		if err != nil || !s.Open || s.Coming != 2 || s.Case != "" {
			t.Fatalf("%+v, %v", s, err)
		}
		return m
	}
	before := mark()
	if _, _, err := b.debts.node.OpenConference(ctx, professional, b.id); err != nil {
		t.Fatal(err)
	}
	if mark() != before {
		t.Error("looking changed it")
	}
	b.said(t)
	if mark() == before {
		t.Error("somebody spoke, and the mark is the same")
	}
	if _, _, err := b.debts.node.ConferenceStatus(ctx, b.id, "investigation"); !isFault(err, peer.UnknownConference) {
		t.Errorf("under another hat: %v", err)
	}
	due := today().AddDate(0, 0, 3)
	agreement := exchange.Agreement{Who: exchange.Hide("debt help"), What: exchange.Hide("calls him"), Due: due}
	if _, err := b.college.node.RecordAgreement(ctx, requester, b.id, agreement); err != nil {
		t.Fatal(err)
	}
	c, _, err := b.college.node.OpenConference(ctx, requester, b.id)
	if err != nil || len(c.Agreements) != 1 || !c.Agreements[0].Due.Equal(due) {
		t.Errorf("the agreements are %v, %v", c.Agreements, err)
	}
	agreement.Due = due.Add(time.Minute)
	_, err = b.college.node.RecordAgreement(ctx, requester, b.id, agreement)
	refused(t, err, exchange.BadConference)
}

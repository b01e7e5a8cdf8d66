package peer_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/ledger"
	"sluis/peer"
)

const testNumber = "999993847"

// last returns the newest entry of a kind, as it stands in the ledger and with its
// private part.
func (m *member) last(kind exchange.EventKind) (raw string, part exchange.PrivatePart) {
	m.world.t.Helper()
	entries, err := m.node.Entries(0, 1000)
	if err != nil {
		m.world.t.Fatal(err)
	}
	for _, e := range slices.Backward(entries) {
		if e.Kind != string(kind) {
			continue
		}
		private, err := m.node.PrivatePart(e)
		if err != nil {
			m.world.t.Fatal(err)
		}
		if err := json.Unmarshal(private, &part); err != nil {
			m.world.t.Fatal(err)
		}
		bytes, err := e.Marshal()
		if err != nil {
			m.world.t.Fatal(err)
		}
		return string(bytes), part
	}
	m.world.t.Fatalf("%s: no entry %s", m.party.Name, kind)
	return "", part
}

func sought(t *testing.T, number, name, born string) (s exchange.Sought) {
	t.Helper()
	s = exchange.Sought{Name: exchange.Hide(name), Born: exchange.Hide(born)}
	if number == "" {
		return s
	}
	var err error
	if s.BSN, err = exchange.ParseBSN(number); err != nil {
		t.Fatal(err)
	}
	return s
}

// family is a case about a client and his daughter, who has no number here.
func family(t *testing.T) exchange.Case {
	c := caseOf(question(t))
	c.People[0].Name, c.People[0].Born, c.People[0].Address = exchange.Hide("D. Proefstra"), exchange.Hide("1987-03-14"), exchange.Hide("Sluisweg 12")
	c.People = append(c.People, exchange.Person{
		Standing: exchange.Family, Name: exchange.Hide("K. Proefstra"), Born: exchange.Hide("2012-05-01"), Address: exchange.Hide("Sluisweg 12"),
	})
	return c
}

// familyExchange is an answered request in a case about a family.
func familyExchange(t *testing.T, college, debts *member) (exchange.Case, exchange.Exchange) {
	t.Helper()
	c, err := college.node.OpenCase(t.Context(), requester, family(t))
	if err != nil {
		t.Fatal(err)
	}
	r := question(t)
	r.Case = c.ID
	x, err := college.node.Ask(t.Context(), requester, peer.Asking{Request: r})
	if err != nil {
		t.Fatal(err)
	}
	debts.wait(x.ID, exchange.Weighing)
	d := verdict()
	d.Note = exchange.Hide("telefonisch besproken")
	if _, err := debts.node.Decide(t.Context(), professional, x.ID, d); err != nil {
		t.Fatal(err)
	}
	college.wait(x.ID, exchange.Answered)
	debts.wait(x.ID, exchange.Answered)
	college.settle()
	debts.settle()
	return c, x
}

// Whoever looks for a person leaves an entry before he sees anything, which says
// of him no more than a pseudonym (I3, I5).
func TestPersonSearch(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	college.hireOfficer()
	c, x := familyExchange(t, college, debts)
	ctx := t.Context()

	var pseudonyms []string
	for _, s := range []exchange.Sought{sought(t, testNumber, "", ""), sought(t, "", "d. proefstra", "1987-03-14")} {
		before := college.node.Size()
		found, err := college.node.SearchPerson(ctx, requester, s, exchange.SearchForCase)
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Cases) != 1 || found.Cases[0].ID != c.ID || len(found.Exchanges) != 1 || found.Exchanges[0].ID != x.ID || len(found.Petitions) != 0 {
			t.Errorf("found %+v", found)
		}
		raw, part := college.last(exchange.Searched)
		if college.node.Size() != before+1 || part.By != requester.ID || part.Detail.Code != "case" || part.Detail.Count != 2 {
			t.Errorf("the ledger grew by %d and says %+v", college.node.Size()-before, part)
		}
		plain, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{testNumber, "proefstra", "1987"} {
			if strings.Contains(strings.ToLower(raw+string(plain)), secret) {
				t.Errorf("the entry holds %q", secret)
			}
		}
		pseudonyms = append(pseudonyms, part.Detail.Person)
	}
	if pseudonyms[0] == "" || pseudonyms[0] == pseudonyms[1] {
		t.Errorf("pseudonyms %q", pseudonyms)
	}

	// Nobody by that name; yet that somebody looked is there.
	before := college.node.Size()
	found, err := college.node.SearchPerson(ctx, officer, sought(t, "", "N. Iemand", "1999-01-01"), exchange.SearchForCheck)
	if err != nil || len(found.Cases)+len(found.Exchanges) != 0 || college.node.Size() != before+1 {
		t.Errorf("found %+v, %v", found, err)
	}
	// Who is refused is shown nothing, and nothing is written.
	before = college.node.Size()
	if _, err := college.node.SearchPerson(ctx, requester, sought(t, testNumber, "", ""), "curious"); !errors.Is(err, &exchange.Refusal{Code: exchange.ReasonMissing}) {
		t.Errorf("for no reason: %v", err)
	}
	if college.node.Size() != before {
		t.Error("a refused search is in the ledger")
	}

	// The asked party knows him by number only, and not the case.
	found, err = debts.node.SearchPerson(ctx, professional, sought(t, testNumber, "", ""), exchange.SearchForRequest)
	if err != nil || len(found.Exchanges) != 1 || found.Exchanges[0].Side != exchange.Supplier || len(found.Cases) != 0 {
		t.Errorf("at the supplier: %+v, %v", found, err)
	}
}

// What one hat knows of somebody does not lead to what another does.
func TestPersonSearchIsPerHat(t *testing.T) {
	two := municipality
	two.Capacities = append(slices.Clone(two.Capacities), exchange.Capacity{
		Code: "coordination", Domain: "social-support", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
	})
	w := newWorld(t, two)
	college := w.members[0]
	if _, err := college.node.OpenCase(t.Context(), requester, family(t)); err != nil {
		t.Fatal(err)
	}
	other := exchange.Actor{ID: "e.visser", Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: exchange.Coordinator, Capacity: "coordination"}}}
	if err := college.node.AddStaff(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[peer.Who]int{requester: 1, {ID: "e.visser"}: 0} {
		found, err := college.node.SearchPerson(t.Context(), who, sought(t, testNumber, "", ""), exchange.SearchForCase)
		if err != nil || len(found.Cases) != want {
			t.Errorf("%s found %d cases, %v; want %d", who.ID, len(found.Cases), err, want)
		}
	}
}

// A petition is a dossier: opened, told to be late, extended, decided, kept, held
// and destroyed.
func TestPersonPetition(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality)
	college := w.members[0]
	college.hireOfficer()
	ctx := t.Context()
	p, err := college.node.OpenPetition(ctx, requester, exchange.Petition{
		Kind: exchange.RectificationPetition, Person: sought(t, testNumber, "", ""), Received: today(), Identity: exchange.ProofDigiD,
		Asked: exchange.Hide("mijn adres klopt niet"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := college.node.ViewPetition(ctx, officer, p.ID); err != nil || !seen.Person.BSN.Equal(p.Person.BSN) || seen.Asked.Reveal() != "mijn adres klopt niet" {
		t.Errorf("seen: %v", err)
	}
	if found, err := college.node.SearchPerson(ctx, officer, p.Person, exchange.SearchForPerson); err != nil || len(found.Petitions) != 1 {
		t.Errorf("found %+v, %v", found, err)
	}

	// A regulator who inspects what was done with this person gets it too.
	entries, err := college.node.Entries(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	opened := slices.IndexFunc(entries, func(e ledger.Entry) bool { return e.Kind == string(exchange.PetitionOpened) })
	if dossiers, err := college.node.DossiersOf(p.Person); err != nil || len(dossiers) != 1 || opened < 0 || dossiers[0] != entries[opened].Key {
		t.Errorf("an inspection opens %v, %v", dossiers, err)
	}

	list := func(f peer.PetitionFilter) []peer.PetitionSummary {
		t.Helper()
		all, err := college.node.Petitions(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	day := 24 * time.Hour
	if all := list(peer.PetitionFilter{Within: 7 * day}); len(all) != 0 {
		t.Errorf("due within a week: %+v", all)
	}
	w.ahead.Store(int64(time.Until(p.Due().Add(23*time.Hour + 59*time.Minute))))
	if all := list(peer.PetitionFilter{}); len(all) != 1 || all[0].Overdue {
		t.Errorf("on its last day: %+v", all)
	}
	if _, err := college.node.ExtendPetition(ctx, officer, p.ID, exchange.Hide("wij zoeken het adres uit"), today()); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(time.Until(p.Due().Add(25 * time.Hour))))
	if all := list(peer.PetitionFilter{Within: -1}); len(all) != 1 || all[0].Overdue || !all[0].Extended {
		t.Errorf("extended: %+v", all)
	}
	w.ahead.Store(int64(time.Until(p.Due().AddDate(0, 3, 0))))
	if all := list(peer.PetitionFilter{}); len(all) != 1 || !all[0].Overdue {
		t.Errorf("overdue: %+v", all)
	}
	p, err = college.node.DecidePetition(ctx, officer, p.ID, exchange.Ruling{
		Outcome: exchange.PetitionDenied, Ground: exchange.NotMet, Weighing: exchange.Hide("het adres klopt volgens de BRP"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, part := college.last(exchange.PetitionDecided); !part.Detail.Late || part.By != officer.ID {
		t.Errorf("the decision: %+v", part)
	}
	if len(list(peer.PetitionFilter{Within: -1})) != 0 || len(list(peer.PetitionFilter{Within: -1, Closed: true})) != 1 {
		t.Error("what is decided must be listed when asked for, and not before")
	}
	college.wantKinds(p.ID, exchange.PetitionOpened, exchange.Viewed, exchange.PetitionExtended, exchange.PetitionDecided)

	due := p.Ruling.At.Truncate(day).AddDate(2, 0, 0)
	if _, err := college.node.PlaceHold(ctx, officer, p.ID, exchange.Hide("de rechter kijkt ernaar"), due.AddDate(0, 6, 0)); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(time.Until(due.Add(time.Hour))))
	if n, err := college.node.Sweep(ctx); err != nil || n != 0 {
		t.Errorf("swept %d on hold, %v", n, err)
	}
	if _, err := college.node.LiftHold(ctx, officer, p.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := college.node.Sweep(ctx); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	if _, err := college.node.ViewPetition(ctx, officer, p.ID); !isFault(err, peer.Destroyed) {
		t.Errorf("after its term: %v", err)
	}
}

// granted is a petition for access that is decided.
func (m *member) granted(s exchange.Sought, r exchange.Ruling) exchange.Petition {
	m.world.t.Helper()
	ctx := m.world.t.Context()
	p, err := m.node.OpenPetition(ctx, requester, exchange.Petition{
		Kind: exchange.AccessPetition, Person: s, Received: today(), Identity: exchange.ProofDocument, Asked: exchange.Hide("wat hebben jullie van mij?"),
	})
	if err == nil {
		p, err = m.node.DecidePetition(ctx, officer, p.ID, r)
	}
	if err != nil {
		m.world.t.Fatal(err)
	}
	return p
}

// Access (art. 15 GDPR): he, and nobody else of his family; the professional by
// role; and that it left the node is in the ledger, with how many.
func TestPersonReport(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	college.hireOfficer()
	debts.hireOfficer()
	c, x := familyExchange(t, college, debts)
	ctx := t.Context()

	p := college.granted(sought(t, testNumber, "", ""), exchange.Ruling{Outcome: exchange.Granted})
	r, err := college.node.ReportAccess(ctx, officer, p.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Accounts) != 2 || r.Accounts[0].ID != c.ID || r.Accounts[1].ID != x.ID || r.Accounts[0].Others != 1 || r.Accounts[0].Person.Name.Reveal() != "D. Proefstra" {
		t.Errorf("the accounts are %+v", r.Accounts)
	}
	asked := r.Accounts[1]
	if got := asked.Facts[0]; got.Value.Reveal() != "meldplicht tot en met maart" || got.Name.NL == "" || asked.Keep.Article != "5.4.5(1)" || asked.Purpose.NL == "" {
		t.Errorf("what was supplied: %+v", got)
	}
	if r.Parties[x.Request.To] != debtHelp.Name || r.Organisation != municipality.Name || !strings.HasPrefix(string(r.PDF), "%PDF") {
		t.Errorf("parties %v of %q, a file of %d bytes", r.Parties, r.Organisation, len(r.PDF))
	}
	if _, part := college.last(exchange.Exported); part.Detail.Count != 2 || part.By != officer.ID {
		t.Errorf("the entry says %+v", part)
	}
	college.wantKinds(p.ID, exchange.PetitionOpened, exchange.PetitionDecided, exchange.Exported)

	// The daughter sees her place in the case, and nothing about her father.
	p = college.granted(sought(t, "", "K. Proefstra", "2012-05-01"), exchange.Ruling{Outcome: exchange.Granted})
	if r, err = college.node.ReportAccess(ctx, officer, p.ID, false); err != nil || len(r.Accounts) != 1 || r.Accounts[0].Person.Name.Reveal() != "K. Proefstra" || len(r.Accounts[0].Statements) != 0 {
		t.Errorf("the daughter: %+v, %v", r.Accounts, err)
	}

	// At the supplier: decided by a professional, received by the college; his
	// reasons are left out by a decision, and the report says so.
	p = debts.granted(sought(t, testNumber, "", ""), exchange.Ruling{
		Outcome: exchange.PartlyGranted, Ground: exchange.RightsOfOthers, Weighing: exchange.Hide("de reden gaat over een ander"), Without: []exchange.Part{exchange.PartReasons},
	})
	if r, err = debts.node.ReportAccess(ctx, officer, p.ID, false); err != nil || len(r.Accounts) != 1 {
		t.Fatalf("the supplier: %+v, %v", r.Accounts, err)
	}
	supplied := r.Accounts[0]
	if supplied.By != exchange.Professional || len(supplied.Passages) != 2 || supplied.Passages[1].To.OIN != municipality.OIN || len(supplied.Notes) != 1 ||
		!supplied.Facts[1].Reason.Zero() || len(r.Without) != 3 {
		t.Errorf("the supplier: %+v without %+v", supplied, r.Without)
	}

	// What the officer reads before she decides is a draft, and says so.
	open, err := college.node.OpenPetition(ctx, requester, exchange.Petition{
		Kind: exchange.AccessPetition, Person: sought(t, testNumber, "", ""), Received: today(), Identity: exchange.ProofKnown, Asked: exchange.Hide("alles"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r, err = college.node.ReportAccess(ctx, officer, open.ID, true); err != nil || !r.Draft {
		t.Errorf("the draft: %v, %v", r.Draft, err)
	}
	if _, part := college.last(exchange.Exported); part.Detail.Code != "draft" {
		t.Errorf("the entry of the draft: %+v", part)
	}
	if _, err := college.node.ReportAccess(ctx, officer, open.ID, false); !errors.Is(err, &exchange.Refusal{Code: exchange.NotGranted}) {
		t.Errorf("undecided, and reported: %v", err)
	}

	// Not before the decision, and not by anybody.
	before := college.node.Size()
	if _, err := college.node.ReportAccess(ctx, requester, p.ID, false); !isFault(err, peer.UnknownPetition) {
		t.Errorf("a petition of another node: %v", err)
	}
	p = college.granted(sought(t, testNumber, "", ""), exchange.Ruling{Outcome: exchange.PetitionDenied, Ground: exchange.NotIdentified, Weighing: exchange.Hide("geen bewijs")})
	if _, err := college.node.ReportAccess(ctx, officer, p.ID, false); !errors.Is(err, &exchange.Refusal{Code: exchange.NotGranted}) {
		t.Errorf("refused, and reported: %v", err)
	}
	if college.node.Size() != before+2 {
		t.Error("a report that was refused is in the ledger")
	}
}

// Two people can have one name and day of birth: then the number decides, and
// without it nobody is told of the other.
func TestPersonReportIsOfOne(t *testing.T) {
	w := newWorld(t, municipality)
	college := w.members[0]
	college.hireOfficer()
	other := family(t)
	var err error
	if other.People[0].BSN, err = exchange.ParseBSN("999992338"); err != nil {
		t.Fatal(err)
	}
	mine, err := college.node.OpenCase(t.Context(), requester, family(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := college.node.OpenCase(t.Context(), requester, other); err != nil {
		t.Fatal(err)
	}
	byName := college.granted(sought(t, "", "D. Proefstra", "1987-03-14"), exchange.Ruling{Outcome: exchange.Granted})
	if _, err := college.node.ReportAccess(t.Context(), officer, byName.ID, false); !errors.Is(err, &exchange.Refusal{Code: exchange.SeveralPersons}) {
		t.Errorf("by name: %v", err)
	}
	both := college.granted(sought(t, testNumber, "D. Proefstra", "1987-03-14"), exchange.Ruling{Outcome: exchange.Granted})
	r, err := college.node.ReportAccess(t.Context(), officer, both.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Accounts {
		if a.Kind == exchange.CaseAccount && a.ID != mine.ID {
			t.Errorf("a case of somebody else is in the report: %s", a.ID)
		}
	}
	if len(r.Accounts) != 2 { // his case, and what he asked before by name
		t.Errorf("%d accounts", len(r.Accounts))
	}
}

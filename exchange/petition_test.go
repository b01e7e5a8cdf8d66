package exchange

import (
	"testing"
	"time"
)

var privacyOfficer = Actor{ID: "d.smit", Hat: "investigation", Roles: []Grant{{Role: PrivacyOfficer, Capacity: "investigation"}}}

// petition is one of this kind that came in on a day and was opened there and then.
func petition(t *testing.T, kind PetitionKind, received string) Petition {
	t.Helper()
	p, event, err := OpenPetition(Petition{
		ID: "0193a0b0-0000-7000-8000-0000000000aa", Own: PartyID{college.OIN, "investigation"}, Kind: kind, Received: on(received),
		Person:   Sought{Name: Hide("J. Fictief"), Born: Hide("1980-02-29")},
		Identity: ProofDocument, Asked: Hide("wat hebben jullie van mij?"),
	}, college, requester, on(received).Add(9*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if event.Kind != PetitionOpened || event.By != requester.ID || event.Detail.Code != string(kind) {
		t.Errorf("the event is %+v", event)
	}
	return p
}

// Art. 12(3) GDPR: a month, also where the next one has no such day, and two more
// where the person was told why in that month. The last day still counts.
func TestPetitionDeadline(t *testing.T) {
	for _, c := range []struct{ received, due, longer string }{
		{"2027-01-31", "2027-02-28", "2027-04-30"},
		{"2028-01-31", "2028-02-29", "2028-04-30"},
		{"2026-11-30", "2026-12-30", "2027-02-28"},
		{"2027-02-28", "2027-03-28", "2027-05-28"},
		{"2026-12-15", "2027-01-15", "2027-03-15"},
	} {
		p := petition(t, AccessPetition, c.received)
		if !p.Due().Equal(on(c.due)) {
			t.Errorf("received %s: due %s, want %s", c.received, p.Due().Format(time.DateOnly), c.due)
		}
		last := on(c.due).Add(24*time.Hour - time.Second)
		if p.Overdue(last) || !p.Overdue(last.Add(time.Second)) {
			t.Errorf("received %s: the day itself must count, and the next not", c.received)
		}
		longer, event, err := p.Extend(Hide("het zijn veel dossiers"), on(c.due), privacyOfficer, last)
		if err != nil || !longer.Due().Equal(on(c.longer)) || event.Detail.Due != c.longer {
			t.Errorf("received %s: extended to %s, %+v, %v; want %s", c.received, longer.Due().Format(time.DateOnly), event, err, c.longer)
		}
		_, _, err = p.Extend(Hide("het zijn veel dossiers"), on(c.due), privacyOfficer, last.Add(time.Second))
		wantRefusal(t, "extended after the month", err, ExtensionTooLate)
		_, _, err = longer.Extend(Hide("nog meer"), on(c.due), privacyOfficer, last)
		wantRefusal(t, "extended twice", err, PetitionClosed)
		if _, event, err = p.Decide(Ruling{Outcome: Granted}, privacyOfficer, last.Add(time.Second)); err != nil || !event.Detail.Late {
			t.Errorf("decided a second too late: %+v, %v", event, err)
		}
		if _, event, err = p.Decide(Ruling{Outcome: Granted}, privacyOfficer, last); err != nil || event.Detail.Late {
			t.Errorf("decided on the last day: %+v, %v", event, err)
		}
	}
}

func TestPetitionRules(t *testing.T) {
	at := on("2026-11-20").Add(time.Hour)
	for _, c := range []struct {
		rule   string
		change func(*Petition)
		code   Code
	}{
		{"a kind that does not exist", func(p *Petition) { p.Kind = "portability" }, BadPetition},
		{"nobody looked who asks", func(p *Petition) { p.Identity = "" }, BadPetition},
		{"no day", func(p *Petition) { p.Received = time.Time{} }, BadPetition},
		{"a day that is still to come", func(p *Petition) { p.Received = on("2026-11-21") }, BadPetition},
		{"a year that is wrong", func(p *Petition) { p.Received = on("2025-11-01") }, BadPetition},
		{"nothing asked", func(p *Petition) { p.Asked = Hide(" ") }, ReasonMissing},
		{"the number in the text", func(p *Petition) { p.Asked = Hide("mijn nummer is 9999.93.847.") }, NumberInText},
		{"a number and a year", func(p *Petition) { p.Asked = Hide("999993847 1987") }, NumberInText},
		{"nobody", func(p *Petition) { p.Person = Sought{} }, BadSubject},
		{"a birthday that is none", func(p *Petition) { p.Person.Born = Hide("31-12-1980") }, BadSubject},
	} {
		p := Petition{
			ID: "0193a0b0-0000-7000-8000-0000000000aa", Own: PartyID{college.OIN, "investigation"}, Kind: AccessPetition, Received: on("2026-11-20"),
			Person: Sought{Name: Hide("J. Fictief"), Born: Hide("1980-02-29")}, Identity: ProofDigiD, Asked: Hide("bel 06-12345678 of 010-1234567"),
		}
		if _, _, err := OpenPetition(p, college, requester, at); err != nil {
			t.Fatal(err)
		}
		c.change(&p)
		_, _, err := OpenPetition(p, college, requester, at)
		wantRefusal(t, c.rule, err, c.code)
	}
}

// Memorandum §6.2.4: nothing is refused without a ground and an explicit weighing.
func TestRefusalIsWeighed(t *testing.T) {
	why := Hide("het bewaren is nodig voor de zaak bij de rechtbank")
	for _, c := range []struct {
		rule string
		kind PetitionKind
		Ruling
		code Code
	}{
		{"refused without a ground", ErasurePetition, Ruling{Outcome: PetitionDenied, Weighing: why}, BadPetition},
		{"refused without a weighing", ErasurePetition, Ruling{Outcome: PetitionDenied, Ground: LegalClaim}, ReasonMissing},
		{"partly without a weighing", ErasurePetition, Ruling{Outcome: PartlyGranted, Ground: LegalClaim, Weighing: Hide("\t")}, ReasonMissing},
		{"a ground of another right", AccessPetition, Ruling{Outcome: PetitionDenied, Ground: LegalClaim, Weighing: why}, BadPetition},
		{"granted, with a ground", ErasurePetition, Ruling{Outcome: Granted, Ground: LegalClaim, Weighing: why}, BadPetition},
		{"no outcome", ErasurePetition, Ruling{Weighing: why}, BadPetition},
		{"parts of what is no report", ErasurePetition, Ruling{Outcome: PartlyGranted, Ground: LegalClaim, Weighing: why, Without: []Part{PartNotes}}, BadPetition},
		{"all granted, and parts left out", AccessPetition, Ruling{Outcome: Granted, Without: []Part{PartNotes}}, BadPetition},
		{"a part that is always left out", AccessPetition, Ruling{Outcome: PartlyGranted, Ground: RightsOfOthers, Weighing: why, Without: []Part{PartStaff}}, BadPetition},
	} {
		_, _, err := petition(t, c.kind, "2026-11-20").Decide(c.Ruling, privacyOfficer, noon)
		wantRefusal(t, c.rule, err, c.code)
	}
	p := petition(t, ErasurePetition, "2026-11-20")
	_, _, err := p.Decide(Ruling{Outcome: Granted}, requester, noon)
	wantRefusal(t, "decided by a requester", err, ActorMayNot)
	p, event, err := p.Decide(Ruling{Outcome: PetitionDenied, Ground: LegalClaim, Weighing: why}, privacyOfficer, noon)
	if err != nil || event.Kind != PetitionDecided || event.Detail.Code != string(PetitionDenied) || p.Overdue(noon.AddDate(1, 0, 0)) {
		t.Errorf("decided: %+v, %v", event, err)
	}
	_, _, err = p.Decide(Ruling{Outcome: Granted}, privacyOfficer, noon)
	wantRefusal(t, "decided twice", err, PetitionClosed)
	_, err = p.Export(false, 1, privacyOfficer, noon)
	wantRefusal(t, "a report on what is no request for access", err, BadPetition)
}

func TestExportNeedsItsDecision(t *testing.T) {
	p := petition(t, AccessPetition, "2026-11-20")
	_, err := p.Export(false, 1, privacyOfficer, noon)
	wantRefusal(t, "before the decision", err, NotGranted)
	if event, err := p.Export(true, 2, privacyOfficer, noon); err != nil || event.Detail.Code != "draft" || event.Detail.Count != 2 {
		t.Errorf("a draft: %+v, %v", event, err)
	}
	_, err = p.Export(true, 1, requester, noon)
	wantRefusal(t, "a draft by a requester", err, ActorMayNot)
	refused, _, err := p.Decide(Ruling{Outcome: PetitionDenied, Ground: NotIdentified, Weighing: Hide("geen bewijs")}, privacyOfficer, noon)
	if err != nil {
		t.Fatal(err)
	}
	_, err = refused.Export(false, 1, privacyOfficer, noon)
	wantRefusal(t, "after a refusal", err, NotGranted)
	granted, _, err := p.Decide(Ruling{Outcome: Granted}, privacyOfficer, noon)
	if err != nil {
		t.Fatal(err)
	}
	_, err = granted.Export(true, 1, privacyOfficer, noon)
	wantRefusal(t, "a draft of what is decided", err, PetitionClosed)
	_, err = granted.Export(false, 1, requester, noon)
	wantRefusal(t, "by a requester", err, ActorMayNot)
	if event, err := granted.Export(false, 3, privacyOfficer, noon); err != nil || event.Kind != Exported || event.Detail.Count != 3 {
		t.Errorf("%+v, %v", event, err)
	}
}

// From the decision on, two years; while nothing is decided it does not run.
func TestKeepPetition(t *testing.T) {
	p := petition(t, AccessPetition, "2026-11-20")
	if k := KeepPetition(p, nil); !k.Due.IsZero() || len(k.Waits) != 1 || k.Waits[0] != PetitionAnswered {
		t.Errorf("open: %+v", k)
	}
	p, _, err := p.Decide(Ruling{Outcome: Granted}, privacyOfficer, noon)
	if err != nil {
		t.Fatal(err)
	}
	if k := KeepPetition(p, nil); !k.Due.Equal(on("2028-11-23")) {
		t.Errorf("decided: %+v", k)
	}
	if k := KeepPetition(p, Terms{Petitioned.Article: 6}); !k.Due.Equal(on("2027-05-23")) {
		t.Errorf("the shortest: %+v", k)
	}
	if err := testLaw(t).CheckTerms(Terms{Petitioned.Article: 5}); err == nil {
		t.Error("shorter than the time in which a person can go to court")
	}
}

func TestSearchRules(t *testing.T) {
	bsn, err := ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	byNumber, byName := Sought{BSN: bsn}, Sought{Name: Hide("J. Fictief"), Born: Hide("1980-02-29")}
	administrator := Actor{ID: "e.beheer", Hat: "investigation", Roles: []Grant{{Role: Administrator, Capacity: "investigation"}}}
	landlord := Actor{ID: "b.devries", Hat: "housing", Roles: []Grant{{Role: Professional, Capacity: "housing"}}}
	for _, c := range []struct {
		rule string
		who  Sought
		why  SearchReason
		own  Party
		by   Actor
		code Code
	}{
		{"I6: by number in a capacity that may not have it", byNumber, SearchForCase, housing, landlord, BSNNotAllowed},
		{"without a reason", byName, "", college, requester, ReasonMissing},
		{"with a reason that does not exist", byName, "curious", college, requester, ReasonMissing},
		{"a check by who is no privacy officer", byName, SearchForCheck, college, requester, ActorMayNot},
		{"by an administrator", byName, SearchForCase, college, administrator, ActorMayNot},
		{"for everybody", Sought{}, SearchForCase, college, requester, BadSubject},
		{"by name only", Sought{Name: Hide("J. Fictief")}, SearchForCase, college, requester, BadSubject},
	} {
		_, err := Search(c.who, c.why, c.own, c.by, "p", 0, noon)
		wantRefusal(t, c.rule, err, c.code)
	}
	event, err := Search(byNumber, SearchForCheck, college, privacyOfficer, "p", 2, noon)
	if err != nil || event.Kind != Searched || event.Exchange != "" || event.Detail.Person != "p" || event.Detail.Count != 2 || event.Detail.Code != "check" {
		t.Errorf("%+v, %v", event, err)
	}
	if event, err = Search(byName, SearchForRequest, housing, landlord, "p", 0, noon); err != nil || event.Own.Capacity != "housing" {
		t.Errorf("%+v, %v", event, err)
	}
}

package server_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluis/api"
)

const officer = "d.smit"

// A person is looked for, asks for access, and gets what is held of him: all of it
// by the contract, and his number nowhere but in bodies.
func TestPersonOverTheAPI(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx := t.Context()
	hired := api.Employee{ID: officer, Name: "Fictief Persoon", Roles: []api.Grant{{Role: api.PrivacyOfficer, Capacity: "investigation"}}}
	if _, err := w.college.client.AddStaff(ctx, hired); err != nil {
		t.Fatal(err)
	}
	asked, err := w.college.client.Ask(ctx, by(requester), w.asked())
	if err != nil {
		t.Fatal(err)
	}
	w.wait(w.probation, asked.ID, api.InWeighing)
	w.weighed(asked.ID)
	if _, err := w.probation.client.Decide(ctx, by(professional), asked.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	w.wait(w.college, asked.ID, api.Answered)

	who := api.Sought{BSN: testBSN}
	found, err := w.college.client.SearchPerson(ctx, by(requester), api.Search{Person: who, Reason: api.SearchForCase})
	if err != nil || len(found.Cases) != 1 || len(found.Requests) != 1 || len(found.Petitions) != 0 {
		t.Fatalf("found %+v, %v", found, err)
	}
	day := time.Now().UTC().Format(time.DateOnly)
	p, err := w.college.client.OpenPetition(ctx, by(requester), api.NewPetition{
		Kind: api.PetitionAccess, Person: who, Received: day, Identity: api.ProofDigiD, Asked: "wat hebben jullie van mij?",
	})
	if err != nil {
		t.Fatal(err)
	}
	within := 7
	if soon, err := w.college.client.Petitions(ctx, api.ListPetitionsParams{Within: &within}); err != nil || len(soon) != 0 {
		t.Errorf("due within a week: %+v, %v", soon, err)
	}
	if open, err := w.college.client.Petitions(ctx, api.ListPetitionsParams{}); err != nil || len(open) != 1 || open[0].ID != p.ID || open[0].Due != p.Due {
		t.Errorf("open: %+v, %v", open, err)
	}
	extended, err := w.college.client.ExtendPetition(ctx, by(officer), p.ID, api.Extension{Why: "er zijn veel dossiers", Told: day})
	if err != nil || !extended.Extended || extended.Due <= p.Due {
		t.Errorf("extended: %+v, %v", extended, err)
	}
	wantCode := func(what string, err error, code string) {
		t.Helper()
		var problem *api.Problem
		if !errors.As(err, &problem) || problem.Code != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	if draft, err := w.college.client.ReportAccess(ctx, by(officer), p.ID, true); err != nil || !draft.Access.Draft {
		t.Errorf("a draft: %v, %v", draft.Access.Draft, err)
	}
	_, err = w.college.client.ReportAccess(ctx, by(officer), p.ID, false)
	wantCode("a report before the decision", err, "access-not-granted")
	_, err = w.college.client.DecidePetition(ctx, by(officer), p.ID, api.Ruling{Outcome: api.PetitionPartly, Ground: api.RightsOfOthers, Without: []api.Part{api.PartMotives}})
	wantCode("without a weighing", err, "reason-missing")
	_, err = w.college.client.DecidePetition(ctx, by(officer), p.ID, api.Ruling{Outcome: api.PetitionGranted, Weighing: "nummer " + testBSN})
	wantCode("a number in the text", err, "number-in-text")
	if _, err = w.college.client.DecidePetition(ctx, by(officer), p.ID, api.Ruling{
		Outcome: api.PetitionPartly, Ground: api.RightsOfOthers, Weighing: "de reden gaat over een ander", Without: []api.Part{api.PartMotives},
	}); err != nil {
		t.Fatal(err)
	}
	seen, err := w.college.client.ViewPetition(ctx, by(officer), p.ID)
	if err != nil || seen.Extension == nil || seen.Ruling == nil || seen.Ruling.By != officer || seen.Person.BSN != testBSN || seen.Identity != api.ProofDigiD {
		t.Errorf("seen %+v, %v", seen, err)
	}

	r, err := w.college.client.ReportAccess(ctx, by(officer), p.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	if r.Access.Draft || len(r.Access.Accounts) != 2 || r.Access.Form != "sluis-inzage/1" || len(r.Access.Without) != 3 || !bytes.HasPrefix(r.PDF, []byte("%PDF")) {
		t.Fatalf("the report: %+v, a file of %d bytes", r.Access, len(r.PDF))
	}
	account := r.Access.Accounts[1]
	if account.Kind != api.AccountAsked || account.Facts[0].Value != "meldplicht tot en met maart" || account.Specific != "" || account.Facts[0].Why != "" ||
		len(account.Passages) != 2 || account.Passages[1].FromName != "reclassering Noord" || account.Keep.Article == "" {
		t.Errorf("the account: %+v", account)
	}
	kept, err := w.college.client.Terms(ctx, 36500)
	if err != nil || len(kept) != 3 {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	if log := w.college.log.String(); strings.Contains(log, testBSN) || strings.Contains(log, "Fictief") {
		t.Error("the log holds what is personal")
	}
}

// There is no door by which a number comes in a URL, and no search without a
// reason.
func TestPersonInput(t *testing.T) {
	w := newWorld(t)
	w.ready()
	as := http.Header{"Sluis-Medewerker": {requester}, "Content-Type": {"application/json"}}
	for _, c := range []struct{ name, path, body string }{
		{"a number in a query", "/v1/zoekopdrachten?bsn=" + testBSN, `{"persoon":{"bsn":"` + testBSN + `"},"reden":"casus"}`},
		{"no reason", "/v1/zoekopdrachten", `{"persoon":{"bsn":"` + testBSN + `"}}`},
		{"a reason in words", "/v1/zoekopdrachten", `{"persoon":{"bsn":"` + testBSN + `"},"reden":"zomaar"}`},
		{"a number that fails the eleven-test", "/v1/zoekopdrachten", `{"persoon":{"bsn":"123456789"},"reden":"casus"}`},
		{"nobody", "/v1/zoekopdrachten", `{"persoon":{},"reden":"casus"}`},
		{"no identification", "/v1/betrokkenenverzoeken", `{"soort":"inzage","persoon":{"bsn":"` + testBSN + `"},"ontvangenOp":"2026-11-20","vraag":"x"}`},
	} {
		if got := w.raw(w.college, http.MethodPost, c.path, as, c.body); got.status != http.StatusBadRequest || strings.Contains(got.body, testBSN) {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
	}
}

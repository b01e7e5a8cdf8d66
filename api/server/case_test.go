package server_test

import (
	"errors"
	"slices"
	"testing"

	"sluis/api"
)

// A case from its trigger to its end, with the people whom it concerns.
func TestCase(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx, client := t.Context(), w.college.client
	n := casus()
	sister := api.CasePerson{Standing: api.StandingFamily, BSN: "999990482", Name: "G. Fictief", Born: "1990-01-02", Address: "Sluisweg 12"}
	n.People = append(n.People, sister, api.CasePerson{Standing: api.StandingUnborn, Name: "kind van F. Fictief", Born: "2027-02-01", Address: "Sluisweg 12"})
	opened, err := client.OpenCase(ctx, by(requester), n)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Trigger != "client-request" || opened.People != 3 || opened.Own != "00000099000001001000:investigation" || opened.Opened.IsZero() || !opened.Closed.IsZero() {
		t.Errorf("opened %+v", opened)
	}
	sister.Agreed = n.Trigger.On
	if changed, err := client.Admit(ctx, by(requester), opened.ID, sister); err != nil || changed.People != 3 {
		t.Fatalf("who agrees is the same person: %+v, %v", changed, err)
	}
	seen, err := client.ViewCase(ctx, by(requester), opened.ID)
	if err != nil {
		t.Fatal(err)
	}
	n.People[1] = sister
	for i, p := range n.People {
		p.Number = i + 1
		if seen.People[i] != p {
			t.Errorf("person %d reads %+v, want %+v", i+1, seen.People[i], p)
		}
	}
	if seen.By != requester || seen.Case.ID != opened.ID || seen.Trigger.On != n.Trigger.On || !slices.Equal(seen.Trigger.Scope, n.Trigger.Scope) ||
		!slices.Equal(seen.Trigger.Statements, n.Trigger.Statements) {
		t.Errorf("the case reads %+v", seen)
	}
	closed, err := client.CloseCase(ctx, by(requester), opened.ID)
	if err != nil || closed.Closed.IsZero() {
		t.Fatalf("closed %+v, %v", closed, err)
	}
	q := question()
	q.Case = opened.ID
	for what, try := range map[string]func() error{
		"asked":  func() error { _, err := client.Ask(ctx, by(requester), q); return err },
		"opened": func() error { _, err := client.Admit(ctx, by(requester), opened.ID, n.People[0]); return err },
		"closed": func() error { _, err := client.CloseCase(ctx, by(requester), opened.ID); return err },
	} {
		if err := try(); !errors.Is(err, &api.Problem{Code: "case-closed"}) {
			t.Errorf("%s in a case that is closed: %v", what, err)
		}
	}
	w.caseEntries(opened.ID, "case-opened", "case-changed", "viewed", "case-closed")
}

// caseEntries compares the kinds of the ledger entries about a case.
func (w *world) caseEntries(id string, want ...string) {
	w.t.Helper()
	var kinds []string
	for from := uint64(0); ; {
		page, err := w.college.client.Entries(w.t.Context(), from, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page.Entries {
			if e.Exchange == id {
				kinds = append(kinds, e.Kind)
			}
		}
		if from = page.Next; from == 0 {
			break
		}
	}
	if !slices.Equal(kinds, want) {
		w.t.Errorf("the ledger says %v, want %v", kinds, want)
	}
}

// The list of cases goes by pages, and shows nothing personal.
func TestCasePages(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx, client := t.Context(), w.college.client
	want := map[string]bool{}
	for range 5 {
		want[w.asked().Case] = true
	}
	got := map[string]bool{}
	for cursor, pages := "", 1; ; pages++ {
		page, err := client.Cases(ctx, api.ListCasesParams{Limit: 2, Cursor: cursor})
		if err != nil || len(page.Cases) > 2 || pages > 3 {
			t.Fatalf("page %d: %+v, %v", pages, page, err)
		}
		for _, c := range page.Cases {
			got[c.ID] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d cases on the pages, %d were opened", len(got), len(want))
	}
}

// Art. 5.4.4(6), the hats: who works in two capacities says in which he acts,
// and sees in one nothing of the other.
func TestHats(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx, client := t.Context(), w.college.client
	both := api.Employee{ID: "d.both", Name: "Fictief Persoon", Roles: []api.Grant{
		{Role: api.Requester, Capacity: "investigation"}, {Role: api.Coordinator, Capacity: "coordination", Regime: api.YouthAct},
	}}
	if made, err := client.AddStaff(ctx, both); err != nil || made.Roles[1].Regime != api.YouthAct || made.Roles[0].Regime != "" {
		t.Fatalf("made %+v, %v", made, err)
	}
	none, investigator, coordinator := by("d.both"), api.By{Staff: "d.both", Hat: "investigation"}, api.By{Staff: "d.both", Hat: "coordination"}
	if _, err := client.OpenCase(ctx, none, casus()); !errors.Is(err, &api.Problem{Code: "hat-missing"}) {
		t.Errorf("without a hat: %v", err)
	}
	if _, err := client.OpenCase(ctx, coordinator, casus()); !errors.Is(err, &api.Problem{Code: "trigger-not-for-task"}) {
		t.Errorf("under the other hat: %v", err)
	}
	opened, err := client.OpenCase(ctx, investigator, casus())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ViewCase(ctx, coordinator, opened.ID); !errors.Is(err, &api.Problem{Code: "wrong-hat"}) {
		t.Errorf("the case seen under the other hat: %v", err)
	}
	q := question()
	q.Case = opened.ID
	if _, err := client.Ask(ctx, coordinator, q); err == nil {
		t.Error("a request in a capacity whose hat is not worn")
	}
	// The capacity of the request stands for the hat where that is left out.
	asked, err := client.Ask(ctx, none, q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Open(ctx, coordinator, asked.ID); !errors.Is(err, &api.Problem{Code: "wrong-hat"}) {
		t.Errorf("the request opened under the other hat: %v", err)
	}
	for hat, want := range map[string]int{"": 1, "investigation": 1, "coordination": 0} {
		requests, err := client.Requests(ctx, api.Query{Hat: hat})
		if err != nil || len(requests.Requests) != want {
			t.Errorf("under the hat %q: %d requests, %v; want %d", hat, len(requests.Requests), err, want)
		}
		cases, err := client.Cases(ctx, api.ListCasesParams{Hat: hat})
		if err != nil || len(cases.Cases) != want {
			t.Errorf("under the hat %q: %d cases, %v; want %d", hat, len(cases.Cases), err, want)
		}
	}
	for id, want := range map[string]int{opened.ID: 1, asked.ID: 0} {
		page, err := client.Requests(ctx, api.Query{Case: id})
		if err != nil || len(page.Requests) != want {
			t.Errorf("in the case %s: %d requests, %v; want %d", id, len(page.Requests), err, want)
		}
	}
}

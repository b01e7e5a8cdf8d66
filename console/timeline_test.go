package console_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/testnet"
)

// The page of a case shows how each request in it goes, in a picture and in a table:
// what was answered, what waits, and what somebody wants explained.
func TestCaseTimeline(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := startTown(t, testnet.Config{
		Members: testnet.Members("municipality", "debt-help", "housing", "youth-care"),
		Now:     func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	ctx, by := t.Context(), api.By{Staff: "i.dewit", Hat: "investigation"}
	college := w.client("municipality")
	about := proefCase("debts")
	about.Trigger.Scope = []string{"debts", "housing", "youth-care"}
	c, err := college.OpenCase(ctx, by, about)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(party, item string) string {
		t.Helper()
		m, _ := w.net.Member(party)
		asked := proefRequest(c.ID, string(m.Party.OIN)+":"+string(m.Party.Capacities[0].Code), api.AskedItem{Code: item, Depth: "dat", Why: "om het plan af te stemmen"})
		if party == "housing" {
			asked.Statements = append(asked.Statements, api.Statement{Code: "beyond-social-domain", Text: "zonder huis helpt geen plan"})
		}
		r, err := college.Ask(ctx, by, asked)
		if err != nil {
			t.Fatal(err)
		}
		other := w.client(party)
		for range 400 {
			if got, err := other.Request(ctx, r.ID, ""); err == nil && got.Phase == api.InWeighing {
				return string(r.ID)
			}
			time.Sleep(25 * time.Millisecond)
		}
		t.Fatal("the request did not arrive")
		return ""
	}
	days := func(n int) { ahead.Add(int64(n) * int64(24*time.Hour)) }
	first := ask("debt-help", "debt-help-running")
	days(3)
	second := ask("housing", "tenancy")
	days(4)
	if _, err := w.client("debt-help").Decide(ctx, api.By{Staff: "r.hoek"}, first, api.NewDecision{Items: []api.DecidedItem{{Code: "debt-help-running", Outcome: api.Supply, Depth: "dat", Value: "er loopt hulp"}}}); err != nil {
		t.Fatal(err)
	}
	w.answered(first, api.Answered)
	days(2)
	ask("youth-care", "youth-help-running")
	days(3)
	m, _ := w.net.Member("housing")
	if _, err := w.client("housing").Question(ctx, api.By{Staff: string(m.Staff[0].ID)}, second, "welk adres bedoel je?"); err != nil {
		t.Fatal(err)
	}
	w.answered(second, api.Clarifying)

	b := open(t, program(t))
	b.visit(w.door("municipality", "i.dewit", exchange.Requester))
	b.press(`td.sluis-act a`)
	b.shot("timeline")
	if n := js[int](b, `document.querySelectorAll("figure svg rect").length`); n != 3 {
		t.Errorf("%d requests are drawn, want 3", n)
	}
	told := js[string](b, `document.querySelector("figure svg desc").textContent`)
	for _, want := range []string{"beantwoord", "wil uitleg", "wacht op antwoord", "schuldhulp Uit de Schuld"} {
		if !strings.Contains(told, want) {
			t.Errorf("the picture does not tell %q: %s", want, told)
		}
	}
	if faint := js[string](b, faintDrawing); faint != "" {
		t.Error(faint)
	}
	b.press(`a[href$="/brief"]`)
	b.shot("letter")
	b.wants("Wij kregen:")
}

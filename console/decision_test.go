package console_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/testnet"
)

// A town is a test network with what a test asks in it.
type town struct {
	t   testing.TB
	net *testnet.Net
}

func newTown(t testing.TB, parties ...string) *town {
	t.Helper()
	return startTown(t, testnet.Config{Members: testnet.Members(parties...)})
}

func startTown(t testing.TB, c testnet.Config) *town {
	t.Helper()
	c.Dir, c.Log = t.TempDir(), slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	n, err := testnet.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return &town{t, n}
}

// door is the link that signs somebody in.
func (w *town) door(party, staff string, role exchange.Role) string {
	w.t.Helper()
	for _, d := range w.net.Doors(party) {
		if string(d.Staff) == staff && d.Role == role {
			return d.URL
		}
	}
	w.t.Fatalf("nobody called %s works at %s as %s", staff, party, role)
	return ""
}

// base is where the console of a party stands.
func (w *town) base(party string) string {
	w.t.Helper()
	u, err := url.Parse(w.net.Doors(party)[0].URL)
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host
}

func (w *town) client(party string) *api.Client {
	c := api.Dial(w.net.Socket(party))
	w.t.Cleanup(c.Close)
	return c
}

// asks lets the municipality ask a party for items, and returns when the request
// has arrived.
func (w *town) asks(party string, items ...api.AskedItem) string {
	w.t.Helper()
	id := w.sends(party, items...)
	other := w.client(party)
	for range 400 {
		if got, err := other.Request(w.t.Context(), id, ""); err == nil && got.Phase == api.InWeighing {
			return id
		}
		time.Sleep(25 * time.Millisecond)
	}
	w.t.Fatal("the request did not arrive")
	return ""
}

// sends lets the municipality ask a party for items, which may be down.
func (w *town) sends(party string, items ...api.AskedItem) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	m, ok := w.net.Member(party)
	if !ok {
		w.t.Fatalf("no party %s", party)
	}
	capacity := m.Party.Capacities[0]
	by := api.By{Staff: "i.dewit", Hat: "investigation"}
	client := w.client("municipality")
	c, err := client.OpenCase(ctx, by, proefCase(string(capacity.Domain)))
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := client.Ask(ctx, by, proefRequest(c.ID, string(m.Party.OIN)+":"+string(capacity.Code), items...))
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}

// proefCase is a case about one invented person.
func proefCase(domain string) api.NewCase {
	return api.NewCase{
		Trigger: api.Trigger{Code: "client-request", On: time.Now().UTC().Format(time.DateOnly), Scope: []string{domain}, Statements: []api.Statement{
			{Code: "act", Text: "participatiewet"}, {Code: "suspicion", Text: "client-said"}, {Code: "coherence", Text: "without work the debts grow"},
		}},
		People: []api.CasePerson{{Standing: "client", BSN: "999993847", Name: "D. Proefstra", Born: "1987-03-14", Address: "Sluisweg 12, Voorbeeldstad"}},
	}
}

// proefRequest asks for items about the person of a case.
func proefRequest(in api.ID, to string, items ...api.AskedItem) api.NewRequest {
	return api.NewRequest{
		Capacity: "investigation", To: to, Purpose: "investigation/client-request", Case: in, Person: 1,
		Specific:   "een plan maken voor hulp thuis, samen met de inwoner",
		Statements: []api.Statement{{Code: "question", Text: "running"}, {Code: "why-this-party", Text: "hij vertelde dat hij daar komt"}},
		Items:      items, Involvement: api.Involvement{State: "in-samenspraak"}, Contact: "Iris de Wittebrug, 06-00000000",
	}
}

// A decision without professional secrecy takes at most four pages and eight
// required actions (the measure of issue 6, after the Verwijsindex).
func TestDecisionWithoutSecrecy(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help",
		api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om het plan op het traject af te stemmen"},
		api.AskedItem{Code: "debt-total", Depth: "inhoud", Why: "om te zien of er ruimte is"})
	p := program(t)
	b := open(t, p)
	b.visit(w.door("debt-help", "r.hoek", exchange.Professional))
	b.reset()
	b.wants("Werkbak")
	b.shot("inbox")
	b.press(`a[href="/werkbak/` + id + `"]`)
	b.shot("request")
	if high := js[int](b, "document.documentElement.scrollHeight"); high > 768 {
		t.Errorf("what is asked takes %d pixels, and a screen has 768", high)
	}
	b.press(`.sluis-buttons a`)
	b.sees(`[name="waarde.debt-help-running"]`, false)
	b.pick("#b-debt-help-running-process")
	b.sees(`[name="waarde.debt-help-running"]`, true)
	b.sees(`[name="grond.debt-help-running"]`, false)
	b.write(`[name="waarde.debt-help-running"]`, "traject sinds mei, tot april")
	b.pick("#b-debt-total-nee")
	b.choose(`[name="grond.debt-total"]`, "less-serves")
	b.shot("decide")
	b.press(`button[value="controle"]`)
	b.wants("traject sinds mei, tot april")
	b.shot("preview")
	b.press(`form button.utrecht-button--primary-action`)
	if b.pages-1 > 4 || b.actions > 8 {
		t.Errorf("%d pages and %d actions until the decision, want at most 4 and 8", b.pages-1, b.actions)
	}
	b.wants("Je besluit is vastgelegd")
	b.shot("done")
	w.answered(id, api.Answered)
	a := open(t, p)
	a.visit(w.door("municipality", "i.dewit", exchange.Requester))
	a.press(`td.sluis-act a`)
	a.press(`td.sluis-act a`)
	a.wants("traject sinds mei, tot april")
	a.shot("answer")
}

// answered waits until the asker has the answer.
func (w *town) answered(id string, phase api.Phase) {
	w.t.Helper()
	client := w.client("municipality")
	for range 400 {
		if got, err := client.Request(w.t.Context(), id, ""); err == nil && got.Phase == phase {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	w.t.Fatalf("the asker never saw %s", phase)
}

// Under professional secrecy (art. 5.4.2(2)) without consent: seven steps, at
// most eleven pages, twenty required actions and three required texts of weighing.
func TestDecisionUnderSecrecy(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "youth-care")
	id := w.asks("youth-care", api.AskedItem{Code: "youth-help-running", Depth: "dat", Why: "om geen dubbele hulp te starten"})
	b := open(t, program(t))
	b.visit(w.door("youth-care", "l.terbeek", exchange.Professional))
	b.reset()
	b.press(`a[href="/werkbak/` + id + `"]`)
	if !js[bool](b, `!!document.querySelector('main a[href="/werkbak/`+id+`/besluit"]')`) {
		t.Error("who does not know the person has no short way")
	}
	b.press(`button[name="uitkomst"][value="yes"]`)
	b.shot("weighing")
	b.sees("#waarom", false)
	b.pick("#uitkomst-refused")
	b.sees("#waarom", true)
	b.write("#waarom", "de moeder wil het niet")
	b.press(`.sluis-buttons button`)
	for _, why := range []string{"zonder dit begint er dubbele hulp", "het kind gaat al weken niet naar school"} {
		b.pick("#uitkomst-yes")
		b.write("#waarom", why)
		b.press(`.sluis-buttons button`)
	}
	b.pick("#uitkomst-agrees")
	// The only colleague is filled in already, and so is today.
	b.press(`.sluis-buttons button`)
	b.press(`button[name="uitkomst"][value="yes"]`)
	b.pick("#uitkomst-before")
	b.press(`.sluis-buttons button`)
	weighing := b.texts
	b.pick("#b-youth-help-running-that")
	b.write(`[name="waarde.youth-help-running"]`, "er loopt hulp")
	b.press(`button[value="controle"]`)
	b.press(`form button.utrecht-button--primary-action`)
	if b.pages-1 > 11 || b.actions > 20 || weighing > 3 {
		t.Errorf("%d pages, %d actions, %d texts", b.pages-1, b.actions, weighing)
	}
	t.Logf("%d pages, %d actions, %d texts of weighing", b.pages-1, b.actions, weighing)
	b.wants("Je besluit is vastgelegd")
	w.answered(id, api.Answered)
}

// Nothing of what somebody writes is lost when his session ends in between, and
// nobody else sees it.
func TestSessionEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "youth-care")
	id := w.asks("youth-care", api.AskedItem{Code: "youth-help-running", Depth: "dat", Why: "om geen dubbele hulp te starten"})
	b := open(t, program(t))
	b.check = false
	link := w.door("youth-care", "l.terbeek", exchange.Professional)
	b.visit(link)
	b.press(`a[href="/werkbak/` + id + `"]`)
	b.press(`button[name="uitkomst"][value="yes"]`)
	b.pick("#uitkomst-refused")
	b.write("#waarom", "de moeder wil het niet")
	w.net.EndSessions("youth-care")
	b.press(`.sluis-buttons button`)
	b.wants("Wat je had ingevuld, is bewaard")
	b.visit(link)
	b.wants("Je was uitgelogd")
	if got := js[string](b, `document.querySelector("#waarom").value`); got != "de moeder wil het niet" {
		t.Errorf("the text is %q", got)
	}
	if !js[bool](b, `document.querySelector("#uitkomst-refused").checked`) {
		t.Error("the choice is lost")
	}
	// A colleague who signs in at the same browser gets nothing of it.
	w.net.EndSessions("youth-care")
	b.press(`.sluis-buttons button`)
	b.visit(w.door("youth-care", "k.duin", exchange.Professional))
	if strings.Contains(b.text(), "Je was uitgelogd") || b.path() != "/werkbak" {
		t.Errorf("a colleague sees the form of somebody else, on %s", b.path())
	}
}

package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
)

// A coordinator ends a coordination: he sees what goes back and what may not, and
// when the college has it nothing of the case is left with him.
func TestEndOfCoordination(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	city, debts := w.client("municipality"), w.client("debt-help")
	by := api.By{Staff: "c.maas", Hat: "coordination"}
	college := strings.TrimSuffix(w.party("municipality"), ":investigation") + ":investigation"
	c, err := city.OpenCase(ctx, by, api.NewCase{
		Trigger: api.Trigger{Code: "coordination", On: time.Now().UTC().Format(time.DateOnly), From: college, Statements: []api.Statement{
			{Code: "appointed", Text: "C. Maasdijk, sinds vandaag"}, {Code: "approach-agreed", Text: "agreed"},
		}},
		People: []api.CasePerson{{Standing: "client", BSN: "999993847", Name: "D. Proefstra", Born: "1987-03-14", Address: "Sluisweg 12, Voorbeeldstad"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := program(t)
	b := open(t, p)
	b.visit(w.door("municipality", "c.maas", exchange.Coordinator))
	b.press(`a[href="/casussen/` + c.ID + `"]`)
	b.wants("Overleg organiseren")
	r, err := city.Ask(ctx, by, api.NewRequest{
		Capacity: "coordination", To: w.party("debt-help"), Purpose: "coordination", Case: c.ID, Person: 1, Specific: "de hulp op elkaar afstemmen",
		Statements:  []api.Statement{{Code: "why-this-party", Text: "daar loopt het plan"}},
		Items:       []api.AskedItem{{Code: "debt-plan", Depth: "inhoud", Why: "om eromheen te plannen"}, {Code: "debt-creditors", Depth: "dat", Why: "om te weten of er haast is"}},
		Involvement: api.Involvement{State: "in-samenspraak"}, Contact: "Corrie Maasdijk, 06-00000000",
	})
	if err != nil {
		t.Fatal(err)
	}
	b.wants("wacht op antwoord") // by itself

	// While an answer is awaited it does not end.
	b.press(`a[href$="/einde"]`)
	b.wants("Dat kan nu niet")
	b.wants("Trek ze in, of wacht op het antwoord")
	if !js[bool](b, `!!document.querySelector('main a[href="/verzoeken/`+r.ID+`"]')`) {
		t.Error("what waits has no link")
	}
	b.shot("ending-not-now")
	decider := api.By{Staff: "r.hoek", Hat: "debt-help"}
	if _, err := debts.Weigh(ctx, decider, r.ID, api.NewStep{Step: "necessary", Outcome: "yes", Text: "zij stemt af"}); err != nil {
		t.Fatal(err)
	}
	conditions := []api.Condition{{Kind: api.NoOnward, Items: []string{"debt-creditors"}}}
	if _, err := debts.Decide(ctx, decider, r.ID, api.NewDecision{Conditions: &conditions, Items: []api.DecidedItem{
		{Code: "debt-plan", Outcome: api.Supply, Depth: "inhoud", Value: "betaalt elke maand 40 euro"},
		{Code: "debt-creditors", Outcome: api.Supply, Depth: "dat", Value: "er is een schuldeiser"},
	}}); err != nil {
		t.Fatal(err)
	}
	b.press(`a[href="/casussen"]`)
	b.press(`a[href="/casussen/` + c.ID + `"]`)
	b.wants("beantwoord") // by itself
	b.press(`a[href$="/einde"]`)
	b.wants("Plan om schulden af te lossen")
	b.wants("schuldhulp Uit de Schuld vindt niet goed dat dit verder gaat")
	b.press("form.sluis-form button")
	b.wants("Bevestig dat je weet wat verdwijnt")
	b.write("#waarom", "de aanpak is klaar")
	b.pick("#achter-ja")
	b.shot("ending")
	b.press("form.sluis-form button")
	b.wants("De coördinatie is beëindigd")
	for range 400 {
		if _, err := city.ViewCase(ctx, by, c.ID); err != nil {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.press(`a[href="/casussen"]`)
	b.wants("Er loopt nu geen casus")
}

// The people of a case, how long it is kept, and its end: with a reminder where
// nothing starts the term. Who works in another role does none of it.
func TestSideOfACase(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.opens("debts")
	at := "/casussen/" + id
	b := open(t, program(t))
	b.visit(w.door("municipality", "i.dewit", exchange.Requester))
	b.press(`a[href="` + at + `"]`)
	b.press(`a[href$="/personen"]`)
	b.press("form.sluis-form button")
	b.wants("Vul in waarom deze persoon bij de casus hoort")
	b.pick("#wat-family")
	b.write("#waarom", "zij woont daar en heeft dezelfde schulden")
	b.write("#naam", "G. Proefstra")
	b.write("#geboren", "1990-01-02")
	b.write("#adres", "Sluisweg 12, Voorbeeldstad")
	b.shot("people")
	b.press("form.sluis-form button")
	b.wants("zij woont daar en heeft dezelfde schulden")
	b.press(`a[href$="/personen?wie=2"]`)
	b.wants("Dit gezinslid doet mee")
	b.press("form.sluis-form button")
	b.wants("doet mee sinds")

	// A request can be about her.
	asker := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	form := url.Values{
		"doel": {"investigation/client-request"}, "aan": {w.party("debt-help")}, "waarvoor": {"een plan maken"}, "st.question": {"running"}, "st.why-this-party": {"zij vertelde het"},
		"diepte.debt-help-running": {"process"}, "reden.debt-help-running": {"om af te stemmen"}, "weet": {"in-consultation"}, "contact": {"Iris"}, "persoon": {"2"},
	}
	asker.post(at+"/verzoek", form)
	asker.says("G. Proefstra")
	form.Set("actie", "versturen")
	asker.post(at+"/verzoek", form)
	decider := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	request := decider.until("/werkbak", `href="/werkbak/`)
	decider.get("/werkbak/" + request)
	decider.says("G. Proefstra")
	asker.post("/verzoeken/"+request+"/intrekken", nil)

	b.press(`a[href="/casussen"]`)
	b.press(`a[href="` + at + `"]`)
	b.wants("Er loopt niets meer in deze casus")
	b.shot("case-quiet")
	b.press(`.sluis-buttons a[href$="/sluiten"]`)
	b.wants("Nog geen datum")
	b.shot("case-close")
	b.press(`form[action$="/sluiten"] button`)
	b.wants("De bewaartermijn loopt niet")
	b.shot("case-closed")
	b.press(`.sluis-notice a[href$="/momenten"]`)
	b.press("form.sluis-form button")
	b.wants("Kies wat er is gebeurd")
	b.pick("#m-client-informed")
	b.shot("moments")
	b.press("form.sluis-form button")
	b.wants("Wordt gewist op")
	b.shot("case-kept")
	if strings.Contains(b.text(), "De bewaartermijn loopt niet") {
		t.Error("the reminder is still there")
	}

	for _, path := range []string{"", "/personen", "/einde", "/afspraken", "/sluiten"} {
		decider.wantStatus(http.MethodGet, at+path, "", http.StatusNotFound) // he may have cases, and this is none of his
	}
	officer := newWalker(t, w.door("municipality", "p.vink", exchange.PrivacyOfficer))
	officer.wantStatus(http.MethodGet, at+"/momenten", "", http.StatusForbidden)
	coordinator := newWalker(t, w.door("municipality", "c.maas", exchange.Coordinator))
	coordinator.wantStatus(http.MethodPost, at+"/momenten", "", http.StatusForbidden) // it is of another capacity
}

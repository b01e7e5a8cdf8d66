package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sluis/api"
	"sluis/exchange"
)

// The letter tells a person what was asked about him, of whom, and whether it was
// given (arts. 13 and 14 GDPR): not what it says, and nothing about others of the
// case.
func TestLetter(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om af te stemmen"}, api.AskedItem{Code: "debt-total", Depth: "inhoud", Why: "om te zien of er ruimte is"})
	r, err := w.client("municipality").Request(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	at := "/casussen/" + r.Case
	asker := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	asker.post(at+"/personen", url.Values{"wat": {"family"}, "naam": {"K. Broertje"}, "geboren": {"2012-01-02"}, "adres": {"Sluisweg 12, Voorbeeldstad"}, "waarom": {"woont in hetzelfde huis"}})
	asker.get(at + "/brief")
	asker.says("D. Proefstra")
	asker.says("schuldhulp Uit de Schuld")
	asker.says("Er is nog geen antwoord")
	asker.says("Autoriteit Persoonsgegevens")
	if _, err := w.client("debt-help").Decide(t.Context(), api.By{Staff: "r.hoek"}, id, api.NewDecision{Items: []api.DecidedItem{
		{Code: "debt-help-running", Outcome: api.Supply, Depth: "proces", Value: "traject-sinds-mei"}, {Code: "debt-total", Outcome: api.Withhold, Ground: "less-serves"},
	}}); err != nil {
		t.Fatal(err)
	}
	w.answered(id, api.Answered)
	asker.get(at + "/brief")
	asker.says("Wij kregen:")
	asker.refuses("traject-sinds-mei")
	_, brief, _ := strings.Cut(asker.page, "<article")
	if strings.Contains(brief, "Broertje") {
		t.Error("the letter to one names another")
	}
	asker.get(at + "/brief?wie=2")
	asker.says("K. Broertje")
	asker.says("Wij hebben over u niets aan anderen gevraagd")
	asker.refuses("schuldhulp Uit de Schuld")
	asker.wantStatus(http.MethodGet, at+"/brief?wie=3", "", http.StatusNotFound)
	other := newWalker(t, w.door("municipality", "p.vink", exchange.PrivacyOfficer))
	other.wantStatus(http.MethodGet, at+"/brief", "", http.StatusForbidden)
	coordinator := newWalker(t, w.door("municipality", "c.maas", exchange.Coordinator))
	coordinator.get(at + "/brief") // another capacity of the same organisation
	coordinator.refuses("Proefstra")
}

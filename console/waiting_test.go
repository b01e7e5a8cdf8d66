package console_test

import (
	"net/url"
	"testing"

	"sluis/api"
	"sluis/exchange"
)

// Who asked sees in the list and in the navigation that the other wants an
// explanation, and that an answer came, until he has read it. What nobody may have
// is not offered to pass on.
func TestAskerSeesWhatCame(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om af te stemmen"}, api.AskedItem{Code: "debt-total", Depth: "inhoud", Why: "om te zien of er ruimte is"})
	asker := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	decider := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	const count = `class="sluis-count"`
	asker.get("/casussen")
	asker.says("0 van 1")
	asker.refuses(count)
	asker.says("<strong>aanvrager, onderzoeksdossier van het college</strong>")
	decider.says(count)
	decider.post("/werkbak/"+id+"/vraag", url.Values{"vraag": {"welk jaar bedoel je?"}})
	decider.refuses(count)
	asker.until("/casussen", "wil uitleg")
	asker.says(count)
	asker.post("/verzoeken/"+id+"/uitleg", url.Values{"antwoord": {"dit jaar"}})
	asker.get("/casussen")
	asker.refuses(count)
	decider.until("/werkbak/"+id, "dit jaar")
	decider.post("/werkbak/"+id+"/besluit", url.Values{
		"actie": {"controle"}, "besluit.debt-help-running": {"process"}, "waarde.debt-help-running": {"traject sinds mei"}, "besluit.debt-total": {"nee"}, "grond.debt-total": {"less-serves"},
		"vw": {string(exchange.NoOnward)},
	})
	decider.get("/werkbak/" + id)
	decider.says("Wat wordt gevraagd?")
	decider.refuses("Terug naar afgehandelde verzoeken")
	decider.get("/werkbak/" + id + "/controle")
	decider.post("/werkbak/"+id+"/controle", nil)
	decider.says("Je besluit is vastgelegd")
	decider.refuses(count)
	asker.until("/casussen", "nieuw antwoord")
	asker.says("1 van 1")
	decider.until("/werkbak/"+id, "Wat gaven jullie?")
	decider.says("Terug naar afgehandelde verzoeken")
	asker.says(count)
	asker.get("/verzoeken/" + id)
	asker.says(`href="/casussen" aria-current="page"`)
	asker.says("BSN 999993847")
	asker.says("Heb je dit toch nodig? Bel schuldhulp Uit de Schuld: ")
	asker.says("Dit mag je niet doorgeven")
	asker.refuses(`/doorgeven"`)
	asker.get("/casussen")
	asker.refuses("nieuw antwoord")
	asker.refuses(count)
}

// Forms have a way back, the domains stand in groups without the dossiers of the
// college, and nothing shows a raw code of a capacity or a day.
func TestPagesLeadBack(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.opens("debts")
	asker := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	asker.get("/casussen/nieuw?aanleiding=client-request")
	asker.says("Terug naar de casussen")
	asker.says("Wonen en werk</legend>")
	asker.says(`id="d-housing"`)
	asker.refuses(`id="d-investigation"`)
	asker.get("/casussen/" + id)
	asker.says("14 maart 1987")
	asker.refuses("1987-03-14")
	back := `<a href="/casussen/` + id + `">Terug naar de casus</a>`
	asker.get("/casussen/" + id + "/vragen")
	asker.says(back)
	asker.says("Dit staat in artikel 5.4.2, lid 1")
	asker.get("/casussen/" + id + "/verzoek?doel=investigation%2Fclient-request&aan=" + w.party("debt-help"))
	asker.says(back)
	keeper := newWalker(t, w.door("municipality", "b.keers", exchange.Administrator))
	keeper.get("/medewerkers")
	keeper.says("(onderzoeksdossier van het college)")
	keeper.refuses("(investigation)")
}

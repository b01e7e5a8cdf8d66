package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
)

// The reporting desk judges a report and keeps no more of it than the law wants:
// two pages and nine required actions until it is kept. Of what is not taken up
// nothing is kept at all. Then it asks whether somebody is known, and that is
// answered while it looks.
func TestTriage(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "mental-health")
	p := program(t)
	b := open(t, p)
	b.visit(w.door("municipality", "g.tol", exchange.ReportingDesk))
	b.wants("Er zijn geen meldingen")
	client := w.client("municipality")
	size := func() string {
		t.Helper()
		c, err := client.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c.Note
	}
	before := size()
	b.press(`a[href="/meldingen/nieuw"]`)
	b.press(`button[name="ga"]`)
	b.wants("Kies wat er aan de hand is")
	for outcome, text := range map[string]string{
		"acuut": "112", "veilig-thuis": "0800 2000", "wvggz": "Wvggz", "elders": "die gemeente", "advies": "Geef advies",
	} {
		b.pick("#u-" + outcome)
		b.press(`button[name="ga"]`)
		b.wants(text)
		b.wants("Er is niets bewaard")
		if outcome == "acuut" {
			b.shot("triage-outcome")
		}
		b.press(`a[href="/meldingen/nieuw"]`)
	}
	if size() != before {
		t.Error("something was kept of a report that was not taken up")
	}

	b.visit(w.base("municipality") + "/meldingen")
	b.reset()
	b.press(`a[href="/meldingen/nieuw"]`)
	b.shot("triage")
	b.pick("#u-oppakken")
	b.press(`button[name="ga"]`)
	b.write(`[name="st.worries"]`, "praat op straat in zichzelf en is al dagen niet gezien")
	b.write(`[name="st.contact-tried"]`, "twee keer aangebeld deze week, niemand deed open")
	b.write("#naam", "W. Meldinga")
	b.write("#geboren", "1970-06-17")
	b.write("#adres", "Spuikanaal 9, Voorbeeldstad")
	b.shot("triage-report")
	b.press("form.sluis-form button")
	b.wants("De melding is opgeslagen")
	t.Logf("a report: %d pages, %d actions, %d texts", b.pages-2, b.actions, b.texts)
	if b.pages-2 > 2 || b.actions > 9 || b.texts > 5 {
		t.Errorf("a report: %d pages, %d actions, %d texts, want at most 2, 9 and 5", b.pages-2, b.actions, b.texts)
	}
	b.shot("triage-file")
	report := b.path()

	b.reset()
	b.press(`a[href$="/vragen"]`)
	b.press(`a[href*="doel=triage&"], a[href*="doel=triage%26"]`)
	b.write("#waarvoor", "uitzoeken wie de zorgen van een buurman het best kan oppakken")
	b.pick("details.sluis-fold summary")
	b.choose(`[name="diepte.mental-health-known"]`, "that")
	b.write(`[name="reden.mental-health-known"]`, "om te weten of daar iemand contact heeft")
	b.write(`[name="st.mental-health-known.service-choice"]`, "of de melding daarheen gaat of naar bemoeizorg")
	b.choose("#weet", "not-yet-informed")
	b.write("#weet-omdat", "hij doet niet open, bemoeizorg vertelt het hem")
	b.write("#contact", "Gerda Tolhuis, 06-00000000")
	b.press(`button[value="controle"]`)
	b.press(`button[value="versturen"]`)
	t.Logf("asking whether somebody is known: %d pages, %d actions, %d texts", b.pages-2, b.actions, b.texts)
	if b.pages-2 > 3 || b.actions > 13 {
		t.Errorf("asking: %d pages and %d actions, want at most 3 and 13", b.pages-2, b.actions)
	}
	b.wants("wacht op antwoord") // by itself

	// Who would write to him is told first that he does not know yet (arts. 2.3a.1
	// and 5.4.1; memorandum lines 1362-1370, 2420-2427).
	sender := newWalker(t, w.door("municipality", "g.tol", exchange.ReportingDesk))
	sender.get(strings.Replace(report, "/meldingen/", "/casussen/", 1) + "/brief")
	sender.says("De inwoner weet hier nog niet van")
	sender.says("bemoeizorg vertelt het hem")
	if _, brief, _ := strings.Cut(sender.page, "<article"); !strings.Contains(brief, "W. Meldinga") || strings.Contains(brief, "bemoeizorg vertelt") {
		t.Error("the letter is not to him, or says why he was not told")
	}

	decider := newWalker(t, w.door("mental-health", "e.brug", exchange.Professional))
	id := decider.until("/werkbak", `href="/werkbak/`)
	for _, s := range []struct {
		step string
		form url.Values
	}{
		{"enough-information", url.Values{"uitkomst": {"yes"}}},
		{"necessary", url.Values{"uitkomst": {"yes"}, "waarom": {"dan komt de melding bij wie hem kent"}}},
		{"least", url.Values{"uitkomst": {"yes"}}},
		{"client-told", url.Values{"uitkomst": {"after"}, "dag": {time.Now().AddDate(0, 0, 7).Format(time.DateOnly)}, "waarom": {"bij zijn afspraak"}}},
	} {
		decider.post("/werkbak/"+id+"/stap/"+s.step, s.form)
	}
	decider.post("/werkbak/"+id+"/besluit", url.Values{"actie": {"controle"}, "besluit.mental-health-known": {"that"}, "waarde.mental-health-known": {"ja, hier bekend"}})
	decider.post("/werkbak/"+id+"/controle", nil)
	decider.says("Je besluit is vastgelegd")
	b.wants("beantwoord") // by itself
	b.press(`td.sluis-act a`)
	b.wants("ja, hier bekend")
	b.visit(w.base("municipality") + report)
	b.press(`a[href$="/afronden"]`)
	b.press("form.sluis-form button")
	b.wants("Kies wat ermee is gebeurd")
	b.pick("#u-taken-up")
	b.shot("triage-finish")
	b.press("form.sluis-form button")
	b.wants("De melding is afgerond")
	b.press(`a[href="/meldingen"]`)
	b.wants("opgepakt")
	b.shot("triage-list")
}

// The desk works without JavaScript, and nobody else reads its reports.
func TestTriageWithoutScript(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "mental-health")
	desk := newWalker(t, w.door("municipality", "g.tol", exchange.ReportingDesk))
	desk.get("/meldingen/nieuw?uitkomst=elders")
	desk.says("Er is niets bewaard")
	desk.refuses("sluis-notice--warning")
	desk.get("/meldingen/nieuw?uitkomst=acuut")
	desk.says(`sluis-notice--warning`)
	desk.says("<strong>Bel 112.</strong>")
	desk.post("/meldingen/nieuw", url.Values{"naam": {"W. Meldinga"}})
	desk.says("Geef antwoord: Waarover maakt de melder zich zorgen?")
	desk.says(`value="W. Meldinga"`)
	at := desk.post("/meldingen/nieuw", url.Values{"bsn": {"999993483"}, "st.worries": {"is al dagen niet gezien"}, "st.contact-tried": {"aangebeld"}})
	desk.says("De melding is opgeslagen")
	desk.says("is al dagen niet gezien")
	// Who takes it up asks for it, and the person has to agree.
	carer := newWalker(t, w.door("mental-health", "e.brug", exchange.Professional))
	counter := strings.Replace(w.party("municipality"), ":investigation", ":reporting-desk", 1)
	inCase := carer.post("/casussen/nieuw", url.Values{
		"aanleiding": {"takes-up-report"}, "op": {time.Now().UTC().Format(time.DateOnly)}, "van": {counter}, "st.own-part": {"wij gaan er deze week heen"}, "bsn": {"999993483"},
	})
	form := url.Values{
		"doel": {"report-forward"}, "aan": {counter}, "waarvoor": {"om erheen te gaan"}, "diepte.report-question": {"content"}, "reden.report-question": {"om te weten wat er speelt"},
		"weet": {"in-consultation"}, "contact": {"Esra"}, "actie": {"versturen"},
	}
	carer.post(inCase+"/verzoek", form)
	carer.says("Je verzoek is verstuurd")
	id := desk.until("/werkbak", `href="/werkbak/`)
	desk.post("/werkbak/"+id+"/stap/person-agrees", url.Values{"uitkomst": {"agreed"}, "dag": {time.Now().UTC().Format(time.DateOnly)}})
	desk.post("/werkbak/"+id+"/besluit", url.Values{"actie": {"controle"}, "besluit.report-question": {"content"}, "waarde.report-question": {"of er iemand langs kan gaan"}})
	desk.post("/werkbak/"+id+"/controle", nil)
	desk.says("Je besluit is vastgelegd")
	carer.until("/verzoeken/"+id, "of er iemand langs kan gaan")

	desk.wantStatus(http.MethodGet, "/meldingen/nieuw?uitkomst=iets-anders", "", http.StatusNotFound)
	for _, other := range []struct {
		party, staff string
		role         exchange.Role
	}{
		{"municipality", "i.dewit", exchange.Requester}, {"municipality", "c.maas", exchange.Coordinator}, {"mental-health", "e.brug", exchange.Professional},
		{"municipality", "p.vink", exchange.PrivacyOfficer},
	} {
		newWalker(t, w.door(other.party, other.staff, other.role)).wantStatus(http.MethodGet, at, "", http.StatusForbidden)
	}
}

package console_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
)

var running = api.AskedItem{Code: "debt-help-running", Depth: "dat", Why: "om het plan af te stemmen"}

// A privacy officer takes in what somebody asks, reads what is held about him, takes
// more time, decides, and hands over the report: all in the browser.
func TestOfficerAnswersPerson(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", running)
	w.decides("debt-help", "r.hoek", id, "er loopt hulp", "debt-help-running")
	w.answered(id, api.Answered)
	b := open(t, program(t))
	b.visit(w.door("municipality", "p.vink", exchange.PrivacyOfficer))
	b.press(`nav a[href="/privacy/inwoners"]`)
	b.wants("Er vroeg nog niemand iets")
	b.press(`a[href="/privacy/inwoners/nieuw"]`)
	b.press(`main form button`)
	b.wants("Kies wat de inwoner wil")
	b.shot("petition-mistakes")
	b.pick("#soort-access")
	b.write("#gevraagd", "Ik wil weten wat jullie van mij hebben, mijn nummer is 999993847")
	b.write("#bsn", "999993847")
	b.pick("#bewijs-digid")
	b.press(`main form button`)
	if wrong := js[string](b, `document.querySelector(".sluis-errors a")?.getAttribute("href") ?? ""`); wrong != "#gevraagd" {
		t.Errorf("a number in the text is put at %q", wrong)
	}
	b.write("#gevraagd", "Ik wil weten wat jullie van mij hebben")
	b.press(`main form button`)
	b.wants("Het verzoek is vastgelegd")
	b.wants("999993847")
	b.shot("petition")
	b.press(`a[href$="/inzage"]`)
	b.wants("Dit is een concept")
	b.shot("petition-access")
	b.press(`button[value="scherm"]`)
	b.wants("Een verzoek dat wij deden")
	b.wants("er loopt hulp")
	b.shot("petition-report")
	b.press(`.sluis-buttons a`)
	b.press(`a[href$="/verlengen"]`)
	b.write("#waarom", "Het zijn veel dossiers")
	b.press(`main form button`)
	b.wants("Je hebt twee maanden langer")
	b.press(`a[href$="/besluit"]`)
	b.pick("#uitkomst-partly")
	b.press(`main form button`)
	b.wants("Kies waarom niet")
	b.wants("Schrijf op hoe je dit hebt afgewogen")
	b.choose("#grond", "rights-of-others")
	b.write("#afweging", "Er staat iets over iemand anders in")
	b.pick("#zonder-notes")
	b.shot("petition-rule")
	b.press(`main form button`)
	b.wants("Het besluit is vastgelegd")
	b.wants("Maak het overzicht")
	b.shot("petition-ruled")
	b.press(`.sluis-buttons a.utrecht-button--primary-action`)
	b.press(`button[value="scherm"]`)
	b.wants("Notities van medewerkers")
	if strings.Contains(b.text(), "Dit is een concept") {
		t.Error("what is granted is called a draft")
	}
	b.press(`nav a[href="/privacy/inwoners"]`)
	b.wants("Voor een deel")
	b.shot("petitions")
}

// A privacy officer sees what is asked again, looks for somebody with a reason, puts
// destruction off and ends that, and sees who looked: all in the browser.
func TestOfficerOversees(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", running)
	w.asks("debt-help", running)
	w.decides("debt-help", "r.hoek", id, "er loopt hulp", "debt-help-running")
	w.answered(id, api.Answered)
	b := open(t, program(t))
	b.visit(w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	b.wants("Hetzelfde opnieuw gevraagd")
	b.wants("2 keer")
	b.shot("oversight-repeats")

	b.press(`nav a[href="/privacy/zoeken"]`)
	b.write("#bsn", "999993847")
	b.press(`main form button`)
	b.wants("Zonder reden mag je niet zoeken")
	b.pick("#reden-complaint")
	b.press(`main form button`)
	b.wants("Dat je hebt gezocht en waarom")
	b.wants("Verzoeken om gegevens")
	b.shot("search")
	if strings.Contains(js[string](b, "location.href"), "999993847") {
		t.Error("the number stands in the address")
	}

	b.press(`nav a[href="/privacy/bewaren"]`)
	b.wants("Later")
	b.shot("holds")
	b.press(`a[href="/privacy/bewaren/` + id + `"]`)
	b.press(`main form button.utrecht-button--primary-action`)
	b.wants("Schrijf op waarom dit langer moet blijven")
	b.write("#waarom", "Er loopt een klacht")
	b.write("#tot", time.Now().UTC().AddDate(1, 0, 0).Format(time.DateOnly))
	b.press(`main form button.utrecht-button--primary-action`)
	b.wants("Dan verandert dit uitstel niets")
	b.press(`main form button.utrecht-button--primary-action`)
	b.wants("Het wissen is uitgesteld")
	b.press(`a[href="/privacy/bewaren/` + id + `"]`)
	b.shot("hold")
	b.press(`form[action$="/vrijgeven"] button`)
	b.wants("Het wissen is niet langer uitgesteld")

	b.press(`nav a[href="/privacy/wie"]`)
	b.write("#kenmerk", "0000-0000")
	b.press(`form[action="/privacy/wie"] button`)
	b.wants("geen verzoek met dit kenmerk")
	b.shot("who")
	b.write("#kenmerk", strings.ToLower(short(id)))
	b.press(`form[action="/privacy/wie"] button`)
	b.wants("Rosa Hoekstein")
	b.press(`nav a[href="/privacy/wie"]`)
	b.choose("#medewerker", "r.hoek")
	b.press(`form[action="/privacy/wie/medewerker"] button`)
	b.wants("Besluit genomen")
	b.shot("who-staff")
	b.press(`nav a[href="/privacy/wie"]`)
	b.choose("#medewerker", "d.berg")
	b.press(`form[action="/privacy/wie/medewerker"] button`)
	b.wants("Gekeken wat een medewerker deed")
	b.wants("Naar een inwoner gezocht")
}

// short is the reference of a request, as people read it to each other.
func short(id string) string {
	s := strings.ToUpper(strings.ReplaceAll(id, "-", ""))
	return s[len(s)-8:len(s)-4] + "-" + s[len(s)-4:]
}

// The privacy officer's paths go on without script; nobody else gets there.
func TestOfficerWithoutScript(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", running)
	w.asks("debt-help", running)
	officer := newWalker(t, w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	// What was written when the session ended is not lost.
	w.net.EndSessions("debt-help")
	officer.post("/privacy/inwoners/nieuw", url.Values{"soort": {"erasure"}, "gevraagd": {"Haal mij eruit"}})
	officer.get(strings.TrimPrefix(w.door("debt-help", "d.berg", exchange.PrivacyOfficer), officer.base))
	officer.says("Je was uitgelogd")
	officer.says("Haal mij eruit</textarea>")
	officer.says(`value="erasure" checked`)
	at := officer.post("/privacy/inwoners/nieuw", url.Values{
		"soort": {"access"}, "ontvangen": {time.Now().UTC().AddDate(0, 0, -40).Format(time.DateOnly)}, "gevraagd": {"Wat hebben jullie?"}, "bsn": {"999993847"}, "bewijs": {"known"},
	})
	officer.says("De laatste dag is voorbij")
	officer.post(at+"/verlengen", url.Values{"waarom": {"veel"}, "verteld": {time.Now().UTC().Format(time.DateOnly)}})
	officer.says("De maand om de termijn te verlengen is voorbij")
	officer.post(at+"/besluit", url.Values{"uitkomst": {"granted"}, "grond": {"excessive"}})
	officer.says("Bij ja hoort geen reden")
	officer.post(at+"/besluit", url.Values{"uitkomst": {"granted"}})
	officer.says("te laat besloten")
	officer.post(at+"/inzage", url.Values{"actie": {"pdf"}})
	if !strings.HasPrefix(officer.page, "%PDF-") {
		t.Errorf("the report begins with %.20q", officer.page)
	}
	officer.post("/privacy/bewaren/"+id, url.Values{"waarom": {"klacht"}, "tot": {"2001-01-01"}})
	officer.says("Zo kan het wissen niet worden uitgesteld")
	// A hold that ends before the day of destruction changes nothing: that is said first.
	hold := url.Values{"waarom": {"klacht"}, "tot": {time.Now().UTC().AddDate(0, 6, 0).Format(time.DateOnly)}}
	officer.post("/privacy/bewaren/"+id, hold)
	officer.says("Dan verandert dit uitstel niets")
	officer.refuses("Het wissen is uitgesteld")
	hold.Set("toch", hold.Get("tot"))
	officer.post("/privacy/bewaren/"+id, hold)
	officer.says("Het wissen is uitgesteld")
	officer.get("/privacy/aantallen.csv")
	rows, err := csv.NewReader(strings.NewReader(officer.page)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range rows {
		got[strings.Join(r[:4], "/")] = strings.Join(r[4:], "/")
	}
	for key, want := range map[string]string{
		"verzoek/investigation/client-request/supplier/weighing": "2/0", "verzoek van inwoner/access//granted": "1/1",
		"herhaald/investigation/client-request/supplier/": "2/0", "vernietiging uitgesteld///": "1/0", "breed gevraagd///": "0/0",
	} {
		if got[key] != want {
			t.Errorf("%s counts %q, want %q", key, got[key], want)
		}
	}
	for _, secret := range []string{"999993847", "Proefstra", "d.berg"} {
		if strings.Contains(officer.page, secret) {
			t.Errorf("%s stands in the counts", secret)
		}
	}
	officer.wantStatus(http.MethodGet, "/privacy/inwoners/"+id, "", http.StatusNotFound)
	officer.wantStatus(http.MethodGet, "/privacy/bewaren/"+strings.Replace(id, id[:4], "ffff", 1), "", http.StatusNotFound)
	professional := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	for _, path := range []string{"/privacy", "/privacy/aantallen.csv", "/privacy/inwoners", "/privacy/inwoners/nieuw", at, at + "/inzage", "/privacy/zoeken", "/privacy/bewaren", "/privacy/bewaren/" + id, "/privacy/wie", "/privacy/" + id} {
		professional.wantStatus(http.MethodGet, path, "", http.StatusForbidden)
	}
	for _, path := range []string{at + "/besluit", at + "/verlengen", at + "/inzage", "/privacy/zoeken", "/privacy/bewaren/" + id + "/vrijgeven", "/privacy/wie/medewerker"} {
		professional.wantStatus(http.MethodPost, path, "", http.StatusForbidden)
	}
	officer.wantStatus(http.MethodPost, "/privacy/bewaren/"+id+"/vrijgeven", "https://elders.example", http.StatusForbidden)
}

// An administrator sees what waits for a party that is down and why, and what to
// do: in the browser, and nothing of a person.
func TestKeeperSees(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	w.asks("debt-help", running)
	b := open(t, program(t))
	b.visit(w.door("municipality", "b.keers", exchange.Administrator))
	for _, want := range []string{
		"Hoe gaat het met het knooppunt?", "Er wordt geen back-up gemaakt", "Sleutel om te ondertekenen", "Opslag", "sluis-store/2", "Er wacht niets", "Hanna Peilschaal",
	} {
		b.wants(want)
	}
	if strings.Contains(b.text(), "Proefstra") || strings.Contains(b.text(), "999993847") {
		t.Error("the page tells of a person")
	}
	b.shot("health")
	if err := w.net.Stop("debt-help"); err != nil {
		t.Fatal(err)
	}
	w.sends("debt-help", running)
	for range 400 {
		b.check = false
		b.visit(b.origin() + "/beheer")
		if strings.Contains(b.text(), "De andere partij is niet te bereiken") {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.check = true
	b.visit(b.origin() + "/beheer")
	b.wants("De andere partij is niet te bereiken")
	b.shot("health-waiting")
	for _, d := range w.net.Doors("municipality") {
		if d.Role != exchange.Administrator {
			newWalker(t, d.URL).wantStatus(http.MethodGet, "/beheer", "", http.StatusForbidden)
		}
	}
}

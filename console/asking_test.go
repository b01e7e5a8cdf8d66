package console_test

import (
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"sluis/api"
	"sluis/exchange"
)

// hostile is what somebody types who means harm. If it ever runs, it shows in
// the title of the page.
const hostile = `"><script>document.title='taken'</script><img src=x onerror="document.title='taken'">{{.}}`

// asksInBrowser opens a case and sends a request, all in the browser.
func asksInBrowser(b *browser, specific string) {
	b.press(`a[href="/casussen/nieuw"]`)
	if js[bool](b, `!!document.querySelector("#a-client-request")`) {
		b.pick("#a-client-request")
		b.press("form.sluis-form button")
	}
	b.choose(`[name="st.act"]`, "participatiewet")
	b.choose(`[name="st.suspicion"]`, "client-said")
	b.write(`[name="st.coherence"]`, "zonder werk groeien de schulden")
	b.pick("#d-debts")
	b.write("#bsn", "999993847")
	b.write("#naam", "D. Proefstra")
	b.write("#geboren", "1987-03-14")
	b.write("#adres", "Sluisweg 12, Voorbeeldstad")
	b.shot("case-new")
	b.press("form.sluis-form button")
	b.press(`a[href$="/vragen"]`)
	b.shot("whom")
	b.press(`a[href*="doel=investigation%2fclient-request"]`)
	b.write("#waarvoor", specific)
	b.choose(`[name="st.question"]`, "running")
	b.write(`[name="st.why-this-party"]`, "de inwoner vertelde dat hij daar komt")
	b.pick("details.sluis-fold summary")
	b.choose(`[name="diepte.debt-help-running"]`, "process")
	b.write(`[name="reden.debt-help-running"]`, specific)
	b.choose("#weet", "in-consultation")
	b.write("#contact", "Iris de Wittebrug, 06-00000000")
	b.shot("ask")
	b.press(`button[value="controle"]`)
	b.shot("ask-check")
	b.press(`button[value="versturen"]`)
}

// A newcomer asks, decides and reads the answer in the browser; what is typed is
// hostile, and does nothing. New things appear without reload.
func TestAskDecideRead(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	p := program(t)
	asker, decider := open(t, p), open(t, p)
	decider.visit(w.door("debt-help", "r.hoek", exchange.Professional))
	decider.wants("Er wacht niets op jou")
	asker.visit(w.door("municipality", "i.dewit", exchange.Requester))
	asksInBrowser(asker, "een plan maken "+hostile)
	asker.wants("Je verzoek is verstuurd")
	asker.wants("wacht op antwoord") // by itself
	asker.shot("case")
	decider.wants("gemeente Voorbeeldstad") // by itself
	decider.press(`td.sluis-act a`)
	decider.wants("<script>")
	decider.press(`.sluis-buttons a`)
	decider.pick("#b-debt-help-running-that")
	decider.write(`[name="waarde.debt-help-running"]`, "er loopt schuldhulp "+hostile)
	decider.pick("#vw-ask-first")
	decider.press(`button[value="controle"]`)
	decider.shot("preview-conditions")
	decider.press(`form button.utrecht-button--primary-action`)
	asker.wants("beantwoord") // by itself
	asker.press(`td.sluis-act a`)
	asker.wants("er loopt schuldhulp")
	asker.wants("na toestemming van")
	asker.shot("answer-hostile")
	officer, keeper := open(t, p), open(t, p)
	officer.visit(w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	officer.wants("Privacy-overzicht")
	officer.shot("oversight")
	officer.press(`td.sluis-act a`)
	officer.wants("Rosa Hoekstein") // who looked
	officer.shot("trail")
	keeper.visit(w.door("municipality", "b.keers", exchange.Administrator))
	keeper.wants("Hoe gaat het met het knooppunt?")
	keeper.shot("health")
	for _, b := range []*browser{asker, decider} {
		if title := js[string](b, "document.title"); strings.Contains(title, "taken") {
			t.Error("what was typed was run")
		}
	}
}

// Request and decision go on without JavaScript.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	link := func(party, staff string, role exchange.Role) *walker { return newWalker(t, w.door(party, staff, role)) }
	asker := link("municipality", "i.dewit", exchange.Requester)
	at := asker.post("/casussen/nieuw", url.Values{
		"aanleiding": {"client-request"}, "op": {"2026-11-28"}, "st.act": {"participatiewet"}, "st.suspicion": {"client-said"}, "st.coherence": {"zonder werk groeien de schulden"},
		"domein": {"debts"}, "bsn": {"999993847"}, "naam": {"D. Proefstra"}, "geboren": {"1987-03-14"}, "adres": {"Sluisweg 12"},
	})
	form := url.Values{
		"doel": {"investigation/client-request"}, "aan": {"00000099000007007000:debt-help"}, "waarvoor": {"een plan maken"}, "st.question": {"running"}, "st.why-this-party": {"hij vertelde het"},
		"diepte.debt-help-running": {"process"}, "reden.debt-help-running": {"om af te stemmen"}, "weet": {"in-consultation"}, "contact": {"Iris"},
	}
	// What is written about an item does not fall away where no depth is chosen.
	form.Del("diepte.debt-help-running")
	asker.post(at+"/verzoek", form)
	asker.says("Kies hoeveel je nodig hebt: ")
	asker.says(">om af te stemmen<")
	form.Set("diepte.debt-help-running", "process")
	asker.post(at+"/verzoek", form)
	asker.says("Dit ziet schuldhulp Uit de Schuld")
	asker.says("Als je op de knop klikt, gaat dit naar schuldhulp Uit de Schuld")
	form.Set("actie", "versturen")
	asker.post(at+"/verzoek", form)
	decider := link("debt-help", "r.hoek", exchange.Professional)
	id := decider.until("/werkbak", `href="/werkbak/`)
	decider.get("/werkbak/" + id)
	decider.says("een plan maken")
	decider.post("/werkbak/"+id+"/besluit", url.Values{"actie": {"controle"}})
	decider.says("Kies ja of nee bij")
	decider.post("/werkbak/"+id+"/besluit", url.Values{"actie": {"controle"}, "besluit.debt-help-running": {"that"}, "waarde.debt-help-running": {"er loopt hulp"}})
	decider.says("Dit krijgt gemeente Voorbeeldstad")
	decider.post("/werkbak/"+id+"/controle", nil)
	decider.says("Je besluit is vastgelegd")
	decider.post("/werkbak/"+id+"/controle", nil) // twice: nothing happens
	decider.says("Op dit verzoek is al beslist")
	w.answered(id, "beantwoord")

	// Nobody does what is another's: not in a role that he has not, not from a page
	// of somebody else, not without a session.
	decider.wantStatus(http.MethodGet, "/privacy", "", http.StatusForbidden)
	asker.wantStatus(http.MethodPost, "/account", "https://elders.example", http.StatusForbidden)
	stranger := newWalker(t, decider.base+"/inloggen")
	stranger.get("/werkbak/" + id)
	stranger.says("Log in via de link")
	stranger.wantStatus(http.MethodGet, "/inloggen/AAAA", "", http.StatusNotFound)
}

// A request that somebody wrote and did not send waits for him, one for each party.
func TestBegunRequests(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "youth-care")
	asker := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	at := asker.post("/casussen/nieuw", url.Values{
		"aanleiding": {"client-request"}, "op": {"2026-11-28"}, "st.act": {"participatiewet"}, "st.suspicion": {"client-said"}, "st.coherence": {"zonder werk groeien de schulden"},
		"domein": {"debts"}, "bsn": {"999993847"}, "naam": {"D. Proefstra"}, "geboren": {"1987-03-14"}, "adres": {"Sluisweg 12"},
	})
	form := url.Values{
		"doel": {"investigation/client-request"}, "aan": {"00000099000007007000:debt-help"}, "waarvoor": {"een plan voor de schulden"}, "st.question": {"running"},
		"st.why-this-party": {"hij vertelde het"}, "reden.debt-help-running": {"om af te stemmen"}, "weet": {"in-consultation"}, "contact": {"Iris"},
	}
	address := at + "/verzoek?" + url.Values{"doel": form["doel"], "aan": form["aan"]}.Encode()
	asker.get(address)
	asker.refuses("een plan voor de schulden")
	keep := func(how string) {
		t.Helper()
		form.Set("actie", how)
		asker.post(at+"/verzoek", form)
	}
	keep("stil") // as the page does while he writes
	asker.get(address)
	asker.says(">een plan voor de schulden<")
	asker.says(">om af te stemmen<")
	form.Set("waarvoor", "een ander plan")
	keep("later")
	asker.says("Bewaard. Er is niets verstuurd.")
	asker.says("Begonnen, nog niet verstuurd")
	asker.says("schuldhulp Uit de Schuld")

	// Of another party it is another, and neither takes the other's place.
	other := url.Values{"doel": form["doel"], "aan": {"00000099000003003000:youth-care"}}
	asker.get(at + "/verzoek?" + other.Encode())
	asker.refuses("een ander plan")
	other.Set("waarvoor", "hoe het met de zoon gaat")
	other.Set("actie", "later")
	asker.post(at+"/verzoek", other)
	asker.get(address)
	asker.says(">een ander plan<")
	other.Set("actie", "weg")
	asker.post(at+"/verzoek", other)
	asker.says("Weggegooid")
	asker.get(at + "/verzoek?" + url.Values{"doel": other["doel"], "aan": other["aan"]}.Encode())
	asker.refuses("hoe het met de zoon gaat")

	// What is sent is no draft any more.
	form.Set("diepte.debt-help-running", "process")
	keep("versturen")
	asker.says("Je verzoek is verstuurd")
	asker.refuses("Begonnen, nog niet verstuurd")
	asker.get(address)
	asker.refuses("een ander plan")
}

// M1-218: the professional asks the privacy officer, who finds it among what asks for
// her attention, and what she says stands beside the request.
func TestAdvice(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om af te stemmen"})
	decider := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	officer := newWalker(t, w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	officer.get("/privacy")
	officer.refuses("Je advies wordt gevraagd")
	decider.post("/werkbak/"+id+"/advies", nil)
	decider.says("Vul in wat je wilt weten")
	decider.post("/werkbak/"+id+"/advies", url.Values{"adviesvraag": {"mag de hoogte van de schuld mee? " + hostile}})
	decider.says("Je vraag staat klaar voor de privacyfunctionaris")
	decider.says("Er is nog geen antwoord")
	officer.get("/privacy")
	officer.says("Je advies wordt gevraagd")
	officer.says("/privacy/advies/" + id)
	officer.refuses("hoogte van de schuld") // a list says nothing of anybody
	officer.get("/privacy/advies/" + id)
	officer.says("mag de hoogte van de schuld mee?")
	officer.refuses("<script>document.title")
	officer.says("om af te stemmen")
	officer.post("/privacy/advies/"+id, nil)
	officer.says("Vul je advies in")
	officer.post("/privacy/advies/"+id, url.Values{"advies": {"alleen dat er hulp loopt"}})
	officer.says("Je advies staat bij het verzoek")
	officer.refuses("Je advies wordt gevraagd")
	decider.get("/werkbak/" + id)
	decider.says("alleen dat er hulp loopt")
	decider.says("Je besluit zelf")
	officer.get("/privacy/" + id)
	officer.says("Advies gevraagd aan de privacyfunctionaris")

	// It is hers to give, and not after the decision.
	decider.wantStatus(http.MethodPost, "/privacy/advies/"+id, "", http.StatusForbidden)
	officer.wantStatus(http.MethodPost, "/werkbak/"+id+"/advies", "", http.StatusForbidden)
	decider.post("/werkbak/"+id+"/besluit", url.Values{"actie": {"controle"}, "besluit.debt-help-running": {"that"}, "waarde.debt-help-running": {"er loopt hulp"}})
	decider.post("/werkbak/"+id+"/controle", nil)
	decider.says("Je besluit is vastgelegd")
	officer.get("/privacy/advies/" + id)
	officer.says("Er is al besloten")
}

// A form that has no page of its own comes back on the page where it stands.
func TestLateForms(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om af te stemmen"})
	link := w.door("debt-help", "r.hoek", exchange.Professional)
	decider := newWalker(t, link)
	const text = "welk jaar bedoel je?"
	w.net.EndSessions("debt-help")
	decider.post("/werkbak/"+id+"/vraag", url.Values{"vraag": {text}})
	decider.says("Wat je had ingevuld, is bewaard")
	decider.refuses(text)
	at, _ := strings.CutPrefix(link, decider.base)
	if path := decider.get(at); path != "/werkbak/"+id {
		t.Fatalf("goes on at %s", path)
	}
	decider.says(">" + text + "<")
	decider.says("Je was uitgelogd")
	decider.get("/werkbak/" + id)
	decider.refuses(text) // once

	// It waits for an hour and for this person in this role, and not for ever.
	w.net.EndSessions("debt-help")
	decider.post("/werkbak/"+id+"/vraag", url.Values{"vraag": {text}})
	other := newWalker(t, w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	other.refuses(text)
	decider.get(at)
	decider.says(text)
	decider.post("/werkbak/"+id+"/vraag", url.Values{"vraag": {text}})
	decider.says("Je vraag is verstuurd")
}

// A walker is a browser without script: it follows links and sends forms.
type walker struct {
	t      testing.TB
	base   string
	client *http.Client
	page   string
}

func newWalker(t testing.TB, link string) *walker {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	w := &walker{t: t, base: u.Scheme + "://" + u.Host, client: &http.Client{Jar: jar}}
	w.get(u.Path)
	return w
}

func (w *walker) get(path string) string { return w.send(http.MethodGet, path, nil) }

// post sends a form and returns the path where it ends.
func (w *walker) post(path string, form url.Values) string {
	sent := url.Values{}
	maps.Copy(sent, form)
	// The mark of what the page before showed, as a browser sends it along.
	if _, rest, ok := strings.Cut(w.page, `name="stand" value="`); ok && !sent.Has("stand") {
		stand, _, _ := strings.Cut(rest, `"`)
		sent.Set("stand", stand)
	}
	return w.send(http.MethodPost, path, sent)
}

func (w *walker) send(method, path string, form url.Values) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	w.page = read(w.t, answer)
	if answer.StatusCode >= http.StatusInternalServerError {
		w.t.Fatalf("%s %s: %s", method, path, answer.Status)
	}
	return answer.Request.URL.Path
}

func (w *walker) says(text string) {
	w.t.Helper()
	if !strings.Contains(w.page, text) {
		w.t.Fatalf("the page does not say %q:\n%s", text, w.page)
	}
}

// refuses holds the page to not saying a text.
func (w *walker) refuses(text string) {
	w.t.Helper()
	if strings.Contains(w.page, text) {
		w.t.Fatalf("the page says %q:\n%s", text, w.page)
	}
}

// wantStatus sends a request as another site would, or as nobody should.
func (w *walker) wantStatus(method, path, origin string, want int) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != want {
		w.t.Errorf("%s %s from %q: %d, want %d", method, path, origin, answer.StatusCode, want)
	}
	for _, header := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
		if answer.Header.Get(header) == "" {
			w.t.Errorf("%s %s has no %s", method, path, header)
		}
	}
	if cache := answer.Header.Get("Cache-Control"); cache != "no-store" {
		w.t.Errorf("%s %s may be kept: %q", method, path, cache)
	}
}

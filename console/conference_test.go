package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sluis/api"
	"sluis/exchange"
)

// party is how forms name a party of the test network.
func (w *town) party(key string) string {
	w.t.Helper()
	m, ok := w.net.Member(key)
	if !ok {
		w.t.Fatalf("no party %s", key)
	}
	return string(m.Party.OIN) + ":" + string(m.Party.Capacities[0].Code)
}

// opens opens a case of an investigation about somebody and returns its ID.
func (w *town) opens(scope ...string) string {
	w.t.Helper()
	c, err := w.client("municipality").OpenCase(w.t.Context(), api.By{Staff: "i.dewit", Hat: "investigation"}, api.NewCase{
		Trigger: api.Trigger{Code: "client-request", On: time.Now().UTC().Format(time.DateOnly), Scope: scope, Statements: []api.Statement{
			{Code: "act", Text: "participatiewet"}, {Code: "suspicion", Text: "client-said"}, {Code: "coherence", Text: "zonder werk groeien de schulden"},
		}},
		People: []api.CasePerson{{Standing: "client", BSN: "999993847", Name: "D. Proefstra", Born: "1987-03-14", Address: "Sluisweg 12, Voorbeeldstad"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

// The municipality confers with debt help and youth care, each in a browser of his
// own: who is invited answers from his inbox, what one says the others see by
// itself, one takes something along, and when it is closed all of it is gone but
// who does what.
func TestConference(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "youth-care", "debt-help")
	id := w.opens("debts", "youth-care")
	p := program(t)
	college, youth, debts := open(t, p), open(t, p), open(t, p)
	youth.visit(w.door("youth-care", "l.terbeek", exchange.Professional))
	debts.visit(w.door("debt-help", "r.hoek", exchange.Professional))
	debts.wants("Er wacht niets op jou")
	college.visit(w.door("municipality", "i.dewit", exchange.Requester))
	college.press(`a[href="/casussen/` + id + `"]`)
	college.shot("conference-case")
	college.press(`a[href$="/overleg"].utrecht-button`)
	college.shot("conference-organise-empty")
	college.press(`button[value="controle"]`) // nothing is filled in
	college.wants("Kies ten minste één partij")
	college.wants("Kies of je de inwoner uitnodigt")
	college.write("#vraag", "wie begint waarmee, nu de schulden groeien en zijn zoon niet naar school gaat")
	for key, why := range map[string]string{"youth-care": "de zoon krijgt daar hulp", "debt-help": "daar loopt de schuldregeling " + hostile} {
		college.pick(`[name="partij"][value="` + w.party(key) + `"]`)
		college.write(`[name="reden.`+w.party(key)+`"]`, why)
	}
	college.pick("#inwoner-ja")
	college.shot("conference-organise")
	college.press(`button[value="controle"]`)
	college.wants("daar loopt de schuldregeling")
	college.shot("conference-check")
	college.press(`button[value="versturen"]`)
	college.wants("De uitnodigingen zijn verstuurd")

	for _, b := range []*browser{debts, youth} {
		b.wants("Uitnodigingen voor een casusoverleg") // by itself
		if b == debts {
			b.shot("conference-invited")
		}
		b.press(`td.sluis-act a.utrecht-button--primary-action`)
		b.wants("Doen jullie mee?")
		if strings.Contains(b.text(), "daar loopt de schuldregeling") != (b == debts) {
			t.Error("why another is necessary is shown, or why he is himself is not")
		}
		if b == debts {
			b.shot("conference-answer")
		}
		b.press(`button[name="mee"][value="ja"]`)
		b.wants("Jullie doen mee")
	}
	for _, b := range []*browser{college, debts, youth} {
		b.shows(".sluis-status--yes", 3) // by itself: who organises, and both who come
	}

	// Debt help speaks, without secrecy: one step.
	debts.press(`a[href$="/inbreng"]`)
	js[bool](debts, `document.querySelectorAll("details").forEach(d => d.open = true), true`)
	debts.choose(`[name="diepte.debt-plan"]`, "process")
	debts.write(`[name="waarde.debt-plan"]`, "betaalt elke maand 40 euro, tot april")
	debts.pick(`#stap\.necessary-yes`)
	debts.write(`[name="stap.necessary.waarom"]`, "anders komt er een tweede plan naast "+hostile)

	// He leaves the page, and what he wrote waits for him: here and in his inbox.
	meeting := strings.TrimSuffix(debts.path(), "/inbreng")
	debts.press(`form.sluis-form a[href="` + meeting + `"]`)
	for range 40 { // it is sent while the page goes
		if strings.Contains(debts.text(), "Begonnen, nog niet ingebracht") {
			break
		}
		debts.visit(debts.base() + meeting)
	}
	debts.wants("Begonnen, nog niet ingebracht")
	debts.shot("conference-unsaid")
	debts.narrow("conference-unsaid-narrow")
	debts.press(`a[href="/werkbak"]`)
	debts.wants("Begonnen, nog niet ingebracht")
	debts.shot("conference-unsaid-inbox")
	debts.press(`a[href="` + meeting + `/inbreng"]`)
	for field, want := range map[string]string{"waarde.debt-plan": "betaalt elke maand 40 euro, tot april", "stap.necessary.waarom": "anders komt er een tweede plan naast " + hostile} {
		if got := js[string](debts, `document.querySelector('[name="`+field+`"]').value`); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	w.net.EndSessions("debt-help")
	debts.press(`button[value="controle"]`)
	debts.wants("Wat je had ingevuld, is bewaard")
	debts.visit(w.door("debt-help", "r.hoek", exchange.Professional))
	debts.wants("Je was uitgelogd")
	debts.shot("conference-contribute")
	debts.narrow("conference-contribute-narrow")
	debts.press(`button[value="controle"]`)
	debts.wants("anders komt er een tweede plan naast")
	debts.shot("conference-contribute-check")
	debts.press(`button[value="zeggen"]`)
	debts.wants("betaalt elke maand 40 euro")
	if strings.Contains(debts.text(), "Begonnen, nog niet ingebracht") {
		t.Error("what was said is still a draft")
	}
	college.wants("betaalt elke maand 40 euro") // by itself
	youth.wants("betaalt elke maand 40 euro")
	if strings.Contains(college.text(), "tweede plan naast") {
		t.Error("the weighing of another is shown")
	}

	// Youth care speaks under secrecy, with consent: what is asked without it need
	// not be filled in.
	youth.press(`a[href$="/inbreng"]`)
	js[bool](youth, `document.querySelectorAll("details").forEach(d => d.open = true), true`)
	youth.choose(`[name="diepte.youth-help-running"]`, "process")
	youth.write(`[name="waarde.youth-help-running"]`, "elke maandag, tot juni")
	youth.press(`button[value="controle"]`)
	youth.wants("Geef antwoord: Weet je genoeg om af te wegen?")
	youth.shot("conference-contribute-mistakes")
	youth.pick(`#stap\.enough-information-yes`)
	youth.pick(`#stap\.consent-given`)
	youth.pick(`#stap\.least-yes`)
	youth.pick(`#stap\.client-told-before`)
	youth.shot("conference-contribute-secrecy")
	youth.press(`button[value="controle"]`)
	youth.press(`button[value="zeggen"]`)
	debts.wants("elke maandag, tot juni")
	college.wants("elke maandag, tot juni")

	// Debt help takes that along, and youth care decides.
	debts.press(`a[href*="/meenemen"]`)
	debts.choose(`[name="diepte.youth-help-running"]`, "that")
	debts.write(`[name="reden.youth-help-running"]`, "het gesprek over geld plannen buiten de maandag")
	debts.write("#waarvoor", "de afspraken over betalen plannen")
	debts.write(`[name="st.own-part"]`, "wij regelen de schulden")
	debts.choose("#weet", "in-consultation")
	debts.write("#contact", "Rosa Hoekstein, 06-00000000")
	debts.shot("conference-take")
	debts.press(`button[value="controle"]`)
	debts.shot("conference-take-check")
	debts.press(`button[value="versturen"]`)
	debts.wants("Je verzoek is verstuurd")
	youth.visit(w.net.Doors("youth-care")[0].URL)
	youth.wants("schuldhulp Uit de Schuld") // waits in the inbox, as any other request

	// Who does what is written down by each for himself.
	college.press(`a[href$="/afspraak"]`)
	college.press("form.sluis-form button")
	college.wants("Vul in wie het doet")
	college.write("#wie", "schuldhulp Uit de Schuld")
	college.write("#wat", "belt de inwoner voor een gesprek")
	college.write("#uiterlijk", time.Now().AddDate(0, 0, 3).Format(time.DateOnly))
	college.shot("conference-agreement")
	college.press("form.sluis-form button")
	college.wants("De afspraak is vastgelegd")
	college.shot("conference")
	college.narrow("conference-narrow")
	college.press(`a[href$="/sluiten"]`)
	college.shot("conference-close")
	debts.press(`a[href="/overleg"]`)
	debts.wants("Gevraagd om mee te nemen")
	debts.wants("wacht op antwoord")
	debts.shot("conferences")
	debts.press(`.sluis-act a[href^="/overleg/"]`)
	college.press(`form[action$="/sluiten"] button`)
	college.wants("Dit overleg is voorbij")
	debts.wants("Dit overleg is voorbij") // by itself
	for name, b := range map[string]*browser{"the municipality": college, "debt help": debts} {
		if strings.Contains(b.text(), "40 euro") || strings.Contains(b.text(), "maandag") {
			t.Errorf("%s still reads what was said:\n%s", name, b.text())
		}
		if title := js[string](b, "document.title"); strings.Contains(title, "taken") {
			t.Error("what was typed was run")
		}
	}
	college.wants("belt de inwoner voor een gesprek")
	college.shot("conference-closed")
	college.visit(w.base("municipality") + "/casussen/" + id + "/afspraken")
	college.wants("belt de inwoner voor een gesprek")
	college.shot("agreements")
}

// narrow looks at the page as a telephone shows it: nothing is wider than that.
func (b *browser) narrow(name string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(390, 844))
	if wide := js[int](b, "document.documentElement.scrollWidth"); wide > 390 {
		b.t.Errorf("%s is %d pixels wide on a telephone of 390", b.path(), wide)
	}
	b.shot(name)
	b.do(chromedp.EmulateViewport(1366, 768))
}

// shows waits until the page has so many of something: what comes by itself takes
// the place of what somebody would press.
func (b *browser) shows(selector string, want int) {
	b.t.Helper()
	got := 0
	for range 200 {
		if got = js[int](b, "document.querySelectorAll('"+selector+"').length"); got == want {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatalf("%s has %d of %s, want %d:\n%s", b.path(), got, selector, want, b.text())
}

// What somebody began to say waits for nobody but him: his own words apart from what
// another supplied, kept also when what is filled in is not right yet, until it is
// thrown away or the conference is over.
func TestUnsaidWaits(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.opens("debts")
	college := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	debts := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	at := college.post("/casussen/"+id+"/overleg", url.Values{
		"vraag": {"wie begint"}, "partij": {w.party("debt-help")}, "reden." + w.party("debt-help"): {"daar loopt hulp"}, "inwoner": {"ja"},
		"tot": {time.Now().AddDate(0, 0, 2).Format(time.DateOnly)}, "tijd": {"12:00"}, "actie": {"versturen"},
	})
	debts.until("/werkbak", `href="/overleg/`)
	form := url.Values{"waarde.debt-help-running": {"er loopt hulp sinds mei"}, "actie": {"stil"}}
	debts.wantStatus(http.MethodPost, at+"/inbreng", "", http.StatusNotFound) // he did not answer yet
	debts.post(at+"/antwoord", url.Values{"mee": {"ja"}})
	debts.refuses("Begonnen, nog niet ingebracht")

	debts.post(at+"/inbreng", form) // as the page does while he writes
	debts.get(at + "/inbreng")
	debts.says(">er loopt hulp sinds mei<")
	form.Set("actie", "later")
	form.Set("waarde.debt-help-running", "er loopt hulp sinds juni")
	if to := debts.post(at+"/inbreng", form); to != at {
		t.Errorf("who goes on later comes to %s", to)
	}
	debts.says("Er is niets ingebracht")
	debts.says("Begonnen, nog niet ingebracht")
	debts.get("/werkbak")
	debts.says(at + "/inbreng")
	debts.refuses("sinds juni") // nothing that he wrote stands in a list
	form.Set("actie", "controle")
	debts.post(at+"/inbreng", form)
	debts.says("Geef antwoord")
	debts.get(at + "/inbreng")
	debts.says(">er loopt hulp sinds juni<")

	// His session ends while he writes: what the page sends then waits for him, and
	// what was kept before it stays.
	w.net.EndSessions("debt-help")
	form.Set("actie", "stil")
	form.Set("waarde.debt-help-running", "er loopt hulp sinds juli")
	debts.post(at+"/inbreng", form)
	debts = newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional)) // comes back where he was
	debts.says("Je was uitgelogd")
	debts.says(">er loopt hulp sinds juli<")
	debts.get(at + "/inbreng") // what was parked is shown once
	debts.says(">er loopt hulp sinds juni<")

	// The other party sees nothing of it.
	college.until(at, "doet mee")
	college.refuses("Begonnen, nog niet ingebracht")
	college.get(at + "/inbreng")
	college.refuses("sinds juni")

	// What is chosen from an answer is another draft.
	held := url.Values{"uit": {id}, "actie": {"later"}, "verteld": {"2026-11-01"}}
	debts.post(at+"/inbreng", held)
	debts.says("Uit antwoord")
	debts.says("In je eigen woorden")
	debts.post(at+"/inbreng", url.Values{"actie": {"weg"}, "uit": {id}})
	debts.says("Weggegooid")
	debts.says("In je eigen woorden")
	debts.refuses("Uit antwoord")
	debts.wantStatus(http.MethodPost, at+"/inbreng?actie=weg&uit=x", "", http.StatusNotFound)

	// Said, it is no draft; and what he begins after that ends with the conference.
	for name, value := range map[string]string{"diepte.debt-help-running": "that", "stap.necessary": "yes", "stap.necessary.waarom": "om af te stemmen", "aan": w.party("municipality"), "actie": "zeggen"} {
		form.Set(name, value)
	}
	debts.post(at+"/inbreng", form)
	debts.says("Je inbreng is verstuurd")
	debts.refuses("Begonnen, nog niet ingebracht")
	debts.post(at+"/inbreng", url.Values{"waarde.debt-plan": {"hij betaalt niet"}, "actie": {"later"}})
	debts.says("Begonnen, nog niet ingebracht")
	college.post(at+"/sluiten", nil)
	debts.until(at, "Dit overleg is voorbij")
	debts.refuses("Begonnen, nog niet ingebracht")
	debts.get("/werkbak")
	debts.refuses("Begonnen, nog niet ingebracht")
	debts.wantStatus(http.MethodPost, at+"/inbreng?actie=stil", "", http.StatusConflict)
}

// A conference goes on without JavaScript. Who was not invited sees nothing of it,
// whoever works in another role neither, and nobody but who organises it closes it.
func TestConferenceWithoutScript(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "housing")
	id := w.opens("debts")
	college := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	debts := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	college.post("/casussen/"+id+"/verzoek", url.Values{
		"doel": {"investigation/client-request"}, "aan": {w.party("debt-help")}, "waarvoor": {"een plan maken"}, "st.question": {"running"}, "st.why-this-party": {"hij vertelde het"},
		"diepte.debt-plan": {"process"}, "reden.debt-plan": {"om af te stemmen"}, "weet": {"in-consultation"}, "contact": {"Iris"}, "actie": {"versturen"},
	})
	request := debts.until("/werkbak", `href="/werkbak/`)
	debts.post("/werkbak/"+request+"/besluit", url.Values{"actie": {"controle"}, "besluit.debt-plan": {"process"}, "waarde.debt-plan": {"hij betaalt tot april"}})
	debts.post("/werkbak/"+request+"/controle", nil)
	college.until("/verzoeken/"+request, "hij betaalt tot april")

	form := url.Values{
		"vraag": {"wie begint"}, "partij": {w.party("debt-help")}, "reden." + w.party("debt-help"): {"daar loopt hulp"},
		"inwoner": {"nee"}, "tot": {time.Now().AddDate(0, 0, 2).Format(time.DateOnly)}, "tijd": {"12:00"},
	}
	college.post("/casussen/"+id+"/overleg", form)
	college.says("Kies welk belang er is")
	form.Set("afwezig", "stress")
	form.Set("afwezig-omdat", "hij is net uit het ziekenhuis")
	college.post("/casussen/"+id+"/overleg", form)
	college.says("hij is net uit het ziekenhuis")
	form.Set("actie", "versturen")
	at := college.post("/casussen/"+id+"/overleg", form)
	college.says("De uitnodigingen zijn verstuurd")

	meeting := debts.until("/werkbak", `href="/overleg/`)
	if at != "/overleg/"+meeting {
		meeting = debts.until("/overleg", `td class="sluis-act"><a class="utrecht-button utrecht-button--secondary-action" href="/overleg/`)
	}
	debts.get("/overleg/" + meeting)
	debts.says("daar loopt hulp")
	if strings.Contains(debts.page, "ziekenhuis") {
		t.Error("a guest reads why the person is not there")
	}
	debts.wantStatus(http.MethodGet, "/overleg/"+meeting+"/inbreng", "", http.StatusNotFound) // he did not answer yet
	debts.wantStatus(http.MethodGet, "/overleg/"+meeting+"/sluiten", "", http.StatusForbidden)
	debts.post("/overleg/"+meeting+"/antwoord", url.Values{"mee": {"ja"}})
	debts.says("Jullie doen mee")
	say := url.Values{
		"diepte.debt-help-running": {"that"}, "waarde.debt-help-running": {"er loopt hulp sinds mei"}, "aan": {w.party("municipality")}, "actie": {"zeggen"},
	}
	debts.post("/overleg/"+meeting+"/inbreng", say)
	debts.says("Geef antwoord: Is dit nodig")
	debts.says("er loopt hulp sinds mei") // nothing typed is lost
	say.Set("stap.necessary", "yes")
	say.Set("stap.necessary.waarom", "om af te stemmen")
	debts.post("/overleg/"+meeting+"/inbreng", say)
	debts.says("Je inbreng is verstuurd")
	college.until(at, "er loopt hulp sinds mei")

	// The municipality says what debt help gave it, in its name.
	college.get(at + "/inbreng")
	college.says(`href="` + at + "/inbreng?uit=" + request)
	college.post(at+"/inbreng", url.Values{
		"uit": {request}, "gegeven": {"debt-plan"}, "aan": {w.party("debt-help")}, "stap.necessary": {"yes"}, "stap.necessary.waarom": {"om te zien wie begint"}, "actie": {"zeggen"},
	})
	college.says("hij betaalt tot april")
	college.says("van schuldhulp Uit de Schuld")

	// Looking again where nothing changed is no look: nothing is sent, and nothing
	// stands in the ledger.
	_, part, _ := strings.Cut(college.page, `data-live-part="`)
	part, _, _ = strings.Cut(part, `"`)
	college.wantStatus(http.MethodGet, strings.ReplaceAll(part, "&amp;", "&"), "", http.StatusNoContent)

	housing := newWalker(t, w.door("housing", "b.smits", exchange.Professional))
	housing.wantStatus(http.MethodGet, "/overleg/"+meeting, "", http.StatusNotFound)
	officer := newWalker(t, w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	officer.wantStatus(http.MethodGet, "/overleg/"+meeting, "", http.StatusForbidden)
	desk := newWalker(t, w.door("municipality", "g.tol", exchange.ReportingDesk))
	desk.wantStatus(http.MethodGet, at, "", http.StatusForbidden)
	// The coordinator of the same municipality works in another capacity.
	coordinator := newWalker(t, w.door("municipality", "c.maas", exchange.Coordinator))
	coordinator.wantStatus(http.MethodGet, at, "", http.StatusNotFound)

	college.post(at+"/afspraak", url.Values{"wie": {"schuldhulp"}, "wat": {"belt"}, "uiterlijk": {"morgen"}})
	college.says("belt") // kept, with the mistake
	college.post(at+"/afspraak", url.Values{"wie": {"schuldhulp"}, "wat": {"belt"}})
	college.says("De afspraak is vastgelegd")
	college.post(at+"/sluiten", nil)
	college.says("Het overleg is gesloten")
	if strings.Contains(college.page, "sinds mei") {
		t.Error("what was said is still shown")
	}
	debts.until("/overleg/"+meeting, "Dit overleg is voorbij")
	if strings.Contains(debts.page, "sinds mei") {
		t.Error("what was said is still shown at the guest")
	}
}

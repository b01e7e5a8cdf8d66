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

// supplied lets debt help give two items to the municipality: one that it wants to
// be asked about first, and one that is free.
func (w *town) supplied() string {
	w.t.Helper()
	id := w.asks("debt-help",
		api.AskedItem{Code: "debt-plan", Depth: "inhoud", Why: "om het plan op de regeling af te stemmen"},
		api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om te weten wie er al helpt"})
	w.suppliesPlan(id, api.Condition{Kind: api.AskFirst, Items: []string{"debt-plan"}})
	return id
}

// suppliesPlan lets debt help supply the plan and that there is help.
func (w *town) suppliesPlan(id string, conditions ...api.Condition) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	if _, err := w.client("debt-help").Decide(ctx, api.By{Staff: "r.hoek"}, id, api.NewDecision{
		Items: []api.DecidedItem{
			{Code: "debt-plan", Outcome: api.Supply, Depth: "inhoud", Value: "betaalt 40 euro per maand tot april 2027"},
			{Code: "debt-help-running", Outcome: api.Supply, Depth: "proces", Value: "traject sinds mei, met een vaste begeleider"},
		},
		Conditions: &conditions,
	}); err != nil {
		w.t.Fatal(err)
	}
	w.answered(id, api.Answered)
}

// inform is where a passing to youth care is put together.
const inform = "aan=00000099000003003000%3ayouth-care&doel=investigation%2finform"

// What is free goes on at once; what the supplier wants to be asked about goes on
// after he said yes. Each sees before he presses what will happen.
func TestPassOnWithPermission(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "youth-care")
	id := w.supplied()
	p := program(t)
	holder, supplier, receiver := open(t, p), open(t, p), open(t, p)
	supplier.visit(w.door("debt-help", "r.hoek", exchange.Professional))
	receiver.visit(w.door("youth-care", "l.terbeek", exchange.Professional))
	receiver.press(`a[href="/ontvangen"]`)
	receiver.wants("Niemand heeft iets aan jullie doorgegeven")

	holder.visit(w.door("municipality", "i.dewit", exchange.Requester))
	holder.press(`td.sluis-act a`)
	holder.press(`td.sluis-act a`)
	holder.press(`a[href$="/doorgeven"]`)
	holder.shot("passing-whom")
	holder.press(`a[href*="youth-care"][href*="investigation%2finform"]`)
	holder.wants("eerst toestemming")
	holder.press(`button[value="controle"]`)
	holder.wants("Kies ten minste één gegeven")
	holder.shot("passing-wrong")
	holder.pick("#g-debt-plan")
	holder.pick("#g-debt-help-running")
	holder.write("#waarom", "om de hulp aan de kinderen erop af te stemmen")
	holder.pick("form > details > summary")
	holder.pick("#vw-no-onward")
	holder.shot("passing")
	holder.press(`button[value="controle"]`)
	holder.wants("Dit krijgt jeugdhulp De Linde")
	holder.wants("Dit leest schuldhulp Uit de Schuld")
	holder.shot("passing-check")
	holder.press(`button[value="versturen"]`)
	holder.wants("Toestemming gevraagd aan schuldhulp Uit de Schuld")
	holder.shot("passing-done")

	receiver.wants("gemeente Voorbeeldstad") // by itself
	receiver.shot("received-list")
	receiver.press(`td.sluis-act a`)
	receiver.wants("traject sinds mei, met een vaste begeleider")
	receiver.wants("Geef wat is verstrekt aan niemand door")
	if strings.Contains(receiver.text(), "40 euro") {
		t.Error("what was only asked for went on")
	}
	receiver.shot("received")

	supplier.wants("vraag om toestemming") // by itself
	supplier.shot("inbox-permission")
	supplier.press(`td.sluis-act a`)
	supplier.wants("om de hulp aan de kinderen erop af te stemmen")
	supplier.shot("permission")
	supplier.press(`form button.utrecht-button--primary-action`)
	supplier.wants("Kies ja of nee")
	supplier.pick("#b-ja")
	supplier.press(`form button.utrecht-button--primary-action`)
	supplier.wants("Je besluit is vastgelegd en verstuurd")
	supplier.shot("permission-granted")

	holder.visit(holder.base() + "/verzoeken/" + id)
	holder.wants("0 van 1 keer gebruikt")
	holder.shot("answer-permission")
	holder.press(`td a[href*="/doorgeven?"]`)
	holder.pick("#g-debt-plan")
	holder.write("#waarom", "om de hulp aan de kinderen erop af te stemmen")
	holder.press(`button[value="controle"]`)
	holder.wants("betaalt 40 euro per maand")
	holder.press(`button[value="versturen"]`)
	holder.wants("Doorgegeven")
	holder.press(`a[href$="/spoor"]`)
	holder.wants("van gemeente Voorbeeldstad naar jeugdhulp De Linde")
	holder.shot("trace")

	receiver.press(`a[href="/ontvangen"]`)
	receiver.wants("gemeente Voorbeeldstad")
	for range 200 {
		if js[int](receiver, `document.querySelectorAll("td.sluis-act").length`) == 2 { // by itself
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	receiver.press(`td.sluis-act a`) // the newest is the first
	receiver.wants("betaalt 40 euro per maand")
	receiver.wants("pas door na toestemming van schuldhulp Uit de Schuld")
	receiver.press(`a[href$="/spoor"]`)
	receiver.wants("dat zijn jullie")
	receiver.shot("trace-receiver")

	// The supplier sees where it is, and puts right what was wrong: who has it sees
	// that.
	supplier.press(`a[href="/werkbak"]`)
	supplier.press(`a[href="/werkbak/afgehandeld"]`)
	supplier.wants("2 keer doorgegeven")
	supplier.shot("handled")
	supplier.press(`td.sluis-act a`)
	supplier.shot("request-handled")
	supplier.press(`a[href$="/spoor"]`)
	supplier.wants("van gemeente Voorbeeldstad naar jeugdhulp De Linde")
	supplier.shot("trace-supplier")
	supplier.visit(supplier.base() + "/werkbak/" + id + "/verbeteren")
	supplier.pick("#i-debt-plan")
	supplier.pick("#s-rectification")
	supplier.write("#waarde", "betaalt 14 euro per maand tot april 2027")
	supplier.write("#waarom", "verkeerde regel overgenomen")
	supplier.shot("correct")
	supplier.press(`button[value="controle"]`)
	supplier.wants("jeugdhulp De Linde")
	supplier.shot("correct-check")
	supplier.press(`button[value="versturen"]`)
	supplier.wants("De verbetering is vastgelegd en verstuurd")
	supplier.shot("corrected")
	receiver.until("/ontvangen", "betaalt 14 euro per maand")
	receiver.wants("verbeterd op")
	receiver.shot("received-corrected")
}

// base is the address of the console that the page is of.
func (b *browser) base() string { return js[string](b, "location.origin") }

// until opens the newest of a list until its page says something.
func (b *browser) until(list, text string) {
	b.t.Helper()
	for range 40 {
		b.visit(b.base() + list)
		b.press(`td.sluis-act a`)
		if strings.Contains(b.text(), text) {
			return
		}
	}
	b.t.Fatalf("the newest of %s never says %q:\n%s", list, text, b.text())
}

// Refused and taken back, without script; and nobody does what is another's.
func TestPermissionRefusedAndTakenBack(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "youth-care")
	id := w.supplied()
	holder := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	supplier := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	receiver := newWalker(t, w.door("youth-care", "l.terbeek", exchange.Professional))
	path := "/verzoeken/" + id + "/doorgeven"
	form := func(act, state string, items ...string) url.Values {
		return url.Values{
			"aan": {"00000099000003003000:youth-care"}, "doel": {"investigation/inform"}, "gegeven": items,
			"waarom": {"om de hulp erop af te stemmen"}, "actie": {act}, "stand": {state},
		}
	}
	// send checks and sends, as somebody does who presses both buttons.
	send := func(items ...string) {
		t.Helper()
		holder.post(path, form("controle", "", items...))
		holder.says("Klopt dit?")
		holder.post(path, form("versturen", holder.value("stand"), items...))
	}
	// asked asks for permission and returns where the supplier decides on it.
	asked := func() string {
		t.Helper()
		send("debt-plan")
		holder.says("Je vraag om toestemming is verstuurd")
		supplier.until("/werkbak", `href="/werkbak/`+id+`/toestemming`)
		at := supplier.get("/werkbak/" + id + "/toestemming")
		if !strings.HasSuffix(at, "/toestemming") {
			return at
		}
		_, rest, _ := strings.Cut(supplier.page, "gevraagd</span>")
		_, rest, _ = strings.Cut(rest, `href="`)
		at, _, _ = strings.Cut(rest, `"`)
		return at
	}

	at := asked()
	supplier.post(at, url.Values{"besluit": {"ja"}, "tot": {"2099-01-01"}, "keer": {"1"}})
	supplier.says("De toestemming is niet compleet")
	supplier.post(at, url.Values{"besluit": {"nee"}, "bericht": {"Vraag het hem zelf."}})
	supplier.says("Je besluit is vastgelegd")
	supplier.post(at, url.Values{"besluit": {"ja"}, "tot": {time.Now().AddDate(0, 0, 3).Format(time.DateOnly)}, "keer": {"1"}})
	supplier.says("Hier is al over beslist")
	holder.sees("/verzoeken/"+id, "Vraag het hem zelf.")
	send("debt-plan", "debt-help-running") // one goes on, the other is asked for again
	holder.says("Dit krijgt jeugdhulp De Linde")
	receiver.sees("/ontvangen", `href="/ontvangen/`)

	supplier.until("/werkbak", `href="/werkbak/`+id+`/toestemming`)
	supplier.get("/werkbak/" + id + "/toestemming")
	_, rest, _ := strings.Cut(supplier.page, ">gevraagd</span>")
	_, rest, _ = strings.Cut(rest, `href="`)
	at, _, _ = strings.Cut(rest, `"`)
	supplier.post(at, url.Values{"besluit": {"ja"}, "tot": {time.Now().AddDate(0, 0, 3).Format(time.DateOnly)}, "keer": {"2"}})
	supplier.says("hoogstens 2 keer")
	holder.sees("/verzoeken/"+id, "0 van 2 keer gebruikt")
	holder.post(path, form("controle", "", "debt-plan"))
	holder.says("Dit krijgt jeugdhulp De Linde")
	before := holder.value("stand")
	supplier.post(at+"/intrekken", nil)
	supplier.says("Je hebt de toestemming ingetrokken")
	holder.sees("/verzoeken/"+id, "ingetrokken")
	// Somebody who still has the page open does not pass it on.
	holder.post(path, form("versturen", before, "debt-plan"))
	holder.says("Er is intussen iets veranderd")
	holder.get("/verzoeken/" + id + "/spoor")
	holder.says("ingetrokken")

	// What is sent twice happens once.
	holder.post(path, form("controle", "", "debt-help-running"))
	once := holder.value("stand")
	holder.post(path, form("versturen", once, "debt-help-running"))
	holder.says("Doorgegeven")
	holder.post(path, form("versturen", once, "debt-help-running"))
	holder.says("Er is intussen iets veranderd")

	// What the law does not allow is not there, whatever an address says.
	holder.wantStatus(http.MethodGet, path+"?aan=00000099000003003000%3Ayouth-care&doel=triage", "", http.StatusNotFound)
	// The supplier passes nothing on from here, and others decide nothing for him.
	supplier.wantStatus(http.MethodGet, path, "", http.StatusConflict)
	supplier.wantStatus(http.MethodGet, "/verzoeken/"+id+"/spoor", "", http.StatusNotFound)
	holder.wantStatus(http.MethodGet, at, "", http.StatusNotFound)
	holder.wantStatus(http.MethodGet, "/werkbak/"+id+"/verbeteren", "", http.StatusNotFound)
	receiver.wantStatus(http.MethodGet, "/verzoeken/"+id+"/spoor", "", http.StatusNotFound)
	officer := newWalker(t, w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	keeper := newWalker(t, w.door("municipality", "b.keers", exchange.Administrator))
	for _, path := range []string{path, "/ontvangen", at, "/werkbak/" + id + "/spoor", "/werkbak/" + id + "/verbeteren", "/werkbak/afgehandeld"} {
		officer.wantStatus(http.MethodGet, path, "", http.StatusForbidden)
		keeper.wantStatus(http.MethodGet, path, "", http.StatusForbidden)
	}
	stranger := newWalker(t, holder.base+"/inloggen")
	stranger.get(path)
	stranger.says("Log in via de link")
}

// A condition that waits until the person knows, and one that stops, are told
// before the click; the first opens when the day is filled in.
func TestPassingIsStopped(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "youth-care")
	id := w.asks("debt-help",
		api.AskedItem{Code: "debt-plan", Depth: "inhoud", Why: "om het plan op de regeling af te stemmen"},
		api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om te weten wie er al helpt"})
	w.suppliesPlan(id, api.Condition{Kind: api.NoOnward, Items: []string{"debt-plan"}}, api.Condition{Kind: api.AfterTold, Items: []string{"debt-help-running"}})
	b := open(t, program(t))
	b.visit(w.door("municipality", "i.dewit", exchange.Requester))
	b.visit(b.base() + "/verzoeken/" + id + "/doorgeven?" + inform)
	b.wants("gaat niet door")
	b.wants("aan niemand door")
	b.shot("passing-stopped")
	if js[bool](b, `!!document.querySelector("#g-debt-plan")`) {
		t.Error("what may not go on can be chosen")
	}
	b.pick("#g-debt-help-running")
	b.write("#waarom", "om de hulp erop af te stemmen")
	w.net.EndSessions("municipality")
	b.press(`button[value="controle"]`)
	b.visit(w.door("municipality", "i.dewit", exchange.Requester))
	b.wants("Je was uitgelogd") // and nothing is lost
	if js[string](b, `document.querySelector("#waarom").value`) == "" || !js[bool](b, `document.querySelector("#g-debt-help-running").checked`) {
		t.Error("what was filled in is lost")
	}
	b.press(`button[value="controle"]`)
	b.wants("Vul eerst in wanneer het de inwoner is verteld")
	b.write("#verteld", time.Now().Format(time.DateOnly))
	b.press(`button[value="controle"]`)
	b.wants("Dit krijgt jeugdhulp De Linde")
	b.press(`button[value="versturen"]`)
	b.wants("Doorgegeven")
}

// value is what stands in a hidden field of the page.
func (w *walker) value(name string) string {
	w.t.Helper()
	_, rest, ok := strings.Cut(w.page, `name="`+name+`" value="`)
	if !ok {
		w.t.Fatalf("no field %s:\n%s", name, w.page)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// sees asks for a page until it says something.
func (w *walker) sees(path, text string) {
	w.t.Helper()
	for range 400 {
		if w.get(path); strings.Contains(w.page, text) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	w.t.Fatalf("%s never says %q:\n%s", path, text, w.page)
}

// Who passed something on with a condition of his own is asked too, though he got
// it from another; without script.
func TestPasserIsAsked(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "youth-care")
	id := w.supplied()
	passer := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	receiver := newWalker(t, w.door("youth-care", "l.terbeek", exchange.Professional))
	form := url.Values{
		"aan": {"00000099000003003000:youth-care"}, "doel": {"investigation/inform"}, "gegeven": {"debt-help-running"},
		"waarom": {"om de hulp erop af te stemmen"}, "vw": {"ask-each-time"}, "wissen": {"gisteren"}, "actie": {"controle"},
	}
	path := "/verzoeken/" + id + "/doorgeven"
	passer.post(path, form)
	passer.says("Vul een dag in")
	form.Del("wissen")
	passer.post(path, form)
	passer.says("voorwaarde van gemeente Voorbeeldstad")
	form.Set("actie", "versturen")
	form.Set("stand", passer.value("stand"))
	passer.post(path, form)
	passer.says("Dit krijgt jeugdhulp De Linde")

	got := receiver.until("/ontvangen", `href="/ontvangen/`)
	if at := receiver.get("/verzoeken/" + got + "/doorgeven"); at != "/verzoeken/"+got+"/doorgeven" {
		t.Fatal(at)
	}
	receiver.says("dossier van de coördinator")
	form = url.Values{
		"aan": {"00000099000001001000:coordination"}, "doel": {"coordination"}, "gegeven": {"debt-help-running"},
		"waarom": {"om een plan te maken"}, "actie": {"controle"},
	}
	receiver.post("/verzoeken/"+got+"/doorgeven", form)
	receiver.says("Dit leest gemeente Voorbeeldstad")
	form.Set("actie", "versturen")
	form.Set("stand", receiver.value("stand"))
	receiver.post("/verzoeken/"+got+"/doorgeven", form)
	receiver.says("Je vraag om toestemming is verstuurd")

	passer.sees("/werkbak", "vraag om toestemming")
	passer.says("jeugdhulp De Linde")
	at := passer.get("/werkbak/" + id + "/toestemming")
	passer.says("om een plan te maken")
	passer.says("Alleen deze ene keer")
	passer.post(at, url.Values{"besluit": {"ja"}, "bericht": {"toch niet"}, "tot": {time.Now().Format(time.DateOnly)}})
	passer.says("Een uitleg gaat alleen mee bij nee")
	passer.post(at, url.Values{"besluit": {"ja"}, "tot": {time.Now().Format(time.DateOnly)}})
	passer.says("hoogstens 1 keer")
	receiver.sees("/ontvangen/"+got, "0 van 1 keer gebruikt")
}

// A picture of four steps: from debt help to the investigation, from there to youth
// care and to the coordinator, who passes on to the school and asks for the mental
// health care. Everybody sees as much of it as he was told.
func TestTrace(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "youth-care", "school", "mental-health")
	id := w.supplied()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := w.client("municipality")
	to := func(party string, capacity int) string {
		m, _ := w.net.Member(party)
		return string(m.Party.OIN) + ":" + string(m.Party.Capacities[capacity].Code)
	}
	iris, corrie := api.By{Staff: "i.dewit", Hat: "investigation"}, api.By{Staff: "c.maas", Hat: "coordination"}
	pass := func(by api.By, id, party string, capacity int, purpose string, items ...string) string {
		t.Helper()
		made, err := client.PassOn(ctx, by, id, api.NewPassing{To: to(party, capacity), Purpose: purpose, Items: items, Why: "om de hulp op elkaar af te stemmen"})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	permit := func(by api.By, id, party string, capacity int, purpose string, granted bool, items ...string) {
		t.Helper()
		asked, err := client.AskPermission(ctx, by, id, api.NewPermissionRequest{To: to(party, capacity), Purpose: purpose, Items: items, Why: "om de hulp op elkaar af te stemmen"})
		if err != nil {
			t.Fatal(err)
		}
		decision := api.NewPermission{Tell: "vraag het hem zelf"}
		if granted {
			decision = api.NewPermission{Granted: true, Uses: 1, Until: time.Now().AddDate(0, 0, 3).Format(time.DateOnly)}
		}
		supplier := w.client("debt-help")
		for range 400 {
			if _, err = supplier.DecidePermission(ctx, api.By{Staff: "r.hoek"}, id, asked[0], decision); err == nil {
				return
			}
			time.Sleep(25 * time.Millisecond)
		}
		t.Fatal(err)
	}
	permit(iris, id, "municipality", 2, "handover/coordinator", true, "debt-plan")
	permit(iris, id, "youth-care", 0, "investigation/inform", false, "debt-plan")
	pass(iris, id, "youth-care", 0, "investigation/inform", "debt-help-running")
	iris2 := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	iris2.sees("/verzoeken/"+id, "0 van 1 keer gebruikt")
	iris2.sees("/verzoeken/"+id, "vraag het hem zelf")
	handed := pass(iris, id, "municipality", 2, "handover/coordinator", "debt-plan", "debt-help-running")
	coordinator := newWalker(t, w.door("municipality", "c.maas", exchange.Coordinator))
	coordinator.sees("/ontvangen", `href="/ontvangen/`+handed)
	pass(corrie, handed, "school", 0, "coordination/contribution", "debt-help-running")
	if _, err := client.AskPermission(ctx, corrie, handed, api.NewPermissionRequest{
		To: to("mental-health", 0), Purpose: "coordination/contribution", Items: []string{"debt-plan"}, Why: "om de hulp op elkaar af te stemmen",
	}); err != nil {
		t.Fatal(err)
	}
	supplier := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	supplier.until("/werkbak", `href="/werkbak/`+id+`/toestemming`)
	supplier.sees("/werkbak/"+id+"/spoor", "De Regenboog")

	p := program(t)
	for name, at := range map[string]struct{ link, path string }{
		"trace-source":      {w.door("debt-help", "r.hoek", exchange.Professional), "/werkbak/" + id + "/spoor"},
		"trace-coordinator": {w.door("municipality", "c.maas", exchange.Coordinator), "/verzoeken/" + handed + "/spoor"},
		"trace-middle":      {w.door("municipality", "i.dewit", exchange.Requester), "/verzoeken/" + id + "/spoor"},
	} {
		b := open(t, p)
		b.visit(at.link)
		b.visit(b.base() + at.path)
		b.wants("schuldhulp Uit de Schuld")
		b.wants("De Regenboog")
		// The picture says the same to who hears it, and nothing hangs out of it.
		if told := js[string](b, `document.querySelector("svg desc").textContent`); !strings.Contains(told, "De Regenboog") {
			t.Errorf("%s: the picture tells %q", name, told)
		}
		if out := js[string](b, `(() => { const all = document.querySelector("figure svg").getBoundingClientRect();
			return [...document.querySelectorAll("figure svg :is(text, rect)")].filter(e => { const r = e.getBoundingClientRect();
				return r.left < all.left - 1 || r.right > all.right + 1 || r.bottom > all.bottom + 1 }).map(e => e.outerHTML).join("\n") })()`); out != "" {
			t.Errorf("%s: outside the picture: %s", name, out)
		}
		if over := js[string](b, `(() => { const boxes = [...document.querySelectorAll("rect.sluis-svg-box")].map(e => e.getBoundingClientRect());
			return [...document.querySelectorAll("figure svg text")].filter(e => { const r = e.getBoundingClientRect();
				return boxes.some(b => r.left < b.right && r.right > b.right + 1 && r.top >= b.top && r.bottom <= b.bottom) }).map(e => e.textContent).join("\n") })()`); over != "" {
			t.Errorf("%s: over the edge of a box: %s", name, over)
		}
		b.shot(name)
	}
}

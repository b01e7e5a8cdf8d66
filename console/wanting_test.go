package console_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
)

// A form says all that is missing in it at once, each at its own field; what was
// asked, stated, explained and weighed can be read by whom it concerns.
func TestFormsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "youth-care")
	asker := newWalker(t, w.door("municipality", "i.dewit", exchange.Requester))
	day := func(days int) string { return time.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	marks := func(who *walker, fields ...string) {
		t.Helper()
		for _, field := range fields {
			who.says(`<li><a href="#` + field + `">`)
		}
		if n := strings.Count(who.page, `<li><a href="#`); n != len(fields) {
			t.Errorf("the page names %d mistakes, want %d", n, len(fields))
		}
	}

	// A case.
	asker.get("/casussen/nieuw?kies=1")
	marks(asker, "aanleiding")
	asker.get("/casussen/nieuw")
	marks(asker)
	asker.post("/casussen/nieuw", url.Values{"aanleiding": {"client-request"}, "op": {"2999-01-01"}, "bsn": {"123456789"}, "geboren": {"2999-01-01"}})
	marks(asker, "op", "st.act", "st.suspicion", "st.coherence", "domein", "bsn", "naam", "geboren", "adres")
	asker.says(`value="123456789"`)
	opening := url.Values{
		"aanleiding": {"client-request"}, "op": {day(-1)}, "st.act": {"jeugdwet"}, "st.suspicion": {"client-said"}, "st.coherence": {"zorgen en schulden"},
		"domein": {"youth-care"}, "bsn": {"999993847"},
	}
	at := asker.post("/casussen/nieuw", opening) // who has a number may be known by that alone
	asker.says("<strong>BSN 999993847</strong>")
	asker.get(at + "/brief")
	asker.says("Beste inwoner,")
	maps.Copy(opening, url.Values{"naam": {"D. Proefstra"}, "geboren": {"1987-03-14"}, "adres": {"Sluisweg 12"}})
	at = asker.post("/casussen/nieuw", opening)

	// A request.
	form := url.Values{
		"doel": {"investigation/client-request"}, "aan": {"00000099000003003000:youth-care"}, "weet": {"not-yet-informed"},
		"diepte.support-plan": {"process"}, "reden.support-plan": {"om niets dubbel te doen"},
	}
	asker.post(at+"/verzoek", form)
	marks(asker, "waarvoor", "st.question", "st.why-this-party", "st.support-plan.service-choice", "weet-omdat", "contact")
	maps.Copy(form, url.Values{
		"waarvoor": {strings.Repeat("lang ", 500)}, "st.question": {"running"}, "st.why-this-party": {"moeder noemde jullie"},
		"st.support-plan.service-choice": {"of er gezinshulp bij komt"}, "weet-omdat": {"moeder is opgenomen"}, "contact": {"Iris"},
	})
	asker.post(at+"/verzoek", form)
	marks(asker, "waarvoor", "weet") // too long, and the client has to take part
	form.Set("waarvoor", "een plan voor het gezin")
	form.Set("weet", "in-consultation")
	form.Set("st.why-this-party", strings.Repeat("lang ", 500))
	asker.post(at+"/verzoek", form)
	marks(asker, "st.why-this-party")
	form.Set("st.why-this-party", "moeder noemde jullie")
	asker.post(at+"/verzoek", form)
	stated := []string{"Welke hulp is er nu?", "moeder noemde jullie", "of er gezinshulp bij komt"}
	for _, text := range stated { // who sends it sees what the other will read
		asker.says(text)
	}
	form.Set("actie", "versturen")
	asker.post(at+"/verzoek", form)

	// A question back.
	decider := newWalker(t, w.door("youth-care", "l.terbeek", exchange.Professional))
	id := decider.until("/werkbak", `href="/werkbak/`)
	decider.get("/werkbak/" + id)
	for _, text := range stated {
		decider.says(text)
	}
	decider.post("/werkbak/"+id+"/vraag", url.Values{"vraag": {"Welke afspraken bedoel je?"}})
	asker.until("/verzoeken/"+id, "Welke afspraken bedoel je?")
	asker.post("/verzoeken/"+id+"/uitleg", url.Values{"antwoord": {" "}})
	marks(asker, "antwoord")
	asker.post("/verzoeken/"+id+"/uitleg", url.Values{"antwoord": {"die over school"}})
	asker.says("Je uitleg is verstuurd")
	asker.says("<blockquote>die over school</blockquote>")

	// The decision: the last page shows what was answered in the weighing.
	decider.until("/werkbak/"+id, "die over school")
	step := func(code string, said url.Values) {
		t.Helper()
		decider.post("/werkbak/"+id+"/stap/"+code, said)
	}
	step("enough-information", url.Values{"uitkomst": {"yes"}})
	step("consent", url.Values{"uitkomst": {"impossible"}, "waarom": {"zij is opgenomen"}})
	step("good-care", url.Values{"uitkomst": {"yes"}, "waarom": {"anders dubbele hulp"}})
	step("prevents-and-outweighs", url.Values{"uitkomst": {"yes"}, "waarom": {"rust voor het kind"}})
	step("colleague", url.Values{"uitkomst": {"agrees"}, "met": {"k.duin"}, "dag": {day(-1)}})
	step("least", url.Values{"uitkomst": {"yes"}})
	step("client-told", url.Values{"uitkomst": {"before"}, "dag": {day(0)}})
	decided := url.Values{"actie": {"controle"}, "besluit.support-plan": {"that"}, "waarde.support-plan": {"er is een plan"}, "wissen": {"2020-01-01"}}
	decider.post("/werkbak/"+id+"/besluit", decided)
	marks(decider, "wissen")
	decided.Del("wissen")
	decider.post("/werkbak/"+id+"/besluit", decided)
	decider.says("Dit krijgt gemeente Voorbeeldstad")
	decider.says("Nee, dat kan niet")
	decider.says("De collega vindt delen goed, Kees van Duinzand, ")
}

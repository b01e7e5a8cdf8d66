package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluis/api"
)

type answer struct {
	status int
	body   string
	header http.Header
}

// raw sends what the client of package api would not.
func (w *world) raw(p *party, method, path string, header http.Header, body string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://sluis"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(p.dir, api.SocketName))
	}}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{response.StatusCode, string(text), response.Header}
}

// planted stands wherever a value can be put; no answer and no log line may
// repeat it.
const planted = "Geplant-Persoonsgegeven"

func TestBadInput(t *testing.T) {
	w := newWorld(t)
	w.ready()
	document := func(v any) string {
		t.Helper()
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	replacedIn := func(text, old, with string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("%s is not in %s", old, text)
		}
		return strings.Replace(text, old, with, 1)
	}
	asked := w.asked()
	good, goodCase := document(asked), document(casus())
	replaced := func(old, with string) string { return replacedIn(good, old, with) }
	inCase := func(old, with string) string { return replacedIn(goodCase, old, with) }
	const id = "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"
	asJSON := http.Header{"Content-Type": {"application/json"}, "Sluis-Medewerker": {requester}}
	as := func(actor string) http.Header {
		return http.Header{"Content-Type": {"application/json"}, "Sluis-Medewerker": {actor}}
	}
	under := func(hats ...string) http.Header {
		return http.Header{"Content-Type": {"application/json"}, "Sluis-Medewerker": {requester}, "Sluis-Hoedanigheid": hats}
	}
	asBytes := http.Header{"Content-Type": {"application/octet-stream"}}
	cases := []struct {
		name, method, path string
		header             http.Header
		body               string
		status             int
		code               string
		field              string // one of fouten, or ""
	}{
		{"unknown member", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":`, `"`+planted+`":1,"contact":`), 400, "bad-input", ""},
		{"member twice", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":`, `"contact":"`+planted+`","contact":`), 400, "bad-input", ""},
		{"other case", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":`, `"Contact":`), 400, "bad-input", ""},
		{"no member", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":"06-00000000",`, ``), 400, "bad-input", ""},
		{"wrong type", "POST", "/v1/verzoeken", asJSON, replaced(`"06-00000000"`, `6`), 400, "bad-input", "/contact"},
		{"unknown depth", "POST", "/v1/verzoeken", asJSON, replaced(`"diepte":"dat"`, `"diepte":"`+planted+`"`), 400, "bad-input", "/gegevens/1/diepte"},
		{"not JSON", "POST", "/v1/verzoeken", asJSON, planted, 400, "bad-input", ""},
		{"nothing", "POST", "/v1/verzoeken", asJSON, "", 400, "bad-input", ""},
		{"two documents", "POST", "/v1/verzoeken", asJSON, good + good, 400, "bad-input", ""},
		{"not UTF-8", "POST", "/v1/verzoeken", asJSON, replaced(`06-00000000`, "\xff"), 400, "bad-input", ""},
		{"too deep", "POST", "/v1/verzoeken", asJSON, strings.Repeat("[", 5000), 400, "bad-input", ""},
		{"too large", "POST", "/v1/verzoeken", asJSON, strings.Repeat(" ", 3<<20), 413, "message-too-large", ""},
		{"another media type", "POST", "/v1/verzoeken", http.Header{"Content-Type": {"text/plain"}, "Sluis-Medewerker": {requester}}, good, 415, "bad-input", "Content-Type"},
		{"no person", "POST", "/v1/verzoeken", http.Header{"Content-Type": {"application/json"}}, good, 400, "bad-input", "Sluis-Medewerker"},
		{"two persons", "POST", "/v1/verzoeken", http.Header{"Content-Type": {"application/json"}, "Sluis-Medewerker": {requester, professional}}, good, 400, "bad-input", "Sluis-Medewerker"},
		{"a person in another form", "POST", "/v1/verzoeken", as(planted), good, 400, "bad-actor", ""},
		{"an unknown person", "POST", "/v1/verzoeken", as("n.iemand"), good, 404, "unknown-actor", ""},
		{"another role", "POST", "/v1/verzoeken", as(professional), good, 403, "actor-may-not", "role"},
		{"party without capacity", "POST", "/v1/verzoeken", asJSON, replaced("00000099000002002000:probation", "00000099000002002000"), 400, "bad-party", ""},
		{"unknown party", "POST", "/v1/verzoeken", asJSON, replaced("00000099000002002000", "00000099000002009000"), 404, "unknown-party", ""},
		{"unknown purpose", "POST", "/v1/verzoeken", asJSON, replaced("investigation/client-request", "curiosity"), 400, "unknown-purpose", ""},
		{"unknown item", "POST", "/v1/verzoeken", asJSON, replaced(`"offence"`, `"diary"`), 400, "unknown-item", ""},
		{"case of another form", "POST", "/v1/verzoeken", asJSON, replaced(asked.Case, "nee"), 400, "bad-id", ""},
		{"unknown case", "POST", "/v1/verzoeken", asJSON, replaced(asked.Case, id), 404, "unknown-case", ""},
		{"no case", "POST", "/v1/verzoeken", asJSON, replaced(`"casus":"`+asked.Case+`",`, ``), 400, "bad-input", ""},
		{"no person of a case", "POST", "/v1/verzoeken", asJSON, replaced(`"persoon":1,`, ``), 400, "bad-input", ""},
		{"person 0", "POST", "/v1/verzoeken", asJSON, replaced(`"persoon":1`, `"persoon":0`), 400, "bad-input", "/persoon"},
		{"a person whom the case does not have", "POST", "/v1/verzoeken", asJSON, replaced(`"persoon":1`, `"persoon":2`), 403, "person-not-in-case", ""},
		{"a person in the request itself", "POST", "/v1/verzoeken", asJSON, replaced(`"persoon":1`, `"persoon":1,"over":{"bsn":"`+testBSN+`"}`), 400, "bad-input", ""},
		{"statement without a code", "POST", "/v1/verzoeken", asJSON, replaced(`{"code":"question",`, `{`), 400, "bad-input", "/verklaringen/0"},
		{"statement that is not a choice", "POST", "/v1/verzoeken", asJSON, replaced(`"running"`, `"`+planted+`"`), 400, "bad-statement", "statement"},
		{"statement that is missing", "POST", "/v1/verzoeken", asJSON, replaced(`"background"`, `"outline"`), 400, "statement-missing", "statement"},
		{"consent in an unknown state", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":`, `"toestemming":{"stand":"`+planted+`"},"contact":`), 400, "bad-input", "/toestemming/stand"},
		{"consent on no day", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":`, `"toestemming":{"stand":"gegeven","op":"2026-02-30"},"contact":`), 400, "bad-input", "/toestemming/op"},
		{"consent without a day", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":`, `"toestemming":{"stand":"gegeven"},"contact":`), 400, "bad-request", "field"},
		{"a hat in another form", "POST", "/v1/verzoeken", under(planted), good, 400, "bad-input", "Sluis-Hoedanigheid"},
		{"a hat that says nothing", "POST", "/v1/verzoeken", under(""), good, 400, "bad-input", "Sluis-Hoedanigheid"},
		{"two hats", "POST", "/v1/verzoeken", under("investigation", "coordination"), good, 400, "bad-input", "Sluis-Hoedanigheid"},
		{"a hat of another", "POST", "/v1/verzoeken", under("probation"), good, 403, "hat-not-own", ""},
		{"a capacity of another", "POST", "/v1/verzoeken", asJSON, replaced(`"hoedanigheid":"investigation"`, `"hoedanigheid":"probation"`), 403, "hat-not-own", ""},
		{"explained for nobody", "POST", "/v1/toelichtingen", http.Header{"Content-Type": {"application/json"}}, good, 400, "bad-input", "Sluis-Medewerker"},

		{"case without a trigger", "POST", "/v1/casussen", asJSON, `{"personen":[{"rol":"client","bsn":"` + testBSN + `"}]}`, 400, "bad-input", ""},
		{"case without a code", "POST", "/v1/casussen", asJSON, inCase(`"code":"client-request",`, ``), 400, "bad-input", "/aanleiding"},
		{"case without people", "POST", "/v1/casussen", asJSON, goodCase[:strings.Index(goodCase, `"personen":`)] + `"personen":[]}`, 400, "bad-input", "/personen"},
		{"unknown trigger", "POST", "/v1/casussen", asJSON, inCase("client-request", "curiosity"), 400, "unknown-trigger", ""},
		{"trigger of another task", "POST", "/v1/casussen", asJSON, inCase("client-request", "report"), 403, "trigger-not-for-task", "task"},
		{"trigger in the future", "POST", "/v1/casussen", asJSON, inCase(casus().Trigger.On, "2096-01-01"), 400, "bad-trigger", "field"},
		{"trigger on no day", "POST", "/v1/casussen", asJSON, inCase(casus().Trigger.On, planted), 400, "bad-input", "/aanleiding/op"},
		{"trigger without its statements", "POST", "/v1/casussen", asJSON, inCase(`"coherence"`, `"outline"`), 400, "statement-missing", "statement"},
		{"trigger without its domains", "POST", "/v1/casussen", asJSON, inCase(`"domeinen":["probation","debts"],`, ``), 400, "bad-trigger", "field"},
		{"trigger from a party in another form", "POST", "/v1/casussen", asJSON, inCase(`"op":`, `"van":"`+planted+`","op":`), 400, "bad-party", ""},
		{"somebody in an unknown part", "POST", "/v1/casussen", asJSON, inCase(`"rol":"client"`, `"rol":"`+planted+`"`), 400, "bad-input", "/personen/0/rol"},
		{"somebody with a number", "POST", "/v1/casussen", asJSON, inCase(`"rol":"client"`, `"rol":"client","nummer":7`), 400, "bad-input", "/personen/0/nummer"},
		{"somebody who agreed on no day", "POST", "/v1/casussen", asJSON, inCase(`"rol":"client"`, `"rol":"client","ingestemdOp":"2026-02-30"`), 400, "bad-input", "/personen/0/ingestemdOp"},
		{"a client who agrees", "POST", "/v1/casussen", asJSON, inCase(`"rol":"client"`, `"rol":"client","ingestemdOp":"2026-01-30"`), 400, "bad-subject", "field"},
		{"somebody with a name alone", "POST", "/v1/casussen", asJSON, inCase(`"adres":"Sluisweg 12",`, ``), 400, "bad-subject", ""},
		{"a birthday that is none", "POST", "/v1/casussen", asJSON, inCase(`1987-03-14`, `1987-02-30`), 400, "bad-input", "/personen/0/geboortedatum"},
		{"eleven-test", "POST", "/v1/casussen", asJSON, inCase(testBSN, "999993848"), 400, "bad-bsn", ""},
		{"eight digits", "POST", "/v1/casussen", asJSON, inCase(testBSN, "99999384"), 400, "bad-bsn", ""},
		{"a number for an unborn child", "POST", "/v1/casussen", asJSON, inCase(`"rol":"client"`, `"rol":"ongeboren"`), 400, "bad-subject", "field"},
		{"case by another role", "POST", "/v1/casussen", as(professional), goodCase, 403, "actor-may-not", "role"},
		{"case by nobody", "POST", "/v1/casussen", http.Header{"Content-Type": {"application/json"}}, goodCase, 400, "bad-input", "Sluis-Medewerker"},
		{"content of an unknown case", "GET", "/v1/casussen/" + id + "/inhoud", as(requester), "", 404, "unknown-case", ""},
		{"content of a case of another form", "GET", "/v1/casussen/" + planted + "/inhoud", as(requester), "", 400, "bad-id", ""},
		{"content of a case for nobody", "GET", "/v1/casussen/" + asked.Case + "/inhoud", nil, "", 400, "bad-input", "Sluis-Medewerker"},
		{"somebody in an unknown case", "POST", "/v1/casussen/" + id + "/personen", asJSON, `{"rol":"client","bsn":"` + testBSN + `"}`, 404, "unknown-case", ""},
		{"nobody in a case", "POST", "/v1/casussen/" + asked.Case + "/personen", asJSON, `{}`, 400, "bad-input", ""},
		{"a number that is chosen", "POST", "/v1/casussen/" + asked.Case + "/personen", asJSON, `{"rol":"client","bsn":"` + testBSN + `","nummer":1}`, 400, "bad-input", "/nummer"},
		{"close an unknown case", "POST", "/v1/casussen/" + id + "/sluitingen", as(requester), "", 404, "unknown-case", ""},
		{"cases from an unknown cursor", "GET", "/v1/casussen?cursor=" + planted, nil, "", 400, "bad-input", "cursor"},
		{"cases of a capacity of another form", "GET", "/v1/casussen?hoedanigheid=" + planted, nil, "", 400, "bad-input", "hoedanigheid"},

		{"step of an unknown ID", "POST", "/v1/verzoeken/" + id + "/stappen", asJSON, `{"stap":"least","uitkomst":"yes"}`, 404, "unknown-exchange", ""},
		{"step without an outcome", "POST", "/v1/verzoeken/" + id + "/stappen", asJSON, `{"stap":"least"}`, 400, "bad-input", ""},
		{"step in another form", "POST", "/v1/verzoeken/" + id + "/stappen", asJSON, `{"stap":"` + planted + `","uitkomst":"yes"}`, 400, "bad-input", "/stap"},
		{"step on no day", "POST", "/v1/verzoeken/" + id + "/stappen", asJSON, `{"stap":"least","uitkomst":"yes","dag":"gisteren"}`, 400, "bad-input", "/dag"},
		{"question without a text", "POST", "/v1/verzoeken/" + id + "/vragen", asJSON, `{}`, 400, "bad-input", ""},
		{"question that is a book", "POST", "/v1/verzoeken/" + id + "/vragen", asJSON, `{"tekst":"` + strings.Repeat("x", 2001) + `"}`, 400, "bad-input", "/tekst"},
		{"question on an unknown ID", "POST", "/v1/verzoeken/" + id + "/vragen", asJSON, `{"tekst":"welk plan?"}`, 404, "unknown-exchange", ""},
		{"reply on an unknown ID", "POST", "/v1/verzoeken/" + id + "/reacties", asJSON, `{"tekst":"dat van dit jaar"}`, 404, "unknown-exchange", ""},
		{"assignment to nobody", "POST", "/v1/verzoeken/" + id + "/toewijzingen", asJSON, `{"reden":"` + planted + `"}`, 400, "bad-input", ""},
		{"assignment to somebody of another form", "POST", "/v1/verzoeken/" + id + "/toewijzingen", asJSON, `{"aan":"` + planted + `"}`, 400, "bad-actor", ""},
		{"assignment to a stranger", "POST", "/v1/verzoeken/" + id + "/toewijzingen", asJSON, `{"aan":"n.iemand"}`, 404, "unknown-actor", ""},
		{"confirmation with a body", "POST", "/v1/verzoeken/" + id + "/bevestigingen", asJSON, `{}`, 400, "bad-input", "body"},
		{"confirmation of an unknown ID", "POST", "/v1/verzoeken/" + id + "/bevestigingen", as(requester), "", 404, "unknown-exchange", ""},
		{"return without a reason", "POST", "/v1/verzoeken/" + id + "/teruggaven", asJSON, `{}`, 400, "bad-input", ""},
		{"return of an unknown ID", "POST", "/v1/verzoeken/" + id + "/teruggaven", asJSON, `{"reden":"te veel"}`, 404, "unknown-exchange", ""},
		{"advice asked without a question", "POST", "/v1/verzoeken/" + id + "/adviesvragen", asJSON, `{}`, 400, "bad-input", ""},
		{"advice asked on an unknown ID", "POST", "/v1/verzoeken/" + id + "/adviesvragen", asJSON, `{"vraag":"mag dit?"}`, 404, "unknown-exchange", ""},
		{"advice without a text", "POST", "/v1/verzoeken/" + id + "/adviezen", asJSON, `{}`, 400, "bad-input", ""},
		{"advice that is a book", "POST", "/v1/verzoeken/" + id + "/adviezen", asJSON, `{"advies":"` + strings.Repeat("x", 2001) + `"}`, 400, "bad-input", "/advies"},
		{"advice on an unknown ID", "POST", "/v1/verzoeken/" + id + "/adviezen", asJSON, `{"advies":"dit mag"}`, 404, "unknown-exchange", ""},
		{"explanation of an unknown ID", "GET", "/v1/verzoeken/" + id + "/toelichting", as(requester), "", 404, "unknown-exchange", ""},
		{"traces of an unknown ID", "GET", "/v1/verzoeken/" + id + "/sporen", as(requester), "", 404, "unknown-exchange", ""},
		{"traces for nobody", "GET", "/v1/verzoeken/" + id + "/sporen", nil, "", 400, "bad-input", "Sluis-Medewerker"},
		{"requests of a case of another form", "GET", "/v1/verzoeken?casus=" + planted, nil, "", 400, "bad-id", ""},
		{"requests of a capacity of another form", "GET", "/v1/verzoeken?hoedanigheid=" + planted, nil, "", 400, "bad-input", "hoedanigheid"},
		{"requests that are more or less broad", "GET", "/v1/verzoeken?breed=" + planted, nil, "", 400, "bad-input", "breed"},
		{"one request of a capacity of another form", "GET", "/v1/verzoeken/" + id + "?hoedanigheid=" + planted, nil, "", 400, "bad-input", "hoedanigheid"},
		{"nothing asked", "POST", "/v1/verzoeken", asJSON, replaced(good[strings.Index(good, `"gegevens":`):strings.Index(good, `,"hoedanigheid"`)], `"gegevens":[]`), 400, "nothing-asked", ""},
		{"unknown query", "GET", "/v1/verzoeken?" + planted + "=1", nil, "", 400, "bad-input", "query"},
		{"query twice", "GET", "/v1/verzoeken?limiet=1&limiet=2", nil, "", 400, "bad-input", "limiet"},
		{"limit too high", "GET", "/v1/verzoeken?limiet=101", nil, "", 400, "bad-input", "limiet"},
		{"limit of nothing", "GET", "/v1/verzoeken?limiet=0", nil, "", 400, "bad-input", "limiet"},
		{"empty side", "GET", "/v1/verzoeken?kant=", nil, "", 400, "bad-input", "kant"},
		{"limit no number", "GET", "/v1/verzoeken?limiet=" + planted, nil, "", 400, "bad-input", "limiet"},
		{"limit below zero", "GET", "/v1/logboek/regels?limiet=-1", nil, "", 400, "bad-input", "limiet"},
		{"unknown side", "GET", "/v1/verzoeken?kant=" + planted, nil, "", 400, "bad-input", "kant"},
		{"unknown status", "GET", "/v1/verzoeken?status=asker", nil, "", 400, "bad-input", "status"},
		{"unknown cursor", "GET", "/v1/verzoeken?cursor=" + planted, nil, "", 400, "bad-input", "cursor"},
		{"entry below zero", "GET", "/v1/logboek/regels?vanaf=-1", nil, "", 400, "bad-input", "vanaf"},
		{"no entry", "GET", "/v1/logboek/bewijzen/insluiting", nil, "", 400, "bad-input", "regel"},
		{"body with a GET", "GET", "/v1/status", asJSON, "{}", 400, "bad-input", "body"},
		{"no such path", "GET", "/v1/" + planted, nil, "", 404, "not-found", ""},
		{"slash at the end", "GET", "/v1/verzoeken/", nil, "", 404, "not-found", ""},
		{"two slashes", "GET", "/v1//verzoeken", nil, "", 404, "not-found", ""},
		{"outside", "GET", "/", nil, "", 404, "not-found", ""},
		{"no such method", "DELETE", "/v1/verzoeken", nil, "", 405, "bad-input", "method"},
		{"ID of another form", "GET", "/v1/verzoeken/" + planted, nil, "", 400, "bad-id", ""},
		{"unknown ID", "GET", "/v1/verzoeken/" + id, nil, "", 404, "unknown-exchange", ""},
		{"messages of an unknown ID", "GET", "/v1/verzoeken/" + id + "/berichten", nil, "", 404, "unknown-exchange", ""},
		{"content of an unknown ID", "GET", "/v1/verzoeken/" + id + "/inhoud", as(requester), "", 404, "unknown-exchange", ""},
		{"content for nobody", "GET", "/v1/verzoeken/" + id + "/inhoud", nil, "", 400, "bad-input", "Sluis-Medewerker"},
		{"withdraw an unknown ID", "POST", "/v1/verzoeken/" + id + "/intrekkingen", as(requester), "", 404, "unknown-exchange", ""},
		{"OIN of another form", "GET", "/v1/partijen/" + planted, nil, "", 400, "bad-oin", ""},
		{"unknown OIN", "GET", "/v1/partijen/00000099000002009000", nil, "", 404, "unknown-party", ""},
		{"no bundle", "POST", "/v1/register/versies", asBytes, planted, 400, "register-bundle-form", ""},
		{"bundle as JSON", "POST", "/v1/register/versies", asJSON, "{}", 415, "bad-input", "Content-Type"},
		{"staff that exists", "POST", "/v1/medewerkers", asJSON, `{"id":"` + requester + `","naam":"x","rollen":[{"rol":"aanvrager","hoedanigheid":"investigation"}]}`, 409, "actor-exists", ""},
		{"staff in an unknown role", "POST", "/v1/medewerkers", asJSON, `{"id":"c","naam":"x","rollen":[{"rol":"baas","hoedanigheid":"investigation"}]}`, 400, "bad-input", "/rollen/0/rol"},
		{"staff in an unknown capacity", "POST", "/v1/medewerkers", asJSON, `{"id":"c","naam":"x","rollen":[{"rol":"aanvrager","hoedanigheid":"police"}]}`, 400, "unknown-capacity", "capacity"},
		{"staff under an unknown regime", "POST", "/v1/medewerkers", asJSON, `{"id":"c","naam":"x","rollen":[{"rol":"aanvrager","hoedanigheid":"investigation","regime":"` + planted + `"}]}`, 400, "bad-input", "/rollen/0/regime"},
		{"staff under a regime that is no secrecy", "POST", "/v1/medewerkers", asJSON, `{"id":"c","naam":"x","rollen":[{"rol":"aanvrager","hoedanigheid":"investigation","regime":"wpg"}]}`, 400, "bad-request", "field"},
		{"staff without name", "POST", "/v1/medewerkers", asJSON, `{"id":"c","naam":"","rollen":[{"rol":"aanvrager","hoedanigheid":"investigation"}]}`, 400, "bad-request", "field"},
	}
	status, err := w.college.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := w.raw(w.college, c.method, c.path, c.header, c.body)
			var p api.Problem
			if err := json.Unmarshal([]byte(got.body), &p); err != nil {
				t.Fatalf("answered %d %s", got.status, got.body)
			}
			if got.status != c.status || p.Code != c.code || p.Status != c.status {
				t.Fatalf("answered %d %s, want %d %s: %s", got.status, p.Code, c.status, c.code, got.body)
			}
			if got.header.Get("Content-Type") != "application/problem+json" || got.header.Get("API-Version") == "" || p.Title == "" || p.Detail == "" || !strings.HasPrefix(p.Instance, "urn:uuid:") {
				t.Errorf("not a whole problem: %v %s", got.header, got.body)
			}
			if c.field != "" && !slices.ContainsFunc(p.Errors, func(f api.FieldError) bool { return f.Field == c.field }) {
				t.Errorf("fouten names %+v, want %s", p.Errors, c.field)
			}
			if strings.Contains(got.body, planted) {
				t.Errorf("the answer repeats what was sent: %s", got.body)
			}
		})
	}
	after, err := w.college.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after.LedgerSize != status.LedgerSize {
		t.Errorf("refused input wrote to the ledger: %d entries, then %d", status.LedgerSize, after.LedgerSize)
	}
	for _, secret := range []string{planted, testBSN, "Fictief", requester} {
		if strings.Contains(w.college.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(w.college.log.String(), "bad-input") {
		t.Error("the log holds no refusal; the check sees nothing")
	}
}

func TestLanguage(t *testing.T) {
	w := newWorld(t)
	for accept, title := range map[string]string{
		"": "Dit bestaat niet.", "en": "This does not exist.", "nl": "Dit bestaat niet.", "en-GB, nl;q=0.5": "This does not exist.",
		"nl, en;q=0.9": "Dit bestaat niet.", "de, en;q=0.1": "This does not exist.", "fr": "Dit bestaat niet.", "en;q=x": "Dit bestaat niet.",
	} {
		got := w.raw(w.college, http.MethodGet, "/v1/nergens", http.Header{"Accept-Language": {accept}}, "")
		var p api.Problem
		if err := json.Unmarshal([]byte(got.body), &p); err != nil || p.Title != title {
			t.Errorf("%q: %q, want %q (%v)", accept, p.Title, title, err)
		}
	}
}

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
	good, err := json.Marshal(question())
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(old, with string) string {
		t.Helper()
		if !strings.Contains(string(good), old) {
			t.Fatalf("%s is not in %s", old, good)
		}
		return strings.Replace(string(good), old, with, 1)
	}
	const id = "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"
	asJSON := http.Header{"Content-Type": {"application/json"}, "Sluis-Medewerker": {requester}}
	as := func(actor string) http.Header {
		return http.Header{"Content-Type": {"application/json"}, "Sluis-Medewerker": {actor}}
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
		{"two documents", "POST", "/v1/verzoeken", asJSON, string(good) + string(good), 400, "bad-input", ""},
		{"not UTF-8", "POST", "/v1/verzoeken", asJSON, replaced(`06-00000000`, "\xff"), 400, "bad-input", ""},
		{"too deep", "POST", "/v1/verzoeken", asJSON, strings.Repeat("[", 5000), 400, "bad-input", ""},
		{"too large", "POST", "/v1/verzoeken", asJSON, strings.Repeat(" ", 3<<20), 413, "message-too-large", ""},
		{"another media type", "POST", "/v1/verzoeken", http.Header{"Content-Type": {"text/plain"}, "Sluis-Medewerker": {requester}}, string(good), 415, "bad-input", "Content-Type"},
		{"no person", "POST", "/v1/verzoeken", http.Header{"Content-Type": {"application/json"}}, string(good), 400, "bad-input", "Sluis-Medewerker"},
		{"two persons", "POST", "/v1/verzoeken", http.Header{"Content-Type": {"application/json"}, "Sluis-Medewerker": {requester, professional}}, string(good), 400, "bad-input", "Sluis-Medewerker"},
		{"a person in another form", "POST", "/v1/verzoeken", as(planted), string(good), 400, "bad-actor", ""},
		{"an unknown person", "POST", "/v1/verzoeken", as("n.iemand"), string(good), 404, "unknown-actor", ""},
		{"another role", "POST", "/v1/verzoeken", as(professional), string(good), 403, "actor-may-not", "role"},
		{"BSN and name", "POST", "/v1/verzoeken", asJSON, replaced(`"bsn":"`+testBSN+`"`, `"adres":"x","bsn":"`+testBSN+`","geboortedatum":"1987-03-14","naam":"`+planted+`"`), 400, "bad-input", "/over"},
		{"name alone", "POST", "/v1/verzoeken", asJSON, replaced(`"bsn":"`+testBSN+`"`, `"naam":"`+planted+`"`), 400, "bad-input", "/over"},
		{"a day that is none", "POST", "/v1/verzoeken", asJSON, replaced(`"bsn":"`+testBSN+`"`, `"adres":"x","geboortedatum":"1987-02-30","naam":"`+planted+`"`), 400, "bad-input", "/over/geboortedatum"},
		{"eleven-test", "POST", "/v1/verzoeken", asJSON, replaced(testBSN, "999993848"), 400, "bad-bsn", ""},
		{"eight digits", "POST", "/v1/verzoeken", asJSON, replaced(testBSN, "99999384"), 400, "bad-bsn", ""},
		{"party without capacity", "POST", "/v1/verzoeken", asJSON, replaced("00000099000002002000:probation", "00000099000002002000"), 400, "bad-party", ""},
		{"unknown party", "POST", "/v1/verzoeken", asJSON, replaced("00000099000002002000", "00000099000002009000"), 404, "unknown-party", ""},
		{"unknown purpose", "POST", "/v1/verzoeken", asJSON, replaced("investigation/client-request", "curiosity"), 400, "unknown-purpose", ""},
		{"unknown item", "POST", "/v1/verzoeken", asJSON, replaced(`"offence"`, `"diary"`), 400, "unknown-item", ""},
		{"case of another form", "POST", "/v1/verzoeken", asJSON, replaced(`"contact":`, `"casus":"nee","contact":`), 400, "bad-id", ""},
		{"nothing asked", "POST", "/v1/verzoeken", asJSON, replaced(string(good[strings.Index(string(good), `"gegevens":`):strings.Index(string(good), `,"hoedanigheid"`)]), `"gegevens":[]`), 400, "nothing-asked", ""},
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

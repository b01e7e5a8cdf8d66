package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sluis/api"
	"sluis/exchange"
)

// Nothing leaves but what was looked at: a draft that changes in another tab, after
// the last page was shown, is shown again and not sent (I1).
func TestPreviewIsWhatIsSent(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om af te stemmen"})
	decider := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	at := "/werkbak/" + id
	draft := func(value string) {
		decider.post(at+"/besluit", url.Values{"actie": {"controle"}, "besluit.debt-help-running": {"that"}, "waarde.debt-help-running": {value}})
	}
	draft("er loopt hulp")
	_, rest, _ := strings.Cut(decider.page, `name="stand" value="`)
	shown, _, _ := strings.Cut(rest, `"`)
	draft("er loopt hulp, bij een ander")
	decider.post(at+"/controle", url.Values{"stand": {shown}})
	decider.says("Er is niets verstuurd")
	decider.says("bij een ander")
	decider.post(at+"/controle", url.Values{"stand": {""}})
	decider.says("Er is niets verstuurd")
	decider.post(at+"/controle", nil)
	decider.says("Je besluit is vastgelegd")
}

// A form that was made for one role does not land in another that somebody took in
// another tab: data are kept apart per capacity (memorandum §4.3.3).
func TestFormOfAnotherRole(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	k := newWalker(t, w.door("municipality", "c.maas", exchange.Coordinator))
	k.get("/account")
	_, rest, ok := strings.Cut(k.page, `name="als" value="`)
	mark, _, _ := strings.Cut(rest, `"`)
	if !ok || len(mark) != 12 {
		t.Fatalf("a form has the mark %q", mark)
	}
	k.post("/account", url.Values{"rol": {"requester"}, "pet": {"coordination"}, "als": {mark}})
	k.get("/account")
	if strings.Contains(k.page, `name="als" value="`+mark+`"`) {
		t.Error("two roles have one mark")
	}
	k.post("/casussen/nieuw", url.Values{"aanleiding": {"client-request"}, "bsn": {"999993847"}, "als": {mark}})
	k.says("Deze pagina was voor een andere rol")
}

// Who is not signed in sends no more than a form (a bundle is an auditor's).
func TestStrangerSendsLittle(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.base("municipality")+"/toezicht", strings.NewReader("a="+strings.Repeat("b", 2<<20)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := stay.Do(r)
		if err != nil {
			continue // the server hung up before all was sent
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusRequestEntityTooLarge && answer.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %s", kind, answer.Status)
		}
		if kind[0] == 'a' && answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("2 MiB of a form are read: %s", answer.Status)
		}
	}
}

package console_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
)

// An auditing is an auditor with a key, a root and the bundle of a party, as files.
type auditing struct {
	t                 testing.TB
	dir               string
	key, root, bundle string
	identity          *crypto.Identity
}

// audits lets a party grant an inspection of all it has.
func (w *town) audits(party, officer string) auditing {
	w.t.Helper()
	a := auditing{t: w.t, dir: w.t.TempDir(), root: filepath.Join(filepath.Dir(w.net.Dir(party)), "authority", "root.json")}
	contents, recipient, err := crypto.NewIdentityFile()
	if err != nil {
		w.t.Fatal(err)
	}
	if a.identity, err = crypto.ParseIdentityFile(contents); err != nil {
		w.t.Fatal(err)
	}
	var bundle bytes.Buffer
	asked := api.NewInspection{Scope: api.ScopeAll, Recipient: recipient.String()}
	if _, err := w.client(party).GrantInspection(w.t.Context(), api.By{Staff: officer}, asked, &bundle); err != nil {
		w.t.Fatal(err)
	}
	a.key, a.bundle = a.write("auditor.key", contents), a.write(party+".audit", bundle.Bytes())
	return a
}

func (a auditing) write(name string, contents []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, contents, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// forged is the bundle with one byte of an entry changed, sealed again: as who
// can open it could change it.
func (a auditing) forged() string {
	a.t.Helper()
	sealed, err := os.ReadFile(a.bundle)
	if err != nil {
		a.t.Fatal(err)
	}
	opened, err := crypto.OpenStream(bytes.NewReader(sealed), a.identity)
	if err != nil {
		a.t.Fatal(err)
	}
	bundle, err := io.ReadAll(opened)
	if err != nil {
		a.t.Fatal(err)
	}
	entries := 0
	for at := 0; at < len(bundle); {
		n := int(binary.BigEndian.Uint32(bundle[at+1:]))
		if entry := bundle[at] == 'E'; entry {
			if entries++; entries == 4 {
				bundle[at+5+n-1] ^= 1
			}
		}
		at += 5 + n
	}
	var again bytes.Buffer
	out, err := crypto.SealStream(&again, a.identity.Recipient())
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := out.Write(bundle); err != nil {
		a.t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		a.t.Fatal(err)
	}
	return a.write("forged.audit", again.Bytes())
}

// decides lets a professional supply the first item and nothing else, or nothing.
func (w *town) decides(party, staff, id, value string, items ...string) {
	w.t.Helper()
	var d api.NewDecision
	for _, code := range items {
		item := api.DecidedItem{Code: code, Outcome: api.Withhold, Ground: "less-serves"}
		if value != "" {
			item = api.DecidedItem{Code: code, Outcome: api.Supply, Depth: "dat", Value: value}
		}
		d.Items = append(d.Items, item)
	}
	if _, err := w.client(party).Decide(w.t.Context(), api.By{Staff: staff}, id, d); err != nil {
		w.t.Fatal(err)
	}
}

// An auditor hands in a bundle in the browser and reads what it is worth; one
// that was changed is not believed.
func TestAuditorChecksBundle(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help", "youth-care")
	item := api.AskedItem{Code: "debt-help-running", Depth: "dat", Why: "om het plan af te stemmen"}
	for i := range 4 {
		id := w.asks("debt-help", item)
		switch i {
		case 0, 1:
			w.decides("debt-help", "r.hoek", id, "er loopt hulp", "debt-help-running")
			w.answered(id, api.Answered)
		case 2:
			w.decides("debt-help", "r.hoek", id, "", "debt-help-running")
			w.answered(id, api.Refused)
		}
	}
	w.asks("youth-care", api.AskedItem{Code: "youth-help-running", Depth: "dat", Why: "om geen dubbele hulp te starten"})
	a := w.audits("municipality", "p.vink")
	b := open(t, program(t))
	b.visit(w.door("municipality", "h.peil", exchange.Auditor))
	b.wants("Klopt dit logboek?")
	b.shot("audit")
	hand := func(key, root, bundle string) {
		t.Helper()
		b.visit(b.origin() + "/toezicht")
		for selector, path := range map[string]string{"#sleutel": key, "#wortel": root, "#bundel": bundle} {
			if path != "" {
				b.do(chromedp.SetUploadFiles(selector, []string{path}))
			}
		}
		b.press(`main form button`)
	}
	hand(a.key, a.root, a.bundle)
	b.wants("Alles klopt.")
	b.wants("Dit is je eigen logboek")
	b.wants("schuldhulp Uit de Schuld")
	if got := js[string](b, `document.querySelector("table.sluis-cards tbody tr").innerText`); !strings.Contains(got, "4\t2\t1") {
		t.Errorf("the first row of the table says %q", got)
	}
	b.shot("audit-verdict")
	hand(a.key, "", a.bundle)
	b.wants("Niemand buiten de bundel staat in voor de sleutels")
	hand(a.key, a.root, a.forged())
	b.wants("Er klopt iets niet")
	b.wants("Wat doe je?")
	b.shot("audit-findings")
	damaged, err := os.ReadFile(a.bundle)
	if err != nil {
		t.Fatal(err)
	}
	hand(a.key, a.root, a.write("short.audit", damaged[:len(damaged)/2]))
	b.wants("Niets ervan telt")
	b.shot("audit-unread")
	other, _, err := crypto.NewIdentityFile()
	if err != nil {
		t.Fatal(err)
	}
	hand(a.write("other.key", other), a.root, a.bundle)
	b.wants("gaat niet open met jouw sleutel")
	b.shot("audit-other")
	hand(a.key, a.key, a.bundle)
	b.wants("Dit is geen hoofdsleutel")
	hand("", "", a.bundle)
	b.wants("Kies je sleutelbestand")
	hand(a.key, a.root, "")
	b.wants("Kies de bundel")
}

// origin is scheme, host and port of the page.
func (b *browser) origin() string { return js[string](b, "location.origin") }

// A bundle is checked without script; nobody else than an auditor can, and what
// is too large is said to be.
func TestAuditorWithoutScript(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	a := w.audits("municipality", "p.vink")
	auditor := newWalker(t, w.door("municipality", "h.peil", exchange.Auditor))
	files := func(bundle io.Reader) (string, io.Reader) {
		read, write := io.Pipe()
		m := multipart.NewWriter(write)
		go func() {
			err := func() error {
				for _, f := range []struct{ field, path string }{{"sleutel", a.key}, {"wortel", a.root}} {
					contents, err := os.ReadFile(f.path)
					if err != nil {
						return err
					}
					part, err := m.CreateFormFile(f.field, f.field)
					if err != nil {
						return err
					}
					if _, err := part.Write(contents); err != nil {
						return err
					}
				}
				part, err := m.CreateFormFile("bundel", "bundel")
				if err != nil {
					return err
				}
				if _, err := io.Copy(part, bundle); err != nil {
					return err
				}
				return m.Close()
			}()
			write.CloseWithError(err)
		}()
		return m.FormDataContentType(), read
	}
	contents, err := os.ReadFile(a.bundle)
	if err != nil {
		t.Fatal(err)
	}
	typ, body := files(bytes.NewReader(contents))
	auditor.hand("/toezicht", typ, body)
	auditor.says("Alles klopt.")
	if strings.Contains(auditor.page, "AGE-SECRET-KEY") {
		t.Error("the page holds the key")
	}
	// What is no bundle gets its answer, however much of it there is.
	typ, body = files(io.LimitReader(zeros{}, 8<<20))
	auditor.hand("/toezicht", typ, body)
	auditor.says("Niets ervan telt")
	// Files that came in after the session ended are not kept, and not said to be.
	w.net.EndSessions("municipality")
	typ, body = files(bytes.NewReader(contents))
	auditor.hand("/toezicht", typ, body)
	auditor.says("Log opnieuw in")
	auditor.get(strings.TrimPrefix(w.door("municipality", "h.peil", exchange.Auditor), auditor.base))
	auditor.says("Klopt dit logboek?")
	if strings.Contains(auditor.page, "Je was uitgelogd") {
		t.Error("the page says that what was handed in is still there")
	}
	// Not a form with files.
	auditor.post("/toezicht", nil)
	auditor.says("Kies je sleutelbestand")
	for _, d := range w.net.Doors("municipality") {
		if d.Role != exchange.Auditor {
			newWalker(t, d.URL).wantStatus(http.MethodGet, "/toezicht", "", http.StatusForbidden)
			newWalker(t, d.URL).wantStatus(http.MethodPost, "/toezicht", "", http.StatusForbidden)
		}
	}
	auditor.wantStatus(http.MethodGet, "/privacy", "", http.StatusForbidden)
	auditor.wantStatus(http.MethodGet, "/beheer", "", http.StatusForbidden)
}

// hand sends a form with files.
func (w *walker) hand(path, typ string, body io.Reader) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.base+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", typ)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	w.page = read(w.t, answer)
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

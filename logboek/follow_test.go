package logboek_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	colpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"sluis/crypto"
	"sluis/ledger"
	"sluis/logboek"
	"sluis/store"
)

// A book is a real store with a real ledger, and what follows it.
type book struct {
	t       *testing.T
	store   *store.Store
	options logboek.Options
	log     bytes.Buffer
	stop    func()
}

func newBook(t *testing.T, endpoint string) *book {
	t.Helper()
	dir := t.TempDir()
	master, err := crypto.ParseSecret(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize))
	signer, err := ledger.NewSigner("example.invalid/ledger", key)
	if err != nil {
		t.Fatal(err)
	}
	so := store.Options{
		Master: master, Signer: signer, Verifier: ledger.VerifierKey("example.invalid/ledger", key.Public().(ed25519.PublicKey)), MinFree: 1,
	}
	if err := store.Create(filepath.Join(dir, "store"), so); err != nil {
		t.Fatal(err)
	}
	b := &book{t: t}
	if b.store, err = store.Open(filepath.Join(dir, "store"), so); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.store.Close(); err != nil {
			t.Error(err)
		}
	})
	b.options = logboek.Options{
		Endpoint: endpoint, Cursor: filepath.Join(dir, "logboek.json"), First: time.Millisecond, Longest: 20 * time.Millisecond,
		Form:     logboek.Form{ActivityBase: "https://example.nl/verwerkingen/", ProcessorBase: "urn:nld:oin:"},
		Resource: logboek.Resource{Version: "v1", Instance: "00000099000001001000"},
		Log:      slog.New(slog.NewTextHandler(&b.log, nil)),
	}
	return b
}

const exampleID = "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"

// planted is a synthetic person, who stands in every private part.
const planted = `{"by":"a.jansen","bsn":"999993847","name":"Fictief Persoon"}`

// add writes n entries of a kind.
func (b *book) add(kind string, n int) {
	b.t.Helper()
	for range n {
		e := store.Event{
			Kind: kind, Exchange: exampleID, Party: "00000099000002002000:debts", As: "00000099000001001000:investigation",
			Purpose: "investigation/client-request", Private: []byte(planted),
		}
		if _, err := b.store.Write(b.t.Context(), store.Change{Dossier: exampleID, Record: []store.Event{e}}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *book) start() *logboek.Follower {
	b.t.Helper()
	f, err := logboek.Open(b.store, b.options)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { f.Run(ctx); close(ended) }()
	b.stop = func() { cancel(); <-ended }
	b.t.Cleanup(b.stop)
	return f
}

// until waits for a condition that nothing signals.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); !done(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: did not happen", what)
		}
	}
}

// want lists the span_ids of the whole ledger, in order.
func (b *book) want() (ids []string) {
	b.t.Helper()
	for from := uint64(0); ; {
		entries, err := b.store.Entries(from, 100)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(entries) == 0 {
			return ids
		}
		from += uint64(len(entries))
		for _, e := range entries {
			records, err := b.options.Form.Records(e, nil)
			if err != nil {
				b.t.Fatal(err)
			}
			for _, r := range records {
				ids = append(ids, hex.EncodeToString(r.Span[:]))
			}
		}
	}
}

// Every field as the standard has it, decoded from what went over the wire.
func TestFieldsOnTheWire(t *testing.T) {
	r := newReceiver(t)
	b := newBook(t, r.url())
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("# for the collector\nAuthorization: Bearer geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.options.HeadersFile = headers
	b.options.Subjects = func(ledger.Header) ([]string, error) { return []string{"5f1e"}, nil }
	b.add("viewed", 1)
	b.start()
	r.wait("one span", func() bool { return len(r.spans) == 1 })

	s := r.spans[0]
	size := b.store.Size()
	entries, err := b.store.Entries(size-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	at := uint64(entries[0].Time.UnixMilli()) * 1e6
	if got := hex.EncodeToString(s.TraceId); got != strings.ReplaceAll(exampleID, "-", "") {
		t.Errorf("trace_id %s is not the exchange", got)
	}
	if len(s.SpanId) != 8 || len(s.ParentSpanId) != 0 || s.Name != "Gegevens geraadpleegd" || s.StartTimeUnixNano != at || s.EndTimeUnixNano != at {
		t.Errorf("span %v", s)
	}
	if s.Status.GetCode() != tracepb.Status_STATUS_CODE_OK {
		t.Errorf("status %s", s.Status.GetCode())
	}
	got := map[string]string{}
	for _, a := range s.Attributes {
		got[a.Key] = a.Value.GetStringValue()
	}
	want := map[string]string{
		"dpl.core.processing_activity_id": "https://example.nl/verwerkingen/investigation/client-request",
		"dpl.core.data_subject_id":        "5f1e",
		"dpl.core.data_subject_id_type":   "pseudoniem",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("attributes %v\nwant       %v", got, want)
	}
	if h := r.headers[0]; h.Get("Authorization") != "Bearer geheim" {
		t.Error("the headers of the file did not come along")
	}
	if strings.Contains(b.log.String(), "geheim") {
		t.Error("the log tells a header")
	}
}

// What stands in the private part does not leave, whatever the settings.
func TestNothingPersonalOnTheWire(t *testing.T) {
	r := newReceiver(t)
	b := newBook(t, r.url())
	for _, kind := range []string{"viewed", "request-issued", "request-received", "decision-taken", "searched", "exported", "message-expired"} {
		b.add(kind, 1)
	}
	b.start()
	r.wait("seven spans", func() bool { return len(r.spans) == 7 })
	for _, text := range []string{"999993847", "Fictief", "Persoon", "a.jansen"} {
		if r.holds(text) {
			t.Errorf("%q left the node", text)
		}
	}
	if !r.holds("dpl.core.processing_activity_id") || r.holds("dpl.core.data_subject_id") {
		t.Error("the test looks in the wrong bytes, or a subject left while none was wanted")
	}
}

func TestCollectorDownThenUp(t *testing.T) {
	r := newReceiver(t)
	r.down()
	b := newBook(t, r.url())
	b.add("viewed", 130)
	f := b.start()
	until(t, "fails", func() bool { return !f.State().Since.IsZero() })
	if s := f.State(); s.Behind != b.store.Size() {
		t.Errorf("behind by %d, want %d", s.Behind, b.store.Size())
	}
	b.add("decision-taken", 130) // more than one batch, and nothing holds it up
	r.up()
	want := b.want()
	r.wait("all spans", func() bool { return len(r.spans) >= len(want) })
	if got := r.ids(); !slices.Equal(got, want) {
		t.Errorf("%d spans came, want %d in the order of the ledger", len(got), len(want))
	}
	until(t, "caught up", func() bool { s := f.State(); return s.Behind == 0 && s.Since.IsZero() })
	b.stop()
	if text := b.log.String(); !strings.Contains(text, "unreachable") || !strings.Contains(text, "takes records again") || strings.Contains(text, "999993847") {
		t.Errorf("log: %s", text)
	}
}

// Answers that confirm nothing are not taken for a confirmation, and what they
// say is not logged.
func TestAnswersThatConfirmNothing(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"status-503": func(w http.ResponseWriter) { http.Error(w, "999993847", http.StatusServiceUnavailable) },
		"status-401": func(w http.ResponseWriter) { http.Error(w, "999993847", http.StatusUnauthorized) },
		"status-307": func(w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"reply-unreadable": func(w http.ResponseWriter) { fmt.Fprint(w, "<p>log in first</p>") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			r.set(answer)
			b := newBook(t, r.url())
			b.add("viewed", 3)
			b.start()
			r.wait("three attempts", func() bool { return r.attempts >= 3 })
			r.set(nil)
			want := b.want()
			r.wait("all spans", func() bool { return len(r.spans) >= len(want) })
			if got := r.ids(); !slices.Equal(got, want) {
				t.Errorf("got %d spans, want %d", len(got), len(want))
			}
			b.stop()
			if text := b.log.String(); !strings.Contains(text, "error="+name) || strings.Contains(text, "999993847") {
				t.Errorf("log: %s", text)
			}
		})
	}
}

// What a collector refuses in part is not sent again (OTLP), but it is told.
func TestPartialSuccess(t *testing.T) {
	r := newReceiver(t)
	r.set(func(w http.ResponseWriter) {
		body, _ := proto.Marshal(&colpb.ExportTraceServiceResponse{PartialSuccess: &colpb.ExportTracePartialSuccess{RejectedSpans: 2, ErrorMessage: "999993847"}})
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(body)
	})
	b := newBook(t, r.url())
	b.add("viewed", 3)
	f := b.start()
	r.wait("one attempt", func() bool { return r.attempts == 1 })
	until(t, "caught up", func() bool { return f.State().Behind == 0 })
	b.stop()
	if text := b.log.String(); !strings.Contains(text, "refused=2") || strings.Contains(text, "999993847") || r.attempts != 1 {
		t.Errorf("%d attempts, log: %s", r.attempts, text)
	}
}

// The node dies behind an upload and before the cursor: what comes twice has
// the same span_id.
func TestAtLeastOnce(t *testing.T) {
	r := newReceiver(t)
	b := newBook(t, r.url())
	b.add("viewed", 5)
	before, _ := os.ReadFile(b.options.Cursor) // none yet
	b.start()
	r.wait("five spans", func() bool { return len(r.spans) == 5 })
	b.stop()
	if err := os.WriteFile(b.options.Cursor, before, 0o600); err != nil {
		t.Fatal(err)
	}
	b.add("decision-taken", 2)
	b.start()
	r.wait("twelve spans", func() bool { return len(r.spans) == 12 })
	got := r.ids()
	if want := b.want(); !slices.Equal(got[5:], want) || !slices.Equal(got[:5], want[:5]) {
		t.Errorf("got %v, want %v again from the start", got, want)
	}
}

func TestRestartGoesOn(t *testing.T) {
	r := newReceiver(t)
	b := newBook(t, r.url())
	b.add("viewed", 5)
	f := b.start()
	until(t, "caught up", func() bool { return f.State().Behind == 0 })
	b.stop()
	b.add("decision-taken", 2)
	f = b.start()
	if s := f.State(); s.Behind > 2 {
		t.Errorf("behind by %d after the restart, want two", s.Behind)
	}
	until(t, "caught up", func() bool { return f.State().Behind == 0 })
	if got, want := r.ids(), b.want(); !slices.Equal(got, want) {
		t.Errorf("%d spans came, want %d, each once", len(got), len(want))
	}
}

// A ledger that went on from a backup is not the one that was followed.
func TestOtherLedgerBeginsAgain(t *testing.T) {
	r := newReceiver(t)
	b := newBook(t, r.url())
	b.add("viewed", 5)
	for _, text := range []string{`{"version":1,"next":99}`, `{"version":1,"next":2,"last":"` + strings.Repeat("A", 43) + `="}`} {
		if err := os.WriteFile(b.options.Cursor, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before := len(r.ids())
		f := b.start()
		r.wait("all of it", func() bool { return len(r.spans) == before+5 })
		until(t, "caught up", func() bool { return f.State().Behind == 0 })
		b.stop()
	}
	if !strings.Contains(b.log.String(), "not the one that was handed over") {
		t.Errorf("log: %s", b.log.String())
	}
}

// Opening connects to nothing: only Run does.
func TestOpenIsQuiet(t *testing.T) {
	r := newReceiver(t)
	b := newBook(t, r.url())
	b.add("viewed", 1)
	before := runtime.NumGoroutine()
	if _, err := logboek.Open(b.store, b.options); err != nil {
		t.Fatal(err)
	}
	if after := runtime.NumGoroutine(); after != before || r.attempts != 0 {
		t.Errorf("%d goroutines more, %d connections", after-before, r.attempts)
	}
}

// What the environment says about OpenTelemetry does not count.
func TestEnvironmentDoesNotCount(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/elsewhere",
		"OTEL_EXPORTER_OTLP_HEADERS": "x-from=environment", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
	} {
		t.Setenv(name, value)
	}
	r := newReceiver(t)
	b := newBook(t, r.url())
	b.add("viewed", 1)
	b.start()
	r.wait("one span", func() bool { return len(r.spans) == 1 })
	if r.headers[0].Get("X-From") != "" {
		t.Error("a header of the environment came along")
	}
}

func TestHeadersFileRefusesAccidents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "headers")
	for text, want := range map[string]string{
		"Authorization":         "line 1",
		"\nAuthorization:":      "line 2",
		"Author ization: x":     "line 1",
		"A: geheim\na: geheim2": "line 2",
		"A: geheim\x01":         "line 1",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := logboek.Open(nil, logboek.Options{HeadersFile: path})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := logboek.Open(nil, logboek.Options{HeadersFile: path}); err == nil || !strings.Contains(err.Error(), "others can read it") {
		t.Errorf("a file that others can read: got %v", err)
	}
}

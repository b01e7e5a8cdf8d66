package testnet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"sluis/exchange"
	"sluis/observe"
	"sluis/peer"
)

// A watched network tells all that it can: the log at its most talkative, figures,
// and spans.
type watched struct {
	t     *testing.T
	said  said
	spans *tracetest.SpanRecorder
	by    map[string]*observe.Instruments
	// bomb is what the next change that a party writes panics with.
	bomb atomic.Pointer[error]
}

// said is what was written to the log.
type said struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(p)
}

func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// watch makes c tell everything.
func watch(t *testing.T, c *Config) *watched {
	w := &watched{t: t, spans: tracetest.NewSpanRecorder(), by: map[string]*observe.Instruments{}}
	level := &slog.HandlerOptions{Level: slog.LevelDebug - 4, AddSource: true}
	c.Log = slog.New(slog.NewJSONHandler(&w.said, level))
	c.Observe = func(party string) peer.Observe {
		if w.by[party] == nil {
			seen, err := observe.New(observe.Options{Version: "test", Instance: party, Log: c.Log, Spans: w.spans})
			if err != nil {
				t.Fatal(err)
			}
			w.by[party] = seen
		}
		seen := w.by[party]
		return func(ctx context.Context, step peer.Step, message []byte) (context.Context, func(of, outcome string)) {
			ctx, end := seen.Observe(ctx, step, message)
			if step == peer.CommitStep {
				if b := w.bomb.Swap(nil); b != nil {
					panic(*b)
				}
			}
			return ctx, end
		}
	}
	return w
}

// get is what the instruments of a party answer.
func (w *watched) get(party, path string) (int, string) {
	answer := httptest.NewRecorder()
	w.by[party].Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Code, answer.Body.String()
}

// everything is all that was told, by where.
func (w *watched) everything(n *Net) map[string]string {
	all := map[string]string{}
	for _, party := range n.Parties() {
		if r := n.nodes[party].running; r != nil {
			w.by[party].Watch(observe.Node{Node: r.node})
		}
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			status, text := w.get(party, path)
			if status != http.StatusOK && n.Running(party) {
				w.t.Errorf("%s of %s answers %d: %s", path, party, status, text)
			}
			all[party+path] = text
		}
	}
	all["log"] = w.said.text()
	if strings.Contains(all["log"], "could not be looked up") || strings.Contains(all["log"], "error gathering") {
		w.t.Error("a figure could not be looked up")
	}
	all["spans"] = fmt.Sprintf("%+v", tracetest.SpanStubsFromReadOnlySpans(w.spans.Ended()))
	return all
}

// search finds no secret in anything that was told.
func (w *watched) search(n *Net, secrets []string, more map[string]string) {
	w.t.Helper()
	s, err := NewSearcher(secrets)
	if err != nil {
		w.t.Fatal(err)
	}
	all := w.everything(n)
	for where, text := range more {
		all[where] = text
	}
	for where, text := range all {
		for _, found := range s.Search([]byte(text)) {
			w.t.Errorf("secret %d stands in %s at %d, %s", found.Needle, where, found.Offset, found.Form)
		}
	}
	// Figures and spans also name no exchange and no member of staff.
	for where, text := range all {
		if where == "log" || where == "stderr" {
			continue
		}
		if id := named.FindString(text); id != "" {
			w.t.Errorf("%s names %s", where, id)
		}
		for _, party := range n.Parties() {
			for _, a := range n.nodes[party].member.Staff {
				if strings.Contains(text, string(a.ID)) {
					w.t.Errorf("%s names %s", where, a.ID)
				}
			}
		}
	}
	for where, want := range map[string]string{
		"log": `"msg":"answered"`, "spans": "sluis.outcome", n.Parties()[0] + "/metrics": `sluis_ledger_events_total{kind="request-received"}`,
	} {
		if !strings.Contains(all[where], want) {
			w.t.Errorf("%s says nothing of %s; the search proves nothing", where, want)
		}
	}
}

// named is an ID of an exchange, a case or a message.
var named = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-`)

// together wants each message that came in to be in the trace of the attempt that
// brought it, at the other party, and what was written for it to be below that. A span
// is told of when it has ended, and that of who sent ends after that of who received.
func (w *watched) together() {
	w.t.Helper()
	var apart []string
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if apart = w.apart(); len(apart) == 0 {
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	for _, what := range apart {
		w.t.Error(what)
	}
}

// apart says what is not together yet.
func (w *watched) apart() (all []string) {
	type end struct{ trace, party string }
	sent, written, came := map[end]bool{}, map[string]bool{}, 0
	party := func(s sdktrace.ReadOnlySpan) string {
		v, _ := s.Resource().Set().Value("service.instance.id")
		return v.AsString()
	}
	ended := w.spans.Ended()
	for _, s := range ended {
		switch s.Name() {
		case string(peer.SendStep):
			sent[end{s.SpanContext().TraceID().String(), party(s)}] = true
		case string(peer.CommitStep):
			written[s.Parent().SpanID().String()] = true
		}
	}
	other := map[string]string{"municipality": "housing", "housing": "municipality"}
	for _, s := range ended {
		if s.Name() != string(peer.ReceiveStep) {
			continue
		}
		if came++; !sent[end{s.SpanContext().TraceID().String(), other[party(s)]}] {
			all = append(all, "a message that came in at "+party(s)+" is in no trace of who sent it")
		}
		if !written[s.SpanContext().SpanID().String()] {
			all = append(all, "nothing that was written at "+party(s)+" is below the message that came in")
		}
	}
	if came < 3 {
		all = append(all, fmt.Sprintf("only %d messages were traced", came))
	}
	return all
}

// Numbers, names, addresses, reasons, answers and the names of staff are in no
// log, figure, span, or panic: not after an exchange, not after everybody has
// looked at every page, and not when something breaks while it is handled.
func TestNothingPersonalIsObserved(t *testing.T) {
	c := Config{Members: Members("municipality", "housing")}
	w := watch(t, &c)
	complaints := catchStderr(t)
	n, player := start(t, c)
	stories, err := Scenarios("2-housing-by-name")
	if err != nil {
		t.Fatal(err)
	}
	if err := player.Play(t.Context(), stories[0]); err != nil {
		t.Fatal(err)
	}
	w.together()
	secrets := append(stories[0].Secrets(), staffNames(c.Members)...)
	pages := 0
	for _, party := range n.Parties() {
		for _, door := range n.Doors(party) {
			pages += w.walk(door.URL, secrets)
		}
		w.probe(n.Socket(party), secrets)
	}
	if pages < 30 {
		t.Errorf("only %d pages were seen", pages)
	}
	w.breakDown(n, secrets)
	w.search(n, secrets, map[string]string{"stderr": complaints()})
	w.searchIsAwake(n, secrets)
}

// breakDown makes both doors panic with something personal while they write.
func (w *watched) breakDown(n *Net, secrets []string) {
	w.t.Helper()
	node := n.nodes["housing"].running.node
	requests, err := node.Overview(w.t.Context(), peer.Filter{})
	if err != nil || len(requests) == 0 {
		w.t.Fatal("housing has no request", err)
	}
	secret := fmt.Errorf("%s lives at %s", secrets[0], secrets[3])
	m, _ := n.member("housing")
	by := actor{who: m.Staff[0], party: requests[0].To}
	if requests[0].Side == exchange.Asker {
		by.party = requests[0].From
	}
	w.bomb.Store(&secret)
	if _, err := n.door("housing").client.Open(w.t.Context(), by.by(), string(requests[0].ID)); err == nil {
		w.t.Error("the API did not panic")
	}
	w.bomb.Store(&secret)
	for _, door := range n.Doors("housing") {
		w.walk(door.URL, nil)
	}
	if w.bomb.Load() != nil {
		w.t.Error("the console did not panic")
	}
	for _, want := range []string{"made the API panic", "made the console panic"} {
		if !strings.Contains(w.said.text(), want) {
			w.t.Errorf("the log does not say %q", want)
		}
	}
}

// searchIsAwake finds what is planted in the log, a figure and a span.
func (w *watched) searchIsAwake(n *Net, secrets []string) {
	w.t.Helper()
	s, err := NewSearcher(secrets)
	if err != nil {
		w.t.Fatal(err)
	}
	party := n.Parties()[0]
	_, end := w.by[party].Observe(w.t.Context(), peer.PageStep, nil)
	end("GET /zoek?q="+url.QueryEscape(secrets[0]), secrets[1])
	slog.New(slog.NewJSONHandler(&w.said, nil)).Info("planted", "address", secrets[3])
	all := w.everything(n)
	for _, where := range []string{"log", party + "/metrics", "spans"} {
		if len(s.Search([]byte(all[where]))) == 0 {
			w.t.Errorf("what was planted in %s was not found", where)
		}
	}
}

var link = regexp.MustCompile(`href="(/[^"#]*)"`)

// walk signs in and opens every page to which links lead, with secrets behind the
// question mark, and returns how many there were.
func (w *watched) walk(door string, secrets []string) (seen int) {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: time.Minute}
	base, err := url.Parse(door)
	if err != nil {
		w.t.Fatal(err)
	}
	const most = 40
	todo := []string{base.Path}
	for i := 0; i < len(todo) && i < most; i++ {
		at := *base
		at.Path, at.RawQuery, _ = strings.Cut(todo[i], "?")
		if len(secrets) > 0 && i > 0 && at.RawQuery == "" {
			at.RawQuery = url.Values{"q": {secrets[i%len(secrets)]}}.Encode()
		}
		got, text := fetch(w.t, client, at.String())
		if got == http.StatusOK {
			seen++
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if to := strings.ReplaceAll(m[1], "&amp;", "&"); !slices.Contains(todo, to) && !strings.HasPrefix(to, "/static/") {
				todo = append(todo, to)
			}
		}
	}
	return seen
}

// probe asks the API for what is not there, by names that are secret.
func (w *watched) probe(socket string, secrets []string) {
	w.t.Helper()
	client := overSocket(socket)
	for _, s := range secrets {
		for _, path := range []string{"/v1/verzoeken/" + url.PathEscape(s), "/v1/verzoeken?case=" + url.QueryEscape(s), "/" + url.PathEscape(s)} {
			if status, _ := fetch(w.t, client, "http://node"+path); status < 400 {
				w.t.Errorf("a path that holds a secret got %d", status)
			}
		}
	}
}

func staffNames(members []Member) (names []string) {
	for _, m := range members {
		for _, a := range m.Staff {
			names = append(names, a.Name.Reveal())
		}
	}
	return names
}

// catchStderr takes what is written to stderr from now on, by the log package of
// the standard library as well, and returns what it was.
func catchStderr(t *testing.T) func() string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = f
	log.SetOutput(f)
	t.Cleanup(func() {
		os.Stderr = before
		log.SetOutput(before)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return func() string {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}

func fetch(t *testing.T, client *http.Client, at string) (status int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a page that listens for changes never ends
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func overSocket(path string) *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
}

// A message that waits is told by organisation, since the question is whom to
// call; when it has arrived nothing is told of it. And /readyz says what is
// missing.
func TestFiguresTellWhomToCall(t *testing.T) {
	c := Config{Members: Members("municipality", "school")}
	w := watch(t, &c)
	n, player := start(t, c)
	stories, err := Scenarios("5-school-is-down")
	if err != nil {
		t.Fatal(err)
	}
	w.by["municipality"].Watch(observe.Node{Node: n.nodes["municipality"].running.node})
	school, _ := n.member("school")
	party := fmt.Sprintf("party=%q", school.Party.OIN)
	waits := func() bool {
		_, text := w.get("municipality", "/metrics")
		return strings.Contains(text, `sluis_outbox_messages{code="unreachable",`+party+`} 1`) &&
			strings.Contains(text, "sluis_outbox_oldest_timestamp_seconds{"+party+"} 1.") && strings.Contains(text, "sluis_outbox_ends_timestamp_seconds{"+party+"} 1.") &&
			strings.Contains(text, `sluis_steps_total{of="request",outcome="unreachable",step="send"}`)
	}
	seen := false
	player.Tell = func(told Told) {
		if told.What == ToldHolds && !n.Running("school") && !seen {
			eventually(t, "the figures tell that the school can't be reached", waits)
			seen = true
		}
	}
	if err := player.Play(t.Context(), stories[0]); err != nil || !seen {
		t.Fatal(err, seen)
	}
	eventually(t, "the figures tell that nothing waits", func() bool {
		_, text := w.get("municipality", "/metrics")
		return !strings.Contains(text, party) && strings.Contains(text, `sluis_ledger_events_total{kind="answer-received"} 1`) &&
			strings.Contains(text, `sluis_steps_total{of="request",outcome="ok",step="send"} 1`) && strings.Contains(text, `sluis_connections{way="direct"} 1`)
	})
	node := n.nodes["municipality"].running.node
	later, err := observe.New(observe.Options{Now: func() time.Time { return time.Now().AddDate(10, 0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	w.by["later"] = later
	later.Watch(observe.Node{Node: node})
	if status, text := w.get("later", "/readyz"); status != http.StatusServiceUnavailable || text != "ok store\nno register: register-expired\nok recovery\nok disk\n" {
		t.Errorf("with an expired register: %d %q", status, text)
	}
	if err := n.Stop("municipality"); err != nil {
		t.Fatal(err)
	}
	if status, text := w.get("municipality", "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "no store: ") {
		t.Errorf("with a store that is closed: %d %q", status, text)
	}
	if status, text := w.get("municipality", "/metrics"); status != http.StatusOK || !strings.Contains(text, `sluis_figures_unread{source="outbox"} 1`) {
		t.Errorf("figures of a store that is closed: %d", status)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Errorf("never: %s", what)
}

package peer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	colpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"sluis/exchange"
	"sluis/ledger"
	"sluis/logboek"
)

// A collected is what the processing log of one party has got.
type collected struct {
	mu    sync.Mutex
	spans map[string]*tracepb.Span // by name
	raw   []byte
}

// follow hands the ledger of a node to a collector of its own, with pseudonyms.
func (m *member) follow() *collected {
	t := m.world.t
	t.Helper()
	c := &collected{spans: map[string]*tracepb.Span{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var request colpb.ExportTraceServiceRequest
		zipped, err := gzip.NewReader(q.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(zipped)
		if err != nil || proto.Unmarshal(body, &request) != nil {
			t.Error("not OTLP")
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw = append(c.raw, body...)
		for _, s := range request.ResourceSpans[0].ScopeSpans[0].Spans {
			c.spans[s.Name] = s
		}
	}))
	t.Cleanup(server.Close)
	f, err := logboek.Open(m.node, logboek.Options{
		Endpoint: server.URL + "/v1/traces", Cursor: filepath.Join(m.dir, "logboek.json"), Subjects: m.node.LogboekSubjects,
		Form: logboek.Form{ActivityBase: "https://example.nl/verwerkingen/", ProcessorBase: "urn:nld:oin:"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { f.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return c
}

// span waits for a span of this name.
func (c *collected) span(t *testing.T, name string) *tracepb.Span {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); ; {
		c.mu.Lock()
		s := c.spans[name]
		c.mu.Unlock()
		if s != nil {
			return s
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no span %q came", name)
		}
	}
}

func attribute(s *tracepb.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// The processing logs of both parties of one exchange fit together, and hold
// nothing of the person but pseudonyms that differ.
func TestLogboeksOfBothParties(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	atA, atB := a.follow(), b.follow()
	x, err := ask(t.Context(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	if _, err := b.node.Decide(t.Context(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)

	asked, arrived := atA.span(t, "Verzoek om gegevens verzonden"), atB.span(t, "Verzoek om gegevens ontvangen")
	answered, back := atB.span(t, "Gegevens verstrekt of geweigerd"), atA.span(t, "Antwoord op verzoek ontvangen")
	for _, step := range []struct {
		here, there *tracepb.Span
		caller      exchange.OIN
	}{{asked, arrived, municipality.OIN}, {answered, back, debtHelp.OIN}} {
		if !bytes.Equal(step.here.SpanId, step.there.ParentSpanId) || !bytes.Equal(step.here.TraceId, asked.TraceId) ||
			!bytes.Equal(step.there.TraceId, asked.TraceId) {
			t.Errorf("%q is not below %q", step.there.Name, step.here.Name)
		}
		if got := attribute(step.there, "dpl.core.foreign_operation.processor"); got != "urn:nld:oin:"+string(step.caller) {
			t.Errorf("%q was called by %q", step.there.Name, got)
		}
	}
	mine, theirs := attribute(asked, "dpl.core.data_subject_id"), attribute(arrived, "dpl.core.data_subject_id")
	if pseudonym := regexp.MustCompile("^[0-9a-f]{64}$"); !pseudonym.MatchString(mine) || !pseudonym.MatchString(theirs) || mine == theirs {
		t.Errorf("pseudonyms %q and %q", mine, theirs)
	}
	if again := attribute(back, "dpl.core.data_subject_id"); again != mine {
		t.Error("one person has two pseudonyms at one party")
	}
	for _, c := range []*collected{atA, atB} {
		c.mu.Lock()
		for _, text := range []string{"999993847", "Fictief", "a.jansen", "b.devries", "meldplicht", "debt-plan", "bel mij"} {
			if bytes.Contains(c.raw, []byte(text)) {
				t.Errorf("%q left the node", text)
			}
		}
		c.mu.Unlock()
	}
}

// Of a case, everybody in it; of what does not exist, nobody.
func TestLogboekSubjects(t *testing.T) {
	w := newWorld(t, municipality)
	a := w.members[0]
	c := caseOf(question(t))
	opened, err := a.node.OpenCase(t.Context(), requester, c)
	if err != nil {
		t.Fatal(err)
	}
	h := ledger.Header{Exchange: string(opened.ID), As: opened.Own.String()}
	got, err := a.node.LogboekSubjects(h)
	if err != nil || len(got) != len(c.People) {
		t.Errorf("%d people and %v, want %d", len(got), err, len(c.People))
	}
	for _, other := range []ledger.Header{
		{Exchange: ledger.None, As: opened.Own.String()}, {Exchange: string(opened.ID), As: ledger.None},
		{Exchange: "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857", As: opened.Own.String()},
	} {
		if got, err := a.node.LogboekSubjects(other); err != nil || got != nil {
			t.Errorf("exchange %s as %s: %d people and %v", other.Exchange, other.As, len(got), err)
		}
	}
}

package observe

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"sluis/peer"
)

func instruments(t *testing.T, spans sdktrace.SpanProcessor) *Instruments {
	t.Helper()
	i, err := New(Options{Version: "test", Spans: spans})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func get(i *Instruments, method, path string) (int, string) {
	answer := httptest.NewRecorder()
	i.Handler().ServeHTTP(answer, httptest.NewRequest(method, path, nil))
	return answer.Code, answer.Body.String()
}

// Before the node is up, as while it proves its ledger, it is alive and not
// ready, and there are figures of the process.
func TestAliveAndNotReady(t *testing.T) {
	i := instruments(t, nil)
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable, "/metrics": http.StatusOK, "/": http.StatusNotFound, "/debug/pprof/": http.StatusNotFound,
	} {
		if got, _ := get(i, http.MethodGet, path); got != want {
			t.Errorf("%s answers %d, want %d", path, got, want)
		}
	}
	if got, _ := get(i, http.MethodPost, "/metrics"); got != http.StatusMethodNotAllowed {
		t.Errorf("POST answers %d", got)
	}
	if _, text := get(i, http.MethodGet, "/metrics"); !strings.Contains(text, `sluis_build_info{version="test"} 1`) || !strings.Contains(text, "go_goroutines") {
		t.Error("figures of the process are not there")
	}
}

// What becomes a label is bounded, whatever comes.
func TestNamesAreBounded(t *testing.T) {
	i := instruments(t, nil)
	for k := range 3 * maxNames {
		_, end := i.Observe(t.Context(), peer.PageStep, nil)
		end(fmt.Sprintf("GET /%d", k), "200")
	}
	_, end := i.Observe(t.Context(), peer.PageStep, nil)
	end(strings.Repeat("x", maxName+1), "200")
	_, text := get(i, http.MethodGet, "/metrics")
	if got := strings.Count(text, "\nsluis_steps_total{"); got > maxNames+1 || got < maxNames/2 {
		t.Errorf("%d rows", got)
	}
	if !strings.Contains(text, `sluis_steps_total{of="other",outcome="200",step="page"}`) || strings.Contains(text, "xxxx") {
		t.Error("what is one too many is not counted as other")
	}
}

// nil instruments observe nothing, and nothing breaks.
func TestNothingToObserveWith(t *testing.T) {
	var i *Instruments
	i.Watch(Node{})
	ctx, end := i.Hook().Begin(t.Context(), peer.APIStep, nil)
	end("GET /", "200")
	if ctx != t.Context() || i.Joined(http.NotFoundHandler()) == nil || i.Close() != nil {
		t.Error("nil instruments did something")
	}
}

// Both ends of a message are in one trace, what is written for it is below, and
// another message is another trace.
func TestMessagesMakeTraces(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	i := instruments(t, spans)
	step := func(ctx context.Context, s peer.Step, message string) {
		ctx, end := i.Observe(ctx, s, []byte(message))
		_, within := i.Observe(ctx, peer.CommitStep, nil)
		within("", peer.Done)
		end("request", "unreachable")
	}
	step(t.Context(), peer.SendStep, "one")
	step(t.Context(), peer.ReceiveStep, "one")
	step(t.Context(), peer.SendStep, "two")
	ended := spans.Ended()
	if len(ended) != 6 {
		t.Fatalf("%d spans", len(ended))
	}
	trace := func(k int) string { return ended[k].SpanContext().TraceID().String() }
	if trace(0) != trace(3) || trace(1) != trace(3) || trace(5) == trace(3) {
		t.Error("the spans of a message are not together")
	}
	if ended[2].Parent().SpanID() != ended[3].SpanContext().SpanID() {
		t.Error("a commit is not below its step")
	}
	if ended[1].Status().Description != "unreachable" || ended[0].Status().Description != "" {
		t.Error("what failed is not marked, or what went well is")
	}
}

// A program of the organisation can have its requests in its own trace; what it
// says beside that goes nowhere.
func TestJoinsTheCaller(t *testing.T) {
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, want := range map[string]bool{"00-" + theirs + "-00f067aa0ba902b7-01": true, "00-" + theirs + "-0000000000000000-01": false, "999990482": false} {
		spans := tracetest.NewSpanRecorder()
		i := instruments(t, spans)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("traceparent", header)
		r.Header.Set("tracestate", "bsn=999990482")
		r.Header.Set("baggage", "bsn=999990482")
		i.Joined(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, end := i.Observe(r.Context(), peer.APIStep, nil)
			end("GET /", "200")
		})).ServeHTTP(httptest.NewRecorder(), r)
		s := spans.Ended()[0]
		if got := s.SpanContext().TraceID().String() == theirs; got != want {
			t.Errorf("%q: joined %v", header, got)
		}
		if s.SpanContext().TraceState().Len() != 0 || strings.Contains(fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(s)), "999990482") {
			t.Errorf("%q: what the caller said is in the span", header)
		}
	}
}

// What a panic says is not in the span of the step that it ended.
func TestPanicLeavesNoWords(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	i := instruments(t, spans)
	func() {
		defer func() { _ = recover() }()
		_, end := i.Observe(t.Context(), peer.ReceiveStep, nil)
		defer func() { end("request", peer.Internal) }()
		panic("999990482")
	}()
	if text := fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(spans.Ended()[0])); strings.Contains(text, "999990482") || !strings.Contains(text, peer.Internal) {
		t.Error("the span tells what the panic said")
	}
}

// Spans reach a collector over OTLP, at the end at the latest; one that is down
// holds nothing up for long and is told.
func TestSpansReachTheCollector(t *testing.T) {
	var got collectorpb.ExportTraceServiceRequest
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := gzip.NewReader(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
			return
		}
		body, err := io.ReadAll(in)
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusOK)
	}))
	defer collector.Close()
	var said bytes.Buffer
	for _, endpoint := range []string{collector.URL + "/v1/traces", "http://127.0.0.1:1/v1/traces"} {
		i, err := New(Options{Version: "1.2.3", Instance: "00000099000002002000", Endpoint: endpoint, Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		_, end := i.Observe(t.Context(), peer.CommitStep, nil)
		end("", peer.Done)
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	}
	if text := got.String(); !strings.Contains(text, `"commit"`) || !strings.Contains(text, "00000099000002002000") {
		t.Errorf("the collector got %s", text)
	}
	if !strings.Contains(said.String(), "spans were not taken") {
		t.Errorf("the log says %q", said.String())
	}
}

package logboek_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	colpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A receiver is a collector on loopback. It keeps what it confirms, and can be
// put down and up again on the same address, or be told how to answer.
type receiver struct {
	t       *testing.T
	address string
	server  *http.Server

	mu       sync.Mutex
	spans    []*tracepb.Span
	raw      []byte // everything that came in, unpacked
	headers  []http.Header
	answer   func(http.ResponseWriter) // nil confirms
	attempts int
	changed  chan struct{}
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, address: "127.0.0.1:0", changed: make(chan struct{})}
	r.up()
	t.Cleanup(r.down)
	return r
}

func (r *receiver) up() {
	r.t.Helper()
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = l.Addr().String()
	r.server = &http.Server{Handler: r}
	go func(s *http.Server) { _ = s.Serve(l) }(r.server)
}

func (r *receiver) down() { _ = r.server.Close() }

func (r *receiver) url() string { return "http://" + r.address + "/v1/traces" }

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { close(r.changed); r.changed = make(chan struct{}) }()
	r.attempts++
	if r.answer != nil {
		r.answer(w)
		return
	}
	zipped, err := gzip.NewReader(q.Body)
	if err != nil || q.URL.Path != "/v1/traces" || q.Header.Get("Content-Type") != "application/x-protobuf" {
		r.t.Errorf("not OTLP over HTTP: %s, %v", q.URL.Path, err)
		return
	}
	body, err := io.ReadAll(zipped)
	var request colpb.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		r.t.Errorf("the body is not an ExportTraceServiceRequest")
		return
	}
	r.raw, r.headers = append(r.raw, body...), append(r.headers, q.Header)
	for _, rs := range request.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			r.spans = append(r.spans, ss.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// wait waits until done holds of what came in.
func (r *receiver) wait(what string, done func() bool) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		ok, changed := done(), r.changed
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			r.t.Fatalf("%s: did not happen; %d attempts, %d spans", what, r.attempts, len(r.spans))
		}
	}
}

func (r *receiver) ids() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		ids = append(ids, hex.EncodeToString(s.SpanId))
	}
	return ids
}

func (r *receiver) set(answer func(http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) holds(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Contains(r.raw, []byte(text))
}

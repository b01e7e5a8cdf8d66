// Package observe makes of what a node does what the people see who keep it
// running: figures for Prometheus, whether it is alive and ready, and traces for
// OpenTelemetry. docs/observe.md tells what each figure means.
//
// # How to read it
//
// observe.go is what a node tells while it works: [Instruments.Observe] makes a
// figure and a span of each step. figures.go is what is looked up, through the
// doors that a node has anyway, when somebody asks; relay.go the same of a relay. ready.go is how the node is,
// traces.go where spans go to.
//
// # What it must not do
//
// Say anything of a person, an exchange or a member of staff (I5): labels and
// attributes are names that are fixed, and an organisation only where the question
// is which one cannot be reached. Decide anything, or keep a node from working.
package observe

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"sluis/api/webhook"
	"sluis/peer"
)

// Options say what is observed.
type Options struct {
	Version  string
	Instance string           // service.instance.id of spans: the OIN of the organisation
	Log      *slog.Logger     // nil: nothing is logged
	Now      func() time.Time // nil means the system's clock

	// Endpoint is the URL to which spans are posted (OTLP over HTTP); empty: none
	// are made. Spans takes them instead, where it is not nil.
	Endpoint string
	Spans    sdktrace.SpanProcessor
}

// Instruments observe one node. Their methods may be called at any time by any
// goroutine.
type Instruments struct {
	registry *prometheus.Registry
	steps    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	names    names
	node     atomic.Pointer[Node]     // nil until it is up
	provider *sdktrace.TracerProvider // nil, like tracer, where no spans are made
	tracer   trace.Tracer
	now      func() time.Time
	log      *slog.Logger
}

// A Node is what is looked at when somebody asks.
type Node struct {
	*peer.Node
	// Logboek tells how far the organisation's processing log is behind, and since
	// when handing over fails. nil where it is switched off.
	Logboek func() (behind uint64, since time.Time)
	// Webhooks tells how the delivery of events to the organisation's own systems is.
	// nil where there are none.
	Webhooks func() ([]webhook.State, error)
	// Relays is how many addresses of relays the configuration has.
	Relays int
}

// buckets are the upper bounds of how long steps take, in seconds: a commit takes
// milliseconds, an attempt to deliver may wait half a minute.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// New makes instruments. They observe nothing of a node until [Instruments.Watch].
func New(o Options) (*Instruments, error) {
	i := &Instruments{
		registry: prometheus.NewRegistry(),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluis_steps_total", Help: "Steps that the node took, by kind, what it was and how it ended.",
		}, []string{"step", "of", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluis_step_seconds", Help: "How long steps took.", Buckets: buckets,
		}, []string{"step", "of"}),
		now: o.Now, log: o.Log,
	}
	if i.now == nil {
		i.now = time.Now
	}
	if i.log == nil {
		i.log = slog.New(slog.DiscardHandler)
	}
	if err := register(i.registry, o.Version, i.steps, i.took, newFigures(i)); err != nil {
		return nil, err
	}
	spans := o.Spans
	if spans == nil && o.Endpoint != "" {
		exporter, err := openExporter(context.Background(), o.Endpoint)
		if err != nil {
			return nil, fmt.Errorf("observe: %v", err)
		}
		spans = sdktrace.NewBatchSpanProcessor(exporter)
	}
	if spans != nil {
		i.trace(o, spans)
	}
	return i, nil
}

// register adds what is collected, and what every program tells of itself.
func register(to *prometheus.Registry, version string, of ...prometheus.Collector) error {
	built := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sluis_build_info", Help: "The version of the software; the figure is always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	built.Set(1)
	for _, c := range append(of, built, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) {
		if err := to.Register(c); err != nil {
			return fmt.Errorf("observe: %v", err)
		}
	}
	return nil
}

// Watch says which node is up. nil instruments watch nothing.
func (i *Instruments) Watch(n Node) {
	if i != nil {
		i.node.Store(&n)
	}
}

// Hook is what a node is opened with: Observe, or nil for nil instruments.
func (i *Instruments) Hook() peer.Observe {
	if i == nil {
		return nil
	}
	return i.Observe
}

// Observe is the [peer.Observe] of a node.
func (i *Instruments) Observe(ctx context.Context, step peer.Step, message []byte) (context.Context, func(of, outcome string)) {
	began := time.Now()
	ctx, end := i.span(ctx, step, message)
	return ctx, func(of, outcome string) {
		of, outcome = i.names.known(of), i.names.known(outcome)
		i.steps.WithLabelValues(string(step), of, outcome).Inc()
		i.took.WithLabelValues(string(step), of).Observe(time.Since(began).Seconds())
		end(of, outcome)
	}
}

// Handler serves /metrics, /healthz and /readyz.
func (i *Instruments) Handler() http.Handler { return handler(i.registry, i.log, i.ready) }

func handler(registry *prometheus.Registry, log *slog.Logger, ready http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		// What can't be read is left out, and counted; the rest is told.
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxRequestsInFlight: atOnce,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", ready)
	return mux
}

// atOnce bounds how many may ask for figures at a time.
const atOnce = 4

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// names bounds what can become a label. All of them are fixed in the program, so
// that none is ever turned away; should one come from outside after all, it fills
// neither the memory of the node nor that of who collects.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

const (
	maxNames  = 1000
	maxName   = 120
	none      = "none"
	otherName = "other"
)

// known is the name, or what stands for one too many.
func (n *names) known(name string) string {
	if name == "" {
		return none
	}
	if len(name) > maxName {
		return otherName
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[name] {
		return name
	}
	if len(n.seen) >= maxNames {
		return otherName
	}
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	n.seen[name] = true
	return name
}

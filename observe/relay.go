package observe

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluis/peer"
)

// The figures of a relay: how much it carries, never for whom.
var (
	places        = gauge("sluis_relay_places", "Places that nodes have at this relay now.")
	circuits      = gauge("sluis_relay_connections", "Connections that this relay carries now.")
	circuitsTotal = counter("sluis_relay_connections_total", "Connections that this relay carried since it started.")
	turnedAway    = counter("sluis_relay_refused_total", "Places and connections that this relay refused since it started.")
	carriedBytes  = counter("sluis_relay_bytes_total", "Bytes that this relay carried since it started, both ways together.")
	members       = gauge("sluis_relay_members", "Parties of the register that this relay serves.")
)

var ofRelay = []figure{places, circuits, circuitsTotal, turnedAway, carriedBytes, members, version, expires}

// A Relay observes one relay.
type Relay struct {
	registry *prometheus.Registry
	state    func() peer.RelayState
	now      func() time.Time
	log      *slog.Logger
}

// NewRelay observes a relay by what state tells of it. Of the options it uses the
// version, the log and the clock.
func NewRelay(o Options, state func() peer.RelayState) (*Relay, error) {
	r := &Relay{registry: prometheus.NewRegistry(), state: state, now: o.Now, log: o.Log}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r, register(r.registry, o.Version, r)
}

// Handler serves /metrics, /healthz and /readyz, as a node does.
func (r *Relay) Handler() http.Handler { return handler(r.registry, r.log, r.ready) }

// Describe implements prometheus.Collector.
func (r *Relay) Describe(to chan<- *prometheus.Desc) {
	for _, f := range ofRelay {
		to <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (r *Relay) Collect(to chan<- prometheus.Metric) {
	s := r.state()
	for f, value := range map[*figure]float64{
		&places: float64(s.Places), &circuits: float64(s.Connections), &circuitsTotal: float64(s.Opened), &turnedAway: float64(s.Refused),
		&carriedBytes: float64(s.Bytes), &members: float64(s.Members), &version: float64(s.Version), &expires: float64(s.Expires.Unix()),
	} {
		to <- prometheus.MustNewConstMetric(f.desc, f.kind, value)
	}
}

// ready tells whether the relay can do its work: it serves parties of a register
// that counts.
func (r *Relay) ready(w http.ResponseWriter, _ *http.Request) {
	if !r.now().Before(r.state().Expires) {
		answer(w, http.StatusServiceUnavailable, "no register: "+peer.RegisterExpired+"\n")
		return
	}
	answer(w, http.StatusOK, "ok register\n")
}

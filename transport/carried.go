package transport

import (
	"sync/atomic"
	"time"

	pbv2 "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"
)

// Carried is what a relay has to do, and has done since it started: how much, never
// for whom. That two organisations have to do with each other says something about
// people.
type Carried struct {
	Places      int64  // that peers have here now
	Connections int64  // that are carried now
	Opened      uint64 // connections that were carried, since the start
	Refused     uint64 // connections and places that were refused, since the start
	Bytes       uint64 // carried since the start, both ways together
}

// Carried is what this host, a relay, carries. It is zero for any other.
func (h *Host) Carried() Carried {
	return Carried{
		Places: h.carried.places.Load(), Connections: h.carried.connections.Load(),
		Opened: h.carried.opened.Load(), Refused: h.carried.refused.Load(), Bytes: h.carried.bytes.Load(),
	}
}

// carried implements libp2p's relay.MetricsTracer. libp2p's own counts in registries
// of the process.
type carried struct {
	places, connections    atomic.Int64
	opened, refused, bytes atomic.Uint64
}

// RelayStatus is called when the relay begins and ends.
func (*carried) RelayStatus(bool) {}

// ConnectionOpened counts a connection that is carried.
func (c *carried) ConnectionOpened() { c.connections.Add(1); c.opened.Add(1) }

// ConnectionClosed counts one that is carried no longer.
func (c *carried) ConnectionClosed(time.Duration) { c.connections.Add(-1) }

// ConnectionRequestHandled counts what is refused.
func (c *carried) ConnectionRequestHandled(s pbv2.Status) { c.handled(s) }

// ReservationAllowed counts a place, once however often it is renewed.
func (c *carried) ReservationAllowed(isRenewal bool) {
	if !isRenewal {
		c.places.Add(1)
	}
}

// ReservationClosed counts places that are gone.
func (c *carried) ReservationClosed(n int) { c.places.Add(-int64(n)) }

// ReservationRequestHandled counts what is refused.
func (c *carried) ReservationRequestHandled(s pbv2.Status) { c.handled(s) }

// BytesTransferred counts what passed.
func (c *carried) BytesTransferred(n int) { c.bytes.Add(uint64(max(0, n))) } // #nosec G115 -- not negative

func (c *carried) handled(s pbv2.Status) {
	if s != pbv2.Status_OK {
		c.refused.Add(1)
	}
}

package transport

import (
	"math"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	ma "github.com/multiformats/go-multiaddr"
)

// carry makes h a relay (libp2p circuit relay v2): peers keep a place here, and
// others call them through it. Of what it carries it sees who talks to whom, when
// and how much: the two ends make their TLS connection through it.
//
// Every bound is set here. Those of libp2p are for volunteers on the internet: a
// place for 8 nodes behind one address and 128 KiB for each connection.
func (h *Host) carry() error {
	r, err := relay.New(h.host,
		relay.WithMetricsTracer(&h.carried),
		relay.WithACL(members{h.gate}),
		relay.WithResources(relay.Resources{
			Limit:                &relay.RelayLimit{Duration: relayedTime, Data: relayedBytes},
			ReservationTTL:       placeTime,
			MaxReservations:      h.limits.Connections,
			MaxReservationsPerIP: h.limits.PerIP,
			// Organisations of one region share a provider.
			MaxReservationsPerASN: math.MaxInt,
			MaxCircuits:           h.limits.StreamsPerPeer,
			BufferSize:            relayBuffer,
		}),
		// Nodes take the address of their relay from their own configuration.
		relay.WithReservationAddressFilter(func(ma.Multiaddr) bool { return true }))
	if err != nil {
		return err
	}
	h.carrier = r
	return nil
}

// members lets peers use the relay, and nobody else. Strangers do not get as far
// as to ask; a peer that was removed a moment ago may.
type members struct{ gate *gate }

// AllowReserve implements libp2p's relay.ACLFilter.
func (m members) AllowReserve(p peer.ID, _ ma.Multiaddr) bool {
	if _, ok := m.gate.knows(p); !ok {
		m.gate.refuse("refused a place: not among the peers", p)
		return false
	}
	m.gate.log.Info("a peer has a place here", "peer", p.String())
	return true
}

// AllowConnect implements libp2p's relay.ACLFilter. Who calls whom is not logged:
// that two organisations have to do with each other says something about people.
func (m members) AllowConnect(from peer.ID, _ ma.Multiaddr, to peer.ID) bool {
	for _, p := range []peer.ID{from, to} {
		if _, ok := m.gate.knows(p); !ok {
			m.gate.refuse("refused to carry a connection: not among the peers", p)
			return false
		}
	}
	return true
}

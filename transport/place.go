package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"
	multistream "github.com/multiformats/go-multistream"
)

const (
	// firstPlacePause and longestPlacePause bound the pause after a relay gave no
	// place; it doubles in between.
	firstPlacePause   = time.Second
	longestPlacePause = time.Minute

	// placeTimeout bounds one attempt.
	placeTimeout = 30 * time.Second
)

// A Place is how this host stands at one relay of its own.
type Place struct {
	Relay     string    // peer ID
	Addresses []string  // of the relay, with its ID, as they were configured
	Until     time.Time // when the place ends that stands now; zero where none does
	Since     time.Time // since when it is so, that there is one or that there is none
	Why       NoPlace   // why the last attempt gave none; "" where there is one, or before the first attempt has ended
}

// A NoPlace is why a relay gave no place, by what can be done about it.
type NoPlace string

// The reasons.
const (
	// NoAnswer: no connection could be made.
	NoAnswer NoPlace = "unreachable"
	// NotServed: the relay answers, and does not know this host.
	NotServed NoPlace = "refused"
	// NoRoom: all places are taken, or all for our network address.
	NoRoom NoPlace = "full"
	// NoRelay: what answers carries nothing.
	NoRelay NoPlace = "no-relay"
)

// noPlace sorts an error of an attempt that had a connection, or none.
func noPlace(err error, connected bool) NoPlace {
	var gated *network.ConnError
	var said client.ReservationError
	var speaks multistream.ErrNotSupported[protocol.ID]
	switch {
	case errors.As(err, &gated) && gated.Remote && gated.ErrorCode == network.ConnGated:
		return NotServed
	case !connected:
		return NoAnswer
	case errors.As(err, &speaks):
		return NoRelay
	case errors.As(err, &said) && (said.Status == pb.Status_RESERVATION_REFUSED || said.Status == pb.Status_RESOURCE_LIMIT_EXCEEDED):
		return NoRoom
	}
	// A relay hangs up on whom it does not know, as every host of ours does.
	return NotServed
}

// places are the relays where this host has a place (a reservation of circuit
// relay v2) right now, or wants one.
//
// This is not libp2p's AutoRelay, which looks for relays among strangers: it asks
// at fixed intervals, so that after a restart all nodes come at once, and does not
// say at which relays there is a place.
type places struct {
	keepers sync.WaitGroup

	mu  sync.Mutex
	all map[peer.ID]Place
}

// addresses are those at which a host with these places can be called.
func (p *places) addresses(relays relaying) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, place := range p.all {
		if place.Until.IsZero() {
			continue
		}
		for _, a := range relays[id] {
			texts = append(texts, a.String()+"/p2p/"+id.String()+"/p2p-circuit")
		}
	}
	slices.SortFunc(texts, strings.Compare)
	return texts
}

// set notes how an attempt at a relay went, and tells whether that makes a
// difference. until is zero where there is no place.
func (p *places) set(id peer.ID, until time.Time, why NoPlace) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[peer.ID]Place{}
	}
	place := p.all[id]
	changed = place.Until.IsZero() != until.IsZero()
	if changed || place.Since.IsZero() {
		place.Since = time.Now().UTC()
	}
	place.Until, place.Why = until, why
	p.all[id] = place
	return changed
}

// Places tells how this host stands at each of its relays, by their ID.
func (h *Host) Places() (all []Place) {
	h.places.mu.Lock()
	defer h.places.mu.Unlock()
	for id, addresses := range h.relays {
		place := h.places.all[id]
		place.Relay = id.String()
		for _, a := range addresses {
			place.Addresses = append(place.Addresses, a.String()+"/p2p/"+place.Relay)
		}
		all = append(all, place)
	}
	slices.SortFunc(all, func(a, b Place) int { return strings.Compare(a.Relay, b.Relay) })
	return all
}

// keepPlaces keeps a place at each relay of this host until it closes.
func (h *Host) keepPlaces() {
	for id, addresses := range h.relays {
		h.host.Peerstore().AddAddrs(id, addresses, peerstore.PermanentAddrTTL)
		lost := make(chan struct{}, 1)
		h.host.Network().Notify(&network.NotifyBundle{DisconnectedF: func(n network.Network, c network.Conn) {
			if c.RemotePeer() == id && n.Connectedness(id) != network.Connected {
				select {
				case lost <- struct{}{}:
				default:
				}
			}
		}})
		h.places.keepers.Go(func() { h.keepPlace(id, lost) })
	}
}

// keepPlace keeps a place at one relay. It asks anew when half of its time is
// over, and at once when the connection ends, which the other end or, within a
// minute, the keep-alive of the connection tells.
func (h *Host) keepPlace(relay peer.ID, lost <-chan struct{}) {
	pause := firstPlacePause
	for h.running.Err() == nil {
		select {
		case <-lost: // of a connection before this attempt
		default:
		}
		until, why, err := h.takePlace(relay)
		wait := time.Until(until) / 2
		switch {
		case err == nil:
			if h.places.set(relay, until.UTC(), "") {
				h.log.Info("this host can be called through a relay", "relay", relay.String())
			}
			pause = firstPlacePause
		default:
			if h.places.set(relay, time.Time{}, why) || pause == firstPlacePause {
				h.log.Warn("no place at a relay: trying again", "relay", relay.String(), "why", string(why))
			}
			h.log.Debug("no place at a relay", "relay", relay.String(), "cause", err.Error())
			wait = pause/2 + rand.N(pause/2) // nodes do not come back to a relay all at once
			pause = min(2*pause, longestPlacePause)
		}
		timer := time.NewTimer(wait)
		select {
		case <-h.running.Done():
		case <-timer.C:
		case <-lost:
			if err != nil {
				// What has just failed may report its end here: the pause stands.
				select {
				case <-h.running.Done():
				case <-timer.C:
				}
			} else {
				h.places.set(relay, time.Time{}, NoAnswer)
				h.log.Warn("lost the place at a relay: asking for another", "relay", relay.String())
			}
		}
		timer.Stop()
	}
}

// takePlace asks a relay for a place, or for more time at the one that there is.
func (h *Host) takePlace(relay peer.ID) (until time.Time, why NoPlace, err error) {
	ctx, cancel := context.WithTimeout(h.running, placeTimeout)
	defer cancel()
	// The pauses are ours.
	if s, ok := h.host.Network().(interface{ Backoff() *swarm.DialBackoff }); ok {
		s.Backoff().Clear(relay)
	}
	if _, err := h.host.Network().DialPeer(ctx, relay); err != nil {
		return time.Time{}, noPlace(err, false), err
	}
	r, err := client.Reserve(ctx, h.host, peer.AddrInfo{ID: relay})
	if err != nil {
		return time.Time{}, noPlace(err, true), err
	}
	return r.Expiration, "", nil
}

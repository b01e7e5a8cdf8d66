package transport

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
)

const (
	// firstPlacePause and longestPlacePause bound the pause after a relay gave no
	// place; it doubles in between.
	firstPlacePause   = time.Second
	longestPlacePause = time.Minute

	// placeTimeout bounds one attempt.
	placeTimeout = 30 * time.Second
)

// places are the relays where this host has a place (a reservation of circuit
// relay v2) right now.
//
// This is not libp2p's AutoRelay, which looks for relays among strangers: it asks
// at fixed intervals, so that after a restart all nodes come at once, and does not
// say at which relays there is a place.
type places struct {
	keepers sync.WaitGroup

	mu  sync.Mutex
	had map[peer.ID]bool
}

// addresses are those at which a host with these places can be called.
func (p *places) addresses(relays relaying) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.had {
		for _, a := range relays[id] {
			texts = append(texts, a.String()+"/p2p/"+id.String()+"/p2p-circuit")
		}
	}
	slices.SortFunc(texts, strings.Compare)
	return texts
}

// set notes whether there is a place, and tells whether that is new.
func (p *places) set(id peer.ID, has bool) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed = p.had[id] != has
	if p.had == nil {
		p.had = map[peer.ID]bool{}
	}
	if has {
		p.had[id] = true
	} else {
		delete(p.had, id)
	}
	return changed
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
		until, err := h.takePlace(relay)
		wait := time.Until(until) / 2
		switch {
		case err == nil:
			if h.places.set(relay, true) {
				h.log.Info("this host can be called through a relay", "relay", relay.String())
			}
			pause = firstPlacePause
		default:
			if h.places.set(relay, false) || pause == firstPlacePause {
				h.log.Warn("no place at a relay: trying again", "relay", relay.String())
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
				h.places.set(relay, false)
				h.log.Warn("lost the place at a relay: asking for another", "relay", relay.String())
			}
		}
		timer.Stop()
	}
}

// takePlace asks a relay for a place, or for more time at the one that there is.
func (h *Host) takePlace(relay peer.ID) (until time.Time, err error) {
	ctx, cancel := context.WithTimeout(h.running, placeTimeout)
	defer cancel()
	// The pauses are ours.
	if s, ok := h.host.Network().(interface{ Backoff() *swarm.DialBackoff }); ok {
		s.Backoff().Clear(relay)
	}
	r, err := client.Reserve(ctx, h.host, peer.AddrInfo{ID: relay})
	if err != nil {
		return time.Time{}, err
	}
	return r.Expiration, nil
}

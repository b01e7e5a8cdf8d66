package transport

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// A host tells of each of its relays whether it has a place, until when, and else
// why not.
func TestPlacesAreTold(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		first := startRelay(t, "relay", listen, "host")
		small := relayConfig(t, "small", listen, "host", "other")
		small.Limits.PerIP = 1
		full := open(t, small)
		other := behind(t, "other", at(full))
		hasPlace(t, other)
		stranger := startRelay(t, "strict", listen) // it knows nobody
		plain := open(t, config("plain", listen))   // no relay at all, and it knows the host
		if err := plain.SetPeers([]Peer{{ID: peerID(t, "host")}}); err != nil {
			t.Fatal(err)
		}
		gone := peerID(t, "gone")
		down := "/ip4/127.0.0.1/tcp/1/p2p/" + gone
		h := behind(t, "host", at(first), at(full), at(stranger), at(plain), down)
		want := map[string]NoPlace{first.ID(): "", full.ID(): NoRoom, stranger.ID(): NotServed, plain.ID(): NoRelay, gone: NoAnswer}
		eventually(t, "every relay was asked", func() bool {
			for _, p := range h.Places() {
				if p.Since.IsZero() {
					return false
				}
			}
			return true
		})
		for _, p := range h.Places() {
			if p.Why != want[p.Relay] || p.Until.IsZero() != (p.Relay != first.ID()) || len(p.Addresses) != 1 || !strings.HasSuffix(p.Addresses[0], "/p2p/"+p.Relay) {
				t.Errorf("%+v, want %q", p, want[p.Relay])
			}
			if left := time.Until(p.Until); p.Relay == first.ID() && (left < placeTime-time.Minute || left > placeTime+time.Minute) {
				t.Errorf("the place lasts %v", left)
			}
		}
		if len(h.Places()) != len(want) {
			t.Errorf("%d places", len(h.Places()))
		}
		// The relay takes it away.
		if err := first.SetPeers(nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the place is gone", func() bool {
			for _, p := range h.Places() {
				if p.Relay == first.ID() {
					return p.Until.IsZero() && p.Why != ""
				}
			}
			return false
		})
	})
}

// Who called counts by the best way that he had; who was only called does not, and
// neither does who is removed.
func TestCallersAreTold(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		relay := startRelay(t, "relay", listen, "host", "far", "called")
		cfg := config("host", listen)
		cfg.Relays = []string{at(relay)}
		h := open(t, cfg)
		near, far, called := open(t, config("near", "")), behind(t, "far", at(relay)), open(t, config("called", listen))
		eventually(t, "places", func() bool { return len(h.Addresses()) == 2 && len(far.Addresses()) == 1 })
		acquaint(t, h, near, far, called)
		// To the one, only the way through the relay is known.
		if err := far.SetPeers([]Peer{{ID: h.ID(), Addresses: []string{at(relay) + "/p2p-circuit"}}}); err != nil {
			t.Fatal(err)
		}
		if c := h.Callers(); c.Direct+c.Relayed != 0 || !c.Last.IsZero() || c.Since.IsZero() {
			t.Errorf("at first: %+v", c)
		}
		if _, err := h.Send(soon(t), called.ID(), echo, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := called.Send(soon(t), h.ID(), echo, nil); err != nil { // over the connection that h made
			t.Fatal(err)
		}
		if c := h.Callers(); c.Direct+c.Relayed != 0 {
			t.Errorf("who was called: %+v", c)
		}
		for _, from := range []*Host{near, far} {
			if _, err := from.Send(soon(t), h.ID(), echo, nil); err != nil {
				t.Fatal(err)
			}
		}
		if c := h.Callers(); c.Direct != 1 || c.Relayed != 1 || c.Last.IsZero() {
			t.Errorf("two called: %+v", c)
		}
		acquaint(t, h, near)
		if c := h.Callers(); c.Direct != 1 || c.Relayed != 0 {
			t.Errorf("one left: %+v", c)
		}
	})
}

// A probe finds who is there, also who does not know the caller, and nobody else.
func TestProbe(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		h := open(t, config("host", listen))
		there := asPeer(h)
		if err := Probe(soon(t), there, true, ""); err != nil {
			t.Errorf("a node that serves others only: %v", err)
		}
		other := there
		other.ID = peerID(t, "somebody")
		if err := Probe(soon(t), other, true, ""); !errors.Is(err, ErrUnreachable) {
			t.Errorf("another node at that address: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		brief, cancel := context.WithTimeout(soon(t), time.Second) // over QUIC nothing says that nobody is there
		defer cancel()
		if err := Probe(brief, there, true, ""); !errors.Is(err, ErrUnreachable) {
			t.Errorf("nobody: %v", err)
		}
	})
	if err := Probe(soon(t), Peer{ID: "x"}, true, ""); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("no ID: %v", err)
	}
}

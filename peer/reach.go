package peer

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sluis/transport"
)

// probeTime bounds the attempts at relays and at our own addresses, together.
const probeTime = 10 * time.Second

// circuit ends an address that leads through a relay.
const circuit = "/p2p-circuit"

// Places tells how the node stands at its relays.
func (n *Node) Places() []transport.Place { return n.network.Places() }

// Callers tells which partners have called the node by themselves.
func (n *Node) Callers() transport.Callers { return n.network.Callers() }

// relayChecks says of each relay whether the node has a place there, and whether
// the register sends partners to where it has one.
func (n *Node) relayChecks(f *inForce) (checks []Check) {
	places := n.Places()
	listed, known := n.listed(f)
	held := 0
	for _, p := range places {
		code := relayWaits
		switch p.Why {
		case transport.NoAnswer:
			code = relayUnreachable
		case transport.NotServed:
			code = relayRefused
		case transport.NoRoom:
			code = relayFull
		case transport.NoRelay:
			code = relayNone
		}
		if !p.Until.IsZero() {
			code = relayOK
			held++
		}
		checks = append(checks, found(code, "relay", p.Addresses[0], "until", stamp(p.Until), "since", stamp(p.Since)))
		if known && !slices.ContainsFunc(listed, func(a string) bool { return relayOf(a) == p.Relay }) {
			checks = append(checks, found(relayUnlisted, "relay", p.Addresses[0]))
		}
	}
	for _, a := range listed {
		if id := relayOf(a); id != "" && !slices.ContainsFunc(places, func(p transport.Place) bool { return p.Relay == id }) {
			checks = append(checks, found(relayUnkept, "address", a))
		}
	}
	if len(places) > 0 && held == 0 && f.register != nil {
		checks = append(checks, found(relayPlaceless, "count", strconv.Itoa(len(places))))
	}
	return checks
}

// listed are the addresses that the register gives partners of this node; it is
// false where the register does not list it, which is told elsewhere.
func (n *Node) listed(f *inForce) ([]string, bool) {
	if f.register == nil {
		return nil, false
	}
	e, ok := f.register.Entry(n.id.OIN)
	return e.Addresses, ok
}

// relayOf is the relay that an address leads through, "" for a direct one.
func relayOf(address string) string {
	before, through := strings.CutSuffix(address, circuit)
	if !through {
		return ""
	}
	id, err := transport.RelayID(before)
	if err != nil {
		return ""
	}
	return id
}

// reachChecks says whether partners reach this node. That they called by themselves
// shows that they do. Where none did, which shows nothing, it calls the direct
// addresses that the register gives: from here, so that a router which lets nobody
// in from inside makes it fail all the same.
func (n *Node) reachChecks(ctx context.Context, f *inForce) []Check {
	listed, known := n.listed(f)
	if !known || len(f.register.Parties()) < 2 {
		return nil
	}
	var direct []string
	for _, a := range listed {
		if relayOf(a) == "" {
			direct = append(direct, a)
		}
	}
	c := n.Callers()
	values := []string{
		"direct", strconv.Itoa(c.Direct), "relayed", strconv.Itoa(c.Relayed), "last", stamp(c.Last), "since", stamp(c.Since),
		"address", strings.Join(direct, ", "),
	}
	placed := slices.ContainsFunc(n.Places(), func(p transport.Place) bool { return !p.Until.IsZero() })
	leads := func() bool {
		ctx, cancel := context.WithTimeout(ctx, probeTime)
		defer cancel()
		own := transport.Peer{ID: n.network.ID(), Addresses: direct}
		return transport.Probe(ctx, own, n.config.QUIC, n.config.Proxy) == nil
	}
	code := reachDirect
	switch {
	case c.Direct > 0:
	case len(listed) == 0:
		code = reachNowhere
	case len(direct) == 0 && placed:
		code = reachRelay
	case len(direct) == 0:
		code = reachNone
	case leads():
		code = reachHere
	case c.Relayed > 0 || placed:
		code = reachRelayOnly
	default:
		code = reachUnproved
	}
	return []Check{found(code, values...)}
}

// relays looks whether the relays of a node that is stopped answer. Whether they
// would give it a place they tell the node only.
func (p Premises) relays(c Config) []Check {
	if p.Up || len(c.Relays) == 0 {
		return nil
	}
	var all []transport.Peer
	for _, a := range c.Relays {
		id, err := transport.RelayID(a)
		if err != nil {
			continue // which the configuration is told of
		}
		if i := slices.IndexFunc(all, func(r transport.Peer) bool { return r.ID == id }); i >= 0 {
			all[i].Addresses = append(all[i].Addresses, a)
		} else {
			all = append(all, transport.Peer{ID: id, Addresses: []string{a}})
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	checks := make([]Check, len(all))
	var work sync.WaitGroup
	for i, r := range all {
		work.Go(func() {
			code := relayAnswers
			if transport.Probe(ctx, r, c.QUIC, c.Proxy) != nil {
				code = relaySilent
			}
			checks[i] = found(code, "relay", r.Addresses[0])
		})
	}
	work.Wait()
	return checks
}

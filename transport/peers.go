package transport

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

// A Peer is a node that may call and be called.
type Peer struct {
	// ID is its libp2p peer ID in base58 (12D3KooW…).
	ID string

	// Addresses are where it can be called, as multiaddresses of TCP or QUIC
	// with or without /p2p/ID at the end, or of a relay where it has a place:
	// the address of the relay, /p2p/ and its ID, /p2p-circuit. Empty: it calls
	// us.
	Addresses []string
}

// A known peer is one that may take part.
type known struct {
	name      string // its ID as text: it is needed with every request
	addresses []ma.Multiaddr
}

// A relaying is where relays can be called: those of this host, and those that
// peers are called through.
type relaying map[peer.ID][]ma.Multiaddr

// relaysOf adds to the relays of this host those in the addresses of peers.
func relaysOf(own relaying, peers map[peer.ID]known) relaying {
	all := relaying{}
	add := func(id peer.ID, a ma.Multiaddr) {
		if !slices.ContainsFunc(all[id], a.Equal) {
			all[id] = append(all[id], a)
		}
	}
	for id, addresses := range own {
		for _, a := range addresses {
			add(id, a)
		}
	}
	for _, p := range peers {
		for _, a := range p.addresses {
			if relay, id, ok := splitRelayed(a); ok {
				add(id, relay)
			}
		}
	}
	return all
}

// SetPeers replaces the peers that may take part.
//
// When it returns, a peer that is no longer among them has lost its
// connections, its requests that are not yet with a handler are refused, and it
// can't come back. A peer whose addresses changed can be called at the new ones
// at once, also when the old ones have just failed. The ID of this host itself
// may be among the peers and has no effect.
//
// An address that this host cannot dial is passed over and logged by its peer:
// one party's line in the register must not stop the others. A peer ID that is
// none, or is there twice, is an error, and then nothing has changed.
func (h *Host) SetPeers(peers []Peer) error {
	parsed, err := parsePeers(peers, h.quic, h.log)
	if err != nil {
		return err
	}
	h.admit(parsed)
	return nil
}

// admit makes peers the ones that may take part.
func (h *Host) admit(peers map[peer.ID]known) {
	h.changing.Lock()
	defer h.changing.Unlock()
	delete(peers, h.host.ID())
	before := *h.gate.peers.Load()

	// The gate comes first: a connection that is made from here on meets the
	// new peers, and one that was made before is found by ClosePeer below.
	h.gate.peers.Store(&peers)
	relays, relaysBefore := relaysOf(h.relays, peers), *h.gate.relays.Load()
	h.gate.relays.Store(&relays)

	book := h.host.Peerstore()
	for id, p := range peers {
		old, was := before[id]
		if was && slices.EqualFunc(old.addresses, p.addresses, ma.Multiaddr.Equal) {
			continue
		}
		book.ClearAddrs(id)
		book.AddAddrs(id, p.addresses, peerstore.PermanentAddrTTL)
		h.forgetFailures(id)
	}
	for id := range before {
		if _, still := peers[id]; still {
			continue
		}
		book.ClearAddrs(id)
		h.callers.forget(id)
		if h.host.Network().Connectedness(id) != network.NotConnected {
			h.log.Info("cutting the connection of a peer that was removed", "peer", id.String())
		}
		_ = h.host.Network().ClosePeer(id) // a connection that fails to close cleanly is gone all the same
		book.RemovePeer(id)
	}
	for id := range relaysBefore {
		_, still := relays[id]
		if _, known := peers[id]; !still && !known {
			book.ClearAddrs(id)
			_ = h.host.Network().ClosePeer(id) // as above
		}
	}
}

// forgetFailures lets the next attempt to connect to a peer begin at once.
func (h *Host) forgetFailures(id peer.ID) {
	if s, ok := h.host.Network().(interface{ Backoff() *swarm.DialBackoff }); ok {
		s.Backoff().Clear(id)
	}
}

// parsePeers reads peers. Addresses of QUIC are left out when quic is false, and
// those that cannot be dialled always.
func parsePeers(peers []Peer, quic bool, log *slog.Logger) (map[peer.ID]known, error) {
	parsed := make(map[peer.ID]known, len(peers))
	for _, p := range peers {
		id, err := peer.Decode(p.ID)
		if err != nil {
			return nil, fmt.Errorf("peer ID %q is not one: %v", p.ID, err)
		}
		if _, twice := parsed[id]; twice {
			return nil, fmt.Errorf("peer %s is listed twice", id)
		}
		k := known{name: id.String()}
		for _, text := range p.Addresses {
			a, err := parseAddress(text, id)
			if err != nil || isThrough(a, id) {
				log.Warn("passing over an address of a peer that can't be dialled", "peer", k.name)
				continue
			}
			if quic || !isQUIC(a) {
				k.addresses = append(k.addresses, a)
			}
		}
		parsed[id] = k
	}
	return parsed, nil
}

// parseListen reads addresses to listen on or to announce.
func parseListen(texts []string, quic bool) ([]ma.Multiaddr, error) {
	var addresses []ma.Multiaddr
	for _, text := range texts {
		a, err := parseAddress(text, "")
		if err == nil && !isPlain(a) {
			err = errAddressForm
		}
		if err != nil {
			return nil, fmt.Errorf("address %q: %v", text, err)
		}
		if !quic && isQUIC(a) {
			return nil, fmt.Errorf("address %q is for QUIC, which is switched off: remove it or switch QUIC on", text)
		}
		addresses = append(addresses, a)
	}
	return addresses, nil
}

// CheckListen says what is wrong with addresses to listen on, or to announce, or
// nil. [Open] refuses the same ones.
func CheckListen(addresses []string, quic bool) error {
	_, err := parseListen(addresses, quic)
	return err
}

// RelayID is the peer ID in the address of a relay, which is one of TCP or QUIC
// with /p2p/ and that ID at the end; or what is wrong with the address.
func RelayID(address string) (string, error) {
	id, _, err := parseRelay(address)
	return id.String(), err
}

// parseRelays reads the addresses of the relays of a host. Those of QUIC are
// left out when quic is false, since a relay has others as well.
func parseRelays(texts []string, quic bool) (relaying, error) {
	relays := relaying{}
	for _, text := range texts {
		id, a, err := parseRelay(text)
		if err != nil {
			return nil, fmt.Errorf("relay %q: %v", text, err)
		}
		if quic || !isQUIC(a) {
			relays[id] = append(relays[id], a)
		}
	}
	if len(relays) == 0 && len(texts) > 0 {
		return nil, errors.New("every relay has an address for QUIC only, which is switched off: add one with /tcp")
	}
	return relays, nil
}

func parseRelay(text string) (peer.ID, ma.Multiaddr, error) {
	a, err := ma.NewMultiaddr(text)
	if err != nil {
		return "", nil, errRelayForm
	}
	a, id := peer.SplitAddr(a)
	if id == "" || !isPlain(a) {
		return "", nil, errRelayForm
	}
	return id, a, nil
}

// errAddressForm names the only two kinds of address that there are, and
// errRelayForm what makes one that of a relay.
var (
	errAddressForm = errors.New("use /ip4, /ip6 or /dns, then /tcp/PORT or /udp/PORT/quic-v1")
	errRelayForm   = errors.New("use /ip4, /ip6 or /dns, then /tcp/PORT or /udp/PORT/quic-v1, then /p2p/ and the ID of the relay")
)

// parseAddress reads one multiaddress. A peer ID at its end is taken off and
// must be that of id.
func parseAddress(text string, id peer.ID) (ma.Multiaddr, error) {
	a, err := ma.NewMultiaddr(text)
	if err != nil {
		return nil, errAddressForm
	}
	a, of := peer.SplitAddr(a)
	if of != "" && of != id {
		return nil, errors.New("it ends in the ID of another peer")
	}
	if _, _, relayed := splitRelayed(a); !relayed && !isPlain(a) {
		return nil, errAddressForm
	}
	return a, nil
}

// splitRelayed takes the address of a peer behind a relay apart: where the relay
// is, and its ID. It is false for an address of another kind.
func splitRelayed(a ma.Multiaddr) (relay ma.Multiaddr, id peer.ID, ok bool) {
	if len(a) < 3 || a[len(a)-1].Protocol().Code != ma.P_CIRCUIT {
		return nil, "", false
	}
	relay, id = peer.SplitAddr(a[:len(a)-1])
	return relay, id, id != "" && isPlain(relay)
}

// isThrough tells whether a leads through the relay with this ID.
func isThrough(a ma.Multiaddr, id peer.ID) bool {
	_, relay, ok := splitRelayed(a)
	return ok && relay == id
}

// isPlain tells whether a is TCP or QUIC and nothing on top, in front or
// in between: no relay, no websocket, no WebRTC, no WebTransport.
func isPlain(a ma.Multiaddr) bool {
	var codes []int
	for _, c := range a {
		if c.Protocol().Code != ma.P_IP6ZONE {
			codes = append(codes, c.Protocol().Code)
		}
	}
	if len(codes) == 0 {
		return false
	}
	switch codes[0] {
	case ma.P_IP4, ma.P_IP6, ma.P_DNS, ma.P_DNS4, ma.P_DNS6:
	default:
		return false
	}
	return slices.Equal(codes[1:], []int{ma.P_TCP}) || slices.Equal(codes[1:], []int{ma.P_UDP, ma.P_QUIC_V1})
}

// isQUIC tells whether a plain address is one of QUIC.
func isQUIC(a ma.Multiaddr) bool {
	_, err := a.ValueForProtocol(ma.P_QUIC_V1)
	return err == nil
}

// isRelayed tells whether a leads through a relay.
func isRelayed(a ma.Multiaddr) bool {
	_, err := a.ValueForProtocol(ma.P_CIRCUIT)
	return err == nil
}

// isName tells whether a has a name in place of an IP address, and is not that
// of a relay.
func isName(a ma.Multiaddr) bool {
	if isRelayed(a) {
		return false
	}
	switch a[0].Protocol().Code {
	case ma.P_DNS, ma.P_DNS4, ma.P_DNS6:
		return true
	}
	return false
}

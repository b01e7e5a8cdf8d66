package transport

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// loopbackQUICDelay is long: a busy machine may take tens of milliseconds for a
// handshake, and a second connection that is dropped at once serves nobody.
// Where nothing listens on TCP the refusal comes at once and QUIC is next.
const loopbackQUICDelay = 250 * time.Millisecond

// relayDelay gives every direct address its chance before a relay is asked: QUIC
// and TCP both ways have begun by then. When all of them have failed the relay is
// next at once.
const relayDelay = time.Second

// rankDials says which addresses to try in which order. Between machines it is
// libp2p's own order: QUIC, then TCP when QUIC has not answered in time. Within
// one machine there is no loss to recover from and TCP costs half, so TCP goes
// first there. What leads through a relay is for when nothing else does.
func rankDials(addresses []ma.Multiaddr) []network.AddrDelay {
	var direct, relayed []ma.Multiaddr
	for _, a := range addresses {
		if isRelayed(a) {
			relayed = append(relayed, a)
		} else {
			direct = append(direct, a)
		}
	}
	ranked := rankDirect(direct)
	for _, r := range rankDirect(relayed) {
		if len(direct) > 0 {
			r.Delay += relayDelay
		}
		ranked = append(ranked, r)
	}
	return ranked
}

func rankDirect(addresses []ma.Multiaddr) []network.AddrDelay {
	isTCP := func(a ma.Multiaddr) bool { return !isQUIC(a) }
	if !slices.ContainsFunc(addresses, isTCP) ||
		slices.ContainsFunc(addresses, func(a ma.Multiaddr) bool { return !manet.IsIPLoopback(a) }) {
		return swarm.DefaultDialRanker(addresses)
	}
	ranked := make([]network.AddrDelay, 0, len(addresses))
	for _, a := range addresses {
		delay := loopbackQUICDelay
		if isTCP(a) {
			delay = 0
		}
		ranked = append(ranked, network.AddrDelay{Addr: a, Delay: delay})
	}
	slices.SortStableFunc(ranked, func(a, b network.AddrDelay) int { return int(a.Delay - b.Delay) })
	return ranked
}

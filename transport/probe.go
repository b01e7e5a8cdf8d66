package transport

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Probe tells whether a host with the ID of p answers at one of its addresses: nil
// when it has proved its ID there, else [ErrUnreachable]. It asks for nothing more,
// and calls as a stranger with a key of its own, so it works for a node that is
// stopped; the host that is called logs that it refused one.
func Probe(ctx context.Context, p Peer, quic bool, proxy string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	id, err := peer.Decode(p.ID)
	if err != nil {
		return ErrUnknownPeer
	}
	h, err := Open(Config{Key: key, QUIC: quic, Proxy: proxy, Peers: []Peer{p}})
	if err != nil {
		return err
	}
	defer func() { _ = h.Close() }() // it holds nothing
	_, err = h.host.Network().DialPeer(ctx, id)
	var gated *network.ConnError
	switch {
	case err == nil, errors.As(err, &gated) && gated.Remote && gated.ErrorCode == network.ConnGated:
		return nil
	}
	return &fault{ErrUnreachable, err}
}

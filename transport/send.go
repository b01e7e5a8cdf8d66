package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Send makes one attempt to hand request to the peer with ID to and returns its
// reply. It connects when there is no connection; the connection stays.
//
// Only a nil error says that the peer's handler had the request: its reply is
// complete. After ErrRefusedByPeer the peer may have handled it all the same,
// so a request must be such that it can be handled twice. The attempt ends at
// the latest after the protocol's Total, or when ctx does.
func (h *Host) Send(ctx context.Context, to, id string, request []byte) ([]byte, error) {
	p, ok := h.protocols[protocol.ID(id)]
	if !ok {
		return nil, fmt.Errorf("%w: this host was opened without it", ErrProtocol)
	}
	if len(request) > p.MaxRequest {
		return nil, fmt.Errorf("%w: the request has %d bytes, the protocol allows %d", ErrTooLarge, len(request), p.MaxRequest)
	}
	other, err := peer.Decode(to)
	if err != nil {
		return nil, fmt.Errorf("%w: not a peer ID", ErrUnknownPeer)
	}
	if _, ok := h.gate.knows(other); !ok {
		return nil, ErrUnknownPeer
	}

	end := time.Now().Add(p.Total)
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	reply, err := h.exchange(ctx, other, protocol.ID(id), p, request, end)
	if err != nil {
		if f := (*fault)(nil); errors.As(err, &f) {
			// The cause holds addresses, but only those of a known peer.
			h.log.Debug("no reply", "peer", to, "protocol", id, "cause", f.cause.Error())
		}
		return nil, err
	}
	return reply, nil
}

// exchange is Send after its arguments were checked. Its errors are faults.
func (h *Host) exchange(ctx context.Context, to peer.ID, id protocol.ID, p Protocol, request []byte, end time.Time) ([]byte, error) {
	if _, err := h.host.Network().DialPeer(ctx, to); err != nil {
		return nil, &fault{ErrUnreachable, err}
	}
	s, err := h.host.NewStream(network.WithNoDial(ctx, "there is a connection"), to, id)
	if err != nil {
		if errors.Is(err, network.ErrResourceLimitExceeded) {
			return nil, &fault{ErrUnreachable, err} // our own limit: nothing left this host
		}
		return nil, streamFault(ctx, err)
	}
	// From here a stream that hangs is cut from outside: reads and writes know
	// deadlines, but not contexts.
	uncut := context.AfterFunc(ctx, func() { _ = s.ResetWithError(codeGivenUp) })
	defer uncut()

	t := &pace{stream: s, step: p.Timeout, end: end}
	// A failing write is not yet the answer: the peer may have said why it
	// stopped reading, and that is found by reading.
	wrote := writeFrame(t, request)
	if wrote == nil {
		wrote = s.CloseWrite()
	}
	t.wait()
	reply, err := readFrame(t, p.MaxReply, s.Scope())
	if err != nil {
		_ = s.ResetWithError(codeFor(err))
		return nil, streamFault(ctx, errors.Join(err, wrote))
	}
	// The reply is complete, so the exchange is. Over QUIC, Close reports
	// "close called for canceled stream" when the peer was first.
	uncut()
	_ = s.Close()
	return reply, nil
}

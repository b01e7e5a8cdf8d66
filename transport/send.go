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

// Send hands request to the peer with ID to, or to a relay of this host, and
// returns its reply. It connects when there is no connection; the connection
// stays.
//
// Only a nil error says that the peer's handler had the request: its reply is
// complete. After ErrRefusedByPeer the peer may have handled it all the same,
// and when a connection breaks Send itself tries once more over another, so a
// request must be such that it can be handled twice. Send ends at the latest
// after the protocol's Total, or when ctx does.
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
	_, known := h.gate.knows(other)
	if _, ours := h.relays[other]; !known && !ours {
		return nil, ErrUnknownPeer
	}

	if ctx.Value(eagerly{}) != nil {
		h.forgetFailures(other)
	}
	end := time.Now().Add(p.Total)
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	reply, broke, err := h.exchange(ctx, other, id, p, request, end)
	if errors.Is(err, ErrProtocol) && ctx.Err() == nil && h.unlearn(other, p.versions(id)) {
		reply, broke, err = h.exchange(ctx, other, id, p, request, end)
	}
	if broke && ctx.Err() == nil {
		// Two hosts that call each other at the same time may each use the
		// connection that the other one is about to drop as surplus. The next
		// attempt uses the one that is left. When there is none, the first error
		// stands: the request may have arrived.
		again, _, later := h.exchange(ctx, other, id, p, request, end)
		if !errors.Is(later, ErrUnreachable) {
			reply, err = again, later
		}
	}
	if err != nil {
		if f := (*fault)(nil); errors.As(err, &f) {
			// The cause holds addresses, but only those of a known peer.
			h.log.Debug("no reply", "peer", to, "protocol", id, "cause", f.cause.Error())
			if f.kind == ErrProtocol && h.isBehind(other, id) {
				err = &fault{ErrOutdated, f.cause}
			}
		}
		return nil, err
	}
	return reply, nil
}

type eagerly struct{}

// Eagerly returns a context with which [Host.Send] connects to a peer also when
// that failed a moment ago. Without it a peer that was down is left alone for
// some seconds, and for minutes when it stays so: right for a courier, and wrong
// for a person who asks whether the peer can be reached now.
func Eagerly(ctx context.Context) context.Context { return context.WithValue(ctx, eagerly{}, true) }

// exchange is one attempt of Send. Its errors are faults; broke is true when
// not the stream but the connection under it ended, or none could be opened.
func (h *Host) exchange(ctx context.Context, to peer.ID, id string, p Protocol, request []byte, end time.Time) (reply []byte, broke bool, err error) {
	if _, err := h.host.Network().DialPeer(ctx, to); err != nil {
		return nil, false, &fault{ErrUnreachable, err}
	}
	// Through a relay is as good: it would wait for a hole to be punched, which
	// may never succeed.
	s, err := h.host.NewStream(network.WithAllowLimitedConn(network.WithNoDial(ctx, "there is a connection"), "a relay will do"), to, p.versions(id)...)
	if err != nil {
		if errors.Is(err, network.ErrResourceLimitExceeded) {
			return nil, false, &fault{ErrUnreachable, err} // our own limit: nothing left this host
		}
		err = streamFault(ctx, err)
		return nil, !errors.Is(err, ErrProtocol), err // the request is still here, so trying again costs nothing
	}
	// From here a stream that hangs is cut from outside: reads and writes know
	// deadlines, but not contexts.
	uncut := context.AfterFunc(ctx, func() { _ = s.ResetWithError(codeGivenUp) })
	defer uncut()

	t := &pace{stream: s, step: p.Timeout, end: end}
	version := p.older(s.Protocol())
	if request, err = version.request(request, p.MaxRequest); err != nil {
		_ = s.ResetWithError(codeGivenUp)
		return nil, false, err
	}
	// A failing write is not yet the answer: the peer may have said why it
	// stopped reading, and that is found by reading.
	wrote := writeFrame(t, request)
	if wrote == nil {
		wrote = s.CloseWrite()
	}
	t.wait()
	reply, err = readFrame(t, p.MaxReply, s.Scope())
	if err != nil {
		broke := hasBroken(s.Conn(), err)
		_ = s.ResetWithError(codeFor(err))
		return nil, broke, streamFault(ctx, errors.Join(err, wrote))
	}
	// The reply is complete, so the exchange is. Over QUIC, Close reports
	// "close called for canceled stream" when the peer was first.
	uncut()
	_ = s.Close()
	reply, err = version.reply(reply)
	return reply, false, err
}

// hasBroken tells whether c ended, other than by a peer that does not want us.
func hasBroken(c network.Conn, err error) bool {
	var ended *network.ConnError
	if errors.As(err, &ended) {
		return !ended.Remote || ended.ErrorCode != network.ConnGated
	}
	return c.IsClosed()
}

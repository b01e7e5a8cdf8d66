package transport

import (
	"context"
	"errors"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	multistream "github.com/multiformats/go-multistream"
)

// What can go wrong with [Host.Send]; test with errors.Is. Every error of Send
// that is not about its arguments is exactly one of these. The error of a
// context that ended is there as well when that was the cause.
var (
	// ErrUnknownPeer: the peer is not among those that may take part. Nothing
	// was sent. Trying again helps only after [Host.SetPeers].
	ErrUnknownPeer = errors.New("the peer is not known: check the register")

	// ErrUnreachable: no connection could be made. Nothing was sent. Try again.
	ErrUnreachable = errors.New("the peer can't be reached: try again later")

	// ErrRefusedByPeer: there was a connection, but a complete reply never came:
	// the peer does not know us, is too busy, could not answer, or the line
	// broke. It may or may not have handled the request. Try again.
	ErrRefusedByPeer = errors.New("the peer gave no reply: try again later")

	// ErrTooLarge: the request is larger than this host or the peer allows, or
	// the reply is larger than this host does. Trying again won't help.
	ErrTooLarge = errors.New("the message is too large")

	// ErrProtocol: the peer, or this host, does not speak the protocol, or the
	// version that the peer speaks can't say this. Nothing was handled. Trying
	// again helps only after an upgrade of the peer.
	ErrProtocol = errors.New("the protocol is not spoken")

	// ErrOutdated: the peer speaks only later versions of the protocol than this
	// host. Nothing was handled. Trying again helps only after an upgrade of this
	// host.
	ErrOutdated = errors.New("the peer speaks only later versions of the protocol")
)

// A stream that does not end well is reset with one of these codes. They are
// part of the protocol: do not change or reuse one. libp2p keeps the numbers
// below 10,000 for itself.
const (
	codeUnknown   network.StreamErrorCode = 0x5301 // the peer is not among those that may take part
	codeTooLarge  network.StreamErrorCode = 0x5302 // the frame says that it is larger than allowed
	codeMalformed network.StreamErrorCode = 0x5303 // the frame breaks off, is not in shortest form, or is followed by something
	codeStalled   network.StreamErrorCode = 0x5304 // no progress in time, or not done in time
	codeNoReply   network.StreamErrorCode = 0x5305 // the handler has no reply
	codeGivenUp   network.StreamErrorCode = 0x5306 // the asker no longer wants a reply
	codeBusy      network.StreamErrorCode = network.StreamResourceLimitExceeded
)

// A fault is one of the errors above with what caused it. It prints as the
// former only: the causes contain addresses and text that others wrote.
type fault struct{ kind, cause error }

func (f *fault) Error() string   { return f.kind.Error() }
func (f *fault) Unwrap() []error { return []error{f.kind, f.cause} }

// streamFault sorts an error on a stream that was open.
func streamFault(ctx context.Context, err error) error {
	var reset *network.StreamError
	var speaks multistream.ErrNotSupported[protocol.ID]
	switch {
	case errors.Is(err, ErrTooLarge):
		return &fault{ErrTooLarge, err}
	case errors.As(err, &speaks):
		return &fault{ErrProtocol, err}
	case errors.As(err, &reset) && reset.Remote && reset.ErrorCode == codeTooLarge:
		return &fault{ErrTooLarge, err}
	case errors.As(err, &reset) && reset.Remote && reset.ErrorCode == network.StreamProtocolNegotiationFailed:
		// The peer said that it does not speak the protocol, and then took the
		// request for another proposal. Its reset may overtake what it said.
		return &fault{ErrProtocol, err}
	case ctx.Err() != nil:
		return &fault{ErrRefusedByPeer, ctx.Err()}
	}
	return &fault{ErrRefusedByPeer, err}
}

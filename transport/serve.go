package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// serve answers streams of one version of protocol p, for which handler is. libp2p
// calls it in a goroutine of its own for each stream, after the version was
// negotiated.
func (h *Host) serve(p Protocol, handler Handler) network.StreamHandler {
	return func(s network.Stream) {
		code, why := h.answer(s, p, handler)
		if code == 0 {
			_ = s.Close() // the asker has the reply or has left: either way it is over
			return
		}
		_ = s.ResetWithError(code)
		from := s.Conn().RemotePeer()
		if code == codeUnknown {
			h.gate.refuse(why, from)
		} else if h.gate.lines.Allow() {
			h.log.Warn(why, "peer", from.String(), "protocol", string(s.Protocol()))
		}
	}
}

// answer takes one request and gives one reply. When it can't, it says with
// which code to reset the stream, and why in constant words.
func (h *Host) answer(s network.Stream, p Protocol, handler Handler) (network.StreamErrorCode, string) {
	from := s.Conn().RemotePeer()
	if _, ok := h.gate.knows(from); !ok {
		return codeUnknown, "refused a stream: not among the peers"
	}
	t := &pace{stream: s, step: p.Timeout, end: time.Now().Add(p.Total)}
	request, err := readFrame(t, p.MaxRequest, s.Scope())
	if err == nil {
		err = readEnd(t)
	}
	if err != nil {
		return codeFor(err), "cut a stream: no complete request"
	}
	// Reading may have taken as long as the asker liked. Whoever was removed
	// meanwhile is no longer served.
	peer, ok := h.gate.knows(from)
	if !ok {
		return codeUnknown, "refused a request: not among the peers any more"
	}

	h.callers.note(s)
	ctx, cancel := context.WithDeadline(h.running, t.end)
	defer cancel()
	reply, err := handler(ctx, peer.name, request)
	switch {
	case err != nil:
		return codeNoReply, "no reply to a request"
	case len(reply) > p.MaxReply:
		return codeNoReply, "the reply is larger than the protocol allows"
	}
	// Whoever asks and does not read makes us hold the reply until his time is over.
	if err := reserve(s.Scope(), len(reply)); err != nil {
		return codeFor(err), "no memory for a reply"
	}
	if err := writeFrame(t, reply); err != nil {
		return codeFor(err), "cut a stream: the reply was not read"
	}
	return 0, ""
}

// readEnd reads the end of the stream, which must come right after the frame.
func readEnd(r io.Reader) error {
	var b [1]byte
	switch n, err := r.Read(b[:]); {
	case n > 0:
		return errMalformed
	case err != io.EOF:
		return err
	}
	return nil
}

// codeFor is the code that tells the other end why we stop.
func codeFor(err error) network.StreamErrorCode {
	switch {
	case errors.Is(err, ErrTooLarge):
		return codeTooLarge
	case errors.Is(err, errMalformed):
		return codeMalformed
	case errors.Is(err, errMemory):
		return codeBusy
	}
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		return codeStalled
	}
	return codeGivenUp
}

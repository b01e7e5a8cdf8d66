package transport

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// The number at the end of the ID of a protocol is its version. A host that speaks
// several offers them to a peer, the newest first, and the first that the peer
// speaks as well is used (multistream-select 1.0.0). Who calls [Host.Send], and the
// handler of the newest version, know that one only: what an older one differs in
// is in its [Version], and goes when that goes.

// A Version is an older version of a [Protocol] that a host still speaks. The
// bounds and times of the newest hold for it too.
type Version struct {
	// ID is that of the protocol with a lower number at its end.
	ID string

	// Handler answers requests of this version. It is not used where the protocol
	// has none.
	Handler Handler

	// Request puts a request of the newest version into this one. An error means
	// that this version can't say it, so it waits for a peer that speaks a newer
	// one ([ErrProtocol]).
	Request func(request []byte) ([]byte, error)

	// Reply puts what the peer replied to such a request into the newest version.
	Reply func(reply []byte) ([]byte, error)
}

// checkVersions is what is wrong with the versions of a protocol.
func (p Protocol) checkVersions(id string) error {
	stem, number, ok := SplitVersion(id)
	if len(p.Older) > 0 && !ok {
		return fmt.Errorf("protocol %s: older versions need a number at the end of its ID", id)
	}
	for _, v := range p.Older {
		s, n, ok := SplitVersion(v.ID)
		if !ok || s != stem || n >= number {
			return fmt.Errorf("protocol %s: its older versions are not in falling order", id)
		}
		if number = n; v.Request == nil || v.Reply == nil || (v.Handler == nil) != (p.Handler == nil) {
			return fmt.Errorf("protocol %s: its version %s lacks a function", id, v.ID)
		}
	}
	return nil
}

// versions are the IDs to offer for a protocol, the newest first.
func (p Protocol) versions(id string) []protocol.ID {
	ids := []protocol.ID{protocol.ID(id)}
	for _, v := range p.Older {
		ids = append(ids, protocol.ID(v.ID))
	}
	return ids
}

// older is the version with an ID, or nil for the newest.
func (p Protocol) older(id protocol.ID) *Version {
	for i, v := range p.Older {
		if v.ID == string(id) {
			return &p.Older[i]
		}
	}
	return nil
}

// request is a request as the version says it that was agreed on.
func (v *Version) request(request []byte, most int) ([]byte, error) {
	if v == nil {
		return request, nil
	}
	said, err := v.Request(request)
	if err != nil {
		return nil, &fault{ErrProtocol, err}
	}
	if len(said) > most {
		return nil, &fault{ErrTooLarge, errors.New("in the version that the peer speaks")}
	}
	return said, nil
}

// reply is a reply in the newest version.
func (v *Version) reply(reply []byte) ([]byte, error) {
	if v == nil {
		return reply, nil
	}
	read, err := v.Reply(reply)
	if err != nil {
		return nil, &fault{ErrRefusedByPeer, err}
	}
	return read, nil
}

// unlearn forgets that a peer speaks some of these. A host believes what a peer
// said when they were connected, and then calls without waiting for it to agree. It
// reports whether anything was believed: if so it was wrong, and asking may find
// another version.
func (h *Host) unlearn(to peer.ID, ids []protocol.ID) bool {
	believed, err := h.host.Peerstore().SupportsProtocols(to, ids...)
	return err == nil && len(believed) > 0 && h.host.Peerstore().RemoveProtocols(to, believed...) == nil
}

// isBehind reports whether a peer that speaks none of our versions of a protocol
// said that it speaks later ones.
func (h *Host) isBehind(to peer.ID, id string) bool {
	stem, newest, ok := SplitVersion(id)
	return ok && slices.ContainsFunc(h.said(to), func(theirs protocol.ID) bool {
		s, n, ok := SplitVersion(string(theirs))
		return ok && s == stem && n > newest
	})
}

// said is what a peer said that it speaks.
func (h *Host) said(to peer.ID) []protocol.ID {
	ids, err := h.host.Peerstore().GetProtocols(to)
	if err != nil {
		return nil
	}
	return ids
}

// Spoken is what a peer said, when it was connected last, that it answers to: those
// protocols that this host speaks too, or speaks in another version, sorted, the
// newest version of each first. It is nil for a peer that was never connected.
func (h *Host) Spoken(by string) []string {
	id, err := peer.Decode(by)
	if err != nil {
		return nil
	}
	stems := map[string]bool{}
	for ours := range h.protocols {
		if stem, _, ok := SplitVersion(string(ours)); ok {
			stems[stem] = true
		}
	}
	var spoken []string
	for _, theirs := range h.said(id) {
		if stem, _, ok := SplitVersion(string(theirs)); ok && stems[stem] {
			spoken = append(spoken, string(theirs))
		}
	}
	slices.SortFunc(spoken, func(a, b string) int {
		s, n, _ := SplitVersion(a)
		t, m, _ := SplitVersion(b)
		return cmp.Or(cmp.Compare(s, t), cmp.Compare(m, n))
	})
	return spoken
}

// maxVersion keeps what a peer says of itself short.
const maxVersion = 999

// SplitVersion takes the version off the ID of a protocol: /sluis/message/1 is
// /sluis/message in version 1. It is false for an ID that ends otherwise.
func SplitVersion(id string) (stem string, number int, ok bool) {
	at := strings.LastIndexByte(id, '/')
	if at < 1 {
		return "", 0, false
	}
	number, err := strconv.Atoi(id[at+1:])
	return id[:at], number, err == nil && number > 0 && number <= maxVersion && strconv.Itoa(number) == id[at+1:]
}

package peer

import (
	"slices"
	"strings"

	"sluis/transport"
)

// What comes of it when the programs of two nodes differ. Which version of a
// protocol is spoken is agreed on in transport: doors and couriers know the newest
// only. A new version of a protocol is a new ID, and the one before it among the
// Older of its transport.Protocol until nobody needs it; its bytes stay as they are,
// and the messages inside it are signed by themselves, so they do not change with it.

// Protocols are those that a node speaks with others, in their newest version.
var Protocols = [...]string{MessageProtocol, RegisterProtocol, WitnessProtocol, RecallProtocol}

// Spoken counts, by protocol and version, the partners that answer to it: as each
// said when it was connected last, since this node started.
func (n *Node) Spoken() map[string]int {
	counts := map[string]int{}
	for _, p := range n.peers() {
		for _, id := range n.network.Spoken(p.ID) {
			counts[id]++
		}
	}
	return counts
}

// versionCheck compares the versions that a partner speaks with ours. It is false
// where they are the same, or where the partner was not met.
func (n *Node) versionCheck(name, peerID string) (Check, bool) {
	theirs := n.network.Spoken(peerID)
	if len(theirs) == 0 {
		return Check{}, false
	}
	ours := n.network.speaks()
	code := partnerVersions
	var here, there []string
	for _, id := range Protocols {
		stem, _, _ := transport.SplitVersion(id)
		of := func(all []string) (some []string) {
			for _, id := range all {
				if s, _, ok := transport.SplitVersion(id); ok && s == stem {
					some = append(some, id)
				}
			}
			return some
		}
		mine, other := of(ours), of(theirs)
		if slices.Equal(mine, other) {
			continue
		}
		here, there = append(here, mine...), append(there, other...)
		if id == MessageProtocol && !slices.ContainsFunc(other, func(v string) bool { return slices.Contains(mine, v) }) {
			code = partnerOld
			if len(other) > 0 && newer(other[0], mine[0]) {
				code = partnerNewer
			}
		}
	}
	if len(here) == 0 {
		return Check{}, false
	}
	return found(code, "party", name, "theirs", versionText(there), "ours", versionText(here)), true
}

// unspoken says that nothing is shared with a partner, not even what registers are
// compared with.
func (n *Node) unspoken(code, name, peerID string) Check {
	return found(code, "party", name, "theirs", versionText(n.network.Spoken(peerID)), "ours", versionText(Protocols[:]))
}

func newer(a, b string) bool {
	_, n, _ := transport.SplitVersion(a)
	_, m, _ := transport.SplitVersion(b)
	return n > m
}

// versionText is a list of protocols as an administrator reads it.
func versionText(ids []string) string {
	if len(ids) == 0 {
		return "-"
	}
	var short []string
	for _, id := range ids {
		short = append(short, strings.TrimPrefix(id, "/sluis/"))
	}
	return strings.Join(short, ", ")
}

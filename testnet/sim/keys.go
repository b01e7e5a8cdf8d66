package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"sluis/crypto"
	"sluis/peer"
)

// rekey has the administrator of a node replace keys, as docs/keys.md says: new ones
// beside the old ones, the register lists both, then the new ones alone, a backup, and
// the old ones are destroyed. In between days go by, in which all goes on.
func (n *node) rekey(uses []crypto.Use) {
	if n.rekeying {
		return
	}
	n.rekeying = true
	n.world.begin(func() {
		defer func() { n.rekeying = false }()
		n.replace(uses)
	})
}

// replace takes the steps of rekey. It is given up when the node loses its disk, and
// the keys with it.
func (n *node) replace(uses []crypto.Use) {
	w, restored := n.world, n.restored
	old := map[crypto.Use]string{}
	for _, u := range uses {
		var had string
		if err := n.insist("look at keys", func(_ context.Context, p *peer.Node) error { had = newest(p, u).ID; return nil }, nil); err != nil {
			return
		}
		err := n.insist("new key of "+string(u),
			func(ctx context.Context, p *peer.Node) error { _, err := p.RotateKey(ctx, u); return err },
			func(_ context.Context, p *peer.Node) error {
				if newest(p, u).ID == had {
					return errNotThere
				}
				return nil
			})
		if err != nil || n.restored != restored {
			return
		}
		w.count("keys made")
		old[u] = had
	}
	w.sleep(w.between(time.Minute, 6*time.Hour))
	for _, overlap := range []time.Duration{w.between(24*time.Hour, 72*time.Hour), w.between(time.Minute, 12*time.Hour)} {
		if n.restored != restored || !n.relistAndPublish() {
			return
		}
		w.sleep(overlap)
	}
	for _, u := range uses {
		if n.restored != restored || !n.destroy(u, old[u]) {
			return
		}
	}
}

// destroy destroys an old key as soon as nothing needs it. It reports false when the node
// lost its disk meanwhile.
func (n *node) destroy(u crypto.Use, id string) bool {
	w, restored := n.world, n.restored
	for range 100 {
		_ = n.insist("backup", func(ctx context.Context, p *peer.Node) error { _, err := p.Backup(ctx); return err }, nil)
		err := n.insist("destroy key of "+string(u),
			func(ctx context.Context, p *peer.Node) error { return p.RetireKey(ctx, id) },
			func(_ context.Context, p *peer.Node) error {
				if slices.ContainsFunc(p.Keys(), func(k peer.KeyHeld) bool { return k.ID == id }) {
					return errNotThere
				}
				return nil
			})
		if err == nil {
			w.count("keys destroyed")
			return true
		}
		w.count("keys that were still needed")
		w.sleep(6 * time.Hour)
		if n.restored != restored {
			return false
		}
	}
	w.broken("I7", n, "the old key of %s is still needed after weeks", u)
	return false
}

// errNotThere says that what somebody did was not done.
var errNotThere = errors.New("sim: not done")

// newest is the key of a use that the node made last.
func newest(p *peer.Node, u crypto.Use) peer.KeyHeld {
	all := p.Keys()
	return all[slices.IndexFunc(all, func(k peer.KeyHeld) bool { return k.Use == u && !k.Former })]
}

// relistAndPublish brings what the node says of its keys into the register, and gives
// that to it and to somebody else. It reports false when the node does not come up.
func (n *node) relistAndPublish() bool {
	w := n.world
	for range 200 {
		if n.up {
			if err := n.relist(); err != nil {
				w.fail(err)
				return false
			}
			bundle, err := w.authority.publish(w)
			if err != nil {
				w.fail(err)
				return false
			}
			w.count("registers")
			w.give(bundle, n)
			w.give(bundle, pick(w.schedule, w.nodes))
			return true
		}
		w.sleep(10 * time.Minute)
	}
	return false
}

// tendKeys looks after a node that came back with older keys than the register has.
// Whom partners know under another peer ID, they do not let in: where the node waits
// for them, the register gets the one that it has, and else it gets the register. Then
// it is as the doctor says: a signing key that has ended is replaced, and of others the
// register hears.
func (n *node) tendKeys() {
	if n.restored == 0 || n.rekeying || n.wiring == nil {
		return
	}
	party, _ := n.world.authority.last.Party(n.oin())
	switch stranger := party.Peer != n.wiring.id; {
	case stranger && n.peer.Recovering():
		n.world.count("nodes that partners knew under another peer ID")
		n.publishAgain()
		return
	case n.peer.Recovering():
		return
	case stranger && n.peer.Register().Version() < n.world.authority.last.Version():
		n.world.count("nodes that partners knew under another peer ID")
		n.world.give(n.world.authority.bundle, n)
		return
	}
	all := n.peer.Keys()
	is := func(u crypto.Use, s peer.KeyState) bool {
		return slices.ContainsFunc(all, func(k peer.KeyHeld) bool { return k.Use == u && !k.Former && k.State == s })
	}
	if is(crypto.UseSigning, peer.KeyOver) {
		n.world.count("keys of before that had ended")
		n.rekey([]crypto.Use{crypto.UseSigning})
		return
	}
	if slices.ContainsFunc(crypto.Uses[:], func(u crypto.Use) bool { return is(u, peer.KeyWaits) }) {
		n.publishAgain()
	}
}

// publishAgain brings the keys that a node has into the register, and waits until that
// is there.
func (n *node) publishAgain() {
	n.rekeying = true
	n.world.begin(func() {
		defer func() { n.rekeying = false }()
		if n.relistAndPublish() {
			n.world.sleep(12 * time.Hour)
		}
	})
}

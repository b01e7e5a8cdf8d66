package peer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/store"
)

// The master key wraps the record keys of dossiers and encrypts the database. Nobody
// outside the node has a half of it, so it is replaced without the register:
//
//   - the keystore gets a new key beside the old one ([Node.RotateKey]);
//   - the store is brought under it by a duty, while the node goes on ([Node.keepMaster]);
//   - a backup is made, a whole one, that rests on the new key alone;
//   - the old key is destroyed ([Node.RetireKey]), once nothing is under it.

// masterState is how far the replacement of the master key is, of the former one or of
// the newest.
func (n *Node) masterState(keys *crypto.Keys, former bool) KeyState {
	taken := n.store.HasMaster(keys.Master)
	switch {
	case !former && taken:
		return KeyInUse
	case !former:
		return KeyWaits
	case !taken:
		return KeyInUse
	}
	left, err := n.store.UnderFormer()
	if err != nil || left {
		return KeyOverlap
	}
	return KeyOver
}

// oldestMaster is the ID of the oldest master key that anything may be under.
func (n *Node) oldestMaster(keys *crypto.Keys) (string, error) {
	former := keys.Former.Master
	if former.IsZero() {
		return crypto.MasterID(keys.Master), nil
	}
	left, err := n.store.UnderFormer()
	if err != nil {
		return "", err
	}
	if left || !n.store.HasMaster(keys.Master) {
		return crypto.MasterID(former), nil
	}
	return crypto.MasterID(keys.Master), nil
}

// keepMaster is the duty that brings the store under the newest master key, a step at a
// time. What a crash left undone it goes on with.
func (n *Node) keepMaster(ctx context.Context) time.Time {
	keys := n.keys.Load()
	if keys.Former.Master.IsZero() {
		return n.now().Add(recoverLater)
	}
	if n.store.Recovering() {
		return n.now().Add(recoverAgain)
	}
	more, err := n.bringUnder(ctx, keys.Master)
	switch {
	case more:
		return n.now()
	case err != nil && ctx.Err() == nil:
		n.log.Error("what is stored could not be brought under the new master key; it will be tried again", "error", err.Error())
		return n.now().Add(masterAgain)
	}
	return n.now().Add(recoverLater)
}

const masterAgain = time.Minute

// bringUnder takes one step, and reports whether there is another.
func (n *Node) bringUnder(ctx context.Context, master crypto.Secret) (more bool, err error) {
	if !n.store.HasMaster(master) {
		if err := n.store.ChangeMaster(ctx, master); err != nil {
			return false, err
		}
		n.log.Info("a new master key is in use; what is stored comes under it")
		return true, nil
	}
	if left, err := n.store.UnderFormer(); err != nil || !left {
		return false, err
	}
	w, err := n.store.Rewrap(func(count int) (store.Event, error) { return rewrapped("some", count) })
	if err != nil || w.More {
		return err == nil, err
	}
	all, err := rewrapped("all", 0)
	if err != nil {
		return false, err
	}
	err = n.store.Settle(ctx, all)
	if errors.Is(err, store.ErrMasterNeeded) {
		return true, nil
	}
	if err == nil {
		n.log.Info("nothing is left under the former master key; make a backup, and retire it")
	}
	return false, err
}

// rewrapped is the entry of a step: how many record keys came under the new master
// key, or that all have and nothing else is left in the files.
func rewrapped(code string, count int) (store.Event, error) {
	part, err := json.Marshal(exchange.PrivatePart{Detail: exchange.Detail{Code: code, Count: count}})
	return store.Event{Kind: string(exchange.KeysRewrapped), Private: part}, err
}

func (n *Node) hurryMaster() {
	select {
	case n.rewrap <- struct{}{}:
	default:
	}
}

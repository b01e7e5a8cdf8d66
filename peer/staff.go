package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/store"
)

// storedStaff is a person as the store keeps him, sealed under the record key
// of the node.
type storedStaff struct {
	Name  string           `json:"name"`
	Roles []exchange.Grant `json:"roles"`
	Ended time.Time        `json:"ended,omitzero"`
}

// AddStaff makes a person known to the node. Who adds him is the holder of the
// node's own door; his name stays in the sealed part of the store.
func (n *Node) AddStaff(ctx context.Context, a exchange.Actor) error {
	if err := n.checkStaff(a); err != nil {
		return err
	}
	err := n.writeStaff(ctx, a, 0)
	if errors.Is(err, store.ErrOvertaken) {
		return fault(ActorExists)
	}
	return err
}

// ChangeStaff gives a person another name or other roles. Work that was given
// to him and that he may not do any more is free for others. Who had left is
// back with it.
func (n *Node) ChangeStaff(ctx context.Context, a exchange.Actor) error {
	if err := n.checkStaff(a); err != nil {
		return err
	}
	a.Ended = time.Time{}
	return n.editStaff(ctx, a.ID, func(exchange.Actor) (exchange.Actor, error) { return a, nil })
}

// RemoveStaff ends what a person may do, at once: he does nothing any more,
// and what was given to him is free for others. By what he signed in is
// forgotten; his name stays with what he did.
func (n *Node) RemoveStaff(ctx context.Context, id exchange.ActorID) (exchange.Actor, error) {
	var after exchange.Actor
	err := n.editStaff(ctx, id, func(a exchange.Actor) (exchange.Actor, error) {
		if !a.Ended.IsZero() {
			return exchange.Actor{}, &exchange.Refusal{Code: exchange.ActorEnded}
		}
		a.Ended = n.now().UTC().Truncate(time.Second)
		after = a
		return a, nil
	})
	return after, err
}

// editStaff changes the row of a person who is known.
func (n *Node) editStaff(ctx context.Context, id exchange.ActorID, edit func(exchange.Actor) (exchange.Actor, error)) error {
	for range maxOvertaken {
		value, version, err := n.store.Get(tableStaff, string(id))
		if errors.Is(err, store.ErrNotFound) {
			return fault(UnknownActor)
		}
		if err != nil {
			return err
		}
		before, err := decodeStaff(id, value)
		if err != nil {
			return err
		}
		after, err := edit(before)
		if err != nil {
			return err
		}
		if err := n.writeStaff(ctx, after, version); !errors.Is(err, store.ErrOvertaken) {
			return err
		}
	}
	return fault(Busy)
}

func (n *Node) writeStaff(ctx context.Context, a exchange.Actor, was uint64) error {
	value, err := json.Marshal(storedStaff{Name: a.Name.Reveal(), Roles: a.Roles, Ended: a.Ended})
	if err != nil {
		return err
	}
	part, err := json.Marshal(struct {
		Staff exchange.ActorID `json:"staff"`
		Roles []exchange.Grant `json:"roles"`
		Ended bool             `json:"ended,omitempty"`
	}{a.ID, a.Roles, !a.Ended.IsZero()})
	if err != nil {
		return err
	}
	change := store.Change{
		Dossier: store.NodeDossier,
		Puts:    []store.Record{{Table: tableStaff, Key: string(a.ID), Value: value, Was: was}},
		Record:  []store.Event{{Kind: string(exchange.StaffChanged), Private: part}},
	}
	if !a.Ended.IsZero() {
		// By what he signed in is of no use any more, and nobody's to keep.
		account, err := n.Account(ctx, a.ID)
		switch {
		case err == nil:
			gone, err := accountEntry(a.ID, AccountAct{Change: AccountWithdrawn})
			if err != nil {
				return err
			}
			change.Deletes = []store.Deletion{{Table: tableAccount, Key: string(a.ID), Was: account.Version}}
			change.Record = append(change.Record, gone)
		case !errors.Is(err, &Fault{Code: UnknownAccount}):
			return err
		}
	}
	if _, err = n.store.Write(ctx, change); err == nil {
		n.board.forget() // what was given to him may be free now
	}
	return err
}

// checkStaff holds what is recorded of a person to its form.
func (n *Node) checkStaff(a exchange.Actor) error {
	if _, err := exchange.ParseActorID(string(a.ID)); err != nil {
		return err
	}
	if a.Name.Zero() || len(a.Name.Reveal()) > 200 || len(a.Roles) == 0 {
		return &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "name or roles"}}
	}
	for i, g := range a.Roles {
		if slices.ContainsFunc(a.Roles[:i], func(h exchange.Grant) bool { return h.Role == g.Role && h.Capacity == g.Capacity }) {
			return &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "roles"}}
		}
		if !slices.Contains(exchange.Roles[:], g.Role) {
			return &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "role"}}
		}
		if g.Regime != "" && !g.Regime.Secrecy() {
			return &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "regime"}}
		}
		if _, ok := n.id.Capacity(g.Capacity); !ok {
			return &exchange.Refusal{Code: exchange.UnknownCapacity, Params: []string{"capacity", string(g.Capacity)}}
		}
	}
	return nil
}

// released frees an exchange that was given to somebody who may not decide on
// it any more.
func (n *Node) released(f *inForce, x exchange.Exchange) (exchange.Exchange, error) {
	if x.Side != exchange.Supplier || x.Assignment.To == "" || x.Phase == exchange.Decided || x.Phase.Ended() || f.register == nil {
		return x, nil
	}
	to, err := n.colleague(x.Assignment.To)
	if err != nil {
		return exchange.Exchange{}, err
	}
	own, err := f.party(n.id.OIN)
	if err != nil {
		return exchange.Exchange{}, err
	}
	return x.Released(f.law, to, own), nil
}

// summary is what may be shown of an exchange now.
func (n *Node) summary(x exchange.Exchange) (Summary, error) {
	x, err := n.released(n.force.Load(), x)
	return SummaryOf(x), err
}

// Staff lists the people who are known to the node, by ID.
func (n *Node) Staff(context.Context) ([]exchange.Actor, error) {
	var all []exchange.Actor
	after := ""
	for {
		rows, err := n.store.List(tableStaff, after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			a, err := decodeStaff(exchange.ActorID(row.Key), row.Value)
			if err != nil {
				return nil, err
			}
			all, after = append(all, a), row.Key
		}
		if len(rows) < maxPage {
			return all, nil
		}
	}
}

// A Who is who acts, and under which hat: the capacity in which he acts now.
// Somebody with one capacity need not name it.
type Who struct {
	ID  exchange.ActorID
	Hat exchange.CapacityCode
}

// actor finds who acts. What he may do is judged in package exchange.
func (n *Node) actor(who Who) (exchange.Actor, error) {
	if n.store.Recovering() || n.recovery.Load() != nil {
		return exchange.Actor{}, n.heldBack() // nobody is served before what is due is gone
	}
	a, err := n.colleague(who.ID)
	if err != nil {
		return exchange.Actor{}, err
	}
	return a.Wear(who.Hat)
}

// colleague finds a member of staff.
func (n *Node) colleague(id exchange.ActorID) (exchange.Actor, error) {
	value, _, err := n.store.Get(tableStaff, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return exchange.Actor{}, fault(UnknownActor)
	}
	if err != nil {
		return exchange.Actor{}, err
	}
	return decodeStaff(id, value)
}

func decodeStaff(id exchange.ActorID, value []byte) (exchange.Actor, error) {
	var s storedStaff
	if err := json.Unmarshal(value, &s); err != nil {
		return exchange.Actor{}, fmt.Errorf("a member of staff is stored in a form that this version cannot read")
	}
	return exchange.Actor{ID: id, Name: exchange.Hide(s.Name), Roles: s.Roles, Ended: s.Ended}, nil
}

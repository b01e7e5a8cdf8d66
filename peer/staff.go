package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sluis/exchange"
	"sluis/store"
)

// storedStaff is a person as the store keeps him, sealed under the record key
// of the node.
type storedStaff struct {
	Name  string           `json:"name"`
	Roles []exchange.Grant `json:"roles"`
}

// AddStaff makes a person known to the node. Who adds him is the holder of the
// node's own door; his name stays in the sealed part of the store.
func (n *Node) AddStaff(ctx context.Context, a exchange.Actor) error {
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
	value, err := json.Marshal(storedStaff{Name: a.Name.Reveal(), Roles: a.Roles})
	if err != nil {
		return err
	}
	part, err := json.Marshal(struct {
		Staff exchange.ActorID `json:"staff"`
		Roles []exchange.Grant `json:"roles"`
	}{a.ID, a.Roles})
	if err != nil {
		return err
	}
	_, err = n.store.Write(ctx, store.Change{
		Dossier: store.NodeDossier,
		Puts:    []store.Record{{Table: tableStaff, Key: string(a.ID), Value: value}},
		Record:  []store.Event{{Kind: string(exchange.StaffChanged), Private: part}},
	})
	if errors.Is(err, store.ErrOvertaken) {
		return fault(ActorExists)
	}
	return err
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
	return exchange.Actor{ID: id, Name: exchange.Hide(s.Name), Roles: s.Roles}, nil
}

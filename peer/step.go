package peer

import (
	"context"
	"time"

	"sluis/exchange"
)

// A judging is what a person's step is judged by.
type judging struct {
	before record
	law    *exchange.Law
	force  *inForce
	own    exchange.Party
	by     exchange.Actor
	now    time.Time
}

// step makes one step of a person in an exchange.
func (n *Node) step(ctx context.Context, who Who, id exchange.ID, judge func(judging) (act, error)) (exchange.Exchange, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Exchange{}, err
	}
	actor, err := n.actor(who)
	if err != nil {
		return exchange.Exchange{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Exchange{}, err
	}
	x, err := n.lookup(id, actor.Hat)
	if err != nil {
		return exchange.Exchange{}, err
	}
	return n.change(ctx, id, x.Side, func(before record, now time.Time) (act, error) {
		var err error
		if before.Exchange, err = n.released(f, before.Exchange); err != nil {
			return act{}, err
		}
		return judge(judging{before: before, law: f.law, force: f, own: own, by: actor, now: now})
	})
}

package peer

import (
	"context"

	"sluis/exchange"
)

// Weigh records one step of a professional's weighing.
func (n *Node) Weigh(ctx context.Context, who Who, id exchange.ID, s exchange.Step) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Weigh(j.law, s, j.own, j.by, j.now)
		return act{after: j.before.with(x), event: event}, err
	})
}

// Assign gives a request to a professional, or takes it over.
func (n *Node) Assign(ctx context.Context, who Who, id exchange.ID, to exchange.ActorID, why exchange.Personal) (exchange.Exchange, error) {
	colleague, err := n.colleague(to)
	if err != nil {
		return exchange.Exchange{}, err
	}
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Assign(j.law, colleague, why, j.own, j.by, j.now)
		return act{after: j.before.with(x), event: event}, err
	})
}

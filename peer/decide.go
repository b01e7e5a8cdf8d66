package peer

import (
	"context"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// Decide records what a professional decides on a request and queues the
// answer. When it returns nil, decision, answer and ledger entries are on disk.
func (n *Node) Decide(ctx context.Context, by exchange.ActorID, id exchange.ID, d exchange.Decision) (exchange.Exchange, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Exchange{}, err
	}
	actor, err := n.actor(by)
	if err != nil {
		return exchange.Exchange{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Exchange{}, err
	}
	return n.change(ctx, id, func(before record, now time.Time) (act, error) {
		x, event, err := before.Exchange.Decide(f.law, d, own, actor, now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, now, now.Add(answerLife))
		e.Follows = before.Request
		signed, err := wire.SignAnswer(e, x.Decision.Answer(), n.keys.Signing)
		if err != nil {
			return act{}, err
		}
		return act{
			after: before.with(x), event: event, also: x.IssueAnswer(now), sent: &message{wire.Answer, signed}, send: outgoing(e, signed),
		}, nil
	})
}

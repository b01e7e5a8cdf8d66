package peer

import (
	"context"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// Decide records what a professional decides on a request and queues the
// answer, or proposes it where the organisation wants a second person to see
// it. When it returns nil, decision, answer and ledger entries are on disk.
func (n *Node) Decide(ctx context.Context, who Who, id exchange.ID, d exchange.Decision) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) { return n.decide(j, d) })
}

// DecideAsProposed is [Node.Decide] with the conditions that the catalogue of the
// law in force proposes for what d supplies, in place of d's.
func (n *Node) DecideAsProposed(ctx context.Context, who Who, id exchange.ID, d exchange.Decision) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		conditions, err := j.before.Propose(j.law, d.Supplied(), j.own, j.by)
		if err != nil {
			return act{}, err
		}
		d.Conditions = conditions
		return n.decide(j, d)
	})
}

func (n *Node) decide(j judging, d exchange.Decision) (act, error) {
	x, event, err := j.before.Exchange.Decide(j.law, d, j.own, j.by, n.config.Decisions.policy(), j.now)
	if err != nil {
		return act{}, err
	}
	return n.decided(j, x, event)
}

// Confirm lets a proposed decision leave: a second professional has seen it.
func (n *Node) Confirm(ctx context.Context, who Who, id exchange.ID) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Confirm(j.law, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		return n.decided(j, x, event)
	})
}

// Return gives a proposed decision back to who took it.
func (n *Node) Return(ctx context.Context, who Who, id exchange.ID, why exchange.Personal) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Return(j.law, why, j.own, j.by, j.now)
		return act{after: j.before.with(x), event: event}, err
	})
}

// decided queues the answer of a decision that is final. The asker is looked at
// as the register in force has him: much may have changed since he asked.
func (n *Node) decided(j judging, x exchange.Exchange, event exchange.Event) (act, error) {
	asker, err := j.force.party(x.Request.From.OIN)
	if err != nil {
		return act{}, err
	}
	if err := x.MaySend(j.law, exchange.AnswerMessage, asker, j.own); err != nil {
		return act{}, err
	}
	if x.Phase != exchange.Decided {
		return act{after: j.before.with(x), event: event}, nil
	}
	e := envelope(x, j.now, j.now.Add(answerLife))
	e.Follows = j.before.Request
	signed, err := wire.SignAnswer(e, x.Decision.Answer(), n.signing())
	if err != nil {
		return act{}, err
	}
	return act{
		after: j.before.with(x), event: event, also: x.IssueAnswer(j.now), sent: &message{wire.Answer, signed}, send: outgoing(rowOf(x), e, signed),
	}, nil
}

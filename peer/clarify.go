package peer

import (
	"context"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// Question asks the asker what the professional needs to know, and stops the
// clock of the deadline.
func (n *Node) Question(ctx context.Context, who Who, id exchange.ID, text exchange.Personal) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Question(j.law, text, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, j.now, j.now.Add(answerLife))
		e.Follows = j.before.Request
		signed, err := wire.SignQuestion(e, text, n.signing())
		if err != nil {
			return act{}, err
		}
		after := j.before.with(x)
		after.Questions = append(after.Questions[:len(after.Questions):len(after.Questions)], signed.Digest)
		return act{after: after, event: event, sent: &message{wire.Question, signed}, send: outgoing(rowOf(x), e, signed)}, nil
	})
}

// Reply answers the question back of the other party. The clock runs again.
func (n *Node) Reply(ctx context.Context, who Who, id exchange.ID, text exchange.Personal) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Reply(j.law, text, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, j.now, j.now.Add(answerLife))
		e.Follows = j.before.Questions[len(j.before.Questions)-1]
		signed, err := wire.SignReply(e, text, n.signing())
		if err != nil {
			return act{}, err
		}
		return act{after: j.before.with(x), event: event, sent: &message{wire.Reply, signed}, send: outgoing(rowOf(x), e, signed)}, nil
	})
}

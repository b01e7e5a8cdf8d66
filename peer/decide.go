package peer

import (
	"context"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// Decide records what a professional decides on a request and queues the
// answer, or proposes it where the organisation wants a second person to see
// it. When it returns nil, decision, answer and ledger entries are on disk.
func (n *Node) Decide(ctx context.Context, who Who, id exchange.ID, d exchange.Decision) (exchange.Exchange, error) {
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Exchange.Decide(j.law, d, j.own, j.by, n.config.Decisions.policy(), j.now)
		if err != nil {
			return act{}, err
		}
		return n.decided(j, x, event)
	})
}

// Confirm lets a proposed decision leave: a second professional has seen it.
func (n *Node) Confirm(ctx context.Context, who Who, id exchange.ID) (exchange.Exchange, error) {
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Confirm(j.law, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		return n.decided(j, x, event)
	})
}

// Return gives a proposed decision back to who took it.
func (n *Node) Return(ctx context.Context, who Who, id exchange.ID, why exchange.Personal) (exchange.Exchange, error) {
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Return(j.law, why, j.own, j.by, j.now)
		return act{after: j.before.with(x), event: event}, err
	})
}

// Weigh records one step of a professional's weighing.
func (n *Node) Weigh(ctx context.Context, who Who, id exchange.ID, s exchange.Step) (exchange.Exchange, error) {
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
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
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Assign(j.law, colleague, why, j.own, j.by, j.now)
		return act{after: j.before.with(x), event: event}, err
	})
}

// Question asks the asker what the professional needs to know, and stops the
// clock of the deadline.
func (n *Node) Question(ctx context.Context, who Who, id exchange.ID, text exchange.Personal) (exchange.Exchange, error) {
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Question(j.law, text, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, j.now, j.now.Add(answerLife))
		e.Follows = j.before.Request
		signed, err := wire.SignQuestion(e, text, n.keys.Signing)
		if err != nil {
			return act{}, err
		}
		after := j.before.with(x)
		after.Questions = append(after.Questions[:len(after.Questions):len(after.Questions)], signed.Digest)
		return act{after: after, event: event, sent: &message{wire.Question, signed}, send: outgoing(e, signed)}, nil
	})
}

// Reply answers the question back of the other party. The clock runs again.
func (n *Node) Reply(ctx context.Context, who Who, id exchange.ID, text exchange.Personal) (exchange.Exchange, error) {
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Reply(j.law, text, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, j.now, j.now.Add(answerLife))
		e.Follows = j.before.Questions[len(j.before.Questions)-1]
		signed, err := wire.SignReply(e, text, n.keys.Signing)
		if err != nil {
			return act{}, err
		}
		return act{after: j.before.with(x), event: event, sent: &message{wire.Reply, signed}, send: outgoing(e, signed)}, nil
	})
}

// Withdraw takes a request back.
func (n *Node) Withdraw(ctx context.Context, who Who, id exchange.ID) (exchange.Exchange, error) {
	return n.weigh(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Withdraw(j.law, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, j.now, j.now.Add(answerLife))
		e.Follows = j.before.Request
		signed, err := wire.SignWithdrawal(e, n.keys.Signing)
		if err != nil {
			return act{}, err
		}
		return act{after: j.before.with(x), event: event, sent: &message{wire.Withdrawal, signed}, send: outgoing(e, signed)}, nil
	})
}

// decided queues the answer of a decision that is final.
func (n *Node) decided(j judging, x exchange.Exchange, event exchange.Event) (act, error) {
	if x.Phase != exchange.Decided {
		return act{after: j.before.with(x), event: event}, nil
	}
	e := envelope(x, j.now, j.now.Add(answerLife))
	e.Follows = j.before.Request
	signed, err := wire.SignAnswer(e, x.Decision.Answer(), n.keys.Signing)
	if err != nil {
		return act{}, err
	}
	return act{
		after: j.before.with(x), event: event, also: x.IssueAnswer(j.now), sent: &message{wire.Answer, signed}, send: outgoing(e, signed),
	}, nil
}

// A judging is what a person's step is judged by.
type judging struct {
	before record
	law    *exchange.Law
	own    exchange.Party
	by     exchange.Actor
	now    time.Time
}

// weigh makes one step of a person in an exchange.
func (n *Node) weigh(ctx context.Context, who Who, id exchange.ID, judge func(judging) (act, error)) (exchange.Exchange, error) {
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
		return judge(judging{before: before, law: f.law, own: own, by: actor, now: now})
	})
}

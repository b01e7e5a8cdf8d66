package peer

import (
	"context"
	"time"

	"sluis/exchange"
)

// AskAdvice asks our privacy officer about a request that a professional weighs.
// Nothing leaves the node.
func (n *Node) AskAdvice(ctx context.Context, who Who, id exchange.ID, question exchange.Personal) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.AskAdvice(j.law, question, j.own, j.by, j.now)
		return act{after: j.before.with(x), event: event}, err
	})
}

// Advise records what the privacy officer says about a request that is not decided
// yet. It binds nobody.
func (n *Node) Advise(ctx context.Context, who Who, id exchange.ID, text exchange.Personal) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.Advise(text, j.by, j.now)
		return act{after: j.before.with(x), event: event}, err
	})
}

type storedAdvice struct {
	Question string           `json:"question,omitempty"`
	AskedBy  exchange.ActorID `json:"askedBy,omitempty"`
	Asked    time.Time        `json:"asked,omitzero"`
	Text     string           `json:"text,omitempty"`
	By       exchange.ActorID `json:"by,omitempty"`
	At       time.Time        `json:"at,omitzero"`
}

func storeAdvice(all []exchange.Advice) (stored []storedAdvice) {
	for _, a := range all {
		stored = append(stored, storedAdvice{a.Question.Reveal(), a.AskedBy, a.Asked, a.Text.Reveal(), a.By, a.At})
	}
	return stored
}

func readAdvice(stored []storedAdvice) (all []exchange.Advice) {
	for _, s := range stored {
		all = append(all, exchange.Advice{
			Question: exchange.Hide(s.Question), AskedBy: s.AskedBy, Asked: s.Asked, Text: exchange.Hide(s.Text), By: s.By, At: s.At,
		})
	}
	return all
}

package peer

import (
	"context"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// Ask sends a request. When it returns nil, request and ledger entry are on
// disk and the message waits in the outbox; [Node.Status] tells how it fares.
// r comes without ID; a zero Case opens a new one, a zero Due takes the
// deadline of the law.
func (n *Node) Ask(ctx context.Context, by exchange.ActorID, r exchange.Request) (exchange.Exchange, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Exchange{}, err
	}
	actor, err := n.actor(by)
	if err != nil {
		return exchange.Exchange{}, err
	}
	now := n.now()
	r.ID, r.From.OIN = newID(), n.id.OIN
	if r.Case == "" {
		r.Case = newID()
	}
	if r.Due.IsZero() {
		if r.Due, err = f.law.Deadline(r.Purpose, now); err != nil {
			return exchange.Exchange{}, err
		}
	}
	r.Due = r.Due.UTC().Truncate(time.Second)
	from, err := f.party(r.From.OIN)
	if err != nil {
		return exchange.Exchange{}, err
	}
	to, err := f.party(r.To.OIN)
	if err != nil {
		return exchange.Exchange{}, err
	}
	x, event, err := exchange.Ask(f.law, r, from, to, actor, now)
	if err != nil {
		return exchange.Exchange{}, err
	}
	e := envelope(x, now, r.Due)
	signed, err := wire.SignRequest(e, r, n.keys.Signing)
	if err != nil {
		return exchange.Exchange{}, err
	}
	_, err = n.write(ctx, act{
		after: record{Exchange: x, Request: signed.Digest}, event: event, sent: &message{wire.Request, signed}, send: outgoing(e, signed),
	})
	return x, err
}

// Withdraw takes a request back.
func (n *Node) Withdraw(ctx context.Context, by exchange.ActorID, id exchange.ID) (exchange.Exchange, error) {
	if _, err := n.current(); err != nil {
		return exchange.Exchange{}, err
	}
	actor, err := n.actor(by)
	if err != nil {
		return exchange.Exchange{}, err
	}
	return n.change(ctx, id, func(before record, now time.Time) (act, error) {
		x, event, err := before.Exchange.Withdraw(actor, now)
		if err != nil {
			return act{}, err
		}
		e := envelope(x, now, now.Add(answerLife))
		e.Follows = before.Request
		signed, err := wire.SignWithdrawal(e, n.keys.Signing)
		if err != nil {
			return act{}, err
		}
		return act{after: before.with(x), event: event, sent: &message{wire.Withdrawal, signed}, send: outgoing(e, signed)}, nil
	})
}

// answerLife is how long a message that answers to another is offered to a
// party that is down. It outlives a long holiday and ends.
const answerLife = 60 * 24 * time.Hour

// envelope addresses a new message of x to the other side.
func envelope(x exchange.Exchange, now, expires time.Time) wire.Envelope {
	return wire.Envelope{ID: string(newID()), From: x.Own(), To: x.Other(), Exchange: x.ID, At: now, Expires: expires}
}

// outgoing puts a message in the outbox: by its digest, since the message itself
// is kept as evidence. It is sealed when it is sent, to the recipients that the
// register has then.
func outgoing(e wire.Envelope, signed wire.Signed) *store.Outgoing {
	return &store.Outgoing{ID: e.ID, To: e.To.String(), Exchange: string(e.Exchange), Message: signed.Digest[:], Expires: e.Expires}
}

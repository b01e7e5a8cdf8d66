package peer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/store"
)

// An act is one step of an exchange with all that it writes.
type act struct {
	after    record
	event    exchange.Event
	also     exchange.Event  // a second entry of the same act; zero for none
	sent     *message        // our message that the act makes
	received *message        // the partner's message that the act handles
	send     *store.Outgoing // what goes into the outbox
	done     []string        // what leaves the outbox
	seen     *store.Seen     // the message that must not be handled twice
	partner  *partnerLedger  // where a receipt proves that our message stands in the partner's ledger
	shown    *sighting       // what the act shows of a partner's ledger
	parcels  []parcel        // more messages of ours
	rows     []store.Record  // more rows of the same dossier
	// Of an act in a case conference: what it leaves of the conference, or what
	// is said in it. Then there is no after.
	meeting *gathering
	said    *saying
}

// A parcel is a message that an act makes beside its own: a notice to each who
// supplied, a correction to each who holds.
type parcel struct {
	message
	out   *store.Outgoing
	event exchange.Event
}

// A message is a signed message that is kept as evidence.
type message struct {
	kind   wire.Kind
	signed wire.Signed
}

// change loads an exchange, lets judge make the act, and writes it; when
// somebody else was faster it looks again.
func (n *Node) change(ctx context.Context, id exchange.ID, side exchange.Side, judge func(record, time.Time) (act, error)) (exchange.Exchange, error) {
	for range maxOvertaken {
		before, err := n.record(id, side)
		if err != nil {
			return exchange.Exchange{}, err
		}
		a, err := judge(before, n.now())
		if err != nil {
			return exchange.Exchange{}, err
		}
		_, err = n.write(ctx, a)
		if errors.Is(err, store.ErrOvertaken) {
			continue
		}
		return a.after.Exchange, err
	}
	return exchange.Exchange{}, fault(Busy)
}

// maxOvertaken bounds how often an act is judged again. An exchange has two
// writers at most: the person and the partner's messages.
const maxOvertaken = 8

// write stores an act in one commit and wakes the courier.
func (n *Node) write(ctx context.Context, a act) (store.Written, error) {
	c, err := n.changeOf(ctx, a)
	if err != nil {
		return store.Written{}, err
	}
	n.index(&c, a)
	if a.after.ID != "" {
		if err := n.remembering(ctx, &c, leftOf(a.after.Exchange)); err != nil {
			return store.Written{}, err
		}
	}
	var rows []boardRow
	for _, put := range c.Puts {
		if put.Table == tableExchange {
			rows = append(rows, boardRow{put.Table, put.Key})
		}
	}
	var written store.Written
	if err := n.board.during(rows, func() (err error) {
		written, err = n.store.Write(ctx, c)
		return err
	}); err != nil {
		return store.Written{}, err
	}
	for _, out := range c.Send {
		n.courier.add(out)
	}
	n.courier.forget(a.done)
	if a.shown != nil {
		n.tellAlarms(c)
		n.watch.seen(*a.shown, n.now())
	}
	if ends(a.event.Kind) {
		n.hurrySweep()
	}
	n.feed.tell(a.about())
	return written, nil
}

// about is the exchange or conference that an act is part of.
func (a act) about() exchange.ID {
	switch {
	case a.meeting != nil:
		return a.meeting.ID
	case a.said != nil:
		return a.said.in.ID
	}
	return a.after.ID
}

// state is what an act leaves: the record, the dossier that it belongs to, and
// where its messages are kept.
func (a act) state() (put store.Record, dossier, row string, err error) {
	switch {
	case a.meeting != nil:
		put, err = a.meeting.put()
		return put, a.meeting.dossier(), a.meeting.row(), err
	case a.said != nil:
		put, err = a.said.put()
		return put, a.said.in.saidDossier(), a.said.in.saidRow(), err
	}
	x := a.after.Exchange
	if a.send != nil {
		a.after.Sent = a.send.ID
	}
	row = rowKey(x.ID, x.Side)
	value, err := a.after.encode()
	return store.Record{Table: tableExchange, Key: row, Value: value, Was: a.after.version}, dossierOf(x), row, err
}

// changeOf is the act as the store takes it.
func (n *Node) changeOf(ctx context.Context, a act) (store.Change, error) {
	put, dossier, row, err := a.state()
	if err != nil {
		return store.Change{}, err
	}
	c := store.Change{Dossier: dossier, Done: a.done, Seen: a.seen, Puts: []store.Record{put}}
	var digest wire.Digest
	for _, m := range []*message{a.sent, a.received} {
		if m == nil {
			continue
		}
		digest = m.signed.Digest
		kept := storedMessage{kind: m.kind, sent: m == a.sent, token: m.signed.Token}
		c.Puts = append(c.Puts, store.Record{Table: tableMessage, Key: messageKey(row, digest), Value: kept.encode()})
	}
	if a.send != nil {
		c.Send = []store.Outgoing{*a.send}
	}
	c.Puts = append(c.Puts, a.rows...)
	for _, event := range recorded(a.event, a.also) {
		if event.Kind == "" {
			continue
		}
		entry, err := n.entryOf(ctx, event, digest)
		if err != nil {
			return store.Change{}, err
		}
		c.Record = append(c.Record, entry)
	}
	for _, p := range a.parcels {
		kept := storedMessage{kind: p.kind, sent: true, token: p.signed.Token, after: len(c.Record)}
		c.Puts = append(c.Puts, store.Record{Table: tableMessage, Key: messageKey(row, p.signed.Digest), Value: kept.encode()})
		c.Send = append(c.Send, *p.out)
		for _, event := range recorded(p.event) {
			entry, err := n.entryOf(ctx, event, p.signed.Digest)
			if err != nil {
				return store.Change{}, err
			}
			c.Record = append(c.Record, entry)
		}
	}
	if a.partner != nil {
		proved, err := a.partner.row(row)
		if err != nil {
			return store.Change{}, err
		}
		c.Puts = append(c.Puts, proved)
	}
	if a.shown != nil {
		if err := n.remember(&c, *a.shown); err != nil {
			return store.Change{}, err
		}
	}
	return c, nil
}

func (n *Node) entryOf(ctx context.Context, event exchange.Event, digest wire.Digest) (store.Event, error) {
	p := exchange.PrivatePart{By: event.By, Via: via(ctx), Detail: event.Detail}
	if reg := n.force.Load().register; reg != nil {
		p.Register = reg.Version()
	}
	part, err := json.Marshal(p)
	if err != nil {
		return store.Event{}, err
	}
	return store.Event{
		Kind: string(event.Kind), Exchange: string(event.Exchange), Party: partyText(event.Other), As: partyText(event.Own),
		Purpose: string(event.Purpose), Message: ledger.Digest(digest), Private: part,
	}, nil
}

// partyText is a party in a header; nothing where an entry is about none.
func partyText(p exchange.PartyID) string {
	if p == (exchange.PartyID{}) {
		return ""
	}
	return p.String()
}

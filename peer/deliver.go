package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
)

// deliver makes one attempt to deliver one message of the outbox. It returns
// nil when the message is finished, one way or the other, and is on disk as
// such; an error means: later.
func (n *Node) deliver(ctx context.Context, id string) error {
	out, err := n.store.Outgoing(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m, side, err := n.sent(exchange.ID(out.Exchange), wire.Digest(out.Message))
	if err != nil {
		return err
	}
	kind := exchange.MessageKind(m.kind)
	if !n.now().Before(out.Expires) {
		return n.giveUp(ctx, out, side, func(r record, now time.Time) (exchange.Exchange, exchange.Event, error) {
			return r.Expire(kind, now)
		})
	}
	f, err := n.current()
	if err != nil {
		return err
	}
	to, err := exchange.ParsePartyID(out.To)
	if err != nil {
		return err
	}
	party, ok := f.register.Party(to.OIN)
	if !ok {
		return fault(UnknownParty)
	}
	// It is sealed to the recipients that the addressee has now.
	sealed, err := wire.Seal(wire.Signed{Token: m.token}, f.register.Recipients(to.OIN))
	if err != nil {
		return err
	}
	raw, err := n.hand(ctx, party, sealed)
	if err != nil {
		return err
	}
	var r reply
	if err := json.Unmarshal(raw, &r); err != nil {
		return fault(BadReply)
	}
	switch {
	case len(r.Receipt) > 0:
		return n.receipted(ctx, f, out, to, side, kind, r.Receipt)
	case r.Retry:
		return fmt.Errorf("the other node says: later")
	case !knownCode(r.Code):
		return fault(BadReply)
	}
	n.log.Warn("message not accepted", "party", to.String(), "code", r.Code)
	return n.giveUp(ctx, out, side, func(x record, now time.Time) (exchange.Exchange, exchange.Event, error) {
		return x.Reject(kind, r.Code, now)
	})
}

// hand gives a sealed message to a party. To another capacity of our own
// organisation it goes the same way, without the network in between: one
// organisation is no reason to ask less, or to record less.
func (n *Node) hand(ctx context.Context, to register.Party, sealed []byte) ([]byte, error) {
	if to.OIN == n.id.OIN {
		return n.serveMessage(ctx, to.Peer, sealed)
	}
	return n.network.Send(ctx, to.Peer, MessageProtocol, sealed)
}

// sent loads a message that we sent, with the side on which we did.
func (n *Node) sent(id exchange.ID, d wire.Digest) (storedMessage, exchange.Side, error) {
	for _, side := range []exchange.Side{exchange.Asker, exchange.Supplier} {
		value, _, err := n.store.Get(tableMessage, messageKey(rowKey(id, side), d))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return storedMessage{}, "", err
		}
		m, err := decodeMessage(value)
		if err != nil || m.sent {
			return m, side, err
		}
	}
	return storedMessage{}, "", store.ErrNotFound
}

// knownCode reports whether a code that came over the network has the form of
// one: it is going to be stored and shown.
func knownCode(s string) bool {
	_, err := exchange.ParseActorID(s)
	return err == nil
}

func (n *Node) giveUp(ctx context.Context, out store.Outgoing, side exchange.Side, end func(record, time.Time) (exchange.Exchange, exchange.Event, error)) error {
	_, err := n.change(ctx, exchange.ID(out.Exchange), side, func(before record, now time.Time) (act, error) {
		x, event, err := end(before, now)
		if err != nil {
			return act{}, err
		}
		return act{after: before.with(x), event: event, done: []string{out.ID}}, nil
	})
	return err
}

// receipted checks a receipt and finishes the message: from here on we hold
// evidence that the partner's ledger has it.
func (n *Node) receipted(ctx context.Context, f *inForce, out store.Outgoing, to exchange.PartyID, side exchange.Side, kind exchange.MessageKind, sealed []byte) error {
	_, own, err := n.own(f)
	if err != nil {
		return err
	}
	token, err := wire.Unseal(sealed, n.keys.Sealing)
	if err != nil {
		return err
	}
	m, err := wire.Read(token, own, f.register, n.now())
	if err != nil {
		return err
	}
	if m.Kind != wire.Receipt || m.From != to || string(m.Exchange) != out.Exchange || m.Follows != wire.Digest(out.Message) {
		return fault(BadReceipt)
	}
	party, _ := f.register.Party(to.OIN)
	proven, err := checkEvidence(m, party.Checkpoint)
	if err != nil {
		return err
	}
	_, err = n.change(ctx, m.Exchange, side, func(before record, now time.Time) (act, error) {
		x, event, err := before.Deliver(kind, now)
		if err != nil {
			return act{}, err
		}
		return act{
			after: before.with(x), event: event, done: []string{out.ID}, partner: &proven,
			shown: proven.shownBy(n.id.OIN), received: &message{wire.Receipt, wire.Signed{Token: token, Digest: m.Digest}},
		}, nil
	})
	return err
}

// checkEvidence checks what a receipt says of the partner's ledger: the entry
// names our message and us, and the checkpoint, signed with the checkpoint key
// that the register has of the partner, covers the entry.
func checkEvidence(m wire.Message, checkpointKey string) (partnerLedger, error) {
	entry, err := ledger.ParseEntry(m.Receipt.Entry)
	if err != nil {
		return partnerLedger{}, fault(BadReceipt)
	}
	if entry.Message != ledger.Digest(m.Follows) || entry.Party != m.To.String() || entry.As != m.From.String() ||
		entry.Exchange != string(m.Exchange) {
		return partnerLedger{}, fault(BadReceipt)
	}
	checkpoint, err := ledger.OpenCheckpoint(m.Receipt.Checkpoint, checkpointKey)
	if err != nil || entry.Index >= checkpoint.Size {
		return partnerLedger{}, fault(BadReceipt)
	}
	var proof []ledger.Hash
	for _, raw := range m.Receipt.Proof {
		var h ledger.Hash
		if copy(h[:], raw) != len(h) || len(raw) != len(h) {
			return partnerLedger{}, fault(BadReceipt)
		}
		proof = append(proof, h)
	}
	leaf := ledger.LeafHash(m.Receipt.Entry)
	if err := ledger.CheckInclusion(proof, checkpoint.Size, checkpoint.Root, entry.Index, leaf); err != nil {
		return partnerLedger{}, fault(BadReceipt)
	}
	seen := sighting{Party: m.From.OIN, Key: checkpointKey, Note: string(m.Receipt.Checkpoint), From: m.From.OIN, checkpoint: checkpoint}
	return partnerLedger{message: m.Follows, receipt: m.Digest, entry: entry.Header, shown: seen}, nil
}

// receiptID is the ID of the receipt of a message: a UUIDv8 (RFC 9562 §5.8)
// made of its digest, so that a repeated message gets the same receipt.
func receiptID(of wire.Digest) string { return uuidOf("sluis-receipt\n" + string(of[:])) }

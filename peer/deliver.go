package peer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
	"sluis/schemas"
	"sluis/store"
)

// deliver makes one attempt to deliver one message of the outbox. It returns
// nil when the message is finished, one way or the other, and is on disk as
// such; an error means: later.
func (n *Node) deliver(ctx context.Context, id string) (err error) {
	out, err := n.store.Outgoing(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	digest, row, err := kept(out)
	if err != nil {
		return err
	}
	value, version, err := n.store.Get(tableMessage, messageKey(row, digest))
	if err != nil {
		return err
	}
	m, err := decodeMessage(value, version)
	if err != nil {
		return err
	}
	kind, ended := exchange.MessageKind(m.kind), Done
	ctx, end := n.observe.Begin(ctx, SendStep, digest[:])
	defer func() {
		if err != nil {
			ended = codeOfAttempt(err)
		}
		end(string(kind), ended)
	}()
	if !n.now().Before(out.Expires) {
		ended = string(exchange.PassingExpired)
		return n.giveUp(ctx, out, row, kind, exchange.PassingExpired, "", false)
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
	if code, err := n.overtaken(f, row, kind, out); err != nil {
		return err
	} else if code != "" {
		ended = code
		n.log.Warn("message kept back", "party", to.String(), "code", code)
		return n.giveUp(ctx, out, row, kind, exchange.PassingRejected, code, false)
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
	if r.At > 0 && to.OIN != n.id.OIN {
		n.readClock(to.OIN, time.Unix(r.At, 0))
	}
	switch {
	case len(r.Receipt) > 0:
		return n.receipted(ctx, f, out, to, row, kind, r.Receipt)
	case isOfVersion(r.Code):
		return fault(PartnerVersion)
	case r.Retry, ofClocks(r.Code):
		return &postponed{knownCode(r.Code)}
	case r.Code == "":
		return fault(BadReply)
	}
	code := knownCode(r.Code)
	ended = code
	n.log.Warn("message not accepted", "party", to.String(), "code", code)
	return n.giveUp(ctx, out, row, kind, exchange.PassingRejected, code, true)
}

// A postponed message was not accepted yet, and may be later.
type postponed struct{ code string }

// Error says so.
func (p *postponed) Error() string { return "the other node says: later" }

// overtaken is why a message may not leave any more, or "": since it was queued
// a register may have taken from either party what it rests on.
func (n *Node) overtaken(f *inForce, row string, kind exchange.MessageKind, out store.Outgoing) (code string, err error) {
	if key, ok := meetingOf(row); ok {
		return n.meetingOvertaken(key, kind)
	}
	r, err := n.record(idOf(row), sideOf(row))
	if err != nil {
		return "", err
	}
	if afterwards(kind) {
		return n.onwardOvertaken(f, r, kind, out)
	}
	from, err := f.party(r.Exchange.Request.From.OIN)
	if err != nil {
		return "", err
	}
	to, err := f.party(r.Exchange.Request.To.OIN)
	if err != nil {
		return "", err
	}
	var refusal *exchange.Refusal
	if errors.As(r.MaySend(f.law, kind, from, to), &refusal) {
		return string(refusal.Code), nil
	}
	return "", nil
}

// hand gives a sealed message to a party. To another capacity of our own
// organisation it goes the same way, without the network in between: one
// organisation is no reason to ask less, or to record less.
func (n *Node) hand(ctx context.Context, to register.Party, sealed []byte) ([]byte, error) {
	if to.OIN == n.id.OIN {
		return n.serveMessage(ctx, to.Peer, sealed)
	}
	if err := n.vouched(ctx, to); err != nil {
		return nil, err
	}
	return n.network.Send(ctx, to.Peer, MessageProtocol, sealed)
}

// knownCode is a code that came over the network, or that it is none of ours.
// It is going to be stored, logged and listed, so the other party must not be
// able to write in it what it likes (I5).
func knownCode(s string) string {
	if _, ok := schemas.Text(s); ok {
		return s
	}
	return UnknownCode
}

// giveUp records that a message of ours is not going to be delivered. Where the
// other node did not say so itself (sure), a passing that was tried before may have
// arrived all the same: then who supplied it is told, rather once too often.
func (n *Node) giveUp(ctx context.Context, out store.Outgoing, row string, kind exchange.MessageKind, state exchange.PassingState, code string, sure bool) error {
	if key, ok := meetingOf(row); ok {
		return n.lost(ctx, out, key, kind, code)
	}
	_, err := n.change(ctx, idOf(row), sideOf(row), func(before record, now time.Time) (act, error) {
		x, event, err := ended(before, kind, out, state, code, now)
		if err != nil {
			return act{}, err
		}
		a := act{after: before.with(x), event: event, done: []string{out.ID}}
		digest, _, err := kept(out)
		if err != nil {
			return act{}, err
		}
		if !sure && n.tried(out.ID) {
			if a.parcels, err = n.noticesOf(kind, before, x, digest, exchange.ID(out.ID), now); err != nil {
				return act{}, err
			}
		}
		a.rows, err = n.spent(before, digest)
		return a, err
	})
	return err
}

// tried reports whether a message may have been handed over before now.
func (n *Node) tried(id string) bool {
	made, err := timeOf(id)
	return err != nil || made.Before(n.started) || n.courier.tries(id) > 0
}

// receipted checks a receipt and finishes the message: from here on we hold
// evidence that the partner's ledger has it.
func (n *Node) receipted(ctx context.Context, f *inForce, out store.Outgoing, to exchange.PartyID, row string, kind exchange.MessageKind, sealed []byte) error {
	_, own, err := n.own(f)
	if err != nil {
		return err
	}
	token, err := wire.Unseal(sealed, n.keys.Load().Identities()...)
	if err != nil {
		return err
	}
	m, err := wire.Read(token, own, f.register, n.now())
	if err != nil {
		return err
	}
	digest, _, err := kept(out)
	if err != nil {
		return err
	}
	if m.Kind != wire.Receipt || m.From != to || string(m.Exchange) != out.Exchange || m.Follows != digest {
		return fault(BadReceipt)
	}
	party, _ := f.register.Party(to.OIN)
	proven, err := checkEvidence(m, party.Checkpoint)
	if err != nil {
		return err
	}
	shown := proven.shownBy(n.id.OIN)
	receipt := &message{wire.Receipt, wire.Signed{Token: token, Digest: m.Digest}}
	if key, ok := meetingOf(row); ok {
		return n.heard(ctx, out, key, kind, to, &proven, receipt)
	}
	x, err := n.change(ctx, idOf(row), sideOf(row), func(before record, now time.Time) (act, error) {
		if !answers(proven.entry, kind, before.Exchange.Request.Purpose, out.ID, now) {
			return act{}, fault(BadReceipt)
		}
		a := act{
			done: []string{out.ID}, partner: &proven, shown: shown, received: receipt,
		}
		var x exchange.Exchange
		var err error
		if afterwards(kind) {
			x, a.event = before.Arrived(kind, exchange.ID(out.ID), to, now)
			a.parcels, err = n.noticesOf(kind, before, x, digest, exchange.ID(out.ID), now)
		} else {
			x, a.event, err = before.Deliver(kind, now)
		}
		if err != nil {
			return act{}, err
		}
		a.after = before.with(x)
		a.rows, err = n.spent(before, digest)
		return a, err
	})
	if err == nil {
		n.handedOver(x)
	}
	return err
}

// receivedAs is the kind of entry that an addressee writes for each message.
var receivedAs = map[exchange.MessageKind]exchange.EventKind{
	exchange.RequestMessage:    exchange.RequestReceived,
	exchange.AnswerMessage:     exchange.AnswerReceived,
	exchange.WithdrawalMessage: exchange.WithdrawalReceived,
	exchange.QuestionMessage:   exchange.QuestionReceived,
	exchange.ReplyMessage:      exchange.ReplyReceived,

	exchange.PermissionRequestMessage:    exchange.PermissionRequestReceived,
	exchange.PermissionMessage:           exchange.PermissionReceived,
	exchange.PermissionWithdrawalMessage: exchange.PermissionWithdrawalReceived,
	exchange.PassingMessage:              exchange.PassingReceived,
	exchange.NoticeMessage:               exchange.NoticeReceived,
	exchange.CorrectionMessage:           exchange.CorrectionReceived,

	exchange.InvitationMessage:       exchange.InvitationReceived,
	exchange.ConferenceAnswerMessage: exchange.ConferenceAnswerReceived,
	exchange.ContributionMessage:     exchange.ContributionReceived,
	exchange.ClosingMessage:          exchange.ClosingReceived,
}

// answers reports whether the entry that a receipt proves says what happened:
// that a message of this kind, for this purpose, came in, after we sent it, with
// a part that says who and what. An entry of another kind would be no evidence
// of that.
func answers(h ledger.Header, kind exchange.MessageKind, purpose exchange.PurposeCode, message string, now time.Time) bool {
	made, err := timeOf(message)
	return err == nil && h.Kind == string(receivedAs[kind]) && (afterwards(kind) || h.Purpose == string(purpose)) &&
		!h.Time.Before(made.Add(-exchange.Skew)) && !h.Time.After(now.Add(exchange.Skew)) &&
		h.Key != ledger.None && h.Private != ledger.DigestOf(nil)
}

// timeOf is when an ID of ours was made: a UUIDv7 says it.
func timeOf(id string) (time.Time, error) {
	u, err := uuid.Parse(id)
	if err != nil {
		return time.Time{}, err
	}
	seconds, nanos := u.Time().UnixTime()
	return time.Unix(seconds, nanos), nil
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

// ended records that a message of ours did not arrive.
func ended(r record, kind exchange.MessageKind, out store.Outgoing, state exchange.PassingState, code string, now time.Time) (exchange.Exchange, exchange.Event, error) {
	if afterwards(kind) {
		to, err := exchange.ParsePartyID(out.To)
		if err != nil {
			return exchange.Exchange{}, exchange.Event{}, err
		}
		x, event := r.Lost(kind, exchange.ID(out.ID), to, state, code, now)
		return x, event, nil
	}
	if state == exchange.PassingExpired {
		return r.Expire(kind, now)
	}
	return r.Reject(kind, code, now)
}

// afterwards reports whether a message is about what goes on with the data after
// the answer.
func afterwards(kind exchange.MessageKind) bool {
	switch kind {
	case exchange.PermissionRequestMessage, exchange.PermissionMessage, exchange.PermissionWithdrawalMessage, exchange.PassingMessage,
		exchange.NoticeMessage, exchange.CorrectionMessage:
		return true
	}
	return false
}

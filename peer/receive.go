package peer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
)

// The protocols that a node speaks, see docs/protocol.
const (
	MessageProtocol  = "/sluis/message/1"
	RegisterProtocol = "/sluis/register/1"
)

// Bounds of what the message protocol carries.
const (
	maxMessage = wire.MaxSealed
	maxReply   = 256 << 10 // a receipt: an entry, a checkpoint and a proof
)

// A reply is what goes back over the pipe for a message: the sealed receipt, or
// why the message was not accepted. The pipe is authenticated, so a refusal
// needs no signature; what counts as evidence is the receipt only.
type reply struct {
	Receipt []byte `json:"receipt,omitempty"`
	Code    string `json:"code,omitempty"`
	Retry   bool   `json:"retry,omitempty"`
	// At is what the clock of the node says, in seconds since 1970, so that one
	// that is wrong is found out. 0: it was not said.
	At int64 `json:"at,omitempty"`
}

// serveMessage answers one message. It never fails: what goes wrong is told to
// the sender by code, and logged by peer ID and code only (I5, I9).
func (n *Node) serveMessage(ctx context.Context, from string, sealed []byte) ([]byte, error) {
	receipt, err := n.Receive(ctx, from, sealed)
	r := reply{Receipt: receipt}
	if err != nil {
		code, retry := classify(err)
		if n.quota.line(from, n.now()) {
			n.log.Warn("message refused", "peer", from, "code", code)
		}
		if code == Internal {
			n.log.Error("message could not be handled", "peer", from, "error", err.Error())
		}
		r = reply{Code: code, Retry: retry}
	}
	r.At = n.now().Unix()
	return json.Marshal(r)
}

// Receive handles a sealed message of a peer and returns its sealed receipt.
// When it returns nil, what the message does and its ledger entry are on disk.
// The same message again gets the same receipt and changes nothing.
func (n *Node) Receive(ctx context.Context, from string, sealed []byte) (receipt []byte, err error) {
	f, m, err := n.read(from, sealed)
	if err != nil {
		_, end := n.observe.Begin(ctx, ReceiveStep, nil)
		end("", outcomeOf(err))
		return nil, err
	}
	ctx, end := n.observe.Begin(ctx, ReceiveStep, m.Digest[:])
	defer func() { end(string(m.Kind), outcomeOf(err)) }()
	return n.takeIn(ctx, f, m)
}

// read opens a message of a peer, and refuses what is not his or not for us.
func (n *Node) read(from string, sealed []byte) (*inForce, wire.Message, error) {
	f, err := n.current()
	if err != nil {
		return nil, wire.Message{}, err
	}
	sender, ok := f.register.ByPeer(from)
	if !ok {
		return nil, wire.Message{}, fault(UnknownParty)
	}
	_, own, err := n.own(f)
	if err != nil {
		return nil, wire.Message{}, err
	}
	token, err := wire.Unseal(sealed, n.keys.Load().Identities()...)
	if err != nil {
		return nil, wire.Message{}, err
	}
	m, err := wire.Read(token, own, f.register, n.now())
	if err != nil {
		return nil, wire.Message{}, err
	}
	if m.From.OIN != sender.OIN {
		return nil, wire.Message{}, &wire.Fault{Code: wire.SenderMismatch}
	}
	if m.Kind == wire.Receipt {
		return nil, wire.Message{}, &wire.Fault{Code: wire.MessageSchema}
	}
	return f, m, nil
}

// takeIn handles a message that was read, and makes its receipt.
func (n *Node) takeIn(ctx context.Context, f *inForce, m wire.Message) ([]byte, error) {
	// A receipt shows the state of our ledger: not before it is known that it is no
	// old copy.
	if party, ok := f.register.Party(m.From.OIN); !ok || n.vouched(ctx, party) != nil {
		return nil, fault(Recovering)
	}
	// A message that was handled before, here or by another stream that was
	// faster, is answered from what was written then.
	for range maxOvertaken {
		written, seen, err := n.store.Seen(m.From.String(), m.ID)
		if err != nil {
			return nil, err
		}
		if seen {
			if written.Digest != ledger.Digest(m.Digest) {
				return nil, fault(Replayed)
			}
			if err := n.store.Signed(ctx, written.Size); err != nil {
				return nil, err
			}
			return n.receipt(f, m, written, nil)
		}
		w, err := n.accept(ctx, f, m)
		switch {
		case err == nil:
			// A message that is new shows that he is there; one that is sent again
			// must not make us try all that waits for him once more.
			n.courier.reachable(m.From.OIN)
			if m.Kind == wire.Request || m.Kind == wire.Passing || m.Kind == wire.Invitation {
				n.quota.took(m.From.OIN, len(m.Token), n.now())
			}
			return n.receipt(f, m, store.Receipted{First: w.First, Size: w.Size, Time: w.Time}, w.Checkpoint)
		case !errors.Is(err, store.ErrSeen) && !errors.Is(err, store.ErrOvertaken):
			// Handled by another stream since we looked, it was judged by what it has
			// itself done, and is not refused.
			if _, seen, look := n.store.Seen(m.From.String(), m.ID); look != nil || !seen {
				return nil, err
			}
		}
	}
	return nil, fault(Busy)
}

// accept judges a message that is new and writes what it does.
func (n *Node) accept(ctx context.Context, f *inForce, m wire.Message) (store.Written, error) {
	now := n.now()
	a := act{
		shown:    f.met(m),
		received: &message{m.Kind, wire.Signed{Token: m.Token, Digest: m.Digest}},
		seen:     &store.Seen{Issuer: m.From.String(), ID: m.ID, Digest: ledger.Digest(m.Digest), Expires: m.Expires},
	}
	sender, err := f.party(m.From.OIN)
	if err != nil {
		return store.Written{}, err
	}
	if _, ok := sender.Capacity(m.From.Capacity); !ok {
		return store.Written{}, &exchange.Refusal{Code: exchange.UnknownCapacity, Params: []string{"party", "sender", "capacity", string(m.From.Capacity)}}
	}
	if err := checkAge(m); err != nil {
		return store.Written{}, err
	}
	switch m.Kind {
	case wire.Request:
		if err := n.fits(m, now); err != nil {
			return store.Written{}, err
		}
		a.after, a.event, err = n.acceptRequest(f, m, now)
	case wire.Answer, wire.Withdrawal, wire.Question, wire.Reply:
		var before record
		if before, err = n.record(m.Exchange, receiver(m.Kind)); err != nil {
			return store.Written{}, err
		}
		if before.Own() != m.To || before.Other() != m.From {
			return store.Written{}, fault(UnknownExchange)
		}
		a, err = follow(f.law, a, before, m, now)
	case wire.Invitation:
		if err := n.fits(m, now); err != nil {
			return store.Written{}, err
		}
		a, err = n.acceptInvitation(f, a, m, now)
	case wire.ConferenceAnswer, wire.Contribution, wire.Closing:
		a, err = n.acceptInConference(f, a, m, now)
	default:
		a, err = n.acceptOnward(f, a, m, now)
	}
	if err != nil {
		return store.Written{}, err
	}
	return n.write(ctx, a)
}

// idAge is how far the moment in an ID may lie from that of its message, and
// topicAge how long an exchange may have gone on when it was answered: as long as
// the longest-lived message.
const (
	idAge    = 24 * time.Hour
	topicAge = 400 * 24 * time.Hour
)

// checkAge holds the names that a message brings to what they are for. They
// stand in clear in our ledger, so the digits of a UUIDv7 that say when it was
// made must say that, and nothing else (I5). A passing names the exchange in which
// the data was supplied first, which may be long ago: its moment is held against
// the answer that it brings along.
func checkAge(m wire.Message) error {
	bad := &wire.Fault{Code: wire.MessageSchema, Where: "the time in an ID is not that of its message"}
	if made, err := timeOf(m.ID); err != nil || made.Sub(m.At).Abs() > idAge {
		return bad
	}
	made, err := timeOf(string(m.Exchange))
	switch m.Kind {
	case wire.Request, wire.Invitation:
		if err != nil || made.Sub(m.At).Abs() > idAge {
			return bad
		}
	case wire.Passing:
		source := m.Attached[0].At
		if err != nil || made.Sub(source) > idAge || source.Sub(made) > topicAge {
			return bad
		}
	}
	return nil
}

// receiver is the side of an exchange that a kind of message comes in at.
func receiver(k wire.Kind) exchange.Side {
	if k == wire.Answer || k == wire.Question {
		return exchange.Asker
	}
	return exchange.Supplier
}

// follow judges a message that follows another in its exchange.
func follow(law *exchange.Law, a act, before record, m wire.Message, now time.Time) (act, error) {
	follows := before.Request
	if m.Kind == wire.Reply {
		if len(before.Questions) == 0 {
			return act{}, fault(Follows)
		}
		follows = before.Questions[len(before.Questions)-1]
	}
	if follows != m.Follows {
		return act{}, fault(Follows)
	}
	a.after = before
	var err error
	switch m.Kind {
	case wire.Answer:
		a.after.Exchange, a.event, err = before.Receive(law, m.Answer, now)
	case wire.Question:
		a.after.Exchange, a.event, err = before.ReceiveQuestion(m.Text, m.At, now)
		a.after.Questions = append(before.Questions[:len(before.Questions):len(before.Questions)], m.Digest)
	case wire.Reply:
		a.after.Exchange, a.event, err = before.ReceiveReply(m.Text, m.At, now)
	case wire.Withdrawal:
		a.after.Exchange, a.event, err = before.WithdrawnByAsker(now)
		if before.Phase == exchange.Decided {
			a.done = []string{before.Sent} // what was decided stays here
		}
	}
	return a, err
}

func (n *Node) acceptRequest(f *inForce, m wire.Message, now time.Time) (record, exchange.Event, error) {
	if !m.Follows.Zero() {
		return record{}, exchange.Event{}, fault(Follows)
	}
	sides := []exchange.Side{exchange.Supplier}
	if m.From.OIN != n.id.OIN { // when another capacity of ours asks, its side is here too
		sides = append(sides, exchange.Asker)
	}
	if err := n.unused(m.Exchange, sides...); err != nil {
		return record{}, exchange.Event{}, err
	}
	from, err := f.party(m.From.OIN)
	if err != nil {
		return record{}, exchange.Event{}, err
	}
	to, err := f.party(m.To.OIN)
	if err != nil {
		return record{}, exchange.Event{}, err
	}
	if m.Request.Conference != "" {
		t, err := n.taking(m.Request.Conference, m.To)
		if err != nil {
			return record{}, exchange.Event{}, err
		}
		x, event, err := exchange.AcceptTaking(f.law, m.Request, t, from, to, now)
		return record{Exchange: x, Request: m.Digest}, event, err
	}
	x, event, err := exchange.Accept(f.law, m.Request, from, to, now)
	return record{Exchange: x, Request: m.Digest}, event, err
}

// receipt makes the receipt of a message from what was written for it. It is
// the same each time: its ID, times, checkpoint and proof follow from the
// commit, and Ed25519 is deterministic. Only the seal around it differs.
// checkpoint is that of the commit, when it is at hand.
func (n *Node) receipt(f *inForce, m wire.Message, w store.Receipted, checkpoint []byte) ([]byte, error) {
	entry, err := n.store.Entry(w.First)
	if err != nil {
		return nil, err
	}
	bytes, err := entry.Marshal()
	if err != nil {
		return nil, err
	}
	if checkpoint == nil {
		if checkpoint, err = n.store.CheckpointAt(w.Size); err != nil {
			return nil, err
		}
	}
	proof, err := n.store.ProveInclusion(w.First, w.Size)
	if err != nil {
		return nil, err
	}
	v := wire.Evidence{Entry: bytes, Checkpoint: checkpoint}
	for _, h := range proof {
		v.Proof = append(v.Proof, h[:])
	}
	at, signing := w.Time, n.signing()
	if key, ok := f.register.Key(kidOfSigner(signing)); ok && key.From.After(at) {
		at = key.From // our key was rotated since: a key does not sign before it holds
	}
	e := wire.Envelope{
		ID: receiptID(m.Digest), From: m.To, To: m.From, Exchange: m.Exchange, Follows: m.Digest,
		At: at, Expires: at.Add(receiptLife),
	}
	signed, err := wire.SignReceipt(e, v, signing)
	if err != nil {
		return nil, err
	}
	return wire.Seal(signed, f.register.Recipients(m.From.OIN))
}

// receiptLife is how long a receipt can be verified as a message. It must
// outlive every retry of the message that it is for.
const receiptLife = 399 * 24 * time.Hour

// classify tells the sender why, by code, and whether to try again later.
func classify(err error) (code string, retry bool) {
	var refusal *exchange.Refusal
	var bad *wire.Fault
	var own *Fault
	var gate *crypto.GateError
	var listed *register.Fault
	switch {
	case errors.As(err, &refusal):
		return string(refusal.Code), false
	case errors.As(err, &bad):
		// The sender may know a newer register than we do, or an older one, which
		// has a key of ours that is gone; or more kinds of message.
		return bad.Code, bad.Code == wire.KeyUnknown || bad.Code == wire.MessageNotOpened || bad.Code == wire.UnknownKind || ofClocks(bad.Code)
	case errors.As(err, &gate):
		return gate.Code, false
	case errors.As(err, &own):
		return own.Code, own.Retry
	case errors.As(err, &listed):
		return listed.Code, false
	case errors.Is(err, store.ErrDiskFull):
		return "disk-full", true
	case errors.Is(err, store.ErrReadOnly):
		return "disk-read-only", true
	case errors.Is(err, store.ErrRecovering):
		return Recovering, true
	case errors.Is(err, store.ErrStopped):
		return "stopped", true
	}
	return Internal, true
}

package peer

import (
	"context"
	"errors"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// acceptInvitation takes an invitation to a case conference.
func (n *Node) acceptInvitation(f *inForce, a act, m wire.Message, now time.Time) (act, error) {
	if _, err := n.meeting(meetingKey(m.Exchange, m.To.Capacity)); !isFault(err, UnknownConference) {
		return act{}, orFault(err, Replayed) // there is one of that name, or there was
	}
	from, err := f.party(m.From.OIN)
	if err != nil {
		return act{}, err
	}
	own, err := f.party(n.id.OIN)
	if err != nil {
		return act{}, err
	}
	c, event, err := exchange.Invited(f.law, m.Conference, from, own, now)
	if err != nil {
		return act{}, err
	}
	a.meeting, a.event = &gathering{Conference: c}, event
	return a, nil
}

// acceptInConference judges a message of a conference that we were invited to.
func (n *Node) acceptInConference(f *inForce, a act, m wire.Message, now time.Time) (act, error) {
	before, err := n.meeting(meetingKey(m.Exchange, m.To.Capacity))
	if err != nil {
		return act{}, err
	}
	if m.Kind == wire.Contribution {
		return n.acceptContribution(f, a, before, m, now)
	}
	var c exchange.Conference
	if m.Kind == wire.Closing {
		c, a.event, err = before.ReceiveClosing(m.From, now)
	} else {
		c, a.event, err = before.ReceiveAnswer(m.From, m.Coming, now)
	}
	a.meeting = before.with(c)
	return a, err
}

func (n *Node) acceptContribution(f *inForce, a act, in gathering, m wire.Message, now time.Time) (act, error) {
	from, err := f.party(m.From.OIN)
	if err != nil {
		return act{}, err
	}
	said, err := n.contributions(in.key())
	if err != nil {
		return act{}, err
	}
	before := 0
	for _, c := range said {
		if c.By == m.From {
			before++
		}
		if c.ID == m.Contribution.ID {
			return act{}, fault(Replayed)
		}
	}
	a.event, err = in.ReceiveContribution(f.law, m.Contribution, from, before, now)
	a.said = &saying{in: in, Contribution: m.Contribution}
	return a, err
}

// lost records that a message of a conference did not arrive.
func (n *Node) lost(ctx context.Context, out store.Outgoing, key string, kind exchange.MessageKind, code string) error {
	to, err := exchange.ParsePartyID(out.To)
	if err != nil {
		return err
	}
	_, err = n.changeMeeting(ctx, key, func(before gathering, now time.Time) (act, error) {
		c, event := before.Lost(kind, to, code, now)
		return act{meeting: before.with(c), event: event, done: []string{out.ID}}, nil
	})
	return err
}

// heard records that a message of a conference was received, with the evidence.
func (n *Node) heard(ctx context.Context, out store.Outgoing, key string, kind exchange.MessageKind, to exchange.PartyID, proven *partnerLedger, receipt *message) error {
	c, err := n.changeMeeting(ctx, key, func(before gathering, now time.Time) (act, error) {
		if !answers(proven.entry, kind, before.Purpose, out.ID, now) {
			return act{}, fault(BadReceipt)
		}
		return act{
			meeting: &before, event: before.Arrived(to, now), done: []string{out.ID}, partner: proven, shown: proven.shownBy(n.id.OIN), received: receipt,
		}, nil
	})
	if err == nil && !c.Closed.IsZero() {
		n.hurrySweep()
	}
	return err
}

// meetingOvertaken is why a message of a conference may not leave any more, or
// "": what is said after the end would be said to nobody.
func (n *Node) meetingOvertaken(key string, kind exchange.MessageKind) (string, error) {
	g, err := n.meeting(key)
	if err != nil {
		return "", err
	}
	if kind == exchange.ContributionMessage && !g.Open(n.now()) {
		return string(exchange.ConferenceOver), nil
	}
	return "", nil
}

// forget destroys what was said in a conference that is over, and takes what did
// not leave yet from the outbox. A large one takes more than one change.
func (n *Node) forget(ctx context.Context, g gathering, at time.Time) error {
	entry, err := n.entryOf(ctx, g.Forget(at), wire.Digest{})
	if err != nil {
		return err
	}
	for try := range maxDestroyTries {
		c := store.Change{Dossier: store.NodeDossier, Destroy: g.saidDossier(), Record: []store.Event{entry}}
		if c.Done, err = n.unsaid(g); err != nil {
			return err
		}
		_, err := n.store.Write(ctx, c)
		switch {
		case errors.Is(err, store.ErrNoRecordKey) && try > 0:
			return nil
		case errors.Is(err, store.ErrOvertaken):
			continue
		case err != nil:
			return err
		}
		n.courier.forget(c.Done)
		n.feed.tell(g.ID)
	}
	return errors.New("rows of a conference are left")
}

// unsaid are the contributions of ours that are still in the outbox.
func (n *Node) unsaid(g gathering) (ids []string, err error) {
	err = n.outbox(func(out store.Outgoing, row string) {
		if row == g.saidRow() {
			ids = append(ids, out.ID)
		}
	})
	return ids, err
}

// outbox calls do with every message that waits, and where it is kept.
func (n *Node) outbox(do func(out store.Outgoing, row string)) error {
	after := ""
	for {
		page, err := n.store.Outbox(after, maxPage)
		if err != nil {
			return err
		}
		for _, out := range page {
			after = out.ID
			_, row, err := kept(out)
			if err != nil {
				return err
			}
			do(out, row)
		}
		if len(page) < maxPage {
			return nil
		}
	}
}

// ends reports whether an act changes when a conference ends.
func ends(kind exchange.EventKind) bool {
	switch kind {
	case exchange.ConferenceOpened, exchange.InvitationReceived, exchange.ConferenceClosed, exchange.ClosingReceived:
		return true
	}
	return false
}

// hurrySweep lets the node look at once for what is due.
func (n *Node) hurrySweep() {
	select {
	case n.sweep <- struct{}{}:
	default:
	}
	n.courier.signal() // the loop that waits looks at all of its duties
}

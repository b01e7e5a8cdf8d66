package testnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/ledger"
)

// settle waits until both sides of a request have written what the other's
// messages and receipts tell, and proves that they agree: on the phase, and on
// every message and where it stands in both ledgers. It tells what the ledgers
// hold.
func (y *play) settle(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, y.patience)
	defer cancel()
	var sides [2]side
	var parties [2]string
	for i, party := range []string{r.from, r.to} {
		by, err := y.staff(party, append(slices.Clone(askers), deciders...))
		if err != nil {
			return err
		}
		parties[i] = by.party.String()
	}
	var before error // why they did not agree, while they could be asked
	for {
		var err error
		for i, party := range []string{r.from, r.to} {
			if sides[i], err = y.Net.side(ctx, party, parties[1-i], r.id); err != nil && ctx.Err() == nil && !notFound(err) {
				return err
			}
		}
		if err == nil {
			err = agree(sides[0], sides[1])
		}
		if err == nil {
			break
		}
		if ctx.Err() == nil || before == nil {
			before = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s and %s do not agree after %s: %v", r.from, r.to, y.patience, before)
		case <-time.After(pollEvery):
		}
	}
	var now []LedgerNow
	receipts := 0
	for i, party := range []string{r.from, r.to} {
		now = append(now, LedgerNow{Party: party, Name: y.name(party), Entries: sides[i].told()})
		receipts += sides[i].receipts()
	}
	y.tell(Told{
		What: ToldLedgers, Line: y.step.Line, Exchange: r.id, Ledgers: now,
		Text: "What the two ledgers now hold about it (in brackets: where the receipt proves that the message is in the other ledger):",
	})
	y.told(ToldProved, "", fmt.Sprintf("%s and %s agree: %d receipts, and each names an entry that is really there.", y.name(r.from), y.name(r.to), receipts))
	return nil
}

func (s side) receipts() (n int) {
	for _, m := range s.messages {
		if m.sent && m.partner != nil {
			n++
		}
	}
	return n
}

// A side is what one party holds of a request.
type side struct {
	party    string
	phase    string
	messages []messageNote
	entries  []entryNote
}

// side asks a node for everything that it holds of a request.
func (n *Net) side(ctx context.Context, party, other, id string) (side, error) {
	d, hat := n.door(keyOf(party)), hatOf(party)
	s := side{party: party}
	var err error
	if s.phase, err = d.phase(ctx, id, hat); err != nil {
		return s, err
	}
	if s.messages, err = d.messages(ctx, id, hat); err != nil {
		return s, err
	}
	// What one of them told others, in this story or by notice, is not between
	// these two.
	s.messages = slices.DeleteFunc(s.messages, func(m messageNote) bool { return m.with != other })
	s.entries, err = d.entriesOf(ctx, id, hat)
	return s, err
}

func (s side) told() []EntryNow {
	var all []EntryNow
	for _, e := range s.entries {
		now := EntryNow{Index: e.index, Kind: e.kind, Message: e.message}
		for _, m := range s.messages {
			if m.partner != nil && m.digest == e.message && strings.HasSuffix(e.kind, "-issued") {
				now.Partner = &m.partner.entry
			}
		}
		all = append(all, now)
	}
	return all
}

// agree proves that two sides hold the same.
func agree(asker, supplier side) error {
	if want := mirrored(asker.phase); want != supplier.phase {
		return fmt.Errorf("%s has the request as %s, %s as %s", asker.party, asker.phase, supplier.party, supplier.phase)
	}
	if err := evidence(asker, supplier); err != nil {
		return err
	}
	return evidence(supplier, asker)
}

// mirrored is the phase at the supplier that fits a phase at the asker, once
// nothing is on its way.
func mirrored(asker string) string {
	if exchange.Phase(asker) == exchange.Delivered {
		return string(exchange.Weighing)
	}
	return asker
}

// evidence proves of every message that from sent: his own ledger has it, he
// holds a receipt, the ledger of to has an entry with the same digest at the
// place that the receipt proves, and to knows the message as received.
func evidence(from, to side) error {
	sent := 0
	for _, m := range from.messages {
		if !m.sent {
			continue
		}
		sent++
		what := fmt.Sprintf("the %s of %s", m.kind, from.party)
		if e, ok := from.entry(m.entry); !ok || e.message != m.digest {
			return fmt.Errorf("%s is not in its own ledger at entry %d", what, m.entry)
		}
		if m.partner == nil && m.kind == "answer" && exchange.Phase(from.phase) == exchange.Withdrawn {
			continue // the withdrawal took it back before it was delivered
		}
		if m.partner == nil {
			return fmt.Errorf("there is no receipt for %s", what)
		}
		e, ok := to.entry(m.partner.entry)
		if !ok {
			return fmt.Errorf("the receipt for %s names entry %d of %s, which has no such entry about it", what, m.partner.entry, to.party)
		}
		if e.message != m.digest {
			return fmt.Errorf("the receipt for %s names entry %d of %s, which is about another message", what, m.partner.entry, to.party)
		}
		if m.partner.entry >= m.partner.size {
			return fmt.Errorf("the receipt for %s names an entry that its checkpoint does not cover", what)
		}
		if !to.received(m.digest) {
			return fmt.Errorf("%s does not hold %s", to.party, what)
		}
	}
	if sent == 0 && from.mustHaveSent() {
		return fmt.Errorf("%s holds no message that it sent", from.party)
	}
	return nil
}

// mustHaveSent reports whether the ledger of this side says that it issued a
// message.
func (s side) mustHaveSent() bool {
	for _, e := range s.entries {
		switch exchange.EventKind(e.kind) {
		case exchange.RequestIssued, exchange.AnswerIssued, exchange.WithdrawalIssued:
			return true
		}
	}
	return false
}

func (s side) entry(index uint64) (entryNote, bool) {
	for _, e := range s.entries {
		if e.index == index {
			return e, true
		}
	}
	return entryNote{}, false
}

func (s side) received(digest string) bool {
	for _, m := range s.messages {
		if m.digest == digest && !m.sent {
			return true
		}
	}
	return false
}

// Verify lets every node read its whole ledger again and prove that it is what
// its newest checkpoint signs. Then it does not take the node's word for it: it
// computes the root itself, from the entries that the node shows, and compares
// it with a checkpoint whose signature it checks with the key that another
// party's register has of the node.
func (n *Net) Verify(ctx context.Context, tell func(Told)) error {
	for i, key := range n.order {
		m, _ := n.member(key)
		witness := n.order[(i+1)%len(n.order)]
		size, err := n.verify(ctx, key, witness)
		if err != nil {
			tell(Told{What: ToldFailed, Party: key, Text: fmt.Sprintf("The ledger of %s does not verify.", m.Party.Name), Details: []Detail{{"but", err.Error()}}})
			return &Failure{Scenario: "the ledgers", Step: "verify " + key, Reason: err.Error()}
		}
		tell(Told{What: ToldProved, Party: key, Text: fmt.Sprintf("%s: %d entries, as signed.", m.Party.Name, size)})
	}
	return nil
}

func (n *Net) verify(ctx context.Context, party, witness string) (uint64, error) {
	d := n.door(party)
	said, err := d.verify(ctx)
	if err != nil {
		return 0, err
	}
	m, _ := n.member(party)
	verifier, err := n.door(witness).checkpointKey(ctx, m.Party.OIN)
	if err != nil {
		return 0, err
	}
	signed, err := d.checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	checkpoint, err := ledger.OpenCheckpoint(signed, verifier)
	if err != nil {
		return 0, fmt.Errorf("the checkpoint is not signed with the key that the register of %s has: %w", witness, err)
	}
	entries, err := d.entries(ctx)
	if err != nil {
		return 0, err
	}
	if checkpoint.Size < said || uint64(len(entries)) < checkpoint.Size {
		return 0, fmt.Errorf("it proved %d entries, signed %d, and shows %d", said, checkpoint.Size, len(entries))
	}
	tree, err := ledger.OpenTree(0, nil)
	if err != nil {
		return 0, err
	}
	for _, e := range entries[:checkpoint.Size] {
		tree.Append(ledger.Hash(e.leaf))
	}
	if tree.Root() != checkpoint.Root {
		return 0, errors.New("the entries that it shows are not those that it signed")
	}
	return checkpoint.Size, nil
}

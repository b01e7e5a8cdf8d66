package peer

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// A Summary is what may be shown of an exchange without opening it: nothing in
// it says who it is about.
type Summary struct {
	ID, Case exchange.ID
	Side     exchange.Side
	Phase    exchange.Phase
	From, To exchange.PartyID
	Purpose  exchange.PurposeCode
	Items    int
	Begun    time.Time
	Due      time.Time
	Answered time.Time // when it was decided, as we know it; zero until then
	Changed  time.Time
	Rejected string // code of the other node, in phase rejected
	Assigned exchange.ActorID
	Paused   bool                 // a question is open: the clock of the deadline stands still
	Runs     bool                 // the term runs: somebody has to act before Due
	Late     bool                 // answered after the deadline
	Broad    bool                 // one of many at once, with a reason (for the privacy officer)
	PassedOn bool                 // nobody of ours asked for it: another party passed it on
	Asked    int                  // requests for permission that wait for a decision of ours
	AskedBy  exchange.PartyID     `json:",omitzero"` // who made the first of them
	AskedFor exchange.PurposeCode // and for what it would go on
	Breach   bool                 // something went on against our conditions
	Passed   int                  // how often something of it went on, as far as we know
	Advice   bool                 // our privacy officer was asked, and has not answered
	Awaited  int                  // permissions that we asked for and that are not decided yet
}

// SummaryOf is what may be shown of an exchange.
func SummaryOf(x exchange.Exchange) Summary {
	due, paused := x.Deadline()
	decided, is := x.Decision.At, len(x.Decision.Items) > 0
	if x.Side == exchange.Asker {
		decided, is = x.Answer.At, len(x.Answer.Items) > 0
	}
	asked, _ := x.FirstAsked()
	if !is {
		decided = time.Time{}
	}
	return Summary{
		Begun: x.Begun, Answered: decided,
		AskedBy: asked.Holder, AskedFor: asked.Purpose,
		PassedOn: x.PassedOn(), Asked: x.AskedOfUs(), Breach: slices.ContainsFunc(x.Passings, func(p exchange.Passing) bool { return p.Breach }),
		Passed: len(x.Passings), Awaited: x.Awaited(), Advice: x.AdviceAwaited(),
		Assigned: x.Assignment.To, Paused: paused, Runs: x.TermRuns(), Late: is && x.Late(decided), Broad: !x.Broad.Zero(),
		ID: x.ID, Case: x.Request.Case, Side: x.Side, Phase: x.Phase, From: x.Request.From, To: x.Request.To,
		Purpose: x.Request.Purpose, Items: len(x.Request.Items), Due: due, Changed: x.Changed, Rejected: x.Rejected,
	}
}

// Status tells where an exchange stands. hat picks the side where both are ours, and
// sees no other; empty sees each.
func (n *Node) Status(_ context.Context, id exchange.ID, hat exchange.CapacityCode) (Summary, error) {
	r, err := n.lookup(id, hat)
	if err == nil && hat != "" && r.Own().Capacity != hat {
		err = fault(UnknownExchange)
	}
	if err != nil {
		return Summary{}, err
	}
	return n.summary(r.Exchange)
}

// A Filter picks exchanges. Zero fields pick all.
type Filter struct {
	Side  exchange.Side
	Phase exchange.Phase
	Case  exchange.ID
	Hat   exchange.CapacityCode // only what this capacity asks or is asked
	Broad bool                  // only requests to many at once
	Asked bool                  // only those about which permission is asked of us
	Open  bool                  // only what has not ended, or waits for a permission of ours
	Here  bool                  // only what another party passed on to us
	After string                // the cursor that the previous page returned
	Limit int                   // at most 100; 0 means 100
}

func (f Filter) picks(s *Summary) bool {
	return (f.Side == "" || s.Side == f.Side) && (f.Phase == "" || s.Phase == f.Phase) && (f.Hat == "" || s.own().Capacity == f.Hat) &&
		(f.Case == "" || s.Case == f.Case) && (!f.Broad || s.Broad) && (!f.Asked || s.Asked > 0) && (!f.Open || s.waits()) &&
		(!f.Here || s.PassedOn)
}

// waits reports whether an exchange has not ended, or waits for a permission of ours.
func (s *Summary) waits() bool { return !s.Phase.Ended() || s.Asked > 0 }

// own is the side that is ours.
func (s *Summary) own() exchange.PartyID {
	if s.Side == exchange.Supplier {
		return s.To
	}
	return s.From
}

// IsCursor reports whether a text can be a cursor of a list: empty, or one that
// a page returned.
func IsCursor(s string) bool {
	_, err := exchange.ParseID(string(idOf(s)))
	return s == "" || err == nil
}

// List lists exchanges by ID, which is by age, with the cursor of the next page
// or "" after the last.
func (n *Node) List(ctx context.Context, f Filter) (page []Summary, next string, err error) {
	if f.Limit <= 0 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	after := f.After
	for {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		rows, all, err := n.rowsOf(f, after)
		if err != nil {
			return nil, "", err
		}
		for _, row := range rows {
			r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
			if err != nil {
				return nil, "", err
			}
			s, err := n.summary(r.Exchange)
			if err != nil {
				return nil, "", err
			}
			if f.picks(&s) && len(page) == f.Limit {
				return page, after, nil
			}
			if after = row.Key; f.picks(&s) {
				page = append(page, s)
			}
		}
		if all {
			return page, "", nil
		}
	}
}

// rowsOf reads the next rows among which those are that a filter picks, and
// reports whether they are the last.
func (n *Node) rowsOf(f Filter, after string) (rows []store.Row, all bool, err error) {
	if f.Case == "" || f.Side != exchange.Asker {
		rows, err = n.store.List(tableExchange, after, maxPage)
		return rows, len(rows) < maxPage, err
	}
	if rows, err = n.store.ByIndex(caseIndex(f.Case)); err != nil {
		return nil, false, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row) bool { return r.Table != tableExchange || r.Key <= after })
	return rows, true, nil
}

const maxPage = 100

// Open returns everything of an exchange to a person who may see it. That he
// looked is in the ledger before he sees it (I3).
func (n *Node) Open(ctx context.Context, who Who, id exchange.ID) (exchange.Exchange, error) {
	actor, err := n.actor(who)
	if err != nil {
		return exchange.Exchange{}, err
	}
	r, err := n.lookup(id, actor.Hat)
	if err != nil {
		return exchange.Exchange{}, err
	}
	if r.Exchange, err = n.released(n.force.Load(), r.Exchange); err != nil {
		return exchange.Exchange{}, err
	}
	event, err := r.View(actor, n.now())
	if err != nil {
		return exchange.Exchange{}, err
	}
	entry, err := n.entryOf(ctx, event, wire.Digest{})
	if err != nil {
		return exchange.Exchange{}, err
	}
	_, err = n.store.Write(ctx, store.Change{Dossier: dossierOf(r.Exchange), Record: []store.Event{entry}})
	return r.Readable(), err
}

// Wait returns when an exchange is in one of the phases, or ctx ends. An
// exchange that is not there yet may still come.
func (n *Node) Wait(ctx context.Context, id exchange.ID, phases ...exchange.Phase) (Summary, error) {
	l, leave := n.feed.listen(id)
	defer leave()
	for {
		s, err := n.inPhase(id, phases)
		if err == nil && slices.Contains(phases, s.Phase) {
			return s, nil
		}
		if err != nil && !errors.Is(err, &Fault{Code: UnknownExchange}) {
			return Summary{}, err
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-l.ring:
		}
	}
}

// inPhase is the side of an exchange that is in one of the phases, or any that
// is ours.
func (n *Node) inPhase(id exchange.ID, phases []exchange.Phase) (s Summary, err error) {
	for _, side := range []exchange.Side{exchange.Supplier, exchange.Asker} {
		var r record
		if r, err = n.record(id, side); err == nil {
			if s, err = n.summary(r.Exchange); err != nil || slices.Contains(phases, s.Phase) {
				return s, err
			}
		} else if !errors.Is(err, &Fault{Code: UnknownExchange}) {
			return Summary{}, err
		}
	}
	if s.ID != "" {
		return s, nil
	}
	return s, err
}

// Waiting is the number of messages that have not reached the other party.
func (n *Node) Waiting() int { return n.courier.waiting() }

// Changed returns a channel that is closed when something has been written.
// Take it before looking, wait after.
func (n *Node) Changed() <-chan struct{} { return n.store.Changed() }

// A MessageNote tells of one message of an exchange where it stands in our
// ledger and, from the partner's receipt, in his.
type MessageNote struct {
	Digest  wire.Digest
	Kind    wire.Kind
	Sent    bool
	With    exchange.PartyID // to whom it went, or from whom it came
	Entry   uint64           // in our ledger
	Partner *PartnerEntry
}

// A PartnerEntry is where a message of ours stands in the partner's ledger,
// proved by his receipt when it came in.
type PartnerEntry struct {
	Entry, Size uint64
}

// Messages lists the messages of an exchange in the order in which they were
// written. hat is as with [Node.Status].
func (n *Node) Messages(_ context.Context, id exchange.ID, hat exchange.CapacityCode) ([]MessageNote, error) {
	r, err := n.lookup(id, hat)
	if err == nil && hat != "" && r.Own().Capacity != hat {
		err = fault(UnknownExchange)
	}
	if err != nil {
		return nil, err
	}
	own := rowKey(id, r.Side)
	rows, err := n.store.List(tableMessage, own+"/", maxPage)
	if err != nil {
		return nil, err
	}
	var notes []MessageNote
	for _, row := range rows {
		hexDigest, ours := strings.CutPrefix(row.Key, own+"/")
		if !ours {
			break
		}
		var note MessageNote
		if raw, err := hex.DecodeString(hexDigest); err != nil || copy(note.Digest[:], raw) != len(note.Digest) {
			return nil, fmt.Errorf("a message of exchange %s is stored under a key that is no digest", id)
		}
		m, err := decodeMessage(row.Value, row.Version)
		if err != nil {
			return nil, err
		}
		note.Kind, note.Sent, note.Entry = m.kind, m.sent, m.entry
		read, err := wire.ReadKept(m.token)
		if err != nil {
			return nil, err
		}
		if note.With = read.From; m.sent {
			note.With = read.To
		}
		if note.Partner, err = n.partnerEntry(own, note.Digest); err != nil {
			return nil, err
		}
		notes = append(notes, note)
	}
	slices.SortFunc(notes, func(a, b MessageNote) int { return cmp.Compare(a.Entry, b.Entry) })
	return notes, nil
}

func (n *Node) partnerEntry(row string, d wire.Digest) (*PartnerEntry, error) {
	value, _, err := n.store.Get(tableReceipt, messageKey(row, d))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r storedReceipt
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, err
	}
	return &PartnerEntry{Entry: r.Index, Size: r.Size}, nil
}

// index lets an exchange be found by its case and by the person it is about.
func (n *Node) index(c *store.Change, a act) {
	if a.said != nil {
		return // it is found by its conference, and by nothing else
	}
	if m := a.meeting; m != nil {
		s := m.Subject
		c.Puts[0].Index = n.person(m.Own.Capacity, s.BSN, s.Name, s.Born)
		return
	}
	x := a.after.Exchange
	s := x.Request.Subject
	keys := n.person(x.Own().Capacity, s.BSN, s.Name, s.Born)
	if x.PassedOn() {
		keys = append(keys, topicIndex(x.Topic()))
	} else if x.Side == exchange.Asker {
		keys = append(keys, caseIndex(x.Request.Case))
	} else if !x.Phase.Ended() && x.Phase != exchange.Decided {
		keys = append(keys, openIndex(x.Request.From.OIN))
	}
	c.Puts[0].Index = keys
}

// person is the index keys of a person, under pseudonyms that only this node
// can make, and other ones in each capacity: what one task knows of somebody
// does not lead to what another does.
func (n *Node) person(in exchange.CapacityCode, bsn exchange.BSN, name, born exchange.Personal) []string {
	key := func(kind, who string) string {
		return "person/" + crypto.Pseudonym(n.keys.Load().Pseudonym, "person", string(in)+"\n"+kind+"\n"+who)
	}
	var keys []string
	if !bsn.Zero() {
		keys = append(keys, key("bsn", bsn.Reveal()))
	}
	if !name.Zero() {
		keys = append(keys, key("name", strings.ToLower(name.Reveal())+"\n"+born.Reveal()))
	}
	return keys
}

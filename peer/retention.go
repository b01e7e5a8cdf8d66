package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluis/durable"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// A Kept is something that has a term of retention: a case, one side of an
// exchange, a petition, or a conference. Nothing in it says who it is about.
type Kept struct {
	ID       exchange.ID
	Side     exchange.Side // "" for a case, a petition or a conference
	Petition exchange.PetitionKind
	Own      exchange.PartyID
	Other    exchange.PartyID     // zero for a case or a petition
	Purpose  exchange.PurposeCode // "" for a case or a petition
	Meeting  bool                 // a case conference
	Keep     exchange.Keep
	Hold     exchange.Hold // without its reason; zero for none

	sent string // ID of our last message, which may still be in the outbox
}

// Due reports whether it must be gone at this time.
func (k Kept) Due(at time.Time) bool {
	return !k.Keep.Due.IsZero() && !at.Before(k.Keep.Due) && !k.Hold.Active(at)
}

func (k Kept) dossier() string {
	switch {
	case k.Petition != "":
		return petitionDossier(k.ID)
	case k.Meeting:
		return meetingDossier(meetingKey(k.ID, k.Own.Capacity))
	case k.Side == "":
		return caseDossier(k.ID)
	}
	if k.Side == exchange.Supplier && k.Own.OIN == k.Other.OIN {
		return supplierDossier(k.ID)
	}
	return string(k.ID)
}

// Kept lists what has a term that ends within a time from now, the first to go
// first; what is on hold or waits for a moment stands at the end. hat limits it
// to one capacity; "" is all.
func (n *Node) Kept(ctx context.Context, hat exchange.CapacityCode, within time.Duration) ([]Kept, error) {
	all, err := n.kept(ctx)
	if err != nil {
		return nil, err
	}
	until := n.now().Add(within)
	all = slices.DeleteFunc(all, func(k Kept) bool {
		return hat != "" && k.Own.Capacity != hat || !k.Keep.Due.IsZero() && k.Keep.Due.After(until)
	})
	slices.SortStableFunc(all, func(a, b Kept) int {
		if a.Keep.Due.IsZero() != b.Keep.Due.IsZero() {
			if a.Keep.Due.IsZero() {
				return 1
			}
			return -1
		}
		return a.Keep.Due.Compare(b.Keep.Due)
	})
	return all, nil
}

// each calls do with every row of a table.
func (n *Node) each(ctx context.Context, table string, do func(store.Row) error) error {
	after := ""
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := n.store.List(table, after, maxPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := do(row); err != nil {
				return err
			}
			after = row.Key
		}
		if len(rows) < maxPage {
			return nil
		}
	}
}

// RecordMoment records a moment from which terms of a case run.
func (n *Node) RecordMoment(ctx context.Context, who Who, id exchange.ID, code exchange.MomentCode, on time.Time) (exchange.Case, error) {
	return n.changeCase(ctx, who, id, func(c exchange.Case, law *exchange.Law, own exchange.Party, by exchange.Actor) (exchange.Case, exchange.Event, error) {
		return c.RecordMoment(law, code, on, own, by, n.now())
	})
}

// storedHold is a hold as the store keeps it, in the dossier that it is about.
type storedHold struct {
	Reason string           `json:"reason"`
	Until  time.Time        `json:"until"`
	By     exchange.ActorID `json:"by"`
	At     time.Time        `json:"at"`
}

func decodeHold(value []byte) (exchange.Hold, error) {
	var s storedHold
	if err := json.Unmarshal(value, &s); err != nil {
		return exchange.Hold{}, errors.New("a hold is stored in a form that this version cannot read")
	}
	return exchange.Hold{Reason: exchange.Hide(s.Reason), Until: s.Until, By: s.By, At: s.At}, nil
}

// PlaceHold puts off the destruction of a case with all that is in it, or of an
// exchange.
func (n *Node) PlaceHold(ctx context.Context, who Who, id exchange.ID, reason exchange.Personal, until time.Time) (Kept, error) {
	return n.hold(ctx, who, id, func(own exchange.PartyID, by exchange.Actor) ([]byte, exchange.Event, error) {
		h, event, err := exchange.PlaceHold(id, own, reason, until, by, n.now())
		if err != nil {
			return nil, exchange.Event{}, err
		}
		value, err := json.Marshal(storedHold{Reason: h.Reason.Reveal(), Until: h.Until, By: h.By, At: h.At})
		return value, event, err
	})
}

// LiftHold ends a hold before its day.
func (n *Node) LiftHold(ctx context.Context, who Who, id exchange.ID) (Kept, error) {
	return n.hold(ctx, who, id, func(own exchange.PartyID, by exchange.Actor) ([]byte, exchange.Event, error) {
		event, err := exchange.LiftHold(id, own, by, n.now())
		return nil, event, err
	})
}

// hold sets the hold of a dossier, or removes it when the value is nil.
func (n *Node) hold(ctx context.Context, who Who, id exchange.ID, judge func(exchange.PartyID, exchange.Actor) ([]byte, exchange.Event, error)) (Kept, error) {
	by, err := n.actor(who)
	if err != nil {
		return Kept{}, err
	}
	// A sweep looks at the holds before it begins: what it destroys then must not be
	// said to be held.
	n.sweeping.Lock()
	defer n.sweeping.Unlock()
	dossier, own, err := n.dossier(id, by.Hat)
	if err != nil {
		return Kept{}, err
	}
	value, event, err := judge(own, by)
	if err != nil {
		return Kept{}, err
	}
	entry, err := n.entryOf(ctx, event, wire.Digest{})
	if err != nil {
		return Kept{}, err
	}
	for range maxOvertaken {
		_, was, err := n.store.Get(tableHold, dossier)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return Kept{}, err
		}
		c := store.Change{Dossier: dossier, Record: []store.Event{entry}}
		switch {
		case value != nil:
			c.Puts = []store.Record{{Table: tableHold, Key: dossier, Value: value, Was: was}}
		case was == 0:
			return Kept{}, fault(NoHold)
		default:
			c.Deletes = []store.Deletion{{Table: tableHold, Key: dossier, Was: was}}
		}
		_, err = n.store.Write(ctx, c)
		if errors.Is(err, store.ErrOvertaken) {
			continue
		}
		if err != nil {
			return Kept{}, err
		}
		all, err := n.kept(ctx)
		if err != nil {
			return Kept{}, err
		}
		i := slices.IndexFunc(all, func(k Kept) bool { return k.dossier() == dossier })
		if i < 0 {
			return Kept{}, fault(Destroyed)
		}
		return all[i], nil
	}
	return Kept{}, fault(Busy)
}

// dossier finds the dossier that an ID names: a conference, a case, a petition, or our
// side of an exchange. What is said in a conference can't be held.
func (n *Node) dossier(id exchange.ID, hat exchange.CapacityCode) (string, exchange.PartyID, error) {
	if g, err := n.meeting(meetingKey(id, hat)); !isFault(err, UnknownConference) {
		return g.dossier(), g.Own, err
	}
	if c, _, err := n.caseRow(id); !errors.Is(err, &Fault{Code: UnknownCase}) {
		return caseDossier(id), c.Own, err
	}
	if p, _, err := n.petitionRow(id); !errors.Is(err, &Fault{Code: UnknownPetition}) {
		return petitionDossier(id), p.Own, err
	}
	r, err := n.lookup(id, hat)
	if err != nil {
		return "", exchange.PartyID{}, err
	}
	return dossierOf(r.Exchange), r.Own(), nil
}

// sweepDaily is the duty of destroying what is due. After a failure it comes back
// sooner than the next day.
func (n *Node) sweepDaily(ctx context.Context) time.Time {
	if n.store.Recovering() {
		return n.now().Add(recoverAgain) // sweeping is part of coming back
	}
	// What is destroyed too early does not come back.
	if n.clockRunsAhead() {
		n.log.Warn("nothing is destroyed by itself while our clock runs ahead of those of partners")
		return n.now().Add(sweepAgain)
	}
	wait := time.Duration(n.config.Retention.SweepEvery)
	sweep := n.Sweep
	if n.nobodyToldTheTime() {
		n.log.Warn("no dossier is destroyed by itself before a partner told the time, or a day has passed")
		wait, sweep = min(wait, sweepAgain), n.sweepMeetings
	}
	destroyed, err := sweep(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		n.log.Error("what is due could not all be destroyed; it will be tried again", "error", err.Error())
		wait = min(wait, sweepAgain)
	case destroyed > 0:
		n.log.Info("destroyed what was due", "dossiers", destroyed)
	}
	next := n.now().Add(wait)
	err = n.meetings(ctx, func(g gathering) error {
		if over := g.Over(); g.Open(n.now()) && over.Before(next) {
			next = over
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		n.log.Error("the conferences could not be read", "error", err.Error())
		next = n.now().Add(sweepAgain)
	}
	return next
}

const sweepAgain = 10 * time.Minute

// sweepMeetings destroys what was said in conferences that are over: it ends within
// days, and who said it has it himself.
func (n *Node) sweepMeetings(ctx context.Context) (destroyed int, err error) {
	n.sweeping.Lock()
	defer n.sweeping.Unlock()
	return n.forgetOver(ctx, n.now())
}

// Sweep destroys what is due now and purges it out of the files. It returns how
// many dossiers it destroyed. What it began and could not end, the next one ends.
func (n *Node) Sweep(ctx context.Context) (destroyed int, err error) {
	n.sweeping.Lock()
	defer n.sweeping.Unlock()
	all, err := n.kept(ctx)
	if err != nil {
		return 0, err
	}
	at := n.now()
	if destroyed, err = n.forgetOver(ctx, at); err != nil {
		return destroyed, err
	}
	for _, k := range all {
		if !k.Due(at) {
			continue
		}
		switch err := n.destroy(ctx, k, at); {
		case errors.Is(err, store.ErrNoRecordKey): // another sweep was faster
		case err != nil:
			return destroyed, err
		default:
			destroyed++
		}
	}
	if err := n.eraseDue(ctx); err != nil {
		return destroyed, err
	}
	if destroyed > 0 {
		if err := n.listDestroyed(); err != nil && !errors.Is(err, fs.ErrNotExist) { // the disk of the backup may be away
			return destroyed, err
		}
	}
	_, err = n.store.Purge(ctx, func(count int) store.Event {
		entry, _ := n.entryOf(ctx, exchange.Event{Kind: exchange.DossiersPurged, At: at, Detail: exchange.Detail{Count: count}}, wire.Digest{})
		return entry
	})
	return destroyed, err
}

// eraseDue erases what a supplier wanted gone by a day that has come. What it is
// part of stays until its own term.
func (n *Node) eraseDue(ctx context.Context) error {
	var due []string
	err := n.each(ctx, tableExchange, func(row store.Row) error {
		r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
		if err != nil {
			return err
		}
		if _, _, _, is := r.EraseDue(n.now()); is {
			due = append(due, row.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, row := range due {
		_, err := n.change(ctx, idOf(row), sideOf(row), func(before record, now time.Time) (act, error) {
			x, items, event, _ := before.EraseDue(now)
			if len(items) == 0 {
				return act{}, errNothingDue // a correction was faster
			}
			rows, err := n.redacted(row, items)
			return act{after: before.with(x), event: event, rows: rows}, err
		})
		if err != nil && !errors.Is(err, errNothingDue) {
			return err
		}
	}
	return nil
}

var errNothingDue = errors.New("nothing is due any more")

// forgetOver destroys what was said in conferences that are over.
func (n *Node) forgetOver(ctx context.Context, at time.Time) (destroyed int, err error) {
	var over []gathering
	err = n.meetings(ctx, func(g gathering) error {
		if !g.Open(at) {
			over = append(over, g)
		}
		return nil
	})
	for _, g := range over {
		switch err := n.forget(ctx, g, at); {
		case errors.Is(err, store.ErrNoRecordKey): // nothing was said, or it is gone
		case err != nil:
			return destroyed, err
		default:
			destroyed++
		}
	}
	return destroyed, err
}

// destroy destroys one dossier. A large one takes more than one change, until the
// store says that there is nothing left.
func (n *Node) destroy(ctx context.Context, k Kept, at time.Time) error {
	entry, err := n.entryOf(ctx, exchange.Destroy(k.ID, k.Own, k.Other, k.Purpose, k.Keep, at), wire.Digest{})
	if err != nil {
		return err
	}
	for try := range maxDestroyTries {
		c := store.Change{Dossier: store.NodeDossier, Destroy: k.dossier(), Record: []store.Event{entry}}
		if k.sent != "" {
			if _, err := n.store.Outgoing(k.sent); err == nil {
				c.Done = []string{k.sent}
			}
		}
		rows := []boardRow{{tableCase, string(k.ID)}, {tableExchange, rowKey(k.ID, exchange.Asker)}, {tableExchange, rowKey(k.ID, exchange.Supplier)}}
		err := n.board.during(rows, func() error {
			_, err := n.store.Write(ctx, c)
			return err
		})
		switch {
		case errors.Is(err, store.ErrNoRecordKey) && try > 0:
			n.courier.forget([]string{k.sent})
			return nil
		case errors.Is(err, store.ErrOvertaken):
			continue
		case err != nil:
			return fmt.Errorf("destroy dossier %s: %w", k.dossier(), err)
		}
		n.feed.tell(k.ID)
	}
	return fmt.Errorf("destroy dossier %s: rows are left after %d changes", k.dossier(), maxDestroyTries)
}

// maxDestroyTries bounds the changes that one dossier takes. Each removes some
// hundred rows; a dossier has some dozens.
const maxDestroyTries = 16

// destroyedFile lists the names of all dossiers that were destroyed, one a line,
// in the order of their names. They are random and say nothing of anybody. Who
// restores a backup gives this file along, so that what was destroyed after the
// backup does not come back (I8).
const destroyedFile = "destroyed.txt"

func (n *Node) listDestroyed() error {
	n.listing.Lock() // who looked earlier must not write later
	defer n.listing.Unlock()
	var names strings.Builder
	after := ""
	for {
		page, err := n.store.Destroyed(after, maxDestroyedPage)
		if err != nil {
			return err
		}
		for _, d := range page {
			names.WriteString(d.Dossier + "\n")
			after = d.Dossier
		}
		if len(page) == maxDestroyedPage {
			continue
		}
		// Also where the backup is, so that an older part of it does not bring
		// back what was destroyed since.
		dirs := []string{n.dir}
		if n.config.Backup.Dir != "" {
			dirs = append(dirs, n.config.Backup.Dir)
		}
		if b, ok, err := backupBefore(n.config.Backup); err == nil && ok {
			dirs = append(dirs, b.Dir)
		}
		for _, dir := range dirs {
			if err := durable.Replace(filepath.Join(dir, destroyedFile), []byte(names.String()), 0o600); err != nil {
				return err
			}
		}
		return nil
	}
}

const maxDestroyedPage = 1000

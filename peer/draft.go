package peer

import (
	"context"
	"errors"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// maxDraft bounds a draft, in bytes. It is what the largest form can hold.
const maxDraft = 1 << 20

// SaveDraft keeps what a person has filled in and not sent (concept), of an
// exchange, of a case, or of what he may say in a conference: his own, read by
// nobody else, sealed under the key of the dossier, so that it is gone with it. In
// a conference that is the dossier of what is said there. An empty text removes
// it. That something was kept is in the ledger; what it says is not.
func (n *Node) SaveDraft(ctx context.Context, who Who, id exchange.ID, text exchange.Personal) error {
	if len(text.Reveal()) > maxDraft {
		return &exchange.Refusal{Code: exchange.TooMuchContent, Params: []string{"bound", "1048576"}}
	}
	for range maxOvertaken {
		at, err := n.draftOf(who, id)
		if err != nil {
			return err
		}
		value, version, err := n.store.Get(tableDraft, at.key)
		switch {
		case errors.Is(err, store.ErrNotFound):
			version = 0
		case err != nil:
			return err
		}
		if string(value) == text.Reveal() {
			return nil
		}
		entry, err := n.entryOf(ctx, at.event, wire.Digest{})
		if err != nil {
			return err
		}
		c := store.Change{Dossier: at.dossier, Record: []store.Event{entry}}
		if text.Zero() {
			c.Deletes = []store.Deletion{{Table: tableDraft, Key: at.key, Was: version}}
		} else {
			c.Puts = []store.Record{{Table: tableDraft, Key: at.key, Value: []byte(text.Reveal()), Was: version}}
		}
		_, err = n.store.Write(ctx, c)
		switch {
		case errors.Is(err, store.ErrOvertaken):
			continue
		case errors.Is(err, store.ErrNoRecordKey):
			return fault(Destroyed)
		case err == nil && at.said:
			if _, err = n.draftOf(who, id); err != nil {
				n.hurrySweep() // it was over before this was written, and its sweep may have found nothing
			}
		}
		return err
	}
	return fault(Busy)
}

// Draft returns what SaveDraft keeps, or nothing. Who reads it wrote it.
func (n *Node) Draft(_ context.Context, who Who, id exchange.ID) (exchange.Personal, error) {
	at, err := n.draftOf(who, id)
	if err != nil {
		return exchange.Personal{}, err
	}
	value, _, err := n.store.Get(tableDraft, at.key)
	if errors.Is(err, store.ErrNotFound) {
		return exchange.Personal{}, nil
	}
	return exchange.Hide(string(value)), err
}

// A draftPlace is where a person's draft stands.
type draftPlace struct {
	key, dossier string
	said         bool // the dossier is that of what is said in a conference
	event        exchange.Event
}

// draftOf finds the place, where the person may see what the draft is about.
func (n *Node) draftOf(who Who, id exchange.ID) (draftPlace, error) {
	by, err := n.actor(who)
	if err != nil {
		return draftPlace{}, err
	}
	at := draftPlace{key: string(id) + "/" + string(by.Hat) + "/" + string(by.ID)}
	c, _, err := n.caseRow(id)
	if err == nil {
		at.dossier = caseDossier(id)
		at.event, err = c.View(by, n.now())
		at.event.Kind = exchange.DraftSaved
		return at, err
	}
	if !isFault(err, UnknownCase) {
		return draftPlace{}, err
	}
	g, err := n.meeting(meetingKey(id, by.Hat))
	if err == nil {
		at.dossier, at.said = g.saidDossier(), true
		at.event, err = g.Conference.Draft(by, n.now())
		return at, err
	}
	if !isFault(err, UnknownConference) {
		return draftPlace{}, err
	}
	r, err := n.lookup(id, by.Hat)
	if err != nil {
		return draftPlace{}, err
	}
	at.dossier = dossierOf(r.Exchange)
	at.event, err = r.View(by, n.now())
	at.event.Kind = exchange.DraftSaved
	return at, err
}

package peer_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A draft is its writer's own, is nowhere in clear, and its entry says nothing.
func TestDraftIsPrivate(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	asker, supplier := w.members[0], w.members[1]
	x, err := ask(t.Context(), asker.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	supplier.wait(x.ID, exchange.Weighing)
	const secret = "zwartwerk-aan-de-kade"
	if err := supplier.node.SaveDraft(t.Context(), professional, x.ID, exchange.Hide(secret)); err != nil {
		t.Fatal(err)
	}
	got, err := supplier.node.Draft(t.Context(), professional, x.ID)
	if err != nil || got.Reveal() != secret {
		t.Fatalf("the draft is %q, %v", got.Reveal(), err)
	}
	if other, err := supplier.node.Draft(t.Context(), colleague, x.ID); err != nil || !other.Zero() {
		t.Errorf("a colleague reads the draft: %v", err)
	}
	supplier.wantKinds(x.ID, exchange.RequestReceived, exchange.DraftSaved)

	// The same again is no entry; nothing in its place removes it.
	if err := supplier.node.SaveDraft(t.Context(), professional, x.ID, exchange.Hide(secret)); err != nil {
		t.Fatal(err)
	}
	supplier.wantKinds(x.ID, exchange.RequestReceived, exchange.DraftSaved)
	if err := supplier.node.SaveDraft(t.Context(), professional, x.ID, exchange.Personal{}); err != nil {
		t.Fatal(err)
	}
	if got, err := supplier.node.Draft(t.Context(), professional, x.ID); err != nil || !got.Zero() {
		t.Errorf("the draft is still there: %v", err)
	}
	if err := supplier.node.SaveDraft(t.Context(), professional, x.ID, exchange.Hide(strings.Repeat("x", 2<<20))); err == nil {
		t.Error("a draft without bound")
	}
	if _, err := supplier.node.Draft(t.Context(), professional, "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"); !errors.Is(err, &peer.Fault{Code: peer.UnknownExchange}) {
		t.Errorf("a draft of what does not exist: %v", err)
	}
	supplier.stop()
	err = filepath.WalkDir(supplier.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%s holds the draft in clear", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What somebody wrote to say in a conference is read by nobody but him, ends with
// the conference although nothing was ever said there, at a node that was down then
// as well, and does not come back.
func TestDraftOfAContribution(t *testing.T) {
	b := conferring(t)
	ctx := t.Context()
	keep := func(m *member, who peer.Who, words string) error {
		return m.node.SaveDraft(ctx, who, b.id, exchange.Hide(words))
	}
	refused(t, keep(b.housing, professional, treatment), exchange.NotPresent)
	if err := keep(b.members[4], professional, treatment); !isFault(err, peer.UnknownExchange) {
		t.Errorf("who was not invited keeps a draft: %v", err)
	}
	for _, m := range []*member{b.youth, b.debts} {
		if err := keep(m, professional, treatment); err != nil {
			t.Fatal(err)
		}
		if got, err := m.node.Draft(ctx, professional, b.id); err != nil || got.Reveal() != treatment {
			t.Errorf("%s: its writer reads %q, %v", m.party.Name, got.Reveal(), err)
		}
		if got, err := m.node.Draft(ctx, colleague, b.id); err != nil || !got.Zero() {
			t.Errorf("%s: a colleague reads the draft: %v", m.party.Name, err)
		}
		if tables := m.finds(t, treatment); !slices.Equal(tables, []string{"draft"}) {
			t.Errorf("%s has the draft in %v", m.party.Name, tables)
		}
	}
	b.youth.settle()
	for _, m := range []*member{b.college, b.housing} {
		if tables := m.finds(t, treatment); len(tables) > 0 {
			t.Errorf("%s has the draft of another in %v", m.party.Name, tables)
		}
	}
	if _, said, err := b.youth.node.OpenConference(ctx, professional, b.id); err != nil || len(said) != 0 {
		t.Errorf("a draft is shown as %d contributions, %v", len(said), err)
	}

	b.debts.settle()
	b.debts.stop()
	b.ahead.Store(int64(2*time.Hour + time.Minute))
	_, err := b.youth.node.Draft(ctx, professional, b.id)
	refused(t, err, exchange.ConferenceOver)
	refused(t, keep(b.youth, professional, "once more"), exchange.ConferenceOver)
	b.debts.start()
	b.youth.stop()
	b.youth.start()
	for _, m := range []*member{b.youth, b.debts} {
		until(t, m, "the draft is destroyed", func() bool { return slices.Contains(m.kinds(b.id), string(exchange.ContributionsDestroyed)) })
		if tables := m.finds(t, treatment); len(tables) > 0 {
			t.Errorf("%s still has the draft in %v", m.party.Name, tables)
		}
		if opened, closed, err := m.node.Opens(exchange.ContributionDrafted); err != nil || opened > 0 || closed != 1 {
			t.Errorf("%s: of drafts %d entries can be opened, %d not, %v", m.party.Name, opened, closed, err)
		}
		refused(t, keep(m, professional, treatment), exchange.ConferenceOver)
	}
}

// A list of what is open is the same by its index as by reading everything.
func TestOpenWorkByIndex(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	asker, supplier := w.members[0], w.members[1]
	x, err := ask(t.Context(), asker.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	supplier.wait(x.ID, exchange.Weighing)
	open := func() int {
		t.Helper()
		page, _, err := supplier.node.List(t.Context(), peer.Filter{Side: exchange.Supplier, Hat: "debts", Open: true})
		if err != nil {
			t.Fatal(err)
		}
		return len(page)
	}
	if n := open(); n != 1 {
		t.Fatalf("%d open, want 1", n)
	}
	if _, err := supplier.node.Decide(t.Context(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	supplier.wait(x.ID, exchange.Answered, exchange.Refused)
	if n := open(); n != 0 {
		t.Errorf("%d open after the answer arrived, want 0", n)
	}
	asked, _, err := asker.node.List(t.Context(), peer.Filter{Side: exchange.Asker, Case: x.Request.Case})
	if err != nil || len(asked) != 1 {
		t.Errorf("%d requests in the case, want 1: %v", len(asked), err)
	}
}

package peer_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// withBackup is a college that keeps a backup, and a party that it asks.
func withBackup(t *testing.T) (w *world, college, debts *member, backup string) {
	t.Helper()
	backup = filepath.Join(t.TempDir(), "backup")
	w = newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n[backup]\ndir = \""+backup+"\"\nevery = \"87600h\"\n", municipality, debtHelp)
	return w, w.members[0], w.members[1], backup
}

// restore puts a restored node in the place of a member's.
func (m *member) restore(from string, destroyed []byte) {
	m.world.t.Helper()
	m.stop()
	dir := filepath.Join(m.world.t.TempDir(), "restored")
	if _, err := peer.Restore(dir, from, destroyed, m.options); err != nil {
		m.world.t.Fatal(err)
	}
	m.dir = dir
}

// released waits until a restored node serves again.
func (m *member) released() {
	m.world.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		changed := m.node.Changed()
		entries, err := m.node.Entries(0, 1000)
		if err != nil {
			m.world.t.Fatal(err)
		}
		if slices.ContainsFunc(allKinds(m), func(k string) bool { return k == string(exchange.LedgerRecovered) }) && m.node.Recovery() == nil {
			return
		}
		_ = entries
		select {
		case <-changed:
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			m.world.t.Fatal("the restored node is not released")
		}
	}
}

func allKinds(m *member) (kinds []string) {
	for from := uint64(0); ; {
		entries, err := m.node.Entries(from, 100)
		if err != nil {
			m.world.t.Fatal(err)
		}
		if len(entries) == 0 {
			return kinds
		}
		for _, e := range entries {
			kinds = append(kinds, e.Kind)
		}
		from += uint64(len(entries))
	}
}

// A node comes back from its backup, and what was destroyed after the backup does
// not (I8).
func TestRestoredNode(t *testing.T) {
	w, college, debts, backup := withBackup(t)
	ctx := t.Context()
	kept := answeredExchange(t, college, debts)
	gone := answeredExchange(t, college, debts)
	if _, err := college.node.RecordMoment(ctx, requester, gone.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	made, err := college.node.Backup(ctx)
	if err != nil || !made.Whole || made.Part != 1 {
		t.Fatalf("backup %+v, %v", made, err)
	}
	college.restore(backup, nil)
	// While it was away the term of one case ran out.
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	college.start()
	college.released()
	if _, err := college.node.Open(ctx, requester, gone.ID); !isFault(err, peer.Destroyed) {
		t.Errorf("what was due in the meantime: %v", err)
	}
	if x, err := college.node.Open(ctx, requester, kept.ID); err != nil || len(x.Answer.Items) != 2 {
		t.Errorf("what was kept: %d items, %v", len(x.Answer.Items), err)
	}
}

// A ledger of which partners have seen more than the backup holds does not go on
// under its name; under another one it does.
func TestRestoredLedgerThatOthersSawGrow(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts) // lost; the partner holds receipts that show it
	college.restore(backup, nil)
	college.start()
	deadline := time.Now().Add(20 * time.Second)
	for college.node.Recovery() == nil || college.node.Recovery().Asked == 0 {
		if time.Now().After(deadline) {
			t.Fatal("nobody was asked")
		}
		<-time.After(50 * time.Millisecond)
	}
	r := college.node.Recovery()
	if r.MayResume() || r.Seen <= r.Size || len(r.Waiting) != 0 || r.Forked {
		t.Errorf("recovery %+v", r)
	}
	if _, err := ask(t.Context(), college.node, requester, question(t)); !isFault(err, peer.LedgerBehind) {
		t.Errorf("asked: %v", err)
	}
	if kinds := allKinds(college); slices.Contains(kinds, string(exchange.LedgerRecovered)) {
		t.Error("the ledger went on")
	}
	college.stop()
	name, err := peer.ContinueLedger(college.dir, college.options)
	if err != nil || name != peer.Origin(municipality.OIN)+"/2" {
		t.Fatalf("continued as %q, %v", name, err)
	}
	college.start()
	college.released()
	// The parts before are of the old name: the backup begins anew, and holds.
	if made, err := college.node.Backup(t.Context()); err != nil || !made.Whole {
		t.Errorf("backup %+v, %v", made, err)
	}
	college.restore(backup, nil)
	if _, err := peer.ContinueLedger(debts.dir, debts.options); !isFault(err, peer.NotRestored) {
		t.Errorf("a ledger that was not restored: %v", err)
	}
}

// A partner that does not answer is waited for.
func TestRestoredNodeWaits(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	debts.stop()
	college.restore(backup, nil)
	college.start()
	deadline := time.Now().Add(40 * time.Second)
	for college.node.Recovery() == nil {
		if time.Now().After(deadline) {
			t.Fatal("nobody was asked")
		}
		<-time.After(50 * time.Millisecond)
	}
	if r := college.node.Recovery(); r.MayResume() || !slices.Equal(r.Waiting, []exchange.OIN{debtHelp.OIN}) {
		t.Errorf("recovery %+v", r)
	}
}

// Yesterday's backup comes back after more was exchanged: the node finds out from
// its partners that it is behind, names what is missing, signs nothing that
// contradicts what they hold, and goes on under a new name.
func TestRestoredYesterday(t *testing.T) {
	w, college, debts, backup := withBackup(t)
	kept := answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := answeredExchange(t, college, debts) // acknowledged by both, after the backup
	college.restore(backup, nil)
	college.start()
	college.until("what is missing is named", func() bool { r := college.node.Recovery(); return r != nil && len(r.Missing) == 2 })
	r := college.node.Recovery()
	if r.MayResume() || r.Seen <= r.Size {
		t.Errorf("recovery %+v", r)
	}
	for i, kind := range []exchange.EventKind{exchange.RequestReceived, exchange.AnswerIssued} { // as the partner's ledger has them
		m := r.Missing[i]
		if m.Exchange != string(lost.ID) || m.Kind != string(kind) || m.Party != string(debtHelp.OIN)+":debts" {
			t.Errorf("missing %+v", m)
		}
	}
	wants(t, diagnosed(t, college), "recovery-forked", "recovery-missing")
	college.stop()
	if _, err := peer.ContinueLedger(college.dir, college.options); err != nil {
		t.Fatal(err)
	}
	entry, err := peer.Entry(college.dir, peer.Options{Lock: college.lock})
	if err != nil {
		t.Fatal(err)
	}
	college.entry = entry
	debts.install(w.publish())
	college.start()
	college.released()
	wants(t, diagnosed(t, college), "recovery-missing", "ledger-ok")
	if x, err := college.node.Open(t.Context(), requester, kept.ID); err != nil || len(x.Answer.Items) != 2 {
		t.Errorf("what was in the backup: %d items, %v", len(x.Answer.Items), err)
	}
	college.until("the new register is here", func() bool { return college.node.Register().Version() == debts.node.Register().Version() })
	answeredExchange(t, college, debts)
	for _, m := range w.members {
		if alarms, err := m.node.Alarms(); err != nil || len(alarms) != 0 {
			t.Errorf("%s: alarms %v, %v", m.party.Name, alarms, err)
		}
	}
}

func diagnosed(t *testing.T, m *member) []peer.Check {
	t.Helper()
	checks, err := m.node.Diagnose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return checks
}

package peer_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// What a partner has said it saw of a restored ledger counts when it is down by
// the next time that all are asked, also where the backup does not know of it.
func TestRestoredNodeRemembersWhatPartnersSaw(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts) // the backup does not know that there is a partner
	college.restore(backup, nil)
	n := college.open()
	t.Cleanup(func() { _ = n.Close() })
	n.RecoverOnce(t.Context())
	if r := n.Recovery(); r == nil || r.Seen <= r.Size {
		t.Fatalf("recovery %+v", r)
	}
	debts.stop()
	n.RecoverOnce(t.Context())
	if r := n.Recovery(); r == nil || r.MayResume() {
		t.Errorf("released while somebody has seen more: %+v", r)
	}
	if _, err := ask(t.Context(), n, requester, question(t)); !isFault(err, peer.LedgerBehind) {
		t.Errorf("asked: %v", err)
	}
	entries, err := n.Entries(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == string(exchange.LedgerRecovered) {
			t.Errorf("the ledger went on at %s", e.Time.Format(time.RFC3339))
		}
	}
}

// A party of which the backup knows nothing is waited for as well, for a while:
// one connection that fails starts no second history.
func TestRestoredNodeWaitsForStrangersAWhile(t *testing.T) {
	w, college, debts, backup := withBackup(t)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts)
	debts.stop()
	college.restore(backup, nil)
	n := college.open()
	t.Cleanup(func() { _ = n.Close() })
	n.RecoverOnce(t.Context())
	if r := n.Recovery(); r == nil || r.MayResume() {
		t.Errorf("released at once: %+v", r)
	}
	w.ahead.Store(int64(11 * time.Minute))
	n.RecoverOnce(t.Context())
	if r := n.Recovery(); r != nil {
		t.Errorf("after ten minutes it still waits: %+v", r)
	}
}

// The file of a register that never came into force, since the node stopped before
// it was written down, goes at the next start: the ledger knows nothing of it.
func TestRegisterThatWasNotWritten(t *testing.T) {
	w := newWorld(t, municipality)
	m := w.members[0]
	m.stop()
	stray := filepath.Join(m.dir, "register", "9.json")
	if err := os.WriteFile(stray, w.publish(), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start()
	if _, err := os.Stat(stray); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "register", "1.json")); err != nil {
		t.Errorf("the one in force: %v", err)
	}
}

// While a restored node does not know what it is short of, it does not sign for its
// partners how long its ledger is: that would be evidence against an honest party.
func TestRestoredNodeSignsNothingAgainstItself(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	answeredExchange(t, college, debts)
	debts.node.WitnessOnce(t.Context(), municipality.OIN)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts)
	debts.node.WitnessOnce(t.Context(), municipality.OIN)
	college.restore(backup, nil)
	n := college.open()
	t.Cleanup(func() { _ = n.Close() })
	debts.node.WitnessOnce(t.Context(), municipality.OIN)
	if alarms, err := debts.node.Alarms(); err != nil || len(alarms) > 0 {
		t.Errorf("alarms %+v, %v", alarms, err)
	}
}

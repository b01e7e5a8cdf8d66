package peer_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
)

// Each task keeps its own books (art. 5.4.1(4)): who names another capacity of the
// same organisation gets to know nothing of an exchange or a case.
func TestAnotherCapacityLearnsNothing(t *testing.T) {
	two := municipality
	two.Capacities = append(slices.Clone(two.Capacities), exchange.Capacity{
		Code: "coordination", Domain: "coordination", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
	})
	w := newWorld(t, two, debtHelp)
	college, debts := w.members[0], w.members[1]
	x := answeredExchange(t, college, debts)
	own := x.Request.From.Capacity
	for _, c := range college.party.Capacities {
		_, errStatus := college.node.Status(t.Context(), x.ID, c.Code)
		_, errMessages := college.node.Messages(t.Context(), x.ID, c.Code)
		for what, err := range map[string]error{"status": errStatus, "messages": errMessages} {
			if c.Code == own && err != nil || c.Code != own && !isFault(err, peer.UnknownExchange) {
				t.Errorf("%s as %s: %v", what, c.Code, err)
			}
		}
	}
	other := exchange.Actor{ID: "o.ander", Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: exchange.Coordinator, Capacity: "coordination"}}}
	if err := college.node.AddStaff(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	again := question(t)
	again.Case = x.Request.Case
	for id, want := range map[exchange.ActorID]bool{other.ID: false, requester.ID: true} {
		told, err := college.node.Examine(t.Context(), peer.Who{ID: id}, peer.Asking{Request: again})
		if err != nil {
			t.Fatal(err)
		}
		unknown := false
		for _, f := range told.Findings {
			unknown = unknown || f.Refusal != nil && f.Refusal.Code == exchange.Code(peer.UnknownCase)
		}
		if unknown == want {
			t.Errorf("%s: the case is unknown: %t", id, unknown)
		}
	}
}

// A backup from before the key of the ledger was replaced does not read what partners
// have seen since. That is not nothing: it waits, and does not sign another history.
func TestSeenUnderAKeyAfterTheBackup(t *testing.T) {
	w, college, debts, backup := withBackup(t)
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy") // kept elsewhere
	if err := os.CopyFS(copied, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	old := college.key(crypto.UseCheckpoint, false).ID
	if _, err := college.node.RotateKey(t.Context(), crypto.UseCheckpoint); err != nil {
		t.Fatal(err)
	}
	college.install(w.auth.change(t, college.shown()))
	college.install(w.auth.change(t, college.shown()))
	debts.has(3)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := college.node.RetireKey(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts)
	debts.settle()
	college.settle()
	college.restore(copied, nil) // the disk died, and the newer backup with it
	college.start()
	college.until("somebody was asked", func() bool {
		r := college.node.Recovery()
		return !college.node.Recovering() || r != nil && r.Asked > 0
	})
	r := college.node.Recovery()
	if r == nil || r.MayResume() || len(r.Unread) != 1 || r.Unread[0] != debtHelp.OIN {
		t.Fatalf("it goes on with another history: %+v", r)
	}
}

// Before a partner told the time no dossier is destroyed by itself, for a day at most.
func TestDestructionWaitsForTheTime(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	debts.stop()
	ours, log := college.clock()
	college.node.SweepNow()
	college.until("it waits", func() bool { return strings.Contains(log.String(), "no dossier is destroyed by itself") })
	waited := strings.Count(log.String(), "no dossier is destroyed by itself")
	ours.Store(9 * hours)
	college.node.SweepNow()
	college.node.SweepNow() // taken when the one before was done
	college.until("it waits no longer", func() bool { return strings.Count(log.String(), "no dossier is destroyed by itself") == waited })
}

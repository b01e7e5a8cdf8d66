package peer_test

import (
	"os"
	"path/filepath"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/peer"
)

// signedBy reports whether the newest checkpoint of a member is signed with a key.
func (m *member) signedBy(verifier string) bool {
	m.world.t.Helper()
	signed, _ := m.node.Checkpoint()
	_, err := ledger.OpenCheckpoint(signed, verifier)
	return err == nil
}

// A checkpoint key that was destroyed signs nothing more, without a restart. It is not
// destroyed while the backup has a part that no other key signed, and a backup that was
// made since opens with the key that is left.
func TestRetireCheckpointKey(t *testing.T) {
	w, college, debts, backup := withBackup(t)
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, old := college.entry.Checkpoint, college.key(crypto.UseCheckpoint, false).ID
	if _, err := college.node.RotateKey(t.Context(), crypto.UseCheckpoint); err != nil {
		t.Fatal(err)
	}
	after := college.shown().Checkpoint
	college.install(w.auth.change(t, college.shown()))
	debts.has(2)
	if !college.signedBy(before) || !college.signedBy(after) {
		t.Error("while there are two keys, not both sign")
	}
	if err := college.node.RetireKey(t.Context(), old); !isFault(err, peer.BackupNeedsKey) {
		t.Errorf("the key that proves the backup was destroyed: %v", err)
	}
	if made, err := college.node.Backup(t.Context()); err != nil || !made.Whole {
		t.Fatalf("the backup after the new key is %+v, %v", made, err)
	}
	if err := college.node.RetireKey(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts)
	if college.signedBy(before) {
		t.Error("a key that was destroyed goes on signing")
	}
	if !college.signedBy(after) {
		t.Error("the ledger is not signed with the key that is left")
	}
	if made, err := college.node.Backup(t.Context()); err != nil || made.Whole {
		t.Fatalf("%+v, %v", made, err)
	}
	debts.settle()
	college.settle()
	college.restore(backup, nil)
	college.start()
	college.released()
	answeredExchange(t, college, debts)
}

// A process that dies when the old checkpoint key is gone from the keystore and the
// ledger does not say so yet: what is on the disk opens with the key that is left.
func TestCrashWhileRetiring(t *testing.T) {
	w := newWorld(t, debtHelp)
	b := w.members[0]
	old := b.key(crypto.UseCheckpoint, false).ID
	if _, err := b.node.RotateKey(t.Context(), crypto.UseCheckpoint); err != nil {
		t.Fatal(err)
	}
	b.install(w.auth.change(t, b.shown()))
	b.stop()
	keys, err := keysOf(t, b).Retire(crypto.UseCheckpoint, old)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.Seal(b.lock)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "keystore.age"), sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	b.until("the key is entered as destroyed", func() bool { return b.countKinds(exchange.KeyDestroyed) == 1 })
}

package peer_test

import (
	"os"
	"path/filepath"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
)

func (m *member) putKeystore(sealed []byte) {
	m.world.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, "keystore.age"), sealed, 0o600); err != nil {
		m.world.t.Fatal(err)
	}
}

func (m *member) keystore() []byte {
	m.world.t.Helper()
	sealed, err := os.ReadFile(filepath.Join(m.dir, "keystore.age"))
	if err != nil {
		m.world.t.Fatal(err)
	}
	return sealed
}

// over waits until nothing is under the former master key of a member.
func (m *member) over() peer.KeyHeld {
	m.world.t.Helper()
	m.until("nothing is under the former master key", func() bool { return m.key(crypto.UseMaster, true).State == peer.KeyOver })
	return m.key(crypto.UseMaster, true)
}

// A node goes on exchanging while its master key is replaced. The old one is destroyed
// only when nothing is under it, the backup included; after that it opens nothing.
func TestRotateMaster(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	before := answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	stolen := college.keystore()
	tr := newTraffic(t, college, debts)
	tr.more()
	old := college.key(crypto.UseMaster, false).ID
	if _, err := college.node.RotateKey(t.Context(), crypto.UsePseudonym); !isFault(err, peer.KeyStays) {
		t.Errorf("the key of pseudonyms was replaced: %v", err)
	}
	made, err := college.node.RotateKey(t.Context(), crypto.UseMaster)
	if err != nil || made.ID == old || made.Use != crypto.UseMaster {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := college.node.RotateKey(t.Context(), crypto.UseMaster); !isFault(err, peer.TooManyKeys) {
		t.Errorf("a third master key: %v", err)
	}
	if err := college.node.RetireKey(t.Context(), made.ID); !isFault(err, peer.KeyNeeded) {
		t.Errorf("the master key in use was destroyed: %v", err)
	}
	if err := college.node.RetireKey(t.Context(), old); !isFault(err, peer.KeyNeeded) && !isFault(err, peer.BackupNeedsKey) {
		t.Errorf("the former master key was destroyed at once: %v", err)
	}
	tr.more()
	if got := college.over(); got.ID != old {
		t.Errorf("the former master key is %+v", got)
	}
	college.tells("key-left")
	if err := college.node.RetireKey(t.Context(), old); !isFault(err, peer.BackupNeedsKey) {
		t.Errorf("the master key that the backup is under was destroyed: %v", err)
	}
	if made, err := college.node.Backup(t.Context()); err != nil || !made.Whole {
		t.Fatalf("the backup under the new key is %+v, %v", made, err)
	}
	if err := college.node.RetireKey(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	tr.more()
	tr.end()
	if made, err := college.node.Backup(t.Context()); err != nil || made.Whole {
		t.Fatalf("%+v, %v", made, err)
	}
	t.Logf("%d exchanges", tr.count())
	if made, gone := college.countKinds(exchange.KeyMade), college.countKinds(exchange.KeyDestroyed); made != 1 || gone != 1 {
		t.Errorf("the ledger tells of %d keys that were made and %d that were destroyed", made, gone)
	}
	if college.countKinds(exchange.KeysRewrapped) < 2 {
		t.Error("the ledger does not tell what came under the new key")
	}
	if _, err := college.node.VerifyLedger(t.Context()); err != nil {
		t.Error(err)
	}
	college.stop()
	kept := college.keystore()
	college.putKeystore(stolen)
	if n, err := peer.Open(college.dir, college.options); err == nil {
		t.Error("the keys of before open what is there now")
		n.Close()
	}
	college.putKeystore(kept)
	college.start()
	college.wait(before.ID, exchange.Answered)
	answeredExchange(t, college, debts)
	debts.settle()
	college.settle()
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	college.restore(backup, nil)
	college.start()
	college.released()
	college.wait(before.ID, exchange.Answered)
	answeredExchange(t, college, debts)
}

// A process that dies when the keystore has the new master key and nothing else does,
// or restores a backup of half-way, goes on by itself, and says so once.
func TestMasterMadeBeforeCrash(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	before := answeredExchange(t, college, debts)
	if _, err := college.node.RotateKey(t.Context(), crypto.UseSigning); err != nil { // so that the row of keys is there
		t.Fatal(err)
	}
	if err := college.node.ForgetHeld(crypto.UseMaster); err != nil { // as a version of before wrote it
		t.Fatal(err)
	}
	college.stop()
	keys, err := keysOf(t, college).Rotate(crypto.UseMaster)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.Seal(college.lock)
	if err != nil {
		t.Fatal(err)
	}
	college.putKeystore(sealed)
	college.start()
	old := college.over()
	college.until("the key is entered", func() bool { return college.countKinds(exchange.KeyMade) == 2 })
	if n := college.countKinds(exchange.KeyDestroyed); n != 0 {
		t.Errorf("the ledger tells of %d keys that were destroyed", n)
	}
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil { // with both keys in it
		t.Fatal(err)
	}
	debts.settle()
	college.settle()
	college.restore(backup, nil)
	college.start()
	college.released()
	college.wait(before.ID, exchange.Answered)
	college.over()
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := college.node.RetireKey(t.Context(), old.ID); err != nil {
		t.Fatal(err)
	}
	college.stop()
	college.start()
	college.wait(before.ID, exchange.Answered)
	if got := college.key(crypto.UseMaster, false); got.State != peer.KeyInUse || got.ID == old.ID {
		t.Errorf("the master key is %+v", got)
	}
}

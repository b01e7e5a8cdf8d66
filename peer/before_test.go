package peer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/store"
)

// filesIn are the files in a directory with all in it, by path.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return names
}

func partsIn(t *testing.T, dir string) (parts []string) {
	t.Helper()
	for _, name := range filesIn(t, dir) {
		if strings.HasSuffix(name, ".sluis") {
			parts = append(parts, name)
		}
	}
	return parts
}

// idle stops a node and opens it again without its duties, of which making backups is
// one, so that none is made but those of the test.
func (m *member) idle() {
	m.world.t.Helper()
	m.stop()
	n := m.open()
	down := false
	m.stop = func() {
		if !down {
			down = true
			if err := n.Close(); err != nil {
				m.world.t.Errorf("close: %v", err)
			}
		}
	}
	m.world.t.Cleanup(m.stop)
}

// forgetKeyOf makes a backup one of a program that did not write down to which key it
// is sealed, nor of which ledger it is.
func forgetKeyOf(t *testing.T, backup string) {
	t.Helper()
	path := filepath.Join(backup, "chain.json")
	text, err := os.ReadFile(path)
	var chain map[string]any
	if err != nil || json.Unmarshal(text, &chain) != nil || chain["key"] == nil {
		t.Fatalf("the chain is %s, %v", text, err)
	}
	delete(chain, "key")
	delete(chain, "ledger")
	if text, err = json.Marshal(chain); err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The backup from before an upgrade is kept beside the new one, and the program from
// before it makes a node of it. It is removed when it would have been without the
// upgrade, and what was destroyed meanwhile does not come back out of it (I8).
func TestBackupFromBeforeAnUpgrade(t *testing.T) {
	upgrade := peer.AsFirst()
	t.Cleanup(upgrade)
	w, college, debts, backup := withBackup(t)
	ctx := t.Context()
	day := func(n float64) { w.ahead.Store(int64(n * 24 * float64(time.Hour))) }
	make := func(whole bool, part int) {
		t.Helper()
		made, err := college.node.Backup(ctx)
		if err != nil || made.Whole != whole || made.Part != part {
			t.Fatalf("backup %+v, %v", made, err)
		}
	}
	x := answeredExchange(t, college, debts)
	if _, err := college.node.RecordMoment(ctx, requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	debts.stop()
	college.idle()
	make(true, 1)
	day(3)
	make(false, 2)
	college.stop()
	forgetKeyOf(t, backup)
	upgrade()
	college.idle()

	before := filepath.Join(backup, "before-upgrade")
	day(4)
	make(true, 3)
	if got := partsIn(t, backup); !slices.Equal(got, []string{"000003.sluis", "before-upgrade/000001.sluis", "before-upgrade/000002.sluis"}) {
		t.Fatalf("after the upgrade there are %v", got)
	}
	day(4.5)
	make(false, 4)
	premises := peer.Premises{Dir: college.dir, Now: college.options.Now, Lock: &college.lock}
	told := func() (values map[string]string) {
		for _, c := range premises.Look() {
			if c.Code == "backup-upgraded" {
				values = c.Values
			}
		}
		return values
	}
	if v := told(); v["dir"] != before || v["until"] != time.Now().Add(7*24*time.Hour).UTC().Format("2006-01-02 15:04 UTC") &&
		v["until"] != time.Now().Add(7*24*time.Hour-time.Minute).UTC().Format("2006-01-02 15:04 UTC") {
		t.Errorf("the administrator is told %v", v)
	}
	// The way back: the first program makes a node of it.
	again := peer.AsFirst()
	t.Cleanup(again)
	dir := filepath.Join(t.TempDir(), "back")
	if _, err := peer.Restore(dir, before, nil, college.options); err != nil {
		t.Errorf("the way back: %v", err)
	}
	if v, err := store.VersionOn(filepath.Join(dir, "store")); err != nil || v != 1 {
		t.Errorf("its version is %d, %v", v, err)
	}
	again()

	// Not a day longer than without the upgrade.
	day(6.9)
	make(false, 5)
	if len(partsIn(t, before)) != 2 {
		t.Error("it is gone too soon")
	}
	day(7.1)
	make(false, 6)
	if left := filesIn(t, before); len(left) > 0 {
		t.Errorf("after its time there are %v", left)
	}
	if told() != nil {
		t.Error("it is said to be there")
	}
}

// What is destroyed while the backup from before an upgrade is there is destroyed
// again by a restore of it.
func TestDestroyedSinceTheUpgrade(t *testing.T) {
	upgrade := peer.AsFirst()
	t.Cleanup(upgrade)
	w, college, debts, backup := withBackup(t)
	ctx := t.Context()
	x := answeredExchange(t, college, debts)
	if _, err := college.node.RecordMoment(ctx, requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	debts.stop()
	college.idle()
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(-12 * time.Hour))))
	if _, err := college.node.Backup(ctx); err != nil {
		t.Fatal(err)
	}
	college.stop()
	upgrade()
	college.idle()
	if _, err := college.node.Backup(ctx); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	if n, err := college.node.Sweep(ctx); err != nil || n == 0 {
		t.Fatalf("destroyed %d, %v", n, err)
	}
	college.stop()
	dir := filepath.Join(t.TempDir(), "back")
	if r, err := peer.Restore(dir, filepath.Join(backup, "before-upgrade"), nil, college.options); err != nil || r.Destroyed == 0 {
		t.Errorf("restored %+v, %v", r, err)
	}
}

// A process that ends between the steps of the backup that begins anew leaves one of
// the two backups whole, and the next run puts all in its place.
func TestEndsBetweenTwoBackups(t *testing.T) {
	upgrade := peer.AsFirst()
	t.Cleanup(upgrade)
	_, college, _, backup := withBackup(t)
	ctx := t.Context()
	college.idle()
	if _, err := college.node.Backup(ctx); err != nil {
		t.Fatal(err)
	}
	college.stop()
	upgrade()
	before := filepath.Join(backup, "before-upgrade")
	// It ended while the directory was being made.
	if err := os.MkdirAll(filepath.Join(before+".next", "register"), 0o700); err != nil {
		t.Fatal(err)
	}
	college.idle()
	if _, err := college.node.Backup(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{"000002.sluis", "before-upgrade/000001.sluis"}
	if got := partsIn(t, backup); !slices.Equal(got, want) {
		t.Fatalf("there are %v", got)
	}
	// It ended when the new part was there, and the old one not moved yet.
	if err := os.Rename(filepath.Join(before, "000001.sluis"), filepath.Join(backup, "000001.sluis")); err != nil {
		t.Fatal(err)
	}
	if _, err := college.node.Backup(ctx); err != nil {
		t.Fatal(err)
	}
	if got := partsIn(t, backup); !slices.Equal(got, []string{"000002.sluis", "000003.sluis", "before-upgrade/000001.sluis"}) {
		t.Fatalf("there are %v", got)
	}
	if _, err := peer.Restore(filepath.Join(t.TempDir(), "back"), before, nil, college.options); err != nil {
		t.Error(err)
	}
}

// A key that was replaced does not live on in the backup from before an upgrade.
func TestBackupBeforeGoesWithItsKeys(t *testing.T) {
	for _, use := range []crypto.Use{crypto.UseSealing, crypto.UseCheckpoint, crypto.UseMaster} {
		t.Run(string(use), func(t *testing.T) {
			upgrade := peer.AsFirst()
			t.Cleanup(upgrade)
			_, college, _, backup := withBackup(t)
			college.idle()
			if _, err := college.node.Backup(t.Context()); err != nil {
				t.Fatal(err)
			}
			college.stop()
			forgetKeyOf(t, backup)
			upgrade()
			college.idle()
			before := func() (there bool) {
				t.Helper()
				if _, err := college.node.Backup(t.Context()); err != nil {
					t.Fatal(err)
				}
				return slices.Contains(partsIn(t, backup), "before-upgrade/000001.sluis")
			}
			for range 2 {
				if !before() {
					t.Fatal("the backup from before the upgrade is gone")
				}
			}
			if _, err := college.node.RotateKey(t.Context(), use); err != nil {
				t.Fatal(err)
			}
			if before() {
				t.Error("the former key lives on in the backup from before the upgrade")
			}
		})
	}
}

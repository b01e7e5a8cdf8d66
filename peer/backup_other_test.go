package peer_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluis/peer"
	"sluis/store"
)

// Two nodes that are told to use one directory don't remove each other's backup.
func TestBackupOfAnotherIsLeftAlone(t *testing.T) {
	w, college, _, backup := withBackup(t)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	debts := w.members[1] // newWorldWith gives both the same configuration
	if _, err := debts.node.Backup(t.Context()); !isFault(err, peer.BackupOther) {
		t.Fatalf("got %v, want %s", err, peer.BackupOther)
	}
	missing := func(c peer.Check) bool { return c.Code == "backup-missing" }
	if !slices.ContainsFunc(peer.Premises{Dir: debts.dir}.Look(), missing) || slices.ContainsFunc(peer.Premises{Dir: college.dir}.Look(), missing) {
		t.Error("sluis doctor takes the backup of another for its own, or not its own")
	}
	if _, err := peer.Restore(filepath.Join(t.TempDir(), "restored"), backup, nil, college.options); err != nil {
		t.Errorf("the backup does not restore any more: %v", err)
	}
	if made, err := college.node.Backup(t.Context()); err != nil || made.Part != 2 || made.Whole {
		t.Errorf("the next part: %+v, %v", made, err)
	}
}

// A directory that can't be used is told as that, and a part that can't be read by
// the number of its file; without its last parts a backup restores as it was before.
func TestBackupThatIsNotWhole(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	if err := os.WriteFile(backup, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := college.node.Backup(t.Context()); !isFault(err, peer.BackupFailed) {
		t.Fatalf("a file in the place of the directory: got %v, want %s", err, peer.BackupFailed)
	}
	if err := os.Remove(backup); err != nil {
		t.Fatal(err)
	}
	first, err := college.node.Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	restore := func() (store.Restored, error) {
		return peer.Restore(filepath.Join(t.TempDir(), "restored"), backup, nil, college.options)
	}
	second := filepath.Join(backup, "000002.sluis")
	part, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":   {nil, "part 2 is damaged"},
		"half":    {part[:len(part)/2], "part 2 is damaged or cut off"},
		"changed": {append(append(part[:len(part)-9:len(part)-9], part[len(part)-9]^1), part[len(part)-8:]...), "part 2 is damaged"},
	} {
		if err := os.WriteFile(second, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		var bad *store.BadBackup
		if _, err := restore(); !errors.As(err, &bad) || bad.Part != 2 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	if _, err := restore(); err == nil || !strings.Contains(err.Error(), "part 2 is missing") {
		t.Errorf("missing: got %v", err)
	}
	// What docs/keeping.md has an administrator do by hand.
	path := filepath.Join(backup, "chain.json")
	chain, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(chain), `"part":2,`, `"part":1,`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := restore(); err != nil || r.Size != first.Entries {
		t.Errorf("without the last part: %+v, %v, want %d entries", r, err, first.Entries)
	}
}

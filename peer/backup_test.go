package peer_test

import (
	"os"
	"path/filepath"
	"testing"

	"sluis/peer"
)

// A node can die at any moment of a backup: what is on disk then is the backup as
// it was, or as it is going to be, and restores as one of the two.
func TestDiesWhileBackingUp(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	answeredExchange(t, college, debts)
	first, err := college.node.Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := filepath.Join(t.TempDir(), "before")
	if err := os.CopyFS(before, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts)
	second, err := college.node.Backup(t.Context())
	if err != nil || second.Whole || second.Entries <= first.Entries {
		t.Fatalf("%+v, %v", second, err)
	}
	part, err := os.ReadFile(filepath.Join(backup, "000002.sluis"))
	if err != nil {
		t.Fatal(err)
	}
	// with is the directory before, with more files in it.
	with := func(files map[string][]byte) string {
		dir := filepath.Join(t.TempDir(), "dead")
		if err := os.CopyFS(dir, os.DirFS(before)); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	for name, c := range map[string]struct {
		dir  string
		want []uint64
	}{
		"nothing was written":            {before, []uint64{first.Entries}},
		"the part is empty":              {with(map[string][]byte{"000002.sluis.partial": nil}), []uint64{first.Entries}},
		"the part is half":               {with(map[string][]byte{"000002.sluis.partial": part[:len(part)/2]}), []uint64{first.Entries}},
		"the part has not its name":      {with(map[string][]byte{"000002.sluis.partial": part}), []uint64{first.Entries}},
		"the chain does not name it yet": {with(map[string][]byte{"000002.sluis": part}), []uint64{first.Entries, second.Entries}},
		"all is there":                   {backup, []uint64{second.Entries}},
	} {
		dir := filepath.Join(t.TempDir(), "restored")
		r, err := peer.Restore(dir, c.dir, nil, college.options)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ok := false
		for _, size := range c.want {
			ok = ok || r.Size == size
		}
		if !ok {
			t.Errorf("%s: restored %d entries, want one of %v", name, r.Size, c.want)
		}
	}
}

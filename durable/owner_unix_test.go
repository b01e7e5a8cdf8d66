//go:build unix

package durable_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sluis/durable"
)

// A file that root replaces stays readable for the account of the node.
func TestReplaceKeepsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), "sleutels")
	const account = 4711
	if err := os.WriteFile(path, []byte("een"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, account, account); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(path, []byte("twee"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || s.Uid != account || s.Gid != account {
		t.Errorf("the file belongs to %+v", info.Sys())
	}
	holds(t, path, "twee", 0o600)
}

package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"sluis/store"
)

// A file that root left behind is no damage: it is told as what it is, and the store
// opens when it has its account back.
func TestFileOfAnotherAccount(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may open everything")
	}
	dir := written(t, false)
	for _, name := range []string{"badger/MANIFEST", "badger/KEYREGISTRY", "badger/DISCARD", "format", "anchor", "badger"} {
		path := filepath.Join(dir, name)
		before, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a store of version 1 has no format
		}
		if err == nil {
			err = os.Chmod(path, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Open(dir, options(t))
		if damaged := new(store.Inconsistent); !errors.Is(err, fs.ErrPermission) || errors.As(err, &damaged) {
			t.Errorf("%s: got %v", name, err)
		}
		if err := os.Chmod(path, before.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if i := opened(t, dir, "with its rights again"); i != nil {
		t.Error(i)
	}
}

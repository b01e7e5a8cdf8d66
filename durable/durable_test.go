package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluis/durable"
)

// names are what is in a directory.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func holds(t *testing.T, path, want string, perm fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Fatalf("%q, %v; want %q", got, err, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != perm {
		t.Errorf("permissions %v, %v; want %v", info.Mode().Perm(), err, perm)
	}
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sleutel")
	if err := durable.Create(path, []byte("een"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(path, []byte("twee"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	holds(t, path, "een", 0o600)
	if err := os.Symlink(filepath.Join(dir, "elders"), filepath.Join(dir, "wijzer")); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(filepath.Join(dir, "wijzer"), []byte("drie"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("through a link: %v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"sleutel", "wijzer"}) {
		t.Errorf("the directory holds %q", got)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "register")
	for _, content := range []string{"een", "het tweede", "3"} {
		if err := durable.Replace(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		holds(t, path, content, 0o644)
	}
	// What a writer left that did not get to its end is in nobody's way.
	if err := os.WriteFile(path+".next", []byte("hal"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(path, []byte("vier"), 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "vier", 0o600)
	if got := names(t, dir); !slices.Equal(got, []string{"register"}) {
		t.Errorf("the directory holds %q", got)
	}
}

// An error leaves what was there, and nothing beside it.
func TestReplaceFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "map")
	if err := os.MkdirAll(filepath.Join(path, "vol"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(path, []byte("een"), 0o600); err == nil {
		t.Error("a directory gave way to a file")
	}
	if got := names(t, dir); !slices.Equal(got, []string{"map"}) {
		t.Errorf("the directory holds %q", got)
	}
	if err := durable.Replace(filepath.Join(dir, "nergens", "een"), []byte("een"), 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where no directory is: %v", err)
	}
	if err := durable.SyncDir(filepath.Join(dir, "nergens")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where no directory is: %v", err)
	}
}

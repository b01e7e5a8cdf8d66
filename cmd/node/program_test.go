package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program, made once for all tests that run it.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// program is the directory in which the program stands as sluis.
func program(t *testing.T) (dir string) {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "sluis-program-"); built.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", filepath.Join(built.dir, "sluis"), ".") // #nosec G204 -- ours
		build.Env = append(os.Environ(), "CGO_ENABLED=0")                                  // as scripts/build makes it
		var out []byte
		if out, built.err = build.CombinedOutput(); built.err != nil {
			t.Logf("go build:\n%s", out)
		}
	})
	if built.err != nil {
		t.Fatalf("go build: %v", built.err)
	}
	return built.dir
}

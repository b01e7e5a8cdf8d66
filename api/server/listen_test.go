package server_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluis/api"
	"sluis/api/server"
)

func TestListen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, api.SocketName)
	l, err := server.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket has mode %v, %v", info.Mode(), err)
	}
	if _, err := server.Listen(dir); err == nil || !strings.Contains(err.Error(), "answers") {
		t.Errorf("a second node on the same socket: %v", err)
	}
	// A process that dies leaves its socket behind.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = server.Listen(dir); err != nil {
		t.Fatalf("over a socket that was left: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("closing leaves the socket: %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a file":                  func(path string) error { return os.WriteFile(path, []byte("keep me"), 0o600) },
		"a folder":                func(path string) error { return os.Mkdir(path, 0o700) },
		"a link to a file":        func(path string) error { return os.Symlink("/etc/hostname", path) },
		"a link to nothing":       func(path string) error { return os.Symlink(path+".gone", path) },
		"a link to another place": func(path string) error { return os.Symlink(filepath.Dir(path), path) },
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, api.SocketName)
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if l, err := server.Listen(dir); err == nil {
			t.Errorf("%s is taken for a socket: %v", name, l.Close())
		}
		after, err := os.Lstat(path)
		if err != nil || after.Mode() != before.Mode() {
			t.Errorf("%s is not there any more: %v", name, err)
		}
	}
	if _, err := server.Listen(filepath.Join(t.TempDir(), strings.Repeat("long", 30))); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("a path that is too long: %v", err)
	}
}

// A request that is under way when the node stops is answered.
func TestServeEndsGently(t *testing.T) {
	dir := t.TempDir()
	l, err := server.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	arrived, ended, answered := make(chan bool), make(chan error, 1), make(chan error, 1)
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-ctx.Done()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"omvang":7}`))
	})
	go func() { ended <- server.Serve(ctx, l, slow, slog.New(slog.DiscardHandler)) }()
	client := api.Dial(filepath.Join(dir, api.SocketName))
	go func() {
		v, err := client.VerifyLedger(context.WithoutCancel(ctx))
		if err == nil && v.Size != 7 {
			err = errors.New("another answer")
		}
		answered <- err
	}()
	<-arrived
	stop()
	if err := <-answered; err != nil {
		t.Errorf("answer: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	var down *api.Unreachable
	if _, err := client.Status(t.Context()); !errors.As(err, &down) {
		t.Errorf("a node that has stopped: %v", err)
	}
}

package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"sluis/api"
)

const (
	headerTime = 5 * time.Second
	bodyTime   = time.Minute
	answerTime = 2 * time.Minute
	idleTime   = 2 * time.Minute
	// shutdownTime bounds how long requests may take that are under way when
	// the node stops.
	shutdownTime = 10 * time.Second
	maxHeaders   = 16 << 10
	// longestSocket is what every system takes for the path of a unix socket:
	// macOS has 104 bytes with the NUL, Linux 108.
	longestSocket = 103
)

// Listen opens the socket of the node in a directory, mode 0600. It refuses a
// path at which something else than a socket stands, a link included, and a
// socket on which somebody answers; one that was left over it removes.
func Listen(dir string) (net.Listener, error) {
	path := filepath.Join(dir, api.SocketName)
	if len(path) > longestSocket {
		return nil, fmt.Errorf("the path of the socket has %d bytes and a system takes %d at most; choose a directory with a shorter name", len(path), longestSocket)
	}
	if err := clearSocket(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	// The directory is the organisation's own, mode 0700, so nobody else can
	// come in between.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func clearSocket(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is no socket; the node did not make it, so remove it yourself", path)
	}
	conn, err := net.DialTimeout("unix", path, headerTime)
	if err == nil {
		return errors.Join(fmt.Errorf("a node answers on %s already; stop it first", path), conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s can't be opened to see whether a node answers: %w", path, err)
	}
	return os.Remove(path)
}

// Serve answers requests on a listener until ctx ends, and then lets those that
// are under way finish. It closes the listener.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeaders,
		// The server's own complaints quote what a client sent.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("the API stops")
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := s.Shutdown(wait)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

package testnet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sluis/api/server"
	"sluis/exchange"
	"sluis/peer"
)

// running is a node that is up: the node itself, its duties and its API.
type running struct {
	node   *peer.Node
	server *http.Server
	cancel context.CancelFunc
	dir    string
	run    chan error // the end of the duties
	serve  chan error // the end of the API
}

// start opens the node of a party and returns when it serves its API. A bundle
// that is not nil is installed as the register.
func (n *Net) start(ctx context.Context, to *node, bundle []byte) error {
	opened, err := peer.Open(to.dir, n.options(to.member.Key))
	if err != nil {
		return err
	}
	if bundle != nil {
		if err := opened.InstallRegister(ctx, bundle); err != nil {
			return errors.Join(err, opened.Close())
		}
	}
	if err := hire(ctx, opened, to.member.Staff); err != nil {
		return errors.Join(err, opened.Close())
	}
	listener, err := listen(to.dir)
	if err != nil {
		return errors.Join(err, opened.Close())
	}
	duties, cancel := context.WithCancel(context.Background())
	r := &running{
		node: opened, cancel: cancel, dir: to.dir, run: make(chan error, 1), serve: make(chan error, 1),
		server: &http.Server{
			Handler:           server.New(opened, n.config.Log.With("party", to.member.Key)),
			ReadHeaderTimeout: 5 * time.Second,
		},
	}
	go func() { r.run <- opened.Run(duties) }()
	go func() { r.serve <- r.server.Serve(listener) }()
	to.running = r
	return nil
}

// stop ends the API first, then the duties, then the node.
func (r *running) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := r.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = r.server.Close()
	}
	if served := <-r.serve; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	r.cancel()
	return errors.Join(err, <-r.run, r.node.Close(), unlisten(r.dir))
}

// hire makes the staff known that the node does not know yet.
func hire(ctx context.Context, to *peer.Node, staff []exchange.Actor) error {
	for _, a := range staff {
		err := to.AddStaff(ctx, a)
		if err != nil && !errors.Is(err, &peer.Fault{Code: peer.ActorExists}) {
			return fmt.Errorf("add %s: %w", a.ID, err)
		}
	}
	return nil
}

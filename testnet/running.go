package testnet

import (
	"context"
	"errors"
	"fmt"
	"net"

	"sluis/api/server"
	"sluis/console"
	"sluis/exchange"
	"sluis/peer"
)

// running is a node that is up: the node itself, its duties and its API.
type running struct {
	node *peer.Node
	dir  string
	// silence ends the API, rest the duties; serve and run tell how they
	// ended, of the API and of the pages.
	silence, rest context.CancelFunc
	serve, run    chan error
	// The pages, and where a browser finds them.
	pages   *console.Console
	address string
	// systemsURL is where a case system calls; "" for none.
	systemsURL string
	doors      int // that serve
}

// start opens the node of a party and returns when its API can be reached. A
// bundle that is not nil is installed as the register.
func (n *Net) start(ctx context.Context, to *node, bundle []byte) error {
	log := n.config.Log.With("party", to.member.Key)
	options := n.options(to.member.Key)
	opened, err := peer.Open(to.dir, options)
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
	if n.config.Bare {
		r := &running{node: opened, dir: to.dir, run: make(chan error, 1)}
		var duties context.Context
		duties, r.rest = context.WithCancel(context.WithoutCancel(ctx))
		go func() { r.run <- opened.Run(duties) }()
		to.running = r
		return nil
	}
	listener, err := listen(to.dir)
	if err != nil {
		return errors.Join(err, opened.Close())
	}
	web, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return errors.Join(err, listener.Close(), opened.Close())
	}
	// By name: a passkey is not for an address.
	address := fmt.Sprintf("http://localhost:%d", web.Addr().(*net.TCPAddr).Port)
	config := peer.DefaultConfig().Console
	config.Listen, config.PublicURL = web.Addr().String(), address
	if n.config.Console != nil {
		n.config.Console(to.member.Key, &config)
	}
	shows := console.Options{Node: opened, Config: config, Dir: to.dir, Log: log, Now: n.config.Now, Observe: options.Observe, Test: true}
	if n.config.Pages != nil {
		n.config.Pages(to.member.Key, &shows)
	}
	pages, err := console.New(shows)
	if err != nil {
		return errors.Join(err, web.Close(), listener.Close(), opened.Close())
	}
	r := &running{node: opened, dir: to.dir, serve: make(chan error, 3), run: make(chan error, 2), pages: pages, address: address, doors: 2}
	door := server.New(opened, log)
	door.Observe = options.Observe
	var let *server.Systems
	var gate net.Listener // nil where no system is let in
	if n.systems != nil {
		if let, gate, r.systemsURL, err = n.systems.open(door, to.member); err != nil {
			return errors.Join(err, web.Close(), listener.Close(), opened.Close())
		}
		r.doors++
	}
	// The node outlives the call that starts it.
	var talks, duties context.Context
	talks, r.silence = context.WithCancel(context.WithoutCancel(ctx))
	duties, r.rest = context.WithCancel(context.WithoutCancel(ctx))
	if gate != nil {
		go func() { r.serve <- server.Serve(talks, gate, let, log) }()
	}
	go func() { r.serve <- server.Serve(talks, listener, door, log) }()
	go func() { r.serve <- server.Serve(talks, web, pages, log) }()
	go func() { r.run <- opened.Run(duties) }()
	go func() { r.run <- pages.Run(duties) }()
	to.running = r
	return nil
}

// stop ends the API first, then the duties, then the node.
func (r *running) stop() error {
	if r.pages == nil {
		r.rest()
		return errors.Join(<-r.run, r.node.Close())
	}
	r.pages.Close()
	r.silence()
	var err error
	for range r.doors {
		err = errors.Join(err, <-r.serve)
	}
	r.rest()
	return errors.Join(err, <-r.run, <-r.run, r.node.Close(), unlisten(r.dir))
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

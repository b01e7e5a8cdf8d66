package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"sluis/api/server"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/logboek"
	"sluis/peer"
)

func runCommand(t *terminal) *cobra.Command {
	var smith locksmith
	var mirror string
	cmd := &cobra.Command{
		Use:     "run",
		GroupID: "node",
		Short:   "Run the node until it is told to stop",
		Long: `Runs the node: proves its ledger, listens for peers, delivers what waits, and
serves the API on the socket sluis.sock in its directory, which only its own
account can open. It stops cleanly on SIGTERM and SIGINT.

With console.listen in sluis.toml it serves the web console for the people who
work with it; sluis staff invite makes the link by which the first of them comes in.

With --mirror, or mirror.listen in sluis.toml, the ledger can also be read over
HTTP by a monitor or a witness outside (C2SP tlog-tiles): checkpoint and hashes, and
with mirror.entries the entries. There is nothing else on that address, and no
authentication.

It makes nothing: a directory without a node is an error, not a new node.`,
		Example: `  sluis --dir ./noord run --key-file ./noord.key`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t.daemon = true
			config, err := peer.ReadConfig(filepath.Join(t.dir, "sluis.toml"))
			if errors.Is(err, fs.ErrNotExist) {
				if _, without := peer.ReadIdentity(t.dir); without != nil {
					return without
				}
				return err // of a node that is there
			}
			if errors.Is(err, fs.ErrPermission) {
				return err
			}
			if err != nil {
				return &checkError{what: err.Error(), todo: "sluis config example shows every key"}
			}
			lock, err := smith.lock(t, false)
			if err != nil {
				return err
			}
			if mirror != "" {
				config.Mirror.Listen = mirror
			}
			return t.serve(cmd.Context(), lock, config, logger(t, config.Log))
		},
	}
	cmd.Flags().StringVar(&mirror, "mirror", "", "`address` such as 127.0.0.1:4180 on which the ledger can be read over HTTP; replaces mirror.listen")
	smith.flags(cmd)
	return cmd
}

// logger writes to stderr, as the configuration says.
func logger(t *terminal, c peer.Log) *slog.Logger {
	level := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}[c.Level]
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(t.complaints, options))
	}
	return slog.New(slog.NewJSONHandler(t.complaints, options))
}

// serve runs node and API until ctx ends or one of them does, and stops both in
// turn: first what comes in, then what goes out, then the store.
func (t *terminal) serve(ctx context.Context, lock crypto.Lock, c peer.Config, log *slog.Logger) (err error) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(c.Limits.MemoryBytes)
	}
	mirror := c.Mirror
	seen, figures, err := t.observe(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, seen.Close()) }()
	if figures != nil { // first, so that it can be seen that the node is proving its ledger
		showing, hide := context.WithCancel(context.WithoutCancel(ctx))
		shown := make(chan error, 1)
		go func() { shown <- server.Serve(showing, figures, seen.Handler(), log) }()
		defer func() {
			hide()
			err = errors.Join(err, <-shown)
		}()
	}
	node, err := peer.Open(t.dir, peer.Options{Lock: lock, Log: log, Observe: seen.Hook()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	follow, err := t.followLogboek(node, c.Logboek, log)
	if err != nil {
		return err
	}
	// Proving the ledger reads all of it; the node itself needs little.
	debug.FreeOSMemory()
	listener, err := server.Listen(t.dir)
	if err != nil {
		return err
	}
	var glass net.Listener // nil when there is no mirror
	if mirror.Listen != "" {
		if glass, err = net.Listen("tcp", mirror.Listen); err != nil {
			return errors.Join(err, listener.Close())
		}
		log.Info("the ledger can be read over HTTP", "address", glass.Addr().String(), "entries", mirror.Entries)
	}
	door := server.New(node, log)
	door.Version, door.Observe = versionText(), seen.Hook()
	if follow != nil {
		door.Logboek = func() (uint64, time.Time) { s := follow.State(); return s.Behind, s.Since }
	}
	var gate net.Listener // nil where no other system calls
	closed := func(err error) error {
		for _, l := range []net.Listener{glass, gate} {
			if l != nil {
				err = errors.Join(err, l.Close())
			}
		}
		return errors.Join(err, listener.Close())
	}
	systems, gate, err := t.systems(door, node, c.API, log)
	if err != nil {
		return closed(err)
	}
	seen.Watch(observed(node, c, door))
	pages, web, err := t.pages(node, c.Console, door.Webhooks.States, seen.Hook(), log)
	if err != nil {
		return closed(err)
	}
	open, close := context.WithCancel(ctx)
	defer close()
	duties, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	doors := []func() error{func() error { return server.Serve(open, listener, seen.Joined(door), log) }}
	if glass != nil {
		doors = append(doors, func() error { return server.Serve(open, glass, server.Mirror(node, mirror.Entries), log) })
	}
	var beside sync.WaitGroup
	if gate != nil {
		doors = append(doors, func() error { return server.Serve(open, gate, seen.Joined(systems), log) })
	}
	for _, sender := range door.Webhooks {
		beside.Go(func() { sender.Run(duties) })
	}
	if pages != nil {
		door.Invite = func(ctx context.Context, id exchange.ActorID) (string, time.Time, error) {
			i, err := pages.Invite(ctx, id)
			return i.URL, i.Until, err
		}
		context.AfterFunc(open, pages.Close) // else it waits for browsers that listen
		doors = append(doors, func() error { return server.Serve(open, web, pages, log) })
		beside.Go(func() {
			if err := pages.Run(duties); err != nil {
				log.Error("refused sign-ins are not all in the ledger", "error", err)
			}
		})
	}
	served, done := make(chan error, len(doors)), make(chan error, 1)
	for _, serve := range doors {
		go func() {
			defer close() // none of the doors stays open without the others
			select {      // what is done behind a door is written down: not before partners said what they saw of the ledger
			case <-node.Asked():
			case <-open.Done():
			}
			served <- serve()
		}()
	}
	go func() {
		defer close() // a node that does not do its duties serves nobody
		done <- node.Run(duties)
	}()
	if follow != nil {
		beside.Go(func() { follow.Run(duties) })
	}
	log.Info("node is up", "oin", string(node.Identity().OIN), "addresses", node.Addresses())
	for range doors {
		err = errors.Join(err, <-served)
	}
	stop()
	err = errors.Join(err, <-done)
	beside.Wait()
	log.Info("node is down")
	return err
}

// followLogboek opens what hands the ledger to the organisation's processing
// log, or nothing where that is switched off.
func (t *terminal) followLogboek(node *peer.Node, l peer.Logboek, log *slog.Logger) (*logboek.Follower, error) {
	if !l.Enabled {
		return nil, nil
	}
	o := logboek.Options{
		Endpoint: l.Endpoint, HeadersFile: l.HeadersFile, Cursor: filepath.Join(t.dir, "logboek.json"), Log: log,
		Form:     logboek.Form{ActivityBase: l.ActivityBase, ProcessorBase: l.ProcessorBase},
		Resource: logboek.Resource{Version: versionText(), Instance: string(node.Identity().OIN)},
	}
	if o.HeadersFile != "" && !filepath.IsAbs(o.HeadersFile) {
		o.HeadersFile = filepath.Join(t.dir, o.HeadersFile)
	}
	if l.Pseudonyms() {
		o.Subjects = node.LogboekSubjects
	}
	f, err := logboek.Open(node, o)
	if err != nil {
		return nil, &checkError{what: err.Error(), todo: "docs/logboek.md tells what the node needs for it"}
	}
	return f, nil
}

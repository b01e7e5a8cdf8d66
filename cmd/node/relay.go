package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"sluis/api/server"
	"sluis/durable"
	"sluis/observe"
	"sluis/peer"
)

func relayCommand(t *terminal) *cobra.Command {
	var plan peer.RelayPlan
	var key, newKey, root, figures string
	var log peer.Log
	cmd := &cobra.Command{
		Use:     "relay",
		GroupID: "network",
		Short:   "Run a relay for nodes that nobody can call directly",
		Long: `Runs a relay (libp2p circuit relay v2) until it is told to stop: a node behind NAT
keeps a place here, and its partners call it through the relay. Only parties of
the register are let in. What passes is sealed between the two nodes; the relay
sees who talks to whom, when and how much, and logs none of it.

The first time, --new-key makes its key. The key is the identity of the relay:
nodes and register name it, so keep it, also in a backup. It must be readable for
the account of the relay alone.

It takes newer versions of the register from its members and writes them to the
file, and reads the file again when it has changed.

It prints the addresses that nodes put in relays of their sluis.toml. A port below
1024, such as 443, needs the right to listen there (CAP_NET_BIND_SERVICE). See
docs/connect.md.`,
		Example: `  sluis relay --new-key relay.key --root root-1.json --register register.json \
    --listen /ip4/0.0.0.0/tcp/443 --listen /ip4/0.0.0.0/udp/443/quic-v1 \
    --announce /dns4/relay.example.nl/tcp/443 --announce /dns4/relay.example.nl/udp/443/quic-v1
  sluis relay --key relay.key --root root-1.json --register register.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t.daemon = true
			if (key == "") == (newKey == "") {
				return usage(errors.New("name the key of the relay with --key, or make one with --new-key, the first time"))
			}
			if log.Format != "json" && log.Format != "text" {
				return usage(fmt.Errorf("--log-format %q: want json or text", log.Format))
			}
			var err error
			if plan.Root, err = os.ReadFile(root); err != nil {
				return err
			}
			if _, err := os.Stat(plan.Register); err != nil {
				return err
			}
			if newKey != "" {
				made, err := peer.NewRelayKey()
				if err != nil {
					return err
				}
				if err := durable.Create(newKey, made, 0o600); err != nil {
					return err
				}
				key = newKey
			}
			file, err := readSecret(key)
			if err != nil {
				return err
			}
			if plan.Key, err = peer.ParseRelayKey(file); err != nil {
				return err
			}
			plan.Log = logger(t, log)
			return t.relay(cmd.Context(), plan, figures)
		},
	}
	cmd.AddCommand(relayKeyCommand(t))
	f := cmd.Flags()
	f.StringVar(&key, "key", "", "`file` with the key of the relay")
	f.StringVar(&newKey, "new-key", "", "make the key of the relay in this `file`, which must not be there yet")
	f.StringVar(&root, "root", "", "`file` with the root document of the register")
	f.StringVar(&plan.Register, "register", "", "`file` with the published register; the relay replaces it with newer versions")
	f.StringArrayVar(&plan.Listen, "listen", peer.DefaultConfig().Listen, "`multiaddress` to listen on; repeat for more")
	f.StringArrayVar(&plan.Announce, "announce", nil, "`multiaddress` at which nodes reach the relay, where it differs; repeat for more")
	f.IntVar(&plan.PerIP, "per-ip", 256, "`number` of connections, and of places, for one address")
	f.StringVar(&figures, "metrics", "", "loopback `address` for figures and health (Prometheus), such as 127.0.0.1:9465")
	f.StringVar(&log.Format, "log-format", "json", "json or text")
	for _, required := range []string{"root", "register"} {
		_ = cmd.MarkFlagRequired(required)
	}
	return cmd
}

func relayKeyCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "key FILE",
		Short: "Make the key of a relay in a file, and print the identity that follows from it",
		Long: `Makes the key of a relay in FILE, which must not be there yet, readable for its
owner alone, and prints the identity that follows from it: the last part of the
addresses that nodes put in relays of their sluis.toml.`,
		Example: "  sluis relay key /var/lib/sluis-relay/relay.key",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			made, err := peer.NewRelayKey()
			if err != nil {
				return err
			}
			id, err := peer.RelayID(made)
			if err != nil {
				return err
			}
			if err := durable.Create(args[0], made, 0o600); err != nil {
				return err
			}
			_, err = fmt.Fprintln(t.out, id)
			return err
		},
	}
}

// relay runs a relay until ctx ends, and serves its figures where at is not empty.
func (t *terminal) relay(ctx context.Context, plan peer.RelayPlan, at string) (err error) {
	if host, _, err := net.SplitHostPort(at); at != "" && (err != nil || !isLoopback(host)) {
		return usage(fmt.Errorf("--metrics %q: want a loopback address with a port, such as 127.0.0.1:9465: there is no authentication on it", at))
	}
	r, err := peer.OpenRelay(plan)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	plan.Log.Info("relay is up", "id", r.ID(), "relays", r.Addresses())
	if at != "" {
		figures, err := net.Listen("tcp", at)
		if err != nil {
			return err
		}
		seen, err := observe.NewRelay(observe.Options{Version: versionText(), Log: plan.Log}, r.State)
		if err != nil {
			return err
		}
		plan.Log.Info("figures about the relay can be read", "address", figures.Addr().String())
		showing, cancel := context.WithCancel(ctx)
		shown := make(chan error, 1)
		go func() { shown <- server.Serve(showing, figures, seen.Handler(), plan.Log) }()
		defer func() { cancel(); err = errors.Join(err, <-shown) }()
	}
	r.Run(ctx)
	plan.Log.Info("relay is down")
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// readSecret reads a file that only its owner may read.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, &checkError{
			what: fmt.Sprintf("%s is readable for others than its owner", path),
			todo: "chmod 600 it, and make a new one if somebody else may have read it",
		}
	}
	if info.Mode()&fs.ModeType != 0 {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	return os.ReadFile(path)
}

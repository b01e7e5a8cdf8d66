package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"sluis/api"
	"sluis/api/server"
	"sluis/api/webhook"
	"sluis/peer"
)

// systems opens the address on which other systems of the organisation reach the
// API, and what tells them that something happened; nothing where it is switched
// off.
func (t *terminal) systems(door *server.API, node *peer.Node, c peer.API, log *slog.Logger) (*server.Systems, net.Listener, error) {
	if c.Listen == "" {
		return nil, nil, nil
	}
	failed := func(err error) (*server.Systems, net.Listener, error) {
		return nil, nil, &checkError{what: err.Error(), todo: "look at [api] in sluis.toml; docs/integrate.md tells what it needs"}
	}
	let, err := door.Systems(c, t.dir)
	if err != nil {
		return failed(err)
	}
	pair := &certificate{cert: t.within(c.TLSCert), key: t.within(c.TLSKey), now: time.Now}
	if _, err := pair.get(nil); err != nil {
		return failed(err)
	}
	door.PublicURL = c.PublicURL
	if door.Webhooks, err = t.webhooks(node, c, log); err != nil {
		return failed(err)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, nil, err
	}
	// Whoever reaches the port may connect; what he can hold must not keep the node
	// itself from opening files.
	listener = netutil.LimitListener(listener, mostConnections)
	log.Info("other systems can call the API", "url", c.PublicURL, "address", listener.Addr().String(), "systems", len(c.Clients))
	return let, tls.NewListener(listener, let.TLS(pair.get)), nil
}

// mostConnections is how many connections of other systems there are at a time.
const mostConnections = 512

// webhooks opens what tells systems that something happened, by system.
func (t *terminal) webhooks(node *peer.Node, c peer.API, log *slog.Logger) (webhook.Senders, error) {
	all := webhook.Senders{}
	form := webhook.Form{OIN: string(node.Identity().OIN), PublicURL: c.PublicURL}
	for _, one := range c.Clients {
		w := one.Webhook
		if w.URL == "" {
			continue
		}
		secret, err := os.ReadFile(t.within(w.SecretFile))
		if err != nil {
			return nil, fmt.Errorf("webhook.secret_file of %s: %w", one.Name, err)
		}
		target := webhook.Target{
			System: one.Name, URL: w.URL, GiveUpAfter: time.Duration(w.GiveUpAfter), State: t.within("webhook-" + one.Name + ".json"),
		}
		if target.Keys, err = webhook.ReadKeys(secret); err != nil {
			return nil, fmt.Errorf("webhook.secret_file of %s: %w", one.Name, err)
		}
		for _, code := range one.Capacities {
			target.Capacities = append(target.Capacities, string(code))
		}
		var roots *x509.CertPool
		if w.CAFile != "" {
			text, err := os.ReadFile(t.within(w.CAFile))
			if err != nil {
				return nil, fmt.Errorf("webhook.ca_file of %s: %w", one.Name, err)
			}
			if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(text) {
				return nil, errors.New("webhook.ca_file of " + one.Name + " holds no certificate in PEM")
			}
		}
		target.Client = webhook.NewClient(roots)
		if all[one.Name], err = webhook.Open(node, form, target, log); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func webhooksCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "webhooks",
		GroupID: "node",
		Short:   "How the delivery of events to other systems is",
		Long: `Shows for each system with a webhook in sluis.toml how many entries of the ledger
wait, since when its receiver fails and why, and how many events were set aside
because it went on refusing them.`,
		Example: "  sluis webhooks",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Webhooks(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "SYSTEM\tWAITING\tSET ASIDE\tFAILING SINCE")
				for _, one := range all {
					fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", one.System, one.Behind, len(one.SetAside), failing(one))
				}
			})
		},
	}
	resend := &cobra.Command{
		Use:     "resend SYSTEM",
		Short:   "Offer a system again what was set aside",
		Example: "  sluis webhooks resend zaaksysteem",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			state, err := client.Resend(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return t.print(state, func(w io.Writer) { fmt.Fprintf(w, "%d events are offered again\n", len(state.SetAside)) })
		},
	}
	cmd.AddCommand(resend)
	return cmd
}

func failing(w api.Webhook) string {
	if w.Since.IsZero() {
		return "-"
	}
	return strings.TrimSpace(w.Since.Local().Format("2006-01-02 15:04") + " " + w.Why)
}

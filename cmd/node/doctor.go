package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/api/server"
	"sluis/peer"
	"sluis/schemas"
)

func doctorCommand(t *terminal) *cobra.Command {
	var smith locksmith
	cmd := &cobra.Command{
		Use:     "doctor",
		GroupID: "node",
		Short:   "Check what a node needs to work, and say what to do about what is wrong",
		Long: `Checks configuration, permissions, disk, ports, certificate, register, keys, clock
and backup of the node, and when it runs also every partner, the messages that
wait, and what it knows of ledgers. Under what is wrong stands what to do.

It changes nothing, and can be used on a node that does not start. Use it as root or
as the account of the node. With --key-file or --passphrase-file it also tries
whether the keys open. It ends with exit code 5 when a check fails; a warning is no
failure. docs/doctor.md lists all that it can find.`,
		Example: `  sluis doctor
  sluis doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := filepath.Abs(t.dir)
			if err != nil {
				return err
			}
			premises := peer.Premises{Dir: dir}
			if smith != (locksmith{}) {
				lock, err := smith.lock(t, false)
				if err != nil {
					return err
				}
				premises.Lock, premises.Secrets = &lock, []string{smith.keyFile + smith.passphraseFile}
			}
			found, err := t.diagnose(cmd.Context(), premises)
			if err != nil {
				return err
			}
			if err := t.print(found, func(w io.Writer) { t.printChecks(w, found.Checks) }); err != nil {
				return err
			}
			return t.verdict(found.Checks)
		},
	}
	smith.flags(cmd)
	return cmd
}

const (
	// statusTime is how long a node that runs may take to say so.
	statusTime = 10 * time.Second
	// doctorTime is somewhat more than a diagnosis takes.
	doctorTime = 100 * time.Second
)

// diagnose looks at a node from outside and, when it runs, asks it the rest.
func (t *terminal) diagnose(ctx context.Context, p peer.Premises) (api.Diagnosis, error) {
	var found api.Diagnosis
	add := func(checks ...peer.Check) {
		for _, c := range checks {
			found.Checks = append(found.Checks, server.CheckOf(c))
		}
	}
	client, err := t.client()
	if err != nil {
		add(p.Look()...)
		return found, nil
	}
	defer client.Close()
	soon, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	status, err := client.Status(soon)
	var down *api.Unreachable
	p.Up = err == nil
	switch {
	case ctx.Err() != nil:
		return found, ctx.Err()
	case err == nil && status.Version != versionText():
		add(peer.Check{Code: peer.VersionDiffers, Values: map[string]string{"running": status.Version, "program": versionText()}})
	case err == nil:
		add(peer.Check{Code: peer.NodeUp, Values: map[string]string{"version": status.Version}})
	case errors.As(err, &down):
		add(peer.Check{Code: peer.NodeDown, Values: map[string]string{}})
	default:
		add(peer.Check{Code: peer.NodeSilent, Values: map[string]string{}})
	}
	add(p.Look()...)
	if !p.Up {
		return found, nil
	}
	within, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	inside, err := client.Diagnose(within)
	found.Checks = append(found.Checks, inside.Checks...)
	return found, err
}

func (t *terminal) printChecks(w io.Writer, checks []api.Check) {
	for _, c := range checks {
		text, _ := schemas.Check(c.Code)
		said := text.EN
		if t.nl {
			said = text.NL
		}
		said = said.Fill(c.Values)
		fmt.Fprintf(w, "%s\t%s\n", c.Severity.Code(), cell(said.Title))
		if said.Advice != "" {
			fmt.Fprintf(w, "\t  %s\n", cell(said.Advice))
		}
	}
}

// verdict is an error when a check failed.
func (t *terminal) verdict(checks []api.Check) error {
	failed := 0
	for _, c := range checks {
		if c.Severity == api.Failing {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return &checkError{
		what: fmt.Sprintf(t.pick("%d van %d controles zijn niet goed", "%d of %d checks failed"), failed, len(checks)),
		todo: t.pick("onder elk staat wat je kunt doen", "under each stands what to do"),
	}
}

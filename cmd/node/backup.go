package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"sluis/peer"
)

func backupCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "backup",
		GroupID: "node",
		Short:   "Make a backup now, where sluis.toml wants it",
		Long: `Adds a part to the backup in the directory that sluis.toml names under [backup],
while the node goes on. The node does the same by itself every day, and begins
anew every week. Everything personal in it is sealed to the key of the node: a
copy of that directory, and the passphrase or key file, is all that sluis restore
needs. Keep the two apart.`,
		Example: "  sluis backup",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			made, err := client.MakeBackup(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(made, func(w io.Writer) {
				fmt.Fprintf(w, "part\t%d\n", made.Part)
				fmt.Fprintf(w, "whole\t%t\n", made.Whole)
				fmt.Fprintf(w, "entries\t%d\n", made.Entries)
			})
		},
	}
}

func restoreCommand(t *terminal) *cobra.Command {
	var smith locksmith
	var from, destroyed string
	cmd := &cobra.Command{
		Use:     "restore",
		GroupID: "node",
		Short:   "Make a node again from a backup",
		Long: `Makes the node in --dir, which must be empty, from a backup. Every part is checked
and the ledger is proved. What was destroyed is destroyed again, also what was
destroyed after the backup: its list stands in the backup as destroyed.txt, and a
copy that was saved from the lost node can be given with --destroyed.

The node then starts waiting: sluis run asks the partners whether they have seen
more of its ledger, and it does nothing before that is known.`,
		Example: "  sluis --dir /var/lib/sluis restore --from /mnt/backup --key-file unlock",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lock, err := smith.lock(t, false)
			if err != nil {
				return err
			}
			var names []byte
			if destroyed != "" {
				if names, err = os.ReadFile(destroyed); err != nil {
					return err
				}
			}
			restored, err := peer.Restore(t.dir, from, names, peer.Options{Lock: lock})
			if errors.Is(err, &peer.Fault{Code: peer.NoBackup}) {
				return fmt.Errorf("there is no backup in %s: chain.json: %w", from, fs.ErrNotExist)
			}
			if err != nil {
				return err
			}
			return t.print(restored, func(w io.Writer) {
				fmt.Fprintf(w, "restored\t%d entries\n", restored.Size)
				fmt.Fprintf(w, "destroyed\t%d dossiers, also in these files\n", restored.Destroyed)
				fmt.Fprintln(w, "next: sluis run, which asks the partners first whether they have seen more")
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "`directory` of the backup")
	cmd.Flags().StringVar(&destroyed, "destroyed", "", "`file` with more names of destroyed dossiers, one a line")
	_ = cmd.MarkFlagRequired("from")
	smith.flags(cmd)
	return cmd
}

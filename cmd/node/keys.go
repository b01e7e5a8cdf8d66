package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"sluis/peer"
)

func keysCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "keys",
		GroupID: "node",
		Short:   "Show the public half of the node's keys",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var smith locksmith
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the register entry of this party: what the authority needs, nothing secret",
		Long: `Prints the public half of the node's keys as the entry of its party in the
register, as JSON. The keystore must be opened; nothing private is printed.`,
		Example: "  sluis --dir ./noord keys show --key-file ./noord.key > noord.entry.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			lock, err := smith.lock(t, false)
			if err != nil {
				return err
			}
			entry, err := peer.Entry(t.dir, lock)
			if err != nil {
				return err
			}
			t.json = true
			return t.print(entry, func(w io.Writer) { fmt.Fprintln(w) })
		},
	}
	smith.flags(show)
	cmd.AddCommand(show)
	return cmd
}

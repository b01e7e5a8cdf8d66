package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"sluis/peer"
)

func ledgerContinueCommand(t *terminal) *cobra.Command {
	var smith locksmith
	cmd := &cobra.Command{
		Use:   "continue",
		Short: "Let the ledger of a restored node go on under another name",
		Long: `A restored node asks its partners first what they have seen of its ledger. When
somebody has seen more than the backup holds, those entries are lost, and nothing
may be signed that contradicts them: the ledger goes on under another name. This
gives it one. The node must not run. Its new entry, as sluis keys show prints it,
has to come into the register; the partners keep what they hold of the old name.

It is only for a node that was restored and waits.`,
		Example: "  sluis --dir /var/lib/sluis ledger continue --key-file unlock",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lock, err := smith.lock(t, false)
			if err != nil {
				return err
			}
			name, err := peer.ContinueLedger(t.dir, peer.Options{Lock: lock})
			if err != nil {
				return err
			}
			return t.print(map[string]string{"ledger": name}, func(w io.Writer) {
				fmt.Fprintf(w, "ledger\t%s\n", name)
				fmt.Fprintln(w, "next: give the register authority what `sluis keys show` prints, then sluis run")
			})
		},
	}
	smith.flags(cmd)
	return cmd
}

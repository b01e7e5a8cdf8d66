package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

func ledgerCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "ledger",
		GroupID: "node",
		Short:   "Look at the ledger, verify it, prove what it holds",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var from uint64
	var limit int
	list := &cobra.Command{
		Use:     "list",
		Short:   "List entries: their clear headers, nothing personal",
		Example: "  sluis ledger list --from 100",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			page, err := client.Entries(cmd.Context(), from, limit)
			if err != nil {
				return err
			}
			return t.print(page, func(w io.Writer) {
				fmt.Fprintln(w, "ENTRY\tTIME\tKIND\tWITH\tPURPOSE\tREQUEST")
				for _, e := range page.Entries {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.Index, e.At.Format("2006-01-02 15:04:05"), e.Kind, dash(e.Party), dash(e.Purpose), dash(e.Exchange))
				}
				if page.Next > 0 {
					fmt.Fprintf(w, "more: --from %d\n", page.Next)
				}
			})
		},
	}
	list.Flags().Uint64Var(&from, "from", 0, "`number` of the first entry")
	list.Flags().IntVar(&limit, "limit", 0, "`number` of entries, at most 100")
	head := &cobra.Command{
		Use:     "head",
		Short:   "Print the newest signed checkpoint (C2SP tlog-checkpoint)",
		Example: "  sluis ledger head",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.Checkpoint(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(c, func(w io.Writer) { fmt.Fprint(w, c.Note) })
		},
	}
	verify := &cobra.Command{
		Use:     "verify",
		Short:   "Let the node read every entry again and prove the whole ledger",
		Example: "  sluis ledger verify",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			v, err := client.VerifyLedger(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(v, func(w io.Writer) { fmt.Fprintf(w, "the ledger holds: %d entries\n", v.Size) })
		},
	}
	prove := &cobra.Command{
		Use:     "prove ENTRY",
		Short:   "Print the proof that the ledger holds an entry (RFC 6962)",
		Example: "  sluis ledger prove 41 --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			index, err := strconv.ParseUint(args[0], 10, 63)
			if err != nil {
				return usage(fmt.Errorf("ENTRY: want the number of an entry"))
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			p, err := client.ProveInclusion(cmd.Context(), index, 0)
			if err != nil {
				return err
			}
			return t.print(p, func(w io.Writer) {
				fmt.Fprintf(w, "entry\t%d of %d\n", p.Entry, p.Size)
				fmt.Fprintf(w, "leaf\t%s\n", p.Leaf)
				for _, h := range p.Hashes {
					fmt.Fprintf(w, "hash\t%s\n", h)
				}
			})
		},
	}
	cmd.AddCommand(list, head, verify, prove, consistencyCommand(t), witnessesCommand(t), alarmsCommand(t), ledgerContinueCommand(t))
	return cmd
}

func consistencyCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "consistency SIZE [LATER]",
		Short: "Print the proof that the ledger of an earlier size is the beginning of a later one",
		Long: `Prints the proof (RFC 6962) that the ledger, when it had SIZE entries, is the
beginning of the ledger of LATER entries, or of all that the newest checkpoint
covers. With the two checkpoints anyone can check that nothing was rewritten.`,
		Example: "  sluis ledger consistency 41 --json",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var sizes [2]uint64
			for i, a := range args {
				var err error
				if sizes[i], err = strconv.ParseUint(a, 10, 63); err != nil {
					return usage(fmt.Errorf("SIZE and LATER: want numbers of entries"))
				}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			p, err := client.ProveConsistency(cmd.Context(), sizes[0], sizes[1])
			if err != nil {
				return err
			}
			return t.print(p, func(w io.Writer) {
				fmt.Fprintf(w, "from\t%d to %d\n", p.Old, p.New)
				for _, h := range p.Hashes {
					fmt.Fprintf(w, "hash\t%s\n", h)
				}
			})
		},
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

func caseMomentCommand(t *terminal) *cobra.Command {
	var who api.By
	var on string
	cmd := &cobra.Command{
		Use:   "moment CASE MOMENT",
		Short: "Record a moment from which a term of retention runs",
		Long: `Records that something came about in a case, from which the law counts how long
data may be kept (bewaartermijn). It can be recorded in a closed case too, and
again when the day was wrong.

  client-informed   the client was told the outcome (art. 5.4.5(1)); it starts the
                    term where no coordinated approach follows
  approach-began    a coordinated approach began; while it runs, no term does
  approach-ended    it ended (art. 5.4.5)
  service-ended     a service of the party ended (art. 5.3.4)
  report-received   a report came in, if on another day than the case says
                    (art. 5.5.4(1))`,
		Example: "  sluis case moment 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 client-informed --on 2026-11-20 --as a.jansen",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.RecordMoment(cmd.Context(), who, args[0], api.Moment{Code: args[1], On: on})
			if err != nil {
				return err
			}
			return t.printCase(c)
		},
	}
	cmd.Flags().StringVar(&on, "on", "", "`day`, as 2026-11-20")
	_ = cmd.MarkFlagRequired("on")
	actor(cmd, &who)
	return cmd
}

func retentionCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "retention",
		GroupID: "node",
		Short:   "What is destroyed when, and what puts that off",
		Long: `The node destroys a case or a request when its term of retention (bewaartermijn)
is over: by itself, every day and when it starts. What it destroys is gone from
its files too; the ledger says that it was there and that it went.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(retentionListCommand(t), retentionHoldCommand(t), retentionReleaseCommand(t), retentionSweepCommand(t))
	return cmd
}

func retentionListCommand(t *terminal) *cobra.Command {
	var days int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List what is destroyed soon, and what waits for a moment; nothing in it says whom it is about",
		Example: "  sluis retention list\n  sluis retention list --within 365",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Terms(cmd.Context(), days)
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) { printKept(w, all) })
		},
	}
	cmd.Flags().IntVar(&days, "within", 30, "what is due within so many `days`")
	return cmd
}

// keptKinds are the words for what is kept.
var keptKinds = map[api.KeepKind]string{
	api.KeptCase: "case", api.KeptAsked: "asked by us", api.KeptSupplied: "asked of us", api.KeptPetition: "asked by a person", api.KeptConference: "conference",
}

func printKept(w io.Writer, all []api.Keep) {
	if len(all) == 0 {
		fmt.Fprintln(w, "nothing is due within that time")
		return
	}
	fmt.Fprintln(w, "destroyed on\tID\twhat\tpurpose\tarticle\tremark")
	for _, k := range all {
		due, remark := k.Due, ""
		if due == "" {
			due, remark = "-", "runs from "+strings.Join(k.Waits, " or ")
		}
		if k.Held != "" {
			remark = strings.TrimPrefix(remark+", on hold until "+k.Held, ", ")
		}
		purpose := k.Purpose
		if purpose == "" {
			purpose = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", due, k.ID, keptKinds[k.What], purpose, k.Article, cell(remark))
	}
}

func retentionHoldCommand(t *terminal) *cobra.Command {
	var who api.By
	var why, until string
	cmd := &cobra.Command{
		Use:   "hold ID",
		Short: "Put off the destruction of a case with all that is in it, or of a request",
		Long: `Puts off destruction beyond the term, for a reason and until a day: a complaint or
a court case, or because the person himself wants it kept (art. 18 GDPR). A
privacy officer does this. The reason stays in the dossier.`,
		Example: "  sluis retention hold 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --until 2027-06-01 --why reason.txt --as d.smit",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			reason, err := t.words(why)
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			k, err := client.PlaceHold(cmd.Context(), who, args[0], api.Hold{Reason: reason, Until: until})
			if err != nil {
				return err
			}
			return t.print(k, func(w io.Writer) { printKept(w, []api.Keep{k}) })
		},
	}
	cmd.Flags().StringVar(&until, "until", "", "`day` on which the hold ends by itself")
	cmd.Flags().StringVar(&why, "why", "-", "`file` with the reason; - is standard input")
	_ = cmd.MarkFlagRequired("until")
	actor(cmd, &who)
	return cmd
}

func retentionReleaseCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "release ID",
		Short:   "End a hold before its day",
		Example: "  sluis retention release 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as d.smit",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			k, err := client.LiftHold(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			return t.print(k, func(w io.Writer) { printKept(w, []api.Keep{k}) })
		},
	}
	actor(cmd, &who)
	return cmd
}

func retentionSweepCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "sweep",
		Short:   "Destroy now what is due, instead of waiting for the daily round",
		Example: "  sluis retention sweep",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			count, err := client.Sweep(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(map[string]int{"dossiers": count}, func(w io.Writer) { fmt.Fprintf(w, "destroyed\t%d\n", count) })
		},
	}
}

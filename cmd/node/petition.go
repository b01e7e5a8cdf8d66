package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

func personRequestCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "request",
		Short: "What persons ask who use a right: open, list, show, extend, decide",
		Long: `A request of a person (verzoek van een betrokkene) is a dossier: what he asks, by
when he must hear (a month, art. 12(3) GDPR), and what is decided.

  access         inzage, art. 15         restriction   beperking, art. 18
  rectification  rectificatie, art. 16   objection     bezwaar, art. 21
  erasure        wissen, art. 17`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(petitionOpenCommand(t), petitionListCommand(t), petitionShowCommand(t), petitionExtendCommand(t), petitionDecideCommand(t))
	return cmd
}

func petitionOpenCommand(t *terminal) *cobra.Command {
	var by api.By
	var who whom
	var kind, identity, received, asked string
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Record what a person asks; its month runs from the day on which it came in",
		Long: `Records what a person asks, from the day on which it came in by whatever way. How it
was established who he is:

  digid            he signed in with DigiD
  document         he showed a passport, identity card or licence; keep no copy
  known            a member of staff knows him in person
  representative   somebody with a mandate or by law, who showed both`,
		Example: "  sluis person request open --kind access --received 2026-11-20 --identity digid --asked letter.txt --as a.jansen",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			right, ok := api.PetitionKindOf(kind)
			if !ok {
				return unknownWord("--kind", kind, api.PetitionKindCodes()...)
			}
			proof, ok := api.IdentityProofOf(identity)
			if !ok {
				return unknownWord("--identity", identity, api.IdentityProofCodes()...)
			}
			if asked == "-" && (who.number == "-" || who.document == "-") {
				return usage(errors.New("only one of --asked, --bsn and --person can be standard input"))
			}
			text, err := t.words(asked)
			if err != nil {
				return err
			}
			person, err := who.read(t)
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			p, err := client.OpenPetition(cmd.Context(), by, api.NewPetition{Kind: right, Person: person, Received: received, Identity: proof, Asked: text})
			if err != nil {
				return err
			}
			return t.printPetition(p)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "`right` that he uses: "+strings.Join(api.PetitionKindCodes(), ", "))
	cmd.Flags().StringVar(&received, "received", "", "`day` on which it came in, as 2026-11-20")
	cmd.Flags().StringVar(&identity, "identity", "", "`how` it was established who he is: "+strings.Join(api.IdentityProofCodes(), ", "))
	cmd.Flags().StringVar(&asked, "asked", "", "`file` with what he asks, without a BSN; - is standard input")
	for _, name := range []string{"kind", "received", "identity", "asked"} {
		_ = cmd.MarkFlagRequired(name)
	}
	who.flags(cmd)
	actor(cmd, &by)
	return cmd
}

func (t *terminal) printPetition(p api.Petition) error {
	return t.print(p, func(w io.Writer) { printPetition(w, p) })
}

func printPetition(w io.Writer, p api.Petition) {
	fmt.Fprintf(w, "request\t%s\n", p.ID)
	fmt.Fprintf(w, "of\t%s\n", p.Own)
	fmt.Fprintf(w, "kind\t%s\n", p.Kind.Code())
	fmt.Fprintf(w, "received\t%s\n", p.Received)
	fmt.Fprintf(w, "last day\t%s\n", p.Due)
	fmt.Fprintf(w, "status\t%s\n", petitionStatus(p))
}

func petitionListCommand(t *terminal) *cobra.Command {
	var within int
	var params api.ListPetitionsParams
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what must be answered, the first to be late at the top; nothing in it says whose it is",
		Example: `  sluis person request list
  sluis person request list --due-within 7
  sluis person request list --decided`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("due-within") {
				params.Within = &within
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Petitions(cmd.Context(), params)
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) {
				if len(all) == 0 {
					fmt.Fprintln(w, "nothing is waiting")
					return
				}
				fmt.Fprintln(w, "LAST DAY\tREQUEST\tKIND\tOF\tRECEIVED\tSTATUS")
				for _, p := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", p.Due, p.ID, p.Kind.Code(), p.Own, p.Received, petitionStatus(p))
				}
			})
		},
	}
	cmd.Flags().IntVar(&within, "due-within", 0, "only what must be answered within so many `days`, or is late")
	cmd.Flags().BoolVar(&params.Closed, "decided", false, "those that are decided too")
	cmd.Flags().StringVar(&params.Hat, "hat", "", "only those of this `capacity` of ours")
	return cmd
}

func petitionShowCommand(t *terminal) *cobra.Command {
	var by api.By
	cmd := &cobra.Command{
		Use:     "show REQUEST",
		Short:   "Show all of what a person asks; that somebody looked is in the ledger",
		Example: "  sluis person request show 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as d.smit",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.ViewPetition(cmd.Context(), by, args[0])
			if err != nil {
				return err
			}
			return t.print(c, func(w io.Writer) {
				printPetition(w, c.Petition)
				fmt.Fprintf(w, "person\t%s\n", cell(strings.Join(present(c.Person.Name, c.Person.Born, c.Person.BSN), ", ")))
				fmt.Fprintf(w, "identified by\t%s\n", c.Identity.Code())
				fmt.Fprintf(w, "opened\t%s by %s\n", c.Opened.Format("2006-01-02 15:04"), c.By)
				fmt.Fprintf(w, "asks\t%s\n", cell(c.Asked))
				if e := c.Extension; e != nil {
					fmt.Fprintf(w, "extended\tby %s; told on %s: %s\n", e.By, e.Told, cell(e.Why))
				}
				if r := c.Ruling; r != nil {
					fmt.Fprintf(w, "decided\t%s by %s\n", strings.TrimSuffix(r.Outcome.Code()+", "+r.Ground.Code(), ", "), r.By)
					if r.Weighing != "" {
						fmt.Fprintf(w, "weighing\t%s\n", cell(r.Weighing))
					}
					for _, part := range r.Without {
						fmt.Fprintf(w, "left out\t%s\n", part.Code())
					}
				}
			})
		},
	}
	actor(cmd, &by)
	return cmd
}

func petitionExtendCommand(t *terminal) *cobra.Command {
	var by api.By
	var e api.Extension
	var why string
	cmd := &cobra.Command{
		Use:   "extend REQUEST",
		Short: "Make the month two months longer, once, after the person was told why",
		Long: `Makes the deadline two months longer (art. 12(3) GDPR): only where it takes that long
because of how complicated or how many his requests are. Tell the person why, within
the month, and record it here within the month.`,
		Example: "  sluis person request extend 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --told 2026-12-10 --why told.txt --as d.smit",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if e.Why, err = t.words(why); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			p, err := client.ExtendPetition(cmd.Context(), by, args[0], e)
			if err != nil {
				return err
			}
			return t.printPetition(p)
		},
	}
	cmd.Flags().StringVar(&e.Told, "told", "", "`day` on which the person was told")
	cmd.Flags().StringVar(&why, "why", "-", "`file` with what he was told; - is standard input")
	_ = cmd.MarkFlagRequired("told")
	actor(cmd, &by)
	return cmd
}

func petitionDecideCommand(t *terminal) *cobra.Command {
	var by api.By
	var outcome, ground, weighing string
	var without []string
	cmd := &cobra.Command{
		Use:   "decide REQUEST",
		Short: "Record what is decided on what a person asks; what is refused has a ground and a weighing",
		Long: `Records the decision of the privacy officer. granted needs no more. partly and refused
need a ground, and in words how it was weighed, which the person reads.

  conditions-not-met   the article does not give him this
  not-identified       art. 12(2)(6): who he is could not be established
  excessive            art. 12(5): manifestly unfounded or excessive
  rights-of-others     art. 15(4), art. 41(1)(i) UAVG
  prosecution          art. 41(1)(d) UAVG
  supervision          art. 41(1)(h) UAVG
  statutory-duty       art. 17(3)(b), for erasure
  legal-claim          art. 17(3)(e), 18(2), 21(1), for erasure, restriction, objection
  compelling-grounds   art. 21(1), for objection

Of access that is granted partly, --without names what the report leaves out:
reasons (why something was not supplied), weighing, notes, content, motives (why the
asker asked). Names of staff and other people are never in it.`,
		Example: `  sluis person request decide 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --outcome granted --as d.smit
  sluis person request decide 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --outcome partly --ground rights-of-others \
      --weighing why.txt --without notes --as d.smit`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := api.Ruling{}
			var ok bool
			if r.Outcome, ok = api.RulingOutcomeOf(outcome); !ok {
				return unknownWord("--outcome", outcome, api.RulingOutcomeCodes()...)
			}
			if r.Ground, ok = api.RefusalGroundOf(ground); !ok && ground != "" {
				return unknownWord("--ground", ground, api.RefusalGroundCodes()...)
			}
			for _, name := range without {
				part, ok := api.PartOf(name)
				if !ok {
					return unknownWord("--without", name, api.PartCodes()...)
				}
				r.Without = append(r.Without, part)
			}
			var err error
			if r.Weighing, err = t.words(weighing); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			p, err := client.DecidePetition(cmd.Context(), by, args[0], r)
			if err != nil {
				return err
			}
			return t.printPetition(p)
		},
	}
	cmd.Flags().StringVar(&outcome, "outcome", "", "`what` is decided: "+strings.Join(api.RulingOutcomeCodes(), ", "))
	cmd.Flags().StringVar(&ground, "ground", "", "`ground` on which it is refused, or a part of it")
	cmd.Flags().StringVar(&weighing, "weighing", "", "`file` with how it was weighed; - is standard input")
	cmd.Flags().StringSliceVar(&without, "without", nil, "`part` that the report leaves out; may be repeated")
	_ = cmd.MarkFlagRequired("outcome")
	actor(cmd, &by)
	return cmd
}

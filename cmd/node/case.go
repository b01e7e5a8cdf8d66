package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
)

// exampleCase is a case as `sluis case open` reads it; the person is invented.
const exampleCase = `{
  "aanleiding": {
    "code": "client-request",
    "op": "TODAY",
    "verklaringen": [
      { "code": "act", "tekst": "participatiewet" },
      { "code": "suspicion", "tekst": "client-said" },
      { "code": "coherence", "tekst": "without work the debts grow, and with the debts no work comes" }
    ],
    "domeinen": ["probation", "debts", "housing"]
  },
  "personen": [
    { "rol": "client", "bsn": "999993847", "naam": "D. Proefstra", "geboortedatum": "1987-03-14", "adres": "Sluisweg 12, Voorbeeldstad" }
  ]
}
`

func caseCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "case",
		GroupID: "exchange",
		Short:   "Open, show and close cases: what requests belong to",
		Long: `A case (casus) begins with a trigger: the client's request, a party's motivated
request, a report, … There is no request without a case, and it is about a person
of the case only. sluis triggers lists the triggers and what each wants stated.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(caseOpenCommand(t), caseListCommand(t), caseShowCommand(t), caseAdmitCommand(t), caseMomentCommand(t), caseCloseCommand(t))
	return cmd
}

func caseOpenCommand(t *terminal) *cobra.Command {
	var who api.By
	var file string
	var example bool
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Open a case on a trigger",
		Long: `Opens a case. It is read from a file or from standard input, as the JSON that the
API takes, since what it says of people does not belong on a command line.
Persons are numbered from 1 in the order in which they stand there; a request
names one by his number.`,
		Example: `  sluis case open --example > case.json
  sluis case open --as a.jansen --file case.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if example {
				_, err := io.WriteString(t.out, strings.Replace(exampleCase, "TODAY", time.Now().UTC().Format(time.DateOnly), 1))
				return err
			}
			var c api.NewCase
			if err := t.read(file, "NieuweCasus", &c); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			opened, err := client.OpenCase(cmd.Context(), who, c)
			if err != nil {
				return err
			}
			return t.printCase(opened)
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with the case; - is standard input")
	cmd.Flags().BoolVar(&example, "example", false, "print an example case and do nothing else")
	actor(cmd, &who)
	return cmd
}

func (t *terminal) printCase(c api.Case) error {
	return t.print(c, func(w io.Writer) {
		fmt.Fprintf(w, "case\t%s\n", c.ID)
		fmt.Fprintf(w, "of\t%s\n", c.Own)
		fmt.Fprintf(w, "trigger\t%s\n", c.Trigger)
		fmt.Fprintf(w, "persons\t%d\n", c.People)
		fmt.Fprintf(w, "opened\t%s\n", c.Opened.Format("2006-01-02 15:04"))
		fmt.Fprintf(w, "closed\t%s\n", closed(c))
	})
}

func caseListCommand(t *terminal) *cobra.Command {
	var params api.ListCasesParams
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List cases; nothing in it says who they are about",
		Example: "  sluis case list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			page, err := client.Cases(cmd.Context(), params)
			if err != nil {
				return err
			}
			return t.print(page, func(w io.Writer) {
				fmt.Fprintln(w, "CASE\tOF\tTRIGGER\tPERSONS\tOPENED\tCLOSED")
				for _, c := range page.Cases {
					fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", c.ID, c.Own, c.Trigger, c.People, c.Opened.Format(time.DateOnly), closed(c))
				}
				if page.Next != "" {
					fmt.Fprintf(w, "more: --cursor %s\n", page.Next)
				}
			})
		},
	}
	cmd.Flags().StringVar(&params.Hat, "hat", "", "only those of this `capacity` of ours")
	cmd.Flags().StringVar(&params.Cursor, "cursor", "", "`cursor` of the next page")
	cmd.Flags().IntVar(&params.Limit, "limit", 0, "`number` of cases on a page, at most 100")
	return cmd
}

func closed(c api.Case) string {
	if c.Closed.IsZero() {
		return "-"
	}
	return c.Closed.Format(time.DateOnly)
}

func caseShowCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "show CASE",
		Short:   "Show all of a case; that somebody looked is in the ledger",
		Example: "  sluis case show 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.ViewCase(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			return t.print(c, func(w io.Writer) {
				fmt.Fprintf(w, "case\t%s of %s\n", c.Case.ID, c.Case.Own)
				fmt.Fprintf(w, "opened\t%s by %s\n", c.Case.Opened.Format("2006-01-02 15:04"), c.By)
				fmt.Fprintf(w, "trigger\t%s, on %s %s\n", c.Trigger.Code, c.Trigger.On, c.Trigger.From)
				printStatements(w, "  stated", c.Trigger.Statements)
				if len(c.Trigger.Scope) > 0 {
					fmt.Fprintf(w, "agreed to ask about\t%s\n", strings.Join(c.Trigger.Scope, ", "))
				}
				for _, p := range c.People {
					fmt.Fprintf(w, "person %d\t%s: %s\n", p.Number, p.Standing.Code(), cell(strings.Join(present(p.Name, p.Born, p.Address, p.BSN), ", ")))
					if p.Agreed != "" {
						fmt.Fprintf(w, "  agreed\t%s\n", p.Agreed)
					}
				}
			})
		},
	}
	actor(cmd, &who)
	return cmd
}

// present leaves out what is empty.
func present(all ...string) (some []string) {
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

func caseAdmitCommand(t *terminal) *cobra.Command {
	var who api.By
	var file string
	cmd := &cobra.Command{
		Use:   "admit CASE",
		Short: "Add somebody to a case, or record that a family member agreed to take part",
		Long: `Adds a person to a case. He is read from a file or from standard input, as JSON:
  { "rol": "gezinslid", "naam": "…", "geboortedatum": "1979-01-01", "adres": "…" }
The same person again, with "ingestemdOp", records that a family member agreed to
take part, after which he is a client too (art. 1.1.1).`,
		Example: "  sluis case admit 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen --file person.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var p api.CasePerson
			if err := t.read(file, "Betrokkene", &p); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.Admit(cmd.Context(), who, args[0], p)
			if err != nil {
				return err
			}
			return t.printCase(c)
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with the person; - is standard input")
	actor(cmd, &who)
	return cmd
}

func caseCloseCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "close CASE",
		Short:   "Close a case; nothing is asked in it any more",
		Example: "  sluis case close 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.CloseCase(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			return t.printCase(c)
		},
	}
	actor(cmd, &who)
	return cmd
}

package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
)

// exampleConference is a conference as `sluis conference organise` reads it.
const exampleConference = `{
  "casus": "CASE",
  "persoon": 1,
  "doel": "conference/investigation",
  "vraag": "who begins with what, now that his debts keep him from work",
  "einde": "ENDS",
  "clientUitgenodigd": true,
  "genodigden": [
    { "partij": "00000099000002002000:probation", "reden": "its supervision decides when he can work" }
  ]
}
`

// exampleContribution is what `sluis conference contribute` reads.
const exampleContribution = `{
  "gegevens": [
    { "code": "supervision-running", "diepte": "proces", "inhoud": "until the end of March" }
  ],
  "stappen": [
    { "stap": "act-allows", "uitkomst": "yes", "toelichting": "art. 39f Wjsg" },
    { "stap": "least", "uitkomst": "yes" }
  ]
}
`

// exampleAgreement is what `sluis conference agree` reads.
const exampleAgreement = `{ "wie": "debt help", "wat": "calls before the first of January" }
`

func conferenceCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "conference",
		GroupID: "exchange",
		Short:   "Confer with other parties on one person (casusoverleg)",
		Long: `A case conference (art. 5.4.3): the parties that are necessary, each with why, and
the client, or the weighty interest for which he is not there. What is said goes to
who takes part, is read while the conference goes on, and is destroyed at every node
when it is over. What stays is who does what; that goes to nobody by itself.

Taking an item along is a request to who said it, while the conference goes on:
sluis conference take. He decides on it as on any other, with sluis weigh and
sluis decide.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(conferenceOrganiseCommand(t), conferenceListCommand(t), conferenceShowCommand(t), conferenceAnswerCommand(t),
		conferenceContributeCommand(t), conferenceAgreeCommand(t), conferenceTakeCommand(t), conferenceCloseCommand(t))
	return cmd
}

func conferenceOrganiseCommand(t *terminal) *cobra.Command {
	var who api.By
	var file, in string
	var example bool
	cmd := &cobra.Command{
		Use:   "organise",
		Short: "Begin a conference and invite its parties",
		Long: `Organises a conference about a person of a case. It is read from a file or from
standard input, as the JSON that the API takes. Each party is told why it is
necessary. Where the client is not invited, "clientNietOmdat" names the weighty
interest (see client-absent in sluis statements) and "clientToelichting" says more;
both stay with you. Who asked for the investigation belongs to the parties.`,
		Example: `  sluis conference organise --example --case 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 > conference.json
  sluis conference organise --as a.jansen --file conference.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if example {
				text := strings.Replace(exampleConference, "ENDS", time.Now().UTC().AddDate(0, 0, 7).Format("2006-01-02T15:00:00Z"), 1)
				if in != "" {
					text = strings.Replace(text, "CASE", in, 1)
				}
				_, err := io.WriteString(t.out, text)
				return err
			}
			var n api.NewConference
			if err := t.read(file, "NieuwCasusoverleg", &n); err != nil {
				return err
			}
			if in != "" {
				n.Case = in
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.Organise(cmd.Context(), who, n)
			if err != nil {
				return err
			}
			return t.printConference(c)
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with the conference; - is standard input")
	cmd.Flags().StringVar(&in, "case", "", "`ID` of the case, in place of the one in the file")
	cmd.Flags().BoolVar(&example, "example", false, "print an example and do nothing else")
	actor(cmd, &who)
	return cmd
}

func conferenceListCommand(t *terminal) *cobra.Command {
	var hat string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List conferences; nothing in it says who they are about",
		Example: "  sluis conference list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Conferences(cmd.Context(), hat)
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "CONFERENCE\tAS\tORGANISER\tWE\tTAKE PART\tOVER")
				for _, c := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d of %d\t%s\n", c.ID, c.Own, c.Organiser, ours(c), c.Coming, c.Seats, overAt(c))
				}
			})
		},
	}
	cmd.Flags().StringVar(&hat, "hat", "", "only those of this `capacity` of ours")
	return cmd
}

// ours is what we are in a conference.
func ours(c api.Conference) string {
	if c.State == "" {
		return "organise it"
	}
	return seatWords[c.State.Code()]
}

// seatWords are the words for where a party stands.
var seatWords = map[string]string{"invited": "are asked", "coming": "take part", "declined": "declined", "failed": "not reached"}

func overAt(c api.Conference) string {
	if c.Open {
		return "at " + c.Over.Format("2006-01-02 15:04")
	}
	return "since " + c.Over.Format("2006-01-02 15:04")
}

func (t *terminal) printConference(c api.Conference) error {
	return t.print(c, func(w io.Writer) { printConferenceHead(w, c) })
}

func printConferenceHead(w io.Writer, c api.Conference) {
	fmt.Fprintf(w, "conference\t%s of %s, for %s\n", c.ID, c.Organiser, c.Purpose)
	fmt.Fprintf(w, "we\t%s\n", ours(c))
	fmt.Fprintf(w, "take part\t%d of %d invited\n", c.Coming, c.Seats)
	fmt.Fprintf(w, "over\t%s\n", overAt(c))
}

func conferenceShowCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "show CONFERENCE",
		Short:   "Show all of a conference; that somebody looked is in the ledger",
		Example: "  sluis conference show 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.ViewConference(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			return t.print(c, func(w io.Writer) { printConferenceContent(w, c) })
		},
	}
	actor(cmd, &who)
	return cmd
}

func printConferenceContent(w io.Writer, c api.ConferenceContent) {
	printConferenceHead(w, c.Conference)
	fmt.Fprintf(w, "about\t%s\n", cell(strings.Join(present(c.Person.Name, c.Person.Born, c.Person.Address, c.Person.BSN), ", ")))
	fmt.Fprintf(w, "question\t%s\n", cell(c.Question))
	client := "invited"
	if !c.Client {
		client = "not invited"
		if c.Absent != "" {
			client += ", since " + c.Absent + ": " + cell(c.AbsentWhy)
		}
	}
	fmt.Fprintf(w, "the client\t%s\n", client)
	for _, s := range c.Seats {
		line := fmt.Sprintf("%s, %s", s.Party, s.State.Code())
		if s.Code != "" {
			line += " (" + cell(s.Code) + ")"
		}
		if s.Missed > 0 {
			line += fmt.Sprintf(", missed %d messages of ours", s.Missed)
		}
		fmt.Fprintf(w, "invited\t%s\n", line)
		if s.Why != "" {
			fmt.Fprintf(w, "  since\t%s\n", cell(s.Why))
		}
	}
	for _, said := range c.Said {
		fmt.Fprintf(w, "said by\t%s, %s\n", said.By, said.At.Format("2006-01-02 15:04"))
		for _, i := range said.Items {
			of := ""
			if i.Of != "" {
				of = ", of " + i.Of
			}
			fmt.Fprintf(w, "  %s\t%s%s: %s\n", i.Code, i.Depth.Code(), of, cell(i.Value))
		}
	}
	for _, a := range c.Agreements {
		fmt.Fprintf(w, "agreed\t%s: %s\n", cell(a.Who), cell(a.What))
	}
}

func conferenceAnswerCommand(t *terminal) *cobra.Command {
	var who api.By
	var coming, declined bool
	cmd := &cobra.Command{
		Use:     "answer CONFERENCE",
		Short:   "Say whether we take part",
		Example: "  sluis conference answer 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries --coming",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if coming == declined {
				return usage(errors.New("say --coming or --declined"))
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.AnswerConference(cmd.Context(), who, args[0], coming)
			if err != nil {
				return err
			}
			return t.printConference(c)
		},
	}
	cmd.Flags().BoolVar(&coming, "coming", false, "we take part")
	cmd.Flags().BoolVar(&declined, "declined", false, "we do not")
	actor(cmd, &who)
	return cmd
}

func conferenceContributeCommand(t *terminal) *cobra.Command {
	var who api.By
	var file string
	var example bool
	cmd := &cobra.Command{
		Use:   "contribute CONFERENCE",
		Short: "Say something in a conference, by your own weighing",
		Long: `Says items about the person to who takes part, or with "aan" to some of them. It is
read from a file or from standard input, as the JSON that the API takes. "stappen"
are the steps of your own weighing (sluis weighings). An item that another party
supplied to you names the request in which it did, with "uit"; its conditions hold,
and what may only be said may be said here.`,
		Example: `  sluis conference contribute --example > said.json
  sluis conference contribute 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries --file said.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if example {
				_, err := io.WriteString(t.out, exampleContribution)
				return err
			}
			if len(args) == 0 {
				return usage(errors.New("name the conference; sluis conference list shows which there are"))
			}
			var n api.NewContribution
			if err := t.read(file, "NieuweInbreng", &n); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.Contribute(cmd.Context(), who, args[0], n)
			if err != nil {
				return err
			}
			return t.print(c, func(w io.Writer) { fmt.Fprintf(w, "said\t%d items to %s\n", len(c.Items), strings.Join(c.To, ", ")) })
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with what is said; - is standard input")
	cmd.Flags().BoolVar(&example, "example", false, "print an example and do nothing else")
	actor(cmd, &who)
	return cmd
}

func conferenceAgreeCommand(t *terminal) *cobra.Command {
	var who api.By
	var file string
	var example bool
	cmd := &cobra.Command{
		Use:   "agree CONFERENCE",
		Short: "Record who does what; it goes to nobody",
		Long: `Records an agreement: who does what, and a short note. There are no minutes
(art. 5.4.3(3)). Each party has its own; what it needs of it goes on by a decision.`,
		Example: `  sluis conference agree --example > agreement.json
  sluis conference agree 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen --file agreement.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if example {
				_, err := io.WriteString(t.out, exampleAgreement)
				return err
			}
			if len(args) == 0 {
				return usage(errors.New("name the conference; sluis conference list shows which there are"))
			}
			var n api.NewAgreement
			if err := t.read(file, "NieuweAfspraak", &n); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.RecordAgreement(cmd.Context(), who, args[0], n)
			if err != nil {
				return err
			}
			return t.printConference(c)
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with the agreement; - is standard input")
	cmd.Flags().BoolVar(&example, "example", false, "print an example and do nothing else")
	actor(cmd, &who)
	return cmd
}

func conferenceTakeCommand(t *terminal) *cobra.Command {
	var who api.By
	var file string
	cmd := &cobra.Command{
		Use:   "take CONFERENCE",
		Short: "Ask who said something whether you may take it along",
		Long: `Asks to take along what another party said (art. 5.4.3(4)). The request is the JSON
that sluis ask takes, for the purpose conference/taking, in a case of your own part in
the approach (trigger takes-part). It needs three things: that you need it for your
own task, which the request says; that who said it agrees, which he decides; and for
health, other special and criminal data that your organisation may have them.`,
		Example: "  sluis conference take 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries --file request.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var request api.NewRequest
			if err := t.read(file, "NieuwVerzoek", &request); err != nil {
				return err
			}
			request.Conference = args[0]
			client, err := t.client()
			if err != nil {
				return err
			}
			made, err := client.Ask(cmd.Context(), who, request)
			if err != nil {
				return err
			}
			return t.printRequest(made)
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with the request; - is standard input")
	actor(cmd, &who)
	return cmd
}

func conferenceCloseCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "close CONFERENCE",
		Short:   "End a conference; what was said is destroyed at every node",
		Example: "  sluis conference close 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			c, err := client.CloseConference(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			return t.printConference(c)
		},
	}
	actor(cmd, &who)
	return cmd
}

func coordinationCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "coordination",
		GroupID: "exchange",
		Short:   "End a coordinated approach: hand all back to the municipality",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(coordinationEndCommand(t))
	return cmd
}

func coordinationEndCommand(t *terminal) *cobra.Command {
	var who api.By
	var why, told string
	var leave bool
	cmd := &cobra.Command{
		Use:   "end CASE",
		Short: "Hand all that the coordinator holds back, and keep nothing",
		Long: `Ends the coordination in a case (art. 5.4.4(7) and (8)). All that the coordinator got
goes to the college that appointed him; what the college passed on itself it has. When
its receipts have come, this node destroys its copies, and the ledger says so. What is
on hold stays until its day.

An item that its supplier lets nobody pass on stops this: ask permission, or say
--leave, and it ends here. Do it again when a part did not arrive.`,
		Example: "  sluis coordination end 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as d.visser --why ./why.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n := api.NewHandBack{Told: told, Leave: leave}
			var err error
			if n.Why, err = t.words(why); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			back, err := client.EndCoordination(cmd.Context(), who, args[0], n)
			if err != nil {
				return err
			}
			return t.print(back, func(w io.Writer) {
				fmt.Fprintf(w, "handed back\t%d to %s\n", len(back.Passed), back.To)
				if back.Left > 0 {
					fmt.Fprintf(w, "ends here\t%d items that may not be passed on\n", back.Left)
				}
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&why, "why", "", "`file` with what the college is told with it; - is standard input")
	f.StringVar(&told, "told", "", "`day` on which the client was told of it, as 2026-11-20")
	f.BoolVar(&leave, "leave", false, "what may not be passed on ends here")
	_ = cmd.MarkFlagRequired("why")
	actor(cmd, &who)
	return cmd
}

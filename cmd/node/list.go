package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

// phases are the codes of the phases that a request can be in.
var phases = []string{"queued", "delivered", "weighing", "clarifying", "proposed", "decided", "answered", "refused", "withdrawn", "expired", "rejected"}

func listCommand(t *terminal) *cobra.Command {
	var side, status, cursor, in, hat string
	var broad bool
	var limit int
	var ids bool
	cmd := &cobra.Command{
		Use:     "list",
		GroupID: "exchange",
		Short:   "List requests and where they stand; nothing in it says who they are about",
		Example: `  sluis list
  sluis list --side supplier --status weighing`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			params := api.ListRequestsParams{Cursor: cursor, Limit: limit, Case: in, Hat: hat, Broad: broad}
			if side != "" {
				word, ok := api.SideOf(side)
				if !ok {
					return unknownWord("--side", side, "asker", "supplier")
				}
				params.Side = word
			}
			if status != "" {
				word, ok := api.PhaseOf(status)
				if !ok {
					return unknownWord("--status", status, phases...)
				}
				params.Phase = word
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			page, err := client.Requests(cmd.Context(), params)
			if err != nil {
				return err
			}
			return t.print(page, func(w io.Writer) {
				if ids {
					for _, r := range page.Requests {
						fmt.Fprintln(w, r.ID)
					}
					return
				}
				fmt.Fprintln(w, "REQUEST\tSIDE\tSTATUS\tFROM\tTO\tPURPOSE\tITEMS\tDUE")
				for _, r := range page.Requests {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.ID, r.Side.Code(), said(r.Phase.Code()), r.From, r.To,
						r.Purpose, r.Items, r.Due.Format("2006-01-02"))
				}
				if page.Next != "" {
					fmt.Fprintf(w, "more: --cursor %s\n", page.Next)
				}
			})
		},
	}
	cmd.Flags().StringVar(&side, "side", "", "only as `side`: asker or supplier")
	cmd.Flags().StringVar(&status, "status", "", "only with this `status`: "+strings.Join(phases, ", "))
	cmd.Flags().StringVar(&in, "case", "", "only in the case with this `ID`")
	cmd.Flags().StringVar(&hat, "hat", "", "only what this `capacity` of ours asks or is asked")
	cmd.Flags().BoolVar(&broad, "broad", false, "only requests to many parties at once")
	cmd.Flags().BoolVar(&ids, "ids", false, "print nothing but the ID of each request")
	cmd.Flags().StringVar(&cursor, "cursor", "", "`cursor` of the next page")
	cmd.Flags().IntVar(&limit, "limit", 0, "`number` of requests on a page, at most 100")
	return cmd
}

func showCommand(t *terminal) *cobra.Command {
	var who api.By
	var content bool
	cmd := &cobra.Command{
		Use:     "show REQUEST",
		GroupID: "exchange",
		Short:   "Show where a request stands, or with --content all of it",
		Long: `Shows where a request stands. With --content it shows who it is about, what was
asked, decided and supplied, to a member of staff who may see it; that he looked
is in the ledger.`,
		Example: `  sluis show 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857
  sluis show 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --content --as a.jansen`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			if !content {
				r, err := client.Request(cmd.Context(), args[0], who.Hat)
				if err != nil {
					return err
				}
				return t.printRequest(r)
			}
			if who.Staff == "" {
				return usage(errors.New("--content needs --as: looking is recorded"))
			}
			c, err := client.Open(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			names, err := partyNames(cmd.Context(), client, partiesIn(c)...)
			if err != nil {
				return err
			}
			return t.print(c, func(w io.Writer) { t.printContent(w, c, names) })
		},
	}
	cmd.Flags().BoolVar(&content, "content", false, "show all of it; this is recorded")
	actor(cmd, &who)
	return cmd
}

// partyNames is what the register calls parties: a partner does not choose how
// he is shown. A party that it does not have any more has no name.
func partyNames(ctx context.Context, client *api.Client, parties ...string) (map[string]string, error) {
	names := map[string]string{}
	for _, p := range parties {
		oin, _, _ := strings.Cut(p, ":")
		party, err := client.Party(ctx, oin)
		var problem *api.Problem
		if err != nil && !errors.As(err, &problem) {
			return nil, err
		}
		names[p] = party.Name
	}
	return names, nil
}

// named is a party with its name in the register.
func named(party string, names map[string]string) string {
	if name := names[party]; name != "" {
		return party + ", " + cell(name)
	}
	return party
}

func (t *terminal) printContent(w io.Writer, c api.Content, names map[string]string) {
	r := c.Request
	if r.PassedOn {
		fmt.Fprintf(w, "passed on to us\t%s\n", r.ID)
		fmt.Fprintf(w, "by\t%s\n", named(r.To, names))
		fmt.Fprintf(w, "supplied by\t%s\n", named(c.Source, names))
	} else {
		fmt.Fprintf(w, "request\t%s, %s\n", r.ID, said(r.Phase.Code()))
		fmt.Fprintf(w, "from\t%s\n", named(r.From, names))
		fmt.Fprintf(w, "contact\t%s\n", cell(c.Contact))
		fmt.Fprintf(w, "to\t%s\n", named(r.To, names))
	}
	if c.About.BSN != "" {
		fmt.Fprintf(w, "about\tBSN %s\n", c.About.BSN)
	} else {
		fmt.Fprintf(w, "about\t%s, born %s, %s\n", cell(c.About.Name), cell(c.About.Born), cell(c.About.Address))
	}
	if c.Trigger.Code != "" { // nobody asked for what was passed on
		fmt.Fprintf(w, "trigger\t%s, on %s\n", c.Trigger.Code, c.Trigger.On)
	}
	fmt.Fprintf(w, "purpose\t%s: %s\n", r.Purpose, cell(c.Specific))
	printStatements(w, "stated", c.Statements)
	if c.Involvement.State != "" {
		fmt.Fprintf(w, "client\t%s\n", strings.TrimSuffix(c.Involvement.State.Code()+": "+cell(c.Involvement.Why), ": "))
	}
	if c.Consent != nil {
		fmt.Fprintf(w, "consent\t%s %s\n", c.Consent.State.Code(), c.Consent.On)
	}
	asked := c.Items
	if r.PassedOn {
		asked = nil // nobody asked
	}
	for _, i := range asked {
		fmt.Fprintf(w, "asked\t%s, at most %s: %s\n", i.Code, i.Depth.Code(), cell(i.Why))
		printStatements(w, "  stated", i.Statements)
	}
	if c.Broad != "" {
		fmt.Fprintf(w, "so many since\t%s\n", cell(c.Broad))
	}
	for _, q := range c.Clarifications {
		fmt.Fprintf(w, "question\t%s\n", cell(q.Question))
		if q.Reply != "" {
			fmt.Fprintf(w, "  reply\t%s\n", cell(q.Reply))
		}
	}
	t.printWeighing(w, c.Weighing)
	if d := c.Decision; d != nil {
		fmt.Fprintf(w, "decided\tby %s, %s\n", strings.TrimSuffix(d.By+" and "+d.Second, " and "), d.At.Format("2006-01-02 15:04"))
		for _, i := range d.Items {
			printOutcome(w, i.Code, i.Outcome, i.Depth, i.Value, i.Tell)
		}
		t.printConditions(w, d.Conditions)
	}
	if a := c.Answer; a != nil {
		fmt.Fprintf(w, "answer\tof %s\n", a.At.Format("2006-01-02 15:04"))
		for _, i := range a.Items {
			if i.Mark != "" {
				fmt.Fprintf(w, "  %s\t%s\n", i.Code, said(i.Mark.Code()))
				continue
			}
			printOutcome(w, i.Code, i.Outcome, i.Depth, i.Value, i.Tell)
		}
		t.printConditions(w, a.Conditions)
	}
	printOnward(w, c, names)
}

// partiesIn lists the parties that an exchange names.
func partiesIn(c api.Content) []string {
	all := []string{c.Request.From, c.Request.To}
	if c.Source != "" {
		all = append(all, c.Source)
	}
	for _, r := range c.Permissions {
		all = append(all, r.Of, r.Holder, r.Recipient)
	}
	for _, p := range c.Passings {
		all = append(all, p.From, p.To)
	}
	for _, n := range c.Corrections {
		for _, to := range n.To {
			all = append(all, to.Party)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func printStatements(w io.Writer, name string, all []api.Statement) {
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s: %s\n", name, s.Code, cell(s.Text))
	}
}

func printOutcome(w io.Writer, item string, outcome api.Outcome, depth api.Depth, value, tell string) {
	line := fmt.Sprintf("  %s\twithheld", item)
	if outcome == api.Supply {
		line = fmt.Sprintf("  %s\tsupplied (%s): %s", item, depth.Code(), cell(value))
	}
	if tell != "" {
		line += "; says: " + cell(tell)
	}
	fmt.Fprintln(w, line)
}

func withdrawCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "withdraw REQUEST",
		GroupID: "exchange",
		Short:   "Take a request back; an answer that comes later is not accepted",
		Example: "  sluis withdraw 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			r, err := client.Withdraw(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			return t.printRequest(r)
		},
	}
	actor(cmd, &who)
	return cmd
}

func messagesCommand(t *terminal) *cobra.Command {
	var hat string
	cmd := &cobra.Command{
		Use:     "messages REQUEST",
		GroupID: "exchange",
		Short:   "List the messages of a request and where each stands in both ledgers",
		Example: "  sluis messages 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			messages, err := client.Messages(cmd.Context(), args[0], hat)
			if err != nil {
				return err
			}
			return t.print(messages, func(w io.Writer) {
				fmt.Fprintln(w, "MESSAGE\t\tOUR ENTRY\tTHEIR ENTRY\tDIGEST")
				for _, m := range messages {
					theirs := "-"
					if m.Receipt != nil {
						theirs = fmt.Sprintf("%d of %d", m.Receipt.Entry, m.Receipt.Size)
					}
					fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", m.Kind.Code(), sentOrReceived(m.Direction), m.Entry, theirs, m.Digest)
				}
			})
		},
	}
	cmd.Flags().StringVar(&hat, "hat", "", "`capacity` whose side to show, where both are ours")
	return cmd
}

func sentOrReceived(d api.Direction) string {
	if d == api.Sent {
		return "sent"
	}
	return "received"
}

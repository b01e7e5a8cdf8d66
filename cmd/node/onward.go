package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

// A passing is what the flags of sluis pass and sluis permission ask say.
type passing struct {
	who               api.By
	to, purpose, why  string
	told              string
	items, conditions []string
	check             bool
}

func (p *passing) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.to, "to", "", "`party` that gets it, as OIN:capacity")
	f.StringVar(&p.purpose, "for", "", "`purpose` for which it may have it; sluis purposes lists them")
	f.StringArrayVar(&p.items, "item", nil, "`item` to pass on; repeat for more")
	f.StringVar(&p.why, "why", "", "`file` that says why the other needs it; - is standard input")
	for _, name := range []string{"to", "for", "item", "why"} {
		_ = cmd.MarkFlagRequired(name)
	}
	actor(cmd, &p.who)
}

func passCommand(t *terminal) *cobra.Command {
	var p passing
	cmd := &cobra.Command{
		Use:     "pass REQUEST",
		GroupID: "exchange",
		Short:   "Pass items that were supplied to you on to another party",
		Long: `Passes items on (doorverstrekken): only those that the conditions of everybody who
supplied them allow, with permission where that is wanted. The recipient gets the
supplier's own signature, the conditions and the permission with it, and his node
checks them; the supplier is told. Take --check first: it shows what stands in the
way and passes nothing on.

With --condition you add conditions of your own; none that is there can be taken
away. sluis decide --help says how conditions are written.`,
		Example: `  sluis pass 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen --check \
      --to 00000099000004004000:youth-care --for investigation/inform --item supervision-running --why ./why.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n := api.NewPassing{To: p.to, Purpose: p.purpose, Items: p.items, Told: p.told}
			for _, s := range p.conditions {
				c, err := conditionOf(s)
				if err != nil {
					return err
				}
				n.Conditions = append(n.Conditions, c)
			}
			var err error
			if n.Why, err = t.words(p.why); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			if p.check {
				all, err := client.JudgePassing(cmd.Context(), p.who, args[0], n)
				if err != nil {
					return err
				}
				return t.print(all, func(w io.Writer) { printJudgements(w, all) })
			}
			id, err := client.PassOn(cmd.Context(), p.who, args[0], n)
			if err != nil {
				return err
			}
			return t.print(api.PassedOn{ID: id}, func(w io.Writer) {
				fmt.Fprintf(w, "passed on\t%s\n", id)
				fmt.Fprintf(w, "follow it\tsluis show %s --content --as %s\n", args[0], p.who.Staff)
			})
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&p.told, "told", "", "`day` on which the client was told of it, as 2026-11-20")
	cmd.Flags().StringArrayVar(&p.conditions, "condition", nil, "`condition` that you add; repeat for more")
	cmd.Flags().BoolVar(&p.check, "check", false, "only show whether it may go, and what stands in the way")
	return cmd
}

func printJudgements(w io.Writer, all []api.Judgement) {
	fmt.Fprintln(w, "ITEM\tMAY IT GO\tSINCE")
	for _, j := range all {
		var because []string
		for _, o := range j.Because {
			because = append(because, strings.TrimSpace(fmt.Sprintf("%s wants %s", o.By, conditionText(o.Condition))))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", j.Item, said(j.Verdict.Code()), strings.Join(because, "; "))
	}
}

func permissionCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "permission",
		GroupID: "exchange",
		Short:   "Ask whether something may be passed on, and decide on that",
		Long: `A supplier may have said: ask me first (art. 5.4.2). sluis permission ask asks him,
for one recipient, one purpose and the items that are needed; a professional there
decides; what he allows is signed, and goes along with the items.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(permissionAskCommand(t), permissionListCommand(t), permissionDecideCommand(t), permissionWithdrawCommand(t))
	return cmd
}

func permissionAskCommand(t *terminal) *cobra.Command {
	var p passing
	cmd := &cobra.Command{
		Use:   "ask REQUEST",
		Short: "Ask everybody whose permission is needed to pass items on",
		Example: `  sluis permission ask 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as a.jansen \
      --to 00000099000004004000:youth-care --for investigation/inform --item supervision-running --why ./why.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			why, err := t.words(p.why)
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			ids, err := client.AskPermission(cmd.Context(), p.who, args[0], api.NewPermissionRequest{To: p.to, Purpose: p.purpose, Items: p.items, Why: why})
			if err != nil {
				return err
			}
			return t.print(ids, func(w io.Writer) {
				for _, id := range ids {
					fmt.Fprintf(w, "asked\t%s\n", id)
				}
			})
		},
	}
	p.flags(cmd)
	return cmd
}

func permissionListCommand(t *terminal) *cobra.Command {
	var hat string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the requests about which permission is asked of us",
		Example: "  sluis permission list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			page, err := client.Requests(cmd.Context(), api.ListRequestsParams{Asked: true, Hat: hat})
			if err != nil {
				return err
			}
			return t.print(page, func(w io.Writer) {
				fmt.Fprintln(w, "REQUEST\tWAITING\tSUPPLIED TO\tPURPOSE")
				for _, r := range page.Requests {
					fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", r.ID, r.Asked, r.From, r.Purpose)
				}
			})
		},
	}
	cmd.Flags().StringVar(&hat, "hat", "", "only of what this `capacity` of ours supplied")
	return cmd
}

func permissionDecideCommand(t *terminal) *cobra.Command {
	var who api.By
	var grant, deny bool
	var until, tell string
	var uses int
	cmd := &cobra.Command{
		Use:   "decide REQUEST PERMISSION",
		Short: "Decide whether something that we supplied may be passed on",
		Long: `Decides on a request for permission. sluis show REQUEST --content shows who wants to
pass what on, to whom and why. A permission holds until a day, for a number of times.`,
		Example: `  sluis permission decide 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 01938f2e-8000-7000-8000-0c1b2a394857 \
      --as b.devries --grant --until 2026-12-31`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n := api.NewPermission{Granted: grant}
			switch {
			case grant == deny:
				return usage(errors.New("say --grant or --deny"))
			case grant && until == "":
				return usage(errors.New("--grant needs --until: the last day on which it can be used"))
			case grant && tell != "":
				return usage(errors.New("--tell goes with --deny: a permission goes on to others and holds no words"))
			case grant:
				n.Until, n.Uses = until, uses
			case tell != "":
				var err error
				if n.Tell, err = t.words(tell); err != nil {
					return err
				}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			r, err := client.DecidePermission(cmd.Context(), who, args[0], args[1], n)
			if err != nil {
				return err
			}
			return t.printRequest(r)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&grant, "grant", false, "it may be passed on")
	f.BoolVar(&deny, "deny", false, "it may not")
	f.StringVar(&until, "until", "", "last `day` on which it can be used, as 2026-12-31")
	f.IntVar(&uses, "uses", 1, "`number` of times that it can be used")
	f.StringVar(&tell, "tell", "", "`file` with what the other is told, with --deny; - is standard input")
	actor(cmd, &who)
	return cmd
}

func permissionWithdrawCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "withdraw REQUEST PERMISSION",
		Short:   "Take a permission back; what was passed on before stays where it is",
		Example: "  sluis permission withdraw 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 01938f2e-8000-7000-8000-0c1b2a394857 --as b.devries",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			r, err := client.WithdrawPermission(cmd.Context(), who, args[0], args[1])
			if err != nil {
				return err
			}
			return t.printRequest(r)
		},
	}
	actor(cmd, &who)
	return cmd
}

func correctCommand(t *terminal) *cobra.Command {
	var who api.By
	var kind, why string
	var items, values []string
	cmd := &cobra.Command{
		Use:     "correct REQUEST",
		GroupID: "exchange",
		Short:   "Correct, restrict or erase what you supplied, wherever it is now",
		Long: `Tells everybody who received an item from us in the past year, here or by passing
on, what became of it (art. 16 to 19 GDPR). Their nodes do it, and each proves that
he received it:

  rectification  it was wrong; what is right comes in its place (--value item=file)
  restriction    nobody reads it or passes it on until further notice; also while an
                 objection is weighed
  lifting        the restriction ends
  erasure        it is gone

sluis show REQUEST --content shows who has been told.`,
		Example: `  sluis correct 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries --kind rectification \
      --item supervision-running=process --value supervision-running=./right.txt --why ./why.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n := api.NewCorrection{}
			word, ok := api.CorrectionOf(kind)
			if !ok {
				return unknownWord("--kind", kind, api.CorrectionCodes()...)
			}
			n.Kind = word
			contents, err := files("--value", values)
			if err != nil {
				return err
			}
			for _, s := range items {
				code, depth, deep := strings.Cut(s, "=")
				i := api.CorrectedItem{Code: code, Value: contents[code]}
				if deep {
					if i.Depth, ok = api.DepthOf(depth); !ok {
						return unknownWord("--item", depth, "that", "process", "content")
					}
				}
				n.Items = append(n.Items, i)
				delete(contents, code)
			}
			for code := range contents {
				return usage(fmt.Errorf("--value %s: there is no --item %s", code, code))
			}
			if n.Why, err = t.words(why); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			r, err := client.Correct(cmd.Context(), who, args[0], n)
			if err != nil {
				return err
			}
			return t.printRequest(r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "`what` becomes of it: "+strings.Join(api.CorrectionCodes(), ", "))
	f.StringArrayVar(&items, "item", nil, "`item` that it is about, of a rectification item=depth; repeat for more")
	f.StringArrayVar(&values, "value", nil, "`item=file` with what is right, of a rectification")
	f.StringVar(&why, "why", "", "`file` that says why; it stays with us; - is standard input")
	for _, name := range []string{"kind", "item", "why"} {
		_ = cmd.MarkFlagRequired(name)
	}
	actor(cmd, &who)
	return cmd
}

// printOnward prints what went on with the data after the answer.
func printOnward(w io.Writer, c api.Content, names map[string]string) {
	for _, r := range c.Permissions {
		fmt.Fprintf(w, "permission\t%s, of %s: %s\n", r.ID, named(r.Of, names), said(r.State.Code()))
		fmt.Fprintf(w, "  to pass on\t%s to %s for %s\n", strings.Join(r.Items, ", "), named(r.Recipient, names), r.Purpose)
		fmt.Fprintf(w, "  asked by\t%s: %s\n", named(r.Holder, names), cell(r.Why))
		if r.Uses > 0 {
			fmt.Fprintf(w, "  until\t%s, %d of %d used\n", r.Until, r.Used, r.Uses)
		}
		if r.Tell != "" {
			fmt.Fprintf(w, "  says\t%s\n", cell(r.Tell))
		}
	}
	for _, p := range c.Passings {
		line := fmt.Sprintf("%s, from %s to %s for %s, %s", strings.Join(p.Items, ", "), named(p.From, names), named(p.To, names), p.Purpose, said(p.State.Code()))
		if p.Code != "" {
			line += ": " + cell(p.Code)
		}
		if p.Breach {
			line += ", AGAINST OUR CONDITIONS"
		}
		fmt.Fprintf(w, "passed on\t%s\n", line)
		fmt.Fprintf(w, "  on\t%s\n", p.At.Format("2006-01-02 15:04"))
		if p.Why != "" {
			fmt.Fprintf(w, "  since\t%s\n", cell(p.Why))
		}
	}
	for _, n := range c.Corrections {
		fmt.Fprintf(w, "correction\t%s of %s, %s\n", n.Kind.Code(), strings.Join(n.Items, ", "), n.At.Format("2006-01-02 15:04"))
		for _, to := range n.To {
			fmt.Fprintf(w, "  told\t%s, %s\n", named(to.Party, names), said(to.State.Code()))
		}
	}
}

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

// catalogue makes a command that lists one of the catalogues.
func catalogue[T any](t *terminal, use, short string, list func(context.Context, *api.Client) ([]T, error), header string, row func(T) string) *cobra.Command {
	return &cobra.Command{
		Use:     use,
		GroupID: "exchange",
		Short:   short,
		Example: "  sluis " + use,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := list(cmd.Context(), client)
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) {
				fmt.Fprintln(w, header)
				for _, one := range all {
					fmt.Fprintln(w, row(one))
				}
			})
		},
	}
}

func purposesCommand(t *terminal) *cobra.Command {
	cmd := catalogue(t, "purposes", "List for what may be asked, or show all of one purpose",
		func(ctx context.Context, c *api.Client) ([]api.Purpose, error) { return c.Purposes(ctx) },
		"PURPOSE\tARTICLE\tASKED BY\tNAME", func(p api.Purpose) string {
			return strings.Join([]string{p.Code, p.Article, strings.Join(askers(p), ","), p.Name.EN}, "\t")
		})
	list := cmd.RunE
	cmd.Use, cmd.Args = "purposes [PURPOSE]", cobra.MaximumNArgs(1)
	cmd.Long = `Lists the purposes of the law in force. With the code of one it shows who may ask
whom, what must be stated, how each party weighs, what the data is not for, and how
long it may be kept.`
	cmd.Example = "  sluis purposes\n  sluis purposes triage"
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return list(cmd, args)
		}
		client, err := t.client()
		if err != nil {
			return err
		}
		purposes, err := client.Purposes(cmd.Context())
		if err != nil {
			return err
		}
		statements, err := client.Statements(cmd.Context())
		if err != nil {
			return err
		}
		for _, p := range purposes {
			if p.Code == args[0] {
				return t.print(p, func(w io.Writer) { printPurpose(w, p, statements) })
			}
		}
		return usage(fmt.Errorf("there is no purpose %q; sluis purposes lists them", args[0]))
	}
	return cmd
}

func printPurpose(w io.Writer, p api.Purpose, statements []api.StatementRule) {
	fmt.Fprintf(w, "purpose\t%s: %s (art. %s)\n\t%s\n", p.Code, p.Name.EN, p.Article, p.Explain.EN)
	for _, way := range p.Ways {
		printWay(w, way)
	}
	var not []string
	for _, u := range p.NotFor {
		not = append(not, u.EN)
	}
	for _, n := range p.Needs {
		fmt.Fprintf(w, "state\t%s\n", need(n, statements))
	}
	for _, r := range p.Weighings {
		var kinds []string
		for _, c := range r.Categories {
			kinds = append(kinds, c.Code())
		}
		fmt.Fprintf(w, "weighing\t%s: %s, of %s data\n", r.Regime.Code(), r.Weighing, strings.Join(kinds, ", "))
	}
	fmt.Fprintf(w, "never for\t%s\n", strings.Join(not, ", "))
	from := "the request"
	if p.DeadlineFrom == "aanleiding" {
		from = "the trigger"
	}
	fmt.Fprintf(w, "answer within\t%d days from %s\n", p.DeadlineDays, from)
	fmt.Fprintf(w, "kept\tat most %d months from %s (art. %s)\n", p.Retention.AtMost, strings.Join(p.Retention.From, " or "), p.Retention.Article)
}

// printWay shows who may ask whom, in which case.
func printWay(w io.Writer, way api.Way) {
	fmt.Fprintf(w, "asked by\t%s\n", strings.Join(way.Askers, ", "))
	fmt.Fprintf(w, "of\t%s\n", strings.Join(wrapped(strings.Join(way.Asked, ", "), 92), "\n\t"))
	if len(way.HeldBy) > 0 {
		fmt.Fprintf(w, "which hold it for\t%s\n", strings.Join(way.HeldBy, ", "))
	}
	if way.Own {
		fmt.Fprintf(w, "and are\tthe asker's own organisation\n")
	}
	fmt.Fprintf(w, "in a case on\t%s\n", strings.Join(way.Triggers, ", "))
	var involved []string
	for _, s := range way.Involvement {
		involved = append(involved, s.Code())
	}
	fmt.Fprintf(w, "the client\t%s\n", strings.Join(involved, ", "))
	if way.FamilyAgrees {
		fmt.Fprintf(w, "a family member\tagrees first\n")
	}
	if way.BeyondScope {
		fmt.Fprintf(w, "the agreed scope\tdoes not limit this\n")
	}
}

// askers lists who may ask in some way, each once.
func askers(p api.Purpose) (all []string) {
	for _, way := range p.Ways {
		for _, task := range way.Askers {
			if !slices.Contains(all, task) {
				all = append(all, task)
			}
		}
	}
	return all
}

// need says what must be stated, and when.
func need(n api.Need, statements []api.StatementRule) string {
	text := n.Statement
	for _, s := range statements {
		if s.Code == n.Statement {
			text += ": " + s.Ask.EN
		}
	}
	if n.Or != "" {
		text += " (or " + n.Or + ")"
	}
	switch {
	case n.Category != "":
		text += " (of each item with " + n.Category.Code() + " data)"
	case n.Background:
		text += " (of each item that tells a cause)"
	case n.DomainKind != "":
		text += " (to a party in an " + n.DomainKind + " domain)"
	}
	return text
}

func itemsCommand(t *terminal) *cobra.Command {
	return catalogue(t, "items", "List which items can be asked, and at what depths",
		func(ctx context.Context, c *api.Client) ([]api.Item, error) { return c.Items(ctx) },
		"ITEM\tDOMAIN\tCATEGORY\tDEPTHS\tNAME", func(i api.Item) string {
			var depths []string
			for _, d := range i.Depths {
				depths = append(depths, d.Depth.Code())
			}
			return strings.Join([]string{i.Code, i.Domain, i.Category.Code(), strings.Join(depths, ","), i.Name.EN}, "\t")
		})
}

func groundsCommand(t *terminal) *cobra.Command {
	return catalogue(t, "grounds", "List the grounds on which an item can be withheld",
		func(ctx context.Context, c *api.Client) ([]api.Ground, error) { return c.Grounds(ctx) },
		"GROUND\tARTICLE\tREGIMES\tNAME", func(g api.Ground) string {
			var regimes []string
			for _, r := range g.Regimes {
				regimes = append(regimes, r.Code())
			}
			return strings.Join([]string{g.Code, g.Article, strings.Join(regimes, ","), g.Name.EN}, "\t")
		})
}

func triggersCommand(t *terminal) *cobra.Command {
	return catalogue(t, "triggers", "List what a case can begin with, and what must be stated",
		func(ctx context.Context, c *api.Client) ([]api.TriggerRule, error) { return c.Triggers(ctx) },
		"TRIGGER\tARTICLE\tTASKS\tSTATED\tNAME", func(r api.TriggerRule) string {
			stated := strings.Join(r.All, ",")
			if len(r.Any) > 0 {
				stated += "," + strings.Join(r.Any, "|")
			}
			return strings.Join([]string{r.Code, r.Article, strings.Join(r.Tasks, ","), stated, r.Name.EN}, "\t")
		})
}

func statementsCommand(t *terminal) *cobra.Command {
	return catalogue(t, "statements", "List what the law wants stated, with the choices where there are",
		func(ctx context.Context, c *api.Client) ([]api.StatementRule, error) { return c.Statements(ctx) },
		"STATEMENT\tARTICLE\tCHOICES\tQUESTION", func(s api.StatementRule) string {
			var choices []string
			for _, c := range s.Choices {
				choices = append(choices, c.Code)
			}
			return strings.Join([]string{s.Code, s.Article, strings.Join(choices, ","), s.Ask.EN}, "\t")
		})
}

func weighingsCommand(t *terminal) *cobra.Command {
	return catalogue(t, "weighings", "List how a professional weighs, step by step",
		func(ctx context.Context, c *api.Client) ([]api.WeighingRule, error) { return c.Weighings(ctx) },
		"WEIGHING\tARTICLE\tSTEP\tOUTCOMES\tQUESTION", func(r api.WeighingRule) string {
			lines := []string{strings.Join([]string{r.Code, r.Article, "", "", r.Name.EN}, "\t")}
			for _, s := range r.Steps {
				var outcomes []string
				for _, o := range s.Outcomes {
					outcomes = append(outcomes, o.Code)
				}
				lines = append(lines, strings.Join([]string{"", s.Article, s.Code, strings.Join(outcomes, ","), s.Ask.EN}, "\t"))
			}
			if len(r.Grounds) > 0 {
				lines = append(lines, strings.Join([]string{"", r.Article, "", "", "withheld only on " + strings.Join(r.Grounds, ", ")}, "\t"))
			}
			return strings.Join(lines, "\n")
		})
}

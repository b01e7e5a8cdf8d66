package main

import (
	"context"
	"fmt"
	"io"
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
	return catalogue(t, "purposes", "List for what may be asked, by whom and of whom",
		func(ctx context.Context, c *api.Client) ([]api.Purpose, error) { return c.Purposes(ctx) },
		"PURPOSE\tARTICLE\tASKED BY\tNAME", func(p api.Purpose) string {
			return strings.Join([]string{p.Code, p.Article, strings.Join(p.Askers, ","), p.Name.EN}, "\t")
		})
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

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

func decideCommand(t *terminal) *cobra.Command {
	var who api.By
	var file string
	var supply, values, withhold, tell, conditions []string
	var free bool
	var until patience
	cmd := &cobra.Command{
		Use:     "decide REQUEST",
		GroupID: "exchange",
		Short:   "Record what a professional decides on each item of a request",
		Long: `Records a decision: each item is supplied at a depth, or withheld on a ground.
The answer leaves after it, and holds no more than was decided. Where the law wants
a weighing first, sluis weigh shows and records its steps; to withhold, a ground is
enough.

What is supplied is read from a file per item (--value item=file), or the whole
decision from a JSON document (--file), since it does not belong on a command
line. Depths: that, process, content. sluis grounds lists the grounds.

Conditions on further use go along with the answer: ask-first, ask-each-time,
after-told, oral-only, no-onward, only-to=WHOM[,WHOM], not-to=WHOM[,WHOM],
only-for=WHAT[,WHAT], not-for=WHAT[,WHAT], no-deeper=DEPTH, delete-by=YYYY-MM-DD.
WHOM is a party, task:CODE or domain:CODE; WHAT is a purpose or phase:CODE. Each is
for all that is supplied, or for some: ask-first@item,item. Without --condition
those go along that the law's catalogue proposes; --no-condition leaves them off.
What the node will do is shown, one sentence each. sluis conditions lists them.`,
		Example: `  sluis decide 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries \
      --supply supervision-conditions=process --value supervision-conditions=./conditions.txt \
      --withhold offence=not-necessary --condition ask-first`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d api.NewDecision
			var err error
			if file != "" {
				if free || len(supply)+len(values)+len(withhold)+len(tell)+len(conditions) > 0 {
					return usage(errors.New("--file holds the whole decision; leave out --supply, --value, --withhold, --tell, --condition and --no-condition"))
				}
				err = t.read(file, "NieuwBesluit", &d)
			} else {
				d, err = decisionOf(supply, values, withhold, tell)
			}
			if err != nil {
				return err
			}
			if free || len(conditions) > 0 {
				if d.Conditions, err = conditionsOf(free, conditions); err != nil {
					return err
				}
			}
			if err := until.check(); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			made, err := client.Decide(cmd.Context(), who, args[0], d)
			if err != nil {
				return err
			}
			failed := until.show(cmd.Context(), t, client, made.Request)
			return errors.Join(failed, t.printConditionsSet(made))
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&supply, "supply", nil, "`item=depth` to supply; repeat per item")
	f.StringArrayVar(&values, "value", nil, "`item=file` with what is supplied; repeat per item")
	f.StringArrayVar(&withhold, "withhold", nil, "`item=ground` to withhold; repeat per item")
	f.StringArrayVar(&tell, "tell", nil, "`item=file` with what the asker is told about it; repeat per item")
	f.StringArrayVar(&conditions, "condition", nil, "`condition` on further use; repeat for more")
	f.BoolVar(&free, "no-condition", false, "supply without conditions, also where the catalogue proposes some")
	f.StringVar(&file, "file", "", "`file` with the whole decision as the API takes it; - is standard input")
	actor(cmd, &who)
	until.flags(cmd)
	return cmd
}

func decisionOf(supply, values, withhold, tell []string) (api.NewDecision, error) {
	if len(supply)+len(withhold) == 0 {
		return api.NewDecision{}, usage(errors.New("nothing is decided: give --supply or --withhold for each item"))
	}
	contents, err := files("--value", values)
	if err != nil {
		return api.NewDecision{}, err
	}
	told, err := files("--tell", tell)
	if err != nil {
		return api.NewDecision{}, err
	}
	if err := belong(supply, withhold, contents, told); err != nil {
		return api.NewDecision{}, err
	}
	var d api.NewDecision
	for _, s := range supply {
		item, depth, ok := strings.Cut(s, "=")
		if !ok {
			return d, usage(fmt.Errorf("--supply %q: want item=depth", s))
		}
		word, ok := api.DepthOf(depth)
		if !ok {
			return d, unknownWord("--supply", depth, "that", "process", "content")
		}
		d.Items = append(d.Items, api.DecidedItem{Code: item, Outcome: api.Supply, Depth: word, Value: contents[item], Tell: told[item]})
	}
	for _, s := range withhold {
		item, ground, ok := strings.Cut(s, "=")
		if !ok {
			return d, usage(fmt.Errorf("--withhold %q: want item=ground", s))
		}
		d.Items = append(d.Items, api.DecidedItem{Code: item, Outcome: api.Withhold, Ground: ground, Tell: told[item]})
	}
	return d, nil
}

// belong holds that what is said of items is said of items that are decided: a
// text under a name that nobody knows would be lost, and the answer leaves for
// good.
func belong(supply, withhold []string, contents, told map[string]string) error {
	var supplied, decided []string
	for i, s := range append(slices.Clone(supply), withhold...) {
		item, _, _ := strings.Cut(s, "=")
		if decided = append(decided, item); i < len(supply) {
			supplied = decided
		}
	}
	for _, item := range slices.Sorted(maps.Keys(contents)) {
		if !slices.Contains(supplied, item) {
			return unknownWord("--value", item, supplied...)
		}
	}
	for _, item := range slices.Sorted(maps.Keys(told)) {
		if !slices.Contains(decided, item) {
			return unknownWord("--tell", item, decided...)
		}
	}
	return nil
}

// files reads what stands behind item=file.
func files(flag string, all []string) (map[string]string, error) {
	contents := map[string]string{}
	for _, s := range all {
		item, path, ok := strings.Cut(s, "=")
		if !ok {
			return nil, usage(fmt.Errorf("%s: want item=file", flag))
		}
		if _, twice := contents[item]; twice {
			return nil, usage(fmt.Errorf("%s: %s stands twice", flag, item))
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		contents[item] = strings.TrimRight(string(text), "\r\n")
	}
	return contents, nil
}

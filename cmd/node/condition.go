package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

func conditionsCommand(t *terminal) *cobra.Command {
	return catalogue(t, "conditions", "List the conditions on further use that can go along with what is supplied",
		func(ctx context.Context, c *api.Client) ([]api.ConditionRule, error) { return c.Conditions(ctx) },
		"CONDITION\tARTICLE\tNAME\tWHAT IT SAYS", func(r api.ConditionRule) string {
			lines := []string{strings.Join([]string{r.Kind.Code(), r.Article, t.name(r.Name), t.name(r.Explain)}, "\t")}
			for _, d := range r.Defaults {
				lines = append(lines, "\t"+d.Article+"\t"+t.pick("voorgesteld", "proposed")+"\t"+t.name(d.Why))
			}
			return strings.Join(lines, "\n")
		})
}

// conditionsOf reads the conditions on a command line. free wants none, which is
// not the same as naming none.
func conditionsOf(free bool, all []string) (*[]api.Condition, error) {
	if free && len(all) > 0 {
		return nil, usage(errors.New("--no-condition leaves all conditions off; leave out --condition"))
	}
	list := []api.Condition{}
	for _, s := range all {
		c, err := conditionOf(s)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return &list, nil
}

// conditionOf reads KIND[@ITEM,ITEM][=NAME,NAME].
func conditionOf(s string) (api.Condition, error) {
	head, rest, more := strings.Cut(s, "=")
	code, items, some := strings.Cut(head, "@")
	kind, ok := api.ConditionOf(code)
	if !ok {
		return api.Condition{}, unknownWord("--condition", code, api.ConditionCodes()...)
	}
	c := api.Condition{Kind: kind}
	if some {
		c.Items = strings.Split(items, ",")
	}
	names := strings.Split(rest, ",")
	switch kind {
	case api.OnlyTo, api.NotTo:
		if !more {
			return c, usage(fmt.Errorf("--condition %s: say whom, as %s=PARTY, %s=task:CODE or %s=domain:CODE", code, code, code, code))
		}
		for _, name := range names {
			switch of, what, _ := strings.Cut(name, ":"); of {
			case "task":
				c.Tasks = append(c.Tasks, what)
			case "domain":
				c.Domains = append(c.Domains, what)
			default:
				c.Parties = append(c.Parties, name)
			}
		}
	case api.OnlyFor, api.NotFor:
		if !more {
			return c, usage(fmt.Errorf("--condition %s: say for what, as %s=PURPOSE or %s=phase:CODE", code, code, code))
		}
		for _, name := range names {
			if phase, ok := strings.CutPrefix(name, "phase:"); ok {
				c.Phases = append(c.Phases, phase)
			} else {
				c.Purposes = append(c.Purposes, name)
			}
		}
	case api.NoDeeper:
		if c.Depth, ok = api.DepthOf(rest); !ok {
			return c, unknownWord("--condition no-deeper", rest, "that", "process", "content")
		}
	case api.DeleteBy:
		c.Until = rest
	default:
		if more {
			return c, usage(fmt.Errorf("--condition %s stands alone; nothing belongs behind it but @item", code))
		}
	}
	return c, nil
}

// printConditionsSet says what the node will do to keep what goes along with a
// decision, and what there is to say of it.
func (t *terminal) printConditionsSet(made api.DecisionMade) error {
	if t.json {
		return nil // the request was printed; sluis show has the rest
	}
	return t.print(made, func(w io.Writer) {
		t.printConditions(w, made.Conditions)
		for _, told := range made.Told {
			fmt.Fprintf(w, "note\t%s\n", cell(t.name(told.Says)))
		}
	})
}

func (t *terminal) printConditions(w io.Writer, all []api.SetCondition) {
	for _, c := range all {
		fmt.Fprintf(w, "  condition\t%s: %s\n", c.Condition.Kind.Code(), cell(t.name(c.Says)))
	}
}

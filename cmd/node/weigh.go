package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
)

func weighCommand(t *terminal) *cobra.Command {
	var who api.By
	var step, outcome, why, day, with string
	cmd := &cobra.Command{
		Use:     "weigh REQUEST",
		GroupID: "exchange",
		Short:   "Record a step of a professional's weighing, or show which are open",
		Long: `Shows how a request is weighed and which steps are open, and with --step and
--outcome records one. Steps can be taken one at a time, on different days and by
different people; each is an entry in the ledger. Nothing is supplied while a step
is open; to withhold, a ground is enough.

Why is read from a file (--why), since it does not belong on a command line; it
stays with your organisation.`,
		Example: `  sluis weigh 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries
  sluis weigh 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries --step consent --outcome given --day 2026-11-23
  sluis weigh 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries --step colleague --outcome agrees \
      --with c.bakker --day 2026-11-23`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			if step == "" {
				if outcome+why+day+with != "" {
					return usage(errors.New("--outcome, --why, --day and --with belong to --step"))
				}
				return t.showWeighing(cmd.Context(), client, who, args[0])
			}
			if outcome == "" {
				return usage(errors.New("say what came of the step with --outcome; sluis weigh REQUEST shows which there are"))
			}
			if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
				return usage(errors.New("--day: want a day as 2026-11-23"))
			}
			text, err := t.words(why)
			if err != nil {
				return err
			}
			r, err := client.Weigh(cmd.Context(), who, args[0], api.NewStep{Step: step, Outcome: outcome, Text: text, Day: day, With: with})
			if err != nil {
				return err
			}
			return t.printRequest(r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&step, "step", "", "`code` of the step")
	f.StringVar(&outcome, "outcome", "", "`code` of its outcome")
	f.StringVar(&why, "why", "", "`file` with why; - is standard input")
	f.StringVar(&day, "day", "", "`day` of it, as 2026-11-23")
	f.StringVar(&with, "with", "", "`id` of the colleague who was asked, without names")
	actor(cmd, &who)
	return cmd
}

// showWeighing shows what was weighed so far, and asks the next questions.
func (t *terminal) showWeighing(ctx context.Context, client *api.Client, who api.By, id string) error {
	c, err := client.Open(ctx, who, id)
	if err != nil {
		return err
	}
	if c.Weighing == nil {
		return &checkError{what: "this request is not ours to weigh", todo: "the other party weighs it; sluis show tells how it stands"}
	}
	rules, err := client.Weighings(ctx)
	if err != nil {
		return err
	}
	return t.print(c.Weighing, func(w io.Writer) {
		t.printWeighing(w, c.Weighing)
		for _, rule := range rules {
			if rule.Code != c.Weighing.Weighing {
				continue
			}
			fmt.Fprintf(w, "art. %s\t%s\n", rule.Article, t.name(rule.Explain))
			for _, s := range rule.Steps {
				for _, open := range c.Weighing.Open {
					if open == s.Code {
						t.printStep(w, s)
					}
				}
			}
		}
	})
}

func (t *terminal) printStep(w io.Writer, s api.StepRule) {
	fmt.Fprintf(w, "open: %s\t%s\n\t%s\n", s.Code, t.name(s.Ask), t.name(s.Explain))
	for _, o := range s.Outcomes {
		var wants []string
		for flag, wanted := range map[string]bool{"--why": o.Text, "--day": o.Day, "--with": o.With} {
			if wanted {
				wants = append(wants, flag)
			}
		}
		slices.Sort(wants)
		line := fmt.Sprintf("\t--outcome %s: %s", o.Code, t.name(o.Name))
		if len(wants) > 0 {
			line += " (" + strings.Join(wants, ", ") + ")"
		}
		if o.Stops {
			line += "; then nothing is supplied"
		}
		fmt.Fprintln(w, line)
	}
}

func (t *terminal) printWeighing(w io.Writer, state *api.WeighingState) {
	if state == nil {
		return
	}
	fmt.Fprintf(w, "weighing\t%s\n", state.Weighing)
	if state.Assigned != "" {
		fmt.Fprintf(w, "given to\t%s\n", strings.TrimSuffix(state.Assigned+": "+cell(state.AssignedWhy), ": "))
	}
	if state.Returned != "" {
		fmt.Fprintf(w, "given back\t%s\n", cell(state.Returned))
	}
	for _, a := range state.Advice {
		if a.AskedBy != "" {
			fmt.Fprintf(w, "advice asked\t%s (%s, %s)\n", cell(a.Question), a.AskedBy, a.Asked.Format("2006-01-02 15:04"))
		}
		if a.By != "" {
			fmt.Fprintf(w, "advice\t%s (%s, %s)\n", cell(a.Text), a.By, a.At.Format("2006-01-02 15:04"))
		}
	}
	for _, s := range state.Taken {
		line := s.Outcome
		if s.With != "" {
			line += " with " + s.With
		}
		if s.Day != "" {
			line += " on " + s.Day
		}
		if s.Text != "" {
			line += ": " + cell(s.Text)
		}
		fmt.Fprintf(w, "  %s\t%s (%s, %s)\n", s.Step, line, s.By, s.At.Format("2006-01-02 15:04"))
	}
	if len(state.Open) > 0 {
		fmt.Fprintf(w, "  open\t%s\n", strings.Join(state.Open, ", "))
	}
	for _, c := range state.Proposed {
		fmt.Fprintf(w, "  proposed\t%s: %s\n", c.Condition.Kind.Code(), cell(t.name(c.Says)))
	}
}

// step makes a command that takes one step on a request, with words from a file
// where flag is not empty.
func (t *terminal) step(use, short, long, flag, about string, required bool,
	do func(ctx context.Context, c *api.Client, who api.By, id, words string) (api.Request, error),
) *cobra.Command {
	var who api.By
	var file string
	cmd := &cobra.Command{
		Use: use + " REQUEST", GroupID: "exchange", Short: short, Long: long,
		Example: fmt.Sprintf("  sluis %s 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries", use),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if required && file == "" {
				return usage(fmt.Errorf("--%s is missing: %s", flag, strings.ReplaceAll(about, "`", "")))
			}
			words, err := t.words(file)
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			r, err := do(cmd.Context(), client, who, args[0], words)
			if err != nil {
				return err
			}
			return t.printRequest(r)
		},
	}
	if flag != "" {
		cmd.Flags().StringVar(&file, flag, "", about)
		cmd.Example += fmt.Sprintf(" --%s words.txt", flag)
	}
	actor(cmd, &who)
	return cmd
}

func questionCommand(t *terminal) *cobra.Command {
	return t.step("question", "Ask the asker what you need to know to weigh; the clock stops",
		`Asks a question back. The clock of the deadline stands still until the reply comes.`,
		"text", "`file` with the question; - is standard input", true,
		func(ctx context.Context, c *api.Client, who api.By, id, words string) (api.Request, error) {
			return c.Question(ctx, who, id, words)
		})
}

func replyCommand(t *terminal) *cobra.Command {
	return t.step("reply", "Answer a question of the other party; the clock runs again", "",
		"text", "`file` with the reply; - is standard input", true,
		func(ctx context.Context, c *api.Client, who api.By, id, words string) (api.Request, error) {
			return c.Reply(ctx, who, id, words)
		})
}

func confirmCommand(t *terminal) *cobra.Command {
	return t.step("confirm", "Let a colleague's decision leave, as the second person who saw it",
		`Confirms a decision that waits for a second person: where the organisation wants
four eyes (four_eyes in sluis.toml), no answer leaves without.`, "", "", false,
		func(ctx context.Context, c *api.Client, who api.By, id, _ string) (api.Request, error) {
			return c.Confirm(ctx, who, id)
		})
}

func returnCommand(t *terminal) *cobra.Command {
	return t.step("return", "Give a colleague's decision back, as the second person who saw it", "",
		"why", "`file` with what is not right yet; - is standard input", true,
		func(ctx context.Context, c *api.Client, who api.By, id, words string) (api.Request, error) {
			return c.Return(ctx, who, id, words)
		})
}

func adviceCommand(t *terminal) *cobra.Command {
	return t.step("advice", "Ask the privacy officer of your own organisation about a request",
		`Asks for advice about a request that is being weighed. The question and the advice
stay at the own node, and the deadline runs on. sluis weigh shows what was said.`,
		"question", "`file` with the question; - is standard input", true,
		func(ctx context.Context, c *api.Client, who api.By, id, words string) (api.Request, error) {
			return c.AskAdvice(ctx, who, id, words)
		})
}

func adviseCommand(t *terminal) *cobra.Command {
	return t.step("advise", "Say what you advise about a request, as the privacy officer",
		`Answers the oldest question that is open, or advises unasked. Advice binds nobody:
the professional decides. sluis weigh shows the question.`,
		"text", "`file` with the advice; - is standard input", true,
		func(ctx context.Context, c *api.Client, who api.By, id, words string) (api.Request, error) {
			return c.Advise(ctx, who, id, words)
		})
}

func assignCommand(t *terminal) *cobra.Command {
	var to string
	cmd := t.step("assign", "Give a request to a professional, or take it over",
		`Gives a request to a professional; from then on he decides. Who takes it over from
somebody who is away says why; the ledger has both.`,
		"why", "`file` with why, where it is taken over; - is standard input", false,
		func(ctx context.Context, c *api.Client, who api.By, id, words string) (api.Request, error) {
			if to == "" {
				to = who.Staff
			}
			return c.Assign(ctx, who, id, api.NewAssignment{To: to, Why: words})
		})
	cmd.Flags().StringVar(&to, "to", "", "`id` of the professional (default: who acts)")
	return cmd
}

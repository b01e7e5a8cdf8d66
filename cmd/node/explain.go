package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/schemas"
)

func explainCommand(t *terminal) *cobra.Command {
	var who api.By
	var file, code, in string
	cmd := &cobra.Command{
		Use:     "explain [REQUEST]",
		GroupID: "exchange",
		Short:   "Say which rule of the law allows or stops a request, a decision or an answer",
		Long: `Explains in plain words, with the article: of a request that was made, which rules
allowed it and what the decision on it followed; of a request in a file, what the
node would say of it, without doing it; or of a code, what it means and what to do.`,
		Example: `  sluis explain 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as b.devries
  sluis explain --file request.json --as a.jansen --nl
  sluis explain --code weighing-incomplete`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args)+given(file)+given(code) != 1 {
				return usage(errors.New("name one of: a request, --file or --code"))
			}
			if code != "" {
				return t.explainCode(code)
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			var e api.Explanation
			if file == "" {
				e, err = client.Explain(cmd.Context(), who, args[0])
			} else {
				var r api.NewRequest
				if err := t.read(file, "NieuwVerzoek", &r); err != nil {
					return err
				}
				if in != "" {
					r.Case = in
				}
				e, err = client.Examine(cmd.Context(), who, r)
			}
			if err != nil {
				return err
			}
			return t.print(e, func(w io.Writer) { printExplanation(w, e, t.nl) })
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "`file` with a request that is not made yet; - is standard input")
	cmd.Flags().StringVar(&in, "case", "", "`ID` of the case, in place of the one in the file")
	cmd.Flags().StringVar(&code, "code", "", "`code` of an error")
	actor(cmd, &who)
	return cmd
}

func given(s string) int {
	if s == "" {
		return 0
	}
	return 1
}

// explainCode says what an error means.
func (t *terminal) explainCode(code string) error {
	e, ok := schemas.Text(code)
	if !ok {
		return usage(fmt.Errorf("there is no code %q; docs/errors.md lists them", code))
	}
	words := e.EN
	if t.nl {
		words = e.NL
	}
	return t.print(e, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n%s\n", words.Title, words.Advice)
		if e.Article != "" {
			fmt.Fprintf(w, "Art. %s Wmo 2015.\n", e.Article)
		}
	})
}

func printExplanation(w io.Writer, e api.Explanation, dutch bool) {
	verdict, yes, no, open := e.Verdict.EN, "yes", "NO", "open"
	if dutch {
		verdict, yes, no = e.Verdict.NL, "ja", "NEE"
	}
	fmt.Fprintln(w, verdict)
	// What stops it comes first: that is what somebody has to do something about.
	for _, allowed := range []bool{false, true} {
		for _, r := range e.Rules {
			if r.Allowed != allowed {
				continue
			}
			mark, says := yes, r.Says.EN
			switch {
			case !allowed:
				mark = no
			case r.Code == "rule-open":
				mark = open
			}
			if dutch {
				says = r.Says.NL
			}
			if r.Article != "" {
				says += " (art. " + r.Article + ")"
			}
			for i, line := range wrapped(says, 92) {
				if i > 0 {
					mark = ""
				}
				fmt.Fprintf(w, "  %s\t%s\n", mark, line)
			}
		}
	}
}

// wrapped breaks a text at spaces.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

func trailCommand(t *terminal) *cobra.Command {
	var who api.By
	cmd := &cobra.Command{
		Use:     "trail REQUEST",
		GroupID: "exchange",
		Short:   "List who did what with a request, and when, as the ledger holds it",
		Long: `Lists the entries of the ledger about a request, with the part that is otherwise
sealed: who, in which capacity, which step. That somebody looked is in the ledger too.`,
		Example: "  sluis trail 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as m.kuipers",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			traces, err := client.Traces(cmd.Context(), who, args[0])
			if err != nil {
				return err
			}
			return t.print(traces, func(w io.Writer) {
				fmt.Fprintln(w, "ENTRY\tAT\tWHAT\tAS\tWHO\tREGISTER\tMORE")
				for _, e := range traces {
					_, capacity, _ := strings.Cut(e.As, ":")
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", e.Index, e.At.Format("2006-01-02 15:04:05"), e.Kind, capacity, dash(strings.TrimSuffix(e.By+" via "+e.Via, " via ")),
						e.Register, dash(more(e)))
				}
			})
		},
	}
	actor(cmd, &who)
	return cmd
}

func more(e api.Trace) string {
	var all []string
	for _, part := range []struct{ name, text string }{
		{"", strings.TrimSuffix(e.Step+"="+e.Outcome, "=")}, {"with ", e.With}, {"second ", e.Second}, {"for ", e.For}, {"", e.Code},
	} {
		if part.text != "" {
			all = append(all, part.name+part.text)
		}
	}
	if e.Late {
		all = append(all, "after the deadline")
	}
	if e.Broad {
		all = append(all, "one of many at once")
	}
	return strings.Join(all, ", ")
}

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sluis/api"
)

func personCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "person",
		GroupID: "exchange",
		Short:   "Look for a person, and handle what somebody asks who uses a right",
		Long: `What the organisation has on a person (betrokkene), what he asks, and what he
gets. docs/rights.md says which article of the GDPR is which command.

Whom it is about never stands on the command line: --bsn and --person name a file,
- is standard input, and without them you are asked.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(personSearchCommand(t), personRequestCommand(t), personReportCommand(t))
	return cmd
}

// A whom is how a command is told whom it is about.
type whom struct{ number, document string }

func (w *whom) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.number, "bsn", "", "`file` with the BSN and nothing else; - is standard input")
	cmd.Flags().StringVar(&w.document, "person", "", "`file` with the person as JSON: bsn, or naam and geboortedatum, or all; - is standard input")
}

func (w *whom) read(t *terminal) (who api.Sought, err error) {
	switch {
	case w.number != "" && w.document != "":
		return api.Sought{}, usage(errors.New("--bsn and --person exclude each other"))
	case w.document != "":
		err = t.read(w.document, "Gezochte", &who)
		return who, err
	case w.number != "":
		text, err := t.words(w.number)
		return api.Sought{BSN: strings.TrimSpace(text)}, err
	}
	return t.askWhom()
}

// askWhom asks at the keyboard. The number does not show on the screen.
func (t *terminal) askWhom() (who api.Sought, err error) {
	keyboard, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(keyboard.Fd())) {
		return api.Sought{}, usage(errors.New("say whom it is about with --bsn or --person, or call this on a terminal"))
	}
	fmt.Fprint(t.complaints, t.pick("BSN (leeg: op naam en geboortedatum): ", "BSN (empty: by name and date of birth): "))
	number, err := term.ReadPassword(int(keyboard.Fd()))
	fmt.Fprintln(t.complaints)
	if who.BSN = strings.TrimSpace(string(number)); err != nil || who.BSN != "" {
		return who, err
	}
	lines := bufio.NewScanner(io.LimitReader(keyboard, maxDocument))
	for _, ask := range []struct {
		prompt string
		into   *string
	}{{t.pick("naam: ", "name: "), &who.Name}, {t.pick("geboortedatum (1987-03-14): ", "date of birth (1987-03-14): "), &who.Born}} {
		fmt.Fprint(t.complaints, ask.prompt)
		lines.Scan()
		*ask.into = strings.TrimSpace(lines.Text())
	}
	return who, lines.Err()
}

func personSearchCommand(t *terminal) *cobra.Command {
	var by api.By
	var who whom
	var reason string
	cmd := &cobra.Command{
		Use:   "search",
		Short: "Look what a capacity of ours has on a person, without content; this is recorded",
		Long: `Lists the cases, requests and requests of his own that the capacity you act in has
of a person. Nothing of what they hold is shown. That you looked, why, and how much
was found is in the ledger before anything is shown; of him it holds a pseudonym.

  case        a help question or report about him: is there a case already?
  request     a party asks, or somebody calls, about him
  person      he himself asks what is held of him, or uses another right
  complaint   a complaint or a court case
  check       a check by the privacy officer`,
		Example: `  sluis person search --reason case --as a.jansen
  sluis person search --reason person --bsn number.txt --as d.smit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			why, ok := api.SearchReasonOf(reason)
			if !ok {
				return unknownWord("--reason", reason, api.SearchReasonCodes()...)
			}
			sought, err := who.read(t)
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			found, err := client.SearchPerson(cmd.Context(), by, api.Search{Person: sought, Reason: why})
			if err != nil {
				return err
			}
			return t.print(found, func(w io.Writer) { printFound(w, found) })
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`why` you look: "+strings.Join(api.SearchReasonCodes(), ", "))
	_ = cmd.MarkFlagRequired("reason")
	who.flags(cmd)
	actor(cmd, &by)
	return cmd
}

func printFound(w io.Writer, f api.Found) {
	if len(f.Cases)+len(f.Requests)+len(f.Petitions) == 0 {
		fmt.Fprintln(w, "nothing in this capacity")
		return
	}
	fmt.Fprintln(w, "WHAT\tID\tABOUT\tSTATUS")
	for _, c := range f.Cases {
		status := "open"
		if !c.Closed.IsZero() {
			status = "closed " + closed(c)
		}
		fmt.Fprintf(w, "case\t%s\t%s\t%s\n", c.ID, c.Trigger, status)
	}
	for _, r := range f.Requests {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Side.Code(), r.ID, r.Purpose, said(r.Phase.Code()))
	}
	for _, p := range f.Petitions {
		fmt.Fprintf(w, "of the person\t%s\t%s\t%s\n", p.ID, p.Kind.Code(), petitionStatus(p))
	}
}

func petitionStatus(p api.Petition) string {
	switch {
	case p.Outcome != "":
		return p.Outcome.Code() + " " + p.Decided.Format(time.DateOnly)
	case p.Overdue:
		return "overdue"
	case p.Extended:
		return "extended"
	}
	return "open"
}

func personReportCommand(t *terminal) *cobra.Command {
	var by api.By
	var out string
	var draft bool
	cmd := &cobra.Command{
		Use:   "report REQUEST",
		Short: "Write what is held of a person who asked for access and got it, as PDF and JSON",
		Long: `Writes what a capacity of ours holds of a person, in plain Dutch: what, for what, from
whom, who received it, until when (art. 15 GDPR, art. 5.3.2 Wmo 2015). REQUEST is
his request for access, which a privacy officer decided: sluis person request.

It tells of nobody else in his family and names no member of staff; what else is
left out is said with the reason that the decision gives. What people wrote in their
own words stands there as they wrote it. So read it with --draft before you decide,
and once more before you hand it over.

Two files are written, which you alone can read; a file that is there is kept. That
it was made is in the ledger.`,
		Example: `  sluis person report 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --draft --as d.smit
  sluis person report 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 --as d.smit`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			if out == "" {
				out = "inzage-" + args[0]
				if draft {
					out = "concept-" + args[0]
				}
			}
			// The files first: what can't be kept is not taken out of the node.
			paths := []string{out + ".pdf", out + ".json"}
			files, err := createAll(paths)
			if err != nil {
				return err
			}
			report, err := client.ReportAccess(cmd.Context(), by, args[0], draft)
			if err != nil {
				return errors.Join(err, dropAll(files))
			}
			text, err := json.MarshalIndent(report.Access, "", "  ")
			if err != nil {
				return errors.Join(err, dropAll(files))
			}
			if err := fillAll(files, report.PDF, append(text, '\n')); err != nil {
				return errors.Join(err, dropAll(files))
			}
			told := map[string]any{"bestanden": paths, "dossiers": len(report.Access.Accounts)}
			return t.print(told, func(w io.Writer) {
				fmt.Fprintf(w, "dossiers\t%d\n", len(report.Access.Accounts))
				for _, path := range paths {
					fmt.Fprintf(w, "written\t%s\n", cell(path))
				}
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`name` of the files without .pdf and .json; by default the ID, which names nobody")
	cmd.Flags().BoolVar(&draft, "draft", false, "what you would give, to read before you decide; every page says so")
	actor(cmd, &by)
	return cmd
}

// createAll makes files that are not there yet, all or none.
func createAll(paths []string) (files []*os.File, err error) {
	for _, path := range paths {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, errors.Join(err, dropAll(files))
		}
		files = append(files, f)
	}
	return files, nil
}

// fillAll writes the files and closes them.
func fillAll(files []*os.File, contents ...[]byte) error {
	for i, f := range files {
		if _, err := f.Write(contents[i]); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// dropAll removes files that were made in vain.
func dropAll(files []*os.File) error {
	var failed []error
	for _, f := range files {
		_ = f.Close() // it may be closed already, and it goes
		failed = append(failed, os.Remove(f.Name()))
	}
	return errors.Join(failed...)
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sluis/exchange"
	"sluis/ledger/audit"
)

// An auditor has a key, perhaps a root that he trusts, and a language.
type auditor struct {
	t    *terminal
	key  string
	root string
	nl   bool
	// opener is the key, once its file was read.
	opener *audit.Key
}

func (a *auditor) flags(cmd *cobra.Command, root bool) {
	cmd.Flags().StringVar(&a.key, "key", "", "key `file` of the regulator")
	_ = cmd.MarkFlagRequired("key")
	cmd.Flags().BoolVar(&a.nl, "nl", false, "in Dutch")
	if root {
		cmd.Flags().StringVar(&a.root, "root", "", "`file` with the root document of the register authority; without it nothing outside vouches for the keys")
	}
}

// words picks the language.
func (a *auditor) words(nl, en string) string {
	if a.nl {
		return nl
	}
	return en
}

// open reads a bundle with the key.
func (a *auditor) open(path string, read func(key audit.Key, sealed io.Reader) error) error {
	if a.opener == nil {
		contents, err := os.ReadFile(a.key)
		if err != nil {
			return err
		}
		key, err := audit.ParseKey(contents)
		if err != nil {
			return usage(fmt.Errorf("--key: %w", err))
		}
		a.opener = &key
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = read(*a.opener, f)
	var broken *audit.Broken
	switch {
	case errors.Is(err, audit.ErrNotForUs):
		return &checkError{path + " is sealed to another key", "use the key file whose recipient the party was given"}
	case errors.As(err, &broken):
		return &checkError{path + ": " + broken.Error(), "have the party export it again"}
	case errors.Is(err, audit.ErrSealBroken):
		return &checkError{path + " is no bundle, is damaged or was cut off; nothing of it counts", "have the party export it again"}
	}
	return err
}

// verify verifies a bundle.
func (a *auditor) verify(path string, keep bool, row func(audit.Row) error) (report *audit.Report, err error) {
	o := audit.Options{Keep: keep, Row: row}
	if a.root != "" {
		if o.Root, err = os.ReadFile(a.root); err != nil {
			return nil, err
		}
	}
	err = a.open(path, func(key audit.Key, sealed io.Reader) error {
		report, err = key.Verify(sealed, o)
		return err
	})
	return report, err
}

func auditShowCommand(t *terminal) *cobra.Command {
	a := &auditor{t: t}
	cmd := &cobra.Command{
		Use:     "show BUNDLE",
		Short:   "Show whose bundle it is, what it covers and who granted it; checks nothing",
		Example: "  sluis audit show noord.audit --key auditor.key",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var head audit.Head
			err := a.open(args[0], func(key audit.Key, sealed io.Reader) error {
				opened, err := key.Open(sealed)
				if err != nil {
					return err
				}
				head, err = audit.ReadHead(opened)
				return err
			})
			if err != nil {
				return err
			}
			return t.print(head, func(w io.Writer) {
				a.printHead(w, head)
				fmt.Fprintln(w, a.words("niets hiervan is gecontroleerd: sluis audit verify", "none of this has been checked: sluis audit verify"))
			})
		},
	}
	a.flags(cmd, false)
	return cmd
}

func (a *auditor) printHead(w io.Writer, h audit.Head) {
	fmt.Fprintf(w, "%s\t%s (%s), %s\n", a.words("bundel van", "bundle of"), h.Name, h.OIN, minute(h.Made))
	fmt.Fprintf(w, "%s\t%s\n", a.words("reikwijdte", "scope"), a.scope(h.Inspection))
	fmt.Fprintf(w, "%s\t%s %s, %s %d\n", a.words("gegeven door", "granted by"), h.By, h.As, a.words("regel", "entry"), h.Granted)
}

func (a *auditor) scope(i exchange.Inspection) string {
	text := map[exchange.ScopeCode]string{
		exchange.ScopeAll:      a.words("alles", "all"),
		exchange.ScopePeriod:   a.words("periode ", "period ") + minute(i.From) + " - " + minute(i.Until),
		exchange.ScopeParty:    a.words("partij ", "counterparty ") + string(i.Party),
		exchange.ScopePurpose:  a.words("doel ", "purpose ") + string(i.Purpose),
		exchange.ScopeExchange: a.words("verzoek ", "request ") + string(i.Exchange),
		exchange.ScopePerson:   a.words("een persoon", "one person"),
	}[i.Scope]
	if i.Disclosures {
		return text + a.words(", met de inhoud van antwoorden", ", with the content of answers")
	}
	return text
}

func auditVerifyCommand(t *terminal) *cobra.Command {
	a := &auditor{t: t}
	var sheet string
	cmd := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Check everything that a bundle says, without believing any of it",
		Long: `Reads the whole bundle and checks it offline: every entry, the tree and its
signed checkpoint, the registers of the time and the keys in them, every private
part and message that the inspection covers, and whether the steps can have
happened in this order and at these times. Ends with exit code 5 when there are
findings; each names the entry and what it means.`,
		Example: `  sluis audit verify noord.audit --key auditor.key --root root-1.json
  sluis audit verify noord.audit --key auditor.key --root root-1.json --csv noord.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			report, err := a.verifyTo(args[0], sheet)
			if err != nil {
				return err
			}
			if err := t.print(report, func(w io.Writer) { a.printReport(w, report) }); err != nil {
				return err
			}
			if n := report.Findings.Count(); n > 0 {
				return &checkError{fmt.Sprintf("%d findings in %s", n, args[0]), "each names an entry; --csv writes the entries for a closer look"}
			}
			return nil
		},
	}
	a.flags(cmd, true)
	cmd.Flags().StringVar(&sheet, "csv", "", "write the entries in scope to `file`, for a spreadsheet")
	return cmd
}

// verifyTo verifies, and writes the entries to a file where there is one. A
// bundle that can't be read to its end leaves no file.
func (a *auditor) verifyTo(path, sheet string) (report *audit.Report, err error) {
	if sheet == "" {
		return a.verify(path, false, nil)
	}
	_, err = a.t.newFile(sheet, func(w io.Writer) (int64, error) {
		rows, err := audit.NewSheet(w)
		if err != nil {
			return 0, err
		}
		if report, err = a.verify(path, false, rows.Row); err != nil {
			return 0, err
		}
		return 0, rows.Flush()
	})
	return report, err
}

func (a *auditor) printReport(w io.Writer, r *audit.Report) {
	a.printHead(w, r.Head)
	trust := r.Trust + a.words(" (meegegeven)", " (brought)")
	if !r.Vouched {
		trust = a.words("niets buiten de bundel staat in voor de sleutels erin; geef --root", "nothing outside the bundle vouches for the keys in it; give --root")
	}
	fmt.Fprintf(w, "%s\t%s\n", a.words("vertrouwen", "trust"), trust)
	fmt.Fprintf(w, "%s\t%s\n", a.words("logboek", "ledger"), fmt.Sprintf(a.words("%d regels, %s - %s, %d verzoeken en casussen", "%d entries, %s - %s, %d requests and cases"),
		r.Entries, minute(r.First), minute(r.Last), r.Exchanges))
	fmt.Fprintf(w, "%s\t%s\n", a.words("in de inzage", "in scope"), fmt.Sprintf(
		a.words("%d regels, %d verzegelde delen geopend, %d berichten waarvan %d ontvangstbewijzen, %d vernietigd", "%d entries, %d private parts opened, %d messages of which %d receipts, %d destroyed"),
		r.Covered, r.Opened, r.Messages, r.Receipts, r.Destroyed))
	cosigned := a.words("niemand", "nobody")
	if len(r.Cosigned) > 0 {
		cosigned = strings.Join(r.Cosigned, ", ")
	}
	fmt.Fprintf(w, "%s\t%s\n", a.words("medeondertekend", "cosigned by"), cosigned)
	if r.Findings.Count() == 0 {
		fmt.Fprintf(w, "%s\t%s\n", a.words("oordeel", "verdict"), a.words("alles klopt", "it holds"))
		return
	}
	fmt.Fprintf(w, "%s\t%d %s\n", a.words("oordeel", "verdict"), r.Findings.Count(), a.words("bevindingen", "findings"))
	a.printFindings(w, r.Findings, nil)
}

// printFindings prints each finding with what it means. Of a code with many it
// prints the first ones and how many there are.
func (a *auditor) printFindings(w io.Writer, all audit.Findings, name func(exchange.OIN) string) {
	const shown = 10
	printed := map[audit.Code]int{}
	for _, f := range all.Listed {
		if printed[f.Code]++; printed[f.Code] > shown {
			continue
		}
		words := audit.TextOf(f.Code).EN
		if a.nl {
			words = audit.TextOf(f.Code).NL
		}
		fmt.Fprintf(w, "\n%s\t%s\n", a.where(f, name), words.Title)
		fmt.Fprintf(w, "\t%s\n", words.Meaning)
		var more []string
		for _, part := range []string{string(f.Kind), f.Exchange, f.Detail, string(f.Code)} {
			if part != "" {
				more = append(more, part)
			}
		}
		fmt.Fprintf(w, "\t%s\n", strings.Join(more, "; "))
		if f.Other != "" {
			fmt.Fprintf(w, "\t%s\n", a.other(f, name))
		}
	}
	for _, code := range audit.Codes {
		if n := all.Total[code]; n > shown {
			fmt.Fprintf(w, "\n%s\t%s: %d\n", a.words("meer", "more"), code, n-shown)
		}
	}
}

func (a *auditor) where(f audit.Finding, name func(exchange.OIN) string) string {
	where := a.words("bundel", "bundle")
	if name != nil {
		where = name(f.Party)
	}
	if f.Entry < 0 {
		return where
	}
	entry := fmt.Sprintf("%s %d", a.words("regel", "entry"), f.Entry)
	if name == nil {
		return entry
	}
	return where + ", " + entry
}

func (a *auditor) other(f audit.Finding, name func(exchange.OIN) string) string {
	who := string(f.Other)
	if name != nil {
		who = name(f.Other)
	}
	if f.OtherEntry < 0 {
		return fmt.Sprintf(a.words("volgens %s", "according to %s"), who)
	}
	return fmt.Sprintf(a.words("volgens %s, regel %d", "according to %s, entry %d"), who, f.OtherEntry)
}

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"sluis/exchange"
	"sluis/ledger/audit"
)

// A reconciliation is what sluis audit reconcile prints as JSON.
type reconciliation struct {
	Bundles    []*audit.Report   `json:"bundles"`
	Comparison *audit.Comparison `json:"comparison"`
}

func reconcileCommand(t *terminal) *cobra.Command {
	a := &auditor{t: t}
	var svg, dot string
	cmd := &cobra.Command{
		Use:   "reconcile BUNDLE...",
		Short: "Lay bundles of several parties side by side, and name who left something out",
		Long: `Verifies each bundle, and then looks for the other half of everything that one
party says it sent to or received from another. It lists what stands on one side
only and who left it out, what differs, what can't have happened in this order,
and ledgers that are not the ones that partners saw. What is still under way is
no finding. Parties of which there is no bundle are listed as not checked. Ends
with exit code 5 when there are findings.`,
		Example: `  sluis audit reconcile stad.audit noord.audit --key auditor.key --root root-1.json
  sluis audit reconcile *.audit --key auditor.key --root root-1.json --svg passed.svg`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var all reconciliation
			for _, path := range args {
				report, err := a.verify(path, true, nil)
				if err != nil {
					return err
				}
				all.Bundles = append(all.Bundles, report)
			}
			var err error
			if all.Comparison, err = audit.Reconcile(all.Bundles); err != nil {
				return err
			}
			for path, draw := range map[string]func(io.Writer) error{svg: all.Comparison.WriteSVG, dot: all.Comparison.WriteDot} {
				if path == "" {
					continue
				}
				if _, err := t.newFile(path, func(w io.Writer) (int64, error) { return 0, draw(w) }); err != nil {
					return err
				}
			}
			if err := t.print(all, func(w io.Writer) { a.printComparison(w, all) }); err != nil {
				return err
			}
			total := all.Comparison.Findings.Count()
			for _, r := range all.Bundles {
				total += r.Findings.Count()
			}
			if total > 0 {
				return &checkError{fmt.Sprintf("%d findings", total), "each names a party and an entry; sluis audit verify tells more of one bundle"}
			}
			return nil
		},
	}
	a.flags(cmd, true)
	cmd.Flags().StringVar(&svg, "svg", "", "draw who passed what to whom in `file`, as SVG")
	cmd.Flags().StringVar(&dot, "dot", "", "write the same to `file` for Graphviz")
	return cmd
}

func (a *auditor) printComparison(w io.Writer, all reconciliation) {
	c := all.Comparison
	names := map[exchange.OIN]string{}
	for _, u := range c.Unchecked {
		names[u.OIN] = u.Name
	}
	for _, p := range c.Parties {
		names[p.OIN] = p.Name
	}
	name := func(oin exchange.OIN) string {
		if n := names[oin]; n != "" {
			return n
		}
		return string(oin)
	}
	for _, r := range all.Bundles {
		verdict := a.words("klopt op zichzelf", "holds on its own")
		if n := r.Findings.Count(); n > 0 {
			verdict = fmt.Sprintf(a.words("%d bevindingen op zichzelf: sluis audit verify", "%d findings on its own: sluis audit verify"), n)
		}
		if !r.Vouched {
			verdict += a.words("; niets van buiten staat in voor de sleutels", "; nothing outside vouches for the keys")
		}
		fmt.Fprintf(w, "%s\t%s\n", r.Head.Name, fmt.Sprintf(a.words("%d regels, %s; %s", "%d entries, %s; %s"), r.Entries, a.scope(r.Head.Inspection), verdict))
	}
	for _, p := range c.Passed {
		fmt.Fprintf(w, "%s\t%s\n", fmt.Sprintf("%s -> %s", name(p.From.OIN), name(p.To.OIN)), a.counted(p))
	}
	for _, p := range c.Parties {
		fmt.Fprintf(w, "%s\t%s\n", p.Name, fmt.Sprintf(a.words("%d bewijzen die anderen van haar logboek hebben, vergeleken", "%d proofs that others hold of its ledger, compared"), p.Claims))
	}
	for _, u := range c.Unchecked {
		fmt.Fprintf(w, "%s\t%s\n", name(u.OIN), fmt.Sprintf(a.words("niet gecontroleerd: er is geen bundel (%d berichten)", "not checked: there is no bundle (%d messages)"), u.Messages))
	}
	for _, u := range c.UnderWay {
		fmt.Fprintf(w, "%s\t%s\n", name(u.From), fmt.Sprintf(a.words("%s aan %s is nog onderweg (regel %d); geen bevinding", "%s to %s is still under way (entry %d); no finding"), u.Kind, name(u.To), u.Entry))
	}
	if c.Findings.Count() == 0 {
		fmt.Fprintf(w, "%s\t%s\n", a.words("oordeel", "verdict"), a.words("wat aan beide kanten moet staan, staat er", "what must stand on both sides does"))
		return
	}
	fmt.Fprintf(w, "%s\t%d %s\n", a.words("oordeel", "verdict"), c.Findings.Count(), a.words("bevindingen", "findings"))
	a.printFindings(w, c.Findings, name)
}

func (a *auditor) counted(p audit.Passed) string {
	text := fmt.Sprintf(a.words("%s: %d aan beide kanten", "%s: %d on both sides"), p.Kind, p.Both)
	for _, part := range []struct {
		n    int
		text string
	}{
		{p.One, a.words("%d aan een kant", "%d on one side only")}, {p.Waiting, a.words("%d onderweg", "%d under way")},
		{p.Unknown, a.words("%d niet na te gaan", "%d can't be checked")},
	} {
		if part.n > 0 {
			text += ", " + fmt.Sprintf(part.text, part.n)
		}
	}
	return text
}

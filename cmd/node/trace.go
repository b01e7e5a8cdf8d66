package main

import (
	"fmt"
	"html"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluis/api"
)

func traceCommand(t *terminal) *cobra.Command {
	var who api.By
	var svg string
	cmd := &cobra.Command{
		Use:     "trace REQUEST ITEM",
		GroupID: "exchange",
		Short:   "Show where an item came from and where it went",
		Long: `Draws the path of an item over parties, with days, purposes and conditions: the
supplier sees everywhere that his item went, a holder sees how it came to him and
where he passed it on. Looking is recorded. With --svg a picture is written too.`,
		Example: "  sluis trace 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 supervision-running --as b.devries --svg ./path.svg",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			path, err := client.TraceItem(cmd.Context(), who, args[0], args[1])
			if err != nil {
				return err
			}
			var parties []string
			for _, s := range path.Steps {
				parties = append(parties, s.From, s.To)
			}
			names, err := partyNames(cmd.Context(), client, parties...)
			if err != nil {
				return err
			}
			if svg != "" {
				// It never takes the place of another file.
				f, err := os.OpenFile(svg, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
				if err != nil {
					return err
				}
				if _, err := io.WriteString(f, drawPath(path, names)); err != nil {
					return err
				}
				if err := f.Close(); err != nil {
					return err
				}
			}
			return t.print(path, func(w io.Writer) { printPath(w, path, names) })
		},
	}
	cmd.Flags().StringVar(&svg, "svg", "", "`file` to write a picture to")
	actor(cmd, &who)
	return cmd
}

func printPath(w io.Writer, path api.Path, names map[string]string) {
	fmt.Fprintf(w, "%s\n", path.Item)
	depth := map[string]int{}
	for _, s := range path.Steps {
		if _, ok := depth[s.From]; !ok {
			fmt.Fprintln(w, named(s.From, names))
		}
		depth[s.To] = depth[s.From] + 1
		indent := strings.Repeat("    ", depth[s.From])
		fmt.Fprintf(w, "%s└─ %s\n", indent, named(s.To, names))
		fmt.Fprintf(w, "%s     %s\n", indent, stepText(s))
		for _, c := range s.Conditions {
			fmt.Fprintf(w, "%s     condition: %s\n", indent, conditionText(c))
		}
	}
}

func stepText(s api.PathStep) string {
	text := s.At.Format("2006-01-02")
	if s.Purpose != "" {
		text += ", for " + s.Purpose
	}
	if state := s.State.Code(); state != "" && state != "delivered" && state != "noticed" {
		text += ", " + said(state)
	}
	if s.Breach {
		text += ", AGAINST OUR CONDITIONS"
	}
	return text
}

func conditionText(c api.Condition) string {
	return strings.TrimRight(fmt.Sprintf("%s %s%s", c.Kind.Code(), strings.Join(c.Parties, ", "), c.Until), " ")
}

// The picture of a path: a row per party, indented under who gave it to him.
const (
	pathWidth  = 900
	pathRow    = 104
	pathIndent = 70
	pathBox    = 48
)

// drawPath draws a path as SVG, without anything from outside it.
func drawPath(path api.Path, names map[string]string) string {
	type spot struct{ x, y int }
	spots := map[string]spot{}
	var order []string
	var b strings.Builder
	for _, s := range path.Steps {
		for _, p := range []string{s.From, s.To} {
			if slices.Contains(order, p) {
				continue
			}
			x := 20
			if from, ok := spots[s.From]; ok && p == s.To {
				x = from.x + pathIndent
			}
			spots[p] = spot{x, 50 + len(order)*pathRow}
			order = append(order, p)
		}
	}
	height := 60 + len(order)*pathRow
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="14">`+"\n", pathWidth, height)
	fmt.Fprintf(&b, "<title>The path of %s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", html.EscapeString(path.Item))
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9" orient="auto"><path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<text x="20" y="28" font-size="18" font-weight="bold">%s</text>`+"\n", html.EscapeString(path.Item))
	for _, s := range path.Steps {
		from, to := spots[s.From], spots[s.To]
		colour := "#1b5e8c"
		if s.Breach || s.State.Code() == "rejected" {
			colour = "#b00020"
		}
		fmt.Fprintf(&b, `<path d="M%d %d V%d H%d" fill="none" stroke="%s" stroke-width="2" marker-end="url(#tip)"/>`+"\n",
			from.x+24, from.y+pathBox, to.y+pathBox/2, to.x-2, colour)
		lines := []string{stepText(s)}
		for _, c := range s.Conditions {
			lines = append(lines, "condition: "+conditionText(c))
		}
		for i, l := range lines {
			fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", to.x+8, to.y-6-16*(len(lines)-1-i), colour, html.EscapeString(l))
		}
	}
	for _, p := range order {
		s := spots[p]
		name := names[p]
		if name == "" {
			name = p
		}
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="330" height="%d" rx="6" fill="#eef4f8" stroke="#1b5e8c"/>`, s.x, s.y, pathBox)
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-weight="bold">%s</text>`, s.x+12, s.y+20, html.EscapeString(cell(name)))
		_, capacity, _ := strings.Cut(p, ":")
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#555" font-size="12">%s</text>`+"\n", s.x+12, s.y+38, html.EscapeString(capacity))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

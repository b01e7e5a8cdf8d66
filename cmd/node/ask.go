package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/schemas"
)

// exampleRequest is a request as `sluis ask` reads it. CASE stands for the ID of
// the case.
const exampleRequest = `{
  "hoedanigheid": "investigation",
  "aan": "00000099000002002000:probation",
  "doel": "investigation/client-request",
  "specifiekDoel": "to plan help at home together with the client",
  "casus": "CASE",
  "persoon": 1,
  "verklaringen": [
    { "code": "question", "tekst": "running" },
    { "code": "why-this-party", "tekst": "he told us that he reports there every week" },
    { "code": "beyond-social-domain", "tekst": "his supervision decides when he can work" }
  ],
  "gegevens": [
    {
      "code": "supervision-conditions", "diepte": "inhoud", "reden": "to plan the first month around them",
      "verklaringen": [ { "code": "service-choice", "tekst": "which work track fits in his week" } ]
    },
    {
      "code": "offence", "diepte": "dat", "reden": "to know whether a house near a school is wise",
      "verklaringen": [
        { "code": "service-choice", "tekst": "which house fits" },
        { "code": "background", "tekst": "the school next door asks for it" }
      ]
    }
  ],
  "betrokkenheid": { "stand": "in-samenspraak" },
  "contact": "A. Jansen, 06-00000000"
}
`

func askCommand(t *terminal) *cobra.Command {
	var who api.By
	var file, in string
	var example bool
	var until patience
	cmd := &cobra.Command{
		Use:     "ask",
		GroupID: "exchange",
		Short:   "Ask another party for items about one person",
		Long: `Sends a request. It is read from a file or from standard input, as the JSON that
the API takes, since what it says does not belong on a command line, where others can
see it. It names a person of a case by number (see sluis case); the node names
him to the other party as that party may know him. --example prints one to start
from; sluis purposes, items, statements and parties list the codes. sluis explain
--file says beforehand what the law says of it.`,
		Example: `  sluis ask --example --case 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857 > request.json
  sluis ask --as a.jansen --file request.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if example {
				text := exampleRequest
				if in != "" {
					text = strings.Replace(text, "CASE", in, 1)
				}
				_, err := io.WriteString(t.out, text)
				return err
			}
			var request api.NewRequest
			if err := t.read(file, "NieuwVerzoek", &request); err != nil {
				return err
			}
			if in != "" {
				request.Case = in
			}
			if err := until.check(); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			made, err := client.Ask(cmd.Context(), who, request)
			if err != nil {
				return err
			}
			return until.show(cmd.Context(), t, client, made)
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with the request; - is standard input")
	cmd.Flags().StringVar(&in, "case", "", "`ID` of the case, in place of the one in the file")
	cmd.Flags().BoolVar(&example, "example", false, "print an example request and do nothing else")
	actor(cmd, &who)
	until.flags(cmd)
	return cmd
}

// A patience is how long a command waits for what the other party does.
type patience struct {
	phase string
	most  time.Duration
}

func (p *patience) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.phase, "wait", "", "wait until the request has this `status`: "+strings.Join(phases, ", "))
	cmd.Flags().DurationVar(&p.most, "patience", time.Minute, "wait no longer than this `time`")
}

// check holds --wait before anything is done that can't be taken back.
func (p *patience) check() error {
	if _, ok := api.PhaseOf(p.phase); p.phase != "" && !ok {
		return unknownWord("--wait", p.phase, phases...)
	}
	return nil
}

// show waits, and then shows the request. It was made, so it is shown as well
// where the waiting was in vain: without its ID nobody finds it again.
func (p *patience) show(ctx context.Context, t *terminal, client *api.Client, r api.Request) error {
	r, failed := p.wait(ctx, client, r)
	if err := t.printRequest(r); err != nil {
		return err
	}
	return failed
}

// wait looks until the request has the status, or one that nothing can follow.
func (p *patience) wait(ctx context.Context, client *api.Client, r api.Request) (api.Request, error) {
	if p.phase == "" {
		return r, nil
	}
	want, _ := api.PhaseOf(p.phase)
	ctx, cancel := context.WithTimeout(ctx, p.most)
	defer cancel()
	for {
		next, err := client.Request(ctx, r.ID, "")
		if err == nil {
			r = next
		}
		if r.Phase == want {
			return r, nil
		}
		if exchange.Phase(r.Phase.Code()).Ended() {
			return r, &checkError{what: fmt.Sprintf("request %s is %s, not %s", r.ID, said(r.Phase.Code()), p.phase), todo: "nothing more will happen to it; sluis show " + r.ID + " tells more"}
		}
		select {
		case <-ctx.Done():
			return r, &checkError{what: fmt.Sprintf("request %s is still %s after %s", r.ID, said(r.Phase.Code()), p.most), todo: "it goes on by itself; look later with sluis show " + r.ID}
		case <-time.After(lookEvery):
		}
	}
}

// lookEvery is how often a command that waits looks.
const lookEvery = 100 * time.Millisecond

// actor adds the flags that say who acts, and under which hat.
func actor(cmd *cobra.Command, who *api.By) {
	cmd.Flags().StringVar(&who.Staff, "as", "", "`id` of the member of staff who acts; see sluis staff list")
	cmd.Flags().StringVar(&who.Hat, "hat", "", "`capacity` in which he acts, where he has more than one")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if who.Staff == "" && !withoutActor(cmd) {
			return usage(errors.New("say who acts with --as; sluis staff list shows who there is"))
		}
		return nil
	}
}

// withoutActor reports whether a command was called for what nobody needs to
// act for: an example, the meaning of a code, or where a request stands.
func withoutActor(cmd *cobra.Command) bool {
	for _, name := range []string{"example", "code"} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			return true
		}
	}
	if f := cmd.Flags().Lookup("content"); f != nil { // show
		return true
	}
	file := cmd.Flags().Lookup("file")
	return cmd.Name() == "explain" && cmd.Flags().NArg() == 0 && !file.Changed // it says itself what to name
}

// words reads what somebody wrote from a file or standard input.
func (t *terminal) words(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	from := t.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxDocument))
	return strings.TrimRight(string(text), "\r\n"), err
}

// read reads a JSON document from a file or standard input, and holds it to a
// schema of the API before it is looked at. It names places and rules; the
// value of a member is never repeated.
func (t *terminal) read(file, schema string, into any) error {
	from := t.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxDocument+1))
	if err != nil {
		return err
	}
	if len(text) > maxDocument {
		return usage(fmt.Errorf("the document is larger than %d bytes", maxDocument))
	}
	if err := crypto.StrictJSON(text, maxDepth); err != nil {
		return usage(notJSON(text, schema))
	}
	wrong, err := schemas.ValidateInput(schema, text)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		var places []string
		for _, m := range wrong {
			places = append(places, mismatch(m))
		}
		return usage(fmt.Errorf("%s%s", strings.Join(places, "; "), startFrom(schema)))
	}
	return json.Unmarshal(text, into)
}

// startFrom names the command that prints an example, where there is one.
func startFrom(schema string) string {
	switch schema {
	case "NieuwVerzoek":
		return "; sluis ask --example prints one to start from"
	case "NieuweCasus":
		return "; sluis case open --example prints one to start from"
	case "NieuwCasusoverleg":
		return "; sluis conference organise --example prints one to start from"
	case "NieuweInbreng":
		return "; sluis conference contribute --example prints one to start from"
	case "NieuweAfspraak":
		return "; sluis conference agree --example prints one to start from"
	}
	return ""
}

// notJSON says what is wrong with a text that is no JSON document, by line.
func notJSON(text []byte, schema string) error {
	var value any
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(text, &value); {
	case len(bytes.TrimSpace(text)) == 0:
		return errors.New("the file is empty" + startFrom(schema))
	case errors.As(err, &syntax):
		text = bytes.TrimRight(text, " \t\r\n")
		line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
		if int(syntax.Offset) >= len(text) {
			return fmt.Errorf("the file ends too early, at line %d: a bracket or a quote is not closed%s", line, startFrom(schema))
		}
		return fmt.Errorf("the file can't be read from line %d on: look for a comma, quote or bracket too many or too few%s", line, startFrom(schema))
	}
	return errors.New("the document is not JSON as every program reads it: in UTF-8, no member twice, nothing behind it")
}

// mismatch says where a document is not as the API wants it, and what is wanted.
func mismatch(m schemas.Mismatch) string {
	place := m.Place
	if place == "" {
		place = "the document"
	}
	rule, wanted, _ := strings.Cut(m.Rule, " ")
	words := strings.Join(strings.Fields(wanted), ", ")
	switch rule {
	case "required":
		return place + " lacks " + words
	case "enum":
		return place + " is one of " + words
	case "maximum", "maxLength", "maxItems":
		return place + " is at most " + words + map[string]string{"maxLength": " characters", "maxItems": " long"}[rule]
	case "minimum":
		return place + " is at least " + words
	case "type":
		return place + " is a " + words
	case "format":
		return place + " is a " + words + map[string]string{"date": ", as 2026-11-23", "date-time": ", as 2026-11-23T12:00:00Z"}[wanted]
	case "additionalProperties":
		return place + " holds a name that does not belong there"
	}
	return m.Error()
}

// Bounds of a document that a person gives; the API has the same or wider ones.
const (
	maxDocument = 1 << 20
	maxDepth    = 12
)

func (t *terminal) printRequest(r api.Request) error {
	return t.print(r, func(w io.Writer) {
		fmt.Fprintf(w, "request\t%s\n", r.ID)
		fmt.Fprintf(w, "status\t%s\n", said(r.Phase.Code()))
		fmt.Fprintf(w, "from\t%s\n", r.From)
		fmt.Fprintf(w, "to\t%s\n", r.To)
		fmt.Fprintf(w, "purpose\t%s\n", r.Purpose)
		fmt.Fprintf(w, "items\t%d\n", r.Items)
		fmt.Fprintf(w, "due\t%s%s\n", r.Due.Format("2006-01-02 15:04"), clock(r))
		if r.Assigned != "" {
			fmt.Fprintf(w, "given to\t%s\n", r.Assigned)
		}
		if r.Rejected != "" {
			fmt.Fprintf(w, "not accepted\t%s\n", r.Rejected)
		}
	})
}

// clock says what else there is to know of a deadline.
func clock(r api.Request) string {
	switch {
	case r.Paused:
		return " (the clock stands still: a question is open)"
	case r.Late:
		return " (answered later)"
	}
	return ""
}

// said is a code as this terminal says it.
func said(code string) string {
	switch code {
	case "weighing":
		return "being decided"
	case "clarifying":
		return "question open"
	case "proposed":
		return "waiting for a second person"
	case "rejected":
		return "not accepted"
	case "needs-permission":
		return "ask first"
	case "forbidden":
		return "no"
	case "permitted":
		return "yes"
	case "noticed":
		return "told by notice"
	}
	return code
}

// unknownWord is a word that is not among the codes.
func unknownWord(flag, word string, codes ...string) error {
	if len(codes) == 0 {
		return usage(fmt.Errorf("%s: %q belongs to nothing here", flag, word))
	}
	return usage(fmt.Errorf("%s: %q is not one of %s", flag, word, strings.Join(codes, ", ")))
}

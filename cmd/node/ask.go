package main

import (
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

// exampleRequest is a request as `sluis ask` reads it; the person is invented.
const exampleRequest = `{
  "hoedanigheid": "investigation",
  "aan": "00000099000002002000:probation",
  "doel": "investigation/client-request",
  "specifiekDoel": "to plan help at home together with the client",
  "over": { "bsn": "999993847" },
  "gegevens": [
    { "code": "supervision-conditions", "diepte": "inhoud", "reden": "to plan the first month around them" },
    { "code": "offence", "diepte": "dat", "reden": "to know whether a house near a school is wise" }
  ],
  "betrokkenheid": { "stand": "in-samenspraak" },
  "contact": "A. Jansen, 06-00000000"
}
`

func askCommand(t *terminal) *cobra.Command {
	var staff, file string
	var example bool
	var until patience
	cmd := &cobra.Command{
		Use:     "ask",
		GroupID: "exchange",
		Short:   "Ask another party for items about one person",
		Long: `Sends a request. It is read from a file or from standard input, as the JSON that
the API takes, since what it says of a person does not belong on a command line,
where others can see it. --example prints one to start from; sluis purposes,
items and parties list the codes.`,
		Example: `  sluis ask --example > request.json
  sluis ask --as a.jansen --file request.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if example {
				_, err := io.WriteString(t.out, exampleRequest)
				return err
			}
			var request api.NewRequest
			if err := t.read(file, "NieuwVerzoek", &request); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			made, err := client.Ask(cmd.Context(), staff, request)
			if err != nil {
				return err
			}
			if made, err = until.wait(cmd.Context(), client, made); err != nil {
				return err
			}
			return t.printRequest(made)
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "`file` with the request; - is standard input")
	cmd.Flags().BoolVar(&example, "example", false, "print an example request and do nothing else")
	actor(cmd, &staff)
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

// wait looks until the request has the status, or one that nothing can follow.
func (p *patience) wait(ctx context.Context, client *api.Client, r api.Request) (api.Request, error) {
	if p.phase == "" {
		return r, nil
	}
	want, ok := api.PhaseOf(p.phase)
	if !ok {
		return r, unknownWord("--wait", p.phase, phases...)
	}
	ctx, cancel := context.WithTimeout(ctx, p.most)
	defer cancel()
	for {
		next, err := client.Request(ctx, r.ID)
		if err == nil {
			r = next
		}
		if r.Phase == want {
			return r, nil
		}
		if exchange.Phase(r.Phase.Code()).Ended() {
			return r, &checkError{what: fmt.Sprintf("the request is %s, not %s", said(r.Phase.Code()), p.phase), todo: "nothing more will happen to it; sluis show tells more"}
		}
		select {
		case <-ctx.Done():
			return r, &checkError{what: fmt.Sprintf("the request is still %s after %s", said(r.Phase.Code()), p.most), todo: "it goes on by itself; look later with sluis show"}
		case <-time.After(lookEvery):
		}
	}
}

// lookEvery is how often a command that waits looks.
const lookEvery = 100 * time.Millisecond

// actor adds the flag that says who acts.
func actor(cmd *cobra.Command, staff *string) {
	cmd.Flags().StringVar(staff, "as", "", "`id` of the member of staff who acts; see sluis staff list")
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
		return usage(errors.New("the document is not JSON as every program reads it: in UTF-8, no member twice, nothing behind it"))
	}
	wrong, err := schemas.ValidateInput(schema, text)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		var places []string
		for _, m := range wrong {
			places = append(places, m.Error())
		}
		return usage(fmt.Errorf("the document is not as the API wants it: %s", strings.Join(places, "; ")))
	}
	return json.Unmarshal(text, into)
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
		fmt.Fprintf(w, "due\t%s\n", r.Due.Format("2006-01-02 15:04"))
		if r.Rejected != "" {
			fmt.Fprintf(w, "not accepted\t%s\n", r.Rejected)
		}
	})
}

// said is a code as this terminal says it.
func said(code string) string {
	switch code {
	case "weighing":
		return "being decided"
	case "rejected":
		return "not accepted"
	}
	return code
}

// unknownWord is a word that is not among the codes.
func unknownWord(flag, word string, codes ...string) error {
	return usage(fmt.Errorf("%s: %q is not one of %s", flag, word, strings.Join(codes, ", ")))
}

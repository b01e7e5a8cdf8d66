package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/exchange"
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
			if err := t.read(file, &request); err != nil {
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

// read decodes a JSON document from a file or standard input. An unknown member
// is a mistake; the value of a member is never repeated.
func (t *terminal) read(file string, into any) error {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(io.LimitReader(t.in, maxDocument+1))
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return err
	}
	if len(text) > maxDocument {
		return usage(fmt.Errorf("the document is larger than %d bytes", maxDocument))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		line := 1 + bytes.Count(text[:min(int(d.InputOffset()), len(text))], []byte("\n"))
		return usage(fmt.Errorf("the document is not as the API wants it, near line %d; --example shows one", line))
	}
	if d.More() {
		return usage(fmt.Errorf("something follows the document"))
	}
	return nil
}

const maxDocument = 1 << 20

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

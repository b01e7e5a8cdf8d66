package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/durable"
)

func witnessesCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "witnesses",
		Short: "List the ledgers that this node witnesses, and who witnesses its own",
		Long: `Lists the parties with which messages were exchanged. HELD is how many entries
of their ledger this node has checked and cosigned, and SEEN when: not seen since.
COSIGNED is how many entries of our ledger they have checked and cosigned last.`,
		Example: "  sluis ledger witnesses",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Witnesses(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "PARTY\tHELD\tSEEN\tWAITING\tCOSIGNED\tSIGNED\tALARMS")
				for _, p := range all {
					fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%s\t%d\n", p.Party, p.Held, minute(p.Checked), p.Waiting, p.Cosigned, minute(p.CosignedAt), p.Alarms)
				}
			})
		},
	}
}

func minute(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.UTC().Format("2006-01-02 15:04")
}

// alarmsFormat names the form of a file of alarms, see docs/protocol/30-ledger.md.
const alarmsFormat = "sluis-alarms/1"

func alarmsCommand(t *terminal) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "alarms",
		Short: "List the ledgers of others that contradict themselves, and export the evidence",
		Long: `Lists the ledgers of others that were found to contradict themselves: two states
of one size (two-roots), a proof that fails (proof-fails), or fewer entries than
before (shorter). The evidence is what the party has signed; who has the file and the
register can check it without this node. It holds nothing personal.`,
		Example: "  sluis ledger alarms\n  sluis ledger alarms --export alarms.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Alarms(cmd.Context())
			if err != nil {
				return err
			}
			if file != "" {
				evidence, err := evidenceFile(all)
				if err != nil {
					return err
				}
				if err := durable.Create(file, evidence, 0o600); err != nil {
					return err
				}
			}
			return t.print(all, func(w io.Writer) {
				if len(all) == 0 {
					fmt.Fprintln(w, "no alarms")
					return
				}
				fmt.Fprintln(w, "PARTY\tFOUND\tFIRST\tSECOND\tTIME\tALARM")
				for _, a := range all {
					fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", a.Party, a.Found.Code(), a.First, a.Second, minute(a.At), a.ID)
				}
			})
		},
	}
	cmd.Flags().StringVar(&file, "export", "", "also write the evidence to a new `file`, as JSON")
	return cmd
}

func evidenceFile(all []api.Alarm) ([]byte, error) {
	out := struct {
		Format string            `json:"format"`
		Alarms []json.RawMessage `json:"alarms"`
	}{alarmsFormat, []json.RawMessage{}}
	for _, a := range all {
		out.Alarms = append(out.Alarms, json.RawMessage(a.Evidence))
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return append(text, '\n'), err
}

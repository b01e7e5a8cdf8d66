package main

import (
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
	"sluis/durable"
	"sluis/exchange"
	"sluis/ledger/audit"
)

func auditCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "audit",
		GroupID: "node",
		Short:   "Let a regulator inspect ledgers, and be that regulator",
		Long: `A party exports its ledger to a regulator (toezichthouder); all other commands
are the regulator's, need no node and no network, and believe nothing that a
party says. docs/audit.md is a session from beginning to end.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(auditKeyCommand(t), exportCommand(t), auditShowCommand(t), auditVerifyCommand(t), reconcileCommand(t))
	return cmd
}

func auditKeyCommand(t *terminal) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make the key file of a regulator, and print what parties need to seal to it",
		Long: `Makes a key file, which stays with the regulator, and prints its recipient: the
public half, to which parties seal what they hand over.`,
		Example: "  sluis audit key --out auditor.key > auditor.pub",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			contents, recipient, err := crypto.NewIdentityFile()
			if err != nil {
				return err
			}
			if err := durable.Create(out, contents, 0o600); err != nil {
				return err
			}
			t.say("made %s; keep it, and give parties the recipient (fingerprint %s)", out, audit.Fingerprint(recipient))
			return t.print(map[string]string{"recipient": recipient.String(), "fingerprint": audit.Fingerprint(recipient), "file": out}, func(w io.Writer) {
				fmt.Fprintln(w, recipient)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to make, with the key")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

func exportCommand(t *terminal) *cobra.Command {
	var who api.By
	var to, out, scope, from, until, person string
	var n api.NewInspection
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Hand a regulator the ledger: all headers, and what the scope opens",
		Long: `Grants an inspection and writes its bundle, sealed to the regulator. The headers
of all entries always go along; the scope says of which entries the private part
and the messages are opened. The grant is an entry of the ledger and is in the
bundle. Who grants it can't open it.

Scopes, with what each wants:
  all
  period        --from DAY --until DAY (the last day is not included)
  counterparty  --party OIN
  purpose       --purpose CODE
  exchange      --exchange REQUEST
  person        --person FILE: {"bsn": "..."} or {"name": "...", "born": "YYYY-MM-DD"}

The person stands in a file, since what is typed can be seen by others; he is
found at the node and stands neither in the bundle nor in the ledger.`,
		Example: `  sluis audit export --as m.kuipers --scope all --to auditor.pub --out noord.audit
  sluis audit export --as m.kuipers --scope period --from 2026-11-01 --until 2026-12-01 --to auditor.pub --out november.audit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			word, ok := api.ScopeOf(scope)
			if !ok {
				return unknownWord("--scope", scope, scopeCodes()...)
			}
			n.Scope = word
			if n.From, err = day("--from", from); err != nil {
				return err
			}
			if n.Until, err = day("--until", until); err != nil {
				return err
			}
			if n.Recipient, err = recipientOf(to); err != nil {
				return err
			}
			if person != "" {
				if n.Person, err = readPerson(person); err != nil {
					return err
				}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			size, err := t.newFile(out, func(w io.Writer) (int64, error) { return client.GrantInspection(cmd.Context(), who, n, w) })
			if err != nil {
				return err
			}
			return t.print(map[string]any{"file": out, "bytes": size, "scope": scope}, func(w io.Writer) {
				fmt.Fprintf(w, "wrote %s: %d bytes, sealed to the regulator; the ledger has an entry about it\n", out, size)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&scope, "scope", "all", "`scope`: "+strings.Join(scopeCodes(), ", "))
	f.StringVar(&from, "from", "", "first `day` of the period, YYYY-MM-DD")
	f.StringVar(&until, "until", "", "first `day` after the period, YYYY-MM-DD")
	f.StringVar(&n.Party, "party", "", "`OIN` of the other organisation")
	f.StringVar(&n.Purpose, "purpose", "", "`code` of a purpose")
	f.StringVar(&n.Exchange, "exchange", "", "`ID` of a request")
	f.StringVar(&person, "person", "", "`file` that says who it is about")
	f.BoolVar(&n.Disclosures, "disclosures", false, "answers go along with what was supplied in them")
	f.StringVar(&to, "to", "", "`recipient` of the regulator, or a file with it")
	f.StringVar(&out, "out", "", "`file` to write, which must not be there")
	_ = cmd.MarkFlagRequired("to")
	_ = cmd.MarkFlagRequired("out")
	actor(cmd, &who)
	return cmd
}

func scopeCodes() []string {
	var all []string
	for _, c := range exchange.ScopeCodes {
		all = append(all, string(c))
	}
	return all
}

func day(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, usage(fmt.Errorf("%s: want a day as YYYY-MM-DD", flag))
	}
	return at, nil
}

// recipientOf is a recipient, or that of the file with this name.
func recipientOf(text string) (string, error) {
	if !strings.HasPrefix(text, "age1") {
		contents, err := os.ReadFile(text)
		if err != nil {
			return "", err
		}
		text = strings.TrimSpace(string(contents))
	}
	if _, err := crypto.ParseRecipient(text); err != nil {
		return "", usage(errors.New("--to: no recipient of a regulator; sluis audit key prints one"))
	}
	return text, nil
}

func readPerson(path string) (api.SoughtPerson, error) {
	contents, err := os.ReadFile(path)
	if err != nil {
		return api.SoughtPerson{}, err
	}
	var p struct {
		BSN  string `json:"bsn"`
		Name string `json:"name"`
		Born string `json:"born"`
	}
	// The decoder's own text may quote what it read.
	if err := json.Unmarshal(contents, &p); err != nil || p.BSN == "" && (p.Name == "" || p.Born == "") {
		return api.SoughtPerson{}, usage(errors.New(`--person: want a file with {"bsn": "..."} or {"name": "...", "born": "YYYY-MM-DD"}`))
	}
	return api.SoughtPerson{BSN: p.BSN, Name: p.Name, Born: p.Born}, nil
}

// newFile makes a file that must not be there, and takes it away again when it
// could not be written whole.
func (t *terminal) newFile(path string, write func(io.Writer) (int64, error)) (size int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return size, err
}

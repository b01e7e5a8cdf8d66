package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluis/crypto"
	"sluis/durable"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

func initCommand(t *terminal) *cobra.Command {
	var smith locksmith
	var oin, name, root, config string
	var capacities, listen, announce, relays []string
	var contact register.Contact
	var newKey string
	var number int
	cmd := &cobra.Command{
		Use:     "init",
		GroupID: "node",
		Short:   "Make a node directory: configuration, sealed keys, pinned root, empty ledger",
		Long: `Makes the directory of a node (mode 0700). It must be empty or absent.

A capacity is what the organisation does, as the register lists it:
  code=domain/task/regime[,bsn][,category...]
for example probation=probation/service/wjsg,bsn,criminal. Regimes: none, wgbo,
big, jeugdwet, wpg, wjsg, mayor. Categories: health, special, criminal.

The keystore is sealed with a passphrase or with a key file; --new-key-file
makes one.`,
		Example: `  sluis --dir ./noord init --oin 00000099000002002000 --name "reclassering Noord" \
      --capacity probation=probation/service/wjsg,bsn,criminal \
      --root root.json --new-key-file ./noord.key --listen /ip4/127.0.0.1/tcp/4102`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			identity, err := identityOf(oin, name, capacities, contact)
			if err != nil {
				return err
			}
			if number < 1 {
				return usage(errors.New("--ledger starts at 1"))
			}
			if number > 1 {
				identity.Ledger = number
			}
			pin, err := os.ReadFile(root)
			if err != nil {
				return err
			}
			text, err := configText(config, map[string][]string{"listen": listen, "announce": announce, "relays": relays})
			if err != nil {
				return err
			}
			if newKey != "" {
				if err := makeKeyFile(newKey); err != nil {
					return err
				}
				smith.keyFile = newKey
			}
			lock, err := smith.lock(t, true)
			if err != nil {
				return err
			}
			plan := peer.Plan{Identity: identity, Root: pin, Lock: lock, Config: text}
			if err := peer.Create(cmd.Context(), t.dir, plan, peer.Options{}); err != nil {
				return err
			}
			return t.print(map[string]string{"dir": t.dir, "oin": oin}, func(w io.Writer) {
				fmt.Fprintf(w, "made the node of %s in %s\n", name, t.dir)
				fmt.Fprintln(w, "next: give the register authority what `sluis keys show` prints")
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&oin, "oin", "", "organisation identification `number`, 20 digits")
	f.StringVar(&name, "name", "", "`name` of the organisation")
	f.StringArrayVar(&capacities, "capacity", nil, "`capacity`, see above; repeat for more")
	f.StringVar(&root, "root", "", "`file` with the root document of the register authority")
	f.StringVar(&config, "config", "", "`file` to take as sluis.toml")
	f.StringArrayVar(&listen, "listen", nil, "`multiaddress` to listen on; repeat for more")
	f.StringArrayVar(&announce, "announce", nil, "`multiaddress` at which others reach this node, where it differs")
	f.StringArrayVar(&relays, "relay", nil, "`multiaddress` of a relay with its ID, for a node that others can't call; repeat for more")
	f.StringVar(&contact.Name, "contact-name", "", "`desk` to call for clarification")
	f.StringVar(&contact.Email, "contact-email", "", "`address` of the desk")
	f.StringVar(&contact.Phone, "contact-phone", "", "`number` of the desk")
	f.StringVar(&newKey, "new-key-file", "", "make a key file at `path` and seal the keystore with it")
	f.IntVar(&number, "ledger", 1, "`number` of the ledger: one more than that of a node of the organisation that was lost")
	smith.flags(cmd)
	for _, required := range []string{"oin", "name", "capacity", "root"} {
		_ = cmd.MarkFlagRequired(required)
	}
	return cmd
}

func (l *locksmith) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.passphraseFile, "passphrase-file", "", "`file` with the passphrase of the keystore")
	cmd.Flags().StringVar(&l.keyFile, "key-file", "", "key `file` that opens the keystore")
}

func makeKeyFile(path string) error {
	contents, err := crypto.NewKeyFile()
	if err != nil {
		return err
	}
	return durable.Create(path, contents, 0o600)
}

func identityOf(oin, name string, capacities []string, contact register.Contact) (peer.Identity, error) {
	number, err := exchange.ParseOIN(oin)
	if err != nil {
		return peer.Identity{}, err
	}
	id := peer.Identity{Party: exchange.Party{OIN: number, Name: name}, Contact: contact}
	for _, text := range capacities {
		c, err := parseCapacity(text)
		if err != nil {
			return peer.Identity{}, err
		}
		id.Capacities = append(id.Capacities, c)
	}
	return id, nil
}

// parseCapacity reads code=domain/task/regime[,bsn][,category...].
func parseCapacity(text string) (exchange.Capacity, error) {
	wrong := usage(fmt.Errorf("--capacity %q: want code=domain/task/regime[,bsn][,category...]", text))
	code, rest, ok := strings.Cut(text, "=")
	parts := strings.Split(rest, ",")
	what := strings.Split(parts[0], "/")
	if !ok || len(what) != 3 {
		return exchange.Capacity{}, wrong
	}
	c := exchange.Capacity{
		Code: exchange.CapacityCode(code), Domain: exchange.DomainCode(what[0]), Task: exchange.TaskCode(what[1]), Regime: exchange.Regime(what[2]),
	}
	if !slices.Contains(exchange.Regimes[:], c.Regime) {
		return exchange.Capacity{}, usage(fmt.Errorf("--capacity %q: no such regime; there are %v", text, exchange.Regimes))
	}
	for _, extra := range parts[1:] {
		switch {
		case extra == "bsn":
			c.MayProcessBSN = true
		case slices.Contains(exchange.Categories[1:], exchange.Category(extra)):
			c.Special = append(c.Special, exchange.Category(extra))
		default:
			return exchange.Capacity{}, usage(fmt.Errorf("--capacity %q: %q is neither bsn nor one of %v", text, extra, exchange.Categories[1:]))
		}
	}
	return c, nil
}

// configText makes sluis.toml of a file, or of the addresses alone.
func configText(file string, addresses map[string][]string) ([]byte, error) {
	if file != "" {
		for _, all := range addresses {
			if len(all) > 0 {
				return nil, usage(errors.New("--config and --listen, --announce or --relay exclude each other; write the addresses into the file"))
			}
		}
		return os.ReadFile(file)
	}
	var b strings.Builder
	b.WriteString("# Configuration of a Sluis node; `sluis config example` shows every key.\n")
	for _, key := range slices.Sorted(maps.Keys(addresses)) {
		all := addresses[key]
		if len(all) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s = [\n", key)
		for _, a := range all {
			fmt.Fprintf(&b, "  %q,\n", a)
		}
		b.WriteString("]\n")
	}
	return []byte(b.String()), nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/crypto"
	"sluis/peer"
)

func keysCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "keys",
		GroupID: "node",
		Short:   "Show, rotate and retire the node's keys, and change what opens them",
		Long: `The keys of a node, over the years. A key is replaced while the node runs, and
no message is lost; sluis doctor says what the next step is:

  sluis keys rotate signing     a new key, beside the one in use
  sluis keys show               for the register authority: both keys
  sluis register install FILE   from here on the node uses the new one
  sluis keys show               the new one alone; the register follows
  sluis keys retire ID          the old one is destroyed

A key that was stolen is replaced in the same way, and the register authority is
told at once, who revokes it from the moment of the theft.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keysListCommand(t), keysShowCommand(t), keysRotateCommand(t), keysRetireCommand(t), keysPassphraseCommand(t))
	return cmd
}

// printKeys lists keys with the state of each.
func printKeys(t *terminal, k api.Keys) error {
	return t.print(k, func(w io.Writer) {
		fmt.Fprintln(w, "USE\tID\tSTATE\tSINCE")
		for _, k := range k.Keys {
			since := ""
			if !k.Since.IsZero() {
				since = k.Since.Format(time.DateOnly)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Use, k.ID, k.State, since)
		}
	})
}

func keysListCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys of the running node, and how far the replacement of each is",
		Long: `Lists the keys by use, the newest of each first: peer (the ID on the network),
signing (of messages), sealing (opens what is sent here), checkpoint (of the
ledger), witness (on the ledgers of others), master (of the dossiers; nobody outside
knows it). The state of one is

  waits     new; the register does not have it yet
  in-use    the one that the node uses
  overlap   replaced, and the register still has it; or something is still under it
  over      replaced, and nothing needs it any more: it may be retired
  revoked   the register says that it was compromised`,
		Example: "  sluis keys list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			keys, err := client.Keys(cmd.Context())
			if err != nil {
				return err
			}
			return printKeys(t, keys)
		},
	}
}

func keysRotateCommand(t *terminal) *cobra.Command {
	var uses []string
	for _, u := range crypto.Uses {
		uses = append(uses, string(u))
	}
	uses = append(uses, string(crypto.UseMaster))
	return &cobra.Command{
		Use:   "rotate USE",
		Short: "Make a new key for one use, beside the one that is in use",
		Long: `Makes a new key of the running node: peer, signing, sealing, checkpoint or
witness. Nothing uses it before the register has it, so the next step is to give
the register authority what sluis keys show prints.

The master key is the node's own, and the register does not know it. The node takes
a new one up at once and brings everything under it while it goes on; sluis keys list
shows when the one before is over. Make a backup then, and retire it. That of the
pseudonyms is not replaced: docs/keys.md says why.`,
		Example:   "  sluis keys rotate signing",
		ValidArgs: uses,
		Args: cobra.MatchAll(cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
			if args[0] == string(crypto.UsePseudonym) {
				return nil // the node says why it stays
			}
			return cobra.OnlyValidArgs(cmd, args)
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			keys, err := client.RotateKey(cmd.Context(), api.KeyUse(args[0]))
			if err != nil {
				return err
			}
			if args[0] == string(crypto.UseMaster) {
				t.say("next: when `sluis keys list` says that the one before is over, `sluis backup`, and `sluis keys retire ID`")
			} else {
				t.say("next: give the register authority what `sluis keys show` prints")
			}
			return printKeys(t, keys)
		},
	}
}

func keysRetireCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "retire ID",
		Short: "Destroy a key that was replaced, once nothing relies on it",
		Long: `Destroys a key of the running node, for ever. It is refused while the register has
the key, or anything is under it, and for a sealing, checkpoint or master key also while
the backup rests on that key: make a new one first with sluis backup. Copies of the keystore, as in older backups,
still have the key.`,
		Example: "  sluis keys retire 12D3KooWGUgpLukXtSaxNkUQjq7R3GAefMmNk5Js2FrMVrGm8ijg",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			keys, err := client.RetireKey(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printKeys(t, keys)
		},
	}
}

func keysPassphraseCommand(t *terminal) *cobra.Command {
	var smith, next locksmith
	var newKey string
	cmd := &cobra.Command{
		Use:   "passphrase",
		Short: "Change the passphrase or key file that opens the keystore",
		Long: `Seals the keystore with another passphrase or key file. From then on the old one
does not open it. After a crash the one or the other does, never neither.

The node may run: it has its keys open, and takes note in its ledger when it is
started again, with the new one. Put that where systemd gets it first. Backups made
before open with the old one: make a new backup after the restart.

Without a flag for the new one it is asked for.`,
		Example: `  sluis keys passphrase --key-file /etc/credstore/sluis-key --new-key-file /etc/credstore/sluis-key.new`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) (err error) {
			if newKey != "" && next.passphraseFile != "" {
				return usage(errors.New("--new-passphrase-file and --new-key-file exclude each other"))
			}
			from, err := smith.lock(t, false)
			if err != nil {
				return err
			}
			var to crypto.Lock
			switch {
			case newKey != "":
				if err := makeKeyFile(newKey); err != nil {
					return err
				}
				defer func() {
					if err != nil {
						err = errors.Join(err, os.Remove(newKey))
					}
				}()
				next.keyFile = newKey
				to, err = next.lock(t, false)
			case next.passphraseFile != "":
				to, err = next.lock(t, false)
			default:
				to, err = t.askPassphrase(true)
			}
			if err != nil {
				return err
			}
			if err := peer.ChangeLock(t.dir, from, to); err != nil {
				return err
			}
			return t.print(map[string]any{"dir": t.dir}, func(w io.Writer) {
				fmt.Fprintln(w, strings.TrimSpace(`
the keystore opens with the new one only
next: put it where the node gets it, restart the node, and make a backup`))
			})
		},
	}
	smith.flags(cmd)
	cmd.Flags().StringVar(&newKey, "new-key-file", "", "make a key file at `path` and seal the keystore with it")
	cmd.Flags().StringVar(&next.passphraseFile, "new-passphrase-file", "", "`file` with the new passphrase")
	return cmd
}

func keysShowCommand(t *terminal) *cobra.Command {
	var smith locksmith
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the register entry of this party: what the authority needs, nothing secret",
		Long: `Prints the public half of the node's keys as the entry of its party in the
register, as JSON. The keystore must be opened; nothing private is printed. While a
key is being replaced, both the old and the new one are there, until the register
has the new one.`,
		Example: "  sluis --dir ./noord keys show --key-file ./noord.key > noord.entry.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			lock, err := smith.lock(t, false)
			if err != nil {
				return err
			}
			entry, err := peer.Entry(t.dir, peer.Options{Lock: lock})
			if err != nil {
				return err
			}
			t.json = true
			return t.print(entry, func(w io.Writer) { fmt.Fprintln(w) })
		},
	}
	smith.flags(show)
	return show
}

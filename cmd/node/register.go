package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/crypto"
	"sluis/durable"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// An authority directory holds public documents; the keys of the authorities
// are files of their own, one per person, sealed.
const (
	rootPattern  = "root-%d.json"
	draftFile    = "draft.json"
	registerFile = "register.json"
)

func registerCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "register",
		GroupID: "network",
		Short:   "Make, change, sign and check the register of parties",
		Long: `The register says who takes part, in what capacity and with which keys. It is
signed by some of the authorities, and the root says by how many of which.

A first register takes these steps:
  sluis register key --out alice.key --new-key-file alice.unlock
  sluis register create --authority ./authority --threshold 1 --member KEY
  sluis register sign --authority ./authority --key alice.key --key-file alice.unlock
  sluis register add --authority ./authority noord.entry.json voorbeeldstad.entry.json
  sluis register sign --authority ./authority --key alice.key --key-file alice.unlock
  sluis register publish --authority ./authority`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a := &authority{t: t}
	cmd.AddCommand(
		a.key(), a.create(), a.rotate(), a.add(), a.change(), a.remove(), a.revoke(), a.law(), a.sign(), a.check(), a.publish(), a.show(),
		installCommand(t), pinCommand(t),
	)
	return cmd
}

func installCommand(t *terminal) *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use:     "install FILE",
		Short:   "Let the running node take a published register",
		Example: "  sluis --dir ./noord register install ./authority/register.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bundle, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			var down *api.Unreachable
			r, err := client.InstallRegister(cmd.Context(), bundle)
			for deadline := time.Now().Add(wait); errors.As(err, &down) && !errors.Is(err, fs.ErrPermission) && time.Now().Before(deadline); {
				select {
				case <-cmd.Context().Done():
					return cmd.Context().Err()
				case <-time.After(lookEvery):
				}
				r, err = client.InstallRegister(cmd.Context(), bundle)
			}
			if err != nil {
				return err
			}
			return t.print(r, func(w io.Writer) {
				fmt.Fprintf(w, "register version %d is in force: %d parties, until %s\n", r.Version, r.Parties, r.Expires.Format(time.DateOnly))
			})
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 0, "wait at most this `time` for the node to be up")
	return cmd
}

func pinCommand(t *terminal) *cobra.Command {
	var smith locksmith
	cmd := &cobra.Command{
		Use:   "pin ROOT",
		Short: "Let a node that is stopped trust another root, when the authorities lost theirs",
		Long: `Lets a node trust another root than the one that it was made with or that follows
from it: only for when so many register authorities have lost their keys that
nobody can sign the next root. Compare the fingerprint with another organisation
by telephone first. The register that the node had is forgotten; install one under
the new root when the node is up again. The ledger says so.`,
		Example: "  sluis --dir /var/lib/sluis register pin root-1.json --key-file unlock",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			lock, err := smith.lock(t, false)
			if err != nil {
				return err
			}
			pinned, err := peer.PinRoot(cmd.Context(), t.dir, root, peer.Options{Lock: lock})
			if err != nil {
				return err
			}
			return t.print(map[string]string{"root": pinned}, func(w io.Writer) {
				fmt.Fprintln(w, pinned)
				fmt.Fprintln(w, "next: start the node, and sluis register install FILE")
			})
		},
	}
	smith.flags(cmd)
	return cmd
}

// done tells a person what was made, and a script the same as JSON.
func (a *authority) done(answer map[string]any, format string, args ...any) error {
	a.t.say(format, args...)
	return a.answer(answer)
}

func (a *authority) answer(answer map[string]any) error {
	if !a.t.json {
		return nil
	}
	return a.t.print(answer, nil)
}

// An authority is the directory that register commands work in.
type authority struct {
	t     *terminal
	dir   string
	smith locksmith
}

func (a *authority) command(use, short, example string, args cobra.PositionalArgs, do func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example, Args: args, RunE: do}
	cmd.Flags().StringVar(&a.dir, "authority", ".", "`directory` of the register authority")
	return cmd
}

func (a *authority) key() *cobra.Command {
	var out, newKey string
	cmd := a.command("key", "Make the key of one authority, sealed", "  sluis register key --out alice.key --new-key-file alice.unlock", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			if newKey != "" {
				if err := makeKeyFile(newKey); err != nil {
					return err
				}
				a.smith.keyFile = newKey
			}
			lock, err := a.smith.lock(a.t, true)
			if err != nil {
				return err
			}
			pub, key, err := ed25519.GenerateKey(nil)
			if err != nil {
				return err
			}
			sealed, err := crypto.SealAuthorityKey(key, lock)
			if err != nil {
				return err
			}
			if err := durable.Create(out, sealed, 0o600); err != nil {
				return err
			}
			jwk := crypto.PublicJWK(pub)
			return a.t.print(map[string]any{"member": jwk.X, "kid": crypto.KeyID(pub)}, func(w io.Writer) {
				fmt.Fprintf(w, "%s\n", jwk.X)
				a.t.say("the line above is the public key, for --member")
			})
		})
	cmd.Flags().StringVar(&out, "out", "", "`file` to write the sealed key to")
	cmd.Flags().StringVar(&newKey, "new-key-file", "", "make a key file at `path` and seal the key with it")
	a.smith.flags(cmd)
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

// span is how long a document holds.
type span struct{ days int }

func (s *span) flag(cmd *cobra.Command, days int) {
	cmd.Flags().IntVar(&s.days, "days", days, "`days` that it holds")
}

func (s *span) from() (issued, expires time.Time) {
	issued = time.Now().UTC().Truncate(time.Second)
	return issued, issued.AddDate(0, 0, s.days)
}

func (a *authority) create() *cobra.Command {
	var members []string
	var threshold int
	var valid span
	cmd := a.command("create", "Start a register: its first root, still to be signed", "  sluis register create --authority ./authority --threshold 2 --member KEY --member KEY", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			keys, err := parseMembers(members)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(a.dir, 0o755); err != nil {
				return err
			}
			issued, expires := valid.from()
			root, err := register.NewRoot(threshold, keys, issued, expires)
			if err != nil {
				return err
			}
			if err := durable.Create(a.rootPath(1), root, 0o600); err != nil {
				return err
			}
			return a.done(map[string]any{"file": a.rootPath(1), "threshold": threshold},
				"made %s; it needs signatures by %d of its authorities: sluis register sign", a.rootPath(1), threshold)
		})
	cmd.Flags().StringArrayVar(&members, "member", nil, "public `key` of an authority, as `sluis register key` prints it; repeat for more")
	cmd.Flags().IntVar(&threshold, "threshold", 1, "`number` of authorities that must sign")
	valid.flag(cmd, 3650)
	_ = cmd.MarkFlagRequired("member")
	return cmd
}

func (a *authority) rotate() *cobra.Command {
	var members []string
	var threshold int
	var valid span
	cmd := a.command("rotate", "Make the next root; the old and the new authorities must sign it", "  sluis register rotate --authority ./authority --threshold 2 --member KEY --member KEY", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			keys, err := parseMembers(members)
			if err != nil {
				return err
			}
			roots, err := a.roots()
			if err != nil {
				return err
			}
			issued, expires := valid.from()
			next, err := register.RotateRoot(roots[len(roots)-1], threshold, keys, issued, expires)
			if err != nil {
				return err
			}
			path := a.rootPath(len(roots) + 1)
			if err := durable.Create(path, next, 0o600); err != nil {
				return err
			}
			return a.done(map[string]any{"file": path, "threshold": threshold},
				"made %s; it needs the signatures of the old and of the new authorities: sluis register sign", path)
		})
	cmd.Flags().StringArrayVar(&members, "member", nil, "public `key` of an authority from now on; repeat for more")
	cmd.Flags().IntVar(&threshold, "threshold", 1, "`number` of authorities that must sign from now on")
	valid.flag(cmd, 3650)
	_ = cmd.MarkFlagRequired("member")
	return cmd
}

func parseMembers(members []string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for _, m := range members {
		key, err := base64.RawURLEncoding.Strict().DecodeString(m)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, usage(errors.New("--member: not a public key as `sluis register key` prints it"))
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (a *authority) add() *cobra.Command {
	var valid span
	cmd := a.command("add ENTRY...", "Take up parties from their entries", "  sluis register add --authority ./authority noord.entry.json", cobra.MinimumNArgs(1),
		func(_ *cobra.Command, args []string) error {
			return a.edit(valid, func(d register.Draft) (register.Draft, error) {
				for _, path := range args {
					e, err := readEntry(path)
					if err != nil {
						return d, err
					}
					if d, err = d.Add(e); err != nil {
						return d, err
					}
				}
				return d, nil
			})
		})
	valid.flag(cmd, 365)
	return cmd
}

func (a *authority) change() *cobra.Command {
	var valid span
	cmd := a.command("change ENTRY", "Replace the entry of a party; keys that it no longer has end now", "  sluis register change --authority ./authority noord.entry.json", cobra.ExactArgs(1),
		func(_ *cobra.Command, args []string) error {
			return a.edit(valid, func(d register.Draft) (register.Draft, error) {
				e, err := readEntry(args[0])
				if err != nil {
					return d, err
				}
				return d.Change(e)
			})
		})
	valid.flag(cmd, 365)
	return cmd
}

func (a *authority) remove() *cobra.Command {
	var valid span
	cmd := a.command("remove OIN", "Take a party out", "  sluis register remove --authority ./authority 00000099000002002000", cobra.ExactArgs(1),
		func(_ *cobra.Command, args []string) error {
			return a.edit(valid, func(d register.Draft) (register.Draft, error) {
				oin, err := exchange.ParseOIN(args[0])
				if err != nil {
					return d, err
				}
				return d.Remove(oin)
			})
		})
	valid.flag(cmd, 365)
	return cmd
}

func (a *authority) revoke() *cobra.Command {
	var valid span
	var since string
	cmd := a.command("revoke OIN KID", "Say that a signing key was compromised: nothing that it signed since is valid",
		"  sluis register revoke --authority ./authority 00000099000002002000 kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", cobra.ExactArgs(2),
		func(_ *cobra.Command, args []string) error {
			at := time.Now()
			if since != "" {
				var err error
				if at, err = time.Parse(time.RFC3339, since); err != nil {
					return usage(errors.New("--since wants a moment such as 2026-11-28T09:30:00Z"))
				}
			}
			return a.edit(valid, func(d register.Draft) (register.Draft, error) {
				oin, err := exchange.ParseOIN(args[0])
				if err != nil {
					return d, err
				}
				return d.Revoke(oin, args[1], at)
			})
		})
	cmd.Flags().StringVar(&since, "since", "", "`moment` of the theft, as 2026-11-28T09:30:00Z (default: now)")
	valid.flag(cmd, 365)
	return cmd
}

// edit changes the draft, or starts one from the newest published register.
func (a *authority) edit(valid span, change func(register.Draft) (register.Draft, error)) error {
	draft, err := a.draft(valid)
	if err != nil {
		return err
	}
	if draft, err = change(draft); err != nil {
		return err
	}
	doc, err := draft.Sign()
	if err != nil {
		return err
	}
	path := filepath.Join(a.dir, draftFile)
	if err := durable.Replace(path, doc, 0o644); err != nil {
		return err
	}
	return a.done(map[string]any{"file": path, "version": draft.Version(), "parties": len(draft.Entries())},
		"draft of version %d lists %d parties; it must be signed again: sluis register sign", draft.Version(), len(draft.Entries()))
}

func (a *authority) draft(valid span) (register.Draft, error) {
	doc, err := os.ReadFile(filepath.Join(a.dir, draftFile))
	if err == nil {
		draft, _, err := register.ParseDraft(doc)
		return draft, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return register.Draft{}, err
	}
	roots, err := a.roots()
	if err != nil {
		return register.Draft{}, err
	}
	issued, expires := valid.from()
	newest := roots[len(roots)-1]
	last, err := a.published(roots)
	if errors.Is(err, fs.ErrNotExist) {
		return register.NewDraft(newest, issued, expires)
	}
	if err != nil {
		return register.Draft{}, err
	}
	return register.NextDraft(last, newest, issued, expires)
}

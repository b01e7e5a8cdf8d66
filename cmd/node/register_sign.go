package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluis/crypto"
	"sluis/durable"
	"sluis/register"
)

func (a *authority) sign() *cobra.Command {
	var keyPath string
	cmd := a.command("sign", "Sign what waits for a signature: the newest root, then the draft", "  sluis register sign --authority ./authority --key alice.key --key-file alice.unlock", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			lock, err := a.smith.lock(a.t, false)
			if err != nil {
				return err
			}
			sealed, err := os.ReadFile(keyPath)
			if err != nil {
				return err
			}
			key, err := crypto.OpenAuthorityKey(sealed, lock)
			if err != nil {
				return err
			}
			return a.signAll(key)
		})
	cmd.Flags().StringVar(&keyPath, "key", "", "sealed key `file` of the authority")
	a.smith.flags(cmd)
	_ = cmd.MarkFlagRequired("key")
	return cmd
}

func (a *authority) signAll(key ed25519.PrivateKey) error {
	roots, err := a.roots()
	if err != nil {
		return err
	}
	kid := crypto.KeyID(key.Public().(ed25519.PublicKey))
	signed := []string{}
	for _, doc := range []struct {
		path string
		peek func([]byte) ([]string, error)
		sign func([]byte, ed25519.PrivateKey) ([]byte, error)
	}{
		{a.rootPath(len(roots)), func(b []byte) ([]string, error) { _, kids, err := register.PeekRoot(b); return kids, err }, register.SignRoot},
		{filepath.Join(a.dir, draftFile), func(b []byte) ([]string, error) { _, kids, err := register.ParseDraft(b); return kids, err }, register.SignRegister},
	} {
		content, err := os.ReadFile(doc.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		kids, err := doc.peek(content)
		if err != nil {
			return err
		}
		if slices.Contains(kids, kid) {
			continue
		}
		next, err := doc.sign(content, key)
		if err != nil {
			return err
		}
		if err := durable.Replace(doc.path, next, 0o644); err != nil {
			return err
		}
		signed = append(signed, doc.path)
		a.t.say("signed %s, which has %d now", doc.path, len(kids)+1)
	}
	if len(signed) == 0 {
		a.t.say("nothing waits for this signature")
	}
	return a.answer(map[string]any{"signed": signed, "kid": kid})
}

func (a *authority) publish() *cobra.Command {
	return a.command("publish", "Join roots, signed draft and law into the register that nodes install", "  sluis register publish --authority ./authority", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			roots, err := a.roots()
			if err != nil {
				return err
			}
			draft, err := os.ReadFile(filepath.Join(a.dir, draftFile))
			if err != nil {
				return err
			}
			contents, err := a.contentsOf(draft)
			if err != nil {
				return err
			}
			bundle, err := register.Publish(roots, draft, contents)
			if err != nil {
				return err
			}
			path := filepath.Join(a.dir, registerFile)
			if err := durable.Replace(path, bundle, 0o644); err != nil {
				return err
			}
			if err := os.Remove(filepath.Join(a.dir, draftFile)); err != nil {
				return err
			}
			return a.done(map[string]any{"file": path}, "published %s; install it on a node: sluis register install %s", path, path)
		})
}

func (a *authority) check() *cobra.Command {
	var root string
	cmd := a.command("check [FILE]", "Check a published register as a node would", "  sluis register check register.json --root root-1.json", cobra.MaximumNArgs(1),
		func(_ *cobra.Command, args []string) error {
			reg, err := a.open(root, args)
			if err != nil {
				return err
			}
			return a.t.print(map[string]any{"version": reg.Version(), "expires": reg.Expires(), "parties": len(reg.Parties())}, func(w io.Writer) {
				fmt.Fprintf(w, "register version %d holds: %d parties, until %s\n", reg.Version(), len(reg.Parties()), reg.Expires().Format(time.DateOnly))
			})
		})
	cmd.Flags().StringVar(&root, "root", "", "`file` with the root to trust (default: the first of the authority)")
	return cmd
}

func (a *authority) show() *cobra.Command {
	var root string
	cmd := a.command("show [FILE]", "List the parties of a published register", "  sluis register show register.json --root root-1.json", cobra.MaximumNArgs(1),
		func(_ *cobra.Command, args []string) error {
			reg, err := a.open(root, args)
			if err != nil {
				return err
			}
			return a.t.print(reg.Entries(), func(w io.Writer) {
				fmt.Fprintln(w, "OIN\tNAME\tCAPACITIES\tPEER")
				for _, p := range reg.Parties() {
					var codes []string
					for _, c := range p.Capacities {
						codes = append(codes, string(c.Code))
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.OIN, p.Name, strings.Join(codes, ","), p.Peer)
				}
			})
		})
	cmd.Flags().StringVar(&root, "root", "", "`file` with the root to trust (default: the first of the authority)")
	return cmd
}

// open checks the register of the arguments, or of the directory.
func (a *authority) open(root string, args []string) (*register.Register, error) {
	if root == "" {
		root = a.rootPath(1)
	}
	path := filepath.Join(a.dir, registerFile)
	if len(args) == 1 {
		path = args[0]
	}
	doc, err := os.ReadFile(root)
	if err != nil {
		return nil, err
	}
	pin, err := register.ParsePin(doc)
	if err != nil {
		return nil, err
	}
	bundle, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return register.Open(pin, bundle, nil, time.Now())
}

func (a *authority) rootPath(version int) string {
	return filepath.Join(a.dir, fmt.Sprintf(rootPattern, version))
}

// roots reads the chain of roots, from the first on.
func (a *authority) roots() ([][]byte, error) {
	var roots [][]byte
	for version := 1; version <= register.MaxRoots; version++ {
		doc, err := os.ReadFile(a.rootPath(version))
		if errors.Is(err, fs.ErrNotExist) && version > 1 {
			break
		}
		if err != nil {
			return nil, err
		}
		roots = append(roots, doc)
	}
	return roots, nil
}

func (a *authority) published(roots [][]byte) (*register.Register, error) {
	bundle, err := os.ReadFile(filepath.Join(a.dir, registerFile))
	if err != nil {
		return nil, err
	}
	pin, err := register.ParsePin(roots[0])
	if err != nil {
		return nil, err
	}
	return register.Reopen(pin, bundle)
}

func readEntry(path string) (register.Entry, error) {
	doc, err := os.ReadFile(path)
	if err != nil {
		return register.Entry{}, err
	}
	return register.ParseEntry(doc)
}

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sluis/durable"
	"sluis/exchange"
	"sluis/register"
	"sluis/schemas"
)

// lawDir is where an authority edits the law, one file per catalogue.
const lawDir = "law"

func (a *authority) law() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "law",
		Short: "Change the law that comes with the register: purposes, items, weighings, …",
		Long: `A register can bring the law along: the catalogues of purposes, triggers, statements,
domains, items, weighings, grounds and conditions. Every node follows them from the moment
that it takes the register. Without, nodes follow the law that their program brings.

  sluis register law export --authority ./authority   writes it to ./authority/law
  (edit a file there, and raise its "version")
  sluis register law take --authority ./authority     checks it and puts it in the draft
  sluis register sign …, sluis register publish …     as for every change`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.exportLaw(), a.takeLaw())
	return cmd
}

func (a *authority) exportLaw() *cobra.Command {
	return a.command("export", "Write the law of the published register, or the program's own, to the directory law",
		"  sluis register law export --authority ./authority", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			contents, err := a.lawInForce()
			if err != nil {
				return err
			}
			dir := filepath.Join(a.dir, lawDir)
			if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
				return &checkError{what: dir + " is there already", todo: "remove it first if its changes are not wanted any more"}
			} else if err != nil {
				return err
			}
			for name, content := range contents {
				if err := durable.Replace(filepath.Join(dir, name+".json"), append(bytes.TrimSpace(content), '\n'), 0o644); err != nil {
					return err
				}
			}
			return a.done(map[string]any{"directory": dir, "catalogues": len(contents)}, "wrote %d catalogues to %s", len(contents), dir)
		})
}

func (a *authority) takeLaw() *cobra.Command {
	var valid span
	cmd := a.command("take", "Put the law of the directory law in the draft", "  sluis register law take --authority ./authority", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			contents, err := readLaw(filepath.Join(a.dir, lawDir))
			if err != nil {
				return err
			}
			if _, err := exchange.ParseLaw(contents); err != nil {
				return &checkError{what: err.Error(), todo: "correct the file in " + filepath.Join(a.dir, lawDir) + " and take it again"}
			}
			return a.edit(valid, func(d register.Draft) (register.Draft, error) { return d.SetCatalogues(contents) })
		})
	valid.flag(cmd, 365)
	return cmd
}

// lawInForce is the law of the newest published register, or the program's own.
func (a *authority) lawInForce() (map[string][]byte, error) {
	roots, err := a.roots()
	if err != nil {
		return nil, err
	}
	reg, err := a.published(roots)
	if errors.Is(err, fs.ErrNotExist) {
		return schemas.Catalogues(), nil
	}
	if err != nil {
		return nil, err
	}
	if len(reg.Catalogues()) == 0 {
		return schemas.Catalogues(), nil
	}
	contents := map[string][]byte{}
	for _, c := range reg.Catalogues() {
		contents[c.Name], _ = reg.Catalogue(c.Name)
	}
	return contents, nil
}

// contentsOf finds the content of every catalogue that a draft names, by its
// digest: in the directory law, or in the newest published register.
func (a *authority) contentsOf(draft []byte) (map[string][]byte, error) {
	d, _, err := register.ParseDraft(draft)
	if err != nil || len(d.Catalogues()) == 0 {
		return nil, err
	}
	before, err := a.lawInForce()
	if err != nil {
		return nil, err
	}
	edited, err := readLaw(filepath.Join(a.dir, lawDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, c := range d.Catalogues() {
		for _, from := range []map[string][]byte{edited, before} {
			sum := sha256.Sum256(bytes.TrimSpace(from[c.Name]))
			if hex.EncodeToString(sum[:]) == c.SHA256 {
				contents[c.Name] = from[c.Name]
			}
		}
		if contents[c.Name] == nil {
			return nil, &checkError{
				what: fmt.Sprintf("the %s catalogue is not the one that was put in the draft", c.Name),
				todo: "take the law again and let the authorities sign again, or put the file back as it was",
			}
		}
	}
	return contents, nil
}

// readLaw reads every catalogue of a directory.
func readLaw(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		if contents[name], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return contents, nil
}

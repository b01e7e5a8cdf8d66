package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"sluis/api"
)

// Who forgot sudo is told so, and not to start a node that runs.
func TestSocketOfAnotherAccount(t *testing.T) {
	_, err := api.Dial(filepath.Join(t.TempDir(), api.SocketName)).Status(t.Context())
	var complaints bytes.Buffer
	if code := newTerminal(nil, nil, &complaints).complain(err); code != exitUnreachable || !strings.Contains(complaints.String(), "start it with sluis run") {
		t.Errorf("no node: exit code %d, %s", code, &complaints)
	}
	complaints.Reset()
	code := newTerminal(nil, nil, &complaints).complain(errors.Join(err, fs.ErrPermission))
	if code != exitUnreachable || !strings.Contains(complaints.String(), "sudo -u sluis") || strings.Contains(complaints.String(), "start it") {
		t.Errorf("no right: exit code %d, %s", code, &complaints)
	}
}

// typed finds "sluis WORD WORD" where sluis is no account, unit or container.
var typed = regexp.MustCompile(`(-u |exec (?:-i )?)?\bsluis ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?`)

// What documents, alerts and errors tell people to type is a command.
func TestDocumentsNameCommandsThatThereAre(t *testing.T) {
	paths := []string{"../../README.md", "../../docs/observe/alerts.yml", "../../schemas/checks.json", "../../schemas/texts.json"}
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	sub := func(c *cobra.Command, name string) *cobra.Command {
		i := slices.IndexFunc(c.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
		if i < 0 {
			return nil
		}
		return c.Commands()[i]
	}
	root, seen := rootCommand(newTerminal(nil, nil, nil)), 0
	root.InitDefaultHelpCmd()
	for _, path := range append(paths, documents...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range typed.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "" {
				continue
			}
			seen++
			c := sub(root, m[2])
			if c == nil || m[3] != "" && c.HasSubCommands() && !c.Runnable() && sub(c, m[3]) == nil {
				t.Errorf("%s: %s", path, fmt.Sprintf("there is no %q", strings.TrimSpace(m[0])))
			}
		}
	}
	if seen < 300 {
		t.Errorf("%d commands; the test sees too little", seen)
	}
}

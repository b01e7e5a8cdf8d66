package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// docs/audit.md runs as it stands there, in the sources, and finds what it says
// that it finds. The last commands run once more for machines, to see that
// nothing else is found.
func TestAuditSession(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir, bin := t.TempDir(), program(t)
	// The sources, with nothing written into them.
	sources, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		if err := os.Symlink(filepath.Join(root, source.Name()), filepath.Join(dir, source.Name())); err != nil {
			t.Fatal(err)
		}
	}
	blocks := regexp.MustCompile("(?s)```bash\n(.*?)```").FindAllSubmatch(document, -1)
	if len(blocks) != 3 || bytes.Count(blocks[1][1], []byte("\n")) != 6 {
		t.Fatalf("%d blocks of commands, want three, the second with six commands", len(blocks))
	}
	again := `sluis audit reconcile municipality.audit probation.audit --key auditor.key --root net/authority/root.json --json > again.json
sluis audit verify probation.audit --key auditor.key --root net/authority/root.json > alone.txt
`
	script := "set -me\ncd " + dir + "\n" + string(blocks[0][1]) + "set +e\n" + string(blocks[1][1]) + "echo \"exit $?\"\n" + again + string(blocks[2][1]) + "wait\n"
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script) // #nosec G204 -- the script is ours
	cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "GOFLAGS=-mod=readonly -buildvcs=false")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := regexp.MustCompile("(?s)```text\n(.*?)```").FindSubmatch(document)
	if found == nil || !bytes.Contains(out, bytes.TrimSpace(found[1])) {
		t.Errorf("it does not say what the document says that it does:\n%s", out)
	}
	for _, want := range []string{"it holds", "answer-issued", "signed message", "exit 5", "not checked: there is no bundle"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	var all struct {
		Comparison struct {
			Findings struct {
				Listed []struct{ Code, Party, Kind string }
			}
		}
	}
	contents, err := os.ReadFile(filepath.Join(dir, "again.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(contents, &all); err != nil {
		t.Fatal(err)
	}
	listed := all.Comparison.Findings.Listed
	if len(listed) != 1 || listed[0].Code != "omitted" || listed[0].Party != "00000099000002002000" || listed[0].Kind != "answer-issued" {
		t.Errorf("found %+v", listed)
	}
	for file, wants := range map[string][]string{"passed.svg": {"on one side only"}, "municipality.csv": {"request-issued"}, "alone.txt": {"receipt-of-nothing"}} {
		contents, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(contents), want) {
				t.Errorf("%s does not hold %q", file, want)
			}
		}
		for _, secret := range []string{"999993847", "Daan", "Proefstra"} {
			if strings.Contains(string(contents), secret) {
				t.Errorf("%s holds %q", file, secret)
			}
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluis/testnet"
)

func TestTestnetDemo(t *testing.T) {
	var out, complaints bytes.Buffer
	code := run(t.Context(), []string{"testnet", "demo", "3-police-refuse"}, strings.NewReader(""), &out, &complaints)
	if code != exitDone || !strings.Contains(out.String(), "Stories played: 1, all as expected") {
		t.Fatalf("exit code %d, complaints %q, told:\n%s", code, complaints.String(), out.String())
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("colour, and this is no terminal")
	}
}

func TestTestnetDemoForMachines(t *testing.T) {
	var out, complaints bytes.Buffer
	dir := filepath.Join(t.TempDir(), "network")
	code := run(t.Context(), []string{"--dir", dir, "--json", "testnet", "demo", "6-client-says-no"}, strings.NewReader(""), &out, &complaints)
	if code != exitDone {
		t.Fatalf("exit code %d, complaints %q", code, complaints.String())
	}
	kinds := map[testnet.What]int{}
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var told testnet.Told
		if err := json.Unmarshal([]byte(line), &told); err != nil {
			t.Fatalf("a line that is no JSON document: %v", err)
		}
		kinds[told.What]++
	}
	if kinds[testnet.ToldScenario] != 1 || kinds[testnet.ToldLedgers] != 1 || kinds[testnet.ToldProved] == 0 {
		t.Errorf("told %v", kinds)
	}
	if _, err := os.Stat(filepath.Join(dir, "testnet.json")); err != nil {
		t.Errorf("the network was not kept: %v", err)
	}
}

func TestTestnetDemoUnknownStory(t *testing.T) {
	var out, complaints bytes.Buffer
	code := run(t.Context(), []string{"testnet", "demo", "no-such-story"}, strings.NewReader(""), &out, &complaints)
	if code != exitUsage || !strings.Contains(complaints.String(), "3-police-refuse") {
		t.Errorf("exit code %d, complaints %q; want %d and the names that there are", code, complaints.String(), exitUsage)
	}
}

// Whatever a story or a proof finds wrong ends with the exit code of checks.
func TestFailedStoryIsAFailedCheck(t *testing.T) {
	var complaints bytes.Buffer
	term := &terminal{out: &bytes.Buffer{}, complaints: &complaints}
	failure := &testnet.Failure{Scenario: "story", Line: 7, Step: "then a sees answered", Reason: "it sees queued"}
	code := term.complain(checked(errors.Join(failure, nil)))
	if code != exitCheck || !strings.Contains(complaints.String(), "story, line 7: then a sees answered: it sees queued") {
		t.Errorf("exit code %d, complaints %q", code, complaints.String())
	}
}

// A lockedBuffer can be read while the program still writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestTestnetUp(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	var out, complaints lockedBuffer
	dir := filepath.Join(t.TempDir(), "network")
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"--dir", dir, "testnet", "up"}, strings.NewReader(""), &out, &complaints)
	}()
	deadline := time.After(time.Minute)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !strings.Contains(out.String(), "Ctrl-C") {
		select {
		case code := <-done:
			t.Fatalf("it ended with %d: %s", code, complaints.String())
		case <-deadline:
			t.Fatal("it is not up after a minute")
		case <-look.C:
		}
	}
	for _, want := range []string{"gemeente Voorbeeldstad", "i.dewit (requester)", "sluis --dir " + filepath.Join(dir, "probation") + " "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	// What it says to try works as it stands.
	_, tour, _ := strings.Cut(out.String(), "on the PATH:\n")
	tour, _, _ = strings.Cut(tour, "\n\n")
	bin := program(t)
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", tour)
	shell.Dir, shell.Env = t.TempDir(), append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	told, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(told), "supplied (process): reports every Monday") {
		t.Errorf("the lines to try: %v\n%s\nThey told:\n%s", err, tour, told)
	}
	firstCalls(t, dir, bin, out.String())
	interrupt()
	select {
	case code := <-done:
		if code != exitDone {
			t.Errorf("exit code %d after an interrupt, complaints %q", code, complaints.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not stop")
	}
}

// firstCalls makes the calls of docs/integrate.md as they stand there.
func firstCalls(t *testing.T, dir, bin, told string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("docs/integrate.md is not followed: there is no curl")
		return
	}
	document, err := os.ReadFile("../../docs/integrate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, session, _ := strings.Cut(string(document), "```bash session\n")
	session, _, _ = strings.Cut(session, "```")
	_, url, _ := strings.Cut(told, "for systems")
	url, _, _ = strings.Cut(strings.TrimSpace(url), "\n")
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", session)
	shell.Dir = t.TempDir()
	shell.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "URL="+url, "SYSTEMS="+filepath.Join(dir, "systems"), "no_proxy=127.0.0.1")
	said, err := shell.CombinedOutput()
	for _, want := range []string{`"type":"nl.sluis.request-issued"`, `"specifiekDoel":`} {
		if err != nil || !strings.Contains(string(said), want) {
			t.Errorf("docs/integrate.md: %v, without %s\n%s", err, want, said)
		}
	}
}

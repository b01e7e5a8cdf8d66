package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"sluis/api"
)

// Each script shows one command, as somebody types it. Beyond what testscript
// knows, they use:
//
//	exits CODE COMMAND...  run it; it ends with this exit code
//	field NAME MEMBER      take a member of the JSON that was printed last
//	toml FILE              write a sluis.toml for loopback, on a free port
//	console FILE           add the web console to it, over TLS: $CONSOLE
//	page PATH TEXT         get a page of it and want a text
//	backup FILE DIR        add a directory for backups to it
//	elsewhere FILE         make it listen on another port
//	network                two parties with running nodes: $COLLEGE, $PROBATION
//	sigterm                tell what runs in the background to stop
//	damage GLOB            change one bit of the largest file of that name
//
// The program is built as anyone builds it: a process that the race detector
// watches takes a second to start. The nodes of network run in the test itself.
func TestScripts(t *testing.T) {
	t.Parallel()
	bin := program(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TODAY", time.Now().UTC().Format(time.DateOnly))
			env.Setenv("SLUIS_DIR", filepath.Join(env.WorkDir, "n"))
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "field": field, "toml": writeConfig, "network": network, "sigterm": sigterm, "damage": damage, "waits": waits,
			"until": until, "console": consoleConfig, "page": page, "backup": backupConfig, "elsewhere": elsewhere, "metrics": metricsConfig,
			"figures": figures, "oldkey": oldKey, "systems": systemsConfig, "called": callSystem,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("ended with exit code %d, want %d", code, want)
	}
}

func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field NAME MEMBER")
	}
	var document map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &document))
	value, ok := document[args[1]]
	if !ok {
		ts.Fatalf("no member %s was printed", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// oldKey sets a variable to the ID of the first key in a list that is not needed
// any more.
func oldKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oldkey NAME")
	}
	var all api.Keys
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &all))
	for _, k := range all.Keys {
		if k.State == "over" {
			ts.Setenv(args[0], k.ID)
			return
		}
	}
	ts.Fatalf("every key is needed")
}

func writeConfig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: toml FILE")
	}
	text, err := loopbackConfig()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// consoleConfig adds the web console, over TLS on a free port, to a configuration
// file, and sets CONSOLE to where it is.
func consoleConfig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: console FILE")
	}
	port := strconv.Itoa(freeIn(ts))
	cert, key := ts.MkAbs("console.pem"), ts.MkAbs("console.key")
	ts.Check(writeCertificate(cert, key))
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = fmt.Fprintf(f, "[console]\nlisten = %q\npublic_url = %q\ntls_cert = %q\ntls_key = %q\n", "127.0.0.1:"+port, "https://localhost:"+port, cert, key)
	ts.Check(errors.Join(err, f.Close()))
	ts.Setenv("CONSOLE", "https://localhost:"+port)
}

// backupConfig adds a directory for backups to a configuration file.
func backupConfig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: backup FILE DIR")
	}
	text := ts.ReadFile(args[0]) + fmt.Sprintf("[backup]\ndir = %q\n", ts.MkAbs(args[1]))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// elsewhere replaces the address in a configuration file.
func elsewhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: elsewhere FILE")
	}
	port := regexp.MustCompile(`tcp/\d+`)
	text := port.ReplaceAllString(ts.ReadFile(args[0]), fmt.Sprintf("tcp/%d", freeIn(ts)))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// page gets a page of the console and wants a text in it.
func page(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: page PATH TEXT")
	}
	pem, err := os.ReadFile(ts.MkAbs("console.pem"))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}, Timeout: time.Minute}
	answer, err := client.Get(ts.Getenv("CONSOLE") + args[0])
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if !strings.Contains(string(text), args[1]) || answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") == "" {
		ts.Fatalf("%s over %s does not say %q", answer.Status, answer.Proto, args[1])
	}
}

// metricsConfig adds figures, on a free port, and spans for a collector that is
// not there to a configuration file, and sets METRICS to where they are.
func metricsConfig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: metrics FILE")
	}
	at := fmt.Sprintf("127.0.0.1:%d", freeIn(ts))
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = fmt.Fprintf(f, "[metrics]\nlisten = %q\n[tracing]\nendpoint = \"http://127.0.0.1:1/v1/traces\"\ninsecure = true\n", at)
	ts.Check(errors.Join(err, f.Close()))
	ts.Setenv("METRICS", "http://"+at)
}

// figures gets what is told of a node and wants a text in it.
func figures(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: figures PATH TEXT")
	}
	answer, err := (&http.Client{Timeout: time.Minute}).Get(ts.Getenv("METRICS") + args[0])
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if !strings.Contains(string(text), args[1]) {
		ts.Fatalf("%s does not say %q:\n%s", answer.Status, args[1], text)
	}
}

// loopbackConfig is a configuration for one machine: a free port, and no claim
// on disk space.
func loopbackConfig() (string, error) {
	port, err := portBelow()
	return fmt.Sprintf("listen = [\"/ip4/127.0.0.1/tcp/%d\"]\nquic = false\n[limits]\nmin_free_bytes = 1\n[delivery]\nfirst_pause = \"20ms\"\nlongest_pause = \"200ms\"\n", port), err
}

// network makes a municipality and a probation service with the commands of the
// program itself, and runs both nodes until the script ends.
func network(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: network")
	}
	at := func(name string) string { return ts.MkAbs(name) }
	do := func(args ...string) string {
		out, err := outside(args...)
		ts.Check(err)
		return out
	}
	member := strings.TrimSpace(do("register", "key", "--out", at("auth.key"), "--new-key-file", at("auth.unlock")))
	sign := func() {
		do("register", "sign", "--authority", at("auth"), "--key", at("auth.key"), "--key-file", at("auth.unlock"))
	}
	do("register", "create", "--authority", at("auth"), "--member", member)
	sign()
	entries := []string{"register", "add", "--authority", at("auth")}
	for _, p := range []struct{ dir, oin, name, capacity string }{
		{"college", "00000099000001001000", "gemeente Voorbeeldstad", "investigation=investigation/investigation/none,bsn,criminal,health"},
		{"probation", "00000099000002002000", "reclassering Noord", "probation=probation/service/wjsg,bsn,criminal"},
	} {
		text, err := loopbackConfig()
		ts.Check(err)
		ts.Check(os.WriteFile(at(p.dir+".toml"), []byte(text), 0o600))
		do("--dir", at(p.dir), "init", "--oin", p.oin, "--name", p.name, "--capacity", p.capacity, "--root", at("auth/root-1.json"),
			"--config", at(p.dir+".toml"), "--new-key-file", at(p.dir+".key"), "--contact-phone", "06-00000000")
		entry := at(p.dir + ".entry.json")
		ts.Check(os.WriteFile(entry, []byte(do("--dir", at(p.dir), "keys", "show", "--key-file", at(p.dir+".key"))), 0o600))
		entries = append(entries, entry)
		ts.Setenv(strings.ToUpper(p.dir), at(p.dir))
	}
	do(entries...)
	sign()
	do("register", "publish", "--authority", at("auth"))
	for _, dir := range []string{"college", "probation"} {
		background(ts, "--dir", at(dir), "run", "--key-file", at(dir+".key"))
	}
	for _, dir := range []string{"college", "probation"} {
		do("--dir", at(dir), "register", "install", "--wait", "20s", at("auth/register.json"))
	}
	do("--dir", at("college"), "staff", "add", "a.jansen", "--name", "A. Jansen", "--role", "requester=investigation")
	do("--dir", at("probation"), "staff", "add", "b.devries", "--name", "B. de Vries", "--role", "professional=probation")
	do("--dir", at("probation"), "staff", "add", "c.bakker", "--name", "C. Bakker", "--role", "professional=probation")
	ts.Check(os.WriteFile(at("case.json"), []byte(do("case", "open", "--example")), 0o600))
	var opened api.Case
	ts.Check(json.Unmarshal([]byte(do("--dir", at("college"), "--json", "case", "open", "--as", "a.jansen", "--file", at("case.json"))), &opened))
	ts.Setenv("CASE", opened.ID)
}

// outside runs the program in a process of its own: in this one, a store that was
// closed can seem open for as long as another test is starting a process.
func outside(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(built.dir, "sluis"), args...) // #nosec G204 -- ours
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("sluis %s: %w: %s", strings.Join(args, " "), err, complaints.String())
	}
	return string(out), nil
}

// background runs a daemon in this process until the script ends.
func background(ts *testscript.TestScript, args ...string) {
	ctx, stop := context.WithCancel(context.Background())
	var out, complaints bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, strings.NewReader(""), &out, &complaints) }()
	ts.Defer(func() {
		stop()
		if code := <-ended; code != exitDone {
			ts.Fatalf("sluis %s: exit code %d: %s", strings.Join(args, " "), code, complaints.String())
		}
		for _, secret := range []string{"999993847", "A. Jansen", "planned around", "reports on Tuesday"} {
			if strings.Contains(complaints.String(), secret) {
				ts.Fatalf("the log holds %q", secret)
			}
		}
	})
}

// waits waits until a request has a status at a node.
func waits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: waits DIR REQUEST STATUS")
	}
	want, ok := api.PhaseOf(args[2])
	if !ok {
		ts.Fatalf("%s is no status", args[2])
	}
	client := api.Dial(filepath.Join(args[0], api.SocketName))
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	p := patience{phase: args[2], most: 20 * time.Second}
	r, err := p.wait(ctx, client, api.Request{ID: args[1]})
	if err != nil || r.Phase != want {
		ts.Fatalf("the request is %s, want %s: %v", r.Phase, want, err)
	}
}

// until runs a command again and again until it prints what matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("it never printed %q", args[0])
		}
	}
}

func sigterm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 || len(ts.BackgroundCmds()) == 0 {
		ts.Fatalf("usage: sigterm, with something in the background")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGTERM))
	}
}

func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage GLOB")
	}
	paths, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	var largest []byte
	var where string
	for _, path := range paths {
		content, err := os.ReadFile(path)
		ts.Check(err)
		if len(content) > len(largest) {
			largest, where = content, path
		}
	}
	if where == "" {
		ts.Fatalf("nothing to damage: %s", args[0])
	}
	largest[len(largest)/3] ^= 1
	ts.Check(os.WriteFile(where, largest, 0o600))
}

// Every command explains itself: what it does, an example that is a call of
// itself, and what each flag wants.
func TestEveryCommandHasHelp(t *testing.T) {
	seen := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Name() == "help" || sub.Name() == "completion" {
				continue
			}
			walk(sub)
		}
		if c.HasSubCommands() {
			return
		}
		seen++
		path := c.CommandPath()
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: summary %q", path, c.Short)
		}
		words := strings.Fields(strings.ReplaceAll(c.Example, "\\\n", " "))
		for _, word := range strings.Fields(path) {
			if !slices.Contains(words, word) {
				t.Errorf("%s: the example does not call it: %q", path, c.Example)
				break
			}
		}
		var out, complaints bytes.Buffer
		if code := run(t.Context(), append(strings.Fields(path)[1:], "--help"), strings.NewReader(""), &out, &complaints); code != exitDone {
			t.Errorf("%s --help: exit code %d: %s", path, code, complaints.String())
		}
		if !strings.Contains(out.String(), "Examples:") || !strings.Contains(out.String(), "--json") {
			t.Errorf("%s --help shows no example or no --json", path)
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s --help is coloured and this is no terminal", path)
		}
	}
	walk(rootCommand(newTerminal(nil, nil, nil)))
	if seen < 30 {
		t.Errorf("%d commands; the test sees too little", seen)
	}
}

// Whoever presses Ctrl-C gets the exit code of that.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "sluis.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		conn, err := l.Accept() // and never answer
		interrupt()
		if err == nil {
			<-t.Context().Done()
			_ = conn.Close()
		}
	}()
	var out, complaints bytes.Buffer
	if code := run(ctx, []string{"--dir", dir, "status"}, strings.NewReader(""), &out, &complaints); code != exitInterrupted {
		t.Errorf("exit code %d: %s", code, complaints.String())
	}
}

// Text that others wrote can't steer the terminal or pass for a line of ours.
func TestTextOfOthers(t *testing.T) {
	var out bytes.Buffer
	term := newTerminal(nil, &out, nil)
	err := term.print(nil, func(w io.Writer) {
		fmt.Fprintf(w, "about\t%s\n", cell("x\x1b[2J\u009b31m\u202e\rstatus\tanswered\nstatus\tanswered"))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "about  x?[2J?31m?\n       status answered\n       status answered\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

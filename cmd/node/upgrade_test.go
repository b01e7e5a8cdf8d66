package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluis/peer"
)

// previous is the commit of the release before this one, whose program takes part
// in the tests: the last one from before the relays. Raise it with each release,
// and keep the configuration below one that its program reads.
const previous = "e849a4ff5f72f069257898e00692e38f57fe112c"

// buildPrevious builds the program of the previous release, or skips the test
// where this clone does not have its history.
func buildPrevious(t *testing.T, path string) {
	t.Helper()
	if err := exec.Command("git", "cat-file", "-e", previous+"^{commit}").Run(); err != nil {
		t.Skipf("the previous release is not tested beside this one: this clone has no commit %.12s (a shallow clone? git fetch --unshallow)", previous)
	}
	from := t.TempDir()
	archive := exec.Command("git", "archive", "--format=tar", previous)
	archive.Dir = filepath.Join("..", "..")
	tree, err := archive.Output()
	if err != nil {
		t.Fatalf("git archive: %v", err)
	}
	unpack := exec.Command("tar", "-x", "-C", from) // #nosec G204 -- ours
	unpack.Stdin = bytes.NewReader(tree)
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	build := exec.Command("go", "build", "-o", path, "./cmd/node")     // #nosec G204 -- ours
	build.Dir, build.Env = from, append(os.Environ(), "CGO_ENABLED=0") // as scripts/build did for this program, so what it uses is compiled
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// startHere runs a program until stop, or the end of the test.
func startHere(t *testing.T, bin, log string, args ...string) *daemon {
	t.Helper()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	d := &daemon{exec.Command(bin, args...), log} // #nosec G204 -- ours
	d.cmd.Stderr = out
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.stop(t)
		if t.Failed() {
			text, _ := os.ReadFile(log)
			t.Logf("%s:\n%s", filepath.Base(log), text)
		}
	})
	return d
}

// A network of two versions: a municipality runs this program, the probation
// service the previous release. They ask and answer. A register that the old
// program can't read stops nothing, and is named. The service is upgraded: its
// store is led over, with an entry, what it had is there, and it takes the register
// by itself. What each had for the other is delivered. Back to the old program it does not go, and the refused start loses
// nothing. A backup that the old program made is restored by the new one.
func TestPreviousRelease(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	buildPrevious(t, at("old"))
	now := filepath.Join(program(t), "sluis")
	shell := func(script string) string {
		t.Helper()
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", script) // #nosec G204 -- ours
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+program(t)+":"+os.Getenv("PATH"))
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s%s", script, err, out, complaints.String())
		}
		return strings.TrimSpace(string(out))
	}
	// eventually runs a script until it succeeds.
	eventually := func(what, script string) {
		t.Helper()
		for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			cmd := exec.Command("bash", "-euo", "pipefail", "-c", script) // #nosec G204 -- ours
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+program(t)+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if err == nil {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %v\n%s", what, err, out)
			}
		}
	}
	for _, name := range []string{"left", "right"} {
		config := fmt.Sprintf("listen = [\"/ip4/127.0.0.1/tcp/%d\"]\nquic = false\n[limits]\nmin_free_bytes = 1\n[delivery]\nfirst_pause = \"20ms\"\nlongest_pause = \"200ms\"\n[register]\nexchange_every = \"1s\"\n[backup]\ndir = %q\n", freePort(t), at("backup-"+name))
		if err := os.WriteFile(at(name+".toml"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell(`
cat > sign <<'S'
sluis register sign --authority authority --key alice.key --key-file alice.unlock
S
KEY=$(sluis register key --out alice.key --new-key-file alice.unlock)
sluis register create --authority authority --member "$KEY"
bash sign
sluis --dir left init --oin 00000099000001001000 --name "gemeente Voorbeeldstad" --root authority/root-1.json --config left.toml \
  --capacity investigation=investigation/investigation/none,bsn,health,criminal --new-key-file left.unlock
old --dir right init --oin 00000099000002002000 --name "reclassering Noord" --root authority/root-1.json --config right.toml \
  --capacity probation=probation/service/wjsg,bsn,criminal --new-key-file right.unlock
sluis --dir left keys show --key-file left.unlock > left.entry.json
old --dir right keys show --key-file right.unlock > right.entry.json
sluis register add --authority authority left.entry.json right.entry.json
bash sign
sluis register publish --authority authority`)
	startLeft := func() *daemon {
		return startHere(t, now, at("left.log"), "--dir", at("left"), "run", "--key-file", at("left.unlock"))
	}
	left := startLeft()
	right := startHere(t, at("old"), at("right.log"), "--dir", at("right"), "run", "--key-file", at("right.unlock"))
	shell(`
sluis --dir left register install authority/register.json --wait 30s
old --dir right register install authority/register.json --wait 30s
sluis --dir left staff add a.jansen --name "A. Jansen" --role requester=investigation
old --dir right staff add b.devries --name "B. de Vries" --role professional=probation
sluis case open --example > case.json
sluis --dir left case open --as a.jansen --file case.json | sed -n 's/^case *//p' > case
sluis ask --example --case "$(cat case)" > request.json
echo "article 39f of the Wjsg" > law.txt
echo "reports every Monday until March" > conditions.txt
cat > decide <<'S'
set -e
ID=$2
$1 --dir right weigh "$ID" --as b.devries --step act-allows --outcome yes --why law.txt
$1 --dir right weigh "$ID" --as b.devries --step least --outcome yes
$1 --dir right decide "$ID" --as b.devries --condition ask-first $3 \
  --supply supervision-conditions=process --value supervision-conditions=conditions.txt --withhold offence=not-necessary
S
cat > answer <<'S'
set -e
bash decide $1 $2 "--wait answered"
sluis --dir left show "$2" --content --as a.jansen | grep -q "reports every Monday until March"
S`)
	ask := func(wait string) string {
		t.Helper()
		shell(`sluis --dir left ask --as a.jansen --file request.json --json ` + wait + ` > asked`)
		var asked struct {
			ID string `json:"kenmerk"`
		}
		if err := json.Unmarshal([]byte(shell("cat asked")), &asked); err != nil || asked.ID == "" {
			t.Fatalf("no number was printed: %v", err)
		}
		return asked.ID
	}
	shell("bash answer old " + ask("--wait delivered"))

	// A register that the previous release can't read: a third party comes, behind
	// a relay.
	key, err := peer.NewRelayKey()
	if err != nil {
		t.Fatal(err)
	}
	relay, err := peer.RelayID(key)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("relays = [\"/ip4/127.0.0.1/tcp/%d/p2p/%s\"]\nquic = false\n", freePort(t), relay)
	if err := os.WriteFile(at("third.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	shell(`
sluis --dir third init --oin 00000099000003003000 --name "schuldhulp Voorbeeldstad" --root authority/root-1.json --config third.toml \
  --capacity debt=debt/service/none,bsn --new-key-file third.unlock
sluis --dir third keys show --key-file third.unlock > third.entry.json
sluis register add --authority authority third.entry.json
bash sign
sluis register publish --authority authority
sluis --dir left register install authority/register.json`)
	eventually("the municipality does not say that the service stays behind",
		`sluis --dir left doctor --key-file left.unlock --json | grep -q partner-behind`)
	shell("bash answer old " + ask("--wait delivered"))
	shell("old --dir right backup")

	// Asked while the service is down, to be answered by the new program. And decided
	// by the old one while the municipality is down: that answer waits in the outbox
	// of the service while its store is led over.
	decided := ask("--wait delivered")
	right.stop(t)
	asked := ask("")
	left.stop(t)
	right = startHere(t, at("old"), at("right.log"), "--dir", at("right"), "run", "--key-file", at("right.unlock"))
	eventually("the previous release does not come back", `old --dir right status`)
	shell("bash decide old " + decided)
	eventually("no answer waits", `old --dir right status | grep -q '^waiting *1 messages'`)
	right.stop(t)
	right = startHere(t, now, at("right.log"), "--dir", at("right"), "run", "--key-file", at("right.unlock"))
	eventually("the answer does not wait after the upgrade", `sluis --dir right status | grep -q '^waiting *1 messages'`)
	startLeft()
	eventually("what the previous release decided does not arrive",
		`sluis --dir left show `+decided+` --content --as a.jansen | grep -q "reports every Monday until March"`)
	eventually("it is still said to wait", `sluis --dir right status | grep -q '^waiting *0 messages'`)
	eventually("what was asked does not arrive", `sluis --dir right show `+asked+` --as b.devries`)
	shell("bash answer sluis " + asked)
	eventually("the register is not taken up after the upgrade", `sluis --dir right status | grep -q 'version 2, 3 parties'`)
	shell(`
sluis --dir right ledger verify
sluis --dir right ledger list --json | grep -q '"storage-migrated"'
test "$(sluis --dir right list --ids | wc -l)" = 4
sluis --dir right backup`)
	right.stop(t)

	// The way back is refused, with the reason, and loses nothing.
	back := exec.Command(at("old"), "--dir", at("right"), "run", "--key-file", at("right.unlock")) // #nosec G204 -- ours
	out, err := back.CombinedOutput()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exitCheck || !strings.Contains(string(out), "sluis-store/1") {
		t.Fatalf("the previous release says %q (%v) of a store that was upgraded", out, err)
	}
	right = startHere(t, now, at("right.log"), "--dir", at("right"), "run", "--key-file", at("right.unlock"))
	again := ask("--wait delivered")
	shell("bash answer sluis " + again + `
sluis --dir right ledger verify
test "$(sluis --dir right list --ids | wc -l)" = 5`)

	// Of the backup after the upgrade, the previous release makes nothing; of the
	// one before it, which is kept beside it, either makes a node that waits for its
	// partners.
	shell(`
if old --dir lost restore --from backup-right --key-file right.unlock 2> said; then exit 1; fi
grep -q 'not a backup of this version' said
test -z "$(ls -A lost)"
old --dir lost restore --from backup-right/before-upgrade --key-file right.unlock
sluis --dir found restore --from backup-right/before-upgrade --key-file right.unlock`)
	right.stop(t)
}

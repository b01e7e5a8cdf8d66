package peer_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/peer"
)

// A node signs with a key that is in a PKCS#11 token, here the one of SoftHSM, and
// takes it up while partners go on. It needs softhsm2, opensc and a C compiler;
// REQUIRE_SOFTHSM=1 makes their absence a failure.
func TestKeyInHardware(t *testing.T) {
	module := ""
	for _, path := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(path); err == nil {
			module = path
		}
	}
	for _, tool := range []string{"softhsm2-util", "pkcs11-tool", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil || module == "" {
			if os.Getenv("REQUIRE_SOFTHSM") == "1" {
				t.Fatal("softhsm2, opensc or gcc is not there")
			}
			t.Skip("softhsm2, opensc or gcc is not there")
		}
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.Mkdir(filepath.Join(dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", write("softhsm2.conf", "directories.tokendir = "+filepath.Join(dir, "tokens")+"\nobjectstore.backend = file\n"))
	do := func(env []string, name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	do(nil, "softhsm2-util", "--init-token", "--free", "--label", "sluis", "--pin", "1234", "--so-pin", "1234")
	do(nil, "pkcs11-tool", "--module", module, "--token-label", "sluis", "--login", "--pin", "1234", "--keypairgen", "--key-type", "EC:edwards25519", "--id", "01", "--label", "signing")
	program := filepath.Join(dir, "sluis-hsm")
	do([]string{"CGO_ENABLED=1"}, "go", "build", "-o", program, "../cmd/hsm")

	pin, socket := write("pin", "1234\n"), filepath.Join(dir, "hsm.socket")
	start := func() (stop func()) {
		t.Helper()
		cmd := exec.Command(program, "--module", module, "--token", "sluis", "--pin-file", pin, "--socket", socket)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
			t.Fatalf("the program says %q, %v", line, err)
		}
		go func() { _, _ = io.Copy(io.Discard, out) }()
		return func() {
			_ = cmd.Process.Signal(os.Interrupt)
			if err := cmd.Wait(); err != nil {
				t.Errorf("the program ended: %v", err)
			}
		}
	}
	stop := start()
	defer func() { stop() }()

	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	soft := b.key(crypto.UseSigning, false)
	b.stop()
	config, err := os.ReadFile(filepath.Join(b.dir, "sluis.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "sluis.toml"), append(config, "[signing]\nagent = \""+socket+"\"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	answeredExchange(t, a, b) // with the key in the keystore: the register has no other
	both := b.shown()
	if len(both.Keys) != 2 || both.Keys[0].JWK.Kid == soft.ID || both.Keys[1].JWK.Kid != soft.ID {
		t.Fatalf("keys show prints %d keys", len(both.Keys))
	}
	hard := both.Keys[0].JWK.Kid
	b.install(w.auth.change(t, both))
	a.has(2)
	w.ahead.Store(int64(10 * time.Second)) // a new key is not used at once
	alone := b.shown()
	if len(alone.Keys) != 1 || alone.Keys[0].JWK.Kid != hard {
		t.Fatalf("keys show prints %d keys once the register has that in hardware", len(alone.Keys))
	}
	b.install(w.auth.change(t, alone))
	a.has(3)
	if s := b.stateOf(hard); s != peer.KeyInUse {
		t.Errorf("the key in hardware is %s", s)
	}
	answeredExchange(t, a, b)

	// The device is gone for a while: nothing is signed by anything else, and what
	// waited goes on when it is back.
	stop()
	x, err := ask(t.Context(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.until("the request came in", func() bool { return len(b.kinds(x.ID)) > 0 })
	if _, err := b.node.Decide(t.Context(), professional, x.ID, verdict()); !isFault(err, peer.NoHardware) {
		t.Errorf("a decision without the device: %v", err)
	}
	b.stop()
	if _, err := peer.Open(b.dir, b.options); !isFault(err, peer.NoHardware) {
		t.Errorf("a node that can't sign starts: %v", err)
	}
	stop = start()
	named := func(keys string) error {
		return os.WriteFile(filepath.Join(b.dir, "sluis.toml"), append(config, "[signing]\nagent = \""+socket+"\"\nkeys = ["+keys+"]\n"...), 0o600)
	}
	if err := named(`"` + hard + `", "` + soft.ID + `"`); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Open(b.dir, b.options); err == nil || !strings.Contains(err.Error(), soft.ID) {
		t.Errorf("a node starts without a key that it was told to sign with: %v", err)
	}
	if err := named(`"` + hard + `"`); err != nil {
		t.Fatal(err)
	}
	b.start()
	if _, err := b.node.Decide(t.Context(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, "answered")
}

func (m *member) stateOf(id string) peer.KeyState {
	for _, k := range m.node.Keys() {
		if k.ID == id {
			return k.State
		}
	}
	return ""
}

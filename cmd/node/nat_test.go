package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluis/peer"
)

// A lab is four networks on this machine, each a network namespace, with a
// fifth in the middle that stands for the internet:
//
//	left 10.0.1.2 ─ router 45.0.1.2 ─┐
//	                                 ├─ internet, with the relay on 45.0.0.1
//	right 10.0.2.2 ─ router 45.0.2.2 ┘
//
// The routers translate addresses (NAT) and let in only answers. The numbers are
// public ones, since holes are punched towards those alone; no packet leaves the
// namespaces.
type lab struct {
	t      *testing.T
	prefix string
}

const relayIP = "45.0.0.1"

// newLab makes the networks, or skips the test where that is not possible.
func newLab(t *testing.T) *lab {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("REQUIRE_NAMESPACES") != "" {
		skip = t.Fatalf
	}
	if os.Getuid() != 0 {
		skip("nodes behind NAT are not tested: network namespaces need root")
	}
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			skip("nodes behind NAT are not tested: %s is not installed (Debian: iproute2, nftables)", tool)
		}
	}
	l := &lab{t, fmt.Sprintf("sluis%d-", os.Getpid())}
	names := []string{"left", "router1", "internet", "router2", "right"}
	t.Cleanup(func() {
		for _, name := range names {
			_ = exec.Command("ip", "netns", "del", l.prefix+name).Run() // #nosec G204 -- what was not made is not there
		}
	})
	for _, name := range names {
		if out, err := exec.Command("ip", "netns", "add", l.prefix+name).CombinedOutput(); err != nil { // #nosec G204 -- a name of ours
			skip("nodes behind NAT are not tested: no network namespaces on this machine: %s", bytes.TrimSpace(out))
		}
		l.must(name, "ip link set lo up")
	}
	if out, err := l.run("router1", "nft add table ip probe && nft 'add chain ip probe nat { type nat hook postrouting priority 100; }' && nft add rule ip probe nat masquerade && nft delete table ip probe"); err != nil {
		skip("nodes behind NAT are not tested: the kernel of this machine does no NAT: %s", bytes.TrimSpace(out))
	}
	l.must("internet", "ip addr add "+relayIP+"/32 dev lo && echo 1 > /proc/sys/net/ipv4/ip_forward")
	for side, n := range map[string]string{"left": "1", "right": "2"} {
		router := "router" + n
		l.wire(side, "lan", "10.0."+n+".2/24", router, "lan", "10.0."+n+".1/24")
		l.wire(router, "wan", "45.0."+n+".2/24", "internet", "to"+n, "45.0."+n+".1/24")
		l.must(side, "ip route add default via 10.0."+n+".1")
		l.must(router, "ip route add default via 45.0."+n+".1 && echo 1 > /proc/sys/net/ipv4/ip_forward")
		l.must(router, `nft -f - <<'N'
table ip nat {
	chain out {
		type nat hook postrouting priority 100
		oifname "wan" masquerade
	}
}
table ip wall {
	chain nodatagrams {
	}
	chain through {
		type filter hook forward priority 0; policy drop
		jump nodatagrams
		ct state established,related accept
		iifname "lan" accept
	}
	chain in {
		type filter hook input priority 0
		iifname "wan" ct state new drop
	}
}
N`)
	}
	return l
}

// wire lays a cable between two namespaces.
func (l *lab) wire(a, portA, addressA, b, portB, addressB string) {
	l.t.Helper()
	l.must(a, fmt.Sprintf("ip link add name %s type veth peer name %s netns %s%s", portA, portB, l.prefix, b))
	l.must(a, fmt.Sprintf("ip addr add %s dev %s && ip link set %s up", addressA, portA, portA))
	l.must(b, fmt.Sprintf("ip addr add %s dev %s && ip link set %s up", addressB, portB, portB))
}

// run runs a shell in a namespace.
func (l *lab) run(where, script string) ([]byte, error) {
	return exec.Command("ip", "netns", "exec", l.prefix+where, "sh", "-c", script).CombinedOutput() // #nosec G204 -- ours
}

func (l *lab) must(where, script string) string {
	l.t.Helper()
	out, err := l.run(where, script)
	if err != nil {
		l.t.Fatalf("%s: %s: %v\n%s", where, script, err, out)
	}
	return string(out)
}

// dropUDP has both routers drop UDP without a word, and count it.
func (l *lab) dropUDP() {
	l.t.Helper()
	for _, router := range []string{"router1", "router2"} {
		l.must(router, "nft add rule ip wall nodatagrams meta l4proto udp counter drop")
	}
}

func (l *lab) passUDP() {
	l.t.Helper()
	for _, router := range []string{"router1", "router2"} {
		l.must(router, "nft flush chain ip wall nodatagrams")
	}
}

// A daemon is the program in a namespace.
type daemon struct {
	cmd *exec.Cmd
	log string
}

// start runs the program in a namespace until stop, or the end of the test.
func (l *lab) start(where, bin, log string, args ...string) *daemon {
	l.t.Helper()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		l.t.Fatal(err)
	}
	defer out.Close()
	// ip replaces itself by the program, so the process is the program.
	d := &daemon{exec.Command("ip", append([]string{"netns", "exec", l.prefix + where, bin}, args...)...), log} // #nosec G204 -- ours
	d.cmd.Stderr = out
	if err := d.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		d.stop(l.t)
		if l.t.Failed() {
			text, _ := os.ReadFile(log)
			l.t.Logf("%s:\n%s", filepath.Base(log), text)
		}
	})
	return d
}

func (d *daemon) stop(t *testing.T) {
	t.Helper()
	if d.cmd.ProcessState != nil {
		return
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("%s: %v", filepath.Base(d.log), err)
	}
}

// says waits until text stands in the log, at least so many times.
func (d *daemon) says(t *testing.T, text string, times int) {
	t.Helper()
	if !d.saysWithin(t, 40*time.Second, text, times) {
		t.Fatalf("%s never said %q %d times", filepath.Base(d.log), text, times)
	}
}

// saysWithin reports whether it did, in time.
func (d *daemon) saysWithin(t *testing.T, wait time.Duration, text string, times int) bool {
	t.Helper()
	for deadline := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		log, err := os.ReadFile(d.log)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Count(string(log), text) >= times {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// Two organisations, each behind a router that lets nobody in and drops UDP, ask
// and answer through a relay, over TCP port 443 alone. When the relay starts
// again they go on. When the routers let UDP out they find a direct way through
// both, and need the relay no longer.
func TestBehindNAT(t *testing.T) {
	l := newLab(t)
	dir := t.TempDir()
	bin := filepath.Join(program(t), "sluis")
	shell := func(script string) string {
		t.Helper()
		cmd := exec.Command("bash", "-euc", script) // #nosec G204 -- ours
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+filepath.Dir(bin)+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return string(out)
	}

	key, err := peer.NewRelayKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "relay.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	id, err := peer.RelayID(key)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`relays = ["/ip4/%[1]s/udp/443/quic-v1/p2p/%[2]s", "/ip4/%[1]s/tcp/443/p2p/%[2]s"]
[limits]
min_free_bytes = 1
[delivery]
first_pause = "100ms"
longest_pause = "1s"
`, relayIP, id)
	if err := os.WriteFile(filepath.Join(dir, "node.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	shell(`
KEY=$(sluis register key --out alice.key --new-key-file alice.unlock)
sign() { sluis register sign --authority authority --key alice.key --key-file alice.unlock; }
sluis register create --authority authority --member "$KEY"
sign
sluis --dir left init --oin 00000099000001001000 --name "gemeente Voorbeeldstad" --root authority/root-1.json --config node.toml \
  --capacity investigation=investigation/investigation/none,bsn,health,criminal --new-key-file left.unlock
sluis --dir right init --oin 00000099000002002000 --name "reclassering Noord" --root authority/root-1.json --config node.toml \
  --capacity probation=probation/service/wjsg,bsn,criminal --new-key-file right.unlock
sluis --dir left  keys show --key-file left.unlock  > left.entry.json
sluis --dir right keys show --key-file right.unlock > right.entry.json
grep -q p2p-circuit left.entry.json
! grep -q 0.0.0.0 left.entry.json
sluis register add --authority authority left.entry.json right.entry.json
sign
sluis register publish --authority authority
cp authority/register.json relay.json`)

	l.dropUDP()
	at := func(name string) string { return filepath.Join(dir, name) }
	startRelay := func() *daemon {
		return l.start("internet", bin, at("relay.log"), "relay", "--key", at("relay.key"), "--root", at("authority/root-1.json"), "--register", at("relay.json"),
			"--listen", "/ip4/0.0.0.0/tcp/443", "--listen", "/ip4/0.0.0.0/udp/443/quic-v1", "--metrics", "127.0.0.1:9465")
	}
	relay := startRelay()
	left := l.start("left", bin, at("left.log"), "--dir", at("left"), "run", "--key-file", at("left.unlock"))
	right := l.start("right", bin, at("right.log"), "--dir", at("right"), "run", "--key-file", at("right.unlock"))
	relay.says(t, "a peer has a place here", 2)
	// The node on the right listens on port 4001; the relay is the only one who
	// can be called.
	for address, want := range map[string]bool{"10.0.2.2/4001": false, "45.0.2.2/4001": false, relayIP + "/443": true} {
		if _, err := l.run("left", "timeout 2 bash -c '</dev/tcp/"+address+"'"); (err == nil) != want {
			t.Fatalf("%s can be called: %v, want %v", address, err == nil, want)
		}
	}

	ask := func() string {
		t.Helper()
		return strings.TrimSpace(shell(`
sluis ask --example --case "$(cat case)" > request.json
sluis --dir left ask --as a.jansen --file request.json --wait delivered > asked
sluis --dir right list --ids | tail -n 1`))
	}
	shell(`
sluis --dir left  register install authority/register.json --wait 30s
sluis --dir right register install authority/register.json --wait 30s
sluis --dir left  staff add a.jansen  --name "A. Jansen"   --role requester=investigation
sluis --dir right staff add b.devries --name "B. de Vries" --role professional=probation
sluis case open --example > case.json
sluis --dir left case open --as a.jansen --file case.json | sed -n 's/^case *//p' > case`)
	asked := ask()
	shell(`ID=` + asked + `
sluis --dir right weigh "$ID" --as b.devries
echo "article 39f of the Wjsg" > law.txt
sluis --dir right weigh "$ID" --as b.devries --step act-allows --outcome yes --why law.txt
sluis --dir right weigh "$ID" --as b.devries --step least --outcome yes
echo "reports every Monday until March" > conditions.txt
sluis --dir right decide "$ID" --as b.devries --condition ask-first --wait answered \
  --supply supervision-conditions=process --value supervision-conditions=conditions.txt --withhold offence=not-necessary
sluis --dir left show "$ID" --content --as a.jansen | grep -q "reports every Monday until March"`)
	for _, router := range []string{"router1", "router2"} {
		if !regexp.MustCompile(`udp counter packets [1-9]`).MatchString(l.must(router, "nft list chain ip wall nodatagrams")) {
			t.Errorf("%s dropped no UDP: was it tried at all?", router)
		}
	}

	figures := l.must("internet", `bash -c 'exec 3<>/dev/tcp/127.0.0.1/9465; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3'`)
	for _, line := range []string{`sluis_relay_places 2\b`, `sluis_relay_connections_total [1-9]`, `sluis_relay_bytes_total [1-9]`} {
		if !regexp.MustCompile(line).MatchString(figures) {
			t.Errorf("the relay does not tell %s:\n%s", line, figures)
		}
	}

	// The relay is away for a while.
	relay.stop(t)
	relay = startRelay()
	relay.says(t, "a peer has a place here", 4)
	ask()

	// UDP passes from here on, and everybody connects anew.
	l.passUDP()
	left.stop(t)
	right.stop(t)
	left = l.start("left", bin, at("left.log"), "--dir", at("left"), "run", "--key-file", at("left.unlock"))
	right = l.start("right", bin, at("right.log"), "--dir", at("right"), "run", "--key-file", at("right.unlock"))
	relay.says(t, "a peer has a place here", 6)
	ask()
	// A hole is tried whenever two nodes meet at a relay, and not each try succeeds:
	// the two packets have to cross, and before a node knows how others see its
	// address it has nothing to offer. So they meet some times.
	for places := 8; !left.saysWithin(t, 5*time.Second, "found a direct way", 1) && places < 20; places += 2 {
		relay.stop(t)
		relay = startRelay()
		relay.says(t, "a peer has a place here", places)
		ask()
	}
	left.says(t, "found a direct way", 1)
	right.says(t, "found a direct way", 1)
	relay.stop(t)
	ask()
}

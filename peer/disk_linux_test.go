package peer_test

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
	"sluis/peer"
	"sluis/store"
)

// withDisks runs a test in a process of its own, with file systems that nobody
// else sees (a mount namespace). It reports whether this is that process: a disk
// that a database meets unprepared ends the process, which is what the other one
// looks for.
func withDisks(t *testing.T) bool {
	t.Helper()
	const mark = "SLUIS_OWN_DISKS"
	if os.Getenv(mark) == t.Name() {
		return true
	}
	skip := t.Skipf
	if os.Getenv("REQUIRE_DISKS") != "" {
		skip = t.Fatalf
	}
	if os.Getuid() != 0 {
		skip("a disk that is full or read-only is not tested: mounting one needs root")
	}
	own := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	probe := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "none", t.TempDir()) // #nosec G204 -- a folder of the test
	probe.SysProcAttr = own
	if out, err := probe.CombinedOutput(); err != nil {
		skip("a disk that is full or read-only is not tested: nothing can be mounted on this machine: %v %s", err, out)
	}
	// #nosec G204 -- this test itself
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v="+map[bool]string{true: "true", false: "false"}[testing.Verbose()], "-test.timeout=3m")
	child.SysProcAttr = own
	child.Env = append(os.Environ(), mark+"="+t.Name())
	out, err := child.CombinedOutput()
	switch {
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		skip("%s", out)
	case testing.Verbose():
		t.Logf("%s", out)
	}
	return false
}

// onDisk makes two nodes, of which the second stands on a file system of its own.
func onDisk(t *testing.T, mount func(dir string)) (college, debts *member, log *syncBuffer) {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), auth: newAuthority(t)}
	w.add(municipality)
	w.dir = t.TempDir()
	mount(w.dir)
	debts = w.add(debtHelp)
	path := filepath.Join(debts.dir, "sluis.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "min_free_bytes = 1\n", "min_free_bytes = 67108864\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	log = &syncBuffer{}
	debts.options.Log = slog.New(slog.NewTextHandler(log, nil))
	bundle := w.publish()
	for _, m := range w.members {
		m.start()
		m.install(bundle)
		m.hire()
	}
	return w.members[0], debts, log
}

// fill leaves so much free on the file system of a file, which it makes.
func fill(t *testing.T, path string, leave int64) {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &st); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) // #nosec G304 -- of the test
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 64<<10)
	for left := int64(st.Bavail)*st.Bsize - leave; left > 0; {
		n, err := f.Write(block[:min(left, int64(len(block)))])
		left -= int64(n)
		if errors.Is(err, syscall.ENOSPC) {
			break // the node wrote meanwhile
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// asksMore sends so many more requests, and returns their names.
func (m *member) asksMore(count int) (ids []exchange.ID) {
	m.world.t.Helper()
	for range count {
		x, err := ask(m.world.t.Context(), m.node, requester, question(m.world.t))
		if err != nil {
			m.world.t.Fatal(err)
		}
		ids = append(ids, x.ID)
	}
	return ids
}

// waitsFor reports whether a message waits and the other node said why.
func (m *member) waitsFor(code string) bool {
	queues, err := m.node.Outbox(m.world.t.Context())
	return err == nil && len(queues) == 1 && queues[0].Code == code
}

// reconciled compares what both ledgers say of each other.
func reconciled(t *testing.T, members ...*member) {
	t.Helper()
	id, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	var all []*audit.Report
	for _, m := range members {
		m.settle()
		m.hireOfficer()
		r := m.inspected(id)
		if r.Findings.Count() != 0 {
			t.Errorf("%s: %+v", m.party.Name, r.Findings)
		}
		all = append(all, r)
	}
	c, err := audit.Reconcile(all)
	if err != nil || c.Findings.Count() != 0 {
		t.Errorf("the ledgers do not agree: %v, %+v", err, c)
	}
}

// arrived waits until each of the requests is at a node, once.
func (m *member) arrived(ids []exchange.ID) {
	m.world.t.Helper()
	for _, id := range ids {
		m.wait(id, exchange.Weighing)
		m.until("its entry is signed", func() bool { return len(m.kinds(id)) > 0 })
		m.wantKinds(id, exchange.RequestReceived)
	}
}

// The disk fills up in the middle of a burst, by something else: the node says
// so, accepts nothing, can be read; partners keep what they have. When there is
// room all of it arrives, and nothing was started again.
func TestDiskFillsUp(t *testing.T) {
	if !withDisks(t) {
		return
	}
	var disk string
	college, debts, log := onDisk(t, func(dir string) {
		disk = dir
		if err := unix.Mount("none", dir, "tmpfs", 0, "size=192m"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) // gone with the process anyhow
	})
	filler := filepath.Join(disk, "filler")
	ids := college.asksMore(10)
	debts.arrived(ids[:5])
	fill(t, filler, 48<<20) // while some of them are on their way
	ids = append(ids, college.asksMore(10)...)
	college.until("the partner hears that the disk is full", func() bool { return college.waitsFor("disk-full") })
	if why := debts.node.Room(); why != "disk-full" {
		t.Errorf("room: %q", why)
	}
	_, size := debts.node.Checkpoint()
	if _, err := debts.node.Decide(t.Context(), professional, ids[0], verdict()); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("decided on a full disk: %v", err)
	}
	fill(t, filler, 0) // nothing at all is left
	ids = append(ids, college.asksMore(5)...)
	if page, _, err := debts.node.List(t.Context(), peer.Filter{}); err != nil || len(page) < 5 {
		t.Errorf("read on a full disk: %d, %v", len(page), err)
	}
	if _, err := debts.node.VerifyLedger(t.Context()); err != nil {
		t.Errorf("the ledger on a full disk: %v", err)
	}
	if _, now := debts.node.Checkpoint(); now != size {
		t.Errorf("the ledger grew from %d to %d on a full disk", size, now)
	}
	wants(t, peer.Premises{Dir: debts.dir, Up: true}.Look(), "disk-reserve")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	debts.arrived(ids)
	college.settle()
	if stopped, again := strings.Count(log.String(), "below its reserve"), strings.Count(log.String(), "goes on"); stopped != 1 || again != 1 {
		t.Errorf("the log says %d times that the disk is full and %d times that there is room", stopped, again)
	}
	if _, err := debts.node.Decide(t.Context(), professional, ids[0], verdict()); err != nil {
		t.Errorf("decided when there is room: %v", err)
	}
	college.wait(ids[0], exchange.Answered)

	// The node is started with no room, and with a disk that takes no writes.
	debts.stop()
	fill(t, filler, 0)
	if _, err := peer.Open(debts.dir, debts.options); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("started on a full disk: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Open(debts.dir, debts.options); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("started on a disk that is read-only: %v", err)
	}
	wants(t, peer.Premises{Dir: debts.dir}.Look(), "disk-read-only")
	if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	debts.start()
	debts.arrived(college.asksMore(1))
	reconciled(t, college, debts)
}

// The disk fails under a node that runs, and the kernel lets nobody write to it
// any more: nothing is accepted, what is there can be read, and when the file
// system was mounted again all arrives.
func TestDiskFails(t *testing.T) {
	if !withDisks(t) {
		return
	}
	image := filepath.Join(t.TempDir(), "disk.img")
	if out, err := exec.Command("sh", "-c", "truncate -s 256M "+image+" && mkfs.ext4 -q "+image).CombinedOutput(); err != nil { // #nosec G204 -- of the test
		t.Skipf("a disk that fails is not tested: no ext4 here: %v %s", err, out)
	}
	var disk string
	mount := func() ([]byte, error) {
		return exec.Command("mount", "-o", "loop", image, disk).CombinedOutput() // #nosec G204 -- of the test
	}
	college, debts, log := onDisk(t, func(dir string) {
		disk = dir
		if out, err := mount(); err != nil {
			t.Skipf("a disk that fails is not tested: no loop device here: %v %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() }) // #nosec G204 -- of the test
	})
	ids := college.asksMore(5)
	debts.arrived(ids)
	college.settle()
	_, size := debts.node.Checkpoint()
	// What the kernel does by itself after an error of the disk (errors=remount-ro).
	if out, err := exec.Command("mount", "-o", "remount,abort", disk).CombinedOutput(); err != nil { // #nosec G204 -- of the test
		t.Fatalf("%v %s", err, out)
	}
	ids = append(ids, college.asksMore(5)...)
	college.until("the partner hears that the disk takes no writes", func() bool { return college.waitsFor("disk-read-only") })
	if _, now := debts.node.Checkpoint(); now != size {
		t.Errorf("the ledger grew from %d to %d", size, now)
	}
	if page, _, err := debts.node.List(t.Context(), peer.Filter{}); err != nil || len(page) != 5 {
		t.Errorf("read: %d, %v", len(page), err)
	}
	if strings.Count(log.String(), "takes no writes") != 1 {
		t.Errorf("the log does not say it once:\n%s", log.String())
	}
	wants(t, peer.Premises{Dir: debts.dir, Up: true}.Look(), "disk-read-only")
	stopped := time.Now()
	debts.stop()
	if took := time.Since(stopped); took > 20*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	// This process still has the files open, as one that was ended has not. So the
	// node is started from a copy of what is on the disk.
	copied := image + ".copy"
	if out, err := exec.Command("sh", "-c", "umount -l "+disk+" && cp --sparse=always "+image+" "+copied).CombinedOutput(); err != nil { // #nosec G204 -- of the test
		t.Fatalf("%v %s", err, out)
	}
	image = copied
	if out, err := mount(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	debts.start()
	debts.arrived(ids)
	reconciled(t, college, debts)
}

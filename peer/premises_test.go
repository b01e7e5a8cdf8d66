package peer_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
	"sluis/schemas"
)

func codesOf(checks []peer.Check) (codes []string) {
	for _, c := range checks {
		codes = append(codes, c.Code)
	}
	return codes
}

// wants fails unless each of the codes was found, and every sentence is whole.
func wants(t *testing.T, checks []peer.Check, codes ...string) {
	t.Helper()
	for _, code := range codes {
		if !slices.Contains(codesOf(checks), code) {
			t.Errorf("%s is not among %v", code, codesOf(checks))
		}
	}
	for _, c := range checks {
		text, ok := schemas.Check(c.Code)
		if said := text.EN.Fill(c.Values); !ok || strings.ContainsAny(said.Title+said.Advice, "{}") {
			t.Errorf("%s says %+v", c.Code, said)
		}
	}
}

func lacks(t *testing.T, checks []peer.Check, codes ...string) {
	t.Helper()
	for _, code := range codes {
		if slices.Contains(codesOf(checks), code) {
			t.Errorf("%s is among %v", code, codesOf(checks))
		}
	}
}

// What ends is told before it ends, and when it has ended; a clock that is behind
// or that nobody keeps is told.
func TestLookAtEnds(t *testing.T) {
	w := newWorld(t, municipality)
	m := w.members[0]
	m.stop()
	now := time.Now()
	look := func(at time.Time, kept bool) []peer.Check {
		return peer.Premises{Dir: m.dir, Now: func() time.Time { return at }, Kept: func() (bool, bool) { return kept, true }}.Look()
	}
	checks := look(now, true)
	wants(t, checks, "config-ok", "permissions-ok", "disk-ok", "port-free", "register-ok", "key-ok", "backup-none")
	lacks(t, checks, "register-soon", "root-soon", "clock-unsynced", "clock-behind", "party-unlisted", "address-useless")
	wants(t, look(now, false), "clock-unsynced")
	wants(t, look(now.Add(-time.Hour), false), "clock-behind")
	wants(t, look(now.Add(11*time.Hour), true), "register-soon")
	wants(t, look(now.Add(13*time.Hour), true), "register-ended")
	wants(t, look(now.AddDate(0, 11, 0), true), "register-ended", "root-soon")
	wants(t, look(now.AddDate(1, 0, 1), true), "register-ended", "root-ended")
}

// The register says how long a key may sign, and on which address a partner is
// reached.
func TestLookAtOwnEntry(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	m, other := w.members[0], w.members[1]
	m.stop()
	now := time.Now().UTC().Truncate(time.Second)
	for _, c := range []struct {
		change func(*register.Entry)
		want   string
	}{
		{func(e *register.Entry) { e.Keys[0].Until = now.Add(100 * 24 * time.Hour) }, "key-until"},
		{func(e *register.Entry) { e.Keys[0].Until = now.Add(time.Minute) }, "key-soon"},
		{func(e *register.Entry) { e.Keys[0].Until = now.Add(-time.Second) }, "key-ended"},
		{func(e *register.Entry) { e.Keys[0].RevokedAt = now.Add(-time.Second) }, "key-revoked"},
		{func(e *register.Entry) { e.Addresses = []string{"/ip4/0.0.0.0/tcp/4001"} }, "address-useless"},
	} {
		e := m.entry
		e.Keys = slices.Clone(e.Keys)
		e.Keys[0].From = now.Add(-time.Hour)
		c.change(&e)
		auth := newAuthority(t)
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{
			"root.json": auth.root, "register/1.json": auth.publish(t, []register.Entry{e, other.entry}, now.Add(12*time.Hour)),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		wants(t, peer.Premises{Dir: dir}.Look(), "register-ok", c.want)
	}
}

// A certificate that ends, has ended, or is of another name.
func TestLookAtCertificate(t *testing.T) {
	w := newWorldWith(t, `
[console]
listen = "127.0.0.1:0"
public_url = "https://sluis.example.nl"
tls_cert = "cert.pem"
tls_key = "key.pem"
`, municipality)
	m := w.members[0]
	m.stop()
	wants(t, peer.Premises{Dir: m.dir}.Look(), "certificate-bad")
	now := time.Now()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"sluis.example.nl"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour)}
	write := func() {
		cert, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
			if err := os.WriteFile(filepath.Join(m.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write()
	look := func(after time.Duration) []peer.Check {
		return peer.Premises{Dir: m.dir, Now: func() time.Time { return now.Add(after) }}.Look()
	}
	wants(t, look(0), "certificate-ok")
	lacks(t, look(0), "certificate-name")
	wants(t, look(80*24*time.Hour), "certificate-soon")
	wants(t, look(91*24*time.Hour), "certificate-ended")
	template.DNSNames = []string{"elsewhere.example.nl"}
	write()
	wants(t, look(0), "certificate-ok", "certificate-name")
}

// Files of another account stop a node that starts; only root can make them so.
func TestLookAtOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	m := newWorld(t, municipality).members[0]
	m.stop()
	if err := os.Chown(filepath.Join(m.dir, "keystore.age"), 12345, -1); err != nil {
		t.Fatal(err)
	}
	wants(t, peer.Premises{Dir: m.dir}.Look(), "permissions-owner")
}

// A node tells what it sees: partners, messages that wait, and the clocks of
// others.
func TestDiagnose(t *testing.T) {
	w := newWorldWith(t, "[witness]\nevery = \"1h\"\npause = \"10ms\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	ctx := t.Context()
	diagnose := func() []peer.Check {
		t.Helper()
		checks, err := college.node.Diagnose(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return checks
	}
	checks := diagnose()
	wants(t, checks, "clock-unknown", "partners-ok", "outbox-ok", "ledger-ok")
	lacks(t, checks, "partner-unreachable", "key-other")

	// After a message each looks at the ledger of the other, and at its clock.
	x, err := ask(ctx, college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	debts.wait(x.ID, exchange.Weighing)
	college.until("the clocks are compared", func() bool { return slices.Contains(codesOf(diagnose()), "clock-ok") })

	debts.stop()
	if _, err := ask(ctx, college.node, requester, question(t)); err != nil {
		t.Fatal(err)
	}
	checks = diagnose()
	wants(t, checks, "partner-unreachable", "outbox-ok")
	w.ahead.Store(int64(2 * time.Hour))
	wants(t, diagnose(), "outbox-waits")
	w.ahead.Store(int64(2*time.Hour + 400*24*time.Hour))
	// What has ended is given up by the courier, which may be faster.
	lacks(t, diagnose(), "outbox-waits")
}

// A clock that is set wrong is seen by looking at partners.
func TestDiagnoseClock(t *testing.T) {
	w := newWorldWith(t, "[witness]\nevery = \"1h\"\npause = \"10ms\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	debts.stop()
	debts.options.Now = func() time.Time { return time.Now().Add(4 * time.Minute) }
	debts.start()
	x, err := ask(t.Context(), college.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	debts.wait(x.ID, exchange.Weighing)
	college.until("the difference is seen", func() bool {
		checks, err := college.node.Diagnose(t.Context())
		return err == nil && slices.ContainsFunc(checks, func(c peer.Check) bool {
			return c.Code == "clock-late" && (strings.HasPrefix(c.Values["offset"], "4m") || c.Values["offset"] == "3m59s")
		})
	})
}

// A node whose keys are not those of the register says so.
func TestDiagnoseKeys(t *testing.T) {
	w := newWorld(t, municipality)
	m := w.members[0]
	other := (&world{t: t, dir: t.TempDir(), auth: w.auth}).add(municipality).entry
	w.auth.last = nil
	bundle := w.auth.publish(t, []register.Entry{other}, time.Now().Add(12*time.Hour))
	fresh := (&world{t: t, dir: t.TempDir(), auth: w.auth}).add(municipality)
	fresh.start()
	fresh.install(bundle)
	checks, err := fresh.node.Diagnose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wants(t, checks, "key-other")
	if checks, err = m.node.Diagnose(t.Context()); err != nil {
		t.Fatal(err)
	}
	lacks(t, checks, "key-other")
}

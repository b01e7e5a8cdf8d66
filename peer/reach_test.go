package peer_test

import (
	"os"
	"slices"
	"testing"

	"sluis/peer"
	"sluis/register"
)

func (m *member) diagnose() []peer.Check {
	m.world.t.Helper()
	checks, err := m.node.Diagnose(m.world.t.Context())
	if err != nil {
		m.world.t.Fatal(err)
	}
	return checks
}

func theCheck(t *testing.T, checks []peer.Check, code string) peer.Check {
	t.Helper()
	i := slices.IndexFunc(checks, func(c peer.Check) bool { return c.Code == code })
	if i < 0 {
		t.Fatalf("%s is not among %v", code, codesOf(checks))
	}
	return checks[i]
}

// A node says how it stands at its relay from before that is up until it is gone,
// and whether partners reach it; also when it is stopped.
func TestDiagnoseRelays(t *testing.T) {
	w := &world{t: t, dir: t.TempDir(), auth: newAuthority(t)}
	relay := newPlace(t, w)
	far, near := w.behind(municipality, relay), w.add(debtHelp)
	first := w.publish()
	if err := os.WriteFile(relay.plan.Register, first, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, peer.Premises{Dir: far.dir}.Look(), "relay-silent")
	for _, m := range w.members {
		m.start()
		m.install(first)
	}
	soonEnough(t, "the relay is missed", func() bool { return slices.Contains(codesOf(far.diagnose()), "relay-unreachable") })
	wants(t, far.diagnose(), "relay-placeless", "reach-none")

	relay.open(t)
	soonEnough(t, "a place", func() bool { return len(far.node.Addresses()) == 1 })
	checks := far.diagnose()
	wants(t, checks, "relay-ok", "reach-relay")
	lacks(t, checks, "relay-placeless", "relay-unlisted", "relay-unkept", "reach-none")
	if v := theCheck(t, checks, "relay-ok").Values; v["relay"] != relay.plan.Listen[0]+"/p2p/"+relay.id {
		t.Errorf("it names %q", v["relay"])
	}
	// far has called near by now, and nobody called far: the one is shown, the
	// other has a place and needs no more.
	if v := theCheck(t, near.diagnose(), "reach-direct").Values; v["direct"] != "1" || v["relayed"] != "0" {
		t.Errorf("near: %v", v)
	}
	wants(t, peer.Premises{Dir: far.dir}.Look(), "relay-answers")

	// One that the relay does not know yet, and to which the register sends nobody
	// through it; and one that the register sends partners to in vain.
	late, astray := w.behind(housing, relay), w.add(youthCare)
	late.entry.Addresses = []string{freeAddress(t)}
	astray.entry.Addresses = []string{relay.plan.Listen[0] + "/p2p/" + relay.id + "/p2p-circuit"}
	second := w.publish()
	for _, m := range []*member{late, astray} {
		m.start()
	}
	soonEnough(t, "the relay was asked", func() bool { return !late.node.Places()[0].Since.IsZero() })
	wants(t, late.diagnose(), "relay-refused")
	late.install(second)
	wants(t, late.diagnose(), "relay-unlisted")
	astray.install(second)
	checks = astray.diagnose()
	wants(t, checks, "relay-unkept", "reach-none")
	lacks(t, checks, "relay-placeless")
}

// A node that nobody has called yet finds out by itself whether its address leads
// to it.
func TestDiagnoseUncalled(t *testing.T) {
	w := &world{t: t, dir: t.TempDir(), auth: newAuthority(t)}
	m := w.add(municipality)
	w.add(debtHelp) // which does not run
	m.start()
	m.install(w.publish())
	wants(t, m.diagnose(), "reach-here")
	m.entry.Addresses = []string{freeAddress(t)}
	m.install(w.auth.edit(t, func(d register.Draft) (register.Draft, error) { return d.Change(m.entry) }))
	checks := m.diagnose()
	wants(t, checks, "reach-unproved")
	if v := theCheck(t, checks, "reach-unproved").Values; v["address"] != m.entry.Addresses[0] {
		t.Errorf("it names %q", v["address"])
	}
}

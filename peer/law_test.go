package peer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
	"sluis/schemas"
)

// lawWith is the law with another purpose in front, in the next version.
func lawWith(t testing.TB, purpose string) map[string][]byte {
	t.Helper()
	law := schemas.Catalogues()
	text := strings.Replace(string(law["purposes"]), `"version": 1`, `"version": 2`, 1)
	changed := strings.Replace(text, `"purposes": [`, `"purposes": [`+purpose+`,`, 1)
	if changed == text {
		t.Fatal("the purposes catalogue has another form")
	}
	law["purposes"] = []byte(changed)
	return law
}

const welcome = `{
  "code": "welcome/new-resident", "article": "9.9.9", "phase": "investigation",
  "name": {"nl": "Welkom", "en": "Welcome"}, "explain": {"nl": "Een proef.", "en": "A trial."},
  "ways": [{"askers": ["investigation"], "asked": ["debts"], "triggers": ["client-request"], "involvement": ["in-consultation"]}],
  "weighing": [{"regimes": ["none"], "weighing": "discretion", "categories": ["ordinary"]}],
  "deadline": {"days": 3, "from": "request"},
  "retention": {"article": "9.9.9", "atMost": 1, "from": [{"moment": "client-informed"}]}}`

// Issue 3, design §6: a purpose that the register authorities signed works on a
// running network, in the same program, and after a restart.
func TestLawComesWithTheRegister(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	r := question(t)
	r.Purpose, r.Statements = "welcome/new-resident", nil
	_, err := ask(ctx, a.node, requester, r)
	wantCode(t, "before the register has it", err, string(exchange.UnknownPurpose))

	w.auth.law = lawWith(t, welcome)
	a.install(w.publish()) // the other takes it from its peer
	ctx2, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for b.node.Register().Version() < 2 {
		changed := b.node.Changed()
		if b.node.Register().Version() >= 2 {
			break
		}
		select {
		case <-ctx2.Done():
			t.Fatal("the other node does not take the register")
		case <-changed:
		case <-time.After(50 * time.Millisecond): // it is written before it is in force
		}
	}
	a.stop()
	a.start()
	x, err := ask(ctx, a.node, requester, r)
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	_, err = b.node.Decide(ctx, professional, x.ID, verdict())
	wantCode(t, "its own weighing", err, string(exchange.WeighingOpen))
	if _, err := b.node.Weigh(ctx, professional, x.ID, exchange.Step{Code: "necessary", Outcome: "yes"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)
	trail, err := b.node.Trail(ctx, professional, x.ID)
	if err != nil || len(trail) == 0 || trail[0].Register != 2 {
		t.Errorf("the ledger does not name the register that was in force: %v", err)
	}

	// A register without a law puts the program's own in force again.
	w.auth.law = nil
	bundle := w.publish()
	a.install(bundle)
	b.install(bundle)
	_, err = ask(ctx, a.node, requester, r)
	wantCode(t, "after the law was taken back", err, string(exchange.UnknownPurpose))
}

// A law that this version can't read is refused, and the one in force stays.
func TestUnreadableLaw(t *testing.T) {
	for what, law := range map[string]map[string][]byte{
		"a member of a later version": lawWith(t, strings.Replace(welcome, `"code"`, `"hologram": true, "code"`, 1)),
		"a purpose of no task":        lawWith(t, strings.Replace(welcome, `["investigation"], "asked"`, `["detection"], "asked"`, 1)),
		"one catalogue only":          {"purposes": schemas.Catalogues()["purposes"]},
	} {
		w := newWorld(t, municipality)
		w.auth.law = law
		node := w.members[0].node
		_, before := node.Checkpoint()
		err := node.InstallRegister(context.Background(), w.publish())
		wantCode(t, what, err, peer.LawUnreadable)
		if _, after := node.Checkpoint(); after != before || node.Register().Version() != 1 {
			t.Errorf("%s: the ledger grew from %d to %d, register %d is in force", what, before, after, node.Register().Version())
		}
	}
}

package peer_test

import (
	"context"
	"testing"

	"sluis/exchange"
	"sluis/peer"
)

// Who leaves does nothing any more, from that moment on; what was given to him
// is free for others; and the ledger has it. His name stays with what he did.
func TestStaffLeaves(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	ids := make([]exchange.ID, 2)
	for i := range ids {
		x, err := ask(ctx, a.node, requester, question(t))
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = x.ID
		b.wait(x.ID, exchange.Weighing)
		if _, err := b.node.Assign(ctx, professional, x.ID, professional.ID, exchange.Personal{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.node.Decide(ctx, professional, ids[0], verdict()); err != nil {
		t.Fatal(err)
	}
	_, err := b.node.Decide(ctx, colleague, ids[1], verdict())
	wantCode(t, "a colleague, while he is there", err, string(exchange.AssignedToOther))

	_, before := b.node.Checkpoint()
	if gone, err := b.node.RemoveStaff(ctx, professional.ID); err != nil || gone.Ended.IsZero() {
		t.Fatal(gone.Ended, err)
	}
	if entries, err := b.node.Entries(before, 1); err != nil || len(entries) != 1 || entries[0].Kind != string(exchange.StaffChanged) {
		t.Errorf("the ledger does not say so: %v", err)
	}
	for what, act := range map[string]func() error{
		"open":   func() error { _, err := b.node.Open(ctx, professional, ids[1]); return err },
		"decide": func() error { _, err := b.node.Decide(ctx, professional, ids[1], verdict()); return err },
		"trail":  func() error { _, err := b.node.Trail(ctx, professional, ids[0]); return err },
		"assign": func() error {
			_, err := b.node.Assign(ctx, colleague, ids[1], professional.ID, exchange.Personal{})
			return err
		},
		"remove": func() error { _, err := b.node.RemoveStaff(ctx, professional.ID); return err },
	} {
		wantCode(t, what, act(), string(exchange.ActorEnded))
	}
	if err := b.node.AddStaff(ctx, exchange.Actor{ID: professional.ID, Name: exchange.Hide("Ander Persoon"),
		Roles: []exchange.Grant{{Role: exchange.Professional, Capacity: "debts"}}}); err == nil {
		t.Error("his ID was given to another")
	}
	if s, err := b.node.Status(ctx, ids[1], ""); err != nil || s.Assigned != "" {
		t.Errorf("given to %q, %v", s.Assigned, err)
	}
	if _, err := b.node.Decide(ctx, colleague, ids[1], verdict()); err != nil {
		t.Errorf("a colleague, after he left: %v", err)
	}
	if e, err := b.node.Explain(ctx, colleague, ids[0]); err != nil || !e.Allowed {
		t.Errorf("what he decided is explained as %t, %v", e.Allowed, err)
	}
	a.wait(ids[1], exchange.Answered)
	_, err = b.node.RemoveStaff(ctx, "nobody")
	wantCode(t, "somebody who is not known", err, peer.UnknownActor)
}

// Other work frees what one may not do any more, and brings back who had left.
func TestStaffChanges(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	if _, err := b.node.Assign(ctx, professional, x.ID, professional.ID, exchange.Personal{}); err != nil {
		t.Fatal(err)
	}
	to := func(role exchange.Role) exchange.Actor {
		return exchange.Actor{ID: professional.ID, Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: role, Capacity: "debts"}}}
	}
	if err := b.node.ChangeStaff(ctx, to(exchange.PrivacyOfficer)); err != nil {
		t.Fatal(err)
	}
	_, err = b.node.Decide(ctx, professional, x.ID, verdict())
	wantCode(t, "with other work", err, string(exchange.ActorMayNot))
	page, _, err := b.node.List(ctx, peer.Filter{})
	if err != nil || len(page) != 1 || page[0].Assigned != "" {
		t.Errorf("still given to him: %v", err)
	}
	if _, err := b.node.RemoveStaff(ctx, professional.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.node.ChangeStaff(ctx, to(exchange.Professional)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Errorf("back, with his old work: %v", err)
	}
	twice := to(exchange.Professional)
	twice.Roles = append(twice.Roles, exchange.Grant{Role: exchange.Professional, Capacity: "debts", Regime: exchange.WGBO})
	wantCode(t, "a role twice", b.node.ChangeStaff(ctx, twice), string(exchange.BadRequest))
	nobody := to(exchange.Professional)
	nobody.ID = "nobody"
	wantCode(t, "somebody who is not known", b.node.ChangeStaff(ctx, nobody), peer.UnknownActor)
}

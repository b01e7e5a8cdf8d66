package peer_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// What is asked again is seen at both sides; about somebody else, or taken back, it
// is not the same.
func TestRepeatedRequests(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	ctx := t.Context()
	var ids []exchange.ID
	for _, number := range []string{testNumber, testNumber, "999990019"} {
		r, err := questionOf(number)
		if err != nil {
			t.Fatal(err)
		}
		x, err := ask(ctx, college.node, requester, r)
		if err != nil {
			t.Fatal(err)
		}
		debts.wait(x.ID, exchange.Weighing)
		ids = append(ids, x.ID)
	}
	for _, m := range w.members {
		hat := m.party.Capacities[0].Code
		got, err := m.node.Repeated(ctx, hat, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !slices.Equal(got[0].IDs, ids[:2]) || got[0].From.OIN != municipality.OIN || got[0].To.OIN != debtHelp.OIN {
			t.Errorf("%s sees %+v, want %v once", m.party.Name, got, ids[:2])
		}
		if got, err := m.node.Repeated(ctx, "other", time.Hour); err != nil || len(got) != 0 {
			t.Errorf("another capacity of %s sees %+v, %v", m.party.Name, got, err)
		}
	}
	if _, err := college.node.Withdraw(ctx, requester, ids[1]); err != nil {
		t.Fatal(err)
	}
	debts.wait(ids[1], exchange.Withdrawn)
	w.ahead.Store(int64(2 * time.Hour))
	if got, err := debts.node.Repeated(ctx, "", 24*time.Hour); err != nil || len(got) != 0 {
		t.Errorf("taken back, and still seen: %+v, %v", got, err)
	}
}

// A privacy officer sees what a member of staff did, and the ledger says that she
// looked, at whom, before she sees it. Nobody else does.
func TestStaffTrail(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	debts.hireOfficer()
	x := answeredExchange(t, college, debts)
	ctx := t.Context()
	before := debts.size()
	got, next, err := debts.node.StaffTrail(ctx, officer, professional.ID, 0)
	if err != nil || next != 0 {
		t.Fatalf("next %d: %v", next, err)
	}
	if len(got) == 0 {
		t.Fatal("nothing is seen")
	}
	for i, e := range got {
		if e.By != professional.ID || i > 0 && e.Index >= got[i-1].Index {
			t.Errorf("entry %d of %s is in the list", e.Index, e.By)
		}
	}
	if !slices.ContainsFunc(got, func(e peer.Trace) bool { return e.Kind == string(exchange.DecisionTaken) && e.Exchange == string(x.ID) }) {
		t.Error("his decision is not seen")
	}
	_, part := debts.last(exchange.StaffViewed)
	if debts.size() != before+1 || part.By != officer.ID || part.Detail.Second != professional.ID {
		t.Errorf("the ledger grew by %d and says %+v", debts.size()-before, part)
	}
	// A page goes on where the one before ended.
	rest, _, err := debts.node.StaffTrail(ctx, officer, professional.ID, got[0].Index)
	if err != nil || len(rest) != len(got)-1 {
		t.Errorf("%d entries before the newest of %d: %v", len(rest), len(got), err)
	}
	// That she looked is seen too.
	if own, _, err := debts.node.StaffTrail(ctx, officer, officer.ID, 0); err != nil || len(own) != 3 {
		t.Errorf("she looked three times, and %d are seen: %v", len(own), err)
	}
	// So is what others did with his way in, and by whose invitation.
	account := peer.Account{ID: professional.ID, Value: []byte("sealed")}
	if account, err = debts.node.SaveAccount(ctx, account, peer.AccountAct{Change: peer.AccountInvited, By: colleague.ID}); err != nil {
		t.Fatal(err)
	}
	act := peer.AccountAct{Change: peer.PasskeyAdded, By: professional.ID, Invited: true, InvitedBy: colleague.ID}
	if _, err := debts.node.SaveAccount(ctx, account, act); err != nil {
		t.Fatal(err)
	}
	seen, _, err := debts.node.StaffTrail(ctx, officer, professional.ID, 0)
	if err != nil || len(seen) < 2 || seen[0].Access == nil || *seen[0].Access != act || seen[1].Access == nil || seen[1].By != colleague.ID {
		t.Errorf("his access is told as %+v, %v", seen[:min(2, len(seen))], err)
	}
	if own, _, err := debts.node.StaffTrail(ctx, officer, officer.ID, 0); err != nil || slices.ContainsFunc(own, func(e peer.Trace) bool { return e.Access != nil }) {
		t.Errorf("she has the access of another, %v", err)
	}
	before = debts.size()
	for _, who := range []peer.Who{professional, colleague, requester} {
		var refusal *exchange.Refusal
		if _, _, err := debts.node.StaffTrail(ctx, who, professional.ID, 0); !errors.As(err, &refusal) || refusal.Code != exchange.ActorMayNot {
			t.Errorf("%s: %v", who.ID, err)
		}
	}
	if _, _, err := debts.node.StaffTrail(ctx, officer, "nobody", 0); !errors.Is(err, &peer.Fault{Code: peer.UnknownActor}) {
		t.Errorf("of nobody: %v", err)
	}
	if debts.size() != before {
		t.Error("what was refused stands in the ledger")
	}
}

package peer_test

import (
	"bytes"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
	"sluis/peer"
)

// inspected lets a regulator inspect all of a party.
func (m *member) inspected(id *crypto.Identity) *audit.Report {
	m.world.t.Helper()
	granted, err := m.node.GrantInspection(m.world.t.Context(), officer, peer.Inspecting{
		Inspection: exchange.Inspection{Scope: exchange.ScopeAll}, Recipient: id.Recipient(),
	})
	if err != nil {
		m.world.t.Fatal(err)
	}
	var bundle bytes.Buffer
	if err := granted.Write(m.world.t.Context(), &bundle); err != nil {
		m.world.t.Fatal(err)
	}
	opened, err := crypto.OpenStream(&bundle, id)
	if err != nil {
		m.world.t.Fatal(err)
	}
	r, err := audit.Verify(opened, audit.Options{Root: m.world.auth.root, Recipient: audit.Fingerprint(id.Recipient()), Keep: true})
	if err != nil {
		m.world.t.Fatal(err)
	}
	return r
}

// A regulator who comes after the terms have ended finds dossiers that are
// closed, the entries that say why, and all headers; that is no finding. That
// the register has expired meanwhile does not keep him out.
func TestInspectionAfterDestruction(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	x := answeredExchange(t, college, debts)
	college.hireOfficer()
	debts.hireOfficer()
	id, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	var before [2]*audit.Report
	for i, m := range w.members {
		before[i] = m.inspected(id)
		if before[i].Findings.Count() != 0 || before[i].Destroyed != 0 || before[i].Messages == 0 {
			t.Errorf("%s before: %+v", m.party.Name, before[i])
		}
	}
	if _, err := college.node.RecordMoment(t.Context(), requester, x.Request.Case, exchange.ClientInformed, today()); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(time.Until(today().AddDate(2, 0, 0).Add(time.Hour))))
	for i, m := range w.members {
		if n, err := m.node.Sweep(t.Context()); err != nil || n == 0 {
			t.Fatalf("%s: destroyed %d: %v", m.party.Name, n, err)
		}
		after := m.inspected(id)
		if after.Findings.Count() != 0 || after.Destroyed == 0 || after.Messages != 0 || after.Entries <= before[i].Entries {
			t.Errorf("%s after: %d destroyed, %+v", m.party.Name, after.Destroyed, after.Findings.Listed)
		}
		c, err := audit.Reconcile([]*audit.Report{before[i], after})
		if err != nil || c.Findings.Count() != 0 {
			t.Errorf("%s: the ledger of after does not go on where that of before ended: %v, %+v", m.party.Name, err, c.Findings.Listed)
		}
	}
}

package testnet

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
)

// inspect lets an auditor who trusts nothing but the root of the authority
// inspect every party of a network, and lays all bundles side by side.
func inspect(t *testing.T, n *Net, with func(*api.NewInspection)) ([]*audit.Report, *audit.Comparison) {
	t.Helper()
	contents, recipient, err := crypto.NewIdentityFile()
	if err != nil {
		t.Fatal(err)
	}
	id, err := crypto.ParseIdentityFile(contents)
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(filepath.Join(n.config.Dir, authorityDir, "root.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reports []*audit.Report
	for _, key := range n.Parties() {
		m, _ := n.Member(key)
		_, officer, ok := m.capacity("", exchange.PrivacyOfficer)
		if !ok {
			t.Fatalf("%s has no privacy officer", key)
		}
		asked := api.NewInspection{Scope: api.ScopeAll, Recipient: recipient.String()}
		with(&asked)
		var bundle bytes.Buffer
		if _, err := n.door(key).client.GrantInspection(t.Context(), api.By{Staff: string(officer.ID)}, asked, &bundle); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		opened, err := crypto.OpenStream(&bundle, id)
		if err != nil {
			t.Fatal(err)
		}
		r, err := audit.Verify(opened, audit.Options{Root: root, Recipient: audit.Fingerprint(recipient), Keep: true})
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if r.Findings.Count() != 0 || !r.Vouched || r.Head.Name != m.Party.Name {
			t.Errorf("%s: %+v", key, r.Findings.Listed)
		}
		reports = append(reports, r)
	}
	c, err := audit.Reconcile(reports)
	if err != nil {
		t.Fatal(err)
	}
	if c.Findings.Count() != 0 || len(c.Unchecked) != 0 {
		t.Errorf("side by side: %+v, %+v", c.Findings.Listed, c.Unchecked)
	}
	return reports, c
}

// inspectStories is what holds of a network on which every story was played.
func inspectStories(t *testing.T, n *Net, secrets []string) {
	reports, c := inspect(t, n, func(*api.NewInspection) {})
	messages, claims := 0, 0
	for _, p := range c.Passed {
		messages += p.Both
	}
	for _, p := range c.Parties {
		claims += p.Claims
	}
	if messages < 15 || claims < 15 {
		t.Errorf("only %d messages and %d proofs were compared", messages, claims)
	}
	for _, r := range reports {
		if r.Opened == 0 || r.Covered != r.Entries {
			t.Errorf("%s: %d opened, %d of %d entries in scope", r.Head.Name, r.Opened, r.Covered, r.Entries)
		}
	}
	var svg bytes.Buffer
	if err := c.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	for i, secret := range secrets {
		if bytes.Contains(svg.Bytes(), []byte(secret)) {
			t.Errorf("secret %d of the stories stands in the picture", i)
		}
	}
	// One person: less is opened, and what is, holds.
	all := map[exchange.OIN]uint64{}
	for _, r := range reports {
		all[r.Head.OIN] = r.Opened
	}
	reports, _ = inspect(t, n, func(i *api.NewInspection) {
		i.Scope, i.Person.BSN, i.Disclosures = api.ScopePerson, "999993847", true
	})
	found := 0
	for _, r := range reports {
		found += len(r.Head.Dossiers)
		if len(r.Head.Dossiers) > 0 && (r.Opened == 0 || r.Opened >= all[r.Head.OIN]) {
			t.Errorf("%s: %d opened for one person, %d for all", r.Head.Name, r.Opened, all[r.Head.OIN])
		}
	}
	if found < 2 {
		t.Errorf("one person is in %d dossiers", found)
	}
}

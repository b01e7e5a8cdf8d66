package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
)

// An inspection goes to who may have it, says nothing of the person it is about,
// and what does not reach its end can't be used.
func TestGrantInspection(t *testing.T) {
	w := newWorld(t)
	w.ready()
	client := w.college.client
	if _, err := client.AddStaff(t.Context(), api.Employee{ID: "p.vink", Name: "Pieter Vinkenoog", Roles: []api.Grant{{Role: api.PrivacyOfficer, Capacity: "investigation"}}}); err != nil {
		t.Fatal(err)
	}
	contents, recipient, err := crypto.NewIdentityFile()
	if err != nil {
		t.Fatal(err)
	}
	id, err := crypto.ParseIdentityFile(contents)
	if err != nil {
		t.Fatal(err)
	}
	asked := api.NewInspection{Scope: api.ScopeAll, Recipient: recipient.String()}
	entries := func() int {
		page, err := client.Entries(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Entries)
	}
	before := entries()
	for name, refused := range map[string]struct {
		by   string
		n    api.NewInspection
		code string
	}{
		"a requester":        {requester, asked, "actor-may-not"},
		"nobody":             {"no.body", asked, "unknown-actor"},
		"no recipient":       {"p.vink", api.NewInspection{Scope: api.ScopeAll, Recipient: "age1qyqszqgp"}, "bad-input"},
		"half a period":      {"p.vink", api.NewInspection{Scope: api.ScopePeriod, From: time.Now(), Recipient: recipient.String()}, "bad-scope"},
		"a person for all":   {"p.vink", api.NewInspection{Scope: api.ScopeAll, Person: api.SoughtPerson{BSN: testBSN}, Recipient: recipient.String()}, "bad-input"},
		"no person":          {"p.vink", api.NewInspection{Scope: api.ScopePerson, Recipient: recipient.String()}, "bad-scope"},
		"not a BSN":          {"p.vink", api.NewInspection{Scope: api.ScopePerson, Person: api.SoughtPerson{BSN: "999993848"}, Recipient: recipient.String()}, "bad-bsn"},
		"a name, no birth":   {"p.vink", api.NewInspection{Scope: api.ScopePerson, Person: api.SoughtPerson{Name: "x"}, Recipient: recipient.String()}, "bad-scope"},
		"no organisation":    {"p.vink", api.NewInspection{Scope: api.ScopeParty, Party: "11111111111111111111", Recipient: recipient.String()}, "bad-oin"},
		"an unknown request": {"p.vink", api.NewInspection{Scope: api.ScopeExchange, Exchange: "x", Recipient: recipient.String()}, "bad-id"},
	} {
		var bundle bytes.Buffer
		_, err := client.GrantInspection(t.Context(), by(refused.by), refused.n, &bundle)
		var problem *api.Problem
		if !errors.As(err, &problem) || problem.Code != refused.code || bundle.Len() != 0 {
			t.Errorf("%s: %v and %d bytes, want %s", name, err, bundle.Len(), refused.code)
		}
	}
	if now := entries(); now != before {
		t.Errorf("what was refused wrote %d entries", now-before)
	}

	asked.Scope, asked.Person.BSN = api.ScopePerson, testBSN
	var bundle bytes.Buffer
	if _, err := client.GrantInspection(t.Context(), by("p.vink"), asked, &bundle); err != nil {
		t.Fatal(err)
	}
	if now := entries(); now != before+1 {
		t.Errorf("a grant is %d entries", now-before)
	}
	cut := bytes.NewReader(bundle.Bytes()[:bundle.Len()-1])
	opened, err := crypto.OpenStream(bytes.NewReader(bundle.Bytes()), id)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(bytes.NewReader(plain), audit.Options{Recipient: audit.Fingerprint(recipient)})
	if err != nil || r.Findings.Count() != 0 || r.Head.Inspection.Scope != exchange.ScopePerson || r.Head.By != "p.vink" {
		t.Fatalf("%v, %+v", err, r)
	}
	head, err := json.Marshal(r.Head)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"the head": string(head), "the bundle": string(plain), "the log": w.college.log.String()} {
		if strings.Contains(text, testBSN) {
			t.Errorf("the BSN stands in %s", where)
		}
	}
	if strings.Contains(w.college.log.String(), recipient.String()[:40]) || strings.Contains(w.college.log.String(), "Vinkenoog") {
		t.Error("the log tells of the recipient or of who granted it")
	}
	if opened, err = crypto.OpenStream(cut, id); err == nil {
		_, err = audit.Verify(opened, audit.Options{})
	}
	var broken *audit.Broken
	if !errors.As(err, &broken) {
		t.Errorf("cut off, it is read all the same: %v", err)
	}
}

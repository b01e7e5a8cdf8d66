package wire_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
)

const policyFile = "../../docs/protocol/70-conditions.md"

// allConditions has every kind, with everything that it can name, in the order in which a policy brings them.
func allConditions() []exchange.Condition {
	parties := []exchange.PartyID{{OIN: "00000099000003003000", Capacity: "housing"}, college}
	items := []exchange.ItemCode{"supervision-conditions", "offence"}
	return []exchange.Condition{
		{Code: exchange.AskFirst, Items: items},
		{Code: exchange.AskEachTime},
		{Code: exchange.OnlyTo, Parties: parties, Tasks: []exchange.TaskCode{"coordination"}, Domains: []exchange.DomainCode{"youth-care"}},
		{Code: exchange.NotTo, Items: items[1:], Parties: parties[:1]},
		{Code: exchange.OnlyFor, Purposes: []exchange.PurposeCode{"investigation/client-request"}, Phases: []exchange.PhaseCode{exchange.CoordinationPhase}},
		{Code: exchange.NotFor, Phases: []exchange.PhaseCode{exchange.ServicePhase}},
		{Code: exchange.NoDeeper, Depth: exchange.Process},
		{Code: exchange.AfterTold},
		{Code: exchange.OralOnly, Items: items[1:]},
		{Code: exchange.NoOnward, Items: items[:1]},
		{Code: exchange.DeleteBy, Until: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)},
	}
}

const policyID = "0193a0b0-0000-7000-8000-0000000000a1"

func encodePolicy(t testing.TB, all []exchange.Condition) []byte {
	t.Helper()
	raw, err := wire.EncodePolicy(policyID, exchange.Layer{By: officer, Conditions: all})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The policy of the document is what this code writes, for every kind of
// condition, and reads back.
func TestPolicyVector(t *testing.T) {
	all := allConditions()
	if len(all) != len(exchange.ConditionCodes) {
		t.Fatalf("%d conditions in the vector, there are %d kinds", len(all), len(exchange.ConditionCodes))
	}
	raw := encodePolicy(t, all)
	if *printVectors {
		print70(raw)
	}
	doc, err := os.ReadFile(policyFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "\n```vector policy\n")
	block, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatalf("%s has no vector", policyFile)
	}
	var want, got any
	if err := json.Unmarshal([]byte(block), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the policy is\n%s\nthe document has\n%s", raw, block)
	}
	id, l, err := wire.DecodePolicy([]byte(block))
	if err != nil {
		t.Fatal(err)
	}
	if id != policyID || l.By != officer || !reflect.DeepEqual(l.Conditions, all) {
		t.Errorf("the policy of the document reads as %+v", l)
	}
}

// What is written is read as it was, whatever was drawn, and two layers that
// differ are written differently.
func TestPolicyThereAndBack(t *testing.T) {
	written := map[string][]exchange.Condition{}
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 7))
		all := slices.DeleteFunc(allConditions(), func(exchange.Condition) bool { return r.IntN(3) == 0 })
		for i := range all {
			c := &all[i]
			if r.IntN(2) == 0 {
				c.Items = nil
			}
			c.Parties, c.Tasks = c.Parties[:r.IntN(len(c.Parties)+1)], c.Tasks[:r.IntN(len(c.Tasks)+1)]
			if len(c.Parties) == 0 {
				c.Parties = nil
			}
			if len(c.Tasks) == 0 {
				c.Tasks = nil
			}
			if (c.Code == exchange.OnlyTo || c.Code == exchange.NotTo) && c.Parties == nil && c.Tasks == nil && c.Domains == nil {
				c.Domains = []exchange.DomainCode{"housing"}
			}
			if c.Code == exchange.DeleteBy {
				c.Until = c.Until.AddDate(0, 0, r.IntN(400))
			}
		}
		if len(all) == 0 {
			continue
		}
		raw := encodePolicy(t, all)
		id, l, err := wire.DecodePolicy(raw)
		if err != nil || id != policyID || l.By != officer {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !reflect.DeepEqual(l.Conditions, all) {
			t.Fatalf("seed %d: wrote %+v, read %+v", seed, all, l.Conditions)
		}
		if other, twice := written[string(raw)]; twice && !reflect.DeepEqual(other, all) {
			t.Fatalf("seed %d: one policy for two lists of conditions", seed)
		}
		written[string(raw)] = all
	}
}

// Without conditions there is no policy, and ODRL wants none without rules.
func TestNoConditionsNoPolicy(t *testing.T) {
	if raw := encodePolicy(t, nil); raw != nil {
		t.Errorf("wrote %s", raw)
	}
	p := newPair(t)
	a := answer()
	a.Conditions = nil
	e := envelope(officer, college)
	e.Follows = wire.Digest{1, 2, 3}
	s, err := wire.SignAnswer(e, a, p.keys[officer].Signing)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Read(s.Token, []exchange.PartyID{college}, p.reg, noon)
	if err != nil || len(m.Answer.Conditions) != 0 {
		t.Errorf("%d conditions, %v", len(m.Answer.Conditions), err)
	}
}

// The order in which package exchange keeps conditions is that in which they are
// read: what the supplier holds, the asker holds.
func TestPolicyKeepsTheOrderOfTheKinds(t *testing.T) {
	var kinds []exchange.ConditionCode
	for _, c := range allConditions() {
		kinds = append(kinds, c.Code)
	}
	if !slices.Equal(kinds, exchange.ConditionCodes[:]) {
		t.Errorf("a policy brings them as %v", kinds)
	}
}

// A condition that can't be written is refused before it is signed.
func TestPolicyThatCantBeWritten(t *testing.T) {
	for what, c := range map[string]exchange.Condition{
		"an unknown kind":         {Code: "gossip"},
		"nobody":                  {Code: exchange.OnlyTo},
		"no purpose":              {Code: exchange.OnlyFor},
		"no depth":                {Code: exchange.NoDeeper},
		"an item that is no code": {Code: exchange.AskFirst, Items: []exchange.ItemCode{"De Vries"}},
	} {
		if raw, err := wire.EncodePolicy(policyID, exchange.Layer{By: officer, Conditions: []exchange.Condition{c}}); !errors.Is(err, &wire.Fault{Code: wire.MessageSchema}) {
			t.Errorf("%s: wrote %s, %v", what, raw, err)
		}
	}
}

// A policy has one form. Each line is valid JSON, most are valid ODRL, and none
// is what this profile writes.
func TestPolicyIsStrict(t *testing.T) {
	raw := string(encodePolicy(t, allConditions()))
	for what, change := range map[string][2]string{
		"another context":        {`http://www.w3.org/ns/odrl.jsonld`, `https://example.com/odrl.jsonld`},
		"another prefix":         {`"sluis":"https://sluis.invalid/ns/policy#"`, `"sluis":"https://example.com/#"`},
		"another type":           {`"Set"`, `"Offer"`},
		"another profile":        {`"profile":"https://sluis.invalid/ns/policy"`, `"profile":"https://example.com/"`},
		"permissions win":        {`"prohibit"`, `"perm"`},
		"a member more":          {`"assigner"`, `"inheritFrom":"urn:x","assigner"`},
		"another to be asked":    {`"consentingParty":"sluis:party/00000099000002002000:probation"`, `"consentingParty":"sluis:party/00000099000001001000:investigation"`},
		"another action":         {`"action":"distribute"`, `"action":"use"`},
		"no duty":                {`,"duty":[{"action":"obtainConsent","consentingParty":"sluis:party/00000099000002002000:probation"}]`, ``},
		"another operator":       {`"operator":"isNoneOf"`, `"operator":"isAllOf"`},
		"a purpose as recipient": {`"sluis:task/coordination"`, `"sluis:purpose/coordination"`},
		"an order of recipients": {`{"@id":"sluis:task/coordination"},{"@id":"sluis:domain/youth-care"}`, `{"@id":"sluis:domain/youth-care"},{"@id":"sluis:task/coordination"}`},
		"all and one item":       {`["sluis:supplied"]`, `["sluis:supplied","sluis:item/offence"]`},
		"a list for one depth":   {`{"@id":"sluis:depth/process"}`, `[{"@id":"sluis:depth/process"}]`},
		"a depth from below":     {`"leftOperand":"sluis:depth","operator":"gt"`, `"leftOperand":"sluis:depth","operator":"lt"`},
		"a day as text":          {`{"@value":"2027-03-01","@type":"xsd:date"}`, `"2027-03-01"`},
		"a day that is none":     {`2027-03-01`, `2027-02-30`},
		"two times":              {`"@value":"1"`, `"@value":"2"`},
		"not a message of ours":  {`urn:uuid:0193a0b0-0000-7000`, `urn:uuid:0193a0b0-0000-4000`},
		"a party that is none":   {`"assigner":"sluis:party/00000099000002002000:probation"`, `"assigner":"sluis:party/10000099000002002000:probation"`},
		"two constraints":        {`"constraint":[{"leftOperand":"event"`, `"constraint":[{"leftOperand":"count","operator":"lteq","rightOperand":{"@value":"1","@type":"xsd:integer"}},{"leftOperand":"event"`},
		"a rule of another list": {`{"target":["sluis:item/supervision-conditions"],"action":"distribute"}`, `{"target":["sluis:item/supervision-conditions"],"action":"delete"}`},
	} {
		changed := strings.Replace(raw, change[0], change[1], 1)
		if changed == raw || !json.Valid([]byte(changed)) {
			t.Errorf("%s: nothing was changed, or it is no JSON", what)
		}
		if _, l, err := wire.DecodePolicy([]byte(changed)); err == nil {
			t.Errorf("%s: read as %+v", what, l)
		}
	}
	for _, none := range []string{``, `{}`, `null`, `[]`} {
		if _, _, err := wire.DecodePolicy([]byte(none)); err == nil {
			t.Errorf("%q is read as a policy", none)
		}
	}
}

// The order of members and white space mean nothing in JSON, and nothing here.
func TestPolicyInAnotherOrder(t *testing.T) {
	var document map[string]any
	if err := json.Unmarshal(encodePolicy(t, allConditions()), &document); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if _, l, err := wire.DecodePolicy(sorted); err != nil || !reflect.DeepEqual(l.Conditions, allConditions()) {
		t.Errorf("read %+v, %v", l, err)
	}
}

func FuzzDecodePolicy(f *testing.F) {
	f.Add(encodePolicy(f, allConditions()))
	for _, c := range allConditions() {
		f.Add(encodePolicy(f, []exchange.Condition{c}))
	}
	f.Add([]byte(`{"@type":"Set"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		id, l, err := wire.DecodePolicy(raw)
		if err != nil {
			return
		}
		again, err := wire.EncodePolicy(id, l)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		id2, l2, err := wire.DecodePolicy(again)
		if err != nil || id2 != id || !reflect.DeepEqual(l, l2) {
			t.Errorf("a policy changes when it is read and written: %v", err)
		}
	})
}

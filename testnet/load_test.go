package testnet

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
)

// A short load of every kind: all of it comes to its end, and the report says what
// happened.
func TestLoad(t *testing.T) {
	var told []Progress
	r, err := Load{Parties: 5, Rate: 20, For: 1500 * time.Millisecond, Tell: func(p Progress) { told = append(told, p) }}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Begun < len(turns(UsualMix)) || r.Done != r.Begun || r.Failed != 0 || len(r.Failures) != 0 {
		t.Errorf("%d begun, %d done, %d failed: %v", r.Begun, r.Done, r.Failed, r.Failures)
	}
	total := 0
	for kind := range UsualMix {
		k := r.Kinds[kind]
		total += k.Count
		if k.Count == 0 || k.Receipt.P50 <= 0 || k.Receipt.P99 < k.Receipt.P95 || (k.Answer.P50 > 0) == (kind == TakenBack) {
			t.Errorf("%s: %+v", kind, k)
		}
	}
	if total != r.Done || r.All.Count != total || r.PerSecond <= 0 {
		t.Errorf("the kinds add up to %d, all to %d, of %d", total, r.All.Count, r.Done)
	}
	if l := r.Ledgers; l.Verified != 5 || l.Entries < 8*uint64(r.Done) || l.Smallest == 0 || l.Largest > l.Entries || l.Disk == 0 {
		t.Errorf("ledgers: %+v", l)
	}
	if r.Memory.Peak != 0 && r.Memory.PerNode <= 0 {
		t.Errorf("memory: %+v", r.Memory)
	}
	if !slices.ContainsFunc(told, func(p Progress) bool { return p.Nodes == 5 && p.Elapsed == 0 }) || !slices.ContainsFunc(told, func(p Progress) bool { return p.Begun > 0 }) {
		t.Errorf("told %v", told)
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"askToReceipt":{"p50":`) {
		t.Errorf("as JSON: %s, %v", text, err)
	}
}

// What fails is counted by the step at which it failed, and why.
func TestLoadNamesFailures(t *testing.T) {
	tally := newTally(Load{Mix: map[Kind]int{PlainAnswer: 1}, Parties: 5}, nil)
	tally.failures[FailureCount{Kind: PlainAnswer, Step: "ask", Why: whyOf(&exchange.Refusal{Code: exchange.UnknownItem}).Error()}] = 2
	tally.failures[FailureCount{Kind: PlainAnswer, Step: "decide", Why: "busy"}] = 3
	r := Report{Seconds: 1}
	tally.report(&r)
	if len(r.Failures) != 2 || r.Failures[0].Count != 3 || r.Failures[1].Why != "unknown-item []" {
		t.Errorf("failures are %+v", r.Failures)
	}
}

func TestPercentiles(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i)*time.Millisecond)
	}
	if got := percentiles(all); got != (Percentiles{100, 190, 198}) {
		t.Errorf("of 1 to 200 ms: %v", got)
	}
	if got := percentiles(all[:1]); got != (Percentiles{1, 1, 1}) {
		t.Errorf("of 1 ms: %v", got)
	}
	if got := percentiles(nil); got != (Percentiles{}) {
		t.Errorf("of nothing: %v", got)
	}
}

func TestMix(t *testing.T) {
	mix, err := ParseMix("answered=2,withdrawn=1")
	if err != nil || !slices.Equal(turns(mix), []Kind{PlainAnswer, TakenBack, PlainAnswer}) {
		t.Errorf("%v, %v", turns(mix), err)
	}
	for _, bad := range []string{"", "answered", "answered=0", "answered=-1", "nothing=1", "answered=1,,"} {
		if _, err := ParseMix(bad); err == nil {
			t.Errorf("%q is a mix", bad)
		}
	}
	if all := turns(UsualMix); len(all) != 10 || all[0] == all[1] {
		t.Errorf("the usual mix is %v", all)
	}
}

// Every party of a load has a number and a name of its own, and its turn.
func TestLoadMembers(t *testing.T) {
	for _, bad := range []int{0, 4, 5001} {
		if _, err := LoadMembers(bad); err == nil {
			t.Errorf("%d parties are a load", bad)
		}
	}
	all, err := LoadMembers(13)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	n := &Net{nodes: map[string]*node{}}
	for _, m := range all {
		if _, err := exchange.ParseOIN(string(m.Party.OIN)); err != nil || seen[string(m.Party.OIN)] || seen[m.Key] || seen[m.Party.Name] {
			t.Errorf("%s, %s, %s: %v", m.Key, m.Party.OIN, m.Party.Name, err)
		}
		seen[string(m.Party.OIN)], seen[m.Key], seen[m.Party.Name] = true, true, true
		n.nodes[m.Key], n.order = &node{member: m}, append(n.order, m.Key)
	}
	for turn, want := range []string{"youth-care-1", "youth-care-2", "youth-care-1"} { // of thirteen, two
		if got := n.of("youth-care", turn).Key; got != want {
			t.Errorf("turn %d is that of %s, want %s", turn, got, want)
		}
	}
	if a, b := n.of("municipality", 2).Key, n.of("municipality", 3).Key; a != "municipality-3" || b != "municipality-1" {
		t.Errorf("after %s comes %s", a, b)
	}
}

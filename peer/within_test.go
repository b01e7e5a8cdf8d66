package peer_test

import (
	"context"
	"testing"

	"sluis/exchange"
	"sluis/peer"
)

// Art. 5.4.4(3) and memorandum §4.4.1: what the investigation gathered does not
// slide to the coordinator, not even within one organisation. She asks, the
// investigator decides per item, and each has a dossier of his own.
func TestWithinOneOrganisation(t *testing.T) {
	college := municipality
	college.Capacities = []exchange.Capacity{
		{
			Code: "investigation", Domain: "investigation", Task: "investigation", Regime: exchange.NoSecrecy, MayProcessBSN: true,
			Special: []exchange.Category{exchange.Health, exchange.Criminal},
		},
		{
			Code: "coordination", Domain: "coordination", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
			Special: []exchange.Category{exchange.Health},
		},
	}
	w := newWorld(t, college, debtHelp)
	a := w.members[0]
	ctx := context.Background()
	coordinator := peer.Who{ID: "d.coordinator"}
	if err := a.node.AddStaff(ctx, exchange.Actor{ID: coordinator.ID, Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{
		{Role: exchange.Coordinator, Capacity: "coordination"},
	}}); err != nil {
		t.Fatal(err)
	}
	investigation := exchange.PartyID{OIN: college.OIN, Capacity: "investigation"}
	q := question(t)
	c, err := a.node.OpenCase(ctx, coordinator, exchange.Case{
		Trigger: exchange.Trigger{Code: "coordination", On: today(), From: investigation, Statements: []exchange.Statement{
			{Code: "appointed", Text: exchange.Hide("since today")}, {Code: "approach-agreed", Text: exchange.Hide("agreed")},
		}},
		People: []exchange.Person{{Standing: exchange.Client, BSN: q.Subject.BSN}},
	})
	if err != nil {
		t.Fatal(err)
	}
	x, err := a.node.Ask(ctx, coordinator, peer.Asking{Person: 1, Request: exchange.Request{
		Case: c.ID, From: exchange.PartyID{OIN: college.OIN, Capacity: "coordination"}, To: investigation, Purpose: "handover/coordinator",
		Specific: exchange.Hide("to align the help"), Contact: exchange.Hide("06-00000000"), Involvement: exchange.Involvement{State: exchange.Informed},
		Items: []exchange.AskedItem{{Item: "needed-service", Depth: exchange.Content, Why: exchange.Hide("to know what was agreed")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Weighing)
	d := exchange.Decision{Items: []exchange.ItemDecision{
		{Item: "needed-service", Outcome: exchange.Supply, Depth: exchange.Content, Value: exchange.Hide("debt help and a work coach")},
	}}
	_, err = a.node.Decide(ctx, coordinator, x.ID, d)
	wantCode(t, "I1: the coordinator decides on her own request", err, string(exchange.WrongSide))
	if _, err := a.node.Weigh(ctx, requester, x.ID, exchange.Step{Code: "necessary", Outcome: "yes", Text: exchange.Hide("she aligns them")}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.node.Decide(ctx, requester, x.ID, d); err != nil {
		t.Fatal(err)
	}
	a.settle()
	for hat, side := range map[exchange.CapacityCode]exchange.Side{"coordination": exchange.Asker, "investigation": exchange.Supplier} {
		page, next, err := a.node.List(ctx, peer.Filter{Hat: hat})
		if err != nil || len(page) != 1 || next != "" || page[0].Side != side || page[0].Phase != exchange.Answered {
			t.Errorf("%s lists %+v, %q, %v", hat, page, next, err)
		}
	}
	got, err := a.node.Open(ctx, coordinator, x.ID)
	if err != nil || got.Side != exchange.Asker || got.Answer.Items[0].Value.Reveal() != "debt help and a work coach" {
		t.Errorf("the coordinator reads the %s's copy, %v", got.Side, err)
	}
	got, err = a.node.Open(ctx, requester, x.ID)
	if err != nil || got.Side != exchange.Supplier || len(got.Weighing) != 1 {
		t.Errorf("the investigator reads the %s's copy, %v", got.Side, err)
	}
	// Both copies page one by one: none is lost or shown twice.
	seen := map[exchange.Side]int{}
	for after := ""; ; {
		page, next, err := a.node.List(ctx, peer.Filter{After: after, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page {
			seen[s.Side]++
		}
		if after = next; after == "" {
			break
		}
	}
	if seen[exchange.Asker] != 1 || seen[exchange.Supplier] != 1 {
		t.Errorf("paged: %v", seen)
	}
	for _, hat := range []exchange.CapacityCode{"coordination", "investigation"} {
		messages, err := a.node.Messages(ctx, x.ID, hat)
		if err != nil || len(messages) == 0 {
			t.Fatalf("%s: %d messages, %v", hat, len(messages), err)
		}
		for _, m := range messages {
			if m.Sent && (m.Partner == nil || m.Partner.Entry == m.Entry) {
				t.Errorf("%s: the receipt of the %s does not name an entry of its own", hat, m.Kind)
			}
		}
	}
}

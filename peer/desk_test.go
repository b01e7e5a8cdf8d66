package peer_test

import (
	"context"
	"testing"

	"sluis/exchange"
)

// M1-173, art. 5.5.2 (memorandum §5.6): of somebody who lives elsewhere nothing
// is processed. The reporter is sent on, and neither store nor ledger has a trace.
func TestNonResidentLeavesNoTrace(t *testing.T) {
	city := municipality
	city.Capacities = []exchange.Capacity{{
		Code: "reporting-desk", Domain: "reporting-desk", Task: "reporting-desk", Regime: exchange.NoSecrecy, MayProcessBSN: true,
	}}
	w := newWorld(t, city)
	node, ctx := w.members[0].node, context.Background()
	report := func(resident string) exchange.Case {
		return exchange.Case{
			Trigger: exchange.Trigger{Code: "report", On: today(), Statements: []exchange.Statement{
				{Code: "resident", Text: exchange.Hide(resident)}, {Code: "worries", Text: exchange.Hide("has not been seen for days")},
				{Code: "contact-tried", Text: exchange.Hide("nobody opened the door")},
			}},
			People: []exchange.Person{{Standing: exchange.Client, Name: exchange.Hide("J. Fictief"), Born: exchange.Hide("1980-02-29"), Address: exchange.Hide("Elders 1")}},
		}
	}
	_, before := node.Checkpoint()
	_, err := node.OpenCase(ctx, requester, report("no"))
	wantCode(t, "a report on somebody of another town", err, string(exchange.BadStatement))
	cases, _, err := node.Cases(ctx, "", "", 0)
	if err != nil || len(cases) != 0 {
		t.Errorf("%d cases are kept, %v", len(cases), err)
	}
	if _, after := node.Checkpoint(); after != before {
		t.Errorf("the ledger grew from %d to %d", before, after)
	}
	if _, err := node.OpenCase(ctx, requester, report("yes")); err != nil {
		t.Errorf("a report on a resident: %v", err)
	}
	cases, _, err = node.Cases(ctx, "", "", 0)
	if err != nil || len(cases) != 1 {
		t.Fatalf("%d cases of a resident, %v; the test sees nothing", len(cases), err)
	}

	// What became of it is one of two things, and no more is kept.
	_, err = node.CloseReport(ctx, requester, cases[0].ID, "elsewhere")
	refused(t, err, exchange.BadTrigger)
	if _, err := node.CloseReport(ctx, requester, cases[0].ID, exchange.ReportTakenUp); err != nil {
		t.Fatal(err)
	}
	if cases, _, err = node.Cases(ctx, "", "", 0); err != nil || cases[0].Outcome != exchange.ReportTakenUp || cases[0].Closed.IsZero() {
		t.Errorf("finished as %q, %v", cases[0].Outcome, err)
	}
	_, err = node.CloseReport(ctx, requester, cases[0].ID, exchange.ReportTakenUp)
	refused(t, err, exchange.CaseEnded)
}

// A case that is no report has no outcome of one.
func TestCloseReportOfAnotherCase(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	c := investigated(t, w.members[0])
	_, err := w.members[0].node.CloseReport(t.Context(), requester, c.ID, exchange.ReportTakenUp)
	refused(t, err, exchange.BadTrigger)
}

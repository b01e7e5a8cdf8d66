package server_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
)

// until waits until what a party sees is so.
func (w *world) until(p *party, what string, so func(context.Context) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	for {
		changed := p.node.Changed()
		if so(ctx) {
			return
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("%s: it did not come to this: %s", p.id.Name, what)
		case <-changed:
		}
	}
}

// A case conference through the API of both nodes, from the invitation to the end
// (art. 5.4.3); the harness holds every answer to the contract.
func TestConferenceOverTheAPI(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx := t.Context()
	opened, err := w.college.client.OpenCase(ctx, by(requester), casus())
	if err != nil {
		t.Fatal(err)
	}
	n := api.NewConference{
		Case: opened.ID, Person: 1, Purpose: "conference/investigation", Question: "wie begint", Ends: time.Now().Add(time.Hour),
		Invited: []api.Invited{{Party: "00000099000002002000:probation", Why: "zij houdt toezicht"}},
	}
	if _, err := w.college.client.Organise(ctx, by(requester), n); !errors.Is(err, &api.Problem{Code: string(exchange.StatementMissing)}) {
		t.Errorf("without the client, and no interest: %v", err)
	}
	n.Client = true
	made, err := w.college.client.Organise(ctx, by(requester), n)
	if err != nil || !made.Open || made.Seats != 1 || made.Coming != 0 || made.State != "" {
		t.Fatalf("organised %+v, %v", made, err)
	}
	w.until(w.probation, "it is invited", func(ctx context.Context) bool {
		all, err := w.probation.client.Conferences(ctx, "")
		return err == nil && len(all) == 1 && all[0].State == api.SeatInvited
	})
	if c, err := w.probation.client.AnswerConference(ctx, by(professional), made.ID, true); err != nil || c.State != api.SeatComing {
		t.Fatalf("answered %+v, %v", c, err)
	}
	w.until(w.college, "probation takes part", func(ctx context.Context) bool {
		c, err := w.college.client.ViewConference(ctx, by(requester), made.ID)
		return err == nil && c.Conference.Coming == 1
	})
	said := api.NewContribution{
		Items: []api.SaidItem{{Code: "supervision-running", Depth: api.Process, Value: "tot en met maart"}},
		Steps: []api.NewStep{{Step: "act-allows", Outcome: "yes", Text: "art. 39f Wjsg"}, {Step: "least", Outcome: "yes"}},
	}
	if _, err := w.probation.client.Contribute(ctx, by(professional), made.ID, api.NewContribution{Items: said.Items}); !errors.Is(err, &api.Problem{Code: string(exchange.WeighingOpen)}) {
		t.Errorf("said without weighing: %v", err)
	}
	if c, err := w.probation.client.Contribute(ctx, by(professional), made.ID, said); err != nil || len(c.To) != 1 || c.Items[0].Value != "tot en met maart" {
		t.Fatalf("said %+v, %v", c, err)
	}
	w.until(w.college, "it is heard", func(ctx context.Context) bool {
		c, err := w.college.client.ViewConference(ctx, by(requester), made.ID)
		return err == nil && len(c.Said) == 1 && c.Said[0].Items[0].Value == "tot en met maart" && c.Said[0].By == n.Invited[0].Party
	})
	if _, err := w.college.client.RecordAgreement(ctx, by(requester), made.ID, api.NewAgreement{Who: "gemeente", What: "belt voor januari"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.probation.client.CloseConference(ctx, by(professional), made.ID); !errors.Is(err, &api.Problem{Code: string(exchange.NotOrganiser)}) {
		t.Errorf("closed by a guest: %v", err)
	}
	if c, err := w.college.client.CloseConference(ctx, by(requester), made.ID); err != nil || c.Open {
		t.Fatalf("closed %+v, %v", c, err)
	}
	w.until(w.probation, "it is closed", func(ctx context.Context) bool {
		c, err := w.probation.client.ViewConference(ctx, by(professional), made.ID)
		return err == nil && !c.Conference.Open && len(c.Said) == 0
	})
	left, err := w.college.client.ViewConference(ctx, by(requester), made.ID)
	if err != nil || len(left.Said) != 0 || len(left.Agreements) != 1 || left.Agreements[0].What != "belt voor januari" || left.Case != opened.ID {
		t.Errorf("left %+v, %v", left, err)
	}
	if _, err := w.college.client.EndCoordination(ctx, by(requester), opened.ID, api.NewHandBack{Why: "klaar"}); !errors.Is(err, &api.Problem{Code: string(exchange.NotCoordinated)}) {
		t.Errorf("the end of what is no coordination: %v", err)
	}
}

package server_test

import (
	"errors"
	"strings"
	"testing"

	"sluis/api"
)

// Art. 5.4.2(1): the supplier sets conditions. Without a list those go along that
// the catalogue proposes (art. 5.4.2(3): criminal data asks first); an empty one
// is no condition; and what can't be kept is refused with both by name.
func TestConditions(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx := t.Context()
	decided := func(conditions *[]api.Condition) (string, api.DecisionMade, error) {
		t.Helper()
		asked, err := w.college.client.Ask(ctx, by(requester), w.asked())
		if err != nil {
			t.Fatal(err)
		}
		w.wait(w.probation, asked.ID, api.InWeighing)
		w.weighed(asked.ID)
		d := verdict()
		d.Conditions = conditions
		made, err := w.probation.client.Decide(ctx, by(professional), asked.ID, d)
		return asked.ID, made, err
	}
	read := func(id string) []api.SetCondition {
		t.Helper()
		w.wait(w.college, id, api.Answered)
		c, err := w.college.client.Open(ctx, by(requester), id)
		if err != nil || c.Answer == nil {
			t.Fatalf("%+v, %v", c.Answer, err)
		}
		return c.Answer.Conditions
	}

	id, made, err := decided(nil)
	if err != nil || len(made.Conditions) != 1 || made.Conditions[0].Condition.Kind != api.AskFirst {
		t.Fatalf("without a list: %+v, %v", made.Conditions, err)
	}
	if says := made.Conditions[0].Says; !strings.Contains(says.NL, "reclassering Noord (probation)") || !strings.Contains(says.EN, "after permission of") {
		t.Errorf("it says %+v", says)
	}
	if got := read(id); len(got) != 1 || got[0].Condition.Kind != api.AskFirst {
		t.Errorf("the asker reads %+v", got)
	}

	id, made, err = decided(&[]api.Condition{})
	if err != nil || len(made.Conditions) != 0 || len(read(id)) != 0 {
		t.Errorf("an empty list: %+v, %v", made.Conditions, err)
	}

	id, made, err = decided(&[]api.Condition{{Kind: api.NoOnward}, {Kind: api.OnlyTo, Tasks: []string{"coordination"}}})
	if err != nil || len(made.Told) != 1 || made.Told[0].Code != "rule-idle" || !strings.Contains(made.Told[0].Says.NL, "'Niet verder delen' regelt dit al") {
		t.Errorf("an idle one: %+v, %v", made.Told, err)
	}
	if got := read(id); len(got) != 2 {
		t.Errorf("the asker reads %+v", got)
	}

	_, _, err = decided(&[]api.Condition{{Kind: api.OnlyTo, Domains: []string{"housing"}}, {Kind: api.NotTo, Domains: []string{"housing"}}})
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != "conditions-clash" {
		t.Fatalf("a clash: %v", err)
	}
	named := map[string]string{}
	for _, e := range p.Errors {
		named[e.Field] = e.Message
	}
	if named["condition"] != "not-to" || named["other"] != "only-to" || named["item"] != "supervision-conditions" {
		t.Errorf("a clash of %v", named)
	}
}

// What is proposed is shown to who may decide, while he may.
func TestProposedConditions(t *testing.T) {
	w := newWorld(t)
	w.ready()
	ctx := t.Context()
	asked, err := w.college.client.Ask(ctx, by(requester), w.asked())
	if err != nil {
		t.Fatal(err)
	}
	w.wait(w.probation, asked.ID, api.InWeighing)
	open, err := w.probation.client.Open(ctx, by(professional), asked.ID)
	if err != nil || open.Weighing == nil || len(open.Weighing.Proposed) != 1 || open.Weighing.Proposed[0].Condition.Kind != api.AskFirst {
		t.Fatalf("proposed %+v, %v", open.Weighing, err)
	}
	w.weighed(asked.ID)
	if _, err := w.probation.client.Decide(ctx, by(professional), asked.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	open, err = w.probation.client.Open(ctx, by(professional), asked.ID)
	if err != nil || open.Weighing == nil || len(open.Weighing.Proposed) != 0 {
		t.Errorf("after the decision %+v, %v", open.Weighing, err)
	}
}

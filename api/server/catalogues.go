package server

import (
	"context"
	"slices"

	"sluis/api"
	"sluis/exchange"
)

// The catalogues are those of the law in force: what a register brought, or the
// program's own.

// ListPurposes lists the purposes.
func (a *API) ListPurposes(context.Context, ListPurposesRequestObject) (ListPurposesResponseObject, error) {
	law := a.node.Law()
	return ListPurposes200JSONResponse{Purposes: each(slices.Collect(law.Purposes()), func(p exchange.Purpose) api.Purpose { return purposeOf(law, p) })}, nil
}

// ListItems lists the data items.
func (a *API) ListItems(context.Context, ListItemsRequestObject) (ListItemsResponseObject, error) {
	return ListItems200JSONResponse{Items: each(slices.Collect(a.node.Law().Items()), itemOf)}, nil
}

// ListGrounds lists the grounds for withholding.
func (a *API) ListGrounds(context.Context, ListGroundsRequestObject) (ListGroundsResponseObject, error) {
	return ListGrounds200JSONResponse{Grounds: each(slices.Collect(a.node.Law().Grounds()), groundOf)}, nil
}

// ListTriggers lists what a case can begin with.
func (a *API) ListTriggers(context.Context, ListTriggersRequestObject) (ListTriggersResponseObject, error) {
	return ListTriggers200JSONResponse{Triggers: each(slices.Collect(a.node.Law().Triggers()), func(t exchange.TriggerRule) api.TriggerRule {
		return api.TriggerRule{
			Code: string(t.Code), Article: t.Article, Name: sentence(t.Name), Explain: sentence(t.Explain),
			Tasks: each(t.Tasks, plain[string, exchange.TaskCode]), All: each(t.All, plain[string, exchange.StatementCode]),
			Any: each(t.Any, plain[string, exchange.StatementCode]), From: t.From, Scope: t.Scope,
		}
	})}, nil
}

// ListStatements lists what can be asked to be stated.
func (a *API) ListStatements(context.Context, ListStatementsRequestObject) (ListStatementsResponseObject, error) {
	return ListStatements200JSONResponse{Statements: each(slices.Collect(a.node.Law().Statements()), func(s exchange.StatementRule) api.StatementRule {
		return api.StatementRule{
			Code: string(s.Code), Article: s.Article, Ask: sentence(s.Ask),
			Choices: each(s.Choices, func(c exchange.Choice) api.Choice { return api.Choice{Code: string(c.Code), Name: sentence(c.Name)} }),
		}
	})}, nil
}

// ListWeighings lists how professionals weigh.
func (a *API) ListWeighings(context.Context, ListWeighingsRequestObject) (ListWeighingsResponseObject, error) {
	return ListWeighings200JSONResponse{Weighings: each(slices.Collect(a.node.Law().Weighings()), func(w exchange.WeighingRule) api.WeighingRule {
		return api.WeighingRule{
			Code: string(w.Code), Article: w.Article, Name: sentence(w.Name), Explain: sentence(w.Explain), Duty: w.Duty, Steps: each(w.Steps, stepRuleOf),
			Grounds: each(w.Grounds, plain[string, exchange.GroundCode]),
		}
	})}, nil
}

// ListConditions lists the kinds of condition on further use.
func (a *API) ListConditions(context.Context, ListConditionsRequestObject) (ListConditionsResponseObject, error) {
	law := a.node.Law()
	return ListConditions200JSONResponse{Conditions: each(slices.Collect(law.Conditions()), func(r exchange.ConditionRule) api.ConditionRule {
		return api.ConditionRule{
			Kind: conditionOf(r.Code), Article: r.Article, Name: sentence(r.Name), Explain: sentence(r.Explain),
			Defaults: each(slices.Collect(law.Defaults(r.Code)), func(d exchange.DefaultRule) api.ConditionDefault {
				return api.ConditionDefault{
					Regimes: each(d.Regimes, regimeOf), Categories: each(d.Categories, categoryOf), Article: d.Article, Why: sentence(d.Why),
				}
			}),
		}
	})}, nil
}

func stepRuleOf(s exchange.StepRule) api.StepRule {
	return api.StepRule{
		Code: string(s.Code), Article: s.Article, Ask: sentence(s.Ask), Explain: sentence(s.Explain), Route: string(s.Route),
		Outcomes: each(s.Outcomes, func(o exchange.StepOutcome) api.StepOutcome {
			return api.StepOutcome{
				Code: string(o.Code), Name: sentence(o.Name), Route: string(o.Route), Stops: o.Stops, Text: o.Text, Day: o.Day, With: o.With,
			}
		}),
	}
}

func sentence(s exchange.Sentence) api.Sentence { return api.Sentence{NL: s.NL, EN: s.EN} }

func purposeOf(law *exchange.Law, p exchange.Purpose) api.Purpose {
	n := api.Purpose{
		Code: string(p.Code), Article: p.Article, Phase: string(p.Phase), Name: sentence(p.Name), Explain: sentence(p.Explain),
		Ways: each(p.Ways, wayOf), DeadlineDays: p.Deadline.Days, DeadlineFrom: "verzoek", ManyParties: p.ManyParties,
		Retention: api.Retention{
			Article: p.Retention.Article, AtLeast: p.Retention.AtLeast, AtMost: p.Retention.AtMost,
			From: each(p.Retention.From, func(s exchange.Start) string { return string(s.Moment) }),
		},
		Needs: each(p.Needs, func(m exchange.Need) api.Need {
			return api.Need{
				Statement: string(m.Statement), Or: string(m.Or), Category: categoryOf(m.Category), Background: m.Background, DomainKind: string(m.Kind),
			}
		}),
		Weighings: []api.RegimeWeighing{}, NotFor: []api.Sentence{},
	}
	if p.Deadline.From == exchange.FromTrigger {
		n.DeadlineFrom = "aanleiding"
	}
	for _, r := range exchange.Regimes {
		if rule, ok := p.Under(r); ok {
			n.Weighings = append(n.Weighings, api.RegimeWeighing{
				Regime: regimeOf(r), Weighing: string(rule.Weighing), Categories: each(rule.Categories, categoryOf),
			})
		}
	}
	for _, code := range p.NotFor {
		if u, ok := law.Use(code); ok {
			n.NotFor = append(n.NotFor, sentence(u.Name))
		}
	}
	return n
}

func wayOf(w exchange.Way) api.Way {
	return api.Way{
		Askers: each(w.Askers, plain[string, exchange.TaskCode]), Asked: each(w.Asked, plain[string, exchange.DomainCode]),
		Triggers: each(w.Triggers, plain[string, exchange.TriggerCode]), Involvement: each(w.Involvement, involvementOf), FamilyAgrees: w.FamilyAgrees,
		HeldBy: each(w.HeldBy, plain[string, exchange.TaskCode]), Own: w.Own, BeyondScope: w.BeyondScope,
	}
}

func itemOf(i exchange.Item) api.Item {
	item := api.Item{
		Code: string(i.Code), Domain: string(i.Domain), Category: categoryOf(i.Category), Background: i.Background, Name: sentence(i.Name),
		Explain: sentence(i.Explain), Depths: []api.DepthNote{},
	}
	for _, d := range exchange.Depths {
		if tells, ok := i.Depths[d]; ok {
			item.Depths = append(item.Depths, api.DepthNote{Depth: depthOf(d), Tells: sentence(tells)})
		}
	}
	return item
}

func groundOf(g exchange.Ground) api.Ground {
	return api.Ground{
		Code: string(g.Code), Article: g.Article, Regimes: each(g.Regimes, regimeOf), Name: sentence(g.Name),
		Weighings: each(g.Weighings, plain[string, exchange.WeighingCode]),
	}
}

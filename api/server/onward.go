package server

import (
	"context"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
)

// PassOn passes items on to another party.
func (a *API) PassOn(ctx context.Context, r PassOnRequestObject) (PassOnResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	p, err := passingOf(*r.Body)
	if err != nil {
		return nil, err
	}
	passing, err := a.node.PassOn(ctx, by, id, p)
	return PassOn201JSONResponse{Body: api.PassedOn{ID: string(passing)}, Headers: PassOn201ResponseHeaders{Location: locationOf(id)}}, err
}

// JudgePassing tells per item whether it may be passed on.
func (a *API) JudgePassing(ctx context.Context, r JudgePassingRequestObject) (JudgePassingResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	p, err := passingOf(*r.Body)
	if err != nil {
		return nil, err
	}
	all, err := a.node.JudgePassing(ctx, by, id, p)
	return JudgePassing200JSONResponse{Judgements: each(all, judgementFrom)}, err
}

// AskPermission asks everybody in the chain whose permission is needed.
func (a *API) AskPermission(ctx context.Context, r AskPermissionRequestObject) (AskPermissionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	p, err := passingOf(api.NewPassing{To: r.Body.To, Purpose: r.Body.Purpose, Items: r.Body.Items, Why: r.Body.Why})
	if err != nil {
		return nil, err
	}
	asked, err := a.node.AskPermissions(ctx, by, id, p)
	return AskPermission201JSONResponse{
		Body: api.AskedPermissions{IDs: each(asked, plain[string, exchange.ID])}, Headers: AskPermission201ResponseHeaders{Location: locationOf(id)},
	}, err
}

// DecidePermission decides on a request for permission.
func (a *API) DecidePermission(ctx context.Context, r DecidePermissionRequestObject) (DecidePermissionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	permission, err := exchange.ParseID(r.PermissionID)
	if err != nil {
		return nil, err
	}
	until, err := dayOf(r.Body.Until, "/tot")
	if err != nil {
		return nil, err
	}
	terms := exchange.PermissionTerms{Uses: r.Body.Uses}
	if !until.IsZero() {
		terms.Until = until.Add(24 * time.Hour) // the day itself still counts
	}
	x, err := a.node.DecidePermission(ctx, by, id, permission, r.Body.Granted, terms, typed(r.Body.Tell))
	if err != nil {
		return nil, err
	}
	return DecidePermission201JSONResponse{Body: stateOf(x), Headers: DecidePermission201ResponseHeaders{Location: locationOf(id)}}, nil
}

// WithdrawPermission takes a permission back.
func (a *API) WithdrawPermission(ctx context.Context, r WithdrawPermissionRequestObject) (WithdrawPermissionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	permission, err := exchange.ParseID(r.PermissionID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.WithdrawPermission(ctx, by, id, permission)
	if err != nil {
		return nil, err
	}
	return WithdrawPermission201JSONResponse{Body: stateOf(x), Headers: WithdrawPermission201ResponseHeaders{Location: locationOf(id)}}, nil
}

// Correct corrects what was supplied, wherever it is.
func (a *API) Correct(ctx context.Context, r CorrectRequestObject) (CorrectResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	c := exchange.Correction{Kind: exchange.CorrectionKind(r.Body.Kind.Code()), Why: typed(r.Body.Why)}
	for _, i := range r.Body.Items {
		c.Items = append(c.Items, exchange.CorrectedItem{Item: exchange.ItemCode(i.Code), Depth: exchange.Depth(i.Depth.Code()), Value: typed(i.Value)})
	}
	x, err := a.node.Correct(ctx, by, id, c)
	if err != nil {
		return nil, err
	}
	return Correct201JSONResponse{Body: stateOf(x), Headers: Correct201ResponseHeaders{Location: locationOf(id)}}, nil
}

// TraceItem tells where an item came from and where it went.
func (a *API) TraceItem(ctx context.Context, r TraceItemRequestObject) (TraceItemResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Open(ctx, by, id)
	if err != nil {
		return nil, err
	}
	steps, err := x.Trace(exchange.ItemCode(r.ItemCode))
	return TraceItem200JSONResponse{Item: r.ItemCode, Steps: each(steps, func(s exchange.TraceStep) api.PathStep {
		state, _ := api.PassingStateOf(string(s.State))
		return api.PathStep{
			From: s.From.String(), To: s.To.String(), Purpose: string(s.Purpose), At: moment(s.At), Conditions: each(s.Conditions, conditionFrom), State: state,
			Breach: s.Breach,
		}
	})}, err
}

func passingOf(n api.NewPassing) (p peer.PassingAsking, err error) {
	p = peer.PassingAsking{
		Purpose: exchange.PurposeCode(n.Purpose), Items: each(n.Items, plain[exchange.ItemCode, string]), Why: typed(n.Why),
	}
	if p.To, err = exchange.ParsePartyID(n.To); err != nil {
		return p, err
	}
	if p.Told, err = dayOf(n.Told, "/clientWeetSinds"); err != nil {
		return p, err
	}
	p.Conditions, err = conditionsOf(n.Conditions)
	return p, err
}

func judgementFrom(j exchange.ItemJudgement) api.Judgement {
	word := func(v exchange.Verdict) api.Verdict { w, _ := api.VerdictOf(string(v)); return w }
	return api.Judgement{Item: string(j.Item), Verdict: word(j.Verdict), Because: each(j.Because, func(o exchange.Objection) api.Objection {
		return api.Objection{By: o.By.String(), Condition: conditionFrom(o.Condition), Verdict: word(o.Verdict)}
	})}
}

// onwardInto writes out what went on with the data after the answer.
func onwardInto(c *api.Content, x exchange.Exchange) {
	if x.PassedOn() {
		c.Source = x.Source().String()
	}
	for _, p := range x.Passings {
		state, _ := api.PassingStateOf(string(p.State))
		c.Passings = append(c.Passings, api.Passing{
			ID: string(p.ID), From: p.From.String(), To: p.To.String(), Purpose: string(p.Purpose), Items: each(p.Items, plain[string, exchange.ItemCode]),
			Why: p.Why.Reveal(), Told: dayFrom(p.Told), Conditions: each(p.Conditions, conditionFrom), At: moment(p.At), By: string(p.By), State: state,
			Code: p.Code, Breach: p.Breach,
		})
	}
	for _, r := range x.Permissions {
		state, _ := api.PermissionStateOf(string(r.State))
		permission := api.Permission{
			ID: string(r.ID), Of: r.Of.String(), Holder: r.Holder.String(), Recipient: r.Recipient.String(), Purpose: string(r.Purpose),
			Items: each(r.Items, plain[string, exchange.ItemCode]), Why: r.Why.Reveal(), Asked: moment(r.Asked), State: state, Tell: r.Tell.Reveal(),
			Uses: r.Granted.Uses, Used: r.Granted.Used,
		}
		if !r.Granted.Until.IsZero() {
			permission.Until = dayFrom(r.Granted.Until.Add(-time.Second))
		}
		c.Permissions = append(c.Permissions, permission)
	}
	for _, n := range x.Corrections {
		kind, _ := api.CorrectionOf(string(n.Kind))
		correction := api.Correction{Kind: kind, Why: n.Why.Reveal(), At: moment(n.At)}
		for _, i := range n.Items {
			correction.Items = append(correction.Items, string(i.Item))
		}
		for _, to := range n.To {
			state, _ := api.PassingStateOf(string(to.State))
			correction.To = append(correction.To, api.CorrectedAt{Party: to.Party.String(), State: state})
		}
		c.Corrections = append(c.Corrections, correction)
	}
}

func markOf(m exchange.Mark) api.Mark { w, _ := api.MarkOf(string(m)); return w }

package server

import (
	"context"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
)

// Weigh records a step of a weighing.
func (a *API) Weigh(ctx context.Context, r WeighRequestObject) (WeighResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	day, err := dayOf(r.Body.Day, "/dag")
	if err != nil {
		return nil, err
	}
	x, err := a.node.Weigh(ctx, by, id, exchange.Step{
		Code: exchange.StepCode(r.Body.Step), Outcome: exchange.OutcomeCode(r.Body.Outcome), Text: typed(r.Body.Text), Day: day,
		With: exchange.ActorID(r.Body.With),
	})
	if err != nil {
		return nil, err
	}
	return Weigh201JSONResponse{Body: stateOf(x), Headers: Weigh201ResponseHeaders{Location: locationOf(id)}}, nil
}

// Question asks the asker for clarification.
func (a *API) Question(ctx context.Context, r QuestionRequestObject) (QuestionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Question(ctx, by, id, typed(r.Body.Text))
	if err != nil {
		return nil, err
	}
	return Question201JSONResponse{Body: stateOf(x), Headers: Question201ResponseHeaders{Location: locationOf(id)}}, nil
}

// Reply answers a question of the other party.
func (a *API) Reply(ctx context.Context, r ReplyRequestObject) (ReplyResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Reply(ctx, by, id, typed(r.Body.Text))
	if err != nil {
		return nil, err
	}
	return Reply201JSONResponse{Body: stateOf(x), Headers: Reply201ResponseHeaders{Location: locationOf(id)}}, nil
}

// Assign gives a request to a professional.
func (a *API) Assign(ctx context.Context, r AssignRequestObject) (AssignResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	to, err := exchange.ParseActorID(r.Body.To)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Assign(ctx, by, id, to, typed(r.Body.Why))
	if err != nil {
		return nil, err
	}
	return Assign201JSONResponse{Body: stateOf(x), Headers: Assign201ResponseHeaders{Location: locationOf(id)}}, nil
}

// Confirm lets a proposed decision leave.
func (a *API) Confirm(ctx context.Context, r ConfirmRequestObject) (ConfirmResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Confirm(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return Confirm201JSONResponse{Body: stateOf(x), Headers: Confirm201ResponseHeaders{Location: locationOf(id)}}, nil
}

// ReturnDecision gives a proposed decision back.
func (a *API) ReturnDecision(ctx context.Context, r ReturnDecisionRequestObject) (ReturnDecisionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Return(ctx, by, id, typed(r.Body.Why))
	if err != nil {
		return nil, err
	}
	return ReturnDecision201JSONResponse{Body: stateOf(x), Headers: ReturnDecision201ResponseHeaders{Location: locationOf(id)}}, nil
}

// AskAdvice asks the privacy officer about a request.
func (a *API) AskAdvice(ctx context.Context, r AskAdviceRequestObject) (AskAdviceResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.AskAdvice(ctx, by, id, typed(r.Body.Question))
	if err != nil {
		return nil, err
	}
	return AskAdvice201JSONResponse{Body: stateOf(x), Headers: AskAdvice201ResponseHeaders{Location: locationOf(id)}}, nil
}

// Advise records what the privacy officer says.
func (a *API) Advise(ctx context.Context, r AdviseRequestObject) (AdviseResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Advise(ctx, by, id, typed(r.Body.Text))
	if err != nil {
		return nil, err
	}
	return Advise201JSONResponse{Body: stateOf(x), Headers: Advise201ResponseHeaders{Location: locationOf(id)}}, nil
}

// weighingOf is how a request is weighed by who looks, and how far it is.
func (a *API) weighingOf(ctx context.Context, by peer.Who, x exchange.Exchange) *api.WeighingState {
	state := &api.WeighingState{
		Taken: each(x.Weighing, stepFrom), Open: []string{}, Assigned: string(x.Assignment.To), AssignedWhy: x.Assignment.Why.Reveal(),
		Returned: x.Returned.Reveal(), Proposed: []api.SetCondition{}, Advice: each(x.Advice, adviceFrom),
	}
	rule, err := a.node.WeighingOf(ctx, by, x)
	if err != nil {
		return state // who may look does not always decide
	}
	state.Weighing = string(rule.Code)
	for _, s := range rule.Open(x.Weighing) {
		state.Open = append(state.Open, string(s.Code))
	}
	if proposed, err := a.node.Proposed(ctx, by, x); err == nil { // else it is decided, or another's to decide
		state.Proposed = a.conditionsFrom(proposed, x.Request.To)
	}
	return state
}

func stepFrom(s exchange.Step) api.Step {
	return api.Step{
		Step: string(s.Code), Outcome: string(s.Outcome), Text: s.Text.Reveal(), Day: dayFrom(s.Day), With: string(s.With), By: string(s.By),
		At: moment(s.At),
	}
}

func adviceFrom(v exchange.Advice) api.Advice {
	out := api.Advice{Question: v.Question.Reveal(), AskedBy: string(v.AskedBy), Text: v.Text.Reveal(), By: string(v.By)}
	if !v.Asked.IsZero() {
		out.Asked = moment(v.Asked)
	}
	if !v.Open() {
		out.At = moment(v.At)
	}
	return out
}

func clarificationOf(c exchange.Clarification) api.Clarification {
	n := api.Clarification{
		Question: c.Question.Reveal(), Asked: moment(c.Asked), By: string(c.By), Reply: c.Reply.Reveal(), ReplyBy: string(c.ReplyBy), Failed: c.Failed,
	}
	if !c.Replied.IsZero() {
		n.Replied = moment(c.Replied)
	}
	return n
}

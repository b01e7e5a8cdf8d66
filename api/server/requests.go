package server

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/peer"
)

const maxPage = 100

// pageSize is the size of a page where the client may leave it open.
func pageSize(limit int) int {
	if limit == 0 {
		return maxPage
	}
	return limit
}

// ListRequests lists requests without anything personal.
func (a *API) ListRequests(ctx context.Context, r ListRequestsRequestObject) (ListRequestsResponseObject, error) {
	q := r.Params
	if !peer.IsCursor(q.Cursor) {
		return nil, badInput("cursor", "not one of ours")
	}
	if q.Case != "" {
		if _, err := exchange.ParseID(q.Case); err != nil {
			return nil, err
		}
	}
	f := peer.Filter{
		Side: exchange.Side(q.Side.Code()), Phase: exchange.Phase(q.Phase.Code()), Case: exchange.ID(q.Case), Hat: exchange.CapacityCode(q.Hat),
		Broad: q.Broad, Asked: q.Asked, After: q.Cursor, Limit: pageSize(q.Limit),
	}
	page, next, err := a.node.List(ctx, f)
	if err != nil {
		return nil, err
	}
	return ListRequests200JSONResponse{Requests: each(page, summary), Next: next}, nil
}

// Ask makes a request.
func (a *API) Ask(ctx context.Context, r AskRequestObject) (AskResponseObject, error) {
	by, asking, err := askingOf(r.Params.Actor, r.Params.Hat, *r.Body)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Ask(ctx, by, asking)
	if err != nil {
		return nil, err
	}
	return Ask201JSONResponse{Body: stateOf(x), Headers: Ask201ResponseHeaders{Location: locationOf(x.ID)}}, nil
}

// GetRequest tells how a request stands.
func (a *API) GetRequest(ctx context.Context, r GetRequestRequestObject) (GetRequestResponseObject, error) {
	id, err := exchange.ParseID(r.ID)
	if err != nil {
		return nil, err
	}
	s, err := a.node.Status(ctx, id, exchange.CapacityCode(r.Params.Hat))
	if err != nil {
		return nil, err
	}
	return GetRequest200JSONResponse(summary(s)), nil
}

// OpenRequest returns everything of a request; the node records the view.
func (a *API) OpenRequest(ctx context.Context, r OpenRequestRequestObject) (OpenRequestResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Open(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return OpenRequest200JSONResponse(a.contentOf(ctx, by, x)), nil
}

// Withdraw takes a request back.
func (a *API) Withdraw(ctx context.Context, r WithdrawRequestObject) (WithdrawResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	x, err := a.node.Withdraw(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return Withdraw201JSONResponse{Body: stateOf(x), Headers: Withdraw201ResponseHeaders{Location: locationOf(id)}}, nil
}

// Decide records a decision.
func (a *API) Decide(ctx context.Context, r DecideRequestObject) (DecideResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	decision, err := decisionOf(*r.Body)
	if err != nil {
		return nil, err
	}
	decide := a.node.Decide
	if r.Body.Conditions == nil {
		decide = a.node.DecideAsProposed
	}
	x, err := decide(ctx, by, id, decision)
	if err != nil {
		return nil, err
	}
	made := api.DecisionMade{Request: stateOf(x), Conditions: a.conditionsFrom(x.Decision.Conditions, x.Request.To), Told: a.told(x.Decision)}
	return Decide201JSONResponse{Body: made, Headers: Decide201ResponseHeaders{Location: locationOf(id)}}, nil
}

// ListMessages lists the messages of a request.
func (a *API) ListMessages(ctx context.Context, r ListMessagesRequestObject) (ListMessagesResponseObject, error) {
	id, err := exchange.ParseID(r.ID)
	if err != nil {
		return nil, err
	}
	notes, err := a.node.Messages(ctx, id, exchange.CapacityCode(r.Params.Hat))
	if err != nil {
		return nil, err
	}
	return ListMessages200JSONResponse{Messages: each(notes, messageOf)}, nil
}

// who reads who acts, and on which request or case.
func who(actor, hat, subject string) (peer.Who, exchange.ID, error) {
	by, err := exchange.ParseActorID(actor)
	if err != nil {
		return peer.Who{}, "", err
	}
	id, err := exchange.ParseID(subject)
	return peer.Who{ID: by, Hat: exchange.CapacityCode(hat)}, id, err
}

func locationOf(id exchange.ID) string { return base + "/verzoeken/" + string(id) }

func summary(s peer.Summary) api.Request {
	return api.Request{
		ID: string(s.ID), Case: string(s.Case), Side: sideOf(s.Side), Phase: phaseOf(s.Phase), From: s.From.String(), To: s.To.String(),
		Purpose: string(s.Purpose), Items: s.Items, Due: moment(s.Due), Changed: moment(s.Changed), Rejected: s.Rejected,
		Paused: s.Paused, Late: s.Late, Broad: s.Broad, Assigned: string(s.Assigned), PassedOn: s.PassedOn, Asked: s.Asked, Breach: s.Breach,
	}
}

func stateOf(x exchange.Exchange) api.Request { return summary(peer.SummaryOf(x)) }

func messageOf(n peer.MessageNote) api.Message {
	kind, _ := api.MessageKindOf(string(n.Kind))
	m := api.Message{Digest: ledger.Digest(n.Digest).String(), Kind: kind, Direction: api.Received, With: n.With.String(), Entry: n.Entry}
	if n.Sent {
		m.Direction = api.Sent
	}
	if n.Partner != nil {
		// The node keeps no receipt that it has not verified.
		m.Receipt = &api.Receipt{Entry: n.Partner.Entry, Size: n.Partner.Size, Verified: true}
	}
	return m
}

// askingOf reads a new request. What the contract leaves open is judged in
// package exchange.
func askingOf(actor, hat string, n api.NewRequest) (peer.Who, peer.Asking, error) {
	if hat == "" {
		hat = n.Capacity
	}
	by, id, err := who(actor, hat, n.Case)
	if err != nil {
		return by, peer.Asking{}, err
	}
	to, err := exchange.ParsePartyID(n.To)
	if err != nil {
		return by, peer.Asking{}, err
	}
	r := exchange.Request{
		Case: id, From: exchange.PartyID{Capacity: exchange.CapacityCode(n.Capacity)}, To: to, Purpose: exchange.PurposeCode(n.Purpose),
		Specific: typed(n.Specific), ShareWith: each(n.ShareWith, plain[exchange.DomainCode, string]),
		Statements:  statementsOf(n.Statements),
		Involvement: exchange.Involvement{State: exchange.InvolvementState(n.Involvement.State.Code()), Why: typed(n.Involvement.Why)},
		Contact:     typed(n.Contact), Due: n.Due,
	}
	if n.Conference != "" {
		if r.Conference, err = exchange.ParseID(n.Conference); err != nil {
			return by, peer.Asking{}, err
		}
	}
	if c := n.Consent; c != nil {
		r.Consent.State = exchange.ConsentState(c.State.Code())
		if r.Consent.On, err = dayOf(c.On, "/toestemming/op"); err != nil {
			return by, peer.Asking{}, err
		}
	}
	for _, i := range n.Items {
		r.Items = append(r.Items, exchange.AskedItem{
			Item: exchange.ItemCode(i.Code), Depth: exchange.Depth(i.Depth.Code()), Why: typed(i.Why), Statements: statementsOf(i.Statements),
		})
	}
	return by, peer.Asking{Request: r, Person: n.Person, Broad: typed(n.Broad)}, nil
}

func statementsOf(all []api.Statement) []exchange.Statement {
	var list []exchange.Statement
	for _, s := range all {
		list = append(list, exchange.Statement{Code: exchange.StatementCode(s.Code), Text: typed(s.Text)})
	}
	return list
}

func statementsFrom(all []exchange.Statement) []api.Statement {
	var list []api.Statement
	for _, s := range all {
		list = append(list, api.Statement{Code: string(s.Code), Text: s.Text.Reveal()})
	}
	return list
}

// dayOf reads a day, which may be left out.
func dayOf(text, place string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, badInput(place, "format")
	}
	return day, nil
}

func dayFrom(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func decisionOf(n api.NewDecision) (exchange.Decision, error) {
	d := exchange.Decision{Note: typed(n.Note)}
	for _, i := range n.Items {
		d.Items = append(d.Items, exchange.ItemDecision{
			Item: exchange.ItemCode(i.Code), Outcome: exchange.Outcome(i.Outcome.Code()), Depth: exchange.Depth(i.Depth.Code()),
			Value: typed(i.Value), Ground: exchange.GroundCode(i.Ground), Reason: typed(i.Reason), Tell: typed(i.Tell),
		})
	}
	if n.Conditions != nil {
		var err error
		if d.Conditions, err = conditionsOf(*n.Conditions); err != nil {
			return exchange.Decision{}, err
		}
	}
	return d, nil
}

// contentOf writes out everything of an exchange: this and what it calls is
// where the API shows what is personal.
func (a *API) contentOf(ctx context.Context, by peer.Who, x exchange.Exchange) api.Content {
	r := x.Request
	c := api.Content{
		Request: stateOf(x), Specific: r.Specific.Reveal(), Statements: statementsFrom(r.Statements), Broad: x.Broad.Reveal(),
		Trigger: api.Trigger{Code: string(r.Trigger.Code), On: dayFrom(r.Trigger.On)},
		About: api.Person{
			Standing: standingOf(r.Subject.Standing), BSN: r.Subject.BSN.Reveal(), Name: r.Subject.Name.Reveal(), Born: r.Subject.Born.Reveal(), Address: r.Subject.Address.Reveal(),
		},
		Items: each(r.Items, func(i exchange.AskedItem) api.AskedItem {
			return api.AskedItem{Code: string(i.Item), Depth: depthOf(i.Depth), Why: i.Why.Reveal(), Statements: statementsFrom(i.Statements)}
		}),
		ShareWith:   each(r.ShareWith, plain[string, exchange.DomainCode]),
		Involvement: api.Involvement{State: involvementOf(r.Involvement.State), Why: r.Involvement.Why.Reveal()},
		Contact:     r.Contact.Reveal(), Clarifications: each(x.Clarifications, clarificationOf),
	}
	if r.Consent.State != "" {
		c.Consent = &api.Consent{State: consentOf(r.Consent.State), On: dayFrom(r.Consent.On)}
	}
	if x.Side == exchange.Supplier {
		c.Weighing = a.weighingOf(ctx, by, x)
	}
	if d := x.Decision; !d.At.IsZero() {
		c.Decision = &api.Decision{
			By: string(d.By), Second: string(d.Second), At: moment(d.At), Conditions: a.conditionsFrom(d.Conditions, r.To), Note: d.Note.Reveal(),
			Items: each(d.Items, func(i exchange.ItemDecision) api.DecidedItem {
				return api.DecidedItem{
					Code: string(i.Item), Outcome: outcomeOf(i.Outcome), Depth: depthOf(i.Depth), Value: i.Value.Reveal(),
					Ground: string(i.Ground), Reason: i.Reason.Reveal(), Tell: i.Tell.Reveal(),
				}
			}),
		}
	}
	if w := x.Answer; !w.At.IsZero() {
		c.Answer = &api.Answer{
			At: moment(w.At), Conditions: a.layersFrom(x),
			Items: each(asAsked(r, w.Items), func(i exchange.AnsweredItem) api.AnsweredItem {
				return api.AnsweredItem{
					Code: string(i.Item), Outcome: outcomeOf(i.Outcome), Depth: depthOf(i.Depth), Value: i.Value.Reveal(), Tell: i.Tell.Reveal(),
					Mark: markOf(i.Mark),
				}
			}),
		}
	}
	onwardInto(&c, x)
	return c
}

// layersFrom writes out what everybody wants from whom something came: of what we
// asked for one party, of what was passed on to us everybody on the way.
func (a *API) layersFrom(x exchange.Exchange) []api.SetCondition {
	all := []api.SetCondition{}
	for _, l := range x.Layers() {
		all = append(all, a.conditionsFrom(l.Conditions, l.By)...)
	}
	return all
}

// asAsked puts answered items in the order in which they were asked. They
// travel in another, that tells nothing.
func asAsked(r exchange.Request, items []exchange.AnsweredItem) []exchange.AnsweredItem {
	rank := func(code exchange.ItemCode) int {
		return slices.IndexFunc(r.Items, func(a exchange.AskedItem) bool { return a.Item == code })
	}
	return slices.SortedStableFunc(slices.Values(items), func(a, b exchange.AnsweredItem) int {
		return cmp.Compare(rank(a.Item), rank(b.Item))
	})
}

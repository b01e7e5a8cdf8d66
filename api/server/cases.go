package server

import (
	"context"
	"strconv"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
)

// OpenCase begins a case.
func (a *API) OpenCase(ctx context.Context, r OpenCaseRequestObject) (OpenCaseResponseObject, error) {
	by, err := exchange.ParseActorID(r.Params.Actor)
	if err != nil {
		return nil, err
	}
	c, err := caseOf(*r.Body)
	if err != nil {
		return nil, err
	}
	c, err = a.node.OpenCase(ctx, peer.Who{ID: by, Hat: exchange.CapacityCode(r.Params.Hat)}, c)
	if err != nil {
		return nil, err
	}
	return OpenCase201JSONResponse{Body: caseFrom(c), Headers: OpenCase201ResponseHeaders{Location: caseLocation(c.ID)}}, nil
}

// ListCases lists cases without anything personal.
func (a *API) ListCases(ctx context.Context, r ListCasesRequestObject) (ListCasesResponseObject, error) {
	if !peer.IsCursor(r.Params.Cursor) {
		return nil, badInput("cursor", "not one of ours")
	}
	page, next, err := a.node.Cases(ctx, exchange.CapacityCode(r.Params.Hat), r.Params.Cursor, pageSize(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	return ListCases200JSONResponse{Cases: each(page, caseSummary), Next: next}, nil
}

// ViewCase returns everything of a case; the node records the view.
func (a *API) ViewCase(ctx context.Context, r ViewCaseRequestObject) (ViewCaseResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	c, err := a.node.ViewCase(ctx, by, id)
	if err != nil {
		return nil, err
	}
	t := api.Trigger{
		Code: string(c.Trigger.Code), On: dayFrom(c.Trigger.On), Statements: statementsFrom(c.Trigger.Statements),
		Scope: each(c.Trigger.Scope, plain[string, exchange.DomainCode]),
	}
	if c.Trigger.From != (exchange.PartyID{}) {
		t.From = c.Trigger.From.String()
	}
	content := api.CaseContent{Case: caseFrom(c), Trigger: t, By: string(c.By), People: []api.CasePerson{}}
	for i, p := range c.People {
		content.People = append(content.People, api.CasePerson{
			Number: i + 1, Standing: standingOf(p.Standing), BSN: p.BSN.Reveal(), Name: p.Name.Reveal(), Born: p.Born.Reveal(),
			Address: p.Address.Reveal(), Agreed: dayFrom(p.Agreed),
		})
	}
	return ViewCase200JSONResponse(content), nil
}

// Admit adds somebody to a case, or records that a family member agreed.
func (a *API) Admit(ctx context.Context, r AdmitRequestObject) (AdmitResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	p, err := personOf(*r.Body, "")
	if err != nil {
		return nil, err
	}
	c, err := a.node.Admit(ctx, by, id, p)
	if err != nil {
		return nil, err
	}
	return Admit201JSONResponse{Body: caseFrom(c), Headers: Admit201ResponseHeaders{Location: caseLocation(id)}}, nil
}

// CloseCase ends a case.
func (a *API) CloseCase(ctx context.Context, r CloseCaseRequestObject) (CloseCaseResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	c, err := a.node.CloseCase(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return CloseCase201JSONResponse{Body: caseFrom(c), Headers: CloseCase201ResponseHeaders{Location: caseLocation(id)}}, nil
}

func caseLocation(id exchange.ID) string { return base + "/casussen/" + string(id) + "/inhoud" }

// caseOf reads a new case.
func caseOf(n api.NewCase) (exchange.Case, error) {
	c := exchange.Case{Trigger: exchange.Trigger{
		Code: exchange.TriggerCode(n.Trigger.Code), Statements: statementsOf(n.Trigger.Statements),
		Scope: each(n.Trigger.Scope, plain[exchange.DomainCode, string]),
	}}
	var err error
	if c.Trigger.On, err = dayOf(n.Trigger.On, "/aanleiding/op"); err != nil {
		return exchange.Case{}, err
	}
	if n.Trigger.From != "" {
		if c.Trigger.From, err = exchange.ParsePartyID(n.Trigger.From); err != nil {
			return exchange.Case{}, err
		}
	}
	for i, p := range n.People {
		person, err := personOf(p, "/personen/"+strconv.Itoa(i))
		if err != nil {
			return exchange.Case{}, err
		}
		c.People = append(c.People, person)
	}
	return c, nil
}

// personOf reads somebody of a case; place is where he stands in the document.
// His number is what the node gives, so that nobody can think he chose it.
func personOf(n api.CasePerson, place string) (exchange.Person, error) {
	if n.Number != 0 {
		return exchange.Person{}, badInput(place+"/nummer", "only in answers")
	}
	p := exchange.Person{
		Standing: exchange.Standing(n.Standing.Code()), Name: typed(n.Name), Born: typed(n.Born), Address: typed(n.Address),
	}
	var err error
	if n.BSN != "" {
		if p.BSN, err = exchange.ParseBSN(n.BSN); err != nil {
			return exchange.Person{}, err
		}
	}
	p.Agreed, err = dayOf(n.Agreed, place+"/ingestemdOp")
	return p, err
}

func caseFrom(c exchange.Case) api.Case { return caseSummary(peer.CaseSummaryOf(c)) }

func caseSummary(s peer.CaseSummary) api.Case {
	c := api.Case{ID: string(s.ID), Own: s.Own.String(), Trigger: string(s.Trigger), People: s.People, Opened: moment(s.Opened)}
	if !s.Closed.IsZero() {
		c.Closed = moment(s.Closed)
	}
	return c
}

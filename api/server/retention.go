package server

import (
	"context"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
)

// RecordMoment records a moment from which a term of retention runs.
func (a *API) RecordMoment(ctx context.Context, r RecordMomentRequestObject) (RecordMomentResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	on, err := dayOf(r.Body.On, "/op")
	if err != nil {
		return nil, err
	}
	c, err := a.node.RecordMoment(ctx, by, id, exchange.MomentCode(r.Body.Code), on)
	if err != nil {
		return nil, err
	}
	return RecordMoment201JSONResponse{Body: caseFrom(c), Headers: RecordMoment201ResponseHeaders{Location: caseLocation(id)}}, nil
}

// ListTerms lists what is destroyed soon, and what waits.
func (a *API) ListTerms(ctx context.Context, r ListTermsRequestObject) (ListTermsResponseObject, error) {
	within := time.Duration(r.Params.Within) * 24 * time.Hour
	all, err := a.node.Kept(ctx, exchange.CapacityCode(r.Params.Hat), within)
	if err != nil {
		return nil, err
	}
	return ListTerms200JSONResponse{Kept: each(all, keepFrom)}, nil
}

// PlaceHold puts off the destruction of a case or a request.
func (a *API) PlaceHold(ctx context.Context, r PlaceHoldRequestObject) (PlaceHoldResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	until, err := dayOf(r.Body.Until, "/tot")
	if err != nil {
		return nil, err
	}
	k, err := a.node.PlaceHold(ctx, by, id, exchange.Hide(r.Body.Reason), until)
	return PlaceHold200JSONResponse(keepFrom(k)), err
}

// LiftHold ends a hold before its day.
func (a *API) LiftHold(ctx context.Context, r LiftHoldRequestObject) (LiftHoldResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	k, err := a.node.LiftHold(ctx, by, id)
	return LiftHold200JSONResponse(keepFrom(k)), err
}

// Sweep destroys what is due now.
func (a *API) Sweep(ctx context.Context, _ SweepRequestObject) (SweepResponseObject, error) {
	count, err := a.node.Sweep(ctx)
	return Sweep200JSONResponse{Dossiers: count}, err
}

func keepFrom(k peer.Kept) api.Keep {
	what := api.KeptCase
	switch {
	case k.Petition != "":
		what = api.KeptPetition
	case k.Side == exchange.Asker:
		what = api.KeptAsked
	case k.Side == exchange.Supplier:
		what = api.KeptSupplied
	}
	if k.Meeting {
		what = api.KeptConference
	}
	return api.Keep{
		ID: string(k.ID), What: what, Own: k.Own.String(), Purpose: string(k.Purpose), Article: k.Keep.Article, Due: dayFrom(k.Keep.Due),
		Waits: each(k.Keep.Waits, plain[string, exchange.MomentCode]), Held: dayFrom(k.Hold.Until),
	}
}

package server

import (
	"context"
	"net/http"
	"time"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
)

// GrantInspection grants an inspection and answers with its bundle.
func (a *API) GrantInspection(ctx context.Context, r GrantInspectionRequestObject) (GrantInspectionResponseObject, error) {
	by := peer.Who{ID: exchange.ActorID(r.Params.Actor), Hat: exchange.CapacityCode(r.Params.Hat)}
	asked, err := inspectingOf(*r.Body)
	if err != nil {
		return nil, err
	}
	granted, err := a.node.GrantInspection(ctx, by, asked)
	if err != nil {
		return nil, err
	}
	return bundleResponse{ctx: ctx, api: a, granted: granted}, nil
}

func inspectingOf(n api.NewInspection) (peer.Inspecting, error) {
	i := peer.Inspecting{Inspection: exchange.Inspection{
		Scope: exchange.ScopeCode(n.Scope.Code()), From: n.From.UTC(), Until: n.Until.UTC(), Party: exchange.OIN(n.Party), Purpose: exchange.PurposeCode(n.Purpose),
		Exchange: exchange.ID(n.Exchange), Disclosures: n.Disclosures,
	}}
	var err error
	if i.Recipient, err = crypto.ParseRecipient(n.Recipient); err != nil {
		return peer.Inspecting{}, badInput("ontvanger", "no hybrid post-quantum recipient (age1pq1...)")
	}
	if i.Scope != exchange.ScopePerson && n.Person != (api.SoughtPerson{}) {
		return peer.Inspecting{}, badInput("persoon", "not with this scope")
	}
	if n.Person.BSN != "" {
		if i.BSN, err = exchange.ParseBSN(n.Person.BSN); err != nil {
			return peer.Inspecting{}, err
		}
	}
	i.Name, i.Born = exchange.Hide(n.Person.Name), exchange.Hide(n.Person.Born)
	return i, nil
}

// A bundleResponse writes a bundle as it is made: it can be larger than memory.
type bundleResponse struct {
	ctx     context.Context //nolint:containedctx // the generated interface hands over no other
	api     *API
	granted *peer.Granted
}

// VisitGrantInspectionResponse writes the answer. When the bundle can't be
// finished the connection is broken off, so that nobody takes it for whole.
func (b bundleResponse) VisitGrantInspectionResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.WriteHeader(http.StatusCreated)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // it takes the time that it takes
	if err := b.granted.Write(b.ctx, w); err != nil {
		b.api.log.Error("a bundle was broken off", "error", err.Error())
		panic(http.ErrAbortHandler)
	}
	return nil
}

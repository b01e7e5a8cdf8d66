package server

import (
	"context"

	"sluis/api"
	"sluis/exchange"
)

// GetStatus tells how the node is.
func (a *API) GetStatus(context.Context, GetStatusRequestObject) (GetStatusResponseObject, error) {
	id := a.node.Identity()
	_, size := a.node.Checkpoint()
	alarms, err := a.node.Alarms()
	if err != nil {
		return nil, err
	}
	s := api.NodeStatus{
		Version: a.Version, OIN: string(id.OIN), Name: id.Name, LedgerSize: size, Outbox: a.node.Waiting(), Alarms: len(alarms),
		Addresses: each(a.node.Addresses(), plain[string, string]),
	}
	if reg := a.node.Register(); reg != nil {
		state := registerOf(reg, a.now())
		s.Register = &state
	}
	if r := a.node.Recovery(); r != nil {
		s.Recovery = &api.Recovery{
			Asked: r.Asked, Waiting: each(r.Waiting, plain[string, exchange.OIN]), Seen: r.Seen, Size: r.Size, Forked: r.Forked,
		}
	}
	if a.Logboek != nil {
		behind, since := a.Logboek()
		s.Logboek = &api.LogboekStatus{Behind: behind, Since: since}
	}
	return GetStatus200JSONResponse(s), nil
}

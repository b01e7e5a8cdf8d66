package server

import (
	"context"
	"strconv"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
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
			Asked: r.Asked, Waiting: each(r.Waiting, plain[string, exchange.OIN]), Seen: r.Seen, Size: r.Size, Forked: r.Forked || len(r.Unread) > 0,
		}
	}
	if a.Logboek != nil {
		behind, since := a.Logboek()
		s.Logboek = &api.LogboekStatus{Behind: behind, Since: since}
	}
	return GetStatus200JSONResponse(s), nil
}

// Diagnose tells what is wrong with the node.
func (a *API) Diagnose(ctx context.Context, _ DiagnoseRequestObject) (DiagnoseResponseObject, error) {
	checks, err := a.node.Diagnose(ctx)
	if err != nil {
		return nil, err
	}
	if a.Logboek != nil {
		behind, since := a.Logboek()
		code := peer.LogboekOK
		if !since.IsZero() {
			code = peer.LogboekStuck
		}
		checks = append(checks, peer.Check{Code: code, Values: map[string]string{
			"behind": strconv.FormatUint(behind, 10), "since": since.UTC().Format(time.RFC3339),
		}})
	}
	states, err := a.Webhooks.States()
	if err != nil {
		return nil, err
	}
	checks = append(checks, webhookChecks(states, a.now())...)
	return Diagnose200JSONResponse{Checks: each(checks, CheckOf)}, nil
}

// CheckOf is what was found about a node, as the contract has it.
func CheckOf(c peer.Check) api.Check {
	severity, _ := api.SeverityOf(string(c.Level()))
	return api.Check{Code: c.Code, Severity: severity, Values: c.Values}
}

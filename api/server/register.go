package server

import (
	"context"
	"io"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// ListParties lists the parties of the register.
func (a *API) ListParties(context.Context, ListPartiesRequestObject) (ListPartiesResponseObject, error) {
	reg, err := a.register()
	if err != nil {
		return nil, err
	}
	return ListParties200JSONResponse{Parties: each(reg.Parties(), partyOf)}, nil
}

// GetParty returns one party.
func (a *API) GetParty(_ context.Context, r GetPartyRequestObject) (GetPartyResponseObject, error) {
	oin, err := exchange.ParseOIN(r.OIN)
	if err != nil {
		return nil, err
	}
	reg, err := a.register()
	if err != nil {
		return nil, err
	}
	p, ok := reg.Party(oin)
	if !ok {
		return nil, &doorError{code: peer.UnknownParty}
	}
	return GetParty200JSONResponse(partyOf(p)), nil
}

// GetRegister tells which version is in force.
func (a *API) GetRegister(context.Context, GetRegisterRequestObject) (GetRegisterResponseObject, error) {
	reg, err := a.register()
	if err != nil {
		return nil, err
	}
	return GetRegister200JSONResponse(registerOf(reg, a.now())), nil
}

// InstallRegister installs a newer version.
func (a *API) InstallRegister(ctx context.Context, r InstallRegisterRequestObject) (InstallRegisterResponseObject, error) {
	bundle, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := a.node.InstallRegister(ctx, bundle); err != nil {
		return nil, err
	}
	reg, err := a.register()
	if err != nil {
		return nil, err
	}
	return InstallRegister201JSONResponse{
		Body: registerOf(reg, a.now()), Headers: InstallRegister201ResponseHeaders{Location: base + "/register"},
	}, nil
}

func (a *API) register() (*register.Register, error) {
	if reg := a.node.Register(); reg != nil {
		return reg, nil
	}
	return nil, &doorError{code: peer.NoRegister}
}

func registerOf(reg *register.Register, now time.Time) api.Register {
	root := reg.Root()
	return api.Register{
		Version: reg.Version(), Issued: moment(reg.Issued()), Expires: moment(reg.Expires()), Expired: !now.Before(reg.Expires()),
		Parties: len(reg.Parties()), RootVersion: root.Version, RootExpires: moment(root.Expires),
	}
}

func partyOf(p register.Party) api.Party {
	return api.Party{
		OIN: string(p.OIN), Name: p.Name, Peer: p.Peer, Addresses: each(p.Addresses, plain[string, string]), Checkpoint: p.Checkpoint, Witness: p.Witness,
		Contact: api.Contact{Name: p.Contact.Name, Email: p.Contact.Email, Phone: p.Contact.Phone},
		Capacities: each(p.Capacities, func(c exchange.Capacity) api.Capacity {
			return api.Capacity{
				Code: string(c.Code), Domain: string(c.Domain), Task: string(c.Task), Regime: regimeOf(c.Regime),
				MayProcessBSN: c.MayProcessBSN, Special: each(c.Special, categoryOf),
			}
		}),
	}
}

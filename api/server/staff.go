package server

import (
	"context"

	"sluis/api"
	"sluis/exchange"
)

// ListStaff lists the people whom the node knows.
func (a *API) ListStaff(ctx context.Context, _ ListStaffRequestObject) (ListStaffResponseObject, error) {
	all, err := a.node.Staff(ctx)
	if err != nil {
		return nil, err
	}
	return ListStaff200JSONResponse{Staff: each(all, employeeOf)}, nil
}

// AddStaff makes a person known.
func (a *API) AddStaff(ctx context.Context, r AddStaffRequestObject) (AddStaffResponseObject, error) {
	actor := actorOf(*r.Body)
	if err := a.node.AddStaff(ctx, actor); err != nil {
		return nil, err
	}
	return AddStaff201JSONResponse(employeeOf(actor)), nil
}

// ChangeStaff gives a person another name or other roles.
func (a *API) ChangeStaff(ctx context.Context, r ChangeStaffRequestObject) (ChangeStaffResponseObject, error) {
	actor := actorOf(*r.Body)
	if err := a.node.ChangeStaff(ctx, actor); err != nil {
		return nil, err
	}
	return ChangeStaff200JSONResponse(employeeOf(actor)), nil
}

// RemoveStaff ends what a person may do.
func (a *API) RemoveStaff(ctx context.Context, r RemoveStaffRequestObject) (RemoveStaffResponseObject, error) {
	actor, err := a.node.RemoveStaff(ctx, exchange.ActorID(r.Body.ID))
	if err != nil {
		return nil, err
	}
	return RemoveStaff200JSONResponse(employeeOf(actor)), nil
}

// InviteStaff makes an invitation to the web console.
func (a *API) InviteStaff(ctx context.Context, r InviteStaffRequestObject) (InviteStaffResponseObject, error) {
	if a.Invite == nil {
		return nil, errNoConsole
	}
	link, until, err := a.Invite(ctx, exchange.ActorID(r.Body.ID))
	if err != nil {
		return nil, err
	}
	return InviteStaff200JSONResponse{Link: link, Until: until}, nil
}

func actorOf(e api.Employee) exchange.Actor {
	actor := exchange.Actor{ID: exchange.ActorID(e.ID), Name: typed(e.Name)}
	for _, g := range e.Roles {
		actor.Roles = append(actor.Roles, exchange.Grant{
			Role: exchange.Role(g.Role.Code()), Capacity: exchange.CapacityCode(g.Capacity), Regime: exchange.Regime(g.Regime.Code()),
		})
	}
	return actor
}

func employeeOf(a exchange.Actor) api.Employee {
	return api.Employee{
		ID: string(a.ID), Name: a.Name.Reveal(), Ended: a.Ended,
		Roles: each(a.Roles, func(g exchange.Grant) api.Grant {
			return api.Grant{Role: roleOf(g.Role), Capacity: string(g.Capacity), Regime: regimeOf(g.Regime)}
		}),
	}
}

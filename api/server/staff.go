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
	actor := exchange.Actor{ID: exchange.ActorID(r.Body.ID), Name: typed(r.Body.Name)}
	for _, g := range r.Body.Roles {
		actor.Roles = append(actor.Roles, exchange.Grant{
			Role: exchange.Role(g.Role.Code()), Capacity: exchange.CapacityCode(g.Capacity), Regime: exchange.Regime(g.Regime.Code()),
		})
	}
	if err := a.node.AddStaff(ctx, actor); err != nil {
		return nil, err
	}
	return AddStaff201JSONResponse(employeeOf(actor)), nil
}

func employeeOf(a exchange.Actor) api.Employee {
	return api.Employee{
		ID: string(a.ID), Name: a.Name.Reveal(),
		Roles: each(a.Roles, func(g exchange.Grant) api.Grant {
			return api.Grant{Role: roleOf(g.Role), Capacity: string(g.Capacity), Regime: regimeOf(g.Regime)}
		}),
	}
}

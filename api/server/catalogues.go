package server

import (
	"context"
	"encoding/json"

	"sluis/api"
	"sluis/exchange"
	"sluis/schemas"
)

// The catalogues in their own order, as the contract shows them.
type catalogues struct {
	purposes []api.Purpose
	items    []api.Item
	grounds  []api.Ground
}

func readCatalogues() (*catalogues, error) {
	var ps struct {
		Purposes []exchange.Purpose `json:"purposes"`
	}
	var is struct {
		Items []exchange.Item `json:"items"`
	}
	var gs struct {
		Grounds []exchange.Ground `json:"grounds"`
	}
	for _, read := range []struct {
		text []byte
		into any
	}{{schemas.Purposes(), &ps}, {schemas.Items(), &is}, {schemas.Grounds(), &gs}} {
		if err := json.Unmarshal(read.text, read.into); err != nil {
			return nil, err
		}
	}
	return &catalogues{each(ps.Purposes, purposeOf), each(is.Items, itemOf), each(gs.Grounds, groundOf)}, nil
}

// ListPurposes lists the purposes.
func (a *API) ListPurposes(context.Context, ListPurposesRequestObject) (ListPurposesResponseObject, error) {
	return ListPurposes200JSONResponse{Purposes: a.catalogues.purposes}, nil
}

// ListItems lists the data items.
func (a *API) ListItems(context.Context, ListItemsRequestObject) (ListItemsResponseObject, error) {
	return ListItems200JSONResponse{Items: a.catalogues.items}, nil
}

// ListGrounds lists the grounds for withholding.
func (a *API) ListGrounds(context.Context, ListGroundsRequestObject) (ListGroundsResponseObject, error) {
	return ListGrounds200JSONResponse{Grounds: a.catalogues.grounds}, nil
}

func sentence(s exchange.Sentence) api.Sentence { return api.Sentence{NL: s.NL, EN: s.EN} }

func purposeOf(p exchange.Purpose) api.Purpose {
	return api.Purpose{
		Code: string(p.Code), Article: p.Article, Name: sentence(p.Name), Explain: sentence(p.Explain),
		Askers: each(p.Askers, plain[string, exchange.TaskCode]), Asked: each(p.Asked, plain[string, exchange.DomainCode]),
		Categories: each(p.Categories, categoryOf), DeadlineDays: p.DeadlineDays,
	}
}

func itemOf(i exchange.Item) api.Item {
	item := api.Item{
		Code: string(i.Code), Domain: string(i.Domain), Category: categoryOf(i.Category), Name: sentence(i.Name), Explain: sentence(i.Explain),
		Depths: []api.DepthNote{},
	}
	for _, d := range exchange.Depths {
		if tells, ok := i.Depths[d]; ok {
			item.Depths = append(item.Depths, api.DepthNote{Depth: depthOf(d), Tells: sentence(tells)})
		}
	}
	return item
}

func groundOf(g exchange.Ground) api.Ground {
	return api.Ground{Code: string(g.Code), Article: g.Article, Regimes: each(g.Regimes, regimeOf), Name: sentence(g.Name)}
}

package server

import (
	"context"

	"sluis/api"
	"sluis/crypto"
)

// ListKeys lists the keys of the node, by what can be told of them.
func (a *API) ListKeys(context.Context, ListKeysRequestObject) (ListKeysResponseObject, error) {
	return ListKeys200JSONResponse(a.keys()), nil
}

// RotateKey makes a new key for a use.
func (a *API) RotateKey(ctx context.Context, r RotateKeyRequestObject) (RotateKeyResponseObject, error) {
	if _, err := a.node.RotateKey(ctx, crypto.Use(r.Body.Use)); err != nil {
		return nil, err
	}
	return RotateKey201JSONResponse(a.keys()), nil
}

// RetireKey destroys a key that was replaced.
func (a *API) RetireKey(ctx context.Context, r RetireKeyRequestObject) (RetireKeyResponseObject, error) {
	if err := a.node.RetireKey(ctx, r.ID); err != nil {
		return nil, err
	}
	return RetireKey200JSONResponse(a.keys()), nil
}

func (a *API) keys() (all api.Keys) {
	all.Keys = []api.NodeKey{}
	for _, k := range a.node.Keys() {
		all.Keys = append(all.Keys, api.NodeKey{Use: api.KeyUse(k.Use), ID: k.ID, State: string(k.State), Since: k.Since})
	}
	return all
}

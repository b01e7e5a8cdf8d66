package server

import (
	"context"
	"encoding/json"
	"strings"

	"sluis/api"
	"sluis/ledger"
	"sluis/peer"
)

// ListEntries lists headers of the ledger.
func (a *API) ListEntries(_ context.Context, r ListEntriesRequestObject) (ListEntriesResponseObject, error) {
	limit := pageSize(r.Params.Limit)
	entries, err := a.node.Entries(r.Params.From, limit)
	if err != nil {
		return nil, err
	}
	page := ListEntries200JSONResponse{Entries: []api.Entry{}}
	for _, e := range entries {
		entry, err := entryOf(e)
		if err != nil {
			return nil, err
		}
		page.Entries = append(page.Entries, entry)
	}
	if len(entries) == limit {
		page.Next = r.Params.From + uint64(len(entries))
	}
	return page, nil
}

// GetCheckpoint returns the newest signed checkpoint.
func (a *API) GetCheckpoint(context.Context, GetCheckpointRequestObject) (GetCheckpointResponseObject, error) {
	signed, _ := a.node.Checkpoint()
	// The text before the signatures is what was signed; whose key that must be
	// stands in the register.
	text, _, _ := strings.Cut(string(signed), "\n\n")
	c, err := ledger.ParseCheckpoint(text + "\n")
	if err != nil {
		return nil, err
	}
	return GetCheckpoint200JSONResponse{Origin: c.Origin, Size: c.Size, Root: hashText(c.Root), Note: string(signed)}, nil
}

// ProveInclusion proves that an entry is in the ledger.
func (a *API) ProveInclusion(_ context.Context, r ProveInclusionRequestObject) (ProveInclusionResponseObject, error) {
	size, err := a.size(r.Params.Size)
	if err != nil {
		return nil, err
	}
	if r.Params.Entry >= size {
		return nil, &doorError{code: codeAhead}
	}
	entries, err := a.node.Entries(r.Params.Entry, 1)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, &doorError{code: codeAhead}
	}
	entry, err := entryOf(entries[0])
	if err != nil {
		return nil, err
	}
	proof, err := a.node.ProveInclusion(r.Params.Entry, size)
	if err != nil {
		return nil, err
	}
	return ProveInclusion200JSONResponse{Entry: r.Params.Entry, Size: size, Leaf: entry.Leaf, Hashes: each(proof, hashText)}, nil
}

// ProveConsistency proves that a ledger is the beginning of a later one.
func (a *API) ProveConsistency(_ context.Context, r ProveConsistencyRequestObject) (ProveConsistencyResponseObject, error) {
	later, err := a.size(r.Params.New)
	if err != nil {
		return nil, err
	}
	if r.Params.Old > later {
		return nil, &doorError{code: codeAhead}
	}
	proof, err := a.node.ProveConsistency(r.Params.Old, later)
	if err != nil {
		return nil, err
	}
	return ProveConsistency200JSONResponse{Old: r.Params.Old, New: later, Hashes: each(proof, hashText)}, nil
}

// size is a size that the newest checkpoint covers; 0 stands for all of it.
func (a *API) size(asked uint64) (uint64, error) {
	_, newest := a.node.Checkpoint()
	switch {
	case asked == 0:
		return newest, nil
	case asked > newest:
		return 0, &doorError{code: codeAhead}
	}
	return asked, nil
}

// VerifyLedger reads and proves the whole ledger.
func (a *API) VerifyLedger(ctx context.Context, _ VerifyLedgerRequestObject) (VerifyLedgerResponseObject, error) {
	size, err := a.node.VerifyLedger(ctx)
	if err != nil {
		return nil, err
	}
	return VerifyLedger200JSONResponse{Size: size}, nil
}

// ListWitnesses lists how the ledgers of partners and our own stand to each other.
func (a *API) ListWitnesses(context.Context, ListWitnessesRequestObject) (ListWitnessesResponseObject, error) {
	all, err := a.node.Witnesses()
	if err != nil {
		return nil, err
	}
	return ListWitnesses200JSONResponse{Witnesses: each(all, func(w peer.Witnessed) api.Witness {
		return api.Witness{
			Party: string(w.Party), Origin: w.Origin, Held: w.Held, Checked: moment(w.Checked), Waiting: w.Waiting, Alarms: w.Alarms,
			Cosigned: w.Cosigned, CosignedAt: moment(w.CosignedAt),
		}
	})}, nil
}

// ListAlarms lists the ledgers that contradict themselves.
func (a *API) ListAlarms(context.Context, ListAlarmsRequestObject) (ListAlarmsResponseObject, error) {
	all, err := a.node.Alarms()
	if err != nil {
		return nil, err
	}
	list := ListAlarms200JSONResponse{Alarms: []api.Alarm{}}
	for _, alarm := range all {
		evidence, err := json.Marshal(alarm)
		if err != nil {
			return nil, err
		}
		found, _ := api.FindingOf(string(alarm.Found)) // a test walks the codes
		list.Alarms = append(list.Alarms, api.Alarm{
			ID: string(alarm.ID), At: moment(alarm.At), Found: found, Party: string(alarm.Party), Origin: alarm.Origin,
			First: alarm.First.Size, Second: alarm.Second.Size, Evidence: string(evidence),
		})
	}
	return list, nil
}

func entryOf(e ledger.Entry) (api.Entry, error) {
	leaf, err := e.Marshal()
	if err != nil {
		return api.Entry{}, err
	}
	entry := api.Entry{
		Index: e.Index, At: moment(e.Time), Kind: e.Kind, Exchange: some(e.Exchange), Party: some(e.Party), As: some(e.As), Purpose: some(e.Purpose),
		Private: e.Header.Private.String(), Key: some(e.Key), Leaf: hashText(ledger.LeafHash(leaf)),
	}
	if !e.Message.IsZero() {
		entry.Message = e.Message.String()
	}
	return entry, nil
}

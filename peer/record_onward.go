package peer

import (
	"time"

	"sluis/exchange"
)

// What is stored of what went on with the data after the answer. The values are
// those of package exchange, with what is personal in them beside them.

type storedPassing struct {
	ID          exchange.ID           `json:"id"`
	From        exchange.PartyID      `json:"from"`
	To          exchange.PartyID      `json:"to"`
	Purpose     exchange.PurposeCode  `json:"purpose"`
	Items       []exchange.ItemCode   `json:"items,omitempty"`
	Why         string                `json:"why,omitempty"`
	Told        time.Time             `json:"told,omitzero"`
	Conditions  []exchange.Condition  `json:"conditions,omitempty"`
	At          time.Time             `json:"at"`
	By          exchange.ActorID      `json:"by,omitempty"`
	Permissions []exchange.ID         `json:"permissions,omitempty"`
	State       exchange.PassingState `json:"state"`
	Code        string                `json:"code,omitempty"`
	Breach      bool                  `json:"breach,omitempty"`
	ByNumber    bool                  `json:"byNumber,omitempty"`
}

type storedPermission struct {
	ID        exchange.ID              `json:"id"`
	Of        exchange.PartyID         `json:"of"`
	Holder    exchange.PartyID         `json:"holder"`
	Recipient exchange.PartyID         `json:"recipient"`
	Purpose   exchange.PurposeCode     `json:"purpose"`
	Items     []exchange.ItemCode      `json:"items"`
	Why       string                   `json:"why"`
	Asked     time.Time                `json:"asked"`
	By        exchange.ActorID         `json:"by,omitempty"`
	State     exchange.PermissionState `json:"state"`
	Granted   *exchange.Permission     `json:"granted,omitempty"`
	Tell      string                   `json:"tell,omitempty"`
	Decided   time.Time                `json:"decided,omitzero"`
	Decider   exchange.ActorID         `json:"decider,omitempty"`
}

type storedCorrection struct {
	ID    exchange.ID             `json:"id"`
	Kind  exchange.CorrectionKind `json:"kind"`
	Items []storedItem            `json:"items"`
	Why   string                  `json:"why,omitempty"`
	By    exchange.ActorID        `json:"by,omitempty"`
	At    time.Time               `json:"at"`
	To    []exchange.CorrectedAt  `json:"to,omitempty"`
}

type storedOnward struct {
	Provenance  *exchange.Provenance `json:"provenance,omitempty"`
	Passings    []storedPassing      `json:"passings,omitempty"`
	Permissions []storedPermission   `json:"permissions,omitempty"`
	Corrections []storedCorrection   `json:"corrections,omitempty"`
}

func onwardOf(x exchange.Exchange) (s storedOnward) {
	if x.PassedOn() {
		s.Provenance = &x.Provenance
	}
	for _, p := range x.Passings {
		s.Passings = append(s.Passings, storedPassing{
			p.ID, p.From, p.To, p.Purpose, p.Items, p.Why.Reveal(), p.Told, p.Conditions, p.At, p.By, p.Permissions, p.State, p.Code, p.Breach, p.ByNumber,
		})
	}
	for _, r := range x.Permissions {
		stored := storedPermission{
			ID: r.ID, Of: r.Of, Holder: r.Holder, Recipient: r.Recipient, Purpose: r.Purpose, Items: r.Items, Why: r.Why.Reveal(), Asked: r.Asked, By: r.By,
			State: r.State, Tell: r.Tell.Reveal(), Decided: r.Decided, Decider: r.Decider,
		}
		if r.Granted.ID != "" {
			stored.Granted = &r.Granted
		}
		s.Permissions = append(s.Permissions, stored)
	}
	for _, c := range x.Corrections {
		stored := storedCorrection{ID: c.ID, Kind: c.Kind, Why: c.Why.Reveal(), By: c.By, At: c.At, To: c.To}
		for _, i := range c.Items {
			stored.Items = append(stored.Items, storedItem{Item: i.Item, Depth: i.Depth, Value: i.Value.Reveal()})
		}
		s.Corrections = append(s.Corrections, stored)
	}
	return s
}

func (s storedOnward) into(x *exchange.Exchange) {
	if s.Provenance != nil {
		x.Provenance = *s.Provenance
	}
	for _, p := range s.Passings {
		x.Passings = append(x.Passings, exchange.Passing{
			ID: p.ID, From: p.From, To: p.To, Purpose: p.Purpose, Items: p.Items, Why: exchange.Hide(p.Why), Told: p.Told, Conditions: p.Conditions,
			At: p.At, By: p.By, Permissions: p.Permissions, State: p.State, Code: p.Code, Breach: p.Breach, ByNumber: p.ByNumber,
		})
	}
	for _, r := range s.Permissions {
		permission := exchange.PermissionRequest{
			ID: r.ID, Of: r.Of, Holder: r.Holder, Recipient: r.Recipient, Purpose: r.Purpose, Items: r.Items, Why: exchange.Hide(r.Why), Asked: r.Asked,
			By: r.By, State: r.State, Tell: exchange.Hide(r.Tell), Decided: r.Decided, Decider: r.Decider,
		}
		if r.Granted != nil {
			permission.Granted = *r.Granted
		}
		x.Permissions = append(x.Permissions, permission)
	}
	for _, c := range s.Corrections {
		correction := exchange.Correction{ID: c.ID, Kind: c.Kind, Why: exchange.Hide(c.Why), By: c.By, At: c.At, To: c.To}
		for _, i := range c.Items {
			correction.Items = append(correction.Items, exchange.CorrectedItem{Item: i.Item, Depth: i.Depth, Value: exchange.Hide(i.Value)})
		}
		x.Corrections = append(x.Corrections, correction)
	}
}

package wire

import (
	"encoding/json"
	"time"

	"sluis/exchange"
)

type requestBody struct {
	Case        exchange.ID           `json:"case"`
	Purpose     exchange.PurposeCode  `json:"purpose"`
	Specific    string                `json:"specific"`
	Subject     subjectBody           `json:"subject"`
	Items       []itemBody            `json:"items"`
	ShareWith   []exchange.DomainCode `json:"shareWith"`
	Involvement involvementBody       `json:"involvement"`
	Contact     string                `json:"contact"`
	Due         time.Time             `json:"due"`
}

type subjectBody struct {
	BSN     string `json:"bsn,omitempty"`
	Name    string `json:"name,omitempty"`
	Born    string `json:"born,omitempty"`
	Address string `json:"address,omitempty"`
}

type itemBody struct {
	Item  exchange.ItemCode `json:"item"`
	Depth exchange.Depth    `json:"depth"`
	Why   string            `json:"why"`
}

type involvementBody struct {
	State exchange.InvolvementState `json:"state"`
	Why   string                    `json:"why,omitempty"`
}

// EncodeRequest writes the body of a request. ID, From and To stand in the
// envelope.
func EncodeRequest(r exchange.Request) ([]byte, error) {
	b := requestBody{
		Case: r.Case, Purpose: r.Purpose, Specific: r.Specific.Reveal(), ShareWith: r.ShareWith,
		Subject: subjectBody{
			BSN: r.Subject.BSN.Reveal(), Name: r.Subject.Name.Reveal(), Born: r.Subject.Born.Reveal(), Address: r.Subject.Address.Reveal(),
		},
		Involvement: involvementBody{State: r.Involvement.State, Why: r.Involvement.Why.Reveal()},
		Contact:     r.Contact.Reveal(), Due: r.Due.UTC().Truncate(time.Second),
	}
	if b.ShareWith == nil {
		b.ShareWith = []exchange.DomainCode{}
	}
	for _, i := range r.Items {
		b.Items = append(b.Items, itemBody{Item: i.Item, Depth: i.Depth, Why: i.Why.Reveal()})
	}
	return json.Marshal(b)
}

// DecodeRequest reads the body of a request. The result lacks ID, From and To.
func DecodeRequest(body []byte) (exchange.Request, error) {
	var b requestBody
	if err := json.Unmarshal(body, &b); err != nil {
		return exchange.Request{}, fault(MessageSchema)
	}
	r := exchange.Request{
		Case: b.Case, Purpose: b.Purpose, Specific: exchange.Hide(b.Specific),
		Subject: exchange.Subject{
			Name: exchange.Hide(b.Subject.Name), Born: exchange.Hide(b.Subject.Born), Address: exchange.Hide(b.Subject.Address),
		},
		Involvement: exchange.Involvement{State: b.Involvement.State, Why: exchange.Hide(b.Involvement.Why)},
		Contact:     exchange.Hide(b.Contact), Due: b.Due.UTC(),
	}
	if len(b.ShareWith) > 0 {
		r.ShareWith = b.ShareWith
	}
	if b.Subject.BSN != "" {
		bsn, err := exchange.ParseBSN(b.Subject.BSN)
		if err != nil {
			return exchange.Request{}, err
		}
		r.Subject.BSN = bsn
	}
	for _, i := range b.Items {
		r.Items = append(r.Items, exchange.AskedItem{Item: i.Item, Depth: i.Depth, Why: exchange.Hide(i.Why)})
	}
	return r, nil
}

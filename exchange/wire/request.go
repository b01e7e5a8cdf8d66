package wire

import (
	"encoding/json"
	"time"

	"sluis/exchange"
)

type requestBody struct {
	Case        exchange.ID           `json:"case"`
	Purpose     exchange.PurposeCode  `json:"purpose"`
	Trigger     triggerBody           `json:"trigger"`
	Specific    string                `json:"specific"`
	Statements  []statementBody       `json:"statements"`
	Subject     subjectBody           `json:"subject"`
	Items       []itemBody            `json:"items"`
	ShareWith   []exchange.DomainCode `json:"shareWith"`
	Involvement involvementBody       `json:"involvement"`
	Consent     *consentBody          `json:"consent,omitempty"`
	Contact     string                `json:"contact"`
	Due         time.Time             `json:"due"`
	Conference  exchange.ID           `json:"conference,omitempty"`
}

type triggerBody struct {
	Code exchange.TriggerCode `json:"code"`
	On   string               `json:"on"` // YYYY-MM-DD
}

type statementBody struct {
	Code exchange.StatementCode `json:"code"`
	Text string                 `json:"text"`
}

type consentBody struct {
	State exchange.ConsentState `json:"state"`
	On    string                `json:"on,omitempty"` // YYYY-MM-DD
}

type subjectBody struct {
	Standing exchange.Standing `json:"standing"`
	BSN      string            `json:"bsn,omitempty"`
	Name     string            `json:"name,omitempty"`
	Born     string            `json:"born,omitempty"`
	Address  string            `json:"address,omitempty"`
}

type itemBody struct {
	Item       exchange.ItemCode `json:"item"`
	Depth      exchange.Depth    `json:"depth"`
	Why        string            `json:"why"`
	Statements []statementBody   `json:"statements,omitempty"`
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
		Trigger: triggerBody{Code: r.Trigger.Code, On: r.Trigger.On.UTC().Format(time.DateOnly)}, Statements: encodeStatements(r.Statements),
		Subject:     encodeSubject(r.Subject),
		Involvement: involvementBody{State: r.Involvement.State, Why: r.Involvement.Why.Reveal()},
		Contact:     r.Contact.Reveal(), Due: r.Due.UTC().Truncate(time.Second), Conference: r.Conference,
	}
	if b.ShareWith == nil {
		b.ShareWith = []exchange.DomainCode{}
	}
	if b.Statements == nil {
		b.Statements = []statementBody{}
	}
	if c := r.Consent; c.State != "" {
		b.Consent = &consentBody{State: c.State}
		if !c.On.IsZero() {
			b.Consent.On = c.On.UTC().Format(time.DateOnly)
		}
	}
	for _, i := range r.Items {
		b.Items = append(b.Items, itemBody{Item: i.Item, Depth: i.Depth, Why: i.Why.Reveal(), Statements: encodeStatements(i.Statements)})
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
		Case: b.Case, Purpose: b.Purpose, Specific: exchange.Hide(b.Specific), Statements: decodeStatements(b.Statements),
		Involvement: exchange.Involvement{State: b.Involvement.State, Why: exchange.Hide(b.Involvement.Why)},
		Contact:     exchange.Hide(b.Contact), Due: b.Due.UTC(), Conference: b.Conference,
	}
	r.Trigger.Code = b.Trigger.Code
	var err error
	if r.Trigger.On, err = time.Parse(time.DateOnly, b.Trigger.On); err != nil {
		return exchange.Request{}, fault(MessageSchema)
	}
	if c := b.Consent; c != nil {
		r.Consent.State = c.State
		if c.On != "" {
			if r.Consent.On, err = time.Parse(time.DateOnly, c.On); err != nil {
				return exchange.Request{}, fault(MessageSchema)
			}
		}
	}
	if len(b.ShareWith) > 0 {
		r.ShareWith = b.ShareWith
	}
	if r.Subject, err = b.Subject.subject(); err != nil {
		return exchange.Request{}, err
	}
	for _, i := range b.Items {
		r.Items = append(r.Items, exchange.AskedItem{
			Item: i.Item, Depth: i.Depth, Why: exchange.Hide(i.Why), Statements: decodeStatements(i.Statements),
		})
	}
	return r, nil
}

func encodeStatements(all []exchange.Statement) []statementBody {
	var out []statementBody
	for _, s := range all {
		out = append(out, statementBody{Code: s.Code, Text: s.Text.Reveal()})
	}
	return out
}

func decodeStatements(all []statementBody) []exchange.Statement {
	var out []exchange.Statement
	for _, s := range all {
		out = append(out, exchange.Statement{Code: s.Code, Text: exchange.Hide(s.Text)})
	}
	return out
}

func encodeSubject(s exchange.Subject) subjectBody {
	return subjectBody{Standing: s.Standing, BSN: s.BSN.Reveal(), Name: s.Name.Reveal(), Born: s.Born.Reveal(), Address: s.Address.Reveal()}
}

func (b subjectBody) subject() (exchange.Subject, error) {
	s := exchange.Subject{Standing: b.Standing, Name: exchange.Hide(b.Name), Born: exchange.Hide(b.Born), Address: exchange.Hide(b.Address)}
	if b.BSN == "" {
		return s, nil
	}
	var err error
	s.BSN, err = exchange.ParseBSN(b.BSN)
	return s, err
}

package wire

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/schemas"
)

// Conditions travel as an ODRL 2.2 policy (W3C Recommendation of 15 February
// 2018) in a profile that docs/protocol/70-conditions.md describes. Every
// condition is one rule and every rule one condition: to ask first is a
// permission with a duty, what limits is a prohibition, to delete an
// obligation. Terms that ODRL has no word for are in the profile's namespace.
const (
	odrlContext  = "http://www.w3.org/ns/odrl.jsonld"
	profileIRI   = "https://sluis.invalid/ns/policy"
	policySpace  = profileIRI + "#" // the prefix sluis:
	policySchema = "policy"
	uidPrefix    = "urn:uuid:"
	everything   = "sluis:supplied"
)

// What the profile names: the kind, and behind it a code.
const (
	partyKind   = "sluis:party/"
	taskKind    = "sluis:task/"
	domainKind  = "sluis:domain/"
	itemKind    = "sluis:item/"
	purposeKind = "sluis:purpose/"
	phaseKind   = "sluis:phase/"
	depthKind   = "sluis:depth/"
)

type policyBody struct {
	Context     []any      `json:"@context"`
	Type        string     `json:"@type"`
	UID         string     `json:"uid"`
	Profile     string     `json:"profile"`
	Conflict    string     `json:"conflict"`
	Assigner    string     `json:"assigner"`
	Permission  []ruleBody `json:"permission,omitempty"`
	Prohibition []ruleBody `json:"prohibition,omitempty"`
	Obligation  []ruleBody `json:"obligation,omitempty"`
}

type ruleBody struct {
	Target     []string         `json:"target"`
	Action     string           `json:"action"`
	Constraint []constraintBody `json:"constraint,omitempty"`
	Duty       []dutyBody       `json:"duty,omitempty"`
}

type dutyBody struct {
	Action          string `json:"action"`
	ConsentingParty string `json:"consentingParty"`
}

type constraintBody struct {
	Left     string          `json:"leftOperand"`
	Operator string          `json:"operator"`
	Right    json.RawMessage `json:"rightOperand"`
}

// operand is a value on the right: a thing by its IRI, or a literal.
type operand struct {
	ID    string `json:"@id,omitempty"`
	Value string `json:"@value,omitempty"`
	Type  string `json:"@type,omitempty"`
}

// A term is how one kind of condition is said: in which list of rules, and under
// which constraint; one without is said by a rule without.
type term struct {
	code     exchange.ConditionCode
	list     int
	left     string
	operator string
}

// The lists of rules, in the order in which conditions are read from them.
const (
	permission = iota
	prohibition
	obligation
)

var terms = [...]term{
	{exchange.AskFirst, permission, "", ""},
	{exchange.AskEachTime, permission, "count", "lteq"},
	{exchange.OnlyTo, prohibition, "recipient", "isNoneOf"},
	{exchange.NotTo, prohibition, "recipient", "isAnyOf"},
	{exchange.OnlyFor, prohibition, "purpose", "isNoneOf"},
	{exchange.NotFor, prohibition, "purpose", "isAnyOf"},
	{exchange.NoDeeper, prohibition, "sluis:depth", "gt"},
	{exchange.AfterTold, prohibition, "event", "lt"},
	{exchange.OralOnly, prohibition, "deliveryChannel", "neq"},
	{exchange.NoOnward, prohibition, "", ""},
	{exchange.DeleteBy, obligation, "dateTime", "lt"},
}

// EncodePolicy writes the conditions of a party as a policy; id is the jti of
// the message that brings them. A layer without conditions has no policy: it
// returns nil. What the schema refuses is refused.
func EncodePolicy(id string, l exchange.Layer) (json.RawMessage, error) {
	if len(l.Conditions) == 0 {
		return nil, nil
	}
	p := policyBody{
		Context: []any{odrlContext, map[string]string{"sluis": policySpace}}, Type: "Set", UID: uidPrefix + id, Profile: profileIRI,
		Conflict: "prohibit", Assigner: partyKind + l.By.String(),
	}
	lists := [...]*[]ruleBody{&p.Permission, &p.Prohibition, &p.Obligation}
	for _, c := range l.Conditions {
		i := slices.IndexFunc(terms[:], func(t term) bool { return t.code == c.Code })
		if i < 0 {
			return nil, fault(MessageSchema)
		}
		rule, err := terms[i].rule(c, p.Assigner)
		if err != nil {
			return nil, err
		}
		list := lists[terms[i].list]
		*list = append(*list, rule)
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	if err := schemas.Validate(policySchema, raw); err != nil {
		return nil, &Fault{Code: MessageSchema, Where: err.Error()}
	}
	return raw, nil
}

func (t term) rule(c exchange.Condition, assigner string) (ruleBody, error) {
	r := ruleBody{Target: targets(c.Items), Action: "distribute"}
	switch t.list {
	case permission:
		r.Duty = []dutyBody{{Action: "obtainConsent", ConsentingParty: assigner}}
	case obligation:
		r.Action = "delete"
	}
	if t.left == "" {
		return r, nil
	}
	right, err := json.Marshal(rightOf(c))
	r.Constraint = []constraintBody{{Left: t.left, Operator: t.operator, Right: right}}
	return r, err
}

func targets(items []exchange.ItemCode) []string {
	if len(items) == 0 {
		return []string{everything}
	}
	var all []string
	for _, i := range items {
		all = append(all, itemKind+string(i))
	}
	return all
}

// rightOf is what stands on the right of the constraint of a condition.
func rightOf(c exchange.Condition) any {
	switch c.Code {
	case exchange.AskEachTime:
		return operand{Value: "1", Type: "xsd:integer"}
	case exchange.NoDeeper:
		return operand{ID: depthKind + string(c.Depth)}
	case exchange.AfterTold:
		return operand{ID: "sluis:client-told"}
	case exchange.OralOnly:
		return operand{ID: "sluis:case-conference"}
	case exchange.DeleteBy:
		return operand{Value: c.Until.UTC().Format(time.DateOnly), Type: "xsd:date"}
	}
	all := []operand{}
	for _, p := range c.Parties {
		all = append(all, operand{ID: partyKind + p.String()})
	}
	for _, t := range c.Tasks {
		all = append(all, operand{ID: taskKind + string(t)})
	}
	for _, d := range c.Domains {
		all = append(all, operand{ID: domainKind + string(d)})
	}
	for _, p := range c.Purposes {
		all = append(all, operand{ID: purposeKind + string(p)})
	}
	for _, p := range c.Phases {
		all = append(all, operand{ID: phaseKind + string(p)})
	}
	return all
}

// DecodePolicy reads a policy that [EncodePolicy] can write, and no other: the
// schema holds its form, and what was read is written again and compared, member
// by member. Conditions come back by list: those of permissions, of prohibitions,
// of obligations. Between lists their order has no meaning.
func DecodePolicy(raw []byte) (id string, l exchange.Layer, err error) {
	if err := schemas.Validate(policySchema, raw); err != nil {
		return "", exchange.Layer{}, &Fault{Code: MessageSchema, Where: err.Error()}
	}
	return decodePolicy(raw)
}

// decodePolicy reads what has been held to the schema.
func decodePolicy(raw []byte) (id string, l exchange.Layer, err error) {
	var p policyBody
	if err := json.Unmarshal(raw, &p); err != nil {
		return "", exchange.Layer{}, fault(MessageSchema)
	}
	id = strings.TrimPrefix(p.UID, uidPrefix)
	if l.By, err = exchange.ParsePartyID(strings.TrimPrefix(p.Assigner, partyKind)); err != nil {
		return "", exchange.Layer{}, err
	}
	for list, rules := range [...][]ruleBody{p.Permission, p.Prohibition, p.Obligation} {
		for _, r := range rules {
			c, err := r.condition(list)
			if err != nil {
				return "", exchange.Layer{}, err
			}
			l.Conditions = append(l.Conditions, c)
		}
	}
	again, err := EncodePolicy(id, l)
	if err != nil {
		return "", exchange.Layer{}, err
	}
	if !sameJSON(raw, again) {
		return "", exchange.Layer{}, fault(MessageSchema)
	}
	return id, l, nil
}

func (r ruleBody) condition(list int) (exchange.Condition, error) {
	var limit constraintBody
	if len(r.Constraint) > 0 {
		limit = r.Constraint[0]
	}
	i := slices.IndexFunc(terms[:], func(t term) bool { return t.list == list && t.left == limit.Left && t.operator == limit.Operator })
	if i < 0 {
		return exchange.Condition{}, fault(MessageSchema)
	}
	c := exchange.Condition{Code: terms[i].code}
	for _, t := range r.Target {
		if item, ok := strings.CutPrefix(t, itemKind); ok {
			c.Items = append(c.Items, exchange.ItemCode(item))
		}
	}
	for _, o := range limit.operands() {
		if err := o.into(&c); err != nil {
			return exchange.Condition{}, err
		}
	}
	return c, nil
}

// operands are the values on the right: one, or a list.
func (b constraintBody) operands() []operand {
	var all []operand
	if json.Unmarshal(b.Right, &all) == nil {
		return all
	}
	var one operand
	if json.Unmarshal(b.Right, &one) != nil {
		return nil
	}
	return []operand{one}
}

// into puts a value where it belongs in a condition. What belongs nowhere is
// lost, and missed when the policy is written again.
func (o operand) into(c *exchange.Condition) (err error) {
	if c.Code == exchange.DeleteBy {
		if c.Until, err = time.Parse(time.DateOnly, o.Value); err != nil {
			return fault(MessageSchema)
		}
		return nil
	}
	kind, name, _ := strings.Cut(o.ID, "/")
	switch kind + "/" {
	case partyKind:
		party, err := exchange.ParsePartyID(name)
		if err != nil {
			return err
		}
		c.Parties = append(c.Parties, party)
	case taskKind:
		c.Tasks = append(c.Tasks, exchange.TaskCode(name))
	case domainKind:
		c.Domains = append(c.Domains, exchange.DomainCode(name))
	case purposeKind:
		c.Purposes = append(c.Purposes, exchange.PurposeCode(name))
	case phaseKind:
		c.Phases = append(c.Phases, exchange.PhaseCode(name))
	case depthKind:
		c.Depth = exchange.Depth(name)
	}
	return nil
}

// sameJSON reports whether two documents say the same, in whatever order their
// members stand.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

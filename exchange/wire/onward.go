package wire

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/schemas"
)

// What goes on with the data after the answer. A passing carries disclosures of
// the first supplier's own answer, and with them, as attachments, the signed
// messages that it rests on: that answer without its disclosures, the
// corrections that replaced a value, the passings before this one, and the
// permissions. Each attachment is named in the signed part by its digest, so
// none can be left out, added or exchanged; the recipient verifies all of it
// without asking anybody.

// A Chain names, by digest, the messages that a passing rests on.
type Chain struct {
	Answer      Digest
	Corrections []Digest // rectifications, oldest first
	Links       []Digest // passings before, oldest first
	Permissions []Digest
}

func (c Chain) all() []Digest {
	return slices.Concat([]Digest{c.Answer}, c.Corrections, c.Links, c.Permissions)
}

// A PassingBody is the body of a passing.
type PassingBody struct {
	Purpose    exchange.PurposeCode
	Told       time.Time
	Conditions []exchange.Condition
	Chain      Chain
	Items      []string // digests of the disclosures that are handed over

	// What follows is disclosed to the recipient, and not in a link.
	Subject     exchange.Subject
	Why         exchange.Personal
	Values      []exchange.AnsweredItem
	Disclosures []string // of the values, as signed by the source
}

// A PermissionBody is the body of a request for permission, or of its decision.
type PermissionBody struct {
	Request   exchange.ID // the message that asked
	Recipient exchange.PartyID
	Purpose   exchange.PurposeCode
	Items     []exchange.ItemCode
	Why       exchange.Personal // of a request
	Links     []Digest          // of a request: the passings that brought it to the holder
	Granted   bool              // of a decision, and what follows
	Until     time.Time
	Uses      int
	Tell      exchange.Personal
}

type chainBody struct {
	Answer      string   `json:"answer"`
	Corrections []string `json:"corrections,omitempty"`
	Links       []string `json:"links,omitempty"`
	Permissions []string `json:"permissions,omitempty"`
}

type passingBody struct {
	Purpose exchange.PurposeCode `json:"purpose"`
	Told    *time.Time           `json:"told,omitempty"`
	Policy  json.RawMessage      `json:"policy,omitempty"` // see [EncodePolicy]
	Chain   chainBody            `json:"chain"`
	Items   []string             `json:"items"`
	Digests []string             `json:"_sd"`
	Hash    string               `json:"_sd_alg"`
}

type permissionRequestBody struct {
	Recipient exchange.PartyID     `json:"recipient"`
	Purpose   exchange.PurposeCode `json:"purpose"`
	Items     []exchange.ItemCode  `json:"items"`
	Why       string               `json:"why"`
	Links     []string             `json:"links,omitempty"`
}

type permissionBody struct {
	Request   exchange.ID          `json:"request"`
	Granted   bool                 `json:"granted"`
	Recipient *exchange.PartyID    `json:"recipient,omitempty"`
	Purpose   exchange.PurposeCode `json:"purpose,omitempty"`
	Items     []exchange.ItemCode  `json:"items,omitempty"`
	Until     *time.Time           `json:"until,omitempty"`
	Uses      int                  `json:"uses,omitempty"`
	Tell      string               `json:"tell,omitempty"`
}

type withdrawalBody struct {
	Request exchange.ID `json:"request"`
}

type noticeBody struct {
	Passing string   `json:"passing"`
	Links   []string `json:"links,omitempty"` // between the addressee and it
}

type correctionBody struct {
	Kind    exchange.CorrectionKind `json:"kind"`
	Passing exchange.ID             `json:"passing,omitempty"`
	Items   []exchange.ItemCode     `json:"items,omitempty"`
	Digests []string                `json:"_sd,omitempty"`
	Hash    string                  `json:"_sd_alg,omitempty"`
}

// Names of what is disclosed of a passing beside the items. No item has them:
// codes have no colon.
const (
	subjectName = "sluis:subject"
	whyName     = "sluis:why"
)

// DigestOf is the identity of a message.
func DigestOf(token []byte) Digest { return sha256.Sum256(WithoutDisclosures(token)) }

// SignPassing signs a passing. parts are the messages that p.Chain names, in its
// order; p.Disclosures are handed over with it.
func SignPassing(e Envelope, p PassingBody, parts [][]byte, key crypto.Signer) (Signed, error) {
	subject, err := json.Marshal(encodeSubject(p.Subject))
	if err != nil {
		return Signed{}, err
	}
	why, err := json.Marshal(p.Why.Reveal())
	if err != nil {
		return Signed{}, err
	}
	own, err := disclose(map[string][]byte{subjectName: subject, whyName: why})
	if err != nil {
		return Signed{}, err
	}
	policy, err := EncodePolicy(e.ID, exchange.Layer{By: e.From, Conditions: p.Conditions})
	if err != nil {
		return Signed{}, err
	}
	body := passingBody{
		Purpose: p.Purpose, Policy: policy, Hash: "sha-256",
		Chain: chainBody{
			Answer: p.Chain.Answer.String(), Corrections: texts(p.Chain.Corrections), Links: texts(p.Chain.Links), Permissions: texts(p.Chain.Permissions),
		},
	}
	if !p.Told.IsZero() {
		told := p.Told.UTC().Truncate(time.Second)
		body.Told = &told
	}
	for _, d := range own {
		body.Digests = append(body.Digests, d.Digest())
	}
	all := own
	for _, encoded := range p.Disclosures {
		d, err := crypto.ParseDisclosure(encoded, crypto.MaxDisclosure)
		if err != nil {
			return Signed{}, err
		}
		all = append(all, d)
		body.Items = append(body.Items, d.Digest())
	}
	slices.Sort(body.Items)
	return signWith(Passing, e, body, all, parts, key)
}

// SignPermissionRequest signs a request for permission; parts are the links that
// p names.
func SignPermissionRequest(e Envelope, p PermissionBody, parts [][]byte, key crypto.Signer) (Signed, error) {
	return signWith(PermissionRequest, e, permissionRequestBody{
		Recipient: p.Recipient, Purpose: p.Purpose, Items: p.Items, Why: p.Why.Reveal(), Links: texts(p.Links),
	}, nil, parts, key)
}

// SignPermission signs what was decided on a request for permission.
func SignPermission(e Envelope, p PermissionBody, key crypto.Signer) (Signed, error) {
	b := permissionBody{Request: p.Request, Granted: p.Granted, Tell: p.Tell.Reveal()}
	if p.Granted {
		until := p.Until.UTC().Truncate(time.Second)
		b.Recipient, b.Purpose, b.Items, b.Until, b.Uses = &p.Recipient, p.Purpose, p.Items, &until, p.Uses
	}
	return signWith(Permission, e, b, nil, nil, key)
}

// SignPermissionWithdrawal signs that a permission is taken back.
func SignPermissionWithdrawal(e Envelope, request exchange.ID, key crypto.Signer) (Signed, error) {
	return signWith(PermissionWithdrawal, e, withdrawalBody{Request: request}, nil, nil, key)
}

// SignNotice signs that something was passed on: passing is the signed message
// that did, between the passings between the addressee and it.
func SignNotice(e Envelope, passing []byte, between [][]byte, key crypto.Signer) (Signed, error) {
	body := noticeBody{Passing: DigestOf(passing).String()}
	parts := [][]byte{WithoutDisclosures(passing)}
	for _, l := range between {
		body.Links = append(body.Links, DigestOf(l).String())
		parts = append(parts, WithoutDisclosures(l))
	}
	return signWith(Notice, e, body, nil, parts, key)
}

// SignCorrection signs what became of items. Of a rectification the values are
// disclosures, so that they can be passed on one by one.
//
// passing is the passing that brought them to the addressee, "" where he asked
// for them himself.
func SignCorrection(e Envelope, c exchange.Correction, passing exchange.ID, key crypto.Signer) (Signed, error) {
	body := correctionBody{Kind: c.Kind, Passing: passing}
	values := map[string][]byte{}
	for _, i := range c.Items {
		if c.Kind != exchange.Rectification {
			body.Items = append(body.Items, i.Item)
			continue
		}
		value, err := json.Marshal(outcomeBody{Outcome: exchange.Supply, Depth: i.Depth, Value: i.Value.Reveal()})
		if err != nil {
			return Signed{}, err
		}
		values[string(i.Item)] = value
	}
	all, err := disclose(values)
	if err != nil {
		return Signed{}, err
	}
	for _, d := range all {
		body.Digests, body.Hash = append(body.Digests, d.Digest()), "sha-256"
	}
	return signWith(Correction, e, body, all, nil, key)
}

// disclose makes disclosures, in the order of their digests.
func disclose(values map[string][]byte) (all []crypto.Disclosure, err error) {
	for name, value := range values {
		d, err := crypto.Disclose(name, value)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b crypto.Disclosure) int { return strings.Compare(a.Digest(), b.Digest()) })
	return all, nil
}

// signWith signs a body and lets disclosures and attachments follow it.
func signWith(kind Kind, e Envelope, body any, disclosures []crypto.Disclosure, parts [][]byte, key crypto.Signer) (Signed, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return Signed{}, err
	}
	s, err := sign(kind, e, raw, key)
	if err != nil {
		return Signed{}, err
	}
	for _, d := range disclosures {
		s.Token = append(append(s.Token, '~'), d.Encoded()...)
	}
	if len(disclosures) > 0 {
		s.Token = append(s.Token, '~')
	}
	for _, p := range parts {
		s.Token = append(append(s.Token, '\n'), p...)
	}
	if len(s.Token) > MaxToken {
		return Signed{}, fault(MessageTooLarge)
	}
	return s, nil
}

func texts(all []Digest) (out []string) {
	for _, d := range all {
		out = append(out, d.String())
	}
	return out
}

func digests(all []string) (out []Digest, err error) {
	for _, s := range all {
		d, err := parseDigest(s)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// readOnward reads the bodies of this file. The attachments have been read.
func (m *Message) readOnward(body json.RawMessage, disclosures []string) error {
	switch m.Kind {
	case Passing:
		if err := m.readPassing(body); err != nil || m.part {
			return err
		}
		c := m.Passing.Chain
		if err := m.matches(c.all(), slices.Concat([]Kind{Answer}, each(Correction, c.Corrections), each(Passing, c.Links), each(Permission, c.Permissions))); err != nil {
			return err
		}
		return m.disclosed(disclosures)
	case PermissionRequest:
		var b permissionRequestBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		links, err := digests(b.Links)
		if err != nil {
			return err
		}
		m.Permission = PermissionBody{
			Request: exchange.ID(m.ID), Recipient: b.Recipient, Purpose: b.Purpose, Items: b.Items, Why: exchange.Hide(b.Why), Links: links,
		}
		return m.matches(links, each(Passing, links))
	case Permission:
		var b permissionBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		m.Permission = PermissionBody{Request: b.Request, Granted: b.Granted, Purpose: b.Purpose, Items: b.Items, Uses: b.Uses, Tell: exchange.Hide(b.Tell)}
		if b.Recipient != nil {
			m.Permission.Recipient = *b.Recipient
		}
		if b.Until != nil {
			m.Permission.Until = b.Until.UTC()
		}
		return nil
	case PermissionWithdrawal:
		var b withdrawalBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		m.Permission.Request = b.Request
		return nil
	case Notice:
		var b noticeBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		named, err := digests(append([]string{b.Passing}, b.Links...))
		if err != nil {
			return err
		}
		return m.matches(named, each(Passing, named))
	case Correction:
		return m.readCorrection(body, disclosures)
	}
	return fault(MessageSchema)
}

func (m *Message) readPassing(body json.RawMessage) error {
	var b passingBody
	if err := json.Unmarshal(body, &b); err != nil {
		return fault(MessageSchema)
	}
	if !slices.IsSorted(b.Items) || !slices.IsSorted(b.Digests) {
		return fault(MessageSchema)
	}
	m.Passing = PassingBody{Purpose: b.Purpose, Items: b.Items}
	m.digests = b.Digests
	if b.Told != nil {
		m.Passing.Told = b.Told.UTC()
	}
	var err error
	if m.Passing.Conditions, err = m.policy(b.Policy); err != nil {
		return err
	}
	c := &m.Passing.Chain
	if c.Answer, err = parseDigest(b.Chain.Answer); err != nil {
		return err
	}
	if c.Corrections, err = digests(b.Chain.Corrections); err != nil {
		return err
	}
	if c.Links, err = digests(b.Chain.Links); err != nil {
		return err
	}
	c.Permissions, err = digests(b.Chain.Permissions)
	return err
}

// disclosed reads what a passing shows to its recipient: the person, the reason,
// and items, each signed by the source in the answer or in a rectification, and
// none that the passer does not name.
func (m *Message) disclosed(encoded []string) error {
	signed := slices.Clone(m.digests)
	source := m.Attached[0]
	for _, a := range m.Attached {
		if a.Kind == Answer || a.Kind == Correction {
			if a.From != source.From || a.Exchange != source.Exchange {
				return fault(MessageSchema) // somebody speaks for the source
			}
			signed = append(signed, a.digests...)
		}
	}
	all, err := crypto.MatchDisclosures(signed, encoded)
	if err != nil {
		return err
	}
	var shown []string
	subject, why := false, false
	for _, d := range all {
		own := slices.Contains(m.digests, d.Digest())
		switch {
		case own && d.Name == subjectName:
			var b subjectBody
			if err := schemas.Validate("disclosure.subject", d.Value); err != nil {
				return &Fault{Code: MessageSchema, Where: err.Error()}
			}
			if err := json.Unmarshal(d.Value, &b); err != nil {
				return fault(MessageSchema)
			}
			if m.Passing.Subject, err = b.subject(); err != nil {
				return err
			}
			subject = true
		case own && d.Name == whyName:
			var text string
			if err := json.Unmarshal(d.Value, &text); err != nil {
				return fault(MessageSchema)
			}
			m.Passing.Why, why = exchange.Hide(text), true
		case own:
			return fault(MessageSchema)
		default:
			item, err := readOutcome(d)
			if err != nil {
				return err
			}
			shown = append(shown, d.Digest())
			m.Passing.Values, m.Passing.Disclosures = append(m.Passing.Values, item), append(m.Passing.Disclosures, d.Encoded())
		}
	}
	slices.Sort(shown)
	if !subject || !why || !slices.Equal(shown, m.Passing.Items) {
		return fault(MessageSchema)
	}
	return nil
}

func (m *Message) readCorrection(body json.RawMessage, disclosures []string) error {
	var b correctionBody
	if err := json.Unmarshal(body, &b); err != nil {
		return fault(MessageSchema)
	}
	m.Correction, m.Under = exchange.Correction{ID: exchange.ID(m.ID), Kind: b.Kind, At: m.At}, b.Passing
	m.digests = b.Digests
	if m.part {
		return nil
	}
	if (b.Kind == exchange.Rectification) != (len(b.Digests) > 0) || len(b.Digests) > 0 == (len(b.Items) > 0) || len(disclosures) != len(b.Digests) {
		return fault(MessageSchema)
	}
	for _, code := range b.Items {
		m.Correction.Items = append(m.Correction.Items, exchange.CorrectedItem{Item: code})
	}
	all, err := crypto.MatchDisclosures(b.Digests, disclosures)
	if err != nil {
		return err
	}
	for _, d := range all {
		item, err := readOutcome(d)
		if err != nil {
			return err
		}
		m.Correction.Items = append(m.Correction.Items, exchange.CorrectedItem{Item: item.Item, Depth: item.Depth, Value: item.Value})
	}
	return nil
}

// readOutcome reads the disclosure of one item.
func readOutcome(d crypto.Disclosure) (exchange.AnsweredItem, error) {
	if err := schemas.Validate(outcomeSchema, d.Value); err != nil {
		return exchange.AnsweredItem{}, &Fault{Code: MessageSchema, Where: err.Error()}
	}
	var o outcomeBody
	if err := json.Unmarshal(d.Value, &o); err != nil {
		return exchange.AnsweredItem{}, fault(MessageSchema)
	}
	return exchange.AnsweredItem{
		Item: exchange.ItemCode(d.Name), Outcome: o.Outcome, Depth: o.Depth, Value: exchange.Hide(o.Value), Tell: exchange.Hide(o.Tell),
	}, nil
}

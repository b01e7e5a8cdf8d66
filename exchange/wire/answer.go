package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/exchange"
)

// An answer is an SD-JWT (RFC 9901). The outcome of every item that was asked
// is one salted disclosure, so that passing one item on tells nothing of the
// others, not even whether they were withheld; only their number shows. The
// conditions are in the signed part and can't be left out.
type answerBody struct {
	Decided time.Time       `json:"decided"`
	Policy  json.RawMessage `json:"policy,omitempty"` // see [EncodePolicy]
	Digests []string        `json:"_sd"`
	Hash    string          `json:"_sd_alg"`
}

// outcomeBody is the value of a disclosure; its name is the item's code.
type outcomeBody struct {
	Outcome exchange.Outcome `json:"outcome"`
	Depth   exchange.Depth   `json:"depth,omitempty"`
	Value   string           `json:"value,omitempty"`
	Tell    string           `json:"tell,omitempty"`
}

const outcomeSchema = "disclosure.item"

// SignAnswer signs an answer. The disclosures follow the JWS in the order of
// their digests, so that an answer has one form.
func SignAnswer(e Envelope, a exchange.Answer, key crypto.Signer) (Signed, error) {
	values := map[string][]byte{}
	for _, i := range a.Items {
		value, err := json.Marshal(outcomeBody{Outcome: i.Outcome, Depth: i.Depth, Value: i.Value.Reveal(), Tell: i.Tell.Reveal()})
		if err != nil {
			return Signed{}, err
		}
		values[string(i.Item)] = value
	}
	all, err := disclose(values)
	if err != nil {
		return Signed{}, err
	}
	policy, err := EncodePolicy(e.ID, exchange.Layer{By: e.From, Conditions: a.Conditions})
	if err != nil {
		return Signed{}, err
	}
	body := answerBody{Decided: a.At.UTC().Truncate(time.Millisecond), Policy: policy, Hash: "sha-256"}
	for _, d := range all {
		body.Digests = append(body.Digests, d.Digest())
	}
	return signWith(Answer, e, body, all, nil, key)
}

// split takes the disclosures off a token. They are nil where there are none.
func split(token []byte) (jws []byte, disclosures []string, err error) {
	if len(token) > MaxToken {
		return nil, nil, fault(MessageTooLarge)
	}
	jws, rest, found := bytes.Cut(token, []byte{'~'})
	if !found {
		return jws, nil, nil
	}
	disclosures = strings.Split(string(rest), "~")
	last := len(disclosures) - 1
	if disclosures[last] != "" || last == 0 {
		return nil, nil, fault(MessageSchema)
	}
	return jws, disclosures[:last], nil
}

// policy reads the policy of a message: its own, of its issuer, or none.
func (e Envelope) policy(raw json.RawMessage) ([]exchange.Condition, error) {
	if raw == nil {
		return nil, nil
	}
	id, layer, err := decodePolicy(raw)
	if err != nil {
		return nil, err
	}
	if id != e.ID || layer.By != e.From {
		return nil, fault(MessageSchema) // the policy of another message, or another party
	}
	return layer.Conditions, nil
}

func decodeAnswer(e Envelope, body []byte, disclosures []string) (exchange.Answer, error) {
	var b answerBody
	if err := json.Unmarshal(body, &b); err != nil {
		return exchange.Answer{}, fault(MessageSchema)
	}
	if !slices.IsSorted(b.Digests) || len(disclosures) != len(b.Digests) {
		return exchange.Answer{}, fault(MessageSchema)
	}
	matched, err := crypto.MatchDisclosures(b.Digests, disclosures)
	if err != nil {
		return exchange.Answer{}, err
	}
	a := exchange.Answer{At: b.Decided.UTC()}
	if a.Conditions, err = e.policy(b.Policy); err != nil {
		return exchange.Answer{}, err
	}
	for n, d := range matched {
		if d.Digest() != b.Digests[n] {
			return exchange.Answer{}, fault(MessageSchema)
		}
		item, err := readOutcome(d)
		if err != nil {
			return exchange.Answer{}, err
		}
		a.Items = append(a.Items, item)
	}
	return a, nil
}

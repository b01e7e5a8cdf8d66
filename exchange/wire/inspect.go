package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
)

// An Inspected is what a message that was kept as evidence says of itself.
type Inspected struct {
	Kind Kind
	Envelope
	Digest   Digest
	KeyID    string
	Purpose  exchange.PurposeCode // of a request, a passing and a request for permission
	Evidence Evidence             // of a receipt
}

// Inspect reads a message long after it was sent, for somebody who was neither
// its sender nor its addressee (toezichthouder): the strict gate, the
// signature by a key that belonged to the issuer when it was signed, and the
// form of the claims. key finds a key in the register that was in force.
//
// Whether it has expired by now does not matter, and of the body it reads what
// a ledger entry can be compared with; an answer may come with its disclosures,
// which must match, or without them. It returns a [Fault] or a
// [crypto.GateError], never anything of the message.
func Inspect(token []byte, key func(kid string) (register.SigningKey, bool)) (Inspected, error) {
	rest, _, err := attachments(token)
	if err != nil {
		return Inspected{}, err
	}
	jws, disclosures, err := split(rest)
	if err != nil {
		return Inspected{}, err
	}
	var signer register.SigningKey
	verified, err := crypto.Verify(jws, maxJWS, inspectedTypes[:], func(kid string) (ed25519.PublicKey, error) {
		found, ok := key(kid)
		if !ok {
			return nil, fault(KeyUnknown)
		}
		signer = found
		return found.Public, nil
	})
	if err != nil {
		return Inspected{}, err
	}
	m := Inspected{Digest: sha256.Sum256(jws), KeyID: verified.KeyID}
	m.Kind = Kinds[slices.Index(inspectedTypes[:], verified.Type)]
	var c claims
	d := json.NewDecoder(bytes.NewReader(verified.Payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Inspected{}, fault(MessageSchema)
	}
	if m.Envelope, err = c.envelope(); err != nil {
		return Inspected{}, err
	}
	switch {
	case signer.OIN != m.From.OIN:
		return Inspected{}, fault(SenderMismatch)
	case !signer.ValidAt(m.At):
		return Inspected{}, fault(KeyStale)
	case !m.Expires.After(m.At) || m.Expires.Sub(m.At) > maxLife, !m.Kind.shows() && disclosures != nil:
		return Inspected{}, fault(MessageSchema)
	}
	return m, m.readBody(c.Body, disclosures)
}

// inspectedTypes are the types of Kinds, in the same order.
var inspectedTypes = func() (types [len(Kinds)]string) {
	for i, k := range Kinds {
		types[i] = k.typ()
	}
	return types
}()

func (m *Inspected) readBody(body json.RawMessage, disclosures []string) error {
	switch m.Kind {
	case Request, Passing, PermissionRequest:
		var b struct {
			Purpose exchange.PurposeCode `json:"purpose"`
		}
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		m.Purpose = b.Purpose
	case Answer, Correction:
		// Values can have been taken out of it since. What a passing shows was
		// signed in another message, and was checked when it came in.
		if disclosures == nil {
			return nil
		}
		var b struct {
			Digests []string `json:"_sd"`
		}
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		if _, err := crypto.MatchDisclosures(b.Digests, disclosures); err != nil {
			return err
		}
	case Receipt:
		var err error
		m.Evidence, err = decodeReceipt(body)
		return err
	}
	return nil
}

// WithoutDisclosures is the signed part of a token alone, without disclosures and
// attachments: of an answer that and when something was decided but not what. It
// is what travels as an attachment.
func WithoutDisclosures(token []byte) []byte {
	if n := bytes.IndexAny(token, "~\n"); n >= 0 {
		return token[:n]
	}
	return token
}

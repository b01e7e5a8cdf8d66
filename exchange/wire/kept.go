package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"

	"sluis/crypto"
	"sluis/exchange"
)

// ReadKept reads a message that this node keeps. Its signature was checked when
// it came in, or is ours.
func ReadKept(token []byte) (Message, error) {
	rest, parts, err := attachments(token)
	if err != nil {
		return Message{}, err
	}
	jws, disclosures, err := split(rest)
	if err != nil {
		return Message{}, err
	}
	m, c, err := kept(jws)
	if err != nil {
		return Message{}, err
	}
	m.Token, m.disclosures = token, disclosures
	for _, p := range parts {
		part, c, err := kept(p)
		if err != nil {
			return Message{}, err
		}
		if err := part.readAsPart(c.Body); err != nil {
			return Message{}, err
		}
		m.Attached = append(m.Attached, part)
	}
	if m.Kind == Answer || m.Kind == Correction || m.Kind == Passing {
		// Values may have been taken out of it since, see Without.
		keep := m.Attached
		if err := m.readAsPart(c.Body); err != nil {
			return Message{}, err
		}
		m.Attached = keep
		return m, nil
	}
	return m, m.readBody(c.Body, disclosures)
}

// kept takes the parts of a signed message without judging its signature.
func kept(jws []byte) (Message, claims, error) {
	segments := bytes.Split(jws, []byte{'.'})
	if len(segments) != 3 {
		return Message{}, claims{}, fault(MessageSchema)
	}
	head, err := base64.RawURLEncoding.DecodeString(string(segments[0]))
	if err != nil {
		return Message{}, claims{}, fault(MessageSchema)
	}
	payload, err := base64.RawURLEncoding.DecodeString(string(segments[1]))
	if err != nil {
		return Message{}, claims{}, fault(MessageSchema)
	}
	var h struct {
		Type string `json:"typ"`
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return Message{}, claims{}, fault(MessageSchema)
	}
	return read(jws, h.Type, payload)
}

// Shown are the disclosures of items that came with a message, encoded, by item.
func (m Message) Shown() (map[exchange.ItemCode]string, error) {
	all := map[exchange.ItemCode]string{}
	for _, encoded := range m.disclosures {
		d, err := crypto.ParseDisclosure(encoded, crypto.MaxDisclosure)
		if err != nil {
			return nil, err
		}
		if d.Name != subjectName && d.Name != whyName {
			all[exchange.ItemCode(d.Name)] = encoded
		}
	}
	return all, nil
}

// Without is a token without the disclosures of some items: their values are
// gone, and the signature over the rest still holds.
func Without(token []byte, items []exchange.ItemCode) ([]byte, error) {
	rest, parts, err := attachments(token)
	if err != nil {
		return nil, err
	}
	jws, disclosures, err := split(rest)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(jws)
	left := 0
	for _, encoded := range disclosures {
		d, err := crypto.ParseDisclosure(encoded, crypto.MaxDisclosure)
		if err != nil {
			return nil, err
		}
		if slices.Contains(items, exchange.ItemCode(d.Name)) {
			continue
		}
		out, left = append(append(out, '~'), encoded...), left+1
	}
	if left > 0 {
		out = append(out, '~')
	}
	for _, p := range parts {
		out = append(append(out, '\n'), p...)
	}
	return out, nil
}

// DisclosureDigest is what an answer or a rectification signs of a disclosure.
func DisclosureDigest(encoded string) string {
	sum := sha256.Sum256([]byte(encoded))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Digests are those of the disclosures that an answer or a rectification signs.
func (m Message) Digests() []string { return m.digests }

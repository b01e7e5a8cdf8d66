package crypto

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// Bounds of a disclosure.
const (
	// MaxDisclosure bounds an encoded disclosure that [MatchDisclosures] reads.
	MaxDisclosure = 1 << 20

	// saltSize is the entropy of a salt in bytes; RFC 9901 section 9.3 asks for 16.
	saltSize = 16

	// minSalt is the shortest salt that is accepted, in characters.
	minSalt = 22
)

// A Disclosure is one item of a selective-disclosure token (RFC 9901 section
// 4.2.1): a name and a value that the signer committed to by a salted digest.
// Whoever has the disclosure can show it; whoever has the digest only learns
// nothing.
type Disclosure struct {
	Name  string
	Value json.RawMessage

	encoded string
}

// Disclose makes a disclosure of a value, which is JSON, with a new salt.
func Disclose(name string, value []byte) (Disclosure, error) {
	var salt [saltSize]byte
	fill(salt[:])
	array, err := json.Marshal([3]any{base64.RawURLEncoding.EncodeToString(salt[:]), name, json.RawMessage(value)})
	if err != nil {
		return Disclosure{}, errors.New("disclose: the value is not JSON")
	}
	encoded := base64.RawURLEncoding.EncodeToString(array)
	return ParseDisclosure(encoded, len(encoded))
}

// Encoded is the form in which a disclosure travels: base64url of a JSON array
// of salt, name and value.
func (d Disclosure) Encoded() string { return d.encoded }

// Digest is what the signer signs: SHA-256 over the encoded form, in base64url.
func (d Disclosure) Digest() string { return digestOf(d.encoded) }

func digestOf(encoded string) string {
	sum := sha256.Sum256([]byte(encoded))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ParseDisclosure reads an encoded disclosure of at most limit characters. It
// returns a [*GateError] for what is not the canonical base64url of a strict
// JSON array of a salt of at least 22 characters, a name that RFC 9901 does not
// reserve, and a value.
func ParseDisclosure(encoded string, limit int) (Disclosure, error) {
	if len(encoded) > limit {
		return Disclosure{}, gateError(TokenTooLarge)
	}
	raw, ok := decodeSegment([]byte(encoded))
	if !ok {
		return Disclosure{}, gateError(DisclosureMalformed)
	}
	if err := StrictJSON(raw, maxDepth); err != nil {
		if e := err.(*GateError); e.Code != TokenPayload {
			return Disclosure{}, err
		}
		return Disclosure{}, gateError(DisclosureMalformed)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) != 3 {
		return Disclosure{}, gateError(DisclosureMalformed)
	}
	salt, saltOK := jsonString(parts[0])
	name, nameOK := jsonString(parts[1])
	if !saltOK || len(salt) < minSalt || !nameOK || name == "" || name == "_sd" || name == "..." {
		return Disclosure{}, gateError(DisclosureMalformed)
	}
	return Disclosure{Name: name, Value: parts[2], encoded: encoded}, nil
}

// jsonString reads a JSON string and nothing that Go would take for one.
func jsonString(raw json.RawMessage) (string, bool) {
	if !bytes.HasPrefix(raw, []byte{'"'}) {
		return "", false
	}
	var s string
	return s, json.Unmarshal(raw, &s) == nil
}

// MatchDisclosures reads disclosures and finds for each the one digest that it
// belongs to. It returns them in the order in which they came. It refuses a
// disclosure without digest, one that comes twice, two with the same name, and
// digests of which two are the same. Digests without disclosure are fine: those
// items were not shown.
func MatchDisclosures(digests, encoded []string) ([]Disclosure, error) {
	open := make(map[string]bool, len(digests)) // false once it is matched
	for _, d := range digests {
		if _, twice := open[d]; twice {
			return nil, gateError(DisclosureTwice)
		}
		open[d] = true
	}
	names := make(map[string]bool, len(encoded))
	matched := make([]Disclosure, 0, len(encoded))
	for _, e := range encoded {
		d, err := ParseDisclosure(e, MaxDisclosure)
		if err != nil {
			return nil, err
		}
		unmatched, signed := open[d.Digest()]
		switch {
		case !signed:
			return nil, gateError(DisclosureUnmatched)
		case !unmatched || names[d.Name]:
			return nil, gateError(DisclosureTwice)
		}
		open[d.Digest()] = false
		names[d.Name] = true
		matched = append(matched, d)
	}
	return matched, nil
}

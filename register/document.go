package register

import (
	"bytes"
	"encoding/json"
	"time"

	"sluis/crypto"
	"sluis/exchange"
)

// A document is the payload of the register. As JSON it has the members in
// this order, without white space; times are in UTC and whole seconds.
type document struct {
	Version    uint64      `json:"version"`
	Issued     time.Time   `json:"issued"`
	Expires    time.Time   `json:"expires"`
	Root       uint64      `json:"root"` // version of the root that it is signed under
	Parties    []Entry     `json:"parties"`
	Catalogues []Catalogue `json:"catalogues"`
}

// An Entry is a party as the authority writes it. `sluis keys show` prints it
// without From.
type Entry struct {
	OIN        exchange.OIN        `json:"oin"`
	Name       string              `json:"name"`
	Capacities []exchange.Capacity `json:"capacities"`
	// Peer is the libp2p peer ID of an Ed25519 key.
	Peer string `json:"peer"`
	// Addresses are multiaddresses without the peer ID of the party, in order of
	// preference.
	Addresses []string `json:"addresses"`
	// Keys are the signing keys, also those that have ended: what they signed
	// stays verifiable.
	Keys []Key `json:"keys"`
	// Recipients are hybrid age recipients, "age1pq1...".
	Recipients []string `json:"recipients"`
	// Checkpoint is the verifier key of the ledger, "name+hash+base64" (C2SP
	// signed-note).
	Checkpoint string `json:"checkpoint"`
	// Witness is the verifier key of the cosignatures on ledgers of others (C2SP
	// tlog-cosignature).
	Witness string  `json:"witness"`
	Contact Contact `json:"contact"`
}

// A Key is a signing key with its dates, see [SigningKey].
type Key struct {
	JWK       crypto.JWK `json:"jwk"`
	From      time.Time  `json:"from,omitzero"`
	Until     time.Time  `json:"until,omitzero"`
	RevokedAt time.Time  `json:"revokedAt,omitzero"`
}

// A Contact says whom to call for clarification: a desk, not a person.
type Contact struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// encode writes a document in its one form.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// decode accepts exactly what encode writes. Unknown members, members in
// another order or case, and white space are refused by that.
func decode(payload []byte, v any) bool {
	if err := json.Unmarshal(payload, v); err != nil {
		return false
	}
	again, err := encode(v)
	return err == nil && bytes.Equal(again, payload)
}

// decodeKnown accepts a document in any layout, as a person may have edited it,
// but no member that is not known.
func decodeKnown(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// isMoment reports whether t is in UTC and whole seconds, as documents want it.
func isMoment(t time.Time) bool {
	_, offset := t.Zone()
	return !t.IsZero() && offset == 0 && t.Nanosecond() == 0
}

// moment writes t as documents want it.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func (d document) check() error {
	switch {
	case d.Version == 0 || d.Root == 0:
		return fault(RegisterForm, "versions start at 1")
	case !isMoment(d.Issued) || !isMoment(d.Expires) || !d.Issued.Before(d.Expires):
		return fault(RegisterForm, "issued and expires")
	case len(d.Catalogues) > maxCatalogues:
		return fault(BadCatalogue, "too many")
	}
	for i, c := range d.Catalogues {
		if !isCatalogueName(c.Name) || c.Version == 0 || !isDigest(c.SHA256) || i > 0 && d.Catalogues[i-1].Name >= c.Name {
			return fault(BadCatalogue, "")
		}
	}
	return nil
}

// isDigest reports whether s is a SHA-256 in hexadecimal.
func isDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isCode reports whether s is a code as catalogues use them: lower-case
// letters, digits, dots, slashes and hyphens, at most 64 bytes, starting with a
// letter.
func isCode(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '/':
		default:
			return false
		}
	}
	return true
}

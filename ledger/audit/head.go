package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/exchange"
)

// A Head says of a bundle whose it is, what it covers, and who granted it.
type Head struct {
	Format string       `json:"format"` // see Format
	OIN    exchange.OIN `json:"oin"`
	Name   string       `json:"name"`
	Ledger string       `json:"ledger"` // verifier key of the checkpoints (C2SP signed-note)
	Made   time.Time    `json:"made"`
	// By is who granted it, within his organisation, and As in which capacity.
	By         exchange.ActorID    `json:"by"`
	As         string              `json:"as"`
	Inspection exchange.Inspection `json:"inspection"`
	// Dossiers are the record keys that an inspection about one person covers,
	// sorted; empty for other scopes. The inspection has their digest.
	Dossiers []string `json:"dossiers,omitempty"`
	Granted  uint64   `json:"granted"` // number of the entry that grants it
	Size     uint64   `json:"size"`    // number of entries, that one included
}

// An end is the payload of the last frame, which the party signs: it can't say
// afterwards that it handed over something else.
type end struct {
	Format  string    `json:"format"`
	Head    string    `json:"head"`   // SHA-256 of the head, base64
	Digest  string    `json:"digest"` // SHA-256 of all frames before, headers of frames included, base64
	Frames  uint64    `json:"frames"` // how many those are
	Entries uint64    `json:"entries"`
	Made    time.Time `json:"made"`
}

// endType is the typ of the JWS.
const endType = "sluis-audit+jwt"

// A Held is a checkpoint of a partner that the party holds, or that a partner
// holds of it (cosignature lines included). Members that are not named here may
// follow; they are kept and not looked at.
type Held struct {
	OIN  exchange.OIN `json:"oin"`  // whose ledger it is of
	Note string       `json:"note"` // the signed note
}

// Fingerprint names a recipient in few characters.
func Fingerprint(to crypto.Recipient) string {
	sum := sha256.Sum256([]byte(to.String()))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// DigestOfDossiers names a sorted list of dossiers.
func DigestOfDossiers(dossiers []string) string {
	return digestText([]byte(strings.Join(dossiers, "\n")))
}

func digestText(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// decodeStrict reads one JSON document without unknown members.
func decodeStrict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errTrailing
	}
	return nil
}

var errTrailing = errorText("something follows the document")

// An errorText is an error that is always the same.
type errorText string

func (e errorText) Error() string { return string(e) }

package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
)

// Two parties that exchange messages watch each other's ledger. One asks the
// other to show that the states of its ledger that he has seen are the beginning
// of the newest one; the other answers in a signed statement, so that an answer
// that proves nothing is itself evidence. docs/protocol/30-ledger.md describes
// it; what the checkpoints and proofs say is for package ledger.

// Bounds of asking. With the longest proofs that there are, an answer to the
// most sizes is some 230 kB.
const (
	// MaxSizes is how many states one question names.
	MaxSizes = 64
	// MaxTold is how many checkpoints of other ledgers a question brings.
	MaxTold = 16
	// MaxWitnessing bounds a question, and what comes back, in bytes.
	MaxWitnessing = maxJWS + 64<<10

	maxNote  = 2 << 10 // bytes of one signed checkpoint, with no signatures but the ledger's
	maxProof = 63      // hashes, as C2SP tlog-witness has it
)

// consistencyType is the explicit type of the JWS (RFC 8725 §3.11).
const consistencyType = "sluis-consistency+jwt"

// A Witnessing is what one node asks or tells another about ledgers: a question
// when it has a Nonce, and otherwise a cosignature.
type Witnessing struct {
	// Nonce names the question; the answer repeats it, so that it is no older
	// one. A UUID.
	Nonce string `json:"nonce,omitempty"`
	// Sizes of the answerer's ledger of which the asker has a checkpoint, rising.
	Sizes []uint64 `json:"sizes,omitempty"`
	// Told are checkpoints of other ledgers that the asker has: signed notes.
	Told []string `json:"told,omitempty"`

	// Size and Cosignature are the checkpoint of the addressee that the sender
	// has checked, and his line for it (C2SP tlog-cosignature).
	Size        uint64 `json:"size,omitempty"`
	Cosignature string `json:"cosignature,omitempty"`
}

// Encode writes the one form.
func (w Witnessing) Encode() ([]byte, error) {
	if !w.ok() {
		return nil, fault(MessageSchema)
	}
	return json.Marshal(w)
}

// ParseWitnessing accepts exactly what [Witnessing.Encode] writes.
func ParseWitnessing(data []byte) (Witnessing, error) {
	var w Witnessing
	if err := decodeOneForm(data, &w); err != nil {
		return Witnessing{}, err
	}
	if !w.ok() {
		return Witnessing{}, fault(MessageSchema)
	}
	return w, nil
}

func (w Witnessing) ok() bool {
	if w.Nonce == "" {
		return w.Size > 0 && w.Cosignature != "" && len(w.Cosignature) <= maxNote && len(w.Sizes) == 0 && len(w.Told) == 0
	}
	_, err := exchange.ParseID(w.Nonce)
	if err != nil || w.Size != 0 || w.Cosignature != "" || !rising(w.Sizes) || len(w.Told) > MaxTold {
		return false
	}
	for _, note := range w.Told {
		if note == "" || len(note) > maxNote {
			return false
		}
	}
	return true
}

// rising reports whether these can be the sizes of a question.
func rising(sizes []uint64) bool {
	before := uint64(0)
	for _, s := range sizes {
		if s <= before {
			return false
		}
		before = s
	}
	return len(sizes) <= MaxSizes
}

// A Consistency is what a node says of its own ledger in answer to a question.
type Consistency struct {
	From, To exchange.OIN // organisations: a ledger is of all capacities together
	At       time.Time
	Nonce    string   // of the question
	Sizes    []uint64 // of the question

	// Checkpoints are signed notes: for each size that was asked and that the
	// ledger has, in order, and then the newest.
	Checkpoints []string
	// Proofs lead from each checkpoint to the next one (RFC 6962 §2.1.2).
	Proofs [][][]byte

	Token []byte // as signed
	KeyID string // of the key that signed it
}

type consistencyClaims struct {
	Issuer      exchange.OIN `json:"iss"`
	Audience    exchange.OIN `json:"aud"`
	IssuedAt    int64        `json:"iat"`
	Nonce       string       `json:"nonce"`
	Sizes       []uint64     `json:"sizes"`
	Checkpoints []string     `json:"checkpoints"`
	Proofs      [][][]byte   `json:"proofs"`
}

// Sign signs the statement; Token and KeyID are set in what it returns.
func (c Consistency) Sign(key crypto.Signer) (Consistency, error) {
	claims := consistencyClaims{
		Issuer: c.From, Audience: c.To, IssuedAt: c.At.Unix(), Nonce: c.Nonce, Sizes: append([]uint64{}, c.Sizes...),
		Checkpoints: append([]string{}, c.Checkpoints...), Proofs: append([][][]byte{}, c.Proofs...),
	}
	for i, p := range claims.Proofs {
		claims.Proofs[i] = append([][]byte{}, p...) // an empty list, not null
	}
	if !claims.ok() {
		return Consistency{}, fault(MessageSchema)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return Consistency{}, err
	}
	if c.Token, err = crypto.Sign(key, consistencyType, payload); err != nil {
		return Consistency{}, err
	}
	if len(c.Token) > maxJWS {
		return Consistency{}, fault(MessageTooLarge)
	}
	c.KeyID = crypto.KeyID(key.Public().(ed25519.PublicKey))
	return c, nil
}

func (c consistencyClaims) ok() bool {
	for _, oin := range []exchange.OIN{c.Issuer, c.Audience} {
		if _, err := exchange.ParseOIN(string(oin)); err != nil {
			return false
		}
	}
	if _, err := exchange.ParseID(c.Nonce); err != nil || c.IssuedAt < 1 || !rising(c.Sizes) {
		return false
	}
	if c.Sizes == nil || c.Proofs == nil || len(c.Checkpoints) == 0 || len(c.Checkpoints) > len(c.Sizes)+1 || len(c.Proofs) != len(c.Checkpoints)-1 {
		return false
	}
	for _, note := range c.Checkpoints {
		if len(note) > maxNote {
			return false
		}
	}
	for _, proof := range c.Proofs {
		if proof == nil || len(proof) > maxProof {
			return false
		}
		for _, hash := range proof {
			if len(hash) != sha256.Size {
				return false
			}
		}
	}
	return true
}

// OpenConsistency checks the signature and the form of a statement, whoever made
// it and whenever: what somebody does who looks at it later. key finds the key
// of a kid.
func OpenConsistency(token []byte, key func(kid string) (ed25519.PublicKey, error)) (Consistency, error) {
	verified, err := crypto.Verify(token, maxJWS, []string{consistencyType}, key)
	if err != nil {
		return Consistency{}, err
	}
	var c consistencyClaims
	if err := decodeOneForm(verified.Payload, &c); err != nil {
		return Consistency{}, err
	}
	if !c.ok() {
		return Consistency{}, fault(MessageSchema)
	}
	return Consistency{
		From: c.Issuer, To: c.Audience, At: time.Unix(c.IssuedAt, 0).UTC(), Nonce: c.Nonce, Sizes: c.Sizes,
		Checkpoints: c.Checkpoints, Proofs: c.Proofs, Token: token, KeyID: verified.KeyID,
	}, nil
}

// ReadConsistency checks a statement that has just come in from a party in
// answer to a question with this nonce: signature and form, that it is of this
// party and for us, new, and signed with a key that holds. Where it
// fails with MessageClock, it says what the clock of the party says (At).
func ReadConsistency(token []byte, from, own exchange.OIN, nonce string, reg *register.Register, now time.Time) (Consistency, error) {
	var signer register.SigningKey
	c, err := OpenConsistency(token, func(kid string) (ed25519.PublicKey, error) {
		key, ok := reg.Key(kid)
		if !ok {
			return nil, fault(KeyUnknown)
		}
		signer = key
		return key.Public, nil
	})
	if err != nil {
		return Consistency{}, err
	}
	switch {
	case c.From != from, signer.OIN != from:
		return Consistency{}, fault(SenderMismatch)
	case c.To != own:
		return Consistency{}, fault(NotForUs)
	case c.Nonce != nonce:
		return Consistency{}, fault(MessageExpired)
	case signer.RevokedAt(now):
		return Consistency{}, fault(KeyStale)
	case c.At.Sub(now).Abs() > Skew: // to a new question: the clocks differ
		return Consistency{At: c.At}, fault(MessageClock)
	case !signer.ValidAt(c.At):
		return Consistency{}, fault(KeyStale)
	}
	return c, nil
}

// decodeOneForm reads JSON that is exactly what encoding/json writes for it.
func decodeOneForm[T any](data []byte, into *T) error {
	if len(data) > MaxWitnessing || crypto.StrictJSON(data, 8) != nil || json.Unmarshal(data, into) != nil {
		return fault(MessageSchema)
	}
	again, err := json.Marshal(*into)
	if err != nil || !bytes.Equal(again, data) {
		return fault(MessageSchema)
	}
	return nil
}

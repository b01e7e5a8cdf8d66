// Package wire is an exchange as bytes: the envelope of a message, its claims,
// its bodies, the seal around it, and back again. docs/protocol/50-messages.md
// describes the same for a second implementation.
//
// A message is a JWS in compact serialisation whose typ names its [Kind] and
// whose claims name who says what to whom in which exchange. An answer is
// followed by its disclosures, as in SD-JWT (RFC 9901). The whole is sealed to
// the addressee: sign, then seal. The addressee stands inside the signature, so
// a message cannot be sealed again to somebody else.
//
// The package knows the law's values, the register's keys and the formats. It
// does not know the network, the database, the ledger or the clock: times are
// handed to it. It starts no goroutine.
package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
	"sluis/schemas"
)

// A Kind is a kind of message.
type Kind string

// The kinds of message.
const (
	Request    Kind = "request"
	Answer     Kind = "answer"
	Withdrawal Kind = "withdrawal"
	Question   Kind = "question"
	Reply      Kind = "reply"
	Receipt    Kind = "receipt"

	// Of what goes on with the data after the answer, see onward.go.
	PermissionRequest    Kind = "permission-request"
	Permission           Kind = "permission"
	PermissionWithdrawal Kind = "permission-withdrawal"
	Passing              Kind = "passing"
	Notice               Kind = "notice"
	Correction           Kind = "correction"

	// Of a case conference, see conference.go.
	Invitation       Kind = "conference-invitation"
	ConferenceAnswer Kind = "conference-answer"
	Contribution     Kind = "conference-contribution"
	Closing          Kind = "conference-closing"
)

// Kinds lists every kind.
var Kinds = [...]Kind{
	Request, Answer, Withdrawal, Question, Reply, Receipt, PermissionRequest, Permission, PermissionWithdrawal, Passing, Notice, Correction,
	Invitation, ConferenceAnswer, Contribution, Closing,
}

// typ is the explicit type of the JWS (RFC 8725 §3.11). A kind whose body changes
// so that an old reader would not understand it gets another typ.
func (k Kind) typ() string { return "sluis-" + string(k) + "+jwt" }

// shows reports whether disclosures may come with it.
func (k Kind) shows() bool { return k == Answer || k == Passing || k == Correction }

func (k Kind) schema() string { return "message." + string(k) }

// A Digest is the identity of a message: the SHA-256 of its compact JWS, which
// has exactly one form. Disclosures are bound by the digests inside.
type Digest [sha256.Size]byte

// String is the base64url form that claims use.
func (d Digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// Zero reports whether there is no digest.
func (d Digest) Zero() bool { return d == Digest{} }

func parseDigest(s string) (Digest, error) {
	var d Digest
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != len(d) {
		return d, fault(MessageSchema)
	}
	copy(d[:], raw)
	return d, nil
}

// An Envelope is what every message says of itself.
type Envelope struct {
	ID       string // UUIDv7, unique per sender (jti)
	From, To exchange.PartyID
	Exchange exchange.ID
	Follows  Digest // the message that this one follows; zero for a request
	At       time.Time
	Expires  time.Time
}

// A Message is a message that has been read: signature, addressee, times and
// form have been checked, the law has not.
type Message struct {
	Kind Kind
	Envelope
	Digest Digest
	Token  []byte // as signed, disclosures included

	Request exchange.Request  // of a request
	Answer  exchange.Answer   // of an answer
	Text    exchange.Personal // of a question or a reply
	Receipt Evidence          // of a receipt

	Passing    PassingBody         // of a passing
	Permission PermissionBody      // of a request for permission, a permission and its withdrawal
	Correction exchange.Correction // of a correction
	Under      exchange.ID         // of a correction: the passing that brought the items; "" for none

	Conference   exchange.Conference   // of an invitation
	Coming       bool                  // of the answer to one
	Contribution exchange.Contribution // of a contribution

	// Attached are the signed messages that came along: those that a passing, a
	// notice or a request for permission names.
	Attached []Message

	part        bool     // it came along with another
	digests     []string // of the disclosures that it signs
	disclosures []string // that came with it
}

// Evidence is the body of a receipt: the entry that the addressee wrote for the
// message in its ledger, with the proof that its checkpoint covers it. The
// ledger package checks it.
type Evidence struct {
	Entry      []byte   // header in clear and ciphertext, as hashed
	Checkpoint []byte   // signed note
	Proof      [][]byte // inclusion proof, RFC 6962
}

// Signed is a message ready to be sealed.
type Signed struct {
	Token  []byte
	Digest Digest
}

type claims struct {
	Issuer   string          `json:"iss"`
	Audience string          `json:"aud"`
	ID       string          `json:"jti"`
	IssuedAt int64           `json:"iat"`
	Expires  int64           `json:"exp"`
	Exchange string          `json:"exchange"`
	Follows  string          `json:"follows,omitempty"`
	Body     json.RawMessage `json:"body"`
}

// Bounds of what is read. They are larger than what the law allows a request or
// an answer to hold (see the exchange package) and small enough to read at once.
const (
	// MaxToken bounds a message with its disclosures.
	MaxToken = 512 << 10
	// MaxSealed bounds a sealed message: token, padding and age's overhead.
	MaxSealed = MaxToken + 64<<10
	// maxJWS bounds the signed part.
	maxJWS = 256 << 10
	// maxLife bounds the time between iat and exp, so that a replay window is
	// finite.
	maxLife = 400 * 24 * time.Hour
	// Skew is how far ahead of ours the clock of a sender may run.
	Skew = exchange.Skew
)

// SignRequest signs a request. It refuses what the schema refuses, so that no
// node sends what another may not read.
func SignRequest(e Envelope, r exchange.Request, key crypto.Signer) (Signed, error) {
	body, err := EncodeRequest(r)
	if err != nil {
		return Signed{}, err
	}
	return sign(Request, e, body, key)
}

// SignWithdrawal signs the withdrawal of the request that e follows.
func SignWithdrawal(e Envelope, key crypto.Signer) (Signed, error) {
	return sign(Withdrawal, e, json.RawMessage(`{}`), key)
}

// SignQuestion signs a question back about the request that e follows.
func SignQuestion(e Envelope, text exchange.Personal, key crypto.Signer) (Signed, error) {
	return signText(Question, e, text, key)
}

// SignReply signs the reply to the question that e follows.
func SignReply(e Envelope, text exchange.Personal, key crypto.Signer) (Signed, error) {
	return signText(Reply, e, text, key)
}

type textBody struct {
	Text string `json:"text"`
}

func signText(kind Kind, e Envelope, text exchange.Personal, key crypto.Signer) (Signed, error) {
	body, err := json.Marshal(textBody{Text: text.Reveal()})
	if err != nil {
		return Signed{}, err
	}
	return sign(kind, e, body, key)
}

// SignReceipt signs the receipt of the message that e follows.
func SignReceipt(e Envelope, v Evidence, key crypto.Signer) (Signed, error) {
	if v.Proof == nil {
		v.Proof = [][]byte{} // a ledger of one entry needs no proof
	}
	body, err := json.Marshal(receiptBody{Entry: v.Entry, Checkpoint: string(v.Checkpoint), Proof: v.Proof})
	if err != nil {
		return Signed{}, err
	}
	return sign(Receipt, e, body, key)
}

func sign(kind Kind, e Envelope, body json.RawMessage, key crypto.Signer) (Signed, error) {
	c := claims{
		Issuer: e.From.String(), Audience: e.To.String(), ID: e.ID, IssuedAt: e.At.Unix(), Expires: e.Expires.Unix(),
		Exchange: string(e.Exchange), Body: body,
	}
	if !e.Follows.Zero() {
		c.Follows = e.Follows.String()
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return Signed{}, err
	}
	if err := schemas.Validate(kind.schema(), payload); err != nil {
		return Signed{}, &Fault{Code: MessageSchema, Where: err.Error()}
	}
	token, err := crypto.Sign(key, kind.typ(), payload)
	if err != nil {
		return Signed{}, err
	}
	if len(token) > maxJWS {
		return Signed{}, fault(MessageTooLarge)
	}
	return Signed{Token: token, Digest: sha256.Sum256(token)}, nil
}

// Seal seals a signed message to the addressee's recipients.
func Seal(s Signed, to []crypto.Recipient) ([]byte, error) {
	if len(to) == 0 {
		return nil, fault(NoRecipients)
	}
	return crypto.Seal(s.Token, to...)
}

// Unseal opens a sealed message with our identities. What it returns is not yet
// checked: see [Read].
func Unseal(sealed []byte, ids ...*crypto.Identity) ([]byte, error) {
	if len(sealed) > MaxSealed {
		return nil, fault(MessageTooLarge)
	}
	token, err := crypto.Open(sealed, MaxToken, ids...)
	if err != nil {
		return nil, fault(MessageNotOpened)
	}
	return token, nil
}

// Read checks a token and returns its message: the strict gate, the signature
// by a key that the register gives to the issuer, type, addressee, times, and
// the form of the body. own lists the capacities in which we may be addressed.
//
// It returns a [Fault] for what is wrong with the message and a
// *exchange.Refusal for what is wrong with a value in it.
func Read(token []byte, own []exchange.PartyID, reg *register.Register, now time.Time) (Message, error) {
	if len(token) > MaxToken {
		return Message{}, fault(MessageTooLarge)
	}
	rest, parts, err := attachments(token)
	if err != nil {
		return Message{}, err
	}
	jws, disclosures, err := split(rest)
	if err != nil {
		return Message{}, err
	}
	m, c, signer, err := open(jws, reg)
	if err != nil {
		return Message{}, err
	}
	m.Token = token
	if err := m.check(signer, own, now); err != nil {
		return Message{}, err
	}
	for _, p := range parts {
		part, err := readPart(p, reg, now)
		if err != nil {
			return Message{}, err
		}
		m.Attached = append(m.Attached, part)
	}
	m.disclosures = disclosures
	return m, m.readBody(c.Body, disclosures)
}

// open verifies the signature of a message and reads what it says of itself.
func open(jws []byte, reg *register.Register) (Message, claims, register.SigningKey, error) {
	var types []string
	for _, k := range Kinds {
		types = append(types, k.typ())
	}
	var signer register.SigningKey
	verified, err := crypto.Verify(jws, maxJWS, types, func(kid string) (ed25519.PublicKey, error) {
		key, ok := reg.Key(kid)
		if !ok {
			return nil, fault(KeyUnknown)
		}
		signer = key
		return key.Public, nil
	})
	if gate := (*crypto.GateError)(nil); errors.As(err, &gate) && gate.Code == crypto.TokenType {
		// A kind, or a version of one, that came after this program. That is no
		// reason to end what the sender began: he may wait until we are upgraded.
		return Message{}, claims{}, signer, fault(UnknownKind)
	}
	if err != nil {
		return Message{}, claims{}, signer, err
	}
	m, c, err := read(jws, verified.Type, verified.Payload)
	return m, c, signer, err
}

// read reads what a message says of itself.
func read(jws []byte, typ string, payload []byte) (Message, claims, error) {
	m := Message{Digest: sha256.Sum256(jws), Token: jws}
	for _, k := range Kinds {
		if k.typ() == typ {
			m.Kind = k
		}
	}
	if err := schemas.Validate(m.Kind.schema(), payload); err != nil {
		return Message{}, claims{}, &Fault{Code: MessageSchema, Where: err.Error()}
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Message{}, claims{}, fault(MessageSchema)
	}
	var err error
	m.Envelope, err = c.envelope()
	return m, c, err
}

func (c claims) envelope() (Envelope, error) {
	e := Envelope{ID: c.ID, At: time.Unix(c.IssuedAt, 0).UTC(), Expires: time.Unix(c.Expires, 0).UTC()}
	var err error
	if e.From, err = exchange.ParsePartyID(c.Issuer); err != nil {
		return Envelope{}, err
	}
	if e.To, err = exchange.ParsePartyID(c.Audience); err != nil {
		return Envelope{}, err
	}
	if e.Exchange, err = exchange.ParseID(c.Exchange); err != nil {
		return Envelope{}, err
	}
	if c.Follows != "" {
		if e.Follows, err = parseDigest(c.Follows); err != nil {
			return Envelope{}, err
		}
	}
	return e, nil
}

// check holds what does not depend on the body. A key that was rotated out may
// still have signed a message that waited in an outbox; a key that was revoked
// may not, since a thief chooses his own iat.
func (m Message) check(signer register.SigningKey, own []exchange.PartyID, now time.Time) error {
	switch {
	case signer.OIN != m.From.OIN:
		return fault(SenderMismatch)
	case !slices.Contains(own, m.To):
		return fault(NotForUs)
	case m.At.After(now.Add(Skew)):
		return fault(MessageClock)
	case !m.Expires.After(now):
		return fault(MessageExpired)
	case !m.Expires.After(m.At) || m.Expires.Sub(m.At) > maxLife:
		return fault(MessageSchema)
	case !signer.ValidAt(m.At), signer.RevokedAt(now):
		return fault(KeyStale)
	}
	return nil
}

func (m *Message) readBody(body json.RawMessage, disclosures []string) error {
	rests := m.Kind == Passing || m.Kind == Notice || m.Kind == PermissionRequest
	if !m.Kind.shows() && disclosures != nil || !rests && m.Attached != nil {
		return fault(MessageSchema)
	}
	var err error
	switch m.Kind {
	case Request:
		m.Request, err = DecodeRequest(body)
		m.Request.ID, m.Request.From, m.Request.To = m.Exchange, m.From, m.To
	case Answer:
		m.Answer, err = decodeAnswer(m.Envelope, body, disclosures)
	case Question, Reply:
		var b textBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		m.Text = exchange.Hide(b.Text)
	case Receipt:
		m.Receipt, err = decodeReceipt(body)
	case PermissionRequest, Permission, PermissionWithdrawal, Passing, Notice, Correction:
		return m.readOnward(body, disclosures)
	case Invitation, ConferenceAnswer, Contribution, Closing:
		return m.readConference(body)
	}
	return err
}

package crypto

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// MaxSignatures bounds the signatures of one general document.
const MaxSignatures = 32

// A TooFewSignaturesError says that a document does not carry as many valid
// signatures of different known keys as are required.
type TooFewSignaturesError struct{ Got, Want int }

// Error says how many there are and how many are needed.
func (e *TooFewSignaturesError) Error() string {
	return fmt.Sprintf("%d of %d required signatures", e.Got, e.Want)
}

// Is reports whether target is [ErrTooFewSignatures].
func (e *TooFewSignaturesError) Is(target error) bool {
	_, ok := target.(*TooFewSignaturesError)
	return ok
}

// ErrTooFewSignatures matches every [TooFewSignaturesError] with errors.Is.
var ErrTooFewSignatures error = &TooFewSignaturesError{}

// A general document is a JWS in general JSON serialisation (RFC 7515 section
// 7.2.1), with the members in this order, without white space and without
// unprotected headers.
type general struct {
	Payload    string             `json:"payload"`
	Signatures []generalSignature `json:"signatures"`
}

type generalSignature struct {
	Protected string `json:"protected"`
	Signature string `json:"signature"`
}

// SignGeneral signs payload, a JSON object, with each key, in general JSON
// serialisation. Without keys it makes a draft that [AddSignature] signs.
func SignGeneral(payload []byte, typ string, keys ...ed25519.PrivateKey) ([]byte, error) {
	if err := checkPayload(payload); err != nil {
		return nil, err
	}
	doc, err := json.Marshal(general{base64.RawURLEncoding.EncodeToString(payload), []generalSignature{}})
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if doc, err = AddSignature(doc, typ, key); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// AddSignature adds the signature of one more key to a general document. It
// refuses a document whose other signatures are of another type or of the same
// key; it does not verify them.
func AddSignature(doc []byte, typ string, key ed25519.PrivateKey) ([]byte, error) {
	g, err := parseGeneral(doc, len(doc), typ)
	if err != nil {
		return nil, err
	}
	token, err := Sign(key, typ, g.payload)
	if err != nil {
		return nil, err
	}
	for _, h := range g.headers {
		if h.KeyID == KeyID(publicOf(key)) {
			return nil, gateError(TokenSignedTwice)
		}
	}
	if len(g.headers) == MaxSignatures {
		return nil, gateError(TokenTooLarge)
	}
	protected, _, signature, _ := segments(token)
	g.doc.Signatures = append(g.doc.Signatures, generalSignature{string(protected), string(signature)})
	return json.Marshal(g.doc)
}

// VerifyGeneral accepts a general document of at most limit bytes whose
// signatures are all of the type, and returns its payload when at least
// threshold of the keys, which are named by their [KeyID], have signed it.
//
// Each signature is verified on its own with its own key. A signature by a key
// that is not in keys does not count and is not checked. One by a known key
// that does not verify, and two by the same key, are errors.
func VerifyGeneral(doc []byte, limit int, typ string, keys map[string]ed25519.PublicKey, threshold int) ([]byte, error) {
	if threshold < 1 {
		return nil, fmt.Errorf("verify: a threshold of %d accepts anything", threshold)
	}
	g, err := parseGeneral(doc, limit, typ)
	if err != nil {
		return nil, err
	}
	valid := 0
	for i, h := range g.headers {
		pub, known := keys[h.KeyID]
		if !known {
			continue
		}
		if err := verifySignature(g.token(i), g.payload, pub); err != nil {
			return nil, err
		}
		valid++
	}
	if valid < threshold {
		return nil, &TooFewSignaturesError{Got: valid, Want: threshold}
	}
	return g.payload, nil
}

// PeekGeneral returns the payload of a general document and the kids that its
// signatures claim. Nothing is verified: it is for tools that show a draft to
// whoever is asked to sign it, and to find out which keys to verify with.
func PeekGeneral(doc []byte, limit int, typ string) (payload []byte, kids []string, err error) {
	g, err := parseGeneral(doc, limit, typ)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range g.headers {
		kids = append(kids, h.KeyID)
	}
	return g.payload, kids, nil
}

// parsedGeneral is a general document that went through the gate.
type parsedGeneral struct {
	doc     general
	payload []byte
	headers []header // one per signature, of different keys
}

// token writes signature i as a compact token.
func (g parsedGeneral) token(i int) []byte {
	s := g.doc.Signatures[i]
	token := make([]byte, 0, len(s.Protected)+len(g.doc.Payload)+len(s.Signature)+2)
	token = append(append(token, s.Protected...), '.')
	token = append(append(token, g.doc.Payload...), '.')
	return append(token, s.Signature...)
}

func parseGeneral(doc []byte, limit int, typ string) (parsedGeneral, error) {
	if len(doc) > limit {
		return parsedGeneral{}, gateError(TokenTooLarge)
	}
	var g parsedGeneral
	if err := json.Unmarshal(doc, &g.doc); err != nil || g.doc.Signatures == nil {
		return parsedGeneral{}, gateError(TokenNotCanonical)
	}
	if len(g.doc.Signatures) > MaxSignatures {
		return parsedGeneral{}, gateError(TokenTooLarge)
	}
	again, err := json.Marshal(g.doc)
	if err != nil || !bytes.Equal(again, doc) {
		return parsedGeneral{}, gateError(TokenNotCanonical)
	}
	var ok bool
	if g.payload, ok = decodeSegment([]byte(g.doc.Payload)); !ok {
		return parsedGeneral{}, gateError(TokenNotCanonical)
	}
	if err := checkPayload(g.payload); err != nil {
		return parsedGeneral{}, err
	}
	seen := map[string]bool{}
	for _, s := range g.doc.Signatures {
		h, err := s.header(typ)
		if err != nil {
			return parsedGeneral{}, err
		}
		if seen[h.KeyID] {
			return parsedGeneral{}, gateError(TokenSignedTwice)
		}
		seen[h.KeyID] = true
		g.headers = append(g.headers, h)
	}
	return g, nil
}

func (s generalSignature) header(typ string) (header, error) {
	raw, protectedOK := decodeSegment([]byte(s.Protected))
	signature, signatureOK := decodeSegment([]byte(s.Signature))
	if !protectedOK || !signatureOK {
		return header{}, gateError(TokenNotCanonical)
	}
	h, err := parseHeader(raw)
	switch {
	case err != nil:
		return header{}, err
	case h.Type != typ:
		return header{}, gateError(TokenType)
	case len(signature) != ed25519.SignatureSize:
		return header{}, gateError(TokenSignature)
	}
	return h, nil
}

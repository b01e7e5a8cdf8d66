package crypto

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// The JOSE library verifies too much: it ignores crit, the alg header, duplicate
// members and padding, so that one signed statement has many byte forms. Hence
// everything is checked before it sees the bytes, and this is the only file
// that imports it.

// A Token is a verified JWS.
type Token struct {
	Type    string // of the header: what kind of statement this is
	KeyID   string // of the header: which key signed it
	Payload []byte // a JSON object
}

// Sign signs payload, a JSON object, as a JWS in compact serialisation (RFC
// 7515) with EdDSA (RFC 8037). The header has exactly alg, kid and typ; kid is
// the [KeyID] of the key. It refuses a payload that [Verify] would refuse.
func Sign(key Signer, typ string, payload []byte) ([]byte, error) {
	public, ok := publicOfSigner(key)
	if !ok {
		return nil, errors.New("sign: not an Ed25519 private key")
	}
	if typ == "" {
		return nil, gateError(TokenType)
	}
	if err := checkPayload(payload); err != nil {
		return nil, err
	}
	h := jws.NewHeaders()
	if err := h.Set(jws.TypeKey, typ); err != nil {
		return nil, err
	}
	if err := h.Set(jws.KeyIDKey, KeyID(public)); err != nil {
		return nil, err
	}
	return jws.Sign(payload, jws.WithKey(jwa.EdDSA, key, jws.WithProtectedHeaders(h)))
}

// Verify accepts a token that [Sign] could have made, of at most limit bytes,
// with one of the types, by a key that the lookup finds for its kid. It returns
// a [*GateError] otherwise; where the lookup failed, that wraps its error.
//
// In this order it checks: size; three segments of canonical base64url; the
// header's members, algorithm and type; the payload (see [StrictJSON]); the
// lookup; the signature.
func Verify(token []byte, limit int, types []string, key func(kid string) (ed25519.PublicKey, error)) (Token, error) {
	if len(token) > limit {
		return Token{}, gateError(TokenTooLarge)
	}
	protected, payload, signature, ok := segments(token)
	if !ok {
		return Token{}, gateError(TokenNotCanonical)
	}
	rawHeader, headerOK := decodeSegment(protected)
	rawPayload, payloadOK := decodeSegment(payload)
	rawSignature, signatureOK := decodeSegment(signature)
	if !headerOK || !payloadOK || !signatureOK {
		return Token{}, gateError(TokenNotCanonical)
	}
	h, err := parseHeader(rawHeader)
	if err != nil {
		return Token{}, err
	}
	if !slices.Contains(types, h.Type) {
		return Token{}, gateError(TokenType)
	}
	if err := checkPayload(rawPayload); err != nil {
		return Token{}, err
	}
	if len(rawSignature) != ed25519.SignatureSize {
		return Token{}, gateError(TokenSignature)
	}
	pub, err := key(h.KeyID)
	if err != nil {
		return Token{}, &GateError{Code: TokenKeyUnknown, cause: err}
	}
	if err := verifySignature(token, rawPayload, pub); err != nil {
		return Token{}, err
	}
	return Token{Type: h.Type, KeyID: h.KeyID, Payload: rawPayload}, nil
}

// segments cuts a compact token in three.
func segments(token []byte) (protected, payload, signature []byte, ok bool) {
	parts := bytes.SplitN(token, []byte{'.'}, 4)
	if len(parts) != 3 {
		return nil, nil, nil, false
	}
	return parts[0], parts[1], parts[2], true
}

// verifySignature checks the signature of a compact token that went through
// the gate.
func verifySignature(token, payload []byte, pub ed25519.PublicKey) error {
	if len(pub) != ed25519.PublicKeySize {
		return gateError(TokenKeyUnknown)
	}
	verified, err := jws.Verify(token, jws.WithKey(jwa.EdDSA, pub), jws.WithCompact())
	if err != nil || !bytes.Equal(verified, payload) {
		return gateError(TokenSignature)
	}
	return nil
}

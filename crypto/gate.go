package crypto

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

// maxDepth bounds how many arrays and objects may be inside each other in a
// header, payload or disclosure.
const maxDepth = 16

// The codes of a [GateError]. They are part of the protocol: never renamed or
// reused; docs/protocol/10-crypto.md says what each means.
const (
	TokenTooLarge        = "token-too-large"
	TokenNotCanonical    = "token-not-canonical"
	TokenHeader          = "token-header"
	TokenAlgorithm       = "token-algorithm"
	TokenType            = "token-type"
	TokenKeyUnknown      = "token-key-unknown"
	TokenDuplicateMember = "token-duplicate-member"
	TokenTooDeep         = "token-too-deep"
	TokenPayload         = "token-payload"
	TokenSignature       = "token-signature"
	TokenSignedTwice     = "token-signed-twice"
	DisclosureMalformed  = "disclosure-malformed"
	DisclosureUnmatched  = "disclosure-unmatched"
	DisclosureTwice      = "disclosure-twice"
)

// GateCodes lists every code of a [GateError], so that tests can walk them.
var GateCodes = [...]string{
	TokenTooLarge, TokenNotCanonical, TokenHeader, TokenAlgorithm, TokenType, TokenKeyUnknown, TokenDuplicateMember, TokenTooDeep,
	TokenPayload, TokenSignature, TokenSignedTwice, DisclosureMalformed, DisclosureUnmatched, DisclosureTwice,
}

// A GateError says why signed input was refused. It holds nothing of the input.
type GateError struct {
	Code  string
	cause error // of the key lookup
}

// Error is the code.
func (e *GateError) Error() string { return e.Code }

// Is reports whether target is a gate error with the same code.
func (e *GateError) Is(target error) bool {
	t, ok := target.(*GateError)
	return ok && t.Code == e.Code
}

// Unwrap returns the error of the key lookup, for [TokenKeyUnknown].
func (e *GateError) Unwrap() error { return e.cause }

func gateError(code string) *GateError { return &GateError{Code: code} }

// A header is the protected header of a JWS (RFC 7515) as we use it.
type header struct{ Type, KeyID string }

// parseHeader accepts a header with exactly the members alg, kid and typ, in
// any order. It decodes into a map, since Go would take "Alg" for alg in a
// struct.
func parseHeader(raw []byte) (header, error) {
	if err := StrictJSON(raw, maxDepth); err != nil {
		if e := err.(*GateError); e.Code != TokenPayload {
			return header{}, err
		}
		return header{}, gateError(TokenHeader)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || len(members) != 3 {
		return header{}, gateError(TokenHeader)
	}
	var values [3]string
	for i, name := range [...]string{"alg", "kid", "typ"} {
		// A null would leave the string empty, which is refused too.
		if err := json.Unmarshal(members[name], &values[i]); err != nil || values[i] == "" {
			return header{}, gateError(TokenHeader)
		}
	}
	if values[0] != "EdDSA" {
		return header{}, gateError(TokenAlgorithm)
	}
	return header{KeyID: values[1], Type: values[2]}, nil
}

// checkPayload accepts one strict JSON object.
func checkPayload(payload []byte) error {
	if err := StrictJSON(payload, maxDepth); err != nil {
		return err
	}
	if trimmed := bytes.TrimLeft(payload, " \t\r\n"); trimmed[0] != '{' {
		return gateError(TokenPayload)
	}
	return nil
}

// decodeSegment decodes base64url without padding in its one form. Strict does
// not see line ends, which the decoder skips, hence the comparison of lengths.
func decodeSegment(segment []byte) ([]byte, bool) {
	out := make([]byte, base64.RawURLEncoding.DecodedLen(len(segment)))
	n, err := base64.RawURLEncoding.Strict().Decode(out, segment)
	if err != nil || n != len(out) || base64.RawURLEncoding.EncodedLen(n) != len(segment) || bytes.ContainsAny(segment, "\r\n") {
		return nil, false
	}
	return out, true
}

package crypto

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/mr-tron/base58"
)

// peerPrefix is what stands before an Ed25519 key in its libp2p peer ID: an
// identity multihash (0x00) of 36 bytes, which are the protobuf PublicKey with
// Type 1 (08 01) and Data of 32 bytes (12 20); libp2p peer-ids specification.
const peerPrefix = "\x00\x24\x08\x01\x12\x20"

// PeerID returns the libp2p peer ID of an Ed25519 key in base58btc, which
// starts with "12D3KooW". It returns "" for a key that has not 32 bytes.
func PeerID(pub ed25519.PublicKey) string {
	if len(pub) != ed25519.PublicKeySize {
		return ""
	}
	return base58.Encode(append([]byte(peerPrefix), pub...))
}

// ParsePeerID returns the key that a peer ID holds. Peer IDs of other kinds of
// keys, and other notations, are refused.
func ParsePeerID(id string) (ed25519.PublicKey, error) {
	if len(id) != 52 {
		return nil, errors.New("peer ID: not that of an Ed25519 key (52 characters, starting with 12D3KooW)")
	}
	raw, err := base58.Decode(id)
	if err != nil || len(raw) != len(peerPrefix)+ed25519.PublicKeySize || !bytes.HasPrefix(raw, []byte(peerPrefix)) {
		return nil, errors.New("peer ID: not that of an Ed25519 key (52 characters, starting with 12D3KooW)")
	}
	return ed25519.PublicKey(raw[len(peerPrefix):]), nil
}

// KeyID returns the name of a signing key: its JWK thumbprint with SHA-256 (RFC
// 7638, RFC 8037 appendix A.3), 43 characters of base64url.
func KeyID(pub ed25519.PublicKey) string {
	digest := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(pub) + `"}`))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// A JWK is a public signing key as the register writes it (RFC 7517, RFC 8037).
type JWK struct {
	Kty string `json:"kty"` // "OKP"
	Crv string `json:"crv"` // "Ed25519"
	Kid string `json:"kid"` // the thumbprint, see [KeyID]
	X   string `json:"x"`   // 32 bytes in base64url
}

// PublicJWK writes a key as a JWK.
func PublicJWK(pub ed25519.PublicKey) JWK {
	return JWK{Kty: "OKP", Crv: "Ed25519", Kid: KeyID(pub), X: base64.RawURLEncoding.EncodeToString(pub)}
}

// Key returns the key. It refuses other types and curves, a key that is not
// written canonically, and a kid that is not its thumbprint.
func (j JWK) Key() (ed25519.PublicKey, error) {
	if j.Kty != "OKP" || j.Crv != "Ed25519" {
		return nil, errors.New("jwk: not an Ed25519 key (kty OKP, crv Ed25519)")
	}
	x, ok := decodeSegment([]byte(j.X))
	if !ok || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("jwk: x is not 32 bytes in base64url without padding")
	}
	if j.Kid != KeyID(x) {
		return nil, errors.New("jwk: kid is not the thumbprint of the key (RFC 7638)")
	}
	return x, nil
}

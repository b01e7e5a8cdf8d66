package crypto

import (
	"crypto"
	"crypto/ed25519"
)

// A Signer signs with an Ed25519 key, wherever that is: an ed25519.PrivateKey is
// one, and so is a key that does not leave the hardware that it is in.
type Signer = crypto.Signer

// publicOfSigner is the public half of a signer, or false when it is not of an
// Ed25519 key.
func publicOfSigner(s Signer) (ed25519.PublicKey, bool) {
	if key, ok := s.(ed25519.PrivateKey); ok && len(key) != ed25519.PrivateKeySize {
		return nil, false // Public would panic
	}
	if s == nil {
		return nil, false
	}
	public, ok := s.Public().(ed25519.PublicKey)
	return public, ok && len(public) == ed25519.PublicKeySize
}

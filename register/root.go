package register

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"sluis/crypto"
)

// A Root names the register authorities and how many of them must sign.
type Root struct {
	Version   uint64       `json:"version"`
	Issued    time.Time    `json:"issued"`
	Expires   time.Time    `json:"expires"`
	Threshold int          `json:"threshold"`
	Keys      []crypto.JWK `json:"keys"`
}

func (r Root) check() error {
	switch {
	case r.Version == 0 || r.Version > MaxRoots:
		return fault(RootForm, "version")
	case !isMoment(r.Issued) || !isMoment(r.Expires) || !r.Issued.Before(r.Expires):
		return fault(RootForm, "issued and expires")
	case len(r.Keys) == 0 || len(r.Keys) > MaxAuthorities:
		return fault(RootForm, "number of keys")
	case r.Threshold < 1 || r.Threshold > len(r.Keys):
		return fault(RootForm, "threshold")
	}
	if len(r.public()) != len(r.Keys) {
		return fault(RootForm, "a key is not valid, or stands there twice")
	}
	return nil
}

// public returns the keys that are valid, by kid.
func (r Root) public() map[string]ed25519.PublicKey {
	keys := make(map[string]ed25519.PublicKey, len(r.Keys))
	for _, j := range r.Keys {
		if key, err := j.Key(); err == nil {
			keys[j.Kid] = key
		}
	}
	return keys
}

// verify checks that enough keys of the root have signed a document.
func (r Root) verify(doc []byte, limit int, typ string) ([]byte, error) {
	payload, err := crypto.VerifyGeneral(doc, limit, typ, r.public(), r.Threshold)
	if err != nil {
		return nil, signatureFault(err)
	}
	return payload, nil
}

func signatureFault(err error) *Fault {
	var few *crypto.TooFewSignaturesError
	if errors.As(err, &few) {
		return &Fault{Code: TooFewSignatures, Detail: few.Error(), cause: err}
	}
	return &Fault{Code: BadSignature, Detail: err.Error(), cause: err}
}

// NewRoot makes the first root as a document that nobody has signed yet.
func NewRoot(threshold int, keys []ed25519.PublicKey, issued, expires time.Time) ([]byte, error) {
	return makeRoot(1, threshold, keys, issued, expires)
}

// RotateRoot makes the root that follows old. It must be signed by the
// threshold of old and by its own.
func RotateRoot(old []byte, threshold int, keys []ed25519.PublicKey, issued, expires time.Time) ([]byte, error) {
	root, _, err := PeekRoot(old)
	if err != nil {
		return nil, err
	}
	return makeRoot(root.Version+1, threshold, keys, issued, expires)
}

func makeRoot(version uint64, threshold int, keys []ed25519.PublicKey, issued, expires time.Time) ([]byte, error) {
	root := Root{Version: version, Issued: moment(issued), Expires: moment(expires), Threshold: threshold, Keys: []crypto.JWK{}}
	for _, k := range keys {
		root.Keys = append(root.Keys, crypto.PublicJWK(k))
	}
	if err := root.check(); err != nil {
		return nil, err
	}
	payload, err := encode(root)
	if err != nil {
		return nil, err
	}
	return crypto.SignGeneral(payload, rootType)
}

// SignRoot adds a signature to a root document.
func SignRoot(doc []byte, key ed25519.PrivateKey) ([]byte, error) {
	if _, _, err := PeekRoot(doc); err != nil {
		return nil, err
	}
	signed, err := crypto.AddSignature(doc, rootType, key)
	if err != nil {
		return nil, signatureFault(err)
	}
	return signed, nil
}

// PeekRoot reads a root document and the kids that its signatures claim. The
// signatures are not verified.
func PeekRoot(doc []byte) (Root, []string, error) {
	payload, kids, err := crypto.PeekGeneral(doc, maxRoot, rootType)
	if err != nil {
		return Root{}, nil, &Fault{Code: RootForm, Detail: err.Error(), cause: err}
	}
	root, err := decodeRoot(payload)
	return root, kids, err
}

func decodeRoot(payload []byte) (Root, error) {
	var root Root
	if !decode(payload, &root) {
		return Root{}, fault(RootForm, "unknown members, or another form")
	}
	return root, root.check()
}

// A Pin is the root that a node trusts from the day it was made.
type Pin struct {
	version uint64
	digest  [sha256.Size]byte // of the payload
}

// ParsePin takes a root document that has enough signatures of its own keys.
// Usually that is the first root; a node that is made after a rotation may pin
// a later one, and then need not trust the keys before it.
func ParsePin(doc []byte) (Pin, error) {
	root, _, err := PeekRoot(doc)
	if err != nil {
		return Pin{}, err
	}
	payload, err := root.verify(doc, maxRoot, rootType)
	if err != nil {
		return Pin{}, err
	}
	return Pin{version: root.Version, digest: sha256.Sum256(payload)}, nil
}

// Fingerprint names the pinned root, to be compared by telephone.
func (p Pin) Fingerprint() string {
	return fmt.Sprintf("root %d sha256:%s", p.version, hex.EncodeToString(p.digest[:]))
}

// chain follows the roots from the pinned one to the newest, and returns that
// with the digests of all.
func (p Pin) chain(docs [][]byte) (Root, [][sha256.Size]byte, error) {
	var trusted Root
	var digests [][sha256.Size]byte
	if p.version == 0 {
		return Root{}, nil, fault(RootNotPinned, "no root is pinned")
	}
	for i, doc := range docs {
		version := uint64(i) + 1
		payload, _, err := crypto.PeekGeneral(doc, maxRoot, rootType)
		if err != nil {
			return Root{}, nil, &Fault{Code: RootForm, Detail: fmt.Sprintf("version %d", version), cause: err}
		}
		root, err := decodeRoot(payload)
		if err != nil {
			return Root{}, nil, err
		}
		if root.Version != version {
			return Root{}, nil, fault(RootChainBroken, fmt.Sprintf("version %d stands where %d should be", root.Version, version))
		}
		digests = append(digests, sha256.Sum256(payload))
		if version < p.version {
			continue
		}
		if version == p.version && digests[i] != p.digest {
			return Root{}, nil, fault(RootNotPinned, p.Fingerprint())
		}
		if version > p.version {
			if _, err := trusted.verify(doc, maxRoot, rootType); err != nil {
				return Root{}, nil, brokenAt(version, "the root before it", err)
			}
		}
		if _, err := root.verify(doc, maxRoot, rootType); err != nil {
			return Root{}, nil, brokenAt(version, "its own keys", err)
		}
		trusted = root
	}
	if trusted.Version == 0 {
		return Root{}, nil, fault(RootNotPinned, p.Fingerprint())
	}
	return trusted, digests, nil
}

func brokenAt(version uint64, by string, err error) *Fault {
	detail := fmt.Sprintf("version %d, signatures by %s", version, by)
	var few *crypto.TooFewSignaturesError
	if errors.As(err, &few) {
		detail += ": " + few.Error()
	}
	return &Fault{Code: RootChainBroken, Detail: detail, cause: err}
}

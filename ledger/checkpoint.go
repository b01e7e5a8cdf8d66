package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// A Checkpoint is the state of a ledger: so many entries, this root. A ledger
// signs no two checkpoints that contradict each other.
//
// As text it is three lines (C2SP tlog-checkpoint): origin, size in decimal,
// root in standard base64. Extension lines are not accepted, so that a
// checkpoint has one form.
type Checkpoint struct {
	Origin string // name of the ledger, and of the key that signs it
	Size   uint64
	Root   Hash
}

// Text returns the text form, which is what is signed. It does not check the
// fields; [SignCheckpoint] does.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

func (c Checkpoint) check() error {
	switch {
	case !isOrigin(c.Origin):
		return errors.New("checkpoint: the origin is not valid")
	case c.Size > MaxSize:
		return errors.New("checkpoint: the size is too high")
	case c.Size == 0 && c.Root != EmptyRoot():
		return errors.New("checkpoint: the root is not that of an empty tree")
	}
	return nil
}

// isOrigin reports whether s can be the origin of a checkpoint and the name of
// a key: printable ASCII without space or plus sign (C2SP signed-note).
func isOrigin(s string) bool {
	if s == "" || len(s) > MaxOrigin {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '+' {
			return false
		}
	}
	return true
}

// ParseCheckpoint reads the text form. It accepts exactly what Text writes.
func ParseCheckpoint(text string) (Checkpoint, error) {
	if len(text) > MaxCheckpoint {
		return Checkpoint{}, errors.New("checkpoint: too long")
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("checkpoint: must have three lines")
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: size: %w", err)
	}
	root, err := decodeBase64(lines[2], sha256.Size)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: root: %w", err)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}
	if err := c.check(); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}

// algEd25519 is the signature type of C2SP signed-note for Ed25519.
const algEd25519 = 0x01

// signer signs notes with an Ed25519 key. The key is within a function, so that
// no verb of fmt can print it: some follow a single pointer.
type signer struct {
	name string
	hash uint32
	sign func(msg []byte) []byte
}

func (s signer) Name() string                    { return s.name }
func (s signer) KeyHash() uint32                 { return s.hash }
func (s signer) Sign(msg []byte) ([]byte, error) { return s.sign(msg), nil }

// NewSigner returns a signer of checkpoints with this origin.
func NewSigner(origin string, key ed25519.PrivateKey) (note.Signer, error) {
	if !isOrigin(origin) {
		return nil, errors.New("checkpoint: the origin is not valid")
	}
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("checkpoint: not an Ed25519 key")
	}
	pub := key.Public().(ed25519.PublicKey)
	sign := func(msg []byte) []byte { return ed25519.Sign(key, msg) }
	return signer{name: origin, hash: keyHash(origin, algEd25519, pub), sign: sign}, nil
}

// VerifierKey returns the text form of the key that checks the checkpoints of a
// ledger (C2SP signed-note, "vkey"): name, key ID in hexadecimal, and type and
// key in base64, joined by plus signs.
func VerifierKey(origin string, pub ed25519.PublicKey) string { return vkey(origin, algEd25519, pub) }

// SignCheckpoint signs a checkpoint, with more than one key while that of the
// ledger is being replaced. The name of every signer must be the origin. The same
// checkpoint and keys give the same bytes.
func SignCheckpoint(c Checkpoint, signers ...note.Signer) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, errors.New("checkpoint: there is no signer")
	}
	for _, s := range signers {
		if s.Name() != c.Origin {
			return nil, errors.New("checkpoint: the signer has another name than the origin")
		}
	}
	return note.Sign(&note.Note{Text: c.Text()}, signers...)
}

// OpenCheckpoint reads a signed checkpoint and checks the signature of the key
// that is named, see [VerifierKey]. The origin must be the name of that key.
// Signatures of others, such as witnesses, may be there and are not looked at.
func OpenCheckpoint(signed []byte, verifierKey string) (Checkpoint, error) {
	if len(signed) > MaxCheckpoint {
		return Checkpoint{}, errors.New("checkpoint: too long")
	}
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Checkpoint{}, errors.New("checkpoint: the verifier key is malformed")
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, errors.New("checkpoint: not signed by the key of this ledger")
	}
	// The reader of notes takes base64 with unused bits set: one signature in
	// several forms.
	for _, sig := range append(n.Sigs, n.UnverifiedSigs...) {
		if data, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil || base64.StdEncoding.EncodeToString(data) != sig.Base64 {
			return Checkpoint{}, errors.New("checkpoint: a signature is not in the standard base64 form")
		}
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != v.Name() {
		return Checkpoint{}, errors.New("checkpoint: of another ledger than the key is for")
	}
	return c, nil
}

// Contradict reports whether two checkpoints can't both be of one history: the
// same ledger, the same size, another root. Signed by one ledger, they prove
// that it shows two histories, to whoever has them and its key.
func Contradict(a, b Checkpoint) bool {
	return a.Origin == b.Origin && a.Size == b.Size && a.Root != b.Root
}

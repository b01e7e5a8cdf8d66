package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A cosignature is what a witness says of a ledger that is not its own: that at
// this time this checkpoint is the newest one it knows, and that it is
// consistent with all that it saw before (C2SP tlog-cosignature, Ed25519). It is
// one more line of the signed checkpoint.
//
// The key of a witness is another one than that with which it signs its own
// ledger. What is signed here begins with "cosignature/v1", so that the two
// could not be taken for each other; but C2SP signed-note wants a key per
// signature type, and so each can be replaced without the other.

// algCosignature is the signature type of C2SP signed-note for timestamped
// Ed25519 cosignatures.
const algCosignature = 0x04

const (
	signatureStart  = "— "
	timestampSize   = 8
	keyIDSize       = 4
	cosignatureSize = keyIDSize + timestampSize + ed25519.SignatureSize
	lastSecond      = 253402300799 // of the year 9999
)

// A Cosigner signs checkpoints of others. It prints without its key.
type Cosigner struct {
	name string
	hash uint32
	sign func(msg []byte) []byte // as in signer
}

// NewCosigner returns a cosigner. The name has the form of an origin.
func NewCosigner(name string, key ed25519.PrivateKey) (Cosigner, error) {
	if !isOrigin(name) {
		return Cosigner{}, errors.New("cosigner: the name is not valid")
	}
	if len(key) != ed25519.PrivateKeySize {
		return Cosigner{}, errors.New("cosigner: not an Ed25519 key")
	}
	pub := key.Public().(ed25519.PublicKey)
	sign := func(msg []byte) []byte { return ed25519.Sign(key, msg) }
	return Cosigner{name: name, hash: keyHash(name, algCosignature, pub), sign: sign}, nil
}

// Name is the name of the witness.
func (w Cosigner) Name() string { return w.name }

// Cosign returns the signature line for a checkpoint, with its newline. Who
// calls it has checked that the checkpoint is consistent with the newest one of
// that ledger that he knew (C2SP tlog-witness). at counts in whole seconds.
func (w Cosigner) Cosign(c Checkpoint, at time.Time) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if w.sign == nil || at.Unix() < 1 || at.Unix() > lastSecond {
		return nil, errors.New("cosignature: there is no cosigner, or the time is not of this age")
	}
	data := binary.BigEndian.AppendUint32(nil, w.hash)
	data = binary.BigEndian.AppendUint64(data, uint64(at.Unix()))
	data = append(data, w.sign(cosigned(c, at))...)
	return []byte(signatureStart + w.name + " " + base64.StdEncoding.EncodeToString(data) + "\n"), nil
}

// cosigned is the message that a witness signs.
func cosigned(c Checkpoint, at time.Time) []byte {
	return []byte("cosignature/v1\ntime " + strconv.FormatInt(at.Unix(), 10) + "\n" + c.Text())
}

// CosignerKey returns the text form of the key that checks the cosignatures of
// a witness (C2SP signed-note, "vkey", signature type 0x04).
func CosignerKey(name string, pub ed25519.PublicKey) string { return vkey(name, algCosignature, pub) }

// A cosignerKey is a CosignerKey that was read.
type cosignerKey struct {
	name string
	hash uint32
	pub  ed25519.PublicKey
}

// parseCosignerKey accepts exactly what CosignerKey writes.
func parseCosignerKey(s string) (cosignerKey, error) {
	malformed := errors.New("cosignature: the key of the witness is malformed")
	name, rest, _ := strings.Cut(s, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	data, err := decodeBase64(encoded, 1+ed25519.PublicKeySize)
	if err != nil || data[0] != algCosignature || !isOrigin(name) {
		return cosignerKey{}, malformed
	}
	pub := ed25519.PublicKey(data[1:])
	if CosignerKey(name, pub) != s {
		return cosignerKey{}, malformed
	}
	return cosignerKey{name: name, hash: keyHash(name, algCosignature, pub), pub: pub}, nil
}

// CosignerName reads the key of a witness and returns its name.
func CosignerName(key string) (string, error) {
	k, err := parseCosignerKey(key)
	return k.name, err
}

// A signatureLine is one line of a signed note.
type signatureLine struct {
	name string
	hash uint32
	data []byte // what follows the key ID
}

// parseSignatureLine accepts exactly one form of a line, newline included.
func parseSignatureLine(line []byte) (signatureLine, error) {
	malformed := errors.New("checkpoint: not a signature line")
	text, ended := strings.CutSuffix(string(line), "\n")
	text, begins := strings.CutPrefix(text, signatureStart)
	name, encoded, ok := strings.Cut(text, " ")
	if !ended || !begins || !ok || !isOrigin(name) || len(line) > MaxCheckpoint {
		return signatureLine{}, malformed
	}
	data, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(data) <= keyIDSize || base64.StdEncoding.EncodeToString(data) != encoded {
		return signatureLine{}, malformed
	}
	return signatureLine{name: name, hash: binary.BigEndian.Uint32(data), data: data[keyIDSize:]}, nil
}

// OpenCosignature checks a line that [Cosigner.Cosign] could have made for this
// checkpoint under the key of a witness, and returns its time.
func OpenCosignature(line []byte, c Checkpoint, key string) (time.Time, error) {
	k, err := parseCosignerKey(key)
	if err != nil {
		return time.Time{}, err
	}
	l, err := parseSignatureLine(line)
	if err != nil {
		return time.Time{}, err
	}
	return k.open(l, c)
}

func (k cosignerKey) open(l signatureLine, c Checkpoint) (time.Time, error) {
	if l.name != k.name || l.hash != k.hash || len(l.data) != cosignatureSize-keyIDSize {
		return time.Time{}, errors.New("cosignature: not of this witness")
	}
	seconds := binary.BigEndian.Uint64(l.data)
	if seconds == 0 || seconds > math.MaxInt64 || seconds > lastSecond {
		return time.Time{}, errors.New("cosignature: the time is not valid")
	}
	at := time.Unix(int64(seconds), 0).UTC()
	if !ed25519.Verify(k.pub, cosigned(c, at), l.data[timestampSize:]) {
		return time.Time{}, errors.New("cosignature: the signature is not right")
	}
	return at, nil
}

// AddCosignature returns the signed checkpoint with one more line. It checks
// the form of both, not the signature: who adds a line has opened it. It refuses
// a second line of the same key.
func AddCosignature(signed, line []byte) ([]byte, error) {
	_, lines, err := splitSigned(signed)
	if err != nil {
		return nil, err
	}
	added, err := parseSignatureLine(line)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if l.name == added.name && l.hash == added.hash {
			return nil, errors.New("cosignature: this witness has signed already")
		}
	}
	if len(signed)+len(line) > MaxCheckpoint || len(lines) >= maxSignatures {
		return nil, errors.New("checkpoint: too long")
	}
	return append(bytes.Clone(signed), line...), nil
}

// maxSignatures is what the reader of notes of x/mod takes.
const maxSignatures = 100

// splitSigned reads a signed checkpoint without checking a signature.
func splitSigned(signed []byte) (Checkpoint, []signatureLine, error) {
	if len(signed) > MaxCheckpoint {
		return Checkpoint{}, nil, errors.New("checkpoint: too long")
	}
	text, signatures, ok := strings.Cut(string(signed), "\n\n")
	if !ok || signatures == "" {
		return Checkpoint{}, nil, errors.New("checkpoint: not signed")
	}
	c, err := ParseCheckpoint(text + "\n")
	if err != nil {
		return Checkpoint{}, nil, err
	}
	var lines []signatureLine
	seen := map[string]bool{}
	for line := range strings.Lines(signatures) {
		l, err := parseSignatureLine([]byte(line))
		if err != nil {
			return Checkpoint{}, nil, err
		}
		by := fmt.Sprintf("%s+%08x", l.name, l.hash)
		if seen[by] {
			return Checkpoint{}, nil, errors.New("checkpoint: a key has signed twice")
		}
		seen[by] = true
		if lines = append(lines, l); len(lines) > maxSignatures {
			return Checkpoint{}, nil, errors.New("checkpoint: too many signatures")
		}
	}
	return c, lines, nil
}

// A Cosignature says when a witness cosigned.
type Cosignature struct {
	Witness string // name
	Time    time.Time
}

// Cosignatures returns the cosignatures on a signed checkpoint that are of
// these witnesses, in the order in which they stand there. Those of others are
// not looked at; one under a key that is named here and that is not right is an
// error, and so is a key that is malformed. The signature of the ledger itself
// is for [OpenCheckpoint].
func Cosignatures(signed []byte, keys ...string) ([]Cosignature, error) {
	c, lines, err := splitSigned(signed)
	if err != nil {
		return nil, err
	}
	var all []cosignerKey
	for _, key := range keys {
		k, err := parseCosignerKey(key)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	var found []Cosignature
	for _, l := range lines {
		for _, k := range all {
			if l.name != k.name || l.hash != k.hash {
				continue
			}
			at, err := k.open(l, c)
			if err != nil {
				return nil, err
			}
			found = append(found, Cosignature{Witness: k.name, Time: at})
			break
		}
	}
	return found, nil
}

// keyHash is the key ID of C2SP signed-note: four bytes over name, signature
// type and key.
func keyHash(name string, alg byte, pub ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{alg})
	h.Write(pub)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// vkey is the text form of a key of C2SP signed-note.
func vkey(name string, alg byte, pub ed25519.PublicKey) string {
	key := append([]byte{alg}, pub...)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, alg, pub), base64.StdEncoding.EncodeToString(key))
}

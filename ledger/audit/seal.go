package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"sluis/crypto"
	"sluis/ledger"
)

// addCheckpoint holds the entries to what the party signed of them.
func (v *verification) addCheckpoint(signed []byte) {
	if v.signed {
		v.find(FrameOrder, -1, "C")
		return
	}
	v.signed = true
	c, err := ledger.OpenCheckpoint(signed, v.head.Ledger)
	switch {
	case err != nil:
		v.find(CheckpointWrong, -1, "")
		return
	case c.Size != v.report.Entries || c.Size != v.head.Size:
		v.find(CheckpointSize, -1, number(c.Size))
		return
	case c.Root != v.tree.Root():
		v.find(RootWrong, -1, "")
	}
	v.checkCosignatures(signed)
}

// checkCosignatures counts who else signed the checkpoint (C2SP
// tlog-cosignature). A partner signs with the key of its own ledger, under its
// origin.
func (v *verification) checkCosignatures(signed []byte) {
	newest := v.newest()
	if newest == nil {
		return
	}
	_, signatures, _ := strings.Cut(string(signed), "\n\n")
	for line := range strings.Lines(signatures) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		name := fields[1]
		if strings.HasPrefix(v.head.Ledger, name+"+") {
			continue // the party's own signature
		}
		listed := ""
		for _, key := range newest.ledgers {
			if strings.HasPrefix(key, name+"+") {
				listed = key
			}
		}
		switch verifier, ok := newCosigner(name, listed); {
		case !ok:
			v.report.Others++
		case opensWith(signed, verifier):
			v.report.Cosigned = append(v.report.Cosigned, name)
		default:
			v.find(CosignatureWrong, -1, name)
		}
	}
}

func opensWith(signed []byte, verifier note.Verifier) bool {
	_, err := note.Open(signed, note.VerifierList(verifier))
	return err == nil
}

// A cosigner verifies cosignatures of C2SP tlog-cosignature: type 0x04, over the
// time and the text of the checkpoint.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// newCosigner makes a verifier of the key of a ledger.
func newCosigner(name, verifierKey string) (cosigner, bool) {
	const algCosignature = 0x04
	parts := strings.SplitN(verifierKey, "+", 3)
	if len(parts) != 3 {
		return cosigner{}, false
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return cosigner{}, false
	}
	id := sha256.Sum256(append([]byte(name+"\n"+string(rune(algCosignature))), raw[1:]...))
	return cosigner{name, binary.BigEndian.Uint32(id[:]), raw[1:]}, true
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), text)
	return ed25519.Verify(c.key, []byte(message), signature[8:])
}

// addHeld keeps a checkpoint of a partner that the party holds, for whoever
// lays the partner's bundle beside this one.
func (v *verification) addHeld(document []byte) {
	held, err := parseHeld(document)
	if err != nil {
		v.find(HeldForm, -1, "")
		return
	}
	v.report.Held++
	for i := len(v.versions) - 1; i >= 0; i-- {
		key := v.versions[i].ledgers[held.OIN]
		c, err := ledger.OpenCheckpoint([]byte(held.Note), key)
		if err != nil {
			continue
		}
		if k := v.report.kept; k != nil {
			k.claims = append(k.claims, claim{of: held.OIN, size: c.Size, root: c.Root, entry: -1})
		}
		return
	}
	v.find(HeldForm, -1, "signature")
}

func parseHeld(document []byte) (Held, error) {
	if err := crypto.StrictJSON(document, 16); err != nil {
		return Held{}, err
	}
	// By exact name: a struct would take "NOTE" for note.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(document, &members); err != nil {
		return Held{}, err
	}
	var held Held
	for name, value := range map[string]any{"oin": &held.OIN, "note": &held.Note} {
		if err := json.Unmarshal(members[name], value); err != nil {
			return Held{}, err
		}
	}
	return held, nil
}

// checkEnd holds all frames to what the party signed of them.
func (v *verification) checkEnd(token []byte) {
	newest := v.newest()
	if newest == nil {
		v.find(EndSignature, -1, "register-missing")
		return
	}
	signed, err := crypto.Verify(token, maxEnd, []string{endType}, func(kid string) (ed25519.PublicKey, error) {
		key, ok := newest.keys[kid]
		if !ok || key.OIN != v.head.OIN || !key.ValidAt(v.head.Made) {
			return nil, errors.New("not a key of the party at that time")
		}
		return key.Public, nil
	})
	var e end
	if err != nil || decodeStrict(signed.Payload, &e) != nil {
		v.find(EndSignature, -1, codeOf(err))
		return
	}
	for _, said := range []struct {
		field string
		same  bool
	}{
		{"format", e.Format == Format}, {"head", e.Head == v.headDigest}, {"frames", e.Frames == v.frames.frames-1},
		{"entries", e.Entries == v.report.Entries}, {"made", e.Made.Equal(v.head.Made)},
		{"digest", e.Digest == base64.StdEncoding.EncodeToString(v.sum.Sum(nil))},
	} {
		if !said.same {
			v.find(EndDigest, -1, said.field)
		}
	}
}

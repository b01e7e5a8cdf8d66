package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

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

// checkCosignatures takes note of who else signed a checkpoint (C2SP
// tlog-cosignature), with the witness key that the newest register has of him.
func (v *verification) checkCosignatures(signed []byte) {
	newest := v.newest()
	if newest == nil {
		return
	}
	cosigned, err := ledger.Cosignatures(signed, newest.witnesses...)
	if err != nil {
		v.find(CosignatureWrong, -1, "")
		return
	}
	for _, c := range cosigned {
		if !slices.Contains(v.report.Cosigned, c.Witness) {
			v.report.Cosigned = append(v.report.Cosigned, c.Witness)
		}
	}
	_, lines, _ := strings.Cut(string(signed), "\n\n")
	v.report.Others += strings.Count(lines, "\n") - 1 - len(cosigned)
}

// addHeld keeps a checkpoint of a partner that the party holds, for whoever
// lays the partner's bundle beside this one; or one of its own with what
// partners cosigned at that size.
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
		if held.OIN == v.head.OIN {
			v.checkCosignatures([]byte(held.Note))
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

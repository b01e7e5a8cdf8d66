package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
)

// A frame as a second implementer would read it.
type frame struct {
	typ     byte
	payload []byte
}

func framesOf(bundle []byte) (all []frame) {
	for len(bundle) > 0 {
		n := binary.BigEndian.Uint32(bundle[1:5])
		all = append(all, frame{bundle[0], bundle[5 : 5+n : 5+n]})
		bundle = bundle[5+n:]
	}
	return all
}

func join(frames []frame) (bundle []byte) {
	for _, f := range frames {
		bundle = append(bundle, f.typ)
		bundle = binary.BigEndian.AppendUint32(bundle, uint32(len(f.payload)))
		bundle = append(bundle, f.payload...)
	}
	return bundle
}

// sealed puts an end behind frames as the party itself would: docs/protocol/60.
func sealed(frames []frame, key ed25519.PrivateKey, made time.Time) []byte {
	if n := len(frames); n > 0 && frames[n-1].typ == 'Z' {
		frames = frames[:n-1]
	}
	entries := 0
	for _, f := range frames {
		if f.typ == 'E' {
			entries++
		}
	}
	body := join(frames)
	sum, head := sha256.Sum256(body), sha256.Sum256(frames[0].payload)
	payload, err := json.Marshal(map[string]any{
		"format": audit.Format, "head": base64.StdEncoding.EncodeToString(head[:]), "digest": base64.StdEncoding.EncodeToString(sum[:]),
		"frames": len(frames), "entries": entries, "made": made,
	})
	if err != nil {
		panic(err)
	}
	token, err := crypto.Sign(key, "sluis-audit+jwt", payload)
	if err != nil {
		panic(err)
	}
	return append(body, join([]frame{{'Z', token}})...)
}

// A mutation is a bundle to which something was done.
type mutation struct {
	what   string
	frames []frame
	at     int // the first frame that is touched
}

// mutations lists everything that can be done to the frames: flip, drop, swap,
// duplicate.
func mutations(frames []frame, step int) (all []mutation) {
	put := func(what string, at int, changed []frame) { all = append(all, mutation{what, changed, at}) }
	for i, f := range frames {
		name := fmt.Sprintf("frame %d (%c)", i, f.typ)
		for at := 0; at < len(f.payload); at++ {
			if at%step != 0 && at > 3 && at < len(f.payload)-3 {
				continue
			}
			changed := slices.Clone(frames)
			changed[i].payload = bytes.Clone(f.payload)
			changed[i].payload[at] ^= 1 << (at % 8)
			put(fmt.Sprintf("byte %d of %s flipped", at, name), i, changed)
		}
		put(name+" dropped", i, slices.Delete(slices.Clone(frames), i, i+1))
		put(name+" twice", i, slices.Insert(slices.Clone(frames), i, f))
		if len(f.payload) > 0 {
			changed := slices.Clone(frames)
			changed[i].payload = f.payload[:len(f.payload)-1]
			put(name+" shorter", i, changed)
		}
		for j := i + 1; j < len(frames); j++ {
			if frames[j].typ != f.typ && j > i+1 || bytes.Equal(frames[j].payload, f.payload) {
				continue
			}
			changed := slices.Clone(frames)
			changed[i], changed[j] = changed[j], changed[i]
			put(fmt.Sprintf("%s and %d swapped", name, j), i, changed)
		}
	}
	return all
}

// named are the codes that name what was done to a frame of a type, when the
// party signs the result again.
var named = map[byte][]audit.Code{
	'R': {audit.RegisterInvalid, audit.RegisterOrder, audit.RegisterMissing, audit.FrameOrder, audit.EndSignature},
	'E': {audit.EntryForm, audit.EntryGap, audit.RootWrong, audit.FrameOrder},
	'K': {audit.PartKeyWrong, audit.PartKeyMissing, audit.PartKeySurplus, audit.FrameOrder, audit.EntryGap},
	'M': {audit.MessageDigest, audit.MessageMissing, audit.MessageSurplus, audit.FrameOrder, audit.EntryGap, audit.MessageWrong},
	'C': {audit.CheckpointWrong, audit.CheckpointMissing, audit.FrameOrder, audit.CosignatureWrong},
	'W': {audit.HeldForm, audit.FrameOrder},
}

// Whatever is done to a bundle, it is found: without a new signature of the
// party by that signature, with one by what the frames say of each other. What
// a frame alone can't tell is listed here, with the reason.
func TestEveryMutationIsFound(t *testing.T) {
	w := newWorld(t)
	w.ask(college, officer)
	step := 31
	if testing.Short() {
		step = 101
	}
	p := w.parties[officer]
	p.hold(w.parties[college])
	p.cosigners = []exchange.PartyID{college}
	head := p.grant(w.inspection(exchange.ScopeAll))
	var out bytes.Buffer
	p.export(&out, head)
	frames := framesOf(out.Bytes())
	if r := w.verified(join(frames)); r.Findings.Count() != 0 {
		t.Fatalf("the bundle itself: %+v", r.Findings.Listed)
	}
	if r := w.verified(sealed(frames, p.keys.Signing, head.Made)); r.Findings.Count() != 0 {
		t.Fatalf("the bundle signed again: %+v", r.Findings.Listed)
	}
	all := mutations(frames, step)
	for _, m := range all {
		r, err := w.verify(join(m.frames))
		var broken *audit.Broken
		switch {
		case errors.As(err, &broken):
		case err != nil:
			t.Errorf("%s: %v", m.what, err)
		case r.Findings.Count() == 0:
			t.Errorf("not found: %s", m.what)
		}
	}
	again := 0
	for _, m := range all {
		if m.frames[0].typ != 'H' || len(m.frames) > 1 && frames[m.at].typ == 'Z' {
			continue // no bundle at all, or nothing but the end was touched
		}
		bundle := sealed(m.frames, p.keys.Signing, head.Made)
		r, err := w.verify(bundle)
		var broken *audit.Broken
		if errors.As(err, &broken) {
			continue
		}
		if err != nil {
			t.Errorf("%s, signed again: %v", m.what, err)
			continue
		}
		again++
		if r.Findings.Count() == 0 {
			if frames[m.at].typ == 'C' && r.Others+len(r.Cosigned) > 0 && len(r.Cosigned) == 0 || frames[m.at].typ == 'W' && r.Held != 1 {
				continue // a cosignature by nobody we know counts for nothing; what it holds of others is its own to show, or to show twice
			}
			if m.at == 0 && madeLater(m.frames[0].payload, head.Made) {
				continue // when it made the bundle is the party's own word, as long as it is after the last entry
			}
			t.Errorf("not found when the party signs it again: %s", m.what)
			continue
		}
		if codes := named[frames[m.at].typ]; codes != nil && !slices.ContainsFunc(codes, r.Findings.Has) {
			t.Errorf("%s, signed again, is called %v", m.what, r.Findings.Total)
		}
	}
	t.Logf("%d mutations, %d of them signed again", len(all), again)
	if again < 100 {
		t.Errorf("only %d mutations were signed again; the test sees too little", again)
	}
}

func madeLater(document []byte, than time.Time) bool {
	var head audit.Head
	return json.Unmarshal(document, &head) == nil && !head.Made.Before(than.Add(-5*time.Minute)) && !head.Made.Equal(than)
}

// A bundle that is cut off anywhere is an error that says so.
func TestTruncatedBundleSaysSo(t *testing.T) {
	w := newWorld(t)
	w.ask(college, officer)
	bundle := w.parties[college].bundle(w.inspection(exchange.ScopeAll))
	ends := map[int]bool{}
	for i, n := 0, 0; i < len(bundle); i += n {
		n = 5 + int(binary.BigEndian.Uint32(bundle[i+1:i+5]))
		ends[i], ends[i+1], ends[i+5], ends[i+n-1] = true, true, true, true
	}
	for at := range ends {
		if at == len(bundle) {
			continue
		}
		_, err := w.verify(bundle[:at])
		var broken *audit.Broken
		if !errors.As(err, &broken) || !broken.Truncated() {
			t.Errorf("cut after %d of %d bytes: %v", at, len(bundle), err)
		}
	}
	var file bytes.Buffer
	seal, err := crypto.SealStream(&file, w.auditor.Recipient())
	w.must(err)
	_, err = seal.Write(bundle)
	w.must(err)
	w.must(seal.Close())
	for _, at := range []int{file.Len() - 1, file.Len() - 16, file.Len() / 2} {
		r, err := crypto.OpenStream(bytes.NewReader(file.Bytes()[:at]), w.auditor)
		if err == nil {
			_, err = audit.Verify(r, audit.Options{Root: w.root})
		}
		if !errors.Is(err, crypto.ErrSealBroken) {
			t.Errorf("sealed, cut after %d of %d bytes: %v", at, file.Len(), err)
		}
	}
}

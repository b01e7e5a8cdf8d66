package audit_test

import (
	"bytes"
	"errors"
	"testing"

	"sluis/exchange"
	"sluis/ledger/audit"
)

// Whatever comes in, the reader of frames and the parser of bundles end with a
// report or a named error, and a report on what is not a good bundle has
// findings.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	w.ask(college, officer)
	good := w.parties[officer].bundle(w.inspection(exchange.ScopeAll))
	frames := framesOf(good)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	f.Add([]byte("H\xff\xff\xff\xff"))
	f.Add(join(frames[:1]))
	f.Add(join(append(frames[:2:2], frames[len(frames)-2:]...)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := audit.Verify(bytes.NewReader(data), audit.Options{Root: w.root, Keep: true})
		var broken *audit.Broken
		switch {
		case err != nil && !errors.As(err, &broken):
			t.Errorf("an error without a name: %v", err)
		case err == nil && r.Findings.Count() == 0 && !bytes.Equal(data, good):
			t.Error("another bundle than the good one holds")
		case err == nil:
			if _, err := audit.Reconcile([]*audit.Report{r, r}); err != nil {
				t.Error(err)
			}
		}
	})
}

// A change of one frame is found whatever it is changed into.
func FuzzFrame(f *testing.F) {
	w := newWorld(f)
	w.ask(college, officer)
	head := w.parties[college].grant(w.inspection(exchange.ScopeAll))
	var out bytes.Buffer
	w.parties[college].export(&out, head)
	frames := framesOf(out.Bytes())
	for i, frame := range frames {
		f.Add(uint16(i), frame.payload)
	}
	f.Fuzz(func(t *testing.T, at uint16, payload []byte) {
		changed := append([]frame(nil), frames...)
		i := int(at) % len(frames)
		if changed[i].typ == 'H' || changed[i].typ == 'Z' || bytes.Equal(changed[i].payload, payload) {
			return
		}
		changed[i].payload = payload
		r, err := w.verify(sealed(changed, w.parties[college].keys.Signing, head.Made))
		if err == nil && r.Findings.Count() == 0 {
			t.Errorf("frame %d (%c) was changed and signed again, and nothing is found", i, frames[i].typ)
		}
	})
}

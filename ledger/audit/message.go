package audit

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
)

// addMessage holds the message of the entry before it to that entry.
func (v *verification) addMessage(token []byte) {
	e := &v.entry
	if !e.ok || e.message {
		v.find(FrameOrder, v.current(), "M")
		return
	}
	e.message = true
	index, kind := int64(e.Index), exchange.EventKind(e.Kind)
	if !e.covered || !Carries(kind) {
		v.find(MessageSurplus, index, "")
		return
	}
	if sha256.Sum256(wire.WithoutDisclosures(token)) != e.Message {
		v.find(MessageDigest, index, "")
		return
	}
	m, err := wire.Inspect(token, v.key)
	if err != nil {
		v.find(MessageWrong, index, codeOf(err))
		return
	}
	if m.Kind == wire.Answer {
		switch spoken := bytes.IndexByte(token, '~') >= 0; {
		case v.head.Inspection.Disclosures && !spoken:
			// What was rectified or erased since was taken out of it: whether that is
			// so, the end of the ledger tells.
			v.silent[e.Exchange] = index
		case !v.head.Inspection.Disclosures && spoken:
			v.find(DisclosuresMore, index, "")
		}
	} else if m.Kind != wire.Answer && !v.head.Inspection.Disclosures && bytes.ContainsAny(token, "~\n") {
		v.find(DisclosuresMore, index, "")
	}
	if field := v.differs(m, kind); field != "" {
		v.find(MessageDiffers, index, field)
		return
	}
	v.checkMessageClock(m, kind)
	v.report.Messages++
	e.row.Proved = true
	if k := v.report.kept; k != nil && e.act >= 0 {
		k.acts[e.act].proved, k.acts[e.act].signed, k.acts[e.act].expires = true, m.At, m.Expires
	}
	if m.Kind == wire.Receipt {
		v.checkReceipt(m)
	}
}

// differs returns what the message says otherwise than its entry, or "".
func (v *verification) differs(m wire.Inspected, kind exchange.EventKind) string {
	h := v.entry.Header
	pair, issued, paired := exchange.PassageOf(kind)
	want := wire.Kind(pair.Message)
	if !paired {
		want = wire.Receipt
	}
	from, to := h.Party, h.As
	if issued {
		from, to = h.As, h.Party
	}
	switch {
	case m.Kind != want:
		return "kind"
	case m.From.String() != from:
		return "sender"
	case m.To.String() != to:
		return "addressee"
	case string(m.Exchange) != h.Exchange:
		return "exchange"
	case m.Purpose != "" && string(m.Purpose) != h.Purpose:
		return "purpose"
	}
	return ""
}

// checkMessageClock holds that a message was signed when its entry says that it
// went, or before it came and while it held.
func (v *verification) checkMessageClock(m wire.Inspected, kind exchange.EventKind) {
	h := v.entry.Header
	_, issued, _ := exchange.PassageOf(kind)
	switch {
	case m.At.After(h.Time.Add(wire.Skew)),
		issued && m.At.Add(wire.Skew).Before(h.Time),
		!issued && h.Time.After(m.Expires.Add(wire.Skew)):
		v.find(MessageClock, int64(h.Index), "")
	}
}

// checkReceipt holds that a receipt proves what it is there for: that the
// ledger of the partner has our message.
func (v *verification) checkReceipt(m wire.Inspected) {
	h := v.entry.Header
	index := int64(h.Index)
	c, partner, field := v.evidence(m)
	if field != "" {
		v.find(ReceiptWrong, index, field)
		return
	}
	v.report.Receipts++
	if k := v.report.kept; k != nil {
		c.at = h.Index
		k.claims = append(k.claims, c)
	}
	sent, known := v.messages[[16]byte(m.Follows[:16])]
	if !known || !sent.issued {
		v.report.Findings.add(Finding{
			Code: ReceiptOfNone, Party: v.head.OIN, Entry: index, Kind: exchange.ReceiptReceived, Exchange: v.text(h.Exchange),
			Other: m.From.OIN, OtherEntry: int64(partner.Index),
		})
		return
	}
	if partner.Kind != string(exchange.Passages[sent.kind].Received) {
		v.find(ReceiptWrong, index, "kind")
	}
	went := time.UnixMilli(sent.at)
	if partner.Time.Add(wire.Skew).Before(went) || partner.Time.After(h.Time.Add(wire.Skew)) {
		v.find(ReceiptClock, index, "")
	}
}

// evidence checks the proof in a receipt with the key that the register of the
// time has of the partner's ledger. It returns what is wrong, or "".
func (v *verification) evidence(m wire.Inspected) (c claim, partner ledger.Header, field string) {
	entry, err := ledger.ParseEntry(m.Evidence.Entry)
	if err != nil {
		return c, partner, "entry"
	}
	h := v.entry.Header
	if entry.Message != ledger.Digest(m.Follows) || entry.Party != h.As || entry.As != h.Party || entry.Exchange != h.Exchange {
		return c, partner, "entry"
	}
	checkpoint, err := v.partnerCheckpoint(m)
	if err != nil || entry.Index >= checkpoint.Size {
		return c, partner, "checkpoint"
	}
	proof := make([]ledger.Hash, len(m.Evidence.Proof))
	for i, raw := range m.Evidence.Proof {
		if len(raw) != len(proof[i]) {
			return c, partner, "proof"
		}
		copy(proof[i][:], raw)
	}
	leaf := ledger.LeafHash(m.Evidence.Entry)
	if ledger.CheckInclusion(proof, checkpoint.Size, checkpoint.Root, entry.Index, leaf) != nil {
		return c, partner, "proof"
	}
	return claim{
		of: m.From.OIN, size: checkpoint.Size, root: checkpoint.Root, entry: int64(entry.Index), leaf: leaf, message: entry.Message, when: entry.Time,
	}, entry.Header, ""
}

func (v *verification) partnerCheckpoint(m wire.Inspected) (ledger.Checkpoint, error) {
	err := errorText("no register has the partner")
	for _, k := range [...]*version{v.now, v.before} {
		if k == nil || k.ledgers[m.From.OIN] == "" {
			continue
		}
		key := k.ledgers[m.From.OIN]
		c, wrong := ledger.OpenCheckpoint(m.Evidence.Checkpoint, key)
		if wrong == nil && strings.HasPrefix(key, c.Origin+"+") {
			return c, nil
		}
	}
	return ledger.Checkpoint{}, err
}

// endSilent names the answers that came without what they said, though nothing of
// them was corrected since.
func (v *verification) endSilent() {
	for _, entry := range slices.Sorted(maps.Values(v.silent)) {
		v.find(DisclosuresLess, entry, "")
	}
}

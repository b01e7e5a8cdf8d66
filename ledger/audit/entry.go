package audit

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
)

// addEntry takes the next entry into the tree and looks at its header.
func (v *verification) addEntry(data []byte) {
	v.raw = append(v.raw[:0], data...)
	place := v.report.Entries
	v.report.Entries++
	leaf := ledger.LeafHash(v.raw)
	v.tree.Append(leaf)
	if k := v.report.kept; k != nil {
		k.leaves = append(k.leaves, leaf)
	}
	e, err := ledger.ParseEntry(v.raw)
	if err != nil {
		v.entry = pending{}
		v.find(EntryForm, int64(place), "")
		v.next = place + 1
		return
	}
	v.entry = pending{Entry: e, ok: true, covered: v.scope.Covers(e.Header), act: -1}
	index := int64(e.Index)
	if e.Index != v.next {
		v.find(EntryGap, index, number(place))
	}
	v.next = e.Index + 1
	v.checkTimes(e.Header)
	kind := exchange.EventKind(e.Kind)
	v.kinds[exchange.EventKind(v.text(e.Kind))]++
	switch {
	case !v.order.Knows(kind):
		v.find(KindUnknown, index, "")
	case (kind == exchange.NodeCreated) != (place == 0):
		v.find(NoBeginning, index, "")
	}
	if e.As != ledger.None && !strings.HasPrefix(e.As, string(v.head.OIN)+":") {
		v.find(OwnParty, index, "")
	}
	if kind == exchange.RegisterInstalled {
		v.install(index, e.Message)
	}
	v.follow(kind)
	v.note(kind)
}

func (v *verification) checkTimes(h ledger.Header) {
	if v.report.First.IsZero() {
		v.report.First = h.Time
	}
	if h.Time.Before(v.last) {
		v.find(EntryTime, int64(h.Index), "")
	}
	v.last = h.Time
	if h.Time.After(v.head.Made.Add(wire.Skew)) {
		v.find(EntryFuture, int64(h.Index), "")
	}
}

// follow holds an entry to the order of its exchange.
func (v *verification) follow(kind exchange.EventKind) {
	h := v.entry.Header
	id, ok := uuidOf(h.Exchange)
	if !ok {
		return
	}
	key := dossierID{exchange: id, as: v.name(h.As)}
	line := v.strands[key]
	if line == nil {
		line = new(strand)
		v.strands[key] = line
		v.checkBirth(id, kind, h)
	}
	row := v.order.Step(&line.Course, kind)
	if row != nil {
		v.find(OrderBroken, int64(h.Index), row.Why)
	}
	switch kind {
	case exchange.DossierDestroyed:
		v.destroy(key)
	case exchange.ContributionsDestroyed:
		key.said = true
		v.destroy(key)
	case exchange.CorrectionReceived, exchange.ItemsErased:
		delete(v.silent, h.Exchange)
	}
}

// checkBirth compares the time in a UUIDv7 with that of the first entry that
// names it. Who begins an exchange makes its ID; the other side hears of it
// later.
func (v *verification) checkBirth(id [16]byte, kind exchange.EventKind, h ledger.Header) {
	if id[6]>>4 != 7 {
		return
	}
	made := time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
	early := h.Time.Add(wire.Skew).Before(made)
	late := (kind == exchange.RequestIssued || kind == exchange.CaseOpened) && made.Add(wire.Skew).Before(h.Time)
	if early || late {
		v.find(ExchangeClock, int64(h.Index), "")
	}
}

// A messageNote is what is remembered of a message.
type messageNote struct {
	at       int64 // milliseconds, of the entry that issued it
	issued   bool
	received bool
	kind     uint8 // number of its pair
}

// note remembers the message that an entry names.
func (v *verification) note(kind exchange.EventKind) {
	h := v.entry.Header
	pair, issued, paired := exchange.PassageOf(kind)
	if kind == exchange.DecisionTaken && !h.Message.IsZero() {
		v.decided[h.Message] = int64(h.Index)
	}
	if kind == exchange.AnswerIssued {
		delete(v.decided, h.Message)
	}
	if !paired && kind != exchange.ReceiptReceived {
		return
	}
	if h.Message.IsZero() {
		v.find(MessageDigest, int64(h.Index), "none")
		return
	}
	short := [16]byte(h.Message[:16])
	n := v.messages[short]
	if issued && n.issued || !issued && n.received {
		v.find(MessageTwice, int64(h.Index), "")
	}
	if issued {
		n.issued, n.at, n.kind = true, h.Time.UnixMilli(), pairNumber(pair)
	} else {
		n.received = true
	}
	v.messages[short] = n
	if k := v.report.kept; k != nil && paired {
		id, _ := uuidOf(h.Exchange)
		v.entry.act = len(k.acts)
		k.acts = append(k.acts, act{
			digest: h.Message, exchange: id, kind: exchange.EventKind(v.text(h.Kind)), party: v.text(h.Party), as: v.text(h.As),
			purpose: v.text(h.Purpose), index: h.Index, at: h.Time,
		})
	}
}

func pairNumber(p exchange.Passage) uint8 {
	for i, q := range exchange.Passages {
		if p == q {
			return uint8(i)
		}
	}
	return 255
}

// closeEntry looks at an entry when all that belongs to it has come.
func (v *verification) closeEntry() error {
	e := &v.entry
	if !e.ok {
		return nil
	}
	if e.covered {
		v.report.Covered++
		lacking := closed{first: int64(e.Index)}
		if len(e.Private) > 0 && !e.key {
			lacking.parts = 1
		}
		if Carries(exchange.EventKind(e.Kind)) && !e.Message.IsZero() && !e.message {
			lacking.messages = 1
		}
		v.lack(lacking)
	}
	row := e.row
	row.Header, row.Covered = e.Header, e.covered
	e.ok = false
	if v.options.Row != nil {
		return v.options.Row(row)
	}
	return nil
}

// uuidOf reads a UUID in its text form.
func uuidOf(s string) (id [16]byte, ok bool) {
	if len(s) != 36 {
		return id, false
	}
	var digits [32]byte
	copy(digits[0:8], s[0:8])
	copy(digits[8:12], s[9:13])
	copy(digits[12:16], s[14:18])
	copy(digits[16:20], s[19:23])
	copy(digits[20:32], s[24:36])
	_, err := hex.Decode(id[:], digits[:])
	return id, err == nil
}

// A dossierID names a dossier as an entry about its destruction does: by the
// exchange or case and our capacity in it. What belongs to the node itself goes
// by the name of its record key.
type dossierID struct {
	exchange [16]byte
	as       uint32 // number of the name, see verification.name
	said     bool   // what was contributed to a case conference, see EventKind.Forgotten
}

// A strand is what is remembered of one exchange or case in one capacity.
type strand struct {
	exchange.Course
	opened    bool // the key of a private part came
	destroyed bool
}

func (v *verification) dossier(h ledger.Header) dossierID {
	// What was passed on to a party has a dossier by the ID of its passing, while
	// its entries are about the exchange that it comes from. A record key of
	// version 7 is such a name; those of version 8 are made of one.
	if id, ok := uuidOf(h.Key); ok && id[6]>>4 == 7 {
		return dossierID{exchange: id, as: v.name(h.As)}
	}
	if id, ok := uuidOf(h.Exchange); ok && h.Key != nodeDossier {
		return dossierID{exchange: id, as: v.name(h.As), said: exchange.EventKind(h.Kind).Forgotten()}
	}
	return dossierID{as: v.name(h.Key)}
}

// strand returns what is remembered of a dossier.
func (v *verification) strand(id dossierID) *strand {
	s := v.strands[id]
	if s == nil {
		s = new(strand)
		v.strands[id] = s
	}
	return s
}

// name numbers a text. Those that a party makes up beyond all sense share one
// number.
func (v *verification) name(s string) uint32 {
	n, ok := v.names[s]
	if !ok && len(v.names) < 1<<16 {
		n = uint32(len(v.names)) + 1
		v.names[strings.Clone(s)] = n
	}
	return n
}

// nodeDossier is the record key of what belongs to the node: an entry under it
// outlives the dossier that it is about.
const nodeDossier = "node"

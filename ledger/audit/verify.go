package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"strconv"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
)

// Options say how to verify a bundle.
type Options struct {
	// Root is the root document of the register authority, brought by the
	// auditor. Without it the first root in the bundle is taken, and the report
	// says that nothing outside vouches for it.
	Root []byte
	// Recipient is the fingerprint of the auditor's key, to be compared with the
	// one that was granted. Empty for no comparison.
	Recipient string
	// Row receives every entry, in order; nil for nothing. What it receives
	// counts only when Verify returns without error.
	Row func(Row) error
	// Keep keeps what [Reconcile] needs: some 200 bytes for each message and 32
	// for each entry.
	Keep bool
}

// A verification is one pass over a bundle.
type verification struct {
	options Options
	frames  *frameReader
	sum     hash.Hash // of all frames but the end
	order   *exchange.Order
	report  *Report

	// The head, and where in the bundle the pass is.
	head       Head
	headDigest string
	scope      Scope
	place      int

	// The registers.
	pin         register.Pin
	pinned      bool
	seen        *register.Register
	versions    []*version
	now, before *version // in force at the entry, and until the one before

	// The ledger so far.
	tree  ledger.Tree
	next  uint64 // index that the next entry has
	last  time.Time
	entry pending
	raw   []byte // of that entry
	kinds map[exchange.EventKind]uint64
	texts map[string]string
	// names number the texts of our capacities, of which there are few.
	names map[string]uint32
	// strands are what is remembered of each exchange, case and dossier.
	strands map[dossierID]*strand
	// messages are those that went or came, by the first half of their digest.
	messages map[[16]byte]messageNote
	// closed are dossiers with entries in scope that did not come opened.
	closed map[dossierID]closed
	// decided are decisions whose answer has not been issued yet: it is in the
	// same commit, so there is one at most.
	decided map[ledger.Digest]int64
	// silent are answers that came without what they said, by exchange.
	silent  map[string]int64
	granted bool
	signed  bool // there was a checkpoint
}

// A pending entry waits for the frames that belong to it.
type pending struct {
	ledger.Entry
	ok      bool // there is one, and it could be read
	covered bool
	key     bool // its key came
	message bool // its message came
	row     Row
	act     int // number of its act, or -1
}

// Verify reads a bundle that was opened ([crypto.OpenStream]) to its end, in one
// pass, and says what can't be so. An error means that it could not be read to
// its end, or that the root is none: then nothing counts.
//
// It holds one entry at a time; what grows with the ledger is a few bytes per
// exchange and message.
func Verify(r io.Reader, o Options) (*Report, error) {
	v := &verification{
		options: o, frames: newFrameReader(r), sum: sha256.New(), order: exchange.NewOrder(exchange.Rows[:]), report: &Report{Cosigned: []string{}},
		kinds: map[exchange.EventKind]uint64{}, texts: map[string]string{}, names: map[string]uint32{}, strands: map[dossierID]*strand{},
		messages: map[[16]byte]messageNote{}, closed: map[dossierID]closed{}, decided: map[ledger.Digest]int64{}, silent: map[string]int64{},
	}
	if o.Keep {
		v.report.kept = &kept{}
	}
	if o.Root != nil {
		pin, err := register.ParsePin(o.Root)
		if err != nil {
			return nil, err
		}
		v.pin, v.pinned = pin, true
		v.report.Vouched, v.report.Trust = true, pin.Fingerprint()
	}
	if err := v.readHead(); err != nil {
		return nil, err
	}
	if err := v.readFrames(); err != nil {
		return nil, err
	}
	return v.finish(), nil
}

// readHead reads the first frame, without which nothing can be said.
func (v *verification) readHead() error {
	typ, payload, err := v.frames.next()
	if errors.Is(err, io.EOF) {
		return &Broken{what: endsEarly}
	}
	if err != nil {
		return err
	}
	head, err := parseHead(typ, payload)
	if err != nil {
		return err
	}
	v.count(typ, payload)
	v.head, v.headDigest, v.scope = head, digestText(payload), ScopeOf(head.Inspection, head.Dossiers)
	v.report.Head = head
	v.checkHead()
	return nil
}

func parseHead(typ frameType, payload []byte) (Head, error) {
	var head Head
	if typ != frameHead || decodeStrict(payload, &head) != nil || head.Format != Format {
		return Head{}, &Broken{what: notABundle}
	}
	// There is one form: the decoder would also take other white space, or a
	// name in capitals.
	if again, err := json.Marshal(head); err != nil || !bytes.Equal(again, payload) {
		return Head{}, &Broken{what: notABundle}
	}
	return head, nil
}

// ReadHead returns the head of a bundle that was opened. It checks nothing: what
// the head says counts when [Verify] has read the bundle to its end.
func ReadHead(r io.Reader) (Head, error) {
	typ, payload, err := newFrameReader(r).next()
	if errors.Is(err, io.EOF) {
		return Head{}, &Broken{what: endsEarly}
	}
	if err != nil {
		return Head{}, err
	}
	return parseHead(typ, payload)
}

func (v *verification) checkHead() {
	h := v.head
	_, err := exchange.ParseOIN(string(h.OIN))
	switch {
	case err != nil:
		v.find(HeadForm, -1, "oin")
	case h.Inspection.Check() != nil:
		v.find(HeadForm, -1, "inspection")
	case h.Size == 0 || h.Granted >= h.Size:
		v.find(HeadForm, -1, "size")
	case h.Made.IsZero():
		v.find(HeadForm, -1, "made")
	}
	if h.Inspection.Scope == exchange.ScopePerson && DigestOfDossiers(h.Dossiers) != h.Inspection.Dossiers {
		v.find(GrantDiffers, -1, "dossiers")
	}
	if v.options.Recipient != "" && v.options.Recipient != h.Inspection.Recipient {
		v.find(GrantDiffers, -1, "recipient")
	}
}

// readFrames reads everything behind the head.
func (v *verification) readFrames() error {
	for {
		typ, payload, err := v.frames.next()
		if errors.Is(err, io.EOF) {
			return &Broken{v.frames.frames, v.frames.entries, endsEarly, nil}
		}
		if err != nil {
			return err
		}
		if typ.place() < v.place {
			v.find(FrameOrder, v.current(), string(rune(typ)))
		}
		v.place = max(v.place, typ.place())
		if typ == frameEnd {
			if err := v.closeEntry(); err != nil {
				return err
			}
			v.checkEnd(payload)
			break
		}
		v.count(typ, payload)
		if err := v.take(typ, payload); err != nil {
			return err
		}
	}
	if _, _, err := v.frames.next(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = &Broken{v.frames.frames, v.frames.entries, afterTheEnd, nil}
		}
		return err
	}
	return nil
}

// count adds a frame to the digest that the party signs.
func (v *verification) count(typ frameType, payload []byte) {
	var header [frameHeader]byte
	header[0] = byte(typ)
	binary.BigEndian.PutUint32(header[1:], uint32(len(payload)))
	v.sum.Write(header[:])
	v.sum.Write(payload)
}

func (v *verification) take(typ frameType, payload []byte) error {
	switch typ {
	case frameHead:
		v.find(HeadTwice, -1, "")
	case frameRegister:
		v.addRegister(payload)
	case frameEntry:
		if err := v.closeEntry(); err != nil {
			return err
		}
		v.addEntry(payload)
	case framePartKey:
		v.addPartKey(payload)
	case frameMessage:
		v.addMessage(payload)
	case frameCheckpoint:
		if err := v.closeEntry(); err != nil {
			return err
		}
		v.addCheckpoint(payload)
	case frameHeld:
		v.addHeld(payload)
	case frameAlarm:
		v.report.Alarms++
	}
	return nil
}

// finish says what can be said only at the end.
func (v *verification) finish() *Report {
	v.endRegisters()
	v.endDossiers()
	v.endSilent()
	for _, entry := range v.decided {
		v.find(AnswerMissing, entry, "")
	}
	r := v.report
	if !v.signed {
		v.find(CheckpointMissing, -1, "")
	}
	if !v.granted {
		v.find(GrantMissing, int64(v.head.Granted), "")
	}
	root := v.tree.Root()
	r.Root, r.Last = ledger.Digest(root).String(), v.last
	exchanges := map[[16]byte]struct{}{}
	for k := range v.strands {
		if k.exchange != [16]byte{} {
			exchanges[k.exchange] = struct{}{}
		}
	}
	r.Exchanges = len(exchanges)
	for _, k := range exchange.EventKinds {
		if n := v.kinds[k]; n > 0 {
			r.Kinds = append(r.Kinds, KindCount{k, n})
		}
	}
	if k := v.newest(); k != nil {
		if name, ok := k.names[v.head.OIN]; ok && name != v.head.Name {
			v.find(HeadForm, -1, "name")
			r.Head.Name = name // the register's word, not the party's own
		}
		r.listed = k.names
		if r.kept != nil {
			r.kept.names, r.kept.ledgers = k.names, k.ledgers
		}
	}
	r.Findings.sort()
	return r
}

// find adds a finding about the entry that is being read, or about none.
func (v *verification) find(code Code, entry int64, detail string) {
	f := Finding{Code: code, Party: v.head.OIN, Entry: entry, OtherEntry: -1, Detail: detail}
	if entry >= 0 && v.entry.ok && uint64(entry) == v.entry.Index {
		f.Kind = exchange.EventKind(v.text(v.entry.Kind))
		if v.entry.Exchange != ledger.None {
			f.Exchange = v.text(v.entry.Exchange)
		}
	}
	v.report.Findings.add(f)
}

// current is the number of the entry that is being read, or -1.
func (v *verification) current() int64 {
	if v.entry.ok {
		return int64(v.entry.Index)
	}
	return int64(v.report.Entries) - 1
}

// text keeps one copy of a text of a header, which else would keep the whole
// header in memory.
func (v *verification) text(s string) string {
	if kept, ok := v.texts[s]; ok {
		return kept
	}
	s = string(append([]byte(nil), s...))
	if len(v.texts) < 1<<16 {
		v.texts[s] = s
	}
	return s
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// codeOf is the stable code of an error of the rooms below.
func codeOf(err error) string {
	var listed *register.Fault
	var message *wire.Fault
	var gate *crypto.GateError
	var refusal *exchange.Refusal
	switch {
	case errors.As(err, &listed):
		return listed.Code
	case errors.As(err, &message):
		return message.Code
	case errors.As(err, &gate):
		return gate.Code
	case errors.As(err, &refusal):
		return string(refusal.Code)
	}
	return "malformed"
}

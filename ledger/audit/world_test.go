package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/ledger/audit"
	"sluis/register"
)

var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	college = exchange.PartyID{OIN: "00000099000001001000", Capacity: "investigation"}
	officer = exchange.PartyID{OIN: "00000099000002002000", Capacity: "probation"}
	school  = exchange.PartyID{OIN: "00000099000006006000", Capacity: "education"}
)

const purpose = "investigation/client-request"

// A world is a few parties with a register, and a clock.
type world struct {
	t       testing.TB
	now     time.Time
	parties map[exchange.PartyID]*party
	root    []byte
	bundle  []byte // the register
	ids     uint64
	auditor *crypto.Identity
}

// A party writes a ledger as a node does, with real keys.
type party struct {
	w       *world
	id      exchange.PartyID
	keys    *crypto.Keys
	signer  note.Signer
	entries []written
	stored  []ledger.Hash
	tree    ledger.Tree
	record  map[string]crypto.RecordKey
	// held are checkpoints of partners that it kept; cosigners sign its own.
	held      []audit.Held
	cosigners []exchange.PartyID
	witness   string // verifier key of its cosignatures
}

// A written entry has all that may go along with it.
type written struct {
	ledger.Entry
	raw   []byte
	key   crypto.Secret // zero when there is no private part
	token []byte        // the message, or nil
}

func newWorld(t testing.TB, ids ...exchange.PartyID) *world {
	t.Helper()
	if len(ids) == 0 {
		ids = []exchange.PartyID{college, officer}
	}
	w := &world{t: t, now: noon, parties: map[exchange.PartyID]*party{}}
	public, authority, err := ed25519.GenerateKey(nil)
	w.must(err)
	root, err := register.NewRoot(1, []ed25519.PublicKey{public}, noon.AddDate(0, -1, 0), noon.AddDate(1, 0, 0))
	w.must(err)
	w.root, err = register.SignRoot(root, authority)
	w.must(err)
	draft, err := register.NewDraft(w.root, noon.AddDate(0, -1, 0), noon.AddDate(0, 6, 0))
	w.must(err)
	for _, id := range ids {
		p := &party{w: w, id: id, record: map[string]crypto.RecordKey{}}
		p.keys, err = crypto.GenerateKeys()
		w.must(err)
		origin := "sluis.invalid/ledger/" + string(id.OIN)
		p.signer, err = ledger.NewSigner(origin, p.keys.Checkpoint)
		w.must(err)
		entry, err := register.EntryOf(p.keys.Public(), origin, exchange.Party{OIN: id.OIN, Name: "party " + string(id.Capacity), Capacities: []exchange.Capacity{{
			Code: id.Capacity, Domain: "probation", Task: "service", Regime: exchange.NoSecrecy, MayProcessBSN: true,
		}}}, []string{"/ip4/127.0.0.1/tcp/4001"}, register.Contact{})
		w.must(err)
		p.witness = entry.Witness
		draft, err = draft.Add(entry)
		w.must(err)
		w.parties[id] = p
	}
	signed, err := draft.Sign(authority)
	w.must(err)
	w.bundle, err = register.Publish([][]byte{w.root}, signed, nil)
	w.must(err)
	w.auditor, err = crypto.NewIdentity()
	w.must(err)
	for _, id := range ids {
		p := w.parties[id]
		p.write("node", exchange.NodeCreated, exchange.Event{}, []byte("{}"), nil)
		p.install()
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// id makes a UUIDv7 of the world's clock.
func (w *world) id() exchange.ID {
	var b [16]byte
	w.ids++
	binary.BigEndian.PutUint64(b[:8], uint64(w.now.UnixMilli())<<16)
	binary.BigEndian.PutUint64(b[8:], w.ids)
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return exchange.ID(fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]))
}

// write appends an entry. part is its private part in clear.
func (p *party) write(dossier string, kind exchange.EventKind, e exchange.Event, part []byte, token []byte) ledger.Header {
	p.w.now = p.w.now.Add(time.Second)
	h := ledger.Header{
		Index: uint64(len(p.entries)), Time: p.w.now, Kind: string(kind), Exchange: ledger.None, Party: ledger.None, As: ledger.None,
		Purpose: ledger.None, Key: ledger.None,
	}
	if e.Exchange != "" {
		h.Exchange = string(e.Exchange)
	}
	if e.Own != (exchange.PartyID{}) {
		h.As = e.Own.String()
	}
	if e.Other != (exchange.PartyID{}) {
		h.Party = e.Other.String()
	}
	if e.Purpose != "" {
		h.Purpose = string(e.Purpose)
	}
	if token != nil {
		h.Message = sha256.Sum256(wire.WithoutDisclosures(token))
	}
	if kind == exchange.RegisterInstalled {
		h.Message = sha256.Sum256(p.w.bundle)
	}
	h.Key = dossier
	record, ok := p.record[dossier]
	if !ok {
		record = crypto.NewRecordKey()
		p.record[dossier] = record
	}
	sealed, err := record.SealPart(part, h.Bound())
	p.w.must(err)
	key, err := record.PartKey(sealed)
	p.w.must(err)
	p.append(written{Entry: ledger.Seal(h, sealed), key: key, token: token})
	return p.entries[h.Index].Header
}

func (p *party) append(e written) {
	var err error
	e.raw, err = e.Marshal()
	p.w.must(err)
	p.entries = append(p.entries, e)
	for _, s := range p.tree.Append(ledger.LeafHash(e.raw)) {
		p.stored = append(p.stored, s.Hash)
	}
}

// step writes an entry with an ordinary private part.
func (p *party) step(kind exchange.EventKind, x exchange.ID, other exchange.PartyID, token []byte) ledger.Header {
	part, err := json.Marshal(exchange.PrivatePart{By: "a.jansen", Register: 1, Detail: exchange.Detail{
		Items: []exchange.ItemNote{{Item: "supervision-conditions", Depth: exchange.Process, Outcome: exchange.Supply}},
	}})
	p.w.must(err)
	return p.write(string(x), kind, exchange.Event{Exchange: x, Own: p.id, Other: other, Purpose: purpose}, part, token)
}

func (p *party) install() {
	p.write("node", exchange.RegisterInstalled, exchange.Event{}, []byte(`{"version":1,"sha256":""}`), nil)
}

func (p *party) read(indexes []int64) ([]ledger.Hash, error) {
	var all []ledger.Hash
	for _, i := range indexes {
		all = append(all, p.stored[i])
	}
	return all, nil
}

func (p *party) checkpoint() []byte {
	signed, err := ledger.SignCheckpoint(ledger.Checkpoint{Origin: p.signer.Name(), Size: uint64(len(p.entries)), Root: p.tree.Root()}, p.signer)
	p.w.must(err)
	return signed
}

// receipt makes the receipt of a message that p wrote down as h.
func (p *party) receipt(h ledger.Header, to exchange.PartyID) []byte {
	proof, err := ledger.ProveInclusion(uint64(len(p.entries)), h.Index, p.read)
	p.w.must(err)
	v := wire.Evidence{Entry: p.entries[h.Index].raw, Checkpoint: p.checkpoint(), Proof: [][]byte{}}
	for _, hash := range proof {
		v.Proof = append(v.Proof, bytes.Clone(hash[:]))
	}
	e := wire.Envelope{
		ID: string(p.w.id()), From: p.id, To: to, Exchange: exchange.ID(h.Exchange), Follows: wire.Digest(h.Message),
		At: h.Time, Expires: h.Time.AddDate(1, 0, 0),
	}
	signed, err := wire.SignReceipt(e, v, p.keys.Signing)
	p.w.must(err)
	return signed.Token
}

func (p *party) envelope(x exchange.ID, to exchange.PartyID, follows wire.Digest) wire.Envelope {
	return wire.Envelope{
		ID: string(p.w.id()), From: p.id, To: to, Exchange: x, Follows: follows, At: p.w.now, Expires: p.w.now.AddDate(0, 1, 0),
	}
}

// ask plays a whole exchange: a request, a decision, an answer, all receipts.
func (w *world) ask(from, to exchange.PartyID) exchange.ID {
	a, s := w.parties[from], w.parties[to]
	x := w.id()
	signed, err := wire.SignRequest(a.envelope(x, to, wire.Digest{}), requestOf(x, from, to), a.keys.Signing)
	w.must(err)
	a.step(exchange.RequestIssued, x, to, signed.Token)
	a.step(exchange.ReceiptReceived, x, to, s.receipt(s.step(exchange.RequestReceived, x, from, signed.Token), from))
	s.step(exchange.StepTaken, x, from, nil)
	answer := exchange.Answer{At: w.now, Items: []exchange.AnsweredItem{
		{Item: "supervision-conditions", Outcome: exchange.Supply, Depth: exchange.Process, Value: exchange.Hide("meldplicht tot maart")},
	}}
	told, err := wire.SignAnswer(s.envelope(x, from, signed.Digest), answer, s.keys.Signing)
	w.must(err)
	s.step(exchange.DecisionTaken, x, from, told.Token)
	s.step(exchange.AnswerIssued, x, from, told.Token)
	s.step(exchange.ReceiptReceived, x, from, a.receipt(a.step(exchange.AnswerReceived, x, to, told.Token), to))
	a.step(exchange.Viewed, x, to, nil)
	return x
}

func requestOf(x exchange.ID, from, to exchange.PartyID) exchange.Request {
	bsn, _ := exchange.ParseBSN("999993847")
	return exchange.Request{
		ID: x, Case: "0193a0b0-0000-7000-8000-00000000000c", From: from, To: to, Purpose: purpose, Specific: exchange.Hide("een plan maken"),
		Trigger:     exchange.TriggerNote{Code: "client-request", On: noon.AddDate(0, 0, -3)},
		Statements:  []exchange.Statement{{Code: "question", Text: exchange.Hide("running")}, {Code: "why-this-party", Text: exchange.Hide("toezicht")}},
		Subject:     exchange.Subject{Standing: exchange.Client, BSN: bsn},
		Items:       []exchange.AskedItem{{Item: "supervision-conditions", Depth: exchange.Content, Why: exchange.Hide("reden een")}},
		Involvement: exchange.Involvement{State: exchange.Objected, Why: exchange.Hide("omdat")},
		Contact:     exchange.Hide("06-00000000"), Due: noon.AddDate(0, 1, 0),
	}
}

// inspection is the scope of a bundle, made out to the auditor.
func (w *world) inspection(scope exchange.ScopeCode) exchange.Inspection {
	return exchange.Inspection{Scope: scope, Recipient: audit.Fingerprint(w.auditor.Recipient())}
}

// grant writes the entry that grants an inspection and returns the head of its
// bundle.
func (p *party) grant(i exchange.Inspection) audit.Head {
	part, err := json.Marshal(exchange.PrivatePart{By: "m.kuipers", Register: 1, Detail: exchange.Detail{Inspection: &i}})
	p.w.must(err)
	h := p.write("node", exchange.InspectionGranted, exchange.Event{Own: p.id}, part, nil)
	return audit.Head{
		OIN: p.id.OIN, Name: "party " + string(p.id.Capacity), Ledger: ledger.VerifierKey(p.signer.Name(), p.keys.Public().Checkpoint), Made: p.w.now,
		By: "m.kuipers", As: p.id.String(), Inspection: i, Granted: h.Index, Size: h.Index + 1,
	}
}

// export writes the bundle of a head in clear.
func (p *party) export(out io.Writer, head audit.Head) {
	w := p.w
	b, err := audit.NewWriter(out, head)
	w.must(err)
	w.must(b.Register(w.bundle))
	scope := audit.ScopeOf(head.Inspection, head.Dossiers)
	for _, e := range p.entries[:head.Size] {
		w.must(b.Entry(e.raw))
		covered := scope.Covers(e.Header)
		if !e.key.IsZero() && (covered || e.Index == head.Granted) {
			w.must(b.PartKey(e.key))
		}
		if covered && e.token != nil && audit.Carries(exchange.EventKind(e.Kind)) {
			token := e.token
			if !head.Inspection.Disclosures {
				token = wire.WithoutDisclosures(token)
			}
			w.must(b.Message(token))
		}
	}
	note := p.checkpoint()
	for _, id := range p.cosigners {
		var err error
		note, err = ledger.AddCosignature(note, w.parties[id].cosign(note))
		w.must(err)
	}
	w.must(b.Checkpoint(note))
	for _, h := range p.held {
		document, err := json.Marshal(h)
		w.must(err)
		w.must(b.Held(document))
	}
	w.must(b.Close(p.keys.Signing))
}

// hold keeps the checkpoint that another shows now.
func (p *party) hold(other *party) {
	p.held = append(p.held, audit.Held{OIN: other.id.OIN, Note: string(other.checkpoint())})
}

// cosign makes the cosignature line of a signed note (C2SP tlog-cosignature).
func (p *party) cosign(signed []byte) []byte {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	c, err := ledger.ParseCheckpoint(text + "\n")
	p.w.must(err)
	name, _, _ := strings.Cut(p.witness, "+")
	cosigner, err := ledger.NewCosigner(name, p.keys.Witness)
	p.w.must(err)
	line, err := cosigner.Cosign(c, p.w.now)
	p.w.must(err)
	return line
}

// bundle grants and exports an inspection.
func (p *party) bundle(i exchange.Inspection) []byte {
	head := p.grant(i)
	var out bytes.Buffer
	p.export(&out, head)
	return out.Bytes()
}

// verify verifies a bundle in clear, trusting the root of the world.
func (w *world) verify(bundle []byte) (*audit.Report, error) {
	return audit.Verify(bytes.NewReader(bundle), audit.Options{
		Root: w.root, Recipient: audit.Fingerprint(w.auditor.Recipient()), Keep: true,
	})
}

func (w *world) verified(bundle []byte) *audit.Report {
	w.t.Helper()
	r, err := w.verify(bundle)
	w.must(err)
	return r
}

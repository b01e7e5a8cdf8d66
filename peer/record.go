package peer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/store"
)

// The tables of the store that this package fills. Keys hold IDs and digests,
// never anything personal.
const (
	tableCase     = "case"     // by case ID: a storedCase
	tableExchange = "exchange" // by rowKey: a record
	tableMessage  = "message"  // by rowKey and digest: a storedMessage
	tableReceipt  = "receipt"  // by rowKey and digest of the receipted message: a storedReceipt
	tableHold     = "hold"     // by dossier: a storedHold
	tablePetition = "petition" // by petition ID: a storedPetition

	tableConference   = "conference"   // by ID and capacity: a storedConference
	tableContribution = "contribution" // by conference, capacity and ID: a storedContribution

	tableStaff    = "staff"    // by actor ID
	tableDraft    = "draft"    // by exchange, case or conference, capacity and actor ID: the text as it was given
	tableAccount  = "account"  // by actor ID: what the door he comes in by knows him by
	tableRegister = "register" // the bundle in force
	tableKeys     = "keys"     // keysHeld: a storedHeld
	tableOnce     = "once"     // by digest of who and key: a storedOnce

	// Of the ledgers of partners, see sighting.go, and of our own.
	tableWitness     = "witness"     // by origin: a holding
	tableSighting    = "sighting"    // by sightingKey: a sighting
	tableAlarm       = "alarm"       // by origin and finding: an Alarm
	tableCosignature = "cosignature" // by OIN of the witness: a storedCosignature
)

// A record is an exchange as it is stored, with the digest of its request and
// the version that the store gave it.
type record struct {
	exchange.Exchange
	Request wire.Digest
	// Questions are the digests of the questions back, in the order of the
	// clarifications.
	Questions []wire.Digest
	// Replaced are the disclosures, by digest, whose values were corrected: a notice
	// may still name them.
	Replaced map[string]exchange.ItemCode
	Sent     string // ID of our last message, to take it from the outbox if it is overtaken
	version  uint64
}

func (r record) with(x exchange.Exchange) record {
	r.Exchange = x
	return r
}

// storedRecord is the only place, beside package wire, where personal values
// are written out; the store seals it under the record key of the dossier.
type storedRecord struct {
	Side     exchange.Side         `json:"side"`
	Phase    exchange.Phase        `json:"phase"`
	From     exchange.PartyID      `json:"from"`
	To       exchange.PartyID      `json:"to"`
	Request  json.RawMessage       `json:"request"`
	Digest   []byte                `json:"digest"`
	ByNumber bool                  `json:"byNumber,omitempty"`
	Broad    string                `json:"broad,omitempty"`
	Assigned *storedAssignment     `json:"assigned,omitempty"`
	Steps    []storedStep          `json:"steps,omitempty"`
	Asked    []storedClarification `json:"asked,omitempty"`
	Advice   []storedAdvice        `json:"advice,omitempty"`
	Decision *storedDecision       `json:"decision,omitempty"`
	Returned string                `json:"returned,omitempty"`
	Answer   *storedAnswer         `json:"answer,omitempty"`
	Sent     string                `json:"sent,omitempty"`
	storedOnward
	Replaced map[string]exchange.ItemCode `json:"replaced,omitempty"`
	Rejected string                       `json:"rejected,omitempty"`
	Begun    time.Time                    `json:"begun,omitzero"`
	Changed  time.Time                    `json:"changed"`
}

type storedAssignment struct {
	To  exchange.ActorID `json:"to"`
	Why string           `json:"why,omitempty"`
	By  exchange.ActorID `json:"by"`
	At  time.Time        `json:"at"`
}

type storedStep struct {
	Step    exchange.StepCode    `json:"step"`
	Outcome exchange.OutcomeCode `json:"outcome"`
	Text    string               `json:"text,omitempty"`
	Day     time.Time            `json:"day,omitzero"`
	With    exchange.ActorID     `json:"with,omitempty"`
	By      exchange.ActorID     `json:"by"`
	At      time.Time            `json:"at"`
}

type storedClarification struct {
	Message  []byte           `json:"message"` // digest of the question
	Question string           `json:"question"`
	Asked    time.Time        `json:"asked"`
	Came     time.Time        `json:"came,omitzero"`
	By       exchange.ActorID `json:"by,omitempty"`
	Reply    string           `json:"reply,omitempty"`
	Replied  time.Time        `json:"replied,omitzero"`
	ReplyBy  exchange.ActorID `json:"replyBy,omitempty"`
	Failed   bool             `json:"failed,omitempty"`
}

type storedDecision struct {
	By         exchange.ActorID     `json:"by"`
	Second     exchange.ActorID     `json:"second,omitempty"`
	At         time.Time            `json:"at"`
	Items      []storedItem         `json:"items"`
	Conditions []exchange.Condition `json:"conditions,omitempty"`
	Note       string               `json:"note,omitempty"`
}

type storedAnswer struct {
	At         time.Time            `json:"at"`
	Items      []storedItem         `json:"items"`
	Conditions []exchange.Condition `json:"conditions,omitempty"`
}

type storedItem struct {
	Item    exchange.ItemCode   `json:"item"`
	Outcome exchange.Outcome    `json:"outcome"`
	Depth   exchange.Depth      `json:"depth,omitempty"`
	Value   string              `json:"value,omitempty"`
	Ground  exchange.GroundCode `json:"ground,omitempty"`
	Reason  string              `json:"reason,omitempty"`
	Tell    string              `json:"tell,omitempty"`
	Mark    exchange.Mark       `json:"mark,omitempty"`
}

func (r record) encode() ([]byte, error) {
	request, err := wire.EncodeRequest(r.Exchange.Request)
	if err != nil {
		return nil, err
	}
	s := storedRecord{
		Side: r.Side, Phase: r.Phase, From: r.Exchange.Request.From, To: r.Exchange.Request.To, Request: request,
		Digest: r.Request[:], Sent: r.Sent, Rejected: r.Rejected, Begun: r.Begun, Changed: r.Changed,
		ByNumber: r.ByNumber, Broad: r.Broad.Reveal(), Returned: r.Returned.Reveal(), storedOnward: onwardOf(r.Exchange), Replaced: r.Replaced,
		Advice: storeAdvice(r.Advice),
	}
	if a := r.Assignment; a.To != "" {
		s.Assigned = &storedAssignment{To: a.To, Why: a.Why.Reveal(), By: a.By, At: a.At}
	}
	for _, t := range r.Weighing {
		s.Steps = append(s.Steps, storedStep{Step: t.Code, Outcome: t.Outcome, Text: t.Text.Reveal(), Day: t.Day, With: t.With, By: t.By, At: t.At})
	}
	for i, c := range r.Clarifications {
		s.Asked = append(s.Asked, storedClarification{
			Message: r.Questions[i][:], Question: c.Question.Reveal(), Asked: c.Asked, Came: c.Came, By: c.By, Reply: c.Reply.Reveal(), Replied: c.Replied,
			ReplyBy: c.ReplyBy, Failed: c.Failed,
		})
	}
	if d := r.Decision; len(d.Items) > 0 {
		s.Decision = &storedDecision{By: d.By, Second: d.Second, At: d.At, Conditions: d.Conditions, Note: d.Note.Reveal()}
		for _, i := range d.Items {
			s.Decision.Items = append(s.Decision.Items, storedItem{
				Item: i.Item, Outcome: i.Outcome, Depth: i.Depth, Value: i.Value.Reveal(), Ground: i.Ground,
				Reason: i.Reason.Reveal(), Tell: i.Tell.Reveal(), Mark: i.Mark,
			})
		}
	}
	if a := r.Answer; len(a.Items) > 0 {
		s.Answer = &storedAnswer{At: a.At, Conditions: a.Conditions}
		for _, i := range a.Items {
			s.Answer.Items = append(s.Answer.Items, storedItem{
				Item: i.Item, Outcome: i.Outcome, Depth: i.Depth, Value: i.Value.Reveal(), Tell: i.Tell.Reveal(), Mark: i.Mark,
			})
		}
	}
	return json.Marshal(s)
}

func decodeRecord(id exchange.ID, value []byte, version uint64) (record, error) {
	var s storedRecord
	if err := json.Unmarshal(value, &s); err != nil {
		// The decoder's own text may quote what it read.
		return record{}, fmt.Errorf("exchange %s is stored in a form that this version cannot read", id)
	}
	request, err := wire.DecodeRequest(s.Request)
	if err != nil {
		return record{}, err
	}
	request.ID, request.From, request.To = id, s.From, s.To
	r := record{
		Exchange: exchange.Exchange{ID: id, Side: s.Side, Phase: s.Phase, Request: request, Rejected: s.Rejected, Begun: s.Begun, Changed: s.Changed},
		Sent:     s.Sent,
		Replaced: s.Replaced,
		version:  version,
	}
	copy(r.Request[:], s.Digest)
	r.ByNumber, r.Broad, r.Returned = s.ByNumber, exchange.Hide(s.Broad), exchange.Hide(s.Returned)
	r.Advice = readAdvice(s.Advice)
	if a := s.Assigned; a != nil {
		r.Assignment = exchange.Assignment{To: a.To, Why: exchange.Hide(a.Why), By: a.By, At: a.At}
	}
	for _, t := range s.Steps {
		r.Weighing = append(r.Weighing, exchange.Step{
			Code: t.Step, Outcome: t.Outcome, Text: exchange.Hide(t.Text), Day: t.Day, With: t.With, By: t.By, At: t.At,
		})
	}
	for _, c := range s.Asked {
		r.Clarifications = append(r.Clarifications, exchange.Clarification{
			Question: exchange.Hide(c.Question), Asked: c.Asked, Came: c.Came, By: c.By, Reply: exchange.Hide(c.Reply), Replied: c.Replied,
			ReplyBy: c.ReplyBy, Failed: c.Failed,
		})
		r.Questions = append(r.Questions, wire.Digest(c.Message))
	}
	if d := s.Decision; d != nil {
		r.Decision = exchange.Decision{By: d.By, Second: d.Second, At: d.At, Conditions: d.Conditions, Note: exchange.Hide(d.Note)}
		for _, i := range d.Items {
			r.Decision.Items = append(r.Decision.Items, exchange.ItemDecision{
				Item: i.Item, Outcome: i.Outcome, Depth: i.Depth, Value: exchange.Hide(i.Value), Ground: i.Ground,
				Reason: exchange.Hide(i.Reason), Tell: exchange.Hide(i.Tell), Mark: i.Mark,
			})
		}
	}
	if a := s.Answer; a != nil {
		r.Answer = exchange.Answer{At: a.At, Conditions: a.Conditions}
		for _, i := range a.Items {
			r.Answer.Items = append(r.Answer.Items, exchange.AnsweredItem{
				Item: i.Item, Outcome: i.Outcome, Depth: i.Depth, Value: exchange.Hide(i.Value), Tell: exchange.Hide(i.Tell), Mark: i.Mark,
			})
		}
	}
	s.storedOnward.into(&r.Exchange)
	return r, nil
}

// rowKey is where one side of an exchange is kept. One organisation can be both
// sides, in two capacities: what it asks as investigator and answers as
// coordinator are two copies, in two dossiers.
func rowKey(id exchange.ID, side exchange.Side) string {
	if side == exchange.Supplier {
		return string(id) + supplierRow
	}
	return string(id)
}

const supplierRow = ":supplier"

// dossierOf names the record key of one side of an exchange: its ID, or, where
// the organisation is both sides, a second ID (UUIDv8, RFC 9562 §5.8) for what
// it answers. Each hat has its own.
func dossierOf(x exchange.Exchange) string {
	if x.Side == exchange.Asker || x.Own().OIN != x.Other().OIN {
		return string(x.ID)
	}
	return supplierDossier(x.ID)
}

func supplierDossier(id exchange.ID) string { return uuidOf("sluis-supplier-dossier\n" + string(id)) }

// caseDossier names the record key of a case: not its ID, which partners read in
// our requests and could give to an exchange of theirs.
func caseDossier(id exchange.ID) string { return uuidOf("sluis-case-dossier\n" + string(id)) }

// uuidOf makes a UUIDv8 of a text.
func uuidOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func sideOf(row string) exchange.Side {
	if strings.HasSuffix(row, supplierRow) {
		return exchange.Supplier
	}
	return exchange.Asker
}

func idOf(row string) exchange.ID { return exchange.ID(strings.TrimSuffix(row, supplierRow)) }

// lookup loads the side of an exchange that is ours; where both are, that of
// the hat, or the asker's.
func (n *Node) lookup(id exchange.ID, hat exchange.CapacityCode) (record, error) {
	asker, err := n.record(id, exchange.Asker)
	if err == nil && (hat == "" || asker.Own().Capacity == hat) {
		return asker, nil
	}
	if err != nil && !absent(err) {
		return record{}, err
	}
	supplier, missing := n.record(id, exchange.Supplier)
	switch {
	case err == nil && (absent(missing) || missing == nil && supplier.Own().Capacity != hat):
		return asker, nil
	case errors.Is(missing, &Fault{Code: UnknownExchange}):
		return record{}, err // our side was destroyed, or there never was one
	}
	return supplier, missing
}

// absent reports whether there is no such side, or no more.
func absent(err error) bool {
	return errors.Is(err, &Fault{Code: UnknownExchange}) || errors.Is(err, &Fault{Code: Destroyed})
}

// record loads one side of an exchange.
func (n *Node) record(id exchange.ID, side exchange.Side) (record, error) {
	value, version, err := n.store.Get(tableExchange, rowKey(id, side))
	if errors.Is(err, store.ErrNotFound) {
		if side == exchange.Supplier {
			if err := n.missing(supplierDossier(id), UnknownExchange); errors.Is(err, &Fault{Code: Destroyed}) {
				return record{}, err
			}
		}
		return record{}, n.missing(string(id), UnknownExchange)
	}
	if err != nil {
		return record{}, err
	}
	return decodeRecord(id, value, version)
}

// missing is why something is not there: it never was, or it was destroyed.
func (n *Node) missing(dossier, code string) error {
	gone, err := n.store.IsDestroyed(dossier)
	if err != nil {
		return err
	}
	if gone {
		return fault(Destroyed)
	}
	return fault(code)
}

// storedMessage keeps a message as it was signed: the evidence of what was
// said. It is stored as "kind sent" or "kind received", a line feed, and the
// token. Where the version of the row does not tell the number of the ledger entry
// that it came with, that follows on the line: "+2" is the third entry of the
// change that wrote the row; a number is that of the entry, when values were
// taken out of the message later.
type storedMessage struct {
	kind  wire.Kind
	sent  bool
	token []byte
	entry uint64 // 0 where the version of the row and after tell it
	after int    // so many entries after the first of the change
}

func (m storedMessage) encode() []byte {
	direction := " received"
	if m.sent {
		direction = " sent"
	}
	switch {
	case m.entry > 0:
		direction += " " + strconv.FormatUint(m.entry, 10)
	case m.after > 0:
		direction += " +" + strconv.Itoa(m.after)
	}
	return slices.Concat([]byte(m.kind), []byte(direction), []byte{'\n'}, m.token)
}

// decodeMessage reads a message of a row that has this version.
func decodeMessage(value []byte, version uint64) (storedMessage, error) {
	line, token, ok := bytes.Cut(value, []byte("\n"))
	words := strings.Split(string(line), " ")
	if !ok || len(words) < 2 || len(words) > 3 || (words[1] != "sent" && words[1] != "received") {
		return storedMessage{}, errors.New("a message is stored in a form that this version cannot read")
	}
	// A row that is written once has the version of the entry it came with.
	m := storedMessage{kind: wire.Kind(words[0]), sent: words[1] == "sent", token: token, entry: version - 1}
	if len(words) == 3 {
		after, relative := strings.CutPrefix(words[2], "+")
		entry, err := strconv.ParseUint(after, 10, 64)
		if err != nil {
			return storedMessage{}, errors.New("a message is stored in a form that this version cannot read")
		}
		if relative {
			entry += m.entry
		}
		m.entry = entry
	}
	return m, nil
}

// storedReceipt says where a message of ours stands in the partner's ledger,
// and which of his receipts proves it.
type storedReceipt struct {
	Receipt []byte `json:"receipt"` // digest; the receipt itself is a message of the exchange
	Index   uint64 `json:"index"`
	Size    uint64 `json:"size"`
}

func messageKey(row string, d wire.Digest) string {
	return row + "/" + hex.EncodeToString(d[:])
}

// partnerLedger is what a receipt shows of the partner's ledger.
type partnerLedger struct {
	message wire.Digest // our message
	receipt wire.Digest // his receipt
	entry   ledger.Header
	shown   sighting // the checkpoint that covers the entry
}

// shownBy is what the receipt shows of a ledger that is not our own.
func (p *partnerLedger) shownBy(own exchange.OIN) *sighting {
	if p.shown.Party == own {
		return nil
	}
	return &p.shown
}

func (p *partnerLedger) row(of string) (store.Record, error) {
	value, err := json.Marshal(storedReceipt{Receipt: p.receipt[:], Index: p.entry.Index, Size: p.shown.checkpoint.Size})
	return store.Record{Table: tableReceipt, Key: messageKey(of, p.message), Value: value}, err
}

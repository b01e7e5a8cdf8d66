package audit

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
)

// A Comparison is the outcome of [Reconcile].
type Comparison struct {
	Parties []Checked `json:"parties"`
	// Unchecked are parties that the ledgers name and of which no bundle was
	// given: what passed with them is not compared.
	Unchecked []Unchecked `json:"unchecked"`
	// Passed says who sent what to whom, and what of it stands on both sides.
	Passed []Passed `json:"passed"`
	// UnderWay are messages that were sent, for which there is no receipt yet and
	// which have not expired. They may still arrive; that is no finding.
	UnderWay []UnderWay `json:"underWay"`
	Findings Findings   `json:"findings"`
}

// A Checked party is one whose bundle was laid beside the others.
type Checked struct {
	OIN      exchange.OIN `json:"oin"`
	Name     string       `json:"name"`
	Entries  uint64       `json:"entries"`
	Findings uint64       `json:"findings"` // in its bundle alone
	Claims   int          `json:"claims"`   // proofs that others hold of its ledger, all compared
}

// An Unchecked party is only heard of.
type Unchecked struct {
	OIN      exchange.OIN `json:"oin"`
	Name     string       `json:"name,omitempty"`
	Messages int          `json:"messages"`
}

// A Passed line counts the messages of one kind from one party to another.
type Passed struct {
	From    exchange.PartyID     `json:"from"`
	To      exchange.PartyID     `json:"to"`
	Kind    exchange.MessageKind `json:"kind"`
	Both    int                  `json:"both"`    // stand in both ledgers
	One     int                  `json:"one"`     // stand on one side, and that is a finding
	Waiting int                  `json:"waiting"` // under way
	Unknown int                  `json:"unknown"` // the other was not given
}

// An UnderWay message has been issued, and that is all that is known.
type UnderWay struct {
	From     exchange.OIN         `json:"from"`
	To       exchange.OIN         `json:"to"`
	Kind     exchange.MessageKind `json:"kind"`
	Exchange string               `json:"exchange"`
	Entry    uint64               `json:"entry"`
	Issued   time.Time            `json:"issued"`
}

// longestLife is how long a message can be offered at most: after that it is
// not under way any more, whatever its own expiry, which may not be in scope.
const longestLife = 400 * 24 * time.Hour

// A book is one party's side.
type book struct {
	*Report
	*kept
	issued   map[ledger.Digest]*act
	received map[ledger.Digest]*act
	// sent are the acts of a kind in an exchange, by kind and exchange: to see
	// that something else was written down.
	sent    map[actKey][]*act
	claimed map[ledger.Digest]claim // receipts that it holds, by the message they are for
}

type actKey struct {
	kind     exchange.EventKind
	exchange [16]byte
	other    exchange.OIN
}

// Reconcile lays the reports of several parties side by side; each was made with
// Options.Keep. It says what stands on one side only and who left it out, what
// differs, and whose ledger is not the one that others saw.
//
// Of two reports of one party the shorter must be the beginning of the longer.
func Reconcile(reports []*Report) (*Comparison, error) {
	c := &comparison{books: map[exchange.OIN]*book{}, Comparison: &Comparison{Unchecked: []Unchecked{}, Passed: []Passed{}, UnderWay: []UnderWay{}}}
	for _, r := range reports {
		if r.kept == nil {
			return nil, errors.New("audit: the report was not made to be compared")
		}
		c.add(r)
	}
	c.names()
	for _, oin := range c.order {
		c.checkClaims(oin)
	}
	for _, oin := range c.order {
		c.checkActs(c.books[oin])
	}
	c.checkNotices()
	c.result()
	return c.Comparison, nil
}

type comparison struct {
	*Comparison
	books     map[exchange.OIN]*book
	order     []exchange.OIN
	claims    []heldClaim
	unchecked map[exchange.OIN]int
	passed    map[passedKey]*Passed
	known     map[exchange.OIN]string
}

type passedKey struct {
	from, to string
	kind     exchange.MessageKind
}

// A heldClaim is a claim and who holds it.
type heldClaim struct {
	claim
	by exchange.OIN
}

func (c *comparison) add(r *Report) {
	oin := r.Head.OIN
	for _, held := range r.kept.claims {
		c.claims = append(c.claims, heldClaim{held, oin})
	}
	before, twice := c.books[oin]
	if twice {
		short, long := before.Report, r
		if short.Entries > long.Entries {
			short, long = long, short
		}
		// The shorter is a claim on the longer, held by the auditor himself.
		c.claims = append(c.claims, heldClaim{claim{of: oin, size: short.Entries, root: rootOf(short.kept.leaves), entry: -1}, oin})
		r = long
	} else {
		c.order = append(c.order, oin)
	}
	b := &book{
		Report: r, kept: r.kept, issued: map[ledger.Digest]*act{}, received: map[ledger.Digest]*act{}, sent: map[actKey][]*act{},
		claimed: map[ledger.Digest]claim{},
	}
	for i := range b.acts {
		a := &b.acts[i]
		if _, issued, _ := exchange.PassageOf(a.kind); issued {
			b.issued[a.digest] = a
		} else {
			b.received[a.digest] = a
		}
		key := actKey{a.kind, a.exchange, oinOf(a.party)}
		b.sent[key] = append(b.sent[key], a)
	}
	for _, held := range b.claims {
		if held.entry >= 0 {
			b.claimed[held.message] = held
		}
	}
	c.books[oin] = b
}

func (c *comparison) names() {
	c.known, c.unchecked, c.passed = map[exchange.OIN]string{}, map[exchange.OIN]int{}, map[passedKey]*Passed{}
	slices.Sort(c.order)
	for _, oin := range c.order {
		for other, name := range c.books[oin].names {
			c.known[other] = name
		}
	}
}

// checkClaims compares the ledger of a party with everything that others hold
// of it: each root that it signed, and each entry that a receipt proves.
func (c *comparison) checkClaims(oin exchange.OIN) {
	b := c.books[oin]
	var held []heldClaim
	for _, h := range c.claims {
		if h.of == oin {
			held = append(held, h)
		}
	}
	slices.SortStableFunc(held, func(a, b heldClaim) int { return int(int64(a.size) - int64(b.size)) })
	c.Parties = append(c.Parties, Checked{OIN: oin, Name: b.Head.Name, Entries: b.Entries, Findings: b.Report.Findings.Count(), Claims: len(held)})
	var tree ledger.Tree
	for _, h := range held {
		f := Finding{Party: oin, Entry: h.entry, Other: h.by, OtherEntry: int64(h.at)}
		if h.size > b.Entries {
			f.Code, f.Detail = LedgerShorter, number(h.size)
			c.shorter(b, h, f)
			continue
		}
		for tree.Size() < h.size {
			tree.Append(b.leaves[tree.Size()])
		}
		switch {
		case tree.Root() != h.root:
			f.Code, f.Detail = LedgerForked, number(h.size)
		case h.entry >= 0 && b.leaves[h.entry] != h.leaf:
			f.Code = LedgerForked
		default:
			continue
		}
		c.Findings.add(f)
	}
}

// shorter names a ledger of which others saw more. When the bundle was simply
// made before, the auditor came early and the party hides nothing: the time of
// the entry that the receipt proves is by the party's own clock.
func (c *comparison) shorter(b *book, h heldClaim, f Finding) {
	when := h.when
	if when.IsZero() {
		when = c.books[h.by].Head.Made // a checkpoint has no time; it was there by then
	}
	if when.Before(b.Head.Made) {
		c.Findings.add(f)
	}
}

// checkActs looks for the other half of everything that a party issued or
// received.
func (c *comparison) checkActs(b *book) {
	for i := range b.acts {
		a := &b.acts[i]
		pair, issued, _ := exchange.PassageOf(a.kind)
		other := oinOf(a.party)
		line := c.line(a, pair, issued)
		o, given := c.books[other]
		if !given {
			c.unchecked[other]++
			line.Unknown++
			continue
		}
		if issued {
			c.checkIssued(b, o, a, pair, line)
		} else {
			c.checkReceived(b, o, a, pair, line)
		}
	}
}

// checkIssued looks for the receipt of a message in the ledger of the other.
func (c *comparison) checkIssued(b, o *book, a *act, pair exchange.Passage, line *Passed) {
	if r, ok := o.received[a.digest]; ok {
		line.Both++
		c.checkPair(b, o, a, r)
		return
	}
	f := Finding{
		Party: o.Head.OIN, Entry: -1, Kind: pair.Received, Exchange: uuidText(a.exchange), Other: b.Head.OIN, OtherEntry: int64(a.index),
	}
	proof, proved := b.claimed[a.digest]
	switch {
	case o.lacks(pair.Received, a, b):
		line.One++
		f.Code = OtherContent
	case proved:
		line.One++
		// It signed for the entry, so its ledger had it.
		f.Code, f.Detail = Omitted, "receipt of entry "+number(uint64(proof.entry))
	default:
		line.Waiting++
		if c.stillUnderWay(b, a) {
			c.UnderWay = append(c.UnderWay, UnderWay{b.Head.OIN, o.Head.OIN, pair.Message, uuidText(a.exchange), a.index, a.at})
		}
		return
	}
	c.Findings.add(f)
}

// checkReceived looks for the issue of a message in the ledger of the other. A
// message that came is signed, so the other sent it, whatever it wrote down.
func (c *comparison) checkReceived(b, o *book, a *act, pair exchange.Passage, line *Passed) {
	if _, ok := o.issued[a.digest]; ok {
		return // counted and compared from the other side
	}
	went := a.at
	if a.proved {
		went = a.signed // by the other's own clock
	}
	if !went.Before(o.Head.Made) {
		line.Waiting++
		return // the other's bundle was made before
	}
	line.One++
	f := Finding{
		Code: Omitted, Party: o.Head.OIN, Entry: -1, Kind: pair.Issued, Exchange: uuidText(a.exchange), Other: b.Head.OIN, OtherEntry: int64(a.index),
	}
	if a.proved {
		f.Detail = "signed message"
	}
	if o.lacks(pair.Issued, a, b) {
		f.Code = OtherContent
	}
	c.Findings.add(f)
}

// lacks reports whether a party has, for the same kind in the same exchange with
// the same other, a message that the other does not have.
func (b *book) lacks(kind exchange.EventKind, a *act, other *book) bool {
	for _, mine := range b.sent[actKey{kind, a.exchange, other.Head.OIN}] {
		_, issued := other.issued[mine.digest]
		_, received := other.received[mine.digest]
		if !issued && !received {
			return true
		}
	}
	return false
}

// checkPair holds that both wrote the same about a message.
func (c *comparison) checkPair(b, o *book, a, r *act) {
	f := Finding{
		Party: o.Head.OIN, Entry: int64(r.index), Kind: r.kind, Exchange: uuidText(a.exchange), Other: b.Head.OIN, OtherEntry: int64(a.index),
	}
	switch {
	case a.exchange != r.exchange:
		f.Code, f.Detail = PairDiffers, "exchange"
	case a.purpose != r.purpose:
		f.Code, f.Detail = PairDiffers, "purpose"
	case a.party != r.as || a.as != r.party:
		f.Code, f.Detail = PairDiffers, "party"
	case r.at.Add(wire.Skew).Before(a.at):
		f.Code = TimesDiffer
	default:
		return
	}
	c.Findings.add(f)
}

// stillUnderWay reports whether a message may still arrive: as far as is known
// it had not expired when the bundle was made.
func (c *comparison) stillUnderWay(b *book, a *act) bool {
	expires := a.expires
	if expires.IsZero() {
		expires = a.at.Add(longestLife)
	}
	return expires.After(b.Head.Made)
}

// line is where messages of this kind between these two are counted.
func (c *comparison) line(a *act, pair exchange.Passage, issued bool) *Passed {
	key := passedKey{a.party, a.as, pair.Message}
	if issued {
		key.from, key.to = a.as, a.party
	}
	line, ok := c.passed[key]
	if !ok {
		from, _ := exchange.ParsePartyID(key.from)
		to, _ := exchange.ParsePartyID(key.to)
		line = &Passed{From: from, To: to, Kind: pair.Message}
		c.passed[key] = line
	}
	return line
}

func (c *comparison) result() {
	for oin, n := range c.unchecked {
		c.Unchecked = append(c.Unchecked, Unchecked{oin, c.known[oin], n})
	}
	slices.SortFunc(c.Unchecked, func(a, b Unchecked) int { return strings.Compare(string(a.OIN), string(b.OIN)) })
	for _, line := range c.passed {
		c.Passed = append(c.Passed, *line)
	}
	slices.SortFunc(c.Passed, func(a, b Passed) int {
		return strings.Compare(a.From.String()+a.To.String()+string(a.Kind), b.From.String()+b.To.String()+string(b.Kind))
	})
	c.Findings.sort()
}

func oinOf(party string) exchange.OIN {
	if len(party) < 20 {
		return ""
	}
	return exchange.OIN(party[:20])
}

func rootOf(leaves []ledger.Hash) ledger.Hash {
	var tree ledger.Tree
	for _, leaf := range leaves {
		tree.Append(leaf)
	}
	return tree.Root()
}

func uuidText(id [16]byte) string {
	text := hex.EncodeToString(id[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", text[0:8], text[8:12], text[12:16], text[16:20], text[20:32])
}

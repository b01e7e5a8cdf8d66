package audit

import (
	"cmp"
	"slices"

	"sluis/exchange"
)

// A Finding is something that can't be so if all is well. It holds numbers,
// codes and OINs, nothing of a person.
type Finding struct {
	Code Code `json:"code"`
	// Party is whose ledger shows it; where one party left something out, that
	// party.
	Party exchange.OIN `json:"party,omitempty"`
	// Entry is the number of the entry, or -1 where it is about none.
	Entry    int64              `json:"entry"`
	Kind     exchange.EventKind `json:"kind,omitempty"`
	Exchange string             `json:"exchange,omitempty"`
	// Other is the other party, and OtherEntry the entry in its ledger, or -1.
	Other      exchange.OIN `json:"other,omitempty"`
	OtherEntry int64        `json:"otherEntry"`
	// Detail is a code or a number that narrows it down.
	Detail string `json:"detail,omitempty"`
}

// A Code names a kind of finding. Codes are never renamed or reused; words.go
// says what each means.
type Code string

// The codes of findings about one bundle.
const (
	FrameOrder   Code = "frame-order"
	HeadForm     Code = "head-form"
	HeadTwice    Code = "head-twice"
	EndSignature Code = "end-signature"
	EndDigest    Code = "end-digest"

	RegisterInvalid Code = "register-invalid"
	RegisterOrder   Code = "register-order"
	RegisterMissing Code = "register-missing"
	RegisterUnused  Code = "register-not-recorded"
	PartyUnlisted   Code = "party-not-listed"
	LedgerKey       Code = "ledger-key-differs"

	EntryForm   Code = "entry-form"
	EntryGap    Code = "entry-gap"
	EntryTime   Code = "entry-time-back"
	EntryFuture Code = "entry-future"
	NoBeginning Code = "no-beginning"
	KindUnknown Code = "kind-unknown"
	OwnParty    Code = "entry-of-other"

	CheckpointMissing Code = "checkpoint-missing"
	CheckpointWrong   Code = "checkpoint-signature"
	CheckpointSize    Code = "checkpoint-size"
	RootWrong         Code = "root-differs"
	CosignatureWrong  Code = "cosignature-wrong"
	HeldForm          Code = "held-form"

	GrantMissing Code = "grant-missing"
	GrantDiffers Code = "grant-differs"

	PartKeyMissing  Code = "part-key-missing"
	PartKeySurplus  Code = "part-key-surplus"
	PartKeyWrong    Code = "part-key-wrong"
	PartForm        Code = "part-form"
	PartRegister    Code = "part-register"
	NotDestroyed    Code = "not-destroyed"
	MessageMissing  Code = "message-missing"
	MessageSurplus  Code = "message-surplus"
	MessageDigest   Code = "message-digest"
	MessageWrong    Code = "message-wrong"
	MessageDiffers  Code = "message-differs"
	MessageClock    Code = "message-clock"
	MessageTwice    Code = "message-twice"
	ReceiptWrong    Code = "receipt-wrong"
	ReceiptOfNone   Code = "receipt-of-nothing"
	ReceiptClock    Code = "receipt-clock"
	OrderBroken     Code = "order-broken"
	AnswerMissing   Code = "answer-missing"
	ExchangeClock   Code = "exchange-clock"
	DisclosuresLess Code = "disclosures-missing"
	DisclosuresMore Code = "disclosures-surplus"
	OnwardRefused   Code = "onward-refused"
)

// The codes of findings between bundles.
const (
	Omitted       Code = "omitted"
	PairDiffers   Code = "pair-differs"
	OtherContent  Code = "other-content"
	TimesDiffer   Code = "received-before-issued"
	LedgerForked  Code = "ledger-forked"
	LedgerShorter Code = "ledger-shorter"
	Unnoticed     Code = "passing-unnoticed"
)

// Codes lists every code, so that tests can walk them.
var Codes = [...]Code{
	FrameOrder, HeadForm, HeadTwice, EndSignature, EndDigest,
	RegisterInvalid, RegisterOrder, RegisterMissing, RegisterUnused, PartyUnlisted, LedgerKey,
	EntryForm, EntryGap, EntryTime, EntryFuture, NoBeginning, KindUnknown, OwnParty,
	CheckpointMissing, CheckpointWrong, CheckpointSize, RootWrong, CosignatureWrong, HeldForm,
	GrantMissing, GrantDiffers,
	PartKeyMissing, PartKeySurplus, PartKeyWrong, PartForm, PartRegister, NotDestroyed,
	MessageMissing, MessageSurplus, MessageDigest, MessageWrong, MessageDiffers, MessageClock, MessageTwice,
	ReceiptWrong, ReceiptOfNone, ReceiptClock, OrderBroken, AnswerMissing, ExchangeClock, DisclosuresLess, DisclosuresMore, OnwardRefused,
	Omitted, PairDiffers, OtherContent, TimesDiffer, LedgerForked, LedgerShorter, Unnoticed,
}

// Findings are what was found, the first of each code in full.
type Findings struct {
	Listed []Finding       `json:"listed"`
	Total  map[Code]uint64 `json:"total"` // per code, with those that are not listed
}

func (f *Findings) add(found Finding) {
	if f.Total == nil {
		f.Total = map[Code]uint64{}
	}
	if f.Total[found.Code]++; f.Total[found.Code] <= maxListed {
		f.Listed = append(f.Listed, found)
	}
}

// Count is how many there are.
func (f Findings) Count() (n uint64) {
	for _, times := range f.Total {
		n += times
	}
	return n
}

// Has reports whether there is one of the code.
func (f Findings) Has(code Code) bool { return f.Total[code] > 0 }

// sort puts findings in the order of parties and entries.
func (f *Findings) sort() {
	slices.SortStableFunc(f.Listed, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Entry, b.Entry))
	})
	if f.Listed == nil {
		f.Listed = []Finding{}
	}
}

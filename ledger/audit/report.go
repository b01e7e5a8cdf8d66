package audit

import (
	"time"

	"sluis/exchange"
	"sluis/ledger"
)

// A Report is the outcome of [Verify]. There is one only for a bundle that was
// read to its end.
type Report struct {
	Head Head `json:"head"`
	// Vouched says that the registers lead back to a root that the auditor
	// brought; otherwise nothing outside the bundle vouches for the keys in it.
	Vouched bool `json:"vouched"`
	// Trust is the fingerprint of the root that was used, to be compared by
	// telephone.
	Trust string `json:"trust"`

	Registers []uint64    `json:"registers"` // versions
	Entries   uint64      `json:"entries"`
	Root      string      `json:"root"`
	First     time.Time   `json:"first,omitzero"`
	Last      time.Time   `json:"last,omitzero"`
	Exchanges int         `json:"exchanges"` // requests and cases
	Covered   uint64      `json:"covered"`   // entries in scope
	Opened    uint64      `json:"opened"`    // private parts that were opened and hold
	Destroyed uint64      `json:"destroyed"` // in scope, and gone since their dossier was destroyed
	Messages  uint64      `json:"messages"`  // that were read and hold, receipts included
	Receipts  uint64      `json:"receipts"`
	Cosigned  []string    `json:"cosigned"` // whose cosignatures the checkpoint carries, as origins of ledgers
	Others    int         `json:"unknownCosignatures"`
	Held      int         `json:"held"`
	Alarms    int         `json:"alarms"`
	Kinds     []KindCount `json:"kinds"`

	Findings Findings `json:"findings"`

	// What Reconcile needs; nil unless Options.Keep.
	kept *kept
	// listed are the names of the parties, by the newest register of the bundle.
	listed map[exchange.OIN]string
}

// Name is what the newest register of the bundle calls a party, or its number.
func (r *Report) Name(oin exchange.OIN) string {
	if name := r.listed[oin]; name != "" {
		return name
	}
	return string(oin)
}

// A KindCount says how many entries of a kind there are.
type KindCount struct {
	Kind  exchange.EventKind `json:"kind"`
	Times uint64             `json:"times"`
}

// A Row is one entry as a spreadsheet wants it.
type Row struct {
	ledger.Header
	Covered bool
	// Part is the private part of a step that is in scope, or nil.
	Part   *exchange.PrivatePart
	Proved bool // its message is in the bundle and holds
}

// kept is what stays in memory of a bundle that is laid beside others.
type kept struct {
	leaves  []ledger.Hash
	acts    []act
	claims  []claim
	names   map[exchange.OIN]string
	ledgers map[exchange.OIN]string // verifier keys, of the newest register
}

// An act is one entry that stands, or should stand, in another ledger too.
type act struct {
	digest   ledger.Digest
	exchange [16]byte
	kind     exchange.EventKind
	party    string // counterparty
	as       string
	purpose  string
	index    uint64
	at       time.Time
	proved   bool      // the message is in the bundle and its signature holds
	signed   time.Time // when it was signed, where it is proved
	expires  time.Time // until when it is offered, where it is proved
}

// A claim is what a party holds of another's ledger: by a receipt, or by a
// checkpoint that it kept.
type claim struct {
	of      exchange.OIN
	size    uint64
	root    ledger.Hash
	entry   int64 // number of an entry that the receipt proves, or -1
	leaf    ledger.Hash
	message ledger.Digest // that the receipt is for
	at      uint64        // number of the entry here
	when    time.Time     // of the entry that is proved, by the clock of whose ledger it is
}

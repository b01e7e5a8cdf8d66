// Package register is the signed register of parties: who takes part, in what
// capacity, where a party is reached, and with which keys it signs and opens.
//
// # Trust
//
// It follows The Update Framework. A [Root] names the keys of the register
// authorities and how many of them must sign. The register is one document
// signed by that many. A node pins the root it was made with ([ParsePin]); each
// later root is signed by the threshold of the root before it and by its own.
// What travels and is stored is a [Bundle]: all roots from the first on, and
// the register.
//
// [Open] refuses a register that is older than the one seen before, another one
// of the same version, an expired one, one with too few signatures, and one
// whose chain of roots does not pass through the pin. It also refuses what
// would let one party pass for another: an OIN, peer ID, key, recipient or
// ledger name that stands there twice.
//
// # Reading and making one
//
// register.go answers the questions of a node. draft.go and root.go are for the
// authorities: pure functions from documents to documents.
//
// # What it does not know
//
// Files, networks and clocks: the time comes in as an argument. It imports
// exchange, crypto, schemas and ledger (for the form of verifier keys) of ours and starts no goroutine. The documents
// are written down in docs/protocol/20-register.md.
package register

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"sluis/crypto"
	"sluis/exchange"
)

// A Register is a register whose signatures were verified. It does not change
// and may be used by many goroutines.
type Register struct {
	raw     []byte
	doc     document
	digest  [sha256.Size]byte   // of the register's payload
	roots   [][sha256.Size]byte // of the payloads of the roots, from version 1 on
	root    Root                // the newest
	laws    map[string][]byte   // contents of the catalogues
	parties []Party
	byOIN   map[exchange.OIN]int
	byPeer  map[string]int
	keys    map[string]SigningKey
	sealTo  []func() []crypto.Recipient // per party; parses once, when first asked
}

// A Party is an organisation as the register lists it.
type Party struct {
	exchange.Party
	// Peer is the libp2p peer ID.
	Peer string
	// Addresses are multiaddresses without the peer ID of the party, in order of
	// preference; that of a relay is in those that lead through one.
	Addresses []string
	// Checkpoint is the verifier key of its ledger (C2SP signed-note).
	Checkpoint string
	// Witness is the verifier key of its cosignatures on the ledgers of others
	// (C2SP signed-note, tlog-cosignature).
	Witness string
	Contact Contact
}

// A SigningKey is a key with which a party signs messages.
type SigningKey struct {
	OIN    exchange.OIN
	Public ed25519.PublicKey

	// From is when it starts to be valid; Until when it ends, zero when open.
	From, Until time.Time
	// Revoked is when it was compromised; zero when it was not.
	Revoked time.Time
}

// ValidAt reports whether the key may sign at this moment: from From on, before
// Until, and before it was revoked.
func (k SigningKey) ValidAt(at time.Time) bool {
	return !at.Before(k.From) && (k.Until.IsZero() || at.Before(k.Until)) && !k.RevokedAt(at)
}

// RevokedAt reports whether the key is revoked at this moment. A thief chooses
// the time in what he signs, so what arrives after the revocation is not to be
// trusted whatever time it gives; what arrived before stays verifiable.
func (k SigningKey) RevokedAt(at time.Time) bool {
	return !k.Revoked.IsZero() && !at.Before(k.Revoked)
}

// Version is the version of the register, from 1 on.
func (r *Register) Version() uint64 { return r.doc.Version }

// Issued is when the authorities made it.
func (r *Register) Issued() time.Time { return r.doc.Issued }

// Expires is the moment from which it may no longer be relied on.
func (r *Register) Expires() time.Time { return r.doc.Expires }

// Root is the newest root of the chain, which signed the register.
func (r *Register) Root() Root { return r.root }

// Raw is the bundle, for storing and passing on. It must not be changed.
func (r *Register) Raw() []byte { return r.raw }

// Parties lists all parties in the order of their OINs. It must not be changed.
func (r *Register) Parties() []Party { return r.parties }

// Catalogues lists the law catalogues that go with this version. It must not be changed.
func (r *Register) Catalogues() []Catalogue { return r.doc.Catalogues }

// Party returns the party with this OIN.
func (r *Register) Party(oin exchange.OIN) (Party, bool) {
	i, ok := r.byOIN[oin]
	if !ok {
		return Party{}, false
	}
	return r.parties[i], true
}

// ByPeer returns the party that this libp2p peer ID belongs to.
func (r *Register) ByPeer(peer string) (Party, bool) {
	i, ok := r.byPeer[peer]
	if !ok {
		return Party{}, false
	}
	return r.parties[i], true
}

// Entry returns the entry of a party, to be changed and published again.
func (r *Register) Entry(oin exchange.OIN) (Entry, bool) {
	i, ok := r.byOIN[oin]
	if !ok {
		return Entry{}, false
	}
	return r.doc.Parties[i].clone(), true
}

// Key returns the signing key with this kid, also when it has ended or was
// revoked: see [SigningKey.ValidAt].
func (r *Register) Key(kid string) (SigningKey, bool) {
	k, ok := r.keys[kid]
	return k, ok
}

// MaySign reports whether a party has a signing key that is not revoked. One
// that has only ended keys may come back with a newer register.
func (r *Register) MaySign(oin exchange.OIN, now time.Time) bool {
	i, ok := r.byOIN[oin]
	return ok && slices.ContainsFunc(r.doc.Parties[i].Keys, func(k Key) bool { return !r.keys[k.JWK.Kid].RevokedAt(now) })
}

// Recipients returns whom to seal to so that a party can open it, or nil when
// there is no such party. It must not be changed.
func (r *Register) Recipients(oin exchange.OIN) []crypto.Recipient {
	i, ok := r.byOIN[oin]
	if !ok {
		return nil
	}
	return r.sealTo[i]()
}

// index checks every entry, and that no two of them can be taken for each
// other.
func (r *Register) index(check func(e Entry, dated bool) error) error {
	r.byOIN = make(map[exchange.OIN]int, len(r.doc.Parties))
	r.byPeer = make(map[string]int, len(r.doc.Parties))
	r.keys = make(map[string]SigningKey, len(r.doc.Parties))
	recipients := make(map[string]bool, len(r.doc.Parties))
	ledgers := make(map[string]bool, 4*len(r.doc.Parties))
	for i := range r.doc.Parties {
		e := &r.doc.Parties[i]
		if err := check(*e, true); err != nil {
			return err
		}
		if _, twice := r.byOIN[e.OIN]; twice {
			return fault(DuplicateOIN, string(e.OIN))
		}
		if i > 0 && r.doc.Parties[i-1].OIN > e.OIN {
			return fault(RegisterForm, "parties are not in the order of their OINs")
		}
		if other, twice := r.byPeer[e.Peer]; twice {
			return duplicate(DuplicatePeer, r.doc.Parties[other].OIN, e.OIN)
		}
		r.byOIN[e.OIN], r.byPeer[e.Peer] = i, i
		for _, k := range e.Keys {
			if other, twice := r.keys[k.JWK.Kid]; twice {
				return duplicate(DuplicateKey, other.OIN, e.OIN)
			}
			public, err := k.JWK.Key()
			if err != nil {
				return fault(BadKey, string(e.OIN))
			}
			r.keys[k.JWK.Kid] = SigningKey{OIN: e.OIN, Public: public, From: k.From, Until: k.Until, Revoked: k.RevokedAt}
		}
		for _, s := range e.Recipients {
			if recipients[s] {
				return fault(DuplicateRecipient, string(e.OIN))
			}
			recipients[s] = true
		}
		// A ledger is known by name and by key, and so is a witness; none may be of two.
		for _, name := range e.ledgerNames() {
			if ledgers[name] {
				return fault(DuplicateLedger, string(e.OIN))
			}
			ledgers[name] = true
		}
		r.parties = append(r.parties, e.party())
		r.sealTo = append(r.sealTo, sync.OnceValue(e.recipients))
	}
	return nil
}

func duplicate(code string, a, b exchange.OIN) *Fault {
	return fault(code, fmt.Sprintf("%s and %s", a, b))
}

// follows checks that a node that has seen another register may take this one.
func (r *Register) follows(seen *Register) error {
	if seen == nil {
		return nil
	}
	for i := range min(len(r.roots), len(seen.roots)) {
		if r.roots[i] != seen.roots[i] {
			return fault(RootForked, fmt.Sprintf("root version %d", i+1))
		}
	}
	switch {
	case r.Version() < seen.Version():
		return fault(RegisterRollback, fmt.Sprintf("version %d, seen %d", r.Version(), seen.Version()))
	case r.Version() == seen.Version() && r.digest != seen.digest:
		return fault(RegisterForked, fmt.Sprintf("version %d", r.Version()))
	case len(r.roots) < len(seen.roots):
		return fault(RootRollback, fmt.Sprintf("root version %d, seen %d", len(r.roots), len(seen.roots)))
	}
	return nil
}

// fresh checks that neither the register nor its root has expired.
func (r *Register) fresh(now time.Time) error {
	switch {
	case !now.Before(r.root.Expires):
		return fault(RootExpired, r.root.Expires.Format(time.RFC3339))
	case !now.Before(r.doc.Expires):
		return fault(RegisterExpired, r.doc.Expires.Format(time.RFC3339))
	}
	return nil
}

// Entries returns all entries, to be changed and published again.
func (r *Register) Entries() []Entry {
	entries := slices.Clone(r.doc.Parties)
	for i := range entries {
		entries[i] = entries[i].clone()
	}
	return entries
}

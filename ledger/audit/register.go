package audit

import (
	"crypto/sha256"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/ledger"
	"sluis/register"
)

// A version is what is kept of one register of the bundle: its keys. The
// document itself, which can be large, is let go.
type version struct {
	number  uint64
	digest  ledger.Digest // of the bundle, as the entry that installs it names it
	issued  time.Time
	keys    map[string]register.SigningKey
	ledgers map[exchange.OIN]string // verifier keys
	names   map[exchange.OIN]string
	// witnesses are the keys of cosignatures, of all parties.
	witnesses []string
	recorded  bool // an entry says that it was installed
}

// addRegister checks a register and keeps its keys.
func (v *verification) addRegister(bundle []byte) {
	bundle = append([]byte(nil), bundle...) // the register keeps it
	if !v.pinned {
		v.pinned = true
		// Nothing outside was given: the first root of the bundle is taken, and
		// the report says so.
		b, err := register.Parse(bundle)
		if err == nil {
			v.pin, err = register.ParsePin(b.Roots[0])
		}
		if err != nil {
			v.find(RegisterInvalid, -1, codeOf(err))
			return
		}
		v.report.Trust = v.pin.Fingerprint()
	}
	r, err := register.Reopen(v.pin, bundle)
	if err != nil {
		v.find(RegisterInvalid, -1, codeOf(err))
		return
	}
	if v.seen != nil && r.Version() <= v.seen.Version() {
		v.find(RegisterOrder, -1, number(r.Version()))
		return
	}
	if v.seen != nil {
		if _, err := register.Open(v.pin, bundle, v.seen, r.Issued()); err != nil {
			v.find(RegisterInvalid, -1, codeOf(err))
			return
		}
	}
	v.seen = r
	k := &version{
		number: r.Version(), digest: sha256.Sum256(bundle), issued: r.Issued(), keys: map[string]register.SigningKey{},
		ledgers: map[exchange.OIN]string{}, names: map[exchange.OIN]string{},
	}
	for _, e := range r.Entries() {
		k.ledgers[e.OIN], k.names[e.OIN] = e.Checkpoint, e.Name
		k.witnesses = append(k.witnesses, e.Witness)
		for _, key := range e.Keys {
			if found, ok := r.Key(key.JWK.Kid); ok {
				k.keys[key.JWK.Kid] = found
			}
		}
	}
	v.versions = append(v.versions, k)
	v.report.Registers = append(v.report.Registers, k.number)
}

// newest is the newest register of the bundle, or nil.
func (v *verification) newest() *version {
	if len(v.versions) == 0 {
		return nil
	}
	return v.versions[len(v.versions)-1]
}

// install puts the register of a digest in force, as an entry says.
func (v *verification) install(index int64, digest ledger.Digest) {
	for _, k := range v.versions {
		if k.digest == digest {
			k.recorded = true
			if v.now != nil && k.number <= v.now.number {
				v.find(RegisterOrder, index, number(k.number))
			}
			v.before, v.now = v.now, k
			return
		}
	}
	v.find(RegisterMissing, index, "")
	v.before, v.now = v.now, nil
}

// key finds a signing key in the register in force. A step that was judged
// while a newer one was put in place may still have followed the one before.
func (v *verification) key(kid string) (register.SigningKey, bool) {
	for _, k := range [...]*version{v.now, v.before} {
		if k == nil {
			continue
		}
		if found, ok := k.keys[kid]; ok {
			return found, true
		}
	}
	return register.SigningKey{}, false
}

// endRegisters looks at the registers when all entries have been read.
func (v *verification) endRegisters() {
	// One that is on disk and not installed yet may stand behind the others.
	later := false
	for _, k := range slices.Backward(v.versions) {
		if !k.recorded && later {
			v.find(RegisterUnused, -1, number(k.number))
		}
		later = later || k.recorded
	}
	k := v.newest()
	if k == nil {
		v.find(RegisterMissing, -1, "")
		return
	}
	switch key, listed := k.ledgers[v.head.OIN]; {
	case !listed:
		v.find(PartyUnlisted, -1, "")
	case key != v.head.Ledger:
		v.find(LedgerKey, -1, "")
	}
}

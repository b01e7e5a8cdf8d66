package register

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"time"

	"sluis/crypto"
	"sluis/exchange"
)

// A Draft is a register before it is published. It is a value: each method
// returns a changed copy.
type Draft struct{ doc document }

// NewDraft starts the first register under a root.
func NewDraft(root []byte, issued, expires time.Time) (Draft, error) {
	r, _, err := PeekRoot(root)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{document{
		Version: 1, Issued: moment(issued), Expires: moment(expires), Root: r.Version, Parties: []Entry{}, Catalogues: []Catalogue{},
	}}
	return d, d.doc.check()
}

// NextDraft starts the version that follows a published register, with its
// parties and catalogues, under a root that may have been rotated meanwhile.
func NextDraft(last *Register, root []byte, issued, expires time.Time) (Draft, error) {
	d, err := NewDraft(root, issued, expires)
	if err != nil {
		return Draft{}, err
	}
	d.doc.Version = last.Version() + 1
	d.doc.Parties = last.Entries()
	d.doc.Catalogues = append(d.doc.Catalogues, last.doc.Catalogues...)
	return d, nil
}

// ParseDraft reads a register document on its way through the authorities, and
// the kids that its signatures claim. They are not verified.
func ParseDraft(doc []byte) (Draft, []string, error) {
	payload, kids, err := crypto.PeekGeneral(doc, MaxBundle, registerType)
	if err != nil {
		return Draft{}, nil, &Fault{Code: RegisterForm, Detail: err.Error(), cause: err}
	}
	d, err := decodeDocument(payload)
	if err != nil {
		return Draft{}, nil, err
	}
	return Draft{d}, kids, nil
}

// Version is the version that this will be.
func (d Draft) Version() uint64 { return d.doc.Version }

// Root is the version of the root that it must be signed under.
func (d Draft) Root() uint64 { return d.doc.Root }

// Issued is the moment from which it holds.
func (d Draft) Issued() time.Time { return d.doc.Issued }

// Expires is the moment until which it will hold.
func (d Draft) Expires() time.Time { return d.doc.Expires }

// Entries lists the parties in the order of their OINs.
func (d Draft) Entries() []Entry { return d.clone().doc.Parties }

// Catalogues lists the law catalogues.
func (d Draft) Catalogues() []Catalogue { return slices.Clone(d.doc.Catalogues) }

// Add takes up new parties. Keys without From are valid from the moment the
// draft is issued.
func (d Draft) Add(entries ...Entry) (Draft, error) {
	d = d.clone()
	for _, e := range entries {
		if d.find(e.OIN) >= 0 {
			return Draft{}, fault(PartyExists, string(e.OIN))
		}
		e = d.date(e)
		if err := e.checkNew(true); err != nil {
			return Draft{}, err
		}
		d.doc.Parties = append(d.doc.Parties, e)
	}
	slices.SortFunc(d.doc.Parties, func(a, b Entry) int { return cmp.Compare(a.OIN, b.OIN) })
	return d, nil
}

// Change replaces the entry of a party. Signing keys that the new entry does
// not have any more are kept, since what they signed must stay verifiable; they
// end when the draft is issued. A key that was known keeps its From and stays
// revoked when it was: an entry that comes from the party can't undo that.
func (d Draft) Change(e Entry) (Draft, error) {
	i := d.find(e.OIN)
	if i < 0 {
		return Draft{}, fault(PartyMissing, string(e.OIN))
	}
	d = d.clone()
	e = e.clone()
	for _, old := range d.doc.Parties[i].Keys {
		at := slices.IndexFunc(e.Keys, func(k Key) bool { return k.JWK.Kid == old.JWK.Kid })
		switch {
		case at >= 0 && e.Keys[at].From.IsZero():
			e.Keys[at] = old
		case at >= 0:
			e.Keys[at].From = old.From
			if !old.RevokedAt.IsZero() {
				e.Keys[at].RevokedAt = old.RevokedAt
			}
		default:
			if old.Until.IsZero() || old.Until.After(d.doc.Issued) {
				old.Until = later(d.doc.Issued, old.From)
			}
			e.Keys = append(e.Keys, old)
		}
	}
	e = d.date(e)
	if err := e.checkNew(true); err != nil {
		return Draft{}, err
	}
	d.doc.Parties[i] = e
	return d, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// Revoke says that a signing key was compromised at this moment: nothing that
// it signed from then on is valid.
func (d Draft) Revoke(oin exchange.OIN, kid string, at time.Time) (Draft, error) {
	i := d.find(oin)
	if i < 0 {
		return Draft{}, fault(PartyMissing, string(oin))
	}
	d = d.clone()
	keys := d.doc.Parties[i].Keys
	k := slices.IndexFunc(keys, func(k Key) bool { return k.JWK.Kid == kid })
	if k < 0 {
		return Draft{}, fault(KeyMissing, string(oin))
	}
	keys[k].RevokedAt = moment(at)
	return d, d.doc.Parties[i].check(true)
}

// Remove takes out a party. What it signed can't be verified with this version
// any more, so a party that leaves is better revoked and kept.
func (d Draft) Remove(oin exchange.OIN) (Draft, error) {
	i := d.find(oin)
	if i < 0 {
		return Draft{}, fault(PartyMissing, string(oin))
	}
	d = d.clone()
	d.doc.Parties = slices.Delete(d.doc.Parties, i, i+1)
	return d, nil
}

// SetCatalogues names the law catalogues that hold together with this version,
// by their contents: JSON objects with a "version" from 1 on, at most 16 and 4 MiB
// together, white space around them left out. A catalogue that changes gets a higher
// version than in the list before; no catalogues is the law that the program brings
// itself. [Publish] wants the same contents, also for a list that [NextDraft] took
// over; [Register.Catalogue] of the last register has those.
func (d Draft) SetCatalogues(contents map[string][]byte) (Draft, error) {
	d = d.clone()
	before := d.doc.Catalogues
	d.doc.Catalogues = []Catalogue{}
	if err := bounded(maps.Values(contents)); err != nil {
		return Draft{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		c, err := catalogueOf(name, contents[name])
		if err != nil {
			return Draft{}, err
		}
		for _, old := range before {
			if old.Name == name && old.SHA256 != c.SHA256 && old.Version >= c.Version {
				return Draft{}, fault(BadCatalogue, fmt.Sprintf("%s changed; its version must be above %d", name, old.Version))
			}
		}
		d.doc.Catalogues = append(d.doc.Catalogues, c)
	}
	return d, d.doc.check()
}

// Sign writes the draft as a document that these keys have signed. Without
// keys it is a document that [SignRegister] signs later.
func (d Draft) Sign(keys ...ed25519.PrivateKey) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	payload, err := encode(d.doc)
	if err != nil {
		return nil, err
	}
	doc, err := crypto.SignGeneral(payload, registerType, keys...)
	if err != nil {
		return nil, signatureFault(err)
	}
	return doc, nil
}

// check holds the draft to all that [Open] asks, so that nobody signs what no
// node would take, and to addresses that nodes can dial.
func (d Draft) check() error {
	if err := d.doc.check(); err != nil {
		return err
	}
	return (&Register{doc: d.doc}).index(Entry.checkNew)
}

// SignRegister adds a signature to a register document.
func SignRegister(doc []byte, key ed25519.PrivateKey) ([]byte, error) {
	d, _, err := ParseDraft(doc)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	signed, err := crypto.AddSignature(doc, registerType, key)
	if err != nil {
		return nil, signatureFault(err)
	}
	return signed, nil
}

// Publish joins the roots, from the first on, a signed register, and the
// contents of the catalogues that it names, by name, into a bundle. It refuses
// a content that is missing, superfluous or another than was signed, and all
// that a node that pinned the first root would refuse, except that it has
// expired: the authority has no clock here.
func Publish(roots [][]byte, signed []byte, contents map[string][]byte) ([]byte, error) {
	if len(roots) == 0 {
		return nil, fault(BundleForm, "no root")
	}
	pin, err := ParsePin(roots[0])
	if err != nil {
		return nil, err
	}
	b := Bundle{Roots: roots, Register: signed}
	d, _, err := ParseDraft(signed)
	if err != nil {
		return nil, err
	}
	for _, c := range d.doc.Catalogues {
		content, ok := contents[c.Name]
		if !ok {
			return nil, fault(BadCatalogue, c.Name+" has no content")
		}
		b.Catalogues = append(b.Catalogues, bytes.TrimSpace(content))
	}
	if len(contents) > len(d.doc.Catalogues) {
		return nil, fault(BadCatalogue, fmt.Sprintf("the register names %d, contents are given of %d", len(d.doc.Catalogues), len(contents)))
	}
	bundle := b.Bytes()
	if _, err := read(pin, bundle, Entry.checkFully); err != nil {
		return nil, err
	}
	return bundle, nil
}

func (d Draft) find(oin exchange.OIN) int {
	return slices.IndexFunc(d.doc.Parties, func(e Entry) bool { return e.OIN == oin })
}

// date gives keys without From the moment at which the draft is issued.
func (d Draft) date(e Entry) Entry {
	e = e.clone()
	for i := range e.Keys {
		if e.Keys[i].From.IsZero() {
			e.Keys[i].From = d.doc.Issued
		}
	}
	return e
}

func (d Draft) clone() Draft {
	d.doc.Parties = slices.Clone(d.doc.Parties)
	for i := range d.doc.Parties {
		d.doc.Parties[i] = d.doc.Parties[i].clone()
	}
	d.doc.Catalogues = slices.Clone(d.doc.Catalogues)
	return d
}

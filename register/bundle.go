package register

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// A Bundle is what travels and is stored: all roots from the first on, the
// register, and the contents of the law catalogues that it names, in its order.
// As JSON it is {"roots":[...],"register":...,"catalogues":[...]} without white
// space between the parts; without catalogues the last member is left out.
// Nothing of it is verified; [Open] does that.
type Bundle struct {
	Roots      [][]byte
	Register   []byte
	Catalogues [][]byte
}

// Parse takes a bundle apart.
func Parse(bundle []byte) (Bundle, error) {
	if len(bundle) > MaxBundle {
		return Bundle{}, fault(BundleTooLarge, "")
	}
	var parts struct {
		Roots    []json.RawMessage `json:"roots"`
		Register json.RawMessage   `json:"register"`
		// Contents are the catalogues.
		Contents []json.RawMessage `json:"catalogues"`
	}
	if err := json.Unmarshal(bundle, &parts); err != nil || len(parts.Roots) == 0 || len(parts.Roots) > MaxRoots || len(parts.Contents) > maxCatalogues {
		return Bundle{}, fault(BundleForm, "")
	}
	// There is one form. The parts are cut out of it, not copied.
	rest, same := bytes.CutPrefix(bundle, []byte(bundleRoots))
	cut := func(part []byte) (found []byte) {
		if same = same && bytes.HasPrefix(rest, part); !same {
			return nil
		}
		found, rest = rest[:len(part):len(part)], rest[len(part):]
		return found
	}
	var b Bundle
	for i, r := range parts.Roots {
		if i > 0 {
			cut([]byte(bundleSeparator))
		}
		b.Roots = append(b.Roots, cut(r))
	}
	cut([]byte(bundleRegister))
	b.Register = cut(parts.Register)
	for i, c := range parts.Contents {
		if i == 0 {
			cut([]byte(bundleCatalogues))
		} else {
			cut([]byte(bundleSeparator))
		}
		b.Catalogues = append(b.Catalogues, cut(c))
	}
	if len(parts.Contents) > 0 {
		cut([]byte(bundleCataloguesEnd))
	}
	cut([]byte(bundleEnd))
	if !same || len(rest) > 0 {
		return Bundle{}, fault(BundleForm, "")
	}
	return b, nil
}

// Bytes writes the bundle.
func (b Bundle) Bytes() []byte {
	size := len(bundleRoots) + len(bundleRegister) + len(b.Register) + len(bundleEnd)
	for _, r := range b.Roots {
		size += len(r) + len(bundleSeparator)
	}
	for _, c := range b.Catalogues {
		size += len(c) + len(bundleSeparator)
	}
	out := make([]byte, 0, size+len(bundleCatalogues)+len(bundleCataloguesEnd))
	out = append(out, bundleRoots...)
	for i, r := range b.Roots {
		if i > 0 {
			out = append(out, bundleSeparator...)
		}
		out = append(out, r...)
	}
	out = append(out, bundleRegister...)
	out = append(out, b.Register...)
	for i, c := range b.Catalogues {
		if i == 0 {
			out = append(out, bundleCatalogues...)
		} else {
			out = append(out, bundleSeparator...)
		}
		out = append(out, c...)
	}
	if len(b.Catalogues) > 0 {
		out = append(out, bundleCataloguesEnd...)
	}
	return append(out, bundleEnd...)
}

// Open verifies a bundle for a node that pinned a root and has last seen
// another register, or nil. It returns a [*Fault] when the node must not use it.
// The register keeps the bundle, which must not be changed any more.
//
// It checks, in this order: size and form; the chain of roots from the pinned
// one on; the signatures of the register by the newest root; the catalogues,
// each by its digest; every entry, and that none can be taken for another; that
// it does not go back behind what was seen; that nothing has expired at now.
func Open(pin Pin, bundle []byte, seen *Register, now time.Time) (*Register, error) {
	r, err := read(pin, bundle, Entry.checkFully)
	if err != nil {
		return nil, err
	}
	if err := r.follows(seen); err != nil {
		return nil, err
	}
	if err := r.fresh(now); err != nil {
		return nil, err
	}
	return r, nil
}

// Reopen is Open for a bundle that the node itself has stored after it opened
// it: it may have expired since. What has expired still says who signed what
// in the past; nothing new may be exchanged under it. Recipients are parsed
// when they are used, which halves the time.
func Reopen(pin Pin, bundle []byte) (*Register, error) { return read(pin, bundle, Entry.check) }

func read(pin Pin, bundle []byte, check func(e Entry, dated bool) error) (*Register, error) {
	b, err := Parse(bundle)
	if err != nil {
		return nil, err
	}
	root, digests, err := pin.chain(b.Roots)
	if err != nil {
		return nil, err
	}
	payload, err := root.verify(b.Register, MaxBundle, registerType)
	if err != nil {
		return nil, err
	}
	r := &Register{raw: bundle, digest: sha256.Sum256(payload), roots: digests, root: root}
	if r.doc, err = decodeDocument(payload); err != nil {
		return nil, err
	}
	if r.doc.Root != root.Version {
		return nil, fault(RegisterRoot, fmt.Sprintf("root version %d, newest %d", r.doc.Root, root.Version))
	}
	if err := r.carry(b.Catalogues); err != nil {
		return nil, err
	}
	return r, r.index(check)
}

func decodeDocument(payload []byte) (document, error) {
	var d document
	if !decode(payload, &d) || d.Parties == nil || d.Catalogues == nil {
		return document{}, fault(RegisterForm, "unknown members, or another form")
	}
	return d, d.check()
}

package register

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"sluis/crypto"
)

// A Catalogue names a law catalogue (schemas) that holds together with a
// version of the register. Its content travels with the bundle: another order in
// council under art. 2.3a.5 Wmo 2015 is a new register, not a new program.
type Catalogue struct {
	// Name is lower-case letters, digits and hyphens, so that it is also a file name.
	Name    string `json:"name"`
	Version uint64 `json:"version"`
	// SHA256 is over the content without white space around it: 64 hexadecimal
	// digits, lower case.
	SHA256 string `json:"sha256"`
}

// catalogueOf reads version and digest of a content.
func catalogueOf(name string, content []byte) (Catalogue, error) {
	if !isCatalogueName(name) {
		return Catalogue{}, fault(BadCatalogue, "a name is 1 to 64 lower-case letters, digits and hyphens")
	}
	content = bytes.TrimSpace(content)
	// A map, since a struct would also take a member "Version" for it.
	var members map[string]json.RawMessage
	if crypto.StrictJSON(content, maxNesting) != nil || json.Unmarshal(content, &members) != nil {
		return Catalogue{}, fault(BadCatalogue, name+" is no JSON object without a member that stands there twice")
	}
	var version uint64
	if json.Unmarshal(members["version"], &version) != nil || version == 0 {
		return Catalogue{}, fault(BadCatalogue, name+" has no version from 1 on")
	}
	sum := sha256.Sum256(content)
	return Catalogue{Name: name, Version: version, SHA256: hex.EncodeToString(sum[:])}, nil
}

// isCatalogueName is narrower than isCode: the contents become files, and a
// name must not lead out of their directory.
func isCatalogueName(s string) bool { return isCode(s) && !strings.ContainsAny(s, "./") }

// bounded refuses contents that are too large together, before they are read.
func bounded(contents iter.Seq[[]byte]) error {
	size := 0
	for c := range contents {
		if size += len(c); size > maxContents {
			return fault(BadCatalogue, "together they are larger than 4 MiB")
		}
	}
	return nil
}

// carry takes the contents of the catalogues that the register names.
func (r *Register) carry(contents [][]byte) error {
	if err := bounded(slices.Values(contents)); err != nil {
		return err
	}
	if len(contents) != len(r.doc.Catalogues) {
		return fault(BadCatalogue, fmt.Sprintf("the register names %d, the bundle brings %d", len(r.doc.Catalogues), len(contents)))
	}
	for i, want := range r.doc.Catalogues {
		got, err := catalogueOf(want.Name, contents[i])
		if err != nil {
			return err
		}
		if got != want {
			return fault(BadCatalogue, want.Name+" is not the one that was signed")
		}
		if r.laws == nil {
			r.laws = map[string][]byte{}
		}
		r.laws[want.Name] = contents[i]
	}
	return nil
}

// Catalogue is the content of a catalogue that the register brings. It must
// not be changed.
func (r *Register) Catalogue(name string) ([]byte, bool) {
	content, ok := r.laws[name]
	return content, ok
}

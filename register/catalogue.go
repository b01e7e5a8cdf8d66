package register

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sluis/crypto"
)

// A Catalogue names a law catalogue (schemas) that holds together with a
// version of the register. Its content travels with the bundle: another order in
// council under art. 2.3a.5 Wmo 2015 is a new register, not a new program.
type Catalogue struct {
	Name    string `json:"name"`
	Version uint64 `json:"version"`
	// SHA256 is over the content without white space around it: 64 hexadecimal
	// digits, lower case.
	SHA256 string `json:"sha256"`
}

// maxNesting bounds how deep a catalogue nests.
const maxNesting = 16

// catalogueOf reads name, version and digest of a content.
func catalogueOf(name string, content []byte) (Catalogue, error) {
	content = bytes.TrimSpace(content)
	if len(content) > maxCatalogue {
		return Catalogue{}, fault(BadCatalogue, fmt.Sprintf("%s is larger than %d bytes", name, maxCatalogue))
	}
	var head struct {
		Version uint64 `json:"version"`
	}
	if crypto.StrictJSON(content, maxNesting) != nil || json.Unmarshal(content, &head) != nil || head.Version == 0 {
		return Catalogue{}, fault(BadCatalogue, name+" is no JSON document with a version from 1 on")
	}
	sum := sha256.Sum256(content)
	return Catalogue{Name: name, Version: head.Version, SHA256: hex.EncodeToString(sum[:])}, nil
}

// carry takes the contents of the catalogues that the register names.
func (r *Register) carry(contents [][]byte) error {
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

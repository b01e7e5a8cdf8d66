package schemas

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:embed openapi.yaml
var openAPI string

// openAPIFile is openapi.yaml as JSON. It is written by `go test ./api/server
// -update`, and a test compares the two.
const openAPIFile = "openapi.json"

// OpenAPI is the contract of the HTTP API (OpenAPI 3.1, YAML), as it was
// written.
func OpenAPI() []byte { return []byte(openAPI) }

// OpenAPIAsJSON is the same document as JSON.
func OpenAPIAsJSON() []byte {
	text, err := files.ReadFile(openAPIFile)
	if err != nil {
		panic("schemas: " + openAPIFile + " is not embedded")
	}
	return text
}

// ValidateInput holds a JSON document to a schema of the API, such as
// "NieuwVerzoek". It returns every place that does not fit, in the order of
// pointers, and nothing when all does. As with [Validate], it tells places and
// rules, never values or names that whoever wrote the document chose.
func ValidateInput(schema string, document []byte) ([]Mismatch, error) {
	contract, err := openAPIContract()
	if err != nil {
		return nil, err
	}
	s, ok := contract.schemas[schema]
	if !ok {
		return nil, fmt.Errorf("schemas: the API has no schema of that name")
	}
	value, err := decode(document)
	if err != nil {
		var m *Mismatch
		if errors.As(err, &m) {
			return []Mismatch{*m}, nil
		}
		return nil, err
	}
	err = s.Validate(value)
	var wrong *jsonschema.ValidationError
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &wrong):
		return nil, err
	}
	return contract.mismatches(wrong, value), nil
}

// A contract is the API document with its schemas compiled.
type contract struct {
	schemas map[string]*jsonschema.Schema
	names   map[string]bool // of the properties in it
}

var openAPIContract = sync.OnceValues(func() (*contract, error) {
	var doc any
	if err := json.Unmarshal(OpenAPIAsJSON(), &doc); err != nil {
		return nil, err
	}
	const url = base + openAPIFile
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(nowhere{})
	if err := compiler.AddResource(url, doc); err != nil {
		return nil, err
	}
	c := &contract{schemas: map[string]*jsonschema.Schema{}, names: map[string]bool{}}
	components, _ := doc.(map[string]any)["components"].(map[string]any)
	all, _ := components["schemas"].(map[string]any)
	for name, s := range all {
		compiled, err := compiler.Compile(url + "#/components/schemas/" + name)
		if err != nil {
			return nil, err
		}
		c.schemas[name] = compiled
		properties, _ := s.(map[string]any)["properties"].(map[string]any)
		for property := range properties {
			c.names[property] = true
		}
	}
	return c, nil
})

func (c *contract) mismatches(wrong *jsonschema.ValidationError, document any) []Mismatch {
	var all []Mismatch
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			walk(cause)
		}
		if len(e.Causes) == 0 && len(all) < maxMismatches {
			all = append(all, Mismatch{Place: c.place(e.InstanceLocation, document), Rule: strings.TrimSpace(rule(e.ErrorKind) + " " + wanted(e.ErrorKind))})
		}
	}
	walk(wrong)
	slices.SortFunc(all, func(a, b Mismatch) int {
		if order := strings.Compare(a.Place, b.Place); order != 0 {
			return order
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return slices.Compact(all)
}

// wanted is what the contract wants where a rule is broken: its words, its
// bound, its form; never what was given.
func wanted(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Enum:
		var words []string
		for _, w := range k.Want {
			if word, ok := w.(string); ok {
				words = append(words, word)
			}
		}
		return strings.Join(words, " ")
	case *kind.Type:
		return strings.Join(k.Want, " ")
	case *kind.Format:
		return k.Want
	case *kind.MaxLength:
		return strconv.Itoa(k.Want)
	case *kind.MaxItems:
		return strconv.Itoa(k.Want)
	case *kind.Maximum:
		return k.Want.RatString()
	case *kind.Minimum:
		return k.Want.RatString()
	}
	return ""
}

// maxMismatches bounds what is told at once; who sends worse is no person with
// a typing error.
const maxMismatches = 20

// place is the pointer to a location, as far as the contract knows its names.
func (c *contract) place(location []string, document any) string {
	var b strings.Builder
	for _, token := range location {
		switch v := document.(type) {
		case []any:
			n, err := strconv.Atoi(token)
			if err != nil || n < 0 || n >= len(v) {
				return b.String()
			}
			document = v[n]
		case map[string]any:
			if !c.names[token] {
				return b.String()
			}
			document = v[token]
		default:
			return b.String()
		}
		b.WriteString("/" + token)
	}
	return b.String()
}

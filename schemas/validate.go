package schemas

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:embed *.json
var files embed.FS

// base is where the schemas say they are. Nothing is ever fetched from there.
const base = "https://sluis.invalid/schemas/"

// names lists the schemas that a document can be held to.
var names = [...]string{
	"config", "disclosure.item", "disclosure.subject", "message.answer", "message.conference-answer", "message.conference-closing",
	"message.conference-contribution", "message.conference-invitation", "message.correction", "message.notice", "message.passing",
	"message.permission", "message.permission-request", "message.permission-withdrawal", "message.question", "message.receipt", "message.reply",
	"message.request", "message.withdrawal", "policy", "register", "root",
}

// Names lists the schemas that [Validate] knows, in alphabetical order.
func Names() []string { return append([]string(nil), names[:]...) }

// Schema is the text of a schema. It reports false for a name that does not
// exist.
func Schema(name string) ([]byte, bool) {
	for _, n := range append(Names(), "common") {
		if n == name {
			text, err := files.ReadFile(name + ".json")
			return text, err == nil
		}
	}
	return nil, false
}

// A Mismatch says where a document is not what its schema says, and which rule
// it broke. It holds names that stand in the schema and numbers of array
// elements, nothing else: no value, and no member name that the schema does not
// know, since whoever wrote the document chose those.
type Mismatch struct {
	Place string // JSON pointer (RFC 6901); "" is the whole document
	Rule  string // keyword of JSON Schema, with names of required members
}

// Error is the place and the rule.
func (m *Mismatch) Error() string {
	if m.Place == "" {
		return "document: " + m.Rule
	}
	return m.Place + ": " + m.Rule
}

// maxDigits bounds a number. No document of ours holds fractions or exponents,
// and an exponent can make a few bytes expensive to compare.
const maxDigits = 15

// A document that breaks a rule in every one of its values costs far more to
// refuse than a good one to accept, so their number is bounded first. The
// largest answer has some 1,300 values.
const (
	maxValues   = 4096
	maxRegister = 1 << 20 // values of a register: some 10,000 parties
)

func valuesOf(name string) int {
	if name == "register" {
		return maxRegister
	}
	return maxValues
}

// Validate holds a document to the schema with the name, such as
// "message.request". It returns a [*Mismatch] for the first place (in the order
// of pointers) that does not fit.
//
// Beyond the schema it wants one JSON document in UTF-8, with numbers that are
// whole and have at most 15 digits, and a bearable number of values. It accepts a member that stands twice; the
// gate in front of signed input does not.
func Validate(name string, document []byte) error {
	all, err := compiled()
	if err != nil {
		return err
	}
	schema, ok := all[name]
	if !ok {
		return fmt.Errorf("schemas: there is no schema of that name")
	}
	value, err := decodeUpTo(document, valuesOf(name))
	if err != nil {
		return err
	}
	err = schema.Validate(value)
	if err == nil {
		return nil
	}
	var wrong *jsonschema.ValidationError
	if !errors.As(err, &wrong) {
		return &Mismatch{Rule: "schema"}
	}
	return first(wrong, value)
}

func decode(document []byte) (any, error) { return decodeUpTo(document, maxValues) }

func decodeUpTo(document []byte, most int) (any, error) {
	if !utf8.Valid(document) {
		return nil, &Mismatch{Rule: "utf-8"}
	}
	if rule := scan(document, most); rule != "" {
		return nil, &Mismatch{Rule: rule}
	}
	var value any
	if json.Unmarshal(document, &value) != nil {
		return nil, &Mismatch{Rule: "json"}
	}
	return value, nil
}

// scan looks at the numbers and the commas of a JSON document. It returns the
// rule that is broken when a number is not a whole one of bearable size, which a
// float64 holds exactly, or when there are too many values.
func scan(document []byte, most int) string {
	digits, values, inside := 0, 0, false
	for i := 0; i < len(document); i++ {
		c := document[i]
		switch {
		case inside && c == '\\':
			i++
		case c == '"':
			inside, digits = !inside, 0
		case inside:
		case '0' <= c && c <= '9':
			if digits++; digits > maxDigits {
				return "number"
			}
		case digits > 0 && (c == '.' || c == 'e' || c == 'E'):
			return "number"
		default:
			if digits = 0; c == ',' {
				if values++; values > most {
					return "too many values"
				}
			}
		}
	}
	return ""
}

// compiled is made once per process, at the first use.
var compiled = sync.OnceValues(compile)

func compile() (map[string]*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseLoader(nowhere{})
	shared, err := load("common")
	if err != nil {
		return nil, err
	}
	parts, _ := shared.(map[string]any)["$defs"].(map[string]any)
	for _, name := range names {
		doc, err := load(name)
		if err != nil {
			return nil, err
		}
		if err := c.AddResource(base+name+".json", inline(doc, parts)); err != nil {
			return nil, fmt.Errorf("schemas: %s: %v", name, err)
		}
	}
	all := map[string]*jsonschema.Schema{}
	for _, name := range names {
		schema, err := c.Compile(base + name + ".json")
		if err != nil {
			return nil, fmt.Errorf("schemas: %s: %v", name, err)
		}
		all[name] = schema
	}
	return all, nil
}

func load(name string) (any, error) {
	text, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, fmt.Errorf("schemas: %s is missing", name)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schemas: %s is not JSON", name)
	}
	return doc, nil
}

// inline puts the parts of common.json where a schema refers to them. It means
// the same and saves the validator a third of its work.
func inline(value any, parts map[string]any) any {
	switch v := value.(type) {
	case []any:
		for i, each := range v {
			v[i] = inline(each, parts)
		}
	case map[string]any:
		ref, _ := v["$ref"].(string)
		if name, ok := strings.CutPrefix(ref, "common.json#/$defs/"); ok {
			part, ok := parts[name].(map[string]any)
			if !ok {
				return v // the compiler says what is missing
			}
			merged := maps.Clone(part)
			maps.Copy(merged, v)
			delete(merged, "$ref")
			for key, each := range merged {
				merged[key] = inline(each, parts) // a part may refer to another
			}
			return merged
		}
		for key, each := range v {
			v[key] = inline(each, parts)
		}
	}
	return value
}

// nowhere loads no schema: all that there are have been added.
type nowhere struct{}

func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not embedded", url)
}

// first returns the mismatch whose place and rule sort first, so that the same
// document always gives the same error.
func first(wrong *jsonschema.ValidationError, document any) *Mismatch {
	var least *Mismatch
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			walk(cause)
		}
		if len(e.Causes) > 0 {
			return
		}
		m := &Mismatch{Place: place(e.InstanceLocation, document), Rule: rule(e.ErrorKind)}
		if least == nil || m.Place < least.Place || (m.Place == least.Place && m.Rule < least.Rule) {
			least = m
		}
	}
	walk(wrong)
	return least
}

// place is the pointer to a location, as far as the schemas know its names.
func place(location []string, document any) string {
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
			if !known(token) {
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

// rule names the keyword that failed. Names of required members come from the
// schema.
func rule(k jsonschema.ErrorKind) string {
	if missing, ok := k.(*kind.Required); ok {
		return "required " + strings.Join(missing.Missing, " ")
	}
	if _, ok := k.(*kind.FalseSchema); ok {
		return "not allowed here"
	}
	if path := k.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	return "schema"
}

// known reports whether a schema of ours has a member of that name.
func known(name string) bool {
	_, ok := members()[name]
	return ok
}

var members = sync.OnceValue(func() map[string]struct{} {
	all := map[string]struct{}{}
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, each := range v {
				walk(each)
			}
		case map[string]any:
			if properties, ok := v["properties"].(map[string]any); ok {
				for name := range properties {
					all[name] = struct{}{}
				}
			}
			for _, each := range v {
				walk(each)
			}
		}
	}
	for _, name := range append(Names(), "common") {
		var doc any
		if text, ok := Schema(name); ok && json.Unmarshal(text, &doc) == nil {
			walk(doc)
		}
	}
	return all
})

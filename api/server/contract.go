package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/register"
	"sluis/schemas"
)

const (
	// maxDocument bounds a JSON body: the largest answer of 256 KiB, with room
	// for escapes.
	maxDocument = 2 << 20
	// maxDepth bounds how deep JSON goes; the contract needs 4.
	maxDepth = 12
)

// A contract is what openapi.yaml asks of the input of each operation.
type contract struct {
	inputs map[string]input // by pattern of the router: "POST /v1/verzoeken"
}

type input struct {
	queries map[string]parameter
	headers map[string]parameter
	schema  string // of the JSON body; "" when there is none
	scope   string // that a system needs; "" where no system may
	bytes   bool   // the body is bytes
}

// A parameter is what the contract says of a parameter in a query or header.
type parameter struct {
	Ref    string    `json:"$ref"`
	Name   string    `json:"name"`
	In     string    `json:"in"`
	Schema rulesOfIt `json:"schema"`
}

// rulesOfIt are the keywords of JSON Schema that our parameters use; a test
// looks for others.
type rulesOfIt struct {
	Ref       string   `json:"$ref"`
	Type      string   `json:"type"`
	Enum      []string `json:"enum"`
	Pattern   rule     `json:"pattern"`
	MaxLength int      `json:"maxLength"`
	Minimum   uint64   `json:"minimum"`
	Maximum   uint64   `json:"maximum"`
}

// A rule is the keyword pattern: an expression that a value has to match.
type rule struct{ *regexp.Regexp }

// UnmarshalText reads the expression. One that can't be read is an error, so
// that no parameter goes unchecked.
func (r *rule) UnmarshalText(text []byte) (err error) {
	r.Regexp, err = regexp.Compile(string(text))
	return err
}

// broken is the rule that a value breaks, or "". Given is not the same as left
// out: an empty value fits nothing.
func (p parameter) broken(value string) string {
	if p.Schema.Type == "integer" {
		n, err := strconv.ParseUint(value, 10, 63)
		switch {
		case err != nil || strconv.FormatUint(n, 10) != value:
			return "type"
		case n < p.Schema.Minimum:
			return "minimum"
		case p.Schema.Maximum > 0 && n > p.Schema.Maximum:
			return "maximum"
		}
		return ""
	}
	switch {
	case p.Schema.Type == "boolean" && value != "true" && value != "false":
		return "type"
	case p.Schema.Enum != nil && !slices.Contains(p.Schema.Enum, value):
		return "enum"
	case value == "":
		return "empty"
	case p.Schema.MaxLength > 0 && len(value) > p.Schema.MaxLength:
		return "maxLength"
	case p.Schema.Pattern.Regexp != nil && !p.Schema.Pattern.MatchString(value):
		return "pattern"
	}
	return ""
}

func readContract(document []byte) (*contract, error) {
	type body struct {
		Schema struct {
			Ref string `json:"$ref"`
		} `json:"schema"`
	}
	type operation struct {
		Parameters  []parameter           `json:"parameters"`
		Security    []map[string][]string `json:"security"`
		RequestBody struct {
			Content map[string]body `json:"content"`
		} `json:"requestBody"`
	}
	var doc struct {
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Parameters map[string]parameter `json:"parameters"`
			Schemas    map[string]rulesOfIt `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	c := &contract{inputs: map[string]input{}}
	for path, item := range doc.Paths {
		for method, raw := range item {
			if method == "parameters" {
				continue // in the path
			}
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, err
			}
			in := input{queries: map[string]parameter{}, headers: map[string]parameter{}}
			for _, p := range op.Parameters {
				if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
					p = doc.Components.Parameters[name]
				}
				if name, ok := strings.CutPrefix(p.Schema.Ref, "#/components/schemas/"); ok {
					p.Schema = doc.Components.Schemas[name]
				}
				switch p.In {
				case "query":
					in.queries[p.Name] = p
				case "header":
					in.headers[p.Name] = p
				}
			}
			_, in.bytes = op.RequestBody.Content["application/octet-stream"]
			in.schema = strings.TrimPrefix(op.RequestBody.Content["application/json"].Schema.Ref, "#/components/schemas/")
			for _, way := range op.Security {
				in.scope = strings.Join(way["token"], " ")
			}
			c.inputs[strings.ToUpper(method)+" "+base+path] = in
		}
	}
	return c, nil
}

// checkInput refuses input that is not as the contract has it, before anything
// of it is looked at: unknown parameters, another media type, a body that is
// too large, that two readers could read in two ways, or that does not fit its
// schema. It tells places and rules, never values.
func (a *API) checkInput(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, ok := a.contract.inputs[r.Pattern]
		if !ok {
			a.problem(w, r, errNoResource)
			return
		}
		if err := in.check(w, r); err != nil {
			a.problem(w, r, err)
			return
		}
		if r.Pattern == "POST "+base+"/logboek/controles" {
			// Reading a whole ledger takes the time that it takes.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		}
		a.once(w, r, in, next)
	})
}

func (in input) check(w http.ResponseWriter, r *http.Request) error {
	for name, values := range r.URL.Query() {
		p, known := in.queries[name]
		if !known {
			return badInput("query", "unknown parameter")
		}
		if len(values) > 1 {
			return badInput(name, "given twice")
		}
		if rule := p.broken(values[0]); rule != "" {
			return badInput(name, rule)
		}
	}
	for name, p := range in.headers {
		switch values := r.Header.Values(name); {
		case len(values) > 1:
			return badInput(name, "given twice")
		case len(values) == 1 && p.broken(values[0]) != "":
			return badInput(name, p.broken(values[0]))
		}
	}
	limit := int64(maxDocument)
	if in.bytes {
		limit = register.MaxBundle
	}
	from := io.Reader(http.MaxBytesReader(w, r.Body, limit))
	if in.schema == "" && !in.bytes {
		from = io.LimitReader(r.Body, 1) // nothing is kept where nothing is wanted
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case in.bytes:
		if err != nil || media != "application/octet-stream" {
			return errMedia
		}
		return nil
	case in.schema == "":
		if len(body) > 0 {
			return badInput("body", "no body wanted")
		}
		return nil
	case err != nil || media != "application/json":
		return errMedia
	}
	return checkDocument(in.schema, body)
}

func checkDocument(schema string, body []byte) error {
	if err := crypto.StrictJSON(body, maxDepth); err != nil {
		var gate *crypto.GateError
		if !errors.As(err, &gate) {
			return err
		}
		switch gate.Code {
		case crypto.TokenDuplicateMember:
			return badInput("", "a member stands twice")
		case crypto.TokenTooDeep:
			return badInput("", "nested too deep")
		}
		return badInput("", "not a JSON document in UTF-8")
	}
	wrong, err := schemas.ValidateInput(schema, body)
	if err != nil || len(wrong) == 0 {
		return err
	}
	bad := &inputProblem{}
	for _, m := range wrong {
		bad.fields = append(bad.fields, field{m.Place, m.Rule})
	}
	return bad
}

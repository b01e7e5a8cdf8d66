package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluis/api"
	"sluis/api/server"
	"sluis/schemas"
)

// A description is openapi.json as far as the rules look at it. Lists that a rule
// walks are made of it by operations and properties.
type description struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Version string                     `json:"version"`
		Contact map[string]json.RawMessage `json:"contact"`
	} `json:"info"`
	Servers []struct {
		URL string `json:"url"`
	} `json:"servers"`
	Tags []struct {
		Name string `json:"name"`
	} `json:"tags"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Parameters map[string]described `json:"parameters"`
		Responses  map[string]struct {
			Headers map[string]any `json:"headers"`
			Content map[string]any `json:"content"`
		} `json:"responses"`
		Schemas map[string]json.RawMessage `json:"schemas"`
	} `json:"components"`
}

type described struct {
	Ref  string `json:"$ref"`
	Name string `json:"name"`
	In   string `json:"in"`
}

type operation struct {
	path, method string
	ID           string      `json:"operationId"`
	Tags         []string    `json:"tags"`
	Parameters   []described `json:"parameters"`
	Responses    map[string]struct {
		Ref     string         `json:"$ref"`
		Headers map[string]any `json:"headers"`
	} `json:"responses"`
}

func (d *description) operations(t *testing.T) []operation {
	t.Helper()
	var all []operation
	for path, item := range d.Paths {
		for method, raw := range item {
			op := operation{path: path, method: method}
			if method == "parameters" {
				continue
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatal(err)
			}
			for i, p := range op.Parameters {
				if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
					op.Parameters[i] = d.Components.Parameters[name]
				}
			}
			all = append(all, op)
		}
	}
	return all
}

// properties calls do for every property of every schema.
func (d *description) properties(t *testing.T, do func(schema, name string, property map[string]any)) {
	t.Helper()
	var walk func(schema string, node any)
	walk = func(schema string, node any) {
		switch node := node.(type) {
		case []any:
			for _, v := range node {
				walk(schema, v)
			}
		case map[string]any:
			properties, _ := node["properties"].(map[string]any)
			for name, p := range properties {
				if property, ok := p.(map[string]any); ok {
					do(schema, name, property)
				}
			}
			for _, v := range node {
				walk(schema, v)
			}
		}
	}
	for name, raw := range d.Components.Schemas {
		var node any
		if err := json.Unmarshal(raw, &node); err != nil {
			t.Fatal(err)
		}
		walk(name, node)
	}
}

var (
	kebab     = regexp.MustCompile(`^(/([a-z0-9-]+|\{[a-z]+\}))+$`)
	camel     = regexp.MustCompile(`^[a-z][a-z0-9]*([A-Z][a-z0-9]*)*$`)
	semver    = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$`)
	dateName  = regexp.MustCompile(`(^d|\wD)(ate|atum)`)
	sensitive = regexp.MustCompile(`(?i)bsn|naam|geboren|adres`)
)

type designRule struct {
	name string
	of   func(*testing.T, *description) []string
}

// designRules are those of the NLGov REST API Design Rules 2.x that can be read off
// the description, under the name that the standard gives them. Each returns what
// breaks it.
var designRules = []designRule{
	{"/core/doc-openapi", func(_ *testing.T, d *description) []string {
		return broken(!strings.HasPrefix(d.OpenAPI, "3."), "openapi "+d.OpenAPI)
	}},
	{"/core/doc-openapi-contact", func(_ *testing.T, d *description) (bad []string) {
		for _, field := range []string{"name", "email", "url"} {
			bad = append(bad, broken(len(d.Info.Contact[field]) < 3, "info.contact."+field)...)
		}
		return bad
	}},
	{"/core/semver", func(_ *testing.T, d *description) []string {
		return broken(!semver.MatchString(d.Info.Version) || d.Info.Version != api.Version, d.Info.Version)
	}},
	{"/core/uri-version", func(_ *testing.T, d *description) (bad []string) {
		for _, s := range d.Servers {
			major, _, _ := strings.Cut(d.Info.Version, ".")
			bad = append(bad, broken(!strings.HasSuffix(s.URL, "/v"+major), s.URL)...)
		}
		return append(bad, broken(len(d.Servers) == 0, "no server")...)
	}},
	{"/core/publish-openapi", func(_ *testing.T, d *description) []string {
		_, is := d.Paths["/openapi.json"]
		return broken(!is, "/openapi.json")
	}},
	{"/core/no-trailing-slash", func(_ *testing.T, d *description) (bad []string) {
		for path := range d.Paths {
			bad = append(bad, broken(strings.HasSuffix(path, "/"), path)...)
		}
		return bad
	}},
	{"/core/path-segments-kebab-case", func(_ *testing.T, d *description) (bad []string) {
		for path := range d.Paths {
			bad = append(bad, broken(!kebab.MatchString(path) && path != "/openapi.json" && path != "/openapi.yaml", path)...)
		}
		return bad
	}},
	{"/core/query-keys-camel-case", func(t *testing.T, d *description) (bad []string) {
		for _, op := range d.operations(t) {
			for _, p := range op.Parameters {
				bad = append(bad, broken(p.In == "query" && !camel.MatchString(p.Name), op.path+" "+p.Name)...)
			}
		}
		return bad
	}},
	{"/core/no-sensitive-data-in-uri", func(t *testing.T, d *description) (bad []string) {
		for _, op := range d.operations(t) {
			for _, p := range op.Parameters {
				bad = append(bad, broken((p.In == "query" || p.In == "path") && sensitive.MatchString(p.Name), op.path+" "+p.Name)...)
			}
		}
		return bad
	}},
	{"/core/http-methods", func(_ *testing.T, d *description) (bad []string) {
		for path, item := range d.Paths {
			for method := range item {
				bad = append(bad, broken(!slices.Contains([]string{"get", "post", "put", "patch", "delete", "parameters"}, method), path+" "+method)...)
			}
		}
		return bad
	}},
	{"/core/version-header", func(t *testing.T, d *description) (bad []string) {
		for _, op := range d.operations(t) {
			for status, r := range op.Responses {
				bad = append(bad, broken(r.Ref == "" && r.Headers["API-Version"] == nil, op.ID+" "+status)...)
			}
		}
		for name, r := range d.Components.Responses {
			bad = append(bad, broken(r.Headers["API-Version"] == nil, name)...)
		}
		return bad
	}},
	{"/core/error-handling/problem-details", func(t *testing.T, d *description) (bad []string) {
		for _, op := range d.operations(t) {
			for status, r := range op.Responses {
				bad = append(bad, broken((status[0] == '4' || status[0] == '5' || status == "default") && r.Ref != "#/components/responses/Fout", op.ID+" "+status)...)
			}
			_, is := op.Responses["default"]
			bad = append(bad, broken(!is, op.ID+" has no default")...)
		}
		var problem struct {
			Properties map[string]any `json:"properties"`
			Required   []string       `json:"required"`
		}
		if err := json.Unmarshal(d.Components.Schemas["Probleem"], &problem); err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{"status", "title", "detail"} {
			bad = append(bad, broken(problem.Properties[member] == nil || !slices.Contains(problem.Required, member), "Probleem."+member)...)
		}
		return append(bad, broken(d.Components.Responses["Fout"].Content["application/problem+json"] == nil, "Fout")...)
	}},
	{"/core/error-handling/invalid-input", func(t *testing.T, d *description) (bad []string) {
		for _, op := range d.operations(t) {
			_, is := op.Responses["400"]
			_, wrong := op.Responses["422"]
			takes := op.method == "post" || op.method == "put" || op.method == "patch" || len(op.Parameters) > 0
			bad = append(bad, broken(takes && !is || wrong, op.ID)...)
		}
		return bad
	}},
	{"/core/date-time/timezone", func(t *testing.T, d *description) (bad []string) {
		d.properties(t, func(schema, name string, p map[string]any) {
			bad = append(bad, broken(p["format"] == "date-time-local" || p["format"] == "time", schema+"."+name)...)
		})
		return bad
	}},
	{"/core/date-time/date-omit-time-portion", func(t *testing.T, d *description) (bad []string) {
		d.properties(t, func(schema, name string, p map[string]any) {
			bad = append(bad, broken(dateName.MatchString(name) && p["format"] != "date" && p["$ref"] == nil, schema+"."+name)...)
		})
		return bad
	}},
	// Of the rules of Spectral that the linter of the standard turns on.
	{"operation-operationId-unique", func(t *testing.T, d *description) (bad []string) {
		seen := map[string]bool{}
		for _, op := range d.operations(t) {
			bad = append(bad, broken(op.ID == "" || seen[op.ID], op.path+" "+op.ID)...)
			seen[op.ID] = true
		}
		return bad
	}},
	{"openapi-tags-uniqueness", func(t *testing.T, d *description) (bad []string) {
		seen := map[string]bool{}
		for _, tag := range d.Tags {
			bad = append(bad, broken(seen[tag.Name], tag.Name)...)
			seen[tag.Name] = true
		}
		for _, op := range d.operations(t) {
			bad = append(bad, broken(len(op.Tags) != 1 || !seen[op.Tags[0]], op.ID)...)
		}
		return bad
	}},
	{"nlgov:property-casing", func(t *testing.T, d *description) (bad []string) {
		d.properties(t, func(schema, name string, _ map[string]any) {
			bad = append(bad, broken(!camel.MatchString(name), schema+"."+name)...)
		})
		return bad
	}},
	{"nlgov:schema-camel-case", func(_ *testing.T, d *description) (bad []string) {
		for name := range d.Components.Schemas {
			bad = append(bad, broken(name[0] < 'A' || name[0] > 'Z' || strings.ContainsAny(name, "-_"), name)...)
		}
		return bad
	}},
}

func broken(is bool, what string) []string {
	if is {
		return []string{what}
	}
	return nil
}

func readDescription(t *testing.T, text []byte) *description {
	t.Helper()
	d := &description{}
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The description keeps the NLGov REST API Design Rules.
func TestDesignRules(t *testing.T) {
	d := readDescription(t, schemas.OpenAPIAsJSON())
	if len(d.operations(t)) < 70 {
		t.Fatalf("%d operations; the check sees nothing", len(d.operations(t)))
	}
	for _, rule := range designRules {
		for _, what := range rule.of(t, d) {
			t.Errorf("%s: %s", rule.name, what)
		}
	}
}

// Each rule finds what breaks it, so that one that looks nowhere is noticed.
func TestDesignRulesFind(t *testing.T) {
	for rule, change := range map[string][2]string{
		"/core/doc-openapi":                      {`"openapi": "3.1.0"`, `"openapi": "2.0"`},
		"/core/doc-openapi-contact":              {`"email": "api@sluis.invalid",`, ``},
		"/core/semver":                           {`"version": "` + api.Version + `"`, `"version": "v1"`},
		"/core/uri-version":                      {`"url": "/v1"`, `"url": "/"`},
		"/core/publish-openapi":                  {`"/openapi.json": {`, `"/beschrijving": {`},
		"/core/no-trailing-slash":                {`"/status": {`, `"/status/": {`},
		"/core/path-segments-kebab-case":         {`"/status": {`, `"/nodeStatus": {`},
		"/core/query-keys-camel-case":            {`"name": "toestemmingGevraagd"`, `"name": "toestemming_gevraagd"`},
		"/core/no-sensitive-data-in-uri":         {`"name": "breed"`, `"name": "bsn"`},
		"/core/http-methods":                     {`"/status": {`, `"/status": {"trace": {},`},
		"/core/version-header":                   {`"API-Version": {`, `"Version": {`},
		"/core/error-handling/problem-details":   {`"application/problem+json": {`, `"application/json": {`},
		"/core/error-handling/invalid-input":     {`"400": {`, `"422": {`},
		"/core/date-time/timezone":               {`"format": "date-time"`, `"format": "date-time-local"`},
		"/core/date-time/date-omit-time-portion": {`"vastgesteldOp": {`, `"besluitDatum": {`},
		"operation-operationId-unique":           {`"operationId": "ask"`, `"operationId": "withdraw"`},
		"openapi-tags-uniqueness":                {`"name": "casussen"`, `"name": "verzoeken"`},
		"nlgov:property-casing":                  {`"ingestemdOp": {`, `"ingestemd_op": {`},
		"nlgov:schema-camel-case":                {`"Verzoeken": {`, `"verzoeken": {`},
	} {
		text := string(schemas.OpenAPIAsJSON())
		if !strings.Contains(text, change[0]) {
			t.Errorf("%s: the description has no %s", rule, change[0])
			continue
		}
		d := readDescription(t, []byte(strings.ReplaceAll(text, change[0], change[1])))
		i := slices.IndexFunc(designRules, func(r designRule) bool { return r.name == rule })
		if i < 0 || len(designRules[i].of(t, d)) == 0 {
			t.Errorf("%s finds nothing when %s stands there", rule, change[1])
		}
	}
	if len(designRules) != 19 {
		t.Errorf("%d rules; show of each that it finds something", len(designRules))
	}
}

// What the rules ask of a node that answers: the version on every answer, also a
// refusal, no redirect for a slash, and the description for every page.
func TestDesignRulesOfAnswers(t *testing.T) {
	w := newWorld(t)
	for path, status := range map[string]int{"/v1/openapi.json": 200, "/v1/status": 200, "/v1/status/": 404, "/v1/nergens": 404, "/v1/verzoeken?bsn=1": 400} {
		recorder := httptest.NewRecorder()
		server.New(w.college.node, nil).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		if recorder.Code != status || recorder.Header().Get("API-Version") != api.Version {
			t.Errorf("/core/version-header, /core/no-trailing-slash: %s: %d, version %q", path, recorder.Code, recorder.Header().Get("API-Version"))
		}
		if status >= 400 && recorder.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("/core/error-handling/problem-details: %s: %s", path, recorder.Header().Get("Content-Type"))
		}
		if strings.HasSuffix(path, "json") && recorder.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("/core/publish-openapi: %s has no CORS header", path)
		}
	}
}

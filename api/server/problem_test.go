package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
	"sluis/schemas"
	"sluis/store"
)

// answered is the problem that an error becomes, and what stands in the log.
func answered(t *testing.T, err error) (api.Problem, string) {
	t.Helper()
	var log bytes.Buffer
	a := &API{log: slog.New(slog.NewJSONHandler(&log, nil))}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/v1/status", nil)
	r.Header.Set("Accept-Language", "en")
	a.problem(w, r, err)
	var p api.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != p.Status {
		t.Fatalf("status %d, body %s: %v", w.Code, w.Body, err)
	}
	return p, log.String()
}

// Every error of the rooms behind this door keeps its code, also wrapped, and
// gets the status and words of the catalogue.
func TestEveryErrorHasItsProblem(t *testing.T) {
	all := map[string]error{}
	for _, c := range exchange.Codes {
		all[string(c)] = &exchange.Refusal{Code: c, Params: []string{"item", "offence"}}
	}
	for _, c := range peer.Codes {
		all[c] = &peer.Fault{Code: c}
	}
	for _, c := range wire.Codes {
		all[c] = &wire.Fault{Code: c}
	}
	for _, c := range register.Codes {
		all[c] = &register.Fault{Code: c, Detail: "version 3"}
	}
	for _, c := range crypto.GateCodes {
		all[c] = &crypto.GateError{Code: c}
	}
	if len(all) < 80 {
		t.Fatalf("%d codes; the test sees nothing", len(all))
	}
	for code, err := range all {
		p, log := answered(t, fmt.Errorf("while asking: %w", err))
		text, ok := schemas.Text(code)
		if !ok {
			t.Errorf("%s has no words", code)
		}
		if p.Code != code || p.Status != text.Status || p.Title != text.EN.Title || p.Detail != text.EN.Advice {
			t.Errorf("%s: %+v, want %+v", code, p, text)
		}
		if !strings.Contains(log, p.Instance) {
			t.Errorf("%s: the log does not name the problem", code)
		}
	}
	for _, c := range []struct {
		err    error
		code   string
		status int
	}{
		{store.ErrNotFound, "not-found", 404}, {store.ErrNoRecordKey, "not-found", 404}, {store.ErrOvertaken, "overtaken", 409},
		{store.ErrTooLarge, "message-too-large", 413}, {store.ErrDiskFull, "disk-full", 507}, {store.ErrReadOnly, "disk-read-only", 503}, {store.ErrStopped, "stopped", 503},
		{store.ErrClosed, "stopped", 503}, {&store.Inconsistent{Entry: 3, End: 4, What: "damaged"}, "ledger-inconsistent", 500},
		{&http.MaxBytesError{Limit: 3}, "message-too-large", 413}, {errMethod, "bad-input", 405}, {errMedia, "bad-input", 415},
		{&doorError{code: codeAhead}, "not-yet", 404}, {errNoConsole, "no-console", 409}, {toldElsewhere{"link-taken"}, "link-taken", 409},
		{&doorError{code: codeClientUnknown}, "client-unknown", 401}, {refusedToken("exp"), "token-refused", 401}, {errUnchecked, "token-unchecked", 503},
		{&doorError{code: codeScope}, "scope-missing", 403}, {&doorError{code: codeForPeople}, "for-people", 403},
		{&doorError{code: codeSystemMayNot}, "system-may-not", 403}, {&doorError{code: codeTooMany}, "too-many-calls", 429}, {&doorError{code: codeKeyInUse}, "key-in-use", 409},
	} {
		p, _ := answered(t, fmt.Errorf("deep down: %w", c.err))
		if p.Code != c.code || p.Status != c.status || p.Title == "" || p.Detail == "" {
			t.Errorf("%v: %+v, want %d %s", c.err, p, c.status, c.code)
		}
	}
	if p, _ := answered(t, &store.Inconsistent{Entry: 3, End: 4, What: "damaged"}); len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, "entry 3") {
		t.Errorf("a damaged ledger does not name the entry: %+v", p)
	}
}

// toldElsewhere is an error of another door that has a code.
type toldElsewhere struct{ code string }

func (c toldElsewhere) Error() string       { return c.code }
func (c toldElsewhere) ProblemCode() string { return c.code }

// What is not known is internal: logged inside, told to nobody.
func TestUnknownErrorsStayInside(t *testing.T) {
	for _, err := range []error{errors.New("a disk went up in smoke"), io.ErrUnexpectedEOF, &peer.Fault{Code: "never heard of"}, context.DeadlineExceeded} {
		p, log := answered(t, err)
		if p.Code != "internal" || p.Status != 500 || len(p.Errors) != 0 || strings.Contains(p.Title+p.Detail, "smoke") {
			t.Errorf("%v: %+v", err, p)
		}
		if !strings.Contains(log, err.Error()) || !strings.Contains(log, p.Instance) {
			t.Errorf("%v: the log says %s", err, log)
		}
	}
	if _, log := answered(t, context.Canceled); strings.Contains(log, "ERROR") {
		t.Errorf("a client that went away is an error: %s", log)
	}
}

func TestPanicStaysInside(t *testing.T) {
	var log bytes.Buffer
	a := New(nil, slog.New(slog.NewJSONHandler(&log, nil)))
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/status", nil)) // a nil node
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"code":"internal"`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "GET /v1/status") || !strings.Contains(log.String(), "runtime.errorString") && !strings.Contains(log.String(), "runtime.") {
		t.Errorf("the log says %s", log.String())
	}
}

// Each operation of the contract is known to the check of input, with rules
// that it understands.
func TestContractIsUnderstood(t *testing.T) {
	c, err := readContract(schemas.OpenAPIAsJSON())
	if err != nil {
		t.Fatal(err)
	}
	queries, headers, schemas, bytes := 0, 0, 0, 0
	for pattern, in := range c.inputs {
		for name, p := range in.queries {
			queries++
			if !checked(p) {
				t.Errorf("%s: parameter %s has no rule that is checked", pattern, name)
			}
			if p.broken("") == "" {
				t.Errorf("%s: parameter %s may be empty", pattern, name)
			}
		}
		for name, p := range in.headers {
			headers++
			if !checked(p) || p.broken("") == "" {
				t.Errorf("%s: header %s has no rule that is checked, or may be empty", pattern, name)
			}
		}
		if in.schema != "" {
			schemas++
		}
		if in.bytes {
			bytes++
		}
	}
	if len(c.inputs) != 85 || queries != 29 || headers != 96 || schemas != 34 || bytes != 1 {
		t.Errorf("%d operations, %d query parameters, %d headers, %d documents, %d bodies of bytes", len(c.inputs), queries, headers, schemas, bytes)
	}
	// Who acts and under which hat go together, and a key only where somebody acts.
	for pattern, in := range c.inputs {
		_, actor := in.headers[actorHeader]
		_, hat := in.headers[hatHeader]
		_, keyed := in.headers[keyHeader]
		if actor != hat || keyed && !actor {
			t.Errorf("%s has headers %v", pattern, in.headers)
		}
		// A system that writes can always ask again without doing it twice.
		if strings.HasSuffix(in.scope, "schrijven") && actor && !keyed && pattern != "POST /v1/toelichtingen" {
			t.Errorf("%s writes for a system and takes no key", pattern)
		}
	}
}

func checked(p parameter) bool {
	s := p.Schema
	return s.Type == "integer" || s.Type == "boolean" || s.Enum != nil || s.MaxLength > 0 || s.Pattern.Regexp != nil
}

// Whatever document comes in: no panic, and what the contract accepts the
// mapping reads or refuses with a code.
func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{
		`{"hoedanigheid":"investigation","aan":"00000099000002002000:probation","doel":"x","specifiekDoel":"x","casus":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","persoon":1,"verklaringen":[{"code":"a","tekst":"b"}],"toestemming":{"stand":"gegeven","op":"2026-13-01"},"gegevens":[{"code":"a","diepte":"dat","reden":"x"}],"betrokkenheid":{"stand":"bezwaar"},"contact":"x"}`,
		`{"gegevens":[{"code":"a","uitkomst":"verstrekken","diepte":"inhoud","waarde":"x"}],"voorwaarden":[{"soort":"wissen-op","tot":"2027-01-01"}]}`,
		`{"aanleiding":{"code":"report","op":"2026-11-23","van":"x","verklaringen":[{"code":"a","tekst":"b"}],"domeinen":["c"]},"personen":[{"rol":"client","bsn":"999993847","ingestemdOp":"2026-02-30"}]}`,
		`{"id":"a","naam":"b","rollen":[{"rol":"aanvrager","hoedanigheid":"c"}]}`,
		`{"over":{"bsn":"1","bsn":"2"}}`, `[]`, `{"termijn":"2027-13-01T00:00:00Z"}`, `"\ud800"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if checkDocument("NieuwVerzoek", document) == nil {
			var n api.NewRequest
			if err := json.Unmarshal(document, &n); err != nil {
				t.Fatalf("fits the contract and can't be read: %v", err)
			}
			_, _, err := askingOf("a.jansen", "", n)
			coded(t, err)
		}
		if checkDocument("NieuwBesluit", document) == nil {
			var n api.NewDecision
			if err := json.Unmarshal(document, &n); err != nil {
				t.Fatalf("fits the contract and can't be read: %v", err)
			}
			coded(t, second(decisionOf(n)))
		}
		if checkDocument("NieuweCasus", document) == nil {
			var n api.NewCase
			if err := json.Unmarshal(document, &n); err != nil {
				t.Fatalf("fits the contract and can't be read: %v", err)
			}
			coded(t, second(caseOf(n)))
		}
		if err := checkDocument("Medewerker", document); err != nil {
			if code, _ := classify(err); code != codeInput {
				t.Fatalf("%v has code %s", err, code)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func coded(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if code, _ := classify(err); code == codeInternal {
		t.Fatalf("%v has no code", err)
	}
}

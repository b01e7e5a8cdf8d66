package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
	"sluis/schemas"
	"sluis/store"
)

// The codes that this door gives, beside those of the rooms behind it.
const (
	codeInput    = "bad-input"
	codeNotFound = "not-found"
	codeTooLarge = "message-too-large"
	codeInternal = "internal"
	codeDisk     = "disk-full"
	codeReadOnly = "disk-read-only"
	codeStopped  = "stopped"
	codeLedger   = "ledger-inconsistent"
	codeAhead    = "not-yet"
	codeConsole  = "no-console"

	// Of systems, see systems.go, tokens.go and once.go.
	codeClientUnknown = "client-unknown"
	codeToken         = "token-refused"
	codeUnchecked     = "token-unchecked"
	codeScope         = "scope-missing"
	codeForPeople     = "for-people"
	codeSystemMayNot  = "system-may-not"
	codeTooMany       = "too-many-calls"
	codeKeyInUse      = "key-in-use"
)

// A doorError is an error of this door with a fixed status.
type doorError struct {
	code   string
	status int // 0: that of the text
	field  field
}

func (e *doorError) Error() string { return e.code }

// The errors of this door that are always the same.
var (
	errNoResource = &doorError{code: codeNotFound}
	errPanic      = &doorError{code: codeInternal}
	errNoConsole  = &doorError{code: codeConsole}
	errMethod     = &doorError{code: codeInput, status: http.StatusMethodNotAllowed, field: field{"method", "not allowed here"}}
	errMedia      = &doorError{code: codeInput, status: http.StatusUnsupportedMediaType, field: field{"Content-Type", "another is wanted"}}
)

// An inputProblem says which places of the input are wrong.
type inputProblem struct{ fields []field }

// A field is a place and a rule, or a name and a value from a catalogue; never
// what somebody typed.
type field struct{ place, rule string }

func (*inputProblem) Error() string { return codeInput }

func badInput(place, rule string) error { return &inputProblem{[]field{{place, rule}}} }

// inputError is what the generated code says about parameters and bodies,
// without its texts: they quote the value.
func inputError(err error) error {
	var required *RequiredParamError
	var header *RequiredHeaderError
	var format *InvalidParamFormatError
	var many *TooManyValuesForParamError
	var bytes *http.MaxBytesError
	switch {
	case errors.As(err, &required):
		return badInput(required.ParamName, "required")
	case errors.As(err, &header):
		return badInput(header.ParamName, "required")
	case errors.As(err, &format):
		return badInput(format.ParamName, "format")
	case errors.As(err, &many):
		return badInput(many.ParamName, "given twice")
	case errors.As(err, &bytes):
		return err
	}
	return badInput("", "not as the contract has it")
}

// classify is the one place that gives an error its code and what may be told
// of it. Everything that is not known here is internal.
func classify(err error) (code string, fields []field) {
	var (
		door         *doorError
		input        *inputProblem
		refusal      *exchange.Refusal
		fault        *peer.Fault
		message      *wire.Fault
		listed       *register.Fault
		gate         *crypto.GateError
		bytes        *http.MaxBytesError
		inconsistent *store.Inconsistent
		atConsole    interface {
			error
			ProblemCode() string
		}
	)
	switch {
	case errors.As(err, &door):
		if door.field != (field{}) {
			fields = []field{door.field}
		}
		return door.code, fields
	case errors.As(err, &input):
		return codeInput, input.fields
	case errors.As(err, &refusal):
		for i := 0; i+1 < len(refusal.Params); i += 2 {
			fields = append(fields, fieldOf(refusal.Params[i], refusal.Params[i+1]))
		}
		return string(refusal.Code), fields
	case errors.As(err, &fault):
		return fault.Code, nil
	case errors.As(err, &atConsole):
		return atConsole.ProblemCode(), nil
	case errors.As(err, &message):
		return message.Code, nil
	case errors.As(err, &listed):
		if listed.Detail != "" {
			fields = []field{{"register", listed.Detail}}
		}
		return listed.Code, fields
	case errors.As(err, &gate):
		return gate.Code, nil
	case errors.As(err, &bytes):
		return codeTooLarge, nil
	case errors.As(err, &inconsistent):
		return codeLedger, []field{{"ledger", inconsistent.Error()}}
	}
	for _, known := range []struct {
		err  error
		code string
	}{
		{store.ErrNotFound, codeNotFound}, {store.ErrNoRecordKey, codeNotFound}, {store.ErrOvertaken, peer.Busy},
		{store.ErrTooLarge, codeTooLarge}, {store.ErrDiskFull, codeDisk}, {store.ErrReadOnly, codeReadOnly}, {store.ErrStopped, codeStopped}, {store.ErrClosed, codeStopped}, {store.ErrBehind, peer.LedgerBehind}, {store.ErrRecovering, peer.Recovering},
	} {
		if errors.Is(err, known.err) {
			return known.code, nil
		}
	}
	return codeInternal, nil
}

// fieldOf is a param of a refusal as this door tells it: a field of exchange by
// its place in the document, and the number of an item by where it stands.
func fieldOf(name, value string) field {
	switch name {
	case "field":
		if word, ok := fieldWords[value]; ok {
			return field{name, word.place}
		}
	case "number":
		if n, err := strconv.Atoi(value); err == nil {
			return field{"field", "/gegevens/" + strconv.Itoa(n-1)}
		}
	}
	return field{name, value}
}

// explain is the text of a code; a code without one is told as internal.
func explain(code string) schemas.Explanation {
	if e, ok := schemas.Text(code); ok {
		return e
	}
	e, _ := schemas.Text(codeInternal)
	return e
}

// problem answers with a problem (RFC 9457).
func (a *API) problem(w http.ResponseWriter, r *http.Request, err error) {
	code, fields := classify(err)
	e := explain(code)
	instance := newInstance()
	switch {
	case e.Code == codeInternal && errors.Is(err, context.Canceled):
		a.log.Debug("the client went away", "pattern", r.Pattern)
	case e.Code == codeInternal:
		a.log.Error("internal error", "pattern", r.Pattern, "instance", instance, "error", err.Error())
	default:
		a.log.Info("refused", "pattern", r.Pattern, "instance", instance, "code", code)
	}
	words := e.NL
	if language(r.Header.Get("Accept-Language")) == "en" {
		words = e.EN
	}
	p := api.Problem{Status: e.Status, Code: e.Code, Title: words.Title, Detail: words.Advice, Instance: instance}
	var door *doorError
	if errors.As(err, &door) && door.status != 0 {
		p.Status = door.status
	}
	// Who is refused reads the article: that of the refusal, or that of its code.
	if e.Article != "" && !slices.ContainsFunc(fields, func(f field) bool { return f.place == "article" }) {
		fields = append(fields, field{"article", e.Article})
	}
	for _, f := range fields {
		if f.place == "phase" {
			name := term(f.place, f.rule)
			f.rule = map[bool]string{true: name.EN, false: name.NL}[words == e.EN]
		}
		p.Errors = append(p.Errors, api.FieldError{Field: f.place, Message: f.rule})
	}
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Language", map[bool]string{true: "en", false: "nl"}[words == e.EN])
	if p.Status == http.StatusServiceUnavailable || code == codeKeyInUse {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

// language is the language of a text: "en" when the client prefers it to
// Dutch (RFC 9110, 12.5.4).
func language(accept string) string {
	best, quality := "nl", 0.0
	for _, part := range strings.Split(accept, ",") {
		tag, weight, weighted := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if weighted {
			var err error
			if q, err = strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64); err != nil {
				continue
			}
		}
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if (primary == "nl" || primary == "en") && q > quality {
			best, quality = primary, q
		}
	}
	return best
}

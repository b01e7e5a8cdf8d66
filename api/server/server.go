// Package server answers the HTTP API of a node: it turns what comes in into
// one call of a door of package peer, and what comes out into JSON. No rule of
// the law lives here.
//
// # How to read it
//
// [New] puts the layers around the generated router: headers and log
// (server.go), the form of the input (contract.go), errors as problems
// (problem.go). Each file of the rest answers the operations of one resource.
// words.go is the one place where codes of the product meet words of the API.
// listen.go opens the socket, which is the authentication: who can open it is
// the organisation's own account. systems.go lets other systems in over TLS, with
// less, and tokens.go looks at what their authorization server says; once.go keeps
// what is asked twice from being done twice.
//
// # What it must not do
//
// Keep anything, decide anything, or write anything personal to the log: the log
// gets patterns of paths, codes and the name of a problem.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"sluis/api"
	"sluis/api/webhook"
	"sluis/exchange"
	"sluis/peer"
	"sluis/schemas"
)

// An API answers the HTTP API of one node.
type API struct {
	// Version is that of the software, for the resource status. Default: what
	// the build recorded.
	Version string

	// Logboek tells how far the organisation's processing log is behind, and
	// since when handing over fails. nil where it is switched off.
	Logboek func() (behind uint64, since time.Time)

	// Invite makes a link by which a member of staff sets how he signs in to the
	// web console. nil where there is none.
	Invite func(context.Context, exchange.ActorID) (link string, until time.Time, err error)

	// Webhooks tell other systems what happens, by the name of the system.
	Webhooks webhook.Senders

	// PublicURL is under which other systems reach the API; "" where they can't.
	PublicURL string

	// Observe is told of each request; nil observes nothing.
	Observe peer.Observe

	node     *peer.Node
	log      *slog.Logger
	now      func() time.Time
	contract *contract
	mux      *http.ServeMux
	underway sync.Map // keys of acts that are being done, see once.go
}

// base is the path under which the API stands.
const base = "/v1"

// New returns the API of a node. It serves until the node is closed.
func New(node *peer.Node, log *slog.Logger) *API {
	a := &API{Version: buildVersion(), node: node, log: log, now: time.Now, mux: http.NewServeMux()}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if a.contract, err = readContract(schemas.OpenAPIAsJSON()); err != nil {
		panic("api/server: the contract in the program is damaged: " + err.Error())
	}
	strict := NewStrictHandlerWithOptions(a, nil, StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  func(w http.ResponseWriter, r *http.Request, err error) { a.problem(w, r, inputError(err)) },
		ResponseErrorHandlerFunc: a.problem,
	})
	HandlerWithOptions(strict, StdHTTPServerOptions{
		BaseURL: base, BaseRouter: a.mux,
		Middlewares:      []MiddlewareFunc{a.checkInput},
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) { a.problem(w, r, inputError(err)) },
	})
	a.mux.HandleFunc("GET "+base+"/openapi.json", specification("application/json", schemas.OpenAPIAsJSON()))
	a.mux.HandleFunc("GET "+base+"/openapi.yaml", specification("application/yaml", schemas.OpenAPI()))
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := a.now()
	header := w.Header()
	header.Set("API-Version", api.Version)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	seen := &statusWriter{ResponseWriter: w}
	ctx, end := a.Observe.Begin(r.Context(), peer.APIStep, nil)
	r = r.WithContext(ctx)
	defer func() { end(r.Pattern, strconv.Itoa(seen.status)) }()
	defer func() {
		if what := recover(); what != nil {
			if what == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
				panic(what)
			}
			// Of the value only the type: it could quote what came in.
			a.log.Error("a request made the API panic", "pattern", r.Pattern, "type", fmt.Sprintf("%T", what), "stack", string(debug.Stack()))
			if seen.status == 0 {
				a.problem(seen, r, errPanic)
			}
		}
		a.log.Debug("answered", "method", r.Method, "pattern", r.Pattern, "status", seen.status, "took", a.now().Sub(began).String())
	}()
	if path.Clean(r.URL.Path) != r.URL.Path {
		a.problem(seen, r, errNoResource)
		return
	}
	_, pattern := a.mux.Handler(r)
	if pattern == "" {
		a.unrouted(seen, r)
		return
	}
	r.Pattern = pattern // for the log, also where the router is not reached
	admitted, err := a.admit(seen, r, pattern)
	if err != nil {
		a.problem(seen, r, err)
		return
	}
	if _, ok := a.contract.inputs[pattern].headers[unlessHeader]; ok {
		tagged(seen, admitted, a.mux)
		return
	}
	a.mux.ServeHTTP(seen, admitted)
}

// unrouted answers what the router has no handler for: the router knows
// whether that is the path or the method, and says so in plain text.
func (a *API) unrouted(w http.ResponseWriter, r *http.Request) {
	told := &statusWriter{ResponseWriter: discard{http.Header{}}}
	a.mux.ServeHTTP(told, r)
	if told.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", told.Header().Get("Allow"))
		a.problem(w, r, errMethod)
		return
	}
	a.problem(w, r, errNoResource)
}

func specification(media string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(text)
	}
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// newInstance names one problem, in the answer and in the log.
func newInstance() string { return "urn:uuid:" + uuid.NewString() }

// moment is a time as the API writes it.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}

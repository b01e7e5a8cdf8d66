// Package console is the web pages of a node: what a professional, a requester,
// a coordinator, the reporting desk, a privacy officer, an administrator and an
// auditor see of it. It turns what comes in into calls of the doors of package
// peer, and what comes out into pages. No rule of the law lives here.
//
// # How to read it
//
// [New] draws the map: one line per page, with who may open it (console.go).
// visit.go is one request of one person; page.go makes HTML of a template,
// words.go the languages. Each other file holds the pages of one kind of user.
// Words stand in words/*.toml, markup in pages/*.html, the look in static/.
//
// # What it must not do
//
// Keep anything that must survive (drafts go through peer), decide anything, put
// anything personal into a URL, a title or the log, or make the browser ask
// anybody but this node for anything.
package console

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"sluis/api/webhook"
	"sluis/console/signin"
	"sluis/exchange"
	"sluis/peer"
)

//go:embed static
var static embed.FS

// Options say what to show and how people sign in.
type Options struct {
	Node *peer.Node
	// Config says how people sign in; Dir is the directory of the node, to which
	// its file names are relative.
	Config peer.Console
	Dir    string
	// Log gets patterns of paths, codes and the type of a panic. nil: nothing.
	Log *slog.Logger
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Version is that of the software, for the administrator.
	Version string
	// Webhooks tells the administrator how the organisation's own systems take what
	// happens; nil where there are none.
	Webhooks func() ([]webhook.State, error)
	// Observe is told of each page; nil observes nothing.
	Observe peer.Observe
	// Test marks every page as one of a test network, where a link signs in.
	Test bool
}

// A Console serves the pages of one node.
type Console struct {
	o       Options
	node    *peer.Node
	log     *slog.Logger
	now     func() time.Time
	door    *signin.Door
	between *between
	links   *links
	pages   map[string]*pages // by language
	mux     *http.ServeMux
	guarded http.Handler // mux behind the check of where a request comes from
	closed  chan struct{}
	close   sync.Once
	// auditing is held while a bundle is verified: one at a time.
	auditing sync.Mutex
	// beginning is held while begun requests and contributions are kept.
	beginning sync.Mutex
	reckoned  *reckonings
	read      *readings
	listening *listeners
}

// Run writes to the ledger who was refused at the door, until ctx is done.
func (c *Console) Run(ctx context.Context) error { return c.door.Run(ctx) }

// Close ends what waits for something to happen. Pages are served until the
// server stops.
func (c *Console) Close() { c.close.Do(func() { close(c.closed) }) }

// New returns the pages of a node. They are served until the node is closed.
func New(o Options) (*Console, error) {
	c := &Console{o: o, node: o.Node, log: o.Log, now: o.Now, mux: http.NewServeMux(), closed: make(chan struct{})}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.between, c.links, c.reckoned = newBetween(c.now), newLinks(c.now), newReckonings()
	c.read, c.listening = newReadings(), newListeners()
	var err error
	c.door, err = signin.New(o.Node, o.Config, signin.Options{Dir: o.Dir, Now: c.now, Log: c.log, Problem: c.scriptProblem})
	if err != nil {
		return nil, err
	}
	if c.pages, err = c.parse(); err != nil {
		return nil, err
	}
	c.draw()
	// SameSite and the browser's own word on where a request comes from
	// (Sec-Fetch-Site, Origin): a form of another site gets 403.
	c.guarded = http.NewCrossOriginProtection().Handler(c.mux)
	return c, nil
}

// draw is the map: every page, and which roles may open it.
func (c *Console) draw() {
	c.mux.Handle("GET /static/", http.StripPrefix("/", cached(http.FileServerFS(static))))
	c.open("POST /taal", chooseLanguage)
	c.open("GET /over", aboutPage)
	c.all("GET /{$}", start)
	c.all("GET /live", live)
	c.drawSignIn()
	c.drawAccount()
	c.drawStaff()
	c.drawDecision()
	c.drawAsking()
	c.drawOversight()
	c.drawConference()
	c.drawCoordination()
	c.drawDesk()
	c.drawPassing()
	c.drawKeeping()
	c.drawAudit()
}

// open adds a page that needs no session.
func (c *Console) open(pattern string, do func(*visit) error) { c.page(pattern, nil, do) }

// all adds a page for whoever is signed in.
func (c *Console) all(pattern string, do func(*visit) error) { c.page(pattern, exchange.Roles[:], do) }

// page adds a page for people who work in one of the roles.
func (c *Console) page(pattern string, roles []exchange.Role, do func(*visit) error) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v := c.visit(w, r)
		if err := v.serve(roles, do); err != nil {
			v.showProblem(err)
		}
	})
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	seen := &statusWriter{ResponseWriter: w}
	ctx, end := c.o.Observe.Begin(r.Context(), peer.PageStep, nil)
	w, r = seen, r.WithContext(ctx)
	defer func() { end(r.Pattern, strconv.Itoa(cmp.Or(seen.status, http.StatusOK))) }()
	defer func() {
		if what := recover(); what != nil {
			if what == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
				panic(what)
			}
			// Of the value only the type: it could quote what came in.
			c.log.Error("a request made the console panic", "pattern", r.Pattern, "type", fmt.Sprintf("%T", what), "stack", string(debug.Stack()))
			w.WriteHeader(http.StatusInternalServerError)
		}
	}()
	c.guarded.ServeHTTP(w, r)
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader passes the first status on.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// protect sets what every answer says to the browser: nothing from elsewhere,
// no inline script or style, no frame, nothing kept.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
	h.Set("Strict-Transport-Security", "max-age=63072000")
}

// cached lets the browser keep the files of the look for a day: there is nothing
// personal in them.
func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400")
		h.ServeHTTP(w, r)
	})
}

package signin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

const (
	mostSessions = 5                // at once, for one person
	remembered   = time.Hour        // how long it is known whose a session was that ran out
	fresh        = 15 * time.Minute // how long after a sign-in one may change how one signs in
)

// A Session is somebody who signed in, as he is now.
type Session struct {
	// ID names the session in a list. It opens nothing.
	ID string
	// Actor is who he is, under the hat that he wears.
	Actor exchange.Actor
	// Role is what he works as, within that hat.
	Role   exchange.Role
	Method peer.SignInMethod
	// Begun is when he signed in, Seen when he last did something.
	Begun, Seen time.Time
	// Ends is when he is signed out if he does nothing more.
	Ends time.Time
	// Browser is a coarse name such as "Firefox, Windows".
	Browser string
}

// Who is what the doors of package peer want to know.
func (s Session) Who() peer.Who { return peer.Who{ID: s.Actor.ID, Hat: s.Actor.Hat} }

// Fresh reports whether he signed in so short ago that he may change how he
// signs in (15 minutes).
func (d *Door) Fresh(s Session) bool { return d.now().Before(s.Begun.Add(fresh)) }

// entry is a session as it is kept. roles is what he might do when he signed in.
type entry struct {
	id          string
	actor       exchange.ActorID
	roles       []exchange.Grant
	wears       exchange.Grant
	method      peer.SignInMethod
	begun, seen time.Time
	browser     string
}

type sessions struct {
	idle, longest time.Duration

	mu  sync.Mutex // held for a few steps in memory
	all map[digest]*entry
}

func newSessions(idle, longest time.Duration) *sessions {
	return &sessions{idle: idle, longest: longest, all: map[digest]*entry{}}
}

func (s *sessions) ends(e *entry) time.Time {
	idle, last := e.seen.Add(s.idle), e.begun.Add(s.longest)
	if last.Before(idle) {
		return last
	}
	return idle
}

func (s *sessions) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, e := range s.all {
		if !now.Before(s.ends(e).Add(remembered)) {
			delete(s.all, at)
		}
	}
}

// lives reports whether a session has not run out.
func (s *sessions) lives(e *entry, now time.Time) bool { return now.Before(s.ends(e)) }

// get copies a session, and says whether it has not run out; the zero entry is of
// one that is not there.
func (s *sessions) get(at digest, now time.Time) (entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.all[at]
	if !ok {
		return entry{}, false
	}
	return *e, s.lives(e, now)
}

// put adds a session. Of too many of one person the one that was begun first ends.
func (s *sessions) put(at digest, e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		var first digest
		n := 0
		for other, o := range s.all {
			if o.actor != e.actor || !s.lives(o, e.begun) {
				continue
			}
			if n++; n == 1 || o.begun.Before(s.all[first].begun) {
				first = other
			}
		}
		if n < mostSessions {
			break
		}
		delete(s.all, first)
	}
	s.all[at] = &e
}

// edit changes a session that is still there.
func (s *sessions) edit(at digest, change func(*entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.all[at]; ok {
		change(e)
	}
}

// drop forgets the sessions for which it holds, and says how many of them had not
// run out.
func (s *sessions) drop(now time.Time, which func(digest, *entry) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, e := range s.all {
		if !which(at, e) {
			continue
		}
		delete(s.all, at)
		if s.lives(e, now) {
			n++
		}
	}
	return n
}

// Session finds who sends a request. Without a session that holds it is
// [NotSignedIn]. active says that a person does something; a page that asks by
// itself whether there is news, or a stream of events, is no activity and gives
// false. A stream asks again before each thing that it tells.
//
// Who left, or whose roles changed, is signed out with his next request: what he
// saw so far was for another.
func (d *Door) Session(r *http.Request, active bool) (Session, error) {
	s, _, err := d.session(r, active)
	return s, err
}

func (d *Door) session(r *http.Request, active bool) (Session, digest, error) {
	t, ok := d.cookie(r, sessionCookie)
	if !ok {
		return Session{}, digest{}, fault(NotSignedIn)
	}
	at, now := t.digest(), d.now()
	e, ok := d.sessions.get(at, now)
	if !ok {
		return Session{}, digest{}, fault(NotSignedIn)
	}
	a, err := d.present(r.Context(), e.actor)
	var gone *exchange.Refusal
	switch {
	case errors.As(err, &gone), errors.Is(err, &peer.Fault{Code: peer.UnknownActor}), err == nil && !slices.Equal(a.Roles, e.roles):
		d.sessions.drop(d.now(), func(_ digest, o *entry) bool { return o.actor == e.actor })
		return Session{}, digest{}, fault(NotSignedIn)
	case err != nil:
		return Session{}, digest{}, err
	}
	if active {
		e.seen = now
		d.sessions.edit(at, func(e *entry) { e.seen = now })
	}
	return d.shown(e, a), at, nil
}

// Lapsed finds whose session it was that ran out in this browser, within the last
// hour, so that what he sent too late can be kept until he is back. He is not
// signed in. A session that somebody ended is forgotten at once.
func (d *Door) Lapsed(r *http.Request) (who exchange.ActorID, wore exchange.Grant, ok bool) {
	t, ok := d.cookie(r, sessionCookie)
	if !ok {
		return "", exchange.Grant{}, false
	}
	now := d.now()
	e, lives := d.sessions.get(t.digest(), now)
	if e.id == "" || lives || !now.Before(d.sessions.ends(&e).Add(remembered)) {
		return "", exchange.Grant{}, false
	}
	return e.actor, e.wears, true
}

// Lapse lets every session run out, as when nobody has done anything for a while.
func (d *Door) Lapse() {
	d.sessions.mu.Lock()
	defer d.sessions.mu.Unlock()
	for _, e := range d.sessions.all {
		e.seen = d.now().Add(-d.sessions.idle)
	}
}

func (d *Door) shown(e entry, a exchange.Actor) Session {
	a.Hat = e.wears.Capacity
	return Session{
		ID: e.id, Actor: a, Role: e.wears.Role, Method: e.method, Begun: e.begun, Seen: e.seen, Ends: d.sessions.ends(&e), Browser: e.browser,
	}
}

// begin signs somebody in who proved who he is: always under a new token, and
// instead of who was signed in in this browser.
func (d *Door) begin(w http.ResponseWriter, r *http.Request, a exchange.Actor, by peer.SignInMethod) Session {
	return d.beginAs(w, r, a, a.Roles[0], by)
}

func (d *Door) beginAs(w http.ResponseWriter, r *http.Request, a exchange.Actor, wears exchange.Grant, by peer.SignInMethod) Session {
	if old, ok := d.cookie(r, sessionCookie); ok {
		at := old.digest()
		d.sessions.drop(d.now(), func(o digest, _ *entry) bool { return o == at })
	}
	now, t := d.now(), newToken()
	e := entry{
		id: string(newToken()[:16]), actor: a.ID, roles: a.Roles, wears: wears, method: by, begun: now, seen: now,
		browser: browser(r.UserAgent()),
	}
	d.sessions.put(t.digest(), e)
	d.setCookie(w, sessionCookie, t)
	return d.shown(e, a)
}

// Admit signs in a member of staff whom the caller knows already, such as by the
// links of a test network. Nothing is proved here; the ledger says so
// (peer.ByLink). A role that he does not have is exchange.HatNotOwn.
func (d *Door) Admit(w http.ResponseWriter, r *http.Request, id exchange.ActorID, role exchange.Role, hat exchange.CapacityCode) (Session, error) {
	a, err := d.present(r.Context(), id)
	if err != nil {
		return Session{}, err
	}
	i := roleAt(a, role, hat)
	if i < 0 {
		return Session{}, &exchange.Refusal{Code: exchange.HatNotOwn}
	}
	if err := d.enter(r, id, peer.ByLink, 0, nil); err != nil {
		return Session{}, err
	}
	return d.beginAs(w, r, a, a.Roles[i], peer.ByLink), nil
}

// roleAt is where a role in a capacity is among those of a person, or -1.
func roleAt(a exchange.Actor, role exchange.Role, hat exchange.CapacityCode) int {
	return slices.IndexFunc(a.Roles, func(g exchange.Grant) bool { return g.Role == role && g.Capacity == hat })
}

// Wear lets who sends a request work in another of his roles. One that he does
// not have is exchange.HatNotOwn.
func (d *Door) Wear(r *http.Request, role exchange.Role, hat exchange.CapacityCode) (Session, error) {
	s, at, err := d.session(r, true)
	if err != nil {
		return Session{}, err
	}
	i := roleAt(s.Actor, role, hat)
	if i < 0 {
		return Session{}, &exchange.Refusal{Code: exchange.HatNotOwn}
	}
	d.sessions.edit(at, func(e *entry) { e.wears = s.Actor.Roles[i] })
	s.Actor.Hat, s.Role = hat, role
	return s, nil
}

// SignOut ends the session of a request and takes its cookie back; without a
// session it does only the latter. It returns the URL at which to sign out at the
// identity provider as well, or "" (OpenID Connect RP-Initiated Logout 1.0).
func (d *Door) SignOut(w http.ResponseWriter, r *http.Request) (string, error) {
	s, at, err := d.session(r, false)
	d.setCookie(w, sessionCookie, "")
	d.dropAttempts(r)
	if errors.Is(err, fault(NotSignedIn)) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	d.sessions.drop(d.now(), func(o digest, _ *entry) bool { return o == at })
	next := ""
	if s.Method == peer.ByProvider && d.provider != nil {
		next = d.provider.signOut()
	}
	return next, d.node.RecordSignIn(r.Context(), peer.SignIn{Who: s.Actor.ID, Method: s.Method, Outcome: peer.SignedOut}, nil)
}

// SignOutEverywhere ends all sessions of who sends a request.
func (d *Door) SignOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	s, _, err := d.session(r, false)
	if err != nil {
		return err
	}
	d.setCookie(w, sessionCookie, "")
	return d.endAll(r.Context(), s.Actor.ID, s.Method)
}

func (d *Door) endAll(ctx context.Context, id exchange.ActorID, by peer.SignInMethod) error {
	n := d.sessions.drop(d.now(), func(_ digest, e *entry) bool { return e.actor == id })
	if n == 0 {
		return nil
	}
	return d.node.RecordSignIn(ctx, peer.SignIn{Who: id, Method: by, Outcome: peer.SignedOut, Count: n}, nil)
}

// Sessions lists the sessions of the same person, the last one first.
func (d *Door) Sessions(s Session) []Session {
	now := d.now()
	var all []Session
	d.sessions.mu.Lock()
	for _, e := range d.sessions.all {
		if e.actor == s.Actor.ID && d.sessions.lives(e, now) {
			all = append(all, d.shown(*e, s.Actor))
		}
	}
	d.sessions.mu.Unlock()
	slices.SortFunc(all, func(a, b Session) int {
		if c := b.Begun.Compare(a.Begun); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all
}

// EndSession ends one session of the same person. That of another is
// [UnknownSession].
func (d *Door) EndSession(ctx context.Context, s Session, id string) error {
	var by peer.SignInMethod
	n := d.sessions.drop(d.now(), func(_ digest, e *entry) bool {
		if e.actor != s.Actor.ID || e.id != id {
			return false
		}
		by = e.method
		return true
	})
	if n == 0 {
		return fault(UnknownSession)
	}
	return d.node.RecordSignIn(ctx, peer.SignIn{Who: s.Actor.ID, Method: by, Outcome: peer.SignedOut}, nil)
}

// browser is a coarse name for what a User-Agent says, so that one knows one's
// own sessions apart and nothing more is kept.
func browser(agent string) string {
	named := func(marks ...[2]string) string {
		for _, m := range marks {
			if strings.Contains(agent, m[0]) {
				return m[1]
			}
		}
		return ""
	}
	// Each one also claims to be those that come after it.
	name := named([2]string{"Edg", "Edge"}, [2]string{"Firefox/", "Firefox"}, [2]string{"Chrome/", "Chrome"}, [2]string{"Safari/", "Safari"})
	system := named([2]string{"Windows", "Windows"}, [2]string{"Android", "Android"}, [2]string{"iPhone", "iOS"}, [2]string{"iPad", "iOS"},
		[2]string{"Mac OS", "macOS"}, [2]string{"Linux", "Linux"})
	if name == "" || system == "" {
		return name + system
	}
	return name + ", " + system
}

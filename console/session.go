package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"sluis/exchange"
)

// Limits of a session.
const (
	idleLimit     = 15 * time.Minute
	sessionLimit  = 9 * time.Hour
	sessionsEach  = 5
	linkLife      = 24 * time.Hour
	parkedLimit   = time.Hour
	sessionCookie = "sluis"
)

// A session is one browser in which one person works, under one hat and in one
// role at a time.
type session struct {
	actor  exchange.ActorID
	hat    exchange.CapacityCode
	role   exchange.Role
	begun  time.Time
	seen   time.Time // when he did something himself
	flash  string    // a message for the next page: the key of a word
	ended  bool
	parked *parked // what he sent after the session had ended
}

// parked is a form that came in too late: it is shown again, filled in, when the
// same person has signed in.
type parked struct {
	path string
	form url.Values
	at   time.Time
}

// sessions are those of the node, in memory: a restart signs everybody out.
type sessions struct {
	now func() time.Time
	mu  sync.Mutex
	all map[[32]byte]*session // by the SHA-256 of the token
	// links sign somebody in without more, on a test network only.
	links map[[32]byte]session
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, all: map[[32]byte]*session{}, links: map[[32]byte]session{}}
}

// token makes a secret of 256 bits.
func token() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func keyOf(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// begin starts a session. The oldest of the same person ends where he has too
// many.
func (s *sessions) begin(of session) (secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	own := [][32]byte{}
	for k, o := range s.all {
		if o.actor == of.actor && !o.ended {
			own = append(own, k)
		}
	}
	slices.SortFunc(own, func(a, b [32]byte) int { return s.all[a].begun.Compare(s.all[b].begun) })
	for len(own) >= sessionsEach {
		delete(s.all, own[0])
		own = own[1:]
	}
	of.begun, of.seen = s.now(), s.now()
	secret = token()
	s.all[keyOf(secret)] = &of
	return secret
}

// forget removes what nobody can come back to.
func (s *sessions) forget() {
	for k, o := range s.all {
		if s.now().Sub(o.seen) > sessionLimit+parkedLimit {
			delete(s.all, k)
		}
	}
}

// find returns a copy of the session of a token. active says that the person did
// something; looking by itself does not keep a session alive.
func (s *sessions) find(token string, active bool) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.all[keyOf(token)]
	if !ok {
		return session{}, false
	}
	now := s.now()
	if now.Sub(o.seen) > idleLimit || now.Sub(o.begun) > sessionLimit {
		o.ended = true
	}
	if o.ended {
		return *o, false
	}
	if active {
		o.seen = now
	}
	return *o, true
}

// EndSessions ends every session, as when nobody did anything for a while.
func (c *Console) EndSessions() {
	c.sessions.mu.Lock()
	defer c.sessions.mu.Unlock()
	for _, s := range c.sessions.all {
		s.ended = true
	}
}

// edit changes a session in place.
func (s *sessions) edit(token string, do func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.all[keyOf(token)]; ok {
		do(o)
	}
}

// end ends a session, or all of the person whose session it is.
func (s *sessions) end(token string, everywhere bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.all[keyOf(token)]
	if !ok {
		return
	}
	actor := o.actor
	delete(s.all, keyOf(token))
	if !everywhere {
		return
	}
	for k, o := range s.all {
		if o.actor == actor {
			delete(s.all, k)
		}
	}
}

// unpark takes out what the person of this session sent after an earlier session
// of his had ended.
func (s *sessions) unpark(token, path string) (url.Values, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine, ok := s.all[keyOf(token)]
	if !ok || mine.parked == nil || mine.parked.path != path {
		return nil, false
	}
	form := mine.parked.form
	mine.parked = nil
	return form, true
}

// cookie is the session cookie. Over plain HTTP, which is for a loopback address
// only, it can't be Secure.
func (v *visit) cookie(token string) *http.Cookie {
	c := &http.Cookie{Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if v.r.TLS != nil {
		c.Name, c.Secure = "__Host-"+sessionCookie, true
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

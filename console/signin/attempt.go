package signin

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"sluis/exchange"
)

const (
	attemptLife  = 10 * time.Minute
	mostAttempts = 20_000 // browsers that have something half done; then the first ones lose it
)

// A kind of attempt. A browser has one of each at most: the last.
type kind int

const (
	atProvider kind = iota
	withPasskey
	newPasskey
	newPassword
	kinds
)

// An attempt is what was begun in a browser and is to be finished there.
type attempt struct {
	begun time.Time

	// At the identity provider.
	state, nonce token
	verifier     string // PKCE (RFC 7636)
	next         string // path to go on with

	// With a passkey: the whole of it, as the library wants it back.
	ceremony *webauthn.SessionData

	// To set how one signs in: who, and by which invitation; zero for one who is
	// signed in.
	actor      exchange.ActorID
	invitation digest
	secret     []byte // of the codes of the moment
}

type half struct {
	seen time.Time
	of   [kinds]*attempt
}

// attempts are kept here and not in the browser, so that each can be finished
// once.
type attempts struct {
	mu  sync.Mutex // held for a few steps in memory
	all map[digest]*half
}

func newAttempts() *attempts { return &attempts{all: map[digest]*half{}} }

// begin keeps an attempt, and hands the browser the cookie that it needs to
// finish it.
func (d *Door) beginAttempt(w http.ResponseWriter, r *http.Request, k kind, a attempt) {
	a.begun = d.now()
	t, ok := d.cookie(r, attemptCookie)
	s := d.attempts
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.all[t.digest()]; !ok || !known {
		t = newToken() // never one of which we do not know that it is ours
		if len(s.all) >= mostAttempts {
			s.dropFirst()
		}
		s.all[t.digest()] = &half{}
	}
	h := s.all[t.digest()]
	h.seen, h.of[k] = a.begun, &a
	d.setCookie(w, attemptCookie, t)
}

// dropAttempts forgets what was begun in a browser: the next who sits there has
// nothing to do with it.
func (d *Door) dropAttempts(r *http.Request) {
	t, ok := d.cookie(r, attemptCookie)
	if !ok {
		return
	}
	d.attempts.mu.Lock()
	defer d.attempts.mu.Unlock()
	delete(d.attempts.all, t.digest())
}

// dropFirst forgets the browser that began first; the caller holds the mutex.
func (s *attempts) dropFirst() {
	var first digest
	for at, h := range s.all {
		if f, ok := s.all[first]; !ok || h.seen.Before(f.seen) {
			first = at
		}
	}
	delete(s.all, first)
}

// attempt finds what was begun, and takes it if it is to be used up.
func (d *Door) attempt(r *http.Request, k kind, take bool) (attempt, error) {
	t, ok := d.cookie(r, attemptCookie)
	if !ok {
		return attempt{}, fault(SignInStale)
	}
	s := d.attempts
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.all[t.digest()]
	if !ok || h.of[k] == nil {
		return attempt{}, fault(SignInStale)
	}
	a := *h.of[k]
	if stale := !d.now().Before(a.begun.Add(attemptLife)); stale || take {
		h.of[k] = nil
		if stale {
			return attempt{}, fault(SignInStale)
		}
	}
	return a, nil
}

func (s *attempts) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, h := range s.all {
		if !now.Before(h.seen.Add(attemptLife)) {
			delete(s.all, at)
		}
	}
}

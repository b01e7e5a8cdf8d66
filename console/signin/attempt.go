package signin

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"sluis/exchange"
)

const (
	attemptLife  = 10 * time.Minute
	mostAttempts = 20_000 // browsers that have something half done; then the first ones lose it
	// mostFromOne is how many of them one address may have, so that who begins
	// without end pushes out himself and not others. An organisation may share one.
	mostFromOne = 500
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
	from netip.Prefix
	of   [kinds]*attempt
}

// attempts are kept here and not in the browser, so that each can be finished
// once.
type attempts struct {
	mu   sync.Mutex // held for a few steps in memory
	all  map[digest]*half
	from map[netip.Prefix]int // how many of all
}

func newAttempts() *attempts {
	return &attempts{all: map[digest]*half{}, from: map[netip.Prefix]int{}}
}

// drop forgets a browser; the caller holds the mutex.
func (s *attempts) drop(at digest) {
	h, ok := s.all[at]
	if !ok {
		return
	}
	delete(s.all, at)
	if s.from[h.from]--; s.from[h.from] == 0 {
		delete(s.from, h.from)
	}
}

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
		from := d.address(r)
		switch {
		case s.from[from] >= mostFromOne:
			s.dropFirst(func(h *half) bool { return h.from == from })
		case len(s.all) >= mostAttempts:
			s.dropFirst(func(*half) bool { return true })
		}
		s.all[t.digest()] = &half{from: from}
		s.from[from]++
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
	d.attempts.drop(t.digest())
}

// dropFirst forgets the browser that began first of those that are picked; the
// caller holds the mutex.
func (s *attempts) dropFirst(picked func(*half) bool) {
	var first digest
	for at, h := range s.all {
		if f, ok := s.all[first]; picked(h) && (!ok || h.seen.Before(f.seen)) {
			first = at
		}
	}
	s.drop(first)
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
			s.drop(at)
		}
	}
}

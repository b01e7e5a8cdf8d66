// Package webhook tells other systems of the organisation that something has
// happened, as CloudEvents over HTTPS: that a request stands otherwise, and where
// to see how, never what is in it.
//
// # How it works
//
// A [Sender] follows the ledger for one system, as package logboek does for the
// processing log. What waits is therefore in the ledger anyway: a receiver that is
// down for a week costs nothing, and nothing is lost when the node stops. How far
// it is stands in a small file beside the store and not in it, since nothing
// changes in the store without an entry, and an entry per delivery would call for
// the next one.
//
// Events come in the order of the ledger and at least once: the same one again has
// the same id, and sequence says where one belongs that was set aside and comes
// later. Each is signed (Standard Webhooks, HMAC-SHA256).
//
// # What it must not do
//
// Send anything that is not in the header of an entry, go where the configuration
// does not point, follow a redirect, or log what a receiver answers.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"sluis/api"
	"sluis/ledger"
)

// A Source is the ledger that is followed.
type Source interface {
	// Entries returns up to count entries from index on.
	Entries(from uint64, count int) ([]ledger.Entry, error)
	// Checkpoint returns the number of entries, beside what signs them.
	Checkpoint() (signed []byte, size uint64)
	// Changed returns a channel that is closed at the next change.
	Changed() <-chan struct{}
}

// A Target is a system that hears what happens.
type Target struct {
	System     string   // its name, for the log and the state
	Capacities []string // of ours that it hears of
	URL        string
	Keys       [][]byte // of the signature; see [ReadKeys]
	// Client sends; see [NewClient].
	Client *http.Client
	// GiveUpAfter is for how long an event that the receiver refuses is offered.
	GiveUpAfter time.Duration
	// State is the file that says how far the system is.
	State string
	// First and Longest are the pauses after a failed attempt. Default: 1s, 10m.
	First, Longest time.Duration
}

// A Sender delivers events to one system. Run has the cursor; the fields that mu
// guards are also read by others.
type Sender struct {
	target Target
	form   Form
	source Source
	log    *slog.Logger
	again  chan struct{} // holds a token when something is to be offered again
	misses int

	mu       sync.Mutex // held for a few steps, and while the file is written
	state    state      // as on disk
	since    time.Time  // when attempts began to fail; zero while they do not
	why      string
	attempts map[string]uint64
}

// batch bounds the entries that are looked at together, maxAside what is kept of
// what was set aside.
const (
	batch    = 100
	maxAside = 1000
	// longestNap is how long a sender sleeps when nothing happens.
	longestNap = time.Hour
)

// Open reads how far a system is. One that is new hears what happens from now on;
// it can read what was before.
func Open(source Source, form Form, t Target, log *slog.Logger) (*Sender, error) {
	if t.First == 0 {
		t.First, t.Longest = time.Second, 10*time.Minute
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	_, size := source.Checkpoint()
	s, err := readState(t.State, size)
	if err != nil {
		return nil, err
	}
	return &Sender{
		target: t, form: form, source: source, log: log, again: make(chan struct{}, 1),
		state: s, since: s.Failing, why: s.Why, attempts: map[string]uint64{taken: 0}, // so that the first is a rise
	}, nil
}

// Resend offers what was set aside again, each once.
func (s *Sender) Resend() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.state
	next.Again, next.Aside = slices.Concat(s.state.Again, s.state.Aside), nil
	if err := s.save(next); err != nil {
		return err
	}
	select {
	case s.again <- struct{}{}:
	default:
	}
	return nil
}

// Run delivers until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	defer s.target.Client.CloseIdleConnections()
	for {
		changed := s.source.Changed()
		more, err := s.step(ctx)
		wait := longestNap
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wait, changed = s.failed(err), nil
		case more:
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
		case <-s.again:
		}
		timer.Stop()
	}
}

// step delivers what is to be offered again, or else the entries that come next.
// It reports whether there may be more.
func (s *Sender) step(ctx context.Context) (bool, error) {
	s.mu.Lock()
	next := s.state
	s.mu.Unlock()
	if len(next.Again) > 0 {
		index := next.Again[0]
		err := s.deliver(ctx, index)
		var refused refusal
		if err != nil && !errors.As(err, &refused) {
			return false, err
		}
		return true, s.keep(func(n *state) {
			n.Again = slices.DeleteFunc(slices.Clone(n.Again), func(i uint64) bool { return i == index })
			if err != nil {
				n.setAside(index)
			}
		})
	}
	entries, err := s.source.Entries(next.Next, batch)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	for _, e := range entries {
		if slices.Contains(s.target.Capacities, capacityOf(e.Header)) {
			if err := s.offer(ctx, e.Index); err != nil {
				return false, err
			}
		}
		if told[eventKind(e)] || e.Index == entries[len(entries)-1].Index {
			if err := s.keep(func(n *state) { n.Next, n.Refused = e.Index+1, time.Time{} }); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// offer delivers an entry. One that the receiver goes on refusing is set aside, so
// that it does not hold up all that comes after; one that it can't be given is not.
func (s *Sender) offer(ctx context.Context, index uint64) error {
	err := s.deliver(ctx, index)
	var refused refusal
	if !errors.As(err, &refused) {
		return err
	}
	s.mu.Lock()
	began := s.state.Refused
	s.mu.Unlock()
	now := time.Now()
	if began.IsZero() {
		return errors.Join(err, s.keep(func(n *state) { n.Next, n.Refused = index, now }))
	}
	if now.Sub(began) < s.target.GiveUpAfter {
		return err
	}
	s.log.Error("webhook: an event is set aside", "system", s.target.System, "entry", index, "code", refused.Error())
	return s.keep(func(n *state) { n.setAside(index) })
}

// keep changes the state, first on disk.
func (s *Sender) keep(change func(*state)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.state
	change(&next)
	return s.save(next)
}

// save puts a state on disk, with how the attempts go, so that a restart does not
// make a trouble of a week one of a minute. It needs mu.
func (s *Sender) save(next state) error {
	next.Failing, next.Why = s.since, s.why
	if err := next.write(s.target.State); err != nil {
		return err
	}
	s.state = next
	return nil
}

func (s *Sender) event(index uint64) (api.Event, bool, error) {
	entries, err := s.source.Entries(index, 1)
	if err != nil || len(entries) == 0 {
		return api.Event{}, false, err
	}
	return s.form.Event(entries[0])
}

// A refusal is an answer of a receiver that does not take an event. Its text is a
// code: what the receiver writes is not ours to log.
type refusal string

func (r refusal) Error() string { return string(r) }

// A trouble is why an event could not be given at all.
type trouble struct {
	code string
	wait time.Duration // that the receiver asks for; 0 where it does not
}

func (t *trouble) Error() string { return t.code }

const (
	// postTime bounds one attempt, maxReply what is read of the answer.
	postTime = 30 * time.Second
	maxReply = 64 << 10
)

// deliver makes one attempt at one entry. Nothing is sent for an entry that is not
// told.
func (s *Sender) deliver(ctx context.Context, index uint64) error {
	event, ok, err := s.event(index)
	if err != nil || !ok {
		return err
	}
	err = s.post(ctx, event)
	if ctx.Err() == nil { // an attempt that a stop cut off says nothing
		s.attempted(err)
	}
	return err
}

func (s *Sender) post(ctx context.Context, event api.Event) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/cloudevents+json; charset=UTF-8")
	r.Header.Set("User-Agent", "sluis")
	sign(r.Header, s.target.Keys, event.ID, time.Now(), body)
	response, err := s.target.Client.Do(r)
	if err != nil {
		return &trouble{code: unanswered(err)}
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxReply)) // so that the connection serves again
	code := "status-" + strconv.Itoa(response.StatusCode)
	switch {
	case response.StatusCode/100 == 2:
		return nil
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable:
		t := &trouble{code: code}
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
			t.wait = min(time.Duration(seconds)*time.Second, s.target.Longest)
		}
		return t
	}
	return refusal(code)
}

// unanswered is the code of an attempt that got no answer, by what to look at.
func unanswered(err error) string {
	var unknown *net.DNSError
	var unproved *tls.CertificateVerificationError
	var late interface{ Timeout() bool }
	switch {
	case errors.As(err, &unproved):
		return "certificate"
	case errors.As(err, &unknown):
		return "name-unknown"
	case errors.Is(err, errNowhere):
		return "no-destination"
	case errors.As(err, &late) && late.Timeout():
		return "timeout"
	}
	return "unreachable"
}

// attempted counts an attempt, and ends the trouble when the event was taken.
func (s *Sender) attempted(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.attempts[codeOf(err)]++
		return
	}
	s.attempts[taken]++
	if s.misses > 0 || !s.since.IsZero() {
		s.log.Info("webhook: events are taken again", "system", s.target.System)
	}
	s.since, s.why, s.misses = time.Time{}, "", 0
}

// taken is the outcome of an attempt that went well; of others it is a code.
const taken = "ok"

// codeOf is why something failed: nothing that a receiver chose but a number.
func codeOf(err error) string {
	var refused refusal
	var t *trouble
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.As(err, &t):
		return t.code
	}
	return "internal"
}

// failed remembers that an attempt failed, and returns how long to wait: longer
// each time, and with some chance in it so that nodes don't call together.
func (s *Sender) failed(err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	began, code := s.since.IsZero(), codeOf(err)
	if began {
		s.since = time.Now().UTC()
	}
	if s.misses == 0 {
		s.log.Warn("webhook: an event is not taken; it is offered again", "system", s.target.System, "code", code)
	}
	s.why = code
	if began || s.state.Why != code {
		if err := s.save(s.state); err != nil {
			s.log.Warn("webhook: how the attempts go can't be written down", "system", s.target.System)
		}
	}
	pause := s.target.Longest
	if s.misses < 20 {
		pause = min(pause, s.target.First<<s.misses)
		s.misses++
	}
	pause = pause*4/5 + rand.N(pause*2/5+1)
	var t *trouble
	if errors.As(err, &t) {
		pause = max(pause, t.wait)
	}
	return pause
}

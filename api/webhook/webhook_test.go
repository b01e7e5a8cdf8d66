package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/ledger"
)

// A book is a ledger that grows.
type book struct {
	mu      sync.Mutex
	entries []ledger.Entry
	changed chan struct{}
}

func (b *book) write(kind exchange.EventKind, as string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := ledger.Header{
		Index: uint64(len(b.entries)), Time: time.Now().UTC().Truncate(time.Millisecond), Kind: string(kind), Exchange: fmt.Sprintf("01938f2e-7c1a-7b3e-9d5a-%012d", len(b.entries)),
		Party: "00000099000002002000:probation", As: as, Purpose: ledger.None, Key: "node",
	}
	b.entries = append(b.entries, ledger.Seal(h, []byte("verzegeld: 999993847")))
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func (b *book) Entries(from uint64, count int) ([]ledger.Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if from >= uint64(len(b.entries)) {
		return nil, nil
	}
	return append([]ledger.Entry(nil), b.entries[from:min(from+uint64(count), uint64(len(b.entries)))]...), nil
}

func (b *book) Checkpoint() ([]byte, uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return nil, uint64(len(b.entries))
}

func (b *book) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

const ours = "00000099000001001000:investigation"

var testKey = bytes.Repeat([]byte("k"), 32)

// A receiver remembers what it took, and answers what it is told.
type receiver struct {
	*httptest.Server
	t      *testing.T
	answer func(api.Event) int
	took   chan api.Event
}

func newReceiver(t *testing.T, answer func(api.Event) int) *receiver {
	t.Helper()
	r := &receiver{t: t, answer: answer, took: make(chan api.Event, 100)}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil || Verify(q.Header, testKey, body, time.Now()) != nil || q.Header.Get("Content-Type") != "application/cloudevents+json; charset=UTF-8" {
			t.Errorf("a delivery that is not signed: %v %v", q.Header, err)
		}
		if bytes.Contains(body, []byte("999993847")) || bytes.Contains(body, []byte("probation")) {
			t.Errorf("the event says too much: %s", body)
		}
		var event api.Event
		if err := json.Unmarshal(body, &event); err != nil {
			t.Error(err)
		}
		status := r.answer(event)
		if status/100 == 3 {
			w.Header().Set("Location", "/elders")
		}
		w.WriteHeader(status)
		if status/100 == 2 {
			r.took <- event
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) next() api.Event {
	r.t.Helper()
	select {
	case e := <-r.took:
		return e
	case <-time.After(20 * time.Second):
		r.t.Fatal("no event came")
	}
	return api.Event{}
}

// nextAfter is the next one that is another: they come at least once, and a stop
// may be faster than that one is written down.
func (r *receiver) nextAfter(e api.Event) api.Event {
	r.t.Helper()
	for {
		if next := r.next(); next.ID != e.ID {
			return next
		}
	}
}

func (r *receiver) target(t *testing.T) Target {
	t.Helper()
	client := NewClient(nil)
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs = r.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return Target{
		System: "zaaksysteem", Capacities: []string{"investigation"}, URL: r.URL, Keys: [][]byte{testKey}, Client: client, GiveUpAfter: time.Hour,
		State: filepath.Join(t.TempDir(), "state.json"), First: time.Millisecond, Longest: 10 * time.Millisecond,
	}
}

// run runs a sender until stop is called, which returns when it has ended.
func run(t *testing.T, b *book, target Target) (s *Sender, stop func()) {
	t.Helper()
	s, err := Open(b, Form{OIN: "00000099000001001000", PublicURL: "https://node.example"}, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return s, stop
}

// Events come in order, each again until it is taken, and only those that are
// told and of the capacity; also over a stop of the node.
func TestDelivery(t *testing.T) {
	b := &book{}
	b.write(exchange.RequestIssued, ours) // before the webhook was there
	var mu sync.Mutex
	fails := map[string]int{}
	r := newReceiver(t, func(e api.Event) int {
		mu.Lock()
		defer mu.Unlock()
		if fails[e.ID]++; fails[e.ID] < 3 {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	target := r.target(t)
	_, stop := run(t, b, target)
	b.write(exchange.Viewed, ours)
	b.write(exchange.AnswerReceived, ours)
	b.write(exchange.AnswerReceived, "00000099000001001000:coordination")
	b.write(exchange.QuestionReceived, ours)
	first, second := r.next(), r.next()
	if first.Type != "nl.sluis.answer-received" || first.Sequence != "2" || second.Type != "nl.sluis.question-received" || second.Sequence != "4" {
		t.Errorf("got %+v, %+v", first, second)
	}
	if first.DataRef != "https://node.example/v1/verzoeken/"+first.Subject+"?hoedanigheid=investigation" || first.SpecVersion != "1.0" ||
		first.Source != "urn:nld:oin:00000099000001001000:systeem:sluis" || first.ID == second.ID || !strings.HasPrefix(first.ID, "2-") {
		t.Errorf("the form is %+v", first)
	}
	stop()
	b.write(exchange.WithdrawalReceived, ours)
	_, stop = run(t, b, target)
	defer stop()
	third := r.nextAfter(second)
	if third.Sequence != "5" {
		t.Errorf("after a stop: %+v", third)
	}
	if len(r.took) != 0 {
		t.Errorf("%d more", len(r.took))
	}
}

// One event that is refused for too long does not hold up the others; it is shown,
// and offered again when somebody asks for that. Without an answer nothing is set
// aside.
func TestSetAside(t *testing.T) {
	b := &book{}
	var mu sync.Mutex
	refuse := true
	r := newReceiver(t, func(e api.Event) int {
		mu.Lock()
		defer mu.Unlock()
		if refuse && e.Sequence == "0" {
			return http.StatusBadRequest
		}
		return http.StatusOK
	})
	target := r.target(t)
	target.GiveUpAfter = 20 * time.Millisecond
	s, stop := run(t, b, target)
	b.write(exchange.AnswerReceived, ours)
	b.write(exchange.ReplyReceived, ours)
	taken := r.next()
	if taken.Sequence != "1" {
		t.Errorf("got %+v", taken)
	}
	aside, err := s.SetAside()
	if err != nil || len(aside) != 1 || aside[0].Sequence != "0" {
		t.Errorf("set aside: %+v, %v", aside, err)
	}
	stop()
	s, _ = run(t, b, target) // it is still known after a stop
	mu.Lock()
	refuse = false
	mu.Unlock()
	if err := s.Resend(); err != nil {
		t.Fatal(err)
	}
	if e := r.nextAfter(taken); e.Sequence != "0" {
		t.Errorf("again: %+v", e)
	}
}

// noNetwork answers no call and counts them.
type noNetwork chan bool

func (n noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	n <- true
	return nil, errors.New("no route")
}

func TestNothingIsSetAsideForNobody(t *testing.T) {
	b := &book{}
	calls := make(noNetwork)
	s, stop := run(t, b, Target{
		System: "zaaksysteem", Capacities: []string{"investigation"}, URL: "https://127.0.0.1:1", Keys: [][]byte{testKey}, Client: &http.Client{Transport: calls},
		GiveUpAfter: time.Nanosecond, State: filepath.Join(t.TempDir(), "state.json"), First: time.Millisecond, Longest: 10 * time.Millisecond,
	})
	b.write(exchange.AnswerReceived, ours)
	for range 5 {
		select {
		case <-calls:
		case <-time.After(20 * time.Second):
			t.Fatal("no attempts")
		}
	}
	go func() {
		for range calls {
		}
	}()
	stop()
	close(calls)
	state, err := s.State()
	if err != nil || state.Aside != 0 || state.Behind != 1 || state.Why != "unreachable" || state.Since.IsZero() {
		t.Errorf("state %+v, %v", state, err)
	}
}

// A redirect is not followed and is no success; addresses that are nobody's are
// not dialled; what the certificate does not vouch for hears nothing.
func TestGoesNowhereElse(t *testing.T) {
	b := &book{}
	b.write(exchange.AnswerReceived, ours)
	elsewhere := 0
	r := newReceiver(t, func(api.Event) int { elsewhere++; return http.StatusTemporaryRedirect })
	s, err := Open(b, Form{}, r.target(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var refused refusal
	if err := s.deliver(t.Context(), 0); !errors.As(err, &refused) || refused != "status-307" || elsewhere != 1 {
		t.Errorf("a redirect: %v, %d calls", err, elsewhere)
	}
	s.target.Client = NewClient(nil) // that does not know the receiver's authority
	var down *trouble
	if err := s.deliver(t.Context(), 0); !errors.As(err, &down) || elsewhere != 1 {
		t.Errorf("a certificate of somebody else: %v", err)
	}
	for address, ok := range map[string]bool{
		"169.254.169.254:443": false, "[fe80::1]:443": false, "0.0.0.0:443": false, "[::]:443": false, "224.0.0.1:443": false,
		"10.0.0.1:443": true, "127.0.0.1:443": true, "[fd00::1]:443": true,
	} {
		if err := destination("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestSignature(t *testing.T) {
	keys, err := ReadKeys([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"))
	if err != nil {
		t.Fatal(err)
	}
	// The example of the Standard Webhooks specification.
	h := http.Header{}
	sign(h, keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := h.Get(signatureHeader); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
	at := time.Unix(1614265330, 0)
	body := []byte(`{"test": 2432232314}`)
	if err := Verify(h, keys[0], body, at); err != nil {
		t.Error(err)
	}
	both := http.Header{}
	sign(both, [][]byte{testKey, keys[0]}, "x", at, body)
	if Verify(both, keys[0], body, at) != nil || Verify(both, testKey, body, at) != nil {
		t.Error("with two keys each of them should do")
	}
	other := h.Clone()
	other.Set(idHeader, "another")
	if Verify(other, keys[0], body, at) == nil || Verify(h, testKey, body, at) == nil || Verify(h, keys[0], []byte("{}"), at) == nil ||
		Verify(h, keys[0], body, at.Add(time.Hour)) == nil || Verify(http.Header{}, keys[0], body, at) == nil {
		t.Error("a signature of something else holds")
	}
	for _, bad := range []string{"", "geheim", "whsec_a2V5", "whsec_!!!", strings.Repeat("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 3)} {
		if _, err := ReadKeys([]byte(bad)); err == nil {
			t.Errorf("%q is taken for keys", bad)
		}
	}
}

// A restored node has a shorter ledger than was told; a damaged file is said.
func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if s, err := readState(path, 7); err != nil || s.Next != 7 {
		t.Errorf("new: %+v, %v", s, err)
	}
	if err := (state{Next: 9, Aside: []uint64{2, 8}}).write(path); err != nil {
		t.Fatal(err)
	}
	if s, err := readState(path, 7); err != nil || s.Next != 7 || len(s.Aside) != 1 {
		t.Errorf("restored: %+v, %v", s, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readState(path, 7); err == nil || !strings.Contains(err.Error(), "state.json") {
		t.Errorf("damaged: %v", err)
	}
}

// What fails is told with its reason and its age, counted, and still known after a
// stop; when the system takes events again nothing is left of it.
func TestStateOfTrouble(t *testing.T) {
	b := &book{}
	var mu sync.Mutex
	down := true
	r := newReceiver(t, func(api.Event) int {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	})
	target := r.target(t)
	s, stop := run(t, b, target)
	if state, err := s.State(); err != nil || state.Failing() || !state.Oldest.IsZero() || state.Attempts["ok"] != 0 {
		t.Errorf("at first: %+v, %v", state, err)
	}
	b.write(exchange.Viewed, ours)
	b.write(exchange.AnswerReceived, "00000099000001001000:coordination")
	b.write(exchange.AnswerReceived, ours)
	b.write(exchange.ReplyReceived, ours)
	wait := func(s *Sender, what string, ok func(State) bool) State {
		t.Helper()
		for range 2000 {
			state, err := s.State()
			if err != nil {
				t.Fatal(err)
			}
			if ok(state) {
				return state
			}
			time.Sleep(5 * time.Millisecond)
		}
		state, err := s.State()
		t.Fatalf("%s: %+v, %v", what, state, err)
		return State{}
	}
	first := wait(s, "failing", func(s State) bool { return s.Failing() && s.Attempts["status-401"] > 1 })
	if first.Why != "status-401" || !first.Oldest.Equal(b.entries[2].Time) || first.Attempts["ok"] != 0 {
		t.Errorf("failing: %+v; the oldest is of %v", first, b.entries[2].Time)
	}
	stop()
	s, stop = run(t, b, target)
	if state, err := s.State(); err != nil || !state.Since.Equal(first.Since) || state.Why != "status-401" || !state.Failing() {
		t.Errorf("after a stop: %+v, %v, want since %v", state, err, first.Since)
	}
	mu.Lock()
	down = false
	mu.Unlock()
	wait(s, "taken", func(s State) bool {
		return s.Behind == 0 && s.Attempts["ok"] == 2 && s.Oldest.IsZero() && s.Since.IsZero()
	})
	stop()
	if again, err := readState(target.State, 4); err != nil || !again.Failing.IsZero() || again.Why != "" {
		t.Errorf("on disk: %+v, %v", again, err)
	}
}

// Why nobody answered is told by what an administrator has to look at.
func TestWhyNobodyAnswers(t *testing.T) {
	b := &book{}
	b.write(exchange.AnswerReceived, ours)
	r := newReceiver(t, func(api.Event) int { return http.StatusOK })
	for want, change := range map[string]func(*Target){
		"certificate":    func(x *Target) { x.Client = NewClient(nil) },
		"no-destination": func(x *Target) { x.URL = "https://169.254.169.254/" },
		"unreachable":    func(x *Target) { x.URL = "https://127.0.0.1:1/" },
		"name-unknown":   func(x *Target) { x.URL = "https://sluis.invalid/"; x.Client = &http.Client{Transport: noName{}} },
		"timeout":        func(x *Target) { x.Client.Timeout = time.Nanosecond },
	} {
		target := r.target(t)
		change(&target)
		s, err := Open(b, Form{}, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.deliver(t.Context(), 0); err == nil || codeOf(err) != want || s.attempts[want] != 1 {
			t.Errorf("%v, counted %v, want %s", err, s.attempts, want)
		}
	}
}

// noName answers as a resolver that knows no such name.
type noName struct{}

func (noName) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "sluis.invalid", IsNotFound: true}}
}

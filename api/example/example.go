// Package example is a small case-management system that works with a node: it
// opens cases and asks for data on behalf of its users, hears by webhook that an
// answer has come, and reads it. It uses what any such system has: the client of
// package api, OAuth 2.0 client credentials and a certificate.
//
// What to copy from it: every act has a key of its own that is stored before the
// call, so that it can be repeated after a crash; a webhook is held to its
// signature, answered at once, and looked into afterwards; an event that comes
// twice is handled once; and what was missed is read from the events of the node.
package example

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"sluis/api"
	"sluis/api/webhook"
)

// Config says where the node is and how the system proves who it is.
type Config struct {
	// NodeURL is the public_url of the node's API.
	NodeURL string
	// TLS has the certificate of the system and the authorities of the node.
	TLS *tls.Config
	// TokenURL is the token endpoint of the authorization server; empty where the
	// certificate alone will do. Resource is the audience (RFC 8707).
	TokenURL, ClientID, Resource string
	Scopes                       []string
	// WebhookKeys are those of the file that the node signs with.
	WebhookKeys [][]byte
	// By is the member of staff on whose behalf it works, and his hat. A real system
	// knows who of its users is signed in.
	By api.By
}

// A File is what the system keeps of one case. It is in memory here; a real system
// stores it before it calls, keys included.
type File struct {
	CaseKey, AskKey string // Idempotency-Key of each act
	Case            api.ID
	Request         api.ID
	Phase           api.Phase
	Answer          *api.Answer // nil until there is one
}

// A System is the case-management system.
type System struct {
	config Config
	client *api.Client
	events chan api.Event

	mu      sync.Mutex // held for a few steps on the fields below
	files   map[api.ID]*File
	seen    map[string]bool // events, by source and id
	cursor  uint64
	changed chan struct{}
}

// Scopes are what the system needs.
var Scopes = []string{"casussen:schrijven", "verzoeken:schrijven", "verzoeken:lezen", "verzoeken:inhoud", "gebeurtenissen:lezen"}

// New returns a system. It calls nobody yet.
func New(c Config) *System {
	transport := http.RoundTripper(&http.Transport{TLSClientConfig: c.TLS, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute})
	if c.TokenURL != "" {
		// The token endpoint sees the same certificate, and binds the token to it
		// (RFC 8705); there is no secret.
		grant := clientcredentials.Config{
			ClientID: c.ClientID, TokenURL: c.TokenURL, Scopes: c.Scopes, AuthStyle: oauth2.AuthStyleInParams,
			EndpointParams: map[string][]string{"resource": {c.Resource}},
		}
		source := grant.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: transport, Timeout: 10 * time.Second}))
		transport = &oauth2.Transport{Source: source, Base: transport}
	}
	return &System{
		config: c, client: api.Connect(c.NodeURL, transport).In("nl"), events: make(chan api.Event, 100),
		files: map[api.ID]*File{}, seen: map[string]bool{}, changed: make(chan struct{}),
	}
}

// Ask opens a case and makes a request in it. What fails on the way can be done
// again with the same file: the keys see to it that nothing is done twice.
func (s *System) Ask(ctx context.Context, f *File, c api.NewCase, q api.NewRequest) error {
	if f.CaseKey == "" {
		f.CaseKey, f.AskKey = uuid.NewString(), uuid.NewString()
	}
	opened, err := s.client.OpenCase(api.Once(ctx, f.CaseKey), s.config.By, c)
	if err != nil {
		return err
	}
	q.Case = opened.ID
	made, err := s.client.Ask(api.Once(ctx, f.AskKey), s.config.By, q)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Case, f.Request, f.Phase = opened.ID, made.ID, made.Phase
	s.files[made.ID] = f
	return nil
}

// maxEvent bounds what is read of a webhook.
const maxEvent = 64 << 10

// ServeHTTP takes an event. It answers before it looks into it: the node waits.
func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if !s.signed(r.Header, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var event api.Event
	if err := json.Unmarshal(body, &event); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	select {
	case s.events <- event:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusServiceUnavailable) // the node offers it again
	}
}

func (s *System) signed(h http.Header, body []byte) bool {
	for _, key := range s.config.WebhookKeys {
		if webhook.Verify(h, key, body, time.Now()) == nil {
			return true
		}
	}
	return false
}

// Run looks into events until ctx ends.
func (s *System) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-s.events:
			if err := s.handle(ctx, event); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// CatchUp handles what happened while nobody listened: the same events, asked for.
func (s *System) CatchUp(ctx context.Context) error {
	for {
		s.mu.Lock()
		from := s.cursor
		s.mu.Unlock()
		page, err := s.client.Events(ctx, s.config.By.Hat, from, 0)
		if err != nil {
			return err
		}
		for _, event := range page.Events {
			if err := s.handle(ctx, event); err != nil {
				return err
			}
		}
		s.mu.Lock()
		s.cursor = page.Next
		s.mu.Unlock()
		if page.Next == from {
			return nil
		}
	}
}

// handle looks how the request of an event stands now, whatever the event said: it
// may be an old one. The answer it reads once, since each time is a view that the
// node records.
func (s *System) handle(ctx context.Context, event api.Event) error {
	s.mu.Lock()
	f, ours := s.files[event.Subject]
	known := s.seen[event.Source+" "+event.ID]
	answered := ours && f.Answer != nil
	s.mu.Unlock()
	if !ours || known {
		return nil
	}
	now, err := s.client.Request(ctx, event.Subject, s.config.By.Hat)
	if err != nil {
		return err
	}
	var answer *api.Answer
	if now.Phase == api.Answered && !answered {
		content, err := s.client.Open(ctx, s.config.By, event.Subject)
		if err != nil {
			return err
		}
		answer = content.Answer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[event.Source+" "+event.ID] = true
	f.Phase = now.Phase
	if answer != nil {
		f.Answer = answer
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// Answered waits until a request is answered.
func (s *System) Answered(ctx context.Context, f *File) (*api.Answer, error) {
	for {
		s.mu.Lock()
		answer, phase, changed := f.Answer, f.Phase, s.changed
		s.mu.Unlock()
		if answer != nil {
			return answer, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(errors.New("the request is still "+string(phase)), ctx.Err())
		case <-changed:
		}
	}
}

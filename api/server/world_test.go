package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	validator "github.com/pb33f/libopenapi-validator"

	"sluis/api"
	"sluis/api/server"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// A world is two parties or more, each with a real node and its API on a real
// socket. Every answer is held to openapi.yaml.
type world struct {
	t          *testing.T
	college    *party
	probation  *party
	others     []*party
	law        map[string][]byte // that the register brings; nil for none
	bundle     []byte
	validator  validator.Validator
	validating sync.Mutex
}

type party struct {
	id     peer.Identity
	config string // more lines of it
	node   *peer.Node
	dir    string
	client *api.Client
	log    *bytes.Buffer
}

const (
	requester    = "a.jansen"
	professional = "b.devries"
	colleague    = "c.bakker"
)

func by(id string) api.By { return api.By{Staff: id} }

func newWorld(t *testing.T, change ...func(*world)) *world {
	t.Helper()
	w := &world{
		t: t, validator: contract(t),
		college: &party{id: peer.Identity{
			Party: exchange.Party{OIN: "00000099000001001000", Name: "gemeente Voorbeeldstad", Capacities: []exchange.Capacity{{
				Code: "investigation", Domain: "social-support", Task: "investigation", Regime: exchange.NoSecrecy, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health, exchange.Criminal},
			}, {
				Code: "coordination", Domain: "social-support", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
			}}},
			Contact: register.Contact{Name: "loket", Phone: "06-00000000"},
		}},
		probation: &party{id: peer.Identity{
			Party: exchange.Party{OIN: "00000099000002002000", Name: "reclassering Noord", Capacities: []exchange.Capacity{{
				Code: "probation", Domain: "probation", Task: "service", Regime: exchange.Wjsg, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Criminal},
			}}},
		}},
	}
	for _, c := range change {
		c(w)
	}
	key, root := authority(t)
	var entries []register.Entry
	for _, p := range w.parties() {
		entries = append(entries, p.create(t, root))
	}
	w.bundle = publish(t, key, root, entries, w.law)
	for _, p := range w.parties() {
		w.serve(p)
	}
	return w
}

func (w *world) parties() []*party { return append([]*party{w.college, w.probation}, w.others...) }

func authority(t *testing.T) (ed25519.PrivateKey, []byte) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	root, err := register.NewRoot(1, []ed25519.PublicKey{public}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if root, err = register.SignRoot(root, key); err != nil {
		t.Fatal(err)
	}
	return key, root
}

func publish(t *testing.T, key ed25519.PrivateKey, root []byte, entries []register.Entry, law map[string][]byte) []byte {
	t.Helper()
	draft, err := register.NewDraft(root, time.Now().Add(-time.Minute), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if draft, err = draft.Add(entries...); err != nil {
		t.Fatal(err)
	}
	if law != nil {
		if draft, err = draft.SetCatalogues(law); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := draft.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := register.Publish([][]byte{root}, signed, law)
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

// create makes the node of a party and opens it.
func (p *party) create(t *testing.T, root []byte) register.Entry {
	t.Helper()
	file, err := crypto.NewKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := crypto.KeyFileLock(file)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p.dir = filepath.Join(t.TempDir(), "n")
	plan := peer.Plan{Identity: p.id, Root: root, Lock: lock, Config: []byte(`
listen = ["/ip4/127.0.0.1/tcp/` + strconv.Itoa(port) + `"]
quic = false
[limits]
min_free_bytes = 1
[delivery]
first_pause = "20ms"
longest_pause = "200ms"
` + p.config)}
	if err := peer.Create(t.Context(), p.dir, plan, peer.Options{}); err != nil {
		t.Fatal(err)
	}
	entry, err := peer.Entry(p.dir, peer.Options{Lock: lock})
	if err != nil {
		t.Fatal(err)
	}
	p.log = &bytes.Buffer{}
	if p.node, err = peer.Open(p.dir, peer.Options{Lock: lock}); err != nil {
		t.Fatal(err)
	}
	return entry
}

// serve starts the duties of a node and its API, until the end of the test.
func (w *world) serve(p *party) {
	w.t.Helper()
	l, err := server.Listen(p.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	door := server.New(p.node, log)
	door.Version = "v0.0.0-test"
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- p.node.Run(ctx) }()
	go func() { ended <- server.Serve(ctx, l, w.held(door), slog.New(slog.DiscardHandler)) }()
	p.client = api.Dial(filepath.Join(p.dir, api.SocketName))
	w.t.Cleanup(func() {
		p.client.Close()
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				w.t.Errorf("stop: %v", err)
			}
		}
		if err := p.node.Close(); err != nil {
			w.t.Errorf("close: %v", err)
		}
	})
}

// held holds every answer of a handler to the contract, and every request that
// was not refused as bad input.
func (w *world) held(h http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, r)
		if r.Context().Err() != nil {
			return // the client went away, and nobody reads what is not there
		}
		answer := recorder.Result()
		w.validating.Lock()
		defer w.validating.Unlock()
		check := r.Clone(r.Context())
		check.Body = io.NopCloser(bytes.NewReader(body))
		check.URL.Scheme, check.URL.Host = "http", "sluis"
		if answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMethodNotAllowed {
			if ok, wrong := w.validator.ValidateHttpResponse(check, answer); !ok {
				for _, e := range wrong {
					w.t.Errorf("%s %s: answer %d is not as the contract has it: %s: %s", r.Method, r.URL.Path, answer.StatusCode, e.Message, e.Reason)
				}
			}
		}
		if answer.StatusCode < 300 {
			if ok, wrong := w.validator.ValidateHttpRequest(check); !ok {
				for _, e := range wrong {
					w.t.Errorf("%s %s: accepted what the contract does not: %s: %s", r.Method, r.URL.Path, e.Message, e.Reason)
				}
			}
		}
		if v := answer.Header.Get("API-Version"); v != api.Version {
			w.t.Errorf("%s %s: API-Version is %q", r.Method, r.URL.Path, v)
		}
		for name, values := range recorder.Header() {
			out.Header()[name] = values
		}
		out.WriteHeader(recorder.Code)
		_, _ = out.Write(recorder.Body.Bytes())
	})
}

// ready makes a requester and a professional known, and installs the register.
func (w *world) ready() {
	w.t.Helper()
	for _, p := range w.parties() {
		if _, err := p.client.InstallRegister(w.t.Context(), w.bundle); err != nil {
			w.t.Fatal(err)
		}
		for id, role := range map[string]api.Role{requester: api.Requester, professional: api.Professional} {
			e := api.Employee{ID: id, Name: "Fictief Persoon", Roles: []api.Grant{{Role: role, Capacity: string(p.id.Capacities[0].Code)}}}
			if _, err := p.client.AddStaff(w.t.Context(), e); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// wait waits until a request has a status at a party.
func (w *world) wait(p *party, id string, phase api.Phase) api.Request {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	for {
		changed := p.node.Changed()
		r, err := p.client.Request(ctx, id, "")
		if err == nil && r.Phase == phase {
			return r
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("%s: the request is %q, want %q: %v", p.id.Name, r.Phase, phase, err)
		case <-changed:
		}
	}
}

const testBSN = "999993847"

func question() api.NewRequest {
	return api.NewRequest{
		Capacity: "investigation", To: "00000099000002002000:probation", Purpose: "investigation/client-request",
		Specific: "een plan maken voor hulp thuis", Person: 1,
		Statements: []api.Statement{
			{Code: "question", Text: "running"}, {Code: "why-this-party", Text: "hij meldt zich daar"},
			{Code: "beyond-social-domain", Text: "het toezicht bepaalt wanneer hij kan werken"},
		},
		Items: []api.AskedItem{
			{
				Code: "supervision-conditions", Depth: api.Contents, Why: "om de eerste maand eromheen te plannen",
				Statements: []api.Statement{{Code: "service-choice", Text: "welk werk past"}},
			},
			{
				Code: "offence", Depth: api.That, Why: "om te weten of een huis bij een school verstandig is",
				Statements: []api.Statement{{Code: "service-choice", Text: "welk huis past"}, {Code: "background", Text: "de school wil het weten"}},
			},
		},
		Involvement: api.Involvement{State: api.InConsultation}, Contact: "06-00000000", ShareWith: []string{"debts"},
	}
}

// casus is a case of a client who asked for help today.
func casus() api.NewCase {
	return api.NewCase{
		Trigger: api.Trigger{
			Code: "client-request", On: time.Now().UTC().Format(time.DateOnly), Scope: []string{"probation", "debts"},
			Statements: []api.Statement{
				{Code: "act", Text: "wmo"}, {Code: "suspicion", Text: "client-said"}, {Code: "coherence", Text: "schulden en geen werk"},
			},
		},
		People: []api.CasePerson{{
			Standing: api.StandingClient, BSN: testBSN, Name: "F. Fictief", Born: "1987-03-14", Address: "Sluisweg 12",
		}},
	}
}

// asked is the request in a case that was opened for it.
func (w *world) asked() api.NewRequest {
	w.t.Helper()
	opened, err := w.college.client.OpenCase(w.t.Context(), by(requester), casus())
	if err != nil {
		w.t.Fatal(err)
	}
	q := question()
	q.Case = opened.ID
	return q
}

// weighed takes the steps of art. 5.4.2(3) on a request to probation.
func (w *world) weighed(id string) {
	w.t.Helper()
	for _, s := range []api.NewStep{{Step: "act-allows", Outcome: "yes", Text: "art. 39f Wjsg"}, {Step: "least", Outcome: "yes"}} {
		if _, err := w.probation.client.Weigh(w.t.Context(), by(professional), id, s); err != nil {
			w.t.Fatal(err)
		}
	}
}

func verdict() api.NewDecision {
	return api.NewDecision{
		Items: []api.DecidedItem{
			{Code: "supervision-conditions", Outcome: api.Supply, Depth: api.Process, Value: "meldplicht tot en met maart"},
			{Code: "offence", Outcome: api.Withhold, Ground: "not-necessary", Reason: "voegt niets toe", Tell: "bel mij"},
		},
		Conditions: &[]api.Condition{
			{Kind: api.AskFirst},
			{Kind: api.OnlyTo, Parties: []string{"00000099000001001000:investigation"}, Items: []string{"supervision-conditions"}},
			{Kind: api.DeleteBy, Until: time.Now().UTC().AddDate(0, 3, 0).Format(time.DateOnly)},
		},
		Note: "telefonisch besproken",
	}
}

package signin

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
	"sluis/transport"
)

const (
	nurse   = exchange.ActorID("b.devries")
	other   = exchange.ActorID("c.bakker")
	manager = exchange.ActorID("d.beheer")
	phrase  = "een lange zin om te testen"
)

// A world is a real node with a door, served over HTTP on this machine.
type world struct {
	t      testing.TB
	node   *peer.Node
	door   *Door
	config peer.Console
	server *httptest.Server
	base   string
	ahead  atomic.Int64 // nanoseconds that the clock runs ahead
	act    func(http.ResponseWriter, *http.Request) error
}

// silent is a network on which nobody is.
type silent struct{}

func (silent) Send(context.Context, string, string, []byte) ([]byte, error) {
	return nil, errors.New("nobody is there")
}
func (silent) SetPeers([]transport.Peer) error { return nil }
func (silent) Addresses() []string             { return nil }
func (silent) Connections() (int, int)         { return 0, 0 }
func (silent) Spoken(string) []string          { return nil }
func (silent) Places() []transport.Place       { return nil }
func (silent) Callers() transport.Callers      { return transport.Callers{} }
func (silent) Close() error                    { return nil }

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) wait(d time.Duration) { w.ahead.Add(int64(d)) }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func grants(roles ...exchange.Role) (all []exchange.Grant) {
	for _, r := range roles {
		all = append(all, exchange.Grant{Role: r, Capacity: "debts"})
	}
	return all
}

// newWorld opens a node and a door; change may alter the configuration.
func newWorld(t testing.TB, change func(*peer.Console)) *world {
	t.Helper()
	dir := t.TempDir()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	root := must[[]byte](t)(register.NewRoot(1, []ed25519.PublicKey{public}, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)))
	root = must[[]byte](t)(register.SignRoot(root, key))
	lock := must[crypto.Lock](t)(crypto.KeyFileLock(must[[]byte](t)(crypto.NewKeyFile())))
	w := &world{t: t}
	home := filepath.Join(dir, "node")
	plan := peer.Plan{Root: root, Lock: lock, Config: []byte("[limits]\nmin_free_bytes = 1\n"), Identity: peer.Identity{Party: exchange.Party{
		OIN: "00000099000002002000", Name: "schuldhulp Uit de Schuld", Capacities: []exchange.Capacity{{Code: "debts", Domain: "debts", Task: "service", Regime: exchange.NoSecrecy}},
	}}}
	if err := peer.Create(t.Context(), home, plan, peer.Options{}); err != nil {
		t.Fatal(err)
	}
	w.node = must[*peer.Node](t)(peer.Open(home, peer.Options{Lock: lock, Now: w.now, Network: func(transport.Config) (peer.Network, error) { return silent{}, nil }}))
	t.Cleanup(func() {
		if _, err := w.node.VerifyLedger(context.Background()); err != nil {
			t.Errorf("the ledger does not hold: %v", err)
		}
		if err := w.node.Close(); err != nil {
			t.Error(err)
		}
	})
	for id, roles := range map[exchange.ActorID][]exchange.Grant{
		nurse: grants(exchange.Professional, exchange.Coordinator), other: grants(exchange.Professional), manager: grants(exchange.Administrator),
	} {
		if err := w.node.AddStaff(t.Context(), exchange.Actor{ID: id, Name: exchange.Hide("Fictief Persoon"), Roles: roles}); err != nil {
			t.Fatal(err)
		}
	}
	w.server = httptest.NewUnstartedServer(nil)
	w.base = "http://localhost:" + w.server.Listener.Addr().String()[strings.LastIndex(w.server.Listener.Addr().String(), ":")+1:]
	w.config = peer.DefaultConfig().Console
	w.config.Listen, w.config.PublicURL = w.server.Listener.Addr().String(), w.base
	if change != nil {
		change(&w.config)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("geheim-van-de-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.door = must[*Door](t)(New(w.node, w.config, Options{Now: w.now, Dir: dir}))
	mux := http.NewServeMux()
	mux.Handle(PasskeyPath, w.door.Passkeys())
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		if err := w.act(rw, r); err != nil {
			plainProblem(rw, r, err)
		}
	})
	w.server.Config.Handler = mux
	w.server.Start()
	t.Cleanup(w.server.Close)
	return w
}

// A browser keeps cookies.
type browserOf struct {
	w      *world
	client *http.Client
	agent  string
}

func (w *world) browser() *browserOf {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browserOf{w: w, client: &http.Client{Jar: jar}}
}

// do sends a request that the world answers with act, and returns its error.
func (b *browserOf) do(act func(http.ResponseWriter, *http.Request) error) (failed error) {
	b.w.t.Helper()
	b.w.act = func(rw http.ResponseWriter, r *http.Request) error {
		failed = act(rw, r)
		return failed
	}
	r, err := http.NewRequest("POST", b.w.base+"/doe", nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("User-Agent", b.agent)
	a, err := b.client.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	if err := a.Body.Close(); err != nil {
		b.w.t.Fatal(err)
	}
	return failed
}

func (b *browserOf) password(name, password, code string) (s Session, err error) {
	b.w.t.Helper()
	err = b.do(func(rw http.ResponseWriter, r *http.Request) (err error) {
		s, err = b.w.door.SignInPassword(rw, r, name, password, code)
		return err
	})
	return s, err
}

func (b *browserOf) session(active bool) (s Session, err error) {
	b.w.t.Helper()
	err = b.do(func(_ http.ResponseWriter, r *http.Request) (err error) {
		s, err = b.w.door.Session(r, active)
		return err
	})
	return s, err
}

// json posts to the endpoints of passkeys.
func (b *browserOf) json(path, body string) (status int, answer string) {
	b.w.t.Helper()
	a, err := b.client.Post(b.w.base+PasskeyPath+path, "application/json", strings.NewReader(body))
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer a.Body.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(a.Body).Decode(&raw); err != nil {
		b.w.t.Fatal(a.StatusCode, err)
	}
	return a.StatusCode, string(raw)
}

// cookie is what the browser has under a name.
func (b *browserOf) cookie(name string) string {
	u, err := url.Parse(b.w.base)
	if err != nil {
		b.w.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (w *world) invite(id exchange.ActorID) string {
	w.t.Helper()
	return must[Invitation](w.t)(w.door.Invite(w.t.Context(), nil, id)).Token
}

// enrol gives a person a password and codes, by invitation.
func (w *world) enrol(id exchange.ActorID) (secret []byte, recovery []string) {
	w.t.Helper()
	token, b := w.invite(id), w.browser()
	var e Enrolment
	if err := b.do(func(rw http.ResponseWriter, r *http.Request) (err error) {
		e, err = w.door.BeginPassword(rw, r, token)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	secret = must[[]byte](w.t)(recoveryText.DecodeString(e.Secret))
	if err := b.do(func(_ http.ResponseWriter, r *http.Request) (err error) {
		recovery, err = w.door.FinishPassword(r, phrase, codeOf(secret, stepOf(w.now())))
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	w.wait(time.Minute) // so that the next code is another
	return secret, recovery
}

func (w *world) code(secret []byte) string { return codeOf(secret, stepOf(w.now())) }

// signIn enrols a person and signs him in.
func (w *world) signIn(id exchange.ActorID) *browserOf {
	w.t.Helper()
	secret, _ := w.enrol(id)
	return w.again(id, secret)
}

func (w *world) again(id exchange.ActorID, secret []byte) *browserOf {
	w.t.Helper()
	b := w.browser()
	if _, err := b.password(string(id), phrase, w.code(secret)); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func wantCode(t testing.TB, what string, err error, code string) {
	t.Helper()
	if err == nil || CodeOf(err) != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

// entries counts the entries of a kind in the ledger.
func (w *world) entries(kind exchange.EventKind) (n int) {
	w.t.Helper()
	for from := uint64(0); ; {
		page, err := w.node.Entries(from, 100)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page {
			if e.Kind == string(kind) {
				n++
			}
		}
		if len(page) == 0 {
			return n
		}
		from += uint64(len(page))
	}
}

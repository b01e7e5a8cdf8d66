package signin

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"sluis/exchange"
	"sluis/peer"
)

// issuer is a real OpenID provider, on this machine: that of zitadel/oidc.
type issuer struct {
	*storage.Storage
	server *httptest.Server
	life   time.Duration // of its ID tokens
	key    *rsa.PublicKey
}

type clientOf struct {
	op.Client
	of *issuer
}

func (c clientOf) IDTokenLifetime() time.Duration { return c.of.life }
func (c clientOf) AuthMethod() oidc.AuthMethod {
	if c.of.key != nil {
		return oidc.AuthMethodPrivateKeyJWT
	}
	return c.Client.AuthMethod()
}

func (i *issuer) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := i.Storage.GetClientByClientID(ctx, id)
	return clientOf{c, i}, err
}

func (i *issuer) GetKeyByIDAndClientID(_ context.Context, key, client string) (*jose.JSONWebKey, error) {
	if i.key == nil || client != "sluis" {
		return nil, errors.New("no such key")
	}
	return &jose.JSONWebKey{KeyID: key, Use: "sig", Key: i.key}, nil
}

// withIssuer is a world with a provider that knows its console.
func withIssuer(t *testing.T, change func(*peer.Console, *issuer)) (*world, *issuer) {
	t.Helper()
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the provider tells every request
	t.Cleanup(func() { slog.SetDefault(before) })
	i := &issuer{life: time.Hour, server: httptest.NewUnstartedServer(nil)}
	base := "http://" + i.server.Listener.Addr().String()
	w := newWorld(t, func(c *peer.Console) {
		c.OIDC = peer.OIDC{Issuer: base, ClientID: "sluis", SecretFile: "secret", Claim: "sub"}
		i.Storage = storage.NewStorageWithClients(storage.NewUserStore(base), map[string]*storage.Client{
			"sluis": storage.WebClient("sluis", "geheim-van-de-test", c.PublicURL+CallbackPath),
		})
		if change != nil {
			change(c, i)
		}
	})
	i.server.Config.Handler = exampleop.SetupServer(base, i, nil, false, op.WithAllowInsecure())
	i.server.Start()
	t.Cleanup(i.server.Close)
	return w, i
}

// begin goes to the provider and signs in there; it returns the URL to which the
// provider sends the browser back. change may alter the way there.
func (b *browserOf) begin(user string, change func(url.Values)) string {
	b.w.t.Helper()
	var at string
	if err := b.do(func(rw http.ResponseWriter, r *http.Request) (err error) {
		at, err = b.w.door.BeginProvider(rw, r, "/verzoeken/1")
		return err
	}); err != nil {
		b.w.t.Fatal(err)
	}
	u := must[*url.URL](b.w.t)(url.Parse(at))
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("state")) != 43 || len(q.Get("nonce")) != 43 {
		b.w.t.Errorf("goes to the provider with %v", q)
	}
	if change != nil {
		change(q)
	}
	u.RawQuery = q.Encode()
	outside := &http.Client{Jar: b.client.Jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == CallbackPath {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page := must[*http.Response](b.w.t)(outside.Get(u.String()))
	id := page.Request.URL.Query().Get("authRequestID")
	if err := page.Body.Close(); err != nil || id == "" {
		b.w.t.Fatal("the provider has no page to sign in: ", page.Status, err)
	}
	back := must[*http.Response](b.w.t)(outside.PostForm(u.Scheme+"://"+u.Host+"/login/username", url.Values{"username": {user}, "password": {"verysecure"}, "id": {id}}))
	text, _ := io.ReadAll(back.Body) // for the message below
	if err := back.Body.Close(); err != nil || back.Header.Get("Location") == "" {
		b.w.t.Fatalf("the provider does not send back: %s %s %v", back.Status, text, err)
	}
	return back.Header.Get("Location")
}

// back comes back from the provider.
func (b *browserOf) back(at string) (s Session, err error) {
	b.w.t.Helper()
	b.w.act = func(rw http.ResponseWriter, r *http.Request) error {
		var next string
		if s, next, err = b.w.door.Callback(rw, r); err == nil && next != "/verzoeken/1" {
			b.w.t.Errorf("goes on at %q", next)
		}
		return err
	}
	a, failed := b.client.Get(at)
	if failed != nil {
		b.w.t.Fatal(failed)
	}
	if err == nil && (a.StatusCode != http.StatusOK || a.Header.Get("Refresh") != "0; url=/verzoeken/1") {
		b.w.t.Errorf("answers %s, goes on with %q", a.Status, a.Header.Get("Refresh"))
	}
	return s, errors.Join(err, a.Body.Close())
}

const (
	linked   = "test-user@127.0.0.1" // id1
	unlinked = "test-user2"          // id2
)

func (w *world) link(id exchange.ActorID, subject string) {
	w.t.Helper()
	if err := w.door.Link(w.t.Context(), nil, id, subject); err != nil {
		w.t.Fatal(err)
	}
}

func TestProvider(t *testing.T) {
	w, i := withIssuer(t, nil)
	w.link(nurse, "id1")
	before := w.entries(exchange.SignedIn)
	b := w.browser()
	at := b.begin(linked, nil)
	if s, err := b.back(at); err != nil || s.Actor.ID != nurse || s.Method != peer.ByProvider {
		t.Fatalf("signed in as %q by %s, %v", s.Actor.ID, s.Method, err)
	}
	if _, err := b.session(true); err != nil {
		t.Errorf("the page after it: %v", err)
	}
	if n := w.entries(exchange.SignedIn); n != before+1 {
		t.Errorf("%d entries for a sign-in", n-before)
	}
	_, err := b.back(at)
	wantCode(t, "back twice", err, SignInStale)

	// The same code for an attempt that is good otherwise.
	c := w.browser()
	u := must[*url.URL](t)(url.Parse(c.begin(linked, nil)))
	spent := must[*url.URL](t)(url.Parse(at))
	q := u.Query()
	q.Set("code", spent.Query().Get("code"))
	u.RawQuery = q.Encode()
	_, err = c.back(u.String())
	wantCode(t, "a code that was used", err, ProviderFailed)

	var next string
	if err := b.do(func(rw http.ResponseWriter, r *http.Request) (err error) {
		next, err = w.door.SignOut(rw, r)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(next, i.server.URL+"/end_session?client_id=sluis&post_logout_redirect_uri=http%3A%2F%2Flocalhost") || strings.Contains(next, "id_token") {
		t.Errorf("signs out at %s", next)
	}
}

func TestProviderRefused(t *testing.T) {
	w, i := withIssuer(t, nil)
	w.link(nurse, "id1")
	refused := func(what, code string, b *browserOf, at string) {
		t.Helper()
		_, err := b.back(at)
		wantCode(t, what, err, code)
		if _, err := b.session(true); err == nil {
			t.Errorf("%s: signed in", what)
		}
	}
	with := func(at, key, value string) string {
		u := must[*url.URL](t)(url.Parse(at))
		q := u.Query()
		q.Set(key, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	b := w.browser()
	refused("somebody who is not linked", ProviderUnknown, b, b.begin(unlinked, nil))
	b = w.browser()
	refused("another state", SignInStale, b, with(b.begin(linked, nil), "state", string(newToken())))
	b = w.browser()
	refused("another nonce", ProviderFailed, b, b.begin(linked, func(q url.Values) { q.Set("nonce", string(newToken())) }))
	b = w.browser()
	refused("another challenge", ProviderFailed, b, b.begin(linked, func(q url.Values) { q.Set("code_challenge", string(newToken())) }))
	b = w.browser()
	refused("another issuer", ProviderFailed, b, with(b.begin(linked, nil), "iss", "https://login.example.nl"))
	b = w.browser()
	refused("no code", ProviderFailed, b, with(b.begin(linked, nil), "code", ""))
	refused("another browser", SignInStale, w.browser(), w.browser().begin(linked, nil))
	b = w.browser()
	at := b.begin(linked, nil)
	w.wait(attemptLife)
	refused("too late", SignInStale, b, at)
	i.life = time.Minute
	b = w.browser()
	at = b.begin(linked, nil)
	w.wait(5 * time.Minute)
	refused("an ID token that ran out", ProviderFailed, b, at)
	i.life = time.Hour

	if _, err := w.node.RemoveStaff(t.Context(), nurse); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(0)
	b = w.browser()
	refused("somebody who has left", ProviderUnknown, b, b.begin(linked, nil))
	before := w.entries(exchange.SignedIn)
	if err := w.door.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.entries(exchange.SignedIn) - before; n != 1 { // of nobody: by what he came in is forgotten since he left
		t.Errorf("%d entries for what was refused", n)
	}
}

func TestProviderLevel(t *testing.T) {
	for level, want := range map[string]string{"pwd": "", "urn:example:two": ProviderLevel} {
		w, _ := withIssuer(t, func(c *peer.Console, _ *issuer) { c.OIDC.ACR = level })
		w.link(nurse, "id1")
		b := w.browser()
		at := b.begin(linked, func(q url.Values) {
			if q.Get("acr_values") != level {
				t.Errorf("asks for %q", q.Get("acr_values"))
			}
		})
		if _, err := b.back(at); want == "" && err != nil || want != "" && CodeOf(err) != want {
			t.Errorf("with %q: got %v, want %q", level, err, want)
		}
	}
}

func TestProviderByKey(t *testing.T) {
	for _, good := range []bool{true, false} {
		w, _ := withIssuer(t, func(c *peer.Console, i *issuer) {
			key := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
			der := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
			c.OIDC.SecretFile, c.OIDC.KeyFile = "", filepath.Join(t.TempDir(), "key.pem")
			if err := os.WriteFile(c.OIDC.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
				t.Fatal(err)
			}
			if i.key = &key.PublicKey; !good {
				i.key = &must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048)).PublicKey
			}
		})
		w.link(nurse, "id1")
		b := w.browser()
		_, err := b.back(b.begin(linked, nil))
		if good && err != nil || !good && CodeOf(err) != ProviderFailed {
			t.Errorf("with the key that it knows %t: %v", good, err)
		}
	}
	if _, err := newSigner([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")); err == nil {
		t.Error("took what is no key")
	}
}

func TestProviderIsDown(t *testing.T) {
	w, i := withIssuer(t, nil)
	i.server.Close()
	begin := func() error {
		return w.browser().do(func(rw http.ResponseWriter, r *http.Request) error {
			_, err := w.door.BeginProvider(rw, r, "/")
			return err
		})
	}
	wantCode(t, "a provider that is down", begin(), ProviderFailed)
	wantCode(t, "at once again", begin(), ProviderFailed)
}

func TestLink(t *testing.T) {
	w, _ := withIssuer(t, nil)
	w.link(nurse, "id1")
	wantCode(t, "linked to two", w.door.Link(t.Context(), nil, other, "id1"), LinkTaken)
	wantCode(t, "a long name", w.door.Link(t.Context(), nil, other, strings.Repeat("x", 256)), BadLink)
	wantCode(t, "of nobody", w.door.Link(t.Context(), nil, "n.iemand", "x"), peer.UnknownActor)
	w.link(nurse, "id1")
	w.link(nurse, "")
	w.link(other, "id1")
	b := w.browser()
	if s, err := b.back(b.begin(linked, nil)); err != nil || s.Actor.ID != other {
		t.Errorf("signed in as %q, %v", s.Actor.ID, err)
	}
	if w := newWorld(t, nil); CodeOf(w.door.Link(t.Context(), nil, nurse, "x")) != NoProvider {
		t.Error("linked to no provider")
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, path := range []string{"/verzoeken?na=1", "//example.nl", "/\\example.nl", "https://example.nl", "/a; url=https://example.nl", "/%2f", "/a#b"} {
		f.Add(path)
	}
	base := &url.URL{Scheme: "https", Host: "sluis.example.nl"}
	f.Fuzz(func(t *testing.T, path string) {
		got := LocalPath(path)
		if u, err := base.Parse(got); err != nil || u.Host != base.Host || u.Scheme != "https" || strings.ContainsAny(got, "\r\n;, \\") {
			t.Errorf("%q leads to %q", path, got)
		}
	})
}

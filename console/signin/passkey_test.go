package signin

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"sluis/exchange"
	"sluis/peer"
)

// An authenticator is one of software, with one credential.
type authenticator struct {
	rp  virtualwebauthn.RelyingParty
	dev virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
}

func (w *world) authenticator() *authenticator {
	return &authenticator{rp: virtualwebauthn.RelyingParty{ID: "localhost", Origin: w.base}, dev: virtualwebauthn.NewAuthenticator(), key: newKey(w.t)}
}

// newKey draws a key whose coordinates are both 32 bytes long: the library leaves
// leading zeros out, which RFC 9053 §7.1.1 does not allow.
func newKey(t testing.TB) virtualwebauthn.Credential {
	for {
		made := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		key := must[any](t)(x509.ParsePKCS8PrivateKey(made.Key.Data)).(*ecdsa.PrivateKey)
		if len(key.X.Bytes()) == 32 && len(key.Y.Bytes()) == 32 {
			return made
		}
	}
}

// create answers the options for a new passkey.
func (a *authenticator) create(t *testing.T, options string) string {
	t.Helper()
	o := must[*virtualwebauthn.AttestationOptions](t)(virtualwebauthn.ParseAttestationOptions(options))
	a.dev.Options.UserHandle = []byte(o.UserID)
	return virtualwebauthn.CreateAttestationResponse(a.rp, a.dev, a.key, *o)
}

// get answers the options for a sign-in.
func (a *authenticator) get(t *testing.T, options string) string {
	t.Helper()
	a.key.Counter++
	return virtualwebauthn.CreateAssertionResponse(a.rp, a.dev, a.key, *must[*virtualwebauthn.AssertionOptions](t)(virtualwebauthn.ParseAssertionOptions(options)))
}

func (b *browserOf) options(path, body string) string {
	b.w.t.Helper()
	status, options := b.json(path, body)
	if status != http.StatusOK {
		b.w.t.Fatalf("%s: %d %s", path, status, options)
	}
	return options
}

func proof(label, credential string) string {
	b, _ := json.Marshal(map[string]any{"naam": label, "sleutel": json.RawMessage(credential)}) // of strings and JSON: no error
	return string(b)
}

// register adds a passkey by invitation.
func (w *world) register(t *testing.T, id exchange.ActorID) *authenticator {
	t.Helper()
	a, b := w.authenticator(), w.browser()
	made := a.create(t, b.options("nieuw/opties", `{"uitnodiging":"`+w.invite(id)+`"}`))
	if status, answer := b.json("nieuw/bewijs", proof("laptop", made)); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	return a
}

func wantAnswer(t *testing.T, what string, status int, answer string, wantStatus int, code string) {
	t.Helper()
	if status != wantStatus || code != "" && !strings.Contains(answer, `"`+code+`"`) {
		t.Errorf("%s: got %d %s, want %d %s", what, status, answer, wantStatus, code)
	}
}

func TestPasskey(t *testing.T) {
	w := newWorld(t, nil)
	a := w.register(t, nurse)
	changed := w.entries(exchange.AccountChanged)
	b := w.browser()
	options := b.options("opties", "{}")
	if !strings.Contains(options, `"userVerification":"required"`) || strings.Contains(options, "allowCredentials") {
		t.Errorf("asks for %s", options)
	}
	before := w.entries(exchange.SignedIn)
	answer := a.get(t, options)
	status, body := b.json("bewijs", answer)
	wantAnswer(t, "a sign-in", status, body, http.StatusOK, "")
	if s, err := b.session(true); err != nil || s.Actor.ID != nurse || s.Method != peer.ByPasskey {
		t.Errorf("signed in as %q by %s, %v", s.Actor.ID, s.Method, err)
	}
	if w.entries(exchange.SignedIn) != before+1 || w.entries(exchange.AccountChanged) != changed {
		t.Error("a sign-in is not one entry")
	}
	status, body = b.json("bewijs", answer)
	wantAnswer(t, "the same answer again", status, body, http.StatusBadRequest, SignInStale)
	if c, err := w.door.Credentials(t.Context(), nurse); err != nil || len(c.Passkeys) != 1 || c.Passkeys[0].Label != "laptop" || c.Passkeys[0].Used.IsZero() || !c.Invited.IsZero() {
		t.Errorf("has %+v, %v", c, err)
	}
}

func TestPasskeyRefused(t *testing.T) {
	w := newWorld(t, nil)
	good := w.register(t, nurse)
	try := func(what string, change func(a *authenticator, options string) string, status int, code string) {
		t.Helper()
		a, b := *good, w.browser()
		got, body := b.json("bewijs", change(&a, b.options("opties", "{}")))
		wantAnswer(t, what, got, body, status, code)
		if _, err := b.session(true); (err == nil) != (status == http.StatusOK) {
			t.Errorf("%s: signed in: %t", what, err == nil)
		}
		good.key.Counter = max(good.key.Counter, a.key.Counter)
	}
	refused := func(what string, change func(a *authenticator, options string) string) {
		t.Helper()
		try(what, change, http.StatusUnauthorized, SignInRefused)
	}
	refused("without verification of the user", func(a *authenticator, o string) string {
		a.dev.Options.UserNotVerified = true
		return a.get(t, o)
	})
	refused("from another site", func(a *authenticator, o string) string {
		a.rp.Origin = "http://localhost.example.nl"
		return a.get(t, o)
	})
	refused("for another host", func(a *authenticator, o string) string {
		a.rp.ID = "example.nl"
		return a.get(t, o)
	})
	refused("with another key", func(a *authenticator, o string) string {
		id := a.key.ID
		a.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		a.key.ID = id
		return a.get(t, o)
	})
	refused("of nobody", func(a *authenticator, o string) string {
		a.dev.Options.UserHandle = []byte("nobody")
		return a.get(t, o)
	})
	refused("for another challenge", func(a *authenticator, _ string) string { return a.get(t, w.browser().options("opties", "{}")) })
	refused("no credential", func(*authenticator, string) string { return "{}" })
	try("too late", func(a *authenticator, o string) string {
		w.wait(attemptLife)
		return a.get(t, o)
	}, http.StatusBadRequest, SignInStale)
	try("a good one", func(a *authenticator, o string) string { return a.get(t, o) }, http.StatusOK, "")
}

func TestPasskeyCounter(t *testing.T) {
	w := newWorld(t, nil)
	a := w.register(t, nurse)
	b := w.browser()
	a.key.Counter = 10
	status, body := b.json("bewijs", a.get(t, b.options("opties", "{}")))
	wantAnswer(t, "a good one", status, body, http.StatusOK, "")
	a.key.Counter = 5
	b = w.browser()
	status, body = b.json("bewijs", a.get(t, b.options("opties", "{}")))
	wantAnswer(t, "of a copy", status, body, http.StatusUnauthorized, SignInRefused)
}

func TestNewPasskey(t *testing.T) {
	w := newWorld(t, nil)
	first := w.register(t, nurse)
	b := w.browser()
	status, body := b.json("bewijs", first.get(t, b.options("opties", "{}")))
	wantAnswer(t, "a sign-in", status, body, http.StatusOK, "")

	status, body = w.browser().json("nieuw/opties", "{}")
	wantAnswer(t, "by nobody", status, body, http.StatusUnauthorized, NotSignedIn)
	second := w.authenticator()
	second.dev.Options.UserNotVerified = true
	status, body = b.json("nieuw/bewijs", proof("", second.create(t, b.options("nieuw/opties", "{}"))))
	wantAnswer(t, "without verification of the user", status, body, http.StatusBadRequest, PasskeyRefused)
	second.dev.Options.UserNotVerified = false
	status, body = b.json("nieuw/bewijs", proof(strings.Repeat("a", 41), second.create(t, b.options("nieuw/opties", "{}"))))
	wantAnswer(t, "a long label", status, body, http.StatusBadRequest, string(exchange.BadRequest))
	made := second.create(t, b.options("nieuw/opties", "{}"))
	status, body = b.json("nieuw/bewijs", proof("telefoon", made))
	wantAnswer(t, "a second one", status, body, http.StatusOK, "")
	status, body = b.json("nieuw/bewijs", proof("telefoon", made))
	wantAnswer(t, "the same again", status, body, http.StatusBadRequest, SignInStale)
	options := b.options("nieuw/opties", "{}")
	if strings.Count(options, `"type":"public-key","id"`)+strings.Count(options, `"id":"`) < 2 || !strings.Contains(options, "excludeCredentials") {
		t.Errorf("does not name those that he has: %s", options)
	}
	// Another may not add one that somebody has.
	c := w.browser()
	stolen := &authenticator{rp: second.rp, dev: second.dev, key: second.key}
	status, body = c.json("nieuw/bewijs", proof("", stolen.create(t, c.options("nieuw/opties", `{"uitnodiging":"`+w.invite(other)+`"}`))))
	wantAnswer(t, "that of another", status, body, http.StatusBadRequest, PasskeyRefused)

	list := must[Credentials](t)(w.door.Credentials(t.Context(), nurse)).Passkeys
	remove := func(id string) error {
		return b.do(func(_ http.ResponseWriter, r *http.Request) error { return w.door.RemovePasskey(r, id) })
	}
	wantCode(t, "one that is not there", remove("x"), UnknownPasskey)
	if err := remove(list[0].ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "the last one", remove(list[1].ID), LastCredential)
	d := w.browser()
	status, body = d.json("bewijs", first.get(t, d.options("opties", "{}")))
	wantAnswer(t, "one that was removed", status, body, http.StatusUnauthorized, SignInRefused)
	w.wait(14 * time.Minute)
	if _, err := b.session(true); err != nil {
		t.Fatal(err)
	}
	w.wait(2 * time.Minute)
	status, body = b.json("nieuw/opties", "{}")
	wantAnswer(t, "16 minutes after the sign-in", status, body, http.StatusForbidden, SignInAgain)
}

// A form of another site can send text or a form, and not JSON.
func TestPasskeysWantJSON(t *testing.T) {
	w := newWorld(t, nil)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		a, err := http.Post(w.base+PasskeyPath+"opties", kind, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if a.Body.Close(); a.StatusCode != http.StatusBadRequest || len(a.Cookies()) != 0 {
			t.Errorf("%q: %d", kind, a.StatusCode)
		}
	}
	status, body := w.browser().json("opties", strings.Repeat(" ", mostBody+1))
	wantAnswer(t, "a large body", status, body, http.StatusBadRequest, string(exchange.BadRequest))
}

func TestNoPasskeysForAddress(t *testing.T) {
	w := newWorld(t, func(c *peer.Console) { c.PublicURL = strings.Replace(c.PublicURL, "localhost", "127.0.0.1", 1) })
	if w.door.HasPasskeys() {
		t.Error("a passkey would be bound to an address")
	}
	status, body := w.browser().json("opties", "{}")
	wantAnswer(t, "an address", status, body, http.StatusForbidden, LocalAccountsOff)
}

func FuzzPasskey(f *testing.F) {
	w := newWorld(f, nil)
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, credential []byte) {
		_, ceremony, err := w.door.passkeys.BeginDiscoverableLogin()
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequest("POST", "/", nil)
		if _, err := w.door.provePasskey(r, attempt{ceremony: ceremony}, credential); CodeOf(err) != SignInRefused {
			t.Errorf("got %v", err)
		}
	})
}

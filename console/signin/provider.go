package signin

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"sluis/exchange"
	"sluis/peer"
)

// CallbackPath is where the identity provider sends the browser back to: public
// URL and this are the redirect URI to register there.
const CallbackPath = "/aanmelden/terug"

// SignInPath is where one comes after a sign-out at the identity provider: public
// URL and this are the post-logout redirect URI.
const SignInPath = "/inloggen"

const (
	providerPatience = 10 * time.Second // for one answer
	providerPause    = 10 * time.Second // after it could not be reached
	providerBody     = 1 << 20          // bytes of an answer
	assertionLife    = time.Minute      // of private_key_jwt
	assertionType    = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// provider is the identity provider of the organisation: OpenID Connect, code flow
// with PKCE (RFC 7636).
type provider struct {
	config peer.OIDC
	base   string // public URL
	secret string
	signer jose.Signer // for private_key_jwt; nil with a secret
	client *http.Client
	now    func() time.Time

	mu     sync.Mutex // held while it is looked up; others wait for the same
	known  *discovered
	failed time.Time
}

// discovered is what the provider says of itself.
type discovered struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	issParam bool   // RFC 9207
	end      string // RP-Initiated Logout; "" for none
}

func newProvider(c peer.Console, o Options) (*provider, error) {
	p := &provider{
		config: c.OIDC, base: c.PublicURL, now: o.Now,
		client: &http.Client{Timeout: providerPatience, Transport: bounded{http.DefaultTransport}, CheckRedirect: noRedirect},
	}
	read := func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(o.Dir, name)
		}
		return os.ReadFile(name)
	}
	if c.OIDC.KeyFile != "" {
		text, err := read(c.OIDC.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("console.oidc.key_file: %w", err)
		}
		p.signer, err = newSigner(text)
		return p, err
	}
	text, err := read(c.OIDC.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("console.oidc.secret_file: %w", err)
	}
	if p.secret = strings.TrimSpace(string(text)); p.secret == "" {
		return nil, errors.New("console.oidc.secret_file is empty")
	}
	return p, nil
}

// noRedirect keeps the secret and the code where they were meant to go.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// bounded cuts answers off that are too long.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		a.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(a.Body, providerBody), a.Body}
	}
	return a, err
}

// newSigner reads a private key: RSA of 2048 bits or more (RS256, which every
// provider must know: OpenID Connect Core §15.1), P-256 (ES256) or Ed25519. Its
// name is its thumbprint (RFC 7638).
func newSigner(text []byte) (jose.Signer, error) {
	bad := errors.New("console.oidc.key_file is not a private key in PEM (PKCS #8): RSA of at least 2048 bits, P-256 or Ed25519")
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, bad
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad
	}
	var alg jose.SignatureAlgorithm
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return nil, bad
		}
		alg = jose.RS256
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() {
			return nil, bad
		}
		alg = jose.ES256
	case ed25519.PrivateKey:
		alg = jose.EdDSA
	default:
		return nil, bad
	}
	public := jose.JSONWebKey{Key: key.(crypto.Signer).Public()}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, bad
	}
	named := jose.JSONWebKey{Key: key, KeyID: base64.RawURLEncoding.EncodeToString(sum)}
	return jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: named}, (&jose.SignerOptions{}).WithType("JWT"))
}

// look finds out what the provider says of itself, once. One that does not answer
// is left alone for a while, so that not everybody waits for it.
func (p *provider) look(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.known != nil {
		return p.known, nil
	}
	if now.Before(p.failed.Add(providerPause)) {
		return nil, fault(ProviderFailed)
	}
	// The library keeps this context for later requests of its own.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), p.client)
	found, err := oidc.NewProvider(ctx, p.config.Issuer)
	if err != nil {
		p.failed = now
		return nil, fault(ProviderFailed)
	}
	var more struct {
		End      string   `json:"end_session_endpoint"`
		Methods  []string `json:"token_endpoint_auth_methods_supported"`
		IssParam bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&more); err != nil {
		p.failed = now
		return nil, fault(ProviderFailed)
	}
	d := &discovered{
		oauth: oauth2.Config{
			ClientID: p.config.ClientID, ClientSecret: p.secret, Endpoint: found.Endpoint(), RedirectURL: p.base + CallbackPath, Scopes: []string{oidc.ScopeOpenID},
		},
		verifier: found.Verifier(&oidc.Config{ClientID: p.config.ClientID, Now: p.now}),
		issParam: more.IssParam,
	}
	if p.config.Claim != "sub" {
		d.oauth.Scopes = append(d.oauth.Scopes, "profile")
	}
	// Without this the library would try both, and spend the code on the first.
	d.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.signer != nil || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		d.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	if u, err := url.Parse(more.End); err == nil && u.Host != "" {
		d.end = more.End
	}
	p.known = d
	return d, nil
}

// signOut is the URL of the sign-out at the provider; "" if it has none. It names
// the console and nobody: an ID token in a URL would tell a name to every log.
func (p *provider) signOut() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || p.known.end == "" {
		return ""
	}
	u, err := url.Parse(p.known.end)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.config.ClientID)
	q.Set("post_logout_redirect_uri", p.base+SignInPath)
	u.RawQuery = q.Encode()
	return u.String()
}

// proof is what the console adds to a token request to prove itself with its key
// (RFC 7523 §2.2); nothing where it has a secret. For audience some providers want
// the endpoint (OpenID Connect Core §9) and others their own name, so it has both;
// there is one provider, so neither can be another's.
func (p *provider) proof(d *discovered) ([]oauth2.AuthCodeOption, error) {
	if p.signer == nil {
		return nil, nil
	}
	now := p.now()
	claims, err := json.Marshal(map[string]any{
		"iss": p.config.ClientID, "sub": p.config.ClientID, "aud": []string{p.config.Issuer, d.oauth.Endpoint.TokenURL}, "jti": newToken(),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return nil, err
	}
	signed, err := p.signer.Sign(claims)
	if err != nil {
		return nil, err
	}
	text, err := signed.CompactSerialize()
	return []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("client_assertion_type", assertionType), oauth2.SetAuthURLParam("client_assertion", text),
	}, err
}

// BeginProvider begins a sign-in at the identity provider and returns the URL to
// send the browser to. next is the path to go on with afterwards; one that is not
// of this console becomes "/".
func (d *Door) BeginProvider(w http.ResponseWriter, r *http.Request, next string) (string, error) {
	if d.provider == nil {
		return "", fault(NoProvider)
	}
	found, err := d.provider.look(r.Context())
	if err != nil {
		return "", err
	}
	a := attempt{state: newToken(), nonce: newToken(), verifier: oauth2.GenerateVerifier(), next: LocalPath(next)}
	d.beginAttempt(w, r, atProvider, a)
	with := []oauth2.AuthCodeOption{oidc.Nonce(string(a.nonce)), oauth2.S256ChallengeOption(a.verifier)}
	if d.provider.config.ACR != "" {
		with = append(with, oauth2.SetAuthURLParam("acr_values", d.provider.config.ACR))
	}
	return found.oauth.AuthCodeURL(string(a.state), with...), nil
}

// Callback ends what [Door.BeginProvider] began, for the request at
// [CallbackPath]. It sets the cookie of the session and the header Refresh.
//
// The caller must answer with a page (status 200), never with a redirect: what
// follows a redirect still counts as sent by the provider's site, so that a
// Strict cookie stays behind. The page, which Refresh leaves at once for next,
// needs no more than a link to next.
func (d *Door) Callback(w http.ResponseWriter, r *http.Request) (s Session, next string, err error) {
	if d.provider == nil {
		return Session{}, "", fault(NoProvider)
	}
	from := d.address(r)
	if err := d.guard.knock(from, d.now()); err != nil {
		return Session{}, "", err
	}
	t, err := d.attempt(r, atProvider, true)
	if err != nil {
		return Session{}, "", err
	}
	actor, err := d.proveProvider(r, t)
	if err != nil {
		d.guard.refused(actor.ID, peer.ByProvider)
		return Session{}, "", err
	}
	if err := d.enter(r, actor.ID, peer.ByProvider, 0, nil); err != nil {
		return Session{}, "", err
	}
	d.guard.welcome(from)
	s = d.begin(w, r, actor, peer.ByProvider)
	w.Header().Set("Refresh", "0; url="+t.next)
	return s, t.next, nil
}

// proveProvider asks the provider who came back, and finds him here. On a refusal
// the actor has the ID of who it was, if he is known.
func (d *Door) proveProvider(r *http.Request, t attempt) (exchange.Actor, error) {
	none := exchange.Actor{}
	p, q := d.provider, r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(t.state)) != 1 {
		return none, fault(SignInStale)
	}
	found, err := p.look(r.Context())
	if err != nil {
		return none, err
	}
	if iss := q.Get("iss"); iss != p.config.Issuer && (iss != "" || found.issParam) {
		return none, fault(ProviderFailed)
	}
	if q.Get("code") == "" {
		return none, fault(ProviderFailed) // he said no, or it did
	}
	with, err := p.proof(found)
	if err != nil {
		return none, err
	}
	ctx := oidc.ClientContext(r.Context(), p.client)
	// The errors of the library quote what the provider answered.
	got, err := found.oauth.Exchange(ctx, q.Get("code"), append(with, oauth2.VerifierOption(t.verifier))...)
	if err != nil {
		return none, fault(ProviderFailed)
	}
	raw, _ := got.Extra("id_token").(string)
	id, err := found.verifier.Verify(ctx, raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.nonce)) != 1 {
		return none, fault(ProviderFailed)
	}
	return d.subject(r.Context(), id)
}

// subject finds the member of staff whom an ID token is about.
func (d *Door) subject(ctx context.Context, id *oidc.IDToken) (exchange.Actor, error) {
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return exchange.Actor{}, fault(ProviderFailed)
	}
	// An ID token for several must say which of them asked (OpenID Connect Core
	// §3.1.3.7, 4 and 5).
	if azp, ok := claims["azp"]; ok && azp != d.provider.config.ClientID || !ok && len(id.Audience) > 1 {
		return exchange.Actor{}, fault(ProviderFailed)
	}
	subject, _ := claims[d.provider.config.Claim].(string)
	if subject == "" {
		return exchange.Actor{}, fault(ProviderUnknown)
	}
	a, err := d.find(ctx, func(r record) bool { return r.Subject == subject })
	if errors.Is(err, &peer.Fault{Code: peer.UnknownAccount}) {
		return exchange.Actor{}, fault(ProviderUnknown)
	}
	if err != nil {
		return exchange.Actor{}, err
	}
	if !d.provider.enough(claims) {
		return exchange.Actor{ID: a.ID}, fault(ProviderLevel)
	}
	actor, err := d.present(ctx, a.ID)
	if err != nil {
		return exchange.Actor{ID: a.ID}, fault(ProviderUnknown)
	}
	return actor, nil
}

// enough reports whether the provider made as sure as is wanted here.
func (p *provider) enough(claims map[string]any) bool {
	if p.config.ACR == "" || claims["acr"] == p.config.ACR {
		return true
	}
	all, _ := claims["amr"].([]any)
	return slices.Contains(all, any(p.config.ACR))
}

// LocalPath is a path within this console. What a browser could read as another
// site becomes "/".
func LocalPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || len(path) > 1024 ||
		strings.ContainsFunc(path, func(c rune) bool {
			return c <= ' ' || c > '~' || c == '\\' || c == ';' || c == ',' || c == '"' || c == '\''
		}) {
		return "/"
	}
	return path
}

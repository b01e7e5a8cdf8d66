package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"sluis/peer"
)

// The node checks tokens of the organisation's own authorization server and gives
// none itself: a municipality has one, with its own ways of enrolling and ending
// clients, and a second one is a second place to forget somebody. Where there is
// none, the certificate alone is the credential.

// tokens checks access tokens: JWT (RFC 9068), bound to the certificate of the
// client (RFC 8705 §3).
type tokens struct {
	config peer.Tokens
	client *http.Client
	now    func() time.Time

	// mu is held while keys are fetched; others wait for the same answer.
	mu     sync.Mutex
	keys   jose.JSONWebKeySet
	looked time.Time
}

const (
	tokenSkew = 30 * time.Second // between the clocks of server and node
	maxToken  = 8 << 10
	// keysPause is the least time between two looks for new keys: a token with a
	// key that nobody knows must not make the node a burden to the server.
	keysPause = 10 * time.Second
	// keysLife is after how long keys are looked for again, so that one that was
	// withdrawn is not trusted for ever.
	keysLife    = time.Hour
	keysTime    = 10 * time.Second
	maxKeysBody = 1 << 20
)

// tokenAlgorithms are the signatures that are accepted: none with a shared secret.
var tokenAlgorithms = []jose.SignatureAlgorithm{jose.PS256, jose.PS384, jose.PS512, jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA}

func newTokens(c peer.Tokens, now func() time.Time) *tokens {
	return &tokens{config: c, now: now, client: &http.Client{
		Timeout:       keysTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var errUnchecked = &doorError{code: codeUnchecked}

// refusedToken refuses a token and says why, for who sets it up. Nothing of the token.
func refusedToken(why string) error { return &doorError{code: codeToken, field: field{"token", why}} }

// check returns the scopes of the token of a request. The token must be of the
// issuer, for this node, of this client and, with a cnf, of this certificate.
func (t *tokens) check(ctx context.Context, h http.Header, leaf *x509.Certificate, client string) ([]string, error) {
	all := h.Values("Authorization")
	if len(all) != 1 {
		return nil, refusedToken("missing")
	}
	kind, raw, ok := strings.Cut(all[0], " ")
	if !ok || !strings.EqualFold(kind, "Bearer") || len(raw) > maxToken {
		return nil, refusedToken("no bearer token")
	}
	token, err := jwt.ParseSigned(raw, tokenAlgorithms)
	if err != nil || len(token.Headers) != 1 {
		return nil, refusedToken("no signed JWT")
	}
	// RFC 9068 §2.1; some servers still write JWT.
	if kind, _ := token.Headers[0].ExtraHeaders["typ"].(string); kind != "" && !slices.Contains([]string{"at+jwt", "application/at+jwt", "jwt"}, strings.ToLower(kind)) {
		return nil, refusedToken("typ")
	}
	key, err := t.key(ctx, token.Headers[0].KeyID)
	if err != nil {
		return nil, err
	}
	var claims struct {
		jwt.Claims
		Scope    string `json:"scope"`
		ClientID string `json:"client_id"`
		AZP      string `json:"azp"`
		CNF      struct {
			X5T string `json:"x5t#S256"`
		} `json:"cnf"`
	}
	if err := token.Claims(key, &claims); err != nil {
		return nil, refusedToken("signature")
	}
	if claims.ClientID == "" {
		claims.ClientID = claims.AZP
	}
	sum := sha256.Sum256(leaf.Raw)
	bound := subtle.ConstantTimeCompare([]byte(claims.CNF.X5T), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) == 1
	now := t.now()
	switch {
	case claims.Issuer != t.config.Issuer:
		return nil, refusedToken("iss")
	case !claims.Audience.Contains(t.config.Audience):
		return nil, refusedToken("aud")
	case claims.Expiry == nil || !now.Before(claims.Expiry.Time().Add(tokenSkew)):
		return nil, refusedToken("exp")
	case claims.NotBefore != nil && now.Add(tokenSkew).Before(claims.NotBefore.Time()):
		return nil, refusedToken("nbf")
	case claims.ClientID != client:
		return nil, refusedToken("client_id")
	case !bound && (t.config.Bound || claims.CNF.X5T != ""):
		return nil, refusedToken("cnf")
	}
	return strings.Fields(claims.Scope), nil
}

// key is the key of the server with this name.
func (t *tokens) key(ctx context.Context, name string) (*jose.JSONWebKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	known, ok := t.named(name)
	if age := now.Sub(t.looked); ok && age < keysLife || age < keysPause {
		if !ok {
			return nil, errNoKey(t.keys)
		}
		return known, nil
	}
	fresh, err := t.fetch(ctx)
	t.looked = t.now() // from the end: who waited meanwhile need not ask again
	if err != nil {
		if ok {
			return known, nil // the server is down; what it said last holds
		}
		return nil, errUnchecked
	}
	t.keys = fresh
	if known, ok = t.named(name); !ok {
		return nil, errNoKey(t.keys)
	}
	return known, nil
}

// errNoKey tells a token of a key that the server does not have from a server that
// could not be asked.
func errNoKey(keys jose.JSONWebKeySet) error {
	if len(keys.Keys) == 0 {
		return errUnchecked
	}
	return refusedToken("kid")
}

func (t *tokens) named(name string) (*jose.JSONWebKey, bool) {
	for _, k := range t.keys.Key(name) {
		if k.IsPublic() && k.Valid() && k.Use != "enc" {
			return &k, true
		}
	}
	return nil, false
}

func (t *tokens) fetch(ctx context.Context) (jose.JSONWebKeySet, error) {
	var keys jose.JSONWebKeySet
	// Who waits for it may go away; the others still need the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.config.KeysURL, nil)
	if err != nil {
		return keys, err
	}
	response, err := t.client.Do(r)
	if err != nil {
		return keys, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeysBody))
	if err != nil || response.StatusCode != http.StatusOK {
		return keys, errors.New("no keys")
	}
	err = json.Unmarshal(body, &keys)
	return keys, err
}

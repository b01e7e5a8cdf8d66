package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// The names of the cookies. With the prefix a browser takes them over TLS only,
// for this host alone, so that no neighbour in the same domain can plant one (RFC
// 6265bis §4.1.3.2). Over http on a loopback address they lose it, since not every
// browser takes the Secure that it wants there, and have the port instead: a
// cookie is for a host whatever its port, and a test network has many consoles on
// one.
const (
	prefix        = "__Host-"
	sessionCookie = "sluis"
	attemptCookie = "aanmelden"
)

// A token is 256 bits that nobody can guess. What is kept of it is its digest:
// who reads our memory or a dump of it cannot come in with what he reads.
type token string

type digest [sha256.Size]byte

func newToken() token {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return token(base64.RawURLEncoding.EncodeToString(b[:]))
}

// parseToken reads a token from outside, in the one spelling that it has.
func parseToken(s string) (token, bool) {
	if len(s) != 43 {
		return "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return token(s), err == nil && len(b) == 32
}

func (t token) digest() digest { return sha256.Sum256([]byte(t)) }

// cookie is the token of a request. Two cookies of one name are none: one of
// them was planted.
func (d *Door) cookie(r *http.Request, name string) (token, bool) {
	all := r.CookiesNamed(d.cookieName(name))
	if len(all) != 1 {
		return "", false
	}
	return parseToken(all[0].Value)
}

// Secure reports whether browsers come over TLS, so that a cookie can say so.
func (d *Door) Secure() bool { return d.origin.Scheme == "https" }

func (d *Door) cookieName(name string) string {
	if d.Secure() {
		return prefix + name
	}
	return name + "-" + d.origin.Port()
}

// setCookie hands out a token; an empty one takes it back.
//
// The cookie of a session is Strict: no request that begins at another site has
// it. That of an attempt is Lax, since the identity provider sends the browser
// back here.
func (d *Door) setCookie(w http.ResponseWriter, name string, t token) {
	c := &http.Cookie{
		Name: d.cookieName(name), Value: string(t), Path: "/", Secure: d.Secure(), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if name == attemptCookie {
		c.SameSite, c.MaxAge = http.SameSiteLaxMode, int(attemptLife/time.Second)
	}
	if t == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

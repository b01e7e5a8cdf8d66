package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"sluis/exchange"
	"sluis/peer"
)

// Systems are the other systems of the organisation that may call the API over
// TLS: each shows its certificate and, where the organisation has an authorization
// server, a token of that.
//
// Who calls over the socket is the organisation's own account and may do what the
// node can do. A system may do less: only operations for which the contract names
// a scope, in the capacities and on behalf of the members of staff that the
// configuration gives it. Whether that member of staff may do it is judged where
// it always is.
type Systems struct {
	api    *API
	roots  *x509.CertPool
	tokens *tokens // nil where certificates alone will do
	all    []*system
}

// A system is one of them.
type system struct {
	peer.System
	calls *rate.Limiter
	busy  chan struct{} // holds one token for each call that is under way
}

// mostUnderWay is how many calls of one system are answered at a time. Others wait,
// so that what they bring is not held in memory.
const mostUnderWay = 8

// Systems returns the API as other systems reach it. Files that the configuration
// names are relative to dir. Nothing is fetched yet.
func (a *API) Systems(c peer.API, dir string) (*Systems, error) {
	file := c.ClientCA
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("api.client_ca: %w", err)
	}
	s := &Systems{api: a, roots: x509.NewCertPool()}
	if !s.roots.AppendCertsFromPEM(text) {
		return nil, errors.New("api.client_ca holds no certificate in PEM")
	}
	if c.Tokens.Issuer != "" {
		s.tokens = newTokens(c.Tokens, a.now)
	}
	for _, one := range c.Clients {
		// In bursts of ten seconds' worth, so that a nightly job need not count.
		burst := max(1, one.PerMinute/6)
		s.all = append(s.all, &system{one, rate.NewLimiter(rate.Limit(float64(one.PerMinute)/60), burst), make(chan struct{}, mostUnderWay)})
	}
	return s, nil
}

// TLS is how the address of the API is served. A system without a certificate is
// let in as far as the problem that says so; one whose certificate nobody of
// client_ca gave is not.
func (s *Systems) TLS(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		GetCertificate: get, ClientCAs: s.roots, ClientAuth: tls.VerifyClientCertIfGiven, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
	}
}

// doorKey is the key of a context under which the Systems stand through whom a
// request came; there are none on the socket.
type doorKey struct{}

// callerKey is the key of a context under which the system stands that calls.
type callerKey struct{}

// ServeHTTP answers one request of a system.
func (s *Systems) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if caller, _ := s.caller(r); caller != nil {
		select {
		case caller.busy <- struct{}{}:
			defer func() { <-caller.busy }()
		case <-r.Context().Done():
			return
		}
	}
	s.api.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), doorKey{}, s)))
}

// admit finds out who calls and whether it may, before anything else of a request
// is looked at. What comes over the socket it lets through, and who wants to read
// the description of the API.
func (a *API) admit(w http.ResponseWriter, r *http.Request, pattern string) (*http.Request, error) {
	s, ok := r.Context().Value(doorKey{}).(*Systems)
	if !ok || strings.HasPrefix(pattern, "GET "+base+"/openapi.") {
		return r, nil
	}
	in := a.contract.inputs[pattern]
	caller, leaf := s.caller(r)
	if caller == nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sluis"`)
		return r, &doorError{code: codeClientUnknown}
	}
	if wait := caller.wait(a.now()); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return r, &doorError{code: codeTooMany, field: field{"system", caller.Name}}
	}
	scopes := caller.Scopes
	if s.tokens != nil {
		given, err := s.tokens.check(r.Context(), r.Header, leaf, caller.ClientID)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="sluis", error="invalid_token"`)
			return r, err
		}
		scopes = slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(given, scope) })
	}
	switch {
	case in.scope == "":
		return r, &doorError{code: codeForPeople}
	case !slices.Contains(scopes, in.scope):
		w.Header().Set("WWW-Authenticate", `Bearer realm="sluis", error="insufficient_scope", scope="`+in.scope+`"`)
		return r, &doorError{code: codeScope, field: field{"scope", in.scope}}
	}
	if err := caller.mayAct(r, in); err != nil {
		return r, err
	}
	ctx := context.WithValue(peer.Via(r.Context(), caller.Name), callerKey{}, caller)
	return r.WithContext(ctx), nil
}

// caller is the system that a certificate belongs to, or nil. A connection may
// outlive its certificate, so the date is looked at each time.
func (s *Systems) caller(r *http.Request) (*system, *x509.Certificate) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.PeerCertificates) == 0 {
		return nil, nil
	}
	leaf := r.TLS.PeerCertificates[0]
	if now := s.api.now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return nil, nil
	}
	sum := sha256.Sum256(leaf.Raw)
	fingerprint, subject := hex.EncodeToString(sum[:]), subjectOf(leaf)
	var found *system
	for _, one := range s.all {
		if !slices.Contains(one.Fingerprints, fingerprint) && (one.Subject == "" || one.Subject != subject) {
			continue
		}
		if found != nil {
			return nil, nil // one by its fingerprint, another by its name
		}
		found = one
	}
	if found == nil {
		return nil, nil
	}
	return found, leaf
}

// subjectOf is the name in a certificate as it stands there. That of pkix.Name is
// put together anew, and of two common names has the last.
func subjectOf(leaf *x509.Certificate) string {
	var names pkix.RDNSequence
	if rest, err := asn1.Unmarshal(leaf.RawSubject, &names); err != nil || len(rest) > 0 {
		return ""
	}
	return names.String()
}

// wait is how long a system must wait before its next call; that it came counts.
func (c *system) wait(now time.Time) time.Duration {
	reserved := c.calls.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}

const (
	hatHeader   = "Sluis-Hoedanigheid"
	hatQuery    = "hoedanigheid"
	actorHeader = "Sluis-Medewerker"
	keyHeader   = "Idempotency-Key"
)

// mayAct holds a system to its capacities and to the members of staff on whose
// behalf it calls. It names the capacity where a person may leave it out: without
// it, it would see and do things under every hat that somebody has.
func (c *system) mayAct(r *http.Request, in input) error {
	hats := r.Header.Values(hatHeader)
	if _, asks := in.queries[hatQuery]; asks {
		hats = r.URL.Query()[hatQuery]
	}
	_, worn := in.headers[hatHeader]
	_, asked := in.queries[hatQuery]
	if worn || asked {
		if len(hats) != 1 {
			return badInput(map[bool]string{true: hatQuery, false: hatHeader}[asked], "required of a system")
		}
		if !slices.Contains(c.Capacities, exchange.CapacityCode(hats[0])) {
			return &doorError{code: codeSystemMayNot, field: field{"capacity", strings.Join(capacityWords(c.Capacities), " ")}}
		}
	}
	if _, acts := in.headers[actorHeader]; acts && !slices.Contains(c.Staff, "*") && !slices.Contains(c.Staff, r.Header.Get(actorHeader)) {
		return &doorError{code: codeSystemMayNot, field: field{"staff", "another"}}
	}
	if _, keyed := in.headers[keyHeader]; keyed && r.Header.Get(keyHeader) == "" {
		return badInput(keyHeader, "required of a system")
	}
	return nil
}

func capacityWords(all []exchange.CapacityCode) []string {
	return each(all, plain[string, exchange.CapacityCode])
}

// callerOf is the system that calls; nil over the socket.
func callerOf(ctx context.Context) *system {
	c, _ := ctx.Value(callerKey{}).(*system)
	return c
}

package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"sluis/api"
	"sluis/api/server"
	"sluis/exchange"
	"sluis/peer"
	"sluis/schemas"
)

// A certifier certifies servers and systems of an organisation.
type certifier struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newCertifier(t *testing.T) *certifier {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA van Voorbeeldstad"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c := &certifier{t: t, key: key, pool: x509.NewCertPool()}
	if c.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	c.pool.AddCert(c.cert)
	return c
}

func (c *certifier) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

// issue makes a certificate for a name.
func (c *certifier) issue(name string, usage x509.ExtKeyUsage) tls.Certificate {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, c.cert, key.Public(), c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// An authorization server that gives tokens to who shows a certificate.
type authorizer struct {
	t      *testing.T
	issuer string
	key    *ecdsa.PrivateKey
	down   atomic.Bool
}

func newAuthorizer(t *testing.T) *authorizer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authorizer{t: t, key: key}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if a.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	}))
	t.Cleanup(s.Close)
	a.issuer = s.URL
	return a
}

// token makes an access token as the server would, with what change makes of it.
func (a *authorizer) token(to tls.Certificate, change func(claims map[string]any, header map[jose.HeaderKey]any)) string {
	a.t.Helper()
	sum := sha256.Sum256(to.Certificate[0])
	claims := map[string]any{
		"iss": a.issuer, "aud": "https://node.example", "exp": time.Now().Add(time.Minute).Unix(), "client_id": "zaaksysteem",
		"scope": "casussen:schrijven verzoeken:schrijven verzoeken:lezen verzoeken:inhoud casussen:lezen gebeurtenissen:lezen knooppunt:lezen",
		"cnf":   map[string]string{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	header := map[jose.HeaderKey]any{"typ": "at+jwt"}
	if change != nil {
		change(claims, header)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: a.key, KeyID: "1"}}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

// An office is the college as other systems of the organisation reach it.
type office struct {
	*world
	ca     *certifier
	as     *authorizer
	url    string
	cert   tls.Certificate // of the case system
	system peer.System
}

// newOffice lets one system in, with what change makes of it.
func newOffice(t *testing.T, change func(*peer.System, *peer.API)) *office {
	t.Helper()
	o := &office{world: newWorld(t), ca: newCertifier(t), as: newAuthorizer(t)}
	o.ready()
	o.cert = o.ca.issue("zaaksysteem", x509.ExtKeyUsageClientAuth)
	o.system = peer.System{
		Name: "zaaksysteem", Fingerprints: []string{fingerprint(o.cert)}, ClientID: "zaaksysteem", Capacities: []exchange.CapacityCode{"investigation"}, Staff: []string{requester},
		Scopes: peer.Scopes[:], PerMinute: 60000,
	}
	c := peer.API{Listen: "127.0.0.1:0", PublicURL: "https://node.example", TLSCert: "x", TLSKey: "x", ClientCA: "ca.pem"}
	c.Tokens = peer.Tokens{Issuer: o.as.issuer, KeysURL: o.as.issuer + "/keys", Audience: "https://node.example", Bound: true}
	if change != nil {
		change(&o.system, &c)
	}
	c.Clients = []peer.System{o.system}
	if err := os.WriteFile(filepath.Join(o.college.dir, "ca.pem"), o.ca.pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	door := server.New(o.college.node, slog.New(slog.DiscardHandler))
	door.PublicURL = c.PublicURL
	systems, err := door.Systems(c, o.college.dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.url = "https://" + l.Addr().String()
	own := o.ca.issue("knooppunt", x509.ExtKeyUsageServerAuth)
	secured := tls.NewListener(l, systems.TLS(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &own, nil }))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, secured, o.held(systems), slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return o
}

// carrier brings along what a system proves itself with.
type carrier struct {
	http.RoundTripper
	token func() string
}

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if token := c.token(); token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return c.RoundTripper.RoundTrip(r)
}

func (o *office) transport(certs ...tls.Certificate) *http.Transport {
	t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: o.ca.pool, Certificates: certs, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	o.t.Cleanup(t.CloseIdleConnections)
	return t
}

// client is a client with the certificate of the case system and this token.
func (o *office) client(token func() string) *api.Client {
	return api.Connect(o.url, carrier{o.transport(o.cert), token})
}

func (o *office) good() string { return o.as.token(o.cert, nil) }

func wantCode(t *testing.T, what string, err error, code string, status int) {
	t.Helper()
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != code || p.Status != status {
		t.Errorf("%s: got %v, want %d %s", what, err, status, code)
	}
}

var asked = api.By{Staff: requester, Hat: "investigation"}

// A system does what its scopes allow on behalf of a named member of staff, and
// the ledger says through which system.
func TestSystemActs(t *testing.T) {
	o := newOffice(t, nil)
	c := o.client(o.good)
	opened, err := c.OpenCase(api.Once(t.Context(), "een"), asked, casus())
	if err != nil {
		t.Fatal(err)
	}
	q := question()
	q.Case = opened.ID
	made, err := c.Ask(api.Once(t.Context(), "twee"), asked, q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(t.Context(), asked, made.ID); err != nil {
		t.Fatal(err)
	}
	trail, err := o.college.client.Traces(t.Context(), by(requester), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	through := map[string]string{}
	for _, line := range trail {
		through[line.Kind] += line.By + " via " + line.Via + "; "
	}
	if through["request-issued"] != requester+" via zaaksysteem; " || !strings.HasPrefix(through["viewed"], requester+" via zaaksysteem; ") {
		t.Errorf("the ledger says %v", through)
	}
	// At the node itself there is no system.
	if !strings.HasSuffix(through["viewed"], requester+" via ; ") {
		t.Errorf("a view at the node: %v", through["viewed"])
	}
	page, err := c.Events(t.Context(), "investigation", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Events) == 0 || page.Events[0].Type != "nl.sluis.request-issued" || page.Events[0].Subject != made.ID ||
		page.Events[0].Source != "urn:nld:oin:00000099000001001000:systeem:sluis" {
		t.Errorf("events: %+v", page)
	}
	if later, err := c.Events(t.Context(), "investigation", page.Next, 10); err != nil || later.Next < page.Next {
		t.Errorf("later: %+v, %v", later, err)
	}
}

// What a professional decides has no scope, whatever a token says.
func TestSystemDecidesNothing(t *testing.T) {
	o := newOffice(t, func(s *peer.System, _ *peer.API) { s.Staff = []string{"*"} })
	c := o.client(o.good)
	id := api.ID("01938f2e-7c1a-7b3e-9d5a-0c1b2a394857")
	_, decided := c.Decide(t.Context(), asked, id, verdict())
	_, weighed := c.Weigh(t.Context(), asked, id, api.NewStep{Step: "least", Outcome: "yes"})
	_, confirmed := c.Confirm(t.Context(), asked, id)
	_, passed := c.PassOn(t.Context(), asked, id, api.NewPassing{})
	_, added := c.AddStaff(t.Context(), api.Employee{ID: "x.y", Name: "x", Roles: []api.Grant{{Role: api.Requester, Capacity: "investigation"}}})
	_, swept := c.Sweep(t.Context())
	for what, err := range map[string]error{"decide": decided, "weigh": weighed, "confirm": confirmed, "pass on": passed, "staff": added, "destroy": swept} {
		wantCode(t, what, err, "for-people", http.StatusForbidden)
	}
	// The list of what a system may do, so that a new line is a decision.
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(schemas.OpenAPIAsJSON(), &doc); err != nil {
		t.Fatal(err)
	}
	var may []string
	for _, item := range doc.Paths {
		for method, raw := range item {
			var op struct {
				ID       string                `json:"operationId"`
				Security []map[string][]string `json:"security"`
			}
			if method == "parameters" {
				continue
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatal(err)
			}
			if len(op.Security) == 0 {
				continue
			}
			if scopes := op.Security[0]["token"]; len(op.Security) != 1 || len(scopes) != 1 || !slices.Contains(peer.Scopes[:], scopes[0]) {
				t.Errorf("%s wants %v", op.ID, op.Security)
			}
			may = append(may, op.ID)
		}
	}
	slices.Sort(may)
	if want := "admit ask closeCase examine explain getParty getRegister getRequest getStatus listCases listConditions listEvents listGrounds listItems " +
		"listMessages listParties listPurposes listRequests listStatements listTraces listTriggers listWebhooks listWeighings openCase openRequest " +
		"recordMoment reply resendEvents viewCase withdraw"; strings.Join(may, " ") != want {
		t.Errorf("a system may\n%s\nwant\n%s", strings.Join(may, " "), want)
	}
}

// Who a system is, for whom and under which hat: each of it is looked at.
func TestSystemIsHeld(t *testing.T) {
	o := newOffice(t, func(s *peer.System, _ *peer.API) {
		s.Scopes = []string{"verzoeken:lezen", "casussen:schrijven", "verzoeken:inhoud"}
	})
	list := func(c *api.Client, hat string) error {
		_, err := c.Requests(t.Context(), api.Query{Hat: hat})
		return err
	}
	if err := list(o.client(o.good), "investigation"); err != nil {
		t.Errorf("a system that may: %v", err)
	}
	wantCode(t, "another capacity", list(o.client(o.good), "coordination"), "system-may-not", 403)
	wantCode(t, "no capacity", list(o.client(o.good), ""), "bad-input", 400)
	_, err := o.client(o.good).Open(t.Context(), api.By{Staff: professional, Hat: "investigation"}, "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857")
	wantCode(t, "somebody else", err, "system-may-not", 403)
	_, err = o.client(o.good).OpenCase(t.Context(), asked, casus())
	wantCode(t, "no key", err, "bad-input", 400)
	_, err = o.client(o.good).Ask(api.Once(t.Context(), "een"), asked, question())
	wantCode(t, "a scope that only the token has", err, "scope-missing", 403)

	wantCode(t, "no token", list(o.client(func() string { return "" }), "investigation"), "token-refused", 401)
	stranger := o.ca.issue("onbekend", x509.ExtKeyUsageClientAuth)
	wantCode(t, "no certificate", list(api.Connect(o.url, carrier{o.transport(), o.good}), "investigation"), "client-unknown", 401)
	wantCode(t, "a certificate of nobody", list(api.Connect(o.url, carrier{o.transport(stranger), o.good}), "investigation"), "client-unknown", 401)
	elsewhere := newCertifier(t).issue("zaaksysteem", x509.ExtKeyUsageClientAuth)
	if err := list(api.Connect(o.url, carrier{o.transport(elsewhere), o.good}), "investigation"); err == nil {
		t.Error("a certificate of another authority is taken")
	}
	for what, change := range map[string]func(map[string]any, map[jose.HeaderKey]any){
		"another issuer":      func(c map[string]any, _ map[jose.HeaderKey]any) { c["iss"] = "https://elders.example" },
		"for another":         func(c map[string]any, _ map[jose.HeaderKey]any) { c["aud"] = "https://elders.example" },
		"expired":             func(c map[string]any, _ map[jose.HeaderKey]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
		"without an end":      func(c map[string]any, _ map[jose.HeaderKey]any) { delete(c, "exp") },
		"not yet":             func(c map[string]any, _ map[jose.HeaderKey]any) { c["nbf"] = time.Now().Add(time.Hour).Unix() },
		"another client":      func(c map[string]any, _ map[jose.HeaderKey]any) { c["client_id"] = "ander" },
		"not bound":           func(c map[string]any, _ map[jose.HeaderKey]any) { delete(c, "cnf") },
		"another certificate": func(c map[string]any, _ map[jose.HeaderKey]any) { c["cnf"] = map[string]string{"x5t#S256": "AAAA"} },
		"an ID token":         func(_ map[string]any, h map[jose.HeaderKey]any) { h["typ"] = "id+jwt" },
	} {
		wantCode(t, what, list(o.client(func() string { return o.as.token(o.cert, change) }), "investigation"), "token-refused", 401)
	}
	narrow := func() string {
		return o.as.token(o.cert, func(c map[string]any, _ map[jose.HeaderKey]any) { c["scope"] = "casussen:schrijven" })
	}
	wantCode(t, "a token for less", list(o.client(narrow), "investigation"), "scope-missing", 403)
	forged := newAuthorizer(t)
	forged.issuer = o.as.issuer
	wantCode(t, "a token of somebody else", list(o.client(func() string { return forged.token(o.cert, nil) }), "investigation"), "token-refused", 401)
	unsigned := func() string {
		_, claims, _ := strings.Cut(o.good(), ".")
		claims, _, _ = strings.Cut(claims, ".")
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + claims + "."
	}
	wantCode(t, "a token that nobody signed", list(o.client(unsigned), "investigation"), "token-refused", 401)
	o.refusedEarly()
	// The description is for everybody.
	plain := &http.Client{Transport: o.transport()}
	answer, err := plain.Get(o.url + "/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || answer.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the description: %d", answer.StatusCode)
	}
}

// Keys that were seen hold while the authorization server is down; without any,
// that is said, and nobody is let in.
func TestAuthorizationServerDown(t *testing.T) {
	o := newOffice(t, nil)
	o.as.down.Store(true)
	_, err := o.client(o.good).Status(t.Context())
	wantCode(t, "no keys yet", err, "token-unchecked", 503)
	other := newOffice(t, nil)
	if _, err := other.client(other.good).Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	other.as.down.Store(true)
	if _, err := other.client(other.good).Status(t.Context()); err != nil {
		t.Errorf("with keys that were seen: %v", err)
	}
}

// Where there is no authorization server the certificate is what counts, also by
// its subject; and who asks too much waits.
func TestCertificateAlone(t *testing.T) {
	o := newOffice(t, func(s *peer.System, c *peer.API) {
		c.Tokens = peer.Tokens{Bound: true}
		s.Fingerprints, s.Subject, s.PerMinute = nil, "CN=zaaksysteem", 12
	})
	c := o.client(func() string { return "" })
	for range 2 {
		if _, err := c.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Status(t.Context())
	wantCode(t, "the third in a second", err, "too-many-calls", 429)
}

// The same key with the same words does it once; with others it is refused; and
// what was refused can be done.
func TestDoneOnce(t *testing.T) {
	o := newOffice(t, nil)
	c := o.client(o.good)
	first, err := c.OpenCase(api.Once(t.Context(), "sleutel-1"), asked, casus())
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.OpenCase(api.Once(t.Context(), "sleutel-1"), asked, casus())
	if err != nil || again != first {
		t.Errorf("again: %+v, %v; want %+v", again, err, first)
	}
	q := question()
	q.Case = first.ID
	bad := q
	bad.Purpose = "no-such"
	_, err = c.Ask(api.Once(t.Context(), "sleutel-2"), asked, bad)
	if err == nil {
		t.Fatal("a purpose that does not exist")
	}
	made, err := c.Ask(api.Once(t.Context(), "sleutel-2"), asked, q)
	if err != nil {
		t.Fatalf("the same key after a refusal: %v", err)
	}
	_, size := o.college.node.Checkpoint()
	o.wait(o.probation, made.ID, api.InWeighing)
	repeated, err := c.Ask(api.Once(t.Context(), "sleutel-2"), asked, q)
	if err != nil || repeated != made {
		t.Errorf("again: %+v, %v; want %+v", repeated, err, made)
	}
	list, err := c.Requests(t.Context(), api.Query{Hat: "investigation"})
	if err != nil || len(list.Requests) != 1 {
		t.Errorf("%d requests, %v; size %d", len(list.Requests), err, size)
	}
	other := q
	other.Contact = "iemand anders"
	_, err = c.Ask(api.Once(t.Context(), "sleutel-2"), asked, other)
	wantCode(t, "other words", err, "key-reused", 409)
	_, err = c.Withdraw(api.Once(t.Context(), "sleutel-2"), asked, made.ID)
	wantCode(t, "another act", err, "key-reused", 409)
	o.atOnce(c)
	// The socket has keys of its own.
	if mine, err := o.college.client.OpenCase(api.Once(t.Context(), "sleutel-1"), by(requester), casus()); err != nil || mine.ID == first.ID {
		t.Errorf("over the socket: %+v, %v", mine, err)
	}
}

// atOnce has many ask the same together: one does it, and the others hear the same
// or that it is under way.
func (o *office) atOnce(c *api.Client) {
	t := o.t
	t.Helper()
	before, err := c.Cases(t.Context(), api.ListCasesParams{Hat: "investigation"})
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		made api.Case
		err  error
	}
	const tries = 8
	all := make(chan outcome, tries)
	for range tries {
		go func() {
			made, err := c.OpenCase(api.Once(t.Context(), "samen"), asked, casus())
			all <- outcome{made, err}
		}()
	}
	ids := map[api.ID]bool{}
	for range tries {
		one := <-all
		var p *api.Problem
		switch {
		case one.err == nil:
			ids[one.made.ID] = true
		case !errors.As(one.err, &p) || p.Code != "key-in-use":
			t.Error(one.err)
		}
	}
	page, err := c.Cases(t.Context(), api.ListCasesParams{Hat: "investigation"})
	if err != nil || len(ids) != 1 || len(page.Cases) != len(before.Cases)+1 {
		t.Errorf("%d answers, %d cases, %v", len(ids), len(page.Cases), err)
	}
}

// refusedEarly sends a document without a token: what is refused is not looked at,
// nor told.
func (o *office) refusedEarly() {
	t := o.t
	t.Helper()
	body, err := json.Marshal(casus())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.url+"/v1/casussen", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Transport: o.transport(o.cert)}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 401 || !strings.Contains(answer.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%d %v %v", answer.StatusCode, answer.Header, err)
	}
	if strings.Contains(string(text), testBSN) {
		t.Error("the refusal holds a number that was typed")
	}
}

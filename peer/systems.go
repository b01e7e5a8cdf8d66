package peer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"

	"sluis/exchange"
)

// API says where the API is served to other systems of the organisation, such as
// that for case management, and which of them may do what (docs/integrate.md).
type API struct {
	// Listen is the address on which it is served, over TLS with certificates on
	// both sides. Default: empty, not served.
	Listen string `toml:"listen"`

	// PublicURL is scheme, host and port under which systems reach it, such as
	// https://sluis.example.nl:8444.
	PublicURL string `toml:"public_url"`

	// TLSCert and TLSKey name the PEM files of the certificate (with its chain)
	// and its key, ClientCA that of the authorities that certify systems; relative
	// to the directory of the node.
	TLSCert  string `toml:"tls_cert"`
	TLSKey   string `toml:"tls_key"`
	ClientCA string `toml:"client_ca"`

	Tokens  Tokens   `toml:"tokens"`
	Clients []System `toml:"clients"`
}

// Tokens says whose access tokens a system shows beside its certificate (OAuth
// 2.0 client credentials, RFC 6749 §4.4; JWT, RFC 9068).
type Tokens struct {
	// Issuer is the authorization server of the organisation, as the claim iss has
	// it. Default: empty; a system then needs its certificate only.
	Issuer string `toml:"issuer"`

	// KeysURL is where the server publishes its keys (JWKS, RFC 7517).
	KeysURL string `toml:"keys_url"`

	// Audience is what aud must hold. Default: api.public_url.
	Audience string `toml:"audience"`

	// Bound says that a token must name the certificate for which it was given
	// (cnf, RFC 8705 §3). One that names another is refused in any case.
	// Default: true.
	Bound bool `toml:"bound"`
}

// A System is another system of the organisation, and what it may do at most. It
// decides nothing: what the law leaves to a professional has no scope.
type System struct {
	// Name is how the ledger and the log call it: lower-case letters, digits and
	// hyphens.
	Name string `toml:"name"`

	// Fingerprints are SHA-256 of its certificates, in hexadecimal: two while one
	// replaces the other. Subject is their subject as RFC 2253 writes it. One of
	// the two names the system.
	Fingerprints []string `toml:"fingerprints"`
	Subject      string   `toml:"subject"`

	// ClientID is under which name the authorization server knows it. Needed with
	// api.tokens.
	ClientID string `toml:"client_id"`

	// Scopes are what it may do, Capacities under which hats, Staff on behalf of
	// whom: IDs of staff, or "*" for everybody who has the role for it.
	Scopes     []string                `toml:"scopes"`
	Capacities []exchange.CapacityCode `toml:"capacities"`
	Staff      []string                `toml:"staff"`

	// PerMinute bounds its calls. Default: 600.
	PerMinute int `toml:"per_minute"`

	Webhook Webhook `toml:"webhook"`
}

// A Webhook says where a system hears that something has happened.
type Webhook struct {
	// URL is where events are posted, https. Default: empty, nowhere.
	URL string `toml:"url"`

	// SecretFile is a file with the key of the signature, as Standard Webhooks
	// writes it: whsec_ and 24 to 64 bytes in base64. CAFile is the PEM of the
	// authorities that certify the receiver; empty for those of the machine.
	// Relative to the directory of the node.
	SecretFile string `toml:"secret_file"`
	CAFile     string `toml:"ca_file"`

	// GiveUpAfter is for how long an event that is refused is offered before it is
	// set aside. While nobody answers at all nothing is set aside. Default: 24h.
	GiveUpAfter Duration `toml:"give_up_after"`
}

// Scopes are what a system can be allowed to do; openapi.yaml says which
// operation wants which. What a professional does himself is in none of them.
var Scopes = [...]string{
	"verzoeken:lezen", "verzoeken:inhoud", "verzoeken:schrijven",
	"casussen:lezen", "casussen:inhoud", "casussen:schrijven",
	"catalogi:lezen", "knooppunt:lezen", "gebeurtenissen:lezen", "gebeurtenissen:schrijven",
}

var systemName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

const (
	callsPerMinute = 600
	giveUpAfter    = Duration(24 * 60 * 60 * 1e9)
)

// complete fills in what a client leaves out.
func (a *API) complete() {
	for i := range a.Clients {
		if c := &a.Clients[i]; c.PerMinute == 0 {
			c.PerMinute = callsPerMinute
		}
		if w := &a.Clients[i].Webhook; w.GiveUpAfter == 0 {
			w.GiveUpAfter = giveUpAfter
		}
	}
	if a.Tokens.Audience == "" {
		a.Tokens.Audience = a.PublicURL
	}
}

func (a API) check() error {
	if a.Listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(a.Listen); err != nil {
		return errors.New("api.listen is not an address such as 127.0.0.1:8444")
	}
	u, err := url.Parse(a.PublicURL)
	switch {
	case err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("api.public_url is not a URL of scheme https, host and port such as https://sluis.example.nl:8444")
	case a.TLSCert == "" || a.TLSKey == "":
		return errors.New("api.tls_cert and api.tls_key are missing")
	case a.ClientCA == "":
		return errors.New("api.client_ca is missing: without it no system could prove who it is")
	}
	if err := a.Tokens.check(); err != nil {
		return err
	}
	known := map[string]bool{}
	for i, c := range a.Clients {
		if err := c.check(a.Tokens.Issuer != ""); err != nil {
			return fmt.Errorf("api.clients, number %d: %w", i+1, err)
		}
		for _, id := range append([]string{"name " + c.Name, "subject " + c.Subject, "client " + c.ClientID}, c.Fingerprints...) {
			if id != "subject " && id != "client " && known[id] {
				return fmt.Errorf("api.clients, number %d: another has the same name, certificate or client_id", i+1)
			}
			known[id] = true
		}
	}
	return nil
}

func (t Tokens) check() error {
	if t.Issuer == "" {
		if t.KeysURL != "" {
			return errors.New("api.tokens.keys_url is given without api.tokens.issuer")
		}
		return nil
	}
	for name, text := range map[string]string{"issuer": t.Issuer, "keys_url": t.KeysURL} {
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
			return fmt.Errorf("api.tokens.%s is not a URL", name)
		case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
			return fmt.Errorf("api.tokens.%s is not https", name)
		}
	}
	return nil
}

func (c System) check(tokens bool) error {
	switch {
	case !systemName.MatchString(c.Name):
		return errors.New("name is not lower-case letters, digits and hyphens")
	case (len(c.Fingerprints) == 0) == (c.Subject == ""):
		return errors.New("it wants one of fingerprints and subject, which names its certificate")
	case tokens && c.ClientID == "":
		return errors.New("client_id is missing: api.tokens wants to know whose a token is")
	case len(c.Scopes) == 0 || len(c.Capacities) == 0 || len(c.Staff) == 0:
		return errors.New(`scopes, capacities and staff say what it may do; staff = ["*"] is everybody who has the role for it`)
	case c.PerMinute < 1:
		return errors.New("per_minute must be at least 1")
	}
	for _, f := range c.Fingerprints {
		if raw, err := hex.DecodeString(f); err != nil || len(raw) != 32 || hex.EncodeToString(raw) != f {
			return errors.New("a fingerprint is not 64 hexadecimal digits, in lower case and without colons")
		}
	}
	for _, s := range c.Scopes {
		if !slices.Contains(Scopes[:], s) {
			return fmt.Errorf("there is no scope %q", s)
		}
	}
	for _, s := range c.Staff {
		if _, err := exchange.ParseActorID(s); s != "*" && err != nil {
			return errors.New("staff has something that is no ID of a member of staff")
		}
	}
	return c.Webhook.check()
}

func (w Webhook) check() error {
	if w.URL == "" {
		return nil
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("webhook.url is not a URL of scheme https, host and path; what is secret belongs in secret_file")
	case w.SecretFile == "":
		return errors.New("webhook.secret_file is missing: without it nobody could tell whose an event is")
	}
	return nil
}

// viaKey is the key of a context under which the system stands that calls.
type viaKey struct{}

// Via says that what is done under the context comes through another system of
// the organisation: the ledger then names it beside the member of staff on whose
// behalf it calls.
func Via(ctx context.Context, system string) context.Context {
	return context.WithValue(ctx, viaKey{}, system)
}

func via(ctx context.Context) string {
	system, _ := ctx.Value(viaKey{}).(string)
	return system
}

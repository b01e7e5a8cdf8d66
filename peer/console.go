package peer

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Console says where the web console is served, and how people prove there who
// they are.
type Console struct {
	// Listen is the address on which it is served, such as 127.0.0.1:8443.
	// Default: empty, not served.
	Listen string `toml:"listen"`

	// PublicURL is scheme, host and port under which browsers reach it, such as
	// https://sluis.example.nl. Passkeys and cookies are bound to it. http is for
	// a loopback address only.
	PublicURL string `toml:"public_url"`

	// TLSCert and TLSKey name the PEM files of the certificate (with its chain)
	// and its key; relative to the directory of the node.
	TLSCert string `toml:"tls_cert"`
	TLSKey  string `toml:"tls_key"`

	// BehindProxy says that a proxy of the organisation ends TLS in front of the
	// console, and adds the address of the client as the last of X-Forwarded-For.
	// Without such a proxy anybody could write that header. What goes from the proxy
	// to the console is personal data: Listen is then of this machine, or has TLS of
	// its own. Default: false.
	BehindProxy bool `toml:"behind_proxy"`

	// Idle is after how long without a request somebody is signed out. Default: 15m.
	Idle Duration `toml:"idle"`

	// Longest is after how long somebody is signed out whatever he does. Default:
	// 9h, a working day.
	Longest Duration `toml:"longest"`

	// LocalAccounts lets people sign in with a passkey, or with a password and a
	// code, of the node itself. Default: true.
	LocalAccounts bool `toml:"local_accounts"`

	OIDC OIDC `toml:"oidc"`
}

// OIDC says which identity provider of the organisation proves who somebody is
// (OpenID Connect Core 1.0). What he may do the node knows itself.
type OIDC struct {
	// Issuer is the URL of the provider, as its tokens have it. Default: empty, none.
	Issuer string `toml:"issuer"`

	// ClientID is under which name the provider knows the console.
	ClientID string `toml:"client_id"`

	// SecretFile or KeyFile is by what the console proves itself to the provider: a
	// shared secret (client_secret_basic), or a PEM key in PKCS #8
	// (private_key_jwt). Relative to the directory of the node; one of the two.
	SecretFile string `toml:"secret_file"`
	KeyFile    string `toml:"key_file"`

	// Claim is the claim of the ID token by which accounts are linked. It must
	// never be given to another person, as an e-mail address may be. Default: sub.
	Claim string `toml:"claim"`

	// ACR is what the acr or one of the amr of the ID token must be, for two
	// factors. Default: empty, whatever the provider finds enough.
	ACR string `toml:"acr"`
}

func defaultConsole() Console {
	return Console{Idle: Duration(15 * time.Minute), Longest: Duration(9 * time.Hour), LocalAccounts: true, OIDC: OIDC{Claim: "sub"}}
}

func (c Console) check() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("console.tls_cert and console.tls_key go together")
	}
	if c.Longest < c.Idle {
		return errors.New("console.longest is shorter than console.idle")
	}
	if err := c.OIDC.check(); err != nil {
		return err
	}
	if c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return errors.New("console.listen is not an address such as 127.0.0.1:8443")
	}
	u, err := url.Parse(c.PublicURL)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("console.public_url is not a URL of scheme, host and port such as https://sluis.example.nl")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("console.public_url is not https")
	case !isLoopback(host) && c.TLSCert == "" && !c.BehindProxy:
		return errors.New("console.listen can be reached from outside without TLS; give tls_cert and tls_key, or behind_proxy = true")
	case !isLoopback(host) && c.TLSCert == "":
		return errors.New("console.listen can be reached from outside without TLS; with behind_proxy as well it is a loopback address, or has tls_cert and tls_key")
	case u.Scheme == "http" && (!isLoopback(u.Hostname()) || !isLoopback(host)):
		return errors.New("console.public_url is http, which is for a loopback address only")
	case u.Scheme == "http" && (c.TLSCert != "" || c.BehindProxy):
		return errors.New("console.public_url is http, though there is TLS")
	case u.Scheme == "https" && c.TLSCert == "" && !c.BehindProxy:
		return errors.New("console.public_url is https; give tls_cert and tls_key, or behind_proxy = true")
	case !c.LocalAccounts && c.OIDC.Issuer == "":
		return errors.New("console.local_accounts is off and console.oidc.issuer is empty; nobody could sign in")
	}
	return nil
}

func (o OIDC) check() error {
	if o.Issuer == "" {
		return nil
	}
	u, err := url.Parse(o.Issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("console.oidc.issuer is not a URL of scheme, host and path")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return errors.New("console.oidc.issuer is not https")
	case o.ClientID == "":
		return errors.New("console.oidc.client_id is missing")
	case (o.SecretFile == "") == (o.KeyFile == ""):
		return errors.New("console.oidc wants one of secret_file and key_file")
	case o.Claim == "":
		return errors.New("console.oidc.claim is missing; that of every provider is sub")
	}
	return nil
}

// isLoopback reports whether a host is this machine: an address, or localhost
// (RFC 6761 §6.3).
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

package peer

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/store"
)

// Logboek says whether the processing log also leaves the node, as records of
// the standard Logboek Dataverwerkingen (docs/logboek.md).
type Logboek struct {
	// Enabled switches it on. Default: false.
	Enabled bool `toml:"enabled"`

	// Endpoint is the URL to which records are posted, with its path, such as
	// https://logboek.example.nl/v1/traces.
	Endpoint string `toml:"endpoint"`

	// Protocol is how: http/protobuf, the one form of OTLP that there is so far.
	Protocol string `toml:"protocol"`

	// HeadersFile names a file with headers that the endpoint wants, such as a
	// token; relative to the directory of the node. Default: none.
	HeadersFile string `toml:"headers_file"`

	// ActivityBase is what comes before the code of a purpose to make the URI of
	// a processing activity in the organisation's own register (art. 30 AVG).
	ActivityBase string `toml:"activity_base"`

	// ProcessorBase is what comes before the OIN of a partner to name him.
	// Default: urn:nld:oin:, as the NL GOV profile for CloudEvents has it.
	ProcessorBase string `toml:"processor_base"`

	// DataSubject is none or pseudonym: whether a record names whom it is about.
	// Default: none.
	DataSubject string `toml:"data_subject"`

	// Insecure allows an endpoint without TLS, on a loopback address only.
	Insecure bool `toml:"insecure"`
}

const (
	httpProtobuf = "http/protobuf"
	noSubject    = "none"
	pseudonym    = "pseudonym"
)

// Pseudonyms reports whether records name whom they are about.
func (l Logboek) Pseudonyms() bool { return l.DataSubject == pseudonym }

func (l Logboek) check() error {
	switch {
	case l.Protocol != httpProtobuf:
		return errors.New("logboek.protocol is not http/protobuf")
	case l.DataSubject != noSubject && l.DataSubject != pseudonym:
		return errors.New("logboek.data_subject is not none or pseudonym")
	case !isBase(l.ProcessorBase):
		return errors.New("logboek.processor_base is not a URI that ends in / : = or #")
	case l.ActivityBase != "" && !isBase(l.ActivityBase):
		return errors.New("logboek.activity_base is not a URI that ends in / : = or #")
	case l.Enabled && l.ActivityBase == "":
		return errors.New("logboek.activity_base is missing; the standard wants a processing activity in every record")
	case l.Enabled && l.Endpoint == "":
		return errors.New("logboek.endpoint is missing")
	case l.Endpoint == "":
		return nil
	}
	return checkEndpoint("logboek", l.Endpoint, l.Insecure)
}

// checkEndpoint refuses a URL that OTLP can't be posted to, or not safely. room is
// the table of the configuration in which it stands.
func checkEndpoint(room, endpoint string, insecure bool) error {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		// The parser's own text quotes what it read, which could be a password.
		return errors.New(room + ".endpoint is not a URL of scheme, host and path")
	case u.Path == "" || u.Path == "/":
		return errors.New(room + ".endpoint has no path; that of OTLP is /v1/traces")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http" || !insecure:
		return errors.New(room + ".endpoint is not https; insecure = true allows http on a loopback address")
	}
	// A name could be resolved to anywhere.
	if a, err := netip.ParseAddr(u.Hostname()); err != nil || !a.IsLoopback() {
		return errors.New(room + ".endpoint is http and not a loopback address such as 127.0.0.1")
	}
	return nil
}

// isBase reports whether a code can be put behind s to make a URI.
func isBase(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= 256 && u.IsAbs() && u.User == nil && strings.ContainsAny(s[len(s)-1:], "/:=#") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// LogboekSubjects are the pseudonyms of whom a ledger entry is about, for
// records that leave the node: in a scope of their own, so that they lead to no
// index key here, and other ones in each capacity. None when the dossier does
// not exist any more, or never did.
//
// They say what the dossier says now. Of a case, people who were admitted later
// are among them.
func (n *Node) LogboekSubjects(h ledger.Header) ([]string, error) {
	own, err := exchange.ParsePartyID(h.As)
	if err != nil || h.Exchange == ledger.None {
		return nil, nil
	}
	if c, _, err := n.caseRow(exchange.ID(h.Exchange)); err == nil {
		var all []string
		for _, p := range c.People {
			all = append(all, n.logboekSubject(own.Capacity, p.BSN, p.Name, p.Born))
		}
		return all, nil
	} else if !gone(err) {
		return nil, err
	}
	if p, _, err := n.petitionRow(exchange.ID(h.Exchange)); err == nil {
		return []string{n.logboekSubject(own.Capacity, p.Person.BSN, p.Person.Name, p.Person.Born)}, nil
	} else if !gone(err) {
		return nil, err
	}
	r, err := n.lookup(exchange.ID(h.Exchange), own.Capacity)
	if gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := r.Exchange.Request.Subject
	return []string{n.logboekSubject(own.Capacity, s.BSN, s.Name, s.Born)}, nil
}

func (n *Node) logboekSubject(in exchange.CapacityCode, bsn exchange.BSN, name, born exchange.Personal) string {
	who := "name\n" + strings.ToLower(name.Reveal()) + "\n" + born.Reveal()
	if !bsn.Zero() {
		who = "bsn\n" + bsn.Reveal()
	}
	return crypto.Pseudonym(n.keys.Load().Pseudonym, "logboek", string(in)+"\n"+who)
}

// gone reports whether there is nothing to read, now or any more.
func gone(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNoRecordKey) || errors.Is(err, &Fault{Code: UnknownCase}) ||
		errors.Is(err, &Fault{Code: UnknownPetition}) ||
		errors.Is(err, &Fault{Code: UnknownExchange})
}

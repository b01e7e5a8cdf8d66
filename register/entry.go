package register

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
)

// EntryOf writes the public half of a node's keys as the entry of its party.
// origin is the name of its ledger. The entry has no From yet: the authority
// fills that in when it takes it up.
func EntryOf(keys crypto.Public, origin string, party exchange.Party, addresses []string, contact Contact) (Entry, error) {
	checkpoint, err := note.NewEd25519VerifierKey(origin, keys.Checkpoint)
	if err != nil {
		return Entry{}, fault(BadCheckpointKey, string(party.OIN))
	}
	e := Entry{
		OIN: party.OIN, Name: party.Name, Capacities: slices.Clone(party.Capacities),
		Peer: crypto.PeerID(keys.Host), Addresses: append([]string{}, addresses...),
		Keys: []Key{{JWK: crypto.PublicJWK(keys.Signing)}}, Recipients: []string{keys.Sealing.String()},
		Checkpoint: checkpoint, Witness: ledger.CosignerKey(WitnessName(party.OIN), keys.Witness), Contact: contact,
	}
	return e, e.checkNew(false)
}

// WitnessName is the name under which a party cosigns the ledgers of others. It
// stays the same when its own ledger is continued under another name.
func WitnessName(oin exchange.OIN) string { return "sluis.invalid/witness/" + string(oin) }

// ParseEntry reads an entry that `sluis keys show` printed. White space and
// dates may differ; unknown members are refused.
func ParseEntry(data []byte) (Entry, error) {
	if err := crypto.StrictJSON(data, 8); err != nil {
		return Entry{}, fault(RegisterForm, "entry")
	}
	var e Entry
	if err := decodeKnown(data, &e); err != nil {
		return Entry{}, fault(RegisterForm, "entry")
	}
	return e, e.checkNew(false)
}

// checkNew is checkFully for an entry that is made or taken up: its addresses
// are such that a node can dial them. A register that has others is not refused
// for it: a node passes over what it cannot dial, and must not be cut off from
// every newer register by one line of another party.
func (e Entry) checkNew(dated bool) error {
	if err := e.checkFully(dated); err != nil {
		return err
	}
	for _, a := range e.Addresses {
		if !e.isDialled(a) {
			return fault(BadAddress, string(e.OIN))
		}
	}
	return nil
}

// checkFully holds an entry to all rules of the register. Without dated, a
// signing key may still lack its From.
func (e Entry) checkFully(dated bool) error {
	if err := e.check(dated); err != nil {
		return err
	}
	if len(e.recipients()) != len(e.Recipients) {
		return fault(BadRecipient, string(e.OIN))
	}
	return nil
}

// check is checkFully, except that it looks at the shape of recipients only.
func (e Entry) check(dated bool) error {
	if _, err := exchange.ParseOIN(string(e.OIN)); err != nil {
		return fault(BadOIN, "")
	}
	code := ""
	switch {
	case !isText(e.Name, 1):
		code = BadName
	case !e.capacitiesOK():
		code = BadCapacity
	case !isPeer(e.Peer):
		code = BadPeer
	case !e.addressesOK():
		code = BadAddress
	case !e.keysOK(dated):
		code = BadKey
	case !e.recipientsOK():
		code = BadRecipient
	case !isVerifierKey(e.Checkpoint):
		code = BadCheckpointKey
	case !isWitnessKey(e.Witness):
		code = BadWitnessKey
	case !isText(e.Contact.Name, 0) || !isText(e.Contact.Email, 0) || !isText(e.Contact.Phone, 0):
		code = BadContact
	}
	if code != "" {
		return fault(code, string(e.OIN))
	}
	return nil
}

// isText reports whether s is at least shortest and at most 200 characters that
// print, without space at its ends.
func isText(s string, shortest int) bool {
	n := utf8.RuneCountInString(s)
	if n < shortest || n > maxName || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (e Entry) capacitiesOK() bool {
	if len(e.Capacities) == 0 || len(e.Capacities) > maxCapacities {
		return false
	}
	seen := map[exchange.CapacityCode]bool{}
	for _, c := range e.Capacities {
		_, err := exchange.ParsePartyID(string(e.OIN) + ":" + string(c.Code))
		if err != nil || seen[c.Code] || !isCode(string(c.Domain)) || !isCode(string(c.Task)) || !slices.Contains(exchange.Regimes[:], c.Regime) {
			return false
		}
		seen[c.Code] = true
		for i, s := range c.Special {
			if !slices.Contains(exchange.Categories[:], s) || slices.Contains(c.Special[:i], s) {
				return false
			}
		}
	}
	return true
}

func isPeer(id string) bool {
	_, err := crypto.ParsePeerID(id)
	return err == nil
}

// relayEnd is what an address ends in that leads through a relay.
const relayEnd = "/p2p-circuit"

// cutRelay takes apart an address that leads through a relay: where the relay
// is, and its peer ID.
func cutRelay(address string) (at, id string, ok bool) {
	at, ok = strings.CutSuffix(address, relayEnd)
	i := strings.LastIndex(at, "/p2p/")
	if !ok || i < 0 {
		return "", "", false
	}
	return at[:i], at[i+len("/p2p/"):], true
}

// isDialled reports whether a multiaddress is of a kind that nodes dial: a host,
// then TCP, or UDP with QUIC, and nothing on top but a relay
// (docs/protocol/40-transport.md). Every address that is taken here is one that
// package transport takes.
func (e Entry) isDialled(address string) bool {
	at, relay, ok := cutRelay(address)
	if ok {
		return isPeer(relay) && relay != e.Peer && isDirect(at)
	}
	return isDirect(address)
}

func isDirect(address string) bool {
	parts := strings.Split(strings.TrimPrefix(address, "/"), "/")
	if len(parts) >= 2 && parts[0] == "ip6zone" {
		if !isZone(parts[1]) || len(parts) < 4 || parts[2] != "ip6" {
			return false
		}
		parts = parts[2:]
	}
	if len(parts) != 4 && len(parts) != 5 || !isHost(parts[0], parts[1]) {
		return false
	}
	port, err := strconv.ParseUint(parts[3], 10, 16)
	if err != nil || port == 0 || strconv.FormatUint(port, 10) != parts[3] {
		return false
	}
	return parts[2] == "tcp" && len(parts) == 4 || parts[2] == "udp" && len(parts) == 5 && parts[4] == "quic-v1"
}

func isHost(kind, value string) bool {
	switch kind {
	case "ip4":
		a, err := netip.ParseAddr(value)
		return err == nil && a.Is4()
	case "ip6":
		a, err := netip.ParseAddr(value)
		return err == nil && a.Is6() && a.Zone() == ""
	case "dns", "dns4", "dns6":
		return isName(value, "-.")
	}
	return false
}

// isZone reports whether s can name a network interface.
func isZone(s string) bool { return isName(s, "-._") }

// isName reports whether s has letters, digits and some more, as in RFC 1123.
func isName(s, more string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(more, r)
	}) < 0
}

// addressesOK looks at the shape of multiaddresses only; whoever dials reads
// them in full, and an entry that is made has to be one that can be dialled.
func (e Entry) addressesOK() bool {
	if e.Addresses == nil || len(e.Addresses) > maxAddresses {
		return false
	}
	for i, a := range e.Addresses {
		if len(a) < 2 || len(a) > maxAddress || a[0] != '/' || slices.Contains(e.Addresses[:i], a) {
			return false
		}
		shape := a
		if at, relay, ok := cutRelay(a); ok && isPeer(relay) {
			shape = at // there it must say which relay
		}
		for _, part := range strings.Split(strings.TrimPrefix(shape, "/"), "/") {
			if part == "" || part == "p2p" || part == "ipfs" || strings.IndexFunc(part, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
				return false
			}
		}
	}
	return true
}

func (e Entry) keysOK(dated bool) bool {
	if len(e.Keys) == 0 || len(e.Keys) > maxKeys {
		return false
	}
	for i, k := range e.Keys {
		if _, err := k.JWK.Key(); err != nil {
			return false
		}
		if slices.ContainsFunc(e.Keys[:i], func(other Key) bool { return other.JWK.Kid == k.JWK.Kid }) {
			return false
		}
		if !k.datesOK(dated) {
			return false
		}
	}
	return true
}

func (k Key) datesOK(dated bool) bool {
	switch {
	case k.From.IsZero() && (dated || !k.Until.IsZero() || !k.RevokedAt.IsZero()):
		return false
	case !k.From.IsZero() && !isMoment(k.From), !k.Until.IsZero() && !isMoment(k.Until), !k.RevokedAt.IsZero() && !isMoment(k.RevokedAt):
		return false
	}
	return k.Until.IsZero() || !k.Until.Before(k.From)
}

func (e Entry) recipientsOK() bool {
	if len(e.Recipients) == 0 || len(e.Recipients) > maxRecipients {
		return false
	}
	return !slices.ContainsFunc(e.Recipients, func(s string) bool { return !strings.HasPrefix(s, "age1pq1") })
}

// recipients parses the recipients and leaves out what is none.
func (e Entry) recipients() (parsed []crypto.Recipient) {
	for _, s := range e.Recipients {
		if r, err := crypto.ParseRecipient(s); err == nil {
			parsed = append(parsed, r)
		}
	}
	return parsed
}

func isVerifierKey(s string) bool {
	v, err := note.NewVerifier(s)
	if err != nil || len(s) > maxCheckpoint {
		return false
	}
	// A verifier key can be written in capitals too; we want one form.
	for _, c := range []byte(v.Name()) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	name, rest, _ := strings.Cut(s, "+")
	hash, _, _ := strings.Cut(rest, "+")
	return name == v.Name() && hash == strings.ToLower(hash) && len(hash) == 8
}

func isWitnessKey(s string) bool {
	_, err := ledger.CosignerName(s)
	return err == nil && len(s) <= maxCheckpoint
}

// ledgerNames are the things by which a ledger and a witness are known: the name
// of each, and the key of each without its type, since one key is not to be both.
func (e Entry) ledgerNames() (names []string) {
	for _, vkey := range []string{e.Checkpoint, e.Witness} {
		name, rest, _ := strings.Cut(vkey, "+")
		_, key, _ := strings.Cut(rest, "+")
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(raw) == 0 {
			continue // it was checked
		}
		names = append(names, "name "+name, "key "+string(raw[1:]))
	}
	return names
}

func (e Entry) party() Party {
	return Party{
		Party: exchange.Party{OIN: e.OIN, Name: e.Name, Capacities: e.Capacities},
		Peer:  e.Peer, Addresses: e.Addresses, Checkpoint: e.Checkpoint, Witness: e.Witness, Contact: e.Contact,
	}
}

func (e Entry) clone() Entry {
	e.Capacities = slices.Clone(e.Capacities)
	for i := range e.Capacities {
		e.Capacities[i].Special = slices.Clone(e.Capacities[i].Special)
	}
	e.Addresses = slices.Clone(e.Addresses)
	e.Keys = slices.Clone(e.Keys)
	e.Recipients = slices.Clone(e.Recipients)
	return e
}

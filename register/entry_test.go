package register_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/register"
)

// Each way in which an entry can be wrong. The authority refuses it in a draft,
// and a node refuses it in a register that was signed all the same.
func TestBadEntries(t *testing.T) {
	root := draw(t, "1 a/1 by a")
	pin := must[register.Pin](t)(register.ParsePin(root[0]))
	empty := must[register.Draft](t)(register.NewDraft(root[0], noon, expires))
	good := must[register.Draft](t)(empty.Add(entry(t, 1))).Entries()[0]
	long := strings.Repeat("x", 201)
	k := good.Keys[0]
	x25519 := "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	for _, c := range []struct {
		name, want string
		change     func(*register.Entry)
	}{
		{"no OIN", register.BadOIN, func(e *register.Entry) { e.OIN = "" }},
		{"short OIN", register.BadOIN, func(e *register.Entry) { e.OIN = e.OIN[1:] }},
		{"OIN with letter", register.BadOIN, func(e *register.Entry) { e.OIN = e.OIN[:19] + "x" }},
		{"OIN with another prefix", register.BadOIN, func(e *register.Entry) { e.OIN = "1" + e.OIN[1:] }},
		{"no name", register.BadName, func(e *register.Entry) { e.Name = "" }},
		{"long name", register.BadName, func(e *register.Entry) { e.Name = long }},
		{"name with newline", register.BadName, func(e *register.Entry) { e.Name = "a\nb" }},
		{"name with escape", register.BadName, func(e *register.Entry) { e.Name = "a\x1b[31mb" }},
		{"name with bidi control", register.BadName, func(e *register.Entry) { e.Name = "a\u202eb" }},
		{"name with space around", register.BadName, func(e *register.Entry) { e.Name = " a" }},
		{"no capacity", register.BadCapacity, func(e *register.Entry) { e.Capacities = nil }},
		{"capacity twice", register.BadCapacity, func(e *register.Entry) { e.Capacities = append(e.Capacities, e.Capacities[0]) }},
		{"capacity without code", register.BadCapacity, func(e *register.Entry) { e.Capacities[0].Code = "" }},
		{"capacity with odd code", register.BadCapacity, func(e *register.Entry) { e.Capacities[0].Code = "A b" }},
		{"capacity without domain", register.BadCapacity, func(e *register.Entry) { e.Capacities[0].Domain = "" }},
		{"capacity without task", register.BadCapacity, func(e *register.Entry) { e.Capacities[0].Task = "" }},
		{"unknown regime", register.BadCapacity, func(e *register.Entry) { e.Capacities[0].Regime = "x" }},
		{"unknown category", register.BadCapacity, func(e *register.Entry) { e.Capacities[0].Special = []exchange.Category{"x"} }},
		{"category twice", register.BadCapacity, func(e *register.Entry) {
			e.Capacities[0].Special = []exchange.Category{exchange.Health, exchange.Health}
		}},
		{"no peer", register.BadPeer, func(e *register.Entry) { e.Peer = "" }},
		{"peer of another kind", register.BadPeer, func(e *register.Entry) { e.Peer = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N" }},
		{"address without slash", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"127.0.0.1:4001"} }},
		{"address with peer ID", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"/ip4/127.0.0.1/tcp/1/p2p/" + e.Peer} }},
		{"address of a peer at a relay", register.BadAddress, func(e *register.Entry) {
			e.Addresses = []string{"/ip4/127.0.0.1/tcp/1/p2p/" + e.Peer + "/p2p-circuit/p2p/" + e.Peer}
		}},
		{"address with a relay without ID", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"/ip4/127.0.0.1/tcp/1/p2p/x/p2p-circuit"} }},
		{"address with gap", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"/ip4//tcp/1"} }},
		{"address with end slash", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"/ip4/127.0.0.1/tcp/1/"} }},
		{"address with space", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"/dns/a b/tcp/1"} }},
		{"address not ASCII", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"/dns/é/tcp/1"} }},
		{"empty address", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{""} }},
		{"long address", register.BadAddress, func(e *register.Entry) { e.Addresses = []string{"/dns/" + long + long} }},
		{"address twice", register.BadAddress, func(e *register.Entry) { e.Addresses = append(e.Addresses, e.Addresses[0]) }},
		{"too many addresses", register.BadAddress, func(e *register.Entry) {
			for i := range 17 {
				e.Addresses = append(e.Addresses, "/dns/a/tcp/"+strings.Repeat("1", i+1))
			}
		}},
		{"no key", register.BadKey, func(e *register.Entry) { e.Keys = nil }},
		{"key twice", register.BadKey, func(e *register.Entry) { e.Keys = append(e.Keys, k) }},
		{"other kid", register.BadKey, func(e *register.Entry) { e.Keys[0].JWK.Kid = crypto.KeyID(publicOf(seeded(9))[0]) }},
		{"other curve", register.BadKey, func(e *register.Entry) { e.Keys[0].JWK.Crv = "X25519" }},
		{"key ends before it starts", register.BadKey, func(e *register.Entry) { e.Keys[0].Until = noon.Add(-time.Hour) }},
		{"key with half seconds", register.BadKey, func(e *register.Entry) { e.Keys[0].From = noon.Add(500) }},
		{"key in another zone", register.BadKey, func(e *register.Entry) { e.Keys[0].From = noon.In(time.FixedZone("", 3600)) }},
		{"no recipient", register.BadRecipient, func(e *register.Entry) { e.Recipients = nil }},
		{"classical recipient", register.BadRecipient, func(e *register.Entry) { e.Recipients = []string{x25519} }},
		{"hybrid and classical", register.BadRecipient, func(e *register.Entry) { e.Recipients = append(e.Recipients, x25519) }},
		{"plugin", register.BadRecipient, func(e *register.Entry) { e.Recipients = []string{"age1yubikey1qwertyuiop"} }},
		{"capitals", register.BadRecipient, func(e *register.Entry) { e.Recipients[0] = strings.ToUpper(e.Recipients[0]) }},
		{"too many recipients", register.BadRecipient, func(e *register.Entry) { e.Recipients = slices.Repeat(e.Recipients, 5) }},
		{"no witness key", register.BadWitnessKey, func(e *register.Entry) { e.Witness = "" }},
		{"witness key cut", register.BadWitnessKey, func(e *register.Entry) { e.Witness = e.Witness[:len(e.Witness)-4] }},
		{"witness key with other name", register.BadWitnessKey, func(e *register.Entry) { e.Witness = "x" + e.Witness }},
		{"witness key of a ledger", register.BadWitnessKey, func(e *register.Entry) { e.Witness = e.Checkpoint }},
		{"checkpoint key of a witness", register.BadCheckpointKey, func(e *register.Entry) { e.Checkpoint = e.Witness }},
		{"no checkpoint key", register.BadCheckpointKey, func(e *register.Entry) { e.Checkpoint = "" }},
		{"checkpoint key cut", register.BadCheckpointKey, func(e *register.Entry) { e.Checkpoint = e.Checkpoint[:len(e.Checkpoint)-4] }},
		{"checkpoint key with other name", register.BadCheckpointKey, func(e *register.Entry) { e.Checkpoint = "x" + e.Checkpoint }},
		{"checkpoint key without name", register.BadCheckpointKey, func(e *register.Entry) { e.Checkpoint = e.Checkpoint[strings.Index(e.Checkpoint, "+"):] }},
		{"long contact", register.BadContact, func(e *register.Entry) { e.Contact.Phone = long }},
		{"contact with newline", register.BadContact, func(e *register.Entry) { e.Contact.Email = "a\nb" }},
		{"recipient twice", register.DuplicateRecipient, func(e *register.Entry) { e.Recipients = append(e.Recipients, e.Recipients[0]) }},
	} {
		e := must[register.Draft](t)(empty.Add(good)).Entries()[0]
		c.change(&e)
		if c.want != register.DuplicateRecipient {
			if _, err := empty.Add(e); code(err) != c.want {
				t.Errorf("%s: added with %v, want %s", c.name, err, c.want)
			}
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		doc := resign(t, must[[]byte](t)(empty.Sign()), "a", `"parties":[]`, `"parties":[`+string(raw)+`]`)
		if _, err := register.Open(pin, bundleOf(root, doc), nil, noon); code(err) != c.want && code(err) != register.RegisterForm {
			t.Errorf("%s: opened with %v, want %s", c.name, err, c.want)
		}
		if _, err := register.SignRegister(doc, seeded('b')); err == nil {
			t.Errorf("%s: an authority signed it", c.name)
		}
	}
}

// An address that no node dials is refused where an entry is made or signed, and
// stops no node: what is signed all the same is opened.
func TestAddressesAreOfTheTransport(t *testing.T) {
	root := draw(t, "1 a/1 by a")
	pin := must[register.Pin](t)(register.ParsePin(root[0]))
	empty := must[register.Draft](t)(register.NewDraft(root[0], noon, expires))
	good := must[register.Draft](t)(empty.Add(entry(t, 1))).Entries()[0]
	relay := "/p2p/" + entry(t, 2).Peer + "/p2p-circuit"
	for _, a := range []string{
		"/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.1/udp/4001/quic-v1", "/ip6/2001:db8::1/tcp/1", "/ip6zone/lo/ip6/fe80::1/tcp/1",
		"/dns/node.example.org/tcp/65535", "/dns4/example.org/udp/1/quic-v1", "/dns6/example.org/tcp/1",
		"/dns4/relay.example.org/tcp/443" + relay, "/ip6/2001:db8::1/udp/443/quic-v1" + relay,
	} {
		e := good
		e.Addresses = []string{a}
		if _, err := empty.Add(e); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, a := range []string{
		"/ip4/192.0.2.1/tcp/4001/ws", "/ip4/192.0.2.1/udp/4001/quic-v1/webtransport", "/ip4/192.0.2.1/udp/4001", "/ip4/192.0.2.1/tcp/4001/quic-v1",
		"/ip4/192.0.2.1/tcp/0", "/ip4/192.0.2.1/tcp/65536", "/ip4/192.0.2.1/tcp/04001", "/ip4/192.0.2.1/tcp/x", "/ip4/192.0.2.1",
		"/ip4/192.0.2/tcp/1", "/ip4/2001:db8::1/tcp/1", "/ip6/192.0.2.1/tcp/1", "/ip6/fe80::1%lo/tcp/1", "/dnsaddr/example.org", "/unix/tmp",
		"/dns/a_b%2f/tcp/1", "/ip6zone/lo/tcp/1", "/ip6zone/lo/ip4/192.0.2.1/tcp/1", "/tcp/1", "/ip4/192.0.2.1/tcp/1/p2p-circuit",
		"/ip4/192.0.2.1/tcp/1/ws" + relay, "/ip4/192.0.2.1/tcp/0" + relay, "/ip4/192.0.2.1/tcp/1/p2p/" + good.Peer + "/p2p-circuit", "/dns/a" + relay,
	} {
		e := good
		e.Addresses = []string{a}
		if _, err := empty.Add(e); code(err) != register.BadAddress {
			t.Errorf("%s: added with %v", a, err)
		}
		raw := must[[]byte](t)(json.Marshal(e))
		if _, err := register.ParseEntry(raw); code(err) != register.BadAddress {
			t.Errorf("%s: read with %v", a, err)
		}
		doc := resign(t, must[[]byte](t)(empty.Sign()), "a", `"parties":[]`, `"parties":[`+string(raw)+`]`)
		if _, err := register.SignRegister(doc, seeded('b')); code(err) != register.BadAddress {
			t.Errorf("%s: an authority signs it: %v", a, err)
		}
		if _, err := register.Open(pin, bundleOf(root, doc), nil, noon); err != nil {
			t.Errorf("%s: one line of one party stops every node: %v", a, err)
		}
	}
}

// What would let one party pass for another.
func TestDuplicates(t *testing.T) {
	root := draw(t, "1 a/1 by a")
	pin := must[register.Pin](t)(register.ParsePin(root[0]))
	empty := must[register.Draft](t)(register.NewDraft(root[0], noon, expires))
	one, two := entry(t, 1), entry(t, 2)
	name, _, _ := strings.Cut(one.Checkpoint, "+")
	sameName := must[register.Entry](t)(register.EntryOf(keysOf(t, 3), name, partyOf(two), nil, register.Contact{})).Checkpoint
	keys := keysOf(t, 4)
	keys.Checkpoint = keysOf(t, 1).Checkpoint
	sameKey := must[register.Entry](t)(register.EntryOf(keys, "sluis.invalid/ledger/x", partyOf(two), nil, register.Contact{})).Checkpoint
	for _, c := range []struct {
		name, want string
		change     func(*register.Entry)
	}{
		{"witness", register.DuplicateLedger, func(e *register.Entry) { e.Witness = one.Witness }},
		{"one key for ledger and witness", register.DuplicateLedger, func(e *register.Entry) {
			e.Witness = ledger.CosignerKey(register.WitnessName(e.OIN), keysOf(t, 2).Checkpoint)
		}},
		{"OIN", register.DuplicateOIN, func(e *register.Entry) { e.OIN = one.OIN }},
		{"peer", register.DuplicatePeer, func(e *register.Entry) { e.Peer = one.Peer }},
		{"signing key", register.DuplicateKey, func(e *register.Entry) { e.Keys = one.Keys }},
		{"second signing key", register.DuplicateKey, func(e *register.Entry) { e.Keys = append(slices.Clone(e.Keys), one.Keys...) }},
		{"recipient", register.DuplicateRecipient, func(e *register.Entry) { e.Recipients = one.Recipients }},
		{"ledger", register.DuplicateLedger, func(e *register.Entry) { e.Checkpoint = one.Checkpoint }},
		{"ledger name", register.DuplicateLedger, func(e *register.Entry) { e.Checkpoint = sameName }},
		{"checkpoint key", register.DuplicateLedger, func(e *register.Entry) { e.Checkpoint = sameKey }},
	} {
		e := two
		c.change(&e)
		if c.want != register.DuplicateOIN {
			d := must[register.Draft](t)(empty.Add(one, e))
			if _, err := d.Sign(seeded('a')); code(err) != c.want {
				t.Errorf("%s: signed with %v, want %s", c.name, err, c.want)
			}
		} else if _, err := empty.Add(one, e); code(err) != register.PartyExists {
			t.Errorf("%s: added with %v", c.name, err)
		}
		for i := range e.Keys {
			e.Keys[i].From = noon
		}
		first := one
		first.Keys = []register.Key{{JWK: first.Keys[0].JWK, From: noon}}
		raw, err := json.Marshal([]register.Entry{first, e})
		if err != nil {
			t.Fatal(err)
		}
		doc := resign(t, must[[]byte](t)(empty.Sign()), "a", `"parties":[]`, `"parties":`+string(raw))
		if _, err := register.Open(pin, bundleOf(root, doc), nil, noon); code(err) != c.want {
			t.Errorf("%s: opened with %v, want %s", c.name, err, c.want)
		}
	}
}

func TestRegisterHasOneForm(t *testing.T) {
	root := draw(t, "1 a/1 by a")
	pin := must[register.Pin](t)(register.ParsePin(root[0]))
	d := must[register.Draft](t)(register.NewDraft(root[0], noon, expires))
	d = must[register.Draft](t)(d.Add(entry(t, 1), entry(t, 2)))
	doc := must[[]byte](t)(d.Sign())
	if _, err := register.Open(pin, bundleOf(root, resign(t, doc, "a")), nil, noon); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{
		{"{", `{"x":1,`, register.RegisterForm}, {`{"oin"`, `{"x":1,"oin"`, register.RegisterForm}, {`{"code"`, `{"x":1,"code"`, register.RegisterForm},
		{`{"jwk"`, `{"x":1,"jwk"`, register.RegisterForm}, {`{"kty"`, `{"y":1,"kty"`, register.RegisterForm}, {`{"email"`, `{"x":"1","email"`, register.RegisterForm},
		{`"oin"`, `"OIN"`, register.RegisterForm}, {`"from"`, `"From"`, register.RegisterForm}, {",", ", ", register.RegisterForm}, {`"root":1`, `"root":01`, register.BadSignature},
		{`"oin":`, `"oin":"00000099000000003000","oin":`, register.BadSignature}, {`"root":1`, `"root":0`, register.RegisterForm}, {`"version":1`, `"version":0`, register.RegisterForm},
		{`"version":1`, `"version":1e0`, register.RegisterForm}, {`"version":1`, `"version":18446744073709551616`, register.RegisterForm},
		{`"catalogues":[]`, `"catalogues":null`, register.RegisterForm}, {`,"catalogues":[]`, "", register.RegisterForm}, {"Voorbeeld", `Voorb\u0065eld`, register.RegisterForm},
		{"12:00:00Z", "12:00:00.000Z", register.RegisterForm}, {"12:00:00Z", "12:00:00+01:00", register.RegisterForm}, {"2027-02-23T", "2026-11-23T", register.RegisterForm},
		{`"catalogues":[]`, `"catalogues":[{"name":"a","version":0,"sha256":"` + strings.Repeat("0", 64) + `"}]`, register.BadCatalogue},
		{`"catalogues":[]`, `"catalogues":[{"name":"a","version":1,"sha256":"` + strings.Repeat("A", 64) + `"}]`, register.BadCatalogue},
		{`"catalogues":[]`, `"catalogues":[{"name":"a","version":1,"sha256":"00"}]`, register.BadCatalogue},
		{`"catalogues":[]`, `"catalogues":[{"name":"A","version":1,"sha256":"` + strings.Repeat("0", 64) + `"}]`, register.BadCatalogue},
		{"00000099000000001000", "00000099000000003000", register.RegisterForm}, // parties not in order
	} {
		bad := bundleOf(root, resign(t, doc, "a", c[0], c[1]))
		if _, err := register.Open(pin, bad, nil, noon); code(err) != c[2] {
			t.Errorf("%q for %q: %v, want %s", c[1], c[0], err, c[2])
		}
	}
}

func TestParseEntry(t *testing.T) {
	want := entry(t, 1)
	raw, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got, err := register.ParseEntry(raw)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := json.MarshalIndent(got, "", "  "); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("read %s", again)
	}
	for name, text := range map[string]string{
		"unknown member": strings.Replace(string(raw), "{", `{"x":1,`, 1), "member twice": strings.Replace(string(raw), "{", `{"oin":"x",`, 1),
		"trailing data": string(raw) + "{}", "list": "[]", "nothing": "", "null": "null", "empty": "{}",
		"until without from": strings.Replace(string(raw), `"jwk": {`, `"until":"2026-01-01T00:00:00Z","jwk": {`, 1),
	} {
		if _, err := register.ParseEntry([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEntryOfRefuses(t *testing.T) {
	good := keysOf(t, 1)
	party := partyOf(entry(t, 1))
	for name, make := range map[string]func() (register.Entry, error){
		"no keys": func() (register.Entry, error) {
			return register.EntryOf(crypto.Public{}, "x", party, nil, register.Contact{})
		},
		"no origin":  func() (register.Entry, error) { return register.EntryOf(good, "", party, nil, register.Contact{}) },
		"odd origin": func() (register.Entry, error) { return register.EntryOf(good, "a+b", party, nil, register.Contact{}) },
		"no party": func() (register.Entry, error) {
			return register.EntryOf(good, "x", exchange.Party{}, nil, register.Contact{})
		},
		"odd address": func() (register.Entry, error) {
			return register.EntryOf(good, "x", party, []string{"x"}, register.Contact{})
		},
		"no recipient": func() (register.Entry, error) {
			k := good
			k.Sealing = crypto.Recipient{}
			return register.EntryOf(k, "x", party, nil, register.Contact{})
		},
	} {
		if _, err := make(); code(err) == "" || !slices.Contains(register.Codes[:], code(err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e, err := register.EntryOf(good, "x", party, nil, register.Contact{}); err != nil || e.Addresses == nil {
		t.Errorf("without addresses: %v", err)
	}
}

func partyOf(e register.Entry) exchange.Party {
	return exchange.Party{OIN: e.OIN, Name: e.Name, Capacities: e.Capacities}
}

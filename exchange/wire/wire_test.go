package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/register"
)

var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	college = exchange.PartyID{OIN: "00000099000001001000", Capacity: "investigation"}
	officer = exchange.PartyID{OIN: "00000099000002002000", Capacity: "probation"}
)

// A pair is two parties in a register.
type pair struct {
	reg   *register.Register
	keys  map[exchange.PartyID]*crypto.Keys
	empty func() register.Draft
	sign  func(register.Draft) *register.Register
}

func newPair(t testing.TB) *pair {
	t.Helper()
	pub, authority, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	root, err := register.NewRoot(1, []ed25519.PublicKey{pub}, noon.AddDate(0, -1, 0), noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if root, err = register.SignRoot(root, authority); err != nil {
		t.Fatal(err)
	}
	pin, err := register.ParsePin(root)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{keys: map[exchange.PartyID]*crypto.Keys{}}
	for _, id := range []exchange.PartyID{college, officer} {
		if p.keys[id], err = crypto.GenerateKeys(); err != nil {
			t.Fatal(err)
		}
	}
	p.sign = func(d register.Draft) *register.Register {
		signed, err := d.Sign(authority)
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := register.Publish([][]byte{root}, signed, nil)
		if err != nil {
			t.Fatal(err)
		}
		reg, err := register.Open(pin, bundle, nil, noon)
		if err != nil {
			t.Fatal(err)
		}
		return reg
	}
	p.empty = func() register.Draft {
		draft, err := register.NewDraft(root, noon.AddDate(0, -1, 0), noon.AddDate(0, 6, 0))
		if err != nil {
			t.Fatal(err)
		}
		return draft
	}
	p.reg = p.listed(t)
	return p
}

// draft lists both parties with the keys that they have now.
func (p *pair) draft(t testing.TB) register.Draft {
	t.Helper()
	draft := p.empty()
	for id, keys := range p.keys {
		party := exchange.Party{OIN: id.OIN, Name: "x", Capacities: []exchange.Capacity{{
			Code: id.Capacity, Domain: "probation", Task: "service", Regime: exchange.NoSecrecy, MayProcessBSN: true,
		}}}
		entry, err := register.EntryOf(keys.Public(), "sluis.invalid/ledger/"+string(id.OIN), party, []string{"/ip4/127.0.0.1/tcp/4001"}, register.Contact{})
		if err != nil {
			t.Fatal(err)
		}
		if draft, err = draft.Add(entry); err != nil {
			t.Fatal(err)
		}
	}
	return draft
}

func (p *pair) listed(t testing.TB) *register.Register {
	t.Helper()
	return p.sign(p.draft(t))
}

func request(t testing.TB) exchange.Request {
	t.Helper()
	bsn, err := exchange.ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	return exchange.Request{
		ID: "0193a0b0-0000-7000-8000-000000000001", Case: "0193a0b0-0000-7000-8000-00000000000c", From: college, To: officer,
		Purpose: "investigation/client-request", Specific: exchange.Hide("hulp <thuis> & elders"),
		Trigger:    exchange.TriggerNote{Code: "client-request", On: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)},
		Statements: []exchange.Statement{{Code: "question", Text: exchange.Hide("running")}, {Code: "why-this-party", Text: exchange.Hide("toezicht")}},
		Subject:    exchange.Subject{Standing: exchange.Client, BSN: bsn},
		Consent:    exchange.Consent{State: exchange.ConsentGiven, On: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
		Items: []exchange.AskedItem{
			{Item: "supervision-conditions", Depth: exchange.Content, Why: exchange.Hide("reden één")},
			{Item: "offence", Depth: exchange.That, Why: exchange.Hide("reden twee"), Statements: []exchange.Statement{
				{Code: "service-choice", Text: exchange.Hide("welk werk")}, {Code: "background", Text: exchange.Hide("anders past het werk niet")},
			}},
		},
		ShareWith: []exchange.DomainCode{"youth-care"}, Involvement: exchange.Involvement{State: exchange.Objected, Why: exchange.Hide("omdat")},
		Contact: exchange.Hide("06-00000000"), Due: noon.AddDate(0, 1, 0),
	}
}

func answer() exchange.Answer {
	return exchange.Answer{
		At: noon.Add(time.Hour),
		Items: []exchange.AnsweredItem{
			{Item: "supervision-conditions", Outcome: exchange.Supply, Depth: exchange.Process, Value: exchange.Hide("meldplicht tot maart")},
			{Item: "offence", Outcome: exchange.Withhold, Tell: exchange.Hide("bel mij")},
		},
		Conditions: []exchange.Condition{
			{Code: exchange.NotTo, Parties: []exchange.PartyID{{OIN: "00000099000003003000", Capacity: "housing"}}},
			{Code: exchange.DeleteBy, Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Items: []exchange.ItemCode{"offence"}},
		},
	}
}

func envelope(from, to exchange.PartyID) wire.Envelope {
	return wire.Envelope{
		ID: "0193a0b0-0000-7000-8000-0000000000a1", From: from, To: to, Exchange: "0193a0b0-0000-7000-8000-000000000001",
		At: noon, Expires: noon.AddDate(0, 1, 0),
	}
}

func (p *pair) signRequest(t testing.TB, e wire.Envelope) wire.Signed {
	t.Helper()
	s, err := wire.SignRequest(e, request(t), p.keys[e.From].Signing)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *pair) signAnswer(t testing.TB) wire.Signed {
	t.Helper()
	e := envelope(officer, college)
	e.Follows = wire.Digest{1, 2, 3}
	s, err := wire.SignAnswer(e, answer(), p.keys[officer].Signing)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRequestThereAndBack(t *testing.T) {
	p := newPair(t)
	s := p.signRequest(t, envelope(college, officer))
	sealed, err := wire.Seal(s, p.reg.Recipients(officer.OIN))
	if err != nil {
		t.Fatal(err)
	}
	for _, needle := range []string{"999993847", "reden", "investigation", string(college.OIN)} {
		if bytes.Contains(sealed, []byte(needle)) {
			t.Errorf("%q stands outside the seal (I5)", needle)
		}
	}
	if _, err := wire.Unseal(sealed, p.keys[college].Sealing); !errors.Is(err, &wire.Fault{Code: wire.MessageNotOpened}) {
		t.Errorf("the sender opens what it sealed to another: %v", err)
	}
	token, err := wire.Unseal(sealed, p.keys[officer].Sealing)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Read(token, []exchange.PartyID{officer}, p.reg, noon)
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != wire.Request || m.Digest != s.Digest || m.From != college || !m.Follows.Zero() {
		t.Errorf("read %s from %s", m.Kind, m.From)
	}
	want, got := request(t), m.Request
	a, err := wire.EncodeRequest(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := wire.EncodeRequest(got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) || got.ID != want.ID || got.From != want.From || got.To != want.To {
		t.Error("the request that was read is not the one that was signed")
	}
}

func TestAnswerThereAndBack(t *testing.T) {
	p := newPair(t)
	s := p.signAnswer(t)
	jws, _, _ := bytes.Cut(s.Token, []byte("~"))
	m, err := wire.Read(s.Token, []exchange.PartyID{college}, p.reg, noon)
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != s.Digest || m.Follows != (wire.Digest{1, 2, 3}) || !m.Answer.At.Equal(answer().At) || len(m.Answer.Conditions) != 2 {
		t.Errorf("read %+v", m.Envelope)
	}
	if c := m.Answer.Conditions[1]; c.Code != exchange.DeleteBy || !c.Until.Equal(answer().Conditions[1].Until) || c.Items[0] != "offence" {
		t.Errorf("condition %+v", c)
	}
	for _, want := range answer().Items {
		i := slices.IndexFunc(m.Answer.Items, func(i exchange.AnsweredItem) bool { return i.Item == want.Item })
		if i < 0 {
			t.Fatalf("%s did not arrive", want.Item)
		}
		got := m.Answer.Items[i]
		if got.Outcome != want.Outcome || got.Depth != want.Depth || !got.Value.Equal(want.Value) || !got.Tell.Equal(want.Tell) {
			t.Errorf("%s arrived as %+v", want.Item, got)
		}
	}
	// What is passed on later shows nothing of an item whose disclosure is left out.
	payload := strings.Split(string(jws), ".")[1]
	for _, secret := range []string{"supervision", "meldplicht", "supply", "withhold"} {
		if strings.Contains(payload, secret) {
			t.Errorf("the signed part shows %q", secret)
		}
	}
}

// Conditions of another party, or of another answer, are no conditions of this
// one: whoever signs can't put them under somebody else's name.
func TestAnswerBringsItsOwnPolicy(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct{ what, old, new string }{
		{"", "", ""},
		{"another answer", policyID, "0193a0b0-0000-7000-8000-0000000000a2"},
		{"another party", officer.String(), college.String()},
	} {
		jws, disclosures, _ := bytes.Cut(p.signAnswer(t).Token, []byte("~"))
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(jws), ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		before, policy, _ := strings.Cut(string(payload), `"policy":`)
		token, err := crypto.Sign(p.keys[officer].Signing, "sluis-answer+jwt", []byte(before+`"policy":`+strings.ReplaceAll(policy, c.old, c.new)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = wire.Read(append(append(token, '~'), disclosures...), []exchange.PartyID{college}, p.reg, noon)
		if refused := err != nil; refused != (c.what != "") {
			t.Errorf("the policy of %q: %v", c.what, err)
		}
	}
}

// Whatever is done to the disclosures of an answer, it is no longer that answer.
func TestAnswerDisclosures(t *testing.T) {
	p := newPair(t)
	parts := strings.Split(strings.TrimSuffix(string(p.signAnswer(t).Token), "~"), "~")
	other := strings.Split(strings.TrimSuffix(string(p.signAnswer(t).Token), "~"), "~")
	for name, token := range map[string][]string{
		"one left out":       {parts[0], parts[1], ""},
		"all left out":       {parts[0], ""},
		"no end":             {parts[0], parts[1], parts[2]},
		"turned round":       {parts[0], parts[2], parts[1], ""},
		"one twice":          {parts[0], parts[1], parts[1], ""},
		"one more":           {parts[0], parts[1], parts[2], other[1], ""},
		"of another answer":  {parts[0], other[1], other[2], ""},
		"an empty one":       {parts[0], parts[1], "", parts[2], ""},
		"a changed one":      {parts[0], parts[1], parts[2][:len(parts[2])-4] + "AAAA", ""},
		"without disclosure": {parts[0]},
	} {
		if _, err := wire.Read([]byte(strings.Join(token, "~")), []exchange.PartyID{college}, p.reg, noon); err == nil {
			t.Errorf("accepted with %s", name)
		}
	}
	s := p.signRequest(t, envelope(college, officer))
	if _, err := wire.Read(append(slices.Clone(s.Token), "~"+parts[1]+"~"...), []exchange.PartyID{officer}, p.reg, noon); err == nil {
		t.Error("accepted a request with a disclosure")
	}
}

func TestEnvelopeRules(t *testing.T) {
	p := newPair(t)
	kid := crypto.KeyID(p.keys[college].Public().Signing)
	d, err := p.draft(t).Revoke(college.OIN, kid, noon.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	revoked := p.sign(d)
	for _, c := range []struct {
		rule   string
		change func(*wire.Envelope)
		own    exchange.PartyID
		reg    *register.Register
		at     time.Time
		code   string
	}{
		{"sent to another party", func(*wire.Envelope) {}, exchange.PartyID{OIN: "00000099000009009000", Capacity: "x"}, p.reg, noon, wire.NotForUs},
		{"sent to another capacity of ours", func(*wire.Envelope) {}, exchange.PartyID{OIN: officer.OIN, Capacity: "coordination"}, p.reg, noon, wire.NotForUs},
		{"past its end", func(*wire.Envelope) {}, officer, p.reg, noon.AddDate(0, 1, 0), wire.MessageExpired},
		{"from the future", func(e *wire.Envelope) { e.At = noon.Add(wire.Skew + time.Second) }, officer, p.reg, noon, wire.MessageClock},
		{"ends before it begins", func(e *wire.Envelope) { e.At, e.Expires = noon.Add(time.Minute), noon.Add(time.Second) }, officer, p.reg, noon, wire.MessageSchema},
		{"never ends", func(e *wire.Envelope) { e.Expires = noon.AddDate(3, 0, 0) }, officer, p.reg, noon, wire.MessageSchema},
		{"signed by another than who says it", func(e *wire.Envelope) { e.From.OIN = officer.OIN }, officer, p.reg, noon, wire.SenderMismatch},
		{"by a key before it was valid", func(e *wire.Envelope) { e.At = noon.AddDate(0, -2, 0) }, officer, p.reg, noon, wire.KeyStale},
		{"by a revoked key", func(*wire.Envelope) {}, officer, revoked, noon, wire.KeyStale},
		{"by a revoked key, dated back", func(e *wire.Envelope) { e.At = noon.Add(-time.Hour) }, officer, revoked, noon, wire.KeyStale},
	} {
		e := envelope(college, officer)
		c.change(&e)
		s, err := wire.SignRequest(e, request(t), p.keys[college].Signing)
		if err != nil {
			t.Fatalf("%s: %v", c.rule, err)
		}
		if _, err := wire.Read(s.Token, []exchange.PartyID{c.own}, c.reg, c.at); !errors.Is(err, &wire.Fault{Code: c.code}) {
			t.Errorf("%s: got %v, want %s", c.rule, err, c.code)
		}
	}
	strangers, err := crypto.GenerateKeys()
	if err != nil {
		t.Fatal(err)
	}
	s, err := wire.SignRequest(envelope(college, officer), request(t), strangers.Signing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.Read(s.Token, []exchange.PartyID{officer}, p.reg, noon); !errors.Is(err, &wire.Fault{Code: wire.KeyUnknown}) {
		t.Errorf("a key outside the register: %v", err)
	}
	if _, err := wire.Read(make([]byte, wire.MaxToken+1), []exchange.PartyID{officer}, p.reg, noon); !errors.Is(err, &wire.Fault{Code: wire.MessageTooLarge}) {
		t.Errorf("too large: %v", err)
	}
	if _, err := wire.Unseal(make([]byte, wire.MaxSealed+1), p.keys[officer].Sealing); !errors.Is(err, &wire.Fault{Code: wire.MessageTooLarge}) {
		t.Errorf("sealed too large: %v", err)
	}
}

// What the schema refuses is not sent, so that no node sends what another may
// not read.
func TestSenderValidates(t *testing.T) {
	p := newPair(t)
	for name, change := range map[string]func(*exchange.Request){
		"a reason that is a book": func(r *exchange.Request) { r.Items[0].Why = exchange.Hide(strings.Repeat("x", 1<<16)) },
		"no items":                func(r *exchange.Request) { r.Items = nil },
		"a depth of its own":      func(r *exchange.Request) { r.Items[0].Depth = "everything" },
		"a person without a name": func(r *exchange.Request) { r.Subject = exchange.Subject{} },
	} {
		r := request(t)
		change(&r)
		_, err := wire.SignRequest(envelope(college, officer), r, p.keys[college].Signing)
		if !errors.Is(err, &wire.Fault{Code: wire.MessageSchema}) {
			t.Errorf("%s: got %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "999993847") {
			t.Errorf("%s: the error tells the BSN", name)
		}
	}
}

// Every byte of a message counts: no change of one leaves another message that
// is accepted.
func TestMessageMangled(t *testing.T) {
	p := newPair(t)
	good := p.signAnswer(t).Token
	own := []exchange.PartyID{college}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1
		if _, err := wire.Read(bad, own, p.reg, noon); err == nil {
			t.Errorf("accepted with byte %d changed", i)
		}
		if _, err := wire.Read(good[:i], own, p.reg, noon); err == nil {
			t.Errorf("accepted when cut after %d bytes", i)
		}
	}
}

func FuzzRead(f *testing.F) {
	p := newPair(f)
	signed := map[string]bool{}
	for _, token := range [][]byte{p.signRequest(f, envelope(college, officer)).Token, p.signAnswer(f).Token, first(p.passing(f))} {
		signed[string(token)] = true
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		// Seeds that another process signed are under keys that this one does
		// not know.
		m, err := wire.Read(token, []exchange.PartyID{officer, college}, p.reg, noon)
		if err == nil && !signed[string(m.Token)] {
			t.Error("accepted a token that nobody signed")
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	body, err := wire.EncodeRequest(request(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"due":"2026-11-23T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := wire.DecodeRequest(body)
		if err != nil {
			return
		}
		again, err := wire.EncodeRequest(r)
		if err != nil {
			return // a year that JSON has no form for
		}
		r2, err := wire.DecodeRequest(again)
		if err != nil {
			t.Fatalf("what was encoded does not decode: %v", err)
		}
		last, err := wire.EncodeRequest(r2)
		if err != nil || !bytes.Equal(again, last) {
			t.Error("a request changes when it is read and written")
		}
	})
}

// A question and its reply come back as they were written, each under its own
// type: one can't be taken for the other.
func TestQuestionAndReply(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct {
		kind     wire.Kind
		from, to exchange.PartyID
		sign     func(wire.Envelope, exchange.Personal, crypto.Signer) (wire.Signed, error)
	}{{wire.Question, officer, college, wire.SignQuestion}, {wire.Reply, college, officer, wire.SignReply}} {
		e := envelope(c.from, c.to)
		e.Follows = wire.Digest{1, 2, 3}
		s, err := c.sign(e, exchange.Hide("welk van de twee?"), p.keys[c.from].Signing)
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.Read(s.Token, []exchange.PartyID{c.to}, p.reg, noon)
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind != c.kind || m.Text.Reveal() != "welk van de twee?" || m.Follows != e.Follows || !m.At.Equal(e.At) {
			t.Errorf("the %s is read as a %s", c.kind, m.Kind)
		}
		if _, err := c.sign(e, exchange.Personal{}, p.keys[c.from].Signing); !errors.Is(err, &wire.Fault{Code: wire.MessageSchema}) {
			t.Errorf("an empty %s is signed: %v", c.kind, err)
		}
	}
}

// M1-115 and 124, art. 5.4.2: what the asker gets of a decision is outcome,
// value, conditions and what he is told. The ground, the reasons and the note
// stay with the party, wherever in the message one looks.
func TestAnswerTellsOnlyTheOutcome(t *testing.T) {
	p := newPair(t)
	d := exchange.Decision{
		By: "b.devries", Second: "c.bakker", At: noon, Note: exchange.Hide("NOTE that stays"),
		Items: []exchange.ItemDecision{
			{Item: "supervision-conditions", Outcome: exchange.Supply, Depth: exchange.Process, Value: exchange.Hide("VALUE that goes"), Reason: exchange.Hide("REASON that stays")},
			{
				Item: "offence", Outcome: exchange.Withhold, Ground: "investigation-harmed", Reason: exchange.Hide("an INQUIRY that nobody may know of"),
				Tell: exchange.Hide("TOLD to the asker"),
			},
		},
	}
	e := envelope(officer, college)
	e.Follows = wire.Digest{1}
	s, err := wire.SignAnswer(e, d.Answer(), p.keys[officer].Signing)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte // every part of the message in clear
	for _, part := range strings.FieldsFunc(string(s.Token), func(r rune) bool { return r == '.' || r == '~' }) {
		clear, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, clear...)
	}
	for _, goes := range []string{"VALUE", "TOLD"} {
		if !bytes.Contains(all, []byte(goes)) {
			t.Fatalf("%s is not found in the message; the test sees nothing", goes)
		}
	}
	for _, stays := range []string{"NOTE", "REASON", "INQUIRY", "harmed", "devries", "bakker"} {
		if bytes.Contains(all, []byte(stays)) {
			t.Errorf("the message tells %s", stays)
		}
	}
}

package peer_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
	"sluis/transport"
)

// A forger holds the keys of a party and talks to others without its node.
type forger struct {
	t    *testing.T
	w    *world
	keys *crypto.Keys
	own  exchange.PartyID
	host *transport.Host
}

// forge takes the place of a member whose node is stopped.
func forge(t *testing.T, w *world, m *member) *forger {
	t.Helper()
	m.stop()
	keys := keysOf(t, m)
	host := openHost(t, keys, w.peersBut(m))
	return &forger{t, w, keys, exchange.PartyID{OIN: m.party.OIN, Capacity: m.party.Capacities[0].Code}, host}
}

func keysOf(t *testing.T, m *member) *crypto.Keys {
	t.Helper()
	sealed, err := os.ReadFile(filepath.Join(m.dir, "keystore.age"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := crypto.OpenKeys(sealed, m.lock)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// impostor listens where a member that is stopped did, and answers messages as
// h does.
func impostor(t *testing.T, w *world, m *member, keys *crypto.Keys, h transport.Handler) {
	t.Helper()
	m.stop()
	mute := transport.Protocol{
		Handler:    func(context.Context, string, []byte) ([]byte, error) { return nil, errors.New("mute") },
		MaxRequest: 64 << 20, MaxReply: 64 << 20, Timeout: 20 * time.Second,
	}
	messages := mute
	messages.Handler = h
	host, err := transport.Open(transport.Config{
		Key: keys.Host, Listen: m.entry.Addresses, Peers: w.peersBut(m),
		Protocols: map[string]transport.Protocol{peer.MessageProtocol: messages, peer.RegisterProtocol: mute},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
}

// openHost speaks a node's protocols without a node behind it, and without its
// bounds on what it sends.
func openHost(t *testing.T, keys *crypto.Keys, peers []transport.Peer) *transport.Host {
	t.Helper()
	mute := transport.Protocol{
		Handler:    func(context.Context, string, []byte) ([]byte, error) { return nil, errors.New("mute") },
		MaxRequest: 64 << 20, MaxReply: 64 << 20, Timeout: 20 * time.Second,
	}
	host, err := transport.Open(transport.Config{
		Key: keys.Host, Listen: []string{freeAddress(t)}, Peers: peers,
		Protocols: map[string]transport.Protocol{peer.MessageProtocol: mute, peer.RegisterProtocol: mute, peer.WitnessProtocol: mute},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	return host
}

func (w *world) peersBut(m *member) []transport.Peer {
	var peers []transport.Peer
	for _, p := range w.auth.last.Parties() {
		if p.OIN != m.party.OIN {
			peers = append(peers, transport.Peer{ID: p.Peer, Addresses: p.Addresses})
		}
	}
	return peers
}

func (f *forger) envelope(to exchange.PartyID, x exchange.ID) wire.Envelope {
	now := time.Now()
	return wire.Envelope{ID: uuid.Must(uuid.NewV7()).String(), From: f.own, To: to, Exchange: x, At: now, Expires: now.Add(time.Hour)}
}

func (f *forger) seal(s wire.Signed, err error) []byte {
	f.t.Helper()
	return f.sealTo(debtHelp.OIN, s, err)
}

func (f *forger) sealTo(oin exchange.OIN, s wire.Signed, err error) []byte {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	sealed, err := wire.Seal(s, f.w.auth.last.Recipients(oin))
	if err != nil {
		f.t.Fatal(err)
	}
	return sealed
}

// send returns the code of the refusal, or the receipt as it was signed.
func (f *forger) send(m *member, sealed []byte) (code string, receipt []byte) {
	f.t.Helper()
	m.asked() // before that nobody is served
	raw, err := f.host.Send(context.Background(), m.entry.Peer, peer.MessageProtocol, sealed)
	if err != nil {
		return "no reply", nil
	}
	var r struct {
		Receipt []byte
		Code    string
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		f.t.Fatal(err)
	}
	if r.Code != "" {
		return r.Code, nil
	}
	token, err := wire.Unseal(r.Receipt, f.keys.Sealing)
	if err != nil {
		f.t.Fatal(err)
	}
	return "", token
}

func freshID() exchange.ID { return exchange.ID(uuid.Must(uuid.NewV7()).String()) }

// I9, I6, I1: whatever a listed party with valid keys makes up is refused with a
// code, and changes nothing.
func TestForgedMessages(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, housing)
	target := w.members[1]
	f := forge(t, w, w.members[0])
	to := exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"}
	ask := func(change func(*wire.Envelope, *exchange.Request)) []byte {
		r, e := question(t), f.envelope(to, freshID())
		r.ID, r.Case, r.Due = e.Exchange, freshID(), time.Now().Add(24*time.Hour)
		change(&e, &r)
		return f.seal(wire.SignRequest(e, r, f.keys.Signing))
	}
	_, before := target.node.Checkpoint()
	for _, c := range []struct {
		what   string
		sealed []byte
		code   string
	}{
		{"garbage", []byte("hello"), wire.MessageNotOpened},
		{"nothing", nil, wire.MessageNotOpened},
		{"larger than a message can be", make([]byte, wire.MaxSealed+1), "no reply"},
		{"to another party", ask(func(e *wire.Envelope, _ *exchange.Request) {
			e.To = exchange.PartyID{OIN: housing.OIN, Capacity: "housing"}
		}), wire.NotForUs},
		{"in the name of another", ask(func(e *wire.Envelope, _ *exchange.Request) {
			e.From = exchange.PartyID{OIN: housing.OIN, Capacity: "housing"}
		}), wire.SenderMismatch},
		{"in a capacity that it does not have", ask(func(e *wire.Envelope, _ *exchange.Request) { e.From.Capacity = "mayor" }), string(exchange.UnknownCapacity)},
		{"that has expired", ask(func(e *wire.Envelope, _ *exchange.Request) {
			e.At, e.Expires = time.Now().Add(-30*time.Second), time.Now().Add(-2*time.Second)
		}), wire.MessageExpired},
		{"from tomorrow", ask(func(e *wire.Envelope, _ *exchange.Request) {
			e.At, e.Expires = time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour)
		}), wire.MessageClock},
		{"an unknown purpose", ask(func(_ *wire.Envelope, r *exchange.Request) { r.Purpose = "fraud" }), string(exchange.UnknownPurpose)},
		{"an unknown item", ask(func(_ *wire.Envelope, r *exchange.Request) { r.Items[0].Item = "everything" }), string(exchange.UnknownItem)},
		{"an item of another domain", ask(func(_ *wire.Envelope, r *exchange.Request) { r.Items[0].Item = "rent-arrears" }), string(exchange.ItemNotHeld)},
		{"a deadline that has passed", ask(func(_ *wire.Envelope, r *exchange.Request) { r.Due = time.Now().Add(-time.Hour) }), string(exchange.DeadlinePassed)},
		{"a withdrawal of nothing", func() []byte {
			e := f.envelope(to, freshID())
			e.Follows = wire.Digest{1}
			return f.seal(wire.SignWithdrawal(e, f.keys.Signing))
		}(), peer.UnknownExchange},
		{"an answer to nothing", func() []byte {
			e := f.envelope(to, freshID())
			e.Follows = wire.Digest{1}
			return f.seal(wire.SignAnswer(e, verdict().Answer(), f.keys.Signing))
		}(), peer.UnknownExchange},
	} {
		code, _ := f.send(target, c.sealed)
		if code != c.code {
			t.Errorf("%s: got %q, want %q", c.what, code, c.code)
		}
	}
	if _, after := target.node.Checkpoint(); after != before {
		t.Errorf("refused, and yet the ledger grew from %d to %d", before, after)
	}
	if page, _, err := target.node.List(context.Background(), peer.Filter{}); err != nil || len(page) != 0 {
		t.Errorf("refused, and yet there are %d exchanges, %v", len(page), err)
	}
}

// The same message again gets the same receipt; another message under the same
// ID, or a second opening of the same exchange, is refused.
func TestReplay(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	target := w.members[1]
	f := forge(t, w, w.members[0])
	e := f.envelope(exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"}, freshID())
	r := question(t)
	r.ID, r.Case, r.Due = e.Exchange, freshID(), time.Now().Add(24*time.Hour)
	sealed := f.seal(wire.SignRequest(e, r, f.keys.Signing))
	code, first := f.send(target, sealed)
	if code != "" {
		t.Fatalf("refused with %s", code)
	}
	_, before := target.node.Checkpoint()
	target.stop()
	target.start()
	again := f.seal(wire.SignRequest(e, r, f.keys.Signing)) // the same, sealed anew
	for i, s := range [][]byte{sealed, again} {
		if code, receipt := f.send(target, s); code != "" || !bytes.Equal(receipt, first) {
			t.Errorf("repeat %d: code %q, the same receipt: %v", i, code, bytes.Equal(receipt, first))
		}
	}
	r.Specific = exchange.Hide("something else")
	if code, _ := f.send(target, f.seal(wire.SignRequest(e, r, f.keys.Signing))); code != peer.Replayed {
		t.Errorf("another message under the same ID: got %q", code)
	}
	e.ID = string(freshID())
	if code, _ := f.send(target, f.seal(wire.SignRequest(e, r, f.keys.Signing))); code != peer.Replayed {
		t.Errorf("a second request that opens the same exchange: got %q", code)
	}
	if _, after := target.node.Checkpoint(); after != before {
		t.Errorf("repeated, and the ledger grew from %d to %d", before, after)
	}
	target.wantKinds(e.Exchange, exchange.RequestReceived)
}

// I6 where it counts: a college that leaves out its own check does not get a BSN
// past the node of a housing corporation.
func TestForgedBSN(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, housing)
	f := forge(t, w, w.members[0])
	to := exchange.PartyID{OIN: housing.OIN, Capacity: "housing"}
	e := f.envelope(to, freshID())
	r := question(t)
	r.ID, r.Case, r.Due, r.To = e.Exchange, freshID(), time.Now().Add(24*time.Hour), to
	r.Items = []exchange.AskedItem{{Item: "rent-arrears", Depth: exchange.That, Why: exchange.Hide("debts")}}
	s, err := wire.SignRequest(e, r, f.keys.Signing)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := wire.Seal(s, w.auth.last.Recipients(housing.OIN))
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := f.send(w.members[2], sealed); code != string(exchange.BSNNotAllowed) {
		t.Errorf("got %q, want %s", code, exchange.BSNNotAllowed)
	}
}

// A message that is passed on by another party than the one who signed it is
// refused, though seal and signature are right.
func TestCarriedByAnother(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, housing)
	target := w.members[1]
	college := forge(t, w, w.members[0])
	carrier := forge(t, w, w.members[2])
	e := college.envelope(exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"}, freshID())
	r := question(t)
	r.ID, r.Case, r.Due = e.Exchange, freshID(), time.Now().Add(24*time.Hour)
	if code, _ := carrier.send(target, college.seal(wire.SignRequest(e, r, college.keys.Signing))); code != wire.SenderMismatch {
		t.Errorf("got %q, want %s", code, wire.SenderMismatch)
	}
}

// I9: who is not in the register gets nothing, costs nothing, and is named by
// peer ID only.
func TestStranger(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	target := w.members[1]
	keys, err := crypto.GenerateKeys()
	if err != nil {
		t.Fatal(err)
	}
	host := openHost(t, keys, []transport.Peer{{ID: target.entry.Peer, Addresses: target.entry.Addresses}})
	_, before := target.node.Checkpoint()
	for _, protocol := range []string{peer.MessageProtocol, peer.RegisterProtocol} {
		if _, err := host.Send(context.Background(), target.entry.Peer, protocol, []byte("{}")); err == nil {
			t.Errorf("%s: a stranger gets a reply", protocol)
		}
	}
	if _, after := target.node.Checkpoint(); after != before {
		t.Error("a stranger made the ledger grow")
	}
}

// A newer register reaches a node from its peer; an older, an expired and a
// forged one do not, and removing a party cuts it off at once.
func TestRegisterVersions(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	old := w.auth.last.Raw()
	w.add(housing)
	next := w.publish()
	a.install(next)
	deadline, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for b.node.Register().Version() != w.auth.last.Version() {
		select {
		case <-deadline.Done():
			t.Fatal("the newer register did not arrive")
		case <-time.After(20 * time.Millisecond): // it is in force a moment after it is written
		}
	}
	_, before := a.node.Checkpoint()
	if err := a.node.InstallRegister(ctx, old); err == nil || !strings.Contains(err.Error(), "rollback") {
		t.Errorf("an older register: %v", err)
	}
	expired := w.auth.publish(t, nil, time.Now().Add(-time.Second))
	if err := a.node.InstallRegister(ctx, expired); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired register: %v", err)
	}
	other := newAuthority(t)
	if err := a.node.InstallRegister(ctx, other.publish(t, []register.Entry{a.entry, b.entry}, time.Now().Add(time.Hour))); err == nil {
		t.Error("a register of another authority was installed")
	}
	if _, after := a.node.Checkpoint(); after != before {
		t.Error("a refused register made the ledger grow")
	}
	if err := a.node.InstallRegister(ctx, next); err != nil {
		t.Errorf("the register in force, once more: %v", err)
	}
}

// An expired register stops exchanges, says so, and a newer one starts them
// again.
func TestExpiredRegister(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a := w.members[0]
	a.stop()
	var late atomic.Int64
	a.options.Now = func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	a.start()
	late.Store(int64(13 * time.Hour))
	_, err := ask(context.Background(), a.node, requester, question(t))
	if !errors.Is(err, &peer.Fault{Code: peer.RegisterExpired}) {
		t.Errorf("asked under an expired register: %v", err)
	}
}

// raw signs a request whose payload was changed by hand, past our own checks.
func (f *forger) raw(change func(payload string, e wire.Envelope) string) []byte {
	f.t.Helper()
	r, e := question(f.t), f.envelope(exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"}, freshID())
	r.ID, r.Case, r.Due = e.Exchange, freshID(), time.Now().Add(24*time.Hour)
	s, err := wire.SignRequest(e, r, f.keys.Signing)
	if err != nil {
		f.t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(s.Token), ".")[1])
	if err != nil {
		f.t.Fatal(err)
	}
	changed := change(string(payload), e)
	if changed == string(payload) {
		f.t.Fatal("nothing was changed")
	}
	token, err := crypto.Sign(f.keys.Signing, "sluis-request+jwt", []byte(changed))
	if err != nil {
		f.t.Fatal(err)
	}
	return f.seal(wire.Signed{Token: token}, nil)
}

// I5: the names that a partner brings stand in clear in our ledger and list. The
// part of them that tells a time tells that, so no number of a person does.
func TestNamesTellTheirTimeOnly(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	b := w.members[1]
	f := forge(t, w, w.members[0])
	_, before := b.node.Checkpoint()
	number := "99999384-7000-7000-8000-000000000000" // the digits of a BSN where the time stands
	for what, change := range map[string]func(string, wire.Envelope) string{
		"exchange with a number": func(p string, e wire.Envelope) string {
			return strings.Replace(p, `"exchange":"`+string(e.Exchange), `"exchange":"`+number, 1)
		},
		"jti with a number": func(p string, e wire.Envelope) string {
			return strings.Replace(p, `"jti":"`+e.ID, `"jti":"`+number, 1)
		},
		"jti of another version": func(p string, e wire.Envelope) string {
			return strings.Replace(p, `"jti":"`+e.ID, `"jti":"`+e.ID[:14]+"4"+e.ID[15:], 1)
		},
		"exchange of another variant": func(p string, e wire.Envelope) string {
			id := string(e.Exchange)
			return strings.Replace(p, `"exchange":"`+id, `"exchange":"`+id[:19]+"0"+id[20:], 1)
		},
		"case of no version": func(p string, _ wire.Envelope) string {
			at := strings.Index(p, `"case":"`) + len(`"case":"`)
			return p[:at] + "99999384-7000-0000-0000-000000000000" + p[at+36:]
		},
		"party with a number for a capacity": func(p string, e wire.Envelope) string {
			return strings.Replace(p, `"iss":"`+e.From.String(), `"iss":"`+string(e.From.OIN)+":999993847", 1)
		},
	} {
		if code, _ := f.send(b, f.raw(change)); code != wire.MessageSchema {
			t.Errorf("%s: got %q", what, code)
		}
	}
	if _, after := b.node.Checkpoint(); after != before {
		t.Error("refused, and yet the ledger grew")
	}
}

// A text that could steer a screen or turn what stands there around is not
// taken in, so that no door has to think of it.
func TestTextsThatSteerAScreen(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	b := w.members[1]
	f := forge(t, w, w.members[0])
	const text = "to plan help at home"
	for _, c := range []string{`\u0000`, `\u001b[2J`, `\f`, `\u000b`, `\r`, `\u0085`, `\u009b`, `\u202e`, `\u2066`, `\u200f`, `\u2028`, `\u2029`, `\ufeff`, "\u202e"} {
		code, _ := f.send(b, f.raw(func(p string, _ wire.Envelope) string { return strings.Replace(p, text, text+c, 1) }))
		if code != wire.MessageSchema {
			t.Errorf("%q: got %q", c, code)
		}
	}
	for _, c := range []string{`\n`, `\t`, "é", "\u200d", "中"} {
		code, _ := f.send(b, f.raw(func(p string, _ wire.Envelope) string { return strings.Replace(p, text, text+c, 1) }))
		if code != "" {
			t.Errorf("%q: got %q", c, code)
		}
	}
}

package peer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/peer"
	"sluis/register"
	"sluis/store"
	"sluis/transport"
)

// often makes rounds follow each other at once, quiet looks only after receipts.
const (
	often = "[witness]\nevery = \"150ms\"\npause = \"40ms\"\n"
	quiet = "[witness]\nevery = \"24h\"\npause = \"40ms\"\n"
)

// until waits until a node is as it should be, and looks again at each change.
func (m *member) until(what string, holds func() bool) {
	m.world.t.Helper()
	end := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-end:
			m.world.t.Fatalf("%s: in vain waited until %s", m.party.Name, what)
		case <-m.node.Changed():
		case <-time.After(20 * time.Millisecond): // rounds that fail change nothing
		}
	}
}

// of is how a node and the ledger of another stand to each other.
func (m *member) of(other exchange.Party) peer.Witnessed {
	m.world.t.Helper()
	all, err := m.node.Witnesses()
	if err != nil {
		m.world.t.Fatal(err)
	}
	for _, w := range all {
		if w.Party == other.OIN {
			return w
		}
	}
	return peer.Witnessed{}
}

func (m *member) alarms() []peer.Alarm {
	m.world.t.Helper()
	all, err := m.node.Alarms()
	if err != nil {
		m.world.t.Fatal(err)
	}
	return all
}

func (m *member) size() uint64 {
	_, size := m.node.Checkpoint()
	return size
}

// count counts the entries of a kind.
func (m *member) count(kind exchange.EventKind) (n int) {
	for _, e := range m.all() {
		if e.Kind == string(kind) {
			n++
		}
	}
	return n
}

func (m *member) all() (all []ledger.Entry) {
	m.world.t.Helper()
	for {
		page, err := m.node.Entries(uint64(len(all)), 100)
		if err != nil {
			m.world.t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

// talk is one exchange from question to answer, so that each has receipts of the
// other.
func talk(t *testing.T, from, to *member) {
	t.Helper()
	talkAs(t, from, requester, from.party.Capacities[0].Code, to)
}

func talkAs(t *testing.T, from *member, who peer.Who, hat exchange.CapacityCode, to *member) {
	t.Helper()
	r := question(t)
	r.From = exchange.PartyID{OIN: from.party.OIN, Capacity: hat}
	r.To = exchange.PartyID{OIN: to.party.OIN, Capacity: to.party.Capacities[0].Code}
	x, err := ask(context.Background(), from.node, who, r)
	if err != nil {
		t.Fatal(err)
	}
	from.wait(x.ID, exchange.Delivered)
	if _, err := to.node.Decide(context.Background(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	from.wait(x.ID, exchange.Answered)
	from.settle()
	to.settle()
}

// Two parties that exchanged messages check and cosign each other's ledger, each
// in the ledger of both; and then it is quiet: witnessing makes no witnessing.
func TestPartnersWitness(t *testing.T) {
	w := newWorldWith(t, quiet, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	talk(t, a, b)
	for _, pair := range [][2]*member{{a, b}, {b, a}} {
		m, other := pair[0], pair[1]
		m.until("each has cosigned the other", func() bool {
			s := m.of(other.party)
			return s.Held > 0 && s.Cosigned > 0 && s.Waiting == 0
		})
	}
	// The line that the witness sent is the line that the witnessed has, and it
	// holds for a checkpoint of his.
	for _, pair := range [][2]*member{{a, b}, {b, a}} {
		var sent, came []string
		for _, e := range pair[0].all() {
			if e.Kind == string(exchange.CheckpointCosigned) {
				sent = append(sent, e.Message.String())
			}
		}
		pair[1].until("a line came", func() bool {
			came = nil
			for _, e := range pair[1].all() {
				if e.Kind == string(exchange.CosignatureReceived) {
					came = append(came, e.Message.String())
				}
			}
			return len(came) > 0
		})
		if len(came) == 0 || !slices.Contains(sent, came[0]) {
			t.Errorf("%s sent %v, %s has %v", pair[0].party.Name, sent, pair[1].party.Name, came)
		}
	}
	// At most a round for the first message and one for receipts after it.
	time.Sleep(400 * time.Millisecond) // ten pauses; there is nothing to wait for
	before := a.size() + b.size()
	time.Sleep(400 * time.Millisecond)
	if after := a.size() + b.size(); after != before {
		t.Errorf("the ledgers went on from %d to %d entries", before, after)
	}
	for _, m := range w.members {
		if n := m.count(exchange.CheckpointCosigned); n > 4 {
			t.Errorf("%s cosigned %d times", m.party.Name, n)
		}
	}
	// What is held survives the node.
	held := b.of(a.party)
	b.stop()
	b.start()
	if again := b.of(a.party); again != held {
		t.Errorf("after a restart %+v, before %+v", again, held)
	}
}

// A ledger is looked at each day, and a partner that was down is looked at again
// when he is back.
func TestWitnessWhenBack(t *testing.T) {
	w := newWorldWith(t, often, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	talk(t, a, b)
	b.until("it holds the ledger", func() bool { return b.of(a.party).Held > 0 })
	first := b.of(a.party)
	b.until("it looked again by itself", func() bool { return b.of(a.party).Checked.After(first.Checked) })
	a.stop()
	down := b.of(a.party)
	a.start()
	b.until("it looked again after that", func() bool { return b.of(a.party).Held > down.Held })
	if len(b.alarms()) > 0 {
		t.Errorf("a node that was down raised %v", b.alarms())
	}
}

// twin copies the directory of a node that is stopped: a second history from here
// on, under the same keys.
func (m *member) twin() *member {
	m.world.t.Helper()
	copied := *m
	copied.dir = filepath.Join(m.world.t.TempDir(), "twin")
	copied.options.Network = deaf
	if err := os.CopyFS(copied.dir, os.DirFS(m.dir)); err != nil {
		m.world.t.Fatal(err)
	}
	err := filepath.WalkDir(copied.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		m.world.t.Fatal(err)
	}
	return &copied
}

// proved checks an alarm with what a stranger has: the evidence as a file, and
// the register.
func proved(t *testing.T, w *world, of *member, a peer.Alarm, found peer.Finding) {
	t.Helper()
	file, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var read peer.Alarm
	if err := json.Unmarshal(file, &read); err != nil {
		t.Fatal(err)
	}
	listed, _ := w.auth.last.Party(of.party.OIN)
	if read.Found != found || read.Party != of.party.OIN || read.First.Key != listed.Checkpoint || read.Second.Key != listed.Checkpoint {
		t.Errorf("the alarm is %+v, want %s", read, found)
	}
	if err := read.Check(); err != nil {
		t.Errorf("the evidence: %v", err)
	}
	first, err1 := ledger.OpenCheckpoint([]byte(read.First.Note), listed.Checkpoint)
	second, err2 := ledger.OpenCheckpoint([]byte(read.Second.Note), listed.Checkpoint)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	switch found {
	case peer.TwoRoots:
		if !ledger.Contradict(first, second) {
			t.Error("the two checkpoints do not contradict each other")
		}
	case peer.Shorter:
		if second.Size >= first.Size {
			t.Errorf("%d is not shorter than %d", second.Size, first.Size)
		}
	}
	if read.Signer != nil {
		if key, ok := w.auth.last.Key(read.Signer.Kid); !ok || key.OIN != of.party.OIN {
			t.Error("the register does not give the signer to the party")
		}
	}
	for name, spoil := range map[string]func(*peer.Alarm){
		"no second checkpoint": func(a *peer.Alarm) { a.Second = peer.Shown{} }, "a changed note": func(a *peer.Alarm) { a.First.Note = strings.Replace(a.First.Note, "\n", "0\n", 1) },
		"another ledger": func(a *peer.Alarm) { a.Origin = "x" }, "another finding": func(a *peer.Alarm) { a.Found = "x" },
	} {
		bad := read
		spoil(&bad)
		if bad.Check() == nil {
			t.Errorf("evidence with %s is taken for proof", name)
		}
	}
}

// I4: a node that shows its partner two histories, one after the other, signs the
// proof of it itself. The partner goes on holding what it had, and cosigns no more.
func TestForkedLedger(t *testing.T) {
	w := newWorldWith(t, often, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	talk(t, a, b)
	a.stop()
	second := a.twin()
	a.start()
	talk(t, a, b)
	b.until("it holds the first history", func() bool { return b.of(a.party).Held > 12 && b.of(a.party).Waiting == 0 })
	a.stop()
	held := b.of(a.party)
	second.overtake(held.Held + 50) // the first may have been seen once more since
	second.start()
	b.until("the alarm is raised", func() bool { return len(b.alarms()) > 0 })
	alarms := b.alarms()
	proved(t, w, a, alarms[0], peer.TwoRoots)
	// A's own node was stopped between: it may have been seen once more before.
	if now := b.of(a.party); now.Held < held.Held || now.Alarms != 1 {
		t.Errorf("after the alarm %+v, before %+v", now, held)
	}
	// A row can be read a moment before the checkpoint that covers its entry.
	b.until("the entry of the alarm is there", func() bool { return b.count(exchange.LedgerAlarm) == 1 })
	cosigned := b.count(exchange.CheckpointCosigned)
	time.Sleep(400 * time.Millisecond) // some rounds; there is nothing to wait for
	if n := b.count(exchange.CheckpointCosigned); n != cosigned {
		t.Errorf("cosigned %d more times after the alarm", n-cosigned)
	}
	if n := b.count(exchange.LedgerAlarm); n != 1 {
		t.Errorf("the alarm was raised %d times", n)
	}
}

// The receipt itself gives it away: it carries a checkpoint of a size that is
// known with another root. No round is needed.
func TestForkInReceipt(t *testing.T) {
	w := newWorldWith(t, "[witness]\nevery = \"24h\"\npause = \"1h\"\n", municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	a.stop()
	second := a.twin()
	a.start()
	talk(t, a, b) // b has a receipt of the first history, of some size
	waiting := b.of(a.party).Waiting
	a.stop()
	second.start()
	talk(t, second, b) // the same acts: a receipt of the same size
	if waiting == 0 {
		t.Fatal("b has seen nothing of the first history")
	}
	alarms := b.alarms()
	if len(alarms) != 1 {
		t.Fatalf("%d alarms", len(alarms))
	}
	proved(t, w, a, alarms[0], peer.TwoRoots)
}

// I4: a ledger that was cut back, for example from an old backup, is noticed.
func TestShortenedLedger(t *testing.T) {
	w := newWorldWith(t, often, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	talk(t, a, b)
	a.stop()
	old := a.twin()
	a.start()
	talk(t, a, b)
	talk(t, a, b)
	b.until("it holds the longer ledger", func() bool { return b.of(a.party).Held > old.sizeOnDisk()+10 })
	a.stop()
	old.start()
	b.until("the alarm is raised", func() bool { return len(b.alarms()) > 0 })
	proved(t, w, a, b.alarms()[0], peer.Shorter)
}

// sizeOnDisk is the size of the ledger of a node that is stopped.
func (m *member) sizeOnDisk() uint64 {
	s := m.openStore()
	defer s.Close()
	return s.Size()
}

// overtake makes the ledger of a node that is stopped longer than size.
func (m *member) overtake(size uint64) {
	m.world.t.Helper()
	s := m.openStore()
	defer s.Close()
	for s.Size() < size {
		c := store.Change{Dossier: store.NodeDossier, Record: []store.Event{{Kind: string(exchange.StaffChanged), Private: []byte("{}")}}}
		if _, err := s.Write(context.Background(), c); err != nil {
			m.world.t.Fatal(err)
		}
	}
}

func (m *member) unlock() *crypto.Keys {
	m.world.t.Helper()
	sealed, err := os.ReadFile(filepath.Join(m.dir, "keystore.age"))
	if err != nil {
		m.world.t.Fatal(err)
	}
	keys, err := crypto.OpenKeys(sealed, m.lock)
	if err != nil {
		m.world.t.Fatal(err)
	}
	return keys
}

func (m *member) openStore() *store.Store {
	m.world.t.Helper()
	keys := m.unlock()
	name, _, _ := strings.Cut(m.entry.Checkpoint, "+")
	signer, err := ledger.NewSigner(name, keys.Checkpoint)
	if err != nil {
		m.world.t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(m.dir, "store"), store.Options{Master: keys.Master, Signer: signer, Verifier: m.entry.Checkpoint, MinFree: 1, Migration: peer.Migration()})
	if err != nil {
		m.world.t.Fatal(err)
	}
	return s
}

// I4: who shows one partner one history and another partner another one, and each
// always the same, is found out because the two tell each other.
func TestSplitView(t *testing.T) {
	both := exchange.Party{OIN: "00000099000005005000", Name: "gemeente Oost", Capacities: append(
		slices.Clone(debtHelp.Capacities), municipality.Capacities...)}
	w := newWorldWith(t, often, municipality, both, debtHelp)
	a, b, c := w.members[0], w.members[1], w.members[2]
	worker := exchange.Actor{ID: "d.mulder", Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: exchange.Requester, Capacity: "investigation"}}}
	if err := b.node.AddStaff(context.Background(), worker); err != nil {
		t.Fatal(err)
	}
	a.stop()
	second := a.twin()
	a.start()
	talk(t, a, b)
	b.until("b holds the first history", func() bool { return b.of(a.party).Held > 0 && b.of(a.party).Waiting == 0 })
	a.stop()
	b.stop()
	second.overtake(60)
	second.start()
	talk(t, second, c)
	c.until("c holds the second history", func() bool { return c.of(a.party).Held >= 60 && c.of(a.party).Waiting == 0 })
	second.stop()
	// Now b and c exchange something, and b, who watches c, tells what it holds.
	b.start()
	talkAs(t, b, peer.Who{ID: worker.ID}, "investigation", c)
	b.until("b has looked at c", func() bool { return b.of(c.party).Held > 0 })
	b.stop()
	if len(c.alarms()) > 0 {
		t.Fatalf("c knows already: %+v", c.alarms())
	}
	second.start()
	c.until("c raises the alarm", func() bool { return len(c.alarms()) > 0 })
	alarm := c.alarms()[0]
	proved(t, w, a, alarm, peer.TwoRoots)
	if alarm.First.From != b.party.OIN {
		t.Errorf("the first checkpoint is from %s, want what b told", alarm.First.From)
	}
}

// Who does not want to tell with whom he deals, does not.
func TestNoGossip(t *testing.T) {
	other := exchange.Party{OIN: "00000099000006006000", Name: "schuldhulp Noord", Capacities: debtHelp.Capacities}
	for _, gossip := range []bool{true, false} {
		w := newWorldWith(t, strings.Replace(often, "[witness]", fmt.Sprintf("[witness]\ngossip = %v", gossip), 1), municipality, debtHelp, other)
		a, b, c := w.members[0], w.members[1], w.members[2]
		talk(t, a, b)
		talk(t, a, c)
		a.until("it holds the first partner's ledger", func() bool { return a.of(b.party).Held > 0 })
		told := 0
		l := lie(t, w, c)
		l.do(nil, func(w wire.Witnessing) []byte {
			told += len(w.Told)
			return []byte(`{}`)
		})
		a.until("the second partner was asked", func() bool { return l.askedSince() >= 2 })
		l.mu.Lock()
		if told > 0 != gossip {
			t.Errorf("with gossip %v: %d checkpoints were told", gossip, told)
		}
		l.mu.Unlock()
	}
}

// A liar has the keys and the ledger of a party, and answers as it pleases.
type liar struct {
	m     *member
	keys  *crypto.Keys
	store *store.Store
	host  *transport.Host

	mu     sync.Mutex
	spoil  func(w wire.Witnessing, c *wire.Consistency)
	asked  int
	answer func(w wire.Witnessing) []byte // instead of all else
	last   []byte                         // token of the first answer
}

// lie takes the place of a member whose node is stopped, at its address.
func lie(t *testing.T, w *world, m *member) *liar {
	t.Helper()
	m.stop()
	l := &liar{m: m, keys: m.unlock(), store: m.openStore()}
	mute := transport.Protocol{
		Handler:    func(context.Context, string, []byte) ([]byte, error) { return nil, errors.New("mute") },
		MaxRequest: 64 << 20, MaxReply: 64 << 20, Timeout: 20 * time.Second,
	}
	witness := mute
	witness.Handler = l.serve
	var err error
	l.host, err = transport.Open(transport.Config{
		Key: l.keys.Host, Listen: m.entry.Addresses, Peers: w.peersBut(m),
		Protocols: map[string]transport.Protocol{peer.MessageProtocol: mute, peer.RegisterProtocol: mute, peer.WitnessProtocol: witness},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(l.host.Close(), l.store.Close()) })
	return l
}

func (l *liar) serve(_ context.Context, from string, request []byte) ([]byte, error) {
	w, err := wire.ParseWitnessing(request)
	if err != nil || w.Nonce == "" {
		return []byte(`{}`), err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.answer != nil {
		return l.answer(w), nil
	}
	newest, size := l.store.Checkpoint()
	asker, _ := l.m.world.auth.last.ByPeer(from)
	c := wire.Consistency{From: l.m.party.OIN, To: asker.OIN, At: time.Now(), Nonce: w.Nonce, Sizes: w.Sizes}
	sizes := append(slices.Clone(w.Sizes), size)
	for i, s := range sizes[:len(sizes)-1] {
		note, err := l.store.CheckpointAt(s)
		if err != nil {
			return nil, err
		}
		proof, err := l.store.ProveConsistency(s, sizes[i+1])
		if err != nil {
			return nil, err
		}
		var raw [][]byte
		for _, h := range proof {
			raw = append(raw, h[:])
		}
		c.Checkpoints, c.Proofs = append(c.Checkpoints, string(note)), append(c.Proofs, raw)
	}
	c.Checkpoints = append(c.Checkpoints, string(newest))
	if l.spoil != nil {
		l.spoil(w, &c)
	}
	if c, err = c.Sign(l.keys.Signing); err != nil {
		return nil, err
	}
	if l.last == nil {
		l.last = c.Token
	}
	return reply(c.Token), nil
}

func reply(token []byte) []byte { return []byte(`{"answer":"` + string(token) + `"}`) }

func (l *liar) do(spoil func(wire.Witnessing, *wire.Consistency), answer func(wire.Witnessing) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spoil, l.answer, l.asked = spoil, answer, 0
}

func (l *liar) askedSince() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// What a partner answers is worth what it proves: what is not in order is not
// cosigned and changes nothing, and a signed proof that fails is evidence.
func TestLyingAnswers(t *testing.T) {
	w := newWorldWith(t, often, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	talk(t, a, b)
	b.until("it holds the ledger", func() bool { return b.of(a.party).Held > 0 && b.of(a.party).Waiting == 0 })
	l := lie(t, w, a)
	b.until("the liar tells the truth once", func() bool { return b.of(a.party).Held == l.store.Size() })
	// What the truth made it write is written when it has asked again.
	l.do(nil, func(wire.Witnessing) []byte { return []byte(`{}`) })
	b.until("it asked again", func() bool { return l.askedSince() > 1 })
	first := string(l.last)
	for name, answer := range map[string]func(wire.Witnessing) []byte{
		"an older answer": func(wire.Witnessing) []byte { return reply([]byte(first)) },
		"nothing":         func(wire.Witnessing) []byte { return []byte(`{}`) },
		"no JSON":         func(wire.Witnessing) []byte { return []byte(`x`) },
		"a refusal":       func(wire.Witnessing) []byte { return []byte(`{"code":"busy"}`) },
		"an odd code":     func(wire.Witnessing) []byte { return []byte(`{"code":"A b"}`) },
	} {
		l.do(nil, answer)
		unchanged(t, b, a, l, name)
	}
	for name, spoil := range map[string]func(wire.Witnessing, *wire.Consistency){
		"another nonce":         func(_ wire.Witnessing, c *wire.Consistency) { c.Nonce = uuid.NewString() },
		"an answer for another": func(_ wire.Witnessing, c *wire.Consistency) { c.To = a.party.OIN },
		"an answer of old":      func(_ wire.Witnessing, c *wire.Consistency) { c.At = time.Now().Add(-time.Hour) },
		"less than was asked": func(_ wire.Witnessing, c *wire.Consistency) {
			c.Checkpoints, c.Proofs = c.Checkpoints[len(c.Checkpoints)-1:], nil
		},
		"a note by nobody": func(_ wire.Witnessing, c *wire.Consistency) {
			c.Checkpoints[0] = strings.Replace(c.Checkpoints[0], "\n", "x\n", 1)
		},
		"another question": func(_ wire.Witnessing, c *wire.Consistency) { c.Sizes = append([]uint64{1}, c.Sizes...) },
	} {
		l.do(spoil, nil)
		unchanged(t, b, a, l, name)
	}
	l.do(func(_ wire.Witnessing, c *wire.Consistency) {
		// A ledger that grew: the proof has hashes to lie about.
		if last := len(c.Proofs) - 1; last >= 0 {
			c.Proofs[last] = append(c.Proofs[last], make([]byte, 32))
		}
	}, nil)
	b.until("the alarm is raised", func() bool { return len(b.alarms()) > 0 })
	proved(t, w, a, b.alarms()[0], peer.ProofFails)
}

// unchanged waits until an answer was given twice, and checks that nothing came
// of it.
func unchanged(t *testing.T, b, a *member, l *liar, name string) {
	t.Helper()
	before, entries := b.of(a.party), b.size()
	b.until("it has asked for "+name, func() bool { return l.askedSince() >= 2 })
	if after := b.of(a.party); after != before || b.size() != entries || len(b.alarms()) > 0 {
		t.Errorf("%s: %+v became %+v, %d entries %d, alarms %v", name, before, after, entries, b.size(), b.alarms())
	}
}

// A cosignature is taken from the witness that made it, once in a while, and only
// when it is right; and only partners are told anything.
func TestCosignaturesRefused(t *testing.T) {
	w := newWorldWith(t, "[witness]\nevery = \"24h\"\npause = \"1h\"\n", municipality, debtHelp, housing)
	a, b, stranger := w.members[0], w.members[1], w.members[2]
	talk(t, a, b)
	f := forge(t, w, b)
	s := forge(t, w, stranger)
	send := func(f *forger, request []byte) string {
		t.Helper()
		raw, err := f.host.Send(context.Background(), a.entry.Peer, peer.WitnessProtocol, request)
		if err != nil {
			return "no reply"
		}
		var r struct{ Answer, Code string }
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		return r.Code
	}
	signed, size := a.node.Checkpoint()
	checkpoint, err := ledger.OpenCheckpoint(signed, a.entry.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	line := func(keys *crypto.Keys, name string, c ledger.Checkpoint, at time.Time) []byte {
		t.Helper()
		cosigner, err := ledger.NewCosigner(name, keys.Witness)
		if err != nil {
			t.Fatal(err)
		}
		line, err := cosigner.Cosign(c, at)
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	request := func(size uint64, line []byte) []byte {
		t.Helper()
		data, err := wire.Witnessing{Size: size, Cosignature: string(line)}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	own := register.WitnessName(b.party.OIN)
	now := time.Now()
	other := checkpoint
	other.Root = ledger.EmptyRoot()
	question, err := wire.Witnessing{Nonce: uuid.NewString(), Sizes: []uint64{1}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		from       *forger
		request    []byte
	}{
		{"a stranger asks", peer.NotPartner, s, question},
		{"a stranger cosigns", peer.NotPartner, s, request(size, line(s.keys, register.WitnessName(stranger.party.OIN), checkpoint, now))},
		{"the cosignature of another", peer.BadCosignature, f, request(size, line(s.keys, register.WitnessName(stranger.party.OIN), checkpoint, now))},
		{"another's key under his name", peer.BadCosignature, f, request(size, line(s.keys, own, checkpoint, now))},
		{"another root", peer.BadCosignature, f, request(size, line(f.keys, own, other, now))},
		{"another size", peer.BadCosignature, f, request(size-1, line(f.keys, own, checkpoint, now))},
		{"a size that is not there", peer.BadCosignature, f, request(size+1000, line(f.keys, own, checkpoint, now))},
		{"of yesterday", peer.BadCosignature, f, request(size, line(f.keys, own, checkpoint, now.Add(-24*time.Hour)))},
		{"of tomorrow", peer.BadCosignature, f, request(size, line(f.keys, own, checkpoint, now.Add(24*time.Hour)))},
		{"no line", peer.BadCosignature, f, request(size, []byte("x"))},
		{"no request", wire.MessageSchema, f, []byte("{}")},
		{"no JSON", wire.MessageSchema, f, []byte("x")},
	} {
		before := a.size()
		if got := send(c.from, c.request); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if a.size() != before {
			t.Errorf("%s: the ledger grew", c.name)
		}
	}
	if got := send(f, question); got != "" {
		t.Errorf("a partner asks: %q", got)
	}
	if got := send(f, request(size, line(f.keys, own, checkpoint, now))); got != "" {
		t.Errorf("a right cosignature: %q", got)
	}
	if s := a.of(b.party); s.Cosigned != size {
		t.Errorf("cosigned at %d, want %d", s.Cosigned, size)
	}
	if got := send(f, request(size, line(f.keys, own, checkpoint, now.Add(time.Second)))); got != peer.TooSoon {
		t.Errorf("a second one at once: %q", got)
	}
	if n := a.count(exchange.CosignatureReceived); n != 1 {
		t.Errorf("%d entries of cosignatures", n)
	}
	// More than a frame may hold does not get there.
	if got := send(f, make([]byte, 1<<20)); got != "no reply" {
		t.Errorf("a large request: %q", got)
	}
}

package peer_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/peer"
	"sluis/transport"
)

// snapshot copies everything of a member, which is stopped meanwhile, as a
// hypervisor would.
func (m *member) snapshot() (copied string) {
	m.world.t.Helper()
	m.stop()
	copied = filepath.Join(m.world.t.TempDir(), "snapshot")
	if err := os.CopyFS(copied, os.DirFS(m.dir)); err != nil {
		m.world.t.Fatal(err)
	}
	m.start()
	return copied
}

// putBack puts a snapshot in the place of a member's directory, and leaves it down.
func (m *member) putBack(snapshot string) {
	m.world.t.Helper()
	m.stop()
	m.dir = filepath.Join(m.world.t.TempDir(), "put-back")
	if err := os.CopyFS(m.dir, os.DirFS(snapshot)); err != nil {
		m.world.t.Fatal(err)
	}
}

// asked waits until the node has asked its partners.
func (m *member) asked() {
	m.world.t.Helper()
	select {
	case <-m.node.Asked():
	case <-time.After(20 * time.Second):
		m.world.t.Fatalf("%s: the partners are not asked", m.party.Name)
	}
}

// held waits until the node has found out that it is an old copy, and looks that it
// does nothing for anybody.
func (m *member) held() {
	m.world.t.Helper()
	t := m.world.t.(*testing.T)
	m.until("it stops", m.node.Recovering)
	size := m.node.Size()
	if _, err := ask(t.Context(), m.node, requester, question(t)); !isFault(err, peer.LedgerBehind) {
		t.Errorf("asked: %v", err)
	}
	if r := m.node.Recovery(); r == nil || r.MayResume() || !r.Behind() {
		t.Errorf("recovery %+v", r)
	}
	if now := m.node.Size(); now != size {
		t.Errorf("it wrote %d entries after it stopped", now-size)
	}
	wants(t, diagnosed(t, m), "recovery-forked")
}

// continues gives the ledger of a member another name, as docs/operations.md says.
func (m *member) continues(others ...*member) {
	m.world.t.Helper()
	m.stop()
	if _, err := peer.ContinueLedger(m.dir, m.options); err != nil {
		m.world.t.Fatal(err)
	}
	m.entry = m.shown()
	bundle := m.world.publish()
	for _, o := range others {
		o.install(bundle)
	}
	m.start()
	m.released()
	m.until("the new register is here", func() bool { return m.node.Register().Version() == others[0].node.Register().Version() })
}

// noAlarms looks that nobody has evidence against anybody, once all have looked at all.
func (w *world) noAlarms() {
	w.t.Helper()
	for _, m := range w.members {
		for _, o := range w.members {
			if o != m {
				m.node.WitnessOnce(context.Background(), o.party.OIN)
			}
		}
		if alarms, err := m.node.Alarms(); err != nil || len(alarms) != 0 {
			w.t.Errorf("%s: alarms %+v, %v", m.party.Name, alarms, err)
		}
	}
}

func (w *world) have(m *member) map[string]int {
	kinds := map[string]int{}
	for _, k := range allKinds(m) {
		kinds[k]++
	}
	return kinds
}

// A snapshot that is put back stops before it writes anything, when a partner is there to
// tell it, and stays so when that partner is gone. Under another name its ledger goes on,
// and nobody has an alarm. What an old copy from before that name can do is the same.
func TestSnapshotPutBack(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	kept := answeredExchange(t, college, debts)
	old := college.snapshot()
	lost := answeredExchange(t, college, debts)
	college.putBack(old)
	n := college.open()
	before := n.Size()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	college.start()
	college.held()
	if now := college.node.Size(); now != before {
		t.Errorf("it wrote %d entries before it stopped", now-before)
	}
	college.until("what is missing is named", func() bool { r := college.node.Recovery(); return r != nil && len(r.Missing) == 2 })
	if m := college.node.Recovery().Missing[0]; m.Exchange != string(lost.ID) {
		t.Errorf("missing %+v", m)
	}
	w.noAlarms()
	debts.stop()
	college.stop()
	college.start() // nobody is there to say it again
	college.held()
	if err := college.node.InstallRegister(t.Context(), w.publish()); err == nil {
		t.Error("a register was written down")
	}
	debts.start()
	college.continues(debts)
	if x, err := college.node.Open(t.Context(), requester, kept.ID); err != nil || len(x.Answer.Items) != 2 {
		t.Errorf("what was in the snapshot: %d items, %v", len(x.Answer.Items), err)
	}
	answeredExchange(t, college, debts)
	w.noAlarms()
	college.stop() // partners hold more under the old name, which says nothing of the new one
	college.start()
	college.asked()
	answeredExchange(t, college, debts)
	w.noAlarms()
	wants(t, diagnosed(t, college), "ledger-vouched", "ledger-ok")
	// The register lists the new name, and the partner still knows what he saw of the old.
	college.putBack(old)
	college.start()
	college.held()
	// The name that comes next was used: that is found out in the same way.
	college.stop()
	if name, err := peer.ContinueLedger(college.dir, college.options); err != nil || name != peer.Origin(municipality.OIN)+"/2" {
		t.Fatalf("continued as %q, %v", name, err)
	}
	college.start()
	college.until("it is an old copy under that name too", func() bool { r := college.node.Recovery(); return r != nil && r.Behind() })
	college.continues(debts)
	answeredExchange(t, college, debts)
	w.noAlarms()
}

// A partner that had nothing to say at the start, and asks later for more than there is,
// is asked once more: the node stops, and has signed nothing against itself.
func TestSnapshotFoundOutLater(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n[witness]\nevery = \"24h\"\npause = \"1h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	answeredExchange(t, college, debts)
	old := college.snapshot()
	answeredExchange(t, college, debts)
	nothing, answer := []byte("{}"), &atomic.Pointer[[]byte]{}
	answer.Store(&nothing)
	college.options.Network = func(c transport.Config) (peer.Network, error) {
		host, err := transport.Open(c)
		return &told{Network: host, answer: answer}, err
	}
	college.putBack(old)
	college.start()
	college.until("the partner has vouched", func() bool { vouched, _ := college.node.Vouching(); return vouched == 1 })
	answer.Store(nil)
	debts.until("it has asked", func() bool { debts.node.WitnessOnce(t.Context(), municipality.OIN); return college.node.Recovering() })
	college.held()
	w.noAlarms()
}

// Where no partner can be reached an old copy starts, and says that nobody vouched. When
// one comes up, it is the first to be asked, and is shown nothing of the second history.
func TestSnapshotPutBackWhileNobodyIsThere(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	answeredExchange(t, college, debts)
	old := college.snapshot()
	answeredExchange(t, college, debts)
	had := w.have(debts)
	debts.stop()
	college.putBack(old)
	college.start()
	college.asked()
	wants(t, diagnosed(t, college), "ledger-unvouched")
	for range 3 { // its own ledger becomes longer than what the partner holds
		if _, err := ask(t.Context(), college.node, requester, question(t)); err != nil {
			t.Fatal(err)
		}
	}
	for college.node.Size() < 60 {
		if _, err := college.node.OpenCase(t.Context(), requester, caseOf(question(t))); err != nil {
			t.Fatal(err)
		}
	}
	debts.start()
	college.held()
	if r := college.node.Recovery(); !r.Forked {
		t.Errorf("what the partner saw was taken for the beginning of another history: %+v", r)
	}
	w.noAlarms()
	for kind, count := range w.have(debts) {
		if was := had[kind]; kind == string(exchange.RequestReceived) && count != was {
			t.Errorf("%d requests of the second history arrived", count-was)
		}
	}
	college.continues(debts)
	answeredExchange(t, college, debts)
	debts.until("what waited came under the new name", func() bool {
		return w.have(debts)[string(exchange.RequestReceived)] == had[string(exchange.RequestReceived)]+4
	})
	w.noAlarms()
}

// A node that is an old copy without knowing it leaves the backup of what it has lost as
// it is, however far it goes on: a restore brings that back.
func TestSnapshotPutBackBesideItsBackup(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	ctx := t.Context()
	answeredExchange(t, college, debts)
	if _, err := college.node.Backup(ctx); err != nil {
		t.Fatal(err)
	}
	old := college.snapshot()
	answeredExchange(t, college, debts)
	made, err := college.node.Backup(ctx)
	if err != nil {
		t.Fatal(err)
	}
	size, parts := college.node.Size(), partsIn(t, backup)
	debts.stop() // who would have told it
	college.putBack(old)
	college.idle()
	for college.node.Size() < size+5 {
		if _, err := college.node.Backup(ctx); !isFault(err, peer.BackupAhead) {
			t.Fatalf("with %d entries of %d it adds to the backup: %v", college.node.Size(), size, err)
		}
		if _, err := college.node.OpenCase(ctx, requester, caseOf(question(t))); err != nil {
			t.Fatal(err)
		}
	}
	if got := partsIn(t, backup); !slices.Equal(got, parts) {
		t.Errorf("the parts of the backup were %v and are %v", parts, got)
	}
	college.stop()
	again := filepath.Join(t.TempDir(), "again")
	back, err := peer.Restore(again, backup, nil, college.options)
	if err != nil || back.Size != made.Entries {
		t.Fatalf("restored with %d entries of %d, %v", back.Size, made.Entries, err)
	}
	restored, err := peer.Open(again, college.options) // which proves them
	if err != nil {
		t.Fatal(err)
	}
	if err := restored.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(backup, filepath.Join(t.TempDir(), "moved")); err != nil {
		t.Fatal(err)
	}
	college.idle()
	if made, err := college.node.Backup(ctx); err != nil || !made.Whole {
		t.Errorf("after it was moved away: %+v, %v", made, err)
	}
}

// A partner of whom the old copy knows nothing is asked when he calls, before he is
// shown anything, and before anything is sent to him.
func TestSnapshotPutBackFromBeforeAPartner(t *testing.T) {
	t.Run("he calls", func(t *testing.T) {
		firstSaid(t, func(debts *member, _ *peer.Turns) { debts.node.WitnessOnce(t.Context(), municipality.OIN) })
	})
	t.Run("he is called", func(t *testing.T) {
		firstSaid(t, func(_ *member, turns *peer.Turns) {
			due, _ := turns.Due()
			for _, turn := range due {
				if turn.Kind == peer.DeliverTurn {
					turn.Do(t.Context())
				}
			}
		})
	})
}

// firstSaid has an old copy and a partner say something to each other, when nobody was
// there at the start.
func firstSaid(t *testing.T, say func(debts *member, turns *peer.Turns)) {
	t.Helper()
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	old := college.snapshot()
	answeredExchange(t, college, debts)
	debts.stop()
	college.putBack(old)
	n := college.open() // it does nothing by itself, so it is called
	t.Cleanup(func() { _ = n.Close() })
	turns := n.Turns()
	due, _ := turns.Due()
	if len(due) != 1 || due[0].Kind != peer.VouchTurn { // the question at the start, which nobody answers
		t.Fatalf("at the start it does %+v", due)
	}
	if more, _ := turns.Due(); len(more) != 0 {
		t.Fatalf("while it asks it does %+v", more)
	}
	due[0].Do(t.Context())
	select {
	case <-n.Asked():
	default:
		t.Error("everybody was asked, and it still waits")
	}
	if _, err := ask(t.Context(), n, requester, question(t)); err != nil {
		t.Fatal(err)
	}
	debts.start()
	requests := w.have(debts)[string(exchange.RequestReceived)]
	debts.until("they have spoken", func() bool { say(debts, turns); return n.Recovering() })
	if now := w.have(debts)[string(exchange.RequestReceived)]; now != requests {
		t.Errorf("%d requests of the second history arrived", now-requests)
	}
	if alarms, err := debts.node.Alarms(); err != nil || len(alarms) != 0 {
		t.Errorf("alarms %+v, %v", alarms, err)
	}
}

// The key of the ledger was replaced after the snapshot: what a partner shows can't be
// read at first, so nothing is exchanged with him. The register that he brings says
// that it is ours.
func TestSnapshotPutBackFromBeforeAKey(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n[register]\nexchange_every = \"200ms\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	answeredExchange(t, college, debts)
	old := college.snapshot()
	former := college.key(crypto.UseCheckpoint, false).ID
	if _, err := college.node.RotateKey(t.Context(), crypto.UseCheckpoint); err != nil {
		t.Fatal(err)
	}
	college.install(w.auth.change(t, college.shown()))
	college.install(w.auth.change(t, college.shown()))
	debts.has(3)
	if err := college.node.RetireKey(t.Context(), former); err != nil {
		t.Fatal(err)
	}
	college.stop() // until then both keys sign
	college.start()
	answeredExchange(t, college, debts)
	debts.node.WitnessOnce(t.Context(), municipality.OIN)
	college.putBack(old)
	college.start()
	college.held()
	w.noAlarms()
}

// told answers the question what was seen with something else, when it is set.
type told struct {
	peer.Network
	answer *atomic.Pointer[[]byte]
	err    error
}

func (n *told) Send(ctx context.Context, id, protocol string, request []byte) ([]byte, error) {
	if answer := n.answer.Load(); protocol == peer.RecallProtocol && n.err != nil {
		return nil, n.err
	} else if protocol == peer.RecallProtocol && answer != nil {
		return *answer, nil
	}
	return n.Network.Send(ctx, id, protocol, request)
}

// deaf is the network of a node that does not want to hear what was seen of its ledger:
// its operator forks it on purpose, or its program is of a version before the question.
func deaf(c transport.Config) (peer.Network, error) {
	host, err := transport.Open(c)
	return &told{Network: host, answer: &atomic.Pointer[[]byte]{}, err: transport.ErrProtocol}, err
}

// What a partner makes up stops nobody. Only what this ledger has signed does.
func TestPartnerThatLiesAboutWhatItSaw(t *testing.T) {
	w := newWorldWith(t, "[retention]\nsweep_every = \"87600h\"\n", municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	answeredExchange(t, college, debts)
	own, size := college.node.Checkpoint()
	others, _ := debts.node.Checkpoint()
	name := peer.Origin(municipality.OIN)
	signed := func(key ed25519.PrivateKey, origin string, size uint64) []byte {
		t.Helper()
		signer, err := ledger.NewSigner(origin, key)
		if err != nil {
			t.Fatal(err)
		}
		c := ledger.Checkpoint{Origin: origin, Size: size, Root: ledger.Hash{1}}
		note, err := ledger.SignCheckpoint(c, signer)
		if err != nil {
			t.Fatal(err)
		}
		return note
	}
	_, thief, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	mine := keysOf(t, college).Of(crypto.UseCheckpoint)[0]
	college.stop()
	answer := &atomic.Pointer[[]byte]{}
	college.options.Network = func(c transport.Config) (peer.Network, error) {
		host, err := transport.Open(c)
		return &told{Network: host, answer: answer}, err
	}
	say := func(notes ...[]byte) {
		r := map[string][]string{}
		for _, n := range notes {
			r["seen"] = append(r["seen"], string(n))
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Store(&text)
	}
	for what, lie := range map[string]struct {
		notes   [][]byte
		vouches bool // then messages are exchanged with him
	}{
		"what he saw":               {[][]byte{own}, true},
		"his own":                   {[][]byte{others}, true},
		"nothing":                   {nil, true},
		"another name of ours":      {[][]byte{signed(mine, name+"/2", size+100)}, true},
		"forged":                    {[][]byte{signed(thief, name, size+100)}, false},
		"forged, and smaller":       {[][]byte{signed(thief, name, 2)}, false},
		"cut off":                   {[][]byte{own[:len(own)-8]}, true},
		"larger than it was signed": {[][]byte{bytes.Replace(own, []byte("\n"), []byte("\n9"), 1)}, false},
		"no checkpoint":             {[][]byte{[]byte(name + "\n\nx")}, true},
		"half a checkpoint":         {[][]byte{[]byte(name + "\nx\n\nx")}, false},
		"many":                      {slices.Repeat([][]byte{signed(thief, name, size+100)}, 100), false},
	} {
		say(lie.notes...)
		college.start()
		college.asked()
		x, err := ask(t.Context(), college.node, requester, question(t))
		if err != nil || college.node.Recovering() {
			t.Fatalf("%s: stopped, %v", what, err)
		}
		if lie.vouches {
			college.wait(x.ID, exchange.Delivered)
		} else if vouched, partners := college.node.Vouching(); vouched != 0 || partners != 1 {
			t.Errorf("%s: %d of %d vouched", what, vouched, partners)
		}
		college.stop()
	}
	// No answer in form, and one of a program that does not know the question.
	garbage := []byte(`{"seen":`)
	answer.Store(&garbage)
	college.start()
	college.asked()
	if _, err := college.node.OpenCase(t.Context(), requester, caseOf(question(t))); err != nil {
		t.Error(err)
	}
	college.stop()
	lying := college.options.Network
	college.options.Network = deaf
	college.start()
	answeredExchange(t, college, debts)
	college.stop()
	// And so that the above can fail: signed by us, and not what we have.
	college.options.Network = lying
	say(signed(thief, name, size), signed(mine, name, size))
	college.start()
	college.held()
}

// Who asks is told of his own ledger, whatever he asks, and nobody is told of another's.
func TestAskedForTheLedgerOfAnother(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, debts, youth := w.members[0], w.members[1], w.members[2]
	answeredExchange(t, college, debts)
	debts.node.WitnessOnce(t.Context(), municipality.OIN)
	ask := func(m *member, question string) string {
		t.Helper()
		m.stop()
		host, err := transport.Open(transport.Config{
			Key: keysOf(t, m).Host, Listen: []string{freeAddress(t)}, Peers: w.peersBut(m),
			Protocols: map[string]transport.Protocol{peer.RecallProtocol: {
				Handler: func(context.Context, string, []byte) ([]byte, error) { return []byte("{}"), nil }, MaxRequest: 16, MaxReply: 1 << 20, Timeout: 20 * time.Second,
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer host.Close()
		reply, err := host.Send(t.Context(), debts.entry.Peer, peer.RecallProtocol, []byte(question))
		if err != nil {
			t.Fatal(err)
		}
		return string(reply)
	}
	for _, question := range []string{`{}`, `{"l":1}`, `{"l":2}`, `{"s":1,"l":1}`, `{"l":-1}`, ``, `{"l":1e99}`} {
		if reply := ask(youth, question); strings.Contains(reply, `"seen":[`) || strings.Contains(reply, "since") || strings.Contains(reply, string(municipality.OIN)) {
			t.Errorf("%s: a party that has nothing to do with it is told %s", question, reply)
		}
	}
	for question, told := range map[string]bool{`{}`: true, `{"l":1}`: true, `{"l":2}`: false} {
		reply := ask(college, question)
		if strings.Contains(reply, peer.Origin(municipality.OIN)+`\n`) != told || strings.Contains(reply, peer.Origin(debtHelp.OIN)) {
			t.Errorf("%s: told %s", question, reply)
		}
	}
}

package peer_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// A world is a register authority and the parties that it lists, each a real
// node in a directory of its own.
type world struct {
	t       testing.TB
	dir     string
	auth    *authority
	members []*member
	config  string
	ahead   atomic.Int64 // nanoseconds that every clock runs ahead
}

// A member is one party with its node, which may be down.
type member struct {
	world *world
	party exchange.Party
	dir   string
	lock  crypto.Lock
	// keyFile holds the key that opens the keystore.
	keyFile string
	entry   register.Entry
	node    *peer.Node
	stop    func()
	// options change how the node is opened.
	options peer.Options
}

var (
	municipality = exchange.Party{OIN: "00000099000001001000", Name: "gemeente Voorbeeldstad", Capacities: []exchange.Capacity{{
		Code: "investigation", Domain: "investigation", Task: "investigation", Regime: exchange.NoSecrecy, MayProcessBSN: true,
		Special: []exchange.Category{exchange.Health, exchange.Criminal},
	}}}
	debtHelp = exchange.Party{OIN: "00000099000002002000", Name: "schuldhulp Uit de Schuld", Capacities: []exchange.Capacity{{
		Code: "debts", Domain: "debts", Task: "service", Regime: exchange.NoSecrecy, MayProcessBSN: true,
	}}}
	youthCare = exchange.Party{OIN: "00000099000004004000", Name: "jeugdhulp De Linde", Capacities: []exchange.Capacity{{
		Code: "youth-care", Domain: "youth-care", Task: "service", Regime: exchange.YouthAct, MayProcessBSN: true,
		Special: []exchange.Category{exchange.Health},
	}}}
	housing = exchange.Party{OIN: "00000099000003003000", Name: "woningcorporatie Thuis", Capacities: []exchange.Capacity{{
		Code: "housing", Domain: "housing", Task: "service", Regime: exchange.NoSecrecy,
	}}}
)

var (
	requester    = peer.Who{ID: "a.jansen"}
	professional = peer.Who{ID: "b.devries"}
	colleague    = peer.Who{ID: "c.bakker"}
)

// newWorld makes a node for each party, lists all in a register, and starts
// them.
func newWorld(t testing.TB, parties ...exchange.Party) *world {
	t.Helper()
	return newWorldWith(t, "", parties...)
}

// newWorldWith is newWorld with more lines in each configuration.
func newWorldWith(t testing.TB, config string, parties ...exchange.Party) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), auth: newAuthority(t), config: config}
	for _, p := range parties {
		w.add(p)
	}
	bundle := w.publish()
	for _, m := range w.members {
		m.start()
		m.install(bundle)
		m.hire()
	}
	return w
}

func (w *world) add(p exchange.Party) *member {
	w.t.Helper()
	file, err := crypto.NewKeyFile()
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.dir, string(p.OIN)+".key")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		w.t.Fatal(err)
	}
	lock, err := keyFileLock(path)
	if err != nil {
		w.t.Fatal(err)
	}
	m := &member{world: w, party: p, dir: filepath.Join(w.dir, string(p.OIN)), lock: lock, keyFile: path}
	m.options = peer.Options{Lock: lock, Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }, Log: slog.New(slog.DiscardHandler)}
	if testing.Verbose() {
		m.options.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", p.Name)
	}
	address := freeAddress(w.t)
	plan := peer.Plan{
		Identity: peer.Identity{Party: p}, Root: w.auth.root, Lock: lock, Config: []byte(`
listen = ["` + address + `"]
quic = false
[limits]
min_free_bytes = 1
[delivery]
first_pause = "20ms"
longest_pause = "200ms"
` + w.config),
	}
	if err := peer.Create(context.Background(), m.dir, plan, peer.Options{}); err != nil {
		w.t.Fatal(err)
	}
	if m.entry, err = peer.Entry(m.dir, peer.Options{Lock: lock}); err != nil {
		w.t.Fatal(err)
	}
	w.members = append(w.members, m)
	return m
}

// publish signs a register of the next version that lists every member.
func (w *world) publish() []byte {
	w.t.Helper()
	var entries []register.Entry
	for _, m := range w.members {
		entries = append(entries, m.entry)
	}
	return w.auth.publish(w.t, entries, time.Now().Add(12*time.Hour))
}

// open opens the node without starting its duties.
func (m *member) open() *peer.Node {
	m.world.t.Helper()
	n, err := peer.Open(m.dir, m.options)
	if err != nil {
		m.world.t.Fatal(err)
	}
	m.node = n
	return n
}

// start opens the node and lets it do its duties until stop or the end of the
// test, when its ledger is proved once more.
func (m *member) start() {
	m.world.t.Helper()
	n := m.open()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	down := false
	m.stop = func() {
		if down {
			return
		}
		down = true
		cancel()
		if err := <-ended; err != nil {
			m.world.t.Errorf("%s: run: %v", m.party.Name, err)
		}
		if _, err := n.VerifyLedger(context.Background()); err != nil {
			m.world.t.Errorf("%s: the ledger is not consistent: %v", m.party.Name, err)
		}
		if err := n.Close(); err != nil {
			m.world.t.Errorf("%s: close: %v", m.party.Name, err)
		}
	}
	m.world.t.Cleanup(m.stop)
}

func (m *member) install(bundle []byte) {
	m.world.t.Helper()
	if err := m.node.InstallRegister(context.Background(), bundle); err != nil {
		m.world.t.Fatal(err)
	}
}

// hire makes a requester and two professionals known.
func (m *member) hire() {
	m.world.t.Helper()
	for who, role := range map[peer.Who]exchange.Role{
		requester: exchange.Requester, professional: exchange.Professional, colleague: exchange.Professional,
	} {
		a := exchange.Actor{ID: who.ID, Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{{Role: role, Capacity: m.party.Capacities[0].Code}}}
		if err := m.node.AddStaff(context.Background(), a); err != nil {
			m.world.t.Fatal(err)
		}
	}
}

// wait waits until the exchange is in one of the phases.
func (m *member) wait(id exchange.ID, phases ...exchange.Phase) exchange.Phase {
	m.world.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s, err := m.node.Wait(ctx, id, phases...)
	if err != nil {
		m.world.t.Fatalf("%s: exchange is in %q, want one of %v: %v", m.party.Name, s.Phase, phases, err)
	}
	return s.Phase
}

// settle waits until the node has nothing left to deliver.
func (m *member) settle() {
	m.world.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		changed := m.node.Changed()
		if m.node.Waiting() == 0 {
			return
		}
		select {
		case <-ctx.Done():
			m.world.t.Fatalf("%s: %d messages are still waiting", m.party.Name, m.node.Waiting())
		case <-changed:
		case <-time.After(50 * time.Millisecond): // the last change comes before the courier forgets
		}
	}
}

// kinds lists the kinds of the ledger entries of an exchange.
func (m *member) kinds(id exchange.ID) []string {
	m.world.t.Helper()
	var kinds []string
	for from := uint64(0); ; {
		entries, err := m.node.Entries(from, 100)
		if err != nil {
			m.world.t.Fatal(err)
		}
		for _, e := range entries {
			if e.Exchange == string(id) {
				kinds = append(kinds, e.Kind)
			}
		}
		if len(entries) == 0 {
			return kinds
		}
		from += uint64(len(entries))
	}
}

func (m *member) wantKinds(id exchange.ID, want ...exchange.EventKind) {
	m.world.t.Helper()
	var text []string
	for _, k := range want {
		text = append(text, string(k))
	}
	if got := m.kinds(id); !slices.Equal(got, text) {
		m.world.t.Errorf("%s: the ledger says %v, want %v", m.party.Name, got, text)
	}
}

// ask opens a case for the person whom a request is about, and asks in it.
func ask(ctx context.Context, n *peer.Node, who peer.Who, r exchange.Request) (exchange.Exchange, error) {
	c, err := n.OpenCase(ctx, who, caseOf(r))
	if err != nil {
		return exchange.Exchange{}, err
	}
	r.Case = c.ID
	return n.Ask(ctx, who, peer.Asking{Request: r})
}

func today() time.Time { return time.Now().UTC().Truncate(24 * time.Hour) }

// caseOf is a case of a client who asked for help today, about the person of a
// request.
func caseOf(r exchange.Request) exchange.Case {
	s := r.Subject
	return exchange.Case{
		Trigger: exchange.Trigger{
			Code: "client-request", On: today(), Scope: []exchange.DomainCode{"debts", "housing", "youth-care"},
			Statements: []exchange.Statement{
				{Code: "act", Text: exchange.Hide("wmo")}, {Code: "suspicion", Text: exchange.Hide("client-said")},
				{Code: "coherence", Text: exchange.Hide("debts keep him from work and from a home")},
			},
		},
		People: []exchange.Person{{Standing: s.Standing, BSN: s.BSN, Name: s.Name, Born: s.Born, Address: s.Address}},
	}
}

// question is a request of the municipality to debtHelp.
func question(t testing.TB) exchange.Request {
	t.Helper()
	r, err := questionOf("999993847")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func questionOf(number string) (exchange.Request, error) {
	bsn, err := exchange.ParseBSN(number)
	return exchange.Request{
		From:    exchange.PartyID{OIN: municipality.OIN, Capacity: "investigation"},
		To:      exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"},
		Purpose: "investigation/client-request", Specific: exchange.Hide("to plan help at home"),
		Statements: []exchange.Statement{
			{Code: "question", Text: exchange.Hide("running")}, {Code: "why-this-party", Text: exchange.Hide("it runs the debt plan")},
		},
		Trigger: exchange.TriggerNote{Code: "client-request", On: today()},
		Subject: exchange.Subject{Standing: exchange.Client, BSN: bsn},
		Items: []exchange.AskedItem{
			{Item: "debt-plan", Depth: exchange.Content, Why: exchange.Hide("to plan the first month around them")},
			{Item: "debt-creditors", Depth: exchange.That, Why: exchange.Hide("to know whether a house near a school is wise")},
		},
		Involvement: exchange.Involvement{State: exchange.InConsultation}, Contact: exchange.Hide("06-00000000"),
	}, err
}

func keyFileLock(path string) (crypto.Lock, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return crypto.Lock{}, err
	}
	return crypto.KeyFileLock(file)
}

// verdict supplies the first item and withholds the second.
func verdict() exchange.Decision {
	return exchange.Decision{
		Items: []exchange.ItemDecision{
			{Item: "debt-plan", Outcome: exchange.Supply, Depth: exchange.Process, Value: exchange.Hide("meldplicht tot en met maart")},
			{Item: "debt-creditors", Outcome: exchange.Withhold, Ground: "not-necessary", Reason: exchange.Hide("voegt niets toe"), Tell: exchange.Hide("bel mij")},
		},
		Conditions: []exchange.Condition{{Code: exchange.AskFirst}},
	}
}

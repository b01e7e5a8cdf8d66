package testnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sluis/console"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
)

// Config says what network to start.
type Config struct {
	// Dir holds the network: a directory per party, the register authority and
	// the key file that opens them all. An empty or missing one is filled, one
	// that holds a network is started again.
	Dir string
	// Members are the parties of a new network. Default: [Members].
	Members []Member
	// Now is the clock of every node. Default: the system's.
	Now func() time.Time
	// Log receives the log of every node, with the party as an attribute.
	// Default: nothing is logged.
	Log *slog.Logger
	// Announce tells which TCP address a party announces in the register when
	// it listens on this one, so that something can stand in between. With it,
	// the network uses TCP alone. Default: the address itself, and QUIC too.
	Announce func(party, listen string) (string, error)
	// Observe makes what is told of each step of a party's node. Default: nobody is.
	Observe func(party string) peer.Observe
	// Console changes how people sign in at the console of a party, beside the
	// links. Default: with passkeys, or passwords with codes.
	Console func(party string, c *peer.Console)
	// Pages changes with what the console of a party is opened. Default: nothing.
	Pages func(party string, o *console.Options)
	// Bare leaves out the API and the console of every node, and TCP.
	Bare bool
	// Started is told how many nodes are up, after each. Default: nobody is.
	Started func(up int)
	// Systems lets a case system call the API of each party over TLS, see
	// [Net.SystemsDir]. Default: none.
	Systems bool
}

// A Net is a running network. Its methods may be called by one goroutine at a
// time.
type Net struct {
	config  Config
	lock    crypto.Lock
	systems *systems // nil where none is let in
	// nodes by the key of the party, and their order.
	nodes map[string]*node
	order []string
	ports map[int]bool // that were given to nodes
}

// A node is one party on the network. What changes when it is stopped and
// started is in running, which is nil while it is down.
type node struct {
	member  Member
	dir     string
	door    *door
	running *running
}

const (
	networkFile  = "testnet.json"
	keyFile      = "keyfile.txt"
	authorityDir = "authority"
	loopback     = "127.0.0.1"
)

// Start makes a network in an empty directory, or starts the one that is there,
// and returns when every node serves its API.
func Start(ctx context.Context, c Config) (n *Net, err error) {
	if c.Dir == "" {
		return nil, errors.New("a test network needs a directory")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, err
	}
	n = &Net{config: c, nodes: map[string]*node{}, ports: map[int]bool{}}
	made, err := n.find()
	if err != nil {
		return nil, err
	}
	if !made {
		if err := n.make(ctx); err != nil {
			return nil, err
		}
	}
	bundle, err := n.freshRegister()
	if err != nil {
		return nil, err
	}
	if c.Systems {
		if n.systems, err = makeSystems(c.Dir); err != nil {
			return nil, err
		}
	}
	for i, key := range n.order {
		if err := n.start(ctx, n.nodes[key], bundle); err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", key, err), n.Close())
		}
		if c.Started != nil {
			c.Started(i + 1)
		}
	}
	return n, nil
}

// add puts a party on the network, not started.
func (n *Net) add(m Member) {
	dir := filepath.Join(n.config.Dir, m.Key)
	n.nodes[m.Key] = &node{member: m, dir: dir, door: newDoor(socketOf(dir))}
	n.order = append(n.order, m.Key)
}

// make creates everything that a new network has on disk.
func (n *Net) make(ctx context.Context) error {
	members := n.config.Members
	if members == nil {
		members = Members()
	}
	for _, m := range members {
		n.add(m)
	}
	contents, err := crypto.NewKeyFile()
	if err != nil {
		return err
	}
	if n.lock, err = crypto.KeyFileLock(contents); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(n.config.Dir, keyFile), contents, 0o600); err != nil {
		return err
	}
	root, err := n.makeAuthority()
	if err != nil {
		return err
	}
	var entries []register.Entry
	for _, m := range members {
		entry, err := n.create(ctx, n.nodes[m.Key], root)
		if err != nil {
			return fmt.Errorf("create %s: %w", m.Key, err)
		}
		entries = append(entries, entry)
	}
	if err := n.sign(entries); err != nil {
		return err
	}
	// Last, so that a directory that was not finished is not taken for a network.
	return n.save()
}

// create makes the directory of one party and returns its register entry.
func (n *Net) create(ctx context.Context, node *node, root []byte) (register.Entry, error) {
	config, err := n.configOf(node.member.Key)
	if err != nil {
		return register.Entry{}, err
	}
	m := node.member
	plan := peer.Plan{
		Identity: peer.Identity{Party: m.Party, Contact: register.Contact{Email: m.Email, Phone: m.Phone}},
		Root:     root, Lock: n.lock, Config: config,
	}
	options := n.options(m.Key)
	if err := peer.Create(ctx, node.dir, plan, options); err != nil {
		return register.Entry{}, err
	}
	return peer.Entry(node.dir, peer.Options{Lock: n.lock})
}

// configOf is the sluis.toml of a party: free ports on loopback, and a patience
// that suits a demonstration.
func (n *Net) configOf(key string) ([]byte, error) {
	port, err := freePort()
	for err == nil && n.ports[port] { // nobody listens on it yet
		port, err = freePort()
	}
	if err != nil {
		return nil, err
	}
	n.ports[port] = true
	tcp := fmt.Sprintf("/ip4/%s/tcp/%d", loopback, port)
	quic := fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", loopback, port)
	addresses := fmt.Sprintf("listen = [%q, %q]\n", quic, tcp)
	if n.config.Bare {
		// Every node connects to every other: over TCP that is a file each time.
		addresses = fmt.Sprintf("listen = [%q]\n", quic)
	}
	if n.config.Announce != nil {
		announced, err := n.config.Announce(key, tcp)
		if err != nil {
			return nil, err
		}
		addresses = fmt.Sprintf("listen = [%q]\nannounce = [%q]\nquic = false\n", tcp, announced)
	}
	return []byte("# A node of a test network on one machine.\n" + addresses + `
[limits]
min_free_bytes = 67108864
requests_per_day = 1000000

[delivery]
first_pause = "100ms"
longest_pause = "1s"
`), nil
}

// freePort finds a port that is free for TCP and for UDP.
func freePort() (int, error) {
	const tries = 50
	for range tries {
		// Below the ports that the system gives to outgoing connections: one of
		// those could be taken while the network is down for a moment.
		l, err := net.Listen("tcp4", fmt.Sprintf("%s:%d", loopback, 15000+rand.N(15000)))
		if err != nil {
			continue
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(loopback), Port: port})
		if err == nil {
			err = u.Close()
		}
		if err := errors.Join(err, l.Close()); err == nil {
			return port, nil
		}
	}
	return 0, errors.New("found no port that is free for both TCP and UDP")
}

func (n *Net) options(key string) peer.Options {
	return peer.Options{Lock: n.lock, Log: n.config.Log.With("party", key), Now: n.config.Now, Observe: n.observe(key)}
}

func (n *Net) observe(key string) peer.Observe {
	if n.config.Observe == nil {
		return nil
	}
	return n.config.Observe(key)
}

// Parties lists the keys of the parties, in their order.
func (n *Net) Parties() []string { return slices.Clone(n.order) }

// Dir is the directory of a party's node.
func (n *Net) Dir(party string) string { return n.nodes[party].dir }

// Socket is where the API of a party's node is served.
func (n *Net) Socket(party string) string { return socketOf(n.nodes[party].dir) }

// A Door is a link that signs somebody in at the console of his party: of a
// test network only, and for a day.
type Door struct {
	Staff exchange.ActorID
	Role  exchange.Role
	Hat   exchange.CapacityCode
	URL   string
}

// Doors lists the links of everybody who works at a party that is up.
func (n *Net) Doors(party string) (all []Door) {
	node, ok := n.nodes[party]
	if !ok || node.running == nil {
		return nil
	}
	for _, a := range node.member.Staff {
		for _, g := range a.Roles {
			link := node.running.address + node.running.pages.Link(a.ID, g.Capacity, g.Role)
			all = append(all, Door{Staff: a.ID, Role: g.Role, Hat: g.Capacity, URL: link})
		}
	}
	return all
}

// EndSessions ends every session at the console of a party, as when nobody has
// done anything for a quarter of an hour.
func (n *Net) EndSessions(party string) {
	if node, ok := n.nodes[party]; ok && node.running != nil {
		node.running.pages.EndSessions()
	}
}

// Member is what the network knows of a party.
func (n *Net) Member(party string) (Member, bool) { return n.member(party) }

func (n *Net) member(party string) (Member, bool) {
	node, ok := n.nodes[party]
	if !ok {
		return Member{}, false
	}
	return node.member, true
}

// partyID is the party as others address it: in the capacity in which it is
// asked, or else in which it asks.
func (n *Net) partyID(party string) (exchange.PartyID, error) {
	m, ok := n.member(party)
	if !ok {
		return exchange.PartyID{}, fmt.Errorf("%s is not on this network", party)
	}
	c, _, ok := m.capacity("", exchange.Professional)
	if !ok {
		c = m.Party.Capacities[0]
	}
	return exchange.PartyID{OIN: m.Party.OIN, Capacity: c.Code}, nil
}

func (n *Net) door(party string) *door { return n.nodes[party].door }

// Running reports whether the node of a party is up.
func (n *Net) Running(party string) bool {
	node, ok := n.nodes[party]
	return ok && node.running != nil
}

// Stop takes the node of a party down, as when its machine is switched off
// properly.
func (n *Net) Stop(party string) error {
	node, ok := n.nodes[party]
	if !ok {
		return fmt.Errorf("%s is not on this network", party)
	}
	if node.running == nil {
		return fmt.Errorf("%s is down already", party)
	}
	err := node.running.stop()
	node.running = nil
	node.door.client.Close()
	return err
}

// Restart brings a node back that was stopped. It fails when the node can't
// prove its ledger.
func (n *Net) Restart(ctx context.Context, party string) error {
	node, ok := n.nodes[party]
	if !ok {
		return fmt.Errorf("%s is not on this network", party)
	}
	if node.running != nil {
		return fmt.Errorf("%s is up already", party)
	}
	return n.start(ctx, node, nil)
}

// Close stops every node. Nothing is removed.
func (n *Net) Close() error {
	var (
		mu   sync.Mutex
		all  error
		work sync.WaitGroup
	)
	for _, key := range n.order {
		node := n.nodes[key]
		if node.running == nil {
			continue
		}
		r := node.running
		node.running = nil
		work.Go(func() {
			err := r.stop()
			mu.Lock()
			defer mu.Unlock()
			all = errors.Join(all, err)
		})
	}
	work.Wait()
	return all
}

// Package peer is one organisation's node: a door per verb (ask, withdraw,
// receive, decide, open, …) and a step per duty (deliver, refresh). It is where
// the law, the formats, the store and the network meet, and where little else
// happens: every door looks, judges and writes.
//
//   - look: read what there is, from the store and the register in force;
//   - judge: one call into package exchange, which returns the new value and
//     the event that goes with it, or a refusal;
//   - write: one store.Change with state, outgoing message and ledger entry.
//
// A Node keeps nothing itself: what must survive is in the store, what can be
// made again is in a snapshot. If a door here has an `if` about the law, it is
// in the wrong room.
//
// The package may use every room below it. It must not know of HTTP, terminals
// or pages: those are doors in front of this one.
package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/register"
	"sluis/schemas"
	"sluis/store"
	"sluis/transport"
)

// Network hands sealed bytes to a peer and comes back with its reply. The
// libp2p host of package transport is one; a simulation is another.
type Network interface {
	// Send returns the peer's reply. An error means that no reply came; it
	// says nothing about whether the peer read the request.
	Send(ctx context.Context, peerID, protocol string, request []byte) ([]byte, error)
	SetPeers([]transport.Peer) error
	Addresses() []string
	// Connections counts those that stand now: direct ones, and through a relay.
	Connections() (direct, relayed int)
	// Spoken is what a peer said that it speaks, see [transport.Host.Spoken].
	Spoken(peerID string) []string
	// Places tells how it stands at the relays of the node, Callers who called.
	Places() []transport.Place
	Callers() transport.Callers
	Close() error
}

// A Node is one organisation's node.
type Node struct {
	dir      string
	id       Identity
	config   Config
	keys     atomic.Pointer[crypto.Keys] // replaced, never changed
	hardware hardware                    // signing keys that are not in the keystore
	lock     crypto.Lock                 // of the keystore
	store    *store.Store
	network  *switchboard
	pin      register.Pin
	courier  *courier
	watch    *watch
	vouching *vouching
	feed     feed
	board    *board
	quota    *quota
	clocks   *clocks
	renew    chan struct{} // holds one token when peers should hear of our register
	rekey    chan struct{} // holds one token when keys, or what the register says of them, changed
	again    chan struct{} // holds one token when partners should be asked what is missing
	rewrap   chan struct{} // holds one token when the master key was replaced
	sweep    chan struct{} // holds one token when something may be due before the day is over
	// force is what is in force now. Doors load it once per act; only
	// install stores it.
	force atomic.Pointer[inForce]
	// installing is held while a register is put in place: several peers may
	// offer the same one at once, and its file is written by one of them.
	installing sync.Mutex
	recovery   atomic.Pointer[Recovery] // nil unless the node was restored
	backing    sync.Mutex               // held while a backup is made
	rotating   sync.Mutex               // held while keys are changed or put to use
	sweeping   sync.Mutex               // held while what is due is destroyed, or held
	listing    sync.Mutex               // held while the list of what was destroyed is written
	forgot     atomic.Int64             // when old keys of acts were last looked for, in milliseconds
	law        *exchange.Law            // the program's own, in force until a register brings another
	started    time.Time                // by our own clock
	now        func() time.Time
	log        *slog.Logger
	observe    Observe
}

// inForce is what a register version brings with it. It does not change.
type inForce struct {
	register *register.Register // nil until one is installed
	law      *exchange.Law

	// written is the greeting that brings the register, once it was asked for.
	write    sync.Once
	written  []byte
	writeErr error
}

// Options says how to open a node.
type Options struct {
	Lock crypto.Lock // opens the keystore
	Log  *slog.Logger
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Network makes the network of the node; nil means libp2p as configured.
	Network func(transport.Config) (Network, error)
	// Observe is told of each step; nil observes nothing.
	Observe Observe
	// Chance draws the part of a pause that is left to chance, below its argument;
	// nil means that of the system.
	Chance func(below time.Duration) time.Duration
	// Disk stands in for the disk in a simulation; nil means the real one.
	Disk *store.Disk
}

// Open opens a node that [Create] made, proves its ledger (I10), and starts
// listening. It creates nothing: a wrong directory cannot start a second
// history.
func Open(dir string, o Options) (*Node, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkStorage(dir); err != nil {
		return nil, err
	}
	id, err := ReadIdentity(dir)
	if err != nil {
		return nil, err
	}
	config, err := ReadConfig(filepath.Join(dir, configFile))
	if err != nil {
		return nil, err
	}
	pin, err := readPin(dir)
	if err != nil {
		return nil, err
	}
	keys, err := openKeystore(dir, o.Lock)
	if err != nil {
		return nil, err
	}
	law, err := exchange.ParseLaw(schemas.Catalogues())
	if err != nil {
		return nil, err
	}
	if err := law.CheckTerms(config.Retention.terms()); err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	so, err := storeOptions(id, config, keys, o)
	if err != nil {
		return nil, err
	}
	pace := config.Delivery.pace(o.Chance)
	n := &Node{
		dir: dir, id: id, config: config, lock: o.Lock, pin: pin, courier: newCourier(pace), quota: newQuota(), clocks: newClocks(), board: newBoard(),
		watch: newWatch(config.Witness, pace), vouching: newVouching(pace), again: make(chan struct{}, 1), renew: make(chan struct{}, 1), rekey: make(chan struct{}, 1), rewrap: make(chan struct{}, 1), sweep: make(chan struct{}, 1), now: o.Now, log: o.Log, observe: o.Observe, law: law,
	}
	n.keys.Store(keys)
	if n.hardware, err = openHardware(config.Signing); err != nil {
		return nil, err
	}
	so.Signers = n.signers(so.Signer)
	if n.store, err = store.Open(filepath.Join(dir, storeDir), so); err != nil {
		return nil, err
	}
	n.started = n.now()
	n.force.Store(&inForce{law: law})
	if err := n.start(o); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	return n, nil
}

// start loads the register and the outbox and opens the network.
func (n *Node) start(o Options) error {
	if err := n.loadRegister(); err != nil {
		return err
	}
	if err := n.loadOutbox(); err != nil {
		return err
	}
	if err := n.loadWatch(); err != nil {
		return err
	}
	if err := n.loadVouching(); err != nil {
		return err
	}
	open := o.Network
	if open == nil {
		open = func(c transport.Config) (Network, error) { return transport.Open(c) }
	}
	network, err := openSwitchboard(open, transport.Config{
		Key: hostKey(n.keys.Load(), n.force.Load().register, n.id.OIN), Listen: n.config.Listen, Announce: n.config.Announce, Relays: n.config.Relays, Proxy: n.config.Proxy, QUIC: n.config.QUIC,
		Protocols: n.protocols(), Peers: n.peers(), Limits: n.config.transportLimits(), Log: n.log,
	})
	if err != nil {
		return err
	}
	n.network = network
	return nil
}

// Close stops the node. What was acknowledged is on disk.
func (n *Node) Close() error {
	return errors.Join(n.network.Close(), n.store.Close())
}

// Identity is what the node was made for.
func (n *Node) Identity() Identity { return n.id }

// Law is the law in force.
func (n *Node) Law() *exchange.Law { return n.force.Load().law }

// Addresses are the addresses on which the node really listens, and those of the
// relays where it has a place right now.
func (n *Node) Addresses() []string { return n.network.Addresses() }

// Connections counts the connections with others that stand now: direct ones, and
// those through a relay.
func (n *Node) Connections() (direct, relayed int) { return n.network.Connections() }

// own lists the capacities in which the node may be addressed, as the register
// has them.
func (n *Node) own(f *inForce) (exchange.Party, []exchange.PartyID, error) {
	party, err := f.party(n.id.OIN)
	if err != nil {
		return exchange.Party{}, nil, err
	}
	var ids []exchange.PartyID
	for _, c := range party.Capacities {
		ids = append(ids, exchange.PartyID{OIN: party.OIN, Capacity: c.Code})
	}
	return party, ids, nil
}

func (f *inForce) party(oin exchange.OIN) (exchange.Party, error) {
	if f.register == nil {
		return exchange.Party{}, fault(NoRegister)
	}
	p, ok := f.register.Party(oin)
	if !ok {
		return exchange.Party{}, fault(UnknownParty)
	}
	return p.Party, nil
}

// current refuses a register that is missing or has expired: what it says can
// no longer be relied on (I9).
func (n *Node) current() (*inForce, error) {
	f := n.force.Load()
	if f.register == nil {
		return nil, fault(NoRegister)
	}
	if !n.now().Before(f.register.Expires()) {
		return nil, fault(RegisterExpired)
	}
	return f, nil
}

// newID makes a UUIDv7 of now. Everything that is named tells its age, by the
// clock that the messages about it have.
func newID(now time.Time) exchange.ID {
	id := uuid.Must(uuid.NewV7())
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return exchange.ID(id.String())
}

// storeOptions derives from the keys what the store needs.
func storeOptions(id Identity, config Config, keys *crypto.Keys, o Options) (store.Options, error) {
	origin := id.origin()
	signers, err := signersOf(origin, keys)
	if err != nil {
		return store.Options{}, err
	}
	// The oldest comes first: it has signed whatever is on the disk.
	first := keys.Of(crypto.UseCheckpoint)[len(signers)-1]
	return store.Options{
		Master: keys.Master, Former: keys.Former.Master, Signer: signers[len(signers)-1], Verifier: ledger.VerifierKey(origin, publicHalf(first)),
		Signers:   func() []note.Signer { return signers },
		Migration: migration(), Now: o.Now, Log: o.Log, MinFree: config.Limits.MinFreeBytes, Disk: o.Disk,
		Committing: func(ctx context.Context) func(error) {
			_, end := o.Observe.Begin(ctx, CommitStep, nil)
			return func(err error) { end("", outcomeOfCommit(err)) }
		},
	}, nil
}

// Origin is the name of a party's ledger, as its checkpoints carry it (C2SP
// tlog-checkpoint: a schema-less URL that need not resolve).
func Origin(oin exchange.OIN) string { return "sluis.invalid/ledger/" + string(oin) }

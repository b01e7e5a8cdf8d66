package peer

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"sluis/crypto"
	"sluis/durable"
	"sluis/register"
	"sluis/transport"
)

// A RelayPlan says how to open a relay.
type RelayPlan struct {
	// Key is the identity of the relay: nodes name it in their configuration and
	// in the register. See [NewRelayKey].
	Key ed25519.PrivateKey

	// Listen and Announce are as in [Config].
	Listen, Announce []string

	// Root is the root document of the register, which the relay trusts from
	// then on. Register is the file with the published register. The relay takes
	// newer versions from its members and writes them there; and it reads the file
	// again when it has changed.
	Root     []byte
	Register string

	// PerIP bounds the nodes behind one address. Default: 256.
	PerIP int

	Log *slog.Logger
	Now func() time.Time // nil means the system's clock
}

// A Relay carries what the parties of a register send each other and can't
// deliver directly (libp2p circuit relay v2). It holds no state of theirs and no
// key but its own.
type Relay struct {
	plan RelayPlan
	pin  register.Pin
	host *transport.Host

	mu    sync.Mutex // held while a register is put in force
	force atomic.Pointer[inForce]
	read  []byte // the file as it was read last
}

// rereadEvery is how often a relay looks at the file of its register.
const rereadEvery = 5 * time.Second

// OpenRelay starts a relay for the parties of the register in the plan's file. An
// expired register does as well, as it does for a node: its parties can then
// still bring a newer one.
func OpenRelay(p RelayPlan) (*Relay, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	pin, err := register.ParsePin(p.Root)
	if err != nil {
		return nil, err
	}
	bundle, err := os.ReadFile(p.Register)
	if err != nil {
		return nil, err
	}
	reg, err := register.Reopen(pin, bundle)
	if err != nil {
		return nil, err
	}
	r := &Relay{plan: p, pin: pin, read: bundle}
	r.force.Store(&inForce{register: reg})
	host, err := transport.Open(transport.Config{
		Key: p.Key, Listen: p.Listen, Announce: p.Announce, QUIC: true, Relay: true, Log: p.Log, Limits: transport.Limits{PerIP: p.PerIP},
		Protocols: map[string]transport.Protocol{RegisterProtocol: registerProtocol(r.serveRegister)}, Peers: membersOf(reg),
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock() // members call by now
	defer r.mu.Unlock()
	r.host = host
	r.tell(reg)
	return r, nil
}

// Close stops the relay. What it was carrying is cut; the nodes deliver it when
// it is back.
func (r *Relay) Close() error { return r.host.Close() }

// ID is the peer ID of the relay.
func (r *Relay) ID() string { return r.host.ID() }

// Addresses are those at which the relay can be called, with its ID, as nodes
// have them in relays of their configuration.
func (r *Relay) Addresses() []string {
	listed := r.plan.Announce
	if len(listed) == 0 {
		listed = r.host.Addresses()
	}
	var addresses []string
	for _, a := range listed {
		addresses = append(addresses, a+"/p2p/"+r.host.ID())
	}
	return addresses
}

// RelayState is how a relay is, and how much it does: never for whom.
type RelayState struct {
	transport.Carried
	Members int       // parties of the register in force
	Version int       // of that register
	Expires time.Time // when it does; its parties exchange nothing after that
}

// State is how the relay is now.
func (r *Relay) State() RelayState {
	reg := r.force.Load().register
	return RelayState{Carried: r.host.Carried(), Members: len(reg.Parties()), Version: int(reg.Version()), Expires: reg.Expires()}
}

// Run reads the file of the register again when it has changed, until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	tick := time.NewTicker(rereadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.reread()
		}
	}
}

// reread takes the register of the file when it is another one than was read
// last.
func (r *Relay) reread() {
	r.mu.Lock()
	defer r.mu.Unlock()
	bundle, err := os.ReadFile(r.plan.Register)
	if err != nil {
		r.plan.Log.Warn("the file of the register can't be read: the one in force stays", "code", Internal)
		return
	}
	if string(bundle) == string(r.read) {
		return
	}
	r.read = bundle
	if err := r.take(bundle); err != nil {
		code, _ := classify(err)
		r.plan.Log.Warn("register of the file refused: the one in force stays", "code", code)
	}
}

// take puts a register in force if it follows the one that is. It needs mu.
func (r *Relay) take(bundle []byte) error {
	before := r.force.Load().register
	reg, err := register.Open(r.pin, bundle, before, r.plan.Now())
	if err != nil || reg.Version() == before.Version() {
		return err
	}
	if err := r.host.SetPeers(membersOf(reg)); err != nil {
		return err
	}
	r.force.Store(&inForce{register: reg})
	r.tell(reg)
	return nil
}

// serveRegister answers the greeting of a member, and takes the register that it
// brings when that is newer.
func (r *Relay) serveRegister(_ context.Context, from string, request []byte) ([]byte, error) {
	var g greeting
	if err := json.Unmarshal(request, &g); err != nil {
		return nil, fault(BadReply)
	}
	if len(g.Bundle) > 0 && g.Version > r.force.Load().register.Version() {
		if err := r.offered(g.Bundle); err != nil {
			code, _ := classify(err)
			r.plan.Log.Warn("register refused", "peer", from, "code", code)
		}
	}
	return r.force.Load().encodeGreeting(g.Version)
}

// offered takes a register that a member brought, and keeps it in the file.
func (r *Relay) offered(bundle []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.host == nil {
		return errNoNetwork // it is offered again
	}
	if err := r.take(bundle); err != nil {
		return err
	}
	if err := durable.Replace(r.plan.Register, bundle, 0o600); err != nil {
		r.plan.Log.Warn("the newer register can't be written to its file: it counts until the relay stops", "code", Internal)
		return nil
	}
	r.read = bundle
	return nil
}

func (r *Relay) tell(reg *register.Register) {
	r.plan.Log.Info("register in force", "version", reg.Version(), "parties", len(reg.Parties()), "expires", reg.Expires().Format(time.DateOnly))
	if !r.plan.Now().Before(reg.Expires()) {
		r.plan.Log.Warn("the register has expired: its parties exchange nothing until there is a newer one", "code", RegisterExpired)
	}
}

// membersOf are the parties that a relay serves. It calls none of them.
func membersOf(reg *register.Register) (peers []transport.Peer) {
	for _, p := range reg.Parties() {
		peers = append(peers, transport.Peer{ID: p.Peer})
	}
	return peers
}

// NewRelayKey makes the key of a relay and writes it as a file (PEM, PKCS #8). It
// is not sealed: a relay starts by itself, and its key opens nothing that was
// sealed to anybody.
func NewRelayKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ParseRelayKey reads what [NewRelayKey] wrote.
func ParseRelayKey(file []byte) (ed25519.PrivateKey, error) {
	errNotOne := errors.New("this is not the key of a relay: name the file that --new-key made")
	block, rest := pem.Decode(file)
	if block == nil || len(rest) > 0 || block.Type != "PRIVATE KEY" {
		return nil, errNotOne
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, errNotOne
	}
	return key, nil
}

// RelayID is the peer ID of the relay with this key file.
func RelayID(file []byte) (string, error) {
	key, err := ParseRelayKey(file)
	if err != nil {
		return "", err
	}
	return crypto.PeerID(key.Public().(ed25519.PublicKey)), nil
}

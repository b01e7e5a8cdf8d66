package peer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/durable"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
	"sluis/transport"
)

// Bounds of the register protocol. A register of 5,000 parties with hybrid
// recipients is some 24 MiB.
const (
	maxRegister  = 32 << 20
	maxGreeting  = maxRegister + 1<<20
	registerTime = time.Minute
	// registersAtOnce bounds the conversations about registers with one peer:
	// one of ours, one of his, and as many that were cut.
	registersAtOnce = 4
	registerKey     = "current"
)

// storedRegister is the row of the register in force. The bundle itself can be
// larger than a row and is public: it stands in a file, and what counts is its
// digest.
type storedRegister struct {
	Version uint64 `json:"version"`
	SHA256  []byte `json:"sha256"`
}

// loadRegister takes the register that was in force when the node stopped. One
// that has expired meanwhile is loaded too: it still tells where peers are, who
// may have a newer one, but nothing is exchanged under it (see current).
func (n *Node) loadRegister() error {
	value, _, err := n.store.Get(tableRegister, registerKey)
	if errors.Is(err, store.ErrNotFound) {
		return n.dropRegisters(0)
	}
	if err != nil {
		return err
	}
	var s storedRegister
	if err := json.Unmarshal(value, &s); err != nil {
		return err
	}
	if err := n.dropRegisters(s.Version); err != nil {
		return err
	}
	bundle, err := os.ReadFile(n.registerFile(s.Version))
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(bundle); !bytes.Equal(sum[:], s.SHA256) {
		return fmt.Errorf("register file of version %d is not the one that was installed; fetch that version again", s.Version)
	}
	reg, err := register.Reopen(n.pin, bundle)
	if err != nil {
		return err
	}
	law, err := n.lawOf(reg)
	if err != nil {
		return err
	}
	n.force.Store(&inForce{register: reg, law: law})
	return nil
}

// dropRegisters removes the files of versions above one: the node stopped before
// it wrote that they are in force, so the ledger does not know of them, and a bundle
// for an auditor must not bring them.
func (n *Node) dropRegisters(above uint64) error {
	files, err := os.ReadDir(filepath.Join(n.dir, registerDir))
	if err != nil {
		return err
	}
	for _, f := range files {
		version, err := strconv.ParseUint(strings.TrimSuffix(f.Name(), ".json"), 10, 64)
		if err != nil || version <= above {
			continue
		}
		if err := os.Remove(n.registerFile(version)); err != nil {
			return err
		}
	}
	return nil
}

// lawOf is the law that a register brings with it, or the program's own where
// it brings none. It brings all of it or nothing: catalogues of two versions
// do not mix.
func (n *Node) lawOf(reg *register.Register) (*exchange.Law, error) {
	if len(reg.Catalogues()) == 0 {
		return n.law, nil
	}
	documents := map[string][]byte{}
	for _, c := range reg.Catalogues() {
		if text, ok := reg.Catalogue(c.Name); ok {
			documents[c.Name] = text
		}
	}
	law, err := exchange.ParseLaw(documents)
	if err != nil {
		// What is wrong is for the authority that signed it; it holds nothing
		// personal.
		n.log.Error("the law of the register cannot be read by this version", "register", reg.Version(), "error", err.Error())
		return nil, fault(LawUnreadable)
	}
	return law, nil
}

// InstallRegister takes a newer version of the register. It is refused when it
// is older than the one in force, has expired, or its chain does not lead back
// to the root that was pinned when the node was made.
func (n *Node) InstallRegister(ctx context.Context, bundle []byte) error {
	n.installing.Lock()
	defer n.installing.Unlock()
	if reg := n.force.Load().register; reg != nil && bytes.Equal(reg.Raw(), bundle) && n.now().Before(reg.Expires()) {
		return nil // the one in force, as it was verified
	}
	for range maxOvertaken {
		before := n.force.Load()
		reg, err := register.Open(n.pin, bundle, before.register, n.now())
		if err != nil {
			return err
		}
		if before.register != nil && reg.Version() == before.register.Version() {
			return nil
		}
		law, err := n.lawOf(reg)
		if err != nil {
			return err
		}
		_, was, err := n.store.Get(tableRegister, registerKey)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := durable.Replace(n.registerFile(reg.Version()), bundle, 0o600); err != nil {
			return err
		}
		sum := sha256.Sum256(bundle)
		row, err := json.Marshal(storedRegister{Version: reg.Version(), SHA256: sum[:]})
		if err != nil {
			return err
		}
		_, err = n.store.Write(ctx, store.Change{
			Dossier: store.NodeDossier,
			Puts:    []store.Record{{Table: tableRegister, Key: registerKey, Value: row, Was: was}},
			Record:  []store.Event{{Kind: string(exchange.RegisterInstalled), Message: ledger.Digest(sum), Private: row}},
		})
		if errors.Is(err, store.ErrOvertaken) {
			continue
		}
		if errors.Is(err, store.ErrStopped) {
			return err // it may be written; the next start finds out
		}
		if err != nil {
			return errors.Join(err, os.Remove(n.registerFile(reg.Version())))
		}
		return n.enforce(&inForce{register: reg, law: law})
	}
	return fault(Busy)
}

// registerFile is where the bundle of a version stands. Versions are kept: an
// auditor needs the register that was in force at the time.
func (n *Node) registerFile(version uint64) string {
	return filepath.Join(n.dir, registerDir, strconv.FormatUint(version, 10)+".json")
}

// enforce puts a register that is on disk in force, also for the network:
// parties that it no longer has are cut off. The network comes first: when it
// does not take the peers, nothing has changed in either.
func (n *Node) enforce(after *inForce) error {
	if err := n.network.SetPeers(n.peersOf(after.register)); err != nil {
		return err
	}
	for {
		before := n.force.Load()
		if before.register != nil && before.register.Version() >= after.register.Version() {
			return nil
		}
		if n.force.CompareAndSwap(before, after) {
			break
		}
	}
	n.log.Info("register in force", "version", strconv.FormatUint(after.register.Version(), 10))
	n.courier.allReachable()
	n.board.forget()
	if err := n.expectVouchers(after.register); err != nil {
		return err
	}
	n.hurryRegister()
	n.hurryKeys()
	n.courier.signal()
	return nil
}

func (n *Node) hurryRegister() {
	select {
	case n.renew <- struct{}{}:
	default:
	}
}

// Register is the register in force, or nil before one is installed.
func (n *Node) Register() *register.Register { return n.force.Load().register }

// peers lists the parties that may talk to us: all of the register but us, and
// those whose every signing key was revoked: nothing that they say can be
// believed, and a thief may have their other keys too.
func (n *Node) peers() []transport.Peer { return n.peersOf(n.force.Load().register) }

func (n *Node) peersOf(reg *register.Register) []transport.Peer {
	if reg == nil {
		return nil
	}
	var peers []transport.Peer
	for _, p := range reg.Parties() {
		if p.OIN != n.id.OIN && reg.MaySign(p.OIN, n.now()) {
			peers = append(peers, transport.Peer{ID: p.Peer, Addresses: p.Addresses})
		}
	}
	return peers
}

// relays are the peer IDs of the relays at which the node keeps a place.
func (n *Node) relays() (ids []string) {
	for _, address := range n.config.Relays {
		if id, err := transport.RelayID(address); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// messagesAtOnce is how many messages of one partner are opened at a time: each is
// held sealed, open and parsed. A node of ours sends an eighth of these at once.
const messagesAtOnce = 64

func (n *Node) protocols() map[string]transport.Protocol {
	return map[string]transport.Protocol{
		MessageProtocol:  {Handler: n.serveMessage, MaxRequest: maxMessage, MaxReply: maxReply, PerPeer: messagesAtOnce, Timeout: attemptTime},
		WitnessProtocol:  {Handler: n.serveWitness, MaxRequest: wire.MaxWitnessing, MaxReply: wire.MaxWitnessing, Timeout: attemptTime},
		RecallProtocol:   {Handler: n.serveRecall, MaxRequest: 16, MaxReply: maxRecall, PerPeer: 2, Timeout: attemptTime}, // it reads the ledger back
		RegisterProtocol: registerProtocol(n.serveRegister),
	}
}

func registerProtocol(h transport.Handler) transport.Protocol {
	return transport.Protocol{Handler: h, MaxRequest: maxGreeting, MaxReply: maxGreeting, PerPeer: registersAtOnce, Timeout: registerTime}
}

// A greeting is what two nodes tell each other of their registers: the version
// that the speaker has and, where the other's is older, the bundle itself.
type greeting struct {
	Version uint64 `json:"version"`
	Bundle  []byte `json:"bundle,omitempty"`
}

func (n *Node) greeting(theirs uint64) greeting {
	return n.force.Load().greeting(theirs)
}

func (f *inForce) greeting(theirs uint64) greeting {
	if f.register == nil {
		return greeting{}
	}
	g := greeting{Version: f.register.Version()}
	if theirs < g.Version {
		g.Bundle = f.register.Raw()
	}
	return g
}

// encodeGreeting writes our greeting. With the bundle it is the same for all, so
// it is written once for each version: a peer pays thirteen bytes to ask for it.
func (f *inForce) encodeGreeting(theirs uint64) ([]byte, error) {
	g := f.greeting(theirs)
	if g.Bundle == nil {
		return json.Marshal(g)
	}
	f.write.Do(func() { f.written, f.writeErr = json.Marshal(g) })
	return f.written, f.writeErr
}

// serveRegister answers a greeting, and takes the bundle when it brings one.
func (n *Node) serveRegister(ctx context.Context, from string, request []byte) ([]byte, error) {
	var g greeting
	if err := json.Unmarshal(request, &g); err != nil {
		return nil, fault(BadReply)
	}
	if f := n.force.Load(); f.register != nil {
		if party, ok := f.register.ByPeer(from); ok {
			n.vouching.there(party.OIN)
		}
	}
	n.take(ctx, from, g)
	return n.force.Load().encodeGreeting(g.Version)
}

// take installs the register that a peer offers. A bad one is named in the log
// and changes nothing.
func (n *Node) take(ctx context.Context, from string, g greeting) {
	// Who brings what we have is not read: verifying it costs more than sending it.
	if reg := n.force.Load().register; len(g.Bundle) == 0 || reg != nil && g.Version <= reg.Version() {
		return
	}
	if !n.vouching.mayAsk() {
		return // it is offered again; nothing is written before partners said what they saw of our ledger
	}
	if err := n.InstallRegister(ctx, g.Bundle); err != nil {
		code, _ := classify(err)
		if n.quota.line(from, n.now()) {
			n.log.Warn("register refused", "peer", from, "code", code)
		}
	}
}

// refresh compares registers with every peer, so that a newer version reaches
// everybody who can be reached by anybody, and first with our relays, which let
// in whom they know. It reports whether all were reached.
func (n *Node) refresh(ctx context.Context) (all bool) {
	all = true
	ids := n.relays()
	for _, p := range n.peers() {
		ids = append(ids, p.ID)
	}
	var missed []string
	for _, id := range ids {
		if ctx.Err() != nil {
			return false
		}
		if err := n.greet(ctx, id); err != nil {
			n.log.Debug("register not compared", "peer", id, "error", err.Error())
			missed = append(missed, id)
			all = false
		}
	}
	n.introduce(ctx, missed)
	return all
}

// greet compares registers with one peer. Whichever is older is replaced. It fails
// with PartnerBehind when the peer was given ours and keeps an older one: its
// program can't read it, or its root is another.
func (n *Node) greet(ctx context.Context, peer string) error { return n.greetBy(ctx, n.network, peer) }

func (n *Node) greetBy(ctx context.Context, network Network, peer string) error {
	ctx, cancel := context.WithTimeout(ctx, registerTime)
	defer cancel()
	mine := greeting{}
	if reg := n.force.Load().register; reg != nil {
		mine.Version = reg.Version()
	}
	for range 2 {
		request, err := json.Marshal(mine)
		if err != nil {
			return err
		}
		raw, err := network.Send(ctx, peer, RegisterProtocol, request)
		if err != nil {
			return err
		}
		var theirs greeting
		if err := json.Unmarshal(raw, &theirs); err != nil {
			return fault(BadReply)
		}
		n.take(ctx, peer, theirs)
		if mine = n.greeting(theirs.Version); mine.Bundle == nil {
			return nil
		}
	}
	if n.quota.line(peer, n.now()) {
		n.log.Warn("a peer does not take the register in force", "peer", peer, "version", mine.Version)
	}
	return fault(PartnerBehind)
}

func readPin(dir string) (register.Pin, error) {
	root, err := os.ReadFile(filepath.Join(dir, rootFile))
	if err != nil {
		return register.Pin{}, err
	}
	return register.ParsePin(root)
}

package peer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"sync"

	"sluis/crypto"
	"sluis/transport"
)

// A switchboard is the network of a node, whose identity there can be replaced
// while it runs. In between, nothing is sent or received: messages wait, here
// and at partners, as they do for a node that is down.
type switchboard struct {
	open   func(transport.Config) (Network, error)
	config transport.Config // with the key and peers of the moment

	mu      sync.RWMutex
	current Network // nil while it is being replaced, and when that failed
	closed  bool
}

var errNoNetwork = errors.New("the network of this node is being opened")

func openSwitchboard(open func(transport.Config) (Network, error), c transport.Config) (*switchboard, error) {
	network, err := open(c)
	if err != nil {
		return nil, err
	}
	return &switchboard{open: open, config: c, current: network}, nil
}

func (s *switchboard) get() Network {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current
}

// ID is the peer ID that the node has, or is about to have.
func (s *switchboard) ID() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return crypto.PeerID(publicHalf(s.config.Key))
}

// Stands reports whether there is a network.
func (s *switchboard) Stands() bool { return s.get() != nil }

// Send implements [Network].
func (s *switchboard) Send(ctx context.Context, peerID, protocol string, request []byte) ([]byte, error) {
	network := s.get()
	if network == nil {
		return nil, errNoNetwork
	}
	return network.Send(ctx, peerID, protocol, request)
}

// SetPeers implements [Network].
func (s *switchboard) SetPeers(peers []transport.Peer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		if err := s.current.SetPeers(peers); err != nil {
			return err
		}
	}
	s.config.Peers = peers
	return nil
}

// Addresses implements [Network].
func (s *switchboard) Addresses() []string {
	if network := s.get(); network != nil {
		return network.Addresses()
	}
	return nil
}

// Connections implements [Network].
func (s *switchboard) Connections() (direct, relayed int) {
	if network := s.get(); network != nil {
		return network.Connections()
	}
	return 0, 0
}

// Spoken implements [Network].
func (s *switchboard) Spoken(peerID string) []string {
	if network := s.get(); network != nil {
		return network.Spoken(peerID)
	}
	return nil
}

// speaks lists what this node answers to, in each version.
func (s *switchboard) speaks() (ids []string) {
	for id, p := range s.config.Protocols { // which nobody changes
		ids = append(ids, id)
		for _, v := range p.Older {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// Places implements [Network].
func (s *switchboard) Places() []transport.Place {
	if network := s.get(); network != nil {
		return network.Places()
	}
	return nil
}

// Callers implements [Network].
func (s *switchboard) Callers() transport.Callers {
	if network := s.get(); network != nil {
		return network.Callers()
	}
	return transport.Callers{}
}

// Close implements [Network].
func (s *switchboard) Close() error {
	s.mu.Lock()
	network := s.current
	s.current, s.closed = nil, true
	s.mu.Unlock()
	if network == nil {
		return nil
	}
	return network.Close()
}

// move closes the network and opens it again under another key. The old one must
// be gone first, as both listen on the same ports. Handlers that run then may
// still change the peers, so nothing is held meanwhile.
func (s *switchboard) move(key ed25519.PrivateKey) error {
	s.mu.Lock()
	before := s.current
	s.current, s.config.Key = nil, key
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil
	}
	if before != nil {
		if err := before.Close(); err != nil {
			return err
		}
	}
	s.mu.RLock()
	config := s.config
	s.mu.RUnlock()
	network, err := s.open(config)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return network.Close()
	}
	s.current = network
	return network.SetPeers(s.config.Peers) // they may have changed meanwhile
}

// guise opens a second network under another key of the node, that calls and is
// not called, and speaks one protocol.
func (s *switchboard) guise(key ed25519.PrivateKey, protocol string) (Network, error) {
	s.mu.RLock()
	c := s.config
	s.mu.RUnlock()
	p := c.Protocols[protocol]
	p.Handler = nil
	c.Key, c.Listen, c.Announce, c.Relays = key, nil, nil, nil
	c.Protocols = map[string]transport.Protocol{protocol: p}
	return s.open(c)
}

// moveHost gives the node the peer ID under which the register has it.
func (n *Node) moveHost() error {
	key := hostKey(n.keys.Load(), n.force.Load().register, n.id.OIN)
	if crypto.PeerID(publicHalf(key)) == n.network.ID() && n.network.Stands() {
		return nil
	}
	if err := n.network.move(key); err != nil {
		return err
	}
	n.log.Info("on the network under the peer ID of the register", "peer", n.network.ID())
	n.courier.allReachable()
	n.courier.signal()
	n.hurryRegister()
	return nil
}

// introduce compares registers with peers that do not let the node in under the
// peer ID that it has: with the key that it had before, to those that have not
// heard of the new one, and with a new one, to those that have it from a register
// which this node has yet to get.
func (n *Node) introduce(ctx context.Context, ids []string) {
	for _, key := range n.keys.Load().Of(crypto.UsePeer) {
		if len(ids) == 0 || crypto.PeerID(publicHalf(key)) == n.network.ID() {
			continue
		}
		guise, err := n.network.guise(key, RegisterProtocol)
		if err != nil {
			n.log.Debug("no introduction under another peer ID", "error", err.Error())
			continue
		}
		for _, id := range ids {
			if ctx.Err() != nil {
				break
			}
			if err := n.greetBy(ctx, guise, id); err != nil {
				n.log.Debug("register not compared under another peer ID", "peer", id, "error", err.Error())
			}
		}
		if err := guise.Close(); err != nil {
			n.log.Debug("another peer ID was not left cleanly", "error", err.Error())
		}
	}
}

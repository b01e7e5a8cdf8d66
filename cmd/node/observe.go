package main

import (
	"log/slog"
	"net"

	"sluis/api/server"
	"sluis/observe"
	"sluis/peer"
)

// observe opens what observes the node, and the address on which its figures are
// served; nil, nil where both are switched off.
func (t *terminal) observe(c peer.Config, log *slog.Logger) (*observe.Instruments, net.Listener, error) {
	if c.Metrics.Listen == "" && c.Tracing.Endpoint == "" {
		return nil, nil, nil
	}
	id, err := peer.ReadIdentity(t.dir)
	if err != nil {
		return nil, nil, err
	}
	seen, err := observe.New(observe.Options{Version: versionText(), Instance: string(id.OIN), Log: log, Endpoint: c.Tracing.Endpoint})
	if err != nil {
		return nil, nil, err
	}
	if c.Metrics.Listen == "" {
		return seen, nil, nil
	}
	l, err := net.Listen("tcp", c.Metrics.Listen)
	if err != nil {
		return nil, nil, err
	}
	log.Info("figures about the node can be read", "address", l.Addr().String())
	return seen, l, nil
}

// observed is the node as instruments look at it, once its door is made.
func observed(node *peer.Node, c peer.Config, door *server.API) observe.Node {
	return observe.Node{Node: node, Relays: len(c.Relays), Logboek: door.Logboek, Webhooks: door.Webhooks.States}
}

package transport

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Callers tells how peers have called this host since it was opened: with a
// request, over a connection that they made. A peer may have no need to: it also
// uses the connections that this host makes. So what is here was possible, and of
// what is not here nothing is known.
type Callers struct {
	Direct  int       // peers that called it directly, at least once
	Relayed int       // those that called it through a relay only
	Last    time.Time // when the last one did; zero before the first
	Since   time.Time // when the host was opened
}

// callers remembers them by the best way that each had.
type callers struct {
	since time.Time

	mu   sync.Mutex
	way  map[peer.ID]bool // direct
	last time.Time
}

func (c *callers) note(s network.Stream) {
	stat := s.Conn().Stat()
	if stat.Direction != network.DirInbound {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.way == nil {
		c.way = map[peer.ID]bool{}
	}
	id := s.Conn().RemotePeer()
	c.way[id] = c.way[id] || !stat.Limited
	c.last = time.Now().UTC()
}

func (c *callers) forget(id peer.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.way, id)
}

// Callers tells how peers have called this host.
func (h *Host) Callers() Callers {
	c := &h.callers
	c.mu.Lock()
	defer c.mu.Unlock()
	told := Callers{Last: c.last, Since: c.since}
	for _, direct := range c.way {
		if direct {
			told.Direct++
		} else {
			told.Relayed++
		}
	}
	return told
}

package peer

import (
	"slices"
	"sync"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// clocks holds how far the clocks of partners run ahead of ours: what they sign
// when their ledgers are looked at says so, and every reply to a message does.
type clocks struct {
	mu    sync.Mutex // held for the few steps on the fields below
	of    map[exchange.OIN]reading
	wrong bool // ours was, as the log was told
}

type reading struct {
	ahead time.Duration // of ours
	at    time.Time     // by ours
}

// clockMemory is how long a reading counts.
const clockMemory = 48 * time.Hour

func newClocks() *clocks { return &clocks{of: map[exchange.OIN]reading{}} }

// readings are those that count, least first.
func (c *clocks) readings(now time.Time) (all []time.Duration) {
	for _, r := range c.of {
		if now.Sub(r.at).Abs() < clockMemory {
			all = append(all, r.ahead)
		}
	}
	slices.Sort(all)
	return all
}

// middle is the middle one of sorted readings; of two in the middle the one that
// is nearer to our clock, so that one partner whose clock is wrong does not make
// ours wrong.
func middle(sorted []time.Duration) time.Duration {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	low, high := sorted[(n-1)/2], sorted[n/2]
	if low.Abs() < high.Abs() {
		return low
	}
	return high
}

// readClock remembers what the clock of a partner said, and tells the log when
// ours begins to be wrong, or is right again.
func (n *Node) readClock(of exchange.OIN, said time.Time) {
	now := n.now()
	c := n.clocks
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.of) == 0 { // what waits since the start for somebody who tells the time
		select {
		case n.sweep <- struct{}{}:
		default: // it is due already
		}
	}
	c.of[of] = reading{said.Sub(now), now}
	all := c.readings(now)
	off := -middle(all)
	switch wrong := off.Abs() > clockLimit; {
	case wrong && !c.wrong:
		n.log.Error("our clock differs from those of partners; set it right, messages are refused when it differs much",
			"ahead", off.Round(time.Second).String(), "compared", len(all))
		c.wrong = true
	case !wrong && c.wrong:
		n.log.Info("our clock agrees with those of partners again", "compared", len(all))
		c.wrong = false
		n.courier.allReachable()
	}
}

// Clock is how far our clock runs ahead of those of partners, by the middle one of
// those that were heard of in the last two days, and how many those are.
func (n *Node) Clock() (ahead time.Duration, compared int) {
	n.clocks.mu.Lock()
	defer n.clocks.mu.Unlock()
	all := n.clocks.readings(n.now())
	return -middle(all), len(all)
}

// strayClocks are the partners whose clocks differ much from the middle of all.
func (n *Node) strayClocks() map[exchange.OIN]time.Duration {
	n.clocks.mu.Lock()
	defer n.clocks.mu.Unlock()
	now, stray := n.now(), map[exchange.OIN]time.Duration{}
	of := middle(n.clocks.readings(now))
	for oin, r := range n.clocks.of {
		if now.Sub(r.at).Abs() < clockMemory && (r.ahead-of).Abs() > clockLimit {
			stray[oin] = r.ahead - of
		}
	}
	return stray
}

// clockRunsAhead reports whether our clock may be so far ahead that what cannot be
// undone should wait until it was set. One that is behind destroys nothing too early.
// Of two readings the one counts that warns: which of the three clocks is wrong can't
// be known.
func (n *Node) clockRunsAhead() bool {
	n.clocks.mu.Lock()
	defer n.clocks.mu.Unlock()
	switch all := n.clocks.readings(n.now()); {
	case len(all) == 0:
		return false
	case len(all) < 3:
		return -all[0] > exchange.Skew
	default:
		return -middle(all) > exchange.Skew
	}
}

// nobodyToldTheTime reports whether nothing is known of our clock, a day at most since
// the start: who has no partners, or none that is up, destroys by his own clock.
func (n *Node) nobodyToldTheTime() bool {
	n.clocks.mu.Lock()
	defer n.clocks.mu.Unlock()
	now, f := n.now(), n.force.Load()
	return len(n.clocks.readings(now)) == 0 && f.register != nil && len(f.register.Parties()) > 1 && now.Sub(n.started) < unheardFor
}

// unheardFor is how long destruction waits, from the start, for a partner that tells
// the time.
const unheardFor = 24 * time.Hour

// ofClocks reports whether a refusal is about time alone. Who sent the message
// knows when it ends, and tries until then: one of the two clocks is wrong, and
// when it was set the message is taken.
func ofClocks(code string) bool { return code == wire.MessageClock || code == wire.MessageExpired }

// setBack is called when our clock was set back: what would be done at a time of
// the old clock is done now.
func (n *Node) setBack(now time.Time, duties []*duty) {
	n.log.Warn("our clock was set back")
	for _, d := range duties {
		if !d.busy {
			d.next = now
		}
	}
	n.courier.allReachable()
	n.watch.setBack(now)
	n.vouching.setBack(now)
}

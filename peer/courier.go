package peer

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sluis/exchange"
	"sluis/store"
)

// A courier decides which message of the outbox is tried when. It holds no
// messages, only their names: the outbox itself is in the store, and a courier
// that starts again tries everything at once.
//
// Messages of one exchange to one party go in the order in which they were
// queued, so that a withdrawal never overtakes its request. Everything else may
// go at the same time.
type courier struct {
	pace Pace

	// mu is held for the few steps on the queues below, never while anything
	// is read, sent or written.
	mu     sync.Mutex
	queues map[string][]*errand // by exchange and addressee, oldest first; never empty
	within map[string]string    // queue of each errand, by ID
	// away says to whom each attempt that runs is, by ID of the message, also of
	// a message that was taken off its queue meanwhile.
	away map[string]exchange.OIN
	wake chan struct{} // holds one token when there is something new
}

// An errand is one message to be delivered.
type errand struct {
	id      string
	to      exchange.OIN
	tries   int
	next    time.Time // not before
	code    string    // why it did not go the last time
	running bool
}

// Pace is how patient a courier is.
type Pace struct {
	First   time.Duration // pause after the first failed attempt; doubles
	Longest time.Duration // pause that is never exceeded
	AtOnce  int           // attempts that may run at the same time

	// Chance draws a time below its argument; nil means that of the system.
	Chance func(below time.Duration) time.Duration
}

func newCourier(p Pace) *courier {
	return &courier{pace: p, queues: map[string][]*errand{}, within: map[string]string{}, away: map[string]exchange.OIN{}, wake: make(chan struct{}, 1)}
}

func (c *courier) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// add queues a message that is in the outbox.
func (c *courier) add(out store.Outgoing) {
	to, err := exchange.ParsePartyID(out.To)
	if err != nil {
		panic("the outbox holds a party that was never checked: " + err.Error())
	}
	c.mu.Lock()
	if _, known := c.within[out.ID]; !known {
		queue := out.Exchange + " " + out.To
		c.within[out.ID] = queue
		c.queues[queue] = append(c.queues[queue], &errand{id: out.ID, to: to.OIN})
	}
	c.mu.Unlock()
	c.signal()
}

// tries is how often a message was tried in vain.
func (c *courier) tries(id string) int {
	e, _ := c.errand(id)
	return e.tries
}

// errand is how a message stands.
func (c *courier) errand(id string) (errand, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.queues[c.within[id]] {
		if e.id == id {
			return *e, true
		}
	}
	return errand{}, false
}

// forget takes messages that are finished off the queues.
func (c *courier) forget(ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.drop(id)
	}
}

// drop needs mu.
func (c *courier) drop(id string) {
	x, known := c.within[id]
	if !known {
		return
	}
	delete(c.within, id)
	c.queues[x] = slices.DeleteFunc(c.queues[x], func(e *errand) bool { return e.id == id })
	if len(c.queues[x]) == 0 {
		delete(c.queues, x)
	}
}

// reachable is called when a party showed that it is there: its messages need
// not wait for their pause to end.
func (c *courier) reachable(oin exchange.OIN) { c.hurry(func(e *errand) bool { return e.to == oin }) }

// allReachable is called when addresses may have changed.
func (c *courier) allReachable() { c.hurry(func(*errand) bool { return true }) }

func (c *courier) hurry(which func(*errand) bool) {
	c.mu.Lock()
	hurried := false
	for _, q := range c.queues {
		for _, e := range q {
			if e.tries > 0 && !e.running && which(e) {
				e.next, hurried = time.Time{}, true
			}
		}
	}
	c.mu.Unlock()
	if hurried {
		c.signal()
	}
}

// waiting is the number of messages that are not finished.
func (c *courier) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.within)
}

// due takes the messages that may be tried now, at most as many as may run at
// once, and says when to look again. What it returns must come back to [done].
//
// One party has an eighth of those that may run at once, and who has the fewest
// comes first: a party that takes our messages and says nothing holds up those
// to itself, and no others.
func (c *courier) due(now time.Time, running int) (ids []string, again time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	busy := map[exchange.OIN]int{}
	for _, to := range c.away {
		busy[to]++
	}
	ready := map[exchange.OIN][]*errand{}
	for _, q := range c.queues {
		e := q[0]
		switch {
		case e.running:
		case e.next.After(now):
			if again.IsZero() || e.next.Before(again) {
				again = e.next
			}
		default:
			ready[e.to] = append(ready[e.to], e)
		}
	}
	for share := range max(c.pace.AtOnce/8, 1) {
		for to, waiting := range ready {
			if running+len(ids) >= c.pace.AtOnce {
				return ids, again
			}
			if busy[to] > share || len(waiting) == 0 {
				continue
			}
			e := waiting[0]
			e.running = true
			busy[to]++
			c.away[e.id] = to
			ids, ready[to] = append(ids, e.id), waiting[1:]
		}
	}
	return ids, again
}

// done records how an attempt went: code says why it failed, "" that it did not.
// After a failure the message waits.
func (c *courier) done(id, code string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.away, id)
	if code == "" {
		c.drop(id)
		return
	}
	for _, e := range c.queues[c.within[id]] {
		if e.id != id {
			continue
		}
		e.running, e.code = false, code
		e.tries++
		e.next = now.Add(c.pace.after(e.tries))
	}
}

// after is the pause after so many failures in a row: it doubles each time, and
// up to half of it is drawn by chance, so that nodes that lost the same partner
// do not come back at the same moment.
func (p Pace) after(failures int) time.Duration {
	pause := p.Longest
	if doublings := failures - 1; doublings < maxDoublings {
		pause = min(p.Longest, p.First<<doublings)
	}
	return pause/2 + p.chance(pause/2+1)
}

func (p Pace) chance(below time.Duration) time.Duration {
	if p.Chance != nil {
		return p.Chance(below)
	}
	return rand.N(below)
}

// maxDoublings keeps the doubling of a pause within what fits a Duration.
const maxDoublings = 20

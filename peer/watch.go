package peer

import (
	"sync"
	"time"

	"sluis/exchange"
)

// A watch decides when which partner's ledger is looked at. Like a courier it
// holds names and times only: what was seen and checked is in the store, and a
// watch that starts again is made from there. It also holds what other partners
// told, which they tell again.
//
// # What keeps witnessing small
//
// Only a receipt and the clock make a round due: entries that record witnessing
// never do, so two nodes can't keep each other busy. Receipts are taken
// together: a round comes one pause after the first of them, and there are at
// most one per partner and pause (more only to work off a backlog of receipts).
// Without receipts there is one per partner each day. A round that succeeds adds
// one entry to the ledger of the witness and one to that of the witnessed.
type watch struct {
	every time.Duration
	pause time.Duration
	pace  Pace

	// mu is held for the few steps on partners below.
	mu       sync.Mutex
	partners map[exchange.OIN]*partner
	wake     chan struct{} // holds one token when something may be due earlier
}

// A partner is a party with which messages were exchanged.
type partner struct {
	next    time.Time
	misses  int // rounds in a row that did not come to an end
	running bool
	again   bool // a receipt came while a round was running
	told    []sighting
}

func newWatch(c Witness, p Pace) *watch {
	return &watch{
		every: time.Duration(c.Every), pause: time.Duration(c.Pause), pace: p, partners: map[exchange.OIN]*partner{}, wake: make(chan struct{}, 1),
	}
}

// add begins to watch a partner of whom something was checked at this time;
// waiting says that something was seen since.
func (w *watch) add(oin exchange.OIN, checked, now time.Time, waiting bool) {
	if checked.IsZero() || waiting {
		w.heard(oin, now)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.partners[oin] = &partner{next: checked.Add(w.interval())}
}

// interval is the time to the next round when nothing happens: up to a tenth
// shorter by chance, so that not all come at once.
func (w *watch) interval() time.Duration { return w.every - w.pace.chance(w.every/10+1) }

// heard is called when a partner showed a state of its ledger, or was heard of
// for the first time.
func (w *watch) heard(oin exchange.OIN, now time.Time) {
	w.mu.Lock()
	p := w.partners[oin]
	if p == nil {
		p = &partner{next: now.Add(w.every)}
		w.partners[oin] = p
	}
	soon := now.Add(w.pause)
	p.again = p.running
	earlier := soon.Before(p.next) // also after rounds that failed: it is there now
	if earlier {
		p.next = soon
	}
	w.mu.Unlock()
	if earlier {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// seen is called when an act showed something of a partner's ledger. A message
// without a receipt makes a round due only for who is new here.
func (w *watch) seen(s sighting, now time.Time) {
	w.mu.Lock()
	_, known := w.partners[s.Party]
	w.mu.Unlock()
	if s.Note != "" || !known {
		w.heard(s.Party, now)
	}
}

// tell remembers what another partner showed of this one's ledger, until the
// next round. What is already known there or is too much is passed over.
func (w *watch) tell(oin exchange.OIN, s sighting) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.partners[oin]
	if p == nil || len(p.told) >= maxToldOf {
		return
	}
	for _, t := range p.told {
		if t.checkpoint == s.checkpoint {
			return
		}
	}
	p.told = append(p.told, s)
}

// maxToldOf bounds what is remembered of what others told of one ledger.
const maxToldOf = 32

// told returns what others told of a partner's ledger.
func (w *watch) told(oin exchange.OIN) []sighting {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.partners[oin]; p != nil {
		return append([]sighting(nil), p.told...)
	}
	return nil
}

// due takes the partners whose round may begin now, at most atOnce together, and
// says when to look again. What it returns must come back to [watch.done].
func (w *watch) due(now time.Time, running int) (oins []exchange.OIN, again time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for oin, p := range w.partners {
		switch {
		case p.running:
		case p.next.After(now):
			if again.IsZero() || p.next.Before(again) {
				again = p.next
			}
		case running+len(oins) < roundsAtOnce:
			p.running = true
			oins = append(oins, oin)
		}
	}
	return oins, again
}

// roundsAtOnce bounds the rounds that run together. A round takes two short
// exchanges, so a thousand partners are seen within minutes.
const roundsAtOnce = 4

// setBack makes the rounds due that a clock which ran ahead had put off.
func (w *watch) setBack(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.partners {
		if p.next.After(now.Add(w.every)) {
			p.next = now
		}
	}
}

// done records how a round went: whether it came to an end, and how much of
// what was told it took into account. backlog says that there is more to check.
func (w *watch) done(oin exchange.OIN, ok, backlog bool, told int, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.partners[oin]
	p.running = false
	if !ok {
		p.misses++
		p.next = now.Add(min(w.every, max(w.pause, w.pace.after(p.misses))))
		return
	}
	p.misses, p.told = 0, p.told[min(told, len(p.told)):]
	switch {
	case backlog:
		p.next = now
	case p.again:
		p.next = now.Add(w.pause)
	default:
		p.next = now.Add(w.interval())
	}
	p.again = false
}

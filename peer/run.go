package peer

import (
	"context"
	"sync"
	"time"

	"sluis/exchange"
)

// A duty is something that the node does by itself, time and again. do returns
// when it wants to be done next.
type duty struct {
	name  string
	do    func(context.Context) (next time.Time)
	hurry <-chan struct{} // holds a token when it should be done at once

	next time.Time
	busy bool
}

// hurried takes the token of a duty that is not busy; who is, is hurried when he
// is done.
func (d *duty) hurried() bool {
	if d.busy {
		return false
	}
	select {
	case <-d.hurry:
		return true
	default:
		return false
	}
}

// duties lists what the node does beside delivering.
func (n *Node) duties() []*duty {
	at := n.now()
	return []*duty{
		{name: "keys", do: n.keepKeys, hurry: n.rekey, next: at},
		{name: "master", do: n.keepMaster, hurry: n.rewrap, next: at},
		{name: "register", do: n.keepRegister(), hurry: n.renew, next: at},
		{name: "recover", do: n.recover, hurry: n.again, next: at},
		{name: "room", do: n.keepRoom(), next: at},
		{name: "sweep", do: n.sweepDaily, hurry: n.sweep, next: at},
		{name: "backup", do: n.backupDaily, next: at.Add(backupAgain)},
	}
}

// Turns are what a node does by itself, each when it is due: questions what was seen
// of its ledger, before anything else, then attempts at the
// messages of the outbox, looks at the ledgers of partners, and duties.
// [Node.Run] takes them as time goes by; a simulation takes them when it says so.
type Turns struct {
	node *Node
	// mu is held while turns are taken and when one has ended.
	mu         sync.Mutex
	delivering int
	witnessing int
	vouching   int
	duties     []*duty
	latest     time.Time // on our clock, when turns were taken last
}

// A Turn is one thing to do now. It must be done once.
type Turn struct {
	// Of is the ID of the message, the OIN of the partner, or the name of the duty.
	Of   string
	Kind TurnKind
	do   func(context.Context)
}

// A TurnKind is what a turn is for.
type TurnKind string

// The kinds of turns.
const (
	DeliverTurn TurnKind = "deliver"
	WitnessTurn TurnKind = "witness"
	VouchTurn   TurnKind = "vouch"
	DutyTurn    TurnKind = "duty"
)

// Do does it, and returns when it has ended, well or not.
func (t Turn) Do(ctx context.Context) { t.do(ctx) }

// Turns begins to count turns: one of them for a node that is open.
func (n *Node) Turns() *Turns { return &Turns{node: n, duties: n.duties(), latest: n.now()} }

// Due takes the turns that are due now, and says how long it takes at most until
// there are others, unless one of these ends or something is done at the node.
func (t *Turns) Due() (due []Turn, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, now := t.node, t.node.now()
	if now.Before(t.latest.Add(-exchange.Skew)) {
		n.setBack(now, t.duties)
	}
	t.latest = now
	wait = longestNap
	if !n.store.Recovering() {
		asked, askAt, over := n.vouching.due(now, t.vouching)
		for _, oin := range asked {
			t.vouching++
			due = append(due, Turn{string(oin), VouchTurn, func(ctx context.Context) {
				n.vouch(ctx, oin)
				t.ended(func() { t.vouching-- })
			}})
		}
		if !askAt.IsZero() {
			wait = min(wait, askAt.Sub(now))
		}
		if !over {
			return due, wait
		}
	}
	ids, deliverAt := n.courier.due(n.now(), t.delivering)
	for _, id := range ids {
		t.delivering++
		due = append(due, Turn{id, DeliverTurn, func(ctx context.Context) {
			n.attempt(ctx, id)
			t.ended(func() { t.delivering-- })
		}})
	}
	partners, witnessAt := n.watch.due(n.now(), t.witnessing)
	for _, oin := range partners {
		t.witnessing++
		due = append(due, Turn{string(oin), WitnessTurn, func(ctx context.Context) {
			n.round(ctx, oin)
			t.ended(func() { t.witnessing-- })
		}})
	}
	if !deliverAt.IsZero() {
		wait = min(wait, deliverAt.Sub(n.now()))
	}
	if !witnessAt.IsZero() {
		wait = min(wait, witnessAt.Sub(n.now()))
	}
	for _, d := range t.duties {
		if d.hurried() {
			d.next = n.now()
		}
		if !d.busy && !n.now().Before(d.next) {
			d.busy = true
			due = append(due, Turn{d.name, DutyTurn, func(ctx context.Context) {
				next := d.do(ctx)
				t.ended(func() { d.busy, d.next = false, next })
			}})
		}
		if !d.busy {
			wait = min(wait, d.next.Sub(n.now()))
		}
	}
	return due, wait
}

func (t *Turns) ended(count func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count()
}

// Run does the node's duties until ctx ends: it delivers what is in the outbox,
// witnesses the ledgers of its partners, keeps the register fresh, destroys what
// is due, and makes backups. It is the one place in this package that waits. It
// returns when every attempt has ended. A store that stopped ends it with
// [store.ErrStopped]: only a start proves what is on disk.
func (n *Node) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	turns := n.Turns()
	ended := make(chan struct{}, 1) // holds a token when a turn has ended
	for {
		due, wait := turns.Due()
		for _, t := range due {
			work.Go(func() {
				t.Do(ctx)
				select {
				case ended <- struct{}{}:
				default:
				}
			})
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-n.store.Stopped():
			timer.Stop()
			return n.fate()
		case <-n.courier.wake:
		case <-n.watch.wake:
		case <-n.vouching.wake:
		case <-ended:
		case <-timer.C:
		}
		timer.Stop()
	}
}

const (
	// longestNap bounds how long the loop sleeps, so that a clock that was set
	// is noticed.
	longestNap = time.Minute
	// attemptTime bounds one attempt to deliver.
	attemptTime = 30 * time.Second
)

// attempt makes one attempt at one message and tells the courier how it went.
func (n *Node) attempt(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	err := n.deliver(ctx, id)
	if err != nil {
		n.log.Debug("message not delivered yet", "message", id, "error", err.Error())
	}
	n.courier.done(id, codeOfAttempt(err), n.now())
}

// keepRegister compares registers with the peers. While a peer is not reached it
// comes back sooner.
func (n *Node) keepRegister() func(context.Context) time.Time {
	misses := 0 // rounds in which a peer was not reached, since all were
	return func(ctx context.Context) time.Time {
		wait := time.Duration(n.config.Register.ExchangeEvery)
		if misses++; n.refresh(ctx) {
			misses = 0
		} else {
			wait = min(wait, n.courier.pace.after(misses))
		}
		return n.now().Add(wait)
	}
}

// loadOutbox queues what was not finished when the node stopped.
func (n *Node) loadOutbox() error {
	after := ""
	for {
		page, err := n.store.Outbox(after, maxPage)
		if err != nil {
			return err
		}
		for _, out := range page {
			n.courier.add(out)
			after = out.ID
		}
		if len(page) < maxPage {
			return nil
		}
	}
}

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
		{do: n.keepKeys, hurry: n.rekey, next: at},
		{do: n.keepRegister(), hurry: n.renew, next: at},
		{do: n.recover, next: at},
		{do: n.keepRoom(), next: at},
		{do: n.sweepDaily, hurry: n.sweep, next: at},
		{do: n.backupDaily, next: at.Add(backupAgain)},
	}
}

// Run does the node's duties until ctx ends: it delivers what is in the outbox,
// witnesses the ledgers of its partners, keeps the register fresh, destroys what
// is due, and makes backups. It is the one place in this package that waits. It
// returns when every attempt has ended. A store that stopped ends it with
// [store.ErrStopped]: only a start proves what is on disk.
func (n *Node) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	var (
		delivered  = make(chan struct{}, n.courier.pace.AtOnce)
		delivering int
		duties     = n.duties()
		done       = make(chan func(), len(duties))
		witnessed  = make(chan struct{}, roundsAtOnce)
		witnessing int
	)
	latest := n.now()
	for {
		now := n.now()
		if now.Before(latest.Add(-exchange.Skew)) {
			n.setBack(now, duties)
		}
		latest = now
		ids, deliverAt := n.courier.due(n.now(), delivering)
		for _, id := range ids {
			delivering++
			work.Go(func() {
				n.attempt(ctx, id)
				delivered <- struct{}{}
			})
		}
		partners, witnessAt := n.watch.due(n.now(), witnessing)
		for _, oin := range partners {
			witnessing++
			work.Go(func() {
				n.round(ctx, oin)
				witnessed <- struct{}{}
			})
		}
		wait := longestNap
		if !deliverAt.IsZero() {
			wait = min(wait, deliverAt.Sub(n.now()))
		}
		if !witnessAt.IsZero() {
			wait = min(wait, witnessAt.Sub(n.now()))
		}
		for _, d := range duties {
			if d.hurried() {
				d.next = n.now()
			}
			if !d.busy && !n.now().Before(d.next) {
				d.busy = true
				work.Go(func() {
					next := d.do(ctx)
					done <- func() { d.busy, d.next = false, next }
				})
			}
			if !d.busy {
				wait = min(wait, d.next.Sub(n.now()))
			}
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
		case <-witnessed:
			witnessing--
		case <-delivered:
			delivering--
		case finish := <-done:
			finish()
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

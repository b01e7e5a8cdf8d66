package peer

import (
	"context"
	"sync"
	"time"
)

// Run does the node's duties until ctx ends: it delivers what is in the outbox,
// keeps the register fresh, and witnesses the ledgers of its partners. It is the one place in this package that waits.
// It returns when every attempt has ended.
func (n *Node) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	var (
		delivered  = make(chan struct{}, n.courier.pace.AtOnce)
		delivering int
		refreshed  = make(chan bool, 1)
		refreshing bool
		misses     int // rounds in which a peer was not reached, since all were
		refreshAt  = n.now()
		witnessed  = make(chan struct{}, roundsAtOnce)
		witnessing int
	)
	for {
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
		if !refreshing && !n.now().Before(refreshAt) {
			refreshing = true
			work.Go(func() { refreshed <- n.refresh(ctx) })
		}
		wait, renew := longestNap, n.renew
		if refreshing {
			renew = nil // a newer register is told once this round has ended
		}
		if !deliverAt.IsZero() {
			wait = min(wait, deliverAt.Sub(n.now()))
		}
		if !witnessAt.IsZero() {
			wait = min(wait, witnessAt.Sub(n.now()))
		}
		if !refreshing {
			wait = min(wait, refreshAt.Sub(n.now()))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-n.courier.wake:
		case <-n.watch.wake:
		case <-witnessed:
			witnessing--
		case <-delivered:
			delivering--
		case all := <-refreshed:
			refreshing = false
			wait := time.Duration(n.config.Register.ExchangeEvery)
			if misses++; all {
				misses = 0
			} else {
				wait = min(wait, n.courier.pace.after(misses))
			}
			refreshAt = n.now().Add(wait)
		case <-renew:
			refreshAt = n.now()
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
	n.courier.done(id, err != nil, n.now())
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

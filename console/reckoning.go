package console

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

const (
	// reckonEach is how old what is worked out of all dossiers may be.
	reckonEach = time.Minute
	// reckonWithin bounds how long working it out may take.
	reckonWithin = 2 * time.Minute
)

// A reckoning is what has to be worked out of every dossier of a capacity: how long
// each is kept, and what was asked again. With many dossiers that takes longer than
// somebody waits for a page.
type reckoning struct {
	Kept    []peer.Kept
	Repeats []peer.Repeat
	At      time.Time
}

// reckonings keeps the last one of each capacity.
type reckonings struct {
	mu   sync.Mutex
	last map[exchange.CapacityCode]reckoning
	busy map[exchange.CapacityCode]bool
}

func newReckonings() *reckonings {
	return &reckonings{last: map[exchange.CapacityCode]reckoning{}, busy: map[exchange.CapacityCode]bool{}}
}

// reckoning is the last one. The first is waited for; an old one is shown while it
// is made anew for the next who looks. The page says of when it is.
func (v *visit) reckoning() (reckoning, error) {
	c, hat := v.c, v.session.hat
	c.reckoned.mu.Lock()
	last, known := c.reckoned.last[hat]
	anew := known && c.now().Sub(last.At) > reckonEach && !c.reckoned.busy[hat]
	if anew {
		c.reckoned.busy[hat] = true
	}
	c.reckoned.mu.Unlock()
	if !known {
		return c.reckon(v.r.Context(), hat)
	}
	if anew {
		go c.reckonBeside(context.WithoutCancel(v.r.Context()), hat)
	}
	return last, nil
}

// reckonBeside makes it anew while nobody waits. What goes wrong there must not end
// the node.
func (c *Console) reckonBeside(ctx context.Context, hat exchange.CapacityCode) {
	ctx, cancel := context.WithTimeout(ctx, reckonWithin)
	defer cancel()
	defer func() {
		c.reckoned.mu.Lock()
		defer c.reckoned.mu.Unlock()
		delete(c.reckoned.busy, hat)
		if what := recover(); what != nil {
			// Of the value only the type: it could quote.
			c.log.Error("the privacy overview panicked", "type", fmt.Sprintf("%T", what), "stack", string(debug.Stack()))
		}
	}()
	if _, err := c.reckon(ctx, hat); err != nil {
		c.log.LogAttrs(ctx, slog.LevelWarn, "the privacy overview is not made anew", slog.String("code", codeOf(err)))
	}
}

func (c *Console) reckon(ctx context.Context, hat exchange.CapacityCode) (r reckoning, err error) {
	r.At = c.now()
	if r.Repeats, err = c.node.Repeated(ctx, hat, repeatedIn); err != nil {
		return r, err
	}
	if r.Kept, err = c.node.Kept(ctx, hat, everKept); err != nil {
		return r, err
	}
	c.reckoned.mu.Lock()
	defer c.reckoned.mu.Unlock()
	c.reckoned.last[hat] = r
	return r, nil
}

// reckonAgain lets the next look work it out: somebody changed something there
// himself, and wants to see it.
func (v *visit) reckonAgain() {
	v.c.reckoned.mu.Lock()
	defer v.c.reckoned.mu.Unlock()
	delete(v.c.reckoned.last, v.session.hat)
}

package peer

import (
	"context"
	"errors"
	"slices"
	"sync"

	"sluis/exchange"
	"sluis/store"
)

// A board holds what may be shown of every exchange and case without opening it,
// in memory: an overview of ten thousand is looked at each few seconds, and each
// row would have to be unsealed for it. It says nothing of anybody. It is read
// from the store at the first look, and from then on what was written is read
// again at the next.
type board struct {
	mu        sync.Mutex
	exchanges shelf[Summary]
	cases     shelf[CaseSummary]

	// What was written since the last look. Apart, so that who writes never waits
	// for who looks.
	writing sync.Mutex
	written map[[2]string]bool // table and key
	all     bool               // everything is to be read: at first, and after a look that failed
}

// A shelf is rows in the order of their keys, which is by age.
type shelf[T any] struct {
	keys []string
	rows map[string]*T
}

func (s *shelf[T]) put(key string, row *T) {
	if i, ok := slices.BinarySearch(s.keys, key); !ok {
		s.keys = slices.Insert(s.keys, i, key)
	}
	s.rows[key] = row
}

func (s *shelf[T]) remove(key string) {
	if i, ok := slices.BinarySearch(s.keys, key); ok {
		s.keys = slices.Delete(s.keys, i, i+1)
		delete(s.rows, key)
	}
}

func newBoard() *board { return &board{all: true, written: map[[2]string]bool{}} }

// touch says that a row was written, or is gone.
func (b *board) touch(table, key string) {
	b.writing.Lock()
	defer b.writing.Unlock()
	if !b.all {
		b.written[[2]string{table, key}] = true
	}
}

// forget lets the next look read everything.
func (b *board) forget() {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.all, b.written = true, map[[2]string]bool{}
}

// take returns what is to be read, and begins anew.
func (b *board) take() (all bool, rows map[[2]string]bool) {
	b.writing.Lock()
	defer b.writing.Unlock()
	all, rows = b.all, b.written
	b.all, b.written = false, map[[2]string]bool{}
	return all, rows
}

// look brings the board up to date and shows it. What do gets is not to be
// changed or kept.
func (n *Node) look(ctx context.Context, do func(*board)) error {
	b := n.board
	b.mu.Lock()
	defer b.mu.Unlock()
	all, rows := b.take()
	if err := n.reread(ctx, all, rows); err != nil {
		b.forget()
		return err
	}
	do(b)
	return nil
}

func (n *Node) reread(ctx context.Context, all bool, rows map[[2]string]bool) error {
	b := n.board
	if !all {
		for at := range rows {
			if err := n.rereadRow(at[0], at[1]); err != nil {
				return err
			}
		}
		return nil
	}
	b.exchanges, b.cases = shelf[Summary]{rows: map[string]*Summary{}}, shelf[CaseSummary]{rows: map[string]*CaseSummary{}}
	for _, table := range []string{tableExchange, tableCase} {
		if err := n.each(ctx, table, func(row store.Row) error { return b.pin(table, row.Key, row.Value, row.Version) }); err != nil {
			return err
		}
	}
	return nil
}

// rereadRow reads one row again; it may be gone.
func (n *Node) rereadRow(table, key string) error {
	value, version, err := n.store.Get(table, key)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNoRecordKey) {
		if table == tableCase {
			n.board.cases.remove(key)
		} else {
			n.board.exchanges.remove(key)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return n.board.pin(table, key, value, version)
}

// pin puts a row on the board.
func (b *board) pin(table, key string, value []byte, version uint64) error {
	if table == tableCase {
		c, err := decodeCase(exchange.ID(key), value)
		if err != nil {
			return err
		}
		s := CaseSummaryOf(c)
		b.cases.put(key, &s)
		return nil
	}
	r, err := decodeRecord(idOf(key), value, version)
	if err != nil {
		return err
	}
	s := SummaryOf(r.Exchange)
	b.exchanges.put(key, &s)
	return nil
}

// Overview lists all exchanges of a capacity, the newest first. Who a request was
// given to stands in it as it was recorded, also if he has left.
func (n *Node) Overview(ctx context.Context, hat exchange.CapacityCode) (all []Summary, err error) {
	err = n.look(ctx, func(b *board) {
		for _, key := range slices.Backward(b.exchanges.keys) {
			if s := b.exchanges.rows[key]; s.own().Capacity == hat {
				all = append(all, *s)
			}
		}
	})
	return all, err
}

// own is the side that is ours.
func (s Summary) own() exchange.PartyID {
	if s.Side == exchange.Supplier {
		return s.To
	}
	return s.From
}

// LatestCases lists the cases of a capacity, the newest first: those before a case,
// from the newest when it is empty. open picks those that are not closed. next is
// the last of the page, "" where nothing comes after it.
func (n *Node) LatestCases(ctx context.Context, hat exchange.CapacityCode, open bool, before exchange.ID, limit int) (page []CaseSummary, next exchange.ID, err error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	err = n.look(ctx, func(b *board) {
		end := len(b.cases.keys)
		if before != "" {
			end, _ = slices.BinarySearch(b.cases.keys, string(before))
		}
		for _, key := range slices.Backward(b.cases.keys[:end]) {
			c := b.cases.rows[key]
			if c.Own.Capacity != hat || open && !c.Closed.IsZero() {
				continue
			}
			if len(page) == limit {
				next = page[limit-1].ID
				return
			}
			page = append(page, *c)
		}
	})
	return page, next, err
}

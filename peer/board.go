package peer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

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

	// Ways to the exchanges that a page asks for without seeing all of them.
	open    []string                 // keys of those that wait for something, by age
	ofCase  map[exchange.ID][]string // keys of those of a case, by age
	changed []change                 // all, by when they last changed

	// What was written since the last look. Apart, so that who writes never waits
	// for who looks.
	writing sync.Mutex
	flying  map[boardRow]int  // that are being written, and by how many
	written map[boardRow]bool // since the last look
	all     bool              // everything is to be read: at first, after a look that failed, and when who works here or the register changed
}

// A boardRow is a row of the store that has a place on the board.
type boardRow struct{ table, key string }

// A change is when an exchange last changed, and which.
type change struct {
	at  time.Time
	key string
}

func (c change) compare(o change) int { return cmp.Or(c.at.Compare(o.at), cmp.Compare(c.key, o.key)) }

// putExchange puts an exchange where it is found, instead of what was known of it.
func (b *board) putExchange(key string, s *Summary) {
	b.removeExchange(key)
	b.exchanges.put(key, s)
	if s.waits() {
		b.open = withKey(b.open, key)
	}
	b.ofCase[s.Case] = withKey(b.ofCase[s.Case], key)
	c := change{s.Changed, key}
	if i, ok := slices.BinarySearchFunc(b.changed, c, change.compare); !ok {
		b.changed = slices.Insert(b.changed, i, c)
	}
}

func (b *board) removeExchange(key string) {
	s, ok := b.exchanges.rows[key]
	if !ok {
		return
	}
	b.exchanges.remove(key)
	b.open = withoutKey(b.open, key)
	if b.ofCase[s.Case] = withoutKey(b.ofCase[s.Case], key); len(b.ofCase[s.Case]) == 0 {
		delete(b.ofCase, s.Case)
	}
	if i, ok := slices.BinarySearchFunc(b.changed, change{s.Changed, key}, change.compare); ok {
		b.changed = slices.Delete(b.changed, i, i+1)
	}
}

func withKey(keys []string, key string) []string {
	i, ok := slices.BinarySearch(keys, key)
	if ok {
		return keys
	}
	return slices.Insert(keys, i, key)
}

func withoutKey(keys []string, key string) []string {
	i, ok := slices.BinarySearch(keys, key)
	if !ok {
		return keys
	}
	return slices.Delete(keys, i, i+1)
}

// A shelf is rows in the order of their keys, which is by age.
type shelf[T any] struct {
	keys []string
	rows map[string]*T
}

func (s *shelf[T]) put(key string, row *T) {
	s.keys = withKey(s.keys, key)
	s.rows[key] = row
}

func (s *shelf[T]) remove(key string) {
	s.keys = withoutKey(s.keys, key)
	delete(s.rows, key)
}

func newBoard() *board {
	return &board{all: true, flying: map[boardRow]int{}, written: map[boardRow]bool{}}
}

// during writes rows, or removes them. Who looks meanwhile reads them again each
// time: a commit can be seen in the store before its writer has heard of it.
func (b *board) during(rows []boardRow, write func() error) error {
	b.writing.Lock()
	for _, r := range rows {
		b.flying[r]++
	}
	b.writing.Unlock()
	err := write()
	b.writing.Lock()
	defer b.writing.Unlock()
	for _, r := range rows {
		if b.flying[r]--; b.flying[r] == 0 {
			delete(b.flying, r)
		}
		if !b.all {
			b.written[r] = true
		}
	}
	return err
}

// forget lets the next look read everything.
func (b *board) forget() {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.all, b.written = true, map[boardRow]bool{}
}

// take returns what is to be read, and begins anew.
func (b *board) take() (all bool, rows map[boardRow]bool) {
	b.writing.Lock()
	defer b.writing.Unlock()
	all, rows = b.all, b.written
	b.all, b.written = false, map[boardRow]bool{}
	for r := range b.flying {
		rows[r] = true
	}
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

func (n *Node) reread(ctx context.Context, all bool, rows map[boardRow]bool) error {
	b := n.board
	if !all {
		for at := range rows {
			if err := n.rereadRow(at.table, at.key); err != nil {
				return err
			}
		}
		return nil
	}
	b.exchanges, b.cases = shelf[Summary]{rows: map[string]*Summary{}}, shelf[CaseSummary]{rows: map[string]*CaseSummary{}}
	b.open, b.ofCase, b.changed = nil, map[exchange.ID][]string{}, nil
	for _, table := range []string{tableExchange, tableCase} {
		if err := n.each(ctx, table, func(row store.Row) error { return n.pinRow(table, row) }); err != nil {
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
			n.board.removeExchange(key)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return n.pinRow(table, store.Row{Key: key, Value: value, Version: version})
}

// pinRow puts a row on the board.
func (n *Node) pinRow(table string, row store.Row) error {
	if table == tableCase {
		c, err := decodeCase(exchange.ID(row.Key), row.Value)
		if err != nil {
			return err
		}
		s := CaseSummaryOf(c)
		n.board.cases.put(row.Key, &s)
		return nil
	}
	r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
	if err != nil {
		return err
	}
	s, err := n.summary(r.Exchange)
	if err != nil {
		return err
	}
	n.board.putExchange(row.Key, &s)
	return nil
}

// Overview lists all exchanges that a filter picks, the newest first. It has no
// pages: a filter's cursor and limit do not count.
func (n *Node) Overview(ctx context.Context, f Filter) (all []Summary, err error) {
	err = n.EachSummary(ctx, f, func(s *Summary) { all = append(all, *s) })
	return all, err
}

// EachSummary shows all that a filter picks, the newest first, without making a
// list of it. What do gets is not to be kept or changed; others who look wait until
// it has seen all.
func (n *Node) EachSummary(ctx context.Context, f Filter, do func(*Summary)) error {
	return n.look(ctx, func(b *board) {
		keys := b.exchanges.keys
		switch {
		case f.Case != "":
			keys = b.ofCase[f.Case]
		case f.Open:
			keys = b.open
		}
		for _, key := range slices.Backward(keys) {
			if s := b.exchanges.rows[key]; f.picks(s) {
				do(s)
			}
		}
	})
}

// EachChange shows what a filter picks of what changed since a moment, the latest
// change first, until do has seen enough and returns false. What do gets is not to
// be kept or changed.
func (n *Node) EachChange(ctx context.Context, f Filter, since time.Time, do func(*Summary) (more bool)) error {
	return n.look(ctx, func(b *board) {
		for _, c := range slices.Backward(b.changed) {
			if c.at.Before(since) {
				return
			}
			if s := b.exchanges.rows[c.key]; f.picks(s) && !do(s) {
				return
			}
		}
	})
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

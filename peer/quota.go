package peer

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// A quota is what one partner may put in our store: so many requests that nobody
// has decided on, and so many requests and bytes in a day. All else that he
// sends belongs to a request, and is bounded with it. The open requests are
// counted in the store; those of a day here, so a node that starts again begins
// the day anew.
type quota struct {
	mu   sync.Mutex // held for the few steps on the fields below
	day  string
	used map[exchange.OIN]usage
	// lines keeps a partner that is refused without end from filling the log.
	lines map[string]*rate.Limiter
}

type usage struct {
	requests int
	bytes    int64
}

func newQuota() *quota { return &quota{lines: map[string]*rate.Limiter{}} }

// today is what a partner has used on the day of now. It needs mu.
func (q *quota) today(of exchange.OIN, now time.Time) usage {
	if day := now.UTC().Format(time.DateOnly); day != q.day {
		q.day, q.used = day, map[exchange.OIN]usage{}
	}
	return q.used[of]
}

// room reports whether a request of so many bytes fits in the day.
func (q *quota) room(of exchange.OIN, bytes int, l Limits, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.today(of, now)
	return u.requests < l.RequestsPerDay && u.bytes+int64(bytes) <= l.BytesPerDay
}

// took counts a request that was stored.
func (q *quota) took(of exchange.OIN, bytes int, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.today(of, now)
	q.used[of] = usage{u.requests + 1, u.bytes + int64(bytes)}
}

// line reports whether one more line about a peer may go to the log.
func (q *quota) line(peer string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l, known := q.lines[peer]
	if !known {
		l = rate.NewLimiter(rate.Every(refusalLine), refusalLines)
		q.lines[peer] = l
	}
	return l.AllowN(now, 1)
}

const (
	refusalLine  = 10 * time.Second // between lines of refusal about one peer
	refusalLines = 20               // that may come at once
)

// fits refuses a request that is more than we keep of one partner. It is told
// to come back: what is decided makes room, and so does tomorrow.
func (n *Node) fits(m wire.Message, now time.Time) error {
	if m.From.OIN == n.id.OIN {
		return nil
	}
	open, err := n.store.Count(openIndex(m.From.OIN), n.config.Limits.OpenRequests)
	if err != nil {
		return err
	}
	if open >= n.config.Limits.OpenRequests || !n.quota.room(m.From.OIN, len(m.Token), n.config.Limits, now) {
		return fault(PartnerTooMuch)
	}
	return nil
}

// openIndex is the index key of the requests of a partner on which nobody has
// decided.
func openIndex(of exchange.OIN) string { return "open/" + string(of) }

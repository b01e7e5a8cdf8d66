package peer

import (
	"cmp"
	"slices"
	"strconv"
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
	refused  bool // one of them was too much
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
	if u.requests < l.RequestsPerDay && u.bytes+int64(bytes) <= l.BytesPerDay {
		return true
	}
	u.refused = true
	q.used[of] = u
	return false
}

// took counts a request that was stored.
func (q *quota) took(of exchange.OIN, bytes int, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.today(of, now)
	u.requests, u.bytes = u.requests+1, u.bytes+int64(bytes)
	q.used[of] = u
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

// A Quota is how much of what it may bring a partner has used.
type Quota struct {
	Party    exchange.OIN
	Open     int   // requests on which nobody has decided, counted up to the limit
	Requests int   // today (UTC), since the node was started
	Bytes    int64 // of those
	Full     bool  // another one of any size would be refused, or was today
}

// Quotas lists what partners have used that have open requests or brought one
// today, by OIN. It holds nothing personal.
func (n *Node) Quotas() (all []Quota, err error) {
	f := n.force.Load()
	if f.register == nil {
		return nil, nil
	}
	l, now := n.config.Limits, n.now()
	for _, p := range f.register.Parties() {
		if p.OIN == n.id.OIN {
			continue
		}
		q := Quota{Party: p.OIN}
		if q.Open, err = n.store.Count(openIndex(p.OIN), l.OpenRequests); err != nil {
			return nil, err
		}
		n.quota.mu.Lock()
		u := n.quota.today(p.OIN, now)
		n.quota.mu.Unlock()
		q.Requests, q.Bytes = u.requests, u.bytes
		q.Full = q.Open >= l.OpenRequests || q.Requests >= l.RequestsPerDay || u.refused
		if q.Open > 0 || q.Requests > 0 || q.Full {
			all = append(all, q)
		}
	}
	slices.SortFunc(all, func(a, b Quota) int { return cmp.Compare(a.Party, b.Party) })
	return all, nil
}

// quotaChecks names the partners that bring more than the limits allow.
func (n *Node) quotaChecks() (checks []Check, err error) {
	all, err := n.Quotas()
	f := n.force.Load()
	for _, q := range all {
		if p, err := f.party(q.Party); err == nil && q.Full {
			checks = append(checks, found(partnerQuota, "party", p.Name+" ("+string(q.Party)+")",
				"open", strconv.Itoa(q.Open), "requests", strconv.Itoa(q.Requests), "size", sizeText(q.Bytes)))
		}
	}
	return checks, err
}

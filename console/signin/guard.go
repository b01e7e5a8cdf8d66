package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

const (
	// freeFailures is how many sign-ins with a password may fail before one must
	// wait: a minute, and twice as long with each next one, up to longestWait.
	freeFailures = 5
	firstWait    = time.Minute
	longestWait  = time.Hour
	forgive      = 24 * time.Hour // after the last failure all is forgotten

	// An address may fail so often at once, and then again once in a while. It is
	// much, since a whole organisation may share one.
	addressBurst = 60
	addressPause = 12 * time.Second

	mostStrangers = 50_000 // names that nobody has, and addresses, that are remembered
)

// strikes are failures in a row.
type strikes struct {
	failed int
	last   time.Time
	until  time.Time // before this nothing is tried
}

// bucket counts what an address used of its burst.
type bucket struct {
	used float64
	last time.Time
}

type noteKey struct {
	who    exchange.ActorID
	method peer.SignInMethod
}

// guard slows down who guesses. It is in memory: a restart forgives.
//
// Names that nobody has are treated like others, so that the answers do not tell
// who works here; they are kept as digests under a key that dies with the process.
type guard struct {
	key [32]byte

	mu        sync.Mutex // held for a few steps in memory
	known     map[exchange.ActorID]*strikes
	strangers map[digest]*strikes
	addresses map[netip.Prefix]*bucket
	notes     map[noteKey]int
}

func newGuard() *guard {
	g := &guard{
		known: map[exchange.ActorID]*strikes{}, strangers: map[digest]*strikes{}, addresses: map[netip.Prefix]*bucket{}, notes: map[noteKey]int{},
	}
	rand.Read(g.key[:])
	return g
}

// knock lets an address try once, or says how long it must wait. What went well
// is given back with [guard.welcome].
func (g *guard) knock(from netip.Prefix, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	b, ok := g.addresses[from]
	if !ok {
		if len(g.addresses) >= mostStrangers {
			for at := range g.addresses { // any one
				delete(g.addresses, at)
				break
			}
		}
		b = &bucket{last: now}
		g.addresses[from] = b
	}
	if gone := now.Sub(b.last); gone > 0 { // a clock that is set back gives nothing and takes nothing
		b.used = max(0, b.used-gone.Seconds()/addressPause.Seconds())
	}
	b.last = now
	if b.used > addressBurst-1 {
		return &Fault{Code: SignInLater, After: time.Duration((b.used - addressBurst + 1) * float64(addressPause))}
	}
	b.used++
	return nil
}

func (g *guard) welcome(from netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b, ok := g.addresses[from]; ok {
		b.used = max(0, b.used-1)
	}
}

// try counts an attempt for a name as failed, before it is known whether it is:
// many at once are not worth more than one after the other. It returns how many
// failed before it. known says whether there is such an account.
func (g *guard) try(name string, known bool, now time.Time) (before int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.strikes(name, known)
	if now.Before(s.until) {
		return 0, &Fault{Code: SignInLater, After: s.until.Sub(now)}
	}
	if now.Sub(s.last) > forgive {
		*s = strikes{}
	}
	before = s.failed
	s.failed++
	s.last = now
	if over := s.failed - freeFailures; over >= 0 {
		s.until = now.Add(min(firstWait<<min(over, 10), longestWait))
	}
	return before, nil
}

func (g *guard) strikes(name string, known bool) *strikes {
	if known {
		id := exchange.ActorID(name)
		if g.known[id] == nil {
			g.known[id] = &strikes{}
		}
		return g.known[id]
	}
	at := digest(sha256.Sum256(append(g.key[:], name...)))
	if g.strangers[at] == nil {
		if len(g.strangers) >= mostStrangers {
			for other := range g.strangers { // any one
				delete(g.strangers, other)
				break
			}
		}
		g.strangers[at] = &strikes{}
	}
	return g.strangers[at]
}

// clear forgets the failures of who proved who he is.
func (g *guard) clear(id exchange.ActorID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.known, id)
}

// refused counts a refusal for the ledger; who is empty for one who was not
// recognised.
func (g *guard) refused(who exchange.ActorID, by peer.SignInMethod) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes[noteKey{who, by}]++
}

func (g *guard) takeNotes(now time.Time) map[noteKey]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	for at, b := range g.addresses {
		if now.Sub(b.last) > addressBurst*addressPause {
			delete(g.addresses, at)
		}
	}
	for at, s := range g.strangers {
		if now.Sub(s.last) > forgive {
			delete(g.strangers, at)
		}
	}
	notes := g.notes
	g.notes = map[noteKey]int{}
	return notes
}

func (g *guard) giveBack(notes map[noteKey]int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for at, n := range notes {
		g.notes[at] += n
	}
}

// address is from where a request comes, as far as one counts: an IPv6 network
// of 64 bits is one household.
func (d *Door) address(r *http.Request) netip.Prefix {
	host, _, _ := net.SplitHostPort(r.RemoteAddr) // "" is an address like any other
	if d.config.BehindProxy {
		// The last one is what our own proxy saw; those before it anybody can write.
		lines := r.Header.Values("X-Forwarded-For")
		if len(lines) > 0 {
			all := strings.Split(lines[len(lines)-1], ",")
			host = strings.TrimSpace(all[len(all)-1])
		}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return netip.PrefixFrom(a, 32)
	}
	p, _ := a.Prefix(64) // 64 bits fit
	return p
}

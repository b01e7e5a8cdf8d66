package console

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// livePause is how long changes are gathered before the browser is told.
	livePause = 300 * time.Millisecond
	// liveBeat keeps a proxy from closing a quiet connection.
	liveBeat = 20 * time.Second
	// liveLife bounds one connection; the browser comes back by itself.
	liveLife = 90 * time.Second
	// mostLive is how many pages of one person, in one role, are told of changes at
	// a time. Who has more open sees them when he loads them.
	mostLive = 24
)

// listeners counts the pages of each person that are told of changes.
type listeners struct {
	mu sync.Mutex
	of map[session]int
}

func newListeners() *listeners { return &listeners{of: map[session]int{}} }

// add reports whether there is room for one more, and takes it.
func (l *listeners) add(s session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[s] >= mostLive {
		return false
	}
	l.of[s]++
	return true
}

func (l *listeners) leave(s session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[s]--; l.of[s] == 0 {
		delete(l.of, s)
	}
}

// live tells a page that something was written (server-sent events, WHATWG
// HTML §9.2). It says no more than that: the page then asks for its own parts,
// as the person who looks at it.
func live(v *visit) error {
	out, changed := http.NewResponseController(v.w), v.c.node.Changed()
	v.w.Header().Set("Content-Type", "text/event-stream")
	if !v.c.listening.add(v.session) {
		_, err := fmt.Fprintf(v.w, "retry: %d\n\n", liveLife.Milliseconds())
		return err
	}
	defer v.c.listening.leave(v.session)
	// The first thing said is that something may have changed: it could have, since
	// the page was made or the connection broke.
	if _, err := fmt.Fprint(v.w, "retry: 2000\nevent: changed\ndata: 1\n\n"); err != nil {
		return nil //nolint:nilerr // the browser is gone
	}
	if err := out.Flush(); err != nil {
		return nil //nolint:nilerr // as above
	}
	beat, end := time.NewTicker(liveBeat), time.NewTimer(liveLife)
	defer beat.Stop()
	defer end.Stop()
	for {
		text := ""
		select {
		case <-v.r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-v.c.closed:
			return nil
		case <-beat.C:
			text = ": still here\n\n"
		case <-changed:
			time.Sleep(livePause)
			changed = v.c.node.Changed() // before the page looks: what comes later is told again
			text = "event: changed\ndata: 1\n\n"
		}
		if v.enter() != nil { // the session ended meanwhile
			text = "event: ended\ndata: 1\n\n"
			end.Reset(0)
		}
		if _, err := fmt.Fprint(v.w, text); err != nil {
			return nil //nolint:nilerr // the browser is gone
		}
		if err := out.Flush(); err != nil {
			return nil //nolint:nilerr // as above
		}
	}
}

package peer

import (
	"sync"

	"sluis/exchange"
)

// A feed tells who listens which exchanges have changed. It holds nothing: who
// was not listening looks in the store.
type feed struct {
	// mu is held while a name is handed to the listeners, who never block it.
	mu        sync.Mutex
	listeners map[*listener]bool
}

// A listener waits for changes of one exchange, or of any.
type listener struct {
	only exchange.ID // "" for any
	ring chan struct{}
}

// listen begins to listen; the listener's ring holds one token when something
// has changed since it was last taken. leave ends it.
func (f *feed) listen(only exchange.ID) (l *listener, leave func()) {
	l = &listener{only: only, ring: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners == nil {
		f.listeners = map[*listener]bool{}
	}
	f.listeners[l] = true
	return l, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, l)
	}
}

// tell says that an exchange has changed.
func (f *feed) tell(id exchange.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		if l.only != "" && l.only != id {
			continue
		}
		select {
		case l.ring <- struct{}{}:
		default:
		}
	}
}

package console

import (
	"net/url"
	"slices"
	"sync"
	"time"

	"sluis/exchange"
)

const (
	// keptFor is how long a form waits for somebody who was signed out meanwhile.
	keptFor = time.Hour
	// keptForms bounds how many forms of one person wait; the oldest goes.
	keptForms = 5
)

// A lateForm is a form that came in after the session had ended. It is shown
// again, filled in, when the same person has signed in.
type lateForm struct {
	path string
	// What he worked as; nil values for a page that he only wanted to see.
	role   exchange.Role
	hat    exchange.CapacityCode
	values url.Values
	at     time.Time
}

// between is what is kept from one request to the next, in memory: a restart
// forgets it.
type between struct {
	now func() time.Time

	mu   sync.Mutex
	late map[exchange.ActorID][]lateForm
	said map[string]saying // by the ID of a session
}

// A saying is a message for the next page of a session: the key of a word.
type saying struct {
	key string
	at  time.Time
}

func newBetween(now func() time.Time) *between {
	return &between{now: now, late: map[exchange.ActorID][]lateForm{}, said: map[string]saying{}}
}

// sweep removes what nobody comes back to.
func (b *between) sweep() {
	old := func(at time.Time) bool { return b.now().Sub(at) > keptFor }
	for who, forms := range b.late {
		if forms = slices.DeleteFunc(forms, func(f lateForm) bool { return old(f.at) }); len(forms) == 0 {
			delete(b.late, who)
		} else {
			b.late[who] = forms
		}
	}
	for id, s := range b.said {
		if old(s.at) {
			delete(b.said, id)
		}
	}
}

// keep holds a form for a person. A later one of the same page,
// in the same role and capacity, takes its place.
func (b *between) keep(who exchange.ActorID, f lateForm) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	f.at = b.now()
	forms := slices.DeleteFunc(b.late[who], func(o lateForm) bool { return o.path == f.path && o.role == f.role && o.hat == f.hat })
	forms = append(forms, f)
	b.late[who] = forms[max(0, len(forms)-keptForms):]
}

// last is the page where a person was when his session ended.
func (b *between) last(who exchange.ActorID) (lateForm, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	forms := b.late[who]
	if len(forms) == 0 {
		return lateForm{}, false
	}
	return forms[len(forms)-1], true
}

// take removes what waits for a page, and returns what was filled in; nil for a
// page that was only to be seen. What somebody wrote in one capacity does not come
// up in another.
func (b *between) take(by session, path string) url.Values {
	b.mu.Lock()
	defer b.mu.Unlock()
	who := by.actor
	i := slices.IndexFunc(b.late[who], func(f lateForm) bool { return f.path == path && f.role == by.role && f.hat == by.hat })
	if i < 0 {
		return nil
	}
	values := b.late[who][i].values
	b.late[who] = slices.Delete(b.late[who], i, i+1)
	return values
}

// say leaves a message for the next page of a session, hear takes it out.
func (b *between) say(id, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	b.said[id] = saying{key, b.now()}
}

func (b *between) hear(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.said[id].key
	delete(b.said, id)
	return key
}

package webhook

import (
	"maps"
	"slices"
	"time"

	"sluis/api"
)

// A State is how the delivery to a system is. It is cheap to ask for: the ledger is
// read for the entry that waits, and for nothing else.
type State struct {
	System string
	Behind uint64    // entries that were not looked at yet
	Oldest time.Time // when the event happened that waits longest; zero while none does
	Since  time.Time // when attempts began to fail, also before a restart; zero while they do not
	Why    string    // the code of the last failure
	Aside  int       // events that were given up, and are offered again on request only
	// Attempts are those since the start by outcome: "ok", or why not (status-…,
	// unreachable, timeout, certificate, name-unknown, no-destination, internal).
	Attempts map[string]uint64
}

// Failing reports whether the last attempt failed at something that still waits.
func (s State) Failing() bool { return !s.Since.IsZero() && !s.Oldest.IsZero() }

// Patience is after how long an administrator must act on a webhook that fails; a
// system that is being restarted is no trouble.
const Patience = time.Hour

// State tells how the delivery is. Any goroutine may ask.
func (s *Sender) State() (State, error) {
	_, size := s.source.Checkpoint()
	s.mu.Lock()
	told := State{
		System: s.target.System, Behind: size - min(size, s.state.Next), Since: s.since, Why: s.why, Aside: len(s.state.Aside),
		Attempts: maps.Clone(s.attempts),
	}
	next, again := s.state.Next, s.state.Again
	s.mu.Unlock()
	var err error
	told.Oldest, err = s.oldest(next, again)
	return told, err
}

// oldest is when the first event happened that the system has not taken. What is
// told of the next entries is found within a batch: [Sender.step] writes down at
// the end of each that it was looked at.
func (s *Sender) oldest(next uint64, again []uint64) (time.Time, error) {
	if len(again) > 0 {
		next = slices.Min(again)
	}
	entries, err := s.source.Entries(next, batch)
	if err != nil {
		return time.Time{}, err
	}
	for _, e := range entries {
		if !slices.Contains(s.target.Capacities, capacityOf(e.Header)) {
			continue
		}
		if event, ok, err := s.form.Event(e); err != nil || ok {
			return event.Time, err
		}
	}
	return time.Time{}, nil
}

// SetAside lists the events that were given up, the oldest first.
func (s *Sender) SetAside() (events []api.Event, err error) {
	s.mu.Lock()
	aside := slices.Concat(s.state.Aside, s.state.Again)
	s.mu.Unlock()
	slices.Sort(aside)
	for _, index := range aside {
		event, ok, err := s.event(index)
		if err != nil {
			return nil, err
		}
		if ok {
			events = append(events, event)
		}
	}
	return events, nil
}

// Senders are those of a node, by the name of the system.
type Senders map[string]*Sender

// States tells how the delivery to each system is, by name.
func (all Senders) States() (states []State, err error) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		state, err := all[name].State()
		if err != nil {
			return nil, err
		}
		states = append(states, state)
	}
	return states, nil
}

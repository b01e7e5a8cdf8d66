package logboek

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"sluis/ledger"
)

// A Source is the ledger that is followed.
type Source interface {
	// Entries returns up to count entries from index on.
	Entries(from uint64, count int) ([]ledger.Entry, error)
	// Checkpoint returns the number of entries, beside what signs them.
	Checkpoint() (signed []byte, size uint64)
	// Changed returns a channel that is closed at the next change.
	Changed() <-chan struct{}
}

// Options say where records go and what they say.
type Options struct {
	Endpoint    string // URL of the collector, as it stands
	HeadersFile string // "" for none
	Cursor      string // file that says how far we are
	Form        Form
	Resource    Resource
	// Subjects are the pseudonyms of whom an entry is about; nil sends none.
	Subjects func(ledger.Header) ([]string, error)
	// First and Longest are the pauses after a failed upload. Default: 1s, 5m.
	First, Longest time.Duration
	Log            *slog.Logger
}

// A Follower hands over the ledger, entry by entry and in order, at least
// once. When the collector is down it waits and holds no more than one batch:
// what waits is in the ledger anyway.
//
// cursor, checked and misses belong to Run.
type Follower struct {
	options   Options
	source    Source
	collector *collector
	cursor    cursor
	checked   bool
	misses    int

	next  atomic.Uint64 // cursor.Next, for State
	since atomic.Int64  // when uploads began to fail, in milliseconds; 0 when they do not
}

// batch bounds the entries of one upload.
const batch = 100

// Open reads the cursor and the headers. It connects to nothing.
func Open(source Source, o Options) (*Follower, error) {
	if o.First == 0 {
		o.First, o.Longest = time.Second, 5*time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	headers, err := readHeaders(o.HeadersFile)
	if err != nil {
		return nil, err
	}
	c, known, err := readCursor(o.Cursor)
	if err != nil {
		return nil, err
	}
	if !known {
		o.Log.Warn("logboek: the cursor cannot be read; the whole ledger is handed over again")
	}
	f := &Follower{options: o, source: source, collector: openCollector(o.Endpoint, headers), cursor: c}
	f.next.Store(c.Next)
	return f, nil
}

// A State is how far the collector is behind the ledger.
type State struct {
	Behind uint64    // entries that were not handed over
	Since  time.Time // when uploads began to fail; zero while they do not
}

// State tells how far behind the collector is. Any goroutine may ask.
func (f *Follower) State() State {
	var s State
	if _, size := f.source.Checkpoint(); size > f.next.Load() {
		s.Behind = size - f.next.Load()
	}
	if ms := f.since.Load(); ms != 0 {
		s.Since = time.UnixMilli(ms).UTC()
	}
	return s
}

// Run follows the ledger until ctx ends. It is started beside the duties of the
// node and not by them: the node need not know that somebody reads along, and a
// collector that hangs can't hold up a delivery.
func (f *Follower) Run(ctx context.Context) {
	defer f.collector.idle()
	for {
		changed := f.source.Changed()
		more, err := f.step(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.failed(err)
			if !pause(ctx, f.after()) {
				return
			}
		case more:
			f.recovered()
		default:
			f.recovered()
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}
}

// step hands over one batch. It reports whether there was one.
func (f *Follower) step(ctx context.Context) (bool, error) {
	if !f.checked {
		if err := f.check(); err != nil {
			return false, err
		}
	}
	entries, err := f.source.Entries(f.cursor.Next, batch)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	var records []Record
	for _, e := range entries {
		lines, err := f.records(e)
		if err != nil {
			return false, err
		}
		records = append(records, lines...)
	}
	if len(records) > 0 {
		refused, err := f.collector.upload(ctx, f.options.Resource.spans(records))
		if err != nil {
			return false, err
		}
		if refused > 0 {
			// OTLP: what a collector refuses in part must not be sent again.
			f.options.Log.Error("logboek: the collector did not keep all records", "refused", refused,
				"from", entries[0].Index, "to", entries[len(entries)-1].Index)
		}
	}
	last, err := leafOf(entries[len(entries)-1])
	if err != nil {
		return false, err
	}
	c := cursor{Next: f.cursor.Next + uint64(len(entries)), Last: last}
	if err := c.write(f.options.Cursor); err != nil {
		return false, err
	}
	f.cursor = c
	f.next.Store(c.Next)
	return true, nil
}

func (f *Follower) records(e ledger.Entry) ([]Record, error) {
	var subjects []string
	if f.options.Subjects != nil {
		var err error
		if subjects, err = f.options.Subjects(e.Header); err != nil {
			return nil, err
		}
	}
	return f.options.Form.Records(e, subjects)
}

// check begins again when the ledger is not the one that was followed, as after
// a restore: what was handed over before has the same span_id.
func (f *Follower) check() error {
	if f.cursor.Next > 0 {
		entries, err := f.source.Entries(f.cursor.Next-1, 1)
		if err != nil {
			return err
		}
		same := false
		if len(entries) == 1 {
			last, err := leafOf(entries[0])
			if err != nil {
				return err
			}
			same = last == f.cursor.Last
		}
		if !same {
			f.options.Log.Warn("logboek: this ledger is not the one that was handed over; all of it is handed over again")
			f.cursor = cursor{}
			f.next.Store(0)
		}
	}
	f.checked = true
	return nil
}

func leafOf(e ledger.Entry) (ledger.Hash, error) {
	raw, err := e.Marshal()
	if err != nil {
		return ledger.Hash{}, err
	}
	return ledger.LeafHash(raw), nil
}

// failed notes that an upload failed. The pauses keep the log from filling.
func (f *Follower) failed(err error) {
	f.misses++
	f.since.CompareAndSwap(0, time.Now().UnixMilli())
	f.options.Log.Warn("logboek: records wait for the collector", "entries", f.State().Behind, "error", err.Error())
}

func (f *Follower) recovered() {
	if f.misses > 0 {
		f.options.Log.Info("logboek: the collector takes records again", "entries", f.State().Behind)
	}
	f.misses = 0
	f.since.Store(0)
}

// after is the pause after so many misses in a row.
func (f *Follower) after() time.Duration {
	d := f.options.First
	for i := 1; i < f.misses && d < f.options.Longest; i++ {
		d *= 2
	}
	return min(d, f.options.Longest)
}

// pause waits, or reports that ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

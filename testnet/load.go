package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A Load is a network of many nodes in this process that exchange for a while. It
// acts through the doors of the nodes themselves, without HTTP and pages, so that
// what is measured is the exchange.
type Load struct {
	// Dir holds the network. Default: a temporary directory that is removed.
	Dir string
	// Parties is how many nodes there are, at least one of each kind of [LoadMembers].
	Parties int
	// Rate is how many exchanges begin each second. 0: as many as AtOnce allows.
	Rate float64
	// For is how long exchanges are begun; those that are under way then end.
	For time.Duration
	// AtOnce bounds the exchanges that are under way. Default: 64.
	AtOnce int
	// Mix says how often each kind comes, as shares. Default: [UsualMix].
	Mix map[Kind]int
	// Tell receives how it goes, every second, and while the nodes start. Default:
	// nobody listens.
	Tell func(Progress)
}

// Progress is how far a load is.
type Progress struct {
	Nodes   int           // that are up
	Elapsed time.Duration // since exchanges began; 0 while nodes start
	Begun   int
	Done    int
	Failed  int
	Memory  int64 // resident, of the whole process, in bytes; 0 where unknown
}

// A Report is what a load came to. Times are in milliseconds, sizes in bytes.
type Report struct {
	Parties   int             `json:"parties"`
	Rate      float64         `json:"rate"` // that was wanted; 0 for as many as possible
	Seconds   float64         `json:"seconds"`
	Begun     int             `json:"begun"`
	Done      int             `json:"done"`
	Failed    int             `json:"failed"`
	PerSecond float64         `json:"perSecond"`
	Late      int             `json:"late"` // began later than the rate wanted, since too many were under way
	Kinds     map[Kind]Timing `json:"kinds"`
	All       Timing          `json:"all"`
	Failures  []FailureCount  `json:"failures"`
	Started   float64         `json:"startedSeconds"` // to make and start all nodes
	Settled   float64         `json:"settledSeconds"` // until every outbox was empty
	Memory    Memory          `json:"memory"`
	Ledgers   Ledgers         `json:"ledgers"`
}

// Timing is how long steps of exchanges took.
type Timing struct {
	Count int `json:"count"`
	// Receipt is from asking until the receipt is in, Answer from deciding until the
	// asker has the answer.
	Receipt Percentiles `json:"askToReceipt"`
	Answer  Percentiles `json:"decideToAnswer"`
}

// Percentiles are of durations, in milliseconds.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Memory is what the process has resident. Files of the databases that are mapped
// count, as the system counts them.
type Memory struct {
	Before  int64 `json:"before"` // any node
	Idle    int64 `json:"idle"`   // when all nodes were up
	Peak    int64 `json:"peak"`
	PerNode int64 `json:"perNode"` // (Peak - Before) / nodes
}

// Ledgers are those of all nodes.
type Ledgers struct {
	Entries  uint64 `json:"entries"`
	Smallest uint64 `json:"smallest"`
	Largest  uint64 `json:"largest"`
	Disk     int64  `json:"diskBytes"` // of the directories of all nodes
	Verified int    `json:"verified"`  // nodes that proved their whole ledger afterwards
}

// A FailureCount is something that went wrong, and how often.
type FailureCount struct {
	Kind  Kind   `json:"kind"`
	Step  string `json:"step"`
	Why   string `json:"why"` // a code, or the text of an error without content
	Count int    `json:"count"`
}

const (
	defaultAtOnce = 64
	loadPatience  = time.Minute
)

// Run makes the network, loads it, waits until every message is delivered, has
// every node prove its ledger, and reports. The report is there also when it
// returns an error after the load.
func (l Load) Run(ctx context.Context) (r Report, err error) {
	if l.AtOnce == 0 {
		l.AtOnce = defaultAtOnce
	}
	if l.Mix == nil {
		l.Mix = UsualMix
	}
	if l.Tell == nil {
		l.Tell = func(Progress) {}
	}
	members, err := LoadMembers(l.Parties)
	if err != nil {
		return r, err
	}
	if l.Dir == "" {
		if l.Dir, err = os.MkdirTemp("", "sluis-load-"); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(l.Dir)) }()
	}
	r = Report{Parties: l.Parties, Rate: l.Rate}
	r.Memory.Before = resident()
	began := time.Now()
	n, err := Start(ctx, Config{Dir: l.Dir, Members: members, Bare: true, Started: func(up int) { l.Tell(Progress{Nodes: up, Memory: resident()}) }})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	r.Started = time.Since(began).Seconds()
	r.Memory.Idle = resident()
	t := newTally(l, n)
	began = time.Now()
	t.run(ctx, began)
	r.Seconds = time.Since(began).Seconds()
	began = time.Now()
	unsettled := n.settle(ctx)
	r.Settled = time.Since(began).Seconds()
	t.report(&r)
	r.Memory.Peak = max(t.peak, resident())
	r.Memory.PerNode = (r.Memory.Peak - r.Memory.Before) / int64(l.Parties)
	return r, errors.Join(ctx.Err(), unsettled, n.measure(ctx, &r.Ledgers))
}

// A tally runs exchanges and keeps what came of them.
type tally struct {
	Load
	net   *Net
	kinds []Kind // in turn, as often as the mix says

	mu       sync.Mutex
	begun    int
	done     int
	failed   int
	late     int
	peak     int64
	receipts map[Kind][]time.Duration
	answers  map[Kind][]time.Duration
	counts   map[Kind]int
	failures map[FailureCount]int
}

func newTally(l Load, n *Net) *tally {
	return &tally{
		Load: l, net: n, kinds: turns(l.Mix),
		receipts: map[Kind][]time.Duration{}, answers: map[Kind][]time.Duration{}, counts: map[Kind]int{}, failures: map[FailureCount]int{},
	}
}

// turns lists kinds as often as their share says, spread evenly.
func turns(mix map[Kind]int) (all []Kind) {
	most := 0
	for _, share := range mix {
		most = max(most, share)
	}
	for round := range most {
		for _, k := range slices.Sorted(maps.Keys(mix)) {
			if mix[k] > round {
				all = append(all, k)
			}
		}
	}
	return all
}

// run begins exchanges until the time is over, and returns when they have ended.
func (t *tally) run(ctx context.Context, began time.Time) {
	var work sync.WaitGroup
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { t.watch(began, stop) })
	places := make(chan struct{}, t.AtOnce)
	for i := 0; time.Since(began) < t.For && ctx.Err() == nil; i++ {
		if t.Rate > 0 && !pause(ctx, time.Until(began.Add(time.Duration(float64(i)/t.Rate*float64(time.Second))))) {
			break
		}
		select {
		case places <- struct{}{}:
		default:
			t.mu.Lock()
			t.late++
			t.mu.Unlock()
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			break
		}
		t.mu.Lock()
		t.begun++
		t.mu.Unlock()
		work.Go(func() {
			defer func() { <-places }()
			t.one(ctx, i)
		})
	}
	work.Wait()
	close(stop)
	watching.Wait()
}

func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// watch tells how it goes, and remembers the most memory.
func (t *tally) watch(began time.Time, stop <-chan struct{}) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-stop:
			return
		case <-every.C:
		}
		memory := resident()
		t.mu.Lock()
		t.peak = max(t.peak, memory)
		p := Progress{Nodes: t.Parties, Elapsed: time.Since(began), Begun: t.begun, Done: t.done, Failed: t.failed, Memory: memory}
		t.mu.Unlock()
		t.Tell(p)
	}
}

// one is one exchange, of the kind whose turn it is.
func (t *tally) one(ctx context.Context, i int) {
	kind := t.kinds[i%len(t.kinds)]
	ctx, cancel := context.WithTimeout(ctx, loadPatience)
	defer cancel()
	e := encounter{net: t.net, kind: kind, turn: i / len(t.kinds)}
	step, err := e.play(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.receipt > 0 {
		t.receipts[kind] = append(t.receipts[kind], e.receipt)
	}
	if e.answer > 0 {
		t.answers[kind] = append(t.answers[kind], e.answer)
	}
	if err != nil {
		t.failed++
		t.failures[FailureCount{Kind: kind, Step: step, Why: err.Error()}]++
		return
	}
	t.done++
	t.counts[kind]++
}

func (t *tally) report(r *Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Begun, r.Done, r.Failed, r.Late = t.begun, t.done, t.failed, t.late
	r.PerSecond = float64(t.done) / r.Seconds
	r.Kinds = map[Kind]Timing{}
	var receipts, answers []time.Duration
	for k := range t.Mix {
		r.Kinds[k] = Timing{t.counts[k], percentiles(t.receipts[k]), percentiles(t.answers[k])}
		receipts, answers = append(receipts, t.receipts[k]...), append(answers, t.answers[k]...)
	}
	r.All = Timing{t.done, percentiles(receipts), percentiles(answers)}
	r.Failures = []FailureCount{}
	for f, count := range t.failures {
		f.Count = count
		r.Failures = append(r.Failures, f)
	}
	slices.SortFunc(r.Failures, func(a, b FailureCount) int { return b.Count - a.Count })
}

// percentiles are by nearest rank; zero where nothing was measured.
func percentiles(all []time.Duration) Percentiles {
	if len(all) == 0 {
		return Percentiles{}
	}
	slices.Sort(all)
	at := func(percent int) float64 {
		rank := (len(all)*percent + 99) / 100
		return float64(all[rank-1].Microseconds()) / 1000
	}
	return Percentiles{at(50), at(95), at(99)}
}

// settle waits until nothing waits in any outbox.
func (n *Net) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*loadPatience)
	defer cancel()
	for _, key := range n.order {
		node := n.nodes[key].running.node
		for {
			changed := node.Changed()
			if node.Waiting() == 0 {
				break
			}
			select {
			case <-changed:
			case <-time.After(time.Second): // a message that is given up changes nothing else
			case <-ctx.Done():
				return fmt.Errorf("%s still has messages to deliver", key)
			}
		}
	}
	return nil
}

// measure adds up the ledgers, and has every node prove its own.
func (n *Net) measure(ctx context.Context, l *Ledgers) error {
	for _, key := range n.order {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		size, err := n.nodes[key].running.node.VerifyLedger(ctx)
		if err != nil {
			return fmt.Errorf("%s can't prove its ledger: %w", key, err)
		}
		l.Verified++
		l.Entries += size
		l.Largest = max(l.Largest, size)
		if l.Smallest == 0 || size < l.Smallest {
			l.Smallest = size
		}
		err = filepath.WalkDir(n.nodes[key].dir, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil // a file that the database has just removed
			}
			if info, err := d.Info(); err == nil {
				l.Disk += blocks(info)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// whyOf is a failure as it is counted: by its code, where it has one.
func whyOf(err error) error {
	var refusal *exchange.Refusal
	var fault *peer.Fault
	switch {
	case errors.As(err, &refusal):
		return errors.New(string(refusal.Code) + " " + fmt.Sprint(refusal.Params))
	case errors.As(err, &fault):
		return errors.New(fault.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("nothing came within " + loadPatience.String())
	}
	return err
}

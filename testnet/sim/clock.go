package sim

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// A schedule is the clock of a simulation and the one thread of it. Events happen
// in the order of their times, one after the other. A task is code that waits:
// it runs until it waits, and goes on at an event; never do two run at once. So
// what happens follows from the seed alone.
type schedule struct {
	now   time.Time
	rng   *rand.Rand
	queue events
	seq   uint64
	// running is the task that has the turn, nil while an event has it.
	running *task
	yield   chan struct{}
	after   func() // after each event
}

type task struct{ resume chan struct{} }

type event struct {
	at  time.Time
	seq uint64
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newSchedule(seed uint64, start time.Time) *schedule {
	return &schedule{now: start, rng: rand.New(rand.NewPCG(seed, 0x51d15)), yield: make(chan struct{})}
}

// in makes something happen after a time. It must not wait.
func (s *schedule) in(d time.Duration, do func()) {
	s.seq++
	heap.Push(&s.queue, event{s.now.Add(max(d, 0)), s.seq, do})
}

// begin starts a task and returns when it waits or has ended. Only an event may.
func (s *schedule) begin(do func()) {
	t := &task{make(chan struct{})}
	go func() {
		<-t.resume
		do()
		s.yield <- struct{}{}
	}()
	s.turn(t)
}

// turn gives a task the turn until it waits or has ended.
func (s *schedule) turn(t *task) {
	s.running = t
	t.resume <- struct{}{}
	<-s.yield
	s.running = nil
}

// wait lets others have the turn, until this task is given it again.
func (s *schedule) wait(t *task) {
	s.yield <- struct{}{}
	<-t.resume
}

// sleep is wait for a time.
func (s *schedule) sleep(d time.Duration) {
	t := s.running
	s.in(d, func() { s.turn(t) })
	s.wait(t)
}

// run lets happen what happens until a moment, which it then is.
func (s *schedule) run(until time.Time) {
	for len(s.queue) > 0 && !s.queue[0].at.After(until) {
		e := heap.Pop(&s.queue).(event)
		s.now = e.at
		e.do()
		s.after()
	}
	s.now = until
}

// below draws a time below one.
func (s *schedule) below(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(s.rng.Int64N(int64(d)))
}

// between draws a time.
func (s *schedule) between(from, to time.Duration) time.Duration { return from + s.below(to-from) }

// once reports true in one of so many cases.
func (s *schedule) chance(p float64) bool { return p > 0 && s.rng.Float64() < p }

func pick[T any](s *schedule, of []T) T { return of[s.rng.IntN(len(of))] }

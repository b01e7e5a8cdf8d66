package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
	"sluis/store"
)

// An affair is one request and all that people do about it: what the model knows
// of it. What a node tells is held against this.
type affair struct {
	number   int
	from, to *node
	kind     kind
	subject  exchange.Subject
	in, id   exchange.ID
	asked    bool // the asker's node said that it is asked
	// decided says that a professional decided, with what. What he decides stays
	// the same when he has to do it again after a power cut.
	decided   bool
	answer    exchange.Decision
	withdrawn bool // somebody tried to take it back
	informed  time.Time
	// unsureOfMoment says that somebody tried to record that, and does not know.
	unsureOfMoment bool
	corrected      bool
	corrects       map[exchange.ItemCode]string // the values that count after a rectification
	permission     exchange.ID
	granted        bool
	passings       []*passing
	// before names the older backups of its parties that were gone back to when
	// it began: what it then loses is explained.
	before [2]int
	gone   bool // destroyed, as it should be
}

// A passing is something of an affair that went on to a third party.
type passing struct {
	id    exchange.ID
	to    *node
	items []exchange.ItemCode
}

// lossy reports whether a party of the affair went back to an older backup since
// it began.
func (a *affair) lossy() bool {
	return a.from.restored != a.before[0] || a.to.restored != a.before[1]
}

var errDown = errors.New("sim: the node is down")

// unsure reports whether a person can't know whether what he did was done: his
// node went down under him.
func unsure(err error) bool {
	return errors.Is(err, errDown) || errors.Is(err, store.ErrStopped) || errors.Is(err, store.ErrClosed)
}

// later reports whether it helps to try again.
func later(err error) bool {
	return unsure(err) || errors.Is(err, store.ErrDiskFull) || errors.Is(err, store.ErrRecovering) || isFault(err, peer.Recovering) || isFault(err, peer.LedgerBehind)
}

// door is one thing that a person does at a node. What the node confirms is
// acknowledged.
func (n *node) door(what string, do func(ctx context.Context, p *peer.Node) error) error {
	if !n.up || n.world.now.Before(n.busyUntil) {
		return errDown
	}
	epoch := n.epoch
	err := do(context.Background(), n.peer)
	n.touched = true
	if !n.lives(epoch) {
		n.world.note(n, what, "unsure")
		return errDown
	}
	if err == nil {
		n.acknowledge()
		n.world.note(n, what, "ok")
		return nil
	}
	n.world.note(n, what, codeOf(err))
	return err
}

// codeOf names an error in a way that is the same in each run.
func codeOf(err error) string {
	var refusal *exchange.Refusal
	var fault *peer.Fault
	switch {
	case errors.As(err, &refusal):
		return string(refusal.Code)
	case errors.As(err, &fault):
		return fault.Code
	}
	return err.Error()
}

// insist does something at a node until it is known to be done, or refused. done
// looks whether it was done after all.
func (n *node) insist(what string, do, done func(ctx context.Context, p *peer.Node) error) error {
	for range 200 {
		err := n.door(what, do)
		if err == nil || !later(err) {
			return err
		}
		n.world.sleep(n.world.between(time.Minute, 40*time.Minute))
		if !unsure(err) || done == nil {
			continue
		}
		for {
			err := n.door(what+"?", done)
			if err == nil {
				return nil
			}
			if !later(err) {
				break
			}
			n.world.sleep(20 * time.Minute)
		}
	}
	return errDown
}

func (n *node) capacity() exchange.PartyID {
	return exchange.PartyID{OIN: n.oin(), Capacity: n.member.Party.Capacities[0].Code}
}

// somebody is who acts at a node in a role.
func (n *node) somebody(roles ...exchange.Role) peer.Who {
	for _, a := range n.member.Staff {
		if slices.Contains(roles, a.Roles[0].Role) {
			return peer.Who{ID: a.ID, Hat: n.capacity().Capacity}
		}
	}
	panic("sim: nobody at " + n.member.Key + " has such a role")
}

func (n *node) asker() peer.Who   { return n.somebody(exchange.Requester) }
func (n *node) decider() peer.Who { return n.somebody(exchange.Professional, exchange.Requester) }
func (n *node) officer() peer.Who { return n.somebody(exchange.PrivacyOfficer) }

// people plans who asks what, through the days.
func (w *world) people() {
	for day := range w.config.Days {
		for range w.config.PerDay/2 + w.rng.IntN(w.config.PerDay+1) {
			at := time.Duration(day)*24*time.Hour + w.between(0, 11*time.Hour)
			w.in(at, func() { w.begin(w.affair) })
		}
	}
}

// today is the day on the clock of a node.
func (n *node) today() time.Time { return n.now().UTC().Truncate(24 * time.Hour) }

// affair begins a request.
func (w *world) affair() {
	if w.calm {
		return
	}
	from := w.node(pick(w.schedule, []string{"municipality", "municipality", "other-municipality"}))
	k := pick(w.schedule, kinds)
	a := &affair{number: len(w.affairs), from: from, to: w.node(k.to), kind: k, corrects: map[exchange.ItemCode]string{}}
	a.before = [2]int{a.from.restored, a.to.restored}
	a.subject = exchange.Subject{
		Standing: exchange.Client, Name: exchange.Hide(fmt.Sprintf("%s Persoon %d", mark, w.rng.IntN(1000))), Born: exchange.Hide("1987-03-14"),
		Address: exchange.Hide(mark + "weg 12, Voorbeeldstad"),
	}
	a.subject.BSN, _ = exchange.ParseBSN(pick(w.schedule, numbers))
	if err := w.askIn(a); err != nil {
		w.count("not asked")
		// A backup from before the case does not have it.
		lost := a.from.restored != a.before[0] && isFault(err, peer.UnknownCase)
		if !later(err) && !lost {
			w.broken("I7", from, "a request to %s that the law allows was refused: %v", k.to, err)
		}
		return
	}
	a.asked = true
	w.affairs = append(w.affairs, a)
	w.in(w.between(5*time.Minute, 9*time.Hour), func() { w.begin(func() { w.weigh(a) }) })
	if w.chance(0.04) {
		w.in(w.between(time.Minute, 24*time.Hour), func() { w.begin(func() { w.withdraw(a) }) })
	}
	w.in(w.between(time.Hour, 48*time.Hour), func() { w.begin(func() { w.read(a) }) })
}

// askIn opens a case and asks in it.
func (w *world) askIn(a *affair) error {
	by := a.from.asker()
	err := a.from.insist("case", func(ctx context.Context, p *peer.Node) error {
		c, err := p.OpenCase(ctx, by, caseOf(a.subject, a.from.today()))
		a.in = c.ID
		return err
	}, nil)
	if err != nil {
		return err
	}
	day := a.from.today()
	return a.from.insist("ask", func(ctx context.Context, p *peer.Node) error {
		r := requestOf(a.kind, a.from.capacity(), a.to.capacity(), day)
		r.Case = a.in
		x, err := p.Ask(ctx, by, peer.Asking{Request: r, Person: 1})
		a.id = x.ID
		return err
	}, func(ctx context.Context, p *peer.Node) error {
		page, _, err := p.List(ctx, peer.Filter{Case: a.in})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return errNotDone
		}
		a.id = page[0].ID
		return nil
	})
}

var errNotDone = errors.New("sim: it was not done")

// phase is how an exchange stands at a node.
func (n *node) phase(id exchange.ID) (phase exchange.Phase, err error) {
	err = n.door("status", func(ctx context.Context, p *peer.Node) error {
		s, err := p.Status(ctx, id, n.capacity().Capacity)
		phase = s.Phase
		return err
	})
	return phase, err
}

// await looks at a node time and again until an exchange is in one of these
// phases there.
func (w *world) await(n *node, id exchange.ID, phases ...exchange.Phase) (exchange.Phase, bool) {
	for range 60 {
		if phase, err := n.phase(id); err == nil && slices.Contains(phases, phase) {
			return phase, true
		}
		if w.calm {
			return "", false
		}
		w.sleep(w.between(30*time.Minute, 5*time.Hour))
	}
	return "", false
}

// weigh is a professional who is asked: he may ask back, weighs, and decides.
func (w *world) weigh(a *affair) {
	phase, ok := w.await(a.to, a.id, exchange.Weighing, exchange.Withdrawn)
	if !ok || phase != exchange.Weighing || w.chance(0.02) {
		return // some are never decided
	}
	by := a.to.decider()
	if w.chance(0.1) && !w.calm {
		if !w.askBack(a, by) {
			return
		}
	}
	if a.kind.steps != nil {
		for _, s := range a.kind.steps(a.to.today()) {
			if err := a.to.insist("step", func(ctx context.Context, p *peer.Node) error { _, err := p.Weigh(ctx, by, a.id, s); return err }, nil); err != nil {
				w.unexpected(a, a.to, "a step of a weighing", err)
				return
			}
		}
	}
	a.answer = w.decision(a)
	err := a.to.insist("decide", func(ctx context.Context, p *peer.Node) error {
		if w.config.Sabotage != "undecided" {
			a.decided = true // from here on it may be on disk, whether we hear of it or not
		}
		_, err := p.Decide(ctx, by, a.id, a.answer)
		return err
	}, func(ctx context.Context, p *peer.Node) error {
		s, err := p.Status(ctx, a.id, a.to.capacity().Capacity)
		if err == nil && s.Phase == exchange.Weighing {
			return errNotDone
		}
		return err
	})
	if err != nil {
		w.unexpected(a, a.to, "a decision", err)
		return
	}
	w.count("decisions")
	if w.chance(0.06) && slices.ContainsFunc(a.answer.Items, func(i exchange.ItemDecision) bool { return i.Outcome == exchange.Supply }) {
		w.in(w.between(time.Hour, 72*time.Hour), func() { w.begin(func() { w.correct(a) }) })
	}
}

// unexpected is a step that was refused: after a withdrawal that is how it should
// be, and after an older backup it is explained.
func (w *world) unexpected(a *affair, n *node, what string, err error) {
	if a.withdrawn || a.lossy() || later(err) {
		w.count("overtaken")
		return
	}
	w.broken("I7", n, "%s in affair %d was refused: %s", what, a.number, codeOf(err))
}

// decision is what a professional decides: per item, and on what conditions.
func (w *world) decision(a *affair) (d exchange.Decision) {
	for _, i := range a.kind.items {
		if a.kind.never || w.chance(0.25) {
			d.Items = append(d.Items, exchange.ItemDecision{
				Item: i.Item, Outcome: exchange.Withhold, Ground: a.kind.ground, Reason: text("adds nothing"), Tell: text("call me"),
			})
			continue
		}
		depth := exchange.Process
		if i.Depth == exchange.That {
			depth = exchange.That
		}
		d.Items = append(d.Items, exchange.ItemDecision{Item: i.Item, Outcome: exchange.Supply, Depth: depth, Value: text("value %d of %s", a.number, i.Item)})
	}
	if slices.ContainsFunc(d.Items, func(i exchange.ItemDecision) bool { return i.Outcome == exchange.Supply }) {
		switch w.rng.IntN(3) {
		case 0:
			d.Conditions = []exchange.Condition{{Code: exchange.AskFirst}}
		case 1:
			d.Conditions = []exchange.Condition{{Code: exchange.NoOnward}}
		}
	}
	return d
}

// askBack asks a question back and waits for the reply.
func (w *world) askBack(a *affair, by peer.Who) bool {
	err := a.to.insist("question", func(ctx context.Context, p *peer.Node) error {
		_, err := p.Question(ctx, by, a.id, text("which of the two do you mean?"))
		return err
	}, func(ctx context.Context, p *peer.Node) error {
		s, err := p.Status(ctx, a.id, a.to.capacity().Capacity)
		if err == nil && s.Phase == exchange.Weighing {
			return errNotDone
		}
		return err
	})
	if err != nil {
		w.unexpected(a, a.to, "a question back", err)
		return false
	}
	w.count("questions back")
	if _, ok := w.await(a.from, a.id, exchange.Clarifying); !ok {
		return false
	}
	err = a.from.insist("reply", func(ctx context.Context, p *peer.Node) error {
		_, err := p.Reply(ctx, a.from.asker(), a.id, text("the one of this year"))
		return err
	}, func(ctx context.Context, p *peer.Node) error {
		s, err := p.Status(ctx, a.id, a.from.capacity().Capacity)
		if err == nil && s.Phase == exchange.Clarifying {
			return errNotDone
		}
		return err
	})
	if err != nil {
		w.unexpected(a, a.from, "a reply", err)
		return false
	}
	_, ok := w.await(a.to, a.id, exchange.Weighing)
	return ok
}

// withdraw takes a request back, if it is not too late.
func (w *world) withdraw(a *affair) {
	err := a.from.door("withdraw", func(ctx context.Context, p *peer.Node) error {
		a.withdrawn = true
		_, err := p.Withdraw(ctx, a.from.asker(), a.id)
		return err
	})
	if err == nil {
		w.count("withdrawals")
	}
}

// read is who asked and reads the answer, and does something with it.
func (w *world) read(a *affair) {
	phase, ok := w.await(a.from, a.id, exchange.Answered, exchange.Refused, exchange.Withdrawn, exchange.Expired, exchange.Rejected)
	if !ok {
		return
	}
	if phase == exchange.Answered {
		_ = a.from.door("open", func(ctx context.Context, p *peer.Node) error { _, err := p.Open(ctx, a.from.asker(), a.id); return err })
		if w.chance(0.3) && !w.calm {
			w.passOn(a)
		}
	}
	if w.chance(0.8) {
		day := a.from.today()
		if err := a.from.insist("informed", func(ctx context.Context, p *peer.Node) error {
			a.unsureOfMoment = true
			_, err := p.RecordMoment(ctx, a.from.asker(), a.in, exchange.ClientInformed, day)
			return err
		}, nil); err == nil {
			a.informed = day
		}
	}
}

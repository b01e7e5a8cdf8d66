package peer

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/register"
	"sluis/transport"
)

// A node whose machine was put back from a snapshot finds everything in order: store,
// anchor and keys are old together. If it went on, it would sign a second history of
// its ledger, and only others can know. So the first thing that is said with a party
// after a start is the question what it has seen of this ledger: before that, nothing
// that it sends is taken, and it is shown nothing. What answers is [RecallProtocol].
//
// At a start the partners are asked before anything else is done, all together and
// for a few seconds; whoever is not reached is asked later, at the latest when
// he is there. Who answers with less, or with the same, has vouched. Who shows more,
// or something else, signed by this ledger, proves that this is an old copy: it is
// held there and then, see [Node.holdAt]. Nothing else that anybody says stops a node.

// A vouching is who has vouched since the start. It holds names and times only.
type vouching struct {
	pace Pace

	mu      sync.Mutex // held for the few steps on the fields below
	parties map[exchange.OIN]*voucher
	order   []exchange.OIN // of parties: those of the first question, then the others
	until   time.Time      // when the first question is over at the latest; zero before it began
	over    bool           // it is
	opened  chan struct{}  // closed when it is
	wake    chan struct{}  // holds one token when somebody may be asked earlier
}

// A voucher is a party that is asked.
type voucher struct {
	partner bool // messages were exchanged with it, as far as this ledger knows
	first   bool // it is asked before anything else is done
	asked   bool // an answer came, or did not
	vouched bool
	unread  bool // it showed a checkpoint that no key that is known here has signed
	running bool
	misses  int
	next    time.Time
}

const (
	// vouchTime bounds one question, and the first ones together.
	vouchTime = 5 * time.Second
	// firstAtOnce is how many are asked together at the start, and vouchAtOnce
	// later: nobody is in a hurry then.
	firstAtOnce = 64
	vouchAtOnce = 4
	// firstStrangers are asked at the start by a ledger that knows no partner: it may
	// be from before it had any.
	firstStrangers = 16
	// mostShown is how many checkpoints of an answer are looked at.
	mostShown = 8
)

func newVouching(p Pace) *vouching {
	return &vouching{pace: p, parties: map[exchange.OIN]*voucher{}, opened: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// expect adds the parties of a register, partners first, and asks those again who
// showed what could not be read: a newer register may list the key.
func (v *vouching) expect(all []exchange.OIN, partner map[exchange.OIN]bool) {
	listed := map[exchange.OIN]bool{}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, oin := range all {
		listed[oin] = true
		p := v.parties[oin]
		if p == nil {
			p = &voucher{partner: partner[oin]}
			v.parties[oin] = p
			v.order = append(v.order, oin)
		}
		if p.unread {
			p.unread, p.next = false, time.Time{}
		}
	}
	slices.SortStableFunc(v.order, func(a, b exchange.OIN) int {
		switch {
		case v.parties[a].partner == v.parties[b].partner:
			return 0
		case v.parties[a].partner:
			return -1
		}
		return 1
	})
	for oin := range v.parties {
		if !listed[oin] {
			delete(v.parties, oin)
		}
	}
	v.order = slices.DeleteFunc(v.order, func(oin exchange.OIN) bool { return v.parties[oin] == nil })
	v.signal()
}

// begin says who is asked first. It is called once, before anybody is.
func (v *vouching) begin() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, oin := range v.order {
		p := v.parties[oin]
		p.first = p.partner || i < firstStrangers && !v.parties[v.order[0]].partner
	}
	v.settle()
}

// settle ends the first question when all have been asked.
func (v *vouching) settle() {
	for _, p := range v.parties {
		if p.first && !p.asked {
			return
		}
	}
	v.close()
}

func (v *vouching) close() {
	if !v.over {
		v.over = true
		close(v.opened)
	}
}

// due takes the parties that may be asked now and says when to look again, and
// whether the first question is over: before that, nothing else is done.
func (v *vouching) due(now time.Time, running int) (oins []exchange.OIN, again time.Time, over bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.until.IsZero() {
		v.until = now.Add(vouchTime)
	}
	if !now.Before(v.until) {
		v.close()
	}
	most := vouchAtOnce
	if !v.over {
		most, again = firstAtOnce, v.until
	}
	for _, oin := range v.order {
		p := v.parties[oin]
		switch {
		case p.vouched, p.running, !v.over && !p.first:
		case p.next.After(now):
			if again.IsZero() || p.next.Before(again) {
				again = p.next
			}
		case running+len(oins) < most:
			p.running = true
			oins = append(oins, oin)
		}
	}
	return oins, again, v.over
}

// said records how a question went.
func (v *vouching) said(oin exchange.OIN, err error, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.parties[oin]
	if p == nil {
		return // the register does not have it any more
	}
	p.running, p.asked = false, true
	if p.vouched = p.vouched || err == nil; !p.vouched {
		p.misses++
		p.unread = errors.Is(err, errUnread)
		p.next = now.Add(v.pace.after(p.misses))
	}
	v.settle()
}

// there is called when a party showed that it is up.
func (v *vouching) there(oin exchange.OIN) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p := v.parties[oin]; p != nil && !p.vouched && !p.running {
		p.next = time.Time{}
		v.signal()
	}
}

func (v *vouching) signal() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// has reports whether a party has vouched, and whether it may be asked now: not while
// the first question runs.
func (v *vouching) has(oin exchange.OIN) (vouched, over bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.parties[oin]
	return p != nil && p.vouched, v.over
}

// mayAsk reports whether the first question is over.
func (v *vouching) mayAsk() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.over
}

// setBack makes due what a clock that ran ahead had put off.
func (v *vouching) setBack(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.parties {
		p.next = time.Time{}
	}
	if v.until.After(now.Add(vouchTime)) {
		v.until = now.Add(vouchTime)
	}
}

// loadVouching begins to ask. A restored node asks in another way, see [Node.recover].
func (n *Node) loadVouching() error {
	if n.store.Recovering() {
		n.vouching.close()
		if shown := n.store.Shown(); shown != "" { // it is known before anybody is asked again
			r := Recovery{Size: n.store.Size()}
			if _, err := r.hold(n, shown); err != nil {
				return err
			}
			n.recovery.Store(&r)
		}
		return nil
	}
	if err := n.expectVouchers(n.force.Load().register); err != nil {
		return err
	}
	n.vouching.begin()
	return nil
}

// expectVouchers has the parties of a register asked.
func (n *Node) expectVouchers(reg *register.Register) error {
	if reg == nil || n.store.Recovering() {
		return nil
	}
	partner := map[exchange.OIN]bool{}
	if err := n.holdings(func(_ string, h holding) error { partner[h.Party] = true; return nil }); err != nil {
		return err
	}
	var all []exchange.OIN
	for _, p := range reg.Parties() {
		if p.OIN != n.id.OIN && reg.MaySign(p.OIN, n.now()) { // no others can be reached
			all = append(all, p.OIN)
		}
	}
	n.vouching.expect(all, partner)
	return nil
}

// Vouching tells how many partners there are, as the ledger of this node knows them, and
// how many of them have vouched since the start.
func (n *Node) Vouching() (vouched, partners int) {
	v := n.vouching
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.parties {
		if !p.partner {
			continue
		}
		partners++
		if p.vouched {
			vouched++
		}
	}
	return vouched, partners
}

// Asked is closed when the partners have been asked what they saw of this ledger,
// whether they answered or not. Who opens doors waits for it.
func (n *Node) Asked() <-chan struct{} { return n.vouching.opened }

// errUnread: somebody showed a checkpoint of our ledger that no known key signed.
var errUnread = errors.New("a checkpoint under the name of this ledger is not signed with a key that is known here")

// vouch is the turn of asking a party.
func (n *Node) vouch(ctx context.Context, oin exchange.OIN) {
	party, ok := register.Party{}, false
	if f := n.force.Load(); f.register != nil {
		party, ok = f.register.Party(oin)
	}
	if !ok {
		n.vouching.said(oin, fault(UnknownParty), n.now())
		return
	}
	if err := n.askVoucher(ctx, party); err != nil {
		n.log.Debug("a party has not said what it saw of this ledger", "party", string(oin), "error", err.Error())
	}
}

// vouched makes sure that a party has said what it saw of our ledger since the start,
// before anything is exchanged with it. The fault says: later.
func (n *Node) vouched(ctx context.Context, party register.Party) error {
	if n.store.Recovering() {
		return n.heldBack()
	}
	if party.OIN == n.id.OIN {
		return nil
	}
	switch vouched, over := n.vouching.has(party.OIN); {
	case vouched:
		return nil
	case !over:
		return fault(Recovering)
	}
	return n.askVoucher(ctx, party)
}

// askVoucher asks a party what it saw of our ledger, holds that against it, and remembers how
// that went. Who does not speak the protocol, of a version before it, has nothing to say.
func (n *Node) askVoucher(ctx context.Context, party register.Party) error {
	ctx, cancel := context.WithTimeout(ctx, vouchTime)
	defer cancel()
	said, err := n.askSeen(ctx, party, recallQuestion{Ledger: max(n.id.Ledger, 1)})
	if errors.Is(err, transport.ErrProtocol) {
		err = nil
	}
	for _, note := range said.Seen[:min(len(said.Seen), mostShown)] {
		switch shows, c, wrong := n.holdAgainst([]byte(note)); {
		case wrong != nil:
			err = errors.Join(err, wrong)
		case shows == isProof:
			err = n.holdAt([]byte(note), c, party.OIN)
		case shows == isUnread && err == nil:
			err = errUnread
		}
	}
	n.vouching.said(party.OIN, err, n.now())
	if errors.Is(err, errUnread) {
		n.log.Warn("a party has seen this ledger under a key that is not known here; nothing is exchanged with it", "party", string(party.OIN))
		return fault(Recovering)
	}
	return err
}

// askSeen puts one question on the recall protocol.
func (n *Node) askSeen(ctx context.Context, party register.Party, q recallQuestion) (said recall, err error) {
	question, err := json.Marshal(q)
	if err != nil {
		return recall{}, err
	}
	raw, err := n.network.Send(ctx, party.Peer, RecallProtocol, question)
	if err != nil {
		return recall{}, err
	}
	if crypto.StrictJSON(raw, 4) != nil || json.Unmarshal(raw, &said) != nil {
		return recall{}, fault(BadReply)
	}
	if said.Code != "" {
		return recall{}, &Fault{Code: knownCode(said.Code), Retry: true}
	}
	return said, nil
}

// What a checkpoint that somebody shows says about our ledger.
type shows int

const (
	isNothing shows = iota // of another ledger, or what our ledger holds
	isProof                // signed by our ledger, which does not hold it: this is an old copy
	isUnread               // it bears the name of our ledger, which does not hold it, and no key that we know signed it
)

// holdAgainst compares a checkpoint with our ledger.
func (n *Node) holdAgainst(note []byte) (shows, ledger.Checkpoint, error) {
	c, err := n.openOwn(note)
	if err != nil {
		c, err = n.openListed(note)
	}
	if err != nil {
		unread, err := n.unreadButOurs(string(note))
		if unread {
			return isUnread, ledger.Checkpoint{}, err
		}
		return isNothing, ledger.Checkpoint{}, err
	}
	if c.Size > n.store.Size() { // what has left was in the ledger before
		return isProof, c, nil
	}
	own, err := n.store.CheckpointAt(c.Size)
	if err != nil {
		return isNothing, c, err
	}
	same, err := n.openOwn(own)
	if err == nil && same.Root != c.Root {
		return isProof, c, nil
	}
	return isNothing, c, err
}

// openListed reads a checkpoint of our own ledger, under its present name, that is
// signed with the key that the register lists: that key may be newer than this copy.
func (n *Node) openListed(note []byte) (c ledger.Checkpoint, err error) {
	f := n.force.Load()
	if f.register == nil {
		return c, fault(NoRegister)
	}
	party, ok := f.register.Party(n.id.OIN)
	if !ok {
		return c, fault(UnknownParty)
	}
	if origin(party.Checkpoint) != n.id.origin() {
		return c, fault(BadConsistency)
	}
	return ledger.OpenCheckpoint(note, party.Checkpoint)
}

// holdAt ends all writing: a checkpoint that our ledger has signed, and does not hold,
// proves that it is an old copy. Nothing is lost, and nothing more is signed; what
// comes now is as after a restore, see [Node.recover]. It returns the fault.
func (n *Node) holdAt(note []byte, c ledger.Checkpoint, by exchange.OIN) error {
	size := n.store.Size()
	n.recovery.CompareAndSwap(nil, &Recovery{Asked: 1, Seen: c.Size, Size: size, Forked: c.Size <= size})
	err := n.store.Hold(note)
	n.log.Error("this is an old copy of a ledger that has gone on, as after a snapshot was put back; nothing is written any more: sluis status says what to do",
		"party", string(by), "entries", size, "seen elsewhere", strconv.FormatUint(c.Size, 10), "other history", c.Size <= size)
	if err != nil {
		n.log.Error("that this is an old copy is not on disk", "error", err.Error())
	}
	select {
	case n.again <- struct{}{}:
	default: // the duty is due already
	}
	return fault(LedgerBehind)
}

// heldBack is why the node does nothing for anybody while it is being recovered.
func (n *Node) heldBack() *Fault {
	if n.store.Shown() != "" {
		return fault(LedgerBehind)
	}
	return fault(Recovering)
}

// shownMore reports whether a partner who asks for states of our ledger that are not
// here can prove them. Who can't is told the truth, which is no evidence against
// us; who can't be asked is told nothing.
func (n *Node) shownMore(ctx context.Context, party register.Party) error {
	n.log.Warn("a partner asks for more of our ledger than there is", "party", string(party.OIN))
	return n.askVoucher(ctx, party)
}

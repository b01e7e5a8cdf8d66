package peer

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
	"sluis/transport"
)

const (
	// diagnoseTime bounds a diagnosis, contactTime the attempt at one partner.
	diagnoseTime = 75 * time.Second
	contactTime  = 8 * time.Second
	// contactsAtOnce bounds the attempts that run together.
	contactsAtOnce = 32

	// outboxNotice is how long a message may wait before somebody should look.
	outboxNotice = time.Hour
	// outboxEnd is how long before a message is given up on somebody must act.
	outboxEnd = 24 * time.Hour

	// clockNotice and clockLimit are how far the clock may be from those of
	// partners before somebody should look, and must act: messages are refused
	// from exchange.Skew on.
	clockNotice = 10 * time.Second
	clockLimit  = exchange.Skew / 2
)

// Diagnose checks what only a node that runs can tell: its keys against the
// register, its clock against those of partners, every partner, the outbox, and
// what it knows of ledgers. It takes a good minute at most, and changes nothing;
// a newer register that a partner has comes along, as it always does.
func (n *Node) Diagnose(ctx context.Context) ([]Check, error) {
	ctx, cancel := context.WithTimeout(ctx, diagnoseTime)
	defer cancel()
	f := n.force.Load()
	checks := n.ownKeys(f)
	checks = append(checks, n.clockCheck()...)
	checks = append(checks, n.partnerChecks(ctx, f)...)
	waiting, err := n.outboxChecks(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	ledgers, err := n.ledgerChecks()
	return slices.Concat(checks, waiting, ledgers), err
}

// ownKeys looks whether the register lists the keys that the node has.
func (n *Node) ownKeys(f *inForce) []Check {
	if f.register == nil {
		return nil
	}
	e, ok := f.register.Entry(n.id.OIN)
	if !ok {
		return nil // which the look from outside tells
	}
	public := n.keys.Public()
	signs := slices.ContainsFunc(e.Keys, func(k register.Key) bool { return k.JWK.Kid == crypto.PublicJWK(public.Signing).Kid })
	if !signs || e.Peer != crypto.PeerID(public.Host) || !slices.Contains(e.Recipients, public.Sealing.String()) {
		return []Check{found(keyOther)}
	}
	return nil
}

// clockCheck compares the clock with those of the partners whose ledgers were
// looked at in the last two days: what they then signed says when. The middle one
// counts, so that one partner whose clock is wrong makes no alarm.
func (n *Node) clockCheck() []Check {
	ahead := n.watch.clocks(n.now().Add(-48 * time.Hour))
	if len(ahead) == 0 {
		return []Check{found(clockUnknown)}
	}
	slices.Sort(ahead)
	off := ahead[len(ahead)/2].Abs()
	code := clockOK
	switch {
	case off > clockLimit:
		code = clockWrong
	case off > clockNotice:
		code = clockDrifts
	}
	return []Check{found(code, "offset", off.Round(time.Second).String(), "count", strconv.Itoa(len(ahead)))}
}

// A contact is how an attempt at a partner went.
type contact struct {
	party register.Party
	tried bool
	err   error
}

// partnerChecks tries every party of the register, in an order of chance: where
// there are more than can be tried in the time, others are tried each time.
func (n *Node) partnerChecks(ctx context.Context, f *inForce) (checks []Check) {
	if f.register == nil {
		return nil
	}
	var all []contact
	for _, p := range f.register.Parties() {
		if p.OIN != n.id.OIN {
			all = append(all, contact{party: p})
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	n.reach(ctx, all)
	slices.SortFunc(all, func(a, b contact) int { return cmp.Compare(a.party.OIN, b.party.OIN) })
	asked, reached := 0, 0
	for _, c := range all {
		switch name := c.party.Name + " (" + string(c.party.OIN) + ")"; {
		case !c.tried:
			continue
		case c.err == nil:
			reached++
		case errors.Is(c.err, &Fault{Code: PartnerBehind}):
			reached++
			checks = append(checks, found(partnerBehind, "party", name))
		case errors.Is(c.err, transport.ErrProtocol):
			checks = append(checks, found(partnerOld, "party", name))
		case errors.Is(c.err, transport.ErrRefusedByPeer):
			checks = append(checks, found(partnerSilent, "party", name))
		default:
			checks = append(checks, found(partnerUnreachable, "party", name))
		}
		asked++
	}
	if len(all) > asked {
		checks = append(checks, found(partnersUntried, "count", strconv.Itoa(len(all)-asked)))
	}
	code := partnersOK
	if asked > 1 && reached == 0 { // one that is down says nothing of us
		code = partnersNone
	}
	return append([]Check{found(code, "reached", strconv.Itoa(reached), "asked", strconv.Itoa(asked))}, checks...)
}

// reach tries partners until the time is over.
func (n *Node) reach(ctx context.Context, all []contact) {
	var work sync.WaitGroup
	places := make(chan struct{}, contactsAtOnce)
	for i := range all {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		work.Go(func() {
			attempt, cancel := context.WithTimeout(transport.Eagerly(ctx), contactTime)
			defer cancel()
			err := n.greet(attempt, all[i].party.Peer)
			all[i].err, all[i].tried = err, err == nil || ctx.Err() == nil
			<-places
		})
	}
	work.Wait()
}

func (n *Node) outboxChecks(ctx context.Context) (checks []Check, err error) {
	queues, err := n.Outbox(ctx)
	if err != nil {
		return nil, err
	}
	total, now := 0, n.now()
	for _, q := range queues {
		total += q.Count
		code := outboxWaits
		switch {
		case q.Ends.Before(now.Add(outboxEnd)) && q.Oldest.Before(now.Add(-outboxNotice)):
			code = outboxEnds
		case q.Oldest.After(now.Add(-outboxNotice)):
			continue
		}
		checks = append(checks, found(code, "count", strconv.Itoa(q.Count), "party", q.To.String(), "since", stamp(q.Oldest), "ends", stamp(q.Ends)))
	}
	if len(checks) == 0 {
		checks = []Check{found(outboxOK, "count", strconv.Itoa(total))}
	}
	return checks, nil
}

func (n *Node) ledgerChecks() (checks []Check, err error) {
	if r := n.Recovery(); r != nil {
		code := recoveryWaits
		if r.Forked || r.Seen > r.Size {
			code = recoveryForked
		}
		checks = append(checks, found(code, "asked", strconv.Itoa(r.Asked)))
	}
	alarms, err := n.Alarms()
	if err != nil {
		return nil, err
	}
	code := ledgerOK
	if len(alarms) > 0 {
		code = ledgerAlarm
	}
	return append(checks, found(code, "count", strconv.Itoa(len(alarms)))), nil
}

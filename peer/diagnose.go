package peer

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
// register, its clock against those of partners, its relays and whether it can be
// called, every partner, the outbox, and what it knows of ledgers. It takes a good minute at most, and changes nothing;
// a newer register that a partner has comes along, as it always does.
func (n *Node) Diagnose(ctx context.Context) ([]Check, error) {
	ctx, cancel := context.WithTimeout(ctx, diagnoseTime)
	defer cancel()
	f := n.force.Load()
	checks := n.ownKeys(f)
	checks = append(checks, n.clockCheck()...)
	checks = append(checks, n.relayChecks(f)...)
	checks = append(checks, n.reachChecks(ctx, f)...)
	checks = append(checks, n.partnerChecks(ctx, f)...)
	waiting, err := n.outboxChecks(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	quotas, err := n.quotaChecks()
	if err != nil {
		return nil, err
	}
	ledgers, err := n.ledgerChecks()
	return slices.Concat(checks, quotas, waiting, ledgers), err
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
	ours := func(u crypto.Use) bool {
		return slices.ContainsFunc(n.keys.Load().Held(), func(h crypto.Held) bool {
			_, live := listing(n.keys.Load(), f.register, n.id, h, n.now())
			return h.Use == u && live
		})
	}
	signs := slices.ContainsFunc(e.Keys, func(k register.Key) bool {
		return slices.ContainsFunc(n.keys.Load().Of(crypto.UseSigning), func(key ed25519.PrivateKey) bool { return kidOf(key) == k.JWK.Kid })
	})
	if !signs || !ours(crypto.UsePeer) || !ours(crypto.UseSealing) || !ours(crypto.UseCheckpoint) || !ours(crypto.UseWitness) {
		return []Check{found(keyOther)}
	}
	return rotation(n.Keys())
}

// rotation says what the next step is with keys that are being replaced.
func rotation(keys []KeyHeld) (checks []Check) {
	uses := map[string][]string{}
	for _, k := range keys {
		code := ""
		switch {
		case k.Use == crypto.UseMaster && k.State != KeyOver: // the node goes on by itself
			continue
		case k.State == KeyWaits && !k.Former && k.Since.IsZero():
			code = keyWaits
		case k.State == KeyOverlap:
			code = keyOverlap
		case k.State == KeyOver && k.Former, k.State == KeyRevoked && k.Former:
			code = keyLeft
		default:
			continue
		}
		if use := string(k.Use); !slices.Contains(uses[code], use) {
			uses[code] = append(uses[code], use)
		}
	}
	for _, code := range []string{keyWaits, keyOverlap, keyLeft} {
		if len(uses[code]) > 0 {
			checks = append(checks, found(code, "uses", strings.Join(uses[code], ", ")))
		}
	}
	return checks
}

// clockCheck compares the clock with those of the partners whose ledgers were
// looked at, or which replied to a message, in the last two days. The middle one
// counts, so that one partner whose clock is wrong makes no alarm.
func (n *Node) clockCheck() []Check {
	ahead, compared := n.Clock()
	if compared == 0 {
		return []Check{found(clockUnknown)}
	}
	code := clockOK
	switch {
	case ahead > clockLimit:
		code = clockAhead
	case ahead < -clockLimit:
		code = clockLate
	case ahead.Abs() > clockNotice:
		code = clockDrifts
	}
	checks := []Check{found(code, "offset", ahead.Abs().Round(time.Second).String(), "count", strconv.Itoa(compared))}
	stray, f := n.strayClocks(), n.force.Load()
	for _, oin := range slices.Sorted(maps.Keys(stray)) {
		if p, err := f.party(oin); err == nil {
			checks = append(checks, found(clockPartner, "party", p.Name+" ("+string(oin)+")", "offset", stray[oin].Abs().Round(time.Second).String()))
		}
	}
	return checks
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
			if check, differs := n.versionCheck(name, c.party.Peer); differs {
				checks = append(checks, check)
			}
		case errors.Is(c.err, &Fault{Code: PartnerBehind}):
			reached++
			checks = append(checks, found(partnerBehind, "party", name))
		case errors.Is(c.err, transport.ErrProtocol):
			checks = append(checks, n.unspoken(partnerOld, name, c.party.Peer))
		case errors.Is(c.err, transport.ErrOutdated):
			checks = append(checks, n.unspoken(partnerNewer, name, c.party.Peer))
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
		if r.Behind() {
			code = recoveryForked
		}
		checks = append(checks, found(code, "asked", strconv.Itoa(r.Asked)))
	}
	if vouched, partners := n.Vouching(); partners > 0 && n.Recovery() == nil {
		code := ledgerVouched
		if vouched == 0 {
			code = ledgerUnvouched
		}
		checks = append(checks, found(code, "vouched", strconv.Itoa(vouched), "partners", strconv.Itoa(partners)))
	}
	missing, err := readMissing(n.dir)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		checks = append(checks, found(recoveryMissing, "count", strconv.Itoa(len(missing)), "path", filepath.Join(n.dir, missingFile)))
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

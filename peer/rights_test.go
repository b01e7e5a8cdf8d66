package peer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
)

// change publishes a register in which one party has other capacities.
func (w *world) change(oin exchange.OIN, capacities ...exchange.Capacity) []byte {
	w.t.Helper()
	entry, ok := w.auth.last.Entry(oin)
	if !ok {
		w.t.Fatal("no such party")
	}
	entry.Capacities = capacities
	d, err := register.NextDraft(w.auth.last, w.auth.root, time.Now().Add(-time.Minute), time.Now().Add(12*time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	if d, err = d.Change(entry); err != nil {
		w.t.Fatal(err)
	}
	signed, err := d.Sign(w.auth.keys...)
	if err != nil {
		w.t.Fatal(err)
	}
	bundle, err := register.Publish([][]byte{w.auth.root}, signed, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	pin, err := register.ParsePin(w.auth.root)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.auth.last, err = register.Reopen(pin, bundle); err != nil {
		w.t.Fatal(err)
	}
	return bundle
}

// keeper answers nothing and keeps what it could open.
type keeper struct {
	mu   sync.Mutex
	kept [][]byte
}

func (k *keeper) put(token []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, token)
}

func (k *keeper) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.kept)
}

// keep takes the place of a member and keeps what comes for it.
func keep(t *testing.T, w *world, m *member) *keeper {
	t.Helper()
	k, keys := &keeper{}, keysOf(t, m)
	impostor(t, w, m, keys, func(_ context.Context, _ string, request []byte) ([]byte, error) {
		if token, err := wire.Unseal(request, keys.Sealing); err == nil {
			k.put(token)
		}
		return nil, errors.New("mute")
	})
	return k
}

var onlyHousing = exchange.Capacity{Code: "housing", Domain: "housing", Task: "service", Regime: exchange.NoSecrecy}

// I1: nothing is decided to leave for a capacity that the register in force
// does not have any more.
func TestDecideForACapacityThatIsGone(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	a.wait(x.ID, exchange.Delivered)
	k := keep(t, w, a)
	b.install(w.change(municipality.OIN, onlyHousing))
	_, err = b.node.Decide(ctx, professional, x.ID, verdict())
	wantCode(t, "decide", err, string(exchange.UnknownCapacity))
	if n := k.count(); n != 0 || b.node.Waiting() != 0 {
		t.Errorf("%d messages came, %d wait", n, b.node.Waiting())
	}
}

// A decision that a second person has still to see is held to the register of
// the day on which he sees it.
func TestConfirmForACapacityThatIsGone(t *testing.T) {
	w := newWorldWith(t, "[decisions]\nfour_eyes = [\"investigation/client-request\"]\n", municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	if x, err = b.node.Decide(ctx, professional, x.ID, verdict()); err != nil || x.Phase != exchange.Proposed {
		t.Fatal(x.Phase, err)
	}
	b.install(w.change(municipality.OIN, onlyHousing))
	_, err = b.node.Confirm(ctx, colleague, x.ID)
	wantCode(t, "confirm", err, string(exchange.UnknownCapacity))
}

// An answer that waits for a party that is down stays here when the register
// takes the capacity away meanwhile.
func TestAnswerIsKeptBack(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	a.wait(x.ID, exchange.Delivered)
	a.stop()
	if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	b.install(w.change(municipality.OIN, onlyHousing))
	b.wait(x.ID, exchange.Rejected)
	k := keep(t, w, a)
	b.settle()
	s, err := b.node.Status(ctx, x.ID, "")
	if err != nil || s.Rejected != string(exchange.UnknownCapacity) || k.count() != 0 {
		t.Errorf("rejected with %q, %v; %d messages came", s.Rejected, err, k.count())
	}
}

// I6: a request with a BSN that waits for a party that is down does not go out
// when the register takes the right to the BSN from it.
func TestRequestWithBSNIsKeptBack(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	b.stop()
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	poor := debtHelp.Capacities[0]
	poor.MayProcessBSN = false
	a.install(w.change(debtHelp.OIN, poor))
	k := keep(t, w, b)
	a.wait(x.ID, exchange.Rejected)
	s, err := a.node.Status(context.Background(), x.ID, "")
	if err != nil || s.Rejected != string(exchange.BSNNotAllowed) || k.count() != 0 {
		t.Errorf("rejected with %q, %v; %d messages came", s.Rejected, err, k.count())
	}
}

// A message in an exchange comes from a capacity that its sender has now.
func TestMessageFromACapacityThatIsGone(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Delivered)
	f := forge(t, w, b)
	a.install(w.change(debtHelp.OIN, onlyHousing))
	e := f.envelope(x.Request.From, x.ID)
	e.Follows = requestDigest(t, a, x.ID)
	answer := verdict().Answer()
	answer.At = time.Now()
	s, err := wire.SignAnswer(e, answer, f.keys.Signing)
	if code, _ := f.send(a, f.sealTo(municipality.OIN, s, err)); code != string(exchange.UnknownCapacity) {
		t.Errorf("got %q", code)
	}
}

// requestDigest is the digest of the request of an exchange.
func requestDigest(t *testing.T, m *member, id exchange.ID) wire.Digest {
	t.Helper()
	notes, err := m.node.Messages(context.Background(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notes {
		if n.Kind == wire.Request {
			return n.Digest
		}
	}
	t.Fatal("no request")
	return wire.Digest{}
}

// An answer of the year 1 is refused, not acknowledged and lost: what was
// supplied is there or is not, whatever time it gives.
func TestAnswerOfYearOne(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a := w.members[0]
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Delivered)
	f := forge(t, w, w.members[1])
	for _, at := range []time.Time{{}, time.Now().AddDate(-1, 0, 0), time.Now().Add(time.Hour)} {
		e := f.envelope(x.Request.From, x.ID)
		e.Follows = requestDigest(t, a, x.ID)
		answer := verdict().Answer()
		answer.At = at
		s, err := wire.SignAnswer(e, answer, f.keys.Signing)
		if code, _ := f.send(a, f.sealTo(municipality.OIN, s, err)); code != string(exchange.BadTime) {
			t.Errorf("of %s: got %q", at, code)
		}
	}
	if s, err := a.node.Status(context.Background(), x.ID, ""); err != nil || s.Phase != exchange.Delivered {
		t.Errorf("%s, %v", s.Phase, err)
	}
}

// Memorandum §4.3.3: who asked as coordinator sees what the coordinator did and
// got, and not what his colleague with the other hat weighed and withheld.
func TestTrailIsOfOneHat(t *testing.T) {
	college := municipality
	college.Capacities = []exchange.Capacity{municipality.Capacities[0], {
		Code: "coordination", Domain: "coordination", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
		Special: []exchange.Category{exchange.Health},
	}}
	college.Capacities[0].Domain = "investigation"
	w := newWorld(t, college, debtHelp)
	a := w.members[0]
	ctx := context.Background()
	coordinator := peer.Who{ID: "d.visser"}
	if err := a.node.AddStaff(ctx, exchange.Actor{ID: coordinator.ID, Name: exchange.Hide("Fictief Persoon"),
		Roles: []exchange.Grant{{Role: exchange.Coordinator, Capacity: "coordination"}}}); err != nil {
		t.Fatal(err)
	}
	investigation := exchange.PartyID{OIN: college.OIN, Capacity: "investigation"}
	c, err := a.node.OpenCase(ctx, coordinator, exchange.Case{
		Trigger: exchange.Trigger{Code: "coordination", On: today(), From: investigation, Statements: []exchange.Statement{
			{Code: "appointed", Text: exchange.Hide("since today")}, {Code: "approach-agreed", Text: exchange.Hide("agreed")}}},
		People: []exchange.Person{{Standing: exchange.Client, BSN: question(t).Subject.BSN}},
	})
	if err != nil {
		t.Fatal(err)
	}
	x, err := a.node.Ask(ctx, coordinator, peer.Asking{Person: 1, Request: exchange.Request{
		Case: c.ID, From: exchange.PartyID{OIN: college.OIN, Capacity: "coordination"}, To: investigation, Purpose: "handover/coordinator",
		Specific: exchange.Hide("to align the help"), Contact: exchange.Hide("06-00000000"), Involvement: exchange.Involvement{State: exchange.Informed},
		Items: []exchange.AskedItem{{Item: "needed-service", Depth: exchange.Content, Why: exchange.Hide("to know what was agreed")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Weighing)
	if _, err := a.node.Decide(ctx, requester, x.ID, exchange.Decision{Items: []exchange.ItemDecision{
		{Item: "needed-service", Outcome: exchange.Withhold, Ground: "not-necessary", Reason: exchange.Hide("a reason that stays")}}}); err != nil {
		t.Fatal(err)
	}
	a.settle()
	for who, own := range map[peer.Who]string{coordinator: "coordination", requester: "investigation"} {
		trail, err := a.node.Trail(ctx, who, x.ID)
		if err != nil || len(trail) < 3 {
			t.Fatalf("%s: %d entries, %v", own, len(trail), err)
		}
		for _, e := range trail {
			if e.As != string(college.OIN)+":"+own {
				t.Errorf("%s sees %s of %s", own, e.Kind, e.As)
			}
		}
	}
}

// Art. 5.4.2(2): a professional does not supply on the advice of himself,
// whoever wrote it down.
func TestColleagueDoesNotDecide(t *testing.T) {
	w := newWorld(t, municipality, youthCare)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, toYouthCare(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	for _, s := range without() {
		if _, err := b.node.Weigh(ctx, professional, x.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	asked := exchange.Step{Code: "colleague", Outcome: "agrees", With: professional.ID, Day: today()}
	ahead := asked
	ahead.Day = today().AddDate(0, 0, 2)
	_, err = b.node.Weigh(ctx, colleague, x.ID, ahead)
	wantCode(t, "a colleague who is asked the day after tomorrow", err, string(exchange.BadStep))
	if _, err := b.node.Weigh(ctx, colleague, x.ID, asked); err != nil {
		t.Fatal(err)
	}
	_, err = b.node.Decide(ctx, professional, x.ID, supplyProcess())
	wantCode(t, "the colleague who was asked decides", err, string(exchange.ColleagueIsSelf))
}

// One role in one capacity is given once: with two it would not be plain which
// confidentiality binds.
func TestStaffHasARoleOnce(t *testing.T) {
	w := newWorld(t, debtHelp)
	err := w.members[0].node.AddStaff(context.Background(), exchange.Actor{ID: "x.arts", Name: exchange.Hide("Fictief Persoon"), Roles: []exchange.Grant{
		{Role: exchange.Professional, Capacity: "debts"}, {Role: exchange.Professional, Capacity: "debts", Regime: exchange.WGBO}}})
	wantCode(t, "a role twice", err, string(exchange.BadRequest))
}

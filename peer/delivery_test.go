package peer_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
	"sluis/transport"
)

// A party that is down when it is asked gets the request when it comes back,
// also when the asker was restarted meanwhile.
func TestDownWhenAsked(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	b.stop()
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.stop()
	a.start()
	if phase := a.wait(x.ID, exchange.Queued); phase != exchange.Queued {
		t.Fatalf("the request is %s", phase)
	}
	b.start()
	a.wait(x.ID, exchange.Delivered)
	a.stop()
	if _, err := b.node.Decide(context.Background(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.start()
	a.wait(x.ID, exchange.Answered)
	b.wait(x.ID, exchange.Answered)
	b.wantKinds(x.ID, exchange.RequestReceived, exchange.DecisionTaken, exchange.AnswerIssued, exchange.ReceiptReceived)
}

// After a withdrawal nothing passes: a request that waits for a decision is
// closed, and an answer that was on its way is not accepted.
func TestWithdraw(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	if _, err := a.node.Withdraw(ctx, requester, x.ID); err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Withdrawn)
	_, err = b.node.Decide(ctx, professional, x.ID, verdict())
	wantCode(t, "decide on a withdrawn request", err, string(exchange.NotNow))

	crossing, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(crossing.ID, exchange.Weighing)
	a.wait(crossing.ID, exchange.Delivered)
	a.stop()
	if _, err := b.node.Decide(ctx, professional, crossing.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	// The asker withdraws before it hears of the answer: its node is open, but
	// nothing is fetched before its duties run, and the supplier is cut off.
	b.stop()
	a.start()
	if _, err := a.node.Withdraw(ctx, requester, crossing.ID); err != nil {
		t.Fatal(err)
	}
	b.start()
	b.wait(crossing.ID, exchange.Withdrawn, exchange.Rejected)
	if phase := a.wait(crossing.ID, exchange.Withdrawn); phase != exchange.Withdrawn {
		t.Errorf("asker: %s", phase)
	}
	got, err := a.node.Open(ctx, requester, crossing.ID)
	if err != nil || len(got.Answer.Items) != 0 {
		t.Errorf("the withdrawn exchange holds %d items, %v", len(got.Answer.Items), err)
	}
}

// A request that can't be delivered before its deadline expires, and says so.
func TestExpire(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	b.stop()
	r := question(t)
	r.Due = time.Now().Add(time.Minute)
	x, err := ask(context.Background(), a.node, requester, r)
	if err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(2 * time.Minute))
	a.wait(x.ID, exchange.Expired)
	a.settle()
	a.wantKinds(x.ID, exchange.RequestIssued, exchange.MessageExpired)
}

// lossy is a network that loses replies: the partner has handled the message,
// the sender does not know.
type lossy struct {
	peer.Network
	mu   sync.Mutex
	lose int // replies still to be lost
}

func (l *lossy) Send(ctx context.Context, id, protocol string, request []byte) ([]byte, error) {
	reply, err := l.Network.Send(ctx, id, protocol, request)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && protocol == peer.MessageProtocol && l.lose > 0 {
		l.lose--
		return nil, context.DeadlineExceeded
	}
	return reply, err
}

// Delivery is at least once, handling exactly once: however often a receipt is
// lost, each side has one entry, and the receipt is the same.
func TestLostReceipts(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	for _, m := range w.members {
		m.stop()
		m.options.Network = func(c transport.Config) (peer.Network, error) {
			host, err := transport.Open(c)
			return &lossy{Network: host, lose: 3}, err
		}
		m.start()
	}
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Delivered)
	if _, err := b.node.Decide(context.Background(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Answered)
	a.wantKinds(x.ID, exchange.RequestIssued, exchange.ReceiptReceived, exchange.AnswerReceived)
	b.wantKinds(x.ID, exchange.RequestReceived, exchange.DecisionTaken, exchange.AnswerIssued, exchange.ReceiptReceived)
}

// Many at once, both ways round, all arrive.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	const count = 40
	var group sync.WaitGroup
	for range count {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			x, err := ask(ctx, a.node, requester, question(t))
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := b.node.Wait(ctx, x.ID, exchange.Weighing); err != nil {
				t.Error(err)
				return
			}
			if _, err := b.node.Decide(ctx, professional, x.ID, verdict()); err != nil {
				t.Error(err)
			}
			if _, err := a.node.Wait(ctx, x.ID, exchange.Answered); err != nil {
				t.Error(err)
			}
			if _, err := b.node.Wait(ctx, x.ID, exchange.Answered); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	page, next, err := b.node.List(context.Background(), peer.Filter{Phase: exchange.Answered})
	if err != nil || len(page) != count || next != "" {
		t.Errorf("the supplier lists %d answered exchanges, next %q, %v; want %d", len(page), next, err, count)
	}
}

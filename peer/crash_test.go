package peer_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
	"sluis/transport"
)

// TestMain turns the test binary into a node when it is told to: the crash test
// needs a process that it can kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SLUIS_CRASH_DIR"); dir != "" {
		if err := victim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// victim runs a node that plays its part of one exchange and kills itself with
// SIGKILL at the moment that SLUIS_CRASH_AT names. It ends when the exchange
// has.
func victim(dir string) error {
	at, err := strconv.Atoi(os.Getenv("SLUIS_CRASH_AT"))
	if err != nil {
		return err
	}
	d := &doom{at: int64(at)}
	lock, err := keyFileLock(os.Getenv("SLUIS_CRASH_KEY"))
	if err != nil {
		return err
	}
	n, err := peer.Open(dir, peer.Options{Lock: lock, Network: d.network})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	duties := make(chan error, 1)
	go func() { duties <- n.Run(ctx) }()
	if err := d.play(ctx, n); err != nil {
		return err
	}
	cancel()
	if err := <-duties; err != nil {
		return err
	}
	return n.Close()
}

// doom counts the moments that lie between two writes of a node, and kills the
// process at one of them.
type doom struct {
	at       int64
	count    atomic.Int64
	handling atomic.Int64 // messages that are being handled
}

func (d *doom) moment(name string) {
	if n := d.count.Add(1); n == d.at {
		fmt.Println("killed at", n, name)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

// network puts a moment before and after each message that is sent or handled.
func (d *doom) network(c transport.Config) (peer.Network, error) {
	p := c.Protocols[peer.MessageProtocol]
	handle := p.Handler
	p.Handler = func(ctx context.Context, from string, request []byte) ([]byte, error) {
		d.handling.Add(1)
		defer d.handling.Add(-1)
		d.moment("before a message is handled")
		reply, err := handle(ctx, from, request)
		d.moment("handled, and the receipt not sent")
		return reply, err
	}
	c.Protocols[peer.MessageProtocol] = p
	host, err := transport.Open(c)
	return &doomed{host, d}, err
}

type doomed struct {
	peer.Network
	d *doom
}

func (n *doomed) Send(ctx context.Context, id, protocol string, request []byte) ([]byte, error) {
	if protocol != peer.MessageProtocol {
		return n.Network.Send(ctx, id, protocol, request)
	}
	n.d.moment("before a message is sent")
	reply, err := n.Network.Send(ctx, id, protocol, request)
	n.d.moment("receipt received, and not written")
	return reply, err
}

// play asks, when there is nothing yet and the node is an asker, and decides
// what waits for a decision, until the exchange has ended here.
func (d *doom) play(ctx context.Context, n *peer.Node) error {
	page, _, err := n.List(ctx, peer.Filter{})
	if err != nil {
		return err
	}
	if n.Identity().OIN == municipality.OIN && len(page) == 0 {
		d.moment("before the request is written")
		r, err := questionOf("999993847")
		if err != nil {
			return err
		}
		if _, err := ask(ctx, n, requester, r); err != nil {
			return err
		}
		d.moment("request written, and nobody told")
	}
	for {
		changed := n.Changed()
		page, _, err := n.List(ctx, peer.Filter{})
		if err != nil {
			return err
		}
		if len(page) == 1 {
			switch page[0].Phase {
			case exchange.Weighing:
				d.moment("before the decision is written")
				if _, err := n.Decide(ctx, professional, page[0].ID, verdict()); err != nil {
					return err
				}
				d.moment("decision written, and nobody told")
				continue
			case exchange.Answered:
				// The answer is written before its receipt is made: the moment
				// in between must come before the end.
				if d.handling.Load() == 0 {
					return nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(20 * time.Millisecond): // a handler ends without writing
		}
	}
}

// momentsPerSide is how many moments a side passes in one exchange: around what
// a person does (two), around the message that it sends (two), and around the
// one that it handles (two). A message that is sent again passes two more.
const momentsPerSide = 6

// I7: kill -9 of either side, at every moment between two writes, loses nothing
// and does nothing twice. (Moments within a write are the store's tests.)
func TestKilledAtEveryMoment(t *testing.T) {
	for side, party := range map[string]exchange.Party{"asker": municipality, "supplier": debtHelp} {
		t.Run(side, func(t *testing.T) {
			for at := 1; ; at++ {
				if !killedAt(t, party, at) {
					if at-1 < momentsPerSide {
						t.Errorf("died at %d moments, want at least %d: one is not reached", at-1, momentsPerSide)
					}
					return
				}
			}
		})
	}
}

// killedAt plays one exchange in which the party dies at a moment and is
// started again. It reports whether there was such a moment.
func killedAt(t *testing.T, party exchange.Party, at int) (died bool) {
	w := newWorld(t, municipality, debtHelp)
	var victim, other *member
	for _, m := range w.members {
		if m.party.OIN == party.OIN {
			victim = m
		} else {
			other = m
		}
	}
	victim.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- (&doom{}).play(ctx, other.node) }()

	first := victim.process(ctx, at)
	if first != "" {
		if again := victim.process(ctx, 0); again != "" {
			t.Fatalf("died again: %s", again)
		}
	}
	victim.start() // it may have ended before its last receipt was sent
	if err := <-ended; err != nil {
		t.Fatalf("%s: the other side did not come to an end: %v", first, err)
	}
	page, _, err := other.node.List(ctx, peer.Filter{})
	if err != nil || len(page) != 1 {
		t.Fatalf("%s: %d exchanges, %v", first, len(page), err)
	}
	id := page[0].ID
	a, b := w.members[0], w.members[1]
	a.wait(id, exchange.Answered)
	b.wait(id, exchange.Answered)
	// The receipt of the request may come after the answer, when the asker died
	// before it wrote it.
	a.settle()
	b.settle()
	for _, m := range w.members {
		seen := map[string]int{}
		for _, k := range m.kinds(id) {
			seen[k]++
		}
		want := map[*member][]exchange.EventKind{
			a: {exchange.RequestIssued, exchange.ReceiptReceived, exchange.AnswerReceived},
			b: {exchange.RequestReceived, exchange.DecisionTaken, exchange.AnswerIssued, exchange.ReceiptReceived},
		}[m]
		for _, k := range want {
			if seen[string(k)] != 1 {
				t.Errorf("%s: %s has %d entries of %s", first, m.party.Name, seen[string(k)], k)
			}
		}
		if len(seen) != len(want) {
			t.Errorf("%s: %s has entries %v", first, m.party.Name, seen)
		}
	}
	for _, m := range w.members {
		m.stop()
	}
	return first != ""
}

// process runs the node in a process of its own and returns the moment at which
// it was killed, or "".
func (m *member) process(ctx context.Context, at int) string {
	m.world.t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "SLUIS_CRASH_DIR="+m.dir, "SLUIS_CRASH_KEY="+m.keyFile, "SLUIS_CRASH_AT="+strconv.Itoa(at))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.world.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.world.t.Fatal(err)
	}
	killed := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "killed at") {
			killed = lines.Text()
		}
	}
	err = cmd.Wait()
	if (err != nil) != (killed != "") {
		m.world.t.Fatalf("the process ended with %v, killed %q", err, killed)
	}
	return killed
}

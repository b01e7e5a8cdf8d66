package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// The times of these tests: long enough for a busy machine to make progress
// within a step, short enough to wait for.
const (
	testStep  = 300 * time.Millisecond
	testTotal = 1200 * time.Millisecond
)

// brisk is a host with short times.
func brisk(name, listen string, answer Handler) Config {
	cfg := config(name, listen)
	cfg.Protocols[echo] = Protocol{Handler: answer, MaxRequest: 32 << 20, MaxReply: 32 << 20, Timeout: testStep, Total: testTotal}
	return cfg
}

func TestAskerStalls(t *testing.T) {
	starts := map[string][]byte{
		"before anything": {},
		"in the length":   {0x80},
		"in the body":     {10, 's', 's', 's'},
		"before the end":  {3, 's', 's', 's'}, // complete, but the stream is not closed
	}
	overEach(t, func(t *testing.T, listen string) {
		answerer := open(t, brisk("answerer", listen, repeats))
		s := stranger(t, "asker")
		for name, start := range starts {
			stream := intrude(t, s, answerer)
			began := time.Now()
			if _, err := stream.Write(start); err != nil {
				t.Fatal(err)
			}
			_, err := io.ReadAll(stream)
			wantsCode(t, err, codeStalled)
			if took := time.Since(began); took < testStep/2 || took > testTotal {
				t.Errorf("stalled %s: cut after %v", name, took)
			}
			eventually(t, "the stream is gone", func() bool { return answering(answerer) == 0 })
		}
	})
}

// Who sends a byte now and then makes progress, and is cut all the same.
func TestAskerTrickles(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		answerer := open(t, brisk("answerer", listen, repeats))
		stream := intrude(t, stranger(t, "asker"), answerer)
		began := time.Now()
		go func() {
			tick := time.NewTicker(testStep / 6)
			defer tick.Stop()
			for range tick.C {
				if _, err := stream.Write([]byte{0x7f}); err != nil {
					return
				}
			}
		}()
		_, err := io.ReadAll(stream)
		wantsCode(t, err, codeStalled)
		if took := time.Since(began); took < testTotal-testStep || took > 4*testTotal {
			t.Errorf("cut after %v, want about %v", took, testTotal)
		}
	})
}

// Who makes progress at each step is not cut before the total.
func TestSlowButSteadyAskerIsServed(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		answerer := open(t, brisk("answerer", listen, repeats))
		stream := intrude(t, stranger(t, "asker"), answerer)
		tick := time.NewTicker(testStep / 3)
		defer tick.Stop()
		for _, b := range []byte{5, 's', 's', 's', 's', 's'} { // takes two steps
			if _, err := stream.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
			<-tick.C
		}
		if err := stream.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		reply, err := io.ReadAll(stream)
		if err != nil || !bytes.Equal(reply, []byte("\x05sssss")) {
			t.Errorf("got %q, %v", reply, err)
		}
	})
}

func TestReplyIsNotRead(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		large := func(context.Context, string, []byte) ([]byte, error) { return make([]byte, 30<<20), nil }
		answerer := open(t, brisk("answerer", listen, large))
		stream := intrude(t, stranger(t, "asker"), answerer)
		if _, err := stream.Write([]byte{1, 's'}); err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the stream arrives", func() bool { return answering(answerer) > 0 })
		eventually(t, "the stream is cut", func() bool { return answering(answerer) == 0 })
		_, err := io.ReadAll(stream)
		wantsCode(t, err, codeStalled)
	})
}

// The context of a handler ends with the time of the exchange.
func TestHandlerTakesTooLong(t *testing.T) {
	ended := make(chan error, 1)
	slow := func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}
	asker, answerer := open(t, brisk("asker", "", nil)), open(t, brisk("answerer", wires["tcp"], slow))
	acquaint(t, asker, answerer)
	_, err := asker.Send(soon(t), answerer.ID(), echo, nil)
	wants(t, err, ErrRefusedByPeer)
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the context of the handler ended with %v", err)
	}
}

// Close ends the contexts of handlers and waits for them.
func TestCloseWaitsForHandlers(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		entered, left := make(chan struct{}), make(chan struct{})
		cfg := config("answerer", listen)
		cfg.Protocols[echo] = Protocol{MaxRequest: 1, MaxReply: 1, Timeout: time.Minute, Handler: func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
			close(entered)
			<-ctx.Done()
			close(left)
			return nil, ctx.Err()
		}}
		answerer, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		asker := open(t, config("asker", ""))
		acquaint(t, asker, answerer)
		sent := make(chan error)
		go func() {
			_, err := asker.Send(t.Context(), answerer.ID(), echo, nil)
			sent <- err
		}()
		<-entered
		if err := answerer.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-left:
		default:
			t.Error("closed while a handler was at work")
		}
		wants(t, <-sent, ErrRefusedByPeer)
		if _, err := answerer.Send(t.Context(), asker.ID(), echo, nil); err == nil {
			t.Error("a closed host still sends")
		}
	})
}

// answers makes s a peer that answers streams of echo as badly as f.
func answers(t *testing.T, asker *Host, s host.Host, f func(network.Stream)) {
	t.Helper()
	s.SetStreamHandler(protocol.ID(echo), f)
	p := Peer{ID: s.ID().String()}
	for _, a := range s.Network().ListenAddresses() {
		p.Addresses = append(p.Addresses, a.String())
	}
	if err := asker.SetPeers([]Peer{p}); err != nil {
		t.Fatal(err)
	}
}

func TestAnswererMisbehaves(t *testing.T) {
	// Each reads the request first: what it does then is the point.
	tests := map[string]struct {
		does func(network.Stream)
		want error
		from time.Duration // how long Send may take
		to   time.Duration
	}{
		"leaves without a word":    {func(s network.Stream) { s.Close() }, ErrRefusedByPeer, 0, testStep},
		"resets":                   {func(s network.Stream) { s.Reset() }, ErrRefusedByPeer, 0, testStep},
		"says too large":           {func(s network.Stream) { s.ResetWithError(codeTooLarge) }, ErrTooLarge, 0, testStep},
		"says it is busy":          {func(s network.Stream) { s.ResetWithError(codeBusy) }, ErrRefusedByPeer, 0, testStep},
		"says nothing":             {func(network.Stream) {}, ErrRefusedByPeer, testTotal - testStep, 3 * testTotal},
		"stops in the length":      {func(s network.Stream) { s.Write([]byte{0x80}) }, ErrRefusedByPeer, testStep / 2, testTotal - testStep},
		"stops in the body":        {func(s network.Stream) { s.Write([]byte{9, 's'}) }, ErrRefusedByPeer, testStep / 2, testTotal - testStep},
		"breaks off in the length": {func(s network.Stream) { s.Write([]byte{0x80}); s.Close() }, ErrRefusedByPeer, 0, testStep},
		"breaks off in the body":   {func(s network.Stream) { s.Write([]byte{9, 's'}); s.Close() }, ErrRefusedByPeer, 0, testStep},
		"longer form of a length":  {func(s network.Stream) { s.Write([]byte{0x81, 0x00, 's'}); s.Close() }, ErrRefusedByPeer, 0, testStep},
		"announces too much":       {func(s network.Stream) { s.Write(binary.AppendUvarint(nil, 32<<20+1)) }, ErrTooLarge, 0, testStep},
		"announces everything":     {func(s network.Stream) { s.Write(binary.AppendUvarint(nil, 1<<63-1)) }, ErrTooLarge, 0, testStep},
		"length without end":       {func(s network.Stream) { s.Write(bytes.Repeat([]byte{0xff}, 20)) }, ErrRefusedByPeer, 0, testStep},
		"hangs up":                 {func(s network.Stream) { s.Conn().Close() }, ErrRefusedByPeer, 0, testStep},
	}
	overEach(t, func(t *testing.T, listen string) {
		asker := open(t, brisk("asker", "", nil))
		s := stranger(t, "answerer", listenOn(listen))
		for name, c := range tests {
			answers(t, asker, s, func(stream network.Stream) {
				if _, err := io.ReadAll(stream); err != nil {
					stream.Reset()
					return
				}
				c.does(stream)
			})
			began := time.Now()
			reply, err := asker.Send(soon(t), s.ID().String(), echo, []byte("request"))
			took := time.Since(began)
			if reply != nil {
				t.Errorf("%s: got a reply of %d bytes", name, len(reply))
			}
			wants(t, err, c.want)
			if took < c.from || took > c.to+testStep {
				t.Errorf("%s: took %v, want between %v and %v", name, took, c.from, c.to)
			}
		}
	})
}

// A peer that does not read a large request does not hold Send for ever.
func TestRequestIsNotRead(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker := open(t, brisk("asker", "", nil))
		s := stranger(t, "answerer", listenOn(listen))
		answers(t, asker, s, func(network.Stream) {})
		began := time.Now()
		_, err := asker.Send(soon(t), s.ID().String(), echo, make([]byte, 31<<20))
		wants(t, err, ErrRefusedByPeer)
		if took := time.Since(began); took > 4*testTotal {
			t.Errorf("took %v", took)
		}
	})
}

func TestSendEndsWithItsContext(t *testing.T) {
	overEach(t, func(t *testing.T, listen string) {
		asker := open(t, config("asker", ""))
		s := stranger(t, "answerer", listenOn(listen))
		ctx, cancel := context.WithCancel(soon(t))
		reset := make(chan error, 1)
		answers(t, asker, s, func(stream network.Stream) {
			if _, err := io.ReadAll(stream); err != nil {
				t.Errorf("read the request: %v", err)
			}
			cancel()
			reset <- writeUntilReset(stream)
		})
		_, err := asker.Send(ctx, s.ID().String(), echo, []byte("s"))
		wants(t, err, ErrRefusedByPeer)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v does not say that the context was cancelled", err)
		}
		wantsCode(t, <-reset, codeGivenUp)

		if _, err := asker.Send(ctx, s.ID().String(), echo, []byte("s")); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that is over: %v", err)
		}
	})
}

// writeUntilReset writes a reply without end, byte by byte, until the other
// end objects.
func writeUntilReset(s network.Stream) error {
	if _, err := s.Write(binary.AppendUvarint(nil, 1<<20)); err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		<-tick.C
		if _, err := s.Write([]byte{'s'}); err != nil {
			return err
		}
	}
	return errors.New("the other end never objected")
}

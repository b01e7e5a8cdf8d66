package transport

import (
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// A pace reads and writes a stream under two deadlines: step without progress,
// and end whatever the progress.
//
// A deadline is renewed when a read or write begins and at least an eighth of a
// step has passed, so a peer is cut between 7/8 and one step after its last byte.
// It is for one goroutine.
type pace struct {
	stream network.Stream
	step   time.Duration
	end    time.Time

	// waiting is true until the other end has sent its first byte: it is
	// thinking, and has until end.
	waiting bool

	renewed time.Time
}

// Read implements io.Reader.
func (p *pace) Read(b []byte) (int, error) {
	p.renew()
	n, err := p.stream.Read(b)
	if p.waiting && n > 0 {
		p.waiting, p.renewed = false, time.Time{}
	}
	return n, err
}

// Write implements io.Writer.
func (p *pace) Write(b []byte) (int, error) {
	p.renew()
	return p.stream.Write(b)
}

// wait gives the other end until the end of all time to send its first byte.
func (p *pace) wait() {
	p.waiting = true
	_ = p.stream.SetDeadline(p.end) // fails only on a stream that is over, as the next read will say
}

func (p *pace) renew() {
	now := time.Now()
	if p.waiting || now.Sub(p.renewed) < p.step/8 {
		return
	}
	p.renewed = now
	deadline := now.Add(p.step)
	if deadline.After(p.end) {
		deadline = p.end
	}
	_ = p.stream.SetDeadline(deadline) // as in wait
}

package testnet

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// A tap stands on the line in front of nodes and writes down every byte that
// passes, each direction of each connection by itself. Its rules: it changes
// nothing, it drops nothing, it closes one side when the other closes.
type tap struct {
	t *testing.T

	mu         sync.Mutex
	recordings []*bytes.Buffer
	listeners  []net.Listener
	conns      []net.Conn
	work       sync.WaitGroup
}

func newTap(t *testing.T) *tap {
	tap := &tap{t: t}
	t.Cleanup(func() {
		tap.mu.Lock()
		for _, l := range tap.listeners {
			_ = l.Close()
		}
		for _, c := range tap.conns {
			_ = c.Close()
		}
		tap.mu.Unlock()
		tap.work.Wait()
	})
	return tap
}

// announce puts the tap in front of a listen address and returns the address
// that others should dial.
func (p *tap) announce(_, listen string) (string, error) {
	target := "127.0.0.1:" + listen[strings.LastIndex(listen, "/")+1:]
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	p.listeners = append(p.listeners, l)
	p.mu.Unlock()
	p.work.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp4", target)
			if err != nil {
				_ = near.Close() // the node is down: so is the line
				continue
			}
			p.join(near, far)
		}
	})
	return fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", l.Addr().(*net.TCPAddr).Port), nil
}

func (p *tap) join(near, far net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, near, far)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		recording := &bytes.Buffer{}
		p.recordings = append(p.recordings, recording)
		p.work.Go(func() {
			_, _ = io.Copy(way[0], io.TeeReader(way[1], recorder{p, recording}))
			_ = near.Close()
			_ = far.Close()
		})
	}
}

type recorder struct {
	tap *tap
	to  *bytes.Buffer
}

func (r recorder) Write(b []byte) (int, error) {
	r.tap.mu.Lock()
	defer r.tap.mu.Unlock()
	return r.to.Write(b)
}

// search returns the number of bytes that passed and what was found in them.
func (p *tap) search(needles []string) (int, []Trace) {
	p.t.Helper()
	s, err := NewSearcher(needles)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	total := 0
	var found []Trace
	for i, r := range p.recordings {
		total += r.Len()
		for _, trace := range s.Search(r.Bytes()) {
			trace.Where = fmt.Sprintf("recording %d", i)
			found = append(found, trace)
		}
	}
	return total, found
}

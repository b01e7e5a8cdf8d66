package peer_test

import (
	"bytes"
	"crypto/rand"
	"runtime"
	"sync"
	"testing"
	"time"

	"sluis/exchange/wire"
	"sluis/peer"
)

// A partner that sends the largest messages without end, hundreds at a time, makes
// the node hold no more than a bound, and keeps no other message out for good.
func TestFloodOfLargeMessages(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	college.stop() // its place is taken
	keys := keysOf(t, college)
	h := openHost(t, keys, w.peersBut(college))
	to := debts.entry.Peer
	body := bytes.Repeat([]byte{0}, wire.MaxSealed)
	if _, err := rand.Read(body); err != nil {
		t.Fatal(err)
	}
	held := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	runtime.GC()
	before, most := held(), uint64(0)
	var senders sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for range 400 {
		senders.Go(func() {
			if _, err := h.Send(t.Context(), to, peer.MessageProtocol, body); err == nil {
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	over := make(chan struct{})
	go func() { senders.Wait(); close(over) }()
	for flooding := true; flooding; {
		select {
		case <-over:
			flooding = false
		case <-time.After(5 * time.Millisecond):
			most = max(most, held())
		}
	}
	// 64 at once, each read, opened and copied; the sender's buffers count too.
	if used := int64(most) - int64(before); used > 200<<20 {
		t.Errorf("%d MiB more were in use", used>>20)
	} else {
		t.Logf("%d MiB more were in use, %d of 400 answered", used>>20, answered)
	}
	if answered == 0 {
		t.Error("none was answered")
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	college.start()
	debts.arrived(college.asksMore(1))
}

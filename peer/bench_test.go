package peer_test

import (
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/transport"
)

// BenchmarkExchange measures one full exchange, from Ask until the answer is
// durable at the asker (request, receipt, automatic decision, answer; the
// receipt for the answer counts for CPU and throughput, not for latency), at 1,
// 16, 64 and 128 at once, as ratios to a floor that is measured in the same run, before and after: the same bytes over
// the same transport, with the same signatures and seals, and one group-committed
// fsync per side. Everything runs in one process, so CPU is that of both sides.
func BenchmarkExchange(b *testing.B) {
	for _, atOnce := range []int{1, 16, 64, 128} {
		b.Run(strconv.Itoa(atOnce), func(b *testing.B) {
			w := newWorld(b, municipality, debtHelp)
			f := newFloor(b, w)
			real := func() { w.oneExchange(b) }
			none := func() {}
			measure(b, atOnce, 32, real, w.settle) // connections, caches
			measure(b, atOnce, 32, f.one, none)
			b.ResetTimer()
			before := measure(b, atOnce, b.N, f.one, none)
			got := measure(b, atOnce, b.N, real, w.settle)
			after := measure(b, atOnce, b.N, f.one, none)
			floor := before.mean(after)
			b.ReportMetric(got.cpu.Seconds()*1e3, "cpu-ms/exchange")
			b.ReportMetric(got.p50.Seconds()*1e3, "p50-ms")
			b.ReportMetric(floor.cpu.Seconds()*1e3, "floor-cpu-ms")
			b.ReportMetric(floor.p50.Seconds()*1e3, "floor-p50-ms")
			b.ReportMetric(got.cpu.Seconds()/floor.cpu.Seconds(), "x-cpu")
			b.ReportMetric(got.p50.Seconds()/floor.p50.Seconds(), "x-p50")
			b.ReportMetric(got.perSecond/floor.perSecond, "x-throughput")
		})
	}
}

type figures struct {
	cpu, p50  time.Duration // per exchange
	perSecond float64
}

func (f figures) mean(g figures) figures {
	return figures{(f.cpu + g.cpu) / 2, (f.p50 + g.p50) / 2, (f.perSecond + g.perSecond) / 2}
}

// measure runs do count times, atOnce at a time, and then settle, whose work
// counts for CPU and throughput.
func measure(b *testing.B, atOnce, count int, do, settle func()) figures {
	count = max(count, atOnce)
	took := make([]time.Duration, count)
	var next atomic.Int64
	var group sync.WaitGroup
	cpu, start := usedCPU(b), time.Now()
	for range atOnce {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				begin := time.Now()
				do()
				took[i] = time.Since(begin)
			}
		})
	}
	group.Wait()
	settle()
	wall := time.Since(start)
	slices.Sort(took)
	return figures{cpu: (usedCPU(b) - cpu) / time.Duration(count), p50: took[count/2], perSecond: float64(count) / wall.Seconds()}
}

func usedCPU(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func (w *world) oneExchange(b *testing.B) {
	ctx := context.Background()
	asker, supplier := w.members[0].node, w.members[1].node
	x, err := ask(ctx, asker, requester, question(b))
	if err != nil {
		b.Error(err)
		return
	}
	if _, err := supplier.Wait(ctx, x.ID, exchange.Weighing); err != nil {
		b.Error(err)
	}
	if _, err := supplier.Decide(ctx, professional, x.ID, verdict()); err != nil {
		b.Error(err)
	}
	if _, err := asker.Wait(ctx, x.ID, exchange.Answered); err != nil {
		b.Error(err)
	}
}

// settle waits until every receipt has come back.
func (w *world) settle() {
	for _, m := range w.members {
		m.settle()
	}
}

// A floor is two hosts that do what no exchange can do without.
type floor struct {
	b       *testing.B
	sides   [2]*floorSide
	request []byte // payloads of the size of the real ones
	answer  []byte
	receipt []byte
}

type floorSide struct {
	host    *transport.Host
	signing ed25519.PrivateKey
	sealing *crypto.Identity
	public  crypto.Recipient
	disk    chan chan struct{}
}

const floorProtocol = "/floor/1"

func newFloor(b *testing.B, w *world) *floor {
	f := &floor{b: b}
	f.request, f.answer, f.receipt = w.payloads()
	for i := range f.sides {
		keys, err := crypto.GenerateKeys()
		if err != nil {
			b.Fatal(err)
		}
		side := &floorSide{signing: keys.Signing, sealing: keys.Sealing, public: keys.Public().Sealing, disk: make(chan chan struct{}, 1024)}
		side.host, err = transport.Open(transport.Config{
			Key: keys.Host, Listen: []string{freeAddress(b)},
			Protocols: map[string]transport.Protocol{floorProtocol: {
				MaxRequest: wire.MaxSealed, MaxReply: wire.MaxSealed, Timeout: 30 * time.Second,
				Handler: func(_ context.Context, _ string, request []byte) ([]byte, error) { return f.answerTo(i, request), nil },
			}},
		})
		if err != nil {
			b.Fatal(err)
		}
		file, err := os.Create(filepath.Join(b.TempDir(), "log"))
		if err != nil {
			b.Fatal(err)
		}
		go side.sync(file)
		b.Cleanup(func() { _ = side.host.Close(); close(side.disk) })
		f.sides[i] = side
	}
	for i, s := range f.sides {
		other := f.sides[1-i]
		if err := s.host.SetPeers([]transport.Peer{{ID: other.host.ID(), Addresses: other.host.Addresses()}}); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

// sync is a plain group commit: what arrived during the last sync goes in one.
func (s *floorSide) sync(file *os.File) {
	line := make([]byte, 4096)
	for done := range s.disk {
		all := []chan struct{}{done}
		for range len(s.disk) {
			all = append(all, <-s.disk)
		}
		for range all {
			_, _ = file.Write(line)
		}
		_ = syscall.Fdatasync(int(file.Fd()))
		for _, d := range all {
			close(d)
		}
	}
	_ = file.Close()
}

func (s *floorSide) durable() {
	done := make(chan struct{})
	s.disk <- done
	<-done
}

// make signs and seals, take opens and verifies: what each message costs.
func (f *floor) make(from int, payload []byte) []byte {
	token, err := crypto.Sign(f.sides[from].signing, "floor+jwt", payload)
	if err != nil {
		f.b.Error(err)
	}
	sealed, err := crypto.Seal(token, f.sides[1-from].public)
	if err != nil {
		f.b.Error(err)
	}
	return sealed
}

func (f *floor) take(by int, sealed []byte) {
	token, err := crypto.Open(sealed, wire.MaxToken, f.sides[by].sealing)
	if err != nil {
		f.b.Error(err)
		return
	}
	_, err = crypto.Verify(token, wire.MaxToken, []string{"floor+jwt"}, func(string) (ed25519.PublicKey, error) {
		return f.sides[1-by].signing.Public().(ed25519.PublicKey), nil
	})
	if err != nil {
		f.b.Error(err)
	}
}

func (f *floor) answerTo(by int, request []byte) []byte {
	f.take(by, request)
	f.sides[by].durable()
	return f.make(by, f.receipt)
}

// one is an exchange without law, store and ledger: a request and its receipt,
// an answer and its receipt, one fsync per side.
func (f *floor) one() {
	for from, payload := range [][]byte{f.request, f.answer} {
		sealed := f.make(from, payload)
		reply, err := f.sides[from].host.Send(context.Background(), f.sides[1-from].host.ID(), floorProtocol, sealed)
		if err != nil {
			f.b.Error(err)
			return
		}
		f.take(from, reply)
	}
}

// payloads are JSON objects of the sizes that a real exchange signs.
func (w *world) payloads() (request, answer, receipt []byte) {
	fill := func(size int) []byte {
		raw := []byte(`{"x":"`)
		for len(raw) < size {
			raw = append(raw, 'x')
		}
		return append(raw, `"}`...)
	}
	return fill(1100), fill(1000), fill(2000)
}

var _ peer.Network = (*transport.Host)(nil)

package transport

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkRoundTrip sends 3,000 bytes and reads them back, one stream each, on
// one connection, with so many requests under way at a time. It reports the
// median and the 99th percentile next to the mean.
func BenchmarkRoundTrip(b *testing.B) {
	for _, wire := range []string{"tcp", "quic"} {
		for _, atOnce := range []int{1, 16, 128} {
			b.Run(fmt.Sprintf("%s/%d", wire, atOnce), func(b *testing.B) {
				asker, answerer := pair(b, wires[wire])
				request := make([]byte, 3000)
				if _, err := asker.Send(b.Context(), answerer.ID(), echo, request); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				b.ResetTimer()
				var next atomic.Int64
				took := make([]time.Duration, b.N)
				var all sync.WaitGroup
				for range atOnce {
					all.Go(func() {
						for {
							i := int(next.Add(1)) - 1
							if i >= b.N {
								return
							}
							began := time.Now()
							if _, err := asker.Send(b.Context(), answerer.ID(), echo, request); err != nil {
								b.Error(err)
								return
							}
							took[i] = time.Since(began)
						}
					})
				}
				all.Wait()
				b.StopTimer()
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			})
		}
	}
}

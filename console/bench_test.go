package console_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/testnet"
)

// BenchmarkPages measures how long the pages take at the server, over HTTP on
// loopback, with ten thousand exchanges in the store: one user after another, and
// 200 who look at a page every two seconds. Beside each stands the same of a page
// that reads nothing (/over), measured in the same run: the floor.
//
// EXCHANGES says how many there are; filling the store takes minutes.
func BenchmarkPages(b *testing.B) {
	count := 10_000
	if text := os.Getenv("EXCHANGES"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	const users = 200
	members := testnet.Members("municipality", "debt-help")
	for i := range members {
		role, capacity := exchange.Requester, exchange.CapacityCode("investigation")
		if members[i].Key == "debt-help" {
			role, capacity = exchange.Professional, members[i].Party.Capacities[0].Code
		}
		for n := range users / 2 {
			members[i].Staff = append(members[i].Staff, exchange.Actor{
				ID: exchange.ActorID(fmt.Sprintf("u%03d", n)), Name: exchange.Hide(fmt.Sprintf("Gebruiker %d", n)), Roles: []exchange.Grant{{Role: role, Capacity: capacity}},
			})
		}
	}
	w := startTown(b, testnet.Config{Members: members})
	last := w.fill(count)

	officer := w.visitor("debt-help", "d.berg", exchange.PrivacyOfficer)
	askers, deciders := []*visitor{}, []*visitor{}
	for n := range users / 2 {
		id := fmt.Sprintf("u%03d", n)
		askers = append(askers, w.visitor("municipality", id, exchange.Requester))
		deciders = append(deciders, w.visitor("debt-help", id, exchange.Professional))
	}
	pages := []struct {
		name string
		by   []*visitor
		path string
	}{
		{"inbox", deciders, "/werkbak"}, {"request", deciders, "/werkbak/" + last.open}, {"decide", deciders, "/werkbak/" + last.open + "/besluit"},
		{"cases", askers, "/casussen"}, {"case", askers, "/casussen/" + last.inCase}, {"answer", askers, "/verzoeken/" + last.answered},
		{"privacy", []*visitor{officer}, "/privacy"},
	}
	for _, p := range pages {
		b.Run(p.name, func(b *testing.B) {
			p.by[0].get(b, p.path)
			b.ResetTimer()
			var took, floor []time.Duration
			for i := range b.N {
				floor = append(floor, p.by[i%len(p.by)].get(b, "/over"))
				took = append(took, p.by[i%len(p.by)].get(b, p.path))
			}
			report(b, took, floor)
		})
	}
	b.Run("200-users", func(b *testing.B) {
		var mu sync.Mutex
		var took, floor []time.Duration
		var group sync.WaitGroup
		everybody := slices.Concat(askers, deciders)
		for i, who := range everybody {
			group.Go(func() {
				for n := range max(1, b.N) {
					p := pages[(i+n)%6]
					at := who
					if p.by[0].base != who.base {
						p = pages[(i+n+3)%6]
					}
					time.Sleep(time.Duration(rand.Int64N(int64(4 * time.Second)))) // two seconds on average
					f, t := at.get(b, "/over"), at.get(b, p.path)
					mu.Lock()
					floor, took = append(floor, f), append(took, t)
					mu.Unlock()
				}
			})
		}
		group.Wait()
		report(b, took, floor)
	})
}

func report(b *testing.B, took, floor []time.Duration) {
	at := func(all []time.Duration, part float64) time.Duration {
		slices.Sort(all)
		return all[min(len(all)-1, int(part*float64(len(all))))]
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(took, 0.5).Seconds()*1e3, "p50-ms")
	b.ReportMetric(at(took, 0.99).Seconds()*1e3, "p99-ms")
	b.ReportMetric(at(floor, 0.99).Seconds()*1e3, "floor-p99-ms")
	b.ReportMetric(at(took, 0.5).Seconds()/at(floor, 0.5).Seconds(), "x-p50")
}

// filled are the last of what fill made.
type filled struct{ open, answered, inCase string }

// fill makes exchanges between two parties, of which one in a hundred waits for a
// decision and the others are answered.
func (w *town) fill(count int) (last filled) {
	w.t.Helper()
	ctx := context.Background()
	m, _ := w.net.Member("debt-help")
	capacity := m.Party.Capacities[0]
	asker, supplier := w.client("municipality"), w.client("debt-help")
	by, decider := api.By{Staff: "i.dewit", Hat: "investigation"}, api.By{Staff: "r.hoek", Hat: string(capacity.Code)}
	var mu sync.Mutex
	work := make(chan int)
	var group sync.WaitGroup
	one := func(i int) error {
		about := proefCase(string(capacity.Domain))
		about.People[0].BSN = proefBSN(i)
		c, err := asker.OpenCase(ctx, by, about)
		if err != nil {
			return err
		}
		r, err := asker.Ask(ctx, by, proefRequest(c.ID, string(m.Party.OIN)+":"+string(capacity.Code), api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om af te stemmen"}))
		if err != nil {
			return err
		}
		for {
			got, err := supplier.Request(ctx, r.ID, "")
			if err == nil && got.Phase == api.InWeighing {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
		if i%100 == 0 {
			mu.Lock()
			last.open = string(r.ID)
			mu.Unlock()
			return nil
		}
		if _, err := supplier.Decide(ctx, decider, r.ID, api.NewDecision{Items: []api.DecidedItem{{Code: "debt-help-running", Outcome: api.Supply, Depth: "proces", Value: "traject sinds mei"}}}); err != nil {
			return err
		}
		mu.Lock()
		last.answered, last.inCase = string(r.ID), string(c.ID)
		mu.Unlock()
		return nil
	}
	for range 32 {
		group.Go(func() {
			for i := range work {
				if err := one(i); err != nil {
					w.t.Error(err)
				}
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	group.Wait()
	w.answered(last.answered, api.Answered)
	return last
}

// proefBSN is a number that nobody has: of the test range 9999xxxxx, with the check
// of eleven.
func proefBSN(i int) string {
	for n := 99990000 + i*11%10000; ; n++ {
		sum := 0
		for place, rest := 2, n; rest > 0; place, rest = place+1, rest/10 {
			sum += place * (rest % 10)
		}
		if last := sum % 11; last < 10 {
			return fmt.Sprintf("%d%d", n, last)
		}
	}
}

// A visitor is somebody who is signed in and looks at pages, without script.
type visitor struct {
	base   string
	client *http.Client
}

func (w *town) visitor(party, staff string, role exchange.Role) *visitor {
	w.t.Helper()
	k := newWalker(w.t, w.door(party, staff, role))
	return &visitor{k.base, k.client}
}

func (v *visitor) get(b *testing.B, path string) time.Duration {
	begun := time.Now()
	answer, err := v.client.Get(v.base + path)
	if err != nil {
		b.Error(err)
		return 0
	}
	text := read(b, answer)
	if answer.StatusCode != http.StatusOK || len(text) < 500 || answer.Request.URL.Path != path {
		b.Errorf("%s: %s, %d bytes", path, answer.Status, len(text))
	}
	if err := answer.Body.Close(); err != nil {
		b.Error(err)
	}
	return time.Since(begun)
}

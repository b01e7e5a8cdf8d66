package peer

import (
	"fmt"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/store"
)

// A party that takes our messages and says nothing holds up no other party,
// however many wait for it, and whatever is taken off its queue meanwhile.
func TestCourierIsFair(t *testing.T) {
	now := time.Now()
	c := newCourier(Pace{First: time.Second, Longest: time.Minute, AtOnce: 64})
	for i := range 500 {
		c.add(store.Outgoing{ID: fmt.Sprint("s", i), To: "00000099000002002000:debts", Exchange: fmt.Sprint("xs", i)})
	}
	stalled, _ := c.due(now, 0)
	if len(stalled) != 8 {
		t.Fatalf("%d attempts at one party, want an eighth of 64", len(stalled))
	}
	c.forget(stalled[:4]) // withdrawn meanwhile, and still on their way
	if more, _ := c.due(now, len(stalled)); len(more) != 0 {
		t.Errorf("%d more for it", len(more))
	}
	for i := range 20 {
		oin := fmt.Sprintf("000000990000%08d", 30000+i)
		for j := range 10 {
			c.add(store.Outgoing{ID: fmt.Sprint("g", i, "-", j), To: oin + ":housing", Exchange: fmt.Sprint("xg", i, "-", j)})
		}
	}
	next, _ := c.due(now, len(stalled))
	each := map[exchange.OIN]int{}
	for _, id := range next {
		each[c.away[id]]++
	}
	if len(next) != 64-8 || len(each) != 20 {
		t.Errorf("%d attempts at %d parties, want 56 at 20", len(next), len(each))
	}
	for oin, n := range each {
		if n > 3 {
			t.Errorf("%d attempts at %s where twenty wait", n, oin)
		}
	}
	for _, id := range append(stalled, next...) {
		c.done(id, "", now)
	}
	if len(c.away) != 0 {
		t.Errorf("%d attempts are never over", len(c.away))
	}
	one := newCourier(Pace{First: time.Second, Longest: time.Minute, AtOnce: 1})
	one.add(store.Outgoing{ID: "a", To: "00000099000002002000:debts", Exchange: "x"})
	if ids, _ := one.due(now, 0); len(ids) != 1 {
		t.Error("nothing is tried where one may be")
	}
}

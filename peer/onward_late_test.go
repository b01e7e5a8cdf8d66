package peer_test

import (
	"testing"
	"time"

	"sluis/exchange"
)

// What was asked days ago can be passed on: the name of its exchange is older than
// the passing.
func TestPassedOnDaysLater(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, youthCare)
	college, youth := w.members[0], w.members[2]
	id := supplied(t, w)
	long := w.auth.publish(t, nil, time.Now().AddDate(0, 2, 0))
	for _, m := range w.members {
		m.install(long)
	}
	w.ahead.Store(int64(40 * 24 * time.Hour))
	passing, err := college.node.PassOn(t.Context(), requester, id, passToYouthCare("debt-plan"))
	if err != nil {
		t.Fatal(err)
	}
	youth.wait(passing, exchange.Answered)
}

package console_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluis/api/webhook"
	"sluis/console"
	"sluis/exchange"
	"sluis/testnet"
)

// An administrator sees how the organisation's own systems take what happens: one
// that fails for a minute is in the table, one that fails for an hour, or refused an
// event for good, is something to do.
func TestKeeperSeesSystems(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var states atomic.Pointer[[]webhook.State]
	w := startTown(t, testnet.Config{Members: testnet.Members("municipality"), Pages: func(_ string, o *console.Options) {
		o.Webhooks = func() ([]webhook.State, error) {
			if s := states.Load(); s != nil {
				return *s, nil
			}
			return nil, errors.New("not read")
		}
	}})
	states.Store(&[]webhook.State{{System: "zaaksysteem"}, {System: "klantbeeld", Since: now.Add(-time.Minute), Oldest: now.Add(-time.Minute), Why: "timeout"}})
	keeper := newWalker(t, w.door("municipality", "b.keers", exchange.Administrator))
	const todo = "Wie met dat systeem werkt hoort niet"
	keeper.get("/beheer")
	for _, want := range []string{"Eigen systemen", "zaaksysteem", "klantbeeld", "<code class=\"sluis-small\">timeout</code>", "neemt niets aan sinds"} {
		if !strings.Contains(keeper.page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(keeper.page, todo) {
		t.Error("a minute is called a trouble")
	}
	states.Store(&[]webhook.State{{System: "zaaksysteem", Aside: 3}, {System: "klantbeeld", Since: now.Add(-2 * time.Hour), Oldest: now.Add(-3 * time.Hour), Why: "status-401"}})
	keeper.get("/beheer")
	for _, want := range []string{"klantbeeld neemt sinds", todo, "3 gebeurtenissen voor zaaksysteem zijn terzijde gelegd", "status-401"} {
		if !strings.Contains(keeper.page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	states.Store(&[]webhook.State{{System: "zaaksysteem", Since: now.Add(-9 * time.Hour)}})
	keeper.get("/beheer")
	if strings.Contains(keeper.page, todo) || strings.Contains(keeper.page, "neemt niets aan") {
		t.Error("a system for which nothing waits is called a trouble")
	}
	states.Store(nil)
	keeper.wantStatus(http.MethodGet, "/beheer", "", http.StatusInternalServerError)
}

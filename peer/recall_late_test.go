package peer_test

import (
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// What a partner has said it saw of a restored ledger counts when it is down by
// the next time that all are asked, also where the backup does not know of it.
func TestRestoredNodeRemembersWhatPartnersSaw(t *testing.T) {
	_, college, debts, backup := withBackup(t)
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	answeredExchange(t, college, debts) // the backup does not know that there is a partner
	college.restore(backup, nil)
	n := college.open()
	t.Cleanup(func() { _ = n.Close() })
	n.RecoverOnce(t.Context())
	if r := n.Recovery(); r == nil || r.Seen <= r.Size {
		t.Fatalf("recovery %+v", r)
	}
	debts.stop()
	n.RecoverOnce(t.Context())
	if r := n.Recovery(); r == nil || r.MayResume() {
		t.Errorf("released while somebody has seen more: %+v", r)
	}
	if _, err := ask(t.Context(), n, requester, question(t)); !isFault(err, peer.Recovering) {
		t.Errorf("asked: %v", err)
	}
	entries, err := n.Entries(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == string(exchange.LedgerRecovered) {
			t.Errorf("the ledger went on at %s", e.Time.Format(time.RFC3339))
		}
	}
}

package peer

import (
	"context"

	"sluis/exchange"
)

// A Workload is how much there is to do, in numbers only.
type Workload struct {
	// Open counts the requests that have not ended, by side and phase. Those that
	// there are none of have a 0, so that the first is a rise.
	Open map[Standing]int
	// Overdue counts those whose term is over while somebody has to act: on the
	// supplier's side a professional of ours, on the asker's one of the other party.
	// A term stands still while a question is open.
	Overdue map[exchange.Side]int
	// Permissions are requests to let something go on that wait for a decision of
	// ours.
	Permissions int
}

// A Standing is where a request stands, and on which side of it we are.
type Standing struct {
	Side  exchange.Side
	Phase exchange.Phase
}

// standings are those of requests that have not ended.
var standings = []Standing{
	{exchange.Asker, exchange.Queued}, {exchange.Asker, exchange.Delivered}, {exchange.Asker, exchange.Clarifying},
	{exchange.Supplier, exchange.Weighing}, {exchange.Supplier, exchange.Clarifying}, {exchange.Supplier, exchange.Proposed}, {exchange.Supplier, exchange.Decided},
}

// Workload counts what is open. It looks at the board, and there at what has not
// ended only; nothing is unsealed for it but what was written since the last look.
func (n *Node) Workload(ctx context.Context) (Workload, error) {
	w := Workload{Open: map[Standing]int{}, Overdue: map[exchange.Side]int{exchange.Asker: 0, exchange.Supplier: 0}}
	for _, s := range standings {
		w.Open[s] = 0
	}
	now := n.now()
	err := n.EachSummary(ctx, Filter{Open: true}, func(s *Summary) {
		w.Permissions += s.Asked
		if s.Phase.Ended() {
			return // it is open for a permission only
		}
		w.Open[Standing{s.Side, s.Phase}]++
		if s.Runs && now.After(s.Due) {
			w.Overdue[s.Side]++
		}
	})
	return w, err
}

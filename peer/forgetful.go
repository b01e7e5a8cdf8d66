//go:build forgetful

package peer

import (
	"slices"

	"sluis/exchange"
)

// forgetter is the party of the test network whose node forgets.
const forgetter = "00000099000002002000"

// recorded leaves out that this party issued an answer in an investigation, of
// which the stories have one: the data leave, and its ledger does not say so. For showing that an auditor finds it (docs/audit.md);
// no program that anybody runs is built with this tag.
func recorded(events ...exchange.Event) []exchange.Event {
	return slices.DeleteFunc(events, func(e exchange.Event) bool {
		return e.Kind == exchange.AnswerIssued && e.Own.OIN == forgetter && e.Purpose == "investigation/client-request"
	})
}

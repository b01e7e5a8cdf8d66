package webhook

import (
	"fmt"
	"strconv"
	"strings"

	"sluis/api"
	"sluis/exchange"
	"sluis/ledger"
)

// A Form says how an entry of the ledger is told to another system.
type Form struct {
	OIN       string // of the organisation whose node this is
	PublicURL string // of its API; "" where it has none but the socket
}

// typeBase is put before the kind of an entry: reverse domain notation with the
// name of the data source, as the NL GOV profile for CloudEvents prefers it.
const typeBase = "nl.sluis."

// told are the kinds of entry that another system hears of: what changes how a
// request stands. What staff read, write for themselves or do in a case is not.
var told = map[exchange.EventKind]bool{
	exchange.RequestIssued: true, exchange.RequestReceived: true, exchange.ReceiptReceived: true,
	exchange.WithdrawalIssued: true, exchange.WithdrawalReceived: true,
	exchange.QuestionIssued: true, exchange.QuestionReceived: true, exchange.ReplyIssued: true, exchange.ReplyReceived: true,
	exchange.Assigned: true, exchange.AnswerIssued: true, exchange.AnswerReceived: true,
	exchange.MessageRejected: true, exchange.MessageExpired: true,
	exchange.PermissionRequestIssued: true, exchange.PermissionRequestReceived: true, exchange.PermissionIssued: true, exchange.PermissionReceived: true,
	exchange.PermissionWithdrawalIssued: true, exchange.PermissionWithdrawalReceived: true,
	exchange.PassingIssued: true, exchange.PassingReceived: true, exchange.NoticeIssued: true, exchange.NoticeReceived: true,
	exchange.CorrectionIssued: true, exchange.CorrectionReceived: true, exchange.ItemsErased: true,
}

// Event tells an entry of the ledger as a CloudEvent (1.0, NL GOV profile). It
// reports false for an entry that is not told. Everything in it stands in the
// header of the entry, which holds nothing personal.
func (f Form) Event(e ledger.Entry) (api.Event, bool, error) {
	h := e.Header
	if !told[exchange.EventKind(h.Kind)] || h.Exchange == ledger.None {
		return api.Event{}, false, nil
	}
	raw, err := e.Marshal()
	if err != nil {
		return api.Event{}, false, err
	}
	leaf := ledger.LeafHash(raw)
	return api.Event{
		SpecVersion: "1.0",
		// With the hash: after a restore an index may come to name another entry.
		ID:     fmt.Sprintf("%d-%x", h.Index, leaf[:8]),
		Source: "urn:nld:oin:" + f.OIN + ":systeem:sluis",
		Type:   typeBase + h.Kind, Subject: h.Exchange, Time: h.Time.UTC(),
		DataRef:  f.PublicURL + "/v1/verzoeken/" + h.Exchange + "?hoedanigheid=" + capacityOf(h),
		Sequence: strconv.FormatUint(h.Index, 10), SequenceType: "Integer",
	}, true, nil
}

// capacityOf is the capacity of our own that an entry is about.
func capacityOf(h ledger.Header) string {
	_, capacity, _ := strings.Cut(h.As, ":")
	return capacity
}

// InCapacity reports whether an entry is about a capacity of our own; "" is any.
func InCapacity(h ledger.Header, capacity string) bool {
	return capacity == "" || capacityOf(h) == capacity
}

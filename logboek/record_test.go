package logboek

import (
	"encoding/hex"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/ledger"
)

const (
	college   = "00000099000001001000:investigation"
	debts     = "00000099000002002000:debts"
	exampleID = "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"
)

var form = Form{ActivityBase: "https://example.nl/verwerkingen/", ProcessorBase: "urn:nld:oin:"}

func entry(kind exchange.EventKind, change func(*ledger.Header)) ledger.Entry {
	h := ledger.Header{
		Index: 41, Time: time.Date(2026, 11, 23, 15, 47, 50, 120e6, time.UTC), Kind: string(kind), Exchange: exampleID,
		Party: debts, As: college, Purpose: "investigation/client-request", Key: exampleID,
	}
	if change != nil {
		change(&h)
	}
	return ledger.Seal(h, []byte("sealed"))
}

func only(t *testing.T, e ledger.Entry, subjects ...string) Record {
	t.Helper()
	records, err := form.Records(e, subjects)
	if err != nil || len(records) != 1 {
		t.Fatalf("%s: got %d records and %v, want one", e.Kind, len(records), err)
	}
	return records[0]
}

func TestRecordOfAnEntry(t *testing.T) {
	e := entry(exchange.Viewed, nil)
	raw, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	leaf := ledger.LeafHash(raw)
	want := Record{
		Name: "Gegevens geraadpleegd", Status: Ok, Start: e.Time, End: e.Time,
		Activity: "https://example.nl/verwerkingen/investigation/client-request", Subject: "ab12", SubjectType: PseudonymType,
	}
	copy(want.Span[:], leaf[:8])
	trace, _ := hex.DecodeString("01938f2e7c1a7b3e9d5a0c1b2a394857")
	copy(want.Trace[:], trace)
	if got := only(t, e, "ab12"); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// The receiver names the sender's action without having been told it.
func TestTraceGoesOnAtThePartner(t *testing.T) {
	message := ledger.DigestOf([]byte("a message"))
	sent := only(t, entry(exchange.RequestIssued, func(h *ledger.Header) { h.Message = message }))
	got := only(t, entry(exchange.RequestReceived, func(h *ledger.Header) { h.Message, h.Party, h.As = message, college, debts }))
	if got.Parent != sent.Span || got.Trace != sent.Trace || got.Span == sent.Span {
		t.Errorf("the request was sent as %x and received as %x below %x", sent.Span, got.Span, got.Parent)
	}
	if got.Processor != "urn:nld:oin:00000099000001001000" || sent.Processor != "" || sent.Parent != [8]byte{} {
		t.Errorf("the caller is %q at the receiver and %q at the sender", got.Processor, sent.Processor)
	}
	within := only(t, entry(exchange.RequestReceived, func(h *ledger.Header) {
		h.Message, h.Party, h.As = message, college, "00000099000001001000:coordination"
	}))
	if within.Processor != "" || within.Parent != sent.Span {
		t.Errorf("in one organisation the caller is %q, parent %x", within.Processor, within.Parent)
	}
}

// A decision and the answer that goes out with it stand in one commit and name
// the same message.
func TestSpansOfOneCommitDiffer(t *testing.T) {
	message := func(h *ledger.Header) { h.Message = ledger.DigestOf([]byte("an answer")) }
	if decided, issued := only(t, entry(exchange.DecisionTaken, message)), only(t, entry(exchange.AnswerIssued, message)); decided.Span == issued.Span {
		t.Error("decision and answer have one span_id")
	}
}

// A log line is about one person at most (§3.3.1.1).
func TestLinePerPerson(t *testing.T) {
	records, err := form.Records(entry(exchange.CaseOpened, func(h *ledger.Header) { h.Purpose, h.Party = ledger.None, ledger.None }), []string{"aa", "bb"})
	if err != nil || len(records) != 3 {
		t.Fatalf("got %d records and %v, want three", len(records), err)
	}
	whole := records[0]
	if whole.Subject != "" || whole.SubjectType != "" || whole.Activity != "https://example.nl/verwerkingen/case" {
		t.Errorf("the action itself: %+v", whole)
	}
	seen := map[[8]byte]bool{whole.Span: true}
	for i, r := range records[1:] {
		if r.Subject != []string{"aa", "bb"}[i] || r.Parent != whole.Span || r.Trace != whole.Trace || seen[r.Span] {
			t.Errorf("line of a person: %+v", r)
		}
		seen[r.Span] = true
	}
}

func TestStatusAndFault(t *testing.T) {
	for kind, want := range map[exchange.EventKind]struct {
		status Status
		fault  string
	}{
		exchange.DecisionTaken: {Ok, ""}, exchange.WithdrawalIssued: {Ok, ""}, exchange.MessageRejected: {Unset, ""},
		exchange.MessageExpired: {Error, "message-expired"}, "of-a-later-version": {Unset, ""},
	} {
		if r := only(t, entry(kind, nil)); r.Status != want.status || r.Fault != want.fault {
			t.Errorf("%s: status %d, fault %q", kind, r.Status, r.Fault)
		}
	}
}

func TestNoTraceNoZeroID(t *testing.T) {
	for _, id := range []string{ledger.None, "00000000-0000-0000-0000-000000000000"} {
		r := only(t, entry(exchange.Searched, func(h *ledger.Header) { h.Exchange, h.Purpose = id, ledger.None }))
		if r.Trace == [16]byte{} || r.Span == [8]byte{} || r.Activity != "https://example.nl/verwerkingen/search" {
			t.Errorf("exchange %s: %+v", id, r)
		}
	}
}

func TestNothingForWhatIsNotProcessing(t *testing.T) {
	for kind := range silent {
		if records, err := form.Records(entry(kind, nil), []string{"aa"}); err != nil || records != nil {
			t.Errorf("%s: got %d records and %v", kind, len(records), err)
		}
	}
}

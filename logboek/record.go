package logboek

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/ledger"
)

// A Record is one log line (logregel), with the fields of §3.2.2 of the
// standard and no others.
type Record struct {
	Trace  [16]byte  // trace_id: the exchange or case
	Span   [8]byte   // span_id: this action
	Parent [8]byte   // parent_span_id: the action that called, zero for none
	Name   string    // name
	Status Status    // status
	Start  time.Time // start_time, whole milliseconds
	End    time.Time // end_time

	Activity    string // dpl.core.processing_activity_id
	Subject     string // dpl.core.data_subject_id, or ""
	SubjectType string // dpl.core.data_subject_id_type, or ""
	Processor   string // dpl.core.foreign_operation.processor, or ""
	Fault       string // exception.type, only with status Error
}

// A Status is how an action ended (§3.2.2.3).
type Status int

// The three that the standard has. Ok stands for what the organisation calls
// done: an entry is written in one commit with what it tells.
const (
	Unset Status = iota
	Ok
	Error
)

// PseudonymType says what kind of code a data_subject_id is: a pseudonym that
// only the node's own key can make.
const PseudonymType = "pseudoniem"

// A Form is what an organisation chose about its records.
type Form struct {
	ActivityBase  string // comes before the code of an activity
	ProcessorBase string // comes before the OIN of a partner
}

// Records are the log lines of one ledger entry: none when it is no processing
// of personal data, one for nobody or one person, and for more people one for
// the action and one for each of them below it (§3.3.1.1).
//
// subjects are pseudonyms. Equal entries have equal lines, down to the
// span_id: whoever gets one twice can see that.
func (f Form) Records(e ledger.Entry, subjects []string) ([]Record, error) {
	p, ok := processingOf(exchange.EventKind(e.Kind))
	if !ok {
		return nil, nil
	}
	raw, err := e.Marshal()
	if err != nil {
		return nil, err
	}
	leaf := ledger.LeafHash(raw)
	r := Record{Trace: traceOf(e.Header, leaf), Name: p.name, Status: p.status, Start: e.Time, End: e.Time}
	code := e.Purpose
	if code == ledger.None {
		code = cmp.Or(p.activity, other)
	}
	r.Activity = f.ActivityBase + code
	if p.status == Error {
		r.Fault = e.Kind
	}
	copy(r.Span[:], leaf[:])
	switch {
	case e.Message.IsZero():
	case p.role == issued:
		r.Span = messageSpan(e.Message)
	case p.role == received:
		r.Parent = messageSpan(e.Message)
		r.Processor = f.processor(e.Header)
	}
	switch len(subjects) {
	case 0:
		return []Record{r}, nil
	case 1:
		r.Subject, r.SubjectType = subjects[0], PseudonymType
		return []Record{r}, nil
	}
	all := []Record{r}
	for _, s := range subjects {
		child := r
		child.Parent, child.Processor = r.Span, ""
		child.Span = spanOf("subject", r.Span[:], []byte(s))
		child.Subject, child.SubjectType = s, PseudonymType
		all = append(all, child)
	}
	return all, nil
}

// traceOf is the ID of the exchange or case, which both parties know and which
// has the length of a trace ID: so the logs of both can be laid side by side.
// What belongs to neither is a trace of its own.
func traceOf(h ledger.Header, leaf ledger.Hash) (trace [16]byte) {
	if raw, err := hex.DecodeString(strings.ReplaceAll(h.Exchange, "-", "")); err == nil {
		copy(trace[:], raw)
	}
	if trace == [16]byte{} {
		copy(trace[:], leaf[8:])
	}
	return trace
}

// messageSpan is the span of the action that issued a message. Sender and
// receiver both know the digest, so the receiver can name the sender's action
// as parent and the message itself need not carry a trace context.
func messageSpan(d ledger.Digest) [8]byte { return spanOf("message", d[:]) }

func spanOf(what string, parts ...[]byte) (span [8]byte) {
	h := sha256.New()
	h.Write([]byte("sluis-logboek-" + what + "\n"))
	for _, p := range parts {
		h.Write(p)
	}
	copy(span[:], h.Sum(nil))
	return span
}

// processor names the partner who called: none where we ask ourselves in
// another capacity, which is the same application.
func (f Form) processor(h ledger.Header) string {
	partner, _, _ := strings.Cut(h.Party, ":")
	own, _, _ := strings.Cut(h.As, ":")
	if h.Party == ledger.None || partner == own {
		return ""
	}
	return f.ProcessorBase + partner
}

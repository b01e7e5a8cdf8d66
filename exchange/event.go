package exchange

import "time"

// An EventKind says what happened. It stands in clear in the header of a
// ledger entry; kinds are never renamed or reused.
type EventKind string

// The kinds of event. A message is issued when it is signed and queued; that it
// arrived is what the receipt tells.
const (
	RequestIssued      EventKind = "request-issued"
	RequestReceived    EventKind = "request-received"
	CaseOpened         EventKind = "case-opened"
	CaseChanged        EventKind = "case-changed"
	CaseClosed         EventKind = "case-closed"
	WithdrawalIssued   EventKind = "withdrawal-issued"
	WithdrawalReceived EventKind = "withdrawal-received"
	QuestionIssued     EventKind = "question-issued"
	QuestionReceived   EventKind = "question-received"
	ReplyIssued        EventKind = "reply-issued"
	ReplyReceived      EventKind = "reply-received"
	Assigned           EventKind = "assigned"
	StepTaken          EventKind = "step-taken"
	DecisionProposed   EventKind = "decision-proposed"
	DecisionReturned   EventKind = "decision-returned"
	DecisionTaken      EventKind = "decision-taken"
	AnswerIssued       EventKind = "answer-issued"
	AnswerReceived     EventKind = "answer-received"
	ReceiptReceived    EventKind = "receipt-received"
	MessageRejected    EventKind = "message-rejected"
	MessageExpired     EventKind = "message-expired"
	Viewed             EventKind = "viewed"
	StaffChanged       EventKind = "staff-changed"
	RegisterInstalled  EventKind = "register-installed"
	NodeCreated        EventKind = "node-created"
)

// An Event is what must be recorded together with a step. Kind, Exchange, Own,
// Other and Purpose stand in the clear header of the ledger entry; By and
// Detail in its encrypted private part.
type Event struct {
	Kind     EventKind
	Exchange ID
	Own      PartyID
	Other    PartyID
	Purpose  PurposeCode
	At       time.Time
	By       ActorID
	Detail   Detail
}

// A Detail is the private part of an event: codes only, no free text. What was
// written in words stands in the message that the entry's digest names, or in
// the dossier.
type Detail struct {
	Items      []ItemNote      `json:"items,omitempty"`
	Conditions []ConditionCode `json:"conditions,omitempty"`
	Code       string          `json:"code,omitempty"`
	Step       *StepNote       `json:"step,omitempty"`
	// Second is who confirmed a decision, or to whom work was given.
	Second ActorID `json:"second,omitempty"`
	// For is for whom somebody stepped in.
	For ActorID `json:"for,omitempty"`
	// Late marks an answer after the deadline.
	Late bool `json:"late,omitempty"`
	// Broad marks a request to many parties at once, for the privacy officer.
	Broad bool `json:"broad,omitempty"`
}

// A StepNote says of a step of a weighing what came out, and which colleague
// was asked.
type StepNote struct {
	Step    StepCode    `json:"step"`
	Outcome OutcomeCode `json:"outcome"`
	With    ActorID     `json:"with,omitempty"`
}

// An ItemNote says of one item what was asked or decided.
type ItemNote struct {
	Item    ItemCode   `json:"item"`
	Depth   Depth      `json:"depth,omitempty"`
	Outcome Outcome    `json:"outcome,omitempty"`
	Ground  GroundCode `json:"ground,omitempty"`
}

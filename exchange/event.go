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
	AdviceAsked        EventKind = "advice-asked" // of the privacy officer (advies)
	AdviceGiven        EventKind = "advice-given"
	DecisionProposed   EventKind = "decision-proposed"
	DecisionReturned   EventKind = "decision-returned"
	DecisionTaken      EventKind = "decision-taken"
	AnswerIssued       EventKind = "answer-issued"
	AnswerReceived     EventKind = "answer-received"
	ReceiptReceived    EventKind = "receipt-received"
	MessageRejected    EventKind = "message-rejected"
	MessageExpired     EventKind = "message-expired"
	Viewed             EventKind = "viewed"
	DraftSaved         EventKind = "draft-saved" // what somebody filled in and did not send

	// Of what goes on with the data after the answer.
	PermissionRequestIssued      EventKind = "permission-request-issued"
	PermissionRequestReceived    EventKind = "permission-request-received"
	PermissionDecided            EventKind = "permission-decided"
	PermissionIssued             EventKind = "permission-issued"
	PermissionReceived           EventKind = "permission-received"
	PermissionWithdrawalIssued   EventKind = "permission-withdrawal-issued"
	PermissionWithdrawalReceived EventKind = "permission-withdrawal-received"
	PassingIssued                EventKind = "passing-issued"
	PassingReceived              EventKind = "passing-received"
	NoticeIssued                 EventKind = "notice-issued"
	NoticeReceived               EventKind = "notice-received"
	CorrectionDecided            EventKind = "correction-decided"
	CorrectionIssued             EventKind = "correction-issued"
	CorrectionReceived           EventKind = "correction-received"
	ItemsErased                  EventKind = "items-erased" // on the day that a condition named

	// Of a case conference.
	ConferenceOpened         EventKind = "conference-opened"
	InvitationIssued         EventKind = "invitation-issued"
	InvitationReceived       EventKind = "invitation-received"
	ConferenceAnswered       EventKind = "conference-answered"
	ConferenceAnswerIssued   EventKind = "conference-answer-issued"
	ConferenceAnswerReceived EventKind = "conference-answer-received"
	ContributionDrafted      EventKind = "contribution-drafted" // what somebody wrote and did not say yet
	ContributionDecided      EventKind = "contribution-decided"
	ContributionIssued       EventKind = "contribution-issued"
	ContributionReceived     EventKind = "contribution-received"
	AgreementRecorded        EventKind = "agreement-recorded"
	ConferenceClosed         EventKind = "conference-closed"
	ClosingIssued            EventKind = "closing-issued"
	ClosingReceived          EventKind = "closing-received"
	ContributionsDestroyed   EventKind = "contributions-destroyed"

	CoordinationEnded EventKind = "coordination-ended" // the coordinator hands all back (art. 5.4.4(7))

	StaffChanged      EventKind = "staff-changed"
	AccountChanged    EventKind = "account-changed" // how a person proves who he is
	SignedIn          EventKind = "signed-in"       // at a door of the node: a sign-in, one that was refused, or a sign-out
	RegisterInstalled EventKind = "register-installed"
	NodeCreated       EventKind = "node-created"
	KeyMade           EventKind = "key-made"       // a new key, beside the one in use
	KeyDestroyed      EventKind = "key-destroyed"  // a former key, for ever
	KeysRewrapped     EventKind = "keys-rewrapped" // record keys of dossiers came under another master key
	RootPinned        EventKind = "root-pinned"    // the node trusts other register authorities
	LockChanged       EventKind = "lock-changed"   // another passphrase or key file opens the keys

	// Of the ledger and the data themselves.
	MomentRecorded      EventKind = "moment-recorded" // a moment from which a retention term runs
	HoldPlaced          EventKind = "hold-placed"     // destruction put off (bewaarplicht)
	HoldLifted          EventKind = "hold-lifted"
	DossierDestroyed    EventKind = "dossier-destroyed"    // the record key is gone (vernietiging)
	DossiersPurged      EventKind = "dossiers-purged"      // nothing of it is left in the files
	Searched            EventKind = "searched"             // somebody looked for a person
	StaffViewed         EventKind = "staff-viewed"         // somebody looked what a member of staff did
	Exported            EventKind = "exported"             // content left the node for a person of ours
	InspectionGranted   EventKind = "inspection-granted"   // a regulator got a bundle (toezicht)
	CheckpointCosigned  EventKind = "checkpoint-cosigned"  // we checked and signed a partner's checkpoint
	CosignatureReceived EventKind = "cosignature-received" // a partner checked and signed ours
	LedgerAlarm         EventKind = "ledger-alarm"         // a partner's ledger contradicts itself
	BackupMade          EventKind = "backup-made"
	LedgerRecovered     EventKind = "ledger-recovered" // continued after a restore
	StorageMigrated     EventKind = "storage-migrated" // what is stored was made that of a newer version of the program

	// Of what a person asks who uses a right (GDPR 15 to 21).
	PetitionOpened   EventKind = "petition-opened"
	PetitionExtended EventKind = "petition-extended" // two months more (art. 12(3) GDPR)
	PetitionDecided  EventKind = "petition-decided"
)

// Forgotten reports whether an entry of this kind belongs to what was contributed
// to a case conference: it is sealed under the key that is destroyed when the
// conference is over.
func (k EventKind) Forgotten() bool {
	return k == ContributionDrafted || k == ContributionDecided || k == ContributionIssued || k == ContributionReceived
}

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

// A PrivatePart is the private part of a ledger entry: who, and which items. As
// bytes it is JSON, sealed under the record key of the dossier.
type PrivatePart struct {
	By ActorID `json:"by,omitempty"`
	// Via is the system of the organisation through which he acted, where he did not
	// act at the node itself.
	Via string `json:"via,omitempty"`
	// Register is the version that was in force: it says which law the step was
	// judged by.
	Register uint64 `json:"register,omitempty"`
	Detail   Detail `json:"detail"`
}

// A Detail is the private part of an event: codes only, no free text. What was
// written in words stands in the message that the entry's digest names, or in
// the dossier.
type Detail struct {
	Items      []ItemNote      `json:"items,omitempty"`
	Conditions []ConditionCode `json:"conditions,omitempty"`
	Code       string          `json:"code,omitempty"`
	Step       *StepNote       `json:"step,omitempty"`
	// Second is who confirmed a decision, to whom work was given, or at whose acts
	// somebody looked.
	Second ActorID `json:"second,omitempty"`
	// For is for whom somebody stepped in.
	For ActorID `json:"for,omitempty"`
	// Late marks an answer after the deadline.
	Late bool `json:"late,omitempty"`
	// Passing is the onward disclosure that it is about, Recipient who gets it,
	// Permissions what it rests on or what was decided.
	Passing     ID      `json:"passing,omitempty"`
	Recipient   PartyID `json:"recipient,omitzero"`
	Permissions []ID    `json:"permissions,omitempty"`
	// Due is the day (YYYY-MM-DD) on which the term of a destroyed dossier ended.
	Due string `json:"due,omitempty"`
	// Count is how many things an entry is about.
	Count int `json:"count,omitempty"`
	// Person is the pseudonym of who was looked for, which this node alone can make.
	Person string `json:"person,omitempty"`
	// Broad marks a request to many parties at once, for the privacy officer.
	Broad bool `json:"broad,omitempty"`
	// Inspection is what a regulator was given.
	Inspection *Inspection `json:"inspection,omitempty"`
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

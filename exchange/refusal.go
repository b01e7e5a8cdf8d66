package exchange

import "strings"

// A Refusal says that the law, a condition or the form of a message does not
// allow what was tried. Nothing has changed when it is returned.
//
// It holds no personal data, so it may be logged, counted, sent to the asker
// and shown: params are names from catalogues, dates and numbers, never text
// that a person typed.
type Refusal struct {
	Code   Code
	Params []string // pairs of name and value
}

// Error is the code with its params, for logs and for people who read logs.
// The sentence for a user is made from docs/errors.md's catalogue by the doors.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString(string(r.Code))
	for i := 0; i+1 < len(r.Params); i += 2 {
		b.WriteString(" " + r.Params[i] + "=" + r.Params[i+1])
	}
	return b.String()
}

// Is reports whether target is a refusal with the same code.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.Code == r.Code
}

// A Code names one reason for refusal. Codes are part of the protocol: they are
// never renamed or reused; docs/errors.md lists them.
type Code string

// The codes of this package.
const (
	BadOIN            Code = "bad-oin"
	BadPartyID        Code = "bad-party"
	BadActorID        Code = "bad-actor"
	BadBSN            Code = "bad-bsn"
	BadID             Code = "bad-id"
	BadDepth          Code = "bad-depth"
	BadSubject        Code = "bad-subject"
	BadRequest        Code = "bad-request"
	UnknownPurpose    Code = "unknown-purpose"
	UnknownItem       Code = "unknown-item"
	UnknownCapacity   Code = "unknown-capacity"
	PurposeNotAsker   Code = "purpose-not-for-asker"
	PurposeNotAsked   Code = "purpose-not-for-asked"
	PurposeNotHolder  Code = "purpose-not-for-holder"
	PurposeOwnData    Code = "purpose-own-data-only"
	ItemNotHeld       Code = "item-not-of-domain"
	CategoryForbidden Code = "category-not-for-purpose"
	CategoryAsker     Code = "category-not-for-asker"
	CategoryAsked     Code = "category-not-for-asked"
	RegimeNotAsked    Code = "regime-not-for-purpose"
	StatementMissing  Code = "statement-missing"
	BadStatement      Code = "bad-statement"
	BSNNotAllowed     Code = "bsn-not-allowed"
	BSNMissing        Code = "bsn-missing"
	ReasonMissing     Code = "reason-missing"
	ItemTwice         Code = "item-twice"
	NothingAsked      Code = "nothing-asked"
	TooMuchAsked      Code = "too-much-asked"
	DeadlinePassed    Code = "deadline-passed"
	DeadlineTooLate   Code = "deadline-too-late"
	SelfAsked         Code = "asked-itself"

	UnknownTrigger       Code = "unknown-trigger"
	TriggerNotOfTask     Code = "trigger-not-for-task"
	TriggerNotOfPurpose  Code = "trigger-not-for-purpose"
	BadTrigger           Code = "bad-trigger"
	BadMoment            Code = "bad-moment"
	BadHold              Code = "bad-hold"
	InvolvementNotEnough Code = "involvement-not-enough"
	CaseEnded            Code = "case-closed"
	NotInCase            Code = "person-not-in-case"
	FamilyNotAgreed      Code = "family-not-agreed"
	OutsideScope         Code = "outside-agreed-scope"
	BroadRequest         Code = "broad-request"
	NotJudged            Code = "not-judged" // a rule could not be looked at, so it does not allow

	NotNow           Code = "not-now"
	WrongSide        Code = "wrong-side"
	RequestWithdrawn Code = "request-withdrawn"
	ActorMayNot      Code = "actor-may-not"
	ItemUndecided    Code = "item-undecided"
	ItemNotAsked     Code = "item-not-asked"
	DeeperThanAsked  Code = "deeper-than-asked"
	ContentMissing   Code = "content-missing"
	ContentSurplus   Code = "content-with-withheld"
	TooMuchContent   Code = "too-much-content"
	UnknownGround    Code = "unknown-ground"
	GroundNotHere    Code = "ground-not-for-regime"
	UnknownStep      Code = "unknown-step"
	StepNotOnRoute   Code = "step-not-on-route"
	BadStep          Code = "bad-step"
	ColleagueIsSelf  Code = "colleague-is-self"
	WeighingOpen     Code = "weighing-incomplete"
	WeighingStops    Code = "weighing-stops"
	AssignedToOther  Code = "assigned-to-other"
	SameEyes         Code = "same-eyes"
	QuestionsBounded Code = "too-many-questions"
	HatMissing       Code = "hat-missing"
	HatNotOwn        Code = "hat-not-own"
	WrongHat         Code = "wrong-hat"
	BadOutcome       Code = "bad-outcome"
	UnknownCondition Code = "unknown-condition"
	BadCondition     Code = "bad-condition"
	ConditionNames   Code = "condition-names-unknown"
	ConditionNotHere Code = "condition-item-not-supplied"
	ConditionsClash  Code = "conditions-clash"
	BadScope         Code = "bad-scope"
	BadTime          Code = "time-impossible"
	ActorEnded       Code = "actor-ended"

	NotHeld               Code = "item-not-here"
	ItemErased            Code = "item-erased"
	OnwardForbidden       Code = "onward-forbidden"
	OnwardNeedsPermission Code = "onward-needs-permission"
	ConditionBroken       Code = "condition-broken"
	BadChain              Code = "bad-chain"
	PassingsBounded       Code = "too-many-passings"
	PermissionIdle        Code = "permission-not-needed"
	PermissionNotNow      Code = "permission-not-now"
	PermissionsBounded    Code = "too-many-permissions"
	UnknownPermission     Code = "unknown-permission"
	BadPermission         Code = "bad-permission"
	NotTheSource          Code = "not-the-source"
	BadCorrection         Code = "bad-correction"
	CorrectionsBounded    Code = "too-many-corrections"
	BadPetition           Code = "bad-petition"
	PetitionClosed        Code = "petition-decided"
	ExtensionTooLate      Code = "extension-too-late"
	NotGranted            Code = "access-not-granted"
	SeveralPersons        Code = "several-persons" // one name and date of birth, more numbers
	NumberInText          Code = "number-in-text"

	BadConference    Code = "bad-conference"
	NotInvited       Code = "not-invited"
	NotPresent       Code = "not-present"
	NobodyPresent    Code = "nobody-present"
	NotOrganiser     Code = "not-organiser"
	RequesterMissing Code = "requester-missing"
	ConferenceNotNow Code = "conference-answered"
	ConferenceOver   Code = "conference-over"
	NoMinutes        Code = "no-minutes"
	NotSaid          Code = "item-not-said"
	TakingOnly       Code = "taking-only"
	NotCoordinated   Code = "not-coordinated"
)

// Codes lists every code, so that tests can walk them.
var Codes = [...]Code{
	BadOIN, BadPartyID, BadActorID, BadBSN, BadID, BadDepth, BadSubject, BadRequest, UnknownPurpose, UnknownItem, UnknownCapacity,
	PurposeNotAsker, PurposeNotAsked, PurposeNotHolder, PurposeOwnData, ItemNotHeld, CategoryForbidden, CategoryAsker, CategoryAsked, RegimeNotAsked, StatementMissing,
	BadStatement, BSNNotAllowed, BSNMissing, ReasonMissing, ItemTwice, NothingAsked, TooMuchAsked, DeadlinePassed, DeadlineTooLate, SelfAsked,
	UnknownTrigger, TriggerNotOfTask, TriggerNotOfPurpose, BadTrigger, BadMoment, BadHold, InvolvementNotEnough, CaseEnded, NotInCase, FamilyNotAgreed,
	OutsideScope, BroadRequest, NotJudged, NotNow, WrongSide, RequestWithdrawn, ActorMayNot, ItemUndecided, ItemNotAsked, DeeperThanAsked,
	ContentMissing, ContentSurplus, TooMuchContent, UnknownGround, GroundNotHere, UnknownStep, StepNotOnRoute, BadStep,
	ColleagueIsSelf, WeighingOpen, WeighingStops, AssignedToOther, SameEyes, QuestionsBounded, HatMissing, HatNotOwn, WrongHat,
	BadOutcome, UnknownCondition, BadCondition, ConditionNames, ConditionNotHere, ConditionsClash, BadScope, BadTime, ActorEnded,
	NotHeld, ItemErased, OnwardForbidden, OnwardNeedsPermission, ConditionBroken, BadChain, PassingsBounded, PermissionIdle, PermissionNotNow,
	PermissionsBounded, UnknownPermission, BadPermission, NotTheSource, BadCorrection, CorrectionsBounded,
	BadPetition, PetitionClosed, ExtensionTooLate, NotGranted, SeveralPersons, NumberInText,
	BadConference, NotInvited, NotPresent, NobodyPresent, NotOrganiser, RequesterMissing, ConferenceNotNow, ConferenceOver, NoMinutes, NotSaid, TakingOnly,
	NotCoordinated,
}

func refuse(code Code, params ...string) *Refusal { return &Refusal{Code: code, Params: params} }

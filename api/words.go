package api

// A pairing of the codes that the product uses inside and on the wire with the
// words of the contract. Each list is complete: a test in api/server walks the
// codes of package exchange.

type pair[T ~string] struct {
	code string
	word T
}

// word returns the word for a code.
func word[T ~string](all []pair[T], code string) (T, bool) {
	for _, p := range all {
		if p.code == code {
			return p.word, true
		}
	}
	return "", false
}

// code returns the code for a word, or "" for a word that does not exist.
func code[T ~string](all []pair[T], w T) string {
	for _, p := range all {
		if p.word == w {
			return p.code
		}
	}
	return ""
}

func codes[T ~string](all []pair[T]) []string {
	var list []string
	for _, p := range all {
		list = append(list, p.code)
	}
	return list
}

func sides() []pair[Side] { return []pair[Side]{{"asker", Asker}, {"supplier", Supplier}} }

func severities() []pair[Severity] {
	return []pair[Severity]{{"ok", Fine}, {"warn", Attention}, {"fail", Failing}}
}

// SeverityOf is the word for a code of schemas.CheckLevel.
func SeverityOf(code string) (Severity, bool) { return word(severities(), code) }

// Code is the code of schemas.CheckLevel for the word.
func (s Severity) Code() string { return code(severities(), s) }

// SideOf is the word for a code of exchange.Side.
func SideOf(code string) (Side, bool) { return word(sides(), code) }

// Code is the code of exchange.Side for the word.
func (s Side) Code() string { return code(sides(), s) }

func phases() []pair[Phase] {
	return []pair[Phase]{
		{"queued", Queued}, {"delivered", Delivered}, {"weighing", InWeighing}, {"clarifying", Clarifying}, {"proposed", Proposed},
		{"decided", Decided}, {"answered", Answered},
		{"refused", Refused}, {"withdrawn", Withdrawn}, {"expired", Expired}, {"rejected", Rejected},
	}
}

// PhaseOf is the word for a code of exchange.Phase.
func PhaseOf(code string) (Phase, bool) { return word(phases(), code) }

// Code is the code of exchange.Phase for the word.
func (p Phase) Code() string { return code(phases(), p) }

func depths() []pair[Depth] {
	return []pair[Depth]{{"that", That}, {"process", Process}, {"content", Contents}}
}

// DepthOf is the word for a code of exchange.Depth.
func DepthOf(code string) (Depth, bool) { return word(depths(), code) }

// Code is the code of exchange.Depth for the word.
func (d Depth) Code() string { return code(depths(), d) }

func outcomes() []pair[Outcome] {
	return []pair[Outcome]{{"supply", Supply}, {"withhold", Withhold}}
}

// OutcomeOf is the word for a code of exchange.Outcome.
func OutcomeOf(code string) (Outcome, bool) { return word(outcomes(), code) }

// Code is the code of exchange.Outcome for the word.
func (o Outcome) Code() string { return code(outcomes(), o) }

func conditions() []pair[ConditionKind] {
	return []pair[ConditionKind]{
		{"ask-first", AskFirst}, {"ask-each-time", AskEachTime}, {"only-to", OnlyTo}, {"not-to", NotTo}, {"only-for", OnlyFor}, {"not-for", NotFor},
		{"no-deeper", NoDeeper}, {"after-told", AfterTold}, {"oral-only", OralOnly}, {"no-onward", NoOnward}, {"delete-by", DeleteBy},
	}
}

// ConditionOf is the word for a code of exchange.ConditionCode.
func ConditionOf(code string) (ConditionKind, bool) { return word(conditions(), code) }

// ConditionCodes lists the codes that [ConditionOf] knows.
func ConditionCodes() []string { return codes(conditions()) }

// Code is the code of exchange.ConditionCode for the word.
func (k ConditionKind) Code() string { return code(conditions(), k) }

func involvements() []pair[InvolvementState] {
	return []pair[InvolvementState]{
		{"in-consultation", InConsultation}, {"informed", Informed}, {"not-yet-informed", NotYetInformed}, {"objected", Objected},
	}
}

// InvolvementOf is the word for a code of exchange.InvolvementState.
func InvolvementOf(code string) (InvolvementState, bool) { return word(involvements(), code) }

// InvolvementCodes lists the codes that [InvolvementOf] knows.
func InvolvementCodes() []string { return codes(involvements()) }

// Code is the code of exchange.InvolvementState for the word.
func (s InvolvementState) Code() string { return code(involvements(), s) }

func findings() []pair[Finding] {
	return []pair[Finding]{{"two-roots", TwoRoots}, {"proof-fails", ProofFails}, {"shorter", Shorter}}
}

// FindingOf is the word for a code of peer.Finding.
func FindingOf(code string) (Finding, bool) { return word(findings(), code) }

// Code is the code of peer.Finding for the word.
func (f Finding) Code() string { return code(findings(), f) }

func roles() []pair[Role] {
	return []pair[Role]{
		{"professional", Professional}, {"requester", Requester}, {"coordinator", Coordinator}, {"reporting-desk", ReportingDesk},
		{"privacy-officer", PrivacyOfficer}, {"administrator", Administrator}, {"auditor", Auditor},
	}
}

// RoleOf is the word for a code of exchange.Role.
func RoleOf(code string) (Role, bool) { return word(roles(), code) }

// RoleCodes lists the codes that [RoleOf] knows.
func RoleCodes() []string { return codes(roles()) }

// Code is the code of exchange.Role for the word.
func (r Role) Code() string { return code(roles(), r) }

func regimes() []pair[Regime] {
	return []pair[Regime]{
		{"none", NoSecrecy}, {"wgbo", WGBO}, {"big", BIG}, {"jeugdwet", YouthAct}, {"wpg", Wpg}, {"wjsg", Wjsg}, {"mayor", Mayor},
	}
}

// RegimeOf is the word for a code of exchange.Regime.
func RegimeOf(code string) (Regime, bool) { return word(regimes(), code) }

// Code is the code of exchange.Regime for the word.
func (r Regime) Code() string { return code(regimes(), r) }

func categories() []pair[Category] {
	return []pair[Category]{{"ordinary", Ordinary}, {"health", Health}, {"special", OtherSpecial}, {"criminal", Criminal}}
}

// CategoryOf is the word for a code of exchange.Category.
func CategoryOf(code string) (Category, bool) { return word(categories(), code) }

// Code is the code of exchange.Category for the word.
func (c Category) Code() string { return code(categories(), c) }

func messageKinds() []pair[MessageKind] {
	return []pair[MessageKind]{
		{"request", RequestMessage}, {"withdrawal", WithdrawalMessage}, {"answer", AnswerMessage}, {"question", QuestionMessage},
		{"reply", ReplyMessage}, {"receipt", ReceiptMessage}, {"permission-request", PermissionRequestMessage}, {"permission", PermissionMessage},
		{"permission-withdrawal", PermissionWithdrawalMessage}, {"passing", PassingMessage}, {"notice", NoticeMessage}, {"correction", CorrectionMessage},
		{"conference-invitation", InvitationMessage}, {"conference-answer", ConferenceAnswerMessage},
		{"conference-contribution", ContributionMessage}, {"conference-closing", ClosingMessage},
	}
}

// MessageKindOf is the word for a code of wire.Kind.
func MessageKindOf(code string) (MessageKind, bool) { return word(messageKinds(), code) }

// Code is the code of wire.Kind for the word.
func (k MessageKind) Code() string { return code(messageKinds(), k) }

func standings() []pair[Standing] {
	return []pair[Standing]{{"client", StandingClient}, {"family", StandingFamily}, {"unborn", StandingUnborn}}
}

// StandingOf is the word for a code of exchange.Standing.
func StandingOf(code string) (Standing, bool) { return word(standings(), code) }

// Code is the code of exchange.Standing for the word.
func (s Standing) Code() string { return code(standings(), s) }

func consents() []pair[ConsentState] {
	return []pair[ConsentState]{{"given", ConsentGiven}, {"refused", ConsentRefused}, {"not-asked", ConsentNotAsked}}
}

// ConsentOf is the word for a code of exchange.ConsentState.
func ConsentOf(code string) (ConsentState, bool) { return word(consents(), code) }

// Code is the code of exchange.ConsentState for the word.
func (s ConsentState) Code() string { return code(consents(), s) }

func scopes() []pair[Scope] {
	return []pair[Scope]{
		{"all", ScopeAll}, {"period", ScopePeriod}, {"counterparty", ScopeParty}, {"purpose", ScopePurpose}, {"exchange", ScopeExchange},
		{"person", ScopePerson},
	}
}

// ScopeOf is the word for a code of exchange.ScopeCode.
func ScopeOf(code string) (Scope, bool) { return word(scopes(), code) }

// Code is the code of exchange.ScopeCode for the word.
func (s Scope) Code() string { return code(scopes(), s) }

func verdicts() []pair[Verdict] {
	return []pair[Verdict]{{"permitted", Permitted}, {"needs-permission", NeedsPermission}, {"forbidden", Forbidden}}
}

// VerdictOf is the word for a code of exchange.Verdict.
func VerdictOf(code string) (Verdict, bool) { return word(verdicts(), code) }

// Code is the code of exchange.Verdict for the word.
func (v Verdict) Code() string { return code(verdicts(), v) }

func corrections() []pair[CorrectionKind] {
	return []pair[CorrectionKind]{{"rectification", Rectification}, {"restriction", Restriction}, {"lifting", Lifting}, {"erasure", Erasure}}
}

// CorrectionOf is the word for a code of exchange.CorrectionKind.
func CorrectionOf(code string) (CorrectionKind, bool) { return word(corrections(), code) }

// Code is the code of exchange.CorrectionKind for the word.
func (k CorrectionKind) Code() string { return code(corrections(), k) }

// CorrectionCodes lists the codes of exchange.CorrectionKind.
func CorrectionCodes() []string { return codes(corrections()) }

func passingStates() []pair[PassingState] {
	return []pair[PassingState]{
		{"queued", PassingQueued}, {"delivered", PassingDelivered}, {"rejected", PassingRejected}, {"expired", PassingExpired}, {"noticed", PassingNoticed},
	}
}

// PassingStateOf is the word for a code of exchange.PassingState.
func PassingStateOf(code string) (PassingState, bool) { return word(passingStates(), code) }

// Code is the code of exchange.PassingState for the word.
func (s PassingState) Code() string { return code(passingStates(), s) }

func permissionStates() []pair[PermissionState] {
	return []pair[PermissionState]{
		{"asked", PermissionAsked}, {"granted", PermissionGranted}, {"denied", PermissionDenied}, {"withdrawn", PermissionWithdrawn}, {"failed", PermissionFailed},
	}
}

// PermissionStateOf is the word for a code of exchange.PermissionState.
func PermissionStateOf(code string) (PermissionState, bool) { return word(permissionStates(), code) }

// Code is the code of exchange.PermissionState for the word.
func (s PermissionState) Code() string { return code(permissionStates(), s) }

func marks() []pair[Mark] {
	return []pair[Mark]{{"restricted", MarkRestricted}, {"erased", MarkErased}}
}

// MarkOf is the word for a code of exchange.Mark.
func MarkOf(code string) (Mark, bool) { return word(marks(), code) }

// Code is the code of exchange.Mark for the word.
func (m Mark) Code() string { return code(marks(), m) }

func seatStates() []pair[SeatState] {
	return []pair[SeatState]{{"invited", SeatInvited}, {"coming", SeatComing}, {"declined", SeatDeclined}, {"failed", SeatFailed}}
}

// SeatStateOf is the word for a code of exchange.SeatState.
func SeatStateOf(code string) (SeatState, bool) { return word(seatStates(), code) }

// Code is the code of exchange.SeatState for the word.
func (s SeatState) Code() string { return code(seatStates(), s) }

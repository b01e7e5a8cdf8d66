package peer

// A Fault says why the node cannot do what was asked, apart from the law
// (exchange.Refusal) and the form of a message (wire.Fault). It holds nothing
// personal.
type Fault struct {
	Code string
	// Retry says that the same may succeed later.
	Retry bool
}

// Error is the code.
func (f *Fault) Error() string { return f.Code }

// Is reports whether target is a fault with the same code.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// The codes of faults, see docs/errors.md.
const (
	NoRegister      = "no-register"
	RegisterExpired = "register-expired"
	UnknownParty    = "unknown-party"
	UnknownActor    = "unknown-actor"
	UnknownAccount  = "unknown-account"
	UnknownExchange = "unknown-exchange"
	UnknownCase     = "unknown-case"
	UnknownPetition = "unknown-petition"
	// UnknownConference may also be that its invitation is still on its way.
	UnknownConference = "unknown-conference"
	Destroyed         = "dossier-destroyed"
	NoHold            = "no-hold"
	NoBackup          = "no-backup"
	BackupAhead       = "backup-ahead"
	BackupFailed      = "backup-failed"
	BackupOther       = "backup-other"
	NotRestored       = "not-restored"
	Recovering        = "recovering"
	LedgerBehind      = "ledger-behind"
	ActorExists       = "actor-exists"
	Replayed          = "message-replayed"
	Follows           = "message-follows"
	BadReceipt        = "bad-receipt"
	BadReply          = "bad-reply"
	UnknownCode       = "unknown-code"
	PartnerVersion    = "partner-version"
	NodeOutdated      = "node-outdated"
	PartnerBehind     = "partner-behind"
	PartnerTooMuch    = "partner-too-much"
	NotPartner        = "not-partner"
	BadConsistency    = "bad-consistency"
	BadCosignature    = "bad-cosignature"
	TooSoon           = "too-soon"
	LawUnreadable     = "law-unreadable"
	NodeExists        = "node-exists"
	UnknownKey        = "unknown-key"
	KeyNeeded         = "key-needed"
	KeyStays          = "key-stays"
	TooManyKeys       = "too-many-keys"
	BackupNeedsKey    = "backup-needs-key"
	LockChanged       = "lock-changed"
	NoHardware        = "no-hardware"
	NoNode            = "no-node"
	Busy              = "overtaken"
	KeyReused         = "key-reused"
	Internal          = "internal"
)

// Codes lists every code of a [Fault], so that tests can walk them.
var Codes = [...]string{
	NoRegister, RegisterExpired, UnknownParty, UnknownActor, UnknownAccount, UnknownExchange,
	UnknownCase, UnknownPetition, UnknownConference, Destroyed, NoHold, NoBackup, BackupAhead, BackupFailed, BackupOther,
	NotRestored, Recovering, LedgerBehind, ActorExists, Replayed, Follows,
	BadReceipt, BadReply, UnknownCode, PartnerVersion, NodeOutdated, PartnerBehind,
	PartnerTooMuch, NotPartner, BadConsistency, BadCosignature, TooSoon, LawUnreadable,
	UnknownKey, KeyNeeded, KeyStays, TooManyKeys, BackupNeedsKey, LockChanged,
	NoHardware, NodeExists, NoNode, Busy, KeyReused, Internal,
}

func fault(code string) *Fault {
	f := &Fault{Code: code}
	switch code {
	case NoRegister, RegisterExpired, Recovering, UnknownParty, UnknownConference, PartnerTooMuch, PartnerVersion, NodeOutdated, PartnerBehind, NotPartner, TooSoon, NoHardware, Busy, Internal:
		f.Retry = true
	}
	return f
}

// orFault is err, or the fault where there is no error.
func orFault(err error, code string) error {
	if err != nil {
		return err
	}
	return fault(code)
}

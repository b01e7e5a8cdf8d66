package peer

import (
	"fmt"
	"time"

	"sluis/schemas"
)

// A Check is one thing that was found about a node. What it means, how bad it is
// and what to do about it stands with its code in schemas ([schemas.Check]).
// Nothing of it is personal.
type Check struct {
	Code string
	// Values fill the sentences of the code, by name.
	Values map[string]string
}

// Level is how bad it is.
func (c Check) Level() schemas.CheckLevel {
	text, _ := schemas.Check(c.Code)
	return text.Level
}

// The codes of checks, see docs/doctor.md. The commands and the
// API find the first few.
const (
	NodeUp             = "node-up"
	NodeDown           = "node-down"
	NodeSilent         = "node-silent"
	VersionDiffers     = "version-differs"
	LogboekOK          = "logboek-ok"
	LogboekStuck       = "logboek-stuck"
	WebhookOK          = "webhook-ok"
	WebhookFails       = "webhook-fails"
	WebhookStuck       = "webhook-stuck"
	WebhookAside       = "webhook-aside"
	nodeMissing        = "node-missing"
	nodeDenied         = "node-denied"
	storageNewer       = "storage-newer"
	configOK           = "config-ok"
	configBad          = "config-bad"
	permissionsOK      = "permissions-ok"
	permissionsOpen    = "permissions-open"
	permissionsOwner   = "permissions-owner"
	keystoreOK         = "keystore-ok"
	keystoreLocked     = "keystore-locked"
	clockOK            = "clock-ok"
	clockUnknown       = "clock-unknown"
	clockUnsynced      = "clock-unsynced"
	clockBehind        = "clock-behind"
	clockDrifts        = "clock-drifts"
	clockAhead         = "clock-ahead"
	clockLate          = "clock-late"
	clockPartner       = "clock-partner"
	diskOK             = "disk-ok"
	diskLow            = "disk-low"
	diskReserve        = "disk-reserve"
	diskReadOnly       = "disk-read-only"
	portOK             = "port-ok"
	portFree           = "port-free"
	portTaken          = "port-taken"
	portClosed         = "port-closed"
	portPrivileged     = "port-privileged"
	certificateOK      = "certificate-ok"
	certificateSoon    = "certificate-soon"
	certificateEnded   = "certificate-ended"
	certificateName    = "certificate-name"
	certificateBad     = "certificate-bad"
	registerOK         = "register-ok"
	registerNone       = "register-none"
	registerBad        = "register-bad"
	registerSoon       = "register-soon"
	registerEnded      = "register-ended"
	rootSoon           = "root-soon"
	rootEnded          = "root-ended"
	partyUnlisted      = "party-unlisted"
	addressUseless     = "address-useless"
	keyOK              = "key-ok"
	keyUntil           = "key-until"
	keySoon            = "key-soon"
	keyEnded           = "key-ended"
	keyRevoked         = "key-revoked"
	keyOther           = "key-other"
	keyWaits           = "key-waits"
	keyOverlap         = "key-overlap"
	keyLeft            = "key-left"
	partnersOK         = "partners-ok"
	partnersNone       = "partners-none"
	partnersUntried    = "partners-untried"
	partnerUnreachable = "partner-unreachable"
	partnerSilent      = "partner-silent"
	partnerQuota       = "partner-quota"
	partnerBehind      = "partner-behind"
	partnerOld         = "partner-old"
	partnerNewer       = "partner-newer"
	partnerVersions    = "partner-versions"
	relayOK            = "relay-ok"
	relayWaits         = "relay-waits"
	relayUnreachable   = "relay-unreachable"
	relayRefused       = "relay-refused"
	relayFull          = "relay-full"
	relayNone          = "relay-none"
	relayPlaceless     = "relay-placeless"
	relayUnlisted      = "relay-unlisted"
	relayUnkept        = "relay-unkept"
	relayAnswers       = "relay-answers"
	relaySilent        = "relay-silent"
	reachDirect        = "reach-direct"
	reachHere          = "reach-here"
	reachRelay         = "reach-relay"
	reachRelayOnly     = "reach-relay-only"
	reachUnproved      = "reach-unproved"
	reachNone          = "reach-none"
	reachNowhere       = "reach-nowhere"
	outboxOK           = "outbox-ok"
	outboxWaits        = "outbox-waits"
	outboxEnds         = "outbox-ends"
	backupOK           = "backup-ok"
	backupFirst        = "backup-first"
	backupNone         = "backup-none"
	backupLate         = "backup-late"
	backupMissing      = "backup-missing"
	backupUpgraded     = "backup-upgraded"
	backupSameDisk     = "backup-same-disk"
	ledgerOK           = "ledger-ok"
	ledgerAlarm        = "ledger-alarm"
	ledgerVouched      = "ledger-vouched"
	ledgerUnvouched    = "ledger-unvouched"
	recoveryWaits      = "recovery-waits"
	recoveryForked     = "recovery-forked"
	recoveryMissing    = "recovery-missing"
)

// found makes a check of a code and pairs of name and value.
func found(code string, pairs ...string) Check {
	c := Check{Code: code, Values: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Values[pairs[i]] = pairs[i+1]
	}
	return c
}

// stamp writes a moment for an administrator.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// sizeText writes a number of bytes for an administrator.
func sizeText(n int64) string {
	const unit = 1024
	switch {
	case n < unit:
		return fmt.Sprintf("%d B", n)
	case n < unit*unit:
		return fmt.Sprintf("%.1f KiB", float64(n)/unit)
	case n < unit*unit*unit:
		return fmt.Sprintf("%.1f MiB", float64(n)/unit/unit)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/unit/unit/unit)
}

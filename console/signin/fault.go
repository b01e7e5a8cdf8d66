package signin

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A Fault says why somebody is not let in, or may not change how he comes in.
// It holds nothing personal. Other errors are those of packages peer and
// exchange.
type Fault struct {
	Code string
	// After is how long to wait, with [SignInLater]; otherwise 0.
	After time.Duration
}

// Error is the code.
func (f *Fault) Error() string { return f.Code }

// ProblemCode is the code, for a door that tells it further.
func (f *Fault) ProblemCode() string { return f.Code }

// Is reports whether target is a fault with the same code.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// The codes of faults, see docs/errors.md.
const (
	// NotSignedIn is also for who was signed out.
	NotSignedIn = "unauthorised"
	// SignInAgain is for what needs a sign-in of a moment ago.
	SignInAgain = "sign-in-again"
	// SignInRefused is one answer to all: unknown, wrong, left, or used already.
	SignInRefused = "sign-in-refused"
	SignInLater   = "sign-in-later"
	// SignInStale is for what was begun too long ago, in another browser, or twice.
	SignInStale      = "sign-in-stale"
	InvitationSpent  = "invitation-spent"
	BadNewPassword   = "bad-new-password"
	WrongCode        = "wrong-code"
	PasskeyRefused   = "passkey-refused"
	TooManyPasskeys  = "too-many-passkeys"
	UnknownPasskey   = "unknown-passkey"
	UnknownSession   = "unknown-session"
	LastCredential   = "last-credential"
	LocalAccountsOff = "local-accounts-off"
	NoProvider       = "no-provider"
	ProviderFailed   = "provider-failed"
	// ProviderUnknown is for who the provider knows, and this node does not.
	ProviderUnknown = "provider-unknown"
	ProviderLevel   = "provider-level"
	BadLink         = "bad-link"
	LinkTaken       = "link-taken"
)

// Codes lists every code of a [Fault], so that tests can walk them.
var Codes = [...]string{
	NotSignedIn, SignInAgain, SignInRefused, SignInLater, SignInStale, InvitationSpent, BadNewPassword, WrongCode, PasskeyRefused,
	TooManyPasskeys, UnknownPasskey, UnknownSession, LastCredential, LocalAccountsOff, NoProvider, ProviderFailed, ProviderUnknown, ProviderLevel,
	BadLink, LinkTaken,
}

func fault(code string) *Fault { return &Fault{Code: code} }

// A Problem answers a request with what went wrong.
type Problem func(w http.ResponseWriter, r *http.Request, err error)

// CodeOf is the code of an error that a method of [Door] returned, and "internal"
// where it has none.
func CodeOf(err error) string {
	var own *Fault
	var node *peer.Fault
	var law *exchange.Refusal
	switch {
	case errors.As(err, &own):
		return own.Code
	case errors.As(err, &node):
		return node.Code
	case errors.As(err, &law):
		return string(law.Code)
	}
	return peer.Internal
}

// plainProblem is an RFC 9457 problem without words.
func plainProblem(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusForbidden
	var f *Fault
	switch code := CodeOf(err); {
	case code == NotSignedIn || code == SignInRefused:
		status = http.StatusUnauthorized
	case code == SignInLater && errors.As(err, &f):
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(f.After/time.Second)+1))
	case code == SignInStale || code == PasskeyRefused || code == string(exchange.BadRequest):
		status = http.StatusBadRequest
	case code == peer.Internal:
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// A client that went away is no matter.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": CodeOf(err)})
}

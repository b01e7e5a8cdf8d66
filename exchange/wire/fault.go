package wire

// A Fault says what is wrong with a message. It holds nothing personal: Where
// is a place in the document and a rule of its schema, never a value.
type Fault struct {
	Code  string
	Where string
}

// Error is the code, and the place when there is one.
func (f *Fault) Error() string {
	if f.Where == "" {
		return f.Code
	}
	return f.Code + ": " + f.Where
}

// Is reports whether target is a fault with the same code.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// The codes of faults, see docs/errors.md.
const (
	MessageTooLarge  = "message-too-large"
	MessageNotOpened = "message-not-opened"
	MessageSchema    = "message-schema"
	MessageExpired   = "message-expired"
	MessageClock     = "message-clock"
	NotForUs         = "message-not-for-us"
	SenderMismatch   = "message-sender-mismatch"
	KeyUnknown       = "message-key-unknown"
	KeyStale         = "message-key-stale"
	NoRecipients     = "message-no-recipients"
	UnknownKind      = "message-unknown-kind" // of a version that we do not know, see open
)

// Codes lists every code of a [Fault], so that tests can walk them.
var Codes = [...]string{
	MessageTooLarge, MessageNotOpened, MessageSchema, MessageExpired, MessageClock, NotForUs, SenderMismatch,
	KeyUnknown, KeyStale, NoRecipients, UnknownKind,
}

func fault(code string) *Fault { return &Fault{Code: code} }

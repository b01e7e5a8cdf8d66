package exchange

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"
)

// errPersonal is what every attempt to encode personal data by accident gets.
var errPersonal = errors.New("personal data is written by name only, through Reveal")

// A Personal is a text that says something about a person: a name, an address,
// a reason, the content of an item. It prints as "(hidden)" and refuses to be
// marshalled; [Personal.Reveal] is the one way to its text, so that every use
// can be found by name (I5).
//
// The text is behind a pointer on purpose: fmt does not call methods on
// unexported fields of other structs, and would print a plain string there.
type Personal struct{ text *string }

// Hide wraps a text. The empty text is the zero Personal.
func Hide(text string) Personal {
	if text == "" {
		return Personal{}
	}
	return Personal{text: &text}
}

// Reveal returns the text.
func (p Personal) Reveal() string {
	if p.text == nil {
		return ""
	}
	return *p.text
}

// Zero reports whether there is no text.
func (p Personal) Zero() bool { return p.text == nil }

// Blank reports whether there is nothing to read: no text, or only spaces and
// signs that do not show. A blank is no reason.
func (p Personal) Blank() bool {
	return !strings.ContainsFunc(p.Reveal(), func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

// Equal reports whether both hold the same text.
func (p Personal) Equal(q Personal) bool { return p.Reveal() == q.Reveal() }

// String hides the text.
func (Personal) String() string { return "(hidden)" }

// Format hides the text for every verb.
func (Personal) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(hidden)")) }

// LogValue hides the text.
func (Personal) LogValue() slog.Value { return slog.StringValue("(hidden)") }

// MarshalJSON always fails.
func (Personal) MarshalJSON() ([]byte, error) { return nil, errPersonal }

// MarshalText always fails.
func (Personal) MarshalText() ([]byte, error) { return nil, errPersonal }

// A BSN is a citizen service number (burgerservicenummer) that passed the
// eleven-test. It prints as "(hidden)"; [BSN.Reveal] is the one way to its
// digits. Compare with [BSN.Equal].
type BSN struct{ digits *string }

// ParseBSN checks the nine digits with the eleven-test: weights 9 to 2 and -1,
// the sum is a multiple of eleven.
func ParseBSN(s string) (BSN, error) {
	if len(s) != 9 {
		return BSN{}, refuse(BadBSN)
	}
	sum, zero := 0, true
	for i := range 9 {
		d := int(s[i]) - '0'
		if d < 0 || d > 9 {
			return BSN{}, refuse(BadBSN)
		}
		zero = zero && d == 0
		if i == 8 {
			sum -= d
		} else {
			sum += (9 - i) * d
		}
	}
	if zero || sum%11 != 0 {
		return BSN{}, refuse(BadBSN)
	}
	return BSN{digits: &s}, nil
}

// Reveal returns the nine digits, or "" for the zero BSN.
func (b BSN) Reveal() string {
	if b.digits == nil {
		return ""
	}
	return *b.digits
}

// Zero reports whether there is no number.
func (b BSN) Zero() bool { return b.digits == nil }

// Equal reports whether both are the same number.
func (b BSN) Equal(c BSN) bool { return b.Reveal() == c.Reveal() }

// String hides the digits.
func (BSN) String() string { return "(hidden)" }

// Format hides the digits for every verb.
func (BSN) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(hidden)")) }

// LogValue hides the digits.
func (BSN) LogValue() slog.Value { return slog.StringValue("(hidden)") }

// MarshalJSON always fails.
func (BSN) MarshalJSON() ([]byte, error) { return nil, errPersonal }

// MarshalText always fails.
func (BSN) MarshalText() ([]byte, error) { return nil, errPersonal }

package server

import (
	"strings"
	"unicode"

	"sluis/exchange"
)

// typed is a text as a person typed or pasted it, with what no message may hold
// (schemas/common.json, "text") made into what it stood for: any end of a line
// into a line feed; other control characters, and marks that turn text around,
// into nothing. A form in a browser and a file from Windows end lines their own
// way, and nobody sees what else he pasted.
func typed(s string) exchange.Personal {
	return exchange.Hide(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\v' || r == '\f' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff':
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

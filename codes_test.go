package sluis_test

import (
	"testing"

	"sluis/console/signin"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
	"sluis/register"
	"sluis/schemas"
)

// Every reason for refusal has words for the person who meets it, an HTTP status
// and an exit code.
func TestEveryCodeHasWords(t *testing.T) {
	var codes []string
	for _, c := range exchange.Codes {
		codes = append(codes, string(c))
	}
	codes = append(codes, wire.Codes[:]...)
	codes = append(codes, peer.Codes[:]...)
	codes = append(codes, register.Codes[:]...)
	codes = append(codes, signin.Codes[:]...)
	codes = append(codes, crypto.GateCodes[:]...)
	if len(codes) < 80 {
		t.Fatalf("only %d codes; the test sees nothing", len(codes))
	}
	for _, code := range codes {
		text, ok := schemas.Text(code)
		if !ok {
			t.Errorf("%s has no words in schemas/texts.json", code)
			continue
		}
		if text.NL.Title == "" || text.NL.Advice == "" || text.EN.Title == "" || text.EN.Advice == "" || text.Status < 400 || text.Exit < 1 {
			t.Errorf("%s lacks a title, an advice, a status or an exit code", code)
		}
	}
}

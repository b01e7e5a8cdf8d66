package console

import (
	"testing"

	"sluis/exchange"
)

// Each kind of ledger entry has words.
func TestKindsHaveWords(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range exchange.EventKinds {
		if _, ok := words["kind."+string(k)]; !ok {
			t.Errorf("%s has no words", k)
		}
	}
}

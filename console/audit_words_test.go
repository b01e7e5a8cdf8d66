package console

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"sluis/ledger/audit"
)

// The auditor reads of every finding what to do about it.
func TestFindingsHaveAdvice(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range audit.Codes {
		if _, ok := words["audit.todo."+familyOf(code)]; !ok {
			t.Errorf("%s has no advice", code)
		}
	}
}

// What is larger than it may be is not read further, and told from what ends.
func TestBounded(t *testing.T) {
	for size, over := range map[int]bool{9: false, 10: true, 11: true} {
		b := &bounded{from: bytes.NewReader(make([]byte, size)), left: 10}
		got, err := io.ReadAll(b)
		if b.over != over || over != errors.Is(err, errTooLong) || len(got) != min(size, 10) {
			t.Errorf("of %d bytes %d came, over %v: %v", size, len(got), b.over, err)
		}
	}
}

package server

import (
	"encoding/json"
	"testing"

	"sluis/schemas"
)

// Whatever somebody pastes, a message can hold what is left of it.
func TestTypedFitsInAMessage(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\n\td": "a\nb\nc\n\td", "a\fb\vc\u0085d\u2028e\u2029f": "a\nb\nc\nd\ne\nf",
		"\ufeffa\x00\x1b[2J\u009b\u202eb\u2066\u200f\u061c": "a[2Jb", "José\u200d": "José\u200d",
	} {
		got := typed(in).Reveal()
		if got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for r := rune(1); r < 0x3000; r++ {
		text := "x" + typed(string(r)).Reveal()
		item, err := json.Marshal(map[string]string{"outcome": "withhold", "tell": text})
		if err != nil {
			t.Fatal(err)
		}
		if err := schemas.Validate("disclosure.item", item); err != nil {
			t.Errorf("%U: %v", r, err)
		}
	}
}

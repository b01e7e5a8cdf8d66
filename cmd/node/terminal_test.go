package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"

	"sluis/api"
)

// What another wrote never starts a line of its own, and never steers the
// terminal or turns what stands there around: in columns, in JSON, in complaints.
func TestTextOfAnotherStaysInItsPlace(t *testing.T) {
	for _, c := range []string{"\n", "\r\n", "\r", "\v", "\f", "\u0085", "\u2028", "\u2029", "\t", "\x1b[2K\x1b[1G", "\u009b2K", "\u202e", "\u2066", "\u200f", "\x00", "\b"} {
		text := "plan help" + c + "decided  by b.devries, 2026-01-01 10:00" + c + "  debt-plan  supplied (content): x"
		content := api.Content{Specific: text, Contact: text, Items: []api.AskedItem{{Code: "debt-plan", Why: text}},
			Clarifications: []api.Clarification{{Question: text, Reply: text}}}
		var out, complaints bytes.Buffer
		terminal := newTerminal(nil, &out, &complaints)
		if err := terminal.print(content, func(w io.Writer) { terminal.printContent(w, content, nil) }); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "decided") || strings.HasPrefix(line, "  debt-plan") {
				t.Errorf("%q: a line of its own: %q", c, line)
			}
		}
		terminal.say("%s", text)
		if n := strings.Count(complaints.String(), "\n"); n != 1 {
			t.Errorf("%q: a complaint of %d lines", c, n)
		}
		wantPrintable(t, fmt.Sprintf("columns with %q", c), out.String())
		wantPrintable(t, fmt.Sprintf("a complaint with %q", c), complaints.String())
		out.Reset()
		terminal.json = true
		if err := terminal.print(content, nil); err != nil {
			t.Fatal(err)
		}
		wantPrintable(t, fmt.Sprintf("JSON with %q", c), out.String())
		var back api.Content
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Specific != text {
			t.Errorf("JSON with %q means something else: %v", c, err)
		}
	}
}

func wantPrintable(t *testing.T, what, s string) {
	t.Helper()
	if at := strings.IndexFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); at >= 0 {
		t.Errorf("%s does not print: %q", what, s[at:min(at+10, len(s))])
	}
}

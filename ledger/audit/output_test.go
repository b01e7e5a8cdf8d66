package audit_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"sluis/exchange"
	"sluis/ledger/audit"
)

// Every code has words in both languages, and no words are left over.
func TestEveryFindingHasWords(t *testing.T) {
	for _, code := range audit.Codes {
		text := audit.TextOf(code)
		for language, w := range map[string]audit.Words{"nl": text.NL, "en": text.EN} {
			if w.Title == "" || w.Meaning == "" || !strings.HasSuffix(w.Title, ".") || !strings.HasSuffix(w.Meaning, ".") {
				t.Errorf("%s has no words in %s", code, language)
			}
		}
	}
}

// The picture is well-formed, names organisations and nobody else.
func TestPicture(t *testing.T) {
	w := newWorld(t, college, officer, school)
	w.ask(college, officer)
	x := w.ask(college, school)
	w.parties[officer].rewrite(nil, nil)
	c := w.reconciled(college, officer)
	var svg, dot bytes.Buffer
	w.must(c.WriteSVG(&svg))
	w.must(c.WriteDot(&dot))
	d := xml.NewDecoder(bytes.NewReader(svg.Bytes()))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, picture := range []string{svg.String(), dot.String()} {
		for _, want := range []string{"party investigation", "party probation", "party education", "1 request", "1 answer"} {
			if !strings.Contains(picture, want) {
				t.Errorf("%q is not in the picture", want)
			}
		}
		for _, secret := range []string{"999993847", "a.jansen", "m.kuipers", string(x)} {
			if strings.Contains(picture, secret) {
				t.Errorf("%q is in the picture", secret)
			}
		}
	}
}

// What a party wrote can't run in the auditor's spreadsheet.
func TestSheetIsPlain(t *testing.T) {
	var out bytes.Buffer
	s, err := audit.NewSheet(&out)
	if err != nil {
		t.Fatal(err)
	}
	evil := &exchange.PrivatePart{By: `=HYPERLINK("x")`, Detail: exchange.Detail{Code: "@SUM(1)", Second: "+1", For: "-1"}}
	if err := s.Row(audit.Row{Covered: true, Part: evil}); err != nil {
		t.Fatal(err)
	}
	if err := s.Row(audit.Row{}); err != nil { // not in scope
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, cell := range rows[1] {
		if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
			t.Errorf("a cell begins as a formula: %q", cell)
		}
	}
}

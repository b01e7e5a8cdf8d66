package testnet

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A Told is one thing that happened, for a reader and for a machine. Everything
// in it is invented, so it may be shown.
type Told struct {
	Scenario string      `json:"scenario,omitempty"`
	Line     int         `json:"line,omitempty"` // in the scenario file
	What     What        `json:"what"`
	Party    string      `json:"party,omitempty"`    // key of the party that acts
	Exchange string      `json:"exchange,omitempty"` // its ID
	Code     string      `json:"code,omitempty"`     // of a refusal
	Text     string      `json:"text"`
	Story    []string    `json:"story,omitempty"` // paragraphs
	Details  []Detail    `json:"details,omitempty"`
	Ledgers  []LedgerNow `json:"ledgers,omitempty"`
}

// What says what kind of thing happened.
type What string

// The kinds.
const (
	ToldNetwork  What = "network"  // the network stands
	ToldScenario What = "scenario" // a story begins
	ToldActs     What = "acts"     // somebody does something
	ToldRefused  What = "refused"  // and is not allowed to
	ToldHolds    What = "holds"    // an expectation holds
	ToldLedgers  What = "ledgers"  // what both ledgers now hold
	ToldProved   What = "proved"   // a proof at the end
	ToldFailed   What = "failed"   // an expectation or a proof does not hold
)

// A Detail is one indented line: a short name and what it is.
type Detail struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// A LedgerNow is what one ledger holds about an exchange.
type LedgerNow struct {
	Party   string     `json:"party"`
	Name    string     `json:"name"`
	Entries []EntryNow `json:"entries"`
}

// An EntryNow is one entry with what the reader wants to know of it.
type EntryNow struct {
	Index uint64 `json:"index"`
	Kind  string `json:"kind"`
	// Message is the digest of the message that the entry is about.
	Message string `json:"message,omitempty"`
	// Partner is the entry in the partner's ledger for the same message, as his
	// receipt proves.
	Partner *uint64 `json:"partner,omitempty"`
}

// Lines writes each happening as one line of JSON.
func Lines(w io.Writer) func(Told) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(t Told) { _ = e.Encode(t) }
}

// Story writes the happenings for a reader, in lines of at most width
// characters, with colour or without.
func Story(w io.Writer, colour bool, width int) func(Told) {
	s := &storyteller{w: w, colour: colour, width: max(width, 60)}
	return s.tell
}

type storyteller struct {
	w       io.Writer
	colour  bool
	width   int
	stories int
}

// paint is an SGR code of ECMA-48.
type paint string

const (
	bold  paint = "1"
	dim   paint = "2"
	red   paint = "31"
	green paint = "32"
	blue  paint = "34"
)

func (s *storyteller) painted(p paint, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + string(p) + "m" + text + "\x1b[0m"
}

func (s *storyteller) tell(t Told) {
	switch t.What {
	case ToldScenario:
		s.stories++
		s.line("")
		s.line(s.painted(bold, fmt.Sprintf("%d. %s", s.stories, t.Text)))
		for _, paragraph := range t.Story {
			if paragraph != "" {
				s.wrapped("   ", "   ", paragraph)
				s.line("")
			}
		}
		s.details("   ", t.Details)
	case ToldActs:
		s.line("")
		s.marked(blue, " > ", t.Text)
		s.details("     ", t.Details)
	case ToldRefused:
		s.marked(red, " x ", t.Text)
		s.details("     ", t.Details)
	case ToldHolds, ToldProved:
		s.marked(green, " + ", t.Text)
		s.details("     ", t.Details)
	case ToldFailed:
		s.marked(red, " ! ", t.Text)
		s.details("     ", t.Details)
	case ToldLedgers:
		s.line("")
		s.wrapped("   ", "   ", t.Text)
		s.ledgers(t.Ledgers)
	default:
		s.wrapped("", "", t.Text)
		s.details("  ", t.Details)
	}
}

func (s *storyteller) line(text string) { _, _ = fmt.Fprintln(s.w, strings.TrimRight(text, " ")) }

func (s *storyteller) marked(p paint, mark, text string) {
	indent := strings.Repeat(" ", len(mark))
	lines := wrap(text, s.width-len(mark))
	for i, l := range lines {
		if i == 0 {
			s.line(s.painted(p, mark) + l)
			continue
		}
		s.line(indent + l)
	}
}

func (s *storyteller) wrapped(first, rest, text string) {
	for i, l := range wrap(text, s.width-len(rest)) {
		if i == 0 {
			s.line(first + l)
			continue
		}
		s.line(rest + l)
	}
}

func (s *storyteller) details(indent string, all []Detail) {
	column := 0
	for _, d := range all {
		column = max(column, utf8.RuneCountInString(d.Name))
	}
	for _, d := range all {
		name := d.Name + strings.Repeat(" ", column-utf8.RuneCountInString(d.Name))
		for j, l := range wrap(d.Text, s.width-len(indent)-column-2) {
			if j > 0 {
				name = strings.Repeat(" ", column)
			}
			s.line(indent + s.painted(dim, name) + "  " + l)
		}
	}
}

// ledgers sets both ledgers side by side, entry numbers in front.
func (s *storyteller) ledgers(all []LedgerNow) {
	var columns [][]string
	for _, l := range all {
		column := []string{l.Name}
		for _, e := range l.Entries {
			row := fmt.Sprintf("%5d  %s", e.Index, e.Kind)
			if e.Partner != nil {
				row += fmt.Sprintf(" (entry %d there)", *e.Partner)
			}
			column = append(column, row)
		}
		columns = append(columns, column)
	}
	rows, widest := 0, 0
	for i, c := range columns {
		rows = max(rows, len(c))
		for _, cell := range c {
			if i < len(columns)-1 {
				widest = max(widest, utf8.RuneCountInString(cell))
			}
		}
	}
	for r := range rows {
		line := "   "
		for i, c := range columns {
			cell := ""
			if r < len(c) {
				cell = c[r]
			}
			padding := ""
			if i < len(columns)-1 {
				padding = strings.Repeat(" ", widest-utf8.RuneCountInString(cell)+3)
			}
			if r == 0 {
				cell = s.painted(dim, cell)
			}
			line += cell + padding
		}
		s.line(line)
	}
}

// wrap breaks a text at spaces. A word that is longer than width stands alone.
func wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if length > 0 && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if length > 0 {
			line, length = line+" ", length+1
		}
		line, length = line+word, length+n
	}
	if length > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

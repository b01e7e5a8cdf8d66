package audit

import (
	"encoding/csv"
	"io"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/ledger"
)

// A Sheet writes the entries in scope for a spreadsheet (RFC 4180, UTF-8).
type Sheet struct{ w *csv.Writer }

// NewSheet begins a sheet with its heading.
func NewSheet(w io.Writer) (*Sheet, error) {
	s := &Sheet{csv.NewWriter(w)}
	return s, s.w.Write([]string{
		"entry", "time", "kind", "exchange", "party", "as", "purpose", "message", "verified", "by", "second", "for", "register", "items",
		"conditions", "step", "outcome", "code", "late", "broad",
	})
}

// Row writes an entry, when it is in scope. It fits [Options.Row].
func (s *Sheet) Row(r Row) error {
	if !r.Covered {
		return nil
	}
	cells := []string{
		number(r.Index), r.Time.Format(time.RFC3339Nano), r.Kind, none(r.Exchange), none(r.Party), none(r.As), none(r.Purpose), none(r.Message.String()),
		yes(r.Proved),
	}
	var p exchange.PrivatePart
	if r.Part != nil {
		p = *r.Part
	}
	var items, conditions []string
	for _, i := range p.Detail.Items {
		items = append(items, strings.TrimRight(strings.Join([]string{string(i.Item), string(i.Depth), string(i.Outcome), string(i.Ground)}, " "), " "))
	}
	for _, c := range p.Detail.Conditions {
		conditions = append(conditions, string(c))
	}
	var step, outcome string
	if t := p.Detail.Step; t != nil {
		step, outcome = string(t.Step), string(t.Outcome)
	}
	register := ""
	if p.Register > 0 {
		register = number(p.Register)
	}
	cells = append(cells, string(p.By), string(p.Detail.Second), string(p.Detail.For), register, strings.Join(items, "; "),
		strings.Join(conditions, "; "), step, outcome, p.Detail.Code, yes(p.Detail.Late), yes(p.Detail.Broad))
	for i := range cells {
		cells[i] = plain(cells[i])
	}
	return s.w.Write(cells)
}

// Flush writes what is still in memory.
func (s *Sheet) Flush() error {
	s.w.Flush()
	return s.w.Error()
}

// plain keeps a spreadsheet from taking text for a formula: some of it was
// written by the party that is inspected.
func plain(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func none(s string) string {
	if s == ledger.None {
		return ""
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

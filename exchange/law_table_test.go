package exchange

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// A lawTable is docs/law-table.md: what the law allows per purpose. Everything
// else is refused.
type lawTable struct {
	groups   map[string][]string
	purposes map[PurposeCode]*tablePurpose
}

type tablePurpose struct {
	askers, asked, triggers, client []string
	cells                           map[Regime]map[Category]string
}

func readLawTable(t *testing.T) lawTable {
	t.Helper()
	text, err := os.ReadFile("../docs/law-table.md")
	if err != nil {
		t.Fatal(err)
	}
	table := lawTable{map[string][]string{}, map[PurposeCode]*tablePurpose{}}
	var p *tablePurpose
	var columns []string
	for n, line := range strings.Split(string(text), "\n") {
		name, list, listed := strings.Cut(strings.TrimPrefix(line, "- "), ": ")
		switch {
		case strings.HasPrefix(line, "- group ") && listed:
			table.groups[strings.TrimPrefix(name, "group ")] = strings.Fields(list)
		case strings.HasPrefix(line, "## "):
			p = &tablePurpose{cells: map[Regime]map[Category]string{}}
			table.purposes[PurposeCode(line[3:])] = p
			columns = nil
		case strings.HasPrefix(line, "- ") && listed && p != nil:
			var words []string
			for _, w := range strings.Fields(list) {
				if group, ok := table.groups[w]; ok {
					words = append(words, group...)
				} else {
					words = append(words, w)
				}
			}
			switch name {
			case "asked by":
				p.askers = words
			case "asked of":
				p.asked = words
			case "case began with":
				p.triggers = words
			case "client":
				p.client = words
			default:
				t.Errorf("line %d: %q is no line of a purpose", n+1, name)
			}
		case strings.HasPrefix(line, "| ") && p != nil && !strings.HasPrefix(line, "|--"):
			var row []string
			for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
				row = append(row, strings.TrimSpace(cell))
			}
			if row[0] == "" {
				columns = row[1:]
				continue
			}
			cells := map[Category]string{}
			for i, c := range columns {
				cells[Category(c)] = row[i+1]
			}
			p.cells[Regime(row[0])] = cells
		}
	}
	return table
}

// Every cell of purpose, task, domain, regime and category is what
// docs/law-table.md says, none is left undefined, and what it does not name is
// refused with the rule that stops it.
func TestLawTable(t *testing.T) {
	law, table := testLaw(t), readLawTable(t)
	allowed, refused := 0, 0
	for p := range law.Purposes() {
		row, ok := table.purposes[p.Code]
		if !ok {
			t.Errorf("docs/law-table.md lacks the purpose %s", p.Code)
			continue
		}
		delete(table.purposes, p.Code)
		if !sameCodes(row.triggers, p.Triggers) || !sameCodes(row.client, p.Involvement) {
			t.Errorf("%s: began with %v, client %v; the catalogue has %v and %v", p.Code, row.triggers, row.client, p.Triggers, p.Involvement)
		}
		for regime, cells := range row.cells {
			if !known(Regimes[:], regime) || len(cells) != len(Categories) {
				t.Errorf("%s: the row %s is no regime, or lacks a category", p.Code, regime)
			}
		}
		for task := range law.Tasks() {
			for domain := range law.Domains() {
				for _, regime := range Regimes {
					for _, category := range Categories {
						asker := Capacity{Code: "a", Task: task.Code, Domain: "investigation", Special: Categories[1:]}
						asked := Capacity{Code: "b", Task: "service", Domain: domain.Code, Regime: regime, Special: Categories[1:]}
						got, err := law.May(p.Code, asker, asked, category)
						want, code := row.cell(task.Code, domain.Code, regime, category)
						var r *Refusal
						switch {
						case code == "" && (err != nil || string(got) != want):
							t.Errorf("%s: %s asks %s (%s) %s data: %q, %v; the table says %s", p.Code, task.Code, domain.Code, regime, category, got, err, want)
						case code != "" && (!errors.As(err, &r) || r.Code != code):
							t.Errorf("%s: %s asks %s (%s) %s data: %q, %v; the table says no (%s)", p.Code, task.Code, domain.Code, regime, category, got, err, code)
						}
						if code == "" {
							allowed++
						} else {
							refused++
						}
					}
				}
			}
		}
	}
	for code := range table.purposes {
		t.Errorf("docs/law-table.md has the purpose %s, which the catalogue lacks", code)
	}
	t.Logf("%d cells: %d allowed, %d refused", allowed+refused, allowed, refused)
	if allowed < 1000 || refused < 10000 {
		t.Errorf("%d cells allowed, %d refused: the table was not read", allowed, refused)
	}
}

// cell is the weighing that the table gives, or the refusal that follows from
// its silence or its no.
func (p *tablePurpose) cell(task TaskCode, domain DomainCode, regime Regime, c Category) (weighing string, refusal Code) {
	switch {
	case !slices.Contains(p.askers, string(task)):
		return "", PurposeNotAsker
	case !slices.Contains(p.asked, string(domain)):
		return "", PurposeNotAsked
	case p.cells[regime] == nil:
		return "", RegimeNotAsked
	case p.cells[regime][c] == "no":
		return "", CategoryForbidden
	}
	return p.cells[regime][c], ""
}

func sameCodes[T ~string](words []string, codes []T) bool {
	if len(words) != len(codes) {
		return false
	}
	for _, c := range codes {
		if !slices.Contains(words, string(c)) {
			return false
		}
	}
	return true
}

// Whatever the purpose allows, a capacity that may not process a category does
// not ask for it, and is not asked for it (art. 9 and 10 GDPR).
func TestCapacityLimitsTheTable(t *testing.T) {
	law := testLaw(t)
	tried := 0
	for p := range law.Purposes() {
		for _, category := range p.Categories {
			if category == Ordinary {
				continue
			}
			for regime := range p.Weighing {
				all := Capacity{Code: "a", Task: p.Askers[0], Domain: "investigation", Special: Categories[1:]}
				asked := Capacity{Code: "b", Task: "service", Domain: p.Asked[0], Regime: regime, Special: Categories[1:]}
				narrow := all
				narrow.Special = nil
				_, err := law.May(p.Code, narrow, asked, category)
				wantRefusal(t, string(p.Code)+": asked by who may not have it", err, CategoryAsker)
				asked.Special = nil
				_, err = law.May(p.Code, all, asked, category)
				wantRefusal(t, string(p.Code)+": asked of who may not have it", err, CategoryAsked)
				tried++
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d cells were tried", tried)
	}
}

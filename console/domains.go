package console

import (
	"slices"

	"sluis/exchange"
)

// A domainGroup is some domains that people look for together.
type domainGroup struct {
	Key     string // of its word
	Domains []option
}

// grouped says which domains stand together on a page. What is in none stands in
// the last group.
var grouped = []struct {
	key   string
	codes []exchange.DomainCode
}{
	{"town", []exchange.DomainCode{"social-support", "youth-care", "debts", "income", "civic-integration", "welfare", "mayor"}},
	{"care", []exchange.DomainCode{"public-health", "medical-care", "mental-health", "long-term-care"}},
	{"living", []exchange.DomainCode{"housing", "other-income", "education"}},
	{"justice", nil},
}

// domainGroups are the domains from which something can be asked: not the
// dossiers of the municipality itself (dossiers van het college).
func (v *visit) domainGroups() []domainGroup {
	all := make([]domainGroup, len(grouped))
	for i, g := range grouped {
		all[i].Key = g.key
	}
	for d := range v.c.node.Law().Domains() {
		if d.Kind == exchange.CollegeFile {
			continue
		}
		at := len(grouped) - 1
		for i, g := range grouped {
			if slices.Contains(g.codes, d.Code) {
				at = i
			}
		}
		all[at].Domains = append(all[at].Domains, option{string(d.Code), in(v.lang, d.Name)})
	}
	return all
}

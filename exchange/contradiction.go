package exchange

import (
	"iter"
	"slices"
)

// ExamineConditions looks at conditions when they are set, so that nobody learns
// of a mistake when somebody else wants to keep them. It refuses names that do
// not exist, items that are not supplied, and conditions that together leave
// nobody or no purpose: whoever wants that says [NoOnward]. What can be kept but
// does nothing, or keeps an item where it is, is told and allowed.
func (l *Law) ExamineConditions(supplied []SuppliedItem, all []Condition) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		for i, c := range all {
			err := l.checkNames(c, supplied)
			if err == nil {
				err = l.checkClash(all[:i], c, supplied)
			}
			if !yield(found(RuleCondition, conditionArticle, err, "condition", string(c.Code))) {
				return
			}
			if err != nil {
				continue
			}
			for _, f := range tell(all, i, supplied) {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// conditionArticle is where the memorandum speaks of conditions (lines 7362-7370).
const conditionArticle = "5.4.2(1)"

// checkNames holds what a condition names to the catalogues and to what is
// supplied. What does not exist is not repeated: somebody typed it.
func (l *Law) checkNames(c Condition, supplied []SuppliedItem) error {
	unknown := func(field string) *Refusal {
		return refuse(ConditionNames, "condition", string(c.Code), "field", field)
	}
	for _, code := range c.Items {
		if !l.items.has(code) {
			return unknown("items")
		}
		if !slices.ContainsFunc(supplied, func(s SuppliedItem) bool { return s.Item == code }) {
			return refuse(ConditionNotHere, "condition", string(c.Code), "item", string(code))
		}
	}
	switch {
	case slices.ContainsFunc(c.Tasks, l.tasks.lacks):
		return unknown("tasks")
	case slices.ContainsFunc(c.Domains, l.domains.lacks):
		return unknown("domains")
	case slices.ContainsFunc(c.Purposes, l.purposes.lacks):
		return unknown("purposes")
	case slices.ContainsFunc(c.Phases, func(p PhaseCode) bool { return !known(Phases[:], p) }):
		return unknown("phases")
	}
	return nil
}

// checkClash holds that a condition leaves somebody, and some purpose, beside
// those that were set before it, for every item.
func (l *Law) checkClash(before []Condition, c Condition, supplied []SuppliedItem) error {
	if c.Code.about() == aboutNothing {
		return nil
	}
	for _, s := range supplied {
		if !c.covers(s.Item) {
			continue
		}
		var beside []Condition
		for _, o := range before {
			if o.covers(s.Item) && o.Code.about() == c.Code.about() {
				beside = append(beside, o)
			}
		}
		if l.leaves(append(slices.Clone(beside), c)) {
			continue
		}
		// Of several, the one that alone clashes is the one to change; else the first.
		clashes := func(o Condition) bool { return !l.leaves([]Condition{o, c}) }
		other := c
		if len(beside) > 0 {
			other = beside[max(slices.IndexFunc(beside, clashes), 0)]
		}
		return refuse(ConditionsClash, "condition", string(c.Code), "other", string(other.Code), "item", string(s.Item))
	}
	return nil
}

// A subject is what a condition is about: conditions about different things
// never clash.
type subject int

const (
	aboutNothing subject = iota
	aboutWhom
	aboutWhat
)

func (c ConditionCode) about() subject {
	switch c {
	case OnlyTo, NotTo:
		return aboutWhom
	case OnlyFor, NotFor:
		return aboutWhat
	}
	return aboutNothing
}

// leaves reports whether conditions about one thing leave anybody, or any
// purpose of the catalogue, at all. Those that only exclude always do, since
// nobody expects more of them than of NoOnward.
func (l *Law) leaves(all []Condition) bool {
	var only, not []Condition
	for _, c := range all {
		if c.Code == OnlyTo || c.Code == OnlyFor {
			only = append(only, c)
		} else {
			not = append(not, c)
		}
	}
	if len(only) == 0 {
		return true
	}
	if only[0].Code == OnlyTo {
		return somebody(Recipient{}, only, not)
	}
	return slices.ContainsFunc(l.purposes.all, func(p Purpose) bool {
		use := Onward{Purpose: p.Code, Phase: p.Phase}
		return !slices.ContainsFunc(all, func(c Condition) bool { c.Items = nil; return c.judge(PartyID{}, use) != Permitted })
	})
}

// somebody reports whether a recipient can exist that each of only names and
// none of not. What is not chosen of r yet is open: nobody here knows who has
// which task, so a party may have any, and each name of the first condition
// that r does not meet is tried.
func somebody(r Recipient, only, not []Condition) bool {
	if slices.ContainsFunc(not, func(c Condition) bool { return c.names(r) }) {
		return false
	}
	for i, c := range only {
		if c.names(r) {
			continue
		}
		for _, p := range c.Parties {
			if r.Party == (PartyID{}) && somebody(Recipient{Party: p, Task: r.Task, Domain: r.Domain}, only[i+1:], not) {
				return true
			}
		}
		for _, t := range c.Tasks {
			if r.Task == "" && somebody(Recipient{Party: r.Party, Task: t, Domain: r.Domain}, only[i+1:], not) {
				return true
			}
		}
		for _, d := range c.Domains {
			if r.Domain == "" && somebody(Recipient{Party: r.Party, Task: r.Task, Domain: d}, only[i+1:], not) {
				return true
			}
		}
		return false
	}
	return true
}

// tell lists what there is to say of the condition at i that may stay. Of two
// that say the same, the later adds nothing.
func tell(all []Condition, i int, supplied []SuppliedItem) []Finding {
	c := all[i]
	limited := c.limits(supplied)
	if len(limited) == 0 {
		return []Finding{found(RuleNoEffect, conditionArticle, nil, "condition", string(c.Code))}
	}
	for j, o := range all {
		if j != i && o.replaces(c, supplied) && (j < i || !c.replaces(o, supplied)) {
			return []Finding{found(RuleIdle, conditionArticle, nil, "condition", string(c.Code), "other", string(o.Code))}
		}
	}
	if c.Code != NoDeeper {
		return nil
	}
	var findings []Finding
	for _, s := range limited {
		findings = append(findings, found(RuleStays, conditionArticle, nil, "condition", string(c.Code), "item", string(s.Item), "depth", string(s.Depth)))
	}
	return findings
}

// limits lists the items that would go on more freely without the condition.
func (c Condition) limits(supplied []SuppliedItem) []SuppliedItem {
	var limited []SuppliedItem
	for _, s := range supplied {
		if c.covers(s.Item) && (c.Code != NoDeeper || !s.Depth.Within(c.Depth)) {
			limited = append(limited, s)
		}
	}
	return limited
}

// replaces reports whether d adds nothing beside c.
func (c Condition) replaces(d Condition, supplied []SuppliedItem) bool {
	return c.implies(d) && !slices.ContainsFunc(d.limits(supplied), func(s SuppliedItem) bool { return !c.covers(s.Item) })
}

// covers reports whether a condition is about the item.
func (c Condition) covers(item ItemCode) bool { return len(c.Items) == 0 || known(c.Items, item) }

// implies reports whether whatever d stops, c stops as well, for the items that
// both are about.
func (c Condition) implies(d Condition) bool {
	if c.Code != d.Code {
		return c.Code == NoOnward && d.Code != DeleteBy || c.Code == AskEachTime && d.Code == AskFirst
	}
	switch c.Code {
	case OnlyTo:
		return within(c.Parties, d.Parties) && within(c.Tasks, d.Tasks) && within(c.Domains, d.Domains)
	case NotTo:
		return within(d.Parties, c.Parties) && within(d.Tasks, c.Tasks) && within(d.Domains, c.Domains)
	case OnlyFor:
		return within(c.Purposes, d.Purposes) && within(c.Phases, d.Phases)
	case NotFor:
		return within(d.Purposes, c.Purposes) && within(d.Phases, c.Phases)
	case NoDeeper:
		return c.Depth.Within(d.Depth)
	case DeleteBy:
		return !c.Until.After(d.Until)
	}
	return true
}

// within reports whether each of a is in b.
func within[T comparable](a, b []T) bool {
	return !slices.ContainsFunc(a, func(one T) bool { return !known(b, one) })
}

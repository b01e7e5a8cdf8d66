package exchange

import (
	"slices"
	"time"
)

// A Condition (nadere voorwaarde) limits the further use of what was supplied
// (examples in the explanatory memorandum to art. 5.4.2: ask first, not to
// these parties, only a part). It travels with the answer as data and is
// evaluated wherever the data wants to go on, see [Evaluate].
type Condition struct {
	Code     ConditionCode `json:"code"`
	Items    []ItemCode    `json:"items,omitempty"`    // to which it applies; none means all
	Parties  []PartyID     `json:"parties,omitempty"`  // for OnlyTo and NotTo
	Tasks    []TaskCode    `json:"tasks,omitempty"`    // for OnlyTo and NotTo: whoever has this task
	Domains  []DomainCode  `json:"domains,omitempty"`  // for OnlyTo and NotTo: whoever works in this domain
	Purposes []PurposeCode `json:"purposes,omitempty"` // for OnlyFor and NotFor
	Phases   []PhaseCode   `json:"phases,omitempty"`   // for OnlyFor and NotFor: every purpose of this phase
	Depth    Depth         `json:"depth,omitempty"`    // for NoDeeper
	Until    time.Time     `json:"until,omitzero"`     // for DeleteBy: midnight UTC at the start of that day
}

// A ConditionCode names a kind of condition.
type ConditionCode string

// The kinds of condition.
const (
	AskFirst    ConditionCode = "ask-first"     // eerst overleggen: toestemming per ontvanger
	AskEachTime ConditionCode = "ask-each-time" // toestemming per keer
	OnlyTo      ConditionCode = "only-to"       // alleen delen met deze partijen
	NotTo       ConditionCode = "not-to"        // niet delen met deze partijen
	OnlyFor     ConditionCode = "only-for"      // alleen voor deze doelen
	NotFor      ConditionCode = "not-for"       // niet voor deze doelen
	NoDeeper    ConditionCode = "no-deeper"     // alleen wat niet meer vertelt dan deze diepte
	AfterTold   ConditionCode = "after-told"    // niet voordat de cliënt het weet
	OralOnly    ConditionCode = "oral-only"     // alleen mondeling, in een casusoverleg
	NoOnward    ConditionCode = "no-onward"     // niet verder delen
	DeleteBy    ConditionCode = "delete-by"     // wissen op deze dag
)

// ConditionCodes lists every kind of condition.
var ConditionCodes = [...]ConditionCode{
	AskFirst, AskEachTime, OnlyTo, NotTo, OnlyFor, NotFor, NoDeeper, AfterTold, OralOnly, NoOnward, DeleteBy,
}

// Bounds of what a condition names, and of conditions.
const (
	maxConditions = 20
	maxNamed      = 20 // parties, tasks and domains together; purposes and phases together
)

// checkConditions holds the form of conditions, which does not depend on the
// law: what each kind names, and nothing else. See [Law.ExamineConditions] for
// whether they can be kept together.
func checkConditions(all []Condition) error {
	if len(all) > maxConditions {
		return refuse(BadCondition)
	}
	for _, c := range all {
		if !known(ConditionCodes[:], c.Code) {
			return refuse(UnknownCondition)
		}
		if !c.complete() {
			return refuse(BadCondition, "condition", string(c.Code))
		}
	}
	return nil
}

// complete reports whether a condition names what its kind needs, nothing else,
// and nothing twice. Its day is midnight UTC.
func (c Condition) complete() bool {
	whom, what := len(c.Parties)+len(c.Tasks)+len(c.Domains), len(c.Purposes)+len(c.Phases)
	if whom > maxNamed || what > maxNamed || len(c.Items) > maxItems {
		return false
	}
	if twice(c.Items) || twice(c.Parties) || twice(c.Tasks) || twice(c.Domains) || twice(c.Purposes) || twice(c.Phases) {
		return false
	}
	return (whom > 0) == (c.Code == OnlyTo || c.Code == NotTo) &&
		(what > 0) == (c.Code == OnlyFor || c.Code == NotFor) &&
		(c.Depth != "") == (c.Code == NoDeeper) && (c.Depth == "" || c.Depth.rank() > 0) &&
		c.Until.IsZero() == (c.Code != DeleteBy) && c.Until.Equal(c.Until.Truncate(24*time.Hour))
}

func twice[T comparable](all []T) bool {
	for i, one := range all {
		if known(all[:i], one) {
			return true
		}
	}
	return false
}

// checkDays holds that a day by which to delete is still to come: what must be
// gone before it arrives is not supplied.
func checkDays(all []Condition, at time.Time) error {
	for _, c := range all {
		if c.Code == DeleteBy && !c.Until.After(at) {
			return refuse(BadCondition, "condition", string(c.Code))
		}
	}
	return nil
}

// inOrder puts conditions in the order of [ConditionCodes], in which they travel
// (wire.EncodePolicy): so both sides hold and show the same. Their order means
// nothing else.
func inOrder(all []Condition) []Condition {
	rank := func(c Condition) int { return slices.Index(ConditionCodes[:], c.Code) }
	return slices.SortedStableFunc(slices.Values(all), func(a, b Condition) int { return rank(a) - rank(b) })
}

func conditionCodes(all []Condition) []ConditionCode {
	var codes []ConditionCode
	for _, c := range all {
		codes = append(codes, c.Code)
	}
	return codes
}

package exchange

import "time"

// A Condition (nadere voorwaarde) limits the further use of what was supplied
// (examples in the explanatory memorandum to art. 5.4.2: ask first, not to
// these parties, only a part). It travels with the answer as data.
type Condition struct {
	Code    ConditionCode `json:"code"`
	Parties []PartyID     `json:"parties,omitempty"` // for OnlyTo and NotTo
	Items   []ItemCode    `json:"items,omitempty"`   // to which it applies; none means all
	Until   time.Time     `json:"until,omitzero"`    // for DeleteBy: midnight UTC at the start of that day
}

// A ConditionCode names a kind of condition.
type ConditionCode string

// The kinds of condition.
const (
	AskFirst ConditionCode = "ask-first" // eerst overleggen met de verstrekker
	OnlyTo   ConditionCode = "only-to"   // alleen delen met deze partijen
	NotTo    ConditionCode = "not-to"    // niet delen met deze partijen
	NoOnward ConditionCode = "no-onward" // niet verder delen
	DeleteBy ConditionCode = "delete-by" // wissen op deze dag
)

// ConditionCodes lists every kind of condition.
var ConditionCodes = [...]ConditionCode{AskFirst, OnlyTo, NotTo, NoOnward, DeleteBy}

const maxConditions = 20

func checkConditions(all []Condition) error {
	if len(all) > maxConditions {
		return refuse(BadCondition)
	}
	for _, c := range all {
		if len(c.Parties) > maxShareWith || len(c.Items) > maxItems {
			return refuse(BadCondition, "condition", string(c.Code))
		}
		if !known(ConditionCodes[:], c.Code) {
			return refuse(UnknownCondition)
		}
		needsParties := c.Code == OnlyTo || c.Code == NotTo
		if needsParties != (len(c.Parties) > 0) || (c.Code == DeleteBy) == c.Until.IsZero() {
			return refuse(BadCondition, "condition", string(c.Code))
		}
	}
	return nil
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

func conditionCodes(all []Condition) []ConditionCode {
	var codes []ConditionCode
	for _, c := range all {
		codes = append(codes, c.Code)
	}
	return codes
}

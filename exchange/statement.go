package exchange

import (
	"fmt"
	"slices"
)

// A StatementCode names something that the law wants stated.
type StatementCode string

// A StatementRule is a statement (motivering) that the law wants: a question
// to the one who asks or opens a case. With choices, one of them is the answer.
type StatementRule struct {
	Code    StatementCode `json:"code"`
	Article string        `json:"article"`
	Ask     Sentence      `json:"ask"`
	Choices []Choice      `json:"choices,omitempty"`
}

// A Choice is one answer to a question.
type Choice struct {
	Code ChoiceCode `json:"code"`
	Name Sentence   `json:"name"`
}

// A ChoiceCode names a choice.
type ChoiceCode string

func (s StatementRule) check() error {
	if s.Article == "" || !s.Ask.complete() {
		return fmt.Errorf("lacks an article or question")
	}
	return checkChoices(s.Choices)
}

func checkChoices(all []Choice) error {
	for i, c := range all {
		if !isCode(string(c.Code)) || !c.Name.complete() {
			return fmt.Errorf("a choice lacks a code or name")
		}
		if slices.ContainsFunc(all[:i], func(d Choice) bool { return d.Code == c.Code }) {
			return fmt.Errorf("choice %s stands twice", c.Code)
		}
	}
	return nil
}

// A Statement is what somebody stated: a text, or the code of a choice.
type Statement struct {
	Code StatementCode
	Text Personal
}

// maxStatements bounds how many a request, item or trigger carries.
const maxStatements = 20

// stated returns what is stated under a code.
func stated(all []Statement, code StatementCode) (Personal, bool) {
	for _, s := range all {
		if s.Code == code {
			return s.Text, true
		}
	}
	return Personal{}, false
}

// checkStated holds one statement: it is there, and a choice is one of those
// that exist. params say where it belongs.
func (l *Law) checkStated(all []Statement, code StatementCode, params ...string) error {
	rule, _ := l.statements.get(code)
	params = append(slices.Clone(params), "statement", string(code), "article", rule.Article)
	text, ok := stated(all, code)
	if !ok || text.Blank() {
		return refuse(StatementMissing, params...)
	}
	return l.checkText(rule, text, params)
}

// checkNeed holds what a purpose needs, and each alternative that was given.
func (l *Law) checkNeed(all []Statement, n Need, params ...string) error {
	_, given := stated(all, n.Or)
	if _, other := stated(all, n.Statement); n.Or != "" && !given && !other {
		rule, _ := l.statements.get(n.Statement)
		return refuse(StatementMissing, append(slices.Clone(params), "statement", string(n.Statement)+","+string(n.Or), "article", rule.Article)...)
	}
	if n.Or == "" || !given {
		return l.checkStated(all, n.Statement, params...)
	}
	if err := l.checkStated(all, n.Or, params...); err != nil {
		return err
	}
	if _, both := stated(all, n.Statement); both {
		return l.checkStated(all, n.Statement, params...)
	}
	return nil
}

func (l *Law) checkText(rule StatementRule, text Personal, params []string) error {
	if len(text.Reveal()) > maxReason {
		return refuse(BadStatement, params...)
	}
	if len(rule.Choices) > 0 && !slices.ContainsFunc(rule.Choices, func(c Choice) bool { return string(c.Code) == text.Reveal() }) {
		return refuse(BadStatement, params...)
	}
	return nil
}

// checkSurplus holds that nothing is stated that was not asked for: what the
// law does not need is not sent (art. 5(1)(c) GDPR).
func (l *Law) checkSurplus(all []Statement, wanted func(StatementCode) bool, params ...string) error {
	if len(all) > maxStatements {
		return refuse(BadStatement, params...)
	}
	for i, s := range all {
		if !wanted(s.Code) || slices.ContainsFunc(all[:i], func(t Statement) bool { return t.Code == s.Code }) {
			if l.statements.has(s.Code) { // a code that no catalogue knows is what somebody typed
				params = append(slices.Clone(params), "surplus", string(s.Code))
			}
			return refuse(BadStatement, params...)
		}
	}
	return nil
}

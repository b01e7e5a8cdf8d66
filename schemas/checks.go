package schemas

import (
	"encoding/json"
	"strings"
	"sync"
)

// A CheckLevel is how bad it is what a check found: ok, warn (look at it this
// week) or fail (the node does not do its work, or soon will not).
type CheckLevel string

// The levels.
const (
	CheckOK   CheckLevel = "ok"
	CheckWarn CheckLevel = "warn"
	CheckFail CheckLevel = "fail"
)

// A CheckText is what people are told about what a check of a node found. A name
// in braces, such as {free}, stands for a value that comes with it.
type CheckText struct {
	Code  string     `json:"code"`
	Level CheckLevel `json:"level"`
	NL    Advice     `json:"nl"`
	EN    Advice     `json:"en"` // no advice where nothing is wrong
}

// Fill puts values in the place of their names.
func (a Advice) Fill(values map[string]string) Advice {
	pairs := make([]string, 0, 2*len(values))
	for name, value := range values {
		pairs = append(pairs, "{"+name+"}", value)
	}
	r := strings.NewReplacer(pairs...)
	return Advice{Title: r.Replace(a.Title), Advice: r.Replace(a.Advice)}
}

// Check explains what a check found. It reports false for a code that does not exist.
func Check(code string) (CheckText, bool) {
	for _, c := range checkTexts() {
		if c.Code == code {
			return c, true
		}
	}
	return CheckText{}, false
}

// Checks explains everything that a check can find, in the order of docs/doctor.md.
func Checks() []CheckText { return append([]CheckText(nil), checkTexts()...) }

// checkTexts reads the embedded file once. A test holds it to its form.
var checkTexts = sync.OnceValue(func() []CheckText {
	var file struct {
		Checks []CheckText `json:"checks"`
	}
	if text, err := files.ReadFile("checks.json"); err != nil || json.Unmarshal(text, &file) != nil {
		return nil
	}
	return file.Checks
})

package schemas

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// An Explanation is what people are told about an error code. It holds no
// values: what was wrong in particular stands in the params of the error.
type Explanation struct {
	Code    string `json:"code"`
	Status  int    `json:"status"`            // HTTP status code (RFC 9110)
	Exit    int    `json:"exit"`              // exit code of the command line, see docs/errors.md
	Article string `json:"article,omitempty"` // of the Wmo 2015, where the law says no
	NL      Advice `json:"nl"`
	EN      Advice `json:"en"`
}

// Advice says in one sentence what is wrong and in a few what to do.
type Advice struct {
	Title  string `json:"title"`
	Advice string `json:"advice"`
}

// Text explains an error code. It reports false for a code that has no text;
// the text of "internal" serves for that.
func Text(code string) (Explanation, bool) {
	all := explanations()
	i, ok := slices.BinarySearchFunc(all, code, func(e Explanation, code string) int { return strings.Compare(e.Code, code) })
	if !ok {
		return Explanation{}, false
	}
	return all[i], true
}

// Texts explains every error code, in the order of the codes.
func Texts() []Explanation { return slices.Clone(explanations()) }

// explanations reads the embedded file once. A test holds it to its form, so a
// damaged one shows as codes without text.
var explanations = sync.OnceValue(func() []Explanation {
	var file struct {
		Texts []Explanation `json:"texts"`
	}
	if text, err := files.ReadFile("texts.json"); err == nil && json.Unmarshal(text, &file) == nil {
		slices.SortFunc(file.Texts, func(a, b Explanation) int { return strings.Compare(a.Code, b.Code) })
	}
	return file.Texts
})

package schemas

import (
	"encoding/json"
	"sync"
)

// A Sentence is a text in both languages.
type Sentence struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// Rule is the sentence that explains a rule of the law where it allows, or a
// refusal where it stops, by the code of exchange. {name} stands for a param,
// which the doors fill with the names of the catalogues. It reports false for
// a code that has no sentence; its [Text] serves for that.
func Rule(code string) (Sentence, bool) {
	s, ok := rules()[code]
	return s, ok
}

// rules reads the embedded file once. A test holds it to its form.
var rules = sync.OnceValue(func() map[string]Sentence {
	var file struct {
		Rules map[string]Sentence `json:"rules"`
	}
	if text, err := files.ReadFile("rules.json"); err != nil || json.Unmarshal(text, &file) != nil {
		return nil
	}
	return file.Rules
})

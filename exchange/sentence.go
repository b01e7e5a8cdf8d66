package exchange

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Sentence is a short text in the languages of the screens.
type Sentence struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

func (s Sentence) complete() bool { return s.NL != "" && s.EN != "" }

// fill puts names where a sentence has placeholders.
func (s Sentence) fill(names map[string]Sentence) Sentence {
	var dutch, english []string
	for holder, name := range names {
		dutch, english = append(dutch, holder, name.NL), append(english, holder, name.EN)
	}
	return Sentence{NL: strings.NewReplacer(dutch...).Replace(s.NL), EN: strings.NewReplacer(english...).Replace(s.EN)}
}

// DutchDay is a day as people write it: 2 december 2026.
func DutchDay(day time.Time) string {
	months := [...]string{
		"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december",
	}
	return strconv.Itoa(day.Day()) + " " + months[day.Month()-1] + " " + strconv.Itoa(day.Year())
}

// conditionWords are the words around the names in the sentence of a condition.
type conditionWords struct {
	Everything Sentence               `json:"everything"`
	And        Sentence               `json:"and"`
	Or         Sentence               `json:"or"`
	Task       Sentence               `json:"task"`
	Domain     Sentence               `json:"domain"`
	Purpose    Sentence               `json:"purpose"`
	Phase      Sentence               `json:"phase"`
	Phases     map[PhaseCode]Sentence `json:"phases"`
	Depths     map[Depth]Sentence     `json:"depths"`
}

func (w conditionWords) check() error {
	for _, s := range []Sentence{w.Everything, w.And, w.Or} {
		if !s.complete() {
			return fmt.Errorf("a word is missing")
		}
	}
	for _, s := range []Sentence{w.Task, w.Domain, w.Purpose, w.Phase} {
		if strings.Count(s.NL, "{name}") != 1 || strings.Count(s.EN, "{name}") != 1 {
			return fmt.Errorf("the words for a task, domain, purpose or phase do not hold its name once")
		}
	}
	for _, p := range Phases {
		if s := w.Phases[p]; !s.complete() {
			return fmt.Errorf("the phase %s has no name", p)
		}
	}
	for _, d := range Depths {
		if s := w.Depths[d]; !s.complete() {
			return fmt.Errorf("the depth %s has no name", d)
		}
	}
	if len(w.Phases) != len(Phases) || len(w.Depths) != len(Depths) {
		return fmt.Errorf("a phase or depth that does not exist has a name")
	}
	return nil
}

// SentenceOf says in one sentence what a node does to keep a condition of by:
// items, tasks, domains and purposes by their names in the catalogues, parties
// by the name that name gives them. What has no name is called by its code.
func (l *Law) SentenceOf(c Condition, by PartyID, name func(PartyID) string) Sentence {
	rule, ok := l.conditions.get(c.Code)
	if !ok {
		return Sentence{NL: string(c.Code), EN: string(c.Code)}
	}
	same := func(s string) Sentence { return Sentence{NL: s, EN: s} }
	until := Sentence{NL: DutchDay(c.Until.UTC()), EN: c.Until.UTC().Format("2 January 2006")}
	return rule.Says.fill(map[string]Sentence{
		"{by}": same(name(by)), "{items}": l.sayItems(c), "{recipients}": l.sayRecipients(c, name), "{purposes}": l.sayPurposes(c),
		"{depth}": l.words.Depths[c.Depth], "{until}": until,
	})
}

func (l *Law) sayItems(c Condition) Sentence {
	if len(c.Items) == 0 {
		return l.words.Everything
	}
	var names []Sentence
	for _, code := range c.Items {
		item, _ := l.items.get(code)
		names = append(names, quoted(item.Name, string(code)))
	}
	return enumerate(names, l.words.And)
}

func (l *Law) sayRecipients(c Condition, name func(PartyID) string) Sentence {
	var names []Sentence
	for _, p := range c.Parties {
		names = append(names, Sentence{NL: name(p), EN: name(p)})
	}
	for _, code := range c.Tasks {
		task, _ := l.tasks.get(code)
		names = append(names, around(l.words.Task, task.Name, string(code)))
	}
	for _, code := range c.Domains {
		domain, _ := l.domains.get(code)
		names = append(names, around(l.words.Domain, domain.Name, string(code)))
	}
	return enumerate(names, l.words.Or)
}

func (l *Law) sayPurposes(c Condition) Sentence {
	var names []Sentence
	for _, code := range c.Purposes {
		purpose, _ := l.purposes.get(code)
		names = append(names, around(l.words.Purpose, purpose.Name, string(code)))
	}
	for _, code := range c.Phases {
		names = append(names, around(l.words.Phase, l.words.Phases[code], string(code)))
	}
	return enumerate(names, l.words.Or)
}

func quoted(name Sentence, code string) Sentence {
	return around(Sentence{NL: "'{name}'", EN: "'{name}'"}, name, code)
}

// around puts a name, or the code of what has none, into words.
func around(words, name Sentence, code string) Sentence {
	if !name.complete() {
		name = Sentence{NL: code, EN: code}
	}
	return words.fill(map[string]Sentence{"{name}": name})
}

// enumerate joins names as people do: a, b and c.
func enumerate(names []Sentence, last Sentence) Sentence {
	var s Sentence
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			s.NL, s.EN = s.NL+" "+last.NL+" ", s.EN+" "+last.EN+" "
		default:
			s.NL, s.EN = s.NL+", ", s.EN+", "
		}
		s.NL, s.EN = s.NL+n.NL, s.EN+n.EN
	}
	return s
}

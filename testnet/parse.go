package testnet

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a scenario file. A story that is longer is not read by anybody.
const (
	maxScenario     = 64 << 10
	maxScenarioLine = 400 // bytes
	minText         = 8   // bytes; shorter texts cannot be searched for
)

// A form is one way to write a line. A placeholder stands in angle brackets;
// docs/scenarios.md lists the same forms.
type form struct {
	pattern string
	read    func(p *parser, a args) error
}

// args are the words that stood at the placeholders, in order.
type args []string

// lineForms lists what a line that starts at the margin can be.
func lineForms() []form { return append(requestForms(), onwardForms()...) }

func requestForms() []form {
	return []form{
		{"party <party>", func(p *parser, a args) error { return p.cast(Cast{Party: a[0]}) }},
		{"party <party> regime <word>", func(p *parser, a args) error { return p.cast(Cast{Party: a[0], Regime: a[1]}) }},
		{"party <party> regime <word> bsn <yes-or-no>", func(p *parser, a args) error {
			return p.cast(Cast{Party: a[0], Regime: a[1], BSN: a[2]})
		}},
		{"person <person>", func(p *parser, a args) error { return p.person(a[0]) }},

		{"<party> opens a case about <person> on <code>", func(p *parser, a args) error {
			return p.step(OpenCase{Party: a[0], Person: a[1], Trigger: a[2]}, a[0])
		}},
		{"<party> asks <party> about <person> for <code>", func(p *parser, a args) error {
			return p.step(Ask{From: a[0], To: a[1], Person: a[2], Purpose: a[3]}, a[0], a[1])
		}},
		{"<party> weighs", func(p *parser, a args) error { return p.step(Weigh{Party: a[0]}, a[0]) }},
		{"<party> asks back <text>", func(p *parser, a args) error { return p.step(AskBack{a[0], a[1]}, a[0]) }},
		{"<party> replies <text>", func(p *parser, a args) error { return p.step(Reply{a[0], a[1]}, a[0]) }},
		{"<party> decides", func(p *parser, a args) error { return p.step(Decide{Party: a[0]}, a[0]) }},
		{"<party> withdraws", func(p *parser, a args) error { return p.step(Withdraw{a[0]}, a[0]) }},
		{"stop <party>", func(p *parser, a args) error { return p.step(StopNode{a[0]}, a[0]) }},
		{"start <party>", func(p *parser, a args) error { return p.step(StartNode{a[0]}, a[0]) }},

		{"then <party> sees <word>", func(p *parser, a args) error { return p.step(Sees{a[0], a[1]}, a[0]) }},
		{"then <party> is asked by bsn", func(p *parser, a args) error { return p.step(Named{a[0], true}, a[0]) }},
		{"then <party> is asked by name", func(p *parser, a args) error { return p.step(Named{a[0], false}, a[0]) }},
		{"then <party> has <number> from <party>", func(p *parser, a args) error {
			n, err := strconv.Atoi(a[1])
			if err != nil {
				return err
			}
			return p.step(Has{Party: a[0], Count: n, From: a[2]}, a[0], a[2])
		}},
		{"then <party> reads <code> <depth> <text>", func(p *parser, a args) error {
			return p.step(Reads{a[0], a[1], a[2], a[3]}, a[0])
		}},
		{"then <party> does not get <code>", func(p *parser, a args) error { return p.step(Lacks{a[0], a[1]}, a[0]) }},
		{"then <party> is bound by <code>", func(p *parser, a args) error { return p.step(Bound{a[0], a[1]}, a[0]) }},
		{"then it is refused with <code>", func(p *parser, a args) error { return p.step(RefusedWith{a[0]}) }},
		{"then <party> has heard nothing", func(p *parser, a args) error { return p.step(HeardNothing{a[0]}, a[0]) }},
		{"then the ledger of <party> holds <code>", func(p *parser, a args) error {
			return p.step(Holds{Party: a[0], Kind: a[1]}, a[0])
		}},
		{"then the ledger of <party> holds no <code>", func(p *parser, a args) error {
			return p.step(Holds{Party: a[0], Kind: a[1], None: true}, a[0])
		}},
		{"then both ledgers agree", func(p *parser, a args) error { return p.step(Agree{}) }},
	}
}

// personForms lists what can be indented under person.
func personForms() []form {
	set := func(field func(*Person) *string) func(*parser, args) error {
		return func(p *parser, a args) error {
			f := field(&p.s.People[len(p.s.People)-1])
			if *f != "" {
				return fmt.Errorf("this stands twice")
			}
			*f = a[0]
			return nil
		}
	}
	return []form{
		{"name <text>", set(func(p *Person) *string { return &p.Name })},
		{"bsn <bsn>", set(func(p *Person) *string { return &p.BSN })},
		{"born <date>", set(func(p *Person) *string { return &p.Born })},
		{"address <text>", set(func(p *Person) *string { return &p.Address })},
	}
}

// caseForms lists what can be indented under opens a case.
func caseForms() []form {
	return []form{
		{"from <party>", func(p *parser, a args) error {
			if err := p.known(a[0]); err != nil {
				return err
			}
			return changeCase(func(s *OpenCase, a args) { s.From = a[0] })(p, a)
		}},
		{"state <code> <text>", changeCase(func(s *OpenCase, a args) { s.States = append(s.States, State{Code: a[0], Text: a[1]}) })},
		{"state <code> <code>", changeCase(func(s *OpenCase, a args) {
			s.States = append(s.States, State{Code: a[0], Text: a[1], Choice: true})
		})},
		{"scope <code>", changeCase(func(s *OpenCase, a args) { s.Scope = append(s.Scope, a[0]) })},
		{"family <person>", family(false)},
		{"family <person> agrees", family(true)},
	}
}

func family(agreed bool) func(*parser, args) error {
	return func(p *parser, a args) error {
		if err := p.described(a[0]); err != nil {
			return err
		}
		return changeCase(func(s *OpenCase, a args) { s.Family = append(s.Family, CaseFamily{a[0], agreed}) })(p, a)
	}
}

// weighForms lists what can be indented under weighs.
func weighForms() []form {
	step := func(s *Weigh, t WeighStep) { s.Steps = append(s.Steps, t) }
	return []form{
		{"step <code> <code>", changeWeigh(func(s *Weigh, a args) { step(s, WeighStep{Step: a[0], Outcome: a[1]}) })},
		{"step <code> <code> <text>", changeWeigh(func(s *Weigh, a args) { step(s, WeighStep{Step: a[0], Outcome: a[1], Text: a[2]}) })},
		{"step <code> <code> with <code>", changeWeigh(func(s *Weigh, a args) { step(s, WeighStep{Step: a[0], Outcome: a[1], With: a[2]}) })},
		{"step <code> <code> with <code> <text>", changeWeigh(func(s *Weigh, a args) {
			step(s, WeighStep{Step: a[0], Outcome: a[1], With: a[2], Text: a[3]})
		})},
	}
}

// askForms lists what can be indented under asks.
func askForms() []form {
	return []form{
		{"because <text>", changeAsk(func(s *Ask, a args) { s.Because = a[0] })},
		{"client <word>", changeAsk(func(s *Ask, a args) { s.Client = a[0] })},
		{"client <word> <text>", changeAsk(func(s *Ask, a args) { s.Client, s.ClientWhy = a[0], a[1] })},
		{"item <code> <depth> <text>", changeAsk(func(s *Ask, a args) { s.Items = append(s.Items, AskItem{Item: a[0], Depth: a[1], Why: a[2]}) })},
		{"stating <code> <text>", changeItem(func(i *AskItem, a args) { i.States = append(i.States, State{Code: a[0], Text: a[1]}) })},
		{"stating <code> <code>", changeItem(func(i *AskItem, a args) {
			i.States = append(i.States, State{Code: a[0], Text: a[1], Choice: true})
		})},
		{"state <code> <text>", changeAsk(func(s *Ask, a args) { s.States = append(s.States, State{Code: a[0], Text: a[1]}) })},
		{"state <code> <code>", changeAsk(func(s *Ask, a args) { s.States = append(s.States, State{Code: a[0], Text: a[1], Choice: true}) })},
		{"consent <word>", changeAsk(func(s *Ask, a args) { s.Consent = a[0] })},
		{"many since <text>", changeAsk(func(s *Ask, a args) { s.Broad = a[0] })},
		{"share with <code>", changeAsk(func(s *Ask, a args) { s.ShareWith = append(s.ShareWith, a[0]) })},
	}
}

// decideForms lists what can be indented under decides.
func decideForms() []form { return append(outcomeForms(), conditionForms()...) }

func outcomeForms() []form {
	item := func(s *Decide, i DecideItem) { s.Items = append(s.Items, i) }
	return []form{
		{"supply <code> <depth> <text>", changeDecide(func(s *Decide, a args) {
			item(s, DecideItem{Item: a[0], Supply: true, Depth: a[1], Value: a[2]})
		})},
		{"withhold <code> on <code>", changeDecide(func(s *Decide, a args) { item(s, DecideItem{Item: a[0], Ground: a[1]}) })},
		{"because <text>", changeWithheld(func(i *DecideItem, a args) { i.Reason = a[0] })},
		{"saying <text>", changeWithheld(func(i *DecideItem, a args) { i.Tell = a[0] })},
		{"note <text>", changeDecide(func(s *Decide, a args) { s.Note = a[0] })},
	}
}

func conditionForms() []form {
	set := func(how func(*Condition, args)) func(*parser, args) error {
		return changeDecide(func(s *Decide, a args) {
			c := Condition{Code: a[0]}
			how(&c, a)
			s.Conditions = append(s.Conditions, c)
		})
	}
	party := set(func(c *Condition, a args) { c.Parties = []string{a[1]} })
	return []form{
		{"no conditions", changeDecide(func(s *Decide, _ args) { s.Free = true })},
		{"condition <code>", set(func(*Condition, args) {})},
		{"condition <code> <party>", func(p *parser, a args) error {
			if err := p.known(a[1]); err != nil {
				return err
			}
			return party(p, a)
		}},
		{"condition <code> task <code>", set(func(c *Condition, a args) { c.Tasks = []string{a[1]} })},
		{"condition <code> domain <code>", set(func(c *Condition, a args) { c.Domains = []string{a[1]} })},
		{"condition <code> purpose <code>", set(func(c *Condition, a args) { c.Purposes = []string{a[1]} })},
		{"condition <code> phase <code>", set(func(c *Condition, a args) { c.Phases = []string{a[1]} })},
		{"condition <code> depth <depth>", set(func(c *Condition, a args) { c.Depth = a[1] })},
		{"condition <code> until <date>", func(p *parser, a args) error {
			until, err := time.Parse(time.DateOnly, a[1])
			if err != nil {
				return err
			}
			return set(func(c *Condition, _ args) { c.Until = until })(p, a)
		}},
		{"for <code>", changeCondition(func(c *Condition, a args) { c.Items = append(c.Items, a[0]) })},
	}
}

// change changes the act of the last step, which is an A.
func change[A Act](how func(*A, args)) func(*parser, args) error {
	return func(p *parser, a args) error {
		last := &p.s.Steps[len(p.s.Steps)-1]
		s := last.Act.(A)
		how(&s, a)
		last.Act = s
		return nil
	}
}

func changeCase(how func(*OpenCase, args)) func(*parser, args) error { return change(how) }
func changeAsk(how func(*Ask, args)) func(*parser, args) error       { return change(how) }
func changeWeigh(how func(*Weigh, args)) func(*parser, args) error   { return change(how) }
func changeDecide(how func(*Decide, args)) func(*parser, args) error { return change(how) }

// changeItem changes the item that was asked in the line above.
func changeItem(how func(*AskItem, args)) func(*parser, args) error {
	return func(p *parser, a args) error {
		s := p.s.Steps[len(p.s.Steps)-1].Act.(Ask)
		if len(s.Items) == 0 {
			return fmt.Errorf("this belongs under item")
		}
		how(&s.Items[len(s.Items)-1], a)
		return nil
	}
}

// changeWithheld changes the item that was withheld in the line above.
func changeWithheld(change func(*DecideItem, args)) func(*parser, args) error {
	return func(p *parser, a args) error {
		d := p.s.Steps[len(p.s.Steps)-1].Act.(Decide)
		if len(d.Items) == 0 || d.Items[len(d.Items)-1].Supply {
			return fmt.Errorf("this belongs under withhold")
		}
		change(&d.Items[len(d.Items)-1], a)
		return nil
	}
}

// changeCondition changes the condition in the line above.
func changeCondition(how func(*Condition, args)) func(*parser, args) error {
	return func(p *parser, a args) error {
		d := p.s.Steps[len(p.s.Steps)-1].Act.(Decide)
		if len(d.Conditions) == 0 {
			return fmt.Errorf("this belongs under condition")
		}
		how(&d.Conditions[len(d.Conditions)-1], a)
		return nil
	}
}

type parser struct {
	s      Scenario
	line   int
	text   string
	under  []form // what may be indented under the last line
	owner  string // the last line, for errors
	header bool   // the comment at the top has ended
}

// Parse reads a scenario. An error names the file and the line, and says which
// forms there are.
func Parse(name string, text []byte) (Scenario, error) {
	p := &parser{s: Scenario{Name: name}}
	if len(text) > maxScenario {
		return Scenario{}, fmt.Errorf("%s: a scenario is at most %d bytes", name, maxScenario)
	}
	if !utf8.Valid(text) {
		return Scenario{}, fmt.Errorf("%s: this is not UTF-8", name)
	}
	for i, line := range strings.Split(string(text), "\n") {
		p.line = i + 1
		if err := p.read(line); err != nil {
			return Scenario{}, fmt.Errorf("%s, line %d: %v", name, p.line, err)
		}
	}
	if err := p.s.complete(); err != nil {
		return Scenario{}, fmt.Errorf("%s: %v", name, err)
	}
	return p.s, nil
}

func (p *parser) read(line string) error {
	if len(line) > maxScenarioLine {
		return fmt.Errorf("a line is at most %d bytes", maxScenarioLine)
	}
	if comment, ok := strings.CutPrefix(line, "#"); ok {
		p.comment(strings.TrimSpace(comment))
		return nil
	}
	p.text = strings.TrimSpace(line)
	if p.text == "" {
		return nil
	}
	p.header = true
	words, err := split(line)
	if err != nil {
		return err
	}
	if line[0] != ' ' && line[0] != '\t' {
		p.under, p.owner = nil, p.text
		return p.match(lineForms(), words)
	}
	if len(p.under) == 0 {
		return fmt.Errorf("nothing can be indented here")
	}
	return p.match(p.under, words)
}

// comment takes the comment at the top as title and story: the first line is
// the title, an empty comment line starts a new paragraph.
func (p *parser) comment(text string) {
	switch {
	case p.header:
	case p.s.Title == "":
		p.s.Title = text
	case text == "":
		p.s.Story = append(p.s.Story, "")
	case len(p.s.Story) == 0:
		p.s.Story = []string{text}
	default:
		last := &p.s.Story[len(p.s.Story)-1]
		*last = strings.TrimSpace(*last + " " + text)
	}
}

func (p *parser) match(forms []form, words []string) error {
	var reason error
	for _, f := range forms {
		a, fits, err := f.fit(words)
		if fits {
			return f.read(p, a)
		}
		if err != nil && reason == nil {
			reason = err
		}
	}
	if reason != nil {
		return reason
	}
	var patterns []string
	for _, f := range forms {
		patterns = append(patterns, f.pattern)
	}
	return fmt.Errorf("this line has none of these forms:\n    %s", strings.Join(patterns, "\n    "))
}

// fit compares words with the pattern. When the fixed words agree and a
// placeholder does not, err says why.
func (f form) fit(words []string) (a args, fits bool, err error) {
	pattern := strings.Fields(f.pattern)
	if len(pattern) != len(words) {
		return nil, false, nil
	}
	for i, want := range pattern {
		if !strings.HasPrefix(want, "<") && want != words[i] {
			return nil, false, nil
		}
	}
	for i, want := range pattern {
		if !strings.HasPrefix(want, "<") {
			continue
		}
		value, ok := placeholder(want, words[i])
		if !ok {
			return nil, false, fmt.Errorf("%s does not fit %s in: %s", words[i], want, f.pattern)
		}
		a = append(a, value)
	}
	return a, true, nil
}

// placeholder checks one word against the placeholder it stands for.
func placeholder(kind, word string) (string, bool) {
	quoted := strings.HasPrefix(word, `"`)
	if kind == "<text>" {
		text := strings.Trim(word, `"`)
		return text, quoted && len(text) >= minText && strings.TrimSpace(text) == text
	}
	if quoted {
		return "", false
	}
	switch kind {
	case "<yes-or-no>":
		return word, word == "yes" || word == "no"
	case "<depth>":
		return word, word == "that" || word == "process" || word == "content"
	case "<number>":
		n, err := strconv.Atoi(word)
		return word, err == nil && n >= 0 && n < 100 && strconv.Itoa(n) == word
	case "<bsn>":
		return word, len(word) == 9 && strings.Trim(word, "0123456789") == ""
	case "<date>":
		_, err := time.Parse(time.DateOnly, word)
		return word, err == nil
	}
	return word, isCode(word)
}

// isCode is the form of codes in the catalogues, and of names in a story.
func isCode(s string) bool {
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '.', r == '/':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// split cuts a line into words; a text in double quotes is one word and keeps
// its opening quote.
func split(line string) ([]string, error) {
	var words []string
	rest := strings.TrimLeft(line, " \t\r")
	for rest != "" {
		if text, ok := strings.CutPrefix(rest, `"`); ok {
			body, after, closed := strings.Cut(text, `"`)
			if !closed {
				return nil, fmt.Errorf("a text starts with a quote and does not end with one")
			}
			if after != "" && !strings.ContainsAny(after[:1], " \t\r") {
				return nil, fmt.Errorf("a space must follow the text in quotes")
			}
			words = append(words, `"`+body)
			rest = strings.TrimLeft(after, " \t\r")
			continue
		}
		end := strings.IndexAny(rest, " \t\r")
		if end < 0 {
			end = len(rest)
		}
		if strings.Contains(rest[:end], `"`) {
			return nil, fmt.Errorf("a quote stands inside a word")
		}
		words = append(words, rest[:end])
		rest = strings.TrimLeft(rest[end:], " \t\r")
	}
	return words, nil
}

func (p *parser) cast(c Cast) error {
	for _, each := range p.s.Parties {
		if each.Party == c.Party {
			return fmt.Errorf("%s takes part already", c.Party)
		}
	}
	c.Line = p.line
	p.s.Parties = append(p.s.Parties, c)
	return nil
}

func (p *parser) described(person string) error {
	if _, ok := p.s.person(person); !ok {
		return fmt.Errorf("%s is not described; write \"person %s\" above", person, person)
	}
	return nil
}

// known holds that a party takes part. A party may be named in one of its
// capacities, as in municipality/coordination.
func (p *parser) known(party string) error {
	party, _, _ = strings.Cut(party, "/")
	for _, each := range p.s.Parties {
		if each.Party == party {
			return nil
		}
	}
	return fmt.Errorf("%s is not among the parties; write \"party %s\" above", party, party)
}

func (p *parser) person(key string) error {
	if _, twice := p.s.person(key); twice {
		return fmt.Errorf("%s is described already", key)
	}
	p.s.People = append(p.s.People, Person{Line: p.line, Key: key})
	p.under = personForms()
	return nil
}

func (p *parser) step(a Act, parties ...string) error {
	for _, party := range parties {
		if err := p.known(party); err != nil {
			return err
		}
	}
	switch s := a.(type) {
	case OpenCase:
		if err := p.described(s.Person); err != nil {
			return err
		}
		p.under = caseForms()
	case Ask:
		if err := p.described(s.Person); err != nil {
			return err
		}
		p.under = askForms()
	case Weigh:
		p.under = weighForms()
	case Decide:
		p.under = decideForms()
	case AskPermission:
		p.under = permissionForms()
	case PassOn:
		p.under = passForms()
	case Correct:
		p.under = correctForms()
	}
	p.s.Steps = append(p.s.Steps, Step{Line: p.line, Text: p.text, Act: a})
	return nil
}

// complete checks what can only be seen at the end.
func (s Scenario) complete() error {
	if s.Title == "" {
		return fmt.Errorf("the first line must be a title: # What happens")
	}
	checks := 0
	for i, step := range s.Steps {
		switch a := step.Act.(type) {
		case Ask:
			if a.Because == "" || len(a.Items) == 0 {
				return fmt.Errorf("line %d: a request needs because and at least one item", step.Line)
			}
		case Decide:
			if len(a.Items) == 0 {
				return fmt.Errorf("line %d: a decision needs supply or withhold", step.Line)
			}
		case Weigh:
			if len(a.Steps) == 0 {
				return fmt.Errorf("line %d: weighing needs a step", step.Line)
			}
		case AskPermission:
			if a.Why == "" || len(a.Items) == 0 {
				return fmt.Errorf("line %d: asking permission needs because and at least one item", step.Line)
			}
		case PassOn:
			if a.Why == "" || len(a.Items) == 0 {
				return fmt.Errorf("line %d: passing on needs because and at least one item", step.Line)
			}
		case Correct:
			if a.Why == "" {
				return fmt.Errorf("line %d: a correction needs because", step.Line)
			}
		case OpenCase, AskBack, Reply, Withdraw, StopNode, StartNode, Permit:
		case RefusedWith:
			if i == 0 || !refusable(s.Steps[i-1].Act) {
				return fmt.Errorf("line %d: the step before this one is nothing that can be refused", step.Line)
			}
			checks++
		default:
			checks++
		}
	}
	if checks == 0 {
		return fmt.Errorf("the story expects nothing; end it with a line that starts with then")
	}
	return nil
}

func refusable(a Act) bool {
	switch a.(type) {
	case OpenCase, Ask, Weigh, AskBack, Reply, Decide, Withdraw, AskPermission, Permit, PassOn, Correct:
		return true
	}
	return false
}

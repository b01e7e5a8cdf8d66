package testnet

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed scenarios/*.txt
var scenarioFiles embed.FS

// A Scenario is a story with expectations: who takes part, what they do, and
// what must hold after each step. docs/scenarios.md describes the file.
type Scenario struct {
	Name    string // of the file, without .txt
	Title   string
	Story   []string // paragraphs for the reader
	Parties []Cast
	People  []Person
	Steps   []Step
}

// A Cast names a party that takes part, with what the story relies on.
type Cast struct {
	Line   int
	Party  string
	Regime string // "" when the story does not rely on it
	BSN    string // "yes", "no", or "" when the story does not rely on it
}

// A Person is an invented person whom the story is about.
type Person struct {
	Line    int
	Key     string // how the story refers to him
	Name    string
	BSN     string // nine digits, published for tests
	Born    string // YYYY-MM-DD
	Address string
}

// A Step is one line of the story, with what is indented under it.
type Step struct {
	Line int
	Text string // the line as written, without what is indented under it
	Act  Act
}

// An Act is what a step does: [OpenCase], [Ask], [Weigh], [AskBack], [Reply], [Decide],
// [Withdraw], [StopNode], [StartNode] or one of the checks that begin with then.
type Act interface{ act() }

// The acts of a story.
type (
	// OpenCase begins a case about somebody.
	OpenCase struct {
		Party, Person, Trigger string
		From                   string // whose motivated request it is
		States                 []State
		Scope                  []string
		Family                 []CaseFamily
	}
	// CaseFamily is a member of the family whom the case concerns too.
	CaseFamily struct {
		Person string
		Agreed bool
	}
	// State is a statement by code: a text, or the code of a choice.
	State struct {
		Code, Text string
		Choice     bool
	}

	// Ask sends a request in the last case that the asker opened.
	Ask struct {
		From, To, Person string
		Purpose          string
		Because          string // the specific purpose
		Client           string // how far the client knows
		ClientWhy        string
		Consent          string // of the client, that secrecy is broken
		Broad            string // why so many parties are asked
		States           []State
		Items            []AskItem
		ShareWith        []string
	}
	// AskItem is one item of a request.
	AskItem struct {
		Item, Depth, Why string
		States           []State
	}

	// Weigh takes steps of the weighing of the request that is under way.
	Weigh struct {
		Party string
		Steps []WeighStep
	}
	// WeighStep is one step with its outcome.
	WeighStep struct{ Step, Outcome, Text, With string }

	// AskBack asks the asker a question before deciding.
	AskBack struct{ Party, Text string }
	// Reply answers it.
	Reply struct{ Party, Text string }

	// Decide takes a decision on the request that is under way.
	Decide struct {
		Party      string
		Items      []DecideItem
		Conditions []Condition // none: those that the catalogue proposes
		Free       bool        // without conditions, also where the catalogue proposes some
		Note       string      // stays with the party
	}
	// DecideItem supplies an item, or withholds it on a ground.
	DecideItem struct {
		Item   string
		Supply bool
		Depth  string
		Value  string
		Ground string
		Reason string // why, in own words; stays with the party
		Tell   string // what the asker is told
	}
	// Condition limits the further use of the items, or of all.
	Condition struct {
		Code     string
		Items    []string
		Parties  []string
		Tasks    []string
		Domains  []string
		Purposes []string
		Phases   []string
		Depth    string
		Until    time.Time
	}

	// Withdraw takes the request back that is under way.
	Withdraw struct{ Party string }
	// StopNode takes the node of a party down.
	StopNode struct{ Party string }
	// StartNode brings it back.
	StartNode struct{ Party string }
)

// The checks of a story. Each can fail.
type (
	// Sees waits until the party has the request in this phase.
	Sees struct{ Party, Phase string }
	// Has counts the items that were supplied.
	Has struct {
		Party, From string
		Count       int
	}
	// Reads wants an item with this content, at this depth.
	Reads struct{ Party, Item, Depth, Value string }
	// Lacks wants an item to be withheld.
	Lacks struct{ Party, Item string }
	// Bound wants a condition to have come with the answer.
	Bound struct{ Party, Condition string }
	// RefusedWith wants the step before to have been refused with this code.
	RefusedWith struct{ Code string }
	// HeardNothing wants the party to hold no request that it did not hold
	// before the last ask.
	HeardNothing struct{ Party string }
	// Holds wants an entry of this kind about the request in the ledger of the
	// party, or none.
	Holds struct {
		Party, Kind string
		None        bool
	}
	// Named wants the party to have been told who it is about in this way.
	Named struct {
		Party string
		ByBSN bool
	}
	// Agree wants both ledgers and all receipts of the request to agree.
	Agree struct{}
)

func (OpenCase) act()     {}
func (Ask) act()          {}
func (Weigh) act()        {}
func (AskBack) act()      {}
func (Reply) act()        {}
func (Named) act()        {}
func (Decide) act()       {}
func (Withdraw) act()     {}
func (StopNode) act()     {}
func (StartNode) act()    {}
func (Sees) act()         {}
func (Has) act()          {}
func (Reads) act()        {}
func (Lacks) act()        {}
func (Bound) act()        {}
func (RefusedWith) act()  {}
func (HeardNothing) act() {}
func (Holds) act()        {}
func (Agree) act()        {}

// Scenarios returns the stories that come with the program, in their order,
// or those that are named. A name that is not among them is an error that lists
// what there is.
func Scenarios(names ...string) ([]Scenario, error) {
	files, err := fs.Glob(scenarioFiles, "scenarios/*.txt")
	if err != nil {
		return nil, err
	}
	byName := map[string]Scenario{}
	var order []string
	for _, file := range files {
		text, err := scenarioFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(path.Base(file), ".txt")
		s, err := Parse(name, text)
		if err != nil {
			return nil, err
		}
		byName[name] = s
		order = append(order, name)
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(numberOf(a), numberOf(b)) })
	if len(names) == 0 {
		names = order
	}
	var picked []Scenario
	for _, name := range names {
		s, ok := byName[strings.TrimSuffix(path.Base(name), ".txt")]
		if !ok {
			return nil, fmt.Errorf("there is no scenario %q; there are: %s", name, strings.Join(order, ", "))
		}
		picked = append(picked, s)
	}
	return picked, nil
}

// numberOf is the number that a story starts with; 0 for none.
func numberOf(name string) int {
	digits, _, _ := strings.Cut(name, "-")
	n, _ := strconv.Atoi(digits)
	return n
}

func (s Scenario) person(key string) (Person, bool) {
	for _, p := range s.People {
		if p.Key == key {
			return p, true
		}
	}
	return Person{}, false
}

// Secrets lists every text of the story that may stand nowhere in clear: the
// people, the reasons and the contents.
func (s Scenario) Secrets() []string {
	var all []string
	add := func(texts ...string) {
		for _, t := range texts {
			if t != "" {
				all = append(all, t)
			}
		}
	}
	for _, p := range s.People {
		add(p.Name, p.BSN, p.Born, p.Address)
	}
	for _, step := range s.Steps {
		switch a := step.Act.(type) {
		case OpenCase:
			add(texts(a.States)...)
		case Ask:
			add(a.Because, a.ClientWhy, a.Broad)
			add(texts(a.States)...)
			for _, i := range a.Items {
				add(i.Why)
				add(texts(i.States)...)
			}
		case Weigh:
			for _, t := range a.Steps {
				add(t.Text)
			}
		case AskBack:
			add(a.Text)
		case Reply:
			add(a.Text)
		case Decide:
			add(a.Note)
			for _, i := range a.Items {
				add(i.Value, i.Reason, i.Tell)
			}
		}
	}
	return all
}

// texts are the statements that are words of a person, not codes of a choice.
func texts(all []State) []string {
	var words []string
	for _, s := range all {
		if !s.Choice {
			words = append(words, s.Text)
		}
	}
	return words
}

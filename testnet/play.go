package testnet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluis/exchange"
)

// A Player plays stories on a network. It acts through the HTTP API of the
// nodes, as their staff would, and through nothing else; the network itself it
// asks only to stop and start nodes.
type Player struct {
	Net *Net
	// Tell receives each thing as it happens. Default: nobody listens.
	Tell func(Told)
	// Patience bounds every wait. Default: 20 seconds.
	Patience time.Duration
	// Catalogue turns codes into words for the reader.
	Catalogue *exchange.Law
}

const (
	defaultPatience = 20 * time.Second
	// pollEvery is how often a player looks while it waits.
	pollEvery = 20 * time.Millisecond
)

// A Failure is an expectation that does not hold, or a step that should have
// been possible and was not.
type Failure struct {
	Scenario string
	Line     int
	Step     string // as written
	Reason   string // what was the case instead
}

// Error is one line: where, what was wanted, what was.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s, line %d: %s: %s", f.Scenario, f.Line, f.Step, f.Reason)
}

// play is one story while it is played.
type play struct {
	*Player
	story    Scenario
	step     Step
	current  *request          // under way, from the last ask that was allowed
	all      []request         // that were allowed
	refused  *refused          // the step before this one was refused
	heard    map[string]int    // requests at a party before the last ask
	read     map[string]opened // answers that were opened, by exchange
	checks   int
	patience time.Duration
}

// A request is one exchange as the player knows it: by its ID and the two
// parties.
type request struct {
	id       string
	from, to string
	asked    Ask
}

// Play plays a story to its end and then proves what both sides hold of it. It
// returns a [*Failure] when an expectation does not hold.
func (p *Player) Play(ctx context.Context, s Scenario) error {
	y := &play{Player: p, story: s, patience: p.Patience, heard: map[string]int{}, read: map[string]opened{}}
	if y.patience == 0 {
		y.patience = defaultPatience
	}
	if err := y.begin(); err != nil {
		return err
	}
	for i, step := range s.Steps {
		y.step = step
		if err := y.take(ctx); err != nil {
			return y.failed(err)
		}
		if y.refused == nil {
			continue
		}
		// A refusal that the story does not expect ends it.
		if i+1 < len(s.Steps) {
			if _, expected := s.Steps[i+1].Act.(RefusedWith); expected {
				continue
			}
		}
		return y.failed(y.refused)
	}
	// What the story proved in its last line need not be proved again.
	_, proved := y.step.Act.(Agree)
	for i, r := range y.all {
		if proved && i == len(y.all)-1 {
			break
		}
		if err := y.settle(ctx, r); err != nil {
			return y.failed(err)
		}
	}
	y.told(ToldProved, "", fmt.Sprintf("All %d expectations of this story hold.", y.checks))
	return nil
}

// failed makes a failure of what went wrong in the current step, tells it, and
// keeps the cause when it is the end of the context.
func (y *play) failed(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	f := &Failure{Scenario: y.story.Name, Line: y.step.Line, Step: y.step.Text, Reason: err.Error()}
	y.tell(Told{What: ToldFailed, Line: f.Line, Text: fmt.Sprintf("line %d: %s", f.Line, f.Step), Details: []Detail{{"but", f.Reason}}})
	return f
}

func (y *play) tell(t Told) {
	if y.Tell == nil {
		return
	}
	t.Scenario = y.story.Name
	y.Tell(t)
}

func (y *play) told(what What, party, text string, details ...Detail) {
	t := Told{What: what, Line: y.step.Line, Party: party, Text: text, Details: details}
	if y.current != nil {
		t.Exchange = y.current.id
	}
	y.tell(t)
}

// begin checks that the network is the one that the story relies on.
func (y *play) begin() error {
	var cast []Detail
	for _, c := range y.story.Parties {
		m, ok := y.Net.member(c.Party)
		if !ok {
			return &Failure{y.story.Name, c.Line, "party " + c.Party, "there is no such party on this network"}
		}
		own := m.Party.Capacities[0]
		if c.Regime != "" && c.Regime != string(own.Regime) {
			return &Failure{y.story.Name, c.Line, "party " + c.Party, fmt.Sprintf("its regime is %s, not %s", own.Regime, c.Regime)}
		}
		if c.BSN != "" && (c.BSN == "yes") != own.MayProcessBSN {
			return &Failure{y.story.Name, c.Line, "party " + c.Party, "whether it may process the BSN is otherwise on this network"}
		}
		cast = append(cast, Detail{m.Party.Name, bindings(own)})
	}
	y.tell(Told{What: ToldScenario, Text: y.story.Title, Story: y.story.Story, Details: cast})
	return nil
}

func bindings(c exchange.Capacity) string {
	text := map[exchange.Regime]string{
		exchange.NoSecrecy: "no statutory secrecy", exchange.WGBO: "professional secrecy (WGBO)",
		exchange.BIG: "professional secrecy (Wet BIG)", exchange.YouthAct: "professional secrecy (Jeugdwet)",
		exchange.Wpg: "bound by the Police Data Act (Wpg)", exchange.Wjsg: "bound by the Judicial Data Act (Wjsg)",
		exchange.Mayor: "own weighing of the mayor",
	}[c.Regime]
	if c.MayProcessBSN {
		return text + ", may process the BSN"
	}
	return text + ", may not process the BSN"
}

// take takes one step.
func (y *play) take(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, y.patience)
	defer cancel()
	if _, check := y.step.Act.(RefusedWith); !check {
		y.refused = nil
	}
	switch a := y.step.Act.(type) {
	case Ask:
		return y.ask(ctx, a)
	case Decide:
		return y.decide(ctx, a)
	case Withdraw:
		return y.withdraw(ctx, a)
	case StopNode:
		y.told(ToldActs, a.Party, fmt.Sprintf("%s goes down: its node is stopped.", y.name(a.Party)))
		return y.Net.Stop(a.Party)
	case StartNode:
		y.told(ToldActs, a.Party, fmt.Sprintf("%s comes back: its node starts again and proves its ledger first.", y.name(a.Party)))
		return y.Net.Restart(ctx, a.Party)
	default:
		y.checks++
		return y.check(ctx)
	}
}

func (y *play) name(party string) string {
	m, ok := y.Net.member(party)
	if !ok {
		return party
	}
	return m.Party.Name
}

// staff is who acts for the party in a role, and in which capacity.
func (y *play) staff(party string, role exchange.Role) (exchange.PartyID, exchange.Actor, error) {
	m, ok := y.Net.member(party)
	if !ok {
		return exchange.PartyID{}, exchange.Actor{}, fmt.Errorf("%s is not on this network", party)
	}
	c, who, ok := m.capacity(role)
	if !ok {
		return exchange.PartyID{}, exchange.Actor{}, fmt.Errorf("nobody at %s has the role %s", party, role)
	}
	return exchange.PartyID{OIN: m.Party.OIN, Capacity: c.Code}, who, nil
}

func (y *play) ask(ctx context.Context, a Ask) error {
	from, who, err := y.staff(a.From, exchange.Requester)
	if err != nil {
		return err
	}
	to, _, err := y.staff(a.To, exchange.Professional)
	if err != nil {
		return err
	}
	before, err := y.Net.door(a.To).count(ctx)
	if err != nil && y.Net.Running(a.To) {
		return err
	}
	y.heard[a.To] = before
	person, _ := y.story.person(a.Person)
	m, _ := y.Net.member(a.From)
	y.told(ToldActs, a.From, y.sentenceOfAsk(a, person), y.detailsOfAsk(a, who)...)
	id, err := y.Net.door(a.From).ask(ctx, who.ID, from, to, a, person, m.Phone)
	if y.wasRefused(err, a.From) {
		return nil
	}
	if err != nil {
		return err
	}
	y.current = &request{id: id, from: a.From, to: a.To, asked: a}
	y.all = append(y.all, *y.current)
	return nil
}

func (y *play) decide(ctx context.Context, a Decide) error {
	if y.current == nil {
		return errors.New("no request is under way")
	}
	_, who, err := y.staff(a.Party, exchange.Professional)
	if err != nil {
		return err
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, professional at %s, decides.", who.Name.Reveal(), y.name(a.Party)), y.detailsOfDecide(a)...)
	d := y.Net.door(a.Party)
	// A professional reads what is asked before he decides; that he did is in
	// the ledger.
	if _, err := d.open(ctx, who.ID, y.current.id); err != nil {
		return err
	}
	err = d.decide(ctx, who.ID, y.current.id, a, y.Net.partyID)
	if y.wasRefused(err, a.Party) {
		return nil
	}
	return err
}

func (y *play) withdraw(ctx context.Context, a Withdraw) error {
	if y.current == nil {
		return errors.New("no request is under way")
	}
	_, who, err := y.staff(a.Party, exchange.Requester)
	if err != nil {
		return err
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, takes the request back.", who.Name.Reveal(), y.name(a.Party)))
	err = y.Net.door(a.Party).withdraw(ctx, who.ID, y.current.id)
	if y.wasRefused(err, a.Party) {
		return nil
	}
	return err
}

// wasRefused keeps a refusal for the next step to look at.
func (y *play) wasRefused(err error, by string) bool {
	if !errors.As(err, &y.refused) {
		return false
	}
	y.tell(Told{
		What: ToldRefused, Line: y.step.Line, Party: by, Code: y.refused.code,
		Text:    fmt.Sprintf("The node of %s refuses: %s", y.name(by), y.refused.text),
		Details: []Detail{{"code", y.refused.code}},
	})
	return true
}

func (y *play) sentenceOfAsk(a Ask, who Person) string {
	by := "by name, date of birth and address"
	if a.ByBSN {
		by = "by citizen service number"
	}
	return fmt.Sprintf("%s asks %s about %s, %s.", y.name(a.From), y.name(a.To), who.Name, by)
}

func (y *play) detailsOfAsk(a Ask, who exchange.Actor) []Detail {
	details := []Detail{{"asked by", who.Name.Reveal()}}
	purpose := a.Purpose
	if p, ok := y.Catalogue.Purpose(exchange.PurposeCode(a.Purpose)); ok {
		purpose = fmt.Sprintf("%s (art. %s Wmo 2015)", p.Name.EN, p.Article)
	}
	details = append(details, Detail{"for", purpose}, Detail{"why", quote(a.Because)})
	client := map[string]string{
		"in-consultation": "takes part in it", "informed": "has been told", "not-yet-informed": "does not know yet", "objected": "objected",
	}[a.Client]
	if a.ClientWhy != "" {
		client += ": " + quote(a.ClientWhy)
	}
	details = append(details, Detail{"the client", client})
	for _, i := range a.Items {
		details = append(details, Detail{"asks", fmt.Sprintf("%s; at most %s: %s %s", y.item(i.Item), i.Depth, y.depth(i.Item, i.Depth), quote(i.Why))})
	}
	return details
}

func (y *play) detailsOfDecide(a Decide) []Detail {
	var details []Detail
	for _, i := range a.Items {
		if i.Supply {
			details = append(details, Detail{"gives", fmt.Sprintf("%s (%s): %s", y.item(i.Item), i.Depth, quote(i.Value))})
			continue
		}
		ground := i.Ground
		if g, ok := y.Catalogue.Ground(exchange.GroundCode(i.Ground)); ok {
			ground = g.Name.EN
		}
		details = append(details, Detail{"keeps back", fmt.Sprintf("%s. Ground: %s", y.item(i.Item), ground)})
		if i.Reason != "" {
			details = append(details, Detail{"stays here", quote(i.Reason)})
		}
		if i.Tell != "" {
			details = append(details, Detail{"tells", quote(i.Tell)})
		}
	}
	for _, c := range a.Conditions {
		details = append(details, Detail{"condition", y.condition(c)})
	}
	if a.Note != "" {
		details = append(details, Detail{"stays here", quote(a.Note)})
	}
	return details
}

func (y *play) item(code string) string {
	if i, ok := y.Catalogue.Item(exchange.ItemCode(code)); ok {
		return i.Name.EN
	}
	return code
}

func (y *play) condition(c Condition) string {
	var parties []string
	for _, p := range c.Parties {
		parties = append(parties, y.name(p))
	}
	switch exchange.ConditionCode(c.Code) {
	case exchange.AskFirst:
		return "ask us before this goes to anybody else"
	case exchange.OnlyTo:
		return "share it with nobody but " + strings.Join(parties, ", ")
	case exchange.NotTo:
		return "do not share it with " + strings.Join(parties, ", ")
	case exchange.NoOnward:
		return "this goes to nobody else"
	case exchange.DeleteBy:
		return "delete it by " + c.Until.Format("2 January 2006")
	}
	return c.Code
}

// depth is what an item tells at a depth, as the catalogue has it.
func (y *play) depth(item, depth string) string {
	i, _ := y.Catalogue.Item(exchange.ItemCode(item))
	if s, ok := i.Depths[exchange.Depth(depth)]; ok {
		return s.EN
	}
	return ""
}

func quote(text string) string { return "“" + text + "”" }

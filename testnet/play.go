package testnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	cases    map[string]opencase // the last that each party opened, with its people
	current  *request            // under way, from the last ask that was allowed
	all      []request           // that were allowed
	refused  *refused            // the step before this one was refused
	heard    map[string]int      // requests at a party before the last ask
	read     map[string]opened   // answers that were opened, by exchange
	passed   []passed            // what was passed on
	checks   int
	patience time.Duration
}

// An opencase is a case that a party opened: its ID, and the people in the order
// in which they were named.
type opencase struct {
	id     string
	people []string
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
	y := &play{Player: p, story: s, patience: p.Patience, cases: map[string]opencase{}, heard: map[string]int{}, read: map[string]opened{}}
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
	if is, err := y.onward(ctx); is {
		return err
	}
	switch a := y.step.Act.(type) {
	case OpenCase:
		return y.openCase(ctx, a)
	case Ask:
		return y.ask(ctx, a)
	case Weigh:
		return y.weigh(ctx, a)
	case AskBack:
		return y.askBack(ctx, a)
	case Reply:
		return y.reply(ctx, a)
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
	m, ok := y.Net.member(keyOf(party))
	if !ok {
		return party
	}
	return m.Party.Name
}

// keyOf is the party without the capacity that may stand behind it.
func keyOf(party string) string {
	key, _, _ := strings.Cut(party, "/")
	return key
}

// hatOf is the capacity that may stand behind a party.
func hatOf(party string) string {
	_, capacity, _ := strings.Cut(party, "/")
	return capacity
}

func (y *play) door(party string) *door { return y.Net.door(keyOf(party)) }

// Who asks, and who decides, by role: the first that a capacity has.
var (
	askers   = []exchange.Role{exchange.Requester, exchange.Coordinator, exchange.ReportingDesk, exchange.Professional}
	deciders = []exchange.Role{exchange.Professional, exchange.Requester, exchange.Coordinator, exchange.ReportingDesk}
)

// An actor is somebody who acts for a party, under the hat of a capacity.
type actor struct {
	party exchange.PartyID
	own   exchange.Capacity
	who   exchange.Actor
}

// staff is who acts for the party in one of the roles, and in which capacity.
func (y *play) staff(party string, roles []exchange.Role) (actor, error) {
	key, capacity, _ := strings.Cut(party, "/")
	m, ok := y.Net.member(key)
	if !ok {
		return actor{}, fmt.Errorf("%s is not on this network", party)
	}
	c, who, ok := m.capacity(exchange.CapacityCode(capacity), roles...)
	if !ok {
		return actor{}, fmt.Errorf("nobody at %s can do this", party)
	}
	return actor{party: exchange.PartyID{OIN: m.Party.OIN, Capacity: c.Code}, own: c, who: who}, nil
}

func (y *play) openCase(ctx context.Context, a OpenCase) error {
	by, err := y.staff(a.Party, askers)
	if err != nil {
		return err
	}
	var from string
	if a.From != "" {
		asked, err := y.staff(a.From, deciders)
		if err != nil {
			return err
		}
		from = asked.party.String()
	}
	people := []casePerson{y.casePerson(a.Person, exchange.Client, by.own)}
	names := []string{a.Person}
	for _, f := range a.Family {
		p := y.casePerson(f.Person, exchange.Family, by.own)
		p.agreed = f.Agreed
		people, names = append(people, p), append(names, f.Person)
	}
	var details []Detail
	if t, ok := y.Catalogue.Trigger(exchange.TriggerCode(a.Trigger)); ok {
		details = append(details, Detail{"trigger", fmt.Sprintf("%s (art. %s)", t.Name.EN, t.Article)})
	}
	if a.From != "" {
		details = append(details, Detail{"asked by", y.name(a.From)})
	}
	details = append(details, y.stated(a.States)...)
	if len(a.Scope) > 0 {
		details = append(details, Detail{"agreed", "to ask about: " + strings.Join(a.Scope, ", ")})
	}
	person, _ := y.story.person(a.Person)
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, opens a case about %s.", by.who.Name.Reveal(), y.name(a.Party), person.Name), details...)
	id, err := y.door(a.Party).openCase(ctx, by, a, from, people)
	if y.wasRefused(err, a.Party) {
		return nil
	}
	if err != nil {
		return err
	}
	y.cases[a.Party] = opencase{id: id, people: names}
	return nil
}

// A casePerson is somebody in a case, as the capacity that opens it may have
// him.
type casePerson struct {
	Person
	standing exchange.Standing
	agreed   bool
}

func (y *play) casePerson(key string, s exchange.Standing, own exchange.Capacity) casePerson {
	p, _ := y.story.person(key)
	if !own.MayProcessBSN {
		p.BSN = ""
	}
	return casePerson{Person: p, standing: s}
}

// stated shows statements as the catalogue asks for them.
func (y *play) stated(all []State) []Detail {
	var details []Detail
	for _, s := range all {
		rule, _ := y.Catalogue.Statement(exchange.StatementCode(s.Code))
		text := quote(s.Text)
		for _, c := range rule.Choices {
			if string(c.Code) == s.Text {
				text = c.Name.EN
			}
		}
		details = append(details, Detail{"states", rule.Ask.EN + " " + text})
	}
	return details
}

func (y *play) ask(ctx context.Context, a Ask) error {
	by, err := y.staff(a.From, askers)
	if err != nil {
		return err
	}
	to, err := y.staff(a.To, deciders)
	if err != nil {
		return err
	}
	in, ok := y.cases[a.From]
	if !ok {
		return fmt.Errorf("%s has opened no case", a.From)
	}
	person, _ := y.story.person(a.Person)
	number := slices.Index(in.people, a.Person) + 1
	if number == 0 {
		return fmt.Errorf("%s is not in the case that %s opened last", a.Person, a.From)
	}
	before, err := y.door(a.To).count(ctx)
	if err != nil && y.Net.Running(keyOf(a.To)) {
		return err
	}
	y.heard[a.To] = before
	m, _ := y.Net.member(keyOf(a.From))
	y.told(ToldActs, a.From, fmt.Sprintf("%s asks %s about %s.", y.name(a.From), y.name(a.To), person.Name), y.detailsOfAsk(a, by.who)...)
	id, err := y.door(a.From).ask(ctx, by, to.party, a, in.id, number, m.Phone)
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

// acting is who does the next step on the request under way at a party.
func (y *play) acting(party string, roles []exchange.Role) (actor, *door, error) {
	if y.current == nil {
		return actor{}, nil, errors.New("no request is under way")
	}
	for _, side := range []string{y.current.from, y.current.to} {
		if party == keyOf(side) {
			party = side // in the capacity in which the request was made
		}
	}
	by, err := y.staff(party, roles)
	return by, y.door(party), err
}

func (y *play) weigh(ctx context.Context, a Weigh) error {
	by, d, err := y.acting(a.Party, deciders)
	if err != nil {
		return err
	}
	var details []Detail
	for _, s := range a.Steps {
		details = append(details, y.detailsOfStep(s)...)
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, weighs.", by.who.Name.Reveal(), y.name(a.Party)), details...)
	for _, s := range a.Steps {
		err := d.weigh(ctx, by, y.current.id, s, y.dayOf(s))
		if y.wasRefused(err, a.Party) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rule finds a step in the catalogue: its codes differ per weighing, and the
// one that has this outcome is meant.
func (y *play) rule(s WeighStep) (exchange.StepRule, exchange.StepOutcome) {
	purpose, _ := y.Catalogue.Purpose(exchange.PurposeCode(y.current.asked.Purpose))
	for _, rule := range purpose.Weighing {
		w, _ := y.Catalogue.Weighing(rule.Weighing)
		if step, ok := w.Step(exchange.StepCode(s.Step)); ok {
			if o, ok := step.Outcome(exchange.OutcomeCode(s.Outcome)); ok {
				return step, o
			}
		}
	}
	return exchange.StepRule{}, exchange.StepOutcome{}
}

// dayOf is today for an outcome that wants a day.
func (y *play) dayOf(s WeighStep) string {
	if _, o := y.rule(s); !o.Day {
		return ""
	}
	return time.Now().UTC().Format(time.DateOnly)
}

func (y *play) detailsOfStep(s WeighStep) []Detail {
	step, outcome := y.rule(s)
	text := outcome.Name.EN
	if s.With != "" {
		text += " (" + s.With + ")"
	}
	if s.Text != "" {
		text += ": " + quote(s.Text)
	}
	return []Detail{{s.Step, step.Ask.EN + " " + text}}
}

func (y *play) askBack(ctx context.Context, a AskBack) error {
	by, d, err := y.acting(a.Party, deciders)
	if err != nil {
		return err
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, asks back: %s", by.who.Name.Reveal(), y.name(a.Party), quote(a.Text)))
	err = d.question(ctx, by, y.current.id, a.Text)
	if y.wasRefused(err, a.Party) {
		return nil
	}
	return err
}

func (y *play) reply(ctx context.Context, a Reply) error {
	by, d, err := y.acting(a.Party, askers)
	if err != nil {
		return err
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, replies: %s", by.who.Name.Reveal(), y.name(a.Party), quote(a.Text)))
	err = d.reply(ctx, by, y.current.id, a.Text)
	if y.wasRefused(err, a.Party) {
		return nil
	}
	return err
}

func (y *play) decide(ctx context.Context, a Decide) error {
	by, d, err := y.acting(a.Party, deciders)
	if err != nil {
		return err
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, decides.", by.who.Name.Reveal(), y.name(a.Party)), y.detailsOfDecide(a)...)
	// A professional reads what is asked before he decides; that he did is in
	// the ledger.
	if _, err := d.open(ctx, by, y.current.id); err != nil {
		return err
	}
	said, err := d.decide(ctx, by, y.current.id, a, y.Net.partyID)
	if y.wasRefused(err, a.Party) {
		return nil
	}
	if len(said) > 0 {
		var details []Detail
		for _, s := range said {
			details = append(details, Detail{"condition", s})
		}
		y.told(ToldActs, a.Party, "It goes along with conditions on further use.", details...)
	}
	return err
}

func (y *play) withdraw(ctx context.Context, a Withdraw) error {
	by, d, err := y.acting(a.Party, askers)
	if err != nil {
		return err
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, takes the request back.", by.who.Name.Reveal(), y.name(a.Party)))
	err = d.withdraw(ctx, by, y.current.id)
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
	if a.Consent != "" {
		details = append(details, Detail{"consent", strings.ReplaceAll(a.Consent, "-", " ")})
	}
	details = append(details, y.stated(a.States)...)
	if a.Broad != "" {
		details = append(details, Detail{"so many", quote(a.Broad)})
	}
	for _, i := range a.Items {
		details = append(details, Detail{"asks", fmt.Sprintf("%s; at most %s: %s %s", y.item(i.Item), i.Depth, y.depth(i.Item, i.Depth), quote(i.Why))})
		details = append(details, y.stated(i.States)...)
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

// depth is what an item tells at a depth, as the catalogue has it.
func (y *play) depth(item, depth string) string {
	i, _ := y.Catalogue.Item(exchange.ItemCode(item))
	if s, ok := i.Depths[exchange.Depth(depth)]; ok {
		return s.EN
	}
	return ""
}

func quote(text string) string { return "“" + text + "”" }

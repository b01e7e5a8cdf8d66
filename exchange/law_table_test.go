package exchange

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// A lawTable is docs/law-table.md: what the law allows. Everything else is
// refused.
type lawTable struct {
	groups    map[string][]string
	weighings map[string]bool
	triggers  map[TriggerCode]tableTrigger
	purposes  map[PurposeCode]*tablePurpose
}

type tableTrigger struct {
	tasks       []string
	from, scope bool
}

type tablePurpose struct {
	ways  []tableWay
	cells map[Regime]map[Category]string
}

// A tableWay is one list of askers with the domains that they may ask, the
// tasks of those who are asked (none means any), and how the case began.
type tableWay struct {
	askers, asked, held []string
	own                 bool // the asker's own organisation only
	starts              []tableStart
}

// A tableStart is triggers with what the client's involvement may be.
type tableStart struct {
	triggers, client []string
	familyAgrees     bool
	beyondScope      bool // also what the client did not agree to look into
}

func readLawTable(t *testing.T) *lawTable {
	t.Helper()
	text, err := os.ReadFile("../docs/law-table.md")
	if err != nil {
		t.Fatal(err)
	}
	table := &lawTable{map[string][]string{}, map[string]bool{}, map[TriggerCode]tableTrigger{}, map[PurposeCode]*tablePurpose{}}
	var p *tablePurpose
	var columns []string
	for n, line := range strings.Split(string(text), "\n") {
		bad := func(what string) { t.Errorf("docs/law-table.md, line %d: %s", n+1, what) }
		name, list, listed := strings.Cut(strings.TrimPrefix(line, "- "), ": ")
		switch {
		case strings.HasPrefix(line, "## "):
			p, columns = nil, nil
			if code := PurposeCode(strings.Trim(line[3:], "`")); strings.HasPrefix(line, "## `") {
				if table.purposes[code] != nil {
					bad("the purpose stands twice")
				}
				p = &tablePurpose{cells: map[Regime]map[Category]string{}}
				table.purposes[code] = p
			}
		case strings.HasPrefix(line, "- group ") && listed:
			table.groups[strings.TrimPrefix(name, "group ")] = table.words(list)
		case strings.HasPrefix(line, "- ") && listed && p != nil:
			if !p.line(name, table.words(list)) {
				bad("no line of a purpose")
			}
		case strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "|--"):
			row := tableRow(line)
			switch {
			case row[0] == "" || !strings.HasPrefix(row[0], "`") && p == nil:
				columns = row[1:]
			case p != nil:
				if !p.row(row, columns) {
					bad("a row lacks a category, or stands twice")
				}
			case len(columns) == 3 && columns[0] == "article" && columns[1] == "Dutch term":
				table.weighings[strings.Trim(row[0], "`")] = true
			case len(columns) == 4 && columns[1] == "opened by":
				table.triggers[TriggerCode(strings.Trim(row[0], "`"))] = tableTrigger{strings.Fields(row[2]), row[3] == "yes", row[4] == "yes"}
			}
		}
	}
	return table
}

func tableRow(line string) []string {
	var row []string
	for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
		row = append(row, strings.TrimSpace(cell))
	}
	return row
}

// words is the codes of a line, each group in the place of its name.
func (table *lawTable) words(list string) []string {
	var words []string
	for _, w := range strings.Fields(list) {
		if group, ok := table.groups[w]; ok {
			words = append(words, group...)
		} else {
			words = append(words, w)
		}
	}
	return words
}

// line reads one line of a purpose: a way begins with who asks, a start with
// its trigger.
func (p *tablePurpose) line(name string, words []string) bool {
	if name == "asked by" {
		p.ways = append(p.ways, tableWay{askers: words})
		return true
	}
	if len(p.ways) == 0 {
		return false
	}
	way := &p.ways[len(p.ways)-1]
	switch name {
	case "asked of":
		way.asked = words
		return true
	case "held by":
		way.held = words
		return true
	case "organisation":
		way.own = true
		return slices.Equal(words, []string{"its-own"})
	case "case began with":
		way.starts = append(way.starts, tableStart{triggers: words})
		return true
	}
	if len(way.starts) == 0 {
		return false
	}
	start := &way.starts[len(way.starts)-1]
	switch {
	case name == "client":
		start.client = words
	case name == "family" && slices.Equal(words, []string{"agrees-first"}):
		start.familyAgrees = true
	case name == "family" && slices.Equal(words, []string{"may-be-asked-about"}):
	case name == "agreed scope" && slices.Equal(words, []string{"does-not-limit"}):
		start.beyondScope = true
	default:
		return false
	}
	return true
}

func (p *tablePurpose) row(row, columns []string) bool {
	if len(row) != len(columns)+1 {
		return false
	}
	cells := map[Category]string{}
	for i, c := range columns {
		cells[Category(c)] = row[i+1]
	}
	for _, regime := range strings.Fields(row[0]) {
		if p.cells[Regime(regime)] != nil {
			return false
		}
		p.cells[Regime(regime)] = cells
	}
	return true
}

// cell is the weighing that the table gives, or the refusal that follows from
// its silence or its no.
func (p *tablePurpose) cell(between Pair, c Category) (weighing string, refusal Code) {
	refusal = PurposeNotAsker
	for _, way := range p.ways {
		stops := way.stops(between)
		if stops != "" {
			if order := []Code{PurposeNotAsker, PurposeNotAsked, PurposeNotHolder, PurposeOwnData}; slices.Index(order, stops) > slices.Index(order, refusal) {
				refusal = stops // the way that came furthest
			}
			continue
		}
		row := p.cells[between.Asked.Regime]
		switch {
		case row[c] != "no":
			return row[c], ""
		case slices.Equal(slices.Compact(slices.Collect(maps.Values(row))), []string{"no"}):
			return "", RegimeNotAsked
		}
		return "", CategoryForbidden
	}
	return "", refusal
}

// stops is the refusal of who asks or is asked, or "" where the way is theirs.
func (w tableWay) stops(between Pair) Code {
	switch {
	case !slices.Contains(w.askers, string(between.Asker.Task)):
		return PurposeNotAsker
	case !slices.Contains(w.asked, string(between.Asked.Domain)):
		return PurposeNotAsked
	case len(w.held) > 0 && !slices.Contains(w.held, string(between.Asked.Task)):
		return PurposeNotHolder
	case w.own && !between.Own:
		return PurposeOwnData
	}
	return ""
}

// Every purpose, regime, category, task, domain, trigger and weighing of the
// catalogues stands in docs/law-table.md, and no other; no cell is undefined.
func TestLawTableIsComplete(t *testing.T) {
	law, table := testLaw(t), readLawTable(t)
	for p := range law.Purposes() {
		if table.purposes[p.Code] == nil {
			t.Errorf("docs/law-table.md lacks the purpose %s", p.Code)
		}
	}
	for w := range law.Weighings() {
		if !table.weighings[string(w.Code)] {
			t.Errorf("docs/law-table.md does not explain the weighing %s", w.Code)
		}
	}
	for code, row := range table.purposes {
		p, ok := law.Purpose(code)
		if !ok {
			t.Errorf("docs/law-table.md has the purpose %s, which the catalogue lacks", code)
		}
		for _, regime := range Regimes {
			for _, c := range Categories {
				if w := row.cells[regime][c]; w != "no" && !table.weighings[w] {
					t.Errorf("%s, %s, %s: %q is no way of weighing", code, regime, c, w)
				}
			}
		}
		if len(row.cells) != len(Regimes) || len(row.ways) == 0 {
			t.Errorf("%s: %d regimes, %d ways", code, len(row.cells), len(row.ways))
		}
		for _, way := range row.ways {
			way.checkCodes(t, law, code)
		}
		says, has := row.routes(), routes(p)
		for route := range says {
			if !has[route] {
				t.Errorf("%s: the catalogue lacks: %s", code, route)
			}
		}
		for route := range has {
			if !says[route] {
				t.Errorf("%s: the page lacks: %s", code, route)
			}
		}
	}
}

// checkCodes holds that a way names what is in the catalogues.
func (w tableWay) checkCodes(t *testing.T, law *Law, code PurposeCode) {
	t.Helper()
	for _, task := range append(slices.Clone(w.askers), w.held...) {
		if _, ok := law.Task(TaskCode(task)); !ok {
			t.Errorf("%s: there is no task %s", code, task)
		}
	}
	for _, d := range w.asked {
		if _, ok := law.Domain(DomainCode(d)); !ok {
			t.Errorf("%s: there is no domain %s", code, d)
		}
	}
	if len(w.starts) == 0 {
		t.Errorf("%s: a way without a line on how the case began", code)
	}
	for _, s := range w.starts {
		for _, state := range s.client {
			if !known(InvolvementStates[:], InvolvementState(state)) {
				t.Errorf("%s: there is no involvement %s", code, state)
			}
		}
	}
}

// routes is who asks whom on which trigger, as the page has it: a cell can be
// right in one case and wrong in another.
func (p *tablePurpose) routes() map[string]bool {
	all := map[string]bool{}
	for _, w := range p.ways {
		for _, s := range w.starts {
			addRoutes(all, w.askers, w.asked, w.held, w.own, s.triggers)
		}
	}
	return all
}

func routes(p Purpose) map[string]bool {
	all := map[string]bool{}
	for _, w := range p.Ways {
		addRoutes(all, w.Askers, w.Asked, w.HeldBy, w.Own, w.Triggers)
	}
	return all
}

func addRoutes[A, B, C, D ~string](all map[string]bool, askers []A, asked []B, held []C, own bool, triggers []D) {
	for _, asker := range askers {
		for _, domain := range asked {
			for _, trigger := range triggers {
				all[fmt.Sprintf("%s asks %s on %s", asker, domain, trigger)+fmt.Sprint(held, own)] = true
			}
		}
	}
}

// Every cell of purpose, task, domain, regime and category is what
// docs/law-table.md says, and what it does not name is refused with the rule
// that stops it.
func TestLawTableCells(t *testing.T) {
	law, table := testLaw(t), readLawTable(t)
	allowed, refused := 0, 0
	for p := range law.Purposes() {
		yes, no, differ := table.compare(law, p.Code)
		for _, d := range differ {
			t.Error(d)
		}
		allowed, refused = allowed+yes, refused+no
	}
	t.Logf("%d cells: %d allowed, %d refused", allowed+refused, allowed, refused)
	if allowed < 1000 || refused < 10000 {
		t.Errorf("%d cells allowed, %d refused: the table was not read", allowed, refused)
	}
}

// compare tries every cell of a purpose. It returns how many the table allows
// and refuses, and where the program differs.
func (table *lawTable) compare(law *Law, code PurposeCode) (allowed, refused int, differ []string) {
	row := table.purposes[code]
	if row == nil {
		return 0, 0, []string{"docs/law-table.md lacks the purpose " + string(code)}
	}
	for between := range everyPair(law) {
		for _, category := range Categories {
			got, err := law.May(code, between, category)
			want, refusal := row.cell(between, category)
			if refusal == "" {
				allowed++
			} else {
				refused++
			}
			var r *Refusal
			if refusal == "" && err == nil && string(got) == want || refusal != "" && errors.As(err, &r) && r.Code == refusal {
				continue
			}
			differ = append(differ, fmt.Sprintf("%s: %s asks %s (%s, %s, own organisation %t) %s data: %q, %v; the table says %q %s",
				code, between.Asker.Task, between.Asked.Domain, between.Asked.Task, between.Asked.Regime, between.Own, category, got, err, want, refusal))
		}
	}
	return allowed, refused, differ
}

// A catalogue that allows more or less than docs/law-table.md is found: these
// are the differences that there once were.
func TestLawTableFindsDifferences(t *testing.T) {
	table := readLawTable(t)
	for what, c := range map[string]struct {
		purpose  PurposeCode
		from, to string
	}{
		"5.4.1(4): of a party as if it were the college": {"investigation/reuse", `"heldBy": ["municipal-service"],`, ``},
		"5.4.1(4): of another municipality":              {"investigation/reuse", `"own": true,`, ``},
		"5.5.3: the mayor's health data for triage":      {"triage", `"discretion", "categories": ["ordinary", "criminal"]`, `"discretion", "categories": ["ordinary", "health", "criminal"]`},
		"VIII: two sides of the approach":                {"zvh-alignment", `"asked": ["care-and-safety"],`, `"asked": ["care-and-safety", "coordination"],`},
		"5.4.2(2): secrecy weighed as a duty":            {"investigation/client-request", `"weighing": "secrecy"`, `"weighing": "duty"`},
	} {
		law, err := ParseLaw(changed(t, "purposes", c.from, c.to))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if _, _, differ := table.compare(law, c.purpose); len(differ) == 0 {
			t.Errorf("%s: not found", what)
		}
	}
}

// everyPair is every task that asks, and every task, domain and regime that is
// asked, in one organisation and in two.
func everyPair(law *Law) iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for asker := range law.Tasks() {
			for held := range law.Tasks() {
				for domain := range law.Domains() {
					for _, regime := range Regimes {
						for _, own := range []bool{true, false} {
							if !yield(Pair{
								Capacity{Code: "a", Task: asker.Code, Domain: "investigation", MayProcessBSN: true, Special: Categories[1:]},
								Capacity{Code: "b", Task: held.Code, Domain: domain.Code, Regime: regime, MayProcessBSN: true, Special: Categories[1:]}, own,
							}) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// Every trigger, involvement and standing of a family member is allowed or
// refused as docs/law-table.md says, on a request that is otherwise in order.
func TestLawTableTriggers(t *testing.T) {
	law, table := testLaw(t), readLawTable(t)
	allowed, refused := 0, 0
	for p := range law.Purposes() {
		row := table.purposes[p.Code]
		if row == nil {
			t.Fatalf("docs/law-table.md lacks the purpose %s", p.Code)
		}
		for _, way := range row.ways {
			for _, asker := range way.askers {
				for trigger := range law.Triggers() {
					for _, state := range InvolvementStates {
						for _, family := range []string{"client", "agrees-first", "agreed"} {
							a := validAsking(t, law, row, way, TaskCode(asker), p, trigger, state, family)
							_, _, err := Ask(law, a)
							between, _ := a.Request.between(a.From, a.To)
							want := row.start(between, string(trigger.Code), string(state), family)
							var r *Refusal
							switch {
							case want == "" && err != nil:
								t.Errorf("%s by %s on %s, client %s, %s: %v; the table allows it", p.Code, asker, trigger.Code, state, family, err)
							case want != "" && (!errors.As(err, &r) || r.Code != want):
								t.Errorf("%s by %s on %s, client %s, %s: %v; the table says %s", p.Code, asker, trigger.Code, state, family, err, want)
							}
							if want == "" {
								allowed++
							} else {
								refused++
							}
						}
					}
				}
			}
			testScope(t, law, row, way, p)
		}
	}
	t.Logf("%d ways to begin: %d allowed, %d refused", allowed+refused, allowed, refused)
	if allowed < 100 || refused < 500 {
		t.Errorf("%d allowed, %d refused: the table was not read", allowed, refused)
	}
}

// testScope asks beyond what the client agreed to, in every case that has such
// an agreement.
func testScope(t *testing.T, law *Law, row *tablePurpose, way tableWay, p Purpose) {
	t.Helper()
	for _, s := range way.starts {
		for _, trigger := range s.triggers {
			rule, _ := law.Trigger(TriggerCode(trigger))
			if !rule.Scope {
				continue
			}
			a := validAsking(t, law, row, way, TaskCode(way.askers[0]), p, rule, InvolvementState(s.client[0]), "client")
			a.Case.Trigger.Scope = []DomainCode{"custody"}
			_, _, err := Ask(law, a)
			switch {
			case s.beyondScope && err != nil:
				t.Errorf("%s beyond what the client agreed to: %v", p.Code, err)
			case !s.beyondScope:
				wantRefusal(t, string(p.Code)+" beyond what the client agreed to", err, OutsideScope)
			}
		}
	}
}

// start is the refusal that the table gives for a trigger, involvement and
// family member, or "".
func (p *tablePurpose) start(between Pair, trigger, state, family string) Code {
	for _, way := range p.ways {
		if way.stops(between) != "" {
			continue
		}
		for _, s := range way.starts {
			switch {
			case !slices.Contains(s.triggers, trigger):
				continue
			case s.familyAgrees && family == "agrees-first":
				return FamilyNotAgreed
			case !slices.Contains(s.client, state):
				return InvolvementNotEnough
			}
			return ""
		}
	}
	return TriggerNotOfPurpose
}

// validAsking is a request in a case on the trigger that nothing but the
// trigger, involvement or family can stop.
func validAsking(t *testing.T, law *Law, row *tablePurpose, way tableWay, asker TaskCode, p Purpose, trigger TriggerRule, state InvolvementState, family string) Asking {
	t.Helper()
	item, asked := itemOf(t, law, row, way, p)
	task, _ := law.Task(asker)
	from := Party{OIN: college.OIN, Capacities: []Capacity{{Code: "asker", Domain: "investigation", Task: task.Code, Regime: NoSecrecy, Special: Categories[1:]}}}
	to := Party{OIN: housing.OIN, Capacities: []Capacity{asked}}
	if way.own {
		to.OIN = from.OIN
	}
	by := Actor{ID: "a.jansen", Hat: "asker", Roles: []Grant{{Role: task.Asks[0], Capacity: "asker"}}}
	person := Person{Standing: Client, Name: Hide("J. Fictief"), Born: Hide("1980-02-29"), Address: Hide("Voorbeeldstraat 1")}
	if family != "client" {
		person.Standing = Family
	}
	if family == "agreed" {
		person.Agreed = today
	}
	state2 := Involvement{State: state, Why: Hide("x")}
	r := Request{
		ID: "0193a0b0-0000-7000-8000-000000000001", Case: "0193a0b0-0000-7000-8000-00000000000c",
		From: PartyID{from.OIN, "asker"}, To: PartyID{to.OIN, asked.Code}, Purpose: p.Code, Trigger: TriggerNote{Code: trigger.Code, On: today},
		Specific: Hide("x"), Subject: Subject{Standing: person.Standing, Name: person.Name, Born: person.Born, Address: person.Address},
		Items: []AskedItem{item}, Involvement: state2, Contact: Hide("x"), Due: noon.AddDate(0, 0, 5),
	}
	domain, _ := law.Domain(asked.Domain)
	it, _ := law.Item(item.Item)
	for _, n := range p.Needs {
		rule, _ := law.Statement(n.Statement)
		text := "x"
		if len(rule.Choices) > 0 {
			text = string(rule.Choices[0].Code)
		}
		switch {
		case n.applies(it):
			r.Items[0].Statements = append(r.Items[0].Statements, Statement{n.Statement, Hide(text)})
		case !n.ofItem() && (n.Kind == "" || n.Kind == domain.Kind):
			r.Statements = append(r.Statements, Statement{n.Statement, Hide(text)})
		}
	}
	c := Case{ID: r.Case, Own: r.From, Trigger: Trigger{Code: trigger.Code, On: today}, People: []Person{person}}
	if trigger.Scope {
		c.Trigger.Scope = []DomainCode{asked.Domain}
	}
	a := Asking{Case: c, Request: r, From: from, To: to, By: by, At: noon}
	if p.Taking {
		a.Request.Conference = "0193a0b0-0000-7000-8000-0000000000cc"
		a.Taking = Taking{
			Conference: Conference{
				ID: a.Request.Conference, Own: r.From, Organiser: r.From, Seats: []Seat{{Party: r.To, State: SeatComing}}, Subject: r.Subject, Ends: noon.AddDate(0, 0, 1),
			},
			Said: []Contribution{{By: r.To, Items: []Said{{Item: item.Item, Depth: item.Depth}}}},
		}
	}
	return a
}

// itemOf is an item that the table lets the purpose ask in the way, with a
// capacity that holds it.
func itemOf(t *testing.T, law *Law, row *tablePurpose, way tableWay, p Purpose) (AskedItem, Capacity) {
	t.Helper()
	held := TaskCode("service")
	if len(way.held) > 0 {
		held = TaskCode(way.held[0])
	}
	for i := range law.Items() {
		asked := Capacity{Code: "asked", Domain: i.Domain, Task: held, Regime: NoSecrecy, Special: Categories[1:]}
		between := Pair{Capacity{Task: TaskCode(way.askers[0])}, asked, way.own}
		if _, code := row.cell(between, i.Category); way.stops(between) != "" || code != "" {
			continue
		}
		for _, d := range Depths {
			if _, ok := i.Depths[d]; ok {
				return AskedItem{Item: i.Code, Depth: d, Why: Hide("x")}, asked
			}
		}
	}
	t.Fatalf("%s: no item can be asked for it", p.Code)
	return AskedItem{}, Capacity{}
}

// A case begins as docs/law-table.md says, and who may ask for a purpose can
// open a case for it.
func TestLawTableCases(t *testing.T) {
	law, table := testLaw(t), readLawTable(t)
	// opens reports whether the program lets a task open a case on a trigger.
	opens := func(task TaskCode, rule TriggerRule) bool {
		own := Party{OIN: college.OIN, Capacities: []Capacity{{Code: "own", Domain: "investigation", Task: task, Regime: NoSecrecy}}}
		holder, _ := law.Task(task)
		c := Case{
			ID: "0193a0b0-0000-7000-8000-00000000000c", Own: PartyID{own.OIN, "own"}, Trigger: Trigger{Code: rule.Code, On: today},
			People: []Person{{Standing: Client, Name: Hide("J. Fictief"), Born: Hide("1980-02-29"), Address: Hide("Voorbeeldstraat 1")}},
		}
		for _, code := range append(slices.Clone(rule.All), rule.Any...) {
			stated, _ := law.Statement(code)
			text := "x"
			if len(stated.Choices) > 0 {
				text = string(stated.Choices[0].Code)
			}
			c.Trigger.Statements = append(c.Trigger.Statements, Statement{code, Hide(text)})
		}
		if table.triggers[rule.Code].from {
			c.Trigger.From = PartyID{housing.OIN, "housing"}
		}
		if table.triggers[rule.Code].scope {
			c.Trigger.Scope = []DomainCode{"housing"}
		}
		_, _, err := OpenCase(law, c, own, Actor{ID: "a.jansen", Hat: "own", Roles: []Grant{{Role: holder.Asks[0], Capacity: "own"}}}, noon)
		if err != nil && !errors.Is(err, &Refusal{Code: TriggerNotOfTask}) {
			t.Errorf("%s by %s: %v", rule.Code, task, err)
		}
		return err == nil
	}
	for trigger := range law.Triggers() {
		row, ok := table.triggers[trigger.Code]
		if !ok {
			t.Errorf("docs/law-table.md lacks the trigger %s", trigger.Code)
		}
		for task := range law.Tasks() {
			says := slices.Contains(row.tasks, string(task.Code))
			if does := opens(task.Code, trigger); does != says {
				t.Errorf("%s opens a case on %s: %t; the table says %t", task.Code, trigger.Code, does, says)
			}
		}
	}
	if n := len(slices.Collect(law.Triggers())); n != len(table.triggers) {
		t.Errorf("%d triggers, of which the catalogue has %d", len(table.triggers), n)
	}
	for code, p := range table.purposes {
		for _, way := range p.ways {
			for _, asker := range way.askers {
				if !slices.ContainsFunc(way.starts, func(s tableStart) bool {
					return slices.ContainsFunc(s.triggers, func(trigger string) bool {
						return slices.Contains(table.triggers[TriggerCode(trigger)].tasks, asker)
					})
				}) {
					t.Errorf("%s: %s may ask and can open no case", code, asker)
				}
			}
		}
	}
}

// Whatever the purpose allows, a capacity that may not process a category does
// not ask for it, and is not asked for it (art. 9 and 10 GDPR).
func TestCapacityLimitsTheTable(t *testing.T) {
	law := testLaw(t)
	tried := 0
	for p := range law.Purposes() {
		way := p.Ways[0]
		for _, rule := range p.Weighing {
			for _, regime := range rule.Regimes {
				for _, category := range rule.Categories {
					if category == Ordinary {
						continue
					}
					all := Capacity{Code: "a", Task: way.Askers[0], Domain: "investigation", Special: Categories[1:]}
					asked := Capacity{Code: "b", Task: append(way.HeldBy, "service")[0], Domain: way.Asked[0], Regime: regime, Special: Categories[1:]}
					narrow := all
					narrow.Special = nil
					what := fmt.Sprintf("%s, %s, %s", p.Code, regime, category)
					if _, err := law.May(p.Code, Pair{all, asked, true}, category); err != nil {
						t.Errorf("%s: by who may have it: %v", what, err)
					}
					_, err := law.May(p.Code, Pair{narrow, asked, true}, category)
					wantRefusal(t, what+": asked by who may not have it", err, CategoryAsker)
					asked.Special = nil
					_, err = law.May(p.Code, Pair{all, asked, true}, category)
					wantRefusal(t, what+": asked of who may not have it", err, CategoryAsked)
					tried++
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d cells were tried", tried)
	}
}

package exchange

import (
	"cmp"
	"slices"
	"time"
)

// An Access (inzageoverzicht) tells a person what a capacity of an organisation
// holds of him: what, for what, from whom, who received it, and until when (art.
// 15 GDPR, art. 5.3.2 Wmo 2015). It tells of nobody else: not of his family
// (art. 15(4)), and of staff no more than their role.
type Access struct {
	Made     time.Time
	Draft    bool // nothing is decided yet: for the privacy officer only
	Own      PartyID
	Person   Sought
	Petition ID
	Received time.Time // the day on which he asked
	Accounts []Account
	Without  []LeftOut
}

// An Account (verantwoording) tells of one dossier.
type Account struct {
	ID      ID
	Kind    AccountKind
	Purpose Sentence // of a case: what it began with; of a petition: what was asked
	Article string
	Began   time.Time
	// Person is he, as this dossier knows him.
	Person Person
	// Specific is the specific purpose in the asker's words; Asked what the
	// person himself asked.
	Specific   Personal
	Statements []Explained
	Questions  []Clarification
	Facts      []Fact
	Conditions []Condition
	// Passages are whom it came from and who received it, the first to happen
	// first. What was passed on stands here too.
	Passages []Passed
	Decided  time.Time // zero where nothing is decided
	// By is the role of who decided. His name is not told.
	By       Role
	Weighing []Explained
	Notes    []Personal // of the professional, or how a petition was weighed
	Outcome  RulingOutcome
	Phase    Phase // where an exchange stands; "" for the others
	Keep     Keep
	Held     time.Time // until when its destruction is put off; zero where it isn't
	// Others is how many other people the dossier is about.
	Others int
}

// A Explained is an answer to a question of the law: one of its choices, or words, or
// both.
type Explained struct {
	Ask    Sentence
	Choice Sentence
	Text   Personal
}

// An AccountKind is what a dossier is to the person.
type AccountKind string

// The kinds of dossier.
const (
	CaseAccount     AccountKind = "case"     // casus
	AskedAccount    AccountKind = "asked"    // we asked about him
	SuppliedAccount AccountKind = "supplied" // we were asked about him
	PetitionAccount AccountKind = "petition" // he asked
)

// A Fact is one item of a dossier: what was asked, what was decided on it and
// what it says.
type Fact struct {
	Item    ItemCode
	Name    Sentence
	Kind    Category
	Asked   Depth
	Why     Personal
	Outcome Outcome // "" where nothing is decided or answered yet
	Depth   Depth
	Value   Personal
	Ground  Sentence // on which it was not supplied
	Reason  Personal // of the professional, in his words
	Told    Personal // what the asker was told
}

// A Part (onderdeel) is a kind of thing that a report can leave out.
type Part string

// The parts.
const (
	PartOthers   Part = "others"   // other people in the same dossier: always
	PartStaff    Part = "staff"    // names of staff: always
	PartReasons  Part = "reasons"  // why something was not supplied
	PartWeighing Part = "weighing" // the steps of the weighing
	PartNotes    Part = "notes"    // notes of the professional
	PartContent  Part = "content"  // what the items say
	PartMotives  Part = "motives"  // why the asker asked, in his words
)

// Parts lists every part.
var Parts = [...]Part{PartOthers, PartStaff, PartReasons, PartWeighing, PartNotes, PartContent, PartMotives}

// Withholdable lists the parts that a privacy officer can decide to leave out.
var Withholdable = [...]Part{PartReasons, PartWeighing, PartNotes, PartContent, PartMotives}

// A LeftOut says which part is not in a report, and why: nothing is left out in
// silence.
type LeftOut struct {
	Part Part
	// Ground and Weighing are of the decision on the petition; zero for what is
	// always left out.
	Ground   RefusalGround
	Weighing Personal
}

// Access makes the report for a petition, out of what the node found: a draft
// while nothing is decided.
func (p Petition) Access(accounts []Account, at time.Time) Access {
	a := Access{Made: at, Draft: p.Open(), Own: p.Own, Person: p.Person, Petition: p.ID, Received: p.Received}
	for _, one := range accounts {
		a.Accounts = append(a.Accounts, one.without(p.Ruling.Without))
	}
	slices.SortStableFunc(a.Accounts, func(x, y Account) int {
		return cmp.Or(x.Began.Compare(y.Began), cmp.Compare(x.ID, y.ID))
	})
	a.Without = []LeftOut{{Part: PartOthers}, {Part: PartStaff}}
	for _, part := range Withholdable {
		if known(p.Ruling.Without, part) {
			a.Without = append(a.Without, LeftOut{Part: part, Ground: p.Ruling.Ground, Weighing: p.Ruling.Weighing})
		}
	}
	return a
}

// without takes parts out of an account.
func (a Account) without(parts []Part) Account {
	a.Facts = slices.Clone(a.Facts)
	for _, part := range parts {
		switch part {
		case PartReasons:
			for i := range a.Facts {
				a.Facts[i].Ground, a.Facts[i].Reason = Sentence{}, Personal{}
			}
		case PartWeighing:
			a.Weighing = nil
		case PartNotes:
			if a.Kind != PetitionAccount { // how his own request was weighed he was told
				a.Notes = nil
			}
		case PartContent:
			for i := range a.Facts {
				a.Facts[i].Value = Personal{}
			}
		case PartMotives:
			a.Statements, a.Specific, a.Questions = nil, Personal{}, nil
			for i := range a.Facts {
				a.Facts[i].Why = Personal{}
			}
		}
	}
	return a
}

// AccountOfCase tells of a case to one of the people in it, and false when he is
// not. Of a case about more people the words that it began with are left out:
// they are about the family, and nobody can say which of them are about him only.
func (l *Law) AccountOfCase(c Case, is func(Person) bool, k Keep, held time.Time) (Account, bool) {
	i := slices.IndexFunc(c.People, is)
	if i < 0 {
		return Account{}, false
	}
	rule, _ := l.triggers.get(c.Trigger.Code)
	a := Account{
		ID: c.ID, Kind: CaseAccount, Purpose: rule.Name, Article: rule.Article, Began: c.Opened, Person: c.People[i], Keep: k, Held: held,
		Others: len(c.People) - 1, Notes: texts(c.People[i].Why),
	}
	if c.Trigger.From != (PartyID{}) {
		a.Passages = []Passed{{From: c.Trigger.From, To: c.Own, At: c.Trigger.On}}
	}
	if a.Others == 0 {
		a.Statements = l.said(c.Trigger.Statements)
	}
	return a, true
}

// AccountOfExchange tells of a request about a person; by is the role of who
// decided on it here.
func (l *Law) AccountOfExchange(x Exchange, by Role, k Keep, held time.Time) Account {
	r, s := x.Request, x.Request.Subject
	purpose, _ := l.purposes.get(r.Purpose)
	a := Account{
		ID: x.ID, Kind: AskedAccount, Purpose: purpose.Name, Article: purpose.Article, Began: x.Begun,
		Person:   Person{Standing: s.Standing, BSN: s.BSN, Name: s.Name, Born: s.Born, Address: s.Address},
		Specific: r.Specific, Statements: l.said(r.Statements), Questions: x.Clarifications, Passages: x.passages(), Phase: x.Phase, Keep: k, Held: held,
	}
	for _, asked := range r.Items {
		item, _ := l.items.get(asked.Item)
		a.Facts = append(a.Facts, Fact{Item: asked.Item, Name: item.Name, Kind: item.Category, Asked: asked.Depth, Why: asked.Why})
		a.Statements = append(a.Statements, l.said(asked.Statements)...)
	}
	if x.Side == Supplier {
		a.Kind = SuppliedAccount
		l.decided(&a, x, by)
		return a
	}
	a.Decided, a.Conditions, a.Notes = x.Answer.At, x.Answer.Conditions, texts(x.Broad)
	for i := range a.Facts {
		for _, got := range x.Answer.Items {
			if f := &a.Facts[i]; got.Item == f.Item {
				f.Outcome, f.Depth, f.Value, f.Told = got.Outcome, got.Depth, got.Value, got.Tell
			}
		}
	}
	return a
}

// decided fills in what was decided here. A decision that a second person still
// has to see is none.
func (l *Law) decided(a *Account, x Exchange, by Role) {
	a.Weighing, a.Notes = l.weighed(x.Weighing), texts(x.Assignment.Why, x.Returned)
	for _, advice := range x.Advice {
		a.Notes = append(a.Notes, texts(advice.Question, advice.Text)...)
	}
	if x.Phase == Proposed || len(x.Decision.Items) == 0 {
		return
	}
	a.Decided, a.By, a.Conditions = x.Decision.At, by, x.Decision.Conditions
	a.Notes = append(a.Notes, texts(x.Decision.Note)...)
	for i := range a.Facts {
		for _, d := range x.Decision.Items {
			if f := &a.Facts[i]; d.Item == f.Item {
				ground, _ := l.grounds.get(d.Ground)
				f.Outcome, f.Depth, f.Value, f.Ground, f.Reason, f.Told = d.Outcome, d.Depth, d.Value, ground.Name, d.Reason, d.Tell
			}
		}
	}
}

// said puts the questions of the catalogue to what was stated.
func (l *Law) said(all []Statement) (said []Explained) {
	for _, s := range all {
		rule, _ := l.statements.get(s.Code)
		one := Explained{Ask: rule.Ask, Text: s.Text}
		for _, c := range rule.Choices {
			if string(c.Code) == s.Text.Reveal() {
				one.Choice, one.Text = c.Name, Personal{}
			}
		}
		said = append(said, one)
	}
	return said
}

// weighed puts the questions of the catalogue to the steps that were taken. A step
// has one code in all weighings that have it.
func (l *Law) weighed(steps Steps) (said []Explained) {
	for _, s := range steps {
		one := Explained{Text: s.Text}
		for _, w := range l.weighings.all {
			for _, rule := range w.Steps {
				if rule.Code != s.Code {
					continue
				}
				for _, o := range rule.Outcomes {
					if o.Code == s.Outcome {
						one.Ask, one.Choice = rule.Ask, o.Name
					}
				}
			}
		}
		said = append(said, one)
	}
	return said
}

// AccountOfPetition tells of what the person himself asked before.
func AccountOfPetition(p Petition, k Keep, held time.Time) Account {
	a := Account{
		ID: p.ID, Kind: PetitionAccount, Purpose: petitionNames[p.Kind], Article: petitionArticles[p.Kind], Began: p.Received,
		Person: Person{BSN: p.Person.BSN, Name: p.Person.Name, Born: p.Person.Born}, Specific: p.Asked, Notes: texts(p.Ruling.Weighing),
		Outcome: p.Ruling.Outcome, Keep: k, Held: held,
	}
	if !p.Open() {
		a.Decided, a.By = p.Ruling.At, PrivacyOfficer
	}
	return a
}

// texts leaves out what is empty.
func texts(all ...Personal) []Personal {
	return slices.DeleteFunc(all, Personal.Zero)
}

var petitionArticles = map[PetitionKind]string{
	AccessPetition: "15 AVG", RectificationPetition: "16 AVG", ErasurePetition: "17 AVG", RestrictionPetition: "18 AVG", ObjectionPetition: "21 AVG",
}

var petitionNames = map[PetitionKind]Sentence{
	AccessPetition:        {NL: "verzoek om inzage", EN: "request for access"},
	RectificationPetition: {NL: "verzoek om gegevens te verbeteren", EN: "request for rectification"},
	ErasurePetition:       {NL: "verzoek om gegevens te wissen", EN: "request for erasure"},
	RestrictionPetition:   {NL: "verzoek om het gebruik te beperken", EN: "request for restriction"},
	ObjectionPetition:     {NL: "bezwaar tegen het gebruik", EN: "objection"},
}

// A Passed (doorgifte) is one way that something about a person went: from a party to a
// party, ourselves included, and which items; none when only the question went.
type Passed struct {
	From, To PartyID
	At       time.Time
	Items    []ItemCode
}

// passages are all ways that something of an exchange went, as far as this side
// knows. Whatever else brings items here, or takes them on, is added here.
func (x Exchange) passages() []Passed {
	from, to := x.Request.From, x.Request.To
	all := []Passed{{From: from, To: to, At: x.Begun}}
	got, gone := x.Answer.supplied(), x.Decision.supplied()
	switch {
	case x.PassedOn():
		// Nobody of ours asked: it came from its source, by way of others.
		links := x.Provenance.Links
		all = []Passed{{From: x.Provenance.Supplier, To: links[0].From, At: x.Provenance.Decided, Items: got}}
		for _, l := range links {
			all = append(all, Passed{From: l.From, To: l.To, At: l.At, Items: got})
		}
	case x.Side == Asker && len(got) > 0:
		all = append(all, Passed{From: to, To: from, At: x.Answer.At, Items: got})
	case x.Side == Supplier && len(gone) > 0 && x.Phase == Answered:
		all = append(all, Passed{From: to, To: from, At: x.Decision.At, Items: gone})
	}
	for _, p := range x.Passings {
		if p.State == PassingDelivered || p.State == PassingNoticed {
			all = append(all, Passed{From: p.From, To: p.To, At: p.At, Items: p.Items})
		}
	}
	return all
}

// supplied are the items of which something came.
func (a Answer) supplied() (all []ItemCode) {
	for _, i := range a.Items {
		if i.Outcome == Supply {
			all = append(all, i.Item)
		}
	}
	return all
}

// Parties are all that a report names, each once.
func (a Access) Parties() (all []PartyID) {
	add := func(p PartyID) {
		if p != (PartyID{}) && !known(all, p) {
			all = append(all, p)
		}
	}
	add(a.Own)
	for _, one := range a.Accounts {
		for _, p := range one.Passages {
			add(p.From)
			add(p.To)
		}
		for _, c := range one.Conditions {
			for _, p := range c.Parties {
				add(p)
			}
		}
	}
	return all
}

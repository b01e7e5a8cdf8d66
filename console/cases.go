package console

import (
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A caseList is a page of the cases of a capacity.
type caseList struct {
	Cases []caseRow
	All   bool        // also those that are closed
	Next  exchange.ID // where the next page begins; "" behind the last
	Later bool        // it is not the first page
}

// casesEach is how many cases a page has.
const casesEach = 50

// caseList is the page that the address asks for, with how the requests of each
// case stand. all also lists those that are closed.
func (v *visit) caseList(all bool) (list caseList, err error) {
	list = caseList{All: all, Later: v.field("voor") != ""}
	before := exchange.ID("")
	if list.Later {
		if before, err = exchange.ParseID(v.field("voor")); err != nil {
			return list, errNoPage
		}
	}
	page, next, err := v.c.node.LatestCases(v.r.Context(), v.session.hat, !all, before, casesEach)
	if err != nil {
		return list, err
	}
	list.Next = next
	list.Cases, err = v.caseRows(page)
	return list, err
}

// listCases lists the cases of the capacity, the newest first: nothing says whom
// they concern.
func listCases(v *visit) error {
	list, err := v.caseList(v.field("alle") != "")
	if err != nil {
		return err
	}
	if v.field("deel") != "" {
		return v.part("cases", "case-list", list)
	}
	return v.show("cases", v.word("cases.title"), list)
}

// A caseForm is the form of a new case.
type caseForm struct {
	form
	Trigger    exchange.TriggerRule
	Triggers   []exchange.TriggerRule
	Statements []stated
	Domains    []domainGroup
	Parties    []option
}

// A stated is one statement that the law wants, as a field.
type stated struct {
	exchange.StatementRule
	Name    string // of the field
	Needed  bool
	Options []option
}

func (v *visit) stated(code exchange.StatementCode, name string, needed bool) stated {
	rule, _ := v.c.node.Law().Statement(code)
	s := stated{StatementRule: rule, Name: name, Needed: needed}
	for _, c := range rule.Choices {
		s.Options = append(s.Options, option{string(c.Code), in(v.lang, c.Name)})
	}
	return s
}

// capacity is the capacity in which somebody works now.
func (v *visit) capacity() exchange.Capacity {
	c, _ := v.c.node.Identity().Capacity(v.session.hat)
	return c
}

// caseForm puts the form of a new case together, for the trigger that is chosen.
func (v *visit) caseForm() caseForm {
	f := caseForm{form: form{Values: v.r.Form}}
	law := v.c.node.Law()
	for t := range law.Triggers() {
		if slices.Contains(t.Tasks, v.capacity().Task) {
			f.Triggers = append(f.Triggers, t)
			if string(t.Code) == f.Value("aanleiding") {
				f.Trigger = t
			}
		}
	}
	if f.Trigger.Code == "" && len(f.Triggers) == 1 {
		f.Trigger = f.Triggers[0]
	}
	for _, code := range f.Trigger.All {
		f.Statements = append(f.Statements, v.stated(code, "st."+string(code), true))
	}
	for _, code := range f.Trigger.Any {
		f.Statements = append(f.Statements, v.stated(code, "st."+string(code), len(f.Trigger.Any) == 1))
	}
	f.Domains = v.domainGroups()
	for _, o := range v.others() {
		f.Parties = append(f.Parties, option{o.id.String(), o.label})
	}
	if f.Value("op") == "" {
		f.Values.Set("op", v.c.now().In(office).Format(time.DateOnly))
	}
	return f
}

// An other is a party in one capacity.
type other struct {
	id       exchange.PartyID
	capacity exchange.Capacity
	label    string
}

// others lists who is in the register, in each capacity.
func (v *visit) others() (all []other) {
	reg := v.c.node.Register()
	if reg == nil {
		return nil
	}
	for _, p := range reg.Parties() {
		for _, c := range p.Capacities {
			d, _ := v.c.node.Law().Domain(c.Domain)
			all = append(all, other{exchange.PartyID{OIN: p.OIN, Capacity: c.Code}, c, p.Name + " (" + in(v.lang, d.Name) + ")"})
		}
	}
	return all
}

func newCasePage(v *visit) error {
	f := v.caseForm()
	if f.Trigger.Code == "" && v.field("kies") != "" {
		f.wrong("aanleiding", v.word("case.began.missing"))
	}
	return v.show("case-new", v.word("case.new"), f)
}

// newCase opens a case, for one person: others are added in it.
func newCase(v *visit) error {
	f := v.caseForm()
	c := exchange.Case{Trigger: exchange.Trigger{Code: f.Trigger.Code, Statements: v.statements(f.Statements)}}
	var ok bool
	switch c.Trigger.On, ok = v.day("op"); {
	case !ok:
		f.wrong("op", v.word("decide.day"))
	case c.Trigger.On.After(v.today()):
		f.wrong("op", v.word("case.on.future"))
	}
	if f.Trigger.From {
		from, err := exchange.ParsePartyID(v.field("van"))
		if err != nil {
			f.wrong("van", v.word("case.from.missing"))
		}
		c.Trigger.From = from
	}
	v.mustState(&f.form, f.Statements)
	v.stateOneOf(&f.form, f.either())
	if f.Trigger.Scope {
		for _, d := range v.r.Form["domein"] {
			c.Trigger.Scope = append(c.Trigger.Scope, exchange.DomainCode(d))
		}
		if len(c.Trigger.Scope) == 0 {
			f.wrong("domein", v.word("case.scope.missing"))
		}
	}
	c.People = []exchange.Person{v.person(&f.form, exchange.Client)}
	if len(f.Mistakes) > 0 {
		return v.show("case-new", v.word("case.new"), f)
	}
	opened, err := v.c.node.OpenCase(v.r.Context(), v.who(), c)
	if err != nil {
		f.Mistakes = append(f.Mistakes, v.refusedAt(err))
		return v.show("case-new", v.word("case.new"), f)
	}
	return v.redirect("/casussen/" + string(opened.ID))
}

// either are the statements of which one is enough.
func (f caseForm) either() (all []stated) {
	for _, s := range f.Statements {
		if slices.Contains(f.Trigger.Any, s.Code) {
			all = append(all, s)
		}
	}
	return all
}

// statements reads what was stated.
func (v *visit) statements(all []stated) (list []exchange.Statement) {
	for _, s := range all {
		if text := v.text(s.Name); !text.Zero() {
			list = append(list, exchange.Statement{Code: s.Code, Text: text})
		}
	}
	return list
}

// A dossier is a case with all that was asked in it.
type dossier struct {
	exchange.Case
	Rule     exchange.TriggerRule
	Requests []peer.Summary
	Swim     swim
	Side     caseSide
}

// casePage shows a case: whom it concerns, and how each request in it stands.
func casePage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	var d dossier
	if d.Requests, err = v.everything(peer.Filter{Side: exchange.Asker, Case: id, Hat: v.session.hat}); err != nil {
		return err
	}
	d.Swim = v.swim(d.Requests)
	if v.field("deel") != "" {
		d.ID = id
		return v.part("case", "course", d)
	}
	if d.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	d.Rule, _ = v.c.node.Law().Trigger(d.Trigger.Code)
	if d.Side, err = v.side(d.Case, d.Requests); err != nil {
		return err
	}
	return v.show("case", v.word("case.title"), d)
}

// caseAt is the page of a case: at the reporting desk that of a report.
func (v *visit) caseAt(id exchange.ID) string {
	if v.session.role == exchange.ReportingDesk {
		return "/meldingen/" + string(id)
	}
	return "/casussen/" + string(id)
}

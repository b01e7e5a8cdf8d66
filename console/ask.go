package console

import (
	"errors"
	"net/url"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// askers are the roles in which somebody can ask. In which task which of them
// may, the law says.
var askers = []exchange.Role{exchange.Requester, exchange.Coordinator, exchange.ReportingDesk, exchange.Professional}

// drawAsking is the map for who asks.
func (c *Console) drawAsking() {
	c.page("GET /casussen", askers, listCases)
	c.page("GET /casussen/nieuw", askers, newCasePage)
	c.page("POST /casussen/nieuw", askers, newCase)
	c.page("GET /casussen/{id}", askers, casePage)
	c.page("GET /casussen/{id}/brief", askers, letterPage)
	c.page("GET /casussen/{id}/vragen", askers, chooseWhom)
	c.page("GET /casussen/{id}/verzoek", askers, askPage)
	c.page("POST /casussen/{id}/verzoek", askers, ask)
	c.page("GET /verzoeken/{id}", askers, answerPage)
	c.page("POST /verzoeken/{id}/uitleg", askers, reply)
	c.page("POST /verzoeken/{id}/intrekken", askers, withdraw)
}

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

func newCasePage(v *visit) error { return v.show("case-new", v.word("case.new"), v.caseForm()) }

// newCase opens a case, for one person: others are added in it.
func newCase(v *visit) error {
	f := v.caseForm()
	c := exchange.Case{Trigger: exchange.Trigger{Code: f.Trigger.Code, Statements: v.statements(f.Statements)}}
	var ok bool
	if c.Trigger.On, ok = v.day("op"); !ok {
		f.wrong("op", v.word("decide.day"))
	}
	if f.Trigger.Scope {
		for _, d := range v.r.Form["domein"] {
			c.Trigger.Scope = append(c.Trigger.Scope, exchange.DomainCode(d))
		}
		if len(c.Trigger.Scope) == 0 {
			f.wrong("domein", v.word("case.scope.missing"))
		}
	}
	if f.Trigger.From {
		from, err := exchange.ParsePartyID(v.field("van"))
		if err != nil {
			f.wrong("van", v.word("case.from.missing"))
		}
		c.Trigger.From = from
	}
	person := exchange.Person{Standing: exchange.Client, Name: v.text("naam"), Born: v.text("geboren"), Address: v.text("adres")}
	if v.field("bsn") != "" {
		number, err := exchange.ParseBSN(v.field("bsn"))
		if err != nil {
			f.wrong("bsn", v.word("case.bsn.wrong"))
		}
		person.BSN = number
	}
	c.People = []exchange.Person{person}
	if len(f.Mistakes) > 0 {
		return v.show("case-new", v.word("case.new"), f)
	}
	opened, err := v.c.node.OpenCase(v.r.Context(), v.who(), c)
	if err != nil {
		f.Mistakes = append(f.Mistakes, v.advice(err))
		return v.show("case-new", v.word("case.new"), f)
	}
	return v.redirect("/casussen/" + string(opened.ID))
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

// A whom is the first page of a request: for what purpose, and of whom.
type whom struct {
	Case    exchange.ID
	Back    string
	Choices []purposeChoice
}

// A purposeChoice is a purpose with who can be asked for it.
type purposeChoice struct {
	exchange.Purpose
	Parties []option
}

// chooseWhom lists what can be asked of whom: only what the law allows.
func chooseWhom(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	c, err := v.c.node.ViewCase(v.r.Context(), v.who(), id)
	if err != nil {
		return err
	}
	w := whom{Case: id, Back: v.caseAt(id)}
	for p := range v.c.node.Law().Purposes() {
		if p.Absence != "" || p.Taking {
			continue // a case conference has pages of its own
		}
		choice := purposeChoice{Purpose: p}
		for _, o := range v.reach(p, c.Trigger) {
			choice.Parties = append(choice.Parties, option{o.id.String(), o.label})
		}
		if len(choice.Parties) > 0 {
			w.Choices = append(w.Choices, choice)
		}
	}
	return v.show("whom", v.word("whom.title"), w)
}

// reach lists who can be asked for a purpose in a case that began with a trigger.
func (v *visit) reach(p exchange.Purpose, t exchange.Trigger) (all []other) {
	for _, o := range v.others() {
		own := o.id.OIN == v.c.node.Identity().OIN
		if own && o.id.Capacity == v.session.hat {
			continue
		}
		if slices.ContainsFunc(p.Ways, func(way exchange.Way) bool {
			return slices.Contains(way.Askers, v.capacity().Task) && slices.Contains(way.Asked, o.capacity.Domain) && slices.Contains(way.Triggers, t.Code) &&
				(len(way.HeldBy) == 0 || slices.Contains(way.HeldBy, o.capacity.Task)) && (own || !way.Own) &&
				(way.BeyondScope || len(t.Scope) == 0 || slices.Contains(t.Scope, o.capacity.Domain))
		}) {
			all = append(all, o)
		}
	}
	return all
}

// An askForm is the page on which a request is written.
type askForm struct {
	form
	Back       string // to the case
	Case       exchange.Case
	Purpose    exchange.Purpose
	To         exchange.PartyID
	Items      []itemField
	Statements []stated
	Domains    []option
	People     []option
	Preview    *exchange.Request
}

// An itemField is one item that can be asked.
type itemField struct {
	exchange.Item
	Options    []option // depths
	Statements []stated
}

// askForm puts the page together for the purpose and the party of the address.
func (v *visit) askForm() (f askForm, err error) {
	id, err := v.id()
	if err != nil {
		return f, err
	}
	if f.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return f, err
	}
	f.form.Values, f.Back = v.r.Form, v.caseAt(id)
	if f.People = people(f.Case); f.Value("persoon") == "" {
		f.Values.Set("persoon", "1")
	}
	law := v.c.node.Law()
	var ok bool
	if f.Purpose, ok = law.Purpose(exchange.PurposeCode(f.Value("doel"))); !ok {
		return f, errNoPage
	}
	if f.To, err = exchange.ParsePartyID(f.Value("aan")); err != nil {
		return f, errNoPage
	}
	at := slices.IndexFunc(v.others(), func(o other) bool { return o.id == f.To })
	if at < 0 {
		return f, errNoPage
	}
	to := v.others()[at].capacity
	domain, _ := law.Domain(to.Domain)
	for _, n := range f.Purpose.Needs {
		if n.Category == "" && !n.Background && (n.Kind == "" || n.Kind == domain.Kind) {
			f.Statements = append(f.Statements, v.stated(n.Statement, "st."+string(n.Statement), n.Or == ""))
			if n.Or != "" {
				f.Statements = append(f.Statements, v.stated(n.Or, "st."+string(n.Or), false))
			}
		}
	}
	for item := range law.Items() {
		pair := exchange.Pair{Asker: v.capacity(), Asked: to, Own: f.To.OIN == v.c.node.Identity().OIN}
		if item.Domain != to.Domain {
			continue
		}
		if _, err := law.May(f.Purpose.Code, pair, item.Category); err != nil {
			continue
		}
		field := itemField{Item: item}
		for _, d := range exchange.Depths {
			if words, ok := item.Depths[d]; ok {
				field.Options = append(field.Options, option{string(d), in(v.lang, words)})
			}
		}
		for _, n := range f.Purpose.Needs {
			if n.Category != "" && n.Category == item.Category || n.Background && item.Background {
				field.Statements = append(field.Statements, v.stated(n.Statement, "st."+string(item.Code)+"."+string(n.Statement), n.Or == ""))
				if n.Or != "" {
					field.Statements = append(field.Statements, v.stated(n.Or, "st."+string(item.Code)+"."+string(n.Or), false))
				}
			}
		}
		f.Items = append(f.Items, field)
	}
	for d := range law.Domains() {
		f.Domains = append(f.Domains, option{string(d.Code), in(v.lang, d.Name)})
	}
	return f, nil
}

func askPage(v *visit) error {
	f, err := v.askForm()
	if err != nil {
		return err
	}
	return v.show("ask", v.word("ask.title"), f)
}

// ask shows what the other party will see, and sends it from there.
func ask(v *visit) error {
	f, err := v.askForm()
	if err != nil {
		return err
	}
	asking := v.asking(&f)
	if v.field("actie") == "terug" {
		return v.show("ask", v.word("ask.title"), f)
	}
	if len(f.Mistakes) == 0 {
		said, err := v.c.node.Examine(v.r.Context(), v.who(), asking)
		var refusal *exchange.Refusal
		if err != nil && !errors.As(err, &refusal) {
			return err
		}
		if err != nil {
			f.Mistakes = append(f.Mistakes, v.advice(err))
		}
		for _, finding := range said.Findings {
			if finding.Refusal != nil {
				f.Mistakes = append(f.Mistakes, v.advice(finding.Refusal))
			}
		}
	}
	if len(f.Mistakes) > 0 {
		return v.show("ask", v.word("ask.title"), f)
	}
	if v.field("actie") != "versturen" {
		f.Preview = &asking.Request
		return v.show("ask-check", v.word("ask.check"), f)
	}
	x, err := v.c.node.Ask(v.r.Context(), v.who(), asking)
	if err != nil {
		f.Mistakes = append(f.Mistakes, v.advice(err))
		return v.show("ask", v.word("ask.title"), f)
	}
	v.say("ask.sent")
	return v.redirect(v.caseAt(x.Request.Case))
}

// caseAt is the page of a case: at the reporting desk that of a report.
func (v *visit) caseAt(id exchange.ID) string {
	if v.session.role == exchange.ReportingDesk {
		return "/meldingen/" + string(id)
	}
	return "/casussen/" + string(id)
}

// asking is the request as the form says it.
func (v *visit) asking(f *askForm) peer.Asking {
	r := exchange.Request{
		Case: f.Case.ID, From: exchange.PartyID{OIN: v.c.node.Identity().OIN, Capacity: v.session.hat}, To: f.To, Purpose: f.Purpose.Code,
		Specific: v.text("waarvoor"), Statements: v.statements(f.Statements),
		Involvement: exchange.Involvement{State: exchange.InvolvementState(v.field("weet")), Why: v.text("weet-omdat")},
		Contact:     v.text("contact"),
	}
	for _, d := range v.r.Form["delen"] {
		r.ShareWith = append(r.ShareWith, exchange.DomainCode(d))
	}
	for _, i := range f.Items {
		if asked, ok := v.askedItem(&f.form, i); ok {
			r.Items = append(r.Items, asked)
		}
	}
	if len(r.Items) == 0 && len(f.Mistakes) == 0 {
		f.wrong("gegevens", v.word("ask.nothing"))
	}
	v.mustSay(&f.form)
	return peer.Asking{Request: r, Person: parseNumber(v.field("persoon")), Broad: v.text("zoveel")}
}

// askedItem is one item as the form says it, if it is asked. What is missing goes to
// the mistakes of the form.
func (v *visit) askedItem(f *form, i itemField) (exchange.AskedItem, bool) {
	code := string(i.Code)
	depth := exchange.Depth(v.field("diepte." + code))
	if depth == "" {
		if v.begun("reden."+code, i.Statements) {
			f.wrong("diepte."+code, v.word("ask.depth.missing", "item", in(v.lang, i.Name)))
		}
		return exchange.AskedItem{}, false
	}
	why := v.text("reden." + code)
	if why.Blank() {
		f.wrong("reden."+code, v.word("ask.why.missing", "item", in(v.lang, i.Name)))
	}
	return exchange.AskedItem{Item: i.Code, Depth: depth, Why: why, Statements: v.statements(i.Statements)}, true
}

// mustSay asks for what every request says.
func (v *visit) mustSay(f *form) {
	for _, must := range []struct{ field, key string }{{"waarvoor", "ask.specific.missing"}, {"weet", "ask.knows.missing"}, {"contact", "ask.contact.missing"}} {
		if v.field(must.field) == "" {
			f.wrong(must.field, v.word(must.key))
		}
	}
}

// begun reports whether somebody wrote something about an item: then it must not
// fall out of sight because nothing was chosen with it.
func (v *visit) begun(name string, statements []stated) bool {
	return !v.text(name).Blank() || slices.ContainsFunc(statements, func(s stated) bool { return !v.text(s.Name).Blank() })
}

// Hidden is the form as it goes along with the preview.
func (f askForm) Hidden() url.Values { return hidden(f.Values) }

// Person is whom the preview is about.
func (f askForm) Person() string {
	n := parseNumber(f.Value("persoon"))
	if n < 1 || n > len(f.People) {
		return ""
	}
	return f.People[n-1].Label
}

// A reading is the answer to a request as who asked reads it.
type reading struct {
	exchange.Exchange
	form
	Course []courseStep
	Paused bool
	Barred bool // nothing of it may go on
	Back   string
}

// answerPage shows a request of ours: how it stands, and what was answered with
// its conditions beside it.
func answerPage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	x, err := v.c.node.Open(v.r.Context(), v.who(), id)
	if err != nil {
		return err
	}
	if x.Side != exchange.Asker {
		return errNoPage
	}
	if x.PassedOn() {
		return v.redirect(answerOf(x))
	}
	r := reading{Exchange: x, form: form{Values: v.r.Form}, Course: v.course(x)}
	_, r.Paused = x.Deadline()
	if x.Phase.Ended() {
		v.c.read.note(v.session.actor, x.ID, v.c.now())
	}
	r.Barred, r.Back = v.barred(x), v.caseAt(x.Request.Case)
	return v.show("answer", v.word("answer.title"), r)
}

// reply answers a question back.
func reply(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if v.text("antwoord").Blank() {
		v.say("answer.reply.missing")
	} else if _, err := v.c.node.Reply(v.r.Context(), v.who(), id, v.text("antwoord")); err != nil {
		return err
	}
	return v.redirect("/verzoeken/" + string(id))
}

// withdraw takes a request back.
func withdraw(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := v.c.node.Withdraw(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	v.say("answer.withdrawn")
	return v.redirect("/verzoeken/" + string(id))
}

// A courseStep is one thing that happened in a request.
type courseStep struct {
	At   time.Time
	Ours bool // who did it: we, or the other party
	Text string
	Y    int // where it stands in the picture
}

// course is how a request went, in order.
func (v *visit) course(x exchange.Exchange) []courseStep {
	all := []courseStep{{At: x.Begun, Ours: true, Text: v.word("course.asked", "n", len(x.Request.Items))}}
	for _, q := range x.Clarifications {
		all = append(all, courseStep{At: q.Came, Text: v.word("course.question")})
		if !q.Replied.IsZero() {
			all = append(all, courseStep{At: q.Replied, Ours: true, Text: v.word("course.reply")})
		}
	}
	given := 0
	for _, i := range x.Answer.Items {
		if i.Outcome == exchange.Supply {
			given++
		}
	}
	if !x.Answer.At.IsZero() {
		all = append(all, courseStep{At: x.Answer.At, Text: v.word("course.answer", "n", given, "of", len(x.Answer.Items))})
	}
	for _, p := range onwardOf(x).Passed {
		all = append(all, courseStep{At: p.At, Ours: true, Text: v.word("course.passed", "who", v.c.nameOf(p.To))})
	}
	if x.Phase == exchange.Withdrawn {
		all = append(all, courseStep{At: x.Changed, Ours: true, Text: v.word("course.withdrawn")})
	}
	slices.SortStableFunc(all, func(a, b courseStep) int { return a.At.Compare(b.At) })
	const first, step = 76, 50
	for i := range all {
		all[i].Y = first + i*step
	}
	return all
}

// High is the height of the picture of a course.
func (r reading) High() int { return 60 + 50*len(r.Course) }

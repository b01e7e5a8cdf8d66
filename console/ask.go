package console

import (
	"errors"
	"net/url"
	"slices"

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
	if !v.refilled {
		if err := v.recallBegun(&f); err != nil {
			return err
		}
	}
	return v.show("ask", v.word("ask.title"), f)
}

// ask shows what the other party will see, and sends it from there.
func ask(v *visit) error {
	if done, err := v.keepAsking(); done || err != nil {
		return err
	}
	f, err := v.askForm()
	if err != nil {
		return err
	}
	one := begun{f.Purpose.Code, f.To}
	if err := v.keepBegun(f.Case.ID, one, hidden(v.r.PostForm)); err != nil {
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
			f.Mistakes = append(f.Mistakes, v.refusedAt(err))
		}
		for _, finding := range said.Findings {
			if finding.Refusal != nil {
				f.Mistakes = append(f.Mistakes, v.refusedAt(finding.Refusal))
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
		f.Mistakes = append(f.Mistakes, v.refusedAt(err))
		return v.show("ask", v.word("ask.title"), f)
	}
	// It was sent: with an error on his screen he would send it again.
	if err := v.keepBegun(f.Case.ID, one, nil); err != nil {
		v.c.log.Error("the draft of a request that was sent is still there", "error", err.Error())
	}
	v.say("ask.sent")
	return v.redirect(v.caseAt(x.Request.Case))
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
	v.mustState(&f.form, f.Statements)
	v.mustSay(&f.form)
	f.inOrder(f.fields()...)
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
	v.mustState(f, i.Statements)
	return exchange.AskedItem{Item: i.Code, Depth: depth, Why: why, Statements: v.statements(i.Statements)}, true
}

// mustSay asks for what every request says.
func (v *visit) mustSay(f *form) {
	for _, must := range []struct{ field, key string }{{"waarvoor", "ask.specific.missing"}, {"weet", "ask.knows.missing"}, {"contact", "ask.contact.missing"}} {
		if v.field(must.field) == "" {
			f.wrong(must.field, v.word(must.key))
		}
	}
	switch exchange.InvolvementState(v.field("weet")) {
	case exchange.NotYetInformed, exchange.Objected:
		if v.text("weet-omdat").Blank() {
			f.wrong("weet-omdat", v.word("ask.knows.why.missing"))
		}
	}
}

// fields are those of the form, in the order in which they stand on the page.
func (f askForm) fields() []string {
	all := []string{"persoon", "waarvoor"}
	for _, s := range f.Statements {
		all = append(all, s.Name)
	}
	all = append(all, "gegevens")
	for _, i := range f.Items {
		all = append(all, "diepte."+string(i.Code), "reden."+string(i.Code))
		for _, s := range i.Statements {
			all = append(all, s.Name)
		}
	}
	return append(all, "weet", "weet-omdat", "contact", "zoveel")
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

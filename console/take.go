package console

import (
	"net/url"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A takingAlong is the page on which somebody asks to take along what another
// said, for his own task (meenemen, art. 5.4.3(4)).
type takingAlong struct {
	meeting
	Of       exchange.PartyID // who said it
	Purpose  exchange.Purpose
	Items    []takeField
	Cases    []option // of ours, on the trigger for it
	Trigger  exchange.TriggerRule
	OwnPart  []stated
	Contacts string
	Preview  *exchange.Request
}

// A takeField is one item that was said.
type takeField struct {
	itemField
	Value exchange.Personal // as it was said
}

// taken puts the page together for the party of the address.
func (v *visit) taken() (t takingAlong, err error) {
	if t.meeting, err = v.meet(); err != nil {
		return t, err
	}
	var ok bool
	if t.Purpose, ok = v.taking(); !ok || !t.Going || !t.Speaks {
		return t, errNoPage
	}
	if t.Of, err = exchange.ParsePartyID(v.field("van")); err != nil {
		return t, errNoPage
	}
	law := v.c.node.Law()
	for _, way := range t.Purpose.Ways {
		for _, code := range way.Triggers {
			if rule, ok := law.Trigger(code); ok && slices.Contains(rule.Tasks, v.capacity().Task) {
				t.Trigger = rule
			}
		}
	}
	for _, code := range t.Trigger.All {
		t.OwnPart = append(t.OwnPart, v.stated(code, "st."+string(code), true))
	}
	for _, s := range t.Said {
		if s.By != t.Of {
			continue
		}
		for _, i := range s.Items {
			if i.Of != (exchange.PartyID{}) || slices.ContainsFunc(t.Items, func(f takeField) bool { return f.Code == i.Item }) {
				continue // what he had of another is not his to give
			}
			t.Items = append(t.Items, v.takeField(t.Purpose, i))
		}
	}
	if len(t.Items) == 0 {
		return t, errNoPage
	}
	for before := exchange.ID(""); ; {
		page, next, err := v.c.node.LatestCases(v.r.Context(), v.session.hat, true, before, 0)
		if err != nil {
			return t, err
		}
		for _, c := range page {
			if c.Trigger == t.Trigger.Code {
				t.Cases = append(t.Cases, option{string(c.ID), v.word("take.case", "ref", ref(c.ID), "day", dayIn(v.lang, c.Opened))})
			}
		}
		if before = next; next == "" {
			break
		}
	}
	return t, nil
}

func (v *visit) takeField(p exchange.Purpose, said exchange.Said) takeField {
	f := takeField{itemField: itemField{Item: v.c.item(said.Item)}, Value: said.Value}
	for _, d := range exchange.Depths {
		if words, ok := f.Depths[d]; ok && d.Within(said.Depth) {
			f.Options = append(f.Options, option{string(d), in(v.lang, words)})
		}
	}
	for _, n := range p.Needs {
		if n.Category != "" && n.Category == f.Category || n.Background && f.Background {
			f.Statements = append(f.Statements, v.stated(n.Statement, "st."+string(f.Code)+"."+string(n.Statement), n.Or == ""))
		}
	}
	return f
}

func takePage(v *visit) error {
	t, err := v.taken()
	if err != nil {
		return err
	}
	if len(t.Cases) == 0 {
		t.Values.Set("casus", newOne)
	}
	return v.show("conference-take", v.word("take.title"), t)
}

// newOne is the choice of a case that is still to be opened.
const newOne = "nieuw"

// take shows what is asked of who said it, and asks it from there. The case in
// which it is asked is opened with it, where there is none.
func take(v *visit) error {
	t, err := v.taken()
	if err != nil {
		return err
	}
	r := v.takingRequest(&t)
	if len(t.Mistakes) > 0 || v.field("actie") == "terug" {
		return v.show("conference-take", v.word("take.title"), t)
	}
	if v.field("actie") != "versturen" {
		t.Preview = &r
		return v.show("conference-take-check", v.word("take.check"), t)
	}
	x, err := v.askToTake(&t, r)
	if err != nil {
		t.Mistakes = append(t.Mistakes, v.advice(err))
		return v.show("conference-take", v.word("take.title"), t)
	}
	v.say("take.sent")
	return v.redirect("/verzoeken/" + string(x.ID))
}

// askToTake asks, in the case that was chosen. One that was opened stays chosen
// when the request is refused.
func (v *visit) askToTake(t *takingAlong, r exchange.Request) (exchange.Exchange, error) {
	if v.field("casus") == newOne {
		c, err := v.c.node.OpenCase(v.r.Context(), v.who(), exchange.Case{
			Trigger: exchange.Trigger{Code: t.Trigger.Code, On: v.today(), From: t.Organiser, Statements: v.statements(t.OwnPart)},
			People: []exchange.Person{{
				Standing: t.Subject.Standing, BSN: t.Subject.BSN, Name: t.Subject.Name, Born: t.Subject.Born, Address: t.Subject.Address,
			}},
		})
		if err != nil {
			return exchange.Exchange{}, err
		}
		r.Case = c.ID
		t.Values.Set("casus", string(c.ID))
		t.Cases = append(t.Cases, option{string(c.ID), v.word("take.case", "ref", ref(c.ID), "day", dayIn(v.lang, c.Opened))})
	}
	return v.c.node.Ask(v.r.Context(), v.who(), peer.Asking{Request: r, Person: 1})
}

// takingRequest is the request as the form says it.
func (v *visit) takingRequest(t *takingAlong) exchange.Request {
	r := exchange.Request{
		Case: exchange.ID(v.field("casus")), From: t.Own, To: t.Of, Purpose: t.Purpose.Code, Conference: t.ID, Specific: v.text("waarvoor"), Contact: v.text("contact"),
		Involvement: exchange.Involvement{State: exchange.InvolvementState(v.field("weet")), Why: v.text("weet-omdat")},
	}
	switch {
	case r.Case == "":
		t.wrong("casus", v.word("take.case.missing"))
	case r.Case == newOne:
		for _, s := range t.OwnPart {
			if v.text(s.Name).Blank() {
				t.wrong(s.Name, v.word("take.part.missing"))
			}
		}
	case !slices.ContainsFunc(t.Cases, func(o option) bool { return o.Value == string(r.Case) }):
		t.wrong("casus", v.word("take.case.missing"))
	}
	for _, i := range t.Items {
		if asked, ok := v.askedItem(&t.form, i.itemField); ok {
			r.Items = append(r.Items, asked)
		}
	}
	if len(r.Items) == 0 {
		t.wrong("gegevens", v.word("ask.nothing"))
	}
	v.mustSay(&t.form)
	return r
}

// Hidden is the form as it goes along with the preview.
func (t takingAlong) Hidden() url.Values { return hidden(t.Values) }

// today is the day as the law's terms count it: midnight UTC.
func (v *visit) today() time.Time { return v.c.now().UTC().Truncate(24 * time.Hour) }

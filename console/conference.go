package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// conferrers are the roles in which somebody can take part in a case conference.
// In which task which of them speaks for his party, the law says.
var conferrers = []exchange.Role{exchange.Professional, exchange.Requester, exchange.Coordinator}

// drawConference is the map for case conferences (casusoverleg, art. 5.4.3), for
// who organises them and for who was invited.
func (c *Console) drawConference() {
	organisers := []exchange.Role{exchange.Requester, exchange.Coordinator}
	c.page("GET /casussen/{id}/overleg", organisers, organisePage)
	c.page("POST /casussen/{id}/overleg", organisers, organise)
	c.page("GET /overleg", conferrers, listConferences)
	c.page("GET /overleg/{id}", conferrers, conferencePage)
	c.page("POST /overleg/{id}/antwoord", conferrers, answerInvitation)
	c.page("GET /overleg/{id}/inbreng", conferrers, contributePage)
	c.page("POST /overleg/{id}/inbreng", conferrers, contribute)
	c.page("GET /overleg/{id}/afspraak", conferrers, agreementPage)
	c.page("POST /overleg/{id}/afspraak", conferrers, agree)
	c.page("GET /overleg/{id}/meenemen", conferrers, takePage)
	c.page("POST /overleg/{id}/meenemen", conferrers, take)
	c.page("GET /overleg/{id}/sluiten", organisers, closingPage)
	c.page("POST /overleg/{id}/sluiten", organisers, closeConference)
}

// A meetingList is every conference of a capacity, with what was taken along from
// them. Nothing in it says whom they are about.
type meetingList struct {
	Rows  []peer.ConferenceSummary
	Taken []peer.Summary
}

func listConferences(v *visit) error {
	all, err := v.c.node.Conferences(v.r.Context(), v.session.hat)
	if err != nil {
		return err
	}
	slices.Reverse(all) // the newest first
	list := meetingList{Rows: all}
	if purpose, takes := v.taking(); takes {
		asked, err := v.everything(peer.Filter{Side: exchange.Asker, Hat: v.session.hat})
		if err != nil {
			return err
		}
		list.Taken = slices.DeleteFunc(asked, func(s peer.Summary) bool { return s.Purpose != purpose.Code })
	}
	if v.field("deel") != "" {
		return v.part("conferences", "meetings", list)
	}
	return v.show("conferences", v.word("meetings.title"), list)
}

// invited lists the conferences that wait for an answer of ours, and what somebody
// began to say in others.
func (v *visit) invited() (waits []peer.ConferenceSummary, begun []unsaid, err error) {
	if !slices.Contains(conferrers, v.session.role) {
		return nil, nil, nil
	}
	all, err := v.c.node.Conferences(v.r.Context(), v.session.hat)
	if err != nil {
		return nil, nil, err
	}
	if begun, err = v.unsaidWork(all); err != nil {
		return nil, nil, err
	}
	return slices.DeleteFunc(all, func(s peer.ConferenceSummary) bool { return !s.Open || s.State != exchange.SeatInvited }), begun, nil
}

// A meeting is a conference as its pages show it.
type meeting struct {
	exchange.Conference
	form
	Said []exchange.Contribution
	Mark string        // changes with what is in it
	Seat exchange.Seat // our own; zero at the organiser
	// Going says that it goes on, Ours that we organise it, Speaks that we take
	// part, Takes that our task is one for which something can be taken along.
	Going, Ours, Speaks, Takes bool
	Unsaid                     []unsaid // what somebody began to say
}

// meet opens the conference of the path. That somebody looked is in the ledger.
func (v *visit) meet() (m meeting, err error) {
	id, err := v.id()
	if err != nil {
		return m, err
	}
	// The mark is taken first: what comes in between is seen again, not missed.
	if _, m.Mark, err = v.c.node.ConferenceStatus(v.r.Context(), id, v.session.hat); err != nil {
		return m, err
	}
	if m.Conference, m.Said, err = v.c.node.OpenConference(v.r.Context(), v.who(), id); err != nil {
		return m, err
	}
	m.Values = v.r.Form
	m.Going, m.Ours, m.Speaks = m.Open(v.c.now()), m.Own == m.Organiser, m.Attends(m.Own)
	for _, s := range m.Seats {
		if s.Party == m.Own {
			m.Seat = s
		}
	}
	_, m.Takes = v.taking()
	slices.Reverse(m.Said) // who comes in reads the newest first
	return m, nil
}

// taking is the purpose for which somebody in this capacity takes things along.
func (v *visit) taking() (exchange.Purpose, bool) {
	for p := range v.c.node.Law().Purposes() {
		if p.Taking && slices.ContainsFunc(p.Ways, func(w exchange.Way) bool { return slices.Contains(w.Askers, v.capacity().Task) }) {
			return p, true
		}
	}
	return exchange.Purpose{}, false
}

// conferencePage shows a conference while it goes on, and what is left of it after.
// A part that nothing changed in is not opened again: each time that somebody reads
// is in the ledger.
func conferencePage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if v.field("deel") != "" {
		_, mark, err := v.c.node.ConferenceStatus(v.r.Context(), id, v.session.hat)
		if err != nil {
			return err
		}
		if mark == v.field("stand") {
			v.w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	m, err := v.meet()
	if err != nil {
		return err
	}
	if m.Going && m.Speaks {
		if m.Unsaid, err = v.unsaidIn(m.ID); err != nil {
			return err
		}
	}
	if v.field("deel") != "" {
		return v.part("conference", "meeting", m)
	}
	return v.show("conference", v.word("meeting.title"), m)
}

// answerInvitation says whether we take part.
func answerInvitation(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	coming := v.field("mee") == "ja"
	if _, err := v.c.node.AnswerConference(v.r.Context(), v.who(), id, coming); err != nil {
		return err
	}
	if !coming {
		v.say("meeting.declined")
		return v.redirect("/overleg")
	}
	v.say("meeting.coming")
	return v.redirect("/overleg/" + string(id))
}

// An organising is the form of a new conference.
type organising struct {
	form
	Case    exchange.Case
	Purpose exchange.Purpose
	People  []option
	Parties []other
	Absence stated
	Preview *peer.Organising
}

// ID is how a field names a party.
func (o other) ID() string { return o.id.String() }

// Label is how people call it.
func (o other) Label() string { return o.label }

// conferring is the purpose of a conference in a case, and who can be invited.
func (v *visit) conferring(t exchange.Trigger) (exchange.Purpose, []other, bool) {
	for p := range v.c.node.Law().Purposes() {
		if p.Absence == "" {
			continue
		}
		if parties := v.reach(p, t); len(parties) > 0 {
			return p, parties, true
		}
	}
	return exchange.Purpose{}, nil, false
}

// people are those of a case, by number.
func people(c exchange.Case) (all []option) {
	for n, p := range c.People {
		name := p.Name.Reveal()
		if name == "" {
			name = "BSN " + p.BSN.Reveal()
		}
		all = append(all, option{number(n + 1), name})
	}
	return all
}

func (v *visit) organising() (o organising, err error) {
	id, err := v.id()
	if err != nil {
		return o, err
	}
	if o.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return o, err
	}
	var ok bool
	if o.Purpose, o.Parties, ok = v.conferring(o.Case.Trigger); !ok || !o.Case.Closed.IsZero() {
		return o, errNoPage
	}
	o.Values, o.People = v.r.Form, people(o.Case)
	o.Absence = v.stated(o.Purpose.Absence, "afwezig", true)
	if o.Value("persoon") == "" {
		o.Values.Set("persoon", "1")
	}
	return o, nil
}

// meetingDays is how far ahead the form sets the end of a conference, which can
// be changed.
const meetingDays = 7

func organisePage(v *visit) error {
	o, err := v.organising()
	if err != nil {
		return err
	}
	if !v.refilled {
		o.Values.Set("tot", v.c.now().In(office).AddDate(0, 0, meetingDays).Format(time.DateOnly))
		o.Values.Set("tijd", "17:00")
		if from := o.Case.Trigger.From; from != (exchange.PartyID{}) {
			o.Values.Set("partij", from.String()) // who asked for it is one of them
		}
	}
	return v.show("conference-organise", v.word("organise.title"), o)
}

// organise shows what each party will see, and invites them from there.
func organise(v *visit) error {
	o, err := v.organising()
	if err != nil {
		return err
	}
	made := v.organised(&o)
	if len(o.Mistakes) > 0 || v.field("actie") == "terug" {
		return v.show("conference-organise", v.word("organise.title"), o)
	}
	if v.field("actie") != "versturen" {
		o.Preview = &made
		return v.show("conference-check", v.word("organise.check"), o)
	}
	c, err := v.c.node.OrganiseConference(v.r.Context(), v.who(), made)
	if err != nil {
		o.Mistakes = append(o.Mistakes, v.advice(err))
		return v.show("conference-organise", v.word("organise.title"), o)
	}
	v.say("organise.sent")
	return v.redirect("/overleg/" + string(c.ID))
}

// organised is the conference as the form says it.
func (v *visit) organised(o *organising) peer.Organising {
	made := peer.Organising{Case: o.Case.ID, Person: parseNumber(v.field("persoon")), Purpose: o.Purpose.Code, Question: v.text("vraag")}
	if made.Question.Blank() {
		o.wrong("vraag", v.word("organise.question.missing"))
	}
	for _, p := range o.Parties {
		if !o.Has("partij", p.ID()) {
			continue
		}
		why := v.text("reden." + p.ID())
		if why.Blank() {
			o.wrong("reden."+p.ID(), v.word("organise.why.missing", "who", p.label))
		}
		made.Invited = append(made.Invited, peer.Invited{Party: p.id, Why: why})
	}
	if len(made.Invited) == 0 {
		o.wrong("partijen", v.word("organise.nobody"))
	}
	switch v.field("inwoner") {
	case "ja":
		made.Client.Invited = true
	case "nee":
		made.Client.Absent, made.Client.Why = v.text("afwezig"), v.text("afwezig-omdat")
		if made.Client.Absent.Zero() {
			o.wrong("afwezig", v.word("organise.absent.missing"))
		}
		if made.Client.Why.Blank() {
			o.wrong("afwezig-omdat", v.word("organise.absent.why.missing"))
		}
	default:
		o.wrong("inwoner", v.word("organise.client.missing"))
	}
	ends, err := time.ParseInLocation(time.DateOnly+" 15:04", v.field("tot")+" "+v.field("tijd"), office)
	if err != nil || !ends.After(v.c.now()) {
		o.wrong("tot", v.word("organise.ends.missing"))
	}
	made.Ends = ends
	return made
}

// Hidden is the form as it goes along with the preview.
func (o organising) Hidden() url.Values { return hidden(o.Values) }

// Told is how a preview says which weighty interest there is.
func (o organising) Told() string {
	for _, c := range o.Absence.Options {
		if c.Value == o.Value("afwezig") {
			return c.Label
		}
	}
	return ""
}

// Person is whom the preview is about.
func (o organising) Person() string {
	n := parseNumber(o.Value("persoon"))
	if n < 1 || n > len(o.People) {
		return ""
	}
	return o.People[n-1].Label
}

// hidden is a form without the button that was pressed.
func hidden(values url.Values) url.Values {
	kept := url.Values{}
	for name, all := range values {
		if name != "actie" && name != "stand" {
			kept[name] = all
		}
	}
	return kept
}

// An agreeing is the form of one agreement: who does what, and a short note.
type agreeing struct{ meeting }

func agreementPage(v *visit) error {
	m, err := v.meet()
	if err != nil {
		return err
	}
	return v.show("conference-agreement", v.word("agreement.title"), agreeing{m})
}

// agree writes down who does what. It goes to nobody (art. 5.4.3(3)).
func agree(v *visit) error {
	m, err := v.meet()
	if err != nil {
		return err
	}
	a := exchange.Agreement{Who: v.text("wie"), What: v.text("wat")}
	if a.Who.Blank() {
		m.wrong("wie", v.word("agreement.who.missing"))
	}
	if a.What.Blank() {
		m.wrong("wat", v.word("agreement.what.missing"))
	}
	var ok bool
	if a.Due, ok = v.day("uiterlijk"); !ok {
		m.wrong("uiterlijk", v.word("decide.day"))
	}
	if len(m.Mistakes) == 0 {
		if _, err := v.c.node.RecordAgreement(v.r.Context(), v.who(), m.ID, a); err != nil {
			m.Mistakes = append(m.Mistakes, v.advice(err))
		}
	}
	if len(m.Mistakes) > 0 {
		return v.show("conference-agreement", v.word("agreement.title"), agreeing{m})
	}
	v.say("agreement.kept")
	return v.redirect("/overleg/" + string(m.ID))
}

// closingPage says what closing means, before it is done.
func closingPage(v *visit) error {
	m, err := v.meet()
	if err != nil {
		return err
	}
	if !m.Ours || !m.Going {
		return errNoPage
	}
	return v.show("conference-close", v.word("closing.title"), m)
}

// closeConference ends it: what was said in it is destroyed everywhere.
func closeConference(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := v.c.node.CloseConference(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	v.say("closing.done")
	return v.redirect("/overleg/" + string(id))
}

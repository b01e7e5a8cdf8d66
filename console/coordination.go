package console

import (
	"errors"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// drawCoordination is the map for what belongs to a case beside its requests: who
// is in it, what was agreed, how long it is kept, and how it ends.
func (c *Console) drawCoordination() {
	c.page("GET /casussen/{id}/afspraken", conferrers, agreements)
	c.page("GET /casussen/{id}/personen", askers, peoplePage)
	c.page("POST /casussen/{id}/personen", askers, admit)
	c.page("GET /casussen/{id}/momenten", askers, momentsPage)
	c.page("POST /casussen/{id}/momenten", askers, recordMoment)
	c.page("GET /casussen/{id}/sluiten", askers, closeCasePage)
	c.page("POST /casussen/{id}/sluiten", askers, closeCase)
	c.page("GET /casussen/{id}/einde", askers, endingPage)
	c.page("POST /casussen/{id}/einde", askers, endCoordination)
}

// A caseSide is what stands on the page of a case beside its requests.
type caseSide struct {
	exchange.Case
	Begun       []begun // requests of who looks, not sent yet
	Meetings    []peer.ConferenceSummary
	Confers     bool // a conference can be organised in it
	Coordinates bool // it is a coordination, which ends by handing all back
	Quiet       bool // everything that was asked in it has come to its end
	Keep        exchange.Keep
}

// Remind says how strongly to ask for a moment that starts the term: "urgent" in a
// closed case, which would be kept for ever; "ask" where nothing goes on in it any
// more; "" else.
func (s caseSide) Remind() string {
	switch {
	case len(s.Keep.Waits) == 0:
		return ""
	case !s.Closed.IsZero():
		return "urgent"
	case s.Quiet:
		return "ask"
	}
	return ""
}

// side reads what stands beside the requests of a case that was opened.
func (v *visit) side(c exchange.Case, requests []peer.Summary) (s caseSide, err error) {
	s = caseSide{Case: c, Coordinates: v.coordinates()}
	if c.Closed.IsZero() {
		if s.Begun, err = v.begunIn(c.ID); err != nil {
			return s, err
		}
	}
	if slices.Contains(conferrers, v.session.role) {
		_, _, s.Confers = v.conferring(c.Trigger)
		if s.Meetings, err = v.meetingsOf(c.ID); err != nil {
			return s, err
		}
	}
	s.Quiet = len(requests) > 0 && !slices.ContainsFunc(requests, func(r peer.Summary) bool { return !r.Phase.Ended() }) &&
		!slices.ContainsFunc(s.Meetings, func(m peer.ConferenceSummary) bool { return m.Open })
	s.Keep, err = v.c.node.KeepCase(v.r.Context(), c.ID, v.session.hat)
	return s, err
}

// meetingsOf are the conferences in a case, the newest first.
func (v *visit) meetingsOf(id exchange.ID) ([]peer.ConferenceSummary, error) {
	all, err := v.c.node.Conferences(v.r.Context(), v.session.hat)
	all = slices.DeleteFunc(all, func(s peer.ConferenceSummary) bool { return s.Case != id })
	slices.Reverse(all)
	return all, err
}

// coordinates says whether what this capacity holds goes back to somebody at the
// end (art. 5.4.4(7)).
func (v *visit) coordinates() bool {
	return slices.ContainsFunc(v.c.purpose(exchange.HandBackPurpose).Ways, func(w exchange.Way) bool { return slices.Contains(w.Asked, v.capacity().Domain) })
}

// An agreed is one agreement with the conference in which it was made.
type agreed struct {
	exchange.Agreement
	Meeting exchange.ID
}

// An agreementFile is all that was agreed in a case (afsprakendossier).
type agreementFile struct {
	Case exchange.ID
	All  []agreed
	Open []peer.ConferenceSummary // conferences in which more can be agreed
}

// agreements lists who does what by when, from all conferences in a case.
func agreements(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	f := agreementFile{Case: id}
	meetings, err := v.meetingsOf(id)
	if err != nil {
		return err
	}
	for _, m := range meetings {
		c, _, err := v.c.node.OpenConference(v.r.Context(), v.who(), m.ID)
		if err != nil {
			return err
		}
		for _, a := range c.Agreements {
			f.All = append(f.All, agreed{a, m.ID})
		}
	}
	f.Open = meetings
	slices.SortStableFunc(f.All, func(a, b agreed) int {
		switch {
		case a.Due.Equal(b.Due):
			return a.At.Compare(b.At)
		case a.Due.IsZero():
			return 1
		case b.Due.IsZero():
			return -1
		}
		return a.Due.Compare(b.Due)
	})
	return v.show("agreements", v.word("agreements.title"), f)
}

// A momentForm is the form of a moment from which a term runs.
type momentForm struct {
	form
	Case    exchange.Case
	Keep    exchange.Keep
	Options []option
}

func (v *visit) momentForm() (f momentForm, err error) {
	id, err := v.id()
	if err != nil {
		return f, err
	}
	if f.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return f, err
	}
	if f.Keep, err = v.c.node.KeepCase(v.r.Context(), id, v.session.hat); err != nil {
		return f, err
	}
	f.Values = v.r.Form
	rule, _ := v.c.node.Law().Trigger(f.Case.Trigger.Code)
	add := func(code exchange.MomentCode) {
		if code != "" && code != rule.Moment && !slices.ContainsFunc(f.Options, func(o option) bool { return o.Value == string(code) }) {
			f.Options = append(f.Options, option{string(code), v.word("moment." + string(code))})
		}
	}
	for _, s := range rule.Retention.From {
		add(s.Unless)
		add(s.Moment)
	}
	return f, nil
}

func momentsPage(v *visit) error {
	f, err := v.momentForm()
	if err != nil {
		return err
	}
	if f.Value("op") == "" {
		f.Values.Set("op", v.today().Format(time.DateOnly))
	}
	return v.show("coordination-moment", v.word("moments.title"), f)
}

// recordMoment records when something was, from which a term runs.
func recordMoment(v *visit) error {
	f, err := v.momentForm()
	if err != nil {
		return err
	}
	on, ok := v.day("op")
	if !ok || on.IsZero() {
		f.wrong("op", v.word("decide.day"))
	}
	if !slices.ContainsFunc(f.Options, func(o option) bool { return o.Value == v.field("moment") }) {
		f.wrong("moment", v.word("moments.missing"))
	}
	if len(f.Mistakes) == 0 {
		if _, err := v.c.node.RecordMoment(v.r.Context(), v.who(), f.Case.ID, exchange.MomentCode(v.field("moment")), on); err != nil {
			f.Mistakes = append(f.Mistakes, v.advice(err))
		}
	}
	if len(f.Mistakes) > 0 {
		return v.show("coordination-moment", v.word("moments.title"), f)
	}
	v.say("moments.kept")
	return v.redirect("/casussen/" + string(f.Case.ID))
}

// An endOfCase is the page on which a case is closed.
type endOfCase struct {
	form
	caseSide
	Waiting int // requests that did not come to their end
}

func (v *visit) endOfCase() (e endOfCase, err error) {
	id, err := v.id()
	if err != nil {
		return e, err
	}
	c, err := v.c.node.ViewCase(v.r.Context(), v.who(), id)
	if err != nil {
		return e, err
	}
	if !c.Closed.IsZero() {
		return e, errNoPage
	}
	requests, err := v.everything(peer.Filter{Side: exchange.Asker, Case: id, Hat: v.session.hat})
	if err != nil {
		return e, err
	}
	for _, r := range requests {
		if !r.Phase.Ended() {
			e.Waiting++
		}
	}
	e.Values = v.r.Form
	e.caseSide, err = v.side(c, requests)
	return e, err
}

// closeCasePage says what closing a case means, before it is done.
func closeCasePage(v *visit) error {
	e, err := v.endOfCase()
	if err != nil {
		return err
	}
	return v.show("coordination-close", v.word("case.close"), e)
}

func closeCase(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := v.c.node.CloseCase(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	v.say("case.close.done")
	return v.redirect("/casussen/" + string(id))
}

// An ending is the page on which a coordination ends.
type ending struct {
	form
	Case  exchange.Case
	Back  []goesBack
	Left  []leftBehind
	Stops *mistake       // why it can't end now
	Waits []peer.Summary // requests that are not answered, where it can't
}

// A goesBack is what goes back to the college out of one request.
type goesBack struct {
	peer.Summary
	Items []exchange.ItemCode
}

// A leftBehind is an item that does not, since who supplied it lets nobody have it.
type leftBehind struct {
	exchange.LeftItem
	Of exchange.PartyID
}

func (v *visit) ending() (e ending, err error) {
	id, err := v.id()
	if err != nil {
		return e, err
	}
	if e.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return e, err
	}
	if !v.coordinates() {
		return e, errNoPage
	}
	e.Values = v.r.Form
	back, left, err := v.c.node.ExamineEnding(v.r.Context(), v.who(), id)
	var refusal *exchange.Refusal
	if errors.As(err, &refusal) {
		m := v.advice(err)
		e.Stops = &m
		e.Waits, err = v.everything(peer.Filter{Side: exchange.Asker, Case: id, Hat: v.session.hat, Open: true})
		e.Waits = slices.DeleteFunc(e.Waits, func(s peer.Summary) bool { return s.Phase.Ended() })
		return e, err
	}
	if err != nil {
		return e, err
	}
	for x, items := range back {
		s, err := v.c.node.Status(v.r.Context(), x, v.session.hat)
		if err != nil {
			return e, err
		}
		e.Back = append(e.Back, goesBack{s, items})
	}
	slices.SortFunc(e.Back, func(a, b goesBack) int { return a.Due.Compare(b.Due) })
	for _, l := range left {
		s, err := v.c.node.Status(v.r.Context(), l.Exchange, v.session.hat)
		if err != nil {
			return e, err
		}
		e.Left = append(e.Left, leftBehind{l, s.To})
	}
	return e, nil
}

// endingPage says what the end of a coordination means: what goes back, what ends
// here, what stays.
func endingPage(v *visit) error {
	e, err := v.ending()
	if err != nil {
		return err
	}
	return v.show("coordination-end", v.word("ending.title"), e)
}

// endCoordination hands all back to the college. When it has all, nothing is left
// here, the case included.
func endCoordination(v *visit) error {
	e, err := v.ending()
	if err != nil {
		return err
	}
	end := peer.EndingCoordination{Why: v.text("waarom"), Leave: v.field("achter") != ""}
	if end.Why.Blank() {
		e.wrong("waarom", v.word("ending.why.missing"))
	}
	if len(e.Left) > 0 && !end.Leave {
		e.wrong("achter", v.word("ending.left.missing"))
	}
	var ok bool
	if end.Told, ok = v.day("verteld"); !ok {
		e.wrong("verteld", v.word("decide.day"))
	}
	if len(e.Mistakes) == 0 {
		if _, _, err := v.c.node.EndCoordination(v.r.Context(), v.who(), e.Case.ID, end); err != nil {
			e.Mistakes = append(e.Mistakes, v.advice(err))
		}
	}
	if len(e.Mistakes) > 0 {
		return v.show("coordination-end", v.word("ending.title"), e)
	}
	v.say("ending.done")
	return v.redirect("/casussen")
}

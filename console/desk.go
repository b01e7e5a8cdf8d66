package console

import (
	"slices"

	"sluis/exchange"
	"sluis/peer"
)

// drawDesk is the map for the reporting desk (meldpunt, art. 2.2.5): a report comes
// in by telephone, and whoever answers judges what it needs.
func (c *Console) drawDesk() {
	desk := []exchange.Role{exchange.ReportingDesk}
	c.page("GET /meldingen", desk, listReports)
	c.page("GET /meldingen/nieuw", desk, triagePage)
	c.page("POST /meldingen/nieuw", desk, keepReport)
	c.page("GET /meldingen/{id}", desk, reportPage)
	c.page("GET /meldingen/{id}/afronden", desk, finishPage)
	c.page("POST /meldingen/{id}/afronden", desk, finish)
}

// listReports lists the reports that were taken up, the newest first: nothing says
// whom they are about.
func listReports(v *visit) error {
	list, err := v.caseList(true)
	if err != nil {
		return err
	}
	if v.field("deel") != "" {
		return v.part("triage-list", "reports", list)
	}
	return v.show("triage-list", v.word("reports.title"), list)
}

// outcomes are what a report can turn out to be, in the order in which they are
// asked. Of all but the last nothing is kept, so nothing is asked.
var outcomes = []string{"acuut", "veilig-thuis", "wvggz", "elders", "advies", goesOn}

// goesOn is the outcome of a report that is taken up.
const goesOn = "oppakken"

// A triage is the form of a new report.
type triage struct {
	caseForm
	Outcome  string
	Outcomes []string
	Ask      []stated // what the law wants stated, and is not known yet
}

// triage puts the form together. What the outcome already says is not asked again.
func (v *visit) triage() (t triage, err error) {
	t.caseForm, t.Outcomes, t.Outcome = v.caseForm(), outcomes, v.field("uitkomst")
	if t.Outcome != "" && !slices.Contains(outcomes, t.Outcome) || t.Trigger.Code == "" {
		return t, errNoPage
	}
	for i, s := range t.Statements {
		if len(s.Options) == 1 { // that he lives here is what the outcome says
			t.Values.Set(s.Name, s.Options[0].Value)
			continue
		}
		t.Ask = append(t.Ask, t.Statements[i])
	}
	return t, nil
}

// triagePage asks what a report needs, says what to do then, and asks for more only
// where it is taken up: of all others nothing may be kept (memorandum §5.6).
func triagePage(v *visit) error {
	t, err := v.triage()
	if err != nil {
		return err
	}
	switch {
	case t.Outcome == "" && v.r.Form.Has("ga"):
		t.wrong("uitkomst", v.word("triage.missing"))
		return v.show("triage", v.word("triage.title"), t)
	case t.Outcome == "":
		return v.show("triage", v.word("triage.title"), t)
	case t.Outcome != goesOn:
		return v.show("triage-outcome", v.word("triage.outcome"), t)
	}
	return v.show("triage-report", v.word("triage.report"), t)
}

// keepReport opens the report file, for one person.
func keepReport(v *visit) error {
	v.r.Form.Set("uitkomst", goesOn)
	t, err := v.triage()
	if err != nil {
		return err
	}
	c := exchange.Case{Trigger: exchange.Trigger{Code: t.Trigger.Code, On: v.today(), Statements: v.statements(t.Statements)}}
	for _, s := range t.Ask {
		if v.text(s.Name).Blank() {
			t.wrong(s.Name, v.word("statement.missing", "ask", in(v.lang, s.Ask)))
		}
	}
	c.People = []exchange.Person{v.person(&t.form, exchange.Client)}
	if len(t.Mistakes) == 0 {
		if c, err = v.c.node.OpenCase(v.r.Context(), v.who(), c); err != nil {
			t.Mistakes = append(t.Mistakes, v.advice(err))
		}
	}
	if len(t.Mistakes) > 0 {
		return v.show("triage-report", v.word("triage.report"), t)
	}
	v.say("triage.kept")
	return v.redirect("/meldingen/" + string(c.ID))
}

// A report is a report file with what was asked for it.
type report struct {
	dossier
	Said []explained
	Keep exchange.Keep
}

// An explained puts a question of the law to what was stated.
type explained struct {
	Ask  exchange.Sentence
	Text exchange.Personal
}

// said puts the questions of the law to what somebody stated, a choice in words.
func (c *Console) said(lang string, all []exchange.Statement) (list []explained) {
	for _, s := range all {
		rule, ok := c.node.Law().Statement(s.Code)
		if !ok {
			continue
		}
		e := explained{rule.Ask, s.Text}
		for _, choice := range rule.Choices {
			if string(choice.Code) == s.Text.Reveal() {
				e.Text = exchange.Hide(in(lang, choice.Name))
			}
		}
		list = append(list, e)
	}
	return list
}

// reportPage shows a report that was taken up, and what can be done with it.
func reportPage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	var r report
	if r.Requests, err = v.everything(peer.Filter{Side: exchange.Asker, Case: id, Hat: v.session.hat}); err != nil {
		return err
	}
	if v.field("deel") != "" {
		r.ID = id
		return v.part("triage-file", "asked", r)
	}
	if r.Case, err = v.c.node.ViewCase(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	r.Rule, _ = v.c.node.Law().Trigger(r.Trigger.Code)
	for _, s := range r.Trigger.Statements {
		rule, _ := v.c.node.Law().Statement(s.Code)
		if len(rule.Choices) == 0 {
			r.Said = append(r.Said, explained{rule.Ask, s.Text})
		}
	}
	if r.Keep, err = v.c.node.KeepCase(v.r.Context(), id, v.session.hat); err != nil {
		return err
	}
	return v.show("triage-file", v.word("triage.file"), r)
}

// finishPage asks what became of a report: all that a reporter may hear of it.
func finishPage(v *visit) error {
	e, err := v.endOfCase()
	if err != nil {
		return err
	}
	return v.show("triage-finish", v.word("triage.done"), e)
}

func finish(v *visit) error {
	e, err := v.endOfCase()
	if err != nil {
		return err
	}
	outcome := exchange.ReportOutcome(v.field("uitkomst"))
	if outcome == "" {
		e.wrong("uitkomst", v.word("triage.became.missing"))
	} else if _, err := v.c.node.CloseReport(v.r.Context(), v.who(), e.ID, outcome); err != nil {
		e.Mistakes = append(e.Mistakes, v.advice(err))
	}
	if len(e.Mistakes) > 0 {
		return v.show("triage-finish", v.word("triage.done"), e)
	}
	v.say("triage.finished")
	return v.redirect("/meldingen/" + string(e.ID))
}

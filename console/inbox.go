package console

import (
	"cmp"
	"slices"

	"sluis/exchange"
	"sluis/peer"
)

// deciders are the roles in which somebody can have a request to decide on. In
// which task which of them may, the law says.
var deciders = []exchange.Role{exchange.Professional, exchange.Coordinator, exchange.ReportingDesk, exchange.Requester}

// drawDecision is the map for who decides on what others ask.
func (c *Console) drawDecision() {
	c.page("GET /werkbak", deciders, inbox)
	c.page("GET /werkbak/{id}", deciders, readRequest)
	c.page("POST /werkbak/{id}/vraag", deciders, askBack)
	c.page("POST /werkbak/{id}/advies", deciders, askAdvice)
	c.page("GET /werkbak/{id}/stap/{step}", deciders, weighPage)
	c.page("POST /werkbak/{id}/stap/{step}", deciders, weigh)
	c.page("GET /werkbak/{id}/besluit", deciders, decidePage)
	c.page("POST /werkbak/{id}/besluit", deciders, fillIn)
	c.page("GET /werkbak/{id}/controle", deciders, previewPage)
	c.page("POST /werkbak/{id}/controle", deciders, decide)
	c.page("GET /werkbak/{id}/klaar", deciders, donePage)
	c.page("POST /werkbak/{id}/tweede", deciders, secondEyes)
}

// A workRow is one request in the list of what is to be decided.
type workRow struct {
	peer.Summary
	Mark  string // how the status looks
	Where string // how it stands, in words
	Path  string // where it goes on
}

// A workList is all that is to be decided in a capacity.
type workList struct {
	Rows            []workRow
	Invited         []peer.ConferenceSummary // conferences that wait for an answer
	Unsaid          []unsaid                 // what he began to say in one
	New, Soon, Late int
}

// soonDays is from how many days before the last one a request counts as urgent.
const soonDays = 2

// inbox is the list of what waits for a decision: nothing in it says who it is
// about.
func inbox(v *visit) error {
	list, err := v.work()
	if err != nil {
		return err
	}
	if v.field("deel") != "" {
		return v.part("inbox", "work", list)
	}
	return v.show("inbox", v.word("inbox.title"), list)
}

func (v *visit) work() (list workList, err error) {
	all, err := v.everything(peer.Filter{Side: exchange.Supplier, Hat: v.session.hat, Open: true})
	if err != nil {
		return list, err
	}
	if list.Invited, list.Unsaid, err = v.invited(); err != nil {
		return list, err
	}
	waiting, err := v.permissionsWaiting()
	if err != nil {
		return list, err
	}
	for _, s := range append(all, waiting...) {
		row := workRow{Summary: s, Path: "/werkbak/" + string(s.ID)}
		if s.Asked > 0 {
			row.Path += "/toestemming"
			row.From, row.Purpose = s.AskedBy, s.AskedFor
		}
		switch {
		case s.Phase == exchange.Clarifying:
			row.Mark, row.Where = "wait", v.word("inbox.at.clarifying")
		case s.Phase == exchange.Proposed:
			row.Mark, row.Where = "busy", v.word("inbox.at.proposed")
		case s.Phase == exchange.Decided:
			row.Mark, row.Where = "done", v.word("inbox.at.decided")
		case s.Phase.Ended():
			row.Mark, row.Where = "new", v.word("inbox.at.permission")
		case s.Assigned == v.session.actor:
			row.Mark, row.Where = "busy", v.word("inbox.at.mine")
		case s.Assigned != "":
			row.Mark, row.Where = "busy", v.word("inbox.at.other")
		default:
			row.Mark, row.Where = "new", v.word("inbox.at.new")
			list.New++
		}
		if s.Phase == exchange.Weighing {
			switch n := daysUntil(v.c.now(), s.Due); {
			case n < 0:
				list.Late++
			case n <= soonDays:
				list.Soon++
			}
		}
		list.Rows = append(list.Rows, row)
	}
	slices.SortStableFunc(list.Rows, func(a, b workRow) int {
		rank := func(r workRow) int {
			if r.Phase == exchange.Weighing || r.Phase == exchange.Proposed || r.Asked > 0 {
				return 0
			}
			return 1 // waits for somebody else
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Due.Compare(b.Due))
	})
	return list, nil
}

// everything lists what a filter picks, the oldest first.
func (v *visit) everything(f peer.Filter) ([]peer.Summary, error) {
	all, err := v.c.node.Overview(v.r.Context(), f)
	slices.Reverse(all)
	return all, err
}

// An asked is one exchange as its pages show it to who decides.
type asked struct {
	exchange.Exchange
	form
	Rule   exchange.WeighingRule
	Open   []exchange.StepRule // steps that are not taken yet
	Stops  exchange.StepRule   // the step whose outcome forbids to supply
	Mine   bool                // may be decided on by who looks
	Paused bool                // the clock of the deadline stands still
	// Heading says what the page of the request is about now.
	Heading string
}

// Stated reports whether the asker stated something as the law wants.
func (a asked) Stated() bool {
	return len(a.Request.Statements) > 0 || slices.ContainsFunc(a.Request.Items, func(i exchange.AskedItem) bool { return len(i.Statements) > 0 })
}

// read opens the request of the path. The view is in the ledger.
func (v *visit) read() (a asked, err error) {
	id, err := v.id()
	if err != nil {
		return a, err
	}
	if a.Exchange, err = v.c.node.Open(v.r.Context(), v.who(), id); err != nil {
		return a, err
	}
	if a.Side != exchange.Supplier {
		return a, errNoPage
	}
	a.form.Values = v.r.Form
	_, a.Paused = a.Deadline()
	switch {
	case a.Phase == exchange.Withdrawn:
		a.Heading = v.word("request.withdrawn")
	case a.Phase.Ended():
		a.Heading = v.word("request.gave")
	default:
		a.Heading = v.word("request.title")
	}
	rule, err := v.c.node.WeighingOf(v.r.Context(), v.who(), a.Exchange)
	if err != nil {
		return a, nil //nolint:nilerr // who may look does not always decide
	}
	a.Rule, a.Open = rule, rule.Open(a.Weighing)
	a.Stops, _ = rule.Stopped(a.Weighing)
	a.Mine = a.Phase == exchange.Weighing
	return a, nil
}

// readRequest is the page on which somebody sees what is asked of him: all of it
// on one screen.
func readRequest(v *visit) error {
	a, err := v.read()
	if err != nil {
		return err
	}
	return v.show("request", a.Heading, a)
}

// askBack sends a question back to who asks; the clock stops.
func askBack(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if v.text("vraag").Blank() {
		a, err := v.read()
		if err != nil {
			return err
		}
		a.wrong("vraag", v.word("request.question.missing"))
		return v.show("request", v.word("request.title"), a)
	}
	if _, err := v.c.node.Question(v.r.Context(), v.who(), id, v.text("vraag")); err != nil {
		return err
	}
	v.say("request.question.sent")
	return v.redirect("/werkbak")
}

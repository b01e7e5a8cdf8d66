package console

import (
	"slices"
	"time"

	"sluis/exchange"
)

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
	return v.showAnswer(x, form{Values: v.r.Form})
}

func (v *visit) showAnswer(x exchange.Exchange, f form) error {
	r := reading{Exchange: x, form: f, Course: v.course(x)}
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
		x, err := v.c.node.Open(v.r.Context(), v.who(), id)
		if err != nil {
			return err
		}
		if x.Side != exchange.Asker {
			return errNoPage
		}
		f := form{Values: v.r.Form}
		f.wrong("antwoord", v.word("answer.reply.missing"))
		return v.showAnswer(x, f)
	}
	if _, err := v.c.node.Reply(v.r.Context(), v.who(), id, v.text("antwoord")); err != nil {
		return err
	}
	v.say("answer.replied")
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

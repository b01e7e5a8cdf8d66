package exchange

import (
	"slices"
	"time"
)

// maxAdvice bounds the advice beside one request.
const maxAdvice = 10

// An Advice (advies) is what the privacy officer says about a request that is
// being weighed, asked or by herself (memorandum §7.2; art. 39(1)(a) GDPR). It binds
// nobody, the professional decides, and it stays in the house: no message carries it.
type Advice struct {
	Question Personal // what she was asked; zero where she speaks by herself
	AskedBy  ActorID
	Asked    time.Time
	Text     Personal // what she says; zero as long as she has not
	By       ActorID
	At       time.Time
}

// Open reports whether it still has to be given.
func (a Advice) Open() bool { return a.At.IsZero() }

// AskAdvice asks the privacy officer about a request that is being weighed. The
// deadline runs on: whom he asks is his own affair, not the asker's.
func (x Exchange) AskAdvice(law *Law, question Personal, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.now(Supplier, Weighing, Clarifying); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.mayWeigh(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := checkText(question, "question"); err != nil {
		return Exchange{}, Event{}, err
	}
	if len(x.Advice) >= maxAdvice {
		return Exchange{}, Event{}, refuse(QuestionsBounded)
	}
	x.Advice = append(slices.Clone(x.Advice), Advice{Question: question, AskedBy: by.ID, Asked: at})
	x.Changed = at
	return x, x.event(AdviceAsked, by.ID, at, Detail{}), nil
}

// Advise records what the privacy officer says: to the oldest question that is open,
// or by herself. After the decision there is nothing to advise on.
func (x Exchange) Advise(text Personal, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.now(Supplier, Weighing, Clarifying, Proposed); err != nil {
		return Exchange{}, Event{}, err
	}
	if _, err := by.oneOf([]Role{PrivacyOfficer}, x.Own().Capacity, ""); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := checkText(text, "advice"); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Advice = slices.Clone(x.Advice)
	n := slices.IndexFunc(x.Advice, Advice.Open)
	if n < 0 {
		if n = len(x.Advice); n >= maxAdvice {
			return Exchange{}, Event{}, refuse(QuestionsBounded)
		}
		x.Advice = append(x.Advice, Advice{})
	}
	a := &x.Advice[n]
	a.Text, a.By, a.At = text, by.ID, at
	x.Changed = at
	return x, x.event(AdviceGiven, by.ID, at, Detail{For: a.AskedBy}), nil
}

// AdviceAwaited reports whether the privacy officer was asked and has not answered.
func (x Exchange) AdviceAwaited() bool {
	return !x.Phase.Ended() && x.Phase != Decided && slices.ContainsFunc(x.Advice, Advice.Open)
}

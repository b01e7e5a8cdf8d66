package exchange

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strconv"
	"time"
)

// A Finding is what one rule says of one request or decision: it allows it, or
// it is the reason why not. Findings are what an explanation is made of, and
// the first refusal among them is what stops a step; there is one evaluator
// for both.
type Finding struct {
	Rule    RuleCode
	Article string // of the Wmo 2015, "" where the law has none
	Params  []string
	Refusal *Refusal // nil when the rule allows it
}

// A RuleCode names a rule of the evaluator.
type RuleCode string

// The rules, in the order in which they are looked at.
const (
	RuleCase        RuleCode = "rule-case"         // the case is open and the person belongs to it
	RuleForm        RuleCode = "rule-form"         // the request is complete
	RuleAsker       RuleCode = "rule-asker"        // this task may ask for this purpose
	RuleAsked       RuleCode = "rule-asked"        // parties of this domain may be asked
	RuleWeighing    RuleCode = "rule-weighing"     // how the asked party weighs
	RuleTrigger     RuleCode = "rule-trigger"      // what the case began with
	RuleDeadline    RuleCode = "rule-deadline"     // by when
	RuleInvolvement RuleCode = "rule-involvement"  // how far the client takes part
	RuleSubject     RuleCode = "rule-subject"      // how the person is named
	RuleItem        RuleCode = "rule-item"         // one per item
	RuleStatement   RuleCode = "rule-statement"    // what the law wants stated
	RuleActor       RuleCode = "rule-actor"        // who asks
	RuleTaking      RuleCode = "rule-taking"       // it was said in the conference
	RuleBroad       RuleCode = "rule-broad"        // not too many at once
	RuleDecider     RuleCode = "rule-decider"      // who decides
	RuleDecided     RuleCode = "rule-decided"      // every item is decided, once
	RuleStep        RuleCode = "rule-step"         // one per step of the weighing
	RuleSupplied    RuleCode = "rule-supplied"     // one per item supplied
	RuleWithheld    RuleCode = "rule-withheld"     // one per item withheld
	RuleOpen        RuleCode = "rule-open"         // one per step that is still to be taken
	RuleNotSupplied RuleCode = "rule-not-supplied" // one per item that the other party withheld

	RuleCondition RuleCode = "rule-condition" // one per condition on further use
	RuleIdle      RuleCode = "rule-idle"      // told: another condition says as much already
	RuleNoEffect  RuleCode = "rule-no-effect" // told: nothing is supplied that the condition limits
	RuleStays     RuleCode = "rule-stays"     // told: the item was supplied too deep to go on
)

// RuleCodes lists every rule.
var RuleCodes = [...]RuleCode{RuleCase, RuleForm, RuleAsker, RuleAsked, RuleWeighing, RuleTrigger, RuleDeadline, RuleInvolvement,
	RuleSubject, RuleItem, RuleStatement, RuleActor, RuleTaking, RuleBroad, RuleDecider, RuleDecided, RuleStep, RuleSupplied, RuleWithheld,
	RuleOpen, RuleNotSupplied, RuleCondition, RuleIdle, RuleNoEffect, RuleStays}

// found is a finding of a check: err is its refusal, or nil. An error that is no
// refusal is a mistake of ours, and stops the step as well: what was not judged
// is not allowed.
func found(rule RuleCode, article string, err error, params ...string) Finding {
	f := Finding{Rule: rule, Article: article, Params: params}
	if err != nil && (!errors.As(err, &f.Refusal) || f.Refusal == nil) {
		f.Refusal = refuse(NotJudged)
	}
	return f
}

// first is the first refusal among findings, or nil.
func first(findings iter.Seq[Finding]) error {
	for f := range findings {
		if f.Refusal != nil {
			return f.Refusal
		}
	}
	return nil
}

// ExamineCourse says how an exchange went on after its request: at the supplier
// the steps of the weighing that were taken and those that are open, at the
// asker what came of each item. A decision is [Law.ExamineDecision]'s.
func (l *Law) ExamineCourse(x Exchange, rule WeighingRule) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		purpose, _ := l.purposes.get(x.Request.Purpose)
		for _, i := range x.Answer.Items {
			f := found(RuleNotSupplied, "5.4.2(1)", nil, "item", string(i.Item))
			if asked, _ := x.Request.item(i.Item); i.Outcome == Supply {
				f = found(RuleSupplied, purpose.Article, nil, "item", string(i.Item), "depth", string(i.Depth), "asked", string(asked.Depth))
			}
			if !yield(f) {
				return
			}
		}
		if x.Side != Supplier || x.Decision.supplies() {
			return
		}
		for _, s := range x.Weighing {
			step, _ := rule.Step(s.Code)
			if !yield(found(RuleStep, step.Article, nil, "step", string(s.Code), "outcome", string(s.Outcome))) {
				return
			}
		}
		if _, stops := rule.Stopped(x.Weighing); stops || !x.undecided() {
			return
		}
		for _, step := range rule.Open(x.Weighing) {
			if !yield(found(RuleOpen, step.Article, nil, "step", string(step.Code))) {
				return
			}
		}
	}
}

// A Pair is who asks and who is asked, in the capacities in which they do.
type Pair struct {
	Asker, Asked Capacity
	Own          bool // both are one organisation
}

// May says how the asked party weighs a request for an item of the category,
// or why it may not be asked: the one place where purpose, task, domain, regime
// and category meet. docs/law-table.md shows each of its cells.
func (l *Law) May(code PurposeCode, between Pair, category Category) (WeighingCode, error) {
	p, ok := l.purposes.get(code)
	if !ok {
		return "", refuse(UnknownPurpose, "field", "purpose")
	}
	ways, err := p.askedBy(p.Ways, between.Asker)
	if err != nil {
		return "", err
	}
	if _, err := p.askedOf(ways, between); err != nil {
		return "", err
	}
	rule, err := p.rule(between.Asked.Regime)
	if err != nil {
		return "", err
	}
	return rule.Weighing, p.mayConcern(category, rule, between)
}

// narrow keeps the ways that a rule leaves. Where it leaves none the rule stops
// the request, and all stay: the next rule is looked at as far as it can be.
func narrow(ways []Way, stops *Refusal, leaves func(Way) bool) ([]Way, error) {
	var left []Way
	for _, w := range ways {
		if leaves(w) {
			left = append(left, w)
		}
	}
	if len(left) == 0 {
		return ways, stops
	}
	return left, nil
}

func (p Purpose) askedBy(ways []Way, asker Capacity) ([]Way, error) {
	stops := refuse(PurposeNotAsker, "purpose", string(p.Code), "task", string(asker.Task), "article", p.Article)
	return narrow(ways, stops, func(w Way) bool { return known(w.Askers, asker.Task) })
}

func (p Purpose) askedOf(ways []Way, between Pair) ([]Way, error) {
	domain, task := between.Asked.Domain, between.Asked.Task
	ways, err := narrow(ways, refuse(PurposeNotAsked, "purpose", string(p.Code), "domain", string(domain), "article", p.Article),
		func(w Way) bool { return known(w.Asked, domain) })
	if err != nil {
		return ways, err
	}
	ways, err = narrow(ways, refuse(PurposeNotHolder, "purpose", string(p.Code), "task", string(task), "article", p.Article),
		func(w Way) bool { return len(w.HeldBy) == 0 || known(w.HeldBy, task) })
	if err != nil {
		return ways, err
	}
	return narrow(ways, refuse(PurposeOwnData, "purpose", string(p.Code), "article", p.Article),
		func(w Way) bool { return between.Own || !w.Own })
}

func (p Purpose) onTrigger(ways []Way, trigger TriggerCode) ([]Way, error) {
	stops := refuse(TriggerNotOfPurpose, "purpose", string(p.Code), "trigger", string(trigger), "article", p.Article)
	return narrow(ways, stops, func(w Way) bool { return known(w.Triggers, trigger) })
}

func (p Purpose) involving(ways []Way, state InvolvementState) ([]Way, error) {
	stops := refuse(InvolvementNotEnough, "purpose", string(p.Code), "involvement", string(state), "article", p.Article)
	return narrow(ways, stops, func(w Way) bool { return known(w.Involvement, state) })
}

// way is the way in which two parties may exchange on a trigger: never more
// than one, see [Way.overlaps]. It reports false where there is none.
func (p Purpose) way(between Pair, trigger TriggerCode) (Way, bool) {
	ways, notAsker := p.askedBy(p.Ways, between.Asker)
	ways, notAsked := p.askedOf(ways, between)
	ways, notOnTrigger := p.onTrigger(ways, trigger)
	if notAsker != nil || notAsked != nil || notOnTrigger != nil {
		return Way{}, false
	}
	return ways[0], true
}

// rule is how parties under the regime weigh. Where they may not be asked it
// holds what others may be asked, so that the items can be looked at.
func (p Purpose) rule(r Regime) (RegimeRule, error) {
	rule, ok := p.Under(r)
	if !ok {
		return RegimeRule{Categories: p.Categories()}, refuse(RegimeNotAsked, "purpose", string(p.Code), "regime", string(r), "article", p.Article)
	}
	return rule, nil
}

// mayConcern holds the categories: what the purpose knows for parties of the
// regime, what the asker may have, and what the asked may have.
func (p Purpose) mayConcern(c Category, rule RegimeRule, between Pair) error {
	switch {
	case !known(rule.Categories, c):
		return refuse(CategoryForbidden, "purpose", string(p.Code), "category", string(c), "article", p.Article)
	case !between.Asker.May(c):
		return refuse(CategoryAsker, "category", string(c), "article", p.Article)
	case !between.Asked.May(c):
		return refuse(CategoryAsked, "category", string(c), "article", p.Article)
	}
	return nil
}

// CheckRequest checks a request against the law in force. Both nodes do: the
// asker's before it sends, the supplier's before a professional sees it. It
// returns the first refusal that [Law.ExamineRequest] finds.
func (l *Law) CheckRequest(r Request, from, to Party, now time.Time) error {
	return first(l.ExamineRequest(r, from, to, now))
}

// ExamineRequest looks at a request with every rule, and goes on after a
// refusal where the next rule can still be looked at.
func (l *Law) ExamineRequest(r Request, from, to Party, now time.Time) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		between, purpose, err := l.parties(r, from, to)
		if err != nil {
			yield(found(RuleForm, "", err))
			return
		}
		p := []string{"purpose", string(purpose.Code)}
		ways, notAsker := purpose.askedBy(purpose.Ways, between.Asker)
		ways, notAsked := purpose.askedOf(ways, between)
		ways, badTrigger := l.checkTriggerNote(ways, r.Trigger, purpose, now)
		_, notInvolved := purpose.involving(ways, r.Involvement.State)
		rule, noWeighing := purpose.rule(between.Asked.Regime)
		trigger, _ := l.triggers.get(r.Trigger.Code)
		for _, f := range []Finding{
			found(RuleForm, "5.4.2(1)", r.check(now)),
			found(RuleAsker, purpose.Article, notAsker, append(p, "task", string(between.Asker.Task))...),
			found(RuleAsked, "2.3a.5", notAsked, append(p, "domain", string(between.Asked.Domain))...),
			found(RuleWeighing, l.weighingArticle(rule.Weighing), noWeighing, "weighing", string(rule.Weighing)),
			found(RuleTrigger, trigger.Article, badTrigger, append(p, "trigger", string(r.Trigger.Code))...),
			found(RuleDeadline, purpose.Article, purpose.checkDue(r, now), "date", r.Due.UTC().Format(time.DateOnly)),
			found(RuleInvolvement, purpose.Article, notInvolved, "involvement", string(r.Involvement.State)),
			found(RuleSubject, "5.4.2(5)", cmp.Or(r.Subject.check(between.Asker, between.Asked), r.checkNumbers(between))),
		} {
			if !yield(f) {
				return
			}
		}
		if err := purpose.checkTaking(r); err != nil && !yield(found(RuleTaking, "5.4.3(4)", err)) {
			return
		}
		for f := range l.examineNeeds(r, purpose, between.Asked) {
			if !yield(f) {
				return
			}
		}
		l.examineItems(r, purpose, rule, between)(yield)
	}
}

// checkTaking holds that what is for taking along names the conference. Its
// organiser takes along for the purpose of the conference itself.
func (p Purpose) checkTaking(r Request) error {
	if p.Taking && r.Conference == "" || r.Conference != "" && !p.Taking && p.Absence == "" {
		return refuse(TakingOnly, "purpose", string(p.Code), "article", "5.4.3(4)")
	}
	return nil
}

// parties finds what every other rule needs.
func (l *Law) parties(r Request, from, to Party) (between Pair, p Purpose, err error) {
	if _, err := ParseID(string(r.ID)); err != nil {
		return between, p, err
	}
	if _, err := ParseID(string(r.Case)); err != nil {
		return between, p, err
	}
	if r.From == r.To {
		return between, p, refuse(SelfAsked)
	}
	if between, err = r.between(from, to); err != nil {
		return between, p, err
	}
	p, ok := l.purposes.get(r.Purpose)
	if !ok {
		return between, p, refuse(UnknownPurpose, "field", "purpose")
	}
	return between, p, nil
}

// between is who asks whom, as the register lists them.
func (r Request) between(from, to Party) (Pair, error) {
	asker, ok := from.Capacity(r.From.Capacity)
	if !ok || from.OIN != r.From.OIN {
		return Pair{}, refuse(UnknownCapacity, "party", "asker", "capacity", string(r.From.Capacity))
	}
	asked, ok := to.Capacity(r.To.Capacity)
	if !ok || to.OIN != r.To.OIN {
		return Pair{}, refuse(UnknownCapacity, "party", "asked", "capacity", string(r.To.Capacity))
	}
	return Pair{Asker: asker, Asked: asked, Own: r.From.OIN == r.To.OIN}, nil
}

func (l *Law) weighingArticle(code WeighingCode) string {
	w, _ := l.weighings.get(code)
	return w.Article
}

// checkTriggerNote holds what the case began with, and keeps the ways of a case
// that began so.
func (l *Law) checkTriggerNote(ways []Way, t TriggerNote, p Purpose, now time.Time) ([]Way, error) {
	rule, ok := l.triggers.get(t.Code)
	if !ok {
		return ways, refuse(UnknownTrigger)
	}
	ways, err := p.onTrigger(ways, t.Code)
	if err == nil && (t.On.IsZero() || t.On.After(now)) {
		err = refuse(BadTrigger, "trigger", string(t.Code), "field", "on", "article", rule.Article)
	}
	return ways, err
}

// checkDue holds the term of the law. A term that runs from the trigger binds
// until it is over; after that the investigation is late, and a day is still
// to be named.
func (p Purpose) checkDue(r Request, now time.Time) error {
	if !r.Due.After(now) {
		return refuse(DeadlinePassed, "article", p.Article)
	}
	if p.Deadline.From != FromTrigger {
		return nil
	}
	// The trigger is a day: the term ends with the last of its days.
	end := r.Trigger.On.AddDate(0, 0, p.Deadline.Days+1)
	if end.After(now) && r.Due.After(end) {
		return refuse(DeadlineTooLate, "date", end.AddDate(0, 0, -1).Format(time.DateOnly), "article", p.Article)
	}
	return nil
}

// examineNeeds holds what the purpose wants stated of the request as a whole:
// each statement that is missing is a finding of its own, so that somebody can
// answer them all at once.
func (l *Law) examineNeeds(r Request, p Purpose, asked Capacity) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		domain, _ := l.domains.get(asked.Domain)
		applies := func(n Need) bool { return !n.ofItem() && (n.Kind == "" || n.Kind == domain.Kind) }
		complete := true
		for _, n := range p.Needs {
			if !applies(n) {
				continue
			}
			if err := l.checkNeed(r.Statements, n); err != nil {
				complete = false
				if !yield(found(RuleStatement, "5.4.2(1)", err)) {
					return
				}
			}
		}
		err := l.checkSurplus(r.Statements, func(code StatementCode) bool {
			return slices.ContainsFunc(p.Needs, func(n Need) bool { return applies(n) && n.names(code) })
		}, "field", "statements")
		if complete || err != nil {
			yield(found(RuleStatement, "5.4.2(1)", err))
		}
	}
}

func (l *Law) examineItems(r Request, p Purpose, rule RegimeRule, between Pair) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		switch {
		case len(r.Items) == 0:
			yield(found(RuleItem, "5.4.2(1)", refuse(NothingAsked)))
			return
		case len(r.Items) > maxItems:
			yield(found(RuleItem, "5.4.2(1)", refuse(TooMuchAsked)))
			return
		}
		seen := map[ItemCode]bool{}
		for i, a := range r.Items {
			var err error
			if !l.items.has(a.Item) {
				// Its code is what somebody typed: which one it is, says its place.
				if !yield(found(RuleItem, p.Article, refuse(UnknownItem, "number", strconv.Itoa(i+1)))) {
					return
				}
				continue
			}
			if seen[a.Item] {
				err = refuse(ItemTwice, "item", string(a.Item))
			} else {
				err = l.checkItem(a, p, rule, between)
			}
			seen[a.Item] = true
			if !yield(found(RuleItem, p.Article, err, "item", string(a.Item), "depth", string(a.Depth))) {
				return
			}
		}
	}
}

func (l *Law) checkItem(a AskedItem, p Purpose, rule RegimeRule, between Pair) error {
	item, _ := l.items.get(a.Item)
	here := []string{"item", string(a.Item)}
	if item.Domain != between.Asked.Domain {
		return refuse(ItemNotHeld, append(here, "domain", string(between.Asked.Domain))...)
	}
	if _, ok := item.Depths[a.Depth]; !ok {
		return refuse(BadDepth, here...)
	}
	if err := p.mayConcern(item.Category, rule, between); err != nil {
		r := *err.(*Refusal)
		r.Params = append(here, r.Params...)
		return &r
	}
	if a.Why.Blank() {
		return refuse(ReasonMissing, append(here, "article", "5.4.2(1)")...)
	}
	if len(a.Why.Reveal()) > maxReason {
		return refuse(BadRequest, here...)
	}
	for _, n := range p.Needs {
		if !n.applies(item) {
			continue
		}
		if err := l.checkNeed(a.Statements, n, here...); err != nil {
			return err
		}
	}
	return l.checkSurplus(a.Statements, func(code StatementCode) bool {
		return slices.ContainsFunc(p.Needs, func(n Need) bool { return n.applies(item) && n.names(code) })
	}, here...)
}

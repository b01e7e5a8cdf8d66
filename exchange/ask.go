package exchange

import (
	"iter"
	"strconv"
	"time"
)

// An Asking is all that a request depends on at the asker.
type Asking struct {
	Case     Case
	Request  Request
	From, To Party
	// Earlier are the requests that were made before in the same case.
	Earlier []Earlier
	// Taking is the conference that the request names, where it does.
	Taking Taking
	// Broad says why so many parties are asked at once, where that is so. It
	// stays at the asker; the privacy officer sees it.
	Broad Personal
	By    Actor
	At    time.Time
}

// An Earlier is a request that was made before.
type Earlier struct {
	Request Request
	At      time.Time
}

// A week is the time in which parties asked are counted.
const week = 7 * 24 * time.Hour

// Ask starts an exchange at the asker. It returns the first refusal that
// [Law.ExamineAsking] finds.
func Ask(law *Law, a Asking) (Exchange, Event, error) {
	if err := first(law.ExamineAsking(a)); err != nil {
		return Exchange{}, Event{}, err
	}
	between, err := a.Request.between(a.From, a.To)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	x := Exchange{ID: a.Request.ID, Side: Asker, Phase: Queued, Request: a.Request, ByNumber: between.mayHaveBSN(), Begun: a.At, Changed: a.At}
	broad := law.broad(a) != nil
	if broad {
		x.Broad = a.Broad
	}
	return x, x.event(RequestIssued, a.By.ID, a.At, Detail{Items: a.Request.outline(), Broad: broad}), nil
}

// ExamineAsking looks at a request as the asker's node does before it leaves:
// that the case is open and the person belongs to it; then the request against
// the law in force: purpose, who asks whom, items, categories, and whether the
// other party may process the BSN (I6); then who asks. A request to many
// parties at once needs a reason of its own.
func (l *Law) ExamineAsking(a Asking) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		if !yield(found(RuleCase, l.triggerArticle(a.Case.Trigger.Code), l.checkCase(a), "trigger", string(a.Case.Trigger.Code))) {
			return
		}
		for f := range l.ExamineRequest(a.Request, a.From, a.To, a.At) {
			if !yield(f) {
				return
			}
		}
		if a.Request.Conference != "" && !yield(found(RuleTaking, "5.4.3(4)", a.Taking.check(a.Request, a.At))) {
			return
		}
		capacity, _ := a.From.Capacity(a.Request.From.Capacity)
		if !yield(found(RuleActor, "", l.mayAsk(a.By, capacity), "capacity", string(a.Request.From.Capacity))) {
			return
		}
		yield(found(RuleBroad, "2.3a.1(4)", l.checkBroad(a)))
	}
}

func (l *Law) triggerArticle(code TriggerCode) string {
	t, _ := l.triggers.get(code)
	return t.Article
}

func (l *Law) checkBroad(a Asking) error {
	if len(a.Broad.Reveal()) > maxReason {
		return refuse(BadRequest, "field", "broad")
	}
	// It stays here, beside a request to a party that may not have the number.
	if between, err := a.Request.between(a.From, a.To); err == nil && !between.mayHaveBSN() && a.Broad.holdsBSN() {
		return refuse(BSNNotAllowed, "field", "broad", "article", "5.4.2(5)")
	}
	if err := l.broad(a); err != nil && a.Broad.Blank() {
		return err
	}
	return nil
}

// checkCase holds that a request belongs to its case.
func (l *Law) checkCase(a Asking) error {
	r, c := a.Request, a.Case
	switch {
	case c.ID != r.Case || c.Own != r.From:
		return refuse(BadRequest, "field", "case")
	case !c.Closed.IsZero():
		return refuse(CaseEnded)
	case r.Trigger.Code != c.Trigger.Code || !r.Trigger.On.Equal(c.Trigger.On):
		return refuse(BadTrigger, "field", "case")
	}
	person, ok := c.Find(r.Subject)
	if !ok || person.Standing != r.Subject.Standing {
		return refuse(NotInCase, "field", "person")
	}
	p, ok := l.purposes.get(r.Purpose)
	if !ok {
		return refuse(UnknownPurpose, "field", "purpose")
	}
	between, err := r.between(a.From, a.To)
	if err != nil {
		return err
	}
	// Where there is no way, the rules of the request say why.
	way, _ := p.way(between, c.Trigger.Code)
	switch {
	case way.FamilyAgrees && person.Standing == Family && person.Agreed.IsZero():
		return refuse(FamilyNotAgreed, "purpose", string(p.Code), "article", "2.3a.1(3)")
	case !way.BeyondScope && len(c.Trigger.Scope) > 0 && !known(c.Trigger.Scope, between.Asked.Domain):
		return refuse(OutsideScope, "domain", string(between.Asked.Domain), "article", "2.3a.1(4)")
	case !person.BSN.Zero() && r.Subject.BSN.Zero() && between.Asker.MayProcessBSN && between.Asked.MayProcessBSN:
		return refuse(BSNMissing, "article", "5.4.2(5)")
	}
	return nil
}

// broad says whether a request is one of many: the same item asked of a third
// party in the case, or more parties within a week than the purpose takes for
// granted. That is what fishing looks like (memorandum §4.3.1).
func (l *Law) broad(a Asking) *Refusal {
	same, all := map[PartyID]bool{a.Request.To: true}, map[PartyID]bool{a.Request.To: true}
	for _, e := range a.Earlier {
		if a.At.Sub(e.At) > week {
			continue
		}
		all[e.Request.To] = true
		if e.Request.shares(a.Request) {
			same[e.Request.To] = true
		}
	}
	p, _ := l.purposes.get(a.Request.Purpose)
	switch {
	case len(same) > sameItemParties:
		return refuse(BroadRequest, "parties", strconv.Itoa(len(same)), "article", p.Article)
	case p.ManyParties > 0 && len(all) > p.ManyParties:
		return refuse(BroadRequest, "parties", strconv.Itoa(len(all)), "article", p.Article)
	}
	return nil
}

// sameItemParties is how many parties may be asked the same item within a week
// before the asker has to say why.
const sameItemParties = 2

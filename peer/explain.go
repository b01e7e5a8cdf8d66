package peer

import (
	"context"
	"errors"
	"slices"
	"time"

	"sluis/exchange"
)

// An Explanation says which rules allowed or stopped something, in the order
// in which they were looked at.
type Explanation struct {
	Allowed  bool
	Findings []exchange.Finding
	Purpose  exchange.PurposeCode
	// Weighing is how the asked party weighs, "" where it is not known.
	Weighing exchange.WeighingCode
	// Side and Phase are where it stands, "" for a request that was not made.
	Side  exchange.Side
	Phase exchange.Phase
	// Rejected is the code with which the other node did not accept a message.
	Rejected string
}

// Examine says of a request what [Node.Ask] would say, and does nothing.
func (n *Node) Examine(_ context.Context, who Who, asking Asking) (Explanation, error) {
	f, err := n.current()
	if err != nil {
		return Explanation{}, err
	}
	a, lacks, err := n.asking(f, who, asking)
	if err != nil {
		return Explanation{}, err
	}
	var findings []exchange.Finding
	for _, l := range lacks {
		refusal := &exchange.Refusal{Code: l.code()}
		_ = errors.As(l.err, &refusal) // with its params, where it is one
		findings = append(findings, exchange.Finding{Refusal: refusal})
	}
	for f := range f.law.ExamineAsking(a) {
		if !slices.ContainsFunc(lacks, func(l lack) bool { return l.hides(f) }) {
			findings = append(findings, f)
		}
	}
	e := explanation(findings)
	e.Purpose, e.Weighing = a.Request.Purpose, weighingOf(f.law, a.Request, a.To)
	return e, nil
}

// Explain says of an exchange which rules allowed it and how it went on: what
// was weighed and decided here, or what the other party answered. It tells codes of items and grounds,
// so the view is in the ledger as any other (I3).
func (n *Node) Explain(ctx context.Context, who Who, id exchange.ID) (Explanation, error) {
	f, err := n.current()
	if err != nil {
		return Explanation{}, err
	}
	x, err := n.Open(ctx, who, id)
	if err != nil {
		return Explanation{}, err
	}
	r := x.Request
	from, err := f.party(r.From.OIN)
	if err != nil {
		return Explanation{}, err
	}
	to, err := f.party(r.To.OIN)
	if err != nil {
		return Explanation{}, err
	}
	// The request is judged as of a moment at which it could be answered.
	at := n.now()
	if !at.Before(r.Due) {
		at = r.Due.Add(-time.Second)
	}
	findings := slices.Collect(f.law.ExamineRequest(r, from, to, at))
	if x.Side == exchange.Supplier && x.Decision.By != "" {
		by, err := n.colleague(x.Decision.By)
		if err != nil {
			return Explanation{}, err
		}
		by.Hat, by.Ended = r.To.Capacity, time.Time{} // he may have left since
		findings = slices.AppendSeq(findings, f.law.ExamineDecision(r, x.Weighing, x.Decision, to, by))
	}
	rule, err := n.WeighingOf(ctx, who, x)
	if err != nil { // he may look, and not weigh
		rule, _ = f.law.Weighing(weighingOf(f.law, r, to))
	}
	findings = slices.AppendSeq(findings, f.law.ExamineCourse(x, rule))
	e := explanation(findings)
	e.Side, e.Phase = x.Side, x.Phase
	e.Purpose, e.Weighing, e.Rejected = r.Purpose, weighingOf(f.law, r, to), x.Rejected
	e.Allowed = e.Allowed && x.Rejected == ""
	return e, nil
}

// WeighingOf is how somebody weighs a request, by his own regime where that is
// stricter.
func (n *Node) WeighingOf(_ context.Context, who Who, x exchange.Exchange) (exchange.WeighingRule, error) {
	law, own, by, err := n.decider(who)
	if err != nil {
		return exchange.WeighingRule{}, err
	}
	rule, _, err := law.WeighingOf(x.Request, own, by)
	return rule, err
}

// Proposed lists the conditions that the catalogue proposes where somebody
// supplies all that was asked.
func (n *Node) Proposed(_ context.Context, who Who, x exchange.Exchange) ([]exchange.Condition, error) {
	law, own, by, err := n.decider(who)
	if err != nil {
		return nil, err
	}
	return x.Propose(law, x.Request.Asked(), own, by)
}

// decider is what the law is asked with when somebody decides.
func (n *Node) decider(who Who) (law *exchange.Law, own exchange.Party, by exchange.Actor, err error) {
	f, err := n.current()
	if err != nil {
		return nil, own, by, err
	}
	if by, err = n.actor(who); err != nil {
		return nil, own, by, err
	}
	own, _, err = n.own(f)
	return f.law, own, by, err
}

func explanation(findings []exchange.Finding) Explanation {
	return Explanation{
		Allowed:  !slices.ContainsFunc(findings, func(f exchange.Finding) bool { return f.Refusal != nil }),
		Findings: findings,
	}
}

func weighingOf(law *exchange.Law, r exchange.Request, to exchange.Party) exchange.WeighingCode {
	p, _ := law.Purpose(r.Purpose)
	c, _ := to.Capacity(r.To.Capacity)
	rule, _ := p.Under(c.Regime)
	return rule.Weighing
}

package peer

import (
	"context"
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
	// Rejected is the code with which the other node did not accept a message.
	Rejected string
}

// Examine says of a request what [Node.Ask] would say, and does nothing.
func (n *Node) Examine(_ context.Context, who Who, asking Asking) (Explanation, error) {
	f, err := n.current()
	if err != nil {
		return Explanation{}, err
	}
	a, err := n.asking(f, who, asking)
	if err != nil {
		return Explanation{}, err
	}
	e := explanation(slices.Collect(f.law.ExamineAsking(a)))
	e.Purpose, e.Weighing = a.Request.Purpose, weighingOf(f.law, a.Request, a.To)
	return e, nil
}

// Explain says of an exchange which rules allowed it and, where it is decided
// here, which rules its decision followed. It tells codes of items and grounds,
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
		by.Hat = r.To.Capacity
		findings = slices.AppendSeq(findings, f.law.ExamineDecision(r, x.Weighing, x.Decision, to, by))
	}
	e := explanation(findings)
	e.Purpose, e.Weighing, e.Rejected = r.Purpose, weighingOf(f.law, r, to), x.Rejected
	e.Allowed = e.Allowed && x.Rejected == ""
	return e, nil
}

// WeighingOf is how somebody weighs a request, by his own regime where that is
// stricter.
func (n *Node) WeighingOf(_ context.Context, who Who, x exchange.Exchange) (exchange.WeighingRule, error) {
	f, err := n.current()
	if err != nil {
		return exchange.WeighingRule{}, err
	}
	by, err := n.actor(who)
	if err != nil {
		return exchange.WeighingRule{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.WeighingRule{}, err
	}
	rule, _, err := f.law.WeighingOf(x.Request, own, by)
	return rule, err
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

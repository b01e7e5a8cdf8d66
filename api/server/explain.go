package server

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
	"sluis/schemas"
)

// Explain says which rules allowed a request and what was decided on it.
func (a *API) Explain(ctx context.Context, r ExplainRequestObject) (ExplainResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	e, err := a.node.Explain(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return Explain200JSONResponse(explained(a.node.Law(), e)), nil
}

// Examine says what Ask would say, and does nothing. Where a request can't even
// be put together, the reason for that is the explanation.
func (a *API) Examine(ctx context.Context, r ExamineRequestObject) (ExamineResponseObject, error) {
	by, asking, err := askingOf(r.Params.Actor, r.Params.Hat, *r.Body)
	var e peer.Explanation
	if err == nil {
		e, err = a.node.Examine(ctx, by, asking)
	}
	var refusal *exchange.Refusal
	switch {
	case errors.As(err, &refusal):
		e = peer.Explanation{Purpose: asking.Request.Purpose, Findings: []exchange.Finding{{Refusal: refusal}}}
	case err != nil:
		return nil, err
	}
	return Examine200JSONResponse(explained(a.node.Law(), e)), nil
}

// ListTraces lists what the ledger holds about a request; the node records the
// view.
func (a *API) ListTraces(ctx context.Context, r ListTracesRequestObject) (ListTracesResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	trail, err := a.node.Trail(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return ListTraces200JSONResponse{Traces: each(trail, func(t peer.Trace) api.Trace {
		n := api.Trace{
			Index: t.Index, At: moment(t.Time), Kind: t.Kind, As: some(t.As), By: string(t.By), Via: t.Via, Register: t.Register, Second: string(t.Detail.Second),
			For: string(t.Detail.For), Late: t.Detail.Late, Broad: t.Detail.Broad, Code: t.Detail.Code,
		}
		if s := t.Detail.Step; s != nil {
			n.Step, n.Outcome, n.With = string(s.Step), string(s.Outcome), string(s.With)
		}
		return n
	})}, nil
}

func explained(law *exchange.Law, e peer.Explanation) api.Explanation {
	v := vocabulary{law, e.Weighing}
	n := api.Explanation{
		Allowed: e.Allowed, Verdict: sentence(verdict(e.Allowed, e.Side, e.Phase)), Purpose: string(e.Purpose), Weighing: string(e.Weighing),
		Rejected: e.Rejected, Rules: []api.Explained{},
	}
	for _, f := range e.Findings {
		n.Rules = append(n.Rules, v.explain(f))
	}
	if e.Rejected != "" {
		n.Rules = append(n.Rules, v.explain(exchange.Finding{Refusal: &exchange.Refusal{Code: exchange.Code(e.Rejected)}}))
	}
	return n
}

// A vocabulary puts findings into words, with the names of the law in force.
type vocabulary struct {
	law *exchange.Law
	// weighing is whose steps are meant: weighings share the codes of steps.
	weighing exchange.WeighingCode
}

// explain says what a rule says where it allows, and what its refusal says
// where it stops.
func (v vocabulary) explain(f exchange.Finding) api.Explained {
	n := api.Explained{Code: string(f.Rule), Article: f.Article, Allowed: f.Refusal == nil}
	params := f.Params
	if r := f.Refusal; r != nil {
		n.Code = string(r.Code)
		params = append(slices.Clone(r.Params), f.Params...)
		text, _ := schemas.Text(n.Code)
		n.Article = cmp.Or(param(r.Params, "article"), n.Article, text.Article)
	}
	rule, ok := wording(n.Code, params)
	if !ok {
		n.Says = advice(explain(n.Code))
		return n
	}
	var dutch, english []string
	for i := 0; i+1 < len(params); i += 2 {
		name := v.name(params[i], params[i+1], params)
		dutch = append(dutch, "{"+params[i]+"}", name.NL)
		english = append(english, "{"+params[i]+"}", name.EN)
	}
	// Of a param that is there twice the first counts: that of the refusal.
	n.Says = api.Sentence{NL: strings.NewReplacer(dutch...).Replace(rule.NL), EN: strings.NewReplacer(english...).Replace(rule.EN)}
	return n
}

// wording is the sentence of a code, in the form that names most of what is
// known: "statement-missing/item" says of which item.
func wording(code string, params []string) (schemas.Sentence, bool) {
	for _, form := range []string{"item+surplus", "surplus", "item+statement", "item", "statement", "field", "number"} {
		if s, ok := schemas.Rule(code + "/" + form); ok && !slices.ContainsFunc(strings.Split(form, "+"), func(name string) bool { return param(params, name) == "" }) {
			return s, true
		}
	}
	return schemas.Rule(code)
}

func advice(t schemas.Explanation) api.Sentence {
	return api.Sentence{NL: t.NL.Title + " " + t.NL.Advice, EN: t.EN.Title + " " + t.EN.Advice}
}

func param(params []string, name string) string {
	for i := 0; i+1 < len(params); i += 2 {
		if params[i] == name {
			return params[i+1]
		}
	}
	return ""
}

// step is a step of the weighing that is explained, or else the first with
// that code: who is bound by more than his organisation weighs in another way.
func (v vocabulary) step(code exchange.StepCode) (exchange.StepRule, bool) {
	own, _ := v.law.Weighing(v.weighing)
	if s, ok := own.Step(code); ok {
		return s, true
	}
	for w := range v.law.Weighings() {
		if s, ok := w.Step(code); ok {
			return s, true
		}
	}
	return exchange.StepRule{}, false
}

// name is what a person calls the value of a param; params are those that came
// with it. What has no name is called as it is.
func (v vocabulary) name(what, code string, params []string) exchange.Sentence {
	switch what {
	case "purpose":
		if p, ok := v.law.Purpose(exchange.PurposeCode(code)); ok {
			return p.Name
		}
	case "task":
		if t, ok := v.law.Task(exchange.TaskCode(code)); ok {
			return t.Name
		}
	case "domain":
		if d, ok := v.law.Domain(exchange.DomainCode(code)); ok {
			return d.Name
		}
	case "item":
		if i, ok := v.law.Item(exchange.ItemCode(code)); ok {
			return i.Name
		}
	case "weighing":
		if w, ok := v.law.Weighing(exchange.WeighingCode(code)); ok {
			return w.Name
		}
	case "trigger":
		if t, ok := v.law.Trigger(exchange.TriggerCode(code)); ok {
			return t.Name
		}
	case "condition", "other":
		if c, ok := v.law.Condition(exchange.ConditionCode(code)); ok {
			return c.Name
		}
	case "statement", "surplus":
		// Of two, either will do.
		return either(code, "' of '", "' or '", func(code string) exchange.Sentence {
			if s, ok := v.law.Statement(exchange.StatementCode(code)); ok {
				return s.Ask
			}
			return term(what, code)
		})
	case "role":
		return either(code, " of ", " or ", func(code string) exchange.Sentence { return term(what, code) })
	case "date":
		if day, err := time.Parse(time.DateOnly, code); err == nil {
			return exchange.Sentence{NL: exchange.DutchDay(day), EN: day.Format("2 January 2006")}
		}
	case "capacity", "hat":
		return exchange.Sentence{NL: "'" + code + "'", EN: "'" + code + "'"}
	case "ground":
		if g, ok := v.law.Ground(exchange.GroundCode(code)); ok {
			return g.Name
		}
	case "step":
		if s, ok := v.step(exchange.StepCode(code)); ok {
			return s.Ask
		}
	case "outcome":
		s, _ := v.step(exchange.StepCode(param(params, "step")))
		if o, ok := s.Outcome(exchange.OutcomeCode(code)); ok {
			return o.Name
		}
	}
	return term(what, code)
}

// either names codes of which one will do.
func either(codes, dutch, english string, name func(string) exchange.Sentence) exchange.Sentence {
	var nl, en []string
	for _, code := range strings.Split(codes, ",") {
		s := name(code)
		nl, en = append(nl, s.NL), append(en, s.EN)
	}
	return exchange.Sentence{NL: strings.Join(nl, dutch), EN: strings.Join(en, english)}
}

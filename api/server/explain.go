package server

import (
	"context"
	"strings"

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

// Examine says what Ask would say, and does nothing.
func (a *API) Examine(ctx context.Context, r ExamineRequestObject) (ExamineResponseObject, error) {
	by, asking, err := askingOf(r.Params.Actor, r.Params.Hat, *r.Body)
	if err != nil {
		return nil, err
	}
	e, err := a.node.Examine(ctx, by, asking)
	if err != nil {
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
			Index: t.Index, At: moment(t.Time), Kind: t.Kind, As: some(t.As), By: string(t.By), Register: t.Register, Second: string(t.Detail.Second),
			For: string(t.Detail.For), Late: t.Detail.Late, Broad: t.Detail.Broad, Code: t.Detail.Code,
		}
		if s := t.Detail.Step; s != nil {
			n.Step, n.Outcome, n.With = string(s.Step), string(s.Outcome), string(s.With)
		}
		return n
	})}, nil
}

func explained(law *exchange.Law, e peer.Explanation) api.Explanation {
	n := api.Explanation{Allowed: e.Allowed, Purpose: string(e.Purpose), Weighing: string(e.Weighing), Rejected: e.Rejected, Rules: []api.Explained{}}
	for _, f := range e.Findings {
		n.Rules = append(n.Rules, explainedRule(law, f))
	}
	if e.Rejected != "" {
		t := explain(e.Rejected)
		n.Rules = append(n.Rules, api.Explained{Code: e.Rejected, Article: t.Article, Says: advice(t)})
	}
	return n
}

// explainedRule puts a finding into words: the sentence of the rule where it
// allows, that of the refusal where it stops.
func explainedRule(law *exchange.Law, f exchange.Finding) api.Explained {
	n := api.Explained{Code: string(f.Rule), Article: f.Article, Allowed: f.Refusal == nil}
	params := f.Params
	if f.Refusal != nil {
		n.Code = string(f.Refusal.Code)
		params = append(append([]string{}, f.Refusal.Params...), f.Params...)
	}
	rule, ok := schemas.Rule(n.Code)
	if !ok {
		t := explain(n.Code)
		n.Says = advice(t)
		return n
	}
	n.Says = api.Sentence{NL: fill(law, rule.NL, params, true), EN: fill(law, rule.EN, params, false)}
	for i := 0; i+1 < len(params); i += 2 {
		if params[i] == "article" && f.Refusal != nil {
			n.Article = params[i+1]
			break
		}
	}
	return n
}

func advice(t schemas.Explanation) api.Sentence {
	return api.Sentence{NL: t.NL.Title + " " + t.NL.Advice, EN: t.EN.Title + " " + t.EN.Advice}
}

// fill puts the names of the catalogues in the place of {param}.
func fill(law *exchange.Law, sentence string, params []string, dutch bool) string {
	for i := 0; i+1 < len(params); i += 2 {
		name := nameOf(law, params[i], params[i+1])
		word := name.EN
		if dutch {
			word = name.NL
		}
		sentence = strings.ReplaceAll(sentence, "{"+params[i]+"}", word)
	}
	return sentence
}

// nameOf is what a person calls the code of a param.
func nameOf(law *exchange.Law, param, code string) exchange.Sentence {
	switch param {
	case "purpose":
		if p, ok := law.Purpose(exchange.PurposeCode(code)); ok {
			return p.Name
		}
	case "task":
		if t, ok := law.Task(exchange.TaskCode(code)); ok {
			return t.Name
		}
	case "domain":
		if d, ok := law.Domain(exchange.DomainCode(code)); ok {
			return d.Name
		}
	case "item":
		if i, ok := law.Item(exchange.ItemCode(code)); ok {
			return i.Name
		}
	case "weighing":
		if w, ok := law.Weighing(exchange.WeighingCode(code)); ok {
			return w.Name
		}
	case "trigger":
		if t, ok := law.Trigger(exchange.TriggerCode(code)); ok {
			return t.Name
		}
	case "statement":
		if s, ok := law.Statement(exchange.StatementCode(code)); ok {
			return s.Ask
		}
	case "ground":
		if g, ok := law.Ground(exchange.GroundCode(code)); ok {
			return g.Name
		}
	case "step":
		for w := range law.Weighings() {
			if s, ok := w.Step(exchange.StepCode(code)); ok {
				return s.Ask
			}
		}
	case "depth", "asked":
		return words(code, map[string]exchange.Sentence{
			"that": {NL: "dat het er is", EN: "that it is there"}, "process": {NL: "hoe het loopt", EN: "how it goes"},
			"content": {NL: "de inhoud", EN: "the content"},
		})
	case "category":
		return words(code, map[string]exchange.Sentence{
			"ordinary": {NL: "gewone gegevens", EN: "ordinary data"}, "health": {NL: "gegevens over gezondheid", EN: "health data"},
			"special":  {NL: "andere bijzondere gegevens", EN: "other special categories"},
			"criminal": {NL: "strafrechtelijke gegevens", EN: "criminal data"},
		})
	case "regime":
		return words(code, map[string]exchange.Sentence{
			"none": {NL: "geen beroepsgeheim", EN: "no statutory secrecy"}, "wgbo": {NL: "beroepsgeheim (art. 7:457 BW)", EN: "professional secrecy (art. 7:457 BW)"},
			"big":      {NL: "beroepsgeheim (Wet BIG)", EN: "professional secrecy (Wet BIG)"},
			"jeugdwet": {NL: "beroepsgeheim (Jeugdwet)", EN: "professional secrecy (Youth Act)"},
			"wpg":      {NL: "de Wet politiegegevens", EN: "the Police Data Act"},
			"wjsg":     {NL: "de Wet justitiële en strafvorderlijke gegevens", EN: "the Judicial Data Act"},
			"mayor":    {NL: "eigen afweging van de burgemeester", EN: "the mayor's own weighing"},
		})
	case "involvement":
		return words(code, map[string]exchange.Sentence{
			"in-consultation": {NL: "in samenspraak met de inwoner", EN: "together with the client"},
			"informed":        {NL: "de inwoner weet ervan", EN: "the client knows"}, "not-yet-informed": {NL: "de inwoner weet het nog niet", EN: "the client does not know yet"},
			"objected": {NL: "de inwoner maakte bezwaar", EN: "the client objected"},
		})
	}
	return exchange.Sentence{NL: code, EN: code}
}

func words(code string, all map[string]exchange.Sentence) exchange.Sentence {
	if s, ok := all[code]; ok {
		return s
	}
	return exchange.Sentence{NL: code, EN: code}
}

package server

import (
	"fmt"

	"sluis/api"
	"sluis/exchange"
)

// conditionsOf reads conditions on further use. An empty list is one.
func conditionsOf(all []api.Condition) ([]exchange.Condition, error) {
	list := []exchange.Condition{}
	for _, n := range all {
		c := exchange.Condition{
			Code: exchange.ConditionCode(n.Kind.Code()), Depth: exchange.Depth(n.Depth.Code()), Items: codesOf[exchange.ItemCode](n.Items),
			Tasks: codesOf[exchange.TaskCode](n.Tasks), Domains: codesOf[exchange.DomainCode](n.Domains),
			Purposes: codesOf[exchange.PurposeCode](n.Purposes), Phases: codesOf[exchange.PhaseCode](n.Phases),
		}
		for _, p := range n.Parties {
			id, err := exchange.ParsePartyID(p)
			if err != nil {
				return nil, err
			}
			c.Parties = append(c.Parties, id)
		}
		var err error
		if c.Until, err = dayOf(n.Until, "/voorwaarden"); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// codesOf turns texts into codes, or nothing into nil.
func codesOf[T, S ~string](all []S) (list []T) {
	for _, a := range all {
		list = append(list, T(a))
	}
	return list
}

// conditionsFrom writes conditions of a party out, each with the sentence that
// says what a node does to keep it.
func (a *API) conditionsFrom(all []exchange.Condition, by exchange.PartyID) []api.SetCondition {
	return each(all, func(c exchange.Condition) api.SetCondition {
		return api.SetCondition{Condition: conditionFrom(c), Says: sentence(a.node.Law().SentenceOf(c, by, a.nameOf))}
	})
}

func conditionFrom(c exchange.Condition) api.Condition {
	return api.Condition{
		Kind: conditionOf(c.Code), Depth: depthOf(c.Depth), Items: codesOf[string](c.Items), Tasks: codesOf[string](c.Tasks),
		Domains: codesOf[string](c.Domains), Purposes: codesOf[string](c.Purposes), Phases: codesOf[string](c.Phases),
		Parties: partiesFrom(c.Parties), Until: dayFrom(c.Until),
	}
}

// nameOf is what people call a party: its name in the register, and in which
// capacity it acts.
func (a *API) nameOf(id exchange.PartyID) string {
	if reg := a.node.Register(); reg != nil {
		if p, ok := reg.Party(id.OIN); ok {
			return fmt.Sprintf("%s (%s)", p.Name, id.Capacity)
		}
	}
	return id.String()
}

// told lists what there is to say of the conditions of a decision that were
// allowed.
func (a *API) told(d exchange.Decision) []api.Explained {
	told := []api.Explained{}
	for f := range a.node.Law().ExamineConditions(d.Supplied(), d.Conditions) {
		if f.Rule != exchange.RuleCondition {
			told = append(told, vocabulary{law: a.node.Law()}.explain(f))
		}
	}
	return told
}

func partiesFrom(all []exchange.PartyID) (list []string) {
	for _, p := range all {
		list = append(list, p.String())
	}
	return list
}

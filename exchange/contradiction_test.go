package exchange

import (
	"slices"
	"strings"
	"testing"
)

func examined(t *testing.T, supplied []SuppliedItem, all []Condition) (refused *Refusal, told []string) {
	t.Helper()
	looked := 0
	for f := range testLaw(t).ExamineConditions(supplied, all) {
		switch {
		case f.Refusal != nil && refused == nil:
			refused = f.Refusal
		case f.Rule == RuleCondition:
		case f.Refusal == nil:
			told = append(told, string(f.Rule)+" "+strings.Join(f.Params, " "))
		}
		if f.Rule == RuleCondition {
			looked++
		}
	}
	if looked != len(all) {
		t.Errorf("%d of %d conditions were looked at", looked, len(all))
	}
	return refused, told
}

// Art. 5.4.2(1) and issue 5: what can't be kept is refused when it is set, with
// the two conditions that clash.
func TestArticle5_4_2_1_ConditionsThatCantBeKept(t *testing.T) {
	supplied := []SuppliedItem{{"rent-arrears", Content}, {"nuisance-reports", Process}}
	house, prob, third := someParties[2], someParties[3], someParties[4]
	to := func(p ...PartyID) Condition { return Condition{Code: OnlyTo, Parties: p} }
	for _, c := range []struct {
		what string
		all  []Condition
		code Code
		says string
	}{
		{"nothing", nil, "", ""},
		{"an unknown item", []Condition{{Code: AskFirst, Items: []ItemCode{"no-such-item"}}}, ConditionNames, "condition ask-first field items"},
		{"an item that is not supplied", []Condition{{Code: AskFirst, Items: []ItemCode{"offence"}}}, ConditionNotHere, "condition ask-first item offence"},
		{"an unknown task", []Condition{{Code: NotTo, Tasks: []TaskCode{"gossip"}}}, ConditionNames, "condition not-to field tasks"},
		{"an unknown domain", []Condition{{Code: NotTo, Domains: []DomainCode{"gossip"}}}, ConditionNames, "condition not-to field domains"},
		{"an unknown purpose", []Condition{{Code: NotFor, Purposes: []PurposeCode{"gossip"}}}, ConditionNames, "condition not-for field purposes"},
		{"an unknown phase", []Condition{{Code: OnlyFor, Phases: []PhaseCode{"gossip"}}}, ConditionNames, "condition only-for field phases"},

		{"two parties, and neither", []Condition{to(house), to(prob)}, ConditionsClash, "condition only-to other only-to item rent-arrears"},
		{"one party, and not that party", []Condition{to(house), {Code: NotTo, Parties: []PartyID{house}}}, ConditionsClash, "condition not-to other only-to item rent-arrears"},
		{"the other way round", []Condition{{Code: NotTo, Parties: []PartyID{house}}, to(house)}, ConditionsClash, "condition only-to other not-to item rent-arrears"},
		{"two tasks: nobody has both in one capacity", []Condition{{Code: OnlyTo, Tasks: []TaskCode{"service"}}, {Code: OnlyTo, Tasks: []TaskCode{"coordination"}}}, ConditionsClash, "condition only-to other only-to item rent-arrears"},
		{"three, each two of which leave somebody", []Condition{to(house, prob), to(prob, third), to(house, third)}, ConditionsClash, "condition only-to other only-to item rent-arrears"},
		{"two that exclude the two that are left", []Condition{to(house, prob), {Code: NotTo, Parties: []PartyID{house}}, {Code: NotTo, Parties: []PartyID{prob}}}, ConditionsClash, "condition not-to other only-to item rent-arrears"},
		{"on one item only", []Condition{to(house), {Code: NotTo, Parties: []PartyID{house}, Items: []ItemCode{"nuisance-reports"}}}, ConditionsClash, "condition not-to other only-to item nuisance-reports"},
		{"a purpose, and not its phase", []Condition{{Code: OnlyFor, Purposes: []PurposeCode{"coordination"}}, {Code: NotFor, Phases: []PhaseCode{CoordinationPhase}}}, ConditionsClash, "condition not-for other only-for item rent-arrears"},
		{"two purposes", []Condition{{Code: OnlyFor, Purposes: []PurposeCode{"coordination"}}, {Code: OnlyFor, Purposes: []PurposeCode{"triage"}}}, ConditionsClash, "condition only-for other only-for item rent-arrears"},

		{"two parties, of different items", []Condition{{Code: OnlyTo, Parties: []PartyID{house}, Items: []ItemCode{"rent-arrears"}}, {Code: OnlyTo, Parties: []PartyID{prob}, Items: []ItemCode{"nuisance-reports"}}}, "", ""},
		{"a party that may have the task", []Condition{to(house), {Code: OnlyTo, Tasks: []TaskCode{"service"}}}, "", ""},
		{"a task within a domain", []Condition{{Code: OnlyTo, Tasks: []TaskCode{"service"}}, {Code: OnlyTo, Domains: []DomainCode{"housing"}}}, "", ""},
		{"a domain without one party", []Condition{{Code: OnlyTo, Domains: []DomainCode{"housing"}}, {Code: NotTo, Parties: []PartyID{house}}}, "", ""},
		{"a phase without one purpose", []Condition{{Code: OnlyFor, Phases: []PhaseCode{InvestigationPhase}}, {Code: NotFor, Purposes: []PurposeCode{"investigation/client-request"}}}, "", ""},
		{"orally, after asking", []Condition{{Code: OralOnly}, {Code: AskFirst}}, "", ""},
	} {
		refused, _ := examined(t, supplied, c.all)
		switch {
		case c.code == "" && refused != nil:
			t.Errorf("%s: refused with %v", c.what, refused)
		case c.code != "" && (refused == nil || refused.Code != c.code || strings.Join(refused.Params, " ") != c.says):
			t.Errorf("%s: %v, want %s %s", c.what, refused, c.code, c.says)
		}
	}
}

// What can be kept but does nothing is told, not refused.
func TestArticle5_4_2_1_ConditionsThatDoNothing(t *testing.T) {
	supplied := []SuppliedItem{{"rent-arrears", Content}, {"nuisance-reports", Process}}
	for _, c := range []struct {
		what     string
		supplied []SuppliedItem
		all      []Condition
		told     []string
	}{
		{"every item may go on to whom is asked for", supplied, []Condition{{Code: AskFirst}, {Code: AfterTold}, {Code: OralOnly}}, nil},
		{"to ask first what goes to nobody", supplied, []Condition{{Code: NoOnward}, {Code: AskFirst}}, []string{"rule-idle condition ask-first other no-onward"}},
		{"only to somebody, and to nobody", supplied, []Condition{{Code: OnlyTo, Parties: someParties[:1]}, {Code: NoOnward}}, []string{"rule-idle condition only-to other no-onward"}},
		{"to delete what goes to nobody does something", supplied, []Condition{{Code: NoOnward}, {Code: DeleteBy, Until: today}}, nil},
		{"what goes to nobody is only one of them", supplied, []Condition{{Code: NoOnward, Items: []ItemCode{"rent-arrears"}}, {Code: AskFirst}}, nil},
		{"to ask first and each time", supplied, []Condition{{Code: AskFirst}, {Code: AskEachTime}}, []string{"rule-idle condition ask-first other ask-each-time"}},
		{"twice the same", supplied, []Condition{{Code: AskFirst}, {Code: AskFirst}}, []string{"rule-idle condition ask-first other ask-first"}},
		{"the same again for one item", supplied, []Condition{{Code: AskFirst, Items: []ItemCode{"rent-arrears"}}, {Code: AskFirst}}, []string{"rule-idle condition ask-first other ask-first"}},
		{"a later day", supplied, []Condition{{Code: DeleteBy, Until: today.AddDate(0, 0, 9)}, {Code: DeleteBy, Until: today}}, []string{"rule-idle condition delete-by other delete-by"}},
		{"too deep to go on", supplied, []Condition{{Code: NoDeeper, Depth: Process}}, []string{"rule-stays condition no-deeper item rent-arrears depth content"}},
		{"a depth that nothing goes beyond", supplied, []Condition{{Code: NoDeeper, Depth: Content}}, []string{"rule-no-effect condition no-deeper"}},
		{"nothing is supplied", nil, []Condition{{Code: AskFirst}}, []string{"rule-no-effect condition ask-first"}},
	} {
		refused, told := examined(t, c.supplied, c.all)
		if refused != nil || !slices.Equal(told, c.told) {
			t.Errorf("%s: told %q, refused %v", c.what, told, refused)
		}
	}
}

// A condition of which is told that it is idle can be left out: no use of
// anything that was supplied is judged otherwise. One that is refused as a clash
// leaves no use at all.
func TestWhatIsToldIsTrue(t *testing.T) {
	law := testLaw(t)
	idle, clashes := 0, 0
	for seed := range uint64(cases / 2) {
		w := newWorld(seed)
		supplied := []SuppliedItem{{someItems[0], one(w, Depths[:])}, {someItems[1], one(w, Depths[:])}}
		var all []Condition
		for range 2 + w.IntN(2) {
			if c := w.condition(); c.complete() && !known(c.Items, someItems[2]) {
				all = append(all, c)
			}
		}
		var left []Condition
		clash := ItemCode("")
		for f := range law.ExamineConditions(supplied, all) {
			switch {
			case f.Refusal != nil && clash == "":
				clash = ItemCode(f.Refusal.Params[5])
			case f.Rule == RuleCondition:
				left = append(left, all[len(left)])
			case f.Rule == RuleIdle || f.Rule == RuleNoEffect:
				left[len(left)-1].Code = "idle"
				idle++
			}
		}
		if clash != "" {
			clashes++
		}
		left = slices.DeleteFunc(left, func(c Condition) bool { return c.Code == "idle" })
		for range 20 {
			u := w.use()
			s := one(w, supplied)
			u.Item, u.Depth = s.Item, s.Depth
			v := Evaluate([]Layer{{By: someParties[0], Conditions: all}}, u).Verdict
			switch {
			case clash == u.Item && v != Forbidden && slices.ContainsFunc(all, func(c Condition) bool { return c.Code.about() != aboutNothing }):
				// The names drawn are independent of each other, as the check holds them to be; the phase of a purpose is not.
				if p, ok := law.Purpose(u.Purpose); ok && p.Phase == u.Phase {
					t.Fatalf("seed %d: a clash that leaves %s: %+v", seed, v, u)
				}
			case clash == "" && v != Evaluate([]Layer{{By: someParties[0], Conditions: left}}, u).Verdict:
				t.Fatalf("seed %d: what is idle changed the verdict\n%+v\n%+v\n%+v", seed, all, left, u)
			}
		}
	}
	if idle < 100 || clashes < 30 {
		t.Errorf("%d idle, %d clashes: the test sees too little", idle, clashes)
	}
}

// A decision is refused when it is taken, not when the data wants to go on.
func TestArticle5_4_2_1_DecideHoldsConditions(t *testing.T) {
	law := testLaw(t)
	x := accepted(t, law)
	d := Decision{Items: []ItemDecision{
		{Item: "rent-arrears", Outcome: Supply, Depth: Process, Value: Hide("since March")}, {Item: "nuisance-reports", Outcome: Withhold, Ground: "not-held"},
	}}
	for code, all := range map[Code][]Condition{
		ConditionNotHere: {{Code: AskFirst, Items: []ItemCode{"nuisance-reports"}}},
		ConditionNames:   {{Code: OnlyTo, Tasks: []TaskCode{"gossip"}}},
		ConditionsClash:  {{Code: OnlyTo, Parties: someParties[:1]}, {Code: NotTo, Parties: someParties[:1]}},
		BadCondition:     {{Code: NoDeeper, Depth: "gossip"}},
		UnknownCondition: {{Code: "gossip"}},
	} {
		d.Conditions = all
		_, _, err := x.Decide(law, d, housing, officer, Policy{}, noon)
		wantRefusal(t, string(code), err, code)
	}
	d.Conditions = []Condition{{Code: NoOnward}, {Code: AskFirst}}
	after, _, err := x.Decide(law, d, housing, officer, Policy{}, noon)
	if err != nil {
		t.Fatalf("a condition that does nothing: %v", err)
	}
	// Both sides hold them in the order in which they travel.
	if got := conditionCodes(after.Decision.Conditions); !slices.Equal(got, []ConditionCode{AskFirst, NoOnward}) {
		t.Errorf("in the order %v", got)
	}
}

// What is proposed: criminal data always asks first, and so does what is under
// secrecy or of the police and justice; ordinary data of others is free.
func TestArticle5_4_2_ProposedConditions(t *testing.T) {
	law := testLaw(t)
	criminal, health, ordinary := SuppliedItem{"offence", That}, SuppliedItem{"medical-limits", That}, SuppliedItem{"rent-arrears", That}
	for _, regime := range Regimes {
		proposed := law.ProposeConditions(regime, []SuppliedItem{criminal})
		if len(proposed) != 1 || proposed[0].Code != AskFirst || proposed[0].Items != nil {
			t.Errorf("criminal data under %s: %+v", regime, proposed)
		}
		if none := law.ProposeConditions(regime, nil); none != nil {
			t.Errorf("nothing under %s: %+v", regime, none)
		}
		proposed = law.ProposeConditions(regime, []SuppliedItem{ordinary})
		if bound := regime.Secrecy() || regime == Wpg || regime == Wjsg; (len(proposed) == 1 && proposed[0].Code == AskFirst) != bound || !bound && proposed != nil {
			t.Errorf("ordinary data under %s: %+v", regime, proposed)
		}
		for _, f := range slices.Collect(law.ExamineConditions([]SuppliedItem{health, ordinary, criminal}, law.ProposeConditions(regime, []SuppliedItem{health, ordinary, criminal}))) {
			if f.Rule != RuleCondition || f.Refusal != nil {
				t.Errorf("what is proposed under %s can't stand: %+v", regime, f)
			}
		}
	}
	mixed := law.ProposeConditions(NoSecrecy, []SuppliedItem{health, ordinary, criminal})
	if len(mixed) != 1 || !slices.Equal(mixed[0].Items, []ItemCode{"medical-limits", "offence"}) {
		t.Errorf("among other data: %+v", mixed)
	}
}

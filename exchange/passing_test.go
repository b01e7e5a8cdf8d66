package exchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var (
	youth = Party{OIN: "00000099000004004000", Name: "jeugdhulp De Linde", Capacities: []Capacity{
		{Code: "youth-care", Domain: "youth-care", Task: "service", Regime: YouthAct, MayProcessBSN: true, Special: []Category{Health}},
	}}
	atHousing = PartyID{housing.OIN, "housing"}
	atYouth   = PartyID{youth.OIN, "youth-care"}
	atCollege = PartyID{college.OIN, "investigation"}
)

// held is what the college has from the housing corporation, under conditions.
func held(conditions ...Condition) Exchange {
	r := toHousing()
	return Exchange{
		ID: r.ID, Side: Asker, Phase: Answered, Request: r, Begun: noon, Changed: noon,
		Answer: Answer{At: noon, Conditions: conditions, Items: []AnsweredItem{
			{Item: "rent-arrears", Outcome: Supply, Depth: Content, Value: Hide("two months")},
			{Item: "nuisance-reports", Outcome: Supply, Depth: Process, Value: Hide("three this year")},
		}},
	}
}

func onward(items ...ItemCode) PassingOn {
	return PassingOn{
		ID: "0193a0b0-0000-7000-8000-0000000000aa", To: youth, In: "youth-care", Purpose: "investigation/inform", Items: items, Why: Hide("for the plan"),
	}
}

func permitted(x Exchange, items ...ItemCode) Exchange {
	x.Permissions = append(slices.Clone(x.Permissions), PermissionRequest{
		ID: ID(fmt.Sprintf("0193a0b0-0000-7000-8000-0000000001%02d", len(x.Permissions))), Of: atHousing, Holder: atCollege, Recipient: atYouth,
		Purpose: "investigation/inform", Items: items, State: PermissionGranted,
		Granted: Permission{By: atHousing, Holder: atCollege, Recipient: atYouth, Purpose: "investigation/inform", Items: items, At: noon, Until: noon.AddDate(0, 1, 0), Uses: 1},
	})
	return x
}

// Art. 5.4.2(1), 5.4.2(6): what a holder may pass on, and what stands in the way.
func TestPassOnRules(t *testing.T) {
	law := testLaw(t)
	later := noon.Add(time.Hour)
	for _, c := range []struct {
		name string
		x    Exchange
		p    func(*PassingOn)
		at   time.Time
		want Code
	}{
		{"nothing wrong", held(), nil, later, ""},
		{"ask first", held(Condition{Code: AskFirst}), nil, later, OnwardNeedsPermission},
		{"ask first about another item", held(Condition{Code: AskFirst, Items: []ItemCode{"nuisance-reports"}}), nil, later, ""},
		{"with permission", permitted(held(Condition{Code: AskFirst}), "rent-arrears"), nil, later, ""},
		{"with permission for another item", permitted(held(Condition{Code: AskFirst}), "nuisance-reports"), nil, later, OnwardNeedsPermission},
		{"with permission that is over", permitted(held(Condition{Code: AskFirst}), "rent-arrears"), nil, noon.AddDate(0, 2, 0), OnwardNeedsPermission},
		{"no further", held(Condition{Code: NoOnward}), nil, later, OnwardForbidden},
		{"not to them", held(Condition{Code: NotTo, Domains: []DomainCode{"youth-care"}}), nil, later, OnwardForbidden},
		{"after the client knows", held(Condition{Code: AfterTold}), nil, later, OnwardForbidden},
		{"and he does", held(Condition{Code: AfterTold}), func(p *PassingOn) { p.Told = noon }, later, ""},
		{"he will know", held(), func(p *PassingOn) { p.Told = later.Add(time.Hour) }, later, BadMoment},
		{"an item that was never here", held(), func(p *PassingOn) { p.Items = []ItemCode{"support-running"} }, later, NotHeld},
		{"the same item twice", held(), func(p *PassingOn) { p.Items = append(p.Items, p.Items[0]) }, later, ItemTwice},
		{"nothing", held(), func(p *PassingOn) { p.Items = nil }, later, NothingAsked},
		{"without a reason", held(), func(p *PassingOn) { p.Why = Hide(" \u200b") }, later, ReasonMissing},
		{"to ourselves", held(), func(p *PassingOn) { p.To, p.In = college, "investigation" }, later, SelfAsked},
		{"to a capacity that is not there", held(), func(p *PassingOn) { p.In = "debts" }, later, UnknownCapacity},
		{"for a purpose of another asker", held(), func(p *PassingOn) { p.Purpose = "handover/coordinator" }, later, PurposeNotAsker},
		{"a condition about what does not go along", held(), func(p *PassingOn) {
			p.Conditions = []Condition{{Code: NoOnward, Items: []ItemCode{"nuisance-reports"}}}
		}, later, ConditionNotHere},
		{"a day that is over", held(), func(p *PassingOn) { p.Conditions = []Condition{{Code: DeleteBy, Until: noon.AddDate(0, 0, -1)}} }, later, BadCondition},
	} {
		p := onward("rent-arrears")
		if c.p != nil {
			c.p(&p)
		}
		after, event, err := c.x.PassOn(law, p, college, requester, c.at)
		if c.want != "" {
			wantRefusal(t, c.name, err, c.want)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if event.Kind != PassingIssued || event.Other != atYouth || len(after.Passings) != 1 || len(c.x.Passings) != 0 {
			t.Errorf("%s: %+v", c.name, event)
		}
	}
	if _, _, err := held().PassOn(law, onward("rent-arrears"), college, officer, later); err == nil {
		t.Error("somebody of another party passes on")
	}
	used, _, err := permitted(held(Condition{Code: AskFirst}), "rent-arrears").PassOn(law, onward("rent-arrears"), college, requester, later)
	if err != nil || used.Permissions[0].Granted.Used != 1 {
		t.Fatalf("%v, used %d times", err, used.Permissions[0].Granted.Used)
	}
	_, _, err = used.PassOn(law, onward("rent-arrears"), college, requester, later)
	wantRefusal(t, "a second time", err, OnwardNeedsPermission)
}

// Art. 16 to 18 GDPR: who may correct what, and what becomes of it at a holder.
func TestCorrectionRules(t *testing.T) {
	law := testLaw(t)
	later := noon.Add(time.Hour)
	source := accepted(t, law)
	source.Phase, source.Decision = Answered, Decision{At: noon, By: officer.ID, Items: []ItemDecision{
		{Item: "rent-arrears", Outcome: Supply, Depth: Process, Value: Hide("two months")},
		{Item: "nuisance-reports", Outcome: Withhold, Ground: "not-necessary"},
	}}
	right := Correction{Kind: Rectification, Why: Hide("typed wrong"), Items: []CorrectedItem{{Item: "rent-arrears", Depth: Process, Value: Hide("one month")}}}
	for name, c := range map[string]struct {
		change func(*Correction)
		want   Code
	}{
		"nothing wrong":           {nil, ""},
		"deeper than was asked":   {func(c *Correction) { c.Items[0].Depth = "everything" }, ContentMissing},
		"without what is right":   {func(c *Correction) { c.Items[0].Value = Personal{} }, ContentMissing},
		"of what was withheld":    {func(c *Correction) { c.Items[0].Item = "nuisance-reports" }, NotHeld},
		"without a reason":        {func(c *Correction) { c.Why = Personal{} }, ReasonMissing},
		"of nothing":              {func(c *Correction) { c.Items = nil }, BadCorrection},
		"of a kind that is not":   {func(c *Correction) { c.Kind = "forgetting" }, BadCorrection},
		"erasure with a value":    {func(c *Correction) { c.Kind = Erasure }, ContentSurplus},
		"the same item twice":     {func(c *Correction) { c.Items = append(c.Items, c.Items[0]) }, ItemTwice},
		"a BSN where none may be": {func(c *Correction) { c.Items[0].Value = Hide("of 999993847") }, BSNNotAllowed},
	} {
		made := right
		made.Items = slices.Clone(right.Items)
		if c.change != nil {
			c.change(&made)
		}
		after, event, err := source.Correct(law, made, housing, officer, later)
		if c.want != "" {
			wantRefusal(t, name, err, c.want)
		} else if err != nil || event.Kind != CorrectionDecided || len(after.Corrections[0].To) != 1 || after.Corrections[0].To[0].Party != atCollege {
			t.Errorf("%s: %v, %+v", name, err, after.Corrections)
		}
	}
	// Who received it more than a year ago is not told (memorandum, lines 3050-3058).
	old := source
	old.Decision.At = noon.AddDate(-1, 0, -1)
	old.Passings = []Passing{
		{ID: "p1", To: atYouth, Items: []ItemCode{"rent-arrears"}, At: noon.AddDate(0, -11, 0)},
		{ID: "p2", To: atYouth, Items: []ItemCode{"nuisance-reports"}, At: noon},
		{ID: "p3", To: atYouth, Items: []ItemCode{"rent-arrears"}, At: noon.AddDate(-1, 0, -1)},
	}
	after, _, err := old.Correct(law, right, housing, officer, later)
	if err != nil || len(after.Corrections[0].To) != 1 || after.Corrections[0].To[0].Passing != "p1" {
		t.Errorf("%v, told %+v", err, after.Corrections)
	}

	x := held()
	for _, phase := range [...]Phase{Queued, Delivered, Clarifying, Refused, Withdrawn, Expired, Rejected} {
		none := x
		none.Phase, none.Answer = phase, Answer{}
		_, _, err = none.ReceiveCorrection(right, atHousing, later)
		wantRefusal(t, "where no answer is: "+string(phase), err, NotNow)
	}
	_, _, err = x.ReceiveCorrection(right, atYouth, later)
	wantRefusal(t, "by a party that did not supply", err, NotTheSource)
	restricted, _, err := x.ReceiveCorrection(Correction{Kind: Restriction, Items: []CorrectedItem{{Item: "rent-arrears"}, {Item: "offence"}}}, atHousing, later)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := restricted.Holds("rent-arrears"); ok || !restricted.Readable().Answer.Items[0].Value.Zero() || restricted.Answer.Items[0].Value.Zero() {
		t.Error("a restricted item is read, or lost")
	}
	lifted, _, err := restricted.ReceiveCorrection(Correction{Kind: Lifting, Items: []CorrectedItem{{Item: "rent-arrears"}}}, atHousing, later)
	if i, ok := lifted.Holds("rent-arrears"); err != nil || !ok || i.Value.Reveal() != "two months" {
		t.Errorf("lifted: %v", err)
	}
	erased, _, err := lifted.ReceiveCorrection(Correction{Kind: Erasure, Items: []CorrectedItem{{Item: "rent-arrears"}}}, atHousing, later)
	if err != nil || !erased.Answer.Items[0].Value.Zero() {
		t.Errorf("erased: %v", err)
	}
	_, _, err = erased.ReceiveCorrection(right, atHousing, later)
	wantRefusal(t, "of what was erased", err, ItemErased)
}

// TestChainsAgainstAModel lets chains of up to five parties with conditions of
// each run past the recipient's check and past a model that knows nothing of
// layers: every condition holds for every passing after it.
func TestChainsAgainstAModel(t *testing.T) {
	law := testLaw(t)
	r := rand.New(rand.NewPCG(5, 42))
	party := func(n int) PartyID { return PartyID{OIN(fmt.Sprintf("000000990000%02d000000", n)), "service"} }
	tasks, domains := []TaskCode{"service", "coordination"}, []DomainCode{"youth-care", "debts", "housing"}
	purposes := []PurposeCode{"investigation/inform", "coordination/contribution", "handover/coordinator"}
	const item = ItemCode("rent-arrears")
	condition := func() Condition {
		c := Condition{Code: ConditionCodes[r.IntN(len(ConditionCodes))]}
		if r.IntN(3) == 0 {
			c.Items = []ItemCode{"nuisance-reports"}
		}
		switch c.Code {
		case OnlyTo, NotTo:
			c.Domains = []DomainCode{domains[r.IntN(3)]}
			c.Parties = []PartyID{party(1 + r.IntN(5))}
		case OnlyFor, NotFor:
			c.Purposes = []PurposeCode{purposes[r.IntN(3)]}
		case NoDeeper:
			c.Depth = Depths[r.IntN(3)]
		case DeleteBy:
			c.Until = noon.AddDate(0, 0, r.IntN(3)-1)
		}
		return c
	}
	allowed, refusedN := 0, 0
	for range 20_000 {
		length := 1 + r.IntN(5)
		a := Arrival{Provenance: Provenance{Supplier: party(0), Decided: noon}, Answer: Answer{At: noon, Items: []AnsweredItem{
			{Item: item, Outcome: Supply, Depth: Depths[r.IntN(3)], Value: Hide("x")},
		}}}
		type rule struct {
			by    PartyID
			after int // it holds for the passings from this number on
			c     Condition
		}
		var rules []rule
		for n := range length {
			var own []Condition
			for r.IntN(3) == 0 {
				own = append(own, condition())
			}
			for _, c := range own {
				rules = append(rules, rule{party(n), n, c})
			}
			if n == 0 {
				a.Answer.Conditions = own
			} else {
				a.Provenance.Links[n-1].Conditions = own
			}
			l := Link{From: party(n + 1), To: party(n + 2), Purpose: purposes[r.IntN(3)], At: noon.Add(time.Duration(n) * time.Hour)}
			if n > 0 {
				l.From = a.Provenance.Links[n-1].To
			}
			if r.IntN(2) == 0 {
				l.Told = noon
			}
			a.Provenance.Links = append(a.Provenance.Links, l)
			a.Recipients = append(a.Recipients, Recipient{Party: l.To, Task: tasks[r.IntN(2)], Domain: domains[r.IntN(3)]})
		}
		// The conditions of a link bind whoever comes after it, and its own author is
		// its sender.
		for i := range rules {
			if rules[i].after > 0 {
				rules[i].by = a.Provenance.Links[rules[i].after-1].From
			}
		}
		for range r.IntN(3) {
			l := a.Provenance.Links[r.IntN(length)]
			by := rules
			if len(by) == 0 {
				break
			}
			a.Permissions = append(a.Permissions, Permission{
				By: by[r.IntN(len(by))].by, Holder: l.From, Recipient: l.To, Purpose: l.Purpose, Items: []ItemCode{item}, At: noon, Until: noon.AddDate(0, 0, 9),
				Uses: 1 + r.IntN(2), Used: r.IntN(2),
			})
		}
		last := a.Provenance.Links[length-1]
		a.ID, a.From, a.To, a.Purpose = last.ID, last.From, last.To, last.Purpose

		want := true
		for n, l := range a.Provenance.Links {
			for _, k := range rules {
				if k.after > n || len(k.c.Items) > 0 {
					continue
				}
				to := a.Recipients[n]
				named := slices.Contains(k.c.Parties, to.Party) || slices.Contains(k.c.Domains, to.Domain)
				forIt := slices.Contains(k.c.Purposes, l.Purpose)
				asked := slices.ContainsFunc(a.Permissions, func(p Permission) bool {
					return p.By == k.by && p.Holder == l.From && p.Recipient == l.To && p.Purpose == l.Purpose && p.Used < p.Uses &&
						(k.c.Code == AskFirst || p.Uses == 1)
				})
				depth := slices.Index(Depths[:], a.Answer.Items[0].Depth)
				switch k.c.Code {
				case AskFirst, AskEachTime:
					want = want && asked
				case OnlyTo:
					want = want && named
				case NotTo:
					want = want && !named
				case OnlyFor:
					want = want && forIt
				case NotFor:
					want = want && !forIt
				case NoDeeper:
					want = want && depth <= slices.Index(Depths[:], k.c.Depth)
				case AfterTold:
					want = want && !l.Told.IsZero()
				case OralOnly, NoOnward:
					want = false
				case DeleteBy:
					want = want && l.At.Before(k.c.Until)
				}
			}
		}
		err := a.checkChain(law, last.At)
		if (err == nil) != want {
			t.Fatalf("the recipient says %v, the model %v: %+v", err, want, a)
		}
		if err == nil {
			allowed++
		} else {
			refusedN++
		}
	}
	if allowed < 1000 || refusedN < 1000 {
		t.Errorf("%d allowed, %d refused: the test shows little", allowed, refusedN)
	}
}

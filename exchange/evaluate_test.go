package exchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A world draws chains of conditions and uses from a few names each, so that they meet often.
// What it draws follows from its seed alone.
type world struct{ *rand.Rand }

func newWorld(seed uint64) world { return world{rand.New(rand.NewPCG(seed, 5_4_2))} }

var (
	someParties = []PartyID{
		{"00000099000001001000", "investigation"}, {"00000099000001001000", "coordination"}, {"00000099000002002000", "housing"},
		{"00000099000003003000", "probation"}, {"00000099000004004000", "care"},
	}
	someItems    = []ItemCode{"offence", "rent-arrears", "treatment-reason"}
	someTasks    = []TaskCode{"investigation", "coordination", "service"}
	someDomains  = []DomainCode{"investigation", "housing", "probation"}
	somePurposes = []PurposeCode{"investigation/client-request", "coordination", "triage"}
	somePhases   = []PhaseCode{InvestigationPhase, CoordinationPhase, ReportPhase}
)

func one[T any](w world, all []T) T { return all[w.IntN(len(all))] }

func few[T any](w world, all []T) []T {
	var some []T
	for _, each := range all {
		if w.IntN(3) == 0 {
			some = append(some, each)
		}
	}
	return some
}

func (w world) day() time.Time { return today.AddDate(0, 0, w.IntN(9)-4) }

func (w world) condition() Condition {
	c := Condition{Code: one(w, ConditionCodes[:])}
	if w.IntN(2) == 0 {
		c.Items = few(w, someItems)
	}
	switch c.Code {
	case OnlyTo, NotTo:
		c.Parties, c.Tasks, c.Domains = few(w, someParties), few(w, someTasks), few(w, someDomains)
	case OnlyFor, NotFor:
		c.Purposes, c.Phases = few(w, somePurposes), few(w, somePhases)
	case NoDeeper:
		c.Depth = one(w, Depths[:])
	case DeleteBy:
		c.Until = w.day()
	}
	return c
}

// chain is the layers of at most five parties, the first supplier first.
func (w world) chain() []Layer {
	var chain []Layer
	for _, by := range someParties[:w.IntN(len(someParties)+1)] {
		l := Layer{By: by}
		for range w.IntN(4) {
			l.Conditions = append(l.Conditions, w.condition())
		}
		chain = append(chain, l)
	}
	return chain
}

func (w world) use() Onward {
	u := Onward{
		Item: one(w, someItems), Depth: one(w, Depths[:]), To: Recipient{Party: one(w, someParties), Task: one(w, someTasks), Domain: one(w, someDomains)},
		Purpose: one(w, somePurposes), Phase: one(w, somePhases), At: w.day().Add(time.Hour), Orally: w.IntN(2) == 0,
	}
	if w.IntN(2) == 0 {
		u.Told = w.day()
	}
	for range w.IntN(5) {
		u.Permissions = append(u.Permissions, w.permission(u))
	}
	return u
}

// permission is one that often fits the use, and often misses it by one thing.
func (w world) permission(u Onward) Permission {
	p := Permission{
		By: one(w, someParties), Recipient: u.To.Party, Purpose: u.Purpose, Items: []ItemCode{u.Item}, At: u.At.Add(-time.Hour), Until: u.At.Add(time.Hour),
		Uses: 1 + w.IntN(2),
	}
	switch w.IntN(9) {
	case 0:
		p.Recipient = one(w, someParties)
	case 1:
		p.Purpose = one(w, somePurposes)
	case 2:
		p.Items = few(w, someItems)
	case 3:
		p.At = w.day()
	case 4:
		p.Until = w.day()
	case 5:
		p.Used = 1
	case 6:
		p.Withdrawn = w.day()
	}
	return p
}

// rank puts verdicts in order, from loose to strict; -1 is none.
func (v Verdict) rank() int { return slices.Index([]Verdict{Permitted, NeedsPermission, Forbidden}, v) }

// model says the same as Evaluate in another way: it lists every reason why not
// as a plain fact about the world, without looking at the kind of condition
// first, and takes the strictest that was ever said about the item.
func model(chain []Layer, u Onward) Verdict {
	worst := 0
	for _, l := range chain {
		for _, c := range l.Conditions {
			about := len(c.Items) == 0
			for _, i := range c.Items {
				about = about || i == u.Item
			}
			is := false
			for _, p := range c.Parties {
				is = is || p == u.To.Party
			}
			for _, t := range c.Tasks {
				is = is || t == u.To.Task
			}
			for _, d := range c.Domains {
				is = is || d == u.To.Domain
			}
			meant := false
			for _, p := range c.Purposes {
				meant = meant || p == u.Purpose
			}
			for _, p := range c.Phases {
				meant = meant || p == u.Phase
			}
			asked, askedOnce := false, false
			for _, p := range u.Permissions {
				good := p.By == l.By && p.Recipient == u.To.Party && p.Purpose == u.Purpose && p.Withdrawn == (time.Time{}) && p.Used < p.Uses
				good = good && u.At.Sub(p.At) >= -Skew && p.Until.Sub(u.At) > 0
				in := false
				for _, i := range p.Items {
					in = in || i == u.Item
				}
				asked, askedOnce = asked || good && in, askedOnce || good && in && p.Uses == 1
			}
			deep := map[Depth]int{That: 1, Process: 2, Content: 3}
			bad := map[ConditionCode]int{}
			for code, stops := range map[ConditionCode]bool{
				OnlyTo: !is, NotTo: is, OnlyFor: !meant, NotFor: meant, NoDeeper: deep[u.Depth] > deep[c.Depth],
				AfterTold: u.Told.IsZero() || u.Told.Sub(u.At) > 0, OralOnly: !u.Orally, NoOnward: true, DeleteBy: c.Until.Sub(u.At) <= 0,
			} {
				if stops {
					bad[code] = 2
				}
			}
			if !asked {
				bad[AskFirst] = 1
			}
			if !askedOnce {
				bad[AskEachTime] = 1
			}
			if about {
				worst = max(worst, bad[c.Code])
			}
		}
	}
	return []Verdict{Permitted, NeedsPermission, Forbidden}[worst]
}

const cases = 20_000

// Art. 5.4.2, memorandum 7362-7370: the supplier says whether, to whom and for
// what it goes on. Chains of up to five parties against the model.
func TestArticle5_4_2_EvaluateAgainstTheModel(t *testing.T) {
	seen := map[Verdict]int{}
	for seed := range uint64(cases) {
		w := newWorld(seed)
		chain, u := w.chain(), w.use()
		j := Evaluate(chain, u)
		if want := model(chain, u); j.Verdict != want {
			t.Fatalf("seed %d: %s, the model says %s\n%+v\n%+v", seed, j.Verdict, want, chain, u)
		}
		seen[j.Verdict]++
	}
	for _, v := range []Verdict{Permitted, NeedsPermission, Forbidden} {
		if seen[v] < cases/50 {
			t.Errorf("only %d of %d cases are %s: the test sees too little of it", seen[v], cases, v)
		}
	}
}

// Memorandum 7362-7370 and issue 5: conditions accumulate; no step loosens them,
// and only a permission does.
func TestArticle5_4_2_NothingLoosensButPermission(t *testing.T) {
	tightened, loosened := 0, 0
	for seed := range uint64(cases) {
		w := newWorld(seed)
		chain, u := w.chain(), w.use()
		before := Evaluate(chain, u).Verdict.rank()

		longer := append(slices.Clone(chain), Layer{By: one(w, someParties), Conditions: []Condition{w.condition()}})
		if after := Evaluate(longer, u).Verdict.rank(); after < before {
			t.Fatalf("seed %d: a layer loosened", seed)
		} else if after > before {
			tightened++
		}
		if len(chain) > 0 {
			stricter := slices.Clone(chain)
			i := w.IntN(len(chain))
			stricter[i].Conditions = append(slices.Clone(stricter[i].Conditions), w.condition())
			if Evaluate(stricter, u).Verdict.rank() < before {
				t.Fatalf("seed %d: a condition loosened", seed)
			}
		}
		u.Permissions = append(slices.Clone(u.Permissions), w.permission(u))
		if after := Evaluate(chain, u).Verdict.rank(); after > before {
			t.Fatalf("seed %d: a permission tightened", seed)
		} else if after < before {
			loosened++
		}
	}
	if tightened < cases/20 || loosened < cases/500 {
		t.Errorf("a layer tightened %d times, a permission loosened %d times: the test sees too little", tightened, loosened)
	}
}

// The same chain says the same each time, in whatever order its layers and
// conditions stand, and says why.
func TestArticle5_4_2_EvaluateIsDeterministic(t *testing.T) {
	for seed := range uint64(cases / 4) {
		w := newWorld(seed)
		chain, u := w.chain(), w.use()
		j := Evaluate(chain, u)
		if again := Evaluate(chain, u); fmt.Sprint(again) != fmt.Sprint(j) {
			t.Fatalf("seed %d: said something else the second time", seed)
		}
		strictest := Permitted
		for _, o := range j.Because {
			if o.Verdict == Permitted || Evaluate([]Layer{{o.By, []Condition{o.Condition}}}, u).Verdict != o.Verdict {
				t.Fatalf("seed %d: a reason that is none: %+v", seed, o)
			}
			if o.Verdict.rank() > strictest.rank() {
				strictest = o.Verdict
			}
		}
		if strictest != j.Verdict {
			t.Fatalf("seed %d: %s because of what is %s", seed, j.Verdict, strictest)
		}
		for i := range chain {
			chain[i].Conditions = slices.Clone(chain[i].Conditions)
			w.Shuffle(len(chain[i].Conditions), func(a, b int) {
				all := chain[i].Conditions
				all[a], all[b] = all[b], all[a]
			})
		}
		w.Shuffle(len(chain), func(a, b int) { chain[a], chain[b] = chain[b], chain[a] })
		w.Shuffle(len(u.Permissions), func(a, b int) { u.Permissions[a], u.Permissions[b] = u.Permissions[b], u.Permissions[a] })
		if after := Evaluate(chain, u); after.Verdict != j.Verdict || len(after.Because) != len(j.Because) {
			t.Fatalf("seed %d: another order, another verdict", seed)
		}
	}
}

// Every kind of condition gives a verdict on every use, also on one that says
// nothing; a kind that does not exist forbids.
func TestEvaluateIsTotal(t *testing.T) {
	strict := map[ConditionCode]Verdict{
		AskFirst: NeedsPermission, AskEachTime: NeedsPermission, OnlyTo: Forbidden, NotTo: Permitted, OnlyFor: Forbidden, NotFor: Permitted,
		NoDeeper: Forbidden, AfterTold: Forbidden, OralOnly: Forbidden, NoOnward: Forbidden, DeleteBy: Forbidden, "": Forbidden, "later-invented": Forbidden,
	}
	if len(strict) != len(ConditionCodes)+2 {
		t.Fatalf("%d kinds are looked at, there are %d", len(strict)-2, len(ConditionCodes))
	}
	for code, want := range strict {
		j := Evaluate([]Layer{{Conditions: []Condition{{Code: code}}}}, Onward{})
		if j.Verdict != want {
			t.Errorf("%q on nothing is %s, want %s", code, j.Verdict, want)
		}
		if (len(j.Because) > 0) != (want != Permitted) {
			t.Errorf("%q on nothing gives %d reasons", code, len(j.Because))
		}
	}
	if j := Evaluate(nil, Onward{}); j.Verdict != Permitted || j.Because != nil {
		t.Errorf("without conditions it is %s", j.Verdict)
	}
}

// Art. 5.4.3(2) and (4), memorandum 7717-7726: what may only be said is said in
// a conference and sent to nobody; what came with a question is asked there too.
func TestArticle5_4_3_OnlyOrally(t *testing.T) {
	chain := []Layer{{By: someParties[3], Conditions: []Condition{{Code: OralOnly}, {Code: AskFirst}}}}
	u := Onward{Item: "offence", Depth: Content, To: Recipient{Party: someParties[2]}, Purpose: "coordination", At: noon}
	if j := Evaluate(chain, u); j.Verdict != Forbidden || len(j.Because) != 2 {
		t.Errorf("sent: %s", j.Verdict)
	}
	u.Orally = true
	j := Evaluate(chain, u)
	if j.Verdict != NeedsPermission || !slices.Equal(j.Asks(), []PartyID{someParties[3]}) {
		t.Errorf("said without asking: %s, asking %v", j.Verdict, j.Asks())
	}
	u.Permissions = []Permission{{
		By: someParties[3], Recipient: someParties[2], Purpose: "coordination", Items: []ItemCode{"offence"}, At: noon, Until: noon.Add(time.Hour), Uses: 1,
	}}
	if j := Evaluate(chain, u); j.Verdict != Permitted {
		t.Errorf("said after asking: %s", j.Verdict)
	}
}

// Permission that was given to one party of the chain does not do for another:
// each is asked for its own.
func TestArticle5_4_2_EachPartyIsAsked(t *testing.T) {
	chain := []Layer{
		{By: someParties[3], Conditions: []Condition{{Code: AskFirst}}}, {By: someParties[0], Conditions: []Condition{{Code: AskEachTime}, {Code: AskFirst}}},
	}
	u := Onward{Item: "offence", To: Recipient{Party: someParties[2]}, Purpose: "coordination", At: noon}
	if asks := Evaluate(chain, u).Asks(); !slices.Equal(asks, []PartyID{someParties[3], someParties[0]}) {
		t.Errorf("asks %v", asks)
	}
	given := Permission{By: someParties[0], Recipient: someParties[2], Purpose: "coordination", Items: []ItemCode{"offence"}, At: noon, Until: noon.Add(time.Hour), Uses: 2}
	u.Permissions = []Permission{given}
	if j := Evaluate(chain, u); j.Verdict != NeedsPermission || len(j.Because) != 2 {
		t.Errorf("a permission for two times is not one for this time: %+v", j)
	}
	given.Uses = 1
	u.Permissions = []Permission{given}
	if asks := Evaluate(chain, u).Asks(); !slices.Equal(asks, []PartyID{someParties[3]}) {
		t.Errorf("asks %v", asks)
	}
}

// The example of docs/protocol/70-conditions.md: what one party forbids, another
// can't permit, and a permission is for one recipient.
func TestArticle5_4_2_TheExampleOfTheProtocol(t *testing.T) {
	prob, coll := someParties[3], someParties[0]
	house, debts := Recipient{Party: someParties[2], Domain: "housing"}, Recipient{Party: someParties[4], Domain: "debts"}
	chain := []Layer{{prob, []Condition{{Code: AskFirst}}}, {coll, []Condition{{Code: NotTo, Domains: []DomainCode{"housing"}}}}}
	held := func(to Recipient) []Permission {
		return []Permission{{By: prob, Recipient: to.Party, Purpose: "coordination", Items: []ItemCode{"offence"}, At: noon, Until: noon.Add(time.Hour), Uses: 3}}
	}
	for i, c := range []struct {
		to      Recipient
		held    []Permission
		verdict Verdict
		because int
	}{
		{house, nil, Forbidden, 2}, {house, held(house), Forbidden, 1}, {debts, nil, NeedsPermission, 1}, {debts, held(house), NeedsPermission, 1},
		{debts, held(debts), Permitted, 0},
	} {
		j := Evaluate(chain, Onward{Item: "offence", Depth: That, To: c.to, Purpose: "coordination", At: noon, Permissions: c.held})
		if j.Verdict != c.verdict || len(j.Because) != c.because {
			t.Errorf("row %d: %s for %d reasons, want %s for %d", i+1, j.Verdict, len(j.Because), c.verdict, c.because)
		}
	}
}

// Whatever the bytes draw: a verdict, the model's, and never looser with more.
func FuzzEvaluate(f *testing.F) {
	f.Add(uint64(1), "offence", "no-onward", int64(0))
	f.Add(uint64(2), "", "", int64(-1))
	f.Add(uint64(3), "rent-arrears", "delete-by", int64(1)<<60)
	f.Fuzz(func(t *testing.T, seed uint64, item, code string, at int64) {
		w := newWorld(seed)
		chain, u := w.chain(), w.use()
		if item != "" {
			u.Item = ItemCode(item)
		}
		u.At = u.At.Add(time.Duration(at))
		before := Evaluate(chain, u).Verdict
		if want := model(chain, u); before != want {
			t.Fatalf("%s, the model says %s", before, want)
		}
		after := Evaluate(append(chain, Layer{Conditions: []Condition{{Code: ConditionCode(code)}}}), u).Verdict
		if after.rank() < before.rank() {
			t.Fatalf("%s became %s", before, after)
		}
		if !known(ConditionCodes[:], ConditionCode(code)) && after != Forbidden {
			t.Fatalf("a condition that nobody can read is %s", after)
		}
	})
}
